"""The voice flow: a language, a voice and a model for it, then the settings that this model has."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, override

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntryState,
    ConfigSubentry,
    SubentryFlowResult,
    UnknownEntry,
    UnknownSubEntry,
)
from homeassistant.const import CONF_LANGUAGE, CONF_MODEL, CONF_NAME
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers import entity_registry as er

from ..const import CONF_FALLBACK, CONF_SETTINGS, CONF_VOICE, SECTION_SOUND
from ..errors import literal
from ..lexicon.dictionaries import async_choices
from ..playback.fallback import fallback_entity_id, first_local_engine, leads_back
from ..providers.capabilities import Cloning
from ..providers.types import Model, VoiceInfo
from ..voices.catalogue import has_voice, languages_of, models_for, nearest_voice, replacement_models, voices_for
from ..voices.languages import match_language
from ..voices.settings import FINISH_SETTINGS, carried_settings, read_settings, saved_voice
from .clone import CloneFlow
from .voice_forms import (
    DETECTED,
    language_schema,
    read_choice,
    settings_schema,
    shown_choice,
    voice_choices,
    voice_schema,
)

if TYPE_CHECKING:
    from ..account.runtime import StreamingTtsConfigEntry

type Answers = Mapping[str, Any]


class VoiceFlow(CloneFlow):
    """Adds a voice to an account, or changes one."""

    _language: str | None
    _choices: dict[str, str]
    _voice_id: str
    _model: Model
    _dictionaries: dict[str, dict[str, str]]
    _doubted: str | None = None

    @override
    def _get_entry(self) -> StreamingTtsConfigEntry:
        """Return the account; ends the flow if it was removed while the form was open."""
        try:
            return super()._get_entry()
        except UnknownEntry:
            raise AbortFlow("entry_removed") from None

    @override
    def _get_reconfigure_subentry(self) -> ConfigSubentry:
        """Return the voice that is being changed; ends the flow if it was removed while the form was open."""
        self._get_entry()
        try:
            return super()._get_reconfigure_subentry()
        except UnknownSubEntry:
            raise AbortFlow("voice_removed") from None

    async def async_step_user(self, user_input: Answers | None = None) -> SubentryFlowResult:
        """Begin a new voice: one that there is, or where the provider clones, one that is made."""
        if self._get_entry().state is not ConfigEntryState.LOADED or not isinstance(self._account.provider, Cloning):
            return await self.async_step_pick()
        return self.async_show_menu(step_id="user", menu_options=["pick", "clone"])

    async def async_step_pick(self, user_input: Answers | None = None) -> SubentryFlowResult:
        """Ask for the language of a new voice."""
        return await self._async_step_language("pick", user_input)

    async def async_step_cloned(self, user_input: Answers | None = None) -> SubentryFlowResult:
        """Ask for the language of a voice that was just made; it is chosen already."""
        return await self._async_step_language("cloned", user_input)

    async def async_step_reconfigure(self, user_input: Answers | None = None) -> SubentryFlowResult:
        """Begin to change a voice with its language."""
        return await self._async_step_language("reconfigure", user_input)

    async def async_step_voice(self, user_input: Answers | None = None) -> SubentryFlowResult:
        """Ask for a voice that speaks the language, and for one of the models that it has."""
        errors: dict[str, str] = {}
        names = ""
        if user_input is not None:
            self._voice_id = read_choice(self._choices, user_input[CONF_VOICE])
            self._model = self._account.provider.model(user_input[CONF_MODEL])
            info = await self._async_look_up(self._voice_id)
            if self._voice_id in self._account.provider.retired_voices:
                errors[CONF_VOICE] = "voice_retired"
            elif info is None and not self._is_insisted_on(self._voice_id):
                self._doubted = self._voice_id
                errors[CONF_VOICE] = "voice_unknown"
            elif info is None or has_voice(self._account.provider, self._model, self._voice_id, info):
                return await self.async_step_settings()
            else:
                errors[CONF_MODEL] = "model_without_voice"
                names = ", ".join(
                    model.name for model in self._account.provider.models if model.model_id in info.models
                )
        models = models_for(self._models, self._language)
        voices = voices_for(self._account.catalogue.data, self._language, models)
        self._choices = voice_choices(voices, models)
        suggested = user_input or self._suggested_voice(voices, models)
        return self.async_show_form(
            step_id="voice",
            data_schema=self.add_suggested_values_to_schema(voice_schema(self._choices, models), suggested),
            errors=errors,
            description_placeholders={"voices": str(len(voices)), "models": names},
            last_step=False,
        )

    async def async_step_settings(self, user_input: Answers | None = None) -> SubentryFlowResult:
        """Ask for a name and for the settings that the model has, and save the voice."""
        errors: dict[str, str] = {}
        if user_input is not None:
            errors = self._unknown_dictionaries(user_input)
            if self._is_circular(user_input.get(CONF_FALLBACK)):
                errors[CONF_FALLBACK] = "fallback_circular"
            if not errors:
                return self._save(user_input)
        else:
            self._dictionaries = await async_choices(self._account, self._model)
        return self.async_show_form(
            step_id="settings",
            data_schema=self.add_suggested_values_to_schema(
                settings_schema(self._model, self._dictionaries), user_input or self._suggested_settings()
            ),
            errors=errors,
            description_placeholders={"model": self._model.name},
            last_step=True,
        )

    async def _async_step_language(self, step_id: str, user_input: Answers | None) -> SubentryFlowResult:
        """Ask for the language."""
        if self._get_entry().state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="entry_not_loaded")
        if user_input is not None:
            language = user_input[CONF_LANGUAGE]
            self._language = None if language == DETECTED else language
            return await self._async_step_after_language()
        schema = language_schema(self._models, self._cloned)
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, {CONF_LANGUAGE: self._suggested_language()}),
            description_placeholders={"voice": literal(self._cloned.name)} if self._cloned else None,
            last_step=False,
        )

    async def _async_step_after_language(self) -> SubentryFlowResult:
        """Go on to the voice; where it was just made, and only one model has it, there is nothing to choose."""
        models = models_for(self._models, self._language)
        if self._cloned is None or len(models) > 1:
            return await self.async_step_voice()
        self._voice_id, self._model = self._cloned.voice_id, models[0]
        return await self.async_step_settings()

    def _save(self, answers: Answers) -> SubentryFlowResult:
        """Save the voice."""
        entry = self._get_entry()
        settings = {**answers, **self._chosen_dictionaries(answers)}
        data = saved_voice(
            self._voice_id, self._model, self._language, settings=settings, finish=answers[SECTION_SOUND]
        )
        if fallback := answers.get(CONF_FALLBACK):
            # By its id in the registry: an entity may be renamed.
            registered = er.async_get(self.hass).async_get(fallback)
            data[CONF_FALLBACK] = registered.id if registered else fallback
        title = answers[CONF_NAME].strip() or self._default_name(self._voice_id)
        if self.source == SOURCE_RECONFIGURE:
            return self.async_update_and_abort(entry, self._get_reconfigure_subentry(), data=data, title=title)
        return self.async_create_entry(title=title, data=data)

    def _chosen_dictionaries(self, answers: Answers) -> dict[str, str]:
        """Return the ids of the dictionaries that were chosen or typed in, by setting."""
        return {key: read_choice(ids, answers[key]) for key, ids in self._dictionaries.items() if key in answers}

    def _unknown_dictionaries(self, answers: Answers) -> dict[str, str]:
        """Return an error for each setting that names a dictionary which the account does not have."""
        chosen = self._chosen_dictionaries(answers)
        return {key: "dictionary_unknown" for key in chosen if chosen[key] not in self._dictionaries[key].values()}

    def _is_circular(self, fallback: str | None) -> bool:
        """Return True if a fallback would come back to the voice that is being changed."""
        if fallback is None or self.source != SOURCE_RECONFIGURE:
            return False
        return leads_back(self.hass, fallback, self._get_reconfigure_subentry().subentry_id)

    @property
    def _models(self) -> tuple[Model, ...]:
        """Return the models that come into question.

        Those of a voice that was just made, else those that have voices.
        """
        models = self._account.provider.models
        voices = [self._cloned] if self._cloned else self._account.catalogue.data
        having = {self._saved.get(CONF_MODEL)}
        for voice in voices:
            having.update(voice.models or (model.model_id for model in models))
        return tuple(model for model in models if model.model_id in having) or models

    @property
    def _saved(self) -> Mapping[str, Any]:
        """Return what is saved of the voice that is being changed; nothing of a new one."""
        return self._get_reconfigure_subentry().data if self.source == SOURCE_RECONFIGURE else {}

    def _info(self, voice_id: str) -> VoiceInfo | None:
        """Return what the catalogue says of a voice, None of one that was typed in or has vanished."""
        if (info := self._account.catalogue.voice(voice_id)) is None and self._cloned is not None:
            # Its service may need a moment to list it
            return self._cloned if self._cloned.voice_id == voice_id else None
        return info

    async def _async_look_up(self, voice_id: str) -> VoiceInfo | None:
        """Return what the catalogue says of a voice; one that it does not have may be new, so the service is asked."""
        if (info := self._info(voice_id)) is None and not self._is_insisted_on(voice_id):
            await self._account.catalogue.async_refresh()
            info = self._info(voice_id)
        return info

    def _is_insisted_on(self, voice_id: str) -> bool:
        """Return True if a voice without catalogue entry is wanted all the same.

        It is saved, or was sent a second time.
        """
        return voice_id in (self._saved.get(CONF_VOICE), self._doubted)

    def _name_of(self, voice_id: str) -> str:
        """Return a voice's name, or its id where the catalogue does not have it."""
        return info.name if (info := self._info(voice_id)) else voice_id

    def _default_name(self, voice_id: str) -> str:
        """Return what a new voice is called: lists of voices show no account. A person gave a cloned voice its name."""
        name = self._name_of(voice_id)
        return name if (info := self._info(voice_id)) and info.own else f"{self._get_entry().title} {name}"

    def _is_kept(self, title: str) -> bool:
        """Return True if the name goes with another voice, too: it was given by a person, or the voice is the same.

        Release 0.1 called voices as their services do.
        """
        saved = self._saved[CONF_VOICE]
        return saved == self._voice_id or title not in (self._default_name(saved), self._name_of(saved))

    def _suggested_language(self) -> str:
        """Return the saved language, for a new voice the one of Home Assistant, or the first that there is."""
        if self._saved:
            saved: str = self._saved.get(CONF_LANGUAGE, DETECTED)
            return saved
        languages = list(languages_of(self._models, self._cloned))
        if self._wish is not None and (given := self._wish.settings.get(CONF_LANGUAGE)) in languages:
            return str(given)
        return match_language(self.hass.config.language, languages) or languages[0]

    def _suggested_voice(self, voices: list[VoiceInfo], models: list[Model]) -> dict[str, str]:
        """Return the saved voice and model where they speak the language, else the first voice of the first model.

        A voice that the catalogue does not have may speak it too. What is retired is replaced by what is nearest.
        """
        suggested: dict[str, str] = {}
        model = self._suggested_model(models)
        voice_id = self._cloned.voice_id if self._cloned else self._saved.get(CONF_VOICE)
        if self._cloned is None and (voice_id is None or self._is_missing(voice_id)):
            provider = self._account.provider
            having = [voice for voice in voices if has_voice(provider, model or models[0], voice.voice_id, voice)]
            nearest = nearest_voice(provider, having, voice_id or "", None)
            voice_id = nearest.voice_id if nearest else None
        if voice_id is not None:
            suggested[CONF_VOICE] = shown_choice(self._choices, voice_id)
        if model is not None:
            suggested[CONF_MODEL] = model.model_id
        return suggested

    def _suggested_model(self, models: list[Model]) -> Model | None:
        """Return the saved model, or what replaces it if it is retired; None where it does not speak the language."""
        saved: str = self._saved.get(CONF_MODEL, "")
        if saved in self._account.provider.retired_models:
            saved = replacement_models(self._account.provider, saved, self._language)[0].model_id
        return next((model for model in models if model.model_id == saved), None)

    def _is_missing(self, voice_id: str) -> bool:
        """Return True if a voice is known not to be among those that are offered for the language."""
        if voice_id in self._account.provider.retired_voices:
            return True
        return voice_id not in self._choices.values() and self._info(voice_id) is not None

    def _suggested_settings(self) -> dict[str, Any]:
        """Return the saved name and settings; a name that was given goes with the voice, a voice's own does not.

        What a new voice falls back to works without any service, so that what is said stays in the house.
        """
        if not self._saved:
            return {
                CONF_NAME: self._default_name(self._voice_id),
                CONF_FALLBACK: first_local_engine(self.hass, self._language or self.hass.config.language),
            }
        title = self._get_reconfigure_subentry().title
        settings = carried_settings(self._model, self._saved[CONF_SETTINGS])
        shown = {
            key: shown_choice(ids, str(settings[key])) for key, ids in self._dictionaries.items() if key in settings
        }
        return {
            CONF_NAME: title if self._is_kept(title) else self._default_name(self._voice_id),
            **settings,
            **shown,
            CONF_FALLBACK: fallback_entity_id(self.hass, self._get_reconfigure_subentry()),
            SECTION_SOUND: read_settings(FINISH_SETTINGS, self._saved),
        }
