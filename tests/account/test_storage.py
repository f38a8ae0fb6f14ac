"""The storage folder: files of an earlier, a later and a damaged release, as they are on a disk."""

import asyncio
from collections.abc import Callable, Iterator
import json
from pathlib import Path
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.streaming_tts.account.quota import BudgetTracker
from custom_components.streaming_tts.const import DOMAIN
from custom_components.streaming_tts.providers.types import Charge
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    category_registry as cr,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    issue_registry as ir,
    label_registry as lr,
)
from homeassistant.setup import async_setup_component
from tests.accounts import account, is_loaded, service_of, set_up, speak, state_of
from tests.emulator.emulator import Emulator

FIRST_RELEASE: Final = Path(__file__).parents[1] / "fixtures" / "config_0_1_0"
"""A configuration folder that release 0.1.0 has written, its services' addresses replaced and its catalogues cut."""

LASTING = ("account", "pronunciations")
CACHES = ("catalogue", "dictionaries")

VOICE: dict[str, Any] = {
    "voice_id": "v-1",
    "name": "Aunt Anna",
    "languages": [],
    "models": [],
    "gender": None,
    "description": None,
    "accent": None,
    "styles": [],
    "own": True,
    "preview_url": None,
}
LEDGER: dict[str, Any] = {
    "charged": {"requests": 7, "characters": 70, "seconds": 12.5, "points": 0},
    "failures": {"server": 1},
    "quota": {"limit": None, "used": None, "remaining": None, "source": None, "renewal": None, "refused": None},
}
CLONE = {"voice": VOICE, "consented_at": "2026-11-01T12:00:00+00:00", "listed": False}
CONTENT: dict[str, dict[str, Any]] = {
    "account": {"ledger": LEDGER, "clones": [CLONE]},
    "catalogue": {"voices": [VOICE]},
    "pronunciations": {"entries": [{"word": "Nabu", "language": "en", "respelling": "nah boo"}]},
    "dictionaries": {"newest": "2026-11-01T12:00:00+00:00"},
}

DAMAGES: dict[str, Callable[[dict[str, Any]], str]] = {
    "cut off": lambda file: json.dumps(file)[:-9],
    "empty": lambda file: "",
    "a list": lambda file: "[1]",
    "without a version": lambda file: json.dumps(file["data"]),
    "of a later major version": lambda file: json.dumps({**file, "version": 2}),
    "of another shape": lambda file: json.dumps({**file, "data": dict.fromkeys(file["data"], 5)}),
    "of no shape": lambda file: json.dumps({**file, "data": ["x"]}),
}


@pytest.fixture
def hass_storage() -> dict[str, Any]:
    """Let Home Assistant write real files."""
    return {}


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Let it write them into a folder of this test alone."""
    (Path(hass_tmp_config_dir) / ".storage").mkdir(exist_ok=True)
    return hass_tmp_config_dir


def path_of(home: HomeAssistant, entry: ConfigEntry, name: str) -> Path:
    """Return a file of the account, or of the house."""
    key = f"{entry.entry_id}.{name}" if name in CONTENT["account"] or name in ("account", "catalogue") else name
    return Path(home.config.path(".storage", f"{DOMAIN}.{key}"))


def write(path: Path, content: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Write a file as Home Assistant does; return what is in it."""
    file = {"version": 1, "minor_version": 1, "key": path.name, "data": content, **changes}
    path.write_text(json.dumps(file))
    return file


def read(path: Path) -> Any:
    """Return what a file has stored."""
    return json.loads(path.read_text())["data"]


async def written(home: HomeAssistant, entry: ConfigEntry) -> dict[str, Any]:
    """Return what is stored of an account, when that is written."""
    await entry.runtime_data.storage.async_save()
    content: dict[str, Any] = read(path_of(home, entry, "account"))
    return content


def set_aside(path: Path) -> list[Path]:
    """Return the files in which what a file held is kept."""
    return [each for each in path.parent.glob(f"{path.name}.*") if ".corrupt." in each.name or ".unread" in each.name]


def reported(home: HomeAssistant, path: Path) -> list[ir.IssueEntry]:
    """Return the issues about a file: ours, or Home Assistant's own for one that is no JSON."""
    return [issue for issue in ir.async_get(home).issues.values() if path.name in issue.issue_id and issue.active]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", LASTING)
async def test_a_file_that_cannot_be_read_is_set_aside_and_reported(
    home: HomeAssistant, emulator: Emulator, name: str, damage: str
) -> None:
    """The house speaks all the same, and what was in the file is there to be mended."""
    entry = account("asyncflow", emulator)
    path = path_of(home, entry, name)
    unreadable = DAMAGES[damage](write(path, CONTENT[name]))
    path.write_text(unreadable)
    await set_up(home, entry)
    assert is_loaded(entry)
    assert await speak(home, "I speak all the same.")
    (kept,) = set_aside(path)
    assert kept.read_text() == unreadable
    assert len(reported(home, path)) == 1


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", CACHES)
async def test_a_cache_that_cannot_be_read_is_fetched_again(
    home: HomeAssistant, emulator: Emulator, name: str, damage: str
) -> None:
    """Nobody needs to know."""
    entry = account("asyncflow", emulator)
    path = path_of(home, entry, name)
    path.write_text(DAMAGES[damage](write(path, CONTENT[name])))
    await set_up(home, entry)
    assert is_loaded(entry)
    assert await speak(home, "I speak all the same.")
    assert not set_aside(path)
    assert not reported(home, path)
    assert read(path)


@pytest.mark.parametrize(
    ("part", "value", "kept"),
    [
        ("ledger", {**LEDGER, "charged": {"requests": "many"}}, {"clones": ["v-1"], "failures": {"server": 1}}),
        ("ledger", {**LEDGER, "quota": {**LEDGER["quota"], "renewal": "soon"}}, {"clones": ["v-1"], "requests": 7}),
        (
            "ledger",
            {**LEDGER, "quota": {**LEDGER["quota"], "renewal": "2026-12-01T00:00:00"}},
            {"clones": ["v-1"], "requests": 7},
        ),
        ("clones", [{"voice": 5}, CLONE], {"clones": ["v-1"], "requests": 7}),
        ("credentials", {"origin": 5}, {"clones": ["v-1"], "requests": 7}),
        ("refused", 5, {"clones": ["v-1"], "requests": 7}),
    ],
)
async def test_what_can_be_read_of_a_damaged_file_is_taken_up(
    home: HomeAssistant, emulator: Emulator, part: str, value: Any, kept: dict[str, Any]
) -> None:
    """Each part of an account alone; the whole file is kept beside it."""
    entry = account("asyncflow", emulator)
    path = path_of(home, entry, "account")
    write(path, {**CONTENT["account"], part: value})
    await set_up(home, entry)
    (aside,) = set_aside(path)
    assert read(aside)[part] == value
    assert len(reported(home, path)) == 1
    now = read(path)
    found = {
        "clones": [clone["voice"]["voice_id"] for clone in now["clones"]],
        "failures": now["ledger"]["failures"],
        "requests": now["ledger"]["charged"]["requests"],
    }
    assert found | kept == found


async def test_the_report_of_a_file_goes_when_it_is_confirmed_and_with_the_account(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """Nothing of a person stays when the account is removed, not even in what was set aside."""
    entry = account("asyncflow", emulator)
    path = path_of(home, entry, "account")
    write(path, CONTENT["account"], version=2)
    await set_up(home, entry)
    assert set_aside(path)
    await home.config_entries.async_remove(entry.entry_id)
    await home.async_block_till_done()
    assert not [each for each in path.parent.iterdir() if entry.entry_id in each.name]
    assert not reported(home, path)


async def test_what_a_later_release_has_stored_is_kept_and_ignored(home: HomeAssistant, emulator: Emulator) -> None:
    """A step back to this release loses nothing of it, also when all is written again."""
    later = {"voice": "of tomorrow"}
    mark = {**LEDGER["charged"], "smiles": 3}
    budget = {
        "budget": {"kind": "monthly", "unit": "characters", "amount": 500.0, "renewal_day": 1, "mood": "good"},
        "granted": 400.0,
        "mark": {**mark, "requests": 0, "characters": 0},
        "renewal": None,
        "refused": False,
    }
    ledger = {
        **LEDGER,
        "charged": mark,
        "failures": {"server": 1, "bored": 2},
        "quota": {**LEDGER["quota"], "mood": 1},
        "budget": budget,
        "mood": later,
    }
    clone = {**CLONE, "voice": {**VOICE, "gender": "robot", "age": 7}, "mood": later}
    entry = account("asyncflow", emulator, options={"warn_at": 10, "mood": "good", "when_used_up": "sing"})
    path = path_of(home, entry, "account")
    content = {"ledger": ledger, "clones": [clone], "mood": later}
    write(path, content, minor_version=9)
    write(path_of(home, entry, "catalogue"), {"voices": [{**VOICE, "gender": "robot", "age": 7}]}, minor_version=9)
    await set_up(home, entry)
    assert is_loaded(entry)
    assert not reported(home, path)
    assert state_of(home, "sensor.asyncflow_requests").state == "7"
    assert await speak(home, "And one more.")
    now = await written(home, entry)
    assert now["mood"] == later
    assert now["clones"] == [clone]
    assert now["ledger"]["mood"] == later
    assert now["ledger"]["failures"] == {"server": 1, "bored": 2}
    assert now["ledger"]["charged"]["requests"] == 8
    assert now["ledger"]["charged"]["smiles"] == 3
    assert now["ledger"]["quota"]["mood"] == 1


async def test_a_pronunciation_of_a_later_release_outlives_the_next_change(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """One that has more than this release knows speaks without it; one that says nothing to it is only kept."""
    more = {"word": "Nabu", "language": "en", "respelling": "nah boo", "stress": 1}
    strange = [{"word": "Casa", "language": "en", "sung": True}, 5]
    entry = account("asyncflow", emulator)
    path = path_of(home, entry, "pronunciations")
    write(path, {"entries": [more, *strange], "mood": "good"}, minor_version=9)
    await set_up(home, entry)
    assert not reported(home, path)
    change = {"pronunciations": {"all": {"HA": "home assistant"}}}
    await home.services.async_call(DOMAIN, "set_pronunciations", change, blocking=True)
    now = read(path)
    assert now["mood"] == "good"
    assert more in now["entries"]
    assert now["entries"][-2:] == strange
    assert len(now["entries"]) == 4


async def crash(home: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Start an account with the files that a crash right now leaves; return its entry."""
    prefix = path_of(home, entry, "account").with_suffix("")
    files = {file: file.read_bytes() for file in prefix.parent.glob(f"{prefix.name}.*")}
    await home.config_entries.async_remove(entry.entry_id)
    await home.async_block_till_done()
    assert not list(prefix.parent.glob(f"{prefix.name}.*"))
    for file, content in files.items():
        file.write_bytes(content)
    again = MockConfigEntry(
        domain=DOMAIN,
        entry_id=entry.entry_id,
        minor_version=entry.minor_version,
        title=entry.title,
        data=dict(entry.data),
        options=dict(entry.options),
    )
    return await set_up(home, again)


@pytest.mark.parametrize("is_saved", [False, True])
async def test_a_request_in_progress_at_a_crash_is_counted_once(
    home: HomeAssistant, emulator: Emulator, is_saved: bool
) -> None:
    """Also where the account was written meanwhile. What it costs is taken from the budget."""
    options = {"unit": "money", "amount": 100, "renewal_day": 1, "price": 100, "currency": "EUR"}
    entry = await set_up(home, account("sarvam", emulator, options=options))
    await speak(home, "Ten letters")
    await entry.runtime_data.storage.async_save()
    before = len(emulator.sarvam.asked("/text-to-speech"))
    emulator.sarvam.add_fault("stall", "/text-to-speech")
    speaking = home.async_create_background_task(speak(home, "Six letters"), "speaks")
    journal = path_of(home, entry, "account").with_suffix(".journal")
    while len(emulator.sarvam.asked("/text-to-speech")) == before or '"number": 2' not in journal.read_text():
        assert not speaking.done(), speaking
        await asyncio.sleep(0.01)  # the line of a request is written beside it, by another thread
    await home.async_block_till_done()
    if is_saved:
        await entry.runtime_data.storage.async_save()
    for _ in range(2):
        entry = await crash(home, entry)
        assert state_of(home, "sensor.sarvam_requests").state == "2"
        assert state_of(home, "sensor.sarvam_characters").state == "22"
        assert float(state_of(home, "sensor.sarvam_budget_used").state) == pytest.approx(2.2)
    speaking.cancel()


async def test_a_line_that_a_crash_has_cut_off_is_not_counted(home: HomeAssistant, emulator: Emulator) -> None:
    """The lines before it are."""
    entry = await set_up(home, account("sarvam", emulator))
    await entry.runtime_data.storage.async_save()
    await speak(home, "Ten letters")
    with path_of(home, entry, "account").with_suffix(".journal").open("a") as journal:
        journal.write('{"number": 2, "char')
    await crash(home, entry)
    assert state_of(home, "sensor.sarvam_characters").state == "11"


@pytest.fixture
def first_release(request: pytest.FixtureRequest, hass_config_dir: str, emulator: Emulator) -> Path:
    """Return a configuration folder of release 0.1.0, with the addresses of the emulated services."""
    folder = Path(hass_config_dir) / ".storage"
    for file in (FIRST_RELEASE / ".storage").iterdir():
        text = file.read_text()
        for each in ("asyncflow", "sarvam", "flow_tts"):
            text = text.replace(f"http://{each}.test", service_of(emulator, each).url)
        (folder / file.name).write_text(text)
    return folder


def files_in(folder: Path) -> list[Path]:
    """Return the files in a folder."""
    return list(folder.iterdir())


def first_files(kind: str) -> Iterator[tuple[str, Any]]:
    """Yield what release 0.1.0 stored of each account in a kind of file, by entry id."""
    for file in (FIRST_RELEASE / ".storage").glob(f"{DOMAIN}.*.{kind}"):
        yield file.name.split(".")[1], read(file)


@pytest.mark.parametrize("load_registries", [False])
async def test_a_house_of_the_first_release_loses_nothing(
    home_of_first_release: HomeAssistant, first_release: Path, emulator: Emulator
) -> None:
    """Entities, counts, budgets, clones, pronunciations and the kept session are as they were, in one file each."""
    home = home_of_first_release
    registry = {entity["entity_id"]: entity["unique_id"] for entity in stored_entities()}
    entities = {each.entity_id: each.unique_id for each in er.async_get(home).entities.values()}
    assert {entity_id for entity_id in entities if entity_id not in registry} == {
        f"sensor.{provider}_quota_level" for provider in ("asyncflow", "flow_tts", "sarvam")
    }
    assert {entity_id: entities[entity_id] for entity_id in registry} == registry
    states = json.loads((FIRST_RELEASE / "states.json").read_text())
    assert {entity_id: state_of(home, entity_id).state for entity_id in states if "tts." not in entity_id[:4]} == {
        entity_id: state for entity_id, state in states.items() if "tts." not in entity_id[:4]
    }
    entries = {entry.entry_id: entry for entry in home.config_entries.async_entries(DOMAIN)}
    for entry_id, content in first_files("clones"):
        (clone,) = content["clones"]
        consented_at = entries[entry_id].runtime_data.clones.consented_at(clone["voice"]["voice_id"])
        assert consented_at.isoformat() == clone["consented_at"]
    ((entry_id, session),) = first_files("credentials")
    assert entries[entry_id].runtime_data.provider.credentials.refresh_token == session["credentials"]["refresh_token"]
    told = await home.services.async_call(DOMAIN, "get_pronunciations", {}, blocking=True, return_response=True)
    assert told == {"pronunciations": {"en": {"Nabu": {"respelling": "nah boo"}}, "all": {"112": {"digits": True}}}}
    left = {file.suffix for file in files_in(first_release)}
    assert not left & {".ledger", ".clones", ".credentials"}
    assert not ir.async_get(home).issues
    for entry in entries.values():
        now = await written(home, entry)
        assert now["ledger"]["charged"] == dict(first_files("ledger"))[entry.entry_id]["charged"]
        before, budget = dict(first_files("ledger"))[entry.entry_id]["budget"], now["ledger"]["budget"]
        assert {key: budget[key] for key in ("renewal", "refused")}.items() <= before.items()
        if before["budget"]:
            used = BudgetTracker.of(before, Charge(**now["ledger"]["charged"])).as_dict()
            assert budget["left"] == used["left"] < before["budget"]["amount"]


@pytest.fixture
async def home_of_first_release(
    first_release: Path,
    emulator: Emulator,
    home: HomeAssistant,
    freezer: FrozenDateTimeFactory,
) -> HomeAssistant:
    """Return Home Assistant with what release 0.1.0 stored, shortly after that."""
    freezer.move_to("2026-11-30T00:35:00+00:00")
    emulator.clock.move_to(freezer())
    dr.async_setup(home)
    for registry in (ar, cr, dr, er, fr, ir, lr):
        await registry.async_load(home)
    await home.config_entries.async_initialize()
    assert await async_setup_component(home, DOMAIN, {})
    await home.async_block_till_done()
    return home


def stored_entities() -> list[dict[str, Any]]:
    """Return the entities that release 0.1.0 registered."""
    content = json.loads((FIRST_RELEASE / ".storage" / "core.entity_registry").read_text())
    entities: list[dict[str, Any]] = content["data"]["entities"]
    return entities
