"""A plain client of the Flow service, for the emulator's own tests; it knows the wire and nothing of any adapter."""

import base64
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
import io
import json
from typing import Any, Literal

import aiohttp

from .flow import PUBLIC_KEY, Flow
from .settings import Settings

SYNTHESIZE = "/api/tts/synthesize"
STREAM = "/api/tts/synthesize-stream"
VOICE = "v-female-R2s4N9qJ"
TEXT = "Good morning."

type Contract = Literal["portal", "backend"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """A complete response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def error(self) -> tuple[int, str]:
        """Status and code of an error."""
        return self.status, self.json["code"]

    @property
    def events(self) -> list[dict[str, Any]]:
        """The JSON of each event, which may span lines, without comments."""
        blocks = self.body.decode().split("\n\n")
        return [json.loads(block.removeprefix("data:")) for block in blocks if block and not block.startswith(":")]

    @property
    def streamed(self) -> bytes:
        """The audio of all events."""
        return b"".join(base64.b64decode(event["Audio"]) for event in self.events if "Audio" in event)


@dataclass(kw_only=True, slots=True)
class FlowClient:
    """Talks to a running service as one signed-in user."""

    flow: Flow
    http: aiohttp.ClientSession
    token: str

    async def get(self, path: str, **headers: str) -> Reply:
        """GET, signed in."""
        return await self.request("GET", path, headers={"Authorization": f"Bearer {self.token}"} | headers)

    async def post(self, path: str, payload: Any) -> Reply:
        """POST JSON, signed in."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        return await self.request("POST", path, data=io.BytesIO(json.dumps(payload).encode()), headers=headers)

    async def request(self, method: str, path: str, **options: Any) -> Reply:
        """Anything, signed in only where the options say so."""
        async with self.http.request(method, self.flow.url + path, **options) as response:
            return Reply(status=response.status, headers=response.headers, body=await response.read())

    async def grant(self, kind: str, payload: Mapping[str, object], key: str | None = PUBLIC_KEY) -> Reply:
        """Ask the sign-in service for a session."""
        headers = {} if key is None else {"apikey": key}
        return await self.request("POST", f"/auth/v1/token?grant_type={kind}", json=payload, headers=headers)

    async def refresh(self, token: str) -> Reply:
        """Ask for a session by a refresh token."""
        return await self.grant("refresh_token", {"refresh_token": token})

    async def control(self, name: str, payload: Mapping[str, object]) -> Reply:
        """Tell the emulator something."""
        return await self.request("POST", f"/_emulator/{name}", json=payload)


@asynccontextmanager
async def flow_client(contract: Contract) -> AsyncGenerator[FlowClient]:
    """Run a service that follows this contract, and yield a client of it."""
    async with Flow(Settings(flow_contract=contract)) as flow, aiohttp.ClientSession() as http:
        yield FlowClient(flow=flow, http=http, token=flow.demo_token())


def portal_body(text: object = TEXT, **config: object) -> dict[str, object]:
    """Return the minimum body for the portal, with more fields for `ttsConfig`."""
    return {"text": text, "ttsConfig": {"TTSType": "flow", "VoiceId": VOICE} | config}
