"""How Flow TTS is asked to speak, over server-sent events and by whole bodies (docs/dev/protocols.md C1, C2)."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from functools import partial

import aiohttp

from ..provider import Provider
from ..transport.audio_events import CONTENT_TYPE, EventStream
from ..transport.audio_stream import is_audible
from ..transport.http import MAX_AUDIO_JSON_BYTES, for_whole_body, is_audio, is_json, pieces
from ..transport.json_values import parse_object
from ..transport.trace import BODY, MESSAGE, RequestTrace
from ..types import AudioFormat, Failure, ProviderError, Voice
from .audio import samples_in, sound_in_body
from .client import Ask, FlowHttp
from .errors import event_error
from .prices import Work
from .requests import length, speech_body

_STREAM_PATH = "/api/tts/synthesize-stream"
_BODY_PATH = "/api/tts/synthesize"


class FlowSpeech:
    """Speaks for an account, over server-sent events and by whole bodies, which tell the quota too."""

    def __init__(self, provider: Provider, http: FlowHttp) -> None:
        """Speak for an account."""
        self._provider = provider
        self._http = http

    async def stream(
        self, voice: Voice, audio_format: AudioFormat, text: str, trace: RequestTrace
    ) -> AsyncGenerator[bytes]:
        """Yield the sound of the events up to the one that ends them; an end without it is BROKEN."""
        ask = self._ask(voice, audio_format, text, path=_STREAM_PATH, container="pcm", trace=trace)
        reports = self._http.reports
        async with self._http.ask(ask) as answer:
            if answer.response.content_type != CONTENT_TYPE:
                raise ProviderError(Failure.BROKEN, code="content_type")
            events = EventStream(
                audio_format, text, answer.patience, parse_error=event_error, hear=partial(self._hear, trace)
            )
            async with aclosing(pieces(answer.response, answer.patience, limit=MAX_AUDIO_JSON_BYTES)) as source:
                async for piece in source:
                    if samples := events.feed(piece):
                        yield samples
                    if events.ended:
                        break
                if samples := events.end():
                    yield samples
                await events.drain(source)
        self._provider.body_tells_quota = self._http.reports == reports

    async def whole(
        self, voice: Voice, audio_format: AudioFormat, text: str, trace: RequestTrace
    ) -> AsyncGenerator[bytes]:
        """Yield the sound of a body in one piece."""
        ask = self._ask(voice, audio_format, text, path=_BODY_PATH, container="wav", trace=trace)
        ask = replace(ask, timeouts=for_whole_body(ask.timeouts, length(text)))
        async with self._http.ask(ask) as answer:
            body = bytearray()
            async with aclosing(pieces(answer.response, answer.patience, limit=MAX_AUDIO_JSON_BYTES)) as source:
                async for piece in source:
                    answer.patience.sounded()
                    body += piece
            samples = self._sound(answer.response, bytes(body), audio_format.sample_rate, trace)
            if samples:
                yield samples
            elif is_audible(text):
                raise ProviderError(Failure.BROKEN, code="no_sound")

    def _ask(
        self, voice: Voice, audio_format: AudioFormat, text: str, *, path: str, container: str, trace: RequestTrace
    ) -> Ask:
        """Return the request for a text; raises INPUT, free of charge, for what cannot be had."""
        provider = self._provider
        if audio_format not in provider.formats(voice):
            raise ProviderError(Failure.INPUT, code="format", setting="format")
        body = speech_body(
            voice, provider.model(voice.model), text, container=container, sample_rate=audio_format.sample_rate
        )
        return Ask(method="POST", path=path, body=body, work=Work.SPEECH, timeouts=provider.timeouts, trace=trace)

    def _hear(self, trace: RequestTrace, event: Mapping[str, object]) -> None:
        """Take what an event says beside the audio."""
        trace.heard(MESSAGE, event)
        self._http.hear(event)

    def _sound(self, response: aiohttp.ClientResponse, body: bytes, sample_rate: int, trace: RequestTrace) -> bytes:
        """Return the samples of a body: JSON, or sound as it is (the page's own example saves it as a file)."""
        if body.startswith(b"RIFF") or is_audio(response):
            kind = response.content_type.rpartition("/")[2] if is_audio(response) else "wav"
            return samples_in(body, sample_rate, kind=kind)
        if not is_json(response):
            raise ProviderError(Failure.BROKEN, code="content_type")
        content = parse_object(body)
        trace.heard(BODY, content)
        self._http.hear(content)
        return sound_in_body(content, sample_rate)
