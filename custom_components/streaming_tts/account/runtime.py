"""An account at run time: its provider and connections, what it used, what is left, and how it is."""

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
    """Return the audio that all accounts keep in memory, each by the id of its entry; a reload forgets none."""
    if (cache := hass.data.get(_AUDIO_CACHE)) is None:
        cache = hass.data[_AUDIO_CACHE] = AudioCache(hass.async_create_background_task)
        async_track_time_interval(hass, lambda _now: cache.expire(), _EXPIRY_INTERVAL, cancel_on_shutdown=True)
    return cache


async def async_create_account(hass: HomeAssistant, entry: StreamingTtsConfigEntry) -> Account:
    """Return the account of an entry with what is stored of it; nothing is asked of the network."""
    provider_type = PROVIDERS[entry.data[CONF_PROVIDER]]
    # A service that reports its quota renews it every day.
    storage = await async_get_storage(hass, entry, daily_quota=issubclass(provider_type, QuotaSource))
    return Account(hass, entry, provider_type=provider_type, storage=storage)


class AccountEvents(ProviderEvents):
    """What the provider of an account learns on the wire."""

    def __init__(self, account: Account, tokens: CredentialStore) -> None:
        """Tell an account, and the store of its credentials."""
        self.rate: RateLimit | None = None
        self._account = account
        self._tokens = tokens

    @property
    def rate_left(self) -> int | None:
        """Return how many requests the rate window still allows, None while nobody has told."""
        if self.rate is None:
            return None
        over = self.rate.resets_at is not None and self.rate.resets_at <= dt_util.utcnow()
        return self.rate.limit if over else self.rate.remaining

    @callback
    @override
    def quota_reported(self, quota: Quota) -> None:
        """Take what the service said is left."""
        self._account.ledger.quota.report(quota, dt_util.utcnow())
        self._account.ledger.async_changed()

    @callback
    @override
    def rate_reported(self, rate: RateLimit) -> None:
        """Take what the service said of its rate window; one that is used up is not asked for more."""
        self.rate = rate
        if rate.remaining == 0 and rate.resets_at is not None:
            self._account.engine.limiter.pause((rate.resets_at - dt_util.utcnow()).total_seconds())

    @override
    def renewing(self, held: Credentials) -> AbstractAsyncContextManager[Credentials]:
        """Hold the only right to renew the credentials, also among those who spoke for the account before a reload."""
        return self._tokens.renewing()

    @override
    async def credentials_renewed(self, credentials: Credentials) -> None:
        """Store renewed credentials."""
        await self._tokens.async_save(credentials)


class Account:
    """One key at one provider: it records what was used, and tells its entities when something has changed.

    Its parts are the ledger and what else is stored, the catalogue, the synthesis engine, the events of its provider,
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
        """Bind the account to its entry; `close` ends what it started."""
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
            # Outlives a reload, in the middle of which utterances speak on
            lambda work, name: hass.async_create_background_task(work, f"{entry.title} {name}"),
            cache=audio_cache(hass),
            owner=entry.entry_id,
            reserve=self._reserve,
            journal=lambda voice, charge: storage.journal.request(charge, self.cost(charge, voice.model)),
        )
        self.availability = Availability(entry.title)
        self.outdated = False
        """True if the service has answered last that it speaks another version of its protocol."""
        self._renewal_timer: CALLBACK_TYPE | None = None
        self._take_up_options()
        self._unsubscribe = self.ledger.async_add_listener(self._changed)
        self._unsubscribe_config = hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, self._moved)
        self._changed()

    @callback
    def async_configure(self) -> None:
        """Take up options and saved voices that were changed; what is being spoken is not interrupted."""
        self._take_up_options()
        self.async_reconsider_voices()
        self.ledger.async_changed()

    def _take_up_options(self) -> None:
        """Read the options; the defaults where a later release has stored what cannot be read."""
        try:
            self.options = AccountOptions.of(self.entry.options)
        except KeyError, TypeError, ValueError:
            LOGGER.warning("Could not read the options of %s, using the defaults", self.entry.title)
            self.options = AccountOptions()
        self.ledger.take_up_budget(self.options.budget, stops_at_limit=self.options.stop_at_limit)

    # What entities read

    @property
    def quota_state(self) -> QuotaState:
        """Return how it stands with the quota."""
        return self.ledger.quota.state(dt_util.utcnow())

    @property
    def budget(self) -> BudgetState:
        """Return how it stands with what the user allows the account to use."""
        budget = self.ledger.budget
        return BudgetState() if budget is None else budget.state(dt_util.now())

    @property
    def backoff_reason(self) -> str | None:
        """Return why the account is asked last, where somebody else can speak; None if it is not.

        That is a failure, or a quota or budget that is used up.
        """
        if self.quota_state.closed_until is not None:
            return Failure.QUOTA
        return BUDGET if self.budget.closed else self.availability.backoff_reason(dt_util.utcnow())

    def has_last_point(self, voice: Voice) -> bool:
        """Return True if what is left is enough for one request of a voice and no more."""
        points, quota = self.provider.price(voice, "").points, self.quota_state.quota
        if not points or quota is None or quota.remaining is None:
            return False
        return points <= quota.remaining < 2 * points

    # What speech asks

    def refusal(self, *, alone: bool) -> ProviderError | None:
        """Return why no request may be made now, None where it may; `alone` tells that nobody could take over."""
        if self.budget.closed:
            return ProviderError(Failure.QUOTA, code=BUDGET)
        if not alone and self.quota_state.closed_until is not None:
            return ProviderError(Failure.QUOTA)
        return None

    def _reserve(self, voice: Voice, charge: Charge) -> AbstractContextManager[None]:
        """Set aside what a request will probably use: requests at the same time must not overspend together."""
        if (tracker := self.ledger.budget) is None:
            return nullcontext()
        return tracker.reserve(tracker.budget.used(charge, self.cost(charge, voice.model)))

    def cost(self, charge: Charge, model: str | None) -> float:
        """Return the money that a request costs: at the user's price, at the published one where there is none."""
        price = self.options.price
        if price is None:
            published = self.provider.published_price(model)
            price = 0.0 if published is None else published.amount
        unit = self.provider.billing_unit
        return charge.billed(unit) / PRICE_QUANTITIES[unit] * price

    # What speech tells

    @callback
    def record(self, usage: Usage) -> None:
        """Take one request that has ended: count it, reckon with its price, and see how the account is."""
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
        """Take a request beside speech that has ended, as `record` takes one of speech; `asked_at` is the loop's time.

        What the service refused to do says nothing about the account.
        """
        now = dt_util.utcnow()
        started = now - timedelta(seconds=max(0.0, self.hass.loop.time() - asked_at))
        self.ledger.count(charge, self.cost(charge, None), started, None if error is None else error.failure)
        if error is not None and not isinstance(error, ServiceRejection):
            self._take_failure(error, now)
        self.ledger.async_changed()

    @callback
    def note_failure(self, error: ProviderError) -> None:
        """Take a failure that was no recorded request: of a connection, or of a look-up."""
        self._take_failure(error, dt_util.utcnow())
        self.ledger.async_changed()

    async def close(self) -> None:
        """Close all connections that wait, and stop the clock; what still speaks is recorded all the same."""
        self._unsubscribe()
        self._unsubscribe_config()
        if self._renewal_timer is not None:
            self._renewal_timer()
            self._renewal_timer = None
        await self.engine.close()

    def _take_failure(self, error: ProviderError, now: datetime) -> None:
        """See what a failure means for the account."""
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
        """Keep that the service refuses a saved voice, or the model that it is saved with."""
        retired = error.code == MODEL_RETIRED or voice.model in self.provider.retired_models
        if (voice.voice_id, voice.model) in self._saved_voices():
            self.storage.async_refuse((voice.voice_id, voice.model), retired=retired)

    @callback
    def async_reconsider_voices(self) -> None:
        """Compare the saved voices with the newest catalogue: which it has dropped, and which it has again.

        A voice that was never in a catalogue was typed in by the user, who will know why.
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
        """Return the id and the model of each saved voice."""
        return {(each.data[CONF_VOICE], each.data[CONF_MODEL]) for each in self.entry.subentries.values()}

    @callback
    def take_proof(self, asked_at: datetime) -> None:
        """See that the credentials are good, though they were refused before: nobody has to replace them."""
        if self.availability.end_backoff(asked_at, Failure.AUTH):
            self.ledger.async_changed()
        if self.availability.backoff_reason(dt_util.utcnow()) is Failure.AUTH:
            return
        for flow in tuple(self.entry.async_get_active_flows(self.hass, {SOURCE_REAUTH})):
            self.hass.config_entries.flow.async_abort(flow["flow_id"])

    @callback
    def _changed(self) -> None:
        """Come back at the moment at which the quota, the budget or the rate window is renewed."""
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
        """Take note that the quota has been renewed."""
        self._renewal_timer = None
        self.ledger.async_changed()

    @callback
    def _moved(self, event: Event) -> None:
        """Adapt to another time zone of Home Assistant: an allowance is renewed at another time."""
        if "time_zone" in event.data:
            self.ledger.async_changed()
