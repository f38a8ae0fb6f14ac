"""Automations, scripts, and blueprints through the APIs of the editor, and their notifications."""

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
    """Save and load an automation or script. Raises ApiError if it's invalid, and TimeoutError."""
    await client.post(f"/api/config/{domain}/config/{key}", {"alias": key, **content})
    async with asyncio.timeout(_LOADED_SECONDS):
        while not await _is_in_force(client, domain, key):
            await asyncio.sleep(_POLL_SECONDS)


async def remove(client: Client, domain: str, key: str) -> None:
    """Remove an automation or script. Raises TimeoutError."""
    await client.request("DELETE", f"/api/config/{domain}/config/{key}")
    async with asyncio.timeout(_LOADED_SECONDS):
        while await _is_in_force(client, domain, key):
            await asyncio.sleep(_POLL_SECONDS)


async def _is_in_force(client: Client, domain: str, key: str) -> bool:
    """Return True if an automation or script exists and can run."""
    entities = await client.registered(platform=domain, unique_id=key)
    return any([await client.state(entity["entity_id"]) for entity in entities])


def of_blueprint(name: str, **inputs: Any) -> dict[str, Any]:
    """Return the content of an automation or script that uses a blueprint."""
    return {"use_blueprint": {"path": f"{FOLDER}/{name}.yaml", "input": inputs}}


async def import_blueprints(client: Client) -> None:
    """Import each blueprint of the repository from a URL, like the button in the README."""
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
    """Wait for a notification that contains a text; return it and dismiss it. Raises TimeoutError."""
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
    """Return the texts of all notifications by ID."""
    there = await client.ask("persistent_notification/get")
    return {content["notification_id"]: content["message"] for content in there}


@asynccontextmanager
async def _served(folder: Path) -> AsyncGenerator[str]:
    """Serve a local folder; yield its URL."""
    application = web.Application()
    application.router.add_static("/", folder)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, 0).start()
        yield f"http://{HOST}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
