"""What is left: reports are taken, prices are reckoned with, renewals come, and nonsense changes nothing."""

from datetime import UTC, datetime, timedelta
import json

from hypothesis import given, strategies as st
import pytest

from custom_components.streaming_tts.account.quota import QuotaTracker
from custom_components.streaming_tts.providers.types import Quota, Source
from tests.tables import each_row

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def reported(limit: int | None = 100, used: int | None = 40, remaining: int | None = 60) -> QuotaTracker:
    """Return what is known behind a report at noon."""
    tracker = QuotaTracker(daily=True)
    tracker.report(Quota(limit=limit, used=used, remaining=remaining), NOON)
    return tracker


def numbers(tracker: QuotaTracker, now: datetime = NOON) -> tuple[int | None, int | None, int | None, Source] | None:
    """Return limit, used, remaining and where they come from."""
    quota = tracker.state(now).quota
    return None if quota is None else (quota.limit, quota.used, quota.remaining, quota.source)


def test_nothing_is_known_before_a_report() -> None:
    """No number is made up, and what is spent meanwhile changes nothing."""
    tracker = QuotaTracker(daily=True)
    tracker.spend(1, NOON, NOON)
    assert tracker.state(NOON).quota is None
    assert tracker.state(NOON).exhausted is None
    assert tracker.state(NOON).renewal is None


def test_a_report_is_taken_and_what_follows_is_reckoned() -> None:
    """Each request after the report costs its price, down to nothing."""
    tracker = reported()
    assert numbers(tracker) == (100, 40, 60, Source.REPORTED)
    tracker.spend(1, NOON + SECOND, NOON + 2 * SECOND)
    assert numbers(tracker) == (100, 41, 59, Source.ESTIMATED)
    tracker.spend(100, NOON + SECOND, NOON + 2 * SECOND)
    assert numbers(tracker) == (100, 141, 0, Source.ESTIMATED)
    assert tracker.state(NOON + 2 * SECOND).exhausted is True


def test_a_report_includes_the_requests_that_were_made_before_it() -> None:
    """A request that tells its own quota is not charged twice."""
    tracker = reported()
    tracker.spend(1, NOON - SECOND, NOON + SECOND)
    assert numbers(tracker) == (100, 40, 60, Source.REPORTED)


@each_row(
    ("report", "expected"),
    [
        (Quota(limit=100, used=30), (100, 30, 70)),
        (Quota(limit=100, remaining=70), (100, 30, 70)),
        (Quota(remaining=7), (None, None, 7)),
        (Quota(limit=100, used=130), (100, 130, 0)),
        (Quota(limit=100, used=30, remaining=900), (100, 30, 70)),
        (Quota(limit=100, used=-1, remaining=60), (100, 40, 60)),
        (Quota(limit=10**30, remaining=60), (None, None, 60)),
    ],
)
def test_a_report_is_completed_and_cleaned(report: Quota, expected: tuple[int | None, ...]) -> None:
    """What follows from two numbers is known, what cannot be is not."""
    tracker = QuotaTracker(daily=True)
    tracker.report(report, NOON)
    assert numbers(tracker) == (*expected, Source.REPORTED)


@pytest.mark.parametrize("report", [Quota(), Quota(limit=-5, used=-1, remaining=-1), Quota(remaining=10**30)])
def test_a_report_without_a_number_is_none(report: Quota) -> None:
    """What was known before stays."""
    tracker = reported()
    tracker.report(report, NOON + SECOND)
    assert numbers(tracker) == (100, 40, 60, Source.REPORTED)


def test_the_allowance_is_whole_again_at_midnight() -> None:
    """Nobody has told that yet, so it is an estimate."""
    tracker = reported(used=100, remaining=0)
    assert tracker.state(NOON).renewal == MIDNIGHT
    assert tracker.state(MIDNIGHT - SECOND).exhausted is True
    assert numbers(tracker, MIDNIGHT) == (100, 0, 100, Source.ESTIMATED)
    assert tracker.state(MIDNIGHT).exhausted is False
    assert tracker.state(MIDNIGHT).renewal == MIDNIGHT + timedelta(days=1)


def test_a_machine_that_starts_in_the_past_is_not_given_its_day_twice() -> None:
    """Its clock is set soon after; the next midnight is one as ever. It may restart in between."""
    tracker = reported()
    assert numbers(tracker, NOON - timedelta(days=365 * 50)) == (100, 40, 60, Source.REPORTED)
    restarted = QuotaTracker(daily=True)
    restarted.restore(json.loads(json.dumps(tracker.as_dict())))
    assert numbers(restarted, NOON + SECOND) == (100, 40, 60, Source.ESTIMATED)
    assert restarted.state(NOON + SECOND).renewal == MIDNIGHT
    assert numbers(restarted, MIDNIGHT) == (100, 0, 100, Source.ESTIMATED)


def test_a_reset_that_is_days_away_is_kept() -> None:
    """Over midnight, a restart, and reports that tell none."""
    december = datetime(2026, 12, 1, tzinfo=UTC)
    tracker = QuotaTracker(daily=True)
    tracker.refuse(Quota(limit=1000, used=1000, remaining=0, resets_at=december), NOON)
    assert numbers(tracker, MIDNIGHT + SECOND) == (1000, 1000, 0, Source.REPORTED)
    tracker.report(Quota(limit=1000, used=1000, remaining=0), MIDNIGHT + SECOND)
    restarted = QuotaTracker(daily=True)
    restarted.restore(json.loads(json.dumps(tracker.as_dict())))
    assert restarted.state(december - SECOND).renewal == december
    assert restarted.state(december - SECOND).exhausted is True
    assert numbers(restarted, december) == (1000, 0, 1000, Source.ESTIMATED)
    assert restarted.state(december).renewal == december + timedelta(days=1)


def test_it_is_known_since_when_the_used_points_are_counted() -> None:
    """Since the last midnight that was seen, whoever noticed it first; also over a restart."""
    tracker = reported()
    assert tracker.state(NOON).since is None
    tracker.report(Quota(limit=100, used=3), MIDNIGHT + SECOND)
    restarted = QuotaTracker(daily=True)
    restarted.restore(json.loads(json.dumps(tracker.as_dict())))
    assert restarted.state(MIDNIGHT + SECOND).since == MIDNIGHT


def test_without_a_limit_nothing_is_known_after_the_renewal() -> None:
    """What is left of nobody knows how much is unknown."""
    tracker = reported(limit=None, used=None, remaining=3)
    assert tracker.state(MIDNIGHT).quota is None


def test_the_time_that_the_service_tells_is_taken() -> None:
    """It is shown, and the allowance is whole again then; a time that is over is not believed."""
    tracker = QuotaTracker(daily=True)
    told = NOON + timedelta(hours=3)
    tracker.refuse(Quota(limit=100, used=100, remaining=0, resets_at=told), NOON)
    quota = tracker.state(NOON).quota
    assert quota is not None
    assert (quota.remaining, quota.resets_at, quota.source) == (0, told, Source.REPORTED)
    assert numbers(tracker, told) == (100, 0, 100, Source.ESTIMATED)
    tracker.report(Quota(limit=100, remaining=5, resets_at=NOON), told)
    assert tracker.state(told).renewal == MIDNIGHT


def test_a_refusal_without_numbers_empties_what_was_known() -> None:
    """The service knows better than our reckoning; without a report only that is known, and when it ends."""
    tracker = reported()
    tracker.refuse(None, NOON + SECOND)
    assert numbers(tracker, NOON + SECOND) == (100, 100, 0, Source.ESTIMATED)
    unknown = QuotaTracker(daily=True)
    unknown.refuse(None, NOON)
    assert numbers(unknown) == (None, None, 0, Source.ESTIMATED)
    assert unknown.state(NOON).renewal == MIDNIGHT


def test_a_refusal_where_no_renewal_is_known_lasts_until_the_service_speaks_again() -> None:
    """What was asked before the refusal says nothing, what was asked after it does."""
    tracker = QuotaTracker(daily=False)
    tracker.accept(NOON - SECOND, NOON)
    assert tracker.state(NOON).exhausted is False
    tracker.refuse(None, NOON)
    tracker.accept(NOON - SECOND, NOON + SECOND)
    assert tracker.state(NOON + timedelta(days=9)).exhausted is True
    assert tracker.state(NOON).renewal is None
    tracker.accept(NOON + SECOND, NOON + 2 * SECOND)
    assert tracker.state(NOON + 2 * SECOND).exhausted is False
    assert numbers(tracker, NOON + 2 * SECOND) == (None, None, None, Source.ESTIMATED)


def test_it_is_kept_over_a_restart_as_an_estimate() -> None:
    """Nobody knows what happened meanwhile, and a renewal in between has happened."""
    state = json.loads(json.dumps(reported().as_dict()))
    restored = QuotaTracker(daily=True)
    restored.restore(state)
    assert numbers(restored) == (100, 40, 60, Source.ESTIMATED)
    assert numbers(restored, MIDNIGHT) == (100, 0, 100, Source.ESTIMATED)
    empty = QuotaTracker(daily=True)
    empty.restore(json.loads(json.dumps(QuotaTracker(daily=True).as_dict())))
    assert empty.state(NOON).quota is None
    assert empty.state(NOON).exhausted is None


NUMBERS = st.none() | st.integers()


@given(limit=NUMBERS, used=NUMBERS, remaining=NUMBERS, points=st.integers())
def test_no_report_and_no_price_makes_a_number_that_cannot_be(
    limit: int | None, used: int | None, remaining: int | None, points: int
) -> None:
    """Whatever a service says, what is shown is at least 0, and no more is left than there is."""
    tracker = QuotaTracker(daily=True)
    tracker.report(Quota(limit=limit, used=used, remaining=remaining), NOON)
    tracker.spend(points, NOON + SECOND, NOON + SECOND)
    quota = tracker.state(NOON + SECOND).quota or Quota()
    shown = [number for number in (quota.limit, quota.used, quota.remaining) if number is not None]
    assert all(number >= 0 for number in shown)
    assert quota.limit is None or quota.remaining is None or quota.remaining <= quota.limit


def pool(used: int, now: datetime, tracker: QuotaTracker | None = None) -> QuotaTracker:
    """Return what is known of a pool of 10,000 after another report."""
    tracker = tracker or QuotaTracker(daily=True)
    tracker.report(Quota(limit=10_000, used=used, remaining=10_000 - used), now)
    return tracker


DAY = timedelta(days=1)


def test_a_pool_that_is_never_renewed_is_recognized() -> None:
    """What was used outlives midnight; no renewal is assumed from then on, also after a restart."""
    tracker = pool(400, NOON)
    assert tracker.state(NOON).renewal == MIDNIGHT
    pool(500, NOON + DAY, tracker)
    assert tracker.state(NOON + DAY).renewal is None
    restarted = QuotaTracker(daily=True)
    restarted.restore(json.loads(json.dumps(tracker.as_dict())))
    for known in (tracker, restarted):
        left = known.state(NOON + 5 * DAY).quota
        assert left is not None
        assert (left.used, left.remaining, left.resets_at) == (500, 9_500, None)


def test_a_pool_is_recognized_days_later_and_over_a_restart() -> None:
    """Nobody spoke meanwhile."""
    tracker = QuotaTracker(daily=True)
    tracker.restore(json.loads(json.dumps(pool(400, NOON).as_dict())))
    assert numbers(tracker, NOON + DAY) == (10_000, 0, 10_000, Source.ESTIMATED)
    pool(400, NOON + 3 * DAY, tracker)
    assert tracker.state(NOON + 3 * DAY).renewal is None
    assert numbers(tracker, NOON + 4 * DAY) == (10_000, 400, 9_600, Source.REPORTED)


def test_a_pool_that_is_empty_is_not_known_to_be_filled() -> None:
    """It is asked again by and by, since nobody knows when."""
    tracker = pool(500, NOON + DAY, pool(400, NOON))
    tracker.refuse(Quota(remaining=0), NOON + DAY)
    assert tracker.state(NOON + 2 * DAY).exhausted is True
    assert tracker.state(NOON + 2 * DAY).closed_until is None


def test_what_is_renewed_is_no_pool() -> None:
    """Less is used than before; or as much, by the requests of this day alone."""
    tracker = pool(1, NOON + DAY, pool(400, NOON))
    assert tracker.state(NOON + DAY).renewal == MIDNIGHT + DAY
    tracker = pool(2, NOON)
    tracker.spend(2, NOON + DAY, NOON + DAY)
    pool(2, NOON + DAY + SECOND, tracker)
    assert tracker.state(NOON + DAY + SECOND).renewal == MIDNIGHT + DAY


def test_a_pool_that_is_renewed_after_all_is_daily_again() -> None:
    """Less is used than before."""
    tracker = pool(500, NOON + DAY, pool(400, NOON))
    pool(100, NOON + 2 * DAY, tracker)
    assert tracker.state(NOON + 2 * DAY).renewal == MIDNIGHT + 2 * DAY


def test_a_success_that_took_the_last_point_does_not_end_that_nothing_is_left() -> None:
    """The service spoke, and said so; it was not that it refused."""
    tracker = QuotaTracker(daily=True)
    tracker.refuse(None, NOON)
    tracker.report(Quota(limit=100, used=100, remaining=0), NOON + 2 * SECOND)
    tracker.accept(NOON + SECOND, NOON + 2 * SECOND)
    assert tracker.state(NOON + 3 * SECOND).exhausted is True
    assert numbers(tracker, NOON + 3 * SECOND) == (100, 100, 0, Source.REPORTED)
    assert tracker.state(NOON + 3 * SECOND).closed_until == MIDNIGHT


def test_a_success_that_was_asked_for_before_a_refusal_says_nothing() -> None:
    """Only one that was asked for after it shows that there is something again."""
    tracker = reported()
    tracker.refuse(None, NOON + SECOND)
    for started in (NOON, NOON + SECOND):
        tracker.accept(started, NOON + 5 * SECOND)
        assert tracker.state(NOON + 5 * SECOND).exhausted is True
    tracker.accept(NOON + 2 * SECOND, NOON + 5 * SECOND)
    assert tracker.state(NOON + 5 * SECOND).exhausted is False
