"""Accounts: how they are set up, what outlives a restart, and what goes with them."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.streaming_tts.const import DOMAIN, SUBENTRY_TYPE_VOICE
from homeassistant.components import media_source
from homeassistant.components.tts.const import DATA_COMPONENT
from homeassistant.components.tts.entity import TTSAudioRequest
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.util import dt as dt_util
from tests.accounts import account, is_loaded, service_of, session, set_up, speak, state_of
from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind


def stored(hass_storage: dict[str, Any], entry: MockConfigEntry) -> set[str]:
    """Return what is stored of an account, by kind."""
    prefix = f"{DOMAIN}.{entry.entry_id}."
    return {key.removeprefix(prefix) for key in hass_storage if key.startswith(prefix)}


async def restart(home: HomeAssistant, entry: MockConfigEntry) -> None:
    """Unload an account and set it up again."""
    await home.config_entries.async_unload(entry.entry_id)
    await home.config_entries.async_setup(entry.entry_id)
    await home.async_block_till_done(wait_background_tasks=True)


@pytest.mark.parametrize("provider", ["asyncflow", "sarvam", "tencent", "flow_tts"])
async def test_an_account_is_a_service_with_its_voices_below_it(
    home: HomeAssistant, emulator: Emulator, device_registry: dr.DeviceRegistry, provider: str
) -> None:
    """Each voice has a device, and an entity that is called like it."""
    entry = await set_up(home, account(provider, emulator, voices=("Anna", "Ben")))
    assert is_loaded(entry)
    device = device_registry.async_get_device_by_identifier((DOMAIN, entry.entry_id), entry.entry_id)
    assert device is not None
    assert device.entry_type is dr.DeviceEntryType.SERVICE
    devices = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    assert sorted(voice.name or "" for voice in devices if voice.via_device_id == device.id) == ["Anna", "Ben"]
    state = state_of(home, "tts.anna")
    assert state.name == "Anna"
    assert await home.config_entries.async_unload(entry.entry_id)
    assert not is_loaded(entry)


async def test_a_voice_is_called_by_its_title_in_the_media_browser(home: HomeAssistant, emulator: Emulator) -> None:
    """Core shows the engine's own name there. A new title is shown instead, and the entity keeps its id."""
    entry = await set_up(home, account("sarvam", emulator, voices=("Anna", "Ben")))

    async def tiles() -> dict[str, str]:
        folder = await media_source.async_browse_media(home, "media-source://tts")
        return {str(tile.media_content_id).rpartition("/")[2]: tile.title for tile in folder.children or ()}

    assert await tiles() == {"tts.anna": "Anna", "tts.ben": "Ben"}
    anna = next(voice for voice in entry.subentries.values() if voice.title == "Anna")
    home.config_entries.async_update_subentry(entry, anna, title="Kitchen")
    await home.async_block_till_done(wait_background_tasks=True)
    assert await tiles() == {"tts.anna": "Kitchen", "tts.ben": "Ben"}
    assert state_of(home, "tts.anna").name == "Kitchen"


async def test_a_voice_is_called_as_its_device_where_that_is_renamed(
    home: HomeAssistant, emulator: Emulator, entity_registry: er.EntityRegistry
) -> None:
    """In states and in the media browser, without a reload."""
    await set_up(home, account("sarvam", emulator))
    registered = entity_registry.async_get("tts.anna")
    assert registered is not None
    assert registered.device_id is not None
    dr.async_get(home).async_update_device(registered.device_id, name_by_user="Kitchen")
    await home.async_block_till_done()
    assert state_of(home, "tts.anna").name == "Kitchen"
    assert state_of(home, "event.anna_speech").name == "Kitchen Speech"
    folder = await media_source.async_browse_media(home, "media-source://tts")
    assert [tile.title for tile in folder.children or ()] == ["Kitchen"]


async def test_devices_lead_to_the_portal_of_their_service(
    home: HomeAssistant, emulator: Emulator, device_registry: dr.DeviceRegistry
) -> None:
    """Account and voice have a manufacturer and a model."""
    entry = await set_up(home, account("flow_tts", emulator))
    devices = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    assert {(each.name, each.manufacturer, each.model) for each in devices} == {
        ("flow_tts", "Tencent", "Flow TTS"),
        ("Anna", "Tencent", "Flow 01 Turbo"),
    }
    assert {each.configuration_url for each in devices} == {"https://app.realtime-ai.chat"}


async def test_a_voice_that_was_registered_before_voices_had_names_of_their_own_keeps_its_id(
    home: HomeAssistant, emulator: Emulator, entity_registry: er.EntityRegistry
) -> None:
    """It is found by its unique id, whatever it was called."""
    entry = account("sarvam", emulator)
    entry.add_to_hass(home)
    (subentry_id,) = entry.subentries
    entity_registry.async_get_or_create(
        "tts",
        DOMAIN,
        subentry_id,
        config_entry=entry,
        config_subentry_id=subentry_id,
        has_entity_name=True,
        original_name="",
        suggested_object_id="living_room",
    )
    await home.config_entries.async_setup(entry.entry_id)
    await home.async_block_till_done(wait_background_tasks=True)
    assert home.states.async_entity_ids("tts") == ["tts.living_room"]
    assert state_of(home, "tts.living_room").name == "Anna"


async def test_a_refused_key_asks_for_a_new_one(home: HomeAssistant, emulator: Emulator) -> None:
    """Without a stored catalogue the key is tried in set-up."""
    entry = await set_up(home, account("sarvam", emulator, api_key="wrong-key"))
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "provider_auth"
    (flow,) = home.config_entries.flow.async_progress()
    assert flow["context"]["source"] == SOURCE_REAUTH


async def test_a_service_that_is_away_is_tried_again(
    home: HomeAssistant, emulator: Emulator, freezer: FrozenDateTimeFactory
) -> None:
    """Set-up says why it waits, and works when the service is back."""
    emulator.asyncflow.add_fault(FaultKind.STATUS, "/voices", status=500, times=1)
    entry = await set_up(home, account("asyncflow", emulator))
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "provider_server"
    freezer.tick(timedelta(minutes=2))
    async_fire_time_changed(home)
    await home.async_block_till_done(wait_background_tasks=True)
    assert is_loaded(entry)


async def test_an_exhausted_quota_does_not_keep_an_account_from_being_set_up(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """The key is valid; the used-up quota is shown."""
    emulator.sarvam.add_fault(
        FaultKind.STATUS,
        "/text-to-speech/pronunciation-dictionary",
        status=429,
        code="insufficient_quota_error",
        times=-1,
    )
    entry = await set_up(home, account("sarvam", emulator))
    assert is_loaded(entry)
    state = state_of(home, "binary_sensor.sarvam_quota_exhausted")
    assert state.state == "on"


async def test_an_account_of_a_provider_that_is_unknown_says_so(home: HomeAssistant, emulator: Emulator) -> None:
    """As after a step back to an older version."""
    entry = account("sarvam", emulator)
    entry.add_to_hass(home)
    home.config_entries.async_update_entry(entry, data={**entry.data, "provider": "of-tomorrow"})
    await home.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "provider_unknown"


@pytest.mark.parametrize("provider", ["asyncflow", "sarvam", "tencent", "flow_tts"])
async def test_a_restart_needs_no_network(home: HomeAssistant, emulator: Emulator, provider: str) -> None:
    """The catalog is cached; the key is checked in the background, and an unavailable service has no effect."""
    entry = await set_up(home, account(provider, emulator))
    service = service_of(emulator, provider)
    known = entry.runtime_data.catalogue.data
    assert known
    service.add_fault(FaultKind.RESET, "/", times=-1)
    await restart(home, entry)
    assert is_loaded(entry)
    assert entry.runtime_data.catalogue.data == known
    assert not entry.runtime_data.catalogue.last_update_success
    state = state_of(home, "tts.anna")
    assert state.state == "unknown"


async def test_a_key_that_was_refused_meanwhile_is_asked_for_after_a_restart(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """The account stays set up: a fallback may speak."""
    entry = await set_up(home, account("asyncflow", emulator))
    emulator.asyncflow.configure(keys=["another-key"])
    await restart(home, entry)
    assert is_loaded(entry)
    (flow,) = home.config_entries.flow.async_progress()
    assert flow["context"]["source"] == SOURCE_REAUTH


async def test_the_catalogue_is_refreshed_slowly_and_soon_after_a_failure(
    home: HomeAssistant, emulator: Emulator, freezer: FrozenDateTimeFactory
) -> None:
    """Twice a day; where that failed, every few minutes until it works."""
    await set_up(home, account("asyncflow", emulator))
    asked = len(emulator.asyncflow.asked("/voices"))
    freezer.tick(timedelta(hours=11))
    async_fire_time_changed(home)
    await home.async_block_till_done(wait_background_tasks=True)
    assert len(emulator.asyncflow.asked("/voices")) == asked
    emulator.asyncflow.add_fault(FaultKind.STATUS, "/voices", status=500)
    freezer.tick(timedelta(hours=2))
    async_fire_time_changed(home)
    await home.async_block_till_done(wait_background_tasks=True)
    failed = len(emulator.asyncflow.asked("/voices"))
    assert failed == asked + 1
    freezer.tick(timedelta(minutes=6))
    async_fire_time_changed(home)
    await home.async_block_till_done(wait_background_tasks=True)
    assert len(emulator.asyncflow.asked("/voices")) > failed


async def test_what_was_counted_outlives_a_restart_and_is_written_while_it_is_counted(
    home: HomeAssistant, emulator: Emulator, hass_storage: dict[str, Any], freezer: FrozenDateTimeFactory
) -> None:
    """Under steady speech a write that waits is not put off for ever."""
    entry = await set_up(home, account("sarvam", emulator))
    for text in ("One.", "Two.", "Three."):
        await speak(home, text)
        freezer.tick(timedelta(seconds=1))
        async_fire_time_changed(home)
        await home.async_block_till_done()
    key = f"{DOMAIN}.{entry.entry_id}.account"
    assert hass_storage[key]["data"]["ledger"]["charged"]["requests"] >= 2
    freezer.tick(timedelta(seconds=3))
    async_fire_time_changed(home)
    await home.async_block_till_done()
    assert hass_storage[key]["data"]["ledger"]["charged"]["requests"] == 3
    await restart(home, entry)
    state = state_of(home, "sensor.sarvam_requests")
    assert state.state == "3"


async def test_what_is_still_speaking_when_an_account_is_reloaded_is_counted_where_it_is_shown(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """The ledger survives a removed voice, and its listeners are updated."""
    entry = await set_up(home, account("sarvam", emulator))
    emulator.sarvam.configure(ttfb=0.05)
    speaking = home.async_create_task(speak(home, "Hello there."))
    await restart(home, entry)
    await speaking
    await home.async_block_till_done(wait_background_tasks=True)
    assert state_of(home, "sensor.sarvam_requests").state == "1"


async def test_a_stored_ledger_and_catalogue_are_taken_up(
    home: HomeAssistant, emulator: Emulator, hass_storage: dict[str, Any]
) -> None:
    """As after a crash: a new process finds what the last one has written."""
    entry = account("flow_tts", emulator)
    renewal = dt_util.utcnow() + timedelta(hours=1)
    hass_storage[f"{DOMAIN}.{entry.entry_id}.ledger"] = {
        "version": 1,
        "data": {
            "charged": {"requests": 7, "characters": 70, "seconds": 12.5, "points": 7},
            "failures": {"server": 1},
            "quota": {
                "limit": 100,
                "used": 7,
                "remaining": 93,
                "source": "reported",
                "renewal": renewal.isoformat(),
                "refused": None,
            },
        },
    }
    await set_up(home, entry)
    assert state_of(home, "sensor.flow_tts_requests").state == "7"
    remaining = state_of(home, "sensor.flow_tts_quota_remaining")
    assert remaining.state == "93"
    assert remaining.attributes["source"] == "estimated"


async def test_renewed_tokens_are_kept_beside_the_entry_and_outlive_a_restart(
    home: HomeAssistant, emulator: Emulator, hass_storage: dict[str, Any], freezer: FrozenDateTimeFactory
) -> None:
    """An update of the entry would reload the account in the middle of speech; a session is spoken with for hours."""
    entry = await set_up(home, account("flow_tts", emulator, **session(emulator)))
    given = dict(entry.data)
    for _ in range(3):
        freezer.tick(timedelta(hours=1))
        emulator.clock.move_to(dt_util.utcnow())
        assert await speak(home, f"It is {dt_util.utcnow():%H} o'clock.")
        await restart(home, entry)
        assert is_loaded(entry)
    assert dict(entry.data) == given
    kept = hass_storage[f"{DOMAIN}.{entry.entry_id}.account"]["data"]["credentials"]["credentials"]
    assert kept["refresh_token"] != given["refresh_token"]
    assert not home.config_entries.flow.async_progress()


async def test_whoever_logs_in_anew_starts_afresh(
    home: HomeAssistant, emulator: Emulator, hass_storage: dict[str, Any]
) -> None:
    """Renewed tokens of the session before are not taken for the new one's."""
    entry = account("flow_tts", emulator, **session(emulator))
    hass_storage[f"{DOMAIN}.{entry.entry_id}.credentials"] = {
        "version": 1,
        "data": {"origin": "another-session", "credentials": {"api_key": "spent", "refresh_token": "spent"}},
    }
    await set_up(home, entry)
    assert is_loaded(entry)
    assert entry.runtime_data.provider.credentials.key == entry.data["api_key"]


async def test_an_account_that_is_removed_leaves_nothing(
    home: HomeAssistant, emulator: Emulator, hass_storage: dict[str, Any], issue_registry: ir.IssueRegistry
) -> None:
    """Neither counts nor tokens nor voices nor issues; that it never ran makes no difference."""
    entry = await set_up(home, account("flow_tts", emulator, **session(emulator)))
    emulator.flow.change_quota({"remaining": 1})
    await speak(home, "The last point.")
    with pytest.raises(Exception, match="quota"):
        await speak(home, "One more.")
    assert issue_registry.issues
    await home.config_entries.async_remove(entry.entry_id)
    await home.async_block_till_done()
    assert stored(hass_storage, entry) == set()
    assert not [issue for issue in issue_registry.issues.values() if issue.domain == DOMAIN]


async def test_an_account_that_is_removed_without_having_run_leaves_nothing(
    home: HomeAssistant, emulator: Emulator, hass_storage: dict[str, Any], issue_registry: ir.IssueRegistry
) -> None:
    """What an earlier process stored goes too, and what it said of a voice."""
    entry = account("sarvam", emulator)
    (subentry,) = entry.subentries.values()
    entry.add_to_hass(home)
    ir.async_create_issue(
        home,
        DOMAIN,
        f"voice_gone_{subentry.subentry_id}",
        is_fixable=True,
        is_persistent=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key="voice_gone",
        data={"entry_id": entry.entry_id, "subentry_id": subentry.subentry_id, "voice": subentry.data["voice"]},
    )
    for kind in ("ledger", "catalogue", "credentials"):
        hass_storage[f"{DOMAIN}.{entry.entry_id}.{kind}"] = {"version": 1, "data": {}}
    await home.config_entries.async_remove(entry.entry_id)
    assert stored(hass_storage, entry) == set()
    assert not issue_registry.issues


async def test_only_what_an_account_was_set_up_with_reloads_it(home: HomeAssistant, emulator: Emulator) -> None:
    """A title does, a preference of Home Assistant's does not."""
    entry = await set_up(home, account("asyncflow", emulator))
    running = entry.runtime_data
    home.config_entries.async_update_entry(entry, pref_disable_polling=True)
    await home.async_block_till_done(wait_background_tasks=True)
    assert entry.runtime_data is running
    home.config_entries.async_update_entry(entry, title="Parlour")
    await home.async_block_till_done(wait_background_tasks=True)
    assert entry.runtime_data is not running


async def test_voices_and_options_change_in_place(
    home: HomeAssistant, emulator: Emulator, device_registry: dr.DeviceRegistry
) -> None:
    """A voice is added, changed, and removed, a budget is raised: nothing is set up anew, and each takes effect."""
    entry = await set_up(home, account("sarvam", emulator, options={"unit": "characters", "amount": 100}))
    running, (anna,) = entry.runtime_data, entry.subentries.values()
    manager = home.config_entries
    ben = ConfigSubentry(data=anna.data, subentry_type=SUBENTRY_TYPE_VOICE, title="Ben", unique_id=None)
    manager.async_add_subentry(entry, ben)
    await home.async_block_till_done(wait_background_tasks=True)
    manager.async_update_subentry(entry, ben, title="Cleo", data={**ben.data, "voice": "priya", "language": "ta-IN"})
    manager.async_update_entry(entry, options={"unit": "characters", "amount": 500, "most_characters": 200})
    await home.async_block_till_done(wait_background_tasks=True)
    assert entry.runtime_data is running
    assert state_of(home, "tts.ben").name == "Cleo"
    assert state_of(home, "event.ben_speech").name == "Cleo Speech"
    assert {device.model_id for device in dr.async_entries_for_config_entry(device_registry, entry.entry_id)} == {
        None,
        "shubh",
        "priya",
    }
    assert state_of(home, "sensor.sarvam_budget_limit").state == "500"
    await speak(home, "Good evening.", entity_id="tts.ben")
    asked = emulator.sarvam.asked("/text-to-speech")[-1].body
    assert (asked["speaker"], asked["target_language_code"]) == ("priya", "ta-IN")
    manager.async_remove_subentry(entry, ben.subentry_id)
    await home.async_block_till_done(wait_background_tasks=True)
    assert home.states.async_entity_ids("tts") == ["tts.anna"]
    assert entry.runtime_data is running


async def test_two_accounts_of_one_provider_are_kept_apart(home: HomeAssistant, emulator: Emulator) -> None:
    """Each counts what it spoke itself."""
    emulator.sarvam.configure(keys=["demo-key", "second-key"])
    first = await set_up(home, account("sarvam", emulator))
    second = await set_up(home, account("sarvam", emulator, voices=("Ben",), api_key="second-key"))
    await speak(home, "Only Ben speaks.", entity_id="tts.ben")
    assert first.runtime_data.ledger.charged.requests == 0
    assert second.runtime_data.ledger.charged.requests == 1


async def test_speech_that_is_given_up_before_its_first_sound_is_counted_but_is_no_success(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """The service was asked; that it would have spoken is not known."""
    entry = await set_up(home, account("asyncflow", emulator))
    emulator.asyncflow.configure(ttfb=30.0)
    entity = home.data[DATA_COMPONENT].get_entity("tts.anna")
    assert entity is not None
    request = TTSAudioRequest(language="en", options=dict(entity.default_options or {}), message_gen=_said("Hello."))
    response = await entity.async_stream_tts_audio(request)
    speaking = home.async_create_task(anext(response.data_gen))
    async with asyncio.timeout(10):
        while not emulator.asyncflow.asked("/text_to_speech"):
            await asyncio.sleep(0)
    speaking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await speaking
    await response.data_gen.aclose()
    await home.async_block_till_done()
    assert entry.runtime_data.ledger.charged.requests == 1
    assert entry.runtime_data.availability.last_success is None


async def _said(text: str) -> AsyncGenerator[str]:
    """Yield a text that is complete."""
    yield text
