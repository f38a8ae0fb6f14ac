"""A flow as the browser shows it: forms that are filled in, menus that are chosen from, and its end."""

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
    """A flow did not go where it was led; says what it shows instead."""


class Flow:
    """One flow of a config entry or a subentry; its properties are what it shows now."""

    def __init__(self, client: Client, path: str, shown: dict[str, Any]) -> None:
        """Take up a flow that shows something."""
        self.client = client
        self.sent: dict[str, Any] = {}
        """All that was answered so far."""
        self._path = path
        self._shown = shown

    @classmethod
    async def begin(cls, client: Client, path: str, start: Mapping[str, Any]) -> Self:
        """Begin a flow."""
        return cls(client, path, await client.post(path, start))

    @property
    def kind(self) -> str:
        """What is shown: `form`, `menu`, `progress`, `create_entry` or `abort`."""
        return str(self._shown["type"])

    @property
    def step(self) -> str:
        """The id of the step that is shown."""
        return str(self._shown["step_id"])

    @property
    def errors(self) -> dict[str, str]:
        """What is wrong with the answers, by field; `base` is the whole form."""
        return self._shown.get("errors") or {}

    @property
    def reason(self) -> str | None:
        """Why it was aborted."""
        return self._shown.get("reason")

    @property
    def result(self) -> dict[str, Any]:
        """The entry that was made."""
        return dict(self._shown["result"])

    @property
    def fields(self) -> list[dict[str, Any]]:
        """The fields of the form, as the browser gets them."""
        return self._shown.get("data_schema") or []

    @property
    def placeholders(self) -> dict[str, str]:
        """What the browser puts into the texts."""
        return self._shown.get("description_placeholders") or {}

    @property
    def menu(self) -> list[str]:
        """The options of the menu."""
        return list(self._shown.get("menu_options", ()))

    async def choose(self, option: str) -> None:
        """Choose from a menu."""
        await self._send({"next_step_id": option})

    async def answer(self, **answers: Any) -> None:
        """Send the form with these answers, and what it suggests in all other fields."""
        filled = _filled(self.fields, answers)
        self.sent |= filled
        await self._send(filled)

    async def wait(self) -> None:
        """Wait for what is shown after a progress."""
        while self.kind == "progress":
            await asyncio.sleep(_POLL_SECONDS)
            self._shown = await self.client.get(f"{self._path}/{self._shown['flow_id']}")

    async def finish(self, **answers: Any) -> None:
        """Go through all forms to the end, each field answered from here or as the form suggests.

        Raises FlowError where a form is refused, where it asks by a menu, and where the flow is aborted.
        """
        while self.kind == "form":
            await self.answer(**_of(self.fields, answers))
            if self.errors:
                raise FlowError(await self.words())
        if self.kind != "create_entry":
            raise FlowError(f"{self.kind}: {self.reason or self.menu}")

    async def words(self) -> str:
        """Return what the form says is wrong, in words as the browser shows them; the keys where there are none."""
        category = "config" if "subentries" not in self._path else "config_subentries"
        kind = "" if category == "config" else "voice."
        said = [await self.client.words(category, f"{kind}error.{key}") or key for key in self.errors.values()]
        words = " ".join(said)
        for name, value in self.placeholders.items():
            words = words.replace(f"{{{name}}}", value)
        return words

    @property
    def leads_on(self) -> bool:
        """Whether the browser goes on with another flow after this one."""
        return bool(self._shown.get("next_flow"))

    async def following(self) -> Flow:
        """Return the flow that the browser goes on with after this one.

        Raises FlowError where there is none, as the account did not start.
        """
        if not (following := self._shown.get("next_flow")):
            raise FlowError("the account did not start")
        kind, flow_id = following
        path = _FOLLOWING[kind]
        return Flow(self.client, path, await self.client.get(f"{path}/{flow_id}"))

    async def cancel(self) -> None:
        """Close the dialogue."""
        await self.client.request("DELETE", f"{self._path}/{self._shown['flow_id']}")

    async def _send(self, answers: Mapping[str, Any]) -> None:
        self._shown = await self.client.post(f"{self._path}/{self._shown['flow_id']}", answers)


def _of(fields: Iterable[Mapping[str, Any]], answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the answers that the form asks for."""
    names = {field["name"] for field in fields}
    return {name: value for name, value in answers.items() if name in names}


def _filled(fields: Iterable[Mapping[str, Any]], answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers, and what the browser sends for the other fields: what they suggest, sections in themselves.

    An answer that is None empties its field.
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
