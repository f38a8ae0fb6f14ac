"""Providers stand side by side on one floor: nothing of Home Assistant in them, nothing of one in another."""

import ast
from pathlib import Path
import subprocess
import sys

from aiohttp import ClientSession, web
import pytest

from custom_components.streaming_tts import providers
from custom_components.streaming_tts.providers import PROVIDERS
from custom_components.streaming_tts.providers.provider import Provider
from custom_components.streaming_tts.providers.types import ChoiceSetting, Credentials, NumberSetting, Transport, Voice
from tests.tables import each_row

from .parrot import Parrot
from .tools import KEY, said, serving

PACKAGE = Path(providers.__file__).parent
MODULES = sorted(PACKAGE.glob("*.py"))
OWN_PREFIXES = ("asyncflow", "sarvam", "flow", "tencent")
ALLOWED = {*sys.stdlib_module_names, "aiohttp", "jwt"}

IMPORT_ALONE = """
import importlib, sys, types
sys.modules["homeassistant"] = None
for name, path in (("custom_components", []), ("custom_components.streaming_tts", [sys.argv[1]])):
    package = types.ModuleType(name)
    package.__path__ = path
    sys.modules[name] = package
registry = importlib.import_module("custom_components.streaming_tts.providers")
print(*registry.PROVIDERS)
"""


def imports_of(module: Path) -> list[tuple[int, str]]:
    """Return what a module imports: how far up, and the first name."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(module.read_text())):
        match node:
            case ast.Import(names=names):
                found += [(0, alias.name.partition(".")[0]) for alias in names]
            case ast.ImportFrom(module=None, level=level, names=names):
                found += [(level, alias.name) for alias in names]
            case ast.ImportFrom(module=str(name), level=level):
                found.append((level, name.partition(".")[0]))
    return found


@each_row("module", MODULES, ids=lambda module: module.stem)
def test_a_module_imports_only_what_stands_below_it(module: Path) -> None:
    """A module imports only what stands below it."""
    imports = imports_of(module)

    assert {name for level, name in imports if level == 0} <= ALLOWED
    assert all(level <= 1 for level, _ in imports)


@pytest.mark.parametrize("own", OWN_PREFIXES)
def test_no_provider_imports_of_another(own: str) -> None:
    """No provider imports of another."""
    others = tuple(prefix for prefix in OWN_PREFIXES if prefix != own)
    for module in PACKAGE.glob(f"{own}*.py"):
        assert not [name for level, name in imports_of(module) if level == 1 and name.startswith(others)], module.name


def test_the_providers_are_imported_where_there_is_no_home_assistant() -> None:
    """The providers are imported where there is no home assistant."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALONE, str(PACKAGE.parent)], capture_output=True, text=True, check=False
    )

    assert (done.stdout.split(), done.stderr) == (["asyncflow", "sarvam", "tencent", "flow_tts"], "")


@pytest.fixture(params=[*PROVIDERS.values(), Parrot], ids=lambda provider: provider.key)
def provider(request: pytest.FixtureRequest, session: ClientSession) -> Provider:
    """Return an account at each provider, and at one that is not in the product."""
    kind: type[Provider] = request.param
    return kind(session, Credentials(key=KEY))


def test_what_a_provider_says_of_itself_holds_together(provider: Provider) -> None:
    """What a provider says of itself holds together."""
    assert provider.base_url.startswith("https://")
    assert provider.transports
    assert len({model.model_id for model in provider.models}) == len(provider.models)
    for model in provider.models:
        voice = Voice.of(voice_id="x", model=model.model_id, language=None)
        assert provider.model(model.model_id) is model
        assert len(set(provider.pcm_rates)) == len(provider.pcm_rates) > 0
        assert provider.max_characters(voice) > 0
        assert len({setting.key for setting in model.settings}) == len(model.settings)
        for setting in model.settings:
            match setting:
                case NumberSetting():
                    assert setting.minimum <= setting.default <= setting.maximum
                    assert setting.step > 0
                case ChoiceSetting():
                    assert setting.default in (*setting.choices, "")


def test_a_model_that_is_not_offered_keeps_its_id(provider: Provider) -> None:
    """So that the service is asked for it and says that it is gone; it has what its replacement has."""
    like = {"a model of tomorrow": provider.models[0].model_id, **provider.retired_models}
    for model_id, replacement in like.items():
        model, near = provider.model(model_id), provider.model(replacement)
        assert near in provider.models
        assert (model.model_id, model.languages, model.settings) == (model_id, near.languages, near.settings)
    assert not {model.model_id for model in provider.models} & provider.retired_models.keys()


def test_the_key_of_a_provider_is_its_name_in_the_registry() -> None:
    """The key of a provider is its name in the registry."""
    assert {key: kind.key for key, kind in PROVIDERS.items()} == {key: key for key in PROVIDERS}


async def test_a_provider_is_added_by_one_module_and_one_line(
    session: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider is added by one module and one line."""
    monkeypatch.setitem(PROVIDERS, Parrot.key, Parrot)

    async def handle(request: web.Request) -> web.Response:
        return web.Response(body=(await request.json()).encode("utf-16-le"))

    async with serving(handle) as url:
        provider = PROVIDERS["parrot"](session, Credentials(key=KEY), base_url=url)
        [info] = await provider.voices()
        voice = Voice.of(voice_id=info.voice_id, model=provider.models[0].model_id, language="en")
        heard = await said(provider, Transport.STREAM, voice, "Polly wants a cracker.")

    assert heard.decode("utf-16-le") == "Polly wants a cracker."
