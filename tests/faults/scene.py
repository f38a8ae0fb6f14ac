"""The setup of a cell: an account, its emulated service, and the result of a request with a fault."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, override

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from custom_components.streaming_tts.providers.asyncflow import AsyncFlow
from custom_components.streaming_tts.providers.flow_tts import FlowTTS
from custom_components.streaming_tts.providers.provider import Provider
from custom_components.streaming_tts.providers.sarvam import Sarvam
from custom_components.streaming_tts.providers.session import parse_session
from custom_components.streaming_tts.providers.tencent import Tencent
from custom_components.streaming_tts.providers.types import AudioFormat, Credentials, Failure, ProviderError, Voice
from tests.accounts import DETAILS
from tests.emulator.asyncflow import AsyncFlow as AsyncFlowService
from tests.emulator.asyncflow_voices import DEFAULT_VOICE_ID
from tests.emulator.flow import PUBLIC_KEY, Flow as FlowService
from tests.emulator.sarvam import Sarvam as SarvamService
from tests.emulator.service import Service
from tests.emulator.settings import Settings
from tests.emulator.sound import tone
from tests.emulator.tencent import Tencent as TencentService
from tests.providers.tools import Line, line

from .cells import PIECES, Outcome, Route, Trouble

TEXT = "The code is 4711."
KEY = "sk-of-nobody-else"


@dataclass(frozen=True, kw_only=True, slots=True)
class Setup:
    """The setup of a provider and its service."""

    provider: type[Provider]
    service: Callable[[Settings], Service[Any]]
    sign_in: Callable[[Service[Any]], Credentials]
    voice: Voice
    sample_rate: int
    key_option: str = "keys"
    """The setting of the service with its key."""


def _by_access_key(service: Service[Any]) -> Credentials:
    service.configure(secret_key=KEY)
    return Credentials(key=KEY, details=DETAILS)


def _by_key(service: Service[Any]) -> Credentials:
    service.configure(keys=(KEY,))
    return Credentials(key=KEY)


def _by_session(service: Service[Any]) -> Credentials:
    assert isinstance(service, FlowService)
    session = service.new_session()
    token = str(session["access_token"])
    return Credentials(
        key=token,
        refresh_token=session["refresh_token"],
        auth_url=parse_session(token).auth_url,
        public_key=PUBLIC_KEY,
    )


SETUPS = {
    AsyncFlow.key: Setup(
        provider=AsyncFlow,
        service=AsyncFlowService,
        sign_in=_by_key,
        voice=Voice.of(voice_id=DEFAULT_VOICE_ID, model="async_flash_v1.0", language="en"),
        sample_rate=16000,
    ),
    Sarvam.key: Setup(
        provider=Sarvam,
        service=SarvamService,
        sign_in=_by_key,
        voice=Voice.of(voice_id="shubh", model="bulbul:v3", language="en-IN"),
        sample_rate=16000,
    ),
    Tencent.key: Setup(
        provider=Tencent,
        service=TencentService,
        sign_in=_by_access_key,
        voice=Voice.of(voice_id="v-female-p9Xy7Q1L", model="flow_02_turbo", language="en"),
        sample_rate=16000,
        key_option="secret_key",
    ),
    FlowTTS.key: Setup(
        provider=FlowTTS,
        service=FlowService,
        sign_in=_by_session,
        voice=Voice.of(voice_id="v-en-female-amy", model="flow_01_turbo", language="en-US"),
        sample_rate=24000,
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """The result of a request: audio so far, and the error.

    `reusable` is the state of the connection afterwards; None if there was none.
    """

    sound: bytes
    error: ProviderError | None
    outcome: Failure | Outcome
    reusable: bool | None


@dataclass(kw_only=True, slots=True)
class Scene:
    """An account that speaks over a route; `sound` is the expected audio."""

    route: Route
    service: Service[Any]
    session: aiohttp.ClientSession
    provider: Provider
    voice: Voice
    audio_format: AudioFormat
    sound: bytes
    credentials: Credentials
    connection: Line | None = field(default=None)

    async def attempt(self, trouble: Trouble) -> Heard:
        """Speak the text with the fault; closes the connection."""
        await trouble.before(self)
        for fault in trouble.faults:
            self.service.faults.add(fault)
        heard = bytearray()
        error: ProviderError | None = None
        try:
            self.connection = await self.line()
            await trouble.connected(self)
            async with aclosing(self.connection.speak(self.voice, self.audio_format, TEXT)) as sound:
                async for piece in sound:
                    if not heard:
                        await trouble.sounding(self)
                    heard += piece
        except ProviderError as raised:
            error = raised
        finally:
            reusable = None if self.connection is None else self.connection.reusable
            await self.hang_up()
        outcome = self._outcome(bytes(heard), error)
        return Heard(sound=bytes(heard), error=error, outcome=outcome, reusable=reusable)

    async def speak_before(self) -> None:
        """Speak over the open connection, or over one that is kept alive."""
        sound = await (self.spoken() if self.connection is None else self.spoken_over(self.connection))
        assert sound == self.sound

    async def spoken(self, text: str = TEXT) -> bytes:
        """Return the audio of a text over a new connection."""
        connection = await self.line()
        try:
            return await self.spoken_over(connection, text)
        finally:
            await connection.close()

    async def line(self) -> Line:
        """Return a function that speaks over the route."""
        return await line(self.provider, self.route.transport, self.voice)

    async def spoken_over(self, connection: Line, text: str = TEXT) -> bytes:
        """Return the audio of a text over a connection."""
        async with aclosing(connection.speak(self.voice, self.audio_format, text)) as sound:
            return b"".join([piece async for piece in sound])

    async def hang_up(self) -> None:
        """Close the connection."""
        if self.connection is not None:
            await self.connection.close()

    @property
    def secrets(self) -> set[str]:
        """Return the secrets: the text, and all credentials."""
        proofs = (self.credentials, self.provider.credentials)
        keys = {key for proof in proofs for key in (proof.key, proof.refresh_token) if key}
        return {TEXT, *keys}

    def restore(self) -> None:
        """Reset the service to its state before the fault."""
        self.service.reset()
        self._arrange()

    @property
    def quiet(self) -> bool:
        """Return True if the service is idle."""
        return all(request.ended for request in self.service.requests)

    def _arrange(self) -> None:
        """Let the audio arrive in a number of chunks, in the encoding of the route."""
        duration = len(self.sound) / 2 / self.audio_format.sample_rate
        option = SETUPS[self.route.provider].key_option
        keys: dict[str, Any] = {}
        if self.credentials.key == KEY:
            keys = {option: (KEY,) if option == "keys" else KEY}
        self.service.configure(chunk_duration=duration / PIECES, **keys, **dict(self.route.behaviour))

    def _outcome(self, heard: bytes, error: ProviderError | None) -> Failure | Outcome:
        if error is not None:
            return error.failure
        return Outcome.WHOLE if heard == self.sound else Outcome.UNDETECTED


class NoNames(AbstractResolver):
    """A resolver without any host."""

    @override
    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        raise OSError("There is no such name")

    @override
    async def close(self) -> None:
        """Do nothing."""

    async def real_close(self) -> None:
        """Do nothing, like the resolver of Home Assistant's sessions."""


@asynccontextmanager
async def scene_of(route: Route) -> AsyncGenerator[Scene]:
    """Set up a route; session and service are closed afterwards."""
    setup = SETUPS[route.provider]
    connector = aiohttp.TCPConnector(resolver=NoNames())
    async with setup.service(Settings()) as service, aiohttp.ClientSession(connector=connector) as session:
        credentials = setup.sign_in(service)
        scene = Scene(
            route=route,
            service=service,
            session=session,
            provider=setup.provider(session, credentials, base_url=service.url, now=service.clock.now),
            voice=setup.voice,
            audio_format=AudioFormat(sample_rate=setup.sample_rate),
            sound=tone(TEXT, setup.sample_rate, voice=setup.voice.voice_id),
            credentials=credentials,
        )
        scene.restore()
        yield scene
