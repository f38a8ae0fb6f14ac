"""AsyncFlow over HTTP: speech, voices, errors and limits (docs/dev/protocols.md A)."""

import asyncio
from typing import Any

from aiohttp import ClientSession
import pytest

from .asyncflow import AsyncFlow
from .asyncflow_client import HEADERS, RETIRED, STREAMING, TEXT, VOICE, WHOLE, ask, speech
from .asyncflow_requests import MODELS
from .codec import Encoding, decode, samples, wav_header
from .faults import SENTINEL
from .sound import tone

SPOKEN = tone(TEXT, 24000, voice=VOICE)
SECONDS = len(SPOKEN) / 48000
FORMAT_REFUSED = (400, "FORMAT_NOT_RECOGNIZED")
INVALID = (400, "VALIDATION_ERROR")
EVERY_VOICE = {"limit": 100}


# Speech


@pytest.mark.parametrize("endpoint", [WHOLE, STREAMING])
async def test_text_is_spoken_in_the_voice(asyncflow: AsyncFlow, session: ClientSession, endpoint: str) -> None:
    """Headerless samples, nothing around them."""
    reply = await ask(session, asyncflow.url + endpoint, speech())

    assert (reply.status, reply.content_type) == (200, "application/octet-stream")
    assert reply.body == SPOKEN


async def test_stream_comes_in_chunks(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """As the service makes them: 0.1 s each, and no length beforehand."""
    async with session.post(asyncflow.url + STREAMING, json=speech(), headers=HEADERS) as response:
        assert response.headers["Transfer-Encoding"] == "chunked"
        assert "Content-Length" not in response.headers
        chunks = [data async for data, _ in response.content.iter_chunks()]

    assert b"".join(chunks) == SPOKEN
    assert len(chunks) > 1


@pytest.mark.parametrize("sample_rate", [8000, 16000, 22050, 44100, 48000])
@pytest.mark.parametrize("encoding", [Encoding.S16LE, Encoding.F32LE, Encoding.MULAW])
async def test_raw_samples_have_the_rate_and_encoding(
    asyncflow: AsyncFlow, session: ClientSession, sample_rate: int, encoding: Encoding
) -> None:
    """Little-endian and mono."""
    body = speech(format_encoding=encoding, format_sample_rate=sample_rate)

    reply = await ask(session, asyncflow.url + STREAMING, body)

    assert reply.body == samples(tone(TEXT, sample_rate, voice=VOICE), encoding)


async def test_encoding_may_be_left_out(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """Then it is s16le."""
    body = speech(output_format={"container": "raw", "sample_rate": 24000})

    assert (await ask(session, asyncflow.url + STREAMING, body)).body == SPOKEN


@pytest.mark.parametrize("encoding", [Encoding.S16LE, Encoding.F32LE])
async def test_wav_says_its_length(asyncflow: AsyncFlow, session: ClientSession, encoding: Encoding) -> None:
    """The whole file is known when it is sent."""
    reply = await ask(session, asyncflow.url + WHOLE, speech(format_container="wav", format_encoding=encoding))

    body = samples(SPOKEN, encoding)
    assert reply.content_type == "audio/wav"
    assert reply.body == wav_header(24000, encoding, len(body)) + body


@pytest.mark.parametrize(("endpoint", "content_type"), [(WHOLE, "audio/mpeg"), (STREAMING, "application/octet-stream")])
@pytest.mark.parametrize("bit_rate", [None, 32000, 128000, 320000])
async def test_mp3_has_the_bit_rate(
    asyncflow: AsyncFlow, session: ClientSession, endpoint: str, content_type: str, bit_rate: int | None
) -> None:
    """192 kbit/s where nothing is said; whatever is said of the encoding is ignored."""
    body = speech(
        format_container="mp3", format_encoding="pcm_mulaw", format_sample_rate=44100, format_bit_rate=bit_rate
    )

    reply = await ask(session, asyncflow.url + endpoint, body)

    sound = decode(reply.body, 44100)
    assert reply.content_type == content_type
    assert sound.duration == pytest.approx(SECONDS, abs=0.1)
    assert len(reply.body) * 8 / sound.duration == pytest.approx(bit_rate or 192000, rel=0.03)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"speed_control": 2.0}, tone(TEXT, 24000, voice=VOICE, speed=2.0)),
        ({"speed_control": 0.7, "stability": 100}, tone(TEXT, 24000, voice=VOICE, speed=0.7)),
        ({"stability": 0}, SPOKEN),
        ({"language": None}, SPOKEN),
        ({"language": "hi", "future_field": True}, SPOKEN),
        ({"transcript": f"  {TEXT}\n"}, SPOKEN),
    ],
)
async def test_settings_are_taken(
    asyncflow: AsyncFlow, session: ClientSession, changes: dict[str, Any], expected: bytes
) -> None:
    """At both ends of their ranges, and null is as good as nothing."""
    assert (await ask(session, asyncflow.url + STREAMING, speech(**changes))).body == expected


@pytest.mark.parametrize("model_id", MODELS)
@pytest.mark.parametrize("endpoint", [WHOLE, STREAMING])
async def test_model_is_where_it_is_offered(
    asyncflow: AsyncFlow, session: ClientSession, endpoint: str, model_id: str
) -> None:
    """Two of the current models only stream; the retired ones speak where they are let to."""
    asyncflow.configure(retired_models=())
    streams_only = model_id in ("async_flash_v1.5", "async_pro_v1.0")

    reply = await ask(session, asyncflow.url + endpoint, speech(model_id=model_id))

    assert reply.status == (400 if streams_only and endpoint == WHOLE else 200)


@pytest.mark.parametrize("model_id", RETIRED)
@pytest.mark.parametrize("endpoint", [WHOLE, STREAMING])
async def test_retired_model_is_refused(
    asyncflow: AsyncFlow, session: ClientSession, endpoint: str, model_id: str
) -> None:
    """With an undocumented code."""
    reply = await ask(session, asyncflow.url + endpoint, speech(model_id=model_id))

    assert (reply.status, reply.json["detail"]["error_code"]) == (400, "MODEL_NOT_SUPPORTED")
    assert model_id in reply.json["detail"]["message"]


@pytest.mark.parametrize(
    ("endpoint", "changes", "expected"),
    [
        (STREAMING, {"format_container": "wav"}, FORMAT_REFUSED),
        (WHOLE, {"format_container": "ogg"}, FORMAT_REFUSED),
        (WHOLE, {"format_encoding": "pcm_mulaw"}, FORMAT_REFUSED),
        (STREAMING, {"format_encoding": "pcm_alaw"}, FORMAT_REFUSED),
        (STREAMING, {"format_sample_rate": 7999}, FORMAT_REFUSED),
        (STREAMING, {"format_sample_rate": 48001}, FORMAT_REFUSED),
        (STREAMING, {"format_sample_rate": None}, FORMAT_REFUSED),
        (STREAMING, {"format_sample_rate": "24000"}, FORMAT_REFUSED),
        (STREAMING, {"format_container": "mp3", "format_bit_rate": 31999}, FORMAT_REFUSED),
        (STREAMING, {"format_container": "mp3", "format_bit_rate": 320001}, FORMAT_REFUSED),
        (STREAMING, {"output_format": None}, INVALID),
        (STREAMING, {"transcript": ""}, INVALID),
        (STREAMING, {"transcript": 5}, INVALID),
        (STREAMING, {"model_id": "async_flash_v9"}, INVALID),
        (STREAMING, {"voice": VOICE}, INVALID),
        (STREAMING, {"voice": {"mode": "embedding", "id": VOICE}}, INVALID),
        (STREAMING, {"voice": {"mode": "id"}}, INVALID),
        (STREAMING, {"voice": {"mode": "id", "id": "nobody"}}, (404, "VOICE_NOT_FOUND")),
        (STREAMING, {"language": "xx"}, (400, "INVALID_LANGUAGE")),
        (STREAMING, {"language": "nl"}, (400, "INVALID_LANGUAGE")),
        (STREAMING, {"language": "hi", "model_id": "async_flash_v1.5"}, (400, "INVALID_LANGUAGE")),
        (STREAMING, {"speed_control": 0.69}, INVALID),
        (STREAMING, {"speed_control": 2.01}, INVALID),
        (STREAMING, {"stability": 101}, INVALID),
        (STREAMING, {"speed_control": 1.0, "model_id": "async_flash_v1.5"}, INVALID),
    ],
)
async def test_wrong_request_is_refused(
    asyncflow: AsyncFlow, session: ClientSession, endpoint: str, changes: dict[str, Any], expected: tuple[int, str]
) -> None:
    """With a code, in the envelope of almost all errors."""
    reply = await ask(session, asyncflow.url + endpoint, speech(**changes))

    assert (reply.status, reply.json["detail"]["error_code"]) == expected
    assert reply.json["detail"]["message"]


async def test_validation_may_answer_with_a_list(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """The sources leave open which it is."""
    asyncflow.configure(validation="list")

    reply = await ask(session, asyncflow.url + STREAMING, speech(transcript=None))

    assert reply.status == 422
    assert [detail["loc"] for detail in reply.json["detail"]] == [["body", "transcript"]]


async def test_body_has_to_be_json(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """Whatever else arrives is refused, not crashed on."""
    async with session.post(asyncflow.url + STREAMING, data=b"{nonsense", headers=HEADERS) as response:
        assert response.status == 400


# Headers


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", WHOLE),
        ("POST", STREAMING),
        ("POST", "/voices"),
        ("POST", "/voices/batch"),
        ("GET", f"/voices/{VOICE}"),
        ("PUT", f"/voices/{VOICE}"),
        ("DELETE", f"/voices/{VOICE}"),
    ],
)
@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"version": "v1"}, (401, "INVALID_API_KEY")),
        ({"x-api-key": "sk_3300112233", "version": "v1"}, (401, "INVALID_API_KEY")),
        ({"x-api-key": "demo-key", "version": "v0.9"}, (404, "VERSION_NOT_FOUND")),
    ],
)
async def test_headers_are_checked_everywhere(
    *,
    asyncflow: AsyncFlow,
    session: ClientSession,
    method: str,
    path: str,
    headers: dict[str, str],
    expected: tuple[int, str],
) -> None:
    """Key and version."""
    reply = await ask(session, asyncflow.url + path, speech(), method=method, headers=headers)

    assert (reply.status, reply.json["detail"]["error_code"]) == expected


async def test_refused_key_is_told_masked(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """Never as a whole."""
    headers = {"X-API-Key": "sk_3300112233", "version": "v1"}

    reply = await ask(session, asyncflow.url + "/voices", {}, headers=headers)

    assert reply.json == {
        "detail": {
            "error_code": "INVALID_API_KEY",
            "message": "Invalid or expired API key.",
            "extra": {"api_key": "sk_33..."},
        }
    }


async def test_version_is_required_but_for_updates(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """So the pages say."""
    own = (await ask(session, asyncflow.url + "/voices", {"my_voice": True})).json["voices"][0]["voice_id"]
    headers = {"x-api-key": "demo-key"}

    updated = await ask(session, f"{asyncflow.url}/voices/{own}", {"style": "Calm"}, method="PUT", headers=headers)
    listed = await ask(session, asyncflow.url + "/voices", {}, headers=headers)

    assert (updated.status, listed.status) == (204, 400)


async def test_keys_can_be_changed(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """A key that was good is good no longer."""
    asyncflow.configure(keys=["another"])

    assert (await ask(session, asyncflow.url + "/voices", {})).status == 401


@pytest.mark.parametrize(
    ("old", "expected"), [(False, {"status": "ok", "version": "v1"}), (True, {"ok": True, "version": "v1"})]
)
async def test_status_needs_no_key(
    asyncflow: AsyncFlow, session: ClientSession, old: bool, expected: dict[str, Any]
) -> None:
    """In its two shapes."""
    asyncflow.configure(old_status=old)

    assert (await ask(session, asyncflow.url + "/", method="GET", headers={"version": "v1"})).json == expected


async def test_unknown_path_is_not_found(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """Whatever the method."""
    assert (await ask(session, asyncflow.url + "/credits", method="GET")).status == 404


# Limits


async def test_usage_ends_a_stream_with_the_sentinel(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """Behind the last sample that was allowed; from then on nothing is spoken at all."""
    asyncflow.configure(usage_limit=0.5)

    stream = await ask(session, asyncflow.url + STREAMING, speech())
    refused = await ask(session, asyncflow.url + STREAMING, speech())

    assert stream.status == 200
    assert stream.body == SPOKEN[:24000] + SENTINEL
    assert (refused.status, refused.json["detail"]) == (
        429,
        {
            "error_code": "USAGE_LIMIT_EXCEEDED",
            "message": "Quota exceeded. Please upgrade your plan or try later.",
            "extra": {"limit": 0, "current": 0},
        },
    )


async def test_usage_refuses_a_whole_file_that_goes_beyond(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """And charges nothing for it."""
    asyncflow.configure(usage_limit=0.5)

    assert (await ask(session, asyncflow.url + WHOLE, speech())).status == 429
    assert (await ask(session, asyncflow.url + WHOLE, speech(transcript="Hello"))).status == 200


@pytest.mark.parametrize("endpoint", [WHOLE, STREAMING])
async def test_usage_is_the_seconds_of_audio(asyncflow: AsyncFlow, session: ClientSession, endpoint: str) -> None:
    """What another client has used counts as well."""
    await ask(session, asyncflow.url + endpoint, speech())

    told = asyncflow.change_quota({"spend": 100, "limit": 3600})

    assert told == {"limit": 3600, "used": pytest.approx(100 + SECONDS)}


async def test_concurrency_is_limited(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """While others speak; when one of them has ended or gone away, another may."""
    asyncflow.configure(concurrency_limit=1)
    asyncflow.add_fault("stall", STREAMING, after_bytes=100)

    async with session.post(asyncflow.url + STREAMING, json=speech(), headers=HEADERS) as first:
        await first.content.readexactly(100)
        refused = await ask(session, asyncflow.url + STREAMING, speech())
    await _until_ended(asyncflow)
    allowed = await ask(session, asyncflow.url + STREAMING, speech())

    assert refused.json == {
        "detail": {
            "error_code": "TOO_MANY_CONCURRENT_REQUESTS",
            "message": "Too many concurrent requests",
            "extra": {"limit": 1, "current": 2},
        }
    }
    assert (refused.status, allowed.status) == (429, 200)
    assert asyncflow.asked(STREAMING)[0].ended == "abandoned"


@pytest.mark.parametrize("endpoint", [WHOLE, STREAMING])
async def test_requests_one_after_the_other_are_not_concurrent(
    asyncflow: AsyncFlow, session: ClientSession, endpoint: str
) -> None:
    """The slot is free once the client has read the end."""
    asyncflow.configure(concurrency_limit=1)

    replies = [await ask(session, asyncflow.url + endpoint, speech()) for _ in range(20)]

    assert {reply.status for reply in replies} == {200}


async def test_rate_is_limited(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """Within a minute of the service's clock; it says how long to wait."""
    asyncflow.configure(rate_limit=2)
    statuses = [(await ask(session, asyncflow.url + STREAMING, speech())).status for _ in range(2)]
    asyncflow.clock.advance(20)

    refused = await ask(session, asyncflow.url + STREAMING, speech())
    asyncflow.clock.advance(41)
    allowed = await ask(session, asyncflow.url + STREAMING, speech())

    detail = refused.json["detail"]
    assert (detail["error_code"], detail["message"]) == (
        "RATE_LIMIT_EXCEEDED",
        "Rate limit exceeded. Please try again later.",
    )
    assert detail["extra"] == {"limit": 2, "retry_after_ms": pytest.approx(40000, abs=2000)}
    assert (*statuses, refused.status, allowed.status) == (200, 200, 429, 200)


async def _until_ended(asyncflow: AsyncFlow) -> None:
    async with asyncio.timeout(10):
        while not all(entry.ended for entry in asyncflow.requests):
            await asyncio.sleep(0)


# Voices


async def test_voices_are_listed_page_by_page(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """Ten where nothing is said, also without a body; the last page has an empty cursor."""
    pages = [(await ask(session, asyncflow.url + "/voices")).json]
    while cursor := pages[-1]["next_cursor"]:
        pages.append((await ask(session, asyncflow.url + "/voices", {"after": cursor})).json)

    voices = [voice for page in pages for voice in page["voices"]]
    assert [len(page["voices"]) for page in pages] == [10, 10, 9]
    assert pages[-1]["next_cursor"] == ""
    assert len({voice["voice_id"] for voice in voices}) == 29
    assert voices[0] == {
        "voice_id": VOICE,
        "voice_type": "PREDEFINED",
        "name": "Nora",
        "description": "American voice for de",
        "language": "de,en,es,fr,it",
        "gender": "Female",
        "accent": "American",
        "style": "Casual,Calm",
        "created_at": "2025-03-30T11:15:32Z",
        "updated_at": "2025-05-19T14:37:07.297056",
    }


async def test_last_cursor_may_be_null(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """The sources leave it open."""
    asyncflow.configure(null_cursor=True)

    assert (await ask(session, asyncflow.url + "/voices", EVERY_VOICE)).json["next_cursor"] is None


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"my_voice": True}, ["Anna", "Doorbell", "Study voice"]),
        ({"language": "hi"}, ["Anjali", "Study voice"]),
        ({"language": "hi", "gender": "Male"}, ["Study voice"]),
        ({"gender": "Neutral"}, ["Xiang"]),
        ({"accent": "British"}, ["Ada", "Basil"]),
        ({"style": "Energetic"}, ["Dexter", "Ines"]),
        ({"language": "nl", "model_id": "async_pro_v1.0"}, ["Willem"]),
        ({"language": "he", "model_id": "async_pro_v1.0"}, []),
        ({"language": None, "gender": None, "limit": 1}, ["Nora"]),
    ],
)
async def test_voices_are_filtered(
    asyncflow: AsyncFlow, session: ClientSession, filters: dict[str, Any], names: list[str]
) -> None:
    """A voice has several languages and styles in one text."""
    page = (await ask(session, asyncflow.url + "/voices", filters)).json

    assert [voice["name"] for voice in page["voices"]] == names


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"limit": 0}, INVALID),
        ({"limit": 101}, INVALID),
        ({"gender": "male"}, INVALID),
        ({"model_id": "async_flash_v9"}, INVALID),
        ({"language": "xx"}, (400, "INVALID_LANGUAGE")),
        ({"after": "nobody"}, (404, "VOICE_NOT_FOUND")),
        ([], INVALID),
    ],
)
async def test_wrong_filter_is_refused(
    asyncflow: AsyncFlow, session: ClientSession, filters: Any, expected: tuple[int, str]
) -> None:
    """Rather than ignored."""
    reply = await ask(session, asyncflow.url + "/voices", filters)

    assert (reply.status, reply.json["detail"]["error_code"]) == expected


async def test_one_voice_and_several_are_read_by_id(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """Several at once leave out those that are not there."""
    one = (await ask(session, f"{asyncflow.url}/voices/{VOICE}", method="GET")).json
    several = (await ask(session, f"{asyncflow.url}/voices/batch", {"voice_ids": ["nobody", VOICE]})).json

    assert one["voice_id"] == VOICE
    assert several == [one]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_unknown_voice_is_told(asyncflow: AsyncFlow, session: ClientSession, method: str) -> None:
    """By its id."""
    reply = await ask(session, f"{asyncflow.url}/voices/nobody", {}, method=method)

    assert reply.status == 404
    assert reply.json["detail"] == {
        "error_code": "VOICE_NOT_FOUND",
        "message": "Requested voice with ID nobody not found.",
        "extra": {"voice_id": "nobody"},
    }


async def test_own_voice_is_updated_and_deleted(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """Both say no more than that it is done; a reset takes it back."""
    own = (await ask(session, asyncflow.url + "/voices", {"my_voice": True})).json["voices"][0]
    url = f"{asyncflow.url}/voices/{own['voice_id']}"
    changes = {"name": "Aunt", "description": "Hers", "gender": "Unspecified", "style": "Calm", "accent": "Irish"}

    updated = await ask(session, url, changes, method="PUT")
    read = await ask(session, url, method="GET")
    deleted = await ask(session, url, method="DELETE")
    gone = await ask(session, url, method="GET")
    asyncflow.reset()
    back = await ask(session, url, method="GET")

    assert [reply.status for reply in (updated, read, deleted, gone, back)] == [204, 200, 204, 404, 200]
    assert (updated.body, deleted.body) == (b"", b"")
    assert read.json == own | changes
    assert back.json == own


@pytest.mark.parametrize(("voice", "field"), [("PREDEFINED", "name"), ("CUSTOM", "language")])
async def test_some_fields_can_not_be_updated(
    asyncflow: AsyncFlow, session: ClientSession, voice: str, field: str
) -> None:
    """None at all of a voice that is not one's own."""
    voices = (await ask(session, asyncflow.url + "/voices", EVERY_VOICE)).json["voices"]
    voice_id = next(each["voice_id"] for each in voices if each["voice_type"] == voice)

    reply = await ask(session, f"{asyncflow.url}/voices/{voice_id}", {field: "en"}, method="PUT")

    assert reply.status == 400
    assert reply.json["detail"] == {
        "error_code": "VOICE_FIELD_UPDATE_NOT_ALLOWED",
        "message": f"Updating the '{field}' field is not supported.",
        "extra": {"field": field},
    }


async def test_predefined_voice_can_not_be_deleted(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """It is not one's own."""
    assert (await ask(session, f"{asyncflow.url}/voices/{VOICE}", method="DELETE")).status == 404


# Errors that have to be asked for


@pytest.mark.parametrize(
    ("fault", "detail"),
    [
        (
            {"status": 429, "code": "TOO_MANY_CONCURRENT_REQUESTS"},
            {"message": "Too many concurrent requests", "extra": {"limit": 5, "current": 7}},
        ),
        (
            {"status": 429, "code": "RATE_LIMIT_EXCEEDED", "extra": {"limit": 1, "retry_after_ms": 5}},
            {"message": "Rate limit exceeded. Please try again later.", "extra": {"limit": 1, "retry_after_ms": 5}},
        ),
        ({"status": 404, "code": "VERSION_NOT_FOUND", "message": "Old."}, {"message": "Old."}),
        (
            {"status": 413, "code": "FILE_TOO_LARGE"},
            {"message": "Uploaded file exceeds maximum allowed size of 10 MB."},
        ),
    ],
)
async def test_any_error_can_be_had(
    asyncflow: AsyncFlow, session: ClientSession, fault: dict[str, Any], detail: dict[str, Any]
) -> None:
    """In the usual envelope, with the documented example where nothing else is said."""
    asyncflow.add_fault("status", STREAMING, **fault)

    reply = await ask(session, asyncflow.url + STREAMING, speech())

    assert reply.status == fault["status"]
    assert reply.json == {"detail": {"error_code": fault["code"], **detail}}


async def test_server_error_has_an_envelope_of_its_own(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """Its detail is a text."""
    asyncflow.add_fault("status", STREAMING, status=500)

    reply = await ask(session, asyncflow.url + STREAMING, speech())

    assert reply.status == 500
    assert reply.json == {
        "message": "Oops! Internal server error occurred.",
        "method": "POST",
        "url": STREAMING,
        "detail": "Error: Traceback #42",
    }
