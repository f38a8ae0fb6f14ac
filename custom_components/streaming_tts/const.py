"""Constants of the Streaming TTS integration."""

from datetime import timedelta
import logging
from typing import Final

DOMAIN: Final = "streaming_tts"
LOGGER = logging.getLogger(__package__)

TROUBLESHOOTING_URL: Final = "https://github.com/streaming-tts/ha-streaming-tts/blob/main/docs/troubleshooting.md"

SUBENTRY_TYPE_VOICE: Final = "voice"

CONF_PROVIDER: Final = "provider"
CONF_BASE_URL: Final = "base_url"
CONF_REFRESH_TOKEN: Final = "refresh_token"
CONF_AUTH_URL: Final = "auth_url"
CONF_PUBLIC_KEY: Final = "public_key"
CONF_DETAILS: Final = "details"
"""Additional credential fields, by field of the form."""

CONF_VOICE: Final = "voice"
CONF_SETTINGS: Final = "settings"
CONF_LEAD_IN: Final = "lead_in"
CONF_LEAD_OUT: Final = "lead_out"
CONF_GAIN: Final = "gain"
CONF_FIRST_CLAUSE: Final = "first_clause"
CONF_CLEAN: Final = "clean"

SECTION_CONNECTION: Final = "connection"
SECTION_SELECTION: Final = "selection"
SECTION_SOUND: Final = "sound"

MAX_LEAD_IN: Final = 3.0
"""The longest silence before the speech, in seconds."""
MAX_LEAD_OUT: Final = 3.0
"""The longest silence after the speech, in seconds."""
MAX_GAIN: Final = 20.0
"""The largest volume adjustment in dB, in both directions."""

CATALOGUE_INTERVAL: Final = timedelta(hours=12)
CATALOGUE_RETRY_INTERVAL: Final = timedelta(minutes=5)

LEDGER_SAVE_DELAY: Final = 2.0
"""Seconds for which counts are buffered before they are written. After a crash, the journal has estimates of them."""

STORAGE_VERSION: Final = 1
"""Version of the files in the storage folder. A later version cannot be read."""
STORAGE_MINOR_VERSION: Final = 1
"""Minor version of these files. A later one can be read; its additional data is ignored."""

CONF_FALLBACK: Final = "fallback"
OPTION_FALLBACK: Final = "fallback"
"""Whether fallbacks may take over. False if the voice is itself used as a fallback."""
OPTION_DICTIONARY: Final = "dictionary_changed"
"""The time of the newest dictionary change. It only affects the key of Home Assistant's cache."""
OPTION_SPOKEN_BY: Final = "spoken_by"
"""The fallback that speaks while the account is unavailable. It only affects the key of Home Assistant's cache."""
OPTION_PRONUNCIATIONS: Final = "pronunciations"
"""A digest of the lexicon's words for a voice. It only affects the key of Home Assistant's cache."""
OPTION_LOUDNESS: Final = "loudness_measured"
"""A digest of the loudness gains of an account's voices. It only affects the key of Home Assistant's cache."""
OPTION_TEXT_RULES: Final = "text_rules"
"""The version of the text rules. It only affects the key of Home Assistant's cache."""

BUDGET: Final = "budget"
"""The code of a QUOTA failure that was not reported by the service: the budget is used up."""

UNREACHABLE_REST: Final = timedelta(seconds=30)
QUOTA_REST: Final = timedelta(hours=1)
"""The backoff of an account whose quota is used up, if its renewal is unknown."""
