"""Speech by the emulated Flow service, in both contracts and all dialects."""

import base64
import math
from typing import Any

import pytest

from .codec import decode, wav_header
from .flow_client import STREAM, SYNTHESIZE, TEXT, VOICE, Contract, FlowClient, flow_client, portal_body
from .sound import tone

SPOKEN = tone(TEXT, 24000, voice=VOICE)
SECONDS = len(SPOKEN) / 48000
CHUNKS = math.ceil(SECONDS / 0.1)


# The portal page


async def test_portal_synthesis_has_the_shape_of_its_page(portal: FlowClient) -> None:
    """Nested data with a WAV, and the quota."""
    reply = await portal.post(SYNTHESIZE, portal_body())

    assert base64.b64decode(reply.json["data"]["audio"]) == wav_header(24000, data_size=len(SPOKEN)) + SPOKEN
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/json"
    assert {key: value for key, value in reply.json.items() if key != "data"} == {
        "code": "success",
        "message": "TTS synthesis completed successfully",
        "quota": {"daily": 100, "used": 1, "remaining": 99},
    }
    assert {key: value for key, value in reply.json["data"].items() if key != "audio"} == {
        "format": "wav",
        "sampleRate": 24000,
        "duration": pytest.approx(SECONDS),
    }


async def test_portal_stream_counts_its_chunks_and_ends_with_sound(portal: FlowClient) -> None:
    """One line per event, integer IDs, and a last event with both IsEnd and audio."""
    reply = await portal.post(STREAM, portal_body())

    assert reply.headers["Content-Type"] == "text/event-stream"
    assert reply.headers["Cache-Control"] == "no-cache"
    assert all(block.count("\n") == 0 for block in reply.body.decode().removesuffix("\n\n").split("\n\n"))
    assert [sorted(event) for event in reply.events] == [["Audio", "ChunkId", "IsEnd", "Type"]] * CHUNKS
    assert [event["ChunkId"] for event in reply.events] == list(range(1, CHUNKS + 1))
    assert [event["IsEnd"] for event in reply.events] == [False] * (CHUNKS - 1) + [True]
    assert {event["Type"] for event in reply.events} == {"audio"}
    assert all(event["Audio"] for event in reply.events)
    assert reply.streamed == SPOKEN


@pytest.mark.parametrize("path", [SYNTHESIZE, STREAM])
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": TEXT},
        {"ttsConfig": {"TTSType": "flow", "VoiceId": VOICE}},
        {"text": TEXT, "ttsConfig": "flow"},
        {"text": TEXT, "ttsConfig": {"VoiceId": VOICE}},
        {"text": TEXT, "ttsConfig": {"TTSType": "flow"}},
        {"text": TEXT, "voiceId": VOICE},
        portal_body(""),
        portal_body(17),
        portal_body(VoiceId="v-of-nobody"),
        portal_body(TTSType="other"),
        portal_body(Model="flow_09"),
        portal_body(Language="en-US"),
        portal_body(Language=None),
        portal_body(Speed=0.49),
        portal_body(Speed=2.01),
        portal_body(Speed="fast"),
        portal_body(Speed=True),
        portal_body(Volume=0),
        portal_body(Volume=10.1),
        portal_body(Pitch=-12.5),
        portal_body(Pitch=13),
        [],
    ],
)
async def test_portal_refuses_what_its_page_does_not_allow_and_charges_for_it(
    portal: FlowClient, path: str, body: Any
) -> None:
    """The point is deducted before the request is looked at."""
    assert (await portal.post(path, body)).error == (400, "invalid_request")

    assert (await portal.post(SYNTHESIZE, portal_body())).json["quota"]["used"] == 2


async def test_portal_refuses_what_is_no_json_and_charges_nothing(portal: FlowClient) -> None:
    """Such a body is refused before anyone looks at the quota."""
    headers = {"Authorization": f"Bearer {portal.token}", "Content-Type": "application/json"}

    assert (await portal.request("POST", SYNTHESIZE, data=b"{text", headers=headers)).error == (400, "invalid_request")

    assert (await portal.post(SYNTHESIZE, portal_body())).json["quota"]["used"] == 1


@pytest.mark.parametrize(
    "config",
    [
        {"Model": "flow_01_turbo"},
        {"Speed": 0.5, "Volume": 0.01, "Pitch": -12},
        {"Speed": 2, "Volume": 10, "Pitch": 12},
        *({"Language": language} for language in ("zh", "en", "ja", "ko", "yue")),
        {"VoiceId": "male-qn-qingse"},
        {"VoiceId": "v-en-female-amy"},
        {"VoiceId": "v-en-male-brian"},
        {"SomethingNew": 1},
    ],
)
async def test_portal_takes_what_its_page_allows(portal: FlowClient, config: dict[str, Any]) -> None:
    """Bounds are within the ranges."""
    assert (await portal.post(SYNTHESIZE, portal_body(**config))).status == 200


@pytest.mark.parametrize(
    "config", [{"Speed": 1.5}, {"Volume": 0.5}, {"Pitch": 2}, {"VoiceId": "v-en-female-amy"}], ids=str
)
async def test_settings_of_a_voice_are_heard(portal: FlowClient, config: dict[str, Any]) -> None:
    """So that clients that forget a setting or keep old audio are detected."""
    assert (await portal.post(STREAM, portal_body(**config))).streamed != SPOKEN


async def test_speed_and_volume_do_to_the_sound_what_they_say(portal: FlowClient) -> None:
    """Twice as fast is half as long; half the volume is half the samples."""
    fast = await portal.post(STREAM, portal_body(Speed=2))
    quiet = await portal.post(STREAM, portal_body(Volume=0.5))

    assert len(fast.streamed) == len(SPOKEN) / 2
    loudest, quietest = (max(memoryview(sound).cast("h").tolist()) for sound in (SPOKEN, quiet.streamed))
    assert quietest == pytest.approx(loudest / 2, abs=1)


# The open-sourced backend


@pytest.mark.parametrize(
    ("wanted", "named", "opening"),
    [
        ({}, ("pcm", 24000), tone(TEXT, 24000, voice=VOICE)[:16]),
        ({"format": "pcm", "sampleRate": 16000}, ("pcm", 16000), tone(TEXT, 16000, voice=VOICE)[:16]),
        ({"format": "wav"}, ("wav", 24000), b"RIFF"),
        ({"format": "mp3", "bitrate": 64}, ("mp3", 24000), b"\xff"),
        ({"format": "opus"}, ("opus", 24000), b"OggS"),
        ({"format": "flac", "sampleRate": 44100}, ("pcm", 24000), tone(TEXT, 24000, voice=VOICE)[:16]),
    ],
)
async def test_backend_answers_flat_in_the_form_that_is_asked(
    backend: FlowClient, wanted: dict[str, object], named: tuple[str, int], opening: bytes
) -> None:
    """Headerless PCM where nothing is said, and where something is said that it does not have."""
    reply = await backend.post(SYNTHESIZE, {"text": TEXT} | wanted)

    audio = base64.b64decode(reply.json["audio"])
    assert (reply.json["audioFormat"], reply.json["sampleRate"]) == named
    assert audio.startswith(opening)
    assert reply.json["code"] == "success"
    assert reply.json["quota"] == {"daily": 10_000, "used": 100, "remaining": 9900, "tier": "free"}
    assert reply.json["appliedParams"] == {"speed": 1.0, "volume": 1.0, "pitch": 0.0}
    assert (reply.json["requestedLanguage"], reply.json["providerAutoDetect"]) == (None, True)
    assert reply.json["requestId"]


@pytest.mark.parametrize("form", ["wav", "mp3", "opus"])
async def test_backend_formats_play(backend: FlowClient, form: str) -> None:
    """Decoding each gives the same length."""
    reply = await backend.post(SYNTHESIZE, {"text": TEXT, "format": form})

    assert decode(base64.b64decode(reply.json["audio"]), 24000).duration == pytest.approx(SECONDS, abs=0.1)


async def test_backend_clamps_silently(backend: FlowClient) -> None:
    """And responds with the applied settings."""
    body = {"text": TEXT, "speed": 9, "volume": -3, "pitch": "40", "language": "en"}
    reply = await backend.post(SYNTHESIZE, body)

    assert reply.json["appliedParams"] == {"speed": 2.0, "volume": 0.1, "pitch": 12.0}
    assert (reply.json["requestedLanguage"], reply.json["providerAutoDetect"]) == ("en", False)


async def test_backend_stream_relays_the_engine_and_tells_the_quota(backend: FlowClient) -> None:
    """String ids, RequestId, Seq, and the headers of every metered answer."""
    reply = await backend.post(STREAM, {"text": TEXT, "voiceId": VOICE, "language": "en"})

    assert [event["ChunkId"] for event in reply.events] == [str(number) for number in range(CHUNKS)]
    assert [event["Seq"] for event in reply.events] == list(range(CHUNKS))
    assert len({event["RequestId"] for event in reply.events}) == 1
    assert [event["IsEnd"] for event in reply.events] == [False] * (CHUNKS - 1) + [True]
    assert reply.streamed == SPOKEN
    assert {name: value for name, value in reply.headers.items() if name.startswith("X-Quota")} == {
        "X-Quota-Daily": "10000",
        "X-Quota-Used": "100",
        "X-Quota-Remaining": "9900",
        "X-Quota-Cost": "100",
    }


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"release": "june"}, ("100", "1", "99", "1")),
        ({"speech_cost": 7}, ("10000", "7", "9993", "7")),
        ({"quota_headers": False}, (None, None, None, None)),
    ],
)
async def test_the_headers_tell_the_price(
    backend: FlowClient, settings: dict[str, Any], told: tuple[str | None, ...]
) -> None:
    """That of the release, or another; they may be missing."""
    backend.flow.configure(**settings)
    reply = await backend.post(STREAM, {"text": TEXT})

    assert tuple(reply.headers.get(f"X-Quota-{name}") for name in ("Daily", "Used", "Remaining", "Cost")) == told


@pytest.mark.parametrize("contract", ["portal", "backend"])
async def test_bodies_may_not_tell_the_quota(socket_enabled: None, contract: Contract) -> None:
    """Then nothing does, or the headers alone."""
    async with flow_client(contract) as client:
        client.flow.configure(quota_in_bodies=False)
        spoken = await client.post(SYNTHESIZE, portal_body())
        refused = await client.post(SYNTHESIZE, {})

    assert (spoken.status, refused.status) == (200, 400)
    assert "quota" not in spoken.json
    assert "quota" not in refused.json


async def test_hearing_a_clone_is_cheaper(backend: FlowClient) -> None:
    """Where the request says that it is that."""
    reply = await backend.post(SYNTHESIZE, {"text": TEXT, "billingContext": "clone-audition"})

    assert (reply.headers["X-Quota-Cost"], reply.json["quota"]["used"]) == ("50", 50)


@pytest.mark.parametrize(
    ("body", "model"),
    [
        ({}, "flow_02_turbo"),
        ({"model": "flow_01_turbo"}, "flow_02_turbo"),
        ({"model": "flow_01_ex"}, "flow_01_ex"),
        ({"voiceId": "Portuguese_Wiselady", "model": "flow_02_turbo"}, "flow_01_ex"),
    ],
)
async def test_languages_go_by_the_model_of_the_voice(backend: FlowClient, body: dict[str, object], model: str) -> None:
    """The backend passes on any language, and the engine refuses what its model does not speak."""
    thai = await backend.post(SYNTHESIZE, {"text": TEXT, "language": "th"} | body)
    portuguese = await backend.post(SYNTHESIZE, {"text": TEXT, "language": "pt"} | body)
    nobody = await backend.post(SYNTHESIZE, {"text": TEXT, "language": "xx"} | body)

    assert (thai.status, thai.json["requestedLanguage"]) == (200, "th")
    assert portuguese.status == (200 if model == "flow_01_ex" else 500)
    assert nobody.error == (500, "tts_failed")
    assert nobody.json["message"].startswith(f"InvalidParameter.Language: {model}")


async def test_backend_of_june_ignores_what_came_later(backend: FlowClient) -> None:
    """No form in the answer, no settings for streams, and no endpoints for quota and addresses."""
    backend.flow.configure(release="june")
    whole = await backend.post(SYNTHESIZE, {"text": TEXT, "format": "opus", "emotion": "bored"})
    streamed = await backend.post(STREAM, {"text": TEXT, "speed": 2})

    assert base64.b64decode(whole.json["audio"]) == SPOKEN
    assert not {"audioFormat", "sampleRate"} & whole.json.keys()
    assert streamed.streamed == SPOKEN
    assert (await backend.get("/api/user/quota")).error == (404, "not_found")
    assert (await backend.get("/api/config")).error == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, (400, "missing_text")),
        ({"text": ""}, (400, "missing_text")),
        ({"text": TEXT, "emotion": "bored", "model": "flow_01_ex"}, (400, "invalid_emotion")),
        ({"text": TEXT, "voiceId": "v-of-nobody"}, (500, "tts_failed")),
    ],
)
async def test_backend_errors_carry_the_quota_and_cost_a_point(
    backend: FlowClient, body: dict[str, object], error: tuple[int, str]
) -> None:
    """They come after the deduction, and nothing is given back."""
    reply = await backend.post(SYNTHESIZE, body)

    assert reply.error == error
    assert (reply.headers["X-Quota-Used"], reply.headers["X-Quota-Remaining"]) == ("100", "9900")
    assert reply.json["quota"] == {"daily": 10_000, "used": 100, "remaining": 9900, "tier": "free"}


async def test_backend_speaks_with_emotion_where_the_model_can(backend: FlowClient) -> None:
    """The emotion changes the audio; the other model ignores it."""
    reply = await backend.post(SYNTHESIZE, {"text": TEXT, "emotion": "happy", "model": "flow_01_ex"})
    other = await backend.post(SYNTHESIZE, {"text": TEXT, "emotion": "happy"})

    assert reply.status == 200
    assert base64.b64decode(reply.json["audio"]) != SPOKEN
    assert base64.b64decode(other.json["audio"]) == SPOKEN


@pytest.mark.parametrize(
    "body", [{"text": TEXT, "voiceId": "v-of-nobody"}, {"text": "x" * 5001}], ids=["voice", "text"]
)
async def test_backend_stream_says_nothing_when_the_engine_refuses(
    backend: FlowClient, body: dict[str, object]
) -> None:
    """It answers 200 and no event, so that a client must notice the missing end by itself."""
    reply = await backend.post(STREAM, body)

    assert (reply.status, reply.headers["Content-Type"], reply.body) == (200, "text/event-stream", b"")
    assert reply.headers["X-Quota-Used"] == "100"


# Both


async def test_texts_may_be_as_long_as_the_limit(portal: FlowClient) -> None:
    """5000 characters are spoken, 5001 refused."""
    portal.flow.configure(chunk_duration=60)

    assert len((await portal.post(STREAM, portal_body("字" * 5000))).streamed) == 5000 * 2880
    assert (await portal.post(STREAM, portal_body("字" * 5001))).error == (400, "invalid_request")


async def test_the_engine_behind_the_backend_has_the_same_limit(backend: FlowClient) -> None:
    """Though the backend itself looks at no length."""
    assert (await backend.post(SYNTHESIZE, {"text": "x" * 5000})).status == 200
    assert (await backend.post(SYNTHESIZE, {"text": "x" * 5001})).error == (500, "tts_failed")


async def test_events_of_the_engine_dialect(backend: FlowClient) -> None:
    """Another type, and ids with a word in them."""
    backend.flow.configure(dialect="engine")
    reply = await backend.post(STREAM, {"text": TEXT})

    assert {event["Type"] for event in reply.events} == {"chunk"}
    assert [event["ChunkId"] for event in reply.events[:2]] == ["chunk_0", "chunk_1"]
    assert reply.streamed == SPOKEN


@pytest.mark.parametrize(
    ("ending", "last"),
    [
        ("empty_audio", {"Type": "audio", "ChunkId": str(CHUNKS), "Audio": "", "Seq": CHUNKS, "IsEnd": True}),
        ("end_event", {"Type": "end"}),
    ],
)
async def test_streams_may_end_in_other_ways(backend: FlowClient, ending: str, last: dict[str, object]) -> None:
    """With an empty chunk, or with a separate event."""
    backend.flow.configure(ending=ending)
    reply = await backend.post(STREAM, {"text": TEXT})

    assert [event.get("IsEnd") for event in reply.events[:-1]] == [False] * CHUNKS
    assert reply.events[-1] | {"RequestId": ""} == last | {"RequestId": ""}
    assert reply.streamed == SPOKEN


@pytest.mark.parametrize(
    ("settings", "opening"),
    [
        ({"pretty_events": True}, b'data: {\n  "Type": "audio",\n'),
        ({"comments": True}, b": keep-alive\n\ndata: {"),
        ({"comments": True, "pretty_events": True}, b": keep-alive\n\ndata: {\n"),
    ],
)
async def test_events_may_be_written_in_other_ways(
    portal: FlowClient, settings: dict[str, object], opening: bytes
) -> None:
    """Spread over lines as the page prints them, with comments between them."""
    portal.flow.configure(**settings)
    reply = await portal.post(STREAM, portal_body())

    assert reply.body.startswith(opening)
    assert reply.streamed == SPOKEN


async def test_old_deployments_send_the_quota_behind_the_sound(backend: FlowClient) -> None:
    """After the chunk that ends it."""
    backend.flow.configure(quota_event=True)
    *_, last, quota = (await backend.post(STREAM, {"text": TEXT})).events

    assert last["IsEnd"] is True
    assert (quota["Type"], quota["quota"]["remaining"]) == ("quota", 9900)


async def test_base64_may_be_cut_anywhere(portal: FlowClient) -> None:
    """Only all of it together decodes."""
    portal.flow.configure(cut_base64=True)
    pieces = [event["Audio"] for event in (await portal.post(STREAM, portal_body())).events]

    assert [len(piece) % 4 for piece in pieces] == [3, *[0] * (CHUNKS - 2), 1]
    assert base64.b64decode("".join(pieces)) == SPOKEN


async def test_the_sound_of_a_stream_may_begin_with_a_header(portal: FlowClient) -> None:
    """That of a WAV whose length is not known yet."""
    portal.flow.configure(stream_header=True)

    assert (await portal.post(STREAM, portal_body())).streamed == wav_header(24000) + SPOKEN


# Faults


async def test_an_error_in_the_middle_is_an_event_and_the_end(backend: FlowClient) -> None:
    """After two audio chunks."""
    backend.flow.add_fault("status", STREAM, after_frames=2, message="upstream is gone")
    reply = await backend.post(STREAM, {"text": TEXT})

    assert reply.status == 200
    assert reply.events[2:] == [{"error": "upstream is gone"}]
    assert reply.streamed == SPOKEN[: len(reply.streamed)]


async def test_the_engine_dialect_has_an_error_event_of_its_own(backend: FlowClient) -> None:
    """With a code."""
    backend.flow.configure(dialect="engine")
    backend.flow.add_fault("status", STREAM, after_frames=0, code="InternalError", message="no")
    (event,) = (await backend.post(STREAM, {"text": TEXT})).events

    assert (event["Type"], event["Error"]) == ("error", {"Code": "InternalError", "Message": "no"})


@pytest.mark.parametrize("events", [0, 1, 5])
async def test_streams_may_be_cut_between_events(portal: FlowClient, events: int) -> None:
    """They end cleanly for HTTP, but no event says that it is the last."""
    portal.flow.add_fault("truncate", STREAM, after_frames=events)
    reply = await portal.post(STREAM, portal_body())

    assert [event["IsEnd"] for event in reply.events] == [False] * events
    assert [event["ChunkId"] for event in (await portal.post(STREAM, portal_body())).events][-1] == CHUNKS


async def test_sound_may_be_malformed_in_one_event(portal: FlowClient) -> None:
    """No base64 in the third, the others whole."""
    portal.flow.add_fault("malformed_base64", STREAM, after_frames=2)
    reply = await portal.post(STREAM, portal_body())

    assert ["!" in event["Audio"] for event in reply.events] == [False, False, True] + [False] * (CHUNKS - 3)


@pytest.mark.parametrize(
    ("contract", "path", "body", "error"),
    [
        ("portal", SYNTHESIZE, portal_body(), (500, "internal_error")),
        ("portal", STREAM, portal_body(), (500, "internal_error")),
        ("backend", SYNTHESIZE, {"text": TEXT}, (500, "tts_failed")),
        ("backend", STREAM, {"text": TEXT}, (500, "tts_stream_failed")),
    ],
)
async def test_a_failure_of_the_service_costs_as_much_as_speech(
    socket_enabled: None, contract: Contract, path: str, body: dict[str, object], error: tuple[int, str]
) -> None:
    """There is no refund."""
    async with flow_client(contract) as client:
        client.flow.add_fault("status", path, status=500)

        assert (await client.post(path, body)).error == error
        price = 1 if contract == "portal" else 100
        assert (await client.post(SYNTHESIZE, body)).json["quota"]["used"] == 2 * price


# What costs nothing


async def test_portal_lists_voices_for_everyone(portal: FlowClient) -> None:
    """In the shape of its page, in all five languages, without a token."""
    reply = await portal.request("GET", "/api/tts/voices")

    voices = {voice["id"]: voice for voice in reply.json["voices"]}
    assert len(voices) == len(reply.json["voices"]) >= 20
    assert voices[VOICE] == {
        "id": VOICE,
        "name": "小芮",
        "description": "女声客服",
        "language": "zh-CN",
        "gender": "female",
    }
    assert {voice["language"].split("-")[0] for voice in voices.values()} == {"zh", "en", "ja", "ko"}
    assert {"male-qn-qingse", "v-en-female-amy", "v-en-male-brian"} <= voices.keys()


async def test_backend_lists_voices_with_more_about_them(backend: FlowClient) -> None:
    """A bare language, a capitalised gender, a sample, models; and some more voices where asked."""
    listed = (await backend.request("GET", "/api/tts/voices")).json["voices"]
    extended = (await backend.request("GET", "/api/tts/voices?includeExtended=true")).json["voices"]

    assert {voice["language"] for voice in listed} == {"zh", "en", "ja", "ko", "yue"}
    assert {voice["gender"] for voice in listed} == {"Female", "Male"}
    assert set(listed[0]) == {
        *("id", "name", "nameEn", "language", "description", "sampleText", "previewUrl"),
        *("gender", "tone", "style", "scenarios", "supportedLanguages", "model", "models", "provider"),
    }
    assert len(extended) > len(listed) >= 20


async def test_library_of_today_tells_models_and_languages(backend: FlowClient) -> None:
    """By entry, and by maps of the whole; that of June does not."""
    whole = (await backend.request("GET", "/api/tts/voices?includeExtended=true")).json
    standard = (await backend.request("GET", "/api/tts/voices")).json
    backend.flow.configure(release="june")
    older = (await backend.request("GET", "/api/tts/voices?includeExtended=true")).json

    entries = {voice["id"]: voice for voice in whole["voices"]}
    turbo, ex = entries["v-zh-female-lan"], entries["Portuguese_Wiselady"]
    assert (turbo["model"], turbo["models"]) == ("flow_02_turbo", ["flow_02_turbo", "flow_01_ex"])
    assert (turbo["supportedLanguages"], turbo["provider"]) == (["en", "th", "zh"], "tencent")
    assert (ex["model"], ex["models"], ex["provider"]) == ("flow_01_ex", ["flow_01_ex"], "minimax")
    assert ex["supportedLanguages"] == ["pt"]
    assert whole["languageMap"]["pt"]["count"] == 1
    assert "pt" not in whole["languageMaps"]["flow_02_turbo"]
    assert standard["languageMaps"].keys() == {"flow_02_turbo"}
    assert older.keys() == {"voices"}
    assert not {"model", "models", "provider"} & older["voices"][0].keys()


async def test_previews_of_the_backend_play(backend: FlowClient) -> None:
    """The URL in the list returns audio."""
    voice = (await backend.request("GET", "/api/tts/voices")).json["voices"][0]
    preview = await backend.request("GET", voice["previewUrl"].removeprefix(backend.flow.url))

    assert preview.headers["Content-Type"] == "audio/mpeg"
    assert decode(preview.body, 24000).duration > 0.2


@pytest.mark.parametrize("contract", ["portal", "backend"])
async def test_health_needs_no_token(socket_enabled: None, contract: Contract) -> None:
    """It says where it listens."""
    async with flow_client(contract) as client:
        reply = await client.request("GET", "/health")

    assert (reply.json["status"], f":{reply.json['port']}") == ("ok", client.flow.url[-6:])


async def test_backend_says_where_to_sign_in(backend: FlowClient) -> None:
    """The address and the public key of the sign-in service."""
    config = (await backend.request("GET", "/api/config")).json

    assert (config["supabaseUrl"], config["supabasePublishableKey"]) == (backend.flow.url, "demo-public-key")


@pytest.mark.parametrize(
    "path", ["/api/config", "/api/user/quota", "/api/voice/list", "/api/nothing", "/previews/x.mp3"]
)
async def test_portal_has_only_what_its_page_names(portal: FlowClient, path: str) -> None:
    """The backend's other endpoints are not there."""
    reply = await portal.get(path)

    assert reply.error == (404, "not_found")
    assert reply.json["message"] == f"Route GET {path} not found"


async def test_the_first_event_does_not_wait_for_the_rest(portal: FlowClient) -> None:
    """Each is sent once it's generated, and generation stops when the client disconnects."""
    portal.flow.configure(realtime_factor=0.0001)
    headers = {"Authorization": f"Bearer {portal.token}"}
    async with portal.http.post(portal.flow.url + STREAM, json=portal_body(), headers=headers) as response:
        first = await response.content.readline()
        (entry,) = portal.flow.asked(STREAM)

    assert first.startswith(b"data: {")
    assert entry.sent == len(first) + 1
    assert entry.ended == ""
