"""CPU time for cleaning and segmenting text: a usual answer in tokens, and texts made to be slow.

Run `python -m benchmarks.text_speed`; it exits with 1 if a limit is exceeded.
"""

from collections.abc import Iterator
import sys
import time

from custom_components.streaming_tts.providers import markup as inline
from custom_components.streaming_tts.speech.text.buffer import TextBuffer, TextRules, join
from custom_components.streaming_tts.speech.text.normalizer import Normalizer

ANSWER_CHARACTERS = 10_000
TOKEN_CHARACTERS = 4
MAX_ANSWER_SECONDS = 0.1

HOSTILE_CHARACTERS = 30_000
HOSTILE_TOKEN_CHARACTERS = 40
MAX_HOSTILE_SECONDS = 0.5

_ANSWER = (
    'The heating in the **living room** was turned down at ten, and Anna asked: "Stay so until 8:30." It is 21.5 °C '
    "(see [the manual](https://example.com/a)) in the hall.\n\n- Kitchen: 19 °C\n- Bath: 22 °C\n\n"
)

_HOSTILE = (
    *("*", "**", "_", "~", "`", "```", "```\n", "#", "- ", "1. ", "[", "](", "![", "[[", "([", "([a](https://b.c) "),
    *("<", "</", "<a ", "<b>", "<think", "<think>", "<|", "<|x|>", "<!--", "&", "&amp;", "$", "$a", "\\", "\\(", "|"),
    *(":", ":contentReference[", "【", "\ue200cite\ue202", "✅", "1️⃣", "(", "(laughs", "[laughs", "\n", "a\n", "a  \n"),
    *(
        "http://",
        "www.",
        ".",
        ". ",
        "A. ",
        "Dr. ",
        "1.",
        "1. 1. ",
        "1,",
        "1 – ",
        "。",
        "「",
        "《！》",
        "a, ",
        "あ",
        "! ",
    ),
    *(
        "1.1.",
        "1-1-",
        "1 ",
        "-1 ",
        "1 kWh ",
        "1-2 m/s ",
        "1 fl. ",
        "2026-11-29 ",
        "a -> ",
        "→",
        "light.kitchen ",
        "a.b",
    ),
    *("<break time='1s'/>", "<digits>", "x", "word ", "'", '"', "…", "ए. ", "2026. 11. "),
)


RULES = TextRules(
    language="en",
    tags=inline.TAGS,
    normalizer=Normalizer("en", number_words=True),
    friendly_name={"light.kitchen": "Kitchen lamp"}.get,
)


def seconds(text: str, token: int) -> float:
    """Return the seconds of CPU time for a text that arrives in tokens and is taken as it arrives."""
    begin = time.process_time()
    buffer = TextBuffer(RULES)
    for at in range(0, len(text), token):
        buffer.feed(text[at : at + token])
        if buffer.sentences:
            join(buffer.take(len(buffer.sentences)))
    buffer.end()
    join(buffer.sentences)
    return time.process_time() - begin


def measure() -> Iterator[tuple[str, float, float]]:
    """Yield each measurement: its name, its seconds, and its limit."""
    answer = (_ANSWER * (ANSWER_CHARACTERS // len(_ANSWER) + 1))[:ANSWER_CHARACTERS]
    yield "answer", min(seconds(answer, TOKEN_CHARACTERS) for _ in range(3)), MAX_ANSWER_SECONDS
    for unit in _HOSTILE:
        text = (unit * (HOSTILE_CHARACTERS // len(unit) + 1))[:HOSTILE_CHARACTERS]
        yield repr(unit), seconds(text, HOSTILE_TOKEN_CHARACTERS), MAX_HOSTILE_SECONDS


def main() -> int:
    """Print each measurement; return 1 if one exceeds its limit."""
    results = list(measure())
    for name, taken, bound in results:
        print(f"{taken * 1000:8.1f} ms {'OVER' if taken > bound else '    '} {name}")
    return int(any(taken > bound for _, taken, bound in results))


if __name__ == "__main__":
    sys.exit(main())
