"""Assist answers that are spoken while a language model writes them."""

import asyncio

import pytest

from tests.emulator.emulator import Emulator

from .assist import ask, pipeline_of, tell
from .conftest import Provider
from .device import Device
from .hearing import assert_said, assert_same_sound, assert_same_words, longest_gap, tone_of
from .instance import Heard, HomeAssistantProcess

OPENING = "Let me look at the sensors of the house, which may take a moment. All the windows are closed."
REST = "The back door is open, though. It has been open for twenty minutes. Shall I tell you when it is closed?"
ANSWER = f"{OPENING} {REST}"
WITH_TOOL = ({"say": OPENING, "interval": 0.01}, {"tool": 0.3}, {"say": REST, "size": 4, "interval": 0.005})
LONG = " ".join(f"This is sentence number {number} of a long answer." for number in range(100, 128))
RATE = 24000
"""The native sample rate of each service; other rates are resampled."""
SATELLITES = (("wav_16000", 16000), ("wav_22050", 22050), ("wav_24000", RATE), ("flac_48000", 48000))


async def test_answer_is_spoken_while_it_is_written(instance: HomeAssistantProcess, provider: Provider) -> None:
    """The browser plays the whole answer, before and after the tool call, and starts before it's complete."""
    pipeline = await pipeline_of(instance.client, provider)

    answer = await ask(instance, pipeline, *WITH_TOOL)

    assert answer.heard.content_type == "audio/mpeg"
    assert_same_sound(answer.heard, tone_of(ANSWER, provider, RATE), RATE)
    assert answer.heard.first < answer.at("intent-end")


async def test_short_answer_is_spoken(instance: HomeAssistantProcess, provider: Provider) -> None:
    """A short answer isn't streamed."""
    pipeline = await pipeline_of(instance.client, provider)

    message = f"Yes, I have closed it, says {provider.key}."

    answer = await ask(instance, pipeline, {"say": message})

    assert_same_sound(answer.heard, tone_of(message, provider, RATE), RATE)


@pytest.mark.parametrize(("satellite", "rate"), SATELLITES)
async def test_satellite_hears_what_the_provider_made(
    instance: HomeAssistantProcess, provider: Provider, device: Device, satellite: str, rate: int
) -> None:
    """A satellite gets the requested format, with identical samples at the native rate."""
    pipeline = await pipeline_of(instance.client, provider)

    heard = await tell(instance, device, satellite, pipeline, *WITH_TOOL)

    _assert_heard(heard, provider, rate)


async def test_satellite_that_wants_mp3_hears_it(
    instance: HomeAssistantProcess, provider: Provider, device: Device
) -> None:
    """A satellite without a preferred format gets MP3."""
    pipeline = await pipeline_of(instance.client, provider)

    heard = await tell(instance, device, "mp3", pipeline, *WITH_TOOL)

    assert_same_sound(heard, tone_of(ANSWER, provider, RATE), RATE)


async def test_sentence_before_a_long_tool_call_is_heard_at_once(
    instance: HomeAssistantProcess, provider: Provider, device: Device
) -> None:
    """The text before a tool call is spoken immediately, and the stream stays open."""
    pipeline = await pipeline_of(instance.client, provider)
    moment, result = "Just a moment, I will check.", f"The door is locked, says {provider.key}."

    heard = await tell(instance, device, "wav_16000", pipeline, {"say": moment}, {"tool": 6.0}, {"say": result})

    assert heard.first < 2.0
    assert longest_gap(heard, 16000) < 2.0
    assert not heard.broken
    _assert_heard(heard, provider, 16000, f"{moment} {result}")


async def test_long_answer_costs_few_requests(
    instance: HomeAssistantProcess, providers: dict[str, Provider], emulator: Emulator, device: Device
) -> None:
    """A service that charges per request gets at most three requests for 1,200 streamed characters."""
    emulator.flow.configure(ttfb=0.2, realtime_factor=20.0)
    flow = providers["flow_tts"]
    pipeline = await pipeline_of(instance.client, flow)

    heard = await tell(instance, device, "mp3", pipeline, {"say": LONG, "size": 4, "interval": 0.005})

    assert_same_sound(heard, tone_of(LONG, flow, RATE), RATE)
    assert 1 <= len(emulator.flow.asked("/api/tts/synthesize")) <= 3


async def test_long_text_that_is_complete_costs_one_request(
    instance: HomeAssistantProcess, providers: dict[str, Provider], emulator: Emulator
) -> None:
    """A complete text of this length is one request."""
    flow = providers["flow_tts"]
    message = LONG.replace("sentence", "phrase")

    heard = await instance.client.speech(flow.speaker, message)

    assert_same_sound(heard, tone_of(message, flow, RATE), RATE)
    assert len(emulator.flow.asked("/api/tts/synthesize")) == 1


READ = (
    ("**Kitchen {0}:** 21.5 °C\n**Bath {0}:** on", ("Kitchen {0}: 21.5 degrees Celsius", "Bath {0}: on")),
    (
        "<think>\nThey ask for {0}.\n</think>\n\nThe meter of {0} is at 12 kWh.",
        ("The meter of {0} is at 12 kilowatt-hours.",),
    ),
    (
        "Windows of {0}: kitchen ✅, bath {0} ❌. ([a.org](https://a.org/b))",
        ("Windows of {0}: kitchen yes,", "bath {0} no."),
    ),
    (
        "[laughs] {0} and conversation.assistant met at -3.5 °C.",
        ("{0} and Assistant met at minus 3.5 degrees Celsius.",),
    ),
)
"""The text that an assistant writes, and the sentences that the service gets."""


@pytest.mark.parametrize(("name", "how"), [("whole", {}), ("streamed", {"size": 4, "interval": 0.005})])
@pytest.mark.parametrize(("written", "sentences"), READ)
async def test_answer_is_read_as_a_person_would(
    instance: HomeAssistantProcess,
    providers: dict[str, Provider],
    emulator: Emulator,
    *,
    name: str,
    how: dict[str, float],
    written: str,
    sentences: tuple[str, ...],
) -> None:
    """Each service gets words, for complete and streamed answers."""
    pipelines = [await pipeline_of(instance.client, provider) for provider in providers.values()]

    await asyncio.gather(*(ask(instance, pipeline, {"say": written.format(name), **how}) for pipeline in pipelines))

    for provider in providers.values():
        asked = " ".join(" ".join(_texts(provider)).split())
        assert [sentence for sentence in sentences if sentence.format(name) not in asked] == []
        assert [sign for sign in ("think", "°", "kWh", "✅", "[", "conversation.") if sign in asked] == []


def _texts(provider: Provider) -> list[str]:
    """Return the texts that a service got, over any transport."""
    said = []
    for request in provider.service.requests:
        bodies = [request.body, *request.frames_of_client()]
        for body in (body for body in bodies if isinstance(body, dict)):
            said += [body.get("text"), body.get("Text"), body.get("transcript"), (body.get("data") or {}).get("text")]
    return [text for text in said if isinstance(text, str)]


def _assert_heard(heard: Heard, provider: Provider, rate: int, message: str = ANSWER) -> None:
    """Assert that a satellite played the message."""
    wanted = tone_of(message, provider, rate)
    if rate == RATE:
        assert_said(heard.decoded(rate).pcm, wanted)
    else:
        assert_same_words(heard, wanted, rate)
