"""Sarvam clones voices, a beta; they speak through an endpoint of their own and are otherwise like any voice."""

from base64 import b64encode
from collections.abc import AsyncGenerator
import hashlib
import traceback
from typing import Any

from aiohttp import ClientSession, web
import pytest

from custom_components.streaming_tts.providers.capabilities import Previews, Reason, Recording, ServiceRejection
from custom_components.streaming_tts.providers.sarvam import Sarvam, catalogue as adapter
from custom_components.streaming_tts.providers.types import (
    AudioFormat,
    Credentials,
    Failure,
    Gender,
    SettingValue,
    Transport,
    Voice,
)
from tests.emulator.codec import Container, decode
from tests.emulator.recorded import silent
from tests.emulator.sarvam import Sarvam as Service
from tests.emulator.settings import Settings
from tests.emulator.sound import tone

from .recordings import NAME, recording
from .tools import KEY, PCM, failure, line, outcome, said, serving, spoken

TEXT = "Hello there."
CREATE = "/voices/create"
PATHS = {Transport.STREAM: "/voices/clone/stream", Transport.BODY: "/voices/clone"}
SOUND = b64encode(bytes(320)).decode()


@pytest.fixture
async def service(settings: Settings, socket_enabled: None) -> AsyncGenerator[Service]:
    """Return the emulated service."""
    async with Service(settings) as service:
        yield service


@pytest.fixture
def provider(service: Service, session: ClientSession) -> Sarvam:
    """Return an account at it."""
    return Sarvam(session, Credentials(key=KEY), base_url=service.url)


def at(url: str, session: ClientSession) -> Sarvam:
    """Return an account at another address."""
    return Sarvam(session, Credentials(key=KEY), base_url=url)


def voice_of(voice_id: str, model: str = "cloned", language: str = "hi-IN", **settings: SettingValue) -> Voice:
    """Return a cloned voice with settings."""
    return Voice.of(voice_id=voice_id, model=model, language=language, settings=settings)


# Making


async def test_a_clone_is_in_the_catalogue(provider: Sarvam) -> None:
    """Before all others, as an own voice that speaks all languages with the model for such."""
    made = await provider.clone(recording(settings={"gender": "female", "style": "sales", "language": "or-IN"}))

    voices = await provider.voices()

    assert voices[0] == made
    assert (made.name, made.own, made.gender, made.styles) == (NAME, True, Gender.FEMALE, ("sales",))
    assert (made.models, made.languages) == (("cloned",), ())
    assert not any(voice.own for voice in voices[1:])
    assert provider.model("cloned").languages[-1] == "as-IN"


async def test_a_clone_is_asked_for_in_a_form(provider: Sarvam, service: Service) -> None:
    """The recording has a neutral file name."""
    sent = recording(settings={"language": "or-IN", "style": "sales"})

    await provider.clone(sent)

    [asked] = service.asked(CREATE)
    audio = {"filename": "recording.wav", "size": len(sent.audio), "sha256": hashlib.sha256(sent.audio).hexdigest()}
    assert asked.body == {"file": audio, "name": NAME, "language": "od-IN", "style": "sales"}


async def test_all_that_may_be_said_of_a_voice_is_taken(provider: Sarvam) -> None:
    """Each choice of each setting; the language has one where none is chosen."""
    for setting in provider.clone_settings:
        for choice in getattr(setting, "choices", ()):
            made = await provider.clone(recording(settings={setting.key: choice}))
            await provider.delete_voice(made.voice_id)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (recording(2.9), Reason.TOO_SHORT),
        (recording(audio=bytes(50_000_001)), Reason.TOO_LARGE),
        (recording(container=Container.OPUS, audio=b"OggS"), Reason.NOT_AUDIO),
    ],
    ids=["short", "large", "ogg"],
)
async def test_a_recording_that_can_not_be_is_not_sent(
    provider: Sarvam, service: Service, bad: Recording, reason: Reason
) -> None:
    """The rules say so beforehand."""
    with pytest.raises(ServiceRejection) as caught:
        await provider.clone(bad)

    assert caught.value.reason is reason
    assert service.asked(CREATE) == []


async def test_a_tier_has_room_for_so_many_voices(provider: Sarvam, service: Service) -> None:
    """That is a 403, and yet no bad key."""
    service.configure(voices=1)
    await provider.clone(recording())

    error = await failure(provider.clone(recording()))

    assert isinstance(error, ServiceRejection)
    assert error.reason is Reason.TIER_LIMIT


async def test_a_recording_without_a_voice_in_it_is_no_use(provider: Sarvam) -> None:
    """The service listens to it."""
    error = await failure(provider.clone(recording(audio=silent(6.0))))

    assert isinstance(error, ServiceRejection)
    assert error.reason in (Reason.BAD_QUALITY, Reason.TOO_SHORT)


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (403, {"error": {"code": "TIER_LIMIT_REACHED", "message": "No"}}, Reason.TIER_LIMIT),
        (403, {"status": "error", "code": "TIER_LIMIT_REACHED"}, Reason.TIER_LIMIT),
        (403, {"detail": "TIER_LIMIT_REACHED: 3 voices"}, Reason.TIER_LIMIT),
        (403, {"message": "Your plan does not have this"}, Reason.NOT_OFFERED),
        (422, {"message": "This model is currently in beta and not available."}, Reason.NOT_OFFERED),
        (404, {"detail": "Not Found"}, Reason.NOT_OFFERED),
        (405, {"detail": "Method Not Allowed"}, Reason.NOT_OFFERED),
        (413, {"error": {"code": "invalid_request_error", "message": "File size"}}, Reason.TOO_LARGE),
        (400, {"error": {"code": "invalid_request_error", "message": "Audio is too short"}}, Reason.TOO_SHORT),
        (400, {"error": {"code": "invalid_request_error", "message": "Audio is too long"}}, Reason.TOO_LONG),
        (400, {"error": {"code": "invalid_request_error", "message": "Unsupported format"}}, Reason.NOT_AUDIO),
        (422, {"error": {"code": "unprocessable_entity_error", "message": "Noisy audio"}}, Reason.BAD_QUALITY),
    ],
)
async def test_a_refusal_has_a_reason(
    session: ClientSession, status: int, body: dict[str, Any], reason: Reason
) -> None:
    """From the message, which isn't documented."""

    async def handle(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response(body, status=status)

    async with serving(handle) as url:
        error = await failure(at(url, session).clone(recording()))

    assert isinstance(error, ServiceRejection)
    assert error.reason is reason


@pytest.mark.parametrize(
    ("fault", "options", "expected"),
    [
        ("status", {"status": 400}, Failure.INPUT),
        ("status", {"status": 403}, Failure.AUTH),
        ("status", {"status": 429, "code": "insufficient_quota_error"}, Failure.QUOTA),
        ("status", {"status": 500}, Failure.SERVER),
        ("reset", {}, Failure.UNREACHABLE),
        ("content_type", {}, Failure.BROKEN),
        ("malformed_json", {}, Failure.BROKEN),
    ],
)
async def test_other_failures_are_the_usual_ones(
    provider: Sarvam, service: Service, fault: str, options: dict[str, Any], expected: Failure
) -> None:
    """They say nothing of the recording."""
    service.add_fault(fault, CREATE, **options)

    error = await failure(provider.clone(recording()))

    assert (error.failure, isinstance(error, ServiceRejection)) == (expected, False)


async def test_a_recording_is_shown_nowhere(session: ClientSession) -> None:
    """Nor is the name, though the service repeats it."""

    async def handle(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response({"error": {"code": NAME, "message": f"{NAME} is bad"}}, status=400)

    sent = recording()
    async with serving(handle) as url:
        error = await failure(at(url, session).clone(sent))

    shown = "".join(traceback.format_exception(error)) + repr(error) + repr(sent)
    assert NAME not in shown
    assert "RIFF" not in shown


# Keeping


async def test_a_voice_is_known_alone(provider: Sarvam, service: Service) -> None:
    """A stock speaker without being asked for."""
    made = await provider.clone(recording())

    assert await provider.voice(made.voice_id) == made
    assert (await provider.voice("shubh")).name == "Shubh"
    assert not service.asked("/voices/shubh")


async def test_a_clone_is_deleted(provider: Sarvam) -> None:
    """Then it is known nowhere, and does not speak."""
    made = await provider.clone(recording())

    await provider.delete_voice(made.voice_id)

    assert not any(voice.own for voice in await provider.voices())
    errors = [await failure(provider.voice(made.voice_id)), await failure(provider.delete_voice(made.voice_id))]
    assert [getattr(error, "reason", None) for error in errors] == [Reason.NOT_FOUND] * 2
    unspoken = await failure(said(provider, Transport.STREAM, voice_of(made.voice_id)))
    assert unspoken.failure in (Failure.VOICE, Failure.INPUT)


@pytest.mark.parametrize("voice_id", ["", "..", "a/b", "a?b"])
async def test_an_id_that_would_lead_elsewhere_is_no_voice(provider: Sarvam, service: Service, voice_id: str) -> None:
    """Nothing is asked for it."""
    errors = [await failure(provider.voice(voice_id)), await failure(provider.delete_voice(voice_id))]

    assert [getattr(error, "reason", None) for error in errors] == [Reason.NOT_FOUND] * 2
    assert service.asked() == []


async def test_a_clone_has_a_sample(provider: Sarvam, session: ClientSession) -> None:
    """It is played without a key; stock speakers have none, and are not asked for."""
    made = await provider.clone(recording())
    assert isinstance(provider, Previews)
    assert [voice for voice in await provider.voices() if provider.has_sample(voice)] == [made]

    address = await provider.preview_url(made)

    assert address is not None
    async with session.get(address) as response:
        assert decode(await response.read(), 24000).duration > 0
    assert await provider.preview_url(await provider.voice("shubh")) is None


@pytest.mark.parametrize("told", [None, 7, "", "ftp://files.example.com/a.mp3", "http://files.example.com/a.mp3"])
async def test_an_address_that_is_not_proper_is_none(session: ClientSession, told: object) -> None:
    """The voice is one all the same."""

    async def handle(request: web.Request) -> web.Response:
        return web.json_response({"data": {"id": "svc-1", "preview_audio_url": told}})

    async with serving(handle) as url:
        provider = at(url, session)
        voice = await provider.voice("svc-1")
        assert await provider.preview_url(voice) is None


@pytest.mark.parametrize("page_size", [1, 2, 3, 200])
async def test_all_pages_of_clones_are_read(
    provider: Sarvam, service: Service, monkeypatch: pytest.MonkeyPatch, page_size: int
) -> None:
    """However many there are on each."""
    monkeypatch.setattr(adapter, "PAGE_SIZE", page_size)
    made = {(await provider.clone(recording())).voice_id for _ in range(3)}

    assert {voice.voice_id for voice in await provider.voices() if voice.own} == made


async def test_a_list_that_never_ends_is_left(session: ClientSession) -> None:
    """It says the same voices again and again."""

    async def handle(request: web.Request) -> web.Response:
        entries = [{"id": f"svc-{number}"} for number in range(adapter.PAGE_SIZE)]
        return web.json_response({"status": "success", "data": {"voices": entries}})

    async with serving(handle) as url:
        assert len([voice for voice in await at(url, session).voices() if voice.own]) == adapter.PAGE_SIZE


async def test_what_is_no_voice_is_left_out(session: ClientSession) -> None:
    """And so is one that was deleted."""
    entries = [{"id": "svc-1", "gender": "Robot"}, {"id": "svc-2", "status": "deleted"}, {"name": "no id"}, 7, None]

    async def handle(request: web.Request) -> web.Response:
        return web.json_response({"data": {"voices": entries, "total": 5}})

    async with serving(handle) as url:
        own = [voice for voice in await at(url, session).voices() if voice.own]

    assert [(voice.voice_id, voice.name, voice.gender) for voice in own] == [("svc-1", "svc-1", None)]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, {"detail": "Not Found"}),
        (404, None),
        (405, None),
        (403, {"message": "No such plan"}),
        (422, {"message": "This model is currently in beta and not available."}),
    ],
)
async def test_an_account_without_the_beta_has_the_stock_speakers(
    session: ClientSession, status: int, body: dict[str, Any] | None
) -> None:
    """As before."""

    async def handle(request: web.Request) -> web.Response:
        return web.Response(text="No", status=status) if body is None else web.json_response(body, status=status)

    async with serving(handle) as url:
        voices = await at(url, session).voices()

    assert "shubh" in {voice.voice_id for voice in voices}
    assert not any(voice.own for voice in voices)


@pytest.mark.parametrize(("status", "expected"), [(403, Failure.AUTH), (500, Failure.SERVER), (429, Failure.RATE)])
async def test_a_failure_in_the_list_of_clones_is_not_hidden(
    provider: Sarvam, service: Service, status: int, expected: Failure
) -> None:
    """Otherwise the account's own voices would seem to be gone."""
    service.add_fault("status", "/voices", status=status)

    assert (await failure(provider.voices())).failure is expected


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": {"voices": 7}}, {"data": {"voice_id": 7}}])
async def test_an_answer_that_tells_nothing_is_broken(session: ClientSession, body: dict[str, Any]) -> None:
    """Rather than a voice without an id."""

    async def handle(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response(body)

    async with serving(handle) as url:
        provider = at(url, session)
        attempts = (provider.voices(), provider.voice("svc-1"), provider.clone(recording()))
        failures = [(await failure(attempt)).failure for attempt in attempts]

    assert failures == [Failure.BROKEN] * 3


# Speaking


@pytest.mark.parametrize("transport", [Transport.STREAM, Transport.BODY])
@pytest.mark.parametrize("rate", [8000, 16000, 22050, 24000])
async def test_a_clone_speaks_over_every_transport_at_every_rate(
    provider: Sarvam, transport: Transport, rate: int
) -> None:
    """It has no socket."""
    made = await provider.clone(recording())
    voice = voice_of(made.voice_id, language="or-IN", pace=1.5)
    assert rate in provider.pcm_rates
    audio_format = AudioFormat(sample_rate=rate)

    heard = await said(provider, transport, voice, TEXT, audio_format)

    assert heard == tone(TEXT, rate, voice=made.voice_id, speed=1.5)


@pytest.mark.parametrize("transport", [Transport.STREAM, Transport.BODY])
async def test_a_clone_is_spoken_with_in_a_form(provider: Sarvam, service: Service, transport: Transport) -> None:
    """In the words of that endpoint, and with only what it has."""
    made = await provider.clone(recording())
    voice = voice_of(made.voice_id, language="or-IN", pace=1.5, temperature=0.5, dict_id="p_1")

    await said(provider, transport, voice)

    [asked] = [request for request in service.asked(PATHS[transport]) if request.path == PATHS[transport]]
    assert asked.body == {
        "text": TEXT,
        "voice_id": made.voice_id,
        "language_code": "od-IN",
        "pace": "1.5",
        "output_audio_codec": "linear16",
        "speech_sample_rate": "16000",
    }


async def test_a_clone_is_known_by_its_id(provider: Sarvam) -> None:
    """Whatever model was saved with it."""
    made = await provider.clone(recording())

    heard = await said(provider, Transport.STREAM, voice_of(made.voice_id, model="bulbul:v3"))

    assert heard == tone(TEXT, PCM.sample_rate, voice=made.voice_id)
    assert provider.max_characters(voice_of(made.voice_id)) == 1000


async def test_a_socket_outlives_a_clone_that_speaks_beside_it(provider: Sarvam, service: Service) -> None:
    """The next stock speaker finds it as it was."""
    made = await provider.clone(recording())
    shubh = Voice.of(voice_id="shubh", model="bulbul:v3", language="hi-IN")
    connection = await line(provider, Transport.WEBSOCKET, shubh)

    heard = [
        await spoken(connection, shubh),
        await said(provider, Transport.STREAM, voice_of(made.voice_id)),
        await spoken(connection, shubh),
    ]
    await connection.close()

    assert heard == [tone(TEXT, PCM.sample_rate, voice=voice_id) for voice_id in ("shubh", made.voice_id, "shubh")]
    assert len(service.asked("/text-to-speech/ws")) == 1


async def test_no_socket_fits_a_clone(provider: Sarvam) -> None:
    """Whatever model was saved with it: it speaks over HTTP alone."""
    made = await provider.clone(recording())
    clones = [voice_of(made.voice_id), voice_of(made.voice_id, model="bulbul:v3")]
    connection = await provider.open_socket(Voice.of(voice_id="shubh", model="bulbul:v3", language="hi-IN"))

    assert [connection.fits(clone, None) for clone in clones] == [False, False]
    assert [Transport.WEBSOCKET in provider.transports_of(clone) for clone in clones] == [False, False]
    await connection.close()


@pytest.mark.parametrize("transport", [Transport.STREAM, Transport.BODY])
@pytest.mark.parametrize(
    ("fault", "options", "expected"),
    [
        ("status", {"status": 403}, Failure.AUTH),
        ("status", {"status": 403, "code": "TIER_LIMIT_REACHED"}, Failure.VOICE),
        ("status", {"status": 403, "extra": {"body": "<html>"}}, Failure.UNREACHABLE),
        ("status", {"status": 404, "code": "not_found_error"}, Failure.VOICE),
        ("status", {"status": 429, "code": "insufficient_quota_error"}, Failure.QUOTA),
        ("status", {"status": 429}, Failure.RATE),
        ("status", {"status": 500}, Failure.SERVER),
        ("reset", {}, Failure.UNREACHABLE),
        ("reset", {"after_bytes": 300}, Failure.BROKEN),
        ("content_type", {}, Failure.BROKEN),
    ],
)
async def test_a_failure_is_that_of_speech(
    *,
    provider: Sarvam,
    service: Service,
    transport: Transport,
    fault: str,
    options: dict[str, Any],
    expected: Failure,
) -> None:
    """A voice that is gone, or that the account may not use, is a failure of the voice, and not of the key."""
    made = await provider.clone(recording())
    service.add_fault(fault, PATHS[transport], **options)

    assert (await failure(said(provider, transport, voice_of(made.voice_id)))).failure is expected


@pytest.mark.parametrize(
    ("body", "good"),
    [
        ({"audio_b64": SOUND, "audio": SOUND, "request_id": "x", "audio_duration": 0.01}, True),
        ({"audio": SOUND}, True),
        ({"audio_b64": SOUND}, True),
        ({"audio_b64": None}, False),
        ({}, False),
    ],
)
async def test_a_whole_answer_has_its_sound_under_two_names(
    session: ClientSession, body: dict[str, Any], good: bool
) -> None:
    """One of them is enough."""

    async def handle(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response(body)

    async with serving(handle) as url:
        heard = await outcome(said(at(url, session), Transport.BODY, voice_of("svc-1")))

    assert heard == (bytes(320) if good else Failure.BROKEN)
