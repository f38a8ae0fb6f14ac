"""Create the environments of the other commands.

    python3 scripts/lib/setup.py ENVIRONMENT ...

Each environment is a dependency group of pyproject.toml and is created in `.venv/<group>`, unless it's up to date.
`oldest` is the group `unit` with the minimum version of Home Assistant from hacs.json. Only the repository and the
cache folder are changed.

Runs on the machine's own Python: standard library only, Python 3.9 or newer.
"""

import ast
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
import fcntl
import hashlib
import json
from pathlib import Path
import sys
import time

import toolchain
from toolchain import SetupError, run

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ROOT / ".venv"
STORE = ROOT / "hacs.json"
OLDEST = "oldest"

# Integrations that Home Assistant loads in the demo and in the tests, in addition to entity
# platforms. It would install their requirements at its start.
INTEGRATIONS = [
    "assist_pipeline", "auth", "backup", "config", "diagnostics", "ffmpeg",
    "file_upload", "frontend", "hardware", "hassio", "history", "homeassistant", "http",
    "logbook", "logger", "lovelace", "marketplace", "media_source", "network",
    "onboarding", "recorder", "repairs", "search", "system_health", "system_log",
]  # fmt: skip

# Requirements of assist_pipeline without a wheel for Python 3.14. They process microphone
# audio, which isn't used here; they only have to be importable.
STAND_INS = {
    "pymicro-vad": """
class MicroVad:
    def Process10ms(self, audio):
        return 0.0
""",
    "pyspeex-noise": """
class AudioProcessor:
    def __init__(self, auto_gain, noise_suppression):
        pass

    def Process10ms(self, audio):
        self.audio = audio
        return self
""",
}


def main(names: Sequence[str]) -> int:
    """Create missing or outdated environments."""
    toolchain.CACHE.mkdir(parents=True, exist_ok=True)
    ENVIRONMENTS.mkdir(exist_ok=True)
    with locked(ENVIRONMENTS / ".lock"):
        outdated = [name for name in names if not is_current(name)]
        return make_environments(outdated) if outdated else 0


def make_environments(outdated: Sequence[str]) -> int:
    """Create environments; return the exit status."""
    # All clones of the repository share the cache, and programs are unpacked into it
    with locked(toolchain.CACHE / ".lock"):
        toolchain.LOG.write_text("")
        try:
            with step("[1/3] uv") as notes:
                uv = toolchain.find_uv(notes)
            with step("[2/3] Python 3.14") as notes:
                python = toolchain.find_python(uv, notes)
            with step(f"[3/3] Environments {', '.join(outdated)}") as notes, ThreadPoolExecutor() as pool:
                # Side by side, since each waits for the network and a compiler
                for made in [pool.submit(make_environment, uv, python, name, notes) for name in outdated]:
                    made.result()
        except SetupError as err:
            print(f"Set-up stopped. {err}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 130
    return 0


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock on a file between processes."""
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another set-up to end", file=sys.stderr, flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def step(title: str) -> Iterator[list[str]]:
    """Print a step with its notes and its duration."""
    print(f"{title} ... ", end="", file=sys.stderr, flush=True)
    started = time.monotonic()
    notes: list[str] = []
    try:
        yield notes
    except BaseException:
        print("stopped", file=sys.stderr)
        raise
    notes.append(f"{time.monotonic() - started:.0f} s")
    print(f"({', '.join(notes)})", file=sys.stderr)


def is_current(name: str) -> bool:
    """Return True if the environment matches the repository."""
    environment = ENVIRONMENTS / name
    stamp = environment / ".stamp"
    return (environment / "bin" / "python").exists() and stamp.exists() and stamp.read_text() == fingerprint()


def fingerprint() -> str:
    """Hash everything that an environment depends on."""
    sources = (ROOT / "pyproject.toml", STORE, Path(__file__), Path(toolchain.__file__))
    content = b"".join(source.read_bytes() for source in sources)
    return hashlib.sha256(content).hexdigest()


def make_environment(uv: Path, python: Path, name: str, notes: list[str]) -> None:
    """Create or update an environment from its group in pyproject.toml."""
    advice = "Check the network and that PyPI can be reached, then run this again"
    environment = ENVIRONMENTS / name
    interpreter = environment / "bin" / "python"
    if not interpreter.exists():
        venv = [uv, "venv", "--no-project", "--clear", "--python", python, environment]
        run(venv, f"Remove {environment} and run this again")
    install = [uv, "pip", "install", "--python", interpreter]
    group, instead = name, []
    if name == OLDEST:
        # The test tools are pinned to the release that they were built from
        overrides = environment / "overrides.txt"
        overrides.write_text(f"homeassistant=={json.loads(STORE.read_text())['homeassistant']}\n")
        group, instead = "unit", ["--override", overrides]
    run([*install, *instead, "--group", f"{ROOT / 'pyproject.toml'}:{group}"], advice)

    homeassistant = next(environment.glob("lib/python*/site-packages/homeassistant"))
    requirements = [
        *integration_requirements(homeassistant / "components"),
        *sign_in_requirements(homeassistant / "auth"),
    ]
    sources = [r for r in requirements if r.partition("==")[0] in STAND_INS]
    wheels = [r for r in requirements if r not in sources]
    constraint = ["--constraint", homeassistant / "package_constraints.txt"]
    run([*install, *constraint, *wheels], advice)
    try:
        variables = toolchain.compiler_variables(python)
        run([*install, *sources], "There may be no compiler", variables=variables)
    except SetupError:
        notes.append(f"{name} with stand-ins for what needs a compiler")
        for requirement in sources:
            write_stand_in(homeassistant.parent, requirement)
    (environment / ".stamp").write_text(fingerprint())


def integration_requirements(components: Path) -> list[str]:
    """List the requirements that Home Assistant would install at its start, with versions."""
    manifests = {file.parent.name: json.loads(file.read_text()) for file in components.glob("*/manifest.json")}
    waiting = [
        domain
        for domain, manifest in manifests.items()
        if manifest.get("integration_type") == "entity" or domain in INTEGRATIONS
    ]
    seen: set[str] = set()
    requirements: set[str] = set()
    while waiting:
        domain = waiting.pop()
        if domain not in seen:
            seen.add(domain)
            requirements.update(manifests[domain].get("requirements", []))
            waiting += manifests[domain].get("dependencies", [])
    return sorted(requirements)


def sign_in_requirements(auth: Path) -> list[str]:
    """List the requirements of the second factor, which Home Assistant enables by default."""
    module = ast.parse((auth / "mfa_modules" / "totp.py").read_text())
    return [
        requirement
        for node in module.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "REQUIREMENTS"
        for requirement in ast.literal_eval(node.value)
    ]


def write_stand_in(site_packages: Path, requirement: str) -> None:
    """Create an empty package with the name and version of a requirement."""
    name, _, version = requirement.partition("==")
    module = name.replace("-", "_")
    (site_packages / f"{module}.py").write_text(STAND_INS[name].lstrip())
    metadata = site_packages / f"{module}-{version}.dist-info" / "METADATA"
    metadata.parent.mkdir(exist_ok=True)
    metadata.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (metadata.parent / "RECORD").write_text(f"{module}.py,,\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
