"""Add an account through its forms."""

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
    """A saved voice: its entity and its voice ID."""

    speaker: str
    voice_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """An account and its first voice; `sensors` are entity IDs by translation key."""

    provider: str
    entry_id: str
    voice: Voice
    sensors: Mapping[str, str]

    @property
    def speaker(self) -> str:
        """The entity of the first voice."""
        return self.voice.speaker

    async def known_again(self, client: Client) -> Account:
        """Return the account with its current sensors, which depend on its options."""
        return replace(self, sensors=await _sensors(client, self.entry_id))


async def begin_account(client: Client, provider: str) -> Flow:
    """Return the credentials form of a provider."""
    flow = await client.add(DOMAIN)
    await flow.choose(provider)
    return flow


EXACT: Mapping[str, Any] = {"even_loudness": False}
"""Options that keep the loudness of the service."""


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
    """Add an account; return it with the default voice, or with a voice that has these answers.

    `public_key` is for renewing a session of Flow TTS, where `key` is a whole session. `details` are the other
    credentials of a key with several parts. Raises FlowError if a form rejects something, or if the account or the
    voice doesn't start.
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
    """Add a voice to an account, with these answers and suggested values. Raises FlowError."""
    return await _finish_voice(client, entry_id, await client.add_to(entry_id, "voice"), answers)


async def change_options(client: Client, account: Account, **answers: Any) -> Account:
    """Answer the options forms of an account; return the account with its new sensors.

    Raises FlowError.
    """
    flow = await client.configure(account.entry_id)
    if flow.kind == "menu":  # The menu also has the shared pronunciations
        await flow.choose("account")
    await flow.finish(**answers)
    return await account.known_again(client)


async def _first_voice(client: Client, entry_id: str, flow: Flow, answers: Mapping[str, Any]) -> Voice:
    """Return the default voice of an account, or a voice with these answers. Raises FlowError."""
    if flow.leads_on:
        return await _finish_voice(client, entry_id, await flow.following(), answers)
    if not answers:
        return await _started(client, entry_id, set())
    for subentry in await client.ask("config_entries/subentries/list", entry_id=entry_id):
        await client.ask("config_entries/subentries/delete", entry_id=entry_id, subentry_id=subentry["subentry_id"])
    return await add_voice(client, entry_id, **answers)


async def _finish_voice(client: Client, entry_id: str, flow: Flow, answers: Mapping[str, Any]) -> Voice:
    """Fill in the forms of a voice; return it once it's available. Raises FlowError."""
    others = await _speakers(client, entry_id)
    if flow.kind == "menu":  # Providers with cloning have a menu
        await flow.choose("pick")
    if "language" in answers:  # Lists the voices of another language
        await flow.answer(**{key: answers[key] for key in ("language", "voice", "model") if key in answers})
    await flow.finish(**answers)
    return await _started(client, entry_id, others)


async def _started(client: Client, entry_id: str, others: set[str]) -> Voice:
    """Return the voice that isn't one of the others, once it's available. Raises FlowError."""
    try:
        async with asyncio.timeout(_START_SECONDS):
            while not (new := await _speakers(client, entry_id) - others):
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise FlowError("the voice did not start") from None
    speaker = new.pop()
    return Voice(speaker=speaker, voice_id=await _voice_id(client, speaker))


async def _sensors(client: Client, entry_id: str) -> dict[str, str]:
    """Return the sensors and events of an account by translation key."""
    entities = await client.registered(platform=DOMAIN, config_entry_id=entry_id)
    return {entity["translation_key"]: entity["entity_id"] for entity in entities if entity["translation_key"]}


async def _voice_id(client: Client, speaker: str) -> str:
    """Return the voice ID, which is the model ID of the device."""
    (entity,) = await client.registered(entity_id=speaker)
    devices = await client.ask("config/device_registry/list")
    return next(str(device["model_id"]) for device in devices if device["id"] == entity["device_id"])


async def _speakers(client: Client, entry_id: str) -> set[str]:
    """Return the available voices of an account."""
    entities = await client.registered(platform=DOMAIN, config_entry_id=entry_id)
    ids = [entity["entity_id"] for entity in entities if entity["entity_id"].startswith("tts.")]
    return {entity_id for entity_id in ids if await client.state(entity_id) is not None}
