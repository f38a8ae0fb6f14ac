"""What Home Assistant's own text-to-speech platform does with texts and whom it lets speak, as the document says."""

from http import HTTPStatus
import logging
from pathlib import Path
from typing import Any

import mutagen
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from tests.accounts import account, set_up, speak
from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind

TEXT = "Anna comes home at half past seven in the evening."


def tags_of_mp3s(folder: Path) -> list[Any]:
    """Return the tags of the mp3 files in a folder."""
    return [mutagen.File(file).tags for file in folder.glob("*.mp3")]


async def test_a_cached_mp3_has_the_text_in_its_tags(home: HomeAssistant, emulator: Emulator, tts_cache: Path) -> None:
    """All of it, as the title."""
    await set_up(home, account("asyncflow", emulator))
    await speak(home, TEXT)
    await home.async_block_till_done(wait_background_tasks=True)
    (tags,) = await home.async_add_executor_job(tags_of_mp3s, tts_cache)
    assert (str(tags["TIT2"]), str(tags["TALB"])) == (TEXT, "Anna")


async def test_the_log_has_the_beginning_of_a_text_that_fails(
    home: HomeAssistant, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    """The first 32 characters, by the platform and not by us."""
    await set_up(home, account("asyncflow", emulator))
    emulator.asyncflow.add_fault(FaultKind.STATUS, "/", status=400, times=-1)
    with pytest.raises(HomeAssistantError):
        await speak(home, TEXT)
    told = [record for record in caplog.records if TEXT[:32] in record.getMessage()]
    assert {record.name for record in told} == {"homeassistant.components.tts"}
    assert logging.ERROR in {record.levelno for record in told}
    assert TEXT[:33] not in caplog.text


async def test_everybody_who_is_signed_in_may_speak_by_other_ways(
    home: HomeAssistant,
    emulator: Emulator,
    hass_client: ClientSessionGenerator,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
) -> None:
    """By an address, or a media source: Home Assistant asks for no permission for the entity there."""
    entry = await set_up(home, account("asyncflow", emulator))
    websocket = await hass_ws_client(home, hass_read_only_access_token)
    client = await hass_client(hass_read_only_access_token)
    answer = await client.post("/api/tts_get_url", json={"engine_id": "tts.anna", "message": TEXT})
    assert answer.status == HTTPStatus.OK
    assert await (await client.get((await answer.json())["path"])).read()
    assert entry.runtime_data.ledger.charged.requests == 1
    address = "media-source://tts/tts.anna?message=Another+one."
    await websocket.send_json_auto_id({"type": "media_source/resolve_media", "media_content_id": address})
    path = (await websocket.receive_json())["result"]["url"]
    assert await (await client.get(path)).read()
    assert entry.runtime_data.ledger.charged.requests == 2
