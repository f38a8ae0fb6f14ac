"""What the user is told of quota, budget and fallbacks: issues that come when something runs out and go by themselves."""

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er, issue_registry as ir

from .account.runtime import Account, StreamingTtsConfigEntry
from .const import CONF_FALLBACK, DOMAIN, TROUBLESHOOTING_URL
from .issues import IssueData, voice_data
from .markup import literal
from .providers.types import Quota

QUOTA_LOW = "quota_low"
QUOTA_EXHAUSTED = "quota_exhausted"
BUDGET_LOW = "budget_low"
BUDGET_EXHAUSTED = "budget_exhausted"
FALLBACK_GONE = "fallback_gone"


@callback
def update_quota(hass: HomeAssistant, account: Account) -> None:
    """Say what runs out and what has run out, and take back what is no longer so.

    Where the service says that nothing is left, nothing is said of a budget, which goes by that.
    """
    exhausted = account.quota_exhausted is True
    over = account.allowance.exhausted is True
    due = {
        QUOTA_EXHAUSTED: exhausted,
        QUOTA_LOW: not exhausted and _is_low(account, _percent_left(account.quota)),
        BUDGET_EXHAUSTED: over and not exhausted,
        BUDGET_LOW: not over and not exhausted and _is_low(account, account.allowance.percent_left),
    }
    placeholders = {"account": literal(account.entry.title), "percent": f"{account.options.warn_at:g}"}
    for issue, is_due in due.items():
        _update(hass, issue, account.entry.entry_id, placeholders, is_due=is_due)


@callback
def update_fallbacks(hass: HomeAssistant, entry: StreamingTtsConfigEntry) -> None:
    """Say which voices have lost their fallback, and take back what was said of those that have one again, or none."""
    for subentry in entry.subentries.values():
        _update(
            hass,
            FALLBACK_GONE,
            subentry.subentry_id,
            {"account": literal(entry.title), "name": literal(subentry.title)},
            is_due=_has_lost_fallback(hass, subentry),
            data=voice_data(entry, subentry),
        )


@callback
def delete_all(hass: HomeAssistant, entry: StreamingTtsConfigEntry) -> None:
    """Take back all that was said of an account; what was said of its voices goes with `issues.delete_all`."""
    for issue in (QUOTA_LOW, QUOTA_EXHAUSTED, BUDGET_LOW, BUDGET_EXHAUSTED):
        ir.async_delete_issue(hass, DOMAIN, f"{issue}_{entry.entry_id}")


def _update(
    hass: HomeAssistant,
    issue: str,
    about: str,
    placeholders: dict[str, str],
    *,
    is_due: bool,
    data: IssueData | None = None,
) -> None:
    """Make an issue be there if it is due, and only then."""
    if not is_due:
        ir.async_delete_issue(hass, DOMAIN, f"{issue}_{about}")
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{issue}_{about}",
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key=issue,
        translation_placeholders=placeholders,
        learn_more_url=TROUBLESHOOTING_URL,
        data=data,
    )


def _is_low(account: Account, percent_left: float | None) -> bool:
    """Tell whether so little is left that the user wants to know."""
    return percent_left is not None and 0 < account.options.warn_at >= percent_left


def _percent_left(quota: Quota | None) -> float | None:
    """Return the share of a quota that is left, None where nobody knows."""
    if quota is None or quota.remaining is None or not quota.limit:
        return None
    return 100.0 * quota.remaining / quota.limit


def _has_lost_fallback(hass: HomeAssistant, subentry: ConfigSubentry) -> bool:
    """Tell whether a voice's fallback is none any more; one that was never in the registry is not known to be gone."""
    chosen: str | None = subentry.data.get(CONF_FALLBACK)
    return chosen is not None and er.async_resolve_entity_id(er.async_get(hass), chosen) is None
