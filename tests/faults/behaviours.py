"""Observed behavior of the services beyond their documents (docs/dev/protocols.md A3, A9, B1, B4)."""

from collections.abc import Iterator
from typing import Any

from custom_components.streaming_tts.providers.types import Failure
from tests.emulator.asyncflow_settings import EarlyClose, Final
from tests.emulator.tencent_settings import Dialect, Ending

from . import steps
from .cells import Form, Outcome, Route, Stage, Trouble

_WITHIN = 6.0
"""Seconds: three gaps within a response, and the silence after which a response without an end mark is complete."""
_GAP = {"gap_ms": 1000.0}
_ON_CLOSE = {"final": Final.ON_CLOSE}
_ONE_A_SOCKET = {"close_after_final": True}

_HARMLESS: tuple[tuple[str, Stage, dict[str, Any]], ...] = (
    ("no init_ack", Stage.ANSWER, {"init_ack": False}),
    ("only the context of the service speaks", Stage.ANSWER, {"server_ids_only": True}),
    *((f"early close: {each}", Stage.END, {"early_close": each}) for each in EarlyClose),
    *((f"final on close, early close: {each}", Stage.END, {"early_close": each, **_ON_CLOSE}) for each in EarlyClose),
    ("closed behind the final", Stage.END, _ONE_A_SOCKET),
    ("final on close, closed behind it", Stage.END, _ON_CLOSE | _ONE_A_SOCKET),
    ("gaps of a second", Stage.SOUND, _GAP),
    ("gaps of a second, final on close", Stage.SOUND, _GAP | _ON_CLOSE),
    ("frames without a context", Stage.SOUND, {"name_contexts": False}),
)
"""Variants of AsyncFlow's socket, with complete audio."""


def behaviours(route: Route) -> Iterator[Trouble]:
    """Yield the variants of the service of a route."""
    match route.provider, route.form:
        case "asyncflow", Form.FRAMES:
            yield from _asyncflow_sockets()
        case "asyncflow", _:
            yield _retired(Failure.VOICE)
        case "sarvam", Form.FRAMES:
            yield from _sarvam_sockets()
        case "tencent", Form.EVENTS:
            yield from _tencent_events()


def _tencent_events() -> Iterator[Trouble]:
    """Yield the event dialects with complete audio (docs/dev/protocols.md E5)."""
    changes: tuple[dict[str, Any], ...] = (
        {"dialect": Dialect.CHUNK},
        *({"ending": ending} for ending in Ending),
        {"crlf": True},
        {"comments": True},
    )
    for change in changes:
        yield Trouble(
            name=", ".join(f"{key} {value}" for key, value in change.items()),
            stage=Stage.END,
            expected=Outcome.WHOLE,
            before=steps.behaving(**change),
            mend=steps.restored,
        )


def _retired(expected: Failure, over_http: Failure | None = None) -> Trouble:
    return Trouble(
        name="retired model",
        stage=Stage.ANSWER,
        expected=expected,
        over_http=over_http,
        before=steps.behaving(retired_models=("async_flash_v1.0",)),
        mend=steps.restored,
    )


def _asyncflow_sockets() -> Iterator[Trouble]:
    for name, stage, changes in _HARMLESS:
        yield Trouble(
            name=name,
            stage=stage,
            expected=Outcome.WHOLE,
            before=steps.behaving(**changes),
            mend=steps.restored,
            within=_WITHIN,
        )
    yield Trouble(
        name="closed behind the final of the text before",
        stage=Stage.IDLE,
        expected=Outcome.WHOLE,
        before=steps.behaving(**_ONE_A_SOCKET),
        connected=steps.spoken_once,
        mend=steps.restored,
    )
    yield Trouble(
        name="no context speaks",
        stage=Stage.ANSWER,
        expected=Failure.BROKEN,
        before=steps.behaving(init_ack=False, server_ids_only=True),
        mend=steps.restored,
    )
    yield Trouble(
        name="only the context of the service speaks, and the socket is closed behind any other",
        stage=Stage.ANSWER,
        expected=Failure.BROKEN,
        before=steps.behaving(server_ids_only=True, early_close=EarlyClose.EMPTY, **_ONE_A_SOCKET, **_ON_CLOSE, **_GAP),
        mend=steps.restored,
    )
    yield _retired(Failure.BROKEN, over_http=Failure.VOICE)  # On a socket, such a model only returns no audio


def _sarvam_sockets() -> Iterator[Trouble]:
    yield Trouble(
        name="no completion events",
        stage=Stage.END,
        expected=Outcome.WHOLE,
        unmarked=True,
        before=steps.behaving(completion_events=False),
        mend=steps.restored,
        within=_WITHIN,
    )
    yield Trouble(
        name="unknown path",
        stage=Stage.CONNECT,
        expected=Failure.UNREACHABLE,
        over_http=Failure.INPUT,
        before=steps.under_unknown_path,
        mend=steps.found_again,
    )
