"""Long use: many voices, a start without a network, and a session that lasts for hours."""

import asyncio
import json

import pytest

from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind
from tests.emulator.flow import PUBLIC_KEY
from tests.emulator.sound import tone

from .conftest import KEY
from .hearing import assert_said
from .instance import HomeAssistantProcess, add_account, add_voice

WANTED = {"preferred_format": "wav", "preferred_sample_rate": 24000}
OTHER_KEY = "other-key"
VOICES = 5
"""Voices per account."""


@pytest.mark.full
async def test_ten_voices_are_back_without_network_and_speak_when_it_is(
    other_instance: HomeAssistantProcess, emulator: Emulator
) -> None:
    """Two accounts of one provider; without a network, speech fails with a clear error."""
    instance, service = other_instance, emulator.asyncflow
    service.configure(keys=(KEY, OTHER_KEY))
    voices = []
    for key in (KEY, OTHER_KEY):
        account = await add_account(
            instance.client, "asyncflow", key, base_url=service.url, language="en", name="Voice"
        )
        voices.append(account.voice)
        voices += [
            await add_voice(instance.client, account.entry_id, language="en", name=f"Voice {number}")
            for number in range(1, VOICES)
        ]
    assert len({voice.speaker for voice in voices}) == 2 * VOICES

    await instance.stop()
    service.add_fault(FaultKind.RESET, times=-1)
    await instance.start()
    for voice in voices:
        await instance.client.state_when(voice.speaker, lambda state: state["state"] != "unavailable")
    heard = await instance.client.speech(voices[0].speaker, "Nobody can hear this.", options=WANTED)
    assert heard.status == 500
    await instance.log_written()
    assert "Couldn't connect to" in instance.log

    service.reset()
    service.configure(keys=(KEY, OTHER_KEY))
    for which, voice in (("first", voices[0]), ("last", voices[-1])):
        text = f"This is the {which} voice again."
        heard = await instance.client.speech(voice.speaker, text, options=WANTED)
        assert_said(heard.pcm, tone(text, 24000, voice=voice.voice_id))


async def test_a_session_lasts_for_hours_and_over_a_restart(
    other_instance: HomeAssistantProcess, emulator: Emulator
) -> None:
    """The token expires every hour while three messages start at once: it's renewed once, and all are spoken."""
    instance, service = other_instance, emulator.flow
    session = json.dumps(service.new_session())
    account = await add_account(
        instance.client, "flow_tts", session, base_url=service.url, public_key=PUBLIC_KEY, language="en"
    )
    for hour in range(3):
        emulator.clock.advance(3700)
        renewals = len(service.asked("/auth/v1/token"))
        texts = [f"It is hour {hour} for the {ordinal} time." for ordinal in ("first", "second", "third")]
        sounds = await asyncio.gather(
            *(instance.client.speech(account.speaker, text, options=WANTED) for text in texts)
        )
        for heard, text in zip(sounds, texts, strict=True):
            assert_said(heard.pcm, tone(text, 24000, voice=account.voice.voice_id))
        assert len(service.asked("/auth/v1/token")) == renewals + 1
        if hour == 1:
            await instance.restart()
