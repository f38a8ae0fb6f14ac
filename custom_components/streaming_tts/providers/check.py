"""Check a voice against its service: synthesize a sentence over each transport and compare the responses.

The result is meant to be shared. It contains no keys, no names, no spoken text, and no free text from the service.
"""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack, aclosing
from dataclasses import asdict, dataclass, replace
from typing import Any

from .provider import Provider
from .session import read_claims
from .transport.json_values import identifier
from .transport.trace import HEAD, REFUSAL, RequestTrace
from .types import AudioFormat, Charge, Credentials, Failure, Model, ProviderError, Transport, Voice
from .wire_format import ERROR_ANSWER, AnswerFormat, Difference, Problem

SENTENCE = "This is a test of the voice."
"""Short, because it is billed. Every model of every service speaks or at least reads out English."""

MAX_DIFFERENCES = 50

_REDACTED = "redacted"


@dataclass(frozen=True, kw_only=True, slots=True)
class TransportCheck:
    """Result of one request: times in seconds since its start, audio length in `seconds`, and its charge.

    `end_mark` is False if audio arrived without the end mark. `as_expected` is True if the response contained
    everything the adapter needs. Unknown fields are harmless, but are listed in `differences`.
    """

    transport: Transport
    format: str
    connected: float | None
    first_byte: float | None
    seconds: float
    charge: Charge
    error: ProviderError | None
    request_id: str | None
    end_mark: bool
    differences: tuple[Difference, ...]

    @property
    def as_expected(self) -> bool:
        """Return True if no field was missing or had another type."""
        return all(difference.problem is Problem.UNKNOWN_FIELD for difference in self.differences)

    def report(self, credentials: Credentials) -> dict[str, Any]:
        """Return the result as JSON, without anything that identifies the account."""
        secrets = (
            credentials.key,
            credentials.refresh_token,
            credentials.public_key,
            *credentials.details.values(),
            read_claims(credentials.key).subject,
        )
        return {
            "transport": self.transport.value,
            "spoken": self.error is None,
            "connected_after": _rounded(self.connected),
            "first_byte_after": _rounded(self.first_byte),
            "seconds": _rounded(self.seconds),
            "format": self.format,
            "charge": asdict(self.charge),
            "failure": self.error and self.error.failure.value,
            "code": self.error and _shown(self.error.code, secrets),
            "setting": self.error and _shown(self.error.setting, secrets),
            "request_id": _shown(self.request_id, secrets),
            "end_mark": self.end_mark,
            "as_expected": self.as_expected,
            "differences": [
                {
                    key: _shown(value, secrets) if key == "field" else value
                    for key, value in asdict(difference).items()
                    if value is not None
                }
                for difference in self.differences
            ],
        }


class _Comparison:
    """Compares the messages of one response with the expected format."""

    def __init__(self, provider: Provider, transport: Transport) -> None:
        self._wire = provider.wire_format
        self._transport = transport
        self._seen: set[str] = set()
        self._found: dict[Difference, None] = {}
        self._refused = False

    def watch(self, part: str, content: Mapping[str, object]) -> None:
        """Record a message."""
        if part == HEAD:
            self._take_head(content)
        elif part == REFUSAL:
            self._refused = True
            # A service may refuse with a success status. Its content type then differs from that of audio.
            self._found = {each: None for each in self._found if each.problem is not Problem.CONTENT_TYPE}
            self._take(self._wire.answer(REFUSAL), REFUSAL, content)
        else:
            self._take(self._wire.answer(self._transport), self._transport, content)

    def differences(self, *, answered: bool) -> tuple[Difference, ...]:
        """Return the differences. Unless the request was refused or failed, they include missing messages."""
        failed = any(kind.endswith(ERROR_ANSWER) for kind in self._seen)
        if answered and not self._refused and not failed:
            for message in self._wire.answer(self._transport).messages:
                if message.needed and message.kind not in self._seen:
                    self._note([Difference(problem=Problem.NEVER_CAME, message=message.kind)])
        return tuple(self._found)

    def _take_head(self, head: Mapping[str, object]) -> None:
        expected = self._wire.answer(self._transport).content_types
        if head["status"] == 200 and expected and head["content_type"] not in expected:
            self._note([Difference(problem=Problem.CONTENT_TYPE, message=HEAD, expected="|".join(expected))])

    def _take(self, answer: AnswerFormat, name: str, content: Mapping[str, object]) -> None:
        if not answer.messages:
            return
        kind = answer.kind_of(content)
        if kind is None:
            self._note([Difference(problem=Problem.UNKNOWN_MESSAGE, message=str(name))])
            return
        self._seen.add(kind.kind)
        self._note(kind.compare(content))

    def _note(self, differences: Iterable[Difference]) -> None:
        for difference in differences:
            if len(self._found) < MAX_DIFFERENCES:
                self._found[difference] = None


async def check_transport(provider: Provider, transport: Transport, voice: Voice) -> TransportCheck:
    """Send one request over a transport and return the result. It is charged like any other request."""
    audio_format = AudioFormat(sample_rate=provider.pcm_rates[0])
    text = provider.render(SENTENCE)
    comparison = _Comparison(provider, transport)
    clock = asyncio.get_running_loop().time
    began = clock()
    connected = first_byte = None
    size = 0
    trace = RequestTrace(comparison.watch)
    error: ProviderError | None = None
    try:
        async with AsyncExitStack() as stack:
            if transport is Transport.WEBSOCKET:
                connection = await provider.open_socket(voice)
                stack.push_async_callback(connection.close)
                sound = connection.speak(voice, audio_format, text, trace)
            else:
                sound = provider.speak(voice, audio_format, text, trace, whole=transport is Transport.BODY)
            connected = clock() - began
            async for piece in await stack.enter_async_context(aclosing(sound)):
                first_byte = clock() - began if first_byte is None else first_byte
                size += len(piece)
    except ProviderError as caught:
        error = caught
    except Exception as caught:  # noqa: BLE001 - reports every failure, without its message, which may contain a URL
        error = ProviderError(Failure.BROKEN, code=type(caught).__name__)
    seconds = audio_format.seconds(size)
    charge = provider.price(voice, text) if error is None or size else error.charged
    return TransportCheck(
        transport=transport,
        format=f"pcm_s16le {audio_format.sample_rate} Hz",
        connected=connected,
        first_byte=first_byte,
        seconds=seconds,
        charge=replace(charge, seconds=round(charge.seconds + seconds, 3)),
        error=error,
        request_id=trace.request_id or (error and error.request_id) or None,
        end_mark=error is None and not trace.end_mark_missing,
        differences=comparison.differences(answered=connected is not None),
    )


def default_voice(provider: Provider) -> Voice:
    """Return the voice to check by default: that of the first model, in English if it speaks English."""
    models: tuple[Model, ...] = provider.models
    voices = provider.default_voices
    for model in models:
        tags = sorted(set(model.languages).intersection(voices), key=lambda tag: not tag.startswith("en"))
        if tags:
            return Voice.of(voice_id=voices[tags[0]], model=model.model_id, language=tags[0])
    raise ValueError(f"{provider.name} has no default voice")


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _shown(value: str | None, secrets: Iterable[str | None]) -> str | None:
    """Return an identifier or field path of the service, or a placeholder if it may be free text or a secret."""
    if value is None:
        return None
    reported = identifier(value)
    return _REDACTED if reported is None or any(secret and secret in reported for secret in secrets) else reported
