"""Flow TTS by Tencent Cloud speaks: both transports, every dialect; its key, limits, price, and clones."""

from base64 import b64encode
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
import json
from typing import Any

from aiohttp import ClientSession, web
import pytest

from custom_components.streaming_tts.providers.capabilities import Reason, ServiceRejection
from custom_components.streaming_tts.providers.tencent import POLICY, Tencent
from custom_components.streaming_tts.providers.tencent.client import SITES, SiteKey
from custom_components.streaming_tts.providers.transport.trace import RequestTrace
from custom_components.streaming_tts.providers.types import (
    AccountProblem,
    AudioFormat,
    Charge,
    CredentialError,
    Credentials,
    Failure,
    ProviderError,
    SettingValue,
    Voice,
)
from tests.emulator.faults import FaultKind
from tests.emulator.settings import Settings
from tests.emulator.sound import tone
from tests.emulator.tencent import Tencent as TencentService
from tests.emulator.tencent_settings import SDK_APP_ID, SECRET_ID, SECRET_KEY, Dialect, Ending

from .flow_help import answering
from .recordings import recording
from .tools import failure, serving, until

VOICE_ID = "v-female-R2s4N9qJ"
TEXT = "Hello there."
PCM = AudioFormat(sample_rate=24000)
DETAILS = {"secret_id": SECRET_ID, "sdk_app_id": str(SDK_APP_ID), "site": "china"}
KEY = Credentials(key=SECRET_KEY, details=DETAILS)
STREAM, BODY = "/TextToSpeechSSE", "/TextToSpeech"


@pytest.fixture
async def service(socket_enabled: None, settings: Settings) -> AsyncGenerator[TencentService]:
    """Run the emulator."""
    async with TencentService(settings) as service:
        yield service


def account(service: TencentService, session: ClientSession, credentials: Credentials = KEY, **details: str) -> Tencent:
    """Return an account at the emulator, with the emulator's clock; `details` override its credentials."""
    told = replace(credentials, details={**credentials.details, **details})
    return Tencent(session, told, base_url=service.url, now=service.clock.now)


def voice(
    model: str = "flow_02_turbo", language: str | None = "en", voice_id: str = VOICE_ID, **settings: SettingValue
) -> Voice:
    """Return a voice."""
    return Voice.of(voice_id=voice_id, model=model, language=language, settings=settings)


async def spoken(
    provider: Tencent,
    text: str = TEXT,
    *,
    whole: bool = False,
    of: Voice | None = None,
    audio_format: AudioFormat = PCM,
    trace: RequestTrace | None = None,
) -> bytes:
    """Return the audio of a text."""
    async with aclosing(
        provider.speak(of or voice(), audio_format, text, trace or RequestTrace(), whole=whole)
    ) as sound:
        return b"".join([piece async for piece in sound])


def asked(service: TencentService) -> Any:
    """Return the body of the newest request."""
    return service.requests[-1].body


@pytest.mark.parametrize("whole", [False, True], ids=["stream", "body"])
@pytest.mark.parametrize("rate", [24000, 16000])
async def test_a_text_sounds_as_it_should_at_every_rate(
    service: TencentService, session: ClientSession, *, rate: int, whole: bool
) -> None:
    """Sample for sample."""
    audio_format = AudioFormat(sample_rate=rate)
    trace = RequestTrace()
    sound = await spoken(account(service, session), whole=whole, audio_format=audio_format, trace=trace)
    assert sound == tone(TEXT, rate, voice=VOICE_ID)
    assert trace.asked
    assert trace.request_id


@pytest.mark.parametrize("ending", Ending)
@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("wire", [{}, {"crlf": True}, {"comments": True}], ids=str)
async def test_a_stream_is_read_in_every_dialect(
    service: TencentService, session: ClientSession, dialect: Dialect, ending: Ending, wire: dict[str, Any]
) -> None:
    """Whatever its events are called, however its lines and its last event end."""
    service.configure(dialect=dialect, ending=ending, **wire)
    assert await spoken(account(service, session)) == tone(TEXT, 24000, voice=VOICE_ID)


async def test_an_event_may_be_longer_than_any_buffer(service: TencentService, session: ClientSession) -> None:
    """A line of more than 128 KiB is valid."""
    text = "It goes on. " * 20
    service.configure(chunk_duration=60.0)
    assert len(tone(text, 24000, voice=VOICE_ID)) * 4 / 3 > 128 * 1024
    assert await spoken(account(service, session), text) == tone(text, 24000, voice=VOICE_ID)


def stream_of(*events: object, line_end: str = "\n") -> bytes:
    """Return events as they come over the wire."""
    return "".join(f"data: {json.dumps(event)}{line_end}{line_end}" for event in events).encode()


def audio(samples: bytes | None, *, last: bool = False, kind: str = "audio") -> dict[str, Any]:
    """Return an event with samples."""
    content = {} if samples is None else {"Audio": b64encode(samples).decode()}
    return {"Type": kind, "RequestId": "r-1", "ChunkId": "chunk_0", "Seq": 0, "IsEnd": last, **content}


@pytest.mark.parametrize("step", [1, 2, 3, 7, 100, 1000])
async def test_a_stream_may_be_cut_anywhere(session: ClientSession, step: int) -> None:
    """Also within a line end, an event, or a sample."""
    samples = bytes(range(200))
    content = stream_of(audio(samples[:101]), audio(samples[101:]), audio(None, last=True), line_end="\r\n")

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for at in range(0, len(content), step):
            await response.write(content[at : at + step])
        return response

    async with serving(answer) as url:
        assert await spoken(Tencent(session, KEY, base_url=url)) == samples


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([audio(bytes(200))], Failure.BROKEN),
        ([audio(None, last=True)], Failure.BROKEN),
        ([audio(bytes(3), last=True)], Failure.BROKEN),
        ([{"Type": "audio", "Audio": "no base64!", "IsEnd": True}], Failure.BROKEN),
        ([{"Type": "audio", "Audio": 1, "IsEnd": True}], Failure.BROKEN),
        ([audio(bytes(200)), {"Type": "error", "Error": {"Code": "InternalError", "Message": "m"}}], Failure.SERVER),
        ([{"Type": "error", "Error": {"Code": "LimitExceeded.ConcurrencyLimit", "Message": "m"}}], Failure.BUSY),
    ],
)
async def test_a_stream_that_is_not_whole_is_an_error(
    session: ClientSession, events: list[dict[str, Any]], expected: Failure
) -> None:
    """No text is cut short in silence."""
    async with answering(stream_of(*events), "text/event-stream") as url:
        assert (await failure(spoken(Tencent(session, KEY, base_url=url)))).failure is expected


async def test_the_last_event_needs_no_line_behind_it(session: ClientSession) -> None:
    """Though the service closes it with one."""
    content = stream_of(audio(bytes(200)), audio(bytes(100), last=True)).rstrip()
    async with answering(content, "text/event-stream") as url:
        assert await spoken(Tencent(session, KEY, base_url=url)) == bytes(300)


async def test_other_types_of_events_are_no_sound(session: ClientSession) -> None:
    """They are passed over."""
    events = [{"Type": "metrics", "Audio": "AAAA"}, audio(bytes(200), last=True)]
    async with answering(stream_of(*events), "text/event-stream") as url:
        assert await spoken(Tencent(session, KEY, base_url=url)) == bytes(200)


@pytest.mark.parametrize("whole", [False, True], ids=["stream", "body"])
@pytest.mark.parametrize("content_type", ["text/html", "application/octet-stream"])
async def test_an_answer_of_another_kind_is_broken(session: ClientSession, content_type: str, *, whole: bool) -> None:
    """Such as a page of a proxy."""
    async with answering(b"<html>", content_type) as url:
        error = await failure(spoken(Tencent(session, KEY, base_url=url), whole=whole))
    assert (error.failure, error.code) == (Failure.BROKEN, "content_type")


@pytest.mark.parametrize(
    "content", [{}, {"Response": {}}, {"Response": {"Audio": ""}}, {"Response": {"Audio": 7}}, {"Response": 7}]
)
@pytest.mark.parametrize("whole", [False, True], ids=["stream", "body"])
async def test_a_body_without_sound_is_broken(session: ClientSession, content: object, *, whole: bool) -> None:
    """It says neither what was asked for nor why not."""
    async with answering(json.dumps(content).encode(), "application/json") as url:
        assert (await failure(spoken(Tencent(session, KEY, base_url=url), whole=whole))).failure is Failure.BROKEN


@pytest.mark.parametrize("whole", [False, True], ids=["stream", "body"])
async def test_an_error_comes_as_json_with_status_200(
    service: TencentService, session: ClientSession, *, whole: bool
) -> None:
    """It's recognized by its content type, and has the request ID."""
    error = await failure(spoken(account(service, session), of=voice(voice_id="nobody"), whole=whole))
    assert (error.failure, error.code) == (Failure.VOICE, "InvalidParameter.VoiceId")
    assert service.requests[-1].status == 200
    assert error.request_id


async def test_a_request_says_what_is_wanted_and_no_more(service: TencentService, session: ClientSession) -> None:
    """The SdkAppId is a number, the language is next to the voice, and only settings of the model are sent."""
    await spoken(account(service, session), of=voice(language="zh-HK", speed=1.25, pitch=-2.0, emotion="happy"))
    assert asked(service) == {
        "SdkAppId": SDK_APP_ID,
        "Text": TEXT,
        "Model": "flow_02_turbo",
        "Language": "yue",
        "Voice": {"VoiceId": VOICE_ID, "Speed": 1.25, "Volume": 1.0, "Pitch": -2},
        "AudioFormat": {"Format": "pcm", "SampleRate": 24000},
    }
    await spoken(account(service, session), of=voice("flow_01_ex", None, "female-shaonv", emotion="happy"), whole=True)
    assert asked(service)["Voice"] == {
        "VoiceId": "female-shaonv",
        "Speed": 1.0,
        "Volume": 1.0,
        "Pitch": 0,
        "Emotion": "happy",
    }
    assert "Language" not in asked(service)


async def test_a_request_goes_to_the_region_of_its_site(service: TencentService, session: ClientSession) -> None:
    """Each site has models, limits, and an address of its own."""
    china, international = account(service, session), account(service, session, site="international")
    await spoken(china)
    assert service.requests[-1].headers["X-TC-Region"] == "ap-guangzhou"
    await spoken(international, of=voice("flow_01_turbo"))
    assert service.requests[-1].headers["X-TC-Region"] == "ap-singapore"
    assert [model.model_id for model in international.models] == ["flow_01_turbo"]
    assert [Tencent(session, each.credentials).base_url for each in (china, international)] == [
        "https://trtc.ai.tencentcloudapi.com",
        "https://trtc.ai.intl.tencentcloudapi.com",
    ]


@pytest.mark.parametrize(
    ("site", "whole", "maximum"),
    [("china", False, 20_000), ("china", True, 2_000), ("international", False, 255), ("international", True, 255)],
)
@pytest.mark.parametrize(("character", "weight"), [("a", 1), ("好", 2)])
async def test_a_text_is_as_long_as_its_site_takes(
    service: TencentService,
    session: ClientSession,
    *,
    site: str,
    whole: bool,
    maximum: int,
    character: str,
    weight: int,
) -> None:
    """By the service's own count; what is too long is refused before it is sent."""
    service.configure(older_limits=site == "international")
    provider = account(service, session, site=site)
    of = voice(SITES[site].models[0].model_id, None)
    longest = character * (maximum // weight)
    assert await spoken(provider, longest, of=of, whole=whole)
    assert provider.length(longest) <= provider.max_characters(of)
    requests = len(service.requests)
    error = await failure(spoken(provider, longest + character, of=of, whole=whole))
    assert (error.failure, error.setting, error.charged) == (Failure.INPUT, "text", Charge())
    assert len(service.requests) == requests


@pytest.mark.parametrize("text", ["", " \n"])
async def test_a_text_without_anything_in_it_is_not_sent(
    service: TencentService, session: ClientSession, text: str
) -> None:
    """The service would refuse it."""
    assert (await failure(spoken(account(service, session), text))).setting == "text"
    assert not service.requests


async def test_a_format_that_the_service_does_not_document_is_not_asked_for(
    service: TencentService, session: ClientSession
) -> None:
    """It would refuse that, too."""
    other = AudioFormat(sample_rate=48000)
    assert (await failure(spoken(account(service, session), audio_format=other))).setting == "format"


def test_characters_are_billed_as_the_service_counts_them() -> None:
    """And priced where a price is published."""
    provider = Tencent.__new__(Tencent)
    assert provider.price(voice(), "你好，世界！") == Charge(requests=1, characters=10)
    price = Tencent.published_price("flow_02_turbo")
    assert price is not None
    assert (price.amount, price.currency) == (0.06, "USD")
    assert Tencent.published_price("flow_01_ex") == price


async def test_what_is_no_longer_wanted_is_given_up(service: TencentService, session: ClientSession) -> None:
    """The service gets a cancellation."""
    service.configure(realtime_factor=1.0, chunk_duration=0.1)
    async with aclosing(account(service, session).speak(voice(), PCM, "It goes on. " * 50, RequestTrace())) as sound:
        assert await anext(sound)
    await until(lambda: all(request.ended for request in service.requests))
    await until(lambda: service.open_connections == 0)


async def test_the_connection_serves_text_after_text(service: TencentService, session: ClientSession) -> None:
    """Also one that was opened ahead, by a request that costs nothing."""
    provider = account(service, session)
    await provider.touch()
    for _ in range(3):
        await spoken(provider)
    await spoken(provider, whole=True)
    assert service.connections_made == 1


async def test_only_a_service_that_is_away_cannot_be_touched(service: TencentService, session: ClientSession) -> None:
    """Any answer opens the connection."""
    provider = account(service, session)
    service.add_fault(FaultKind.STATUS, "/", status=500)
    await provider.touch()
    async with service.away():
        assert (await failure(provider.touch())).failure is Failure.UNREACHABLE


# The key


async def test_a_key_is_proved_without_cost(service: TencentService, session: ClientSession) -> None:
    """An account is the same application at the same site, whatever its key."""
    info = await account(service, session).verify()
    assert service.requests[-1].endpoint == STREAM
    assert not service.account.used
    assert SECRET_ID not in info.account_id
    assert str(SDK_APP_ID) not in info.account_id
    service.configure(secret_id="AKIDother", secret_key="other-key", sdk_app_ids=(SDK_APP_ID, 7))
    other = Credentials(key="other-key", details=DETAILS)
    assert (await account(service, session, other, secret_id="AKIDother").verify()) == info
    assert (await account(service, session, other, secret_id="AKIDother", sdk_app_id="7").verify()) != info


async def test_a_service_that_speaks_with_any_voice_proves_a_key_too(session: ClientSession) -> None:
    """Nothing says that it does not."""
    async with answering(stream_of(audio(bytes(200), last=True)), "text/event-stream") as url:
        assert await Tencent(session, KEY, base_url=url).verify()


@pytest.mark.parametrize(
    ("details", "key", "problem"),
    [
        ({"secret_id": "AKIDnobody"}, SECRET_KEY, None),
        ({}, "wrong", None),
        ({"sdk_app_id": "7"}, SECRET_KEY, AccountProblem.APPLICATION_UNKNOWN),
    ],
)
async def test_what_is_wrong_with_a_key_is_told_apart(
    service: TencentService,
    session: ClientSession,
    details: dict[str, str],
    key: str,
    problem: AccountProblem | None,
) -> None:
    """A wrong key, and one for another application."""
    error = await failure(account(service, session, Credentials(key=key, details=DETAILS), **details).verify())
    assert (error.failure, error.problem) == (Failure.AUTH, problem)
    assert not [secret for secret in (SECRET_ID, SECRET_KEY) if secret in f"{error!r} {vars(error)}"]


@pytest.mark.parametrize(
    ("code", "failure_", "problem"),
    [
        ("UnauthorizedOperation", Failure.AUTH, AccountProblem.PERMISSION_MISSING),
        ("UnsupportedOperation.NotAllowed", Failure.QUOTA, AccountProblem.NOT_ACTIVATED),
        ("ResourceInsufficient", Failure.QUOTA, AccountProblem.IN_ARREARS),
        ("RequestLimitExceeded", Failure.RATE, None),
    ],
)
async def test_what_is_wrong_with_an_account_is_told_apart(
    service: TencentService, session: ClientSession, code: str, failure_: Failure, problem: AccountProblem | None
) -> None:
    """By the service's codes, whatever is asked for."""
    service.configure(refused_with=code)
    provider = account(service, session)
    for attempt in (provider.verify(), spoken(provider), spoken(provider, whole=True)):
        error = await failure(attempt)
        assert (error.failure, error.problem, error.code) == (failure_, problem, code)


@pytest.mark.parametrize("minutes", [-6, 6])
async def test_a_clock_that_is_off_is_said(service: TencentService, session: ClientSession, minutes: int) -> None:
    """Not an invalid key: no reauthentication."""
    provider = Tencent(session, KEY, base_url=service.url, now=lambda: service.clock.now() + timedelta(minutes=minutes))
    error = await failure(provider.verify())
    assert (error.failure, error.problem) == (Failure.UNREACHABLE, AccountProblem.CLOCK_OFF)


async def test_four_minutes_are_within_what_a_signature_allows(service: TencentService, session: ClientSession) -> None:
    """So that not every clock has to be exact."""
    now = lambda: service.clock.now() + timedelta(minutes=4)  # noqa: E731
    assert await Tencent(session, KEY, base_url=service.url, now=now).verify()


@pytest.mark.parametrize("details", [{}, {"sdk_app_id": "none"}])
async def test_credentials_that_are_not_whole_are_not_sent(
    service: TencentService, session: ClientSession, details: dict[str, str]
) -> None:
    """They could not be right."""
    provider = Tencent(session, Credentials(key="k", details=details), base_url=service.url)
    assert (await failure(spoken(provider))).failure is Failure.AUTH
    assert not service.requests


ANSWERS = {"secret_key": SECRET_KEY, **DETAILS}


def test_what_is_entered_becomes_a_key_and_can_be_shown_again() -> None:
    """In the fields of the form."""
    assert Tencent.read_credentials(ANSWERS) == KEY
    assert Tencent.answers_of(KEY) == ANSWERS
    assert {field.key for field in Tencent.credential_fields} == ANSWERS.keys()
    assert [field.key for field in Tencent.credential_fields if field.secret] == ["secret_key"]
    assert SECRET_KEY not in repr(KEY)
    assert SECRET_ID not in repr(KEY)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("secret_id", "two words", "key_unreadable"),
        ("secret_id", "AKID/2026, x=y", "key_unreadable"),
        ("secret_key", "schlüssel", "key_unreadable"),
        ("sdk_app_id", "my-app", "application_unreadable"),
        ("sdk_app_id", "14.5", "application_unreadable"),
    ],
)
def test_what_cannot_be_a_key_is_said(field: str, value: str, reason: str) -> None:
    """Beside its field."""
    with pytest.raises(CredentialError) as caught:
        Tencent.read_credentials({**ANSWERS, field: value})
    assert (caught.value.field, caught.value.reason) == (field, reason)


def test_the_policy_grants_what_is_asked_for() -> None:
    """It is JSON to be pasted."""
    [statement] = json.loads(POLICY)["statement"]
    assert set(statement["action"]) == {
        f"name/trtc:{action}" for action in ("TextToSpeech", "TextToSpeechSSE", "VoiceClone")
    }
    assert set(SITES) == set(SiteKey)


# Voices


async def test_the_voices_need_no_request(service: TencentService, session: ClientSession) -> None:
    """There is no action that lists them."""
    assert len(await account(service, session).voices()) == 424
    assert len(await account(service, session, site="international").voices()) == 97
    assert not service.requests


async def test_a_clone_is_made_for_a_model_and_speaks(service: TencentService, session: ClientSession) -> None:
    """Its name is kept here as it was given, and sent in the characters that the service takes."""
    provider = account(service, session)
    asked_for = recording(seconds=10.0, name="Oma Anna!", settings={"model": "flow_01_ex", "transcript": "Guten Tag."})
    made = await provider.clone(asked_for)
    assert (made.name, made.models, made.own) == ("Oma Anna!", ("flow_01_ex",), True)
    body = asked(service)
    assert (body["VoiceName"], body["Model"], body["PromptText"]) == ("Oma_Anna", "flow_01_ex", "Guten Tag.")
    assert await spoken(provider, of=voice("flow_01_ex", None, made.voice_id))


async def test_a_clone_is_for_the_first_model_where_nobody_says_another(
    service: TencentService, session: ClientSession
) -> None:
    """And called something in any case."""
    made = await account(service, session).clone(recording(seconds=10.0, name="你好"))
    assert made.models == ("flow_02_turbo",)
    assert (made.name, asked(service)["VoiceName"]) == ("你好", "voice")
    assert "PromptText" not in asked(service)


async def test_a_site_with_one_model_does_not_ask_for_it(service: TencentService, session: ClientSession) -> None:
    """The other does."""
    sites = ("china", "international")
    settings = [{each.key for each in account(service, session, site=site).clone_settings} for site in sites]
    assert settings == [{"transcript", "model"}, {"transcript"}]


@pytest.mark.parametrize(("seconds", "reason"), [(5.0, Reason.TOO_SHORT), (181.0, Reason.TOO_LONG)])
async def test_a_recording_has_from_6_to_180_seconds(
    service: TencentService, session: ClientSession, seconds: float, reason: Reason
) -> None:
    """Any other is not sent."""
    with pytest.raises(ServiceRejection) as caught:
        await account(service, session).clone(recording(seconds=seconds))
    assert caught.value.reason is reason
    assert not service.requests


async def test_the_longest_recording_fits_into_a_request(service: TencentService, session: ClientSession) -> None:
    """Of 10 MB."""
    assert await account(service, session).clone(recording(seconds=180.0))


async def test_an_account_has_room_for_so_many_clones(service: TencentService, session: ClientSession) -> None:
    """The service says how many."""
    service.configure(clone_limit=0)
    with pytest.raises(ServiceRejection) as caught:
        await account(service, session).clone(recording(seconds=10.0))
    assert caught.value.reason is Reason.CLONE_LIMIT


async def test_a_clone_without_an_id_is_broken(session: ClientSession) -> None:
    """It could never speak."""
    async with answering(b'{"Response":{"VoiceId":"","RequestId":"r"}}', "application/json") as url:
        error = await failure(Tencent(session, KEY, base_url=url).clone(recording(seconds=10.0)))
    assert (error.failure, error.code) == (Failure.BROKEN, "voice")


async def test_no_voice_can_be_deleted(service: TencentService, session: ClientSession) -> None:
    """It can only be forgotten, which is said."""
    with pytest.raises(ServiceRejection) as caught:
        await account(service, session).delete_voice("x")
    assert caught.value.reason is Reason.NOT_OFFERED


async def test_a_proxy_that_refuses_is_not_the_service(session: ClientSession) -> None:
    """Its status is looked at; the service's own is always 200."""
    async with answering(b"<html>", "text/html", status=502) as url:
        error = await failure(spoken(Tencent(session, KEY, base_url=url)))
    assert isinstance(error, ProviderError)
    assert error.failure is Failure.SERVER
