"""AsyncFlow's word timestamps."""

from base64 import b64encode
from collections.abc import AsyncGenerator
from itertools import pairwise
from typing import Any

from aiohttp import ClientSession, web
import pytest

from custom_components.streaming_tts.providers.asyncflow import AsyncFlow
from custom_components.streaming_tts.providers.asyncflow.errors import SENTINEL
from custom_components.streaming_tts.providers.capabilities import TimedWord, Timestamps
from custom_components.streaming_tts.providers.types import Credentials, Failure, ProviderError, Voice
from tests.emulator.asyncflow import AsyncFlow as Service
from tests.emulator.asyncflow_voices import DEFAULT_VOICE_ID
from tests.emulator.settings import Settings
from tests.emulator.sound import tone

from .tools import KEY, PCM, failure, serving

TIMED = "/text_to_speech/with_timestamps"
TEXT = "Welcome to Async."
VOICE = Voice.of(voice_id=DEFAULT_VOICE_ID, model="async_flash_v1.0", language="en")
ALIGNMENT = {
    "words": ["Welcome", "home"],
    "word_start_times_milliseconds": [0, 400],
    "word_end_times_milliseconds": [400, 700],
}
SOUND = b64encode(bytes(3200)).decode()


@pytest.fixture
async def service(settings: Settings, socket_enabled: None) -> AsyncGenerator[Service]:
    """Return the emulated service; nothing may be left open on it."""
    async with Service(settings) as service:
        yield service


@pytest.fixture
def provider(service: Service, session: ClientSession) -> AsyncFlow:
    """Return an account at it."""
    return AsyncFlow(session, Credentials(key=KEY), base_url=service.url)


async def timed_by(session: ClientSession, body: dict[str, Any]) -> tuple[TimedWord, ...] | ProviderError:
    """Return the words of an answer, or the error that it ends in."""

    async def handle(request: web.Request) -> web.Response:
        return web.json_response(body)

    async with serving(handle) as url:
        provider = AsyncFlow(session, Credentials(key=KEY), base_url=url)
        try:
            return (await provider.speak_with_timestamps(VOICE, PCM, TEXT)).words
        except ProviderError as error:
            return error


async def test_words_come_with_the_sound(provider: AsyncFlow) -> None:
    """In order, and within it."""
    assert isinstance(provider, Timestamps)

    timed = await provider.speak_with_timestamps(VOICE, PCM, TEXT)

    assert timed.audio == tone(TEXT, PCM.sample_rate, voice=DEFAULT_VOICE_ID)
    assert [word.word for word in timed.words] == ["Welcome", "to", "Async"]
    assert all(one.end <= other.start for one, other in pairwise(timed.words))
    assert 0 <= timed.words[0].start < timed.words[-1].end <= len(timed.audio) * 1000 / 2 / PCM.sample_rate


@pytest.mark.parametrize("model", [model.model_id for model in AsyncFlow.models])
async def test_a_model_that_knows_no_times_is_replaced(provider: AsyncFlow, service: Service, model: str) -> None:
    """By one that does; its settings go with it."""
    voice = Voice.of(voice_id=DEFAULT_VOICE_ID, model=model, language="en", settings={"speed": 2.0})

    await provider.speak_with_timestamps(voice, PCM, TEXT)

    [asked] = service.asked(TIMED)
    assert asked.body["model_id"] == (model if model in provider.timed_models else "async_flash_v1.0")
    assert ("speed_control" in asked.body) is (asked.body["model_id"] == "async_flash_v1.0")


@pytest.mark.parametrize(
    ("fault", "options", "expected"),
    [
        ("status", {"status": 401}, Failure.AUTH),
        ("status", {"status": 404, "code": "VOICE_NOT_FOUND"}, Failure.VOICE),
        ("status", {"status": 429, "code": "USAGE_LIMIT_EXCEEDED"}, Failure.QUOTA),
        ("status", {"status": 500}, Failure.SERVER),
        ("sentinel", {}, Failure.QUOTA),
        ("reset", {}, Failure.UNREACHABLE),
        ("truncate", {"after_bytes": 20}, Failure.BROKEN),
        ("malformed_json", {}, Failure.BROKEN),
        ("content_type", {}, Failure.BROKEN),
    ],
)
async def test_a_failure_is_that_of_speech(
    provider: AsyncFlow, service: Service, fault: str, options: dict[str, Any], expected: Failure
) -> None:
    """Since that is what it is."""
    service.add_fault(fault, TIMED, **options)

    assert (await failure(provider.speak_with_timestamps(VOICE, PCM, TEXT))).failure is expected


async def test_words_need_not_be_whole_milliseconds(session: ClientSession) -> None:
    """A word that ends before it begins is said in no time."""
    alignment = ALIGNMENT | {"word_start_times_milliseconds": [0.4, 400], "word_end_times_milliseconds": [399.6, 390]}

    words = await timed_by(session, {"audio_base64": SOUND, "alignment": alignment, "more": 1})

    assert words == (TimedWord(word="Welcome", start=0, end=400), TimedWord(word="home", start=400, end=400))


@pytest.mark.parametrize(
    "body",
    [
        {"alignment": ALIGNMENT},
        {"audio_base64": "%", "alignment": ALIGNMENT},
        {"audio_base64": "", "alignment": ALIGNMENT},
        {"audio_base64": b64encode(b"a").decode(), "alignment": ALIGNMENT},
        {"audio_base64": SOUND},
        {"audio_base64": SOUND, "alignment": []},
        *(
            {"audio_base64": SOUND, "alignment": ALIGNMENT | {key: value}}
            for key, value in (
                ("words", ["Welcome"]),
                ("words", ["Welcome", 7]),
                ("words", "no list"),
                ("word_start_times_milliseconds", [0, "400"]),
                ("word_start_times_milliseconds", [0, True]),
                ("word_start_times_milliseconds", [-1, 400]),
                ("word_end_times_milliseconds", [400, 1e12]),
                ("word_end_times_milliseconds", [400, 10**400]),
                ("word_end_times_milliseconds", None),
            )
        ),
    ],
)
async def test_what_makes_no_sense_is_broken(session: ClientSession, body: dict[str, Any]) -> None:
    """Rather than half of it."""
    error = await timed_by(session, body)

    assert isinstance(error, ProviderError)
    assert error.failure is Failure.BROKEN


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"audio_base64": b64encode(bytes(320) + SENTINEL).decode(), "alignment": ALIGNMENT}, Failure.QUOTA),
        ({"error_code": "USAGE_LIMIT_EXCEEDED", "message": ""}, Failure.QUOTA),
    ],
)
async def test_a_used_up_quota_is_heard_in_a_success(
    session: ClientSession, body: dict[str, Any], expected: Failure
) -> None:
    """As everywhere at this service."""
    error = await timed_by(session, body)

    assert isinstance(error, ProviderError)
    assert error.failure is expected


async def test_neither_words_nor_sound_are_shown(provider: AsyncFlow) -> None:
    """They say what was spoken."""
    timed = await provider.speak_with_timestamps(VOICE, PCM, TEXT)

    assert "Welcome" not in repr(timed)
