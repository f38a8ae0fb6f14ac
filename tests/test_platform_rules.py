"""What Home Assistant's own checks and those of its store would say of the integration, where that needs no network.

They are written after what is known of them; the checks themselves are in no package.
"""

import ast
from collections.abc import Iterator, Mapping
from importlib import metadata
import json
from pathlib import Path
import re
import struct
from typing import Any, Final
from urllib.parse import urlsplit

from awesomeversion import AwesomeVersion, AwesomeVersionStrategy
import probatio as vol
import pytest

import custom_components.streaming_tts as integration
from custom_components.streaming_tts.const import DOMAIN
import homeassistant
from homeassistant import const
from homeassistant.const import Platform, __version__
from homeassistant.core import HomeAssistant
from homeassistant.helpers import selector
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict
from tests import words
from tests.tables import each_row

FOLDER: Final = Path(integration.__file__).parent
ROOT: Final = FOLDER.parents[1]
MANIFEST: Final[dict[str, Any]] = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
LANGUAGES: Final = sorted(path.stem for path in (FOLDER / "translations").glob("*.json"))
ICON: Final = re.compile(r"mdi:[a-z0-9]+(?:-[a-z0-9]+)*")


def read(language: str) -> dict[str, Any]:
    """Return the translations into a language."""
    content: dict[str, Any] = json.loads((FOLDER / "translations" / f"{language}.json").read_text(encoding="utf-8"))
    return content


def texts(content: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield all texts below a key, and where they are."""
    for name, inner in content.items():
        if isinstance(inner, Mapping):
            yield from texts(inner, (*path, name))
        else:
            yield (*path, name), inner


# The manifest


def test_the_manifest_has_its_keys_in_order() -> None:
    """Domain and name come first, then the alphabet."""
    assert list(MANIFEST) == ["domain", "name", *sorted(MANIFEST.keys() - {"domain", "name"})]


def test_the_manifest_says_what_the_platform_and_its_store_want_to_know() -> None:
    """And nothing that they do not know."""
    web = vol.All(str, lambda address: vol.Schema("https")(urlsplit(address).scheme) and address)
    domains = [vol.All(str, vol.Match(r"[a-z0-9_]+$"))]
    schema = vol.Schema(
        {
            vol.Required("domain"): FOLDER.name,
            vol.Required("name"): str,
            vol.Required("codeowners"): vol.All([vol.Match(r"@[\w-]+(/[\w-]+)?$")], vol.Length(min=1)),
            vol.Required("config_flow"): True,
            vol.Required("documentation"): web,
            vol.Required("integration_type"): vol.In(("device", "entity", "hardware", "helper", "hub", "service")),
            vol.Required("iot_class"): vol.In(
                ("assumed_state", "calculated", "cloud_polling", "cloud_push", "local_polling", "local_push")
            ),
            vol.Required("issue_tracker"): web,
            vol.Required("requirements"): [vol.Match(r"[a-z0-9-]+(==|>=)\d+(\.\d+)+$")],
            vol.Required("version"): str,
            vol.Optional("after_dependencies"): domains,
            vol.Required("categories"): [str],  # Which there are is known from 2026.11 on: tests/e2e/test_manifest.py
            vol.Required("connectivity"): [str],
            vol.Optional("dependencies"): domains,
            vol.Optional("loggers"): [str],
        }
    )
    schema(MANIFEST)
    assert MANIFEST["domain"] == DOMAIN
    assert AwesomeVersion(MANIFEST["version"]).strategy is AwesomeVersionStrategy.SEMVER
    assert not set(MANIFEST.get("dependencies", ())) & set(MANIFEST.get("after_dependencies", ()))


def test_what_home_assistant_pins_is_required_with_a_lower_bound_and_all_else_is_pinned() -> None:
    """Two pins of one package conflict as soon as core moves its own; an unpinned package may change at any time."""
    ours = [re.split("(==|>=)", requirement)[:2] for requirement in MANIFEST["requirements"]]
    theirs = pinned_by_core()
    assert {"av", "pillow", "sqlalchemy"} <= theirs
    assert ours == [[name, ">=" if normalized(name) in theirs else "=="] for name, _ in ours]


def pinned_by_core() -> set[str]:
    """Return the packages that Home Assistant pins: in its constraints, or in the manifest of any integration."""
    core = Path(homeassistant.__file__).parent
    pins = core.joinpath("package_constraints.txt").read_text(encoding="utf-8").splitlines()
    for manifest in core.glob("components/*/manifest.json"):
        pins += json.loads(manifest.read_text(encoding="utf-8")).get("requirements", [])
    # hassil, which core pins, brings unicode-rbnf
    brought = (re.match(r"[\w.-]+", requirement) for requirement in metadata.requires("hassil") or ())
    found = (re.match(r"([\w.-]+)(?:\[[^\]]*\])?==", pin) for pin in pins)
    return {normalized(name[1]) for name in found if name} | {normalized(name[0]) for name in brought if name}


def normalized(name: str) -> str:
    """Return the name of a package as all its spellings are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


ALWAYS_THERE: Final = {platform.value for platform in Platform} | {"homeassistant", "media_source", "system_health"}
"""What may be used without being named as a dependency, of what is used here."""


def test_what_is_used_of_other_integrations_is_named_as_a_dependency() -> None:
    """Or there is a module of that name, which is only loaded with it."""
    modules = {path.stem for path in FOLDER.glob("*.py")}
    known = ALWAYS_THERE | modules | set(MANIFEST.get("dependencies", ())) | set(MANIFEST.get("after_dependencies", ()))
    assert {name for path in FOLDER.rglob("*.py") for name in used(path)} <= known


def used(path: Path) -> Iterator[str]:
    """Yield the integrations that a module imports from when it runs."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.ImportFrom(module="homeassistant.components", names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=str() as module) if module.startswith("homeassistant.components."):
                yield module.split(".")[2]


def test_the_integration_is_set_up_by_its_entries_alone() -> None:
    """Who registers actions has to say so."""
    assert integration.CONFIG_SCHEMA({}) == {}
    assert list(integration.PLATFORMS) == sorted(integration.PLATFORMS)


@pytest.mark.parametrize("platform", integration.PLATFORMS)
def test_a_platform_says_how_many_updates_it_makes_at_once(platform: Platform) -> None:
    """Each does."""
    assert re.search(r"^PARALLEL_UPDATES = \d+$", (FOLDER / f"{platform}.py").read_text(encoding="utf-8"), re.MULTILINE)


# Words


@each_row("language", LANGUAGES)
def test_translations_have_the_form_that_the_platform_wants(language: str) -> None:
    """Every language; there is no other file of texts."""
    words.WORDS(read(language))
    assert not (FOLDER / "strings.json").exists()


@each_row("language", LANGUAGES)
def test_a_translation_says_what_the_english_one_says(language: str) -> None:
    """No more, with the same placeholders; a text that is not translated yet is shown in English."""
    english, other = dict(texts(read("en"))), dict(texts(read(language)))
    assert other.keys() <= english.keys()
    different = [path for path in other if words.placeholders(other[path]) != words.placeholders(english[path])]
    assert different == []


# Actions, triggers, conditions

_FIELD = vol.Schema(
    {
        vol.Optional("required"): bool,
        vol.Optional("default"): vol.NotIn((None,)),
        vol.Optional("example"): vol.NotIn((None,)),
        vol.Required("selector"): selector.validate_selector,
    }
)
_SECTION = vol.Schema({vol.Optional("collapsed"): bool, vol.Required("fields"): {str: _FIELD}})
_TARGET = vol.Schema({vol.Optional("target"): vol.Any(None, selector.TargetSelector.CONFIG_SCHEMA)})


def described(kind: str) -> dict[str, Any]:
    """Return the actions, triggers or conditions that are described, without what is only there to be shared."""
    content: dict[str, Any] = load_yaml_dict(str(FOLDER / f"{kind}.yaml"))
    return {name: each or {} for name, each in content.items() if not name.startswith(".")}


@pytest.mark.parametrize("kind", ["services", "triggers", "conditions"])
def test_actions_triggers_and_conditions_are_described_to_forms(kind: str) -> None:
    """With fields that have selectors, each in no more than one place, and words for the choices."""
    schema = _TARGET.extend({vol.Optional("fields"): {str: vol.Any(_FIELD, _SECTION)}})
    for description in described(kind).values():
        schema(description)
        fields = list(flat(description.get("fields", {})))
        assert len(fields) == len({name for name, _ in fields})
        keys = [inner.get("translation_key") for _, field in fields for inner in field["selector"].values() if inner]
        assert {key for key in keys if key} <= read("en")["selector"].keys()


def flat(fields: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield all fields, those in sections too."""
    for name, field in fields.items():
        if "fields" in field:
            yield from flat(field["fields"])
        else:
            yield name, field


@pytest.mark.parametrize("kind", ["services", "triggers", "conditions"])
def test_each_has_words_and_an_icon(kind: str) -> None:
    """Its fields and sections too."""
    icons, said = json.loads((FOLDER / "icons.json").read_text(encoding="utf-8")).get(kind, {}), read("en")[kind]
    found = described(kind)
    assert found.keys() == icons.keys() == said.keys()
    for name, description in found.items():
        fields = description.get("fields", {})
        assert {field for field, _ in flat(fields)} == said[name].get("fields", {}).keys()
        assert {field for field in fields if "fields" in fields[field]} == said[name].get("sections", {}).keys()


async def test_the_actions_that_are_described_are_those_that_there_are(
    hass: HomeAssistant, enable_custom_integrations: None
) -> None:
    """As soon as the integration is set up, with or without an account."""
    assert await async_setup_component(hass, DOMAIN, {})
    assert hass.services.async_services_for_domain(DOMAIN).keys() == described("services").keys()


def test_icons_have_the_form_that_the_platform_wants() -> None:
    """They are names of Material Design Icons."""
    icon = vol.Match(rf"{ICON.pattern}$")
    entity = {
        vol.Optional("default"): icon,
        vol.Optional("state"): {words.key: icon},
        vol.Optional("range"): {str: icon},
        vol.Optional("state_attributes"): {words.key: {vol.Required("default"): icon, "state": {words.key: icon}}},
    }
    schema = vol.Schema(
        {
            vol.Required("entity"): {words.key: {words.key: entity}},
            vol.Optional("services"): {words.key: {vol.Required("service"): icon, "sections": {words.key: icon}}},
            vol.Optional("triggers"): {words.key: {vol.Required("trigger"): icon}},
            vol.Optional("conditions"): {words.key: {vol.Required("condition"): icon}},
        }
    )
    schema(json.loads((FOLDER / "icons.json").read_text(encoding="utf-8")))


# Pictures, the store, the scale of quality


@pytest.mark.parametrize(("name", "size"), [("icon", 256), ("icon@2x", 512)])
def test_the_icon_is_a_square_of_the_size_that_the_platform_wants(name: str, size: int) -> None:
    """A PNG."""
    head = (FOLDER / "brand" / f"{name}.png").read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", head[16:24]) == (size, size)


def test_there_is_no_picture_that_nobody_looks_for() -> None:
    """The platform knows these names."""
    known = {f"{dark}{kind}{twice}.png" for dark in ("", "dark_") for kind in ("icon", "logo") for twice in ("", "@2x")}
    assert {path.name for path in (FOLDER / "brand").iterdir()} <= known


def test_the_store_is_told_what_it_wants_to_know() -> None:
    """And no more; the release that is said to be enough is not newer than the one that is tested with."""
    told = json.loads((ROOT / "hacs.json").read_text(encoding="utf-8"))
    vol.Schema(
        {
            vol.Required("name"): MANIFEST["name"],
            vol.Required("homeassistant"): vol.Match(r"20\d\d\.\d+\.\d+$"),
            vol.Optional("country"): [str],
            vol.Optional("filename"): vol.Match(r"[\w.-]+\.zip$"),
            vol.Required("hide_default_branch"): True,  # Only releases have the archive that is installed
            vol.Optional("persistent_directory"): str,
            vol.Optional("render_readme"): bool,
            vol.Optional("zip_release"): bool,
        }
    )(told)
    assert ("filename" in told) == told.get("zip_release", False)
    assert AwesomeVersion(told["homeassistant"]) <= AwesomeVersion(__version__)
    release = ".".join(told["homeassistant"].split(".")[:2])
    assert f"Home Assistant {release} or later" in (ROOT / "README.md").read_text(encoding="utf-8")


RULES: Final = frozenset(
    [
        "action-setup",
        "appropriate-polling",
        "brands",
        "common-modules",
        "config-flow",
        "config-flow-test-coverage",
        "dependency-transparency",
        "docs-actions",
        "docs-conditions",
        "docs-high-level-description",
        "docs-installation-instructions",
        "docs-removal-instructions",
        "docs-triggers",
        "entity-event-setup",
        "entity-unique-id",
        "has-entity-name",
        "runtime-data",
        "test-before-configure",
        "test-before-setup",
        "unique-config-entry",
        "action-exceptions",
        "config-entry-unloading",
        "docs-configuration-parameters",
        "docs-installation-parameters",
        "entity-unavailable",
        "integration-owner",
        "log-when-unavailable",
        "parallel-updates",
        "reauthentication-flow",
        "test-coverage",
        "devices",
        "diagnostics",
        "discovery",
        "discovery-update-info",
        "docs-data-update",
        "docs-examples",
        "docs-known-limitations",
        "docs-supported-devices",
        "docs-supported-functions",
        "docs-troubleshooting",
        "docs-use-cases",
        "dynamic-devices",
        "entity-category",
        "entity-device-class",
        "entity-disabled-by-default",
        "entity-translations",
        "exception-translations",
        "icon-translations",
        "reconfiguration-flow",
        "repair-issues",
        "stale-devices",
        "async-dependency",
        "inject-websession",
        "strict-typing",
    ]
)
"""All of the platform's quality scale, bronze to platinum."""


def test_the_self_audit_answers_to_every_rule() -> None:
    """What does not apply says why."""
    rules = load_yaml_dict(str(FOLDER / "quality_scale.yaml"))["rules"]
    assert rules.keys() == RULES
    schema = vol.Any(
        vol.In(("done", "todo")),
        {vol.Required("status"): vol.In(("done", "todo", "exempt")), vol.Required("comment"): str},
    )
    for answer in rules.values():
        schema(answer)


def test_the_self_audit_names_pages_that_there_are() -> None:
    """A page each for triggers and conditions."""
    rules = load_yaml_dict(str(FOLDER / "quality_scale.yaml"))["rules"]
    for rule in ("docs-triggers", "docs-conditions", "docs-configuration-parameters"):
        pages = re.findall(r"docs/\w+\.md", rules[rule]["comment"])
        assert pages
        assert [page for page in pages if not (ROOT / page).exists()] == []


def constants(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the texts that a module gives names to."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        match node:
            case (
                ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=str() as value))
                | ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str() as value))
            ):
                yield name, value


@each_row("path", sorted(FOLDER.rglob("*.py")), ids=lambda path: str(path.relative_to(FOLDER)))
def test_a_constant_that_home_assistant_has_is_not_defined_again(path: Path) -> None:
    """By the same name, for the same text; ATTR_ and CONF_ may stand for each other."""
    theirs = {name.removeprefix("ATTR_").removeprefix("CONF_"): vars(const)[name] for name in vars(const)}
    ours = {(name.removeprefix("ATTR_").removeprefix("CONF_"), value) for name, value in constants(path)}
    assert {name for name, value in ours if theirs.get(name) == value and name != "TIMEOUT"} == set()


@each_row("path", sorted(FOLDER.rglob("*.py")), ids=lambda path: str(path.relative_to(FOLDER)))
def test_an_entry_is_typed_by_what_it_has_at_run_time(path: Path) -> None:
    """But where that type is made."""
    names = [node.id for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Name)]
    assert names.count("ConfigEntry") == (path == FOLDER / "account" / "runtime.py")
