"""Keeps the audio of segments that were spoken before: no wait, no charge, and one request for all who ask at once."""

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
"""What the audio of all accounts in memory may take up, about 11 minutes of PCM at 24 kHz."""

PROTECTED_SHARE = 0.75
"""The share of it for audio that was asked for more than once: the rest lets new audio stay until it is asked again."""

MAX_UNUSED_SECONDS = 7 * 86400.0
"""How long audio stays that nobody asks for."""

AHEAD_SECONDS = 2.0
"""How far ahead of a real-time player audio is gathered: each piece wakes up all who wait for it, players included, and
many small ones cost more than all that is done to them here."""

GATHER_SECONDS = 0.25
"""For how long it is gathered."""

GATHER_INTERVAL_SECONDS = 1.0
"""Audio between two such pauses: also where a busy machine takes all for late, audio comes faster than it plays."""

AT_ONCE_SECONDS = 0.002
"""After how long a piece was not there already, but was waited for."""

type Fetch = Callable[[SpeechRequest, Recorder, HasDeadline], AsyncGenerator[bytes]]
"""Makes a request whose usage goes to a recorder, and which is as urgent as a deadline that may become earlier."""


type _Key = tuple[Hashable, Voice, AudioFormat, str]
"""Whose audio it is, and all that changes it."""


@dataclass(kw_only=True, slots=True, eq=False)
class _Entry:
    """The audio of one segment, complete or arriving, for any number of listeners, of whom the first pays.

    `deadline` is that of the listener who needs it first.
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
    """The first of those who still listen, or the last one who did: what is given up with it is charged, too."""
    progress: asyncio.Event = field(default_factory=asyncio.Event)
    """Wakes who waits when there is more audio, or the end; it is never set for longer than that."""
    task: asyncio.Task[None] | None = None

    def record(self, usage: Usage) -> None:
        """Take a request that has ended, and have it recorded where an utterance will still tell of it."""
        self.keepable = not usage.doubtful
        self.payer.recorder.record(usage)

    async def fill(self, fetch: Fetch) -> None:
        """Fetch the whole audio; however it ends before that, who listens is told."""
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
                        await asyncio.sleep(0)  # others have their turn
                    elif seconds - (came - began) > AHEAD_SECONDS and seconds - gathered >= GATHER_INTERVAL_SECONDS:
                        gathered = seconds
                        await asyncio.sleep(GATHER_SECONDS)
                    asked = clock()
        except asyncio.CancelledError:
            self.error = ProviderError(Failure.BROKEN, code="given_up")
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised to those who listen
            self.error = error
        finally:
            self.complete = True
            self.progress.set()
            self.progress.clear()


class AudioCache:
    """The audio of the segments of all accounts, in a segmented LRU: a long answer evicts no phrase of every day.

    Audio that was asked for once is on probation, and is forgotten first, the longest unused before the others. Audio
    that was asked for again, or that is to last, is protected up to a share of the memory; the longest unused beyond
    that goes back on probation. Audio that nobody asked for in a week is forgotten.
    """

    def __init__(self, spawn: Spawn, max_bytes: int = MAX_CACHE_BYTES) -> None:
        """Keep so many bytes; `spawn` starts the requests. 0 bytes still lets those who ask at once share one."""
        self._spawn = spawn
        self._max_bytes = max_bytes
        self._clock = asyncio.get_running_loop().time
        self._entries: dict[_Key, _Entry] = {}
        """The longest unused first."""

    @property
    def size(self) -> int:
        """Return how many bytes of audio are here."""
        return sum(entry.size for entry in self._entries.values())

    def is_known(self, owner: Hashable, voice: Voice, audio_format: AudioFormat, text: str) -> bool:
        """Return True if a segment of an account is here or on its way."""
        return (owner, voice, audio_format, text) in self._entries

    def clear(self, owner: Hashable) -> None:
        """Forget all audio of an account; who listens hears what is on its way to its end."""
        self._entries = {key: entry for key, entry in self._entries.items() if key[0] != owner}

    def expire(self) -> None:
        """Forget what nobody asked for in a week, and what there is no room for."""
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
        """Yield the audio of an account's request from memory, from an equal one under way, or from one by `fetch`.

        An equal request that was given up for want of time or by its own terms is made again for one that has more.
        What is broken or doubtful is forgotten, and what nobody waits for any more is given up.
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
                # Before it has come to its end, which takes a while: nobody is to join it any more
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
        """Return what a request listens to from now on, used last."""
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
