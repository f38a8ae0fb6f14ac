"""The house is built in floors: what a module imports stands below it, whatever it is imported for."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
import sys
from typing import Final

import pytest

import custom_components.streaming_tts as integration

FOLDER: Final = Path(integration.__file__).parent
HERE: Final = integration.__name__
MODULES: Final = {
    ".".join((HERE, *path.relative_to(FOLDER).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(FOLDER.rglob("*.py"))
}

MAY_IMPORT: Final = {
    f"{HERE}.audio": {"audioop", "av", f"{HERE}.audio"},
    f"{HERE}.speech": {"babel", "regex", "sentence_stream", "unicode_rbnf", f"{HERE}.audio", f"{HERE}.speech"},
    f"{HERE}.recordings": {f"{HERE}.recordings"},
}
"""What the floors between the wire and the face are made of, beside Python itself and the words of the providers."""

WORDS_OF_PROVIDERS: Final = {
    f"{HERE}.providers.{name}" for name in ("capabilities", "markup", "transport.audio_stream", "types")
}


def imported(name: str) -> Iterator[str]:
    """Yield what a module of ours imports, by its whole name; of our own the module that it is taken from."""
    path = MODULES[name]
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, level=level, names=names):
                above = package.split(".")[: len(package.split(".")) - level + 1] if level else []
                source = ".".join((*above, *filter(None, (module,))))
                for alias in names:
                    whole = f"{source}.{alias.name}"
                    yield whole if whole in MODULES else source


def below(package: str) -> list[str]:
    """Return the modules of a package."""
    return [name for name in MODULES if f"{name}.".startswith(f"{package}.")]


def foreign_to(package: str, name: str) -> set[str]:
    """Return what a module imports that its floor is not made of."""
    allowed = tuple(f"{each}." for each in (*MAY_IMPORT[package], *WORDS_OF_PROVIDERS))
    return {
        each
        for each in imported(name)
        if each.partition(".")[0] not in sys.stdlib_module_names and not f"{each}.".startswith(allowed)
    }


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_between_wire_and_face_there_is_nothing_of_home_assistant(package: str) -> None:
    """Nor anything of one provider: only of the words that all of them share."""
    assert {name: found for name in below(package) if (found := foreign_to(package, name))} == {}


def test_the_face_takes_nothing_of_the_wire_but_its_words_and_what_reads_sound() -> None:
    """A status code, a socket or a body of a service is no concern of Home Assistant's."""
    wire = {f"{HERE}.providers.transport.{name}" for name in ("http", "json_values", "sse", "websocket")}
    floors = (f"{HERE}.providers.", *(f"{package}." for package in MAY_IMPORT))
    face = [name for name in MODULES if not f"{name}.".startswith(floors)]
    assert {name for name in face if wire.intersection(imported(name))} == set()


def test_no_module_stands_above_itself() -> None:
    """There is an order in which each comes after all that it imports, also what it imports for its types alone."""
    order = TopologicalSorter({name: ours_below(name) for name in MODULES}).static_order()
    assert set(order) == set(MODULES)


def ours_below(name: str) -> set[str]:
    """Return the modules of ours that a module imports."""
    return {each for each in imported(name) if each in MODULES} - {name}
