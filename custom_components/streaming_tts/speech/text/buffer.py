"""Split a text into clean sentences while it is streaming, each as soon as it is certain."""

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
"""Incremented by each change in this folder that affects what is spoken: older cached audio is then outdated."""

_LOOK_AHEAD = 32
"""Characters after the end of a sentence that show that it is one."""

_CONTEXT = 64
"""Characters before a terminator that decide whether it ends a sentence."""

_CLOSERS = "'\"’”»›)]}」』）》】〕"

_STOPS = (*".!?…,;:–—-؟।॥،؛。！？，、；：｡．۔።။៕։‼⁇⁈⁉", "/>")
"""Endings of a sentence that need no period, including a break."""

_CLAUSE_ENDS = (*",;:–—،؛、，；：",)


@dataclass(frozen=True, kw_only=True, slots=True)
class TextRules:
    """What may be read aloud, and how long a piece may be.

    `language` (BCP 47) affects where sentences end, and the words for a tick and a cross. `clean` removes Markdown,
    code, emoji and bare URLs. `tags` are the names of the provider's inline tags that are kept (`break`, `digits`,
    `phonemes`: protocols A10); other tags are removed, their content is kept. `normalizer` writes signs as words, and
    entity IDs as names if `friendly_name` has one. `words` are the custom pronunciations, which take precedence over
    it. Both process finished sentences, so they don't delay the text. A piece has at most `max_characters` characters,
    and at most that length by the provider's `length`; tags aren't split if that is at least `MAX_MARK`. `can_speak`
    returns True if the service accepts a piece alone; a rejected one is joined with another.
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
    """Splits a text into sentences as it is written. It has no clock: the caller decides when to flush.

    `sentences` are the finished ones that haven't been taken, in order; they don't depend on how the text is chunked.
    `ended` is True if no more sentences follow, `capped` if text was dropped because of the limit. `closing_pause` are
    the seconds of breaks at the end of the text that can't be added to its last sentence. `names_entity` is True if the
    ID of an entity was replaced by its name, which may change.
    """

    def __init__(self, rules: TextRules, most: int | None = None) -> None:
        """Start empty, and offer complete sentences of at most `most` characters in total.

        Characters are counted like the provider does, with one between two sentences. A sentence is cut after a clause
        or a word if it alone exceeds the limit, or was started with a clause.
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
        """Return True if the text had reasoning or a tool call, which isn't spoken."""
        return self._cleaner.has_hidden

    @property
    def tail(self) -> str:
        """Return the clean text after the last finished sentence, without what may become markup."""
        return "" if self.capped else (self._pending + self._cleaner.undecided).strip()

    @property
    def can_flush(self) -> bool:
        """Return True if the tail alone is a sentence: not an abbreviation, a numeral, or inside markup."""
        return is_finished(self.tail, self._rules.language) and self._cleaner.is_settled

    @property
    def ends_in_number(self) -> bool:
        """Return True if the tail ends in a number, whose unit may still follow."""
        return self.tail[-1:].isdigit()

    def feed(self, chunk: str) -> None:
        """Add the next chunk of the text, split anywhere; text after the cap is dropped."""
        if not self.capped:
            self._read(self._cleaner.feed(chunk))

    def take(self, count: int) -> tuple[str, ...]:
        """Remove the first finished sentences and return them."""
        taken = tuple(self.sentences[:count])
        del self.sentences[:count]
        return taken

    def flush(self) -> None:
        """Finish the sentences in the tail; a tag without text is kept for what follows."""
        self._read(self._cleaner.settle() + "\n")

    def open_with_clause(self, minimum: int) -> None:
        """Finish a sentence with the tail's first clauses, if no other is finished.

        They have at least `minimum` characters, or fewer that take as long to say (CJK).
        """
        if self.sentences:
            return
        clauses = [self._pending[:end] for end in clause_ends(self._pending)]
        clauses = [each for each in clauses if weigh(each) >= minimum and self._rules.can_speak(each)]
        if clauses:
            self._take_off(len(clauses[-1]), is_fresh=leads_to_entry(clauses[-1]))

    def end(self) -> None:
        """Finish the text; a tag without text is added to the last sentence."""
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
        r"""Add clean text, in which `\n` is a border; a tag without text is kept for what follows it."""
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
        """Take off the finished sentences, and a part of text that is too long even without its last characters."""
        while True:
            pending, reach, ends = self._pending, self._most + _LOOK_AHEAD, [0]
            if ENDER.search(pending, self._searched) is None:
                self._searched = len(pending)
            else:
                # Only complete tags are recognized
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
        """Finish the sentences that end at these places; `is_fresh` is True if a sentence starts after them."""
        rules, begin = self._rules, 0
        name = None if rules.friendly_name is None else self._name_of
        for end in ends:
            piece, begin = self._pending[begin:end].strip(), end
            if not is_speakable(piece):
                continue
            # Only now in its spoken form: sentence ends depend on the written form
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
        """Offer a sentence, joined with text before it that the service rejects alone."""
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
        """Return the part of a sentence within the limit, or nothing if that would end within a word."""
        end = cut(sentence, most=most, length=self._rules.length)
        is_within_word = sentence[end - 1 : end + 1].isalnum() and " " in sentence
        return "" if is_within_word else sentence[:end].strip()

    def _replace_last(self, sentence: str) -> bool:
        """Replace the last sentence by a longer one, unless it is too long; return True if it was replaced."""
        room = self._left + 1 + self._rules.length(self.sentences[-1])
        if not self._fits(sentence) or self._rules.length(sentence) > room:
            return False
        self.sentences[-1] = sentence
        return True

    def _fits(self, text: str) -> bool:
        piece = text.strip()
        return len(piece) <= self._most and self._rules.length(piece) <= self._most


def join(sentences: Iterable[str]) -> str:
    """Return sentences as one text; those without final punctuation get a period if another one follows."""
    text = ""
    for sentence in sentences:
        if text:
            bare = text.rstrip(_CLOSERS)
            if not bare.endswith(_STOPS):  # The period of the script in which the text ends
                text += "。" if CJK.match(bare[-1:]) else "।" if "\u0900" <= bare[-1:] <= "\u097f" else "."
            text += "" if CJK.match(text[-1]) and CJK.match(sentence[0]) else " "
        text += sentence
    return text
