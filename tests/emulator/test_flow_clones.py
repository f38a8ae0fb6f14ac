"""Cloning with the emulated Flow service: both contracts, their points, their lists (docs/dev/protocols.md C1, C2)."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
import hashlib
from typing import Any

import pytest

from .codec import Container
from .flow import USERS
from .flow_client import STREAM, SYNTHESIZE, TEXT, Contract, FlowClient, Reply, flow_client, portal_body
from .recorded import clipped, noisy, silent, spoken
from .sound import tone

CLONE = "/api/voice/clone"
LIST = "/api/voice/list"
RECORDING = spoken(8.0)
INVALID = (400, "invalid_request")
FAILED = (500, "voice_clone_failed")
LENGTH = {"audioDuration": 8.0}


def text(audio: bytes) -> str:
    """Return a recording as JSON has it."""
    return base64.b64encode(audio).decode()


def headers(reply: Reply) -> dict[str, str]:
    """Return the quota in the headers."""
    return {name: value for name, value in reply.headers.items() if name.startswith("X-Quota")}


async def delete(client: FlowClient, voice_id: str) -> Reply:
    """Delete a voice, signed in."""
    return await client.request("DELETE", f"/api/voice/{voice_id}", headers={"Authorization": f"Bearer {client.token}"})


# The portal page


async def test_portal_cloning_has_the_shape_of_its_page(portal: FlowClient) -> None:
    """And costs ten points."""
    portal.flow.clock.move_to(datetime(2027, 1, 15, 12, tzinfo=UTC))
    portal.token = portal.flow.demo_token()

    reply = await portal.post(CLONE, {"audio": text(RECORDING), "name": "Aunt"})

    data = reply.json["data"]
    assert reply.json == {
        "code": "success",
        "message": "Voice cloned successfully",
        "data": {"voiceId": data["voiceId"], "name": "Aunt", "duration": 8.0, "createdAt": "2027-01-15T12:00:00Z"},
        "quota": {"daily": 100, "used": 10, "remaining": 90},
    }
    assert data["voiceId"].startswith("clone-")
    assert reply.headers["X-RateLimit-Remaining"] == "59"


async def test_portal_takes_an_id_once(portal: FlowClient) -> None:
    """Where it is given; a name is made up where none is."""
    body = {"audio": text(RECORDING), "voiceId": "aunt"}

    first, second = await portal.post(CLONE, body), await portal.post(CLONE, body)

    assert first.json["data"]["voiceId"] == "aunt"
    assert first.json["data"]["name"]
    assert second.error == INVALID


@pytest.mark.parametrize(
    "audio",
    [
        None,
        "",
        7,
        "no base64!",
        text(b"no audio"),
        text(RECORDING[:44]),
        text(spoken(8.0, Container.MP3)),
        text(spoken(8.0, sample_rate=24000)),
        text(spoken(3.9)),
        text(spoken(12.1)),
        text(silent(8.0)),
        text(noisy(8.0)),
        text(clipped(8.0)),
    ],
    ids=[
        "null",
        "empty",
        "number",
        "base64",
        "audio",
        "header",
        "mp3",
        "rate",
        "short",
        "long",
        "silent",
        "noisy",
        "clipped",
    ],
)
async def test_portal_refuses_a_recording_that_is_no_use_and_charges_for_it(portal: FlowClient, audio: object) -> None:
    """There is no refund."""
    refused = await portal.post(CLONE, {"audio": audio})

    assert refused.error == INVALID
    assert (await portal.post(SYNTHESIZE, portal_body())).json["quota"]["used"] == 11


@pytest.mark.parametrize("seconds", [4.0, 12.0])
async def test_portal_takes_what_is_just_long_enough(portal: FlowClient, seconds: float) -> None:
    """Four to twelve seconds."""
    assert (await portal.post(CLONE, {"audio": text(spoken(seconds))})).status == 200


async def test_portal_has_no_list_and_deletes_nothing(portal: FlowClient) -> None:
    """Who has cloned a voice has to remember it."""
    voice_id = (await portal.post(CLONE, {"audio": text(RECORDING)})).json["data"]["voiceId"]

    library = (await portal.get("/api/tts/voices")).json["voices"]

    assert voice_id not in {voice["id"] for voice in library}
    assert (await portal.get(LIST)).error == (404, "not_found")
    assert (await delete(portal, voice_id)).error == (404, "not_found")


# The open-sourced backend


async def test_backend_cloning_is_flat_and_tells_the_quota(backend: FlowClient) -> None:
    """In the body and in the headers, with the row that it keeps."""
    told = {"voiceName": "aunt", "description": "Hers", "audioDuration": 8.0}

    reply = await backend.post(CLONE, {"audioData": text(RECORDING), **told})
    listed = await backend.get(LIST)

    row = reply.json["clonedVoice"]
    assert reply.json == {
        "code": "success",
        "message": "Voice cloned successfully",
        "voiceId": reply.json["voiceId"],
        "requestId": reply.json["requestId"],
        "quota": {"daily": 10_000, "used": 50, "remaining": 9950, "tier": "free"},
        "clonedVoice": row,
    }
    assert listed.json == {"code": "success", "voices": [row]}
    assert row == {
        "id": row["id"],
        "user_id": USERS[0].user_id,
        "voice_id": reply.json["voiceId"],
        "voice_name": "aunt",
        "model": None,
        "description": "Hers",
        "audio_duration": 8.0,
        "created_at": row["created_at"],
    }
    assert headers(reply) == {
        "X-Quota-Daily": "10000",
        "X-Quota-Used": "50",
        "X-Quota-Remaining": "9950",
        "X-Quota-Cost": "50",
    }


@pytest.mark.parametrize("container", [Container.WAV, Container.MP3])
async def test_backend_takes_other_types(backend: FlowClient, container: Container) -> None:
    """And longer recordings than the portal."""
    body = {"audioData": text(spoken(20.0, container)), "audioDuration": 20}
    assert (await backend.post(CLONE, body)).status == 200


async def test_backend_keeps_the_model_of_a_clone(backend: FlowClient) -> None:
    """Where it is asked for one that there is; June's always took its own."""
    body = {"audioData": text(RECORDING), **LENGTH}
    rows = [(await backend.post(CLONE, body | {"model": model})).json["clonedVoice"] for model in ("flow_01_ex", "x")]
    backend.flow.configure(release="june")
    rows.append((await backend.post(CLONE, body)).json["clonedVoice"])

    assert [row["model"] for row in rows] == ["flow_01_ex", None, "flow_01_turbo"]


@pytest.mark.parametrize(
    ("release", "body", "error", "charged"),
    [
        ("head", {}, (400, "missing_audio_data"), None),
        ("head", {"audioData": "", **LENGTH}, (400, "missing_audio_data"), None),
        ("head", {"audio": text(RECORDING), **LENGTH}, (400, "missing_audio_data"), None),
        ("head", {"audioData": text(RECORDING)}, (400, "invalid_audio_duration"), None),
        ("head", {"audioData": text(RECORDING), "audioDuration": "long"}, (400, "invalid_audio_duration"), None),
        ("head", {"audioData": text(RECORDING), "audioDuration": 5.9}, (400, "invalid_audio_duration"), None),
        ("head", {"audioData": text(RECORDING), "audioDuration": 181}, (400, "invalid_audio_duration"), None),
        ("head", {"audioData": text(spoken(5.0)), **LENGTH}, FAILED, "50"),
        ("head", {"audioData": text(b"no audio"), **LENGTH}, FAILED, "50"),
        ("head", {"audioData": "no base64!", **LENGTH}, FAILED, "50"),
        ("head", {"audioData": text(silent(8.0)), **LENGTH}, FAILED, "50"),
        ("head", {"audioData": text(spoken(8.0, Container.FLAC)), **LENGTH}, FAILED, "50"),
        ("june", {}, (400, "missing_audio_data"), "10"),
        ("june", {"audioData": text(spoken(5.0))}, FAILED, "10"),
    ],
)
async def test_backend_errors_carry_the_quota_once_it_is_charged(
    *, backend: FlowClient, release: str, body: dict[str, object], error: tuple[int, str], charged: str | None
) -> None:
    """June's deducts before it looks at anything; today's first looks for a recording of a right length."""
    backend.flow.configure(release=release)

    reply = await backend.post(CLONE, body)

    assert reply.error == error
    assert (headers(reply).get("X-Quota-Used"), headers(reply).get("X-Quota-Cost")) == (charged, charged)


async def test_a_minute_can_be_cloned(backend: FlowClient) -> None:
    """In one copy: a body may have 4.3 MB, and June's took more."""
    long = text(spoken(60.0))
    doubled = text(RECORDING + bytes(3_300_000))

    assert (await backend.post(CLONE, {"audioData": long, "audioDuration": 60})).status == 200
    assert (await backend.post(CLONE, {"audioData": doubled, **LENGTH})).error == (413, "payload_too_large")
    backend.flow.configure(release="june")
    assert (await backend.post(CLONE, {"audioData": doubled})).status == 200


async def test_backend_deletes_from_its_list_only(backend: FlowClient) -> None:
    """The engine isn't informed, and still speaks with it."""
    voice_id = (await backend.post(CLONE, {"audioData": text(RECORDING), **LENGTH})).json["voiceId"]

    deleted, again = await delete(backend, voice_id), await delete(backend, voice_id)

    assert deleted.json["code"] == "success"
    assert again.error == (404, "not_found")
    assert (await backend.get(LIST)).json["voices"] == []
    assert (await backend.post(SYNTHESIZE, {"text": TEXT, "voiceId": voice_id})).status == 200


async def test_backend_may_forget_what_was_cloned(backend: FlowClient) -> None:
    """Then the row is null and no list has the voice, which speaks all the same."""
    backend.flow.configure(clones_listed=False)

    reply = await backend.post(CLONE, {"audioData": text(RECORDING), **LENGTH})

    assert (reply.status, reply.json["clonedVoice"]) == (200, None)
    assert (await backend.get(LIST)).json["voices"] == []
    assert (await delete(backend, reply.json["voiceId"])).error == (404, "not_found")
    assert (await backend.post(SYNTHESIZE, {"text": TEXT, "voiceId": reply.json["voiceId"]})).status == 200


# Both


CLONING = {"portal": "audio", "backend": "audioData"}
CONTRACTS: list[Contract] = ["portal", "backend"]


async def cloned(client: FlowClient, contract: Contract) -> Reply:
    """Clone the recording in the contract's shape."""
    return await client.post(CLONE, {CLONING[contract]: text(RECORDING), **LENGTH})


def voice_of(reply: Reply) -> str:
    """Return the id of a new voice in either shape."""
    return str(reply.json.get("data", reply.json)["voiceId"])


def asked(contract: Contract, voice_id: str) -> Mapping[str, object]:
    """Return a request to speak in the contract's shape."""
    return portal_body(VoiceId=voice_id) if contract == "portal" else {"text": TEXT, "voiceId": voice_id}


@pytest.mark.parametrize("contract", CONTRACTS)
async def test_a_cloned_voice_speaks(socket_enabled: None, contract: Contract) -> None:
    """On both transports, with its own audio, for the user who cloned it."""
    async with flow_client(contract) as client:
        voice_id = voice_of(await cloned(client, contract))
        whole = await client.post(SYNTHESIZE, asked(contract, voice_id))
        stream = await client.post(STREAM, asked(contract, voice_id))
        client.token = client.flow.new_session(USERS[1])["access_token"]
        stranger = await client.post(SYNTHESIZE, asked(contract, voice_id))

    assert whole.json.get("data", whole.json)["audio"]
    assert stream.streamed == tone(TEXT, 24000, voice=voice_id)
    assert stranger.status >= 400


@pytest.mark.parametrize(
    ("contract", "words"),
    [
        ("portal", "Daily quota limit reached. Resets at 00:00 UTC."),
        ("backend", "Insufficient quota. You have 9 remaining, but this operation requires 10."),
    ],
)
async def test_nine_points_are_too_few(socket_enabled: None, contract: Contract, words: str) -> None:
    """They are not touched, and enough to speak."""
    async with flow_client(contract) as client:
        client.flow.configure(release="june")
        client.flow.change_quota({"remaining": 9})
        refused = await cloned(client, contract)
        spoke = await client.post(SYNTHESIZE, portal_body() | {"text": TEXT})

    assert refused.error == (429, "quota_exceeded")
    assert refused.json["message"] == words
    assert refused.json.get("quota", {"remaining": 9})["remaining"] == 9
    assert spoke.json["quota"]["remaining"] == 8


@pytest.mark.parametrize("contract", CONTRACTS)
async def test_cloning_wants_a_token(socket_enabled: None, contract: Contract) -> None:
    """And costs nothing without one."""
    async with flow_client(contract) as client:
        assert (await client.request("POST", CLONE, json={})).error == (401, "unauthorized")


@pytest.mark.parametrize(("contract", "error"), [("portal", (500, "internal_error")), ("backend", FAILED)])
async def test_the_engine_has_room_for_so_many_voices(
    socket_enabled: None, contract: Contract, error: tuple[int, str]
) -> None:
    """Its own error says so."""
    async with flow_client(contract) as client:
        client.flow.configure(clone_limit=1)
        await cloned(client, contract)
        refused = await cloned(client, contract)

    assert refused.error == error
    assert refused.json["message"].startswith("LimitExceeded.VoiceCloneMaxNumLimit")


@pytest.mark.parametrize("contract", CONTRACTS)
async def test_the_recording_is_not_kept(socket_enabled: None, contract: Contract) -> None:
    """But its length and its sum."""
    async with flow_client(contract) as client:
        await cloned(client, contract)
        kept = client.flow.asked(CLONE)[0].body

    sent = text(RECORDING).encode()
    assert kept == {CLONING[contract]: {"size": len(sent), "sha256": hashlib.sha256(sent).hexdigest()}, **LENGTH}


async def test_a_reset_forgets_all_voices(backend: FlowClient) -> None:
    """The points come back too."""
    voice_id = voice_of(await cloned(backend, "backend"))

    backend.flow.reset()

    assert (await backend.get(LIST)).json["voices"] == []
    assert (await backend.post(SYNTHESIZE, asked("backend", voice_id))).error == (500, "tts_failed")


@pytest.mark.parametrize(
    ("contract", "fault", "error", "points"),
    [
        ("portal", {"status": 500}, (500, "internal_error"), 10),
        ("portal", {"status": 400}, INVALID, 10),
        ("portal", {"status": 429}, (429, "quota_exceeded"), 0),
        ("portal", {"status": 413}, (413, "payload_too_large"), 0),
        ("backend", {"status": 500}, FAILED, 50),
        ("backend", {"status": 400}, (400, "missing_audio_data"), 0),
        ("backend", {"status": 400, "code": "invalid_audio_path"}, (400, "invalid_audio_path"), 0),
        ("backend", {"status": 429}, (429, "quota_exceeded"), 0),
    ],
)
async def test_any_failure_can_be_had_and_costs_like_a_real_one(
    *, socket_enabled: None, contract: Contract, fault: dict[str, Any], error: tuple[int, str], points: int
) -> None:
    """Without a voice coming of it."""
    async with flow_client(contract) as client:
        client.flow.add_fault("status", CLONE, **fault)
        failed = await cloned(client, contract)
        spoke = await client.post(SYNTHESIZE, portal_body())

    assert failed.error == error
    assert spoke.json["quota"]["used"] == points + (1 if contract == "portal" else 100)


@pytest.mark.parametrize(
    ("method", "path", "code"), [("GET", LIST, "list_failed"), ("DELETE", "/api/voice/clone-x", "delete_failed")]
)
async def test_lists_and_deletions_fail_at_will(backend: FlowClient, method: str, path: str, code: str) -> None:
    """For nothing."""
    backend.flow.add_fault("status", path, status=500)
    token = {"Authorization": f"Bearer {backend.token}"}

    assert (await backend.request(method, path, headers=token)).error == (500, code)
    assert (await backend.get("/api/user/quota")).json["quota"]["used"] == 0
