"""What was counted is what was charged, however requests overlap, and is taken up again whoever has stored it."""

from datetime import UTC, datetime, timedelta
import json
from typing import Any
from unittest.mock import patch

from hypothesis import given, strategies as st

from custom_components.streaming_tts.account.ledger import Ledger
from custom_components.streaming_tts.account.quota import Budget, BudgetTracker, BudgetUnit, QuotaTracker
from custom_components.streaming_tts.providers.types import Charge, Failure, Quota
from homeassistant.util import dt as dt_util

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LIMIT = 1000

REQUESTS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(0, 3), st.booleans()), max_size=12)
"""Requests: when each starts and how long it takes in seconds, its price in points, and whether its answer tells a
quota."""

STEPS = st.lists(
    st.tuples(
        st.sampled_from(("count", "fail", "report", "refuse", "accept", "spend", "correct")),
        st.integers(0, 1500),
        st.integers(1, 3600),
    ),
    max_size=10,
)
"""What happens to an account one after the other: what, a number for it, and the seconds since the one before."""

BUDGETS = st.sampled_from(
    [
        None,
        Budget(unit=BudgetUnit.CHARACTERS, amount=1000, renewal_day=1),
        Budget(unit=BudgetUnit.HOURS, amount=2),
        Budget(unit=BudgetUnit.POINTS, amount=10, renewal_day=21),
        Budget(unit=BudgetUnit.MONEY, amount=20.5),
    ]
)

YOUNGER: dict[str, tuple[str, ...]] = {
    "quota": ("told", "since", "renewal_before", "reported_used", "renewed_since_report", "is_pool"),
    "budget": ("renewal_before", "since"),
}
"""What ledgers have had since they were first stored, by its part; a file of an older release lacks it."""


@given(requests=REQUESTS)
def test_what_is_left_is_what_the_service_has_left_however_requests_overlap(
    requests: list[tuple[int, int, int, bool]],
) -> None:
    """A service charges a request when it comes, and tells in an answer what is left then."""
    tracker = QuotaTracker(daily=True)
    tracker.report(Quota(limit=LIMIT, used=0, remaining=LIMIT), NOON - timedelta(seconds=1))
    moments = [(start, False, number) for number, (start, *_) in enumerate(requests)]
    moments += [(start + seconds, True, number) for number, (start, seconds, *_) in enumerate(requests)]
    used = 0
    for moment, is_end, number in sorted(moments):
        start, _, price, tells = requests[number]
        now = NOON + timedelta(seconds=moment)
        if not is_end:
            used += price
            continue
        if tells:
            tracker.report(Quota(limit=LIMIT, used=used, remaining=LIMIT - used), now)
        tracker.spend(price, NOON + timedelta(seconds=start), now)
    left = tracker.state(NOON + timedelta(seconds=60)).quota
    assert left is not None
    assert (left.used, left.remaining) == (used, LIMIT - used)


def ledger_after(budget: Budget | None, steps: list[tuple[str, int, int]]) -> tuple[Ledger, datetime]:
    """Return the ledger of an account to which that has happened, and when."""
    ledger, now = Ledger(lambda: None, daily_quota=True), NOON
    if budget is not None:
        ledger.budget = BudgetTracker.begun(budget, now)
    for step, number, seconds in steps:
        now += timedelta(seconds=seconds)
        charge = Charge(requests=1, characters=number, seconds=number / 10, points=number % 4)
        match step:
            case "count":
                ledger.charged += charge
                ledger.quota.spend(charge.points, now - timedelta(seconds=1), now)
            case "fail":
                ledger.charged += Charge(requests=1)
                ledger.failures[list(Failure)[number % len(Failure)]] = 1
            case "report":
                ledger.quota.report(Quota(limit=LIMIT, remaining=min(number, LIMIT)), now)
            case "refuse":
                ledger.quota.refuse(None, now)
                if ledger.budget is not None:
                    ledger.budget.refuse(now)
            case "accept":
                ledger.quota.accept(now, now)
                if ledger.budget is not None:
                    ledger.budget.accept(now)
            case "spend" if ledger.budget is not None:
                ledger.budget.spend(Charge(), number / 100, now)
            case "correct" if ledger.budget is not None:
                ledger.budget.correct(number, now)
    return ledger, now


def taken_up(stored: dict[str, Any], now: datetime) -> Ledger:
    """Return a ledger that has taken up what was stored, as JSON has it."""
    ledger = Ledger(lambda: None, daily_quota=True)
    with patch.object(dt_util, "utcnow", return_value=now), patch.object(dt_util, "now", return_value=now):
        ledger.restore(json.loads(json.dumps(stored)))
    return ledger


@given(budget=BUDGETS, steps=STEPS)
def test_what_was_stored_is_taken_up_as_it_was(budget: Budget | None, steps: list[tuple[str, int, int]]) -> None:
    """After anything that may happen to an account; what a later release has beside it is stored again."""
    ledger, now = ledger_after(budget, steps)
    stored = json.loads(json.dumps({**ledger.as_dict(), "of a later release": {"a": [1]}}))
    again = taken_up(stored, now)
    for part in (stored, again_stored := json.loads(json.dumps(again.as_dict()))):
        del part["quota"]["source"]  # what was reported before a restart is an estimate after it
    assert again_stored == stored
    assert (again.charged, again.failures) == (ledger.charged, ledger.failures)
    assert again.quota.state(now).exhausted == ledger.quota.state(now).exhausted
    left = [each.budget and each.budget.state(now) for each in (again, ledger)]
    assert left[0] == left[1]


@given(budget=BUDGETS, steps=STEPS, lacks=st.sets(st.sampled_from([*YOUNGER["quota"], *YOUNGER["budget"], "budget"])))
def test_what_an_older_release_has_stored_is_taken_up(
    budget: Budget | None, steps: list[tuple[str, int, int]], lacks: set[str]
) -> None:
    """Without what that release did not know; what it counted is kept."""
    ledger, now = ledger_after(budget, steps)
    stored = ledger.as_dict()
    for part, names in YOUNGER.items():
        stored[part] = {key: value for key, value in stored[part].items() if key not in lacks & {*names}}
    if "budget" in lacks:
        del stored["budget"]
    again = taken_up(stored, now)
    assert (again.charged, again.failures) == (ledger.charged, ledger.failures)
    before, after = ledger.quota.state(now).quota, again.quota.state(now).quota
    assert (before and before.remaining) == (after and after.remaining)
