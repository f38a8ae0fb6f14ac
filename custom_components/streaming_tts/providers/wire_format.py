"""What an adapter expects of the answers of its service, as data: the file `wire.json` beside each adapter.

It names, for each transport (`websocket`, `stream`, `body`) and for a `refusal`, the `content_types` of an answer and
its `messages`. A message has `fields`: the path of each (`data.audio` is within `data`), with `?` behind it if it may
be missing, and its type: one of those of JSON, `base64`, or `base64[]` for a list; `|` stands between several. The
messages of a kind that has `when` are those with these values in these paths (of a list any, "*" is any value). The
first kind that fits counts. Answers that are whole have at least one message of each kind that is `needed`.
"""

from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
import json
from pathlib import Path
from typing import Any, Self

ERROR_ANSWER = "error"
"""How the kinds of messages end that tell of a failure: behind one of them nothing else is expected."""
REFUSAL = "refusal"

_ANY = "*"


class Problem(StrEnum):
    """How an answer differs from what is expected."""

    MISSING = "missing"
    TYPE = "type"
    UNKNOWN_FIELD = "unknown_field"
    UNKNOWN_MESSAGE = "unknown_message"
    NEVER_CAME = "never_came"
    CONTENT_TYPE = "content_type"


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A difference: in which kind of message and which field, and of which type that was expected and found."""

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
    """The types by path."""
    optional: frozenset[str]

    def fits(self, content: Mapping[str, object]) -> bool:
        """Return True if a message is of this kind."""
        return all(_is_any_of(_found(content, path), wanted) for path, wanted in self.when.items())

    def compare(self, content: Mapping[str, object]) -> Iterable[Difference]:
        """Yield how a message of this kind differs."""
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
    """The answers over one transport; no content types are any."""

    content_types: tuple[str, ...] = ()
    messages: tuple[MessageFormat, ...] = ()

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> Self:
        """Return a format as its file describes it."""
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
        """Return of which kind a message is."""
        return next((message for message in self.messages if message.fits(content)), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class WireFormat:
    """All answers of a service that have to do with speech, by transport, and its refusals."""

    answers: Mapping[str, AnswerFormat] = field(default_factory=dict)

    @classmethod
    def beside(cls, module: str) -> Self:
        """Return what the file beside a module describes."""
        content = read_beside(module, "wire.json")
        return cls(answers={name: AnswerFormat.read(answer) for name, answer in content.items()})

    def answer(self, name: str) -> AnswerFormat:
        """Return the format of the answers over a transport, or of refusals."""
        return self.answers.get(name) or AnswerFormat()


def read_beside(module: str, name: str) -> Any:
    """Return the content of a file of JSON beside a module."""
    return json.loads((Path(module).parent / name).read_text(encoding="utf-8"))


def type_of(value: object) -> str:
    """Return what JSON calls the type of a value."""
    names = ("null", "boolean", "integer", "number", "string", "array", "object")
    return next((name for name in names if _TYPES[name](value)), "?")


def _parents(path: str) -> Iterable[str]:
    """Yield the paths of the objects that a field is within."""
    *parents, _ = path.split(".")
    for count in range(1, len(parents) + 1):
        yield ".".join(parents[:count])


def _found(content: object, path: str) -> list[object]:
    """Return the value at a path in a list, or an empty one where there is none."""
    for name in path.split("."):
        if not isinstance(content, Mapping) or name not in content:
            return []
        content = content[name]
    return [content]


def _is_any_of(values: list[object], wanted: object) -> bool:
    """Return True if there is a value, and it is wanted."""
    if not values:
        return False
    return wanted == _ANY or values[0] in (wanted if isinstance(wanted, list) else [wanted])


def _unknown(content: Mapping[str, object], prefix: str, known: Iterable[str]) -> Iterable[str]:
    """Yield the paths of the fields that are not described; of one that is, what is within it if that is described."""
    for name, value in content.items():
        path = f"{prefix}{name}"
        within = [other for other in known if other.startswith(f"{path}.")]
        if within and isinstance(value, Mapping):
            yield from _unknown(value, f"{path}.", known)
        elif path not in known and not within:
            yield path


def _is_base64(value: object) -> bool:
    """Return True for base64."""
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
