"""How what is wrong is mended: a voice that the service no longer has is replaced by another."""

from typing import Any

import voluptuous as vol

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.core import HomeAssistant

from .account import StreamingTtsConfigEntry
from .const import CONF_LANGUAGE, CONF_MODEL, CONF_VOICE
from .flows.voice_forms import open_choice, read_choice, voice_choices
from .issues import IssueData
from .markup import literal
from .offers import voices_for


class VoiceGoneFlow(RepairsFlow):
    """Lets the user choose another voice with the same model and language."""

    _choices: dict[str, str]

    def __init__(self, entry: StreamingTtsConfigEntry, subentry: ConfigSubentry) -> None:
        """Mend a saved voice of an account."""
        super().__init__()
        self._entry = entry
        self._subentry = subentry

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Begin; what comes with that is the issue, not an answer."""
        return await self.async_step_voice()

    async def async_step_voice(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask for the voice, and save it."""
        if self._entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="entry_not_loaded")
        if self._subentry.subentry_id not in self._entry.subentries:  # Removed while the form was open
            return self.async_create_entry(data={})
        if user_input is not None:
            voice_id = read_choice(self._choices, user_input[CONF_VOICE])
            self.hass.config_entries.async_update_subentry(
                self._entry, self._subentry, data={**self._subentry.data, CONF_VOICE: voice_id}
            )
            return self.async_create_entry(data={})
        account = self._entry.runtime_data
        model = account.provider.model(self._subentry.data[CONF_MODEL])
        voices = voices_for(account.catalogue.data, self._subentry.data.get(CONF_LANGUAGE), [model])
        self._choices = voice_choices(voices, account.provider.models)
        return self.async_show_form(
            step_id="voice",
            data_schema=vol.Schema({vol.Required(CONF_VOICE): open_choice(self._choices)}),
            description_placeholders={
                "account": literal(self._entry.title),
                "name": literal(self._subentry.title),
                "voice": literal(self._subentry.data[CONF_VOICE]),
            },
        )


async def async_create_fix_flow(hass: HomeAssistant, issue_id: str, data: IssueData | None) -> RepairsFlow:
    """Return the flow for an issue; one whose voice is gone meanwhile only needs to be confirmed."""
    data = data or {}
    entry = hass.config_entries.async_get_entry(str(data.get("entry_id")))
    subentry = entry.subentries.get(str(data.get("subentry_id"))) if entry else None
    if entry is None or subentry is None:
        return ConfirmRepairFlow()
    return VoiceGoneFlow(entry, subentry)
