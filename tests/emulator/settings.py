"""What can be set: how a service behaves, and where they listen."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, Literal, Self

FlowContract = Literal["portal", "backend"]


class VoiceMode(StrEnum):
    """How text is converted to audio."""

    SPEECH = "speech"
    TONE = "tone"


@dataclass(frozen=True, kw_only=True, slots=True)
class Behaviour:
    """The settings of all services; a service adds its own fields.

    Times are in seconds. By default, there are no delays.
    """

    ttfb: float = 0.0
    """From the arrival of a request to its first byte of audio."""
    realtime_factor: float = 0.0
    """How much faster than real time audio is made and delivered; 0 is as fast as it is taken."""
    chunk_duration: float = 0.1
    """Of audio in one chunk, event or frame."""
    connect_delay: float = 0.0
    """Once for each new TCP connection, before its first answer: what TCP and TLS cost to a service far away."""
    voice: VoiceMode = VoiceMode.TONE
    loudness: float | None = None
    """Of all its voices, in LUFS; None is as loud as they are by nature. Above -10 LUFS speech is clipped."""

    @classmethod
    def of(cls, settings: Behaviour, **own: Any) -> Self:
        """Return the behaviour with the shared fields of `settings` and the given fields of its own."""
        shared = {field.name: getattr(settings, field.name) for field in fields(Behaviour)}
        return cls(**shared | own)

    def changed(self, changes: Mapping[str, Any]) -> Self:
        """Return the behaviour with some fields changed, values as JSON has them.

        Raises ValueError for a field that it does not have and for an unknown choice.
        """
        names = {field.name for field in fields(self)}
        if unknown := changes.keys() - names:
            raise ValueError(f"no such setting: {', '.join(sorted(unknown))}")
        return replace(self, **{name: self._typed(name, value) for name, value in changes.items()})

    def _typed(self, name: str, value: Any) -> Any:
        current = getattr(self, name)
        if isinstance(current, tuple | StrEnum):
            return type(current)(value)
        return value


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings(Behaviour):
    """An emulator: the behaviour that its services start with, and their addresses. Port 0 takes a free one."""

    host: str = "127.0.0.1"
    asyncflow_port: int = 0
    sarvam_port: int = 0
    flow_port: int = 0
    tencent_port: int = 0
    flow_contract: FlowContract = "portal"
