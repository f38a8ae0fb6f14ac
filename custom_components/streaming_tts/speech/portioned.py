"""Says in several requests what is too long for one: another voice's text may be longer than this one's limit."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing

from ..providers.types import AudioFormat
from .synthesizer import Synthesizer
from .text.buffer import TextBuffer, TextRules, join
from .text.normalizer import Normalizer


class Portioned:
    """A speaker that keeps to the limit of a request."""

    def __init__(
        self,
        speaker: Synthesizer,
        rules: TextRules,
        normalizer: Callable[[], Awaitable[Normalizer]] | None = None,
    ) -> None:
        """Speak what is clean already, within the limits of the rules.

        `normalizer` is called for what writes the text for the voice where another voice's needs were other ones.
        """
        self._speaker = speaker
        self._rules = rules
        self._normalizer = normalizer
        self.audio_format: AudioFormat = speaker.audio_format

    async def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        """Yield the sound of a text, as `Synthesizer.speak`."""
        if self._normalizer is not None:
            text = (await self._normalizer()).normalize(text)
        for portion in _portions(text, self._rules):
            async with aclosing(self._speaker.speak(portion, deadline)) as sound:
                async for chunk in sound:
                    yield chunk


def _portions(text: str, rules: TextRules) -> Iterator[str]:
    """Yield a text in as few pieces as the limit allows, cut at the ends of sentences where there are any.

    Nothing is yielded of a text that the service can't speak.
    """
    if rules.length(text) <= rules.max_characters and rules.can_speak(text):
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
    if portion:
        yield join(portion)
