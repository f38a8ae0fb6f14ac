"""A voice whose words are timed: its sound comes whole, and with it when each word is said."""

from collections.abc import AsyncGenerator, Iterable, Iterator

from ..providers.abilities import TimedWord, Timestamps
from ..providers.base import AudioFormat, Voice
from .playhead import duration
from .speaker import Request


class TimedSpeaker:
    """A speaker that remembers the words of all that it said, one text after the other.

    `words` are timed from the beginning of the first text's sound.
    """

    def __init__(self, provider: Timestamps, voice: Voice, audio_format: AudioFormat) -> None:
        """Speak with a voice of a provider that tells the times."""
        self._provider = provider
        self._size = 0
        self.voice = voice
        self.audio_format = audio_format
        self.words: tuple[TimedWord, ...] = ()

    async def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        """Yield the sound of a text in one piece, as `Speaker.speak`, and before it a `Request`."""
        yield Request()
        speech = await self._provider.speak_with_timestamps(self.voice, self.audio_format, text)
        self.words += tuple(later(speech.words, duration(self.audio_format, self._size)))
        self._size += len(speech.audio)
        yield speech.audio


def later(words: Iterable[TimedWord], seconds: float) -> Iterator[TimedWord]:
    """Yield words as they are timed in a sound that begins so many seconds before theirs."""
    shift = round(1000 * seconds)
    return (TimedWord(word=word.word, start=word.start + shift, end=word.end + shift) for word in words)
