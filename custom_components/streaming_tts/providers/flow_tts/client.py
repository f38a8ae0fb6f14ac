"""Requests to Flow TTS for an account: with a valid token, with quota and charge from each response.

Prices are learned from responses (docs/dev/protocols.md C1, C2). The portal charges 1 point for speech, the backend of
August 2026 charges 100, and it's unknown in advance which of them answers. The backend reports the price with each
response (`X-Quota-Cost`). Otherwise, it's the difference of two reports, divided by the requests between them. Another
client of the same account makes the difference too large, never too small, so that the smaller of the last two counts.

Access tokens expire, and are renewed by GoTrue, Supabase's sign-in service (docs/dev/protocols.md C3). A refresh token
can be used once, and losing its successor signs the user out. Therefore, the successor is stored before it's used,
there is only one renewal at a time, and it isn't canceled with its caller.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from functools import partial

import aiohttp

from ..capabilities import Reason, ServiceRejection
from ..provider import Provider
from ..session import is_token, read_claims
from ..transport.http import TIMEOUT, Answer, ErrorResponse, exchange
from ..transport.json_values import header_secret, identifier, mapping
from ..transport.trace import RequestTrace
from ..types import AccountProblem, Charge, Credentials, Failure, ProviderError, Quota, Timeouts
from .errors import NOTHING, header_count, quota_in, quota_of_headers, quota_of_refusal, rate_of_headers, refusal_error

RENEW_AHEAD = timedelta(seconds=90)
"""How long before its expiry a token is renewed, but not before half of its life."""
ANSWER_SECONDS = 4.0
"""Timeout that leaves time to repeat the exchange while the service still repeats its response."""

_REFUSED = (400, 401, 403, 422)


class TokenLife(StrEnum):
    """How long an access token remains valid. ENDING should and can be renewed. EXPIRED may not be renewable."""

    VALID = "valid"
    ENDING = "ending"
    EXPIRED = "expired"


class TokenKeeper:
    """Keeps a provider's access token valid; `Provider.credentials` are always the newest stored ones."""

    def __init__(self, provider: Provider) -> None:
        """Set the provider."""
        self._provider = provider
        self._renewal: asyncio.Task[Credentials] | None = None
        self._fast = timedelta()
        self.renewed_last = False
        """Whether this object renewed the newest token. One that another object renewed may have expired since."""

    @property
    def renewable(self) -> bool:
        """Return True if the credentials can be renewed."""
        credentials = self._provider.credentials
        return credentials.refresh_token is not None and credentials.auth_url is not None

    @property
    def life(self) -> TokenLife:
        """Return how long the access token is still valid, by its claims and the clock of its issuer."""
        claims = read_claims(self._provider.credentials.key)
        if claims.expires_at is None:
            return TokenLife.VALID
        left = claims.expires_at - (self._provider.now() - self._fast)
        if left <= timedelta():
            return TokenLife.EXPIRED
        ahead = RENEW_AHEAD
        if claims.issued_at is not None:
            ahead = min(ahead, (claims.expires_at - claims.issued_at) / 2)
        return TokenLife.ENDING if left <= ahead and self.renewable else TokenLife.VALID

    async def current(self) -> Credentials:
        """Return valid credentials for a request; raises `ProviderError`.

        A token that is about to expire is renewed in the background, without a delay or an error for the caller; an
        expired one is renewed first.
        """
        credentials = self._provider.credentials
        life = self.life
        if life is TokenLife.EXPIRED:
            return await self.fresh()
        if life is TokenLife.ENDING:
            self._begin_renewal()
        return credentials

    async def fresh(self) -> Credentials:
        """Return credentials that stay valid for a while; raises `ProviderError`."""
        credentials = self._provider.credentials
        is_kept = self.life is TokenLife.VALID or not self.renewable
        return credentials if is_kept else await self.renew(credentials.key)

    async def renew(self, refused: str) -> Credentials:
        """Return credentials with another access token than the rejected one.

        Raises AUTH if the refresh token is invalid; UNREACHABLE, SERVER, RATE, or BROKEN if that is unknown, and the
        old tokens are kept.
        """
        if self._provider.credentials.key != refused:
            return self._provider.credentials
        # Only waited for, because the successor of the refresh token has to arrive even if the caller is canceled;
        # `asyncio.shield` would report an unawaited failure as an error of Home Assistant.
        renewal = self._begin_renewal()
        await asyncio.wait({renewal})
        return renewal.result()

    def _begin_renewal(self) -> asyncio.Task[Credentials]:
        """Return the current renewal, or start one."""
        if self._renewal is None:
            self._renewal = asyncio.create_task(self._renew(), name="Renew an access token")
            self._renewal.add_done_callback(self._renewed)
        return self._renewal

    async def _renew(self) -> Credentials:
        """Exchange the refresh token, and store the result before it's used."""
        provider = self._provider
        async with provider.observer.renewing(provider.credentials) as newest:
            if newest != provider.credentials:
                # An object of the account from before a reload, which is still in use, has renewed them first.
                provider.credentials = newest
                self.renewed_last = False
                if self.life is TokenLife.VALID or not self.renewable:
                    return newest
            try:
                renewed = await _refresh_again(provider.session, newest, provider.timeouts)
            except ProviderError as error:
                if error.failure is Failure.AUTH and provider.credentials != newest:
                    return provider.credentials  # The user has entered new ones meanwhile.
                raise
            try:
                await provider.observer.credentials_renewed(renewed)
            finally:
                # Also if storing failed: the old refresh token is used up in any case.
                provider.credentials = renewed
                self.renewed_last = True
                self._compare_clocks()
            return renewed

    def _compare_clocks(self) -> None:
        """Note how far the local clock is ahead, from a new token that seems to be expired.

        Otherwise, each request would renew the token.
        """
        self._fast = timedelta()
        issued_at = read_claims(self._provider.credentials.key).issued_at
        if self.life is not TokenLife.VALID and issued_at is not None:
            self._fast = self._provider.now() - issued_at

    def _renewed(self, renewal: asyncio.Task[Credentials]) -> None:
        """Allow the next renewal; a failure is raised for its callers, if there are any."""
        self._renewal = None
        if not renewal.cancelled():
            renewal.exception()


async def _refresh_again(session: aiohttp.ClientSession, credentials: Credentials, timeouts: Timeouts) -> Credentials:
    """Exchange a refresh token, and return the result. The request is repeated once without a valid response.

    The exchange may have succeeded and only the response been lost. The service repeats it for about 10 s
    (docs/dev/protocols.md C3).
    """
    timeouts = replace(timeouts, first_byte=min(timeouts.first_byte, ANSWER_SECONDS))
    try:
        return await refresh(session, credentials, timeouts)
    except ProviderError as error:
        if error.failure not in (Failure.UNREACHABLE, Failure.BROKEN):
            raise
    return await refresh(session, credentials, timeouts)


async def refresh(session: aiohttp.ClientSession, credentials: Credentials, timeouts: Timeouts) -> Credentials:
    """Exchange a refresh token for a new access token and refresh token.

    Raises AUTH if it's rejected, another `ProviderError` if that is unknown.
    """
    headers = {} if credentials.public_key is None else {"apikey": header_secret(credentials.public_key)}
    async with exchange(
        session,
        "POST",
        f"{credentials.auth_url}/token",
        timeouts,
        refused=_refused,
        headers=headers,
        params={"grant_type": "refresh_token"},
        body={"refresh_token": credentials.refresh_token},
    ) as answer:
        content = await answer.json()
    key, following = (content.get("access_token"), content.get("refresh_token", credentials.refresh_token))
    if not isinstance(key, str) or not is_token(key) or not isinstance(following, str) or not is_token(following):
        raise ProviderError(Failure.BROKEN, code="token")
    return Credentials(
        key=key, refresh_token=following, auth_url=credentials.auth_url, public_key=credentials.public_key
    )


def _refused(refusal: ErrorResponse) -> ProviderError:
    """Return the error of the sign-in service, in the current or older form.

    A page that isn't JSON comes from a proxy, and isn't about the token.
    """
    content = mapping(refusal.content)
    code = identifier(content.get("error_code")) or identifier(content.get("error")) or f"http_{refusal.status}"
    is_refused = refusal.status in _REFUSED and isinstance(refusal.content, dict)
    failure = Failure.AUTH if is_refused else refusal.failure
    return ProviderError(failure, code=code, retry_after=refusal.retry_after)


class Work(StrEnum):
    """Kinds of work with a price."""

    SPEECH = "speech"
    CLONE = "clone"


_DOCUMENTED = {Work.SPEECH: 1, Work.CLONE: 10}
"""The prices of the portal page, in points (docs/dev/protocols.md C1)."""


class Prices:
    """The prices of one account."""

    def __init__(self) -> None:
        """Start with the documented prices."""
        self._points = dict(_DOCUMENTED)
        self._reported: set[Work] = set()
        self._seen: dict[Work, deque[int]] = {work: deque(maxlen=2) for work in Work}
        self._used: int | None = None
        self._charged: Counter[Work] = Counter()

    def of(self, work: Work | None) -> Charge:
        """Return the charge for an admitted request, even if it fails. Work without a price is free."""
        return Charge() if work is None else Charge(points=self._points[work], requests=1)

    def note_charged(self, work: Work | None) -> None:
        """Record a charged request, before the report in its response."""
        if work is not None:
            self._charged[work] += 1

    def note_cost(self, work: Work | None, points: int) -> None:
        """Learn the price in a response."""
        if work is not None:
            self._reported.add(work)
            self._points[work] = points

    def note_report(self, quota: Quota) -> None:
        """Learn the price from the usage since the last report, if only requests of one kind were made."""
        used = _used(quota)
        if used is None:
            return
        charged, self._charged = self._charged, Counter()
        before, self._used = self._used, used
        if before is None or used <= before or len(charged) != 1:
            return
        [(work, requests)] = charged.items()
        points, rest = divmod(used - before, requests)
        if rest == 0 and work not in self._reported:
            self._seen[work].append(points)
            self._points[work] = min(self._seen[work])


def _used(quota: Quota) -> int | None:
    """Return the usage in a report."""
    if quota.used is None and quota.limit is not None and quota.remaining is not None:
        return quota.limit - quota.remaining
    return quota.used


_UNKNOWN_PATHS = ("http_404", "http_405", "not_found")


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """A request: `work` is its kind for the price, `timeouts` its timeouts.

    `declined` returns the reason of a rejection that the user can fix, given the usual error; `trace` follows the
    request.
    """

    method: str
    path: str
    timeouts: Timeouts
    body: Mapping[str, object] | None = None
    work: Work | None = None
    declined: Callable[[ErrorResponse, ProviderError], Reason | None] = lambda refusal, error: None
    trace: RequestTrace = field(default_factory=RequestTrace)


class FlowHttp:
    """Sends the requests of one account."""

    def __init__(self, provider: Provider) -> None:
        """Set the provider, whose current credentials are used."""
        self._provider = provider
        self.tokens = TokenKeeper(provider)
        self.prices = Prices()
        self.reports = 0
        """Number of quota reports by the service."""

    @asynccontextmanager
    async def ask(self, ask: Ask) -> AsyncGenerator[Answer]:
        """Send a request and return its response; a rejected token is renewed once, and the request repeated.

        Raises `ProviderError`, whose `charged` is the cost of the request.
        """
        reports = self.reports
        credentials = await self.tokens.current()
        renewed = False
        async with AsyncExitStack() as stack:
            answer = None
            while answer is None:
                try:
                    answer = await stack.enter_async_context(self._exchange(ask, credentials))
                except ProviderError as error:
                    if error.failure is not Failure.AUTH or error.problem is AccountProblem.ONLY_EMAIL:
                        raise
                    if renewed or not self.tokens.renewable:
                        raise
                if answer is None:
                    credentials = await self.tokens.renew(credentials.key)
                    renewed = self.tokens.renewed_last
            yield answer
        if ask.work is Work.SPEECH:
            self._provider.body_tells_quota = self.reports == reports

    async def get(self, path: str) -> dict[str, object] | None:
        """Return the object at a path, or None if this deployment doesn't have the path; raises `ProviderError`."""
        try:
            async with self.ask(Ask(method="GET", path=path, timeouts=self._provider.timeouts)) as answer:
                content = await answer.json()
        except ProviderError as error:
            if is_unknown_path(error):
                return None
            raise
        self.hear(content)
        return content

    async def open(self, path: str) -> dict[str, object]:
        """Return the object at a public path, without a token; raises `ProviderError`."""
        provider = self._provider
        async with exchange(provider.session, "GET", provider.base_url + path, provider.timeouts) as answer:
            return await answer.json()

    def hear(self, content: Mapping[str, object]) -> None:
        """Report the quota in a response or an event to the observer."""
        self._hear_quota(quota_in(content, self._provider.now()))

    @asynccontextmanager
    async def _exchange(self, ask: Ask, credentials: Credentials) -> AsyncGenerator[Answer]:
        """Send a request once; raises `ProviderError` with its cost."""
        if not is_token(credentials.key):
            raise ProviderError(Failure.AUTH, code="malformed_token")
        admitted = False
        try:
            async with exchange(
                self._provider.session,
                ask.method,
                self._provider.base_url + ask.path,
                ask.timeouts,
                refused=partial(self._refused, ask),
                headers={"Authorization": f"Bearer {credentials.key}"},
                body=ask.body,
                trace=ask.trace,
            ) as answer:
                admitted = True
                self.prices.note_charged(ask.work)
                self._hear_headers(ask, answer.response.headers)
                self._hear_quota(quota_of_headers(answer.response.headers))
                yield answer
        except ProviderError as error:
            # After a timeout, the request was connected and received.
            if error.code == TIMEOUT and not admitted:
                self.prices.note_charged(ask.work)
            if admitted or error.code == TIMEOUT:
                error.charged = self.prices.of(ask.work)
            raise

    def _refused(self, ask: Ask, refusal: ErrorResponse) -> ProviderError:
        """Return the error of a response, and report its quota."""
        now = self._provider.now()
        self._hear_headers(ask, refusal.headers)
        error = refusal_error(refusal, now, charge=self.prices.of(ask.work))
        if error.charged != NOTHING:
            self.prices.note_charged(ask.work)
        self._hear_quota(quota_of_refusal(refusal, now))
        if (reason := ask.declined(refusal, error)) is None:
            return error
        return ServiceRejection(reason, code=error.code, charged=error.charged, quota=error.quota)

    def _hear_headers(self, ask: Ask, headers: Mapping[str, str]) -> None:
        """Learn the price in headers, and report the rate limit to the observer."""
        # The cost of the request, reported by the open-sourced backend (docs/dev/protocols.md C2)
        if (points := header_count(headers, "X-Quota-Cost")) is not None:
            self.prices.note_cost(ask.work, points)
        if (rate := rate_of_headers(headers, self._provider.now())) is not None:
            self._provider.observer.rate_reported(rate)

    def _hear_quota(self, quota: Quota | None) -> None:
        """Report the quota to the observer, if there is one, and learn the price from it."""
        if quota is None:
            return
        self.reports += 1
        self.prices.note_report(quota)
        self._provider.observer.quota_reported(quota)


def is_unknown_path(error: ProviderError) -> bool:
    """Return True if the error means that a deployment doesn't have the path."""
    return error.failure is Failure.BROKEN and error.code in _UNKNOWN_PATHS
