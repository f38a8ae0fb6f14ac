"""What the user is asked to mend: repair issues that come when something is wrong and go when it is not."""

from collections.abc import Container

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import CONF_MODEL, CONF_VOICE, DOMAIN, TROUBLESHOOTING_URL
from .coordinator import CatalogueCoordinator
from .markup import literal

type IssueData = dict[str, str | int | float | None]

VOICE_GONE = "voice_gone"
MODEL_RETIRED = "model_retired"
OUTDATED = "outdated"


@callback
def create_outdated(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Say that the service speaks another version of its protocol by now."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{OUTDATED}_{entry.entry_id}",
        is_fixable=False,
        severity=ir.IssueSeverity.ERROR,
        translation_key=OUTDATED,
        translation_placeholders={"account": literal(entry.title)},
        learn_more_url=TROUBLESHOOTING_URL,
    )


@callback
def create_voice_gone(hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry) -> None:
    """Say that the service no longer has a saved voice, and let the user choose another; kept over restarts."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        voice_gone_id(subentry.subentry_id),
        is_fixable=True,
        is_persistent=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=VOICE_GONE,
        translation_placeholders={
            "account": literal(entry.title),
            "name": literal(subentry.title),
            "voice": literal(subentry.data[CONF_VOICE]),
        },
        learn_more_url=TROUBLESHOOTING_URL,
        data=voice_data(entry, subentry),
    )


@callback
def delete_voice_gone(hass: HomeAssistant, subentry: ConfigSubentry) -> None:
    """Take back what was said of a saved voice."""
    ir.async_delete_issue(hass, DOMAIN, voice_gone_id(subentry.subentry_id))


@callback
def create_model_retired(hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry) -> None:
    """Create the repair of a voice whose saved model is retired. It takes the place of the one of a missing voice."""
    delete_voice_gone(hass, subentry)
    ir.async_create_issue(
        hass,
        DOMAIN,
        _model_retired_id(subentry),
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=MODEL_RETIRED,
        translation_placeholders={
            "account": literal(entry.title),
            "name": literal(subentry.title),
            "model": literal(subentry.data[CONF_MODEL]),
        },
        learn_more_url=TROUBLESHOOTING_URL,
        data={**voice_data(entry, subentry), "model": subentry.data[CONF_MODEL]},
    )


@callback
def delete_model_retired(hass: HomeAssistant, subentry: ConfigSubentry) -> None:
    """Delete the repair of a voice whose saved model is retired."""
    ir.async_delete_issue(hass, DOMAIN, _model_retired_id(subentry))


@callback
def update_voices(
    hass: HomeAssistant, entry: ConfigEntry, catalogue: CatalogueCoordinator, retired_models: Container[str]
) -> None:
    """Say which saved voices the newest catalogue has dropped, and take back what was said of voices that it has.

    A voice that was never in a catalogue was typed in by the user, who will know why. Of one that is saved with a
    retired model only that is said, since the voice may have gone with it.
    """
    offered = {voice.voice_id for voice in catalogue.data}
    for issue_id, data in _voice_issues(hass, entry):
        subentry = entry.subentries.get(str(data["subentry_id"]))
        if (
            subentry is None
            or subentry.data[CONF_VOICE] != data["voice"]
            or subentry.data[CONF_MODEL] != data.get("model", subentry.data[CONF_MODEL])
        ):
            ir.async_delete_issue(hass, DOMAIN, issue_id)
    for subentry in entry.subentries.values():
        if subentry.data[CONF_MODEL] in retired_models:
            create_model_retired(hass, entry, subentry)
        elif subentry.data[CONF_VOICE] in offered:
            delete_voice_gone(hass, subentry)
        elif subentry.data[CONF_VOICE] in catalogue.dropped:
            create_voice_gone(hass, entry, subentry)


@callback
def delete_all(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Take back all that was said of an account."""
    ir.async_delete_issue(hass, DOMAIN, f"{OUTDATED}_{entry.entry_id}")
    for issue_id, _ in _voice_issues(hass, entry):
        ir.async_delete_issue(hass, DOMAIN, issue_id)


def voice_gone_id(subentry_id: str) -> str:
    """Return the id of the issue about a saved voice."""
    return f"{VOICE_GONE}_{subentry_id}"


def _model_retired_id(subentry: ConfigSubentry) -> str:
    """Return the id of the issue about the retired model of a saved voice."""
    return f"{MODEL_RETIRED}_{subentry.subentry_id}"


def voice_data(entry: ConfigEntry, subentry: ConfigSubentry) -> IssueData:
    """Return what an issue about a saved voice keeps of it, by which it is found again."""
    return {
        "entry_id": entry.entry_id,
        "subentry_id": subentry.subentry_id,
        "voice": subentry.data[CONF_VOICE],
    }


def _voice_issues(hass: HomeAssistant, entry: ConfigEntry) -> list[tuple[str, IssueData]]:
    """Return the id and data of each issue about a saved voice of an account."""
    return [
        (issue.issue_id, issue.data)
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN and issue.data is not None and issue.data.get("entry_id") == entry.entry_id
    ]
