"""A voice in Home Assistant with a fault: Anna speaks over a route, and Ben is her fallback voice."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
import hashlib
from pathlib import Path
import struct
from typing import Any
from unittest.mock import patch

from custom_components.streaming_tts.const import DOMAIN
from custom_components.streaming_tts.providers.provider import Provider
from custom_components.streaming_tts.providers.session import parse_session
from custom_components.streaming_tts.providers.types import Credentials, Failure, Transport
from custom_components.streaming_tts.speech.connection_pool import ConnectionPool
from homeassistant.components import tts
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from tests.accounts import KEY, VOICES, account, service_of, set_up, state_of
from tests.emulator.emulator import Emulator
from tests.emulator.faults import Fault
from tests.emulator.flow import PUBLIC_KEY, Flow
from tests.emulator.service import Service
from tests.emulator.tencent_settings import SECRET_KEY

from .cells import MIDDLE_BYTES, PIECES, WITHOUT_SOCKETS, Form, Route, Stage, Trouble
from .endings import Ending, Situation, Text
from .hearing import Note, Run, Score, duration, notes_of, runs
from .matrix import ROUTES
from .script import Script
from .steps import HOUR

STAND_INS = {"asyncflow": "sarvam", "sarvam": "asyncflow", "tencent": "asyncflow", "flow_tts": "asyncflow"}
RATE = 24000
ANNA, BEN = "tts.anna", "tts.ben"
A_DAY_LATER = 25 * 3600
"""Seconds after which all quotas have reset, and all backoffs have ended."""
QUIET = 70
"""Seconds after which no connection is kept for more text."""
_RESTING = frozenset({Failure.QUOTA, Failure.RATE, Failure.UNREACHABLE})
_A_SAMPLE = 1 / RATE


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """The result of an utterance: audio without its header, error, and seconds."""

    sound: bytes
    error: HomeAssistantError | None
    took: float


class Home:
    """The setup of a row; a `Place` for the steps of faults."""

    def __init__(self, hass: HomeAssistant, emulator: Emulator, situation: Situation, ben: str | None) -> None:
        """Set Home Assistant and Ben's ID in the registry."""
        self.hass = hass
        self.situation = situation
        self.route: Route = situation.route
        self.service = service_of(emulator, self.route.provider)
        self.credentials = Credentials(key=SECRET_KEY if self.route.provider == "tencent" else KEY)
        self._emulator = emulator
        self._ben = ben
        self._long = self.route.provider in WITHOUT_SOCKETS and self.route.transport is Transport.STREAM
        self._entry: ConfigEntry[Any] | None = None
        self._script = Script.number(0, long=False)

    # Used by steps

    @property
    def entry(self) -> ConfigEntry[Any]:
        """Return Anna's account."""
        assert self._entry is not None
        return self._entry

    @property
    def provider(self) -> Provider:
        """Return the provider of Anna's account."""
        provider: Provider = self.entry.runtime_data.provider
        return provider

    async def speak_before(self) -> None:
        """Let Anna speak another text of the same length in one request."""
        stream = self._stream()
        stream.async_set_message(self._script.other.first if self._goes_ahead else self._script.other.text)
        assert b"".join([chunk async for chunk in stream.async_stream_result()])

    def restore(self) -> None:
        """Reset the service to its state before the fault."""
        for service in self._services:
            service.reset()
        # If the backend reports its quota elsewhere, REST isn't used
        older = {"release": "june", "quota_headers": False} if self.route.transport is Transport.BODY else {}
        self.service.configure(**dict(self.route.behaviour), **older)
        self._say_in_pieces(self._script.first if self._goes_ahead else self._script.text)

    # Used by tests

    async def move_in(self, number: int) -> None:
        """Set up Anna's account again, with its own text."""
        self._script = Script.number(number, long=self._long)
        self.restore()
        data: dict[str, Any] = {}
        if isinstance(self.service, Flow):
            session = self.service.new_session()
            token = str(session["access_token"])
            auth_url = parse_session(token).auth_url
            data = {"api_key": token, "refresh_token": session["refresh_token"], "auth_url": auth_url}
            data["public_key"] = PUBLIC_KEY
            self.credentials = Credentials(key=token, refresh_token=session["refresh_token"])
        saved = {"fallback": self._ben} if self.situation.fallback else {}
        self._entry = await set_up(
            self.hass,
            account(self.route.provider, self._emulator, saved=saved, **data),
        )

    async def trouble(self, trouble: Trouble) -> Heard:
        """Let Anna speak with a fault."""
        if self._comes_later:
            return await self._trouble_later(trouble)
        if self.route.transport is Transport.BODY and trouble.stage is not Stage.IDLE:
            # REST is used after a stream has reported no quota
            await self.speak_before()
            await asyncio.sleep(QUIET)
        await trouble.before(self)
        self.service.requests.clear()
        self._prepare(trouble)
        stream = self._stream()
        if self.route.transport is Transport.WEBSOCKET:
            await asyncio.sleep(1)
        await trouble.connected(self)
        return await self.hear(stream, trouble)

    async def _trouble_later(self, trouble: Trouble) -> Heard:
        """Let Anna speak with a fault between her first and second request."""
        on_socket = self.route.form is Form.FRAMES
        if on_socket:
            self._prepare(trouble)
        stream = self._stream()
        if on_socket:
            await asyncio.sleep(1)

        async def come() -> None:
            self._say_in_pieces(self._script.sentences[-1])
            await trouble.before(self)
            if not on_socket:
                self._prepare(trouble)
            await trouble.connected(self)
            await trouble.sounding(self)

        return await self.hear(stream, meanwhile=come)

    async def hear(
        self,
        stream: tts.ResultStream | None = None,
        trouble: Trouble | None = None,
        meanwhile: Callable[[], Awaitable[None]] | None = None,
    ) -> Heard:
        """Let Anna speak the complete or streamed text; return the audio of a player.

        `meanwhile` is called when the first segments have been spoken.
        """
        began = self.hass.loop.time()
        stream = stream or self._stream()
        if self.situation.written:
            stream.async_set_message_stream(self._writing(meanwhile))
        else:
            stream.async_set_message(self._script.text)
        sound = bytearray()
        error = None
        try:
            async for chunk in stream.async_stream_result():
                if not sound and trouble is not None:
                    await trouble.sounding(self)
                sound += chunk
        except HomeAssistantError as raised:
            error = raised
        took = self.hass.loop.time() - began
        await self.hass.async_block_till_done()
        await asyncio.sleep(1)  # Home Assistant writes its file after the speech
        if sound:
            assert struct.unpack_from("<I", sound, 24) == (RATE,)
        return Heard(sound=bytes(sound[44:]), error=error, took=took)

    async def mend(self, trouble: Trouble) -> None:
        """Repair the fault; let all backoffs end, and reauthenticate if requested."""
        failures = self.failures
        await trouble.mend(self)
        self.restore()
        if failures & _RESTING:
            self._emulator.clock.advance(A_DAY_LATER if Failure.QUOTA in failures else HOUR + QUIET)
        if flows := self._reauth_flows():
            for flow in flows:
                self.hass.config_entries.flow.async_abort(flow)
            assert await self.hass.config_entries.async_reload(self.entry.entry_id)

    async def move_out(self) -> None:
        """Remove Anna's account and her cached audio."""
        for flow in self._reauth_flows():
            self.hass.config_entries.flow.async_abort(flow)
        await self.hass.config_entries.async_remove(self.entry.entry_id)
        await self.hass.services.async_call("tts", "clear_cache", blocking=True)
        await self.hass.async_block_till_done(wait_background_tasks=True)

    # Used by assertions

    def runs_of(self, heard: Heard) -> tuple[Run, ...] | None:
        """Return the parts of the text by voice, or None if they aren't the text in order."""
        names = [self.route.provider, STAND_INS[self.route.provider]]
        voices = [VOICES[name]["voice"] for name in names]
        notes: list[Note] = list(notes_of(heard.sound, frozenset(voices), RATE))
        return runs(notes, Score.of(self._script.sentences), voices)

    def ending_of(self, heard: Heard) -> Ending:
        """Return the ending of an utterance from its audio; for a cut off one, the event needs a reason."""
        if not any(heard.sound):
            return Ending.ERROR
        found = self.runs_of(heard)
        if found is None:
            return Ending.UNDETECTED
        if self.told[0] == "stopped":
            return Ending.STOPPED
        if found[-1].end < len(Score.of(self._script.sentences).letters):
            return Ending.UNDETECTED
        anna = VOICES[self.route.provider]["voice"]
        if len(found) == 1:
            return Ending.WHOLE if found[0].voice == anna else Ending.TAKEN_OVER
        return Ending.REPEATED if found[-1].voice == anna else Ending.CONTINUED

    @property
    def failures(self) -> set[Failure]:
        """Return the failures of Anna's requests."""
        return set(self.entry.runtime_data.ledger.failures)

    @property
    def asked_over(self) -> list[str]:
        """Return the paths of Anna's requests since the fault, oldest first."""
        paths = {route.path for route in ROUTES if route.provider == self.route.provider}
        return [request.endpoint for request in self.service.requests if request.endpoint in paths]

    @property
    def issues(self) -> set[str]:
        """Return the issues of Anna's account."""
        about = {self.entry.entry_id, *self.entry.subentries}
        issues = ir.async_get(self.hass).issues
        told = [issue_id.rpartition("_") for domain, issue_id in issues if domain == DOMAIN]
        return {name for name, _, subject in told if subject in about}

    @property
    def asks_to_sign_in(self) -> bool:
        """Return True if reauthentication is requested."""
        return bool(self._reauth_flows())

    @property
    def is_exhausted(self) -> str:
        """Return True if the binary sensor reports a used-up quota."""
        return state_of(self.hass, f"binary_sensor.{self.route.provider}_quota_exhausted").state

    @property
    def told(self) -> tuple[str, str | None, str | None]:
        """Return type, reason, and fallback of Anna's event."""
        attributes = state_of(self.hass, "event.anna_speech").attributes
        return attributes["event_type"], attributes["reason"], attributes["fallback"]

    @property
    def was_silent(self) -> bool:
        """Return True if silence was added for a waiting player."""
        return bool(state_of(self.hass, "event.anna_speech").attributes["silence_seconds"])

    def is_kept(self, folder: Path) -> bool:
        """Return True if Home Assistant has a file of the text for Anna's key."""
        digest = hashlib.sha1(self._script.text.encode(), usedforsecurity=False).hexdigest()
        names = [path.name for path in folder.iterdir()]
        return any(digest in name and ANNA in name and "disowned" not in name for name in names)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return the secrets."""
        return *self._script.sentences, *{key for key in (self.credentials.key, self.credentials.refresh_token) if key}

    @property
    def open_connections(self) -> int:
        """Return the number of connections to all services."""
        return sum(service.open_connections for service in self._services)

    # Helpers

    @property
    def _goes_ahead(self) -> bool:
        """Return True if the first request is sent before the text is complete."""
        return self.situation.written and self.route.goes_first

    @property
    def _services(self) -> tuple[Service[Any], ...]:
        return self._emulator.asyncflow, self._emulator.sarvam, self._emulator.tencent, self._emulator.flow

    def _stream(self) -> tts.ResultStream:
        # A socket that was opened in advance would be used instead of a route without one
        ahead = nullcontext() if self.route.transport is Transport.WEBSOCKET else patch.object(ConnectionPool, "hint")
        with ahead:
            return tts.async_create_stream(self.hass, engine=ANNA, options={tts.ATTR_PREFERRED_FORMAT: "wav"})

    async def _writing(self, meanwhile: Callable[[], Awaitable[None]] | None) -> AsyncGenerator[str]:
        """Yield the text: with a pause if its first segments are sent early, else without."""
        begin, pause = (len(self._script.first) + 4, 2.0) if self._goes_ahead else (4, 0.001)
        yield self._script.text[:begin]
        await asyncio.sleep(pause)
        if meanwhile is not None:
            await meanwhile()
        yield self._script.text[begin:]

    @property
    def _comes_later(self) -> bool:
        return self.situation.text is Text.SECOND_REQUEST

    def _say_in_pieces(self, text: str) -> None:
        """Let the service send its audio in the number of chunks that faults expect."""
        self.service.configure(chunk_duration=duration(text) / PIECES + _A_SAMPLE)

    def _prepare(self, trouble: Trouble) -> None:
        """Add the fault to the service."""
        for fault in trouble.faults:
            self.service.faults.add(self._struck(fault))

    def _struck(self, fault: Fault) -> Fault:
        """Return a fault for this row: for the right request, once or permanently."""
        if self.situation.lasts:
            fault = replace(fault, times=-1)
        if self._comes_later and self.route.form is Form.FRAMES and fault.after_frames is not None:
            return replace(fault, after_frames=fault.after_frames + PIECES + 1)
        if fault.after_bytes is None or fault.after_bytes < MIDDLE_BYTES:
            return fault
        size = duration(self._script.sentences[-1] if self._comes_later else self._script.text) * RATE * 2
        if self.route.form is Form.JSON:
            size *= 4 / 3
        middle = int(size / 2) // 2 * 2
        return replace(fault, after_bytes=fault.after_bytes - MIDDLE_BYTES + middle)

    def _reauth_flows(self) -> list[str]:
        flows = self.hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        return [flow["flow_id"] for flow in flows if flow["context"]["source"] == SOURCE_REAUTH]


async def ben_moves_in(hass: HomeAssistant, emulator: Emulator, situation: Situation) -> str:
    """Add Anna's fallback voice; return its ID in the registry."""
    await set_up(hass, account(STAND_INS[situation.route.provider], emulator, voices=("Ben",)))
    registered = er.async_get(hass).async_get(BEN)
    assert registered is not None
    return registered.id


async def all_move_out(hass: HomeAssistant) -> None:
    """Remove all accounts."""
    for entry in hass.config_entries.async_entries(DOMAIN):
        await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
