"""A voice whose words are timed: its sound comes whole, and with it when each word is said."""

from collections.abc import AsyncGenerator, Iterable, Iterator

from ..providers.capabilities import TimedWord, Timestamps
from ..providers.types import AudioFormat, Voice
from .playback_clock import duration


class TimedSpeech:
    """The words of all texts that were asked for, one after the other, timed from the beginning of the first one."""

    def __init__(self, provider: Timestamps, voice: Voice, audio_format: AudioFormat) -> None:
        """Ask a provider that tells the times, for a voice."""
        self._provider = provider
        self._size = 0
        self.voice = voice
        self.audio_format = audio_format
        self.words: tuple[TimedWord, ...] = ()

    async def ask(self, text: str) -> AsyncGenerator[bytes]:
        """Yield the audio of a text in one piece."""
        speech = await self._provider.speak_with_timestamps(self.voice, self.audio_format, text)
        self.words += tuple(later(speech.words, duration(self.audio_format, self._size)))
        self._size += len(speech.audio)
        yield speech.audio


def later(words: Iterable[TimedWord], seconds: float) -> Iterator[TimedWord]:
    """Yield words as they are timed in a sound that begins so many seconds before theirs."""
    shift = round(1000 * seconds)
    return (TimedWord(word=word.word, start=word.start + shift, end=word.end + shift) for word in words)
