"""CPU time and memory of a process, from Linux."""

from dataclasses import dataclass
import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True, slots=True)
class Cpu:
    """Seconds of CPU time of the process itself, and of its finished child processes (FFmpeg)."""

    own: float
    children: float

    def __sub__(self, before: Cpu) -> Cpu:
        """Return the difference to an earlier value."""
        return Cpu(own=self.own - before.own, children=self.children - before.children)


def cpu(pid: int) -> Cpu:
    """Return the CPU time so far.

    The process itself in microseconds where Linux reports them, its children in 10 ms.
    """
    process = Path(f"/proc/{pid}")
    fields = (process / "stat").read_text(encoding="ascii").rpartition(")")[2].split()
    user, system, user_children, system_children = (int(field) / _TICKS for field in fields[11:15])
    try:
        # Ticks are attributed to the process that runs at the tick: wrong for work that is started by timers
        own = (
            sum(int(thread.read_text(encoding="ascii").split()[0]) for thread in process.glob("task/*/schedstat")) / 1e9
        )
    except OSError:
        own = 0.0
    return Cpu(own=own or user + system, children=user_children + system_children)


def memory(pid: int) -> tuple[int, int]:
    """Return the current memory of a process in bytes, and the maximum since `forget_peak`."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    sizes = {
        name: int(size.split()[0]) * 1024 for name, _, size in (line.partition(":") for line in lines) if "kB" in size
    }
    return sizes["VmRSS"], sizes["VmHWM"]


def forget_peak(pid: int) -> None:
    """Reset the maximum."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")
