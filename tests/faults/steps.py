"""What is done to a place so that something goes wrong, and what makes it good again."""

import asyncio
from typing import Any

from custom_components.streaming_tts.providers.types import Credentials
from tests.emulator.flow import Flow

from .cells import Place, Step

HOUR = 3600


async def away(place: Place) -> None:
    """Have the service not listen."""
    await place.service.__aexit__()


async def back(place: Place) -> None:
    """Have the service listen again, at the same address."""
    await place.service.__aenter__()


async def behind_tls(place: Place) -> None:
    """Have the account expect TLS, which the service does not speak."""
    place.provider.base_url = place.service.url.replace("http:", "https:")


async def under_no_name(place: Place) -> None:
    """Have the account look for the service under a name that does not exist."""
    place.provider.base_url = place.service.url.replace("127.0.0.1", "nobody.invalid")


async def under_unknown_path(place: Place) -> None:
    """Have the account look for the service under a path that the service does not know."""
    place.provider.base_url = f"{place.service.url}/v0"


async def found_again(place: Place) -> None:
    """Have the account know the address again."""
    place.provider.base_url = place.service.url


async def restored(place: Place) -> None:
    """Have the service be as at the start."""
    place.restore()


def behaving(**changes: Any) -> Step:
    """Have the service behave otherwise."""

    async def change(place: Place) -> None:
        place.service.configure(**changes)

    return change


def left(**quota: Any) -> Step:
    """Have another client spend."""

    async def spend(place: Place) -> None:
        place.service.change_quota(quota)

    return spend


def idle(seconds: float) -> Step:
    """Let time pass."""

    async def wait(_place: Place) -> None:
        await asyncio.sleep(seconds)

    return wait


async def spoken_once(place: Place) -> None:
    """Have the connection be warm: it has spoken before."""
    await place.speak_before()


def kept_alive_until_closed(**fault: Any) -> Step:
    """Have a connection of the session be kept alive and then closed by the service, behind a whole answer."""

    async def speak(place: Place) -> None:
        place.service.add_fault("idle_close", place.route.path, **fault)
        await place.speak_before()
        await asyncio.sleep(1)

    return speak


async def an_hour_later(place: Place) -> None:
    """Have the access token end."""
    place.service.clock.advance(HOUR)


async def not_renewable(place: Place) -> None:
    """Have the account know nothing but its access token."""
    place.provider.credentials = Credentials(key=place.credentials.key)


async def not_renewable_an_hour_later(place: Place) -> None:
    """Have that token end."""
    await not_renewable(place)
    await an_hour_later(place)


async def signed_out(place: Place) -> None:
    """Have the person sign out elsewhere."""
    assert isinstance(place.service, Flow)
    place.service.sign_out()


async def signed_out_an_hour_later(place: Place) -> None:
    """Have both happen."""
    await signed_out(place)
    await an_hour_later(place)
