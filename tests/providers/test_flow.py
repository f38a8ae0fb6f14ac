"""Flow TTS speaks: both contracts, both transports, every dialect; its voices, limits and price."""

from collections.abc import AsyncGenerator
from typing import Any

import aiohttp
import pytest

from custom_components.streaming_tts.providers import PROVIDERS
from custom_components.streaming_tts.providers.flow_tts import FlowTTS
from custom_components.streaming_tts.providers.transport.trace import RequestTrace
from custom_components.streaming_tts.providers.types import (
    AudioFormat,
    Charge,
    Credentials,
    Failure,
    Gender,
    Limits,
    ProviderError,
    Transport,
)
from tests.emulator.flow import Flow
from tests.emulator.flow_settings import Contract, Dialect, Ending, Release
from tests.emulator.settings import Settings
from tests.emulator.sound import tone

from .flow_help import (
    BODY_PATH,
    PCM,
    SPEECH,
    STREAM_PATH,
    TEXT,
    VOICE_ID,
    Notebook,
    answering,
    pieces_of,
    spoken,
    trial_of,
    voice,
)

CONTRACTS = [
    pytest.param({"contract": Contract.PORTAL}, id="portal"),
    pytest.param({"contract": Contract.BACKEND, "release": Release.JUNE}, id="backend-june"),
    pytest.param({"contract": Contract.BACKEND, "release": Release.HEAD}, id="backend-head"),
]
HEAD = {"contract": Contract.BACKEND, "release": Release.HEAD}


@pytest.fixture
async def service(socket_enabled: None) -> AsyncGenerator[Flow]:
    """Run the emulator."""
    async with Flow(Settings()) as flow:
        yield flow


@pytest.fixture
def flow(service: Flow, session: aiohttp.ClientSession, notebook: Notebook) -> FlowTTS:
    """Return an account at the emulator."""
    return FlowTTS(session, trial_of(service), base_url=service.url, observer=notebook, now=service.clock.now)


def test_the_registry_knows_it() -> None:
    """It is offered by its key."""
    assert PROVIDERS["flow_tts"] is FlowTTS
    assert FlowTTS.name == "Flow TTS"
    assert FlowTTS.transports == SPEECH
    assert FlowTTS.limits == Limits(per_minute=60)
    assert FlowTTS.charges_failures


@pytest.mark.parametrize("transport", SPEECH)
@pytest.mark.parametrize("behaviour", CONTRACTS)
async def test_every_sample_of_a_text_arrives(
    service: Flow, flow: FlowTTS, behaviour: dict[str, Any], transport: Transport
) -> None:
    """Whichever contract answers, and however."""
    service.configure(**behaviour)

    assert await spoken(flow, transport) == tone(TEXT, 24000, voice=VOICE_ID)


@pytest.mark.parametrize("comments", [False, True])
@pytest.mark.parametrize("pretty_events", [False, True])
@pytest.mark.parametrize("stream_header", [False, True])
@pytest.mark.parametrize("ending", Ending)
@pytest.mark.parametrize("dialect", Dialect)
async def test_every_dialect_of_the_stream_is_understood(
    service: Flow,
    flow: FlowTTS,
    *,
    dialect: Dialect,
    ending: Ending,
    stream_header: bool,
    pretty_events: bool,
    comments: bool,
) -> None:
    """Types, IDs, ends, headers, comments, and line breaks differ; the audio doesn't."""
    service.configure(
        dialect=dialect, ending=ending, stream_header=stream_header, pretty_events=pretty_events, comments=comments
    )

    assert await spoken(flow, Transport.STREAM) == tone(TEXT, 24000, voice=VOICE_ID)


async def test_a_stream_is_handed_on_as_it_arrives(service: Flow, flow: FlowTTS) -> None:
    """In pieces of whole samples."""
    service.configure(chunk_duration=0.05, realtime_factor=10.0)

    pieces = await pieces_of(flow, Transport.STREAM)

    assert len(pieces) > 1
    assert all(piece and len(piece) % 2 == 0 for piece in pieces)


@pytest.mark.parametrize("transport", SPEECH)
@pytest.mark.parametrize("contract", Contract)
async def test_settings_are_heard_in_both_contracts(
    service: Flow, flow: FlowTTS, contract: Contract, transport: Transport
) -> None:
    """The body is readable to both."""
    service.configure(contract=contract)

    sound = await spoken(flow, transport, of=voice(speed=2.0, pitch=-3))

    assert sound == tone(TEXT, 24000, voice=f"{VOICE_ID} -3", speed=2.0)


async def test_an_emotion_is_heard_where_the_model_has_it(service: Flow, flow: FlowTTS) -> None:
    """The backend's newest commit knows emotions of one model."""
    service.configure(**HEAD)

    sound = await spoken(flow, Transport.BODY, of=voice(model="flow_01_ex", emotion="happy"))

    assert sound == tone(TEXT, 24000, voice=f"{VOICE_ID} happy")


async def test_one_body_speaks_to_both_contracts(service: Flow, flow: FlowTTS) -> None:
    """The body has the portal's nested and the backend's flat fields."""
    await spoken(flow, Transport.STREAM, of=voice(volume=2, pitch=3.0))

    assert service.asked(STREAM_PATH)[0].body == {
        "text": TEXT,
        "ttsConfig": {
            "TTSType": "flow",
            "VoiceId": VOICE_ID,
            "Model": "flow_01_turbo",
            "Speed": 1.0,
            "Volume": 2,
            "Pitch": 3,
            "Language": "en",
        },
        "voiceId": VOICE_ID,
        "model": "flow_01_turbo",
        "language": "en",
        "format": "pcm",
        "sampleRate": 24000,
        "speed": 1.0,
        "volume": 2,
        "pitch": 3,
    }


@pytest.mark.parametrize(
    ("tag", "wire"),
    [
        ("zh", "zh"),
        ("zh-CN", "zh"),
        ("zh-TW", "zh"),
        ("zh-HK", "yue"),
        ("zh-Hant-HK", "yue"),
        ("yue", "yue"),
        ("en-US", "en"),
        ("en-GB", "en"),
        ("ja-JP", "ja"),
        ("ko-KR", "ko"),
    ],
)
async def test_the_language_is_always_sent_in_the_words_of_the_service(
    service: Flow, flow: FlowTTS, tag: str, wire: str
) -> None:
    """Hong Kong speaks Cantonese."""
    await spoken(flow, Transport.STREAM, of=voice(language=tag))

    body = service.asked(STREAM_PATH)[0].body
    assert (body["language"], body["ttsConfig"]["Language"]) == (wire, wire)


@pytest.mark.parametrize("transport", SPEECH)
@pytest.mark.parametrize(
    ("of", "text", "setting"),
    [
        (voice(speed=2.1), TEXT, "speed"),
        (voice(speed="fast"), TEXT, "speed"),
        (voice(speed=True), TEXT, "speed"),
        (voice(speed=float("nan")), TEXT, "speed"),
        (voice(speed=10**400), TEXT, "speed"),
        (voice(volume=0), TEXT, "volume"),
        (voice(pitch=13), TEXT, "pitch"),
        (voice(model="flow_01_ex", emotion="bored"), TEXT, "emotion"),
        (voice(), " ", "text"),
        (voice(), "a" * 5001, "text"),
        (voice(), "\N{GRINNING FACE}" * 2501, "text"),
    ],
)
async def test_what_the_service_would_refuse_is_refused_without_spending(
    service: Flow, flow: FlowTTS, *, of: Any, text: str, setting: str, transport: Transport
) -> None:
    """A bad request costs a point there."""
    with pytest.raises(ProviderError) as caught:
        await spoken(flow, transport, text, of)

    assert (caught.value.failure, caught.value.setting) == (Failure.INPUT, setting)
    assert caught.value.charged == Charge()
    assert service.asked("/api/tts") == []


@pytest.mark.parametrize("text", ["a" * 5000, "\N{GRINNING FACE}" * 2500], ids=["letters", "emoji"])
async def test_a_text_at_the_limit_is_spoken(flow: FlowTTS, text: str) -> None:
    """The service counts UTF-16 code units."""
    assert flow.length(text) == flow.max_characters(voice()) == 5000
    assert await spoken(flow, Transport.STREAM, text)


async def test_a_format_that_is_not_offered_is_not_asked_for(service: Flow, flow: FlowTTS) -> None:
    """Only the one rate is the same in all deployments."""
    assert flow.pcm_rates == (24000,)
    audio_format = AudioFormat(sample_rate=16000)

    with pytest.raises(ProviderError) as caught:
        await anext(flow.speak(voice(), audio_format, TEXT, RequestTrace()))

    assert caught.value.failure is Failure.INPUT
    assert service.asked("/api/tts") == []


def test_a_request_costs_one_point(http_less_flow: FlowTTS) -> None:
    """However long it is."""
    assert http_less_flow.price(voice(), TEXT) == Charge(points=1, requests=1, characters=len(TEXT))


@pytest.fixture
async def http_less_flow(session: aiohttp.ClientSession) -> FlowTTS:
    """Return an account that is not to be spoken to."""
    return FlowTTS(session, Credentials(key="token"))


async def test_a_connection_is_opened_ahead_for_free(service: Flow, flow: FlowTTS) -> None:
    """The socket that the health was asked over carries the speech."""
    await flow.touch()
    assert [request.path for request in service.requests] == ["/health"]

    assert await spoken(flow, Transport.STREAM)

    assert service.connections_made == 1


@pytest.mark.parametrize(("fault", "options"), [("status", {"status": 503}), ("content_type", {}), ("garbage", {})])
async def test_an_ailing_health_is_no_reason_not_to_speak(
    service: Flow, flow: FlowTTS, fault: str, options: dict[str, Any]
) -> None:
    """Whether the service speaks is known when it is asked to."""
    service.add_fault(fault, "/health", **options)

    await flow.touch()
    assert await spoken(flow, Transport.STREAM)


async def test_a_service_that_is_away_is_known_ahead(service: Flow, flow: FlowTTS) -> None:
    """Nothing was spent on it."""
    service.add_fault("reset", "/health", times=-1)

    with pytest.raises(ProviderError) as caught:
        await flow.touch()

    assert (caught.value.failure, caught.value.charged) == (Failure.UNREACHABLE, Charge())


async def test_there_is_no_websocket(flow: FlowTTS) -> None:
    """None is documented."""
    with pytest.raises(NotImplementedError):
        await flow.open_socket(voice())


@pytest.mark.parametrize("transport", SPEECH)
async def test_requests_follow_each_other_over_one_socket(service: Flow, flow: FlowTTS, transport: Transport) -> None:
    """With different voices."""
    for voice_id in (VOICE_ID, "male-qn-qingse", VOICE_ID):
        assert await spoken(flow, transport, of=voice(voice_id)) == tone(TEXT, 24000, voice=voice_id)

    assert service.connections_made == 1


@pytest.mark.parametrize("transport", SPEECH)
async def test_giving_up_early_frees_the_socket(service: Flow, flow: FlowTTS, transport: Transport) -> None:
    """Without a listener, nothing more is fetched."""
    service.configure(chunk_duration=0.02, realtime_factor=20.0)
    sound = flow.speak(voice(), PCM, TEXT * 10, RequestTrace(), whole=transport is Transport.BODY)
    assert await anext(sound)

    await sound.aclose()

    assert await spoken(flow, transport) == tone(TEXT, 24000, voice=VOICE_ID)


@pytest.mark.parametrize("behaviour", CONTRACTS)
async def test_the_catalogue_is_the_same_in_every_contract(
    service: Flow, flow: FlowTTS, behaviour: dict[str, Any]
) -> None:
    """Genders and languages are written in the same way, and everything that is asked for finds its voices."""
    service.configure(**behaviour)

    voices = {found.voice_id: found for found in await flow.voices()}

    amy = voices[VOICE_ID]
    assert amy.gender is Gender.FEMALE
    assert {"en", "en-US", "en-GB"} <= set(amy.languages)
    assert {"zh", "zh-CN"} <= set(voices["v-female-R2s4N9qJ"].languages)
    assert {"yue", "zh-HK"} <= set(voices["v-yue-female-ling"].languages)
    spoken_by = {model.model_id: set(model.languages) for model in flow.models}
    for found in voices.values():
        assert set(found.languages) <= set().union(*(spoken_by[model] for model in found.models or spoken_by))
    assert "Authorization" not in service.asked("/api/tts/voices")[0].headers


async def test_the_portal_tells_regions_first(flow: FlowTTS) -> None:
    """A British voice is British before it is English."""
    voices = {found.voice_id: found for found in await flow.voices()}

    assert voices["v-en-male-brian"].languages == ("en-GB", "en", "en-US")


async def test_the_backend_tells_more_of_its_voices(service: Flow, flow: FlowTTS) -> None:
    """Names in English, samples, styles; the extended library too."""
    service.configure(**HEAD)

    voices = {found.voice_id: found for found in await flow.voices()}

    child = voices["v-zh-child-dou"]
    assert child.name == "豆豆 (Dou Dou)"
    assert child.styles == ("lively", "high")
    assert child.preview_url == f"{service.url}/previews/v-zh-child-dou.mp3"


async def test_own_voices_come_first(session: aiohttp.ClientSession) -> None:
    """A list with all possible errors: entries without an ID are skipped."""
    body = b"""{"code": "success", "voices": [
        null, 7, {}, {"id": 7}, {"id": "x", "language": "de-DE", "gender": "Robot", "previewUrl": "http://[::1"},
        {"id": "y", "name": "Y", "gender": "Neutral", "previewUrl": "ftp://example.com", "language": "not a tag", "supportedLanguages": ["ja", "ja-JP", 7]},
        {"voice_id": "clone-1", "voice_name": "Me", "model": "flow_01_ex", "description": "My voice"},
        {"voice_id": "clone-2", "model": "flow_99"}
    ]}"""  # noqa: E501
    async with answering(body, "application/json") as url:
        voices = await FlowTTS(session, Credentials(key="token"), base_url=url).voices()

    assert [(found.voice_id, found.name, found.own) for found in voices] == [
        ("clone-1", "Me", True),
        ("clone-2", "clone-2", True),
        ("x", "x", False),
        ("y", "Y", False),
    ]
    assert [found.models for found in voices[:2]] == [("flow_01_ex",), ()]
    assert [found.languages for found in voices[2:]] == [("de-DE",), ("ja", "ja-JP")]
    assert [found.gender for found in voices[2:]] == [None, Gender.NEUTRAL]
    assert [found.preview_url for found in voices] == [None] * 4


@pytest.mark.parametrize("body", [b"[]", b'{"voices": 7}', b'{"voices": null}', b"{}", b"{", b"[" * 100_000])
async def test_a_catalogue_that_is_none_is_broken(session: aiohttp.ClientSession, body: bytes) -> None:
    """Better the old catalogue than an empty one."""
    async with answering(body, "application/json") as url:
        with pytest.raises(ProviderError) as caught:
            await FlowTTS(session, Credentials(key="token"), base_url=url).voices()

    assert caught.value.failure is Failure.BROKEN


async def test_a_failure_in_the_list_of_own_voices_is_not_hidden(service: Flow, flow: FlowTTS) -> None:
    """Otherwise the account's own voices would seem to be gone."""
    service.add_fault("status", "/api/voice/list", status=500)

    with pytest.raises(ProviderError) as caught:
        await flow.voices()

    assert caught.value.failure is Failure.SERVER


async def test_only_one_point_is_spent_for_a_text(service: Flow, flow: FlowTTS, notebook: Notebook) -> None:
    """And the whole body says so."""
    await spoken(flow, Transport.STREAM)
    await spoken(flow, Transport.BODY)

    assert [(quota.limit, quota.used, quota.remaining) for quota in notebook.quotas] == [(100, 2, 98)]
    assert len(service.asked(STREAM_PATH)) == 1
    assert len(service.asked(BODY_PATH)) == 2  # Its path begins the other's.
