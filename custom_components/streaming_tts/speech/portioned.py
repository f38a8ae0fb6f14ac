"""Says in several requests what is too long for one: another voice's text may be longer than this one's limit."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

from ..providers.types import AudioFormat
from .synthesizer import Synthesizer
from .text.buffer import TextBuffer, TextRules, join


class Portioned:
    """A speaker that keeps to the limit of a request."""

    def __init__(self, speaker: Synthesizer, rules: TextRules) -> None:
        """Speak what is clean already, within the limits of the rules."""
        self._speaker = speaker
        self._rules = rules
        self.audio_format: AudioFormat = speaker.audio_format

    async def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        """Yield the sound of a text, as `Synthesizer.speak`."""
        for portion in _portions(text, self._rules):
            async with aclosing(self._speaker.speak(portion, deadline)) as sound:
                async for chunk in sound:
                    yield chunk


def _portions(text: str, rules: TextRules) -> Iterator[str]:
    """Yield a text in as few pieces as the limit allows, cut at the ends of sentences where there are any."""
    if rules.length(text) <= rules.max_characters:
        yield text
        return
    buffer = TextBuffer(rules)
    buffer.feed(text)
    buffer.end()
    portion: tuple[str, ...] = ()
    for sentence in buffer.sentences:
        if portion and rules.length(join((*portion, sentence))) > rules.max_characters:
            yield join(portion)
            portion = ()
        portion += (sentence,)
    yield join(portion)
