"""Reads a recording from a file; nothing of the file's name or place is told on."""

from dataclasses import dataclass, field
import os
from pathlib import Path
import stat

from .flaws import FlawedRecording, RecordingProblem
from .prepare import MAX_FILE_BYTES


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceFile:
    """What is in a file, and how its name ends (without the dot)."""

    content: bytes = field(repr=False)
    suffix: str


def read_file(path: Path) -> SourceFile:
    """Return a file that is one: no link, no pipe, and of a size that can be; blocks.

    Raises `FlawedRecording` for one that is too large, else OSError.
    """
    # A pipe that nobody writes to would be waited for
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError("not a file")
        if found.st_size > MAX_FILE_BYTES:
            raise FlawedRecording(RecordingProblem.TOO_LARGE, most=f"{MAX_FILE_BYTES / 1_000_000:g}")
        return SourceFile(content=file.read(MAX_FILE_BYTES + 1), suffix=path.suffix.removeprefix("."))
