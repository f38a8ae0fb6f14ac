"""Flow TTS at the backend of August 2026 (protocols C2, HEAD): prices, pools, languages and models, long clones."""

from base64 import b64encode
from collections.abc import AsyncGenerator, Callable
import json
from typing import Any

from aiohttp import ClientSession, web
import pytest

from custom_components.streaming_tts.providers.capabilities import Reason, ServiceRejection
from custom_components.streaming_tts.providers.flow_tts import FlowTTS
from custom_components.streaming_tts.providers.types import AccountProblem, Charge, Credentials, Failure, Transport

from .flow_help import BODY_PATH, STREAM_PATH, TEXT, Notebook, spoken, voice
from .recordings import recording
from .tools import failure, serving

SOUND = bytes(4800)
CLONE_PATH = "/api/voice/clone"
COST = {STREAM_PATH: 100, BODY_PATH: 100, CLONE_PATH: 50}
TURBO_VOICE = {
    "id": "v-female-1",
    "name": "晴",
    "language": "zh",
    "supportedLanguages": ["zh", "en", "th"],
    "model": "flow_02_turbo",
    "models": ["flow_02_turbo", "flow_01_ex"],
    "provider": "tencent",
}
EX_VOICE = {
    "id": "Portuguese_Wiselady",
    "name": "Wise Lady",
    "language": "pt",
    "supportedLanguages": ["pt"],
    "model": "flow_01_ex",
    "models": ["flow_01_ex"],
    "provider": "minimax",
}


class Backend:
    """Answers like the backend, from a pool of points; a test says what it does otherwise."""

    def __init__(self) -> None:
        """Start with a full pool, and headers."""
        self.used = 0
        self.headers = True
        self.body_tells = True
        self.catalogue: dict[str, Any] = {"voices": [TURBO_VOICE, EX_VOICE]}
        self.asked: list[tuple[str, Any]] = []
        self.refusal: Callable[[str], web.Response | None] = lambda path: None

    def headers_of(self, path: str) -> dict[str, str]:
        """Charge a request, and return what its headers tell."""
        self.used += COST[path]
        if not self.headers:
            return {}
        told = {"Daily": 10_000, "Used": self.used, "Remaining": 10_000 - self.used, "Cost": COST[path]}
        return {f"X-Quota-{name}": str(value) for name, value in told.items()}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a request."""
        path = request.path
        self.asked.append((path, await request.json() if request.can_read_body else None))
        if (refusal := self.refusal(path)) is not None:
            return refusal
        if path in COST:
            return self._metered(path)
        if path == "/api/tts/voices":
            return web.json_response(self.catalogue)
        if path == "/api/voice/list":
            return web.json_response({"code": "success", "voices": []})
        return web.json_response({"code": "not_found", "message": f"Route GET {path} not found"}, status=404)

    def _metered(self, path: str) -> web.Response:
        headers = self.headers_of(path)
        audio = b64encode(SOUND).decode()
        if path == STREAM_PATH:
            event = {"Type": "audio", "RequestId": "r-1", "ChunkId": "c", "Audio": audio, "Seq": 0, "IsEnd": True}
            headers["Content-Type"] = "text/event-stream"
            return web.Response(text=f"data: {json.dumps(event)}\n\n", headers=headers)
        content: dict[str, Any] = {"code": "success", "requestId": "r-2"}
        if self.body_tells:
            content["quota"] = {"daily": 10_000, "used": self.used, "remaining": 10_000 - self.used, "tier": "free"}
        if path == CLONE_PATH:
            return web.json_response({**content, "voiceId": "clone-1", "clonedVoice": None}, headers=headers)
        return web.json_response(
            {**content, "audio": audio, "audioFormat": "wav", "sampleRate": 24000}, headers=headers
        )


@pytest.fixture
def backend() -> Backend:
    """Return the backend."""
    return Backend()


@pytest.fixture
def notebook() -> Notebook:
    """Return someone who writes down."""
    return Notebook()


@pytest.fixture
async def flow(backend: Backend, session: ClientSession, notebook: Notebook) -> AsyncGenerator[FlowTTS]:
    """Return an account at the backend."""
    async with serving(backend.answer) as url:
        yield FlowTTS(session, Credentials(key="token"), base_url=url, observer=notebook)


def points(flow: FlowTTS) -> int:
    """Return what speech is thought to cost."""
    return flow.price(voice(), TEXT).points


@pytest.mark.parametrize("transport", FlowTTS.transports)
async def test_the_price_is_learned_from_the_first_answer(flow: FlowTTS, transport: Transport) -> None:
    """Its headers tell it."""
    assert points(flow) == 1

    await spoken(flow, transport)

    assert points(flow) == 100
    assert flow.clone_price == Charge(points=10, requests=1)


async def test_a_clone_has_a_price_of_its_own(flow: FlowTTS) -> None:
    """That of speech stays as it was."""
    await flow.clone(recording(8.0))

    assert (flow.clone_price.points, points(flow)) == (50, 1)


async def test_a_failure_is_charged_at_the_price_that_it_tells(backend: Backend, flow: FlowTTS) -> None:
    """Points are deducted before the work is done."""
    backend.refusal = lambda path: web.json_response(
        {"code": "tts_failed", "message": "engine"}, status=500, headers=backend.headers_of(path)
    )

    error = await failure(spoken(flow, Transport.BODY))

    assert (error.failure, error.charged) == (Failure.SERVER, Charge(points=100, requests=1))


async def test_the_price_is_learned_from_two_reports(backend: Backend, flow: FlowTTS) -> None:
    """Where there are no headers, bodies tell what was used; streams between them tell nothing."""
    backend.headers = False
    await spoken(flow, Transport.BODY)
    assert points(flow) == 1
    await spoken(flow, Transport.STREAM)
    await spoken(flow, Transport.BODY)

    assert points(flow) == 100


async def test_what_another_client_uses_is_not_the_price(backend: Backend, flow: FlowTTS) -> None:
    """The smaller of two differences counts; a higher price is learned with the second."""
    backend.headers = False
    await spoken(flow, Transport.BODY)
    backend.used += 700
    await spoken(flow, Transport.BODY)
    await spoken(flow, Transport.BODY)

    assert points(flow) == 100


async def test_requests_of_two_kinds_between_two_reports_tell_no_price(backend: Backend, flow: FlowTTS) -> None:
    """Nobody knows which of them cost how much."""
    backend.headers = False
    await spoken(flow, Transport.BODY)
    backend.body_tells = False
    await flow.clone(recording(8.0))
    backend.body_tells = True
    await spoken(flow, Transport.BODY)

    assert (points(flow), flow.clone_price.points) == (1, 10)


@pytest.mark.parametrize("headers", [True, False])
async def test_only_a_stream_that_does_not_tell_what_is_left_calls_for_a_body(
    backend: Backend, flow: FlowTTS, *, headers: bool
) -> None:
    """The first request streams like any other: nobody knows before."""
    backend.headers = headers
    assert flow.body_tells_quota is False

    await spoken(flow, Transport.STREAM)

    assert flow.body_tells_quota is not headers


async def test_too_few_credits_are_a_used_up_quota(backend: Backend, flow: FlowTTS, notebook: Notebook) -> None:
    """In the words of today."""
    words = "Insufficient credits. You have 60 credits remaining, but this operation requires 100 credits."
    backend.refusal = lambda path: web.json_response({"code": "quota_exceeded", "message": words}, status=429)

    error = await failure(spoken(flow, Transport.STREAM))

    assert (error.failure, error.charged) == (Failure.QUOTA, Charge())
    assert [quota.remaining for quota in notebook.quotas] == [60]


async def test_an_account_without_email_is_told_so_and_not_renewed(
    backend: Backend, session: ClientSession, notebook: Notebook
) -> None:
    """No other token of it would be accepted."""
    backend.refusal = lambda path: web.json_response(
        {"code": "unauthorized", "message": "Only email accounts are supported"}, status=401
    )
    async with serving(backend.answer) as url:
        credentials = Credentials(key="token", refresh_token="next", auth_url=f"{url}/auth/v1")
        flow = FlowTTS(session, credentials, base_url=url, observer=notebook)
        error = await failure(spoken(flow, Transport.STREAM))

    assert (error.failure, error.problem) == (Failure.AUTH, AccountProblem.ONLY_EMAIL)
    assert [path for path, _ in backend.asked] == [STREAM_PATH]


async def test_voices_speak_the_languages_and_models_of_their_entries(flow: FlowTTS) -> None:
    """And only models that have voices are offered."""
    voices = {found.voice_id: found for found in await flow.voices()}

    assert voices["v-female-1"].models == ("flow_02_turbo", "flow_01_ex")
    assert voices["v-female-1"].languages == ("zh", "zh-CN", "zh-TW", "en", "en-US", "en-GB", "th")
    assert voices["Portuguese_Wiselady"].models == ("flow_01_ex",)
    assert voices["Portuguese_Wiselady"].languages == ("pt",)
    assert [model.model_id for model in flow.models] == ["flow_02_turbo", "flow_01_ex"]
    turbo, ex = flow.models
    assert "pt" in ex.languages
    assert "pt" not in turbo.languages
    assert {"ms", "ar", "id", "th", "vi"} <= set(turbo.languages)


async def test_the_maps_of_languages_add_what_no_document_says(backend: Backend, flow: FlowTTS) -> None:
    """Each model has its own map; nonsense in it is left out."""
    backend.catalogue |= {
        "languageMap": {"sv": {"name": "Svenska", "count": 2}},
        "languageMaps": {"flow_01_ex": {"sv": {"name": "Svenska", "count": 2}, "not a tag": 7}, "flow_02_turbo": []},
    }
    await flow.voices()

    turbo, ex = flow.models
    assert ("sv" in turbo.languages, "sv" in ex.languages) == (False, True)
    assert "not a tag" not in ex.languages


async def test_one_map_of_languages_is_for_all_models_where_entries_name_none(backend: Backend, flow: FlowTTS) -> None:
    """Nothing tells the models apart then."""
    backend.catalogue = {"voices": [{"id": "a", "language": "sv"}], "languageMap": {"sv": {"count": 1}}}

    await flow.voices()

    assert [model.model_id for model in flow.models] == [model.model_id for model in FlowTTS.models]
    assert all("sv" in model.languages for model in flow.models)


@pytest.mark.parametrize("value", [None, 7, "flow_01_ex", {}, [7, None, "flow_99"]])
async def test_models_of_another_type_are_none(backend: Backend, flow: FlowTTS, value: Any) -> None:
    """Such a voice is taken to speak with all."""
    backend.catalogue = {"voices": [{"id": "a", "models": value, "model": 7}], "languageMap": value}

    assert [found.models for found in await flow.voices()] == [()]


async def test_a_portuguese_voice_is_asked_for_in_portuguese(backend: Backend, flow: FlowTTS) -> None:
    """With its model."""
    of = voice("Portuguese_Wiselady", model="flow_01_ex", language="pt")

    await spoken(flow, Transport.STREAM, of=of)

    [(_, body)] = backend.asked
    assert (body["language"], body["model"], body["voiceId"]) == ("pt", "flow_01_ex", "Portuguese_Wiselady")


async def test_a_minute_can_be_cloned_where_the_backend_is_known(backend: Backend, flow: FlowTTS) -> None:
    """Its recording is sent once, since longer bodies are refused."""
    await flow.voices()
    assert (flow.recording_rules.least_seconds, flow.recording_rules.most_seconds) == (6, 180)

    await flow.clone(recording(60.0))

    _, body = backend.asked[-1]
    assert body.keys() == {"audioData", "voiceName", "audioDuration", "description"}
    assert body["audioDuration"] == 60


async def test_what_does_not_fit_into_a_body_is_not_sent(backend: Backend, flow: FlowTTS) -> None:
    """4.3 MB are all that the backend reads."""
    await flow.voices()
    asked = len(backend.asked)

    error = await failure(flow.clone(recording(audio=bytes(3_300_000))))

    assert isinstance(error, ServiceRejection)
    assert error.reason is Reason.TOO_LARGE
    assert len(backend.asked) == asked


@pytest.mark.parametrize("charged", [True, False])
async def test_a_length_that_is_refused_is_charged_only_by_who_says_so(
    backend: Backend, flow: FlowTTS, *, charged: bool
) -> None:
    """Today's backend looks at the length first; June's charged before, and said what was left."""
    backend.refusal = lambda path: web.json_response(
        {"code": "invalid_audio_duration", "message": "Audio duration must be between 6 and 180 seconds"},
        status=400,
        headers=backend.headers_of(path) if charged else {},
    )

    error = await failure(flow.clone(recording(5.0)))

    assert isinstance(error, ServiceRejection)
    assert (error.reason, error.charged.points) == (Reason.TOO_SHORT, 50 if charged else 0)
