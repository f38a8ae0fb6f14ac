"""Models of Sarvam with their languages and settings (docs/dev/protocols.md B2, B4, B7, B8)."""

import re

from ..types import Model, NumberSetting, Price, TextSetting, Voice

V3 = "bulbul:v3"
V4_FLASH = "bulbul:v4-flash"
CLONED = "cloned"
"""Our own model ID for cloned voices, whose endpoint has no models."""

PCM_RATES = (24000, 8000, 16000, 22050)
"""Sample rates of all transports, the best one first. Only REST supports up to 48 kHz (docs/dev/protocols.md B2, B4).

Every request contains its rate, because the documents disagree about the default.
"""

_WIRE_LANGUAGES = {"or-IN": "od-IN"}
"""The service's codes that differ from the BCP 47 tag. Its code of Odia, `od`, isn't a language code."""
_TAGS = {code: tag for tag, code in _WIRE_LANGUAGES.items()}
LANGUAGES = tuple(f"{code}-IN" for code in ("en", "hi", "bn", "gu", "kn", "ml", "mr", "or", "pa", "ta", "te"))
CLONED_LANGUAGES = (*LANGUAGES, "as-IN")

PACE = NumberSetting(key="pace", minimum=0.5, maximum=2.0, step=0.05, default=1.0)
DICTIONARY = TextSetting(key="dict_id", maximum=64)
"""The ID of a pronunciation dictionary (docs/dev/protocols.md B6)."""
TONE = (
    NumberSetting(key="pitch", minimum=-0.5, maximum=0.5, step=0.05, default=0.0),
    NumberSetting(key="loudness", minimum=0.1, maximum=2.5, step=0.1, default=1.0, is_volume=True),
)
"""Only sent if they aren't neutral. For months, v3 rejected them even if neutral (docs/dev/protocols.md B2)."""
_TEMPERATURE = NumberSetting(key="temperature", minimum=0.01, maximum=1.0, step=0.01, default=0.6)

MODELS = (
    Model(
        model_id=V3,
        name="Bulbul v3",
        languages=LANGUAGES,
        settings=(PACE, _TEMPERATURE, *TONE, DICTIONARY),
        price=Price(amount=3.0, currency="INR"),  # per 1,000 characters (docs/dev/protocols.md B9)
        needs_thousands_separators=True,
    ),
    Model(
        model_id=V4_FLASH,
        name="Bulbul v4 Flash",
        languages=LANGUAGES,
        settings=(PACE, *TONE, DICTIONARY),
        needs_thousands_separators=True,
    ),
    Model(
        model_id=CLONED,
        name="Cloned voices (beta)",
        languages=CLONED_LANGUAGES,
        settings=(PACE,),
        needs_thousands_separators=True,
    ),
)
"""Numbers of more than four digits are only read as one number with thousands separators (docs/dev/protocols.md B8)."""
DEFAULT_VOICES = dict.fromkeys(LANGUAGES, "shubh")
"""Every speaker supports all languages (docs/dev/protocols.md B8). This one is the service's default."""
RETIRED_MODELS = {"bulbul:v1": V3, "bulbul:v2": V3, "bulbul:v3-beta": V3}

_SPOKEN = re.compile(
    "["
    "0-9A-Za-z\u00c0-\u024f"  # Latin
    "\u0600-\u06ff\u0750-\u077f"  # Arabic: Kashmiri, Sindhi, Urdu
    "\u0900-\u0d7f"  # Devanagari, Bengali, Gurmukhi, Gujarati, Odia, Tamil, Telugu, Kannada, Malayalam
    "\u1c50-\u1c7f"  # Ol Chiki: Santali
    "\uabc0-\uabff"  # Meetei Mayek: Manipuri
    "]"
)

_CLONE_PREFIX = "svc-"


def is_cloned(voice: Voice) -> bool:
    """Return True if a voice uses the endpoint for cloned voices, whatever its model."""
    return voice.model == CLONED or voice.voice_id.startswith(_CLONE_PREFIX)


def wire_language(tag: str) -> str:
    """Return the service's code of a language."""
    return _WIRE_LANGUAGES.get(tag, tag)


def tag_of(language: str) -> str:
    """Return the BCP 47 tag of a language code of the service."""
    return _TAGS.get(language, language)


def has_spoken_character(text: str) -> bool:
    """Return True if a text has a digit, or a letter in a script of the service's languages.

    Any other text is rejected (docs/dev/protocols.md B8). Digits alone were spoken in dograh-hq/pipecat, pull request
    45.
    """
    return any(character.isalnum() for character in _SPOKEN.findall(text))
