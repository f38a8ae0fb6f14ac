"""What requests cost at Flow TTS, learned from what the service tells (docs/dev/protocols.md C1, C2).

The portal charges 1 point for speech, the backend of August 2026 charges 100: which one answers is not known before. A
backend tells the price with each answer (`X-Quota-Cost`). Elsewhere it is the difference of two reports, divided by the
requests between them. Another client of the same account makes a difference too large, never too small, so that the
smaller of the last two counts.
"""

from collections import Counter, deque
from enum import StrEnum

from ..types import Charge, Quota


class Work(StrEnum):
    """What the service has a price for."""

    SPEECH = "speech"
    CLONE = "clone"


_DOCUMENTED = {Work.SPEECH: 1, Work.CLONE: 10}
"""The prices of the portal page, in points (docs/dev/protocols.md C1)."""


class Prices:
    """The prices of one account."""

    def __init__(self) -> None:
        """Start with the documented prices."""
        self._points = dict(_DOCUMENTED)
        self._told: set[Work] = set()
        self._seen: dict[Work, deque[int]] = {work: deque(maxlen=2) for work in Work}
        self._used: int | None = None
        self._charged: Counter[Work] = Counter()

    def of(self, work: Work | None) -> Charge:
        """Return what a request costs once it is admitted, also where it fails then; None is work without a price."""
        return Charge() if work is None else Charge(points=self._points[work], requests=1)

    def note_charged(self, work: Work | None) -> None:
        """Learn that the service has charged a request, before what its answer reports."""
        if work is not None:
            self._charged[work] += 1

    def note_cost(self, work: Work | None, points: int) -> None:
        """Learn the price that an answer tells."""
        if work is not None:
            self._told.add(work)
            self._points[work] = points

    def note_report(self, quota: Quota) -> None:
        """Learn the price from what was used since the report before, if only requests of one kind were made since."""
        used = _used(quota)
        if used is None:
            return
        charged, self._charged = self._charged, Counter()
        before, self._used = self._used, used
        if before is None or used <= before or len(charged) != 1:
            return
        [(work, requests)] = charged.items()
        points, rest = divmod(used - before, requests)
        if rest == 0 and work not in self._told:
            self._seen[work].append(points)
            self._points[work] = min(self._seen[work])


def _used(quota: Quota) -> int | None:
    """Return what a report says was used."""
    if quota.used is None and quota.limit is not None and quota.remaining is not None:
        return quota.limit - quota.remaining
    return quota.used
