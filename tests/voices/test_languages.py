"""Languages: what pipelines and people ask for, and which of a provider's tags that means."""

import pytest

from custom_components.streaming_tts.providers import PROVIDERS
from custom_components.streaming_tts.providers.provider import Provider
from custom_components.streaming_tts.voices.languages import askable_languages, family, language_name, match_language
from tests.tables import each_row

ASYNCFLOW = PROVIDERS["asyncflow"].models[1].languages
SARVAM = PROVIDERS["sarvam"].models[0].languages
FLOW = PROVIDERS["flow_tts"].models[0].languages


@each_row(
    ("wanted", "offered", "expected"),
    [
        ("en", ASYNCFLOW, "en"),
        ("en-US", ASYNCFLOW, "en"),
        ("en_GB", ASYNCFLOW, "en"),
        ("hi-IN", ASYNCFLOW, "hi"),
        ("hi", SARVAM, "hi-IN"),
        ("HI-in", SARVAM, "hi-IN"),
        ("hi-IN", ("de_DE", "hi_IN"), "hi_IN"),
        ("hi", ("de_DE", "hi_IN"), "hi_IN"),
        ("en", SARVAM, "en-IN"),
        ("en-US", SARVAM, "en-IN"),
        ("zh-HK", ("zh", "yue"), "yue"),
        ("zh-MO", ("zh-CN", "yue"), "yue"),
        ("yue-HK", ("zh", "yue"), "yue"),
        ("yue", ("zh-HK", "zh-CN"), "zh-HK"),
        ("zh-TW", ("zh", "yue"), "zh"),
        ("zh-HK", ("zh-CN",), None),
        ("yue", ("zh",), None),
        ("sv", ASYNCFLOW, None),
        ("en_US", FLOW, "en-US"),
        ("en_US", SARVAM, "en-IN"),
        ("en-US", ("en-IN", "en-GB", "en-US"), "en-US"),
        ("zh-Hans", FLOW, "zh-CN"),
        ("zh_Hans", ("zh",), "zh"),
        ("zh-Hans-CN", ("yue", "zh"), "zh"),
        ("od-IN", SARVAM, "or-IN"),
        ("od", SARVAM, "or-IN"),
        ("or-IN", ("od-IN",), "od-IN"),
        ("od-IN", ("or-IN",), "or-IN"),
        ("nb", ("no",), "no"),
    ],
)
def test_a_wanted_language_is_found(wanted: str, offered: tuple[str, ...], expected: str | None) -> None:
    """The tag itself, its own name, or the same language; Cantonese is not Mandarin."""
    assert match_language(wanted, offered) == expected


@pytest.mark.parametrize(
    ("offered", "asked"),
    [
        (ASYNCFLOW, {"en", "en-US", "en-IN", "hi", "hi-IN", "de-AT", "pt-BR", "zh-CN"}),
        (SARVAM, {"hi", "hi-IN", "ta", "ta-IN", "en", "en-IN", "en-US", "od-IN", "or-IN", "or"}),
        (FLOW, {"zh", "zh-CN", "zh-Hans", "yue", "zh-HK", "en-US", "ja-JP", "ko"}),
    ],
)
def test_pickers_may_ask_in_their_own_tags_and_each_of_them_is_found(offered: tuple[str, ...], asked: set[str]) -> None:
    """Home Assistant wants a tag to be in the list literally."""
    askable = askable_languages(offered)
    assert asked <= set(askable)
    assert len(askable) == len(set(askable))
    assert all(match_language(tag, offered) for tag in askable)


@each_row(
    ("tag", "name"), [("or", "ଓଡ଼ିଆ"), ("od", "ଓଡ଼ିଆ"), ("as", "অসমীয়া"), ("yue", "粵語"), ("en", "English"), ("xx", "xx")]
)
def test_a_language_is_shown_as_it_calls_itself(tag: str, name: str) -> None:
    """Also where a service has a code of its own for it; one without a name is shown by its tag."""
    assert language_name(tag) == name


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=lambda provider: provider.key)
def test_every_language_of_a_provider_has_a_name(provider: type[Provider]) -> None:
    """The media browser has a folder for each."""
    families = {family(tag) for model in provider.models for tag in model.languages}
    assert [tag for tag in families if language_name(tag) == tag] == []
