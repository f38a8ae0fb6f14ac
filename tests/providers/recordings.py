"""Recordings for cloning, as adapters get them."""

from collections.abc import Mapping

from custom_components.streaming_tts.providers.capabilities import Recording
from custom_components.streaming_tts.providers.types import SettingValue
from tests.emulator.codec import Container
from tests.emulator.recorded import spoken

NAME = "Grandma's voice"


def recording(
    seconds: float = 6.0,
    *,
    audio: bytes | None = None,
    container: Container = Container.WAV,
    name: str = NAME,
    settings: Mapping[str, SettingValue] | None = None,
) -> Recording:
    """Return a recording of a person who speaks; `audio` takes the place of what is in it."""
    return Recording(
        audio=spoken(seconds, container) if audio is None else audio,
        file_type=container.value,
        seconds=seconds,
        name=name,
        settings=settings or {},
    )
