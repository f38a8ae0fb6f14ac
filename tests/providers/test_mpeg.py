"""Mp3 comes in pieces of any length, with or without what a file tells of itself, and leaves as whole frames."""

from collections.abc import Iterable

import pytest

from custom_components.streaming_tts.audio.mpeg import MAX_NOISE_BYTES, MAX_TAG_BYTES, Frame, FrameStream
from custom_components.streaming_tts.providers.types import Failure, ProviderError
from tests.emulator.codec import Container, decode, encode
from tests.emulator.sound import Sound, tone
from tests.voice_files import converted

RATE = 24000
MP3 = encode(Sound(pcm=tone("Hello there.", RATE), sample_rate=RATE), Container.MP3)


def tag(size: int, *, footer: bool = False) -> bytes:
    """Return a tag (ID3v2) with so many bytes in it, which look like frames."""
    length = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    content = (MP3 * (size // len(MP3) + 1))[:size]
    return b"ID3\x04\x00" + (b"\x10" if footer else b"\x00") + length + content + (b"3DI" + bytes(7) if footer else b"")


def fed(*pieces: bytes) -> bytes:
    """Return what a stream makes of pieces."""
    stream = FrameStream()
    return b"".join([*(stream.feed(piece) for piece in pieces), stream.end()])


def split(data: bytes, size: int) -> Iterable[bytes]:
    """Return the data in pieces."""
    return [data[at : at + size] for at in range(0, len(data), size)]


def frames(data: bytes) -> list[Frame]:
    """Return the frames that stand in a row."""
    found, at = [], 0
    while at < len(data):
        frame = Frame.at(data, at)
        assert frame is not None
        found.append(frame)
        at += frame.size
    return found


@pytest.mark.parametrize("size", [1, 3, 4, 100, 1000, 10**6])
def test_frames_are_whole_wherever_pieces_end(size: int) -> None:
    """Each piece that leaves is a row of frames, and none is missing."""
    stream = FrameStream()
    pieces = [stream.feed(piece) for piece in split(MP3, size)]
    assert b"".join(pieces) == MP3
    assert sum(len(frames(piece)) for piece in pieces) == len(frames(MP3))


@pytest.mark.parametrize(
    "rate", [8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000], ids=lambda rate: f"{rate} Hz"
)
@pytest.mark.parametrize("bit_rate", [32000, 64000])
def test_frames_of_every_rate_are_read(rate: int, bit_rate: int) -> None:
    """As the standards have them: their length in seconds is that of the sound."""
    mp3 = encode(Sound(pcm=tone("Hello there.", rate), sample_rate=rate), Container.MP3, bit_rate=bit_rate)
    assert fed(mp3) == mp3
    found = frames(mp3)
    assert {frame.sample_rate for frame in found} == {rate}
    assert sum(frame.seconds for frame in found) == pytest.approx(decode(mp3, rate).duration, abs=0.16)


@pytest.mark.parametrize("size", [1, 7, 1000, 10**6])
@pytest.mark.parametrize("footer", [False, True])
def test_what_a_file_tells_of_itself_is_left_out(size: int, *, footer: bool) -> None:
    """A title before the sound, and an older kind of it behind."""
    file = tag(5000, footer=footer) + MP3 + b"TAG" + bytes(125)
    assert fed(*split(file, size)) == MP3


@pytest.mark.parametrize("options", [("-write_xing", "1"), ("-write_xing", "1", "-ac", "2")], ids=["mono", "stereo"])
def test_the_index_of_a_file_is_left_out(options: tuple[str, ...]) -> None:
    """A player would take its length for that of all that is joined."""
    wav = encode(Sound(pcm=tone("Hello there.", RATE), sample_rate=RATE), Container.WAV)
    plain = converted(wav, "mp3", "-id3v2_version", "0", *options)
    assert b"Info" in plain or b"Xing" in plain
    sound = fed(plain)
    assert b"Info" not in sound
    assert b"Xing" not in sound
    assert len(frames(plain)) - len(frames(sound)) == 1


def test_a_frame_that_is_not_whole_is_left_out() -> None:
    """No player could decode it."""
    *_, last = frames(MP3)
    assert fed(MP3[:-1]) == MP3[: -last.size]


def test_noise_between_frames_is_passed_over() -> None:
    """What looks like a frame in it, but has none behind it, is noise too."""
    lone = MP3[: frames(MP3)[0].size]
    assert fed(MP3, b"\xff\x00 noise", lone, b"more noise", MP3) == MP3 + MP3


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"<html>502 Bad Gateway</html>", id="page"),
        pytest.param(b"\xff" * 3000, id="ones"),
        pytest.param(b"RIFF" + bytes(2000), id="wav"),
        pytest.param(b"ID3\x04\x00\x00\x00\x00\x10\x00", id="a tag alone"),
        pytest.param(b"ID3", id="a beginning"),
        pytest.param(MP3[:100], id="less than a frame"),
    ],
)
def test_what_has_no_frame_is_broken(content: bytes) -> None:
    """At its end at the latest."""
    with pytest.raises(ProviderError) as caught:
        fed(content)
    assert (caught.value.failure, caught.value.code) == (Failure.BROKEN, "mp3")


@pytest.mark.parametrize(
    "content",
    [pytest.param(bytes(MAX_NOISE_BYTES + 10), id="noise"), pytest.param(tag(MAX_TAG_BYTES)[:10], id="tag")],
)
def test_what_goes_on_without_a_frame_is_broken_at_once(content: bytes) -> None:
    """Nothing of it is waited for."""
    with pytest.raises(ProviderError):
        FrameStream().feed(content)


def test_nothing_is_no_mp3_that_is_broken() -> None:
    """Whoever reads the answer knows whether there should have been sound."""
    assert fed() == b""


def test_a_silent_frame_is_heard_as_silence() -> None:
    """And its length is that of its neighbours."""
    (first, *_) = frames(MP3)
    silence = first.silent * 50
    assert {frame.seconds for frame in frames(silence)} == {first.seconds}
    heard = decode(silence, RATE)
    assert not any(heard.pcm)
    assert heard.duration == pytest.approx(50 * first.seconds, abs=0.05)


def test_an_index_is_looked_for_in_the_first_frame_alone() -> None:
    """The smallest one ends before the place where some write theirs."""
    small = b"\xff\xf3\x10\xc4" + bytes(22)
    assert fed(small + small[:10] + b"VBRI" + small[14:]) == small + small[:10] + b"VBRI" + small[14:]


@pytest.mark.parametrize("size", [1, 10**6])
def test_a_tag_among_noise_is_left_out_wherever_pieces_end(size: int) -> None:
    """What is in it is not taken for frames."""
    assert fed(*split(b"noise" + tag(500) + MP3, size)) == MP3
