"""What a process takes of the machine, as Linux tells it, and how to wait until nothing is going on in it."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .scene import Scene

QUIET_SECONDS = 180.0
"""Longer than a writer may be silent (90 s) before its utterance is over, and than an idle connection is kept."""
_POLL_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Gauge:
    """A look at a Home Assistant in which nothing is going on: bytes, counts, and the tasks that there still are."""

    memory: int
    sockets: int
    connections: int
    tasks: dict[str, int]
    all_tasks: int
    blocks: int
    objects: int


async def quiet(scene: Scene) -> Gauge:
    """Return what is left when all has ended; what has not ended after a while is left too."""
    loop = asyncio.get_running_loop()
    last = loop.time() + QUIET_SECONDS
    while (found := await gauge(scene)) and loop.time() < last:
        probe = await scene.measure()
        if not (found.tasks or found.connections or probe["speech"]):
            break
        await asyncio.sleep(_POLL_SECONDS)
    return found


async def gauge(scene: Scene) -> Gauge:
    """Return how it is now."""
    probe: dict[str, Any] = await scene.measure()
    process = Path(f"/proc/{scene.instance.pid}")
    return Gauge(
        memory=memory(scene.instance.pid),
        sockets=_sockets(process),
        connections=sum(service.open_connections for service in scene.services),
        tasks=probe["tasks"],
        all_tasks=probe["all_tasks"],
        blocks=probe["blocks"],
        objects=probe["objects"],
    )


def memory(pid: int) -> int:
    """Return the bytes of memory that a process has now."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    size = next(line for line in lines if line.startswith("VmRSS:"))
    return int(size.split()[1]) * 1024


def _sockets(process: Path) -> int:
    """Return how many sockets a process has open; one may close meanwhile."""
    count = 0
    for link in (process / "fd").iterdir():
        try:
            count += str(link.readlink()).startswith("socket:")
        except FileNotFoundError:
            continue
    return count
