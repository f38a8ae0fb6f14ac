"""Whether the socket of a service can be relied on, learned from its requests. Pure: the clock is handed in.

States: *trusted* (requests may use the socket), *avoided* until a time (all requests use HTTP), *probed* (that time is
over, and one request tries the socket while all others keep to HTTP).
Transitions: trusted -> avoided after `MAX_FAILURES` failures in a row, or one missing end mark; avoided -> probed with
the first request after its time; probed -> trusted with a request that is whole; probed -> avoided, for twice as long,
with any other. A probe that ends without a result is replaced after `PROBE_SECONDS`.
"""

from collections import deque
from collections.abc import Callable
from math import ceil

MAX_FAILURES = 2
"""Failures in a row after which the socket is avoided."""

MIN_AVOIDED_SECONDS = 600.0
MAX_AVOIDED_SECONDS = 86400.0

PROBE_SECONDS = 30.0
"""How long the others wait for the result of a probe; a long text may take longer, and then there are two."""

MIN_FIRST_BYTE_SECONDS = 0.5
MAX_FIRST_BYTE_SECONDS = 1.5

MIN_MEASUREMENTS = 10
"""First bytes from which on their 99th percentile says something."""

MAX_MEASUREMENTS = 100


class TransportHealth:
    """What an account knows of its socket."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Trust the socket; `clock` is in seconds and may be any monotonic one."""
        self._clock = clock
        self._failures = 0
        self._avoided_seconds = 0.0
        self._avoided_until: float | None = None
        self._probing = False
        self._first_bytes: deque[float] = deque(maxlen=MAX_MEASUREMENTS)

    @property
    def avoided_for(self) -> float:
        """Return for how many seconds the socket will not be tried; 0 where the next request may use it."""
        return 0.0 if self._avoided_until is None else max(0.0, self._avoided_until - self._clock())

    @property
    def first_byte_limit(self) -> float:
        """Return after how many seconds without audio a socket counts as silent: the 99th percentile, within bounds."""
        if len(self._first_bytes) < MIN_MEASUREMENTS:
            return MAX_FIRST_BYTE_SECONDS
        percentile = sorted(self._first_bytes)[ceil(0.99 * len(self._first_bytes)) - 1]
        return min(max(percentile, MIN_FIRST_BYTE_SECONDS), MAX_FIRST_BYTE_SECONDS)

    def admits_socket(self) -> bool:
        """Return True if a request may use the socket now; one that tries it again keeps the others from it."""
        if self._avoided_until is None:
            return True
        if self.avoided_for:
            return False
        self._avoided_until = self._clock() + PROBE_SECONDS
        self._probing = True
        return True

    def note_whole(self, first_byte: float) -> None:
        """Learn that a request over the socket was spoken to its end mark."""
        self._first_bytes.append(first_byte)
        self._failures = 0
        self._avoided_seconds = 0.0
        self._avoided_until = None
        self._probing = False

    def note_failed(self, *, silent: bool) -> None:
        """Learn that a request over the socket failed before any audio, where HTTP did not.

        One that was silent took longer than was allowed, which the next limit has to reckon with.
        """
        if silent:
            self._first_bytes.append(MAX_FIRST_BYTE_SECONDS)
        self._failures += 1
        if self._probing or self._failures >= MAX_FAILURES:
            self._avoid()

    def note_broken(self) -> None:
        """Learn that a request over the socket broke off in the middle.

        That proves nothing, and is resumed elsewhere.
        """
        if self._probing:
            self._avoid()

    def note_end_mark_missing(self) -> None:
        """Learn that a request over the socket was spoken, but that nobody can tell whether to its end."""
        self._avoid()

    def _avoid(self) -> None:
        """Use HTTP for a while; a request that began before the socket was avoided changes nothing any more."""
        if self._avoided_until is not None and not self._probing:
            return
        self._avoided_seconds = min(max(2 * self._avoided_seconds, MIN_AVOIDED_SECONDS), MAX_AVOIDED_SECONDS)
        self._avoided_until = self._clock() + self._avoided_seconds
        self._failures = 0
        self._probing = False
