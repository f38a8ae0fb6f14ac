"""Create the archive that HACS installs, and the release notes of its version."""

import argparse
import json
from pathlib import Path
import re
import sys
import zipfile

ROOT = Path(__file__).resolve().parents[2]
COMPONENT = ROOT / "custom_components" / "streaming_tts"
ARCHIVE = "streaming_tts.zip"
_EPOCH = (1980, 1, 1, 0, 0, 0)


class PackageError(Exception):
    """The version differs from the version of the repository."""


def named_versions() -> dict[str, str | None]:
    """Return the version in each file."""
    manifest = json.loads((COMPONENT / "manifest.json").read_text(encoding="utf-8"))
    project = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    newest = re.search(r"^## (\d\S*)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    return {
        "manifest.json": manifest["version"],
        "pyproject.toml": project and project[1],
        "CHANGELOG.md": newest and newest[1],
    }


def notes(version: str) -> str:
    """Return the section of a version from the changelog."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(version)}\b.*?\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    if found is None:
        raise PackageError(f"CHANGELOG.md has nothing about {version}")
    return found[1].strip() + "\n"


def package(version: str, folder: Path) -> Path:
    """Write archive and notes into a folder and return the archive, which is reproducible.

    Raises `PackageError` if a file has another version.
    """
    if wrong := {name: named for name, named in named_versions().items() if named != version}:
        raise PackageError(", ".join(f"{name} says {named}" for name, named in wrong.items()) + f", not {version}")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "notes.md").write_text(notes(version), encoding="utf-8")
    archive = folder / ARCHIVE
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(COMPONENT.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                info = zipfile.ZipInfo(path.relative_to(COMPONENT).as_posix(), _EPOCH)
                info.compress_type = zipfile.ZIP_DEFLATED
                info.external_attr = 0o644 << 16
                packed.writestr(info, path.read_bytes())
    return archive


def main() -> int:
    """Create the archive of the requested version."""
    parser = argparse.ArgumentParser(prog="scripts/package", description=__doc__)
    parser.add_argument("version")
    try:
        archive = package(parser.parse_args().version, ROOT / "dist")
    except PackageError as error:
        print(error, file=sys.stderr)
        return 1
    print(archive.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
