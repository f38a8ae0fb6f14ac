"""Diagnostics: the state of an account, without sensitive data."""

import json
from typing import Any

import pytest
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from homeassistant.components.diagnostics.const import DOMAIN as DIAGNOSTICS_DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
from tests.accounts import account, set_up, speak
from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind
from tests.emulator.flow import PUBLIC_KEY, USERS

SPOKEN = "The code of the alarm is 4711."


async def diagnose(home: HomeAssistant, hass_client: ClientSessionGenerator, entry: Any) -> dict[str, Any]:
    """Return the diagnostics as they are downloaded."""
    assert await async_setup_component(home, DIAGNOSTICS_DOMAIN, {})
    found: dict[str, Any] = await get_diagnostics_for_config_entry(home, hass_client, entry)
    return found


async def test_they_tell_what_was_used_and_how_the_account_is(
    home: HomeAssistant, emulator: Emulator, hass_client: ClientSessionGenerator
) -> None:
    """Counts, quota, latency, and the last failure of each kind."""
    entry = await set_up(home, account("flow_tts", emulator))
    await speak(home, SPOKEN)
    emulator.flow.change_quota({"remaining": 0})
    with pytest.raises(HomeAssistantError):
        await speak(home, "One more.")
    found = await diagnose(home, hass_client, entry)
    assert found["charged"]["points"] == 1
    assert found["charged"]["characters"] == len(SPOKEN)
    assert found["quota"]["remaining"] == 0
    assert found["quota_exhausted"] is True
    assert found["last_failures"]["quota"]["code"] == "quota_exceeded"
    assert found["seconds_to_first_byte"]["requests"] == 1
    assert found["rate_limit"]["limit"] == 60
    assert found["catalogue"]["voices"] == len(entry.runtime_data.catalogue.data)
    assert found["models"] == [model.model_id for model in entry.runtime_data.provider.models]
    assert found["voices"][0]["voice"] == "v-female-R2s4N9qJ"


async def test_they_tell_by_which_ids_a_service_finds_the_newest_requests(
    home: HomeAssistant, emulator: Emulator, hass_client: ClientSessionGenerator
) -> None:
    """Of those that were spoken and of those that failed, with how they travelled; the oldest are forgotten."""
    entry = await set_up(home, account("sarvam", emulator))
    for number in range(11):
        await speak(home, f"This is number {number}.")
    emulator.sarvam.change_quota({"credits": 0})
    with pytest.raises(HomeAssistantError):
        await speak(home, "One more.")
    *spoken, failed = (await diagnose(home, hass_client, entry))["recent_requests"]
    assert len(spoken) == 9
    assert all(request["failure"] is None and request["transport"] == "stream" for request in spoken)
    assert (failed["failure"], failed["code"]) == ("quota", "insufficient_quota_error")
    ids = {request["request_id"] for request in (*spoken, failed)}
    assert len(ids - {None}) == 10


async def test_they_keep_keys_people_and_texts_to_themselves(
    home: HomeAssistant, emulator: Emulator, hass_client: ClientSessionGenerator
) -> None:
    """Neither tokens nor e-mail addresses nor what was said, also where it failed."""
    granted = emulator.flow.new_session()
    entry = account(
        "flow_tts",
        emulator,
        api_key=granted["access_token"],
        refresh_token=granted["refresh_token"],
        auth_url=f"{emulator.flow.url}/auth/v1",
        public_key=PUBLIC_KEY,
    )
    await set_up(home, entry)
    emulator.flow.add_fault(FaultKind.STATUS, "/api/tts/synthesize", status=400, message=SPOKEN, times=-1)
    with pytest.raises(HomeAssistantError):
        await speak(home, SPOKEN)
    found = json.dumps(await diagnose(home, hass_client, entry))
    secrets = [granted["access_token"], granted["refresh_token"], PUBLIC_KEY, SPOKEN]
    people = [text for user in USERS for text in (user.email, user.user_id)]
    assert not [text for text in (*secrets, *people, str(entry.unique_id)) if text in found]


async def test_an_account_that_has_not_spoken_has_little_to_tell(
    home: HomeAssistant, emulator: Emulator, hass_client: ClientSessionGenerator
) -> None:
    """Unknown values are null."""
    entry = await set_up(home, account("asyncflow", emulator))
    found = await diagnose(home, hass_client, entry)
    unknown = ("quota", "quota_exhausted", "rate_limit", "seconds_to_first_byte", "last_success")
    assert {key: found[key] for key in unknown} == dict.fromkeys(unknown)
    assert found["catalogue"]["own_voices"] == 3
    assert found["failed_requests"] == {}


@pytest.mark.parametrize("path", ["s", "t", "/speech/secret-of-mine"])
async def test_of_an_address_they_tell_where_it_is_and_no_more(
    home: HomeAssistant, emulator: Emulator, hass_client: ClientSessionGenerator, path: str
) -> None:
    """A proxy's path may be a secret, and may be as short as a part of the rest."""
    entry = await set_up(home, account("asyncflow", emulator))
    plain = await diagnose(home, hass_client, entry)
    assert plain["data"]["base_url"] == emulator.asyncflow.url
    address = f"{emulator.asyncflow.url}/{path.removeprefix('/')}"
    home.config_entries.async_update_entry(entry, data={**entry.data, "base_url": address})
    found = await diagnose(home, hass_client, entry)
    assert found["data"]["base_url"] == f"{emulator.asyncflow.url}/**REDACTED**"
