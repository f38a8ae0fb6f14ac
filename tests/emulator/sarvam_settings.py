"""What can be set about the Sarvam service beyond what all three share."""

from dataclasses import dataclass
from enum import StrEnum

from .settings import Behaviour


class PitchOfV3(StrEnum):
    """What bulbul:v3 does with `pitch` and `loudness` (docs/dev/protocols.md B2)."""

    TAKEN = "taken"
    """It has them, within the bounds of bulbul:v4-flash: since 2026-10-06."""
    REFUSED = "refused"
    """Either is refused with 400, even where it is neutral: in August 2026."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SarvamBehaviour(Behaviour):
    """The behaviour of the Sarvam service; limits are those of the Starter plan (docs/dev/protocols.md B9).

    The defaults are what live clients saw last.
    """

    keys: tuple[str, ...] = ("demo-key",)
    """Those that are accepted; they belong to the same account."""
    credits: float = 100.0
    """In rupees, of a new account."""
    credit_headers: bool = False
    """Whether HTTP responses have the credits in headers, which the vendor's SDK partly expects."""
    requests_per_minute: float = 30.0
    """How fast the bucket of requests to both HTTP endpoints fills up again."""
    burst: int = 50
    """Requests that the full bucket holds."""
    sockets: int = 50
    """WebSockets that may be open at the same time."""
    idle_seconds: float = 60.0
    """Without a message of the client, after which a WebSocket is closed."""
    default_model: str = "bulbul:v3"
    """Of a request that names none; the SDK's text says bulbul:v2 for sockets, newer notes say bulbul:v3."""
    deprecated_models: tuple[str, ...] = ("bulbul:v2", "bulbul:v3-beta")
    """Models that are refused as deprecated; with none they speak as they did until 2026-09-01."""
    pitch_of_v3: PitchOfV3 = PitchOfV3.TAKEN
    completion_events: bool = True
    """Whether a socket that asked for completion events gets them; the vendor's own client saw none."""
    unavailable_models: tuple[str, ...] = ()
    """Models that are refused as being in beta."""
    voices: int = 3
    """Cloned voices that the account may have."""
    preview_seconds: float = 300.0
    """For which the address of a cloned voice's sample is good."""
