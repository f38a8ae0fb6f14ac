"""The provider's own SDK runs against the emulated Sarvam service (docs/dev/protocols.md B)."""

import asyncio
import base64
from collections.abc import AsyncGenerator, Callable, Iterator
import io
import json
from typing import Any

import httpx
import pytest
from sarvamai import AsyncSarvamAI, AudioOutput, ErrorResponse, EventResponse, SarvamAI
from sarvamai.core.api_error import ApiError
from sarvamai.errors import (
    BadRequestError,
    ContentTooLargeError,
    ForbiddenError,
    InternalServerError,
    NotFoundError,
    TooManyRequestsError,
    UnprocessableEntityError,
)

from .codec import decode, wav_header
from .faults import FaultKind
from .sarvam import Sarvam
from .sarvam_sdk import asynchronous_sdk, blocking_sdk, environment
from .sound import tone

TEXT = "Good evening, everyone."
ONCE: Any = {"max_retries": 0}
WORDS = {"pronunciations": {"en-IN": {"B2B": "business to business"}, "hi-IN": {"UPI": "U P I"}}}


@pytest.fixture
def sync_sdk(sarvam: Sarvam) -> Iterator[SarvamAI]:
    """Return the SDK that blocks, for use in a thread."""
    with blocking_sdk(sarvam) as sdk:
        yield sdk


@pytest.fixture
async def sdk(sarvam: Sarvam) -> AsyncGenerator[AsyncSarvamAI]:
    """Return the SDK."""
    async with asynchronous_sdk(sarvam) as sdk:
        yield sdk


def upload(content: Any) -> tuple[str, io.BytesIO, str]:
    """Make a dictionary file."""
    return "words.json", io.BytesIO(json.dumps(content).encode()), "application/json"


# Whole answers


async def test_convert(sdk: AsyncSarvamAI, sync_sdk: SarvamAI) -> None:
    """Both clients get the same WAV."""
    first = await sdk.text_to_speech.convert(text=TEXT, language_code="en-IN", speaker="ritu")
    second = await asyncio.to_thread(
        lambda: sync_sdk.text_to_speech.convert(text=TEXT, language_code="en-IN", speaker="ritu")
    )
    pcm = tone(TEXT, 22050, voice="ritu")
    assert first.audios == second.audios
    assert base64.b64decode(first.audios[0]) == wav_header(22050, data_size=len(pcm)) + pcm
    assert first.request_id != second.request_id


@pytest.mark.parametrize("codec", ["mp3", "linear16", "mulaw", "alaw", "opus", "flac", "aac", "wav"])
async def test_convert_to_every_codec(sdk: AsyncSarvamAI, codec: str) -> None:
    """All values that the SDK knows."""
    answer = await sdk.text_to_speech.convert(
        text=TEXT, language_code="hi-IN", output_audio_codec=codec, speech_sample_rate=16000
    )
    assert base64.b64decode(answer.audios[0])


async def test_convert_with_all_settings(sdk: AsyncSarvamAI) -> None:
    """For the model that has them."""
    answer = await sdk.text_to_speech.convert(
        text=TEXT,
        language_code="ta-IN",
        speaker="ritu_hi_kids",
        pitch=0.25,
        pace=1.5,
        loudness=1.5,
        speech_sample_rate=8000,
        enable_preprocessing=True,
        model="bulbul:v4-flash",
        output_audio_codec="linear16",
        enable_cached_responses=True,
    )
    assert len(base64.b64decode(answer.audios[0])) == len(tone(TEXT, 8000, speed=1.5))


# Streams


async def test_convert_stream(sdk: AsyncSarvamAI, sync_sdk: SarvamAI) -> None:
    """Both clients get the same mp3, in several chunks."""
    chunks = [chunk async for chunk in sdk.text_to_speech.convert_stream(text=TEXT, language_code="en-IN")]
    again = await asyncio.to_thread(
        lambda: b"".join(sync_sdk.text_to_speech.convert_stream(text=TEXT, language_code="en-IN"))
    )
    assert len(chunks) > 1
    assert b"".join(chunks) == again
    assert decode(again, 22050).duration == pytest.approx(len(tone(TEXT, 8000)) / 16000, abs=0.3)


@pytest.mark.parametrize("codec", ["mp3", "linear16", "mulaw", "alaw", "opus", "flac", "aac", "wav"])
async def test_convert_stream_to_every_codec(sdk: AsyncSarvamAI, codec: str) -> None:
    """All values that the SDK knows, without a language."""
    stream = sdk.text_to_speech.convert_stream(
        text=TEXT, output_audio_codec=codec, output_audio_bitrate="64k", speech_sample_rate=24000
    )
    assert b"".join([chunk async for chunk in stream])


# Typed errors


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, BadRequestError),
        (403, ForbiddenError),
        (422, UnprocessableEntityError),
        (429, TooManyRequestsError),
        (500, InternalServerError),
        (502, ApiError),
        (503, ApiError),
    ],
)
async def test_typed_errors(
    sdk: AsyncSarvamAI, sync_sdk: SarvamAI, sarvam: Sarvam, status: int, expected: type[ApiError]
) -> None:
    """Of both endpoints, in both clients."""
    sarvam.add_fault(FaultKind.STATUS, "/text-to-speech", status=status, times=4)
    speech, blocking = sdk.text_to_speech, sync_sdk.text_to_speech
    asked: Any = {"text": TEXT, "language_code": "en-IN", "request_options": ONCE}
    calls: list[Callable[[], Any]] = [
        lambda: speech.convert(**asked),
        lambda: anext(aiter(speech.convert_stream(**asked))),
        lambda: asyncio.to_thread(blocking.convert, **asked),
        lambda: asyncio.to_thread(lambda: next(iter(blocking.convert_stream(**asked)))),
    ]
    for call in calls:
        with pytest.raises(expected) as error:
            await call()
        assert error.value.status_code == status


@pytest.mark.parametrize(
    ("asked", "expected", "code"),
    [
        ({"text": " "}, BadRequestError, "invalid_request_error"),
        ({"text": "a" * 2501}, BadRequestError, "invalid_request_error"),
        ({"speaker": "anushka"}, BadRequestError, "invalid_request_error"),
        ({"output_audio_codec": "ogg"}, UnprocessableEntityError, "invalid_request_error"),
        ({"text": "!"}, UnprocessableEntityError, "unprocessable_entity_error"),
    ],
)
async def test_refusals_are_typed(
    sdk: AsyncSarvamAI, asked: dict[str, Any], expected: type[ApiError], code: str
) -> None:
    """Each with its code in the envelope."""
    with pytest.raises(expected) as error:
        await sdk.text_to_speech.convert(**{"text": TEXT, "language_code": "en-IN", **asked})
    assert error.value.body["error"]["code"] == code


async def test_exhausted_credits_are_not_a_rate(sdk: AsyncSarvamAI, sarvam: Sarvam) -> None:
    """Both are 429."""
    sarvam.change_quota({"spend": 1000})
    with pytest.raises(TooManyRequestsError) as error:
        await sdk.text_to_speech.convert(text=TEXT, language_code="en-IN", request_options=ONCE)
    assert error.value.body["error"]["code"] == "insufficient_quota_error"


async def test_wrong_key(sarvam: Sarvam) -> None:
    """For a request and for a socket."""
    async with httpx.AsyncClient() as client:
        sdk = AsyncSarvamAI(environment=environment(sarvam), api_subscription_key="wrong", httpx_client=client)
        with pytest.raises(ForbiddenError):
            await sdk.pronunciation_dictionary.list()
        with pytest.raises(ApiError) as error:
            async with sdk.text_to_speech_streaming.connect(model="bulbul:v3"):
                pass
        assert error.value.status_code == 403


# Sockets


async def test_socket(sdk: AsyncSarvamAI) -> None:
    """Two cycles with another voice between them, and a ping."""
    heard = []
    async with sdk.text_to_speech_streaming.connect(model="bulbul:v3", send_completion_event="true") as socket:
        for speaker in ("shubh", "ritu"):
            await socket.configure(
                target_language_code="hi-IN", speaker=speaker, output_audio_codec="linear16", speech_sample_rate=16000
            )
            await socket.convert(TEXT)
            await socket.ping()
            await socket.flush()
            audio = b""
            while isinstance(message := await socket.recv(), AudioOutput):
                assert message.data.content_type == "audio/pcm"
                audio += base64.b64decode(message.data.audio)
            assert isinstance(message, EventResponse)
            assert message.data.event_type == "final"
            assert message.data.timestamp
            heard.append(audio)
    assert heard == [tone(TEXT, 16000, voice=speaker) for speaker in ("shubh", "ritu")]


async def test_socket_that_blocks(sync_sdk: SarvamAI) -> None:
    """The same in a thread, with the SDK's own defaults: mp3."""

    def speak() -> bytes:
        audio = b""
        with sync_sdk.text_to_speech_streaming.connect(model="bulbul:v3", send_completion_event="true") as socket:
            socket.configure(target_language_code="en-IN", speaker="shubh")
            socket.convert(TEXT)
            socket.flush()
            while isinstance(message := socket.recv(), AudioOutput):
                assert message.data.content_type == "audio/mp3"
                audio += base64.b64decode(message.data.audio)
        return audio

    audio = await asyncio.to_thread(speak)
    assert decode(audio, 22050).duration == pytest.approx(len(tone(TEXT, 8000)) / 16000, abs=0.3)


@pytest.mark.parametrize(
    ("settings", "message", "code"),
    [
        ({"min_buffer_size": 29}, "Input parameters has to be a valid dictionary", 422),
        ({"speaker": "nobody"}, "400: Speaker 'nobody' is not recognized.", None),
    ],
)
async def test_socket_errors(sdk: AsyncSarvamAI, settings: dict[str, Any], message: str, code: int | None) -> None:
    """Both forms are errors to the SDK."""
    async with sdk.text_to_speech_streaming.connect(model="bulbul:v3") as socket:
        await socket.configure(**{"target_language_code": "en-IN", "speaker": "shubh", **settings})
        error = await socket.recv()
    assert isinstance(error, ErrorResponse)
    assert (error.data.message, error.data.code) == (message, code)


async def test_socket_ends_after_an_error_about_a_text(sdk: AsyncSarvamAI) -> None:
    """The iteration over the messages ends by itself."""
    async with sdk.text_to_speech_streaming.connect(model="bulbul:v3") as socket:
        await socket.configure(target_language_code="en-IN", speaker="shubh")
        await socket.convert("a" * 2501)
        messages = [message async for message in socket]
    assert [type(message) for message in messages] == [ErrorResponse]


# Dictionaries


async def test_life_of_a_dictionary(sdk: AsyncSarvamAI) -> None:
    """Create, list, get, update, delete."""
    dictionaries = sdk.pronunciation_dictionary
    dict_id = (await dictionaries.create(file=upload(WORDS))).dictionary_id
    assert dict_id.startswith("p_")
    listed = await dictionaries.list()
    assert (listed.dictionary_count, listed.dictionaries) == (1, [dict_id])
    assert (await dictionaries.get(dict_id)).pronunciations == WORDS["pronunciations"]
    more = {"pronunciations": {"en-IN": {"B2C": "business to customer"}}}
    updated = await dictionaries.update(dict_id=dict_id, file=upload(more))
    assert updated.dictionary_id == dict_id
    assert updated.updated_pronunciations == {
        "en-IN": {"B2B": "business to business", "B2C": "business to customer"},
        "hi-IN": {"UPI": "U P I"},
    }
    deleted = await dictionaries.delete(dict_id=dict_id)
    assert (deleted.success, deleted.message) == (True, f"Dictionary '{dict_id}' deleted successfully")
    assert (await dictionaries.list()).dictionary_count == 0


async def test_life_of_a_dictionary_that_blocks(sync_sdk: SarvamAI) -> None:
    """The same in a thread, shorter."""
    dictionaries = sync_sdk.pronunciation_dictionary
    made = await asyncio.to_thread(lambda: dictionaries.create(file=upload(WORDS)))
    got = await asyncio.to_thread(lambda: dictionaries.get(made.dictionary_id))
    assert got.pronunciations == WORDS["pronunciations"]
    assert (await asyncio.to_thread(lambda: dictionaries.delete(dict_id=made.dictionary_id))).success


@pytest.mark.parametrize("call", ["get", "update", "delete"])
async def test_unknown_dictionary(sdk: AsyncSarvamAI, call: str) -> None:
    """404."""
    more = {"file": upload(WORDS)} if call == "update" else {}
    with pytest.raises(NotFoundError) as error:
        await getattr(sdk.pronunciation_dictionary, call)(dict_id="p_00000000", **more)
    assert error.value.body["error"]["code"] == "not_found_error"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"{", BadRequestError),
        (b"[]", BadRequestError),
        (b'{"pronunciations": {}}', BadRequestError),
        (b'{"pronunciations": {"en-IN": {}}}', BadRequestError),
        (b'{"pronunciations": {"en-IN": {"a": 1}}}', BadRequestError),
        (b'{"pronunciations": {"xx-IN": {"a": "b"}}}', BadRequestError),
        (b" " * 1_000_001, ContentTooLargeError),
    ],
    ids=["no JSON", "list", "empty", "no words", "number", "language", "size"],
)
async def test_bad_dictionary_file(sdk: AsyncSarvamAI, content: bytes, expected: type[ApiError]) -> None:
    """400, 413."""
    with pytest.raises(expected):
        await sdk.pronunciation_dictionary.create(file=("words.json", io.BytesIO(content)))


async def test_limits_of_dictionaries(sdk: AsyncSarvamAI) -> None:
    """100 words in each, ten of them; the body is off the standard shape."""
    dictionaries = sdk.pronunciation_dictionary
    words = {f"word{number}": "word" for number in range(101)}
    with pytest.raises(UnprocessableEntityError) as error:
        await dictionaries.create(file=upload({"pronunciations": {"en-IN": words}}))
    assert error.value.body.keys() == {"detail"}
    words.popitem()
    for _ in range(10):
        made = await dictionaries.create(file=upload({"pronunciations": {"en-IN": words}}))
    with pytest.raises(UnprocessableEntityError) as error:
        await dictionaries.update(dict_id=made.dictionary_id, file=upload({"pronunciations": {"hi-IN": {"a": "b"}}}))
    assert error.value.body.keys() == {"detail"}
    with pytest.raises(UnprocessableEntityError) as error:
        await dictionaries.create(file=upload(WORDS))
    assert error.value.body == {"detail": "Dictionary limit exceeded"}


async def test_dictionary_is_heard_on_every_transport(sdk: AsyncSarvamAI) -> None:
    """Whole words, in the language of the text."""
    dict_id = (await sdk.pronunciation_dictionary.create(file=upload(WORDS))).dictionary_id
    text, spoken = "B2B, not B2Bs or UPI.", "business to business, not B2Bs or UPI."
    expected = tone(spoken, 16000, voice="shubh")
    asked: Any = {
        "text": text,
        "language_code": "en-IN",
        "dict_id": dict_id,
        "output_audio_codec": "linear16",
        "speech_sample_rate": 16000,
    }
    whole = await sdk.text_to_speech.convert(**asked)
    streamed = b"".join([chunk async for chunk in sdk.text_to_speech.convert_stream(**asked)])
    async with sdk.text_to_speech_streaming.connect(model="bulbul:v3", send_completion_event="true") as socket:
        await socket.configure(
            target_language_code="en-IN",
            speaker="shubh",
            output_audio_codec="linear16",
            speech_sample_rate=16000,
            dict_id=dict_id,
        )
        await socket.convert(text)
        await socket.flush()
        talked = b""
        while isinstance(message := await socket.recv(), AudioOutput):
            talked += base64.b64decode(message.data.audio)
    assert base64.b64decode(whole.audios[0]) == expected
    assert streamed == expected
    assert talked == expected
