"""Names and numbers of the Streaming TTS integration."""

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
"""What belongs to the key of an account, by field of the form."""

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
"""Seconds of silence that may be put before the speech."""
MAX_LEAD_OUT: Final = 3.0
"""Seconds of silence that may be put behind the speech."""
MAX_GAIN: Final = 20.0
"""Decibels by which the speech may be made louder or softer."""

CATALOGUE_INTERVAL: Final = timedelta(hours=12)
CATALOGUE_RETRY_INTERVAL: Final = timedelta(minutes=5)

LEDGER_SAVE_DELAY: Final = 2.0
"""Seconds for which counts are held back before they are written: what a crash may cost."""

STORAGE_VERSION: Final = 1
"""Version of the files in the storage folder; one of a later version cannot be read."""
STORAGE_MINOR_VERSION: Final = 1
"""Minor version of these files; one of a later one is read without what it has beyond this one."""

CONF_FALLBACK: Final = "fallback"
OPTION_FALLBACK: Final = "fallback"
"""Whether another voice may take over; False where one voice is already the fallback of another."""
OPTION_DICTIONARY: Final = "dictionary_changed"
"""When a dictionary was changed here last. It has no effect but on the key of Home Assistant's own cache."""
OPTION_SPOKEN_BY: Final = "spoken_by"
"""Who speaks while an account is known to be down. It has no effect but on the key of Home Assistant's own cache."""
OPTION_PRONUNCIATIONS: Final = "pronunciations"
"""A digest of the words that the lexicon has for a voice. It has no effect but on the key of that cache either."""
OPTION_LOUDNESS: Final = "loudness_measured"
"""A digest of the gains that bring the voices of an account to the same loudness, for the key of that cache as well."""
OPTION_TEXT_RULES: Final = "text_rules"
"""The version of the rules by which texts are read here. It has no effect but on the key of that cache either."""

BUDGET: Final = "budget"
"""The code of a QUOTA failure of our own: the budget is used up."""

UNREACHABLE_REST: Final = timedelta(seconds=30)
QUOTA_REST: Final = timedelta(hours=1)
"""How long an account whose quota is used up is left alone where no time of renewal is known."""
