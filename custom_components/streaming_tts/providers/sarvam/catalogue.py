"""Voices of a Sarvam account: stock speakers and cloned voices, which are a beta (docs/dev/protocols.md B7, B8)."""

from collections.abc import Iterable
from typing import override

from ..capabilities import CloneSetting, Cloning, Previews, Recording, RecordingRules, VoiceDeletion, VoiceLookup
from ..transport import http as wire, json_values as values
from ..transport.http import ResponseTimeouts
from ..types import ChoiceSetting, Failure, Gender, ProviderError, VoiceInfo
from ..uploads import check_recording, for_upload, known_id, recording_form, sample_address
from . import voices as speakers
from .client import SarvamAccount
from .errors import is_not_offered, voice_refused
from .models import CLONED, CLONED_LANGUAGES, V3, V4_FLASH, wire_language

PAGE_SIZE = 200
MAX_PAGES = 50
"""How many pages of cloned voices are read, however long the service goes on."""
MAX_NAME_CHARACTERS = 100

_LANGUAGE = ChoiceSetting(key="language", choices=CLONED_LANGUAGES, default="en-IN")
_GENDER = ChoiceSetting(key="gender", choices=(Gender.FEMALE.value, Gender.MALE.value), default="")
_STYLE = ChoiceSetting(key="style", choices=("conversational", "audiobooks", "entertainment", "sales"), default="")
_GENDERS = {gender.value: gender for gender in Gender}


class SarvamCatalogue(SarvamAccount, Cloning, VoiceDeletion, VoiceLookup, Previews):
    """What an account at Sarvam has for voices."""

    recording_rules: RecordingRules = RecordingRules(
        least_seconds=3.0, advised_seconds=5.0, most_bytes=50 * 1000 * 1000, file_types=frozenset({"wav", "mp3"})
    )
    """50 MB is all that is documented: the lengths are our own, as a voice is in no less."""
    clone_settings: tuple[CloneSetting, ...] = (_LANGUAGE, _STYLE, _GENDER)

    @override
    async def voices(self) -> list[VoiceInfo]:
        """Return the cloned voices, and the fixed lists.

        There is no endpoint that lists the stock speakers (docs/dev/protocols.md B7).
        """
        return [*await self._clones(), *_stock()]

    @override
    async def voice(self, voice_id: str) -> VoiceInfo:
        """Return a stock speaker from the list, or ask for a cloned voice; raises `Refused` NOT_FOUND."""
        if (speaker := next((voice for voice in _stock() if voice.voice_id == voice_id), None)) is not None:
            return speaker
        if (voice := _clone(await self._detail(voice_id))) is None:
            raise ProviderError(Failure.BROKEN, code="voice")
        return voice

    @override
    async def clone(self, recording: Recording) -> VoiceInfo:
        """Make a voice of a recording; the service writes down itself what is said in it."""
        check_recording(recording, self.recording_rules)
        name = recording.name[:MAX_NAME_CHARACTERS]
        fields = {"name": name, "language": wire_language(str(recording.settings.get("language") or _LANGUAGE.default))}
        fields |= {
            setting.key: str(recording.settings[setting.key])
            for setting in (_STYLE, _GENDER)
            if recording.settings.get(setting.key)
        }
        patience = ResponseTimeouts(for_upload(self.timeouts, len(recording.audio)))
        form = recording_form("file", recording, fields)
        async with self.exchange("POST", "/voices/create", patience, form=form, means=voice_refused) as response:
            answer = await wire.read_json(response, patience)
        if not (voice_id := values.named(values.mapping(answer.get("data")).get("voice_id"))):
            raise ProviderError(Failure.BROKEN, code="voice")
        return VoiceInfo(
            voice_id=voice_id,
            name=name,
            models=(CLONED,),
            gender=_GENDERS.get(fields.get("gender", "")),
            styles=tuple(filter(None, [fields.get("style")])),
            own=True,
        )

    @override
    async def delete_voice(self, voice_id: str) -> None:
        """Delete a cloned voice; raises `Refused` NOT_FOUND."""
        patience = ResponseTimeouts(self.timeouts)
        path = f"/voices/delete/{known_id(voice_id)}"
        async with self.exchange("DELETE", path, patience, means=voice_refused) as response:
            await wire.read(response, patience, limit=wire.MAX_JSON_BYTES)

    @override
    def has_sample(self, voice: VoiceInfo) -> bool:
        """Tell that only cloned voices have samples."""
        return voice.own

    @override
    async def preview_url(self, voice: VoiceInfo) -> str | None:
        """Ask for a signed address, which lives only for a short time; older clones may have none."""
        if not voice.own:
            return None
        told = values.mapping(await self._detail(voice.voice_id)).get("preview_audio_url")
        return sample_address(told, self.base_url)

    async def _detail(self, voice_id: str) -> object:
        """Return what the service says of one cloned voice; the SDK shows more of it than B7."""
        patience = ResponseTimeouts(self.timeouts)
        async with self.exchange("GET", f"/voices/{known_id(voice_id)}", patience, means=voice_refused) as response:
            answer = await wire.read_json(response, patience)
        return answer.get("data")

    async def _clones(self) -> list[VoiceInfo]:
        """Return all pages of the cloned voices; none where the account or the deployment does not have the beta."""
        found: dict[str, VoiceInfo] = {}
        for page in range(MAX_PAGES):
            try:
                entries = await self._page(page * PAGE_SIZE)
            except ProviderError as error:
                if is_not_offered(error):
                    break
                raise
            before = len(found)
            found |= {voice.voice_id: voice for voice in map(_clone, entries) if voice}
            if len(entries) < PAGE_SIZE or len(found) == before:
                break
        return list(found.values())

    async def _page(self, offset: int) -> list[object]:
        """Return a page of the cloned voices."""
        patience = ResponseTimeouts(self.timeouts)
        params = {"limit": str(PAGE_SIZE), "offset": str(offset)}
        async with self.exchange("GET", "/voices", patience, params=params, means=voice_refused) as response:
            answer = await wire.read_json(response, patience)
        entries = values.mapping(answer.get("data")).get("voices")
        if not isinstance(entries, list):
            raise ProviderError(Failure.BROKEN, code="voices")
        return entries[:PAGE_SIZE]


def _clone(entry: object) -> VoiceInfo | None:
    """Return a cloned voice, which speaks all languages whatever it was recorded in; None for one that is gone."""
    voice = values.mapping(entry)
    voice_id = values.named(voice.get("id")) or values.named(voice.get("voice_id"))
    if not voice_id or voice.get("status") == "deleted":
        return None
    style = values.words(voice.get("descriptor")) or values.words(voice.get("style"))
    return VoiceInfo(
        voice_id=voice_id,
        name=values.words(voice.get("name")) or voice_id,
        models=(CLONED,),
        gender=_GENDERS.get(values.text(voice.get("gender")).lower()),
        accent=values.words(voice.get("accent")) or None,
        styles=tuple(filter(None, [style])),
        own=True,
    )


def _stock() -> list[VoiceInfo]:
    """Return the speakers of the service."""
    return [
        *_speakers(speakers.V3_FEMALE, Gender.FEMALE),
        *_speakers(speakers.V3_MALE, Gender.MALE),
        *map(_persona, speakers.PERSONAS),
    ]


def _speakers(names: Iterable[str], gender: Gender) -> list[VoiceInfo]:
    """Return speakers of v3, each of whom speaks all languages (docs/dev/protocols.md B8)."""
    return [VoiceInfo(voice_id=name, name=name.title(), models=(V3,), gender=gender) for name in names]


def _persona(voice_id: str) -> VoiceInfo:
    """Return a speaker of v4-flash, whose id says name, language and style."""
    name, language, style = voice_id.split("_", 2)
    languages = tuple(f"{language[at : at + 2]}-IN" for at in range(0, len(language), 2))
    mixed = ("English and Hindi mixed",) if len(languages) > 1 else ()
    return VoiceInfo(
        voice_id=voice_id,
        name=name.title(),
        languages=languages,
        models=(V4_FLASH,),
        styles=(style.replace("_", " "), *mixed),
    )
