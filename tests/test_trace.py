"""How much code an utterance runs through, and how many hands a piece of audio goes through: a bound that is kept."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
import inspect
from pathlib import Path
import sys
from types import CodeType
from typing import Final

import pytest

import custom_components.streaming_tts as integration
from homeassistant.core import HomeAssistant
from tests.accounts import account, set_up, speak
from tests.emulator.emulator import Emulator
from tests.utterances import WAV, stream, written

FOLDER: Final = str(Path(integration.__file__).parent)
MAX_MODULES: Final = 54
MAX_FUNCTIONS: Final = 260
"""Of the code below the integration, without lambdas, generator expressions and generated methods."""
MAX_GENERATORS: Final = 8
TEXT: Final = (
    "Dinner is ready, and it took 25 minutes at 180 °C. Please come to the **table**. There is soup for everyone, "
    "with bread. It is 21 °C in the garden, so that we eat outside."
)

_TOOL: Final = sys.monitoring.PROFILER_ID
_EVENTS: Final = sys.monitoring.events


class Trace:
    """What was run of the integration: functions by how often they began, and what passed audio on."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.started: Counter[CodeType] = Counter()
        self.yielded: Counter[CodeType] = Counter()
        self.queues: set[int] = set()

    @property
    def modules(self) -> set[str]:
        """Return the files."""
        return {code.co_filename.removeprefix(f"{FOLDER}/") for code in self.started}

    @property
    def functions(self) -> set[str]:
        """Return the functions, by file and name."""
        return {f"{code.co_filename.removeprefix(f'{FOLDER}/')}:{code.co_qualname}" for code in self.started}

    @property
    def generators(self) -> set[str]:
        """Return the generators that passed on one piece after the other; context managers do so once each time."""
        passed = {
            f"{code.co_filename.removeprefix(f'{FOLDER}/')}:{code.co_qualname}"
            for code, count in self.yielded.items()
            if count > self.started[code]
        }
        socket = {name for name in passed if name.startswith("providers/transport/websocket.py")}
        http = {name for name in passed - socket if name.startswith("providers/")}
        # The end of a text may travel another way than its beginning; a piece travels one
        return passed - min(socket, http, key=len)

    def note_start(self, code: CodeType, _offset: int) -> object:
        """Take a function that begins."""
        if code.co_qualname == "Queue.put":
            frame = inspect.currentframe()
            frame = frame and frame.f_back
            if frame is not None and frame.f_back is not None and frame.f_back.f_code.co_filename.startswith(FOLDER):
                self.queues.add(id(frame.f_locals["self"]))
            return None
        if not code.co_filename.startswith(FOLDER):
            return sys.monitoring.DISABLE
        if not code.co_name.startswith("<"):
            self.started[code] += 1
        return None

    def note_yield(self, code: CodeType, _offset: int, value: object) -> object:
        """Count a value that an asynchronous generator passes on; generators it awaits aren't wrapped."""
        if not (code.co_filename.startswith(FOLDER) and code.co_flags & inspect.CO_ASYNC_GENERATOR):
            return sys.monitoring.DISABLE
        if type(value).__name__ == "async_generator_wrapped_value":
            self.yielded[code] += 1
        return None


@contextmanager
def traced() -> Generator[Trace]:
    """Follow what is run."""
    trace = Trace()
    sys.monitoring.use_tool_id(_TOOL, "trace of an utterance")
    try:
        sys.monitoring.register_callback(_TOOL, _EVENTS.PY_START, trace.note_start)
        sys.monitoring.register_callback(_TOOL, _EVENTS.PY_YIELD, trace.note_yield)
        sys.monitoring.restart_events()
        sys.monitoring.set_events(_TOOL, _EVENTS.PY_START | _EVENTS.PY_YIELD)
        yield trace
    finally:
        sys.monitoring.set_events(_TOOL, 0)
        for event in (_EVENTS.PY_START, _EVENTS.PY_YIELD):
            sys.monitoring.register_callback(_TOOL, event, None)
        sys.monitoring.free_tool_id(_TOOL)


@pytest.mark.parametrize("provider", ["asyncflow", "sarvam", "flow_tts"])
@pytest.mark.parametrize("is_written", [False, True], ids=["complete", "written"])
async def test_an_utterance_runs_through_no_more_code_than_allowed(
    home: HomeAssistant, emulator: Emulator, provider: str, *, is_written: bool
) -> None:
    """From the request to the end, with text to normalize in it; the numbers are printed."""
    await set_up(home, account(provider, emulator))

    with traced() as trace:
        if is_written:
            assert await stream(home, written(TEXT), **WAV)
        else:
            assert await speak(home, TEXT, **WAV)

    counts = len(trace.modules), len(trace.functions), len(trace.generators), len(trace.queues)
    print("modules, functions, generators, queues:", *counts)
    assert len(trace.modules) <= MAX_MODULES
    assert len(trace.functions) <= MAX_FUNCTIONS
    assert len(trace.generators) <= MAX_GENERATORS
    assert len(trace.queues) <= 1
