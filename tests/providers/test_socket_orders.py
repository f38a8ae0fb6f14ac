"""Socket behavior that live clients have seen: each text is spoken completely and once, or fails with a type.

Scripted services reproduce the orders of frames that docs/dev/protocols.md A3 and B4 report.
"""

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from aiohttp import ClientSession, WSMsgType, web
import pytest

from custom_components.streaming_tts.providers.asyncflow import AsyncFlow
from custom_components.streaming_tts.providers.provider import Provider
from custom_components.streaming_tts.providers.sarvam import Sarvam
from custom_components.streaming_tts.providers.types import (
    MODEL_RETIRED,
    Credentials,
    Failure,
    Limits,
    SettingValue,
    Transport,
    Voice,
)
from tests.manual_clock import ManualClock
from tests.tables import each_row

from .tools import KEY, PCM, Line, failure, line, said, serving, spoken, timed_out, until

TEXT = "Hello there."
SOUND = bytes(range(256)) * 128
"""A second of it."""
SHORT = SOUND[:3200]
"""A tenth of a second, too short for `TEXT`."""
FLASH = Voice.of(voice_id="anna", model="async_flash_v1.0", language="en")
SHUBH = Voice.of(voice_id="shubh", model="bulbul:v3", language="en-IN")

type Answer = Callable[[Talk], Awaitable[None]]


@dataclass(kw_only=True, slots=True, eq=False)
class Talk:
    """A socket as the service sees it, with all that the client said on it."""

    socket: web.WebSocketResponse
    query: dict[str, str]
    heard: list[dict[str, Any]] = field(default_factory=list)

    async def hear(self, wanted: Callable[[dict[str, Any]], bool] = lambda _frame: True) -> dict[str, Any]:
        """Return the next frame of a kind."""
        while True:
            message = await self.socket.receive()
            if message.type is not WSMsgType.TEXT:
                raise ConnectionResetError
            self.heard.append(message.json())
            if wanted(self.heard[-1]):
                return self.heard[-1]

    async def text(self) -> str:
        """Return the context of the next text, once its end is asked for too."""
        context: str = (await self.hear(lambda frame: bool(frame.get("transcript", "").strip())))["context_id"]
        await self.hear(lambda frame: frame == {"transcript": "", "context_id": context})
        return context

    async def closing(self, context: str) -> None:
        """Wait until a context is closed."""
        close = {"transcript": "", "context_id": context, "close_context": True}
        await self.hear(lambda frame: frame == close)

    async def sound(self, context: str, pcm: bytes = SOUND, *, final: bool = False) -> None:
        """Send audio in a context of AsyncFlow."""
        await self.socket.send_json({"context_id": context, "audio": b64encode(pcm).decode(), "final": final})

    async def end(self, context: str) -> None:
        """Send the end mark of a context of AsyncFlow."""
        await self.sound(context, b"", final=True)

    async def flush(self) -> None:
        """Wait until a text for Sarvam is complete."""
        await self.hear(lambda frame: frame["type"] == "flush")

    async def audio(self, pcm: bytes = SOUND) -> None:
        """Send audio like Sarvam."""
        await self.socket.send_json({"type": "audio", "data": {"audio": b64encode(pcm).decode()}})

    async def final(self) -> None:
        """Send the end mark of Sarvam."""
        await self.socket.send_json({"type": "event", "data": {"event_type": "final"}})


@asynccontextmanager
async def talking(answer: Answer) -> AsyncGenerator[tuple[str, list[Talk]]]:
    """Serve sockets by a script, and yield the address and the sockets that there were."""
    talks: list[Talk] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        talks.append(Talk(socket=socket, query=dict(request.query)))
        try:
            await answer(talks[-1])
            while True:
                await talks[-1].hear()
        except ConnectionResetError:
            return socket

    async with serving(handle) as url:
        yield url, talks


@asynccontextmanager
async def connected(
    session: ClientSession, kind: type[Provider], answer: Answer
) -> AsyncGenerator[tuple[Provider, Line, list[Talk]]]:
    """Connect to a scripted service."""
    async with talking(answer) as (url, talks):
        provider = kind(session, Credentials(key=KEY), base_url=url)
        voice = FLASH if kind is AsyncFlow else SHUBH
        connection = await line(provider, Transport.WEBSOCKET, voice)
        try:
            yield provider, connection, talks
        finally:
            await connection.close()


async def passing(speaking: Awaitable[bytes], clock: ManualClock, *, sounded: Callable[[], bool]) -> bytes:
    """Return the audio, advancing the clock after the first audio."""
    task = asyncio.ensure_future(speaking)
    await until(lambda: sounded() or task.done())
    while not task.done():
        await asyncio.sleep(0)
        clock.advance(0.05)
    return await task


# AsyncFlow (docs/dev/protocols.md A3)


async def test_a_context_is_closed_only_behind_its_end_mark(session: ClientSession) -> None:
    """A close with the text cuts the audio short; IDs are uuid4, and no blank text is forced."""
    seen: list[list[dict[str, Any]]] = []

    async def answer(talk: Talk) -> None:
        for _ in range(2):
            context = await talk.text()
            await talk.sound(context)
            seen.append(list(talk.heard))
            await talk.end(context)
            await talk.closing(context)
            await talk.end(context)

    async with connected(session, AsyncFlow, answer) as (_, connection, talks):
        assert [await spoken(connection, FLASH, text) for text in ("One.", "Two.")] == [SOUND, SOUND]
        assert connection.reusable
        assert not connection.end_mark_missing
        await until(lambda: len(talks[0].heard) == 7)

    assert not any("close_context" in frame for frame in seen[0])
    contexts = {frame["context_id"] for frame in talks[0].heard[1:]}
    assert [UUID(context).version for context in contexts] == [4, 4]
    assert [frame["transcript"] for frame in talks[0].heard if frame.get("force")] == ["One. ", "Two. "]


async def test_frames_in_the_context_that_was_offered_are_ours(session: ClientSession) -> None:
    """Their socket has one request, because two couldn't be told apart."""

    async def answer(talk: Talk) -> None:
        await talk.hear()
        await talk.socket.send_json({"event": "init_ack", "context_id": "theirs"})
        await talk.text()
        await talk.sound("theirs")
        await talk.end("theirs")

    async with connected(session, AsyncFlow, answer) as (_, connection, _):
        assert await spoken(connection, FLASH) == SOUND
        assert not connection.reusable


async def only_theirs(talk: Talk) -> None:
    """Speak only in the context that was offered: a text in any other ends at once, each frame of it."""
    await talk.hear()
    await talk.socket.send_json({"event": "init_ack", "context_id": "theirs"})
    while True:
        frame = await talk.hear()
        if frame["context_id"] != "theirs":
            await talk.end(frame["context_id"])
        elif frame.get("force"):
            await talk.sound("theirs")
            await talk.end("theirs")


async def test_a_text_that_ends_without_sound_is_said_once_more_in_the_context_of_the_service(
    session: ClientSession,
) -> None:
    """From then on only in such, each on a socket of its own."""
    async with connected(session, AsyncFlow, only_theirs) as (provider, connection, talks):
        assert await spoken(connection, FLASH) == SOUND
        assert not connection.reusable
        later = await line(provider, Transport.WEBSOCKET, FLASH)
        assert await spoken(later, FLASH) == SOUND
        assert not later.reusable
        await later.close()

    texts = [[frame["context_id"] == "theirs" for frame in talk.heard if frame.get("force")] for talk in talks]
    assert texts == [[False, True], [True]]


async def test_a_service_that_offers_no_context_any_more_is_spoken_to_in_ours(
    session: ClientSession, clock: ManualClock
) -> None:
    """After a moment in which it could have."""
    offers = [True, False]

    async def answer(talk: Talk) -> None:
        if offers.pop(0):
            await only_theirs(talk)
        context = await talk.text()
        await talk.sound(context)
        await talk.end(context)

    async with connected(session, AsyncFlow, answer) as (provider, connection, talks):
        assert await spoken(connection, FLASH) == SOUND
        later = await line(provider, Transport.WEBSOCKET, FLASH)
        heard = await passing(spoken(later, FLASH), clock, sounded=lambda: len(talks) == 2 and bool(talks[1].heard))
        assert (heard, later.reusable) == (SOUND, True)
        await later.close()


@pytest.mark.parametrize("offered", ["theirs", None])
async def test_a_text_that_makes_no_sound_at_all_is_broken(session: ClientSession, offered: str | None) -> None:
    """It is asked for at most twice, and the socket is of no more use."""

    async def answer(talk: Talk) -> None:
        await talk.hear()
        if offered:
            await talk.socket.send_json({"event": "init_ack", "context_id": offered})
        while True:
            await talk.end(await talk.text())

    async with connected(session, AsyncFlow, answer) as (_, connection, talks):
        error = await failure(spoken(connection, FLASH))
        assert not connection.reusable

    assert (error.failure, error.code) == (Failure.BROKEN, "no_audio")
    assert len([frame for frame in talks[0].heard if frame.get("force")]) == (2 if offered else 1)


async def test_punctuation_may_make_no_sound(session: ClientSession) -> None:
    """That is no failure."""

    async def answer(talk: Talk) -> None:
        await talk.end(await talk.text())

    async with connected(session, AsyncFlow, answer) as (_, connection, _):
        assert await spoken(connection, FLASH, "...") == b""
        assert connection.reusable


async def test_where_the_end_mark_does_not_come_by_itself_the_context_is_closed_for_it(
    session: ClientSession, clock: ManualClock
) -> None:
    """Two seconds after the last audio; audio before the end mark still counts."""

    async def answer(talk: Talk) -> None:
        context = await talk.text()
        await talk.sound(context)
        await talk.closing(context)
        await talk.sound(context, SHORT)
        await talk.end(context)

    began = clock.time()
    async with connected(session, AsyncFlow, answer) as (_, connection, talks):
        speaking = spoken(connection, FLASH)
        heard = await passing(speaking, clock, sounded=lambda: len(talks[0].heard) == 3)
        assert (heard, connection.reusable, connection.end_mark_missing) == (SOUND + SHORT, True, False)

    assert 2.0 <= clock.time() - began < 4.0


async def test_a_gap_of_a_second_does_not_close_a_context(session: ClientSession, clock: ManualClock) -> None:
    """Such gaps were seen within one answer."""

    async def answer(talk: Talk) -> None:
        context = await talk.text()
        for _ in range(3):
            await talk.sound(context)
            await asyncio.sleep(1.2)
        await talk.end(context)

    async with connected(session, AsyncFlow, answer) as (_, connection, talks):
        speaking = spoken(connection, FLASH)
        assert await passing(speaking, clock, sounded=lambda: len(talks[0].heard) == 3) == SOUND * 3
        assert not any("close_context" in frame for frame in talks[0].heard[:3])


async def test_a_text_is_spoken_though_not_even_a_close_brings_the_end_mark(
    session: ClientSession, clock: ManualClock
) -> None:
    """If there is enough audio for the text."""

    async def answer(talk: Talk) -> None:
        await talk.sound(await talk.text())

    async with connected(session, AsyncFlow, answer) as (_, connection, talks):
        heard = await passing(spoken(connection, FLASH), clock, sounded=lambda: len(talks[0].heard) == 3)
        assert (heard, connection.reusable, connection.end_mark_missing) == (SOUND, False, True)


async def test_a_stall_within_the_sound_is_no_end(session: ClientSession, clock: ManualClock) -> None:
    """No voice speaks that fast."""

    async def answer(talk: Talk) -> None:
        await talk.sound(await talk.text(), SHORT)

    async with connected(session, AsyncFlow, answer) as (_, connection, talks):
        error = await timed_out(spoken(connection, FLASH), clock, lambda: len(talks[0].heard) == 3)
        assert (error.failure, error.code, connection.end_mark_missing) == (Failure.BROKEN, "timeout", False)


async def one_request(talk: Talk) -> None:
    """Close the socket after the first end mark."""
    context = await talk.text()
    await talk.sound(context)
    await talk.end(context)
    await talk.socket.close()


async def test_a_socket_that_is_closed_behind_the_end_mark_ended_well(session: ClientSession) -> None:
    """It is only of no more use."""
    async with connected(session, AsyncFlow, one_request) as (_, connection, _):
        assert await spoken(connection, FLASH) == SOUND
        await until(lambda: not connection.reusable)
        assert not connection.end_mark_missing


async def test_a_request_that_meets_the_close_is_made_on_another_socket(session: ClientSession) -> None:
    """From then on each socket has one."""
    async with connected(session, AsyncFlow, one_request) as (provider, connection, talks):
        heard = [await spoken(connection, FLASH), await spoken(connection, FLASH)]
        assert heard == [SOUND, SOUND]
        assert not connection.reusable
        later = await line(provider, Transport.WEBSOCKET, FLASH)
        assert await spoken(later, FLASH) == SOUND
        assert not later.reusable
        await later.close()

    assert len(talks) == 3


async def test_a_socket_that_is_closed_within_the_sound_is_broken(session: ClientSession) -> None:
    """Whatever the code of its good-bye."""

    async def answer(talk: Talk) -> None:
        await talk.sound(await talk.text())
        await talk.socket.close()

    async with connected(session, AsyncFlow, answer) as (_, connection, _):
        assert (await failure(spoken(connection, FLASH))).failure is Failure.BROKEN


RETIRED = "asyncflow_multilingual_v1.0"
REFUSALS = [
    (400, {"detail": {"error_code": "SOMETHING_NEW", "message": "No"}}),
    (400, {"detail": {"error_code": "MODEL_NOT_FOUND", "message": "No"}}),
    (404, {"detail": {"error_code": "INVALID_MODEL_ID", "message": "No"}}),
    (400, {"detail": {"error_code": "GONE", "message": "The model has been deprecated"}}),
    (422, {"detail": [{"loc": ["body", "model_id"], "msg": "", "type": "enum"}]}),
]


@pytest.mark.parametrize("transport", [Transport.STREAM, Transport.BODY])
@pytest.mark.parametrize(("status", "body"), REFUSALS)
async def test_a_retired_model_is_asked_for_and_its_refusal_is_about_it(
    session: ClientSession, status: int, body: object, transport: Transport
) -> None:
    """Nothing else speaks in its place."""
    asked: list[dict[str, Any]] = []

    async def handle(request: web.Request) -> web.Response:
        asked.append(await request.json())
        return web.json_response(body, status=status)

    async with serving(handle) as url:
        provider = AsyncFlow(session, Credentials(key=KEY), base_url=url)
        voice = Voice.of(voice_id="anna", model=RETIRED, language="en")
        error = await failure(said(provider, transport, voice))
        timed = await failure(provider.speak_with_timestamps(voice, PCM, TEXT))

    assert [(each.failure, each.code) for each in (error, timed)] == [(Failure.VOICE, MODEL_RETIRED)] * 2
    assert [request["model_id"] for request in asked] == [RETIRED, RETIRED]


async def test_an_error_frame_about_a_retired_model_says_so(session: ClientSession) -> None:
    """On a socket too."""

    async def answer(talk: Talk) -> None:
        await talk.text()
        await talk.socket.send_json({"error_code": "INVALID_REQUEST", "message": "No", "extra": None})

    async with connected(session, AsyncFlow, answer) as (_, connection, _):
        voice = Voice.of(voice_id="anna", model=RETIRED, language="en")
        error = await failure(spoken(connection, voice))

    assert (error.failure, error.code) == (Failure.VOICE, MODEL_RETIRED)


@each_row("language", ["en", "fr", "es", "de", "it", "pt"])
def test_the_newest_model_goes_first_for_its_languages(language: str) -> None:
    """Flash 1.0 is for the others."""
    able = [model.model_id for model in AsyncFlow.models if language in model.languages]
    assert able[:2] == ["async_flash_v1.5", "async_flash_v1.0"]
    assert [model.model_id for model in AsyncFlow.models if "hi" in model.languages] == ["async_flash_v1.0"]


# Sarvam (docs/dev/protocols.md B1, B2, B4)


async def test_sound_and_then_quiet_is_a_text_that_was_spoken(session: ClientSession, clock: ManualClock) -> None:
    """Three seconds after a flush without an end mark; the next request uses another transport."""

    async def answer(talk: Talk) -> None:
        await talk.flush()
        await talk.audio()

    began = clock.time()
    async with connected(session, Sarvam, answer) as (_, connection, talks):
        heard = await passing(spoken(connection, SHUBH), clock, sounded=lambda: len(talks[0].heard) == 3)
        assert (heard, connection.reusable, connection.end_mark_missing) == (SOUND, False, True)

    assert 3.0 <= clock.time() - began < 5.0


async def test_a_stall_of_sarvam_within_the_sound_is_no_end(session: ClientSession, clock: ManualClock) -> None:
    """No voice speaks that fast."""

    async def answer(talk: Talk) -> None:
        await talk.flush()
        await talk.audio(SHORT)

    async with connected(session, Sarvam, answer) as (_, connection, talks):
        error = await timed_out(spoken(connection, SHUBH), clock, lambda: len(talks[0].heard) == 3)
        assert (error.failure, error.code, connection.end_mark_missing) == (Failure.BROKEN, "timeout", False)


async def test_a_short_gap_of_sarvam_is_no_end(session: ClientSession, clock: ManualClock) -> None:
    """The audio after it is used."""

    async def answer(talk: Talk) -> None:
        await talk.flush()
        await talk.audio()
        await asyncio.sleep(2.0)
        await talk.audio()
        await talk.final()

    async with connected(session, Sarvam, answer) as (_, connection, talks):
        heard = await passing(spoken(connection, SHUBH), clock, sounded=lambda: len(talks[0].heard) == 3)
        assert (heard, connection.reusable, connection.end_mark_missing) == (SOUND * 2, True, False)


def toned(**settings: SettingValue) -> Voice:
    """Return a voice with a tone."""
    return Voice.of(voice_id="shubh", model="bulbul:v3", language="en-IN", settings=settings)


@pytest.mark.parametrize("transport", [Transport.STREAM, Transport.BODY])
@pytest.mark.parametrize("named", ["pitch", "loudness"])
async def test_a_request_whose_tone_is_refused_is_made_once_more_without(
    session: ClientSession, transport: Transport, named: str
) -> None:
    """And from then on never with it."""
    asked: list[set[str]] = []

    async def handle(request: web.Request) -> web.Response:
        body = await request.json()
        asked.append(body.keys() & {"pace", "pitch", "loudness"})
        if named in body:
            message = f"{named} is not supported for bulbul:v3"
            return web.json_response({"error": {"code": "invalid_request_error", "message": message}}, status=400)
        if transport is Transport.BODY:
            return web.json_response({"audios": [b64encode(SOUND).decode()]})
        return web.Response(body=SOUND, content_type="audio/pcm")

    async with serving(handle) as url:
        provider = Sarvam(session, Credentials(key=KEY), base_url=url)
        voice = toned(pace=1.5, pitch=0.25, loudness=1.5)
        assert [await said(provider, transport, voice) for _ in range(2)] == [SOUND, SOUND]

    assert asked == [{"pace", "pitch", "loudness"}, {"pace"}, {"pace"}]


async def test_a_tone_that_is_refused_on_a_socket_is_left_out_on_the_next(session: ClientSession) -> None:
    """The error has closed the first one."""

    async def answer(talk: Talk) -> None:
        config = await talk.hear()
        if "pitch" in config["data"]:
            await talk.socket.send_json({"type": "error", "data": {"message": "400: pitch is not supported"}})
            await talk.socket.close()
            return
        await talk.flush()
        await talk.audio()
        await talk.final()

    async with connected(session, Sarvam, answer) as (_, connection, talks):
        assert await spoken(connection, toned(pitch=0.25)) == SOUND
        assert connection.reusable

    assert len(talks) == 2


async def test_a_request_that_is_refused_without_a_tone_is_not_repeated(session: ClientSession) -> None:
    """Neutral values are not sent, so that there is nothing to leave out."""
    asked: list[dict[str, Any]] = []

    async def handle(request: web.Request) -> web.Response:
        asked.append(await request.json())
        body = {"error": {"code": "invalid_request_error", "message": "pitch is not supported for bulbul:v3"}}
        return web.json_response(body, status=400)

    async with serving(handle) as url:
        provider = Sarvam(session, Credentials(key=KEY), base_url=url)
        error = await failure(said(provider, Transport.STREAM, toned(pitch=0.0, loudness=1.0)))

    assert (error.failure, error.setting) == (Failure.INPUT, "pitch")
    assert [request.keys() & {"pitch", "loudness"} for request in asked] == [set()]


async def test_a_refusal_tells_what_the_service_calls_the_request(session: ClientSession) -> None:
    """For support requests to the service."""
    request_id = "20260918_0d6ff0d5-0d0f-4d2e-8a3b-3b2f5b1b7c11"

    async def handle(request: web.Request) -> web.Response:
        return web.json_response({}, status=500, headers={"x-request-id": request_id})

    async with serving(handle) as url:
        error = await failure(said(Sarvam(session, Credentials(key=KEY), base_url=url), Transport.STREAM, SHUBH))

    assert error.request_id == request_id


@pytest.mark.parametrize("kind", [AsyncFlow, Sarvam])
@pytest.mark.parametrize("transport", Transport)
@pytest.mark.parametrize("status", [401, 403])
async def test_a_page_of_a_proxy_says_nothing_of_the_key(
    session: ClientSession, kind: type[Provider], transport: Transport, status: int
) -> None:
    """Neither on the way to a socket nor over HTTP."""

    async def handle(request: web.Request) -> web.Response:
        return web.Response(status=status, text="<html>Access denied</html>", content_type="text/html")

    async with serving(handle) as url:
        provider = kind(session, Credentials(key=KEY), base_url=url)
        voice = FLASH if kind is AsyncFlow else SHUBH
        errors = [await failure(said(provider, transport, voice)), await failure(provider.verify())]

    assert [error.failure for error in errors] == [Failure.UNREACHABLE] * 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Спасибо!", False),
        ("谢谢。", False),
        ("...", False),
        ("😊", False),
        ("×", False),
        ("।", False),
        ("", False),
        ("Спасибо! That is thank you.", True),
        ("Café", True),
        ("Ça", True),
        ("42.", True),
        ("नमस्ते", True),
        ("নমস্কার", True),
        ("નમસ્તે", True),
        ("ਸਤ ਸ੍ਰੀ ਅਕਾਲ", True),
        ("ನಮಸ್ಕಾರ", True),
        ("നമസ്കാരം", True),
        ("ନମସ୍କାର", True),
        ("வணக்கம்", True),
        ("నమస్కారం", True),
        ("السلام", True),
        ("ᱡᱚᱦᱟᱨ", True),
        ("ꯈꯨꯔꯨꯝꯖꯔꯤ", True),
    ],
)
async def test_a_text_needs_a_letter_that_the_service_knows(session: ClientSession, text: str, expected: bool) -> None:
    """Or a digit."""
    assert Sarvam(session, Credentials(key=KEY)).can_speak(text) is expected


@pytest.mark.parametrize("model", ["bulbul:v1", "bulbul:v2", "bulbul:v3-beta"])
async def test_a_retired_model_of_sarvam_is_asked_for(session: ClientSession, model: str) -> None:
    """The settings are those of its replacement, and its refusal is about it."""
    asked: list[dict[str, Any]] = []

    async def handle(request: web.Request) -> web.Response:
        asked.append(await request.json())
        message = f"Model '{model}' has been deprecated. Please use 'bulbul:v3' instead."
        return web.json_response({"error": {"code": "invalid_request_error", "message": message}}, status=400)

    async with serving(handle) as url:
        provider = Sarvam(session, Credentials(key=KEY), base_url=url)
        settings: dict[str, SettingValue] = {"pace": 1.5, "enable_preprocessing": True}
        voice = Voice.of(voice_id="anushka", model=model, language="hi-IN", settings=settings)
        error = await failure(said(provider, Transport.STREAM, voice))

    assert (error.failure, error.code) == (Failure.VOICE, MODEL_RETIRED)
    assert (asked[0]["model"], asked[0]["pace"], "enable_preprocessing" in asked[0]) == (model, 1.5, False)


def test_requests_of_sarvam_are_limited_as_documented() -> None:
    """30 a minute and 50 at once (docs/dev/protocols.md B9)."""
    assert Sarvam.limits == Limits(per_minute=30, burst=50)


async def test_what_is_given_up_leaves_no_socket_to_use(session: ClientSession) -> None:
    """As there is no other way to stop the service than to close it."""

    async def answer(talk: Talk) -> None:
        await talk.sound(await talk.text())

    async with connected(session, AsyncFlow, answer) as (_, connection, talks):
        async with aclosing(connection.speak(FLASH, PCM, TEXT)) as pieces:
            assert await anext(pieces) == SOUND
        assert not connection.reusable
        await connection.close()
        await until(lambda: talks[0].socket.closed)
