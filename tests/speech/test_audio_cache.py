"""What was spoken before comes from memory, and who asks at the same time shares one flight."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import Any, override

import pytest

from custom_components.streaming_tts.providers.types import AudioFormat, Charge, Failure, ProviderError, Voice
from custom_components.streaming_tts.speech.audio_cache import AudioCache
from custom_components.streaming_tts.speech.synthesizer import HasDeadline, Recorder, SpeechRequest, Usage
from tests.autojump_clock import AutojumpClock

from .conftest import PCM_16000, ScriptedSpeaker, sound_of

DAY = 86400
PCM_24000 = AudioFormat(sample_rate=24000)


def spawn(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
    """Start a task."""
    return asyncio.create_task(work, name=name)


class Book:
    """Where usage is written down."""

    def __init__(self) -> None:
        """Be empty."""
        self.usages: list[Usage] = []

    def record(self, usage: Usage) -> None:
        """Write down."""
        self.usages.append(usage)


def voice(name: str) -> Voice:
    """Return a voice."""
    return Voice.of(voice_id=name, model="one", language="en")


class Cached:
    """A voice whose audio is kept: each of its requests costs one, and `doubtful` tells of its audio."""

    def __init__(
        self,
        speaker: ScriptedSpeaker | Stream,
        cache: AudioCache,
        name: str,
        *,
        doubtful: bool = False,
        has_fallback: bool = False,
        book: Book | None = None,
        owner: str = "account",
        lasting: bool = False,
    ) -> None:
        """Speak through a cache."""
        self.owner = owner
        self.lasting = lasting
        self.speaker = speaker
        self.cache = cache
        self.name = name
        self.doubtful = doubtful
        self.has_fallback = has_fallback
        self.book = book or Book()
        self.deadlines: list[float] = []
        self.unkept = 0

    def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        """Return the audio."""
        request = SpeechRequest(
            voice=voice(self.name),
            audio_format=self.speaker.audio_format,
            text=text,
            deadline=deadline,
            has_fallback=self.has_fallback,
            recorder=self.book,
            on_unkept=self._count_unkept,
            lasting=self.lasting,
        )
        return self.cache.stream(self.owner, request, self._fetch)

    def _count_unkept(self) -> None:
        self.unkept += 1

    async def _fetch(self, request: SpeechRequest, recorder: Recorder, urgency: HasDeadline) -> AsyncGenerator[bytes]:
        try:
            async with aclosing(self.speaker.speak(request.text, request.deadline)) as audio:
                async for chunk in audio:
                    self.deadlines.append(urgency.deadline)
                    yield chunk
        finally:
            recorder.record(
                Usage(
                    voice=request.voice,
                    asked_at=0,
                    charge=Charge(requests=1),
                    first_byte=0.1,
                    error=None,
                    doubtful=self.doubtful,
                )
            )


async def speak(speaker: Cached, text: str) -> bytes:
    """Return the whole sound."""
    async with aclosing(speaker.speak(text, 0)) as sound:
        return b"".join([chunk async for chunk in sound])


class Stream:
    """A speaker whose sound runs in by 0.1 s, so many times faster than it is played.

    Who asks gets all that has run in.
    """

    audio_format = PCM_16000

    def __init__(self, speed: float) -> None:
        """Have nothing run in yet."""
        self._interval = 0.1 / speed

    async def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        """Yield the sound."""
        sound, taken = sound_of(text), 0
        clock = asyncio.get_running_loop().time
        began = clock()
        while taken < len(sound):
            if int((clock() - began) / self._interval + 1e-6) * 3200 <= taken:
                await asyncio.sleep(self._interval)
            until = int((clock() - began) / self._interval + 1e-6) * 3200
            yield sound[taken:until]
            taken = until


async def pieces_of(stream: Stream) -> list[tuple[float, float]]:
    """Return when the pieces of ten seconds of sound were heard, and how many seconds each has, since it began."""
    clock = asyncio.get_running_loop().time
    async with aclosing(Cached(stream, AudioCache(spawn), "anna").speak("a" * 200, 0)) as sound:
        heard = [(clock(), len(chunk) / 32000) async for chunk in sound]
    began = heard[0][0]
    assert sum(seconds for _, seconds in heard) == pytest.approx(10)
    return [(moment - began, seconds) for moment, seconds in heard]


async def test_sound_that_is_far_ahead_comes_in_larger_pieces(clock: AutojumpClock) -> None:
    """Until it is, each piece is heard as it comes; and who plays it never waits for one."""
    heard = await pieces_of(Stream(speed=4.0))
    small = [seconds for moment, seconds in heard if moment < 0.6]
    assert small == pytest.approx([0.1] * len(small))
    assert len(heard) - len(small) < 20
    played = 0.0
    for moment, seconds in heard:
        assert moment <= played
        played += seconds


async def test_sound_that_is_not_ahead_is_heard_as_it_comes(clock: AutojumpClock) -> None:
    """A slow service has no reserve to be gathered from."""
    heard = await pieces_of(Stream(speed=1.1))
    assert [seconds for _, seconds in heard] == pytest.approx([0.1] * 100)


async def test_the_phrase_said_again_is_not_asked_for_again(clock: AutojumpClock) -> None:
    """It sounds the same, and at once."""
    speaker = ScriptedSpeaker()
    cached = Cached(speaker, AudioCache(spawn), "anna")
    assert await speak(cached, "Dinner!") == await speak(cached, "Dinner!") == sound_of("Dinner!")
    assert speaker.texts == ["Dinner!"]


async def test_five_who_ask_at_once_share_one_request(clock: AutojumpClock) -> None:
    """Each hears the whole phrase."""
    speaker = ScriptedSpeaker()
    cache = AudioCache(spawn)
    sounds = await asyncio.gather(*(speak(Cached(speaker, cache, "anna"), "Dinner!") for _ in range(5)))
    assert sounds == [sound_of("Dinner!")] * 5
    assert speaker.texts == ["Dinner!"]


async def test_another_voice_has_a_sound_of_its_own(clock: AutojumpClock) -> None:
    """The key is all that changes the sound."""
    cache, anna, ben = AudioCache(spawn), ScriptedSpeaker(), ScriptedSpeaker()
    await speak(Cached(anna, cache, "anna"), "Dinner!")
    await speak(Cached(ben, cache, "ben"), "Dinner!")
    assert ben.texts == ["Dinner!"]


async def test_what_failed_is_not_kept_and_all_who_waited_hear_of_it(clock: AutojumpClock) -> None:
    """The next one to ask gets a request of its own."""
    speaker = ScriptedSpeaker(failures=[(0.1, ProviderError(Failure.BROKEN))])
    cached = Cached(speaker, AudioCache(spawn), "anna")
    results = await asyncio.gather(speak(cached, "Dinner!"), speak(cached, "Dinner!"), return_exceptions=True)
    assert [type(result) for result in results] == [ProviderError, ProviderError]
    assert await speak(cached, "Dinner!") == sound_of("Dinner!")


async def test_one_who_leaves_does_not_take_the_sound_from_the_others(clock: AutojumpClock) -> None:
    """The flight lands as long as anybody waits."""
    speaker = ScriptedSpeaker()
    cached = Cached(speaker, AudioCache(spawn), "anna")
    leaving = cached.speak("A long announcement.", 0)
    await anext(leaving)
    staying = asyncio.create_task(speak(cached, "A long announcement."))
    await asyncio.sleep(0)
    await leaving.aclose()
    assert await staying == sound_of("A long announcement.")
    assert len(speaker.asked) == 1


async def test_a_flight_that_nobody_waits_for_any_more_is_given_up(clock: AutojumpClock) -> None:
    """Nothing runs on, and nothing half is kept."""
    speaker = ScriptedSpeaker()
    cached = Cached(speaker, AudioCache(spawn), "anna")
    leaving = cached.speak("A long announcement.", 0)
    await anext(leaving)
    await leaving.aclose()
    assert speaker.running == 0
    assert await speak(cached, "A long announcement.") == sound_of("A long announcement.")
    assert len(speaker.asked) == 2


async def test_the_longest_unused_is_forgotten_first(clock: AutojumpClock) -> None:
    """The memory is bounded in bytes."""
    speaker = ScriptedSpeaker()
    cache = AudioCache(spawn, len(sound_of("One Two ")))
    cached = Cached(speaker, cache, "anna")
    for text in ("One ", "Two ", "Six ", "Two "):
        await speak(cached, text)
    assert speaker.texts == ["One ", "Two ", "Six "]
    assert cache.size == len(sound_of("Two Six "))
    await speak(cached, "One ")
    assert speaker.texts[3:] == ["One "]


async def test_a_long_answer_forgets_no_phrase_that_was_spoken_twice(clock: AutojumpClock) -> None:
    """Nor does any number of texts that are spoken once."""
    speaker = ScriptedSpeaker()
    cache = AudioCache(spawn, len(sound_of("Dinner!" + 20 * " ")))
    cached = Cached(speaker, cache, "anna")
    for _ in range(2):
        await speak(cached, "Dinner!")
    for number in range(10):
        await speak(cached, f"Answer {number}, which is long")
        assert cache.size <= len(sound_of("Dinner!" + 20 * " "))
    await speak(cached, "Dinner!")
    assert speaker.texts.count("Dinner!") == 1


async def test_a_phrase_that_is_to_last_stays_as_if_it_had_been_spoken_twice(clock: AutojumpClock) -> None:
    """It was prepared."""
    speaker = ScriptedSpeaker()
    cache = AudioCache(spawn, len(sound_of("Dinner!" + 20 * " ")))
    await speak(Cached(speaker, cache, "anna", lasting=True), "Dinner!")
    for number in range(10):
        await speak(Cached(speaker, cache, "anna"), f"Answer {number}, which is long")
    await speak(Cached(speaker, cache, "anna"), "Dinner!")
    assert speaker.texts.count("Dinner!") == 1


async def test_what_was_spoken_twice_leaves_room_for_what_is_new(clock: AutojumpClock) -> None:
    """Else a phrase of today could never be spoken a second time from memory."""
    speaker = ScriptedSpeaker()
    cached = Cached(speaker, AudioCache(spawn, len(sound_of(16 * " "))), "anna")
    for text in ("One ", "Two ", "Six ", "Ten "):
        for _ in range(2):
            await speak(cached, text)
    for _ in range(2):
        await speak(cached, "New ")
    assert speaker.texts.count("New ") == 1


async def test_what_nobody_asks_for_in_a_week_is_forgotten(clock: AutojumpClock) -> None:
    """Also where nothing else is spoken."""
    speaker, cache = ScriptedSpeaker(), AudioCache(spawn)
    cached = Cached(speaker, cache, "anna")
    for text in ("Dinner!", "Dinner!", "Once."):
        await speak(cached, text)
    await asyncio.sleep(6 * DAY)
    await speak(cached, "Dinner!")
    await asyncio.sleep(2 * DAY)
    cache.expire()
    assert cache.size == len(sound_of("Dinner!"))
    await asyncio.sleep(6 * DAY)
    cache.expire()
    assert cache.size == 0


async def test_what_somebody_still_listens_to_is_not_forgotten(clock: AutojumpClock) -> None:
    """Though it is the oldest, and there is too much."""
    speaker = ScriptedSpeaker()
    cached = Cached(speaker, AudioCache(spawn, len(sound_of("Dinner!"))), "anna")
    async with aclosing(cached.speak("Dinner!", 0)) as listening:
        await anext(listening)
        await asyncio.sleep(DAY)
        await speak(cached, "Once.")
        await speak(cached, "Dinner!")
    assert speaker.texts == ["Dinner!", "Once."]


async def test_accounts_are_kept_apart(clock: AutojumpClock) -> None:
    """The same voice at another account is another request, and one account that is gone takes nothing with it."""
    speaker, cache = ScriptedSpeaker(), AudioCache(spawn)
    first, second = (Cached(speaker, cache, "anna", owner=owner) for owner in ("first", "second"))
    for account in (first, second):
        await speak(account, "Dinner!")
    assert speaker.texts == ["Dinner!"] * 2
    cache.clear("first")
    assert cache.size == len(sound_of("Dinner!"))
    await speak(second, "Dinner!")
    assert speaker.texts == ["Dinner!"] * 2
    await speak(first, "Dinner!")
    assert speaker.texts == ["Dinner!"] * 3


async def test_without_room_only_those_who_ask_at_once_share(clock: AutojumpClock) -> None:
    """Switched off, nothing stays."""
    speaker = ScriptedSpeaker()
    cached = Cached(speaker, AudioCache(spawn, 0), "anna")
    await asyncio.gather(speak(cached, "Dinner!"), speak(cached, "Dinner!"))
    await speak(cached, "Dinner!")
    assert speaker.texts == ["Dinner!"] * 2


async def test_another_form_of_the_same_phrase_is_asked_for(clock: AutojumpClock) -> None:
    """A sound at one rate is never handed out as one at another."""
    cache = AudioCache(spawn)
    await speak(Cached(ScriptedSpeaker(), cache, "anna"), "Dinner!")
    other = ScriptedSpeaker(audio_format=PCM_24000)
    assert await speak(Cached(other, cache, "anna"), "Dinner!") == sound_of("Dinner!", 24000)


class Lingering(ScriptedSpeaker):
    """Takes half a second to hang up."""

    @override
    async def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        try:
            async with aclosing(super().speak(text, deadline)) as sound:
                async for chunk in sound:
                    yield chunk
        finally:
            await asyncio.sleep(0.5)


@pytest.mark.parametrize("cancelled", [1, 2])
@pytest.mark.parametrize("later", [0.1, 1.0])
async def test_nobody_joins_a_flight_that_is_being_given_up(clock: AutojumpClock, cancelled: int, later: float) -> None:
    """An announcement that is stopped and made again at once is heard whole, however the first one was stopped."""
    speaker = Lingering()
    cached = Cached(speaker, AudioCache(spawn), "anna")
    leaving = asyncio.create_task(speak(cached, "A long announcement."))
    await asyncio.sleep(0.5)
    for _ in range(cancelled):
        leaving.cancel()
        await asyncio.sleep(0.05)
    await asyncio.sleep(later)
    assert await speak(cached, "A long announcement.") == sound_of("A long announcement.")
    await asyncio.gather(leaving, return_exceptions=True)


async def test_whatever_ends_a_flight_is_told_to_all_who_listen(clock: AutojumpClock) -> None:
    """What has broken off is never taken for whole, nor kept as such."""
    speaker = ScriptedSpeaker(failures=[(0.2, ValueError("not foreseen"))])
    cached = Cached(speaker, AudioCache(spawn), "anna")
    results = await asyncio.gather(speak(cached, "Dinner!"), speak(cached, "Dinner!"), return_exceptions=True)
    assert [type(result) for result in results] == [ValueError, ValueError]
    assert await speak(cached, "Dinner!") == sound_of("Dinner!")


async def test_a_flight_that_somebody_else_ends_has_not_landed(clock: AutojumpClock) -> None:
    """Home Assistant ends what runs in the background when it stops."""
    flights: list[asyncio.Task[None]] = []

    def kept(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        flights.append(spawn(work, name))
        return flights[-1]

    cached = Cached(ScriptedSpeaker(), AudioCache(kept), "anna")
    listener = asyncio.create_task(speak(cached, "A long announcement."))
    await asyncio.sleep(0.5)
    flights[0].cancel()
    with pytest.raises(ProviderError, match="broken"):
        await listener


@pytest.mark.parametrize("pieces", [1, 3])
async def test_a_cancelled_listener_ends_the_flight_it_was_alone_on(clock: AutojumpClock, pieces: int) -> None:
    """Cancellation goes all the way down."""
    speaker = ScriptedSpeaker()
    listener = asyncio.create_task(speak(Cached(speaker, AudioCache(spawn), "anna"), "A long announcement."))
    await asyncio.sleep(0.3 + 0.025 * pieces)
    listener.cancel()
    await asyncio.gather(listener, return_exceptions=True)
    assert speaker.running == 0


async def test_a_request_is_paid_for_by_one_who_still_listens(clock: AutojumpClock) -> None:
    """An utterance that has ended tells nobody any more what it cost."""
    speaker, cache, gone, staying = ScriptedSpeaker(), AudioCache(spawn), Book(), Book()
    leaving = Cached(speaker, cache, "anna", book=gone).speak("A long announcement.", 0)
    await anext(leaving)
    listener = asyncio.create_task(speak(Cached(speaker, cache, "anna", book=staying), "A long announcement."))
    await asyncio.sleep(0)
    await leaving.aclose()
    await listener
    assert [len(gone.usages), len(staying.usages)] == [0, 1]


async def test_the_last_one_to_leave_pays_for_what_is_given_up(clock: AutojumpClock) -> None:
    """Before it has left."""
    speaker, cache, first, last = ScriptedSpeaker(), AudioCache(spawn), Book(), Book()
    leaving = [Cached(speaker, cache, "anna", book=book).speak("A long announcement.", 0) for book in (first, last)]
    for listener in leaving:
        await anext(listener)
    for listener in leaving:
        await listener.aclose()
    assert [len(first.usages), len(last.usages)] == [0, 1]


async def test_a_request_is_as_urgent_as_the_most_urgent_of_those_who_share_it(clock: AutojumpClock) -> None:
    """What an answer fetches ahead may be what an announcement wants now."""
    first = Cached(ScriptedSpeaker(), AudioCache(spawn), "anna")
    ahead = first.speak("A long announcement.", 60)
    await anext(ahead)
    second = Cached(first.speaker, first.cache, "anna")
    now = second.speak("A long announcement.", 1)
    await anext(now)
    await asyncio.sleep(0.1)
    await now.aclose()
    await asyncio.sleep(0.1)
    await ahead.aclose()
    assert first.deadlines[0] == first.deadlines[-1] == 60
    assert 1 in first.deadlines


@pytest.mark.parametrize(
    ("failure", "other_deadline", "other_has_fallback", "requests"),
    [
        (Failure.BUSY, 9, True, 2),
        (Failure.BUSY, 0, True, 1),
        (Failure.SERVER, 9, True, 1),
        (Failure.SERVER, 0, False, 2),
    ],
)
async def test_a_request_that_was_given_up_by_the_terms_of_another_is_made_again(
    clock: AutojumpClock, failure: Failure, other_deadline: float, other_has_fallback: bool, requests: int
) -> None:
    """Whoever has more time, or nobody else to speak, is not refused for want of it."""
    speaker = ScriptedSpeaker(failures=[(0, ProviderError(failure))])
    cache = AudioCache(spawn)
    first = Cached(speaker, cache, "anna", has_fallback=True).speak("Dinner!", 0)
    other = Cached(speaker, cache, "anna", has_fallback=other_has_fallback).speak("Dinner!", other_deadline)
    await asyncio.gather(anext(first), anext(other), return_exceptions=True)
    assert len(speaker.asked) == requests
    await asyncio.gather(first.aclose(), other.aclose())


async def test_doubtful_audio_is_spoken_but_not_kept_and_all_who_heard_it_know(clock: AutojumpClock) -> None:
    """Nor may Home Assistant keep it."""
    speaker, cache = ScriptedSpeaker(), AudioCache(spawn)
    listeners = [Cached(speaker, cache, "anna", doubtful=True) for _ in range(2)]
    sounds = await asyncio.gather(*(speak(listener, "Dinner!") for listener in listeners))
    assert sounds == [sound_of("Dinner!")] * 2
    assert [listener.unkept for listener in listeners] == [1, 1]
    sure = Cached(speaker, cache, "anna")
    await speak(sure, "Dinner!")
    assert (len(speaker.asked), sure.unkept) == (2, 0)
