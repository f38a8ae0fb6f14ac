"""The options of an account: when to be warned, how long an utterance may be, a budget; and the lexicon of the house."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

import voluptuous as vol

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import CONF_CURRENCY
from homeassistant.data_entry_flow import section
from homeassistant.generated.currencies import ACTIVE_CURRENCIES
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from ..account.budget import MAX_AMOUNT, BudgetKind, BudgetUnit, WhenUsedUp, amount_of
from ..account.options import (
    CONF_AMOUNT,
    CONF_BUDGET,
    CONF_KEEP_SOUND,
    CONF_MOST_CHARACTERS,
    CONF_OPEN_AHEAD,
    CONF_PRICE_ASYNC_PRO,
    CONF_PRICE_BULBUL_V2,
    CONF_PRICE_CHARACTERS,
    CONF_PRICE_HOUR,
    CONF_RENEWAL_DAY,
    CONF_UNIT,
    CONF_WARN_AT,
    CONF_WHEN_USED_UP,
    DEFAULT_WARN_AT,
    MIN_CHARACTERS,
    NO_BUDGET,
)
from ..const import CONF_PROVIDER
from ..providers.asyncflow import AsyncFlow
from ..providers.flow_tts import FlowTTS
from ..providers.sarvam import Sarvam
from .pronunciations import PronunciationSteps

type Answers = Mapping[str, Any]

SECTION_PRICES: Final = "prices"
MAX_CHARACTERS: Final = 1_000_000

_UNITS: Final[dict[str, dict[str, Any]]] = {
    AsyncFlow.key: {CONF_UNIT: BudgetUnit.HOURS, CONF_PRICE_HOUR: 0.5, CONF_PRICE_ASYNC_PRO: 1.0, CONF_CURRENCY: "USD"},
    Sarvam.key: {
        CONF_UNIT: BudgetUnit.CHARACTERS,
        CONF_PRICE_CHARACTERS: 30.0,
        CONF_PRICE_BULBUL_V2: 15.0,
        CONF_CURRENCY: "INR",
    },
    FlowTTS.key: {CONF_UNIT: BudgetUnit.REQUESTS},
}
"""What a provider charges by, at the prices that it publishes (`protocols.md` A5, B9); the user may know better."""


_MODEL_PRICES: Final = {AsyncFlow.key: CONF_PRICE_ASYNC_PRO, Sarvam.key: CONF_PRICE_BULBUL_V2}
"""The price of the model that costs something else than the others of its provider; they are all alike without it."""


class AccountOptionsFlow(PronunciationSteps):
    """Asks for the options of an account; a budget has a step of its own, and the lexicon pages of its own."""

    _options: dict[str, Any]

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what it is about: the account, or the words that are the same for all accounts."""
        return self.async_show_menu(
            step_id="init",
            menu_options=["account", "pronunciations"],
            description_placeholders={"account": self.config_entry.title},
        )

    async def async_step_account(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for warnings, the limit of an utterance, whether there is a budget, and what speeds speech up."""
        if user_input is not None:
            self._options = dict(user_input)
            if user_input[CONF_BUDGET] == NO_BUDGET:
                return self.async_create_entry(data=self._options)
            return await self.async_step_budget()
        return self.async_show_form(
            step_id="account",
            data_schema=self.add_suggested_values_to_schema(_account_schema(), self.config_entry.options),
            description_placeholders={"account": self.config_entry.title},
        )

    async def async_step_budget(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the budget, and save all."""
        schema = _budget_schema(BudgetKind(self._options[CONF_BUDGET]), self.config_entry.data[CONF_PROVIDER])
        errors: dict[str, str] = {}
        if user_input is not None:
            answers = {**user_input, **user_input[SECTION_PRICES]}
            del answers[SECTION_PRICES]
            if not (errors := _errors(answers)):
                return self.async_create_entry(data={CONF_RENEWAL_DAY: 1, **self._options, **answers})
        return self.async_show_form(
            step_id="budget",
            data_schema=self.add_suggested_values_to_schema(schema, user_input or self._suggested()),
            errors=errors,
            description_placeholders={"account": self.config_entry.title},
        )

    def _suggested(self) -> dict[str, Any]:
        """Return the saved budget; for a new one what the provider charges by."""
        known = dict(self.config_entry.options)
        if CONF_AMOUNT not in known:
            known = {**_UNITS[self.config_entry.data[CONF_PROVIDER]], **known}
        return {**known, SECTION_PRICES: known}


def _account_schema() -> vol.Schema:
    """Return the form for warnings, limit, kind of budget, and what speeds speech up."""
    return vol.Schema(
        {
            vol.Required(CONF_WARN_AT, default=DEFAULT_WARN_AT): NumberSelector(
                NumberSelectorConfig(min=0, max=99, step=1, mode=NumberSelectorMode.SLIDER, unit_of_measurement="%")
            ),
            vol.Optional(CONF_MOST_CHARACTERS): _number(MIN_CHARACTERS, MAX_CHARACTERS, step=1),
            vol.Required(CONF_BUDGET, default=NO_BUDGET): _choice(CONF_BUDGET, [NO_BUDGET, *BudgetKind]),
            vol.Required(CONF_OPEN_AHEAD, default=True): BooleanSelector(),
            vol.Required(CONF_KEEP_SOUND, default=True): BooleanSelector(),
        }
    )


def _budget_schema(kind: BudgetKind, provider: str) -> vol.Schema:
    """Return the form for a budget; only an allowance is renewed, and only some providers have models of two prices."""
    fields: dict[vol.Marker, Any] = {
        vol.Required(CONF_UNIT): _choice(CONF_UNIT, BudgetUnit),
        vol.Required(CONF_AMOUNT): _number(0, MAX_AMOUNT, step="any"),
    }
    if kind is BudgetKind.MONTHLY:
        fields[vol.Required(CONF_RENEWAL_DAY, default=1)] = _number(1, 31, step=1)
    prices: dict[vol.Marker, Any] = {
        vol.Required(CONF_PRICE_CHARACTERS, default=0): _number(0, MAX_AMOUNT, step="any"),
        vol.Required(CONF_PRICE_HOUR, default=0): _number(0, MAX_AMOUNT, step="any"),
    }
    if (price := _MODEL_PRICES.get(provider)) is not None:
        prices[vol.Optional(price)] = _number(0, MAX_AMOUNT, step="any")
    prices[vol.Required(CONF_CURRENCY, default="EUR")] = SelectSelector(
        SelectSelectorConfig(options=sorted(ACTIVE_CURRENCIES), mode=SelectSelectorMode.DROPDOWN)
    )
    return vol.Schema(
        {
            **fields,
            vol.Required(CONF_WHEN_USED_UP, default=WhenUsedUp.WARN): _choice(CONF_WHEN_USED_UP, WhenUsedUp),
            vol.Required(SECTION_PRICES): section(vol.Schema(prices), {"collapsed": True}),
        }
    )


def _errors(answers: Answers) -> dict[str, str]:
    """Return what is wrong with a budget; what is wrong in the section is shown above the form, as that may be closed."""
    prices = [answers[CONF_PRICE_CHARACTERS], answers[CONF_PRICE_HOUR]]
    prices += [answers[option] for option in _MODEL_PRICES.values() if option in answers]
    if None in [amount_of(value) for value in (answers[CONF_AMOUNT], *prices)]:
        return {"base": "amount_invalid"}
    if answers[CONF_UNIT] == BudgetUnit.MONEY and not any(prices):
        return {"base": "price_missing"}
    return {}


def _choice(key: str, values: Iterable[str]) -> SelectSelector:
    """Return a choice of words."""
    return SelectSelector(
        SelectSelectorConfig(
            options=[str(value) for value in values], mode=SelectSelectorMode.DROPDOWN, translation_key=key
        )
    )


def _number(minimum: float, maximum: float, *, step: float | Literal["any"]) -> NumberSelector:
    """Return a field for a number within bounds."""
    return NumberSelector(NumberSelectorConfig(min=minimum, max=maximum, step=step, mode=NumberSelectorMode.BOX))
