"""Requests to Flow TTS in the name of an account: with a token that is good, heard out for quota, rightly charged."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import aiohttp

from ..capabilities import Reason, ServiceRejection
from ..provider import Provider
from ..session import is_token
from ..transport.http import TIMEOUT, ErrorResponse, ResponseTimeouts, exchange, read_json
from ..transport.trace import RequestTrace
from ..types import AccountProblem, Credentials, Failure, ProviderError, Quota, Timeouts
from .errors import (
    NOTHING,
    cost_of_headers,
    quota_in,
    quota_of_headers,
    quota_of_refusal,
    rate_of_headers,
    refusal_error,
)
from .prices import Prices, Work
from .refresh import TokenKeeper

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A successful answer that is still to be read, with the patience for it."""

    response: aiohttp.ClientResponse
    patience: ResponseTimeouts


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
        if (rate := rate_of_headers(refusal.headers, now)) is not None:
            self._provider.observer.rate_reported(rate)
        self._hear_cost(ask, refusal.headers)
        error = refusal_error(refusal, now, charge=self.prices.of(ask.work))
        if error.charged != NOTHING:
            self.prices.note_charged(ask.work)
        self._hear_quota(quota_of_refusal(refusal, now))
        if (reason := ask.declined(refusal, error)) is None:
            return error
        return ServiceRejection(reason, code=error.code, charged=error.charged, quota=error.quota)

    def _hear_headers(self, ask: Ask, headers: Mapping[str, str]) -> None:
        """Tell the observer what the headers of a success say."""
        self._hear_cost(ask, headers)
        if (rate := rate_of_headers(headers, self._provider.now())) is not None:
            self._provider.observer.rate_reported(rate)
        self._hear_quota(quota_of_headers(headers))

    def _hear_cost(self, ask: Ask, headers: Mapping[str, str]) -> None:
        """Learn the price that headers tell."""
        if (points := cost_of_headers(headers)) is not None:
            self.prices.note_cost(ask.work, points)

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
