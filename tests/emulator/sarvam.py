"""The Sarvam service: speech over REST, HTTP stream and WebSocket, and dictionaries (docs/dev/protocols.md B)."""

import base64
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any, overload, override
from uuid import uuid4

from .call import Answer, Call, Handler, Refusal, Route, json_answer
from .clock import Clock
from .codec import Container
from .pace import paced, whole
from .sarvam_account import Account
from .sarvam_clones import Clones
from .sarvam_cloning import Cloning
from .sarvam_dictionaries import Dictionaries, read_upload
from .sarvam_errors import SarvamError, SchemaError
from .sarvam_requests import Policy, Speech, Transport, check_speakable, read_speech, read_text
from .sarvam_settings import PitchOfV3, SarvamBehaviour
from .sarvam_socket import Conversation, Voicing
from .sarvam_voice import STREAM_TYPES, container, encoding, louder, sample_bytes, voice_name
from .service import Service
from .settings import Settings
from .sound import Sound

_REQUEST_ID = "x-request-id"
_SUBPROTOCOL = "api-subscription-key."
_DICTIONARIES = "/text-to-speech/pronunciation-dictionary"
_FORBIDDEN = b"<html><head><title>403 Forbidden</title></head><body><h1>403 Forbidden</h1></body></html>"
_BAD_GATEWAY = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


class Sarvam(Service[SarvamBehaviour]):
    """The service with one account, which all its keys belong to.

    `account`, `dictionaries` and `clones` are for tests to look at. A status fault's `extra` may have a `body`, JSON or
    the text of an HTML page, that is answered instead of the standard envelope.
    """

    name = "sarvam"

    def __init__(self, settings: Settings, *, clock: Clock | None = None) -> None:
        """Take the address and the shared part of the behaviour from the settings."""
        super().__init__(
            settings,
            SarvamBehaviour.of(settings),
            port=settings.sarvam_port,
            clock=clock,
        )
        self._cloning = Cloning(self)
        self.restart()

    @override
    def routes(self) -> Iterable[Route]:
        handlers: tuple[Route, ...] = (
            ("POST", "/text-to-speech", self._whole_speech),
            ("POST", "/text-to-speech/stream", self._streamed_speech),
            ("GET", "/text-to-speech/ws", self._conversation),
            ("GET", _DICTIONARIES, self._list_dictionaries),
            ("POST", _DICTIONARIES, self._create_dictionary),
            ("PUT", _DICTIONARIES, self._update_dictionary),
            ("DELETE", _DICTIONARIES, self._delete_dictionary),
            ("GET", _DICTIONARIES + "/{dict_id}", self._get_dictionary),
        )
        keyed = [(method, path, self._keyed(handler)) for method, path, handler in (*handlers, *self._cloning.routes())]
        return [*keyed, *self._cloning.keyless_routes()]

    @override
    def restart(self) -> None:
        self.account = Account(self.behaviour, self.clock)
        self.dictionaries = Dictionaries()
        self.clones = Clones()

    @override
    def change_quota(self, change: Mapping[str, Any]) -> Mapping[str, Any]:
        """`{"spend": rupees}`, or `{"credits": rupees}` for what shall be left."""
        try:
            if "credits" in change:
                self.account.credits = Decimal(str(change["credits"]))
            else:
                self.account.spend(Decimal(str(change["spend"])))
        except InvalidOperation:
            raise ValueError("rupees are a number") from None
        return {
            "remaining": float(self.account.credits),
            "characters": self.account.characters,
        }

    @override
    def not_found(self, call: Call) -> Answer:
        """Answer as the service does in front of its sockets.

        403 for every WebSocket, with nothing of the key in it (docs/dev/protocols.md B1).
        """
        if call.headers.get("Upgrade", "").lower() == "websocket":
            return Answer(status=403, content_type="text/html", body=_FORBIDDEN)
        return self._refused(SarvamError(status=404))

    @override
    def error(
        self,
        call: Call,
        status: int,
        code: str | None,
        message: str | None,
        extra: Mapping[str, Any] | None,
    ) -> Answer:
        if status == 502 and not (code or message or extra):
            return Answer(status=status, content_type="text/html", body=_BAD_GATEWAY)
        body = (extra or {}).get("body")
        if isinstance(body, str):
            return Answer(status=status, content_type="text/html", body=body.encode())
        if body is not None:
            return json_answer(body, status)
        return self._refused(SarvamError(message, status=status, code=code))

    @override
    def error_frame(
        self,
        status: int,
        code: str | None,
        message: str | None,
        extra: Mapping[str, Any] | None,
    ) -> Mapping[str, Any]:
        schema = status == 422 and not (code or message)
        error = SchemaError() if schema else SarvamError(message, status=status, code=code)
        return error.frame(self.request_id())

    # Requests

    def _keyed(self, handler: Handler) -> Handler:
        async def handle(call: Call) -> Answer | None:
            try:
                self._check_key(call)
                return self._numbered(await handler(call))
            except SarvamError as error:
                raise Refusal(self._numbered(self._refused(error))) from None

        return handle

    @overload
    def _numbered(self, answer: Answer) -> Answer: ...

    @overload
    def _numbered(self, answer: None) -> None: ...

    def _numbered(self, answer: Answer | None) -> Answer | None:
        """Return the answer with its request id and the credits (docs/dev/protocols.md B1)."""
        if answer is None:
            return None
        headers = {_REQUEST_ID: self.request_id(), **answer.headers}
        if self.behaviour.credit_headers:
            used = Decimal(str(self.behaviour.credits)) - self.account.credits
            headers |= {"x-credits-used": str(used), "x-credits-remaining": str(self.account.credits)}
        return replace(answer, headers=headers)

    def _check_key(self, call: Call) -> None:
        if _key(call) not in self.behaviour.keys:
            raise SarvamError(status=403)

    async def _whole_speech(self, call: Call) -> Answer:
        speech, text = self._asked(call, Transport.REST)
        sound = await self.sound_of(speech, text)
        audio = await self.encoded(sound, container(speech), encoding(speech), bit_rate=speech.bit_rate)
        await whole(sound.duration, self.behaviour, since=call.started)
        request_id = self.request_id()
        body = {"request_id": request_id, "audios": [base64.b64encode(audio).decode()]}
        return json_answer(body, headers={_REQUEST_ID: request_id})

    async def _streamed_speech(self, call: Call) -> Answer:
        speech, text = self._asked(call, Transport.STREAM)
        audio = self.audio_of(speech, text, call.started, Container.WAV_STREAM)
        return Answer(content_type=STREAM_TYPES[speech.codec], body=audio)

    async def _conversation(self, call: Call) -> None:
        model = call.query.get("model", self.behaviour.default_model)
        await self.converse(
            call, lambda data: self._read({**data, "model": data.get("model") or model}, Transport.SOCKET)
        )

    async def converse(self, call: Call, read: Callable[[Mapping[str, Any]], Speech]) -> None:
        """Talk over a WebSocket, whose configs `read` checks."""
        call.hold(self.account.socket(self.behaviour))
        offered = [name.strip() for name in call.headers.get("Sec-WebSocket-Protocol", "").split(",")]
        socket = await self.accept(call, [name for name in offered if name.startswith(_SUBPROTOCOL)])
        voicing = Voicing(
            read=read,
            charge=lambda speech, text: self.account.charge(speech.model, text),
            speak=lambda speech, text, since: self.audio_of(speech, text, since, Container.RAW),
            request_id=self.request_id,
            timestamp=lambda: self.clock.now().isoformat(),
        )
        conversation = Conversation(
            socket,
            voicing,
            idle_seconds=self.behaviour.idle_seconds,
            completion_events=self.behaviour.completion_events
            and call.query.get("send_completion_event", "").lower() == "true",
        )
        await conversation.run()

    async def _list_dictionaries(self, call: Call) -> Answer:
        names = self.dictionaries.names()
        return json_answer({"dictionary_count": len(names), "dictionaries": names})

    async def _create_dictionary(self, call: Call) -> Answer:
        return json_answer({"dictionary_id": self.dictionaries.create(_upload(call))})

    async def _get_dictionary(self, call: Call) -> Answer:
        return json_answer({"pronunciations": self.dictionaries.get(call.match["dict_id"])})

    async def _update_dictionary(self, call: Call) -> Answer:
        dict_id = _dict_id(call)
        updated = self.dictionaries.update(dict_id, _upload(call))
        return json_answer({"dictionary_id": dict_id, "updated_pronunciations": updated})

    async def _delete_dictionary(self, call: Call) -> Answer:
        dict_id = _dict_id(call)
        self.dictionaries.delete(dict_id)
        return json_answer({"success": True, "message": f"Dictionary '{dict_id}' deleted successfully"})

    # Parts

    def _asked(self, call: Call, transport: Transport) -> tuple[Speech, str]:
        """Read what the body asks for, and charge it. Raises SarvamError."""
        self.account.take_request(self.behaviour)
        body = _json_object(call)
        speech = self._read(body, transport)
        text = read_text(body, transport, speech.model)
        check_speakable(text)
        self.account.charge(speech.model, text)
        return speech, text

    def _read(self, body: Mapping[str, Any], transport: Transport) -> Speech:
        policy = Policy(
            default_model=self.behaviour.default_model,
            deprecated_models=frozenset(self.behaviour.deprecated_models),
            unavailable_models=frozenset(self.behaviour.unavailable_models),
            v3_has_pitch=self.behaviour.pitch_of_v3 is PitchOfV3.TAKEN,
            has_dictionary=self.dictionaries.__contains__,
        )
        return read_speech(body, transport, policy)

    async def audio_of(self, speech: Speech, text: str, since: float, wav: Container) -> AsyncGenerator[bytes]:
        """Yield the encoded text as it is made.

        `wav` is how a WAV is packed, which a stream and a socket do differently.
        """
        sound = await self.sound_of(speech, text)
        packed = wav if speech.codec == "wav" else container(speech)
        audio = await self.encoded(sound, packed, encoding(speech), bit_rate=speech.bit_rate)
        async for chunk in paced(
            audio,
            sound.duration,
            self.behaviour,
            since=since,
            align=sample_bytes(speech),
        ):
            yield chunk

    async def sound_of(self, speech: Speech, text: str) -> Sound:
        """Return the text, as its dictionary says it, in the voice that is asked for."""
        sound = await self.sound(
            self.dictionaries.applied(speech.dict_id, speech.language, text),
            sample_rate=speech.sample_rate,
            voice=voice_name(speech),
            language=speech.language,
            speed=speech.pace,
        )
        return louder(sound, speech.loudness)

    def _refused(self, error: SarvamError) -> Answer:
        request_id = self.request_id()
        return json_answer(error.body(request_id), error.status, {_REQUEST_ID: request_id})

    def request_id(self) -> str:
        """As the service makes them: the date and a UUID."""
        return f"{self.clock.now():%Y%m%d}_{uuid4()}"


def _key(call: Call) -> str:
    """Take the key from either header or from the subprotocol that a browser puts it in (docs/dev/protocols.md B1)."""
    if key := call.headers.get("api-subscription-key"):
        return key
    scheme, _, token = call.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token
    for protocol in call.headers.get("Sec-WebSocket-Protocol", "").split(","):
        if protocol.strip().startswith(_SUBPROTOCOL):
            return protocol.strip().removeprefix(_SUBPROTOCOL)
    return ""


def _json_object(call: Call) -> Mapping[str, Any]:
    if call.request.content_type != "application/json":
        raise SchemaError("body: Content type should be application/json")
    try:
        body = call.json()
    except ValueError:
        raise SarvamError("Invalid JSON in the body") from None
    if not isinstance(body, dict):
        raise SchemaError("body: Input should be a valid dictionary")
    return body


def _upload(call: Call) -> dict[str, dict[str, str]]:
    return read_upload(call.headers.get("Content-Type", ""), call.body)


def _dict_id(call: Call) -> str:
    if dict_id := call.query.get("dict_id"):
        return dict_id
    raise SchemaError("dict_id: Field required")
