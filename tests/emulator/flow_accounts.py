"""Who asks the Flow service, and what they may still use of it."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from . import flow_answers as answers
from .call import Answer, Call, Refusal
from .flow_auth import SignIn, User
from .flow_jwt import JwtError
from .flow_quota import PointAccount, RateWindow, quota_headers
from .flow_requests import Refused
from .flow_settings import Contract, FlowBehaviour
from .service import Service


class Accounts:
    """The users of a service: checks their tokens, counts their points and their requests."""

    def __init__(self, service: Service[FlowBehaviour], sign_in: SignIn) -> None:
        """Count for this service, by its behaviour and its clock."""
        self._service = service
        self._sign_in = sign_in
        self.restart()

    def restart(self) -> None:
        """Forget what was used."""
        self._points: defaultdict[str, PointAccount] = defaultdict(PointAccount)
        self._windows: defaultdict[str, RateWindow] = defaultdict(RateWindow)

    def change(self, user: User, change: Mapping[str, Any]) -> dict[str, int]:
        """Spend points of a user, or set the remaining ones; raise ValueError for anything else."""
        account, daily, now = self._points[user.user_id], self._daily, self._day
        remaining = account.remaining(daily, now)
        match dict(change):
            case {"spend": int(points)} if points >= 0:
                account.used += min(points, remaining)
            case {"remaining": int(points)} if 0 <= points <= daily:
                account.used = daily - points
            case _:
                raise ValueError(f'neither {{"spend": points}} nor {{"remaining": points}} up to {daily}')
        return account.read(daily, now)

    def user(self, call: Call) -> User:
        """Return who asks, or refuse with what is wrong about the token (docs/dev/protocols.md C2)."""
        header = call.headers.get("Authorization")
        if header is None:
            raise answers.refusal(401, "unauthorized", "Missing Authorization header")
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise answers.refusal(401, "unauthorized", "Missing or invalid Authorization header")
        try:
            user = self._sign_in.verify(token.strip())
        except JwtError as error:
            message = f"JWT verification error: JWT verification failed: {error}"
            raise answers.refusal(401, "unauthorized", message) from error
        if self._behaviour.current and user.provider != "email":
            message = "JWT verification error: Only email accounts are supported"
            raise answers.refusal(401, "unauthorized", message)
        return user

    def charge(self, user: User, cost: int) -> tuple[dict[str, object], dict[str, str]]:
        """Deduct points, before anything is done for it.

        Return what bodies tell of what is left, and the headers that do, or refuse.
        """
        account, daily, now = self._points[user.user_id], self._daily, self._day
        if not account.spend(cost, daily, now):
            raise Refusal(self.exhausted(account.used, cost=cost))
        quota = account.read(daily, now)
        portal = self._behaviour.contract is Contract.PORTAL
        told: dict[str, object] = {**quota} if portal else {**quota, "tier": self._behaviour.tier.value}
        headers = quota_headers(quota, cost) if self._behaviour.quota_headers and not portal else {}
        return told if self._behaviour.quota_in_bodies else {}, headers

    def refusal(self, refused: Refused, quota: Mapping[str, object], headers: Mapping[str, str]) -> Refusal:
        """Return the error for a charged request: the backend adds the remaining points to all bodies."""
        told = {} if self._behaviour.contract is Contract.PORTAL else quota
        return answers.refusal(refused.status, refused.code, refused.message, headers, told)

    def exhausted(self, used: int | None = None, *, cost: int) -> Answer:
        """Answer that there are fewer points left than it costs, in the contract's way; all are used where not said."""
        daily = self._daily
        used = daily if used is None else used
        if self._behaviour.contract is Contract.PORTAL:
            return answers.portal_exhausted(daily, used, self._service.clock.now())
        return answers.backend_exhausted(max(0, daily - used), cost, current=self._behaviour.current)

    def quota(self, user: User) -> dict[str, object]:
        """Return what a user has left, as bodies say it."""
        return {**self._points[user.user_id].read(self._daily, self._day)}

    def limited(self, handler: Callable[[Call], Awaitable[Answer]]) -> Callable[[Call], Awaitable[Answer]]:
        """Limit the rate of an endpoint, by user, and say so in the headers of all its answers.

        Portal only (docs/dev/protocols.md C1).
        """

        async def limited(call: Call) -> Answer:
            within, headers = self.rate(call)
            if not within:
                answer = answers.rate_limited(text=self._behaviour.rate_text)
            else:
                try:
                    answer = await handler(call)
                except Refusal as refused:
                    answer = refused.answer
            return replace(answer, headers={**answer.headers, **headers})

        return limited

    def rate(self, call: Call) -> tuple[bool, Mapping[str, str]]:
        """Count a request; return whether it is within the rate, and the headers of its answer.

        None but in the portal.
        """
        limit, seconds = self._behaviour.rate_limit, self._behaviour.rate_window
        if self._behaviour.contract is not Contract.PORTAL:
            return True, {}
        window = self._window(call)
        return window.take(limit, seconds, self._service.clock.time()), window.headers(limit, seconds)

    def _window(self, call: Call) -> RateWindow:
        """Return the window that a request counts in: its user's, or the one of all who are not signed in."""
        try:
            return self._windows[self.user(call).user_id]
        except Refusal:
            return self._windows[""]

    @property
    def _behaviour(self) -> FlowBehaviour:
        return self._service.behaviour

    @property
    def _day(self) -> datetime | None:
        """The time that decides which day it is, or None where the points of all days are the same."""
        return self._service.clock.now() if self._behaviour.resets else None

    @property
    def _daily(self) -> int:
        return self._behaviour.daily_limit
