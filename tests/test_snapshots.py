"""What users see of the integration, as it was last looked at: a change here is on purpose, or an accident.

`scripts/test unit tests/test_snapshots.py --snapshot-update` takes them anew; look at the difference before it is
committed.
"""

from collections.abc import Mapping
import json
import re
from typing import Any

import probatio
import pytest
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from syrupy.assertion import SnapshotAssertion

from custom_components.streaming_tts.const import DOMAIN, SUBENTRY_TYPE_VOICE
from homeassistant.components.diagnostics.const import DOMAIN as DIAGNOSTICS_DOMAIN
from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_RECONFIGURE, SOURCE_USER, SubentryFlowContext
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import config_validation as cv, device_registry as dr, entity_registry as er
from homeassistant.helpers.service import async_get_all_descriptions
from homeassistant.setup import async_setup_component
from tests.accounts import VOICES, account, set_up
from tests.emulator.emulator import Emulator

EACH_ACCOUNT = pytest.mark.parametrize("provider", VOICES)

ID = re.compile(r"\b(?:[0-9A-HJKMNP-TV-Z]{26}|[0-9a-f]{32})\b")
TIME = re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[\d.:+]*")


def lasting(content: Any) -> Any:
    """Return what is the same in each run: without ids, moments, and ports."""
    text = ID.sub("<id>", TIME.sub("<time>", json.dumps(content, default=str, ensure_ascii=False)))
    return json.loads(re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1", text))


def lines_of(fields: list[dict[str, Any]], section: str = "") -> list[str]:
    """Return a line for each field, with the section's name; of options only their number."""
    lines = []
    for field in fields:
        name, inner = f"{section}{field['name']}", field.get("schema", [])
        lines.append(f"{name}: {line_of({key: field[key] for key in field if key not in ('name', 'schema')})}")
        lines += lines_of(inner, f"{name} > ")
    return lines


def line_of(content: Mapping[str, Any]) -> str:
    """Return it as JSON in one line; the choices of a field are a catalogue, or a list of languages."""

    def short(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {
                key: f"{len(inner)} choices" if key == "options" and isinstance(inner, list) else short(inner)
                for key, inner in value.items()
            }
        return value

    return json.dumps(lasting(short(content)), ensure_ascii=False, sort_keys=True)


def form(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a browser gets of a step of a flow."""
    step = {key: result[key] for key in ("type", "step_id", "menu_options", "errors", "reason") if result.get(key)}
    if result["type"] is FlowResultType.FORM:
        step["placeholders"] = sorted(result["description_placeholders"] or {})
        fields = probatio.to_field_list(result["data_schema"], custom_serializer=cv.custom_serializer)
        assert isinstance(fields, list)
        step["fields"] = lines_of(fields)
    found: dict[str, Any] = lasting(step)
    return found


def precision_of(entity: er.RegistryEntry) -> int | None:
    """Return the digits after the decimal point, None where it is no number."""
    sensor = entity.options.get("sensor")
    return None if sensor is None else sensor.get("suggested_display_precision")


def menu_of(result: Mapping[str, Any]) -> list[str]:
    """Return what a step lets the user choose between, nothing where it is no menu."""
    return list(result.get("menu_options") or ())


@EACH_ACCOUNT
async def test_devices_and_entities(
    home: HomeAssistant, emulator: Emulator, snapshot: SnapshotAssertion, provider: str
) -> None:
    """Of an account with one voice, those that are disabled at first included."""
    entry = await set_up(home, account(provider, emulator))
    devices = {device.id: device for device in dr.async_entries_for_config_entry(dr.async_get(home), entry.entry_id)}
    entities = sorted(
        er.async_entries_for_config_entry(er.async_get(home), entry.entry_id), key=lambda entity: entity.entity_id
    )
    assert (
        lasting(
            {
                "devices": [
                    {
                        key: getattr(device, key)
                        for key in ("name", "manufacturer", "model", "entry_type", "configuration_url")
                    }
                    for device in sorted(devices.values(), key=lambda device: str(device.name))
                ],
                "entities": {
                    entity.entity_id: {
                        "device": devices[entity.device_id].name if entity.device_id in devices else None,
                        "name": entity.original_name,
                        "category": entity.entity_category,
                        "disabled": entity.disabled_by,
                        "class": entity.original_device_class,
                        "unit": entity.unit_of_measurement,
                        "capabilities": sorted(entity.capabilities or {}),
                        "state_class": (entity.capabilities or {}).get("state_class"),
                        "precision": precision_of(entity),
                    }
                    for entity in entities
                },
            }
        )
        == snapshot
    )


@EACH_ACCOUNT
async def test_diagnostics(
    home: HomeAssistant,
    emulator: Emulator,
    hass_client: ClientSessionGenerator,
    snapshot: SnapshotAssertion,
    provider: str,
) -> None:
    """Of an account that has not spoken yet."""
    entry = await set_up(home, account(provider, emulator))
    assert await async_setup_component(home, DIAGNOSTICS_DOMAIN, {})
    assert lasting(await get_diagnostics_for_config_entry(home, hass_client, entry)) == snapshot


@EACH_ACCOUNT
async def test_forms_of_an_account(
    home: HomeAssistant, emulator: Emulator, snapshot: SnapshotAssertion, provider: str
) -> None:
    """Its key, asked for the first time and again, its address, and its options."""
    entry = await set_up(home, account(provider, emulator))
    flows = home.config_entries.flow
    menu = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    steps = {"key": form(await flows.async_configure(menu["flow_id"], {"next_step_id": provider}))}
    for source in (SOURCE_REAUTH, SOURCE_RECONFIGURE):
        context: Any = {"source": source, "entry_id": entry.entry_id, "unique_id": entry.unique_id}
        data = dict(entry.data) if source == SOURCE_REAUTH else None
        steps[source] = form(await flows.async_init(DOMAIN, context=context, data=data))
    options = home.config_entries.options
    first = await options.async_init(entry.entry_id)
    steps["options"] = form(first)
    for choice in menu_of(first):
        menu_again = await options.async_init(entry.entry_id)
        steps[f"options: {choice}"] = form(
            await options.async_configure(menu_again["flow_id"], {"next_step_id": choice})
        )
    assert steps == snapshot


@EACH_ACCOUNT
async def test_forms_of_a_voice(
    home: HomeAssistant, emulator: Emulator, snapshot: SnapshotAssertion, provider: str
) -> None:
    """A new one, one that is cloned, and a saved one."""
    entry = await set_up(home, account(provider, emulator))
    flows, handler = home.config_entries.subentries, (entry.entry_id, SUBENTRY_TYPE_VOICE)

    async def begin() -> Any:
        return await flows.async_init(handler, context=SubentryFlowContext(source=SOURCE_USER))

    first = await begin()
    steps = {"first": form(first)}
    for choice in menu_of(first):
        steps[choice] = form(await flows.async_configure((await begin())["flow_id"], {"next_step_id": choice}))
    (voice,) = entry.subentries
    context = SubentryFlowContext(source=SOURCE_RECONFIGURE, entry_id=entry.entry_id, subentry_id=voice)
    steps["saved"] = form(await flows.async_init(handler, context=context))
    assert steps == snapshot


async def test_actions(home: HomeAssistant, emulator: Emulator, snapshot: SnapshotAssertion) -> None:
    """Their fields and whether they answer."""
    await set_up(home, account("sarvam", emulator))
    described = (await async_get_all_descriptions(home))[DOMAIN]
    assert {
        name: {
            "response": action.get("response"),
            "fields": lines_of([{"name": field, **about} for field, about in lasting(action["fields"]).items()]),
        }
        for name, action in described.items()
    } == snapshot
