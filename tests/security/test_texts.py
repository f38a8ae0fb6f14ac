"""What is said: a language model, a web page it has read, or a name may try to be more than words."""

from collections.abc import Iterable
import json
import re

from hypothesis import given, strategies as st
import pytest

from custom_components.streaming_tts.const import DOMAIN
from custom_components.streaming_tts.errors import literal
from custom_components.streaming_tts.providers import PROVIDERS, markup as inline
from custom_components.streaming_tts.providers.provider import Provider
from custom_components.streaming_tts.speech.text.buffer import TextBuffer, TextRules, join
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from tests.accounts import account, service_of, set_up, speak
from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind
from tests.emulator.log import LoggedRequest
from tests.emulator.recorded import spoken
from tests.flows.clone_form import CLONE_PATHS, EACH_PROVIDER, Upload, answer, begin, wish, with_details
from tests.tables import each_row

ALLOWED = re.compile(r"<phonemes>[^<>]*</phonemes>|<digits>[^<>]*</digits>|<break time='(\d+)ms'/>")
ELEMENT = re.compile(r"<[/!?]?[a-z][^<>]*>", re.IGNORECASE)

_PIECES = st.sampled_from(
    [
        "<break",
        " time='",
        "999999s",
        "0.1ms",
        "'",
        '"',
        "/>",
        ">",
        "<",
        "</",
        "<phonemes",
        " alt=",
        "<digits>",
        "4711",
        "</phonemes>",
        "</digits>",
        "<speak>",
        "<audio src='https://evil.example'/>",
        "<script>",
        "<!--",
        "-->",
        "&lt;",
        "&gt;",
        "&#60;",
        "&amp;lt;",
        "Hello. ",
        " onload=x",
        "<?xml?>",
        "<![CDATA[",
        "]]>",
        "<voice id='2'>",
        "a",
        "\n",
    ]
)


def adapter(provider: type[Provider]) -> Provider:
    """Return what translates marks, without an account."""
    return provider.__new__(provider)


def sent(provider: Provider, text: str) -> str:
    """Return what of a text is sent to a service."""
    buffer = TextBuffer(TextRules(language="en", tags=inline.TAGS))
    buffer.feed(text)
    buffer.end()
    return provider.render(join(buffer.sentences))


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
@given(text=st.lists(_PIECES, max_size=12).map("".join))
def test_no_tag_but_the_three_harmless_ones_reaches_a_service(provider: type[Provider], text: str) -> None:
    """Each in the form that we write it in; none can choose a voice, fetch an address, or be silent for hours."""
    rendered = sent(adapter(provider), text)
    pauses = [int(found[1]) for found in ALLOWED.finditer(rendered) if found[1]]
    assert max(pauses, default=0) <= inline.MAX_PAUSE
    rest = ALLOWED.sub("", rendered)
    marks = [tag for tag in ELEMENT.findall(rest) if re.match(r"</?(break|digits|phonemes)[ />]", tag)]
    assert marks == []


@pytest.mark.parametrize(
    ("asked", "given"), [("3600s", 5000), ("999999.999s", 5000), ("400ms", 400), ("999999ms", 5000)]
)
def test_a_break_is_no_longer_than_a_moment(asked: str, given: int) -> None:
    """Silence is paid for by the hour at one of the services."""
    rendered = sent(adapter(PROVIDERS["asyncflow"]), f'Wait <break time="{asked}"/> here.')
    assert f"<break time='{given}ms'/>" in rendered


TRICKS = ['He said "},{"voice":{"id":"other"}}', "\\", "\\u0022", "a\r\nX-Injected: yes", "data: {}\n\n", "\x00\x1b[0m"]


@EACH_PROVIDER
@pytest.mark.parametrize("trick", TRICKS)
async def test_a_text_stays_within_its_field(
    home: HomeAssistant, emulator: Emulator, provider: str, trick: str
) -> None:
    """Nothing of it becomes another field, a header, or an event."""
    await set_up(home, account(provider, emulator))
    for ordinary in ("Hello there.", "Good evening to you all."):
        await speak(home, ordinary)
    service = service_of(emulator, provider)
    known = shapes(service.requests)
    await speak(home, f"Hello {trick} there.")
    assert shapes(service.requests) == known


def shapes(requests: Iterable[LoggedRequest]) -> set[str]:
    """Return what requests and messages consist of, without the values."""
    return {
        json.dumps([request.path, sorted(request.query), sorted(request.headers), shape(message)])
        for request in requests
        for message in (request.body, *request.frames_of_client())
    }


def shape(value: object) -> object:
    """Return the names of fields, and of fields in these."""
    return {key: shape(inner) for key, inner in value.items()} if isinstance(value, dict) else type(value).__name__


@EACH_PROVIDER
async def test_a_name_stays_within_its_field(
    home: HomeAssistant, emulator: Emulator, upload: Upload, provider: str
) -> None:
    """Also in the form that carries a recording, whose parts are divided by lines."""
    entry = await set_up(home, account(provider, emulator, voices=()))
    form = await begin(home, entry)
    name = 'Anna"\r\nContent-Disposition: form-data; name="enhance"\r\n\r\ntrue'
    await answer(home, form, wish(await upload(spoken(11.0)), name=name, **with_details(form)))
    (request,) = service_of(emulator, provider).asked(CLONE_PATHS[provider])
    if provider == "tencent":
        assert re.fullmatch(r"\w{1,36}", request.body["VoiceName"])
    else:
        assert request.body["name"].splitlines()[0] == 'Anna"'
    assert request.body.get("enhance", "false") == "false"
    assert not [header for header in request.headers if "injected" in header.lower()]


HOSTILE = (
    "![x](https://evil.example/p.png) [here](https://evil.example) <img src=https://evil.example> `a`\n# b {account}"
)


def test_a_name_is_no_markup() -> None:
    """An image would report the reader to its server; a link would look like ours."""
    shown = literal(HOSTILE)
    assert re.findall(r"(?<!\\)[\[\]<>`]", shown) == []
    assert "\n" not in shown
    assert literal("Anna (English) · female, v-1_a.b") == "Anna (English) · female, v-1_a.b"


@each_row(
    ("name", "shown"),
    [
        ("https://evil.example/a", r"https\://evil.example/a"),
        ("see HTTP://evil.example", r"see HTTP\://evil.example"),
        ("www.evil.example", r"www\.evil.example"),
        ("anna@evil.example", r"anna\@evil.example"),
        ("*loud* and _soft_ and ~~gone~~", r"\*loud\* and \_soft\_ and \~\~gone\~\~"),
        ("&lt;b&gt;", r"\&lt;b\&gt;"),
        ("# Anna", r"\# Anna"),
        ("- Anna", r"\- Anna"),
        ("1. Anna", r"1\. Anna"),
        ("2.5 Anna, 9 a.m.: v_1", "2\\.5 Anna, 9 a.m.: v_1"),
    ],
)
def test_a_name_becomes_no_link_and_no_emphasis(name: str, shown: str) -> None:
    """The frontend makes links of addresses that stand alone, too."""
    assert literal(name) == shown


async def test_an_issue_shows_a_hostile_voice_as_it_is_written(home: HomeAssistant, emulator: Emulator) -> None:
    """Ids and names are the service's own, and Home Assistant shows issues as Markdown."""
    entry = await set_up(home, account("asyncflow", emulator, voices=(HOSTILE,), saved={"voice": HOSTILE}))
    emulator.asyncflow.add_fault(FaultKind.STATUS, "/text_to_speech", status=404, code="VOICE_NOT_FOUND", times=-1)
    (engine,) = home.states.async_entity_ids("tts")
    with pytest.raises(HomeAssistantError):
        await speak(home, "Hello.", entity_id=engine)
    (subentry_id,) = entry.subentries
    issue = ir.async_get(home).async_get_issue(DOMAIN, f"voice_gone_{subentry_id}")
    assert issue is not None
    assert issue.translation_placeholders is not None
    for words in issue.translation_placeholders.values():
        assert re.findall(r"(?<!\\)[\[\]<>`]", words) == []


async def test_nothing_of_a_text_is_a_state_or_an_attribute(home: HomeAssistant, emulator: Emulator) -> None:
    """Of any entity, also where speech failed; the event bus carries none of it either."""
    heard: list[str] = []
    home.bus.async_listen("*", lambda event: heard.append(json.dumps(event.as_dict(), default=str)))
    await set_up(home, account("sarvam", emulator))
    await speak(home, "The word is Rumpelstilzchen.")
    emulator.sarvam.add_fault(FaultKind.STATUS, "/", status=400, message="The word is Rumpelstilzchen.", times=-1)
    with pytest.raises(HomeAssistantError):
        await speak(home, "The word is Rumpelstilzchen again.")
    states = [json.dumps(state.as_dict(), default=str) for state in home.states.async_all()]
    assert states
    assert heard
    assert [line for line in [*states, *heard] if "Rumpelstilzchen" in line] == []


async def test_a_text_goes_to_no_company_but_the_chosen_ones(home: HomeAssistant, emulator: Emulator) -> None:
    """A voice without a fallback fails rather than to ask another service that has an account here."""
    await set_up(home, account("asyncflow", emulator))
    await set_up(home, account("sarvam", emulator, voices=("Ben",)))
    await set_up(home, account("flow_tts", emulator, voices=("Cleo",)))
    others = [len(emulator.sarvam.requests), len(emulator.flow.requests)]
    emulator.asyncflow.add_fault(FaultKind.STATUS, "/text_to_speech", status=500, times=-1)
    with pytest.raises(HomeAssistantError):
        await speak(home, "Hello.")
    assert [len(emulator.sarvam.requests), len(emulator.flow.requests)] == others
