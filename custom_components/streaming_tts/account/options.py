"""Options of an account: warnings, limits, loudness normalization, a budget. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from homeassistant.const import CONF_CURRENCY

from .quota import Budget, BudgetUnit

CONF_UNIT: Final = "unit"
CONF_AMOUNT: Final = "amount"
CONF_RENEWAL_DAY: Final = "renewal_day"
CONF_STOP_AT_LIMIT: Final = "stop_at_limit"
CONF_PRICE: Final = "price"
CONF_WARN_AT: Final = "warn_at"
CONF_MOST_CHARACTERS: Final = "most_characters"
CONF_EVEN_LOUDNESS: Final = "even_loudness"

DEFAULT_WARN_AT: Final = 10
"""Default percentage left at which a warning is due."""
MIN_CHARACTERS: Final = 200
"""The smallest character limit of an utterance: one or two sentences."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountOptions:
    """The options of an account.

    `warn_at` is the percentage left at which a warning is due, 0 for never. `most_characters` is the character limit
    of an utterance, None for no limit. With `stop_at_limit`, no requests are sent once the budget is used up. `price`
    replaces the published price, and `currency` is the ISO 4217 code of a budget in money. With `even_loudness`, all
    voices are adjusted to the same loudness. It is off for accounts of release 0.1, which did not store it.
    """

    budget: Budget | None = None
    stop_at_limit: bool = False
    price: float | None = None
    currency: str | None = None
    warn_at: float = DEFAULT_WARN_AT
    most_characters: int | None = None
    even_loudness: bool = False

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """Return the options stored in an entry, with defaults for missing ones."""
        return cls(
            budget=_budget(stored),
            stop_at_limit=stored.get(CONF_STOP_AT_LIMIT, False),
            price=stored.get(CONF_PRICE),
            currency=stored.get(CONF_CURRENCY),
            warn_at=stored.get(CONF_WARN_AT, DEFAULT_WARN_AT),
            most_characters=int(stored.get(CONF_MOST_CHARACTERS, 0)) or None,
            even_loudness=bool(stored.get(CONF_EVEN_LOUDNESS, False)),
        )


def _budget(stored: Mapping[str, Any]) -> Budget | None:
    """Return the configured budget, or None without an amount."""
    if CONF_AMOUNT not in stored:
        return None
    return Budget(
        unit=BudgetUnit(stored[CONF_UNIT]),
        amount=float(stored[CONF_AMOUNT]),
        renewal_day=int(stored[CONF_RENEWAL_DAY]) if CONF_RENEWAL_DAY in stored else None,
    )
