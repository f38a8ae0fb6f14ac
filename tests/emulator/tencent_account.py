"""What an account of Tencent's API has used, and may still use (docs/dev/protocols.md E)."""

from collections import defaultdict
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from .clock import Clock
from .flow_quota import RateWindow
from .tencent_errors import TencentError
from .tencent_requests import CLONE
from .tencent_settings import INTERNATIONAL, TencentBehaviour

_INTERNATIONAL_RATE = 20
_CHINA_RATE = 100
_CHINA_CLONE_RATE = 5
_TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
_LONGEST = timedelta(days=31)


class Account:
    """Counts characters, requests a second and requests at a time."""

    def __init__(self, behaviour: Callable[[], TencentBehaviour], clock: Clock) -> None:
        """Nothing is used yet; `left` are the characters of a package that can run out, None of one that can't."""
        self._behaviour = behaviour
        self._clock = clock
        self._windows: defaultdict[tuple[str, str], RateWindow] = defaultdict(RateWindow)
        self._running = 0
        self.used: list[tuple[datetime, int]] = []
        self.left: int | None = None

    def take_request(self, action: str, region: str) -> None:
        """Count a request. Raises TencentError where there are too many in this second."""
        china = _CHINA_CLONE_RATE if action == CLONE else _CHINA_RATE
        limit = self._behaviour().rate_limit or (_INTERNATIONAL_RATE if region in INTERNATIONAL else china)
        if not self._windows[action, region].take(limit, 1.0, self._clock.time()):
            raise TencentError("RequestLimitExceeded")

    @contextmanager
    def running(self) -> Generator[None]:
        """Count a synthesis for as long as it lasts. Raises TencentError where there are too many at a time."""
        if self._running >= self._behaviour().concurrency_limit:
            raise TencentError("LimitExceeded.ConcurrencyLimit")
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    def charge(self, characters: int) -> None:
        """Count characters of a text. Raises TencentError where the package has fewer left."""
        if self.left is not None:
            if characters > self.left:
                raise TencentError("UnsupportedOperation.NotAllowed")
            self.left -= characters
        self.used.append((self._clock.now(), characters))

    def change(self, change: Mapping[str, Any]) -> Mapping[str, Any]:
        """Let another client use characters, or set the remaining ones. Raises ValueError for anything else."""
        match dict(change):
            case {"spend": int(characters)} if characters >= 0:
                self.charge(characters if self.left is None else min(characters, self.left))
            case {"remaining": int(characters)} if characters >= 0:
                self.left = characters
            case {"remaining": None}:
                self.left = None
            case _:
                raise ValueError('neither {"spend": characters} nor {"remaining": characters or null}')
        return {"used": sum(characters for _, characters in self.used), "remaining": self.left}

    def usage(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return what was used in a time, by rows of five minutes or of days. Raises TencentError."""
        begin, end = _time(body["StartTime"]), _time(body["EndTime"])
        if not begin <= end <= begin + _LONGEST:
            raise TencentError("InvalidParameter.QueryScaleOversize", "At most 31 days can be asked for.")
        if not body["AuType"] or not all(isinstance(kind, str) for kind in body["AuType"]):
            raise TencentError("InvalidParameter", "AuType must be a list of texts.")
        step = timedelta(minutes=5) if end - begin <= timedelta(days=1) else timedelta(days=1)
        rows: list[tuple[datetime, int]] = []
        while begin <= end:
            following = begin + step
            rows.append((begin, sum(count for when, count in self.used if begin <= when < following and when <= end)))
            begin = following

        def values(count: int) -> list[float]:
            return [float(count) if kind == "tts" else 0.0 for kind in body["AuType"]]

        return {
            "UsageKey": body["AuType"],
            "UsageList": [{"TimeKey": f"{when:{_TIME_FORMAT}}", "UsageValue": values(count)} for when, count in rows],
            "TotalUsage": values(sum(count for _, count in rows)),
        }


def _time(text: str) -> datetime:
    try:
        return datetime.strptime(text, _TIME_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        raise TencentError("InvalidParameter", "A time must be YYYY-MM-DD HH:mm:ss.") from None
