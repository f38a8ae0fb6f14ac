"""The Sarvam service over HTTP answers as docs/dev/protocols.md B2, B3, B5 and B9 say."""

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
import json
from typing import Any
from uuid import UUID

from aiohttp import ClientSession
import pytest

from .codec import decode, wav_header
from .faults import FaultKind
from .sarvam import Sarvam
from .sound import tone

REST = "/text-to-speech"
STREAM = "/text-to-speech/stream"
TEXT = "Good evening, everyone."
SECONDS = len(tone(TEXT, 8000)) / 2 / 8000
KEY = {"api-subscription-key": "demo-key"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What came back."""

    status: int
    content_type: str
    body: bytes
    json: Any

    @property
    def error(self) -> tuple[int, str, str]:
        """Status, code and message of the standard envelope, which must have a request id."""
        assert self.json["error"]["request_id"]
        assert self.json.keys() == {"error"}
        return self.status, self.json["error"]["code"], self.json["error"]["message"]

    @property
    def audio(self) -> bytes:
        """The one audio of a whole answer."""
        (audio,) = self.json["audios"]
        return base64.b64decode(audio)


type Ask = Callable[..., Awaitable[Reply]]


@pytest.fixture
def ask(session: ClientSession, sarvam: Sarvam) -> Ask:
    """Post a body, with defaults for what must be there."""

    async def post(path: str = REST, *, headers: dict[str, str] | None = None, **body: Any) -> Reply:
        complete = {"text": TEXT, "target_language_code": "en-IN", **body}
        sent = {name: value for name, value in complete.items() if value is not ...}
        async with session.post(sarvam.url + path, json=sent, headers=KEY if headers is None else headers) as response:
            data = await response.read()
            is_json = response.content_type == "application/json"
            return Reply(
                status=response.status,
                content_type=response.content_type,
                body=data,
                json=await response.json() if is_json else None,
            )

    return post


# Keys


@pytest.mark.parametrize(
    "headers",
    [{"api-subscription-key": "demo-key"}, {"Api-Subscription-Key": "demo-key"}, {"Authorization": "Bearer demo-key"}],
)
async def test_accepts_the_key_in_either_header(ask: Ask, headers: dict[str, str]) -> None:
    """B1."""
    assert (await ask(headers=headers)).status == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {"api-subscription-key": "other"}, {"Authorization": "Bearer other"}, {"Authorization": "Basic demo-key"}],
)
@pytest.mark.parametrize("path", [REST, STREAM])
async def test_refuses_other_keys_with_403(ask: Ask, path: str, headers: dict[str, str]) -> None:
    """B1: not 401."""
    refusal = (403, "invalid_api_key_error", "Invalid or missing authentication credentials")
    assert (await ask(path, headers=headers)).error == refusal


@pytest.mark.parametrize("path", [REST, STREAM, "/text-to-speech/pronunciation-dictionary", "/nowhere"])
@pytest.mark.parametrize("headers", [KEY, {}], ids=["good key", "no key"])
async def test_every_answer_has_an_identifier(
    session: ClientSession, sarvam: Sarvam, path: str, headers: dict[str, str]
) -> None:
    """B1: the date and a UUID, the same as in the body where there is one."""
    body = {"text": TEXT, "target_language_code": "en-IN"}
    method = "GET" if path.endswith("dictionary") else "POST"
    async with session.request(method, sarvam.url + path, json=body, headers=headers) as response:
        request_id = response.headers["x-request-id"]
        told = json.loads(await response.read()) if response.content_type == "application/json" else {}
    shown = {request_id, told.get("request_id", request_id), told.get("error", {}).get("request_id", request_id)}
    assert shown == {request_id}
    date, _, unique = request_id.partition("_")
    assert date == f"{sarvam.clock.now():%Y%m%d}"
    assert str(UUID(unique)) == unique


@pytest.mark.parametrize("path", [REST, STREAM])
async def test_credits_may_be_told_in_headers(session: ClientSession, sarvam: Sarvam, path: str) -> None:
    """B1: never seen on speech, so that it has to be asked for; of answers and of refusals."""
    told: list[tuple[str | None, str | None]] = []
    for changes in ({}, {"credit_headers": True}, {"credits": 100.0}):
        sarvam.configure(**changes)
        if "credits" in changes:
            sarvam.change_quota({"credits": 0})
        body = {"text": "x" * 100, "target_language_code": "en-IN"}
        async with session.post(sarvam.url + path, json=body, headers=KEY) as response:
            told.append((response.headers.get("x-credits-used"), response.headers.get("x-credits-remaining")))

    assert told == [(None, None), ("0.600", "99.400"), ("100.0", "0")]


async def test_checks_a_key_for_free(session: ClientSession, sarvam: Sarvam) -> None:
    """B1: listing the dictionaries costs nothing and needs the key."""
    async with session.get(f"{sarvam.url}/text-to-speech/pronunciation-dictionary", headers=KEY) as response:
        assert await response.json() == {"dictionary_count": 0, "dictionaries": []}
    async with session.get(f"{sarvam.url}/text-to-speech/pronunciation-dictionary") as response:
        assert response.status == 403
    assert sarvam.account.characters == 0


async def test_knows_no_other_path(session: ClientSession, sarvam: Sarvam) -> None:
    """B5: 404 in the standard envelope."""
    async with session.get(f"{sarvam.url}/nowhere", headers=KEY) as response:
        assert response.status == 404
        assert (await response.json())["error"]["code"] == "not_found_error"


# Audio


async def test_whole_answer_is_a_wav_at_22050_hz(ask: Ask) -> None:
    """B2, the defaults of the newest docs."""
    reply = await ask()
    pcm = tone(TEXT, 22050, voice="shubh")
    assert reply.audio == wav_header(22050, data_size=len(pcm)) + pcm
    assert reply.json["request_id"]


async def test_streamed_answer_is_mp3(ask: Ask) -> None:
    """B3, provider page 001."""
    reply = await ask(STREAM)
    assert reply.content_type == "audio/mpeg"
    assert decode(reply.body, 22050).duration == pytest.approx(SECONDS, abs=0.3)


async def test_streamed_wav_does_not_know_its_length(ask: Ask) -> None:
    """B3."""
    reply = await ask(STREAM, output_audio_codec="wav", speech_sample_rate=16000)
    assert reply.content_type == "audio/wav"
    assert reply.body == wav_header(16000) + tone(TEXT, 16000, voice="shubh")


@pytest.mark.parametrize("codec", ["mp3", "opus", "flac", "aac", "wav"])
@pytest.mark.parametrize("path", [REST, STREAM])
async def test_speaks_in_every_container(ask: Ask, path: str, codec: str) -> None:
    """B2, B3."""
    reply = await ask(path, output_audio_codec=codec, speech_sample_rate=24000)
    assert reply.status == 200
    audio = reply.audio if reply.json else reply.body
    assert decode(audio, 24000).duration == pytest.approx(SECONDS, abs=0.3)


@pytest.mark.parametrize(("codec", "width"), [("linear16", 2), ("mulaw", 1), ("alaw", 1)])
@pytest.mark.parametrize("path", [REST, STREAM])
async def test_speaks_in_every_headerless_codec(ask: Ask, path: str, codec: str, width: int) -> None:
    """B2, B3."""
    reply = await ask(path, output_audio_codec=codec, speech_sample_rate=8000)
    audio = reply.audio if reply.json else reply.body
    assert len(audio) == width * len(tone(TEXT, 8000)) // 2


@pytest.mark.parametrize("written", [int, str])
@pytest.mark.parametrize("rate", [8000, 16000, 22050, 24000, 32000, 44100, 48000])
async def test_whole_answers_have_all_rates(ask: Ask, rate: int, written: Callable[[int], Any]) -> None:
    """B2: as a number or as a string."""
    reply = await ask(speech_sample_rate=written(rate), output_audio_codec="linear16")
    assert reply.audio == tone(TEXT, rate, voice="shubh")


@pytest.mark.parametrize(
    ("path", "body", "rates"),
    [
        (REST, {"speech_sample_rate": 11025}, "8000, 16000, 22050, 24000, 32000, 44100, 48000"),
        (REST, {"speech_sample_rate": "44100", "model": "bulbul:v2"}, "8000, 16000, 22050, 24000"),
        (STREAM, {"speech_sample_rate": 48000}, "8000, 16000, 22050, 24000"),
        (STREAM, {"speech_sample_rate": 22050, "output_audio_codec": "opus"}, "8000, 12000, 16000, 24000, 48000"),
    ],
)
async def test_says_which_rates_it_has(ask: Ask, sarvam: Sarvam, path: str, body: dict[str, Any], rates: str) -> None:
    """B2 to B4."""
    sarvam.configure(deprecated_models=[])
    message = f"Speech sample rate can only be {rates} Hz"
    assert (await ask(path, **body)).error == (400, "invalid_request_error", message)


async def test_bit_rate_makes_the_stream_smaller(ask: Ask) -> None:
    """B3."""
    message = "output_audio_bitrate: Input should be '32k', '64k', '96k', '128k' or '192k'"
    assert (await ask(STREAM, output_audio_bitrate="48k")).error == (422, "invalid_request_error", message)
    small = await ask(STREAM, output_audio_bitrate="32k")
    usual = await ask(STREAM)
    assert len(small.body) < len(usual.body) / 2


@pytest.mark.parametrize(
    "body",
    [
        {"target_language_code": "hi-IN"},
        {"target_language_code": ..., "language_code": "hi-IN"},
        {"target_language_code": "hi-IN", "language_code": "hi-IN"},
    ],
)
@pytest.mark.parametrize("path", [REST, STREAM])
async def test_accepts_both_names_of_the_language(ask: Ask, path: str, body: dict[str, Any]) -> None:
    """B2."""
    assert (await ask(path, **body)).status == 200


async def test_stream_needs_no_language(ask: Ask) -> None:
    """B3."""
    assert (await ask(STREAM, target_language_code=...)).status == 200
    assert (await ask(target_language_code=...)).error[:2] == (422, "invalid_request_error")


async def test_tolerates_unknown_fields_and_nulls(ask: Ask) -> None:
    """B2, as clients were seen to send."""
    body = {"min_buffer_size": 1, "output_audio_bitrate": 128, "anything": "else"}
    assert (await ask(**body, dict_id=None, speaker=None, pitch=None)).status == 200


@pytest.mark.parametrize(
    ("model", "speaker", "expected"),
    [
        (None, None, "shubh"),
        ("bulbul:v2", None, "anushka"),
        ("bulbul:v2", "hitesh", "hitesh"),
        ("bulbul:v3", "rupali", "rupali"),
        ("bulbul:v3-beta", "amelia", "amelia"),
        ("bulbul:v4-flash", None, "shubh_enhi_ads"),
        ("bulbul:v4-flash", "ritu_hi_social_lively", "ritu_hi_social_lively"),
    ],
)
async def test_each_speaker_sounds_like_itself(
    ask: Ask, sarvam: Sarvam, model: str | None, speaker: str | None, expected: str
) -> None:
    """B8; the retired models have theirs while they are let to speak."""
    sarvam.configure(deprecated_models=[])
    reply = await ask(model=model, speaker=speaker, output_audio_codec="linear16")
    assert reply.audio == tone(TEXT, 22050, voice=expected)


async def test_pace_changes_the_length(ask: Ask) -> None:
    """B2."""
    reply = await ask(pace=2.0, output_audio_codec="linear16")
    assert reply.audio == tone(TEXT, 22050, voice="shubh", speed=2.0)


@pytest.mark.parametrize(("setting", "value"), [("pitch", 0.5), ("loudness", 2.0)])
@pytest.mark.parametrize("model", ["bulbul:v2", "bulbul:v3", "bulbul:v4-flash"])
async def test_pitch_and_loudness_are_heard(ask: Ask, sarvam: Sarvam, model: str, setting: str, value: float) -> None:
    """B2: with bulbul:v3 since 2026-10-06."""
    sarvam.configure(deprecated_models=[])
    plain = await ask(model=model)
    assert (await ask(model=model, **{setting: value})).audio != plain.audio


async def test_temperature_has_no_effect_on_v4_flash(ask: Ask) -> None:
    """B8: it is taken all the same, beyond the bounds of bulbul:v3 too."""
    plain = await ask(model="bulbul:v4-flash")
    assert (await ask(model="bulbul:v4-flash", temperature=1.5)).audio == plain.audio


@pytest.mark.parametrize(("setting", "neutral"), [("pitch", 0.0), ("loudness", 1.0)])
@pytest.mark.parametrize("path", [REST, STREAM])
async def test_v3_may_refuse_pitch_and_loudness(
    ask: Ask, sarvam: Sarvam, path: str, setting: str, neutral: float
) -> None:
    """B2: even neutral ones, as in August 2026; the model that has them takes them still."""
    sarvam.configure(pitch_of_v3="refused")
    message = f"{setting} is not supported for bulbul:v3"
    assert (await ask(path, **{setting: neutral})).error == (400, "invalid_request_error", message)
    assert (await ask(path, model="bulbul:v4-flash", **{setting: neutral})).status == 200
    assert (await ask(path)).status == 200


# Refusals


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"model": "bulbul:v9"},
            "model: Input should be 'bulbul:v2', 'bulbul:v3-beta', 'bulbul:v3' or 'bulbul:v4-flash'",
        ),
        ({"text": ...}, "text: Field required"),
        ({"text": 5}, "text: Input should be a valid string"),
        ({"speaker": 5}, "speaker: Input should be a valid string"),
        ({"pace": "fast"}, "pace: Input should be a valid number"),
        ({"pace": True}, "pace: Input should be a valid number"),
        ({"pace": 3.1}, "pace: Input should be between 0.3 and 3"),
        ({"temperature": 2.1}, "temperature: Input should be between 0.01 and 2"),
        ({"pitch": -1.1}, "pitch: Input should be between -1 and 1"),
        ({"loudness": 0.05}, "loudness: Input should be between 0.1 and 3"),
        ({"speech_sample_rate": "fast"}, "speech_sample_rate: Input should be a valid integer"),
        ({"speech_sample_rate": 22050.5}, "speech_sample_rate: Input should be a valid integer"),
        ({"enable_preprocessing": "yes"}, "enable_preprocessing: Input should be a valid boolean"),
        (
            {"output_audio_codec": "pcm_s16le"},
            "output_audio_codec: Input should be 'mp3', 'linear16', 'mulaw', 'alaw', 'opus', 'flac', 'aac' or 'wav'",
        ),
    ],
)
@pytest.mark.parametrize("path", [REST, STREAM])
async def test_names_the_field_that_is_not_of_the_form(ask: Ask, path: str, body: dict[str, Any], message: str) -> None:
    """B5: 422 with invalid_request_error."""
    assert (await ask(path, **body)).error == (422, "invalid_request_error", message)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"text": " "}, "'text' cannot be empty"),
        ({"speaker": "nobody"}, "Speaker 'nobody' is not recognized."),
        ({"speaker": "amelia"}, "Speaker 'amelia' is not recognized."),
        ({"speaker": "Ritu"}, "Speaker 'Ritu' is not recognized."),
        (
            {"speaker": "ritu", "model": "bulbul:v2"},
            (
                "Speaker 'ritu' is not compatible with model bulbul:v2. Available speakers for bulbul:v2 are: "
                "anushka, manisha, vidya, arya, abhilash, karun, hitesh"
            ),
        ),
        (
            {"speaker": "ritu", "model": "bulbul:v4-flash"},
            "Speaker 'ritu' is not compatible with model bulbul:v4-flash",
        ),
        ({"pace": 0.4}, "For the Bulbul V3 model, pace should be between 0.5 and 2.0"),
        ({"temperature": 1.5}, "For the Bulbul V3 model, temperature should be between 0.01 and 1.0"),
        ({"pitch": 0.6}, "For the Bulbul V3 model, pitch should be between -0.5 and 0.5"),
        ({"loudness": 2.6}, "For the Bulbul V3 model, loudness should be between 0.1 and 2.5"),
        *(
            ({"model": "bulbul:v4-flash", **setting}, f"For the Bulbul V4 Flash model, {message}")
            for setting, message in (
                ({"pace": 0.4}, "pace should be between 0.5 and 2.0"),
                ({"pace": 2.1}, "pace should be between 0.5 and 2.0"),
                ({"pitch": -0.6}, "pitch should be between -0.5 and 0.5"),
                ({"loudness": 2.6}, "loudness should be between 0.1 and 2.5"),
            )
        ),
        ({"model": "bulbul:v2", "pitch": 0.8}, "For the Bulbul V2 model, pitch should be between -0.75 and 0.75"),
        ({"model": "bulbul:v2", "loudness": 0.2}, "For the Bulbul V2 model, loudness should be between 0.3 and 3.0"),
        (
            {"target_language_code": "ur-IN"},
            "Please request beta access to ur-IN by contacting our support team.",
        ),
        ({"target_language_code": "ur-IN", "model": "bulbul:v2"}, "ur-IN is only supported by bulbul:v3"),
        ({"dict_id": "p_00000000"}, "Dictionary 'p_00000000' not found"),
        ({"dict_id": "p_00000000", "model": "bulbul:v2"}, "dict_id is not supported for bulbul:v2"),
    ],
)
@pytest.mark.parametrize("path", [REST, STREAM])
async def test_says_what_the_model_does_not_do(
    ask: Ask, sarvam: Sarvam, path: str, body: dict[str, Any], message: str
) -> None:
    """B5: 400 in the wording that was seen."""
    sarvam.configure(deprecated_models=[])
    assert (await ask(path, **body)).error == (400, "invalid_request_error", message)


async def test_lists_the_speakers_of_v3(ask: Ask) -> None:
    """B5: the beginning of the list was seen; there are 37."""
    _, _, message = (await ask(speaker="anushka")).error
    head, _, names = message.partition(" are: ")
    assert head == "Speaker 'anushka' is not compatible with model bulbul:v3. Available speakers for bulbul:v3"
    assert names.startswith("aditya, ritu, ashutosh, priya, ")
    assert len(names.split(", ")) == 37


@pytest.mark.parametrize("text", ["!?", "\U0001f600", "\u4f60\u597d", "\u0421\u043f\u0430\u0441\u0438\u0431\u043e!"])
async def test_refuses_a_text_that_nobody_can_speak(ask: Ask, text: str) -> None:
    """B5: the form is right, the text is not."""
    message = "Text must contain at least one character from the allowed languages"
    assert (await ask(text=text)).error == (422, "unprocessable_entity_error", message)


@pytest.mark.parametrize(
    "text", ["7", "\u0928\u092e\u0938\u094d\u0924\u0947", "\u0bb5\u0ba3\u0b95\u0bcd\u0b95\u0bae\u0bcd"]
)
async def test_speaks_digits_and_indic_scripts(ask: Ask, text: str) -> None:
    """B8."""
    assert (await ask(text=text)).status == 200


@pytest.mark.parametrize(
    ("path", "model", "limit"),
    [
        (REST, "bulbul:v2", 1500),
        (REST, "bulbul:v3", 2500),
        (REST, "bulbul:v4-flash", 2500),
        (STREAM, "bulbul:v2", 3500),
        (STREAM, "bulbul:v3", 3500),
    ],
)
@pytest.mark.parametrize("character", ["a", "\u0905"])
async def test_text_ends_at_the_limit(
    ask: Ask, sarvam: Sarvam, *, path: str, model: str, limit: int, character: str
) -> None:
    """B2, B3: counted in characters, not bytes."""
    sarvam.configure(deprecated_models=[])
    settings = {"model": model, "speech_sample_rate": 8000, "output_audio_codec": "linear16"}
    assert (await ask(path, text=character * limit, **settings)).status == 200
    assert (await ask(path, text=character * (limit + 1), **settings)).error[:2] == (400, "invalid_request_error")


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [(b"{", "application/json", 400), (b"[]", "application/json", 422), (b"{}", "text/plain", 422)],
)
async def test_refuses_what_is_no_json_object(
    session: ClientSession, sarvam: Sarvam, data: bytes, content_type: str, status: int
) -> None:
    """B5."""
    headers = {**KEY, "Content-Type": content_type}
    async with session.post(sarvam.url + REST, data=data, headers=headers) as response:
        assert response.status == status
        assert (await response.json())["error"]["code"] == "invalid_request_error"


@pytest.mark.parametrize("model", ["bulbul:v2", "bulbul:v3-beta"])
@pytest.mark.parametrize("path", [REST, STREAM])
async def test_refuses_a_retired_model(ask: Ask, sarvam: Sarvam, path: str, model: str) -> None:
    """B2, B5: until it is let to speak again."""
    message = f"Model '{model}' has been deprecated. Please use 'bulbul:v3' instead."
    assert (await ask(path, model=model)).error == (400, "invalid_request_error", message)
    sarvam.configure(deprecated_models=[])
    assert (await ask(path, model=model)).status == 200


async def test_beta_model_is_refused_off_the_standard_shape(ask: Ask, sarvam: Sarvam) -> None:
    """B5."""
    sarvam.configure(unavailable_models=["bulbul:v4-flash"])
    reply = await ask(model="bulbul:v4-flash")
    assert (reply.status, reply.json) == (422, {"message": "This model is currently in beta and not available."})


# Credits and rates


@pytest.mark.parametrize(("model", "price"), [("bulbul:v2", 0.0015), ("bulbul:v3", 0.003)])
async def test_charges_by_the_character(ask: Ask, sarvam: Sarvam, model: str, price: float) -> None:
    """B9."""
    sarvam.configure(deprecated_models=[])
    await ask(model=model, text="a" * 1000)
    assert sarvam.account.characters == 1000
    assert float(sarvam.account.credits) == pytest.approx(100 - 1000 * price)


async def test_charges_nothing_for_what_it_refuses(ask: Ask, sarvam: Sarvam) -> None:
    """What is refused is not made."""
    await ask(speaker="nobody")
    await ask(text="!")
    assert sarvam.account.characters == 0


@pytest.mark.parametrize("path", [REST, STREAM])
async def test_refuses_what_the_credits_do_not_cover(
    ask: Ask, sarvam: Sarvam, session: ClientSession, path: str
) -> None:
    """B5: another client has spent all but the price of 1000 characters."""
    async with session.post(f"{sarvam.url}/_emulator/quota", json={"spend": 97}) as response:
        assert await response.json() == {"remaining": 3.0, "characters": 0}
    assert (await ask(path, text="a" * 1001)).error[:2] == (429, "insufficient_quota_error")
    assert (await ask(path, text="a" * 1000)).status == 200
    assert (await ask(path, text="a")).error[:2] == (429, "insufficient_quota_error")


async def test_credits_can_be_bought(ask: Ask, sarvam: Sarvam) -> None:
    """A new balance."""
    sarvam.change_quota({"spend": 1000})
    assert (await ask()).status == 429
    sarvam.change_quota({"credits": 5})
    assert (await ask()).status == 200


async def test_rate_is_limited_by_a_bucket(ask: Ask, sarvam: Sarvam) -> None:
    """B9: of the Starter plan, 50 at once and 30 in a minute."""
    statuses = [(await ask(STREAM, text="a", output_audio_codec="linear16")).status for _ in range(50)]
    assert statuses == [200] * 50
    assert (await ask()).error[:2] == (429, "rate_limit_exceeded_error")
    sarvam.clock.advance(2)
    assert [(await ask()).status for _ in range(2)] == [200, 429]


async def test_reset_brings_everything_back(ask: Ask, sarvam: Sarvam) -> None:
    """As at the start."""
    sarvam.change_quota({"spend": 1000})
    sarvam.configure(keys=["another"])
    sarvam.reset()
    assert (await ask()).status == 200
    assert sarvam.account.characters == len(TEXT)


# Faults


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, None, "invalid_request_error"),
        (403, None, "invalid_api_key_error"),
        (403, "authentication_error", "authentication_error"),
        (404, None, "not_found_error"),
        (413, None, "invalid_request_error"),
        (422, None, "unprocessable_entity_error"),
        (422, "invalid_request_error", "invalid_request_error"),
        (429, None, "rate_limit_exceeded_error"),
        (429, "insufficient_quota_error", "insufficient_quota_error"),
        (500, None, "internal_server_error"),
        (500, "model_call_error", "model_call_error"),
        (503, None, "rate_limit_exceeded_error"),
        (503, "billing_service_unavailable_error", "billing_service_unavailable_error"),
        (504, None, "gateway_timeout_error"),
    ],
)
async def test_every_error_of_the_table_can_be_had(
    ask: Ask, sarvam: Sarvam, status: int, code: str | None, expected: str
) -> None:
    """B5: of both endpoints, which serve again afterwards."""
    sarvam.add_fault(FaultKind.STATUS, REST, status=status, code=code, times=2)
    replies = [await ask(path) for path in (REST, STREAM)]
    assert [reply.error[:2] for reply in replies] == [(status, expected)] * 2
    assert (await ask()).status == 200


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (422, {"message": "This model is currently in beta and not available."}),
        (400, {"detail": "Dictionary limit exceeded"}),
    ],
)
async def test_errors_off_the_standard_shape_can_be_had(
    ask: Ask, sarvam: Sarvam, status: int, body: dict[str, str]
) -> None:
    """B5."""
    sarvam.add_fault(FaultKind.STATUS, REST, status=status, extra={"body": body})
    reply = await ask()
    assert (reply.status, reply.json) == (status, body)


async def test_a_gateway_answers_with_a_page(ask: Ask, sarvam: Sarvam) -> None:
    """B5: HTML with 502, or any other page and status."""
    sarvam.add_fault(FaultKind.STATUS, STREAM, status=502)
    sarvam.add_fault(FaultKind.STATUS, STREAM, status=503, extra={"body": "<h1>Later</h1>"})
    first, second = await ask(STREAM), await ask(STREAM)
    assert (first.status, first.content_type) == (502, "text/html")
    assert (second.status, second.content_type, second.body) == (503, "text/html", b"<h1>Later</h1>")
