"""All failures of Flow TTS: type, charge, and quota of each, and no open connections."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from datetime import UTC, datetime, timedelta
import json
from typing import Any

import aiohttp
from aiohttp.abc import ResolveResult
from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.streaming_tts.providers.flow_tts import FlowTTS
from custom_components.streaming_tts.providers.flow_tts.errors import quota_in, quota_of_headers, rate_of_headers
from custom_components.streaming_tts.providers.transport.trace import RequestTrace
from custom_components.streaming_tts.providers.types import (
    Charge,
    Credentials,
    Failure,
    ProviderError,
    Quota,
    RateLimit,
    Timeouts,
    Transport,
)
from tests.emulator.codec import wav_header
from tests.emulator.flow import Flow
from tests.emulator.flow_settings import Contract, Release
from tests.emulator.settings import Settings

from .flow_help import BODY_PATH, PATHS, PCM, SPEECH, STREAM_PATH, TEXT, Notebook, answering, spoken, trial_of, voice

POINT = Charge(points=1, requests=1)
FREE = Charge()
NOW = datetime(2025, 1, 15, 12, tzinfo=UTC)
HEAD = {"contract": Contract.BACKEND, "release": Release.HEAD}
SECRET_TEXT = "The code of the alarm is 4711."


@pytest.fixture
async def service(socket_enabled: None) -> AsyncGenerator[Flow]:
    """Run the emulator."""
    async with Flow(Settings()) as flow:
        yield flow


@pytest.fixture
def flow(service: Flow, session: aiohttp.ClientSession, notebook: Notebook) -> FlowTTS:
    """Return an account at the emulator."""
    return FlowTTS(
        session,
        trial_of(service),
        base_url=service.url,
        observer=notebook,
        now=service.clock.now,
        timeouts=Timeouts(connect=0.2, first_byte=0.1, between=0.1),
    )


async def failed(provider: FlowTTS, transport: Transport, text: str = TEXT) -> ProviderError:
    """Return how speaking fails; the text and the token are in nothing that is printed."""
    with pytest.raises(ProviderError) as caught:
        await spoken(provider, transport, text)
    shown = f"{caught.value!r} {caught.value} {caught.value.__cause__!r}"
    assert text not in shown
    assert provider.credentials.key not in shown
    return caught.value


@pytest.mark.parametrize("transport", SPEECH)
@pytest.mark.parametrize(
    ("status", "code", "failure", "charged"),
    [
        (400, "invalid_request", Failure.INPUT, POINT),
        (401, "unauthorized", Failure.AUTH, FREE),
        (403, "cors_error", Failure.BROKEN, FREE),
        (404, "not_found", Failure.BROKEN, FREE),
        (413, "payload_too_large", Failure.INPUT, FREE),
        (422, "invalid_request", Failure.INPUT, POINT),
        (429, "quota_exceeded", Failure.QUOTA, FREE),
        (429, "rate_limit_exceeded", Failure.RATE, FREE),
        (500, "tts_failed", Failure.SERVER, POINT),
        (500, "internal_error", Failure.SERVER, POINT),
        (503, "unavailable", Failure.SERVER, POINT),
        (302, "moved", Failure.BROKEN, FREE),
    ],
)
async def test_every_status_has_its_meaning_and_its_price(
    service: Flow, flow: FlowTTS, *, transport: Transport, status: int, code: str, failure: Failure, charged: Charge
) -> None:
    """Points are deducted before the work, and not by what stands before that."""
    service.add_fault("status", PATHS[transport], status=status, code=code, message="No")

    error = await failed(flow, transport)

    assert (error.failure, error.code, error.charged) == (failure, code, charged)
    assert len(service.asked(PATHS[transport])) == 1


async def test_a_connection_that_never_came_about_costs_nothing(service: Flow) -> None:
    """Nothing was asked over it, unlike over one on which the answer stays away."""

    class Lost(aiohttp.ThreadedResolver):
        async def resolve(self, *_args: object, **_kwargs: object) -> list[ResolveResult]:
            await asyncio.get_running_loop().create_future()
            raise AssertionError

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=Lost())) as session:
        flow = FlowTTS(
            session,
            trial_of(service),
            base_url="http://tts.example.com",
            timeouts=Timeouts(connect=0.1, first_byte=0.1, between=0.1),
        )
        error = await failed(flow, Transport.STREAM)

    assert (error.failure, error.charged) == (Failure.UNREACHABLE, FREE)


@pytest.mark.parametrize(
    ("code", "message", "setting"),
    [
        ("missing_text", "Missing required field: text", "text"),
        ("invalid_emotion", "Emotion must be one of a few", "emotion"),
        ("invalid_request", "ttsConfig.Speed must be a number from 0.5 to 2", "speed"),
        ("invalid_request", "ttsConfig.Model must be one of flow_01_turbo", "model"),
        ("invalid_request", "Something is wrong", None),
    ],
)
async def test_a_refused_setting_is_named(
    service: Flow, flow: FlowTTS, code: str, message: str, setting: str | None
) -> None:
    """So that a user can fix it."""
    service.add_fault("status", BODY_PATH, status=400, code=code, message=message)

    error = await failed(flow, Transport.BODY)

    assert (error.failure, error.setting) == (Failure.INPUT, setting)


@pytest.mark.parametrize(
    ("contract", "code", "points"), [(Contract.PORTAL, "invalid_request", 1), (Contract.BACKEND, "tts_failed", 100)]
)
async def test_an_unknown_voice_is_told_apart(
    service: Flow, flow: FlowTTS, contract: Contract, code: str, points: int
) -> None:
    """The portal refuses its id, the backend fails with the words of the engine."""
    service.configure(contract=contract)

    with pytest.raises(ProviderError) as caught:
        await spoken(flow, Transport.BODY, of=voice("v-nobody"))

    assert (caught.value.failure, caught.value.code, caught.value.charged.points) == (Failure.VOICE, code, points)


async def test_a_stream_without_any_event_is_broken(service: Flow, flow: FlowTTS) -> None:
    """So the backend answers what the engine refuses."""
    service.configure(contract=Contract.BACKEND)

    with pytest.raises(ProviderError) as caught:
        await spoken(flow, Transport.STREAM, of=voice("v-nobody"))

    assert (caught.value.failure, caught.value.code, caught.value.charged.points) == (Failure.BROKEN, "no_end", 100)


@pytest.mark.parametrize("transport", SPEECH)
@pytest.mark.parametrize(
    ("fault", "options", "failure", "charged"),
    [
        ("reset", {}, Failure.UNREACHABLE, FREE),
        ("reset", {"after_bytes": 300}, Failure.BROKEN, POINT),
        ("truncate", {"after_bytes": 0}, Failure.BROKEN, POINT),
        ("truncate", {"after_bytes": 300}, Failure.BROKEN, POINT),
        ("stall", {}, Failure.UNREACHABLE, POINT),
        ("stall", {"after_bytes": 9000}, Failure.BROKEN, POINT),
        ("garbage", {}, Failure.BROKEN, POINT),
        ("garbage", {"after_bytes": 300}, Failure.BROKEN, POINT),
        ("content_type", {}, Failure.BROKEN, POINT),
        ("malformed_base64", {}, Failure.BROKEN, POINT),
        ("malformed_json", {}, Failure.BROKEN, POINT),
    ],
)
async def test_every_fault_of_the_wire_has_its_meaning_and_its_price(
    service: Flow,
    flow: FlowTTS,
    *,
    transport: Transport,
    fault: str,
    options: dict[str, Any],
    failure: Failure,
    charged: Charge,
) -> None:
    """What was admitted was charged; and the next request is as good as ever."""
    service.add_fault(fault, PATHS[transport], **options)

    error = await failed(flow, transport)

    assert (error.failure, error.charged) == (failure, charged)
    assert await spoken(flow, transport)


async def test_a_stall_before_the_first_sound_is_an_absence(service: Flow, flow: FlowTTS) -> None:
    """Headers aren't audio."""
    service.add_fault("stall", STREAM_PATH, after_bytes=0)

    error = await failed(flow, Transport.STREAM)

    assert (error.failure, error.charged) == (Failure.UNREACHABLE, POINT)


async def test_nobody_there_is_unreachable(service: Flow, session: aiohttp.ClientSession, refusing_port: int) -> None:
    """And costs nothing."""
    flow = FlowTTS(session, trial_of(service), base_url=f"http://127.0.0.1:{refusing_port}")

    error = await failed(flow, Transport.STREAM)

    assert (error.failure, error.charged) == (Failure.UNREACHABLE, FREE)


# Quota


@pytest.mark.parametrize("transport", SPEECH)
async def test_the_portal_tells_when_points_come_back(
    service: Flow, flow: FlowTTS, notebook: Notebook, transport: Transport
) -> None:
    """In the answer that refuses."""
    service.change_quota({"remaining": 0})

    error = await failed(flow, transport)

    midnight = (service.clock.now() + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    assert (error.failure, error.code, error.charged) == (Failure.QUOTA, "quota_exceeded", FREE)
    assert error.quota == Quota(limit=100, used=100, remaining=0, resets_at=midnight)
    assert notebook.quotas == [error.quota]


@pytest.mark.parametrize("transport", SPEECH)
async def test_the_backend_tells_in_words_what_is_left(
    service: Flow, flow: FlowTTS, notebook: Notebook, transport: Transport
) -> None:
    """Without a quota object and without headers."""
    service.configure(contract=Contract.BACKEND)
    service.change_quota({"remaining": 0})

    error = await failed(flow, transport)

    assert (error.failure, error.charged, error.quota) == (Failure.QUOTA, FREE, Quota(remaining=0))
    assert notebook.quotas == [Quota(remaining=0)]


@pytest.mark.parametrize("transport", SPEECH)
async def test_too_many_requests_are_not_taken_for_a_used_up_quota(
    service: Flow, flow: FlowTTS, notebook: Notebook, transport: Transport
) -> None:
    """The headers have the reset of the rate limit."""
    service.configure(rate_limit=1, rate_window=30)
    await spoken(flow, transport)

    error = await failed(flow, transport)

    assert (error.failure, error.charged) == (Failure.RATE, FREE)
    assert error.retry_after is not None
    assert 0 < error.retry_after <= 31  # Told in whole seconds.
    assert [(rate.limit, rate.remaining) for rate in notebook.rates] == [(1, 0), (1, 0)]


async def test_too_many_requests_in_plain_text_are_understood(service: Flow, flow: FlowTTS) -> None:
    """No source shows the body."""
    service.configure(rate_limit=0, rate_text=True)

    error = await failed(flow, Transport.STREAM)

    assert (error.failure, error.code) == (Failure.RATE, None)


@pytest.mark.parametrize("transport", SPEECH)
async def test_the_backend_tells_what_is_left_in_the_headers(
    service: Flow, flow: FlowTTS, notebook: Notebook, transport: Transport
) -> None:
    """Of every answer, also of a stream."""
    service.configure(contract=Contract.BACKEND)

    await spoken(flow, transport)

    assert set(notebook.quotas) == {Quota(limit=10_000, used=100, remaining=9900)}


async def test_the_headers_of_a_charged_failure_are_heard(service: Flow, flow: FlowTTS, notebook: Notebook) -> None:
    """It cost a point, and says so."""
    service.configure(contract=Contract.BACKEND)
    service.add_fault("status", STREAM_PATH, status=500)

    error = await failed(flow, Transport.STREAM)

    assert error.quota == Quota(limit=10_000, used=100, remaining=9900)
    assert notebook.quotas == [error.quota]


async def test_a_quota_behind_the_sound_is_heard(service: Flow, flow: FlowTTS, notebook: Notebook) -> None:
    """Old deployments send it as a last event."""
    service.configure(quota_event=True)

    await spoken(flow, Transport.STREAM)

    assert notebook.quotas == [Quota(limit=100, used=1, remaining=99)]


async def test_what_follows_the_sound_cannot_harm_it(service: Flow, flow: FlowTTS) -> None:
    """A stream that stays open after its last event is closed after a moment."""
    sound = await spoken(flow, Transport.STREAM)
    sent = service.asked(STREAM_PATH)[0].sent
    service.configure(quota_event=True)
    service.add_fault("stall", STREAM_PATH, after_bytes=sent)
    service.add_fault("reset", STREAM_PATH, after_bytes=sent)

    assert await spoken(flow, Transport.STREAM) == sound
    assert await spoken(flow, Transport.STREAM) == sound


async def test_the_quota_can_be_asked_where_the_deployment_has_it(
    service: Flow, flow: FlowTTS, notebook: Notebook
) -> None:
    """And is unknown elsewhere."""
    assert await flow.quota() is None

    service.configure(**HEAD)
    assert await flow.quota() == Quota(limit=10_000, used=0, remaining=10_000)
    assert notebook.quotas == [Quota(limit=10_000, used=0, remaining=10_000)]


BAD_NUMBERS = [-1, True, "5", None, 1.5, 10**10, 10**400, float("nan"), float("inf"), [], {}]


@pytest.mark.parametrize("value", BAD_NUMBERS)
@pytest.mark.parametrize("key", ["daily", "used", "remaining"])
def test_a_bad_number_is_unknown_and_spoils_no_other(key: str, value: object) -> None:
    """Only what can be a count is one."""
    told = {"daily": 100, "used": 1, "remaining": 99.0}
    quota = quota_in({"quota": told | {key: value}}, NOW)

    assert quota is not None
    numbers = {"daily": quota.limit, "used": quota.used, "remaining": quota.remaining}
    assert numbers == told | {key: None}


@pytest.mark.parametrize(
    "value", ["", "soon", "2025-01-16T25:00:00Z", "1999-01-01T00:00:00Z", "9999-12-31", 5, None, "2" * 99]
)
def test_a_reset_that_is_no_time_is_unknown(value: object) -> None:
    """Nor one that cannot be."""
    assert quota_in({"quota": {"remaining": 0, "resetAt": value}}, NOW) == Quota(remaining=0)


@pytest.mark.parametrize(
    "value", ["2025-01-16T00:00:00Z", "2025-01-16T00:00:00", "2025-01-16", "2025-01-16T08:00:00+08:00"]
)
def test_a_reset_is_a_moment(value: str) -> None:
    """In any zone; in UTC where none is named."""
    quota = quota_in({"quota": {"resetAt": value}}, NOW)

    assert quota is not None
    assert quota.resets_at == datetime(2025, 1, 16, tzinfo=UTC)


@pytest.mark.parametrize("content", [{}, {"quota": None}, {"quota": 7}, {"quota": []}, {"quota": {"daily": "x"}}])
def test_where_nothing_is_told_nothing_is_known(content: dict[str, object]) -> None:
    """Never 0."""
    assert quota_in(content, NOW) is None


@pytest.mark.parametrize("value", ["", "-1", "1.5", "NaN", "x", "99999999999999", "٣"])
def test_a_bad_header_is_unknown(value: str) -> None:
    """Headers are numbers, or nothing."""
    assert quota_of_headers({"X-Quota-Remaining": value}) is None
    assert rate_of_headers({"X-RateLimit-Remaining": value, "X-RateLimit-Reset": value}, NOW) is None


def test_a_rate_is_told_in_unix_seconds() -> None:
    """As on the provider page."""
    reset = NOW + timedelta(seconds=30)
    headers = {
        "X-RateLimit-Limit": "60",
        "X-RateLimit-Remaining": "45",
        "X-RateLimit-Reset": str(int(reset.timestamp())),
    }

    assert rate_of_headers(headers, NOW) == RateLimit(limit=60, remaining=45, resets_at=reset)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    content=st.dictionaries(
        st.sampled_from(["quota"]),
        st.dictionaries(
            st.sampled_from(["daily", "used", "remaining", "resetAt"]),
            st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.datetimes().map(str),
        ),
    )
)
def test_no_quota_is_nonsense(content: dict[str, object]) -> None:
    """Whatever comes."""
    quota = quota_in(content, NOW) or Quota()

    assert all(count is None or 0 <= count <= 10**9 for count in (quota.limit, quota.used, quota.remaining))
    assert quota.resets_at is None or quota.resets_at > NOW - timedelta(days=1)


# What no version of the service is known to say

SOUND = b"\x01\x02" * 24000


def event(**fields: object) -> bytes:
    """Return an event."""
    return b"data: " + json.dumps(fields).encode() + b"\n\n"


def audio(sound: bytes, **fields: object) -> bytes:
    """Return an event with audio."""
    return event(Type="audio", Audio=b64encode(sound).decode(), **fields)


def scripted(session: aiohttp.ClientSession, url: str) -> FlowTTS:
    """Return an account where answers are scripted."""
    return FlowTTS(session, Credentials(key="token"), base_url=url)


async def heard(session: aiohttp.ClientSession, stream: bytes) -> bytes:
    """Return the audio of a stream."""
    async with answering(stream, "text/event-stream") as url:
        return await spoken(scripted(session, url), Transport.STREAM)


WAV = wav_header(24000)
STREAMS = [
    pytest.param(audio(SOUND, IsEnd=True), id="one event"),
    pytest.param(audio(SOUND) + event(Type="end"), id="end of its own"),
    pytest.param(event(Audio=b64encode(SOUND).decode(), IsEnd=True), id="no type"),
    pytest.param(audio(SOUND[:999]) + audio(SOUND[999:], IsEnd=True), id="within a sample"),
    pytest.param(audio(WAV + SOUND, IsEnd=True), id="a header"),
    pytest.param(audio(WAV[:7]) + audio(WAV[7:30]) + audio(WAV[30:] + SOUND, IsEnd=True), id="a header in parts"),
    pytest.param(
        audio(WAV[:40] + (8).to_bytes(4, "little") + SOUND[:8]) + audio(SOUND[8:], IsEnd=True),
        id="a header with the size of its event",
    ),
    pytest.param(audio(WAV + SOUND[:8]) + audio(WAV + SOUND[8:], IsEnd=True), id="a header in each event"),
    pytest.param(
        audio(WAV[:7]) + audio(WAV[7:] + SOUND[:8]) + audio(WAV + SOUND[8:], IsEnd=True),
        id="a header in parts and in each event",
    ),
    pytest.param(
        audio(WAV[:7]) + audio(WAV[7:40] + (8).to_bytes(4, "little") + SOUND[:8]) + audio(SOUND[8:], IsEnd=True),
        id="a header in parts with the size of its event",
    ),
    pytest.param(audio(SOUND[:8]) + event(Type="metrics", Audio="!") + audio(SOUND[8:], IsEnd=True), id="unknown type"),
    pytest.param(audio(SOUND, IsEnd=True) + b"data: garbage\n\n" + event(error="late"), id="garbage behind the end"),
    pytest.param(event(Type="audio", Audio=None) + audio(SOUND, IsEnd=True), id="no sound in an event"),
]


@pytest.mark.parametrize("stream", STREAMS)
async def test_streams_are_read_by_what_is_in_them(session: aiohttp.ClientSession, stream: bytes) -> None:
    """In any container."""
    assert await heard(session, stream) == SOUND


@pytest.mark.parametrize("cut", range(1, 9))
async def test_base64_that_is_cut_anywhere_is_joined(session: aiohttp.ClientSession, cut: int) -> None:
    """Some servers split the text instead of the audio."""
    text = b64encode(SOUND[:100]).decode()
    parts = [text[at : at + cut] for at in range(0, len(text), cut)]
    stream = b"".join(event(Type="chunk", Audio=part) for part in parts) + event(Type="end")

    assert await heard(session, stream) == SOUND[:100]


@pytest.mark.parametrize(
    ("stream", "failure"),
    [
        pytest.param(audio(SOUND), Failure.BROKEN, id="no end"),
        pytest.param(event(Type="audio", Audio="", IsEnd=True), Failure.BROKEN, id="no sound"),
        pytest.param(audio(SOUND[:-1], IsEnd=True), Failure.BROKEN, id="half a sample"),
        pytest.param(event(Type="audio", Audio="AAAA=", IsEnd=True), Failure.BROKEN, id="half of base64"),
        pytest.param(event(Type="audio", Audio="AB!D", IsEnd=True), Failure.BROKEN, id="no base64"),
        pytest.param(event(Type="audio", Audio=7, IsEnd=True), Failure.BROKEN, id="a number for sound"),
        pytest.param(audio(wav_header(16000) + SOUND, IsEnd=True), Failure.BROKEN, id="another rate"),
        pytest.param(audio(WAV[:20], IsEnd=True), Failure.BROKEN, id="half a header"),
        pytest.param(audio(WAV[:7], IsEnd=True), Failure.BROKEN, id="the beginning of a header"),
        pytest.param(
            audio(b"RIFF\0\0\0\0WAVE" + b"junk\xff\xff\xff\x7f" + SOUND * 3), Failure.BROKEN, id="endless header"
        ),
        pytest.param(b"data: [DONE]\n\n", Failure.BROKEN, id="no object"),
        pytest.param(b"data: " + b"[" * 100_000 + b"\n\n", Failure.BROKEN, id="nested"),
        pytest.param(b"data: {\n\n", Failure.BROKEN, id="half an object"),
        pytest.param(event(error=SECRET_TEXT), Failure.SERVER, id="error of the backend"),
        pytest.param(audio(SOUND) + event(error=SECRET_TEXT), Failure.SERVER, id="error in the middle"),
        pytest.param(event(Type="error", Error={"Code": "InternalError"}), Failure.SERVER, id="error of the engine"),
        pytest.param(event(Type="error"), Failure.SERVER, id="error without words"),
        pytest.param(event(Error={"Code": "InvalidParameter.VoiceId"}), Failure.VOICE, id="voice"),
        pytest.param(event(Error={"Code": "InvalidParameter.Text", "Message": "text"}), Failure.INPUT, id="parameter"),
    ],
)
async def test_a_stream_that_goes_wrong_says_how(
    session: aiohttp.ClientSession, stream: bytes, failure: Failure
) -> None:
    """And is charged, as it was admitted."""
    async with answering(stream, "text/event-stream") as url:
        error = await failed(scripted(session, url), Transport.STREAM, SECRET_TEXT)

    assert (error.failure, error.charged) == (failure, POINT)


async def test_sound_that_arrives_together_with_an_error_is_heard_before_it(session: aiohttp.ClientSession) -> None:
    """So that less is repeated."""
    pieces = []
    async with answering(audio(SOUND) + event(error=SECRET_TEXT), "text/event-stream") as url:
        speech = scripted(session, url).speak(voice(), PCM, TEXT, RequestTrace())
        failure = None
        try:
            async with aclosing(speech) as sound:
                async for piece in sound:
                    pieces.append(piece)  # noqa: PERF401 - raises at the end
        except ProviderError as error:
            failure = error.failure

    assert (b"".join(pieces), failure) == (SOUND, Failure.SERVER)


async def test_a_text_without_words_may_make_no_sound(session: aiohttp.ClientSession) -> None:
    """Three dots are not spoken."""
    async with answering(event(Type="end"), "text/event-stream") as url:
        assert await spoken(scripted(session, url), Transport.STREAM, "...") == b""
    async with answering(b'{"code": "success", "audio": ""}', "application/json") as url:
        assert await spoken(scripted(session, url), Transport.BODY, "...") == b""


@pytest.mark.parametrize("size", [0, 1, 24, 24000])
@given(cut=st.integers(0, 400), noise=st.binary(max_size=20))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_truncated_or_hostile_stream_is_whole_or_fails(
    session: aiohttp.ClientSession, size: int, cut: int, noise: bytes
) -> None:
    """Cut anywhere, with any rest: never a silent early end."""
    sound = SOUND[:size]
    stream = audio(sound[: size // 4 * 2]) + audio(sound[size // 4 * 2 :], IsEnd=True)
    sounds = [sound]
    with suppress(ProviderError):
        sounds.append(await heard(session, stream[: len(stream) - cut] + noise))

    assert set(sounds) == {sound}


def whole(**fields: object) -> bytes:
    """Return a body of the backend."""
    return json.dumps({"code": "success", **fields}).encode()


def nested(**fields: object) -> bytes:
    """Return a body of the portal."""
    return json.dumps({"code": "success", "data": fields}).encode()


RAW = b64encode(SOUND).decode()
WRAPPED = b64encode(WAV + SOUND).decode()
SIZED = WAV[:40] + len(SOUND).to_bytes(4, "little") + SOUND


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (whole(audio=RAW), "application/json"),
        (whole(audio=WRAPPED), "application/json; charset=utf-8"),
        (whole(audio=RAW, audioFormat="pcm", sampleRate=24000), "application/json"),
        (nested(audio=RAW), "application/json"),
        (nested(audio=WRAPPED, format="wav", sampleRate=24000, duration=1.0), "application/json"),
        (nested(audio=RAW, format="wav", duration=1000), "application/json"),
        (nested(audio=RAW, duration="1"), "application/json"),
        (SIZED, "audio/wav"),
        (SIZED + b"LIST\x04\0\0\0abcd", "audio/x-wav"),
        (SIZED, "application/json"),
        (SIZED, "text/html"),
        (SOUND, "audio/pcm"),
        (SOUND, "audio/L16"),
    ],
)
async def test_bodies_are_read_by_what_is_in_them(
    session: aiohttp.ClientSession, body: bytes, content_type: str
) -> None:
    """JSON of both forms, or the audio itself."""
    async with answering(body, content_type) as url:
        assert await spoken(scripted(session, url), Transport.BODY) == SOUND


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (whole(), "application/json", "no_sound"),
        (whole(audio=""), "application/json", "no_sound"),
        (whole(audio=7), "application/json", "base64"),
        (json.dumps({"code": "odd_code", "audio": RAW}).encode(), "application/json", "odd_code"),
        (whole(audio="AB!D"), "application/json", "base64"),
        (whole(audio=b64encode(SOUND[:-1]).decode()), "application/json", "truncated"),
        (whole(audio=RAW, audioFormat="mp3"), "application/json", "format"),
        (nested(audio=RAW, format="mp3"), "application/json", "format"),
        (nested(audio=RAW, format=["wav"]), "application/json", "format"),
        (nested(audio=b64encode(b"ID3" + SOUND).decode()), "application/json", "format"),
        (nested(audio=RAW, sampleRate=16000), "application/json", "sample_rate"),
        (nested(audio=b64encode(wav_header(16000) + SOUND).decode()), "application/json", "sample_rate"),
        (nested(audio=RAW, duration=3.5), "application/json", "truncated"),
        (SIZED[:-2], "audio/wav", "truncated"),
        (WAV[:20], "audio/wav", "truncated"),
        (SOUND, "audio/mpeg", "format"),
        (SOUND, "text/html", "content_type"),
        (b"[]", "application/json", "json"),
        (b"{", "application/json", "json"),
        (b"[" * 100_000, "application/json", "json"),
    ],
)
async def test_a_body_that_is_not_what_was_asked_for_is_broken(
    session: aiohttp.ClientSession, body: bytes, content_type: str, code: str
) -> None:
    """Format, rate and duration are believed."""
    async with answering(body, content_type) as url:
        error = await failed(scripted(session, url), Transport.BODY)

    assert (error.failure, error.code, error.charged) == (Failure.BROKEN, code, POINT)


async def test_a_success_that_tells_of_an_error_is_none(session: aiohttp.ClientSession) -> None:
    """And its words, which may be the text, are not repeated."""
    async with answering(json.dumps({"error": SECRET_TEXT}).encode(), "application/json") as url:
        error = await failed(scripted(session, url), Transport.BODY, SECRET_TEXT)

    assert (error.failure, error.code, error.charged) == (Failure.SERVER, None, POINT)


@pytest.mark.parametrize(
    ("headers", "content", "failure", "retry_after"),
    [
        ({}, {"code": "quota_exceeded"}, Failure.QUOTA, None),
        ({"X-RateLimit-Remaining": "45"}, {"code": "quota_exceeded"}, Failure.QUOTA, None),
        ({"X-RateLimit-Remaining": "0"}, {"code": "quota_exceeded"}, Failure.RATE, None),
        ({"X-RateLimit-Remaining": "0"}, {"code": "quota_exceeded", "quota": {"remaining": 0}}, Failure.QUOTA, None),
        ({"X-RateLimit-Remaining": "0"}, {"quota": {"remaining": 7}}, Failure.RATE, None),
        ({"X-RateLimit-Reset": "1736942430"}, {}, Failure.RATE, 30.0),
        ({"X-RateLimit-Reset": "1736942390"}, {}, Failure.RATE, 0.0),
        ({"X-RateLimit-Reset": "7", "Retry-After": "12"}, {}, Failure.RATE, 12.0),
        ({"Retry-After": "soon"}, {}, Failure.RATE, None),
        (
            {},
            {"message": "Insufficient quota. You have 0 remaining, but this operation requires 1."},
            Failure.QUOTA,
            None,
        ),
    ],
)
async def test_a_429_is_about_points_or_about_requests(
    session: aiohttp.ClientSession,
    headers: dict[str, str],
    content: dict[str, object],
    failure: Failure,
    retry_after: float | None,
) -> None:
    """By the plainest sign of each."""
    async with answering(json.dumps(content).encode(), "application/json", status=429, headers=headers) as url:
        flow = FlowTTS(session, Credentials(key="token"), base_url=url, now=lambda: NOW)
        error = await failed(flow, Transport.STREAM)

    assert (error.failure, error.retry_after, error.charged) == (failure, retry_after, FREE)
