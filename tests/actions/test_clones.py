"""The action that clones a voice from a recording in the local media."""

import os
from pathlib import Path
from typing import Any

import probatio as vol
import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.streaming_tts.actions import voices
from custom_components.streaming_tts.const import DOMAIN
from custom_components.streaming_tts.providers.capabilities import Timestamps
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from tests.accounts import account, service_of, set_up
from tests.actions.clone_calls import ANNA, clone
from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind
from tests.emulator.recorded import silent, spoken
from tests.flows.clone_form import CLONE_PATHS, EACH_PROVIDER, asked
from tests.voice_files import KINDS, recorded


@EACH_PROVIDER
async def test_a_recording_becomes_a_voice(home: HomeAssistant, emulator: Emulator, media: Path, provider: str) -> None:
    """The answer says what to call it, and it is in the catalogue; the user's file stays."""
    entry = await set_up(home, account(provider, emulator))
    answer = await clone(home, entry.entry_id)
    assert {"voice", "name", "languages", "models", "own", "consented_at"} <= set(answer)
    assert answer["languages"]
    assert answer["name"] == "Aunt Anna"
    voice = entry.runtime_data.catalogue.voice(answer["voice"])
    assert voice is not None
    assert voice.own
    consented_at = entry.runtime_data.clones.consented_at(voice.voice_id)
    assert consented_at is not None
    assert consented_at.isoformat() == answer["consented_at"]
    assert (media / "anna.wav").exists()


@pytest.mark.parametrize(("seconds", "short"), [(4.0, True), (8.0, False)])
async def test_a_recording_that_is_shorter_than_advised_is_told(
    home: HomeAssistant, emulator: Emulator, media: Path, *, seconds: float, short: bool
) -> None:
    """A script cannot be asked; it is sent."""
    (media / "anna.wav").write_bytes(spoken(seconds))
    entry = await set_up(home, account("asyncflow", emulator))
    assert (await clone(home, entry.entry_id))["short"] is short


@pytest.mark.parametrize("kind", KINDS)
async def test_each_kind_of_file_is_taken(home: HomeAssistant, emulator: Emulator, media: Path, kind: str) -> None:
    """In folders too, with spaces and letters of any language in their names."""
    folder = media / "Über uns"
    folder.mkdir()
    (folder / f"tante anna %41.{kind}").write_bytes(recorded(kind, 8.0))
    entry = await set_up(home, account("flow_tts", emulator))
    await clone(home, entry.entry_id, f"media-source://media_source/local/Über uns/tante anna %41.{kind}")
    assert asked(emulator, "flow_tts") == 1


@pytest.mark.parametrize("language", ["ta-IN", "ta"])
async def test_what_the_service_wants_to_know_may_be_given(
    home: HomeAssistant, emulator: Emulator, media: Path, language: str
) -> None:
    """The language uses the tag of the frontend; the response is optional."""
    entry = await set_up(home, account("sarvam", emulator))
    call = {"config_entry_id": entry.entry_id, "media": {"media_content_id": ANNA}, "name": "Anna", "consent": True}
    call["options"] = {"language": language, "style": "sales"}
    await home.services.async_call(DOMAIN, "clone_voice", call, blocking=True)
    (request,) = emulator.sarvam.asked(CLONE_PATHS["sarvam"])
    assert (request.body["language"], request.body["style"]) == ("ta-IN", "sales")


@pytest.mark.parametrize(
    "media_id",
    [
        "media-source://media_source/local/../anna.wav",
        "media-source://media_source/local/%2e%2e/anna.wav",
        "media-source://media_source/local//etc/passwd.wav",
        "media-source://media_source/elsewhere/anna.wav",
        "media-source://media_source/local",
        "media-source://media_source/local/",
        "media-source://media_source",
        "media-source://tts/tts.anna?message=Hello",
        "media-source://streaming_tts/anna.wav",
        "http://127.0.0.1/anna.wav",
        "file:///etc/passwd",
        "/etc/passwd",
        "",
        "media-source://media_source/local/link.wav",
        "media-source://media_source/local/linked/anna.wav",
    ],
)
async def test_only_local_media_is_read(
    home: HomeAssistant, emulator: Emulator, media: Path, tmp_path: Path, media_id: str
) -> None:
    """No addresses, no other media sources, nothing outside of the folders and nothing that a link leads to."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "anna.wav").write_bytes(spoken(8.0))
    (tmp_path / "anna.wav").write_bytes(spoken(8.0))
    (media / "link.wav").symlink_to(outside / "anna.wav")
    (media / "linked").symlink_to(outside)
    entry = await set_up(home, account("flow_tts", emulator))
    with pytest.raises(ServiceValidationError) as refused:
        await clone(home, entry.entry_id, media_id)
    assert refused.value.translation_key in ("recording_outside", "recording_gone")
    assert asked(emulator, "flow_tts") == 0


async def test_a_media_folder_that_is_a_link_itself_is_one(
    home: HomeAssistant, emulator: Emulator, media: Path, tmp_path: Path
) -> None:
    """The folder is configured by the user."""
    (tmp_path / "share").symlink_to(media)
    home.config.media_dirs = {"share": str(tmp_path / "share")}
    entry = await set_up(home, account("flow_tts", emulator))
    assert await clone(home, entry.entry_id, "media-source://media_source/share/anna.wav")


async def test_what_is_no_file_is_not_read(home: HomeAssistant, emulator: Emulator, media: Path) -> None:
    """A folder, a named pipe without a writer, and a missing file."""
    (media / "folder.wav").mkdir()
    os.mkfifo(media / "pipe.wav")
    entry = await set_up(home, account("flow_tts", emulator))
    for name in ("folder.wav", "pipe.wav", "nothing.wav"):
        with pytest.raises(ServiceValidationError) as refused:
            await clone(home, entry.entry_id, f"media-source://media_source/local/{name}")
        assert refused.value.translation_key == "recording_gone"
    assert asked(emulator, "flow_tts") == 0


@pytest.mark.parametrize(
    ("content", "key"),
    [
        pytest.param(b"Not a sound.", "recording_not_audio", id="no audio"),
        pytest.param(spoken(3.0), "recording_too_short", id="too short"),
        pytest.param(silent(8.0), "recording_silent", id="silent"),
        pytest.param(bytes(50_000_001), "recording_too_large", id="too large"),
    ],
)
async def test_a_bad_recording_is_refused(
    home: HomeAssistant, emulator: Emulator, media: Path, content: bytes, key: str
) -> None:
    """Before anything is sent."""
    (media / "anna.wav").write_bytes(content)
    entry = await set_up(home, account("flow_tts", emulator))
    with pytest.raises(ServiceValidationError) as refused:
        await clone(home, entry.entry_id)
    assert refused.value.translation_key == key
    assert asked(emulator, "flow_tts") == 0


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"consent": False}, "consent_missing"),
        ({"name": " "}, "clone_name"),
        ({"options": {"speed": 2}}, "clone_option_unknown"),
        ({"options": {"language": "tlh"}}, "setting_not_a_choice"),
        ({"options": {"gender": "none"}}, "setting_not_a_choice"),
    ],
)
async def test_a_call_that_cannot_be_is_refused(
    home: HomeAssistant, emulator: Emulator, media: Path, changes: dict[str, Any], key: str
) -> None:
    """In words."""
    entry = await set_up(home, account("sarvam", emulator))
    with pytest.raises(ServiceValidationError) as refused:
        await clone(home, entry.entry_id, **changes)
    assert refused.value.translation_key == key
    assert asked(emulator, "sarvam") == 0


async def test_consent_has_to_be_given_in_the_call(home: HomeAssistant, emulator: Emulator, media: Path) -> None:
    """It is not assumed."""
    entry = await set_up(home, account("sarvam", emulator))
    call = {"config_entry_id": entry.entry_id, "media": {"media_content_id": ANNA}, "name": "Anna"}
    with pytest.raises(vol.Invalid):
        await home.services.async_call(DOMAIN, "clone_voice", call, blocking=True)


@pytest.mark.parametrize(
    ("status", "code", "kind", "key"),
    [
        (400, "BAD_SPEECH_QUALITY", ServiceValidationError, "refused_bad_quality"),
        (400, "VOICE_CLONE_LIMIT_EXCEEDED", ServiceValidationError, "refused_clone_limit"),
        (503, "UNAVAILABLE", HomeAssistantError, "provider_server"),
    ],
)
async def test_what_the_service_says_comes_in_words(
    home: HomeAssistant, emulator: Emulator, media: Path, *, status: int, code: str, kind: type[Exception], key: str
) -> None:
    """A rejection is the caller's error and doesn't affect the account's state; a failure does."""
    entry = await set_up(home, account("asyncflow", emulator))
    service_of(emulator, "asyncflow").add_fault(
        FaultKind.STATUS, CLONE_PATHS["asyncflow"], status=status, code=code, times=1
    )
    with pytest.raises(HomeAssistantError) as failed:
        await clone(home, entry.entry_id)
    assert type(failed.value) is kind
    assert failed.value.translation_key == key
    assert bool(entry.runtime_data.availability.last_failures) is (kind is HomeAssistantError)


async def test_a_voice_that_is_deleted_is_forgotten(home: HomeAssistant, emulator: Emulator, media: Path) -> None:
    """Also when consent was given to it; a voice that was not made here has none."""
    entry = await set_up(home, account("asyncflow", emulator))
    voice_id = (await clone(home, entry.entry_id))["voice"]
    other = entry.runtime_data.catalogue.data[-1].voice_id
    clones = entry.runtime_data.clones
    assert clones.consented_at(voice_id) is not None
    for deleted in (voice_id, other):
        await clones.async_forget(deleted)
        assert clones.consented_at(deleted) is None


async def test_a_provider_that_cannot_clone_says_so(
    home: HomeAssistant, emulator: Emulator, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None does today."""
    monkeypatch.setattr(voices, "Cloning", Timestamps)
    entry = await set_up(home, account("sarvam", emulator))
    with pytest.raises(ServiceValidationError) as refused:
        await clone(home, entry.entry_id)
    assert refused.value.translation_key == "no_cloning"


async def test_only_administrators_clone(
    home: HomeAssistant, emulator: Emulator, media: Path, hass_read_only_user: MockUser, hass_admin_user: MockUser
) -> None:
    """Other users are refused."""
    entry = await set_up(home, account("flow_tts", emulator))
    with pytest.raises(Unauthorized):
        await clone(home, entry.entry_id, context=Context(user_id=hass_read_only_user.id))
    assert asked(emulator, "flow_tts") == 0
    assert await clone(home, entry.entry_id, context=Context(user_id=hass_admin_user.id))
