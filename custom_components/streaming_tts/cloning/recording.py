"""Opens the file of a recording; nothing of the file's name or place is told on."""

from contextlib import ExitStack
import os
from pathlib import Path
import stat
from typing import BinaryIO, Final

from .flaws import FlawedRecording, RecordingProblem

MAX_FILE_BYTES: Final = 50 * 1000 * 1000
"""How large a file may be: more than two minutes of stereo at 48 kHz and 32 bits."""


def open_file(path: Path) -> BinaryIO:
    """Return an open file: no link, no pipe, and not too large; blocks.

    Raises `FlawedRecording` for one that is too large, else OSError. Its content is never read into memory as a whole.
    """
    with ExitStack() as stack:
        # Opening a pipe that nobody writes to would wait for somebody
        file = stack.enter_context(os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb"))
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError("not a file")
        if found.st_size > MAX_FILE_BYTES:
            raise FlawedRecording(RecordingProblem.TOO_LARGE, most=f"{MAX_FILE_BYTES / 1_000_000:g}")
        stack.pop_all()
    return file
