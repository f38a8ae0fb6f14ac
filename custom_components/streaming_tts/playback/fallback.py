"""Who takes over from a voice: the fallback that the user chose for it, then that one's own, and so on."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from homeassistant.components.tts.const import DOMAIN as TTS_DOMAIN
from homeassistant.components.tts.helper import get_engine_instance
from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.loader import async_get_loaded_integration

from ..account.runtime import Account, StreamingTtsConfigEntry
from ..const import CONF_FALLBACK, CONF_MODEL, DOMAIN
from ..lexicon.store import language_for
from ..providers import markup as inline
from ..providers.types import AudioFormat
from ..speech.portioned import Portioned
from ..speech.synthesizer import Synthesizer
from ..speech.text.buffer import TextRules
from ..voices.languages import match_language
from .foreign import EntitySynthesizer
from .normalizers import async_normalizer
from .spoken import ParticipantBase


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnParticipant:
    """What one of our voices spends while it takes over from another, and whose it is."""

    account: Account
    subentry: ConfigSubentry
    part: ParticipantBase


@dataclass(frozen=True, kw_only=True, slots=True)
class Participant:
    """Who takes over: the entity, how it speaks, and what it spends, unless it keeps account of that itself."""

    entity_id: str
    speaker: Synthesizer
    own: OwnParticipant | None = None


def fallback_entity_id(hass: HomeAssistant, subentry: ConfigSubentry) -> str | None:
    """Return the entity that the user chose as a voice's fallback, or None where there is none (any more)."""
    if (chosen := subentry.data.get(CONF_FALLBACK)) is None:
        return None
    return er.async_resolve_entity_id(er.async_get(hass), chosen)


def first_local_engine(hass: HomeAssistant, language: str) -> str | None:
    """Return the first text-to-speech entity that speaks a language within the house, or None where there is none."""
    for registered in er.async_get(hass).entities.values():
        if registered.domain != TTS_DOMAIN or registered.platform == DOMAIN:
            continue
        engine = get_engine_instance(hass, registered.entity_id)
        if engine is None or match_language(language, engine.supported_languages or ()) is None:
            continue
        integration = async_get_loaded_integration(hass, registered.platform)
        if (integration.iot_class or "").startswith("local"):
            return registered.entity_id
    return None


def leads_back(hass: HomeAssistant, entity_id: str, subentry_id: str) -> bool:
    """Tell whether an entity as a voice's fallback would, by way of its own fallbacks, come back to that voice."""
    registry = er.async_get(hass)
    seen: set[str] = set()
    following: str | None = entity_id
    while following is not None and following not in seen:
        seen.add(following)
        registered = registry.async_get(following)
        if registered is None or registered.platform != DOMAIN or registered.config_subentry_id is None:
            return False
        if registered.config_subentry_id == subentry_id:
            return True
        entry = hass.config_entries.async_get_entry(registered.config_entry_id or "")
        subentry = entry.subentries.get(registered.config_subentry_id) if entry else None
        following = None if subentry is None else fallback_entity_id(hass, subentry)
    return False


def stand_ins(
    hass: HomeAssistant, entity_id: str, subentry: ConfigSubentry, language: str, audio_format: AudioFormat
) -> Iterator[Participant]:
    """Yield those who take over from a voice, in order, each once, all in one format.

    A voice of ours that has the format is spoken with directly, and its sound spliced at the sample; any other engine,
    and any other format, goes over the platform, which converts.
    """
    seen = {entity_id}
    voice: ConfigSubentry | None = subentry
    while voice is not None and (fallback := fallback_entity_id(hass, voice)) is not None and fallback not in seen:
        seen.add(fallback)
        own = _own_voice(hass, fallback)
        direct = None if own is None else _direct(fallback, *own, language, audio_format)
        yield direct or Participant(
            entity_id=fallback, speaker=EntitySynthesizer(hass, fallback, language, audio_format)
        )
        voice = None if own is None else own[1]


def _own_voice(hass: HomeAssistant, entity_id: str) -> tuple[Account, ConfigSubentry] | None:
    """Return the account and the saved voice behind an entity, or None where it is not ours or not set up."""
    registered = er.async_get(hass).async_get(entity_id)
    if registered is None or registered.platform != DOMAIN or registered.config_subentry_id is None:
        return None
    entry: StreamingTtsConfigEntry | None = hass.config_entries.async_get_entry(registered.config_entry_id or "")
    if entry is None or entry.state is not ConfigEntryState.LOADED:
        return None
    subentry = entry.subentries.get(registered.config_subentry_id)
    return None if subentry is None else (entry.runtime_data, subentry)


def _direct(
    entity_id: str, account: Account, subentry: ConfigSubentry, language: str, audio_format: AudioFormat
) -> Participant | None:
    """Return one of our voices with its own settings, or None where it lacks the format or the language."""
    model = account.provider.model(subentry.data[CONF_MODEL])
    if match_language(language, model.languages) is None:
        return None
    voice = account.voice(subentry, language=language)
    if audio_format not in account.provider.formats(voice):
        return None
    part = ParticipantBase(account)
    is_last = fallback_entity_id(account.hass, subentry) is None
    speaker = account.engine.synthesizer(
        voice,
        audio_format,
        has_fallback=True,
        recorder=part,
        admission=lambda: account.refusal(alone=is_last),
    )
    rules = TextRules(
        language=voice.language,
        clean=False,
        tags=inline.TAGS,
        max_characters=account.provider.max_characters(voice),
        length=account.provider.length,
        can_speak=lambda text: account.provider.can_speak(voice, text),
    )
    text_language = language_for(account.hass, voice.language, language)
    normalizer = (
        partial(async_normalizer, account.hass, text_language, model) if account.finish(subentry).clean else None
    )
    own = OwnParticipant(account=account, subentry=subentry, part=part)
    return Participant(entity_id=entity_id, speaker=Portioned(speaker, rules, normalizer), own=own)
