"""Time to first audio of a text whose socket fails, compared with HTTP alone, at the emulator.

Run `python -m benchmarks.failover`; it exits with 1 if a limit is exceeded. A refused or broken socket may delay the
first audio by `MAX_FAILED_SECONDS` in addition to the time until it fails; a socket that doesn't respond, by its
first-byte timeout and the same.
"""

import asyncio
from collections.abc import Coroutine
from functools import partial
from statistics import median
import sys
from typing import Any

import aiohttp

from custom_components.streaming_tts.providers import PROVIDERS
from custom_components.streaming_tts.providers.types import AudioFormat, Credentials, Transport, Voice
from custom_components.streaming_tts.speech.audio_cache import AudioCache
from custom_components.streaming_tts.speech.connection_pool import MAX_FIRST_BYTE_SECONDS
from custom_components.streaming_tts.speech.engine import ProviderSynthesizer, SynthesisEngine
from custom_components.streaming_tts.speech.synthesizer import SpeechRequest, Usage
from tests.emulator.emulator import Emulator, running_emulator
from tests.emulator.faults import FaultKind
from tests.emulator.settings import Settings

ROUNDS = 5
FIRST_BYTE_SECONDS = 0.2
"""Seconds until the emulated services send the first byte, or fail instead."""
MAX_FAILED_SECONDS = 0.1
TEXT = "The washing machine needs {} more minutes."
FORMAT = AudioFormat(sample_rate=24000)
SOCKETS = {"asyncflow": "/text_to_speech/websocket", "sarvam": "/text-to-speech/ws"}
VOICES = {
    "asyncflow": Voice.of(voice_id="e0f39dc4-f691-4e78-bba5-5c636692cc04", model="async_flash_v1.5", language="en"),
    "sarvam": Voice.of(voice_id="shubh", model="bulbul:v3", language="en-IN"),
}
MODES: dict[str, dict[str, Any]] = {
    "refused by a page": {"kind": FaultKind.CONTENT_TYPE},
    "refused": {"kind": FaultKind.STATUS, "status": 500},
    "reset at the handshake": {"kind": FaultKind.RESET},
    "broken before audio": {"kind": FaultKind.RESET, "after_frames": 0},
    "ended without audio": {"kind": FaultKind.TRUNCATE, "after_frames": 0},
    "silent": {"kind": FaultKind.STALL, "after_frames": 0},
}


class _Discard:
    def record(self, usage: Usage) -> None:
        """Store nothing."""


def _spawn(coroutine: Coroutine[None, None, None], name: str) -> asyncio.Task[None]:
    return asyncio.create_task(coroutine, name=name)


async def _first_audio(session: aiohttp.ClientSession, emulator: Emulator, key: str, transport: Transport) -> float:
    """Return the median seconds to the first audio, each measured with a new account that has learned nothing."""
    service: Any = getattr(emulator, key)
    clock = asyncio.get_running_loop().time
    seconds = []
    for number in range(ROUNDS):
        provider = PROVIDERS[key](session, Credentials(key="demo-key"), base_url=service.url)
        engine = SynthesisEngine(provider, _spawn, cache=AudioCache(_spawn, 0))
        terms = SpeechRequest(
            voice=VOICES[key],
            audio_format=FORMAT,
            has_fallback=False,
            recorder=_Discard(),
            transport=partial(Transport, transport),
        )
        voice = ProviderSynthesizer(engine, terms)
        began = clock()
        audio = voice.speak(TEXT.format(number), began)
        await anext(audio)
        seconds.append(clock() - began)
        async for _ in audio:
            pass
        await engine.close()
    return median(seconds)


def _failing_seconds(mode: str, fault: dict[str, Any]) -> float:
    """Return the seconds until the socket fails."""
    if mode == "silent":
        return MAX_FIRST_BYTE_SECONDS
    is_answered = "after_frames" in fault or fault["kind"] is FaultKind.CONTENT_TYPE
    return FIRST_BYTE_SECONDS if is_answered else 0.0


async def _measure() -> bool:
    """Print a line per service and mode; return True if all are within the limits."""
    is_good = True
    async with running_emulator(Settings(ttfb=FIRST_BYTE_SECONDS)) as emulator, aiohttp.ClientSession() as session:
        for key, path in SOCKETS.items():
            service: Any = getattr(emulator, key)
            alone = await _first_audio(session, emulator, key, Transport.STREAM)
            print(f"{key}: HTTP alone {alone:.3f} s")
            for mode, fault in MODES.items():
                options = dict(fault)
                service.add_fault(options.pop("kind"), path, times=-1, **options)
                later = await _first_audio(session, emulator, key, Transport.WEBSOCKET) - alone
                service.reset()
                bound = MAX_FAILED_SECONDS + _failing_seconds(mode, fault)
                is_good &= later <= bound
                print(
                    f"{key}: socket {mode}: {later:+.3f} s, {later / alone:+.1f} of HTTP alone (at most {bound:.1f} s)"
                )
    return is_good


if __name__ == "__main__":
    sys.exit(not asyncio.run(_measure()))
