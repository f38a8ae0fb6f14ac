"""A text on its way to be spoken: raw pieces in, clean sentences out, as soon as they are certain."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
import math

from ...providers import markup
from ..speech_rate import weigh
from .characters import CJK
from .lexicon import PronunciationIndex
from .markdown import Cleaner
from .normalizer import FriendlyName, Normalizer
from .sentences import (
    ELEMENT,
    ENDER,
    MAX_ELEMENT,
    TAG,
    clause_ends,
    cut,
    is_finished,
    is_speakable,
    leads_to_entry,
    sentence_ends,
)

RULES_VERSION = 1
"""Goes up with every change of the rules in this folder that changes what is spoken: what is in caches is then old."""

_LOOK_AHEAD = 32
"""Characters behind the end of a sentence within which it is seen that it is one."""

_CONTEXT = 64
"""Characters before an ender that tell whether it ends a sentence."""

_CLOSERS = "'\"’”»›)]}」』）》】〕"

_STOPS = (*".!?…,;:–—-؟।॥،؛。！？，、；：｡．۔።။៕։‼⁇⁈⁉", "/>")
"""What needs no stop behind it, a break included."""

_CLAUSE_ENDS = (*",;:–—،؛、，；：",)


@dataclass(frozen=True, kw_only=True, slots=True)
class TextRules:
    """What may be read aloud and how long one piece may be.

    `language` (BCP 47) decides about numerals with a period. `clean` removes markdown, code, emoji and bare URLs.
    `tags` are the names of the provider's inline tags that pass (`break`, `digits`, `phonemes`: protocols A10); other
    tags are removed, their content stays. `normalizer` writes signs as words, the names of entities too where
    `friendly_name` has one, and `words` are those that are said otherwise than they are written: both read finished
    sentences, so that they hold nothing back, and what is in `words` is left to them. A piece has at most
    `max_characters` characters, and is at most as long by `length`, as the provider counts; tags stay whole where that
    is at least `MAX_MARK`. `can_speak` says whether the service accepts a piece alone; one that it refuses is joined
    with another.
    """

    language: str | None = None
    clean: bool = True
    tags: frozenset[str] = frozenset()
    normalizer: Normalizer | None = None
    friendly_name: FriendlyName | None = None
    words: PronunciationIndex | None = None
    max_characters: int = 2000
    length: Callable[[str], int] = len
    can_speak: Callable[[str], bool] = lambda _text: True


class TextBuffer:
    """Takes a text as it is written and offers its sentences. It has no clock: when to flush is for others to say.

    `sentences` are the finished ones that have not been taken, in order, the same however the text arrives. `ended`
    says that no other will follow, `capped` that there is something that is not offered. `closing_pause` are the
    seconds of breaks at the end of the text, behind a sentence that was taken before. `names_entity` says that there
    was an id of an entity: the same text may be said otherwise tomorrow.
    """

    def __init__(self, rules: TextRules, most: int | None = None) -> None:
        """Start empty, and offer whole sentences of at most `most` characters.

        They are counted as the provider counts them, with one between two sentences. A sentence that is longer than all
        that may be spoken, or that was begun with a clause, is cut where a clause or a word ends.
        """
        self._rules = rules
        self._most = rules.max_characters if most is None else min(rules.max_characters, most)
        self._left = math.inf if most is None else most
        self._cleaner = Cleaner(marks=rules.clean, tags=rules.tags, language=rules.language)
        self._pending = ""
        self._is_fresh = True
        self._searched = 0
        self._refused = ""
        self._is_begun = False
        self.sentences: list[str] = []
        self.ended = False
        self.capped = False
        self.closing_pause = 0.0
        self.names_entity = False

    @property
    def has_hidden(self) -> bool:
        """Return True if there was reasoning or a tool call in the text, which is not spoken."""
        return self._cleaner.has_hidden

    @property
    def tail(self) -> str:
        """Return the clean text behind the last finished sentence, without what may become a mark."""
        return "" if self.capped else (self._pending + self._cleaner.undecided).strip()

    @property
    def can_flush(self) -> bool:
        """Return True if the tail alone is a sentence: not an abbreviation, a numeral, or within a mark."""
        return is_finished(self.tail, self._rules.language) and self._cleaner.is_settled

    @property
    def ends_in_number(self) -> bool:
        """Return True if the tail ends in a number, whose unit may still come."""
        return self.tail[-1:].isdigit()

    def feed(self, chunk: str) -> None:
        """Take the next piece of the text, split anywhere; what comes behind the cap is let go."""
        if not self.capped:
            self._read(self._cleaner.feed(chunk))

    def take(self, count: int) -> tuple[str, ...]:
        """Remove the first finished sentences and return them."""
        taken = tuple(self.sentences[:count])
        del self.sentences[:count]
        return taken

    def flush(self) -> None:
        """Make finished sentences of the tail; a tag without anything to say stays for what follows."""
        self._read(self._cleaner.settle() + "\n")

    def open_with_clause(self, minimum: int) -> None:
        """Make a finished sentence of the tail's first clauses if there is no other.

        They have at least `minimum` characters, or fewer that take as long to say (CJK).
        """
        if self.sentences:
            return
        clauses = [self._pending[:end] for end in clause_ends(self._pending)]
        clauses = [each for each in clauses if weigh(each) >= minimum and self._rules.can_speak(each)]
        if clauses:
            self._take_off(len(clauses[-1]), is_fresh=leads_to_entry(clauses[-1]))

    def end(self) -> None:
        """Note that the text is complete; a tag without anything to say belongs to what came before it."""
        if self.capped:
            return
        self._read(self._cleaner.end() + "\n")
        self.ended = True
        tail, self._pending = self._pending.rstrip(), ""
        if tail and not (self.sentences and self._replace_last(self.sentences[-1] + tail)):
            self.closing_pause = markup.closing_pause(tail)
        if self._refused and self.sentences:
            self._replace_last(join((self.sentences[-1], self._refused)))

    def _read(self, clean: str) -> None:
        r"""Take more clean text, in which `\n` is a border: a tag without anything to say stays for what follows it."""
        *lines, rest = clean.split("\n")
        for line in lines:
            self._pending = (self._pending + line).lstrip()
            self._finish_sentences(0)
            if is_speakable(self._pending) or not TAG.search(self._pending):
                self._take_off(len(self._pending))
            self._is_fresh = True
        self._pending = (self._pending + rest).lstrip()
        self._finish_sentences(_LOOK_AHEAD)

    def _finish_sentences(self, spare: int) -> None:
        """Take off what is certainly finished, and a piece of what is too long even without its last characters."""
        while True:
            pending, reach, ends = self._pending, self._most + _LOOK_AHEAD, [0]
            if ENDER.search(pending, self._searched) is None:
                self._searched = len(pending)
            else:
                # Tags are told from text only as a whole
                start = 0 if TAG.search(pending) else max(0, self._searched - _CONTEXT)
                self._searched = max(0, len(pending) - _LOOK_AHEAD)
                tags = ELEMENT.finditer(pending, max(0, reach - MAX_ELEMENT), reach + MAX_ELEMENT)
                window = pending[start : next((tag.end() for tag in tags if tag.start() < reach < tag.end()), reach)]
                for end in sentence_ends(window, language=self._rules.language, fresh=self._is_fresh and not start):
                    sentence = pending[ends[-1] : start + end]
                    if not self._fits(sentence):
                        break
                    if is_speakable(sentence) or not TAG.search(sentence):
                        ends.append(start + end)
            if len(ends) > 1:
                self._take_off(*ends[1:])
            elif self._fits(pending[: max(0, len(pending) - spare)]):
                return
            else:
                end = cut(pending, most=self._most, length=self._rules.length)
                self._take_off(end, is_fresh=leads_to_entry(pending[:end]))

    def _take_off(self, *ends: int, is_fresh: bool = True) -> None:
        """Make sentences of what ends at these places; `is_fresh` says that a sentence begins behind them."""
        rules, begin = self._rules, 0
        name = None if rules.friendly_name is None else self._name_of
        for end in ends:
            piece, begin = self._pending[begin:end].strip(), end
            if not is_speakable(piece):
                continue
            # As it is said: where it ends is told from how it is written
            sentence = piece
            if rules.normalizer is not None:
                sentence = rules.normalizer.normalize(sentence, friendly_name=name, lexicon=rules.words)
            if rules.words is not None:
                sentence = rules.words.replace(sentence)
            while not self._fits(sentence):
                end_of_part = cut(sentence, most=self._most, length=rules.length)
                self._offer(sentence[:end_of_part].rstrip())
                sentence = sentence[end_of_part:].lstrip()
            self._offer(sentence)
        self._pending = self._pending[begin:].lstrip()
        self._is_fresh = is_fresh
        self._searched = 0

    def _name_of(self, entity_id: str) -> str | None:
        name = None if self._rules.friendly_name is None else self._rules.friendly_name(entity_id)
        self.names_entity |= name is not None
        return name

    def _offer(self, sentence: str) -> None:
        """Offer a sentence, with what the service refused before it: alone that would fail the whole request."""
        if self.capped:
            return
        if self._refused and self._fits(joined := join((self._refused, sentence))):
            sentence = joined
        self._refused = "" if self._rules.can_speak(sentence) else sentence
        if self._refused:
            return
        if (length := self._rules.length(sentence)) > self._left:
            self.capped = self.ended = True
            sentence = self._beginning(sentence, int(self._left)) if self._is_begun and self._left > 0 else ""
        if sentence:
            self.sentences.append(sentence)
            self._left -= length + 1
            self._is_begun = sentence.endswith(_CLAUSE_ENDS)

    def _beginning(self, sentence: str, most: int) -> str:
        """Return what of a sentence may still be spoken, nothing where that would end within a word."""
        end = cut(sentence, most=most, length=self._rules.length)
        is_within_word = sentence[end - 1 : end + 1].isalnum() and " " in sentence
        return "" if is_within_word else sentence[:end].strip()

    def _replace_last(self, sentence: str) -> bool:
        """Put a longer sentence in the place of the last one, unless it is too long; tell whether it was done."""
        room = self._left + 1 + self._rules.length(self.sentences[-1])
        if not self._fits(sentence) or self._rules.length(sentence) > room:
            return False
        self.sentences[-1] = sentence
        return True

    def _fits(self, text: str) -> bool:
        piece = text.strip()
        return len(piece) <= self._most and self._rules.length(piece) <= self._most


def join(sentences: Iterable[str]) -> str:
    """Return sentences as one text; those without a stop (headings, entries of a list) get one if another follows."""
    text = ""
    for sentence in sentences:
        if text:
            bare = text.rstrip(_CLOSERS)
            if not bare.endswith(_STOPS):  # The stop of the writing in which the text ends
                text += "。" if CJK.match(bare[-1:]) else "।" if "\u0900" <= bare[-1:] <= "\u097f" else "."
            text += "" if CJK.match(text[-1]) and CJK.match(sentence[0]) else " "
        text += sentence
    return text
