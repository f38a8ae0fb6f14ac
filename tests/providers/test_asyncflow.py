"""AsyncFlow: requests follow its protocol, and each response becomes audio or a typed failure."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
import traceback
from uuid import UUID

from aiohttp import ClientSession, web
import pytest

from custom_components.streaming_tts.providers.asyncflow import MAX_CHARACTERS, PCM_RATES, AsyncFlow, voices as adapter
from custom_components.streaming_tts.providers.asyncflow.errors import SENTINEL, SentinelFilter
from custom_components.streaming_tts.providers.types import (
    AudioFormat,
    Charge,
    Credentials,
    Failure,
    Gender,
    ProviderError,
    Quota,
    Transport,
    Voice,
)
from tests.emulator.asyncflow import AsyncFlow as Service
from tests.emulator.asyncflow_settings import BadKey, Validation
from tests.emulator.asyncflow_voices import DEFAULT_VOICE_ID, SECOND_VOICE_ID
from tests.emulator.settings import Settings
from tests.emulator.sound import tone
from tests.manual_clock import ManualClock

from .tools import KEY, PCM, Listener, failure, line, said, serving, spoken, timed_out, until

TEXT = "Hello there."
SOCKET_PATH = "/text_to_speech/websocket/ws"
PATHS = {
    Transport.WEBSOCKET: SOCKET_PATH,
    Transport.STREAM: "/text_to_speech/streaming",
    Transport.BODY: "/text_to_speech",
}
HTTP = (Transport.STREAM, Transport.BODY)
VOICE = Voice.of(voice_id=DEFAULT_VOICE_ID, model="async_flash_v1.0", language="en")
OTHER = Voice.of(voice_id=SECOND_VOICE_ID, model="async_flash_v1.0", language=None)


@pytest.fixture
async def service(settings: Settings, socket_enabled: None) -> AsyncGenerator[Service]:
    """Return the emulated service; nothing may be left open on it."""
    async with Service(settings) as service:
        yield service


@pytest.fixture
def provider(service: Service, session: ClientSession) -> AsyncFlow:
    """Return an account at it."""
    return AsyncFlow(session, Credentials(key=KEY), base_url=service.url)


def sound(text: str = TEXT, voice: Voice = VOICE, rate: int = PCM.sample_rate, *, transport: Transport) -> bytes:
    """Return the audio of a text; over a socket, it's followed by a space."""
    spoken_text = f"{text} " if transport is Transport.WEBSOCKET else text
    return tone(spoken_text, rate, voice=voice.voice_id)


def behind(transport: Transport, *, frames: int = 0, size: int = 0) -> dict[str, int]:
    """Return where in an answer a fault is to strike."""
    return {"after_frames": frames} if transport is Transport.WEBSOCKET else {"after_bytes": size}


# Speaking


@pytest.mark.parametrize("transport", Transport)
@pytest.mark.parametrize("rate", PCM_RATES)
async def test_a_text_sounds_as_it_should_at_every_rate(provider: AsyncFlow, transport: Transport, rate: int) -> None:
    """The audio is correct at every rate."""
    audio_format = AudioFormat(sample_rate=rate)

    assert await said(provider, transport, VOICE, TEXT, audio_format) == sound(rate=rate, transport=transport)


@pytest.mark.parametrize("transport", [Transport.WEBSOCKET, Transport.STREAM])
@pytest.mark.parametrize("model", [model.model_id for model in AsyncFlow.models])
async def test_every_model_speaks_where_it_is_offered(provider: AsyncFlow, transport: Transport, model: str) -> None:
    """Which is on both transports that stream."""
    voice = Voice.of(voice_id=DEFAULT_VOICE_ID, model=model, language="en", settings={"speed": 1.0})

    assert await said(provider, transport, voice) == sound(transport=transport)


@pytest.mark.parametrize("transport", Transport)
async def test_a_request_says_only_what_its_model_has(
    provider: AsyncFlow, service: Service, transport: Transport
) -> None:
    """A request says only what its model has."""
    settings = {"speed": 1.5, "stability": 40.0, "pitch": 3}
    flash = Voice.of(voice_id=DEFAULT_VOICE_ID, model="async_flash_v1.0", language="en", settings=settings)
    newer = Voice.of(voice_id=DEFAULT_VOICE_ID, model="async_flash_v1.5", language=None, settings=settings)
    models = (flash,) if transport is Transport.BODY else (flash, newer)
    for voice in models:
        await said(provider, transport, voice)

    said_by_request = [
        request.frames_of_client()[0] if request.frames else request.body for request in service.asked(PATHS[transport])
    ]
    said_of_text = {} if transport is Transport.WEBSOCKET else {"transcript": TEXT}
    output_format = {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 16000}
    expected = {
        "model_id": "async_flash_v1.0",
        "voice": {"mode": "id", "id": DEFAULT_VOICE_ID},
        "output_format": output_format,
        "language": "en",
        "speed_control": 1.5,
        "stability": 40,
        **said_of_text,
    }
    expected_newer = {
        "model_id": "async_flash_v1.5",
        "voice": {"mode": "id", "id": DEFAULT_VOICE_ID},
        "output_format": output_format,
        **said_of_text,
    }
    assert said_by_request == [expected, expected_newer][: len(models)]


async def test_a_request_over_http_shows_key_and_version_in_its_headers(provider: AsyncFlow, service: Service) -> None:
    """A request over HTTP shows key and version in its headers."""
    await said(provider, Transport.STREAM, VOICE)

    headers = service.asked()[-1].headers
    assert (headers["x-api-key"], headers["version"]) == (KEY, "v1")


async def test_a_request_over_a_socket_is_a_context(provider: AsyncFlow, service: Service) -> None:
    """A request over a socket is a context."""
    await said(provider, Transport.WEBSOCKET, VOICE)

    request = service.asked(SOCKET_PATH)[-1]
    await until(lambda: len(request.frames_of_client()) == 4)
    _, text, end, close = request.frames_of_client()
    context = text["context_id"]
    assert UUID(context).version == 4
    assert request.query == {"api_key": KEY, "version": "v1"}
    assert text == {"transcript": f"{TEXT} ", "context_id": context, "force": True}
    assert end == {"transcript": "", "context_id": context}
    assert close == {"transcript": "", "context_id": context, "close_context": True}


@pytest.mark.parametrize("transport", [Transport.WEBSOCKET, Transport.STREAM])
async def test_sound_is_passed_on_before_the_service_has_finished(
    provider: AsyncFlow, service: Service, clock: ManualClock, transport: Transport
) -> None:
    """Audio is passed on before the service has finished."""
    service.add_fault("stall", PATHS[transport], **behind(transport, frames=1, size=3200))
    connection = await line(provider, transport, VOICE)
    listener = Listener()
    error = await timed_out(listener.listen(connection, VOICE), clock, lambda: bool(listener.heard))
    await connection.close()

    assert (error.failure, error.code) == (Failure.BROKEN, "timeout")
    assert sound(transport=transport).startswith(listener.heard)


@pytest.mark.parametrize("transport", Transport)
async def test_a_service_that_keeps_silent_is_unreachable(
    provider: AsyncFlow, service: Service, clock: ManualClock, transport: Transport
) -> None:
    """A service that keeps silent is unreachable."""
    service.add_fault("stall", PATHS[transport])

    error = await timed_out(said(provider, transport, VOICE), clock, lambda: bool(service.asked(PATHS[transport])))

    assert (error.failure, error.code) == (Failure.UNREACHABLE, "timeout")


@pytest.mark.parametrize("transport", Transport)
async def test_no_text_is_cut(provider: AsyncFlow, transport: Transport) -> None:
    """No text is cut."""
    assert provider.max_characters(VOICE) == MAX_CHARACTERS
    text = "a" * (MAX_CHARACTERS + 1)

    assert await said(provider, transport, VOICE, text) == sound(text, transport=transport)


async def test_a_text_costs_a_request(provider: AsyncFlow) -> None:
    """A text costs a request."""
    assert provider.price(VOICE, TEXT) == Charge(requests=1, characters=len(TEXT))
    assert provider.length("नमस्ते") == 6


async def test_frames_need_not_name_their_context(provider: AsyncFlow, service: Service) -> None:
    """Frames need not name their context."""
    service.configure(name_contexts=False)
    connection = await line(provider, Transport.WEBSOCKET, VOICE)

    first, second = await spoken(connection, VOICE, "One."), await spoken(connection, VOICE, "Two!")
    await connection.close()

    assert first == sound("One.", transport=Transport.WEBSOCKET)
    assert second == sound("Two!", transport=Transport.WEBSOCKET)


# One socket for many requests


async def test_a_warm_socket_serves_request_after_request(provider: AsyncFlow, service: Service) -> None:
    """A warm socket serves request after request."""
    connection = await line(provider, Transport.WEBSOCKET, VOICE)
    texts = [f"This is number {number}." for number in range(5)]

    heard = [await spoken(connection, VOICE, text) for text in texts]

    assert heard == [sound(text, transport=Transport.WEBSOCKET) for text in texts]
    assert connection.reusable
    assert len(service.asked(SOCKET_PATH)) == 1
    frames = service.asked(SOCKET_PATH)[0].frames_of_client()
    assert len({frame["context_id"] for frame in frames if "context_id" in frame}) == len(texts)
    await connection.close()
    assert not connection.reusable


async def test_another_voice_or_format_takes_the_place_of_the_socket(provider: AsyncFlow, service: Service) -> None:
    """Another voice or format takes the place of the socket."""
    connection = await line(provider, Transport.WEBSOCKET, VOICE)
    loud = AudioFormat(sample_rate=48000)

    heard = [
        await spoken(connection, VOICE),
        await spoken(connection, OTHER),
        await spoken(connection, OTHER, audio_format=loud),
        await spoken(connection, VOICE),
    ]

    assert heard == [
        sound(transport=Transport.WEBSOCKET),
        sound(voice=OTHER, transport=Transport.WEBSOCKET),
        sound(voice=OTHER, rate=48000, transport=Transport.WEBSOCKET),
        sound(transport=Transport.WEBSOCKET),
    ]
    assert connection.reusable
    sockets = service.asked(SOCKET_PATH)
    assert len(sockets) == 4
    await connection.close()
    await until(lambda: all(socket.ended for socket in sockets))


async def test_what_is_given_up_never_sounds_in_the_next_request(provider: AsyncFlow, service: Service) -> None:
    """Audio of an aborted request never appears in the next one."""
    connection = await line(provider, Transport.WEBSOCKET, VOICE)
    async with aclosing(connection.speak(VOICE, PCM, "This is given up after its beginning.")) as pieces:
        assert await anext(pieces)

    assert not connection.reusable
    await connection.close()
    await until(lambda: bool(service.asked(SOCKET_PATH)[0].ended))
    assert (await failure(spoken(connection, VOICE))).failure is Failure.UNREACHABLE
    assert await said(provider, Transport.WEBSOCKET, VOICE) == sound(transport=Transport.WEBSOCKET)


@pytest.mark.parametrize("transport", Transport)
async def test_who_is_cancelled_leaves_nothing_open(
    provider: AsyncFlow, service: Service, transport: Transport
) -> None:
    """Who is cancelled leaves nothing open."""
    service.add_fault("stall", PATHS[transport], **behind(transport))
    speaking = asyncio.create_task(said(provider, transport, VOICE))
    await until(lambda: bool(service.asked(PATHS[transport])))
    speaking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await speaking

    await until(lambda: service.open_connections == 0)


@pytest.mark.parametrize("transport", HTTP)
async def test_a_request_over_http_that_is_given_up_is_ended(
    provider: AsyncFlow, service: Service, transport: Transport
) -> None:
    """A request over HTTP that is given up is ended."""
    service.configure(realtime_factor=1.0)
    connection = await line(provider, transport, VOICE)
    speaking = asyncio.create_task(spoken(connection, VOICE, "Word " * 100))
    await until(lambda: bool(service.asked(PATHS[transport])))
    speaking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await speaking

    await until(lambda: service.asked(PATHS[transport])[0].ended == "abandoned")
    assert connection.reusable


async def test_a_socket_that_the_service_closed_is_not_reusable(provider: AsyncFlow, service: Service) -> None:
    """A socket that the service closed is not reusable."""
    service.add_fault("idle_close", SOCKET_PATH, seconds=0.0)
    connection = await line(provider, Transport.WEBSOCKET, VOICE)

    await until(lambda: not connection.reusable)

    error = await failure(spoken(connection, VOICE))
    assert (error.failure, error.code) == (Failure.UNREACHABLE, "TIMEOUT")
    await connection.keep_alive()
    await connection.close()


async def test_an_idle_socket_is_kept_awake_without_a_sound(provider: AsyncFlow, service: Service) -> None:
    """An idle socket is kept alive without audio."""
    connection = await line(provider, Transport.WEBSOCKET, VOICE)
    await connection.keep_alive()
    await spoken(connection, VOICE)
    assert connection.keep_alive_interval == 10

    await connection.keep_alive()
    await connection.keep_alive()
    heard = await spoken(connection, VOICE)

    assert heard == sound(transport=Transport.WEBSOCKET)
    frames = service.asked(SOCKET_PATH)[0].frames_of_client()
    assert "model_id" in frames[0]
    assert frames.count({"transcript": " "}) == 2
    await connection.close()


async def test_keeping_a_dead_socket_awake_raises_nothing(provider: AsyncFlow, service: Service) -> None:
    """Keeping a dead socket awake raises nothing."""
    connection = await line(provider, Transport.WEBSOCKET, VOICE)
    await spoken(connection, VOICE)
    await connection.close()

    await connection.keep_alive()

    assert not connection.reusable


async def test_a_connection_that_is_closed_during_a_request_ends_it(provider: AsyncFlow, service: Service) -> None:
    """A connection that is closed during a request ends it."""
    service.add_fault("stall", SOCKET_PATH, after_frames=0)
    connection = await line(provider, Transport.WEBSOCKET, VOICE)
    speaking = asyncio.create_task(failure(spoken(connection, VOICE)))
    await until(lambda: len(service.asked(SOCKET_PATH)[0].frames_of_client()) == 3)

    await connection.close()

    assert (await speaking).code == "closed"


@pytest.mark.parametrize("transport", HTTP)
async def test_a_socket_for_http_can_be_opened_ahead(
    provider: AsyncFlow, service: Service, transport: Transport
) -> None:
    """A socket for HTTP can be opened ahead."""
    await provider.touch()
    connection = await line(provider, transport, VOICE)
    await spoken(connection, VOICE)

    assert [request.path for request in service.asked()] == ["/", PATHS[transport]]
    assert service.connections_made == 1
    assert connection.keep_alive_interval is None


# What each failure means

TABLE = [
    (429, "TOO_MANY_CONCURRENT_REQUESTS", {"limit": 5, "current": 7}, Failure.BUSY, {"limit": 5}),
    (429, "RATE_LIMIT_EXCEEDED", {"limit": 120, "retry_after_ms": 8500}, Failure.RATE, {"retry_after": 8.5}),
    (
        429,
        "USAGE_LIMIT_EXCEEDED",
        {"limit": 1000000, "current": 1250000},
        Failure.QUOTA,
        {"quota": Quota(limit=1000000, used=1250000, remaining=0)},
    ),
    (401, "INVALID_API_KEY", {"api_key": "sk_33..."}, Failure.AUTH, {}),
    (404, "VOICE_NOT_FOUND", {"voice_id": "x"}, Failure.VOICE, {}),
    (404, "VERSION_NOT_FOUND", {}, Failure.OUTDATED, {}),
    (400, "INVALID_LANGUAGE", {}, Failure.INPUT, {"setting": "language"}),
    (400, "FORMAT_NOT_RECOGNIZED", {}, Failure.INPUT, {"setting": "format"}),
]
NOTHING = {"limit": None, "retry_after": None, "setting": None, "quota": None}


def told(error: ProviderError) -> dict[str, object]:
    """Return the details of an error."""
    return {name: getattr(error, name) for name in NOTHING}


@pytest.mark.parametrize("transport", Transport)
@pytest.mark.parametrize(("status", "code", "extra", "expected", "more"), TABLE)
async def test_an_error_of_the_table_before_the_answer(
    *,
    provider: AsyncFlow,
    service: Service,
    transport: Transport,
    status: int,
    code: str,
    extra: dict[str, object],
    expected: Failure,
    more: dict[str, object],
) -> None:
    """An error of the table before the answer."""
    service.add_fault("status", PATHS[transport], status=status, code=code, extra=extra)

    error = await failure(said(provider, transport, VOICE))

    assert (error.failure, error.code) == (expected, code)
    assert told(error) == NOTHING | more
    assert error.charged == Charge()


@pytest.mark.parametrize("frames", [0, 1])
@pytest.mark.parametrize(("status", "code", "extra", "expected", "more"), TABLE)
async def test_an_error_of_the_table_as_a_frame(
    *,
    provider: AsyncFlow,
    service: Service,
    frames: int,
    status: int,
    code: str,
    extra: dict[str, object],
    expected: Failure,
    more: dict[str, object],
) -> None:
    """An error of the table as a frame."""
    service.add_fault("status", SOCKET_PATH, status=status, code=code, extra=extra, after_frames=frames)
    connection = await line(provider, Transport.WEBSOCKET, VOICE)

    error = await failure(spoken(connection, VOICE))

    assert (error.failure, error.code) == (expected, code)
    assert told(error) == NOTHING | more
    assert not connection.reusable


@pytest.mark.parametrize("transport", Transport)
@pytest.mark.parametrize(
    ("status", "code", "expected", "expected_code"),
    [
        (500, None, Failure.SERVER, "http_500"),
        (503, None, Failure.SERVER, "http_503"),
        (422, None, Failure.INPUT, "http_422"),
        (413, "FILE_TOO_LARGE", Failure.INPUT, "FILE_TOO_LARGE"),
        (429, "SOMETHING_NEW", Failure.RATE, "SOMETHING_NEW"),
        (418, "The voice said: hello", Failure.INPUT, None),
    ],
)
async def test_an_error_of_another_shape(
    *,
    provider: AsyncFlow,
    service: Service,
    transport: Transport,
    status: int,
    code: str | None,
    expected: Failure,
    expected_code: str | None,
) -> None:
    """An error of another shape."""
    service.add_fault("status", PATHS[transport], status=status, code=code)

    error = await failure(said(provider, transport, VOICE))

    assert (error.failure, error.code) == (expected, expected_code)


@pytest.mark.parametrize(
    ("code", "expected"), [("INTERNAL_SERVER_ERROR", Failure.SERVER), ("INVALID_SOMETHING", Failure.INPUT)]
)
async def test_a_frame_with_an_unknown_code(
    provider: AsyncFlow, service: Service, code: str, expected: Failure
) -> None:
    """A frame with an unknown code."""
    service.add_fault("status", SOCKET_PATH, code=code, after_frames=0)

    assert (await failure(said(provider, Transport.WEBSOCKET, VOICE))).failure is expected


@pytest.mark.parametrize("validation", Validation)
@pytest.mark.parametrize("transport", HTTP)
async def test_a_body_that_makes_no_sense_is_an_input(
    provider: AsyncFlow, service: Service, validation: Validation, transport: Transport
) -> None:
    """A body that makes no sense is an input."""
    service.configure(validation=validation)
    voice = Voice.of(voice_id=DEFAULT_VOICE_ID, model="async_flash_v1.0", language="en", settings={"speed": 9.0})

    error = await failure(said(provider, transport, voice))

    assert error.failure is Failure.INPUT
    assert error.setting == {Validation.LIST: "speed", Validation.WRAPPED: None}[validation]


@pytest.mark.parametrize("transport", Transport)
async def test_a_voice_that_is_gone(provider: AsyncFlow, transport: Transport) -> None:
    """A voice that is gone."""
    voice = Voice.of(voice_id="11111111-2222-3333-4444-555555555555", model="async_flash_v1.0", language="en")

    assert (await failure(said(provider, transport, voice))).failure is Failure.VOICE


@pytest.mark.parametrize("bad_key", BadKey)
@pytest.mark.parametrize("transport", Transport)
async def test_a_bad_key_is_refused_and_never_shown(
    session: ClientSession, service: Service, transport: Transport, bad_key: BadKey
) -> None:
    """A bad key is refused and never shown."""
    service.configure(bad_key=bad_key)
    provider = AsyncFlow(session, Credentials(key="sk_wrong_key"), base_url=service.url)

    error = await failure(said(provider, transport, VOICE, "A secret text."))

    assert error.failure is Failure.AUTH
    shown = f"{error} {error!r} {vars(error)} {provider!r} {provider.credentials!r}"
    shown += "".join(traceback.format_exception(error))
    assert "sk_wrong" not in shown
    assert "secret" not in shown


async def test_a_key_that_no_header_can_carry_is_refused_unasked(session: ClientSession, service: Service) -> None:
    """A key that no header can carry is refused unasked."""
    provider = AsyncFlow(session, Credentials(key="two\nlines"), base_url=service.url)

    for attempt in (provider.verify(), provider.open_socket(VOICE), said(provider, Transport.STREAM, VOICE)):
        assert (await failure(attempt)).failure is Failure.AUTH
    assert service.asked() == []


@pytest.mark.parametrize("transport", Transport)
async def test_too_many_at_once_are_told_the_limit(provider: AsyncFlow, service: Service, transport: Transport) -> None:
    """Too many concurrent requests report the limit."""
    service.configure(concurrency_limit=1, ttfb=30.0)
    first = asyncio.create_task(said(provider, transport, VOICE))
    frames = {Transport.WEBSOCKET: 3}.get(transport, 0)
    await until(lambda: [len(request.frames_of_client()) for request in service.asked(PATHS[transport])] == [frames])

    error = await failure(said(provider, transport, VOICE))
    first.cancel()

    assert (error.failure, error.limit) == (Failure.BUSY, 1)
    with pytest.raises(asyncio.CancelledError):
        await first


# The sentinel


@pytest.mark.parametrize("split", range(1, len(SENTINEL) + 1))
@pytest.mark.parametrize("transport", HTTP)
@pytest.mark.parametrize("after_bytes", [0, 1601], ids=["whole body", "behind sound"])
async def test_the_sentinel_never_sounds(
    *,
    provider: AsyncFlow,
    service: Service,
    split: int,
    transport: Transport,
    after_bytes: int,
) -> None:
    """The sentinel is never passed on as audio."""
    service.add_fault("sentinel", PATHS[transport], split=split, after_bytes=after_bytes)
    connection = await line(provider, transport, VOICE)
    listener = Listener()
    error = await failure(listener.listen(connection, VOICE, TEXT, PCM))

    assert (error.failure, error.code) == (Failure.QUOTA, "QUOTA_EXCEEDED")
    assert after_bytes - 2 < len(listener.heard) <= after_bytes
    assert b"--E" not in listener.heard


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "text/html"])
async def test_the_sentinel_is_heard_whatever_the_answer_calls_itself(
    session: ClientSession, content_type: str
) -> None:
    """The sentinel is detected for any content type."""

    async def handle(request: web.Request) -> web.Response:
        return web.Response(body=SENTINEL, content_type=content_type)

    async with serving(handle) as url:
        provider = AsyncFlow(session, Credentials(key=KEY), base_url=url)
        for transport in HTTP:
            assert (await failure(said(provider, transport, VOICE))).failure is Failure.QUOTA


async def test_the_sentinel_means_the_same_on_a_socket(provider: AsyncFlow, service: Service) -> None:
    """The sentinel means the same on a socket."""
    service.add_fault("sentinel", SOCKET_PATH, after_frames=1)

    assert (await failure(said(provider, Transport.WEBSOCKET, VOICE))).failure is Failure.QUOTA


@pytest.mark.parametrize("pieces", [[b"ab--ERROR:QUOTA", b"_EXCEED"], [b"--", b"--", b"-"], [SENTINEL[:23]], [b"x"]])
def test_what_only_looks_like_the_beginning_of_a_sentinel_sounds(pieces: list[bytes]) -> None:
    """Audio that only starts like a sentinel is passed on."""
    sentinel = SentinelFilter()

    assert b"".join([*map(sentinel.feed, pieces), sentinel.end()]) == b"".join(pieces)


def test_sound_is_not_held_back_for_a_sentinel_that_it_can_not_begin() -> None:
    """Audio that can't start a sentinel isn't held back."""
    sentinel = SentinelFilter()

    assert [*map(sentinel.feed, (b"sound", b"more-", b"-")), sentinel.end()] == [b"sound", b"more", b"", b"--"]


async def test_a_used_up_quota_ends_the_sound_with_an_error(provider: AsyncFlow, service: Service) -> None:
    """A used-up quota ends the audio with an error."""
    service.configure(usage_limit=0.4)
    connection = await line(provider, Transport.STREAM, VOICE)
    listener = Listener()
    assert (await failure(listener.listen(connection, VOICE))).failure is Failure.QUOTA
    assert sound(transport=Transport.STREAM).startswith(listener.heard)
    assert (await failure(said(provider, Transport.WEBSOCKET, VOICE))).failure is Failure.QUOTA
    assert (await failure(said(provider, Transport.BODY, VOICE))).failure is Failure.QUOTA


# What else may go wrong


@pytest.mark.parametrize("transport", HTTP)
@pytest.mark.parametrize(
    ("fault", "options", "expected"),
    [
        ("reset", {}, Failure.UNREACHABLE),
        ("reset", {"after_bytes": 0}, Failure.BROKEN),
        ("reset", {"after_bytes": 1000}, Failure.BROKEN),
        ("truncate", {"after_bytes": 1001}, Failure.BROKEN),
        ("content_type", {}, Failure.BROKEN),
    ],
)
async def test_a_break_over_http(
    *,
    provider: AsyncFlow,
    service: Service,
    transport: Transport,
    fault: str,
    options: dict[str, object],
    expected: Failure,
) -> None:
    """A break over HTTP."""
    service.add_fault(fault, PATHS[transport], **options)
    connection = await line(provider, transport, VOICE)

    assert (await failure(spoken(connection, VOICE))).failure is expected

    assert connection.reusable
    assert await spoken(connection, VOICE) == sound(transport=transport)


async def test_a_handshake_that_breaks_off_is_unreachable(provider: AsyncFlow, service: Service) -> None:
    """A handshake that breaks off is unreachable."""
    service.add_fault("reset", SOCKET_PATH, times=-1)

    assert (await failure(provider.open_socket(VOICE))).failure is Failure.UNREACHABLE


@pytest.mark.parametrize(("init_ack", "expected"), [(False, Failure.UNREACHABLE), (True, Failure.BROKEN)])
async def test_a_socket_that_breaks_before_any_frame_is_unreachable(
    provider: AsyncFlow, service: Service, *, init_ack: bool, expected: Failure
) -> None:
    """Where the first frame was acknowledged, the service was reached, and what breaks is its answer."""
    service.configure(init_ack=init_ack)
    service.add_fault("reset", SOCKET_PATH, after_frames=0)

    assert (await failure(said(provider, Transport.WEBSOCKET, VOICE))).failure is expected


@pytest.mark.parametrize(
    ("fault", "options", "expected"),
    [
        ("reset", {}, Failure.BROKEN),
        ("truncate", {}, Failure.BROKEN),
        ("garbage", {}, Failure.BROKEN),
        ("malformed_base64", {}, Failure.BROKEN),
        ("malformed_json", {}, Failure.BROKEN),
        ("close", {"close_code": 1011}, Failure.SERVER),
        ("close", {"close_code": 1001}, Failure.BROKEN),
        ("close", {"close_code": 4000}, Failure.BROKEN),
    ],
)
async def test_a_socket_that_ends_without_the_end_mark(
    provider: AsyncFlow, service: Service, fault: str, options: dict[str, object], expected: Failure
) -> None:
    """A socket that ends without the end mark."""
    service.add_fault(fault, SOCKET_PATH, after_frames=1, **options)
    connection = await line(provider, Transport.WEBSOCKET, VOICE)

    assert (await failure(spoken(connection, VOICE))).failure is expected

    assert not connection.reusable
    await connection.close()
    await until(lambda: bool(service.asked(SOCKET_PATH)[0].ended))


async def test_unknown_fields_and_frames_are_passed_over(session: ClientSession) -> None:
    """Unknown fields and frames are passed over."""

    async def handle(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        context = (await socket.receive_json())["context_id"]
        for frame in (
            {"status": "ready"},
            {"context_id": "another", "audio": "//8=", "final": True},
            {"context_id": "another", "error_code": "CONTEXT_NOT_FOUND"},
            {"context_id": context, "audio": "AAE=", "final": False, "error_code": None, "words": []},
            {"context_id": context, "final": False},
            {"audio": "AgM=", "final": True, "billing": {}},
        ):
            await socket.send_json(frame)
        await socket.receive()
        return socket

    async with serving(handle) as url:
        provider = AsyncFlow(session, Credentials(key=KEY), base_url=url)
        assert await said(provider, Transport.WEBSOCKET, VOICE) == b"\0\1\2\3"


@pytest.mark.parametrize(
    ("status", "body", "expected", "code"),
    [
        (429, {"error_code": "USAGE_LIMIT_EXCEEDED", "message": ""}, Failure.QUOTA, "USAGE_LIMIT_EXCEEDED"),
        (500, {"message": "Oops!", "detail": "Error: Traceback #42"}, Failure.SERVER, "http_500"),
        (422, {"detail": [{"loc": ["body", "output_format"], "msg": "", "type": ""}]}, Failure.INPUT, "http_422"),
        (422, {"detail": [None, {"loc": 3}, {"loc": [1]}]}, Failure.INPUT, "http_422"),
        (429, {"detail": {"error_code": "RATE_LIMIT_EXCEEDED", "extra": [1]}}, Failure.RATE, "RATE_LIMIT_EXCEEDED"),
        (400, ["text"], Failure.INPUT, "http_400"),
        (200, {"detail": {"error_code": "INVALID_API_KEY"}}, Failure.AUTH, "INVALID_API_KEY"),
        (200, {"ok": True}, Failure.BROKEN, "content_type"),
        (404, {"detail": "Not Found"}, Failure.BROKEN, "http_404"),
    ],
)
async def test_envelopes_of_every_shape_are_read(
    session: ClientSession, status: int, body: object, expected: Failure, code: str
) -> None:
    """Envelopes of every shape are read."""

    async def handle(request: web.Request) -> web.Response:
        return web.json_response(body, status=status)

    async with serving(handle) as url:
        provider = AsyncFlow(session, Credentials(key=KEY), base_url=url)
        error = await failure(said(provider, Transport.STREAM, VOICE))

    assert (error.failure, error.code) == (expected, code)


# The account and its voices


async def test_a_key_is_proved_by_asking_for_one_voice(provider: AsyncFlow, service: Service) -> None:
    """A key is proved by asking for one voice."""
    account = await provider.verify()

    request = service.asked()[0]
    assert (request.method, request.path, request.body) == ("POST", "/voices", {"limit": 1})
    assert account == await provider.verify()
    assert KEY not in account.account_id


@pytest.mark.parametrize(
    ("fault", "options", "expected"),
    [
        ("status", {"status": 401}, Failure.AUTH),
        ("status", {"status": 429, "code": "USAGE_LIMIT_EXCEEDED"}, Failure.QUOTA),
        ("status", {"status": 500}, Failure.SERVER),
        ("reset", {}, Failure.UNREACHABLE),
        ("content_type", {}, Failure.BROKEN),
        ("malformed_json", {}, Failure.BROKEN),
    ],
)
async def test_a_key_that_can_not_be_proved(
    provider: AsyncFlow, service: Service, fault: str, options: dict[str, object], expected: Failure
) -> None:
    """A key that can not be proved."""
    service.add_fault(fault, "/voices", **options)

    assert (await failure(provider.verify())).failure is expected


@pytest.mark.parametrize("null_cursor", [False, True])
@pytest.mark.parametrize("page_size", [1, 3, 100])
async def test_all_pages_of_voices_are_read(
    provider: AsyncFlow, service: Service, monkeypatch: pytest.MonkeyPatch, page_size: int, null_cursor: bool
) -> None:
    """All pages of voices are read."""
    service.configure(null_cursor=null_cursor)
    monkeypatch.setattr(adapter, "PAGE_SIZE", page_size)

    voices = await provider.voices()

    known, _ = service.voices.page({"limit": 100})
    assert {voice.voice_id for voice in voices} == {voice.voice_id for voice in known}
    assert [voice.own for voice in voices] == sorted((voice.own for voice in voices), reverse=True)
    assert voices[0].own
    pages = service.asked("/voices")
    assert len(pages) == -(-len(known) // page_size)


async def test_a_voice_is_told_in_our_words(session: ClientSession) -> None:
    """A voice has our terms."""
    entries = [
        {
            "voice_id": "a",
            "voice_type": "PREDEFINED",
            "name": "Anna",
            "description": "Warm",
            "language": "de, en,en,Zzzzzz!,fr",
            "gender": "Female",
            "accent": "Bavarian",
            "style": "Casual, Calm",
        },
        {"voice_id": "b", "voice_type": "CUSTOM", "gender": "Unspecified", "language": None, "more": {}},
        {"name": "without an id"},
        "no voice",
    ]

    async def handle(request: web.Request) -> web.Response:
        return web.json_response({"voices": entries})

    async with serving(handle) as url:
        own, anna = await AsyncFlow(session, Credentials(key=KEY), base_url=url).voices()

    assert (anna.name, anna.languages, anna.gender) == ("Anna", ("de", "en", "fr"), Gender.FEMALE)
    assert (anna.description, anna.accent, anna.styles) == ("Warm", "Bavarian", ("Casual", "Calm"))
    assert not anna.own
    assert (own.voice_id, own.name, own.own, own.gender, own.languages) == ("b", "b", True, None, ())


async def test_a_list_of_voices_that_never_ends_is_left(session: ClientSession) -> None:
    """An endless list of voices is cut off."""
    asked: list[object] = []

    async def handle(request: web.Request) -> web.Response:
        asked.append(await request.json())
        voice_id = str(len(asked))
        return web.json_response({"voices": [{"voice_id": voice_id}], "next_cursor": voice_id})

    async with serving(handle) as url:
        voices = await AsyncFlow(session, Credentials(key=KEY), base_url=url).voices()

    assert len(voices) == len(asked) == adapter.MAX_PAGES
    assert asked[1] == {"limit": 100, "after": "1"}


async def test_a_cursor_that_goes_in_a_circle_is_left(session: ClientSession) -> None:
    """A repeated cursor ends the list."""

    async def handle(request: web.Request) -> web.Response:
        return web.json_response({"voices": [{"voice_id": "a"}], "next_cursor": "a"})

    async with serving(handle) as url:
        assert len(await AsyncFlow(session, Credentials(key=KEY), base_url=url).voices()) == 1


async def test_a_catalogue_without_voices_is_broken(session: ClientSession) -> None:
    """A catalogue without voices is broken."""

    async def handle(request: web.Request) -> web.Response:
        return web.json_response({"voices": None})

    async with serving(handle) as url:
        error = await failure(AsyncFlow(session, Credentials(key=KEY), base_url=url).voices())

    assert error.failure is Failure.BROKEN


def test_settings_belong_to_the_model_that_has_them() -> None:
    """Settings belong to the model that has them."""
    settings = {model.model_id: [setting.key for setting in model.settings] for model in AsyncFlow.models}

    assert settings.pop("async_flash_v1.0") == ["speed", "stability"]
    assert not any(settings.values())
