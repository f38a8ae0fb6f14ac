"""Interrupt real speech at every moment, and count lost and repeated sentences after resuming."""

import argparse
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import reduce
from itertools import product
from operator import add
import sys
import time

from custom_components.streaming_tts.speech.resume import MIN_PAUSE_SECONDS, Alignment, Pause, pauses
from custom_components.streaming_tts.speech.speech_rate import FRAME_SECONDS, SpeechMeter, SpeechRate
from custom_components.streaming_tts.speech.text.buffer import TextBuffer, TextRules, join
from tests.emulator.espeak import speech, timed_speech
from tests.emulator.sound import Sound

INAUDIBLE = 100
"""Samples up to this value are silent (-50 dB). The integration has a higher threshold."""

VOICES = {"f": 0.75, "b": 0.85, "e": 0.95, "a": 1.0, "d": 1.05, "k": 1.15, "g": 1.25, "c": 1.4}
"""Voices of the emulator with different timbre, and their speeds."""

CONFIRMATIONS = {"en": ("Light on.",) * 12, "de": ("Licht an.",) * 12}

LESSONS = {
    "en": (
        "The heating in the living room was turned down at ten, and it stays so until the evening.",
        "A parcel was left with the neighbours on the other side of the street.",
        "There are two windows open upstairs, one in the bedroom and one in the bath.",
    ),
    "de": (
        "Die Heizung im Wohnzimmer wurde um zehn heruntergedreht, und dabei bleibt es bis zum Abend.",
        "Ein Paket wurde bei den Nachbarn auf der anderen Seite der Straße abgegeben.",
        "Oben sind zwei Fenster offen, eines im Schlafzimmer und eines im Bad.",
    ),
}

TEXTS = {
    "en": {
        "lights": "Okay. I have turned off the lights in the kitchen, the hall, and the cellar. The one in the garage "
        "did not answer, so you may want to look. Shall I try it again in five minutes?",
        "kettle": "The kettle is on. It will take about four minutes. Shall I tell you then? Good.",
        "history": "The bicycle was invented in Germany in 1817, by Karl von Drais. It had no pedals: whoever rode it "
        "pushed himself along with his feet. Pedals came about fifty years later, in France, and the chain in England. "
        "Since then, apart from lighter frames and better brakes, not much has changed.",
        "briefing": "Good morning. It is Tuesday, November 3rd, and the time is 7:15. It is 41 degrees outside, "
        "cloudy, with a light wind from the west, and it will reach 52 in the afternoon. Rain is likely from about 4 "
        "o'clock, so take an umbrella. You have three appointments today. At 9:30 you meet Alice and Bruno in the "
        "office, at 12 there is lunch with Carla, and at 3:45 the dentist is waiting. Your first bus leaves in 22 "
        "minutes, and it is on time. The washing machine finished last night, but nobody has taken the laundry out. "
        "The front door was locked at 11:48, all windows are closed, and the alarm is on. The battery of the sensor in "
        "the cellar is down to 8 percent. Milk, bread, eggs, and coffee are on the shopping list. Yesterday the house "
        "used 11.4 kilowatt hours, which is 6 percent less than the day before. Solar panels made 3.2 of them. In the "
        "news: the central bank left its rates as they were, trains run again between the two cities, and the "
        "local team won 3 to 1. That is all. Have a good day.",
    },
    "de": {
        "lichter": "Erledigt. Ich habe das Licht in der Küche, im Flur und im Keller ausgeschaltet. Das in der Garage "
        "hat nicht geantwortet, vielleicht schaust du einmal nach. Soll ich es in fünf Minuten noch einmal versuchen?",
        "wasser": "Das Wasser kocht. Der Tee braucht etwa vier Minuten. Soll ich dann Bescheid sagen? Gut.",
        "geschichte": "Das Fahrrad wurde 1817 in Deutschland erfunden, von Karl von Drais. Es hatte keine Pedale: Wer "
        "darauf fuhr, stieß sich mit den Füßen ab. Die Pedale kamen etwa fünfzig Jahre später, in Frankreich, und die "
        "Kette in England. Seitdem hat sich, von leichteren Rahmen und besseren Bremsen abgesehen, nicht viel "
        "geändert.",
        "briefing": "Guten Morgen. Heute ist Dienstag, der 3. November 2026, es ist 7:15 Uhr. Draußen sind es 4,5 "
        "Grad, gegen Mittag werden es 11, am Abend regnet es, teils kräftig, mit Böen bis 60 Kilometer pro Stunde. Um "
        "9:30 Uhr, also in gut zwei Stunden, kommt der Handwerker, der die Heizung, die Therme und den Kamin prüft. Um "
        "12 Uhr isst du mit Clara, um 14:45 Uhr wartet der Zahnarzt, danach, gegen 16 Uhr, holst du die Kinder ab. "
        "Dein Bus fährt in 22 Minuten, er ist pünktlich. Auf der A7, zwischen Kassel und Göttingen, stehen 8 Kilometer "
        "Stau, Tendenz steigend. Die Waschmaschine ist seit 23:10 Uhr fertig, doch niemand hat sie ausgeräumt. Die "
        "Haustür ist zu, alle 14 Fenster sind geschlossen, die Alarmanlage ist scharf. Milch, Brot, 6 Eier, Butter und "
        "Kaffee stehen auf der Einkaufsliste. Gestern hat das Haus 11,4 Kilowattstunden verbraucht, 6 Prozent weniger "
        "als am Vortag, davon kamen 3,2 vom Dach. Zu den Nachrichten: Die Zentralbank lässt den Leitzins, wie "
        "erwartet, bei 2,25 Prozent. Der DAX verlor 0,8 Prozent, auf 24.150 Punkte, der Euro kostet 1,08 Dollar. Im "
        "Pokal gewann die Heimmannschaft 3 zu 1, nach Verlängerung. Das war alles. Einen schönen Tag.",
    },
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """Speech of one text, with the end of each sentence in seconds."""

    sentences: tuple[str, ...]
    sound: Sound
    ends: tuple[float, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    """Counts of the breaks of a recording."""

    moments: int = 0
    lost: int = 0
    repeats: int = 0
    more_repeats: int = 0

    def __add__(self, other: Count) -> Count:
        """Add other counts."""
        return Count(
            moments=self.moments + other.moments,
            lost=self.lost + other.lost,
            repeats=self.repeats + other.repeats,
            more_repeats=self.more_repeats + other.more_repeats,
        )


def record(text: str, *, language: str, voice: str, speed: float) -> Recording:
    """Speak a text by espeak-ng, which reports the start of each word."""
    buffer = TextBuffer(TextRules(language=language))
    buffer.feed(text)
    buffer.end()
    sentences = buffer.take(len(buffer.sentences))
    sound, begins = timed_speech(join(sentences), language=language, voice=voice, speed=speed)
    places = [len(join(sentences[:count])) + 1 for count in range(1, len(sentences))]
    moments = [next(begins[place] for place in sorted(begins) if place >= start) for start in places]
    ends = tuple(last_audible(sound, begin) for begin in [*moments, sound.duration])
    return Recording(sentences=sentences, sound=sound, ends=ends)


def last_audible(sound: Sound, before: float) -> float:
    """Return the end of the last word before a moment."""
    samples = memoryview(sound.pcm).cast("h")
    place = min(len(samples), int(before * sound.sample_rate)) - 1
    while abs(samples[place]) <= INAUDIBLE:
        place -= 1
    return place / sound.sample_rate


def learned(texts: Sequence[str], *, language: str, voice: str, speed: float) -> SpeechRate:
    """Return the speech rate of a voice, learned from some texts."""
    speech_rate = SpeechRate()
    for text in texts:
        sound = speech(text, language=language, voice=voice, speed=speed)
        meter = SpeechMeter(sound.sample_rate)
        meter.hear(sound.pcm)
        speech_rate.note_speech(text, meter.seconds)
    return speech_rate


def broken_off(
    recording: Recording, speech_rate: SpeechRate, *, step: float = FRAME_SECONDS
) -> Iterator[tuple[float, int, int]]:
    """Yield the time of each break, the number of sentences spoken by then, and the sentence to resume from.

    The alignment gets the pauses that are known at that time.
    """
    quiet = pauses(recording.sound.pcm, recording.sound.sample_rate)
    alignment = Alignment(recording.sentences, speech_rate)
    for number in range(1, int(recording.ends[-1] / step) + 1):
        moment = number * step
        # A pause is over once a loud frame has followed it
        while quiet and quiet[0].is_over and quiet[0].end + FRAME_SECONDS <= moment + 1e-6:
            alignment.hear(quiet.pop(0))
        last = quiet[0] if quiet and moment - quiet[0].start >= MIN_PAUSE_SECONDS else None
        lasting = Pause(start=last.start, end=min(moment, last.end), is_over=False) if last else None
        whole = sum(end <= moment for end in recording.ends[:-1])
        yield moment, whole, alignment.spoken(moment, lasting)


def count(recording: Recording, speech_rate: SpeechRate, *, step: float = FRAME_SECONDS) -> Count:
    """Count the results of the breaks of a recording."""
    outcomes = [(whole, resumed) for _, whole, resumed in broken_off(recording, speech_rate, step=step)]
    return Count(
        moments=len(outcomes),
        lost=sum(resumed > whole for whole, resumed in outcomes),
        repeats=sum(resumed < whole for whole, resumed in outcomes),
        more_repeats=sum(resumed < whole - 1 for whole, resumed in outcomes),
    )


LEARNED = ("nothing", "answers", "confirmations")


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A text, a voice, and the texts from which its speech rate was learned."""

    language: str
    text: str
    voice: str
    learned: str
    step: float = FRAME_SECONDS

    def counted(self) -> Count:
        """Speak the text and count the results of its breaks."""
        speed = VOICES[self.voice]
        lessons = {"nothing": (), "answers": LESSONS[self.language], "confirmations": CONFIRMATIONS[self.language]}
        recording = record(TEXTS[self.language][self.text], language=self.language, voice=self.voice, speed=speed)
        speech_rate = learned(lessons[self.learned], language=self.language, voice=self.voice, speed=speed)
        return count(recording, speech_rate, step=self.step)


def table(counts: dict[Case, Count]) -> str:
    """Return the counts by text and by the source of the speech rate."""
    lines = [
        "| text | speed learned from | breaks | words lost | a whole sentence repeated | more than one |",
        "|---|---|---|---|---|---|",
    ]
    groups: dict[tuple[str, str], list[Count]] = {}
    for case, counted in counts.items():
        groups.setdefault((f"{case.text} ({case.language})", case.learned), []).append(counted)
    for (text, lesson), some in [*groups.items(), (("all", ""), list(counts.values()))]:
        total = reduce(add, some)
        lines.append(
            f"| {text} | {lesson} | {total.moments} | {total.lost} | {total.repeats / total.moments:.1%} "
            f"| {total.more_repeats} ({total.more_repeats / total.moments:.2%}) |"
        )
    return "\n".join(lines)


def main() -> int:
    """Print all counts; return 1 if a word would be lost, or more than one sentence repeated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--step", type=float, default=FRAME_SECONDS, help="seconds from one break to the next")
    parser.add_argument("--jobs", type=int, help="processes at once; as many as processors unless told")
    options = parser.parse_args()
    cases = [
        Case(language=language, text=text, voice=voice, learned=lesson, step=options.step)
        for language, texts in TEXTS.items()
        for text, lesson, voice in product(texts, LEARNED, VOICES)
    ]
    begun = time.monotonic()
    with ProcessPoolExecutor(options.jobs) as pool:
        counts = dict(zip(cases, pool.map(Case.counted, cases), strict=True))
    print(table(counts))
    print(f"{len(VOICES)} voices, {time.monotonic() - begun:.0f} s")
    wrong = {case: counted for case, counted in counts.items() if counted.lost or counted.more_repeats}
    for case, counted in wrong.items():
        print(f"{counted.moments} breaks, {counted.lost} lose words, {counted.more_repeats} repeat more: {case}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
