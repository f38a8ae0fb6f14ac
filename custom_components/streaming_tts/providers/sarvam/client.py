"""Requests to Sarvam in the name of an account (docs/protocols.md B1)."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager

import aiohttp

from ..provider import Provider
from ..transport import http as wire, json_values as values
from ..transport.http import ResponseTimeouts
from ..transport.trace import RequestTrace
from .errors import refused


class SarvamAccount(Provider):
    """An account that makes keyed requests."""

    def headers(self) -> dict[str, str]:
        """Return what proves the account."""
        return {"api-subscription-key": values.header_secret(self.credentials.key)}

    def exchange(
        self,
        method: str,
        path: str,
        patience: ResponseTimeouts,
        *,
        params: Mapping[str, str] | None = None,
        body: object = None,
        form: aiohttp.FormData | None = None,
        means: wire.ErrorParser = refused,
        trace: RequestTrace | None = None,
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """Make a keyed request; `means` says what a refusal is."""
        return wire.exchange(
            self.session,
            method,
            self.base_url + path,
            patience=patience,
            refused=means,
            headers=self.headers(),
            params=params,
            body=body,
            form=form,
            trace=trace,
        )
