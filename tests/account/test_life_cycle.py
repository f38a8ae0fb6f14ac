"""Accounts and voices that go while something is still done for them: nothing of them comes back."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from types import MappingProxyType
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.streaming_tts.const import DOMAIN, SUBENTRY_TYPE_VOICE
from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntryDisabler,
    ConfigFlowContext,
    ConfigSubentry,
    SubentryFlowContext,
)
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from tests.accounts import FINISH, VOICES, account, is_loaded, session, set_up, speak, suggested
from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind
from tests.utterances import WAV, asked, stream

SENTENCE = "This is the first sentence of an answer that takes a while to be written. "

type Going = Callable[[HomeAssistant, MockConfigEntry], Awaitable[object]]


async def remove(home: HomeAssistant, entry: MockConfigEntry) -> None:
    """Remove an account."""
    await home.config_entries.async_remove(entry.entry_id)


async def disable(home: HomeAssistant, entry: MockConfigEntry) -> None:
    """Disable an account."""
    await home.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)


def stored(hass_storage: dict[str, Any], entry: MockConfigEntry) -> list[str]:
    """Return the files of an account."""
    return [key for key in hass_storage if entry.entry_id in key]


def issues(home: HomeAssistant) -> list[str]:
    """Return what the user is told."""
    return [issue.issue_id for issue in ir.async_get(home).issues.values() if issue.domain == DOMAIN]


@pytest.mark.parametrize("go", [remove, disable])
@pytest.mark.parametrize(
    ("status", "code"), [(401, "INVALID_API_KEY"), (404, "VOICE_NOT_FOUND"), (404, "VERSION_NOT_FOUND")]
)
async def test_what_still_speaks_for_an_account_that_is_gone_asks_the_user_for_nothing(
    home: HomeAssistant, emulator: Emulator, go: Going, status: int, code: str
) -> None:
    """No form for a key, no repair of a voice, no call for an update: there is nobody left whom it would help."""
    entry = await set_up(home, account("asyncflow", emulator))
    running = entry.runtime_data
    go_on = asyncio.Event()

    async def writing() -> AsyncGenerator[str]:
        yield SENTENCE * 2
        await go_on.wait()
        yield "Nothing of this was said before, and it goes on for quite a while. " * 2

    answering = asyncio.create_task(stream(home, writing(), **WAV))
    async with asyncio.timeout(10):
        while not asked(emulator, "asyncflow"):
            await asyncio.sleep(0)
    await go(home, entry)
    emulator.asyncflow.add_fault(FaultKind.STATUS, "/text_to_speech", status=status, code=code, times=-1)
    go_on.set()
    with suppress(HomeAssistantError):
        await answering
    await home.async_block_till_done(wait_background_tasks=True)
    assert running.ledger.failures
    assert not home.config_entries.flow.async_progress()
    assert not issues(home)


async def test_a_catalogue_that_comes_after_its_account_is_gone_is_not_stored(
    home: HomeAssistant, emulator: Emulator, hass_storage: dict[str, Any]
) -> None:
    """Names of people are in it."""
    entry = await set_up(home, account("asyncflow", emulator))
    refresh = entry.runtime_data.catalogue.async_refresh
    emulator.asyncflow.voices.delete(next(v.voice_id for v in entry.runtime_data.catalogue.data if v.own))
    emulator.asyncflow.add_fault(FaultKind.STALL, "/voices", seconds=0.3, times=-1)
    refreshing = asyncio.create_task(refresh())
    await asyncio.sleep(0)
    await remove(home, entry)
    await refreshing
    await home.async_block_till_done(wait_background_tasks=True)
    assert not stored(hass_storage, entry)
    assert not issues(home)


async def test_the_repairs_of_an_account_go_when_it_is_disabled_or_a_voice_is_removed(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """Whatever they are about; they come back with the account as far as they are still true."""
    saved = {"voice": "nobody", "fallback": "0" * 32}
    entry = await set_up(home, account("asyncflow", emulator, voices=("Anna", "Ben"), saved=saved))
    emulator.asyncflow.add_fault(FaultKind.STATUS, "/text_to_speech", status=404, code="VOICE_NOT_FOUND", times=2)
    with pytest.raises(HomeAssistantError):
        await speak(home, "Hello.")
    assert len([issue for issue in issues(home) if issue.startswith("voice_gone")]) == 2
    first, second = entry.subentries
    await disable(home, entry)
    assert not issues(home)
    await home.config_entries.async_set_disabled_by(entry.entry_id, None)
    await home.async_block_till_done(wait_background_tasks=True)
    assert len([issue for issue in issues(home) if issue.startswith("voice_gone")]) == 2
    home.config_entries.async_remove_subentry(entry, first)
    await home.async_block_till_done(wait_background_tasks=True)
    assert [issue for issue in issues(home) if issue.startswith("voice_gone")] == [f"voice_gone_{second}"]


@pytest.mark.parametrize("ends", ["success", "reload"])
async def test_the_call_for_an_update_ends_when_the_service_understands_again(
    home: HomeAssistant, emulator: Emulator, ends: str
) -> None:
    """And when the account begins anew: it is due again with the next refusal."""
    entry = await set_up(home, account("asyncflow", emulator))
    emulator.asyncflow.add_fault(FaultKind.STATUS, "/text_to_speech", status=404, code="VERSION_NOT_FOUND", times=-1)
    with pytest.raises(HomeAssistantError):
        await speak(home, "Hello.")
    assert issues(home) == [f"outdated_{entry.entry_id}"]
    emulator.asyncflow.faults.clear()
    end: Awaitable[object] = speak(home, "Hello again.") if ends == "success" else reload(home, entry)
    await end
    await home.async_block_till_done(wait_background_tasks=True)
    assert not issues(home)


async def reload(home: HomeAssistant, entry: MockConfigEntry) -> None:
    """Begin an account anew."""
    assert await home.config_entries.async_reload(entry.entry_id)


async def test_a_stop_waits_for_the_renewal_of_a_session(
    home: HomeAssistant, emulator: Emulator, hass_storage: dict[str, Any]
) -> None:
    """Its refresh token is used up: without the answer the account would be signed out after the restart."""
    entry = await set_up(home, account("flow_tts", emulator, **session(emulator)))
    emulator.clock.advance(7200)
    emulator.flow.add_fault(FaultKind.STALL, "/auth/v1/token", seconds=0.5, after_bytes=0)
    speaking = asyncio.create_task(speak(home, "Hello there."))
    async with asyncio.timeout(10):
        while not emulator.flow.asked("/auth/v1/token"):
            await asyncio.sleep(0)
    provider = entry.runtime_data.provider
    await home.async_stop(force=True)
    kept = hass_storage[f"{DOMAIN}.{entry.entry_id}.account"]["data"]["credentials"]["credentials"]
    assert kept["refresh_token"] != entry.data["refresh_token"]
    assert kept["refresh_token"] == provider.credentials.refresh_token
    speaking.cancel()
    with suppress(asyncio.CancelledError, HomeAssistantError):
        await speaking


async def test_no_session_is_renewed_once_home_assistant_stops(home: HomeAssistant, emulator: Emulator) -> None:
    """Nobody would be there for the answer."""
    entry = await set_up(home, account("flow_tts", emulator, **session(emulator)))
    provider = entry.runtime_data.provider
    before = len(emulator.flow.asked("/auth/v1/token"))
    await home.async_stop(force=True)
    with pytest.raises(Exception, match="stopping"):
        await provider.http.tokens.renew(provider.credentials.key)
    assert len(emulator.flow.asked("/auth/v1/token")) == before


async def test_a_voice_that_is_added_while_its_account_is_set_up_is_set_up_too(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """Also when its platform has just been set up."""
    entry = account("asyncflow", emulator)
    entry.add_to_hass(home)

    @callback
    def add(event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        if event.data["entity_id"] == "tts.anna":
            unsubscribe()
            home.config_entries.async_add_subentry(entry, saved_voice("Ben"))

    unsubscribe = home.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, add)
    await home.config_entries.async_setup(entry.entry_id)
    await home.async_block_till_done(wait_background_tasks=True)
    assert is_loaded(entry)
    assert sorted(home.states.async_entity_ids("tts")) == ["tts.anna", "tts.ben"]


def saved_voice(title: str) -> ConfigSubentry:
    """Return a voice as the voice flow saves it."""
    data = MappingProxyType(VOICES["asyncflow"] | FINISH)
    return ConfigSubentry(data=data, subentry_type=SUBENTRY_TYPE_VOICE, title=title, unique_id=None)


async def voice_form(home: HomeAssistant, entry: MockConfigEntry, subentry_id: str) -> Any:
    """Return the first form that changes a voice."""
    return await home.config_entries.subentries.async_init(
        (entry.entry_id, SUBENTRY_TYPE_VOICE),
        context=SubentryFlowContext(source=SOURCE_RECONFIGURE, subentry_id=subentry_id),
    )


def filled(form: Any) -> dict[str, Any]:
    """Return what a form is filled with, as an answer: what has no value is left out."""
    return {key: value for key, value in suggested(form).items() if value is not None}


async def test_a_form_of_a_voice_ends_when_the_account_is_removed(home: HomeAssistant, emulator: Emulator) -> None:
    """In words, and not in an error of the server."""
    entry = await set_up(home, account("asyncflow", emulator))
    (subentry_id,) = entry.subentries
    form = await voice_form(home, entry, subentry_id)
    await remove(home, entry)
    result = await home.config_entries.subentries.async_configure(form["flow_id"], filled(form))
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "entry_removed")


async def test_a_form_of_a_voice_ends_when_the_voice_is_removed(home: HomeAssistant, emulator: Emulator) -> None:
    """At each of its steps."""
    entry = await set_up(home, account("asyncflow", emulator))
    (subentry_id,) = entry.subentries
    configure = home.config_entries.subentries.async_configure
    for steps in range(2):
        voice = saved_voice(f"Ben {steps}")
        home.config_entries.async_add_subentry(entry, voice)
        await home.async_block_till_done(wait_background_tasks=True)
        form = await voice_form(home, entry, voice.subentry_id)
        for _ in range(steps):
            other = filled(form)["selection"] | {"model": "async_flash_v1.5"}
            form = await configure(form["flow_id"], filled(form) | {"selection": other})
            assert form["step_id"] == "settings"
        home.config_entries.async_remove_subentry(entry, voice.subentry_id)
        await home.async_block_till_done(wait_background_tasks=True)
        result = await configure(form["flow_id"], filled(form))
        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "voice_removed")
    assert list(entry.subentries) == [subentry_id]


async def test_the_options_of_an_account_end_when_it_is_removed(home: HomeAssistant, emulator: Emulator) -> None:
    """Though the form is still open in a browser."""
    entry = await set_up(home, account("asyncflow", emulator))
    menu = await home.config_entries.options.async_init(entry.entry_id)
    await remove(home, entry)
    result = await home.config_entries.options.async_configure(menu["flow_id"], {"next_step_id": "account"})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "entry_removed")


@pytest.mark.parametrize("source", ["options", "reconfigure", "reauth"])
async def test_an_account_of_an_unknown_provider_has_no_forms(
    home: HomeAssistant, emulator: Emulator, source: str
) -> None:
    """As after a step back to an older release."""
    entry = account("sarvam", emulator)
    entry.add_to_hass(home)
    home.config_entries.async_update_entry(entry, data={**entry.data, "provider": "of-tomorrow"})
    await home.config_entries.async_setup(entry.entry_id)
    context = ConfigFlowContext(source=source, entry_id=entry.entry_id)
    result: Any = await {
        "options": lambda: home.config_entries.options.async_init(entry.entry_id),
        "reconfigure": lambda: home.config_entries.flow.async_init(DOMAIN, context=context),
        "reauth": lambda: home.config_entries.flow.async_init(DOMAIN, context=context, data=entry.data),
    }[source]()
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "provider_unknown")
