"""Signs requests to Tencent Cloud by TC3-HMAC-SHA256 (docs/dev/protocols.md E2). The key itself is never sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
import hashlib
import hmac
from typing import Final

ALGORITHM: Final = "TC3-HMAC-SHA256"
CONTENT_TYPE: Final = "application/json"
"""Is signed exactly as it is sent."""
SERVICE: Final = "trtc"
VERSION: Final = "2019-07-22"

_SIGNED_HEADERS = "content-type;host"
_TERMINATOR = "tc3_request"


@dataclass(frozen=True, kw_only=True, slots=True)
class SigningRequest:
    """What of a request is signed: the host with its port as the `Host` header has it, the exact body, the time."""

    host: str
    body: bytes
    at: datetime


def signed_headers(
    request: SigningRequest, *, action: str, region: str, secret_id: str, secret_key: str
) -> Mapping[str, str]:
    """Return the headers of a request for an action."""
    return {
        "Content-Type": CONTENT_TYPE,
        "Host": request.host,
        "X-TC-Action": action,
        "X-TC-Version": VERSION,
        "X-TC-Region": region,
        "X-TC-Timestamp": str(_timestamp(request)),
        "Authorization": authorization(request, secret_id=secret_id, secret_key=secret_key),
    }


def authorization(request: SigningRequest, *, secret_id: str, secret_key: str) -> str:
    """Return the `Authorization` header of a request."""
    signature = _hmac(signing_key(request, secret_key), string_to_sign(request)).hex()
    return (
        f"{ALGORITHM} Credential={secret_id}/{_scope(request)}, SignedHeaders={_SIGNED_HEADERS}, Signature={signature}"
    )


def signing_key(request: SigningRequest, secret_key: str) -> bytes:
    """Return the key of a day, which is derived from the secret one."""
    key = f"TC3{secret_key}".encode()
    for part in (_date(request), SERVICE, _TERMINATOR):
        key = _hmac(key, part)
    return key


def string_to_sign(request: SigningRequest) -> str:
    """Return the text that is signed."""
    hashed = hashlib.sha256(canonical_request(request).encode()).hexdigest()
    return "\n".join((ALGORITHM, str(_timestamp(request)), _scope(request), hashed))


def canonical_request(request: SigningRequest) -> str:
    """Return the request in the form in which both sides hash it: path `/`, no query, two headers."""
    headers = f"content-type:{CONTENT_TYPE}\nhost:{request.host}\n"
    return "\n".join(("POST", "/", "", headers, _SIGNED_HEADERS, hashlib.sha256(request.body).hexdigest()))


def _scope(request: SigningRequest) -> str:
    return f"{_date(request)}/{SERVICE}/{_TERMINATOR}"


def _timestamp(request: SigningRequest) -> int:
    return int(request.at.timestamp())


def _date(request: SigningRequest) -> str:
    """Return the day of the time stamp in UTC, wherever Home Assistant is."""
    return datetime.fromtimestamp(_timestamp(request), UTC).date().isoformat()


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
