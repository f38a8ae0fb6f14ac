"""What a process costs: CPU and memory, as Linux tells them."""

from dataclasses import dataclass
import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True, slots=True)
class Cpu:
    """Seconds of CPU: of the process itself, and of the programs that it has run and that have ended (ffmpeg)."""

    own: float
    children: float

    def __sub__(self, before: Cpu) -> Cpu:
        """Return what was used since."""
        return Cpu(own=self.own - before.own, children=self.children - before.children)


def cpu(pid: int) -> Cpu:
    """Return what a process has used so far.

    Itself to the microsecond where Linux tells it so, its children to 10 ms.
    """
    process = Path(f"/proc/{pid}")
    fields = (process / "stat").read_text(encoding="ascii").rpartition(")")[2].split()
    user, system, user_children, system_children = (int(field) / _TICKS for field in fields[11:15])
    try:
        # Ticks are counted by who runs when the clock ticks, which is nobody's fair share of work that timers start
        own = (
            sum(int(thread.read_text(encoding="ascii").split()[0]) for thread in process.glob("task/*/schedstat")) / 1e9
        )
    except OSError:
        own = 0.0
    return Cpu(own=own or user + system, children=user_children + system_children)


def memory(pid: int) -> tuple[int, int]:
    """Return how many bytes of memory a process has now, and the most since `forget_peak`."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    sizes = {
        name: int(size.split()[0]) * 1024 for name, _, size in (line.partition(":") for line in lines) if "kB" in size
    }
    return sizes["VmRSS"], sizes["VmHWM"]


def forget_peak(pid: int) -> None:
    """Count the most memory anew."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")
