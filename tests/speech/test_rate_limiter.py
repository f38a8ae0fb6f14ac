"""The rate limiter keeps an account within its service's limits, the most urgent first."""

import asyncio
from collections.abc import Collection

import pytest

from custom_components.streaming_tts.providers.tencent import Tencent
from custom_components.streaming_tts.providers.types import Failure, Limits, ProviderError
from custom_components.streaming_tts.speech.rate_limiter import GUESS_SECONDS, RateLimiter
from tests.autojump_clock import AutojumpClock


async def hold(limiter: RateLimiter, deadline: float, seconds: float, log: list[str], name: str) -> None:
    """Hold a turn for a while, and say when it began."""
    async with limiter.turn(lambda: deadline):
        log.append(name)
        await asyncio.sleep(seconds)


async def refuse(limiter: RateLimiter, error: ProviderError) -> None:
    """Let the service refuse a request."""
    with pytest.raises(ProviderError, match=error.failure):
        async with limiter.turn(lambda: 0):
            raise error


async def test_no_more_run_at_once_than_the_service_allows(clock: AutojumpClock) -> None:
    """The third of two waits until one has ended."""
    limiter, log = RateLimiter(Limits(concurrency=2)), list[str]()
    start = asyncio.get_running_loop().time()
    async with asyncio.TaskGroup() as tasks:
        for name in "abc":
            tasks.create_task(hold(limiter, 0, 1, log, name))
    assert log == ["a", "b", "c"]
    assert asyncio.get_running_loop().time() - start == pytest.approx(2, abs=0.2)


async def test_a_service_that_wants_to_be_left_alone_for_a_day_is_asked_again_in_a_minute(clock: AutojumpClock) -> None:
    """Nobody waits for a turn for hours; that the service means it, it says to the next request as well."""
    limiter = RateLimiter(Limits())
    await refuse(limiter, ProviderError(Failure.RATE, retry_after=86400.0))
    begun = asyncio.get_running_loop().time()
    await hold(limiter, 0, 0, [], "again")
    assert asyncio.get_running_loop().time() - begun == pytest.approx(60, abs=1)


async def test_the_earliest_deadline_goes_first(clock: AutojumpClock) -> None:
    """A short announcement does not wait for a long answer."""
    limiter, log = RateLimiter(Limits(concurrency=1)), list[str]()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hold(limiter, 50, 1, log, "running"))
        await asyncio.sleep(0)
        tasks.create_task(hold(limiter, 30, 1, log, "answer"))
        tasks.create_task(hold(limiter, 10, 1, log, "announcement"))
    assert log == ["running", "announcement", "answer"]


async def test_what_has_become_more_urgent_while_it_waits_goes_first(clock: AutojumpClock) -> None:
    """Somebody who needs it now may have joined."""
    limiter, log = RateLimiter(Limits(concurrency=1)), list[str]()
    due = [30.0]

    async def changing() -> None:
        async with limiter.turn(lambda: due[0]):
            log.append("changing")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hold(limiter, 0, 1, log, "running"))
        await asyncio.sleep(0)
        tasks.create_task(hold(limiter, 20, 1, log, "answer"))
        tasks.create_task(changing())
        await asyncio.sleep(0)
        due[0] = 10
    assert log == ["running", "changing", "answer"]


async def test_a_second_request_within_a_turn_counts(clock: AutojumpClock) -> None:
    """The service counts it too."""
    limiter = RateLimiter(Limits(per_minute=2))
    start = asyncio.get_running_loop().time()
    async with limiter.turn(lambda: 0):
        limiter.note_request()
    await hold(limiter, 0, 0, [], "next")
    assert asyncio.get_running_loop().time() - start == pytest.approx(60, abs=0.5)


async def test_the_rate_is_kept_over_any_minute(clock: AutojumpClock) -> None:
    """The third request of two a minute waits for the minute after the first."""
    limiter, log = RateLimiter(Limits(per_minute=2)), list[str]()
    start = asyncio.get_running_loop().time()
    for name in "abc":
        await hold(limiter, 0, 1, log, name)
    assert log == ["a", "b", "c"]
    assert asyncio.get_running_loop().time() - start == pytest.approx(61, abs=0.5)


async def test_who_gives_up_waiting_takes_no_place(clock: AutojumpClock) -> None:
    """A cancelled request leaves its turn to the next."""
    limiter, log = RateLimiter(Limits(concurrency=1)), list[str]()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hold(limiter, 0, 1, log, "a"))
        await asyncio.sleep(0)
        quitter = tasks.create_task(hold(limiter, 0, 1, log, "quitter"))
        tasks.create_task(hold(limiter, 0, 1, log, "b"))
        await asyncio.sleep(0.1)
        quitter.cancel()
    assert log == ["a", "b"]


@pytest.mark.parametrize("limits", [Limits(concurrency=1), Limits(per_minute=1)])
async def test_a_queue_of_which_all_have_gone_is_none(clock: AutojumpClock, limits: Limits) -> None:
    """Who ends is not held up by it, nor is who comes when the rate allows another."""
    limiter, log = RateLimiter(limits), list[str]()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hold(limiter, 0, 5, log, "a"))
        await asyncio.sleep(0)
        quitters = [tasks.create_task(hold(limiter, 0, 1, log, "quitter")) for _ in range(2)]
        await asyncio.sleep(0.1)
        for quitter in quitters:
            quitter.cancel()
    await asyncio.sleep(70)
    await hold(limiter, 0, 1, log, "b")
    assert log == ["a", "b"]


async def test_the_gate_shrinks_to_what_a_busy_service_says(clock: AutojumpClock) -> None:
    """After BUSY with a limit of 1 nothing runs beside the one."""
    limiter, log = RateLimiter(Limits(concurrency=5)), list[str]()
    await refuse(limiter, ProviderError(Failure.BUSY, limit=1))
    start = asyncio.get_running_loop().time()
    async with asyncio.TaskGroup() as tasks:
        for name in "abc":
            tasks.create_task(hold(limiter, 0, 1, log, name))
    assert asyncio.get_running_loop().time() - start == pytest.approx(3, abs=0.2)


async def longest(limiter: RateLimiter) -> float:
    """Return how long three take that each hold a turn for a second."""
    start = asyncio.get_running_loop().time()
    await asyncio.gather(*(hold(limiter, 0, 1, [], name) for name in "abc"))
    return asyncio.get_running_loop().time() - start


async def test_what_was_guessed_of_a_busy_service_is_doubted_after_a_while(clock: AutojumpClock) -> None:
    """A bad moment does not make a house speak one after the other until it is restarted."""
    limiter = RateLimiter(Limits())
    await refuse(limiter, ProviderError(Failure.BUSY))
    assert await longest(limiter) == pytest.approx(3, abs=0.2)
    await asyncio.sleep(GUESS_SECONDS)
    assert await longest(limiter) == pytest.approx(1, abs=0.2)


async def test_what_the_service_told_holds_until_it_tells_something_else(clock: AutojumpClock) -> None:
    """It knows best, of more as of less."""
    limiter = RateLimiter(Limits())
    for told, seconds in ((1, 3), (3, 1)):
        await refuse(limiter, ProviderError(Failure.BUSY, limit=told))
        await asyncio.sleep(GUESS_SECONDS)
        assert await longest(limiter) == pytest.approx(seconds, abs=0.2)


async def test_a_rate_that_the_service_refused_is_waited_out_by_all(clock: AutojumpClock) -> None:
    """Nobody asks before the time that the service named."""
    limiter, log = RateLimiter(Limits()), list[str]()
    start = asyncio.get_running_loop().time()
    await refuse(limiter, ProviderError(Failure.RATE, retry_after=8.5))
    await hold(limiter, 0, 0, log, "a")
    assert asyncio.get_running_loop().time() - start == pytest.approx(8.5, abs=0.2)


async def test_nobody_waits_for_longer_than_a_minute_without_asking_the_service_again(clock: AutojumpClock) -> None:
    """Whoever waited for an hour would hear neither speech nor why there is none."""
    limiter, log = RateLimiter(Limits()), list[str]()
    start = asyncio.get_running_loop().time()
    await refuse(limiter, ProviderError(Failure.RATE, retry_after=3600.0))
    await hold(limiter, 0, 0, log, "a")
    assert asyncio.get_running_loop().time() - start == pytest.approx(60, abs=0.2)


async def test_a_turn_that_does_not_come_in_time_is_given_up(clock: AutojumpClock) -> None:
    """The place in the queue is given up."""
    limiter, log = RateLimiter(Limits(concurrency=1)), list[str]()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hold(limiter, 0, 10, log, "a"))
        await asyncio.sleep(0)
        start = asyncio.get_running_loop().time()
        with pytest.raises(ProviderError, match="busy"):
            async with limiter.turn(lambda: 0, until=start + 4.0):
                log.append("never")
        assert asyncio.get_running_loop().time() - start == pytest.approx(4.0, abs=0.1)
        tasks.create_task(hold(limiter, 0, 1, log, "b"))
    assert log == ["a", "b"]


async def test_a_documented_burst_goes_out_at_once(clock: AutojumpClock) -> None:
    """Then one request at a time, as soon as a token has come back."""
    limiter, log = RateLimiter(Limits(per_minute=30, burst=3)), list[str]()
    start = asyncio.get_running_loop().time()
    for name in "abc":
        await hold(limiter, 0, 0, log, name)
    assert asyncio.get_running_loop().time() - start == pytest.approx(0, abs=0.01)
    await hold(limiter, 0, 0, log, "d")
    assert asyncio.get_running_loop().time() - start == pytest.approx(2, abs=0.1)
    await hold(limiter, 0, 0, log, "e")
    assert asyncio.get_running_loop().time() - start == pytest.approx(4, abs=0.1)


async def test_a_burst_comes_back_when_nothing_is_asked(clock: AutojumpClock) -> None:
    """But never more than fits in."""
    limiter, log = RateLimiter(Limits(per_minute=60, burst=2)), list[str]()
    for name in "ab":
        await hold(limiter, 0, 0, log, name)
    await asyncio.sleep(600)
    start = asyncio.get_running_loop().time()
    for name in "cde":
        await hold(limiter, 0, 0, log, name)
    assert asyncio.get_running_loop().time() - start == pytest.approx(1, abs=0.1)


async def test_a_second_request_within_a_turn_takes_a_token_too(clock: AutojumpClock) -> None:
    """The service takes one for it."""
    limiter = RateLimiter(Limits(per_minute=60, burst=2))
    start = asyncio.get_running_loop().time()
    async with limiter.turn(lambda: 0):
        limiter.note_request()
    await hold(limiter, 0, 0, [], "next")
    assert asyncio.get_running_loop().time() - start == pytest.approx(1, abs=0.1)


async def starts(limiter: RateLimiter, seconds: float, number: int, gone: Collection[int] = ()) -> list[float]:
    """Return when each of so many requests begins that are made at once and last so long; some go after 0.1 s."""
    clock = asyncio.get_running_loop().time
    begun, times = clock(), list[float]()

    async def hold_one() -> None:
        async with limiter.turn(lambda: 0):
            times.append(clock() - begun)
            await asyncio.sleep(seconds)

    async with asyncio.TaskGroup() as tasks:
        requests = [tasks.create_task(hold_one()) for _ in range(number)]
        await asyncio.sleep(0.1)
        for index in gone:
            requests[index].cancel()
    return times


async def test_who_gives_up_waiting_frees_no_turn_that_it_never_had(clock: AutojumpClock) -> None:
    """The one that runs still has the only one."""
    assert await starts(RateLimiter(Limits(concurrency=1)), 1, 3, gone=[1]) == pytest.approx([0, 1], abs=0.05)


async def test_the_queue_of_a_rate_waits_for_no_request_to_end(clock: AutojumpClock) -> None:
    """Each minute lets one in, however long those before it take."""
    assert await starts(RateLimiter(Limits(per_minute=1)), 200, 3) == pytest.approx([0, 60, 120], abs=0.5)


async def test_no_second_has_more_requests_than_tencent_allows(clock: AutojumpClock) -> None:
    """20 (docs/protocols.md E7), also when a whole burst has come back."""
    limiter = RateLimiter(Tencent.limits)
    await asyncio.sleep(60)
    times = await starts(limiter, 0, 100)
    assert max(sum(first <= time < first + 1 for time in times) for first in times) <= 20
    assert times[19] <= 1.1
