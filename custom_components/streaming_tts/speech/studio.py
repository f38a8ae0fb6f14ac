"""What the speakers of one account share: connections, the gate, the sound in memory, what was measured."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace

from ..providers.base import AudioFormat, Provider, Transport, Voice
from .cached import MOST_BYTES, Cached, SoundCache
from .gated import Gate, Gated
from .guarded import Admission, Guarded
from .metered import Metered, Recorder
from .pace import Pace
from .plausible import Plausible
from .pool import Pool
from .rendered import Rendered
from .retrying import PATIENCE, Retrying, repeats
from .speaker import Speaker, VoiceSpeaker
from .timed import TimedSpeaker

MOST_PACES = 64
"""Voices whose pace is remembered; a call may make any number of them by its options."""

type Spawn = Callable[[Coroutine[None, None, None], str], asyncio.Task[None]]
"""Starts a named task that somebody owns who outlives the utterances."""


class Studio:
    """Makes the speakers of one account."""

    def __init__(self, provider: Provider, recorder: Recorder, spawn: Spawn, *, cache_bytes: int = MOST_BYTES) -> None:
        """Speak through a provider; each request is written into the recorder."""
        self.provider = provider
        self._recorder = recorder
        self._pool = Pool(provider, spawn)
        self._gate = Gate(provider.limits)
        self._cache = SoundCache(spawn, cache_bytes)
        self._paces: dict[Voice, Pace] = {}

    def pace(self, voice: Voice) -> Pace:
        """Return how fast a voice is, as far as it was measured."""
        pace = self._paces.pop(voice, None) or Pace()
        self._paces[voice] = pace
        if len(self._paces) > MOST_PACES:
            del self._paces[next(iter(self._paces))]
        return pace

    def agree(self, voice: Voice, text: str, wanted: AudioFormat) -> AudioFormat:
        """Return the form in which a text's sound is in memory, on its way, or about to be asked for; else the wanted."""
        return self._cache.agree((voice, self.provider.render(text)), wanted)

    def speaker(
        self,
        voice: Voice,
        audio_format: AudioFormat,
        *,
        transport: Callable[[], Transport],
        alone: bool,
        recorder: Recorder | None = None,
        admission: Admission = lambda: None,
    ) -> Speaker:
        """Return a voice as a speaker; `alone` tells that nobody could take over from it.

        `transport` is asked at each request for the way that suits the text as it is then. `recorder` is told of each
        request instead of the account's own, and `admission` is asked whether it may be made.
        """
        pace = self.pace(voice)
        bare = VoiceSpeaker(self._pool, voice, audio_format, transport=transport)
        managed = self._managed(bare, voice, pace, alone=alone, recorder=recorder)
        return Rendered(Cached(Guarded(managed, admission), self._cache, key=voice), self.provider)

    def timed(self, timed: TimedSpeaker, *, recorder: Recorder, admission: Admission) -> Speaker:
        """Return a speaker that times its words as one who keeps to the limits of the account; see `speaker`.

        Its sound is not taken from memory, where there are no words; and that it comes whole, and so late, says nothing
        of how soon the voice begins to sound otherwise.
        """
        pace = replace(self.pace(timed.voice))
        managed = self._managed(timed, timed.voice, pace, alone=True, recorder=recorder)
        return Rendered(Guarded(managed, admission), self.provider)

    def _managed(self, bare: Speaker, voice: Voice, pace: Pace, *, alone: bool, recorder: Recorder | None) -> Speaker:
        """Return a speaker whose requests are doubted, measured, within the limits of the account, and tried again."""
        metered = Metered(
            Plausible(bare, pace),
            provider=self.provider,
            voice=voice,
            pace=pace,
            recorder=recorder or self._recorder,
        )
        return Retrying(
            Gated(metered, self._gate, patience=None if alone else PATIENCE),
            repeats=repeats(charges_failures=self.provider.charges_failures, alone=alone),
        )

    def forget(self) -> None:
        """Take nothing from memory that was spoken before now: the same text may sound otherwise by now."""
        self._cache.clear()

    def pause(self, seconds: float) -> None:
        """Make no request for so many seconds, a minute at most: the service said that its rate window is used up."""
        self._gate.pause(seconds)

    def warm(self) -> None:
        """Open a connection ahead of a text that will probably come."""
        self._pool.warm()

    async def close(self) -> None:
        """Close what waits; utterances that run finish over the connections that they have."""
        await self._pool.close()
