"""All repair issues in one table. They are created and deleted by the current state."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntryChange, ConfigSubentry
from homeassistant.const import CONF_MODEL
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from .const import CONF_FALLBACK, CONF_VOICE, DOMAIN, TROUBLESHOOTING_URL
from .errors import literal

if TYPE_CHECKING:
    from .account.runtime import Account, StreamingTtsConfigEntry


type IssueData = dict[str, str | int | float | None]


class Kind(StrEnum):
    """The kinds of issues, by translation key."""

    OUTDATED = "outdated"
    QUOTA_LOW = "quota_low"
    QUOTA_EXHAUSTED = "quota_exhausted"
    BUDGET_LOW = "budget_low"
    BUDGET_EXHAUSTED = "budget_exhausted"
    VOICE_GONE = "voice_gone"
    MODEL_RETIRED = "model_retired"
    FALLBACK_GONE = "fallback_gone"
    STORAGE_UNREADABLE = "storage_unreadable"


_ERRORS: Final = {Kind.OUTDATED, Kind.STORAGE_UNREADABLE}
_FIXABLE: Final = {Kind.VOICE_GONE, Kind.MODEL_RETIRED, Kind.STORAGE_UNREADABLE}


@dataclass(frozen=True, kw_only=True, slots=True)
class Issue:
    """An active issue: its kind, the id of its subject, its placeholders, and the data of its repair flow."""

    kind: Kind
    about: str
    placeholders: dict[str, str]
    data: IssueData

    @property
    def issue_id(self) -> str:
        """Return the id in the issue registry."""
        return f"{self.kind}_{self.about}"

    @callback
    def async_create(self, hass: HomeAssistant) -> None:
        """Create or update the issue. An issue about an unreadable file persists until it is confirmed."""
        ir.async_create_issue(
            hass,
            DOMAIN,
            self.issue_id,
            is_fixable=self.kind in _FIXABLE,
            is_persistent=self.kind is Kind.STORAGE_UNREADABLE,
            severity=ir.IssueSeverity.ERROR if self.kind in _ERRORS else ir.IssueSeverity.WARNING,
            translation_key=self.kind,
            translation_placeholders={
                **{key: literal(text) for key, text in self.placeholders.items()},
                "help": TROUBLESHOOTING_URL,
            },
            learn_more_url=TROUBLESHOOTING_URL,
            data=self.data,
        )


@callback
def async_setup_issues(hass: HomeAssistant) -> None:
    """Delete the issues of an account when it is disabled, and those of a voice when it is removed."""

    @callback
    def entry_changed(_change: ConfigEntryChange, entry: StreamingTtsConfigEntry) -> None:
        if entry.domain != DOMAIN:
            return
        if entry.disabled_by is not None:
            delete_all(hass, entry)
        for issue_id, data in _issues_of(hass, entry):
            if "subentry_id" in data and data["subentry_id"] not in entry.subentries:
                ir.async_delete_issue(hass, DOMAIN, issue_id)

    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, entry_changed)


@callback
def delete_all(hass: HomeAssistant, entry: StreamingTtsConfigEntry) -> None:
    """Delete all issues of an account."""
    for issue_id, _ in _issues_of(hass, entry):
        ir.async_delete_issue(hass, DOMAIN, issue_id)


@callback
def async_follow(hass: HomeAssistant, account: Account) -> CALLBACK_TYPE:
    """Create and delete the issues of an account when it changes. Return a function that stops this."""

    @callback
    def update(_event: Event[er.EventEntityRegistryUpdatedData] | None = None) -> None:
        if account.storage.retired:
            return
        due = {issue.issue_id: issue for issue in (*_account_issues(account), *_voice_issues(hass, account))}
        for issue_id, _ in _issues_of(hass, account.entry):
            if issue_id not in due and not issue_id.startswith(Kind.STORAGE_UNREADABLE):
                ir.async_delete_issue(hass, DOMAIN, issue_id)
        for issue in due.values():
            issue.async_create(hass)

    @callback
    def catalogue_changed() -> None:
        account.async_reconsider_voices()
        update()

    for voice in _reported_voices(hass, account.entry):
        account.storage.async_refuse(voice, retired=False)
    catalogue_changed()
    stops = (
        account.ledger.async_add_listener(update),
        account.catalogue.async_add_listener(catalogue_changed),
        hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, update),
    )

    @callback
    def stop() -> None:
        for each in stops:
            each()

    return stop


@callback
def create_set_aside(hass: HomeAssistant, key: str, path: str) -> None:
    """Create an issue about an unreadable file, with the path that it was moved to."""
    entry_id = key.removeprefix(f"{DOMAIN}.").rpartition(".")[0]
    placeholders = {"file": key, "path": path}
    data: IssueData = {"entry_id": entry_id} if entry_id else {}
    Issue(kind=Kind.STORAGE_UNREADABLE, about=key, placeholders=placeholders, data=data).async_create(hass)


def _reported_voices(hass: HomeAssistant, entry: StreamingTtsConfigEntry) -> list[tuple[str, str]]:
    """Return the voice and model of each voice reported as gone. Release 0.1 stored this only in the issue."""
    return [
        (subentry.data[CONF_VOICE], subentry.data[CONF_MODEL])
        for issue_id, data in _issues_of(hass, entry)
        if issue_id.startswith(Kind.VOICE_GONE)
        and (subentry := entry.subentries.get(str(data.get("subentry_id")))) is not None
        and subentry.data[CONF_VOICE] == data.get("voice")
    ]


def _account_issues(account: Account) -> Iterator[Issue]:
    """Yield the issues of an account.

    If the service reports that the quota is used up, there are no budget issues, as the budget follows the quota.
    """
    state, budget = account.quota_state, account.budget
    exhausted = state.exhausted is True
    level = None if state.quota is None else state.quota.percent_left
    over, counted = budget.exhausted is True, budget.percent_left
    warn_at = account.options.warn_at
    due = {
        Kind.OUTDATED: account.outdated,
        Kind.QUOTA_EXHAUSTED: exhausted,
        Kind.QUOTA_LOW: not exhausted and level is not None and 0 < warn_at >= level,
        Kind.BUDGET_EXHAUSTED: over and not exhausted,
        Kind.BUDGET_LOW: not over and not exhausted and counted is not None and 0 < warn_at >= counted,
    }
    entry = account.entry
    placeholders = {"account": entry.title, "percent": f"{warn_at:g}"}
    for kind, is_due in due.items():
        if is_due:
            yield Issue(kind=kind, about=entry.entry_id, placeholders=placeholders, data={"entry_id": entry.entry_id})


def _voice_issues(hass: HomeAssistant, account: Account) -> Iterator[Issue]:
    """Yield the issues of an account's saved voices.

    A retired model hides the issue of a missing voice, which may have been removed with its model.
    """
    for subentry in account.entry.subentries.values():
        voice_id, model = subentry.data[CONF_VOICE], subentry.data[CONF_MODEL]
        is_retired = account.storage.refused.get((voice_id, model))
        if model in account.provider.retired_models or is_retired:
            yield _voice_issue(Kind.MODEL_RETIRED, account, subentry, {"model": model})
        elif is_retired is not None:
            yield _voice_issue(Kind.VOICE_GONE, account, subentry, {})
        # A fallback that was never in the registry is not reported as missing
        fallback: Any = subentry.data.get(CONF_FALLBACK)
        if fallback is not None and er.async_resolve_entity_id(er.async_get(hass), fallback) is None:
            yield _voice_issue(Kind.FALLBACK_GONE, account, subentry, {})


def _voice_issue(kind: Kind, account: Account, subentry: ConfigSubentry, more: dict[str, str]) -> Issue:
    """Return an issue about a saved voice."""
    voice: str = subentry.data[CONF_VOICE]
    ids = {"entry_id": account.entry.entry_id, "subentry_id": subentry.subentry_id}
    return Issue(
        kind=kind,
        about=subentry.subentry_id,
        placeholders={"account": account.entry.title, "name": subentry.title, "voice": voice, **more},
        data={**ids, "voice": voice, **more},
    )


def _issues_of(hass: HomeAssistant, entry: StreamingTtsConfigEntry) -> list[tuple[str, IssueData]]:
    """Return the id and data of each issue of an account."""
    return [
        (issue.issue_id, issue.data)
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN and issue.data is not None and issue.data.get("entry_id") == entry.entry_id
    ]
