"""The WebSocket of the Sarvam service converses as docs/dev/protocols.md B1, B4 and B5 say."""

import base64
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, WSServerHandshakeError
import pytest

from tests.manual_clock import ManualClock

from .codec import decode, wav_header
from .faults import FaultKind
from .sarvam import Sarvam
from .sarvam_socket import pieces
from .sound import tone

PATH = "/text-to-speech/ws"
KEY = {"Api-Subscription-Key": "demo-key"}
CONFIG = {"target_language_code": "en-IN", "speaker": "shubh", "output_audio_codec": "linear16"}
SHORT = "Good evening, everyone."
LONG = "The quick brown fox jumps over the lazy dog. It is late, and the house is dark. " * 3
SCHEMA_ERROR = {"message": "Input parameters has to be a valid dictionary", "code": 422}


class Talk:
    """A client's side of a socket."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        """Talk over that socket."""
        self.socket = socket

    async def send(self, kind: str, **data: Any) -> None:
        """Send a message of the documented form."""
        await self.socket.send_json({"type": kind, "data": data} if data else {"type": kind})

    async def speak(self, text: str) -> None:
        """Send a text and flush it."""
        await self.send("text", text=text)
        await self.send("flush")

    async def receive(self) -> dict[str, Any]:
        """Return the data of the next message, and its type."""
        message = await self.socket.receive_json()
        return {"type": message["type"], **message["data"]}

    async def error(self) -> dict[str, Any]:
        """Return the next message, which is an error with an identifier."""
        data = await self.receive()
        assert data.pop("type") == "error"
        assert data.pop("request_id")
        return data

    async def frames(self) -> list[bytes]:
        """Return the audio of each frame up to the completion event."""
        audio = []
        while (data := await self.receive())["type"] == "audio":
            audio.append(base64.b64decode(data["audio"]))
        assert (data["type"], data["event_type"]) == ("event", "final")
        return audio

    async def audio(self) -> bytes:
        """Return all the audio up to the completion event."""
        return b"".join(await self.frames())

    async def close_code(self) -> int | None:
        """Return the code of the service's close, which must come next."""
        assert (await self.socket.receive()).type is WSMsgType.CLOSE
        return self.socket.close_code


type Connect = Callable[..., Any]


@pytest.fixture
def connect(session: ClientSession, sarvam: Sarvam) -> Connect:
    """Open a socket, with the completion event and the key where nothing else is said; `config` is sent first."""

    @asynccontextmanager
    async def opened(
        path: str = PATH,
        *,
        query: str = "send_completion_event=true",
        config: dict[str, Any] | None = CONFIG,
        headers: dict[str, str] | None = None,
        protocols: tuple[str, ...] = (),
    ) -> AsyncGenerator[Talk]:
        url = f"{sarvam.websocket_url}{path}?{query}"
        asked = KEY if headers is None else headers
        async with session.ws_connect(url, headers=asked, protocols=protocols) as socket:
            talk = Talk(socket)
            if config:
                await talk.send("config", **config)
            yield talk

    return opened


# The handshake


@pytest.mark.parametrize(
    ("headers", "protocols"),
    [
        ({"Api-Subscription-Key": "demo-key"}, ()),
        ({"Authorization": "Bearer demo-key"}, ()),
        ({}, ("api-subscription-key.demo-key",)),
    ],
)
async def test_accepts_the_key_in_headers_and_as_subprotocol(
    connect: Connect, headers: dict[str, str], protocols: tuple[str, ...]
) -> None:
    """B1; the subprotocol is confirmed, as a browser demands."""
    async with connect(headers=headers, protocols=protocols, config=None) as talk:
        assert talk.socket.protocol == (protocols[0] if protocols else None)


@pytest.mark.parametrize(
    ("headers", "protocols"), [({}, ()), ({"Api-Subscription-Key": "x"}, ()), ({}, ("api-subscription-key.x",))]
)
async def test_refuses_other_keys_at_the_upgrade(
    connect: Connect, headers: dict[str, str], protocols: tuple[str, ...]
) -> None:
    """B1: HTTP 403."""
    with pytest.raises(WSServerHandshakeError) as refusal:
        async with connect(headers=headers, protocols=protocols):
            pass
    assert refusal.value.status == 403


async def test_limits_the_sockets(connect: Connect, sarvam: Sarvam) -> None:
    """B9: a socket that was closed makes room."""
    sarvam.configure(sockets=1)
    async with connect():
        with pytest.raises(WSServerHandshakeError) as refusal:
            async with connect():
                pass
        assert refusal.value.status == 429
    async with connect() as talk:
        await talk.speak(SHORT)
        assert await talk.audio()


# Text and audio


@pytest.mark.parametrize("event", ["true", "True"])
async def test_one_cycle_of_text_and_flush(connect: Connect, event: str) -> None:
    """B4; one client sends the capital letter."""
    async with connect(query=f"model=bulbul:v3&send_completion_event={event}") as talk:
        await talk.speak(SHORT)
        assert await talk.audio() == tone(SHORT, 22050, voice="shubh")


async def test_each_cycle_has_its_own_event(connect: Connect) -> None:
    """B4: the socket is reusable."""
    async with connect() as talk:
        await talk.speak(SHORT)
        await talk.speak(LONG)
        assert await talk.audio() == tone(SHORT, 22050, voice="shubh")
        assert await talk.audio() == tone(LONG, 22050, voice="shubh")


@pytest.mark.parametrize("query", ["", "send_completion_event=false"])
async def test_no_event_unless_asked_for(connect: Connect, sarvam: Sarvam, query: str) -> None:
    """B4: the audio of the second text follows that of the first."""
    expected = tone(SHORT + SHORT, 22050, voice="shubh")
    async with connect(query=query) as talk:
        await talk.speak(SHORT)
        await talk.speak(SHORT)
        audio = b""
        while len(audio) < len(expected):
            audio += base64.b64decode((await talk.receive())["audio"])
    assert audio == expected


async def test_flush_without_text_says_nothing(connect: Connect) -> None:
    """B4: the event belongs to a text."""
    async with connect() as talk:
        await talk.send("flush")
        await talk.speak(SHORT)
        await talk.send("flush")
        await talk.speak(LONG)
        assert await talk.audio() == tone(SHORT, 22050, voice="shubh")
        assert await talk.audio() == tone(LONG, 22050, voice="shubh")


@pytest.mark.parametrize("size", [30, 50, 200])
async def test_buffer_is_spoken_when_it_is_full(connect: Connect, size: int) -> None:
    """B4: one character less, and nothing is sent before the flush."""
    async with connect(config={**CONFIG, "min_buffer_size": size}) as talk:
        await talk.send("text", text="a" * (size - 1))
        await talk.send("unknown")
        assert (await talk.error())["code"] == 422
        await talk.send("text", text="b")
        expected = tone("a" * (size - 1) + "b", 22050, voice="shubh")
        audio = b""
        while len(audio) < len(expected):
            audio += base64.b64decode((await talk.receive())["audio"])
        assert audio == expected
        await talk.send("flush")
        assert await talk.audio() == b""


async def test_text_may_come_in_any_bits(connect: Connect) -> None:
    """B4: as a language model writes, blanks of their own included."""
    bits = ["Good", " ", "evening", ",", " everyone", ".", "\n"]
    async with connect() as talk:
        for bit in bits:
            await talk.send("text", text=bit)
        await talk.send("flush")
        assert await talk.audio() == tone("".join(bits), 22050, voice="shubh")


@pytest.mark.parametrize("longest", [50, 150, 500])
@pytest.mark.parametrize("text", [LONG, "word " * 100, "x" * 700, "\u0928\u092e\u0938\u094d\u0924\u0947\u0964 " * 50])
def test_long_text_is_split_and_nothing_is_lost(text: str, longest: int) -> None:
    """B4, max_chunk_length."""
    parts = list(pieces(text, longest))
    assert "".join(parts) == text
    assert all(0 < len(part) <= longest for part in parts)


def test_splits_behind_sentences_before_words() -> None:
    """B4, max_chunk_length."""
    assert list(pieces("One two. Three four five six.", 15)) == ["One two. ", "Three four ", "five six."]


async def test_another_config_speaks_the_buffer_first(connect: Connect) -> None:
    """B4: the buffer has the voice of the config before."""
    async with connect() as talk:
        await talk.send("text", text=SHORT)
        await talk.send("config", **{**CONFIG, "speaker": "ritu", "speech_sample_rate": "8000"})
        await talk.speak(SHORT)
        assert await talk.audio() == tone(SHORT, 22050, voice="shubh") + tone(SHORT, 8000, voice="ritu")


async def test_refused_config_changes_nothing(connect: Connect) -> None:
    """B4: only errors about a text close the socket."""
    async with connect() as talk:
        await talk.send("config", **{**CONFIG, "speaker": "nobody"})
        assert await talk.error() == {"message": "400: Speaker 'nobody' is not recognized."}
        await talk.speak(SHORT)
        assert await talk.audio() == tone(SHORT, 22050, voice="shubh")


@pytest.mark.parametrize(
    "config",
    [
        # As captured from the SDK 0.1.39 and 0.1.27, and from another client.
        {
            "language_code": "en-IN",
            "speaker": "shubh",
            "pitch": 0.0,
            "pace": 1.0,
            "loudness": 1.0,
            "speech_sample_rate": 22050,
            "enable_preprocessing": False,
            "output_audio_codec": "mp3",
            "output_audio_bitrate": "128k",
            "min_buffer_size": 50,
            "max_chunk_length": 150,
            "dict_id": None,
        },
        {"target_language_code": "en-IN", "speaker": "shubh", "output_audio_codec": "mp3"},
        {
            "target_language_code": "en-IN",
            "speaker": "shubh",
            "speech_sample_rate": "24000",
            "enable_preprocessing": True,
            "output_audio_codec": "linear16",
            "model": "bulbul:v3",
        },
    ],
)
async def test_accepts_what_clients_were_seen_to_send(connect: Connect, config: dict[str, Any]) -> None:
    """B4."""
    async with connect(config=config) as talk:
        await talk.speak(SHORT)
        assert await talk.audio()


@pytest.mark.parametrize(
    ("query", "model", "speaker"),
    [
        ("", None, "shubh"),
        ("model=bulbul:v2&", None, "anushka"),
        ("", "bulbul:v2", "anushka"),
        ("model=bulbul:v2&", "bulbul:v3", "shubh"),
        ("model=bulbul:v4-flash&", None, "shubh_enhi_ads"),
    ],
)
async def test_model_comes_from_the_config_or_the_query(
    connect: Connect, sarvam: Sarvam, query: str, model: str | None, speaker: str
) -> None:
    """B4: spoken by the default speaker of the model, on one path for all of them."""
    sarvam.configure(deprecated_models=[])
    config = {"target_language_code": "en-IN", "output_audio_codec": "linear16", "model": model}
    async with connect(query=f"{query}send_completion_event=true", config=config) as talk:
        await talk.speak(SHORT)
        assert await talk.audio() == tone(SHORT, 22050, voice=speaker)


@pytest.mark.parametrize("model", ["bulbul:v2", "bulbul:v3-beta"])
@pytest.mark.parametrize("where", ["query", "config"])
async def test_refuses_a_retired_model_on_the_socket(connect: Connect, model: str, where: str) -> None:
    """B2: with the words of HTTP, and the socket takes another config."""
    query = f"model={model}&send_completion_event=true" if where == "query" else "send_completion_event=true"
    config = {**CONFIG, "model": model if where == "config" else None}
    async with connect(query=query, config=config) as talk:
        message = f"400: Model '{model}' has been deprecated. Please use 'bulbul:v3' instead."
        assert (await talk.error()) == {"message": message}
        await talk.send("config", **{**CONFIG, "model": "bulbul:v3"})
        await talk.speak(SHORT)
        assert await talk.audio()


@pytest.mark.parametrize("setting", [{"pitch": 0.0}, {"loudness": 1.0}])
async def test_v3_may_refuse_pitch_and_loudness_on_the_socket(
    connect: Connect, sarvam: Sarvam, setting: dict[str, float]
) -> None:
    """B2: as over HTTP."""
    sarvam.configure(pitch_of_v3="refused")
    async with connect(config={**CONFIG, **setting}) as talk:
        (name,) = setting
        assert await talk.error() == {"message": f"400: {name} is not supported for bulbul:v3"}


async def test_completion_events_may_be_missing(connect: Connect, sarvam: Sarvam) -> None:
    """B4: also if they were requested; the audio is complete, and the socket stays usable."""
    sarvam.configure(completion_events=False)
    async with connect() as talk:
        for text in (SHORT, LONG):
            expected = tone(text, 22050, voice="shubh")
            await talk.speak(text)
            sound = b""
            while len(sound) < len(expected):
                data = await talk.receive()
                assert data["type"] == "audio"
                sound += base64.b64decode(data["audio"])
            assert sound == expected


@pytest.mark.parametrize("path", [f"{PATH}/v2", "/text-to-speech/nowhere"])
@pytest.mark.parametrize("headers", [KEY, {}], ids=["good key", "no key"])
async def test_unknown_path_is_forbidden_without_a_word_about_the_key(
    session: ClientSession, sarvam: Sarvam, path: str, headers: dict[str, str]
) -> None:
    """B1: the page of a proxy, not the envelope of the service."""
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    async with session.get(sarvam.url + path, headers={**upgrade, **headers}) as response:
        assert (response.status, response.content_type) == (403, "text/html")
        assert b"_error" not in await response.read()
        assert "x-request-id" not in response.headers


async def test_wav_begins_with_its_header_alone(connect: Connect) -> None:
    """B4, as seen: 44 bytes in a frame of their own, once in each cycle."""
    async with connect(config={**CONFIG, "output_audio_codec": "wav", "speech_sample_rate": 16000}) as talk:
        for text in (LONG, SHORT):
            await talk.speak(text)
            header, *chunks = await talk.frames()
            assert header == wav_header(16000)
            assert header[4:8] == header[40:44] == b"\xff" * 4
            assert b"".join(chunks) == tone(text, 16000, voice="shubh")
            assert len(chunks) > 1


@pytest.mark.parametrize(
    ("codec", "content_type"),
    [("mp3", "audio/mp3"), ("wav", "audio/wav"), ("linear16", "audio/pcm"), ("mulaw", "audio/mulaw")],
)
async def test_names_the_content_type(connect: Connect, codec: str, content_type: str) -> None:
    """B4."""
    async with connect(config={**CONFIG, "output_audio_codec": codec}) as talk:
        await talk.speak(SHORT)
        first = await talk.receive()
        assert (first["type"], first["content_type"]) == ("audio", content_type)
        assert first["request_id"]


async def test_mp3_frames_are_one_playable_stream(connect: Connect) -> None:
    """B4: also over several pieces of a long text."""
    async with connect(config={**CONFIG, "output_audio_codec": "mp3"}) as talk:
        await talk.speak(LONG)
        assert decode(await talk.audio(), 22050).duration == pytest.approx(len(tone(LONG, 8000)) / 2 / 8000, abs=0.5)


async def test_leaving_in_the_middle_leaves_nothing_behind(connect: Connect, sarvam: Sarvam) -> None:
    """B4: there is no other way to cancel."""
    sarvam.configure(realtime_factor=0.01)
    async with connect() as talk:
        await talk.speak(LONG)
        assert (await talk.receive())["type"] == "audio"
    (entry,) = sarvam.asked(PATH)
    assert entry.frames_of_client()[-1] == {"type": "flush"}
    async with connect():
        assert sarvam.account.sockets == 1


# Errors


@pytest.mark.parametrize(
    "config",
    [
        {"min_buffer_size": 29},
        {"min_buffer_size": 201},
        {"max_chunk_length": 49},
        {"max_chunk_length": 501},
        {"output_audio_codec": "pcm_s16le"},
        {"target_language_code": None},
        {"target_language_code": "or-IN"},
        {"model": "bulbul:v9"},
        {"pace": "fast"},
    ],
)
async def test_config_that_is_not_of_the_form(connect: Connect, config: dict[str, Any]) -> None:
    """B4: the code 422 and a message without details."""
    async with connect(config={**CONFIG, **config}) as talk:
        assert await talk.error() == SCHEMA_ERROR


@pytest.mark.parametrize("message", ["{", "[]", '"config"', "{}", '{"type":"dance"}', '{"type":"text","data":[1]}'])
async def test_message_that_is_not_of_the_form(connect: Connect, message: str) -> None:
    """B4: the socket stays open."""
    async with connect() as talk:
        await talk.socket.send_str(message)
        assert await talk.error() == SCHEMA_ERROR
        await talk.speak(SHORT)
        assert await talk.audio()


@pytest.mark.parametrize("kind", ["text", "flush"])
async def test_config_comes_first(connect: Connect, kind: str) -> None:
    """B4."""
    async with connect(config=None) as talk:
        await talk.send(kind, text=SHORT)
        assert await talk.error() == SCHEMA_ERROR


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"speaker": "ritu", "model": "bulbul:v4-flash"},
            "400: Speaker 'ritu' is not compatible with model bulbul:v4-flash",
        ),
        (
            {"speech_sample_rate": 44100},
            "400: Speech sample rate can only be 8000, 16000, 22050, 24000 Hz",
        ),
        ({"pace": 0.4}, "400: For the Bulbul V3 model, pace should be between 0.5 and 2.0"),
        ({"dict_id": "p_00000000"}, "400: Dictionary 'p_00000000' not found"),
    ],
)
async def test_config_that_the_model_does_not_do(connect: Connect, config: dict[str, Any], message: str) -> None:
    """B4: no code, the status is in the message."""
    async with connect(config={**CONFIG, **config}) as talk:
        assert await talk.error() == {"message": message}


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("", "400: 'text' cannot be empty"),
        ("!", "422: Text must contain at least one character from the allowed languages"),
        ("a" * 2501, "400: "),
    ],
    ids=["empty", "unspeakable", "too long"],
)
async def test_error_about_a_text_closes_the_socket(connect: Connect, text: str, start: str) -> None:
    """B4."""
    async with connect() as talk:
        await talk.speak(text)
        error = await talk.error()
        assert error.keys() == {"message"}
        assert error["message"].startswith(start)
        assert await talk.close_code() == 1000


async def test_text_of_2500_characters_is_spoken(connect: Connect) -> None:
    """B4: the limit is that of a message, not of a cycle."""
    async with connect(config={**CONFIG, "speech_sample_rate": 8000}) as talk:
        await talk.send("text", text="a" * 2500)
        await talk.speak("b" * 2500)
        assert await talk.audio() == tone("a" * 2500 + "b" * 2500, 8000, voice="shubh")


async def test_mark_behind_a_spoken_sentence_is_no_error(connect: Connect) -> None:
    """B4: the buffer was full before the last character came."""
    async with connect() as talk:
        await talk.send("text", text=LONG)
        await talk.speak("!")
        assert await talk.audio() == tone(LONG, 22050, voice="shubh") + tone("!", 22050, voice="shubh")


async def test_buffer_that_cannot_be_spoken_closes_the_socket_also_at_a_config(connect: Connect) -> None:
    """B4: it is an error about a text."""
    async with connect() as talk:
        await talk.send("text", text="!")
        await talk.send("config", **CONFIG)
        assert (await talk.error())["message"].startswith("422: Text must contain")
        assert await talk.close_code() == 1000


async def test_credits_end_in_the_middle_of_a_conversation(connect: Connect, sarvam: Sarvam) -> None:
    """B4, B5: an error frame, and the end."""
    async with connect() as talk:
        await talk.speak(SHORT)
        assert await talk.audio()
        sarvam.change_quota({"spend": 1000})
        await talk.speak(SHORT)
        assert (await talk.error())["message"].startswith("429: Insufficient quota")
        assert await talk.close_code() == 1000
    assert sarvam.account.characters == len(SHORT)


# Idle


async def test_closes_after_a_minute_without_a_message(clock: ManualClock, connect: Connect, sarvam: Sarvam) -> None:
    """B4: protocol pings do not count."""
    async with connect() as talk:
        await talk.speak(SHORT)
        assert await talk.audio()
        clock.advance(59)
        await talk.socket.ping()
        await talk.speak(SHORT)
        assert await talk.audio()
        clock.advance(59)
        await talk.socket.ping()
        clock.advance(2)
        await talk.socket.ping()
        assert await talk.close_code() == 1000


async def test_ping_keeps_the_socket_open(clock: ManualClock, connect: Connect) -> None:
    """B4: the error that is provoked shows that the ping before it has arrived."""
    async with connect() as talk:
        for _ in range(4):
            clock.advance(40)
            await talk.send("ping")
            await talk.send("unknown")
            assert await talk.error() == SCHEMA_ERROR
        await talk.speak(SHORT)
        assert await talk.audio()


async def test_speaking_is_not_idle(clock: ManualClock, connect: Connect, sarvam: Sarvam) -> None:
    """B4: more than a minute of paced audio, without a message of the client."""
    sarvam.configure(realtime_factor=1.0, chunk_duration=10.0)
    async with connect() as talk:
        await talk.speak("a" * 1500)
        heard = 0
        while (await talk.receive())["type"] == "audio":
            heard += 1
            clock.advance(10)
        assert heard >= 9


# Faults


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"status": 500}, {"message": "500: Internal server error"}),
        ({"status": 422}, SCHEMA_ERROR),
        ({"status": 503}, {"message": "503: Rate limit exceeded"}),
        ({"status": 400, "message": "anything"}, {"message": "400: anything"}),
    ],
)
async def test_any_error_can_be_had_in_the_middle(
    connect: Connect, sarvam: Sarvam, options: dict[str, Any], expected: dict[str, Any]
) -> None:
    """B4, B5."""
    sarvam.add_fault(FaultKind.STATUS, PATH, after_frames=1, close_code=1000, **options)
    async with connect() as talk:
        await talk.speak(LONG)
        assert (await talk.receive())["type"] == "audio"
        assert await talk.error() == expected
        assert await talk.close_code() == 1000


@pytest.mark.parametrize("status", [403, 429, 500, 503])
async def test_any_error_can_be_had_at_the_upgrade(connect: Connect, sarvam: Sarvam, status: int) -> None:
    """B5."""
    sarvam.add_fault(FaultKind.STATUS, PATH, status=status)
    with pytest.raises(WSServerHandshakeError) as refusal:
        async with connect():
            pass
    assert refusal.value.status == status


async def test_idle_close_can_be_had_at_will(connect: Connect, sarvam: Sarvam) -> None:
    """B4."""
    sarvam.add_fault(FaultKind.IDLE_CLOSE, PATH)
    async with connect(config=None) as talk:
        assert await talk.close_code() == 1000
