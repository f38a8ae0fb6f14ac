"""The text of an utterance is read ahead, so that what is there is known and what is coming is waited for."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from custom_components.streaming_tts.speech.text.source import WATCHDOG, TextSource
from tests.autojump_clock import AutojumpClock


async def chunks(*pieces: str | float) -> AsyncGenerator[str]:
    """Write pieces of text, and pause for seconds."""
    for piece in pieces:
        if isinstance(piece, str):
            yield piece
        else:
            await asyncio.sleep(piece)


async def test_a_complete_text_is_known_to_be_complete_as_soon_as_it_is_open(clock: AutojumpClock) -> None:
    """Its format may depend on that."""
    source = TextSource(chunks("Dinner is ready."))
    await source.open()
    assert (source.ended, source.pending) == (True, "Dinner is ready.")
    await source.aclose()


async def test_a_text_that_is_being_written_is_open_with_its_first_piece(clock: AutojumpClock) -> None:
    """Nothing more is waited for."""
    source = TextSource(chunks(3.0, "Dinner", 1.0, " is ready."))
    await source.open()
    assert (source.ended, source.pending) == (False, "Dinner")
    await source.aclose()


async def test_what_was_taken_is_not_there_any_more(clock: AutojumpClock) -> None:
    """Each chunk is taken once."""
    source = TextSource(chunks("One ", "two ", 1.0, "three."))
    await source.open()
    assert source.take() == "One two "
    assert source.take() == ""
    await source.wait(None)
    assert source.take() == "three."
    await source.aclose()


async def test_idle_is_the_time_since_the_last_text(clock: AutojumpClock) -> None:
    """A pause of the writer can be told from his pace."""
    source = TextSource(chunks("One ", 10.0, "two."))
    await source.open()
    await source.wait(4.0)
    assert source.idle == pytest.approx(4.0, abs=0.1)
    await source.aclose()


async def test_who_waits_is_woken_by_a_nudge(clock: AutojumpClock) -> None:
    """Something beside the text has changed."""
    source = TextSource(chunks("One ", 60.0, "two."))
    await source.open()
    await source.wait(0)
    asyncio.get_running_loop().call_later(1.0, source.nudge)
    await source.wait(None)
    assert source.idle == pytest.approx(1.0, abs=0.1)
    await source.aclose()


async def test_a_writer_who_is_silent_for_long_has_abandoned_his_text(clock: AutojumpClock) -> None:
    """No wait is longer than the watchdog's."""
    source = TextSource(chunks("One ", 1e6))
    await source.open()
    await source.wait(None)
    while source.idle < WATCHDOG:
        await source.wait(None)
    assert source.idle == pytest.approx(WATCHDOG, abs=1)
    await source.aclose()


async def test_who_waits_for_something_else_behind_the_watchdog_does_so_in_peace(clock: AutojumpClock) -> None:
    """Looking again and again would take all of the processor while the rest is spoken."""
    source = TextSource(chunks("One ", 1e6))
    await source.open()
    await asyncio.sleep(WATCHDOG + 1)
    await source.wait(0)
    begun = asyncio.get_running_loop().time()
    await source.wait(5.0)
    assert asyncio.get_running_loop().time() - begun == pytest.approx(5.0, abs=0.1)
    asyncio.get_running_loop().call_later(7.0, source.nudge)
    await source.wait(None)
    assert asyncio.get_running_loop().time() - begun == pytest.approx(12.0, abs=0.1)
    await source.aclose()


async def test_an_empty_piece_is_no_text(clock: AutojumpClock) -> None:
    """Some writers send them in their pauses: neither does a pause end with one, nor is a text longer by it."""
    source = TextSource(chunks("", "One.", 1.0, "", 1.0, "", 1.0))
    await source.open()
    await asyncio.sleep(2.5)
    assert (source.chunk_count, source.take()) == (1, "One.")
    assert source.idle == pytest.approx(2.5, abs=0.1)
    await source.aclose()


async def test_a_writer_who_never_says_anything_is_not_waited_for_for_ever(clock: AutojumpClock) -> None:
    """Opening ends too."""
    source = TextSource(chunks(1e6))
    await source.open()
    assert source.idle >= WATCHDOG
    await source.aclose()


async def test_what_the_writer_raised_is_raised_behind_what_he_wrote(clock: AutojumpClock) -> None:
    """His last words are not lost."""

    async def breaking() -> AsyncGenerator[str]:
        yield "One "
        raise ValueError("no more")

    source = TextSource(breaking())
    await source.open()
    assert source.take() == "One "
    with pytest.raises(ValueError, match="no more"):
        source.take()
    await source.aclose()
