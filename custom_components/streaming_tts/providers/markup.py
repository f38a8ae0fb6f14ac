"""Pronunciation tags in a text, common to all providers. Each provider translates or removes them.

Their syntax is that of AsyncFlow (docs/dev/protocols.md A10), with an additional attribute of `<phonemes>`: `alt` is
the text for services without IPA. Clean text contains no other tags.
"""

from collections.abc import Callable
import re

TAGS = frozenset({"break", "digits", "phonemes"})
"""The names of the tags."""

USUAL_PAUSE = 400
"""Duration of a break without a time, in milliseconds."""

MAX_PAUSE = 5000
"""Longest break in milliseconds, because the text may come from a language model."""

_MARK = re.compile(r"<(break|digits|phonemes)(?=[ />])([^<>]*?)(?:/>|>([^<>\n]*)</\1>)")

_ALTERNATIVE = re.compile(r"""[ ]alt=(?:"([^"]*)"|'([^']*)')""")

_TIME = re.compile(r"""[ ]time=["'](\d{1,6}(?:\.\d{1,6})?)(ms|s)["']""")

_GROUP = re.compile(r"\d+")

_WORD = re.compile(r"[^\W_]")
"""Matches a letter or digit, and so a word."""

_SEPARATORS = re.compile(r"[ ().-]+")
"""Separators between digits, which are skipped (docs/dev/protocols.md A10)."""

_PAUSE = "\ue000"
"""Placeholder for a break. Clean text contains no private-use characters."""

_PAUSES = re.compile(f" ?(?:{_PAUSE} ?)+")

_OPENERS = frozenset("([{«“‘„¿¡「『（《")

_CLOSERS = frozenset(".,;:!?…)]}»”’।॥،؛؟。、，；：！？」』）》")

_STOPS = frozenset(".,;:!?…–—।॥،؛؟。、，；：！？")


def phonemes(ipa: str, alternative: str) -> str:
    """Return a word in IPA as a tag, with its alternative as text. Neither may contain `<`, `>`, or `"`."""
    return f'<phonemes alt="{alternative}">{ipa}</phonemes>'


def digits(text: str) -> str:
    """Return a number as a tag, to be read digit by digit."""
    return f"<digits>{text}</digits>"


def pause(milliseconds: int) -> str:
    """Return a break as a tag."""
    return f"<break time='{milliseconds}ms'/>"


def translated(
    text: str,
    *,
    phonemes: Callable[[str, str], str],
    digits: Callable[[str], str],
    pause: Callable[[int], str],
) -> str:
    """Return a text with its tags translated for a service.

    `phonemes` receives the IPA and the alternative text, `digits` the number, and `pause` the milliseconds.
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
    """Return a text with its tags replaced by words and punctuation, for services without tags."""
    said = translated(text, phonemes=lambda _ipa, alternative: alternative, digits=_one_by_one, pause=lambda _: _PAUSE)
    return _PAUSES.sub(_comma, said)


def closing_pause(text: str) -> float:
    """Return the total duration of the breaks after the last word in seconds; no comma can replace them."""
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
    """Return True if a break precedes the first word of a text."""
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
    """Return digits separated by spaces, with commas between their groups."""
    groups = [group for group in _SEPARATORS.split(text) if group]
    return ", ".join(_GROUP.sub(lambda found: f" {' '.join(found[0])} ", group).strip() for group in groups)


def _comma(found: re.Match[str]) -> str:
    """Return the replacement of a break: a comma, unless there is other punctuation."""
    text = found.string
    before, after = text[max(0, found.start() - 1) : found.start()], text[found.end() : found.end() + 1]
    if not before or not after or before in _OPENERS or after in _CLOSERS:
        return ""
    gap, comma = ("", "，") if _is_cjk(before) else (" ", "،" if "\u0600" <= before <= "\u06ff" else ",")
    return gap if before in _STOPS else f"{comma}{gap}"


def _is_cjk(character: str) -> bool:
    return "\u2e80" <= character <= "\u9fff" or "\uff00" <= character <= "\uff65"
