"""What Sarvam can be asked for: its models with their languages and settings (`protocols.md` B2, B4, B7, B8)."""

from .base import ChoiceSetting, Model, NumberSetting, TextSetting, Voice

V2 = "bulbul:v2"
V3 = "bulbul:v3"
V3_BETA = "bulbul:v3-beta"
V4_FLASH = "bulbul:v4-flash"
CLONED = "cloned"
"""What speaks with cloned voices: an endpoint of its own, which knows no models. The id is ours."""

PCM_RATES = (24000, 8000, 16000, 22050)
PCM_RATES_V2 = (22050, 8000, 16000, 24000)
"""What every transport has; the whole-body endpoint alone goes on to 48 kHz (B2, B4)."""

_WIRE_LANGUAGES = {"or-IN": "od-IN"}
"""BCP 47 tags that the service writes differently: its Odia is `od`, which is no language code."""
_TAGS = {code: tag for tag, code in _WIRE_LANGUAGES.items()}
LANGUAGES = tuple(f"{code}-IN" for code in ("en", "hi", "bn", "gu", "kn", "ml", "mr", "or", "pa", "ta", "te"))
CLONED_LANGUAGES = (*LANGUAGES, "as-IN")

PACE = NumberSetting(key="pace", minimum=0.5, maximum=2.0, step=0.05, default=1.0)
SAMPLE_RATE = ChoiceSetting(key="sample_rate", choices=tuple(map(str, sorted(PCM_RATES))), default="")
"""The rate that is spoken at where a player asks for none; left empty it is the model's own."""
DICTIONARY = TextSetting(key="dict_id", maximum=64)
"""The pronunciation dictionary that is spoken by (B6)."""
_SETTINGS = (
    PACE,
    NumberSetting(key="temperature", minimum=0.01, maximum=1.0, step=0.01, default=0.6),
    SAMPLE_RATE,
    DICTIONARY,
)

MODELS = (
    Model(model_id=V3, name="Bulbul v3", languages=LANGUAGES, settings=_SETTINGS),
    Model(model_id=V4_FLASH, name="Bulbul v4 Flash", languages=LANGUAGES, settings=_SETTINGS),
    Model(model_id=CLONED, name="Cloned voices (beta)", languages=CLONED_LANGUAGES, settings=(PACE, SAMPLE_RATE)),
)
RETIRED_MODELS = {V2: V3, "bulbul:v1": V3, V3_BETA: V3}

_CLONE_PREFIX = "svc-"


def is_cloned(voice: Voice) -> bool:
    """Tell whether a voice speaks through the endpoint for cloned ones, whatever model is named with it."""
    return voice.model == CLONED or voice.voice_id.startswith(_CLONE_PREFIX)


def wire_language(tag: str) -> str:
    """Return what the service calls a language."""
    return _WIRE_LANGUAGES.get(tag, tag)


def tag_of(language: str) -> str:
    """Return the BCP 47 tag of what the service calls a language."""
    return _TAGS.get(language, language)
