"""Media source for samples of voices, and for audio that actions offer to players."""

import asyncio
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from datetime import timedelta
import hashlib
from secrets import token_urlsafe
from typing import Final, override
from urllib.parse import quote, unquote

from homeassistant.components.http.auth import async_sign_path
from homeassistant.components.media_player.const import MediaClass
from homeassistant.components.media_player.errors import BrowseError
from homeassistant.components.media_source import (
    BrowseMediaSource,
    MediaSource,
    MediaSourceItem,
    PlayMedia,
    Unresolvable,
    generate_media_source_id,
)
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.network import NoURLAvailableError, get_url
from homeassistant.helpers.translation import async_get_translations

from .account.runtime import Account, StreamingTtsConfigEntry
from .actions import in_words
from .cloning.file_types import FileType, recognize
from .const import DOMAIN
from .entity import media_page
from .errors import failed, invalid
from .playback.clips import CLIPS, LIFETIME, Clip, clip_path
from .providers.capabilities import Previews
from .providers.types import VoiceInfo
from .providers.uploads import SampleError, fetch_sample
from .voices.catalogue import voices_for
from .voices.languages import family, language_name
from .voices.settings import translate, voice_title

ANY_SOUND: Final = "audio/mpeg"
"""The listed type of a sample, so that players show it. Its actual type is returned when it is resolved."""

MAX_FETCHES: Final = 4
"""The number of samples that are fetched concurrently. Each may have several megabytes."""

ACCOUNT: Final = "account"
SAMPLE: Final = "sample"
CLIP: Final = "clip"
"""The kinds of media identifiers."""

_THUMBNAIL: Final = f"/api/brands/integration/{DOMAIN}/icon.png"


async def async_get_media_source(hass: HomeAssistant) -> VoiceSamples:
    """Set up the media source."""
    words = await async_get_translations(hass, hass.config.language, "selector", [DOMAIN])
    return VoiceSamples(hass, words.get(f"component.{DOMAIN}.selector.media_source.options.voice_samples"))


class VoiceSamples(MediaSource):
    """Lists voices by account and language, and plays their samples free of charge."""

    def __init__(self, hass: HomeAssistant, name: str | None) -> None:
        """Initialize the source with its translated name."""
        super().__init__(DOMAIN)
        self.name = name
        self.hass = hass
        self._fetches = asyncio.Semaphore(MAX_FETCHES)

    @override
    async def async_browse_media(self, item: MediaSourceItem) -> BrowseMediaSource:
        """Return the accounts with samples, the languages of an account, or its voices for a language."""
        with _raised_as(BrowseError):
            match parts_of(item.identifier or ""):  # None for the root, despite its type
                case ("",):
                    entries: list[StreamingTtsConfigEntry] = self.hass.config_entries.async_loaded_entries(DOMAIN)
                    accounts = [entry.runtime_data for entry in entries if _heard(entry.runtime_data)]
                    return _folder(None, self.name or DOMAIN, map(_account_folder, accounts))
                case (kind, entry_id) if kind == ACCOUNT:
                    account = self._account(entry_id)
                    return _account_folder(account, children=_language_folders(account))
                case (kind, entry_id, language) if kind == ACCOUNT:
                    account = self._account(entry_id)
                    return _language_folder(account, language, children=_samples(account, language))
            raise invalid("media_unknown")

    @override
    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        """Return the path and type of a sample or clip. Raises `Unresolvable` if it is not available."""
        with _raised_as(Unresolvable):
            match parts_of(item.identifier or ""):
                case (kind, entry_id, voice_id) if kind == SAMPLE:
                    return await self._async_sample(self._account(entry_id), voice_id)
                case (kind, name) if kind == CLIP:
                    if (clip := self.hass.data[CLIPS].get(name)) is None:
                        raise invalid("clip_gone")
                    return PlayMedia(clip_path(name), clip.content_type)
            raise invalid("media_unknown")

    def _account(self, entry_id: str) -> Account:
        """Return a loaded account. Raises a translated `HomeAssistantError` for any other."""
        entry: StreamingTtsConfigEntry | None = self.hass.config_entries.async_get_entry(entry_id)
        if entry is None or entry.domain != DOMAIN or entry.state is not ConfigEntryState.LOADED:
            raise invalid("account_not_running")
        return entry.runtime_data

    async def _async_sample(self, account: Account, voice_id: str) -> PlayMedia:
        """Return the sample of a voice, fetched unless it is cached.

        Raises a translated `HomeAssistantError`.

        Players never receive the service's own URL: some players and browsers cannot reach it, and it would disclose to
        the service who listens.
        """
        name = hashlib.sha256(f"{account.entry.entry_id}/{voice_id}".encode()).hexdigest()[:32]
        async with self._fetches:
            if (clip := self.hass.data[CLIPS].get(name)) is None:
                clip = await _async_fetch(self.hass, account, voice_id)
                self.hass.data[CLIPS].keep(name, clip)
        return PlayMedia(clip_path(name), clip.content_type)


async def _async_fetch(hass: HomeAssistant, account: Account, voice_id: str) -> Clip:
    """Fetch the sample of a voice. Raises a translated `HomeAssistantError`."""
    provider = account.provider
    if (voice := account.catalogue.voice(voice_id)) is None:
        raise invalid("voice_not_offered", account=account.entry.title, voice=voice_id)
    if not isinstance(provider, Previews):
        raise invalid("no_samples", provider=provider.name)
    with in_words(account):
        address = await provider.preview_url(voice)
    if address is None:
        raise invalid("no_sample", voice=voice.name)
    try:
        sample = await fetch_sample(provider.session, address, base_url=provider.base_url, timeouts=provider.timeouts)
        file_type = await _async_file_type(hass, sample)
    except SampleError as error:
        reason = translate(hass)("reason", str(error))
        raise failed("sample_unavailable", voice=voice.name, reason=reason) from error
    return Clip(audio=sample, content_type=file_type.content_type)


async def _async_file_type(hass: HomeAssistant, sample: bytes) -> FileType:
    """Return the file type of a sample, by its content. Raises `SampleError` if it is not audio.

    The response's content type is ignored, as players would open a playlist or a page.
    """
    if (file_type := await hass.async_add_executor_job(recognize, sample)) is None:
        raise SampleError("no_sound")
    return file_type


def _account_folder(account: Account, children: Iterable[BrowseMediaSource] | None = None) -> BrowseMediaSource:
    """Return the folder of an account."""
    entry = account.entry
    return _folder(identifier(ACCOUNT, entry.entry_id), entry.title, children, thumbnail=_THUMBNAIL)


def _language_folders(account: Account) -> list[BrowseMediaSource]:
    """Return the folders of an account's languages, starting with Home Assistant's language."""
    voices, models = _heard(account), account.provider.models
    tags = {tag for voice in voices for tag in voice.languages}
    if any(not voice.languages for voice in voices):
        tags |= {tag for model in models for tag in model.languages}
    own = family(account.hass.config.language)
    languages = sorted({family(tag) for tag in tags}, key=lambda tag: (tag != own, language_name(tag).casefold()))
    return [_language_folder(account, language) for language in languages]


def _language_folder(
    account: Account, language: str, children: Iterable[BrowseMediaSource] | None = None
) -> BrowseMediaSource:
    """Return the folder of a language."""
    return _folder(identifier(ACCOUNT, account.entry.entry_id, language), language_name(language), children)


def _heard(account: Account) -> list[VoiceInfo]:
    """Return the voices that may have a sample."""
    provider = account.provider
    if not isinstance(provider, Previews):
        return []
    return [voice for voice in account.catalogue.data if provider.has_sample(voice)]


def _samples(account: Account, language: str) -> list[BrowseMediaSource]:
    """Return the playable samples of an account's voices for a language. The account's own voices are first."""
    models, translated = account.provider.models, translate(account.hass)
    return [
        BrowseMediaSource(
            domain=DOMAIN,
            identifier=identifier(SAMPLE, account.entry.entry_id, voice.voice_id),
            media_class=MediaClass.MUSIC,
            media_content_type=ANY_SOUND,
            title=voice_title(voice, models, translated),
            can_play=True,
            can_expand=False,
        )
        for voice in voices_for(_heard(account), language, models)
    ]


def _folder(
    name: str | None, title: str, children: Iterable[BrowseMediaSource] | None = None, *, thumbnail: str | None = None
) -> BrowseMediaSource:
    """Return a folder. Folders inside a list have no children yet."""
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=name,
        media_class=MediaClass.DIRECTORY,
        media_content_type="",
        title=title,
        can_play=False,
        can_expand=True,
        thumbnail=thumbnail,
        children=None if children is None else list(children),
    )


@contextmanager
def _raised_as(kind: type[HomeAssistantError]) -> Generator[None]:
    """Convert a translated error to another exception type."""
    try:
        yield
    except HomeAssistantError as error:
        raise kind(
            translation_domain=error.translation_domain,
            translation_key=error.translation_key,
            translation_placeholders=error.translation_placeholders,
        ) from error


def identifier(kind: str, *parts: str) -> str:
    """Return a media identifier. The parts may contain any characters."""
    return "/".join((kind, *(quote(part, safe="") for part in parts)))


def parts_of(identifier: str) -> tuple[str, ...]:
    """Return the kind and parts of a media identifier."""
    return tuple(unquote(part) for part in identifier.split("/"))


def samples_page(account: Account, language: str | None) -> str | None:
    """Return the path of the media browser page with an account's samples, or None if it has none.

    If samples exist for `language`, the page is limited to that language.
    """
    if not (voices := _heard(account)):
        return None
    entry_id = account.entry.entry_id
    items = [None, identifier(ACCOUNT, entry_id)]
    if language is not None and voices_for(voices, language, account.provider.models):
        items.append(identifier(ACCOUNT, entry_id, family(language)))
    return media_page(*(("", generate_media_source_id(DOMAIN, item or "").removesuffix("/")) for item in items))


def sample_id(entry_id: str, voice_id: str) -> str:
    """Return the media content id of a voice's sample."""
    return generate_media_source_id(DOMAIN, identifier(SAMPLE, entry_id, voice_id))


@callback
def offer_clip(hass: HomeAssistant, clip: Clip) -> dict[str, str]:
    """Keep a clip. Return its media content id, and a signed URL that works without authentication."""
    name = token_urlsafe(16)
    url = async_sign_path(hass, hass.data[CLIPS].keep(name, clip), timedelta(seconds=LIFETIME))
    with suppress(NoURLAvailableError):
        url = f"{get_url(hass)}{url}"
    return {"media_content_id": generate_media_source_id(DOMAIN, identifier(CLIP, name)), "url": url}
