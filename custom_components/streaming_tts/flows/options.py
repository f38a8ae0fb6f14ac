"""The options of an account: warnings, limits, even loudness, a budget; and the shared lexicon."""

from collections.abc import Mapping
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

from ..account.budget import MAX_AMOUNT, BudgetUnit, amount_of
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
from ..const import CONF_PROVIDER
from ..errors import literal
from ..providers import PROVIDERS
from ..providers.provider import Provider, QuotaSource
from .pronunciations import PronunciationSteps

type Answers = Mapping[str, Any]

SECTION_BUDGET: Final = "budget"
MAX_CHARACTERS: Final = 1_000_000


class AccountOptionsFlow(PronunciationSteps):
    """Asks for the options of an account; the lexicon has pages of its own."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what it is about: the account, or the words that are the same for all accounts."""
        return self.async_show_menu(
            step_id="init",
            menu_options=["account", "pronunciations"],
            description_placeholders={"account": literal(self.config_entry.title)},
        )

    async def async_step_account(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the warning, the limit of an utterance and the budget, and save all."""
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
    """Return the form; money is in the currency of the published prices.

    Where no prices are published, and none is saved, a budget is in what the service bills by. A service that says what
    is left renews that by its own rules, so that no day is asked for, unless one is saved.
    """
    budget: dict[vol.Marker, Any] = {vol.Optional(CONF_AMOUNT): _number(0, MAX_AMOUNT, step="any")}
    price = provider.published_price(None)
    has_money = price is not None or CONF_PRICE in saved or saved.get(CONF_UNIT) == BudgetUnit.MONEY
    if has_money:
        budget[vol.Required(CONF_UNIT, default=provider.billing_unit.value)] = SelectSelector(
            SelectSelectorConfig(
                options=[provider.billing_unit.value, BudgetUnit.MONEY.value],
                mode=SelectSelectorMode.DROPDOWN,
                translation_key=CONF_UNIT,
            )
        )
    if not issubclass(provider, QuotaSource) or CONF_RENEWAL_DAY in saved:
        budget[vol.Optional(CONF_RENEWAL_DAY)] = _number(1, 31, step=1)
    budget[vol.Required(CONF_STOP_AT_LIMIT, default=False)] = BooleanSelector()
    if has_money:
        budget[vol.Optional(CONF_PRICE)] = _number(0, MAX_AMOUNT, step="any")
        budget[vol.Required(CONF_CURRENCY, default=price.currency if price else currency)] = SelectSelector(
            SelectSelectorConfig(options=sorted(ACTIVE_CURRENCIES), mode=SelectSelectorMode.DROPDOWN)
        )
    return vol.Schema(
        {
            vol.Required(CONF_WARN_AT, default=DEFAULT_WARN_AT): NumberSelector(
                NumberSelectorConfig(min=0, max=99, step=1, mode=NumberSelectorMode.SLIDER, unit_of_measurement="%")
            ),
            vol.Optional(CONF_MOST_CHARACTERS): _number(MIN_CHARACTERS, MAX_CHARACTERS, step=1),
            vol.Required(CONF_EVEN_LOUDNESS, default=False): BooleanSelector(),
            vol.Required(SECTION_BUDGET): section(vol.Schema(budget), {"collapsed": False}),
        }
    )


def _errors(budget: Answers, provider: type[Provider]) -> dict[str, str]:
    """Return what is wrong with a budget, above its section: fields within one show no errors."""
    if not all(amount_of(budget[key]) for key in (CONF_AMOUNT, CONF_PRICE) if key in budget):
        return {SECTION_BUDGET: "amount_invalid"}
    if budget[CONF_UNIT] == BudgetUnit.MONEY and CONF_PRICE not in budget:
        published = provider.published_price(None)
        if published is None or published.currency != budget[CONF_CURRENCY]:
            return {SECTION_BUDGET: "price_missing"}
    return {}


def _number(minimum: float, maximum: float, *, step: float | Literal["any"]) -> NumberSelector:
    """Return a field for a number within bounds."""
    return NumberSelector(NumberSelectorConfig(min=minimum, max=maximum, step=step, mode=NumberSelectorMode.BOX))
