"""What the tests of speech share: a clock that jumps, and scripted speakers."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from custom_components.streaming_tts.providers.types import AudioFormat
from tests.autojump_clock import AutojumpClock, autojump

PCM_16000 = AudioFormat(sample_rate=16000)


@pytest.fixture
async def clock() -> AsyncGenerator[AutojumpClock]:
    """Replace the clock of the test's loop."""
    with autojump(asyncio.get_running_loop(), frozen=True) as clock:
        yield clock


@pytest.fixture(autouse=True)
async def nothing_left() -> AsyncGenerator[None]:
    """Whatever a test opened has ended with it."""
    before = asyncio.all_tasks()
    yield
    assert asyncio.all_tasks() - before - {asyncio.current_task()} == set()


def sound_of(text: str, sample_rate: int = 16000) -> bytes:
    """Return the sound of a text: 50 ms a character, each character a level of its own between 5 ms of silence.

    A full stop is 200 ms of quiet. Fades of 5 ms change nothing.
    """
    frames, edge = sample_rate // 20, bytes(2 * sample_rate // 200)
    return b"".join(
        bytes(2 * 4 * frames)
        if character in ".!?"
        else edge + (1000 + 10 * (ord(character) % 1000)).to_bytes(2, "little") * (frames - len(edge)) + edge
        for character in text
    )


class ScriptedSpeaker:
    """A speaker that takes `first_byte` s, then sounds `speed` times faster than it is played.

    `failures` are raised one after the other: each (seconds of sound before it, error) once.
    """

    def __init__(
        self,
        *,
        first_byte: float = 0.3,
        speed: float = 4.0,
        failures: list[tuple[float, Exception]] | None = None,
        audio_format: AudioFormat = PCM_16000,
    ) -> None:
        """Have nothing said yet."""
        self.audio_format = audio_format
        self.asked: list[tuple[float, str]] = []
        self.deadlines: list[float] = []
        self.running = 0
        self._first_byte = first_byte
        self._speed = speed
        self._failures = failures or []

    @property
    def texts(self) -> list[str]:
        """Return what was asked for."""
        return [text for _, text in self.asked]

    async def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        """Yield the sound of a text in pieces of 100 ms, in time."""
        clock = asyncio.get_running_loop().time
        self.asked.append((clock(), text))
        self.deadlines.append(deadline)
        failing_at, error = self._failures.pop(0) if self._failures else (None, None)
        sound = sound_of(text, self.audio_format.sample_rate)
        piece = self.audio_format.sample_rate // 5
        self.running += 1
        try:
            await asyncio.sleep(self._first_byte)
            for begin in range(0, len(sound), piece):
                if error is not None and failing_at is not None and begin / (piece * 10) >= failing_at:
                    raise error
                yield sound[begin : begin + piece]
                await asyncio.sleep(0.1 / self._speed)
            if error is not None:
                raise error
        finally:
            self.running -= 1
