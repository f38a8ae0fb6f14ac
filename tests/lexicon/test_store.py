"""Pronunciations: stored, changed with actions, and used by every voice over every transport."""

from collections.abc import AsyncGenerator, Awaitable, Callable
import json
from typing import Any
from unittest.mock import patch

import probatio as vol
import pytest

from custom_components.streaming_tts.const import DOMAIN
from custom_components.streaming_tts.providers.types import AudioFormat, Transport
from custom_components.streaming_tts.speech.engine import ProviderSynthesizer
from custom_components.streaming_tts.speech.synthesizer import SpeechRequest
from custom_components.streaming_tts.voices.settings import resolve_voice
from homeassistant.components import tts
from homeassistant.components.tts.helper import get_engine_instance
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from tests.accounts import account, is_key_check, service_of, set_up, speak
from tests.action_calls import ordinary_user, told
from tests.emulator.emulator import Emulator
from tests.utterances import WAV, asked, stream, written

PROVIDERS = ("asyncflow", "sarvam", "tencent", "flow_tts")
SPOKEN = {
    "asyncflow": ("en", "hi", "zh"),
    "sarvam": ("en-IN", "hi-IN", "ta-IN"),
    "tencent": ("en", "zh", "ja"),
    "flow_tts": ("en-US", "zh-CN", "ja"),
}
"""Three languages of a provider, with its tags."""
ALPHABETS = {
    "en": "bcdfghjklm",
    "hi": "कखगघचछजझटठ",
    "ta": "கசடதபமயரலவ",
    "zh": "天地人日月山水火木金",
    "ja": "あいうえおかきくけこ",
}
FIRST = {"en": "Zu", "hi": "फि", "ta": "நா", "zh": "龙", "ja": "龍"}
UNSPACED = ("zh", "ja")
WORDS_EACH = 84


def word(language: str, number: int) -> str:
    """Return the word with a number in the writing of a language."""
    return FIRST[language] + "".join(ALPHABETS[language][int(digit)] for digit in f"{number:03}")


def respelled(number: int) -> str:
    """Return how the word with a number is said, in any language."""
    return f"o{''.join('aeiouvwxyz'[int(digit)] for digit in f'{number:03}')}o"


def lexicon(provider: str) -> dict[str, dict[str, str]]:
    """Return 252 words in three languages."""
    languages = [tag.partition("-")[0] for tag in SPOKEN[provider]]
    return {tag: {word(tag, number): respelled(number) for number in range(WORDS_EACH)} for tag in languages}


def text_of(language: str) -> str:
    """Return a text that has all words of a language, in sentences of twelve."""
    words = [word(language, number) for number in range(WORDS_EACH)]
    between, stop = ("，", "。") if language in UNSPACED else (" ", ". ")
    return stop.join(between.join(words[at : at + 12]) for at in range(0, WORDS_EACH, 12)) + stop.strip()


def texts(emulator: Emulator, provider: str) -> list[str]:
    """Return what a service was asked to speak, over whichever transport."""
    said: list[str] = []
    for request in service_of(emulator, provider).asked():
        if request.method == "POST" and isinstance(request.body, dict) and not is_key_check(request):
            said.append(next((request.body[key] for key in ("transcript", "text", "Text") if key in request.body), ""))
        for frame in request.frames_of_client():
            data = frame.get("data")
            said.append(frame.get("transcript") or (data.get("text", "") if isinstance(data, dict) else ""))
    return [text.strip() for text in said if text.strip()]


async def act(home: HomeAssistant, action: str, *, answered: bool = False, **data: Any) -> Any:
    """Run an action of the integration; return its response where that is asked for."""
    return await home.services.async_call(DOMAIN, action, data, blocking=True, return_response=answered)


async def entries(home: HomeAssistant, **wanted: str) -> Any:
    """Return what the lexicon has."""
    return (await act(home, "get_pronunciations", answered=True, **wanted))["pronunciations"]


async def say_whole(home: HomeAssistant, text: str, language: str) -> None:
    """Let the voice say a text that is complete."""
    result = tts.async_create_stream(home, engine="tts.anna", language=language, options=dict(WAV))
    result.async_set_message(text)
    assert b"".join([chunk async for chunk in result.async_stream_result()])


async def stream_in(home: HomeAssistant, text: str, language: str) -> None:
    """Let a voice speak a text that is being written, and listen to its end."""
    result = tts.async_create_stream(home, engine="tts.anna", language=language, options=dict(WAV))
    result.async_set_message_stream(written(text))
    assert b"".join([chunk async for chunk in result.async_stream_result()])


type Say = Callable[[HomeAssistant, str, str], Awaitable[None]]

EITHER_WAY = pytest.mark.parametrize(
    "say", [pytest.param(say_whole, id="whole", marks=pytest.mark.full), pytest.param(stream_in, id="in pieces")]
)


@EITHER_WAY
@pytest.mark.parametrize("index", [0, pytest.param(1, marks=pytest.mark.full), pytest.param(2, marks=pytest.mark.full)])
async def test_a_lexicon_of_250_words_in_three_languages_is_heard(
    home: HomeAssistant, emulator: Emulator, provider: str, index: int, say: Say
) -> None:
    """Each word of the spoken language, also if it arrives in two pieces."""
    await set_up(home, account(provider, emulator))
    tag = SPOKEN[provider][index]
    language = tag.partition("-")[0]
    answer = await act(home, "set_pronunciations", pronunciations=lexicon(provider), answered=True)
    assert answer == {"added": 252, "changed": 0, "removed": 0, "pronunciations": 252}
    await say(home, text_of(language), tag)
    spoken = " ".join(texts(emulator, provider))
    missing = [number for number in range(WORDS_EACH) if respelled(number) not in spoken]
    assert missing == []
    assert FIRST[language] not in spoken


EVERY_TRANSPORT = pytest.mark.parametrize(
    ("provider", "transport"),
    [
        ("asyncflow", Transport.WEBSOCKET),
        ("asyncflow", Transport.STREAM),
        ("asyncflow", Transport.BODY),
        ("sarvam", Transport.WEBSOCKET),
        ("sarvam", Transport.STREAM),
        ("sarvam", Transport.BODY),
        ("flow_tts", Transport.STREAM),
        ("flow_tts", Transport.BODY),
    ],
)
OF_TRANSPORT = {
    ("asyncflow", Transport.STREAM): "/text_to_speech/streaming",
    ("asyncflow", Transport.BODY): "/text_to_speech",
    ("sarvam", Transport.STREAM): "/text-to-speech/stream",
    ("sarvam", Transport.BODY): "/text-to-speech",
    ("flow_tts", Transport.STREAM): "/api/tts/synthesize-stream",
    ("flow_tts", Transport.BODY): "/api/tts/synthesize",
}
"""Where a text is posted; over a WebSocket it is not."""


@EITHER_WAY
@EVERY_TRANSPORT
async def test_a_lexicon_of_250_words_is_heard_over_every_transport(
    home: HomeAssistant, emulator: Emulator, *, provider: str, transport: Transport, say: Say
) -> None:
    """Where there is no other, whole or in pieces."""
    entry = await set_up(home, account(provider, emulator))
    tag = SPOKEN[provider][-1]
    language = tag.partition("-")[0]
    await act(home, "set_pronunciations", pronunciations=lexicon(provider))
    with patch.object(type(entry.runtime_data.provider), "transports", (transport,)):
        await say(home, text_of(language), tag)
    spoken = " ".join(texts(emulator, provider))
    assert [number for number in range(WORDS_EACH) if respelled(number) not in spoken] == []
    assert FIRST[language] not in spoken
    posted = {
        request.path
        for request in service_of(emulator, provider).asked()
        if isinstance(request.body, dict) and request.body.keys() & {"transcript", "text"}
    }
    assert posted == {path for at, path in OF_TRANSPORT.items() if at == (provider, transport)}


MARKED = 'Attention: Wi-Fi code 112, <break time="0.5s"/> not <phonemes alt="Gee">dʒiː</phonemes> <digits>12</digits>!'
LEXICON: dict[str, dict[str, Any]] = {
    "all": {"attention": {"pause": 300}, "112": {"digits": True}},
    "en": {"wi-fi": {"ipa": "ˈwaɪ.faɪ", "respelling": "wye fye"}},
}
HEARD = {
    True: (
        "Attention<break time='300ms'/>: <phonemes>ˈwaɪ.faɪ</phonemes> code <digits>112</digits>,"
        " <break time='500ms'/> not <phonemes>dʒiː</phonemes> <digits>12</digits>!"
    ),
    False: "Attention: Wye fye code 1 1 2, not Gee 1 2!",
}


@EVERY_TRANSPORT
async def test_a_service_hears_its_own_marks_or_words_over_every_transport(
    home: HomeAssistant, emulator: Emulator, provider: str, transport: Transport
) -> None:
    """What it is charged by is what it was sent."""
    entry = await set_up(home, account(provider, emulator))
    engine, (subentry,) = entry.runtime_data.engine, entry.subentries.values()
    voice = resolve_voice(entry.runtime_data.provider, subentry.data, language=None, options={})
    audio_format = AudioFormat(sample_rate=24000)
    terms = SpeechRequest(
        voice=voice,
        audio_format=audio_format,
        has_fallback=False,
        recorder=entry.runtime_data,
        transport=lambda: transport,
    )
    speaker = ProviderSynthesizer(engine, terms)
    marked = 'Attention<break time="300ms"/>: <phonemes alt="Wye fye">ˈwaɪ.faɪ</phonemes> code <digits>112</digits>,'
    marked += ' <break time="0.5s"/> not <phonemes alt="Gee">dʒiː</phonemes> <digits>12</digits>!'
    assert [chunk async for chunk in speaker.speak(marked, home.loop.time())]
    heard = HEARD[provider == "asyncflow"]
    assert texts(emulator, provider) == [heard]
    assert entry.runtime_data.ledger.charged.characters == len(heard)


@EITHER_WAY
async def test_ipa_digits_and_breaks_are_what_each_service_makes_of_them(
    home: HomeAssistant, emulator: Emulator, provider: str, say: Say
) -> None:
    """From the list and from the text; a service without IPA gets the respelling."""
    await set_up(home, account(provider, emulator))
    await act(home, "set_pronunciations", pronunciations=LEXICON)
    language = {"sarvam": "en-IN"}.get(provider, "en")
    await say(home, MARKED, language)
    assert texts(emulator, provider) == [HEARD[provider == "asyncflow"]]


async def test_another_engine_is_told_the_marks_in_words(home: HomeAssistant, emulator: Emulator) -> None:
    """A fallback of another provider translates them for itself."""
    await set_up(home, account("sarvam", emulator, voices=("Ben",), saved={"language": "en-IN"}))
    await set_up(home, account("asyncflow", emulator, saved={"fallback": "tts.ben"}))
    await act(home, "set_pronunciations", pronunciations=LEXICON)
    emulator.asyncflow.configure(keys=())
    assert await speak(home, MARKED, **WAV)
    assert texts(emulator, "sarvam") == [HEARD[False]]
    assert await speak(home, MARKED)  # as mp3, over the platform
    assert set(texts(emulator, "sarvam")) == {HEARD[False]}


@pytest.mark.parametrize(
    ("saved", "configured", "asked_for", "heard"),
    [
        ("en", "de", None, "e"),
        ("en", "de", "en-GB", "g"),
        ("en", "de", "de", "d"),
        (None, "de", None, "d"),
        (None, "en", None, "e"),
        (None, "en", "de-AT", "d"),
    ],
)
async def test_the_language_that_is_spoken_decides(
    home: HomeAssistant, emulator: Emulator, *, saved: str | None, configured: str, asked_for: str | None, heard: str
) -> None:
    """The language of the voice or the call; if the voice detects it, that of Home Assistant."""
    home.config.language = configured
    entry = account("asyncflow", emulator)
    data = {key: value for key, value in next(iter(entry.subentries.values())).data.items() if key != "language"}
    entry.add_to_hass(home)
    subentry = next(iter(entry.subentries.values()))
    home.config_entries.async_update_subentry(entry, subentry, data={**data, **({"language": saved} if saved else {})})
    await home.config_entries.async_setup(entry.entry_id)
    await act(home, "set_pronunciations", pronunciations={tag: {"x": said} for tag, said in REGIONS.items()})
    result = tts.async_create_stream(home, engine="tts.anna", language=asked_for, options=dict(WAV))
    result.async_set_message("Say x now.")
    assert b"".join([chunk async for chunk in result.async_stream_result()])
    assert texts(emulator, "asyncflow") == [f"Say {heard} now."]


REGIONS = {"all": "a", "en": "e", "en-GB": "g", "de": "d"}


# The cache


async def test_a_changed_word_is_heard_where_the_file_of_the_old_one_is_kept(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """The lexicon is a part of the key; entries for other languages are not."""
    await set_up(home, account("asyncflow", emulator, saved={"model": "async_pro_v1.0", "settings": {}}))
    engine = get_engine_instance(home, "tts.anna")
    assert isinstance(engine, tts.TextToSpeechEntity)
    before = dict(engine.default_options or {})
    assert "pronunciations" not in before
    await speak(home, "Say Sarvam.", **WAV)
    await act(home, "set_pronunciations", pronunciations={"hi": {"Sarvam": "Sarwam"}})
    assert engine.default_options == before
    await act(home, "set_pronunciations", pronunciations={"all": {"Sarvam": "Sarvum"}})
    await speak(home, "Say Sarvam.", **WAV)
    await speak(home, "Say Sarvam.", **WAV)
    assert texts(emulator, "asyncflow") == ["Say Sarvam.", "Say Sarvum."]
    await act(home, "set_pronunciations", pronunciations={"all": {"Sarvam": None}})
    assert engine.default_options == before


async def test_what_sounds_the_same_costs_one_request(home: HomeAssistant, emulator: Emulator) -> None:
    """Cached audio is found by the text that is sent."""
    await set_up(home, account("sarvam", emulator))
    await act(home, "set_pronunciations", pronunciations={"all": {"112": {"digits": True}}})
    await speak(home, "Dial 112.", **WAV)
    await speak(home, "Dial <digits>112</digits>.", **WAV)
    await speak(home, "Dial 1 1 2.", **WAV)
    assert asked(emulator, "sarvam") == 1


async def test_a_change_is_heard_at_once_and_no_account_is_set_up_again(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """Not in the middle of speech either."""
    entry = await set_up(home, account("asyncflow", emulator))
    running = entry.runtime_data

    async def text() -> AsyncGenerator[str]:
        yield "This is a text that is being written, and it is longer than sixty characters. "
        await act(home, "set_pronunciations", pronunciations={"all": {"Sarvam": "Sarvum"}})
        yield "It says Sarvam."

    assert await stream(home, text(), **WAV)
    assert await speak(home, "It says Sarvam.", **WAV)
    assert entry.runtime_data is running
    assert texts(emulator, "asyncflow")[-1] == "It says Sarvum."


# Kept


async def test_the_lexicon_survives_a_restart(
    home: HomeAssistant, emulator: Emulator, hass_storage: dict[str, Any]
) -> None:
    """It is written as soon as it is changed."""
    await set_up(home, account("asyncflow", emulator))
    await act(home, "set_pronunciations", pronunciations=LEXICON)
    stored = hass_storage["streaming_tts.pronunciations"]["data"]
    assert {"word": "112", "language": "all", "digits": True} in json.loads(json.dumps(stored))["entries"]


async def test_what_was_stored_is_taken_up_and_what_is_not_understood_is_left_out(
    home: HomeAssistant, emulator: Emulator, hass_storage: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Such as what a later release wrote."""
    content = [{"word": "a", "language": "en", "respelling": "b"}, {"word": "c", "tone": 3}]
    hass_storage["streaming_tts.pronunciations"] = {"version": 1, "data": {"entries": content}}
    await set_up(home, account("asyncflow", emulator))
    assert await entries(home) == {"en": {"a": {"respelling": "b"}}}
    assert "Could not read 1 stored pronunciations" in caplog.text


# Actions


async def test_entries_are_set_found_and_removed(home: HomeAssistant, emulator: Emulator) -> None:
    """One for each word and language; the answer can be imported again."""
    await set_up(home, account("asyncflow", emulator))
    first = await act(home, "set_pronunciations", pronunciations={"EN_in": {"Sarvam": "Sarvum"}}, answered=True)
    assert first == {"added": 1, "changed": 0, "removed": 0, "pronunciations": 1}
    change = {"en-IN": {"Sarvam": {"ipa": "a", "pause": "400"}}}
    again = await act(home, "set_pronunciations", pronunciations=change, answered=True)
    assert again == {"added": 0, "changed": 1, "removed": 0, "pronunciations": 1}
    await act(home, "set_pronunciations", pronunciations={"all": {112: {"digits": True}}})
    everything = {"all": {"112": {"digits": True}}, "en-IN": {"Sarvam": {"ipa": "a", "pause": 400}}}
    assert await entries(home) == everything
    assert await entries(home, language="en_IN") == {"en-IN": everything["en-IN"]}
    assert await entries(home, word="112") == {"all": everything["all"]}
    assert await entries(home, word="112", language="en") == {}
    gone = await act(home, "set_pronunciations", pronunciations={"en_in": {" Sarvam ": ""}}, answered=True)
    assert gone == {"added": 0, "changed": 0, "removed": 1, "pronunciations": 1}
    assert await entries(home) == {"all": everything["all"]}
    answer = await act(home, "set_pronunciations", pronunciations=everything, answered=True)
    assert answer == {"added": 1, "changed": 0, "removed": 0, "pronunciations": 2}
    assert await entries(home) == everything


async def test_many_replace_all_others(home: HomeAssistant, emulator: Emulator) -> None:
    """Where that is asked for."""
    await set_up(home, account("asyncflow", emulator))
    await act(home, "set_pronunciations", pronunciations={"en": {"a": "1", "b": "2"}})
    change = {"en": {"b": "3"}, "all": {"c": {"respelling": "4"}}}
    answer = await act(home, "set_pronunciations", pronunciations=change, replace=True, answered=True)
    assert answer == {"added": 1, "changed": 1, "removed": 1, "pronunciations": 2}


@pytest.mark.parametrize("nothing", [None, "", {}])
async def test_a_word_is_removed_while_others_replace_the_rest(
    home: HomeAssistant, emulator: Emulator, nothing: Any
) -> None:
    """An empty value removes a word from what there was, whether the rest stays or is replaced."""
    await set_up(home, account("asyncflow", emulator))
    await act(home, "set_pronunciations", pronunciations={"en": {"a": "1", "b": "2", "c": "3"}})
    change = {"en": {"a": nothing, "b": "4"}}
    answer = await act(home, "set_pronunciations", pronunciations=change, answered=True)
    assert answer == {"added": 0, "changed": 1, "removed": 1, "pronunciations": 2}
    change = {"en": {"b": nothing, "d": "5"}}
    answer = await act(home, "set_pronunciations", pronunciations=change, replace=True, answered=True)
    assert answer == {"added": 1, "changed": 0, "removed": 2, "pronunciations": 1}
    assert await entries(home) == {"en": {"d": {"respelling": "5"}}}


async def test_a_word_that_is_not_there_removes_none_of_the_others(home: HomeAssistant, emulator: Emulator) -> None:
    """A call is carried out wholly or not at all."""
    await set_up(home, account("asyncflow", emulator))
    await act(home, "set_pronunciations", pronunciations={"en": {"a": "1"}})
    with pytest.raises(ServiceValidationError):
        await act(home, "set_pronunciations", pronunciations={"en": {"a": "", "b": ""}}, replace=True)
    assert await entries(home) == {"en": {"a": {"respelling": "1"}}}


@pytest.mark.parametrize(
    ("pronunciations", "reason", "named"),
    [
        ({"en": {" ": "b"}}, "pronunciation_word_missing", {}),
        ({"en": {"a": {"pause": 5}}}, "pronunciation_pause_invalid", {"least": "80", "most": "1200"}),
        ({"en": {"a": {"respelling": " "}}}, "pronunciation_empty", {"word": "a"}),
        ({"en": {"a": {"ipa": "b" * 71}}}, "pronunciation_too_long", {"most_characters": "70"}),
        ({"en": {"a": "b", "c": None}}, "pronunciation_unknown", {"word": "c", "language": "en"}),
        ({"en": {"a": "b", "c": " "}}, "pronunciation_empty", {"word": "c"}),
        ({"english": {"a": "b"}}, "pronunciation_language_invalid", {"language": "english"}),
        ({"en": {f"w{number}": "b" for number in range(2001)}}, "pronunciations_too_many", {"most": "2000"}),
    ],
)
async def test_what_cannot_be_is_refused_in_words_and_nothing_is_changed(
    home: HomeAssistant,
    emulator: Emulator,
    pronunciations: dict[str, dict[str, Any]],
    reason: str,
    named: dict[str, str],
) -> None:
    """With the word that it is about."""
    await set_up(home, account("asyncflow", emulator))
    with pytest.raises(ServiceValidationError) as refused:
        await act(home, "set_pronunciations", pronunciations=pronunciations)
    assert refused.value.translation_key == reason
    assert (refused.value.translation_placeholders or {}).items() >= named.items()
    assert told(refused.value)
    assert await entries(home) == {}


@pytest.mark.parametrize("pronunciations", [{"en": {True: "b"}}, {"en": ["a"]}, ["a"], {None: {"a": "b"}}])
async def test_what_is_no_lexicon_is_refused(home: HomeAssistant, emulator: Emulator, pronunciations: Any) -> None:
    """YAML takes `on` for a switch: a word has to be text."""
    await set_up(home, account("asyncflow", emulator))
    with pytest.raises(vol.Invalid):
        await act(home, "set_pronunciations", pronunciations=pronunciations)


async def test_only_administrators_change_the_lexicon(home: HomeAssistant, emulator: Emulator) -> None:
    """Others may look at it."""
    await set_up(home, account("asyncflow", emulator))
    context, data = ordinary_user(home), {"pronunciations": {"all": {"a": "b"}}}
    with pytest.raises(Unauthorized):
        await home.services.async_call(DOMAIN, "set_pronunciations", data, blocking=True, context=context)
    answer = await home.services.async_call(
        DOMAIN, "get_pronunciations", {}, blocking=True, context=context, return_response=True
    )
    assert answer == {"pronunciations": {}}
