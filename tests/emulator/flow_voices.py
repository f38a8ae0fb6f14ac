"""The voice library of Flow TTS: four documented voices and more invented ones."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from .tencent_voices import EX, TURBO

DEFAULT_VOICE_ID: Final = "v-female-R2s4N9qJ"

_TAGS: Final = {"zh": "zh-CN", "ja": "ja-JP", "ko": "ko-KR", "yue": "zh-HK", "pt": "pt-BR"}
_SAMPLES: Final = {
    "zh": "你好,很高兴为你服务。",
    "en": "Hello, it is a pleasure to help you.",
    "ja": "こんにちは。お手伝いします。",
    "ko": "안녕하세요. 도와드리겠습니다.",
    "yue": "你好,有咩可以幫到你?",
    "pt": "Olá, em que posso ajudar?",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class LibraryVoice:
    """One voice of the library; `tag` is its BCP 47 tag, `language` the code of requests (zh, en, ja, ko, yue)."""

    voice_id: str
    name: str
    name_en: str
    tag: str
    language: str
    gender: str
    description: str
    tone: str
    style: str
    scenarios: tuple[str, ...]
    extended: bool = False
    also: tuple[str, ...] = ("en",)
    """Further languages of the voice."""

    @property
    def sample_text(self) -> str:
        """The sentence that the voice's preview speaks."""
        return _SAMPLES[self.language]

    @property
    def models(self) -> tuple[str, ...]:
        """The models of the newest backend that speak with it, the one that is chosen for it first."""
        return (EX,) if self.extended else (TURBO, EX)

    def models_told(self) -> dict[str, object]:
        """Return what the newest backend adds to an entry (docs/dev/protocols.md C2)."""
        provider = "minimax" if self.extended else "tencent"
        return {"model": self.models[0], "models": list(self.models), "provider": provider}

    def portal(self) -> dict[str, object]:
        """Return the voice as the portal page lists it.

        A BCP 47 language and a gender in small letters (docs/dev/protocols.md C1).
        """
        return {
            "id": self.voice_id,
            "name": self.name,
            "description": self.description,
            "language": self.tag,
            "gender": self.gender,
        }

    def backend(self, base_url: str) -> dict[str, object]:
        """Return the voice as the open-sourced backend lists it.

        Bare language, capitalised gender, and more (docs/dev/protocols.md C2).
        """
        return {
            "id": self.voice_id,
            "name": self.name,
            "nameEn": self.name_en,
            "language": self.language,
            "description": self.description,
            "sampleText": self.sample_text,
            "previewUrl": f"{base_url}/previews/{self.voice_id}.mp3",
            "gender": self.gender.capitalize(),
            "tone": self.tone,
            "style": self.style,
            "scenarios": list(self.scenarios),
            "supportedLanguages": sorted({self.language, *self.also}),
        }


def _voice(
    voice_id: str,
    names: tuple[str, str],
    language: str,
    gender: str,
    words: tuple[str, str, str],
    *,
    tag: str | None = None,
    extended: bool = False,
    also: tuple[str, ...] = ("en",),
) -> LibraryVoice:
    """Make a voice from (name, English name) and (description, tone, style)."""
    description, tone, style = words
    return LibraryVoice(
        voice_id=voice_id,
        name=names[0],
        name_en=names[1],
        tag=tag or _TAGS[language],
        language=language,
        gender=gender,
        description=description,
        tone=tone,
        style=style,
        scenarios=("assistant", "announcement") if style == "calm" else ("assistant",),
        extended=extended,
        also=also,
    )


def language_map(voices: Iterable[LibraryVoice], *, extended: bool) -> dict[str, dict[str, object]]:
    """Return the number of voices per language, as in the newest backend."""
    counts = Counter(voice.language for voice in voices if extended or not voice.extended)
    return {language: {"name": language, "count": count} for language, count in counts.items()}


LIBRARY: Final = (
    _voice(DEFAULT_VOICE_ID, ("小芮", "Xiao Rui"), "zh", "female", ("女声客服", "bright", "professional")),
    _voice("male-qn-qingse", ("青涩青年音色", "Young Man"), "zh", "male", ("男声", "bright", "energetic")),
    _voice("v-en-female-amy", ("Amy", "Amy"), "en", "female", ("Warm, friendly", "warm", "friendly"), tag="en-US"),
    _voice("v-en-male-brian", ("Brian", "Brian"), "en", "male", ("Narrator", "deep", "calm"), tag="en-GB"),
    _voice("v-zh-female-lan", ("小兰", "Xiao Lan"), "zh", "female", ("温柔女声", "soft", "calm"), also=("en", "th")),
    _voice("v-zh-female-qing", ("小晴", "Xiao Qing"), "zh", "female", ("活泼女声", "bright", "lively")),
    _voice("v-zh-male-shan", ("大山", "Da Shan"), "zh", "male", ("稳重男声", "deep", "calm")),
    _voice("v-zh-male-yun", ("云", "Yun"), "zh", "male", ("新闻男声", "clear", "professional")),
    _voice("v-en-female-clara", ("Clara", "Clara"), "en", "female", ("Clear, brisk", "clear", "lively"), tag="en-GB"),
    _voice("v-en-female-june", ("June", "June"), "en", "female", ("Soft and slow", "soft", "calm"), tag="en-US"),
    _voice("v-en-male-owen", ("Owen", "Owen"), "en", "male", ("Friendly baritone", "warm", "friendly"), tag="en-US"),
    _voice("v-en-male-ned", ("Ned", "Ned"), "en", "male", ("Dry and precise", "clear", "professional"), tag="en-GB"),
    _voice("v-ja-female-haru", ("はる", "Haru"), "ja", "female", ("明るい女性の声", "bright", "lively")),
    _voice("v-ja-female-mizu", ("みず", "Mizu"), "ja", "female", ("落ち着いた女性の声", "soft", "calm")),
    _voice("v-ja-male-kaze", ("かぜ", "Kaze"), "ja", "male", ("力強い男性の声", "deep", "energetic")),
    _voice("v-ko-female-byul", ("별", "Byul"), "ko", "female", ("밝은 여성 목소리", "bright", "friendly")),
    _voice("v-ko-female-dal", ("달", "Dal"), "ko", "female", ("차분한 여성 목소리", "soft", "calm")),
    _voice("v-ko-male-san", ("산", "San"), "ko", "male", ("깊은 남성 목소리", "deep", "professional")),
    _voice("v-yue-female-ling", ("阿玲", "Ah Ling"), "yue", "female", ("粵語女聲", "warm", "friendly")),
    _voice("v-yue-female-man", ("阿雯", "Ah Man"), "yue", "female", ("粵語溫柔女聲", "soft", "calm")),
    _voice("v-yue-male-keung", ("阿強", "Ah Keung"), "yue", "male", ("粵語男聲", "deep", "professional")),
    _voice("v-zh-child-dou", ("豆豆", "Dou Dou"), "zh", "female", ("童声", "high", "lively"), extended=True),
    _voice("v-en-male-gus", ("Gus", "Gus"), "en", "male", ("Gravelly", "rough", "calm"), tag="en-US", extended=True),
    _voice("v-ja-male-ojii", ("おじい", "Ojii"), "ja", "male", ("年配の男性の声", "rough", "calm"), extended=True),
    _voice(
        "Portuguese_Wiselady",
        ("Wise Lady", "Wise Lady"),
        "pt",
        "female",
        ("Calm", "warm", "calm"),
        extended=True,
        also=(),
    ),
)
