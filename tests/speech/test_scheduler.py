"""When the next piece of text is sent, and how much of it: tables of situations."""

import pytest

from custom_components.streaming_tts.speech.scheduler import (
    MARGIN,
    MAX_AHEAD,
    SchedulerState,
    Segment,
    SegmentScheduler,
)
from custom_components.streaming_tts.speech.speech_rate import SpeechRate
from custom_components.streaming_tts.speech.text.buffer import TextBuffer, TextRules
from tests.tables import each_row

PACE = SpeechRate(first_byte=0.3, first_byte_spread=0.05, speed=15.0)
LEAD = PACE.first_byte + 2 * PACE.first_byte_spread + MARGIN
"""Seconds before a player runs dry at which the next request leaves."""


def buffer_of(*chunks: str, ended: bool = False) -> TextBuffer:
    """Return a buffer that has been fed."""
    buffer = TextBuffer(TextRules(language="en"))
    for chunk in chunks:
        buffer.feed(chunk)
    if ended:
        buffer.end()
    return buffer


def plan(*, max_characters: int = 2000) -> SegmentScheduler:
    """Return a plan for a voice of a known speech rate."""
    return SegmentScheduler(PACE, max_characters=max_characters)


def running(*, max_characters: int = 2000) -> SegmentScheduler:
    """Return a plan that has sent its first cut."""
    begun = plan(max_characters=max_characters)
    begun.next(buffer_of("The first sentence. ", ended=True), SchedulerState(ahead=0, idle=0, in_flight=0))
    return begun


def waits(decision: Segment | float | None) -> float | None:
    """Return for how many seconds nothing is sent."""
    assert not isinstance(decision, Segment)
    return decision


@each_row(
    ("chunks", "ended", "situation", "expected"),
    [
        pytest.param(
            ("Dinner is ready.",),
            True,
            SchedulerState(ahead=0, idle=0, in_flight=0, opening=True),
            "Dinner is ready.",
            id="a complete text is one request",
        ),
        pytest.param(
            ("One is here. Two is here. Three is coming and",),
            False,
            SchedulerState(ahead=0, idle=0, in_flight=0),
            "One is here. Two is here.",
            id="what is finished leaves at once",
        ),
        pytest.param(
            ("Just a moment, I will check.",),
            False,
            SchedulerState(ahead=0, idle=0, in_flight=0, opening=True),
            "Just a moment, I will check.",
            id="a short opening is spoken at once",
        ),
        pytest.param(
            ("Let me look",),
            False,
            SchedulerState(ahead=0, idle=0.2, in_flight=0, opening=True),
            "Let me look",
            id="an opening without a stop is spoken as soon as nothing follows",
        ),
        pytest.param(
            ("Just a moment. I will check.",),
            False,
            SchedulerState(ahead=0, idle=0, in_flight=0, opening=True),
            "Just a moment. I will check.",
            id="an opening of two sentences is one request",
        ),
        pytest.param(
            ("When the sun has gone down behind the hill, and the lamps are",),
            False,
            SchedulerState(ahead=0, idle=0, in_flight=0),
            "When the sun has gone down behind the hill,",
            id="a long first sentence is opened with its first clause",
        ),
        pytest.param(
            ("The light in the hall is now on, as you have asked me to. ",),
            False,
            SchedulerState(ahead=0, idle=0.5, in_flight=0),
            "The light in the hall is now on, as you have asked me to.",
            id="a finished sentence behind which the writer falls silent",
        ),
    ],
)
def test_the_first_request_leaves_at_once(
    chunks: tuple[str, ...], ended: bool, situation: SchedulerState, expected: str
) -> None:
    """Nothing is waited for that the listener would hear."""
    cut = plan().next(buffer_of(*chunks, ended=ended), situation)
    assert isinstance(cut, Segment)
    assert cut.text == expected


@pytest.mark.parametrize(
    ("chunks", "situation", "seconds"),
    [
        pytest.param(
            ("Let me look",), SchedulerState(ahead=0, idle=0, in_flight=0, opening=True), 0.1, id="an open opening"
        ),
        pytest.param(
            ("It is 21",), SchedulerState(ahead=0, idle=9, in_flight=0, opening=True), None, id="a unit may follow"
        ),
        pytest.param(
            ("The temperature outside is at the moment only about 3.",),
            SchedulerState(ahead=0, idle=9, in_flight=0),
            None,
            id="a numeral may go on",
        ),
        pytest.param(
            ("Tomorrow you are going to see the dentist together with Dr.",),
            SchedulerState(ahead=0, idle=9, in_flight=0),
            None,
            id="an abbreviation",
        ),
    ],
)
def test_a_first_request_waits_for_what_may_go_on(
    chunks: tuple[str, ...], situation: SchedulerState, seconds: float | None
) -> None:
    """A cut in the wrong place would be heard."""
    decision = plan().next(buffer_of(*chunks), situation)
    assert waits(decision) == (pytest.approx(seconds) if seconds is not None else None)


@pytest.mark.parametrize("ahead", [LEAD + 0.1, 3.0, 20.0])
def test_the_next_request_waits_until_it_is_needed(ahead: float) -> None:
    """By then it takes along what has arrived."""
    decision = running().next(buffer_of("Two. Three. Fo"), SchedulerState(ahead=ahead, idle=0, in_flight=0))
    assert waits(decision) == pytest.approx(ahead - LEAD)


@pytest.mark.parametrize("ahead", [LEAD, 0.3, 0.0])
def test_a_request_that_is_needed_takes_all_that_has_arrived(ahead: float) -> None:
    """Fewest requests, best prosody."""
    decision = running().next(buffer_of("Two. Three. Four is com"), SchedulerState(ahead=ahead, idle=0, in_flight=1))
    assert isinstance(decision, Segment)
    assert decision.text == "Two. Three."


def test_a_request_takes_along_what_is_finished_before_a_pause() -> None:
    """Left behind it would cost a request of its own."""
    begun, buffer = running(), buffer_of("All lights are off. And the door is locked.")
    assert waits(begun.next(buffer, SchedulerState(ahead=LEAD + 3, idle=0.1, in_flight=1))) is not None
    cut = begun.next(buffer, SchedulerState(ahead=LEAD, idle=0.5, in_flight=1))
    assert isinstance(cut, Segment)
    assert cut.text == "All lights are off. And the door is locked."


def test_the_rest_of_an_opening_is_spoken_before_the_tool_has_answered() -> None:
    """Its first sentence did not wait for it; nothing will follow it for a while."""
    begun, buffer = plan(), buffer_of("One moment. Let me look")
    first = begun.next(buffer, SchedulerState(ahead=0, idle=0, in_flight=0, opening=True))
    later = begun.next(buffer, SchedulerState(ahead=LEAD, idle=2.0, in_flight=1, opening=True))
    assert [cut.text for cut in (first, later) if isinstance(cut, Segment)] == ["One moment.", "Let me look"]


def test_when_the_text_has_ended_the_rest_leaves_at_once() -> None:
    """Nothing more can be taken along."""
    buffer = buffer_of("Two. Three. Four.", ended=True)
    decision = running().next(buffer, SchedulerState(ahead=30, idle=0, in_flight=1))
    assert isinstance(decision, Segment)
    assert decision.text == "Two. Three. Four."
    assert (buffer.ended, buffer.sentences) == (True, [])


def test_no_more_than_two_requests_run_at_once() -> None:
    """The one that is heard, and the next."""
    buffer = buffer_of("Two. Three.", ended=True)
    assert running().next(buffer, SchedulerState(ahead=0, idle=0, in_flight=2)) is None


def test_nobody_is_fed_far_ahead_of_what_can_be_heard() -> None:
    """A client that downloads faster than it plays may never play it."""
    buffer = buffer_of("Two. Three.", ended=True)
    decision = running().next(buffer, SchedulerState(ahead=MAX_AHEAD + 5, idle=0, in_flight=0))
    assert waits(decision) == pytest.approx(5)


def test_a_request_holds_no_more_than_the_provider_takes() -> None:
    """Sentences are never cut for it."""
    buffer = buffer_of("Number one. Number two. Number three.", ended=True)
    begun = running(max_characters=24)
    texts = []
    while isinstance(cut := begun.next(buffer, SchedulerState(ahead=0, idle=0, in_flight=0)), Segment):
        texts.append(cut.text)
    assert texts == ["Number one. Number two.", "Number three."]


def test_a_player_that_runs_dry_in_a_long_sentence_gets_its_first_clause() -> None:
    """Better a breath at a comma than a stall."""
    buffer = buffer_of("while the kettle on the stove begins to sing, the cat on the window sill")
    decision = running().next(buffer, SchedulerState(ahead=0.1, idle=0, in_flight=0))
    assert isinstance(decision, Segment)
    assert decision.text == "while the kettle on the stove begins to sing,"


def test_a_finished_sentence_before_a_pause_is_spoken_when_the_pause_is_noticed() -> None:
    """The wait is until the writer has been silent for long enough."""
    buffer = buffer_of("I will check the heating now.")
    begun = running()
    decision = begun.next(buffer, SchedulerState(ahead=0, idle=0.1, in_flight=0))
    assert waits(decision) == pytest.approx(0.3)
    decision = begun.next(buffer, SchedulerState(ahead=0, idle=0.4, in_flight=0))
    assert isinstance(decision, Segment)


def test_whole_sentences_may_be_preferred_to_an_early_beginning() -> None:
    """Then no clause is sent for itself."""
    buffer = buffer_of("When the sun has gone down behind the hill, and the lamps are")
    patient = SegmentScheduler(PACE, max_characters=2000, first_clause=None)
    assert patient.next(buffer, SchedulerState(ahead=0, idle=0, in_flight=0)) is None


@pytest.mark.parametrize(
    ("ended", "age", "wait"),
    [(False, 0.0, 2.0), (False, 1.5, 0.5), (False, 2.0, None), (True, 0.0, None)],
)
def test_the_last_request_that_can_be_made_waits_for_the_end_of_the_text(
    ended: bool, age: float, wait: float | None
) -> None:
    """Until its timeout; the requests after it, if there are any, wait for nothing."""
    patient = SegmentScheduler(PACE, max_characters=2000, end_wait=2.0)
    buffer = buffer_of("The first sentence. The second one is here. And then", ended=ended)
    decision = patient.next(buffer, SchedulerState(ahead=0, idle=0, in_flight=0, age=age))
    assert (waits(decision) if wait else None) == (pytest.approx(wait) if wait else None)
    assert isinstance(decision, Segment) is (wait is None)


@pytest.mark.parametrize(
    ("known", "stops_at_known", "expected"),
    [
        pytest.param({"One."}, True, ["One.", "Two. Three. Four."], id="a first sentence needs no request"),
        pytest.param({"One."}, False, ["One.", "Two. Three. Four."], id="nor where each request costs"),
        pytest.param({"Three."}, True, ["One. Two.", "Three.", "Four."], id="nor does one in the middle"),
        pytest.param({"Three."}, False, ["One. Two. Three. Four."], id="which would take one more than without"),
        pytest.param({"Two.", "Three."}, True, ["One.", "Two.", "Three.", "Four."], id="one after the other"),
        pytest.param({"One.", "One. Two. Three. Four."}, True, ["One. Two. Three. Four."], id="all of it is known"),
        pytest.param(set(), True, ["One. Two. Three. Four."], id="nothing is known"),
    ],
)
def test_what_is_known_is_sent_alone(known: set[str], *, stops_at_known: bool, expected: list[str]) -> None:
    """It comes from memory, and the request for the others is no longer for it."""
    scheduler = SegmentScheduler(PACE, max_characters=2000, is_known=known.__contains__, stops_at_known=stops_at_known)
    buffer = buffer_of("One. Two. Three. Four.", ended=True)
    sent = []
    while buffer.sentences or not buffer.ended:
        decision = scheduler.next(buffer, SchedulerState(ahead=0, idle=0, in_flight=0))
        assert isinstance(decision, Segment)
        sent.append(decision.text)
    assert sent == expected


def test_a_voice_that_was_never_measured_is_given_a_second_to_its_first_byte() -> None:
    """So much, and the margin, before a player would run dry."""
    begun = SegmentScheduler(SpeechRate(), max_characters=2000)
    begun.next(buffer_of("The first sentence. ", ended=True), SchedulerState(ahead=0, idle=0, in_flight=0))
    decision = begun.next(buffer_of("A second sentence. And"), SchedulerState(ahead=5, idle=0, in_flight=0))
    assert waits(decision) == pytest.approx(5 - 1 - MARGIN)
