"""Tags within a text that control pronunciation, for any provider; each provider translates or drops them.

They are written like the tags that AsyncFlow documents (docs/dev/protocols.md A10), with one attribute more:
`<phonemes alt="…">` has in `alt` what is said where no IPA is read. Clean text has no other tags in it.
"""

from collections.abc import Callable
import re

TAGS = frozenset({"break", "digits", "phonemes"})
"""The names of the marks."""

USUAL_PAUSE = 400
"""Milliseconds of a break that does not say how long it is."""

MAX_PAUSE = 5000
"""The longest break in ms, since a text may be written by a language model."""

_MARK = re.compile(r"<(break|digits|phonemes)(?=[ />])([^<>]*?)(?:/>|>([^<>\n]*)</\1>)")

_ALTERNATIVE = re.compile(r"""[ ]alt=(?:"([^"]*)"|'([^']*)')""")

_TIME = re.compile(r"""[ ]time=["'](\d{1,6}(?:\.\d{1,6})?)(ms|s)["']""")

_GROUP = re.compile(r"\d+")

_WORD = re.compile(r"[^\W_]")
"""What makes a word: a letter or a digit."""

_SEPARATORS = re.compile(r"[ ().-]+")
"""What is skipped between digits (docs/dev/protocols.md A10)."""

_PAUSE = "\ue000"
"""Stands where a break was; there is no private use in clean text."""

_PAUSES = re.compile(f" ?(?:{_PAUSE} ?)+")

_OPENERS = frozenset("([{«“‘„¿¡「『（《")

_CLOSERS = frozenset(".,;:!?…)]}»”’।॥،؛؟。、，；：！？」』）》")

_STOPS = frozenset(".,;:!?…–—।॥،؛؟。、，；：！？")


def phonemes(ipa: str, alternative: str) -> str:
    """Return a word in IPA as a mark; `alternative` is said where that is not read. Neither has `<`, `>` or `"`."""
    return f'<phonemes alt="{alternative}">{ipa}</phonemes>'


def digits(text: str) -> str:
    """Return a number as a mark: it is said digit by digit."""
    return f"<digits>{text}</digits>"


def pause(milliseconds: int) -> str:
    """Return a break as a mark."""
    return f"<break time='{milliseconds}ms'/>"


def translated(
    text: str,
    *,
    phonemes: Callable[[str, str], str],
    digits: Callable[[str], str],
    pause: Callable[[int], str],
) -> str:
    """Return a text with its marks as a service has them.

    `phonemes` is given the IPA and what is said otherwise, `digits` what is said one by one, `pause` milliseconds.
    """
    if "<" not in text:
        return text

    def translate(found: re.Match[str]) -> str:
        name, attributes, content = found[1], found[2], found[3] or ""
        if name == "break":
            return pause(_milliseconds(attributes))
        if name == "digits":
            return digits(content) if content.strip() else ""
        alternative = _ALTERNATIVE.search(attributes)
        return phonemes(content, (alternative[1] or alternative[2] or "") if alternative else content)

    return _MARK.sub(translate, text)


def plain(text: str) -> str:
    """Return a text as a service can be given it that has no marks: in words and punctuation alone."""
    said = translated(text, phonemes=lambda _ipa, alternative: alternative, digits=_one_by_one, pause=lambda _: _PAUSE)
    return _PAUSES.sub(_comma, said)


def closing_pause(text: str) -> float:
    """Return the seconds of the breaks behind the last word of a text, for which no comma can stand."""
    pause = end = 0
    for found in _MARK.finditer(text):
        is_break = found[1] == "break"
        if not is_break or _WORD.search(text, end, found.start()):
            pause = 0
        if is_break:
            pause += _milliseconds(found[2])
        end = found.end()
    return 0.0 if _WORD.search(text, end) else min(MAX_PAUSE, pause) / 1000


def opens_with_break(text: str) -> bool:
    """Return True if there is a break before the first word of a text."""
    end = 0
    for found in _MARK.finditer(text):
        if _WORD.search(text, end, found.start()):
            return False
        if found[1] == "break":
            return True
        end = found.end()
    return False


def _milliseconds(attributes: str) -> int:
    if (time := _TIME.search(attributes)) is None:
        return USUAL_PAUSE
    return min(MAX_PAUSE, round(float(time[1]) * (1000 if time[2] == "s" else 1)))


def _one_by_one(text: str) -> str:
    """Return digits with spaces between them, and commas between their groups."""
    groups = [group for group in _SEPARATORS.split(text) if group]
    return ", ".join(_GROUP.sub(lambda found: f" {' '.join(found[0])} ", group).strip() for group in groups)


def _comma(found: re.Match[str]) -> str:
    """Return what stands for a break: a comma, unless there is a stop already."""
    text = found.string
    before, after = text[max(0, found.start() - 1) : found.start()], text[found.end() : found.end() + 1]
    if not before or not after or before in _OPENERS or after in _CLOSERS:
        return ""
    gap, comma = ("", "，") if _is_cjk(before) else (" ", "،" if "\u0600" <= before <= "\u06ff" else ",")
    return gap if before in _STOPS else f"{comma}{gap}"


def _is_cjk(character: str) -> bool:
    return "\u2e80" <= character <= "\u9fff" or "\uff00" <= character <= "\uff65"
