"""What Sarvam's models speak.

Speakers, languages, settings, codecs, rates, limits and prices (docs/dev/protocols.md B2 to B9).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from .sarvam_personas import PERSONAS

# In the order in which the service lists them in its error message, as far as that was seen (docs/dev/protocols.md B5).
_V3_SPEAKERS: Final = (
    "aditya",
    "ritu",
    "ashutosh",
    "priya",
    "neha",
    "rahul",
    "pooja",
    "rohan",
    "simran",
    "kavya",
    "amit",
    "dev",
    "ishita",
    "shreya",
    "ratan",
    "varun",
    "manan",
    "sumit",
    "roopa",
    "kabir",
    "aayan",
    "shubh",
    "advait",
    "anand",
    "tanya",
    "tarun",
    "sunny",
    "mani",
    "gokul",
    "vijay",
    "shruti",
    "suhani",
    "mohit",
    "kavitha",
    "rehan",
    "soham",
    "rupali",
)
_V2_SPEAKERS: Final = (
    "anushka",
    "manisha",
    "vidya",
    "arya",
    "abhilash",
    "karun",
    "hitesh",
)
_V3_BETA_SPEAKERS: Final = ("amelia", "sophia")

LANGUAGES: Final = (
    "bn-IN",
    "en-IN",
    "gu-IN",
    "hi-IN",
    "kn-IN",
    "ml-IN",
    "mr-IN",
    "od-IN",
    "pa-IN",
    "ta-IN",
    "te-IN",
)
BETA_LANGUAGES: Final = (
    "as-IN",
    "brx-IN",
    "doi-IN",
    "kok-IN",
    "ks-IN",
    "mai-IN",
    "mni-IN",
    "ne-IN",
    "sa-IN",
    "sat-IN",
    "sd-IN",
    "ur-IN",
)
DEFAULT_LANGUAGE: Final = "en-IN"

CODECS: Final = ("mp3", "linear16", "mulaw", "alaw", "opus", "flac", "aac", "wav")
BIT_RATES: Final = {
    "32k": 32_000,
    "64k": 64_000,
    "96k": 96_000,
    "128k": 128_000,
    "192k": 192_000,
}
DEFAULT_BIT_RATE: Final = "128k"

SAMPLE_RATES: Final[tuple[int, ...]] = (8000, 16000, 22050, 24000)
HIGH_SAMPLE_RATES: Final = (32000, 44100, 48000)
OPUS_SAMPLE_RATES: Final[tuple[int, ...]] = (8000, 12000, 16000, 24000, 48000)
# B2: 22050 in the newest docs for all models; older ones said 24000 for bulbul:v3.
DEFAULT_SAMPLE_RATE: Final = 22050
DEFAULT_OPUS_SAMPLE_RATE: Final = 24000

STREAM_CHARACTERS: Final = 3500
SOCKET_CHARACTERS: Final = 2500


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """An inclusive range of a setting."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        """Tell whether the value lies within; NaN never does."""
        return self.low <= value <= self.high


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """One model: who speaks, within which bounds, at which price.

    `ranges` has the settings of the model, which ignores all others (docs/dev/protocols.md B2). `characters` is the
    limit of the REST endpoint, `price` is in rupees per character.
    """

    name: str
    title: str
    speakers: tuple[str, ...]
    default_speaker: str
    ranges: Mapping[str, Range]
    characters: int
    price: Decimal
    rest_rates: tuple[int, ...] = SAMPLE_RATES
    dictionaries: bool = True
    beta_languages: bool = False


_V3_RANGES: Final = {
    "pace": Range(low=0.5, high=2.0),
    "temperature": Range(low=0.01, high=1.0),
}
_V4_RANGES: Final = {
    "pace": Range(low=0.5, high=2.0),
    "pitch": Range(low=-0.5, high=0.5),
    "loudness": Range(low=0.1, high=2.5),
}
V3: Final = "bulbul:v3"
_V3_PRICE: Final = Decimal("0.003")

MODELS: Final = {
    model.name: model
    for model in (
        Model(
            name="bulbul:v2",
            title="Bulbul V2",
            speakers=_V2_SPEAKERS,
            default_speaker="anushka",
            ranges={
                "pace": Range(low=0.3, high=3.0),
                "pitch": Range(low=-0.75, high=0.75),
                "loudness": Range(low=0.3, high=3.0),
            },
            characters=1500,
            price=Decimal("0.0015"),
            dictionaries=False,
        ),
        Model(
            name="bulbul:v3-beta",
            title="Bulbul V3",
            speakers=_V3_SPEAKERS + _V3_BETA_SPEAKERS,
            default_speaker="shubh",
            ranges=_V3_RANGES,
            characters=2500,
            price=_V3_PRICE,
            rest_rates=SAMPLE_RATES + HIGH_SAMPLE_RATES,
            beta_languages=True,
        ),
        Model(
            name=V3,
            title="Bulbul V3",
            speakers=_V3_SPEAKERS,
            default_speaker="shubh",
            ranges=_V4_RANGES | _V3_RANGES,
            characters=2500,
            price=_V3_PRICE,
            rest_rates=SAMPLE_RATES + HIGH_SAMPLE_RATES,
            beta_languages=True,
        ),
        Model(
            name="bulbul:v4-flash",
            title="Bulbul V4 Flash",
            speakers=PERSONAS,
            default_speaker="shubh_enhi_ads",
            # The temperature is taken without effect, within the bounds of the schema.
            ranges=_V4_RANGES,
            characters=2500,
            # Not published when docs/dev/protocols.md was written; bulbul:v3's stands in.
            price=_V3_PRICE,
            rest_rates=SAMPLE_RATES + HIGH_SAMPLE_RATES,
            beta_languages=True,
        ),
    )
}

# The beta speakers are absent: asked of another model they are "not recognized" (docs/dev/protocols.md B5).
KNOWN_SPEAKERS: Final = frozenset(_V2_SPEAKERS + _V3_SPEAKERS + PERSONAS)


_SCRIPTS: Final = (
    ("0", "z"),  # Digits and Latin letters; what stands between them is neither
    ("\u0600", "\u06ff"),  # Arabic: Kashmiri, Sindhi, Urdu
    ("\u0900", "\u0d7f"),  # Devanagari to Malayalam
    ("\u1c50", "\u1c7f"),  # Ol Chiki: Santali
    ("\uabc0", "\uabff"),  # Meetei Mayek: Manipuri
)


def has_allowed_character(text: str) -> bool:
    """Return True if there is a digit or a letter of a script of one of the languages (docs/dev/protocols.md B5)."""
    return any(first <= character <= last and character.isalnum() for character in text for first, last in _SCRIPTS)
