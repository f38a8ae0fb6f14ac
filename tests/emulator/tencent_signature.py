"""The signature of a request to Tencent's API, TC3-HMAC-SHA256 (docs/dev/protocols.md E)."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
import hashlib
import hmac
import re

from .tencent_errors import TencentError

ALGORITHM = "TC3-HMAC-SHA256"
SERVICE = "trtc"
MAX_SKEW = 300.0
"""Seconds that the clock of a client may be off."""
_UNSIGNED = "UNSIGNED-PAYLOAD"
_AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256 Credential=(?P<secret_id>[^/\s]+)/(?P<date>\d{4}-\d\d-\d\d)/(?P<service>[a-z0-9]+)/tc3_request,"
    r"\s*SignedHeaders=(?P<signed>[a-z0-9;-]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)
_ALWAYS_SIGNED = {"content-type", "host"}


def verify(headers: Mapping[str, str], body: bytes, *, secret_of: Callable[[str], str | None], now: float) -> str:
    """Return the SecretId of a signed POST to `/`; raise TencentError if the signature is invalid.

    `headers` are case-insensitive, `secret_of` returns the SecretKey of a SecretId, `now` is a Unix timestamp.
    """
    found = _AUTHORIZATION.fullmatch(headers.get("Authorization", ""))
    if found is None:
        raise TencentError("AuthFailure.InvalidAuthorization")
    secret_key = secret_of(found["secret_id"])
    if secret_key is None:
        raise TencentError("AuthFailure.SecretIdNotFound")
    timestamp = _timestamp(headers)
    if abs(now - timestamp) > MAX_SKEW:
        raise TencentError("AuthFailure.SignatureExpire")
    if found["service"] != SERVICE or found["date"] != _date(timestamp):
        raise TencentError("AuthFailure.SignatureFailure", "The scope of the credential is not that of the request.")
    signed = found["signed"].split(";")
    if not _ALWAYS_SIGNED.issubset(signed) or any(name not in headers for name in signed):
        raise TencentError("AuthFailure.InvalidAuthorization", "A header that must be signed is missing.")
    payload = _UNSIGNED.encode() if headers.get("X-TC-Content-SHA256") == _UNSIGNED else body
    expected = sign(secret_key, timestamp, {name: headers[name] for name in signed}, payload)
    if not hmac.compare_digest(expected, found["signature"]):
        raise TencentError("AuthFailure.SignatureFailure")
    return found["secret_id"]


def sign(secret_key: str, timestamp: int, signed: Mapping[str, str], payload: bytes, *, service: str = SERVICE) -> str:
    """Return the signature, in hex; `signed` are the headers that are signed, by their names in small letters."""
    block = "".join(f"{name}:{signed[name].strip().lower()}\n" for name in sorted(signed))
    request = f"POST\n/\n\n{block}\n{';'.join(sorted(signed))}\n{hashlib.sha256(payload).hexdigest()}"
    date = _date(timestamp)
    scope = f"{date}/{service}/tc3_request"
    text = f"{ALGORITHM}\n{timestamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"TC3{secret_key}".encode()
    for part in (date, service, "tc3_request"):
        key = _hmac(key, part)
    return _hmac(key, text).hex()


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


def _date(timestamp: int) -> str:
    return datetime.fromtimestamp(timestamp, UTC).date().isoformat()


def _timestamp(headers: Mapping[str, str]) -> int:
    value = headers.get("X-TC-Timestamp", "")
    if not value.isdecimal() or len(value) > 10:
        raise TencentError("MissingParameter", "X-TC-Timestamp is missing or no Unix time.")
    return int(value)
