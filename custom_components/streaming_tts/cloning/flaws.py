"""Why a recording is not sent."""

from enum import StrEnum


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
    """A recording that is not sent for its `flaw`; `details` are words and numbers for the message, none of its content."""

    def __init__(self, flaw: RecordingProblem, **details: str) -> None:
        """Keep the flaw."""
        super().__init__(flaw)
        self.flaw = flaw
        self.details = details
