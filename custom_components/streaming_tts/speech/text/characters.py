"""What arrives, character by character: halves joined, controls removed, emoji replaced by one mark."""

import re

GONE = "\ufffc"
"""Stands where an emoji was: nothing that is spoken, but a gap between words."""

MAX_ALIKE = 6
"""So many of the same sign in a row are kept, and of `!?!?`: more say nothing more, and cost time to read."""

_PAIR = re.compile("([\ud800-\udbff])([\udc00-\udfff])")

_SURROGATE = re.compile("[\ud800-\udfff]")

_LINE_END = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")

_SPACE = re.compile("[\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")

_KEYCAP = re.compile("\ufe0f?\u20e3")

_UNSPOKEN = re.compile(
    "[\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\ufff0-\uffff\ue000-\uf8ff\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)
"""Controls, directions, soft hyphens, variation selectors, tags of flags, private use."""

_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u2775\u2794-\u27bf\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u231a\u231b\u2328"
    "\u23cf\u23e9-\u23f3\u23f8-\u23fa\u25b6\u25c0\u25fb-\u25fe\u3030\u303d\u3297\u3299]"
)

_ROW = re.compile(rf"([.!?…。！？]{{{MAX_ALIKE}}})[.!?…。！？]+|(([\W_])\3{{{MAX_ALIKE - 1}}})\3+")

_LAST_ROW = re.compile(r"(?:[.!?…。！？]+|([\W_])\1*)\Z")


class CharacterNormalizer:
    """Reads pieces that were split anywhere, also between the halves of a character or of a line end."""

    def __init__(self, *, emoji: bool) -> None:
        """Read, and keep emoji or not."""
        self._emoji = emoji
        self._half = ""
        self._row = ""

    def feed(self, chunk: str) -> str:
        """Return what is certain with this piece."""
        text = self._half + chunk
        # A half character, or a carriage return that a line feed may follow
        self._half = text[-1:] if text[-1:] == "\r" or "\ud800" <= text[-1:] <= "\udbff" else ""
        return self._shorten(self.read(text.removesuffix(self._half)))

    def end(self) -> str:
        """Return what was held back."""
        rest, self._half = self._half, ""
        return self._shorten(self.read(rest))

    def read(self, text: str) -> str:
        """Return the characters of a whole text that matter."""
        if text.isascii() and text.isprintable():
            return text
        text = _PAIR.sub(_join_pair, text)
        text = _LINE_END.sub("\n", text)
        text = _SURROGATE.sub("", text)
        text = _SPACE.sub(" ", text)
        # They number the entries of lists
        text = _KEYCAP.sub(".", text)
        text = _UNSPOKEN.sub("", text)
        return text if self._emoji else _EMOJI.sub(GONE, text)

    def _shorten(self, text: str) -> str:
        """Shorten rows of one sign, and of enders, also those that go on from piece to piece."""
        row = self._row
        shortened = _ROW.sub(lambda found: found[1] or found[2], row + text)
        self._row = last.group() if (last := _LAST_ROW.search(shortened, max(0, len(shortened) - MAX_ALIKE))) else ""
        return shortened[len(row) :]


def _join_pair(pair: re.Match[str]) -> str:
    return chr(0x10000 + ((ord(pair[1]) - 0xD800) << 10) + (ord(pair[2]) - 0xDC00))
