"""What a socket cannot do is done over HTTP, within the same utterance; what is not whole is kept nowhere."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from homeassistant.components import tts
from homeassistant.components.diagnostics.const import DOMAIN as DIAGNOSTICS_DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from tests.accounts import VOICES, account, set_up, speak
from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind
from tests.emulator.service import Service
from tests.emulator.sound import tone

WAV: dict[str, Any] = {tts.ATTR_PREFERRED_FORMAT: "wav", tts.ATTR_PREFERRED_SAMPLE_RATE: 24000}
TEXT = "The washing machine needs ten more minutes."
SOCKETS = {"asyncflow": "/text_to_speech/websocket", "sarvam": "/text-to-speech/ws"}
HTTP = {"asyncflow": "/text_to_speech/streaming", "sarvam": "/text-to-speech/stream"}

EVERY_SOCKET = pytest.mark.parametrize("provider", SOCKETS)

MODES: dict[str, dict[str, Any]] = {
    "page of a proxy": {"fault": FaultKind.CONTENT_TYPE},
    "refused": {"fault": FaultKind.STATUS, "status": 500},
    "reset at the upgrade": {"fault": FaultKind.RESET},
    "reset before audio": {"fault": FaultKind.RESET, "after_frames": 0},
    "closed before audio": {"fault": FaultKind.CLOSE, "after_frames": 0},
    "ended without audio": {"fault": FaultKind.TRUNCATE, "after_frames": 0},
    "garbage": {"fault": FaultKind.GARBAGE, "after_frames": 0},
    "silent": {"fault": FaultKind.STALL, "after_frames": 0},
    "silent at the upgrade": {"fault": FaultKind.STALL},
}


def service_of(emulator: Emulator, provider: str) -> Service[Any]:
    """Return the service of a provider."""
    services: dict[str, Service[Any]] = {"asyncflow": emulator.asyncflow, "sarvam": emulator.sarvam}
    return services[provider]


async def answer(home: HomeAssistant, text: str = TEXT) -> bytes:
    """Let a voice speak a text that is still being written when it begins; return its samples."""

    async def written() -> AsyncGenerator[str]:
        yield f"{text} "
        await asyncio.sleep(0.2)

    result = tts.async_create_stream(home, engine="tts.anna", options=WAV)
    result.async_set_message_stream(written())
    sound = b"".join([chunk async for chunk in result.async_stream_result()])
    await home.async_block_till_done()
    return sound[44:]


@EVERY_SOCKET
@pytest.mark.parametrize("mode", MODES)
async def test_what_a_socket_cannot_say_is_heard_once_over_http(
    home: HomeAssistant, emulator: Emulator, provider: str, mode: str
) -> None:
    """With one request more; nobody is asked for another key, and both requests are counted."""
    entry = await set_up(home, account(provider, emulator))
    service = service_of(emulator, provider)
    options = dict(MODES[mode])
    service.add_fault(options.pop("fault"), SOCKETS[provider], times=-1, **options)
    heard = await answer(home)
    assert heard == tone(TEXT, 24000, voice=VOICES[provider]["voice"])
    assert len(service.asked(HTTP[provider])) == 1
    assert home.config_entries.flow.async_progress() == []
    assert sum(entry.runtime_data.ledger.failures.values()) == 1


async def test_a_text_that_no_context_speaks_is_heard_over_http(home: HomeAssistant, emulator: Emulator) -> None:
    """Where a socket ends each text without a sound, as soon as it has ended."""
    await set_up(home, account("asyncflow", emulator))
    emulator.asyncflow.configure(server_ids_only=True, init_ack=False)
    assert await answer(home) == tone(TEXT, 24000, voice=VOICES["asyncflow"]["voice"])
    asked = [len(emulator.asyncflow.asked(path["asyncflow"])) for path in (SOCKETS, HTTP)]
    assert asked == [1, 1]


async def test_a_text_whose_end_mark_never_came_is_in_no_cache_and_the_next_goes_over_http(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """It was heard whole, as far as anybody can tell, with silence while the end mark was waited for."""
    await set_up(home, account("sarvam", emulator))
    emulator.sarvam.configure(completion_events=False)
    whole = tone(TEXT, 24000, voice=VOICES["sarvam"]["voice"])
    heard = await answer(home)
    assert heard.startswith(whole)
    assert not any(heard[len(whole) :])
    assert await answer(home) == whole
    asked = [len(emulator.sarvam.asked(path["sarvam"])) for path in (SOCKETS, HTTP)]
    assert asked == [1, 1]


async def test_the_transport_in_use_is_in_the_diagnostics(
    home: HomeAssistant, emulator: Emulator, hass_client: ClientSessionGenerator
) -> None:
    """After two failures in a row nobody asks for a socket any more."""
    entry = await set_up(home, account("asyncflow", emulator))
    assert await async_setup_component(home, DIAGNOSTICS_DOMAIN, {})
    emulator.asyncflow.add_fault(FaultKind.CLOSE, SOCKETS["asyncflow"], times=-1, after_frames=0)
    in_use = []
    for number in ("three", "five", "seven"):
        await answer(home, TEXT.replace("ten", number))
        found = await get_diagnostics_for_config_entry(home, hass_client, entry)
        in_use.append(found["transport"]["in_use"])
    assert in_use == ["websocket", "stream", "stream"]
    assert 500 < found["transport"]["socket_avoided_seconds"] <= 600
    assert len(emulator.asyncflow.asked(SOCKETS["asyncflow"])) == 2
    assert len(emulator.asyncflow.asked(HTTP["asyncflow"])) == 3


async def test_audio_that_was_cut_is_spoken_but_is_in_no_cache(home: HomeAssistant, emulator: Emulator) -> None:
    """Neither ours nor Home Assistant's: the next time it is asked for again, and then kept."""
    await set_up(home, account("asyncflow", emulator))
    emulator.asyncflow.add_fault(FaultKind.TRUNCATE, HTTP["asyncflow"], after_bytes=4800)
    whole = tone(TEXT, 24000, voice=VOICES["asyncflow"]["voice"])
    heard = [(await speak(home, TEXT, **WAV))[44:] for _ in range(3)]
    faded = 2 * 24000 // 200
    assert (len(heard[0]), heard[0][:-faded]) == (4800, whole[: 4800 - faded])
    assert heard[1:] == [whole, whole]
    assert len(emulator.asyncflow.asked(HTTP["asyncflow"])) == 2
