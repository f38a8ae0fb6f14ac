"""The archive that is released is the integration, whole and in the version that all files name."""

from pathlib import Path
import zipfile

import package
import pytest

VERSION = package.named_versions()["manifest.json"] or ""


def test_all_files_name_one_version() -> None:
    """A release that says different things of itself is not made."""
    assert set(package.named_versions().values()) == {VERSION}


def test_the_archive_has_all_that_home_assistant_loads(tmp_path: Path) -> None:
    """At its top, as the store unpacks it, and nothing that was made by running."""
    with zipfile.ZipFile(package.package(VERSION, tmp_path)) as packed:
        names = packed.namelist()
        assert packed.testzip() is None
        assert packed.read("manifest.json") == (package.COMPONENT / "manifest.json").read_bytes()
    assert {"__init__.py", "tts.py", "translations/en.json", "brand/icon.png", "speech/session.py"} <= set(names)
    assert not [name for name in names if "__pycache__" in name]


def test_the_same_files_make_the_same_archive(tmp_path: Path) -> None:
    """So that anyone can reproduce a release."""
    one, other = (package.package(VERSION, tmp_path / name) for name in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()


def test_the_notes_are_what_the_changelog_says(tmp_path: Path) -> None:
    """Of this version alone."""
    package.package(VERSION, tmp_path)
    notes = (tmp_path / "notes.md").read_text(encoding="utf-8")
    assert notes.strip()
    assert "## " not in notes


def test_another_version_is_refused(tmp_path: Path) -> None:
    """And nothing is written."""
    with pytest.raises(package.PackageError, match=r"manifest\.json says .*, not 99\.0\.0"):
        package.package("99.0.0", tmp_path)
    assert list(tmp_path.iterdir()) == []
