"""An account at run time: its provider and connections, what it used, what is left, and how it is."""

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from .. import issues
from ..const import CONF_BASE_URL, CONF_MODEL, CONF_PROVIDER, CONF_VOICE, LOGGER, OPTION_DICTIONARY
from ..coordinator import CatalogueCoordinator
from ..lexicon.dictionary_changes import dictionary_changes
from ..playback.spoken import SIGNAL_SPOKEN, UtteranceResult
from ..providers import PROVIDERS
from ..providers.capabilities import Dictionaries, ServiceRejection
from ..providers.types import (
    MODEL_RETIRED,
    Charge,
    Credentials,
    Failure,
    Provider,
    ProviderError,
    Quota,
    QuotaSource,
    RateLimit,
    SettingValue,
    Voice,
)
from ..speech.audio_cache import MAX_CACHE_BYTES
from ..speech.engine import SynthesisEngine
from ..speech.synthesizer import Usage
from ..voices.settings import PostProcessing, default_options, resolve_finish, resolve_voice
from .allowance import BUDGET, Allowance
from .availability import Backoff
from .clones import Clones, async_get_clones
from .credentials import CredentialStore, async_get_credential_store
from .health import Health, RecentRequest
from .ledger import Ledger, async_get_ledger
from .options import AccountOptions

type StreamingTtsConfigEntry = ConfigEntry[Account]


async def async_create_account(hass: HomeAssistant, entry: StreamingTtsConfigEntry) -> Account:
    """Return the account of an entry with what is stored of it; nothing is asked of the network."""
    provider_type = PROVIDERS[entry.data[CONF_PROVIDER]]
    tokens = async_get_credential_store(hass, entry.entry_id, entry.data)
    # Whoever tells its quota renews it every day.
    ledger = await async_get_ledger(hass, entry.entry_id, daily_quota=issubclass(provider_type, QuotaSource))
    return Account(
        hass,
        entry,
        provider_type=provider_type,
        credentials=await tokens.async_load(),
        tokens=tokens,
        ledger=ledger,
        clones=await async_get_clones(hass, entry.entry_id),
    )


class Account:
    """One key at one provider. It observes the wire, records what was used, and tells its entities when it changed."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: StreamingTtsConfigEntry,
        *,
        provider_type: type[Provider],
        credentials: Credentials,
        tokens: CredentialStore,
        ledger: Ledger,
        clones: Clones,
    ) -> None:
        """Bind the account to its entry; `close` ends what it started."""
        self.hass = hass
        self.entry = entry
        self.provider = provider_type(
            async_get_clientsession(hass),
            credentials,
            base_url=entry.data.get(CONF_BASE_URL),
            observer=self,
            now=dt_util.utcnow,
        )
        self.clones = clones
        self.catalogue = CatalogueCoordinator(hass, entry, self.provider, clones, self.note_failure)
        self.options = AccountOptions.of(entry.options)
        self.engine = SynthesisEngine(
            self.provider,
            self,
            self._spawn,
            cache_bytes=MAX_CACHE_BYTES if self.options.keep_sound else 0,
        )
        self.health = Health()
        self.rest = Backoff()
        self.rate: RateLimit | None = None
        self.allowance = Allowance(ledger, self.options.budget, self.options.when_used_up)
        self._ledger = ledger
        self._tokens = tokens
        self._listeners: dict[int, CALLBACK_TYPE] = {}
        self._renewal_timer: CALLBACK_TYPE | None = None
        self._unsubscribe = ledger.async_add_listener(self._changed)
        self._schedule_renewal()

    # What entities read

    @property
    def charged(self) -> Charge:
        """Return what the account was charged in all, as counted here."""
        return self._ledger.charged

    @property
    def failures(self) -> Mapping[Failure, int]:
        """Return how many requests failed, by kind."""
        return self._ledger.failures

    @property
    def quota(self) -> Quota | None:
        """Return what is left, or None while nobody has told."""
        return self._ledger.quota.quota(dt_util.utcnow())

    @property
    def quota_exhausted(self) -> bool | None:
        """Tell whether nothing is left, or None while nobody knows."""
        return self._ledger.quota.exhausted(dt_util.utcnow())

    @property
    def rate_left(self) -> int | None:
        """Return how many requests the rate window still allows, None while nobody has told."""
        if self.rate is None:
            return None
        over = self.rate.resets_at is not None and self.rate.resets_at <= dt_util.utcnow()
        return self.rate.limit if over else self.rate.remaining

    @property
    def resting(self) -> bool:
        """Tell whether the account is left alone where somebody else can speak."""
        return self.rest_reason is not None

    @property
    def rest_reason(self) -> str | None:
        """Return why the account is left alone: a failure, a quota or budget that is used up; None if it is not."""
        now = dt_util.utcnow()
        if self._ledger.quota.closed_until(now) is not None:
            return Failure.QUOTA
        if self.allowance.closes(alone=False):
            return BUDGET
        return self.rest.reason if self.rest.resting(now) else None

    def has_last_point(self, voice: Voice) -> bool:
        """Tell whether what is left is enough for one request of a voice and no more."""
        points = self.provider.price(voice, "").points
        if not points or self.quota is None or self.quota.remaining is None:
            return False
        return points <= self.quota.remaining < 2 * points

    @callback
    def async_add_listener(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call a listener whenever something has changed; returns how to stop that."""
        handle = max(self._listeners, default=0) + 1
        self._listeners[handle] = listener
        return lambda: self._listeners.pop(handle, None) and None

    # What speech asks

    def voice(
        self, subentry: ConfigSubentry, *, language: str | None = None, options: Mapping[str, Any] | None = None
    ) -> Voice:
        """Return the voice for one utterance; raises a translated `ServiceValidationError`, see `resolve_voice`."""
        return resolve_voice(self.provider, subentry.data, language=language, options=options or {})

    def finish(self, subentry: ConfigSubentry, options: Mapping[str, Any] | None = None) -> PostProcessing:
        """Return what is to be done to text and sound here; raises a translated `ServiceValidationError`."""
        return resolve_finish(subentry.data, options or {})

    def default_options(self, subentry: ConfigSubentry) -> dict[str, SettingValue]:
        """Return all that changes the sound of a saved voice, by option: also what its dictionary says by now."""
        options = default_options(self.provider, subentry.data)
        by_dictionary = isinstance(self.provider, Dictionaries) and self.provider.dictionary_setting.key in options
        if by_dictionary and (changed := dictionary_changes(self.hass).newest) is not None:
            options[OPTION_DICTIONARY] = changed
        return options

    def refusal(self, *, alone: bool) -> ProviderError | None:
        """Return why no request may be made now, None where it may; `alone` tells that nobody could take over."""
        if self.allowance.closes(alone=alone):
            return ProviderError(Failure.QUOTA, code=BUDGET)
        if not alone and self._ledger.quota.closed_until(dt_util.utcnow()) is not None:
            return ProviderError(Failure.QUOTA)
        return None

    # What speech tells

    def speaking(self) -> AbstractContextManager[None]:
        """Return what is held while an utterance is spoken: entities are told once, at its end."""
        return self._ledger.speaking()

    @callback
    def spoken(self, subentry: ConfigSubentry, spoken: UtteranceResult) -> None:
        """Tell what an utterance of a voice came to."""
        async_dispatcher_send(self.hass, SIGNAL_SPOKEN.format(subentry.subentry_id), spoken)

    @callback
    def record(self, usage: Usage) -> None:
        """Take one request that has ended: count it, reckon with its price, and see how the account is."""
        now = dt_util.utcnow()
        started = self._spend(usage.charge, usage.voice.model, usage.asked_at, now)
        self.health.requests.append(
            RecentRequest(
                at=now,
                request_id=usage.request_id,
                transport=usage.transport,
                failure=usage.failure,
                code=None if usage.error is None else usage.error.code,
            )
        )
        if usage.first_byte is not None:
            self.health.answered(usage.first_byte)
        if usage.error is not None and usage.superseded:
            self.health.failed(usage.error, now)
        elif usage.error is not None:
            self._take_failure(usage.error, now)
            if usage.error.failure is Failure.VOICE:
                self._take_refused_voice(usage.error, usage.voice)
        elif usage.first_byte is not None:
            self._take_success(started, now)
            for subentry in self._saved_as(usage.voice):
                issues.delete_voice_gone(self.hass, subentry)
                if usage.voice.model not in self.provider.retired_models:
                    issues.delete_model_retired(self.hass, subentry)
        self._ledger.async_count(usage.charge, usage.failure)

    @callback
    def record_beside(self, charge: Charge, asked_at: float, error: ProviderError | None = None) -> None:
        """Take a request beside speech that has ended, as `record` takes one of speech; `asked_at` is the loop's time.

        What the service refused to do says nothing about the account.
        """
        now = dt_util.utcnow()
        self._spend(charge, None, asked_at, now)
        if error is not None and not isinstance(error, ServiceRejection):
            self._take_failure(error, now)
        self._ledger.async_count(charge, None if error is None else error.failure)

    @callback
    def note_failure(self, error: ProviderError) -> None:
        """Take a failure that was no recorded request: of a connection, or of a look-up."""
        self._take_failure(error, dt_util.utcnow())
        self._ledger.async_changed()

    # What the wire tells (`Observer`)

    @callback
    def quota_reported(self, quota: Quota) -> None:
        """Take what the service said is left."""
        self._ledger.quota.report(quota, dt_util.utcnow())
        self._ledger.async_changed()

    @callback
    def rate_reported(self, rate: RateLimit) -> None:
        """Take what the service said of its rate window; one that is used up is not asked for more."""
        self.rate = rate
        if rate.remaining == 0 and rate.resets_at is not None:
            self.engine.pause((rate.resets_at - dt_util.utcnow()).total_seconds())

    def renewing(self, held: Credentials) -> AbstractAsyncContextManager[Credentials]:
        """Hold the only right to renew the credentials, also among those who spoke for the account before a reload."""
        return self._tokens.renewing()

    async def credentials_renewed(self, credentials: Credentials) -> None:
        """Store renewed credentials."""
        await self._tokens.async_save(credentials)

    async def close(self) -> None:
        """Close all connections that wait, and stop the clock; what still speaks is recorded all the same."""
        self._unsubscribe()
        self._cancel_renewal()
        self._listeners.clear()
        await self.engine.close()

    def _spend(self, charge: Charge, model: str | None, asked_at: float, now: datetime) -> datetime:
        """Reckon with the price of a request; returns when it was made."""
        started = now - timedelta(seconds=max(0.0, self.hass.loop.time() - asked_at))
        self._ledger.quota.spend(charge.points, started, now)
        self.allowance.spend(charge, model)
        return started

    def _take_failure(self, error: ProviderError, now: datetime) -> None:
        """See what a failure means for the account."""
        self.health.failed(error, now)
        match error.failure:
            case Failure.AUTH:
                self.entry.async_start_reauth(self.hass)
            case Failure.QUOTA:
                if not self.quota_exhausted:
                    LOGGER.warning("The quota of %s is used up", self.entry.title)
                self._ledger.quota.refuse(error.quota, now)
                self.allowance.refused()
            case Failure.OUTDATED:
                issues.create_outdated(self.hass, self.entry)
        self.rest.failed(error, self._ledger.quota.renewal(now), now)

    def _take_refused_voice(self, error: ProviderError, voice: Voice) -> None:
        """Let the user replace a voice that the service refuses, or the model that it is saved with."""
        retired = error.code == MODEL_RETIRED or voice.model in self.provider.retired_models
        create = issues.create_model_retired if retired else issues.create_voice_gone
        for subentry in self._saved_as(voice):
            create(self.hass, self.entry, subentry)

    def _take_success(self, started: datetime, now: datetime) -> None:
        """See what a request that was spoken means for the account."""
        self.health.succeeded(now)
        self.rest.succeeded(started)
        self._ledger.quota.accept(started, now)
        if not self.quota_exhausted:
            self.allowance.accepted()

    def _saved_as(self, voice: Voice) -> list[ConfigSubentry]:
        """Return where a voice is saved with its model."""
        return [
            subentry
            for subentry in self.entry.subentries.values()
            if (subentry.data[CONF_VOICE], subentry.data[CONF_MODEL]) == (voice.voice_id, voice.model)
        ]

    @callback
    def _changed(self) -> None:
        """Tell everyone, and come back when the quota is renewed."""
        self._schedule_renewal()
        for listener in tuple(self._listeners.values()):
            listener()

    def _schedule_renewal(self) -> None:
        """Have the entities updated at the moment at which the quota, the budget or the rate window is renewed."""
        self._cancel_renewal()
        now = dt_util.utcnow()
        rate_reset = None if self.rate is None else self.rate.resets_at
        renewals = (self._ledger.quota.renewal(now), self.allowance.renewal, rate_reset)
        if coming := [renewal for renewal in renewals if renewal is not None and renewal > now]:
            self._renewal_timer = async_track_point_in_utc_time(self.hass, self._renewed, min(coming))

    def _cancel_renewal(self) -> None:
        """Wait for no renewal of the quota."""
        if self._renewal_timer is not None:
            self._renewal_timer()
            self._renewal_timer = None

    @callback
    def _renewed(self, _now: datetime) -> None:
        """Take note that the quota has been renewed."""
        self._renewal_timer = None
        self._ledger.async_changed()

    def _spawn(self, work: Coroutine[None, None, None], name: str) -> asyncio.Task[None]:
        """Start a task that an utterance needs; it outlives a reload, in the middle of which utterances speak on."""
        return self.hass.async_create_background_task(work, f"{self.entry.title} {name}")
