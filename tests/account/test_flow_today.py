"""Flow TTS at its backend of today: a pool that is not renewed, a price of 100 points, a voice in Portuguese."""

from datetime import UTC, datetime, timedelta

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.streaming_tts.const import SUBENTRY_TYPE_VOICE
from homeassistant.config_entries import SOURCE_USER, SubentryFlowContext
from homeassistant.core import HomeAssistant
from tests.accounts import FINISH, account, set_up, speak, state_of, suggested
from tests.emulator.emulator import Emulator
from tests.emulator.flow import USERS

WAV = {"preferred_format": "wav"}
NOON = datetime(2027, 1, 15, 12, tzinfo=UTC)


@pytest.fixture
def today(emulator: Emulator) -> Emulator:
    """Return the services, Flow TTS as its backend of today, with tokens that live a month."""
    emulator.flow.configure(contract="backend", access_token_seconds=30 * 86400)
    return emulator


def shown(home: HomeAssistant, *sensors: str) -> list[str]:
    """Return the states of sensors of the account."""
    return [state_of(home, f"sensor.flow_tts_{sensor}").state for sensor in sensors]


async def to(home: HomeAssistant, freezer: FrozenDateTimeFactory, moment: datetime) -> None:
    """Let it be that time."""
    freezer.move_to(moment)
    async_fire_time_changed(home, moment)
    await home.async_block_till_done(wait_background_tasks=True)


async def test_a_request_costs_a_hundred_points(home: HomeAssistant, today: Emulator) -> None:
    """As the first answer tells; what is counted here is what the service counts."""
    await set_up(home, account("flow_tts", today))
    assert shown(home, "quota_remaining", "quota_used") == ["10000", "0"]

    await speak(home, "Good evening.", **WAV)
    await speak(home, "Good night.", **WAV)

    assert shown(home, "quota_remaining", "quota_used") == ["9800", "200"]
    assert today.flow.change_quota({"spend": 0})["used"] == 200


async def test_a_pool_that_outlives_midnight_is_shown_as_one(
    home: HomeAssistant, today: Emulator, freezer: FrozenDateTimeFactory
) -> None:
    """A renewal is assumed until what was used is still used after it, and from then on none."""
    await to(home, freezer, NOON)
    entry = await set_up(home, account("flow_tts", today))
    await speak(home, "Good evening.", **WAV)
    assert shown(home, "quota_remaining", "quota_resets_at") == ["9900", "2027-01-16T00:00:00+00:00"]

    await to(home, freezer, NOON + timedelta(days=1))
    await entry.runtime_data.catalogue.async_refresh()
    await home.async_block_till_done(wait_background_tasks=True)
    assert shown(home, "quota_remaining", "quota_resets_at") == ["9900", "unknown"]

    await to(home, freezer, NOON + timedelta(days=2))
    await speak(home, "Good morning.", **WAV)
    assert shown(home, "quota_remaining", "quota_resets_at") == ["9800", "unknown"]


async def test_a_portuguese_voice_speaks(home: HomeAssistant, today: Emulator) -> None:
    """Only the model that has it is offered, and it is asked for in its language."""
    home.config.language = "pt"
    entry = await set_up(home, account("flow_tts", today, voices=()))
    flows = home.config_entries.subentries
    form = await flows.async_init(
        (entry.entry_id, SUBENTRY_TYPE_VOICE), context=SubentryFlowContext(source=SOURCE_USER)
    )
    form = await flows.async_configure(form["flow_id"], {"next_step_id": "pick"})
    (label,) = form["data_schema"].schema["voice"].config["options"]  # type: ignore[union-attr]
    assert label.startswith("Wise Lady")
    form = await flows.async_configure(form["flow_id"], suggested(form))
    settings = {"name": "Wise Lady", "speed": 1.0, "pitch": 0, "sound": FINISH}
    await flows.async_configure(form["flow_id"], settings)
    await home.async_block_till_done(wait_background_tasks=True)

    assert await speak(home, "Boa noite.", entity_id="tts.wise_lady", **WAV)
    [asked] = today.flow.asked("/api/tts/synthesize")
    assert (asked.body["voiceId"], asked.body["model"], asked.body["language"]) == (
        "Portuguese_Wiselady",
        "flow_01_ex",
        "pt",
    )


async def test_whoever_signed_up_with_google_is_told_so(home: HomeAssistant, today: Emulator) -> None:
    """No other token would be accepted, so that none is asked for."""
    token = today.flow.new_session(USERS[2])["access_token"]
    entry = await set_up(home, account("flow_tts", today, api_key=token))

    assert entry.reason is not None
    assert "email" in entry.reason.lower()
