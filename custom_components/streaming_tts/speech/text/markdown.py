"""Clean a text while it is streaming: return what is read aloud of it, independently of how it is chunked.

The state is the method that reads next: `_read_line` at the start of a line, where its kind is recognized; `_read_text`
within a line; `_skip_url` within a bare URL; `_skip_target` within the URL of a link; `_read_code` and `_keep_code` at
the start of and within a line of a code block; `_skip_hidden` within reasoning or a tool call.
Transitions: line -> text when the kind of the line is known, -> code at an opening fence; text -> line at the end of
the line, -> URL or target at a URL, and back after it; between the two states for code by lines, and -> line at the
closing fence; line or text -> hidden at an opening tag, -> line after the closing one. Invariants: the output doesn't
depend on how the text was split; output is never taken back; unclosed markup holds back a bounded number of characters.
"""

from collections.abc import Callable
from copy import deepcopy

import regex

from .characters import GONE, KEYCAP, LAST_ROW, MAX_ALIKE, MINUS, NO, PLUS, ROW, YES, NormalizedText, readable
from .marks import MARK_READERS, Action, Cursor, Line, LineKind, Token, Undecided, read_hidden
from .units import YES_AND_NO
from .word_lists import LEADING_WORDS

_SIGNS = regex.compile(
    r"[\n*_~`\[\]!<&#|\\($【\u200d\ue200-\ue202\ufff0-\ufff4\ufffc]|:(?=c|\Z)|(?<![\p{Latin}\d_])[hHwW]"
)

_TAG_SIGNS = regex.compile(r"[\n<\ue200-\ue202]")

_BULLETS = "*+•‣⁃◦∙·▪▫●○■□–—-"

_BEGINNINGS = (
    (LineKind.BLANK, regex.compile(r"\n")),
    (LineKind.FENCE, regex.compile(r"(?:`{3,}|~{3,})[^`\n]*\n")),
    (LineKind.RULE, regex.compile(r"([-*_=])[ ]*(?:\1[ ]*){2,}\n")),
    # The line between a table's head and its body
    (LineKind.RULE, regex.compile(r"(?=[ :-]*\|)(?=[ :|]*-)[-:| ]+\n")),
    # The definition of a link
    (LineKind.RULE, regex.compile(r"\[[^\[\]\n]{1,60}\]:[ ]*<?(?:https?:|/|#)[^\n]*\n")),
    (LineKind.TEXT, regex.compile(r"\[\^[^\[\]\s]{1,20}\]:[ ]")),
    (LineKind.HEADING, regex.compile(r"#{1,6}[ ]")),
    (LineKind.ITEM, regex.compile(r"[-*+][ ]+\[[ xX]\][ ]")),
    (LineKind.ITEM, regex.compile(rf"[{_BULLETS}][ ]")),
    (LineKind.ITEM, regex.compile(f"[{GONE}{YES}]|[{PLUS}{MINUS}](?=[ ]*[^\\d ])")),
    (LineKind.ROW, regex.compile(r"\|")),
    # A number is spoken, so it is kept
    (
        LineKind.ITEM,
        regex.compile(rf"(?=(?:[(（]?\d{{1,3}}(?:[.)．）、]|{KEYCAP})|[(（]?[A-Za-z]\)|[①-⑳]|{NO})(?=[^\d\s]|[ ]))"),
    ),
)
"""Kinds of lines by their start, which is skipped."""

_FIRST = regex.compile(r"[*_~`\"'“„«‹(\[¿¡]{0,8}([^*_~`\"'“„«‹(\[¿¡])")
"""The first letter of a line, after its markup."""

SHORT_LINE = 40
"""A line with fewer characters that starts in lower case and ends without punctuation wasn't wrapped: it is an entry
of a list without bullets."""

_JOINING = frozenset(",;،؛、，；(–—/&+")
"""Characters that don't end a sentence, and rarely a line."""

_JOINED = frozenset(",.;:!?)]}…»”’、。，．！？）」』】")
"""Characters that only start a line that continues the previous one."""

_URL = regex.compile(r"[!#-;=?-_a-z{}~\u00a1-\u052f]*")
"""Up to a space, a quote, a bracket `<>`, a bar, a backtick, or a script that doesn't occur in URLs, such as CJK
punctuation."""

_LINK_TARGET = regex.compile(r"[^\s()]*")

_LINK_TITLE = regex.compile(r"""[ ]+(?:"[^"\n]*"|'[^'\n]*')?[ ]*\)""")

_CLOSING_FENCE = regex.compile(r"[ >]*(`{3,}|~{3,})(?:[ ]*\n|[ ]+(?=[^\s`~]))")

_PROSE = regex.compile(r"""[*_]{0,3}\p{L}[^{}\[\]=<>;\\|$#`"\n]*[.!?…。！？।॥؟۔։][*_]{0,3}""")
"""A line that isn't code: it starts with a letter and ends like a sentence."""

_SETTING = regex.compile(r"\p{Ll}[\w-]*:|\S+\Z")
"""A line of code that may end like a sentence: a key with its value, or a single word."""

_MAX_WORD = 24
"""Characters at the end of a line that contain its last word."""

_MAX_TRAILING = 16
"""Maximum characters at the end of a URL that may still belong to the sentence around it."""


_MAX_CLOSER = 120
"""Maximum characters of the tag that closes hidden text."""


class Cleaner:
    r"""Turns raw chunks of a text into the text that is spoken.

    The output has single spaces, and `\n` where a sentence can't continue (a paragraph, a heading, a list entry). It is
    the same however the text is split, even within a character or a line end. Unclosed markup holds back at most
    `MAX_MARK` characters. Reasoning and tool calls are dropped as they arrive. Code is kept until it is known whether
    it was the complete response. `undecided` is text that is only held back because the very next character could turn
    it into markup.
    """

    def __init__(self, *, marks: bool = True, tags: frozenset[str] = frozenset(), language: str | None = None) -> None:
        """Remove markup and emoji, or (`marks` is False) only control characters and tags; `tags` are kept.

        `language` (BCP 47) selects the words for a tick and a cross.
        """
        self._marks = marks
        self._half = ""
        self._row = ""
        senses = YES_AND_NO.get((language or "").partition("-")[0].lower())
        self._cursor = Cursor(tags=tags, senses=senses)
        self._text = NormalizedText()
        self._step: Callable[[Cleaner, Cursor], int] = Cleaner._read_line
        self._before = Line()
        self._depth = 0
        self._wrapped = False
        self._closer: regex.Pattern | None = None
        self._fence = ""
        self._code: list[str] = []
        self._code_begin = 0
        self.has_hidden = False
        self.undecided = ""

    def feed(self, chunk: str) -> str:
        """Return the text that is certain to be spoken after this chunk."""
        text = self._half + chunk
        # Half of a character, or a carriage return that a line feed may follow
        is_half = text[-1:] == "\r" or "\ud800" <= text[-1:] <= "\udbff"
        self._half = text[-1:] if is_half else ""
        # A row of one sign or of terminators may continue in the next chunk
        row = self._row
        text = row + readable(text.removesuffix(self._half), emoji=not self._marks)
        text = ROW.sub(lambda found: found[1] or found[2], text)
        self._row = last.group() if (last := LAST_ROW.search(text, max(0, len(text) - MAX_ALIKE))) else ""
        self._cursor.text += text[len(row) :]
        return self._advance()

    def end(self) -> str:
        """Return the rest, including prose after the code in a code block that wasn't closed."""
        self._cursor.ended = True
        spoken = self.feed("\n")
        # Of the last code block, everything is spoken if there is no other text, otherwise only prose
        lines = "".join(self._code).splitlines()
        self._cursor.text, self._code = "", []
        if not self._text.last:
            self._cursor.text = "\n\n".join(lines) + "\n"
        elif self._step is Cleaner._read_code:
            prose = (n for n, line in enumerate(lines) if _PROSE.fullmatch(line) and not _SETTING.match(line))
            self._cursor.text = "".join(f"{line}\n" for line in lines[next(prose, len(lines)) :])
        self._step = Cleaner._read_line
        return spoken + self._advance()

    @property
    def is_settled(self) -> bool:
        """Return True if none of the text held back would be spoken, except for `undecided`."""
        is_unspoken = self._step in {Cleaner._read_code, Cleaner._keep_code, Cleaner._skip_hidden}
        return bool(is_unspoken or not self._cursor.text or self.undecided or not deepcopy(self).end().strip())

    def settle(self) -> str:
        """Return the undecided text, because nothing follows for now; text after a pause starts a new line."""
        cursor = self._cursor
        if self.undecided:
            self._text.write(cursor.text)
            cursor.previous, cursor.text = cursor.text, ""
        if self._step is Cleaner._read_text and not cursor.text:
            self._end_line()
        return self._advance()

    def _advance(self) -> str:
        """Read until more text is needed for a decision."""
        cursor = self._cursor
        try:
            while cursor.at < len(cursor.text):
                cursor.sign, cursor.last = cursor.text[cursor.at], self._text.last
                end = self._step(self, cursor)
                cursor.previous = cursor.text[end - 1] if end else cursor.previous
                cursor.at = end
        except Undecided:
            pass
        cursor.text, cursor.at = cursor.text[cursor.at :], 0
        self.undecided = (" " if self._text.space else "") + cursor.text if cursor.text in {"!", ":"} else ""
        written, self._text.out = "".join(self._text.out), []
        return written

    def _read_line(self, cursor: Cursor) -> int:
        """Read the start of a line."""
        sign, line = cursor.sign, cursor.line
        if sign == " ":
            line.indent += 1
            return cursor.at + 1
        if sign == ">" and self._marks:
            line.indent, line.is_quoted = 0, True
            return cursor.at + 1
        if sign in "<[◁" and (hidden := read_hidden(cursor)):
            return self._apply(hidden)
        begin, line.kind = cursor.at, LineKind.TEXT
        for kind, pattern in _BEGINNINGS if self._marks else _BEGINNINGS[:1]:
            if found := cursor.look(pattern):
                begin, line.kind = found.end(), kind
                break
        first = found[1] if (found := cursor.look(_FIRST)) else ""
        if is_border(self._before, line, first):
            self._text.border()
            line.is_entry = first.islower()
        else:
            self._text.space = self._text.space or "\n"
        if line.kind is LineKind.FENCE:
            self._begin_code(sign * 3)
        elif line.kind in {LineKind.RULE, LineKind.BLANK}:
            self._end_line()
        else:
            # An indented line after a list entry continues it
            if line.kind is LineKind.TEXT and self._before.kind is LineKind.ITEM and line.indent > 1:
                line.kind = LineKind.ITEM
            self._step = Cleaner._read_text
        return begin

    def _begin_code(self, fence: str) -> None:
        self._text.border()
        line = self._cursor.line
        self._cursor.line = Line(indent=line.indent, is_quoted=line.is_quoted)
        self._fence, self._code, self._code_begin = fence, [], 0
        self._step = Cleaner._read_code

    def _end_line(self) -> None:
        self._before = self._cursor.line
        self._before.last = self._text.last
        self._cursor.line = Line()
        if self._before.kind in {LineKind.HEADING, LineKind.ROW}:
            self._text.border()
        self._step = Cleaner._read_line

    def _read_text(self, cursor: Cursor) -> int:
        """Read plain text up to the next sign of markup, or that sign."""
        line = cursor.line
        found = (_SIGNS if self._marks else _TAG_SIGNS).search(cursor.text, cursor.at)
        end = found.start() if found else len(cursor.text)
        if end > cursor.at:
            piece = cursor.text[cursor.at : end]
            bare = piece.rstrip(" ")
            line.blanks = len(piece) - len(bare) + (0 if bare else line.blanks)
            line.length += len(piece)
            line.words = f"{line.words}{piece}"[-_MAX_WORD:]
            self._text.write(piece)
            return end
        if cursor.sign == "\n":
            self._end_line()
            return end + 1
        token = MARK_READERS[cursor.sign](cursor) or Token(end + 1, cursor.sign)
        line.length += token.end - end
        line.words = f"{line.words}{token.text}"[-_MAX_WORD:]
        line.blanks = 0
        return self._apply(token)

    def _apply(self, token: Token) -> int:
        """Apply a token; return where the text continues."""
        match token.action:
            case Action.WRITE if token.text:
                self._text.write(token.text)
            case Action.WRITE:
                self._text.is_gone = True
            case Action.VERBATIM:
                self._text.write(token.text, is_tag=True)
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
                self._step = Cleaner._skip_url
            case Action.TARGET:
                self._depth = 0
                self._step = Cleaner._skip_target
            case Action.SENSE:
                self._cursor.line.is_sensed = True
                self._text.write(token.text)
                self._text.gap()
            case Action.CODE:
                self._begin_code("```")
            case Action.HIDE:
                self._text.border()
                self._closer, self.has_hidden = token.closer, True
                self._step = Cleaner._skip_hidden
        return token.end

    def _skip_url(self, cursor: Cursor) -> int:
        """Skip a bare URL; punctuation at its end belongs to the sentence around it."""
        found = _URL.match(cursor.text, cursor.at)
        end = found.end() if found else cursor.at
        address = cursor.text[cursor.at : end]
        self._depth += address.count("(")
        bare = address.rstrip(".,!?;:*_'~]" if self._depth else ".,!?;:*_'~])")
        begin_of_rest = cursor.at + max(len(bare), len(address) - _MAX_TRAILING)
        if end == len(cursor.text):
            if begin_of_rest == cursor.at:
                raise Undecided
            return begin_of_rest
        self._step = Cleaner._read_text
        closed = self._wrapped and cursor.text[begin_of_rest] == ")"
        return begin_of_rest + closed

    def _skip_target(self, cursor: Cursor) -> int:
        """Skip the URL of a link up to its closing parenthesis, or up to a space if it is never closed."""
        found = _LINK_TARGET.match(cursor.text, cursor.at)
        end = found.end() if found else cursor.at
        if end == len(cursor.text):
            return end
        sign = cursor.text[end]
        if sign == "(":
            self._depth += 1
            return end + 1
        if sign == ")":
            end += 1
            if self._depth:
                self._depth -= 1
                return end
        elif end > cursor.at:
            return end
        elif title := cursor.look(_LINK_TITLE):
            end = title.end()
        self._step = Cleaner._read_text
        return end

    def _read_code(self, cursor: Cursor) -> int:
        """Read the start of a line in a code block."""
        if (found := cursor.look(_CLOSING_FENCE)) is None:
            self._step = Cleaner._keep_code
            return cursor.at
        if found[1].startswith(self._fence):
            self._end_code()
        else:
            self._code.append(found.group())
        return found.end()

    def _keep_code(self, cursor: Cursor) -> int:
        """Keep a line of code, whose end may also close the block."""
        end = cursor.text.find("\n", cursor.at) + 1
        self._code.append(cursor.text[cursor.at : end or len(cursor.text)])
        if not end:
            return len(cursor.text)
        self._step = Cleaner._read_code
        line = "".join(self._code[self._code_begin :]).rstrip()
        self._code_begin = len(self._code)
        if line.endswith(self._fence):
            self._code[-1:] = [line.rstrip(self._fence[0])]
            self._end_code()
        return end

    def _end_code(self) -> None:
        """Continue after a code block, which is dropped if there is other text."""
        if self._text.last:
            self._code = []
        self._cursor.line.kind = LineKind.FENCE
        self._end_line()

    def _skip_hidden(self, cursor: Cursor) -> int:
        """Skip hidden text up to its closing tag; a possible start of that is kept."""
        if self._closer is None or (found := self._closer.search(cursor.text, cursor.at)) is None:
            if cursor.ended:
                return len(cursor.text)
            begin = max(cursor.at, len(cursor.text) - _MAX_CLOSER)
            if begin == cursor.at:
                raise Undecided
            return begin
        self._before, cursor.line = Line(), Line()
        self._step = Cleaner._read_line
        return found.end()


def is_border(before: Line, line: Line, first: str) -> bool:
    """Return True if a sentence ends with the line before, judged by the first letter of the next one."""
    if line.kind is not LineKind.TEXT or before.kind not in {LineKind.TEXT, LineKind.ITEM}:
        return True
    if before.is_quoted != line.is_quoted or before.blanks > 1 or (before.kind is LineKind.ITEM and line.indent <= 1):
        return True
    word = "" if ":" in before.words else before.words.rstrip().rpartition(" ")[2].lower()
    if before.last in _JOINING or first in _JOINED or word in LEADING_WORDS:
        return False
    if not first.islower() or (before.is_entry and before.length < SHORT_LINE):
        return True
    return not (before.last.isalnum() or before.last in "-'’\"”»):.%°_")
