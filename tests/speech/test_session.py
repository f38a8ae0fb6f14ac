"""An utterance from text to sound: every sentence once, in order, without a gap, and nothing left behind."""

from array import array
import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
import logging
import re
from typing import override

import pytest

from custom_components.streaming_tts.audio.level import UNCHANGED
from custom_components.streaming_tts.audio.pcm import silence
from custom_components.streaming_tts.providers.markup import TAGS
from custom_components.streaming_tts.providers.types import Failure, ProviderError
from custom_components.streaming_tts.speech.scheduler import PlaybackClock, SegmentScheduler
from custom_components.streaming_tts.speech.session import HEAD_START, NOTHING_SECONDS, Converter, UtteranceSession
from custom_components.streaming_tts.speech.speech_rate import SpeechRate
from custom_components.streaming_tts.speech.synthesizer import FallbackChain
from custom_components.streaming_tts.speech.text.buffer import TextBuffer, TextRules
from custom_components.streaming_tts.speech.text.source import WATCHDOG, TextSource
from tests.autojump_clock import AutojumpClock

from .conftest import PCM_16000, ScriptedSpeaker, sound_of

ANSWER = " ".join(f"This is sentence number {number} of a rather long answer." for number in range(1, 16))


class Performance:
    """What a listener gets who plays in real time: each piece with the time at which it came."""

    def __init__(
        self,
        chunks: AsyncGenerator[str],
        speakers: Sequence[ScriptedSpeaker],
        speech_rate: SpeechRate | None = None,
        *,
        converter: Converter | None = None,
        accepted: asyncio.Event | None = None,
        lead_in: float = 0.0,
    ) -> None:
        """Prepare an utterance."""
        self.clock = asyncio.get_running_loop().time
        self.begun = self.clock()
        self.source = TextSource(chunks)
        self.handovers: list[tuple[int, Failure]] = []
        self.pieces: list[tuple[float, bytes]] = []
        speech_rate = speech_rate or SpeechRate(first_byte=0.3, first_byte_spread=0.05, speed=18.0)
        self.stream = UtteranceSession(
            self.source,
            FallbackChain(
                speakers,
                [UNCHANGED] * len(speakers),
                on_advance=lambda failed, error: self.handovers.append((failed + 1, error.failure)),
            ),
            buffer=TextBuffer(TextRules(language="en", tags=TAGS)),
            scheduler=SegmentScheduler(speech_rate, max_characters=2000),
            playback=PlaybackClock(PCM_16000, self.clock, lead_in=lead_in),
            speech_rate=speech_rate,
            converter=converter or Converter(keeps=0.0),
            accepted=accepted or asyncio.Event(),
            name="7 (tts.anna)",
        ).stream()

    async def hear(self) -> Performance:
        """Listen to the end."""
        async with aclosing(self.stream) as stream:
            async for piece in stream:
                self.pieces.append((self.clock() - self.begun, piece.samples))
        return self

    @property
    def sound(self) -> bytes:
        """Return all that was heard."""
        return b"".join(piece for _, piece in self.pieces)

    @property
    def first_sound(self) -> float:
        """Return the seconds after which something was heard."""
        return next(moment for moment, piece in self.pieces if piece)

    @property
    def dry(self) -> float:
        """Return the longest time in s for which a real-time player had nothing to play.

        Negative if it always had some.
        """
        return self.dry_since(self.first_sound)

    def dry_since(self, begin: float) -> float:
        """Return the same from a time on."""
        ends, longest = self.first_sound, float("-inf")
        for moment, piece in self.pieces:
            if moment > begin:
                longest = max(longest, moment - ends)
            ends = max(ends, moment) + len(piece) / 32000
        return longest


def without_silence(sound: bytes) -> bytes:
    """Return the samples that are not zero, in which sound and inserted silence can be told apart."""
    return array("H", filter(None, array("H", sound))).tobytes()


async def whole(text: str) -> AsyncGenerator[str]:
    """Write a text at once."""
    yield text


async def written(text: str, *, pause_after: str | None = None, pause: float = 0.0) -> AsyncGenerator[str]:
    """Write a text as a language model does: 61 characters first, then 4 at a time, 40 times a second."""
    head, rest = text[:61], text[61:]
    if pause_after is not None and len(pause_after) <= 61:
        yield pause_after
        await asyncio.sleep(pause)
        head, rest = " ", text[len(pause_after) :]
    yield head
    for begin in range(0, len(rest), 4):
        await asyncio.sleep(0.025)
        yield rest[begin : begin + 4]


async def never_ending(text: str) -> AsyncGenerator[str]:
    """Write a text and then fall silent for good."""
    yield text
    await asyncio.sleep(1e9)


async def test_a_complete_text_is_one_request_and_sounds_as_asked(clock: AutojumpClock) -> None:
    """Sample for sample."""
    speaker = ScriptedSpeaker()
    heard = await Performance(whole(ANSWER), [speaker]).hear()
    assert speaker.texts == [ANSWER]
    assert heard.sound == sound_of(ANSWER)


async def test_a_converter_may_begin_while_the_first_byte_is_waited_for(clock: AutojumpClock) -> None:
    """An empty chunk leaves ahead, once; the sound is the same and as soon."""
    speaker = ScriptedSpeaker()
    heard = await Performance(whole(ANSWER), [speaker], converter=Converter(head_start=HEAD_START, keeps=0.2)).hear()
    (first, nothing), (second, _), *_ = heard.pieces
    assert nothing == b""
    assert first < 0.1
    assert second == pytest.approx(0.3, abs=0.02)
    assert heard.sound == sound_of(ANSWER)


async def test_a_sound_that_is_there_at_once_needs_no_head_start(clock: AutojumpClock) -> None:
    """It is the first that leaves."""
    heard = await Performance(
        whole(ANSWER), [ScriptedSpeaker(first_byte=0.02)], converter=Converter(head_start=HEAD_START, keeps=0.2)
    ).hear()
    assert heard.first_sound == pytest.approx(0.02, abs=0.02)
    assert all(piece for _, piece in heard.pieces)
    assert heard.sound == sound_of(ANSWER)


async def test_the_header_leaves_after_half_a_second(clock: AutojumpClock) -> None:
    """So that a complete text that fails before is an error of HTTP."""
    heard = await Performance(whole(ANSWER), [ScriptedSpeaker(first_byte=1.0)]).hear()
    (moment, nothing), (first, _), *_ = heard.pieces
    assert nothing == b""
    assert (moment, first) == pytest.approx((0.5, 1.0), abs=0.02)


async def test_the_header_leaves_when_the_request_was_accepted(clock: AutojumpClock) -> None:
    """The player can make itself ready."""
    accepted = asyncio.Event()
    asyncio.get_running_loop().call_later(0.1, accepted.set)
    heard = await Performance(written(ANSWER), [ScriptedSpeaker(first_byte=1.0)], accepted=accepted).hear()
    moment, nothing = heard.pieces[0]
    assert nothing == b""
    assert moment == pytest.approx(0.1, abs=0.02)


async def test_nothing_leaves_of_what_fails_within_half_a_second(clock: AutojumpClock) -> None:
    """Not even a header."""
    speaker = ScriptedSpeaker(failures=[(0.0, ProviderError(Failure.AUTH))])
    performance = Performance(whole(ANSWER), [speaker])
    with pytest.raises(ProviderError):
        await performance.hear()
    assert performance.pieces == []


@pytest.mark.parametrize("kept", [0.0, 0.15])
async def test_a_player_that_waits_for_the_first_audio_gets_silence_in_real_time(
    clock: AutojumpClock, kept: float
) -> None:
    """From 2.5 s on; it is what a lead-in is for, and what is said is whole."""
    performance = Performance(
        whole(ANSWER), [ScriptedSpeaker(first_byte=6.0)], converter=Converter(keeps=kept), lead_in=0.5
    )
    heard = await performance.hear()
    assert heard.first_sound == pytest.approx(2.5, abs=0.02)
    assert heard.dry < 0.05
    silent = b"".join(piece for moment, piece in heard.pieces if moment < 5.9)
    assert not any(silent)
    assert len(silent) / 32000 == pytest.approx(3.5 + kept, abs=0.2)
    begin = heard.sound.index(sound_of(ANSWER))
    assert begin / 32000 == pytest.approx(3.5 + kept, abs=0.2)
    assert heard.sound[begin:] == sound_of(ANSWER)


class HesitantSpeaker(ScriptedSpeaker):
    """A speaker that is quiet for a second before and behind each text, of whose marks it says nothing."""

    @override
    async def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        """Yield the sound of a text between silence."""
        yield bytes(32000)
        async with aclosing(super().speak(re.sub("<.*?>", "", text), deadline)) as sound:
            async for piece in sound:
                yield piece
        yield bytes(32000)


@pytest.mark.parametrize(("mark", "pause"), [("", 0.35), (' <break time="1s"/>', 2.2)])
async def test_the_pause_between_two_segments_is_a_natural_one(clock: AutojumpClock, mark: str, pause: float) -> None:
    """But where the text asks for another one; quiet at both ends of all stays."""
    speaker = HesitantSpeaker()
    heard = await Performance(written(ANSWER.replace(".", f".{mark}")), [speaker]).hear()
    said = [sound_of(re.sub("<.*?>", "", text)) for text in speaker.texts]
    assert len(said) > 1
    assert without_silence(heard.sound) == without_silence(b"".join(said))
    silence = 2.0 + (len(said) - 1) * (pause - 0.2)
    assert (len(heard.sound) - sum(map(len, said))) / 32000 == pytest.approx(silence, abs=0.01 * len(said))


async def test_far_ahead_of_the_player_sound_leaves_in_few_large_pieces(clock: AutojumpClock) -> None:
    """Each piece wakes up every player; the first ones leave as they come."""
    heard = await Performance(whole(ANSWER), [ScriptedSpeaker()]).hear()
    sizes = [len(piece) for _, piece in heard.pieces]
    assert max(sizes[1:5]) < 32000 * 0.2
    assert max(sizes) > 32000 * 0.8
    assert heard.dry < 0
    assert heard.sound == sound_of(ANSWER)


async def test_a_text_that_is_being_written_sounds_from_its_first_sentence_in_few_requests(
    clock: AutojumpClock,
) -> None:
    """The first sound waits for the first sentence and the first byte alone; three requests carry fifteen sentences."""
    speaker = ScriptedSpeaker()
    heard = await Performance(written(ANSWER), [speaker]).hear()
    assert heard.first_sound == pytest.approx(0.3, abs=0.1)
    assert len(speaker.texts) <= 3
    assert " ".join(speaker.texts) == ANSWER
    assert without_silence(heard.sound) == without_silence(b"".join(map(sound_of, speaker.texts)))
    assert heard.dry < 0.05


async def test_a_request_is_due_when_what_is_before_it_has_been_played(clock: AutojumpClock) -> None:
    """So long may it wait for others; the first one is due at once."""
    speaker = ScriptedSpeaker()
    await Performance(written(ANSWER), [speaker]).hear()
    left = [due - asked for due, (asked, _) in zip(speaker.deadlines, speaker.asked, strict=True)]
    assert left[0] == pytest.approx(0, abs=0.001)
    assert len(left) > 1
    assert min(left[1:]) > 0.3  # the time to its first byte


async def test_a_slow_provider_does_not_stall(clock: AutojumpClock) -> None:
    """Barely faster than speech, with a late first byte."""
    speaker = ScriptedSpeaker(first_byte=0.8, speed=1.3)
    heard = await Performance(
        written(ANSWER), [speaker], SpeechRate(first_byte=0.8, first_byte_spread=0.05, speed=18.0)
    ).hear()
    assert heard.dry < 0.05
    assert " ".join(speaker.texts) == ANSWER


@pytest.mark.parametrize(("converter", "kept"), [(None, 0.0), (Converter(head_start=HEAD_START, keeps=0.2), 0.2)])
async def test_what_is_said_before_a_tool_call_is_heard_at_once_and_the_pause_is_filled(
    clock: AutojumpClock, converter: Converter | None, kept: float
) -> None:
    """The player never runs dry, what a converter keeps back included, and what follows is spoken at once."""
    opening = "Just a moment, I will check."
    speaker = ScriptedSpeaker()
    heard = await Performance(
        written(f"{opening} {ANSWER}", pause_after=opening, pause=6.0), [speaker], converter=converter
    ).hear()
    assert heard.first_sound == pytest.approx(0.3, abs=0.05)
    assert speaker.texts[0] == opening
    assert heard.dry_since(1.0) < 0.02 - kept
    assert " ".join(speaker.texts) == f"{opening} {ANSWER}"
    assert without_silence(heard.sound) == without_silence(b"".join(map(sound_of, speaker.texts)))


@pytest.mark.parametrize("failure", [Failure.BROKEN, Failure.UNREACHABLE, Failure.SERVER])
async def test_a_break_in_the_middle_says_the_interrupted_sentence_again_and_no_other(
    clock: AutojumpClock, failure: Failure
) -> None:
    """The same voice tries the rest once more."""
    speaker = ScriptedSpeaker(failures=[(8.0, ProviderError(failure))])
    heard = await Performance(whole(ANSWER), [speaker]).hear()
    assert len(speaker.texts) == 2
    begun, rest = speaker.texts
    assert begun.endswith(rest)
    said = len(sound_of(begun[: -len(rest)])) / 32000
    assert said <= 8.0 < said + len(sound_of("This is sentence number 4 of a rather long answer.")) / 32000 + 0.2
    assert heard.sound == sound_of(ANSWER)[: int(8.0 * 32000)] + sound_of(rest)


async def test_a_voice_that_breaks_twice_is_replaced_from_the_interrupted_sentence(clock: AutojumpClock) -> None:
    """First the same voice again, then the fallback, and every sentence is heard."""
    first = ScriptedSpeaker(failures=[(8.0, ProviderError(Failure.BROKEN))] * 2)
    fallback = ScriptedSpeaker()
    heard = await Performance(whole(ANSWER), [first, fallback]).hear()
    assert len(first.texts) == 2
    assert heard.handovers == [(1, Failure.BROKEN)]
    assert ANSWER.endswith(fallback.texts[0])
    assert first.texts[1].endswith(fallback.texts[0])
    assert len(fallback.texts[0]) < len(first.texts[1]) < len(ANSWER)


@pytest.mark.parametrize("failure", [Failure.QUOTA, Failure.AUTH, Failure.VOICE])
async def test_before_the_first_sound_the_fallback_speaks_the_whole_text(
    clock: AutojumpClock, failure: Failure
) -> None:
    """The listener only hears another voice."""
    first, fallback = ScriptedSpeaker(failures=[(0, ProviderError(failure))]), ScriptedSpeaker()
    heard = await Performance(whole(ANSWER), [first, fallback]).hear()
    assert fallback.texts == [ANSWER]
    assert heard.sound == sound_of(ANSWER)


async def test_when_the_quota_ends_in_the_middle_of_an_answer_the_fallback_speaks_the_rest(
    clock: AutojumpClock,
) -> None:
    """What the first voice was asked for before is heard from it, what comes after from the fallback, in order."""

    class Exhausted(ScriptedSpeaker):
        async def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
            if self.asked:
                self.asked.append((0.0, text))
                raise ProviderError(Failure.QUOTA)
            async with aclosing(super().speak(text, deadline)) as sound:
                async for chunk in sound:
                    yield chunk

    first, fallback = Exhausted(), ScriptedSpeaker()
    heard = await Performance(written(ANSWER), [first, fallback]).hear()
    spoken = [first.texts[0], *fallback.texts]
    assert " ".join(spoken) == ANSWER
    assert len(first.texts) == 2
    assert without_silence(heard.sound) == without_silence(b"".join(map(sound_of, spoken)))


async def test_a_fallback_also_speaks_what_was_fetched_ahead_of_the_sentence_that_failed(clock: AutojumpClock) -> None:
    """Also where the text had ended by then: the first voice does not come back for the last sentence."""

    class SlowAtFirst(ScriptedSpeaker):
        """Falls silent on its first request, and speaks on the second."""

        @override
        async def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
            if not self.asked:
                self.asked.append((0.0, text))
                await asyncio.sleep(15)
                raise ProviderError(Failure.UNREACHABLE)
            async with aclosing(super().speak(text, deadline)) as sound:
                async for chunk in sound:
                    yield chunk

    first, fallback = SlowAtFirst(), ScriptedSpeaker()
    opening, rest = "This is the first of two sentences. ", "And this is the second."

    async def two_sentences() -> AsyncGenerator[str]:
        yield opening + rest[:4]
        await asyncio.sleep(2)
        yield rest[4:]

    await Performance(two_sentences(), [first, fallback]).hear()
    assert first.texts == fallback.texts == [opening.strip(), rest]


async def test_what_a_fallback_has_to_fetch_again_is_due_behind_what_is_before_it(clock: AutojumpClock) -> None:
    """Not behind itself: it would wait at a gate while the listener does."""

    class Noting(ScriptedSpeaker):
        """Notes in how many seconds each of its sounds is due."""

        due: list[float]

        @override
        async def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
            self.due = [*getattr(self, "due", []), deadline - asyncio.get_running_loop().time()]
            async with aclosing(super().speak(text, deadline)) as sound:
                async for chunk in sound:
                    yield chunk

    first = ScriptedSpeaker(first_byte=3.0, failures=[(0, ProviderError(Failure.QUOTA))])
    fallback = Noting()
    opening, rest = "This is the first of two sentences. ", "And this is a second one. " * 20

    async def two_sentences() -> AsyncGenerator[str]:
        yield opening + rest[:4]
        await asyncio.sleep(2)
        yield rest[4:]

    await Performance(two_sentences(), [first, fallback]).hear()
    assert fallback.texts == [opening.strip(), rest.strip()]
    assert fallback.due[1] < len(sound_of(opening)) / 32000 + 0.5


async def test_one_who_is_cancelled_while_it_closes_an_utterance_is_cancelled(clock: AutojumpClock) -> None:
    """Whoever cancelled it counts on that."""

    class Lingering(ScriptedSpeaker):
        """Takes a second to hang up."""

        @override
        async def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
            try:
                async with aclosing(super().speak(text, deadline)) as sound:
                    async for chunk in sound:
                        yield chunk
            finally:
                await asyncio.sleep(1)

    performance = Performance(whole(ANSWER), [Lingering()])
    await anext(performance.stream)
    closing = asyncio.create_task(performance.stream.aclose())
    await asyncio.sleep(0.5)
    closing.cancel()
    await asyncio.wait([closing])
    assert closing.cancelled()
    await asyncio.sleep(2)


async def test_nobody_left_raises_what_the_last_one_failed_with(clock: AutojumpClock) -> None:
    """Never a silent end."""
    first = ScriptedSpeaker(failures=[(0, ProviderError(Failure.QUOTA))])
    fallback = ScriptedSpeaker(failures=[(0, ProviderError(Failure.AUTH))])
    with pytest.raises(ProviderError, match="auth"):
        await Performance(whole(ANSWER), [first, fallback]).hear()


async def test_a_writer_who_never_ends_is_given_up_when_all_he_wrote_has_been_spoken(clock: AutojumpClock) -> None:
    """A cancelled pipeline never closes its text."""
    speaker = ScriptedSpeaker()
    performance = Performance(never_ending(f"{ANSWER} And then"), [speaker])
    heard = await performance.hear()
    assert " ".join(speaker.texts) == f"{ANSWER} And then"
    assert heard.clock() - heard.begun == pytest.approx(WATCHDOG, abs=5)


async def test_a_writer_who_comes_back_while_there_is_still_something_to_say_was_not_gone(clock: AutojumpClock) -> None:
    """A slow model may think for longer than the watchdog waits, as long as its listener has something to hear."""

    async def thinking() -> AsyncGenerator[str]:
        yield f"{ANSWER} " * 5
        await asyncio.sleep(WATCHDOG + 10)
        yield "That is **all** that I"
        await asyncio.sleep(0.2)
        yield " know."

    speaker = ScriptedSpeaker()
    await Performance(thinking(), [speaker]).hear()
    assert " ".join(speaker.texts) == f"{ANSWER} " * 5 + "That is all that I know."


async def test_what_the_writer_raises_behind_a_last_blank_is_raised(clock: AutojumpClock) -> None:
    """There was nothing more to say, but it was not all."""

    async def breaking() -> AsyncGenerator[str]:
        yield "I can tell you this much. "
        await asyncio.sleep(5)
        yield "\n"
        raise RuntimeError("the model is gone")

    with pytest.raises(RuntimeError, match="the model is gone"):
        await Performance(breaking(), [ScriptedSpeaker()]).hear()


async def test_what_the_writer_raises_is_raised_when_what_he_wrote_has_been_spoken(clock: AutojumpClock) -> None:
    """His text is incomplete, so the sound is."""

    async def breaking() -> AsyncGenerator[str]:
        yield "I can tell you this much. But"
        await asyncio.sleep(1)
        raise RuntimeError("the model is gone")

    speaker = ScriptedSpeaker()
    performance = Performance(breaking(), [speaker])
    with pytest.raises(RuntimeError, match="the model is gone"):
        await performance.hear()
    assert without_silence(performance.sound) == without_silence(sound_of("I can tell you this much.But"))


@pytest.mark.parametrize("after", [0.0, 0.05, 0.31, 0.5, 2.0, 4.0, 7.0, 9.0])
async def test_an_abandoned_utterance_leaves_nothing_behind(clock: AutojumpClock, after: float) -> None:
    """In whichever state it is: before text, before sound, in sound, in a pause, in the fallback."""
    opening = "Just a moment, I will check."
    first = ScriptedSpeaker(failures=[(0.5, ProviderError(Failure.BROKEN))] * 2)
    fallback = ScriptedSpeaker()
    performance = Performance(written(f"{opening} {ANSWER}", pause_after=opening, pause=6.0), [first, fallback])
    listening = asyncio.create_task(performance.hear())
    await asyncio.sleep(after)
    listening.cancel()
    with suppress(asyncio.CancelledError):
        await listening
    await performance.source.aclose()
    assert first.running == fallback.running == 0


async def test_an_empty_text_makes_no_request_and_a_moment_of_silence(clock: AutojumpClock) -> None:
    """A player waits for the end of something."""
    speaker = ScriptedSpeaker()
    heard = await Performance(whole("  \n "), [speaker]).hear()
    assert (heard.sound, speaker.texts) == (silence(NOTHING_SECONDS, 16000), [])


async def test_all_that_is_logged_of_an_utterance_bears_its_name(
    clock: AutojumpClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Segments by number and length, the fallback with its cause, the end; nothing of the text."""
    caplog.set_level(logging.DEBUG, "custom_components.streaming_tts")
    first = ScriptedSpeaker(failures=[(0.0, ProviderError(Failure.QUOTA))])
    await Performance(whole("Dinner is ready."), [first, ScriptedSpeaker()]).hear()
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("custom_components")]
    assert [line for line in ours if not line.startswith("Utterance 7 (tts.anna): ")] == []
    assert "segment 1 sent, 16 characters" in ours[0]
    assert "fallback 1 takes over: quota" in ours[1]
    assert "ended after" in ours[-1]
    assert "Dinner" not in caplog.text


async def test_a_break_behind_the_last_sentence_is_silence_where_that_was_sent_before(clock: AutojumpClock) -> None:
    """Whoever speaks: nothing is left to send it with."""

    async def closing(*ending: str) -> AsyncGenerator[str]:
        yield "It is open."
        await asyncio.sleep(0.5)
        for chunk in ending:
            yield chunk

    speaker = ScriptedSpeaker()
    without = await Performance(closing(), [ScriptedSpeaker()]).hear()
    performance = await Performance(closing("<break ", "time='2s'/>"), [speaker]).hear()
    assert speaker.texts == ["It is open."]
    assert performance.sound == without.sound + bytes(2 * 32000)
