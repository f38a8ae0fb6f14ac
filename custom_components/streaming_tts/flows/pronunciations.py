"""The options pages for pronunciations, which all accounts share: list, add, change, and remove entries."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, override

import voluptuous as vol

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow, UnknownEntry
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.selector import (
    BooleanSelector,
    LanguageSelector,
    LanguageSelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)

from ..const import CONF_PROVIDER
from ..lexicon.store import MAX_PRONUNCIATIONS, Pronunciations, TooManyError, limits, shared_pronunciations
from ..providers import PROVIDERS
from ..speech.text.lexicon import (
    EVERY_LANGUAGE,
    MAX_PAUSE,
    MIN_PAUSE,
    Pronunciation,
    PronunciationError,
    PronunciationField,
)
from ..voices.languages import askable_languages
from .voice_forms import DETECTED

if TYPE_CHECKING:
    from ..account.runtime import StreamingTtsConfigEntry

CONF_ENTRY: Final = "entry"
CONF_REMOVE: Final = "remove"

_LANGUAGES: Final = askable_languages(
    tag for provider in PROVIDERS.values() for model in provider.models for tag in model.languages
)


class PronunciationSteps(OptionsFlow):
    """Steps about the lexicon; each change is kept at once, and the account's own options stay as they are."""

    _chosen: Pronunciation

    @property
    @override
    def config_entry(self) -> StreamingTtsConfigEntry:
        """Return the account; ends the flow if it was removed while the form was open, or its provider is unknown."""
        try:
            entry = super().config_entry
        except UnknownEntry:
            raise AbortFlow("entry_removed") from None
        if entry.data[CONF_PROVIDER] not in PROVIDERS:
            raise AbortFlow("provider_unknown")
        return entry

    async def async_step_pronunciations(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Offer what can be done."""
        lexicon = self._pronunciations.lexicon
        choices = ["add_pronunciation", "choose_pronunciation"] if lexicon else ["add_pronunciation"]
        return self.async_show_menu(
            step_id="pronunciations",
            menu_options=[*choices, "leave"],
            description_placeholders={"count": str(len(lexicon))},
        )

    async def async_step_leave(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """End with the account's options as they were."""
        return self.async_create_entry(data=dict(self.config_entry.options))

    async def async_step_add_pronunciation(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a word and how it is said."""
        problem = None
        if user_input is not None:
            problem = await self._async_keep(user_input)
            if problem is None:
                return await self.async_step_pronunciations()
        return self._form("add_pronunciation", _entry_schema(), user_input or {}, problem)

    async def async_step_choose_pronunciation(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show all entries, and ask which is to be changed."""
        if user_input is not None:
            language, _, word = user_input[CONF_ENTRY].partition(" ")
            if (chosen := self._pronunciations.find(word, language)) is None:  # Removed meanwhile, by an action
                return await self.async_step_pronunciations()
            self._chosen = chosen
            return await self.async_step_change_pronunciation()
        options = [
            SelectOptionDict(value=f"{each.language} {each.word}", label=_line(each))
            for each in self._pronunciations.lexicon
        ]
        selector = SelectSelector(SelectSelectorConfig(options=options, mode=SelectSelectorMode.DROPDOWN))
        return self._form("choose_pronunciation", vol.Schema({vol.Required(CONF_ENTRY): selector}), {}, None)

    async def async_step_change_pronunciation(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for how a word is said now, or whether its entry is removed."""
        problem = None
        if user_input is not None:
            answers = dict(user_input)
            if answers.pop(CONF_REMOVE):
                await self._pronunciations.async_remove(self._chosen)
            else:
                problem = await self._async_keep(answers, instead_of=self._chosen)
            if problem is None:
                return await self.async_step_pronunciations()
        schema = _entry_schema().extend({vol.Required(CONF_REMOVE, default=False): BooleanSelector()})
        return self._form("change_pronunciation", schema, user_input or _answers(self._chosen), problem)

    @property
    def _pronunciations(self) -> Pronunciations:
        return shared_pronunciations(self.hass)

    def _form(
        self, step: str, schema: vol.Schema, answers: Mapping[str, Any], problem: PronunciationError | None
    ) -> ConfigFlowResult:
        part = PronunciationField.WORD if problem is None else problem.part
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(schema, answers),
            errors={} if problem is None else {part.value: problem.reason},
            description_placeholders={
                "count": str(len(self._pronunciations.lexicon)),
                "most_entries": str(MAX_PRONUNCIATIONS),
                **limits(part),
            },
        )

    async def _async_keep(
        self, answers: Mapping[str, Any], instead_of: Pronunciation | None = None
    ) -> PronunciationError | None:
        """Keep the entry of a form, in place of another; returns what is wrong with it, None where it is kept."""
        language = answers[PronunciationField.LANGUAGE]
        try:
            entry = Pronunciation.of(
                **{**answers, PronunciationField.LANGUAGE: EVERY_LANGUAGE if language == DETECTED else language}
            )
        except PronunciationError as error:
            return error
        others = [each for each in self._pronunciations.lexicon if instead_of is None or each.key != instead_of.key]
        if any(each.key == entry.key for each in others):
            return PronunciationError(PronunciationField.WORD, "pronunciation_known")
        try:
            await self._pronunciations.async_replace([*others, entry])
        except TooManyError:
            return PronunciationError(PronunciationField.WORD, "pronunciations_too_many")
        return None


def _entry_schema() -> vol.Schema:
    """Return the form for an entry."""
    pause = NumberSelectorConfig(
        min=MIN_PAUSE, max=MAX_PAUSE, step=10, unit_of_measurement="ms", mode=NumberSelectorMode.BOX
    )
    return vol.Schema(
        {
            vol.Required(PronunciationField.WORD.value): TextSelector(),
            vol.Required(PronunciationField.LANGUAGE.value, default=DETECTED): LanguageSelector(
                LanguageSelectorConfig(languages=[DETECTED, *_LANGUAGES])
            ),
            vol.Optional(PronunciationField.RESPELLING.value): TextSelector(),
            vol.Optional(PronunciationField.IPA.value): TextSelector(),
            vol.Required(PronunciationField.DIGITS.value, default=False): BooleanSelector(),
            vol.Optional(PronunciationField.PAUSE.value): NumberSelector(pause),
        }
    )


def _answers(entry: Pronunciation) -> dict[str, Any]:
    """Return what the form for an entry is filled with."""
    language = DETECTED if entry.language == EVERY_LANGUAGE else entry.language
    return {PronunciationField.WORD: entry.word, PronunciationField.LANGUAGE: language, **entry.fields}


def _line(entry: Pronunciation) -> str:
    """Return an entry in a line: its word, language, and how it is said."""
    said = [
        entry.respelling,
        f"/{entry.ipa}/" if entry.ipa else None,
        "1-2-3" if entry.digits else None,
        f"{entry.pause} ms" if entry.pause else None,
    ]
    return f"{entry.word} ({entry.language}) → {' · '.join(filter(None, said))}"
