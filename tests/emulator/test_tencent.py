"""Tencent's API: signatures, parameters, refusals, streams, clones, limits, usage (docs/dev/protocols.md E)."""

import asyncio
import base64
from typing import Any

from aiohttp import ClientSession
import pytest

from tests.manual_clock import ManualClock

from .codec import Container, decode, wav_header
from .faults import FaultKind
from .recorded import noisy, spoken
from .settings import Settings
from .sound import tone
from .tencent import Tencent, timbre
from .tencent_client import TEXT, VOICE, ask, recording, speech
from .tencent_requests import CLONE, SPEECH, STREAM, USAGE, characters
from .tencent_settings import SDK_APP_ID
from .tencent_signature import sign
from .tencent_voices import library

SPOKEN = tone(TEXT, 24000, voice=VOICE)
EX_VOICE = "Portuguese_SentimentalLady"

_VECTOR_KEY = "ExampleSecretKey000000000000000"
_VECTOR_TIME = 1767225600
_VECTOR_BODY = (
    b'{"SdkAppId": 1400000000, "Text": "Hello, world.", "Model": "flow_02_turbo", "Voice": '
    b'{"VoiceId": "v-female-R2s4N9qJ"}, "AudioFormat": {"Format": "pcm", "SampleRate": 24000}}'
)


def headers(host: str, content_type: str = "application/json", **more: str) -> dict[str, str]:
    """Return the headers that are signed."""
    return {"content-type": content_type, "host": host} | {name.replace("_", "-"): more[name] for name in more}


# Signatures


@pytest.mark.parametrize(
    ("signed", "expected"),
    [
        (headers("trtc.tencentcloudapi.com"), "c8e4b55b2abc268d50d1a8c7bb8e3605d133a21c3e7e3c7c7c4d73368180c77d"),
        (headers("trtc.ai.tencentcloudapi.com"), "6d48d68de21dbaf5b4f1e048959b2194b0c739cfcc79f19900d55eb0339411d8"),
        (headers("127.0.0.1:8080"), "e16a7dd02793197d76fff5127f1cfd8bc95f3edfc115def31749fe2ad48db8a9"),
        (
            headers("trtc.ai.tencentcloudapi.com", "application/json; charset=utf-8", x_tc_action="TextToSpeechSSE"),
            "8586dae4afa9b6bb22f7a955b744ce527c0be345e361109532ad860408b273a1",
        ),
    ],
)
def test_signature_is_that_of_the_vectors(signed: dict[str, str], expected: str) -> None:
    """They were made by two other implementations."""
    assert sign(_VECTOR_KEY, _VECTOR_TIME, signed, _VECTOR_BODY) == expected


@pytest.mark.parametrize(
    "signed", [("content-type", "host"), ("content-type", "host", "x-tc-action"), ("host", "content-type")]
)
async def test_signature_is_checked_by_the_headers_that_it_names(
    tencent: Tencent, session: ClientSession, signed: tuple[str, ...]
) -> None:
    """As clients sign more or fewer of them."""
    assert (await ask(tencent, session, speech(), signed=signed)).streamed == SPOKEN


async def test_body_may_be_unsigned(tencent: Tencent, session: ClientSession) -> None:
    """Where a header says so."""
    body = b"UNSIGNED-PAYLOAD"
    reply = await ask(tencent, session, body, x_tc_content_sha256="UNSIGNED-PAYLOAD")
    assert reply.code == "InvalidParameter", "the signature is right, and this text is no JSON"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"secret_id": "AKIDsomebody"}, "AuthFailure.SecretIdNotFound"),
        ({"secret_key": "wrong"}, "AuthFailure.SignatureFailure"),
        ({"service": "cvm"}, "AuthFailure.SignatureFailure"),
        ({"skew": 301}, "AuthFailure.SignatureExpire"),
        ({"skew": -302}, "AuthFailure.SignatureExpire"),
        ({"skew": 290}, None),
        ({"skew": -290}, None),
        ({"authorization": "Bearer key"}, "AuthFailure.InvalidAuthorization"),
        ({"authorization": ""}, "AuthFailure.InvalidAuthorization"),
        ({"signed": ("host",)}, "AuthFailure.InvalidAuthorization"),
        ({"x_tc_timestamp": "now"}, "MissingParameter"),
        ({"x_tc_timestamp": ""}, "MissingParameter"),
        ({"action": ""}, "MissingParameter"),
        ({"action": "DescribeInstances"}, "InvalidAction"),
        ({"region": ""}, "MissingParameter"),
        ({"region": "eu-frankfurt"}, "UnsupportedRegion"),
        ({"x_tc_version": "2020-01-01"}, "NoSuchVersion"),
        ({"content_type": "text/plain"}, "InvalidParameter"),
    ],
)
async def test_request_is_refused_by_its_headers(
    tencent: Tencent, session: ClientSession, options: dict[str, Any], expected: str | None
) -> None:
    """JSON with status 200, of a bare content type."""
    reply = await ask(tencent, session, speech("" if expected is None else TEXT), **options)

    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
    assert reply.code == (expected or "InvalidParameter.TextLength")
    assert reply.json["RequestId"]


async def test_clock_of_the_service_counts(tencent: Tencent, session: ClientSession) -> None:
    """It may be moved."""
    tencent.clock.advance(-7200)
    assert (await ask(tencent, session, speech(), skew=7200)).code == "AuthFailure.SignatureExpire"
    assert (await ask(tencent, session, speech())).streamed == SPOKEN


async def test_temporary_key_needs_its_token(tencent: Tencent, session: ClientSession) -> None:
    """It is not signed."""
    tencent.configure(token="temporary")
    assert (await ask(tencent, session, speech())).code == "AuthFailure.TokenFailure"
    assert (await ask(tencent, session, speech(), x_tc_token="temporary")).streamed == SPOKEN


async def test_too_large_a_request_is_refused(tencent: Tencent, session: ClientSession) -> None:
    """Above 10 MB."""
    assert (await ask(tencent, session, b"{" * (10 * 1024 * 1024 + 1))).code == "RequestSizeLimitExceeded"


async def test_other_path_is_a_page(tencent: Tencent, session: ClientSession) -> None:
    """No answer of the service."""
    async with session.post(f"{tencent.url}/other") as response:
        assert (response.status, response.content_type) == (404, "text/html")


# Refusals of an account


@pytest.mark.parametrize(
    "code",
    [
        "AuthFailure.UnauthorizedOperation",
        "UnsupportedOperation.NotAllowed",
        "ResourceUnavailable",
        "MissingParameter.APIKey",
    ],
)
@pytest.mark.parametrize("action", [SPEECH, STREAM, CLONE, USAGE])
async def test_account_is_refused(tencent: Tencent, session: ClientSession, action: str, code: str) -> None:
    """Once it is known: with no policy, no package, arrears."""
    tencent.configure(refused_with=code)

    assert (await ask(tencent, session, {}, action)).code == code
    assert (await ask(tencent, session, {}, action, secret_key="wrong")).code == "AuthFailure.SignatureFailure"


@pytest.mark.parametrize("code", [None, "UnauthorizedOperation.SdkAppId", "InvalidParameter.SdkAppId"])
async def test_application_is_checked(tencent: Tencent, session: ClientSession, code: str | None) -> None:
    """Before the voice, so that a voice that does not exist shows that all else is right."""
    if code:
        tencent.configure(unknown_app_code=code)
    nobody = {"VoiceId": "nobody"}

    wrong = await ask(tencent, session, speech(SdkAppId=1, voice=nobody))
    right = await ask(tencent, session, speech(voice=nobody))

    assert wrong.code == (code or "FailedOperation.SdkAppIdNotExist")
    assert right.code == "InvalidParameter.VoiceId"
    assert "'nobody' not found" in right.json["Error"]["Message"]
    assert tencent.account.used == []


@pytest.mark.parametrize("action", [SPEECH, STREAM])
async def test_any_code_comes_by_a_fault(tencent: Tencent, session: ClientSession, action: str) -> None:
    """With status 200; for one action of those at the same address."""
    tencent.add_fault(FaultKind.STATUS, f"/{SPEECH}", code="LimitExceeded.ConcurrencyLimit", times=-1)
    tencent.add_fault(FaultKind.STATUS, f"/{STREAM}", code="LimitExceeded.ConcurrencyLimit", times=-1)

    reply = await ask(tencent, session, speech(), action)

    assert (reply.status, reply.code) == (200, "LimitExceeded.ConcurrencyLimit")
    assert [entry.endpoint for entry in tencent.asked(f"/{action}")] == [f"/{action}"]


async def test_status_alone_is_a_page(tencent: Tencent, session: ClientSession) -> None:
    """Of what stands before the service, which answers 200 only."""
    tencent.add_fault(FaultKind.STATUS, status=502, message="<Bad gateway>")

    reply = await ask(tencent, session, speech())

    assert (reply.status, reply.headers["Content-Type"]) == (502, "text/html")
    assert b"&lt;Bad gateway&gt;" in reply.body


# Parameters


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"[]", "InvalidParameter"),
        (b"{", "InvalidParameter"),
        ({"Text": TEXT, "Voice": {"VoiceId": VOICE}}, "MissingParameter"),
        ({"SdkAppId": SDK_APP_ID, "Text": TEXT}, "MissingParameter"),
        ({"SdkAppId": SDK_APP_ID, "Text": TEXT, "Voice": {}}, "MissingParameter"),
        (speech(SdkAppId=str(SDK_APP_ID)), "InvalidParameter"),
        (speech(APIKey="sk-1"), "UnknownParameter"),
        (speech(voice={"Language": "zh"}), "UnknownParameter"),
        (speech(AudioFormat={"BitRate": 64}), "UnknownParameter"),
        (speech(Voice="Anna"), "InvalidParameter"),
        (speech(3), "InvalidParameter"),
        (speech(Model="flow_99"), "InvalidParameter.Model"),
        (speech(voice={"VoiceId": EX_VOICE}), "InvalidParameter.VoiceId"),
        (speech(voice={"VoiceId": EX_VOICE}, Model="flow_01_ex"), None),
        (speech(Model="flow_01_ex"), None),
        (speech(Model="flow_01_turbo"), None),
        (speech(Model=""), None),
        (speech(Language=""), None),
        (speech(Language="th"), None),
        (speech(Language="pt"), "InvalidParameter.Language"),
        (speech(Language="pt", Model="flow_01_ex"), None),
        (speech(voice={"Speed": 0.5}), None),
        (speech(voice={"Speed": 2}), None),
        (speech(voice={"Speed": 2.1}), "InvalidParameter.Speed"),
        (speech(voice={"Speed": True}), "InvalidParameter"),
        (speech(voice={"Volume": 10}), None),
        (speech(voice={"Volume": 0}), "InvalidParameter.Volume"),
        (speech(voice={"Volume": 10.1}), "InvalidParameter.Volume"),
        (speech(voice={"Pitch": 12}), None),
        (speech(voice={"Pitch": 13}), "InvalidParameter.Pitch"),
        (speech(voice={"Pitch": 1.5}), "InvalidParameter"),
        (speech(voice={"Emotion": "whisper"}), None),
        (speech(voice={"Emotion": "bored"}), "InvalidParameter"),
        (speech(AudioFormat={"Format": "wma"}), "InvalidParameter"),
        (speech(AudioFormat={"SampleRate": 8000}), None),
        (speech(AudioFormat={"SampleRate": 22050}), "InvalidParameter.SampleRate"),
        (speech(AudioFormat={"Format": "mp3", "Bitrate": 32}), "InvalidParameter"),
        (speech(AlignmentMode=3), "InvalidParameter"),
        (speech(PronunciationDict=[{"Word": "a"}]), "InvalidParameter.PronunciationDict"),
        (speech(PronunciationDict=[{"Word": "a", "Pronunciation": ""}]), "InvalidParameter.PronunciationDict"),
        (speech(ExtraParams="{}"), None),
    ],
)
@pytest.mark.parametrize("action", [SPEECH, STREAM])
async def test_parameters_are_checked(
    tencent: Tencent, session: ClientSession, action: str, payload: Any, expected: str | None
) -> None:
    """By both actions alike; what is refused is not counted."""
    reply = await ask(tencent, session, payload, action)

    if expected is None:
        assert reply.events[-1]["IsEnd"] if action == STREAM else reply.json["Audio"]
    else:
        assert reply.code == expected
    assert bool(tencent.account.used) is (expected is None)


@pytest.mark.parametrize(
    ("action", "text", "expected"),
    [
        (SPEECH, "", "MissingParameter.Text"),
        (STREAM, "", "InvalidParameter.TextLength"),
        (SPEECH, "a" * 2000, None),
        (SPEECH, "a" * 2001, "InvalidParameter.TextLength"),
        (SPEECH, "你" * 1000, None),
        (SPEECH, "你" * 1000 + ".", "InvalidParameter.TextLength"),
        (STREAM, "你" * 10001, "InvalidParameter.TextLength"),
        (STREAM, "a" * 20001, "InvalidParameter.TextLength"),
        (STREAM, "a" * 2001, None),
    ],
)
async def test_length_of_a_text_is_limited(
    tencent: Tencent, session: ClientSession, action: str, text: str, expected: str | None
) -> None:
    """By the service's own count."""
    reply = await ask(tencent, session, speech(text, AudioFormat={"SampleRate": 8000}), action)

    assert reply.code == expected if expected or action == SPEECH else reply.events[-1]["IsEnd"]


async def test_wav_comes_whole_only(tencent: Tencent, session: ClientSession) -> None:
    """A stream is refused it."""
    asked = speech(AudioFormat={"Format": "wav"})
    whole = await ask(tencent, session, asked, SPEECH)

    assert base64.b64decode(whole.json["Audio"]) == wav_header(24000, data_size=len(SPOKEN)) + SPOKEN
    assert (await ask(tencent, session, asked, STREAM)).code == "InvalidParameter"


async def test_older_limits(tencent: Tencent, session: ClientSession) -> None:
    """As the international documents still have them."""
    tencent.configure(older_limits=True)

    assert (await ask(tencent, session, speech("a" * 256))).code == "InvalidParameter.TextLength"
    assert (await ask(tencent, session, speech(AudioFormat={"Format": "mp3"}))).code == "InvalidParameter"
    assert (await ask(tencent, session, speech("a" * 255))).events


@pytest.mark.parametrize(
    ("text", "expected"), [("你好", 4), ("Hello", 5), ("你好，世界！", 10), ("こんにちは", 5), ("", 0)]
)
def test_characters_are_counted_as_they_are_charged(text: str, expected: int) -> None:
    """The examples of the price list."""
    assert characters(text) == expected


def test_voices_are_the_published_ones() -> None:
    """97 for all models, 327 for one."""
    voices = library()
    assert sum(len(models) == 3 for models in voices.values()) == 97
    assert sum(models == ("flow_01_ex",) for models in voices.values()) == 327


# Speech


async def test_settings_change_the_sound(tencent: Tencent, session: ClientSession) -> None:
    """Emotion only with the model that honours it."""
    settings = {"Speed": 2.0, "Pitch": -3, "Emotion": "sad"}
    turbo = await ask(tencent, session, speech(voice=settings))
    ex = await ask(tencent, session, speech(voice=settings, Model="flow_01_ex"))

    assert turbo.streamed == tone(TEXT, 24000, voice=timbre(VOICE, pitch=-3), speed=2.0)
    assert ex.streamed == tone(TEXT, 24000, voice=timbre(VOICE, pitch=-3, emotion="sad"), speed=2.0)


async def test_words_are_pronounced_as_asked(tencent: Tencent, session: ClientSession) -> None:
    """The last of the same words counts."""
    words = [("Good", "Bad"), ("Good", "[gud]"), ("one", "body")]
    asked = speech(PronunciationDict=[{"Word": word, "Pronunciation": sound} for word, sound in words])

    assert (await ask(tencent, session, asked)).streamed == tone("gud evening, everybody.", 24000, voice=VOICE)


@pytest.mark.parametrize("dialect", ["audio", "chunk"])
@pytest.mark.parametrize("ending", ["last_audio", "empty_audio", "no_audio", "end_event"])
@pytest.mark.parametrize("crlf", [False, True])
async def test_events_of_a_stream(
    tencent: Tencent, session: ClientSession, dialect: str, ending: str, *, crlf: bool
) -> None:
    """In both dialects, with each end; the answer names its request."""
    tencent.configure(dialect=dialect, ending=ending, crlf=crlf, comments=crlf)

    reply = await ask(tencent, session, speech())

    events = reply.events
    chunks = [event for event in events if event["Type"] == dialect]
    assert (reply.headers["Content-Type"], reply.streamed) == ("text/event-stream", SPOKEN)
    assert [(chunk["ChunkId"], chunk["Seq"]) for chunk in chunks] == [(f"chunk_{n}", n) for n in range(len(chunks))]
    assert {event["RequestId"] for event in events} == {reply.headers["X-TC-RequestId"]}
    assert [event.get("IsEnd", event["Type"] == "end") for event in events] == [False] * (len(events) - 1) + [True]
    assert (events[-1].get("Audio") in (None, "")) is (ending != "last_audio")
    assert reply.body.endswith(b"\r\n\r\n" if crlf else b"\n\n")


@pytest.mark.parametrize("audio_format", ["mp3", "opus"])
@pytest.mark.parametrize("action", [SPEECH, STREAM])
async def test_compressed_sound(tencent: Tencent, session: ClientSession, action: str, audio_format: str) -> None:
    """Over both transports."""
    reply = await ask(tencent, session, speech(AudioFormat={"Format": audio_format, "Bitrate": 64}), action)

    sound = reply.streamed if action == STREAM else base64.b64decode(reply.json["Audio"])
    assert decode(sound, 24000).duration == pytest.approx(len(SPOKEN) / 48000, abs=0.3)


async def test_line_can_be_long(tencent: Tencent, session: ClientSession) -> None:
    """Over 128 KiB."""
    tencent.configure(chunk_duration=60.0)
    text = "A long sentence that is one event. " * 4

    reply = await ask(tencent, session, speech(text))

    assert max(map(len, reply.body.splitlines())) > 128 * 1024
    assert reply.streamed == tone(text, 24000, voice=VOICE)


async def test_stream_fails_in_the_middle(tencent: Tencent, session: ClientSession) -> None:
    """With an event of its own, and no end."""
    tencent.add_fault(FaultKind.STATUS, f"/{STREAM}", after_frames=2, code="InternalError", message="Sorry")

    reply = await ask(tencent, session, speech())

    *chunks, error = reply.events
    assert [chunk["IsEnd"] for chunk in chunks] == [False, False]
    assert (error["Type"], error["Error"]) == ("error", {"Code": "InternalError", "Message": "Sorry"})


@pytest.mark.parametrize(("mode", "words"), [(1, 0), (2, 2)])
@pytest.mark.parametrize("action", [SPEECH, STREAM])
async def test_sentences_are_timed(
    tencent: Tencent, session: ClientSession, action: str, mode: int, words: int
) -> None:
    """Words only with the model that times them."""
    text = "Good evening. How are you?"
    for model in ("flow_02_turbo", "flow_01_ex"):
        reply = await ask(tencent, session, speech(text, AlignmentMode=mode, Model=model), action)
        items = (reply.events[-1] if action == STREAM else reply.json)["Alignments"]
        assert [text[item["TextBegin"] : item["TextEnd"]].strip() for item in items] == [
            "Good evening.",
            "How are you?",
        ]
        assert [item["Text"] for item in items] == ["Good evening.", "How are you?"]
        assert 0 == items[0]["TimeBeginMs"] < items[0]["TimeEndMs"] < items[1]["TimeBeginMs"] < items[1]["TimeEndMs"]
        assert len(items[0]["Words"]) == (words if model == "flow_01_ex" else 0)
        assert all(text[word["WordBegin"] : word["WordEnd"]] == word["Word"] for word in items[1]["Words"])


async def test_sound_takes_its_time(socket_enabled: None, session: ClientSession, clock: ManualClock) -> None:
    """A wait for the first, and then faster than it is played."""
    async with Tencent(Settings(ttfb=0.3, realtime_factor=4.0)) as tencent:
        asking = asyncio.create_task(ask(tencent, session, speech(), SPEECH))
        while not asking.done():
            clock.advance(0.05)
            for _ in range(20):
                await asyncio.sleep(0)
        assert (await asking).json["TotalDurationMs"] == round(len(SPOKEN) / 48)


# Cloning


@pytest.mark.parametrize("container", [Container.WAV, Container.MP3])
async def test_voice_is_cloned(tencent: Tencent, session: ClientSession, container: Container) -> None:
    """It speaks with the model that it was cloned for, and isn't listed."""
    reply = await ask(tencent, session, recording(spoken(6.5, container), Model="flow_01_ex", PromptText="This"), CLONE)

    voice_id = reply.json["VoiceId"]
    ex = await ask(tencent, session, speech(voice={"VoiceId": voice_id}, Model="flow_01_ex"))
    turbo = await ask(tencent, session, speech(voice={"VoiceId": voice_id}))
    assert voice_id.startswith("Anna_1_")
    assert ex.streamed == tone(TEXT, 24000, voice=voice_id)
    assert turbo.code == "InvalidParameter.VoiceId"
    assert set(tencent.asked(f"/{CLONE}")[0].body["PromptAudio"]) == {"size", "sha256"}


@pytest.mark.parametrize(
    ("audio", "fields", "expected"),
    [
        (lambda: spoken(5.9), {}, "InvalidParameter.AudioPrompt"),
        (lambda: b"not audio", {}, "InvalidParameter.AudioPrompt"),
        (lambda: spoken(7, Container.FLAC), {}, "InvalidParameter.AudioPrompt"),
        (lambda: noisy(7), {}, "UnsupportedOperation.VoiceCloneError"),
        (lambda: b"", {"PromptAudio": "no base64!"}, "InvalidParameter.AudioPrompt"),
        (lambda: b"", {"VoiceName": "Anna Lena"}, "InvalidParameter.VoiceName"),
        (lambda: b"", {"VoiceName": "A" * 37}, "InvalidParameter.VoiceName"),
        (lambda: b"", {"VoiceName": None}, "InvalidParameter"),
        (lambda: b"", {"Model": "flow_99"}, "InvalidParameter.Model"),
        (lambda: b"", {"Language": "pt"}, "InvalidParameter.Language"),
    ],
)
async def test_recording_is_checked(
    tencent: Tencent, session: ClientSession, audio: Any, fields: dict[str, Any], expected: str
) -> None:
    """File type, length, content, and name."""
    assert (await ask(tencent, session, recording(audio(), **fields), CLONE)).code == expected
    assert tencent.clones == {}


async def test_number_of_clones_is_limited(tencent: Tencent, session: ClientSession) -> None:
    """If the response has the maximum."""
    tencent.configure(clone_limit=1)
    asked = recording(spoken(6.5))

    assert (await ask(tencent, session, asked, CLONE)).code is None
    assert (await ask(tencent, session, asked, CLONE)).code == "LimitExceeded.VoiceCloneMaxNumLimit"


# Limits and usage


@pytest.mark.parametrize(
    ("where", "limit"),
    [
        ({"action": CLONE, "region": "ap-beijing"}, 5),
        ({"action": STREAM, "region": "ap-singapore"}, 20),
        ({"action": SPEECH, "region": "ap-singapore"}, 20),
        ({"action": STREAM, "region": "ap-shanghai"}, 100),
    ],
)
async def test_rate_is_limited(
    tencent: Tencent, session: ClientSession, monkeypatch: pytest.MonkeyPatch, where: dict[str, Any], limit: int
) -> None:
    """By the second, as the documents of each site say; each action for itself."""
    monkeypatch.setattr("tests.emulator.clock.time.time", lambda: 1767225600.0)
    codes = [(await ask(tencent, session, {}, **where)).code for _ in range(limit + 1)]

    assert codes == ["MissingParameter"] * limit + ["RequestLimitExceeded"]
    assert (await ask(tencent, session, {}, USAGE)).code == "MissingParameter"
    tencent.clock.advance(1)
    assert (await ask(tencent, session, {}, **where)).code == "MissingParameter"


async def test_requests_at_a_time_are_limited(tencent: Tencent, session: ClientSession) -> None:
    """Until the one that runs has ended."""
    tencent.configure(concurrency_limit=1)
    tencent.add_fault(FaultKind.STALL, after_frames=1)
    running = asyncio.create_task(ask(tencent, session, speech()))
    while not tencent.requests or not tencent.requests[0].sent:
        await asyncio.sleep(0)

    assert (await ask(tencent, session, speech())).code == "LimitExceeded.ConcurrencyLimit"
    running.cancel()
    await asyncio.wait([running])
    while not tencent.requests[0].ended:
        await asyncio.sleep(0)
    assert (await ask(tencent, session, speech())).streamed == SPOKEN


async def test_package_runs_out(tencent: Tencent, session: ClientSession) -> None:
    """Other clients use it, too."""
    tencent.change_quota({"remaining": 30})
    assert (await ask(tencent, session, speech())).streamed == SPOKEN
    assert tencent.change_quota({"spend": 5}) == {"used": len(TEXT) + 5, "remaining": 30 - len(TEXT) - 5}
    assert (await ask(tencent, session, speech())).code == "UnsupportedOperation.NotAllowed"
    tencent.change_quota({"remaining": None})
    assert (await ask(tencent, session, speech())).streamed == SPOKEN
    with pytest.raises(ValueError, match="characters"):
        tencent.change_quota({"credits": 3})


async def test_usage_is_told(tencent: Tencent, session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """By five minutes within a day, and by days beyond it; only at the China site."""
    monkeypatch.setattr("tests.emulator.clock.time.time", lambda: 1767225600.0)
    tencent.change_quota({"spend": 7})
    tencent.clock.advance(300)
    await ask(tencent, session, speech("你好"))
    day = {"StartTime": "2026-01-01 00:00:00", "EndTime": "2026-01-01 23:59:59", "AuType": ["tts", "asr"]}
    month = day | {"EndTime": "2026-01-31 00:00:00", "AuType": ["tts"], "SdkAppId": str(SDK_APP_ID)}

    told = (await ask(tencent, session, day, USAGE)).json
    assert (told["UsageKey"], told["TotalUsage"], len(told["UsageList"])) == (["tts", "asr"], [11.0, 0.0], 288)
    assert told["UsageList"][:2] == [
        {"TimeKey": "2026-01-01 00:00:00", "UsageValue": [7.0, 0.0]},
        {"TimeKey": "2026-01-01 00:05:00", "UsageValue": [4.0, 0.0]},
    ]
    told = (await ask(tencent, session, month, USAGE)).json
    assert (told["TotalUsage"], len(told["UsageList"])) == ([11.0], 31)
    for wrong, code in (
        ({"EndTime": "2026-02-02 00:00:00"}, "InvalidParameter.QueryScaleOversize"),
        ({"EndTime": "tomorrow"}, "InvalidParameter"),
        ({"AuType": []}, "InvalidParameter"),
        ({"SdkAppId": "1"}, "FailedOperation.SdkAppIdNotExist"),
    ):
        assert (await ask(tencent, session, day | wrong, USAGE)).code == code
    assert (await ask(tencent, session, day, USAGE, region="ap-singapore")).code == "InvalidAction"
