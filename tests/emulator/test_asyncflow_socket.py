"""AsyncFlow over its WebSocket: contexts, their two ways to end, errors and limits (docs/dev/protocols.md A3)."""

import asyncio
import base64
from typing import Any

from aiohttp import ClientSession, WSServerHandshakeError
import pytest

from tests.manual_clock import ManualClock

from .asyncflow import AsyncFlow
from .asyncflow_client import RETIRED, SOCKET, VOICE, speech, talk
from .codec import Encoding, decode, samples
from .sound import tone

HELLO = "Hello there. "
QUESTION = "How are you today? "


def heard(text: str, sample_rate: int = 24000) -> bytes:
    """Return the audio of a text."""
    return tone(text, sample_rate, voice=VOICE)


def frame_of(sound: bytes) -> str:
    """Return the audio of a frame."""
    return base64.b64encode(sound).decode()


@pytest.mark.parametrize(
    "end",
    [{"close_context": True, "transcript": ""}, {"close_context": True}, {"transcript": ""}],
    ids=["documented", "documented, no transcript", "LiveKit"],
)
async def test_context_is_spoken_and_ends(asyncflow: AsyncFlow, session: ClientSession, end: dict[str, Any]) -> None:
    """By both idioms, with an empty final frame.

    After a close, the audio is completed, as documented.
    """
    asyncflow.configure(early_close="finish")
    async with talk(session, asyncflow.url) as conversation:
        await conversation.say(transcript=HELLO, context_id="a", force=True)
        await conversation.say(context_id="a", **end)

        assert await conversation.heard("a") == {"a": heard(HELLO)}


async def test_text_in_pieces_sounds_like_the_whole(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """Sentences are spoken when they are complete, the rest when the context is closed."""
    async with talk(session, asyncflow.url) as conversation:
        for piece in ("Hello th", "ere. How are", " you today", "? I am", " well"):
            await conversation.say(transcript=piece, context_id="a")
        await conversation.say(context_id="a", transcript="")

        assert await conversation.heard("a") == {"a": heard("Hello there. How are you today? I am well")}


async def test_sentence_needs_no_force(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """Each sentence is sent once it's complete."""
    async with talk(session, asyncflow.url) as conversation:
        await conversation.say(transcript=HELLO, context_id="a")

        frame = await conversation.next()

    assert frame["context_id"] == "a"
    assert frame["final"] is False


async def test_unfinished_sentence_waits_for_force(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """A force speaks the whole buffer; a space alone is empty audio."""
    async with talk(session, asyncflow.url) as conversation:
        await conversation.say(transcript="Hello the", context_id="slow")
        await conversation.say(transcript="Quick one ", context_id="quick", force=True)
        first = await conversation.next()
        await conversation.say(transcript="", context_id="quick")
        await conversation.heard("quick")
        await conversation.say(transcript=" ", context_id="slow", force=True)
        blank = await conversation.next()
        await conversation.say(transcript="re", context_id="slow", force=True)
        await conversation.say(transcript="", context_id="slow")
        rest = await conversation.heard("slow")

    assert first["context_id"] == "quick"
    assert blank == {"context_id": "slow", "audio": "", "final": False}
    assert rest["slow"] == heard("Hello the re")


@pytest.mark.parametrize("keepalive", [{"transcript": " "}, {"transcript": " ", "context_id": "a"}])
async def test_keepalive_yields_nothing(
    asyncflow: AsyncFlow, session: ClientSession, keepalive: dict[str, Any]
) -> None:
    """No audio, no error, and no final frame."""
    async with talk(session, asyncflow.url) as conversation:
        await conversation.say(**keepalive)
        await conversation.say(transcript=HELLO, context_id="a", force=True)
        await conversation.say(**keepalive)
        await conversation.say(transcript="", context_id="a")

        assert await conversation.heard("a") == {"a": heard(HELLO)}


async def test_contexts_speak_at_the_same_time(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """Each has its own audio, and the socket also handles one after the other."""
    async with talk(session, asyncflow.url) as conversation:
        for context_id, text in (("a", HELLO), ("b", QUESTION)):
            await conversation.say(transcript=text, context_id=context_id, force=True)
            await conversation.say(context_id=context_id, transcript="")
        together = await conversation.heard("a", "b")
        await conversation.say(transcript=QUESTION, context_id="a")
        await conversation.say(transcript="", context_id="a")
        again = await conversation.heard("a")

    assert together == {"a": heard(HELLO), "b": heard(QUESTION)}
    assert again == {"a": heard(QUESTION)}


async def test_context_without_an_id_is_the_default_one(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """It is named in the answer."""
    asyncflow.configure(init_ack=False)
    async with talk(session, asyncflow.url) as conversation:
        await conversation.say(transcript=HELLO)
        await conversation.say(transcript="")

        assert await conversation.heard("default") == {"default": heard(HELLO)}


async def test_frames_may_lack_the_context(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """As they did before there were contexts."""
    asyncflow.configure(name_contexts=False)
    async with talk(session, asyncflow.url) as conversation:
        await conversation.say(transcript=HELLO, context_id="a", force=True)

        assert (await conversation.next()).keys() == {"audio", "final"}


@pytest.mark.parametrize(
    ("output_format", "expected"),
    [
        (None, heard(HELLO, 44100)),
        (
            {"container": "raw", "sample_rate": 8000, "encoding": "pcm_mulaw"},
            samples(heard(HELLO, 8000), Encoding.MULAW),
        ),
        (
            {"container": "raw", "sample_rate": 16000, "encoding": "pcm_f32le"},
            samples(heard(HELLO, 16000), Encoding.F32LE),
        ),
    ],
)
async def test_sound_has_the_format_of_the_first_frame(
    asyncflow: AsyncFlow, session: ClientSession, output_format: dict[str, Any] | None, expected: bytes
) -> None:
    """44100 Hz s16le where it says nothing."""
    init = speech(language=None, output_format=output_format)
    async with talk(session, asyncflow.url, init=init) as conversation:
        await conversation.say(transcript=HELLO, context_id="a")
        await conversation.say(transcript="", context_id="a")

        assert await conversation.heard("a") == {"a": expected}


async def test_socket_speaks_mp3(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """Each piece of text is a stream of its own, which players put up with."""
    init = speech(format_container="mp3")
    async with talk(session, asyncflow.url, init=init) as conversation:
        await conversation.say(transcript=HELLO, context_id="a")
        await conversation.say(transcript="", context_id="a")
        sound = decode((await conversation.heard("a"))["a"], 24000)

    assert sound.duration == pytest.approx(len(heard(HELLO)) / 48000, abs=0.1)


# What live clients saw


async def test_first_frame_is_acknowledged_with_a_context(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """It speaks, as one of the client's own does, and it is the one that a text without an id goes to."""
    async with talk(session, asyncflow.url) as conversation:
        offered = await conversation.acknowledged()
        await conversation.say(transcript=HELLO, context_id=offered, force=True)
        await conversation.say(transcript="", context_id=offered)
        first = await conversation.heard(offered)
        await conversation.say(transcript=QUESTION, force=True)
        await conversation.say(transcript="")

        assert first == {offered: heard(HELLO)}
        assert await conversation.heard(offered) == {offered: heard(QUESTION)}


async def test_each_socket_is_offered_a_context_of_its_own(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """The service makes up its id."""
    async with talk(session, asyncflow.url) as first, talk(session, asyncflow.url) as second:
        assert await first.acknowledged() != await second.acknowledged()


async def test_acknowledgement_may_be_missing(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """As in the documentation."""
    asyncflow.configure(init_ack=False)
    async with talk(session, asyncflow.url) as conversation:
        await conversation.say(transcript=HELLO, context_id="a", force=True)

        assert (await conversation.socket.receive_json()).keys() == {"context_id", "audio", "final"}


async def test_fault_passes_by_the_acknowledgement(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """It strikes in the answer, of which that is no part."""
    asyncflow.add_fault("status", SOCKET, status=429, after_frames=1)
    async with talk(session, asyncflow.url) as conversation:
        await conversation.acknowledged()
        await conversation.say(transcript=HELLO, context_id="a", force=True)

        assert (await conversation.next())["audio"]
        assert (await conversation.next())["error_code"] == "RATE_LIMIT_EXCEEDED"


async def test_only_the_context_of_the_service_may_speak(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """Text on an id of the client's is final at once, and what ends that context is ignored."""
    asyncflow.configure(server_ids_only=True)
    async with talk(session, asyncflow.url) as conversation:
        offered = await conversation.acknowledged()
        await conversation.say(transcript=HELLO, context_id="a", force=True)
        await conversation.say(transcript="", context_id="a")
        await conversation.say(close_context=True, context_id="a")
        refused = await conversation.next()
        await conversation.say(transcript=HELLO, context_id=offered, force=True)
        await conversation.say(transcript="", context_id=offered)

        assert refused == {"context_id": "a", "audio": "", "final": True}
        assert await conversation.heard(offered) == {offered: heard(HELLO)}


@pytest.mark.parametrize(
    ("early_close", "expected"), [("finish", heard(HELLO)), ("truncate", heard(HELLO)[:4800]), ("empty", b"")]
)
@pytest.mark.parametrize("flush", [[], [{"transcript": ""}]], ids=["closed", "ended and closed"])
async def test_closing_before_the_sound_is_complete(
    asyncflow: AsyncFlow, session: ClientSession, early_close: str, expected: bytes, flush: list[dict[str, Any]]
) -> None:
    """The audio is completed, cut after the frames sent so far, or dropped; there is one final frame."""
    asyncflow.configure(early_close=early_close)
    async with talk(session, asyncflow.url) as conversation:
        await conversation.say(transcript=HELLO, context_id="a", force=True)
        for message in [*flush, {"close_context": True}]:
            await conversation.say(context_id="a", **message)
        first = await conversation.heard("a")
        await conversation.say(transcript=QUESTION, context_id="b", force=True)
        await conversation.say(transcript="", context_id="b")

        assert first == {"a": expected}
        assert await conversation.heard("b") == {"b": heard(QUESTION)}


async def test_closing_early_is_truncated_by_default(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """What was sent stays sent; the rest is neither sent nor charged."""
    asyncflow.configure(realtime_factor=0.001)
    async with talk(session, asyncflow.url) as conversation:
        await conversation.say(transcript=HELLO, context_id="a", force=True)
        await conversation.next()
        await conversation.say(close_context=True, context_id="a")
        await conversation.say(transcript="I am", context_id="b")
        asyncflow.configure(realtime_factor=0.0)

    assert asyncflow.change_quota({})["used"] == pytest.approx(0.1, abs=0.01)


async def test_closing_behind_the_final_is_not_answered(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """A context has one final, and its id can be used again."""
    async with talk(session, asyncflow.url) as conversation:
        for text in (HELLO, QUESTION):
            await conversation.say(transcript=text, context_id="a", force=True)
            await conversation.say(transcript="", context_id="a")

            assert await conversation.heard("a") == {"a": heard(text)}
            await conversation.say(close_context=True, context_id="a", transcript="")


async def test_final_may_come_only_when_the_context_is_closed(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """The empty transcript has the rest spoken, no more."""
    asyncflow.configure(final="on_close")
    async with talk(session, asyncflow.url) as conversation:
        await conversation.say(transcript="Hello the", context_id="a")
        await conversation.say(transcript="", context_id="a")
        sound = b""
        while len(sound) < len(heard("Hello the")):
            frame = await conversation.next()
            sound += base64.b64decode(frame["audio"])
            assert not frame["final"]
        await conversation.say(transcript=QUESTION, context_id="b", force=True)
        between = await conversation.next()
        await conversation.say(close_context=True, context_id="a")
        while (last := await conversation.next())["context_id"] == "b":
            pass

        assert between["context_id"] == "b"
        assert last == {"context_id": "a", "audio": "", "final": True}
        assert sound == heard("Hello the")


@pytest.mark.parametrize("final", ["always", "on_close"])
async def test_socket_may_close_behind_the_final(asyncflow: AsyncFlow, session: ClientSession, final: str) -> None:
    """Then a socket speaks one utterance."""
    asyncflow.configure(close_after_final=True, final=final, early_close="finish")
    async with talk(session, asyncflow.url) as conversation:
        await conversation.say(transcript=HELLO, context_id="a", force=True)
        await conversation.say(transcript="", context_id="a")
        await conversation.say(close_context=True, context_id="a")

        assert await conversation.heard("a") == {"a": heard(HELLO)}
        assert await conversation.close_code() == 1000


async def test_frames_may_come_with_pauses(asyncflow: AsyncFlow, session: ClientSession, clock: ManualClock) -> None:
    """Within one answer, not before it."""
    asyncflow.configure(gap_ms=30_000, chunk_duration=0.5)
    async with talk(session, asyncflow.url) as conversation:
        for context_id in ("a", "b"):
            await conversation.say(transcript=HELLO, context_id=context_id, force=True)
        first = [await conversation.next() for _ in range(2)]
        clock.advance(30)
        second = [await conversation.next() for _ in range(2)]

    assert [frame["context_id"] for frame in (*first, *second)] == ["a", "b", "a", "b"]
    assert [frame["audio"] for frame in first] == [frame_of(heard(HELLO)[:24000])] * 2
    assert [frame["audio"] for frame in second] == [frame_of(heard(HELLO)[24000:])] * 2


@pytest.mark.parametrize("model_id", RETIRED)
async def test_retired_model_is_final_without_sound(
    asyncflow: AsyncFlow, session: ClientSession, model_id: str
) -> None:
    """At once, and for every text."""
    async with talk(session, asyncflow.url, init=speech(model_id=model_id)) as conversation:
        for context_id in ("a", "b"):
            await conversation.say(transcript=HELLO, context_id=context_id, force=True)
            await conversation.say(transcript="", context_id=context_id)

            assert await conversation.next() == {"context_id": context_id, "audio": "", "final": True}


@pytest.mark.parametrize("model_id", RETIRED)
async def test_retired_model_may_speak(asyncflow: AsyncFlow, session: ClientSession, model_id: str) -> None:
    """As it did before."""
    asyncflow.configure(retired_models=())
    async with talk(session, asyncflow.url, init=speech(model_id=model_id)) as conversation:
        await conversation.say(transcript=HELLO, context_id="a", force=True)
        await conversation.say(transcript="", context_id="a")

        assert await conversation.heard("a") == {"a": heard(HELLO)}


# The end


@pytest.mark.parametrize("message", [{"terminate": True}, {"text": ""}])
async def test_client_ends_the_conversation(
    asyncflow: AsyncFlow, session: ClientSession, message: dict[str, Any]
) -> None:
    """By both forms; what is being spoken stops."""
    asyncflow.configure(realtime_factor=0.001)
    async with talk(session, asyncflow.url) as conversation:
        await conversation.say(transcript=HELLO, context_id="a", force=True)
        await conversation.next()
        await conversation.say(**message)

        assert await conversation.close_code() == 1000


async def test_closed_socket_stops_the_work(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """The rest is neither made nor charged."""
    asyncflow.configure(realtime_factor=0.001, concurrency_limit=1)
    async with talk(session, asyncflow.url) as conversation:
        await conversation.say(transcript=HELLO * 100, context_id="a", force=True)
        await conversation.next()
    async with asyncio.timeout(10):
        while not asyncflow.asked(SOCKET)[0].ended:
            await asyncio.sleep(0)
    asyncflow.configure(realtime_factor=0.0)

    async with talk(session, asyncflow.url) as conversation:
        await conversation.say(transcript=HELLO, context_id="b", force=True)
        await conversation.say(transcript="", context_id="b")

        assert await conversation.heard("b") == {"b": heard(HELLO)}
    assert asyncflow.change_quota({})["used"] == pytest.approx(0.1 + len(heard(HELLO)) / 48000, abs=0.01)


async def test_silent_client_is_told_and_left(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """After 60 seconds, in the flat envelope that was seen on the wire."""
    asyncflow.add_fault("idle_close", SOCKET)
    async with talk(session, asyncflow.url) as conversation:
        frame = await conversation.next()

        assert frame == {
            "error_code": "TIMEOUT",
            "message": "Timeout: no message received in 60.0 seconds",
            "request_id": "unknown",
            "extra": None,
        }
        assert await conversation.close_code() == 1000


# Errors


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("version=v1", 401),
        ("api_key=wrong&version=v1", 401),
        ("api_key=demo-key&version=v0.9", 404),
        ("api_key=demo-key", 400),
    ],
)
async def test_upgrade_is_refused(asyncflow: AsyncFlow, session: ClientSession, query: str, status: int) -> None:
    """Key and version are in the query."""
    with pytest.raises(WSServerHandshakeError) as refusal:
        async with talk(session, asyncflow.url, query=query):
            pytest.fail("It was accepted")

    assert refusal.value.status == status


async def test_bad_key_may_get_a_frame(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """The sources leave it open."""
    asyncflow.configure(bad_key="frame")
    async with talk(session, asyncflow.url, query="api_key=wrong&version=v1") as conversation:
        frame = await conversation.next()

        assert (frame["error_code"], frame["extra"]) == ("INVALID_API_KEY", {"api_key": "wrong..."})
        assert await conversation.close_code() == 1008


async def test_wrong_version_may_get_a_frame(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """As a bad key may."""
    asyncflow.configure(bad_key="frame")
    async with talk(session, asyncflow.url, query="api_key=demo-key&version=v0.9") as conversation:
        frame = await conversation.next()

        assert (frame["error_code"], frame["message"]) == ("VERSION_NOT_FOUND", "API version v0.9 not found.")
        assert await conversation.close_code() == 1008


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"model_id": None}, "VALIDATION_ERROR"),
        ({"voice": {"mode": "id", "id": "nobody"}}, "VOICE_NOT_FOUND"),
        ({"format_container": "wav"}, "FORMAT_NOT_RECOGNIZED"),
        ({"language": "xx"}, "INVALID_LANGUAGE"),
    ],
)
async def test_wrong_first_frame_ends_it(
    asyncflow: AsyncFlow, session: ClientSession, changes: dict[str, Any], code: str
) -> None:
    """With an error frame, then the end."""
    async with talk(session, asyncflow.url, init=speech(**changes)) as conversation:
        assert (await conversation.next())["error_code"] == code
        assert await conversation.close_code() == 1008


@pytest.mark.parametrize("message", ["{nonsense", "[]", '{"context_id": 5, "transcript": "a"}', '{"force": true}'])
async def test_message_that_makes_no_sense_ends_it(asyncflow: AsyncFlow, session: ClientSession, message: str) -> None:
    """Also after a valid first frame."""
    async with talk(session, asyncflow.url) as conversation:
        await conversation.socket.send_str(message)

        assert (await conversation.next())["error_code"] == "VALIDATION_ERROR"
        assert await conversation.close_code() == 1008


async def test_socket_is_no_page(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """Without an upgrade there is nothing to see."""
    async with session.get(f"{asyncflow.url}{SOCKET}?api_key=demo-key&version=v1") as response:
        assert response.status == 426


@pytest.mark.parametrize("closes", [True, False])
async def test_usage_ends_the_sound_with_an_error(asyncflow: AsyncFlow, session: ClientSession, closes: bool) -> None:
    """In the middle of the speech, where it is reached."""
    asyncflow.configure(usage_limit=0.5, close_after_error=closes)
    async with talk(session, asyncflow.url) as conversation:
        await conversation.say(transcript=HELLO, context_id="a", force=True)
        frames = [await conversation.next() for _ in range(6)]
        await conversation.say(transcript=" ", context_id="b")

        assert [frame.get("error_code") for frame in frames] == [None] * 5 + ["USAGE_LIMIT_EXCEEDED"]
        assert frames[-1]["extra"] == {"limit": 0, "current": 0}


async def test_concurrency_counts_contexts_that_speak(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """Open sockets and silent contexts don't count; an error may leave the conversation open."""
    asyncflow.configure(concurrency_limit=1, close_after_error=False)
    async with talk(session, asyncflow.url) as first, talk(session, asyncflow.url) as second:
        await first.say(transcript=HELLO, context_id="a", force=True)
        await first.next()
        await second.say(transcript=HELLO, context_id="b", force=True)
        refused = await second.next()
        await first.say(transcript="", context_id="a")
        await first.heard("a")
        await second.say(transcript=HELLO, context_id="c", force=True)
        allowed = await second.next()

    assert (refused["error_code"], refused["extra"]) == ("TOO_MANY_CONCURRENT_REQUESTS", {"limit": 1, "current": 2})
    assert allowed["context_id"] == "c"


async def test_rate_counts_contexts(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """Each is a request."""
    asyncflow.configure(rate_limit=1)
    async with talk(session, asyncflow.url) as conversation:
        await conversation.say(transcript=HELLO, context_id="a")
        await conversation.say(transcript="", context_id="a")
        await conversation.heard("a")
        await conversation.say(transcript=HELLO, context_id="b")

        assert (await conversation.next())["error_code"] == "RATE_LIMIT_EXCEEDED"
