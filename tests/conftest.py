"""What the tests of the Home Assistant face share: a home, and the emulated services that it speaks through."""

from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from unittest.mock import patch

import imageio_ffmpeg
import pytest

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from tests.emulator.emulator import Emulator, running_emulator


@pytest.fixture
async def emulator(socket_enabled: None) -> AsyncGenerator[Emulator]:
    """Return the three services, listening; they stop after the home that used them."""
    async with running_emulator() as emulator:
        yield emulator


@pytest.fixture
def tts_cache(tmp_path: Path) -> Generator[Path]:
    """Return the folder in which Home Assistant keeps speech, empty and of this test alone."""
    with patch("homeassistant.components.tts._init_tts_cache_dir", return_value=str(tmp_path)):
        yield tmp_path


@pytest.fixture
async def home(
    emulator: Emulator, tts_cache: Path, hass: HomeAssistant, enable_custom_integrations: None
) -> HomeAssistant:
    """Return a Home Assistant that has the integration but no account yet."""
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "ffmpeg", {"ffmpeg": {"ffmpeg_bin": imageio_ffmpeg.get_ffmpeg_exe()}})
    return hass
