"""All voices are equally loud, whoever speaks, once each has spoken for ten seconds."""

from array import array
from math import log10
from pathlib import Path
from typing import Any

import pytest

from custom_components.streaming_tts.audio.level import MAX_CORRECTION, TARGET_LUFS
from custom_components.streaming_tts.audio.pcm import wav_header
from homeassistant.components import tts
from homeassistant.components.tts.helper import get_engine_instance
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from tests.accounts import VOICES, account, service_of, set_up, speak
from tests.audio.decoded import decoded, loudness
from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind
from tests.emulator.sound import TONE_LUFS, Sound, amplified, tone
from tests.playback.strangers import Stranger
from tests.utterances import SPEECH_PATHS, WAV, asked

EVEN = {"even_loudness": True}
LONG = " ".join(
    f"The washing machine has finished, and window #{number} of the kitchen is open." for number in range(1, 4)
)
"""More than ten seconds of the emulator's tone."""
SHORT = "Dinner is ready. Please come to the table, there is soup."


def peak(samples: bytes) -> float:
    """Return the level of the loudest sample in dBFS."""
    values = array("h", samples)
    return 20 * log10(max(*values, -min(values)) / 32768)


def level_of(home: HomeAssistant, entity_id: str = "tts.anna") -> Any:
    """Return what of a voice's loudness is in the key of Home Assistant's cache."""
    engine = get_engine_instance(home, entity_id)
    assert isinstance(engine, tts.TextToSpeechEntity)
    assert engine.default_options is not None
    return engine.default_options.get("loudness_measured")


@pytest.mark.parametrize("provider", ["asyncflow", "sarvam", "tencent", "flow_tts"])
@pytest.mark.parametrize("lufs", [-29.0, -8.0])
async def test_a_voice_is_brought_to_the_target_after_its_first_ten_seconds(
    home: HomeAssistant, emulator: Emulator, provider: str, lufs: float
) -> None:
    """Until then it is as loud as it comes."""
    service_of(emulator, provider).configure(loudness=lufs)
    await set_up(home, account(provider, emulator, options=EVEN))
    before = level_of(home)
    assert loudness(await speak(home, LONG, **WAV)) == pytest.approx(lufs, abs=1.0)
    assert level_of(home) != before
    heard = await speak(home, SHORT, **WAV)
    assert loudness(heard) == pytest.approx(TARGET_LUFS, abs=1.0)
    assert len(heard) - 44 == len(tone(SHORT, 24000))


async def test_a_voice_beyond_the_bounds_is_at_the_nearest_end(home: HomeAssistant, emulator: Emulator) -> None:
    """What is hardly there is not pulled up with all its noise."""
    emulator.sarvam.configure(loudness=-36.0)
    await set_up(home, account("sarvam", emulator, options=EVEN))
    before = loudness(await speak(home, LONG, **WAV))
    assert loudness(await speak(home, LONG, **WAV)) == pytest.approx(before + MAX_CORRECTION, abs=0.2)


async def test_without_the_option_a_voice_is_as_loud_as_it_comes(home: HomeAssistant, emulator: Emulator) -> None:
    """As an account of release 0.1 is, until somebody chooses otherwise."""
    await set_up(home, account("sarvam", emulator))
    for _ in range(2):
        assert (await speak(home, LONG, **WAV))[44:] == tone(LONG, 24000, voice=VOICES["sarvam"]["voice"])
    assert level_of(home) is None


async def test_memory_has_the_audio_before_its_gain(home: HomeAssistant, emulator: Emulator, tts_cache: Path) -> None:
    """The same text is heard at its level as soon as that is known, and no file has it as it was before."""
    emulator.sarvam.configure(loudness=-29.0)
    await set_up(home, account("sarvam", emulator, options=EVEN))
    assert loudness(await speak(home, LONG, **WAV)) == pytest.approx(-29.0, abs=1.0)
    assert loudness(await speak(home, LONG, **WAV)) == pytest.approx(TARGET_LUFS, abs=1.0)
    assert asked(emulator, "sarvam") == 1
    kept = [file.name for file in await home.async_add_executor_job(lambda: list(tts_cache.iterdir()))]
    assert len(kept) == 2
    assert sum("disowned" in name for name in kept) == 1


async def test_what_is_known_outlives_a_restart(
    home: HomeAssistant, emulator: Emulator, hass_storage: dict[str, Any]
) -> None:
    """It is stored with the account."""
    emulator.sarvam.configure(loudness=-29.0)
    entry = await set_up(home, account("sarvam", emulator, options=EVEN))
    await speak(home, LONG, **WAV)
    known = level_of(home)
    await entry.runtime_data.storage.async_save()
    (stored,) = hass_storage[f"streaming_tts.{entry.entry_id}.account"]["data"]["loudness"].items()
    assert stored == ("bulbul:v3/shubh", pytest.approx(-29.0, abs=1.0))
    await home.config_entries.async_reload(entry.entry_id)
    assert level_of(home) == known
    assert loudness(await speak(home, SHORT, **WAV)) == pytest.approx(TARGET_LUFS, abs=1.0)


async def test_the_volume_adjustment_of_a_voice_is_an_offset(home: HomeAssistant, emulator: Emulator) -> None:
    """It is heard at once, and behind the measurement."""
    await set_up(home, account("sarvam", emulator, options=EVEN, saved={"gain": -6.0}))
    before = loudness(await speak(home, LONG, **WAV, gain=0))
    assert loudness(await speak(home, SHORT, **WAV)) == pytest.approx(TARGET_LUFS - 6.0, abs=1.0)
    assert loudness(await speak(home, SHORT, **WAV, gain=3)) == pytest.approx(TARGET_LUFS + 3.0, abs=1.0)
    assert before == pytest.approx(-17.3, abs=1.0)


async def test_a_call_may_ask_for_a_louder_voice(home: HomeAssistant, emulator: Emulator) -> None:
    """Its volume is the service's, for this call: what it makes of it is not measured as the voice's own."""
    emulator.flow.configure(loudness=-23.0)
    await set_up(home, account("flow_tts", emulator, options=EVEN))
    before = level_of(home)
    await speak(home, LONG, **WAV, volume=2.0)
    assert level_of(home) == before
    (request,) = emulator.flow.asked("/api/tts/synth")
    assert request.body["volume"] == 2.0


@pytest.mark.parametrize(("first", "second"), [(-29.0, -8.0), (-8.0, -29.0)])
async def test_a_fallback_that_continues_is_level_with_what_came_before(
    home: HomeAssistant, emulator: Emulator, first: float, second: float
) -> None:
    """Once both are known, and whoever's account it is."""
    emulator.asyncflow.configure(loudness=first)
    emulator.sarvam.configure(loudness=second)
    await set_up(home, account("sarvam", emulator, voices=("Ben",), options=EVEN))
    ben = er.async_get(home).async_get("tts.ben")
    assert ben is not None
    await set_up(home, account("asyncflow", emulator, saved={"fallback": ben.id}, options=EVEN))
    await speak(home, LONG, **WAV)
    await speak(home, LONG, entity_id="tts.ben", **WAV)
    said = " ".join(f"Sentence #{number} of this answer says something about the kitchen." for number in range(1, 5))
    half = len(tone(said, 24000)) // 2
    emulator.asyncflow.add_fault(FaultKind.RESET, SPEECH_PATHS["asyncflow"], times=1, after_bytes=half)
    emulator.asyncflow.add_fault(FaultKind.STATUS, SPEECH_PATHS["asyncflow"], times=-1, status=500)
    heard = await speak(home, said, **WAV)
    assert asked(emulator, "sarvam") == 2
    before, behind = loudness(heard[: half // 2]), loudness(heard[-half // 4 * 2 :])
    assert before == pytest.approx(TARGET_LUFS, abs=1.0)
    assert behind == pytest.approx(before, abs=1.0)


async def test_an_engine_of_another_integration_is_measured_too(
    home: HomeAssistant, emulator: Emulator, stranger: Stranger
) -> None:
    """By the account of the voice that it speaks for."""
    (entry,) = [each for each in home.config_entries.async_entries("streaming_tts") if each.title == "asyncflow"]
    home.config_entries.async_update_entry(entry, options=EVEN)
    await home.config_entries.async_reload(entry.entry_id)
    quiet = amplified(Sound(pcm=tone(LONG, 24000), sample_rate=24000), -27.0 - TONE_LUFS)
    stranger.answer = ("wav", wav_header(24000, len(quiet.pcm)) + quiet.pcm)
    assert loudness(await speak(home, "One.", **WAV)) == pytest.approx(-27.0, abs=1.0)
    assert loudness(await speak(home, "Two.", **WAV)) == pytest.approx(TARGET_LUFS, abs=1.0)


@pytest.mark.parametrize("container", ["wav", "flac", "mp3"])
@pytest.mark.parametrize("rate", [16000, 24000, 48000])
async def test_the_loudest_voice_is_not_clipped(
    home: HomeAssistant, emulator: Emulator, container: str, rate: int
) -> None:
    """At 20 dB of gain, speech and tone; -1 dBFS where nothing is resampled nor coded."""
    await set_up(home, account("sarvam", emulator, saved={"gain": 20.0}))
    for voice in ("tone", "speech"):
        emulator.sarvam.configure(voice=voice)
        text = f"{SHORT} This is {voice}."
        sound = await speak(home, text, preferred_format=container, preferred_sample_rate=rate)
        limit = -1.0 if (container, rate) == ("wav", 24000) else -0.3
        assert -6.0 < peak(decoded(sound, container).mono) < limit
