"""The action that clones a voice from a recording in the local media."""

from typing import Any, Final

import probatio

from homeassistant.components.media_player.const import ATTR_MEDIA_CONTENT_ID
from homeassistant.const import ATTR_CONFIG_ENTRY_ID, CONF_LANGUAGE, CONF_NAME, CONF_OPTIONS
from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv

from ..cloning.session import (
    CloneError,
    CloneFailure,
    async_clone,
    async_open_media,
    async_prepare,
    check_allowed,
    read_wish,
)
from ..errors import failed, invalid
from ..providers.capabilities import Cloning
from ..providers.types import ChoiceSetting
from ..voices.languages import match_language
from . import account_of
from .voices import told

ATTR_CONSENT: Final = "consent"
ATTR_CONSENTED_AT: Final = "consented_at"
ATTR_MEDIA: Final = "media"
ATTR_SHORT: Final = "short"

CLONE_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required(ATTR_CONFIG_ENTRY_ID): cv.string,
        probatio.Required(ATTR_MEDIA): probatio.Schema(
            {probatio.Required(ATTR_MEDIA_CONTENT_ID): cv.string}, extra=probatio.REMOVE_EXTRA
        ),
        probatio.Required(CONF_NAME): cv.string,
        probatio.Required(ATTR_CONSENT): cv.boolean,
        probatio.Optional(CONF_OPTIONS, default=dict): {cv.string: probatio.Any(str, bool, int, float)},
    }
)


async def async_clone_voice(call: ServiceCall) -> ServiceResponse:
    """Make a voice of a recording.

    Answers with the voice, when consent to it was confirmed, and whether a longer one is advised.
    """
    account = account_of(call)
    provider = account.provider
    if not isinstance(provider, Cloning):
        raise invalid("no_cloning", provider=provider.name)
    if not call.data[ATTR_CONSENT]:
        raise invalid("consent_missing")
    wish = read_wish(provider, call.data[CONF_NAME], _options(call, provider))
    try:
        check_allowed(account, provider)
        with await async_open_media(call.hass, call.data[ATTR_MEDIA][ATTR_MEDIA_CONTENT_ID]) as file:
            recording = await async_prepare(account, provider, file)
        voice = await async_clone(account, provider, recording, wish)
    except CloneFailure as failure:
        raise failed(failure.key, **failure.placeholders) from None
    except CloneError as refusal:
        raise invalid(refusal.key, **refusal.placeholders) from None
    if not call.return_response:
        return None
    return {
        **told(account, voice),
        ATTR_CONSENTED_AT: wish.consented_at.isoformat(),
        ATTR_SHORT: recording.short,
    }


def _options(call: ServiceCall, provider: Cloning) -> dict[str, Any]:
    """Return the options, the language by the service's own tag; raises `ServiceValidationError` for unknown ones."""
    settings = {setting.key: setting for setting in provider.clone_settings}
    options: dict[str, Any] = dict(call.data[CONF_OPTIONS])
    if unknown := [key for key in options if key not in settings]:
        raise invalid("clone_option_unknown", option=", ".join(unknown), options=", ".join(settings) or "–")
    language = settings.get(CONF_LANGUAGE)
    if CONF_LANGUAGE in options and isinstance(language, ChoiceSetting):
        wanted = str(options[CONF_LANGUAGE])
        options[CONF_LANGUAGE] = match_language(wanted, language.choices) or wanted
    return options
