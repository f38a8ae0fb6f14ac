"""Voices are brought to the same loudness, and nothing that is made louder is clipped."""

from array import array
from math import log10, pi, sin
import random

import pytest

from custom_components.streaming_tts.audio.level import (
    LIMIT_DBFS,
    MAX_CORRECTION,
    MAX_DRIFT,
    MEASURED_SECONDS,
    TARGET_LUFS,
    UNCHANGED,
    Level,
    LeveledAudio,
    Leveler,
    Limiter,
    LoudnessMeter,
    VoiceLoudness,
    gated,
)
from tests.emulator.sound import Sound, amplified, tone

RATES = (8000, 16000, 22050, 24000)
TEXT = "The washing machine has finished, and the window in the kitchen is open. It will rain tomorrow. " * 3


def sine(seconds: float, rate: int, decibels: float) -> bytes:
    """Return a pure tone of 997 Hz with such a peak."""
    peak = 32767 * 10 ** (decibels / 20)
    return array("h", (round(peak * sin(2 * pi * 997 * at / rate)) for at in range(int(seconds * rate)))).tobytes()


def measured(samples: bytes, rate: int) -> float:
    """Return the loudness of all audio, in LUFS."""
    found = gated(LoudnessMeter(rate).feed(samples))
    assert found is not None
    return found[0]


def peak(samples: bytes) -> float:
    """Return the level of the loudest sample in dBFS."""
    values = array("h", samples)
    return 20 * log10(max(*values, -min(values)) / 32768)


def leveled(samples: bytes, level: Level, rate: int = 24000, piece: int = 4096) -> bytes:
    """Return the output for samples that arrive in chunks."""
    leveler = Leveler(rate)
    pieces = [LeveledAudio(samples[at : at + piece], level) for at in range(0, len(samples), piece)]
    return b"".join([*map(leveler.feed, pieces), leveler.feed(None)])


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("decibels", [-40.0, -23.0, -6.0])
def test_a_pure_tone_is_as_loud_as_the_standard_says(rate: int, decibels: float) -> None:
    """A sine of 997 Hz at full scale is -3.01 LUFS; EBU Tech 3341 allows 0.1 LU."""
    assert measured(sine(3.0, rate, decibels), rate) == pytest.approx(decibels - 3.01, abs=0.1)


def test_pauses_do_not_count() -> None:
    """Half a minute of silence doesn't lower the loudness."""
    speech = sine(5.0, 24000, -20.0)
    assert measured(speech + bytes(2 * 24000 * 30), 24000) == pytest.approx(measured(speech, 24000), abs=0.2)


def test_nothing_is_known_of_silence() -> None:
    """It has no loudness."""
    assert gated(LoudnessMeter(24000).feed(bytes(96000))) is None
    assert gated([]) is None


@pytest.mark.parametrize("size", [160, 1000, 4096, 100_000])
def test_how_audio_arrives_changes_no_measurement(size: int) -> None:
    """In one piece or in many."""
    samples = tone(TEXT, 24000)
    meter = LoudnessMeter(24000)
    blocks = [block for at in range(0, len(samples), size) for block in meter.feed(samples[at : at + size])]
    assert blocks == LoudnessMeter(24000).feed(samples)


@pytest.mark.parametrize("lufs", [-29.0, -23.5, -18.0, -8.0])
def test_a_voice_is_brought_to_the_target(lufs: float) -> None:
    """By a gain that is known after ten seconds of speech, and stays."""
    samples = amplified(Sound(pcm=tone(TEXT, 24000), sample_rate=24000), lufs - measured(tone(TEXT, 24000), 24000)).pcm
    changes: list[float | None] = []
    voice = VoiceLoudness(lambda: changes.append(voice.correction))
    first = leveled(samples, Level(note=voice.note))
    assert first == samples
    assert changes == [voice.correction]
    assert voice.correction is not None
    assert voice.correction % 0.5 == 0
    assert measured(leveled(samples, Level(gain=voice.correction)), 24000) == pytest.approx(TARGET_LUFS, abs=1.0)


@pytest.mark.parametrize(("lufs", "correction"), [(-40.0, MAX_CORRECTION), (-3.0, -MAX_CORRECTION), (-18.2, 0.0)])
def test_no_voice_is_changed_by_more_than_its_bounds(lufs: float, correction: float) -> None:
    """One beyond them is at the nearest end."""
    assert VoiceLoudness(lambda: None, lufs).correction == correction


def test_a_few_words_are_not_enough() -> None:
    """Unknown is unknown; words of several utterances add up."""
    voice = VoiceLoudness(lambda: None)
    seconds = 0.0
    while voice.lufs is None:
        assert voice.correction is None
        voice.note([-25.0, -90.0] * 10)
        seconds += 1.0
    assert seconds == MEASURED_SECONDS
    assert voice.lufs == pytest.approx(-25.0)


@pytest.mark.parametrize(("now", "known"), [(-25.0 + MAX_DRIFT, -25.0), (-25.1 + -MAX_DRIFT, -25.1 - MAX_DRIFT)])
def test_a_known_loudness_changes_only_when_it_is_off(now: float, known: float) -> None:
    """Each change has everything spoken anew that was kept."""
    changes: list[None] = []
    voice = VoiceLoudness(lambda: changes.append(None), -25.0)
    voice.note([now] * 100)
    assert voice.lufs == pytest.approx(known)
    assert len(changes) == (now != -25.0 + MAX_DRIFT)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("piece", [2, 160, 4096, 48_000])
def test_the_limiter_gives_as_many_samples_as_it_takes(rate: int, piece: int) -> None:
    """Where they were: nothing is shifted."""
    samples = tone("Dinner is ready.", rate)[: 24_000 if piece > 2 else 2000]
    quiet = leveled(samples, Level(gain=0.001), rate, piece)
    assert len(quiet) == len(samples)
    assert max(map(abs, map(int.__sub__, array("h", quiet), array("h", samples)))) <= 2


def test_what_the_limiter_holds_back_is_5_ms() -> None:
    """And no more."""
    samples = sine(1.0, 24000, -6.0)
    assert len(samples) - len(Limiter(24000, 6.0).feed(samples)) <= 2 * 24000 * 0.005


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("gain", [0.5, 6.0, 20.0])
def test_nothing_exceeds_the_limit(rate: int, gain: float) -> None:
    """However loud it was before."""
    noise = random.Random(1)
    loud = array("h", (noise.randint(-32768, 32767) for _ in range(rate))).tobytes()
    for samples in (loud, sine(1.0, rate, 0.0), tone(TEXT[:40], rate)):
        assert peak(leveled(samples, Level(gain=gain), rate)) <= LIMIT_DBFS + 0.01


def test_what_is_below_the_limit_is_amplified_and_no_more() -> None:
    """6 dB are twice the level."""
    samples = sine(0.5, 24000, -20.0)
    louder = array("h", leveled(samples, Level(gain=6.0206)))
    assert max(abs(made - 2 * was) for made, was in zip(louder, array("h", samples), strict=True)) <= 2


def test_what_is_made_quieter_needs_no_limiter() -> None:
    """It is there at once."""
    samples = sine(0.1, 24000, -1.0)
    quieter = array("h", Leveler(24000).feed(LeveledAudio(samples, Level(gain=-6.0206))))
    assert max(abs(2 * made - was) for made, was in zip(quieter, array("h", samples), strict=True)) <= 2


def test_each_synthesizer_has_its_own_level() -> None:
    """The one before it comes out whole first; silence goes with what is before it, and is not measured."""
    blocks: list[float] = []
    leveler = Leveler(24000)
    samples = sine(0.5, 24000, -20.0)
    made = leveler.feed(LeveledAudio(samples, Level(gain=6.0206)))
    made += leveler.feed(LeveledAudio(bytes(48000)))
    second = Level(gain=-6.0206, note=blocks.extend)
    made += leveler.feed(LeveledAudio(samples, second)) + leveler.feed(LeveledAudio(bytes(48000)))
    made += leveler.feed(None)
    values, count = array("h", made), len(samples) // 2
    assert len(made) == 2 * len(samples) + 2 * 48000
    assert max(values[:count]) == pytest.approx(2 * max(array("h", samples)), abs=3)
    assert max(values[count + 24000 : 2 * count + 24000]) == pytest.approx(max(array("h", samples)) / 2, abs=3)
    assert len(blocks) == 2


def test_without_a_level_nothing_changes() -> None:
    """Sample for sample."""
    samples = tone(TEXT, 24000)
    assert leveled(samples, UNCHANGED) == samples
