"""The clean text as it is written down: single spaces, borders between paragraphs, and no holes where marks were."""

import re

_SPACES = re.compile(r"\s+")

_CLOSERS = ".,!?;:…)]}»”’।॥؟،؛、。，．！？；：）」』】》〉"
"""In front of these there is no space, where what stood before them is gone."""

_CJK = re.compile(
    "[\u2e80-\u303f\u3041-\u30ff\u3100-\u312f\u31a0-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff65\U00020000-\U0003ffff]"
)


def is_cjk(character: str) -> bool:
    """Return True if it is Chinese or Japanese writing or punctuation, which has no spaces between words."""
    return _CJK.match(character) is not None


class NormalizedText:
    """Collects words; a space is written only when a word follows it, a border once."""

    def __init__(self) -> None:
        """Start with nothing written."""
        self._out: list[str] = []
        self._last = ""
        self._space = ""
        self._gone = False

    @property
    def last(self) -> str:
        r"""Return the last character that was written, `\n` behind a border, nothing at the start."""
        return self._last

    @property
    def space(self) -> str:
        """Return the space that is written before the next word, if any."""
        return " " if self._space else ""

    def take(self) -> str:
        """Return what was written since the last time."""
        text = "".join(self._out)
        self._out.clear()
        return text

    def write(self, text: str) -> None:
        """Write text with whatever spaces are in it."""
        words = text.strip()
        if text[:1].isspace():
            self._space = self._space or " "
        if not words:
            return
        self._put(_SPACES.sub(" ", words))
        if text[-1].isspace():
            self._space = " "

    def verbatim(self, text: str) -> None:
        """Write a provider's tag."""
        self._put(text, tag=True)

    def gap(self) -> None:
        """Note that something between words is gone."""
        self._space = self._space or " "
        self._gone = True

    def dropped(self) -> None:
        """Note that a mark is gone."""
        self._gone = True

    def line_end(self) -> None:
        """Note the end of a line within a paragraph: a space, except between CJK."""
        self._space = self._space or "\n"

    def comma(self) -> None:
        """Separate what follows, unless it is separate already."""
        self._space = ""
        if self._last not in {"", "\n"} and self._last not in ",;:.!?":
            self._put(",")
        self._space = " "

    def border(self) -> None:
        """End the sentence here."""
        if self._last not in {"", "\n"}:
            self._out.append("\n")
            self._last = "\n"
        self._space = ""
        self._gone = False

    def _put(self, words: str, *, tag: bool = False) -> None:
        if self._needs_space(words[0]) or (self._last == "<" and not tag and (words[0].isalpha() or words[0] in "/!")):
            # The second: no tag comes into being from a sign and what follows it
            self._out.append(" ")
        self._out.append(words)
        self._last = words[-1]
        self._space = ""
        self._gone = False

    def _needs_space(self, following: str) -> bool:
        if not self._space or self._last in {"", "\n"}:
            return False
        if self._gone and following in _CLOSERS:
            return False
        return self._space == " " or not (is_cjk(self._last) and is_cjk(following))
