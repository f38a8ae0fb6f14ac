"""Accounts and voices as a user would have them, for tests that are not about how they are added."""

from collections.abc import Mapping
from typing import Any

import probatio as vol
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.streaming_tts.account.migration import MINOR_VERSION
from custom_components.streaming_tts.const import DOMAIN, SUBENTRY_TYPE_VOICE
from custom_components.streaming_tts.providers.tencent import NO_VOICE
from homeassistant.components import tts
from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigSubentryData
from homeassistant.core import HomeAssistant, State
from homeassistant.data_entry_flow import section
from homeassistant.helpers import issue_registry as ir
from tests.emulator.asyncflow_voices import DEFAULT_VOICE_ID
from tests.emulator.emulator import Emulator
from tests.emulator.flow import PUBLIC_KEY
from tests.emulator.log import LoggedRequest
from tests.emulator.service import Service
from tests.emulator.tencent_settings import SDK_APP_ID, SECRET_ID, SECRET_KEY

KEY = "demo-key"
DETAILS = {"site": "china", "secret_id": SECRET_ID, "sdk_app_id": str(SDK_APP_ID)}
"""What belongs to the key of an account at Tencent Cloud."""

VOICES: dict[str, dict[str, Any]] = {
    "asyncflow": {
        "voice": DEFAULT_VOICE_ID,
        "model": "async_flash_v1.0",
        "language": "en",
        "settings": {"speed": 1.0, "stability": 50},
    },
    "sarvam": {
        "voice": "shubh",
        "model": "bulbul:v3",
        "language": "hi-IN",
        "settings": {"pace": 1.0, "temperature": 0.6, "pitch": 0.0},
    },
    "tencent": {
        "voice": "v-female-p9Xy7Q1L",
        "model": "flow_02_turbo",
        "language": "en",
        "settings": {"speed": 1.0, "pitch": 0},
    },
    "flow_tts": {
        "voice": "v-female-R2s4N9qJ",
        "model": "flow_01_turbo",
        "language": "en",
        "settings": {"speed": 1.0, "pitch": 0},
    },
}
"""A voice of each provider, as the voice flow saves it."""

VOLUMES: dict[str, dict[str, float]] = {
    "asyncflow": {},
    "sarvam": {"loudness": 1.0},
    "tencent": {"volume": 1.0},
    "flow_tts": {"volume": 1.0},
}
"""The settings of these voices that only a call gives, at their defaults."""

FINISH = {"clean": True, "lead_in": 0.0, "lead_out": 0.0, "gain": 0.0, "first_clause": True}


def service_of(emulator: Emulator, provider: str) -> Service[Any]:
    """Return the emulated service of a provider."""
    services: dict[str, Service[Any]] = {
        "asyncflow": emulator.asyncflow,
        "sarvam": emulator.sarvam,
        "tencent": emulator.tencent,
        "flow_tts": emulator.flow,
    }
    return services[provider]


def is_key_check(request: LoggedRequest) -> bool:
    """Tell whether a request was made to prove a key only: for a voice that cannot be (docs/dev/protocols.md E7)."""
    return isinstance(request.body, dict) and request.body.get("Voice", {}).get("VoiceId") == NO_VOICE


def account(
    provider: str,
    emulator: Emulator,
    *,
    voices: tuple[str, ...] = ("Anna",),
    saved: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    **data: Any,
) -> MockConfigEntry:
    """Return an account at an emulated service with voices by name, not yet in any home; `saved` is in each voice."""
    keys: dict[str, dict[str, Any]] = {
        "flow_tts": {"api_key": emulator.flow.demo_token()},
        "tencent": {"api_key": SECRET_KEY, "details": DETAILS},
    }
    credentials = keys.get(provider, {"api_key": KEY})
    return MockConfigEntry(
        domain=DOMAIN,
        minor_version=MINOR_VERSION,
        title=provider,
        unique_id=f"{provider}_test",
        options=dict(options or {}),
        data={"provider": provider, "base_url": service_of(emulator, provider).url, **credentials, **data},
        subentries_data=[
            ConfigSubentryData(
                data={**VOICES[provider], **FINISH, **(saved or {})},
                subentry_type=SUBENTRY_TYPE_VOICE,
                title=name,
                unique_id=None,
            )
            for name in voices
        ],
    )


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Add an account to a home and wait until it is set up, or has failed to be."""
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    return entry


async def speak(hass: HomeAssistant, text: str, *, entity_id: str = "tts.anna", **options: Any) -> bytes:
    """Let a voice speak through the platform, as `tts.speak` does; return what a player would fetch."""
    stream = tts.async_create_stream(hass, engine=entity_id, options=options)
    stream.async_set_message(text)
    sound = b"".join([chunk async for chunk in stream.async_stream_result()])
    await hass.async_block_till_done()
    return sound


def is_loaded(entry: ConfigEntry) -> bool:
    """Tell whether an account runs."""
    return entry.state is ConfigEntryState.LOADED


def state_of(hass: HomeAssistant, entity_id: str) -> State:
    """Return the state of an entity that there is."""
    state = hass.states.get(entity_id)
    assert state is not None
    return state


def suggested(form: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a form is filled with, its sections as dictionaries of their own."""
    return _suggested(form["data_schema"])


def _suggested(schema: vol.Schema) -> dict[str, Any]:
    """Return what the fields of a schema are filled with."""
    filled = {
        marker.schema: marker.description["suggested_value"]
        for marker in schema.schema
        if marker.description is not None
    }
    sections = {
        marker.schema: _suggested(control.schema)
        for marker, control in schema.schema.items()
        if isinstance(control, section)
    }
    return filled | sections


def session(emulator: Emulator) -> dict[str, Any]:
    """Return what the entry of a Flow account keeps of a session that can be renewed."""
    granted = emulator.flow.new_session()
    return {
        "api_key": granted["access_token"],
        "refresh_token": granted["refresh_token"],
        "auth_url": f"{emulator.flow.url}/auth/v1",
        "public_key": PUBLIC_KEY,
    }


def issues_of(issue_registry: ir.IssueRegistry, entry: MockConfigEntry) -> set[str]:
    """Return what the user is told of an account."""
    return {issue_id.removesuffix(f"_{entry.entry_id}") for _, issue_id in issue_registry.issues}
