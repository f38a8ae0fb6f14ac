"""How much work something is, counted in lines of ours that are run: no clock, so that it is the same each time."""

from collections.abc import Callable
import sys
from types import CodeType

from custom_components import streaming_tts

_OURS = streaming_tts.__path__[0]
_TOOL = 4


def steps_of(work: Callable[[], object]) -> int:
    """Return how many lines of this integration some work runs."""
    count = 0

    def line(code: CodeType, _number: int) -> object:
        nonlocal count
        if not code.co_filename.startswith(_OURS):
            return sys.monitoring.DISABLE
        count += 1
        return None

    sys.monitoring.use_tool_id(_TOOL, "steps")
    try:
        sys.monitoring.register_callback(_TOOL, sys.monitoring.events.LINE, line)
        sys.monitoring.set_events(_TOOL, sys.monitoring.events.LINE)
        work()
    finally:
        sys.monitoring.set_events(_TOOL, 0)
        sys.monitoring.free_tool_id(_TOOL)
        sys.monitoring.restart_events()
    return count
