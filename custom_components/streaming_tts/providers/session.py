"""Parses pasted access tokens: JSON Web Tokens and supabase-js sessions (docs/dev/protocols.md C3).

Nothing is verified or trusted here: the claims of a token only provide its expiry, its owner, and its issuer.
"""

from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
import json
import re
from urllib.parse import urlsplit

import jwt

from .types import CredentialError, Credentials

MAX_TOKEN_CHARACTERS = 16 * 1024
"""Maximum length of a token. Those of the service have one or two thousand characters."""
MAX_SESSION_CHARACTERS = 256 * 1024
"""Maximum length of a text that is searched for a session."""

_MAX_CLAIM_CHARACTERS = 2048
_MAX_NESTING = 4
_LAST_SECOND = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
_MAX_ADDRESS_CHARACTERS = 2048
_ODD_IN_ADDRESS = re.compile(r"[\s\x00-\x1f\x7f\\?#]")
"""Characters that URL parsers treat differently, or that would cut off an appended path."""
_TOKEN = re.compile(rf"[\x21-\x7e]{{1,{MAX_TOKEN_CHARACTERS}}}")
_JWT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
_COOKIE_PREFIX = "base64-"
_AUTH_PATH = "/auth/v1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Claims:
    """Unverified claims of a token. None is a missing or implausible claim."""

    subject: str | None = None
    issuer: str | None = None
    issued_at: datetime | None = None
    expires_at: datetime | None = None


def is_token(value: object) -> bool:
    """Return True if a value can be sent as a token: printable ASCII of limited length."""
    return isinstance(value, str) and _TOKEN.fullmatch(value) is not None


def read_claims(token: str) -> Claims:
    """Return the unverified claims of a JSON Web Token, or empty claims for anything else."""
    if len(token) > MAX_TOKEN_CHARACTERS or _JWT.fullmatch(token) is None:
        return Claims()
    try:
        content = jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError, ValueError, RecursionError:
        return Claims()
    return Claims(
        subject=_claim(content.get("sub")),
        issuer=_claim(content.get("iss")),
        issued_at=_moment(content.get("iat")),
        expires_at=_moment(content.get("exp")),
    )


def is_allowed_address(address: str) -> bool:
    """Return True if secrets may be sent to a URL: HTTPS, or HTTP to this machine or a private network."""
    if len(address) > _MAX_ADDRESS_CHARACTERS or _ODD_IN_ADDRESS.search(address):
        return False
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_near(host))


def parse_session(text: str) -> Credentials:
    """Return the credentials in a pasted text, in any form of the portal's session.

    Raises `CredentialError`, which contains nothing of the text. The URL of the token service is the token's issuer.
    Accepted forms:

    - an access token, with or without `Bearer` or quotes,
    - the session of supabase-js as JSON, also in an array or below another key (`currentSession`, `session`, `data`),
    - an array with the access token and the refresh token in this order,
    - the base64 form of a cookie.
    """
    text = text.strip()
    if len(text) > MAX_SESSION_CHARACTERS:
        raise CredentialError("session", "session_unreadable")
    bare = re.sub(r"^(authorization:\s*)?bearer\s+", "", text.strip("\"'"), flags=re.IGNORECASE).strip()
    is_bare = _JWT.fullmatch(bare) is not None
    access, refresh = (bare, None) if is_bare else next(_sessions(_json(text), _MAX_NESTING), ("", None))
    claims = read_claims(access)
    if claims == Claims():
        raise CredentialError("session", "session_unreadable")
    address = claims.issuer
    if address is not None:
        if not is_allowed_address(address):
            raise CredentialError("session", "session_insecure")
        address = address.rstrip("/")
        address = address if urlsplit(address).path else address + _AUTH_PATH
    return Credentials(key=access, refresh_token=refresh, auth_url=address)


def _json(text: str) -> object:
    """Return a pasted text as JSON, also from a cookie or a quoted string, or None if it isn't JSON."""
    try:
        if text.startswith(_COOKIE_PREFIX):
            cookie = text.removeprefix(_COOKIE_PREFIX)
            text = b64decode(cookie + "=" * (-len(cookie) % 4), altchars=b"-_").decode()
        content = json.loads(text)
        return json.loads(content) if isinstance(content, str) else content
    except ValueError, RecursionError:
        return None


def _sessions(content: object, depth: int) -> Iterator[tuple[str, str | None]]:
    """Yield the access and refresh tokens of the sessions in a JSON value, outermost first."""
    if depth == 0:
        return
    if isinstance(content, Mapping):
        access, refresh = content.get("access_token"), content.get("refresh_token")
        if isinstance(access, str) and is_token(access):
            yield (access, refresh if isinstance(refresh, str) and is_token(refresh) else None)
        for inner in content.values():
            yield from _sessions(inner, depth - 1)
    elif isinstance(content, list):
        match content:
            case [str() as access, str() as refresh, *_] if _JWT.fullmatch(access) and is_token(refresh):
                yield access, refresh
            case [str() as access, *_] if _JWT.fullmatch(access):
                yield access, None
        for inner in content:
            yield from _sessions(inner, depth - 1)


def _claim(value: object) -> str | None:
    """Return a claim if it's a text of plausible length."""
    return value if isinstance(value, str) and 0 < len(value) <= _MAX_CLAIM_CHARACTERS else None


def _moment(value: object) -> datetime | None:
    """Return a claim as a time, from Unix seconds."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not 0 < value < _LAST_SECOND:  # also excludes NaN
        return None
    return datetime.fromtimestamp(value, UTC)


def _is_near(host: str) -> bool:
    """Return True if a host is this machine or in a private network."""
    if host == "localhost" or host.endswith((".localhost", ".local")):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return (address.is_private or address.is_loopback) and not address.is_unspecified
