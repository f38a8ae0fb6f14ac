"""The steps for cloning a voice: request a recording, check it, and send it, with progress."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, override

import probatio as vol

from homeassistant.config_entries import ConfigEntryState, ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import CONF_LANGUAGE, CONF_NAME
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow, section
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.selector import BooleanSelector, FileSelector, FileSelectorConfig, TextSelector

from ..account.runtime import Account, StreamingTtsConfigEntry
from ..cloning.file_types import SUFFIXES
from ..cloning.recordings import CloneError, PreparedRecording
from ..cloning.session import (
    CloneRequest,
    async_clone,
    async_prepare,
    async_take_upload,
    check_allowed,
    discard_uploads,
    points_left,
    read_wish,
)
from ..errors import literal
from ..providers.capabilities import CloneSetting, Cloning
from ..providers.types import ChoiceSetting, VoiceInfo
from ..voices.languages import match_language
from .forms import Answers, language_field, setting_fields

CONF_RECORDING: Final = "recording"
CONF_CONSENT: Final = "consent"
SECTION_DETAILS: Final = "details"

_ACCEPTED: Final = ",".join(["audio/*", *sorted(f".{suffix}" for suffix in SUFFIXES)])


class CloneFlow(ConfigSubentryFlow):
    """The part of a voice flow that clones a voice at a `Cloning` provider. It continues with a step `cloned`.

    A submitted upload is deleted when it is read, or at the end of the flow. A file that was selected but never
    submitted cannot be matched to a form; Home Assistant deletes it when it stops. A recording that was read is kept
    only in memory, until it was sent or the flow ends.
    """

    _cloned: VoiceInfo | None = None
    _wish: CloneRequest | None = None
    _work: asyncio.Task[str]
    _short: PreparedRecording | None = None
    _refusal: CloneError | None = None
    _answers: Answers | None = None
    _uploads: frozenset[str] = frozenset()

    @property
    def _account(self) -> Account:
        """Return the account of the voice. Abort the flow if the account is not loaded."""
        entry: StreamingTtsConfigEntry = self._get_entry()
        if entry.state is not ConfigEntryState.LOADED:
            raise AbortFlow("entry_not_loaded")
        return entry.runtime_data

    @property
    def _cloner(self) -> Cloning:
        """Return the account's provider, which supports cloning."""
        provider = self._account.provider
        assert isinstance(provider, Cloning)
        return provider

    async def async_step_clone(self, user_input: Answers | None = None) -> SubentryFlowResult:
        """Ask for the recording, name, consent, and the provider's settings."""
        if user_input is not None:
            self._answers = user_input
            self._uploads |= {user_input[CONF_RECORDING]}
            answers = {**user_input, **user_input.get(SECTION_DETAILS, {})}
            try:
                consent = user_input[CONF_CONSENT]
                self._wish = read_wish(self._cloner, user_input[CONF_NAME], answers, consent=consent)
                check_allowed(self._account, self._cloner)
            except CloneError as refusal:
                self._refusal = refusal
            except ServiceValidationError as invalid:
                self._refusal = CloneError(invalid.translation_key or "unknown", invalid.translation_placeholders)
            else:
                return await self._async_begin(self._async_check_and_send(user_input[CONF_RECORDING]))
        return self._show_clone_form()

    async def async_step_clone_for_points(self, user_input: Answers | None = None) -> SubentryFlowResult:
        """Ask for the same if cloning costs points of the quota."""
        return await self.async_step_clone(user_input)

    async def async_step_cloning(self, user_input: Answers | None = None) -> SubentryFlowResult:
        """Show the progress until the recording was checked and sent."""
        if not self._work.done():
            return self.async_show_progress(step_id="cloning", progress_action="cloning", progress_task=self._work)
        return self.async_show_progress_done(next_step_id=self._work.result())

    async def async_step_short(self, user_input: Answers | None = None) -> SubentryFlowResult:
        """Let the user decide about a recording shorter than the provider recommends."""
        assert self._short is not None
        return self.async_show_menu(
            step_id="short",
            menu_options=["send_short", "another"],
            description_placeholders={
                "seconds": f"{self._short.seconds:.1f}",
                "advised": f"{self._cloner.recording_rules.advised_seconds:g}",
            },
        )

    async def async_step_send_short(self, user_input: Answers | None = None) -> SubentryFlowResult:
        """Send the short recording."""
        assert self._short is not None
        recording, self._short = self._short, None
        return await self._async_begin(self._async_send(recording))

    async def async_step_another(self, user_input: Answers | None = None) -> SubentryFlowResult:
        """Ask for another recording."""
        self._short = None
        return self._show_clone_form()

    @callback
    @override
    def async_remove(self) -> None:
        """Delete the recording and its uploads."""
        self._short = None
        if self._uploads:
            self.hass.async_add_executor_job(discard_uploads, self.hass, self._uploads)

    def _show_clone_form(self) -> SubentryFlowResult:
        """Show the form, with the last answers and their error, if any."""
        refusal, self._refusal = self._refusal, None
        price = self._cloner.clone_price.points
        left = points_left(self._account)
        about_details = refusal is not None and refusal.key == "setting_too_long"
        errors = {}
        if refusal is not None:
            field = SECTION_DETAILS if about_details else CONF_RECORDING if refusal.about_recording else "base"
            errors[field] = refusal.key
        return self.async_show_form(
            step_id="clone_for_points" if price else "clone",
            data_schema=self.add_suggested_values_to_schema(
                clone_schema(self._cloner.clone_settings, details_open=about_details), self._suggested_answers()
            ),
            errors=errors,
            description_placeholders={
                "account": literal(self._account.entry.title),
                "points": str(price),
                "left": "?" if left is None else str(left),
                **(refusal.placeholders if refusal else {}),
            },
            last_step=False,
        )

    def _suggested_answers(self) -> dict[str, Any]:
        """Return the last answers, or the language of Home Assistant at first.

        A recording that was already read must be selected again.
        """
        answers = dict(self._answers or {})
        for setting in self._cloner.clone_settings if self._answers is None else ():
            if setting.key == CONF_LANGUAGE and isinstance(setting, ChoiceSetting):
                home = match_language(self.hass.config.language, setting.choices)
                answers |= {} if home is None else {CONF_LANGUAGE: home}
        if answers.get(CONF_RECORDING) not in self._uploads:
            answers.pop(CONF_RECORDING, None)
        return answers

    async def _async_begin(self, work: Coroutine[Any, Any, str]) -> SubentryFlowResult:
        """Run a task and show its progress. It returns the name of the next step, which is the form if it fails."""

        async def next_step() -> str:
            try:
                return await work
            except CloneError as refusal:
                self._refusal = refusal
                return "clone"

        self._work = self.hass.async_create_task(next_step(), "Clone a voice", eager_start=False)
        return await self.async_step_cloning()

    async def _async_check_and_send(self, file_id: str) -> str:
        """Read the uploaded recording, and send it if it is good enough. Return the next step.

        Raises `CloneError`.
        """
        try:
            with await async_take_upload(self.hass, file_id) as file:
                recording = await async_prepare(self._account, self._cloner, file)
        finally:
            self._uploads -= {file_id}
        if recording.short:
            self._short = recording
            return "short"
        return await self._async_send(recording)

    async def _async_send(self, recording: PreparedRecording) -> str:
        """Send a recording. Return the next step. Raises `CloneError`."""
        assert self._wish is not None
        self._cloned = await async_clone(self._account, self._cloner, recording, self._wish)
        return "cloned"


def clone_schema(settings: tuple[CloneSetting, ...], *, details_open: bool = False) -> vol.Schema:
    """Return the form for a clone. Settings other than the language are in a section, collapsed by default."""
    fields: dict[vol.Marker, Any] = {
        vol.Required(CONF_RECORDING): FileSelector(FileSelectorConfig(accept=_ACCEPTED)),
        vol.Required(CONF_NAME): TextSelector(),
    }
    details = []
    for setting in settings:
        if isinstance(setting, ChoiceSetting) and setting.key == CONF_LANGUAGE:
            marker = next(iter(setting_fields([setting])))
            fields[marker] = language_field(setting.choices)
        else:
            details.append(setting)
    if details:
        fields[vol.Required(SECTION_DETAILS)] = section(
            vol.Schema(setting_fields(details)), {"collapsed": not details_open}
        )
    fields[vol.Required(CONF_CONSENT, default=False)] = BooleanSelector()
    return vol.Schema(fields)
