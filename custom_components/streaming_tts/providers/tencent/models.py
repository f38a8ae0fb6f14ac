"""What Flow TTS can be asked for with a key of Tencent Cloud: sites, models, settings (docs/dev/protocols.md E)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
import re
from typing import Final

from ..types import ChoiceSetting, Failure, Model, NumberSetting, Price, ProviderError, Setting, SettingValue, Voice

TURBO_1: Final = "flow_01_turbo"
TURBO_2: Final = "flow_02_turbo"
EX: Final = "flow_01_ex"

TURBO_LANGUAGES: Final = ("zh", "en", "ja", "ko", "yue", "ms", "ar", "id", "th", "vi")
EX_LANGUAGES: Final = (
    *TURBO_LANGUAGES, "zh-TW", "ru", "es", "fr", "pt", "de", "tr", "nl", "uk", "it", "pl", "ro", "el", "cs", "fi", "hi",
    "bg", "da", "he", "fa", "sk", "sv", "hr", "tl", "hu", "no", "sl", "ca", "nn", "ta", "af",
)  # fmt: skip
PCM_RATES: Final = (24000, 16000)
"""What both sites document, in Hz; the natural rate first."""

_EMOTIONS = ("happy", "sad", "angry", "fearful", "disgusted", "surprised", "calm", "fluent", "whisper")
_VOICE_SETTINGS: tuple[Setting, ...] = (
    NumberSetting(key="speed", minimum=0.5, maximum=2.0, step=0.05, default=1.0),
    NumberSetting(key="volume", minimum=0.1, maximum=10.0, step=0.1, default=1.0, is_volume=True),
    NumberSetting(key="pitch", minimum=-12, maximum=12, step=1, default=0),
)
_EMOTION = ChoiceSetting(key="emotion", choices=_EMOTIONS, default="")
_PRICE = Price(amount=0.06, currency="USD")
"""Of 1,000 characters of a turbo model; those of the China site and of the other model are unpublished."""

_TURBO_1 = Model(
    model_id=TURBO_1,
    name="Flow 01 Turbo",
    languages=TURBO_LANGUAGES,
    detects_language=True,
    settings=_VOICE_SETTINGS,
    price=_PRICE,
)
_TURBO_2 = Model(
    model_id=TURBO_2,
    name="Flow 02 Turbo",
    languages=TURBO_LANGUAGES,
    detects_language=True,
    settings=_VOICE_SETTINGS,
    price=_PRICE,
)
_EX = Model(
    model_id=EX,
    name="Flow 01 Ex",
    languages=EX_LANGUAGES,
    detects_language=True,
    settings=(*_VOICE_SETTINGS, _EMOTION),
)


class SiteKey(StrEnum):
    """Which of the two Tencent Clouds an account is registered at."""

    CHINA = "china"
    INTERNATIONAL = "international"


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """One of the two Tencent Clouds: its address and region, its models, and the longest texts as `length` counts."""

    base_url: str
    region: str
    models: tuple[Model, ...]
    max_stream_characters: int
    max_body_characters: int


SITES: Final[Mapping[str, Site]] = {
    SiteKey.CHINA: Site(
        base_url="https://trtc.ai.tencentcloudapi.com",
        region="ap-guangzhou",
        models=(_TURBO_2, _EX),
        max_stream_characters=20_000,
        max_body_characters=2_000,
    ),
    SiteKey.INTERNATIONAL: Site(
        base_url="https://trtc.ai.intl.tencentcloudapi.com",
        region="ap-singapore",
        models=(_TURBO_1,),
        max_stream_characters=255,
        max_body_characters=255,
    ),
}

_IDEOGRAPH = re.compile("[\u4e00-\u9fff]")


def length(text: str) -> int:
    """Return the length of a text as the service counts and bills it: ideographs are 2, all other characters 1."""
    return len(text) + len(_IDEOGRAPH.findall(text))


def wire_language(tag: str) -> str:
    """Return what the service calls a language: regions are not told apart but for Taiwan and Hong Kong."""
    language, *rest = tag.lower().replace("_", "-").split("-")
    if language == "zh" and any(part in ("hk", "mo") for part in rest):
        return "yue"
    return "zh-tw" if language == "zh" and "tw" in rest else language


def voice_fields(voice: Voice, model: Model) -> dict[str, object]:
    """Return how a request names a voice with its settings; raises INPUT for a value that the model does not take.

    Fields that the service does not know may be refused, so that a setting of another model is left out.
    """
    values = {setting.key: _value(setting, voice.options) for setting in model.settings}
    return {"VoiceId": voice.voice_id, **{key.capitalize(): value for key, value in values.items() if value != ""}}


def _value(setting: Setting, options: Mapping[str, SettingValue]) -> SettingValue:
    value = options.get(setting.key, setting.default)
    if isinstance(setting, NumberSetting):
        # Neither a word, nor yes or no, nor NaN, which is within no bounds
        good = not isinstance(value, bool | str) and setting.minimum <= value <= setting.maximum
        if good and setting.step == 1:  # the service takes an integer; a form or a template gives a float
            return round(float(value))
    else:
        good = isinstance(setting, ChoiceSetting) and value in (setting.default, *setting.choices)
    if not good:
        raise ProviderError(Failure.INPUT, code="setting", setting=setting.key)
    return value
