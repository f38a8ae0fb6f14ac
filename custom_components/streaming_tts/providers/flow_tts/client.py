"""Requests to Flow TTS in the name of an account: with a token that is good, heard out for quota, rightly charged.

What requests cost is learned from what the service tells (docs/dev/protocols.md C1, C2). The portal charges 1 point for
speech, the backend of August 2026 charges 100: which one answers is not known before. A backend tells the price with
each answer (`X-Quota-Cost`). Elsewhere it is the difference of two reports, divided by the requests between them.
Another client of the same account makes a difference too large, never too small, so that the smaller of the last two
counts.

Access tokens end, and are renewed at a GoTrue sign-in service, Supabase's (docs/dev/protocols.md C3). A refresh token
can be used once; who loses its successor is signed out. So the successor is stored before it is used, there is one
renewal at a time, and none is given up halfway because a listener has gone.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from functools import partial

import aiohttp

from ..capabilities import Reason, ServiceRejection
from ..provider import Provider
from ..session import Claims, is_token, read_claims
from ..transport.http import TIMEOUT, Answer, ErrorResponse, ResponseTimeouts, exchange, read_json
from ..transport.json_values import header_secret, identifier, mapping
from ..transport.trace import RequestTrace
from ..types import AccountProblem, Charge, Credentials, Failure, ProviderError, Quota, Timeouts
from .errors import NOTHING, header_count, quota_in, quota_of_headers, quota_of_refusal, rate_of_headers, refusal_error

RENEW_AHEAD = timedelta(seconds=90)
"""How long before its end a token is renewed; a token that lives shorter is renewed at half of its life."""
ANSWER_SECONDS = 4.0
"""How long an answer is waited for, so that there is time to ask for it once more before it is no longer given."""

_REFUSED = (400, 401, 403, 422)


class TokenKeeper:
    """Keeps the access token of a provider alive; `Provider.credentials` are always the newest that are stored."""

    def __init__(self, provider: Provider) -> None:
        """Look after the credentials of a provider."""
        self._provider = provider
        self._renewal: asyncio.Task[Credentials] | None = None
        self._fast = timedelta()
        self.renewed_last = False
        """Whether the newest token was asked for here: one that somebody else has renewed may have ended since."""

    @property
    def claims(self) -> Claims:
        """Return what the access token says of itself."""
        return read_claims(self._provider.credentials.key)

    @property
    def renewable(self) -> bool:
        """Return True if there is all that a renewal takes."""
        credentials = self._provider.credentials
        return credentials.refresh_token is not None and credentials.auth_url is not None

    @property
    def expired(self) -> bool:
        """Return True if the access token has ended, as far as it says."""
        return self._ends_within(timedelta())

    async def current(self) -> Credentials:
        """Return credentials that are good for a request now; raises `ProviderError`.

        A token that is about to end is renewed meanwhile, and nobody has to wait for that, or to hear of a token
        service that is away; one that has ended is waited for.
        """
        credentials = self._provider.credentials
        if self.expired:
            return await self.fresh()
        if self._ending:
            self._begin_renewal()
        return credentials

    async def fresh(self) -> Credentials:
        """Return credentials that will last a while, and are not being renewed; raises `ProviderError`."""
        credentials = self._provider.credentials
        return await self.renew(credentials.key) if self._ending else credentials

    async def renew(self, refused: str) -> Credentials:
        """Return credentials with another access token than the one that was refused.

        Raises AUTH where the refresh token is no longer good, UNREACHABLE, SERVER, RATE or BROKEN where the service
        could not tell; the old tokens are then kept.
        """
        if self._provider.credentials.key != refused:
            return self._provider.credentials
        # Only waited for, since the successor of the refresh token must arrive also when nobody wants to speak any
        # more;
        # `asyncio.shield` would report a failure that nobody awaits as an error of Home Assistant.
        renewal = self._begin_renewal()
        await asyncio.wait({renewal})
        return renewal.result()

    def _begin_renewal(self) -> asyncio.Task[Credentials]:
        """Return the renewal that is under way, or begin one."""
        if self._renewal is None:
            self._renewal = asyncio.create_task(self._renew(), name="Renew an access token")
            self._renewal.add_done_callback(self._renewed)
        return self._renewal

    async def _renew(self) -> Credentials:
        """Exchange the refresh token, and store what it was exchanged for before anyone uses it."""
        provider = self._provider
        async with provider.observer.renewing(provider.credentials) as newest:
            if newest != provider.credentials:
                # An object of the account from before its reload, which still speaks, was first.
                provider.credentials = newest
                self.renewed_last = False
                if not self._ending:
                    return newest
            try:
                renewed = await _refresh_again(provider.session, newest, provider.timeouts)
            except ProviderError as error:
                if error.failure is Failure.AUTH and provider.credentials != newest:
                    return provider.credentials  # They were given meanwhile.
                raise
            try:
                await provider.observer.credentials_renewed(renewed)
            finally:
                # Also where storing failed: the old refresh token is gone either way.
                provider.credentials = renewed
                self.renewed_last = True
                self._compare_clocks()
            return renewed

    def _compare_clocks(self) -> None:
        """See by how much the clock here is fast, from a token that has just been issued and seems to end already.

        With such a clock each request would ask for another one.
        """
        self._fast = timedelta()
        issued_at = self.claims.issued_at
        if self._ending and issued_at is not None:
            self._fast = self._provider.now() - issued_at

    def _renewed(self, renewal: asyncio.Task[Credentials]) -> None:
        """Make room for the next renewal; its failure is told to those who waited, if any still do."""
        self._renewal = None
        if not renewal.cancelled():
            renewal.exception()

    @property
    def _ending(self) -> bool:
        """Return True if it is time to renew the token, and that can be done."""
        claims = self.claims
        ahead = RENEW_AHEAD
        if claims.expires_at is not None and claims.issued_at is not None:
            ahead = min(ahead, (claims.expires_at - claims.issued_at) / 2)
        return self.renewable and self._ends_within(ahead)

    def _ends_within(self, span: timedelta) -> bool:
        """Return True if the access token says that it ends within a span of time, by the clock of who issued it."""
        expires_at = self.claims.expires_at
        return expires_at is not None and expires_at - (self._provider.now() - self._fast) <= span


async def _refresh_again(session: aiohttp.ClientSession, credentials: Credentials, timeouts: Timeouts) -> Credentials:
    """Return what a refresh token is exchanged for, asked once more where no proper answer comes.

    The exchange may have been made and only the answer lost; for some 10 s the service then gives the same again
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
    """Return what a refresh token is exchanged for: another access token, and the next refresh token.

    Raises AUTH where it is refused, another `ProviderError` where that could not be found out.
    """
    headers = {} if credentials.public_key is None else {"apikey": header_secret(credentials.public_key)}
    patience = ResponseTimeouts(timeouts)
    async with exchange(
        session,
        "POST",
        f"{credentials.auth_url}/token",
        patience=patience,
        refused=_refused,
        headers=headers,
        params={"grant_type": "refresh_token"},
        body={"refresh_token": credentials.refresh_token},
    ) as response:
        content = await read_json(response, patience)
    key, following = (content.get("access_token"), content.get("refresh_token", credentials.refresh_token))
    if not isinstance(key, str) or not is_token(key) or not isinstance(following, str) or not is_token(following):
        raise ProviderError(Failure.BROKEN, code="token")
    return Credentials(
        key=key, refresh_token=following, auth_url=credentials.auth_url, public_key=credentials.public_key
    )


def _refused(refusal: ErrorResponse) -> ProviderError:
    """Return what a refusal of the token service means, in today's or the older shape of its answers.

    A page that is no JSON is that of a proxy, and says nothing of the token.
    """
    content = mapping(refusal.content)
    code = identifier(content.get("error_code")) or identifier(content.get("error")) or f"http_{refusal.status}"
    told = refusal.status in _REFUSED and isinstance(refusal.content, dict)
    failure = Failure.AUTH if told else refusal.failure
    return ProviderError(failure, code=code, retry_after=refusal.retry_after)


class Work(StrEnum):
    """What the service has a price for."""

    SPEECH = "speech"
    CLONE = "clone"


_DOCUMENTED = {Work.SPEECH: 1, Work.CLONE: 10}
"""The prices of the portal page, in points (docs/dev/protocols.md C1)."""


class Prices:
    """The prices of one account."""

    def __init__(self) -> None:
        """Start with the documented prices."""
        self._points = dict(_DOCUMENTED)
        self._told: set[Work] = set()
        self._seen: dict[Work, deque[int]] = {work: deque(maxlen=2) for work in Work}
        self._used: int | None = None
        self._charged: Counter[Work] = Counter()

    def of(self, work: Work | None) -> Charge:
        """Return what a request costs once it is admitted, also where it fails then; None is work without a price."""
        return Charge() if work is None else Charge(points=self._points[work], requests=1)

    def note_charged(self, work: Work | None) -> None:
        """Learn that the service has charged a request, before what its answer reports."""
        if work is not None:
            self._charged[work] += 1

    def note_cost(self, work: Work | None, points: int) -> None:
        """Learn the price that an answer tells."""
        if work is not None:
            self._told.add(work)
            self._points[work] = points

    def note_report(self, quota: Quota) -> None:
        """Learn the price from what was used since the report before, if only requests of one kind were made since."""
        used = _used(quota)
        if used is None:
            return
        charged, self._charged = self._charged, Counter()
        before, self._used = self._used, used
        if before is None or used <= before or len(charged) != 1:
            return
        [(work, requests)] = charged.items()
        points, rest = divmod(used - before, requests)
        if rest == 0 and work not in self._told:
            self._seen[work].append(points)
            self._points[work] = min(self._seen[work])


def _used(quota: Quota) -> int | None:
    """Return what a report says was used."""
    if quota.used is None and quota.limit is not None and quota.remaining is not None:
        return quota.limit - quota.remaining
    return quota.used


_UNKNOWN_PATHS = ("http_404", "http_405", "not_found")


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """A request: `work` is what it is charged as once it is admitted, `timeouts` how long it may take.

    `declined` returns the reason of a refusal that the user can fix, given the error that it would be otherwise;
    `trace` follows it.
    """

    method: str
    path: str
    timeouts: Timeouts
    body: Mapping[str, object] | None = None
    work: Work | None = None
    declined: Callable[[ErrorResponse, ProviderError], Reason | None] = lambda refusal, error: None
    trace: RequestTrace | None = None


class FlowHttp:
    """Makes the requests of one account."""

    def __init__(self, provider: Provider) -> None:
        """Speak for a provider, with its credentials of the moment."""
        self._provider = provider
        self.tokens = TokenKeeper(provider)
        self.prices = Prices()
        self.reports = 0
        """How often the service has told what is left."""

    @asynccontextmanager
    async def ask(self, ask: Ask) -> AsyncGenerator[Answer]:
        """Make a request and hand over its answer; a refused token is renewed once, and the request made once more.

        Raises `ProviderError`; `charged` is then what the request cost all the same.
        """
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

    async def get(self, path: str) -> dict[str, object] | None:
        """Return the object at a path, or None where this deployment has no such path; raises `ProviderError`."""
        try:
            async with self.ask(Ask(method="GET", path=path, timeouts=self._provider.timeouts)) as answer:
                content = await read_json(answer.response, answer.patience)
        except ProviderError as error:
            if is_unknown_path(error):
                return None
            raise
        self.hear(content)
        return content

    async def open(self, path: str) -> dict[str, object]:
        """Return the object at a path that is open to all: no token is shown; raises `ProviderError`."""
        patience = ResponseTimeouts(self._provider.timeouts)
        url = self._provider.base_url + path
        async with exchange(self._provider.session, "GET", url, patience=patience) as response:
            return await read_json(response, patience)

    def hear(self, content: Mapping[str, object]) -> None:
        """Tell the observer what an answer or an event says is left."""
        self._hear_quota(quota_in(content, self._provider.now()))

    @asynccontextmanager
    async def _exchange(self, ask: Ask, credentials: Credentials) -> AsyncGenerator[Answer]:
        """Make a request once; raises `ProviderError` with what it cost."""
        if not is_token(credentials.key):
            raise ProviderError(Failure.AUTH, code="malformed_token")
        patience = ResponseTimeouts(ask.timeouts)
        admitted = False
        try:
            async with exchange(
                self._provider.session,
                ask.method,
                self._provider.base_url + ask.path,
                patience=patience,
                refused=partial(self._refused, ask),
                headers={"Authorization": f"Bearer {credentials.key}"},
                body=ask.body,
                trace=ask.trace,
            ) as response:
                admitted = True
                self.prices.note_charged(ask.work)
                self._hear_headers(ask, response.headers)
                self._hear_quota(quota_of_headers(response.headers))
                yield Answer(response=response, patience=patience)
        except ProviderError as error:
            # Who waits in vain for an answer was connected, and has been heard.
            if error.code == TIMEOUT and not admitted:
                self.prices.note_charged(ask.work)
            if admitted or error.code == TIMEOUT:
                error.charged = self.prices.of(ask.work)
            raise

    def _refused(self, ask: Ask, refusal: ErrorResponse) -> ProviderError:
        """Return what a refusal means, and tell the observer what it says beside."""
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
        """Learn the price that headers tell, and tell the observer what they say of the rate."""
        # What the request cost, told by the open-sourced backend (docs/dev/protocols.md C2)
        if (points := header_count(headers, "X-Quota-Cost")) is not None:
            self.prices.note_cost(ask.work, points)
        if (rate := rate_of_headers(headers, self._provider.now())) is not None:
            self._provider.observer.rate_reported(rate)

    def _hear_quota(self, quota: Quota | None) -> None:
        """Tell the observer what is left, if anything was said of it, and learn the price from that."""
        if quota is None:
            return
        self.reports += 1
        self.prices.note_report(quota)
        self._provider.observer.quota_reported(quota)


def is_unknown_path(error: ProviderError) -> bool:
    """Return True if an error says that a deployment does not have a path."""
    return error.failure is Failure.BROKEN and error.code in _UNKNOWN_PATHS
