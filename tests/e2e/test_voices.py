"""Voice actions and samples, as used by scripts, dashboards, and the media browser.

Over WebSocket.
"""

from functools import partial
import re
from typing import Any

import pytest

from tests.emulator.asyncflow_voices import DEFAULT_VOICE_ID
from tests.emulator.emulator import Emulator
from tests.emulator.flow_settings import Contract
from tests.emulator.sound import tone

from .conftest import PROVIDERS, Log, Provider, start_anew
from .hearing import assert_same_sound
from .instance import ApiError, HomeAssistantProcess

RATE = 24000
WAV = {"preferred_format": "wav", "preferred_sample_rate": RATE}
ROOT = "media-source://streaming_tts"
TEXT = "The door of the garage is open, and it begins to rain."
KEYED = {"authorization", "x-api-key", "api-subscription-key"}
"""The headers with the key of a service."""
DICTIONARIES = "/text-to-speech/pronunciation-dictionary"


@pytest.fixture
def asyncflow(providers: dict[str, Provider], emulator: Emulator) -> Provider:
    """Return the account at AsyncFlow."""
    return providers["asyncflow"]


@pytest.fixture
def sarvam(providers: dict[str, Provider], emulator: Emulator) -> Provider:
    """Return the account at Sarvam AI."""
    return providers["sarvam"]


async def _ask(instance: HomeAssistantProcess, action: str, provider: Provider, **fields: Any) -> Any:
    """Return the response of an action for an account."""
    entry_id = provider.account.entry_id
    return await instance.client.act(f"streaming_tts.{action}", answered=True, config_entry_id=entry_id, **fields)


async def _act(instance: HomeAssistantProcess, action: str, provider: Provider, **fields: Any) -> None:
    """Run an action without a response for an account."""
    await instance.client.act(f"streaming_tts.{action}", config_entry_id=provider.account.entry_id, **fields)


async def _refused(instance: HomeAssistantProcess, log: Log, action: str, provider: Provider, **fields: Any) -> str:
    """Return the translated error of an action for an account."""
    with pytest.raises(ApiError) as raised:
        await _act(instance, action, provider, **fields)
    log.expect(re.escape(raised.value.message.removeprefix("Validation error: ")))
    return raised.value.message


async def _listed(instance: HomeAssistantProcess, media_content_id: str) -> dict[str, str]:
    """Return the titles and IDs of a folder in the media browser."""
    folder = await instance.client.ask("media_source/browse_media", media_content_id=media_content_id)
    return {child["title"]: child["media_content_id"] for child in folder["children"]}


async def test_a_script_finds_changes_and_deletes_a_voice(instance: HomeAssistantProcess, asyncflow: Provider) -> None:
    """Each step uses the response of the previous one."""
    account = {"config_entry_id": asyncflow.account.entry_id}
    voice = {**account, "voice": "{{ found.voices[0].voice }}"}
    result = await instance.client.ask(
        "execute_script",
        sequence=[
            {
                "action": "streaming_tts.list_voices",
                "data": {**account, "own": True, "search": "doorbell"},
                "response_variable": "found",
            },
            {"action": "streaming_tts.update_voice", "data": {**voice, "name": "Aunt Ida", "style": "Soft, Low"}},
            {"action": "streaming_tts.list_voices", "data": voice, "response_variable": "changed"},
            {"action": "streaming_tts.delete_voice", "data": voice},
            {"stop": "Done", "response_variable": "changed"},
        ],
    )
    (changed,) = result["response"]["voices"]
    assert (changed["name"], changed["styles"], changed["own"]) == ("Aunt Ida", ["Soft", "Low"], True)
    assert (await _ask(instance, "list_voices", asyncflow, search="ida"))["total"] == 0


async def test_what_cannot_be_done_with_a_voice_is_told_in_words(
    instance: HomeAssistantProcess, asyncflow: Provider, log: Log
) -> None:
    """Because it isn't the account's own, or is in use."""
    voice_id = DEFAULT_VOICE_ID
    used = await _refused(instance, log, "delete_voice", asyncflow, voice=asyncflow.voice_id)
    assert "used by asyncflow voice" in used
    assert "You can only change or delete voices" in await _refused(
        instance, log, "delete_voice", asyncflow, voice=voice_id
    )
    assert "nothing with this ID" in await _refused(instance, log, "update_voice", asyncflow, voice="gone", name="Ida")
    assert "Enter at least one of" in await _refused(instance, log, "update_voice", asyncflow, voice=voice_id)


@pytest.mark.parametrize("key", ["asyncflow", "flow_tts"])
async def test_samples_are_heard_in_the_media_browser(
    instance: HomeAssistantProcess, emulator: Emulator, providers: dict[str, Provider], log: Log, key: str
) -> None:
    """By account and language, unchanged and without the key."""
    emulator.flow.configure(contract=Contract.BACKEND)
    provider = providers[key]
    await start_anew(instance, provider)
    if key == "flow_tts":  # A voice that isn't in the catalog reloads it
        with pytest.raises(ApiError, match="nothing with this ID"):
            await _ask(instance, "list_voices", provider, voice="new")
        log.expect("nothing with this ID")
    title = {"asyncflow": "AsyncFlow", "flow_tts": "Flow TTS"}[key]
    accounts = await _listed(instance, ROOT)
    voices = await _listed(instance, (await _listed(instance, accounts[title]))["English"])
    voice = next(iter(voices.values()))

    media = await instance.client.ask("media_source/resolve_media", media_content_id=voice)
    heard = await instance.client.listen(media["url"])

    assert (heard.status, heard.content_type, media["mime_type"]) == (200, "audio/mpeg", "audio/mpeg")
    (fetched,) = provider.service.asked("/previews/")
    assert not KEYED & {name.lower() for name in fetched.headers}
    keys = {
        value
        for request in provider.service.asked()
        for name, value in request.headers.items()
        if name.lower() in KEYED
    }
    assert keys
    assert not [key for key in keys if key.removeprefix("Bearer ") in f"{fetched.headers} {fetched.query}"]
    sound = heard.decoded(RATE)
    assert 0.5 < sound.duration < 20
    assert any(sound.pcm)


async def test_a_voice_is_a_tile_with_its_name_in_the_media_browser(
    instance: HomeAssistantProcess, sarvam: Provider
) -> None:
    """A renamed voice has the new name everywhere, and keeps its entity ID."""
    tiles = await _listed(instance, "media-source://tts")
    assert {f"{key} voice" for key in PROVIDERS} <= tiles.keys()
    assert tiles["sarvam voice"] == f"media-source://tts/{sarvam.speaker}"
    assert sarvam.speaker == "tts.sarvam_voice"

    for name in ("Kitchen", "sarvam voice"):
        subentries = await instance.client.ask("config_entries/subentries/list", entry_id=sarvam.account.entry_id)
        flow = await instance.client.add_to(sarvam.account.entry_id, "voice", reconfigured=subentries[0]["subentry_id"])
        await flow.answer(name=name)
        assert flow.reason == "reconfigure_successful"
        await instance.client.state_when(sarvam.speaker, partial(_is_called, name))
        assert (await _listed(instance, "media-source://tts"))[name] == f"media-source://tts/{sarvam.speaker}"


def _is_called(name: str, state: dict[str, Any]) -> bool:
    """Return True if an entity has a name."""
    return bool(state["attributes"]["friendly_name"] == name)


async def test_a_sample_that_cannot_be_heard_is_told_in_words(
    instance: HomeAssistantProcess, asyncflow: Provider
) -> None:
    """In the translated response."""
    voice = f"{ROOT}/sample/{asyncflow.account.entry_id}/gone"
    with pytest.raises(ApiError) as raised:
        await instance.client.ask("media_source/resolve_media", media_content_id=voice)
    assert "no longer offers the voice" in raised.value.message


async def test_words_are_timed_and_the_sound_is_played(
    instance: HomeAssistantProcess, emulator: Emulator, asyncflow: Provider
) -> None:
    """From its URL and from the media source; it has the stated length, and is charged once."""
    answers = await instance.client.act(
        "streaming_tts.speak_with_timestamps", target=asyncflow.speaker, answered=True, message=TEXT
    )
    answer = answers[asyncflow.speaker]
    wanted = tone(TEXT, RATE, voice=asyncflow.voice_id)
    media = await instance.client.ask("media_source/resolve_media", media_content_id=answer["media_content_id"])
    assert media["mime_type"] == "audio/wav"
    for path in (media["url"], answer["url"].removeprefix(instance.url)):
        assert_same_sound(await instance.client.listen(path), wanted, RATE)
    assert answer["duration"] == pytest.approx(1000 * len(wanted) / 2 / RATE, abs=1)
    assert " ".join(word["word"] for word in answer["words"]) == TEXT.replace(",", "").replace(".", "")
    assert all(word["start"] <= word["end"] <= answer["duration"] for word in answer["words"])
    assert len(emulator.asyncflow.asked("/text_to_speech")) == 1


async def test_words_are_not_timed_by_everybody(instance: HomeAssistantProcess, sarvam: Provider, log: Log) -> None:
    """Other services fail with a clear error."""
    log.expect("doesn't support word timestamps")
    with pytest.raises(ApiError) as raised:
        await instance.client.act(
            "streaming_tts.speak_with_timestamps", target=sarvam.speaker, answered=True, message=TEXT
        )
    assert "Sarvam AI doesn't support word timestamps" in raised.value.message


async def test_a_voice_speaks_by_a_dictionary(instance: HomeAssistantProcess, sarvam: Provider, log: Log) -> None:
    """It's created, selected for a voice, used, changed and used again, and can't be deleted while it's in use."""
    words = {"en-IN": {"garage": "big garage"}}
    made = await _ask(instance, "save_dictionary", sarvam, pronunciations=words)
    dictionary_id = made["dictionary_id"]
    listed = await _ask(instance, "list_dictionaries", sarvam)
    assert [(each["dictionary_id"], each["words"]) for each in listed["dictionaries"]] == [(dictionary_id, 1)]

    subentries = await instance.client.ask("config_entries/subentries/list", entry_id=sarvam.account.entry_id)
    subentry_id = subentries[0]["subentry_id"]
    flow = await instance.client.add_to(sarvam.account.entry_id, "voice", reconfigured=subentry_id)
    await flow.answer(dict_id=f"{dictionary_id} (1)")
    assert flow.reason == "reconfigure_successful"
    await start_anew(instance, sarvam)

    async def heard(said: str) -> None:
        sound = await instance.client.speech(sarvam.speaker, "The garage is open.", options=WAV)
        assert sound.pcm == tone(said, RATE, voice=sarvam.voice_id)

    await heard("The big garage is open.")
    assert "sarvam voice" in await _refused(instance, log, "delete_dictionary", sarvam, dictionary_id=dictionary_id)
    more = {"en-IN": {"garage": "very big garage"}}
    await _act(instance, "save_dictionary", sarvam, dictionary_id=dictionary_id, pronunciations=more)
    await heard("The very big garage is open.")

    flow = await instance.client.add_to(sarvam.account.entry_id, "voice", reconfigured=subentry_id)
    await flow.answer(dict_id=None)
    await start_anew(instance, sarvam)
    await _act(instance, "delete_dictionary", sarvam, dictionary_id=dictionary_id)
    assert (await _ask(instance, "list_dictionaries", sarvam))["dictionaries"] == []


async def test_a_dictionary_that_is_too_large_is_not_sent(
    instance: HomeAssistantProcess, emulator: Emulator, sarvam: Provider, log: Log
) -> None:
    """The error has the limit."""
    words = {"en-IN": {f"word {number}": "said so" for number in range(101)}}
    assert "The maximum is 100" in await _refused(instance, log, "save_dictionary", sarvam, pronunciations=words)
    assert not emulator.sarvam.asked(DICTIONARIES, method="POST")
