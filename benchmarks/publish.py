"""Puts a run into the documents: its report and numbers into the page about it, its chart beside the pictures."""

from pathlib import Path
import re

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "dev" / "benchmarks.md"
CHART = ROOT / "docs" / "pictures" / "first-sound.svg"
_REPORT = re.compile(r"(?<=<!-- report -->\n).*?(?=<!-- end -->)", re.DOTALL)


def publish(report: str, chart: str) -> None:
    """Write a run into the page, its headings one level below those of the page, and the chart."""
    lowered = re.sub(r"^#", "##", report, flags=re.MULTILINE)
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(_REPORT.sub(lambda _: f"\n{lowered.strip()}\n\n", page), encoding="utf-8")
    CHART.write_text(chart, encoding="utf-8")
