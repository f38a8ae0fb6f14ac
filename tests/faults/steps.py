"""Actions that cause a fault, and those that repair it."""

import asyncio
from typing import Any

from custom_components.streaming_tts.providers.types import Credentials
from tests.emulator.flow import Flow

from .cells import Place, Step

HOUR = 3600


async def away(place: Place) -> None:
    """Stop the service."""
    await place.service.stop()


async def back(place: Place) -> None:
    """Start the service again at the same address."""
    await place.service.start()


async def behind_tls(place: Place) -> None:
    """Let the account use TLS, which the service doesn't support."""
    place.provider.base_url = place.service.url.replace("http:", "https:")


async def under_no_name(place: Place) -> None:
    """Let the account use an unknown host name."""
    place.provider.base_url = place.service.url.replace("127.0.0.1", "nobody.invalid")


async def under_unknown_path(place: Place) -> None:
    """Let the account use an unknown path."""
    place.provider.base_url = f"{place.service.url}/v0"


async def found_again(place: Place) -> None:
    """Restore the URL of the account."""
    place.provider.base_url = place.service.url


async def restored(place: Place) -> None:
    """Reset the service."""
    place.restore()


def behaving(**changes: Any) -> Step:
    """Change settings of the service."""

    async def change(place: Place) -> None:
        place.service.configure(**changes)

    return change


def left(**quota: Any) -> Step:
    """Let another client use up quota."""

    async def spend(place: Place) -> None:
        place.service.change_quota(quota)

    return spend


def idle(seconds: float) -> Step:
    """Advance the time."""

    async def wait(_place: Place) -> None:
        await asyncio.sleep(seconds)

    return wait


async def spoken_once(place: Place) -> None:
    """Open a connection by speaking over it."""
    await place.speak_before()


def kept_alive_until_closed(**fault: Any) -> Step:
    """Let a connection of the session be kept alive, and then closed by the service after a complete response."""

    async def speak(place: Place) -> None:
        place.service.add_fault("idle_close", place.route.path, **fault)
        await place.speak_before()
        await asyncio.sleep(1)

    return speak


async def an_hour_later(place: Place) -> None:
    """Let the access token expire."""
    place.service.clock.advance(HOUR)


async def not_renewable(place: Place) -> None:
    """Let the account have only its access token."""
    place.provider.credentials = Credentials(key=place.credentials.key)


async def not_renewable_an_hour_later(place: Place) -> None:
    """Let that token expire."""
    await not_renewable(place)
    await an_hour_later(place)


async def signed_out(place: Place) -> None:
    """Sign the user out elsewhere."""
    assert isinstance(place.service, Flow)
    place.service.sign_out()


async def signed_out_an_hour_later(place: Place) -> None:
    """Run both."""
    await signed_out(place)
    await an_hour_later(place)
