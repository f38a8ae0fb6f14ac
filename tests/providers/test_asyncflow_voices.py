"""Voices of an AsyncFlow account: cloned, used, changed, and deleted; each rejection has a reason."""

from collections.abc import AsyncGenerator
import hashlib
import traceback
from typing import Any

from aiohttp import ClientSession, web
import pytest

from custom_components.streaming_tts.providers.asyncflow import AsyncFlow
from custom_components.streaming_tts.providers.capabilities import Reason, Recording, ServiceRejection, VoiceField
from custom_components.streaming_tts.providers.types import (
    Credentials,
    Failure,
    Gender,
    SettingValue,
    Transport,
    Voice,
    VoiceInfo,
)
from tests.emulator.asyncflow import AsyncFlow as Service
from tests.emulator.asyncflow_voices import DEFAULT_VOICE_ID, UNHEARD_VOICE_ID
from tests.emulator.codec import Container, decode
from tests.emulator.recorded import clipped, followed_by_silence
from tests.emulator.settings import Settings
from tests.emulator.sound import tone
from tests.manual_clock import ManualClock

from .recordings import NAME, recording
from .tools import KEY, PCM, failure, outcome, said, serving, timed_out

CLONE = "/voices/clone"


@pytest.fixture
async def service(settings: Settings, socket_enabled: None) -> AsyncGenerator[Service]:
    """Return the emulated service; nothing may be left open on it."""
    async with Service(settings) as service:
        yield service


@pytest.fixture
def provider(service: Service, session: ClientSession) -> AsyncFlow:
    """Return an account at it."""
    return AsyncFlow(session, Credentials(key=KEY), base_url=service.url)


def at(url: str, session: ClientSession) -> AsyncFlow:
    """Return an account at another address."""
    return AsyncFlow(session, Credentials(key=KEY), base_url=url)


# Cloning


async def test_a_clone_is_in_the_catalogue_and_speaks(provider: AsyncFlow) -> None:
    """As an own voice, before all others."""
    voice = await provider.clone(recording())

    first = next(found for found in await provider.voices() if found.voice_id == voice.voice_id)
    assert (voice.name, voice.own, first.name, first.own) == (NAME, True, NAME, True)
    spoken_with = Voice.of(voice_id=voice.voice_id, model="async_flash_v1.0", language="en")
    assert await said(provider, Transport.BODY, spoken_with) == tone("Hello there.", 16000, voice=voice.voice_id)


async def test_a_clone_is_asked_for_as_both_descriptions_want_it(provider: AsyncFlow, service: Service) -> None:
    """The recording has a neutral file name."""
    sent = recording()

    await provider.clone(sent)

    [asked] = service.asked(CLONE)
    assert asked.body == {
        "audio": {
            "filename": "recording.wav",
            "size": len(sent.audio),
            "sha256": hashlib.sha256(sent.audio).hexdigest(),
        },
        "name": NAME,
        "description": NAME,
        "language": "en",
        "enhance": "false",
    }


async def test_all_that_was_said_of_a_voice_is_sent(provider: AsyncFlow, service: Service) -> None:
    """Each in the service's words."""
    settings: dict[str, SettingValue] = {
        "description": "Reads aloud",
        "language": "de",
        "enhance": True,
        "gender": "female",
        "accent": "Bavarian",
        "style": "Calm",
        "transcript": "This is how I sound.",
    }

    voice = await provider.clone(recording(settings=settings))

    [asked] = service.asked(CLONE)
    assert {key: asked.body[key] for key in settings} == settings | {"enhance": "true", "gender": "Female"}
    assert {setting.key for setting in provider.clone_settings} == set(settings)
    assert (voice.description, voice.gender) == ("Reads aloud", Gender.FEMALE)


async def test_the_older_description_of_the_service_is_content_too(provider: AsyncFlow, service: Service) -> None:
    """It wants a language and knows one only."""
    service.configure(clone_form="002")

    assert (await provider.clone(recording())).languages == ("en",)
    refused = await failure(provider.clone(recording(settings={"language": "de"})))
    assert (refused.failure, refused.code, refused.setting) == (Failure.INPUT, "INVALID_LANGUAGE", "language")


@pytest.mark.parametrize("container", [Container.WAV, Container.MP3, Container.FLAC])
async def test_recordings_are_sent_as_they_are(provider: AsyncFlow, service: Service, container: Container) -> None:
    """Where the service takes them so."""
    assert container.value in provider.recording_rules.file_types

    await provider.clone(recording(container=container))

    [asked] = service.asked(CLONE)
    assert asked.body["audio"]["filename"] == f"recording.{container.value}"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (recording(2.9, audio=b"RIFF"), Reason.TOO_SHORT),
        (recording(audio=bytes(10_000_001)), Reason.TOO_LARGE),
        (recording(container=Container.OPUS, audio=b"OggS"), Reason.NOT_AUDIO),
    ],
    ids=["short", "large", "ogg"],
)
async def test_a_recording_that_can_not_be_is_not_sent(
    provider: AsyncFlow, service: Service, bad: Recording, reason: Reason
) -> None:
    """The rules say so beforehand."""
    with pytest.raises(ServiceRejection) as caught:
        await provider.clone(bad)

    assert caught.value.reason is reason
    assert service.asked(CLONE) == []


@pytest.mark.parametrize(
    ("audio", "code", "reason"),
    [
        (b"This is a text.", "FORMAT_NOT_RECOGNIZED", Reason.NOT_AUDIO),
        (followed_by_silence(2.0, 5.0), "SHORT_SPEECH_DURATION", Reason.TOO_SHORT),
        (clipped(6.0), "BAD_SPEECH_QUALITY", Reason.BAD_QUALITY),
    ],
    ids=["text", "short", "clipped"],
)
async def test_what_the_service_does_not_like_of_a_recording_has_a_reason(
    provider: AsyncFlow, audio: bytes, code: str, reason: Reason
) -> None:
    """The user can fix the recording."""
    error = await failure(provider.clone(recording(audio=audio)))

    assert isinstance(error, ServiceRejection)
    assert (error.failure, error.code, error.reason) == (Failure.INPUT, code, reason)


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (429, "VOICE_CLONE_LIMIT_EXCEEDED", Reason.CLONE_LIMIT),
        (400, "SHORT_SPEECH_DURATION", Reason.TOO_SHORT),
        (400, "BAD_SPEECH_QUALITY", Reason.BAD_QUALITY),
        (413, "FILE_TOO_LARGE", Reason.TOO_LARGE),
    ],
)
async def test_a_code_of_the_table_has_a_reason(
    *, provider: AsyncFlow, service: Service, status: int, code: str, reason: Reason
) -> None:
    """Whatever its status would say alone."""
    service.add_fault("status", CLONE, status=status, code=code)

    error = await failure(provider.clone(recording()))

    assert isinstance(error, ServiceRejection)
    assert (error.reason, error.code) == (reason, code)


@pytest.mark.parametrize(
    ("status", "reason"), [(413, Reason.TOO_LARGE), (402, Reason.TIER_LIMIT), (403, Reason.NOT_OWN)]
)
async def test_a_refusal_without_a_code_has_a_reason_too(session: ClientSession, status: int, reason: Reason) -> None:
    """None of these is about the key: no reauthentication."""

    async def handle(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(text="No", status=status)

    async with serving(handle) as url:
        errors = [
            await failure(attempt)
            for attempt in (at(url, session).clone(recording()), at(url, session).delete_voice("a"))
        ]

    assert [getattr(error, "reason", None) for error in errors] == [reason] * 2


@pytest.mark.parametrize(
    ("fault", "options", "expected"),
    [
        ("status", {"status": 401}, Failure.AUTH),
        ("status", {"status": 429, "code": "RATE_LIMIT_EXCEEDED"}, Failure.RATE),
        ("status", {"status": 404, "code": "VERSION_NOT_FOUND"}, Failure.OUTDATED),
        ("status", {"status": 500}, Failure.SERVER),
        ("reset", {}, Failure.UNREACHABLE),
        ("content_type", {}, Failure.BROKEN),
        ("malformed_json", {}, Failure.BROKEN),
    ],
)
async def test_other_failures_are_the_usual_ones(
    provider: AsyncFlow, service: Service, fault: str, options: dict[str, Any], expected: Failure
) -> None:
    """They say nothing of the recording."""
    service.add_fault(fault, CLONE, **options)

    error = await failure(provider.clone(recording()))

    assert error.failure is expected
    assert not isinstance(error, ServiceRejection)


async def test_an_answer_without_a_voice_is_broken(session: ClientSession) -> None:
    """No voice could use it."""

    async def handle(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response({"name": "Somebody", "id": 7})

    async with serving(handle) as url:
        assert (await failure(at(url, session).clone(recording()))).failure is Failure.BROKEN


async def test_making_a_voice_may_take_longer_than_a_first_sound(
    provider: AsyncFlow, service: Service, clock: ManualClock
) -> None:
    """But not forever."""
    service.add_fault("stall", CLONE)
    began = clock.time()

    error = await timed_out(provider.clone(recording()), clock, lambda: bool(service.asked(CLONE)))

    assert error.failure is Failure.UNREACHABLE
    assert 60 < clock.time() - began < 120


async def test_a_recording_is_shown_nowhere(session: ClientSession) -> None:
    """Nor is the name, though the service repeats it."""

    async def handle(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response({"detail": {"error_code": NAME, "message": NAME}}, status=400)

    sent = recording()
    async with serving(handle) as url:
        error = await failure(at(url, session).clone(sent))

    shown = "".join(traceback.format_exception(error)) + repr(error) + repr(sent)
    assert NAME not in shown
    assert "RIFF" not in shown


async def test_a_redirect_gets_neither_key_nor_recording(session: ClientSession) -> None:
    """It is not followed."""
    asked: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        asked.append(request.path)
        await request.read()
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    async with serving(handle) as url:
        assert (await failure(at(url, session).clone(recording()))).failure is Failure.BROKEN

    assert asked == [CLONE]


# One voice


async def test_a_voice_is_known_alone(provider: AsyncFlow) -> None:
    """As it is in the catalogue."""
    [expected] = [voice for voice in await provider.voices() if voice.voice_id == DEFAULT_VOICE_ID]

    assert await provider.voice(DEFAULT_VOICE_ID) == expected


async def test_an_own_voice_is_changed(provider: AsyncFlow, service: Service) -> None:
    """What was not named stays, and what the service knows then comes back."""
    made = await provider.clone(recording(settings={"description": "Reads aloud"}))

    changed = await provider.update_voice(
        made.voice_id, {VoiceField.NAME: "Grandpa", VoiceField.GENDER: "male", VoiceField.STYLE: "Calm"}
    )

    assert (changed.name, changed.gender, changed.styles) == ("Grandpa", Gender.MALE, ("Calm",))
    assert changed.description == "Reads aloud"
    [asked] = [request for request in service.asked("/voices/") if request.method == "PUT"]
    assert asked.body == {"name": "Grandpa", "gender": "Male", "style": "Calm"}
    assert provider.changeable == set(VoiceField)


async def test_an_own_voice_is_deleted(provider: AsyncFlow) -> None:
    """Then it is in no list."""
    made = await provider.clone(recording())

    await provider.delete_voice(made.voice_id)

    assert made.voice_id not in {voice.voice_id for voice in await provider.voices()}
    gone = await failure(provider.voice(made.voice_id))
    assert isinstance(gone, ServiceRejection)
    assert gone.reason is Reason.NOT_FOUND


async def test_a_field_that_can_not_be_changed_is_named(provider: AsyncFlow) -> None:
    """All of them, with a voice of the service."""
    error = await failure(provider.update_voice(DEFAULT_VOICE_ID, {VoiceField.NAME: "Mine"}))

    assert isinstance(error, ServiceRejection)
    assert (error.reason, error.setting) == (Reason.FIELD_FIXED, "name")


async def test_a_voice_of_the_service_is_not_deleted(provider: AsyncFlow) -> None:
    """It says that it does not know such a voice."""
    error = await failure(provider.delete_voice(DEFAULT_VOICE_ID))

    assert isinstance(error, ServiceRejection)
    assert error.reason is Reason.NOT_FOUND


@pytest.mark.parametrize("voice_id", ["", "..", ".", "../voices", "a/b", "a?b", "a b", "é", "x" * 129, "%2e%2e"])
async def test_an_id_that_would_lead_elsewhere_is_no_voice(
    provider: AsyncFlow, service: Service, voice_id: str
) -> None:
    """Nothing is asked for it."""
    attempts = (
        provider.voice(voice_id),
        provider.delete_voice(voice_id),
        provider.update_voice(voice_id, {}),
        provider.preview_url(VoiceInfo(voice_id=voice_id, name="")),
    )

    errors = [await failure(attempt) for attempt in attempts]

    assert [getattr(error, "reason", None) for error in errors] == [Reason.NOT_FOUND] * 4
    assert service.asked("/") == []


async def test_a_voice_without_an_id_is_broken(session: ClientSession) -> None:
    """It is not the one that was asked for."""

    async def handle(request: web.Request) -> web.Response:
        return web.json_response({"name": "Somebody"})

    async with serving(handle) as url:
        assert (await failure(at(url, session).voice("a"))).failure is Failure.BROKEN


# Samples


async def test_a_sample_is_played_without_a_key(provider: AsyncFlow, session: ClientSession) -> None:
    """At an address that is made for it."""
    address = await provider.preview_url(await provider.voice(DEFAULT_VOICE_ID))

    assert address is not None
    async with session.get(address) as response:
        assert decode(await response.read(), 24000).duration > 0


async def test_a_voice_may_have_no_sample(provider: AsyncFlow) -> None:
    """Which is no error; that the voice is gone is one."""
    assert await provider.preview_url(VoiceInfo(voice_id=UNHEARD_VOICE_ID, name="")) is None

    error = await failure(provider.preview_url(VoiceInfo(voice_id="none", name="")))
    assert isinstance(error, ServiceRejection)
    assert error.reason is Reason.NOT_FOUND


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("https://files.example.com/a.mp3?signature=b%2Fc&x=1", True),
        ("http://127.0.0.1:1/a.mp3", True),
        ("http://files.example.com/a.mp3", False),
        ("ftp://files.example.com/a.mp3", False),
        ("file:///etc/passwd", False),
        ("https://user:word@files.example.com/a.mp3", False),
        ("https://", False),
        ("http://[::1", False),
        ("https://files.example.com/" + "a" * 5000, False),
        (7, False),
        (None, False),
    ],
)
async def test_an_address_of_a_sample_is_proper_or_none(session: ClientSession, address: object, good: bool) -> None:
    """Only where the service is near itself may a sample be so."""

    async def handle(request: web.Request) -> web.Response:
        return web.json_response({"signed_url": address})

    async with serving(handle) as url:
        found = await outcome(at(url, session).preview_url(VoiceInfo(voice_id="a", name="A")))

    assert found == (address if good else Failure.BROKEN)


async def test_a_voice_is_spoken_with_as_it_was_before(provider: AsyncFlow) -> None:
    """What is not about the voice's keeping stays as it was: an unknown voice is a failure of the voice."""
    unknown = Voice.of(voice_id="none", model="async_flash_v1.0", language="en")

    error = await failure(said(provider, Transport.STREAM, unknown, audio_format=PCM))

    assert (error.failure, isinstance(error, ServiceRejection)) == (Failure.VOICE, False)
