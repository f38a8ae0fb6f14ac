"""What is tried: each with what may come, and what has to hold of it. A property that does not hold raises."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
import pytest

from custom_components.streaming_tts.cloning.file_types import FILE_TYPES, recognize
from custom_components.streaming_tts.providers import PROVIDERS
from custom_components.streaming_tts.providers.asyncflow.errors import SENTINEL, SentinelFilter
from custom_components.streaming_tts.providers.session import is_token, parse_session, read_claims
from custom_components.streaming_tts.providers.transport.sse import EventParser
from custom_components.streaming_tts.providers.types import AudioFormat, CredentialError, Failure, ProviderError
from tests.providers.tools import speech_stream

from . import text
from .service import hostile_service
from .strategies import BYTES, EVENTS, JWTS, PASTED, REPLIES, TEXTS, UPLOADS, in_pieces, wavs

LONGEST_EVENT = 300
_PCM = AudioFormat(sample_rate=16000)


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A parser of external data; `opened` has the resources of its property, `examples` a number for tests."""

    name: str
    may_come: st.SearchStrategy[Any]
    opened: Callable[[], AbstractContextManager[Callable[[Any], None]]]
    examples: int = 200

    def __str__(self) -> str:
        """Return its name."""
        return self.name


def _pure(holds: Callable[[Any], None]) -> Callable[[], AbstractContextManager[Callable[[Any], None]]]:
    return lambda: nullcontext(holds)


def _events(pieces: Sequence[bytes]) -> tuple[list[bytes], Failure | None]:
    """Return the events in pieces of a stream, and how it failed."""
    parser = EventParser(LONGEST_EVENT)
    events: list[bytes] = []
    try:
        for piece in pieces:
            events += parser.feed(piece)
        events += parser.end()
    except ProviderError as error:
        return events, error.failure
    return events, None


def events_do_not_depend_on_their_pieces(pieces: list[bytes]) -> None:
    """See that nothing in them is longer than the limit, or than what came."""
    events, failure = _events(pieces)
    whole = b"".join(pieces)
    assert failure in (None, Failure.BROKEN)
    assert all(len(event) <= LONGEST_EVENT for event in events)
    assert sum(map(len, events)) <= len(whole)
    if failure is None:
        assert _events([whole]) == (events, None)
        assert _events([whole[at : at + 1] for at in range(len(whole))]) == (events, None)


def _samples(pieces: Sequence[bytes]) -> tuple[bytes, str | None]:
    stream = speech_stream(16000)
    samples = b""
    try:
        for piece in pieces:
            samples += stream.feed(piece)
        samples += stream.end()
    except ProviderError as error:
        return samples, error.code
    return samples, None


def sound_does_not_depend_on_its_pieces(pieces: list[bytes]) -> None:
    """See that it is whole samples, and no more of them than came."""
    samples, code = _samples(pieces)
    whole = b"".join(pieces)
    assert len(samples) % 2 == 0
    assert len(samples) <= len(whole)
    if code is None:
        assert _samples([whole]) == (samples, None)
        assert samples in whole


def the_sentinel_is_found_and_nothing_else_held_back(pieces: list[bytes]) -> None:
    """Check that the audio before it is returned, and nothing of it or after it."""
    sentinel = SentinelFilter()
    heard = b"".join(map(sentinel.feed, pieces))
    sound, said, _ = b"".join(pieces).partition(SENTINEL)
    assert sentinel.found is bool(said)
    if said:
        assert heard == sound
        with pytest.raises(ProviderError, match=Failure.QUOTA):
            sentinel.end()
    else:
        assert heard + sentinel.end() == sound


def claims_are_read_or_not_there(token: str) -> None:
    """See that, whatever a token says of itself."""
    claims = read_claims(token)
    for moment in (claims.issued_at, claims.expires_at):
        assert moment is None or moment.tzinfo is not None


def what_is_pasted_is_a_session_or_a_problem(pasted: str) -> None:
    """See that, and that the problem quotes nothing of it."""
    try:
        credentials = parse_session(pasted)
    except CredentialError as error:
        told = str(error), error.reason
    else:
        assert is_token(credentials.key)
        assert credentials.refresh_token is None or is_token(credentials.refresh_token)
        assert credentials.auth_url is None or credentials.auth_url.startswith(("https://", "http://"))
        return
    assert told[0] == told[1]


@contextmanager
def _asked_for(provider: str) -> Any:
    with hostile_service() as ask:
        yield lambda example: ask(provider, *example)


def what_is_uploaded_is_known_or_not(content: bytes) -> None:
    """See that the content of a recording is no trouble."""
    kind = recognize(content)
    assert kind is None or kind in FILE_TYPES


def _account(provider: str) -> Target:
    tokens = JWTS.filter(is_token) if provider == "flow_tts" else st.just("sk-of-nobody-but-me")
    return Target(
        name=f"answers of {provider}",
        may_come=st.tuples(st.lists(REPLIES, min_size=1, max_size=4), st.integers(0, 99), tokens),
        opened=lambda: _asked_for(provider),
        examples=150,
    )


_SENTINELS = st.lists(st.sampled_from([SENTINEL, SENTINEL[:9], SENTINEL[5:], b"-", b"--ERROR", b"xy"]) | BYTES).map(
    b"".join
)

TARGETS = (
    Target(name="events", may_come=in_pieces(EVENTS | BYTES), opened=_pure(events_do_not_depend_on_their_pieces)),
    Target(name="sound", may_come=in_pieces(wavs() | BYTES), opened=_pure(sound_does_not_depend_on_its_pieces)),
    Target(
        name="sentinel",
        may_come=in_pieces(_SENTINELS),
        opened=_pure(the_sentinel_is_found_and_nothing_else_held_back),
    ),
    Target(name="claims", may_come=JWTS | TEXTS, opened=_pure(claims_are_read_or_not_there)),
    Target(name="sessions", may_come=PASTED, opened=_pure(what_is_pasted_is_a_session_or_a_problem)),
    Target(name="uploads", may_come=UPLOADS, opened=_pure(what_is_uploaded_is_known_or_not)),
    Target(name="text", may_come=text.WRITTEN, opened=_pure(text.text_is_spoken_whole), examples=300),
    Target(name="prose", may_come=text.PROSE, opened=_pure(text.prose_is_spoken_in_order), examples=300),
    Target(name="tags", may_come=text.TAGGED, opened=_pure(text.tags_stay_whole), examples=300),
    *map(_account, PROVIDERS),
)
