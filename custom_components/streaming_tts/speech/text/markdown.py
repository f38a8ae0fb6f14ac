"""What is read aloud of a written text, while it is being written: cleaning that doesn't depend on how it arrives."""

from copy import deepcopy
from enum import Enum, auto

import regex

from .characters import CharacterNormalizer
from .cursor import Action, Cursor, Token
from .lines import LineEnd, LineKind, is_border, read_line
from .marks import read_mark
from .writer import NormalizedText

_SIGNS = regex.compile(r"[\n*_~`\[\]!<&#|\\(\u200d\ufffc]|(?<![\p{Latin}\d_])[hHwW]")

_TAG_SIGNS = regex.compile(r"[\n<]")

_URL = regex.compile(r"[!#-;=?-_a-z{}~\u00a1-\u052f]*")
"""Up to a space, a quote, a bracket `<>`, a bar, a backtick, or writing that does not occur in URLs, such as CJK punctuation."""

_LINK_TARGET = regex.compile(r"[^\s()]*")

_LINK_TITLE = regex.compile(r"""[ ]+(?:"[^"\n]*"|'[^'\n]*')?[ ]*\)""")

_CLOSING_FENCE = regex.compile(r"[ >]*(`{3,}|~{3,})[ ]*\n")

_MAX_TRAILING = 16
"""Signs at the end of a URL that may still belong to the sentence around it."""


class _Mode(Enum):
    """What is being read."""

    LINE = auto()
    """The beginning of a line."""
    TEXT = auto()
    URL = auto()
    TARGET = auto()
    """The URL of a link."""
    CODE = auto()
    """The beginning of a line in a block of code."""
    CODE_LINE = auto()


class Cleaner:
    r"""Turns raw pieces of a text into what is spoken of it.

    What comes out has single spaces, and `\n` where a sentence can't go on (a paragraph, a heading, a list entry). It is
    the same however the text is split. A mark that has not been closed holds back at most `LONGEST_MARK` characters.
    """

    def __init__(self, *, marks: bool = True, tags: frozenset[str] = frozenset()) -> None:
        """Clean marks and emoji away, or only control characters and tags; tags of these names pass."""
        self._marks = marks
        self._tags = tags
        self._characters = CharacterNormalizer(emoji=not marks)
        self._writer = NormalizedText()
        self._raw = ""
        self._before = ""
        self._ended = False
        self._mode = _Mode.LINE
        self._line = LineEnd(kind=LineKind.BLANK, length=0, quoted=False, last="")
        self._kind = LineKind.BLANK
        self._length = 0
        self._indent = 0
        self._quoted = False
        self._fence = ""
        self._depth = 0
        self._wrapped = False

    def feed(self, chunk: str) -> str:
        """Return what is certain to be spoken with this piece."""
        self._raw += self._characters.feed(chunk)
        return self._advance()

    def end(self) -> str:
        """Return the rest."""
        self._raw += self._characters.end() + "\n"
        self._ended = True
        return self._advance()

    @property
    def is_settled(self) -> bool:
        """Tell whether nothing that is held back would be spoken, `undecided` aside."""
        return not self._raw or bool(self.undecided) or not deepcopy(self).end().strip()

    @property
    def undecided(self) -> str:
        """Return what is held back only because the very next character could make a mark of it."""
        return self._writer.space + self._raw if self._raw == "!" else ""

    def settle(self) -> str:
        """Return what was undecided: nothing follows it for now."""
        if not self.undecided:
            return ""
        self._writer.write(self._raw)
        self._before, self._raw = self._raw, ""
        return self._writer.take()

    def _advance(self) -> str:
        """Read on as far as can be told."""
        at = 0
        while at < len(self._raw) and (following := self._step(at)) is not None:
            at = following
        if at:
            self._before = self._raw[at - 1]
            self._raw = self._raw[at:]
        return self._writer.take()

    def _step(self, at: int) -> int | None:
        """Read one thing; return where it ends, or None if it is not known yet."""
        match self._mode:
            case _Mode.LINE:
                return self._read_line(at)
            case _Mode.TEXT:
                return self._read_text(at)
            case _Mode.URL:
                return self._read_url(at)
            case _Mode.TARGET:
                return self._read_target(at)
            case _Mode.CODE:
                return self._read_code(at)
            case _Mode.CODE_LINE:
                return self._skip_code(at)

    def _place(self, at: int) -> Cursor:
        return Cursor(
            text=self._raw,
            at=at,
            before=self._before,
            ended=self._ended,
            tags=self._tags,
            heading=self._kind is LineKind.HEADING,
            row=self._kind is LineKind.ROW,
        )

    def _read_line(self, at: int) -> int | None:
        """Read the beginning of a line."""
        character = self._raw[at]
        if character == " ":
            self._indent += 1
            return at + 1
        if character == ">" and self._marks:
            self._indent, self._quoted = 0, True
            return at + 1
        if character == "\n":
            self._begin_line(LineKind.BLANK, "\n")
            self._end_line()
            return at + 1
        kind, begin = LineKind.TEXT, at
        if self._marks:
            if (line := read_line(self._place(at))) is None:
                return None
            kind, begin = line.kind, line.begin
        self._begin_line(kind, character)
        if kind is LineKind.FENCE:
            self._fence = character * 3
            self._mode = _Mode.CODE
        elif kind is LineKind.RULE:
            self._end_line()
        else:
            self._mode = _Mode.TEXT
        return begin

    def _begin_line(self, kind: LineKind, first: str) -> None:
        if is_border(self._line, kind, indented=self._indent > 1, quoted=self._quoted, first=first):
            self._writer.border()
        else:
            self._writer.line_end()
        self._kind, self._length = kind, 0
        # A sentence that goes on in an entry's next line is still that entry
        if kind is LineKind.TEXT and self._line.kind is LineKind.ITEM and self._indent > 1:
            self._kind = LineKind.ITEM

    def _end_line(self) -> None:
        self._line = LineEnd(kind=self._kind, length=self._length, quoted=self._quoted, last=self._writer.last)
        if self._kind in {LineKind.HEADING, LineKind.ROW}:
            self._writer.border()
        self._indent, self._quoted = 0, False
        self._mode = _Mode.LINE

    def _read_text(self, at: int) -> int | None:
        """Read words up to the next sign, or a sign."""
        found = (_SIGNS if self._marks else _TAG_SIGNS).search(self._raw, at)
        end = found.start() if found else len(self._raw)
        if end > at:
            self._writer.write(self._raw[at:end])
            self._length += end - at
            return end
        if self._raw[at] == "\n":
            self._end_line()
            return at + 1
        if (mark := read_mark(self._place(at))) is None:
            return None
        self._length += mark.end - at
        self._apply(mark)
        return mark.end

    def _apply(self, mark: Token) -> None:
        match mark.effect:
            case Action.WRITE if mark.text:
                self._writer.write(mark.text)
            case Action.WRITE:
                self._writer.dropped()
            case Action.VERBATIM:
                self._writer.verbatim(mark.text)
            case Action.GAP:
                self._writer.gap()
            case Action.BORDER:
                self._writer.border()
            case Action.COMMA:
                self._writer.comma()
            case Action.ADDRESS:
                self._wrapped = mark.wrapped
                self._depth = 0
                self._writer.gap()
                self._mode = _Mode.URL
            case Action.TARGET:
                self._depth = 0
                self._mode = _Mode.TARGET

    def _read_url(self, at: int) -> int | None:
        """Skip a bare URL; punctuation at its end belongs to the sentence around it."""
        found = _URL.match(self._raw, at)
        end = found.end() if found else at
        address = self._raw[at:end]
        self._depth += address.count("(")
        bare = address.rstrip(".,!?;:*_'~]" if self._depth else ".,!?;:*_'~])")
        begin_of_rest = at + max(len(bare), len(address) - _MAX_TRAILING)
        if end == len(self._raw):
            return begin_of_rest if begin_of_rest > at else None
        self._mode = _Mode.TEXT
        closed = self._wrapped and self._raw[begin_of_rest] == ")"
        return begin_of_rest + closed

    def _read_target(self, at: int) -> int | None:
        """Skip the URL of a link, to the parenthesis that closes it; one that is never closed ends at a space."""
        found = _LINK_TARGET.match(self._raw, at)
        end = found.end() if found else at
        if end == len(self._raw):
            return end
        match self._raw[end]:
            case "(":
                self._depth += 1
                return end + 1
            case ")" if self._depth:
                self._depth -= 1
                return end + 1
            case ")":
                end += 1
            case _:
                title = self._place(end).look(_LINK_TITLE)
                if title is True:
                    return end if end > at else None
                if not isinstance(title, bool):
                    end = title.end()
        self._mode = _Mode.TEXT
        return end

    def _read_code(self, at: int) -> int | None:
        """Read the beginning of a line in a block of code."""
        match self._place(at).look(_CLOSING_FENCE):
            case True:
                return None
            case False:
                self._mode = _Mode.CODE_LINE
                return at
            case found:
                if found[1].startswith(self._fence):
                    self._end_line()
                return found.end()

    def _skip_code(self, at: int) -> int:
        end = self._raw.find("\n", at)
        if end < 0:
            return len(self._raw)
        self._mode = _Mode.CODE
        return end + 1
