"""Speech whose words are timed: all of a text at once, and when each word of it is said."""

from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from homeassistant.exceptions import HomeAssistantError

from ..audio.level import LeveledAudio
from ..audio.transcode import Container, Output
from ..audio.wav import WAV_HEADER_BYTES, wav_header
from ..errors import error_message
from ..providers.capabilities import TimedWord, Timestamps
from ..providers.types import AudioFormat, ProviderError, Voice
from ..speech.fallback_chain import FallbackChain
from ..speech.playback_clock import PlaybackClock, duration
from ..speech.session import NOTHING_SECONDS
from ..speech.synthesizer import Portioned, Synthesizer
from ..speech.text.buffer import join
from ..speech.text.lexicon import NO_WORDS
from ..speech.text.source import TextSource
from .formats import pcm_of
from .result import Outcome, Participant, UtteranceReport, why_silent
from .utterance import Utterance, transcode_failures


class TimedSpeech:
    """The words of all texts that were asked for, one after the other, timed from the beginning of the first one."""

    def __init__(self, provider: Timestamps, voice: Voice, audio_format: AudioFormat) -> None:
        """Ask a provider that tells the times, for a voice."""
        self._provider = provider
        self._size = 0
        self.voice = voice
        self.audio_format = audio_format
        self.words: tuple[TimedWord, ...] = ()

    async def ask(self, text: str) -> AsyncGenerator[bytes]:
        """Yield the audio of a text in one piece."""
        speech = await self._provider.speak_with_timestamps(self.voice, self.audio_format, text)
        self.words += tuple(later(speech.words, duration(self.audio_format, self._size)))
        self._size += len(speech.audio)
        yield speech.audio


def later(words: Iterable[TimedWord], seconds: float) -> Iterator[TimedWord]:
    """Yield words as they are timed in a sound that begins so many seconds before theirs."""
    shift = round(1000 * seconds)
    return (TimedWord(word=word.word, start=word.start + shift, end=word.end + shift) for word in words)


@dataclass(frozen=True, kw_only=True, slots=True)
class TimedSound:
    """A WAV of so many seconds with its words; `complete` is False where the account's limit ended it early."""

    audio: bytes = field(repr=False)
    seconds: float
    words: Sequence[TimedWord] = field(repr=False)
    complete: bool


class TimedUtterance(Utterance):
    """What is asked of a voice that is to tell when it says each word.

    Nobody takes over from it, who could not tell.
    """

    async def speak(self, provider: Timestamps, source: TextSource) -> TimedSound:
        """Return the sound of a text, which is read to its end and closed; raises a translated `HomeAssistantError`."""
        try:
            await self.prepare()
            while not (source.ended or source.abandoned):
                await source.wait(None)
            own = (self._account, self._entity.subentry)
            who = Participant(entity_id=self._entity.entity_id, own=own, is_primary=True)
            report = UtteranceReport(self._entity.hass, [who], f"({self._entity.entity_id})")
            timed = self._timed(provider)
            chain = FallbackChain([self._synthesizer(timed, who)], levels=self._levels([who], None))
            playback = self._playback_clock(timed.audio_format)
            with report.kept(source, chain, playback):
                return await self._perform(timed, chain, source, report, playback)
        finally:
            await source.aclose()

    def _timed(self, provider: Timestamps) -> TimedSpeech:
        return TimedSpeech(provider, self._voice, pcm_of(self._account.provider.formats(self._voice)))

    async def _perform(
        self,
        timed: TimedSpeech,
        chain: FallbackChain,
        source: TextSource,
        report: UtteranceReport,
        playback: PlaybackClock,
    ) -> TimedSound:
        """Speak a text, and keep account of it; raises a translated `HomeAssistantError`."""
        buffer = self._buffer()
        for chunk in source.take():
            buffer.feed(chunk)
        buffer.end()
        text = join(buffer.sentences)
        try:
            speech = self._speech(text, chain, source, report, playback)
            sound = await self._sound_of(speech, timed.audio_format.sample_rate)
        except ProviderError as error:
            report.fail(error)
            raise HomeAssistantError(**error_message(error, self._account.entry.title)) from error
        self._end(source, buffer, None, report)
        if not text:
            report.end(Outcome.SILENT, why_silent(buffer))
        return TimedSound(
            audio=wav_header(timed.audio_format.sample_rate, len(sound)) + sound,
            seconds=duration(timed.audio_format, len(sound)),
            words=tuple(later(timed.words, self._finish.lead_in)),
            complete=not buffer.capped,
        )

    def _synthesizer(self, timed: TimedSpeech, who: Participant) -> Synthesizer:
        speaker = self._account.engine.synthesizer(
            timed.voice,
            timed.audio_format,
            has_fallback=False,
            recorder=who,
            admission=lambda: self._account.refusal(alone=True),
            ask=timed.ask,
        )
        return Portioned(speaker, replace(self._rules, clean=False, normalizer=None, words=NO_WORDS))

    async def _sound_of(self, speech: AsyncGenerator[LeveledAudio], sample_rate: int) -> bytes:
        """Return the samples of speech at its level; raises `ProviderError`."""
        output = Output(container=Container.WAV, sample_rate=sample_rate)
        with transcode_failures():
            async with aclosing(self._transcoded(speech, sample_rate, output)) as audio:
                made = b"".join([chunk async for chunk in audio])
        return made[WAV_HEADER_BYTES:]

    async def _speech(
        self, text: str, chain: FallbackChain, source: TextSource, report: UtteranceReport, playback: PlaybackClock
    ) -> AsyncGenerator[LeveledAudio]:
        """Yield the audio of a text with what is added to it here; raises `ProviderError`.

        A text with nothing to say is a moment of silence, as it is for who only listens.
        """
        if not text:
            yield LeveledAudio(playback.pause(NOTHING_SECONDS))
            return
        async with aclosing(chain.active.speak(text, self._entity.hass.loop.time())) as chunks:
            async for chunk in chunks:
                report.note_audio(source)
                yield LeveledAudio(playback.play(chunk), chain.level)
        yield LeveledAudio(playback.end())
