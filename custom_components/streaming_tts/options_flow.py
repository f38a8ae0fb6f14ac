"""The options of an account: what it may use, when to be warned, how long an utterance may be."""

from collections.abc import Mapping
from typing import Any, Final, override

import voluptuous as vol

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)

from .budget import MAX_AMOUNT, BudgetKind, BudgetUnit, WhenUsedUp
from .const import CONF_PROVIDER
from .options import (
    CONF_AMOUNT,
    CONF_BUDGET,
    CONF_CURRENCY,
    CONF_MOST_CHARACTERS,
    CONF_PRICE_CHARACTERS,
    CONF_PRICE_HOUR,
    CONF_RENEWAL_DAY,
    CONF_UNIT,
    CONF_WARN_AT,
    CONF_WHEN_USED_UP,
    DEFAULT_WARN_AT,
    LEAST_CHARACTERS,
    NO_BUDGET,
)
from .providers.asyncflow import AsyncFlow
from .providers.flow import FlowTTS
from .providers.sarvam import Sarvam

SECTION_BUDGET: Final = "budget_section"
SECTION_PRICES: Final = "prices"

_DEFAULTS: Final[dict[str, dict[str, Any]]] = {
    AsyncFlow.key: {CONF_UNIT: BudgetUnit.HOURS, CONF_PRICE_HOUR: 0.5, CONF_CURRENCY: "USD"},
    Sarvam.key: {CONF_UNIT: BudgetUnit.CHARACTERS, CONF_PRICE_CHARACTERS: 30.0, CONF_CURRENCY: "INR"},
    FlowTTS.key: {CONF_UNIT: BudgetUnit.REQUESTS},
}
"""What a provider charges by, at the prices that it published (`protocols.md` A5, B9); the user changes them."""


class AccountOptionsFlow(OptionsFlow):
    """Asks for the options of an account."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for all, and save it."""
        errors: dict[str, str] = {}
        if user_input is not None:
            options = _flat(user_input)
            if not (errors := _errors(options)):
                return self.async_create_entry(data=options)
        saved = user_input or _nested({**_DEFAULTS[self.config_entry.data[CONF_PROVIDER]], **self.config_entry.options})
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(_schema(), saved),
            errors=errors,
            description_placeholders={"account": self.config_entry.title},
        )

    @property
    @override
    def config_entry(self) -> Any:
        """Return the account, whatever its state."""
        return super().config_entry


def _schema() -> vol.Schema:
    """Return the form."""
    budget = {
        vol.Required(CONF_UNIT, default=BudgetUnit.CHARACTERS): _choice(CONF_UNIT, BudgetUnit),
        vol.Required(CONF_AMOUNT, default=0): _number(0, MAX_AMOUNT, step="any"),
        vol.Required(CONF_RENEWAL_DAY, default=1): _number(1, 31, step=1),
        vol.Required(CONF_WHEN_USED_UP, default=WhenUsedUp.WARN): _choice(CONF_WHEN_USED_UP, WhenUsedUp),
    }
    prices = {
        vol.Required(CONF_PRICE_CHARACTERS, default=0): _number(0, MAX_AMOUNT, step="any"),
        vol.Required(CONF_PRICE_HOUR, default=0): _number(0, MAX_AMOUNT, step="any"),
        vol.Required(CONF_CURRENCY, default="EUR"): TextSelector(),
    }
    return vol.Schema(
        {
            vol.Required(CONF_BUDGET, default=NO_BUDGET): _choice(CONF_BUDGET, [NO_BUDGET, *BudgetKind]),
            vol.Required(SECTION_BUDGET): section(vol.Schema(budget), {"collapsed": False}),
            vol.Required(SECTION_PRICES): section(vol.Schema(prices), {"collapsed": True}),
            vol.Required(CONF_WARN_AT, default=DEFAULT_WARN_AT): _number(0, 99, step=1, unit="%", slider=True),
            vol.Required(CONF_MOST_CHARACTERS, default=0): _number(0, 1_000_000, step=1),
        }
    )


def _choice(key: str, values: Any) -> SelectSelector:
    """Return a choice of words."""
    return SelectSelector(
        SelectSelectorConfig(
            options=[str(value) for value in values], mode=SelectSelectorMode.DROPDOWN, translation_key=key
        )
    )


def _number(
    minimum: float, maximum: float, *, step: float | str, unit: str | None = None, slider: bool = False
) -> NumberSelector:
    """Return a number within bounds."""
    config = NumberSelectorConfig(
        min=minimum, max=maximum, step=step, mode=NumberSelectorMode.SLIDER if slider else NumberSelectorMode.BOX
    )
    if unit is not None:
        config["unit_of_measurement"] = unit
    return NumberSelector(config)
