"""An element of a protocol, and where its tests are."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

MATRIX = "test_fault_matrix::test_every_fault_ends_in_the_whole_sound_or_in_its_failure"
"""The test on the adapters' side of all that is in the matrix of faults."""


class Kind(StrEnum):
    """What an element is."""

    ENDPOINT = "endpoint"
    FIELD = "field"
    FRAME = "frame"
    EVENT = "event"
    ERROR = "error"
    RULE = "rule"


@dataclass(frozen=True, kw_only=True, slots=True)
class Element:
    """An element: `emulator` and `adapter` name tests as `module::test`, in `tests/emulator` and `tests/providers`.

    What the adapter alone cannot do is shown further up: such tests are in the folders beside these two.
    `mark` is what shows it in the source of these tests, where one test shows many. `unasked` says why the adapter
    does without it, where it does.
    """

    section: str
    kind: Kind
    name: str
    emulator: tuple[str, ...]
    adapter: tuple[str, ...] = ()
    mark: str = ""
    unasked: str = ""


def elements(
    section: str, kind: Kind, names: Iterable[str], *, emulator: str, adapter: str = "", unasked: str = ""
) -> list[Element]:
    """Return elements that the same tests show, each by its name in their source; tests are separated by blanks."""
    return [
        element(section, kind, name, emulator=emulator, adapter=adapter, mark=name, unasked=unasked) for name in names
    ]


def element(
    section: str, kind: Kind, name: str, *, emulator: str, adapter: str = "", mark: str = "", unasked: str = ""
) -> Element:
    """Return an element; tests are separated by blanks."""
    return Element(
        section=section,
        kind=kind,
        name=name,
        emulator=tuple(emulator.split()),
        adapter=tuple(adapter.split()),
        mark=mark,
        unasked=unasked,
    )
