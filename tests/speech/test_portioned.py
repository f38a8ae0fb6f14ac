"""A text that is too long for one request is said in several."""

from contextlib import aclosing
from itertools import pairwise

import pytest

from custom_components.streaming_tts.speech.synthesizer import Portioned
from custom_components.streaming_tts.speech.text.buffer import TextRules
from tests.autojump_clock import AutojumpClock

from .conftest import ScriptedSpeaker, sound_of

SENTENCES = [f"This is sentence number {number} of an answer that goes on." for number in range(10)]


async def portions(text: str, limit: int) -> list[str]:
    """Return what is asked for of a text, of which all has to be heard."""
    speaker = ScriptedSpeaker()
    async with aclosing(Portioned(speaker, TextRules(clean=False, max_characters=limit)).speak(text, 0)) as sound:
        heard = b"".join([chunk async for chunk in sound])
    assert heard == b"".join(sound_of(portion) for portion in speaker.texts)
    return speaker.texts


async def test_a_text_within_the_limit_is_one_request_as_it_stands(clock: AutojumpClock) -> None:
    """Not a letter of it is touched."""
    text = "*As it stands*,  to the last blank. "
    assert await portions(text, len(text)) == [text]


@pytest.mark.parametrize("limit", [60, 150, 400])
async def test_a_text_over_the_limit_is_cut_between_sentences_into_as_few_as_can_be(
    clock: AutojumpClock, limit: int
) -> None:
    """In order, and nothing is lost."""
    asked = await portions(" ".join(SENTENCES), limit)
    assert " ".join(asked) == " ".join(SENTENCES)
    assert all(len(portion) <= limit and portion.endswith(".") for portion in asked)
    assert all(len(f"{one} {other.split('.')[0]}.") > limit for one, other in pairwise(asked))


async def test_a_sentence_that_is_longer_than_the_limit_is_cut_between_words(clock: AutojumpClock) -> None:
    """Where else."""
    words = " ".join(f"word{number}" for number in range(100))
    asked = await portions(words, 80)
    assert " ".join(asked).split() == words.split()
    assert all(len(portion) <= 80 for portion in asked)


@pytest.mark.parametrize(("text", "asked"), [("Да! Yes.", ["Да! Yes."]), ("Yes. Да!", ["Yes. Да!"]), ("Да! Нет.", [])])
async def test_what_is_left_of_an_interrupted_text_is_not_sent_where_the_service_refuses_it(
    clock: AutojumpClock, text: str, asked: list[str]
) -> None:
    """A fallback may be asked for a last sentence in a script that it doesn't know."""
    speaker = ScriptedSpeaker()
    rules = TextRules(clean=False, can_speak=lambda text: any("a" <= sign <= "z" for sign in text.lower()))
    async with aclosing(Portioned(speaker, rules).speak(text, 0)) as sound:
        assert b"".join([chunk async for chunk in sound]) == b"".join(map(sound_of, asked))
    assert speaker.texts == asked
