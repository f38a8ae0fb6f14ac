"""Languages: what pipelines and people ask for, and which of a provider's tags that means."""

import pytest

from custom_components.streaming_tts.providers import PROVIDERS
from custom_components.streaming_tts.voices.languages import askable_languages, match_language

ASYNCFLOW = PROVIDERS["asyncflow"].models[1].languages
SARVAM = PROVIDERS["sarvam"].models[0].languages
FLOW = PROVIDERS["flow_tts"].models[0].languages


@pytest.mark.parametrize(
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
    ],
)
def test_a_wanted_language_is_found(wanted: str, offered: tuple[str, ...], expected: str | None) -> None:
    """The tag itself, its own name, or the same language; Cantonese is not Mandarin."""
    assert match_language(wanted, offered) == expected


@pytest.mark.parametrize(
    ("offered", "asked"),
    [
        (ASYNCFLOW, {"en", "en-US", "en-IN", "hi", "hi-IN", "de-AT", "pt-BR", "zh-CN"}),
        (SARVAM, {"hi", "hi-IN", "ta", "ta-IN", "en", "en-IN"}),
        (FLOW, {"zh", "zh-CN", "yue", "zh-HK", "en-US", "ja-JP", "ko"}),
    ],
)
def test_pickers_may_ask_in_their_own_tags_and_each_of_them_is_found(offered: tuple[str, ...], asked: set[str]) -> None:
    """Home Assistant wants a tag to be in the list literally."""
    askable = askable_languages(offered)
    assert asked <= set(askable)
    assert len(askable) == len(set(askable))
    assert all(match_language(tag, offered) for tag in askable)
