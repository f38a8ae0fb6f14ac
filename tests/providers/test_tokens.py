"""What a person pastes, and what a token says of itself."""

from base64 import urlsafe_b64encode
from contextlib import suppress
from datetime import UTC, datetime
import json

from hypothesis import given, strategies as st
import pytest

from custom_components.streaming_tts.providers.session import (
    Claims,
    is_allowed_address,
    is_token,
    parse_session,
    read_claims,
)
from custom_components.streaming_tts.providers.types import CredentialError
from tests.tables import each_row

ISSUER = "https://project.example.com/auth/v1"


def encoded(part: bytes) -> str:
    """Return a part of a token."""
    return urlsafe_b64encode(part).rstrip(b"=").decode()


def token_of(payload: bytes) -> str:
    """Return a token with a payload."""
    return f"{encoded(b'{}')}.{encoded(payload)}.c2lnbmF0dXJl"


def token(**claims: object) -> str:
    """Return a token with claims."""
    return token_of(json.dumps({"sub": "someone", "iss": ISSUER, "exp": 1_800_000_000, **claims}).encode())


ACCESS = token()
SESSION = {"access_token": ACCESS, "refresh_token": "r-1", "token_type": "bearer", "user": {"id": "someone"}}


def test_a_token_says_whose_it_is_and_when_it_ends() -> None:
    """The claims that are used are read."""
    assert read_claims(token(iat=1_799_996_400)) == Claims(
        subject="someone",
        issuer=ISSUER,
        issued_at=datetime.fromtimestamp(1_799_996_400, UTC),
        expires_at=datetime.fromtimestamp(1_800_000_000, UTC),
    )


@each_row("value", [True, "1800000000", None, -1, 0, 1e300, 10**400, float("nan"), [], {}])
def test_an_end_that_is_no_time_is_unknown(value: object) -> None:
    """Nonsense in a claim is as if it were not there."""
    assert read_claims(token(exp=value)).expires_at is None


@each_row(
    ("value", "expected"),
    [("a", "a"), ("a" * 2048, "a" * 2048), ("a" * 2049, None), ("", None), (None, None), (7, None), ([], None)],
)
def test_a_name_has_at_least_one_character_and_at_most_2048(value: object, expected: str | None) -> None:
    """Of the account and of who issued the token."""
    claims = read_claims(token(sub=value, iss=value))
    assert (claims.subject, claims.issuer) == (expected, expected)


@each_row(
    "payload",
    [
        b'{"exp": NaN}',
        b'{"exp": Infinity}',
        b'{"exp": 1e999}',
        pytest.param(b'{"exp": ' + b"9" * 5000 + b"}", id="many digits"),
        pytest.param(b"[" * 9000, id="nested"),
        b"[]",
        b"\xff",
    ],
)
def test_a_hostile_payload_says_nothing(payload: bytes) -> None:
    """Neither numbers that are none nor nesting without end do any harm."""
    assert read_claims(token_of(payload)) == Claims()


@each_row("text", ["", "a.b", "a.b.c.d", "a.b.c", "é.é.é"])
def test_what_is_no_token_says_nothing(text: str) -> None:
    """Anything may be pasted."""
    assert read_claims(text) == Claims()


def test_a_token_that_is_longer_than_any_is_neither_read_nor_sent() -> None:
    """A server would refuse such a header."""
    longest = ACCESS + "A" * ((16 * 1024 - len(ACCESS)) // 4 * 4)
    assert read_claims(longest) == read_claims(ACCESS)
    assert read_claims(longest + "AAAA") == Claims()
    assert is_token("A" * 16 * 1024)
    assert not is_token("A" * (16 * 1024 + 1))


@given(st.text() | st.tuples(st.binary(), st.binary()).map(lambda parts: ".".join(map(encoded, (*parts, b"x")))))
def test_reading_a_token_never_fails(text: str) -> None:
    """Hostile input is parsed without an exception."""
    assert isinstance(read_claims(text), Claims)


@each_row(
    "text",
    [
        ACCESS,
        f"  {ACCESS}\n",
        f'"{ACCESS}"',
        f"Bearer {ACCESS}",
        f"Authorization: Bearer {ACCESS}",
        json.dumps([ACCESS]),
        json.dumps({"access_token": ACCESS}),
        json.dumps({"access_token": ACCESS, "refresh_token": None}),
    ],
)
def test_an_access_token_alone_is_taken(text: str) -> None:
    """It speaks for an hour, without what would renew it."""
    credentials = parse_session(text)

    assert (credentials.key, credentials.refresh_token, credentials.auth_url) == (ACCESS, None, ISSUER)


@each_row(
    "text",
    [
        json.dumps(SESSION),
        json.dumps(SESSION, indent=2),
        json.dumps(json.dumps(SESSION)),
        json.dumps({"currentSession": SESSION, "expiresAt": 1_800_000_000}),
        json.dumps({"data": {"session": SESSION}, "error": None}),
        json.dumps([SESSION]),
        json.dumps([ACCESS, "r-1", None, None, None]),
        "base64-" + encoded(json.dumps(SESSION).encode()),
    ],
)
def test_a_session_is_taken_in_every_form_in_which_it_is_kept(text: str) -> None:
    """As supabase-js shows it, keeps it in storage, and keeps it in a cookie."""
    credentials = parse_session(text)

    assert (credentials.key, credentials.refresh_token, credentials.auth_url) == (ACCESS, "r-1", ISSUER)


@each_row(
    ("text", "problem"),
    [
        ("", "session_unreadable"),
        (" \n ", "session_unreadable"),
        ("hello", "session_unreadable"),
        ("a.b.c", "session_unreadable"),
        pytest.param("[" * 100_000, "session_unreadable", id="nested"),
        ("base64-!", "session_unreadable"),
        (json.dumps({"access_token": "opaque"}), "session_unreadable"),
        ("{}", "session_unreadable"),
        ("null", "session_unreadable"),
        ("[1, null]", "session_unreadable"),
        (json.dumps({"access_token": 7}), "session_unreadable"),
        (json.dumps({"access_token": "with space"}), "session_unreadable"),
        (json.dumps({"a": {"b": {"c": {"d": SESSION}}}}), "session_unreadable"),
        (token(iss="http://project.example.com/auth/v1"), "session_insecure"),
        (token(iss="javascript:alert(1)"), "session_insecure"),
        (token(iss="https://user:secret@example.com"), "session_insecure"),
    ],
)
def test_what_is_no_session_is_refused_by_name(text: str, problem: str) -> None:
    """A form can say what is wrong, and what was pasted is not in the error."""
    with pytest.raises(CredentialError) as caught:
        parse_session(text)

    assert (caught.value.field, caught.value.reason) == ("session", problem)
    assert str(caught.value) == problem
    assert caught.value.__cause__ is None


def test_a_text_that_is_longer_than_any_session_is_refused() -> None:
    """Nothing is looked for in it."""
    around = len(json.dumps({**SESSION, "note": ""}))
    parse_session(json.dumps({**SESSION, "note": "a" * (256 * 1024 - around)}))
    with pytest.raises(CredentialError, match="session_unreadable"):
        parse_session(json.dumps({**SESSION, "note": "a" * (256 * 1024 - around + 1)}))


@pytest.mark.parametrize(
    ("issuer", "address"),
    [
        ("https://project.example.com/auth/v1/", ISSUER),
        ("https://project.example.com", ISSUER),
        ("http://127.0.0.1:8503/auth/v1", "http://127.0.0.1:8503/auth/v1"),
        (None, None),
    ],
)
def test_the_issuer_is_the_address_of_the_token_service(issuer: str | None, address: str | None) -> None:
    """A project's address alone is completed."""
    assert parse_session(token(iss=issuer)).auth_url == address


@given(st.text())
def test_pasting_anything_ends_in_credentials_or_a_named_problem(text: str) -> None:
    """No other error comes out."""
    with suppress(CredentialError):
        parse_session(text)


def test_credentials_show_no_secret() -> None:
    """Neither the token nor what renews it is printed."""
    shown = repr(parse_session(json.dumps(SESSION)))

    assert ACCESS not in shown
    assert "r-1" not in shown


@each_row(
    ("address", "allowed"),
    [
        ("https://api.example.com", True),
        ("https://192.0.2.7:8443/path", True),
        ("http://localhost:8503", True),
        ("http://127.0.0.1", True),
        ("http://[::1]:8503", True),
        ("http://192.168.1.7:8503", True),
        ("http://10.0.0.1", True),
        ("http://proxy.local", True),
        ("http://api.example.com", False),
        ("http://8.8.8.8", False),
        ("http://0.0.0.0", False),
        ("http://localhost.example.com", False),
        ("https://user@api.example.com", False),
        ("https://api.example.com?key=1", False),
        ("https://api.example.com:99999", False),
        ("https://", False),
        ("ftp://localhost", False),
        ("http://[::1", False),
        ("", False),
    ],
)
def test_secrets_go_over_https_or_stay_near(address: str, allowed: bool) -> None:
    """Plain http is for this machine and private networks."""
    assert is_allowed_address(address) is allowed
