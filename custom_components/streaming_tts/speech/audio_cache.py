"""Cache the audio of segments: no delay, no charge, and one request for concurrent callers."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Hashable
from contextlib import aclosing
from dataclasses import dataclass, field
import logging

from ..providers.types import AudioFormat, Failure, ProviderError, Voice
from .connection_pool import Spawn
from .synthesizer import HasDeadline, Recorder, SpeechRequest, Usage, utterance_id

_LOGGER = logging.getLogger(__name__)

MAX_CACHE_BYTES = 32 * 1024 * 1024
"""Maximum size of the cached audio of all accounts: about 11 minutes of PCM at 24 kHz."""

PROTECTED_SHARE = 0.75
"""Share of it for audio that was requested more than once; the rest is for new audio until it is requested again."""

MAX_UNUSED_SECONDS = 7 * 86400.0
"""Seconds after which unused audio is removed."""

AHEAD_SECONDS = 2.0
"""Seconds ahead of a real-time player from which audio is gathered: each chunk wakes up all listeners, including
players, and many small chunks take more CPU time than everything else that is done here."""

GATHER_SECONDS = 0.25
"""Seconds for which audio is gathered."""

GATHER_INTERVAL_SECONDS = 1.0
"""Seconds of audio between two such pauses, so that audio arrives faster than it plays even if every chunk is late
on a busy machine."""

AT_ONCE_SECONDS = 0.002
"""Seconds after which a chunk counts as received from the network, not as already buffered."""

type Fetch = Callable[[SpeechRequest, Recorder, HasDeadline], AsyncGenerator[bytes]]
"""Makes a request; its usage goes to the recorder, and its urgency follows a deadline that may become earlier."""


type _Key = tuple[Hashable, Voice, AudioFormat, str]
"""The owner of the audio, and everything that affects it."""


@dataclass(kw_only=True, slots=True, eq=False)
class _Entry:
    """The audio of one segment, complete or arriving, for any number of listeners; the first one pays.

    `deadline` is the earliest of its listeners.
    """

    request: SpeechRequest
    deadline: float
    used_at: float = field(init=False)
    chunks: list[bytes] = field(default_factory=list)
    size: int = 0
    error: Exception | None = None
    complete: bool = False
    keepable: bool = True
    protected: bool = False
    listeners: list[SpeechRequest] = field(default_factory=list)
    payer: SpeechRequest
    """The first current listener, or the last one to leave: a cancelled request is charged, too."""
    progress: asyncio.Event = field(default_factory=asyncio.Event)
    """Wakes up listeners when there is more audio, or the end; it is cleared again immediately."""
    task: asyncio.Task[None] | None = None

    def record(self, usage: Usage) -> None:
        """Record a finished request for the listener that pays; doubtful audio isn't kept."""
        self.keepable = not usage.doubtful
        self.payer.recorder.record(usage)

    async def fill(self, fetch: Fetch) -> None:
        """Request the complete audio; listeners are woken up however it ends."""
        clock = asyncio.get_running_loop().time
        began: float | None = None
        gathered = 0.0
        try:
            async with aclosing(fetch(self.request, self, self)) as audio:
                asked = clock()
                async for chunk in audio:
                    came = clock()
                    began = began or came
                    self.chunks.append(chunk)
                    self.size += len(chunk)
                    self.progress.set()
                    self.progress.clear()
                    seconds = self.request.audio_format.seconds(self.size)
                    if came - asked < AT_ONCE_SECONDS:
                        await asyncio.sleep(0)  # let other tasks run
                    elif seconds - (came - began) > AHEAD_SECONDS and seconds - gathered >= GATHER_INTERVAL_SECONDS:
                        gathered = seconds
                        await asyncio.sleep(GATHER_SECONDS)
                    asked = clock()
        except asyncio.CancelledError:
            self.error = ProviderError(Failure.BROKEN, code="given_up")
            raise
        except Exception as error:  # noqa: BLE001 - raised to the listeners
            self.error = error
        finally:
            self.complete = True
            self.progress.set()
            self.progress.clear()


class AudioCache:
    """The audio of all accounts' segments, in a segmented LRU cache: long answers don't evict everyday phrases.

    Audio that was requested once is on probation, and is removed first, the least recently used first. Audio that was
    requested again, or is lasting, is protected up to a share of the memory; beyond that, the least recently used goes
    back on probation. Audio that is unused for a week is removed.
    """

    def __init__(self, spawn: Spawn, max_bytes: int = MAX_CACHE_BYTES) -> None:
        """Set the maximum size; `spawn` starts the requests. With 0 bytes, concurrent callers still share a request."""
        self._spawn = spawn
        self._max_bytes = max_bytes
        self._clock = asyncio.get_running_loop().time
        self._entries: dict[_Key, _Entry] = {}
        """The least recently used first."""

    @property
    def size(self) -> int:
        """Return the size of all audio in bytes."""
        return sum(entry.size for entry in self._entries.values())

    def is_known(self, owner: Hashable, voice: Voice, audio_format: AudioFormat, text: str) -> bool:
        """Return True if the audio of an account's segment is cached or arriving."""
        return (owner, voice, audio_format, text) in self._entries

    def clear(self, owner: Hashable) -> None:
        """Remove all audio of an account; current listeners still receive theirs to the end."""
        self._entries = {key: entry for key, entry in self._entries.items() if key[0] != owner}

    def expire(self) -> None:
        """Remove audio that is unused for a week, and audio that exceeds the maximum size."""
        oldest = self._clock() - MAX_UNUSED_SECONDS
        over = sum(entry.size for entry in self._entries.values() if entry.protected)
        over -= int(self._max_bytes * PROTECTED_SHARE)
        unused = [(key, entry) for key, entry in self._entries.items() if entry.complete and not entry.listeners]
        for _, entry in unused:
            if entry.protected and over > 0:
                entry.protected = False
                over -= entry.size
        over = self.size - self._max_bytes
        for key, entry in sorted(unused, key=lambda item: item[1].protected):
            if over > 0 or entry.used_at < oldest:
                del self._entries[key]
                over -= entry.size

    async def stream(self, owner: Hashable, request: SpeechRequest, fetch: Fetch) -> AsyncGenerator[bytes]:
        """Yield the audio of a request from the cache, from an equal request in flight, or from a new one by `fetch`.

        If an equal request fails because of its deadline or its other terms, it is repeated for a listener whose terms
        allow it. Broken and doubtful audio is removed, and a request without listeners is cancelled.
        """
        key = owner, request.voice, request.audio_format, request.text
        while True:
            entry = self._entry(key, request, fetch)
            heard = 0
            try:
                while heard < len(entry.chunks) or not entry.complete:
                    if heard == len(entry.chunks):
                        await entry.progress.wait()
                        continue
                    yield entry.chunks[heard]
                    heard += 1
            finally:
                entry.listeners.remove(request)
                remaining = entry.listeners or [request]
                entry.payer, entry.deadline = remaining[0], min(each.deadline for each in remaining)
                is_abandoned = not entry.listeners and not entry.complete
                # Before its task ends, which takes a while, so that no listener can join
                is_over = is_abandoned or entry.error is not None or not entry.keepable
                if is_over and self._entries.get(key) is entry:
                    del self._entries[key]
                self.expire()
                if is_abandoned and entry.task is not None:
                    entry.task.cancel()
                    await asyncio.wait([entry.task])
            if entry.error is None:
                break
            if heard or not request.outlasts(entry.request, entry.error):
                raise entry.error
        if not entry.keepable:
            request.on_unkept()

    def _entry(self, key: _Key, request: SpeechRequest, fetch: Fetch) -> _Entry:
        """Return the entry that a request listens to, as the most recently used one."""
        if (entry := self._entries.pop(key, None)) is None:
            entry = _Entry(request=request, deadline=request.deadline, payer=request)
            entry.task = self._spawn(entry.fill(fetch), "segment on its way")
        else:
            entry.protected |= entry.complete
            _LOGGER.debug("Utterance %s: cache hit, %d bytes so far", utterance_id.get(), entry.size)
        entry.protected |= request.lasting
        entry.used_at = self._clock()
        entry.listeners.append(request)
        entry.payer, entry.deadline = entry.listeners[0], min(entry.deadline, request.deadline)
        self._entries[key] = entry
        return entry
