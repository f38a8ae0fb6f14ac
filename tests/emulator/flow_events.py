"""How the Flow service writes its server-sent events (docs/dev/protocols.md C1, C2, C4)."""

import base64
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
import json
import uuid

from .codec import wav_header
from .faults import Fault, FaultKind
from .flow_settings import Contract, Dialect, Ending, FlowBehaviour
from .pace import paced
from .sound import Sound


@dataclass(frozen=True, kw_only=True, slots=True)
class EventWriter:
    """Encodes audio chunks as events, in one dialect and for one request.

    `pretty` spreads the JSON over several lines after one `data:`, as the page prints it; `comments` adds a comment
    line before each event.
    """

    dialect: Dialect
    request_id: str
    pretty: bool = False
    comments: bool = False

    def audio(self, index: int, audio: str, *, is_end: bool) -> bytes:
        """Encode chunk `index` (from 0), with its audio in base64."""
        if self.dialect is Dialect.PORTAL:
            return self.write({"Type": "audio", "ChunkId": index + 1, "Audio": audio, "IsEnd": is_end})
        kind, chunk_id = ("chunk", f"chunk_{index}") if self.dialect is Dialect.ENGINE else ("audio", str(index))
        head = {"Type": kind, "RequestId": self.request_id, "ChunkId": chunk_id}
        return self.write(head | {"Audio": audio, "Seq": index, "IsEnd": is_end})

    def end(self) -> bytes:
        """Write the event that some streams close with instead of a chunk whose IsEnd is true."""
        return self.write({"Type": "end", "RequestId": self.request_id})

    def error(self, code: str, message: str) -> bytes:
        """Write the event of a failure in the middle: the backend's own, or the engine's."""
        if self.dialect is Dialect.ENGINE:
            failure = {"Code": code, "Message": message}
            return self.write({"Type": "error", "RequestId": self.request_id, "Error": failure})
        return self.write({"error": message})

    def quota(self, quota: Mapping[str, object]) -> bytes:
        """Encode the quota event that old deployments send after the last chunk."""
        return self.write({"Type": "quota", "quota": quota})

    def write(self, event: Mapping[str, object]) -> bytes:
        """Write any event."""
        text = json.dumps(event, indent=2) if self.pretty else json.dumps(event, separators=(",", ":"))
        return f"{': keep-alive\n\n' if self.comments else ''}data: {text}\n\n".encode()


def new_request_id() -> str:
    """Return an id as the engine gives one to each request."""
    return str(uuid.uuid4())


def event_writer(behaviour: FlowBehaviour) -> EventWriter:
    """Return what writes the events of one more request."""
    shown = Dialect.PORTAL if behaviour.contract is Contract.PORTAL else Dialect.RELAY
    return EventWriter(
        dialect=shown if behaviour.dialect is Dialect.CONTRACT else behaviour.dialect,
        request_id=new_request_id(),
        pretty=behaviour.pretty_events,
        comments=behaviour.comments,
    )


async def sound_events(
    sound: Sound, behaviour: FlowBehaviour, *, since: float, quota: Mapping[str, object], fault: Fault | None
) -> AsyncGenerator[bytes]:
    """Encode audio as events, with the end of the contract, and optionally the quota after it.

    `since` is the time of the event loop at which the request arrived. An error fault with `after_frames` becomes an
    event in place of that chunk, and ends the stream.
    """
    writer = event_writer(behaviour)
    fails_at = fault.after_frames if fault and fault.fault is FaultKind.STATUS else None
    index = 0
    async with aclosing(_chunks(sound, behaviour, since=since)) as chunks:
        async for chunk, is_last in chunks:
            if fault and index == fails_at:
                yield writer.error(fault.code or "InternalError", fault.message or "The engine has failed")
                return
            yield writer.audio(index, chunk, is_end=is_last and behaviour.ending is Ending.LAST_AUDIO)
            index += 1
    if behaviour.ending is Ending.EMPTY_AUDIO:
        yield writer.audio(index, "", is_end=True)
    elif behaviour.ending is Ending.END_EVENT:
        yield writer.end()
    if behaviour.quota_event:
        yield writer.quota(quota)


async def _chunks(sound: Sound, behaviour: FlowBehaviour, *, since: float) -> AsyncGenerator[tuple[str, bool]]:
    """Yield the base64 of each chunk as it is made, and whether it is the last."""
    audio = (wav_header(sound.sample_rate) if behaviour.stream_header else b"") + sound.pcm
    encoded = base64.b64encode(audio).decode("ascii")
    made = given = 0
    async with aclosing(paced(audio, sound.duration, behaviour, since=since, align=2)) as chunks:
        async for chunk in chunks:
            made += len(chunk)
            is_last = made == len(audio)
            if not behaviour.cut_base64:
                yield base64.b64encode(chunk).decode("ascii"), is_last
                continue
            # One character short of what is made, and so never between two groups of four but at the end
            end = len(encoded) if is_last else made // 3 * 4 - 1
            yield encoded[given:end], is_last
            given = end
