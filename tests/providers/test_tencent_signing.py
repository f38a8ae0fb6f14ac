"""Requests to Tencent Cloud are signed as its own SDK signs them (docs/dev/protocols.md E2)."""

from datetime import UTC, datetime, timedelta, timezone
import hashlib
import hmac

import pytest

from custom_components.streaming_tts.providers.tencent.client import (
    SigningRequest,
    authorization,
    canonical_request,
    signed_headers,
    signing_key,
    string_to_sign,
)

SECRET_ID = "AKIDEXAMPLE0000000000000000000000000"
SECRET_KEY = "ExampleSecretKey000000000000000"
AT = datetime(2026, 1, 1, tzinfo=UTC)
BODY = (
    b'{"SdkAppId": 1400000000, "Text": "Hello, world.", "Model": "flow_02_turbo", '
    b'"Voice": {"VoiceId": "v-female-R2s4N9qJ"}, "AudioFormat": {"Format": "pcm", "SampleRate": 24000}}'
)


def request(host: str = "trtc.tencentcloudapi.com", *, body: bytes = BODY, at: datetime = AT) -> SigningRequest:
    """Return a request to be signed."""
    return SigningRequest(host=host, body=body, at=at)


@pytest.mark.parametrize(
    ("host", "signature"),
    [
        ("trtc.tencentcloudapi.com", "c8e4b55b2abc268d50d1a8c7bb8e3605d133a21c3e7e3c7c7c4d73368180c77d"),
        ("trtc.ai.tencentcloudapi.com", "6d48d68de21dbaf5b4f1e048959b2194b0c739cfcc79f19900d55eb0339411d8"),
        ("127.0.0.1:8080", "e16a7dd02793197d76fff5127f1cfd8bc95f3edfc115def31749fe2ad48db8a9"),
    ],
)
def test_a_request_is_signed_for_its_host(host: str, signature: str) -> None:
    """The port belongs to the host."""
    assert authorization(request(host), secret_id=SECRET_ID, secret_key=SECRET_KEY) == (
        f"TC3-HMAC-SHA256 Credential={SECRET_ID}/2026-01-01/trtc/tc3_request, "
        f"SignedHeaders=content-type;host, Signature={signature}"
    )


def test_each_step_has_the_documented_value() -> None:
    """The body, the canonical request, the key of the day."""
    canonical = canonical_request(request())
    assert canonical.endswith("bb0bc75f3d2e9fa426bd5b3b33f2d2a082ca8303ff4d55f79dc049f0be191535")
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    assert hashed == "a3e765ecb1c5189855c28ef07c577cc12d515d5acd43c9870537305076a6f73d"
    assert string_to_sign(request()).splitlines() == [
        "TC3-HMAC-SHA256",
        "1767225600",
        "2026-01-01/trtc/tc3_request",
        hashed,
    ]
    key = signing_key(request(), SECRET_KEY)
    # The last step of the three is checked by the signature that it makes
    assert hmac.digest(key, string_to_sign(request()).encode(), "sha256").hex() == (
        "c8e4b55b2abc268d50d1a8c7bb8e3605d133a21c3e7e3c7c7c4d73368180c77d"
    )


def test_the_day_of_a_signature_is_the_one_in_utc() -> None:
    """Wherever Home Assistant is."""
    elsewhere = AT.astimezone(timezone(timedelta(hours=-9)))
    assert elsewhere.day == 31
    for at in (AT, elsewhere):
        assert "/2026-01-01/" in authorization(request(at=at), secret_id=SECRET_ID, secret_key=SECRET_KEY)


def test_headers_name_what_is_asked_for_and_never_the_key() -> None:
    """The key itself does not travel."""
    headers = signed_headers(
        request(), action="TextToSpeechSSE", region="ap-guangzhou", secret_id=SECRET_ID, secret_key=SECRET_KEY
    )
    assert headers == {
        "Content-Type": "application/json",
        "Host": "trtc.tencentcloudapi.com",
        "X-TC-Action": "TextToSpeechSSE",
        "X-TC-Version": "2019-07-22",
        "X-TC-Region": "ap-guangzhou",
        "X-TC-Timestamp": "1767225600",
        "Authorization": authorization(request(), secret_id=SECRET_ID, secret_key=SECRET_KEY),
    }
    assert not [value for value in headers.values() if SECRET_KEY in value]
