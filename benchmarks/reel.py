"""Pre-encoded MP3 of a tone, from which pieces of any length are cut."""

from functools import cache
import subprocess

import imageio_ffmpeg

from tests.emulator.sound import PAUSE_CHARACTERS, SECONDS_PER_CHARACTER, SENTENCE_ENDS

from .frames import mp3_frames

SECONDS = 120


def spoken_seconds(text: str) -> float:
    """Return the duration of a text spoken by the emulator."""
    characters = "".join(text.split())
    pauses = sum(character in SENTENCE_ENDS for character in characters)
    return SECONDS_PER_CHARACTER * (len(characters) + (PAUSE_CHARACTERS - 1) * pauses)


def cut(seconds: float, *, sample_rate: int, bit_rate: int) -> bytes:
    """Return MP3 of a length, up to the next complete frame; the frames repeat if necessary."""
    frames, frame_seconds = reel(sample_rate, bit_rate)
    wanted = max(1, round(seconds / frame_seconds))
    return b"".join(frames[number % len(frames)] for number in range(wanted))


@cache
def reel(sample_rate: int, bit_rate: int) -> tuple[list[bytes], float]:
    """Return independent frames and the seconds of each; blocks once."""
    command = [
        *(imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-nostdin"),
        *("-f", "lavfi", "-i", f"sine=frequency=440:sample_rate={sample_rate}:duration={SECONDS}"),
        *("-c:a", "libmp3lame", "-b:a", str(bit_rate), "-reservoir", "0", "-write_xing", "0", "-id3v2_version", "0"),
        *("-f", "mp3", "-"),
    ]
    audio = subprocess.run(command, capture_output=True, check=True).stdout
    found = list(mp3_frames(audio))
    frames = [audio[start:end] for start, end, _ in found]
    # The encoder starts with silence, which a real service has only once, too
    return frames[4:-4], found[0][2]
