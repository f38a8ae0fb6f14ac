"""The options flow: warnings, limits, loudness, and budget of an account, and the shared pronunciations."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, override

import probatio as vol

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow, UnknownEntry
from homeassistant.const import CONF_CURRENCY
from homeassistant.data_entry_flow import AbortFlow, section
from homeassistant.generated.currencies import ACTIVE_CURRENCIES
from homeassistant.helpers.selector import BooleanSelector, NumberSelectorMode, SelectOptionDict, TextSelector

from ..account.options import (
    CONF_AMOUNT,
    CONF_EVEN_LOUDNESS,
    CONF_MOST_CHARACTERS,
    CONF_PRICE,
    CONF_RENEWAL_DAY,
    CONF_STOP_AT_LIMIT,
    CONF_UNIT,
    CONF_WARN_AT,
    DEFAULT_WARN_AT,
    MIN_CHARACTERS,
)
from ..account.quota import MAX_AMOUNT, BudgetUnit, amount_of
from ..const import CONF_PROVIDER
from ..errors import literal
from ..lexicon.store import MAX_PRONUNCIATIONS, PRONUNCIATIONS, Pronunciations, limits
from ..providers import PROVIDERS
from ..providers.provider import Provider, QuotaSource
from ..speech.text.lexicon import (
    EVERY_LANGUAGE,
    MAX_PAUSE,
    MIN_PAUSE,
    Pronunciation,
    PronunciationError,
    PronunciationField,
)
from ..voices.languages import askable_languages
from .forms import DETECTED, Answers, dropdown, language_field, number_field

if TYPE_CHECKING:
    from ..account.runtime import StreamingTtsConfigEntry

CONF_ENTRY: Final = "entry"
CONF_REMOVE: Final = "remove"

_LANGUAGES: Final = askable_languages(
    tag for provider in PROVIDERS.values() for model in provider.models for tag in model.languages
)


class PronunciationSteps(OptionsFlow):
    """Steps for the lexicon. Each change is saved immediately, independent of the account's own options."""

    _chosen: Pronunciation

    @property
    @override
    def config_entry(self) -> StreamingTtsConfigEntry:
        """Return the account. Abort the flow if it was removed while the form was open, or its provider is unknown."""
        try:
            entry = super().config_entry
        except UnknownEntry:
            raise AbortFlow("entry_removed") from None
        if entry.data[CONF_PROVIDER] not in PROVIDERS:
            raise AbortFlow("provider_unknown")
        return entry

    async def async_step_pronunciations(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the actions for the lexicon."""
        lexicon = self._pronunciations.lexicon
        choices = ["add_pronunciation", "choose_pronunciation"] if lexicon else ["add_pronunciation"]
        return self.async_show_menu(
            step_id="pronunciations",
            menu_options=[*choices, "leave"],
            description_placeholders={"count": str(len(lexicon))},
        )

    async def async_step_leave(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Finish without changing the account's options."""
        return self.async_create_entry(data=dict(self.config_entry.options))

    async def async_step_add_pronunciation(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a word and its pronunciation."""
        problem = None
        if user_input is not None:
            try:
                return await self._async_keep(user_input)
            except PronunciationError as error:
                problem = error
        return self._form("add_pronunciation", _entry_schema(), user_input or {}, problem)

    async def async_step_choose_pronunciation(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show all entries, and ask which one to change."""
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
        schema = vol.Schema({vol.Required(CONF_ENTRY): dropdown(options=options)})
        return self._form("choose_pronunciation", schema, {}, None)

    async def async_step_change_pronunciation(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the new pronunciation of a word, or whether to remove it."""
        problem = None
        if user_input is not None:
            answers = dict(user_input)
            try:
                return await self._async_keep(None if answers.pop(CONF_REMOVE) else answers, instead_of=self._chosen)
            except PronunciationError as error:
                problem = error
        schema = _entry_schema().extend({vol.Required(CONF_REMOVE, default=False): BooleanSelector()})
        return self._form("change_pronunciation", schema, user_input or _answers(self._chosen), problem)

    @property
    def _pronunciations(self) -> Pronunciations:
        return self.hass.data[PRONUNCIATIONS]

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

    async def _async_keep(self, answers: Answers | None, instead_of: Pronunciation | None = None) -> ConfigFlowResult:
        """Save the entry of a form, or remove one, and show the menu again.

        Raises `PronunciationError`.
        """
        entries = [each for each in self._pronunciations.lexicon if instead_of is None or each.key != instead_of.key]
        if answers is not None:
            language = answers[PronunciationField.LANGUAGE]
            entry = Pronunciation.of(
                **{**answers, PronunciationField.LANGUAGE: EVERY_LANGUAGE if language == DETECTED else language}
            )
            if any(each.key == entry.key for each in entries):
                raise PronunciationError(PronunciationField.WORD, "pronunciation_known")
            entries.append(entry)
        await self._pronunciations.async_replace(entries)
        return await self.async_step_pronunciations()


def _entry_schema() -> vol.Schema:
    """Return the form for an entry."""
    return vol.Schema(
        {
            vol.Required(PronunciationField.WORD.value): TextSelector(),
            vol.Required(PronunciationField.LANGUAGE.value, default=DETECTED): language_field([DETECTED, *_LANGUAGES]),
            vol.Optional(PronunciationField.RESPELLING.value): TextSelector(),
            vol.Optional(PronunciationField.IPA.value): TextSelector(),
            vol.Required(PronunciationField.DIGITS.value, default=False): BooleanSelector(),
            vol.Optional(PronunciationField.PAUSE.value): number_field(
                min=MIN_PAUSE, max=MAX_PAUSE, step=10, unit_of_measurement="ms"
            ),
        }
    )


def _answers(entry: Pronunciation) -> dict[str, Any]:
    """Return the form values of an entry."""
    language = DETECTED if entry.language == EVERY_LANGUAGE else entry.language
    return {PronunciationField.WORD: entry.word, PronunciationField.LANGUAGE: language, **entry.fields}


def _line(entry: Pronunciation) -> str:
    """Return an entry as one line: its word, its language if it has one, and its pronunciation."""
    said = [
        entry.respelling,
        f"/{entry.ipa}/" if entry.ipa else None,
        "1-2-3" if entry.digits else None,
        f"{entry.pause} ms" if entry.pause else None,
    ]
    language = "" if entry.language == EVERY_LANGUAGE else f" ({entry.language})"
    return f"{entry.word}{language} → {' · '.join(filter(None, said))}"


SECTION_BUDGET: Final = "budget"
MAX_CHARACTERS: Final = 1_000_000


class AccountOptionsFlow(PronunciationSteps):
    """Asks for the options of an account. The lexicon has separate pages."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whether to change the account or the shared pronunciations."""
        return self.async_show_menu(
            step_id="init",
            menu_options=["account", "pronunciations"],
            description_placeholders={"account": literal(self.config_entry.title)},
        )

    async def async_step_account(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for warnings, the character limit, loudness and budget, and save them."""
        provider = PROVIDERS[self.config_entry.data[CONF_PROVIDER]]
        errors: dict[str, str] = {}
        if user_input is not None:
            answers = {key: value for key, value in user_input.items() if key != SECTION_BUDGET}
            if CONF_AMOUNT in (budget := user_input[SECTION_BUDGET]):
                answers |= {CONF_UNIT: provider.billing_unit.value, **budget}
                errors = _errors(answers, provider)
            if not errors:
                return self.async_create_entry(data=answers)
        schema = _schema(provider, self.hass.config.currency, self.config_entry.options)
        saved = {**self.config_entry.options, SECTION_BUDGET: self.config_entry.options}
        return self.async_show_form(
            step_id="account",
            data_schema=self.add_suggested_values_to_schema(schema, user_input or saved),
            errors=errors,
            description_placeholders={"account": literal(self.config_entry.title)},
        )


def _schema(provider: type[Provider], currency: str, saved: Answers) -> vol.Schema:
    """Return the form. Money is in the currency of the published prices.

    Without a published or saved price, a budget is in the service's billing unit. A service that reports its quota
    renews it by its own rules, so the form asks for a renewal day only if one is saved.
    """
    budget: dict[vol.Marker, Any] = {vol.Optional(CONF_AMOUNT): number_field(min=0, max=MAX_AMOUNT, step="any")}
    price = provider.published_price(None)
    has_money = price is not None or CONF_PRICE in saved or saved.get(CONF_UNIT) == BudgetUnit.MONEY
    if has_money:
        budget[vol.Required(CONF_UNIT, default=provider.billing_unit.value)] = dropdown(
            options=[provider.billing_unit.value, BudgetUnit.MONEY.value], translation_key=CONF_UNIT
        )
    if not issubclass(provider, QuotaSource) or CONF_RENEWAL_DAY in saved:
        budget[vol.Optional(CONF_RENEWAL_DAY)] = number_field(min=1, max=31, step=1)
    budget[vol.Required(CONF_STOP_AT_LIMIT, default=False)] = BooleanSelector()
    if has_money:
        budget[vol.Optional(CONF_PRICE)] = number_field(min=0, max=MAX_AMOUNT, step="any")
        budget[vol.Required(CONF_CURRENCY, default=price.currency if price else currency)] = dropdown(
            options=sorted(ACTIVE_CURRENCIES)
        )
    return vol.Schema(
        {
            vol.Required(CONF_WARN_AT, default=DEFAULT_WARN_AT): number_field(
                min=0, max=99, step=1, unit_of_measurement="%", mode=NumberSelectorMode.SLIDER
            ),
            vol.Optional(CONF_MOST_CHARACTERS): number_field(min=MIN_CHARACTERS, max=MAX_CHARACTERS, step=1),
            vol.Required(CONF_EVEN_LOUDNESS, default=False): BooleanSelector(),
            vol.Required(SECTION_BUDGET): section(vol.Schema(budget), {"collapsed": False}),
        }
    )


def _errors(budget: Answers, provider: type[Provider]) -> dict[str, str]:
    """Return the errors of a budget at its section, because fields in a section show no errors."""
    if not all(amount_of(budget[key]) for key in (CONF_AMOUNT, CONF_PRICE) if key in budget):
        return {SECTION_BUDGET: "amount_invalid"}
    if budget[CONF_UNIT] == BudgetUnit.MONEY and CONF_PRICE not in budget:
        published = provider.published_price(None)
        if published is None or published.currency != budget[CONF_CURRENCY]:
            return {SECTION_BUDGET: "price_missing"}
    return {}
