"""The form that clones a voice, filled in as a browser does."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.streaming_tts.const import SUBENTRY_TYPE_VOICE
from homeassistant.config_entries import SOURCE_USER, SubentryFlowContext
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from tests.accounts import service_of
from tests.emulator.emulator import Emulator

type Form = Mapping[str, Any]


type Upload = Callable[..., Awaitable[str]]


PROVIDERS = ("asyncflow", "sarvam", "tencent", "flow_tts")


CLONE_PATHS = {
    "asyncflow": "/voices/clone",
    "sarvam": "/voices/create",
    "tencent": "/VoiceClone",
    "flow_tts": "/api/voice/clone",
}


EACH_PROVIDER = pytest.mark.parametrize("provider", PROVIDERS)


async def begin(home: HomeAssistant, entry: MockConfigEntry) -> Form:
    """Return the form for a recording."""
    flows = home.config_entries.subentries
    menu = await flows.async_init(
        (entry.entry_id, SUBENTRY_TYPE_VOICE), context=SubentryFlowContext(source=SOURCE_USER)
    )
    return await flows.async_configure(menu["flow_id"], {"next_step_id": "clone"})


async def answer(home: HomeAssistant, form: Form, answers: dict[str, Any] | None = None) -> Form:
    """Send a form and return what follows, at the end of the progress where that is shown."""
    flows = home.config_entries.subentries
    result = await flows.async_configure(form["flow_id"], answers)
    if result["type"] is FlowResultType.SHOW_PROGRESS:
        assert result["progress_action"] == "cloning"
        await home.async_block_till_done()
        result = await flows.async_configure(form["flow_id"])
    return result


def wish(recording: str, **changes: Any) -> dict[str, Any]:
    """Return the answers to the form for a recording."""
    return {"recording": recording, "name": "Aunt Anna", "consent": True, **changes}


def with_details(form: Form, **details: Any) -> dict[str, Any]:
    """Return the answers of the optional fields of the form."""
    return {"details": details} if "details" in form["data_schema"].schema else {}


def asked(emulator: Emulator, provider: str) -> int:
    """Return how often a service was asked to clone."""
    return len(service_of(emulator, provider).asked(CLONE_PATHS[provider]))
