"""One thing to say: which voices, which format, and what its end or its failure means to Home Assistant."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from functools import partial

from homeassistant.components.tts.entity import TTSAudioRequest
from homeassistant.exceptions import HomeAssistantError

from ..audio.transcode import TranscodedAudio, Transcoder, listen, recoded
from ..const import LOGGER, OPTION_FALLBACK, OPTION_SPOKEN_BY
from ..entity import VoiceEntity
from ..errors import error_message
from ..lexicon.store import language_for, words_for
from ..providers import markup as inline
from ..providers.types import AudioFormat, ProviderError, Transport
from ..speech.fallback_chain import FallbackChain
from ..speech.playback_clock import PlaybackClock, Sound
from ..speech.scheduler import FIRST_CLAUSE, SegmentScheduler
from ..speech.session import stream_utterance
from ..speech.speech_rate import SpeechRate
from ..speech.synthesizer import Synthesizer
from ..speech.text.buffer import TextBuffer, TextRules, join
from ..speech.text.cap import CappedText
from ..speech.text.source import TextSource
from .fallback import Participant, stand_ins
from .formats import AudioFormats, form_of
from .normalizers import async_normalizer, friendly_name
from .platform_cache import disown
from .result import LIMIT, UtteranceReport, why_silent
from .spoken import Outcome

NOTHING_SECONDS = 0.2
"""Seconds of silence that are heard of a text with nothing to say."""

LAST_POINT_PATIENCE = 2.0
"""Seconds that a text may take to its end, where one request is all that is left of the quota: it should carry all of it."""

SHORT = 200
"""Characters up to which a complete text may go as one whole body, where that tells a quota that nobody knows yet."""


class Utterance:
    """What a request asks of a voice."""

    def __init__(self, entity: VoiceEntity, request: TTSAudioRequest, language: str | None) -> None:
        """Resolve the voice and its settings; raises a translated `ServiceValidationError` for what cannot be.

        `language` is what the voice is told, None where it is to hear the language from the text itself.
        """
        self._entity = entity
        self._account = entity.account
        self._options = request.options
        self._voice = self._account.voice(entity.subentry, language=language, options=request.options)
        self._language = request.language
        self._finish = self._account.finish(entity.subentry, request.options)
        self._sound = Sound(lead_in=self._finish.lead_in, gain=self._finish.gain)
        provider = self._account.provider
        self._text_language = language_for(entity.hass, self._voice.language, request.language)
        self._rules = TextRules(
            language=self._voice.language,
            clean=self._finish.clean,
            tags=inline.TAGS,
            words=words_for(entity.hass, self._text_language),
            max_characters=provider.max_characters(self._voice),
            length=lambda text: provider.length(provider.render(text)),
            can_speak=lambda text: provider.can_speak(self._voice, provider.render(text)),
        )

    async def prepare(self) -> None:
        """Have the data of the text's language, which is read from files the first time."""
        if self._rules.clean:
            hass, model = self._entity.hass, self._account.provider.model(self._voice.model)
            normalizer = await async_normalizer(hass, self._text_language, model)
            self._rules = replace(self._rules, normalizer=normalizer, friendly_name=partial(friendly_name, hass))

    def begin(self, source: TextSource) -> tuple[str, AsyncGenerator[bytes]]:
        """Return the extension and the sound, once it is known whether the text is complete or still being written."""
        message = source.peek() if source.ended else None
        formats = self._account.provider.formats(self._voice)
        form = form_of(self._options, formats, self._sound, partial(self._agreed, message))
        return form.extension, self._audio(source, message, form)

    def _agreed(self, message: str | None, wanted: AudioFormat) -> AudioFormat:
        """Return the format to ask the service for: who wants the same sound as another takes the other's."""
        if message is None or (text := self._single_request(message)) is None:
            return wanted
        return self._account.engine.agree(self._voice, text, wanted)

    def _single_request(self, message: str) -> str | None:
        """Return what is sent of a complete text, or None where it takes more than one request."""
        buffer = self._buffer()
        buffer.feed(message)
        buffer.end()
        text = join(buffer.sentences)
        return text if text and self._rules.length(text) <= self._rules.max_characters else None

    def _buffer(self) -> TextBuffer:
        """Return where the text is cleaned and cut, up to as much of it as the account allows to be spoken."""
        most = self._account.options.most_characters
        return TextBuffer(self._rules) if most is None else CappedText(self._rules, most)

    def _plan(self, pace: SpeechRate) -> SegmentScheduler:
        """Return when what is requested: the last request that a quota allows waits a little for the end of the text."""
        patience = LAST_POINT_PATIENCE if self._account.has_last_point(self._voice) else 0.0
        return SegmentScheduler(
            pace,
            max_characters=self._rules.max_characters,
            length=self._rules.length,
            patience=patience,
            first_clause=FIRST_CLAUSE if self._finish.first_clause else None,
        )

    async def _audio(self, source: TextSource, message: str | None, form: AudioFormats) -> AsyncGenerator[bytes]:
        """Yield the sound; ends whole or raises a translated `HomeAssistantError`.

        A text that was still being written ends cleanly also when it fails after its first sound: such sound is kept in
        no file, and a satellite that reads an exception instead of an end stays in its speaking state.
        """
        playhead = PlaybackClock(form.spliced, self._sound, self._entity.hass.loop.time)
        pace = self._account.engine.pace(self._voice)
        buffer = self._buffer()
        others = self._stand_ins(form.spliced)
        report = UtteranceReport(self._entity.entity_id, self._account, self._entity.subentry, others)
        with report.kept(source):
            sound = stream_utterance(
                source,
                self._cast(source, message, form=form, others=others, report=report),
                buffer=buffer,
                plan=self._plan(pace),
                playhead=playhead,
                pace=pace,
                converter=form.converter,
                decoder=listen,
            )
            try:
                async with aclosing(self._coded(_or_silence(sound, playhead), form)) as coded:
                    async for chunk in coded:
                        if playhead.started:
                            report.heard(source)
                        yield chunk
            except ProviderError as error:
                report.failed(error)
                if message is not None or not playhead.started:
                    raise HomeAssistantError(**error_message(error, self._account.entry.title)) from error
                LOGGER.error("Speech of %s broke off: %s", self._entity.entity_id, error)
            except Exception as error:
                if message is not None or not playhead.started:
                    raise
                LOGGER.error("The text of %s broke off: %s", self._entity.entity_id, type(error).__name__)
            else:
                self._end(source, buffer, message, report)
            if not playhead.started:
                report.ended(Outcome.SPOKEN, why_silent(buffer))
                self._disown(message)

    def _end(self, source: TextSource, buffer: TextBuffer, message: str | None, report: UtteranceReport) -> None:
        """Take note that all was spoken, or as much as the account allows: that must not be kept as the whole.

        Of a text whose writer never ended it nobody knows whether that was all: it stays one that was given up.
        The name of an entity may be another tomorrow.
        """
        if buffer.names_entity:
            self._disown(message)
        if not isinstance(buffer, CappedText) or not buffer.capped:
            if source.complete:
                report.ended(Outcome.SPOKEN)
            return
        report.ended(Outcome.STOPPED, LIMIT)
        LOGGER.warning(
            "Speech of %s was stopped at the limit of %d characters that its account has for an utterance",
            self._entity.entity_id,
            self._account.options.most_characters,
        )
        self._disown(message)

    def _disown(self, message: str | None) -> None:
        """Let the sound not be found as the voice's own, nor as that of the fallback that was to speak."""
        if message is not None:
            disown(self._entity.hass, self._entity.entity_id, message)

    def _stand_ins(self, audio_format: AudioFormat) -> list[Participant]:
        """Return who could take over from the voice."""
        if not self._options.get(OPTION_FALLBACK, True):
            return []
        entity = self._entity
        return list(stand_ins(entity.hass, entity.entity_id, entity.subentry, self._language, audio_format))

    def _cast(
        self,
        source: TextSource,
        message: str | None,
        *,
        form: AudioFormats,
        others: list[Participant],
        report: UtteranceReport,
    ) -> FallbackChain:
        """Return who speaks: the voice itself, unless its account rests and somebody else can, then its fallbacks."""
        entity, account = self._entity, self._account
        speakers = [other.speaker for other in others]

        def hand_over(_turn: int, error: ProviderError) -> None:
            LOGGER.warning("The fallback of %s takes over: %s", entity.entity_id, error)
            report.taken_over(error)
            self._disown(message)

        if speakers and (reason := account.rest_reason) is not None:
            report.begun_by_stand_in(reason)
            if OPTION_SPOKEN_BY not in self._options:
                self._disown(message)
            return FallbackChain(speakers, hand_over, led=False)
        own: Synthesizer = account.engine.synthesizer(
            self._voice,
            form.asked,
            transport=lambda: self._transport(source, message),
            has_fallback=bool(speakers),
            recorder=report.part,
            admission=lambda: account.refusal(alone=not speakers),
            on_unkept=lambda: self._disown(message),
        )
        if form.asked != form.spliced:
            own = TranscodedAudio(own, Transcoder(hass=entity.hass, source=form.asked, target=form.spliced))
        return FallbackChain([own, *speakers], hand_over, resumption=lambda: self._disown(message))

    def _coded(self, sound: AsyncGenerator[bytes], form: AudioFormats) -> AsyncGenerator[bytes]:
        """Return the sound in the form in which it leaves."""
        if form.spliced == form.leaves:
            return sound
        return recoded(sound, Transcoder(hass=self._entity.hass, source=form.spliced, target=form.leaves))

    def _transport(self, source: TextSource, message: str | None) -> Transport:
        """Return how the next request travels: where the text is complete no WebSocket is opened for it."""
        provider = self._account.provider
        if message is not None and len(message) <= SHORT and provider.body_tells_quota and self._account.quota is None:
            return Transport.BODY
        if source.ended and Transport.STREAM in provider.transports:
            return Transport.STREAM
        return provider.transports[0]


async def _or_silence(sound: AsyncGenerator[bytes], playhead: PlaybackClock) -> AsyncGenerator[bytes]:
    """Yield a sound, or a moment of silence where it has nothing in it: a player waits for the end of something."""
    async with aclosing(sound):
        async for chunk in sound:
            yield chunk
    if not playhead.started:
        yield playhead.silence(NOTHING_SECONDS)
