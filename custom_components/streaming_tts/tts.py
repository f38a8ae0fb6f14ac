"""The text-to-speech entities."""

from collections.abc import AsyncGenerator
from contextlib import suppress
from functools import partial
from typing import Any, override

from homeassistant.components import tts
from homeassistant.components.tts.entity import TTSAudioRequest, TTSAudioResponse
from homeassistant.const import CONF_LANGUAGE, CONF_MODEL
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account.runtime import StreamingTtsConfigEntry
from .audio.transcode import warm
from .const import (
    CONF_VOICE,
    OPTION_DICTIONARY,
    OPTION_FALLBACK,
    OPTION_LOUDNESS,
    OPTION_PRONUNCIATIONS,
    OPTION_SPOKEN_BY,
    OPTION_TEXT_RULES,
)
from .entity import VoiceEntity, async_add_for_voices
from .lexicon.dictionaries import DICTIONARY_CHANGES
from .lexicon.store import PRONUNCIATIONS, async_normalizer, language_for
from .playback.fallback import loudness_digest, participants_of
from .playback.preparation import Preparation, file_of, preparation
from .playback.utterance import Utterance
from .providers.capabilities import Dictionaries
from .speech.text.buffer import RULES_VERSION
from .speech.text.source import TextSource
from .voices.catalogue import voices_for
from .voices.languages import askable_languages
from .voices.settings import default_options, resolve_voice, supported_options, translate, voice_title

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: StreamingTtsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add an entity for each voice of an account."""
    await hass.async_add_executor_job(warm)
    async_add_for_voices(entry.runtime_data, async_add_entities, VoiceTTSEntity)


class VoiceTTSEntity(VoiceEntity, tts.TextToSpeechEntity):
    """A saved voice."""

    @override
    async def async_added_to_hass(self) -> None:
        """Load the text rules of the voice's language in advance."""
        await super().async_added_to_hass()
        model = self.account.provider.model(self.subentry.data[CONF_MODEL])
        is_heard = model.detects_language and CONF_LANGUAGE not in self.subentry.data
        spoken = None if is_heard else self.default_language
        await async_normalizer(self.hass, language_for(self.hass, spoken, self.default_language), model)

    @override
    def _take_up(self) -> None:
        """Update the languages and options supported by the voice's model."""
        super()._take_up()
        model = self.account.provider.model(self.subentry.data[CONF_MODEL])
        self._attr_supported_languages = askable_languages(model.languages)
        self._attr_default_language = self.subentry.data.get(CONF_LANGUAGE) or model.languages[0]
        self._attr_supported_options = [
            *supported_options(self.account.provider.models),
            OPTION_FALLBACK,
            tts.ATTR_PREFERRED_FORMAT,
            tts.ATTR_PREFERRED_SAMPLE_RATE,
            tts.ATTR_PREFERRED_SAMPLE_CHANNELS,
            tts.ATTR_PREFERRED_SAMPLE_BYTES,
            tts.ATTR_PREFERRED_BITRATE,
        ]

    @property
    @override
    def default_options(self) -> dict[str, Any]:
        """Return the options that change the audio, including the speaking voice, for the TTS cache key."""
        own = (self.account, self.subentry)
        first, *_ = participants_of(self.hass, self.entity_id, own, alone=preparation.get() is not None)
        provider = self.account.provider
        options: dict[str, Any] = {**default_options(provider, self.subentry.data), OPTION_TEXT_RULES: RULES_VERSION}
        if isinstance(provider, Dictionaries) and provider.dictionary_setting.key in options:
            if (changed := self.hass.data[DICTIONARY_CHANGES].newest) is not None:
                options[OPTION_DICTIONARY] = changed
        if not first.is_primary:
            options[OPTION_SPOKEN_BY] = first.entity_id
        if self.account.options.even_loudness:
            options[OPTION_LOUDNESS] = loudness_digest(self.account, self.subentry, first)
        model = provider.model(self.subentry.data[CONF_MODEL])
        # A call may use any language of the model, which is unknown when the key is built
        home = self.hass.config.language
        if (digest := self.hass.data[PRONUNCIATIONS].lexicon.digest((*model.languages, home))) is not None:
            options[OPTION_PRONUNCIATIONS] = f"{home} {digest}"
        return options

    @property
    def own_options(self) -> dict[str, Any]:
        """Return the default options if the voice speaks itself, as for prepared phrases."""
        reset = preparation.set(Preparation())
        try:
            return self.default_options
        finally:
            preparation.reset(reset)

    @callback
    @override
    def async_supports_streaming_input(self) -> bool:
        """Support streamed text. A call of this method is a hint that text follows soon, so connect early."""
        if self.account.backoff_reason is None and preparation.get() is None:
            with suppress(ServiceValidationError):  # The request itself reports the error
                engine = self.account.engine
                voice = resolve_voice(self.account.provider, self.subentry.data, language=None, options={})
                engine.pool.hint(voice, engine.transport(voice))
        return True

    @callback
    @override
    def async_get_supported_voices(self, language: str) -> list[tts.Voice] | None:
        """Return the voices for a language with the saved model.

        The saved voice comes first, because pickers select the first one.
        """
        saved = self.subentry.data[CONF_VOICE]
        model = self.account.provider.model(self.subentry.data[CONF_MODEL])
        catalogue = self.account.catalogue.data
        info = next((voice for voice in catalogue if voice.voice_id == saved), None)
        offered = voices_for(catalogue, language, [model])
        translated = translate(self.hass)
        voices = [
            tts.Voice(voice.voice_id, voice_title(voice, [model], translated)) for voice in offered if voice is not info
        ]
        if info is None or info in offered or language == self.default_language:
            voices.insert(0, tts.Voice(saved, voice_title(info, [model], translated) if info else self.subentry.title))
        return voices or None

    @override
    async def async_stream_tts_audio(self, request: TTSAudioRequest) -> TTSAudioResponse:
        """Return the audio of a text, which may still be streamed."""
        utterance = Utterance(self, request, self.language_of(request))
        # A reload of the account does not end the task
        spawn = partial(self.hass.async_create_background_task, name=f"{self.entity_id} text")
        source = TextSource(request.message_gen, spawn)
        try:
            await utterance.prepare()
            await source.open()
            by_fallback = OPTION_SPOKEN_BY in request.options
            if by_fallback and source.ended and (audio := await self._spoken_before(request, source.pending)):
                await source.aclose()
                return audio
            return TTSAudioResponse(*utterance.begin(source))
        except BaseException:
            await source.aclose()
            raise

    async def _spoken_before(self, request: TTSAudioRequest, message: str) -> TTSAudioResponse | None:
        """Return a complete text from the voice's own cached file, if a fallback would speak it now.

        Home Assistant itself has only looked up the fallback's file. Return None if there is no file.
        """
        defaults = self.default_options
        asked = {key: value for key, value in request.options.items() if value != defaults.get(key)}
        asked.pop(OPTION_SPOKEN_BY, None)
        file = file_of(self.hass, self.entity_id, message, request.language, {**self.own_options, **asked})
        if file is None:
            return None
        try:
            audio = await self.hass.async_add_executor_job(file.read_bytes)
        except OSError:
            return None
        return TTSAudioResponse(file.suffix[1:], _once(audio))

    def language_of(self, request: TTSAudioRequest) -> str | None:
        """Return the requested language, or None if the saved voice detects it from the text."""
        if CONF_LANGUAGE not in self.subentry.data and request.language == self.default_language:
            return None
        return request.language


async def _once(audio: bytes) -> AsyncGenerator[bytes]:
    yield audio
