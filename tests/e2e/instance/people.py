"""Users without administrator rights."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp

from .client import Client

_PASSWORD: Final = "as they like it"
_USERS: Final = "system-users"


@asynccontextmanager
async def person(owner: Client, name: str) -> AsyncGenerator[Client]:
    """Add a user who isn't an administrator, sign in, and remove the user at the end."""
    user = (await owner.ask("config/auth/create", name=name, group_ids=[_USERS]))["user"]
    try:
        await owner.ask(
            "config/auth_provider/homeassistant/create", user_id=user["id"], username=name, password=_PASSWORD
        )
        async with Client(owner.url, await _token(owner.url, name)) as client:
            yield client
    finally:
        await owner.ask("config/auth/delete", user_id=user["id"])


async def _token(url: str, name: str) -> str:
    """Sign in through the login flow; return an access token."""
    client_id = f"{url}/"
    async with aiohttp.ClientSession() as session:
        start = {"client_id": client_id, "handler": ["homeassistant", None], "redirect_uri": client_id}
        flow = await _post(session, f"{url}/auth/login_flow", json=start)
        answers = {"client_id": client_id, "username": name, "password": _PASSWORD}
        code = (await _post(session, f"{url}/auth/login_flow/{flow['flow_id']}", json=answers))["result"]
        grant = {"grant_type": "authorization_code", "code": code, "client_id": client_id}
        token: str = (await _post(session, f"{url}/auth/token", data=grant))["access_token"]
        return token


async def _post(session: aiohttp.ClientSession, url: str, **request: Any) -> Any:
    async with session.post(url, **request) as response:
        response.raise_for_status()
        return await response.json()
