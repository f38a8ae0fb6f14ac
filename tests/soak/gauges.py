"""Resources of a process on Linux, and waiting until it's idle."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .scene import Scene

QUIET_SECONDS = 180.0
"""Longer than the timeout of a streamed text (90 s), and than an idle connection is kept."""
_POLL_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Gauge:
    """Resources of an idle Home Assistant: bytes, counts, and remaining tasks."""

    memory: int
    sockets: int
    connections: int
    tasks: dict[str, int]
    all_tasks: int
    blocks: int
    objects: int


async def quiet(scene: Scene) -> Gauge:
    """Return the resources once Home Assistant is idle, or after a timeout."""
    loop = asyncio.get_running_loop()
    last = loop.time() + QUIET_SECONDS
    while (found := await gauge(scene)) and loop.time() < last:
        probe = await scene.measure()
        if not (found.tasks or found.connections or probe["speech"]):
            break
        await asyncio.sleep(_POLL_SECONDS)
    return found


async def gauge(scene: Scene) -> Gauge:
    """Return the current resources."""
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
    """Return the memory of a process in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    size = next(line for line in lines if line.startswith("VmRSS:"))
    return int(size.split()[1]) * 1024


def _sockets(process: Path) -> int:
    """Return the number of open sockets of a process; one may close meanwhile."""
    count = 0
    for link in (process / "fd").iterdir():
        try:
            count += str(link.readlink()).startswith("socket:")
        except FileNotFoundError:
            continue
    return count
