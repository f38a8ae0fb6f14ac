"""Samples of voices at signed addresses, which are good for a while and for one voice, and need no key."""

from collections.abc import Callable, Mapping
import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Any

from .call import Answer, Call, Route
from .codec import Container

if TYPE_CHECKING:
    from .service import Service

_PATH = "/previews/{voice_id}.mp3"
_SAMPLE_RATE = 24000
_DENIED = b"<Error><Code>AccessDenied</Code></Error>"


class Previews:
    """Answers as a store of files does, which knows signatures and no keys."""

    def __init__(self, service: Service[Any], said: Callable[[str], tuple[str, str] | None]) -> None:
        """`said` returns what a voice says of itself and in which language, None where there is no such voice."""
        self._service = service
        self._said = said
        self._secret = secrets.token_bytes(16)

    @property
    def route(self) -> Route:
        """Where the addresses lead."""
        return ("GET", _PATH, self._sample)

    def address(self, voice_id: str, seconds: float) -> str:
        """Return where the sample of a voice is, for so long by the clock of the service."""
        path, expires = _PATH.format(voice_id=voice_id), str(int(self._service.clock.time() + seconds))
        return f"{self._service.url}{path}?expires={expires}&signature={self._signature(path, expires)}"

    async def _sample(self, call: Call) -> Answer:
        voice_id = call.match["voice_id"]
        said = self._said(voice_id) if self._is_signed(call.path, call.query) else None
        if said is None:
            return Answer(status=403, content_type="application/xml", body=_DENIED)
        text, language = said
        sound = await self._service.sound(text, sample_rate=_SAMPLE_RATE, voice=voice_id, language=language)
        return Answer(content_type="audio/mpeg", body=await self._service.encoded(sound, Container.MP3))

    def _is_signed(self, path: str, query: Mapping[str, str]) -> bool:
        expires = query.get("expires", "")
        signature = self._signature(path, expires)
        if not hmac.compare_digest(signature.encode(), query.get("signature", "").encode()):
            return False
        return self._service.clock.time() < int(expires)

    def _signature(self, path: str, expires: str) -> str:
        return hmac.new(self._secret, f"{path}?{expires}".encode(), hashlib.sha256).hexdigest()
