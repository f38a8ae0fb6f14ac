"""The synthesizers of a voice and its chain of fallbacks, and the loudness of each."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any

from homeassistant.components import tts
from homeassistant.components.tts.const import DOMAIN as TTS_DOMAIN
from homeassistant.components.tts.helper import get_engine_instance
from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.const import CONF_MODEL
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.loader import async_get_loaded_integration
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..account.availability import Availability
from ..account.runtime import Account, StreamingTtsConfigEntry
from ..audio.level import VoiceLoudness
from ..audio.pcm import WholeSamples
from ..const import CONF_FALLBACK, CONF_VOICE, DOMAIN, LOGGER, OPTION_FALLBACK
from ..lexicon.store import async_normalizer, language_for
from ..providers import markup as inline
from ..providers.transport.audio_stream import WavStream
from ..providers.types import AudioFormat, Failure, ProviderError, Voice
from ..speech.engine import ProviderSynthesizer
from ..speech.synthesizer import Portioned, SpeechRequest, Synthesizer
from ..speech.text.buffer import TextRules
from ..voices.languages import match_language
from ..voices.settings import resolve_finish, resolve_voice
from .result import Participant


def loudness_of(who: Participant, account: Account, voice: Voice) -> VoiceLoudness:
    """Return the known loudness of a participant.

    `voice` is the voice that the account itself uses. Other entities, including those of this integration that are used
    through the platform, are identified by their entity ids.
    """
    if who.is_primary:
        return account.storage.loudness.of(voice)
    if who.own is None:
        return account.storage.loudness.of(who.entity_id)
    own, subentry = who.own
    return own.storage.loudness.of(_voice(subentry))


def loudness_digest(account: Account, subentry: ConfigSubentry, first: Participant) -> str:
    """Return a digest that changes with the gain of a saved voice, or of a fallback that speaks first.

    It covers all voices that are not saved, because a call may name one of them.
    """
    saved = [_voice(each) for each in account.entry.subentries.values()]
    others = [voice for voice in saved if voice != _voice(subentry)]
    digest = account.storage.loudness.digest(without=others)
    return digest if first.is_primary else f"{digest} {loudness_of(first, account, _voice(subentry)).correction}"


def _voice(subentry: ConfigSubentry) -> Voice:
    return Voice.of(voice_id=subentry.data[CONF_VOICE], model=subentry.data[CONF_MODEL], language=None)


FOREIGN_TIMEOUT = 15.0
"""Timeout in seconds for each chunk of another engine, including the first."""


_ENGINES: HassKey[dict[str, Availability]] = HassKey(f"{DOMAIN}_engines")


@callback
def engine_availability(hass: HomeAssistant, entity_id: str) -> Availability:
    """Return the availability of another engine. It is kept until Home Assistant restarts."""
    engines = hass.data.setdefault(_ENGINES, {})
    if entity_id not in engines:
        engines[entity_id] = Availability(entity_id)
    return engines[entity_id]


@dataclass(slots=True, eq=False)
class EntitySynthesizer:
    """Speech from another entity, in that entity's tag for a language, converted by the platform.

    Home Assistant caches it under that entity's own key.
    """

    hass: HomeAssistant
    entity_id: str
    language: str
    audio_format: AudioFormat

    async def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        """Yield the audio of a text, as `Synthesizer.speak`. All errors of the engine become `ProviderError`."""
        availability, started = engine_availability(self.hass, self.entity_id), dt_util.utcnow()
        try:
            async with aclosing(self._speak(text)) as sound:
                async for chunk in sound:
                    yield chunk
        except Exception as caught:  # noqa: BLE001 - an engine may raise anything
            if isinstance(caught, ProviderError):
                error = caught
            elif isinstance(caught, TimeoutError):
                error = ProviderError(Failure.UNREACHABLE, code="engine_timeout")
            else:
                LOGGER.debug("The fallback %s failed: %s", self.entity_id, type(caught).__name__)
                error = ProviderError(Failure.SERVER, code="engine_failed")
            # The cause is unknown, so treat each failure as a lasting one
            away = ProviderError(Failure.UNREACHABLE, code=error.code)
            availability.note_failure(away, None, dt_util.utcnow())
            raise error from None
        availability.note_success(started, dt_util.utcnow())

    async def _speak(self, text: str) -> AsyncGenerator[bytes]:
        """Yield the samples of an engine's WAV. Raises `TimeoutError`, or `ProviderError` if they are unusable."""
        stream = self._stream()
        stream.async_set_message(inline.plain(text))
        wav, samples, silent = WavStream(), WholeSamples(), True
        async with aclosing(stream.async_stream_result()) as result:
            while True:
                async with asyncio.timeout(FOREIGN_TIMEOUT):
                    chunk = await anext(result, None)
                if chunk is None:
                    break
                sound = samples.feed(wav.feed(chunk))
                if wav.sample_rate not in (None, self.audio_format.sample_rate):
                    raise ProviderError(Failure.BROKEN, code="engine_rate")
                if sound:
                    silent = False
                    yield sound
        if silent:
            raise ProviderError(Failure.BROKEN, code="engine_silent")

    def _stream(self) -> tts.ResultStream:
        engine = get_engine_instance(self.hass, self.entity_id)
        options: dict[str, Any] = {
            tts.ATTR_PREFERRED_FORMAT: "wav",
            tts.ATTR_PREFERRED_SAMPLE_RATE: self.audio_format.sample_rate,
            tts.ATTR_PREFERRED_SAMPLE_CHANNELS: 1,
            tts.ATTR_PREFERRED_SAMPLE_BYTES: 2,
        }
        language = None
        if isinstance(engine, tts.TextToSpeechEntity):
            language = match_language(self.language, engine.supported_languages)
            if OPTION_FALLBACK in (engine.supported_options or ()):
                options[OPTION_FALLBACK] = False  # An entity of this integration: it must not use its own fallbacks
        return tts.async_create_stream(self.hass, engine=self.entity_id, language=language, options=options)


def fallback_entity_id(hass: HomeAssistant, subentry: ConfigSubentry) -> str | None:
    """Return the entity that the user selected as a voice's fallback, or None if there is none."""
    if (chosen := subentry.data.get(CONF_FALLBACK)) is None:
        return None
    return er.async_resolve_entity_id(er.async_get(hass), chosen)


def first_local_engine(hass: HomeAssistant, language: str) -> str | None:
    """Return the first local text-to-speech entity for a language, or None."""
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
    """Return True if an entity's own fallbacks lead back to a voice."""
    seen: set[str] = set()
    following: str | None = entity_id
    while following is not None and following not in seen:
        seen.add(following)
        if (saved := _saved_voice(hass, following)) is None:
            return False
        if saved[1].subentry_id == subentry_id:
            return True
        following = fallback_entity_id(hass, saved[1])
    return False


def _saved_voice(hass: HomeAssistant, entity_id: str) -> tuple[StreamingTtsConfigEntry, ConfigSubentry] | None:
    """Return the entry and subentry of an entity of this integration, or None for another one."""
    registered = er.async_get(hass).async_get(entity_id)
    if registered is None or registered.platform != DOMAIN or registered.config_subentry_id is None:
        return None
    entry: StreamingTtsConfigEntry | None = hass.config_entries.async_get_entry(registered.config_entry_id or "")
    subentry = None if entry is None else entry.subentries.get(registered.config_subentry_id)
    return None if entry is None or subentry is None else (entry, subentry)


def participants_of(
    hass: HomeAssistant, entity_id: str, own: tuple[Account, ConfigSubentry], *, alone: bool
) -> list[Participant]:
    """Return a voice and, unless `alone`, its fallbacks without duplicates, in the order in which they are tried.

    Participants in backoff come last. They are still tried if nothing else works.
    """
    primary = Participant(entity_id=entity_id, own=own, is_primary=True, backoff_reason=own[0].backoff_reason)
    chain = [primary]
    while not alone and (last := chain[-1]).own is not None:
        following = fallback_entity_id(hass, last.own[1])
        if following is None or any(each.entity_id == following for each in chain):
            break
        saved, voice = _saved_voice(hass, following), None
        if saved is not None and saved[0].state is ConfigEntryState.LOADED:
            voice = (saved[0].runtime_data, saved[1])
        reason = None if voice is None else voice[0].backoff_reason
        reason = reason or engine_availability(hass, following).backoff_reason(dt_util.utcnow())
        chain.append(Participant(entity_id=following, own=voice, backoff_reason=reason))
    if primary.backoff_reason is not None and any(each.backoff_reason is None for each in chain):
        primary.reason = primary.backoff_reason
    return sorted(chain, key=lambda each: each.backoff_reason is not None)


def fallback_synthesizer(
    hass: HomeAssistant, who: Participant, language: str, audio_format: AudioFormat, *, is_last: bool
) -> Synthesizer:
    """Return the synthesizer of a fallback.

    A voice of this integration that supports the format is used directly, without a gap in the audio. Other engines and
    formats go through the platform, which converts the audio. The last synthesizer in the chain has longer timeouts.
    """
    if (
        who.own is None
        or match_language(language, who.own[0].provider.model(who.own[1].data[CONF_MODEL]).languages) is None
        or audio_format.sample_rate not in who.own[0].provider.pcm_rates
    ):
        who.own = None  # Through the platform it is a separate utterance, which reports its own cost
        return EntitySynthesizer(hass, who.entity_id, language, audio_format)
    account, subentry = who.own
    provider = account.provider
    voice = resolve_voice(provider, subentry.data, language=language, options={})
    terms = SpeechRequest(
        voice=voice,
        audio_format=audio_format,
        has_fallback=not is_last,
        recorder=who,
        admission=partial(account.refusal, alone=is_last),
    )
    rules = TextRules(
        language=voice.language,
        clean=False,
        tags=inline.TAGS,
        max_characters=provider.max_characters(voice),
        length=provider.length,
        can_speak=provider.can_speak,
    )
    normalizer = None
    if resolve_finish(subentry.data, {}).clean:
        text_language = language_for(hass, voice.language, language)
        normalizer = partial(async_normalizer, hass, text_language, provider.model(voice.model))
    return Portioned(ProviderSynthesizer(account.engine, terms), rules, normalizer)
