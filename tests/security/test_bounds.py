"""Sizes: what a service sends is bounded before it is kept, unpacked, parsed or searched."""

from collections.abc import Callable
from datetime import UTC, datetime
import gzip
import json
import time
import tracemalloc
from typing import Any
import zlib

from aiohttp import ClientSession, web
import pytest

from custom_components.streaming_tts.providers import markup as inline
from custom_components.streaming_tts.providers.asyncflow import AsyncFlow
from custom_components.streaming_tts.providers.asyncflow.errors import declined, timed_words
from custom_components.streaming_tts.providers.flow_tts.errors import event_error, refusal_error
from custom_components.streaming_tts.providers.flow_tts.voices import library_voices
from custom_components.streaming_tts.providers.sarvam import Sarvam
from custom_components.streaming_tts.providers.sarvam.errors import dictionary_refused, socket_error, voice_refused
from custom_components.streaming_tts.providers.transport import json_values as values
from custom_components.streaming_tts.providers.transport.http import ErrorResponse, exchange
from custom_components.streaming_tts.providers.types import Charge, Credentials, Failure, ProviderError, Timeouts
from custom_components.streaming_tts.speech.text.buffer import TextBuffer, TextRules
from tests.providers.tools import failure, serving
from tests.tables import each_row

MIB = 1024 * 1024
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def bomb(encoding: str) -> bytes:
    """Return 64 MiB of zeros, packed into some 64 KiB."""
    if encoding == "gzip":
        return gzip.compress(bytes(64 * MIB))
    return zlib.compress(bytes(64 * MIB))


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
@pytest.mark.parametrize("status", [200, 400])
async def test_a_packed_answer_is_unpacked_only_as_far_as_it_may_go(
    session: ClientSession, encoding: str, status: int
) -> None:
    """The limit is that of the unpacked answer, and memory never holds much more."""
    body = bomb(encoding)

    async def answer(_request: web.Request) -> web.Response:
        headers = {"Content-Encoding": encoding, "Content-Type": "application/json"}
        return web.Response(body=body, headers=headers, status=status)

    async def asked(url: str) -> None:
        async with exchange(session, "GET", url, Timeouts()) as answer:
            await answer.json()

    async with serving(answer) as url:
        tracemalloc.start()
        try:
            error = await failure(asked(url))
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert (error.failure, error.code) in [(Failure.BROKEN, "too_long"), (Failure.INPUT, "http_400")]
    assert most < 24 * MIB


@pytest.mark.parametrize("part", ["[],", "{},", "0,", '"",'])
def test_an_answer_of_too_many_values_is_not_even_parsed(part: str) -> None:
    """A value takes up far more memory than it is written with."""
    text = '{"a":[' + part * 300_000 + "0]}"
    for form in (text, text.encode()):
        with pytest.raises(ProviderError) as refused:
            values.parse_object(form)
        assert refused.value.code == "too_long"


def test_sound_is_no_answer_of_many_values() -> None:
    """There are no commas in base64."""
    assert values.parse_object(json.dumps({"audio": "AAAA" * MIB}))


async def test_a_catalogue_keeps_no_more_than_its_pages_and_sane_words(session: ClientSession) -> None:
    """However many voices a page has, and however long their names are."""
    voices = [{"voice_id": f"v{number}", "name": "n\n" * 1000, "description": "d" * 5000} for number in range(300)]
    voices += [{"voice_id": "v" * 1000, "name": "n"}, {"voice_id": "v\r\n1", "name": "n"}]

    async def page(_request: web.Request) -> web.Response:
        return web.json_response({"voices": voices[::-1], "next_cursor": ""})

    async with serving(page) as url:
        provider = AsyncFlow(session, Credentials(key="k"), base_url=url)
        found = await provider.voices()
    assert len(found) <= 100
    assert max(len(voice.voice_id) for voice in found) <= values.MAX_ID_CHARACTERS
    assert max(len(voice.name) for voice in found) <= values.MAX_NAME_CHARACTERS
    assert max(len(voice.description or "") for voice in found) <= values.MAX_DESCRIPTION_CHARACTERS
    assert [voice.name for voice in found if "\n" in voice.name] == []


def test_a_library_keeps_sane_words_too() -> None:
    """That of Flow TTS comes in one answer."""
    content = {"voices": [{"id": "v", "name": "n" * 5000, "description": "d" * 5000}, {"id": "w" * 500, "name": "n"}]}
    (voice,) = library_voices(content, "https://api.example.com", ())
    assert len(voice.name) <= values.MAX_NAME_CHARACTERS


async def test_a_list_of_dictionaries_is_believed_up_to_a_number(session: ClientSession) -> None:
    """Each of them is asked for: a long list would be as many requests at once."""

    async def listed(_request: web.Request) -> web.Response:
        return web.json_response({"dictionaries": [f"d{number}" for number in range(10_000)] + ["x" * 1000]})

    async with serving(listed) as url:
        assert len(await Sarvam(session, Credentials(key="k"), base_url=url).dictionaries()) <= 50


def test_an_alignment_of_too_many_words_is_none() -> None:
    """No text has so many that is spoken in one request."""
    times = [0] * 30_000
    lists = {"words": ["a"] * 30_000, "word_start_times_milliseconds": times, "word_end_times_milliseconds": times}
    with pytest.raises(ProviderError):
        timed_words({"alignment": lists})


@pytest.mark.parametrize("number", [10**30, -(10**30), 10**4000, True, 1e308])
def test_a_number_beyond_all_sense_is_no_status(number: object) -> None:
    """It would be written into the error."""
    error = socket_error({"code": number, "message": "no"})
    assert len(str(error)) < 100


# Patterns on hostile words


def seconds_of(work: Callable[[], object]) -> float:
    """Return the least processor time that some work takes of three times; waiting does not count."""
    taken = []
    for _ in range(3):
        began = time.thread_time()
        work()
        taken.append(time.thread_time() - began)
    return min(taken)


GROWTH = 8
MOST_GROWTH = 3 * GROWTH
"""What grows with the square would be 64 times as much, and a third of that is still far."""

MESSAGES = ["voice ", "voice id", "speaker '", "dict ", "text ", "at least ", "not an ", "model ", "a", "\n", "000: "]


def about(message: str) -> ErrorResponse:
    """Return a refusal that says something at every place where a service says something."""
    content = {"message": message, "detail": message, "error": {"message": message, "code": "x"}, "code": "x"}
    return ErrorResponse(status=400, headers={}, body=json.dumps(content).encode())


READERS: dict[str, Callable[[str], object]] = {
    "asyncflow": lambda message: declined(about(message)),
    "sarvam": lambda message: (voice_refused(about(message)), dictionary_refused(about(message))),
    "sarvam socket": lambda message: socket_error({"message": message}),
    "flow": lambda message: refusal_error(about(message), NOW, charge=Charge()),
    "flow event": lambda message: event_error({"error": message}),
}


@each_row("reader", READERS.values(), ids=READERS)
@each_row("word", MESSAGES)
def test_a_long_refusal_takes_no_longer_than_its_length(reader: Callable[[str], object], word: str) -> None:
    """Patterns search what a service says; of a long message they see the beginning."""
    short, long = word * (8_000 // len(word)), word * (GROWTH * 8_000 // len(word))
    assert seconds_of(lambda: reader(long)) < MOST_GROWTH * seconds_of(lambda: reader(short)) + 0.005


TEXTS: dict[str, Callable[[int], str]] = {
    "an angle that nothing closes": lambda size: "<" + "a" * size,
    "angles": lambda size: "<a" * (size // 2),
    "entities of angles": lambda size: "&lt;a b" * (size // 7),
    "tags that nothing closes": lambda size: "<phonemes>" * (size // 10),
    "attributes that nothing closes": lambda size: ('<phonemes alt="' + "x" * 200) * (size // 215),
    "breaks": lambda size: "<break/>a " * (size // 10),
    "links that nothing closes": lambda size: '[a](b "' * (size // 7),
    "brackets": lambda size: "[a](" * (size // 4),
    "comments": lambda size: "<!--" * (size // 4),
    "entities": lambda size: "&#1" * (size // 3),
    "emphasis": lambda size: "*a" * (size // 2),
    "numbers": lambda size: "1,1:1/" * (size // 6),
    "abbreviations": lambda size: "a." * (size // 2),
    "enders": lambda size: 'a."' * (size // 3),
    "lines": lambda size: "- - -x\n" * (size // 7),
    "tables": lambda size: "|-|-x\n" * (size // 6),
    "addresses": lambda size: "(www.a" * (size // 6),
    "marks over a letter": lambda size: "a" + "\u0301" * size,
    "joiners": lambda size: "\u200d" * size,
    "one word": lambda size: "a" * size,
}


def read_aloud(text: str) -> None:
    """Clean and cut a text that is being written."""
    buffer = TextBuffer(TextRules(language="en", tags=inline.TAGS, length=lambda piece: len(inline.plain(piece))))
    for at in range(0, len(text), 50):
        buffer.feed(text[at : at + 50])
    buffer.end()
    buffer.take(len(buffer.sentences))


@each_row("text", TEXTS.values(), ids=TEXTS)
def test_a_hostile_text_takes_no_longer_than_its_length(text: Callable[[int], str]) -> None:
    """A language model may repeat text from a malicious page."""
    short, long = text(2_000), text(GROWTH * 2_000)
    assert seconds_of(lambda: read_aloud(long)) < MOST_GROWTH * seconds_of(lambda: read_aloud(short)) + 0.005


def test_a_huge_number_is_not_believed_of_a_quota() -> None:
    """A file could not hold it, and nothing would be counted any more."""
    body: dict[str, Any] = {"quota": {"daily": 10**30, "used": -1, "remaining": 10**4000}}
    error = refusal_error(
        ErrorResponse(status=429, headers={}, body=json.dumps(body).encode()[:60000]), NOW, charge=Charge()
    )
    assert error.quota is None
