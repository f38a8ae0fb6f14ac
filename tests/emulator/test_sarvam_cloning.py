"""Sarvam's voice cloning, asked by the provider's own SDK (docs/dev/protocols.md B7)."""

import asyncio
import base64
from collections.abc import AsyncGenerator, Iterator
import hashlib
import io
from typing import Any

from aiohttp import ClientSession
import httpx
import pytest
from sarvamai import (
    AsyncSarvamAI,
    AudioOutput,
    ErrorResponse,
    EventResponse,
    FlushSignal,
    PingSignal,
    SarvamAI,
    VoiceCloningConfigureConnection,
    VoiceCloningSendText,
    VoiceCloningSendTextData,
)
from sarvamai.core.api_error import ApiError
from sarvamai.errors import (
    BadRequestError,
    ForbiddenError,
    InternalServerError,
    NotFoundError,
    TooManyRequestsError,
    UnprocessableEntityError,
)

from .codec import Container, decode
from .faults import FaultKind
from .recorded import clipped, noisy, silent, spoken
from .sarvam import Sarvam
from .sarvam_sdk import asynchronous_sdk, blocking_sdk, environment
from .sound import tone

TEXT = "Good evening, everyone."
RECORDING = spoken(8.0)
ONCE: Any = {"max_retries": 0}
RAW: Any = {"output_audio_codec": "linear16", "speech_sample_rate": 16000}


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


def file(audio: bytes = RECORDING) -> tuple[str, io.BytesIO, str]:
    """Return a recording as the SDK uploads it."""
    return "aunt.wav", io.BytesIO(audio), "audio/wav"


async def made(sdk: AsyncSarvamAI, **told: Any) -> str:
    """Make a voice and return its id."""
    voice: dict[str, Any] = {"file": file(), "name": "Aunt", "language": "en-IN", "request_options": ONCE, **told}
    return str((await sdk.voice_cloning.create_voice(**voice)).data.voice_id)


# Voices


async def test_life_of_a_voice(sdk: AsyncSarvamAI) -> None:
    """Create, list, get, delete."""
    cloning = sdk.voice_cloning
    created = await cloning.create_voice(
        file=file(), name="Aunt", language="hi-IN", style="conversational", gender="female"
    )
    voice_id = created.data.voice_id
    listed = (await cloning.list_voices()).data
    voice = (await cloning.get_voice(voice_id)).data
    await cloning.delete_voice(voice_id)

    assert (created.status, created.data.status) == ("success", "saved")
    assert voice_id.startswith("svc-")
    assert created.data.reference_text == voice.reference_text == "A recording of 8.0 seconds."
    assert (listed.total, [each.id for each in listed.voices]) == (1, [voice_id])
    assert (voice.name, voice.language, voice.gender, voice.descriptor) == ("Aunt", "hi-IN", "female", "conversational")
    assert (voice.status, voice.source, voice.sample_duration_seconds) == ("active", "cloned", 8.0)
    assert (await cloning.list_voices()).data.total == 0


async def test_life_of_a_voice_that_blocks(sync_sdk: SarvamAI) -> None:
    """The same in a thread, shorter."""
    cloning = sync_sdk.voice_cloning

    def live() -> list[str]:
        voice_id = cloning.create_voice(file=file(), name="Aunt", language="en-IN").data.voice_id
        names = [cloning.get_voice(voice_id).data.name, *(voice.name for voice in cloning.list_voices().data.voices)]
        cloning.delete_voice(voice_id)
        return names

    assert await asyncio.to_thread(live) == ["Aunt", "Aunt"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["Cousin", "Uncle", "Aunt"]),
        ({"search": "uN"}, ["Uncle", "Aunt"]),
        ({"gender": "male"}, ["Uncle"]),
        ({"accent": "irish"}, []),
        ({"limit": 2}, ["Cousin", "Uncle"]),
        ({"limit": 2, "offset": 2}, ["Aunt"]),
    ],
)
async def test_voices_are_listed_newest_first(sdk: AsyncSarvamAI, filters: dict[str, Any], expected: list[str]) -> None:
    """As far as they match, page by page."""
    for name, gender in (("Aunt", "female"), ("Uncle", "male"), ("Cousin", None)):
        await made(sdk, name=name, **({"gender": gender} if gender else {}))

    listed = (await sdk.voice_cloning.list_voices(**filters)).data

    assert [voice.name for voice in listed.voices] == expected
    assert listed.total == len(expected)


async def test_a_tier_has_room_for_so_many_voices(sdk: AsyncSarvamAI) -> None:
    """One that is deleted makes room for another."""
    first = [await made(sdk) for _ in range(3)][0]
    with pytest.raises(ForbiddenError) as error:
        await made(sdk)
    await sdk.voice_cloning.delete_voice(first)

    assert error.value.body["error"]["code"] == "TIER_LIMIT_REACHED"
    assert await made(sdk)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"name": ""}, UnprocessableEntityError),
        ({"name": "x" * 101}, UnprocessableEntityError),
        ({"language": "xx-IN"}, UnprocessableEntityError),
        ({"style": "shouted"}, UnprocessableEntityError),
        ({"gender": "neutral"}, UnprocessableEntityError),
        ({"file": file(b"no audio")}, BadRequestError),
        ({"file": file(silent(8.0))}, BadRequestError),
        ({"file": file(noisy(8.0))}, BadRequestError),
        ({"file": file(clipped(8.0))}, BadRequestError),
        ({"file": file(RECORDING + bytes(50_000_001 - len(RECORDING)))}, BadRequestError),
    ],
    ids=["name", "long", "language", "style", "gender", "text", "silent", "noisy", "clipped", "large"],
)
async def test_what_makes_no_voice_is_refused(
    sdk: AsyncSarvamAI, sarvam: Sarvam, told: dict[str, Any], expected: type[ApiError]
) -> None:
    """And none is kept."""
    with pytest.raises(expected):
        await made(sdk, **told)

    assert (await sdk.voice_cloning.list_voices()).data.total == 0


@pytest.mark.parametrize("call", ["get_voice", "delete_voice"])
async def test_unknown_voice(sdk: AsyncSarvamAI, call: str) -> None:
    """404."""
    with pytest.raises(NotFoundError):
        await getattr(sdk.voice_cloning, call)("svc-nobody")


async def test_a_preview_plays_without_a_key_for_a_while(
    sdk: AsyncSarvamAI, sarvam: Sarvam, session: ClientSession
) -> None:
    """By the emulator's clock."""
    address = (await sdk.voice_cloning.get_voice(await made(sdk))).data.preview_audio_url
    assert address

    async with session.get(address) as response:
        sample = await response.read()
    sarvam.clock.advance(301)
    async with session.get(address) as response:
        later = response.status

    assert decode(sample, 24000).duration > 0.1
    assert later == 403


# Speech


async def test_a_cloned_voice_speaks_until_it_is_deleted(sdk: AsyncSarvamAI) -> None:
    """On every transport; each voice has its own audio."""
    voice_id = await made(sdk)
    asked: Any = {"text": TEXT, "language_code": "hi-IN", "voice_id": voice_id, **RAW, "request_options": ONCE}
    cloning = sdk.voice_cloning

    whole = await cloning.convert(**asked)
    streamed = b"".join([chunk async for chunk in cloning.convert_stream(**asked)])
    talked = await heard(sdk, voice_id=voice_id, **RAW)
    await cloning.delete_voice(voice_id)
    with pytest.raises(BadRequestError):
        await cloning.convert(**asked)
    with pytest.raises(BadRequestError):
        await anext(aiter(cloning.convert_stream(**asked)))

    assert base64.b64decode(whole.audio_b64) == streamed == talked == tone(TEXT, 16000, voice=voice_id)
    assert whole.audio == whole.audio_b64
    assert whole.audio_duration == pytest.approx(len(streamed) / 32000, abs=0.001)


async def heard(sdk: AsyncSarvamAI, **config: Any) -> bytes:
    """Speak the text over a socket and return the audio."""
    audio = b""
    async with sdk.voice_cloning_streaming.connect(send_completion_event="true") as socket:
        data: Any = {"target_language_code": "hi-IN", **config}
        await socket.configure(VoiceCloningConfigureConnection(data=data))
        await socket.ping(PingSignal())
        await socket.convert(VoiceCloningSendText(data=VoiceCloningSendTextData(text=TEXT)))
        await socket.flush(FlushSignal())
        while isinstance(message := await socket.recv(), AudioOutput):
            audio += base64.b64decode(message.data.audio)
    assert isinstance(message, EventResponse)
    assert message.data.event_type == "final"
    return audio


async def test_a_recording_speaks_at_once(sdk: AsyncSarvamAI) -> None:
    """Without storing it; the same recording always has the same voice."""
    asked: Any = {"text": TEXT, "language_code": "hi-IN", "ref_text": "This is how I sound.", **RAW}

    whole = await sdk.voice_cloning.convert(**asked, ref_audio=file())
    other = await sdk.voice_cloning.convert(**asked, ref_audio=file(spoken(9.0)))
    talked = await heard(sdk, ref_audio=base64.b64encode(RECORDING).decode(), **RAW)

    assert base64.b64decode(whole.audio_b64) == talked
    assert other.audio_b64 != whole.audio_b64
    assert (await sdk.voice_cloning.list_voices()).data.total == 0


@pytest.mark.parametrize("codec", ["mp3", "linear16", "mulaw", "alaw", "opus", "flac", "aac", "wav"])
async def test_every_codec_of_a_whole_answer(sdk: AsyncSarvamAI, codec: str) -> None:
    """All values that the SDK knows."""
    voice_id = await made(sdk)

    answer = await sdk.voice_cloning.convert(
        text=TEXT, language_code="as-IN", voice_id=voice_id, output_audio_codec=codec
    )

    assert base64.b64decode(answer.audio_b64)


async def test_a_whole_answer_is_a_wav_at_24000_hz(sdk: AsyncSarvamAI) -> None:
    """Where nothing else is asked for."""
    answer = await sdk.voice_cloning.convert(text=TEXT, language_code="en-IN", voice_id=await made(sdk))

    audio = base64.b64decode(answer.audio_b64)
    assert (audio[:4], int.from_bytes(audio[24:28], "little")) == (b"RIFF", 24000)


@pytest.mark.parametrize("codec", ["mp3", "linear16", "mulaw", "alaw", "wav"])
async def test_every_codec_of_a_stream(sdk: AsyncSarvamAI, codec: str) -> None:
    """Formats that can be concatenated."""
    stream = sdk.voice_cloning.convert_stream(
        text=TEXT, language_code="en-IN", voice_id=await made(sdk), output_audio_codec=codec, output_audio_bitrate="64k"
    )

    assert b"".join([chunk async for chunk in stream])


async def test_the_length_of_the_sound_can_be_asked_for(sdk: AsyncSarvamAI) -> None:
    """With silence at the end for the minimum, faster for the maximum."""
    asked: Any = {"text": TEXT, "language_code": "en-IN", "voice_id": await made(sdk)}

    plain = await sdk.voice_cloning.convert(**asked)
    longer = await sdk.voice_cloning.convert(**asked, min_audio_duration=5.0)
    shorter = await sdk.voice_cloning.convert(**asked, max_audio_duration=0.5)

    assert 0.5 < plain.audio_duration < 5.0
    assert longer.audio_duration == pytest.approx(5.0, abs=0.01)
    assert shorter.audio_duration == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"voice_id": "svc-nobody"}, BadRequestError, id="an unknown voice"),
        pytest.param({"ref_audio": file()}, BadRequestError, id="voice and recording"),
        pytest.param({"voice_id": ...}, BadRequestError, id="no voice"),
        pytest.param({"voice_id": ..., "ref_audio": file(spoken(15.5))}, BadRequestError, id="a long recording"),
        pytest.param({"voice_id": ..., "ref_audio": file(b"no audio")}, BadRequestError, id="no recording"),
        pytest.param(
            {"voice_id": ..., "ref_audio": file(), "ref_text": "x" * 501}, BadRequestError, id="a long transcript"
        ),
        pytest.param({"text": " "}, BadRequestError, id="no text"),
        pytest.param({"text": "x" * 1001}, BadRequestError, id="a long text"),
        pytest.param({"text": "!"}, UnprocessableEntityError, id="no words"),
        pytest.param({"language_code": "ur-IN"}, UnprocessableEntityError, id="a language"),
        pytest.param({"pace": 2.1}, UnprocessableEntityError, id="a pace"),
        pytest.param({"pace": 1.1, "max_audio_duration": 5}, BadRequestError, id="a pace and a length"),
        pytest.param({"min_audio_duration": 6, "max_audio_duration": 5}, BadRequestError, id="lengths crossed"),
        pytest.param({"output_audio_codec": "ogg"}, UnprocessableEntityError, id="a codec"),
        pytest.param({"output_audio_codec": "opus", "speech_sample_rate": 22050}, BadRequestError, id="a codec's rate"),
    ],
)
async def test_what_can_not_be_said_is_refused(
    sdk: AsyncSarvamAI, sarvam: Sarvam, changes: dict[str, Any], expected: type[ApiError]
) -> None:
    """For nothing."""
    whole: dict[str, Any] = {"text": TEXT, "language_code": "en-IN", "voice_id": await made(sdk), **changes}
    before = sarvam.account.credits

    with pytest.raises(expected):
        await sdk.voice_cloning.convert(**{name: value for name, value in whole.items() if value is not ...})

    assert sarvam.account.credits == before


@pytest.mark.parametrize("codec", ["flac", "aac", "opus"])
async def test_a_stream_has_no_containers(sdk: AsyncSarvamAI, codec: str) -> None:
    """They can't be concatenated."""
    voice_id = await made(sdk)
    stream = sdk.voice_cloning.convert_stream(
        text=TEXT, language_code="en-IN", voice_id=voice_id, output_audio_codec=codec
    )

    with pytest.raises(UnprocessableEntityError):
        await anext(aiter(stream))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"voice_id": "svc-nobody"}, "400: Voice 'svc-nobody' not found"),
        ({}, "400: Exactly one of voice_id and ref_audio must be provided"),
        ({"ref_audio": "no base64!"}, "400: ref_audio is not valid base64"),
        ({"voice_id": "x", "min_buffer_size": 1}, "Input parameters has to be a valid dictionary"),
    ],
)
async def test_socket_errors(sdk: AsyncSarvamAI, config: dict[str, Any], message: str) -> None:
    """As those of the other socket."""
    async with sdk.voice_cloning_streaming.connect() as socket:
        data: Any = {"target_language_code": "en-IN", **config}
        await socket.configure(VoiceCloningConfigureConnection(data=data))
        error = await socket.recv()

    assert isinstance(error, ErrorResponse)
    assert error.data.message == message


async def test_speech_is_charged_by_the_character(sdk: AsyncSarvamAI, sarvam: Sarvam) -> None:
    """On every transport; making a voice is not."""
    voice_id = await made(sdk)
    assert sarvam.account.characters == 0

    await sdk.voice_cloning.convert(text=TEXT, language_code="en-IN", voice_id=voice_id)
    await heard(sdk, voice_id=voice_id)

    assert sarvam.account.characters == 2 * len(TEXT)


async def test_exhausted_credits_end_it(sdk: AsyncSarvamAI, sarvam: Sarvam) -> None:
    """They are distinguished from a sample rate."""
    voice_id = await made(sdk)
    sarvam.change_quota({"spend": 1000})

    with pytest.raises(TooManyRequestsError) as error:
        await sdk.voice_cloning.convert(text=TEXT, language_code="en-IN", voice_id=voice_id, request_options=ONCE)

    assert error.value.body["error"]["code"] == "insufficient_quota_error"


# Around it


async def test_recordings_are_not_kept(sdk: AsyncSarvamAI, sarvam: Sarvam) -> None:
    """Neither of a form nor of a socket."""
    await made(sdk)
    await heard(sdk, ref_audio=base64.b64encode(RECORDING).decode())

    created, talked = sarvam.asked("/voices/create")[0], sarvam.asked("/voices/clone/ws")[0]
    told = {"size": len(RECORDING), "sha256": hashlib.sha256(RECORDING).hexdigest()}
    assert created.body["file"] == {"filename": "aunt.wav", **told}
    assert talked.frames_of_client()[0]["data"]["ref_audio"]["size"] == len(base64.b64encode(RECORDING))


async def test_wrong_key_is_refused(sarvam: Sarvam) -> None:
    """As everywhere."""
    async with httpx.AsyncClient() as client:
        sdk = AsyncSarvamAI(environment=environment(sarvam), api_subscription_key="wrong", httpx_client=client)
        with pytest.raises(ForbiddenError) as error:
            await made(sdk)

    assert error.value.body["error"]["code"] == "invalid_api_key_error"


@pytest.mark.parametrize(
    ("status", "expected"),
    [(400, BadRequestError), (403, ForbiddenError), (422, UnprocessableEntityError), (500, InternalServerError)],
)
async def test_any_failure_can_be_had(
    sdk: AsyncSarvamAI, sarvam: Sarvam, status: int, expected: type[ApiError]
) -> None:
    """Of each call."""
    sarvam.add_fault(FaultKind.STATUS, "/voices", status=status, times=2)

    with pytest.raises(expected):
        await made(sdk)
    with pytest.raises(expected):
        await sdk.voice_cloning.convert(text=TEXT, language_code="en-IN", voice_id="x", request_options=ONCE)


async def test_a_reset_forgets_all_voices(sdk: AsyncSarvamAI, sarvam: Sarvam) -> None:
    """As it forgets all else."""
    await made(sdk)

    sarvam.reset()

    assert (await sdk.voice_cloning.list_voices()).data.total == 0


async def test_other_types_are_taken(sdk: AsyncSarvamAI) -> None:
    """Whatever can be listened to."""
    for container in (Container.MP3, Container.FLAC, Container.OPUS):
        assert await made(sdk, file=file(spoken(8.0, container)))
