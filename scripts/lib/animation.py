"""The animated picture of the README: an answer is written word by word, and spoken at the same time."""

from collections.abc import Iterator
from html import escape
import sys

ANSWER = (
    "Good morning. It is twelve degrees outside, and the rain will stop around noon. "
    "Your first appointment is at half past nine. The washing machine has finished."
)
WRITTEN = 28.0
"""Characters per second that the assistant writes."""
SPOKEN = 16.0
"""Characters per second that the voice speaks."""
FIRST_SOUND = 0.35
"""Seconds from the first clause to the first audio, as measured by the benchmarks with an open connection."""
CLAUSE = "Good morning."
PAUSE = 2.0
"""Seconds that the complete picture is shown before it restarts."""

WIDTH, HEIGHT, LEFT, RIGHT = 760, 204, 24, 736
LINE, CHARACTER = 28, 8.9
TRACK = 132
"""Top edge of the two bars."""

_STYLE = """
text { font: 16px ui-monospace, monospace; fill: #24292f } .label { font: 13px system-ui, sans-serif }
.card { fill: #f6f8fa; stroke: #d8dee4 } .back { fill: #d8dee4 } .written { fill: #9aa4b2 } .spoken { fill: #0a7d55 }
.mark { fill: #aceebb }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .card { fill: #161b22; stroke: #30363d } .back { fill: #30363d } .written { fill: #6b7684 }
.spoken { fill: #2fbf8a } .mark { fill: #116329 }
}
"""


def animation() -> str:
    """Return the picture as SVG."""
    body = [*_words(), *_bar("Assistant writes", "written", TRACK, 0.0, len(ANSWER) / WRITTEN)]
    body += _bar("Voice speaks", "spoken", TRACK + 34, _start(), _start() + len(ANSWER) / SPOKEN)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="An answer is spoken while it is written"><style>{_STYLE}</style>'
        f'<rect class="card" x="1" y="1" width="{WIDTH - 2}" height="{HEIGHT - 2}" rx="12"/>{"".join(body)}</svg>\n'
    )


def _start() -> float:
    """Return the time of the first audio in seconds."""
    return len(CLAUSE) / WRITTEN + FIRST_SOUND


def _seconds() -> float:
    """Return the duration of one loop in seconds."""
    return _start() + len(ANSWER) / SPOKEN + PAUSE


def _words() -> Iterator[str]:
    """Yield each word; it appears when it's written and is highlighted when it's spoken."""
    line, column, position = 0, 0, 0
    for word in ANSWER.split(" "):
        if column and LEFT + (column + len(word)) * CHARACTER > RIGHT:
            line, column = line + 1, 0
        x, y = LEFT + column * CHARACTER, 40 + line * LINE
        spoken = _start() + position / SPOKEN
        width = len(word) * CHARACTER
        yield (
            f'<rect class="mark" x="{x - 3:.1f}" y="{y - 17}" width="{width + 6:.1f}" height="24" rx="5">'
            f"{_shown(spoken, spoken + (len(word) + 1) / SPOKEN)}</rect>"
            f'<text x="{x:.1f}" y="{y}" textLength="{width:.1f}">{escape(word)}'
            f"{_shown(position / WRITTEN, _seconds())}</text>"
        )
        column += len(word) + 1
        position += len(word) + 1


def _shown(start: float, end: float) -> str:
    """Return an animation that shows an element from one second to another."""
    first, last = start / _seconds(), min(end / _seconds(), 1.0)
    times = f"0;{first:.4f};{last:.4f};1" if last < 1 else f"0;{first:.4f};1"
    values = "0;1;0;0" if last < 1 else "0;1;1"
    return (
        f'<animate attributeName="opacity" calcMode="discrete" values="{values}" keyTimes="{times}" '
        f'dur="{_seconds():.2f}s" repeatCount="indefinite"/>'
    )


def _bar(label: str, kind: str, y: int, start: float, end: float) -> Iterator[str]:
    """Yield a bar that grows from one second to another."""
    left, width = LEFT + 130, RIGHT - LEFT - 130
    x, full = left + width * start / (_seconds() - PAUSE), width * (end - start) / (_seconds() - PAUSE)
    times = f"0;{start / _seconds():.4f};{end / _seconds():.4f};1"
    yield f'<text class="label" x="{LEFT}" y="{y + 12}">{label}</text>'
    yield f'<rect class="back" x="{left}" y="{y}" width="{width}" height="14" rx="7"/>'
    yield (
        f'<rect class="{kind}" x="{x:.1f}" y="{y}" width="{full:.1f}" height="14" rx="7">'
        f'<animate attributeName="width" values="0;0;{full:.1f};{full:.1f}" keyTimes="{times}" '
        f'dur="{_seconds():.2f}s" repeatCount="indefinite"/></rect>'
    )


if __name__ == "__main__":
    sys.stdout.write(animation())
