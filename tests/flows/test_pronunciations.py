"""The pages for the lexicon: what a person sees, adds, changes and removes in the options of any account."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.streaming_tts.const import DOMAIN
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from tests.accounts import account, set_up, suggested
from tests.emulator.emulator import Emulator

OPTIONS = {"warn_at": 20}


@pytest.fixture
async def entry(home: HomeAssistant, emulator: Emulator) -> MockConfigEntry:
    """Return an account with options."""
    return await set_up(home, account("asyncflow", emulator, options=OPTIONS))


async def answer(home: HomeAssistant, shown: ConfigFlowResult, answers: dict[str, Any]) -> ConfigFlowResult:
    """Send what is shown and return what follows."""
    return await home.config_entries.options.async_configure(shown["flow_id"], answers)


async def choose(home: HomeAssistant, menu: ConfigFlowResult, step: str) -> ConfigFlowResult:
    """Choose from a menu."""
    return await answer(home, menu, {"next_step_id": step})


async def open_lexicon(home: HomeAssistant, entry: MockConfigEntry) -> ConfigFlowResult:
    """Return the page of the lexicon."""
    menu = await choose(home, await home.config_entries.options.async_init(entry.entry_id), "pronunciations")
    assert (menu["type"], menu["step_id"]) == (FlowResultType.MENU, "pronunciations")
    return menu


async def pronounce(home: HomeAssistant, words: dict[str, dict[str, Any]]) -> None:
    """Change the lexicon by the action."""
    await home.services.async_call(DOMAIN, "set_pronunciations", {"pronunciations": words}, blocking=True)


async def entries(home: HomeAssistant) -> Any:
    """Return what the lexicon has."""
    answer = await home.services.async_call(DOMAIN, "get_pronunciations", {}, blocking=True, return_response=True)
    assert answer is not None
    return answer["pronunciations"]


def offered(form: ConfigFlowResult) -> dict[str, str]:
    """Return the entries that may be chosen, by their value."""
    schema = form["data_schema"]
    assert schema is not None
    (selector,) = schema.schema.values()
    return {option["value"]: option["label"] for option in selector.config["options"]}


async def test_a_word_is_added_seen_changed_and_removed(home: HomeAssistant, entry: MockConfigEntry) -> None:
    """Each change is kept at once; the options of the account stay as they were, and it goes on running."""
    running = entry.runtime_data
    menu = await open_lexicon(home, entry)
    assert menu["menu_options"] == ["add_pronunciation", "leave"]
    assert menu["description_placeholders"] == {"count": "0"}

    form = await choose(home, menu, "add_pronunciation")
    assert form["type"] is FlowResultType.FORM
    word = {
        "word": "Wi-Fi",
        "language": "en",
        "respelling": "Wye Fye",
        "ipa": "ˈwaɪ.faɪ",
        "digits": False,
        "pause": 400,
    }
    menu = await answer(home, form, word)
    assert menu["menu_options"] == ["add_pronunciation", "choose_pronunciation", "leave"]
    form = await choose(home, menu, "add_pronunciation")
    menu = await answer(home, form, {"word": "112", "language": "mul", "digits": True})
    assert await entries(home) == {
        "all": {"112": {"digits": True}},
        "en": {"Wi-Fi": {"respelling": "Wye Fye", "ipa": "ˈwaɪ.faɪ", "pause": 400}},
    }

    form = await choose(home, menu, "choose_pronunciation")
    assert offered(form) == {"all 112": "112 → 1-2-3", "en Wi-Fi": "Wi-Fi (en) → Wye Fye · /ˈwaɪ.faɪ/ · 400 ms"}
    form = await answer(home, form, {"entry": "en Wi-Fi"})
    assert form["step_id"] == "change_pronunciation"
    assert {"digits": False, **suggested(form)} == word
    menu = await answer(home, form, {"word": "wi-fi", "language": "hi", "ipa": "a", "digits": False, "remove": False})
    assert await entries(home) == {"all": {"112": {"digits": True}}, "hi": {"wi-fi": {"ipa": "a"}}}

    form = await answer(home, await choose(home, menu, "choose_pronunciation"), {"entry": "all 112"})
    assert suggested(form)["language"] == "mul"
    menu = await answer(home, form, {"word": "112", "language": "mul", "digits": True, "remove": True})
    assert await entries(home) == {"hi": {"wi-fi": {"ipa": "a"}}}

    done = await choose(home, menu, "leave")
    await home.async_block_till_done()
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == OPTIONS
    assert entry.runtime_data is running


@pytest.mark.parametrize(
    ("answers", "errors"),
    [
        ({"word": " "}, {"word": "pronunciation_word_missing"}),
        ({"word": "a"}, {"respelling": "pronunciation_empty"}),
        ({"word": "a", "respelling": "<b>"}, {"respelling": "pronunciation_text_invalid"}),
        ({"word": "a", "ipa": "b" * 71}, {"ipa": "pronunciation_too_long"}),
        ({"word": "a", "digits": True}, {"digits": "pronunciation_no_digits"}),
        ({"word": "here", "respelling": "hear"}, {"word": "pronunciation_known"}),
    ],
)
async def test_what_cannot_be_is_told_at_its_field_and_can_be_mended(
    home: HomeAssistant, entry: MockConfigEntry, answers: dict[str, Any], errors: dict[str, str]
) -> None:
    """What was written is still there."""
    await pronounce(home, {"en": {"here": "heer"}})
    form = await choose(home, await open_lexicon(home, entry), "add_pronunciation")
    given = {"language": "en", "digits": False, **answers}
    form = await answer(home, form, given)
    assert form["errors"] == errors
    assert suggested(form) == given
    menu = await answer(home, form, {"word": "a", "language": "en", "respelling": "b", "digits": False})
    assert menu["type"] is FlowResultType.MENU
    assert await entries(home) == {"en": {"a": {"respelling": "b"}, "here": {"respelling": "heer"}}}


async def test_a_word_does_not_become_another_that_there_is(home: HomeAssistant, entry: MockConfigEntry) -> None:
    """The other would be lost."""
    words = {"en": {"a": "1", "b": "2"}}
    await pronounce(home, words)
    form = await choose(home, await open_lexicon(home, entry), "choose_pronunciation")
    form = await answer(home, form, {"entry": "en a"})
    changed = {"word": "b", "language": "en", "respelling": "3", "digits": False, "remove": False}
    form = await answer(home, form, changed)
    assert (form["step_id"], form["errors"]) == ("change_pronunciation", {"word": "pronunciation_known"})
    await answer(home, form, changed | {"word": "a"})
    assert await entries(home) == {"en": {"a": {"respelling": "3"}, "b": {"respelling": "2"}}}


async def test_a_word_that_was_removed_meanwhile_is_not_changed(home: HomeAssistant, entry: MockConfigEntry) -> None:
    """It is back to the page of the lexicon."""
    words = {"en": {"a": "1"}}
    await pronounce(home, words)
    form = await choose(home, await open_lexicon(home, entry), "choose_pronunciation")
    await pronounce(home, {"en": {"a": None}})
    menu = await answer(home, form, {"entry": "en a"})
    assert (menu["step_id"], menu["menu_options"]) == ("pronunciations", ["add_pronunciation", "leave"])


async def test_a_full_lexicon_says_so(home: HomeAssistant, entry: MockConfigEntry) -> None:
    """Nothing is added, and nothing lost."""
    words = {"en": {f"w{number}": "b" for number in range(2000)}}
    await pronounce(home, words)
    form = await choose(home, await open_lexicon(home, entry), "add_pronunciation")
    form = await answer(home, form, {"word": "a", "language": "en", "respelling": "b", "digits": False})
    assert form["errors"] == {"word": "pronunciations_too_many"}
    assert await entries(home) == {"en": {word: {"respelling": "b"} for word in words["en"]}}


async def test_a_pause_out_of_bounds_is_stopped_by_the_form(home: HomeAssistant, entry: MockConfigEntry) -> None:
    """As a browser would."""
    form = await choose(home, await open_lexicon(home, entry), "add_pronunciation")
    with pytest.raises(InvalidData):
        await answer(home, form, {"word": "a", "language": "en", "digits": False, "pause": 5})


async def test_the_lexicon_is_the_same_in_every_account(
    home: HomeAssistant, emulator: Emulator, entry: MockConfigEntry
) -> None:
    """All accounts share one list."""
    other = await set_up(home, account("sarvam", emulator, voices=("Ben",)))
    form = await choose(home, await open_lexicon(home, entry), "add_pronunciation")
    await answer(home, form, {"word": "a", "language": "en", "respelling": "b", "digits": False})
    menu = await open_lexicon(home, other)
    assert menu["description_placeholders"] == {"count": "1"}
    assert offered(await choose(home, menu, "choose_pronunciation")) == {"en a": "a (en) → b"}
