"""Access tokens that end, and how they are renewed at a GoTrue sign-in service, Supabase's (docs/dev/protocols.md C3).

A refresh token can be used once; who loses its successor is signed out. So the successor is stored before it is
used, there is one renewal at a time, and none is given up halfway because a listener has gone.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta

import aiohttp

from ..provider import Provider
from ..session import Claims, is_token, read_claims
from ..transport.http import ErrorResponse, ResponseTimeouts, exchange, read_json
from ..transport.json_values import header_secret, identifier, mapping
from ..types import Credentials, Failure, ProviderError, Timeouts

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
