"""System health: whether the services in use are there."""

from pytest_homeassistant_custom_component.common import get_system_health_info

from custom_components.streaming_tts.const import DOMAIN
from homeassistant.components.system_health import DOMAIN as SYSTEM_HEALTH_DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from tests.accounts import account, set_up
from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind


async def test_each_service_that_is_in_use_is_asked_free_of_charge(home: HomeAssistant, emulator: Emulator) -> None:
    """A service that doesn't answer is distinguished."""
    for provider, name in (("asyncflow", "Anna"), ("sarvam", "Ben"), ("flow_tts", "Cleo")):
        await set_up(home, account(provider, emulator, voices=(name,)))
    unknown = account("sarvam", emulator, voices=())
    unknown.add_to_hass(home)
    home.config_entries.async_update_entry(unknown, data={**unknown.data, "provider": "of-tomorrow"})
    emulator.flow.add_fault(FaultKind.RESET, "/health", times=-1)
    assert await async_setup_component(home, SYSTEM_HEALTH_DOMAIN, {})
    await home.async_block_till_done()
    info = await get_system_health_info(home, DOMAIN)
    reached = {key: await value for key, value in info.items() if key.startswith("can_reach_")}
    assert reached == {
        "can_reach_asyncflow": "ok",
        "can_reach_sarvam": "ok",
        "can_reach_flow_tts": {"type": "failed", "error": "unreachable"},
    }
    assert (info["accounts"], info["voices"]) == (4, 3)
    keys = [request.headers for request in emulator.sarvam.asked("/text-to-speech/pronunciation-dictionary")][-1]
    assert "api-subscription-key" not in {name.lower() for name in keys}


async def test_each_address_of_a_service_is_asked(home: HomeAssistant, emulator: Emulator) -> None:
    """An account may go over a proxy that is down; two accounts at one address are asked for once."""
    for name, address in (("Anna", emulator.sarvam.url), ("Ben", f"{emulator.asyncflow.url}/proxy")):
        await set_up(home, account("sarvam", emulator, voices=(name,), base_url=address))
    await set_up(home, account("sarvam", emulator, voices=("Cleo",)))
    emulator.asyncflow.add_fault(FaultKind.RESET, "/proxy", times=-1)
    assert await async_setup_component(home, SYSTEM_HEALTH_DOMAIN, {})
    await home.async_block_till_done()
    info = await get_system_health_info(home, DOMAIN)
    reached = {key: await value for key, value in info.items() if key.startswith("can_reach_")}
    assert reached == {
        "can_reach_sarvam": "ok",
        "can_reach_sarvam (sarvam)": {"type": "failed", "error": "unreachable"},
    }
