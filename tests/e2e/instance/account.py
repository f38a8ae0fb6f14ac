"""An account at a provider, added as a person adds it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from .client import Client
from .flow import Flow, FlowError

DOMAIN: Final = "streaming_tts"
_START_SECONDS = 10.0
_POLL_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Voice:
    """A saved voice: its entity, and what the provider calls the voice."""

    speaker: str
    voice_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """An account and its first voice; `sensors` are entity ids by their translation key."""

    provider: str
    entry_id: str
    voice: Voice
    sensors: Mapping[str, str]

    @property
    def speaker(self) -> str:
        """The entity of the first voice."""
        return self.voice.speaker

    async def known_again(self, client: Client) -> Account:
        """Return the account with the sensors that it has now: other options bring others."""
        return replace(self, sensors=await _sensors(client, self.entry_id))


async def begin_account(client: Client, provider: str) -> Flow:
    """Return the form for the key of a provider."""
    flow = await client.add(DOMAIN)
    await flow.choose(provider)
    return flow


EXACT: Mapping[str, Any] = {"even_loudness": False}
"""Options with which audio is as loud as the service sends it."""


async def add_account(
    client: Client,
    provider: str,
    key: str,
    *,
    base_url: str | None = None,
    public_key: str | None = None,
    details: Mapping[str, str] | None = None,
    options: Mapping[str, Any] = EXACT,
    **voice: Any,
) -> Account:
    """Add an account; return it with the voice that came with it, or in its place with one of these answers.

    `public_key` is what Flow TTS renews a session with, where `key` is a whole session; `details` are what belongs to a
    key of several parts. Raises FlowError where a form
    refuses something, and where the account or the voice did not start.
    """
    flow = await begin_account(client, provider)
    address = {"connection": {"base_url": base_url}} if base_url else {}
    secrets = {"api_key": key, "session": key, "secret_key": key, "public_key": public_key or ""}
    await flow.finish(**secrets, **(details or {}), **address)
    entry_id: str = flow.result["entry_id"]
    first = await _first_voice(client, entry_id, flow, voice)
    account = Account(provider=provider, entry_id=entry_id, voice=first, sensors=await _sensors(client, entry_id))
    return await change_options(client, account, **options) if options else account


async def add_voice(client: Client, entry_id: str, **answers: Any) -> Voice:
    """Add one more voice to an account: what its form suggests but for these answers. Raises FlowError."""
    return await _finish_voice(client, entry_id, await client.add_to(entry_id, "voice"), answers)


async def change_options(client: Client, account: Account, **answers: Any) -> Account:
    """Answer the forms of an account's options; return the account with the sensors that it has then.

    Raises FlowError.
    """
    flow = await client.configure(account.entry_id)
    if flow.kind == "menu":  # beside the pronunciations of the whole house
        await flow.choose("account")
    await flow.finish(**answers)
    return await account.known_again(client)


async def _first_voice(client: Client, entry_id: str, flow: Flow, answers: Mapping[str, Any]) -> Voice:
    """Return the first voice of an account: the one that came with it, else what its form makes. Raises FlowError."""
    if flow.leads_on:
        return await _finish_voice(client, entry_id, await flow.following(), answers)
    if not answers:
        return await _started(client, entry_id, set())
    for subentry in await client.ask("config_entries/subentries/list", entry_id=entry_id):
        await client.ask("config_entries/subentries/delete", entry_id=entry_id, subentry_id=subentry["subentry_id"])
    return await add_voice(client, entry_id, **answers)


async def _finish_voice(client: Client, entry_id: str, flow: Flow, answers: Mapping[str, Any]) -> Voice:
    """Fill in the forms of a voice; return it as soon as it can speak. Raises FlowError."""
    others = await _speakers(client, entry_id)
    if flow.kind == "menu":  # where a voice can be cloned as well
        await flow.choose("pick")
    if "language" in answers:  # lists its voices, where what was suggested does not speak it
        await flow.answer(**{key: answers[key] for key in ("language", "voice", "model") if key in answers})
    await flow.finish(**answers)
    return await _started(client, entry_id, others)


async def _started(client: Client, entry_id: str, others: set[str]) -> Voice:
    """Return the voice that is not one of the others as soon as it can speak. Raises FlowError."""
    try:
        async with asyncio.timeout(_START_SECONDS):
            while not (new := await _speakers(client, entry_id) - others):
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise FlowError("the voice did not start") from None
    speaker = new.pop()
    return Voice(speaker=speaker, voice_id=await _voice_id(client, speaker))


async def _sensors(client: Client, entry_id: str) -> dict[str, str]:
    """Return what an account has of sensors and events, by their translation keys."""
    entities = await client.registered(platform=DOMAIN, config_entry_id=entry_id)
    return {entity["translation_key"]: entity["entity_id"] for entity in entities if entity["translation_key"]}


async def _voice_id(client: Client, speaker: str) -> str:
    """Return what the provider calls a voice; its device has it as the id of its model."""
    (entity,) = await client.registered(entity_id=speaker)
    devices = await client.ask("config/device_registry/list")
    return next(str(device["model_id"]) for device in devices if device["id"] == entity["device_id"])


async def _speakers(client: Client, entry_id: str) -> set[str]:
    """Return the voices of an account that are ready to speak."""
    entities = await client.registered(platform=DOMAIN, config_entry_id=entry_id)
    ids = [entity["entity_id"] for entity in entities if entity["entity_id"].startswith("tts.")]
    return {entity_id for entity_id in ids if await client.state(entity_id) is not None}
