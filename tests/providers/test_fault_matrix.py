"""All faults on all routes: complete audio or a typed error, in time, with nothing left open."""

import asyncio
from collections import Counter
import traceback

import pytest

from custom_components.streaming_tts.providers.types import Timeouts
from tests.autojump_clock import autojump
from tests.emulator.asyncflow_errors import ERRORS
from tests.emulator.faults import FaultKind
from tests.emulator.sarvam_errors import MESSAGES
from tests.emulator.sound import tone
from tests.faults.breaks import stages
from tests.faults.cells import Cell, Form, Outcome, Route, Stage
from tests.faults.matrix import CELLS, COMMON_CELLS, ROUTES
from tests.faults.refusals import ASYNCFLOW, SARVAM
from tests.faults.scene import Heard, scene_of
from tests.faults.table import table

from .tools import until

COMMON = set(map(str, COMMON_CELLS))


def shown(heard: Heard) -> str:
    """Return everything that printing an error shows."""
    return "".join(traceback.format_exception(heard.error)) + f"{heard.error!r} {vars(heard.error or object)}"


@pytest.mark.parametrize(
    "cell",
    [pytest.param(cell, marks=() if str(cell) in COMMON else pytest.mark.full) for cell in CELLS],
    ids=str,
)
async def test_every_fault_ends_in_the_whole_sound_or_in_its_failure(
    cell: Cell, socket_enabled: None, caplog: pytest.LogCaptureFixture
) -> None:
    """In bounded time; without a secret; the request has ended at the service too, and the account speaks again.

    A socket that failed says that it is of no more use; an answer without an end is not read to its end.
    """
    trouble = cell.trouble
    with autojump(asyncio.get_running_loop()) as clock:
        async with scene_of(cell.route) as scene:
            tasks = asyncio.all_tasks()
            began = clock.jumped
            heard = await scene.attempt(trouble)
            took = clock.jumped - began
            await until(lambda: scene.quiet)
            requests = tuple(scene.service.requests)
            await trouble.mend(scene)
            again = await scene.spoken()
            await scene.session.close()
            await until(lambda: scene.service.open_connections == 0 and asyncio.all_tasks() <= tasks)
            struck = not scene.service.faults.pending()

    assert heard.outcome is trouble.expected
    assert scene.sound.startswith(heard.sound[: trouble.sure])
    assert took <= trouble.within
    assert again == scene.sound
    assert struck
    assert "/elsewhere" not in {request.path for request in requests}
    assert max((request.sent for request in requests), default=0) <= trouble.taken
    assert heard.reusable in ({None, False, heard.error is None} if cell.route.form is Form.FRAMES else {None, True})
    assert [secret for secret in scene.secrets if secret in shown(heard) + caplog.text] == []


@pytest.mark.parametrize("route", ROUTES, ids=str)
async def test_a_long_text_may_take_its_time(route: Route, socket_enabled: None) -> None:
    """Also if the first byte arrives after the whole synthesis: that isn't a stall."""
    text = "It goes on. " * 120
    with autojump(asyncio.get_running_loop()) as clock:
        async with scene_of(route) as scene:
            scene.service.configure(realtime_factor=4.0, chunk_duration=1.0)
            heard = await scene.spoken(text)

    assert heard == tone(text, scene.audio_format.sample_rate, voice=scene.voice.voice_id)
    assert clock.jumped > Timeouts().connect + Timeouts().first_byte


ELSEWHERE = {
    Form.RAW: {FaultKind.CLOSE, FaultKind.MALFORMED_BASE64, FaultKind.MALFORMED_JSON},
    Form.JSON: {FaultKind.CLOSE},
    Form.EVENTS: {FaultKind.CLOSE},
    Form.FRAMES: {FaultKind.CONTENT_TYPE},
}
"""Faults that an answer of a form has no place for."""
ANYWHERE = (FaultKind.RESET, FaultKind.TRUNCATE, FaultKind.STALL, FaultKind.GARBAGE, FaultKind.FLOOD)


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_no_fault_that_the_service_can_have_is_left_out(route: Route) -> None:
    """Each kind on each route, and what can strike anywhere strikes at each stage of an answer."""
    troubles = [cell.trouble for cell in CELLS if cell.route == route]
    struck = {(fault.fault, trouble.stage) for trouble in troubles for fault in trouble.faults}
    kinds = {kind for kind, _ in struck}
    if any(trouble.stage is Stage.IDLE for trouble in troubles):
        kinds.add(FaultKind.IDLE_CLOSE)
    sentinel = set() if route.provider == "asyncflow" else {FaultKind.SENTINEL}
    assert kinds == set(FaultKind) - ELSEWHERE[route.form] - sentinel
    anywhere = (*ANYWHERE, FaultKind.CLOSE) if route.form is Form.FRAMES else ANYWHERE
    assert {(kind, stage) for kind in anywhere for stage in stages(route)} <= struck


NOT_OF_SPEECH = {
    "VOICE_FIELD_UPDATE_NOT_ALLOWED",
    "VOICE_PREVIEW_NOT_FOUND",
    "VOICE_CLONE_LIMIT_EXCEEDED",
    "SHORT_SPEECH_DURATION",
    "BAD_SPEECH_QUALITY",
    "FILE_TOO_LARGE",
}
"""Rejections of recordings and voice changes; their tests are in `tests/providers`."""
SAID_WHEN_IDLE = {"TIMEOUT"}


def test_no_code_that_a_service_refuses_with_is_left_out() -> None:
    """Of all that the emulated services know."""
    assert {refusal.code for refusal in ASYNCFLOW} - {None} == ERRORS.keys() - NOT_OF_SPEECH - SAID_WHEN_IDLE
    assert {refusal.code for refusal in SARVAM} - {None} == MESSAGES.keys()


def test_the_matrix_counts_its_cells() -> None:
    """Each cell once, and each route with every kind of outcome that it can have."""
    assert Counter(map(str, CELLS)).most_common(1)[0][1] == 1
    assert {cell.route for cell in CELLS} == set(ROUTES)
    assert all(Outcome.WHOLE in {cell.trouble.expected for cell in CELLS if cell.route == route} for route in ROUTES)
    assert table().splitlines()[len(ROUTES) + 2].startswith(f"| all | {len(CELLS)} |")
