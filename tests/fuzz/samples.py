"""What the services say when all is well and when it is not (docs/dev/protocols.md A3 to A8, B2 to B7, C1 to C3)."""

from base64 import b64encode
import struct
from typing import Any, Final

KEY: Final = "sk-of-nobody-but-me"
TEXT: Final = "The code of the safe is 4711."
SILENCE: Final = b64encode(bytes(64)).decode()
WAV: Final = b64encode(
    struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 100, b"WAVE", b"fmt ", 16, 1, 1, 24000, 48000, 2, 16, b"data", 64)
    + bytes(64)
).decode()

SAMPLES: Final[list[Any]] = [
    # AsyncFlow
    {"context_id": "1", "audio": SILENCE, "final": False},
    {"context_id": "1", "audio": "", "final": True},
    {"error_code": "TIMEOUT", "message": TEXT, "request_id": "unknown", "extra": None},
    {"detail": {"error_code": "RATE_LIMIT_EXCEEDED", "message": KEY, "extra": {"limit": 120, "retry_after_ms": 8500}}},
    {"detail": {"error_code": "TOO_MANY_CONCURRENT_REQUESTS", "message": "", "extra": {"limit": 5, "current": 7}}},
    {"error_code": "USAGE_LIMIT_EXCEEDED", "message": "", "extra": {"limit": 1000000, "current": 1250000}},
    {"detail": [{"loc": ["body", "speed_control"], "msg": TEXT, "type": "value_error"}]},
    {"message": "Oops!", "method": "POST", "url": "/v1/tts/stream", "detail": f"Error: {TEXT}"},
    {
        "voices": [
            {
                "voice_id": "e0f39dc4-f691-4e78-bba5-5c636692cc04",
                "voice_type": "CUSTOM",
                "name": "Anna",
                "description": "A voice",
                "language": "de,en,es",
                "gender": "Male",
                "accent": "-",
                "style": "Casual,Calm",
            }
        ],
        "next_cursor": "e0f39dc4-f691-4e78-bba5-5c636692cc04",
    },
    {
        "audio_base64": SILENCE,
        "alignment": {
            "words": ["The", "code"],
            "word_start_times_milliseconds": [0, 871],
            "word_end_times_milliseconds": [871, 900],
        },
    },
    {"id": "e0f39dc4", "name": "Anna", "description": "", "language": "en"},
    {"signed_url": "https://media.example/a?signature=1"},
    # Sarvam
    {"type": "audio", "data": {"request_id": "20261004_1", "content_type": "audio/wav", "audio": WAV}},
    {"type": "audio", "data": {"request_id": "20261004_1", "content_type": "audio/pcm", "audio": SILENCE}},
    {"type": "event", "data": {"event_type": "final", "message": "done"}},
    {"type": "error", "data": {"message": "Speaker 'amelia' is not recognized.", "code": 422, "details": TEXT}},
    {"error": {"message": TEXT, "code": "insufficient_quota_error", "request_id": "1"}},
    {"request_id": "20261001_1", "audios": [WAV]},
    {"dictionaries": ["p_1", "p_2"]},
    {"dictionary_id": "p_1", "pronunciations": {"en-IN": {"Anna": "Ah na"}}},
    # Flow TTS
    {"Type": "audio", "ChunkId": 1, "Audio": SILENCE, "Seq": 0, "IsEnd": False},
    {"Type": "chunk", "ChunkId": "chunk_1", "Audio": WAV, "Seq": 1, "IsEnd": True},
    {"Type": "error", "RequestId": "1", "Error": {"Code": "InternalError", "Message": TEXT}},
    {"Type": "quota", "quota": {"daily": 100, "used": 1, "remaining": 99}},
    {"error": TEXT},
    {"success": True, "data": {"audio": SILENCE, "format": "pcm", "sampleRate": 24000, "duration": 0.1}},
    {"code": "success", "audio": WAV, "quota": {"daily": 100, "used": 1, "remaining": 99, "resetAt": "2026-11-21"}},
    {"code": "quota_exceeded", "message": "", "quota": {"remaining": 0, "resetAt": "2026-11-21T00:00:00Z"}},
    {
        "voices": [
            {
                "id": "v-1",
                "name": "安娜",
                "nameEn": "Anna",
                "language": "zh",
                "gender": "Female",
                "style": "calm",
                "supportedLanguages": ["zh", "en"],
                "previewUrl": "/previews/v-1.mp3",
            }
        ]
    },
    {"code": "success", "voices": [{"id": 1, "voice_id": "v-2", "voice_name": "Ben", "model": "flow_01_turbo"}]},
    {"code": "success", "voiceId": "v-2", "clonedVoice": {"voice_id": "v-2", "description": "x"}},
    {"access_token": KEY, "refresh_token": "r", "expires_in": 3600, "token_type": "bearer"},
]

WORDS_OF_SERVICES: Final = sorted(
    {
        *(name for sample in SAMPLES for name in sample),
        *("limit", "current", "retry_after_ms", "event_type", "content_type", "message", "Code", "daily", "used"),
        *("remaining", "resetAt", "loc", "success", "final", "audio", "error", "pcm", "wav", "mp3", "1", "en", "zh-CN"),
        *("TOO_MANY_CONCURRENT_REQUESTS", "USAGE_LIMIT_EXCEEDED", "VOICE_NOT_FOUND", "INVALID_LANGUAGE"),
        *("rate_limit_exceeded_error", "invalid_api_key_error", "InternalError", "unauthorized", "quota_exceeded"),
        *("2026-11-21T00:00:00Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "--ERROR:QUOTA_EXCEEDED--"),
    }
)
"""Names and values that adapters look for."""
