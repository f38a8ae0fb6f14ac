"""What the user chose for an account beside its key: warnings, limits, even loudness, a budget. Pure."""

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
"""Percent left at which a warning is due, unless the user says otherwise."""
MIN_CHARACTERS: Final = 200
"""The smallest limit of an utterance: a sentence or two."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountOptions:
    """The options of an account.

    `warn_at` is the percentage left at which a warning is due, 0 for never; `most_characters` is what one utterance may
    have, None for any number. With `stop_at_limit` no request is made once the budget is used up. `price` is what the
    user pays in place of the published prices, `currency` the ISO 4217 code of a budget in money. With `even_loudness`
    all voices are brought to the same loudness; accounts of release 0.1, which stored nothing of it, go on without.
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
        """Return the options as they are stored in an entry, the defaults where there are none."""
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
    """Return the budget that was chosen; without an amount there is none."""
    if CONF_AMOUNT not in stored:
        return None
    return Budget(
        unit=BudgetUnit(stored[CONF_UNIT]),
        amount=float(stored[CONF_AMOUNT]),
        renewal_day=int(stored[CONF_RENEWAL_DAY]) if CONF_RENEWAL_DAY in stored else None,
    )
