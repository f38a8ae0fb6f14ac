"""How Tencent's API writes its server-sent events (docs/dev/protocols.md E)."""

import base64
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
import json
from typing import Any

from .faults import Fault, FaultKind
from .pace import paced
from .tencent_errors import TencentError
from .tencent_settings import Dialect, Ending, TencentBehaviour


async def sound_events(
    audio: bytes,
    duration: float,
    behaviour: TencentBehaviour,
    *,
    since: float,
    align: int,
    request_id: str,
    last: Mapping[str, Any],
    fault: Fault | None,
) -> AsyncGenerator[bytes]:
    """Encode audio as events; `last` are further fields of the last audio event; the end is as configured.

    `since` is the time of the event loop at which the request arrived; for `align`, see `paced`. An error fault with
    `after_frames` becomes an event in place of that chunk, and ends the stream.
    """
    fails_at = fault.after_frames if fault and fault.fault is FaultKind.STATUS else None
    given = index = 0

    def write(fields: Mapping[str, Any]) -> bytes:
        return _written(fields, behaviour)

    def chunk(fields: Mapping[str, Any], *, is_end: bool) -> bytes:
        kind = "audio" if behaviour.dialect is Dialect.AUDIO else "chunk"
        head = {"Type": kind, "RequestId": request_id, "ChunkId": f"chunk_{index}"}
        return write({**head, **fields, "Seq": index, "IsEnd": is_end})

    async with aclosing(paced(audio, duration, behaviour, since=since, align=align)) as pieces:
        async for piece in pieces:
            if fault and index == fails_at:
                error = TencentError(fault.code or "InternalError", fault.message)
                yield write({"Type": "error", "RequestId": request_id, "Error": error.error})
                return
            given += len(piece)
            is_last = given == len(audio)
            sound: dict[str, Any] = {"Audio": base64.b64encode(piece).decode("ascii"), **(last if is_last else {})}
            yield chunk(sound, is_end=is_last and behaviour.ending is Ending.LAST_AUDIO)
            index += 1
    match behaviour.ending:
        case Ending.EMPTY_AUDIO:
            yield chunk({"Audio": ""}, is_end=True)
        case Ending.NO_AUDIO:
            yield chunk({}, is_end=True)
        case Ending.END_EVENT:
            yield write({"Type": "end", "RequestId": request_id})


def _written(fields: Mapping[str, Any], behaviour: TencentBehaviour) -> bytes:
    line = "\r\n" if behaviour.crlf else "\n"
    comment = f": keep-alive{line}{line}" if behaviour.comments else ""
    return f"{comment}data: {json.dumps(fields, ensure_ascii=False)}{line}{line}".encode()
