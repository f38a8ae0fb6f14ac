"""The voices that users of the Flow service have cloned.

Made, listed, deleted, lent to speech (docs/dev/protocols.md C1, C2).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
import secrets
from uuid import NAMESPACE_URL, uuid5

from . import flow_answers as answers
from .call import Answer, Call, Route, json_answer
from .flow_accounts import Accounts
from .flow_auth import User
from .flow_bodies import read_object
from .flow_events import new_request_id
from .flow_recordings import CloneRequest, check_before_charging, read_backend_clone, read_portal_clone
from .flow_requests import EngineError, Refused
from .flow_settings import Contract, FlowBehaviour
from .flow_voices import LibraryVoice
from .service import Service


@dataclass(frozen=True, kw_only=True, slots=True)
class Clone:
    """A voice that was cloned; `listed` ends when it is deleted, or never begins where the backend forgets it."""

    voice_id: str
    asked: CloneRequest
    created: datetime
    listed: bool

    @property
    def name(self) -> str:
        """What it is called: a name that is made up where none was given."""
        return self.asked.name or f"Voice {self.voice_id[-4:]}"

    def row(self, user: User) -> dict[str, object]:
        """Return it as the backend keeps it."""
        return {
            "id": str(uuid5(NAMESPACE_URL, f"clone:{self.voice_id}")),
            "user_id": user.user_id,
            "voice_id": self.voice_id,
            "voice_name": self.name,
            "model": self.asked.model,
            "description": self.asked.description,
            "audio_duration": round(self.asked.duration, 2),
            "created_at": self.created.isoformat(),
        }

    def as_voice(self) -> LibraryVoice:
        """Return it as speech needs it; it says whatever language is asked for."""
        return LibraryVoice(
            voice_id=self.voice_id,
            name=self.name,
            name_en=self.name,
            tag="en-US",
            language="en",
            gender="female",
            description=self.asked.description or "",
            tone="",
            style="",
            scenarios=(),
        )


class Clones:
    """Answers for cloned voices; each belongs to the user who cloned it."""

    def __init__(self, service: Service[FlowBehaviour], accounts: Accounts) -> None:
        """Go by the behaviour and the clock of the service."""
        self._service = service
        self._accounts = accounts
        self.restart()

    def restart(self) -> None:
        """Forget them all."""
        self._clones: defaultdict[str, dict[str, Clone]] = defaultdict(dict)

    def routes(self) -> Iterable[Route]:
        """Return the endpoints; the portal has the first alone."""
        return (
            ("POST", answers.CLONE, self._accounts.limited(self._clone)),
            ("GET", answers.OWN_VOICES, self._list),
            ("DELETE", "/api/voice/{voice_id}", self._delete),
        )

    def voices(self, user: User) -> Mapping[str, LibraryVoice]:
        """Return what a user can speak with: the engine knows also those that the backend has deleted."""
        return {voice_id: clone.as_voice() for voice_id, clone in self._clones[user.user_id].items()}

    async def _clone(self, call: Call) -> Answer:
        body, user = read_object(call, self._behaviour.max_body), self._accounts.user(call)
        if self._behaviour.current:
            check_before_charging(body, self._behaviour)
        quota, headers = self._accounts.charge(user, self._behaviour.prices.clone)
        portal = self._behaviour.contract is Contract.PORTAL
        read = read_portal_clone if portal else read_backend_clone
        try:
            clone = self._kept(user, await self._service.in_thread(lambda: read(body, self._behaviour)))
        except Refused as refused:
            raise self._accounts.refusal(refused, quota, headers) from refused
        except EngineError as error:
            code = "internal_error" if portal else "voice_clone_failed"
            raise self._accounts.refusal(Refused(500, code, str(error)), quota, headers) from error
        if portal:
            return answers.portal_clone(clone.voice_id, clone.name, clone.asked.duration, clone.created, quota)
        row = clone.row(user) if clone.listed else None
        return replace(answers.backend_clone(clone.voice_id, row, quota, new_request_id()), headers=headers)

    def _kept(self, user: User, asked: CloneRequest) -> Clone:
        """Make a voice and keep it. Raises Refused for an id that is taken, EngineError where there are too many."""
        clones, limit = self._clones[user.user_id], self._behaviour.clone_limit
        if limit is not None and len(clones) >= limit:
            raise EngineError("LimitExceeded.VoiceCloneMaxNumLimit", "No more voices can be cloned")
        voice_id = asked.voice_id or f"clone-{secrets.token_hex(5)}"
        if voice_id in clones:
            raise Refused(400, "invalid_request", "voiceId exists already")
        clones[voice_id] = Clone(
            voice_id=voice_id, asked=asked, created=self._service.clock.now(), listed=self._behaviour.clones_listed
        )
        return clones[voice_id]

    async def _list(self, call: Call) -> Answer:
        if self._behaviour.contract is Contract.PORTAL:
            return self._service.not_found(call)
        user = self._accounts.user(call)
        listed = [clone.row(user) for clone in self._clones[user.user_id].values() if clone.listed]
        return json_answer({"code": "success", "voices": listed})

    async def _delete(self, call: Call) -> Answer:
        if self._behaviour.contract is Contract.PORTAL:
            return self._service.not_found(call)
        clones, voice_id = self._clones[self._accounts.user(call).user_id], call.match["voice_id"]
        clone = clones.get(voice_id)
        if clone is None or not clone.listed:
            raise answers.refusal(404, "not_found", "Voice not found")
        clones[voice_id] = replace(clone, listed=False)
        return json_answer({"code": "success", "message": "Voice deleted successfully"})

    @property
    def _behaviour(self) -> FlowBehaviour:
        return self._service.behaviour
