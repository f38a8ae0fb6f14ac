"""Server-sent events: whole wherever they are cut, in the forms that the services write, and bounded."""

from itertools import pairwise

from hypothesis import given, strategies as st
import pytest

from custom_components.streaming_tts.providers.transport.sse import EventParser
from custom_components.streaming_tts.providers.types import Failure, ProviderError
from tests.tables import each_row

ONE = b'{"Type":"audio","ChunkId":1,"Audio":"AAA=","IsEnd":false}'
TWO = b'{"Type":"audio","ChunkId":2,"Audio":"AAA=","IsEnd":true}'
PRETTY = b'{\n"Type": "audio",\n  "Audio": "AAA=",\n"IsEnd": true\n}'
EVENT = b"data: " + ONE + b"\n\n"

FORMS = [
    pytest.param(b"data: " + ONE + b"\n\ndata: " + TWO + b"\n\n", [ONE, TWO], id="one line each"),
    pytest.param(b"data:" + ONE + b"\r\n\r\ndata:" + TWO + b"\r\n\r\n", [ONE, TWO], id="crlf, no space"),
    pytest.param(b"data: " + ONE + b"\r\rdata: " + TWO + b"\r\r", [ONE, TWO], id="carriage returns alone"),
    pytest.param(b"\xef\xbb\xbfdata: " + ONE + b"\n\n", [ONE], id="byte order mark"),
    pytest.param(b":ok\n\n: keep-alive\ndata: " + ONE + b"\n: in between\n\n", [ONE], id="comments"),
    pytest.param(b"event: audio\nid: 7\nretry: 10\ndata: " + ONE + b"\n\n", [ONE], id="other fields"),
    pytest.param(b"event: ping\n\ndata\n\ndata: " + ONE + b"\n\n", [ONE], id="events without data"),
    pytest.param(b"unknown: field\ndata: " + ONE + b"\n\n", [ONE], id="unknown field before the data"),
    pytest.param(b"data: {\ndata: }\n\n", [b"{\n}"], id="data on every line"),
    pytest.param(b"data: " + PRETTY + b"\n\ndata: " + ONE + b"\n\n", [PRETTY, ONE], id="pretty as on the page"),
    pytest.param(b"data: " + PRETTY + b"\ndata: " + PRETTY + b"\n", [PRETTY, PRETTY], id="pretty, no empty lines"),
    pytest.param(b"data: " + ONE + b"\ndata: " + TWO + b"\n", [ONE, TWO], id="no empty lines"),
    pytest.param(b"data: " + ONE + b"\n\ndata: " + TWO, [ONE, TWO], id="last line open"),
    pytest.param(b"data: " + ONE + b"\r\n", [ONE], id="last event open"),
    pytest.param(b"", [], id="nothing"),
    pytest.param(b"\n\n\r\n", [], id="only empty lines"),
]


def events_of(pieces: list[bytes], parser: EventParser | None = None) -> list[bytes]:
    """Return what a parser makes of pieces."""
    parser = parser or EventParser()
    return [*(event for piece in pieces for event in parser.feed(piece)), *parser.end()]


@each_row(("stream", "expected"), FORMS)
def test_every_form_is_read_wherever_it_is_cut(stream: bytes, expected: list[bytes]) -> None:
    """The events are the same in one piece, cut in two at each place, and byte by byte."""
    cuts = [[stream[:at], stream[at:]] for at in range(len(stream) + 1)]

    assert all(events_of(pieces) == expected for pieces in cuts)
    assert events_of([stream[at : at + 1] for at in range(len(stream))]) == expected


def test_an_event_is_handed_over_with_the_line_that_ends_it() -> None:
    """An event is passed on before the next one arrives."""
    parser = EventParser()

    assert parser.feed(EVENT[:-1]) == []
    assert parser.feed(EVENT[-1:]) == [ONE]


@given(
    stream=st.lists(
        st.sampled_from([b"data:", b" ", b"{", b"}", b'"a"', b":", b"\r", b"\n", b"\xef\xbb\xbf", b"id: 1", b"\xff"])
    ).map(b"".join),
    cuts=st.lists(st.integers(0, 200)),
)
def test_a_hostile_stream_reads_the_same_however_it_is_cut(stream: bytes, cuts: list[int]) -> None:
    """Cuts say nothing about events."""
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    pieces = [stream[start:end] for start, end in pairwise(edges)]

    assert events_of(pieces) == events_of([stream])


@pytest.mark.parametrize(
    "piece",
    [
        pytest.param(b"data: " + b"A" * 100, id="a line that never ends"),
        pytest.param(b": " + b"A" * 100, id="a comment that never ends"),
        pytest.param(b"data: {\n" + b"1,\n" * 40, id="an event that never ends"),
        pytest.param(b"data: 1\n" * 40, id="an event of many data lines"),
    ],
)
def test_what_is_too_long_is_refused(piece: bytes) -> None:
    """A stream without ends does not fill the memory."""
    with pytest.raises(ProviderError) as caught:
        EventParser(max_event_bytes=64).feed(piece)

    assert caught.value.failure is Failure.BROKEN
    assert caught.value.code == "too_long"


def test_many_short_events_are_not_too_long() -> None:
    """The bound is that of one event."""
    assert len(events_of([EVENT * 100], EventParser(max_event_bytes=len(EVENT)))) == 100
