"""The Home Assistant of the demo: an account for each provider, an assistant, and a dashboard.

Services without a key in the environment are emulated.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
import json
import os
from pathlib import Path
import shutil
from typing import Any

from dashboard import LEFT, Corner, put_up

from tests.e2e.instance import Account, ApiError, FlowError, HomeAssistantProcess, add_account, change_options
from tests.emulator.emulator import Emulator
from tests.emulator.flow import PUBLIC_KEY
from tests.emulator.tencent_settings import SDK_APP_ID, SECRET_ID, SECRET_KEY

ROOT = Path(__file__).parents[2]
COMPONENT = Path(__file__).parent / "components" / "demo_tools"
ASSISTANT = "conversation.demo_assistant"
EMULATED_KEY = "demo-key"
EMULATED_DETAILS = {"site": "china", "secret_id": SECRET_ID, "sdk_app_id": str(SDK_APP_ID)}
CONFIGURATION = """\
history:
input_boolean:
  unplugged:
    name: Unplug Sarvam AI
    icon: mdi:power-plug-off-outline
logbook:
notify:
  - platform: group
    name: mobile_app_phone
    services:
      - action: persistent_notification
rest_command:
  unplug:
    url: {url}/_emulator/faults
    method: post
    content_type: application/json
    payload: '{{"fault": "reset", "times": -1}}'
  plug_in:
    url: {url}/_emulator/reset
    method: post
"""
SCRIPTS = """\
say_it:
  alias: Speak
  icon: mdi:bullhorn
  mode: queued
  fields:
    voice:
      name: Voice
      required: true
      selector:
        entity:
          domain: tts
    message:
      name: Text
      required: true
      selector:
        text:
  sequence:
    - action: tts.speak
      target:
        entity_id: "{{ voice }}"
      data:
        media_player_entity_id: media_player.browser
        message: "{{ message }}"
"""
AUTOMATIONS = """\
- id: unplugged
  alias: Unplug the service of Sarvam AI
  triggers:
    - trigger: state
      entity_id: input_boolean.unplugged
      to:
        - "on"
        - "off"
  actions:
    - action: rest_command.{{ 'unplug' if trigger.to_state.state == 'on' else 'plug_in' }}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """The account of a provider in the demo, and its sample texts in one language."""

    provider: str
    title: str
    variable: str
    """The environment variable of a real key."""
    language: str
    language_name: str
    name: str
    """The name of the voice."""
    sentence: str
    questions: Sequence[str]
    details: Mapping[str, str] = field(default_factory=dict)
    """The environment variables of the other credentials, by field of the form."""
    budget: dict[str, Any] | None = None
    """The budget of the account, or None if the service reports its quota."""

    @property
    def key(self) -> str:
        """The key of a real account, or an empty string if it's emulated."""
        return os.environ.get(self.variable, "").strip()

    @property
    def known_details(self) -> Mapping[str, str]:
        """The other credentials of the real or emulated account."""
        if not self.key:
            return EMULATED_DETAILS if self.details else {}
        return {name: os.environ.get(variable, "").strip() for name, variable in self.details.items()}


PARTS = (
    Part(
        provider="asyncflow",
        title="AsyncFlow",
        variable="ASYNCFLOW_API_KEY",
        language="en",
        language_name="English",
        name="Anna",
        sentence="Welcome home. The washing machine has finished, and the front door is locked.",
        questions=("Tell me a story", "Good morning, what is new?", "How many points are left?"),
        budget={"amount": LEFT["budget_remaining"][0], "renewal_day": 1},
    ),
    Part(
        provider="sarvam",
        title="Sarvam AI",
        variable="SARVAM_API_KEY",
        language="hi-IN",
        language_name="हिन्दी",
        name="Priya",
        sentence="नमस्ते। कपड़े धुल गए हैं, और सामने का दरवाज़ा बंद है।",
        questions=("एक कहानी सुनाओ", "क्या समय हुआ है?", "कितने अंक बचे हैं?"),
        budget={"amount": LEFT["budget_remaining_characters"][0], "renewal_day": 1},
    ),
    Part(
        provider="flow_tts",
        title="Flow TTS",
        variable="FLOW_TTS_TOKEN",
        language="zh",
        language_name="中文",
        name="Xiaorui",
        sentence="欢迎回家。衣服已经洗好了，大门也锁好了。",
        questions=("讲一个故事", "现在几点了？", "还剩多少点？"),
    ),
    Part(
        provider="tencent",
        title="Tencent Cloud",
        variable="TENCENT_SECRET_KEY",
        language="en",
        language_name="English",
        name="Ning",
        sentence="Good evening. It starts to rain in ten minutes, and two windows are open.",
        questions=("Tell me a story", "Good morning, what is new?", "How many points are left?"),
        details={"site": "TENCENT_SITE", "secret_id": "TENCENT_SECRET_ID", "sdk_app_id": "TENCENT_SDK_APP_ID"},
        budget={"amount": LEFT["budget_remaining_characters"][0], "renewal_day": 1},
    ),
)


ROBOTIC = "The emulated voices are eSpeak and sound robotic."


class DemoError(Exception):
    """An error of the demo, with a way to fix it."""


def progress(step: str) -> None:
    """Print a step that takes a while."""
    print(f"{step} ...", flush=True)


class Showroom:
    """A Home Assistant with a new configuration folder, before its start."""

    def __init__(self, emulator: Emulator, folder: Path, *, port: int = 0, inherited: Iterable[int] = ()) -> None:
        """Create the folder. Home Assistant keeps the `inherited` files open."""
        shutil.rmtree(folder, ignore_errors=True)
        self._stand_ins = {
            "asyncflow": (emulator.asyncflow.url, EMULATED_KEY),
            "sarvam": (emulator.sarvam.url, EMULATED_KEY),
            "flow_tts": (emulator.flow.url, json.dumps(emulator.flow.new_session())),
            "tencent": (emulator.tencent.url, SECRET_KEY),
        }
        configuration = CONFIGURATION.format(url=emulator.sarvam.url)
        self.instance = HomeAssistantProcess(
            folder, port=port, components=[COMPONENT], configuration=configuration, inherited=inherited
        )
        (folder / "automations.yaml").write_text(AUTOMATIONS, encoding="utf-8")
        (folder / "scripts.yaml").write_text(SCRIPTS, encoding="utf-8")
        shutil.copytree(ROOT / "blueprints", folder / "blueprints")

    async def add_all(self) -> Sequence[Account]:
        """Add an account for each provider; the first voice is the fallback voice of the others. Raises DemoError."""
        first = await self._add(PARTS[0], fallback=None)
        return [first, *[await self._add(part, fallback=first.speaker) for part in PARTS[1:]]]

    async def _add(self, part: Part, *, fallback: str | None) -> Account:
        """Add the account of a provider and a voice through the forms. Raises DemoError."""
        url, key = self._stand_ins[part.provider]
        progress(f"Adding {part.title}")
        try:
            return await add_account(
                self.instance.client,
                part.provider,
                part.key or key,
                base_url=None if part.key else url,
                public_key=None if part.key else PUBLIC_KEY,
                details=part.known_details,
                language=part.language,
                name=part.name,
                fallback=fallback,
                options={},
            )
        except (FlowError, ApiError) as error:
            raise DemoError(
                f"{part.provider} could not be added: {error}\n{last_error(self.instance)}".rstrip()
            ) from error

    async def furnish(self, accounts: Sequence[Account]) -> Sequence[Account]:
        """Add budgets, latency sensors, the assistant, and the dashboard.

        Restarts Home Assistant, which would otherwise reload the accounts later because of the enabled sensors. Returns
        the accounts with their new sensors.
        """
        progress("Adding budgets and the demo tools")
        client = self.instance.client
        await client.add("demo_tools")
        for part, account in zip(PARTS, accounts, strict=True):
            if part.budget:
                await change_options(client, account, budget=part.budget)
            await client.ask(
                "config/entity_registry/update", entity_id=account.sensors["first_sound"], disabled_by=None
            )
        progress("Restarting Home Assistant")
        await self.instance.restart()
        progress("Setting up assistants and the dashboard")
        accounts = [await account.known_again(self.instance.client) for account in accounts]
        corners = [await self._corner(part, account) for part, account in zip(PARTS, accounts, strict=True)]
        await self.instance.client.ask("assist_pipeline/pipeline/set_preferred", pipeline_id=corners[0].pipeline)
        note = "" if all(part.key for part in PARTS) else ROBOTIC
        await put_up(self.instance.client, corners, unpluggable=not PARTS[1].key, note=note)
        return accounts

    def services(self) -> Sequence[str]:
        """Return a line for each emulated service: its name, URL, and API key."""
        emulated = [part for part in PARTS if not part.key]
        return [f"{part.title}: {' '.join(self._stand_ins[part.provider])}" for part in emulated]

    async def _corner(self, part: Part, account: Account) -> Corner:
        pipeline = await self.instance.client.ask(
            "assist_pipeline/pipeline/create",
            name=f"Demo with {part.title}",
            language=part.language,
            conversation_engine=ASSISTANT,
            conversation_language=part.language,
            stt_engine=None,
            stt_language=None,
            tts_engine=account.speaker,
            tts_language=part.language,
            tts_voice=None,
            wake_word_entity=None,
            wake_word_id=None,
        )
        return Corner(
            account=account,
            name=part.title,
            language=part.language_name,
            pipeline=pipeline["id"],
            sentence=part.sentence,
            questions=part.questions,
        )


def last_error(instance: HomeAssistantProcess) -> str:
    """Return the last error of speech in Home Assistant's log, or an empty string."""
    errors = [error.splitlines()[0] for error in instance.errors()]
    return next((error for error in reversed(errors) if "streaming_tts" in error or "components.tts" in error), "")
