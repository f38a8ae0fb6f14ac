"""The voices of an account at Flow TTS: the library, those it cloned, their samples (docs/dev/protocols.md C1, C2)."""

from base64 import b64encode
from functools import cached_property, partial
import re
from typing import override

from ..capabilities import CloneSetting, Cloning, Previews, Reason, Recording, RecordingRules, VoiceDeletion
from ..provider import Provider
from ..transport.http import MAX_JSON_BYTES, ErrorResponse, read, read_json
from ..transport.json_values import identifier, mapping, message
from ..types import Charge, Failure, ProviderError, TextSetting, VoiceInfo
from ..uploads import check_recording, for_upload, known_id, sample_address
from .client import Ask, FlowHttp
from .errors import event_error
from .prices import Work
from .voices import cloned_voices, library_voices, new_voice, told_models

OWN_VOICES_PATH = "/api/voice/list"
WAV_RATE = 16000

_VOICES_PATH = "/api/tts/voices?includeExtended=true"
_CLONE_PATH = "/api/voice/clone"
_VOICE_PATH = "/api/voice/"
_DESCRIPTION = TextSetting(key="description", maximum=200)
_DEFAULT_NAME = "voice"
_MAX_NAME = 36
_ODD = re.compile(r"[^A-Za-z0-9]+")
_UNKNOWN_ROUTE = re.compile(r"\s*(?:route|cannot)\b", re.IGNORECASE)
_TOO_MANY = re.compile(r"VoiceCloneMaxNumLimit", re.IGNORECASE)
_REASONS = {
    "missing_audio_data": Reason.NOT_AUDIO,
    "invalid_audio_path": Reason.NOT_AUDIO,
    "invalid_audio_format": Reason.NOT_AUDIO,
    "invalid_audio_size": Reason.TOO_LARGE,
    "payload_too_large": Reason.TOO_LARGE,
}


PORTAL_RECORDING = RecordingRules(
    least_seconds=4.0,
    most_seconds=12.0,
    advised_seconds=6.0,
    most_bytes=7 * 1000 * 1000,
    wav_rate=WAV_RATE,
)
"""The portal's rules (docs/dev/protocols.md C1), with at least 6 s as the backend requires: used while it is unknown
which of the two answers."""
BACKEND_RECORDING = RecordingRules(
    least_seconds=6.0,
    most_seconds=180.0,
    advised_seconds=10.0,
    most_bytes=3_200_000,
    wav_rate=WAV_RATE,
    file_types=frozenset({"wav", "mp3"}),
)
"""The rules of the open-sourced backend (docs/dev/protocols.md C2). Bodies are limited to 4.3 MB; base64 leaves three
quarters of that for audio.

Earlier versions of its engine required at least 10 s (docs/dev/protocols.md C4).
"""


class FlowCatalogue(Provider, Cloning, VoiceDeletion, Previews):
    """What an account at Flow TTS has for voices."""

    recording_rules = PORTAL_RECORDING
    clone_settings: tuple[CloneSetting, ...] = (_DESCRIPTION,)

    _is_backend = False
    """Whether the deployment is known to be the backend, by its list of clones."""

    @cached_property
    def http(self) -> FlowHttp:
        """Return what makes the requests of the account."""
        return FlowHttp(self)

    @override
    async def voices(self) -> list[VoiceInfo]:
        """Return the account's cloned voices, where this deployment lists them, and the library."""
        known = type(self).models
        ids = tuple(model.model_id for model in known)
        content = await self.http.open(_VOICES_PATH)
        library = library_voices(content, self.base_url, ids)
        own = await self.http.get(OWN_VOICES_PATH)
        self._is_backend = own is not None
        self.recording_rules = PORTAL_RECORDING if own is None else BACKEND_RECORDING
        self.models = told_models(content, library, known)
        return library if own is None else [*cloned_voices(own, ids), *library]

    @property
    @override
    def clone_price(self) -> Charge:
        """Return the learned price."""
        return self.http.prices.of(Work.CLONE)

    @override
    async def clone(self, recording: Recording) -> VoiceInfo:
        """Make a voice of a recording, which is charged also where it fails; the answer tells what is left."""
        check_recording(recording, self.recording_rules)
        body = _clone_body(recording, is_backend=self._is_backend)
        ask = Ask(
            method="POST",
            path=_CLONE_PATH,
            body=body,
            work=Work.CLONE,
            timeouts=for_upload(self.timeouts, sum(len(str(value)) for value in body.values())),
            declined=partial(_clone_declined, recording),
        )
        async with self.http.ask(ask) as answer:
            content = await read_json(answer.response, answer.patience)
            self.http.hear(content)
            if (error := event_error(content)) is not None:
                raise error
            if content.get("code") not in (None, "success"):
                raise ProviderError(Failure.BROKEN, code=identifier(content.get("code")))
            return new_voice(content, recording.name)

    @override
    async def delete_voice(self, voice_id: str) -> None:
        """Delete an own voice, where this deployment can (docs/dev/protocols.md C2).

        Raises `ServiceRejection` NOT_OFFERED where it cannot.
        """
        path = f"{_VOICE_PATH}{known_id(voice_id)}"
        async with self.http.ask(
            Ask(method="DELETE", path=path, timeouts=self.timeouts, declined=_deletion_declined)
        ) as answer:
            await read(answer.response, answer.patience, limit=MAX_JSON_BYTES)

    @override
    def has_sample(self, voice: VoiceInfo) -> bool:
        """Tell what the library tells; the portal's has no samples (docs/dev/protocols.md C1)."""
        return voice.preview_url is not None

    @override
    async def preview_url(self, voice: VoiceInfo) -> str | None:
        """Return the address that the library gives."""
        return sample_address(voice.preview_url, self.base_url)


def _clone_body(recording: Recording, *, is_backend: bool) -> dict[str, object]:
    """Return the body that makes a voice.

    It has the fields of the portal (docs/dev/protocols.md C1), of the backend (docs/dev/protocols.md C2), or of both
    while it is unknown which of the two answers; it then contains the recording twice. The backend passes the name to
    an engine that accepts only letters, digits, and underscores (docs/dev/protocols.md C4) and charges for refusals, so
    that other names go into the description.
    """
    audio = b64encode(recording.audio).decode()
    name = _ODD.sub("_", recording.name).strip("_")[:_MAX_NAME]
    of_portal: dict[str, object] = {} if is_backend else {"audio": audio, "name": recording.name}
    return {
        **of_portal,
        "audioData": audio,
        "voiceName": name or _DEFAULT_NAME,
        "audioDuration": round(recording.seconds, 3),
        "description": str(recording.settings.get(_DESCRIPTION.key) or recording.name),
    }


def _clone_declined(recording: Recording, refusal: ErrorResponse, error: ProviderError) -> Reason | None:
    """Return what is wrong with a recording, or with the wish to make a voice of it.

    Points that are too few for a voice are not used up: they are enough to speak.
    """
    content = mapping(refusal.content)
    code = identifier(content.get("code")) or ""
    if error.failure is Failure.QUOTA and error.quota is not None and error.quota.remaining:
        return Reason.TOO_FEW_POINTS
    if refusal.status in (404, 405):
        return Reason.NOT_OFFERED
    if _TOO_MANY.search(f"{code} {message(content.get('message'))}"):
        return Reason.CLONE_LIMIT
    if code == "invalid_audio_duration":
        return Reason.TOO_SHORT if recording.seconds < BACKEND_RECORDING.least_seconds else Reason.TOO_LONG
    return Reason.TOO_LARGE if refusal.status == 413 else _REASONS.get(code)


def _deletion_declined(refusal: ErrorResponse, _error: ProviderError) -> Reason | None:
    """Return why a voice cannot be deleted.

    A deployment without the route answers like one without the voice (docs/dev/protocols.md C2).
    """
    if refusal.status not in (404, 405):
        return None
    content = mapping(refusal.content)
    told = identifier(content.get("code")) == "not_found" and not _UNKNOWN_ROUTE.match(message(content.get("message")))
    return Reason.NOT_FOUND if told and refusal.status == 404 else Reason.NOT_OFFERED
