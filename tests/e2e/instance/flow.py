"""A config flow, options flow, or subentry flow through the HTTP API."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from .client import Client

_FOLLOWING = {
    "config_flow": "/api/config/config_entries/flow",
    "config_subentries_flow": "/api/config/config_entries/subentries/flow",
}


_POLL_SECONDS = 0.05


class FlowError(Exception):
    """A flow had another result than expected; the message contains it."""


class Flow:
    """One flow; its properties are the current step."""

    def __init__(self, client: Client, path: str, shown: dict[str, Any]) -> None:
        """Continue from a step."""
        self.client = client
        self.sent: dict[str, Any] = {}
        """All answers so far."""
        self._path = path
        self._shown = shown

    @classmethod
    async def begin(cls, client: Client, path: str, start: Mapping[str, Any]) -> Self:
        """Start a flow."""
        return cls(client, path, await client.post(path, start))

    @property
    def kind(self) -> str:
        """The type of the step: `form`, `menu`, `progress`, `create_entry`, or `abort`."""
        return str(self._shown["type"])

    @property
    def step(self) -> str:
        """The ID of the step."""
        return str(self._shown["step_id"])

    @property
    def errors(self) -> dict[str, str]:
        """The errors by field; `base` is for the whole form."""
        return self._shown.get("errors") or {}

    @property
    def reason(self) -> str | None:
        """The reason of an abort."""
        return self._shown.get("reason")

    @property
    def result(self) -> dict[str, Any]:
        """The created entry."""
        return dict(self._shown["result"])

    @property
    def fields(self) -> list[dict[str, Any]]:
        """The fields of the form."""
        return self._shown.get("data_schema") or []

    @property
    def placeholders(self) -> dict[str, str]:
        """The placeholders of the texts."""
        return self._shown.get("description_placeholders") or {}

    @property
    def menu(self) -> list[str]:
        """The options of the menu."""
        return list(self._shown.get("menu_options", ()))

    async def choose(self, option: str) -> None:
        """Select from a menu."""
        await self._send({"next_step_id": option})

    async def answer(self, **answers: Any) -> None:
        """Submit the form with these answers, and with suggested values for all other fields."""
        filled = _filled(self.fields, answers)
        self.sent |= filled
        await self._send(filled)

    async def wait(self) -> None:
        """Wait for the step after a progress."""
        while self.kind == "progress":
            await asyncio.sleep(_POLL_SECONDS)
            self._shown = await self.client.get(f"{self._path}/{self._shown['flow_id']}")

    async def finish(self, **answers: Any) -> None:
        """Submit all forms to the end, with these answers or suggested values.

        Raises FlowError if a form has errors, at a menu, or at an abort.
        """
        while self.kind == "form":
            await self.answer(**_of(self.fields, answers))
            if self.errors:
                raise FlowError(await self.words())
        if self.kind != "create_entry":
            raise FlowError(f"{self.kind}: {self.reason or self.menu}")

    async def words(self) -> str:
        """Return the errors of the form as texts; the keys where there are none."""
        category = "config" if "subentries" not in self._path else "config_subentries"
        kind = "" if category == "config" else "voice."
        said = [await self.client.words(category, f"{kind}error.{key}") or key for key in self.errors.values()]
        words = " ".join(said)
        for name, value in self.placeholders.items():
            words = words.replace(f"{{{name}}}", value)
        return words

    @property
    def leads_on(self) -> bool:
        """True if the frontend continues with another flow."""
        return bool(self._shown.get("next_flow"))

    async def following(self) -> Flow:
        """Return the flow that the frontend continues with.

        Raises FlowError if there is none because the account didn't start.
        """
        if not (following := self._shown.get("next_flow")):
            raise FlowError("the account did not start")
        kind, flow_id = following
        path = _FOLLOWING[kind]
        return Flow(self.client, path, await self.client.get(f"{path}/{flow_id}"))

    async def cancel(self) -> None:
        """Close the dialog."""
        await self.client.request("DELETE", f"{self._path}/{self._shown['flow_id']}")

    async def _send(self, answers: Mapping[str, Any]) -> None:
        self._shown = await self.client.post(f"{self._path}/{self._shown['flow_id']}", answers)


def _of(fields: Iterable[Mapping[str, Any]], answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers to fields of the form."""
    names = {field["name"] for field in fields}
    return {name: value for name, value in answers.items() if name in names}


def _filled(fields: Iterable[Mapping[str, Any]], answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers, and the suggested values of all other fields, including sections.

    An answer of None clears its field.
    """
    filled = {name: answer for name, answer in answers.items() if answer is not None}
    for field in fields:
        name = field["name"]
        if field.get("type") == "expandable":
            filled[name] = _filled(field["schema"], answers.get(name, {}))
        elif name not in answers:
            suggested = (field.get("description") or {}).get("suggested_value", field.get("default"))
            if suggested is not None:
                filled[name] = suggested
    return filled
