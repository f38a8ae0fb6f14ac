"""Onboarding of a new Home Assistant: create the owner, and skip the rest."""

from typing import Any, Final

import aiohttp

from .client import signed_in

USERNAME: Final = "demo"
PASSWORD: Final = "demo"
_DAYS = 365


async def onboard(session: aiohttp.ClientSession, url: str) -> str:
    """Create the user and finish onboarding over HTTP; return a long-lived access token."""
    client = f"{url}/"
    user = {"name": "Demo", "username": USERNAME, "password": PASSWORD, "language": "en", "client_id": client}
    code = (await _post(session, f"{url}/api/onboarding/users", json=user))["auth_code"]
    grant = {"grant_type": "authorization_code", "code": code, "client_id": client}
    token: str = (await _post(session, f"{url}/auth/token", data=grant))["access_token"]
    signed_in = {"Authorization": f"Bearer {token}"}
    await _post(session, f"{url}/api/onboarding/analytics", headers=signed_in)
    redirect = {"client_id": client, "redirect_uri": f"{client}?auth_callback=1"}
    await _post(session, f"{url}/api/onboarding/integration", headers=signed_in, json=redirect)
    return await _long_lived(session, url, token)


async def _post(session: aiohttp.ClientSession, url: str, **request: Any) -> Any:
    async with session.post(url, **request) as response:
        response.raise_for_status()
        return await response.json()


async def _long_lived(session: aiohttp.ClientSession, url: str, token: str) -> str:
    """Return a long-lived token; the token of the onboarding expires within half an hour."""
    async with await signed_in(session, url, token) as socket:
        request = {"id": 1, "type": "auth/long_lived_access_token", "client_name": "Driver", "lifespan": _DAYS}
        await socket.send_json(request)
        result: str = (await socket.receive_json())["result"]
        return result
