"""The set-up of the environments: clones of the repository share a cache, and one at a time writes into it."""

import fcntl
import os
from pathlib import Path
import shutil
import subprocess
import sys

SCRIPTS = Path(__file__).parents[1] / "scripts" / "lib"
UV = """#!/bin/sh
echo "$1" >> "$XDG_CACHE_HOME/asked"
case "$1" in
  --version) echo "uv 9.9.9" ;;
  python) echo /bin/false ;;
  *) exit 1 ;;
esac
"""
"""A uv that finds a Python and can make no environment of it."""


def test_a_set_up_waits_for_that_of_another_clone(tmp_path: Path) -> None:
    """It does nothing in the cache before the other one has ended."""
    clone, programs, cache = (tmp_path / name for name in ("clone", "programs", "cache"))
    shutil.copytree(SCRIPTS, clone / "scripts" / "lib", ignore=shutil.ignore_patterns("__pycache__"))
    programs.mkdir()
    (programs / "uv").write_text(UV)
    (programs / "uv").chmod(0o755)
    (cache / "streaming-tts").mkdir(parents=True)
    log = cache / "streaming-tts" / "setup.log"
    log.write_text("of the other one")
    with (cache / "streaming-tts" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = subprocess.Popen(
            [sys.executable, str(clone / "scripts" / "lib" / "setup.py"), "unit"],
            env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "XDG_CACHE_HOME": str(cache)},
            stderr=subprocess.PIPE,
            text=True,
        )
        with process:
            assert process.stderr is not None
            assert process.stderr.readline() == "Waiting for another set-up to end\n"
            assert log.read_text() == "of the other one"
            assert not (cache / "asked").exists()
            fcntl.flock(lock, fcntl.LOCK_UN)
            words = process.stderr.read()
    assert "Set-up stopped. Remove " in words
    assert (cache / "asked").read_text().split() == ["--version", "python", "venv"]
