"""What the emulator finds in a recording, and what it keeps of one."""

from array import array
import hashlib
from itertools import pairwise

import pytest

from .codec import Container
from .espeak import timed_speech
from .forms import parts
from .log import readable
from .recorded import clipped, followed_by_silence, noisy, silent, spoken
from .recordings import AudioType, audio_type, read_recording
from .sound import SECONDS_PER_CHARACTER, Sound, tone, tone_starts
from .words import timed_words

BOUNDARY = "multipart/form-data; boundary=xyz"


def form(*fields: tuple[str, bytes]) -> bytes:
    """Return a body of parts, each from its disposition and its content."""
    return b"".join(
        b"--xyz\r\nContent-Disposition: form-data; %b\r\n\r\n%b\r\n" % (disposition.encode(), data)
        for disposition, data in fields
    ) + (b"--xyz--\r\n")


@pytest.mark.parametrize("container", [Container.WAV, Container.MP3, Container.FLAC, Container.OPUS])
def test_speech_is_measured_in_every_container(container: Container) -> None:
    """By its contents."""
    recording = read_recording(spoken(5.0, container))

    assert recording.duration == pytest.approx(5.0, abs=0.1)
    assert recording.speech == pytest.approx(5.0, abs=0.5)
    assert recording.clear


def test_silence_behind_speech_is_no_speech() -> None:
    """However long it is."""
    recording = read_recording(followed_by_silence(2.0, 10.0))

    assert recording.duration == pytest.approx(12.0, abs=0.1)
    assert recording.speech == pytest.approx(2.0, abs=0.2)


@pytest.mark.parametrize("data", [silent(5.0), noisy(5.0), clipped(5.0)], ids=["silent", "noisy", "clipped"])
def test_what_nobody_understands_is_not_clear(data: bytes) -> None:
    """It has a length all the same."""
    recording = read_recording(data)

    assert recording.duration == pytest.approx(5.0, abs=0.1)
    assert not recording.clear


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"\xff\xd8\xff\xe0 a picture", b"RIFF\0\0\0\0WAVEnothing"],
    ids=["empty", "text", "jpeg", "wav"],
)
def test_what_is_no_audio_is_told(data: bytes) -> None:
    """Whatever it begins with."""
    with pytest.raises(ValueError, match=r"."):
        read_recording(data)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"RIFF\x24\0\0\0WAVEfmt ", AudioType.WAV),
        (b"FORM\0\0\0\0AIFF", AudioType.AIFF),
        (b"FORM\0\0\0\0AIFC", AudioType.AIFF),
        (b"ID3\x04", AudioType.MP3),
        (b"\xff\xfb\x90\x64", AudioType.MP3),
        (b"fLaC\0", AudioType.FLAC),
        (b"OggS\0", AudioType.OGG),
        (b"\0\0\0\x20ftypM4A ", AudioType.M4A),
        (b"RIFF\x24\0\0\0AVI ", None),
        (b"\xff", None),
        (b"", None),
    ],
)
def test_a_type_is_known_by_the_first_bytes(head: bytes, expected: AudioType | None) -> None:
    """As a service does, which does not believe a name."""
    assert audio_type(head) is expected


def test_a_form_gives_fields_and_files_unchanged() -> None:
    """Line ends within a file are its own."""
    data = bytes(range(256)) + b"\r\n\n\r--xy\r\n"
    found = parts(BOUNDARY, form(('name="title"', "Größe".encode()), ('name="audio"; filename="a.wav"', data)))

    assert {name: (part.data, part.filename) for name, part in found.items()} == {
        "title": ("Größe".encode(), None),
        "audio": (data, "a.wav"),
    }


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data", ""])
def test_what_is_no_form_has_no_parts(content_type: str) -> None:
    """Also where it has no boundary."""
    assert parts(content_type, form(('name="title"', b"x"))) == {}


def test_the_log_keeps_the_length_and_the_sum_of_a_recording() -> None:
    """Not the recording."""
    data = spoken(3.0)
    body = form(('name="name"', b"Grandmother"), ('name="audio"; filename="a.wav"', data), ('name="raw"', b"\xff\xfe"))

    assert readable(body, BOUNDARY) == {
        "name": "Grandmother",
        "audio": {"filename": "a.wav", "size": len(data), "sha256": hashlib.sha256(data).hexdigest()},
        "raw": {"size": 2, "sha256": hashlib.sha256(b"\xff\xfe").hexdigest()},
    }


@pytest.mark.parametrize("field", ["audio", "audioData", "ref_audio"])
def test_the_log_keeps_no_recording_in_json(field: str) -> None:
    """Wherever it is."""
    kept = readable(b'{"data": {"%b": "UklGRg==", "name": "x"}}' % field.encode(), "application/json")

    told = {"size": 8, "sha256": hashlib.sha256(b"UklGRg==").hexdigest()}
    assert kept == {"data": {field: told, "name": "x"}}


# When words are said


def test_words_of_the_tone_are_where_their_characters_sound() -> None:
    """They end 5 ms before the next begins, as notes do; punctuation is no word and its pause belongs to none."""
    text = "Hello, there. Now) go!"
    sound = Sound(pcm=tone(text, 24000), sample_rate=24000)

    words = timed_words(text, sound, dict(enumerate(tone_starts(text))))

    units = [(word.word, word.start / SECONDS_PER_CHARACTER, word.end / SECONDS_PER_CHARACTER) for word in words]
    assert [word for word, _, _ in units] == ["Hello", "there", "Now", "go"]
    assert [start for _, start, _ in units] == pytest.approx([0, 7, 16, 20])
    assert [end for _, _, end in units] == pytest.approx([5 - 0.1, 12 - 0.1, 20 - 0.1, 22 - 0.1], abs=0.05)


def test_words_of_speech_follow_one_another_in_its_sound() -> None:
    """Words don't overlap, the last one ends with the audio, and markup isn't a word."""
    text = 'Welcome to <break time="300ms"/> Async, it costs 3.50 dollars — सुप्रभात.'
    sound, starts = timed_speech(text, language="en")

    words = timed_words(text, sound, starts)

    assert [word.word for word in words] == ["Welcome", "to", "Async", "it", "costs", "3.50", "dollars", "सुप्रभात"]
    assert all(word.start < word.end for word in words)
    assert all(word.end <= following.start + 0.001 for word, following in pairwise(words))
    assert words[-1].end == pytest.approx(sound.duration, abs=0.2)


def test_words_of_speech_sound_where_they_are_said_to() -> None:
    """What is between two sentences is silence."""
    text = "One two three. Four five six."
    sound, starts = timed_speech(text, language="en")
    words = timed_words(text, sound, starts)

    gap = sound.pcm[round(words[2].end * sound.sample_rate) * 2 : round(words[3].start * sound.sample_rate) * 2]
    within = sound.pcm[round(words[2].start * sound.sample_rate) * 2 : round(words[2].end * sound.sample_rate) * 2]

    assert len(gap) / 2 / sound.sample_rate > 0.1
    assert max(map(abs, array("h", gap))) < 200 < max(map(abs, array("h", within)))


def test_a_text_without_words_has_none() -> None:
    """It's generated nevertheless."""
    sound = Sound(pcm=tone("...", 24000), sample_rate=24000)

    assert timed_words("... —", sound, {}) == []
