"""Permissions for actions, forms, pages, and audio: administrators, other users, and without signing in."""

from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.streaming_tts.actions import Action
from custom_components.streaming_tts.const import DOMAIN
from homeassistant.components import media_source
from homeassistant.components.media_source import Unresolvable
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, SupportsResponse
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.setup import async_setup_component
from tests.accounts import account, set_up
from tests.action_calls import ordinary_user
from tests.emulator.asyncflow_voices import DEFAULT_VOICE_ID
from tests.emulator.emulator import Emulator

DOCUMENT = Path(__file__).parents[2] / "docs" / "security.md"

FOR_ADMINISTRATORS: dict[Action, dict[str, Any]] = {
    Action.CHECK_VOICE: {"entity_id": "tts.anna"},
    Action.CLONE_VOICE: {
        "media": {"media_content_id": "media-source://media_source/local/a.wav"},
        "name": "A",
        "consent": True,
    },
    Action.DELETE_DICTIONARY: {"dictionary_id": "d"},
    Action.DELETE_VOICE: {"voice": DEFAULT_VOICE_ID},
    Action.PREPARE: {"entity_id": "tts.anna", "message": "Hello."},
    Action.SAVE_DICTIONARY: {"dictionary_id": "d", "pronunciations": {"en": {"a": "b"}}},
    Action.SET_BALANCE: {"remaining": 1},
    Action.SET_PRONUNCIATIONS: {"pronunciations": {"all": {"a": "b"}}},
    Action.UPDATE_VOICE: {"voice": DEFAULT_VOICE_ID, "name": "A"},
}
"""Actions other than speech that change something or cost money."""

FOR_EVERYBODY = {
    Action.GET_DICTIONARY,
    Action.GET_PRONUNCIATIONS,
    Action.LIST_DICTIONARIES,
    Action.LIST_VOICES,
    Action.SPEAK_WITH_TIMESTAMPS,
}
"""What looks something up, and speech itself."""

WITHOUT_ACCOUNT = {Action.CHECK_VOICE, Action.PREPARE, Action.SET_PRONUNCIATIONS}
"""What names no account."""


@pytest.fixture
async def entry(home: HomeAssistant, emulator: Emulator) -> MockConfigEntry:
    """Return an account at AsyncFlow with a voice."""
    return await set_up(home, account("asyncflow", emulator))


async def test_every_action_is_for_administrators_or_on_purpose_for_all(
    home: HomeAssistant, entry: MockConfigEntry
) -> None:
    """A new action has to be put in one of both lists, and in the document."""
    actions = set(home.services.async_services()[DOMAIN])
    assert actions == {action.value for action in Action}
    assert actions == FOR_ADMINISTRATORS.keys() | FOR_EVERYBODY
    document = DOCUMENT.read_text(encoding="utf-8")
    assert [action for action in sorted(actions) if f"`{action}`" not in document] == []


@pytest.mark.parametrize("action", FOR_ADMINISTRATORS)
async def test_who_is_no_administrator_changes_nothing(
    home: HomeAssistant, emulator: Emulator, entry: MockConfigEntry, action: Action
) -> None:
    """The call is refused before anything is read or requested, even with permission for all entities."""
    about = {} if action in WITHOUT_ACCOUNT else {"config_entry_id": entry.entry_id}
    before = len(emulator.asyncflow.requests)
    for user in (ordinary_user(home), ordinary_user(home, entities=True)):
        with pytest.raises(Unauthorized):
            await home.services.async_call(
                DOMAIN,
                action,
                about | FOR_ADMINISTRATORS[action],
                blocking=True,
                context=user,
                return_response=home.services.supports_response(DOMAIN, action) is SupportsResponse.ONLY,
            )
    assert len(emulator.asyncflow.requests) == before


async def test_who_may_not_use_a_voice_cannot_have_it_time_words(home: HomeAssistant, entry: MockConfigEntry) -> None:
    """Speech costs; the permission is that of the entity."""
    call = {"entity_id": "tts.anna", "message": "Hello."}
    with pytest.raises(Unauthorized):
        await home.services.async_call(
            DOMAIN, "speak_with_timestamps", call, blocking=True, context=ordinary_user(home), return_response=True
        )
    assert entry.runtime_data.ledger.charged.requests == 0


async def test_forms_and_diagnostics_are_for_administrators(
    home: HomeAssistant, entry: MockConfigEntry, hass_client: ClientSessionGenerator, hass_read_only_access_token: str
) -> None:
    """Accounts, voices with their clones, options with the lexicon, and what is sent to a helper."""
    assert await async_setup_component(home, "config", {})
    assert await async_setup_component(home, "diagnostics", {})
    client = await hass_client(hass_read_only_access_token)
    flows = "/api/config/config_entries"
    asked = [
        await client.post(f"{flows}/flow", json={"handler": DOMAIN}),
        await client.post(f"{flows}/subentries/flow", json={"handler": [entry.entry_id, "voice"]}),
        await client.post(f"{flows}/options/flow", json={"handler": entry.entry_id}),
        await client.get(f"/api/diagnostics/config_entry/{entry.entry_id}"),
    ]
    assert [answer.status for answer in asked] == [HTTPStatus.UNAUTHORIZED] * len(asked)


async def test_who_is_not_signed_in_learns_not_even_what_there_is(
    home: HomeAssistant,
    entry: MockConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """Existing and missing audio is refused alike; a signed URL is valid for its own audio only."""
    socket = await hass_ws_client(home)
    sample = f"media-source://{DOMAIN}/sample/{entry.entry_id}/{DEFAULT_VOICE_ID}"
    await socket.send_json_auto_id({"type": "media_source/resolve_media", "media_content_id": sample})
    path, _, signature = (await socket.receive_json())["result"]["url"].partition("?")
    nobody = await hass_client_no_auth()
    assert (await nobody.get(f"{path}?{signature}")).status == HTTPStatus.OK
    refused = [
        await nobody.get(address)
        for address in (
            path,
            f"/api/{DOMAIN}/clips/none",
            f"/api/{DOMAIN}/clips/none?{signature}",
            f"{path}?authSig=x",
        )
    ]
    assert [answer.status for answer in refused] == [HTTPStatus.UNAUTHORIZED] * len(refused)
    assert len({await answer.text() for answer in refused}) == 1


async def test_a_sound_is_handed_out_as_a_sound_alone(
    home: HomeAssistant, entry: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    """Never guessed to be a page, never kept on the way, and for no page of another origin to read."""
    media = await media_source.async_resolve_media(
        home, f"media-source://{DOMAIN}/sample/{entry.entry_id}/{DEFAULT_VOICE_ID}", None
    )
    client = await hass_client()
    answer = await client.get(media.url, headers={"Origin": "https://evil.example"})
    assert answer.content_type.startswith("audio/")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer.headers["Cache-Control"]
    assert "Access-Control-Allow-Origin" not in answer.headers
    for method in ("POST", "PUT", "DELETE"):
        refused = await client.request(method, media.url)
        assert refused.status == HTTPStatus.METHOD_NOT_ALLOWED


@pytest.mark.parametrize(
    "identifier",
    [
        "sample/{other}/{voice}",
        "sample/{entry}/..%2f..%2fvoices",
        "sample/{entry}/%2e%2e/%2e%2e",
        "sample/../{entry}/{voice}",
        "sample/{entry}/{voice}/more",
        "sample/{entry}/",
        "sample//{voice}",
        "clip/..%2fsecrets.yaml",
        "clip/%00",
        "account/{entry}",
        "%73ample%2f{entry}%2f{voice}",
        "x" * 5000,
    ],
)
async def test_an_identifier_leads_nowhere_else(
    home: HomeAssistant, emulator: Emulator, entry: MockConfigEntry, identifier: str
) -> None:
    """Not to another integration's account, not up, and to no address that is asked with a key."""
    other = MockConfigEntry(domain="other", state=ConfigEntryState.LOADED)
    other.add_to_hass(home)
    place = identifier.format(other=other.entry_id, entry=entry.entry_id, voice=DEFAULT_VOICE_ID)
    before = len(emulator.asyncflow.requests)
    with pytest.raises(Unresolvable):
        await media_source.async_resolve_media(home, f"media-source://{DOMAIN}/{place}", None)
    assert len(emulator.asyncflow.requests) == before


async def test_an_action_about_another_integrations_account_is_refused(
    home: HomeAssistant, entry: MockConfigEntry
) -> None:
    """All users can see the ID of a device."""
    other = MockConfigEntry(domain="other", state=ConfigEntryState.LOADED)
    other.add_to_hass(home)
    with pytest.raises(ServiceValidationError) as refused:
        await home.services.async_call(
            DOMAIN, "list_voices", {"config_entry_id": other.entry_id}, blocking=True, return_response=True
        )
    assert "demo-key" not in str(refused.value)
