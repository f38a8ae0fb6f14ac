"""The dictionaries of an account in actions and in the form of a voice.

Made, changed, chosen, and never one too many.
"""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from tests.accounts import FINISH, VOICES, account, set_up, speak, suggested
from tests.action_calls import act, ordinary_user, told
from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind
from tests.flows.voice_form import answer, begin, change, choices

PATH = "/text-to-speech/pronunciation-dictionary"
WORDS = {"hi-IN": {"B2B": "B to B", "UPI": "यू पी आई"}, "en-IN": {"Nguyen": "win"}}
FORM = {"name": "Kitchen", **VOICES["sarvam"]["settings"], "sound": FINISH}


@pytest.fixture
async def sarvam(home: HomeAssistant, emulator: Emulator) -> MockConfigEntry:
    """Return an account at Sarvam AI with a voice."""
    return await set_up(home, account("sarvam", emulator))


async def make(home: HomeAssistant, entry: MockConfigEntry, words: Any = WORDS) -> str:
    """Make a dictionary and return its id."""
    dictionary_id: str = (await act(home, "save_dictionary", entry, pronunciations=words))["dictionary_id"]
    return dictionary_id


def many(count: int) -> dict[str, dict[str, str]]:
    """Return so many words."""
    return {"en-IN": {f"word {number}": "said so" for number in range(count)}}


async def test_a_dictionary_is_made_read_changed_and_deleted(home: HomeAssistant, sarvam: MockConfigEntry) -> None:
    """What is added joins what is there."""
    dictionary_id = await make(home, sarvam)
    held = {"dictionary_id": dictionary_id, "pronunciations": WORDS, "words": 3, "used_by": []}
    assert await act(home, "get_dictionary", sarvam, dictionary_id=dictionary_id) == held

    more = {"en-IN": {"Nguyen": "nwin"}, "hi": {"AI": "ए आई"}}
    changed = await act(home, "save_dictionary", sarvam, dictionary_id=dictionary_id, pronunciations=more)
    assert changed["pronunciations"] == {"hi-IN": {**WORDS["hi-IN"], "AI": "ए आई"}, "en-IN": {"Nguyen": "nwin"}}
    assert await act(home, "get_dictionary", sarvam, dictionary_id=dictionary_id) == changed

    await act(home, "delete_dictionary", sarvam, dictionary_id=dictionary_id)
    assert (await act(home, "list_dictionaries", sarvam))["dictionaries"] == []


async def test_dictionaries_are_listed_with_what_is_in_them(home: HomeAssistant, emulator: Emulator) -> None:
    """And with the voices that speak by them, and with how much the service allows."""
    maker = await set_up(home, account("sarvam", emulator, voices=()))
    dictionary_id = await make(home, maker)
    settings = {**VOICES["sarvam"]["settings"], "dict_id": dictionary_id}
    account("sarvam", emulator, voices=("Priya", "Ritu"), saved={"settings": settings}).add_to_hass(home)
    assert await act(home, "list_dictionaries", maker) == {
        "dictionaries": [
            {
                "dictionary_id": dictionary_id,
                "words": 3,
                "languages": ["hi-IN", "en-IN"],
                "used_by": ["Priya", "Ritu"],
            }
        ],
        "most_dictionaries": 10,
        "most_words": 100,
    }
    with pytest.raises(ServiceValidationError) as raised:
        await act(home, "delete_dictionary", maker, dictionary_id=dictionary_id)
    assert "Priya, Ritu" in told(raised.value)
    assert not emulator.sarvam.asked(PATH, method="DELETE")


async def test_a_dictionary_that_vanishes_meanwhile_is_not_listed(
    home: HomeAssistant, emulator: Emulator, sarvam: MockConfigEntry
) -> None:
    """Another client may have deleted it; other errors are reported."""
    await set_up(home, account("flow_tts", emulator, voices=("Ben",)))
    gone, kept = await make(home, sarvam), await make(home, sarvam)
    path = f"{PATH}/{gone}"
    emulator.sarvam.add_fault(FaultKind.STATUS, path, status=404, code="not_found_error", times=1)
    listed = await act(home, "list_dictionaries", sarvam)
    assert [each["dictionary_id"] for each in listed["dictionaries"]] == [kept]
    emulator.sarvam.add_fault(FaultKind.STATUS, path, status=500, times=1)
    with pytest.raises(HomeAssistantError) as raised:
        await act(home, "list_dictionaries", sarvam)
    assert "had an internal error" in told(raised.value)


@pytest.mark.parametrize(
    ("pronunciations", "words"),
    [
        ({}, "Invalid pronunciations"),
        ({"hi-IN": {}}, "Invalid pronunciations"),
        ({"hi-IN": ["B2B"]}, "Invalid pronunciations"),
        ({"hi-IN": {"B2B": " "}}, "Invalid pronunciations"),
        ({"hi-IN": {"B2B": {"said": "so"}}}, "Invalid pronunciations"),
        ({"de": {"B2B": "B zu B"}}, "Dictionaries don't support the language de"),
        (many(101), "The maximum is 100"),
        ({"hi-IN": {"B2B": "b" * 1_000_000}}, "too large"),
    ],
)
async def test_what_the_service_would_not_take_is_told_and_not_sent(
    home: HomeAssistant, emulator: Emulator, sarvam: MockConfigEntry, pronunciations: Any, words: str
) -> None:
    """Neither for a new dictionary nor for one that there is."""
    dictionary_id = await make(home, sarvam)
    named: dict[str, Any] = {"dictionary_id": dictionary_id}
    for fields in ({}, named):
        with pytest.raises(ServiceValidationError) as raised:
            await act(home, "save_dictionary", sarvam, pronunciations=pronunciations, **fields)
        assert words in told(raised.value)
    assert len(emulator.sarvam.asked(PATH, method="POST")) == 1
    assert not emulator.sarvam.asked(PATH, method="PUT")


async def test_a_number_is_a_word_too(home: HomeAssistant, sarvam: MockConfigEntry) -> None:
    """As it is written in YAML without quotes."""
    dictionary_id = await make(home, sarvam, {"en-IN": {911: "nine one one"}})
    held = await act(home, "get_dictionary", sarvam, dictionary_id=dictionary_id)
    assert held["pronunciations"] == {"en-IN": {"911": "nine one one"}}


async def test_a_dictionary_grows_only_as_far_as_the_service_allows(
    home: HomeAssistant, emulator: Emulator, sarvam: MockConfigEntry
) -> None:
    """What is there counts, but not twice what is said anew."""
    dictionary_id = await make(home, sarvam, many(99))
    await act(home, "save_dictionary", sarvam, dictionary_id=dictionary_id, pronunciations=many(100))
    with pytest.raises(ServiceValidationError) as raised:
        await act(
            home, "save_dictionary", sarvam, dictionary_id=dictionary_id, pronunciations={"hi-IN": {"B2B": "B to B"}}
        )
    assert "101 words" in told(raised.value)
    assert len(emulator.sarvam.asked(PATH, method="PUT")) == 1


async def test_no_more_dictionaries_are_made_than_the_service_keeps(
    home: HomeAssistant, emulator: Emulator, sarvam: MockConfigEntry
) -> None:
    """Ten; the eleventh is not sent."""
    for _ in range(10):
        await make(home, sarvam)
    with pytest.raises(ServiceValidationError) as raised:
        await make(home, sarvam)
    assert "already has 10 dictionaries" in told(raised.value)
    assert len(emulator.sarvam.asked(PATH, method="POST")) == 10


@pytest.mark.parametrize("action", ["get_dictionary", "save_dictionary", "delete_dictionary"])
async def test_a_dictionary_that_there_is_not_is_told(
    home: HomeAssistant, sarvam: MockConfigEntry, action: str
) -> None:
    """By every action that names one."""
    more: dict[str, Any] = {"pronunciations": WORDS} if action == "save_dictionary" else {}
    with pytest.raises(ServiceValidationError) as raised:
        await act(home, action, sarvam, dictionary_id="p_00000000", **more)
    assert "nothing with this ID" in told(raised.value)


async def test_a_provider_without_dictionaries_is_told(home: HomeAssistant, emulator: Emulator) -> None:
    """With what works there instead."""
    entry = await set_up(home, account("asyncflow", emulator))
    with pytest.raises(ServiceValidationError) as raised:
        await act(home, "list_dictionaries", entry)
    assert "AsyncFlow has no pronunciation dictionaries" in told(raised.value)


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("save_dictionary", {"pronunciations": WORDS}),
        ("save_dictionary", {"pronunciations": WORDS, "dictionary_id": "p_00000000"}),
        ("delete_dictionary", {"dictionary_id": "p_00000000"}),
    ],
)
async def test_only_administrators_change_dictionaries(
    home: HomeAssistant, emulator: Emulator, sarvam: MockConfigEntry, action: str, fields: dict[str, Any]
) -> None:
    """All users can list and read them."""
    dictionary_id = await make(home, sarvam)
    person = ordinary_user(home)
    with pytest.raises(Unauthorized):
        await act(home, action, sarvam, context=person, **fields)
    assert await act(home, "list_dictionaries", sarvam, context=person)
    assert await act(home, "get_dictionary", sarvam, context=person, dictionary_id=dictionary_id)


async def test_what_was_spoken_before_a_dictionary_changed_is_spoken_anew(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """Neither memory nor Home Assistant's files have it any more; nothing is reloaded for that."""
    maker = await set_up(home, account("sarvam", emulator, voices=()))
    dictionary_id = await make(home, maker)
    settings = {**VOICES["sarvam"]["settings"], "dict_id": dictionary_id}
    entry = account("sarvam", emulator, saved={"settings": settings})
    await set_up(home, entry)

    async def requests() -> int:
        await speak(home, "नमस्ते B2B।")
        return len(emulator.sarvam.asked("/text-to-speech/stream"))

    assert [await requests(), await requests()] == [1, 1]
    for _ in range(2):
        await act(home, "save_dictionary", maker, dictionary_id=dictionary_id, pronunciations=WORDS)
    assert [await requests(), await requests()] == [2, 2]

    await home.config_entries.async_reload(entry.entry_id)
    await home.async_block_till_done(wait_background_tasks=True)
    assert await requests() == 2


# In the form of a voice


async def settings_form(home: HomeAssistant, entry: MockConfigEntry) -> Any:
    """Return the form for the settings of a new voice."""
    wish = {"language": "hi-IN", "voice": "shubh", "model": "bulbul:v3"}
    return await answer(home, await begin(home, entry), wish)


async def test_a_voice_speaks_by_a_dictionary_that_is_chosen_for_it(
    home: HomeAssistant, emulator: Emulator, sarvam: MockConfigEntry
) -> None:
    """It is listed with the number of its words, saved by its id, and shown again when the voice is changed."""
    dictionary_id = await make(home, sarvam)
    form = await settings_form(home, sarvam)
    shown = f"{dictionary_id} (3)"
    assert choices(form, "dict_id") == [shown]

    result = await answer(home, form, {**FORM, "dict_id": shown})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    saved = next(voice for voice in sarvam.subentries.values() if voice.title == "Kitchen")
    assert saved.data["settings"]["dict_id"] == dictionary_id

    await home.async_block_till_done(wait_background_tasks=True)
    await speak(home, "नमस्ते।", entity_id="tts.kitchen")
    assert emulator.sarvam.asked("/text-to-speech/stream")[-1].body["dict_id"] == dictionary_id

    form = await change(home, sarvam, "Kitchen")
    assert suggested(form)["dict_id"] == shown


async def test_a_dictionary_is_typed_in(home: HomeAssistant, sarvam: MockConfigEntry) -> None:
    """A missing dictionary is an error of the form."""
    dictionary_id = await make(home, sarvam)
    form = await settings_form(home, sarvam)
    form = await answer(home, form, {**FORM, "dict_id": "p_00000000"})
    assert form["errors"] == {"dict_id": "dictionary_unknown"}
    result = await answer(home, form, {**FORM, "dict_id": dictionary_id})
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_voice_needs_no_dictionary(home: HomeAssistant, sarvam: MockConfigEntry) -> None:
    """The field is not there before there is one."""
    form = await settings_form(home, sarvam)
    assert "dict_id" not in form["data_schema"].schema
    await answer(home, form, FORM)
    saved = next(voice for voice in sarvam.subentries.values() if voice.title == "Kitchen")
    assert "dict_id" not in saved.data["settings"]


async def test_a_dictionary_is_not_asked_where_the_model_knows_none(
    home: HomeAssistant, emulator: Emulator, sarvam: MockConfigEntry
) -> None:
    """Cloned voices speak through an endpoint without dictionaries."""
    saved = {"voice": "svc-1", "model": "cloned", "settings": {}}
    cloned = await set_up(home, account("sarvam", emulator, voices=("Cloned",), saved=saved))
    form = await change(home, cloned, "Cloned")
    assert "dict_id" not in form["data_schema"].schema


async def test_an_id_can_be_typed_in_while_the_service_tells_none(
    home: HomeAssistant, emulator: Emulator, sarvam: MockConfigEntry
) -> None:
    """The form comes all the same."""
    emulator.sarvam.add_fault(FaultKind.STATUS, PATH, status=500)
    form = await settings_form(home, sarvam)
    result = await answer(home, form, {**FORM, "dict_id": "p_00000000"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
