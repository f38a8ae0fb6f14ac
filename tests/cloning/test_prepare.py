"""Recordings before they are sent: what is understood, what it is made into, and what is refused."""

from array import array
import asyncio
from dataclasses import replace
import io
import os
from pathlib import Path
import wave

import imageio_ffmpeg
import pytest

from custom_components.streaming_tts.cloning import decode as decoder
from custom_components.streaming_tts.cloning.decode import decode
from custom_components.streaming_tts.cloning.flaws import FlawedRecording, RecordingProblem
from custom_components.streaming_tts.cloning.prepare import MAX_FILE_BYTES, PreparedRecording, prepare
from custom_components.streaming_tts.providers.capabilities import RecordingRules
from tests.emulator.recorded import clipped, followed_by_silence, silent, spoken
from tests.voice_files import KINDS, converted, recorded

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
ALL_KINDS = pytest.mark.parametrize("kind", KINDS)
CONVERTED = RecordingRules(
    least_seconds=4.0, most_seconds=12.0, advised_seconds=6.0, most_bytes=7_000_000, wav_rate=16000
)
ANY_RATE = RecordingRules(
    least_seconds=3.0, advised_seconds=5.0, most_bytes=10_000_000, file_types=frozenset({"wav", "mp3", "flac", "aiff"})
)
LITTLE_ROOM = replace(ANY_RATE, most_bytes=150_000)
PLAYLIST = b"#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1/secret.wav\n"
ADTS_FRAME = b"\xff\xf1\x50\x80\x02\x1f\xfc" + bytes(2000)
SECRET = "Anna Secret, 1 Hidden Street"


def tagged(kind: str, *options: str) -> bytes:
    """Return a recording that tells whose it is, as players and recorders write it."""
    told = [option for field in ("title", "artist", "comment", "date") for option in ("-metadata", f"{field}={SECRET}")]
    return converted(spoken(6.0), kind, *told, *options)


def behind_a_tag(flac: bytes) -> bytes:
    """Return a flac behind a tag of an mp3, as some programs write it."""
    frame = b"\x00" + SECRET.encode()
    frame = b"TPE1" + len(frame).to_bytes(4) + b"\0\0" + frame
    return b"ID3\x03\x00\x00\x00\x00\x00" + bytes([len(frame)]) + frame + flac


def with_chunk(wav: bytes) -> bytes:
    """Return a WAV with what a recorder for radio adds behind the sound."""
    chunk = b"bext" + (602).to_bytes(4, "little") + SECRET.encode().ljust(602, b"\0")
    size = int.from_bytes(wav[4:8], "little") + len(chunk)
    return wav[:4] + size.to_bytes(4, "little") + wav[8:] + chunk


TOLD = {
    "wav": with_chunk(tagged("wav")),
    "mp3": tagged("mp3")
    + b"LYRICSBEGIN"
    + SECRET.encode()
    + b"LYRICS200"
    + (b"TAG" + SECRET.encode()).ljust(128, b"\0"),
    "flac": behind_a_tag(tagged("flac")) + (b"TAG" + SECRET.encode()).ljust(128, b"\0"),
    "aiff": tagged("aiff", "-write_id3v2", "1"),
    "m4a": tagged("m4a"),
    "ogg": tagged("ogg"),
    "opus": tagged("opus"),
}
"""A recording of each kind that tells whose it is."""
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(2000)


async def prepared(content: bytes, suffix: str, rules: RecordingRules = CONVERTED) -> PreparedRecording:
    """Return a recording as it is sent."""
    return await prepare(FFMPEG, content, suffix, rules)


async def flaw_of(content: bytes, suffix: str, rules: RecordingRules = CONVERTED) -> FlawedRecording:
    """Return why a recording is not sent."""
    with pytest.raises(FlawedRecording) as refused:
        await prepared(content, suffix, rules)
    return refused.value


def samples_of(wav: bytes) -> tuple[int, int, array[int]]:
    """Return rate, channels and samples of a WAV file."""
    with wave.open(io.BytesIO(wav)) as file:
        assert file.getsampwidth() == 2
        return file.getframerate(), file.getnchannels(), array("h", file.readframes(file.getnframes()))


@ALL_KINDS
@pytest.mark.parametrize("channels", [1, 2])
async def test_each_kind_becomes_the_wav_that_is_wanted(kind: str, channels: int) -> None:
    """At 16 kHz, mono, of the same length and not silent, whatever it was."""
    recording = await prepared(recorded(kind, channels=channels), kind)
    rate, heard_channels, samples = samples_of(recording.audio)
    assert (rate, heard_channels, recording.file_type) == (16000, 1, "wav")
    assert len(samples) / rate == pytest.approx(6.0, abs=0.15)
    assert recording.seconds == pytest.approx(6.0, abs=0.15)
    assert max(samples) > 3000


@ALL_KINDS
async def test_a_provider_that_takes_any_rate_gets_a_wav_at_that_of_the_recording(kind: str) -> None:
    """Nothing is lost by that."""
    recording = await prepared(recorded(kind, rate=32000), kind, ANY_RATE)
    rate, channels, samples = samples_of(recording.audio)
    assert (rate, channels, recording.file_type) == (48000 if kind == "opus" else 32000, 1, "wav")
    assert max(samples) > 3000


@pytest.mark.parametrize("kind", ["flac", "aiff"])
async def test_a_recording_that_has_lost_nothing_keeps_every_sample(kind: str) -> None:
    """Where it only changes its container."""
    recording = await prepared(recorded(kind, rate=32000), kind, ANY_RATE)
    assert samples_of(recording.audio)[2] == samples_of(recorded("wav", rate=32000))[2]


async def test_a_long_recording_becomes_an_mp3() -> None:
    """Where a WAV would be larger than the provider takes; an mp3 may be too large as well."""
    rules = replace(ANY_RATE, most_bytes=200_000)
    recording = await prepared(recorded("wav"), "wav", rules)
    assert recording.file_type == "mp3"
    heard = await decode(FFMPEG, recording.audio, "mp3", most_seconds=30.0)
    assert heard.seconds == pytest.approx(6.0, abs=0.1)
    for tight in (replace(rules, most_bytes=100_000), replace(rules, file_types=frozenset({"wav", "flac"}))):
        refused = await flaw_of(recorded("wav"), "wav", tight)
        assert (refused.flaw, refused.details) == (RecordingProblem.TOO_LARGE, {"most": f"{tight.most_bytes / 1e6:g}"})


@pytest.mark.parametrize("rules", [CONVERTED, ANY_RATE, LITTLE_ROOM], ids=["16 kHz", "any rate", "mp3"])
@pytest.mark.parametrize("kind", TOLD)
async def test_what_a_file_tells_of_its_person_is_not_sent(kind: str, rules: RecordingRules) -> None:
    """Names, places and dates, wherever players and recorders put them."""
    content = TOLD[kind]
    assert SECRET.encode() in content
    recording = await prepared(content, kind, rules)
    assert SECRET.encode() not in recording.audio
    assert recording.seconds == pytest.approx(6.0, abs=0.15)


async def test_a_recording_of_a_studio_becomes_a_wav_too() -> None:
    """Above 48 kHz a header is longer; not a byte of it is taken for sound."""
    rules = RecordingRules(least_seconds=3.0, most_bytes=10_000_000)
    recording = await prepared(recorded("flac", rate=96000), "flac", rules)
    rate, _, samples = samples_of(recording.audio)
    assert rate == 96000
    assert len(samples) == 6 * rate
    assert not any(samples[:100])


@pytest.mark.parametrize("suffix", ["WAV", "wave"])
async def test_other_ways_to_end_a_name_are_known(suffix: str) -> None:
    """Also in capitals."""
    assert (await prepared(spoken(6.0), suffix)).file_type == "wav"


@pytest.mark.parametrize("kind", ["mp3", "flac", "m4a"])
async def test_pictures_and_names_in_a_file_are_no_hindrance(kind: str) -> None:
    """Music players put a tag before or behind the sound."""
    content = converted(recorded("wav"), kind, "-metadata", "title=Anna", "-metadata", "comment=" + "x" * 3000)
    assert (await prepared(content, kind)).seconds == pytest.approx(6.0, abs=0.15)


async def test_a_flac_behind_a_tag_of_an_mp3_is_still_one() -> None:
    """Some programs write it so; its footer counts too."""
    tag = b"ID3\x04\x00\x10\x00\x00\x00\x0a" + bytes(10) + b"3DI\x04\x00\x10\x00\x00\x00\x0a"
    assert (await prepared(tag + recorded("flac"), "flac")).file_type == "wav"


@pytest.mark.parametrize(("seconds", "short"), [(4.0, True), (5.9, True), (6.0, False), (12.0, False)])
async def test_who_is_shorter_than_advised_is_told_so(seconds: float, short: bool) -> None:
    """It is good enough all the same."""
    assert (await prepared(spoken(seconds), "wav")).short is short


async def test_nobody_is_told_where_nothing_is_advised() -> None:
    """The shortest is as good as any."""
    rules = RecordingRules(least_seconds=1.0, most_bytes=7_000_000)
    assert not (await prepared(spoken(1.0), "wav", rules)).short


@pytest.mark.parametrize(
    ("content", "suffix", "flaw"),
    [
        pytest.param(b"", "wav", RecordingProblem.NOT_AUDIO, id="empty"),
        pytest.param(b"Not a sound at all.", "wav", RecordingProblem.NOT_AUDIO, id="text"),
        pytest.param(PICTURE, "mp3", RecordingProblem.NOT_AUDIO, id="picture"),
        pytest.param(PLAYLIST, "wav", RecordingProblem.NOT_AUDIO, id="playlist"),
        pytest.param(ADTS_FRAME, "mp3", RecordingProblem.NOT_AUDIO, id="aac stream"),
        pytest.param(b"ID3", "mp3", RecordingProblem.NOT_AUDIO, id="tag cut short"),
        pytest.param(b"ID3\x04\x00\x00\x00\x00\x00\x02ab", "mp3", RecordingProblem.NOT_AUDIO, id="tag alone"),
        pytest.param(spoken(6.0)[:44], "wav", RecordingProblem.NOT_AUDIO, id="header alone"),
        pytest.param(b"OggS" + bytes(5000), "ogg", RecordingProblem.NOT_AUDIO, id="garbage"),
        pytest.param(spoken(6.0), "mp3", RecordingProblem.MISNAMED, id="wav called mp3"),
        pytest.param(recorded("mp3"), "wav", RecordingProblem.MISNAMED, id="mp3 called wav"),
        pytest.param(recorded("m4a"), "mp4", RecordingProblem.MISNAMED, id="m4a called mp4"),
        pytest.param(spoken(6.0), "", RecordingProblem.MISNAMED, id="wav without a suffix"),
        pytest.param(spoken(3.9), "wav", RecordingProblem.TOO_SHORT, id="too short"),
        pytest.param(spoken(12.1), "wav", RecordingProblem.TOO_LONG, id="too long"),
        pytest.param(recorded("m4a", 20.0), "m4a", RecordingProblem.TOO_LONG, id="m4a too long"),
        pytest.param(silent(6.0), "wav", RecordingProblem.SILENT, id="silent"),
        pytest.param(followed_by_silence(1.0, 7.0), "wav", RecordingProblem.SILENT, id="hardly a word"),
        pytest.param(clipped(6.0), "wav", RecordingProblem.CLIPPED, id="clipped"),
        pytest.param(converted(clipped(6.0), "mp3"), "mp3", RecordingProblem.CLIPPED, id="clipped mp3"),
        pytest.param(spoken(6.0) + bytes(MAX_FILE_BYTES), "wav", RecordingProblem.TOO_LARGE, id="too large"),
    ],
)
async def test_what_is_not_good_enough_is_refused(content: bytes, suffix: str, flaw: RecordingProblem) -> None:
    """Before anything is sent, and nothing of it is in the error."""
    refused = await flaw_of(content, suffix)
    assert refused.flaw is flaw
    assert str(refused) == flaw


@pytest.mark.parametrize(
    ("seconds", "suffix", "details"),
    [
        (3.96, "wav", {"seconds": "3.9", "least": "4"}),
        (12.04, "wav", {"most": "12"}),
        (6.0, "mp3", {"suffix": "mp3", "kind": "wav"}),
        (6.0, "a-long-and-private-name", {"suffix": "a-long-and-p", "kind": "wav"}),
        (6.0, "", {"suffix": "?", "kind": "wav"}),
    ],
)
async def test_a_refusal_says_what_would_be_right(seconds: float, suffix: str, details: dict[str, str]) -> None:
    """A number never contradicts the rule it is compared with."""
    assert (await flaw_of(spoken(seconds), suffix)).details == details


async def test_a_recording_that_may_have_any_length_has_an_end() -> None:
    """Ten minutes are enough for any service."""
    endless = converted(recorded("wav"), "mp3", "-filter:a", "aloop=loop=-1:size=220500", "-t", "602")
    assert (await flaw_of(endless, "mp3", ANY_RATE)).flaw is RecordingProblem.TOO_LONG


async def test_a_house_without_ffmpeg_says_so(tmp_path: Path) -> None:
    """It is not the fault of the recording."""
    with pytest.raises(FlawedRecording) as refused:
        await prepare(str(tmp_path / "no-ffmpeg"), spoken(6.0), "wav", CONVERTED)
    assert refused.value.flaw is RecordingProblem.NO_CONVERTER


async def test_a_disk_that_is_full_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not the fault of the recording either."""
    monkeypatch.setattr("tempfile.tempdir", "/dev/full")
    assert (await flaw_of(spoken(6.0), "wav")).flaw is RecordingProblem.NO_CONVERTER


def _program(path: Path, does: str) -> str:
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)
    return str(path)


async def test_a_converter_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recording that keeps it busy is none."""
    monkeypatch.setattr(decoder, "DECODING_SECONDS", 0.05)
    with pytest.raises(FlawedRecording) as refused:
        await prepare(_program(tmp_path / "busy", "exec tail -f /dev/null"), spoken(6.0), "wav", CONVERTED)
    assert refused.value.flaw is RecordingProblem.NOT_AUDIO


async def test_a_converter_ends_with_who_waits_for_it(tmp_path: Path) -> None:
    """A form that is closed leaves no process behind."""
    started = tmp_path / "pid"
    program = _program(
        tmp_path / "busy", f"echo $$ > {started}.new; mv {started}.new {started}; exec tail -f /dev/null"
    )
    work = asyncio.create_task(prepare(program, spoken(6.0), "wav", CONVERTED))
    while not started.exists():
        await asyncio.sleep(0)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)


async def test_a_converter_that_writes_without_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file may hold an endless sound."""
    monkeypatch.setattr(decoder, "MOST_PCM_BYTES", 1_000_000)
    with pytest.raises(FlawedRecording) as refused:
        await prepare(_program(tmp_path / "endless", "exec cat /dev/zero"), spoken(6.0), "wav", CONVERTED)
    assert (refused.value.flaw, refused.value.details) == (RecordingProblem.TOO_LARGE, {"most": "1"})


async def test_nothing_of_a_recording_is_shown() -> None:
    """Not by mistake either."""
    recording = await prepared(spoken(6.0), "wav")
    assert "audio" not in repr(recording)
