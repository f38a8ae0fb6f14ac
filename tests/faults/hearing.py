"""Convert audio back to text: the tone of the emulator is decoded note by note, for each voice.

Sentence ends and added silence have no note; an incomplete note shows an interruption.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
import string

import numpy as np

from tests.emulator.sound import PAUSE_CHARACTERS, SECONDS_PER_CHARACTER, tone, tone_characters

_KEY = 8
"""Samples that identify a note."""
_LETTERS = string.ascii_letters
_ALIKE = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """A decoded note: possible letters by voice; if `whole` is False, it's incomplete."""

    letters: frozenset[tuple[str, str]]
    whole: bool = True


BROKEN_OFF = Note(letters=frozenset(), whole=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """A text in sentences as a sequence of letters; `starts` are the starts of the sentences."""

    letters: str
    starts: tuple[int, ...]

    @classmethod
    def of(cls, sentences: Sequence[str]) -> Score:
        """Return the expected text of sentences."""
        starts, letters = [], ""
        for sentence in sentences:
            starts.append(len(letters))
            letters += "".join(letter for letter in sentence if letter in _LETTERS)
        return cls(letters=letters, starts=tuple(starts))

    def interrupted(self, place: int, *, within_note: bool) -> tuple[int, ...]:
        """Return the positions from which speech may restart after an interruption, the latest first.

        That is the interrupted sentence, or in doubt the one before; between two sentences, either of them.
        """
        if place in self.starts and not within_note:
            return (place, max((start for start in self.starts if start < place), default=0))
        return tuple(reversed([start for start in self.starts if start <= place][-2:]))


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """Consecutive letters spoken by one voice."""

    voice: str
    begin: int
    end: int


def _audible(sound: bytes) -> bytes:
    """Return the samples of PCM s16le that aren't zero; only pauses, also within a note, have zeros."""
    samples = np.frombuffer(sound, "<i2")
    return bytes(samples[samples != 0])


@lru_cache(maxsize=16)
def _notes(voices: frozenset[str], rate: int) -> dict[bytes, tuple[bytes, frozenset[tuple[str, str]]]]:
    """Return the notes of all letters in all voices, by their first samples."""
    size = 2 * round(rate * SECONDS_PER_CHARACTER)
    by_sound: dict[bytes, set[tuple[str, str]]] = {}
    for voice in voices:
        for letter in _LETTERS:
            note = _audible(tone(letter * PAUSE_CHARACTERS, rate, voice=voice)[:size])
            by_sound.setdefault(note, set()).add((voice, letter))
    return {note[: 2 * _KEY]: (note, frozenset(letters)) for note, letters in by_sound.items()}


def notes_of(sound: bytes, voices: frozenset[str], rate: int) -> Iterator[Note]:
    """Yield the notes in PCM s16le."""
    known = _notes(voices, rate)
    sound = _audible(sound)
    place = 0
    while place < len(sound):
        note, letters = known.get(sound[place : place + 2 * _KEY], (b"", frozenset()))
        if note and sound.startswith(note, place):
            place += len(note)
            yield Note(letters=letters)
            continue
        yield BROKEN_OFF
        begins = (at for at in range(place + 2, len(sound), 2) if sound[at : at + 2 * _KEY] in known)
        place = next(begins, len(sound))


def runs(heard: Sequence[Note], score: Score, voices: Sequence[str]) -> tuple[Run, ...] | None:
    """Return the runs of the text by voice: interrupted sentences are repeated, and nothing is missing.

    Only later voices in the order take over, and the last run ends with the audio. None if it's anything else.
    """
    return _runs(heard, score, voices, 0)


def _runs(heard: Sequence[Note], score: Score, voices: Sequence[str], begin: int) -> tuple[Run, ...] | None:
    for turn, voice in enumerate(voices):
        most = _matching(heard, score.letters[begin:], voice)
        # The first letters of a repeated sentence may be those that would have followed
        for count in range(most, max(-1, most - _ALIKE), -1):
            end = begin + count
            run = Run(voice=voice, begin=begin, end=end)
            broken = count < len(heard) and not heard[count].whole
            rest = heard[count + broken :]
            if not rest:
                return (run,)
            if not count and not broken:
                continue
            for again in score.interrupted(end, within_note=broken):
                if (following := _runs(rest, score, voices[turn:], again)) is not None:
                    return (run, *following)
    return None


def _matching(heard: Sequence[Note], letters: str, voice: str) -> int:
    """Return the number of notes that are the letters in a voice."""
    count = 0
    for note, letter in zip(heard, letters, strict=False):
        if (voice, letter) not in note.letters:
            break
        count += 1
    return count


def duration(text: str) -> float:
    """Return the duration of a text in seconds."""
    return tone_characters(text) * SECONDS_PER_CHARACTER
