"""What Sarvam can be asked for: its models with their languages and settings (docs/dev/protocols.md B2, B4, B7, B8)."""

import re

from ..types import Model, NumberSetting, Price, TextSetting, Voice

V3 = "bulbul:v3"
V4_FLASH = "bulbul:v4-flash"
CLONED = "cloned"
"""What speaks with cloned voices: an endpoint of its own, which knows no models. The id is ours."""

PCM_RATES = (24000, 8000, 16000, 22050)
"""Sample rates that all transports have, the best one first; only REST goes up to 48 kHz (docs/dev/protocols.md B2,
B4).

Each request says its rate, as the descriptions disagree about the one of the service's own choice.
"""

_WIRE_LANGUAGES = {"or-IN": "od-IN"}
"""BCP 47 tags that the service writes differently: its Odia is `od`, which is no language code."""
_TAGS = {code: tag for tag, code in _WIRE_LANGUAGES.items()}
LANGUAGES = tuple(f"{code}-IN" for code in ("en", "hi", "bn", "gu", "kn", "ml", "mr", "or", "pa", "ta", "te"))
CLONED_LANGUAGES = (*LANGUAGES, "as-IN")

PACE = NumberSetting(key="pace", minimum=0.5, maximum=2.0, step=0.05, default=1.0)
DICTIONARY = TextSetting(key="dict_id", maximum=64)
"""The pronunciation dictionary that is spoken by (docs/dev/protocols.md B6)."""
TONE = (
    NumberSetting(key="pitch", minimum=-0.5, maximum=0.5, step=0.05, default=0.0),
    NumberSetting(key="loudness", minimum=0.1, maximum=2.5, step=0.1, default=1.0, is_volume=True),
)
"""Are sent only where they change something: for months v3 refused them even when they did not (docs/dev/protocols.md
B2)."""
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
"""Numbers of more than four digits are read whole only with thousands separators (docs/dev/protocols.md B8)."""
DEFAULT_VOICES = dict.fromkeys(LANGUAGES, "shubh")
"""Any speaker speaks all languages (docs/dev/protocols.md B8); this is the service's own default."""
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
    """Return True if a voice speaks through the endpoint for cloned ones, whatever model is named with it."""
    return voice.model == CLONED or voice.voice_id.startswith(_CLONE_PREFIX)


def wire_language(tag: str) -> str:
    """Return what the service calls a language."""
    return _WIRE_LANGUAGES.get(tag, tag)


def tag_of(language: str) -> str:
    """Return the BCP 47 tag of what the service calls a language."""
    return _TAGS.get(language, language)


def has_spoken_character(text: str) -> bool:
    """Return True if a text has a letter of a script that a language of the service is written in, or a digit.

    A text without any is refused (docs/dev/protocols.md B8). Digits alone were seen spoken, in dograh-hq/pipecat, pull
    request 45.
    """
    return any(character.isalnum() for character in _SPOKEN.findall(text))
