"""What may pass is tried again, as long as there is time."""

import pytest

from custom_components.streaming_tts.providers.types import Failure, ProviderError
from custom_components.streaming_tts.speech.engine import MIN_PAUSE, PAUSE, RetryPolicy
from tests.tables import each_row

NOW = 100.0
PASSING = (Failure.UNREACHABLE, Failure.SERVER, Failure.BROKEN)


def policy(*, charges_failures: bool = False, has_fallback: bool = True) -> RetryPolicy:
    """Return the tries of a request that has three seconds."""
    return RetryPolicy(until=NOW + 3, charges_failures=charges_failures, has_fallback=has_fallback)


@pytest.mark.parametrize("failure", PASSING)
def test_what_may_pass_is_tried_once_more_at_once(failure: Failure) -> None:
    """What happens twice is given up: somebody else may do better."""
    tries = policy()
    assert tries.wait(ProviderError(failure), NOW) == 0
    assert tries.wait(ProviderError(failure), NOW) is None


@pytest.mark.parametrize("failure", [Failure.AUTH, Failure.QUOTA, Failure.VOICE, Failure.INPUT, Failure.OUTDATED])
def test_what_will_not_pass_is_not_tried_again(failure: Failure) -> None:
    """A refusal is final."""
    assert policy().wait(ProviderError(failure), NOW) is None


@pytest.mark.parametrize(("has_fallback", "seconds"), [(True, None), (False, 0)])
def test_who_charges_failures_is_tried_again_only_if_nobody_else_can_speak(
    has_fallback: bool, seconds: float | None
) -> None:
    """Each try costs a point."""
    tries = policy(charges_failures=True, has_fallback=has_fallback)
    assert tries.wait(ProviderError(Failure.SERVER), NOW) == seconds


@each_row("failure", [Failure.BUSY, Failure.RATE])
@each_row(("retry_after", "seconds"), [(2.0, 2.0), (0.01, MIN_PAUSE), (0.0, PAUSE), (None, PAUSE), (5.0, None)])
def test_a_busy_service_is_waited_for_as_it_says_but_not_hammered(
    failure: Failure, retry_after: float | None, seconds: float | None
) -> None:
    """Some say zero; and where there is no time for it, waiting would only delay the fallback."""
    error = ProviderError(failure, retry_after=retry_after)
    tries = policy()
    assert tries.wait(error, NOW) == seconds
    assert (tries.wait(error, NOW) or 0) >= (seconds or 0)


@pytest.mark.parametrize("failure", [*PASSING, Failure.BUSY, Failure.RATE])
def test_nothing_is_tried_when_its_time_is_over(failure: Failure) -> None:
    """The listener has waited long enough."""
    assert policy().wait(ProviderError(failure), NOW + 3.1) is None


def test_the_pauses_of_a_service_that_does_not_say_how_long_grow() -> None:
    """Who waits for a minute asks seldom."""
    tries = RetryPolicy(until=NOW + 60, charges_failures=False, has_fallback=False)
    waited, pauses = 0.0, list[float]()
    while (pause := tries.wait(ProviderError(Failure.BUSY), NOW + waited)) is not None:
        waited += pause
        pauses.append(pause)
    assert pauses == sorted(pauses)
    assert waited > 50
    assert len(pauses) < 20
