"""What the user chose for an account beside its key: its budget, when to be warned, how it speaks. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from homeassistant.const import CONF_CURRENCY

from .budget import Budget, BudgetKind, BudgetUnit, WhenUsedUp

CONF_BUDGET: Final = "budget"
CONF_UNIT: Final = "unit"
CONF_AMOUNT: Final = "amount"
CONF_RENEWAL_DAY: Final = "renewal_day"
CONF_WHEN_USED_UP: Final = "when_used_up"
CONF_PRICE_CHARACTERS: Final = "price_characters"
CONF_PRICE_HOUR: Final = "price_hour"
CONF_PRICE_BULBUL_V2: Final = "price_bulbul_v2"
CONF_PRICE_ASYNC_PRO: Final = "price_async_pro"
CONF_WARN_AT: Final = "warn_at"
CONF_MOST_CHARACTERS: Final = "most_characters"
CONF_OPEN_AHEAD: Final = "open_ahead"
CONF_KEEP_SOUND: Final = "keep_sound"

NO_BUDGET: Final = "none"
DEFAULT_WARN_AT: Final = 10
"""Percent left at which a warning is due, unless the user says otherwise."""
MIN_CHARACTERS: Final = 200
"""The smallest limit of an utterance: a sentence or two."""


_PRICES_CHARACTERS: Final = {CONF_PRICE_BULBUL_V2: "bulbul:v2"}
_PRICES_HOUR: Final = {CONF_PRICE_ASYNC_PRO: "async_pro_v1.0"}
"""The models that have prices of their own, by option."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountOptions:
    """The options of an account.

    `warn_at` is the percentage left at which a warning is due, 0 for never; `most_characters` is what one utterance may
    have, None for any number; `currency` is the ISO 4217 code of a budget in money. `open_ahead` lets a connection be
    opened when a pipeline starts, before there is text; `keep_sound` lets what was spoken stay in memory.
    """

    budget: Budget | None = None
    when_used_up: WhenUsedUp = WhenUsedUp.WARN
    currency: str | None = None
    warn_at: float = DEFAULT_WARN_AT
    most_characters: int | None = None
    open_ahead: bool = True
    keep_sound: bool = True

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """Return the options as they are stored in an entry, the defaults where there are none."""
        return cls(
            budget=_budget(stored),
            when_used_up=WhenUsedUp(stored.get(CONF_WHEN_USED_UP, WhenUsedUp.WARN)),
            currency=stored.get(CONF_CURRENCY),
            warn_at=stored.get(CONF_WARN_AT, DEFAULT_WARN_AT),
            most_characters=int(stored.get(CONF_MOST_CHARACTERS, 0)) or None,
            open_ahead=stored.get(CONF_OPEN_AHEAD, True),
            keep_sound=stored.get(CONF_KEEP_SOUND, True),
        )


def _budget(stored: Mapping[str, Any]) -> Budget | None:
    """Return the budget that was chosen."""
    if stored.get(CONF_BUDGET, NO_BUDGET) == NO_BUDGET:
        return None
    return Budget(
        kind=BudgetKind(stored[CONF_BUDGET]),
        unit=BudgetUnit(stored[CONF_UNIT]),
        amount=float(stored[CONF_AMOUNT]),
        renewal_day=int(stored[CONF_RENEWAL_DAY]),
        price_characters=float(stored[CONF_PRICE_CHARACTERS]),
        price_hour=float(stored[CONF_PRICE_HOUR]),
        prices_characters=_prices(stored, _PRICES_CHARACTERS),
        prices_hour=_prices(stored, _PRICES_HOUR),
    )


def _prices(stored: Mapping[str, Any], models: Mapping[str, str]) -> dict[str, float]:
    """Return the prices that were given for models of their own."""
    return {model: float(stored[option]) for option, model in models.items() if stored.get(option) is not None}
