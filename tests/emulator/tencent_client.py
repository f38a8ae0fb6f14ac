"""A plain client of Tencent's API, for the emulator's own tests; it signs with the emulator's code."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
import io
import json
from typing import Any

import aiohttp

from .tencent import VERSION, Tencent
from .tencent_requests import STREAM
from .tencent_signature import ALGORITHM, sign

TEXT = "Good evening, everyone."
VOICE = "v-female-R2s4N9qJ"
_SIGNED = ("content-type", "host")


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """A complete response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """What the answer says."""
        return json.loads(self.body)["Response"]

    @property
    def code(self) -> str | None:
        """Return the code of an error."""
        code = self.json.get("Error", {}).get("Code")
        return None if code is None else str(code)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The JSON of each event, comments left out."""
        blocks = self.body.decode().replace("\r\n", "\n").split("\n\n")
        return [json.loads(block.removeprefix("data: ")) for block in blocks if block and not block.startswith(":")]

    @property
    def streamed(self) -> bytes:
        """The audio of all events."""
        return b"".join(base64.b64decode(event["Audio"]) for event in self.events if event.get("Audio"))


def speech(text: object = TEXT, **fields: Any) -> dict[str, Any]:
    """Return the minimum parameters for speech with additions; `voice` has further fields of Voice."""
    voice = {"VoiceId": VOICE} | fields.pop("voice", {})
    return {"SdkAppId": 1400000000, "Text": text, "Voice": voice} | fields


def recording(audio: bytes, **fields: Any) -> dict[str, Any]:
    """Return the minimum parameters for cloning, with additions."""
    prompt = base64.b64encode(audio).decode("ascii")
    return {"SdkAppId": 1400000000, "VoiceName": "Anna_1", "PromptAudio": prompt} | fields


async def ask(
    tencent: Tencent,
    session: aiohttp.ClientSession,
    payload: Any,
    action: str = STREAM,
    *,
    region: str = "ap-guangzhou",
    skew: int = 0,
    secret_id: str | None = None,
    secret_key: str | None = None,
    service: str = "trtc",
    signed: tuple[str, ...] = _SIGNED,
    **headers: str,
) -> Reply:
    """Ask for an action, signed `skew` seconds off; underscores in the names of headers stand for hyphens."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload, ensure_ascii=False).encode()
    timestamp = int(tencent.clock.time()) + skew
    sent = {
        "content-type": "application/json",
        "host": tencent.url.removeprefix("http://"),
        "x-tc-action": action,
        "x-tc-version": VERSION,
        "x-tc-region": region,
        "x-tc-timestamp": str(timestamp),
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    behaviour = tencent.behaviour
    signature = sign(
        secret_key or behaviour.secret_key, timestamp, {name: sent[name] for name in signed}, body, service=service
    )
    date = datetime.fromtimestamp(timestamp, UTC).date()
    credential = f"{secret_id or behaviour.secret_id}/{date}/{service}/tc3_request"
    sent.setdefault(
        "authorization",
        f"{ALGORITHM} Credential={credential}, SignedHeaders={';'.join(signed)}, Signature={signature}",
    )
    given = {name: value for name, value in sent.items() if value}
    async with session.post(tencent.url, data=io.BytesIO(body), headers=given) as response:
        return Reply(status=response.status, headers=response.headers, body=await response.read())
