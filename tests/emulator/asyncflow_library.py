"""AsyncFlow's voices over HTTP: list, read, change, delete, clone, preview (docs/dev/protocols.md A7, A8)."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from .asyncflow_errors import Problem
from .asyncflow_requests import CATALOGUE_LANGUAGES, as_object, invalid, invalid_language, read_json
from .asyncflow_settings import CloneForm
from .asyncflow_voices import CLONE_LANGUAGES, GENDERS
from .call import Answer, Call, Route, json_answer
from .forms import Part, parts
from .previews import Previews
from .recordings import AudioType, Recording, read_recording

if TYPE_CHECKING:
    from .asyncflow import AsyncFlow

_MAX_BYTES = 10_000_000
_LEAST_SPEECH = 3.0
_AUDIO_TYPES = (AudioType.WAV, AudioType.MP3, AudioType.FLAC, AudioType.AIFF)


class Library:
    """Answers for the catalogue of the service."""

    def __init__(self, service: AsyncFlow) -> None:
        """Answer for that service."""
        self._service = service
        self._previews = Previews(service, self._said)

    def routes(self) -> Iterable[Route]:
        """Return the endpoints; the sample of a voice, to which a signed address leads, needs no key."""
        telling = self._service.telling
        return (
            ("POST", "/voices", telling(self._list)),
            ("POST", "/voices/batch", telling(self._get_several)),
            ("POST", "/voices/clone", telling(self._clone)),
            ("GET", "/voices/preview/{voice_id}", telling(self._preview, versioned=False)),
            self._previews.route,
            ("GET", "/voices/{voice_id}", telling(self._get)),
            ("PUT", "/voices/{voice_id}", telling(self._update, versioned=False)),
            ("DELETE", "/voices/{voice_id}", telling(self._delete)),
        )

    async def _list(self, call: Call) -> Answer:
        filters = as_object(read_json(call) if call.body else {}, ())
        voices, cursor = self._service.voices.page(filters)
        last = None if self._service.behaviour.null_cursor else ""
        return json_answer({"voices": [voice.as_json() for voice in voices], "next_cursor": cursor or last})

    async def _get_several(self, call: Call) -> Answer:
        voice_ids = as_object(read_json(call), ()).get("voice_ids")
        return json_answer([voice.as_json() for voice in self._service.voices.some(voice_ids)])

    async def _get(self, call: Call) -> Answer:
        return json_answer(self._service.voices.get(call.match["voice_id"]).as_json())

    async def _update(self, call: Call) -> Answer:
        self._service.voices.update(call.match["voice_id"], as_object(read_json(call), ()))
        return Answer(status=204, content_type=None)

    async def _delete(self, call: Call) -> Answer:
        self._service.voices.delete(call.match["voice_id"])
        return Answer(status=204, content_type=None)

    # Cloning

    async def _clone(self, call: Call) -> Answer:
        behaviour, voices = self._service.behaviour, self._service.voices
        self._service.limits.count_request(behaviour.rate_limit)
        form = parts(call.headers.get("Content-Type", ""), call.body)
        strict = behaviour.clone_form is CloneForm.STRICT
        told = _told(form, strict=strict)
        audio = _audio(form)
        if behaviour.clone_limit is not None and voices.own >= behaviour.clone_limit:
            raise Problem(code="VOICE_CLONE_LIMIT_EXCEEDED")
        _check(await self._service.in_thread(lambda: _read(audio)))
        voice = voices.add(created=self._service.clock.now(), language="en" if strict else CLONE_LANGUAGES, **told)
        shown = {"id": voice.voice_id, "name": voice.name, "description": voice.description, "language": voice.language}
        return json_answer(shown)

    # Previews

    async def _preview(self, call: Call) -> Answer:
        voice_id = call.match["voice_id"]
        self._service.voices.check_preview(voice_id)
        seconds = self._service.behaviour.preview_seconds
        return json_answer({"signed_url": self._previews.address(voice_id, seconds)})

    def _said(self, voice_id: str) -> tuple[str, str] | None:
        """Return what the sample of a voice says."""
        if voice_id not in self._service.voices:
            return None
        voice = self._service.voices.get(voice_id)
        return f"{voice.name}.", voice.language.split(",", 1)[0]


def _told(form: Mapping[str, Part], *, strict: bool) -> dict[str, str]:
    """Return the fields of the form about the voice. Raises Problem for missing or invalid ones."""
    fields = {name: part.text for name, part in form.items() if name != "audio"}
    if not fields.get("name", "").strip():
        raise invalid("a text is required", "name")
    for name in ("language", "enhance") if strict else ():
        if name not in fields:
            raise invalid("field required", name)
    allowed = ("en",) if strict else CATALOGUE_LANGUAGES
    if (language := fields.get("language", "en")) not in allowed:
        raise invalid_language(language)
    if fields.get("enhance", "false") not in ("true", "false"):
        raise invalid("must be 'true' or 'false'", "enhance")
    if (gender := fields.get("gender", "Unspecified")) not in GENDERS:
        raise invalid("no such gender", "gender")
    return {
        "name": fields["name"],
        "description": fields.get("description", ""),
        "gender": gender,
        "accent": fields.get("accent", ""),
        "style": fields.get("style", ""),
    }


def _audio(form: Mapping[str, Part]) -> bytes:
    """Return the recording in a form. Raises Problem where there is none, or where it is too large."""
    part = form.get("audio")
    if part is None or part.filename is None:
        raise invalid("a file is required", "audio")
    if len(part.data) > _MAX_BYTES:
        raise Problem(code="FILE_TOO_LARGE")
    return part.data


def _read(audio: bytes) -> Recording:
    """Return what is in a recording; blocks. Raises Problem where it is none of the types that are taken."""
    try:
        recording = read_recording(audio)
    except ValueError:
        raise Problem(code="FORMAT_NOT_RECOGNIZED") from None
    if recording.audio_type not in _AUDIO_TYPES:
        raise Problem(code="FORMAT_NOT_RECOGNIZED")
    return recording


def _check(recording: Recording) -> None:
    """Raise Problem where a voice can't be made of it."""
    if not recording.clear:
        raise Problem(code="BAD_SPEECH_QUALITY")
    if recording.speech < _LEAST_SPEECH:
        raise Problem(code="SHORT_SPEECH_DURATION")
