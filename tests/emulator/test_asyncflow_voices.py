"""AsyncFlow's own voices: cloned, used, renamed, deleted; previews.

And word timestamps (docs/dev/protocols.md A6 to A8).
"""

import base64
from collections.abc import Mapping
import hashlib
import io
from typing import Any

from aiohttp import ClientSession, FormData
import pytest

from .asyncflow import AsyncFlow
from .asyncflow_client import HEADERS, STREAMING, VOICE, WHOLE, Reply, ask, speech, talk
from .asyncflow_voices import SECOND_VOICE_ID, UNHEARD_VOICE_ID
from .codec import Container, decode
from .recorded import clipped, followed_by_silence, noisy, silent, spoken
from .settings import VoiceMode
from .sound import SECONDS_PER_CHARACTER, tone

TIMED = "/text_to_speech/with_timestamps"
RECORDING = spoken(6.0)
FIELDS = {"name": "Aunt", "description": "Hers", "language": "en", "enhance": "false"}


async def clone(
    session: ClientSession,
    url: str,
    audio: bytes | None = RECORDING,
    *,
    headers: Mapping[str, str] = HEADERS,
    **fields: str | None,
) -> Reply:
    """Send a recording with the fields that every client sends but for the changes; None leaves one out."""
    form = FormData()
    for name, value in (FIELDS | fields).items():
        if value is not None:
            form.add_field(name, value)
    if audio is not None:
        form.add_field("audio", io.BytesIO(audio), filename="aunt.wav", content_type="audio/wav")
    async with session.post(f"{url}/voices/clone", data=form, headers=headers) as response:
        return Reply(status=response.status, content_type=response.content_type, body=await response.read())


def refusal(reply: Reply) -> tuple[int, str]:
    """Return status and code of an error."""
    return reply.status, reply.json["detail"]["error_code"]


async def own_voices(session: ClientSession, url: str) -> dict[str, Any]:
    """Return one's own voices by their ids."""
    listed = await ask(session, url + "/voices", {"my_voice": True, "limit": 100})
    return {voice["voice_id"]: voice for voice in listed.json["voices"]}


# Cloning


async def test_a_recording_becomes_a_voice_that_is_listed(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """It's listed among the account's own voices with its fields, and can be read alone."""
    reply = await clone(session, asyncflow.url, gender="Female", accent="Irish", style="Calm,Warm", enhance="true")

    voice_id = reply.json["id"]
    assert reply.status == 200
    assert reply.json == {"id": voice_id, "name": "Aunt", "description": "Hers", "language": "de,en,es,fr,it"}
    voice = (await own_voices(session, asyncflow.url))[voice_id]
    assert voice == (await ask(session, f"{asyncflow.url}/voices/{voice_id}", method="GET")).json
    assert {name: voice[name] for name in ("voice_type", "name", "description", "gender", "accent", "style")} == {
        "voice_type": "CUSTOM",
        "name": "Aunt",
        "description": "Hers",
        "gender": "Female",
        "accent": "Irish",
        "style": "Calm,Warm",
    }


async def test_a_recording_needs_no_more_than_a_name(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """In the form of today."""
    reply = await clone(session, asyncflow.url, description=None, language=None, enhance=None)

    assert (reply.status, reply.json["name"], reply.json["description"]) == (200, "Aunt", "")


@pytest.mark.parametrize("container", [Container.WAV, Container.MP3, Container.FLAC])
async def test_recordings_come_in_several_types(
    asyncflow: AsyncFlow, session: ClientSession, container: Container
) -> None:
    """Whatever the name of the file says."""
    assert (await clone(session, asyncflow.url, spoken(4.0, container))).status == 200


async def test_the_page_of_2025_wants_more(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """Language and enhance; the voice speaks English then."""
    asyncflow.configure(clone_form="002")

    reply = await clone(session, asyncflow.url)
    refused = [
        await clone(session, asyncflow.url, language=None),
        await clone(session, asyncflow.url, enhance=None),
        await clone(session, asyncflow.url, language="de"),
    ]

    assert (reply.status, reply.json["language"]) == (200, "en")
    assert [refusal(each) for each in refused] == [
        (400, "VALIDATION_ERROR"),
        (400, "VALIDATION_ERROR"),
        (400, "INVALID_LANGUAGE"),
    ]


@pytest.mark.parametrize(
    ("audio", "expected"),
    [
        (None, (400, "VALIDATION_ERROR")),
        (b"", (400, "FORMAT_NOT_RECOGNIZED")),
        (b"This is a text.", (400, "FORMAT_NOT_RECOGNIZED")),
        (spoken(6.0, Container.OPUS), (400, "FORMAT_NOT_RECOGNIZED")),
        (RECORDING[:44], (400, "FORMAT_NOT_RECOGNIZED")),
        (spoken(2.5), (400, "SHORT_SPEECH_DURATION")),
        (followed_by_silence(2.5, 5.0), (400, "SHORT_SPEECH_DURATION")),
        (silent(6.0), (400, "BAD_SPEECH_QUALITY")),
        (noisy(6.0), (400, "BAD_SPEECH_QUALITY")),
        (clipped(6.0), (400, "BAD_SPEECH_QUALITY")),
        (RECORDING + bytes(10_000_001 - len(RECORDING)), (413, "FILE_TOO_LARGE")),
    ],
    ids=["none", "empty", "text", "ogg", "header", "short", "mostly silent", "silent", "noisy", "clipped", "large"],
)
async def test_a_recording_that_is_no_use_is_refused(
    asyncflow: AsyncFlow, session: ClientSession, audio: bytes | None, expected: tuple[int, str]
) -> None:
    """And no voice is created."""
    before = await own_voices(session, asyncflow.url)

    reply = await clone(session, asyncflow.url, audio)

    assert refusal(reply) == expected
    assert await own_voices(session, asyncflow.url) == before


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("name", None, (400, "VALIDATION_ERROR")),
        ("name", " ", (400, "VALIDATION_ERROR")),
        ("enhance", "yes", (400, "VALIDATION_ERROR")),
        ("gender", "female", (400, "VALIDATION_ERROR")),
        ("language", "xx", (400, "INVALID_LANGUAGE")),
    ],
)
async def test_what_is_told_about_a_voice_is_checked(
    *, asyncflow: AsyncFlow, session: ClientSession, field: str, value: str | None, expected: tuple[int, str]
) -> None:
    """Each field by its own rule."""
    changes: dict[str, Any] = {field: value}

    assert refusal(await clone(session, asyncflow.url, **changes)) == expected


async def test_an_account_has_room_for_so_many_voices(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """One that is deleted makes room for another."""
    asyncflow.configure(clone_limit=4)

    first = await clone(session, asyncflow.url)
    second = await clone(session, asyncflow.url)
    await ask(session, f"{asyncflow.url}/voices/{first.json['id']}", method="DELETE")
    third = await clone(session, asyncflow.url)

    assert first.status == third.status == 200
    assert refusal(second) == (429, "VOICE_CLONE_LIMIT_EXCEEDED")


async def test_cloning_counts_as_a_request(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """Of those that are allowed in a minute."""
    asyncflow.configure(rate_limit=1)

    assert (await clone(session, asyncflow.url)).status == 200
    assert refusal(await clone(session, asyncflow.url)) == (429, "RATE_LIMIT_EXCEEDED")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [({"version": "v1"}, (401, "INVALID_API_KEY")), (HEADERS | {"version": "v0"}, (404, "VERSION_NOT_FOUND"))],
)
async def test_cloning_wants_key_and_version(
    asyncflow: AsyncFlow, session: ClientSession, headers: Mapping[str, str], expected: tuple[int, str]
) -> None:
    """As everything."""
    assert refusal(await clone(session, asyncflow.url, headers=headers)) == expected


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("VOICE_CLONE_LIMIT_EXCEEDED", 429),
        ("SHORT_SPEECH_DURATION", 400),
        ("BAD_SPEECH_QUALITY", 400),
        ("FILE_TOO_LARGE", 413),
    ],
)
async def test_any_refusal_of_a_recording_can_be_had(
    asyncflow: AsyncFlow, session: ClientSession, code: str, status: int
) -> None:
    """In the usual envelope."""
    asyncflow.add_fault("status", "/voices/clone", status=status, code=code)

    assert refusal(await clone(session, asyncflow.url)) == (status, code)


async def test_the_recording_is_not_kept(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """Except for its length and hash, with which a test can check what was sent."""
    await clone(session, asyncflow.url)

    assert asyncflow.asked("/voices/clone")[0].body == FIELDS | {
        "audio": {"filename": "aunt.wav", "size": len(RECORDING), "sha256": hashlib.sha256(RECORDING).hexdigest()}
    }


# Its life


async def test_a_cloned_voice_speaks_everywhere_until_it_is_deleted(
    asyncflow: AsyncFlow, session: ClientSession
) -> None:
    """Then it is not found on any transport."""
    voice_id = (await clone(session, asyncflow.url)).json["id"]
    voice = {"mode": "id", "id": voice_id}
    expected = tone("Hello.", 24000, voice=voice_id)
    asked = speech(voice=voice, transcript="Hello.")
    init = {name: value for name, value in asked.items() if name != "transcript"}

    whole = await ask(session, asyncflow.url + WHOLE, asked)
    streamed = await ask(session, asyncflow.url + STREAMING, asked)
    timed = await ask(session, asyncflow.url + TIMED, asked)
    async with talk(session, asyncflow.url, init=init) as conversation:
        await conversation.say(transcript="Hello.", context_id="a", force=True)
        await conversation.say(transcript="", context_id="a")
        talked = (await conversation.heard("a"))["a"]
    deleted = await ask(session, f"{asyncflow.url}/voices/{voice_id}", method="DELETE")
    after = [await ask(session, asyncflow.url + path, asked) for path in (WHOLE, STREAMING, TIMED)]
    async with talk(session, asyncflow.url, init=init) as conversation:
        frame = await conversation.next()

    assert whole.body == streamed.body == base64.b64decode(timed.json["audio_base64"]) == talked == expected
    assert deleted.status == 204
    assert [refusal(reply) for reply in after] == [(404, "VOICE_NOT_FOUND")] * 3
    assert frame["error_code"] == "VOICE_NOT_FOUND"
    assert voice_id not in await own_voices(session, asyncflow.url)


async def test_a_cloned_voice_can_be_renamed(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """It keeps what was not changed."""
    voice_id = (await clone(session, asyncflow.url)).json["id"]

    updated = await ask(session, f"{asyncflow.url}/voices/{voice_id}", {"name": "Uncle"}, method="PUT")
    voice = (await own_voices(session, asyncflow.url))[voice_id]

    assert updated.status == 204
    assert (voice["name"], voice["description"]) == ("Uncle", "Hers")


# Previews


async def preview(session: ClientSession, url: str, voice_id: str) -> Reply:
    """Ask for the address of a preview."""
    return await ask(session, f"{url}/voices/preview/{voice_id}", method="GET")


async def test_a_preview_plays_without_a_key(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """At the URL of the voice; each voice has its own audio."""
    clone_id = (await clone(session, asyncflow.url)).json["id"]
    sounds = []
    for voice_id in (VOICE, SECOND_VOICE_ID, clone_id):
        address = (await preview(session, asyncflow.url, voice_id)).json["signed_url"]
        sample = await ask(session, address, method="GET", headers={})
        assert (sample.status, sample.content_type) == (200, "audio/mpeg")
        sounds.append(decode(sample.body, 24000).pcm)

    assert len(set(sounds)) == 3


async def test_a_preview_speaks_where_the_emulator_does(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """With a voice for people."""
    asyncflow.configure(voice=VoiceMode.SPEECH)

    address = (await preview(session, asyncflow.url, VOICE)).json["signed_url"]

    assert decode((await ask(session, address, method="GET", headers={})).body, 24000).duration > 0.2


@pytest.mark.parametrize("seconds", [300, 20])
async def test_the_address_of_a_preview_expires(asyncflow: AsyncFlow, session: ClientSession, seconds: int) -> None:
    """By the emulator's clock; how long it is good for can be set."""
    asyncflow.configure(preview_seconds=seconds)
    address = (await preview(session, asyncflow.url, VOICE)).json["signed_url"]

    asyncflow.clock.advance(seconds - 10)
    before = await ask(session, address, method="GET", headers={})
    asyncflow.clock.advance(11)
    after = await ask(session, address, method="GET", headers={})

    assert (before.status, after.status) == (200, 403)


async def test_the_address_of_a_preview_is_good_for_its_voice_alone(
    asyncflow: AsyncFlow, session: ClientSession
) -> None:
    """Changed or without its signature it is none."""
    address = (await preview(session, asyncflow.url, VOICE)).json["signed_url"]
    later = address.replace("expires=", "expires=9")
    wrong = [address.replace(VOICE, SECOND_VOICE_ID), address.partition("?")[0], later, f"{address}0"]

    assert [(await ask(session, each, method="GET", headers={})).status for each in wrong] == [403] * 4


async def test_the_preview_of_a_deleted_voice_is_gone(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """Also at an address that was given before."""
    voice_id = (await clone(session, asyncflow.url)).json["id"]
    address = (await preview(session, asyncflow.url, voice_id)).json["signed_url"]
    await ask(session, f"{asyncflow.url}/voices/{voice_id}", method="DELETE")

    assert refusal(await preview(session, asyncflow.url, voice_id)) == (404, "VOICE_NOT_FOUND")
    assert (await ask(session, address, method="GET", headers={})).status == 403


async def test_a_voice_may_have_no_preview(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """Distinct from the response for an unknown voice."""
    reply = await preview(session, asyncflow.url, UNHEARD_VOICE_ID)

    assert refusal(reply) == (404, "VOICE_PREVIEW_NOT_FOUND")
    assert reply.json["detail"]["extra"] == {"voice_id": UNHEARD_VOICE_ID}


async def test_a_preview_needs_a_key_and_no_version(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """So the pages say."""
    url = f"{asyncflow.url}/voices/preview/{VOICE}"

    assert (await ask(session, url, method="GET", headers={"x-api-key": "demo-key"})).status == 200
    assert refusal(await ask(session, url, method="GET", headers={"version": "v1"})) == (401, "INVALID_API_KEY")


async def test_a_sample_fails_at_will(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """Like everything else, once."""
    address = (await preview(session, asyncflow.url, VOICE)).json["signed_url"]
    asyncflow.add_fault("status", "/previews/", status=500)

    statuses = [(await ask(session, address, method="GET", headers={})).status for _ in range(2)]

    assert statuses == [500, 200]


# When words are said


@pytest.mark.parametrize(("container", "rate"), [("raw", 24000), ("wav", 16000), ("mp3", 44100)])
async def test_words_are_told_with_the_sound(
    asyncflow: AsyncFlow, session: ClientSession, container: str, rate: int
) -> None:
    """In three lists of whole milliseconds, which match the audio."""
    asked = speech(transcript="Welcome to Async.", format_container=container, format_sample_rate=rate)

    reply = await ask(session, asyncflow.url + TIMED, asked)

    unit = SECONDS_PER_CHARACTER * 1000
    alignment = reply.json["alignment"]
    assert alignment["words"] == ["Welcome", "to", "Async"]
    assert alignment["word_start_times_milliseconds"] == [0, round(7 * unit), round(9 * unit)]
    ends = alignment["word_end_times_milliseconds"]
    assert ends == [pytest.approx(characters * unit - 5, abs=3) for characters in (7, 9, 14)]
    assert all(isinstance(end, int) for end in ends)
    assert base64.b64decode(reply.json["audio_base64"])


async def test_faster_speech_has_earlier_words(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """By as much as it is faster."""
    asked = speech(transcript="Welcome to Async.", speed_control=2.0)

    alignment = (await ask(session, asyncflow.url + TIMED, asked)).json["alignment"]

    assert alignment["word_start_times_milliseconds"] == [0, 210, 270]


async def test_real_speech_has_words_too(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """Within its length, one after the other."""
    asyncflow.configure(voice=VoiceMode.SPEECH)

    reply = await ask(session, asyncflow.url + TIMED, speech(transcript="Welcome to Async. It is late.", language="en"))

    alignment = reply.json["alignment"]
    times = [*alignment["word_start_times_milliseconds"], *alignment["word_end_times_milliseconds"]]
    assert alignment["words"] == ["Welcome", "to", "Async", "It", "is", "late"]
    assert alignment["word_start_times_milliseconds"] == sorted(alignment["word_start_times_milliseconds"])
    assert {type(time) for time in times} == {int}
    assert max(times) <= len(base64.b64decode(reply.json["audio_base64"])) / 48


@pytest.mark.parametrize(
    ("model", "status"),
    [
        ("async_flash_v1.0", 200),
        ("asyncflow_v2.0", 400),
        ("asyncflow_multilingual_v1.0", 400),
        ("async_flash_v1.5", 400),
        ("async_pro_v1.0", 400),
    ],
)
async def test_some_models_have_no_times(asyncflow: AsyncFlow, session: ClientSession, model: str, status: int) -> None:
    """Those that have no whole files either, and those that are retired."""
    assert (await ask(session, asyncflow.url + TIMED, speech(model_id=model))).status == status


async def test_words_are_charged_like_speech(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """By the second, and not beyond the limit."""
    await ask(session, asyncflow.url + TIMED, speech())
    used = asyncflow.limits.used
    asyncflow.configure(usage_limit=used)

    refused = await ask(session, asyncflow.url + TIMED, speech())

    assert used == pytest.approx(len(tone(speech()["transcript"], 24000)) / 48000)
    assert refusal(refused) == (429, "USAGE_LIMIT_EXCEEDED")


async def test_the_sound_beside_the_words_may_be_malformed(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """No base64 then, and JSON still."""
    asyncflow.add_fault("malformed_base64", TIMED)

    assert "!" in (await ask(session, asyncflow.url + TIMED, speech())).json["audio_base64"]
