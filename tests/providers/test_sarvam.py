"""Sarvam: requests follow its protocol, and each response becomes audio or a typed failure."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator
from contextlib import aclosing
import json
import traceback

from aiohttp import ClientSession, web
import pytest

from custom_components.streaming_tts.providers.sarvam import Sarvam
from custom_components.streaming_tts.providers.sarvam.models import LANGUAGES
from custom_components.streaming_tts.providers.types import (
    AudioFormat,
    Charge,
    Credentials,
    Failure,
    Gender,
    Quota,
    SettingValue,
    Transport,
    Voice,
)
from tests.emulator.codec import Container, encode
from tests.emulator.sarvam import Sarvam as Service
from tests.emulator.settings import Settings
from tests.emulator.sound import Sound, tone
from tests.manual_clock import ManualClock

from .flow_help import Notebook
from .tools import KEY, PCM, Listener, failure, line, outcome, said, serving, spoken, timed_out, until

TEXT = "Hello there."
SOCKET_PATH = "/text-to-speech/ws"
DICTIONARIES = "/text-to-speech/pronunciation-dictionary"
PATHS = {
    Transport.WEBSOCKET: SOCKET_PATH,
    Transport.STREAM: "/text-to-speech/stream",
    Transport.BODY: "/text-to-speech",
}
HTTP = (Transport.STREAM, Transport.BODY)
SILENCE = bytes(4000)
V3, V4 = "bulbul:v3", "bulbul:v4-flash"


def voice_of(model: str, voice_id: str, language: str | None = "hi-IN", **settings: SettingValue) -> Voice:
    """Return a voice with settings."""
    return Voice.of(voice_id=voice_id, model=model, language=language, settings=settings)


VOICE = voice_of(V3, "shubh")
OTHER = voice_of(V3, "priya", "or-IN", pace=1.5)
VOICES = {V3: VOICE, V4: voice_of(V4, "ritu_hi_kids")}


@pytest.fixture
async def service(settings: Settings, socket_enabled: None) -> AsyncGenerator[Service]:
    """Return the emulated service."""
    async with Service(settings) as service:
        yield service


@pytest.fixture
def provider(service: Service, session: ClientSession) -> Sarvam:
    """Return an account at it."""
    return Sarvam(session, Credentials(key=KEY), base_url=service.url)


def sound(text: str = TEXT, voice: Voice = VOICE, rate: int = PCM.sample_rate) -> bytes:
    """Return the audio of a text."""
    return tone(text, rate, voice=voice.voice_id, speed=float(voice.options.get("pace", 1.0)))


def behind(transport: Transport, *, frames: int = 0, size: int = 0) -> dict[str, int]:
    """Return where in an answer a fault is to strike."""
    return {"after_frames": frames} if transport is Transport.WEBSOCKET else {"after_bytes": size}


# Speaking


@pytest.mark.parametrize("transport", Transport)
@pytest.mark.parametrize("model", VOICES)
async def test_a_text_sounds_as_it_should_with_every_model_at_every_rate(
    provider: Sarvam, transport: Transport, model: str
) -> None:
    """The audio is correct with every model at every rate."""
    voice = VOICES[model]
    rates = provider.pcm_rates
    assert sorted(rates) == [8000, 16000, 22050, 24000]

    heard = {rate: await said(provider, transport, voice, TEXT, AudioFormat(sample_rate=rate)) for rate in rates}

    assert heard == {rate: sound(voice=voice, rate=rate) for rate in rates}


@pytest.mark.parametrize("transport", Transport)
@pytest.mark.parametrize("language", [*LANGUAGES])
async def test_every_language_is_spoken(
    provider: Sarvam, service: Service, transport: Transport, language: str
) -> None:
    """Every language is spoken."""
    assert await said(provider, transport, voice_of(V3, "shubh", language))

    request = service.asked(PATHS[transport])[-1]
    asked = request.frames_of_client()[0]["data"] if request.frames else request.body
    assert asked["target_language_code"] == language.replace("or-", "od-")
    assert "language_code" not in asked


ALL_SETTINGS: dict[str, SettingValue] = {
    "pace": 1.25,
    "pitch": 0.5,
    "loudness": 1.5,
    "temperature": 0.4,
    "enable_preprocessing": True,
    "speed": 9,
}
KNOWN_SETTINGS = {
    V3: {"pace": 1.25, "pitch": 0.5, "loudness": 1.5, "temperature": 0.4},
    V4: {"pace": 1.25, "pitch": 0.5, "loudness": 1.5},
}


@pytest.mark.parametrize("transport", Transport)
@pytest.mark.parametrize("model", VOICES)
async def test_a_request_says_only_what_its_model_has(
    provider: Sarvam, service: Service, transport: Transport, model: str
) -> None:
    """A request says only what its model has."""
    voice = voice_of(model, VOICES[model].voice_id, "hi-IN", **ALL_SETTINGS)

    assert await said(provider, transport, voice)

    request = service.asked(PATHS[transport])[-1]
    socket = transport is Transport.WEBSOCKET
    asked = request.frames_of_client()[0]["data"] if socket else request.body
    beside = {"min_buffer_size": 50, "max_chunk_length": 150} if socket else {"text": TEXT, "model": model}
    assert asked == {
        "target_language_code": "hi-IN",
        "speaker": voice.voice_id,
        "speech_sample_rate": 16000,
        "output_audio_codec": "linear16",
        **KNOWN_SETTINGS[model],
        **beside,
    }
    assert request.headers["api-subscription-key"] == KEY


async def test_a_model_stands_in_the_address_of_its_socket(provider: Sarvam, service: Service) -> None:
    """A model stands in the address of its socket."""
    connection = await line(provider, Transport.WEBSOCKET, VOICE)
    for model, voice in VOICES.items():
        assert await spoken(connection, voice) == sound(voice=voice), model
    await connection.close()

    assert [(request.path, dict(request.query)) for request in service.asked(SOCKET_PATH)] == [
        (SOCKET_PATH, {"model": model, "send_completion_event": "true"}) for model in (V3, V4)
    ]


async def test_a_socket_is_opened_for_the_model_of_its_voice(provider: Sarvam, service: Service) -> None:
    """Another model does not fit it."""
    for model, voice in VOICES.items():
        connection = await provider.open_socket(voice)
        assert [connection.fits(other, PCM) for other in VOICES.values()] == [
            other is voice for other in VOICES.values()
        ]
        await connection.close()
        assert service.asked(SOCKET_PATH)[-1].query["model"] == model


@pytest.mark.parametrize("transport", [Transport.WEBSOCKET, Transport.STREAM])
async def test_sound_is_passed_on_before_the_service_has_finished(
    provider: Sarvam, service: Service, clock: ManualClock, transport: Transport
) -> None:
    """Audio is passed on before the service has finished."""
    service.add_fault("stall", PATHS[transport], **behind(transport, frames=1, size=3200))
    connection = await line(provider, transport, VOICE)
    listener = Listener()
    error = await timed_out(listener.listen(connection, VOICE), clock, lambda: bool(listener.heard))
    await connection.close()

    assert (error.failure, error.code) == (Failure.BROKEN, "timeout")
    assert sound().startswith(listener.heard)


@pytest.mark.parametrize("transport", Transport)
async def test_a_service_that_keeps_silent_is_unreachable(
    provider: Sarvam, service: Service, clock: ManualClock, transport: Transport
) -> None:
    """A service that keeps silent is unreachable."""
    service.add_fault("stall", PATHS[transport])

    error = await timed_out(said(provider, transport, VOICE), clock, lambda: bool(service.asked(PATHS[transport])))

    assert (error.failure, error.code) == (Failure.UNREACHABLE, "timeout")


@pytest.mark.parametrize("transport", Transport)
@pytest.mark.parametrize(("model", "limit"), [(V3, 2500), (V4, 2500)])
async def test_a_text_may_be_as_long_as_its_limit(
    provider: Sarvam, transport: Transport, model: str, limit: int
) -> None:
    """A text may be as long as its limit."""
    voice = voice_of(model, VOICES[model].voice_id, pace=2.0)
    assert provider.max_characters(voice) == limit
    text = "ab " * (limit // 3) + "c" * (limit % 3)
    lowest = AudioFormat(sample_rate=8000)

    assert await said(provider, transport, voice, text, lowest) == sound(text, voice, 8000)


@pytest.mark.parametrize(
    ("transport", "model", "limit"),
    [
        (Transport.WEBSOCKET, V3, 2500),
        (Transport.STREAM, V3, 3500),
        (Transport.BODY, V3, 2500),
    ],
)
async def test_a_text_that_is_too_long_is_refused_and_not_cut(
    provider: Sarvam, transport: Transport, model: str, limit: int
) -> None:
    """A text that is too long is refused and not cut."""
    assert provider.max_characters(VOICES[model]) <= limit

    error = await failure(said(provider, transport, VOICES[model], "a" * (limit + 1)))

    assert error.failure is Failure.INPUT


async def test_a_text_costs_its_characters(provider: Sarvam) -> None:
    """A text costs its characters."""
    assert provider.price(VOICE, "नमस्ते") == Charge(requests=1, characters=6)
    assert provider.length("नमस्ते") == 6


@pytest.mark.parametrize("container", [Container.WAV, Container.WAV_STREAM])
async def test_a_wav_is_taken_for_what_it_says(session: ClientSession, container: Container) -> None:
    """A WAV is taken for what it says."""
    pcm = sound()
    wav = encode(Sound(pcm=pcm, sample_rate=16000), container)

    async def handle(request: web.Request) -> web.StreamResponse:
        if request.path == "/text-to-speech":
            return web.json_response({"audios": [b64encode(wav).decode()]})
        if request.path == "/text-to-speech/stream":
            return web.Response(body=wav, content_type="audio/wav")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for _ in range(3):
            await socket.receive()
        for audio in (wav[:44], wav[44:45], wav[45:]):
            await socket.send_json({"type": "audio", "data": {"audio": b64encode(audio).decode()}})
        await socket.send_json({"type": "event", "data": {"event_type": "final"}})
        await socket.receive()
        return socket

    async with serving(handle) as url:
        provider = Sarvam(session, Credentials(key=KEY), base_url=url)
        heard = [await said(provider, transport, VOICE) for transport in Transport]
        faster = AudioFormat(sample_rate=24000)
        errors = [await failure(said(provider, transport, VOICE, audio_format=faster)) for transport in Transport]

    assert heard == [pcm] * 3
    assert [(error.failure, error.code) for error in errors] == [(Failure.BROKEN, "sample_rate")] * 3


# One socket for many requests


async def test_a_warm_socket_serves_request_after_request_with_different_voices(
    provider: Sarvam, service: Service
) -> None:
    """A warm socket serves request after request with different voices."""
    connection = await line(provider, Transport.WEBSOCKET, VOICE)
    low = AudioFormat(sample_rate=8000)

    heard = [
        await spoken(connection, VOICE, "Number one."),
        await spoken(connection, VOICE, "Number two."),
        await spoken(connection, OTHER, "Number three."),
        await spoken(connection, OTHER, "Number four.", low),
        await spoken(connection, VOICE, "Number five."),
    ]

    assert heard == [
        sound("Number one."),
        sound("Number two."),
        sound("Number three.", OTHER),
        sound("Number four.", OTHER, 8000),
        sound("Number five."),
    ]
    assert connection.reusable
    [socket] = service.asked(SOCKET_PATH)
    kinds = [frame["type"] for frame in socket.frames_of_client()]
    assert kinds == [
        "config",
        "text",
        "flush",
        "text",
        "flush",
        "config",
        "text",
        "flush",
        "config",
        "text",
        "flush",
        "config",
        "text",
        "flush",
    ]
    await connection.close()
    assert not connection.reusable


async def test_what_is_given_up_never_sounds_in_the_next_request(provider: Sarvam, service: Service) -> None:
    """Audio of an aborted request never appears in the next one."""
    connection = await line(provider, Transport.WEBSOCKET, VOICE)
    async with aclosing(connection.speak(VOICE, PCM, "This is given up after its beginning.")) as pieces:
        assert await anext(pieces)

    assert not connection.reusable
    await connection.close()
    await until(lambda: bool(service.asked(SOCKET_PATH)[0].ended))
    assert (await failure(spoken(connection, VOICE))).failure is Failure.UNREACHABLE
    assert await said(provider, Transport.WEBSOCKET, VOICE) == sound()


@pytest.mark.parametrize("transport", Transport)
async def test_who_is_cancelled_leaves_nothing_open(provider: Sarvam, service: Service, transport: Transport) -> None:
    """Who is cancelled leaves nothing open."""
    service.add_fault("stall", PATHS[transport], **behind(transport))
    speaking = asyncio.create_task(said(provider, transport, VOICE))
    await until(lambda: bool(service.asked(PATHS[transport])))
    speaking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await speaking

    await until(lambda: service.open_connections == 0)


async def test_a_socket_that_the_service_closed_is_not_reusable(provider: Sarvam, service: Service) -> None:
    """A socket that the service closed is not reusable."""
    service.add_fault("idle_close", SOCKET_PATH, seconds=0.0)
    connection = await line(provider, Transport.WEBSOCKET, VOICE)

    await until(lambda: not connection.reusable)

    assert (await failure(spoken(connection, VOICE))).failure is Failure.UNREACHABLE
    await connection.keep_alive()
    await connection.close()


async def test_an_idle_socket_is_kept_awake_without_a_sound(provider: Sarvam, service: Service) -> None:
    """An idle socket is kept alive without audio."""
    connection = await line(provider, Transport.WEBSOCKET, VOICE)
    assert connection.keep_alive_interval == 20

    await connection.keep_alive()
    first = await spoken(connection, VOICE)
    await connection.keep_alive()
    second = await spoken(connection, VOICE)

    assert first == second == sound()
    kinds = [frame["type"] for frame in service.asked(SOCKET_PATH)[0].frames_of_client()]
    assert kinds == ["ping", "config", "text", "flush", "ping", "text", "flush"]
    await connection.close()


async def test_sound_that_nobody_asked_for_spoils_a_socket(session: ClientSession) -> None:
    """Unrequested audio makes a socket unusable."""

    async def handle(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "pong"})
        await socket.send_json({"type": "audio", "data": {"audio": "AAA="}})
        await socket.receive()
        return socket

    async with serving(handle) as url:
        connection = await line(Sarvam(session, Credentials(key=KEY), base_url=url), Transport.WEBSOCKET, VOICE)
        await until(lambda: not connection.reusable)
        error = await failure(spoken(connection, VOICE))

    assert error.failure is Failure.UNREACHABLE


@pytest.mark.parametrize("transport", HTTP)
async def test_a_socket_for_http_can_be_opened_ahead(provider: Sarvam, service: Service, transport: Transport) -> None:
    """A socket for HTTP can be opened ahead."""
    await provider.touch()
    await said(provider, transport, VOICE)

    assert [request.path for request in service.asked()] == [DICTIONARIES, PATHS[transport]]
    assert service.connections_made == 1


# What each failure means

TABLE = [
    (400, "invalid_request_error", Failure.INPUT),
    (413, "invalid_request_error", Failure.INPUT),
    (422, "invalid_request_error", Failure.INPUT),
    (422, "unprocessable_entity_error", Failure.INPUT),
    (403, "invalid_api_key_error", Failure.AUTH),
    (403, "authentication_error", Failure.AUTH),
    (404, "not_found_error", Failure.INPUT),
    (429, "rate_limit_exceeded_error", Failure.RATE),
    (429, "insufficient_quota_error", Failure.QUOTA),
    (503, "rate_limit_exceeded_error", Failure.RATE),
    (500, "internal_server_error", Failure.SERVER),
    (500, "model_call_error", Failure.SERVER),
    (504, "gateway_timeout_error", Failure.SERVER),
    (500, "billing_service_unavailable_error", Failure.SERVER),
    (500, "something_new", Failure.SERVER),
]


@pytest.mark.parametrize("transport", Transport)
@pytest.mark.parametrize(("status", "code", "expected"), TABLE)
async def test_an_error_of_the_table_before_the_answer(
    *, provider: Sarvam, service: Service, transport: Transport, status: int, code: str, expected: Failure
) -> None:
    """An error of the table before the answer."""
    service.add_fault("status", PATHS[transport], status=status, code=code)

    error = await failure(said(provider, transport, VOICE))

    assert (error.failure, error.code) == (expected, code)
    assert error.charged == Charge()


@pytest.mark.parametrize("transport", Transport)
@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (422, {"message": "This model is currently in beta and not available."}, Failure.INPUT),
        (422, {"detail": "Dictionary limit exceeded"}, Failure.INPUT),
        (502, "<html>502 Bad Gateway</html>", Failure.SERVER),
        (503, "", Failure.SERVER),
        (429, {"error": "too fast"}, Failure.RATE),
        (403, {"error": {"code": ["no text"]}}, Failure.BROKEN),
        (403, {"detail": "Not Found"}, Failure.BROKEN),
        (403, "<html>403 Forbidden</html>", Failure.UNREACHABLE),
        (401, "<html>401 Authorization Required</html>", Failure.UNREACHABLE),
    ],
)
async def test_an_error_of_another_shape(
    *, provider: Sarvam, service: Service, transport: Transport, status: int, body: object, expected: Failure
) -> None:
    """An error of another shape."""
    service.add_fault("status", PATHS[transport], status=status, extra={"body": body})

    error = await failure(said(provider, transport, VOICE))

    assert (error.failure, error.code) == (expected, f"http_{status}")


MESSAGES = [
    ("Speaker 'anushka' is not compatible with model bulbul:v3. Available speakers are: x", Failure.VOICE, None),
    ("Speaker 'amelia' is not recognized.", Failure.VOICE, None),
    ("For the Bulbul V3 model, pace should be between 0.5 and 2.0", Failure.INPUT, "pace"),
    ("model: Input should be 'bulbul:v2', 'bulbul:v3-beta' or 'bulbul:v3'", Failure.VOICE, "model"),
    ("'text' cannot be empty", Failure.INPUT, "text"),
    ("Text must contain at least one character from the allowed languages", Failure.INPUT, "text"),
    ("Please request beta access to ur-IN by contacting our support team.", Failure.INPUT, "language"),
    ("ne-IN is only supported by bulbul:v3", Failure.INPUT, "language"),
    ("Model 'bulbul:v2' has been deprecated. Please use 'bulbul:v3' instead.", Failure.VOICE, "model"),
    ("Speech sample rate can only be 8000, 16000, 22050, 24000 Hz", Failure.INPUT, "sample_rate"),
    ("The weather is fine", Failure.INPUT, None),
]


@pytest.mark.parametrize("transport", Transport)
@pytest.mark.parametrize(("message", "expected", "setting"), MESSAGES)
async def test_a_refusal_names_the_setting(
    *, provider: Sarvam, service: Service, transport: Transport, message: str, expected: Failure, setting: str | None
) -> None:
    """A refusal names the setting."""
    service.add_fault("status", PATHS[transport], status=400, message=message)

    error = await failure(said(provider, transport, VOICE))

    assert (error.failure, error.setting) == (expected, setting)
    assert message not in f"{error} {vars(error)}"


@pytest.mark.parametrize(
    ("status", "code", "message", "expected"),
    [
        *((400, None, message, expected) for message, expected, _ in MESSAGES),
        (422, None, None, Failure.INPUT),
        (403, None, None, Failure.AUTH),
        (429, None, None, Failure.RATE),
        (429, "insufficient_quota_error", None, Failure.QUOTA),
        (500, None, None, Failure.SERVER),
        (503, None, None, Failure.SERVER),
    ],
)
@pytest.mark.parametrize("frames", [0, 1])
async def test_an_error_as_a_frame(
    *,
    provider: Sarvam,
    service: Service,
    status: int,
    code: str | None,
    message: str | None,
    expected: Failure,
    frames: int,
) -> None:
    """An error as a frame."""
    service.add_fault("status", SOCKET_PATH, status=status, code=code, message=message, after_frames=frames)
    connection = await line(provider, Transport.WEBSOCKET, VOICE)

    assert (await failure(spoken(connection, VOICE))).failure is expected

    assert not connection.reusable


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"message": "Speaker 'x' is not recognized."}, Failure.VOICE),
        ({"message": "pace should be lower"}, Failure.INPUT),
        ({"message": "No idea"}, Failure.SERVER),
        ({"message": "no", "code": "insufficient_quota_error"}, Failure.QUOTA),
        ({"message": None, "code": 429}, Failure.RATE),
        ({"message": None, "code": "429"}, Failure.RATE),
        ({"message": "Validation failed", "code": "422"}, Failure.INPUT),
        ({"code": {}}, Failure.SERVER),
        (None, Failure.SERVER),
    ],
)
async def test_an_error_frame_of_every_form(session: ClientSession, data: object, expected: Failure) -> None:
    """An error frame of every form."""

    async def handle(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        await socket.send_json({"type": "error", "data": data})
        await socket.receive()
        return socket

    async with serving(handle) as url:
        provider = Sarvam(session, Credentials(key=KEY), base_url=url)
        assert (await failure(said(provider, Transport.WEBSOCKET, VOICE))).failure is expected


@pytest.mark.parametrize("transport", Transport)
async def test_what_the_service_really_refuses(provider: Sarvam, service: Service, transport: Transport) -> None:
    """What the service really refuses."""
    for voice, expected, setting in (
        (voice_of(V3, "anushka"), Failure.VOICE, None),
        (voice_of(V3, "nobody"), Failure.VOICE, None),
        (voice_of(V3, "shubh", pace=2.5), Failure.INPUT, "pace"),
        (voice_of(V3, "shubh", "ur-IN"), Failure.INPUT, "language"),
    ):
        error = await failure(said(provider, transport, voice))
        assert (error.failure, error.setting) == (expected, setting), voice

    assert (await failure(said(provider, transport, VOICE, "!?"))).failure is Failure.INPUT
    service.change_quota({"credits": 0})
    assert (await failure(said(provider, transport, VOICE))).failure is Failure.QUOTA


@pytest.mark.parametrize("transport", Transport)
async def test_a_bad_key_is_refused_and_never_shown(
    session: ClientSession, service: Service, transport: Transport
) -> None:
    """A bad key is refused and never shown."""
    provider = Sarvam(session, Credentials(key="sk_wrong_key"), base_url=service.url)

    error = await failure(said(provider, transport, VOICE, "A secret text."))

    assert (error.failure, error.code) == (Failure.AUTH, "invalid_api_key_error")
    shown = f"{error} {error!r} {vars(error)} {provider!r} {provider.credentials!r}"
    shown += "".join(traceback.format_exception(error))
    assert "sk_wrong" not in shown
    assert "secret" not in shown


# What else may go wrong


@pytest.mark.parametrize(
    ("transport", "fault", "options", "expected"),
    [
        (Transport.STREAM, "reset", {}, Failure.UNREACHABLE),
        (Transport.STREAM, "reset", {"after_bytes": 0}, Failure.BROKEN),
        (Transport.STREAM, "reset", {"after_bytes": 1000}, Failure.BROKEN),
        (Transport.STREAM, "truncate", {"after_bytes": 1001}, Failure.BROKEN),
        (Transport.STREAM, "truncate", {"after_bytes": 0}, Failure.BROKEN),
        (Transport.STREAM, "content_type", {}, Failure.BROKEN),
        (Transport.BODY, "reset", {}, Failure.UNREACHABLE),
        (Transport.BODY, "reset", {"after_bytes": 1000}, Failure.BROKEN),
        (Transport.BODY, "truncate", {"after_bytes": 1000}, Failure.BROKEN),
        (Transport.BODY, "garbage", {}, Failure.BROKEN),
        (Transport.BODY, "content_type", {}, Failure.BROKEN),
        (Transport.BODY, "malformed_base64", {}, Failure.BROKEN),
        (Transport.BODY, "malformed_json", {}, Failure.BROKEN),
        (Transport.WEBSOCKET, "reset", {"after_frames": 0}, Failure.UNREACHABLE),
        (Transport.WEBSOCKET, "reset", {"after_frames": 1}, Failure.BROKEN),
        (Transport.WEBSOCKET, "truncate", {"after_frames": 1}, Failure.BROKEN),
        (Transport.WEBSOCKET, "garbage", {"after_frames": 1}, Failure.BROKEN),
        (Transport.WEBSOCKET, "malformed_base64", {"after_frames": 1}, Failure.BROKEN),
        (Transport.WEBSOCKET, "malformed_json", {"after_frames": 1}, Failure.BROKEN),
        (Transport.WEBSOCKET, "close", {"after_frames": 1, "close_code": 1000}, Failure.BROKEN),
        (Transport.WEBSOCKET, "close", {"after_frames": 1, "close_code": 1011}, Failure.SERVER),
        (Transport.WEBSOCKET, "close", {"after_frames": 0, "close_code": 1001}, Failure.UNREACHABLE),
    ],
)
async def test_a_break_has_a_name_and_the_next_request_works(
    *,
    provider: Sarvam,
    service: Service,
    transport: Transport,
    fault: str,
    options: dict[str, object],
    expected: Failure,
) -> None:
    """A break has a name and the next request works."""
    service.add_fault(fault, PATHS[transport], **options)

    assert (await failure(said(provider, transport, VOICE))).failure is expected

    assert await said(provider, transport, VOICE) == sound()


@pytest.mark.parametrize(
    "body", [{}, {"audios": []}, {"audios": ["AAA=", "AAA="]}, {"audios": "AAA="}, {"audios": [None]}]
)
async def test_a_whole_answer_has_one_sound(session: ClientSession, body: object) -> None:
    """A complete response has one audio file."""

    async def handle(request: web.Request) -> web.Response:
        return web.json_response(body)

    async with serving(handle) as url:
        provider = Sarvam(session, Credentials(key=KEY), base_url=url)
        assert (await failure(said(provider, Transport.BODY, VOICE))).failure is Failure.BROKEN


@pytest.mark.parametrize("transport", [Transport.WEBSOCKET, Transport.STREAM])
@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("audio/mpeg", Failure.BROKEN),
        ("audio/mp3", Failure.BROKEN),
        ("audio/aac", Failure.BROKEN),
        pytest.param("audio/pcm; rate=16000", SILENCE, id="samples"),
        pytest.param("audio/x-unheard-of", SILENCE, id="unheard of"),
    ],
)
async def test_sound_of_another_kind_is_no_sound(
    *, session: ClientSession, transport: Transport, told: str, expected: object
) -> None:
    """Encoded audio that is played as samples is loud noise."""

    async def handle(request: web.Request) -> web.StreamResponse:
        if transport is Transport.STREAM:
            return web.Response(body=SILENCE, headers={"Content-Type": told})
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for _ in range(3):
            await socket.receive()
        audio = {"audio": b64encode(SILENCE).decode(), "content_type": told}
        await socket.send_json({"type": "audio", "data": audio})
        await socket.send_json({"type": "event", "data": {"event_type": "final"}})
        await socket.receive()
        return socket

    async with serving(handle) as url:
        provider = Sarvam(session, Credentials(key=KEY), base_url=url)
        assert await outcome(said(provider, transport, VOICE)) == expected


async def test_unknown_frames_are_passed_over(session: ClientSession) -> None:
    """Unknown frames are passed over."""

    async def handle(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for _ in range(3):
            await socket.receive()
        for frame in (
            {"type": "event", "data": {"event_type": "started"}},
            {"type": "audio", "data": {"audio": "AAEC", "more": 1}},
            {"kind": "?"},
            {"type": "audio", "data": {"audio": "Aw=="}, "id": 3},
            {"type": "event", "data": {"event_type": "final"}},
        ):
            await socket.send_str(json.dumps(frame))
        await socket.receive()
        return socket

    async with serving(handle) as url:
        provider = Sarvam(session, Credentials(key=KEY), base_url=url)
        assert await said(provider, Transport.WEBSOCKET, VOICE) == b"\0\1\2\3"


# The account and its voices


async def test_a_key_is_proved_by_asking_for_the_dictionaries(provider: Sarvam, service: Service) -> None:
    """A key is proved by asking for the dictionaries."""
    account = await provider.verify()

    request = service.asked()[0]
    assert (request.method, request.path) == ("GET", DICTIONARIES)
    assert account == await provider.verify()
    assert KEY not in account.account_id


@pytest.mark.parametrize(
    ("fault", "options", "expected"),
    [
        ("status", {"status": 403}, Failure.AUTH),
        ("status", {"status": 429, "code": "insufficient_quota_error"}, Failure.QUOTA),
        ("status", {"status": 503}, Failure.RATE),
        ("content_type", {}, Failure.BROKEN),
    ],
)
async def test_a_key_that_can_not_be_proved(
    provider: Sarvam, service: Service, fault: str, options: dict[str, object], expected: Failure
) -> None:
    """A key that can not be proved."""
    service.add_fault(fault, DICTIONARIES, **options)

    assert (await failure(provider.verify())).failure is expected


async def test_the_speakers_of_every_model_are_known(provider: Sarvam) -> None:
    """The speakers of every model are known."""
    voices = await provider.voices()

    count = {model: [voice for voice in voices if model in voice.models] for model in VOICES}
    assert {model: len(found) for model, found in count.items()} == {V3: 37, V4: 222}
    assert len({voice.voice_id for voice in voices}) == len(voices)
    genders = [voice.gender for voice in count[V3]]
    assert (genders.count(Gender.FEMALE), genders.count(Gender.MALE)) == (14, 23)
    assert not any(voice.own for voice in voices)


async def test_a_persona_tells_what_its_id_says(provider: Sarvam) -> None:
    """The properties of a persona are in its ID."""
    voices = {voice.voice_id: voice for voice in await provider.voices()}

    persona = voices["simran_enhi_banking_expressive"]
    assert (persona.name, persona.languages) == ("Simran", ("en-IN", "hi-IN"))
    assert (persona.styles, persona.models) == (("banking expressive", "English and Hindi mixed"), (V4,))
    assert {language for voice in voices.values() for language in voice.languages} <= set(LANGUAGES)


async def test_every_speaker_that_is_listed_can_speak(provider: Sarvam, service: Service) -> None:
    """Every speaker that is listed can speak."""
    service.configure(requests_per_minute=100000, burst=100000, credits=1e9)
    service.restart()
    short = AudioFormat(sample_rate=8000)
    for voice in await provider.voices():
        assert await said(provider, Transport.STREAM, voice_of(voice.models[0], voice.voice_id), "Hm", short)


# Quota


@pytest.mark.parametrize("transport", HTTP)
async def test_credits_in_headers_are_heard(service: Service, session: ClientSession, transport: Transport) -> None:
    """Of answers and of refusals; a part of a credit is not nothing (docs/dev/protocols.md B1)."""
    notebook = Notebook()
    provider = Sarvam(session, Credentials(key=KEY), base_url=service.url, observer=notebook)
    await said(provider, transport, VOICE)
    assert notebook.quotas == []

    service.configure(credit_headers=True)
    service.change_quota({"credits": 50.1})
    await said(provider, transport, VOICE)
    service.change_quota({"credits": 0})
    await failure(said(provider, transport, VOICE))

    assert notebook.quotas == [Quota(remaining=51), Quota(remaining=0)]


@pytest.mark.parametrize("told", ["", "many", "-1", "1e3", "9" * 40, "1.5.2"])
async def test_credits_that_are_no_amount_are_not_heard(session: ClientSession, told: str) -> None:
    """Nothing of an answer but a number is believed."""

    async def handle(request: web.Request) -> web.Response:
        return web.json_response({"dictionaries": []}, headers={"x-credits-remaining": told})

    notebook = Notebook()
    async with serving(handle) as url:
        await Sarvam(session, Credentials(key=KEY), base_url=url, observer=notebook).verify()

    assert notebook.quotas == []


async def test_a_socket_is_given_only_so_much_for_each_request(
    provider: Sarvam, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What earlier requests brought does not count; an answer without end does not fill the memory."""
    connection = await line(provider, Transport.WEBSOCKET, VOICE)
    size = 2 * len(sound())  # Base64 and its envelope have less than twice the size of the audio
    monkeypatch.setattr("custom_components.streaming_tts.providers.transport.websocket.MAX_AUDIO_JSON_BYTES", size)
    for _ in range(3):
        assert await spoken(connection, VOICE, TEXT) == sound()
    error = await failure(spoken(connection, VOICE, TEXT * 4))
    assert (error.failure, error.code) == (Failure.BROKEN, "too_long")
    await connection.close()
