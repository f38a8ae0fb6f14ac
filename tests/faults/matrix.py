"""The matrix: every fault on every route."""

from collections.abc import Iterable, Iterator
from itertools import chain

from custom_components.streaming_tts.providers.types import Failure, Transport

from .behaviours import behaviours
from .breaks import breaks
from .cells import Cell, Form, Outcome, Route, Stage, Trouble
from .refusals import (
    ASYNCFLOW,
    FLOW,
    SARVAM,
    TENCENT,
    asyncflow_troubles,
    flow_troubles,
    refused,
    sarvam_troubles,
    tencent_troubles,
)

_ASYNCFLOW = (
    (Transport.WEBSOCKET, Form.FRAMES, "/text_to_speech/websocket/ws"),
    (Transport.STREAM, Form.RAW, "/text_to_speech/streaming"),
    (Transport.BODY, Form.RAW, "/text_to_speech"),
)
_SARVAM = (
    (Transport.WEBSOCKET, Form.FRAMES, "/text-to-speech/ws"),
    (Transport.STREAM, Form.RAW, "/text-to-speech/stream"),
    (Transport.BODY, Form.JSON, "/text-to-speech"),
)
_TENCENT = (
    (Transport.STREAM, Form.EVENTS, "/TextToSpeechSSE"),
    (Transport.BODY, Form.JSON, "/TextToSpeech"),
)
_FLOW = (
    (Transport.STREAM, Form.EVENTS, "/api/tts/synthesize-stream"),
    (Transport.BODY, Form.JSON, "/api/tts/synthesize"),
)
ROUTES = (
    *(Route(provider="asyncflow", transport=transport, form=form, path=path) for transport, form, path in _ASYNCFLOW),
    *(Route(provider="sarvam", transport=transport, form=form, path=path) for transport, form, path in _SARVAM),
    *(Route(provider="tencent", transport=transport, form=form, path=path) for transport, form, path in _TENCENT),
    *(
        Route(
            provider="flow_tts",
            transport=transport,
            form=form,
            path=path,
            variant=contract,
            behaviour=(("contract", contract),),
        )
        for contract in FLOW
        for transport, form, path in _FLOW
    ),
)


def troubles(route: Route) -> Iterator[Trouble]:
    """Yield all faults on a route."""
    yield from breaks(route)
    yield from behaviours(route)
    match route.provider:
        case "asyncflow":
            yield from chain(refused(route, ASYNCFLOW), asyncflow_troubles(route))
        case "sarvam":
            yield from chain(refused(route, SARVAM), sarvam_troubles(route))
        case "tencent":
            yield from chain(refused(route, TENCENT), tencent_troubles(route))
        case "flow_tts":
            yield from chain(refused(route, FLOW[route.variant]), flow_troubles(route))


CELLS = tuple(Cell(route=route, trouble=trouble) for route in ROUTES for trouble in troubles(route))


def one_of_each(found: Iterable[Trouble]) -> tuple[Trouble, ...]:
    """Return the first fault with each failure at each stage, which every commit tests."""
    first: dict[tuple[Failure | Outcome, Stage], Trouble] = {}
    for trouble in found:
        first.setdefault((trouble.expected, trouble.stage), trouble)
    return tuple(first.values())


COMMON_CELLS = tuple(
    Cell(route=route, trouble=trouble)
    for route in ROUTES
    for trouble in (*one_of_each(troubles(route)), *behaviours(route))
)
"""The cells that every commit tests; all others are tested before a release."""
