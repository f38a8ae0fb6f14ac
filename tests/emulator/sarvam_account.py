"""Limits of a Sarvam account: credits in rupees, a bucket of requests, open sockets (docs/dev/protocols.md B9)."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from .clock import Clock
from .sarvam_catalogue import Model
from .sarvam_errors import SarvamError
from .sarvam_settings import SarvamBehaviour


class Account:
    """The state of the one account. Limits are those of the behaviour at the moment of asking."""

    def __init__(self, behaviour: SarvamBehaviour, clock: Clock) -> None:
        """Start with a full purse and a full bucket."""
        self.credits = Decimal(str(behaviour.credits))
        self.characters = 0
        self.sockets = 0
        self._clock = clock
        self._requests = float(behaviour.burst)
        self._filled_at = clock.time()

    def charge(self, model: Model, text: str) -> None:
        """Take the price of the text. Raises SarvamError, and takes nothing, where the credits do not cover it."""
        price = model.price * len(text)
        if price > self.credits:
            raise SarvamError(status=429, code="insufficient_quota_error")
        self.credits -= price
        self.characters += len(text)

    def spend(self, rupees: Decimal) -> None:
        """Let another client use credits, at most all of them."""
        self.credits = max(Decimal(0), self.credits - rupees)

    def take_request(self, behaviour: SarvamBehaviour) -> None:
        """Take one request out of the bucket. Raises SarvamError where it is empty."""
        now = self._clock.time()
        refill = (now - self._filled_at) / 60 * behaviour.requests_per_minute
        self._requests = min(float(behaviour.burst), max(0.0, self._requests + refill))
        self._filled_at = now
        if self._requests < 1:
            raise SarvamError(status=429)
        self._requests -= 1

    @contextmanager
    def socket(self, behaviour: SarvamBehaviour) -> Iterator[None]:
        """Count an open socket. Raises SarvamError where there are too many."""
        if self.sockets >= behaviour.sockets:
            raise SarvamError(status=429)
        self.sockets += 1
        try:
            yield
        finally:
            self.sockets -= 1
