"""The emulator's own endpoints, below `/_emulator/` on every port."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aiohttp import web

from .faults import Fault

if TYPE_CHECKING:
    from .service import Service

PREFIX = "/_emulator"


class Control:
    """Answers for one service; a request that makes no sense gets 400 and says why."""

    def __init__(self, service: Service[Any]) -> None:
        """Control that service."""
        self._service = service

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get(f"{PREFIX}/requests", self._requests)
        router.add_get(f"{PREFIX}/state", self._state)
        for name, action in (
            ("faults", self._add_faults),
            ("reset", self._reset),
            ("clock", self._move_clock),
            ("quota", self._spend),
            ("settings", self._configure),
        ):
            router.add_post(f"{PREFIX}/{name}", _answering(action))

    async def _requests(self, request: web.Request) -> web.Response:
        """Answer with what was asked, oldest first; `?path=` a prefix of it, `?after=` the number of a request."""
        path = request.query.get("path", "/")
        after = int(request.query.get("after", "0"))
        entries = [entry for entry in self._service.asked(path) if entry.number > after]
        return web.json_response({"requests": [entry.as_json() for entry in entries]})

    async def _state(self, _request: web.Request) -> web.Response:
        """Answer with the connections and the faults that wait."""
        service = self._service
        return web.json_response(
            {
                "connections": {"open": service.open_connections, "made": service.connections_made},
                "faults": [asdict(fault) for fault in service.faults.pending()],
                "time": service.clock.now().isoformat(),
                "settings": asdict(service.behaviour),
            }
        )

    def _add_faults(self, payload: Any) -> Any:
        """One fault or a list of them."""
        faults = [Fault.from_json(fault) for fault in (payload if isinstance(payload, list) else [payload])]
        for fault in faults:
            self._service.faults.add(fault)
        return {"faults": len(self._service.faults.pending())}

    def _reset(self, _payload: Any) -> Any:
        """As it was at the start: state, settings, log, faults, clock."""
        self._service.reset()
        return {}

    def _move_clock(self, payload: Any) -> Any:
        """`{"advance": seconds}` or `{"to": "2025-01-16T00:00:00Z"}`."""
        if "to" in payload:
            self._service.clock.move_to(datetime.fromisoformat(payload["to"]))
        else:
            self._service.clock.advance(float(payload["advance"]))
        return {"time": self._service.clock.now().isoformat()}

    def _spend(self, payload: Any) -> Any:
        """Another client spends quota: `{"spend": amount}` in the service's own unit, or a limit is set."""
        return self._service.change_quota(payload)

    def _configure(self, payload: Any) -> Any:
        """Change how the service behaves, by the names of its behaviour's fields."""
        self._service.configure(**payload)
        return asdict(self._service.behaviour)


def _answering(action: Callable[[Any], Any]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        try:
            payload = await request.json() if request.can_read_body else {}
            return web.json_response(action(payload))
        except (KeyError, TypeError, ValueError) as err:
            return web.json_response({"error": str(err) or repr(err)}, status=400)

    return handle
