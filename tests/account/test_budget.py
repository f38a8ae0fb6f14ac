"""A budget: what is left is what there was minus what was counted, it is renewed, corrected, and never nonsense."""

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
import json
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.streaming_tts.account.ledger import Ledger
from custom_components.streaming_tts.account.quota import Budget, BudgetState, BudgetTracker, BudgetUnit, amount_of
from custom_components.streaming_tts.providers.types import Charge
from tests.tables import each_row

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 20, 12, tzinfo=BERLIN)
MONTHLY = Budget(unit=BudgetUnit.CHARACTERS, amount=1000, renewal_day=1)
BALANCE = Budget(unit=BudgetUnit.MONEY, amount=100)
BEFORE = Charge(requests=7, characters=700, seconds=70.0)
"""What the ledger had counted when the budget was set."""


class Counted:
    """What is kept of a budget, told what the ledger has counted in all."""

    def __init__(self, kept: BudgetTracker, charged: Charge = BEFORE) -> None:
        """Begin with what was counted before."""
        self.kept = kept
        self.charged = charged

    def count(self, charged: Charge, now: datetime) -> BudgetTracker:
        """Spend what was counted since the last time."""
        since = Charge(
            characters=charged.characters - self.charged.characters,
            seconds=charged.seconds - self.charged.seconds,
            points=charged.points - self.charged.points,
        )
        self.charged = charged
        self.kept.spend(since, 0.0, now)
        return self.kept

    def state(self, charged: Charge, now: datetime) -> BudgetState:
        """Return how it stands when so much was counted."""
        return self.count(charged, now).state(now)

    def restarted(self) -> Counted:
        """Return what is kept after a restart."""
        return Counted(BudgetTracker.of(json.loads(json.dumps(self.kept.as_dict())), self.charged), self.charged)


def tracker(budget: Budget, now: datetime = NOW) -> Counted:
    """Return what is kept of a budget that was set now."""
    return Counted(BudgetTracker.begun(budget, now))


def after(characters: int = 0, *, seconds: float = 0.0, points: int = 0) -> Charge:
    """Return the ledger's count after that was charged."""
    return BEFORE + Charge(characters=characters, seconds=seconds, points=points)


@pytest.mark.parametrize(
    ("budget", "charge", "left"),
    [
        (MONTHLY, after(250), 750),
        (replace(MONTHLY, unit=BudgetUnit.POINTS, amount=10), after(points=4), 6),
        (replace(MONTHLY, unit=BudgetUnit.HOURS, amount=2), after(seconds=5400), 0.5),
    ],
)
def test_what_is_left_is_the_amount_minus_what_was_charged_since(budget: Budget, charge: Charge, left: float) -> None:
    """In the unit of the budget; what was charged before it does not count."""
    kept = tracker(budget)
    assert kept.state(BEFORE, NOW).remaining == budget.amount
    assert kept.state(charge, NOW).remaining == pytest.approx(left)
    assert kept.state(charge, NOW).used == pytest.approx(budget.amount - left)


def test_money_is_kept_over_a_restart() -> None:
    """It was spent at the price of its time, which the count of the ledger does not tell."""
    kept = tracker(BALANCE)
    kept.kept.spend(Charge(), 30, NOW)
    assert kept.state(after(10_000), NOW).remaining == 70
    restored = kept.restarted()
    restored.count(after(10_000), NOW).apply(BALANCE, NOW)
    assert restored.state(after(10_000), NOW).remaining == 70
    restored.count(after(10_000), NOW).correct(50, NOW)
    assert restored.state(after(10_000), NOW).remaining == 50


OLD_PRICES = {"price_characters": 0.0, "price_hour": 0.5, "prices_characters": {}, "prices_hour": {}}


@pytest.mark.parametrize(
    ("kind", "unit", "budget"),
    [
        ("monthly", "characters", MONTHLY),
        ("monthly", "requests", replace(MONTHLY, unit=BudgetUnit.POINTS)),
        ("balance", "money", replace(BALANCE, amount=1000)),
    ],
)
def test_what_release_0_1_kept_of_a_budget_goes_on(kind: str, unit: str, budget: Budget) -> None:
    """With what was left of it."""
    state = {
        "budget": {"kind": kind, "unit": unit, "amount": 1000, "renewal_day": 1, **OLD_PRICES},
        "granted": 1000,
        "mark": asdict(BEFORE),
        "spent": 600.0,
        "renewal": None,
        "refused": False,
    }
    restored = BudgetTracker.of(json.loads(json.dumps(state)), after(600, points=600))
    restored.apply(budget, NOW)
    assert restored.state(NOW).remaining == 400


def test_without_a_budget_nothing_is_known() -> None:
    """Neither what is left nor whether anything is."""
    state = BudgetState()
    assert (state.remaining, state.used, state.exhausted) == (None, None, None)
    ledger = Ledger(lambda: None, daily_quota=False)
    ledger.take_up_budget(MONTHLY, stops_at_limit=False)
    assert ledger.budget is not None
    ledger.take_up_budget(None, stops_at_limit=False)
    assert ledger.budget is None


def test_more_than_everything_leaves_nothing() -> None:
    """And not less."""
    kept = tracker(MONTHLY)
    assert kept.state(after(5000), NOW).remaining == 0
    assert kept.state(after(5000), NOW).exhausted is True
    assert kept.state(after(5000), NOW).used == 1000


@each_row(
    ("day", "now", "renewal"),
    [
        (1, NOW, datetime(2026, 12, 1, tzinfo=BERLIN)),
        (20, NOW, datetime(2026, 12, 20, tzinfo=BERLIN)),
        (21, NOW, datetime(2026, 11, 21, tzinfo=BERLIN)),
        (31, NOW, datetime(2026, 11, 30, tzinfo=BERLIN)),
        (31, datetime(2026, 1, 31, 9, tzinfo=BERLIN), datetime(2026, 2, 28, tzinfo=BERLIN)),
        (29, datetime(2028, 2, 28, tzinfo=BERLIN), datetime(2028, 2, 29, tzinfo=BERLIN)),
        (5, datetime(2026, 12, 31, 23, tzinfo=BERLIN), datetime(2027, 1, 5, tzinfo=BERLIN)),
    ],
)
def test_an_allowance_is_renewed_on_its_day_in_the_house(day: int, now: datetime, renewal: datetime) -> None:
    """In a shorter month on its last day."""
    kept = tracker(replace(MONTHLY, renewal_day=day), now)
    assert kept.state(BEFORE, now).renewal == renewal
    assert kept.state(after(1000), renewal - timedelta(seconds=1)).remaining == 0
    assert kept.state(after(1000), renewal).remaining == 1000
    assert kept.state(after(1400), renewal).remaining == 600


@pytest.mark.parametrize("zone", ["America/Havana", "Africa/Cairo", "Asia/Beirut", "Pacific/Apia", "America/Santiago"])
def test_each_month_is_one_renewal_also_where_midnight_is_missing_or_comes_twice(zone: str) -> None:
    """In three years, looked at every quarter of an hour: 36 times, each at the first moment of its day."""
    now, here = datetime(2026, 1, 1, 0, 5, tzinfo=UTC), ZoneInfo(zone)
    kept = tracker(replace(MONTHLY, renewal_day=31), now.astimezone(here)).kept
    used, renewed = 0, list[datetime]()
    while now < datetime(2029, 1, 1, tzinfo=UTC):
        now += timedelta(minutes=15)
        if kept.state(now.astimezone(here)).remaining == 1000 and used:
            renewed.append(now.astimezone(here))
        kept.spend(Charge(characters=1), 0.0, now.astimezone(here))
        used += 1
    assert len({(moment.year, moment.month) for moment in renewed}) == len(renewed) == 36
    assert {moment.day for moment in renewed} == {28, 29, 30, 31}


@pytest.mark.parametrize("wrong", [timedelta(hours=-30 * 24), timedelta(days=-365 * 50)])
def test_a_machine_that_starts_in_the_past_is_not_given_its_month_twice(wrong: timedelta) -> None:
    """Its clock is set soon after; a month later it is renewed as ever. It may restart in between."""
    kept = tracker(MONTHLY)
    assert kept.state(after(700), NOW).remaining == 300
    assert kept.state(after(700), NOW + wrong).remaining == 300
    kept = kept.restarted()
    assert kept.state(after(700), NOW).remaining == 300
    assert kept.state(after(700), NOW).renewal == datetime(2026, 12, 1, tzinfo=BERLIN)
    assert kept.state(after(700), datetime(2026, 12, 1, tzinfo=BERLIN)).remaining == 1000


def test_a_clock_that_was_fast_does_not_keep_the_next_month_away() -> None:
    """Once it is put right the next renewal is the next one."""
    kept = tracker(MONTHLY)
    kept.count(after(100), NOW)
    assert kept.state(after(100), NOW + timedelta(days=900)).remaining == 1000
    assert kept.state(after(400), NOW).remaining == 700
    assert kept.state(after(400), datetime(2026, 12, 1, tzinfo=BERLIN)).remaining == 1000


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
def test_a_house_that_moves_renews_at_its_own_midnight(zone: str) -> None:
    """Once a month, also where the house moves at the turn of it."""
    midnight = datetime(2026, 12, 1, tzinfo=ZoneInfo(zone))
    kept = tracker(MONTHLY)
    assert kept.state(after(700), NOW.astimezone(midnight.tzinfo)).renewal == midnight
    assert kept.state(after(700), midnight - timedelta(seconds=1)).remaining == 300
    assert kept.state(after(700), midnight).remaining == 1000
    assert kept.state(after(800), datetime(2026, 12, 31, 12, tzinfo=midnight.tzinfo)).remaining == 900


def test_a_house_that_moves_east_over_midnight_is_renewed_at_once() -> None:
    """It is in the next month already."""
    kept = tracker(MONTHLY)
    late = datetime(2026, 11, 30, 20, tzinfo=BERLIN)
    assert kept.state(after(700), late).remaining == 300
    assert kept.state(after(700), late.astimezone(ZoneInfo("Asia/Tokyo"))).remaining == 1000


def test_a_house_that_moves_west_over_midnight_is_not_renewed_twice() -> None:
    """It was renewed where it came from."""
    kept = tracker(MONTHLY)
    midnight, home = datetime(2026, 12, 1, tzinfo=BERLIN), ZoneInfo("America/New_York")
    kept.count(after(700), NOW)
    assert kept.state(after(700), midnight).remaining == 1000
    assert kept.state(after(900), midnight.astimezone(home)).remaining == 800
    assert kept.state(after(900), datetime(2026, 12, 1, tzinfo=home)).remaining == 800
    assert kept.state(after(900), datetime(2027, 1, 1, tzinfo=home)).remaining == 1000


def test_a_balance_is_never_renewed() -> None:
    """It is filled up by whoever pays."""
    kept = tracker(BALANCE)
    kept.kept.spend(Charge(), 30, NOW)
    assert kept.state(BEFORE, NOW).renewal is None
    assert kept.state(after(10_000), NOW + timedelta(days=900)).remaining == 70


def test_what_the_user_saw_is_taken() -> None:
    """From then on the ledger counts it down, until the next renewal."""
    kept = tracker(MONTHLY)
    kept.count(after(100), NOW).correct(400, NOW)
    assert kept.state(after(150), NOW).remaining == 350
    assert kept.state(after(150), datetime(2026, 12, 1, tzinfo=BERLIN)).remaining == 1000


def test_a_refusal_of_the_service_corrects_the_estimate() -> None:
    """Nothing is left, whatever was counted, until the renewal."""
    kept = tracker(MONTHLY)
    kept.count(after(100), NOW).refuse(NOW)
    assert kept.state(after(100), NOW).remaining == 0
    assert kept.state(after(100), datetime(2026, 12, 1, tzinfo=BERLIN)).remaining == 1000


def test_an_allowance_of_which_the_service_speaks_again_goes_by_our_count() -> None:
    """It was raised, or refused by mistake."""
    kept = tracker(MONTHLY)
    kept.count(after(100), NOW).refuse(NOW)
    kept.count(after(120), NOW).accept(NOW)
    assert kept.state(after(120), NOW).remaining == 880


def test_a_balance_that_was_filled_up_is_unknown_until_somebody_says_how_much() -> None:
    """A number that nobody knows is not made up."""
    kept = tracker(BALANCE)
    kept.count(after(100), NOW).refuse(NOW)
    assert kept.state(after(100), NOW).exhausted is True
    kept.count(after(100), NOW).accept(NOW)
    assert kept.state(after(100), NOW).remaining is None
    assert kept.state(after(100), NOW).exhausted is None
    kept.count(after(100), NOW).correct(50, NOW)
    assert kept.state(after(100), NOW).remaining == 50


def test_all_of_a_refused_balance_was_used_and_how_much_of_a_filled_up_one_nobody_knows() -> None:
    """Nothing is left of what was refused; what is used again is not known to be nothing."""
    kept = tracker(BALANCE)
    kept.count(after(100), NOW).refuse(NOW)
    assert kept.state(after(100), NOW).used == BALANCE.amount
    kept.count(after(100), NOW).accept(NOW)
    assert kept.state(after(100), NOW).used is None
    kept.count(after(100), NOW).correct(120, NOW)
    assert kept.state(after(100), NOW).used == 0  # more than was entered is there


@pytest.mark.parametrize(
    ("budget", "changed", "left"),
    [
        (MONTHLY, replace(MONTHLY, amount=1500), 1200),
        (MONTHLY, replace(MONTHLY, renewal_day=9), 700),
        (MONTHLY, replace(MONTHLY, unit=BudgetUnit.POINTS, amount=20), 20),
        (MONTHLY, BALANCE, 100),
        (BALANCE, replace(BALANCE, amount=80), 80),
    ],
)
def test_a_changed_budget_keeps_what_it_can(budget: Budget, changed: Budget, left: float) -> None:
    """Another allowance changes what is left, another kind or unit begins anew."""
    kept = tracker(budget)
    kept.kept.spend(Charge(), 0.9, NOW)
    kept.count(after(300), NOW).apply(changed, NOW)
    assert kept.state(after(300), NOW).remaining == pytest.approx(left)


def test_it_is_kept_over_a_restart() -> None:
    """With its mark, so that nothing is counted twice, and a renewal in between has happened."""
    kept = tracker(MONTHLY)
    kept.count(after(100), NOW).correct(400, NOW)
    restored = kept.restarted()
    restored.count(after(150), NOW).apply(MONTHLY, NOW)
    assert restored.state(after(150), NOW).remaining == 350
    assert restored.state(after(150), datetime(2026, 12, 1, tzinfo=BERLIN)).remaining == 1000


@given(
    amount=st.floats(0, 1e12),
    correction=st.floats(0, 1e12),
    characters=st.integers(0, 10**12),
    days=st.integers(0, 800),
    day=st.integers(1, 31),
)
def test_no_count_makes_a_number_that_cannot_be(
    amount: float, correction: float, characters: int, days: int, day: int
) -> None:
    """What is left is at least 0, and there is always a next renewal."""
    kept = tracker(replace(MONTHLY, amount=amount, renewal_day=day))
    kept.count(BEFORE, NOW).correct(correction, NOW)
    later = NOW + timedelta(days=days)
    remaining, used = kept.state(after(characters), later).remaining, kept.state(after(characters), later).used
    assert remaining is not None
    assert used is not None
    assert remaining >= 0
    assert 0 <= used <= amount
    renewal = kept.state(after(characters), later).renewal
    assert renewal is not None
    assert renewal > later


@each_row("value", [-1, "5", None, float("nan"), float("inf"), 1e13, True, []])
def test_an_amount_that_cannot_be_is_none(value: object) -> None:
    """Whoever says it."""
    assert amount_of(value) is None
    assert amount_of(5) == 5.0
