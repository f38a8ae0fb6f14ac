"""Sarvam's voice cloning over HTTP and WebSocket: make, list, read, delete, speak (docs/dev/protocols.md B7)."""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .call import Answer, Call, Route, json_answer
from .codec import Container
from .forms import parts
from .pace import whole
from .previews import Previews
from .sarvam_catalogue import CODECS
from .sarvam_clone_requests import (
    STREAM_CODECS,
    Lengths,
    read_file,
    read_form,
    read_lengths,
    read_speech,
    read_text,
    read_voice,
)
from .sarvam_errors import SchemaError
from .sarvam_requests import Speech, check_speakable
from .sarvam_voice import STREAM_TYPES, container, encoding
from .sound import Sound

if TYPE_CHECKING:
    from .sarvam import Sarvam

_DEFAULT_LIMIT = 50
_MAX_LIMIT = 200


class Cloning:
    """Answers for the cloned voices of the account."""

    def __init__(self, service: Sarvam) -> None:
        """Answer for that service."""
        self._service = service
        self._previews = Previews(service, self._said)

    def routes(self) -> Iterable[Route]:
        """Return the endpoints that want a key."""
        return (
            ("POST", "/voices/create", self._create),
            ("POST", "/voices/clone", self._speak_whole),
            ("POST", "/voices/clone/stream", self._speak_streaming),
            ("GET", "/voices/clone/ws", self._converse),
            ("GET", "/voices", self._list),
            ("GET", "/voices/{voice_id}", self._get),
            ("DELETE", "/voices/delete/{voice_id}", self._delete),
        )

    def keyless_routes(self) -> Iterable[Route]:
        """Return where the signed addresses lead."""
        return (self._previews.route,)

    # The voices

    async def _create(self, call: Call) -> Answer:
        body = _form(call)
        told = read_voice(body)
        recording = await self._service.in_thread(lambda: read_file(body))
        voice = self._service.clones.add(
            limit=self._service.behaviour.voices,
            duration=recording.duration,
            created=self._service.clock.now(),
            **told,
        )
        return _success({"voice_id": voice.voice_id, "status": "saved", "reference_text": voice.reference_text})

    async def _list(self, call: Call) -> Answer:
        limit, offset = _whole(call.query, "limit", _DEFAULT_LIMIT), _whole(call.query, "offset", 0)
        if not 1 <= limit <= _MAX_LIMIT or offset < 0:
            raise SchemaError(f"limit: Input should be from 1 to {_MAX_LIMIT}")
        page = self._service.clones.page(call.query, limit=limit, offset=offset)
        return _success({"voices": [voice.listed() for voice in page], "total": len(page)})

    async def _get(self, call: Call) -> Answer:
        voice = self._service.clones.get(call.match["voice_id"])
        seconds = self._service.behaviour.preview_seconds
        return _success(voice.detailed(self._previews.address(voice.voice_id, seconds)))

    async def _delete(self, call: Call) -> Answer:
        self._service.clones.delete(call.match["voice_id"])
        return Answer(status=204, content_type=None)

    def _said(self, voice_id: str) -> tuple[str, str] | None:
        """Return what the sample of a voice says."""
        if voice_id not in self._service.clones:
            return None
        voice = self._service.clones.get(voice_id)
        return f"{voice.name}.", voice.language

    # Speech

    async def _speak_whole(self, call: Call) -> Answer:
        body = _form(call)
        speech, text = await self._asked(body, CODECS, "wav")
        lengths = read_lengths(body)
        self._service.account.charge(speech.model, text)
        sound = await self._fitting(speech, text, lengths)
        audio = await self._service.encoded(sound, container(speech), encoding(speech), bit_rate=speech.bit_rate)
        await whole(sound.duration, self._service.behaviour, since=call.started)
        encoded = base64.b64encode(audio).decode()
        return json_answer(
            {
                "audio_b64": encoded,
                "audio": encoded,
                "request_id": self._service.request_id(),
                "audio_duration": round(sound.duration, 3),
            }
        )

    async def _speak_streaming(self, call: Call) -> Answer:
        speech, text = await self._asked(_form(call), STREAM_CODECS, "mp3")
        self._service.account.charge(speech.model, text)
        audio = self._service.audio_of(speech, text, call.started, Container.WAV_STREAM)
        return Answer(content_type=STREAM_TYPES[speech.codec], body=audio)

    async def _converse(self, call: Call) -> None:
        # A config may bring a recording, which is listened to at once: nothing else may be answered before it
        await self._service.converse(call, lambda data: read_speech(data, self._service.clones, STREAM_CODECS, "mp3"))

    async def _asked(self, body: Mapping[str, Any], codecs: Iterable[str], default: str) -> tuple[Speech, str]:
        """Read what a form asks for. Raises SarvamError."""
        self._service.account.take_request(self._service.behaviour)
        text = read_text(body)
        check_speakable(text)
        clones = self._service.clones
        return await self._service.in_thread(lambda: read_speech(body, clones, codecs, default)), text

    async def _fitting(self, speech: Speech, text: str, lengths: Lengths) -> Sound:
        """Return the audio, faster if it's too long, with silence at the end if it's too short."""
        sound = await self._service.sound_of(speech, text)
        if lengths.most and sound.duration > lengths.most:
            sound = await self._service.sound_of(replace(speech, pace=sound.duration / lengths.most), text)
        missing = round(((lengths.least or 0.0) - sound.duration) * sound.sample_rate)
        return replace(sound, pcm=sound.pcm + bytes(2 * max(0, missing)))


def _form(call: Call) -> dict[str, Any]:
    return read_form(parts(call.headers.get("Content-Type", ""), call.body))


def _success(data: Mapping[str, Any]) -> Answer:
    return json_answer({"status": "success", "data": data})


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    try:
        return int(query.get(name, default))
    except ValueError:
        raise SchemaError(f"{name}: Input should be a valid integer") from None
