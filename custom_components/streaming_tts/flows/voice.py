"""The voice flow: language, voice, and model in one form, then the settings of the model."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, override

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigSubentry,
    SubentryFlowResult,
    UnknownEntry,
    UnknownSubEntry,
)
from homeassistant.const import CONF_LANGUAGE, CONF_MODEL, CONF_NAME
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers import entity_registry as er

from ..const import CONF_FALLBACK, CONF_SETTINGS, CONF_VOICE, SECTION_SELECTION, SECTION_SOUND
from ..errors import literal
from ..lexicon.dictionaries import async_choices
from ..media_source import samples_page
from ..playback.fallback import fallback_entity_id, first_local_engine, leads_back
from ..providers.capabilities import Cloning
from ..providers.types import Model, VoiceInfo
from ..voices.catalogue import has_voice, languages_of, models_for, nearest_voice, replacement_models, voices_for
from ..voices.languages import match_language
from ..voices.settings import FINISH_SETTINGS, read_settings, saved_voice, short_name, translate
from .clone import CloneFlow
from .forms import DETECTED, Answers, read_choice, selection_schema, settings_schema, shown_choice, voice_choices

if TYPE_CHECKING:
    from ..account.runtime import StreamingTtsConfigEntry


class VoiceFlow(CloneFlow):
    """Adds a voice to an account, or changes one."""

    _language: str | None
    _choices: dict[str, str]
    _selection: dict[str, Any]
    """Language, voice, and model as shown in the form."""
    _selected: tuple[str, Model]
    """Voice and model of the latest answers."""
    _fitting: Sequence[Model] = ()
    """The models to suggest instead of one that does not have the voice."""
    _voice_id: str
    _model: Model
    _dictionaries: dict[str, dict[str, str]]
    _doubted: str | None = None
    _answers_before: Answers | None = None
    """The settings of a saved voice before its model was changed."""

    @override
    def _get_entry(self) -> StreamingTtsConfigEntry:
        """Return the account. Abort the flow if it was removed while the form was open."""
        try:
            return super()._get_entry()
        except UnknownEntry:
            raise AbortFlow("entry_removed") from None

    @override
    def _get_reconfigure_subentry(self) -> ConfigSubentry:
        """Return the voice to change. Abort the flow if it was removed while the form was open."""
        self._get_entry()
        try:
            return super()._get_reconfigure_subentry()
        except UnknownSubEntry:
            raise AbortFlow("voice_removed") from None

    async def async_step_user(self, user_input: Answers | None = None) -> SubentryFlowResult:
        """Start a new voice: an existing one or, if the provider supports it, a clone."""
        if not isinstance(self._account.provider, Cloning):
            return await self.async_step_pick()
        return self.async_show_menu(step_id="user", menu_options=["pick", "clone"])

    async def async_step_pick(self, user_input: Answers | None = None) -> SubentryFlowResult:
        """Ask for the language, voice, and model of a new voice."""
        return await self._async_step_selection("pick", user_input)

    async def async_step_cloned(self, user_input: Answers | None = None) -> SubentryFlowResult:
        """Ask for the language of a new clone, and for its model if there are several."""
        return await self._async_step_selection("cloned", user_input)

    async def async_step_reconfigure(self, user_input: Answers | None = None) -> SubentryFlowResult:
        """Show the settings of a saved voice, with its language, voice, and model in a section."""
        errors: dict[str, str] = {}
        if user_input is None:
            self._suggest_selection()
            self._voice_id = read_choice(self._choices, self._selection.get(CONF_VOICE, self._saved[CONF_VOICE]))
            self._model = self._account.provider.model(self._selection[CONF_MODEL])
            self._dictionaries = await async_choices(self._account, self._model)
        else:
            errors = self._settings_errors(user_input)
            if wrong := await self._async_select(user_input[SECTION_SELECTION]):
                errors[SECTION_SELECTION] = next(iter(wrong.values()))
            if not errors:
                shown, self._answers_before = self._model, user_input
                self._voice_id, self._model = self._selected
                return await self.async_step_settings() if self._model != shown else self._save(user_input)
        is_open = SECTION_SELECTION in errors or self._selection[CONF_MODEL] != self._saved[CONF_MODEL]
        suggested = self._suggested_settings() if user_input is None else dict(user_input)
        schema = settings_schema(
            self._model,
            self._dictionaries,
            hidden=self._hidden,
            selection=selection_schema(self._models, self._language, self._choices),
            selection_open=is_open or self._is_missing(self._saved[CONF_VOICE]),
        )
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(schema, {**suggested, SECTION_SELECTION: self._selection}),
            errors=errors,
            description_placeholders=self._placeholders(
                voice=self._get_reconfigure_subentry().title, model=self._model.name
            ),
            last_step=True,
        )

    async def async_step_settings(self, user_input: Answers | None = None) -> SubentryFlowResult:
        """Ask for a name and the model's settings, and save the voice."""
        errors: dict[str, str] = {}
        if user_input is None:
            self._dictionaries = await async_choices(self._account, self._model)
        elif not (errors := self._settings_errors(user_input)):
            return self._save(user_input)
        schema = settings_schema(self._model, self._dictionaries, hidden=self._hidden)
        return self.async_show_form(
            step_id="settings",
            data_schema=self.add_suggested_values_to_schema(schema, user_input or self._suggested_settings()),
            errors=errors,
            description_placeholders=self._placeholders(voice=self._name_of(self._voice_id), model=self._model.name),
            last_step=True,
        )

    async def _async_step_selection(self, step_id: str, user_input: Answers | None) -> SubentryFlowResult:
        """Ask for language, voice, and model, or only for the language and model of a new clone."""
        errors: dict[str, str] = {}
        if user_input is None:
            self._suggest_selection()
        elif not (errors := await self._async_select(user_input)):
            self._voice_id, self._model = self._selected
            return await self.async_step_settings()
        choices = None if self._cloned else self._choices
        schema = selection_schema(self._models, self._language, choices, voice=self._cloned)
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, self._selection),
            errors=errors,
            description_placeholders=self._placeholders(**({"voice": self._cloned.name} if self._cloned else {})),
            last_step=False,
        )

    def _suggest_selection(self) -> None:
        """Start with the saved selection, or a suggestion for Home Assistant's language."""
        language = self._suggested_language()
        self._language = None if language == DETECTED else language
        models = models_for(self._models, self._language)
        self._selection = {CONF_LANGUAGE: language, CONF_MODEL: models[0].model_id} | self._list_voices(models)

    def _list_voices(self, models: list[Model]) -> dict[str, str]:
        """List the voices for the language and the models. Return the suggested voice and model."""
        voices = self._voices_of(self._language)
        self._choices = voice_choices(voices, models, translate(self.hass))
        return self._suggested_voice(voices, models)

    def _voices_of(self, language: str | None) -> list[VoiceInfo]:
        """Return the voices that speak a language with one of the models."""
        return voices_for(self._account.catalogue.data, language, models_for(self._models, language))

    async def _async_select(self, answers: Answers) -> dict[str, str]:
        """Process the answers for language, voice, and model. Return errors by field.

        If the form is shown again, it lists the voices of the language, and suggests replacements for invalid answers.
        """
        self._selection = dict(answers)
        language = answers[CONF_LANGUAGE]
        self._language = None if language == DETECTED else language
        models = models_for(self._models, self._language)
        model = self._account.provider.model(answers.get(CONF_MODEL, models[0].model_id))
        voice_id = self._cloned.voice_id if self._cloned else read_choice(self._choices, answers[CONF_VOICE])
        if (info := self._info(voice_id)) is None and not self._is_insisted_on(voice_id):
            await self._account.catalogue.async_refresh()  # It may be new
            info = self._info(voice_id)
        errors: dict[str, str] = {}
        if (wrong := self._voice_error(voice_id, info)) is not None:
            errors[CONF_VOICE] = wrong
        if model not in models:
            errors[CONF_MODEL] = "model_without_language"
        elif info is not None and not has_voice(self._account.provider, model, voice_id, info):
            errors[CONF_MODEL] = "model_without_voice"
            self._fitting = [each for each in self._account.provider.models if each.model_id in info.models]
        self._selected = voice_id, model
        suggested = self._list_voices(models)
        if errors.get(CONF_VOICE) == "voice_without_language":
            self._selection.update(suggested)
        elif CONF_VOICE in self._selection:
            self._selection[CONF_VOICE] = shown_choice(self._choices, voice_id)
        if errors.get(CONF_MODEL) == "model_without_language":
            self._selection[CONF_MODEL] = models[0].model_id
        return errors

    def _voice_error(self, voice_id: str, info: VoiceInfo | None) -> str | None:
        """Return the error for a voice. A doubtful voice is accepted when it is submitted a second time."""
        if voice_id in self._account.provider.retired_voices:
            return "voice_retired"
        if self._cloned is not None or voice_id == self._doubted:
            return None
        if info is None:
            if self._is_insisted_on(voice_id):
                return None
            self._doubted = voice_id
            return "voice_unknown"
        if self._language is None or not info.languages or match_language(self._language, info.languages):
            return None
        if (voice_id, self._language) == (self._saved.get(CONF_VOICE), self._saved.get(CONF_LANGUAGE)):
            return None
        self._doubted = voice_id
        return "voice_without_language" if self._voices_of(self._language) else "language_without_voices"

    def _settings_errors(self, answers: Answers) -> dict[str, str]:
        """Return the errors of a voice's settings, by field."""
        chosen = self._chosen_dictionaries(answers)
        errors = {key: "dictionary_unknown" for key in chosen if chosen[key] not in self._dictionaries[key].values()}
        if (fallback := answers.get(CONF_FALLBACK)) is not None and self.source == SOURCE_RECONFIGURE:
            if leads_back(self.hass, fallback, self._get_reconfigure_subentry().subentry_id):
                errors[CONF_FALLBACK] = "fallback_circular"
        return errors

    def _placeholders(self, **texts: str) -> dict[str, str]:
        """Return the placeholders of a form."""
        texts["voices"] = str(len(self._choices))
        texts["models"] = ", ".join(model.name for model in self._fitting)
        link = ""
        if (page := samples_page(self._account, self._language)) is not None:
            # In a new tab: leaving the page would close the form
            link = f'<a href="{page}" target="_blank">{translate(self.hass)("link", "listen to samples")}</a>'
        return {key: literal(text) for key, text in texts.items()} | {"samples": link}

    @property
    def _hidden(self) -> set[str]:
        """Return the settings to hide: those for dictionaries if the account has none."""
        saved = self._saved.get(CONF_SETTINGS, {})
        return {key for key, ids in self._dictionaries.items() if not ids and key not in saved}

    def _save(self, answers: Answers) -> SubentryFlowResult:
        """Save the voice."""
        entry = self._get_entry()
        settings = {**answers, **self._chosen_dictionaries(answers)}
        data = saved_voice(
            self._voice_id, self._model, self._language, settings=settings, finish=answers[SECTION_SOUND]
        )
        if fallback := answers.get(CONF_FALLBACK):
            # By its id in the registry, as an entity may be renamed
            registered = er.async_get(self.hass).async_get(fallback)
            data[CONF_FALLBACK] = registered.id if registered else fallback
        title = answers[CONF_NAME].strip()
        if not title or (self._saved and not self._is_kept(title)):
            title = self._default_name(self._voice_id)
        if self.source == SOURCE_RECONFIGURE:
            return self.async_update_and_abort(entry, self._get_reconfigure_subentry(), data=data, title=title)
        return self.async_create_entry(title=title, data=data)

    def _chosen_dictionaries(self, answers: Answers) -> dict[str, str]:
        """Return the ids of the selected or entered dictionaries, by setting."""
        return {key: read_choice(ids, answers[key]) for key, ids in self._dictionaries.items() if key in answers}

    @property
    def _models(self) -> tuple[Model, ...]:
        """Return the models to choose from.

        These are the models of a new clone, or all models that have voices.
        """
        models = self._account.provider.models
        voices = [self._cloned] if self._cloned else self._account.catalogue.data
        having = {self._saved.get(CONF_MODEL)}
        for voice in voices:
            having.update(voice.models or (model.model_id for model in models))
        return tuple(model for model in models if model.model_id in having) or models

    @property
    def _saved(self) -> Mapping[str, Any]:
        """Return the data of the voice to change, empty for a new one."""
        return self._get_reconfigure_subentry().data if self.source == SOURCE_RECONFIGURE else {}

    def _info(self, voice_id: str) -> VoiceInfo | None:
        """Return the catalogue entry of a voice, or None if it was entered by id or has disappeared."""
        if (info := self._account.catalogue.voice(voice_id)) is None and self._cloned is not None:
            # The service may need a moment to list a new clone
            return self._cloned if self._cloned.voice_id == voice_id else None
        return info

    def _is_insisted_on(self, voice_id: str) -> bool:
        """Return True if a voice is accepted without a catalogue entry.

        It is either saved already, or was submitted a second time.
        """
        return voice_id in (self._saved.get(CONF_VOICE), self._doubted)

    def _name_of(self, voice_id: str) -> str:
        """Return a voice's name, or its id if it is not in the catalogue."""
        return info.name if (info := self._info(voice_id)) else voice_id

    def _default_name(self, voice_id: str) -> str:
        """Return the default name of a new voice, with the account's name because lists of voices do not show it.

        A cloned voice keeps the name that the user gave it.
        """
        info = self._info(voice_id) or VoiceInfo(voice_id=voice_id, name=voice_id)
        return info.name if info.own else f"{self._get_entry().title} {short_name(info, self.hass.config.language)}"

    def _is_kept(self, title: str) -> bool:
        """Return True if the name was given by the user, or the voice is unchanged, so that the name is kept.

        Release 0.1 named voices as their services do.
        """
        saved = self._saved[CONF_VOICE]
        return saved == self._voice_id or title not in (self._default_name(saved), self._name_of(saved))

    def _suggested_language(self) -> str:
        """Return the saved language; for a new voice Home Assistant's, or the first one with voices."""
        if self._saved:
            return str(self._saved.get(CONF_LANGUAGE, DETECTED))
        languages = list(languages_of(self._models, self._cloned))
        if self._wish is not None and (given := self._wish.settings.get(CONF_LANGUAGE)) in languages:
            return str(given)
        languages = [each for each in languages if self._cloned or self._voices_of(each)] or languages
        return match_language(self.hass.config.language, languages) or languages[0]

    def _suggested_voice(self, voices: list[VoiceInfo], models: list[Model]) -> dict[str, str]:
        """Return the saved voice and model if they speak the language, or the first voice of the first model.

        A voice that is not in the catalogue may speak it, too. A retired voice is replaced by the nearest one.
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
        """Return the saved model, or its replacement if it is retired. None if it does not speak the language."""
        saved: str = self._saved.get(CONF_MODEL, "")
        if saved in self._account.provider.retired_models:
            saved = replacement_models(self._account.provider, saved, self._language)[0].model_id
        return next((model for model in models if model.model_id == saved), None)

    def _is_missing(self, voice_id: str) -> bool:
        """Return True if a voice is retired, or in the catalogue but not listed for the language."""
        if voice_id in self._account.provider.retired_voices:
            return True
        return voice_id not in self._choices.values() and self._info(voice_id) is not None

    def _suggested_settings(self) -> dict[str, Any]:
        """Return the saved name and settings. A custom name is kept for another voice; a default name is not.

        For a new voice, the suggested fallback is a local engine, so the text is not sent to another service.
        """
        if not self._saved:
            return {
                CONF_NAME: self._default_name(self._voice_id),
                CONF_FALLBACK: first_local_engine(self.hass, self._language or self.hass.config.language),
            }
        if (before := self._answers_before) is not None:
            name, settings = before[CONF_NAME], {**before, **self._chosen_dictionaries(before)}
            others = {key: before.get(key) for key in (CONF_FALLBACK, SECTION_SOUND)}
        else:
            name, settings = self._get_reconfigure_subentry().title, self._saved[CONF_SETTINGS]
            others = {
                CONF_FALLBACK: fallback_entity_id(self.hass, self._get_reconfigure_subentry()),
                SECTION_SOUND: read_settings(FINISH_SETTINGS, self._saved),
            }
        carried = read_settings(self._model.settings, {}, settings)
        shown = {key: shown_choice(ids, str(carried[key])) for key, ids in self._dictionaries.items() if key in carried}
        name = name if self._is_kept(name) else self._default_name(self._voice_id)
        return {CONF_NAME: name, **carried, **shown, **others}
