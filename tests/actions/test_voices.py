"""The voices of an account in actions: found, looked up, changed and deleted, and why not where not."""

from contextlib import nullcontext
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.streaming_tts.account.storage import Clone
from custom_components.streaming_tts.providers.capabilities import VoiceField
from custom_components.streaming_tts.providers.types import VoiceInfo
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.util import dt as dt_util
from tests.accounts import account, set_up
from tests.action_calls import act, ordinary_user, told
from tests.emulator.asyncflow_voices import DEFAULT_VOICE_ID, SECOND_VOICE_ID
from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind
from tests.emulator.flow_settings import Contract


async def own_voice(home: HomeAssistant, entry: MockConfigEntry) -> dict[str, Any]:
    """Return a voice that the account made itself."""
    listed = await act(home, "list_voices", entry, own=True)
    voice: dict[str, Any] = listed["voices"][0]
    return voice


async def test_all_voices_are_listed_without_a_word_of_pages(home: HomeAssistant, asyncflow: MockConfigEntry) -> None:
    """As many as the catalogue has, the account's own first."""
    listed = await act(home, "list_voices", asyncflow, limit=1000)
    assert listed["total"] == len(listed["voices"]) == len(asyncflow.runtime_data.catalogue.data) > 10
    assert [voice["own"] for voice in listed["voices"]] == sorted(
        (voice["own"] for voice in listed["voices"]), reverse=True
    )


async def test_a_list_tells_what_is_known_of_a_voice(home: HomeAssistant, asyncflow: MockConfigEntry) -> None:
    """In the words that the other actions and the options of a voice take."""
    (voice,) = (await act(home, "list_voices", asyncflow, search=DEFAULT_VOICE_ID))["voices"]
    assert voice == {
        "voice": DEFAULT_VOICE_ID,
        "name": "Nora",
        "languages": ["de", "en", "es", "fr", "it"],
        "models": [model.model_id for model in asyncflow.runtime_data.provider.models],
        "gender": "female",
        "accent": "American",
        "styles": ["Casual", "Calm"],
        "description": voice["description"],
        "own": False,
        "used_by": ["Anna"],
        "sample": f"media-source://streaming_tts/sample/{asyncflow.entry_id}/{DEFAULT_VOICE_ID}",
    }


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"search": "calm  AMERICAN"}, ["Nora", "Theo"]),
        ({"search": "edda"}, ["Edda"]),
        ({"language": "it", "gender": "male", "search": "italian"}, ["Luca"]),
        ({"language": "de-AT", "search": "german"}, ["Edda", "Falk"]),
        ({"language": "xx"}, []),
        ({"search": "no such voice"}, []),
    ],
)
async def test_voices_are_found(
    home: HomeAssistant, asyncflow: MockConfigEntry, filters: dict[str, Any], names: list[str]
) -> None:
    """Languages mean what they mean in the form of a voice; every word of a search has to fit."""
    listed = await act(home, "list_voices", asyncflow, **filters)
    assert [voice["name"] for voice in listed["voices"]] == names


async def test_a_list_is_as_long_as_it_may_be_and_tells_how_long_it_would_be(
    home: HomeAssistant, asyncflow: MockConfigEntry
) -> None:
    """So that a script sees that there are more."""
    listed = await act(home, "list_voices", asyncflow, limit=2)
    assert len(listed["voices"]) == 2
    assert listed["total"] > 2


async def test_voices_are_found_by_the_model_that_has_them(home: HomeAssistant, emulator: Emulator) -> None:
    """An unknown model is an error that lists the known ones."""
    entry = await set_up(home, account("sarvam", emulator))
    listed = await act(home, "list_voices", entry, model="bulbul:v4-flash")
    assert listed["voices"][0]["voice"] == "aarti_hi_customer"
    assert listed["voices"][0]["sample"] is None
    with pytest.raises(ServiceValidationError) as raised:
        await act(home, "list_voices", entry, model="bulbul:v9")
    assert "bulbul:v4-flash" in told(raised.value)


async def test_a_voice_is_told_as_the_service_knows_it_now(
    home: HomeAssistant, emulator: Emulator, asyncflow: MockConfigEntry
) -> None:
    """And who speaks with it here."""
    (voice,) = (await act(home, "list_voices", asyncflow, voice=DEFAULT_VOICE_ID))["voices"]
    assert (voice["name"], voice["used_by"]) == ("Nora", ["Anna"])
    assert emulator.asyncflow.asked(f"/voices/{DEFAULT_VOICE_ID}")
    (voice,) = (await act(home, "list_voices", asyncflow, voice=SECOND_VOICE_ID))["voices"]
    assert voice["used_by"] == []


@pytest.mark.parametrize(
    ("filters", "total"),
    [({"language": "de"}, 1), ({"gender": "female"}, 1), ({"language": "hi"}, 0), ({"gender": "male"}, 0)],
)
async def test_a_voice_that_is_named_has_to_fit_the_other_filters_too(
    home: HomeAssistant, asyncflow: MockConfigEntry, filters: dict[str, Any], total: int
) -> None:
    """A script can so ask whether a voice speaks a language."""
    assert (await act(home, "list_voices", asyncflow, voice=DEFAULT_VOICE_ID, **filters))["total"] == total


@pytest.mark.parametrize("provider", ["asyncflow", "sarvam", "tencent", "flow_tts"])
async def test_a_voice_that_there_is_not_is_told(home: HomeAssistant, emulator: Emulator, provider: str) -> None:
    """Whether the service can be asked for one voice or has only a list."""
    entry = await set_up(home, account(provider, emulator))
    with pytest.raises(ServiceValidationError) as raised:
        await act(home, "list_voices", entry, voice="no-such-voice")
    assert "nothing with this ID" in told(raised.value)


async def test_an_own_voice_is_changed(home: HomeAssistant, asyncflow: MockConfigEntry) -> None:
    """The answer has it, and the catalogue soon after."""
    before = await own_voice(home, asyncflow)
    changes: dict[str, Any] = {"name": "Aunt Ida", "description": "Sings", "gender": "neutral", "accent": "Welsh"}
    changed = await act(home, "update_voice", asyncflow, voice=before["voice"], style="Soft, Low", **changes)
    assert changed == {**before, **changes, "styles": ["Soft", "Low"]}
    assert (await act(home, "list_voices", asyncflow, search="ida welsh"))["voices"] == [changed]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"voice": DEFAULT_VOICE_ID, "name": "Mine"}, "You can only change or delete voices you cloned"),
        ({"voice": "no-such-voice", "name": "Mine"}, "nothing with this ID"),
        ({"voice": DEFAULT_VOICE_ID}, "Enter at least one of these: name"),
    ],
)
async def test_what_cannot_be_changed_is_told_and_not_asked_for(
    home: HomeAssistant, emulator: Emulator, asyncflow: MockConfigEntry, fields: dict[str, Any], words: str
) -> None:
    """A voice of the service, one that there is not, or nothing."""
    with pytest.raises(ServiceValidationError) as raised:
        await act(home, "update_voice", asyncflow, **fields)
    assert words in told(raised.value)
    assert not emulator.asyncflow.asked("/voices", method="PUT")


async def test_a_field_that_the_service_does_not_change_is_named(
    home: HomeAssistant, emulator: Emulator, asyncflow: MockConfigEntry
) -> None:
    """In the service's own choice."""
    voice = await own_voice(home, asyncflow)
    emulator.asyncflow.add_fault(
        FaultKind.STATUS,
        f"/voices/{voice['voice']}",
        method="PUT",
        status=400,
        code="VOICE_FIELD_UPDATE_NOT_ALLOWED",
        extra={"field": "name"},
    )
    with pytest.raises(ServiceValidationError) as raised:
        await act(home, "update_voice", asyncflow, voice=voice["voice"], name="Aunt Ida")
    assert "changing name for this voice" in told(raised.value)


async def test_fields_that_no_voice_of_a_service_can_change_are_named(
    home: HomeAssistant, emulator: Emulator, asyncflow: MockConfigEntry
) -> None:
    """Before it is asked."""
    voice = await own_voice(home, asyncflow)
    provider = asyncflow.runtime_data.provider
    with (
        patch.object(type(provider), "changeable", frozenset({VoiceField.NAME})),
        pytest.raises(ServiceValidationError) as raised,
    ):
        await act(home, "update_voice", asyncflow, voice=voice["voice"], name="Ida", accent="Welsh", style="Low")
    assert "AsyncFlow doesn't allow changing style, accent" in told(raised.value)
    assert not emulator.asyncflow.asked("/voices", method="PUT")


async def test_an_own_voice_is_deleted(home: HomeAssistant, emulator: Emulator, asyncflow: MockConfigEntry) -> None:
    """At the service and in the catalogue."""
    voice = await own_voice(home, asyncflow)
    await act(home, "delete_voice", asyncflow, voice=voice["voice"])
    assert len(emulator.asyncflow.asked("/voices", method="DELETE")) == 1
    listed = await act(home, "list_voices", asyncflow, limit=1000)
    assert voice["voice"] not in [each["voice"] for each in listed["voices"]]


async def test_a_voice_in_use_is_not_deleted(home: HomeAssistant, emulator: Emulator) -> None:
    """Those who speak with it are named, also where they belong to another account."""
    first = await set_up(home, account("asyncflow", emulator))
    voice = await own_voice(home, first)
    second = account("asyncflow", emulator, voices=("Kitchen", "Hall"), saved={"voice": voice["voice"]})
    second.add_to_hass(home)
    with pytest.raises(ServiceValidationError) as raised:
        await act(home, "delete_voice", first, voice=voice["voice"])
    assert "Kitchen, Hall" in told(raised.value)
    assert not emulator.asyncflow.asked("/voices", method="DELETE")


async def test_a_voice_of_the_service_is_not_deleted(
    home: HomeAssistant, emulator: Emulator, asyncflow: MockConfigEntry
) -> None:
    """Nor is it asked for."""
    with pytest.raises(ServiceValidationError) as raised:
        await act(home, "delete_voice", asyncflow, voice=SECOND_VOICE_ID)
    assert "belongs to the catalog" in told(raised.value)
    assert not emulator.asyncflow.asked("/voices", method="DELETE")


@pytest.mark.parametrize(("contract", "deletes"), [(Contract.BACKEND, True), (Contract.PORTAL, False)])
async def test_a_clone_that_no_list_shows_is_forgotten_when_it_is_deleted(
    home: HomeAssistant, emulator: Emulator, contract: Contract, deletes: bool
) -> None:
    """If the service can't delete voices, the response says so."""
    emulator.flow.configure(contract=contract)
    entry = await set_up(home, account("flow_tts", emulator))
    clone = VoiceInfo(voice_id="clone-abc", name="Aunt Ida", own=True)
    await entry.runtime_data.clones.async_add(Clone(voice=clone, consented_at=dt_util.utcnow()))
    await entry.runtime_data.catalogue.async_refresh()
    assert (await own_voice(home, entry))["name"] == "Aunt Ida"
    with nullcontext() if deletes else pytest.raises(ServiceValidationError, match="still exists"):
        await act(home, "delete_voice", entry, voice="clone-abc")
    await entry.runtime_data.catalogue.async_refresh()
    assert (await act(home, "list_voices", entry, own=True))["total"] == 0


async def test_a_clone_that_a_list_shows_stays_where_it_cannot_be_deleted(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """It would come back with the next list."""
    emulator.flow.configure(contract=Contract.PORTAL)
    entry = await set_up(home, account("flow_tts", emulator))
    entry.runtime_data.catalogue.async_set_updated_data(
        (VoiceInfo(voice_id="clone-abc", name="Aunt Ida", own=True), *entry.runtime_data.catalogue.data)
    )
    with pytest.raises(ServiceValidationError) as raised:
        await act(home, "delete_voice", entry, voice="clone-abc")
    assert "doesn't support this" in told(raised.value)


@pytest.mark.parametrize(("provider", "name"), [("sarvam", "Sarvam AI"), ("flow_tts", "Flow TTS")])
async def test_what_a_provider_cannot_do_is_told(
    home: HomeAssistant, emulator: Emulator, provider: str, name: str
) -> None:
    """By its name."""
    entry = await set_up(home, account(provider, emulator))
    with pytest.raises(ServiceValidationError) as raised:
        await act(home, "update_voice", entry, voice="v-female-R2s4N9qJ", name="Mine")
    assert f"{name} doesn't support changing voices" in told(raised.value)


async def test_a_service_that_fails_is_told_and_noted(
    home: HomeAssistant, emulator: Emulator, asyncflow: MockConfigEntry
) -> None:
    """As while speaking: a refused key asks to sign in again."""
    emulator.asyncflow.configure(keys=("another-key",))
    with pytest.raises(HomeAssistantError) as raised:
        await act(home, "list_voices", asyncflow, voice=DEFAULT_VOICE_ID)
    assert "Invalid API key" in told(raised.value)
    await home.async_block_till_done()
    assert [flow["context"]["source"] for flow in home.config_entries.flow.async_progress()] == ["reauth"]


@pytest.mark.parametrize(("action", "fields"), [("update_voice", {"name": "Mine"}), ("delete_voice", {})])
async def test_only_administrators_change_voices(
    home: HomeAssistant, emulator: Emulator, asyncflow: MockConfigEntry, action: str, fields: dict[str, Any]
) -> None:
    """All users can list them and play samples."""
    voice = await own_voice(home, asyncflow)
    person = ordinary_user(home)
    with pytest.raises(Unauthorized):
        await act(home, action, asyncflow, context=person, voice=voice["voice"], **fields)
    assert await act(home, "list_voices", asyncflow, context=person, voice=voice["voice"])
    assert await act(home, "list_voices", asyncflow, context=person)
