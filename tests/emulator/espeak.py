"""Real speech by espeak-ng, from the shared library that the espeakng-loader package carries."""

import ctypes
from functools import cache
import threading
from typing import Any
import unicodedata
import zlib

import espeakng_loader

from .sound import Sound
from .words import without_markup

# espeak-ng, speak_lib.h
_OUTPUT_SYNCHRONOUS = 2
_PARAMETER_RATE = 1
_CHARS_UTF8 = 1
_EVENT_END = 0
_EVENT_WORD = 1
_WORDS_PER_MINUTE = 170
_MIN_WORDS_PER_MINUTE = 80
_MAX_WORDS_PER_MINUTE = 450

# What espeak calls the languages whose code it does not have as it stands.
_ESPEAK_NAMES = {"en": "en-us", "zh": "cmn", "cn": "cmn", "od": "or", "no": "nb", "tl": "en-us", "brx": "hi", "doi": "hi",  # noqa: E501
                 "mai": "hi", "sa": "hi", "kok": "kok", "ks": "ur", "mni": "bn", "sat": "hi", "ne": "ne"}  # fmt: skip
_SCRIPTS = {
    "DEVANAGARI": "hi", "CJK": "zh", "HIRAGANA": "ja", "KATAKANA": "ja", "HANGUL": "ko", "CYRILLIC": "ru", "ARABIC": "ar",  # noqa: E501
    "HEBREW": "he", "ARMENIAN": "hy", "BENGALI": "bn", "GUJARATI": "gu", "KANNADA": "kn", "MALAYALAM": "ml",
    "GURMUKHI": "pa", "TAMIL": "ta", "TELUGU": "te", "ORIYA": "or",
}  # fmt: skip
_VARIANTS = ("", "+f2", "+m3", "+f4", "+m7", "+f1", "+m1", "+f3")

_lock = threading.Lock()
_spoken: list[bytes] = []
_words: dict[int, float] = {}


class _Event(ctypes.Structure):
    """espeak_EVENT; `text_position` counts characters from 1, `audio_position` is in ms, `id` a union of 8 bytes."""

    _fields_ = (
        ("type", ctypes.c_int), ("unique_identifier", ctypes.c_uint), ("text_position", ctypes.c_int),
        ("length", ctypes.c_int), ("audio_position", ctypes.c_int), ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p), ("id", ctypes.c_char * 8),
    )  # fmt: skip


def _collect(samples: int | None, count: int, events: Any) -> int:
    if samples and count > 0:
        _spoken.append(ctypes.string_at(samples, count * 2))
    index = 0
    while events and events[index].type != _EVENT_END:
        if events[index].type == _EVENT_WORD:
            _words.setdefault(events[index].text_position - 1, events[index].audio_position / 1000)
        index += 1
    return 0


# Kept for as long as the library may call it.
_callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(_Event))(_collect)


@cache
def _library() -> tuple[ctypes.CDLL, int]:
    """Load the library once for the process; returns it and the sample rate that it speaks at."""
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    library.espeak_Synth.argtypes = [
        ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int, ctypes.c_uint, ctypes.c_uint,
        ctypes.c_void_p, ctypes.c_void_p,
    ]  # fmt: skip
    library.espeak_SetVoiceByName.argtypes = [ctypes.c_char_p]
    data = str(espeakng_loader.get_data_path()).encode()
    sample_rate = library.espeak_Initialize(_OUTPUT_SYNCHRONOUS, 0, data, 0)
    if sample_rate <= 0:
        raise RuntimeError("espeak-ng did not start")
    library.espeak_SetSynthCallback(_callback)
    return library, sample_rate


def detect_language(text: str) -> str:
    """Return the language that the script of the text speaks for, English where it says nothing."""
    for character in text:
        if character.isalpha():
            script = unicodedata.name(character, "").split(" ", 1)[0]
            if language := _SCRIPTS.get(script):
                return language
    return "en"


def speech(text: str, *, language: str | None = None, voice: str = "", speed: float = 1.0) -> Sound:
    """Speak a text without its markup; blocks, one at a time. Text without words returns empty audio.

    `language` is an ISO 639 code or a BCP 47 tag; None detects it from the script. Voices differ in their timbre.
    """
    return timed_speech(text, language=language, voice=voice, speed=speed)[0]


def timed_speech(
    text: str, *, language: str | None = None, voice: str = "", speed: float = 1.0
) -> tuple[Sound, dict[int, float]]:
    """Speak the text as `speech` does.

    Returns also when each word begins, in seconds, by the place where it is written.
    """
    plain = without_markup(text).encode()
    primary = (language or detect_language(text)).replace("_", "-").split("-")[0].lower()
    name = _ESPEAK_NAMES.get(primary, primary)
    variant = _VARIANTS[zlib.crc32(voice.encode()) % len(_VARIANTS)]
    rate = min(_MAX_WORDS_PER_MINUTE, max(_MIN_WORDS_PER_MINUTE, round(_WORDS_PER_MINUTE * speed)))
    with _lock:
        library, sample_rate = _library()
        if library.espeak_SetVoiceByName(f"{name}{variant}".encode()):
            library.espeak_SetVoiceByName(f"en-us{variant}".encode())
        library.espeak_SetParameter(_PARAMETER_RATE, rate, 0)
        _spoken.clear()
        _words.clear()
        library.espeak_Synth(plain, len(plain) + 1, 0, 1, 0, _CHARS_UTF8, None, None)
        pcm = b"".join(_spoken)
        _spoken.clear()
        return Sound(pcm=pcm, sample_rate=sample_rate), dict(_words)
