"""Sockets are used again, kept alive while they may be needed, and closed when not; hints open them ahead."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from functools import partial

import pytest

from custom_components.streaming_tts.providers.transport.trace import RequestTrace
from custom_components.streaming_tts.providers.types import AudioFormat, Failure, ProviderError, Transport
from custom_components.streaming_tts.speech.connection_pool import (
    DELAY_SECONDS,
    HTTP_IDLE_SECONDS,
    IDLE_SECONDS,
    MAX_IDLE,
    WARM_SECONDS,
    ConnectionPool,
)
from tests.autojump_clock import AutojumpClock

from .scripted_provider import VOICE, ScriptedConnection, ScriptedProvider, spawn

FORMAT = AudioFormat(sample_rate=16000)


@pytest.fixture
def provider() -> ScriptedProvider:
    """Return a provider."""
    return ScriptedProvider()


@pytest.fixture
async def pool(clock: AutojumpClock, provider: ScriptedProvider) -> AsyncGenerator[ConnectionPool]:
    """Return a pool, closed in the end, with nothing left open."""
    pool = ConnectionPool(provider, spawn)
    yield pool
    await pool.close()
    assert provider.open_connections == 0


async def speak(pool: ConnectionPool, voice: str = "anna") -> int:
    """Return the number of the socket that spoke."""
    of = replace(VOICE, voice_id=voice)
    async with (
        pool.connection(of, FORMAT) as connection,
        aclosing(connection.speak(of, FORMAT, "Hello", RequestTrace())) as sound,
    ):
        return int(b"".join([chunk async for chunk in sound]).split()[0])


async def test_a_connection_that_has_spoken_speaks_again(pool: ConnectionPool) -> None:
    """The handshake is saved."""
    assert [await speak(pool), await speak(pool)] == [1, 1]


async def test_a_voice_gets_the_connection_that_it_spoke_over_before(pool: ConnectionPool) -> None:
    """Some services bind a connection to a voice."""
    assert list(await asyncio.gather(speak(pool, voice="anna"), speak(pool, voice="ben"))) == [1, 2]
    assert [await speak(pool, voice=voice) for voice in ("anna", "ben", "anna")] == [1, 2, 1]


async def test_two_at_once_have_a_connection_each(pool: ConnectionPool) -> None:
    """One request at a time each."""
    assert sorted(await asyncio.gather(speak(pool), speak(pool))) == [1, 2]


async def test_a_connection_opened_ahead_is_there_when_the_text_comes(
    pool: ConnectionPool, provider: ScriptedProvider
) -> None:
    """However often the hint is given, one is opened."""
    for _ in range(5):
        pool.hint(VOICE, Transport.WEBSOCKET)
    await asyncio.sleep(3)
    pool.hint(VOICE, Transport.WEBSOCKET)
    await asyncio.sleep(1)
    assert len(provider.connections) == 1
    assert await speak(pool) == 1


async def test_text_that_comes_during_the_handshake_waits_for_it_instead_of_beginning_another(
    pool: ConnectionPool, provider: ScriptedProvider
) -> None:
    """One handshake is enough."""
    pool.hint(VOICE, Transport.WEBSOCKET)
    await asyncio.sleep(DELAY_SECONDS + 0.05)
    await pool.opened(Transport.WEBSOCKET)
    assert await speak(pool) == 1
    assert len(provider.connections) == 1


async def test_a_connection_for_another_voice_is_opened_ahead(pool: ConnectionPool, provider: ScriptedProvider) -> None:
    """The one that waits does not fit."""
    await speak(pool, "ben")
    pool.hint(VOICE, Transport.WEBSOCKET)
    await asyncio.sleep(1)
    assert [await speak(pool, voice) for voice in ("ben", "anna")] == [1, 2]
    assert len(provider.connections) == 2


async def test_a_connection_opened_ahead_in_vain_is_closed_soon(
    pool: ConnectionPool, provider: ScriptedProvider
) -> None:
    """It costs the service something too."""
    pool.hint(VOICE, Transport.WEBSOCKET)
    await asyncio.sleep(WARM_SECONDS - 1)
    assert provider.open_connections == 1
    await asyncio.sleep(2)
    assert provider.open_connections == 0


async def test_an_idle_connection_is_kept_alive_and_closed_when_unused(
    pool: ConnectionPool, provider: ScriptedProvider
) -> None:
    """By the provider's own means, at its own interval."""
    await speak(pool)
    await asyncio.sleep(25)
    assert provider.connections[0].kept_alive == 2
    await asyncio.sleep(IDLE_SECONDS)
    assert provider.open_connections == 0


async def test_a_connection_that_its_service_closed_is_not_used_again(
    pool: ConnectionPool, provider: ScriptedProvider
) -> None:
    """A fresh one takes its place."""
    await speak(pool)
    provider.connections[0].usable = False
    assert await speak(pool) == 2
    assert provider.open_connections == 1


async def test_a_connection_that_its_service_closed_does_not_stand_in_the_way_of_one_opened_ahead(
    pool: ConnectionPool, provider: ScriptedProvider
) -> None:
    """The hint counts what would be used."""
    await speak(pool)
    provider.connections[0].usable = False
    pool.hint(VOICE, Transport.WEBSOCKET)
    await asyncio.sleep(1)
    assert len(provider.connections) == 2
    assert await speak(pool) == 2
    assert provider.open_connections == 1


async def test_a_connection_found_dead_by_its_keep_alive_is_closed(
    pool: ConnectionPool, provider: ScriptedProvider
) -> None:
    """It is not offered to anybody."""
    await speak(pool)
    provider.connections[0].usable = False
    await asyncio.sleep(11)
    assert provider.open_connections == 0


async def test_a_failed_connection_takes_the_waiting_ones_with_it(
    pool: ConnectionPool, provider: ScriptedProvider
) -> None:
    """What broke one has probably broken all: the next try is on a fresh one."""
    await asyncio.gather(speak(pool), speak(pool))
    provider.connections[-1].error = ProviderError(Failure.BROKEN)
    with pytest.raises(ProviderError):
        await speak(pool)
    assert [connection.open for connection in provider.connections] == [True, False]
    pool.close_idle()
    assert await speak(pool) == 3


def slow_to_close(provider: ScriptedProvider) -> None:
    """Let every connection take a second for its good-bye."""
    for connection in provider.connections:

        async def close(connection: ScriptedConnection = connection) -> None:
            await asyncio.sleep(1)
            connection.open = False

        connection.close = close  # type: ignore[method-assign]


async def test_the_next_try_does_not_wait_until_those_before_have_said_good_bye(
    pool: ConnectionPool, provider: ScriptedProvider
) -> None:
    """A listener would hear it."""
    await asyncio.gather(*(speak(pool) for _ in range(4)))
    slow_to_close(provider)
    for connection in provider.connections:
        connection.error = ProviderError(Failure.BROKEN)
    begun = asyncio.get_running_loop().time()
    with pytest.raises(ProviderError):
        await speak(pool)
    pool.close_idle()
    assert asyncio.get_running_loop().time() - begun == pytest.approx(0.1, abs=0.1)
    assert await speak(pool) == 5


async def test_a_pool_that_is_closed_while_it_closes_unused_connections_leaves_none_open(
    pool: ConnectionPool, provider: ScriptedProvider
) -> None:
    """Nor those whose turn had not come yet."""
    await asyncio.gather(*(speak(pool) for _ in range(3)))
    slow_to_close(provider)
    await asyncio.sleep(IDLE_SECONDS + 0.5)
    await pool.close()
    assert provider.open_connections == 0


async def test_a_pool_that_is_closed_while_it_keeps_connections_alive_leaves_none_open(
    pool: ConnectionPool, provider: ScriptedProvider
) -> None:
    """They are not among those that wait at that moment."""
    await asyncio.gather(*(speak(pool) for _ in range(3)))
    for connection in provider.connections:
        connection.keep_alive = partial(asyncio.sleep, 1)  # type: ignore[method-assign]
    await asyncio.sleep(10.5)
    await pool.close()
    assert provider.open_connections == 0


async def test_a_request_given_up_in_the_middle_leaves_no_connection(
    pool: ConnectionPool, provider: ScriptedProvider
) -> None:
    """What it still says belongs to nobody."""
    task = asyncio.create_task(speak(pool))
    await asyncio.sleep(0.25)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert provider.open_connections == 0


async def test_http_is_opened_ahead_unless_it_was_used_just_now(
    pool: ConnectionPool, provider: ScriptedProvider
) -> None:
    """Behind it nothing waits here: the session keeps what was opened."""
    pool.hint(VOICE, Transport.STREAM)
    await asyncio.sleep(3)
    pool.hint(VOICE, Transport.STREAM)
    await asyncio.sleep(HTTP_IDLE_SECONDS)
    pool.hint(VOICE, Transport.STREAM)
    await asyncio.sleep(1)
    assert provider.touched == 2
    assert not pool.fitting(VOICE)


async def test_a_text_that_needs_no_connection_ends_the_one_that_is_being_opened(
    pool: ConnectionPool, provider: ScriptedProvider
) -> None:
    """It is in memory."""
    pool.hint(VOICE, Transport.WEBSOCKET)
    pool.open_nothing()
    await asyncio.sleep(1)
    assert provider.connections == []


@pytest.mark.parametrize("failure", [Failure.INPUT, Failure.VOICE, Failure.QUOTA, Failure.BUSY, Failure.RATE])
async def test_a_refused_request_leaves_the_waiting_connections_alone(
    pool: ConnectionPool, provider: ScriptedProvider, failure: Failure
) -> None:
    """It says nothing about them."""
    await asyncio.gather(speak(pool), speak(pool))
    provider.connections[-1].error = ProviderError(failure)
    with pytest.raises(ProviderError):
        await speak(pool)
    assert [connection.open for connection in provider.connections] == [True, False]


async def test_a_text_that_comes_right_behind_the_hint_and_travels_another_way_ends_it(
    pool: ConnectionPool, provider: ScriptedProvider
) -> None:
    """The platform gives the hint for complete texts too, and then has no use for a WebSocket."""
    pool.hint(VOICE, Transport.WEBSOCKET)
    await pool.opened(Transport.STREAM)
    await asyncio.sleep(1)
    assert provider.connections == []


async def test_no_more_connections_wait_than_may(pool: ConnectionPool, provider: ScriptedProvider) -> None:
    """After a rush most are closed."""
    await asyncio.gather(*(speak(pool) for _ in range(MAX_IDLE + 3)))
    assert provider.open_connections == MAX_IDLE


async def test_a_connection_that_could_not_be_opened_ahead_is_no_error(
    pool: ConnectionPool, provider: ScriptedProvider
) -> None:
    """The request itself will say what is wrong."""
    provider.refuses = ProviderError(Failure.UNREACHABLE)
    pool.hint(VOICE, Transport.WEBSOCKET)
    await asyncio.sleep(1)
    provider.refuses = None
    assert await speak(pool) == 1


async def test_after_closing_what_was_lent_is_closed_when_it_comes_back(
    pool: ConnectionPool, provider: ScriptedProvider
) -> None:
    """An utterance in the middle of a reload finishes."""
    task = asyncio.create_task(speak(pool))
    await asyncio.sleep(0.25)
    await pool.close()
    assert await task == 1
    assert provider.open_connections == 0


async def test_no_second_connection_is_opened_ahead_while_one_waits(
    pool: ConnectionPool, provider: ScriptedProvider
) -> None:
    """Also where the last hint is long ago."""
    await speak(pool)
    for _ in range(3):
        pool.hint(VOICE, Transport.WEBSOCKET)
        await asyncio.sleep(IDLE_SECONDS / 4)
    assert len(provider.connections) == 1
