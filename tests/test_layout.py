"""The layout of the integration: what stands where, which way imports point, and how large things may be."""

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from itertools import chain
from pathlib import Path
import re
import sys
import tomllib
from typing import Final

import pytest

import custom_components.streaming_tts as integration
from custom_components.streaming_tts.providers import PROVIDERS

FOLDER: Final = Path(integration.__file__).parent
ROOT: Final = FOLDER.parent.parent
HERE: Final = integration.__name__
MODULES: Final = {
    ".".join((HERE, *path.relative_to(FOLDER).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(FOLDER.rglob("*.py"))
}


@cache
def tree_of(name: str) -> ast.Module:
    """Return what a module says; parsed late, since all together take 40 MB."""
    return ast.parse(MODULES[name].read_text(encoding="utf-8"))


LOADED_BY_HOME_ASSISTANT: Final = {
    *("__init__", "config_flow", "diagnostics", "media_source", "repairs", "system_health", "condition", "trigger"),
    *("binary_sensor", "event", "sensor", "tts"),
}
SHARED: Final = {"const", "coordinator", "entity", "errors", "issues", "services"}

FREE_OF_HOME_ASSISTANT: Final = {
    "audio": {"audioop", "av"},
    "speech": {"audioop", "babel", "regex", "unicode_rbnf"},
    "providers": {"aiohttp", "audioop", "jwt", "orjson"},
}
"""The folders that know nothing of Home Assistant, with the packages that they use."""

SHARED_BY_PROVIDERS: Final = {
    f"{HERE}.providers.{name}"
    for name in ("capabilities", "markup", "provider", "transport.audio_stream", "transport.trace", "types")
}
"""What `speech/` knows of the providers."""

FLOORS: Final = (
    {"audio", "providers"},
    {"speech"},
    {"account", "cloning", "lexicon", "playback", "voices"},
    {"actions", "flows"},
)
"""The folders, the lowest first: none imports from a floor above its own."""

IN_EVERY_PROVIDER: Final = {"errors", "voices", "models", "client"}
"""Names of modules that are the same in the folder of each provider."""

MAX_FUNCTION_LINES: Final = 60
MAX_MODULE_LINES: Final = 500
MAX_CODE_LINES: Final = 15_000
"""Lines of code in all modules but tables."""
DATA: Final = {f"{HERE}.speech.text.units"}
"""Modules that are tables."""

OLD_NAMES: Final = {
    *("Speaker", "VoiceSpeaker", "ForeignSpeaker", "TimedSpeaker", "Cast", "Studio", "Cut", "Plan", "Situation"),
    *("_Stage", "Delivery", "Playhead", "Pace", "Listener", "Place", "Mark", "Effect", "Writer", "Lines", "Characters"),
    *("Speller", "Words", "Patience", "Sent", "Refused", "Refusal", "Observer", "Unobserved", "Form", "Coder", "Coded"),
    *("StandIn", "OwnPart", "Part", "Report", "Spoken", "Rest", "Health", "Finish", "Wish", "Flaw", "Rendered"),
    *("Guarded", "Plausible", "Metered", "Gated", "Gate"),
}
"""Names that classes had before release 0.2."""


def imported(name: str) -> Iterator[str]:
    """Yield what a module imports when it runs, by whole names; of our own the module that it is taken from."""
    package = name if MODULES[name].name == "__init__.py" else name.rpartition(".")[0]
    for node in running(tree_of(name)):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, level=level, names=names):
                above = package.split(".")[: len(package.split(".")) - level + 1] if level else []
                source = ".".join((*above, *filter(None, (module,))))
                for alias in names:
                    whole = f"{source}.{alias.name}"
                    yield whole if whole in MODULES else source


def running(node: ast.AST) -> Iterator[ast.AST]:
    """Yield all nodes below one but those that only a type checker reads."""
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            yield child
            yield from running(child)


def ours(name: str) -> set[str]:
    """Return the modules of ours that a module imports."""
    return {each for each in imported(name) if each in MODULES} - {name}


def folder(name: str) -> str:
    """Return the folder that a module is in, empty for the top level."""
    parts = name.removeprefix(HERE).split(".")
    return parts[1] if len(parts) > 1 and (FOLDER / parts[1]).is_dir() else ""


@cache
def docstring_lines(tree: ast.Module) -> set[int]:
    """Return the lines of all docstrings of a module."""
    return {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }


def code_lines(name: str) -> int:
    """Return how many lines of a module are code."""
    lines = enumerate(MODULES[name].read_text(encoding="utf-8").splitlines(), 1)
    prose = docstring_lines(tree_of(name))
    return sum(number not in prose and bool(line.strip()) and line.strip()[0] != "#" for number, line in lines)


def modules_in(*folders: str) -> list[str]:
    """Return the modules of some folders."""
    return [name for name in MODULES if folder(name) in folders]


def test_the_top_level_has_what_home_assistant_loads_and_what_all_share() -> None:
    """Everything else is in the folder of its subject, and each folder is on a floor."""
    assert {path.stem for path in FOLDER.glob("*.py")} == LOADED_BY_HOME_ASSISTANT | SHARED
    assert {path.parent.name for path in FOLDER.glob("*/*.py")} == set().union(*FLOORS)


@pytest.mark.parametrize("package", FREE_OF_HOME_ASSISTANT)
def test_these_folders_know_nothing_of_home_assistant(package: str) -> None:
    """They use Python, a few packages, and each other."""
    allowed = {*FREE_OF_HOME_ASSISTANT[package], *sys.stdlib_module_names}
    foreign = {
        name: outside
        for name in modules_in(package)
        if (
            outside := {
                each for each in imported(name) if each.partition(".")[0] not in allowed and each not in MODULES
            }
        )
    }
    assert foreign == {}


def test_speech_knows_only_what_all_providers_have_in_common() -> None:
    """Nothing of one provider, nor of the wire."""
    known = {each for name in modules_in("speech") for each in ours(name) if folder(each) == "providers"}
    assert known <= SHARED_BY_PROVIDERS


def test_home_assistant_sees_nothing_of_the_wire() -> None:
    """A status code, a socket or a body of a service is no concern of what is above the providers."""
    wire = {f"{HERE}.providers.transport.{name}" for name in ("http", "json_values", "sse", "websocket")}
    above = set(MODULES) - set(modules_in("providers"))
    assert {name: seen for name in above if (seen := wire & ours(name))} == {}


def test_imports_point_down() -> None:
    """A module imports from its own level and below; actions and flows are on the level of the platforms."""
    upward = {}
    for height, floor in enumerate(FLOORS):
        over = set().union(*FLOORS[height + 1 :])
        allowed_top = (set(), set(), SHARED, SHARED | LOADED_BY_HOME_ASSISTANT)[height]
        for name in modules_in(*floor):
            tops = {each for each in ours(name) if not folder(each) and each.rpartition(".")[2] not in allowed_top}
            if wrong := {each for each in ours(name) if folder(each) in over} | tops:
                upward[name] = wrong
    assert upward == {}


def test_no_module_imports_itself_by_way_of_others() -> None:
    """There is an order in which each comes after all that it imports."""
    assert set(TopologicalSorter({name: ours(name) for name in MODULES}).static_order()) == set(MODULES)


def test_no_two_modules_of_a_folder_tree_have_one_name() -> None:
    """Only the names of what every provider has come again."""
    twice = {
        (tree, name)
        for tree in set().union(*FLOORS) - {"actions", "flows"}
        for name, count in Counter(path.stem for path in (FOLDER / tree).rglob("*.py")).items()
        if count > 1 and name != "__init__" and not (tree == "providers" and name in IN_EVERY_PROVIDER)
    }
    assert twice == set()


def test_modules_and_functions_are_small() -> None:
    """So that each fits on a screen."""
    too_long = [
        f"{name}.{node.name}"
        for name, tree in ((name, tree_of(name)) for name in MODULES)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= MAX_FUNCTION_LINES
    ]
    too_large = [
        name
        for name, path in MODULES.items()
        if name not in DATA and len(path.read_text(encoding="utf-8").splitlines()) > MAX_MODULE_LINES
    ]
    assert (too_long, too_large) == ([], [])


def test_the_code_does_not_grow() -> None:
    """Docstrings, comments, blank lines and tables aren't counted."""
    assert sum(code_lines(name) for name in MODULES if name not in DATA) <= MAX_CODE_LINES


def test_nothing_outside_of_its_folder_names_a_provider() -> None:
    """But for the registry, and for prose: what a provider is, it says itself."""
    words = {word for key, kind in PROVIDERS.items() for word in (key, kind.__name__, kind.name)}
    folders = tuple(kind.__module__ for kind in PROVIDERS.values())
    naming = [
        f"{name}:{node.lineno}"
        for name, tree in ((name, tree_of(name)) for name in MODULES)
        if name != f"{HERE}.providers" and not name.startswith(folders)
        for node in ast.walk(tree)
        if isinstance(node, ast.Name | ast.Attribute | ast.Constant | ast.alias)
        if node.lineno not in docstring_lines(tree)
        if words.intersection(re.split(r"[^\w ]+", _text_of(node)))
    ]
    assert naming == []


def _text_of(node: ast.Name | ast.Attribute | ast.Constant | ast.alias) -> str:
    match node:
        case ast.Name(id=text) | ast.Attribute(attr=text) | ast.alias(name=text) | ast.Constant(value=str(text)):
            return text
    return ""


def test_lines_are_checked_for_their_length() -> None:
    """Ruff does it, with no file left out."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]
    left_out = {*settings["lint"]["ignore"], *chain.from_iterable(settings["lint"]["per-file-ignores"].values())}
    assert settings["line-length"] == 120
    assert "E" in settings["lint"]["select"]
    assert not left_out & {"E", "E501"}


def test_no_class_has_a_name_of_the_first_release() -> None:
    """Names are the field's terms."""
    named = {node.name for tree in map(tree_of, MODULES) for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    assert named & OLD_NAMES == set()


REFERENCE: Final = re.compile(r"docs/(?:dev/)?(\w+)\.md((?:(?:,| and| to)?\s(?:#\s)?[A-E]\d*\b)*)")
"""A document that code refers to, and the sections that it names."""

BARE: Final = re.compile(r"(?<![\w/\"])(?:protocols|design|tried|platform|words)\.md\b|\([A-E]\d+(?:, [A-E]\d+)*\)")
"""A document without its folder, one that is not in the repository, or a section without its document."""


def code() -> Iterator[tuple[str, str]]:
    """Yield the path and text of each module of the repository, but of this one."""
    for folder_name in ("custom_components", "tests", "benchmarks", "scripts"):
        for path in sorted((ROOT / folder_name).rglob("*.py")):
            if path != Path(__file__):
                yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


def test_code_refers_to_documents_and_sections_that_exist() -> None:
    """By their paths, with the section's number where it has one."""
    headings: dict[str, set[str]] = {
        path.stem: set(re.findall(r"^#+ ([A-E]\d*)\. ", path.read_text(encoding="utf-8"), re.MULTILINE))
        for path in (ROOT / "docs").rglob("*.md")
    }
    lost = [
        f"{path}: {reference[0]}"
        for path, text in code()
        for reference in REFERENCE.finditer(text)
        if reference[1] not in headings or not set(re.findall(r"[A-E]\d*", reference[2])) <= headings[reference[1]]
    ]
    assert [each for each in lost if "docs/page.md" not in each] == []
    assert [f"{path}: {bare[0]}" for path, text in code() for bare in BARE.finditer(text)] == []


def test_no_test_module_imports_another() -> None:
    """What they share is in modules of its own, which no one has to collect."""
    imports = [
        f"{path}: {line}"
        for path, text in code()
        if path.startswith("tests/")
        for line in re.findall(
            r"^from (?:tests|\.)[\w.]*\btest_\w+ import|^from tests[\w.]* import .*\btest_\w+", text, re.MULTILINE
        )
    ]
    assert imports == []


def test_documents_name_tests_that_exist() -> None:
    """By their paths."""
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").rglob("*.md")]
    lost = [
        f"{document.relative_to(ROOT)}: {path}"
        for document in documents
        for path in re.findall(r"(?<![\w/])tests/[\w./-]*\w", document.read_text(encoding="utf-8"))
        if not (ROOT / path).exists() and "artifacts" not in path
    ]
    assert (len(documents) > 5, lost) == (True, [])
