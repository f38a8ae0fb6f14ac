"""Measures each request: what it was charged, when its first byte came, how it failed."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Protocol

from ..providers.base import AudioFormat, Charge, Encoding, Failure, Provider, ProviderError, Voice
from .pace import Pace, SpeechMeter
from .playhead import duration
from .speaker import Request, Speaker


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """One request that has ended: its charge, its time to first byte in s if there was one, its failure if it failed.

    `asked_at` is when it was made, in time of the event loop: a quota that was reported since then has it included.
    """

    voice: Voice
    asked_at: float
    charge: Charge
    first_byte: float | None
    error: ProviderError | None

    @property
    def failure(self) -> Failure | None:
        """Return how the request failed."""
        return self.error.failure if self.error else None


class Recorder(Protocol):
    """The small object an account hands down, in which what was used is written."""

    def record(self, usage: Usage) -> None:
        """Take one request that has ended."""


class Metered:
    """A speaker whose requests are measured and recorded; one that is given up before it was made is none."""

    def __init__(self, speaker: Speaker, *, provider: Provider, voice: Voice, pace: Pace, recorder: Recorder) -> None:
        """Measure a speaker of a voice; `pace` learns from it."""
        self._speaker = speaker
        self._provider = provider
        self._voice = voice
        self._pace = pace
        self._recorder = recorder
        self.audio_format: AudioFormat = speaker.audio_format

    async def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        """Yield the sound of a text, as `Speaker.speak`."""
        clock = asyncio.get_running_loop().time
        asked_at = clock()
        first_byte: float | None = None
        size = 0
        is_pcm = self.audio_format.encoding is Encoding.PCM
        meter = SpeechMeter(self.audio_format.sample_rate) if is_pcm else None
        error: ProviderError | None = None
        request = Request()
        request.made = whole = False
        try:
            async with aclosing(self._speaker.speak(text, deadline)) as sound:
                async for chunk in sound:
                    if isinstance(chunk, Request):
                        request = chunk
                        continue
                    if first_byte is None:
                        first_byte = clock() - asked_at
                        self._pace.note_first_byte(first_byte)
                    size += len(chunk)
                    if meter:
                        meter.hear(chunk)
                    yield chunk
            whole = True
        except ProviderError as caught:
            error = caught
            raise
        finally:
            seconds = duration(self.audio_format, size)
            if whole:
                self._pace.note_speech(text, meter.seconds if meter else seconds)
            if request.made or size or error:
                # Given up in the middle is charged like spoken: the service has begun
                charge = error.charged if error and not size else self._provider.price(self._voice, text)
                self._recorder.record(
                    Usage(
                        voice=self._voice,
                        asked_at=asked_at,
                        charge=replace(charge, seconds=charge.seconds + seconds),
                        first_byte=first_byte,
                        error=error,
                    )
                )
