"""A request that is given up is charged from when it has gone out: each route knows whether it has."""

import asyncio

import pytest

from custom_components.streaming_tts.providers.types import Transport
from tests.faults.cells import Route
from tests.faults.matrix import ROUTES
from tests.faults.scene import TEXT, Scene, scene_of

from .tools import until

OVER_HTTP = [route for route in ROUTES if route.transport is not Transport.WEBSOCKET]


def asking(scene: Scene) -> asyncio.Task[bytes]:
    """Begin to have a text spoken over the connection of a scene."""
    assert scene.connection is not None
    return asyncio.create_task(scene.spoken_over(scene.connection))


async def given_up(listening: asyncio.Task[bytes]) -> None:
    """Stop listening."""
    listening.cancel()
    await asyncio.wait([listening])
    assert listening.cancelled()


@pytest.mark.parametrize("route", OVER_HTTP, ids=str)
async def test_what_is_given_up_while_it_connects_was_not_asked(
    route: Route, socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service got no request, so that there's no charge."""
    async with scene_of(route) as scene:
        scene.connection = await scene.line()
        connector = scene.session.connector
        assert connector is not None
        connecting = asyncio.Event()

        async def connect(*_: object, **__: object) -> None:
            connecting.set()
            await asyncio.Event().wait()

        monkeypatch.setattr(connector, "connect", connect)
        listening = asking(scene)
        await connecting.wait()
        await given_up(listening)
        assert not scene.connection.asked
        assert not scene.service.asked(route.path)
        await scene.hang_up()


@pytest.mark.parametrize("route", ROUTES, ids=str)
async def test_what_is_given_up_while_the_service_is_thinking_was_asked(route: Route, socket_enabled: None) -> None:
    """It has all of the text."""
    async with scene_of(route) as scene:
        scene.connection = await scene.line()
        scene.service.configure(ttfb=60.0)
        listening = asking(scene)
        await until(lambda: any(TEXT in str((request.body, request.frames)) for request in scene.service.requests))
        await given_up(listening)
        assert scene.connection.asked
        await scene.hang_up()
