"""Filter the characters of a text, and write it with normalized spaces.

In the input, surrogate halves are joined, control characters removed, and emoji replaced by a placeholder. The output
has single spaces, borders between paragraphs, and no gaps where markup was removed.
"""

from dataclasses import dataclass, field
import re

GONE = "\ufffc"
"""Placeholder of an emoji: it isn't spoken, but separates words."""

YES, NO, PLUS, MINUS, KEYCAP = "\ufff0", "\ufff1", "\ufff2", "\ufff3", "\ufff4"
"""Placeholders of emoji that may affect the meaning of a text. None of these code points is assigned."""

SENSES = {YES: "✅✔✓☑", NO: "❌✖✗✘❎✕☒", PLUS: "➕", MINUS: "➖"}

MAX_ALIKE = 6
"""Maximum repetitions of a sign, or of `!?!?`: more have no meaning, and take time to process."""

_LINE_END = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")

_SPACE = re.compile("[\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")

_KEYCAP = re.compile("\ufe0f?\u20e3")

_UNSPOKEN = re.compile(
    "[\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\ufff0-\uffff\ue000-\ue1ff\ue203-\uf8ff\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)
"""Control characters, text directions, soft hyphens, variation selectors, tags of flags, and private use except for
citations."""

_SENSE_OF = str.maketrans({sign: sense for sense, signs in SENSES.items() for sign in signs})

_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u2775\u2794-\u27bf\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u231a\u231b\u2328"
    "\u23cf\u23e9-\u23f3\u23f8-\u23fa\u25b6\u25c0\u25fb-\u25fe\u3030\u303d\u3297\u3299]"
)

ROW = re.compile(rf"([.!?…。！？]{{{MAX_ALIKE}}})[.!?…。！？]+|(([\W_])\3{{{MAX_ALIKE - 1}}})\3+")

LAST_ROW = re.compile(r"(?:[.!?…。！？]+|([\W_])\1*)\Z")

_SPACES = re.compile(r"\s+")

_CLOSERS = ".,!?;:…)]}»”’।॥؟،؛、。，．！？；：）」』】》〉"
"""No space is kept before these if the text before them was removed."""

CJK = re.compile(
    "[\u2e80-\u303f\u3041-\u30ff\u3100-\u312f\u31a0-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff65\U00020000-\U0003ffff]"
)

"""Chinese and Japanese scripts and punctuation, which have no spaces between words."""


def readable(text: str, *, emoji: bool) -> str:
    """Return a text without the characters that aren't spoken, and with or without emoji."""
    if text.isascii() and text.isprintable():
        return text
    text = _LINE_END.sub("\n", text)
    # Join surrogate halves, and remove single ones
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    text = _SPACE.sub(" ", text)
    if emoji:
        # Keycaps number list entries
        return _UNSPOKEN.sub("", _KEYCAP.sub(".", text))
    # Remove placeholders from the input before our own are added
    text = _KEYCAP.sub("\u20e3", text)
    text = _UNSPOKEN.sub("", text).replace("\u20e3", KEYCAP)
    return _EMOJI.sub(GONE, text.translate(_SENSE_OF))


@dataclass(slots=True)
class NormalizedText:
    r"""Collects words; a space is only written if a word follows it, and a border once.

    `last` is the last character that was written, `\n` after a border, empty at the start. `space` is whitespace since
    then that may become a space, and `is_gone` is True if markup was removed there. `out` is the text that was written
    and not taken.
    """

    out: list[str] = field(default_factory=list)
    last: str = ""
    space: str = ""
    is_gone: bool = False

    def write(self, text: str, *, is_tag: bool = False) -> None:
        """Write text, or a provider's tag, with a space before it if necessary; spaces inside text are collapsed."""
        if text[:1].isspace():
            self.space = self.space or " "
        if not (words := text.strip()):
            return
        following = words[0]
        if not self.space or self.last in {"", "\n"} or (self.is_gone and following in _CLOSERS):
            is_spaced = False
        else:  # A line end is a space, except between CJK characters
            is_spaced = self.space == " " or not (CJK.match(self.last) and CJK.match(following))
        # A sign must not form a tag with the text after it
        if is_spaced or (self.last == "<" and not is_tag and (following.isalpha() or following in "/!")):
            self.out.append(" ")
        self.out.append(words if is_tag else _SPACES.sub(" ", words))
        self.last = words[-1]
        self.space = " " if text[-1].isspace() else ""
        self.is_gone = False

    def gap(self) -> None:
        """Record that something between words was removed."""
        self.space = self.space or " "
        self.is_gone = True

    def comma(self) -> None:
        """Separate the following text with a comma, unless it is separated already."""
        self.space = ""
        if self.last not in {"", "\n"} and self.last not in ",;:.!?":
            self.write(",")
        self.space = " "

    def border(self) -> None:
        """End the sentence here."""
        if self.last not in {"", "\n"}:
            self.out.append("\n")
            self.last = "\n"
        self.space = ""
        self.is_gone = False
