"""One Home Assistant, emulator, and device for all tests; each module has its own accounts."""

import asyncio
from collections.abc import AsyncGenerator, Generator, Mapping
from dataclasses import dataclass, field
import json
from pathlib import Path
import re
from typing import Any

from playwright.async_api import Browser
import pytest
import pytest_asyncio

from tests.emulator.emulator import Emulator, running_emulator
from tests.emulator.flow import PUBLIC_KEY
from tests.emulator.flow_settings import Contract
from tests.emulator.service import Service
from tests.emulator.tencent_settings import SDK_APP_ID, SECRET_ID, SECRET_KEY

from .browser import Frontend, find_chromium, running_chromium
from .device import Device
from .instance import Account, FlowError, HomeAssistantProcess, add_account, change_options

COMPONENTS = Path(__file__).parent / "components"
PROVIDERS = ("asyncflow", "sarvam", "tencent", "flow_tts")
KEY = "demo-key"
LEFT_OUT = "The browser tests were left out: there is no Chromium on this machine"
LANGUAGES = {"asyncflow": "en", "sarvam": "en-IN", "tencent": "en", "flow_tts": "en"}
DETAILS = {"tencent": {"site": "china", "secret_id": SECRET_ID, "sdk_app_id": str(SDK_APP_ID)}}
"""The other fields of an API key with several parts."""
NOISE = (
    r"Error loading libturbojpeg",  # Camera pictures; not every machine has the library
    r"ClientConnectionResetError: Cannot write to closing transport",  # A browser that closed too early
)

LEFT_BEHIND = r".*(?:Task was destroyed|Task exception was never retrieved|was never awaited|Unclosed).*"
_LOG_SECONDS = 5.0
_CHECKED_SECONDS = 10.0
_CLOSED_SECONDS = 10.0
_POLL_SECONDS = 0.02


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for all tests."""
    parser.addoption("--full", action="store_true", help="run all tests, and take pictures of what the browser shows")


def pytest_configure(config: pytest.Config) -> None:
    """Don't skip tests that are named on the command line."""
    config.addinivalue_line("markers", "full: runs only with --full, or where its file is named")
    if config.args_source is config.ArgsSource.ARGS and not hasattr(config, "workerinput"):
        config.option.full = True


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run all tests in one event loop, which the shared fixtures need. Skip tests that only run with --full."""
    for item in items:
        item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
    if not config.option.full:
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("full")])
        items[:] = [item for item in items if not item.get_closest_marker("full")]


@dataclass(frozen=True, kw_only=True, slots=True)
class Provider:
    """A provider in the tests: its service, and its account in Home Assistant."""

    key: str
    service: Service[Any]
    account: Account

    @property
    def speaker(self) -> str:
        """The entity of its voice."""
        return self.account.speaker

    @property
    def voice_id(self) -> str:
        """The ID of its voice."""
        return self.account.voice.voice_id


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running() -> AsyncGenerator[Emulator]:
    """Run the emulator."""
    async with running_emulator() as emulator:
        yield emulator


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def device() -> AsyncGenerator[Device]:
    """Run the test device."""
    async with Device() as device:
        yield device


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def instance(tmp_path_factory: pytest.TempPathFactory, device: Device) -> AsyncGenerator[HomeAssistantProcess]:
    """Run Home Assistant with the test devices, after onboarding."""
    folder = tmp_path_factory.mktemp("instance") / "config"
    async with HomeAssistantProcess(folder, components=[COMPONENTS / "test_devices"]) as instance:
        flow = await instance.client.add("test_devices")
        await flow.finish(url=device.url)
        yield instance


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def nothing_left(instance: HomeAssistantProcess, running: Emulator) -> AsyncGenerator[None]:
    """Assert that removed accounts leave no sockets or tasks behind."""
    yield
    services = services_of(running).values()
    for service in services:
        service.close_idle_connections()
    async with asyncio.timeout(_CLOSED_SECONDS):
        while any(service.open_connections for service in services):
            await asyncio.sleep(_POLL_SECONDS)
    assert re.findall(LEFT_BEHIND, instance.log) == []


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def providers(
    instance: HomeAssistantProcess, running: Emulator, nothing_left: None
) -> AsyncGenerator[dict[str, Provider]]:
    """Add an account and a voice for each provider; each module has its own quota and clones."""

    async def added(key: str) -> Provider:
        # Without a value, the form suggests the other engine as the fallback
        provider = await add_provider(instance, running, key, fallback=None)
        await as_it_is(instance, provider)
        return provider

    try:
        providers = dict(zip(PROVIDERS, await asyncio.gather(*map(added, PROVIDERS)), strict=True))
    except FlowError as error:
        error.add_note("\n".join(instance.errors()[-1:]))
        raise
    yield providers
    await asyncio.gather(*(instance.client.remove(provider.account.entry_id) for provider in providers.values()))


async def add_provider(
    instance: HomeAssistantProcess, emulator: Emulator, key: str, *, fallback: str | None
) -> Provider:
    """Add an account with a voice. Raises FlowError."""
    service = services_of(emulator)[key]
    secrets = {"flow_tts": lambda: json.dumps(emulator.flow.new_session()), "tencent": lambda: SECRET_KEY}
    account = await add_account(
        instance.client,
        key,
        secrets.get(key, lambda: KEY)(),
        base_url=service.url,
        public_key=PUBLIC_KEY,
        details=DETAILS.get(key),
        language=LANGUAGES[key],
        name=f"{key} voice",
        fallback=fallback,
    )
    return Provider(key=key, service=service, account=account)


async def as_it_is(instance: HomeAssistantProcess, provider: Provider) -> None:
    """Turn off even loudness, so that audio can be compared sample by sample."""
    await change_options(instance.client, provider.account, even_loudness=False)
    await start_anew(instance, provider)


async def start_anew(instance: HomeAssistantProcess, provider: Provider) -> None:
    """Reload an account, which closes its open connections, and wait until its API key has been checked.

    For Tencent, this check is a request for speech.
    """
    before = len(provider.service.requests)
    await instance.client.post(f"/api/config/config_entries/entry/{provider.account.entry_id}/reload")
    async with asyncio.timeout(_CHECKED_SECONDS):
        while not any(request.ended for request in list(provider.service.requests)[before:]):
            await asyncio.sleep(_POLL_SECONDS)


@pytest.fixture
def emulator(running: Emulator) -> Generator[Emulator]:
    """Return the emulator in its initial state, and reset it afterwards."""
    _reset(running)
    yield running
    _reset(running)


def services_of(emulator: Emulator) -> Mapping[str, Service[Any]]:
    """Return all emulated services, by provider."""
    return {
        "asyncflow": emulator.asyncflow,
        "sarvam": emulator.sarvam,
        "tencent": emulator.tencent,
        "flow_tts": emulator.flow,
    }


def _reset(emulator: Emulator) -> None:
    for service in services_of(emulator).values():
        service.reset()


@pytest_asyncio.fixture(loop_scope="session")
async def all_points(instance: HomeAssistantProcess, providers: dict[str, Provider], emulator: Emulator) -> None:
    """Let the account at Flow TTS have all of its points, whatever other tests have used."""
    account = providers["flow_tts"].account
    emulator.flow.configure(contract=Contract.BACKEND, daily_points=100)
    await instance.client.post(f"/api/config/config_entries/entry/{account.entry_id}/reload")
    await instance.client.state_when(account.sensors["quota_remaining"], lambda state: state["state"] == "100")
    emulator.flow.reset()
    await instance.client.post(f"/api/config/config_entries/entry/{account.entry_id}/reload")


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest, providers: dict[str, Provider], emulator: Emulator) -> Provider:
    """Return each provider in turn."""
    return providers[request.param]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncGenerator[Browser]:
    """Run a browser if there is one."""
    if (path := find_chromium()) is None:
        pytest.skip(LEFT_OUT)
    async with running_chromium(path) as browser:
        yield browser


@pytest.fixture(scope="session")
def pictures(request: pytest.FixtureRequest) -> Path | None:
    """Return the folder for screenshots; without --full, none are taken."""
    folder = Path(__file__).parent / "artifacts"
    return folder if request.config.option.full else None


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def frontend(browser: Browser, instance: HomeAssistantProcess, pictures: Path | None) -> AsyncGenerator[Frontend]:
    """Sign in to Home Assistant in a new browser context."""
    async with Frontend.signed_in(browser, instance.url, pictures) as frontend:
        yield frontend


@pytest_asyncio.fixture(loop_scope="session")
async def other_instance(tmp_path: Path) -> AsyncGenerator[HomeAssistantProcess]:
    """Run a Home Assistant for one test, which may stop it and change its files."""
    async with HomeAssistantProcess(tmp_path / "config") as instance:
        yield instance


@dataclass(kw_only=True, slots=True)
class Log:
    """The log of Home Assistant during a test. Unexpected errors fail the test."""

    instance: HomeAssistantProcess
    since: int
    expected: list[str] = field(default_factory=list)

    def expect(self, pattern: str) -> None:
        """Expect errors that match."""
        self.expected.append(pattern)

    async def said(self, pattern: str) -> None:
        """Wait for an error that matches, because a thread writes the log. Raises TimeoutError."""
        async with asyncio.timeout(_LOG_SECONDS):
            while not any(re.search(pattern, error) for error in self.errors):
                await asyncio.sleep(_POLL_SECONDS)

    @property
    def errors(self) -> list[str]:
        """The errors so far."""
        return self.instance.errors(self.since)


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def log(instance: HomeAssistantProcess) -> AsyncGenerator[Log]:
    """Watch the log; unexpected errors fail the test."""
    log = Log(instance=instance, since=len(instance.log))
    yield log
    await instance.log_written()
    known = re.compile("|".join((*NOISE, *log.expected)))
    assert [error for error in log.errors if not known.search(error)] == []
