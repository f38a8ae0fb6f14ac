"""One request to speak a text: admission, rate limiter, transport and connection, meter and checks, retry.

The order of these steps is the logic; each policy is a small object of its own. A request over a socket that fails
before any audio is made again over HTTP at once, as part of the same try.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
import logging

from ..providers.types import Failure, ProviderError, Transport
from .call import Call, Resources
from .retry import LAST_PATIENCE, PATIENCE, RetryPolicy
from .speech_rate import SpeechRate
from .synthesizer import Recorder, SpeechRequest, utterance_id

_LOGGER = logging.getLogger(__name__)

SECONDS_PER_CHARACTER = 0.06
"""About how long a character sounds."""

FAILS_OVER = frozenset({Failure.BROKEN, Failure.UNREACHABLE, Failure.SERVER})
"""Failures of a socket that HTTP may not have. The others speak of the request itself, or of the account."""


async def stream_request(
    request: SpeechRequest,
    resources: Resources,
    speech_rate: SpeechRate,
    *,
    recorder: Recorder,
    deadline: Callable[[], float],
) -> AsyncGenerator[bytes]:
    """Yield the audio of a request: whole, or raises `ProviderError`; its probable charge is reserved meanwhile.

    Of those that wait for the rate limiter, the one goes first whose audio should be over first: an announcement passes
    long answers that want to begin at the same time, and no answer waits for more of them than it would have covered
    itself. `deadline` may become earlier meanwhile.
    """
    if (refusal := request.admission()) is not None:
        raise refusal
    charge = resources.provider.price(request.voice, request.text)
    charge = replace(charge, seconds=charge.seconds + speech_rate.expected(request.text))
    clock = asyncio.get_running_loop().time
    until = max(clock(), request.deadline) + (PATIENCE if request.has_fallback else LAST_PATIENCE)
    retry = RetryPolicy(
        until=until,
        charges_failures=resources.provider.charges_failures,
        has_fallback=request.has_fallback,
    )
    route = _Route(request, resources)
    heard = False
    with resources.reserve(request.voice, charge):
        while True:
            turn = resources.limiter.turn(
                lambda: deadline() + len(request.text) * SECONDS_PER_CHARACTER,
                until=until if request.has_fallback else None,  # else it waits in line for as long as it takes
            )
            try:
                async with turn:
                    while True:
                        call = Call(request, resources, speech_rate, route.transport())
                        async with call.made(charge, route.leaves_socket, recorder):
                            while (chunk := await call.next()) is not None:
                                route.note_audio()
                                heard = True
                                yield chunk
                        if not call.superseded:
                            return
            except ProviderError as error:
                wait = retry.wait(error, clock())
                if heard or wait is None:
                    raise
                _LOGGER.debug("Utterance %s: retry in %.2f s after %s", utterance_id.get(), wait, error)
                await asyncio.sleep(wait)


class _Route:
    """How the calls of one request travel: over HTTP alone from when its socket has failed."""

    def __init__(self, request: SpeechRequest, resources: Resources) -> None:
        self._request = request
        self._resources = resources
        self._http_only = False
        self._failed_call: Call | None = None

    def transport(self) -> Transport | None:
        """Return the transport of the next call, None where the request has a way of its own."""
        if self._request.ask is not None:
            return None
        if self._http_only:
            return Transport.STREAM
        request = self._request
        return self._resources.transport(request.transport(), request.voice, request.audio_format)

    def leaves_socket(self, call: Call, error: ProviderError) -> bool:
        """Return True if a call that has failed is to be made again over HTTP at once."""
        is_of_socket = error.failure in FAILS_OVER or (error.failure is Failure.AUTH and error.code is None)
        if call.sounded or not is_of_socket or call.transport is not Transport.WEBSOCKET:
            return False
        self._http_only = self._resources.has_alternative
        self._failed_call = call
        return self._http_only

    def note_audio(self) -> None:
        """Blame the socket that has failed now that HTTP has audio: what fails over both is no matter of transport."""
        if self._failed_call is not None:
            self._resources.health.note_failed(silent=self._failed_call.silent)
            self._failed_call = None
