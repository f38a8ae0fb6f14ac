"""One request: over the transport that works, within the limits, measured, recorded, and retried."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
import logging

import pytest

from custom_components.streaming_tts.providers.types import (
    AudioFormat,
    Charge,
    Failure,
    Limits,
    ProviderError,
    Transport,
)
from custom_components.streaming_tts.speech.audio_cache import AudioCache
from custom_components.streaming_tts.speech.connection_pool import MAX_FIRST_BYTE_SECONDS, MIN_AVOIDED_SECONDS
from custom_components.streaming_tts.speech.engine import FALLBACK_WAIT, MAX_SPEECH_RATES, SynthesisEngine
from custom_components.streaming_tts.speech.speech_rate import SpeechRate
from custom_components.streaming_tts.speech.synthesizer import SpeechRequest, Usage
from tests.autojump_clock import AutojumpClock

from .conftest import ScriptedSpeaker, sound_of
from .scripted_provider import VOICE, ScriptedProvider, spawn

PCM = AudioFormat(sample_rate=16000)
TEXT = "The light in the hall is on."
SECONDS = len(sound_of(TEXT)) / 32000
SOCKET, HTTP = Transport.WEBSOCKET, Transport.STREAM


class Speech:
    """An account at the scripted provider, with its speakers and recorded usage."""

    def __init__(self, provider: ScriptedProvider, *, cache_bytes: int = 0) -> None:
        """Speak over each transport alike."""
        self.provider = provider
        self.socket = self.use(SOCKET, ScriptedSpeaker())
        self.http = self.use(HTTP, ScriptedSpeaker())
        self.usages: list[Usage] = []
        self.unkept = 0
        self.admits = True
        self.engine = SynthesisEngine(provider, spawn, cache=AudioCache(spawn, cache_bytes))

    def use(self, transport: Transport, speaker: ScriptedSpeaker) -> ScriptedSpeaker:
        """Let a speaker speak over a transport."""
        self.provider.speakers[transport] = speaker
        return speaker

    def record(self, usage: Usage) -> None:
        """Write down."""
        self.usages.append(usage)

    def request(
        self,
        text: str = TEXT,
        *,
        transport: Transport = SOCKET,
        has_fallback: bool = True,
        deadline: float | None = None,
    ) -> SpeechRequest:
        """Return a request."""
        return SpeechRequest(
            voice=VOICE,
            audio_format=PCM,
            text=text,
            deadline=asyncio.get_running_loop().time() if deadline is None else deadline,
            has_fallback=has_fallback,
            recorder=self,
            transport=lambda: transport,
            admission=lambda: None if self.admits else ProviderError(Failure.QUOTA, code="budget"),
            on_unkept=self._count_unkept,
        )

    async def hear(self, request: SpeechRequest | None = None) -> bytes:
        """Return the whole audio."""
        async with aclosing(self.engine.speak(request or self.request())) as audio:
            return b"".join([chunk async for chunk in audio])

    @property
    def calls(self) -> list[tuple[Transport | None, Failure | None]]:
        """Return over which transport the calls went, and how they failed."""
        return [(usage.transport, usage.failure) for usage in self.usages]

    def _count_unkept(self) -> None:
        self.unkept += 1


@pytest.fixture
async def speech(clock: AutojumpClock) -> AsyncGenerator[Speech]:
    """Return an account whose connections are open at once, and all closed in the end."""
    speech = Speech(ScriptedProvider(connect_seconds=0))
    yield speech
    await speech.engine.close()
    assert speech.provider.open_connections == 0


def failing(failure: Failure, *, after: float = 0, times: int = 1) -> ScriptedSpeaker:
    """Return a speaker that fails so often, after so many seconds of audio."""
    return ScriptedSpeaker(first_byte=0.05, failures=[(after, ProviderError(failure))] * times)


async def elapsed(speech: Speech) -> float:
    """Return after how many seconds the first audio of a text is heard."""
    clock = asyncio.get_running_loop().time
    begun = clock()
    async with aclosing(speech.engine.speak(speech.request())) as audio:
        await anext(audio)
        seconds = clock() - begun
        async for _ in audio:
            pass
    return seconds


# What is recorded


async def test_a_request_that_was_spoken_is_charged_with_the_seconds_that_came(speech: Speech) -> None:
    """And its first byte and its transport are known."""
    speech.use(SOCKET, ScriptedSpeaker(first_byte=0.7))
    await speech.hear()
    (usage,) = speech.usages
    assert replace(usage.charge, seconds=0) == Charge(requests=1, characters=len(TEXT))
    assert usage.charge.seconds == pytest.approx(SECONDS)
    assert usage.first_byte == pytest.approx(0.7, abs=0.05)
    assert (usage.failure, usage.transport, usage.superseded, usage.doubtful) == (None, SOCKET, False, False)


async def test_a_refused_request_costs_what_the_service_says(speech: Speech) -> None:
    """Nothing, unless it says so."""
    for error in (ProviderError(Failure.AUTH, code="key"), ProviderError(Failure.INPUT, charged=Charge(points=1))):
        speech.use(SOCKET, ScriptedSpeaker(failures=[(0, error)]))
        with pytest.raises(ProviderError):
            await speech.hear()
    assert [usage.charge for usage in speech.usages] == [Charge(), Charge(points=1)]
    assert [usage.failure for usage in speech.usages] == [Failure.AUTH, Failure.INPUT]


async def test_a_request_that_broke_is_charged_whole_with_the_seconds_that_came(speech: Speech) -> None:
    """The service has begun; and once it has sounded nothing is said again here."""
    speech.use(SOCKET, failing(Failure.BROKEN, after=0.5))
    with pytest.raises(ProviderError, match="broken"):
        await speech.hear()
    (usage,) = speech.usages
    assert replace(usage.charge, seconds=0) == Charge(requests=1, characters=len(TEXT))
    assert usage.charge.seconds == pytest.approx(0.5)


async def test_a_request_that_was_given_up_is_charged_all_the_same(speech: Speech) -> None:
    """Who stops listening is not refunded."""
    audio = speech.engine.speak(speech.request())
    await anext(audio)
    await audio.aclose()
    assert speech.usages[0].charge.characters == len(TEXT)


@pytest.mark.parametrize(("given_up_after", "requests"), [(0.3, 0), (0.55, 1)])
async def test_a_request_is_charged_from_when_it_is_made(
    clock: AutojumpClock, given_up_after: float, requests: int
) -> None:
    """Who stops listening while the connection is still being opened has asked for nothing."""
    speech = Speech(ScriptedProvider(connect_seconds=0.5))
    listening = asyncio.create_task(speech.hear())
    await asyncio.sleep(given_up_after)
    listening.cancel()
    await asyncio.wait([listening])
    assert sum(usage.charge.requests for usage in speech.usages) == len(speech.usages) == requests
    assert speech.provider.open_connections == 0
    await speech.engine.close()


async def test_a_request_that_was_given_up_before_it_went_out_costs_nothing(speech: Speech) -> None:
    """Over HTTP the request itself opens the connection."""
    speech.provider.connects_in[HTTP] = 60.0
    listening = asyncio.create_task(speech.hear(speech.request(transport=HTTP)))
    await asyncio.sleep(0.05)
    listening.cancel()
    await asyncio.wait([listening])
    assert speech.usages == []


async def test_the_pace_is_learnt_from_what_was_spoken(speech: Speech) -> None:
    """The plan of the next utterance knows better; the quiet behind a text is no speech."""
    speech.use(SOCKET, ScriptedSpeaker(first_byte=1.2))
    for _ in range(20):
        await speech.hear()
    speech_rate = speech.engine.speech_rate(VOICE)
    assert speech_rate.first_byte == pytest.approx(1.2, abs=0.05)
    quiet = len(sound_of(".")) / 32000
    assert speech_rate.expected(TEXT) == pytest.approx(SECONDS - quiet, rel=0.05)


# Whether a request is made, when, and how often


async def test_what_the_account_does_not_allow_is_not_asked_for(speech: Speech) -> None:
    """The refusal is the account's own."""
    speech.admits = False
    with pytest.raises(ProviderError, match="budget"):
        await speech.hear()
    assert speech.usages == []
    assert speech.provider.connections == []


async def test_what_is_in_memory_needs_no_admission(clock: AutojumpClock) -> None:
    """It costs nothing."""
    speech = Speech(ScriptedProvider(connect_seconds=0), cache_bytes=10**6)
    heard = await speech.hear()
    speech.admits = False
    assert await speech.hear() == heard
    assert len(speech.usages) == 1
    await speech.engine.close()


async def test_a_short_text_goes_before_long_ones_that_asked_a_little_earlier(clock: AutojumpClock) -> None:
    """What is over first goes first; a long one that has waited for as long as it lasts is passed no more."""
    provider = ScriptedProvider(connect_seconds=0)
    provider.limits = Limits(concurrency=1)  # type: ignore[misc]
    speech = Speech(provider)
    now = asyncio.get_running_loop().time()
    texts = ["It runs.", "A long answer. " * 20, "A second answer. " * 20, "Dinner is ready.", "Later."]
    async with asyncio.TaskGroup() as tasks:
        for text, deadline in zip(texts, (now, now, now, now + 0.2, now + 60), strict=True):
            tasks.create_task(speech.hear(speech.request(text, deadline=deadline, has_fallback=False)))
            await asyncio.sleep(0)
    assert speech.socket.texts == [texts[0], texts[3], texts[1], texts[2], texts[4]]
    await speech.engine.close()


@pytest.mark.parametrize(("has_fallback", "outcome"), [(True, 1), (False, 2)])
async def test_a_turn_is_not_waited_for_longer_than_patience_where_somebody_else_can_speak(
    clock: AutojumpClock, has_fallback: bool, outcome: int
) -> None:
    """Nobody else means that it is better late than never."""
    provider = ScriptedProvider(connect_seconds=0)
    provider.limits = Limits(concurrency=1)  # type: ignore[misc]
    speech = Speech(provider)
    speech.use(SOCKET, ScriptedSpeaker(speed=0.2))
    first = asyncio.create_task(speech.hear(speech.request("A first text.")))
    await asyncio.sleep(0)
    start = clock.time()
    await asyncio.gather(speech.hear(speech.request(has_fallback=has_fallback)), return_exceptions=True)
    waited = clock.time() - start
    await first
    assert len(speech.usages) == outcome
    assert waited == pytest.approx(3, abs=0.1) if has_fallback else waited > 4
    await speech.engine.close()


@pytest.mark.parametrize("failure", [Failure.UNREACHABLE, Failure.SERVER, Failure.BROKEN])
@pytest.mark.parametrize(("times", "calls"), [(1, 2), (3, 2)])
async def test_what_may_pass_is_tried_once_more(speech: Speech, failure: Failure, times: int, calls: int) -> None:
    """Over HTTP, say."""
    speech.use(HTTP, failing(failure, times=times))
    await asyncio.gather(speech.hear(speech.request(transport=HTTP)), return_exceptions=True)
    assert len(speech.usages) == calls
    assert (speech.usages[-1].failure is None) is (times == 1)


async def test_a_busy_service_is_waited_for(speech: Speech) -> None:
    """As long as it says, within the timeouts."""
    busy = ScriptedSpeaker(first_byte=0.05, failures=[(0, ProviderError(Failure.RATE, retry_after=2.0))])
    speech.use(SOCKET, busy)
    assert await speech.hear() == sound_of(TEXT)
    first, second = (moment for moment, _ in busy.asked)
    assert 2.0 < second - first < FALLBACK_WAIT


# Which transport


@pytest.mark.parametrize("failure", [Failure.UNREACHABLE, Failure.BROKEN, Failure.SERVER])
async def test_what_fails_over_a_socket_is_heard_over_http_at_once(speech: Speech, failure: Failure) -> None:
    """Both calls are recorded; the first one says nothing of the account."""
    speech.use(SOCKET, failing(failure))
    assert await elapsed(speech) == pytest.approx(0.05 + 0.3, abs=0.02)
    assert speech.calls == [(SOCKET, failure), (HTTP, None)]
    assert [usage.superseded for usage in speech.usages] == [True, False]


async def test_a_socket_that_ends_without_audio_is_replaced_by_http(speech: Speech) -> None:
    """It said that this was the end, and it was none."""
    speech.provider.speakers[SOCKET].speak = nothing  # type: ignore[method-assign]
    assert await speech.hear() == sound_of(TEXT)
    assert speech.calls == [(SOCKET, Failure.BROKEN), (HTTP, None)]


async def nothing(text: str, deadline: float) -> AsyncGenerator[bytes]:
    """Yield no audio."""
    for _ in range(0):
        yield b""


async def test_a_socket_that_cannot_be_opened_is_replaced_by_http(speech: Speech) -> None:
    """A proxy refuses it with a page of its own, which is no matter of the key."""
    speech.provider.refuses_transport[SOCKET] = ProviderError(Failure.AUTH)
    assert await speech.hear() == sound_of(TEXT)
    assert speech.calls == [(SOCKET, Failure.AUTH), (HTTP, None)]


@pytest.mark.parametrize(
    "failure",
    [Failure.INPUT, Failure.VOICE, Failure.QUOTA, Failure.AUTH, Failure.OUTDATED, Failure.BUSY, Failure.RATE],
)
async def test_what_speaks_of_the_request_itself_is_not_asked_over_http(speech: Speech, failure: Failure) -> None:
    """HTTP would say the same."""
    error = ProviderError(failure, code="said", retry_after=10.0)
    speech.use(SOCKET, ScriptedSpeaker(failures=[(0, error)]))
    with pytest.raises(ProviderError, match=failure):
        await speech.hear()
    assert speech.calls == [(SOCKET, failure)]


async def test_what_fails_over_both_is_tried_once_more_over_http_alone(speech: Speech) -> None:
    """The socket counts for nothing in the tries, and is not blamed for what HTTP cannot do either."""
    speech.use(SOCKET, failing(Failure.BROKEN, times=9))
    speech.use(HTTP, failing(Failure.BROKEN, times=9))
    for _ in range(3):
        with pytest.raises(ProviderError, match="broken"):
            await speech.hear()
    assert speech.calls == [(SOCKET, Failure.BROKEN), (HTTP, Failure.BROKEN), (HTTP, Failure.BROKEN)] * 3


async def test_a_silent_socket_is_closed_and_http_is_used(speech: Speech) -> None:
    """Never both at once; it is charged like what was spoken, and at the third text nobody waits for it any more."""
    silent = speech.use(SOCKET, ScriptedSpeaker(first_byte=60.0))
    waited = [await elapsed(speech) for _ in range(3)]
    assert waited == pytest.approx([MAX_FIRST_BYTE_SECONDS + 0.3] * 2 + [0.3], abs=0.02)
    assert silent.running == 0
    assert speech.calls == [(SOCKET, Failure.UNREACHABLE), (HTTP, None)] * 2 + [(HTTP, None)]
    assert [usage.charge.requests for usage in speech.usages] == [1] * 5


async def test_a_socket_that_hangs_while_it_is_opened_is_given_up_as_soon(clock: AutojumpClock) -> None:
    """Nothing was asked over it, so that nothing is charged."""
    speech = Speech(ScriptedProvider(connect_seconds=0))
    speech.provider.connects_in[SOCKET] = 60.0
    assert await elapsed(speech) == pytest.approx(MAX_FIRST_BYTE_SECONDS + 0.3, abs=0.02)
    assert [usage.charge.requests for usage in speech.usages] == [0, 1]
    await speech.engine.close()


async def test_http_may_be_as_slow_as_it_is(speech: Speech) -> None:
    """Nothing could replace it."""
    speech.use(HTTP, ScriptedSpeaker(first_byte=4.0))
    assert await speech.hear(speech.request(transport=HTTP)) == sound_of(TEXT)


async def test_a_socket_that_failed_twice_is_tried_again_after_ten_minutes(speech: Speech) -> None:
    """One request that works is enough."""
    speech.use(SOCKET, failing(Failure.BROKEN, times=2))
    for _ in range(3):
        await speech.hear()
    assert speech.engine.transport(VOICE) is HTTP
    await asyncio.sleep(MIN_AVOIDED_SECONDS)
    await speech.hear()
    await speech.hear()
    assert speech.calls[-3:] == [(HTTP, None), (SOCKET, None), (SOCKET, None)]
    assert speech.engine.transport(VOICE) is SOCKET


async def test_no_socket_is_opened_ahead_while_http_is_used(speech: Speech) -> None:
    """Nobody would use it."""
    speech.use(SOCKET, failing(Failure.BROKEN, times=2))
    for _ in range(2):
        await speech.hear()
    opened = len(speech.provider.connections)
    await asyncio.sleep(60)
    speech.engine.pool.hint(VOICE, speech.engine.transport(VOICE))
    await asyncio.sleep(1)
    assert (len(speech.provider.connections), speech.provider.touched) == (opened, 1)


async def test_a_waiting_socket_serves_a_complete_text(speech: Speech) -> None:
    """It saves a handshake; without one none is opened."""
    await speech.hear(speech.request(transport=HTTP))
    await speech.hear()
    await speech.hear(speech.request(transport=HTTP))
    assert speech.calls == [(HTTP, None), (SOCKET, None), (SOCKET, None)]


# Whether what was spoken is whole


async def test_audio_without_an_end_mark_is_spoken_once_and_kept_nowhere(speech: Speech) -> None:
    """The next text goes over HTTP, which marks its end."""
    speech.provider.marks_end = False
    assert await speech.hear() == sound_of(TEXT)
    assert speech.unkept == 1
    speech.provider.marks_end = True
    await speech.hear()
    assert speech.calls == [(SOCKET, None), (HTTP, None)]
    assert speech.unkept == 1


class Cut(ScriptedSpeaker):
    """Says that it is whole after the first tenth of a second."""

    async def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        """Yield one piece."""
        async with aclosing(super().speak(text, deadline)) as audio:
            yield await anext(audio)


@pytest.mark.parametrize("transport", [SOCKET, HTTP])
async def test_audio_that_is_much_too_short_is_spoken_once_and_kept_nowhere(
    clock: AutojumpClock, transport: Transport
) -> None:
    """The service marked its end: it is no error, and nothing is learned of the voice's speed."""
    speech = Speech(ScriptedProvider(connect_seconds=0), cache_bytes=10**6)
    speech.use(transport, Cut())
    for _ in range(2):
        assert await speech.hear(speech.request(transport=transport)) == sound_of(TEXT)[:3200]
    assert speech.calls == [(transport, None)] * 2
    assert [usage.doubtful for usage in speech.usages] == [True, True]
    assert speech.unkept == 2
    assert speech.engine.speech_rate(VOICE).spoken == 0
    await speech.engine.close()


class Drawling(ScriptedSpeaker):
    """Takes many times as long as anybody to say a text."""

    def __init__(self, factor: float) -> None:
        """Take so many times as long."""
        super().__init__()
        self._seconds = round(factor * SECONDS)

    async def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        """Yield silence, second by second."""
        for _ in range(self._seconds):
            yield bytes(32000)


async def test_audio_that_does_not_end_is_broken_off(speech: Speech) -> None:
    """No text of a sentence takes minutes, but a pause may be part of it."""
    speech.use(SOCKET, Drawling(9.0))
    assert len(await speech.hear()) == 32000 * round(9 * SECONDS)
    speech.use(SOCKET, Drawling(100.0))
    with pytest.raises(ProviderError, match="too_long"):
        await speech.hear()


async def test_what_no_provider_foresaw_is_broken_and_tells_nothing(speech: Speech) -> None:
    """Its text may quote an address with its key."""
    speech.use(HTTP, ScriptedSpeaker(failures=[(0.2, ValueError("https://key@example.org"))]))
    with pytest.raises(ProviderError) as caught:
        await speech.hear(speech.request(transport=HTTP))
    assert str(caught.value) == "broken (ValueError)"


# How long, and what is logged


@pytest.mark.parametrize(("has_fallback", "is_heard"), [(True, False), (False, True)])
async def test_a_busy_service_is_waited_for_longer_where_nobody_else_could_speak(
    speech: Speech, has_fallback: bool, is_heard: bool
) -> None:
    """Half a minute is late, but not never."""
    refusals: list[tuple[float, Exception]] = [(0, ProviderError(Failure.RATE, retry_after=10.0))] * 3
    speech.use(HTTP, ScriptedSpeaker(first_byte=0.05, failures=refusals))
    (heard,) = await asyncio.gather(
        speech.hear(speech.request(transport=HTTP, has_fallback=has_fallback)), return_exceptions=True
    )
    assert (heard == sound_of(TEXT)) is is_heard


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Return what is logged for whoever looks for a fault; nothing of a text may be in it."""
    caplog.set_level(logging.DEBUG, "custom_components.streaming_tts")
    return caplog


async def test_the_log_tells_how_a_request_went(speech: Speech, log: pytest.LogCaptureFixture) -> None:
    """Transport, connection, first byte, and what it came to; a second one uses the same connection."""
    await speech.hear()
    for event in ("transport websocket", "socket opened", "first byte after 0.3", "requests=1"):
        assert event in log.text
    assert "socket reused" not in log.text
    await speech.hear()
    assert "socket reused" in log.text
    assert TEXT not in log.text


async def test_the_log_tells_of_a_failover_and_of_a_retry_with_their_causes(
    speech: Speech, log: pytest.LogCaptureFixture
) -> None:
    """By the kind of the failure."""
    speech.use(SOCKET, failing(Failure.BROKEN))
    speech.use(HTTP, failing(Failure.SERVER))
    await speech.hear()
    assert "failover to stream after broken" in log.text
    assert "retry in 0.00 s after server" in log.text
    assert TEXT not in log.text


async def test_the_log_tells_of_a_cache_hit(clock: AutojumpClock, log: pytest.LogCaptureFixture) -> None:
    """With the size of the audio."""
    speech = Speech(ScriptedProvider(connect_seconds=0), cache_bytes=10**7)
    await speech.hear()
    assert "cache hit" not in log.text
    await speech.hear()
    assert f"cache hit, {len(sound_of(TEXT))} bytes" in log.text
    assert TEXT not in log.text
    await speech.engine.close()


async def test_the_measured_speed_of_a_voice_outlives_an_utterance(speech: Speech) -> None:
    """What the next one of the voice expects was learned from this one; another voice is not as fast for that."""
    engine, other = speech.engine, replace(VOICE, voice_id="ben")
    first = engine.speech_rate(VOICE)
    first.note_speech(TEXT, 1.0)
    engine.speech_rate(other)
    assert engine.speech_rate(VOICE).speed == first.speed != SpeechRate().speed
    assert engine.speech_rate(other).speed == SpeechRate().speed


async def test_the_voices_that_spoke_last_are_remembered_with_their_speed(speech: Speech) -> None:
    """As many as are measured at all; of one that speaks again and again, always."""
    engine, often = speech.engine, speech.engine.speech_rate(VOICE)
    for number in range(MAX_SPEECH_RATES + 1):
        engine.speech_rate(replace(VOICE, voice_id=f"voice {number}"))
        assert engine.speech_rate(VOICE) is often
