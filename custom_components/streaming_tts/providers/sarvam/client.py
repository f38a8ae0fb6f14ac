"""Requests to Sarvam in the name of an account (docs/protocols.md B1)."""

from typing import override

from ..provider import Provider
from ..transport.http import ErrorResponse
from ..transport.json_values import header_secret
from ..types import ProviderError
from .errors import refused


class SarvamAccount(Provider):
    """An account that makes keyed requests."""

    @override
    def headers(self) -> dict[str, str]:
        return {"api-subscription-key": header_secret(self.credentials.key)}

    @override
    def parse_error(self, refusal: ErrorResponse) -> ProviderError:
        return refused(refusal)
