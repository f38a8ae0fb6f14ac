"""What services and people may send: nonsense, and sense in which something is wrong."""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
import json
import struct
from typing import Any

from hypothesis import strategies as st

from .samples import KEY, SAMPLES, TEXT, WORDS_OF_SERVICES

type Json = None | bool | int | float | str | list[Json] | dict[str, Json]

BYTES = st.binary(max_size=200)
TEXTS = st.text(max_size=60) | st.text(st.characters(), max_size=20)  # the latter with lone surrogates
SOUND = BYTES.map(lambda sound: b64encode(sound).decode())

_NUMBERS = (
    st.integers()
    | st.sampled_from([0, -1, 1, 2**31, 2**63, -(2**63), 10**30, 10**400, 1e308, -0.0])
    | st.floats()  # NaN and infinities included: json.dumps writes them, json.loads reads them
)
_STRINGS = st.sampled_from([*WORDS_OF_SERVICES, KEY, TEXT, "", "\ud800", "\0", "=" * 9, "A" * 3000]) | TEXTS | SOUND
_SCALARS = st.none() | st.booleans() | _NUMBERS | _STRINGS
_NAMES = st.sampled_from(WORDS_OF_SERVICES) | st.text(max_size=5)
NONSENSE: st.SearchStrategy[Json] = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=12,
)


@st.composite
def _mutated(draw: st.DrawFn, value: Json, odds: int) -> Json:
    """Return a value in which each part is something else with odds of one in so many."""
    if not draw(st.integers(0, odds)):
        return draw(NONSENSE)
    if isinstance(value, dict):
        kept = {name: part for name, part in value.items() if draw(st.integers(0, odds))}
        return {name: draw(_mutated(part, odds)) for name, part in kept.items()}
    if isinstance(value, list):
        return [draw(_mutated(part, odds)) for part in value]
    return value


ANSWERS: st.SearchStrategy[Json] = st.sampled_from(SAMPLES).flatmap(
    lambda sample: st.just(sample) | _mutated(sample, 12) | _mutated(sample, 4)
)
"""What the services say, word for word or with something wrong in it."""

JSON = (ANSWERS | NONSENSE).map(json.dumps)
JSON_BYTES = (
    JSON.map(str.encode)
    | JSON.map(lambda text: text.encode()[:-1])
    | BYTES
    | st.just(b"[" * 20_000)
    | st.just(b'{"a":' * 20_000)
)


def _event(data: str, form: int) -> str:
    """Return an event in one of the forms that services write."""
    ends = ("\n\n", "\r\n\r\n", "\r\r", "\n", "")
    starts = ("data: ", "data:", "event: x\ndata: ", ": note\ndata: ", "id: 1\ndata:")
    return starts[form % 5] + data + ends[form // 5 % 5]


EVENTS = st.lists(st.tuples(JSON, st.integers(0, 24)), max_size=5).map(
    lambda events: "".join(_event(*event) for event in events).encode(errors="surrogatepass")
)


@st.composite
def wavs(draw: st.DrawFn) -> bytes:
    """Return a WAV file, or what looks like one."""
    sizes = st.sampled_from([0, 1, 15, 16, 18, 40, 0x7FFF0000, 0xFFFFFFFF])
    layout = struct.pack(
        "<HHIIHH",
        draw(st.sampled_from([1, 1, 1, 3, 0xFFFE])),
        draw(st.sampled_from([1, 1, 1, 0, 2, 65535])),
        draw(st.sampled_from([16000, 16000, 24000, 0, 0xFFFFFFFF])),
        draw(sizes),
        draw(st.integers(0, 65535)),
        draw(st.sampled_from([16, 16, 16, 8, 24, 0])),
    )
    sound = draw(BYTES)
    chunks = [(b"fmt ", layout)] * draw(st.integers(0, 2)) + [(draw(st.sampled_from([b"LIST", b"JUNK"])), draw(BYTES))]
    file = b"".join(
        kind + struct.pack("<I", draw(st.just(len(body)) | sizes)) + body
        for kind, body in draw(st.permutations(chunks))
    )
    return b"RIFF" + struct.pack("<I", draw(sizes)) + b"WAVE" + file + b"data" + struct.pack("<I", draw(sizes)) + sound


_MAGIC = st.sampled_from([b"RIFF", b"FORM", b"OggS", b"fLaC", b"ID3", b"\xff\xfb", b"\0\0\0\x18ftyp", b"ID3\4\0\x10"])
UPLOADS = wavs() | st.builds(bytes.__add__, _MAGIC, BYTES) | BYTES
"""How a file may begin that a person uploads as a recording."""


def pieces(whole: bytes) -> st.SearchStrategy[list[bytes]]:
    """Return how some bytes may arrive."""
    places = st.lists(st.integers(0, len(whole)), max_size=8).map(lambda found: sorted({0, len(whole), *found}))
    return places.map(lambda at: [whole[begin:end] for begin, end in pairwise(at)])


def in_pieces(strategy: st.SearchStrategy[bytes]) -> st.SearchStrategy[list[bytes]]:
    """Return how what a strategy makes may arrive."""
    return strategy.flatmap(pieces)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What a service answers: over HTTP, or on a WebSocket where it is asked for one."""

    status: int
    content_type: str
    headers: tuple[tuple[str, str], ...]
    body: Sequence[bytes]
    frames: Sequence[str | bytes]
    close_code: int
    resets: bool


_STATUSES = st.sampled_from([200] * 12 + [201, 204, 206, 301, 400, 401, 402, 403, 404, 413, 422, 429, 429, 500, 503])
_TYPES = st.sampled_from(
    ["application/json"] * 4
    + ["text/event-stream"] * 3
    + ["application/octet-stream", "audio/wav", "audio/pcm", "audio/mpeg", "text/html", "x", "application/x+json"]
)
_HEADER_NAMES = (
    *("Retry-After", "X-Quota-Daily", "X-Quota-Used", "X-Quota-Remaining", "X-Quota-Cost", "X-Request-Id"),
    *("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Location"),
)
_HEADERS = st.lists(
    st.tuples(
        st.sampled_from(_HEADER_NAMES),
        st.sampled_from(["0", "1", "-1", "99", "1e400", "nan", "inf", "0x10", "٣", "", "Wed, 21 Oct 2026 07:28:00 GMT"])
        | st.integers(0, 10**20).map(str)
        | st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12),
    ),
    max_size=4,
).map(tuple)
_SENTINEL = st.sampled_from([b"--ERROR:QUOTA_EXCEEDED--", b"--ERROR:QUOTA_EXC", b""])
_BARE = st.builds(bytes.__add__, BYTES, _SENTINEL)

REPLIES = st.builds(
    Reply,
    status=_STATUSES,
    content_type=_TYPES,
    headers=_HEADERS,
    body=in_pieces(JSON_BYTES | EVENTS | wavs() | _BARE),
    frames=st.lists(JSON | JSON | TEXTS.map(lambda text: text.encode(errors="ignore").decode()) | BYTES, max_size=6),
    close_code=st.sampled_from([1000, 1001, 1008, 1011, 1013, 3000, 4999]),
    resets=st.sampled_from([False, False, False, True]),
)


def _encoded(part: Json) -> str:
    return urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


_CLAIMS: st.SearchStrategy[Json] = (
    st.fixed_dictionaries(
        {},
        optional={
            "sub": _SCALARS,
            "iss": _SCALARS
            | st.sampled_from(["https://a.example/auth/v1", "http://a", "https://[", "http://127.0.0.1:1"]),
            "iat": _SCALARS,
            "exp": _SCALARS,
        },
    )
    | NONSENSE
)
JWTS = st.tuples(NONSENSE, _CLAIMS, st.text("abcXYZ019_-", max_size=9)).map(
    lambda parts: f"{_encoded(parts[0])}.{_encoded(parts[1])}.{parts[2]}"
)


def _session(access: Any, refresh: Any, wrapped: int) -> str:
    """Return a session as it is found in one of the places where a person may find it."""
    session = {"access_token": access, "refresh_token": refresh, "token_type": "bearer", "user": {"id": "1"}}
    forms: list[Any] = [session, {"currentSession": session}, [access, refresh, None], [session], json.dumps(session)]
    text = json.dumps(forms[wrapped % 5])
    return f"base64-{b64encode(text.encode()).decode()}" if wrapped >= 5 else text


PASTED = (
    TEXTS
    | JWTS
    | JWTS.map(lambda token: f'"Bearer {token}" ')
    | JWTS.map(lambda token: f"Authorization: bearer  {token}")
    | st.builds(_session, JWTS | _SCALARS, JWTS | _SCALARS, st.integers(0, 9))
    | JSON
    | st.just("[" * 30_000)
    | st.just("base64-" + "A" * 99)
    | st.just("a." * 9_000)
)
