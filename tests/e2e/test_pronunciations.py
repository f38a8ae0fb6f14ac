"""Pronunciations: with actions, in the options of an account, and in the browser."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from playwright.async_api import Browser
import pytest
import pytest_asyncio

from tests.emulator.service import Service

from .browser import Frontend
from .conftest import LANGUAGES, Log, Provider
from .instance import ApiError, HomeAssistantProcess

WAV = {"preferred_format": "wav", "preferred_sample_rate": 24000}
WORDS: dict[str, dict[str, Any]] = {
    "all": {"112": {"digits": True}, "attention": {"pause": 300}},
    "en": {f"xylo{letter}{other}": f"zai lo {letter} {other}" for letter in "bcdfghjklm" for other in "bcdfghjklm"},
    "hi": {f"क{letter}{other}": f"का {letter} {other}" for letter in "खगघचछजझट" for other in "खगघचछजझट"},
    "zh": {
        f"龙{letter}{other}": f"隆{other}{letter}" for letter in "天地人日月山水火木" for other in "天地人日月山水火木"
    },
}
MESSAGE = "Attention: dial 112, {}, and xylobc."


def asked(service: Service[Any]) -> str:
    """Return all texts that a service got, over any transport."""
    said: list[str] = []
    for request in service.asked():
        contents = [request.body, *request.frames_of_client()]
        for content in filter(None, contents):
            data = content.get("data") if isinstance(content, dict) else None
            fields = [content, data] if isinstance(data, dict) else [content] if isinstance(content, dict) else []
            said += [str(each[name]) for each in fields for name in ("transcript", "text", "Text") if name in each]
    return " ".join(said)


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def empty_lexicon(instance: HomeAssistantProcess, providers: dict[str, Provider]) -> AsyncGenerator[None]:
    """Remove all pronunciations."""
    yield
    await instance.client.act("streaming_tts.set_pronunciations", pronunciations={}, replace=True)


async def test_hundreds_of_words_are_imported_and_heard(instance: HomeAssistantProcess, provider: Provider) -> None:
    """One action changes all providers at once, as tags or words; repeated texts are still free."""
    await instance.client.speech(provider.speaker, MESSAGE.format(provider.key), options=WAV)
    before = asked(provider.service)
    assert f"Attention: dial 112, {provider.key}, and xylobc." in before
    answer = await instance.client.act("streaming_tts.set_pronunciations", pronunciations=WORDS, answered=True)
    assert answer == {"added": 247, "changed": 0, "removed": 0, "pronunciations": 247}

    heard = await instance.client.speech(provider.speaker, MESSAGE.format(provider.key), options=WAV)

    assert heard.status == 200
    wanted = {
        "asyncflow": "Attention<break time='300ms'/>: dial <digits>112</digits>, asyncflow, and zai lo b c.",
        "sarvam": "Attention: dial 1 1 2, sarvam, and zai lo b c.",
        "tencent": "Attention: dial 1 1 2, tencent, and zai lo b c.",
        "flow_tts": "Attention: dial 1 1 2, flow_tts, and zai lo b c.",
    }
    assert wanted[provider.key] in asked(provider.service).removeprefix(before)
    count = len(provider.service.asked())
    again = await instance.client.speech(provider.speaker, MESSAGE.format(provider.key), options=WAV)
    assert again.pcm == heard.pcm
    assert len(provider.service.asked()) == count
    answer = await instance.client.act("streaming_tts.get_pronunciations", language="all", answered=True)
    assert answer == {"pronunciations": {"all": WORDS["all"]}}


@pytest.mark.parametrize(
    ("pronunciations", "words"),
    [
        ({"all": {"a": {"pause": 5}}}, "The pause after a must be from 80 to 1200 ms"),
        ({"all": {"Nobody": None}}, "No pronunciation of Nobody found for the language all"),
        (
            {"en": {"a": "b", "c": {"ipa": "<"}}},
            "The ipa of c must be text without angle brackets or double quotes",
        ),
    ],
)
async def test_what_cannot_be_is_told_in_words(
    instance: HomeAssistantProcess,
    providers: dict[str, Provider],
    log: Log,
    pronunciations: dict[str, dict[str, Any]],
    words: str,
) -> None:
    """With the entry that is wrong."""
    log.expect(words)
    with pytest.raises(ApiError) as refused:
        await instance.client.act("streaming_tts.set_pronunciations", pronunciations=pronunciations)
    assert words in refused.value.message
    answer = await instance.client.act("streaming_tts.get_pronunciations", answered=True)
    assert answer == {"pronunciations": {}}


async def test_words_are_kept_in_the_options_of_any_account(
    instance: HomeAssistantProcess, providers: dict[str, Provider]
) -> None:
    """An entry added in one account can be changed in another."""
    flow = await instance.client.configure(providers["asyncflow"].account.entry_id)
    assert flow.menu == ["account", "pronunciations"]
    await flow.choose("pronunciations")
    await flow.choose("add_pronunciation")
    await flow.answer(word=" ", respelling="Sarvum")
    assert flow.errors == {"word": "pronunciation_word_missing"}
    await flow.answer(word="Sarvam", respelling="Sarvum")
    assert "choose_pronunciation" in flow.menu
    await flow.choose("leave")
    assert flow.kind == "create_entry"

    flow = await instance.client.configure(providers["sarvam"].account.entry_id)
    await flow.choose("pronunciations")
    await flow.choose("choose_pronunciation")
    await flow.answer(entry="all Sarvam")
    await flow.answer(language="en")
    await flow.choose("leave")
    answer = await instance.client.act("streaming_tts.get_pronunciations", answered=True)
    assert answer == {"pronunciations": {"en": {"Sarvam": {"respelling": "Sarvum"}}}}


async def test_words_are_added_and_removed_in_the_browser(
    browser: Browser, instance: HomeAssistantProcess, providers: dict[str, Provider], pictures: Path | None
) -> None:
    """In the browser; a pronunciation is used as soon as it's saved."""
    provider = providers["asyncflow"]
    async with Frontend.signed_in(browser, instance.url, pictures) as frontend:
        await frontend.open_integration()
        form = await frontend.configure("AsyncFlow")
        await form.says("Warnings, limits, and budget", "Pronunciations")
        await frontend.look("words_1_options", dark=True)
        await form.shown.get_by_text("Pronunciations", exact=True).click()
        await form.says("Applies to all voices of all accounts.", "Entries: 0")
        await frontend.look("words_2_empty")
        await form.shown.get_by_text("Add word").click()
        await form.asks("Word", "Language", "Respelling", "IPA", "Digit by digit", "Pause after")
        await form.chosen("Language", "Multiple languages")
        await frontend.look("words_3_add", dark=True)
        await form.written("Word").fill("Wi-Fi")
        await form.press("Submit")
        await form.says("Enter a respelling, IPA, or a pause, or turn on digit by digit.")
        await frontend.look("words_4_refused")
        await form.written("Respelling").fill("Wye Fye")
        await form.written("IPA").fill("ˈwaɪ.faɪ")
        await form.choose("Language", "English", search=True)
        await form.press("Submit")
        await form.says("Entries: 1")
        await frontend.look("words_5_kept")
        await instance.client.speech(provider.speaker, "The Wi-Fi is slow.", language=LANGUAGES["asyncflow"])
        assert "<phonemes>ˈwaɪ.faɪ</phonemes> is slow." in asked(provider.service)

        await form.shown.get_by_text("Change or remove words").click()
        await form.says("Entries: 1")
        assert await form.offered("Entry") == ["Wi-Fi (en) → Wye Fye · /ˈwaɪ.faɪ/"]
        await form.choose("Entry", "Wi-Fi (en) → Wye Fye · /ˈwaɪ.faɪ/")
        await frontend.look("words_6_chosen")
        await form.press("Submit")
        await form.says("Change word")
        await form.chosen("Language", "English")
        await frontend.look("words_7_change")
        await form.shown.locator("ha-selector").filter(has_text="Remove this word").locator("ha-switch").click()
        await form.press("Submit")
        await form.says("Entries: 0")
        await form.shown.get_by_text("Done").click()
        await form.says("Options successfully saved")
        await frontend.look("words_8_done")
        await form.press("Finish")
