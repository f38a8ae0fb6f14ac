"""Tencent's Flow TTS: the portal page, the open-sourced backend, and the sign-in (docs/dev/protocols.md C1 to C3)."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from . import flow_answers as answers
from .call import Answer, Call, Refusal, Route, json_answer
from .clock import Clock
from .codec import Container
from .flow_accounts import Accounts
from .flow_auth import SignIn, SignInError, User
from .flow_bodies import read_object
from .flow_clones import Clones
from .flow_events import new_request_id, sound_events
from .flow_requests import DEFAULT_RATE, LANGUAGES, EngineError, Refused, SpeechRequest, read_backend, read_portal
from .flow_settings import Contract, FlowBehaviour, Release
from .flow_sound import CONTAINERS, timbre, with_volume
from .flow_voices import LIBRARY, language_map
from .pace import whole
from .service import Service
from .settings import Settings
from .sound import Sound

PUBLIC_KEY = "demo-public-key"
USERS = (
    User(user_id="6f1c2a52-0d5e-4c39-9a51-3b6f0f1d7a01", email="demo@example.com", password="demo-password"),
    User(user_id="6f1c2a52-0d5e-4c39-9a51-3b6f0f1d7a02", email="other@example.com", password="other-password"),
    User(
        user_id="6f1c2a52-0d5e-4c39-9a51-3b6f0f1d7a03",
        email="google@example.com",
        password="google-password",
        provider="google",
    ),
)

_VOICES = {voice.voice_id: voice for voice in LIBRARY}


class Flow(Service[FlowBehaviour]):
    """The speech service and its sign-in service, on one port."""

    name = "flow"

    def __init__(self, settings: Settings, *, clock: Clock | None = None) -> None:
        """Start with the contract that the settings name."""
        behaviour = FlowBehaviour.of(settings, contract=Contract(settings.flow_contract))
        super().__init__(settings, behaviour, port=settings.flow_port, clock=clock)
        self._sign_in = SignIn(
            now=self.clock.time,
            issuer=lambda: f"{self.url}/auth/v1",
            lifetime=lambda: self.behaviour.access_token_seconds,
            users=USERS,
        )
        self._accounts = Accounts(self, self._sign_in)
        self._clones = Clones(self, self._accounts)

    # What a test does with it

    def new_session(self, user: User = USERS[0]) -> dict[str, Any]:
        """Sign in without a password; return the session as supabase-js keeps it. The service must be listening."""
        return self._sign_in.new_session(user)

    def demo_token(self) -> str:
        """Return an access token that is good for an hour. The service must be listening."""
        return str(self.new_session()["access_token"])

    def sign_out(self, user: User = USERS[0]) -> None:
        """End the user's sessions, as a person does who logs out in the portal."""
        self._sign_in.sign_out(user)

    # What a service is

    def routes(self) -> Iterable[Route]:
        """Return all endpoints; those that a contract lacks answer as if they were not there."""
        return [
            ("POST", answers.SYNTHESIZE, self._accounts.limited(self._synthesize)),
            ("POST", answers.STREAM, self._accounts.limited(self._synthesize_stream)),
            ("GET", "/api/tts/voices", self._accounts.limited(self._voices)),
            *self._clones.routes(),
            ("GET", "/api/user/quota", self._read_quota),
            ("GET", "/api/config", self._config),
            ("GET", "/previews/{voice_id}.mp3", self._preview),
            ("GET", "/health", self._health),
            ("POST", "/auth/v1/token", self._token),
            ("POST", "/auth/v1/logout", self._logout),
        ]

    def restart(self) -> None:
        """Forget what was used; those who were signed in are again."""
        self._accounts.restart()
        self._clones.restart()
        self._sign_in.reinstate()

    def not_found(self, call: Call) -> Answer:
        """Answer in the words of the backend."""
        message = f"Route {call.method} {call.path} not found"
        return json_answer({"code": "not_found", "message": message}, 404)

    def error(
        self, call: Call, status: int, code: str | None, message: str | None, extra: Mapping[str, Any] | None
    ) -> Answer:
        """Answer an error; one after the look at the quota has cost a point all the same (docs/dev/protocols.md C2)."""
        if call.path.startswith("/auth/"):
            refused = SignInError(code or "unexpected_failure", message or answers.FAILED)
            return answers.sign_in_refused(refused, status, older=self.behaviour.older_sign_in_errors)
        headers: dict[str, str] = {}
        if call.path.startswith("/api/tts/") or call.path == answers.CLONE:
            headers |= self._accounts.rate(call)[1]
        prices, quota = self.behaviour.prices, dict[str, object]()
        cost = prices.clone if call.path == answers.CLONE else prices.speech
        code = code or answers.default_code(call, status, self.behaviour.contract)
        free = self.behaviour.current and code in answers.FREE
        if call.path in answers.METERED and not free and (status in (400, 422) or status >= 500):
            try:
                quota, told = self._accounts.charge(self._accounts.user(call), cost)
                headers |= told
            except Refusal as refusal:
                return replace(refusal.answer, headers=headers)
        if status == 429 and code == "quota_exceeded":
            return replace(self._accounts.exhausted(cost=cost), headers=headers)
        if status == 429 and "X-RateLimit-Remaining" in headers:
            headers["X-RateLimit-Remaining"] = "0"
        payload: dict[str, object] = {"code": code, "message": message or answers.default_message(status)}
        if self.behaviour.contract is Contract.BACKEND and code != "internal_error":
            payload |= answers.told(quota)
        return json_answer(payload | dict(extra or {}), status, headers)

    def change_quota(self, change: Mapping[str, Any]) -> Mapping[str, Any]:
        """Let another client of a user spend points, `{"spend": 5}`, or set the rest, `{"remaining": 1}`.

        The user is selected by `email`; by default, it's the first one.
        """
        user = next((user for user in USERS if user.email == change.get("email", USERS[0].email)), None)
        if user is None:
            raise ValueError("no such user")
        return self._accounts.change(user, change)

    # Speech

    async def _synthesize(self, call: Call) -> Answer:
        body, user = read_object(call, self.behaviour.max_body), self._accounts.user(call)
        hearing = self.behaviour.current and body.get("billingContext") == "clone-audition"
        prices = self.behaviour.prices
        quota, headers = self._accounts.charge(user, prices.audition if hearing else prices.speech)
        try:
            request = self._read(user, body)
        except Refused as refused:
            raise self._accounts.refusal(refused, quota, headers) from refused
        except EngineError as error:
            raise self._accounts.refusal(Refused(500, "tts_failed", str(error)), quota, headers) from error
        sound = await self._spoken(request)
        container = CONTAINERS[request.audio_format]
        bit_rate = request.kilobits * 1000 if request.kilobits else None
        audio = await self.encoded(sound, container, bit_rate=bit_rate)
        await whole(sound.duration, self.behaviour, since=call.started)
        if self.behaviour.contract is Contract.PORTAL:
            return answers.portal_speech(audio, sound, quota)
        answer = answers.backend_speech(audio, request, quota, new_request_id(), current=self.behaviour.current)
        return replace(answer, headers=headers)

    async def _synthesize_stream(self, call: Call) -> Answer:
        body, user = read_object(call, self.behaviour.max_body), self._accounts.user(call)
        quota, headers = self._accounts.charge(user, self.behaviour.prices.speech)
        try:
            request = self._read(user, self._of_stream(body))
        except Refused as refused:
            raise self._accounts.refusal(refused, quota, headers) from refused
        except EngineError:
            # The engine's refusal is JSON among what should be events: the backend passes on nothing of it
            # (docs/dev/protocols.md C2)
            return answers.event_stream(b"", headers)
        sound = await self._spoken(replace(request, audio_format="pcm", sample_rate=DEFAULT_RATE))
        events = sound_events(sound, self.behaviour, since=call.started, quota=quota, fault=call.fault)
        return answers.event_stream(events, headers)

    def _read(self, user: User, body: Mapping[str, object]) -> SpeechRequest:
        limit, voices = self.behaviour.max_characters, {**_VOICES, **self._clones.voices(user)}
        if self.behaviour.contract is Contract.PORTAL:
            return read_portal(body, voices, max_characters=limit)
        return read_backend(body, voices, max_characters=limit, current=self.behaviour.current)

    def _of_stream(self, body: Mapping[str, object]) -> Mapping[str, object]:
        """Return what of the body counts for a stream: the backend's older commit forwards three fields only."""
        if self.behaviour.contract is Contract.BACKEND and self.behaviour.release is Release.JUNE:
            return {key: body[key] for key in ("text", "voiceId", "language") if key in body}
        return body

    async def _spoken(self, request: SpeechRequest) -> Sound:
        sound = await self.sound(
            request.text,
            sample_rate=request.sample_rate,
            voice=timbre(request),
            language=request.language,
            speed=request.speed,
        )
        return await self.in_thread(lambda: with_volume(sound, request.volume))

    # What costs nothing

    async def _voices(self, call: Call) -> Answer:
        if self.behaviour.contract is Contract.PORTAL:
            return json_answer({"voices": [voice.portal() for voice in LIBRARY if not voice.extended]})
        extended = call.query.get("includeExtended") == "true"
        listed = [voice for voice in LIBRARY if extended or not voice.extended]
        if not self.behaviour.current:
            older = [voice for voice in listed if {voice.language, *voice.also} <= set(LANGUAGES)]
            return json_answer({"voices": [voice.backend(self.url) for voice in older]})
        standard, every = (language_map(listed, extended=kind) for kind in (False, extended))
        maps = {"flow_02_turbo": standard} | ({"flow_01_ex": every} if extended else {})
        voices = [voice.backend(self.url) | voice.models_told() for voice in listed]
        return json_answer({"voices": voices, "languageMap": every, "languageMaps": maps})

    async def _preview(self, call: Call) -> Answer:
        voice = _VOICES.get(call.match["voice_id"])
        if voice is None or self.behaviour.contract is Contract.PORTAL:
            return self.not_found(call)
        sound = await self.sound(
            voice.sample_text, sample_rate=DEFAULT_RATE, voice=voice.voice_id, language=voice.language
        )
        return Answer(content_type="audio/mpeg", body=await self.encoded(sound, Container.MP3))

    async def _read_quota(self, call: Call) -> Answer:
        if not self.behaviour.current:
            return self.not_found(call)
        user = self._accounts.user(call)
        subscription = {
            "subscription_tier": self.behaviour.tier.value,
            "subscription_start": None,
            "subscription_end": None,
            "auto_renew": False,
        }
        return answers.tagged(
            call,
            {
                "code": "success",
                "user": {"id": user.user_id, "email": user.email},
                "quota": self._accounts.quota(user) | subscription,
            },
        )

    async def _config(self, call: Call) -> Answer:
        if not self.behaviour.current:
            return self.not_found(call)
        return json_answer({"supabaseUrl": self.url, "supabasePublishableKey": PUBLIC_KEY, "authRedirectUrl": self.url})

    async def _health(self, call: Call) -> Answer:
        timestamp = self.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return json_answer({"status": "ok", "port": call.request.url.port, "timestamp": timestamp})

    # The sign-in service

    async def _token(self, call: Call) -> Answer:
        _check_public_key(call)
        try:
            return json_answer(self._granted(call.query.get("grant_type"), read_object(call, self.behaviour.max_body)))
        except SignInError as error:
            return answers.sign_in_refused(error, older=self.behaviour.older_sign_in_errors)

    def _granted(self, grant_type: str | None, body: Mapping[str, object]) -> Mapping[str, object]:
        match grant_type:
            case "password":
                return self._sign_in.by_password(body.get("email"), body.get("password"))
            case "refresh_token":
                return self._sign_in.by_refresh_token(body.get("refresh_token"))
            case _:
                raise SignInError("invalid_credentials", "unsupported_grant_type")

    async def _logout(self, call: Call) -> Answer:
        _check_public_key(call)
        self.sign_out(self._accounts.user(call))
        return Answer(status=204, content_type=None)


def _check_public_key(call: Call) -> None:
    key = call.headers.get("apikey")
    if key != PUBLIC_KEY:
        raise Refusal(answers.gateway_refused(key))
