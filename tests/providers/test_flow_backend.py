"""Flow TTS at the backend of August 2026 (docs/dev/protocols.md C2): prices, pools, languages, models, long clones."""

from collections.abc import AsyncGenerator
import json
from typing import Any

from aiohttp import ClientSession
import pytest

from custom_components.streaming_tts.providers.capabilities import Reason, ServiceRejection
from custom_components.streaming_tts.providers.flow_tts import FlowTTS
from custom_components.streaming_tts.providers.types import (
    AccountProblem,
    Charge,
    Credentials,
    Failure,
    Timeouts,
    Transport,
)
from tests.emulator.flow import USERS, Flow
from tests.emulator.settings import Settings
from tests.emulator.sound import tone

from .flow_help import BODY_PATH, STREAM_PATH, TEXT, Notebook, answering, credentials_of, spoken, trial_of, voice
from .recordings import recording
from .tools import failure

CLONE_PATH = "/api/voice/clone"
EX_VOICE = "Portuguese_Wiselady"


@pytest.fixture
async def backend(socket_enabled: None) -> AsyncGenerator[Flow]:
    """Run the emulator as the backend."""
    async with Flow(Settings(flow_contract="backend")) as service:
        yield service


@pytest.fixture
def flow(backend: Flow, session: ClientSession, notebook: Notebook) -> FlowTTS:
    """Return an account at the backend."""
    return FlowTTS(session, trial_of(backend), base_url=backend.url, observer=notebook, now=backend.clock.now)


def points(flow: FlowTTS) -> int:
    """Return what speech is thought to cost."""
    return flow.price(voice(), TEXT).points


@pytest.mark.parametrize("transport", FlowTTS.transports)
async def test_the_price_is_learned_from_the_first_answer(flow: FlowTTS, transport: Transport) -> None:
    """Its headers have the price."""
    assert points(flow) == 1

    await spoken(flow, transport)

    assert points(flow) == 100
    assert flow.clone_price == Charge(points=10, requests=1)


async def test_a_clone_has_a_price_of_its_own(flow: FlowTTS) -> None:
    """That of speech stays as it was."""
    await flow.clone(recording(8.0))

    assert (flow.clone_price.points, points(flow)) == (50, 1)


async def test_a_failure_is_charged_at_the_price_that_it_tells(backend: Flow, flow: FlowTTS) -> None:
    """Points are deducted before the work is done."""
    backend.add_fault("status", BODY_PATH, status=500)

    error = await failure(spoken(flow, Transport.BODY))

    assert (error.failure, error.charged) == (Failure.SERVER, Charge(points=100, requests=1))


async def test_the_price_is_learned_from_two_reports(backend: Flow, flow: FlowTTS) -> None:
    """Without headers, bodies have the quota; streams between them have nothing."""
    backend.configure(quota_headers=False)
    await spoken(flow, Transport.BODY)
    assert points(flow) == 1
    await spoken(flow, Transport.STREAM)
    await spoken(flow, Transport.BODY)

    assert points(flow) == 100


async def test_what_another_client_uses_is_not_the_price(backend: Flow, flow: FlowTTS) -> None:
    """The smaller of two differences counts; a higher price is learned with the second."""
    backend.configure(quota_headers=False)
    await spoken(flow, Transport.BODY)
    backend.change_quota({"spend": 700})
    await spoken(flow, Transport.BODY)
    await spoken(flow, Transport.BODY)

    assert points(flow) == 100


async def test_a_request_that_is_not_answered_in_time_is_counted_for_the_price(
    backend: Flow, session: ClientSession
) -> None:
    """Its points were deducted when it arrived; those of a refused request were not."""
    timeouts = Timeouts(first_byte=0.2)
    flow = FlowTTS(session, trial_of(backend), base_url=backend.url, now=backend.clock.now, timeouts=timeouts)
    backend.configure(quota_headers=False)
    await spoken(flow, Transport.BODY)
    backend.configure(ttfb=60)
    late = await failure(spoken(flow, Transport.BODY, "Hi."))
    backend.configure(ttfb=0)
    backend.add_fault("status", BODY_PATH, times=2, status=429)
    refused = await failure(spoken(flow, Transport.BODY))
    await failure(spoken(flow, Transport.BODY))
    await spoken(flow, Transport.BODY)

    assert (late.code, late.charged.points) == ("timeout", 1)
    assert refused.charged == Charge()
    assert points(flow) == 100


async def test_requests_of_two_kinds_between_two_reports_tell_no_price(backend: Flow, flow: FlowTTS) -> None:
    """The price of each is unknown."""
    backend.configure(quota_headers=False)
    await spoken(flow, Transport.BODY)
    backend.configure(quota_in_bodies=False)
    await flow.clone(recording(8.0))
    backend.configure(quota_in_bodies=True)
    await spoken(flow, Transport.BODY)

    assert (points(flow), flow.clone_price.points) == (1, 10)


@pytest.mark.parametrize("headers", [True, False])
async def test_only_a_stream_that_does_not_tell_what_is_left_calls_for_a_body(
    backend: Flow, flow: FlowTTS, *, headers: bool
) -> None:
    """The first request is streamed like any other, because the quota isn't known before."""
    backend.configure(quota_headers=headers)
    assert flow.body_tells_quota is False

    await spoken(flow, Transport.STREAM)

    assert flow.body_tells_quota is not headers


async def test_too_few_credits_are_a_used_up_quota(backend: Flow, flow: FlowTTS, notebook: Notebook) -> None:
    """In the words of today."""
    backend.change_quota({"remaining": 60})

    error = await failure(spoken(flow, Transport.STREAM))

    assert (error.failure, error.charged) == (Failure.QUOTA, Charge())
    assert [quota.remaining for quota in notebook.quotas] == [60]


async def test_an_account_without_email_is_told_so_and_not_renewed(
    backend: Flow, session: ClientSession, notebook: Notebook
) -> None:
    """No other token of it would be accepted."""
    credentials = credentials_of(backend.new_session(USERS[2]))
    flow = FlowTTS(session, credentials, base_url=backend.url, observer=notebook, now=backend.clock.now)

    error = await failure(spoken(flow, Transport.STREAM))

    assert (error.failure, error.problem) == (Failure.AUTH, AccountProblem.ONLY_EMAIL)
    assert [entry.path for entry in backend.asked()] == [STREAM_PATH]


async def test_voices_speak_the_languages_and_models_of_their_entries(flow: FlowTTS) -> None:
    """And only models that have voices are offered."""
    voices = {found.voice_id: found for found in await flow.voices()}

    assert voices["v-zh-female-lan"].models == ("flow_02_turbo", "flow_01_ex")
    assert voices["v-zh-female-lan"].languages == ("zh", "zh-CN", "zh-TW", "en", "en-US", "en-GB", "th")
    assert voices[EX_VOICE].models == ("flow_01_ex",)
    assert voices[EX_VOICE].languages == ("pt",)
    assert [model.model_id for model in flow.models] == ["flow_02_turbo", "flow_01_ex"]
    turbo, ex = flow.models
    assert "pt" in ex.languages
    assert "pt" not in turbo.languages
    assert {"ms", "ar", "id", "th", "vi"} <= set(turbo.languages)


async def told(session: ClientSession, catalogue: dict[str, Any]) -> FlowTTS:
    """Return an account that has loaded a library of no known backend."""
    async with answering(json.dumps(catalogue).encode(), "application/json") as url:
        flow = FlowTTS(session, Credentials(key="token"), base_url=url)
        await flow.voices()
    return flow


async def test_the_maps_of_languages_add_what_no_document_says(session: ClientSession) -> None:
    """Each model has its own map; invalid entries are ignored."""
    flow = await told(
        session,
        {
            "voices": [{"id": "a", "models": ["flow_02_turbo", "flow_01_ex"]}],
            "languageMap": {"sv": {"name": "Svenska", "count": 2}},
            "languageMaps": {
                "flow_01_ex": {"sv": {"name": "Svenska", "count": 2}, "not a tag": 7},
                "flow_02_turbo": [],
            },
        },
    )

    turbo, ex = flow.models
    assert ("sv" in turbo.languages, "sv" in ex.languages) == (False, True)
    assert "not a tag" not in ex.languages


async def test_one_map_of_languages_is_for_all_models_where_entries_name_none(session: ClientSession) -> None:
    """Then nothing distinguishes the models."""
    catalogue = {"voices": [{"id": "a", "language": "sv"}], "languageMap": {"sv": {"count": 1}}}

    flow = await told(session, catalogue)

    assert [model.model_id for model in flow.models] == [model.model_id for model in FlowTTS.models]
    assert all("sv" in model.languages for model in flow.models)


@pytest.mark.parametrize("value", [None, 7, "flow_01_ex", {}, [7, None, "flow_99"]])
async def test_models_of_another_type_are_none(session: ClientSession, value: Any) -> None:
    """Such a voice is taken to speak with all."""
    catalogue = {"voices": [{"id": "a", "models": value, "model": 7}], "languageMap": value}

    async with answering(json.dumps(catalogue).encode(), "application/json") as url:
        flow = FlowTTS(session, Credentials(key="token"), base_url=url)

        assert [found.models for found in await flow.voices()] == [()]


async def test_a_portuguese_voice_is_asked_for_in_portuguese(backend: Flow, flow: FlowTTS) -> None:
    """With its model."""
    of = voice(EX_VOICE, model="flow_01_ex", language="pt")

    assert await spoken(flow, Transport.STREAM, of=of) == tone(TEXT, 24000, voice=EX_VOICE)

    [entry] = backend.asked()
    assert (entry.body["language"], entry.body["model"], entry.body["voiceId"]) == ("pt", "flow_01_ex", EX_VOICE)


async def test_a_minute_can_be_cloned_where_the_backend_is_known(backend: Flow, flow: FlowTTS) -> None:
    """Its recording is sent once, since longer bodies are refused."""
    await flow.voices()
    assert (flow.recording_rules.least_seconds, flow.recording_rules.most_seconds) == (6, 180)

    made = await flow.clone(recording(60.0))

    [entry] = backend.asked(CLONE_PATH)
    body = entry.body
    assert await spoken(flow, Transport.STREAM, of=voice(made.voice_id, model="flow_02_turbo"))
    assert body.keys() == {"audioData", "voiceName", "audioDuration", "description"}
    assert body["audioDuration"] == 60


async def test_what_does_not_fit_into_a_body_is_not_sent(backend: Flow, flow: FlowTTS) -> None:
    """4.3 MB are all that the backend reads."""
    await flow.voices()

    error = await failure(flow.clone(recording(audio=bytes(3_300_000))))

    assert isinstance(error, ServiceRejection)
    assert error.reason is Reason.TOO_LARGE
    assert backend.asked(CLONE_PATH) == []


@pytest.mark.parametrize("charged", [True, False])
async def test_a_length_that_is_refused_is_charged_only_by_who_says_so(
    backend: Flow, flow: FlowTTS, *, charged: bool
) -> None:
    """Today's backend looks at the length first; June's charged before, and said what was left."""
    backend.configure(release="june" if charged else "head")
    backend.add_fault(
        "status",
        CLONE_PATH,
        status=400,
        code="invalid_audio_duration",
        message="Audio duration must be between 6 and 180 seconds",
    )

    error = await failure(flow.clone(recording(5.0)))

    assert isinstance(error, ServiceRejection)
    assert (error.reason, error.charged.points) == (Reason.TOO_SHORT, 10 if charged else 0)
