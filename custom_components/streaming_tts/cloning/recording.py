"""The file of a recording, and what can be wrong with it; nothing of the file's name or place is told on."""

from contextlib import ExitStack
from enum import StrEnum
import os
from pathlib import Path
import stat
from typing import BinaryIO, Final

MAX_FILE_BYTES: Final = 50 * 1000 * 1000
"""How large a file may be: more than two minutes of stereo at 48 kHz and 32 bits."""


class RecordingProblem(StrEnum):
    """What is wrong with a recording."""

    NOT_AUDIO = "not_audio"
    TOO_LARGE = "too_large"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    SILENT = "silent"
    CLIPPED = "clipped"
    NO_CONVERTER = "no_converter"


class FlawedRecording(ValueError):
    """A recording that is not sent for its `flaw`.

    `details` are words and numbers for the message, none of its content.
    """

    def __init__(self, flaw: RecordingProblem, **details: str) -> None:
        """Keep the flaw."""
        super().__init__(flaw)
        self.flaw = flaw
        self.details = details


def open_file(path: Path) -> BinaryIO:
    """Return an open file: no link, no pipe, and not too large; blocks.

    Raises `FlawedRecording` for one that is too large, else OSError. Its content is never read into memory as a whole.
    """
    with ExitStack() as stack:
        # Opening a pipe that nobody writes to would wait for somebody
        file = stack.enter_context(os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb"))
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError("Not a file")
        if found.st_size > MAX_FILE_BYTES:
            raise FlawedRecording(RecordingProblem.TOO_LARGE, most=f"{MAX_FILE_BYTES / 1_000_000:g}")
        stack.pop_all()
    return file
