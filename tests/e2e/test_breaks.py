"""Connections that break during speech: no sentence is lost, and only the interrupted one is repeated."""

from collections.abc import Mapping
from dataclasses import dataclass
import re

import pytest
import pytest_asyncio

from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind
from tests.emulator.sound import tone

from .assist import pipeline_of, tell
from .conftest import LANGUAGES, Provider, start_anew
from .device import Device
from .hearing import assert_said, assert_said_with_one_break, sounding
from .instance import Heard, HomeAssistantProcess, Voice, add_voice

RATE = 24000
"""The native sample rate of each service, so that samples can be compared."""
STRANGER = "tts.stranger"
STRANGER_SECONDS = 0.05
"""Samples per character."""
SUCCESSORS = {"asyncflow": "sarvam", "sarvam": "asyncflow", "tencent": "asyncflow", "flow_tts": "asyncflow"}
PACE = 30.0
"""Speed of the services in multiples of real time, so that no sent data is in transit at a break."""
SENTENCES = (
    "Now listen to me for a moment {} because this is important.",
    "The cellar is dry again since this morning, {}.",
    "The heating has been off since noon, {}.",
    "It will freeze tonight, and it may snow tomorrow, {}.",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """A transport of a provider: its path, the offset of the break in its audio, and whether the text is streamed."""

    key: str
    path: str
    where: Mapping[str, int]
    streamed: bool = False


WAYS = (
    Way(key="asyncflow", path="/text_to_speech/streaming", where={"after_bytes": 312_000}),
    Way(key="asyncflow", path="/text_to_speech/websocket", where={"after_frames": 25}, streamed=True),
    Way(key="sarvam", path="/text-to-speech/stream", where={"after_bytes": 312_000}),
    Way(key="sarvam", path="/text-to-speech/ws", where={"after_frames": 25}, streamed=True),
    Way(key="tencent", path="/TextToSpeechSSE", where={"after_frames": 65}),
    Way(key="flow_tts", path="/api/tts/synthesize-stream", where={"after_frames": 65}),
)


@pytest.fixture(params=WAYS, ids=lambda way: way.path)
def way(request: pytest.FixtureRequest) -> Way:
    """Return each transport in turn."""
    way: Way = request.param
    return way


@dataclass(frozen=True, kw_only=True, slots=True)
class Backed:
    """Voices with a fallback voice: another one of ours, and another engine."""

    by_ours: Voice
    by_stranger: Voice


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def backed(instance: HomeAssistantProcess, providers: dict[str, Provider]) -> dict[str, Backed]:
    """Add voices with fallback voices."""

    async def voice(key: str, fallback: str) -> Voice:
        return await add_voice(
            instance.client,
            providers[key].account.entry_id,
            language=LANGUAGES[key],
            voice=providers[key].voice_id,  # Not a clone of another test
            name=f"{key} before {fallback}",
            fallback=fallback,
        )

    return {
        key: Backed(
            by_ours=await voice(key, providers[SUCCESSORS[key]].speaker), by_stranger=await voice(key, STRANGER)
        )
        for key in providers
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """The setup of a test."""

    instance: HomeAssistantProcess
    device: Device
    emulator: Emulator
    providers: dict[str, Provider]

    async def say(self, way: Way, sentences: tuple[str, ...], speaker: str | None = None) -> Heard:
        """Return the audio of the sentences over a transport."""
        provider = self.providers[way.key]
        if way.streamed:
            pipeline = await pipeline_of(self.instance.client, provider, speaker)
            return await tell(
                self.instance, self.device, "wav_24000", pipeline, {"say": " ".join(sentences), "interval": 0.002}
            )
        wanted = {"preferred_format": "wav", "preferred_sample_rate": RATE}
        return await self.instance.client.speech(speaker or provider.speaker, " ".join(sentences), options=wanted)

    async def break_once(self, way: Way) -> None:
        """Break the next connection during speech."""
        provider = self.providers[way.key]
        await start_anew(self.instance, provider)
        provider.service.configure(realtime_factor=PACE)
        provider.service.add_fault(FaultKind.RESET, way.path, **way.where)

    def break_for_good(self, way: Way) -> None:
        """Break all following connections before the audio starts."""
        for other in WAYS:
            if other.key == way.key:
                self.providers[way.key].service.add_fault(FaultKind.RESET, other.path, times=-1)

    def sounds(self, key: str, sentences: tuple[str, ...]) -> list[bytes]:
        """Return the samples of each sentence."""
        return [tone(sentence, RATE, voice=self.providers[key].voice_id) for sentence in sentences]


@pytest.fixture
def stage(instance: HomeAssistantProcess, device: Device, emulator: Emulator, providers: dict[str, Provider]) -> Stage:
    """Return the setup of a test."""
    return Stage(instance=instance, device=device, emulator=emulator, providers=providers)


def _sentences(way: Way, whom: str) -> tuple[str, ...]:
    """Return new sentences."""
    name = " ".join((whom, *re.findall("[a-z]+", way.path)[-2:]))
    return tuple(sentence.format(name) for sentence in SENTENCES)


async def test_break_is_mended_by_the_voice_itself(stage: Stage, way: Way) -> None:
    """The interrupted sentence and the rest are requested again, over another connection."""
    sentences = _sentences(way, "Ada")
    await stage.break_once(way)

    heard = await stage.say(way, sentences)

    assert_said_with_one_break(heard.pcm, stage.sounds(way.key, sentences))
    assert [request.ended for request in stage.providers[way.key].service.asked(way.path)].count("reset") == 1


async def test_fallback_of_ours_speaks_on(stage: Stage, way: Way, backed: dict[str, Backed]) -> None:
    """If the retry fails, too, the fallback voice continues from the interrupted sentence.

    The next message is spoken by the voice again.
    """
    sentences = _sentences(way, "Ben")
    speaker = backed[way.key].by_ours.speaker
    await stage.break_once(way)
    stage.break_for_good(way)
    own = stage.sounds(way.key, sentences)

    heard = await stage.say(way, sentences, speaker)

    assert_said_with_one_break(heard.pcm, own, stage.sounds(SUCCESSORS[way.key], sentences))

    stage.providers[way.key].service.reset()
    await start_anew(stage.instance, stage.providers[way.key])
    again = await stage.say(way, sentences, speaker)

    assert_said(again.pcm, b"".join(own))


async def test_another_engine_speaks_on(stage: Stage, way: Way, backed: dict[str, Backed], device: Device) -> None:
    """Any text-to-speech engine can be the fallback voice; it gets the text from the interrupted sentence on."""
    sentences = _sentences(way, "Cy")
    device.stranger.clear()
    await stage.break_once(way)
    stage.break_for_good(way)

    heard = await stage.say(way, sentences, backed[way.key].by_stranger.speaker)

    # Two requests may run at once; the order of requests isn't the order of playback.
    rest = " ".join(sorted(device.stranger, key=" ".join(sentences).find))
    before = sentences[: len(sentences) - rest.count(".")]
    assert " ".join((*before, rest)) == " ".join(sentences)
    own = sounding(b"".join(stage.sounds(way.key, sentences)))
    said = sounding(b"".join(stage.sounds(way.key, before)))
    assert sounding(heard.pcm)[: len(said) + RATE] == own[: len(said) + RATE]
    assert len(heard.pcm) / 2 / RATE >= len(said) / RATE + len(rest) * STRANGER_SECONDS * 0.99
