"""The dashboard of the demo: speak a text, ask the assistant, quota, and latency."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.e2e.instance import Account, Client

URL_PATH: Final = "streaming-tts"
UNPLUGGED: Final = "input_boolean.unplugged"

type Card = dict[str, Any]

LEFT: Final[Mapping[str, tuple[float, str | None]]] = {
    "quota_remaining": (100, None),
    "budget_remaining": (1, None),
    "budget_remaining_characters": (5000, "chars"),
}
"""Initial quota of a demo account, by the key of its sensor, with a short unit for the gauge if needed."""
_SEVERITY: Final = (50, 20, 0)
"""Percentages from which on a gauge is green, yellow, and red."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Corner:
    """The data of one provider for the dashboard: account, voice, pipeline, and texts in its language."""

    account: Account
    name: str
    language: str
    pipeline: str
    sentence: str
    questions: Sequence[str]


async def put_up(client: Client, corners: Sequence[Corner], *, unpluggable: bool, note: str) -> None:
    """Save the dashboard and make it the default page."""
    await client.ask(
        "lovelace/dashboards/create",
        url_path=URL_PATH,
        title="Streaming TTS",
        icon="mdi:account-voice",
        show_in_sidebar=True,
        require_admin=False,
    )
    view = {
        "title": "Streaming TTS",
        "path": "home",
        "type": "sections",
        "max_columns": 4,
        "dense_section_placement": True,
        "sections": [
            _speaking(corners, unpluggable=unpluggable, note=note),
            _asking(corners),
            _left(corners),
            _heard(corners),
        ],
    }
    await client.ask("lovelace/config/save", url_path=URL_PATH, config={"views": [view]})
    await client.ask("frontend/set_system_data", key="core", value={"default_panel": URL_PATH})


def _section(title: str, icon: str, cards: Iterable[Card]) -> Card:
    heading = {"type": "heading", "heading": title, "icon": icon}
    return {"type": "grid", "cards": [heading, *cards]}


def _speaking(corners: Iterable[Corner], *, unpluggable: bool, note: str) -> Card:
    voices = [_voice(corner) | {"sentence": corner.sentence} for corner in corners]
    plug: Card = {
        "type": "tile",
        "entity": UNPLUGGED,
        "tap_action": {"action": "toggle"},
        "grid_options": {"columns": 12},
    }
    say: Card = {"type": "custom:demo-tools-say", "voices": voices, "note": note}
    return _section("Announce", "mdi:bullhorn", [say, *([plug] if unpluggable else [])])


def _asking(corners: Iterable[Corner]) -> Card:
    voices = [_voice(corner) | {"pipeline": corner.pipeline, "questions": list(corner.questions)} for corner in corners]
    return _section("Assist", "mdi:chat-processing", [{"type": "custom:demo-tools-ask", "voices": voices}])


def _voice(corner: Corner) -> dict[str, str]:
    return {
        "entity": corner.account.speaker,
        "event": corner.account.sensors["utterance"],
        "name": corner.name,
        "language": corner.language,
    }


def _left(corners: Iterable[Corner]) -> Card:
    gauges = [_gauge(corner) for corner in corners]
    counted = [
        {"entity": corner.account.sensors[key], "name": f"{corner.name}: {key}"}
        for corner in corners
        for key in ("requests", "characters")
    ]
    cards = [*filter(None, gauges), {"type": "entities", "title": "Usage", "entities": counted}]
    return _section("Quota", "mdi:gauge", cards)


def _gauge(corner: Corner) -> Card | None:
    """Return a gauge of the quota, or of the budget if there is no quota."""
    sensors = corner.account.sensors
    known = next(((key, *measure) for key, measure in LEFT.items() if key in sensors), None)
    if known is None:
        return None
    key, most, unit = known
    green, yellow, red = (most * share / 100 for share in _SEVERITY)
    return {
        "type": "gauge",
        "entity": sensors[key],
        "name": corner.name,
        **({} if unit is None else {"unit": unit}),
        "min": 0,
        "max": most,
        "needle": True,
        "severity": {"green": green, "yellow": yellow, "red": red},
        "grid_options": {"columns": 4, "rows": 3},
    }


def _heard(corners: Sequence[Corner]) -> Card:
    graph = {
        "type": "history-graph",
        "title": "Time to first sound",
        "hours_to_show": 0.1,
        "entities": [{"entity": corner.account.sensors["first_sound"], "name": corner.name} for corner in corners],
    }
    newest = {
        "type": "entities",
        "title": "Last speech",
        "entities": [{"entity": corner.account.sensors["utterance"], "name": corner.name} for corner in corners],
    }
    return _section("Latency", "mdi:timer-outline", [graph, newest])
