"""Sarvam keeps pronunciation dictionaries, and a voice speaks by the one that it names."""

from collections.abc import AsyncGenerator
import json
from typing import Any

from aiohttp import ClientSession, web
import pytest

from custom_components.streaming_tts.providers.capabilities import Dictionaries, Reason, ServiceRejection
from custom_components.streaming_tts.providers.sarvam import Sarvam
from custom_components.streaming_tts.providers.types import Credentials, Failure, Transport, Voice
from tests.emulator.sarvam import Sarvam as Service
from tests.emulator.settings import Settings
from tests.emulator.sound import tone

from .tools import KEY, PCM, failure, line, said, serving, spoken

PATH = "/text-to-speech/pronunciation-dictionary"
PATHS = {
    Transport.WEBSOCKET: "/text-to-speech/ws",
    Transport.STREAM: "/text-to-speech/stream",
    Transport.BODY: "/text-to-speech",
}
WORDS = {"hi-IN": {"B2B": "B to B"}, "or-IN": {"HA": "Home Assistant"}}


@pytest.fixture
async def service(settings: Settings, socket_enabled: None) -> AsyncGenerator[Service]:
    """Return the emulated service."""
    async with Service(settings) as service:
        yield service


@pytest.fixture
def provider(service: Service, session: ClientSession) -> Sarvam:
    """Return an account at it."""
    return Sarvam(session, Credentials(key=KEY), base_url=service.url)


def at(url: str, session: ClientSession) -> Sarvam:
    """Return an account at another address."""
    return Sarvam(session, Credentials(key=KEY), base_url=url)


def voice_of(dictionary_id: str, model: str = "bulbul:v3", voice_id: str = "shubh", language: str = "hi-IN") -> Voice:
    """Return a voice that speaks by a dictionary."""
    settings = {"dict_id": dictionary_id} if dictionary_id else {}
    return Voice.of(voice_id=voice_id, model=model, language=language, settings=settings)


async def test_a_dictionary_is_made_read_extended_and_deleted(provider: Sarvam) -> None:
    """Its languages are BCP 47 tags on this side, whatever the service calls them."""
    assert isinstance(provider, Dictionaries)
    assert await provider.dictionaries() == ()

    made = await provider.create_dictionary(WORDS)
    assert await provider.dictionaries() == (made,)
    assert await provider.dictionary(made) == WORDS

    changed = await provider.update_dictionary(made, {"hi-IN": {"TTS": "T T S"}})
    assert changed["hi-IN"]["TTS"] == "T T S"
    assert (await provider.dictionary(made))["hi-IN"] == {"B2B": "B to B", "TTS": "T T S"}

    await provider.delete_dictionary(made)
    assert await provider.dictionaries() == ()


async def test_a_dictionary_is_sent_as_a_file(provider: Sarvam, session: ClientSession) -> None:
    """Of JSON, in the part that the service wants (docs/dev/protocols.md B6)."""
    seen: list[tuple[str, dict[str, str], str | None, str | None, object]] = []

    async def handle(request: web.Request) -> web.Response:
        form = await request.post()
        file = form["file"]
        assert isinstance(file, web.FileField)
        content = json.loads(file.file.read())
        seen.append((request.method, dict(request.query), file.filename, file.content_type, content))
        return web.json_response({"dictionary_id": "p_1", "updated_pronunciations": {}})

    async with serving(handle) as url:
        await at(url, session).create_dictionary(WORDS)
        await at(url, session).update_dictionary("p_1", {"en-IN": {"A&B": "एण्ड"}, "hi-IN": {}})

    content = {"pronunciations": {"hi-IN": {"B2B": "B to B"}, "od-IN": {"HA": "Home Assistant"}}}
    assert seen == [
        ("POST", {}, "dictionary.json", "application/json", content),
        (
            "PUT",
            {"dict_id": "p_1"},
            "dictionary.json",
            "application/json",
            {"pronunciations": {"en-IN": {"A&B": "एण्ड"}}},
        ),
    ]


@pytest.mark.parametrize("transport", Transport)
@pytest.mark.parametrize(("model", "speaker"), [("bulbul:v3", "shubh"), ("bulbul:v4-flash", "ritu_hi_kids")])
async def test_a_voice_speaks_by_its_dictionary(
    provider: Sarvam, transport: Transport, model: str, speaker: str
) -> None:
    """Over every transport, with every model that knows of dictionaries."""
    made = await provider.create_dictionary(WORDS)
    voice = voice_of(made, model, speaker)

    heard = await said(provider, transport, voice, "A B2B deal.")

    assert heard == tone("A B to B deal.", PCM.sample_rate, voice=speaker)


async def test_another_dictionary_is_another_voice_on_the_same_socket(provider: Sarvam, service: Service) -> None:
    """It's sent before the text."""
    first = await provider.create_dictionary(WORDS)
    second = await provider.create_dictionary({"hi-IN": {"B2B": "be to be"}})
    connection = await line(provider, Transport.WEBSOCKET, voice_of(first))

    heard = [await spoken(connection, voice_of(each), "B2B") for each in (first, second, "")]
    await connection.close()

    texts = ("B to B", "be to be", "B2B")
    assert heard == [tone(text, PCM.sample_rate, voice="shubh") for text in texts]
    assert len(service.asked(PATHS[Transport.WEBSOCKET])) == 1


def test_a_dictionary_is_a_setting_of_the_models_that_have_it() -> None:
    """It's part of the voice: equal voices have equal audio."""
    having = {model.model_id for model in Sarvam.models if Sarvam.dictionary_setting in model.settings}

    assert having == {"bulbul:v3", "bulbul:v4-flash"}
    assert voice_of("p_1") != voice_of("p_2")
    assert Sarvam.dictionary_setting.default == ""


@pytest.mark.parametrize("transport", Transport)
async def test_a_dictionary_that_is_gone_is_named(provider: Sarvam, transport: Transport) -> None:
    """By the setting that names it."""
    error = await failure(said(provider, transport, voice_of("p_00000000")))

    assert (error.failure, error.setting) == (Failure.INPUT, "dict_id")


async def test_an_account_has_room_for_so_many_dictionaries(provider: Sarvam) -> None:
    """The eleventh is refused."""
    for _ in range(provider.most_dictionaries):
        await provider.create_dictionary(WORDS)

    error = await failure(provider.create_dictionary(WORDS))

    assert isinstance(error, ServiceRejection)
    assert error.reason is Reason.DICTIONARY_LIMIT


async def test_a_dictionary_has_room_for_so_many_words(provider: Sarvam, service: Service) -> None:
    """Too many are not sent; whether they are too many with those that are there, the service knows."""
    full = {"en-IN": {f"w{number}": "word" for number in range(provider.most_words)}}
    made = await provider.create_dictionary(full)
    requests = len(service.asked(PATH))

    unsent = await failure(provider.create_dictionary(full | {"hi-IN": {"one": "more"}}))
    assert len(service.asked(PATH)) == requests
    sent = await failure(provider.update_dictionary(made, {"hi-IN": {"one": "more"}}))

    assert [getattr(error, "reason", None) for error in (unsent, sent)] == [Reason.DICTIONARY_LIMIT] * 2


async def test_a_dictionary_may_be_so_large(provider: Sarvam, service: Service) -> None:
    """A larger one is not sent."""
    error = await failure(provider.create_dictionary({"en-IN": {"word": "a" * 1_000_000}}))

    assert isinstance(error, ServiceRejection)
    assert error.reason is Reason.TOO_LARGE
    assert service.asked(PATH) == []


@pytest.mark.parametrize("nothing", [{}, {"en-IN": {}}])
async def test_a_dictionary_has_words(provider: Sarvam, nothing: dict[str, dict[str, str]]) -> None:
    """One without is not sent."""
    assert (await failure(provider.create_dictionary(nothing))).failure is Failure.INPUT


async def test_a_language_that_the_service_does_not_have_is_an_input(provider: Sarvam) -> None:
    """As it is in speech."""
    assert (await failure(provider.create_dictionary({"de-DE": {"a": "b"}}))).failure is Failure.INPUT


@pytest.mark.parametrize("dictionary_id", ["p_00000000", "", "..", "a/b"])
async def test_a_dictionary_that_there_is_not(provider: Sarvam, dictionary_id: str) -> None:
    """Whether it could be one or not."""
    attempts = (
        provider.dictionary(dictionary_id),
        provider.update_dictionary(dictionary_id, WORDS),
        provider.delete_dictionary(dictionary_id),
    )

    errors = [await failure(attempt) for attempt in attempts]

    assert [getattr(error, "reason", None) for error in errors] == [Reason.NOT_FOUND] * 3


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, {"detail": "Dictionary limit exceeded"}, Reason.DICTIONARY_LIMIT),
        (422, {"error": {"code": "invalid_request_error", "message": "Too many words"}}, Reason.DICTIONARY_LIMIT),
        (413, {"error": {"code": "invalid_request_error", "message": "File size"}}, Reason.TOO_LARGE),
        (413, None, Reason.TOO_LARGE),
        (404, {"error": {"code": "not_found_error", "message": "No such dictionary"}}, Reason.NOT_FOUND),
        (404, {"detail": "Not Found"}, Reason.NOT_OFFERED),
        (405, {"detail": "Method Not Allowed"}, Reason.NOT_OFFERED),
    ],
)
async def test_a_refusal_has_a_reason_in_every_shape(
    session: ClientSession, status: int, body: dict[str, Any] | None, reason: Reason
) -> None:
    """Proxies and older parts of the service have shapes of their own (docs/dev/protocols.md B5)."""

    async def handle(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(text="No", status=status) if body is None else web.json_response(body, status=status)

    async with serving(handle) as url:
        error = await failure(at(url, session).create_dictionary(WORDS))

    assert isinstance(error, ServiceRejection)
    assert error.reason is reason


@pytest.mark.parametrize(
    ("fault", "options", "expected"),
    [
        ("status", {"status": 400}, Failure.INPUT),
        ("status", {"status": 403}, Failure.AUTH),
        ("status", {"status": 429}, Failure.RATE),
        ("status", {"status": 500}, Failure.SERVER),
        ("reset", {}, Failure.UNREACHABLE),
        ("truncate", {"after_bytes": 3}, Failure.BROKEN),
        ("content_type", {}, Failure.BROKEN),
        ("malformed_json", {}, Failure.BROKEN),
    ],
)
async def test_other_failures_are_the_usual_ones(
    provider: Sarvam, service: Service, fault: str, options: dict[str, Any], expected: Failure
) -> None:
    """Whatever was asked."""
    service.add_fault(fault, PATH, times=-1, **options)

    errors = [
        await failure(attempt)
        for attempt in (
            provider.dictionaries(),
            provider.dictionary("p_1"),
            provider.create_dictionary(WORDS),
            provider.update_dictionary("p_1", WORDS),
            provider.delete_dictionary("p_1"),
        )
    ]

    assert [(error.failure, isinstance(error, ServiceRejection)) for error in errors] == [(expected, False)] * 5


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"dictionaries": None, "dictionary_id": 7, "pronunciations": [], "updated_pronunciations": "x"},
        {"success": False},
    ],
)
async def test_an_answer_that_tells_nothing_is_broken(session: ClientSession, body: dict[str, Any]) -> None:
    """Rather than an empty dictionary."""

    async def handle(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response(body | {"success": False})

    async with serving(handle) as url:
        provider = at(url, session)
        attempts = (
            provider.dictionaries(),
            provider.dictionary("p_1"),
            provider.create_dictionary(WORDS),
            provider.update_dictionary("p_1", WORDS),
            provider.delete_dictionary("p_1"),
        )
        failures = [(await failure(attempt)).failure for attempt in attempts]

    assert failures == [Failure.BROKEN] * 5


async def test_what_is_no_word_is_left_out(session: ClientSession) -> None:
    """Unknown fields are ignored."""

    async def handle(request: web.Request) -> web.Response:
        return web.json_response(
            {
                "dictionaries": ["p_1", 7, None, ""],
                "pronunciations": {"od-IN": {"a": "b", "c": 7}, "hi-IN": None, "xx": {}},
                "more": True,
            }
        )

    async with serving(handle) as url:
        assert await at(url, session).dictionaries() == ("p_1",)
        assert await at(url, session).dictionary("p_1") == {"or-IN": {"a": "b"}, "xx": {}}
