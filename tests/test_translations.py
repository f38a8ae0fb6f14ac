"""Every word that a person may see exists: forms, settings, errors, entities, issues."""

from collections.abc import Callable, Iterator
import json
from pathlib import Path
import re
from typing import Any, Final

import pytest

from custom_components.streaming_tts import condition, trigger
from custom_components.streaming_tts.account.options import AccountOptions
from custom_components.streaming_tts.account.quota import Budget, BudgetUnit
from custom_components.streaming_tts.actions import Action
from custom_components.streaming_tts.binary_sensor import QUOTA_EXHAUSTED
from custom_components.streaming_tts.cloning.recordings import RecordingProblem
from custom_components.streaming_tts.const import BUDGET, TROUBLESHOOTING_URL
from custom_components.streaming_tts.errors import error_message, failed, form_error, invalid
from custom_components.streaming_tts.event import UTTERANCE
from custom_components.streaming_tts.issues import Kind
from custom_components.streaming_tts.playback.result import GIVEN_UP, LIMIT, NOTHING_TO_SAY, REASONING_ONLY, Outcome
from custom_components.streaming_tts.providers import PROVIDERS
from custom_components.streaming_tts.providers.capabilities import Cloning, Reason
from custom_components.streaming_tts.providers.sarvam.voices import SPEAKERS
from custom_components.streaming_tts.providers.types import (
    AccountProblem,
    ChoiceSetting,
    Failure,
    Gender,
    ProviderError,
    Setting,
)
from custom_components.streaming_tts.sensor import FIRST_SOUND, SENSORS, budget_sensors
from custom_components.streaming_tts.voices.settings import FINISH_SETTINGS
import homeassistant
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.yaml import load_yaml_dict
from tests.accounts import account, set_up
from tests.action_calls import act
from tests.emulator.emulator import Emulator
from tests.emulator.flow_settings import Contract
from tests.tables import each_row

ROOT = Path(trigger.__file__).parent
WORDS: dict[str, Any] = json.loads((ROOT / "translations" / "en.json").read_text())
ICONS: dict[str, Any] = json.loads((ROOT / "icons.json").read_text())
SETTINGS_STEP = WORDS["config_subentries"]["voice"]["step"]["settings"]
SETTINGS: list[Setting] = [
    setting for provider in PROVIDERS.values() for model in provider.models for setting in model.saved_settings
]


def strings(words: Any) -> Iterator[str]:
    """Yield all texts."""
    if isinstance(words, str):
        yield words
    else:
        for inner in words.values():
            yield from strings(inner)


def test_each_text_is_fit_for_the_platform() -> None:
    """No addresses, no references to other texts, no blanks around it, and nothing in braces but names to fill in."""
    assert [text for text in strings(WORDS) if not is_fit(text)] == []


def is_fit(text: str) -> bool:
    """Return whether a text can be shown. After an apostrophe a browser takes a brace for what is not filled in."""
    return text == text.strip() != "" and not re.search(r"://|\[%|'[{}]|\{(?!\w+\})|(?<!\w)\}", text)


def test_each_setting_of_a_model_has_a_name_a_description_and_words_for_its_choices() -> None:
    """In the form for the settings of a voice."""
    lacks = [
        setting.key
        for setting in SETTINGS
        if not SETTINGS_STEP["data"].get(setting.key)
        or not SETTINGS_STEP["data_description"].get(setting.key)
        or set(setting.choices if isinstance(setting, ChoiceSetting) else ())
        != set(WORDS["selector"].get(setting.key, {}).get("options", {}))
    ]
    assert lacks == []


def test_what_is_done_here_has_words_too() -> None:
    """In the audio section."""
    keys = {setting.key for setting in FINISH_SETTINGS}
    section = SETTINGS_STEP["sections"]["sound"]
    assert set(section["data"]) == set(section["data_description"]) == keys


CLONE_STEPS = [WORDS["config_subentries"]["voice"]["step"][step] for step in ("clone", "clone_for_points")]
CLONE_SETTINGS = [
    setting for provider in PROVIDERS.values() if issubclass(provider, Cloning) for setting in provider.clone_settings
]


@pytest.mark.parametrize("step", CLONE_STEPS, ids=["clone", "clone_for_points"])
def test_what_providers_want_to_know_of_a_clone_has_words(step: dict[str, Any]) -> None:
    """Beside the recording, or folded in its details; a language is named by the browser."""
    lacks = []
    for setting in CLONE_SETTINGS:
        words = step if setting.key == "language" else step["sections"]["details"]
        choices = setting.choices if isinstance(setting, ChoiceSetting) and setting.key != "language" else ()
        is_named = words["data"].get(setting.key) and words["data_description"].get(setting.key)
        if not is_named or not set(choices) <= set(WORDS["selector"].get(setting.key, {}).get("options", {})):
            lacks.append(setting.key)
    assert lacks == []


CLONE_ERRORS = [
    *(f"recording_{flaw}" for flaw in RecordingProblem),
    *(f"refused_{reason}" for reason in Reason),
    *(f"provider_{failure}" for failure in Failure),
    *(f"provider_{problem}" for problem in AccountProblem),
    *("budget_exhausted", "clone_name", "points_short", "provider_input_unnamed", "setting_too_long"),
]


def test_why_no_voice_was_made_is_said_alike_in_the_form_and_by_the_action() -> None:
    """Word by word, but for the link to the page about troubles, which a form has no room for."""
    in_form = {key: WORDS["config_subentries"]["voice"]["error"].get(key) for key in CLONE_ERRORS}
    by_action = {key: WORDS["exceptions"][key]["message"].removesuffix(" Help: {help}") for key in CLONE_ERRORS}
    assert in_form == by_action


HELPED = {
    *(set(CLONE_ERRORS) - {"clone_name", "setting_too_long"}),
    "provider_model_retired",
} - {f"refused_{reason}" for reason in ("dictionary_limit", "field_fixed", "no_sample", "not_found", "not_own")}
"""Messages about what the page about troubles has a row for."""


def test_messages_link_to_the_page_that_helps() -> None:
    """Those of services, accounts, budgets and recordings; what is only asked for wrongly needs no page."""
    linked = {key for key, words in WORDS["exceptions"].items() if words["message"].endswith(" Help: {help}")}
    assert linked == HELPED
    assert [key for key in linked if WORDS["exceptions"][key]["message"].count("{help}") != 1] == []


def test_repairs_link_to_the_page_that_helps() -> None:
    """Those with a form have their text there, the others in the description."""
    lacks = [
        f"{issue}.{name}"
        for issue, words in WORDS["issues"].items()
        for name, step in words.get("fix_flow", {}).get("step", {}).items()
        if not step["description"].endswith("[Help]({help})") and "nothing left to fix" not in step["description"]
    ]
    assert lacks == []


@pytest.mark.parametrize("raised", [failed, invalid])
def test_errors_name_the_page_that_helps(raised: Callable[..., HomeAssistantError]) -> None:
    """Whatever else their message names."""
    error = raised("recording_gone", most="3")
    assert error.translation_placeholders == {"most": "3", "help": TROUBLESHOOTING_URL}


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield all steps of all flows, and their sections."""
    flows = {"config": WORDS["config"], "options": WORDS["options"], "voice": WORDS["config_subentries"]["voice"]}
    flows |= {name: issue["fix_flow"] for name, issue in WORDS["issues"].items() if "fix_flow" in issue}
    for flow, words in flows.items():
        for name, step in words["step"].items():
            yield f"{flow}.{name}", step
            for section, inner in step.get("sections", {}).items():
                yield f"{flow}.{name}.{section}", inner


def test_each_field_has_a_description() -> None:
    """And no description is without its field."""
    fields = {name: set(step.get("data", {})) for name, step in steps()}
    assert fields == {name: set(step.get("data_description", {})) for name, step in steps()}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_provider_has_a_step_a_link_and_a_name(provider: str) -> None:
    """In the menu, and in its form."""
    assert WORDS["config"]["step"]["user"]["menu_options"][provider]
    fields = {field.key for field in PROVIDERS[provider].credential_fields}
    assert set(WORDS["config"]["step"][provider]["data"]) == fields
    assert "{key_url}" in WORDS["config"]["step"][provider]["description"]
    assert PROVIDERS[provider].portal_url.startswith("https://")
    assert f"can_reach_{provider}" in WORDS["system_health"]["info"]


def test_genders_and_documented_styles_have_words() -> None:
    """Those of the stock speakers of Sarvam are in their IDs."""
    words = WORDS["selector"]
    assert set(words["voice_gender"]["options"]) == set(Gender)
    assert {persona.split("_", 2)[2] for persona in SPEAKERS["personas"]} <= set(words["voice_style"]["options"])


async def test_accents_and_styles_of_catalogs_have_words(
    home: HomeAssistant, emulator: Emulator, provider: str
) -> None:
    """All that the emulated services list is translated into each language."""
    emulator.flow.configure(contract=Contract.BACKEND)
    entry = await set_up(home, account(provider, emulator))
    voices = (await act(home, "list_voices", entry, limit=1000))["voices"]
    used = {
        "voice_accent": {word(voice["accent"]) for voice in voices if voice["accent"]},
        "voice_style": {word(style) for voice in voices for style in voice["styles"]},
    }
    missing = {
        (path.stem, kind, each)
        for path in (ROOT / "translations").glob("*.json")
        for kind, words in used.items()
        for each in words - set(json.loads(path.read_text())["selector"][kind]["options"])
    }
    assert missing == set()


def word(text: str) -> str:
    """Return the key of a service's word."""
    return text.casefold().replace(" ", "_")


def test_each_reason_of_an_event_has_words() -> None:
    """A failure of a service, or what else ended an utterance."""
    reasons = WORDS["entity"]["event"]["utterance"]["state_attributes"]["reason"]["state"]
    assert set(reasons) == {*Failure, BUDGET, LIMIT, GIVEN_UP, NOTHING_TO_SAY, REASONING_ONLY}


@each_row("setting", [None, "pace"])
@each_row("failure", Failure)
def test_a_failure_is_said_in_the_form_and_while_speaking(failure: Failure, setting: str | None) -> None:
    """With all placeholders of its message, and no unknown setting."""
    error = ProviderError(failure, setting=setting)
    assert form_error(error) in WORDS["config"]["error"]
    told = error_message(error, "Parlour")
    message = WORDS["exceptions"][told["translation_key"]]["message"]
    named = set(re.findall(r"\{(\w+)\}", message))
    assert named <= told["translation_placeholders"].keys()
    assert "setting" not in named or setting is not None


@each_row("problem", AccountProblem)
def test_a_problem_of_an_account_is_said_in_the_form_and_while_speaking(problem: AccountProblem) -> None:
    """In other words than its failure alone."""
    error = ProviderError(Failure.AUTH, problem=problem)
    assert form_error(error) == problem
    assert problem in WORDS["config"]["error"]
    told = error_message(error, "Parlour")
    assert told["translation_key"] == f"provider_{problem}"
    message = WORDS["exceptions"][told["translation_key"]]["message"]
    assert set(re.findall(r"\{(\w+)\}", message)) <= told["translation_placeholders"].keys()


BUDGETS = [
    description
    for unit in BudgetUnit
    for description in budget_sensors(AccountOptions(budget=Budget(unit=unit, amount=1, renewal_day=1), currency="EUR"))
]
DOMAINS = {QUOTA_EXHAUSTED.key: "binary_sensor", UTTERANCE.key: "event"}


def test_each_entity_has_a_name_and_an_icon() -> None:
    """Under its translation key."""
    keys = [
        (DOMAINS.get(description.key, "sensor"), description.translation_key or description.key)
        for description in (*SENSORS, *BUDGETS, FIRST_SOUND, QUOTA_EXHAUSTED, UTTERANCE)
    ]
    assert [key for domain, key in keys if not WORDS["entity"][domain].get(key, {}).get("name")] == []
    assert [key for domain, key in keys if not ICONS["entity"][domain].get(key, {}).get("default")] == []


def test_an_event_has_words_for_each_way_in_which_an_utterance_ends() -> None:
    """As an automation shows them."""
    words = WORDS["entity"]["event"]["utterance"]["state_attributes"]["event_type"]["state"]
    assert set(words) == set(Outcome)


@each_row(
    "issue",
    [
        Kind.OUTDATED,
        Kind.QUOTA_LOW,
        Kind.QUOTA_EXHAUSTED,
        Kind.BUDGET_LOW,
        Kind.BUDGET_EXHAUSTED,
        Kind.FALLBACK_GONE,
    ],
)
def test_a_notice_has_a_title_and_says_what_to_do(issue: str) -> None:
    """And names the account."""
    assert "{account}" in WORDS["issues"][issue]["title"]
    assert WORDS["issues"][issue]["description"]


@pytest.mark.parametrize(("kind", "known"), [("triggers", trigger.TRIGGERS), ("conditions", condition.CONDITIONS)])
def test_triggers_and_conditions_have_words_icons_and_fields(kind: str, known: dict[str, Any]) -> None:
    """Each, and no others."""
    fields: dict[str, Any] = load_yaml_dict(str(ROOT / f"{kind}.yaml"))
    assert set(WORDS[kind]) == set(ICONS[kind]) == {key for key in fields if not key.startswith(".")} == set(known)
    for key, words in WORDS[kind].items():
        assert words["name"]
        assert words["description"]
        assert set(words.get("fields", {})) == set(fields[key].get("fields", {}))


def test_actions_have_words_icons_and_fields() -> None:
    """Each, and no others."""
    fields: dict[str, Any] = load_yaml_dict(str(ROOT / "services.yaml"))
    assert set(WORDS["services"]) == set(ICONS["services"]) == set(fields) == set(Action)
    for key, words in WORDS["services"].items():
        assert set(words["fields"]) == set(fields[key]["fields"])


def test_what_the_code_names_exists() -> None:
    """Every exception, error of a form, and reason for an end that a module names has its message."""
    code = "\n".join(path.read_text() for path in ROOT.rglob("*.py"))
    exceptions = set(re.findall(r'\b(?:failed|invalid)\(\s*"(\w+)"', code)) | set(
        re.findall(r'translation_key="(\w+)"', code)
    )
    known = WORDS["exceptions"].keys() | {key for entities in WORDS["entity"].values() for key in entities}
    assert exceptions <= known
    errors = set(re.findall(r'FormError\(\w+, "(\w+)"\)|FormError\("base", "(\w+)"\)', code))
    assert {error for pair in errors for error in pair if error} <= WORDS["config"]["error"].keys()
    known_reasons = {
        reason for flow in (WORDS["config"], WORDS["config_subentries"]["voice"]) for reason in flow["abort"]
    }
    assert set(re.findall(r'reason="(\w+)"', code)) <= known_reasons


def test_what_is_wrong_with_a_pronunciation_is_said_by_action_and_form() -> None:
    """In a form of what a person can get wrong there; an action gets anything."""
    code = "\n".join((ROOT / name).read_text() for name in ("speech/text/lexicon.py", "flows/options.py"))
    reasons = set(re.findall(r'PronunciationError\([\w.]+, "(\w+)"\)', code))
    only_forms, only_actions = {"pronunciation_known"}, {"pronunciation_flag_invalid", "pronunciation_field_unknown"}
    assert reasons - only_actions <= WORDS["options"]["error"].keys()
    assert all(WORDS["exceptions"][reason]["message"] for reason in reasons - only_forms)


# The other languages

TRANSLATIONS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "translations").glob("*.json"))
    if path.stem != "en"
}
NAMES = (
    *("Home Assistant", "Streaming TTS", "AsyncFlow", "Sarvam AI", "Flow TTS", "My media"),
    *("JSON", "ffmpeg", "en-IN", "ˈwaɪ.faɪ", "B2B: B to B", "speed: 1.2"),
)
"""What is called alike in every language, or is typed in as it is."""
PIECE = re.compile(r"\{\w+\}|\]\(\{\w+\}\)|`[^`]+`|\*\*|" + "|".join(map(re.escape, NAMES)))
"""What a text has to keep in every language."""
SAME = {
    *("AsyncFlow", "AsyncFlow (async.com)", "Sarvam AI", "Flow TTS", "Flow TTS (Tencent)", "Flow TTS (Tencent Cloud)"),
    *("Flow 01 Ex", "Flow 02 Turbo", "IPA", "SdkAppId", "SecretId", "SecretKey", "{account}", "{voice}"),
}
"""Texts that may be as in English: products and units."""
SAME_WORDS = {
    "de": {
        *("Audio", "Budget", "China (cloud.tencent.com)", "Details", "Emotion", "Fallback"),
        *("International (tencentcloud.com)", "Limit", "Mandarin", "Name", "Neutral", "Warm", "neutral"),
    },
    "es": {"Audio", "China (cloud.tencent.com)", "Formal", "Hinglish", "No", "reels", "suspense"},
    "fr": {
        *("Accent", "Audio", "Budget", "Conversation", "Description", "Formats", "Hinglish"),
        *("International (tencentcloud.com)", "Mandarin", "Message", "Messages", "Narrative", "Options", "Points"),
        *("Session", "Site", "Source", "Style", "Volume", "assistant", "automobile", "conversation", "narration"),
        *("points", "reels", "suspense"),
    },
}
"""Words that a language shares with English."""
QUOTES = [
    ("services.set_pronunciations.description", "services.get_pronunciations.name"),
    *(
        (f"services.{action}.fields.voice.description", "services.list_voices.name")
        for action in ("update_voice", "delete_voice")
    ),
    *(
        (f"services.{action}.fields.dictionary_id.description", "services.list_dictionaries.name")
        for action in ("get_dictionary", "save_dictionary", "delete_dictionary")
    ),
    ("options.step.account.sections.budget.description", "services.set_balance.name"),
    ("issues.fallback_gone.description", "config_subentries.voice.initiate_flow.reconfigure"),
    ("options.error.pronunciation_digits_alone", "options.step.add_pronunciation.data.digits"),
    *(
        ("exceptions.nothing_to_change.message", f"services.update_voice.fields.{field}.name")
        for field in ("name", "description", "gender", "style", "accent")
    ),
]
"""Texts, and the names that they send a person to."""


def flat(words: dict[str, Any], at: str = "") -> dict[str, str]:
    """Return all texts by their paths, in their order."""
    texts: dict[str, str] = {}
    for key, inner in words.items():
        texts |= {f"{at}{key}": inner} if isinstance(inner, str) else flat(inner, f"{at}{key}.")
    return texts


ENGLISH = flat(WORDS)


@each_row("language", TRANSLATIONS)
def test_a_language_has_the_english_texts_in_their_order_and_no_others(language: str) -> None:
    """Each is translated."""
    assert list(flat(TRANSLATIONS[language])) == list(ENGLISH)


@each_row("language", TRANSLATIONS)
def test_a_translation_keeps_what_is_filled_in_linked_to_typed_or_a_name(language: str) -> None:
    """And the lines of a text."""
    for path, text in flat(TRANSLATIONS[language]).items():
        assert set(PIECE.findall(text)) == set(PIECE.findall(ENGLISH[path])), path
        assert text.count("\n") == ENGLISH[path].count("\n"), path


@each_row("language", TRANSLATIONS)
def test_a_translation_is_fit_for_the_platform(language: str) -> None:
    """Every text of it, so that none is empty."""
    assert [path for path, text in flat(TRANSLATIONS[language]).items() if not is_fit(text)] == []


@each_row("language", TRANSLATIONS)
def test_nothing_is_left_in_english(language: str) -> None:
    """But what really is the same there."""
    texts = flat(TRANSLATIONS[language])
    left = {text for path, text in texts.items() if text == ENGLISH[path]}
    assert left - SAME <= SAME_WORDS.get(language, set())


@each_row("language", ["en", *TRANSLATIONS])
def test_a_text_calls_what_it_sends_a_person_to_by_its_name(language: str) -> None:
    """As it is written where it is found; within a sentence perhaps in lower case."""
    translated = flat(TRANSLATIONS.get(language, WORDS))
    texts = ENGLISH | translated
    assert [
        path
        for path, name in QUOTES
        if path in translated and texts[name].casefold() not in translated[path].casefold()
    ] == []


# The voice of Home Assistant

CORE: Final[dict[str, Any]] = json.loads((Path(homeassistant.__file__).parent / "strings.json").read_text())["common"]
COMMON: Final = {
    "config.step.asyncflow.data.api_key": CORE["config_flow"]["data"]["api_key"],
    "config.step.sarvam.data.api_key": CORE["config_flow"]["data"]["api_key"],
    "config.abort.already_configured": CORE["config_flow"]["abort"]["already_configured_account"],
    "config.abort.reauth_successful": CORE["config_flow"]["abort"]["reauth_successful"],
    "config.abort.reconfigure_successful": CORE["config_flow"]["abort"]["reconfigure_successful"],
    "config_subentries.voice.abort.reconfigure_successful": CORE["config_flow"]["abort"]["reconfigure_successful"],
    "config_subentries.voice.step.settings.data.name": CORE["config_flow"]["data"]["name"],
    "entity.event.utterance.state_attributes.cached.state.true": CORE["state"]["yes"],
    "entity.event.utterance.state_attributes.cached.state.false": CORE["state"]["no"],
}
"""Texts that core has, too."""
COMMON_BEGINNINGS: Final = {
    "config.error.cannot_connect": CORE["config_flow"]["error"]["cannot_connect"],
    "config.error.invalid_auth": CORE["config_flow"]["error"]["invalid_api_key"],
}
"""Texts that begin as core's, and go on with what to do."""
WRONG_WORDS: Final = re.compile(
    r"\b(?:please|whoever|whatever|shall|mend|mends|notices?|tells?|told|choose|chosen|choice|somebody|anew|nor|thereof"
    r"|the house|goes away|by itself|is to be|was to|may be|cannot|(?:could|does|do|is|are|was|did|will|has) not|it is"
    r"|address|wav|mp3|flac|markdown|ffmpeg|id|api|url|ipa|json|https?)\b"
)
"""Words of another voice, contractions that are written out, and abbreviations in lower case."""
LITERALS: Final = re.compile(r"`[^`]*`|\{\w+\}|\]\(\S+\)|\b(?:email address|https|ipa, digits|respelling, ipa)\b")
"""What is typed in as it is, and the words that may be used."""
PROPER: Final = re.compile(
    r"\b(?:Home Assistant|Streaming TTS|AsyncFlow|Sarvam AI|Flow TTS|Tencent(?: Cloud)?|API|URL|IPA|ID|JSON|HTTPS"
    r"|FFmpeg|Markdown|English|Indian|India|ESPHome|VoIP|Wyoming|Flow 0\d (?:Turbo|Ex))\b"
)
LABEL: Final = re.compile(
    r"\.(?:title|name|entry_type|data\.\w+|menu_options\.\w+|initiate_flow\.\w+|options\.\w+|state\.\w+|info\.\w+)$"
)
TEXT: Final = re.compile(r"\.(?:description|data_description\.\w+|message|error\.\w+|abort\.\w+|progress\.\w+)$")
SENTENCE_END: Final = re.compile(r"(?<=[.!?])(?=\s|$)")


LABELS: Final = [path for path in ENGLISH if LABEL.search(path) and not TEXT.search(path)]


def prose(path: str) -> str:
    """Return an English text without what is typed in as it is."""
    return LITERALS.sub("", ENGLISH[path])


def sentences(text: str) -> int:
    """Return the number of sentences; the steps of a list and links do not count."""
    return len(SENTENCE_END.findall(re.sub(r"^\d+\. .*$|Help: |\[Help\]", "", text, flags=re.MULTILINE)))


@each_row("path", COMMON)
def test_a_text_that_core_has_is_the_same(path: str) -> None:
    """Word for word."""
    assert ENGLISH[path] == COMMON[path]


@pytest.mark.parametrize("path", COMMON_BEGINNINGS)
def test_a_text_begins_as_that_of_core(path: str) -> None:
    """Before it says what to do."""
    assert ENGLISH[path].startswith(f"{COMMON_BEGINNINGS[path]}.")


def test_english_uses_the_words_of_home_assistant() -> None:
    """With contractions, and with abbreviations in capitals."""
    found = {path: WRONG_WORDS.findall(prose(path)) for path in ENGLISH}
    assert {path: words for path, words in found.items() if words} == {}


def test_a_label_is_in_sentence_case() -> None:
    """Only its first word and names have capitals, and it has no period at its end."""
    labels = {path: PROPER.sub("x", prose(path)) for path in LABELS}
    assert {path: text for path, text in labels.items() if re.search(r"[\s(/][A-Z]|\.$", text)} == {}


def test_a_label_is_short() -> None:
    """So that it fits on a phone."""
    assert [path for path in LABELS if len(prose(path)) > 45] == []


def test_a_text_has_two_sentences_at_most() -> None:
    """And fits on a phone without scrolling."""
    texts = {path: text for path, text in ENGLISH.items() if TEXT.search(path)}
    assert [path for path, text in texts.items() if sentences(text) > 2 and "\n" not in text] == []
    assert [path for path, text in texts.items() if len(text) > 250 and "\n" not in text] == []


def test_a_section_is_described_without_markup() -> None:
    """The frontend shows it as it is written."""
    sections = [inner for name, inner in steps() if name.count(".") == 2]
    assert [inner["description"] for inner in sections if re.search(r"\*\*|\]\(|`", inner.get("description", ""))] == []
