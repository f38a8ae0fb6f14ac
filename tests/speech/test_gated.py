"""The gate keeps an account within its service's limits, the most urgent first."""

import asyncio

import pytest

from custom_components.streaming_tts.providers.base import Failure, Limits, ProviderError
from custom_components.streaming_tts.speech.gated import GUESS_HOLDS, Gate, Gated
from tests.turning_clock import TurningClock

from .conftest import ScriptedSpeaker


async def hold(gate: Gate, deadline: float, seconds: float, log: list[str], name: str) -> None:
    """Hold a turn for a while, and say when it began."""
    async with gate.turn(deadline):
        log.append(name)
        await asyncio.sleep(seconds)


async def test_no_more_run_at_once_than_the_service_allows(clock: TurningClock) -> None:
    """The third of two waits until one has ended."""
    gate, log = Gate(Limits(concurrency=2)), list[str]()
    start = asyncio.get_running_loop().time()
    async with asyncio.TaskGroup() as tasks:
        for name in "abc":
            tasks.create_task(hold(gate, 0, 1, log, name))
    assert log == ["a", "b", "c"]
    assert asyncio.get_running_loop().time() - start == pytest.approx(2, abs=0.2)


async def test_a_service_that_wants_to_be_left_alone_for_a_day_is_asked_again_in_a_minute(clock: TurningClock) -> None:
    """Nobody waits for a turn for hours; that the service means it, it says to the next request as well."""
    gate = Gate(Limits())
    speaker = ScriptedSpeaker(failures=[(0, ProviderError(Failure.RATE, retry_after=86400.0))])
    with pytest.raises(ProviderError, match="rate"):
        await anext(Gated(speaker, gate).speak("Hello", 0))
    begun = asyncio.get_running_loop().time()
    async for _ in Gated(speaker, gate).speak("Hello", 0):
        pass
    assert asyncio.get_running_loop().time() - begun == pytest.approx(60, abs=1)


async def test_the_earliest_deadline_goes_first(clock: TurningClock) -> None:
    """A short announcement does not wait for a long answer."""
    gate, log = Gate(Limits(concurrency=1)), list[str]()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hold(gate, 50, 1, log, "running"))
        await asyncio.sleep(0)
        tasks.create_task(hold(gate, 30, 1, log, "answer"))
        tasks.create_task(hold(gate, 10, 1, log, "announcement"))
    assert log == ["running", "announcement", "answer"]


async def test_a_short_text_goes_before_long_ones_that_asked_a_little_earlier(clock: TurningClock) -> None:
    """What is over first goes first; a long one that has waited for as long as it lasts is passed no more."""
    gate, log = Gate(Limits(concurrency=1)), list[str]()
    now = asyncio.get_running_loop().time()

    async def say(text: str, deadline: float, name: str) -> None:
        async for _ in Gated(ScriptedSpeaker(), gate).speak(text, deadline):
            if name not in log:
                log.append(name)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hold(gate, now, 1, log, "running"))
        await asyncio.sleep(0)
        for name in ("first answer", "second answer"):
            tasks.create_task(say("A long answer. " * 20, now, name))
        tasks.create_task(say("Dinner is ready.", now + 0.2, "announcement"))
        tasks.create_task(say("Dinner is ready.", now + 60, "later"))
    assert log == ["running", "announcement", "first answer", "second answer", "later"]


async def test_the_rate_is_kept_over_any_minute(clock: TurningClock) -> None:
    """The third request of two a minute waits for the minute after the first."""
    gate, log = Gate(Limits(per_minute=2)), list[str]()
    start = asyncio.get_running_loop().time()
    for name in "abc":
        await hold(gate, 0, 1, log, name)
    assert log == ["a", "b", "c"]
    assert asyncio.get_running_loop().time() - start == pytest.approx(61, abs=0.5)


async def test_who_gives_up_waiting_takes_no_place(clock: TurningClock) -> None:
    """A cancelled request leaves its turn to the next."""
    gate, log = Gate(Limits(concurrency=1)), list[str]()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hold(gate, 0, 1, log, "a"))
        await asyncio.sleep(0)
        quitter = tasks.create_task(hold(gate, 0, 1, log, "quitter"))
        tasks.create_task(hold(gate, 0, 1, log, "b"))
        await asyncio.sleep(0.1)
        quitter.cancel()
    assert log == ["a", "b"]


@pytest.mark.parametrize("limits", [Limits(concurrency=1), Limits(per_minute=1)])
async def test_a_queue_of_which_all_have_gone_is_none(clock: TurningClock, limits: Limits) -> None:
    """Who ends is not held up by it, nor is who comes when the rate allows another."""
    gate, log = Gate(limits), list[str]()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hold(gate, 0, 5, log, "a"))
        await asyncio.sleep(0)
        quitters = [tasks.create_task(hold(gate, 0, 1, log, "quitter")) for _ in range(2)]
        await asyncio.sleep(0.1)
        for quitter in quitters:
            quitter.cancel()
    await asyncio.sleep(70)
    await hold(gate, 0, 1, log, "b")
    assert log == ["a", "b"]


async def test_the_gate_shrinks_to_what_a_busy_service_says(clock: TurningClock) -> None:
    """After BUSY with a limit of 1 nothing runs beside the one."""
    gate, log = Gate(Limits(concurrency=5)), list[str]()
    busy = ScriptedSpeaker(failures=[(0, ProviderError(Failure.BUSY, limit=1))])
    with pytest.raises(ProviderError, match="busy"):
        await anext(Gated(busy, gate).speak("Hello.", 0))
    start = asyncio.get_running_loop().time()
    async with asyncio.TaskGroup() as tasks:
        for name in "abc":
            tasks.create_task(hold(gate, 0, 1, log, name))
    assert asyncio.get_running_loop().time() - start == pytest.approx(3, abs=0.2)


async def longest(gate: Gate) -> float:
    """Return how long three take that each hold a turn for a second."""
    start = asyncio.get_running_loop().time()
    await asyncio.gather(*(hold(gate, 0, 1, [], name) for name in "abc"))
    return asyncio.get_running_loop().time() - start


async def test_what_was_guessed_of_a_busy_service_is_doubted_after_a_while(clock: TurningClock) -> None:
    """A bad moment does not make a house speak one after the other until it is restarted."""
    gate = Gate(Limits())
    busy = ScriptedSpeaker(failures=[(0, ProviderError(Failure.BUSY))])
    with pytest.raises(ProviderError, match="busy"):
        await anext(Gated(busy, gate).speak("Hello.", 0))
    assert await longest(gate) == pytest.approx(3, abs=0.2)
    await asyncio.sleep(GUESS_HOLDS)
    assert await longest(gate) == pytest.approx(1, abs=0.2)


async def test_what_the_service_told_holds_until_it_tells_something_else(clock: TurningClock) -> None:
    """It knows best, of more as of less."""
    gate = Gate(Limits())
    for told, seconds in ((1, 3), (3, 1)):
        busy = ScriptedSpeaker(failures=[(0, ProviderError(Failure.BUSY, limit=told))])
        with pytest.raises(ProviderError, match="busy"):
            await anext(Gated(busy, gate).speak("Hello.", 0))
        await asyncio.sleep(GUESS_HOLDS)
        assert await longest(gate) == pytest.approx(seconds, abs=0.2)


async def test_a_rate_that_the_service_refused_is_waited_out_by_all(clock: TurningClock) -> None:
    """Nobody asks before the time that the service named."""
    gate, log = Gate(Limits()), list[str]()
    hurried = ScriptedSpeaker(failures=[(0, ProviderError(Failure.RATE, retry_after=8.5))], first_byte=0)
    start = asyncio.get_running_loop().time()
    with pytest.raises(ProviderError, match="rate"):
        await anext(Gated(hurried, gate).speak("Hello.", 0))
    await hold(gate, 0, 0, log, "a")
    assert asyncio.get_running_loop().time() - start == pytest.approx(8.5, abs=0.2)


async def test_nobody_waits_for_longer_than_a_minute_without_asking_the_service_again(clock: TurningClock) -> None:
    """Whoever waited for an hour would hear neither speech nor why there is none."""
    gate, log = Gate(Limits()), list[str]()
    refused = ScriptedSpeaker(failures=[(0, ProviderError(Failure.RATE, retry_after=3600.0))], first_byte=0)
    start = asyncio.get_running_loop().time()
    with pytest.raises(ProviderError, match="rate"):
        await anext(Gated(refused, gate).speak("Hello.", 0))
    await hold(gate, 0, 0, log, "a")
    assert asyncio.get_running_loop().time() - start == pytest.approx(60, abs=0.2)


async def test_where_somebody_else_can_speak_a_turn_is_not_waited_for_longer_than_patience(clock: TurningClock) -> None:
    """The place in the queue is given up."""
    gate, log = Gate(Limits(concurrency=1)), list[str]()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hold(gate, 0, 10, log, "a"))
        await asyncio.sleep(0)
        start = asyncio.get_running_loop().time()
        with pytest.raises(ProviderError, match="busy"):
            await anext(Gated(ScriptedSpeaker(), gate, patience=3.0).speak("Hello.", start + 1.0))
        assert asyncio.get_running_loop().time() - start == pytest.approx(4.0, abs=0.1)
        tasks.create_task(hold(gate, 0, 1, log, "b"))
    assert log == ["a", "b"]
