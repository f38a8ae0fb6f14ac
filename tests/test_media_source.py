"""Samples of voices in the media browser: listed by language, played without the key, and refused in words."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import asdict
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from unittest.mock import patch

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.streaming_tts.playback import clips
from custom_components.streaming_tts.providers import uploads
from homeassistant.components import media_source
from homeassistant.components.media_player.errors import BrowseError
from homeassistant.components.media_source import Unresolvable
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from tests.accounts import account, set_up
from tests.action_calls import told
from tests.emulator.asyncflow_voices import DEFAULT_VOICE_ID, UNHEARD_VOICE_ID, Voice
from tests.emulator.codec import decode
from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind
from tests.emulator.flow_settings import Contract
from tests.voice_files import recorded

ROOT = "media-source://streaming_tts"
RATE = 24000

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def titles(home: HomeAssistant, media_content_id: str) -> dict[str, str]:
    """Return what is listed in a folder: each title with its id."""
    folder = await media_source.async_browse_media(home, media_content_id)
    assert folder.children is not None
    return {child.title: child.media_content_id for child in folder.children}


def sample(entry: MockConfigEntry, voice_id: str = DEFAULT_VOICE_ID) -> str:
    """Return the id of a voice's sample."""
    return f"{ROOT}/sample/{entry.entry_id}/{voice_id}"


async def refused(home: HomeAssistant, media_content_id: str) -> str:
    """Return why something cannot be played, in words."""
    with pytest.raises(Unresolvable) as raised:
        await media_source.async_resolve_media(home, media_content_id, None)
    return told(raised.value)


async def test_voices_are_listed_by_account_and_language(home: HomeAssistant, emulator: Emulator) -> None:
    """Languages with their own names, that of Home Assistant first; voices with their properties."""
    home.config.language = "de"
    await set_up(home, account("asyncflow", emulator))
    await set_up(home, account("sarvam", emulator))
    accounts = await titles(home, ROOT)
    assert list(accounts) == ["asyncflow"]
    languages = await titles(home, accounts["asyncflow"])
    assert list(languages)[0] == "Deutsch"
    assert list(languages)[1:] == sorted(list(languages)[1:], key=str.casefold)
    assert {"English", "Español", "日本語"} <= languages.keys()
    voices = await titles(home, languages["Deutsch"])
    assert {
        "Nora · weiblich · Amerikanisch · Locker, Ruhig",
        "Edda · weiblich · Deutsch · Förmlich, Ruhig",
    } <= voices.keys()
    assert "Hugo · male · French · Formal, Clear" not in voices
    assert list(voices)[0].startswith("★")


async def test_voices_without_a_sample_are_not_listed(home: HomeAssistant, emulator: Emulator) -> None:
    """The portal of Flow TTS has none at all, its backend has one of every voice."""
    entry = await set_up(home, account("flow_tts", emulator))
    assert await titles(home, ROOT) == {}
    emulator.flow.configure(contract=Contract.BACKEND)
    await entry.runtime_data.catalogue.async_refresh()
    languages = await titles(home, (await titles(home, ROOT))["flow_tts"])
    assert {"中文", "粵語", "English", "日本語"} <= languages.keys()
    assert await titles(home, languages["粵語"])


async def test_a_voice_without_languages_is_listed_in_those_of_its_models(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """A service may not say what a clone speaks."""
    with patch.object(Voice, "as_json", lambda voice: {**asdict(voice), "language": ""}):
        entry = await set_up(home, account("asyncflow", emulator))
    assert not any(voice.languages for voice in entry.runtime_data.catalogue.data)
    languages = await titles(home, (await titles(home, ROOT))["asyncflow"])
    assert {"English", "Deutsch", "日本語"} <= languages.keys()
    assert await titles(home, languages["日本語"])


@pytest.mark.parametrize("provider", ["asyncflow", "flow_tts"])
async def test_a_sample_is_played_by_a_browser_that_never_sees_the_service(
    home: HomeAssistant,
    emulator: Emulator,
    hass_ws_client: WebSocketGenerator,
    hass_client_no_auth: ClientSessionGenerator,
    provider: str,
) -> None:
    """The address is signed, what comes from it is the sample, and neither costs anything nor shows the key."""
    emulator.flow.configure(contract=Contract.BACKEND)
    entry = await set_up(home, account(provider, emulator))
    voice_id = entry.subentries and next(iter(entry.subentries.values())).data["voice"]
    client = await hass_ws_client(home)
    await client.send_json_auto_id(
        {"type": "media_source/resolve_media", "media_content_id": sample(entry, voice_id), "expires": 60}
    )
    media = (await client.receive_json())["result"]
    assert media["mime_type"] == "audio/mpeg"
    assert media["url"].startswith("/api/streaming_tts/clips/")

    browser = await hass_client_no_auth()
    response = await browser.get(media["url"])
    assert (response.status, response.content_type) == (HTTPStatus.OK, "audio/mpeg")
    sound = await home.async_add_executor_job(decode, await response.read(), RATE)
    assert sound.duration > 0.5
    assert (await browser.get(media["url"].partition("?")[0])).status == HTTPStatus.UNAUTHORIZED

    service = emulator.asyncflow if provider == "asyncflow" else emulator.flow
    (played,) = service.asked("/previews/")
    assert not {"authorization", "x-api-key"} & {name.lower() for name in played.headers}
    assert entry.runtime_data.ledger.charged.requests == 0


async def test_a_sample_is_fetched_once_for_all_who_hear_it(
    home: HomeAssistant, emulator: Emulator, asyncflow: MockConfigEntry
) -> None:
    """Until it is too old, or others have taken its place."""
    for _ in range(2):
        await media_source.async_resolve_media(home, sample(asyncflow), None)
    assert len(emulator.asyncflow.asked("/previews/")) == 1


async def test_a_player_gets_the_part_that_it_asks_for(
    home: HomeAssistant, asyncflow: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    """As browsers do that seek, or want to know whether they could."""
    media = await media_source.async_resolve_media(home, sample(asyncflow), None)
    client = await hass_client()
    whole = await (await client.get(media.url)).read()
    part = await client.get(media.url, headers={"Range": "bytes=10-19"})
    assert (part.status, await part.read()) == (HTTPStatus.PARTIAL_CONTENT, whole[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(whole)}"
    end = await client.get(media.url, headers={"Range": "bytes=-5"})
    assert await end.read() == whole[-5:]
    for beyond in (f"bytes={len(whole)}-", "bytes=9-3"):
        refusal = await client.get(media.url, headers={"Range": beyond})
        assert refusal.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
    head = await client.head(media.url)
    assert head.headers["Content-Length"] == str(len(whole))
    assert (await client.get("/api/streaming_tts/clips/no-such-clip")).status == HTTPStatus.NOT_FOUND


async def test_what_is_kept_is_bounded(
    home: HomeAssistant, asyncflow: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    """The oldest goes when there is too much of it."""
    listed = [voice.voice_id for voice in asyncflow.runtime_data.catalogue.data if not voice.own][:2]
    client = await hass_client()
    with patch.object(clips, "MAX_BYTES", 1):
        first, second = [
            (await media_source.async_resolve_media(home, sample(asyncflow, voice_id), None)).url for voice_id in listed
        ]
    assert (await client.get(first)).status == HTTPStatus.NOT_FOUND
    assert (await client.get(second)).status == HTTPStatus.OK


async def test_nothing_is_kept_for_ever(
    home: HomeAssistant, asyncflow: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    """It goes when it has had its time; what came later stays."""
    listed = [voice.voice_id for voice in asyncflow.runtime_data.catalogue.data if not voice.own][:2]
    client = await hass_client()
    with patch.object(clips, "LIFETIME", 0.0):
        first = await media_source.async_resolve_media(home, sample(asyncflow, listed[0]), None)
    second = await media_source.async_resolve_media(home, sample(asyncflow, listed[1]), None)
    async_fire_time_changed(home, dt_util.utcnow() + timedelta(seconds=2))
    await home.async_block_till_done()
    assert (await client.get(first.url)).status == HTTPStatus.NOT_FOUND
    assert (await client.get(second.url)).status == HTTPStatus.OK


async def test_what_cannot_be_played_is_told(
    home: HomeAssistant, emulator: Emulator, asyncflow: MockConfigEntry
) -> None:
    """In the dialogue of the browser, where a player would be silent."""
    assert "Doorbell has no sample" in await refused(home, sample(asyncflow, UNHEARD_VOICE_ID))
    assert "no longer offers the voice gone" in await refused(home, sample(asyncflow, "gone"))
    assert "isn't loaded" in await refused(home, f"{ROOT}/sample/no-account/{DEFAULT_VOICE_ID}")
    assert "Media not found" in await refused(home, f"{ROOT}/nonsense")
    assert "no longer available" in await refused(home, f"{ROOT}/clip/gone")
    sarvam = await set_up(home, account("sarvam", emulator))
    assert "Shubh has no sample" in await refused(home, sample(sarvam, "shubh"))
    emulator.asyncflow.add_fault(FaultKind.STATUS, "/previews/", status=403)
    assert "(http_403)" in await refused(home, sample(asyncflow))
    emulator.asyncflow.configure(keys=("another-key",))
    assert "Invalid API key" in await refused(home, sample(asyncflow))


async def test_what_cannot_be_opened_is_told(home: HomeAssistant, asyncflow: MockConfigEntry) -> None:
    """A removed account, or an invented identifier."""
    for media_content_id, words in ((f"{ROOT}/account/gone", "isn't loaded"), (f"{ROOT}/a/b/c/d", "Media not found")):
        with pytest.raises(BrowseError) as raised:
            await media_source.async_browse_media(home, media_content_id)
        assert words in told(raised.value)


# What an address may lead to


@pytest.fixture
async def store(socket_enabled: None) -> AsyncGenerator[Callable[[Handler], Awaitable[str]]]:
    """Return how to begin a store of files that answers with a handler; gives its address."""
    clients: list[TestClient[Any, Any]] = []

    async def begin(handler: Handler) -> str:
        application = web.Application()
        application.router.add_get("/{path:.*}", handler)
        client: TestClient[Any, Any] = TestClient(TestServer(application))
        await client.start_server()
        clients.append(client)
        return str(client.make_url("/sample"))

    yield begin
    for client in clients:
        await client.close()


def answering(body: bytes, content_type: str) -> Handler:
    """Return a handler that always says the same."""

    async def handle(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type=content_type)

    return handle


async def led_away(request: web.Request) -> web.Response:
    """Lead to another address, which is the sample."""
    if request.path == "/sample":
        raise web.HTTPFound("/elsewhere")
    return web.Response(body=recorded("mp3", 1.0), content_type="audio/mpeg")


async def led_in_circles(_request: web.Request) -> web.Response:
    """Lead to where one is."""
    raise web.HTTPFound("/sample")


async def led_outside(_request: web.Request) -> web.Response:
    """Lead to an address that is not secure."""
    raise web.HTTPFound("http://192.0.2.1.example/sample")


@pytest.mark.parametrize(
    ("handler", "content_type"),
    [
        (answering(recorded("wav", 1.0), "audio/x-wav"), "audio/wav"),
        (answering(recorded("wav", 1.0), "binary/octet-stream"), "audio/wav"),
        (answering(recorded("mp3", 1.0), "application/octet-stream"), "audio/mpeg"),
        (answering(recorded("ogg", 1.0), "audio/mpeg"), "audio/ogg"),
        (answering(recorded("flac", 1.0), "text/html"), "audio/flac"),
        (answering(recorded("m4a", 1.0), "audio/x-m4a"), "audio/mp4"),
        (led_away, "audio/mpeg"),
    ],
)
async def test_a_store_of_files_may_say_it_in_its_own_way(
    home: HomeAssistant, asyncflow: MockConfigEntry, store: Any, handler: Handler, content_type: str
) -> None:
    """With a type of no meaning, a wrong one, or somewhere else: its content counts."""
    address = await store(handler)
    with patch.object(type(asyncflow.runtime_data.provider), "preview_url", return_value=address):
        media = await media_source.async_resolve_media(home, sample(asyncflow), None)
    assert media.mime_type == content_type


@pytest.mark.parametrize(
    ("handler", "reason"),
    [
        (answering(b"<script>", "text/html"), "not audio"),
        (answering(b"<svg>", "image/svg+xml"), "not audio"),
        (answering(b"<script>", "application/octet-stream"), "not audio"),
        (answering(b"", "audio/mpeg"), "not audio"),
        (answering(b"#EXTM3U\nhttp://192.168.1.1/a.mp3\n", "audio/mpeg"), "not audio"),
        (answering(b"#EXTM3U\nhttp://192.168.1.1/a.mp3\n", "audio/x-mpegurl"), "not audio"),
        (answering(b"[playlist]\nFile1=http://192.168.1.1/\n", "audio/x-scpls"), "not audio"),
        (answering(b"<html>ID3</html>", "audio/wav"), "not audio"),
        (answering(b"ID3\x04\x00\x00\x00\x00\x00\x00<html>", "audio/mpeg"), "not audio"),
        (answering(b"ID3" * 100, "audio/mpeg"), "too large"),
        (led_in_circles, "too many redirects"),
        (led_outside, "unsafe URL"),
    ],
)
async def test_nothing_but_a_sound_of_sane_size_is_handed_on(
    home: HomeAssistant, asyncflow: MockConfigEntry, store: Any, handler: Handler, reason: str
) -> None:
    """And no address is followed that a key's owner would not follow."""
    address = await store(handler)
    with (
        patch.object(type(asyncflow.runtime_data.provider), "preview_url", return_value=address),
        patch.object(uploads, "MAX_BYTES", 100),
    ):
        assert f"({reason})" in await refused(home, sample(asyncflow))
