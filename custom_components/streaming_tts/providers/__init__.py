"""The supported speech services. Imports nothing from Home Assistant."""

from .asyncflow import AsyncFlow
from .flow_tts import FlowTTS
from .provider import Provider
from .sarvam import Sarvam
from .tencent import Tencent

PROVIDERS: dict[str, type[Provider]] = {provider.key: provider for provider in (AsyncFlow, Sarvam, Tencent, FlowTTS)}
"""Providers by key, in the order in which the forms list them."""
