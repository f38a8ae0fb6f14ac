"""Draw the effect of even loudness, limiter, and seams on a message: `docs/pictures/loudness.svg`.

Run `python -m benchmarks.waveforms`. A quiet voice speaks, with a pause that is too long between two requests, and a
loud fallback voice takes over.
"""

from array import array
from pathlib import Path
from typing import Final

from custom_components.streaming_tts.audio.level import Level, LeveledAudio, Leveler, VoiceLoudness
from custom_components.streaming_tts.audio.seams import SeamJoiner
from tests.emulator.codec import resample
from tests.emulator.espeak import speech
from tests.emulator.sound import SPEECH_LUFS, Sound, amplified

PICTURE: Final = Path(__file__).parent.parent / "docs" / "pictures" / "loudness.svg"
RATE: Final = 24000
WIDTH: Final = 720
PANEL: Final = 120
TITLE: Final = 24
STEP_SECONDS: Final = 0.02
QUIET_LUFS: Final = -29.0
LOUD_LUFS: Final = -10.0
GAP_SECONDS: Final = 0.9
_STYLE: Final = (
    "text{font:13px sans-serif;fill:#1c1c1c}.wave{stroke:#0b6e99;stroke-width:1.2;fill:none}"
    ".limit{stroke:#b3261e;stroke-dasharray:4 4}.axis{stroke:#8a8a8a}"
    "@media(prefers-color-scheme:dark){text{fill:#e1e1e1}.wave{stroke:#5ac8f5}}"
)


def said(text: str, voice: str, lufs: float) -> bytes:
    """Return a text spoken at some loudness."""
    sound = resample(speech(text, language="en", voice=voice), RATE)
    return amplified(Sound(pcm=sound.pcm, sample_rate=RATE), lufs - SPEECH_LUFS).pcm


def requests() -> list[tuple[bytes, float]]:
    """Return the audio of each request, and the loudness of its voice."""
    quiet = bytes(2 * round(RATE * GAP_SECONDS / 2))
    first = said("The washing machine has finished.", "anna", QUIET_LUFS)
    second = said("The window in the kitchen is open.", "anna", QUIET_LUFS)
    other = said("It will rain tomorrow morning.", "ben", LOUD_LUFS)
    return [(first + quiet, QUIET_LUFS), (quiet + second, QUIET_LUFS), (other, LOUD_LUFS)]


def played(spoken: list[tuple[bytes, float]]) -> bytes:
    """Return the audio that a player receives."""
    joiner, leveler = SeamJoiner(RATE), Leveler(RATE)
    made, level = b"", Level()
    levels = {lufs: Level(gain=VoiceLoudness(lambda: None, lufs).correction or 0.0) for _, lufs in spoken}
    for samples, lufs in spoken:
        made += leveler.feed(LeveledAudio(joiner.next(), level))
        level = levels[lufs]
        made += leveler.feed(LeveledAudio(joiner.feed(samples), level))
    made += leveler.feed(LeveledAudio(joiner.end(), level))
    return made + leveler.feed(None)


def panel(title: str, samples: bytes, seconds: float, top: int) -> str:
    """Return a waveform; the dashed lines are full scale."""
    values = array("h", samples)
    step = round(RATE * STEP_SECONDS)
    middle, half = top + TITLE + PANEL // 2, PANEL // 2
    strokes = []
    for index in range(0, len(values), step):
        piece = values[index : index + step]
        x = index / RATE / seconds * WIDTH
        strokes.append(
            f"M{x:.1f} {middle - max(piece) / 32768 * half:.1f}V{middle - min(piece) / 32768 * half + 0.5:.1f}"
        )
    lines = "".join(
        f'<line class="{name}" x1="0" x2="{WIDTH}" y1="{y}" y2="{y}"/>'
        for name, y in (("limit", middle - half), ("axis", middle), ("limit", middle + half))
    )
    return f'<text x="0" y="{top + 16}">{title}</text>{lines}<path class="wave" d="{"".join(strokes)}"/>'


def main() -> None:
    """Write the picture."""
    spoken = requests()
    before = b"".join(samples for samples, _ in spoken)
    seconds = len(before) / 2 / RATE
    height = 2 * (PANEL + TITLE) + 16
    body = panel("As the services send it: a quiet voice, a long pause, a loud fallback", before, seconds, 0)
    body += panel("As it is played", played(spoken), seconds, PANEL + TITLE + 12)
    PICTURE.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="Waveforms of a message before and after"><style>{_STYLE}</style>{body}</svg>\n',
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
