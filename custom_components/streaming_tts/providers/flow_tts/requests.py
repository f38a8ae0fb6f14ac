"""What Flow TTS can be asked for.

Its models with their settings, and the body of a request (docs/dev/protocols.md C1, C2).
"""

from ..types import ChoiceSetting, Failure, Model, NumberSetting, ProviderError, SettingValue, Voice
from .voices import EX_LANGUAGES, LANGUAGES, TURBO_LANGUAGES, wire_language

MAX_CHARACTERS = 5000
"""The longest text of a request (page 003), as `length` counts."""

_NUMBERS = (
    NumberSetting(key="speed", minimum=0.5, maximum=2.0, step=0.05, default=1.0),
    NumberSetting(key="volume", minimum=0.1, maximum=10.0, step=0.1, default=1.0, is_volume=True),
    NumberSetting(key="pitch", minimum=-12, maximum=12, step=1, default=0),
)
_EMOTIONS = ("happy", "sad", "angry", "fearful", "disgusted", "surprised", "calm", "fluent", "whisper")
_EMOTION = ChoiceSetting(key="emotion", choices=_EMOTIONS, default="")

MODELS = (
    Model(model_id="flow_01_turbo", name="Flow 01 Turbo", languages=LANGUAGES, settings=_NUMBERS),
    Model(model_id="flow_02_turbo", name="Flow 02 Turbo", languages=TURBO_LANGUAGES, settings=_NUMBERS),
    Model(model_id="flow_01_ex", name="Flow 01 Ex", languages=EX_LANGUAGES, settings=(*_NUMBERS, _EMOTION)),
)


def length(text: str) -> int:
    """Return the length of a text as the service counts it, in UTF-16 code units.

    The service is a JavaScript server (docs/dev/protocols.md C2). No other usual count is longer, so that a text that
    fits by this one fits by any.
    """
    return len(text.encode("utf-16-le", errors="surrogatepass")) // 2


def speech_body(voice: Voice, model: Model, text: str, *, container: str, sample_rate: int) -> dict[str, object]:
    """Return the body that has a text spoken, readable to both contracts.

    The portal reads `ttsConfig` (docs/dev/protocols.md C1), the open-sourced backend the flat fields
    (docs/dev/protocols.md C2). Both ignore unknown fields, and which of them answers is known only after a request has
    been charged. Only the backend has `container` (`wav` or `pcm`) and `sample_rate`. Raises INPUT before sending for
    values that the service would refuse or silently change, and charge.
    """
    if not text.strip() or length(text) > MAX_CHARACTERS:
        raise ProviderError(Failure.INPUT, code="text_length", setting="text")
    settings = {
        setting.key: _value(setting, voice.options)
        for setting in model.settings
        if isinstance(setting, NumberSetting | ChoiceSetting)
    }
    language = {} if voice.language is None else {"language": wire_language(voice.language)}
    # The page writes its fields with a capital; an emotion, which it does not know, is the backend's alone.
    config = {key.capitalize(): value for key, value in {**settings, **language}.items() if key != "emotion"}
    return {
        "text": text,
        "ttsConfig": {"TTSType": "flow", "VoiceId": voice.voice_id, "Model": voice.model, **config},
        "voiceId": voice.voice_id,
        "model": voice.model,
        **language,
        "format": container,
        "sampleRate": sample_rate,
        **{key: value for key, value in settings.items() if value != ""},
    }


def _value(setting: NumberSetting | ChoiceSetting, options: dict[str, SettingValue]) -> SettingValue:
    """Return the value of a setting; raises INPUT for one that the model does not take."""
    value = options.get(setting.key, setting.default)
    if isinstance(setting, ChoiceSetting):
        good = value in (setting.default, *setting.choices)
    else:
        # Neither a word, nor yes or no, nor NaN, which is within no bounds.
        good = not isinstance(value, bool | str) and setting.minimum <= value <= setting.maximum
    if not good:
        raise ProviderError(Failure.INPUT, code="setting", setting=setting.key)
    # A pitch counts semitones; a number from a form or a template comes as a float.
    return round(value) if setting.key == "pitch" and isinstance(value, float) else value
