"""Service checks report the true state of a service, and renamed fields in its responses."""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
import json
from typing import Any

from aiohttp import ClientSession, WSMsgType, web
import pytest

from custom_components.streaming_tts.providers import PROVIDERS
from custom_components.streaming_tts.providers.check import SENTENCE, TransportCheck, check_transport, default_voice
from custom_components.streaming_tts.providers.provider import Provider
from custom_components.streaming_tts.providers.transport.websocket import SocketConnection
from custom_components.streaming_tts.providers.types import Charge, Credentials, Failure, Transport, Voice
from custom_components.streaming_tts.providers.wire_format import ERROR_ANSWER, REFUSAL, Difference, Problem, WireFormat
from tests.accounts import DETAILS, service_of
from tests.emulator.asyncflow_settings import BadKey, EarlyClose, Final
from tests.emulator.asyncflow_voices import DEFAULT_VOICE_ID
from tests.emulator.emulator import Emulator
from tests.emulator.flow_settings import Contract, Dialect, Ending, Release
from tests.emulator.sarvam_settings import PitchOfV3
from tests.emulator.tencent_settings import SECRET_KEY

from .tools import KEY, serving

AUDIO = b64encode(bytes(48_000)).decode()
"""A second of silence at 24 kHz."""
VOICES = {
    "asyncflow": Voice.of(voice_id=DEFAULT_VOICE_ID, model="async_flash_v1.0", language="en"),
    "sarvam": Voice.of(voice_id="shubh", model="bulbul:v3", language="en-IN"),
    "tencent": Voice.of(voice_id="v-female-p9Xy7Q1L", model="flow_02_turbo", language="en"),
    "flow_tts": Voice.of(voice_id="v-female-R2s4N9qJ", model="flow_01_turbo", language="en"),
}
QUOTA = {"daily": 100, "used": 42, "remaining": 58}
SCRIPTS: dict[tuple[str, Transport, str], list[dict[str, Any]]] = {
    ("asyncflow", Transport.WEBSOCKET, ""): [
        {"event": "init_ack", "context_id": "server-1"},
        {"context_id": "$context", "audio": AUDIO, "final": False},
        {"context_id": "$context", "audio": "", "final": True},
    ],
    ("sarvam", Transport.WEBSOCKET, ""): [
        {"type": "audio", "data": {"request_id": "20261129_1", "content_type": "audio/pcm", "audio": AUDIO}},
        {"type": "event", "data": {"event_type": "final", "message": "Done", "timestamp": "2026-11-29T12:00:00Z"}},
    ],
    ("sarvam", Transport.BODY, ""): [{"request_id": "20261129_2", "audios": [AUDIO]}],
    ("tencent", Transport.STREAM, ""): [
        {"Type": "audio", "RequestId": "r-1", "ChunkId": "chunk_0", "Audio": AUDIO, "Seq": 0, "IsEnd": False},
        {"Type": "audio", "RequestId": "r-1", "ChunkId": "chunk_1", "Audio": AUDIO, "Seq": 1, "IsEnd": True},
    ],
    ("tencent", Transport.BODY, ""): [
        {"Response": {"Audio": AUDIO, "TotalDurationMs": 1000, "Alignments": [], "RequestId": "r-1"}}
    ],
    ("flow_tts", Transport.STREAM, ""): [
        {"Type": "audio", "RequestId": "r-1", "ChunkId": "1", "Audio": AUDIO, "Seq": 0, "IsEnd": False},
        {"Type": "audio", "RequestId": "r-1", "ChunkId": "2", "Audio": AUDIO, "Seq": 1, "IsEnd": True},
    ],
    ("flow_tts", Transport.BODY, "portal"): [
        {
            "code": "success",
            "message": "Done",
            "data": {"audio": AUDIO, "format": "wav", "sampleRate": 24000, "duration": 1.0},
            "quota": QUOTA,
        }
    ],
    ("flow_tts", Transport.BODY, "backend"): [
        {
            "code": "success",
            "message": "Done",
            "audio": AUDIO,
            "requestId": "r-2",
            "audioFormat": "pcm",
            "sampleRate": 24000,
            "quota": {**QUOTA, "tier": "free"},
        }
    ],
}
"""Whole answers, as the documents show them (docs/dev/protocols.md A3, B2, B4, C1, C2, E5)."""
REFUSALS: dict[tuple[str, Transport, str], list[dict[str, Any]]] = {
    ("asyncflow", Transport.WEBSOCKET, "error"): [
        {"event": "init_ack", "context_id": "server-1"},
        {"error_code": "RATE_LIMIT_EXCEEDED", "message": "Rate limit exceeded.", "extra": None},
    ],
    ("asyncflow", Transport.BODY, "error"): [
        {"detail": {"error_code": "VOICE_NOT_FOUND", "message": "Voice not found.", "extra": None, "request_id": "r-3"}}
    ],
    ("asyncflow", Transport.BODY, "unwrapped"): [
        {"error_code": "VOICE_NOT_FOUND", "message": "Voice not found.", "extra": None, "request_id": "r-3"}
    ],
    ("sarvam", Transport.WEBSOCKET, "error"): [{"type": "error", "data": {"message": "400: No", "request_id": "r-4"}}],
    ("sarvam", Transport.BODY, "error"): [
        {"error": {"message": "No", "code": "invalid_request_error", "request_id": "20261129_3"}}
    ],
    ("sarvam", Transport.BODY, "plain"): [{"message": "This model is currently in beta and not available."}],
    ("tencent", Transport.STREAM, "event"): [
        {"Type": "error", "RequestId": "r-6", "Error": {"Code": "InternalError", "Message": "No"}}
    ],
    ("tencent", Transport.BODY, "error"): [
        {"Response": {"Error": {"Code": "InternalError", "Message": "No"}, "RequestId": "r-7"}}
    ],
    ("flow_tts", Transport.STREAM, "engine"): [
        {"Type": "error", "RequestId": "r-5", "Error": {"Code": "InternalError", "Message": "No"}}
    ],
    ("flow_tts", Transport.STREAM, "relayed"): [{"error": "The engine has failed"}],
    ("flow_tts", Transport.BODY, "error"): [
        {
            "code": "invalid_request",
            "message": "No",
            "quota": {**QUOTA, "tier": "free", "resetAt": "2026-11-30T00:00:00Z"},
        }
    ],
}
"""Errors, as the documents show them: frames and events of their own, or bodies with status 400."""


def provider_of(name: str, session: ClientSession, url: str, key: str = KEY) -> Provider:
    """Return an account at an address."""
    return PROVIDERS[name](session, Credentials(key=key, details=DETAILS), base_url=url)


def emulated(name: str, emulator: Emulator, session: ClientSession, key: str | None = None) -> Provider:
    """Return an account at the emulator."""
    keys = {"flow_tts": emulator.flow.demo_token(), "tencent": SECRET_KEY}
    return provider_of(name, session, service_of(emulator, name).url, key or keys.get(name, KEY))


async def checked(provider: Provider, of: Voice | None = None) -> dict[Transport, TransportCheck]:
    """Return the result of each transport."""
    voice = of or VOICES[provider.key]
    return {transport: await check_transport(provider, transport, voice) for transport in provider.transports_of(voice)}


# The emulator in each of its moods


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take a short silence for the end, so that tests don't wait for seconds."""
    for connection in SocketConnection.__subclasses__():
        monkeypatch.setattr(connection, "_quiet_seconds", 0.5)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    ("name", "behaviour"),
    [
        ("asyncflow", {}),
        ("asyncflow", {"init_ack": False}),
        ("asyncflow", {"server_ids_only": True}),
        *(("asyncflow", {"early_close": each}) for each in EarlyClose),
        ("asyncflow", {"final": Final.ON_CLOSE}),
        ("asyncflow", {"close_after_final": True}),
        ("asyncflow", {"gap_ms": 1.0}),
        *(("asyncflow", {"early_close": each, "final": Final.ON_CLOSE}) for each in EarlyClose),
        ("asyncflow", {"final": Final.ON_CLOSE, "close_after_final": True}),
        ("sarvam", {}),
        ("flow_tts", {"contract": Contract.PORTAL}),
        ("flow_tts", {"contract": Contract.BACKEND, "release": Release.JUNE}),
        ("flow_tts", {"contract": Contract.BACKEND, "release": Release.HEAD}),
        ("flow_tts", {"dialect": Dialect.ENGINE}),
        ("flow_tts", {"ending": Ending.END_EVENT}),
        ("flow_tts", {"contract": Contract.BACKEND, "quota_event": True}),
    ],
)
async def test_a_service_that_speaks_is_as_expected(
    emulator: Emulator, session: ClientSession, name: str, behaviour: dict[str, Any]
) -> None:
    """Over each transport, with what it took and cost."""
    service_of(emulator, name).configure(**behaviour)
    provider = emulated(name, emulator, session)

    checks = await checked(provider)

    assert {transport: (check.error, check.end_mark) for transport, check in checks.items()} == dict.fromkeys(
        provider.transports, (None, True)
    )
    assert [check.differences for check in checks.values()] == [()] * len(checks)
    for check in checks.values():
        assert check.connected is not None
        assert check.first_byte is not None
        assert 0 <= check.connected <= check.first_byte < 30
        assert check.seconds > 0.5
        assert check.charge.requests == 1
        assert check.charge.characters == len(SENTENCE)
        assert check.format == "pcm_s16le 24000 Hz"


@pytest.mark.parametrize("transport", [Transport.STREAM, Transport.BODY])
async def test_the_id_of_a_request_is_told(emulator: Emulator, session: ClientSession, transport: Transport) -> None:
    """By which a service finds it in its own log: it stands in a header, or in a message."""
    check = await check_transport(emulated("sarvam", emulator, session), transport, VOICES["sarvam"])
    assert check.request_id


@pytest.mark.usefixtures("hasty")
async def test_an_end_mark_that_never_comes_is_told(emulator: Emulator, session: ClientSession) -> None:
    """The text was spoken all the same."""
    emulator.sarvam.configure(completion_events=False)

    checks = await checked(emulated("sarvam", emulator, session))

    assert all(check.error is None for check in checks.values())
    assert [check.end_mark for check in checks.values()] == [False, True, True]
    assert checks[Transport.WEBSOCKET].differences == (Difference(problem=Problem.NEVER_CAME, message="final"),)


@pytest.mark.parametrize(
    ("name", "of", "failure", "code"),
    [
        ("asyncflow", {"voice_id": "nobody"}, Failure.VOICE, "VOICE_NOT_FOUND"),
        ("sarvam", {"model": "bulbul:v2"}, Failure.VOICE, "model_retired"),
        ("sarvam", {"voice_id": "nobody"}, Failure.VOICE, None),
    ],
)
async def test_a_refusal_is_told_and_is_as_expected(
    emulator: Emulator,
    session: ClientSession,
    *,
    name: str,
    of: dict[str, Any],
    failure: Failure,
    code: str | None,
) -> None:
    """Nothing more is missed of an answer that is an error."""
    checks = await checked(emulated(name, emulator, session), replace(VOICES[name], **of))

    assert {check.error and check.error.failure for check in checks.values()} == {failure}
    assert code is None or {check.error and check.error.code for check in checks.values()} == {code}
    assert [check.differences for check in checks.values()] == [()] * len(checks)


@pytest.mark.parametrize("name", PROVIDERS)
async def test_a_quota_that_is_used_up_is_told(emulator: Emulator, session: ClientSession, name: str) -> None:
    """Over each transport."""
    if name == "asyncflow":
        emulator.asyncflow.configure(usage_limit=0.0)
    else:
        emulator.sarvam.change_quota({"credits": 0})
        emulator.flow.change_quota({"remaining": 0})
        emulator.tencent.change_quota({"remaining": 0})

    checks = await checked(emulated(name, emulator, session))

    assert {check.error and check.error.failure for check in checks.values()} == {Failure.QUOTA}
    assert [check.differences for check in checks.values()] == [()] * len(checks)


async def test_a_model_that_is_gone_is_told_by_http_alone(emulator: Emulator, session: ClientSession) -> None:
    """A socket of AsyncFlow says only that there is nothing to come."""
    gone = Voice.of(voice_id=DEFAULT_VOICE_ID, model="asyncflow_v2.0", language="en")

    socket, *http = (await checked(emulated("asyncflow", emulator, session), gone)).values()

    assert [(check.error and check.error.code) for check in http] == ["model_retired"] * 2
    assert socket.error is not None
    assert socket.differences == (Difference(problem=Problem.NEVER_CAME, message="audio"),)


@pytest.mark.parametrize("behaviour", [{"init_ack": False}, {"close_after_final": True}])
async def test_a_socket_on_which_nothing_speaks_is_told(
    emulator: Emulator, session: ClientSession, behaviour: dict[str, bool]
) -> None:
    """It is broken, and what is over HTTP is as expected."""
    emulator.asyncflow.configure(server_ids_only=True, **behaviour)

    socket, *http = (await checked(emulated("asyncflow", emulator, session))).values()

    assert socket.error is not None
    assert socket.error.failure is Failure.BROKEN
    assert Difference(problem=Problem.NEVER_CAME, message="audio") in socket.differences
    assert [(check.error, check.differences) for check in http] == [(None, ())] * 2


async def test_a_path_that_is_unknown_is_told_and_says_nothing_of_the_key(
    emulator: Emulator, session: ClientSession
) -> None:
    """A WebSocket there is refused with 403, as a bad key is (docs/dev/protocols.md B1)."""
    provider = provider_of("sarvam", session, f"{emulator.sarvam.url}/nowhere")

    socket, *http = (await checked(provider)).values()

    assert socket.error is not None
    assert (socket.error.failure, socket.connected) == (Failure.UNREACHABLE, None)
    assert {check.error and check.error.code for check in http} == {"not_found_error"}
    assert [check.charge for check in (socket, *http)] == [Charge()] * 3


@pytest.mark.parametrize("bad_key", BadKey)
async def test_a_bad_key_is_told_and_not_shown(emulator: Emulator, session: ClientSession, bad_key: BadKey) -> None:
    """Also where the service repeats it."""
    emulator.asyncflow.configure(bad_key=bad_key)
    provider = emulated("asyncflow", emulator, session, key="sk_secret_1234567890")

    checks = await checked(provider)

    assert {check.error and check.error.failure for check in checks.values()} == {Failure.AUTH}
    report = json.dumps([check.report(provider.credentials) for check in checks.values()])
    assert "sk_" not in report


async def test_a_setting_that_is_refused_is_left_out(emulator: Emulator, session: ClientSession) -> None:
    """As it is in speech."""
    emulator.sarvam.configure(pitch_of_v3=PitchOfV3.REFUSED)
    of = Voice.of(voice_id="shubh", model="bulbul:v3", language="en-IN", settings={"pitch": 0.2})

    checks = await checked(emulated("sarvam", emulator, session), of)

    assert all(check.error is None and check.as_expected for check in checks.values())


async def test_a_service_that_is_away_is_told(session: ClientSession, refusing_port: int) -> None:
    """Nothing was spent, and nothing of an answer is missed."""
    checks = await checked(provider_of("sarvam", session, f"http://127.0.0.1:{refusing_port}"))

    assert {check.error and check.error.failure for check in checks.values()} == {Failure.UNREACHABLE}
    assert checks[Transport.WEBSOCKET].connected is None
    assert checks[Transport.WEBSOCKET].differences == ()
    assert {check.charge for check in checks.values()} == {Charge()}


@pytest.mark.parametrize(
    ("name", "model", "transports"),
    [
        ("asyncflow", "async_flash_v1.0", [Transport.WEBSOCKET, Transport.STREAM, Transport.BODY]),
        ("asyncflow", "async_flash_v1.5", [Transport.WEBSOCKET, Transport.STREAM]),
        ("asyncflow", "async_pro_v1.0", [Transport.WEBSOCKET, Transport.STREAM]),
        ("sarvam", "bulbul:v3", [Transport.WEBSOCKET, Transport.STREAM, Transport.BODY]),
        ("sarvam", "cloned", [Transport.STREAM, Transport.BODY]),
        ("flow_tts", "flow_01_ex", [Transport.STREAM, Transport.BODY]),
    ],
)
async def test_only_transports_that_a_voice_has_are_checked(
    session: ClientSession, name: str, model: str, transports: list[Transport]
) -> None:
    """Some models have fewer."""
    voice = Voice.of(voice_id="a", model=model, language="en")
    assert list(provider_of(name, session, "http://127.0.0.1:1").transports_of(voice)) == transports


# One field of an answer is another


def paths(message: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield the paths of all fields."""
    for name, value in message.items():
        yield f"{prefix}{name}"
        if isinstance(value, dict):
            yield from paths(value, f"{prefix}{name}.")


def mutated(messages: Iterable[dict[str, Any]], at: int, path: str, change: str) -> list[dict[str, Any]]:
    """Return messages with one field that is missing, renamed or of another type."""
    copy = deepcopy(list(messages))
    *parents, name = path.split(".")
    fields = copy[at]
    for parent in parents:
        fields = fields[parent]
    value = fields.pop(name)
    if change == "renamed":
        fields[f"new_{name}"] = value
    elif change == "type":
        fields[name] = [] if not isinstance(value, list) else 7
    return copy


def mutations(scripts: Mapping[tuple[str, Transport, str], list[dict[str, Any]]]) -> list[Any]:
    """Return each change of each field."""
    return [
        pytest.param(script, at, path, change, id=f"{script[0]}-{script[1]}{script[2]}-{at}-{path}-{change}")
        for script, messages in scripts.items()
        for at, message in enumerate(messages)
        for path in paths(message)
        for change in ("missing", "renamed", "type")
    ]


async def answers(
    request: web.Request, messages: list[dict[str, Any]], transport: Transport, status: int
) -> web.StreamResponse:
    """Answer with messages: on a socket that is then closed, as events, or the first one as a body."""
    if transport is Transport.BODY:
        return web.json_response(messages[0], status=status)
    if transport is Transport.STREAM:
        events = "".join(f"data: {json.dumps(message)}\n\n" for message in messages)
        return web.Response(text=events, content_type="text/event-stream")
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for received in socket:
        if received.type is not WSMsgType.TEXT:
            continue
        frame = json.loads(received.data)
        if frame.get("transcript") == "" or frame.get("type") == "flush":
            for message in messages:
                await socket.send_str(json.dumps(message).replace("$context", frame.get("context_id", "")))
            await socket.close()
    return socket


async def played(session: ClientSession, script: tuple[str, Transport, str], messages: list[Any]) -> TransportCheck:
    """Return the result of a check with a given response."""
    name, transport, _ = script
    status = 400 if script in REFUSALS else 200

    async def handler(request: web.Request) -> web.StreamResponse:
        return await answers(request, messages, transport, status)

    async with serving(handler) as url:
        return await check_transport(provider_of(name, session, url), transport, VOICES[name])


@pytest.mark.parametrize("script", SCRIPTS, ids="-".join)
async def test_an_answer_as_it_is_documented_is_as_expected(
    session: ClientSession, script: tuple[str, Transport, str]
) -> None:
    """So that what is found below is the change alone."""
    check = await played(session, script, SCRIPTS[script])

    assert (check.error, check.differences, check.end_mark) == (None, (), True)


@pytest.mark.parametrize(("script", "at", "path", "change"), mutations(SCRIPTS))
async def test_a_field_that_changed_is_named(
    session: ClientSession, script: tuple[str, Transport, str], at: int, path: str, change: str
) -> None:
    """With its path; if it distinguishes message types, the report has the type and the missing field."""
    name, transport, _ = script
    wire = PROVIDERS[name].wire_format.answer(transport)
    message = SCRIPTS[script][at]
    kind = wire.kind_of(message)
    assert kind is not None

    check = await played(session, script, mutated(SCRIPTS[script], at, path, change))

    found = {(difference.problem, difference.field) for difference in check.differences}
    if path in kind.optional:
        assert (Problem.TYPE, path) in found if change == "type" else check.as_expected
    elif kind.fits(mutated([message], 0, path, change)[0]) and path in kind.fields:
        assert (Problem.TYPE if change == "type" else Problem.MISSING, path) in found
    else:
        assert not check.as_expected
    if change == "renamed" and kind.fits(mutated([message], 0, path, change)[0]):
        renamed = ".".join([*path.split(".")[:-1], f"new_{path.rsplit('.', maxsplit=1)[-1]}"])
        assert (Problem.UNKNOWN_FIELD, renamed) in found


@pytest.mark.parametrize("script", REFUSALS, ids="-".join)
async def test_an_error_as_it_is_documented_is_as_expected(
    session: ClientSession, script: tuple[str, Transport, str]
) -> None:
    """It's reported, and nothing else is reported as missing."""
    check = await played(session, script, REFUSALS[script])

    assert check.error is not None
    assert check.differences == ()


@pytest.mark.parametrize(("script", "at", "path", "change"), mutations(REFUSALS))
async def test_a_field_of_an_error_that_changed_is_named(
    session: ClientSession, script: tuple[str, Transport, str], at: int, path: str, change: str
) -> None:
    """And it never becomes a voice that speaks."""
    name, transport, _ = script
    wire = PROVIDERS[name].wire_format.answer(REFUSAL if transport is Transport.BODY else transport)
    message = REFUSALS[script][at]
    kind = wire.kind_of(message)
    assert kind is not None
    other = mutated([message], 0, path, change)[0]

    check = await played(session, script, mutated(REFUSALS[script], at, path, change))

    assert check.error is not None
    found = {(difference.problem, difference.field) for difference in check.differences}
    if path in kind.optional or path == "quota":
        assert (Problem.TYPE, path) in found if change == "type" else check.as_expected
    elif wire.kind_of(other) is kind and path in kind.fields:
        assert (Problem.TYPE if change == "type" else Problem.MISSING, path) in found
    else:
        assert not check.as_expected


@pytest.mark.parametrize("name", PROVIDERS)
async def test_another_content_type_is_told(session: ClientSession, name: str) -> None:
    """Of each transport that is HTTP."""

    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(text="<html>", content_type="text/html")

    async with serving(handler) as url:
        provider = provider_of(name, session, url)
        for transport in provider.transports[-2:]:
            check = await check_transport(provider, transport, VOICES[name])
            assert check.error is not None
            assert Problem.CONTENT_TYPE in {difference.problem for difference in check.differences}


async def test_what_a_service_calls_its_fields_is_shown_only_if_it_tells_nothing(session: ClientSession) -> None:
    """Neither words nor the key."""
    extra = {"A name of somebody": 1, f"key-{KEY}": 2, "harmless_field": 3}
    script = ("sarvam", Transport.BODY, "")

    check = await played(session, script, [{**SCRIPTS[script][0], **extra}])

    assert check.as_expected
    shown = [difference["field"] for difference in check.report(Credentials(key=KEY))["differences"]]
    assert sorted(shown) == ["harmless_field", "redacted", "redacted"]


# The description itself


@pytest.mark.parametrize("provider", PROVIDERS.values())
def test_every_transport_is_described(provider: type[Provider]) -> None:
    """And refusals; errors are of the kind that ends what is expected."""
    wire = provider.wire_format
    assert isinstance(wire, WireFormat)
    assert wire.answers.keys() == {*map(str, provider.transports), "refusal"}
    kinds = [message.kind for answer in wire.answers.values() for message in answer.messages]
    assert ERROR_ANSWER in kinds


@pytest.mark.parametrize("provider", PROVIDERS.values())
async def test_there_is_a_voice_to_check_where_nobody_names_one(
    provider: type[Provider], session: ClientSession
) -> None:
    """In a language of its model, in English where there is one."""
    voice = default_voice(provider(session, Credentials(key=KEY)))
    assert voice.language is not None
    assert voice.language.startswith("en")
    assert voice.voice_id == provider.default_voices[voice.language]
    spoken = {language for model in provider.models for language in model.languages}
    assert provider.default_voices.keys() <= spoken
