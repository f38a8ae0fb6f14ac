"""What is done to a scene so that something goes wrong, and what makes it good again."""

import asyncio
from typing import Any

from custom_components.streaming_tts.providers.base import Credentials
from tests.emulator.flow import Flow

from .cells import Step
from .scene import Scene

HOUR = 3600


async def away(scene: Scene) -> None:
    """Have the service not listen."""
    await scene.service.__aexit__()


async def back(scene: Scene) -> None:
    """Have the service listen again, at the same address."""
    await scene.service.__aenter__()


async def behind_tls(scene: Scene) -> None:
    """Have the account expect TLS, which the service does not speak."""
    scene.provider.base_url = scene.service.url.replace("http:", "https:")


async def under_no_name(scene: Scene) -> None:
    """Have the account look for the service under a name that does not exist."""
    scene.provider.base_url = scene.service.url.replace("127.0.0.1", "nobody.invalid")


async def found_again(scene: Scene) -> None:
    """Have the account know the address again."""
    scene.provider.base_url = scene.service.url


async def restored(scene: Scene) -> None:
    """Have the service be as at the start."""
    scene.restore()


def behaving(**changes: Any) -> Step:
    """Have the service behave otherwise."""

    async def change(scene: Scene) -> None:
        scene.service.configure(**changes)

    return change


def left(**quota: Any) -> Step:
    """Have another client spend."""

    async def spend(scene: Scene) -> None:
        scene.service.change_quota(quota)

    return spend


def idle(seconds: float) -> Step:
    """Let time pass."""

    async def wait(_scene: Scene) -> None:
        await asyncio.sleep(seconds)

    return wait


async def spoken_once(scene: Scene) -> None:
    """Have the connection be warm: it has spoken before."""
    assert scene.connection is not None
    assert await scene.spoken_over(scene.connection) == scene.sound


def kept_alive_until_closed(**fault: Any) -> Step:
    """Have a connection of the session be kept alive and then closed by the service, behind a whole answer."""

    async def speak(scene: Scene) -> None:
        scene.service.add_fault("idle_close", scene.route.path, **fault)
        assert await scene.spoken() == scene.sound
        await asyncio.sleep(1)

    return speak


async def an_hour_later(scene: Scene) -> None:
    """Have the access token end."""
    scene.service.clock.advance(HOUR)


async def not_renewable(scene: Scene) -> None:
    """Have the account know nothing but its access token."""
    scene.provider.credentials = Credentials(key=scene.credentials.key)


async def not_renewable_an_hour_later(scene: Scene) -> None:
    """Have that token end."""
    await not_renewable(scene)
    await an_hour_later(scene)


async def signed_out(scene: Scene) -> None:
    """Have the person sign out elsewhere."""
    assert isinstance(scene.service, Flow)
    scene.service.sign_out()


async def signed_out_an_hour_later(scene: Scene) -> None:
    """Have both happen."""
    await signed_out(scene)
    await an_hour_later(scene)
