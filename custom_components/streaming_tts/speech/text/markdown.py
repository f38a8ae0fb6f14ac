"""What is read aloud of a written text, while it is being written: cleaning that doesn't depend on how it arrives.

States (`_Mode`): LINE, the beginning of a line, where its kind is read; TEXT, within a line; URL, within a bare
address; TARGET, within the address of a link; CODE and CODE_LINE, at the beginning of and within a line of a block of
code; HIDDEN, within reasoning or a tool call. Transitions: LINE -> TEXT when the kind of the line is known, -> CODE at
an opening fence; TEXT -> LINE at the end of the line, -> URL or TARGET at an address, and back behind it; CODE <->
CODE_LINE by lines, CODE -> LINE at the closing fence; LINE or TEXT -> HIDDEN at an opening tag, and back behind what
closes it. Invariants: what comes out does not depend on how the text was split; what has come out is never taken back;
a mark that is not closed holds back a bounded number of characters.
"""

from copy import deepcopy
from enum import Enum, auto

import regex

from .characters import CharacterNormalizer
from .cursor import Action, Cursor, LineKind, Token
from .lines import LineEnd, first_letter, is_border, read_line_kind
from .marks import read_mark
from .unspoken import MAX_CLOSER, YES_AND_NO, read_hidden
from .writer import NormalizedText

_SIGNS = regex.compile(
    r"[\n*_~`\[\]!<&#|\\($【\u200d\ue200-\ue202\ufff0-\ufff4\ufffc]|:(?=c|\Z)|(?<![\p{Latin}\d_])[hHwW]"
)

_TAG_SIGNS = regex.compile(r"[\n<\ue200-\ue202]")

_URL = regex.compile(r"[!#-;=?-_a-z{}~\u00a1-\u052f]*")
"""Up to a space, a quote, a bracket `<>`, a bar, a backtick, or writing that does not occur in URLs, such as CJK
punctuation."""

_LINK_TARGET = regex.compile(r"[^\s()]*")

_LINK_TITLE = regex.compile(r"""[ ]+(?:"[^"\n]*"|'[^'\n]*')?[ ]*\)""")

_CLOSING_FENCE = regex.compile(r"[ >]*(`{3,}|~{3,})(?:[ ]*\n|[ ]+(?=[^\s`~]))")

_PROSE = regex.compile(r"""[*_]{0,3}\p{L}[^{}\[\]=<>;\\|$#`"\n]*[.!?…。！？।॥؟۔։][*_]{0,3}""")
"""A line that is no code: it begins with a letter and ends like a sentence."""

_SETTING = regex.compile(r"\p{Ll}[\w-]*:|\S+\Z")
"""A line of code that may end like a sentence: a key and its value, or a single word."""

_MAX_WORD = 24
"""Characters of a line that tell its last word."""

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
    HIDDEN = auto()
    """Reasoning, a tool call."""


class Cleaner:
    r"""Turns raw pieces of a text into what is spoken of it.

    What comes out has single spaces, and `\n` where a sentence can't go on (a paragraph, a heading, a list entry). It
    is the same however the text is split. A mark that has not been closed holds back at most `LONGEST_MARK` characters.
    Reasoning and tool calls are dropped as they come. Code is kept until it is known whether it was all of the answer.
    """

    def __init__(self, *, marks: bool = True, tags: frozenset[str] = frozenset(), language: str | None = None) -> None:
        """Clean marks and emoji away, or only control characters and tags; tags of these names pass.

        `language` (BCP 47) is that of the words for a tick and a cross.
        """
        self._marks = marks
        self._tags = tags
        self._senses = YES_AND_NO.get((language or "").partition("-")[0].lower())
        self._characters = CharacterNormalizer(emoji=not marks)
        self._text = NormalizedText()
        self._raw = ""
        self._before = ""
        self._ended = False
        self._mode = _Mode.LINE
        self._line = LineEnd(kind=LineKind.BLANK)
        self._kind = LineKind.BLANK
        self._length = 0
        self._indent = 0
        self._quoted = False
        self._words = ""
        self._blanks = 0
        self._is_entry = False
        self._sensed = False
        self._closer: regex.Pattern | None = None
        self._fence = ""
        self._code: list[str] = []
        self._code_begin = 0
        self.has_hidden = False
        self._depth = 0
        self._wrapped = False

    def feed(self, chunk: str) -> str:
        """Return what is certain to be spoken with this piece."""
        self._raw += self._characters.feed(chunk)
        return self._advance()

    def end(self) -> str:
        """Return the rest; of a block of code that was not closed only what is code stays out of it."""
        self._raw += self._characters.end() + "\n"
        self._ended = True
        spoken = self._advance()
        self._raw, self._code = self._spoken_code(), []
        self._mode = _Mode.LINE
        return spoken + self._advance()

    def _spoken_code(self) -> str:
        """Return what is spoken of the last block of code: all where there is nothing else, else what is none."""
        lines = "".join(self._code).splitlines()
        if not self._text.last:
            return "\n\n".join(lines) + "\n"
        if self._mode is _Mode.CODE:
            for number, line in enumerate(lines):
                if _PROSE.fullmatch(line) and not _SETTING.match(line):
                    return "\n".join(lines[number:]) + "\n"
        return ""

    def start_line(self) -> None:
        """Begin a new line: what comes next is another message, if it comes after a pause."""
        if self._mode is _Mode.TEXT and not self._raw:
            self._end_line()

    @property
    def is_settled(self) -> bool:
        """Return True if nothing that is held back would be spoken, `undecided` aside."""
        if not self._raw or self.undecided or self._mode in {_Mode.CODE, _Mode.CODE_LINE, _Mode.HIDDEN}:
            return True
        return not deepcopy(self).end().strip()

    @property
    def undecided(self) -> str:
        """Return what is held back only because the very next character could make a mark of it."""
        return self._text.space + self._raw if self._raw in {"!", ":"} else ""

    def settle(self) -> str:
        """Return what was undecided: nothing follows it for now."""
        if not self.undecided:
            return ""
        self._text.write(self._raw)
        self._before, self._raw = self._raw, ""
        return self._text.take()

    def _advance(self) -> str:
        """Read on as far as can be told."""
        at = 0
        while at < len(self._raw) and (following := self._step(at)) is not None:
            at = following
        if at:
            self._before = self._raw[at - 1]
            self._raw = self._raw[at:]
        return self._text.take()

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
            case _Mode.HIDDEN:
                return self._skip_hidden(at)

    def _cursor(self, at: int) -> Cursor:
        return Cursor(
            text=self._raw,
            at=at,
            before=self._before,
            ended=self._ended,
            tags=self._tags,
            last=self._text.last,
            length=self._length,
            kind=self._kind,
            sensed=self._sensed,
            senses=self._senses,
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
        if character in "<[◁" and isinstance(hidden := read_hidden(self._cursor(at)), Token | bool) and hidden:
            return None if hidden is True else self._apply(hidden)
        kind, begin = LineKind.TEXT, at
        if self._marks:
            if (line := read_line_kind(self._cursor(at))) is None:
                return None
            kind, begin = line.kind, line.begin
        if (first := first_letter(self._cursor(at))) is None:
            return None
        self._begin_line(kind, first)
        if kind is LineKind.FENCE:
            self._begin_code(character * 3)
        elif kind is LineKind.RULE:
            self._end_line()
        else:
            self._mode = _Mode.TEXT
        return begin

    def _begin_line(self, kind: LineKind, first: str) -> None:
        is_new = is_border(self._line, kind, indented=self._indent > 1, quoted=self._quoted, first=first)
        if is_new:
            self._text.border()
        else:
            self._text.line_end()
        self._kind, self._length, self._words, self._blanks = kind, 0, "", 0
        self._is_entry = is_new and first.islower()
        self._sensed = False
        # A sentence that goes on in an entry's next line is still that entry
        if kind is LineKind.TEXT and self._line.kind is LineKind.ITEM and self._indent > 1:
            self._kind = LineKind.ITEM

    def _begin_code(self, fence: str) -> None:
        self._text.border()
        self._fence, self._code, self._code_begin = fence, [], 0
        self._mode = _Mode.CODE

    def _end_line(self) -> None:
        self._line = LineEnd(
            kind=self._kind,
            length=self._length,
            quoted=self._quoted,
            last=self._text.last,
            word="" if ":" in self._words else self._words.rstrip().rpartition(" ")[2].lower(),
            is_entry=self._is_entry,
            is_broken=self._blanks > 1,
        )
        if self._kind in {LineKind.HEADING, LineKind.ROW}:
            self._text.border()
        self._indent, self._quoted = 0, False
        self._mode = _Mode.LINE

    def _read_text(self, at: int) -> int | None:
        """Read words up to the next sign, or a sign."""
        found = (_SIGNS if self._marks else _TAG_SIGNS).search(self._raw, at)
        end = found.start() if found else len(self._raw)
        if end > at:
            self._note(self._raw[at:end])
            self._text.write(self._raw[at:end])
            return end
        if self._raw[at] == "\n":
            self._end_line()
            return at + 1
        if (token := read_mark(self._cursor(at))) is None:
            return None
        self._length += token.end - at
        self._words = f"{self._words}{token.text}"[-_MAX_WORD:]
        self._blanks = 0
        return self._apply(token)

    def _note(self, piece: str) -> None:
        """Take note of how the line goes on."""
        bare = piece.rstrip(" ")
        self._blanks = len(piece) - len(bare) + (0 if bare else self._blanks)
        self._length += len(piece)
        self._words = f"{self._words}{piece}"[-_MAX_WORD:]

    def _apply(self, token: Token) -> int:
        """Do what a token says; return where the text goes on."""
        match token.action:
            case Action.WRITE if token.text:
                self._text.write(token.text)
            case Action.WRITE:
                self._text.dropped()
            case Action.VERBATIM:
                self._text.verbatim(token.text)
            case Action.GAP:
                self._text.gap()
            case Action.BORDER:
                self._text.border()
            case Action.COMMA:
                self._text.comma()
            case Action.ADDRESS:
                self._wrapped = token.wrapped
                self._depth = 0
                self._text.gap()
                self._mode = _Mode.URL
            case Action.TARGET:
                self._depth = 0
                self._mode = _Mode.TARGET
            case Action.SENSE:
                self._sensed = True
                self._text.write(token.text)
                self._text.gap()
            case Action.CODE:
                self._begin_code("```")
            case Action.HIDE:
                self._text.border()
                self._closer, self.has_hidden = token.closer, True
                self._mode = _Mode.HIDDEN
        return token.end

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
                title = self._cursor(end).look(_LINK_TITLE)
                if title is True:
                    return end if end > at else None
                if not isinstance(title, bool):
                    end = title.end()
        self._mode = _Mode.TEXT
        return end

    def _read_code(self, at: int) -> int | None:
        """Read the beginning of a line in a block of code."""
        match self._cursor(at).look(_CLOSING_FENCE):
            case True:
                return None
            case False:
                self._mode = _Mode.CODE_LINE
                return at
            case found:
                if found[1].startswith(self._fence):
                    self._end_code()
                else:
                    self._code.append(found.group())
                return found.end()

    def _skip_code(self, at: int) -> int:
        """Keep a line of code, at whose end the block may be closed, too."""
        end = self._raw.find("\n", at) + 1
        self._code.append(self._raw[at : end or len(self._raw)])
        if not end:
            return len(self._raw)
        self._mode = _Mode.CODE
        line = "".join(self._code[self._code_begin :]).rstrip()
        self._code_begin = len(self._code)
        if line.endswith(self._fence):
            self._code[-1:] = [line.rstrip(self._fence[0])]
            self._end_code()
        return end

    def _end_code(self) -> None:
        """Go on behind a block of code, which is forgotten where there is other text."""
        if self._text.last:
            self._code = []
        self._kind = LineKind.FENCE
        self._end_line()

    def _skip_hidden(self, at: int) -> int | None:
        """Skip what is hidden, to what closes it; what may be the beginning of that is kept."""
        if self._closer is None or (found := self._closer.search(self._raw, at)) is None:
            if self._ended:
                return len(self._raw)
            begin = max(at, len(self._raw) - MAX_CLOSER)
            return begin if begin > at else None
        self._line = LineEnd(kind=LineKind.BLANK)
        self._indent, self._quoted = 0, False
        self._mode = _Mode.LINE
        return found.end()
