"""What is twice as long is at most about twice the work, whatever it is made of; and what is kept of it is bounded."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import product

import pytest

from custom_components.streaming_tts.providers.asyncflow.errors import SentinelFilter
from custom_components.streaming_tts.providers.session import parse_session, read_claims
from custom_components.streaming_tts.providers.transport.audio_stream import SpeechStream
from custom_components.streaming_tts.providers.transport.sse import EventParser
from custom_components.streaming_tts.providers.types import CredentialError, ProviderError
from custom_components.streaming_tts.speech.text.buffer import TextBuffer, TextRules, join
from custom_components.streaming_tts.speech.text.markdown import Cleaner
from tests.providers.tools import speech_stream
from tests.tables import each_row

from .steps import steps_of
from .text import LEXICON, MARKS, TAGGED_WORDS, TAGS, WORDS

SHORT = 600
PIECES = 300
LONG = 20_000
"""Characters that an expression which tries everything would never come to an end with."""
MOST = 3.0
"""The maximum growth of work for twice the input, including constant work and chunks that end elsewhere."""
OPENINGS = [*MARKS, *WORDS, *TAGGED_WORDS]


def spoken(text: str, piece: int) -> None:
    """Have a text that comes in pieces cleaned, spelled and cut."""
    buffer = TextBuffer(TextRules(language="en", tags=TAGS, words=LEXICON, max_characters=500))
    for begin in range(0, len(text), piece):
        buffer.feed(text[begin : begin + piece])
        buffer.take(len(buffer.sentences))
    buffer.end()
    join(buffer.take(len(buffer.sentences)))


@each_row("opening", OPENINGS)
def test_a_text_of_twice_the_length_is_twice_the_work(opening: str) -> None:
    """Of one mark or word again and again, at once and in small pieces."""
    for piece in (7, 10**6):
        once, twice = (
            steps_of(partial(spoken, opening * (length // len(opening) + 1), piece)) for length in (SHORT, 2 * SHORT)
        )
        assert twice <= MOST * (once + SHORT)


@pytest.mark.timeout(60)
@each_row(("first", "then"), list(product(("", "[", "<!--", "![a](", "`"), MARKS[::3])))
def test_no_expression_tries_everything(first: str, then: str) -> None:
    """A mark that is never closed, before a great many of another."""
    spoken(first + then * (LONG // len(then)), 1000)


@each_row("mark", OPENINGS)
def test_no_mark_holds_much_back(mark: str) -> None:
    """Cleaned text is passed on: only the result grows with the text."""
    cleaner = Cleaner(tags=TAGS)
    for _ in range(2000 // len(mark)):
        cleaner.feed(mark)
    held = len(cleaner.end())
    assert held <= 1200


PARSERS: list[tuple[str, Callable[[Sequence[bytes]], object]]] = [
    ("events", lambda pieces: _feed(EventParser(10**6), pieces)),
    ("sound", lambda pieces: _feed(speech_stream(16000), pieces)),
    ("sentinel", lambda pieces: _feed(SentinelFilter(), pieces)),
]
UNITS = [
    *(b"\n", b"\r", b":", b"data:", b"data:x\n", b"data: {\n", b"}\ndata:{", b"a", b"\xff", b"-", b"--ERROR", b"\0"),
    *(b"RIFF", b"RIFF\0\0\0\0WAVE", b"LIST\0\0\0\0", b"fmt \0\0\0\0", b"--ERROR:QUOTA_EXCEEDED-", b"data"),
]


def _feed(parser: EventParser | SpeechStream | SentinelFilter, pieces: Sequence[bytes]) -> None:
    try:
        for piece in pieces:
            parser.feed(piece)
        parser.end()
    except ProviderError:
        pass


@each_row(("name", "parse"), PARSERS, ids=[name for name, _ in PARSERS])
@each_row("unit", UNITS, ids=repr)
def test_bytes_of_twice_the_length_are_twice_the_work(
    name: str, parse: Callable[[Sequence[bytes]], object], unit: bytes
) -> None:
    """Wherever they are cut."""
    for size in (1, 3, 1000):
        wholes = (b"RIFF\0\0\0\0WAVE" * (name == "sound") + unit * length for length in (PIECES, 2 * PIECES))
        once, twice = (steps_of(partial(parse, _cut(whole, size))) for whole in wholes)
        assert twice <= MOST * (once + PIECES)


def _cut(whole: bytes, size: int) -> list[bytes]:
    return [whole[begin : begin + size] for begin in range(0, len(whole), size)]


@pytest.mark.timeout(60)
@each_row("unit", ["a", "a.", ".", "[", '{"a":', '"', "\\", "bearer ", "'", " ", "-", "base64-", "A=", "é"])
def test_what_is_pasted_may_be_long(unit: str) -> None:
    """It is looked at once and refused."""
    for pasted in (unit * 200_000, "base64-" + unit * 200_000, unit * 3000):
        read_claims(pasted)
        with pytest.raises(CredentialError):
            parse_session(pasted)
