"""An account at run time: its provider and connections, usage, quota and budget, and availability."""

from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from typing import Final, override

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry
from homeassistant.const import CONF_MODEL, EVENT_CORE_CONFIG_UPDATE
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.event import async_track_point_in_utc_time, async_track_time_interval
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..const import BUDGET, CONF_BASE_URL, CONF_PROVIDER, CONF_VOICE, DOMAIN, LOGGER
from ..coordinator import CatalogueCoordinator
from ..providers import PROVIDERS
from ..providers.capabilities import ServiceRejection
from ..providers.provider import Provider, ProviderEvents, QuotaSource
from ..providers.types import (
    MODEL_RETIRED,
    PRICE_QUANTITIES,
    Charge,
    Credentials,
    Failure,
    ProviderError,
    Quota,
    RateLimit,
    Voice,
)
from ..speech.audio_cache import AudioCache
from ..speech.engine import SynthesisEngine
from ..speech.synthesizer import Usage
from .availability import Availability, RecentRequest
from .credentials import CredentialStore
from .options import AccountOptions
from .quota import BudgetState, QuotaState
from .storage import AccountStorage, VoiceKey, async_get_storage

type StreamingTtsConfigEntry = ConfigEntry[Account]

_AUDIO_CACHE: Final[HassKey[AudioCache]] = HassKey(f"{DOMAIN}_audio_cache")
_EXPIRY_INTERVAL: Final = timedelta(hours=1)


@callback
def audio_cache(hass: HomeAssistant) -> AudioCache:
    """Return the audio cache of all accounts, keyed by entry id. It is kept across reloads."""
    if (cache := hass.data.get(_AUDIO_CACHE)) is None:
        cache = hass.data[_AUDIO_CACHE] = AudioCache(hass.async_create_background_task)
        async_track_time_interval(hass, lambda _now: cache.expire(), _EXPIRY_INTERVAL, cancel_on_shutdown=True)
    return cache


async def async_create_account(hass: HomeAssistant, entry: StreamingTtsConfigEntry) -> Account:
    """Return the account of an entry with its stored state, without network requests."""
    provider_type = PROVIDERS[entry.data[CONF_PROVIDER]]
    # A service that reports its quota renews it every day.
    storage = await async_get_storage(hass, entry, daily_quota=issubclass(provider_type, QuotaSource))
    return Account(hass, entry, provider_type=provider_type, storage=storage)


class AccountEvents(ProviderEvents):
    """Handles what the provider of an account learns from responses."""

    def __init__(self, account: Account, tokens: CredentialStore) -> None:
        """Initialize with the account and the store of its credentials."""
        self.rate: RateLimit | None = None
        self._account = account
        self._tokens = tokens

    @property
    def rate_left(self) -> int | None:
        """Return how many requests the rate window still allows, None if not reported."""
        if self.rate is None:
            return None
        over = self.rate.resets_at is not None and self.rate.resets_at <= dt_util.utcnow()
        return self.rate.limit if over else self.rate.remaining

    @callback
    @override
    def quota_reported(self, quota: Quota) -> None:
        """Record the quota that the service reported."""
        self._account.ledger.quota.report(quota, dt_util.utcnow())
        self._account.ledger.async_changed()

    @callback
    @override
    def rate_reported(self, rate: RateLimit) -> None:
        """Record the rate window that the service reported, and pause requests while it is used up."""
        self.rate = rate
        if rate.remaining == 0 and rate.resets_at is not None:
            self._account.engine.limiter.pause((rate.resets_at - dt_util.utcnow()).total_seconds())

    @override
    def renewing(self, held: Credentials) -> AbstractAsyncContextManager[Credentials]:
        """Hold the lock for renewing the credentials, shared with requests from before a reload."""
        return self._tokens.renewing()

    @override
    async def credentials_renewed(self, credentials: Credentials) -> None:
        """Store renewed credentials."""
        await self._tokens.async_save(credentials)


class Account:
    """One set of credentials at one provider. Records usage and notifies its entities of changes.

    It consists of the stored state with the ledger, the catalogue, the synthesis engine, the events of its provider,
    and its availability.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: StreamingTtsConfigEntry,
        *,
        provider_type: type[Provider],
        storage: AccountStorage,
    ) -> None:
        """Initialize the account of an entry. `close` ends what this starts."""
        self.hass = hass
        self.entry = entry
        self.storage = storage
        self.ledger = storage.ledger
        tokens = storage.credentials(entry.data)
        self.events = AccountEvents(self, tokens)
        self.provider = provider_type(
            async_get_clientsession(hass),
            tokens.newest,
            base_url=entry.data.get(CONF_BASE_URL),
            observer=self.events,
            now=dt_util.utcnow,
        )
        self.clones = storage.clones
        self.catalogue = CatalogueCoordinator(self)
        self.engine = SynthesisEngine(
            self.provider,
            # Tasks outlive a reload, so utterances in progress continue
            lambda work, name: hass.async_create_background_task(work, f"{entry.title} {name}"),
            cache=audio_cache(hass),
            owner=entry.entry_id,
            reserve=self._reserve,
            journal=lambda voice, charge: storage.journal.request(charge, self.cost(charge, voice.model)),
        )
        self.availability = Availability(entry.title)
        self.outdated = False
        """True if the service's last response reported another version of its protocol."""
        self._renewal_timer: CALLBACK_TYPE | None = None
        self._take_up_options()
        self._unsubscribe = self.ledger.async_add_listener(self._changed)
        self._unsubscribe_config = hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, self._moved)
        self._changed()

    @callback
    def async_configure(self) -> None:
        """Apply changed options and saved voices, without interrupting speech in progress."""
        self._take_up_options()
        self.async_reconsider_voices()
        self.ledger.async_changed()

    def _take_up_options(self) -> None:
        """Read the options. Use the defaults if a later release stored unreadable ones."""
        try:
            self.options = AccountOptions.of(self.entry.options)
        except KeyError, TypeError, ValueError:
            LOGGER.warning("Could not read the options of %s, using the defaults", self.entry.title)
            self.options = AccountOptions()
        self.ledger.take_up_budget(self.options.budget, stops_at_limit=self.options.stop_at_limit)

    # Read by entities

    @property
    def quota_state(self) -> QuotaState:
        """Return the state of the quota."""
        return self.ledger.quota.state(dt_util.utcnow())

    @property
    def budget(self) -> BudgetState:
        """Return the state of the budget that the user configured."""
        budget = self.ledger.budget
        return BudgetState() if budget is None else budget.state(dt_util.now())

    @property
    def backoff_reason(self) -> str | None:
        """Return why fallbacks are preferred over the account, or None if they are not.

        The reason is a failure, or a quota or budget that is used up.
        """
        if self.quota_state.closed_until is not None:
            return Failure.QUOTA
        return BUDGET if self.budget.closed else self.availability.backoff_reason(dt_util.utcnow())

    def has_last_point(self, voice: Voice) -> bool:
        """Return True if the remaining quota suffices for exactly one request of a voice."""
        points, quota = self.provider.price(voice, "").points, self.quota_state.quota
        if not points or quota is None or quota.remaining is None:
            return False
        return points <= quota.remaining < 2 * points

    # Called before a request

    def refusal(self, *, alone: bool) -> ProviderError | None:
        """Return why no request may be sent now, or None.

        If `alone`, there is no fallback, and a used-up quota is retried.
        """
        if self.budget.closed:
            return ProviderError(Failure.QUOTA, code=BUDGET)
        if not alone and self.quota_state.closed_until is not None:
            return ProviderError(Failure.QUOTA)
        return None

    def _reserve(self, voice: Voice, charge: Charge) -> AbstractContextManager[None]:
        """Reserve the estimated usage of a request, so that concurrent requests do not overspend together."""
        if (tracker := self.ledger.budget) is None:
            return nullcontext()
        return tracker.reserve(tracker.budget.used(charge, self.cost(charge, voice.model)))

    def cost(self, charge: Charge, model: str | None) -> float:
        """Return the cost of a request in money, at the user's price or else the published one."""
        price = self.options.price
        if price is None:
            published = self.provider.published_price(model)
            price = 0.0 if published is None else published.amount
        unit = self.provider.billing_unit
        return charge.billed(unit) / PRICE_QUANTITIES[unit] * price

    # Called after a request

    @callback
    def record(self, usage: Usage) -> None:
        """Record an ended speech request: its charge, its price, and its effect on the availability."""
        now = dt_util.utcnow()
        started = now - timedelta(seconds=max(0.0, self.hass.loop.time() - usage.asked_at))
        self.ledger.count(usage.charge, self.cost(usage.charge, usage.voice.model), started, usage.failure)
        self.availability.requests.append(
            RecentRequest(
                at=now,
                request_id=usage.request_id,
                transport=usage.transport,
                failure=usage.failure,
                code=None if usage.error is None else usage.error.code,
            )
        )
        if usage.first_byte is not None:
            self.availability.first_bytes.append(usage.first_byte)
        if usage.error is not None and usage.superseded:
            self.availability.note_attempt(usage.error, now)
        elif usage.error is not None:
            self._take_failure(usage.error, now)
            if usage.error.failure is Failure.VOICE:
                self._take_refused_voice(usage.error, usage.voice)
        elif usage.first_byte is not None:
            self.outdated = False
            self.availability.note_success(started, now)
            self.take_proof(started)
            self.ledger.quota.accept(started, now)
            if self.ledger.budget is not None and not self.quota_state.exhausted:
                self.ledger.budget.accept(dt_util.now())
            if (spoken := (usage.voice.voice_id, usage.voice.model)) in self.storage.refused:
                self.storage.async_accept([spoken])
        self.ledger.async_changed()

    @callback
    def record_beside(self, charge: Charge, asked_at: float, error: ProviderError | None = None) -> None:
        """Record an ended request other than speech, like `record`. `asked_at` is in loop time.

        A request that the service rejects does not affect the availability of the account.
        """
        now = dt_util.utcnow()
        started = now - timedelta(seconds=max(0.0, self.hass.loop.time() - asked_at))
        self.ledger.count(charge, self.cost(charge, None), started, None if error is None else error.failure)
        if error is not None and not isinstance(error, ServiceRejection):
            self._take_failure(error, now)
        self.ledger.async_changed()

    @callback
    def note_failure(self, error: ProviderError) -> None:
        """Record a failure outside of a recorded request: of a connection, or of a lookup."""
        self._take_failure(error, dt_util.utcnow())
        self.ledger.async_changed()

    async def close(self) -> None:
        """Close idle connections, and cancel the timer. Utterances in progress are still recorded."""
        self._unsubscribe()
        self._unsubscribe_config()
        if self._renewal_timer is not None:
            self._renewal_timer()
            self._renewal_timer = None
        await self.engine.close()

    def _take_failure(self, error: ProviderError, now: datetime) -> None:
        """Update the state of the account after a failure."""
        match error.failure:
            case Failure.AUTH:
                if not self.storage.retired:
                    self.entry.async_start_reauth(self.hass)
                    self.catalogue.async_check_key_later()
            case Failure.QUOTA:
                self.ledger.quota.refuse(error.quota, now)
                if self.ledger.budget is not None:
                    self.ledger.budget.refuse(dt_util.now())
            case Failure.OUTDATED:
                self.outdated = True
        self.availability.note_failure(error, self.quota_state.renewal, now)

    def _take_refused_voice(self, error: ProviderError, voice: Voice) -> None:
        """Record that the service refuses a saved voice, or its model."""
        retired = error.code == MODEL_RETIRED or voice.model in self.provider.retired_models
        if (voice.voice_id, voice.model) in self._saved_voices():
            self.storage.async_refuse((voice.voice_id, voice.model), retired=retired)

    @callback
    def async_reconsider_voices(self) -> None:
        """Compare the saved voices with the newest catalogue, and mark those that disappeared or returned.

        A voice that was never in a catalogue was entered by the user, and stays unmarked.
        """
        offered = {voice.voice_id for voice in self.catalogue.data}
        saved = self._saved_voices()
        refused = self.storage.refused.items()
        self.storage.async_accept(
            [voice for voice, is_retired in refused if voice not in saved or (voice[0] in offered and not is_retired)]
        )
        for voice in saved:
            if voice[0] in self.catalogue.dropped:
                self.storage.async_refuse(voice, retired=False)

    def _saved_voices(self) -> set[VoiceKey]:
        """Return the id and model of each saved voice."""
        return {(each.data[CONF_VOICE], each.data[CONF_MODEL]) for each in self.entry.subentries.values()}

    @callback
    def take_proof(self, asked_at: datetime) -> None:
        """Record that the credentials are valid: end the backoff, and abort a pending reauthentication."""
        if self.availability.end_backoff(asked_at, Failure.AUTH):
            self.ledger.async_changed()
        if self.availability.backoff_reason(dt_util.utcnow()) is Failure.AUTH:
            return
        for flow in tuple(self.entry.async_get_active_flows(self.hass, {SOURCE_REAUTH})):
            self.hass.config_entries.flow.async_abort(flow["flow_id"])

    @callback
    def _changed(self) -> None:
        """Schedule an update for the next renewal of the quota, budget or rate window."""
        if self._renewal_timer is not None:
            self._renewal_timer()
            self._renewal_timer = None
        now = dt_util.utcnow()
        rate_reset = None if self.events.rate is None else self.events.rate.resets_at
        renewals = (self.quota_state.renewal, self.budget.renewal, rate_reset)
        if coming := [renewal for renewal in renewals if renewal is not None and renewal > now]:
            self._renewal_timer = async_track_point_in_utc_time(self.hass, self._renewed, min(coming))

    @callback
    def _renewed(self, _now: datetime) -> None:
        """Update the listeners after a renewal."""
        self._renewal_timer = None
        self.ledger.async_changed()

    @callback
    def _moved(self, event: Event) -> None:
        """Update after a change of Home Assistant's time zone, which moves the renewal of an allowance."""
        if "time_zone" in event.data:
            self.ledger.async_changed()
