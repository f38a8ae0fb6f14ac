"""Recordings: attacks on the converter, and remaining files."""

import asyncio
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
import stat
import struct
from typing import Any

import imageio_ffmpeg
import pytest

from custom_components.streaming_tts.audio.pcm import Pcm
from custom_components.streaming_tts.cloning.file_types import FILE_TYPES, M4A, FileType, Recognized, recognize
from custom_components.streaming_tts.cloning.recordings import FlawedRecording, PreparedRecording, decode, prepare
from custom_components.streaming_tts.providers.capabilities import RecordingRules
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from tests.accounts import account, set_up
from tests.actions.clone_calls import clone
from tests.emulator.emulator import Emulator
from tests.emulator.recorded import spoken
from tests.flows.clone_form import asked
from tests.tables import each_row
from tests.voice_files import opened, recorded

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
RULES = RecordingRules(least_seconds=1.0, most_seconds=30.0, most_bytes=20_000_000, wav_rate=16000)
BEGINNINGS = {
    "nothing": b"",
    "wav": b"RIFF\xff\xff\xff\xffWAVE",
    "m4a": b"\0\0\0\x14ftypM4A \0\0\0\0",
    "ogg": b"OggS",
    "webm": b"\x1a\x45\xdf\xa3",
}


async def prepared(content: bytes, *, ffmpeg: str = FFMPEG) -> PreparedRecording:
    """Return a recording as it is sent."""
    with opened(content) as file:
        return await prepare(ffmpeg, file, RULES)


async def decoded(content: bytes, file_type: FileType) -> Pcm:
    """Return audio of an unknown file type."""
    with opened(content) as file:
        return await decode(FFMPEG, file, Recognized(file_type=file_type, offset=0), max_seconds=30.0)


def leading_elsewhere(address: str) -> Mapping[str, bytes]:
    """Return files that lead to another one, in the languages that ffmpeg understands."""
    return {
        "playlist": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{address}\n#EXT-X-ENDLIST\n".encode(),
        "segments": f'#EXTM3U\n#EXT-X-MAP:URI="{address}"\n#EXTINF:9,\n{address}\n'.encode(),
        "concat": f"ffconcat version 1.0\nfile '{address}'\n".encode(),
        "sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n",
        "description": f'<?xml version="1.0"?><MPD><BaseURL>{address}</BaseURL></MPD>'.encode(),
        "graph": f"amovie={address}".encode(),
    }


@pytest.mark.parametrize("beginning", BEGINNINGS.values(), ids=BEGINNINGS)
@pytest.mark.parametrize("language", list(leading_elsewhere("")))
async def test_no_file_leads_the_converter_to_another_or_to_the_network(
    tmp_path: Path, socket_enabled: None, language: str, beginning: bytes
) -> None:
    """A detected but wrong file type is rejected, without a request."""
    (tmp_path / "secret.wav").write_bytes(spoken(8.0))
    callers: list[object] = []

    def called(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        callers.append(writer)
        writer.close()

    server = await asyncio.start_server(called, "127.0.0.1")
    port = server.sockets[0].getsockname()[1]
    try:
        for address in (str(tmp_path / "secret.wav"), f"http://127.0.0.1:{port}/a.wav"):
            content = beginning + leading_elsewhere(address)[language]
            with pytest.raises(FlawedRecording):
                await prepared(content)
    finally:
        server.close()
        await server.wait_closed()
    assert callers == []


@pytest.mark.parametrize("file_type", FILE_TYPES, ids=lambda file_type: file_type.name)
async def test_no_reader_of_a_kind_of_file_understands_a_playlist(tmp_path: Path, file_type: Any) -> None:
    """Also where the first bytes were not looked at."""
    (tmp_path / "secret.wav").write_bytes(spoken(8.0))
    for content in leading_elsewhere(str(tmp_path / "secret.wav")).values():
        with pytest.raises(FlawedRecording):
            await decoded(content, file_type)


def led_by_reference(m4a: bytes, path: str) -> bytes:
    """Return an m4a whose index refers to audio in another file (`alis` of QuickTime)."""
    name = path.encode()
    relative = b"secret.m4a"
    alias = bytes(4) + b"alis" + bytes(4) + bytes(6) + struct.pack(">HH", 150, 2) + bytes(27 + 1 + 12)
    alias += bytes([len(relative)]) + relative.ljust(63, b"\0") + bytes(16) + struct.pack(">hh", 1, 1) + bytes(16)
    alias += struct.pack(">hH", 2, len(name)) + name + bytes(len(name) % 2) + struct.pack(">hH", -1, 0)
    entry = struct.pack(">I", len(alias)) + alias[4:]
    at = m4a.index(b"url ", m4a.index(b"dref")) - 4
    old = struct.unpack_from(">I", m4a, at)[0]
    grown = bytearray(m4a[:at] + entry + m4a[at + old :])
    for box in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        begin = grown.index(box, grown.index(b"moov")) - 4
        struct.pack_into(">I", grown, begin, struct.unpack_from(">I", grown, begin)[0] + len(entry) - old)
    return bytes(grown)


async def test_an_index_that_names_another_file_is_not_followed(tmp_path: Path) -> None:
    """QuickTime may keep its audio in another file; it isn't opened, so there is no audio."""
    inside = recorded("m4a", 6.0)
    other = tmp_path / "secret.m4a"
    other.write_bytes(inside)
    assert (await decoded(inside, M4A)).samples
    with pytest.raises(FlawedRecording):
        await decoded(led_by_reference(inside, str(other)), M4A)


async def test_nothing_of_a_file_is_an_argument_of_the_converter(tmp_path: Path) -> None:
    """Its arguments are fixed except for numbers: the detected file type, the maximum length, and the rate."""
    told = tmp_path / "told"
    ffmpeg = tmp_path / "ffmpeg"
    ffmpeg.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {told}\n')
    ffmpeg.chmod(ffmpeg.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(FlawedRecording):
        await prepared(recorded("mp3"), ffmpeg=str(ffmpeg))
    arguments = told.read_text().splitlines()
    source = arguments.index("-i")
    assert arguments[source + 1] == "file:/dev/stdin"
    before = dict(pairwise(arguments[:source]))
    assert (before["-protocol_whitelist"], before["-f"]) == ("file", "mp3")
    assert arguments[-1] == "-"
    assert "-enable_drefs" not in arguments


@each_row("content", [b"", b"RIFF", b"ID3", b"ID3\x04\0\0\x7f\x7f\x7f\x7f", b"\xff\xfb", b"\0" * 12])
def test_a_beginning_of_nothing_is_told_from_a_sound(content: bytes) -> None:
    """Also a tag that says it is far longer than the file."""
    assert recognize(content) is None


@pytest.mark.parametrize(
    "place",
    [
        "a\0b.wav",
        "anna.wav\0",
        "~/anna.wav",
        "./../anna.wav",
        "a/./../../anna.wav",
        "\\..\\anna.wav",
        "x" * 5000 + ".wav",
    ],
)
async def test_a_place_that_is_none_is_told_in_words(
    home: HomeAssistant, emulator: Emulator, media: Path, place: str
) -> None:
    """And nothing is sent."""
    entry = await set_up(home, account("flow_tts", emulator))
    with pytest.raises(ServiceValidationError):
        await clone(home, entry.entry_id, f"media-source://media_source/local/{place}")
    assert asked(emulator, "flow_tts") == 0
