"""JSON Web Tokens signed with HS256, as Supabase's sign-in issues them (RFC 7519, standard library only)."""

import base64
import binascii
from collections.abc import Mapping
import hashlib
import hmac
import json

_HEADER = {"alg": "HS256", "typ": "JWT"}


class JwtError(Exception):
    """A token is refused; the argument is the reason in the words of the sign-in service (gotrue)."""


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decode(part: str) -> bytes:
    if not part.isascii() or not part.replace("-", "").replace("_", "").isalnum():
        raise JwtError("invalid JWT: unable to parse or verify signature, token is malformed")
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error as error:
        raise JwtError("invalid JWT: unable to parse or verify signature, token is malformed") from error


def _decode_object(part: str) -> dict[str, object]:
    try:
        value: object = json.loads(_decode(part))
    except ValueError as error:
        raise JwtError("invalid JWT: unable to parse or verify signature, token is malformed") from error
    if not isinstance(value, dict):
        raise JwtError("invalid JWT: unable to parse or verify signature, token is malformed")
    return value


def _signature(signed: str, secret: bytes) -> bytes:
    return hmac.digest(secret, signed.encode("ascii"), hashlib.sha256)


def sign(claims: Mapping[str, object], secret: bytes) -> str:
    """Return the compact form of a token with these claims."""
    signed = ".".join(_encode(json.dumps(part, separators=(",", ":")).encode()) for part in (_HEADER, claims))
    return f"{signed}.{_encode(_signature(signed, secret))}"


def verify(token: str, secret: bytes, now: float) -> dict[str, object]:
    """Return the claims of a token that is well-formed, ours and valid at `now` (unix seconds), or raise JwtError."""
    parts = token.split(".")
    if len(parts) != 3:
        raise JwtError(
            "invalid JWT: unable to parse or verify signature, token is malformed: "
            "token contains an invalid number of segments"
        )
    header, claims = _decode_object(parts[0]), _decode_object(parts[1])
    if header.get("alg") != "HS256":
        raise JwtError("invalid JWT: unable to parse or verify signature, signing method is invalid")
    if not hmac.compare_digest(_signature(f"{parts[0]}.{parts[1]}", secret), _decode(parts[2])):
        raise JwtError("invalid JWT: unable to parse or verify signature, token signature is invalid")
    expiry = claims.get("exp")
    if not isinstance(expiry, int | float) or now >= expiry:
        raise JwtError("invalid JWT: unable to parse or verify signature, token has invalid claims: token is expired")
    return claims
