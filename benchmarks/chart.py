"""The chart of the README: time to first audio compared with other engines, as SVG."""

from collections.abc import Iterator, Sequence
from html import escape

from .report import TITLES
from .results import Median, Results

OWN = "asyncflow"
"""The engine that represents ours; the others have the same values."""

ENGINES = (
    (OWN, "Streaming TTS", "own"),
    ("elevenlabs", "ElevenLabs (core)", "one"),
    ("fish_audio", "Fish Audio (core)", "two"),
)
ROWS = (
    ("announcement", "mp3"), ("announcement", "wav 16000"), ("complete", "wav 16000"), ("tokens", "mp3"),
    ("tokens", "wav 16000"), ("early_tool", "mp3"), ("early_tool", "wav 16000"), ("slow", "wav 16000"),
)  # fmt: skip
WIDTH, LEFT, RIGHT, TOP = 760, 250, 70, 64
BAR, GAP, ROW_GAP = 12, 2, 16
LABEL = 34
"""Width of the number at the end of a bar, so that it doesn't overlap the line of the limit."""

MOST = 2.0
"""Seconds at the right edge. Longer bars are cut off and show their value."""

_STYLE = """
text { font: 12px system-ui, sans-serif; fill: #24292f } .small { font-size: 11px } .title { font-size: 15px; font-weight: 600 }
.own { fill: #0a7d55 } .one { fill: #9aa4b2 } .two { fill: #c7ced8 } .limit { stroke: #d1242f; stroke-width: 2 } .grid { stroke: #d8dee4 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .own { fill: #2fbf8a } .one { fill: #6b7684 } .two { fill: #464f5b } .limit { stroke: #ff7b72 } .grid { stroke: #30363d }
}
"""  # noqa: E501


def chart(results: Results) -> str:
    """Return the chart for cold connections; cases without a measurement are left out."""
    found = {(each.scenario, each.form, each.engine): each for each in results.medians() if not each.warm}
    rows = [row for row in ROWS if any((*row, engine) in found for engine, _, _ in ENGINES)]
    row_height = len(ENGINES) * (BAR + GAP) + ROW_GAP
    height = TOP + len(rows) * row_height + 28
    body = [*_legend(), *_grid(height)]
    for number, row in enumerate(rows):
        medians = [found.get((*row, engine)) for engine, _, _ in ENGINES]
        body += _row(f"{TITLES[row[0]]}", row[1], medians, TOP + number * row_height)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="Seconds to the first audio"><style>{_STYLE}</style>{"".join(body)}</svg>\n'
    )


def _x(seconds: float) -> float:
    """Return the x position for a number of seconds."""
    return LEFT + min(seconds, MOST) / MOST * (WIDTH - LEFT - RIGHT)


def _legend() -> Iterator[str]:
    yield '<text x="8" y="20" class="title">Seconds to the first audio, cold connection</text>'
    x = 8
    for _, title, style in ENGINES:
        yield f'<rect x="{x}" y="32" width="12" height="12" class="{style}"/><text x="{x + 17}" y="42">{title}</text>'
        x += 40 + 7 * len(title)
    yield f'<line x1="{x + 6}" x2="{x + 6}" y1="31" y2="45" class="limit"/><text x="{x + 14}" y="42">limit without an open connection</text>'  # noqa: E501


def _grid(height: int) -> Iterator[str]:
    for step in range(5):
        seconds = MOST * step / 4
        yield f'<line x1="{_x(seconds):.0f}" x2="{_x(seconds):.0f}" y1="{TOP - 8}" y2="{height - 22}" class="grid"/>'
        yield f'<text x="{_x(seconds):.0f}" y="{height - 8}" class="small" text-anchor="middle">{seconds:g} s</text>'


def _row(title: str, form: str, medians: Sequence[Median | None], y: int) -> Iterator[str]:
    limits = [_x(each.limit) for each in medians if each is not None]
    middle = y + len(ENGINES) * (BAR + GAP) / 2
    yield f'<text x="8" y="{middle - 2:.0f}">{escape(title)}</text><text x="8" y="{middle + 12:.0f}" class="small">{form}</text>'  # noqa: E501
    for number, (each, (_, _, style)) in enumerate(zip(medians, ENGINES, strict=True)):
        if each is None or each.first is None:
            continue
        top = y + number * (BAR + GAP)
        end = _x(each.first)
        label = max(end, min(limits)) if end > min(limits) - LABEL else end
        yield f'<rect x="{LEFT}" y="{top}" width="{end - LEFT:.1f}" height="{BAR}" class="{style}"/>'
        yield f'<text x="{label + 5:.1f}" y="{top + BAR - 2}" class="small">{each.first:.2f}{" →" if each.first > MOST else ""}</text>'  # noqa: E501
    if limits:
        x = min(limits)
        bottom = y + len(ENGINES) * (BAR + GAP)
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y - 3}" y2="{bottom + 1}" class="limit"/>'
