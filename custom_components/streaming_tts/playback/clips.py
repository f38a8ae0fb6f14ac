"""Complete audio for players: samples of voices, speech with word timestamps, and prepared phrases."""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Final

from aiohttp import hdrs, web

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.http import KEY_HASS, HomeAssistantView
from homeassistant.util.hass_dict import HassKey

from ..audio.finished import with_length
from ..const import DOMAIN

MAX_BYTES: Final = 32 * 1024 * 1024
"""The most memory that all clips may use, about 11 minutes of PCM at 24 kHz."""
LIFETIME: Final = 3600.0
"""Seconds until a clip expires."""

_URL: Final = f"/api/{DOMAIN}/clips/{{name}}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Clip:
    """Complete audio with its media type, in memory or in a file."""

    audio: bytes | Path = field(repr=False)
    content_type: str

    @property
    def size(self) -> int:
        """Return the bytes used in memory."""
        return len(self.audio) if isinstance(self.audio, bytes) else 0

    def read(self) -> bytes:
        """Return the audio with its length in the header. Blocking. Raises `OSError` if the file is missing."""
        return self.audio if isinstance(self.audio, bytes) else with_length(self.audio.read_bytes())


class Clips:
    """Keeps clips until they expire. Beyond the memory limit, the oldest are dropped first."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Initialize without clips."""
        self._hass = hass
        self._clips: OrderedDict[str, tuple[float, Clip]] = OrderedDict()
        self._timer: CALLBACK_TYPE | None = None

    def get(self, name: str) -> Clip | None:
        """Return a clip, or None if there is none."""
        return self._clips[name][1] if name in self._clips else None

    @callback
    def keep(self, name: str, clip: Clip) -> str:
        """Keep a clip under an opaque name, and return the path to play it from."""
        self._clips.pop(name, None)
        self._clips[name] = (self._hass.loop.time() + LIFETIME, clip)
        size = sum(kept.size for _, kept in self._clips.values())
        for older, (_, oldest) in [*self._clips.items()][:-1]:
            if size > MAX_BYTES and oldest.size:
                size -= oldest.size
                del self._clips[older]
        self._watch()
        return clip_path(name)

    @callback
    def _watch(self) -> None:
        """Schedule the expiry of the oldest clip."""
        if self._timer is None and self._clips:
            ends_at, _ = next(iter(self._clips.values()))
            job = HassJob(self._expire, "clips in memory", cancel_on_shutdown=True)
            self._timer = async_call_later(self._hass, max(0.0, ends_at - self._hass.loop.time()), job)

    @callback
    def _expire(self, _now: datetime) -> None:
        """Drop expired clips."""
        self._timer = None
        now = self._hass.loop.time()
        self._clips = OrderedDict((name, kept) for name, kept in self._clips.items() if kept[0] > now)
        self._watch()


def clip_path(name: str) -> str:
    """Return the path to play a clip from. A player needs a signed version of it."""
    return _URL.format(name=name)


CLIPS: Final = HassKey[Clips](f"{DOMAIN}_clips")


@callback
def async_setup_clips(hass: HomeAssistant) -> None:
    """Create the clip storage, and serve clips to signed-in users and for signed paths."""
    clips = hass.data[CLIPS] = Clips(hass)
    hass.http.register_view(ClipView(clips))


class ClipView(HomeAssistantView):
    """Serves a clip, or the range that a player requests."""

    url = _URL
    name = f"api:{DOMAIN}:clips"

    def __init__(self, clips: Clips) -> None:
        """Initialize with the kept clips."""
        self._clips = clips

    async def get(self, request: web.Request, name: str) -> web.Response:
        """Return the clip. Responds with 404 if there is none, and with 416 for an invalid range."""
        if (clip := self._clips.get(name)) is None:
            raise web.HTTPNotFound
        try:
            audio = await request.app[KEY_HASS].async_add_executor_job(clip.read)
        except OSError:
            raise web.HTTPNotFound from None
        size = len(audio)
        try:
            wanted = request.http_range
        except ValueError:
            raise web.HTTPRequestRangeNotSatisfiable from None
        begin, end, _ = wanted.indices(size)
        if begin >= end:
            raise web.HTTPRequestRangeNotSatisfiable
        headers = {
            hdrs.ACCEPT_RANGES: "bytes",
            hdrs.CACHE_CONTROL: "private, no-store",
            hdrs.CONTENT_TYPE: clip.content_type,
            "X-Content-Type-Options": "nosniff",
        }
        if wanted.start is None:
            return web.Response(body=audio, headers=headers)
        headers[hdrs.CONTENT_RANGE] = f"bytes {begin}-{end - 1}/{size}"
        return web.Response(body=audio[begin:end], headers=headers, status=HTTPStatus.PARTIAL_CONTENT)

    head = get
