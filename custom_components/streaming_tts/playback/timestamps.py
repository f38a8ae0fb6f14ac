"""Speech with word timestamps, from a complete text."""

from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial

from homeassistant.exceptions import HomeAssistantError

from ..audio.level import LeveledAudio
from ..audio.pcm import WAV_HEADER_BYTES, wav_header
from ..audio.transcode import Container, Output, TranscodeError, Transcoder, transcode
from ..errors import error_message
from ..providers.capabilities import TimedWord, Timestamps
from ..providers.types import AudioFormat, ProviderError, Voice
from ..speech.engine import ProviderSynthesizer
from ..speech.session import NOTHING_SECONDS
from ..speech.synthesizer import FallbackChain, Portioned, SpeechRequest
from ..speech.text.buffer import TextBuffer, join
from ..speech.text.source import TextSource
from .result import Participant, UtteranceReport
from .utterance import Utterance


@dataclass(slots=True, eq=False)
class TimedSpeech:
    """The words of consecutive requests, timed from the start of the first one."""

    provider: Timestamps
    voice: Voice
    audio_format: AudioFormat
    words: tuple[TimedWord, ...] = field(default=(), init=False)
    _size: int = field(default=0, init=False)

    async def ask(self, text: str) -> AsyncGenerator[bytes]:
        """Yield the audio of a text as one chunk."""
        speech = await self.provider.speak_with_timestamps(self.voice, self.audio_format, text)
        self.words += tuple(later(speech.words, self.audio_format.seconds(self._size)))
        self._size += len(speech.audio)
        yield speech.audio


def later(words: Iterable[TimedWord], seconds: float) -> Iterator[TimedWord]:
    """Yield words with `seconds` added to their times."""
    shift = round(1000 * seconds)
    return (TimedWord(word=word.word, start=word.start + shift, end=word.end + shift) for word in words)


@dataclass(frozen=True, kw_only=True, slots=True)
class TimedSound:
    """A WAV with its duration in seconds and its words. `complete` is False if the account's limit ended it early."""

    audio: bytes = field(repr=False)
    seconds: float
    words: Sequence[TimedWord] = field(repr=False)
    complete: bool


class TimedUtterance(Utterance):
    """An utterance with word timestamps.

    It has no fallbacks, as these return no timestamps.
    """

    async def speak(self, provider: Timestamps, source: TextSource) -> TimedSound:
        """Return the audio of a text. Reads its source to the end, and closes it. Raises `HomeAssistantError`."""
        try:
            await self.prepare()
            while not source.ended:
                await source.wait(None)
            own = (self._account, self._entity.subentry)
            who = Participant(entity_id=self._entity.entity_id, own=own, is_primary=True)
            report = UtteranceReport(hass=self._entity.hass, participants=[who], name=f"({self._entity.entity_id})")
            timed = TimedSpeech(provider, self._voice, self._spoken)
            terms = SpeechRequest(
                voice=self._voice,
                audio_format=self._spoken,
                has_fallback=False,
                recorder=who,
                admission=partial(self._account.refusal, alone=True),
                ask=timed.ask,
            )
            rules = replace(self._rules, clean=False, normalizer=None, words=None)
            speaker = Portioned(ProviderSynthesizer(self._account.engine, terms), rules)
            chain = FallbackChain([speaker], self._levels([who]))
            with report.kept(source, chain, self._playback):
                return await self._perform(timed, chain, source, report)
        finally:
            await source.aclose()

    async def _perform(
        self, timed: TimedSpeech, chain: FallbackChain, source: TextSource, report: UtteranceReport
    ) -> TimedSound:
        """Speak a text, and record its result. Raises a translated `HomeAssistantError`."""
        buffer = TextBuffer(self._rules, self._account.options.most_characters)
        buffer.feed(source.take())
        buffer.end()
        text = join(buffer.sentences)
        output = Output(container=Container.WAV, sample_rate=self._spoken.sample_rate)
        try:
            speech = self._speech(text, chain, source, report)
            transcoder = partial(Transcoder, self._spoken.sample_rate, output)
            async with aclosing(transcode(speech, transcoder, self._turn)) as audio:
                sound = b"".join([chunk async for chunk in audio])[WAV_HEADER_BYTES:]
        except (ProviderError, TranscodeError) as error:
            failure = report.fail(error)
            raise HomeAssistantError(**error_message(failure, self._account.entry.title)) from failure
        self._end(source, buffer, report, is_silent=not text)
        return TimedSound(
            audio=wav_header(self._spoken.sample_rate, len(sound)) + sound,
            seconds=self._spoken.seconds(len(sound)),
            words=tuple(later(timed.words, self._finish.lead_in)),
            complete=not buffer.capped,
        )

    async def _speech(
        self, text: str, chain: FallbackChain, source: TextSource, report: UtteranceReport
    ) -> AsyncGenerator[LeveledAudio]:
        """Yield the audio of a text with the silence added to it. Raises `ProviderError`.

        An empty text becomes a short silence.
        """
        if not text:
            yield LeveledAudio(self._playback.pause(NOTHING_SECONDS))
            return
        async with aclosing(chain.synthesizers[0].speak(text, self._entity.hass.loop.time())) as chunks:
            async for chunk in chunks:
                if report.first_sound is None:
                    report.first_sound = self._entity.hass.loop.time() - source.first_text_at
                yield LeveledAudio(self._playback.play(chunk), chain.levels[0])
        yield LeveledAudio(self._playback.end())
