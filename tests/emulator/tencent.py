"""Tencent's own API for its speech: signed requests to one address (docs/dev/protocols.md E)."""

import base64
from collections.abc import Iterable, Mapping
import html
import secrets
from typing import Any, override
import uuid

from aiohttp import web

from .call import Answer, Call, Refusal, Route, json_answer
from .clock import Clock
from .codec import Container
from .flow_sound import CONTAINERS, with_volume
from .pace import whole
from .service import Service
from .settings import Settings
from .sound import SENTENCE_ENDS, Sound
from .tencent_account import Account
from .tencent_errors import TencentError
from .tencent_events import sound_events
from .tencent_requests import (
    CLONE,
    SPEECH,
    STREAM,
    USAGE,
    SpeechRequest,
    characters,
    check_fields,
    read_clone,
    read_speech,
)
from .tencent_settings import INTERNATIONAL, TencentBehaviour
from .tencent_signature import verify
from .tencent_voices import EX, library
from .words import TimedWord

VERSION = "2019-07-22"
_MAX_BYTES = 10 * 1024 * 1024
_ACTIONS = (SPEECH, STREAM, CLONE, USAGE)


class Tencent(Service[TencentBehaviour]):
    """The API with one account.

    All actions are asked for at `/`; faults and the log go by the action, as if `/TextToSpeech` were its path. An error
    with a code is JSON with status 200, as each of the service; a status alone is a page of something before it.
    """

    name = "tencent"

    def __init__(self, settings: Settings, *, clock: Clock | None = None) -> None:
        """Take the address and the shared part of the behaviour from the settings."""
        super().__init__(settings, TencentBehaviour.of(settings), port=settings.tencent_port, clock=clock)
        self.restart()

    @override
    def routes(self) -> Iterable[Route]:
        return [("POST", "/", self._handle)]

    @override
    def endpoint(self, request: web.Request) -> str:
        return f"/{request.headers.get('X-TC-Action', '')}" if request.path == "/" else request.path

    @override
    def restart(self) -> None:
        self.account = Account(lambda: self.behaviour, self.clock)
        self.clones: dict[str, str] = {}
        """The models of cloned voices, by their ids."""

    @override
    def change_quota(self, change: Mapping[str, Any]) -> Mapping[str, Any]:
        """`{"spend": characters}`, or `{"remaining": characters}` for what shall be left, null for no end of it."""
        return self.account.change(change)

    @override
    def not_found(self, call: Call) -> Answer:
        return _page(404)

    @override
    def error(
        self, call: Call, status: int, code: str | None, message: str | None, extra: Mapping[str, Any] | None
    ) -> Answer:
        if code is None:
            return _page(status, message)
        return self._refused(TencentError(code, message))

    def new_request_id(self) -> str:
        """As the service makes them."""
        return str(uuid.uuid4())

    # Requests

    async def _handle(self, call: Call) -> Answer:
        try:
            return await self._answered(call)
        except TencentError as error:
            raise Refusal(self._refused(error)) from None

    def _refused(self, error: TencentError) -> Answer:
        return json_answer(error.body(self.new_request_id()))

    async def _answered(self, call: Call) -> Answer:
        action, region = self._check_headers(call)
        self._check_signature(call)
        if self.behaviour.refused_with:
            raise TencentError(self.behaviour.refused_with)
        self.account.take_request(action, region)
        body = _json_object(call)
        check_fields(action, body)
        self._check_application(body)
        match action:
            case "TextToSpeech":
                return await self._speech(call, body)
            case "TextToSpeechSSE":
                return await self._stream(call, body)
            case "VoiceClone":
                return await self._clone(body)
            case _:
                return self._answer(self.account.usage(body))

    def _check_headers(self, call: Call) -> tuple[str, str]:
        """Return the action and the region that are asked for."""
        action, region = call.headers.get("X-TC-Action", ""), call.headers.get("X-TC-Region", "")
        if len(call.body) > _MAX_BYTES:
            raise TencentError("RequestSizeLimitExceeded")
        for name, value in (("X-TC-Action", action), ("X-TC-Region", region)):
            if not value:
                raise TencentError("MissingParameter", f"The request is missing the header {name}.")
        if region not in self.behaviour.regions:
            raise TencentError("UnsupportedRegion")
        if action not in _ACTIONS or (action == USAGE and region in INTERNATIONAL):
            raise TencentError("InvalidAction")
        if call.headers.get("X-TC-Version") != VERSION:
            raise TencentError("NoSuchVersion")
        return action, region

    def _check_signature(self, call: Call) -> None:
        behaviour = self.behaviour
        secrets_by_id = {behaviour.secret_id: behaviour.secret_key}
        verify(call.headers, call.body, secret_of=secrets_by_id.get, now=self.clock.time())
        if behaviour.token and call.headers.get("X-TC-Token") != behaviour.token:
            raise TencentError("AuthFailure.TokenFailure")

    def _check_application(self, body: Mapping[str, Any]) -> None:
        if "SdkAppId" in body and str(body["SdkAppId"]) not in map(str, self.behaviour.sdk_app_ids):
            raise TencentError(self.behaviour.unknown_app_code)

    def _answer(self, fields: Mapping[str, Any]) -> Answer:
        return json_answer({"Response": {**fields, "RequestId": self.new_request_id()}})

    # Speech

    async def _speech(self, call: Call, body: Mapping[str, Any]) -> Answer:
        request = self._asked(call, SPEECH, body)
        sound, alignments = await self._spoken(request)
        audio = await self._encoded(request, sound)
        await whole(sound.duration, self.behaviour, since=call.started)
        fields = {"Audio": base64.b64encode(audio).decode("ascii"), "TotalDurationMs": round(sound.duration * 1000)}
        return self._answer(fields | alignments)

    async def _stream(self, call: Call, body: Mapping[str, Any]) -> Answer:
        request = self._asked(call, STREAM, body)
        sound, alignments = await self._spoken(request)
        request_id = self.new_request_id()
        events = sound_events(
            await self._encoded(request, sound),
            sound.duration,
            self.behaviour,
            since=call.started,
            align=2 if request.audio_format == "pcm" else 1,
            request_id=request_id,
            last=alignments,
            fault=call.fault,
        )
        return Answer(content_type="text/event-stream", headers={"X-TC-RequestId": request_id}, body=events)

    def _asked(self, call: Call, action: str, body: Mapping[str, Any]) -> SpeechRequest:
        """Read what is to be spoken, count it as one more at a time, and charge it. Raises TencentError."""
        voices = library() | {voice_id: (model,) for voice_id, model in self.clones.items()}
        request = read_speech(action, body, voices, older_limits=self.behaviour.older_limits)
        call.hold(self.account.running())
        self.account.charge(characters(body["Text"]))
        return request

    async def _spoken(self, request: SpeechRequest) -> tuple[Sound, dict[str, Any]]:
        """Return the audio, and the word timestamps if requested."""
        sound, words = await self.timed_sound(
            request.text,
            sample_rate=request.sample_rate,
            voice=timbre(request.voice_id, pitch=request.pitch, emotion=request.emotion),
            language=request.language,
            speed=request.speed,
        )
        louder = await self.in_thread(lambda: with_volume(sound, request.volume))
        if not request.alignment:
            return louder, {}
        by_word = request.alignment == 2 and request.model == EX
        return louder, {"Alignments": _alignments(request.text, words, by_word=by_word)}

    async def _encoded(self, request: SpeechRequest, sound: Sound) -> bytes:
        container: Container = CONTAINERS[request.audio_format]
        bit_rate = request.kilobits * 1000 if request.audio_format == "mp3" else None
        return await self.encoded(sound, container, bit_rate=bit_rate)

    # Cloning

    async def _clone(self, body: Mapping[str, Any]) -> Answer:
        clone = await self.in_thread(lambda: read_clone(body))
        limit = self.behaviour.clone_limit
        if limit is not None and len(self.clones) >= limit:
            raise TencentError("LimitExceeded.VoiceCloneMaxNumLimit")
        voice_id = f"{clone.name}_{secrets.token_hex(4)}"
        self.clones[voice_id] = clone.model
        return self._answer({"VoiceId": voice_id})


def timbre(voice_id: str, *, pitch: int = 0, emotion: str = "") -> str:
    """Return the emulator's voice name: the voice ID with the settings that change the timbre."""
    return f"{voice_id}{f' {pitch:+g}' if pitch else ''}{f' {emotion}' if emotion else ''}"


def _alignments(text: str, words: list[TimedWord], *, by_word: bool) -> list[dict[str, Any]]:
    """Return when each sentence of the text begins and ends, and where asked each of its words."""
    items: list[dict[str, Any]] = []
    place = begin = 0
    spoken: list[dict[str, Any]] = []
    for index, word in enumerate(words):
        found = text.find(word.word, place)
        place = found + len(word.word)
        spoken.append(
            {
                "Word": word.word,
                "TimeBeginMs": round(word.start * 1000),
                "TimeEndMs": round(word.end * 1000),
                "WordBegin": found,
                "WordEnd": place,
            }
        )
        following = words[index + 1].word if index + 1 < len(words) else None
        end = text.find(following, place) if following is not None else len(text)
        if following is None or SENTENCE_ENDS.intersection(text[place:end]):
            times = {"TimeBeginMs": spoken[0]["TimeBeginMs"], "TimeEndMs": spoken[-1]["TimeEndMs"]}
            places = {"TextBegin": begin, "TextEnd": end}
            items.append({"Text": text[begin:end].strip(), **times, **places, "Words": spoken if by_word else []})
            begin, spoken = end, []
    return items


def _json_object(call: Call) -> Mapping[str, Any]:
    if call.request.content_type != "application/json":
        raise TencentError("InvalidParameter", "The body must be application/json.")
    try:
        body = call.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise TencentError("InvalidParameter", "The body is no JSON object.")
    return body


def _page(status: int, message: str | None = None) -> Answer:
    body = f"<html><head><title>{status}</title></head><body>{html.escape(message or str(status))}</body></html>"
    return Answer(status=status, content_type="text/html", body=body.encode())
