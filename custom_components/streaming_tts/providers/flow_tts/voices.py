"""Voices of a Flow TTS account: lists of the portal and of the backend, clones, and samples.

Sources: docs/dev/protocols.md C1 (page 003) and C2 (backend, `data/voices.json`, `/api/voice/list`).
"""

from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property, partial
from itertools import chain, islice
import re
from typing import Final, override

from ..capabilities import CloneSetting, Cloning, Previews, Reason, Recording, RecordingRules, VoiceDeletion
from ..provider import Provider
from ..transport.http import ErrorResponse
from ..transport.json_values import identifier, mapping, message, named, text, words
from ..types import Charge, Failure, Gender, Model, ProviderError, TextSetting, VoiceInfo
from ..uploads import check_recording, for_upload, known_id, sample_address
from ..wire_format import read_beside
from .client import Ask, FlowHttp, Work
from .errors import event_error

TAGS: dict[str, tuple[str, ...]] = {
    "zh": ("zh", "zh-CN", "zh-TW"),
    "en": ("en", "en-US", "en-GB"),
    "ja": ("ja", "ja-JP"),
    "ko": ("ko", "ko-KR"),
    "yue": ("yue", "zh-HK"),
}
"""BCP 47 tags by the service's languages; any other language is its own tag."""
LANGUAGES = tuple(tag for tags in TAGS.values() for tag in tags)
"""The languages of the portal page (docs/dev/protocols.md C1)."""
TURBO_LANGUAGES = (*LANGUAGES, "ms", "ar", "id", "th", "vi")
EX_LANGUAGES = (
    *LANGUAGES, "es", "pt", "fr", "id", "de", "ru", "it", "ar", "tr", "uk", "nl", "vi", "th", "pl", "ro", "el", "cs",
    "fi", "hi",
)  # fmt: skip
"""The languages of the library of August 2026 (docs/dev/protocols.md C2)."""

DEFAULT_VOICES: Final[dict[str, str]] = read_beside(__file__, "default_voices.json")
"""Voices of the backend's library (docs/dev/protocols.md C2); the portal only names the Chinese one."""

MAX_LANGUAGES = 100
"""Maximum languages of a model or a voice."""

_CANTONESE_REGIONS = ("hk", "mo")
_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")


def wire_language(tag: str) -> str:
    """Return the service's language: `zh-HK` is `yue`; other regions are ignored."""
    primary, *rest = tag.lower().replace("_", "-").split("-")
    return "yue" if primary == "zh" and any(part in _CANTONESE_REGIONS for part in rest) else primary


def library_voices(content: Mapping[str, object], base_url: str, models: tuple[str, ...]) -> list[VoiceInfo]:
    """Return the library in a response of `GET /api/tts/voices`. Raises BROKEN if it isn't a list.

    Unknown models of an entry are ignored. An entry without models supports all of them.
    """
    return [
        VoiceInfo(
            voice_id=voice_id,
            name=_name(voice),
            languages=_languages(voice),
            models=_models(voice, models),
            gender=_gender(voice.get("gender")),
            description=words(voice.get("description")) or None,
            styles=tuple(word for key in ("style", "tone") if (word := words(voice.get(key)))),
            preview_url=sample_address(voice.get("previewUrl"), base_url),
        )
        for voice in _entries(content)
        if (voice_id := named(voice.get("id")))
    ]


def cloned_voices(content: Mapping[str, object], models: tuple[str, ...]) -> list[VoiceInfo]:
    """Return the account's own voices in a response of `GET /api/voice/list`. Raises BROKEN if it isn't a list."""
    return [
        VoiceInfo(
            voice_id=voice_id,
            name=words(voice.get("voice_name")) or words(voice.get("name")) or voice_id,
            models=_models(voice, models),
            description=words(voice.get("description")) or None,
            own=True,
        )
        for voice in _entries(content)
        if (voice_id := named(voice.get("voice_id") or voice.get("voiceId")))
    ]


def told_models(
    content: Mapping[str, object], voices: Iterable[VoiceInfo], models: tuple[Model, ...]
) -> tuple[Model, ...]:
    """Return the models of a deployment, with the languages of its library in addition to the documented ones.

    They are the models of its voices, or all if there are none. `languageMaps` has the languages of each model;
    `languageMap` has those of the whole library, which count if the voices have no models.
    """
    spoken: dict[str, list[str]] = {}
    for voice in voices:
        for model_id in voice.models:
            spoken.setdefault(model_id, []).extend(voice.languages)
    maps = mapping(content.get("languageMaps"))
    whole = () if spoken else _tags(mapping(content.get("languageMap")))
    return tuple(
        replace(model, languages=_joined(model.languages, spoken.get(model.model_id, ()), more, whole))
        for model in models
        if not spoken or model.model_id in spoken
        for more in [_tags(mapping(maps.get(model.model_id)))]
    )


def new_voice(content: Mapping[str, object], name: str) -> VoiceInfo:
    """Return the voice in the response to a clone.

    Below `data` (docs/dev/protocols.md C1), or next to `code` with its row (docs/dev/protocols.md C2). Raises BROKEN if
    there is none.
    """
    data = mapping(content.get("data"))
    row = mapping(content.get("clonedVoice"))
    candidates = (data.get("voiceId"), content.get("voiceId"), row.get("voice_id"))
    if not (voice_id := next(filter(None, map(named, candidates)), "")):
        raise ProviderError(Failure.BROKEN, code="voice")
    return VoiceInfo(voice_id=voice_id, name=name, description=words(row.get("description")) or None, own=True)


def _entries(content: Mapping[str, object]) -> list[Mapping[str, object]]:
    """Return the voices in a response; entries without an ID are skipped later."""
    voices = content.get("voices", mapping(content.get("data")).get("voices"))
    if not isinstance(voices, list):
        raise ProviderError(Failure.BROKEN, code="voices")
    return [mapping(voice) for voice in voices]


def _name(voice: Mapping[str, object]) -> str:
    """Return a voice's name, with its English name if it differs."""
    name, english = words(voice.get("name")), words(voice.get("nameEn"))
    if name and english and name != english:
        return f"{name} ({english})"
    return name or english or named(voice.get("id"))


def _gender(value: object) -> Gender | None:
    """Return a gender in any case."""
    word = text(value).lower()
    return Gender(word) if word in Gender else None


def _models(voice: Mapping[str, object], known: tuple[str, ...]) -> tuple[str, ...]:
    """Return the known models of a voice.

    `models` lists them all, `model` is the first one (docs/dev/protocols.md C2).
    """
    listed = voice.get("models")
    reported = [voice.get("model"), *(listed if isinstance(listed, list) else [])]
    return tuple(model for model in known if model in reported)


def _languages(voice: Mapping[str, object]) -> tuple[str, ...]:
    """Return the tags of a voice's languages: the reported one first, with the others of its family."""
    supported = voice.get("supportedLanguages")
    return _tags([voice.get("language"), *(supported if isinstance(supported, list) else [])])


def _tags(listed: Iterable[object]) -> tuple[str, ...]:
    """Return the tags of languages, each with the others of its family.

    Invalid tags are skipped.
    """
    tags: dict[str, None] = {}
    for tag in islice(listed, MAX_LANGUAGES):
        if not isinstance(tag, str) or _TAG.fullmatch(tag) is None:
            continue
        family = TAGS.get(wire_language(tag), (tag,))
        tags |= dict.fromkeys(known for known in family if known.lower() == tag.lower())
        tags |= dict.fromkeys(family)
    return tuple(tags)


def _joined(*languages: Iterable[str]) -> tuple[str, ...]:
    """Return the distinct languages of several sources."""
    return tuple(dict.fromkeys(chain.from_iterable(languages)))[:MAX_LANGUAGES]


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
    """The voices of a Flow TTS account."""

    recording_rules = PORTAL_RECORDING
    clone_settings: tuple[CloneSetting, ...] = (_DESCRIPTION,)

    _is_backend = False
    """Whether the deployment is known to be the backend, from its list of clones."""

    @cached_property
    def http(self) -> FlowHttp:
        """Return the client of the account."""
        return FlowHttp(self)

    @override
    async def voices(self) -> list[VoiceInfo]:
        """Return the library and, if this deployment lists them, the account's cloned voices."""
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
        """Clone a recording, which is charged even if it fails; the response has the quota."""
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
            content = await answer.json()
            self.http.hear(content)
            if (error := event_error(content)) is not None:
                raise error
            if content.get("code") not in (None, "success"):
                raise ProviderError(Failure.BROKEN, code=identifier(content.get("code")))
            return new_voice(content, recording.name)

    @override
    async def delete_voice(self, voice_id: str) -> None:
        """Delete an own voice, if this deployment supports it (docs/dev/protocols.md C2).

        Raises `ServiceRejection` NOT_OFFERED otherwise.
        """
        path = f"{_VOICE_PATH}{known_id(voice_id)}"
        async with self.http.ask(
            Ask(method="DELETE", path=path, timeouts=self.timeouts, declined=_deletion_declined)
        ) as answer:
            await answer.read()

    @override
    def has_sample(self, voice: VoiceInfo) -> bool:
        """Return True if the library has a sample; the portal has none (docs/dev/protocols.md C1)."""
        return voice.preview_url is not None

    @override
    async def preview_url(self, voice: VoiceInfo) -> str | None:
        """Return the URL in the library."""
        return sample_address(voice.preview_url, self.base_url)


def _clone_body(recording: Recording, *, is_backend: bool) -> dict[str, object]:
    """Return the body of a clone request.

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
    """Return the problem with a recording or a clone request.

    Too few points for a clone don't mean that the quota is used up, because they may be enough for speech.
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
    """Return the reason why a voice can't be deleted.

    A deployment without the route responds like one without the voice (docs/dev/protocols.md C2).
    """
    if refusal.status not in (404, 405):
        return None
    content = mapping(refusal.content)
    is_named = identifier(content.get("code")) == "not_found" and not _UNKNOWN_ROUTE.match(
        message(content.get("message"))
    )
    return Reason.NOT_FOUND if is_named and refusal.status == 404 else Reason.NOT_OFFERED
