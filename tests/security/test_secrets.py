"""Keys, sessions, names and texts: where they lie, and where they must never show up."""

import asyncio
from collections.abc import Iterator
import json
import logging
from pathlib import Path
import stat
import traceback
from typing import Any
from unittest.mock import patch

import aiohttp
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.streaming_tts.account.storage import Clone
from custom_components.streaming_tts.audio.pcm import Pcm
from custom_components.streaming_tts.const import DOMAIN
from custom_components.streaming_tts.providers.asyncflow import AsyncFlow
from custom_components.streaming_tts.providers.capabilities import TimedWord
from custom_components.streaming_tts.providers.check import default_voice
from custom_components.streaming_tts.providers.sarvam import Sarvam
from custom_components.streaming_tts.providers.types import AudioFormat, Credentials, ProviderError, Transport
from custom_components.streaming_tts.speech.scheduler import Segment
from homeassistant.components.diagnostics.const import DOMAIN as DIAGNOSTICS_DOMAIN
from homeassistant.components.http.const import DOMAIN as HTTP_DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from tests.accounts import account, service_of, set_up, speak
from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind
from tests.emulator.flow import PUBLIC_KEY
from tests.providers.tools import said

PROVIDERS = ("asyncflow", "sarvam", "tencent", "flow_tts")
PCM = AudioFormat(sample_rate=24000)
KEY = "sk-do-not-show-4711"
SPOKEN = "The code of the alarm is 4711."

STORES = ("pytest_homeassistant_custom_component.common",)
"""Who writes down what is stored, in the tests alone."""

WRITE = vars(Store)["_async_write_data"]
"""What writes a file, before the tests of a home put memory in its place."""


def keyed(provider: str, emulator: Emulator, **data: Any) -> MockConfigEntry:
    """Return an account with a key that can be searched for, or with a session that can be renewed."""
    if provider == "tencent":
        emulator.tencent.configure(secret_key=KEY)
        return account(provider, emulator, api_key=KEY, **data)
    if provider != "flow_tts":
        service_of(emulator, provider).configure(keys=(KEY,))
        return account(provider, emulator, api_key=KEY, **data)
    granted = emulator.flow.new_session()
    return account(
        provider,
        emulator,
        api_key=granted["access_token"],
        refresh_token=granted["refresh_token"],
        auth_url=f"{emulator.flow.url}/auth/v1",
        public_key=PUBLIC_KEY,
        **data,
    )


def secrets_of(entry: MockConfigEntry) -> list[str]:
    """Return the secrets of an account."""
    details = entry.data.get("details", {})
    secrets = [entry.data[key] for key in ("api_key", "refresh_token", "public_key") if key in entry.data]
    return secrets + [details[key] for key in ("secret_id", "sdk_app_id") if key in details]


async def test_what_is_stored_is_for_the_owner_of_the_files_alone(
    home: HomeAssistant, emulator: Emulator, tmp_path: Path
) -> None:
    """Sessions, clones with names, the catalog that lists them, and pronunciations."""
    home.config.config_dir = str(tmp_path)
    with patch.object(Store, "_async_write_data", WRITE):
        entry = await set_up(home, keyed("flow_tts", emulator))
        emulator.flow.add_fault(FaultKind.STATUS, "/api/tts/", status=401, code="unauthorized", times=1)
        await speak(home, SPOKEN)
        words = {"pronunciations": {"all": {"Anna": "Enna"}}}
        await home.services.async_call(DOMAIN, "set_pronunciations", words, blocking=True)
        voice = entry.runtime_data.catalogue.data[0]
        await entry.runtime_data.clones.async_add(Clone(voice=voice, consented_at=dt_util.utcnow()))
    written = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / ".storage").glob(f"{DOMAIN}.*")}
    private = {f"{DOMAIN}.{entry.entry_id}.{kind}" for kind in ("account", "catalogue")}
    private |= {f"{DOMAIN}.pronunciations"}
    assert {name: oct(written[name]) for name in private} == dict.fromkeys(private, "0o600")


HANDSHAKES: tuple[tuple[FaultKind, dict[str, Any]], ...] = (
    (FaultKind.STATUS, {"status": 401, "message": SPOKEN}),
    (FaultKind.STATUS, {"status": 302, "headers": {"Location": "http://127.0.0.1:1/"}}),
    (FaultKind.STATUS, {"status": 400, "code": SPOKEN, "message": SPOKEN}),
    (FaultKind.STATUS, {"status": 500, "message": SPOKEN}),
    (FaultKind.RESET, {}),
)
"""What may come instead of an open socket."""


def failing(emulator: Emulator, provider: str) -> Iterator[None]:
    """Let a service fail in one way after the other, each of which prints something different."""
    service = service_of(emulator, provider)
    for kind, options in (*HANDSHAKES, (FaultKind.CONTENT_TYPE, {})):
        service.add_fault(kind, "/", times=-1, **options)
        yield
        service.faults.clear()


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_no_log_has_a_key_or_a_text_in_it(
    home: HomeAssistant, emulator: Emulator, caplog: pytest.LogCaptureFixture, provider: str
) -> None:
    """At the level of debug, of all of Home Assistant and aiohttp, with tracebacks, and however the service fails.

    Home Assistant's own platform writes down what is to be said, which is its business.
    """
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        caplog.set_level(logging.DEBUG, name)
    entry = await set_up(home, keyed(provider, emulator))
    await speak(home, SPOKEN)
    for _ in failing(emulator, provider):
        with pytest.raises(HomeAssistantError) as failed:
            await speak(home, f"{SPOKEN} {len(caplog.records)}")
        logging.getLogger("somebody").error("It failed", exc_info=failed.value)
        await entry.runtime_data.catalogue.async_refresh()
        await home.config_entries.async_reload(entry.entry_id)
        await home.async_block_till_done()
    formatter = logging.Formatter()
    written = [(record.name, formatter.format(record)) for record in caplog.records if record.name not in STORES]
    assert len(written) > 100
    assert {secret for secret in secrets_of(entry) for _, line in written if secret in line} == set()
    assert {name for name, line in written if SPOKEN in line} == {"homeassistant.components.tts"}


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("transport", list(Transport))
async def test_a_fault_of_our_own_shows_no_key_either(
    home: HomeAssistant, emulator: Emulator, provider: str, transport: Transport
) -> None:
    """The traceback of an unexpected error has lines of code, and no values."""
    entry = await set_up(home, keyed(provider, emulator))
    speaker = entry.runtime_data.provider
    failing = patch.object(aiohttp.ClientSession, "_request", side_effect=RuntimeError("a fault"))
    with failing, pytest.raises((RuntimeError, NotImplementedError)) as raised:
        await said(speaker, transport, default_voice(speaker), audio_format=PCM)
    shown = "".join(traceback.format_exception(raised.value)) + repr(speaker) + repr(speaker.credentials)
    assert [secret for secret in secrets_of(entry) if secret in shown] == []


@pytest.mark.parametrize("provider", ["asyncflow", "sarvam"])
async def test_an_address_with_a_key_in_it_is_in_no_error(
    home: HomeAssistant, emulator: Emulator, provider: str
) -> None:
    """The handshake of a WebSocket fails with the address and the headers in aiohttp's error, which is let go."""
    entry = await set_up(home, keyed(provider, emulator))
    for kind, options in HANDSHAKES:
        service_of(emulator, provider).add_fault(kind, "/", times=-1, **options)
        with pytest.raises(ProviderError) as failed:
            await entry.runtime_data.provider.open_socket(default_voice(entry.runtime_data.provider))
        shown = "".join(traceback.format_exception(failed.value)) + repr(failed.value.__dict__)
        assert KEY not in shown
        service_of(emulator, provider).faults.clear()


async def test_a_handshake_that_is_a_lie_shows_no_key(session: aiohttp.ClientSession) -> None:
    """A proxy that agrees and then does not keep to the protocol: aiohttp's error has address and headers in it."""

    def lie(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(lie, "127.0.0.1")
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        for kind in (AsyncFlow, Sarvam):
            provider = kind(session, Credentials(key=KEY), base_url=address)
            with pytest.raises(ProviderError) as failed:
                await provider.open_socket(default_voice(provider))
            assert KEY not in "".join(traceback.format_exception(failed.value))
    finally:
        server.close()
        await server.wait_closed()


async def test_what_a_form_says_of_a_key_does_not_repeat_it(
    home: HomeAssistant,
    emulator: Emulator,
    hass_client: ClientSessionGenerator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither of one that is no text, nor of one that cannot be one; and the log does not have it."""
    caplog.set_level(logging.DEBUG)
    assert await async_setup_component(home, DOMAIN, {})
    assert await async_setup_component(home, "config", {})
    client = await hass_client()
    flows = "/api/config/config_entries/flow"
    started = await (await client.post(flows, json={"handler": DOMAIN})).json()
    flow = f"{flows}/{started['flow_id']}"
    await client.post(flow, json={"next_step_id": "asyncflow"})
    connection = {"base_url": emulator.asyncflow.url}
    refused = await client.post(flow, json={"api_key": [KEY], "connection": connection})
    assert KEY not in await refused.text()
    form = await (await client.post(flow, json={"api_key": f"{KEY} {KEY}", "connection": connection})).json()
    assert form["errors"] == {"api_key": "key_unreadable"}
    assert KEY not in json.dumps([form["errors"], form["description_placeholders"]])
    assert KEY not in caplog.text


async def test_diagnostics_name_no_clone_no_word_and_no_secret_path(
    home: HomeAssistant, emulator: Emulator, hass_client: ClientSessionGenerator
) -> None:
    """Only the host of a URL is included: some proxies have a secret in the path."""
    assert await async_setup_component(home, HTTP_DOMAIN, {})
    assert await async_setup_component(home, DIAGNOSTICS_DOMAIN, {})
    entry = await set_up(home, keyed("asyncflow", emulator))
    words = {"pronunciations": {"all": {"Ludmilla": "Lood milla"}}}
    await home.services.async_call(DOMAIN, "set_pronunciations", words, blocking=True)
    own = [voice.name for voice in entry.runtime_data.catalogue.data if voice.own]
    address = f"{emulator.asyncflow.url}/proxy/secret-4711"
    home.config_entries.async_update_entry(entry, data={**entry.data, "base_url": address})
    shown = await get_diagnostics_for_config_entry(home, hass_client, entry)
    assert own
    hidden = [*own, "Ludmilla", "Lood milla", "secret-4711", *secrets_of(entry)]
    assert [text for text in hidden if text in json.dumps(shown)] == []
    assert emulator.asyncflow.url in json.dumps(shown)


def test_what_carries_words_or_sound_does_not_show_them() -> None:
    """In debug mode, the event loop logs its tasks."""
    carriers = [
        Segment(text=SPOKEN, sentences=(SPOKEN,)),
        TimedWord(word="4711", start=0, end=1),
        Pcm(samples=memoryview(SPOKEN.encode()), sample_rate=16000),
    ]
    assert [carrier for carrier in carriers if "4711" in repr(carrier)] == []
