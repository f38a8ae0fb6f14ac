"""Cloning in the form for a new voice: check, upload, preselection, and deletion of the files."""

import asyncio
from datetime import datetime, timedelta
import logging
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.streaming_tts.const import DOMAIN, SUBENTRY_TYPE_VOICE
from custom_components.streaming_tts.diagnostics import async_get_config_entry_diagnostics
from custom_components.streaming_tts.flows.clone import clone_schema
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util
from tests.accounts import FINISH, account, service_of, set_up, speak, state_of, suggested
from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind
from tests.emulator.flow_settings import Contract
from tests.emulator.recorded import clipped, silent, spoken
from tests.flows.clone_form import CLONE_PATHS, EACH_PROVIDER, Form, Upload, answer, asked, begin, wish, with_details
from tests.voice_files import KINDS, recorded

SOUND = {"sound": FINISH}


def files_in(folder: Path) -> list[Path]:
    """Return the uploaded files that still exist."""
    return [path for path in folder.rglob("*") if path.is_file()]


def filled(form: Form) -> dict[str, Any]:
    """Return what a form is filled with, as a browser sends it."""
    answers = {key: value for key, value in suggested(form).items() if value is not None}
    return answers | (SOUND if "sound" in form["data_schema"].schema else {})


@EACH_PROVIDER
async def test_a_cloned_voice_is_chosen_and_speaks(
    home: HomeAssistant, emulator: Emulator, upload: Upload, uploads: Path, provider: str
) -> None:
    """Recording, language, model where there is a choice, settings; the recording is gone by then."""
    entry = await set_up(home, account(provider, emulator, voices=()))
    form = await begin(home, entry)
    form = await answer(home, form, wish(await upload(spoken(11.0))) | with_details(form))
    assert (form["step_id"], form["description_placeholders"]["voice"]) == ("cloned", "Aunt Anna")
    assert set(suggested(form)) == ({"language"} if provider in ("sarvam", "tencent") else {"language", "model"})
    assert files_in(uploads) == []
    assert asked(emulator, provider) == 1
    (voice,) = (voice for voice in entry.runtime_data.catalogue.data if voice.name == "Aunt Anna")
    assert voice.own
    form = await answer(home, form, filled(form))
    assert form["step_id"] == "settings"
    form = await answer(home, form, filled(form))
    assert (form["title"], form["data"]["voice"]) == ("Aunt Anna", voice.voice_id)
    await home.async_block_till_done(wait_background_tasks=True)
    assert state_of(home, "tts.aunt_anna").name == "Aunt Anna"
    assert await speak(home, "Good evening.", entity_id="tts.aunt_anna")


@pytest.mark.parametrize("kind", KINDS)
async def test_each_kind_of_file_is_taken(
    home: HomeAssistant, emulator: Emulator, upload: Upload, uploads: Path, kind: str
) -> None:
    """As a phone or a computer records it."""
    entry = await set_up(home, account("flow_tts", emulator, voices=()))
    form = await begin(home, entry)
    form = await answer(home, form, wish(await upload(recorded(kind, 8.0), f"anna.{kind}")) | with_details(form))
    assert form["step_id"] == "cloned"
    assert files_in(uploads) == []


async def test_what_the_provider_wants_to_know_is_asked(
    home: HomeAssistant, emulator: Emulator, upload: Upload
) -> None:
    """The language is suggested again afterwards; empty fields aren't sent."""
    entry = await set_up(home, account("sarvam", emulator, voices=()))
    form = await begin(home, entry)
    assert form["step_id"] == "clone"
    assert set(form["data_schema"].schema) == {"recording", "name", "language", "details", "consent"}
    details = {"style": "audiobooks"}
    form = await answer(home, form, wish(await upload(), language="ta-IN", details=details))
    assert suggested(form) == {"language": "ta-IN"}
    (request,) = emulator.sarvam.asked(CLONE_PATHS["sarvam"])
    assert request.body["name"] == "Aunt Anna"
    assert request.body["language"] == "ta-IN"
    assert request.body["style"] == "audiobooks"
    assert "gender" not in request.body


@pytest.mark.parametrize(
    ("provider", "home_language", "language"),
    [("asyncflow", "de", "de"), ("sarvam", "hi", "hi-IN"), ("sarvam", "de", None), ("flow_tts", "de", None)],
)
async def test_the_language_of_the_home_is_suggested(
    home: HomeAssistant, emulator: Emulator, *, provider: str, home_language: str, language: str | None
) -> None:
    """Where the provider wants to know one and has it: most people record themselves."""
    home.config.language = home_language
    entry = await set_up(home, account(provider, emulator, voices=()))
    assert suggested(await begin(home, entry)).get("language") == language


@pytest.mark.parametrize(
    ("content", "name", "error"),
    [
        pytest.param(b"Not a sound.", "anna.wav", "recording_not_audio", id="no audio"),
        pytest.param(spoken(3.0), "anna.wav", "recording_too_short", id="too short"),
        pytest.param(spoken(13.0), "anna.wav", "recording_too_long", id="too long"),
        pytest.param(silent(8.0), "anna.wav", "recording_silent", id="silent"),
        pytest.param(clipped(8.0), "anna.wav", "recording_clipped", id="clipped"),
        pytest.param(bytes(50_000_001), "anna.wav", "recording_too_large", id="too large"),
    ],
)
async def test_a_bad_recording_is_refused_and_another_one_taken(
    home: HomeAssistant, emulator: Emulator, upload: Upload, uploads: Path, *, content: bytes, name: str, error: str
) -> None:
    """Nothing is sent; what else was answered stays, the file has to be chosen again."""
    entry = await set_up(home, account("flow_tts", emulator, voices=()))
    form = await begin(home, entry)
    assert form["step_id"] == "clone_for_points"
    form = await answer(home, form, wish(await upload(content, name), details={"description": "Hers"}))
    assert form["errors"] == {"recording": error}
    assert suggested(form) == {"name": "Aunt Anna", "consent": True, "details": {"description": "Hers"}}
    assert files_in(uploads) == []
    assert asked(emulator, "flow_tts") == 0
    form = await answer(home, form, wish(await upload(), details={}))
    assert form["step_id"] == "cloned"


async def test_no_voice_is_cloned_without_consent(
    home: HomeAssistant, emulator: Emulator, upload: Upload, uploads: Path
) -> None:
    """The file that was chosen stays chosen; when the user gives up, it is deleted."""
    entry = await set_up(home, account("flow_tts", emulator, voices=()))
    form = await begin(home, entry)
    recording = await upload()
    form = await answer(home, form, wish(recording, details={}, consent=False))
    assert form["errors"] == {"base": "consent_missing"}
    assert suggested(form)["recording"] == recording
    assert files_in(uploads) != []
    home.config_entries.subentries.async_abort(form["flow_id"])
    await home.async_block_till_done(wait_background_tasks=True)
    assert files_in(uploads) == []
    assert asked(emulator, "flow_tts") == 0


async def test_only_what_was_submitted_here_is_deleted(
    home: HomeAssistant, emulator: Emulator, upload: Upload, uploads: Path
) -> None:
    """An audio file uploaded for another integration stays, when the form is closed and an hour later."""
    entry = await set_up(home, account("flow_tts", emulator, voices=()))
    form = await begin(home, entry)
    await upload(name="doorbell.mp3")
    form = await answer(home, form, wish(await upload(), details={}, consent=False))
    home.config_entries.subentries.async_abort(form["flow_id"])
    await home.async_block_till_done(wait_background_tasks=True)
    assert {path.name for path in files_in(uploads)} == {"doorbell.mp3"}
    async_fire_time_changed(home, dt_util.utcnow() + timedelta(hours=1, seconds=1))
    await home.async_block_till_done(wait_background_tasks=True)
    assert {path.name for path in files_in(uploads)} == {"doorbell.mp3"}


async def test_a_file_that_is_gone_by_itself_is_no_hindrance(
    home: HomeAssistant,
    emulator: Emulator,
    upload: Upload,
    hass_client: ClientSessionGenerator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The browser deletes what the user takes out of the form."""
    entry = await set_up(home, account("flow_tts", emulator, voices=()))
    form = await begin(home, entry)
    recording = await upload()
    form = await answer(home, form, wish(recording, details={}, consent=False))
    client = await hass_client()
    await client.delete("/api/file_upload", json={"file_id": recording})
    home.config_entries.subentries.async_abort(form["flow_id"])
    await home.async_block_till_done(wait_background_tasks=True)
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_a_provider_that_wants_to_know_nothing_asks_for_nothing() -> None:
    """But for the recording itself."""
    assert set(clone_schema(()).schema) == {"recording", "name", "consent"}


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"name": "  "}, {"base": "clone_name"}),
        ({"name": "A" * 101}, {"base": "clone_name"}),
        ({"details": {"description": "x" * 201}}, {"details": "setting_too_long"}),
    ],
)
async def test_answers_that_cannot_be_are_told_before_the_recording_is_looked_at(
    home: HomeAssistant, emulator: Emulator, upload: Upload, changes: dict[str, Any], errors: dict[str, str]
) -> None:
    """They are corrected, and the same file is taken; the section that has the field is open."""
    entry = await set_up(home, account("flow_tts", emulator, voices=()))
    form = await begin(home, entry)
    answers = wish(await upload(), details={})
    form = await answer(home, form, answers | changes)
    assert form["errors"] == errors
    assert form["data_schema"].schema["details"].options["collapsed"] is ("details" not in errors)
    form = await answer(home, form, answers)
    assert form["step_id"] == "cloned"


async def test_a_recording_that_was_not_uploaded_is_not_there(home: HomeAssistant, emulator: Emulator) -> None:
    """Home Assistant was started again meanwhile."""
    entry = await set_up(home, account("flow_tts", emulator, voices=()))
    form = await begin(home, entry)
    form = await answer(home, form, wish("0123456789abcdef0123456789abcdef", details={}))
    assert form["errors"] == {"recording": "recording_gone"}
    with pytest.raises(InvalidData):
        await answer(home, form, {"name": "Aunt Anna", "consent": True, "details": {}})


async def test_a_short_recording_is_sent_if_the_user_insists(
    home: HomeAssistant, emulator: Emulator, upload: Upload, uploads: Path
) -> None:
    """The form shows the actual and the advised length; another recording can be submitted."""
    entry = await set_up(home, account("asyncflow", emulator, voices=()))
    form = await begin(home, entry)
    form = await answer(home, form, wish(await upload(spoken(4.0)), details={}))
    assert (form["step_id"], form["menu_options"]) == ("short", ["send_short", "another"])
    assert form["description_placeholders"] == {"seconds": "4.0", "advised": "5"}
    assert files_in(uploads) == []
    form = await answer(home, form, {"next_step_id": "another"})
    assert (form["step_id"], form["errors"]) == ("clone", {})
    form = await answer(home, form, wish(await upload(spoken(4.5)), details={}))
    assert asked(emulator, "asyncflow") == 0
    form = await answer(home, form, {"next_step_id": "send_short"})
    assert form["step_id"] == "cloned"
    assert asked(emulator, "asyncflow") == 1


async def test_a_flow_that_is_given_up_while_it_sends_leaves_nothing_behind(
    home: HomeAssistant, emulator: Emulator, upload: Upload, uploads: Path
) -> None:
    """A started clone is charged, because its state at the service is unknown."""
    entry = await set_up(home, account("flow_tts", emulator, voices=()))
    emulator.flow.add_fault(FaultKind.STALL, CLONE_PATHS["flow_tts"], times=1)
    form = await begin(home, entry)
    flows = home.config_entries.subentries
    shown = await flows.async_configure(form["flow_id"], wish(await upload(), details={}))
    assert shown["type"] is FlowResultType.SHOW_PROGRESS
    await emulator_was_asked(emulator)
    flows.async_abort(form["flow_id"])
    await home.async_block_till_done(wait_background_tasks=True)
    assert files_in(uploads) == []
    assert entry.runtime_data.ledger.charged.points == 10


async def emulator_was_asked(emulator: Emulator) -> None:
    """Wait until a recording has reached the service."""
    while not asked(emulator, "flow_tts"):
        await asyncio.sleep(0)


REFUSALS = [
    ("asyncflow", 400, "BAD_SPEECH_QUALITY", "", "refused_bad_quality"),
    ("asyncflow", 400, "SHORT_SPEECH_DURATION", "", "refused_too_short"),
    ("asyncflow", 429, "VOICE_CLONE_LIMIT_EXCEEDED", "", "refused_clone_limit"),
    ("asyncflow", 413, "FILE_TOO_LARGE", "", "refused_too_large"),
    ("asyncflow", 400, "FORMAT_NOT_RECOGNIZED", "", "refused_not_audio"),
    ("asyncflow", 400, "INVALID_LANGUAGE", "", "provider_input"),
    ("asyncflow", 422, None, "", "provider_input_unnamed"),
    ("asyncflow", 401, "INVALID_API_KEY", "", "provider_auth"),
    ("asyncflow", 404, "VERSION_NOT_FOUND", "", "provider_outdated"),
    ("asyncflow", 429, "TOO_MANY_CONCURRENT_REQUESTS", "", "provider_busy"),
    ("asyncflow", 429, "RATE_LIMIT_EXCEEDED", "", "provider_rate"),
    ("asyncflow", 429, "USAGE_LIMIT_EXCEEDED", "", "provider_quota"),
    ("asyncflow", 503, "UNAVAILABLE", "", "provider_server"),
    ("sarvam", 403, "TIER_LIMIT_REACHED", "", "refused_tier_limit"),
    ("sarvam", 403, "invalid_api_key_error", "", "provider_auth"),
    ("sarvam", 413, "invalid_request_error", "", "refused_too_large"),
    ("sarvam", 422, "unprocessable_entity_error", "Audio quality is too low", "refused_bad_quality"),
    ("sarvam", 422, "unprocessable_entity_error", "", "provider_input_unnamed"),
    ("sarvam", 422, None, "This model is currently in beta and not available.", "refused_not_offered"),
    ("sarvam", 429, "rate_limit_exceeded_error", "", "provider_rate"),
    ("sarvam", 429, "insufficient_quota_error", "", "provider_quota"),
    ("sarvam", 500, "internal_server_error", "", "provider_server"),
    ("flow_tts", 400, "missing_audio_data", "", "refused_not_audio"),
    ("flow_tts", 400, "invalid_audio_duration", "", "refused_too_long"),
    ("flow_tts", 400, "invalid_audio_size", "", "refused_too_large"),
    ("flow_tts", 400, "invalid_request", "", "provider_input_unnamed"),
    ("flow_tts", 404, "not_found", "", "refused_not_offered"),
    ("flow_tts", 413, "payload_too_large", "", "refused_too_large"),
    ("flow_tts", 429, "quota_exceeded", "", "provider_quota"),
    ("flow_tts", 500, "voice_clone_failed", "LimitExceeded.VoiceCloneMaxNumLimit", "refused_clone_limit"),
    ("flow_tts", 500, "voice_clone_failed", "", "provider_server"),
]
"""What each service answers a recording with, by its documents; where it has a message of its own, that too."""


@pytest.mark.parametrize(("provider", "status", "code", "message", "error"), REFUSALS)
async def test_what_the_service_refuses_is_said_in_the_form(
    home: HomeAssistant,
    emulator: Emulator,
    upload: Upload,
    uploads: Path,
    *,
    provider: str,
    status: int,
    code: str | None,
    message: str,
    error: str,
) -> None:
    """In words that leave nothing open; it can be tried again with a recording."""
    entry = await set_up(home, account(provider, emulator, voices=()))
    service = service_of(emulator, provider)
    service.add_fault(
        FaultKind.STATUS, CLONE_PATHS[provider], status=status, code=code, message=message or None, times=1
    )
    form = await begin(home, entry)
    form = await answer(home, form, wish(await upload(), details={}))
    assert form["errors"] == {"base": error}
    words = await said(home, form)
    assert " " in words
    assert not {"?", "{", "}"}.intersection(words)
    assert files_in(uploads) == []
    assert "recording" not in suggested(form)


async def said(home: HomeAssistant, form: Form) -> str:
    """Return the words of what is wrong, as a browser shows them."""
    (key,) = form["errors"].values()
    words = await async_get_translations(home, "en", "config_subentries", {DOMAIN})
    template = words[f"component.{DOMAIN}.config_subentries.{SUBENTRY_TYPE_VOICE}.error.{key}"]
    return template.format(**form["description_placeholders"])


async def test_a_voice_is_not_cloned_for_more_points_than_are_left(
    home: HomeAssistant, emulator: Emulator, upload: Upload
) -> None:
    """The form shows the price, and the remaining points once known; with enough points, it continues."""
    emulator.flow.configure(contract=Contract.BACKEND, release="head")
    emulator.flow.change_quota({"remaining": 9})
    entry = await set_up(home, account("flow_tts", emulator, voices=()))
    form = await begin(home, entry)
    assert form["step_id"] == "clone_for_points"
    told = form["description_placeholders"]
    assert (told["points"], told["left"]) == ("10", "9")
    recording = await upload()
    form = await answer(home, form, wish(recording, details={}))
    assert form["errors"] == {"base": "points_short"}
    assert asked(emulator, "flow_tts") == 0
    emulator.flow.change_quota({"remaining": 90})
    await entry.runtime_data.catalogue.async_refresh()
    form = await answer(home, form, wish(recording, details={}))
    assert form["step_id"] == "short"  # this backend advises more than the recording has


async def test_nobody_knows_what_is_left_before_it_was_told(
    home: HomeAssistant, emulator: Emulator, upload: Upload
) -> None:
    """The portal reports the quota with its response; from then on, it's known."""
    entry = await set_up(home, account("flow_tts", emulator, voices=()))
    form = await begin(home, entry)
    assert form["description_placeholders"]["left"] == "?"
    await answer(home, form, wish(await upload(), details={}))
    account_now = entry.runtime_data
    assert account_now.ledger.charged.points == 10
    assert account_now.quota_state.quota.remaining == 90
    assert state_of(home, "sensor.flow_tts_quota_remaining").state == "90"


async def test_a_budget_that_is_used_up_makes_no_voice(home: HomeAssistant, emulator: Emulator, upload: Upload) -> None:
    """Where it is set to make no more requests; a voice that was made counts."""
    options = {"unit": "points", "amount": 1, "stop_at_limit": True}
    entry = await set_up(home, account("flow_tts", emulator, voices=(), options=options))
    form = await begin(home, entry)
    form = await answer(home, form, wish(await upload(), details={}))
    assert form["step_id"] == "cloned"
    form = await begin(home, entry)
    form = await answer(home, form, wish(await upload(), details={}))
    assert form["errors"] == {"base": "budget_exhausted"}
    assert asked(emulator, "flow_tts") == 1


async def test_a_minute_is_cloned_where_the_backend_takes_it(
    home: HomeAssistant, emulator: Emulator, upload: Upload
) -> None:
    """The portal takes 12 seconds; what is recorded beyond them is used where it can be."""
    emulator.flow.configure(contract=Contract.BACKEND)
    entry = await set_up(home, account("flow_tts", emulator, voices=()))
    form = await begin(home, entry)
    form = await answer(home, form, wish(await upload(spoken(60.0))) | with_details(form))
    assert (form["step_id"], form["description_placeholders"]["voice"]) == ("cloned", "Aunt Anna")
    [asked_for] = emulator.flow.asked(CLONE_PATHS["flow_tts"])
    assert asked_for.body["audioDuration"] == pytest.approx(60, abs=1)
    assert "audio" not in asked_for.body
    assert emulator.flow.change_quota({"spend": 0})["used"] == 50
    while form["type"] is FlowResultType.FORM:
        form = await answer(home, form, filled(form))
    await home.async_block_till_done(wait_background_tasks=True)
    assert await speak(home, "Good evening.", entity_id="tts.aunt_anna")


async def test_a_clone_that_no_list_shows_is_remembered(
    home: HomeAssistant,
    emulator: Emulator,
    upload: Upload,
    hass_storage: dict[str, Any],
) -> None:
    """Over restarts, with when consent was confirmed; it is forgotten with the account."""
    entry = await set_up(home, account("flow_tts", emulator, voices=()))
    form = await begin(home, entry)
    answers = wish(await upload(), details={})
    before = dt_util.utcnow()
    await answer(home, form, answers)
    key = f"streaming_tts.{entry.entry_id}.account"
    (stored,) = hass_storage[key]["data"]["clones"]
    assert stored["voice"]["name"] == "Aunt Anna"
    assert before <= datetime.fromisoformat(stored["consented_at"]) <= dt_util.utcnow()
    voice_id = stored["voice"]["voice_id"]
    await home.config_entries.async_unload(entry.entry_id)
    home.data["streaming_tts_accounts"].clear()
    await home.config_entries.async_setup(entry.entry_id)
    await home.async_block_till_done(wait_background_tasks=True)
    await entry.runtime_data.catalogue.async_refresh()
    clones = entry.runtime_data.clones
    assert entry.runtime_data.catalogue.data[0].voice_id == voice_id
    assert clones.consented_at(voice_id) == datetime.fromisoformat(stored["consented_at"])
    assert clones.consented_at("another-voice") is None
    await home.config_entries.async_remove(entry.entry_id)
    assert key not in hass_storage


async def test_a_clone_that_was_listed_is_gone_with_its_list(
    home: HomeAssistant, emulator: Emulator, upload: Upload
) -> None:
    """It was deleted at the service; the user has to fix the voices that use it."""
    entry = await set_up(home, account("asyncflow", emulator, voices=()))
    form = await begin(home, entry)
    await answer(home, form, wish(await upload(), details={}))
    catalogue = entry.runtime_data.catalogue
    (voice,) = (voice for voice in catalogue.data if voice.name == "Aunt Anna")
    emulator.asyncflow.voices.delete(voice.voice_id)
    await catalogue.async_refresh()
    assert voice.voice_id not in [known.voice_id for known in catalogue.data]


async def test_a_voice_is_there_at_once_though_its_service_is_away(
    home: HomeAssistant, emulator: Emulator, upload: Upload, hass_storage: dict[str, Any]
) -> None:
    """The list cannot be fetched after the clone was made: the voice is known by its own answer."""
    entry = await set_up(home, account("asyncflow", emulator, voices=()))
    form = await begin(home, entry)
    emulator.asyncflow.add_fault(FaultKind.STATUS, "/voices", status=503, skip=1, times=-1)
    form = await answer(home, form, wish(await upload(), details={}))
    voice_id = hass_storage[f"streaming_tts.{entry.entry_id}.account"]["data"]["clones"][0]["voice"]["voice_id"]
    form = await answer(home, form, filled(form))
    assert suggested(form)["name"] == "Aunt Anna"
    result = await answer(home, form, filled(form))
    assert result["data"]["voice"] == voice_id


async def test_nothing_of_a_recording_is_logged_or_told(
    home: HomeAssistant, emulator: Emulator, upload: Upload, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither audio nor file name; diagnostics don't contain them either."""
    caplog.set_level(logging.DEBUG, "custom_components.streaming_tts")
    entry = await set_up(home, account("asyncflow", emulator, voices=()))
    form = await begin(home, entry)
    await answer(home, form, wish(await upload(name="secret-file-name.wav"), details={}))
    logged = [record.getMessage() for record in caplog.records if record.name.startswith("custom_components")]
    told = f"{logged} {await async_get_config_entry_diagnostics(home, entry)}"
    assert "secret-file-name" not in told
    assert "Aunt Anna" not in told
