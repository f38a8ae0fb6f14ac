"""Automations and scripts as the editor saves them, blueprints as they are imported, and their notifications."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from .instance import Client
from .instance.folder import HOST, ROOT

BLUEPRINTS: Final = ROOT / "blueprints"
FOLDER: Final = "streaming_tts"
_LOADED_SECONDS: Final = 15.0
_NOTIFIED_SECONDS: Final = 15.0
_POLL_SECONDS: Final = 0.05


async def save(client: Client, domain: str, key: str, **content: Any) -> None:
    """Save a new automation or script; it is in force then. Raises ApiError where it is not valid, and TimeoutError."""
    await client.post(f"/api/config/{domain}/config/{key}", {"alias": key, **content})
    async with asyncio.timeout(_LOADED_SECONDS):
        while not await _is_in_force(client, domain, key):
            await asyncio.sleep(_POLL_SECONDS)


async def remove(client: Client, domain: str, key: str) -> None:
    """Remove it. Raises TimeoutError."""
    await client.request("DELETE", f"/api/config/{domain}/config/{key}")
    async with asyncio.timeout(_LOADED_SECONDS):
        while await _is_in_force(client, domain, key):
            await asyncio.sleep(_POLL_SECONDS)


async def _is_in_force(client: Client, domain: str, key: str) -> bool:
    """Tell whether there is an automation or a script, and it can run."""
    entities = await client.registered(platform=domain, unique_id=key)
    return any([await client.state(entity["entity_id"]) for entity in entities])


def of_blueprint(name: str, **inputs: Any) -> dict[str, Any]:
    """Return what an automation or a script that is made from a blueprint has in it."""
    return {"use_blueprint": {"path": f"{FOLDER}/{name}.yaml", "input": inputs}}


async def import_blueprints(client: Client) -> None:
    """Import each blueprint of the repository from an address, as the button in the README does."""
    async with _served(BLUEPRINTS) as url:
        for file in sorted(BLUEPRINTS.rglob("*.yaml")):
            imported = await client.ask("blueprint/import", url=f"{url}/{file.relative_to(BLUEPRINTS)}")
            assert imported["validation_errors"] is None
            metadata = imported["blueprint"]["metadata"]
            await client.ask(
                "blueprint/save",
                domain=metadata["domain"],
                path=f"{FOLDER}/{file.name}",
                yaml=imported["raw_data"],
                source_url=metadata["source_url"],
            )


async def notification(client: Client, part: str) -> str:
    """Wait for a notification that has something in its text; return the text and put it away. Raises TimeoutError."""
    seen: list[str] = []
    async with client.events("persistent_notification/subscribe") as events:
        try:
            async with asyncio.timeout(_NOTIFIED_SECONDS):
                while True:
                    for key, content in (await events.get())["notifications"].items():
                        text: str = content["message"]
                        seen.append(text)
                        if part in text:
                            await client.act("persistent_notification.dismiss", notification_id=key)
                            return text
        except TimeoutError as error:
            error.add_note(f"no {part!r} in {seen}")
            raise


async def notifications(client: Client) -> Mapping[str, str]:
    """Return the texts of the notifications that are there, by their ids."""
    there = await client.ask("persistent_notification/get")
    return {content["notification_id"]: content["message"] for content in there}


@asynccontextmanager
async def _served(folder: Path) -> AsyncGenerator[str]:
    """Serve a folder on this machine; yields the address."""
    application = web.Application()
    application.router.add_static("/", folder)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, 0).start()
        yield f"http://{HOST}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
