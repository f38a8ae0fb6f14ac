"""Recordings before they are sent: what is understood, what it is made into, and what is refused."""

from array import array
import asyncio
from dataclasses import replace
import io
import os
from pathlib import Path
import threading
from typing import Any, BinaryIO, cast
import wave

import imageio_ffmpeg
import pytest

from custom_components.streaming_tts.audio.pcm import Pcm
from custom_components.streaming_tts.cloning import recordings
from custom_components.streaming_tts.cloning.file_types import MP3, Recognized
from custom_components.streaming_tts.cloning.recordings import (
    MAX_PCM_BYTES,
    FlawedRecording,
    PreparedRecording,
    RecordingProblem,
    decode,
    prepare,
)
from custom_components.streaming_tts.providers.capabilities import RecordingRules
from tests.emulator.recorded import clipped, followed_by_silence, silent, spoken
from tests.voice_files import KINDS, OPUS_KINDS, converted, opened, recorded

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
    """Return a recording with personal metadata."""
    told = [option for field in ("title", "artist", "comment", "date") for option in ("-metadata", f"{field}={SECRET}")]
    return converted(spoken(6.0), kind, *told, *options)


def behind_a_tag(flac: bytes) -> bytes:
    """Return FLAC after an ID3 tag, as some programs write it."""
    frame = b"\x00" + SECRET.encode()
    frame = b"TPE1" + len(frame).to_bytes(4) + b"\0\0" + frame
    return b"ID3\x03\x00\x00\x00\x00\x00" + bytes([len(frame)]) + frame + flac


def with_chunk(wav: bytes) -> bytes:
    """Return a WAV with broadcast metadata after the audio."""
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
"""A recording of each file type with personal metadata."""
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(2000)


async def prepared(content: bytes, rules: RecordingRules = CONVERTED, *, ffmpeg: str = FFMPEG) -> PreparedRecording:
    """Return a recording as it is sent."""
    with opened(content) as file:
        return await prepare(ffmpeg, file, rules)


async def flaw_of(content: bytes, rules: RecordingRules = CONVERTED, *, ffmpeg: str = FFMPEG) -> FlawedRecording:
    """Return why a recording is not sent."""
    with pytest.raises(FlawedRecording) as refused:
        await prepared(content, rules, ffmpeg=ffmpeg)
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
    recording = await prepared(recorded(kind, channels=channels))
    rate, heard_channels, samples = samples_of(recording.audio)
    assert (rate, heard_channels, recording.file_type) == (16000, 1, "wav")
    assert len(samples) / rate == pytest.approx(6.0, abs=0.15)
    assert recording.seconds == pytest.approx(6.0, abs=0.15)
    assert max(samples) > 3000


@ALL_KINDS
async def test_a_provider_that_takes_any_rate_gets_a_wav_at_that_of_the_recording(kind: str) -> None:
    """Nothing is lost by that."""
    recording = await prepared(recorded(kind, rate=32000), ANY_RATE)
    rate, channels, samples = samples_of(recording.audio)
    assert (rate, channels, recording.file_type) == (48000 if kind in OPUS_KINDS else 32000, 1, "wav")
    assert max(samples) > 3000


@pytest.mark.parametrize("kind", ["flac", "aiff"])
async def test_a_recording_that_has_lost_nothing_keeps_every_sample(kind: str) -> None:
    """Where it only changes its container."""
    recording = await prepared(recorded(kind, rate=32000), ANY_RATE)
    assert samples_of(recording.audio)[2] == samples_of(recorded("wav", rate=32000))[2]


async def test_a_long_recording_becomes_an_mp3() -> None:
    """Where a WAV would be larger than the provider takes; an mp3 may be too large as well."""
    rules = replace(ANY_RATE, most_bytes=200_000)
    recording = await prepared(recorded("wav"), rules)
    assert recording.file_type == "mp3"
    with opened(recording.audio) as file:
        heard = await decode(FFMPEG, file, Recognized(file_type=MP3, offset=0), max_seconds=30.0)
    assert heard.seconds == pytest.approx(6.0, abs=0.1)
    for tight in (replace(rules, most_bytes=100_000), replace(rules, file_types=frozenset({"wav", "flac"}))):
        refused = await flaw_of(recorded("wav"), tight)
        assert (refused.flaw, refused.placeholders) == (
            RecordingProblem.TOO_LARGE,
            {"most": f"{tight.most_bytes / 1e6:g}"},
        )


@pytest.mark.parametrize("rules", [CONVERTED, ANY_RATE, LITTLE_ROOM], ids=["16 kHz", "any rate", "mp3"])
@pytest.mark.parametrize("kind", TOLD)
async def test_what_a_file_tells_of_its_person_is_not_sent(kind: str, rules: RecordingRules) -> None:
    """Names, places and dates, wherever players and recorders put them."""
    content = TOLD[kind]
    assert SECRET.encode() in content
    recording = await prepared(content, rules)
    assert SECRET.encode() not in recording.audio
    assert recording.seconds == pytest.approx(6.0, abs=0.15)


async def test_a_recording_of_a_studio_becomes_a_wav_too() -> None:
    """At 48 kHz, which covers all speech; no byte of a longer header is taken for audio."""
    rules = RecordingRules(least_seconds=3.0, most_bytes=10_000_000)
    recording = await prepared(recorded("flac", rate=96000), rules)
    rate, _, samples = samples_of(recording.audio)
    assert rate == 48000
    assert len(samples) == 6 * rate
    assert not any(samples[:50])


@pytest.mark.parametrize("kind", ["mp3", "flac", "m4a"])
async def test_pictures_and_names_in_a_file_are_no_hindrance(kind: str) -> None:
    """Players add tags before or after the audio."""
    content = converted(recorded("wav"), kind, "-metadata", "title=Anna", "-metadata", "comment=" + "x" * 3000)
    assert (await prepared(content)).seconds == pytest.approx(6.0, abs=0.15)


async def test_a_flac_behind_a_tag_of_an_mp3_is_still_one() -> None:
    """Some programs write it so; its footer counts too."""
    tag = b"ID3\x04\x00\x10\x00\x00\x00\x0a" + bytes(10) + b"3DI\x04\x00\x10\x00\x00\x00\x0a"
    assert (await prepared(tag + recorded("flac"))).file_type == "wav"


ID3 = b"ID3\x04\x00\x00\x00\x00\x00\x0a" + bytes(10)
APE = b"APETAGEX" + (2000).to_bytes(4, "little") + (5000).to_bytes(4, "little") + (1).to_bytes(4, "little") + bytes(12)
WITHOUT_TAG = ("-id3v2_version", "0", "-write_xing", "0")


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(bytes(3000), id="zeros"),
        pytest.param(ID3 + ID3, id="two tags"),
        pytest.param(ID3 + bytes(5000) + ID3, id="two tags with zeros between them"),
        pytest.param(b"ID3\x04\x00\x00\x00\x10\x00\x00" + b"\xff\xd8\xff\xe0" * 65536, id="a large picture"),
        pytest.param(b"junk \xff\xfb\x90\x64 of a stream" * 500, id="junk"),
        pytest.param(APE + b"x" * 5000, id="an APE tag"),
        pytest.param(APE + b"x" * 5000 + ID3, id="an APE tag and another"),
        pytest.param(b"\r\n" * 32_000, id="as much junk as there may be"),
    ],
)
@pytest.mark.parametrize("kind", ["mp3", "aac"])
async def test_what_stands_before_the_first_frame_is_no_hindrance(kind: str, before: bytes) -> None:
    """Players skip it."""
    content = before + converted(recorded("wav"), kind, *(WITHOUT_TAG if kind == "mp3" else ()))
    assert (await prepared(content)).seconds == pytest.approx(6.0, abs=0.15)


@pytest.mark.parametrize("kind", ["mp3", "aac"])
async def test_a_stream_that_was_cut_within_a_frame_is_taken(kind: str) -> None:
    """It begins with half a frame."""
    content = converted(recorded("wav"), kind, *(WITHOUT_TAG if kind == "mp3" else ()))
    assert (await prepared(content[150:])).seconds == pytest.approx(6.0, abs=0.15)


@pytest.mark.parametrize("kind", ["wav", "m4a", "ogg"])
async def test_channels_that_cancel_each_other_out_are_heard(kind: str) -> None:
    """Their mix is silence."""
    inverted = ("-af", "pan=stereo|c0=c0|c1=-1*c0")
    recording = await prepared(converted(recorded("wav"), kind, *inverted))
    assert max(samples_of(recording.audio)[2]) > 3000


async def test_what_takes_time_or_memory_is_not_done_in_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inspect the file, decode it, and create the converted file."""
    threads: dict[str, threading.Thread] = {}

    def watch(module: object, name: str) -> None:
        function = getattr(module, name)

        def noted(*arguments: Any) -> Any:
            threads[name] = threading.current_thread()
            return function(*arguments)

        monkeypatch.setattr(module, name, noted)

    for name in ("recognize_file", "mono", "heard_seconds", "clipped_share"):
        watch(recordings, name)
    watch(Pcm, "as_wav")
    await prepared(recorded("wav", channels=2))
    assert set(threads) == {"recognize_file", "mono", "heard_seconds", "clipped_share", "as_wav"}
    assert threading.current_thread() not in threads.values()


async def test_a_file_is_not_read_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the beginning of a large file is read, and at most two minutes of audio."""
    with opened(spoken(6.0) + bytes(40_000_000)) as file:
        read: list[int] = []

        class Counted:
            """A file that counts what is read."""

            def read(self, size: int) -> bytes:
                content = file.read(size)
                read.append(len(content))
                return content

            def __getattr__(self, name: str) -> Any:
                return getattr(file, name)

        await prepare(FFMPEG, cast(BinaryIO, Counted()), CONVERTED)
    assert 0 < sum(read) < 200_000
    assert MAX_PCM_BYTES < 25_000_000


@pytest.mark.parametrize(("seconds", "short"), [(4.0, True), (5.9, True), (6.0, False), (12.0, False)])
async def test_who_is_shorter_than_advised_is_told_so(seconds: float, short: bool) -> None:
    """It is good enough all the same."""
    assert (await prepared(spoken(seconds))).short is short


async def test_nobody_is_told_where_nothing_is_advised() -> None:
    """The shortest is as good as any."""
    rules = RecordingRules(least_seconds=1.0, most_bytes=7_000_000)
    assert not (await prepared(spoken(1.0), rules)).short


@pytest.mark.parametrize(
    ("content", "flaw"),
    [
        pytest.param(b"", RecordingProblem.NOT_AUDIO, id="empty"),
        pytest.param(b"Not a sound at all.", RecordingProblem.NOT_AUDIO, id="text"),
        pytest.param(PICTURE, RecordingProblem.NOT_AUDIO, id="picture"),
        pytest.param(PLAYLIST, RecordingProblem.NOT_AUDIO, id="playlist"),
        pytest.param(ADTS_FRAME, RecordingProblem.NOT_AUDIO, id="one frame of aac"),
        pytest.param(bytes(200_000), RecordingProblem.NOT_AUDIO, id="zeros"),
        pytest.param(b"APETAGEX" + b"\xff" * 24, RecordingProblem.NOT_AUDIO, id="ape tag longer than the file"),
        pytest.param(PICTURE + recorded("mp3")[:500], RecordingProblem.NOT_AUDIO, id="picture with a frame of mp3"),
        pytest.param(b"ID3", RecordingProblem.NOT_AUDIO, id="tag cut short"),
        pytest.param(b"ID3\x04\x00\x00\x00\x00\x00\x02ab", RecordingProblem.NOT_AUDIO, id="tag alone"),
        pytest.param(spoken(6.0)[:44], RecordingProblem.NOT_AUDIO, id="header alone"),
        pytest.param(b"OggS" + bytes(5000), RecordingProblem.NOT_AUDIO, id="garbage"),
        pytest.param(spoken(3.9), RecordingProblem.TOO_SHORT, id="too short"),
        pytest.param(spoken(12.1), RecordingProblem.TOO_LONG, id="too long"),
        pytest.param(recorded("m4a", 20.0), RecordingProblem.TOO_LONG, id="m4a too long"),
        pytest.param(silent(6.0), RecordingProblem.SILENT, id="silent"),
        pytest.param(followed_by_silence(1.0, 7.0), RecordingProblem.SILENT, id="hardly a word"),
        pytest.param(clipped(6.0), RecordingProblem.CLIPPED, id="clipped"),
        pytest.param(converted(clipped(6.0), "mp3"), RecordingProblem.CLIPPED, id="clipped mp3"),
    ],
)
async def test_what_is_not_good_enough_is_refused(content: bytes, flaw: RecordingProblem) -> None:
    """Before anything is sent, and nothing of it is in the error."""
    refused = await flaw_of(content)
    assert refused.flaw is flaw
    assert str(refused) == f"recording_{flaw}"


@pytest.mark.parametrize(("seconds", "details"), [(3.96, {"seconds": "3.9", "least": "4"}), (12.04, {"most": "12"})])
async def test_a_refusal_says_what_would_be_right(seconds: float, details: dict[str, str]) -> None:
    """A number never contradicts the rule it is compared with."""
    assert (await flaw_of(spoken(seconds))).placeholders == details


async def test_a_recording_that_may_have_any_length_has_an_end() -> None:
    """Two minutes are enough for any service."""
    endless = converted(recorded("wav"), "mp3", "-filter:a", "aloop=loop=-1:size=220500", "-t", "122")
    assert (await flaw_of(endless, ANY_RATE)).flaw is RecordingProblem.TOO_LONG


async def test_a_house_without_ffmpeg_says_so(tmp_path: Path) -> None:
    """It is not the fault of the recording."""
    assert (await flaw_of(spoken(6.0), ffmpeg=str(tmp_path / "no-ffmpeg"))).flaw is RecordingProblem.NO_CONVERTER


async def test_a_disk_that_is_full_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not the fault of the recording either."""
    with opened(recorded("wav")) as file:
        monkeypatch.setattr("tempfile.tempdir", "/dev/full")
        with pytest.raises(FlawedRecording) as refused:
            await prepare(FFMPEG, file, CONVERTED)
    assert refused.value.flaw is RecordingProblem.NO_CONVERTER


def _program(path: Path, does: str) -> str:
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)
    return str(path)


async def test_a_converter_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recording that keeps it busy is none."""
    monkeypatch.setattr(recordings, "DECODING_SECONDS", 0.05)
    program = _program(tmp_path / "busy", "exec tail -f /dev/null")
    assert (await flaw_of(spoken(6.0), ffmpeg=program)).flaw is RecordingProblem.NOT_AUDIO


async def test_a_converter_ends_with_who_waits_for_it(tmp_path: Path) -> None:
    """A closed form leaves no process running."""
    started = tmp_path / "pid"
    program = _program(
        tmp_path / "busy", f"echo $$ > {started}.new; mv {started}.new {started}; exec tail -f /dev/null"
    )
    work = asyncio.create_task(prepared(spoken(6.0), ffmpeg=program))
    while not started.exists():
        await asyncio.sleep(0)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)


async def test_a_converter_that_writes_without_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file may decode to endless audio."""
    monkeypatch.setattr(recordings, "MAX_PCM_BYTES", 1_000_000)
    refused = await flaw_of(spoken(6.0), ffmpeg=_program(tmp_path / "endless", "exec cat /dev/zero"))
    assert (refused.flaw, refused.placeholders) == (RecordingProblem.TOO_LARGE, {"most": "1"})


async def test_nothing_of_a_recording_is_shown() -> None:
    """Not by mistake either."""
    recording = await prepared(spoken(6.0))
    assert "audio" not in repr(recording)
