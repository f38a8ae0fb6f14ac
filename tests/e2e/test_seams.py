"""One answer with a tool call, seams, a break, a fallback voice, and a lead-out."""

from array import array
from itertools import pairwise
from math import pi

import pytest
import pytest_asyncio

from tests.emulator.codec import decode
from tests.emulator.faults import FaultKind
from tests.emulator.sound import PEAK, tone

from .assist import pipeline_of, tell
from .conftest import LANGUAGES, Provider, start_anew
from .device import Device
from .hearing import assert_said_with_one_break, assert_same_words
from .instance import HomeAssistantProcess, Voice, add_voice

RATE = 24000
OPENING = "Let me look at all of the windows of the house for {}."
"""Each player gets another text, so that nothing is cached."""
REST = (
    "The back door is open for {}, though.",
    "It has been open for twenty minutes, and {} is cold outside.",
    "The window in the kitchen is open for {} as well.",
    "Shall I remind {} of both of them tonight?",
)
LEAD_OUT = 0.5
BROKEN_AFTER = 1
"""Seconds of the first sentence after the tool call."""
MAX_STEP = PEAK * 2 * pi * 1501 / RATE
"""The maximum difference between two samples of the test tone."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def voice(instance: HomeAssistantProcess, providers: dict[str, Provider]) -> Voice:
    """Add a voice with a lead-out and a fallback voice of another account."""
    return await add_voice(
        instance.client,
        providers["flow_tts"].account.entry_id,
        language=LANGUAGES["flow_tts"],
        voice=providers["flow_tts"].voice_id,
        name="all that can happen",
        fallback=providers["asyncflow"].speaker,
        sound={"lead_out": LEAD_OUT},
    )


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize("wanted_by", [("wav_24000", "wav"), ("flac_24000", "flac"), ("mp3", "mp3")], ids=str)
async def test_all_that_can_happen_to_an_answer_is_heard_without_a_click(
    instance: HomeAssistantProcess,
    providers: dict[str, Provider],
    device: Device,
    voice: Voice,
    wanted_by: tuple[str, str],
) -> None:
    """Every sample in order, except for the fade-out at the break; for MP3, the same energy."""
    satellite, container = wanted_by
    flow, other = providers["flow_tts"], providers["asyncflow"]
    await start_anew(instance, flow)
    flow.service.configure(realtime_factor=30.0)
    stream = "/api/tts/synthesize-stream"
    flow.service.add_fault(FaultKind.RESET, stream, skip=1, times=1, after_frames=BROKEN_AFTER * 10)
    flow.service.add_fault(FaultKind.STATUS, stream, skip=1, times=-1, status=503)
    pipeline = await pipeline_of(instance.client, flow, voice.speaker)

    opening, *rest = (sentence.format(container) for sentence in (OPENING, *REST))

    heard = await tell(
        instance,
        device,
        satellite,
        pipeline,
        {"say": opening, "interval": 0.005},
        {"tool": 1.5},
        {"say": " ".join(("", *rest)), "interval": 0.002},
    )

    own = [tone(sentence, RATE, voice=flow.voice_id) for sentence in (opening, *rest)]
    others = [tone(sentence, RATE, voice=other.voice_id) for sentence in (opening, *rest)]
    wanted = own[0] + own[1][: 2 * RATE * BROKEN_AFTER] + b"".join(others[1:])
    if container == "mp3":
        assert_same_words(heard, wanted, RATE)
        return
    pcm = heard.pcm if container == "wav" else decode(heard.audio, RATE).pcm
    assert_said_with_one_break(pcm, own, others)
    assert len(pcm) >= len(wanted) + 2 * RATE * LEAD_OUT
    assert not any(pcm[-int(2 * RATE * LEAD_OUT) :])
    assert max(abs(one - other) for one, other in pairwise(array("h", pcm))) <= MAX_STEP
