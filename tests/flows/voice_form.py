"""The forms that add and change a voice, filled in as a browser does."""

from collections.abc import Mapping
from typing import Any

from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.streaming_tts.const import SUBENTRY_TYPE_VOICE
from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER, SubentryFlowContext
from homeassistant.core import HomeAssistant

type Form = Mapping[str, Any]


async def begin(home: HomeAssistant, entry: MockConfigEntry) -> Form:
    """Return the first form for a new voice, one that there is."""
    menu = await add_voice(home, entry)
    assert menu["menu_options"] == ["pick", "clone"]
    return await answer(home, menu, {"next_step_id": "pick"})


async def add_voice(home: HomeAssistant, entry: MockConfigEntry) -> Form:
    """Return what is shown first for a new voice."""
    return await home.config_entries.subentries.async_init(
        (entry.entry_id, SUBENTRY_TYPE_VOICE), context=SubentryFlowContext(source=SOURCE_USER)
    )


async def change(home: HomeAssistant, entry: MockConfigEntry, name: str = "Anna") -> Form:
    """Return the first form for changing a saved voice."""
    (voice,) = (subentry for subentry in entry.subentries.values() if subentry.title == name)
    context = SubentryFlowContext(source=SOURCE_RECONFIGURE, entry_id=entry.entry_id, subentry_id=voice.subentry_id)
    return await home.config_entries.subentries.async_init((entry.entry_id, SUBENTRY_TYPE_VOICE), context=context)


async def answer(home: HomeAssistant, form: Form, answers: dict[str, Any]) -> Form:
    """Send a form and return what follows."""
    return await home.config_entries.subentries.async_configure(form["flow_id"], answers)


def choices(form: Form, field: str) -> list[Any]:
    """Return what can be chosen in a field of the form, or of its section for language, voice, and model."""
    fields = form["data_schema"].schema
    if "selection" in fields and field not in fields:
        fields = fields["selection"].schema.schema
    options: list[Any] = fields[field].config["options"]
    return options
