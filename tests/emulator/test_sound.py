"""What the emulator says: the tone, espeak-ng, and every container and encoding."""

import array
import itertools
import math

import pytest

from .codec import STREAMING_SIZE, Container, Encoding, decode, encode, resample, samples, wav_header
from .espeak import detect_language, speech
from .sarvam import Sarvam
from .settings import VoiceMode
from .sound import SPEECH_LUFS, TONE_LUFS, Sound, tone, tone_characters, tone_starts

RATES = [8000, 16000, 22050, 24000, 44100, 48000]
COMPRESSED = [Container.MP3, Container.OPUS, Container.FLAC, Container.AAC]


def values(pcm: bytes) -> list[int]:
    """Return the samples."""
    return array.array("h", pcm).tolist()


def energy(pcm: bytes) -> float:
    """Return the mean square of the samples."""
    return sum(value * value for value in values(pcm)) / (len(pcm) // 2)


@pytest.fixture
def sound() -> Sound:
    """Return a second and a half of tone."""
    return Sound(pcm=tone("What a player makes of it", 24000), sample_rate=24000)


# The tone


def test_tone_is_a_pure_function() -> None:
    """Of text, voice, rate and speed, and of nothing else."""
    asked = itertools.product(["Good morning", "Good evening"], [16000, 24000], ["anna", "berta"], [1.0, 1.5])
    tones = {
        (text, rate, voice, speed): tone(text, rate, voice=voice, speed=speed) for text, rate, voice, speed in asked
    }

    assert len(set(tones.values())) == 16
    assert all(tone(text, rate, voice=voice, speed=speed) == pcm for (text, rate, voice, speed), pcm in tones.items())


@pytest.mark.parametrize("rate", RATES)
def test_tone_is_as_long_as_its_text(rate: int) -> None:
    """60 ms per character, at least 0.2 s; whitespace is silent."""
    assert len(tone("abcdefghij", rate)) == 2 * 10 * round(0.06 * rate)
    assert len(tone("ab cde\nfghij ", rate)) == 2 * 10 * round(0.06 * rate)
    assert len(tone("abcdefghij", rate, speed=2.0)) == 2 * 10 * round(0.03 * rate)
    assert len(tone("a", rate)) == pytest.approx(2 * 0.2 * rate, abs=2)


def test_tone_does_not_care_how_the_text_was_cut() -> None:
    """So that a test knows the whole without knowing the pieces."""
    assert tone("First comes this. ", 24000) + tone("Then that?", 24000) == tone("First comes this. Then that?", 24000)


@pytest.mark.parametrize(
    ("mark", "characters"), [(",", 2), (";", 2), ("、", 2), ("،", 2), (".", 4), ("!", 4), ("。", 4)]
)
def test_tone_pauses_at_commas_and_longer_at_sentence_ends(mark: str, characters: int) -> None:
    """Silent, and no longer than its characters."""
    note = 2 * round(0.06 * 24000)
    before, pause, after = tone("First", 24000), bytes(characters * note), tone("then", 24000)

    assert tone(f"First{mark} then", 24000) == before + pause + after
    assert tone_characters(f"First{mark} then") == 9 + characters
    assert tone_starts(f"First{mark} then")[7] == pytest.approx((5 + characters) * 0.06)


@pytest.mark.parametrize("text", ["", " ", "...", ",", "a", "Hello.", "你好。", "🙂"])
def test_tone_is_neither_silent_nor_clipped(text: str) -> None:
    """Whatever there is to say."""
    pcm = tone(text, 16000)

    assert energy(pcm) > 1000
    assert max(abs(value) for value in values(pcm)) <= 8000


# Speech


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Hello world"),
        ("en-IN", "Hello world"),
        ("hi-IN", "नमस्ते दुनिया"),
        ("zh", "你好世界"),
        ("yue", "你好世界"),
        ("ta-IN", "வணக்கம்"),
        ("od-IN", "ନମସ୍କାର"),
        ("ja", "こんにちは"),
        ("ar", "مرحبا"),
        (None, "नमस्ते दुनिया"),
        ("no such language", "Hello world"),
    ],
)
def test_speech_is_heard_in_many_languages(language: str | None, text: str) -> None:
    """Loud enough, and about as long as a person takes."""
    spoken = speech(text, language=language)

    assert 0.3 < spoken.duration < 3
    assert energy(spoken.pcm) > 10000


def test_speech_depends_on_language_voice_and_speed() -> None:
    """With the expected length and volume; espeak adds noise, so that the samples differ."""
    plain = speech("Station", language="en")
    voices = [energy(speech("Station", language="en", voice=voice).pcm) for voice in "abcdefgh"]

    assert speech("Station", language="en").duration == pytest.approx(plain.duration, abs=0.01)
    assert speech("Station", language="de").duration > plain.duration + 0.1
    assert speech("Station", language="en", speed=1.5).duration < plain.duration - 0.1
    assert max(voices) > 1.2 * min(voices)


def test_speech_leaves_markup_out() -> None:
    """Tags are instructions, not words."""
    assert speech("Hello <break time='400ms'/> world").duration == pytest.approx(
        speech("Hello world").duration, abs=0.05
    )


@pytest.mark.parametrize(
    ("text", "language"), [("Hello", "en"), ("1, 2: नमस्ते", "hi"), ("你好", "zh"), ("かな", "ja"), ("123", "en")]
)
def test_language_is_known_by_its_script(text: str, language: str) -> None:
    """English where there is none."""
    assert detect_language(text) == language


# Containers and encodings


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("container", COMPRESSED)
def test_compressed_sound_is_the_same_sound(container: Container, rate: int) -> None:
    """As long and as loud, but for what the format adds at its ends."""
    sound = Sound(pcm=tone("What a player makes of it", rate), sample_rate=rate)

    played = decode(encode(sound, container), rate)

    assert played.duration == pytest.approx(sound.duration, abs=0.25)
    assert energy(played.pcm) == pytest.approx(energy(sound.pcm), rel=0.25)


@pytest.mark.parametrize("container", COMPRESSED)
def test_compressed_sound_starts_like_its_format(sound: Sound, container: Container) -> None:
    """No tags before it."""
    magic = {Container.MP3: b"\xff\xf3", Container.OPUS: b"OggS", Container.FLAC: b"fLaC", Container.AAC: b"\xff\xf1"}

    assert encode(sound, container).startswith(magic[container])


@pytest.mark.parametrize("container", [Container.WAV, Container.WAV_STREAM])
@pytest.mark.parametrize(
    ("encoding", "error"), [("pcm_s16le", 0), ("pcm_f32le", 0), ("pcm_mulaw", 260), ("pcm_alaw", 260)]
)
def test_wav_is_understood(sound: Sound, container: Container, encoding: str, error: int) -> None:
    """By a player that this project did not write, to the sample where nothing is lost."""
    played = decode(encode(sound, container, Encoding(encoding)), 24000)

    assert len(played.pcm) == len(sound.pcm)
    assert all(abs(a - b) <= error for a, b in zip(values(played.pcm), values(sound.pcm), strict=True))


def test_wav_header_says_the_size_or_that_it_is_not_known(sound: Sound) -> None:
    """Both sizes."""
    known = encode(sound, Container.WAV)
    unknown = encode(sound, Container.WAV_STREAM)

    assert int.from_bytes(known[4:8], "little") == len(known) - 8
    assert int.from_bytes(known[40:44], "little") == len(sound.pcm)
    assert unknown[4:8] == unknown[40:44] == STREAMING_SIZE.to_bytes(4, "little")
    assert unknown == wav_header(24000) + samples(sound.pcm, Encoding.S16LE)


def test_other_rate_is_the_same_sound(sound: Sound) -> None:
    """As long and as loud."""
    other = resample(sound, 16000)

    assert other.duration == pytest.approx(sound.duration, abs=0.01)
    assert energy(other.pcm) == pytest.approx(energy(sound.pcm), rel=0.1)


def test_what_is_no_audio_is_not_decoded() -> None:
    """It says so."""
    with pytest.raises(ValueError, match="ffmpeg"):
        decode(b"no audio at all", 24000)


@pytest.mark.parametrize("rate", RATES)
def test_tone_begins_and_ends_in_silence(rate: int) -> None:
    """A fade of 5 ms changes nothing, whatever the text; and no two samples are further apart than within a note."""
    edge = round(0.005 * rate)
    for text in ("a", "ab", "Good morning", "Is it? It is."):
        said = values(tone(text, rate))
        assert not any(said[: edge - 1])
        assert not any(said[1 - edge :])
    steps = [abs(one - other) for one, other in itertools.pairwise(values(tone("Good morning, everyone", rate)))]
    assert max(steps) <= 8000 * 2 * math.pi * 1501 / rate


@pytest.mark.parametrize("voice", [VoiceMode.TONE, VoiceMode.SPEECH])
async def test_a_service_is_as_loud_as_it_is_told(sarvam: Sarvam, voice: VoiceMode) -> None:
    """All of its voices, whatever they say."""
    sarvam.configure(voice=voice)
    natural = await sarvam.sound("Good evening, everyone.", sample_rate=24000, language="en")
    sarvam.configure(loudness=-40.0)
    quiet = await sarvam.sound("Good evening, everyone.", sample_rate=24000, language="en")
    wanted = -40.0 - (TONE_LUFS if voice is VoiceMode.TONE else SPEECH_LUFS)
    assert 10 * math.log10(energy(quiet.pcm) / energy(natural.pcm)) == pytest.approx(wanted, abs=0.1)
