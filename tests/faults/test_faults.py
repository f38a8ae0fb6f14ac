"""With any fault, no sentence is lost without a reported error, and nothing is left open."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Generator, Iterable
from dataclasses import dataclass
import gc
import logging
from pathlib import Path
import subprocess
import sys
from unittest.mock import patch

import pytest

from custom_components.streaming_tts.providers.types import Failure
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from tests.autojump_clock import autojump
from tests.emulator.emulator import Emulator, running_emulator
from tests.emulator.settings import Settings
from tests.faults.cells import Form, Outcome, Stage, Trouble
from tests.faults.document import DOCUMENT
from tests.faults.endings import COMMON_SITUATIONS, SITUATIONS, SPOKEN, Ending, Situation, Text
from tests.faults.home import QUIET, Home, all_move_out, ben_moves_in
from tests.faults.matrix import one_of_each
from tests.faults.scene import NoNames
from tests.faults.table import instance_row, table

TOLD = {
    Ending.WHOLE: "spoken",
    Ending.REPEATED: "spoken",
    Ending.TAKEN_OVER: "taken_over",
    Ending.CONTINUED: "taken_over",
    Ending.ERROR: "failed",
    Ending.STOPPED: "stopped",
}
ISSUES = {Failure.QUOTA: "quota_exhausted", Failure.VOICE: "voice_gone", Failure.OUTDATED: "outdated"}
LONGEST = 120.0
"""Maximum seconds of an utterance."""


@pytest.fixture
async def emulator(socket_enabled: None) -> AsyncGenerator[Emulator]:
    """Return the services, which keep their addresses when they restart."""
    async with running_emulator(Settings()) as emulator:
        yield emulator


@pytest.fixture
def mock_zeroconf_resolver() -> Generator[None]:
    """Let the sessions of Home Assistant resolve no host, instead of using the network."""
    with patch("homeassistant.helpers.aiohttp_client._async_make_resolver", return_value=NoNames()):
        yield


@pytest.fixture
async def one_clock(emulator: Emulator) -> AsyncGenerator[None]:
    """Use one clock for everything in the test, including services and kept-alive connections."""
    loop = asyncio.get_running_loop()
    loop.set_debug(False)
    with (
        autojump(loop, frozen=True) as clock,
        patch("aiohttp.connector.monotonic", clock.time),
        patch.object(dt_util, "utcnow", emulator.clock.now),
    ):
        yield


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenery:
    """The setup for all cells of a row: Home Assistant on a jumping clock, its folder of speech, its log."""

    home: HomeAssistant
    emulator: Emulator
    folder: Path
    log: pytest.LogCaptureFixture

    def shows(self, secrets: Iterable[str]) -> bool:
        """Return True if one of our own log lines has a secret."""
        ours = [record for record in self.log.records if record.name.startswith("custom_components")]
        lines = [self.log.handler.format(record) for record in ours]
        return any(secret in line for secret in secrets for line in lines)


@pytest.fixture
def scenery(
    home: HomeAssistant, emulator: Emulator, one_clock: None, tts_cache: Path, caplog: pytest.LogCaptureFixture
) -> Generator[Scenery]:
    """Return the setup; Home Assistant only logs warnings."""
    with caplog.at_level(logging.WARNING), caplog.at_level(logging.DEBUG, "custom_components.streaming_tts"):
        yield Scenery(home=home, emulator=emulator, folder=tts_cache, log=caplog)
    gc.collect()  # a row's utterances take up to 30 MB


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "situation",
    [pytest.param(each, marks=() if each in COMMON_SITUATIONS else pytest.mark.full) for each in SITUATIONS],
    ids=str,
)
async def test_no_sentence_is_lost_without_a_reported_error(
    situation: Situation,
    scenery: Scenery,
    record_property: Callable[[str, object], None],
    pytestconfig: pytest.Config,
) -> None:
    """With one fault of each failure and stage; with `--full` in every cell, as documented."""
    full: bool = pytestconfig.option.full
    ben = await ben_moves_in(scenery.home, scenery.emulator, situation) if situation.fallback else None
    await asyncio.sleep(QUIET)
    tasks = asyncio.all_tasks()
    endings: Counter[Ending] = Counter()
    failed: list[Exception] = []
    for number, trouble in enumerate(situation.troubles if full else one_of_each(situation.troubles)):
        place = Home(scenery.home, scenery.emulator, situation, ben)
        await place.move_in(number)
        try:
            ending = await play(place, trouble, scenery.folder)
            await see_that_it_is_over(place, trouble, tasks)
            endings[ending] += 1
            assert not scenery.shows(place.secrets)
        except Exception as error:  # noqa: BLE001 - the next cell is to be seen too
            error.add_note(f"{trouble.stage}: {trouble.name}")
            failed.append(error)
            await trouble.mend(place)
        await place.move_out()
        scenery.log.clear()
    await all_move_out(scenery.home)
    if failed:
        raise ExceptionGroup(str(situation), failed)
    row = instance_row(situation, endings)
    record_property("row", row)
    if full and row not in DOCUMENT.read_text().splitlines():
        pytest.fail(
            f"docs/dev/faults.md lacks {row!r}; `python -m tests.faults --write` brings it up to date", pytrace=False
        )


async def play(place: Home, trouble: Trouble, folder: Path) -> Ending:
    """Cause a fault during speech, and check audio, reports, and caches; return the ending."""
    heard = await place.trouble(trouble)
    ending = place.ending_of(heard)
    possible = place.situation.endings(trouble)
    assert ending in possible
    assert heard.took < LONGEST
    see_that_it_came(place, trouble)
    see_what_is_reported(place, trouble)
    if Ending.UNDETECTED not in possible:
        failure = None if ending in (Ending.WHOLE, Ending.REPEATED) else trouble.over_http or trouble.expected
        assert place.told == (TOLD[ending], failure, "tts.ben" if TOLD[ending] == "taken_over" else None)
        if heard.error is None:
            assert ending in SPOKEN or (place.situation.written and ending in (Ending.STOPPED, Ending.ERROR))
        else:
            reason = reason_of(trouble, failure)
            assert str(heard.error.translation_key).removesuffix("_unnamed") == f"provider_{reason}"
        # Audio without an end mark isn't cached, and neither is added silence
        whole = ending is Ending.WHOLE and not trouble.unmarked and not place.was_silent
        assert place.is_kept(folder) == (whole and not place.situation.written)
    return ending


def see_that_it_came(place: Home, trouble: Trouble) -> None:
    """Check that the fault has occurred on its route.

    A socket that has spoken before, and ends before the next audio, may have been closed only for that reason: then
    it's UNREACHABLE, or opened again immediately.
    """
    assert [fault for fault in place.service.faults.pending() if fault.times == 1] == []
    if place.route.form is not Form.FRAMES:  # Speech over a socket may start over HTTP
        assert place.asked_over[:1] in ([], [place.route.path])
    if place.situation.text is Text.SECOND_REQUEST and trouble.stage is Stage.ANSWER:
        return
    strikes_speech = trouble.faults and trouble.stage in (Stage.ANSWER, Stage.SOUND, Stage.END)
    if strikes_speech and isinstance(trouble.expected, Failure):
        assert trouble.expected in place.failures


def is_about_the_model(trouble: Trouble) -> bool:
    """Return True if the service no longer has the model of the voice."""
    names = ("Model 'bulbul:v2'", "MODEL_NOT_SUPPORTED", "retired model", "InvalidParameter.Model")
    return any(words in trouble.name for words in names)


PROBLEMS = {
    "SignatureExpire": "clock_off",
    "SdkAppId": "application_unknown",
    "sdk_app_ids": "application_unknown",
    "UnauthorizedOperation": "permission_missing",
    "NotAllowed": "not_activated",
    "NotAbility": "not_activated",
    "no package": "not_activated",
    "Resource": "in_arrears",
}
"""Reasons other than the failure, by a part of the fault's name; the first match counts."""


def reason_of(trouble: Trouble, failure: Failure | Outcome | None) -> str:
    """Return the expected reason of an error."""
    if is_about_the_model(trouble):
        return "model_retired"
    return next((problem for part, problem in PROBLEMS.items() if part in trouble.name), str(failure))


async def see_that_it_is_over(place: Home, trouble: Trouble, tasks: set[asyncio.Task[object]]) -> None:
    """Check that nothing is running or open, and that the text is spoken after the fault."""
    await asyncio.sleep(QUIET)
    assert place.open_connections == 0
    assert asyncio.all_tasks() <= tasks
    await place.mend(trouble)
    again = await place.hear()
    if Ending.UNDETECTED not in place.situation.endings(trouble):
        assert place.ending_of(again) is Ending.WHOLE, "Nothing of it was kept"
        assert place.told == ("spoken", None, None)
        assert place.issues <= {"outdated"}
        assert place.is_exhausted != "on"


def see_what_is_reported(place: Home, trouble: Trouble) -> None:
    """Check that sensors, issues, and reauthentication match the requests."""
    issues = ISSUES | ({Failure.VOICE: "model_retired"} if is_about_the_model(trouble) else {})
    assert place.issues == {issues[failure] for failure in place.failures & issues.keys()}
    assert place.asks_to_sign_in == (Failure.AUTH in place.failures)
    assert (place.is_exhausted == "on") == (Failure.QUOTA in place.failures)


def test_the_document_has_the_matrix_of_the_adapters() -> None:
    """As printed by the command."""
    assert table() in DOCUMENT.read_text()


@pytest.mark.full
def test_the_command_plays_a_part() -> None:
    """And prints its row as documented."""
    part = "sarvam-stream and complete and alone and always"
    command = [sys.executable, "-m", "tests.faults", "--full", "--numprocesses=0", "-k", part]
    played = subprocess.run(command, capture_output=True, text=True, check=False)
    assert played.returncode == 0, played.stdout
    rows = [line for line in played.stdout.splitlines() if line.startswith("| sarvam-stream | complete |")]
    assert len(rows) == 1
    assert rows[0] in DOCUMENT.read_text()


def test_the_document_has_a_row_for_each_situation_and_no_other() -> None:
    """So that the sums are complete."""
    rows = [line.split(" | ") for line in DOCUMENT.read_text().splitlines() if line.count("|") == 13]
    assert sorted((row[0][2:], *row[1:4]) for row in rows[2:-1]) == sorted(situation.words for situation in SITUATIONS)
