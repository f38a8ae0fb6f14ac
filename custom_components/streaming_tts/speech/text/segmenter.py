"""Clean text as it grows, and the sentences that are finished in it."""

from collections.abc import Callable, Iterable

from ..speech_rate import weigh
from .characters import is_cjk
from .limit import behind_element, clause_ends, cut, has_tag, is_speakable
from .sentences import ENDER, leads_to_entry, sentence_ends

LOOK_AHEAD = 32
"""Characters behind the end of a sentence within which it is seen that it is one."""

_CONTEXT = 64
"""Characters before an ender that tell whether it ends a sentence."""

_CLOSERS = "'\"’”»›)]}」』）》】〕"

_STOPS = (*".!?…,;:–—-؟।॥،؛。！？，、；：｡．۔።။។៕։‼⁇⁈⁉", "/>")
"""What needs no stop behind it, a break included."""


def accept(_text: str) -> bool:
    """Return True: a service that has no limits of what it can speak."""
    return True


class Segmenter:
    r"""Cuts clean text, in which `\n` is a border, into sentences of limited length, the same however it arrives."""

    def __init__(
        self,
        *,
        language: str | None,
        most: int,
        length: Callable[[str], int],
        can_speak: Callable[[str], bool] = accept,
        said: Callable[[str], str] = str,
    ) -> None:
        """Cut for a language (BCP 47) into pieces of at most `most` characters that are also that long by `length`.

        A sentence that `can_speak` refuses is joined with the next one, or with the last one where none follows. `said`
        returns a sentence as it is said: where it ends is told from how it is written. `closing` are tags at the end of
        the text behind a sentence that was taken before.
        """
        self._said = said
        self._language = language
        self._most = most
        self._length = length
        self._can_speak = can_speak
        self._refused = ""
        self._sentences: list[str] = []
        self._pending = ""
        self._fresh = True
        self._searched = 0
        self.closing = ""

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return the finished sentences that have not been taken."""
        return tuple(self._sentences)

    @property
    def tail(self) -> str:
        """Return the text behind the last finished sentence."""
        return self._pending

    def feed(self, text: str) -> None:
        """Take more clean text."""
        *lines, rest = text.split("\n")
        for line in lines:
            self._append(line)
            self.flush()
        self._append(rest)
        self._finish_sentences()

    def end(self) -> None:
        """Finish what is there; a tag without anything to say belongs to what came before, or else is `closing`."""
        self.flush()
        tail, self._pending = self._pending.rstrip(), ""
        if tail and self._sentences and self._fits(with_tail := self._sentences[-1] + tail):
            self._sentences[-1] = with_tail
        else:
            self.closing = tail
        if self._refused and self._sentences and self._fits(joined := join((self._sentences[-1], self._refused))):
            self._sentences[-1] = joined
        self._refused = ""

    def flush(self) -> None:
        """Make sentences of all that is there; a tag without anything to say stays for what follows."""
        self._finish_sentences()
        while self._take_what_is_too_long():
            self._finish_sentences()
        if is_speakable(self._pending) or not has_tag(self._pending):
            self._take_off(len(self._pending))
        self._fresh = True

    def open_with_clause(self, minimum: float) -> bool:
        """Make a sentence of the clauses at the beginning, if they weigh enough; tell whether it was done."""
        if self._sentences:
            return False
        ends = [
            end
            for end in clause_ends(self._pending)
            if weigh(self._pending[:end]) >= minimum and self._can_speak(self._pending[:end])
        ]
        if ends:
            self._take_off(ends[-1])
        return bool(self._sentences)

    def take(self, count: int) -> tuple[str, ...]:
        """Remove the first sentences and return them."""
        taken = tuple(self._sentences[:count])
        del self._sentences[:count]
        return taken

    def _append(self, text: str) -> None:
        self._pending = self._pending + text if self._pending else text.lstrip()

    def _finish_sentences(self) -> None:
        """Take off what is certainly finished, and what is too long to become a sentence any more."""
        while self._take_known_sentences() or self._take_what_is_too_long(spare=LOOK_AHEAD):
            pass

    def _take_known_sentences(self) -> bool:
        """Take off the sentences whose ends are seen; tell whether there were any."""
        if ENDER.search(self._pending, self._searched) is None:
            self._searched = len(self._pending)
            return False
        # Tags are told from text only as a whole
        start = 0 if has_tag(self._pending) else max(0, self._searched - _CONTEXT)
        self._searched = max(0, len(self._pending) - LOOK_AHEAD)
        window = self._pending[: behind_element(self._pending, self._most + LOOK_AHEAD)]
        begin = 0
        for place in sentence_ends(window[start:], language=self._language, fresh=self._fresh and not start):
            end = start + place
            if not self._fits(window[begin:end]):
                break
            if is_speakable(window[begin:end]) or not has_tag(window[begin:end]):
                self._keep(window[begin:end])
                begin = end
        if begin:
            self._drop(begin, fresh=True)
        return begin > 0

    def _take_what_is_too_long(self, *, spare: int = 0) -> bool:
        """Take off a first piece if the text is too long even without its last `spare` characters; tell whether."""
        if self._fits(self._pending[: len(self._pending) - spare] if len(self._pending) > spare else ""):
            return False
        self._take_off(cut(self._pending, most=self._most, length=self._length))
        return True

    def _take_off(self, end: int) -> None:
        piece = self._pending[:end]
        self._keep(piece)
        self._drop(end, fresh=leads_to_entry(piece))

    def _keep(self, piece: str) -> None:
        """Keep a sentence, with what the service refused before it: alone that would fail the whole request."""
        if not is_speakable(piece):
            return
        sentence = self._said(piece.strip())
        while not self._fits(sentence):
            end = cut(sentence, most=self._most, length=self._length)
            self._offer(sentence[:end].rstrip())
            sentence = sentence[end:].lstrip()
        self._offer(sentence)

    def _offer(self, sentence: str) -> None:
        if self._refused and self._fits(joined := join((self._refused, sentence))):
            sentence = joined
        self._refused = "" if self._can_speak(sentence) else sentence
        if not self._refused:
            self._sentences.append(sentence)

    def _drop(self, end: int, *, fresh: bool) -> None:
        self._pending = self._pending[end:].lstrip()
        self._fresh = fresh
        self._searched = 0

    def _fits(self, text: str) -> bool:
        piece = text.strip()
        return len(piece) <= self._most and self._length(piece) <= self._most


def join(sentences: Iterable[str]) -> str:
    """Return sentences as one text; those without a stop (headings, entries of a list) get one if another follows."""
    text = ""
    for sentence in sentences:
        text += f"{_seam(text, sentence)}{sentence}" if text else sentence
    return text


def _seam(text: str, following: str) -> str:
    stop = "" if text.rstrip(_CLOSERS).endswith(_STOPS) else _stop_of(text)
    return stop + ("" if is_cjk((text + stop)[-1]) and is_cjk(following[0]) else " ")


def _stop_of(text: str) -> str:
    """Return the stop of the writing in which a text ends."""
    last = text.rstrip(_CLOSERS)[-1:]
    if last and is_cjk(last):
        return "。"
    return "।" if "\u0900" <= last <= "\u097f" else "."
