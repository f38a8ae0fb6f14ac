"""A signed-in client for the REST and WebSocket APIs of Home Assistant."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
import io
from mimetypes import guess_type
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp

from .flow import Flow
from .heard import Heard

_ANSWER_SECONDS = 60.0
_MAX_MESSAGE = 64 * 1024 * 1024

type Event = dict[str, Any]


class ApiError(Exception):
    """Home Assistant rejected a request; `code` is its HTTP status or WebSocket error code."""

    def __init__(self, code: int | str, message: str) -> None:
        """Store the code and the message."""
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Client:
    """A client for one user; an async context manager that is connected while it's entered."""

    def __init__(self, url: str, token: str) -> None:
        """Set the URL and a long-lived access token."""
        self.url = url
        self._token = token
        self._session: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self._last_id = 0
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._events: dict[int, asyncio.Queue[Event]] = {}

    async def __aenter__(self) -> Self:
        """Connect and sign in."""
        self._session = aiohttp.ClientSession(headers={"Authorization": f"Bearer {self._token}"})
        try:
            self._socket = await signed_in(self._session, self.url, self._token)
        except BaseException:
            await self._session.close()
            raise
        self._reader = asyncio.create_task(self._read(self._socket))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        if self._socket:
            await self._socket.close()
        if self._reader:
            self._reader.cancel()
            with suppress(asyncio.CancelledError):
                await self._reader
        if self._session:
            await self._session.close()

    # REST

    @property
    def session(self) -> aiohttp.ClientSession:
        """The signed-in HTTP session."""
        if self._session is None:
            raise RuntimeError("the client is not connected")
        return self._session

    async def request(self, method: str, path: str, payload: Any = None) -> Any:
        """Return the JSON response. Raises ApiError."""
        async with self.session.request(method, f"{self.url}{path}", json=payload) as response:
            if response.status >= 400:
                raise ApiError(response.status, await response.text())
            return await response.json()

    async def get(self, path: str) -> Any:
        """Send a GET request. Raises ApiError."""
        return await self.request("GET", path)

    async def post(self, path: str, payload: Any = None) -> Any:
        """Send a POST request. Raises ApiError."""
        return await self.request("POST", path, payload)

    async def upload(self, path: str, content: bytes, name: str, **fields: str) -> Any:
        """Upload a file with form fields, and return the response. Raises ApiError."""
        form = aiohttp.FormData(fields)
        form.add_field("file", io.BytesIO(content), filename=name, content_type=guess_type(name)[0])
        async with self.session.post(f"{self.url}{path}", data=form) as response:
            if response.status >= 400:
                raise ApiError(response.status, await response.text())
            return await response.json()

    # WebSocket

    async def ask(self, command: str, **fields: Any) -> Any:
        """Return the result of a WebSocket command. Raises ApiError."""
        return await self._ask(self._next_id(), command, fields)

    @asynccontextmanager
    async def events(self, command: str, **fields: Any) -> AsyncGenerator[asyncio.Queue[Event]]:
        """Subscribe to a WebSocket command while the context is entered. Raises ApiError."""
        number = self._next_id()
        queue = self._events[number] = asyncio.Queue()
        try:
            await self._ask(number, command, fields)
            yield queue
        finally:
            with suppress(ApiError, ConnectionError):
                await self.ask("unsubscribe_events", subscription=number)
            del self._events[number]

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    async def _ask(self, number: int, command: str, fields: Mapping[str, Any]) -> Any:
        if self._socket is None or self._socket.closed:
            raise ConnectionError("the connection to Home Assistant is closed")
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        try:
            await self._socket.send_json({"id": number, "type": command, **fields})
            async with asyncio.timeout(_ANSWER_SECONDS):
                return await answer
        finally:
            del self._answers[number]

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            content = message.json()
            if content["type"] == "event" and (queue := self._events.get(content["id"])):
                queue.put_nowait(content["event"])
            elif content["type"] == "result" and (answer := self._answers.get(content["id"])) and not answer.done():
                if content["success"]:
                    answer.set_result(content["result"])
                else:
                    error = content["error"]
                    answer.set_exception(ApiError(error["code"], error["message"]))
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(ConnectionError("Home Assistant closed the connection"))

    # States and actions

    async def state(self, entity_id: str) -> dict[str, Any] | None:
        """Return the state of an entity, or None."""
        with suppress(ApiError):
            state: dict[str, Any] = await self.get(f"/api/states/{entity_id}")
            return state
        return None

    async def state_when(
        self, entity_id: str, wanted: Callable[[dict[str, Any]], bool], *, seconds: float = 10.0
    ) -> dict[str, Any]:
        """Return the state of an entity once it matches. Raises TimeoutError."""
        async with self.events("subscribe_events", event_type="state_changed") as changes:
            state = await self.state(entity_id)
            async with asyncio.timeout(seconds):
                while state is None or not wanted(state):
                    change = (await changes.get())["data"]
                    if change["entity_id"] == entity_id:
                        state = change["new_state"]
        return state

    async def act(self, action: str, *, target: str | None = None, answered: bool = False, **fields: Any) -> Any:
        """Run an action, such as `tts.speak`; return its response if requested. Raises ApiError."""
        domain, service = action.split(".")
        result = await self.ask(
            "call_service",
            domain=domain,
            service=service,
            service_data=fields,
            return_response=answered,
            **({"target": {"entity_id": target}} if target else {}),
        )
        return result["response"] if answered else None

    async def registered(self, **wanted: Any) -> list[dict[str, Any]]:
        """Return matching entries of the entity registry, such as `platform="streaming_tts"`."""
        entries = await self.ask("config/entity_registry/list")
        return [entry for entry in entries if all(entry.get(key) == value for key, value in wanted.items())]

    # Flows

    async def add(self, domain: str) -> Flow:
        """Start the config flow of an integration."""
        return await Flow.begin(self, "/api/config/config_entries/flow", {"handler": domain})

    async def add_to(self, entry_id: str, kind: str, *, reconfigured: str | None = None) -> Flow:
        """Start a subentry flow, for a new subentry or to change one."""
        start: dict[str, Any] = {"handler": [entry_id, kind]}
        if reconfigured:
            start["subentry_id"] = reconfigured
        return await Flow.begin(self, "/api/config/config_entries/subentries/flow", start)

    async def reconfigure(self, domain: str, entry_id: str) -> Flow:
        """Start to reconfigure an entry."""
        start = {"handler": domain, "entry_id": entry_id}
        return await Flow.begin(self, "/api/config/config_entries/flow", start)

    async def configure(self, entry_id: str) -> Flow:
        """Start the options flow of an entry."""
        return await Flow.begin(self, "/api/config/config_entries/options/flow", {"handler": entry_id})

    async def entries(self, domain: str) -> list[dict[str, Any]]:
        """Return the config entries of a domain."""
        result: list[dict[str, Any]] = await self.get(f"/api/config/config_entries/entry?domain={domain}")
        return result

    async def remove(self, entry_id: str) -> None:
        """Remove a config entry."""
        await self.request("DELETE", f"/api/config/config_entries/entry/{entry_id}")

    async def words(self, category: str, key: str, domain: str = "streaming_tts") -> str | None:
        """Return a translated text, by category and key, such as `config` and `error.invalid_auth`."""
        result = await self.ask("frontend/get_translations", language="en", category=category, integration=[domain])
        text: str | None = result["resources"].get(f"component.{domain}.{category}.{key}")
        return text

    # Speech

    async def speech_path(self, engine: str, message: str, **request: Any) -> str:
        """Return the URL path of speech, which is generated when it's fetched. Raises ApiError."""
        answer = await self.post("/api/tts_get_url", {"engine_id": engine, "message": message, **request})
        path: str = answer["path"]
        return path

    async def listen(self, path: str, *, since: float | None = None) -> Heard:
        """Fetch audio like a player; `since` is the loop's time of the request."""
        since = since or asyncio.get_running_loop().time()
        async with self.session.get(f"{self.url}{path}") as response:
            heard = Heard(since=since, status=response.status, content_type=response.content_type)
            if response.status != 200:
                return heard
            return await heard.take(_chunks(response))

    async def speech(self, engine: str, message: str, **request: Any) -> Heard:
        """Generate speech and fetch it; the request may have `options`, `language`, and `cache`.

        Raises ApiError.
        """
        return await self.listen(await self.speech_path(engine, message, **request))

    async def play(self, engine: str, message: str) -> Heard:
        """Generate speech like the media browser, and fetch it. Raises ApiError."""
        since = asyncio.get_running_loop().time()
        media = await self.ask(
            "media_source/resolve_media",
            media_content_id=f"media-source://tts/{engine}?{urlencode({'message': message})}",
        )
        return await self.listen(media["url"], since=since)


async def signed_in(session: aiohttp.ClientSession, url: str, token: str) -> aiohttp.ClientWebSocketResponse:
    """Return an authenticated WebSocket. Raises ApiError if the token is rejected."""
    socket = await session.ws_connect(f"{url}/api/websocket", max_msg_size=_MAX_MESSAGE)
    await socket.receive_json()
    await socket.send_json({"type": "auth", "access_token": token})
    if (answer := await socket.receive_json())["type"] != "auth_ok":
        await socket.close()
        raise ApiError(answer["type"], answer.get("message", ""))
    return socket


async def _chunks(response: aiohttp.ClientResponse) -> AsyncGenerator[bytes]:
    """Yield messages. Raises ConnectionError if the connection breaks."""
    try:
        async for chunk in response.content.iter_any():
            yield chunk
    except aiohttp.ClientError as error:
        raise ConnectionError from error
