"""Write a run into the documents: the report into its page, the chart into the pictures."""

from pathlib import Path
import re

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "dev" / "benchmarks.md"
CHART = ROOT / "docs" / "pictures" / "first-sound.svg"
_REPORT = re.compile(r"(?<=<!-- report -->\n).*?(?=<!-- end -->)", re.DOTALL)


def publish(report: str, chart: str) -> None:
    """Write the report with its headings one level lower, and the chart."""
    lowered = re.sub(r"^#", "##", report, flags=re.MULTILINE)
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(_REPORT.sub(lambda _: f"\n{lowered.strip()}\n\n", page), encoding="utf-8")
    CHART.write_text(chart, encoding="utf-8")
