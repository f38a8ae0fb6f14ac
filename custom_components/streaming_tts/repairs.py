"""Repair flows that replace a voice or model that the service no longer offers."""

from typing import Any

import probatio as vol

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.const import CONF_LANGUAGE, CONF_MODEL
from homeassistant.core import HomeAssistant

from .account.runtime import StreamingTtsConfigEntry
from .const import CONF_SETTINGS, CONF_VOICE, TROUBLESHOOTING_URL
from .errors import literal
from .flows.forms import open_choice, read_choice, shown_choice, voice_choices
from .issues import IssueData
from .providers.types import Model
from .voices.catalogue import has_voice, nearest_voice, replacement_models, voices_for
from .voices.settings import read_settings, translate


class VoiceRepairFlow(RepairsFlow):
    """Base of the flows that change a saved voice."""

    _choices: dict[str, str]

    def __init__(self, entry: StreamingTtsConfigEntry, subentry: ConfigSubentry) -> None:
        """Initialize the flow with the voice."""
        super().__init__()
        self._entry = entry
        self._subentry = subentry

    def _ended(self) -> RepairsFlowResult | None:
        """Return the result that ends the flow if the repair is impossible or no longer necessary."""
        if self._entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="entry_not_loaded")
        if self._subentry.subentry_id not in self._entry.subentries:  # Removed while the form was open
            return self.async_create_entry(data={})
        return None

    def _save(self, **changes: Any) -> RepairsFlowResult:
        """Save changes of the voice, and end the flow."""
        self.hass.config_entries.async_update_subentry(
            self._entry, self._subentry, data={**self._subentry.data, **changes}
        )
        return self.async_create_entry(data={})

    def _placeholders(self, **more: str) -> dict[str, str]:
        """Return the placeholders of the forms."""
        texts = {"account": self._entry.title, "name": self._subentry.title, "voice": self._subentry.data[CONF_VOICE]}
        return {key: literal(text) for key, text in (texts | more).items()} | {"help": TROUBLESHOOTING_URL}


class VoiceGoneFlow(VoiceRepairFlow):
    """Lets the user select another voice for the same model and language."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Start the flow. The input is the data of the issue."""
        return await self.async_step_voice()

    async def async_step_voice(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask for the voice, and save it."""
        if (ended := self._ended()) is not None:
            return ended
        if user_input is not None:
            return self._save(**{CONF_VOICE: read_choice(self._choices, user_input[CONF_VOICE])})
        account = self._entry.runtime_data
        model = account.provider.model(self._subentry.data[CONF_MODEL])
        voices = voices_for(account.catalogue.data, self._subentry.data.get(CONF_LANGUAGE), [model])
        self._choices = voice_choices(voices, account.provider.models, translate(self.hass))
        return self.async_show_form(
            step_id="voice",
            data_schema=vol.Schema({vol.Required(CONF_VOICE): open_choice(self._choices)}),
            description_placeholders=self._placeholders(),
        )


class ModelRetiredFlow(VoiceRepairFlow):
    """Replaces the model of a voice, and also the voice if the new model does not have it."""

    _model: Model

    def __init__(self, entry: StreamingTtsConfigEntry, subentry: ConfigSubentry, retired: str) -> None:
        """Initialize the flow with the voice, and its model when the issue was created."""
        super().__init__(entry, subentry)
        self._retired = retired

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Select the nearest model that has the voice, or the nearest one if none has it."""
        if (ended := self._ended()) is not None:
            return ended
        account = self._entry.runtime_data
        saved = self._subentry.data
        models = replacement_models(account.provider, self._retired, saved.get(CONF_LANGUAGE))
        info = account.catalogue.voice(saved[CONF_VOICE])
        having = [model for model in models if has_voice(account.provider, model, saved[CONF_VOICE], info)]
        self._model = (having or models)[0]
        return await (self.async_step_model() if having else self.async_step_voice())

    async def async_step_model(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask for confirmation, and save the model."""
        if (ended := self._ended()) is not None:
            return ended
        if user_input is not None:
            return self._save_model(self._subentry.data[CONF_VOICE])
        return self.async_show_form(
            step_id="model",
            data_schema=vol.Schema({}),
            description_placeholders=self._placeholders(model=self._retired, replacement=self._model.name),
        )

    async def async_step_voice(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask for a voice of the model, and save both."""
        if (ended := self._ended()) is not None:
            return ended
        if user_input is not None:
            return self._save_model(read_choice(self._choices, user_input[CONF_VOICE]))
        account = self._entry.runtime_data
        saved = self._subentry.data
        voices = voices_for(account.catalogue.data, saved.get(CONF_LANGUAGE), [self._model])
        self._choices = voice_choices(voices, [self._model], translate(self.hass))
        info = account.catalogue.voice(saved[CONF_VOICE])
        nearest = nearest_voice(account.provider, voices, saved[CONF_VOICE], info)
        default = shown_choice(self._choices, nearest.voice_id) if nearest else vol.UNDEFINED
        return self.async_show_form(
            step_id="voice",
            data_schema=vol.Schema({vol.Required(CONF_VOICE, default=default): open_choice(self._choices)}),
            description_placeholders=self._placeholders(model=self._retired, replacement=self._model.name),
        )

    def _ended(self) -> RepairsFlowResult | None:
        """Return the result that ends the flow, also if the voice has another model by now."""
        if (ended := super()._ended()) is None and self._subentry.data[CONF_MODEL] != self._retired:
            return self.async_create_entry(data={})
        return ended

    def _save_model(self, voice_id: str) -> RepairsFlowResult:
        """Save the model and a voice, with the saved settings that the model supports."""
        settings = read_settings(self._model.saved_settings, {}, self._subentry.data[CONF_SETTINGS])
        return self._save(**{CONF_VOICE: voice_id, CONF_MODEL: self._model.model_id, CONF_SETTINGS: settings})


async def async_create_fix_flow(hass: HomeAssistant, issue_id: str, data: IssueData | None) -> RepairsFlow:
    """Return the flow for an issue. If its voice was removed, only a confirmation is necessary."""
    data = data or {}
    entry = hass.config_entries.async_get_entry(str(data.get("entry_id")))
    subentry = entry.subentries.get(str(data.get("subentry_id"))) if entry else None
    if entry is None or subentry is None:
        return ConfirmRepairFlow()
    if (retired := data.get("model")) is not None:
        return ModelRetiredFlow(entry, subentry, str(retired))
    return VoiceGoneFlow(entry, subentry)
