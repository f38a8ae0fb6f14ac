"""What holds for every file of the repository: nothing of the machine it was written on, and no link into nothing."""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
import json
from pathlib import Path
import re
import subprocess
from typing import Final

from tests.tables import each_row

ROOT: Final = Path(__file__).parents[1]
PICTURES: Final = frozenset({".png", ".wav", ".mp3", ".ico", ".webp", ".gif"})
MADE: Final = frozenset(
    {".venv", "__pycache__", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache", "demo", "dist"}
)
"""Generated files."""
STORES: Final = ("py" + "pi", "python" + "hosted", "npm" + "js", "crates" + "." + "io", "proxy.go" + "lang")
REGISTRY: Final = re.compile(rf"\b(?:[\w-]+\.)*(?:{'|'.join(map(re.escape, STORES))})\.(?:org|com)\b", re.IGNORECASE)
MACHINE: Final = re.compile(r"(?<![\w.$}])/(?:work|root|home|Users)/\w[\w.-]*")
LINK: Final = re.compile(
    r"(?<!\\)\]\((?P<target>[^()\s]+)(?:\s+\"[^\"]*\")?\)|<(?:img|a|source)\s[^>]*\b(?:src|href|srcset)=\"(?P<tag>[^\"]+)\""
)
HEADING: Final = re.compile(r"^#{1,6}\s+(.+?)\s*$", re.MULTILINE)
WAY: Final = re.compile(r"\*\*([^*\n]+ > [^*\n]+)\*\*")
NAMED_BY_PEOPLE: Final = frozenset({"Streaming TTS", "Voice samples", "your assistant"})
"""Names that no translation has: the manifest's, the media source's, and what stands for another one."""
CODE: Final = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def tracked() -> list[Path]:
    """Return the files that belong to the repository, also where it was unpacked from an archive."""
    if not (ROOT / ".git").exists():
        return [path for path in sorted(ROOT.rglob("*")) if path.is_file() and not MADE & set(path.parts)]
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for name in sorted(listed.split("\0")) if name and (path := ROOT / name).is_file()]


FILES: Final = [path for path in tracked() if path.suffix not in PICTURES]
PAGES: Final = [path for path in FILES if path.suffix == ".md"]


def named(path: Path) -> str:
    """Return the name of a file within the repository."""
    return str(path.relative_to(ROOT))


def said(path: Path) -> str:
    """Return what is in a file."""
    return path.read_text(encoding="utf-8", errors="replace")


def test_no_file_names_the_host_of_a_package_registry() -> None:
    """Which one is used is the machine's to say."""
    assert [named(path) for path in FILES if REGISTRY.search(said(path))] == []


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    """No folder of it."""
    found = {named(path): MACHINE.findall(said(path)) for path in FILES}
    assert {name: places for name, places in found.items() if places} == {}


@each_row("page", PAGES, ids=named)
def test_a_link_leads_to_something(page: Path) -> None:
    """Within the repository, to a file and to a heading in it."""
    assert [target for target in links(page) if not leads_somewhere(page, target)] == []


def test_each_picture_is_shown_somewhere() -> None:
    """In light and dark mode: unused pictures are removed."""
    shown = {(page.parent / target).resolve() for page in PAGES for target in links(page)}
    assert set((ROOT / "docs" / "pictures").iterdir()) - shown == set()


@each_row("page", PAGES, ids=named)
def test_a_way_through_the_frontend_has_the_names_that_are_seen_there(page: Path) -> None:
    """In English: those of Home Assistant's frontend, of this integration, and what a person named."""
    seen = words_of_the_frontend() | NAMED_BY_PEOPLE
    steps = {step for way in WAY.findall(CODE.sub("", said(page))) for step in way.split(" > ")}
    assert steps - seen == set()


@cache
def words_of_the_frontend() -> frozenset[str]:
    """Return all that the frontend and this integration say in English."""
    frontend = Path(str(files("hass_frontend"))) / "static" / "translations"
    integration = ROOT / "custom_components" / "streaming_tts" / "translations" / "en.json"
    return frozenset(word for file in (*frontend.rglob("en-*.json"), integration) for word in words(file))


def words(file: Path) -> Iterator[str]:
    """Yield what is said in a file of translations."""
    pending = [json.loads(file.read_text(encoding="utf-8"))]
    while pending:
        found = pending.pop()
        if isinstance(found, str):
            yield found
        else:
            pending.extend(found.values())


def links(page: Path) -> Iterator[str]:
    """Yield where a page points to within the repository."""
    for found in LINK.finditer(CODE.sub("", said(page))):
        target = found["target"] or found["tag"]
        if not re.match(r"[a-z][a-z0-9+.-]*:", target):
            yield target


def leads_somewhere(page: Path, target: str) -> bool:
    """Tell whether there is such a file, and such a heading in it."""
    name, _, place = target.partition("#")
    path = (page.parent / name).resolve() if name else page
    return path.exists() and (not place or place in {anchor(heading) for heading in HEADING.findall(said(path))})


def anchor(heading: str) -> str:
    """Return what a heading is called in a link to it."""
    plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
