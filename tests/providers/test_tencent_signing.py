"""Requests to Tencent Cloud are signed as its own SDK signs them (docs/dev/protocols.md E2)."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

import pytest

from custom_components.streaming_tts.providers.tencent.client import signed_headers

SECRET_ID = "AKIDEXAMPLE0000000000000000000000000"
SECRET_KEY = "ExampleSecretKey000000000000000"
AT = datetime(2026, 1, 1, tzinfo=UTC)
BODY = (
    b'{"SdkAppId": 1400000000, "Text": "Hello, world.", "Model": "flow_02_turbo", '
    b'"Voice": {"VoiceId": "v-female-R2s4N9qJ"}, "AudioFormat": {"Format": "pcm", "SampleRate": 24000}}'
)


def headers(host: str = "trtc.tencentcloudapi.com", *, at: datetime = AT) -> Mapping[str, str]:
    """Return the headers of a request."""
    return signed_headers(
        BODY,
        host=host,
        at=at,
        action="TextToSpeechSSE",
        region="ap-guangzhou",
        secret_id=SECRET_ID,
        secret_key=SECRET_KEY,
    )


@pytest.mark.parametrize(
    ("host", "signature"),
    [
        ("trtc.tencentcloudapi.com", "c8e4b55b2abc268d50d1a8c7bb8e3605d133a21c3e7e3c7c7c4d73368180c77d"),
        ("trtc.ai.tencentcloudapi.com", "6d48d68de21dbaf5b4f1e048959b2194b0c739cfcc79f19900d55eb0339411d8"),
        ("127.0.0.1:8080", "e16a7dd02793197d76fff5127f1cfd8bc95f3edfc115def31749fe2ad48db8a9"),
    ],
)
def test_a_request_is_signed_for_its_host(host: str, signature: str) -> None:
    """The port belongs to the host; the signature is right only if each step before it has the documented value."""
    assert headers(host)["Authorization"] == (
        f"TC3-HMAC-SHA256 Credential={SECRET_ID}/2026-01-01/trtc/tc3_request, "
        f"SignedHeaders=content-type;host, Signature={signature}"
    )


def test_the_day_of_a_signature_is_the_one_in_utc() -> None:
    """Wherever Home Assistant is."""
    elsewhere = AT.astimezone(timezone(timedelta(hours=-9)))
    assert elsewhere.day == 31
    assert headers(at=elsewhere) == headers(at=AT)


def test_headers_name_what_is_asked_for_and_never_the_key() -> None:
    """The key itself does not travel."""
    sent = {**headers()}
    assert sent.pop("Authorization").startswith("TC3-HMAC-SHA256 ")
    assert sent == {
        "Content-Type": "application/json",
        "Host": "trtc.tencentcloudapi.com",
        "X-TC-Action": "TextToSpeechSSE",
        "X-TC-Version": "2019-07-22",
        "X-TC-Region": "ap-guangzhou",
        "X-TC-Timestamp": "1767225600",
    }
    assert not [value for value in headers().values() if SECRET_KEY in value]
