"""Network faults, which are the same on all routes of an encoding."""

from collections.abc import Iterator
from functools import partial

from custom_components.streaming_tts.providers.types import Failure, Timeouts
from tests.emulator.faults import FaultKind

from . import steps
from .cells import MIB, MIDDLE_BYTES, PIECES, Form, Outcome, Route, Stage, Trouble

_PATIENCE = Timeouts()
_TO_ANSWER = _PATIENCE.connect + _PATIENCE.first_byte + 1
_BETWEEN = _PATIENCE.between + 1
_LATE = 4.0
"""Seconds that all timeouts allow."""
_LATE_ON_SOCKET = 1.5
"""Seconds without audio that don't yet mean the end, on routes where the end mark may be missing."""
_FLOODS = {Form.RAW: (110, 100), Form.JSON: (150, 140), Form.EVENTS: (40, 30), Form.FRAMES: (5, 6)}
"""In MiB: more than any response, event, or frame may have, and how much may be read, including socket buffers."""
_LONG_HEADER = 32 * 1024
_CLOSE_CODES = (1000, 1001, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 3000, 4000)
_INTERNAL_ERROR = 1011
_OTHER_STATUSES = {
    402: Failure.QUOTA,
    405: Failure.BROKEN,
    408: Failure.SERVER,
    410: Failure.INPUT,
    501: Failure.SERVER,
    520: Failure.SERVER,
}
"""Undocumented statuses that any service or proxy may send, by their meaning in HTTP."""
_UPGRADES = 2
"""aiohttp retries an aborted upgrade once, immediately."""


def breaks(route: Route) -> Iterator[Trouble]:
    """Yield the faults on a route."""
    yield from _unreachable(route)
    yield from _reset(route)
    yield from _stalls(route)
    yield from _truncated(route)
    yield from _garbage(route)
    yield from _other_answers(route)
    yield from _too_much(route)
    yield from (_sockets(route) if route.form is Form.FRAMES else _kept_alive(route))


def stages(route: Route) -> tuple[Stage, ...]:
    """Return the stages of a response that a fault can affect on a route."""
    behind = (Stage.ANSWER, Stage.SOUND)
    return behind if route.form in (Form.RAW, Form.JSON) else (*behind, Stage.END)


def _broken(route: Route, stage: Stage) -> Failure:
    """Return the failure of a break: a socket without a first frame had no response; AsyncFlow acknowledges first."""
    nothing_answered = stage is Stage.ANSWER and route.form is Form.FRAMES and route.provider != "asyncflow"
    return Failure.UNREACHABLE if nothing_answered else Failure.BROKEN


def _unreachable(_route: Route) -> Iterator[Trouble]:
    gone = partial(Trouble, stage=Stage.CONNECT, expected=Failure.UNREACHABLE)
    yield gone(name="refused", before=steps.away, mend=steps.back)
    yield gone(name="tls", before=steps.behind_tls, mend=steps.found_again)
    yield gone(name="dns", before=steps.under_no_name, mend=steps.found_again)


def _reset(route: Route) -> Iterator[Trouble]:
    times = _UPGRADES if route.form is Form.FRAMES else 1
    before = route.fault(FaultKind.RESET, Stage.CONNECT, times=times)
    yield Trouble(name="reset", stage=Stage.CONNECT, expected=Failure.UNREACHABLE, faults=(before,))
    for stage in stages(route):
        fault = route.fault(FaultKind.RESET, stage)
        yield Trouble(name="reset", stage=stage, expected=_broken(route, stage), faults=(fault,))


def _stalled(route: Route, stage: Stage) -> Failure | Outcome:
    """Return the failure of a response that stops: on a socket, only the end mark is missing."""
    if stage in (Stage.CONNECT, Stage.ANSWER):
        return Failure.UNREACHABLE
    return Outcome.WHOLE if route.form is Form.FRAMES and stage is Stage.END else Failure.BROKEN


def _stalls(route: Route) -> Iterator[Trouble]:
    for stage in (Stage.CONNECT, *stages(route)):
        silent = stage in (Stage.CONNECT, Stage.ANSWER)
        late = _LATE if silent or route.form is not Form.FRAMES else _LATE_ON_SOCKET
        yield Trouble(
            name="stall",
            stage=stage,
            expected=_stalled(route, stage),
            faults=(route.fault(FaultKind.STALL, stage),),
            within=_TO_ANSWER if silent else _BETWEEN,
            unmarked=route.form is Form.FRAMES and stage is Stage.END,
        )
        yield Trouble(
            name="late",
            stage=stage,
            expected=Outcome.WHOLE,
            faults=(route.fault(FaultKind.STALL, stage, seconds=late),),
            within=_LATE + 1,
        )


def _truncated(route: Route) -> Iterator[Trouble]:
    for stage in stages(route):
        undetected = route.form is Form.RAW and stage is Stage.SOUND
        yield Trouble(
            name="truncate",
            stage=stage,
            expected=Outcome.UNDETECTED if undetected else _broken(route, stage),
            faults=(route.fault(FaultKind.TRUNCATE, stage),),
        )
    if route.form is not Form.FRAMES:
        within_sample = route.fault(FaultKind.TRUNCATE, Stage.SOUND, after_bytes=MIDDLE_BYTES + 1, after_frames=None)
        yield Trouble(
            name="truncate within a sample", stage=Stage.SOUND, expected=Failure.BROKEN, faults=(within_sample,)
        )


def _garbage(route: Route) -> Iterator[Trouble]:
    undetected = route.form is Form.RAW
    for stage in stages(route):
        yield Trouble(
            name="garbage",
            stage=stage,
            expected=Outcome.UNDETECTED if undetected else Failure.BROKEN,
            faults=(route.fault(FaultKind.GARBAGE, stage),),
            sure=route.where(stage)["after_bytes"] if undetected else None,
        )
    if not undetected:
        for kind in (FaultKind.MALFORMED_BASE64, FaultKind.MALFORMED_JSON):
            for stage in (Stage.ANSWER,) if route.form is Form.JSON else (Stage.ANSWER, Stage.SOUND):
                fault = route.fault(kind, stage)
                yield Trouble(name=kind, stage=stage, expected=Failure.BROKEN, faults=(fault,))


def _other_answers(route: Route) -> Iterator[Trouble]:
    """Yield responses of others: a captive portal, a redirect."""
    told = partial(Trouble, stage=Stage.CONNECT, expected=Failure.BROKEN)
    types = ("text/html", "text/plain", "application/json", "video/mp4")
    for content_type in types if route.form is not Form.FRAMES else ():
        fault = route.fault(FaultKind.CONTENT_TYPE, Stage.CONNECT, content_type=content_type)
        yield told(name=content_type, faults=(fault,))
    for status in (302, 303, 307, 308):
        fault = route.fault(FaultKind.STATUS, Stage.CONNECT, status=status, headers={"Location": "/elsewhere"})
        yield told(name=f"redirect {status}", faults=(fault,))
    fault = route.fault(FaultKind.STATUS, Stage.CONNECT, status=200)
    yield told(name="empty success", faults=(fault,))
    page = {"body": "<html>"} if route.provider == "sarvam" else None  # Its own errors have a code for each status
    for status, expected in _OTHER_STATUSES.items():
        fault = route.fault(FaultKind.STATUS, Stage.CONNECT, status=status, extra=page)
        yield Trouble(name=f"status {status}", stage=Stage.CONNECT, expected=expected, faults=(fault,))


def _too_much(route: Route) -> Iterator[Trouble]:
    header = route.fault(
        FaultKind.STATUS, Stage.CONNECT, status=200, headers={"X-Filler": "x" * _LONG_HEADER}, times=_UPGRADES
    )
    yield Trouble(
        name="long header", stage=Stage.CONNECT, expected=Failure.BROKEN, faults=(header,), mend=steps.restored
    )
    refusal = route.fault(FaultKind.STATUS, Stage.CONNECT, status=500, message="x" * MIB)
    yield Trouble(name="long refusal", stage=Stage.CONNECT, expected=Failure.SERVER, faults=(refusal,))
    size, taken = _FLOODS[route.form]
    for stage in stages(route):
        flood = route.fault(FaultKind.FLOOD, stage, size=size * MIB)
        sure = route.where(stage)["after_bytes"] if route.form is Form.RAW else 0
        yield Trouble(name="flood", stage=stage, expected=Failure.BROKEN, faults=(flood,), sure=sure, taken=taken * MIB)


def _warm(route: Route, kind: FaultKind, stage: Stage) -> Failure | Outcome:
    """Return the outcome of a second request on a socket; after a normal close, another one is opened."""
    if kind is FaultKind.STALL:
        return _stalled(route, stage)
    if stage is not Stage.ANSWER or kind is FaultKind.GARBAGE:
        return Failure.BROKEN
    repeated = route.provider == "asyncflow" and kind is FaultKind.TRUNCATE
    return Outcome.WHOLE if repeated else Failure.UNREACHABLE


def _kept_alive(_route: Route) -> Iterator[Trouble]:
    before = steps.kept_alive_until_closed(seconds=0.5)
    yield Trouble(name="idle close", stage=Stage.IDLE, expected=Outcome.WHOLE, before=before)


def _sockets(route: Route) -> Iterator[Trouble]:
    """Yield faults of WebSockets only: close codes, and a second request on an open one."""
    for stage in stages(route):
        for code in _CLOSE_CODES:
            yield Trouble(
                name=f"close {code}",
                stage=stage,
                expected=Failure.SERVER if code == _INTERNAL_ERROR else _broken(route, stage),
                faults=(route.fault(FaultKind.CLOSE, stage, close_code=code),),
            )
    closed = partial(Trouble, stage=Stage.IDLE, expected=Failure.UNREACHABLE)
    idle_close = route.fault(FaultKind.IDLE_CLOSE, Stage.CONNECT, seconds=1)
    yield closed(name="idle close", faults=(idle_close,), connected=steps.idle(2))
    yield closed(name="a minute of silence", connected=steps.idle(61), within=62.0)
    second = PIECES + 1
    for kind in (FaultKind.RESET, FaultKind.TRUNCATE, FaultKind.GARBAGE, FaultKind.STALL):
        for stage, frame in ((Stage.ANSWER, second), (Stage.SOUND, second + 2), (Stage.END, second + PIECES)):
            yield Trouble(
                name=f"{kind} on a warm socket",
                stage=stage,
                expected=_warm(route, kind, stage),
                faults=(route.fault(kind, stage, after_frames=frame),),
                connected=steps.spoken_once,
                within=_TO_ANSWER if kind is FaultKind.STALL else 2.0,
                unmarked=kind is FaultKind.STALL and stage is Stage.END,
            )
