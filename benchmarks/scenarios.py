"""Scenarios: the text, when it arrives, the format of the player, and the measurement."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from . import texts

type Step = tuple[float, str]
"""Seconds after the start of the text, and the text that arrives then."""

TOKEN = 4
"""Characters per token of a language model."""

TOKENS_PER_SECOND = 40
OPENING = 64
"""Characters of the first chunk of the Assist pipeline: the first complete token after 60."""

ASSIST = 0.5
"""Minimum seconds from the start of a pipeline to the first words of its answer."""

PAUSE = 6.0
"""Seconds of a tool call."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """The format that a player requests."""

    name: str
    extension: str
    options: Mapping[str, Any]


_SAMPLES = {"preferred_sample_channels": 1, "preferred_sample_bytes": 2}
MP3 = Form(name="mp3", extension="mp3", options={})
WAV = Form(name="wav", extension="wav", options={"preferred_format": "wav"})
"""With the sample rate of the provider."""
WAV_16000 = Form(
    name="wav 16000",
    extension="wav",
    options={"preferred_format": "wav", "preferred_sample_rate": 16000, **_SAMPLES},
)
FLAC_48000 = Form(
    name="flac 48000",
    extension="flac",
    options={"preferred_format": "flac", "preferred_sample_rate": 48000, **_SAMPLES},
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Timing:
    """Timing of the services in s."""

    first_byte: float = 0.3
    connect: float = 0.1
    realtime_factor: float = 4.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """One scenario.

    `script` returns the steps of a text for a number that is new each time. `clause` is the length of the first clause
    in characters, `complete` whether the text is passed at once. `ahead` is how many seconds the stream exists before
    its text: the Assist pipeline creates it when a person starts to speak. With `whole`, all audio is read and checked
    for stalls and requests, and all engines run staggered; otherwise, engines run one after the other, up to the first
    audio.
    """

    name: str
    title: str
    script: Callable[[int], Sequence[Step]]
    clause: int = 0
    complete: bool = False
    ahead: float = 0.0
    whole: bool = False
    forms: tuple[Form, ...] = (MP3, WAV_16000)
    warmths: tuple[bool, ...] = (False, True)
    runs: int = 3
    timing: Timing = Timing()

    def clause_at(self, steps: Sequence[Step]) -> float:
        """Return the seconds after the start of the text until its first clause is complete."""
        written = 0
        for moment, text in steps:
            written += len(text)
            if written >= self.clause:
                return moment
        raise ValueError("the clause is longer than the text")


def complete(text: Callable[[int], str]) -> Callable[[int], Sequence[Step]]:
    """Return a script with a complete text."""
    return lambda number: [(0.0, text(number))]


def written(text: Callable[[int], str], *, pause: float = 0.0) -> Callable[[int], Sequence[Step]]:
    """Return a script with a text that is streamed by tokens, with a pause in the middle."""

    def script(number: int) -> Sequence[Step]:
        said = text(number)
        middle = len(said) // 2
        return [(moment + (pause if start > middle else 0.0), piece) for moment, start, piece in _tokens(said, OPENING)]

    return script


def around_tool(before: Callable[[int], str], after: Callable[[int], str]) -> Callable[[int], Sequence[Step]]:
    """Return a script in which a model says a sentence, calls a tool, and continues by tokens."""

    def script(number: int) -> Sequence[Step]:
        tokens = [(PAUSE + moment, piece) for moment, _, piece in _tokens(after(number), TOKEN)]
        return [(0.0, before(number)), (PAUSE, " "), *tokens]

    return script


def _tokens(text: str, opening: int) -> list[tuple[float, int, str]]:
    """Return the time, start, and text of each chunk."""
    starts = [0, *range(opening, len(text), TOKEN), len(text)]
    return [
        (number / TOKENS_PER_SECOND, start, text[start:end]) for number, (start, end) in enumerate(pairwise(starts))
    ]


SLOW = Timing(first_byte=0.8, realtime_factor=1.3)

ANNOUNCEMENT = Scenario(
    name="announcement",
    title="announcement, 40 characters",
    script=complete(texts.announcement),
    complete=True,
)
SCENARIOS = (
    ANNOUNCEMENT,
    Scenario(
        name="announcement_forms",
        title="announcement, other formats",
        script=complete(texts.announcement),
        complete=True,
        forms=(WAV, FLAC_48000),
        warmths=(False,),
    ),
    Scenario(
        name="complete",
        title="1,200 characters, complete",
        script=complete(texts.answer),
        complete=True,
        warmths=(False,),
    ),
    Scenario(
        name="tokens",
        title="1,200 characters, streamed",
        script=written(texts.answer),
        clause=69,
        ahead=ASSIST,
    ),
    Scenario(
        name="tokens_sudden",
        title="1,200 characters, streamed, without Assist",
        script=written(texts.answer),
        clause=69,
        warmths=(False,),
    ),
    Scenario(
        name="tokens_wav",
        title="1,200 characters, streamed, native rate",
        script=written(texts.answer),
        clause=69,
        ahead=ASSIST,
        forms=(WAV,),
        warmths=(False,),
    ),
    Scenario(
        name="clause",
        title="streamed, long first sentence",
        script=written(texts.long_opening),
        clause=50,
        ahead=ASSIST,
        warmths=(False,),
    ),
    Scenario(
        name="slow",
        title="announcement, slow provider",
        script=complete(texts.announcement),
        complete=True,
        warmths=(False,),
        timing=SLOW,
    ),
    Scenario(
        name="early_tool",
        title="sentence, 6 s tool call, the rest",
        script=around_tool(texts.before_tool, texts.after_tool),
        ahead=ASSIST,
        whole=True,
        runs=2,
    ),
    Scenario(
        name="complete_whole",
        title="1,200 characters, complete",
        script=complete(texts.answer),
        complete=True,
        whole=True,
        warmths=(False,),
        runs=1,
    ),
    Scenario(
        name="tokens_whole",
        title="1,200 characters, streamed",
        script=written(texts.answer),
        clause=69,
        ahead=ASSIST,
        whole=True,
        warmths=(False,),
        runs=1,
    ),
    Scenario(
        name="pause_whole",
        title="streamed, 6 s pause",
        script=written(texts.answer, pause=PAUSE),
        clause=69,
        ahead=ASSIST,
        whole=True,
        warmths=(False,),
        runs=1,
    ),
    Scenario(
        name="slow_whole",
        title="400 characters, streamed, slow provider",
        script=written(texts.paragraph),
        clause=69,
        ahead=ASSIST,
        whole=True,
        warmths=(False,),
        runs=1,
        timing=SLOW,
    ),
)
QUICK = ("announcement", "tokens", "early_tool", "twenty")
