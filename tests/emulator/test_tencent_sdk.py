"""The provider's own SDK, which this project did not write, runs against Tencent's API (docs/dev/protocols.md E)."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
import json
from typing import Any

import pytest
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.trtc.v20190722 import models, trtc_client, trtc_client_async

from .faults import FaultKind
from .recorded import spoken
from .sound import tone
from .tencent import Tencent
from .tencent_client import TEXT, VOICE, recording, speech
from .tencent_requests import CLONE, SPEECH, STREAM, USAGE
from .tencent_settings import SECRET_ID, SECRET_KEY

SPOKEN = tone(TEXT, 24000, voice=VOICE)

type Ask = Callable[..., Awaitable[Any]]
"""Asks for an action with the fields of a request, and further settings of the client."""


def credential(*, secret_key: str = SECRET_KEY, token: str | None = None, **_others: Any) -> Credential:
    """Return the keys of an account."""
    return Credential(SECRET_ID, secret_key, token)


def profile(tencent: Tencent, *, unsigned: bool = False, keep_alive: bool = False, **_others: Any) -> ClientProfile:
    """Return how the SDK finds the service."""
    host = tencent.url.removeprefix("http://")
    http = HttpProfile(protocol="http", endpoint=host, reqTimeout=10, keepAlive=keep_alive)
    made = ClientProfile(httpProfile=http)
    made.unsignedPayload = unsigned
    return made


def request(action: str, fields: dict[str, Any]) -> Any:
    """Return what the SDK sends."""
    made = getattr(models, f"{action}Request")()
    made.from_json_string(json.dumps(fields))
    return made


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest, tencent: Tencent) -> Ask:
    """Send a request with both clients of the SDK; a stream is read completely."""

    async def asked(action: str, fields: dict[str, Any], *, region: str = "ap-guangzhou", **settings: Any) -> Any:
        if request.param == "sync":
            return await asyncio.to_thread(_ask_sync, tencent, action, fields, region=region, **settings)
        return await _ask_async(tencent, action, fields, region=region, **settings)

    return asked


def _ask_sync(tencent: Tencent, action: str, fields: dict[str, Any], *, region: str, **settings: Any) -> Any:
    client = trtc_client.TrtcClient(credential(**settings), region, profile(tencent, **settings))
    answer = getattr(client, action)(request(action, fields))
    return list(answer) if action == STREAM and not hasattr(answer, "RequestId") else answer


async def _ask_async(tencent: Tencent, action: str, fields: dict[str, Any], *, region: str, **settings: Any) -> Any:
    async with trtc_client_async.TrtcClient(credential(**settings), region, profile(tencent, **settings)) as client:
        answer = await getattr(client, action)(request(action, fields))
        return [event async for event in answer] if hasattr(answer, "__aiter__") else answer


def heard(events: list[dict[str, Any]]) -> bytes:
    """Return the audio of a stream from the SDK's events."""
    contents = [json.loads(event["data"]) for event in events if event.get("data")]
    return b"".join(base64.b64decode(content["Audio"]) for content in contents if content.get("Audio"))


# Speech


async def test_text_to_speech(ask: Ask) -> None:
    """A whole answer."""
    answer = await ask(SPEECH, speech())

    assert base64.b64decode(answer.Audio) == SPOKEN
    assert answer.TotalDurationMs == round(len(SPOKEN) / 48)
    assert answer.RequestId


async def test_text_to_speech_with_all_settings(ask: Ask) -> None:
    """All that the SDK knows."""
    answer = await ask(
        SPEECH,
        speech(
            voice={"Speed": 1.5, "Volume": 2.0, "Pitch": 3, "Emotion": "happy"},
            AudioFormat={"Format": "wav", "SampleRate": 16000, "Bitrate": 128},
            Model="flow_01_ex",
            Language="en",
            PronunciationDict=[{"Word": "evening", "Pronunciation": "night"}],
            AlignmentMode=2,
        ),
    )

    assert len(base64.b64decode(answer.Audio)) == 44 + len(tone("Good night, everyone.", 16000, speed=1.5))
    (item,) = answer.Alignments
    assert [word.Word for word in item.Words] == ["Good", "night", "everyone"]


@pytest.mark.parametrize("dialect", ["audio", "chunk"])
@pytest.mark.parametrize("ending", ["last_audio", "empty_audio", "no_audio", "end_event"])
@pytest.mark.parametrize("crlf", [False, True])
async def test_stream(tencent: Tencent, ask: Ask, dialect: str, ending: str, *, crlf: bool) -> None:
    """In both dialects, with each end."""
    tencent.configure(dialect=dialect, ending=ending, crlf=crlf, comments=crlf)

    events = await ask(STREAM, speech(Model="flow_02_turbo", Language="en"))

    assert heard(events) == SPOKEN
    assert len(events) > 1


async def test_long_lines(tencent: Tencent, ask: Ask) -> None:
    """An event of over 128 KiB."""
    tencent.configure(chunk_duration=60.0)
    text = "A long sentence that is one event. " * 4

    assert heard(await ask(STREAM, speech(text))) == tone(text, 24000, voice=VOICE)


@pytest.mark.parametrize("settings", [{"unsigned": True}, {"keep_alive": True}, {"region": "ap-singapore"}])
async def test_other_ways_to_ask(ask: Ask, settings: dict[str, Any]) -> None:
    """Without a signature of the body, with one connection, at the other site."""
    assert heard(await ask(STREAM, speech(), **settings)) == SPOKEN


async def test_temporary_key(tencent: Tencent, ask: Ask) -> None:
    """With its token."""
    tencent.configure(token="temporary")

    assert heard(await ask(STREAM, speech(), token="temporary")) == SPOKEN
    with pytest.raises(TencentCloudSDKException) as refused:
        await ask(STREAM, speech())
    assert refused.value.code == "AuthFailure.TokenFailure"


# What else it is asked


async def test_clone(ask: Ask) -> None:
    """The voice speaks afterwards."""
    answer = await ask(CLONE, recording(spoken(6.5), PromptText="This is how I sound.", Model="flow_02_turbo"))

    assert heard(await ask(STREAM, speech(voice={"VoiceId": answer.VoiceId}))) == tone(
        TEXT, 24000, voice=answer.VoiceId
    )


async def test_usage(tencent: Tencent, ask: Ask) -> None:
    """In the types of the SDK."""
    day = f"{tencent.clock.now():%Y-%m-%d}"
    await ask(STREAM, speech())

    answer = await ask(
        USAGE,
        {"StartTime": f"{day} 00:00:00", "EndTime": f"{day} 23:59:59", "AuType": ["tts"], "SdkAppId": "1400000000"},
    )

    assert (answer.UsageKey, answer.TotalUsage) == (["tts"], [float(len(TEXT))])
    assert sum(row.UsageValue[0] for row in answer.UsageList) == len(TEXT)
    assert answer.UsageList[0].TimeKey == f"{day} 00:00:00"


# Errors


@pytest.mark.parametrize("action", [SPEECH, STREAM])
async def test_refusals_are_typed(ask: Ask, action: str) -> None:
    """By code, message and request."""
    with pytest.raises(TencentCloudSDKException) as refused:
        await ask(action, speech(voice={"VoiceId": "nobody"}))

    assert refused.value.code == "InvalidParameter.VoiceId"
    assert refused.value.message.startswith("Voice ID 'nobody' not found")
    assert refused.value.requestId


@pytest.mark.parametrize(
    "code",
    [
        "AuthFailure.UnauthorizedOperation",
        "FailedOperation.SdkAppIdNotExist",
        "InternalError",
        "LimitExceeded.ConcurrencyLimit",
        "RequestLimitExceeded",
        "UnsupportedOperation.NotAllowed",
    ],
)
async def test_faults_are_errors_of_the_service(tencent: Tencent, ask: Ask, code: str) -> None:
    """As if it had said so itself."""
    tencent.add_fault(FaultKind.STATUS, f"/{STREAM}", code=code)

    with pytest.raises(TencentCloudSDKException) as refused:
        await ask(STREAM, speech())

    assert refused.value.code == code


async def test_wrong_key(ask: Ask) -> None:
    """The signature does not fit."""
    with pytest.raises(TencentCloudSDKException) as refused:
        await ask(SPEECH, speech(), secret_key="wrong")

    assert refused.value.code == "AuthFailure.SignatureFailure"


async def test_page_of_something_else(tencent: Tencent, ask: Ask) -> None:
    """No error of the service, and no speech."""
    tencent.add_fault(FaultKind.STATUS, status=502)

    with pytest.raises(TencentCloudSDKException) as refused:
        await ask(SPEECH, speech())

    assert refused.value.code == "ServerNetworkError"
