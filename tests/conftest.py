"""Fixtures of all tests: Home Assistant, the emulated services, and what keeps the tests fast and small."""

import asyncio
from collections.abc import AsyncGenerator, Generator
import gc
import io
from pathlib import Path
import tempfile
from unittest.mock import patch

from aiohttp import ClientSession, FormData, web_app
from aiohttp.resolver import AsyncResolver
from hypothesis import settings
import imageio_ffmpeg
import pytest
import pytest_asyncio
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from homeassistant.components.file_upload import DOMAIN as FILE_UPLOAD_DOMAIN
from homeassistant.components.tts.const import DATA_COMPONENT
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from tests.accounts import account, set_up
from tests.emulator import tested
from tests.emulator.emulator import Emulator, running_emulator
from tests.emulator.faults import FaultKind
from tests.emulator.ports import reserve_port
from tests.emulator.recorded import spoken
from tests.flows.clone_form import Upload
from tests.manual_clock import ManualClock
from tests.playback.strangers import Stranger

EMULATOR = Path(__file__).parent / "emulator"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for all tests."""
    parser.addoption("--full", action="store_true", help="run all tests and fault cells, with asyncio's debug mode")


def pytest_configure(config: pytest.Config) -> None:
    """Run what is named on the command line whole."""
    config.addinivalue_line("markers", "full: runs only with --full, or where its file is named")
    if config.args_source is config.ArgsSource.ARGS and not hasattr(config, "workerinput"):
        config.option.full = True
    settings.register_profile("tests", deadline=None, max_examples=300 if config.option.full else 30)
    settings.load_profile("tests")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave alone the emulator's tests that have passed as they are: the clients that they import take 100 MB."""
    if config.option.full or not tested.is_unchanged() or collection_path.parent != EMULATOR:
        return None
    return (collection_path.name.startswith("test_") and collection_path.name != "test_core.py") or None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what runs only with --full, and what the stored hash says has passed as it is."""
    if config.option.full:
        return
    left_out = {item for item in items if item.get_closest_marker("full")}
    if tested.is_unchanged():
        left_out |= {item for item in items if EMULATOR in item.path.parents} - tested.smoke(items)
    config.hook.pytest_deselected(items=[item for item in items if item in left_out])
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(autouse=True, scope="session")
def frozen_imports() -> None:
    """Keep the garbage collector away from what is imported: it is most of the memory, and none of it is freed."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="module")
def garbage_collection(frozen_imports: None) -> None:
    """Free what the module before left in memory.

    In place of the fixture of `pytest_homeassistant_custom_component`, which freezes after each module, so that what is
    in use then stays in memory for good.
    """
    gc.collect()


@pytest.fixture(autouse=True)
async def enable_event_loop_debug(pytestconfig: pytest.Config) -> None:
    """Enable asyncio's debug mode only with `--full`: it stores a stack with each callback, half of the CPU time.

    Replaces the fixture of `pytest_homeassistant_custom_component`, which always enables it.
    """
    asyncio.get_running_loop().set_debug(pytestconfig.getoption("full"))


@pytest.fixture(autouse=True)
def forgotten_applications() -> Generator[None]:
    """Let aiohttp forget the applications of a test: it remembers up to 1,024, and each holds its Home Assistant."""
    yield
    web_app._cached_build_middleware.cache_clear()  # noqa: SLF001


@pytest_asyncio.fixture(autouse=True, scope="session", loop_scope="session")
async def mock_zeroconf_resolver() -> AsyncGenerator[None]:
    """Resolve names without zeroconf, as the fixture of that name does, and record no calls: each holds its home."""
    resolver = AsyncResolver()
    resolver.real_close = resolver.close  # type: ignore[attr-defined]
    with patch("homeassistant.helpers.aiohttp_client._async_make_resolver", new=lambda _: resolver):
        yield


@pytest.fixture(autouse=True, scope="module")
def evict_faked_translations() -> None:
    """Record no calls for translations, as the fixture of the same name does: each record holds a Home Assistant.

    It removes the translations of faked integrations after a module; here no two of them share a domain.
    """


@pytest.fixture
async def session(socket_enabled: None) -> AsyncGenerator[ClientSession]:
    """Return an HTTP client; connections that a test leaves open are detected when its service stops."""
    async with ClientSession() as session:
        yield session


@pytest.fixture
async def clock() -> AsyncGenerator[ManualClock]:
    """Return the clock of the event loop, which the test advances."""
    loop = asyncio.get_running_loop()
    clock = ManualClock(loop.time)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "time", clock.time)
        yield clock


@pytest.fixture
async def emulator(socket_enabled: None) -> AsyncGenerator[Emulator]:
    """Return the services, listening; they stop after the home that used them."""
    async with running_emulator() as emulator:
        yield emulator


@pytest.fixture
def refusing_port(socket_enabled: None) -> Generator[int]:
    """Return a local port that refuses connections."""
    with reserve_port("127.0.0.1") as reservation:
        yield reservation.getsockname()[1]


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


@pytest.fixture(params=["asyncflow", "sarvam", "tencent", "flow_tts"])
def provider(request: pytest.FixtureRequest) -> str:
    """Return each provider in turn."""
    name: str = request.param
    return name


@pytest.fixture
def uploads(tmp_path: Path) -> Generator[Path]:
    """Return the folder in which files are kept that were uploaded, of this test alone."""
    with patch.object(tempfile, "tempdir", str(tmp_path)):
        yield tmp_path / f"home-assistant-{FILE_UPLOAD_DOMAIN}"


@pytest.fixture
async def upload(
    home: HomeAssistant, socket_enabled: None, uploads: Path, hass_client: ClientSessionGenerator
) -> Upload:
    """Return how a browser uploads a file."""

    async def uploaded(content: bytes | None = None, name: str = "anna.wav") -> str:
        client = await hass_client()
        form = FormData()
        form.add_field("file", io.BytesIO(spoken(8.0) if content is None else content), filename=name)
        async with client.post("/api/file_upload", data=form) as response:
            file_id: str = (await response.json())["file_id"]
            return file_id

    return uploaded


@pytest.fixture
def media(home: HomeAssistant, tmp_path: Path) -> Path:
    """Return the local media folder, with a recording."""
    folder = tmp_path / "media"
    folder.mkdir()
    home.config.media_dirs = {"local": str(folder)}
    (folder / "anna.wav").write_bytes(spoken(8.0))
    return folder


@pytest.fixture
async def stranger(home: HomeAssistant, emulator: Emulator) -> Stranger:
    """Return another engine, and Anna who has it as her fallback and cannot speak."""
    await set_up(home, account("sarvam", emulator, voices=()))
    engine = Stranger()
    await home.data[DATA_COMPONENT].async_add_entities([engine])
    registered = er.async_get(home).async_get("tts.stranger")
    assert registered is not None
    await set_up(home, account("asyncflow", emulator, saved={"fallback": registered.id}))
    emulator.asyncflow.add_fault(FaultKind.STATUS, "/text_to_speech", times=-1, status=500)
    return engine


@pytest.fixture
async def asyncflow(home: HomeAssistant, emulator: Emulator) -> MockConfigEntry:
    """Return an account at AsyncFlow with a voice."""
    return await set_up(home, account("asyncflow", emulator))
