"""What holds for every adapter on the wire, against services that do what no decent one does."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import aclosing
import traceback
from typing import Never

from aiohttp import ClientSession, web
import pytest

from custom_components.streaming_tts.providers.transport.http import (
    MAX_ERROR_BYTES,
    ErrorResponse,
    ResponseTimeouts,
    exchange,
)
from custom_components.streaming_tts.providers.transport.json_values import (
    MAX_RETRY_AFTER,
    account_id,
    decode_audio,
    header_secret,
    identifier,
    parse_object,
    seconds,
    whole_number,
)
from custom_components.streaming_tts.providers.transport.websocket import MAX_FRAME_BYTES, Socket
from custom_components.streaming_tts.providers.types import Failure, ProviderError, Timeouts
from tests.manual_clock import ManualClock
from tests.tables import each_row

from .tools import failure, serving, timed_out, until

type Talk = Callable[[web.WebSocketResponse], Awaitable[object]]
type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

TIMEOUTS = Timeouts(connect=5, first_byte=10, between=7)
SECRET = "sk_this_is_secret"


def answering(
    body: bytes = b"",
    *,
    status: int = 200,
    content_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> Handler:
    """Return a service that gives one answer to everything."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, status=status, content_type=content_type, headers=headers)

    return handle


def stalling(first: bytes | None, stalled: list[str]) -> Handler:
    """Return a service that answers with a piece, or not at all, and then says nothing more."""

    async def handle(request: web.Request) -> web.StreamResponse:
        if first is not None:
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(first)
        stalled.append(request.path)
        return await forever()

    return handle


async def forever() -> Never:
    """Wait until the service is shut down."""
    await asyncio.get_running_loop().create_future()
    raise AssertionError


async def asked(session: ClientSession, url: str, *, limit: int = 1000, path: str = "/") -> bytes:
    """Return the body of an answer."""
    async with exchange(session, "GET", url + path, TIMEOUTS, headers={"x-api-key": SECRET}) as answer:
        return await answer.read(limit)


async def asked_for_json(session: ClientSession, url: str) -> dict[str, object]:
    """Return an answer that is JSON."""
    async with exchange(session, "GET", url, TIMEOUTS) as answer:
        return await answer.json()


async def dialled(session: ClientSession, url: str) -> Socket:
    """Return an open socket."""
    return await Socket.open(
        session,
        url,
        timeouts=TIMEOUTS,
        refused=ErrorResponse.error,
        harmless=lambda frame: not frame.get("harmful"),
        headers={"x-api-key": SECRET},
        params={"api_key": SECRET},
    )


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (301, Failure.BROKEN),
        (307, Failure.BROKEN),
        (400, Failure.INPUT),
        (401, Failure.UNREACHABLE),
        (402, Failure.QUOTA),
        (403, Failure.UNREACHABLE),
        (404, Failure.BROKEN),
        (405, Failure.BROKEN),
        (413, Failure.INPUT),
        (422, Failure.INPUT),
        (429, Failure.RATE),
        (500, Failure.SERVER),
        (503, Failure.SERVER),
    ],
)
async def test_a_status_alone_tells_a_failure(session: ClientSession, status: int, expected: Failure) -> None:
    """The status alone is enough for the failure."""
    async with serving(answering(status=status)) as url:
        error = await failure(asked(session, url))
        dialling = await failure(dialled(session, url))

    assert (error.failure, error.code) == (expected, f"http_{status}")
    assert (dialling.failure, dialling.code) == (expected, f"http_{status}")


@each_row("status", [401, 403])
@each_row(
    ("body", "expected"),
    [
        (b"<html>Access denied</html>", Failure.UNREACHABLE),
        (b"", Failure.UNREACHABLE),
        (b'"Forbidden"', Failure.UNREACHABLE),
        (b'{"message": "Forbidden"}', Failure.BROKEN),
    ],
)
def test_a_refusal_without_a_documented_code_says_nothing_of_the_key(
    status: int, body: bytes, expected: Failure
) -> None:
    """A page that is no object comes from a proxy or CDN: the service was not reached."""
    assert ErrorResponse(status=status, headers={}, body=body).error().failure is expected


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed_with_a_key(session: ClientSession, status: int) -> None:
    """No redirect is followed with a key."""
    asked_elsewhere: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        asked_elsewhere.append(request.path_qs)
        return web.Response()

    async with (
        serving(elsewhere) as other,
        serving(answering(status=status, headers={"Location": f"{other}/stolen"})) as url,
    ):
        error = await failure(asked(session, url))
        dialling = await failure(dialled(session, url))

    assert error.failure is dialling.failure is Failure.BROKEN
    assert asked_elsewhere == []


async def test_a_service_that_is_not_there_is_unreachable(session: ClientSession) -> None:
    """A service that is not there is unreachable."""
    async with serving(answering()) as url:
        pass

    for attempt in (asked(session, url), dialled(session, url)):
        error = await failure(attempt)
        assert error.failure is Failure.UNREACHABLE
        assert SECRET not in f"{error!r} {error}" + "".join(traceback.format_exception(error))


@pytest.mark.parametrize("url", ["", "no address", "http://", "ftp://127.0.0.1"])
async def test_an_address_that_is_none_is_unreachable(session: ClientSession, url: str) -> None:
    """An address that is none is unreachable."""
    assert (await failure(asked(session, url, path=""))).failure is Failure.UNREACHABLE
    assert (await failure(dialled(session, url))).failure is Failure.UNREACHABLE


async def test_a_session_that_is_closed_is_unreachable_for_a_socket(session: ClientSession) -> None:
    """A session that is closed is unreachable for a socket."""
    await session.close()

    assert (await failure(dialled(session, "http://127.0.0.1"))).failure is Failure.UNREACHABLE


async def test_garbage_instead_of_http_is_broken(session: ClientSession) -> None:
    """Garbage instead of HTTP is broken."""

    async def handle(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.write(b"\0garbage\r\n\r\n")
        request.transport.close()
        return web.Response()

    async with serving(handle) as url:
        assert (await failure(asked(session, url))).failure is Failure.BROKEN
        assert (await failure(dialled(session, url))).failure is Failure.BROKEN


@pytest.mark.parametrize("attempt", [asked, dialled])
async def test_a_service_that_accepts_and_says_nothing_is_unreachable(
    session: ClientSession, clock: ManualClock, attempt: Callable[[ClientSession, str], Coroutine[object, None, object]]
) -> None:
    """A service that accepts and says nothing is unreachable."""
    stalled: list[str] = []
    async with serving(stalling(None, stalled)) as url:
        error = await timed_out(attempt(session, url), clock, lambda: bool(stalled))

    assert (error.failure, error.code) == (Failure.UNREACHABLE, "timeout")


async def test_an_answer_without_sound_is_unreachable(session: ClientSession, clock: ManualClock) -> None:
    """A response without audio is UNREACHABLE."""
    stalled: list[str] = []
    async with serving(stalling(b"", stalled)) as url:
        error = await timed_out(asked(session, url), clock, lambda: bool(stalled))

    assert (error.failure, error.code) == (Failure.UNREACHABLE, "timeout")


async def test_sound_that_stops_coming_is_broken(session: ClientSession, clock: ManualClock) -> None:
    """Audio that stops is BROKEN."""
    stalled: list[str] = []

    async def listen(url: str) -> None:
        async with exchange(session, "GET", url, TIMEOUTS) as answer, aclosing(answer.pieces()) as body:
            async for _ in body:
                answer.deadlines.sounded()

    async with serving(stalling(b"sound", stalled)) as url:
        error = await timed_out(listen(url), clock, lambda: bool(stalled))

    assert (error.failure, error.code) == (Failure.BROKEN, "timeout")


async def test_what_arrives_without_sounding_does_not_renew_the_patience(
    session: ClientSession, clock: ManualClock
) -> None:
    """What arrives without sounding does not reset the timeouts."""
    drops: list[str] = []

    async def dripping(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b".")
            drops.append(".")
            await asyncio.sleep(TIMEOUTS.first_byte / 5)

    async with serving(dripping) as url:
        error = await timed_out(asked(session, url), clock, lambda: bool(drops))

    assert error.failure is Failure.UNREACHABLE
    assert len(drops) > 3


async def test_who_listens_slowly_is_no_stall(session: ClientSession, clock: ManualClock) -> None:
    """Who listens slowly is no stall."""
    async with serving(answering(b"x" * 300_000)) as url, exchange(session, "GET", url, TIMEOUTS) as answer:
        total = 0
        async with aclosing(answer.pieces()) as body:
            async for piece in body:
                answer.deadlines.sounded()
                total += len(piece)
                clock.advance(1000)

    assert total == 300_000


async def test_a_body_that_breaks_off_is_broken(session: ClientSession) -> None:
    """A body that breaks off is broken."""

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = 100
        await response.prepare(request)
        await response.write(b"a part")
        assert request.transport is not None
        request.transport.close()
        return response

    async with serving(handle) as url:
        assert (await failure(asked(session, url))).failure is Failure.BROKEN


async def test_a_body_may_be_as_long_as_its_limit_and_no_longer(session: ClientSession) -> None:
    """A body may be as long as its limit and no longer."""
    async with serving(answering(b"x" * 1000)) as url:
        assert len(await asked(session, url, limit=1000)) == 1000
        error = await failure(asked(session, url, limit=999))

    assert (error.failure, error.code) == (Failure.BROKEN, "too_long")


async def test_of_a_refusal_only_the_beginning_is_read(session: ClientSession) -> None:
    """Of a refusal only the beginning is read."""
    seen: list[ErrorResponse] = []

    def refused(refusal: ErrorResponse) -> ProviderError:
        seen.append(refusal)
        return refusal.error()

    async with serving(answering(b"x" * 10_000_000, status=500)) as url:
        with pytest.raises(ProviderError):
            async with exchange(session, "GET", url, TIMEOUTS, refused=refused):
                pass

    assert len(seen[0].body) <= MAX_ERROR_BYTES
    assert "xxx" not in repr(seen[0])


async def test_a_refusal_is_not_waited_for_as_long_as_sound(session: ClientSession, clock: ManualClock) -> None:
    """Its status is sufficient if its body doesn't arrive: a fallback voice is waiting."""
    began = asyncio.Event()

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=503)
        await response.prepare(request)
        await response.write(b'{"detail":')
        began.set()
        await asyncio.get_running_loop().create_future()
        return response

    start = clock.time()
    async with serving(handle) as url:
        error = await timed_out(asked(session, url), clock, began.is_set)

    assert error.failure is Failure.SERVER
    assert clock.time() - start < 5


async def test_an_answer_that_was_read_leaves_its_socket_for_the_next_request(session: ClientSession) -> None:
    """A complete response leaves its socket open for the next request."""
    ports: set[int] = set()

    async def handle(request: web.Request) -> web.Response:
        assert request.transport is not None
        ports.add(request.transport.get_extra_info("peername")[1])
        return web.Response(body=b"answer")

    async with serving(handle) as url:
        await asked(session, url)
        await asked(session, url)

    assert len(ports) == 1


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (b"{}", "text/html", "content_type"),
        (b"", "application/json", "json"),
        (b"{", "application/json", "json"),
        (b"[1]", "application/json", "json"),
        (b"\xff\xfe{}", "application/json", "json"),
        (b"[" * 200_000, "application/json", "json"),
        (b"9" * 5_000, "application/json", "json"),
    ],
    ids=["page", "empty", "cut off", "list", "no text", "deep", "long number"],
)
async def test_json_that_is_none_is_broken(session: ClientSession, body: bytes, content_type: str, code: str) -> None:
    """JSON that is none is broken."""
    async with serving(answering(body, content_type=content_type)) as url:
        error = await failure(asked_for_json(session, url))

    assert (error.failure, error.code) == (Failure.BROKEN, code)


async def test_json_of_another_kind_of_json_is_read(session: ClientSession) -> None:
    """JSON of another kind of JSON is read."""
    async with serving(answering(b'{"a": 1}', content_type="application/problem+json")) as url:
        assert await asked_for_json(session, url) == {"a": 1}


async def test_a_retry_after_header_is_heard(session: ClientSession) -> None:
    """A Retry-After header is respected."""
    async with serving(answering(status=503, headers={"Retry-After": "12"})) as url:
        assert (await failure(asked(session, url))).retry_after == 12


class TestSocket:
    """What a service may do on a WebSocket."""

    @staticmethod
    def conversing(talk: Talk) -> Handler:
        """Return a service that accepts every socket."""

        async def handle(request: web.Request) -> web.StreamResponse:
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            await talk(socket)
            await socket.close()
            return socket

        return handle

    @pytest.fixture
    def heard(self, session: ClientSession) -> Callable[[Talk], Awaitable[object]]:
        """Return a function that opens a socket to a service and returns its first frame."""

        async def heard(talk: Talk) -> object:
            async with serving(self.conversing(talk)) as url:
                socket = await dialled(session, url)
                try:
                    with socket.answering():
                        return await socket.receive(ResponseTimeouts(TIMEOUTS))
                finally:
                    await socket.close()

        return heard

    async def test_a_frame_is_an_object(self, heard: Callable[[Talk], Awaitable[object]]) -> None:
        """A frame is an object."""
        assert await heard(lambda socket: socket.send_str('{"a": [1]}')) == {"a": [1]}

    @pytest.mark.parametrize(
        ("talk", "expected", "code"),
        [
            pytest.param(lambda socket: socket.send_str("{"), Failure.BROKEN, "json", id="no JSON"),
            pytest.param(lambda socket: socket.send_str("[]"), Failure.BROKEN, "json", id="no object"),
            pytest.param(lambda socket: socket.send_bytes(b"{}"), Failure.BROKEN, "garbage", id="binary"),
            pytest.param(
                lambda socket: socket.send_str("x" * (MAX_FRAME_BYTES + 1)), Failure.BROKEN, "garbage", id="too long"
            ),
            pytest.param(lambda socket: socket.close(), Failure.UNREACHABLE, "close_1000", id="closed"),
            pytest.param(lambda socket: socket.close(code=1001), Failure.UNREACHABLE, "close_1001", id="going away"),
            pytest.param(lambda socket: socket.close(code=1011), Failure.SERVER, "close_1011", id="internal error"),
        ],
    )
    async def test_anything_else_is_an_error(
        self,
        heard: Callable[[Talk], Awaitable[object]],
        talk: Talk,
        expected: Failure,
        code: str,
    ) -> None:
        """Anything else is an error."""
        error = await failure(heard(talk))

        assert (error.failure, error.code) == (expected, code)

    @pytest.mark.parametrize(
        "talk",
        [
            pytest.param(lambda socket: socket.send_str('{"harmful": true}'), id="harmful"),
            pytest.param(lambda socket: socket.send_str("{"), id="no JSON"),
            pytest.param(lambda socket: socket.send_bytes(b"{}"), id="binary"),
            pytest.param(lambda socket: socket.close(), id="closed"),
        ],
    )
    async def test_what_arrives_between_two_requests_is_heard(self, session: ClientSession, talk: Talk) -> None:
        """Data between two requests is received."""

        async def chat(socket: web.WebSocketResponse) -> None:
            for _ in range(3):
                await socket.send_str('{"harmful": false}')
            await socket.receive()
            await socket.send_str('{"answer": true}')
            for _ in range(3):
                await socket.send_str('{"harmful": false}')
            await socket.receive()
            await talk(socket)
            await socket.receive()

        async with serving(self.conversing(chat)) as url:
            socket = await dialled(session, url)
            deadlines = ResponseTimeouts(TIMEOUTS)
            with socket.answering():
                await socket.send([{}], deadlines)
                frames = [await socket.receive(deadlines)]
                while "answer" not in frames[-1]:
                    frames.append(await socket.receive(deadlines))
            assert socket.usable

            await socket.send([{}], deadlines)
            await until(lambda: not socket.usable)
            await socket.close()

    async def test_of_a_refusal_whose_body_does_not_end_nothing_stays_open(self, session: ClientSession) -> None:
        """The connection is closed with the refusal, and not by the garbage collector."""
        gone = asyncio.Event()

        async def refuse(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(status=503)
            await response.prepare(request)
            try:
                while True:
                    await response.write(b"x" * 10_000)
                    await asyncio.sleep(0)
            finally:
                gone.set()

        async with serving(refuse) as url:
            error = await failure(dialled(session, url))  # The error holds what it came from
            await asyncio.wait_for(gone.wait(), 5)

        assert error.failure is Failure.SERVER

    async def test_a_socket_that_was_closed_says_so(self, session: ClientSession) -> None:
        """A socket that was closed says so."""
        async with serving(self.conversing(lambda socket: socket.receive())) as url:
            socket = await dialled(session, url)
            await socket.close()
            await socket.close()
            error = await failure(socket.receive(ResponseTimeouts(TIMEOUTS)))

        assert not socket.usable
        assert (error.failure, error.code) == (Failure.UNREACHABLE, "closed")


@each_row(
    ("value", "expected"),
    [
        ("VOICE_NOT_FOUND", "VOICE_NOT_FOUND"),
        ("a.b-c_1", "a.b-c_1"),
        ("x" * 64, "x" * 64),
        ("x" * 65, None),
        ("", None),
        ("The voice said hello", None),
        ("line\n", None),
        (404, None),
        (None, None),
        (["X"], None),
    ],
)
def test_a_code_is_an_identifier_or_nothing(value: object, expected: str | None) -> None:
    """A code is an identifier or nothing."""
    assert identifier(value) == expected


@each_row(
    ("value", "expected"),
    [
        (8.5, 8.5),
        (0, 0),
        ("12", 12),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        (-1, None),
        (float("inf"), None),
        (float("nan"), None),
        (True, None),
        (None, None),
        (1e300, MAX_RETRY_AFTER),
        (10**400, None),
    ],
)
def test_a_delay_is_a_sane_number_of_seconds(value: object, expected: float | None) -> None:
    """A delay is a sane number of seconds."""
    assert seconds(value) == expected


@each_row(("value", "expected"), [(5, 5), (0, 0), (-1, None), (5.0, None), (True, None), ("5", None)])
def test_a_count_is_a_whole_number(value: object, expected: int | None) -> None:
    """A count is a whole number."""
    assert whole_number(value) == expected


@each_row("value", ["!AAA", "AAA", "AA=A", "A A=", None, 1, ["AAAA"], "ÄÄÄÄ"])
def test_sound_that_is_no_base64_is_broken(value: object) -> None:
    """Audio that isn't base64 is BROKEN."""
    with pytest.raises(ProviderError) as caught:
        decode_audio(value)

    assert (caught.value.failure, caught.value.code) == (Failure.BROKEN, "base64")


def test_an_object_is_parsed() -> None:
    """An object is parsed."""
    assert parse_object('{"a": null}') == {"a": None}


@pytest.mark.parametrize("secret", ["", " ", "two words", "line\nbreak", "ключ"])
def test_a_secret_that_no_service_gave_out_is_refused_here(secret: str) -> None:
    """A secret that no service gave out is refused here."""
    with pytest.raises(ProviderError) as caught:
        header_secret(secret)

    assert caught.value.failure is Failure.AUTH


def test_an_account_id_is_stable_and_tells_nothing() -> None:
    """An account ID is stable and neutral."""
    assert account_id(SECRET) == account_id(SECRET) != account_id(f"{SECRET}2")
    assert SECRET[3:] not in account_id(SECRET)
