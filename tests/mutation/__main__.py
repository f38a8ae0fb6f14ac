"""Change lines one at a time, and see whether a test fails.

    python -m tests.mutation cover
    python -m tests.mutation run [--seed 0.2.0] [--from 0] [--number 20] [--again] [--tests 400] [--jobs 1]
    python -m tests.mutation report

`cover` runs the unit tests once to learn which test runs which line. `run` draws mutants by the seed and runs, for
each, the tests of its line until one fails, those first that run the fewest lines. The tree itself is not touched, and
what is in the results already is not run again. `equivalent.json` has the mutants that behave as the original, each
with its reason: they are not counted.
"""

import argparse
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
import json
import os
from pathlib import Path
from queue import SimpleQueue
import random
import shutil
import subprocess
import sys
from typing import Any, Final

import coverage

from .mutants import Mutant, mutants_of
from .plugin import FAILED, TESTS

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = Path("custom_components") / "streaming_tts"
WORK: Final = ROOT / ".venv" / "mutation"
COVERAGE: Final = WORK / "coverage"
FAILING: Final = WORK / "failing.txt"
"""The tests that fail without any change, which see nothing."""
RESULTS: Final = WORK / "results.jsonl"
EQUIVALENT: Final = Path(__file__).parent / "equivalent.json"
FIRST_TESTS: Final = 60
"""How many tests run ahead of the others: the wide ones, then those that run the fewest lines."""
MAX_SECONDS: Final = 900
"""A mutant that takes longer is killed: it does not end."""
WIDE: Final = ("tests/test_snapshots.py", "tests/security/test_document.py")
"""Tests that compare most of what people see and are told: they run first for a line that runs on import."""
SLOW: Final = ("tests/faults/", "tests/fuzz/test_size.py")
"""Tests that run last."""


def main(arguments: Sequence[str]) -> int:
    """Run a command."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("cover", help="learn which test runs which line")
    commands.add_parser("report", help="print what was found")
    run = commands.add_parser("run", help="try mutants")
    run.add_argument("--seed", default="0.2.0")
    run.add_argument("--from", dest="first", type=int, default=0)
    run.add_argument("--number", type=int, default=20)
    run.add_argument("--again", action="store_true", help="try those again that survived")
    run.add_argument("--tests", type=int, help="run no more tests than that for a mutant (default: all of its line)")
    run.add_argument("--jobs", type=int, default=1, help="mutants at once")
    options = parser.parse_args(arguments)
    WORK.mkdir(parents=True, exist_ok=True)
    if options.command == "cover":
        return cover()
    if options.command == "run":
        mutants = drawn(options.seed)[options.first : options.first + options.number]
        try_mutants(mutants, again=options.again, most=options.tests, jobs=options.jobs)
    print(report())
    return 0


def cover() -> int:
    """Run the unit tests with the name of each test at the lines that it runs."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal", "-p", "no:cacheprovider"]
    command += ["-p", "tests.mutation.plugin", "--cov", "--cov-context=test", "--cov-report=", "--cov-fail-under=0"]
    FAILING.write_text("", encoding="utf-8")
    # sys.monitoring, the default of Python 3.14, knows no contexts
    environment = {**os.environ, "COVERAGE_CORE": "ctrace", "COVERAGE_FILE": str(COVERAGE), FAILED: str(FAILING)}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def drawn(seed: str) -> list[tuple[str, Mutant]]:
    """Return all mutants of all modules, by the path of the module, in the order in which the seed draws them."""
    mutants = [
        (path.relative_to(ROOT).as_posix(), mutant)
        for path in sorted((ROOT / FOLDER).rglob("*.py"))
        for mutant in mutants_of(path.read_bytes())
    ]
    random.Random(seed).shuffle(mutants)
    return mutants


def try_mutants(mutants: Sequence[tuple[str, Mutant]], *, again: bool, most: int | None, jobs: int) -> None:
    """Run the tests of each mutant's line, and keep what became of it."""
    known = {key(each): each for each in results()}
    lines, breadth = tests_of_lines()
    wide = wide_tests()
    trees: SimpleQueue[Tree] = SimpleQueue()
    for number in range(jobs):
        trees.put(Tree(WORK / f"job_{number}", jobs))

    def try_one(path: str, mutant: Mutant) -> None:
        text = (ROOT / path).read_text(encoding="utf-8").splitlines()[mutant.line - 1].strip()
        result: dict[str, Any] = {"module": path, "line": mutant.line, "text": text}
        result |= {"before": mutant.before, "after": mutant.after}
        if (old := known.get(key(result))) is not None and not (
            again and old["verdict"] == "survived" and not is_equivalent(result)
        ):
            return
        # A line that runs when its module is imported belongs to no test
        tests: Collection[str] = (
            lines[path].get(mutant.line) or (set().union(*lines[path].values()) or breadth.keys()) | wide
        )
        ranked = sorted(tests, key=lambda test: (test.startswith(SLOW), test not in wide, breadth[test], test))[:most]
        tree = trees.get()
        try:
            result |= {"tests": len(ranked), **tree.verdict(path, mutant, ranked)}
        finally:
            trees.put(tree)
        print(f"{result['verdict']}: {path}:{mutant.line}: {mutant.before!r} -> {mutant.after!r}", flush=True)
        with RESULTS.open("a", encoding="utf-8") as file:
            file.write(json.dumps(result) + "\n")

    with ThreadPoolExecutor(jobs) as pool:
        for done in [pool.submit(try_one, path, mutant) for path, mutant in mutants]:
            done.result()


def tests_of_lines() -> tuple[dict[str, dict[int, set[str]]], dict[str, int]]:
    """Return the tests of each line of each module, and how many lines each test runs. Exits where nothing is known."""
    if not COVERAGE.exists():
        sys.exit("Run `python -m tests.mutation cover` first")
    failing = {"", *FAILING.read_text(encoding="utf-8").splitlines()} if FAILING.exists() else {""}
    data = coverage.CoverageData(str(COVERAGE))
    data.read()
    breadth: dict[str, int] = defaultdict(int)
    lines: dict[str, dict[int, set[str]]] = {}
    for file in data.measured_files():
        contexts = data.contexts_by_lineno(file)
        with suppress(ValueError):
            path = Path(file).relative_to(ROOT).as_posix()
            lines[path] = {
                number: {name.partition("|")[0] for name in names} - failing for number, names in contexts.items()
            }
            for names in lines[path].values():
                for name in names:
                    breadth[name] += 1
    return lines, breadth


def wide_tests() -> set[str]:
    """Return the names of the wide tests, some of which run no line of the integration."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *WIDE]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return {line for line in listed.splitlines() if "::" in line}


@dataclass(frozen=True)
class Tree:
    """A copy of what git knows of the tree, in a folder of its own; Python keeps there what it has compiled.

    With several `jobs`, each runs its tests in one process.
    """

    folder: Path
    jobs: int

    def __post_init__(self) -> None:
        """Copy the tree."""
        shutil.rmtree(self.folder, ignore_errors=True)
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
        for name in filter(None, listed.stdout.decode().split("\0")):
            if (ROOT / name).is_file() and not (ROOT / name).is_symlink():
                (self.folder / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.folder / "tree" / name)

    def verdict(self, path: str, mutant: Mutant, tests: Sequence[str]) -> dict[str, str]:
        """Return whether a test fails in a mutant, and which."""
        file = self.folder / "tree" / path
        source = file.read_bytes()
        now = file.stat().st_mtime
        changed = mutant.of(source)
        compile(changed, path, "exec")
        try:
            file.write_bytes(changed)
            # Python knows a file that it has compiled by its size and by the second in which it was written
            os.utime(file, (now + 10, now + 10 + random.randrange(10**6)))
            for some in (tests[:FIRST_TESTS], tests[FIRST_TESTS:]):
                if some and (killer := self.first_failure(some)) is not None:
                    return {"verdict": "killed", "by": killer}
        finally:
            file.write_bytes(source)
            os.utime(file, (now, now))
        return {"verdict": "survived"}

    def first_failure(self, tests: Sequence[str]) -> str | None:
        """Run tests until one fails; return it, or why they did not come to an end."""
        wanted, failed, temporary = (self.folder / name for name in ("tests.txt", "failed.txt", "tmp"))
        wanted.write_text("\n".join(tests), encoding="utf-8")
        failed.write_text("", encoding="utf-8")
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        files = " ".join(dict.fromkeys(test.partition("::")[0] for test in tests))
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "tests.mutation.plugin", "-p", "no:cacheprovider"]
        command += ["--tb=no", "--show-capture=no", "--timeout=60", "-o", f"testpaths={files}"]
        if len(tests) > FIRST_TESTS and self.jobs == 1:
            command += ["-n", "2", "--dist", "worksteal"]
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        environment |= {TESTS: str(wanted), FAILED: str(failed), "TMPDIR": str(temporary)}
        environment["PYTHONPYCACHEPREFIX"] = str(self.folder / "bytecode")
        try:
            done = subprocess.run(
                command,
                cwd=self.folder / "tree",
                env=environment,
                capture_output=True,
                timeout=MAX_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"longer than {MAX_SECONDS} s"
        if names := failed.read_text(encoding="utf-8").splitlines():
            return names[0]
        # 1 without a failed test: some snapshots of a module were not used, since not all of its tests ran; 5: no tests
        return None if done.returncode in (0, 1, 5) else f"pytest ended with {done.returncode}"


def results() -> Iterator[dict[str, Any]]:
    """Yield what is known of mutants, the last of each."""
    if RESULTS.exists():
        lines = RESULTS.read_text(encoding="utf-8").splitlines()
        yield from {key(result): result for result in map(json.loads, lines)}.values()


def key(result: dict[str, Any]) -> str:
    """Return what a mutant is known by."""
    return f"{result['module']}:{result['line']}: {result['before']} -> {result['after']}"


def is_equivalent(result: dict[str, Any]) -> bool:
    """Return whether a mutant behaves as the original. It is known by the text of its line, whose number changes."""
    equivalent: dict[str, str] = json.loads(EQUIVALENT.read_text(encoding="utf-8"))
    return f"{result['module']}: {result['text']}: {result['before']} -> {result['after']}" in equivalent


def report() -> str:
    """Return how many valid mutants were killed, and those that were not."""
    found = list(results())
    valid = [each for each in found if each["verdict"] == "killed" or not is_equivalent(each)]
    killed = sum(each["verdict"] == "killed" for each in valid)
    share = f" ({killed / len(valid):.1%})" if valid else ""
    survivors = [f"- {key(each)} ({each['tests']} tests)" for each in valid if each["verdict"] == "survived"]
    return "\n".join([f"{killed} of {len(valid)} valid mutants killed{share}, of {len(found)} tried", *survivors])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
