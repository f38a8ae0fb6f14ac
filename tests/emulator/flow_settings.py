"""What can be set about the Flow service beyond what all three share."""

from dataclasses import dataclass, replace
from enum import StrEnum

from .settings import Behaviour


class Contract(StrEnum):
    """Which description of the service it follows."""

    PORTAL = "portal"
    """The provider's page (docs/dev/protocols.md C1)."""
    BACKEND = "backend"
    """The open-sourced backend (docs/dev/protocols.md C2)."""


class Release(StrEnum):
    """Which commit of the open-sourced backend."""

    JUNE = "june"
    """Ignores model, emotion, bit rate, and, for streams, all audio settings; no `/api/config`, no `/api/user/quota`.
    """
    HEAD = "head"
    """The current one: points that never reset, other prices, and a library with models and languages."""


class Tier(StrEnum):
    """What an account has paid for; the backend knows three (docs/dev/protocols.md C2)."""

    FREE = "free"
    PRO = "pro"
    MAX = "max"

    @property
    def daily_points(self) -> int:
        """What it may use in a UTC day."""
        return {Tier.FREE: 100, Tier.PRO: 300, Tier.MAX: 1000}[self]


_MAX_BODY = 50 * 1024 * 1024
_MAX_BODY_OF_HEAD = int(4.3 * 1024 * 1024)
_POOL = 10_000
"""What a free account of the newest commit has, once and for all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prices:
    """What is charged, in points."""

    speech: int
    audition: int
    """Of hearing a clone, where the request says that it is that."""
    clone: int


_DOCUMENTED = Prices(speech=1, audition=1, clone=10)
_NEWEST = Prices(speech=100, audition=50, clone=50)


class Dialect(StrEnum):
    """How the events of a stream look."""

    CONTRACT = "contract"
    """What the contract shows: `portal` or `relay`."""
    PORTAL = "portal"
    """`Type` "audio" and an integer ChunkId (docs/dev/protocols.md C1)."""
    RELAY = "relay"
    """`Type` "audio", a string for ChunkId, RequestId and Seq (docs/dev/protocols.md C2)."""
    ENGINE = "engine"
    """`Type` "chunk", ChunkId "chunk_0", an error event of its own (docs/dev/protocols.md C4)."""


class Ending(StrEnum):
    """How a stream says that it is whole."""

    LAST_AUDIO = "last_audio"
    """The last audio chunk has a true IsEnd."""
    EMPTY_AUDIO = "empty_audio"
    """An empty chunk with a true IsEnd follows."""
    END_EVENT = "end_event"
    """An event of `Type` "end" follows, and no chunk has it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FlowBehaviour(Behaviour):
    """The behaviour of the Flow service."""

    contract: Contract = Contract.PORTAL
    release: Release = Release.HEAD
    tier: Tier = Tier.FREE
    daily_points: int | None = None
    """What an account may use in a UTC day, or for ever; None is what its tier has."""
    pool_resets: bool | None = None
    """Whether points come back at 00:00 UTC; None is as the contract has it."""
    speech_cost: int | None = None
    """Points that a text costs; None is as the contract has it."""
    quota_headers: bool = True
    """Whether metered answers of the backend have their X-Quota headers."""
    quota_in_bodies: bool = True
    """Whether bodies have the remaining quota."""
    rate_limit: int = 60
    """Requests in a window; limits in the portal contract only, as only its page speaks of it."""
    rate_window: float = 60.0
    """Seconds."""
    rate_text: bool = False
    """Whether the 429 of the rate limit, whose body no source shows, is plain text; it is JSON otherwise."""
    max_characters: int = 5000
    access_token_seconds: int = 3600
    older_sign_in_errors: bool = False
    """Whether the sign-in service answers errors in its older shape."""
    dialect: Dialect = Dialect.CONTRACT
    ending: Ending = Ending.LAST_AUDIO
    pretty_events: bool = False
    """Whether the JSON of an event spans several lines, as the page prints it."""
    comments: bool = False
    """Whether comment lines come between the events."""
    cut_base64: bool = False
    """Whether the base64 of all audio is split anywhere, so that no event decodes alone (docs/dev/protocols.md C4)."""
    quota_event: bool = False
    """Whether an event with the quota follows the last chunk, as in old deployments of the backend."""
    stream_header: bool = False
    """Whether a stream starts with a WAV header; otherwise, it's PCM."""

    clone_limit: int | None = None
    """Voices that a user may have cloned; None is as many as they like."""
    clones_listed: bool = True
    """Whether the backend remembers clones; where it does not, they speak and no list shows them, as in the portal."""

    @property
    def clone_seconds(self) -> tuple[float, float]:
        """How short and how long a recording may be.

        As the portal page says (docs/dev/protocols.md C1), or as the engine wants it (docs/dev/protocols.md C2, C4).
        """
        return (4.0, 12.0) if self.contract is Contract.PORTAL else (6.0, 180.0)

    @property
    def max_body(self) -> int:
        """Maximum bytes of a body (docs/dev/protocols.md C2)."""
        return _MAX_BODY_OF_HEAD if self.current else _MAX_BODY

    @property
    def daily_limit(self) -> int:
        """What an account may use in a UTC day, or for ever."""
        if self.daily_points is not None:
            return self.daily_points
        return _POOL if self.current and self.tier is Tier.FREE else self.tier.daily_points

    @property
    def resets(self) -> bool:
        """Whether points come back at 00:00 UTC."""
        return not self.current if self.pool_resets is None else self.pool_resets

    @property
    def prices(self) -> Prices:
        """What is charged."""
        prices = _NEWEST if self.current else _DOCUMENTED
        return prices if self.speech_cost is None else replace(prices, speech=self.speech_cost)

    @property
    def current(self) -> bool:
        """Whether it is the backend's newest commit."""
        return self.contract is Contract.BACKEND and self.release is Release.HEAD
