"""Cloning with Flow TTS at every deployment, for ten points: quota, errors, and lists."""

from base64 import b64encode
from collections.abc import AsyncGenerator
import hashlib
import json
import traceback
from typing import Any

import aiohttp
import pytest

from custom_components.streaming_tts.providers.capabilities import Previews, Reason, Recording, ServiceRejection
from custom_components.streaming_tts.providers.flow_tts import FlowTTS
from custom_components.streaming_tts.providers.types import Charge, Credentials, Failure, VoiceInfo
from tests.emulator.codec import Container, decode
from tests.emulator.flow import Flow
from tests.emulator.flow_settings import Contract, Release
from tests.emulator.recorded import noisy, spoken
from tests.emulator.settings import Settings
from tests.emulator.sound import tone

from .flow_help import SPEECH, TEXT, Notebook, answering, credentials_of, spoken as said, trial_of, voice
from .recordings import NAME, recording
from .tools import failure

CLONE = "/api/voice/clone"
PRICE = Charge(points=10, requests=1)
PRICE_OF_HEAD = Charge(points=50, requests=1)
PORTAL = {"contract": Contract.PORTAL}
JUNE = {"contract": Contract.BACKEND, "release": Release.JUNE}
HEAD = {"contract": Contract.BACKEND, "release": Release.HEAD}
CONTRACTS = [pytest.param(PORTAL, id="portal"), pytest.param(JUNE, id="june"), pytest.param(HEAD, id="head")]
NEW = b'{"code": "success", "message": "Voice cloned successfully", %s}'


def price_of(behaviour: dict[str, Any]) -> Charge:
    """Return what a clone costs."""
    return PRICE_OF_HEAD if behaviour is HEAD else PRICE


@pytest.fixture
async def service(settings: Settings, socket_enabled: None) -> AsyncGenerator[Flow]:
    """Run the emulator."""
    async with Flow(settings) as flow:
        yield flow


@pytest.fixture
def flow(service: Flow, session: aiohttp.ClientSession, notebook: Notebook) -> FlowTTS:
    """Return an account at the emulator."""
    return FlowTTS(session, trial_of(service), base_url=service.url, observer=notebook, now=service.clock.now)


@pytest.mark.parametrize("behaviour", CONTRACTS)
async def test_a_clone_speaks(service: Flow, flow: FlowTTS, behaviour: dict[str, Any]) -> None:
    """At every deployment, over every transport."""
    service.configure(**behaviour)

    made = await flow.clone(recording(8.0))

    assert (made.name, made.own) == (NAME, True)
    for transport in SPEECH:
        assert await said(flow, transport, of=voice(made.voice_id)) == tone(TEXT, 24000, voice=made.voice_id)


@pytest.mark.parametrize("behaviour", CONTRACTS)
async def test_what_is_left_is_told(
    service: Flow, flow: FlowTTS, notebook: Notebook, behaviour: dict[str, Any]
) -> None:
    """By the answer itself."""
    service.configure(**behaviour)

    await flow.clone(recording(8.0))

    assert flow.clone_price == price_of(behaviour)
    told = (10_000, 50, 9950) if behaviour is HEAD else (100, 10, 90)
    assert {(quota.limit, quota.used, quota.remaining) for quota in notebook.quotas} == {told}


async def test_a_clone_is_asked_for_as_both_contracts_want_it(service: Flow, flow: FlowTTS) -> None:
    """Which of them answers is seen only when it does.

    The engine's own name takes letters and digits only (docs/dev/protocols.md C4).
    """
    sent = recording(8.0)

    await flow.clone(sent)

    [asked] = service.asked(CLONE)
    audio = b64encode(sent.audio)
    kept = {"size": len(audio), "sha256": hashlib.sha256(audio).hexdigest()}
    assert asked.body == {
        "audio": kept,
        "name": NAME,
        "audioData": kept,
        "voiceName": "Grandma_s_voice",
        "audioDuration": 8.0,
        "description": NAME,
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [("我的声音", "voice"), ("_Ä_", "voice"), ("Uncle  Bob, the 2nd!", "Uncle_Bob_the_2nd"), ("x" * 50, "x" * 36)],
)
async def test_a_name_is_made_fit_for_the_engine(service: Flow, flow: FlowTTS, name: str, expected: str) -> None:
    """A name that it refuses would be charged."""
    await flow.clone(recording(8.0, name=name, settings={"description": "Hers"}))

    [asked] = service.asked(CLONE)
    assert (asked.body["name"], asked.body["voiceName"], asked.body["description"]) == (name, expected, "Hers")


@pytest.mark.parametrize(("behaviour", "listed"), [(PORTAL, False), (JUNE, True), (HEAD, True)])
async def test_clones_are_listed_where_there_is_a_list(
    service: Flow, flow: FlowTTS, behaviour: dict[str, Any], listed: bool
) -> None:
    """It's the first voice. The caller remembers it in any case."""
    service.configure(**behaviour)
    made = await flow.clone(recording(8.0))

    voices = await flow.voices()

    assert (voices[0].voice_id == made.voice_id) is listed
    assert voices[0].own is listed


async def test_a_clone_that_no_row_was_kept_of_is_one_all_the_same(service: Flow, flow: FlowTTS) -> None:
    """It speaks, and only who made it knows it."""
    service.configure(**HEAD, clones_listed=False)

    made = await flow.clone(recording(8.0))

    assert made.voice_id not in {found.voice_id for found in await flow.voices()}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (recording(3.9), Reason.TOO_SHORT),
        (recording(12.1), Reason.TOO_LONG),
        (recording(audio=bytes(7_000_001)), Reason.TOO_LARGE),
        (recording(container=Container.MP3), Reason.NOT_AUDIO),
        (recording(audio=b"no audio"), Reason.NOT_AUDIO),
        (recording(audio=spoken(6.0)[:20]), Reason.NOT_AUDIO),
        (recording(audio=spoken(6.0, sample_rate=24000)), Reason.NOT_AUDIO),
    ],
    ids=["short", "long", "large", "mp3", "text", "header", "rate"],
)
async def test_a_recording_that_can_not_be_costs_nothing(
    service: Flow, flow: FlowTTS, bad: Recording, reason: Reason
) -> None:
    """It is not sent: the service would charge its refusal."""
    error = await failure(flow.clone(bad))

    assert isinstance(error, ServiceRejection)
    assert (error.reason, error.charged) == (reason, Charge())
    assert service.asked(CLONE) == []


async def test_the_backend_is_not_sent_what_it_would_refuse(service: Flow, flow: FlowTTS) -> None:
    """Where it is known for one, by its list; it wants longer recordings than the portal."""
    service.configure(**HEAD)
    unknown = await failure(flow.clone(recording(5.0)))
    await flow.voices()

    known = await failure(flow.clone(recording(5.0)))

    assert [getattr(error, "reason", None) for error in (unknown, known)] == [Reason.TOO_SHORT] * 2
    assert (unknown.charged, unknown.code, known.charged) == (Charge(), "invalid_audio_duration", Charge())
    assert flow.recording_rules.least_seconds == 6


@pytest.mark.parametrize("behaviour", CONTRACTS)
async def test_a_recording_that_is_no_use_is_charged(
    service: Flow, flow: FlowTTS, notebook: Notebook, behaviour: dict[str, Any]
) -> None:
    """There is no refund."""
    service.configure(**behaviour)

    error = await failure(flow.clone(recording(8.0, audio=noisy(8.0))))

    assert error.failure in (Failure.INPUT, Failure.SERVER)
    assert error.charged == price_of(behaviour)


@pytest.mark.parametrize("behaviour", CONTRACTS)
async def test_the_engine_has_room_for_so_many_voices(service: Flow, flow: FlowTTS, behaviour: dict[str, Any]) -> None:
    """Its own error comes through in words, under whichever code; it costs as much as a voice."""
    service.configure(**behaviour, clone_limit=0)

    error = await failure(flow.clone(recording(8.0)))

    assert isinstance(error, ServiceRejection)
    assert (error.reason, error.charged) == (Reason.CLONE_LIMIT, price_of(behaviour))


@pytest.mark.parametrize("behaviour", CONTRACTS)
async def test_too_few_points_are_told_and_not_touched(
    service: Flow, flow: FlowTTS, notebook: Notebook, behaviour: dict[str, Any]
) -> None:
    """They are enough to speak with: the refusal is about the price of a voice."""
    service.configure(**behaviour)
    service.change_quota({"remaining": 9})

    error = await failure(flow.clone(recording(8.0)))

    assert isinstance(error, ServiceRejection)
    assert (error.reason, error.charged) == (Reason.TOO_FEW_POINTS, Charge())
    assert notebook.quotas[-1].remaining == 9


async def test_a_used_up_quota_is_one(service: Flow, flow: FlowTTS) -> None:
    """For speech as well."""
    service.change_quota({"remaining": 0})

    error = await failure(flow.clone(recording(8.0)))

    assert (error.failure, isinstance(error, ServiceRejection)) == (Failure.QUOTA, False)


@pytest.mark.parametrize(
    ("behaviour", "fault", "reason"),
    [
        (JUNE, {"status": 400, "code": "missing_audio_data"}, Reason.NOT_AUDIO),
        (HEAD, {"status": 400, "code": "missing_audio_data"}, Reason.NOT_AUDIO),
        (HEAD, {"status": 400, "code": "invalid_audio_path"}, Reason.NOT_AUDIO),
        (HEAD, {"status": 400, "code": "invalid_audio_size"}, Reason.TOO_LARGE),
        (HEAD, {"status": 400, "code": "invalid_audio_duration"}, Reason.TOO_LONG),
        (PORTAL, {"status": 413}, Reason.TOO_LARGE),
        (PORTAL, {"status": 404}, Reason.NOT_OFFERED),
    ],
)
async def test_a_refusal_has_a_reason(
    *, service: Flow, flow: FlowTTS, behaviour: dict[str, Any], fault: dict[str, Any], reason: Reason
) -> None:
    """And says what it cost: nothing where the request was not admitted."""
    service.configure(**behaviour)
    service.add_fault("status", CLONE, **fault)

    error = await failure(flow.clone(recording(8.0)))

    assert isinstance(error, ServiceRejection)
    assert error.reason is reason
    assert error.charged == (PRICE if behaviour is JUNE else Charge())


@pytest.mark.parametrize(
    ("fault", "options", "expected", "charged"),
    [
        ("status", {"status": 400}, Failure.INPUT, PRICE),
        ("status", {"status": 401}, Failure.AUTH, Charge()),
        ("status", {"status": 429}, Failure.QUOTA, Charge()),
        ("status", {"status": 500}, Failure.SERVER, PRICE),
        ("reset", {}, Failure.UNREACHABLE, Charge()),
        ("reset", {"after_bytes": 5}, Failure.BROKEN, PRICE),
        ("truncate", {"after_bytes": 5}, Failure.BROKEN, PRICE),
        ("content_type", {}, Failure.BROKEN, PRICE),
        ("malformed_json", {}, Failure.BROKEN, PRICE),
    ],
)
async def test_other_failures_are_the_usual_ones(
    *, service: Flow, flow: FlowTTS, fault: str, options: dict[str, Any], expected: Failure, charged: Charge
) -> None:
    """Whatever has been admitted is charged."""
    service.add_fault(fault, CLONE, **options)

    error = await failure(flow.clone(recording(8.0)))

    assert (error.failure, isinstance(error, ServiceRejection), error.charged) == (expected, False, charged)


async def test_a_token_that_ended_is_renewed_and_the_recording_sent_again(
    service: Flow, session: aiohttp.ClientSession, notebook: Notebook
) -> None:
    """For one price."""
    account = FlowTTS(
        session,
        credentials_of(service.new_session()),
        base_url=service.url,
        observer=notebook,
        now=service.clock.now,
    )
    service.add_fault("status", CLONE, status=401)

    await account.clone(recording(8.0))

    assert len(service.asked(CLONE)) == 2
    assert notebook.quotas[-1].used == 10
    assert len(notebook.credentials) == 1


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (NEW % b'"data": {"voiceId": "clone-1", "name": "X", "duration": 8.5}', "clone-1"),
        (NEW % b'"voiceId": "clone-2", "requestId": "r", "clonedVoice": null', "clone-2"),
        (NEW % b'"voiceId": null, "clonedVoice": {"voice_id": "clone-3", "voice_name": "x"}', "clone-3"),
        (b'{"voiceId": "clone-4"}', "clone-4"),
    ],
)
async def test_every_variant_of_the_answer_is_read(session: aiohttp.ClientSession, body: bytes, expected: str) -> None:
    """The name is the one that was given here."""
    async with answering(body, "application/json") as url:
        made = await FlowTTS(session, Credentials(key="token"), base_url=url).clone(recording(8.0))

    assert (made.voice_id, made.name, made.own) == (expected, NAME, True)


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        NEW % b'"data": {"voiceId": 7}',
        NEW % (b'"voiceId": "' + b"x" * 200 + b'"'),
        b'{"code": "tts_failed", "voiceId": "clone-1"}',
        b'{"code": "success", "error": "no", "voiceId": "clone-1"}',
        b"[" * 100_000,
    ],
    ids=["empty", "list", "number", "long", "failed", "error", "deep"],
)
async def test_an_answer_without_a_voice_is_charged(session: aiohttp.ClientSession, body: bytes) -> None:
    """A broken response, or the failure that it contains."""
    async with answering(body, "application/json") as url:
        error = await failure(FlowTTS(session, Credentials(key="token"), base_url=url).clone(recording(8.0)))

    assert error.failure in (Failure.BROKEN, Failure.SERVER)
    assert error.charged == PRICE


async def test_a_recording_is_shown_nowhere(session: aiohttp.ClientSession) -> None:
    """Nor is the name, though the service repeats it."""
    sent = recording(8.0)
    body = json.dumps({"code": NAME, "message": f"{NAME} is no voiceId"}).encode()
    async with answering(body, "application/json", status=400) as url:
        error = await failure(FlowTTS(session, Credentials(key="token"), base_url=url).clone(sent))

    shown = "".join(traceback.format_exception(error)) + repr(error) + repr(sent)
    assert NAME not in shown
    assert b64encode(sent.audio[:30]).decode() not in shown


# Deleting


@pytest.mark.parametrize("behaviour", [JUNE, HEAD])
async def test_a_clone_is_deleted(service: Flow, flow: FlowTTS, behaviour: dict[str, Any]) -> None:
    """Then the list does not have it, and it is not found a second time."""
    service.configure(**behaviour)
    made = await flow.clone(recording(8.0))

    await flow.delete_voice(made.voice_id)

    assert not [found for found in await flow.voices() if found.own]
    error = await failure(flow.delete_voice(made.voice_id))
    assert isinstance(error, ServiceRejection)
    assert error.reason is Reason.NOT_FOUND


async def test_the_portal_deletes_nothing(flow: FlowTTS) -> None:
    """It has no path for that, which is not the same as having no such voice."""
    made = await flow.clone(recording(8.0))

    error = await failure(flow.delete_voice(made.voice_id))

    assert isinstance(error, ServiceRejection)
    assert error.reason is Reason.NOT_OFFERED


@pytest.mark.parametrize("status", [404, 405])
async def test_any_other_unknown_path_is_not_offered_either(session: aiohttp.ClientSession, status: int) -> None:
    """Whatever stands before the service says it in its own words."""
    async with answering(b"<h1>Not Found</h1>", "text/html", status=status) as url:
        error = await failure(FlowTTS(session, Credentials(key="token"), base_url=url).delete_voice("clone-1"))

    assert isinstance(error, ServiceRejection)
    assert error.reason is Reason.NOT_OFFERED


async def test_a_deletion_may_fail(service: Flow, flow: FlowTTS) -> None:
    """For nothing."""
    service.configure(**HEAD)
    service.add_fault("status", "/api/voice/", status=500)

    error = await failure(flow.delete_voice("my-voice"))

    assert (error.failure, error.code, error.charged) == (Failure.SERVER, "delete_failed", Charge())


@pytest.mark.parametrize("voice_id", ["", "..", "a/b", "list?x=1"])
async def test_an_id_that_would_lead_elsewhere_is_no_voice(service: Flow, flow: FlowTTS, voice_id: str) -> None:
    """Nothing is asked for it."""
    with pytest.raises(ServiceRejection):
        await flow.delete_voice(voice_id)

    assert service.asked("/api/voice/") == []


# Samples


async def test_a_sample_is_played_without_a_token(service: Flow, flow: FlowTTS, session: aiohttp.ClientSession) -> None:
    """From the address that the library gives."""
    service.configure(**HEAD)
    [amy] = [found for found in await flow.voices() if found.voice_id == "v-en-female-amy"]
    assert isinstance(flow, Previews)

    address = await flow.preview_url(amy)

    assert address is not None
    async with session.get(address) as response:
        assert decode(await response.read(), 24000).duration > 0


@pytest.mark.parametrize(
    ("base_url", "told", "expected"),
    [
        ("https://api.example.com", None, None),
        ("https://api.example.com", "/previews/a.mp3", "https://api.example.com/previews/a.mp3"),
        ("https://api.example.com", "previews/a.mp3", "https://api.example.com/previews/a.mp3"),
        ("https://api.example.com/flow", "/previews/a.mp3", "https://api.example.com/previews/a.mp3"),
        ("https://api.example.com", "https://cdn.example.com/a.mp3?sign=1", "https://cdn.example.com/a.mp3?sign=1"),
        ("https://api.example.com", "http://cdn.example.com/a.mp3", None),
        ("https://api.example.com", "http://192.168.1.1/a.mp3", None),
        ("http://192.168.1.2:8080", "http://192.168.1.2:8080/a.mp3", "http://192.168.1.2:8080/a.mp3"),
        ("http://192.168.1.2:8080", "http://cdn.example.com/a.mp3", None),
    ],
)
async def test_an_address_of_a_sample_is_proper_or_none(
    session: aiohttp.ClientSession, base_url: str, told: str | None, expected: str | None
) -> None:
    """A relative one belongs to the service; an insecure one is as near as the service itself."""
    flow = FlowTTS(session, Credentials(key="token"), base_url=base_url)

    assert await flow.preview_url(VoiceInfo(voice_id="a", name="A", preview_url=told)) == expected
