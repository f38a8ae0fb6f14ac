"""Audio of the emulator: 16-bit mono PCM, and a tone that is a pure function of the text."""

from array import array
from dataclasses import dataclass
from functools import lru_cache
import math
from sys import byteorder
import zlib

SECONDS_PER_CHARACTER = 0.06
MIN_TONE_SECONDS = 0.2
PEAK = 8000
TONE_LUFS = -17.3
SPEECH_LUFS = -20.0
"""How loud both are by nature: the tone within half a unit, speech within one, by voice and text."""
SENTENCE_ENDS = frozenset(".!?。！？।॥…")
CLAUSE_ENDS = frozenset(",;、，；،؛")
PAUSE_CHARACTERS = 4
"""The pause after a sentence, in characters; sentences can be recognized in the audio."""
EDGE_SECONDS = 0.005
"""For which a note is silent at each end, and then rises or falls."""
CLAUSE_PAUSE_CHARACTERS = 2
"""A comma is a shorter pause, so that not each pause is the end of a sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sound:
    """Mono PCM, signed 16 bit, little-endian."""

    pcm: bytes
    sample_rate: int

    @property
    def duration(self) -> float:
        """In seconds."""
        return len(self.pcm) / 2 / self.sample_rate


def tone(text: str, sample_rate: int, *, voice: str = "", speed: float = 1.0) -> bytes:
    """Return the text as a tone, PCM s16le mono: 60 ms per character at speed 1, at least 0.2 s, never all silent.

    A sentence's end is a pause as long as four characters, a comma one as long as two. Every other character has a
    pitch that depends on it and on the voice, and nothing else, and white space has none. It is silent for 5 ms at both
    ends and rises and falls in 5 ms: nothing clicks, and a fade of 5 ms where texts meet changes nothing. So
    `tone(a + " " + b) == tone(a) + tone(b)`, as long as both are long enough not to be filled up to the shortest
    length: a test can compare sample for sample however the text was cut, and sees a sentence that is missing, doubled,
    cut or out of order. It is never clipped.
    """
    length = max(1, round(sample_rate * SECONDS_PER_CHARACTER / speed))
    characters = "".join(text.split())
    if all(_is_pause(character) for character in characters):
        characters += " "  # Without words, and audio is required
    pcm = b"".join(_note(character, voice, sample_rate, length) for character in characters)
    shortest = 2 * math.ceil(sample_rate * MIN_TONE_SECONDS)
    if len(pcm) < shortest:
        edge = bytes(2 * math.ceil(sample_rate * EDGE_SECONDS))
        pcm = (pcm * math.ceil(shortest / len(pcm)))[: shortest - len(edge)] + edge
    return pcm


def tone_starts(text: str, *, speed: float = 1.0) -> list[float]:
    """Return when each character of the text begins in its tone, in seconds, by the place where it is written."""
    starts, passed = [], 0
    for character in text:
        starts.append(passed * SECONDS_PER_CHARACTER / speed)
        passed += tone_characters(character)
    return starts


def tone_characters(text: str) -> int:
    """Return how many characters long the tone of a text is, pauses included and white space left out."""
    return sum(_length(character) for character in text)


def _length(character: str) -> int:
    if character in SENTENCE_ENDS:
        return PAUSE_CHARACTERS
    if character in CLAUSE_ENDS:
        return CLAUSE_PAUSE_CHARACTERS
    return 0 if character.isspace() else 1


def _is_pause(character: str) -> bool:
    return character in SENTENCE_ENDS or character in CLAUSE_ENDS


@lru_cache(maxsize=4096)
def _note(character: str, voice: str, sample_rate: int, length: int) -> bytes:
    """Return what stands for a character: `length` samples of a sine between 200 and 1500 Hz, or a pause."""
    if _is_pause(character):
        return bytes(2 * length * _length(character))
    frequency = 200 + zlib.crc32(f"{voice}\0{character}".encode()) % 1301
    step = 2 * math.pi * frequency / sample_rate
    edge = max(1, min(round(sample_rate * EDGE_SECONDS), length // 6))
    samples = array(
        "h", [round(PEAK * _envelope(index, length, edge) * math.sin(step * (index + 1))) for index in range(length)]
    )
    if byteorder == "big":
        samples.byteswap()
    return samples.tobytes()


def _envelope(index: int, length: int, edge: int) -> float:
    """Return how loud a note is at a sample: nothing at both ends, and half a cosine between that and the whole."""
    nearest = min(index, length - 1 - index)
    return (1 - math.cos(math.pi * min(1.0, max(0, nearest - edge) / edge))) / 2


def amplified(sound: Sound, decibels: float) -> Sound:
    """Return the audio with another volume, with clipping."""
    factor = 10 ** (decibels / 20)
    samples = array("h", sound.pcm)
    made = array("h", [max(-32768, min(32767, round(factor * sample))) for sample in samples])
    return Sound(pcm=made.tobytes(), sample_rate=sound.sample_rate)
