"""Signs become words: in every language, also of a text that arrives in pieces, and nothing else changes."""

from collections.abc import Iterator
from enum import StrEnum
from functools import cache
import json
from pathlib import Path
from typing import Final

from hypothesis import given, strategies as st

from custom_components.streaming_tts.speech.text.buffer import TextBuffer, TextRules, join
from custom_components.streaming_tts.speech.text.lexicon import Pronunciation, PronunciationIndex
from custom_components.streaming_tts.speech.text.normalizer import Normalizer
from custom_components.streaming_tts.speech.text.units import MINUS, SYMBOLS, UP_AND_DOWN
from homeassistant import const
from homeassistant.components.number.const import DEVICE_CLASS_UNITS as NUMBER_UNITS
from homeassistant.components.sensor.const import DEVICE_CLASS_UNITS as SENSOR_UNITS
from tests.speech.text.case_table import NAMES
from tests.tables import each_row

CASES: Final = json.loads(Path(__file__).with_name("spoken_forms.json").read_text(encoding="utf-8"))

LANGUAGES: Final = [
    "en",
    "fr",
    "es",
    "de",
    "it",
    "pt",
    "ar",
    "ru",
    "ro",
    "ja",
    "he",
    "hy",
    "tr",
    "hi",
    "zh",
    "zh-TW",
    "yue",
    "ko",
    "bn",
    "gu",
    "kn",
    "ml",
    "mr",
    "or",
    "pa",
    "ta",
    "te",
    "ms",
    "id",
    "th",
    "vi",
    "nl",
    "pl",
    "cs",
    "da",
    "el",
    "fi",
    "hu",
    "nb",
    "sv",
    "uk",
]


SELDOM: Final = frozenset(
    {"CCF", "MCF", "inH₂O", "kWh/100km", "km/kWh", "mi/kWh", "BTU/(h⋅ft²)", "μg/ft³", "mg/dL", "thm", "varh", "kvarh"}
    | {"PB", "PiB", "EiB", "ZiB", "YiB", "st", "Beaufort", "fl. oz.", "bit"}
)
"""Units that some language has no name for, or no single meaning: they stay as they are written there."""

AMBIGUOUS: Final = {"in", "st", "ac", "mi", "d", "w", "y", "ha", "var", "s", "V", "cal", "m", "bar", "p/m³"}
"""Units whose symbol is a word of some language, or which only few languages can name."""


@cache
def rules(language: str | None, *, number_words: bool = False, thousands: bool = False) -> Normalizer:
    """Return the normalizer of a language."""
    return Normalizer(language, number_words=number_words, thousands_separators=thousands)


def normalized(text: str, language: str | None = "en") -> str:
    """Return a text as it is said in a small house, in English."""
    return rules(language).normalize(text, friendly_name=NAMES.get)


def spoken(language: str, *pieces: str) -> str:
    """Return what is spoken of a text that arrives in pieces."""
    buffer = TextBuffer(TextRules(language=language, normalizer=rules(language), friendly_name=NAMES.get))
    for piece in pieces:
        buffer.feed(piece)
    buffer.end()
    return join(buffer.sentences)


def home_assistant_units() -> Iterator[str]:
    """Yield all units that Home Assistant itself has."""
    for table in (SENSOR_UNITS, NUMBER_UNITS):
        yield from (str(unit) for units in table.values() for unit in units if unit is not None)
    for name, kind in vars(const).items():
        if name.startswith("UnitOf") and isinstance(kind, type) and issubclass(kind, StrEnum):
            yield from (unit.value for unit in kind)
    yield from (const.PERCENTAGE, const.DEGREE, const.LIGHT_LUX, const.REVOLUTIONS_PER_MINUTE)
    yield from (const.CONCENTRATION_PARTS_PER_CUBIC_METER, const.SIGNAL_STRENGTH_DECIBELS_MILLIWATT)


@each_row("language", sorted({case["language"] for case in CASES}))
def test_a_text_is_said_as_a_person_would_say_it(language: str) -> None:
    """Whole, cut at every place, and character by character."""
    wrong = {}
    for case in (case for case in CASES if case["language"] == language):
        text = case["text"]
        said = {spoken(language, text[:place], text[place:]) for place in range(len(text) + 1)}
        said |= {spoken(language, *text), normalized(text, language)}
        if said != set(case["spoken"]):
            wrong[text] = said
    assert wrong == {}


def test_there_are_cases_in_every_language_of_the_services() -> None:
    """Also where a service writes a code of its own for it."""
    assert {"od" if language == "or" else language for language in LANGUAGES} == {case["language"] for case in CASES}


def test_every_unit_of_home_assistant_is_said_in_normalized() -> None:
    """With its symbol gone."""
    units = set(home_assistant_units()) - {"K"}
    said = {unit: normalized(f"It is 2.5 {unit}, today.") for unit in units} | {"K": normalized("It is 2700 K, today.")}
    assert {unit: text for unit, text in said.items() if f" {unit}," in text or not text.endswith(", today.")} == {}


def test_every_unit_of_home_assistant_is_said_in_every_language() -> None:
    """But for a few that have no name there, or whose symbol is a word there."""
    units = set(home_assistant_units()) - SELDOM - AMBIGUOUS
    texts = {unit: f"{'2700' if unit == 'K' else '2.5'} {unit}" for unit in units}
    said = {(language, unit): rules(language).normalize(text) for language in LANGUAGES for unit, text in texts.items()}
    assert {key: text for key, text in said.items() if key[1] in text.split()} == {}


def test_a_name_of_a_unit_has_no_abbreviation_in_it() -> None:
    """In no language: no slash, no sign, and no digit but that of 100 kilometers."""
    flaws = {}
    for language in LANGUAGES:
        for symbol in SYMBOLS:
            said = rules(language).normalize(f"7.5 {symbol}")
            if symbol not in said and set(said.replace("100", "")) & set("/%‰²³⋅·°{}"):
                flaws[language, symbol] = said
    assert flaws == {}


def test_signs_are_known_in_every_language() -> None:
    """A minus, and arrows up and down."""
    for language in LANGUAGES:
        said = rules(language).normalize("-5 ↑ ↓")
        assert not set(said) & set("-↑↓"), language
    assert set(MINUS) == set(UP_AND_DOWN)


@each_row(
    "text",
    [
        # Words that look like units
        "There are 5 in the kitchen.",
        "Take 5 A batteries.",
        "Come at 5 A.M. today.",
        "It plays in 4K.",
        "She sang 5 K songs.",
        "a 50s song, the 5th of 21st, a 3D print",
        "Bus 3B and flat 5A.",
        "5 people, 3 minutes, 7 mice, 2 ha ha",
        "It was 5m ago.",
        "a 12 V-shaped valley",
        "45%ige",
        # Digits that belong to something else
        "12:30 14:30:15 7:05 pm",
        "version 1.2.3 and v2.5, 192.168.1.5 m",
        "Call 030-1234567 or +49 30 1234567.",
        "https://example.com/5m?a=3h and a@b.c/2kg",
        "sensor.power_5 m, light.off, script.run_5m",
        "1/2 kg, 3x4 m, 2026-13-40, 2026-11-29-log, 2026-11-29.txt",
        "ISO-8601, COVID-19, B-52, F-16",
        "5 m/s2 and 5 m/x, 5 kg_1",
        "$5m, €3 and 10-20-30 W",
        "3-4 eggs, 5 - 3, word - word -- end->x=>y",
    ],
)
def test_what_is_not_certain_stays_as_it_is_written(text: str) -> None:
    """Services read numbers well."""
    assert normalized(text) == text


@each_row(
    ("text", "said"),
    [
        ("It is 21. Then 5 °C.", "It is 21. Then 5 degrees Celsius."),
        ("18-21 °C, 18 °C-21 °C", "18-21 degrees Celsius, 18 degrees Celsius-21 degrees Celsius"),
        ("(-5 °C) and −3", "(minus 5 degrees Celsius) and minus 3"),
        ("1,234.5 W, 1,000 W", "1,234.5 watts, 1,000 watts"),
        ("3 m2, 3 m^2, 3 m²", "3 square meters, 3 square meters, 3 square meters"),
        ("3 µg/m³, 3 μg/m³", "3 micrograms per cubic meter, 3 micrograms per cubic meter"),
        ("27 in. 2.5 in of rain", "27 inches. 2.5 inches of rain"),
        ("2700 K, 2.5 K", "2700 kelvins, 2.5 kelvins"),
        ("1h 30m, 1 h 30 m, 7 h. 5 m away", "1 hour 30 minutes, 1 hour 30 minutes, 7 hours. 5 meters away"),
        ("8 fl. oz. Next. 8 fl. oz. of it", "8 fluid ounces. Next. 8 fluid ounces of it"),
        ("2026-11-29T14:30:00Z", "November 29, 2026, 14:30 UTC"),
        ("2026-11-29T14:30:00.123+01:00!", "November 29, 2026, 14:30!"),
        ("2026-11-29 14:30, 2026-11-29 5 W", "November 29, 2026, 14:30, November 29, 2026 5 watts"),
        ("20 °C → 22 °C", "20 degrees Celsius to 22 degrees Celsius"),
        ("Settings → Devices → Add", "Settings – Devices – Add"),
        ("Settings -> Devices => Add", "Settings – Devices – Add"),
        ("→ Kitchen, ← Hall\n→ 5 W", "Kitchen, Hall\n5 watts"),
        ("↑ 5 % ↓5%", "up 5 percent down 5 percent"),
        ("<break time='400ms'/>5 m<break time='5 m'/>", "<break time='400ms'/>5 meters<break time='5 m'/>"),
        ("<digits>5 m</digits> 5 m", "<digits>5 m</digits> 5 meters"),
    ],
)
def test_what_is_certain_is_said(text: str, said: str) -> None:
    """In English."""
    assert normalized(text) == said


@each_row(
    ("language", "text", "said"),
    [
        ("de", "21.5 °C, 1.000 kWh, 1.234,5 W", "21,5 Grad Celsius, 1.000 Kilowattstunden, 1.234,5 Watt"),
        ("de", "5 kWh-Akku, 12 V-Netzteil", "5 Kilowattstunden-Akku, 12 V-Netzteil"),
        ("fr", "à 7 h 30, 21 500 W, 7h30", "à 7 heures 30, 21 500 watts, 7h30"),
        ("ru", "21 500 Вт, 3 кВт·ч, в 5 часов", "21 500 ватт, 3 киловатт-часа, в 5 часов"),
        ("it", "1° piano, 21°. Il 5 ha vinto", "1° piano, 21 gradi. Il 5 ha vinto"),
        ("tr", "Evde 5 var. 21 °C'dir", "Evde 5 var. 21 santigrat derece'dir"),
        ("he", "ב-21 °C, 5-10 °C", "ב-21 מעלות צלזיוס, 5-10 מעלות צלזיוס"),
        ("ar", "2 h, 1 h, ٢١٫٥ °C", "ساعتان, ساعة, ٢١٫٥ درجة مئوية"),
        ("ar", "-2 h, 1-2 h", "سالب 2 ساعة, 1-2 ساعة"),
        ("ja", "-3.5°Cです→次, 20→22°C。", "摂氏 マイナス3.5 度です、次, 20から摂氏 22 度。"),
        ("hi", "२१.५ °C और 5 कि॰मी॰/घं॰", "२१.५ डिग्री सेल्सियस और 5 किलोमीटर प्रति घंटा"),
        ("zh", "打开light.kitchen。20→22", "打开Kitchen lamp。20到22"),
        ("xx", "5 °C und light.kitchen", "5 °C und Kitchen lamp"),
        (None, "5 °C -> 2026-11-29", "5 °C -> 2026-11-29"),
    ],
)
def test_each_language_writes_numbers_in_its_own_way(language: str | None, text: str, said: str) -> None:
    """And has words that look like units elsewhere; nothing is replaced in a language that nobody knows."""
    assert normalized(text, language) == said


def test_an_entity_is_called_by_its_name() -> None:
    """Only one that there is, and only by its whole id; its name brings no tags."""
    text = "Is light.kitchen on? sensor.living_room_2, (switch.a), light.kitchen.x, light.kitchen_2, my-light.kitchen."
    said = "Is Kitchen lamp on? Living room, ( b>Fan /b>), light.kitchen.x, light.kitchen_2, my-light.kitchen."
    assert normalized(text) == said.replace("( b", "(b")


def test_it_is_known_whether_an_entity_was_named() -> None:
    """Such a text is no good for a cache that outlives the name."""
    buffer = TextBuffer(TextRules(language="en", normalizer=rules("en"), friendly_name=NAMES.get))
    buffer.feed("The light.off is 5 W. And")
    assert not buffer.names_entity
    buffer.feed(" light.kitchen is on. And")
    assert buffer.names_entity


def test_without_a_way_to_look_names_up_ids_stay() -> None:
    """As they are written."""
    assert rules("en").normalize("light.kitchen is 5 W") == "light.kitchen is 5 watts"


def test_what_the_lexicon_has_is_left_to_it() -> None:
    """Whoever has an entry for a unit or an id wants that to be heard."""
    entries = [
        Pronunciation.of(word="kWh", respelling="units"),
        Pronunciation.of(word="light.kitchen", ipa="ˈlaɪt"),
        Pronunciation.of(word="112", digits=True),
    ]
    lexicon = PronunciationIndex(entries)
    rules_of_house = TextRules(
        language="en", normalizer=rules("en", number_words=True), friendly_name=NAMES.get, words=lexicon
    )
    buffer = TextBuffer(rules_of_house)
    buffer.feed("5 kWh and 5 km for light.kitchen, 112.")
    buffer.end()
    said = 'five units and five kilometers for <phonemes alt="light.kitchen">ˈlaɪt</phonemes>, <digits>112</digits>.'
    assert buffer.sentences == [said]


def test_numbers_are_written_out_for_a_model_that_does_not_read_them() -> None:
    """With their units; not within what is no number, and not where the language has no rules for it."""
    said = rules("en", number_words=True).normalize("21.5 °C, 1234, -5; 12:30 v1.2 007 21st")
    assert (
        said
        == "twenty-one point five degrees Celsius, one thousand two hundred thirty-four, minus five; 12:30 v1.2 007 21st"  # noqa: E501
    )
    assert (
        rules("de", number_words=True).normalize("am 3. Mai 21,5 °C")
        == "am 3. Mai einundzwanzig Komma fünf Grad Celsius"
    )
    assert rules("bn", number_words=True).normalize("21 °C, 5") == "21 ডিগ্রী সেলসিয়াস, 5"
    # unicode-rbnf has no words for decimals in Russian
    assert rules("ru", number_words=True).normalize("21,5 °C, 2 h") == "21,5 градуса Цельсия, два часа"
    assert "2026" not in rules("en", number_words=True).normalize("2026-11-29")


def test_thousands_are_separated_from_five_digits_on() -> None:
    """Not in what is no number, in the language's own way."""
    said = rules("hi", thousands=True).normalize(
        "1234 12345 1234567 12345.67 9876543210 012345 12,345 12345 km 10000-20000 W"
    )
    assert said == "1234 12,345 12,34,567 12,345.67 9876543210 012345 12,345 12,345 किलोमीटर 10,000-20,000 वॉट"
    assert (
        rules("en", thousands=True).normalize("12345, 1234567 12:30:12345 a12345")
        == "12,345, 1,234,567 12:30:12345 a12345"
    )


@given(text=st.text(st.characters(exclude_categories=("Nd", "Cs"), exclude_characters="→←↑↓⇒⇐⟶⟵⟹➔➜➙➞⇨↔⇔⇑↗⇓↘>")))
def test_nothing_is_lost_of_a_text_without_numbers_arrows_and_ids(text: str) -> None:
    """Every character is there, in its place."""
    assert rules("en").normalize(text, friendly_name=NAMES.get) == text
