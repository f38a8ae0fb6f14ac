"""Speak texts through the platform, and return the audio and the requests."""

from array import array
import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.components import tts
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from tests.accounts import VOICES, account, is_key_check, service_of, set_up
from tests.emulator.emulator import Emulator
from tests.emulator.sound import tone

TEXT = "Dinner is ready. Please come to the table. There is soup for everyone."


ANSWER = " ".join(f"This is still sentence #{number} of quite a long answer." for number in range(1, 13))
"""A number after such a sign stays in digits, even for a model that gets words otherwise."""


WAV: dict[str, Any] = {tts.ATTR_PREFERRED_FORMAT: "wav", tts.ATTR_PREFERRED_SAMPLE_RATE: 24000}
"""Formats that no release of Home Assistant converts."""


SPEECH_PATHS = {
    "asyncflow": "/text_to_speech",
    "sarvam": "/text-to-speech",
    "tencent": "/TextToSpeech",
    "flow_tts": "/api/tts/synth",
}


def expected(provider: str, text: str, rate: int = 24000) -> bytes:
    """Return the samples of a text as the emulated service says it."""
    return tone(text, rate, voice=VOICES[provider]["voice"])


def asked(emulator: Emulator, provider: str) -> int:
    """Return how many requests for speech a service got; a WebSocket that only waits is none."""
    return len(
        [
            request
            for request in service_of(emulator, provider).asked(SPEECH_PATHS[provider])
            if (request.method == "POST" and not is_key_check(request)) or request.frames_of_client()
        ]
    )


def kept(tts_cache: Path) -> list[str]:
    """Return the files of speech that Home Assistant keeps."""
    return [path.name for path in tts_cache.iterdir()]


def audible(sound: bytes, quiet: int = 0) -> bytes:
    """Return the samples that are not as good as zero: a pause may have been filled with silence."""
    return array("h", [sample for sample in array("h", sound) if abs(sample) > quiet]).tobytes()


async def stream(
    hass: HomeAssistant, chunks: AsyncGenerator[str], *, entity_id: str = "tts.anna", **options: Any
) -> bytes:
    """Let a voice speak a text that is being written, as a pipeline does; return what a satellite would get."""
    result = tts.async_create_stream(hass, engine=entity_id, options=options)
    result.async_set_message_stream(chunks)
    return b"".join([chunk async for chunk in result.async_stream_result()])


async def written(text: str) -> AsyncGenerator[str]:
    """Write a text in pieces of 7 characters, the first of them longer."""
    yield text[:61]
    for begin in range(61, len(text), 7):
        await asyncio.sleep(0)
        yield text[begin : begin + 7]


async def with_fallback(
    home: HomeAssistant, emulator: Emulator, first: str = "asyncflow", second: str = "sarvam"
) -> tuple[MockConfigEntry, MockConfigEntry]:
    """Set up Anna, and Ben who takes over from her."""
    ben = account(second, emulator, voices=("Ben",))
    await set_up(home, ben)
    registered = er.async_get(home).async_get("tts.ben")
    assert registered is not None
    anna = account(first, emulator, saved={"fallback": registered.id})
    return await set_up(home, anna), ben
