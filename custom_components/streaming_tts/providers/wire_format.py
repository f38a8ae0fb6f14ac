"""Expected response formats of a service, as data: the file `wire.json` beside each adapter.

It describes each transport (`websocket`, `stream`, `body`) and a `refusal` by its `content_types` and `messages`. The
first kind of message that matches counts. A kind of message has:

- `fields`: types by path (`data.audio` is the field `audio` in `data`). A path with `?` at its end is optional. A type
  is a JSON type, `base64`, or `base64[]` for a list; `|` separates alternatives.
- `when`: required values by path. A list means any of its values, "*" any value.
- `needed`: true if a complete response has at least one such message.
"""

from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
import json
from pathlib import Path
from typing import Any, Self

ERROR_ANSWER = "error"
"""Suffix of message kinds that report a failure. No other message is required after one."""
REFUSAL = "refusal"

_ANY = "*"


class Problem(StrEnum):
    """How a response differs from the expected format."""

    MISSING = "missing"
    TYPE = "type"
    UNKNOWN_FIELD = "unknown_field"
    UNKNOWN_MESSAGE = "unknown_message"
    NEVER_CAME = "never_came"
    CONTENT_TYPE = "content_type"


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A difference: the kind of message, the field, and its expected and actual types."""

    problem: Problem
    message: str
    field: str | None = None
    expected: str | None = None
    found: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageFormat:
    """A kind of message."""

    kind: str
    when: Mapping[str, object]
    needed: bool
    fields: Mapping[str, str]
    """Expected types by path."""
    optional: frozenset[str]

    def fits(self, content: Mapping[str, object]) -> bool:
        """Return True if a message is of this kind."""
        return all(_is_any_of(_found(content, path), wanted) for path, wanted in self.when.items())

    def compare(self, content: Mapping[str, object]) -> Iterable[Difference]:
        """Yield the differences of a message from this kind."""
        for path in dict.fromkeys(parent for path in self.fields for parent in _parents(path)):
            if (values := _found(content, path)) and not isinstance(values[0], Mapping):
                yield Difference(
                    problem=Problem.TYPE, message=self.kind, field=path, expected="object", found=type_of(values[0])
                )
        for path, expected in self.fields.items():
            values = _found(content, path)
            if not values:
                if path not in self.optional:
                    yield Difference(problem=Problem.MISSING, message=self.kind, field=path, expected=expected)
            elif not any(_TYPES[name](values[0]) for name in expected.split("|")):
                yield Difference(
                    problem=Problem.TYPE, message=self.kind, field=path, expected=expected, found=type_of(values[0])
                )
        for path in _unknown(content, "", self.fields):
            yield Difference(problem=Problem.UNKNOWN_FIELD, message=self.kind, field=path)


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerFormat:
    """Response format of one transport. Without content types, any is accepted."""

    content_types: tuple[str, ...] = ()
    messages: tuple[MessageFormat, ...] = ()

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> Self:
        """Return a format from its description in the file."""
        return cls(
            content_types=tuple(content.get("content_types", ())),
            messages=tuple(
                MessageFormat(
                    kind=kind,
                    when=message.get("when", {}),
                    needed=message.get("needed", False),
                    fields={path.removesuffix("?"): types for path, types in message["fields"].items()},
                    optional=frozenset(path[:-1] for path in message["fields"] if path.endswith("?")),
                )
                for kind, message in content.get("messages", {}).items()
            ),
        )

    def kind_of(self, content: Mapping[str, object]) -> MessageFormat | None:
        """Return the kind of a message, or None if unknown."""
        return next((message for message in self.messages if message.fits(content)), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class WireFormat:
    """Response formats of a service for speech, by transport, and that of its refusals."""

    answers: Mapping[str, AnswerFormat] = field(default_factory=dict)

    @classmethod
    def beside(cls, module: str) -> Self:
        """Return the formats from the `wire.json` beside a module."""
        content = read_beside(module, "wire.json")
        return cls(answers={name: AnswerFormat.read(answer) for name, answer in content.items()})

    def answer(self, name: str) -> AnswerFormat:
        """Return the response format of a transport, or that of refusals."""
        return self.answers.get(name) or AnswerFormat()


def read_beside(module: str, name: str) -> Any:
    """Return the content of a JSON file beside a module."""
    return json.loads((Path(module).parent / name).read_text(encoding="utf-8"))


def type_of(value: object) -> str:
    """Return the JSON type of a value."""
    names = ("null", "boolean", "integer", "number", "string", "array", "object")
    return next((name for name in names if _TYPES[name](value)), "?")


def _parents(path: str) -> Iterable[str]:
    """Yield the paths of the objects that contain a field."""
    *parents, _ = path.split(".")
    for count in range(1, len(parents) + 1):
        yield ".".join(parents[:count])


def _found(content: object, path: str) -> list[object]:
    """Return the value at a path as a list of one, or an empty list if there is none."""
    for name in path.split("."):
        if not isinstance(content, Mapping) or name not in content:
            return []
        content = content[name]
    return [content]


def _is_any_of(values: list[object], wanted: object) -> bool:
    if not values:
        return False
    return wanted == _ANY or values[0] in (wanted if isinstance(wanted, list) else [wanted])


def _unknown(content: Mapping[str, object], prefix: str, known: Iterable[str]) -> Iterable[str]:
    """Yield the paths of undescribed fields, including those within described objects."""
    for name, value in content.items():
        path = f"{prefix}{name}"
        within = [other for other in known if other.startswith(f"{path}.")]
        if within and isinstance(value, Mapping):
            yield from _unknown(value, f"{path}.", known)
        elif path not in known and not within:
            yield path


def _is_base64(value: object) -> bool:
    try:
        return isinstance(value, str) and b64decode(value, validate=True) is not None
    except ValueError:
        return False


_TYPES: Mapping[str, Callable[[object], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, Mapping),
    "base64": _is_base64,
    "base64[]": lambda value: isinstance(value, list) and bool(value) and all(map(_is_base64, value)),
}
