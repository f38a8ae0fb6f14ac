"""One thing to say: which voices, which format, and what its end or its failure means to Home Assistant."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, contextmanager
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Final

from homeassistant.components.tts.entity import TTSAudioRequest
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.hass_dict import HassKey

from ..audio.level import Level, LeveledAudio
from ..audio.transcode import Output, TranscodeError, Transcoder, transcode
from ..const import DOMAIN, LOGGER, OPTION_FALLBACK, OPTION_LOUDNESS, OPTION_SPOKEN_BY
from ..entity import VoiceEntity
from ..errors import error_message
from ..lexicon.store import language_for, words_for
from ..providers import markup as inline
from ..providers.types import AudioFormat, Failure, ProviderError, Transport
from ..speech.fallback_chain import FallbackChain
from ..speech.playback_clock import PlaybackClock
from ..speech.scheduler import FIRST_CLAUSE, SegmentScheduler
from ..speech.session import stream_utterance
from ..speech.speech_rate import SpeechRate
from ..speech.synthesizer import Synthesizer
from ..speech.text.buffer import TextBuffer, TextRules, join
from ..speech.text.source import TextSource
from ..voices.settings import resolve_finish, resolve_voice
from .fallback import fallback_synthesizer, participant, participants_of
from .formats import AudioFormats, formats_of
from .levels import level_of, loudness_digest, loudness_of
from .normalizers import async_normalizer, friendly_name
from .platform_cache import disown
from .preparation import preparation
from .result import LIMIT, Outcome, Participant, UtteranceReport, why_silent

LAST_POINT_PATIENCE = 2.0
"""Seconds that a text may take to its end, where one request is all that is left of the quota: it should carry all of
it."""

SHORT = 200
"""Characters up to which a complete text may go as one whole body, where that tells a quota that nobody knows yet."""

_TURN: Final[HassKey[asyncio.Lock]] = HassKey(f"{DOMAIN}_transcode")


@contextmanager
def transcode_failures() -> Generator[None]:
    """Type a failure of the output stage like one of a service: what came out of it is not whole."""
    try:
        yield
    except TranscodeError:
        raise ProviderError(Failure.BROKEN, code="transcode") from None


_NUMBERS = count(1)
"""The log tells utterances apart by them."""


class Utterance:
    """What a request asks of a voice."""

    def __init__(self, entity: VoiceEntity, request: TTSAudioRequest, language: str | None) -> None:
        """Resolve the voice and its settings; raises a translated `ServiceValidationError` for what cannot be.

        `language` is what the voice is told, None where it is to hear the language from the text itself.
        """
        self._entity = entity
        self._account = entity.account
        self._options = request.options
        self._preparation = preparation.get()
        self._voice = resolve_voice(
            self._account.provider, entity.subentry.data, language=language, options=request.options
        )
        self._language = request.language
        self._accepted = asyncio.Event()
        self._finish = resolve_finish(entity.subentry.data, request.options)
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
        formats = formats_of(self._options, self._account.provider.formats(self._voice))
        if message is not None and (text := self._single_request(message)) is not None:
            self._account.engine.expect(self._voice, formats.spoken, text)
        return formats.extension, self._audio(source, message, formats)

    def _single_request(self, message: str) -> str | None:
        """Return what is sent of a complete text, or None where it takes more than one request."""
        buffer = self._buffer()
        buffer.feed(message)
        buffer.end()
        text = join(buffer.sentences)
        return text if text and self._rules.length(text) <= self._rules.max_characters else None

    def _buffer(self) -> TextBuffer:
        """Return where the text is cleaned and cut, up to as much of it as the account allows to be spoken."""
        return TextBuffer(self._rules, self._account.options.most_characters)

    def _playback_clock(self, audio_format: AudioFormat) -> PlaybackClock:
        """Return the clock of a player that plays in real time."""
        clock = self._entity.hass.loop.time
        return PlaybackClock(audio_format, clock, lead_in=self._finish.lead_in, lead_out=self._finish.lead_out)

    def _scheduler(self, speech_rate: SpeechRate, audio_format: AudioFormat, *, is_complete: bool) -> SegmentScheduler:
        """Return when what is requested: of a text that is still being written only what is not known.

        The last request that a quota allows waits a little for the end of the text.
        """
        engine, voice = self._account.engine, self._voice
        patience = LAST_POINT_PATIENCE if self._account.has_last_point(self._voice) else 0.0
        return SegmentScheduler(
            speech_rate,
            max_characters=self._rules.max_characters,
            length=self._rules.length,
            patience=patience,
            first_clause=FIRST_CLAUSE if self._finish.first_clause else None,
            is_known=lambda text: not is_complete and engine.is_known(voice, audio_format, text),
            stops_at_known=not self._account.provider.price(voice, "").points,
        )

    async def _audio(self, source: TextSource, message: str | None, formats: AudioFormats) -> AsyncGenerator[bytes]:
        """Yield the sound; ends whole or raises a translated `HomeAssistantError`.

        A text that was still being written ends cleanly also when it fails after something has left: such sound is kept
        in no file, and a satellite that reads an exception instead of an end stays in its speaking state. An error of
        HTTP is what a complete text becomes that fails before.
        """
        has_left = False
        playback = self._playback_clock(formats.spoken)
        speech_rate = self._account.engine.speech_rate(self._voice)
        buffer = self._buffer()
        participants = self._participants()
        name = f"{next(_NUMBERS)} ({self._entity.entity_id})"
        report = UtteranceReport(self._entity.hass, participants, name)
        chain = self._chain(source, message, audio_format=formats.spoken, participants=participants, report=report)
        with report.kept(source, chain, playback):
            sound = stream_utterance(
                source,
                chain,
                buffer=buffer,
                scheduler=self._scheduler(speech_rate, formats.spoken, is_complete=message is not None),
                playback=playback,
                speech_rate=speech_rate,
                converter=formats.converter,
                accepted=self._accepted if message is None else None,
                name=name,
            )
            try:
                with transcode_failures():
                    async with aclosing(self._transcoded(sound, formats.spoken.sample_rate, formats.output)) as audio:
                        async for chunk in audio:
                            if playback.started:
                                report.note_audio(source)
                            has_left = True
                            yield chunk
            except ProviderError as error:
                report.fail(error)
                if message is not None or not has_left:
                    raise HomeAssistantError(**error_message(error, self._account.entry.title)) from error
                LOGGER.error("Speech of %s ended early: %s", self._entity.entity_id, error)
            except Exception as error:
                if message is not None or not has_left:
                    raise
                LOGGER.error("The text for %s ended early: %s", self._entity.entity_id, type(error).__name__)
            else:
                self._end(source, buffer, message, report)
                if not playback.started:
                    report.end(Outcome.SILENT, why_silent(buffer))
                if playback.filled_seconds or not playback.started:
                    self._disown(message)

    def _end(self, source: TextSource, buffer: TextBuffer, message: str | None, report: UtteranceReport) -> None:
        """Take note that all was spoken, or as much as the account allows: that must not be kept as the whole.

        Of a text whose writer never ended it nobody knows whether that was all: it stays one that was given up.
        An entity that the text names by its id may be called otherwise tomorrow.
        """
        if buffer.names_entity:
            self._disown(message)
        if not buffer.capped:
            if source.complete:
                report.end(Outcome.SPOKEN)
            return
        report.end(Outcome.STOPPED, LIMIT)
        LOGGER.warning(
            "Speech of %s was stopped at the maximum message length of %d characters",
            self._entity.entity_id,
            self._account.options.most_characters,
        )
        self._disown(message)

    def _disown(self, message: str | None) -> None:
        """Let the sound not be found as the voice's own, nor as that of the fallback that was to speak."""
        if message is not None:
            disown(self._entity.hass, self._entity.entity_id, message)

    def _participants(self) -> list[Participant]:
        """Return who may speak, in order.

        The voice itself first, unless its account is in backoff and another's is not.
        """
        entity = self._entity
        primary = participant(entity.hass, entity.entity_id, (self._account, entity.subentry), is_primary=True)
        if self._preparation is not None:
            self._preparation.participant = primary
            return [primary]
        if not self._options.get(OPTION_FALLBACK, True):
            return [primary]
        return participants_of(entity.hass, primary)

    def _chain(
        self,
        source: TextSource,
        message: str | None,
        *,
        audio_format: AudioFormat,
        participants: list[Participant],
        report: UtteranceReport,
    ) -> FallbackChain:
        """Return the synthesizers of those who may speak; what was not spoken by whom it was to be is not kept."""
        entity = self._entity

        def note_advance(position: int, error: ProviderError) -> None:
            LOGGER.debug("A fallback takes over for %s: %s", entity.entity_id, error)
            report.note_failed(position, error)
            self._disown(message)

        if participants[0].entity_id != self._options.get(OPTION_SPOKEN_BY, entity.entity_id):
            self._disown(message)
        synthesizers = [
            self._own_synthesizer(source, message, audio_format, who=who, is_last=who is participants[-1])
            if who.is_primary
            else fallback_synthesizer(entity.hass, who, self._language, audio_format, is_last=who is participants[-1])
            for who in participants
        ]
        return FallbackChain(
            synthesizers,
            levels=self._levels(participants, message),
            primary=next(position for position, who in enumerate(participants) if who.is_primary),
            on_advance=note_advance,
            on_resumed=lambda: self._disown(message),
        )

    def _levels(self, participants: list[Participant], message: str | None) -> list[Level]:
        """Return how loud each of those who may speak is made.

        What is spoken before its gain is known, or with another one than the cache believes, is not kept.
        """
        gain = self._finish.gain
        if not self._account.options.even_loudness:
            return [Level(gain=gain)] * len(participants)
        first, *_ = loudnesses = [loudness_of(who, self._account, self._voice) for who in participants]
        if self._preparation is not None:
            self._preparation.is_measured = first.correction is not None
        if first.correction is None or self._options.get(OPTION_LOUDNESS) != loudness_digest(
            self._account, self._entity.subentry, participants[0]
        ):
            self._disown(message)
        model = self._account.provider.model(self._voice.model)
        is_natural = all(self._voice.options.get(each.key, each.default) == each.default for each in model.volumes)
        return [
            level_of(loudness, gain, measured=is_natural or not who.is_primary)
            for who, loudness in zip(participants, loudnesses, strict=True)
        ]

    def _own_synthesizer(
        self,
        source: TextSource,
        message: str | None,
        audio_format: AudioFormat,
        *,
        who: Participant,
        is_last: bool,
    ) -> Synthesizer:
        """Return the voice itself as a synthesizer."""
        account = self._account
        return account.engine.synthesizer(
            self._voice,
            audio_format,
            transport=lambda: self._transport(source, message),
            has_fallback=not is_last,
            recorder=who,
            admission=lambda: account.refusal(alone=is_last and self._preparation is None),
            on_unkept=lambda: self._disown(message),
            on_accepted=self._accepted.set,
            lasting=self._preparation is not None,
        )

    def _transcoded(
        self, sound: AsyncGenerator[LeveledAudio], sample_rate: int, output: Output
    ) -> AsyncGenerator[bytes]:
        """Return the sound as its player wants it; all utterances take turns with what they compute."""
        turn = self._entity.hass.data.setdefault(_TURN, asyncio.Lock())
        return transcode(sound, Transcoder(sample_rate, output), turn)

    def _transport(self, source: TextSource, message: str | None) -> Transport:
        """Return how the next request travels: where the text is complete no WebSocket is opened for it."""
        provider = self._account.provider
        if message is not None and len(message) <= SHORT and provider.body_tells_quota and self._account.quota is None:
            return Transport.BODY
        if source.ended and Transport.STREAM in provider.transports:
            return Transport.STREAM
        return provider.transports[0]
