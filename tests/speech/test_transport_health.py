"""The socket of a service is relied on while it works, avoided when it does not, and tried again later."""

import pytest

from custom_components.streaming_tts.speech.connection_pool import (
    MAX_AVOIDED_SECONDS,
    MAX_FIRST_BYTE_SECONDS,
    MIN_AVOIDED_SECONDS,
    MIN_FIRST_BYTE_SECONDS,
    MIN_MEASUREMENTS,
    PROBE_SECONDS,
    TransportHealth,
)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        """Begin at some time."""
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time in s."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return the clock."""
    return Clock()


@pytest.fixture
def health(clock: Clock) -> TransportHealth:
    """Return what is known of a socket that was never used."""
    return TransportHealth(clock)


def fail(health: TransportHealth, times: int = 1) -> None:
    """Let requests over the socket fail before any audio."""
    for _ in range(times):
        health.note_failed(silent=False)


def test_one_failure_is_forgiven(health: TransportHealth) -> None:
    """Also one now and one later, as long as it works in between."""
    fail(health)
    assert health.admits_socket()
    health.note_whole(0.2)
    fail(health)
    assert health.admits_socket()


def test_two_failures_in_a_row_avoid_the_socket_for_ten_minutes(health: TransportHealth, clock: Clock) -> None:
    """Then one request tries it, while the others keep to HTTP."""
    fail(health, 2)
    assert not health.admits_socket()
    assert health.avoided_for == MIN_AVOIDED_SECONDS
    clock.now += MIN_AVOIDED_SECONDS
    assert [health.admits_socket() for _ in range(3)] == [True, False, False]


def test_a_request_that_is_whole_proves_the_socket_again(health: TransportHealth, clock: Clock) -> None:
    """From then on a single failure is forgiven as before, and the time to avoid it begins anew."""
    fail(health, 2)
    clock.now += MIN_AVOIDED_SECONDS
    health.admits_socket()
    fail(health)
    clock.now += 2 * MIN_AVOIDED_SECONDS
    assert health.admits_socket()
    health.note_whole(0.2)
    fail(health)
    assert health.admits_socket()
    fail(health)
    assert health.avoided_for == MIN_AVOIDED_SECONDS


def test_each_failed_try_doubles_the_time_up_to_a_day(health: TransportHealth, clock: Clock) -> None:
    """A service that took its socket away is asked for it once a day."""
    fail(health, 2)
    waits = []
    for _ in range(9):
        waits.append(health.avoided_for)
        clock.now += health.avoided_for
        assert health.admits_socket()
        fail(health)
    assert waits[:3] == [600, 1200, 2400]
    assert waits[-1] == MAX_AVOIDED_SECONDS


def test_requests_that_began_before_the_socket_was_avoided_do_not_count_again(health: TransportHealth) -> None:
    """Five at once that fail for one reason are one reason."""
    fail(health, 5)
    assert health.avoided_for == MIN_AVOIDED_SECONDS


def test_a_try_that_comes_to_no_result_is_followed_by_another(health: TransportHealth, clock: Clock) -> None:
    """Whoever made it may have been given up."""
    fail(health, 2)
    clock.now += MIN_AVOIDED_SECONDS
    assert health.admits_socket()
    clock.now += PROBE_SECONDS
    assert health.admits_socket()


def test_a_try_that_breaks_off_proves_nothing(health: TransportHealth, clock: Clock) -> None:
    """While the socket is trusted, what breaks off is resumed over it."""
    health.note_broken()
    assert health.admits_socket()
    fail(health, 2)
    clock.now += MIN_AVOIDED_SECONDS
    assert health.admits_socket()
    health.note_broken()
    assert health.avoided_for == 2 * MIN_AVOIDED_SECONDS


def test_a_missing_end_mark_avoids_the_socket_at_once(health: TransportHealth) -> None:
    """Nobody can tell whether what was spoken is whole."""
    health.avoid()
    assert not health.admits_socket()
    assert health.avoided_for == MIN_AVOIDED_SECONDS


@pytest.mark.parametrize(
    ("seconds", "limit"), [(0.1, MIN_FIRST_BYTE_SECONDS), (0.8, 0.8), (4.0, MAX_FIRST_BYTE_SECONDS)]
)
def test_a_socket_is_silent_beyond_its_measured_99th_percentile(
    health: TransportHealth, seconds: float, limit: float
) -> None:
    """Within bounds; one in a hundred may be later."""
    for _ in range(99):
        health.note_whole(seconds)
    health.note_whole(100.0)
    assert health.first_byte_limit == limit


def test_few_measurements_say_nothing(health: TransportHealth) -> None:
    """The first requests get as long as any."""
    for _ in range(MIN_MEASUREMENTS - 1):
        health.note_whole(0.1)
    assert health.first_byte_limit == MAX_FIRST_BYTE_SECONDS


def test_a_service_that_became_slower_is_given_more_time(health: TransportHealth) -> None:
    """It took longer than was allowed, which is a measurement too."""
    for _ in range(MIN_MEASUREMENTS):
        health.note_whole(0.1)
    health.note_failed(silent=True)
    assert health.first_byte_limit == MAX_FIRST_BYTE_SECONDS
