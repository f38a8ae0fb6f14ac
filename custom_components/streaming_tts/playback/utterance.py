"""One utterance: its voices, its output format, and how its end or failure is reported to Home Assistant."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any, Final

from homeassistant.components import tts
from homeassistant.components.tts.entity import TTSAudioRequest
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.hass_dict import HassKey

from ..audio.level import Level
from ..audio.transcode import (
    DEFAULT_MP3_KBITS,
    DEFAULT_MP3_RATE,
    MP3_KBITS,
    Container,
    Output,
    TranscodeError,
    Transcoder,
    transcode,
)
from ..const import DOMAIN, LOGGER, OPTION_FALLBACK, OPTION_LOUDNESS, OPTION_SPOKEN_BY
from ..entity import VoiceEntity
from ..errors import error_message
from ..lexicon.store import PRONUNCIATIONS, async_normalizer, friendly_name, language_for
from ..providers import markup as inline
from ..providers.types import AudioFormat, ProviderError, Transport
from ..speech.engine import ProviderSynthesizer
from ..speech.scheduler import FIRST_CLAUSE, PlaybackClock, SegmentScheduler
from ..speech.session import HEAD_START, Converter, UtteranceSession
from ..speech.synthesizer import FallbackChain, SpeechRequest, Synthesizer
from ..speech.text.buffer import TextBuffer, TextRules, join
from ..speech.text.source import TextSource
from ..voices.settings import resolve_finish, resolve_voice
from .fallback import fallback_synthesizer, loudness_digest, loudness_of, participants_of
from .preparation import disown, preparation
from .result import LIMIT, NOTHING_TO_SAY, REASONING_ONLY, Outcome, Participant, UtteranceReport, reason_of

DELAY_SECONDS: Final = {Container.MP3: 0.15, Container.FLAC: 0.03, Container.WAV: 0.01}
"""The most audio that the output stage buffers, in seconds."""

PLATFORM_DELAY_SECONDS: Final = {"mp3": 0.65}
"""The same for Home Assistant's converter, whose LAME encoder buffers more."""

PLATFORM_DELAY_ELSE_SECONDS: Final = 0.2

_WISHES: Final = {
    tts.ATTR_PREFERRED_SAMPLE_RATE: "sample_rate",
    tts.ATTR_PREFERRED_SAMPLE_CHANNELS: "channels",
    tts.ATTR_PREFERRED_SAMPLE_BYTES: "sample_bytes",
    tts.ATTR_PREFERRED_BITRATE: "kbits",
}


def output_of(options: Mapping[str, Any], natural_rate: int) -> tuple[Output, Converter]:
    """Return the output format for a player's preferences, and the delay of its conversion.

    Services receive the same format for every player, so one cached request serves all. The output is what the player
    prefers, or, if that is not supported here, a format for Home Assistant to convert. Preferences without a value are
    ignored; Home Assistant has validated that the others are numbers or numeric strings.
    """
    container = options.get(tts.ATTR_PREFERRED_FORMAT, Container.MP3.value)
    if container in Container:
        wishes = {field: int(options[key]) for key, field in _WISHES.items() if options.get(key) is not None}
        wishes.setdefault("sample_rate", DEFAULT_MP3_RATE if container == Container.MP3.value else natural_rate)
        most_kbits = max(MP3_KBITS.get(wishes["sample_rate"], (0,)))
        wishes.setdefault("kbits", min(DEFAULT_MP3_KBITS, most_kbits))
        output = Output(container=Container(container), **wishes)
        if output.is_makeable:
            return output, Converter(keeps=DELAY_SECONDS[output.container])
    other = Container.FLAC if container == Container.WAV.value else Container.WAV
    delay = PLATFORM_DELAY_SECONDS.get(container, PLATFORM_DELAY_ELSE_SECONDS)
    return Output(container=other, sample_rate=natural_rate), Converter(head_start=HEAD_START, keeps=delay)


LAST_POINT_WAIT = 2.0
"""Seconds to wait for the end of the text if the quota allows one more request, so that it contains all of it."""

SHORT = 200
"""Characters up to which a complete text may be requested as one body, if the response reports an unknown quota."""

_TURN: Final[HassKey[asyncio.Lock]] = HassKey(f"{DOMAIN}_transcode")


_NUMBERS = count()
"""Numbers that identify utterances in the log."""


class Utterance:
    """A text-to-speech request to a voice."""

    def __init__(self, entity: VoiceEntity, request: TTSAudioRequest, language: str | None) -> None:
        """Resolve the voice and its settings. Raises a translated `ServiceValidationError` for invalid ones.

        `language` is sent to the service. None lets the service detect it from the text.
        """
        self._entity = entity
        self._account = entity.account
        self._options = request.options
        self._preparation = preparation.get()
        provider = self._account.provider
        self._voice = resolve_voice(provider, entity.subentry.data, language=language, options=request.options)
        self._language = request.language
        self._message: str | None = None
        """The text if it was complete from the start."""
        self._accepted = asyncio.Event()
        self._turn = entity.hass.data.setdefault(_TURN, asyncio.Lock())
        """Lock for the audio conversion of all utterances."""
        self._finish = resolve_finish(entity.subentry.data, request.options)
        self._spoken = AudioFormat(sample_rate=provider.pcm_rates[0])
        self._playback = PlaybackClock(
            self._spoken, entity.hass.loop.time, lead_in=self._finish.lead_in, lead_out=self._finish.lead_out
        )
        self._text_language = language_for(entity.hass, self._voice.language, request.language)
        self._rules = TextRules(
            language=self._voice.language,
            clean=self._finish.clean,
            tags=inline.TAGS,
            words=entity.hass.data[PRONUNCIATIONS].lexicon.words(self._text_language),
            max_characters=provider.max_characters(self._voice),
            length=lambda text: provider.length(provider.render(text)),
            can_speak=lambda text: provider.can_speak(provider.render(text)),
        )

    async def prepare(self) -> None:
        """Load the data of the text's language. The first time, this reads files."""
        if self._rules.clean:
            hass, model = self._entity.hass, self._account.provider.model(self._voice.model)
            normalizer = await async_normalizer(hass, self._text_language, model)
            self._rules = replace(self._rules, normalizer=normalizer, friendly_name=partial(friendly_name, hass))

    def begin(self, source: TextSource) -> tuple[str, AsyncGenerator[bytes]]:
        """Return the extension and the audio. Call this when it is known whether the text is complete."""
        output, converter = output_of(self._options, self._spoken.sample_rate)
        if source.ended:
            self._message = source.pending
            buffer = TextBuffer(self._rules, self._account.options.most_characters)
            buffer.feed(self._message)
            buffer.end()
            text = join(buffer.sentences)
            engine, is_one_request = self._account.engine, self._rules.length(text) <= self._rules.max_characters
            if text and is_one_request and engine.is_known(self._voice, self._spoken, text):
                engine.pool.open_nothing()
        return output.container.value, self._audio(source, output, converter)

    async def _audio(self, source: TextSource, output: Output, converter: Converter) -> AsyncGenerator[bytes]:
        """Yield the audio to its end, or raise a translated `HomeAssistantError`.

        A streamed text that fails after the first audio ends without an error: its audio is not written to a file, and
        a satellite that receives an exception would remain in its speaking state. For a complete text, the exception
        becomes an HTTP error if nothing was sent yet.
        """
        entity, has_left, playback = self._entity, False, self._playback
        alone = self._preparation is not None or not self._options.get(OPTION_FALLBACK, True)
        participants = participants_of(entity.hass, entity.entity_id, (self._account, entity.subentry), alone=alone)
        if self._preparation is not None:
            self._preparation.participant = participants[0]
        name = f"{next(_NUMBERS)} ({entity.entity_id})"
        report = UtteranceReport(hass=entity.hass, participants=participants, name=name)
        chain = self._chain(source, participants)
        buffer = TextBuffer(self._rules, self._account.options.most_characters)
        with report.kept(source, chain, playback):
            session = self._session(source, chain, buffer, converter, name)
            try:
                async with aclosing(
                    transcode(session.stream(), partial(Transcoder, self._spoken.sample_rate, output), self._turn)
                ) as audio:
                    async for chunk in audio:
                        if playback.started and report.first_sound is None:
                            report.first_sound = self._entity.hass.loop.time() - source.first_text_at
                        has_left = True
                        yield chunk
            except (ProviderError, TranscodeError) as error:
                failure = report.fail(error)
                if self._message is not None or not has_left:
                    raise HomeAssistantError(**error_message(failure, self._account.entry.title)) from failure
                LOGGER.error("Speech of %s ended early: %s", entity.entity_id, failure)
            except Exception as error:
                if self._message is not None or not has_left:
                    raise
                LOGGER.error("The text for %s ended early: %s", entity.entity_id, type(error).__name__)
            else:
                self._end(source, buffer, report, is_silent=not playback.started)
                if playback.filled_seconds or not playback.started:
                    self._disown()

    def _end(self, source: TextSource, buffer: TextBuffer, report: UtteranceReport, *, is_silent: bool) -> None:
        """Record that all text was spoken, or all that the account's limit allows. A part is not cached.

        If the text source did not complete, the report keeps its initial outcome. If the text contains an entity id,
        which is spoken as the entity's name, the audio is not cached either, because the name may change.
        """
        if buffer.names_entity:
            self._disown()
        if buffer.capped:
            report.outcome, report.reason = Outcome.STOPPED, LIMIT
            LOGGER.warning(
                "Speech of %s was stopped at the maximum message length of %d characters",
                self._entity.entity_id,
                self._account.options.most_characters,
            )
            self._disown()
        elif source.complete:
            report.outcome, report.reason = Outcome.SPOKEN, None
        if is_silent:
            report.outcome, report.reason = Outcome.SILENT, REASONING_ONLY if buffer.has_hidden else NOTHING_TO_SAY

    def _disown(self) -> None:
        """Remove the audio from the cache key of the voice."""
        if self._message is not None:
            disown(self._entity.hass, self._entity.entity_id, self._message)

    def _session(
        self, source: TextSource, chain: FallbackChain, buffer: TextBuffer, converter: Converter, name: str
    ) -> UtteranceSession:
        """Return the session of the utterance. For streamed text, only uncached audio is requested.

        The last request that a quota allows waits briefly for the end of the text.
        """
        engine, voice, is_written = self._account.engine, self._voice, self._message is None
        speech_rate = engine.speech_rate(voice)
        return UtteranceSession(
            source,
            chain,
            buffer=buffer,
            scheduler=SegmentScheduler(
                speech_rate,
                max_characters=self._rules.max_characters,
                length=self._rules.length,
                end_wait=LAST_POINT_WAIT if self._account.has_last_point(voice) else 0.0,
                first_clause=FIRST_CLAUSE if self._finish.first_clause else None,
                is_known=lambda text: is_written and engine.is_known(voice, self._spoken, text),
                stops_at_known=not self._account.provider.price(voice, "").points,
            ),
            playback=self._playback,
            speech_rate=speech_rate,
            converter=converter,
            accepted=self._accepted if is_written else asyncio.Event(),
            name=name,
        )

    def _chain(self, source: TextSource, participants: list[Participant]) -> FallbackChain:
        """Return the synthesizers of the participants. Audio from an unexpected one is not cached."""
        entity, account = self._entity, self._account

        def note_advance(position: int, error: ProviderError) -> None:
            LOGGER.debug("A fallback takes over for %s: %s", entity.entity_id, error)
            participants[position].reason = reason_of(error)
            self._disown()

        if participants[0].entity_id != self._options.get(OPTION_SPOKEN_BY, entity.entity_id):
            self._disown()
        synthesizers: list[Synthesizer] = []
        for who in participants:
            is_last = who is participants[-1]
            if not who.is_primary:
                fallback = fallback_synthesizer(entity.hass, who, self._language, self._spoken, is_last=is_last)
                synthesizers.append(fallback)
                continue
            is_alone = is_last and self._preparation is None
            terms = SpeechRequest(
                voice=self._voice,
                audio_format=self._spoken,
                transport=partial(self._transport, source),
                has_fallback=not is_last,
                recorder=who,
                admission=partial(account.refusal, alone=is_alone),
                on_unkept=self._disown,
                on_accepted=self._accepted.set,
                lasting=self._preparation is not None,
            )
            synthesizers.append(ProviderSynthesizer(account.engine, terms))
        return FallbackChain(
            synthesizers,
            self._levels(participants),
            primary=next(position for position, who in enumerate(participants) if who.is_primary),
            on_advance=note_advance,
            on_resumed=self._disown,
        )

    def _levels(self, participants: list[Participant]) -> list[Level]:
        """Return the gain of each participant.

        Audio that is spoken before its gain is known, or with another gain than the one in the cache key, is not
        cached. Until the loudness is known, the level is not changed.
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
            self._disown()
        model = self._account.provider.model(self._voice.model)
        is_natural = all(self._voice.options.get(each.key, each.default) == each.default for each in model.volumes)
        return [
            Level(
                gain=gain + (loudness.correction or 0.0),
                note=loudness.note if is_natural or not who.is_primary else None,
            )
            for who, loudness in zip(participants, loudnesses, strict=True)
        ]

    def _transport(self, source: TextSource) -> Transport:
        """Return the transport of the next request. A complete text does not need a WebSocket."""
        provider, message = self._account.provider, self._message
        if (
            message is not None
            and len(message) <= SHORT
            and provider.body_tells_quota
            and self._account.quota_state.quota is None
        ):
            return Transport.BODY
        if source.ended and Transport.STREAM in provider.transports:
            return Transport.STREAM
        return provider.transports[0]
