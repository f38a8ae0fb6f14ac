"""The voices of an account at Tencent Cloud: the published library, and cloning (docs/dev/protocols.md E4, E8).

Clones are listed by no action, and deleted by none: the account that makes them remembers them.
"""

from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
import re
from typing import override

import aiohttp

from ..capabilities import CloneSetting, Cloning, Reason, Recording, RecordingRules, ServiceRejection, VoiceDeletion
from ..provider import ProviderEvents
from ..transport.json_values import named
from ..types import ChoiceSetting, Credentials, Failure, Model, ProviderError, TextSetting, Timeouts, VoiceInfo
from ..uploads import check_recording, for_upload
from .client import Action, TencentAccount, site_of
from .errors import clone_error
from .models import SITES, SiteKey
from .voices import library

WAV_RATE = 16000
MAX_NAME_CHARACTERS = 36
MAX_TRANSCRIPT_CHARACTERS = 2000

_TRANSCRIPT = TextSetting(key="transcript", maximum=MAX_TRANSCRIPT_CHARACTERS)
_DEFAULT_NAME = "voice"
_ODD = re.compile(r"[^A-Za-z0-9]+")


def _clone_settings(models: tuple[Model, ...]) -> tuple[CloneSetting, ...]:
    """Return what is said in the recording, and the model that the voice is for where there are several."""
    ids = tuple(model.model_id for model in models)
    choice = ChoiceSetting(key="model", choices=ids, default=ids[0])
    return (_TRANSCRIPT, choice) if len(ids) > 1 else (_TRANSCRIPT,)


class TencentCatalogue(TencentAccount, Cloning, VoiceDeletion):
    """What an account at Tencent Cloud has for voices."""

    models = SITES[SiteKey.CHINA].models
    clone_settings = _clone_settings(models)
    recording_rules = RecordingRules(
        least_seconds=6.0,
        most_seconds=180.0,
        advised_seconds=10.0,
        most_bytes=7 * 1024 * 1024,
        wav_rate=WAV_RATE,
    )
    """A request has 10 MB at the most; 180 s at 16 kHz are 8 MB of base64."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        credentials: Credentials,
        *,
        base_url: str | None = None,
        observer: ProviderEvents | None = None,
        timeouts: Timeouts | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Offer what the account's site has."""
        super().__init__(session, credentials, base_url=base_url, observer=observer, timeouts=timeouts, now=now)
        self.models = site_of(credentials).models
        self.clone_settings = _clone_settings(self.models)

    @override
    async def voices(self) -> list[VoiceInfo]:
        """Return the library, which no service is asked for."""
        return library(self.models)

    @override
    async def clone(self, recording: Recording) -> VoiceInfo:
        """Make a voice of a recording, for one model."""
        check_recording(recording, self.recording_rules)
        model = str(recording.settings.get("model") or self.models[0].model_id)
        fields = {
            "VoiceName": _ODD.sub("_", recording.name).strip("_")[:MAX_NAME_CHARACTERS] or _DEFAULT_NAME,
            "PromptAudio": b64encode(recording.audio).decode(),
            "Model": model,
        }
        if transcript := recording.settings.get(_TRANSCRIPT.key):
            fields["PromptText"] = str(transcript)
        timeouts = for_upload(self.timeouts, len(fields["PromptAudio"]))
        try:
            async with self.ask(Action.CLONE, fields, timeouts) as answer:
                voice_id = named((answer.content or {}).get("VoiceId"))
        except ProviderError as error:
            raise clone_error(error) from None
        if not voice_id:
            raise ProviderError(Failure.BROKEN, code="voice")
        return VoiceInfo(voice_id=voice_id, name=recording.name, models=(model,), own=True)

    @override
    async def delete_voice(self, voice_id: str) -> None:
        """Raise `ServiceRejection` NOT_OFFERED: no action deletes a voice."""
        raise ServiceRejection(Reason.NOT_OFFERED)
