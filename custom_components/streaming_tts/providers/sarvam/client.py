"""Requests to Sarvam in the name of an account (docs/dev/protocols.md B1)."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
import math
import re
from typing import Any, override

import aiohttp

from ..provider import Provider
from ..transport.http import ErrorResponse, ResponseTimeouts
from ..transport.json_values import header_secret
from ..types import ProviderError, Quota
from .errors import refused

_AMOUNT = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")


class SarvamAccount(Provider):
    """An account that makes keyed requests."""

    @override
    def headers(self) -> dict[str, str]:
        return {"api-subscription-key": header_secret(self.credentials.key)}

    @override
    def parse_error(self, refusal: ErrorResponse) -> ProviderError:
        self._hear_credits(refusal.headers)
        return refused(refusal)

    @override
    @asynccontextmanager
    async def exchange(
        self, method: str, path: str, patience: ResponseTimeouts, **options: Any
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        async with super().exchange(method, path, patience, **options) as response:
            self._hear_credits(response.headers)
            yield response

    def _hear_credits(self, headers: Mapping[str, str]) -> None:
        """Tell the observer what is left, if the answer says so: what is left of the last credit is not nothing."""
        if _AMOUNT.fullmatch(told := headers.get("x-credits-remaining", "").strip()):
            self.observer.quota_reported(Quota(remaining=math.ceil(float(told))))
