"""Sarvam's own SDK, as a client of the emulated service."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

import httpx
from sarvamai import AsyncSarvamAI, SarvamAI
from sarvamai.environment import SarvamAIEnvironment

from .sarvam import Sarvam


def environment(sarvam: Sarvam) -> SarvamAIEnvironment:
    """Where the SDK finds the service."""
    return SarvamAIEnvironment(base=sarvam.url, creative=f"{sarvam.url}/dubbing", production=sarvam.websocket_url)


@contextmanager
def blocking_sdk(sarvam: Sarvam) -> Generator[SarvamAI]:
    """Yield the SDK that blocks, for use in a thread."""
    with httpx.Client() as client:
        yield SarvamAI(environment=environment(sarvam), api_subscription_key="demo-key", httpx_client=client)


@asynccontextmanager
async def asynchronous_sdk(sarvam: Sarvam) -> AsyncGenerator[AsyncSarvamAI]:
    """Yield the SDK."""
    async with httpx.AsyncClient() as client:
        yield AsyncSarvamAI(environment=environment(sarvam), api_subscription_key="demo-key", httpx_client=client)
