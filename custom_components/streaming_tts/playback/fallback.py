"""Who speaks for a voice: itself, the fallback that the user chose for it, then that one's own, and so on."""

from functools import partial

from homeassistant.components.tts.const import DOMAIN as TTS_DOMAIN
from homeassistant.components.tts.helper import get_engine_instance
from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.const import CONF_MODEL
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.loader import async_get_loaded_integration
from homeassistant.util import dt as dt_util

from ..account.runtime import Account, StreamingTtsConfigEntry
from ..const import CONF_FALLBACK, DOMAIN
from ..lexicon.store import language_for
from ..providers import markup as inline
from ..providers.types import AudioFormat
from ..speech.portioned import Portioned
from ..speech.synthesizer import Synthesizer
from ..speech.text.buffer import TextRules
from ..voices.languages import match_language
from ..voices.settings import resolve_finish, resolve_voice
from .foreign import EntitySynthesizer, engine_availability
from .normalizers import async_normalizer
from .result import Participant


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
    """Return True if an entity as a voice's fallback would, by way of its own fallbacks, come back to that voice."""
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


def participants_of(hass: HomeAssistant, primary: Participant) -> list[Participant]:
    """Return a voice and its fallbacks, each once, in the order in which they are asked.

    Who is in backoff is asked last: what is better than silence is tried all the same.
    """
    chain = [primary]
    seen = {primary.entity_id}
    last = primary
    while last.own is not None and (fallback := fallback_entity_id(hass, last.own[1])) is not None:
        if fallback in seen:
            break
        seen.add(fallback)
        last = participant(hass, fallback, _own_voice(hass, fallback))
        chain.append(last)
    if primary.backoff_reason is not None and any(each.backoff_reason is None for each in chain):
        primary.reason = primary.backoff_reason
    return sorted(chain, key=lambda each: each.backoff_reason is not None)


def participant(
    hass: HomeAssistant, entity_id: str, own: tuple[Account, ConfigSubentry] | None, *, is_primary: bool = False
) -> Participant:
    """Return an entity as one that may speak."""
    reason: str | None = engine_availability(hass, entity_id).backoff.reason(dt_util.utcnow())
    if own is not None:
        reason = own[0].backoff_reason or (None if is_primary else reason)
    return Participant(entity_id=entity_id, own=own, is_primary=is_primary, backoff_reason=reason)


def fallback_synthesizer(
    hass: HomeAssistant, who: Participant, language: str, audio_format: AudioFormat, *, is_last: bool
) -> Synthesizer:
    """Return how a fallback speaks, in a format.

    A voice of ours that has the format is spoken with directly, and its sound spliced at the sample; any other engine,
    and any other format, goes over the platform, which converts. The last one in the chain is given more time.
    """
    direct = None if who.own is None else _direct(who, *who.own, language, audio_format, is_last=is_last)
    if direct is not None:
        return direct
    who.own = None  # over the platform it is an utterance of its own, which tells what that costs
    return EntitySynthesizer(hass, who.entity_id, language, audio_format)


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
    who: Participant,
    account: Account,
    subentry: ConfigSubentry,
    language: str,
    audio_format: AudioFormat,
    *,
    is_last: bool,
) -> Synthesizer | None:
    """Return one of our voices with its own settings, or None where it lacks the format or the language."""
    model = account.provider.model(subentry.data[CONF_MODEL])
    if match_language(language, model.languages) is None:
        return None
    voice = resolve_voice(account.provider, subentry.data, language=language, options={})
    if audio_format not in account.provider.formats(voice):
        return None
    synthesizer = account.engine.synthesizer(
        voice,
        audio_format,
        has_fallback=not is_last,
        recorder=who,
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
    normalizer = None
    if resolve_finish(subentry.data, {}).clean:
        text_language = language_for(account.hass, voice.language, language)
        normalizer = partial(async_normalizer, account.hass, text_language, model)
    return Portioned(synthesizer, rules, normalizer)
