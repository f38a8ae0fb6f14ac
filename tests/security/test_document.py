"""docs/security.md and the tests agree: the tests it cites exist, and it cites every test of this folder."""

import ast
from pathlib import Path
import re

from custom_components.streaming_tts import media_source
from custom_components.streaming_tts.cloning.recordings import DECODING_SECONDS, MAX_FILE_BYTES, MAX_PCM_BYTES
from custom_components.streaming_tts.playback import clips
from custom_components.streaming_tts.providers import markup as inline, uploads
from custom_components.streaming_tts.providers.asyncflow import errors as asyncflow_words, voices as asyncflow_catalogue
from custom_components.streaming_tts.providers.sarvam import catalogue as sarvam_catalogue
from custom_components.streaming_tts.providers.transport import http as wire, json_values as values, sse, websocket
from custom_components.streaming_tts.providers.types import Timeouts
from tests.tables import each_row

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
MB = 1000 * 1000
MIB = 1024 * 1024


def names_in(path: Path) -> set[str]:
    """Return the names of the tests in a module."""
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, functions) and node.name.startswith("test_")}


NAMED = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", DOCUMENT)


def test_cited_tests_exist() -> None:
    """A renamed test has to be renamed in the document, too."""
    missing = [f"{path}::{name}" for path, name in NAMED if name not in names_in(ROOT / path)]
    assert missing == []


def test_all_tests_of_this_folder_are_cited() -> None:
    """Each test is cited once, except for the tests of the document itself."""
    here = {
        (f"tests/security/{path.name}", name)
        for path in Path(__file__).parent.glob("test_*.py")
        for name in names_in(path)
        if path != Path(__file__)
    }
    assert here - set(NAMED) == set()
    assert len(NAMED) == len(set(NAMED))


def test_every_section_cites_its_tests() -> None:
    """Except for the summary, headings with subsections, and the unprotected rest."""
    points = re.split(r"^##+ ", DOCUMENT, flags=re.MULTILINE)[1:]
    tested = {point.partition("\n")[0]: "*Tested by*" in point for point in points}
    without = {title for title, is_tested in tested.items() if not is_tested}
    assert without == {"In short", "Keys and sessions", "Spoken text", "What isn't protected"}


@each_row(
    ("words", "number"),
    [
        (
            "error response | 64 KB; at most 1,000 characters",
            (wire.MAX_ERROR_BYTES, values.MAX_MESSAGE_CHARACTERS) == (64 * 1024, 1000),
        ),
        ("response without audio, decompressed | 4 MB", wire.MAX_JSON_BYTES == 4 * MIB),
        ("128 MB, and 90 MB of audio", (wire.MAX_AUDIO_JSON_BYTES, wire.MAX_AUDIO_BYTES) == (128 * MIB, 90 * MIB)),
        ("200,000, counted before", values.MAX_JSON_PARTS == 200_000),
        ("WebSocket message | 4 MB", websocket.MAX_FRAME_BYTES == 4 * MIB),
        ("server-sent event | 16 MB", sse.MAX_EVENT_BYTES == 16 * MIB),
        (
            "100 pages of 100 voices; names of 200 characters, descriptions of 1,000",
            (asyncflow_catalogue.MAX_PAGES, asyncflow_catalogue.PAGE_SIZE) == (100, 100)
            and (values.MAX_NAME_CHARACTERS, values.MAX_DESCRIPTION_CHARACTERS) == (200, 1000),
        ),
        ("dictionaries | 50", sarvam_catalogue.MAX_BELIEVED == 50),
        (
            "8 MB, 20 seconds, 3 redirects, 4 downloads at a time",
            (uploads.MAX_BYTES, uploads.MAX_SECONDS, uploads.MAX_REDIRECTS, media_source.MAX_FETCHES)
            == (8 * MIB, 20.0, 3, 4),
        ),
        ("word timestamps | 20,000", asyncflow_words.MAX_WORDS == 20_000),
        (
            "5 s to connect, 10 s for the first audio and between two chunks, 15 min in total",
            (Timeouts(), wire.MAX_WAIT) == (Timeouts(connect=5.0, first_byte=10.0, between=10.0), 900.0),
        ),
        ("requested by a service | one day", values.MAX_RETRY_AFTER == 24 * 3600.0),
        ("for an hour, up to 32 MB", (clips.LIFETIME, clips.MAX_BYTES) == (3600.0, 32 * MIB)),
        ("Size (at most 50 MB)", MAX_FILE_BYTES == 50 * MB),
        ("limited to 60 seconds and 24 MB", (DECODING_SECONDS, MAX_PCM_BYTES) == (60.0, 24 * MB)),
        ("`<break>` of up to 5 seconds", inline.MAX_PAUSE == 5000),
    ],
)
def test_limits_match_the_code(words: str, *, number: bool) -> None:
    """Each limit is in the document and matches the constant in the code."""
    assert words in DOCUMENT
    assert number
