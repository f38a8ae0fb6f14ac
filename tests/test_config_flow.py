"""The account flow: each provider is added, given a new key and moved.

Each error is recovered from in the same form.
"""

from base64 import urlsafe_b64encode
from dataclasses import dataclass, replace
from datetime import timedelta
import json
from typing import Any, cast
from unittest.mock import patch
from urllib.parse import unquote

from freezegun.api import FrozenDateTimeFactory
import probatio
from probatio.humanize import humanize_error
import pytest

from custom_components.streaming_tts.const import DOMAIN
from custom_components.streaming_tts.providers import PROVIDERS
from custom_components.streaming_tts.providers.sarvam import Sarvam
from custom_components.streaming_tts.providers.tencent import POLICY
from custom_components.streaming_tts.providers.tencent.client import SITES, Site
from custom_components.streaming_tts.providers.types import Failure, ProviderError
from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlowContext,
    ConfigFlowResult,
    FlowType,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from tests.accounts import DETAILS, KEY, account, is_loaded, service_of, set_up, state_of, suggested
from tests.emulator.asyncflow import AsyncFlow
from tests.emulator.asyncflow_voices import DEFAULT_VOICE_ID
from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind
from tests.emulator.flow import PUBLIC_KEY, USERS
from tests.emulator.settings import Settings
from tests.emulator.tencent_settings import SECRET_KEY

NOWHERE = "http://127.0.0.1:1"


async def begin(home: HomeAssistant, provider: str) -> ConfigFlowResult:
    """Return the form for the key of a provider, chosen from the menu."""
    result = await home.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert result["type"] is FlowResultType.MENU
    result = await home.config_entries.flow.async_configure(result["flow_id"], {"next_step_id": provider})
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == provider
    return result


async def answer(home: HomeAssistant, form: ConfigFlowResult, answers: dict[str, Any]) -> ConfigFlowResult:
    """Send a form and return what follows."""
    return await home.config_entries.flow.async_configure(form["flow_id"], answers)


async def changing(home: HomeAssistant, entry: ConfigEntry, source: str) -> ConfigFlowResult:
    """Return the form by which an account is given a new key, or changed."""
    context = ConfigFlowContext(source=source, entry_id=entry.entry_id, unique_id=entry.unique_id)
    data = dict(entry.data) if source == SOURCE_REAUTH else None
    return await home.config_entries.flow.async_init(DOMAIN, context=context, data=data)


def with_key(key: str, base_url: str) -> dict[str, Any]:
    """Return the answers to a form for an API key."""
    return {"api_key": key, "connection": {"base_url": base_url}}


def with_session(session: str, base_url: str) -> dict[str, Any]:
    """Return the answers to a form for a session."""
    return {"session": session, "connection": {"base_url": base_url}}


def json_of(emulator: Emulator) -> str:
    """Return a new session of the portal as a person copies it."""
    return json.dumps(emulator.flow.new_session())


def token_issued_by(issuer: str) -> str:
    """Return an unsigned token with an issuer."""
    parts: tuple[dict[str, str], ...] = ({"alg": "HS256"}, {"sub": "somebody", "iss": issuer}, {})
    return ".".join(urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)


@dataclass(frozen=True, kw_only=True, slots=True)
class FirstVoice:
    """What comes with an account in a home: its name, the voice that its provider declares, its language."""

    provider: str
    language: str
    country: str | None = None
    title: str
    voice: str
    model: str
    tag: str


FIRST_VOICES = (
    FirstVoice(
        provider="asyncflow",
        language="en",
        title="AsyncFlow Nora",
        voice=DEFAULT_VOICE_ID,
        model="async_flash_v1.5",
        tag="en",
    ),
    FirstVoice(
        provider="sarvam", language="en", title="Sarvam AI Shubh", voice="shubh", model="bulbul:v3", tag="en-IN"
    ),
    FirstVoice(
        provider="sarvam",
        language="de",
        country="IN",
        title="Sarvam AI Shubh",
        voice="shubh",
        model="bulbul:v3",
        tag="hi-IN",
    ),
    FirstVoice(
        provider="flow_tts",
        language="zh-Hans",
        title="Flow TTS 小芮",
        voice="v-female-R2s4N9qJ",
        model="flow_01_turbo",
        tag="zh-CN",
    ),
)


@pytest.mark.parametrize("first", FIRST_VOICES, ids=lambda first: f"{first.provider}-{first.language}")
async def test_an_account_comes_with_the_declared_voice_of_the_homes_language(
    home: HomeAssistant, emulator: Emulator, first: FirstVoice
) -> None:
    """In that of its country where the service does not speak the other; the last page links to the voice."""
    home.config.language, home.config.country = first.language, first.country
    url = service_of(emulator, first.provider).url
    secret = with_session(emulator.flow.demo_token(), url) if first.provider == "flow_tts" else with_key(KEY, url)
    result = await answer(home, await begin(home, first.provider), secret)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["options"] == {"even_loudness": True}
    (voice,) = result["result"].subentries.values()
    assert voice.title == first.title
    assert (voice.data["voice"], voice.data["model"], voice.data["language"]) == (first.voice, first.model, first.tag)
    assert "next_flow" not in result
    assert result["description"] == "voice"
    entity_id = er.async_get(home).async_get_entity_id("tts", DOMAIN, voice.subentry_id)
    link = str((result.get("description_placeholders") or {})["voice_url"])
    assert unquote(link).endswith(f"media-source://tts/{entity_id}")
    assert entity_id is not None
    assert state_of(home, entity_id).name == first.title


@pytest.mark.parametrize(
    ("provider", "language"),
    [("sarvam", "fi"), ("asyncflow", "hi"), ("flow_tts", "pl")],
    ids=["language not spoken", "no voice declared", "voice not in the catalogue"],
)
async def test_no_voice_is_chosen_where_the_provider_declares_none(
    home: HomeAssistant, emulator: Emulator, provider: str, language: str
) -> None:
    """The form for a voice follows."""
    home.config.language = language
    url = service_of(emulator, provider).url
    secret = with_session(emulator.flow.demo_token(), url) if provider == "flow_tts" else with_key(KEY, url)
    result = await answer(home, await begin(home, provider), secret)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert not result["result"].subentries
    kind, flow_id = result["next_flow"]
    assert kind is FlowType.CONFIG_SUBENTRIES_FLOW
    assert home.config_entries.subentries.async_get(flow_id)["step_id"] == "user"


async def test_an_account_is_added_by_its_key(home: HomeAssistant, emulator: Emulator) -> None:
    """Spaces and a slash at the end are cut off."""
    url = emulator.asyncflow.url
    result = await answer(home, await begin(home, "asyncflow"), with_key(f" {KEY} ", f"{url}/"))
    assert result["title"] == "AsyncFlow"
    assert result["data"] == {"provider": "asyncflow", "api_key": KEY, "base_url": url}
    assert is_loaded(result["result"])


async def test_the_second_account_of_a_provider_is_told_apart_by_a_number(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """Titles don't identify the user, and are unique."""
    emulator.sarvam.configure(keys=[KEY, "second-key"])
    for key, title in ((KEY, "Sarvam AI"), ("second-key", "Sarvam AI 2")):
        result = await answer(home, await begin(home, "sarvam"), with_key(key, emulator.sarvam.url))
        assert result["title"] == title


async def test_an_account_is_not_added_twice(home: HomeAssistant, emulator: Emulator) -> None:
    """Another flow with the same key ends."""
    for expected in (FlowResultType.CREATE_ENTRY, FlowResultType.ABORT):
        result = await answer(home, await begin(home, "asyncflow"), with_key(KEY, emulator.asyncflow.url))
        assert result["type"] is expected
    assert result["reason"] == "already_configured"


@pytest.mark.parametrize("is_new", [True, False])
async def test_a_malformed_secret_is_in_no_error_of_the_form(
    home: HomeAssistant, emulator: Emulator, provider: str, *, is_new: bool
) -> None:
    """Neither when an account is added nor when it's changed."""
    entry = await set_up(home, account(provider, emulator))
    form = await begin(home, provider) if is_new else await entry.start_reconfigure_flow(home)
    schema = cast(probatio.Schema, form["data_schema"])
    names = [str(key) for key in schema.schema]
    answers = {name: ["a secret"] for name in names}

    with pytest.raises(probatio.Invalid) as raised:
        schema(answers)

    lines = humanize_error(answers, raised.value).splitlines()
    secrets = [line for line in lines if "a secret" not in line]
    assert {field.key for field in PROVIDERS[provider].credential_fields if field.secret} <= {
        name for name in names if any(f"'{name}'" in line for line in secrets)
    }


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (401, "INVALID_API_KEY", "invalid_auth"),
        (429, "USAGE_LIMIT_EXCEEDED", "quota_exhausted"),
        (429, "RATE_LIMIT_EXCEEDED", "busy"),
        (429, "TOO_MANY_CONCURRENT_REQUESTS", "busy"),
        (500, None, "cannot_connect"),
        (400, "FORMAT_NOT_RECOGNIZED", "unknown"),
        (404, "VERSION_NOT_FOUND", "unknown"),
    ],
)
async def test_what_the_service_refuses_is_said_and_the_form_can_be_sent_again(
    home: HomeAssistant, emulator: Emulator, status: int, code: str | None, error: str
) -> None:
    """An exhausted quota is not a bad key, nor is a busy service; the answers stay in the form."""
    form = await begin(home, "asyncflow")
    emulator.asyncflow.add_fault(FaultKind.STATUS, "/voices", status=status, code=code, times=2)
    result = await answer(home, form, with_key(KEY, emulator.asyncflow.url))
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {"base": error}
    assert suggested(result)["connection"] == {"base_url": emulator.asyncflow.url}
    emulator.asyncflow.faults.clear()
    result = await answer(home, result, with_key(KEY, emulator.asyncflow.url))
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize("provider", ["asyncflow", "sarvam"])
@pytest.mark.parametrize(
    ("key", "address", "errors"),
    [
        ("wrong-key", None, {"base": "invalid_auth"}),
        (KEY, NOWHERE, {"base": "cannot_connect"}),
        (KEY, "http://tts.example.com", {"connection": "invalid_address"}),
        (KEY, "https://user:password@tts.example.com", {"connection": "invalid_address"}),
        (KEY, "ftp://127.0.0.1", {"connection": "invalid_address"}),
        (KEY, "not an address", {"connection": "invalid_address"}),
        ("  ", None, {"api_key": "key_missing"}),
        ("two words", None, {"api_key": "key_unreadable"}),
    ],
)
async def test_what_the_user_mistook_is_said_and_can_be_mended(
    home: HomeAssistant,
    emulator: Emulator,
    *,
    provider: str,
    key: str,
    address: str | None,
    errors: dict[str, str],
) -> None:
    """Nothing is sent to an address that a key must not go to; the section is open where the address may be wrong."""
    url = service_of(emulator, provider).url
    result = await answer(home, await begin(home, provider), with_key(key, address or url))
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == errors
    assert result["data_schema"] is not None
    closed = result["data_schema"].schema["connection"].options["collapsed"]
    assert closed is (address is None)
    result = await answer(home, result, with_key(KEY, url))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_an_account_that_cannot_be_set_up_is_kept_but_leads_to_no_voice(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """The key was right; that the catalogue fails afterwards is for Home Assistant to try again."""
    form = await begin(home, "asyncflow")
    emulator.asyncflow.add_fault(FaultKind.STATUS, "/voices", status=500, skip=1, times=-1)
    result = await answer(home, form, with_key(KEY, emulator.asyncflow.url))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["result"].state is ConfigEntryState.SETUP_RETRY
    assert "next_flow" not in result


async def test_an_access_token_alone_is_a_trial(home: HomeAssistant, emulator: Emulator) -> None:
    """There is nothing to renew, so nothing more is asked."""
    token = emulator.flow.demo_token()
    result = await answer(home, await begin(home, "flow_tts"), with_session(token, emulator.flow.url))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Flow TTS"
    assert result["data"]["api_key"] == token
    assert "refresh_token" not in result["data"]
    assert USERS[0].email not in json.dumps({"title": result["title"], "unique_id": result["result"].unique_id})


@pytest.mark.parametrize(("contract", "public_key"), [("backend", PUBLIC_KEY), ("portal", None)])
async def test_a_session_is_renewed_where_the_user_confirms(
    home: HomeAssistant, emulator: Emulator, contract: str, public_key: str | None
) -> None:
    """Address and public key are suggested as far as they are known; what is stored is the renewed session."""
    emulator.flow.configure(contract=contract)
    session = emulator.flow.new_session()
    form = await answer(home, await begin(home, "flow_tts"), with_session(json.dumps(session), emulator.flow.url))
    assert form["step_id"] == "renewal"
    auth_url = f"{emulator.flow.url}/auth/v1"
    assert suggested(form) == {"auth_url": auth_url, "public_key": public_key}
    result = await answer(home, form, {"auth_url": auth_url, "public_key": PUBLIC_KEY})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"]["auth_url"] == auth_url
    assert result["data"]["public_key"] == PUBLIC_KEY
    assert result["data"]["refresh_token"] != session["refresh_token"]
    assert is_loaded(result["result"])


async def test_a_public_key_that_cannot_be_asked_for_is_left_to_the_user(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """The form is the same, with an empty field."""
    emulator.flow.add_fault(FaultKind.STATUS, "/api/config", status=500)
    form = await answer(home, await begin(home, "flow_tts"), with_session(json_of(emulator), emulator.flow.url))
    assert suggested(form)["public_key"] is None
    result = await answer(home, form, {"auth_url": f"{emulator.flow.url}/auth/v1", "public_key": PUBLIC_KEY})
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("session", "error"),
    [
        ("hello", "session_unreadable"),
        ("{}", "session_unreadable"),
        ("   ", "key_missing"),
        (token_issued_by("http://tts.example.com/auth/v1"), "session_insecure"),
    ],
)
async def test_what_is_no_session_is_said(home: HomeAssistant, emulator: Emulator, session: str, error: str) -> None:
    """The error names the pasted value, and the right one is accepted afterwards."""
    result = await answer(home, await begin(home, "flow_tts"), with_session(session, emulator.flow.url))
    assert result["errors"] == {"session": error}
    result = await answer(home, result, with_session(emulator.flow.demo_token(), emulator.flow.url))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_an_address_that_a_session_must_not_go_to_is_refused(home: HomeAssistant, emulator: Emulator) -> None:
    """The session stays here until the address is one that it may go to, and one that answers."""
    form = await answer(home, await begin(home, "flow_tts"), with_session(json_of(emulator), emulator.flow.url))
    result = await answer(home, form, {"auth_url": "http://tts.example.com/auth/v1", "public_key": PUBLIC_KEY})
    assert result["errors"] == {"auth_url": "invalid_address"}
    result = await answer(home, result, {"auth_url": NOWHERE, "public_key": PUBLIC_KEY})
    assert result["errors"] == {"base": "cannot_connect"}
    assert suggested(result) == {"auth_url": NOWHERE, "public_key": PUBLIC_KEY}
    assert not emulator.flow.asked("/auth/")
    result = await answer(home, result, {"auth_url": f"{emulator.flow.url}/auth/v1", "public_key": PUBLIC_KEY})
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_session_that_is_used_up_is_asked_for_anew(home: HomeAssistant, emulator: Emulator) -> None:
    """After a logout or a shared session, the form for it is shown again."""
    renewal = {"auth_url": f"{emulator.flow.url}/auth/v1", "public_key": PUBLIC_KEY}
    form = await answer(home, await begin(home, "flow_tts"), with_session(json_of(emulator), emulator.flow.url))
    emulator.flow.sign_out()
    result = await answer(home, form, renewal)
    assert result["step_id"] == "flow_tts"
    assert result["errors"] == {"base": "session_refused"}
    assert suggested(result)["connection"] == {"base_url": emulator.flow.url}
    form = await answer(home, result, with_session(json_of(emulator), emulator.flow.url))
    result = await answer(home, form, renewal)
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize("contract", ["portal", "backend"])
async def test_a_session_whose_token_has_ended_is_renewed_only_where_the_user_confirms(
    home: HomeAssistant, emulator: Emulator, freezer: FrozenDateTimeFactory, contract: str
) -> None:
    """It was copied hours ago: nothing of it leaves for an address that is only written in it."""
    emulator.flow.configure(contract=contract)
    session = json_of(emulator)
    freezer.tick(timedelta(hours=2))
    emulator.clock.move_to(dt_util.utcnow())
    form = await answer(home, await begin(home, "flow_tts"), with_session(session, emulator.flow.url))
    assert form["step_id"] == "renewal"
    assert emulator.flow.asked("/auth/v1/token") == []
    result = await answer(home, form, {"auth_url": f"{emulator.flow.url}/auth/v1", "public_key": PUBLIC_KEY})
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_wrong_address_does_not_cost_the_session(
    home: HomeAssistant, emulator: Emulator, refusing_port: int
) -> None:
    """The service is looked for before the refresh token is spent, and the form with the address comes back."""
    session = json.dumps(emulator.flow.new_session())
    form = await answer(home, await begin(home, "flow_tts"), with_session(session, f"http://127.0.0.1:{refusing_port}"))
    assert (form["step_id"], form["errors"]) == ("flow_tts", {"base": "cannot_connect"})
    assert emulator.flow.asked("/auth/v1/token") == []
    form = await answer(home, form, with_session(session, emulator.flow.url))
    assert form["step_id"] == "renewal"


async def test_a_service_that_fails_after_the_renewal_loses_no_session(home: HomeAssistant, emulator: Emulator) -> None:
    """The renewed session is kept in the flow, and renewed once more when the form is sent again."""
    renewal = {"auth_url": f"{emulator.flow.url}/auth/v1", "public_key": PUBLIC_KEY}
    emulator.flow.configure(contract="backend")
    form = await answer(home, await begin(home, "flow_tts"), with_session(json_of(emulator), emulator.flow.url))
    emulator.flow.add_fault(FaultKind.STATUS, "/api/user/quota", status=500, code="internal_error", times=2)
    result = await answer(home, form, renewal)
    assert result["step_id"] == "renewal"
    assert result["errors"] == {"base": "cannot_connect"}
    emulator.flow.faults.clear()
    emulator.clock.advance(60)
    result = await answer(home, result, renewal)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_an_account_without_email_is_told_so(home: HomeAssistant, emulator: Emulator) -> None:
    """Its token is good, and no other token of it would be accepted; with another account the form goes on."""
    emulator.flow.configure(contract="backend")
    emulator.flow.add_fault(
        FaultKind.STATUS,
        "/api/",
        status=401,
        code="unauthorized",
        message="Only email accounts are supported",
        times=-1,
    )
    form = await begin(home, "flow_tts")
    result = await answer(home, form, with_session(emulator.flow.demo_token(), emulator.flow.url))
    assert result["errors"] == {"base": "only_email"}
    emulator.flow.faults.clear()
    result = await answer(home, result, with_session(emulator.flow.demo_token(), emulator.flow.url))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_new_key_is_asked_for_when_the_old_one_is_refused(home: HomeAssistant, emulator: Emulator) -> None:
    """Set-up fails, the user gives a key that works, and the account is back with its voice."""
    emulator.asyncflow.configure(keys=["new-key"])
    entry = await set_up(home, account("asyncflow", emulator))
    assert entry.state is ConfigEntryState.SETUP_ERROR
    (form,) = home.config_entries.flow.async_progress()
    result = await answer(home, form, {"api_key": "wrong-key"})
    assert result["step_id"] == "reauth_confirm"
    assert result["errors"] == {"base": "invalid_auth"}
    result = await answer(home, result, {"api_key": "new-key"})
    assert result["reason"] == "reauth_successful"
    await home.async_block_till_done()
    assert is_loaded(entry)
    assert entry.data == {"provider": "asyncflow", "base_url": emulator.asyncflow.url, "api_key": "new-key"}
    assert home.states.get("tts.anna") is not None


async def test_an_account_whose_key_is_good_after_all_speaks_again(home: HomeAssistant, emulator: Emulator) -> None:
    """The service refused it for a while: nothing changes in the entry, yet the fallback need not speak any more."""
    added = await answer(home, await begin(home, "sarvam"), with_key(KEY, emulator.sarvam.url))
    entry = added["result"]
    await home.async_block_till_done(wait_background_tasks=True)
    entry.runtime_data.note_failure(ProviderError(Failure.AUTH))
    await home.async_block_till_done()
    assert entry.runtime_data.backoff_reason
    (form,) = home.config_entries.flow.async_progress()
    result = await answer(home, form, {"api_key": KEY})
    assert result["reason"] == "reauth_successful"
    await home.async_block_till_done()
    assert is_loaded(entry)
    assert not entry.runtime_data.backoff_reason


async def test_a_new_session_must_be_of_the_same_account(home: HomeAssistant, emulator: Emulator) -> None:
    """A session of another user is rejected; the account is unchanged."""
    added = await answer(
        home, await begin(home, "flow_tts"), with_session(emulator.flow.demo_token(), emulator.flow.url)
    )
    entry = added["result"]
    form = await changing(home, entry, SOURCE_REAUTH)
    other = emulator.flow.new_session(USERS[1])["access_token"]
    result = await answer(home, form, {"session": other})
    assert result["reason"] == "wrong_account"
    form = await changing(home, entry, SOURCE_REAUTH)
    token = emulator.flow.demo_token()
    result = await answer(home, form, {"session": token})
    assert result["reason"] == "reauth_successful"
    assert entry.data["api_key"] == token
    await home.async_block_till_done()
    assert is_loaded(entry)


async def test_a_new_key_may_not_be_that_of_another_account(home: HomeAssistant, emulator: Emulator) -> None:
    """Two entries for one key would count what it uses twice."""
    emulator.sarvam.configure(keys=[KEY, "second-key"])
    for key in (KEY, "second-key"):
        added = await answer(home, await begin(home, "sarvam"), with_key(key, emulator.sarvam.url))
    form = await changing(home, added["result"], SOURCE_REAUTH)
    result = await answer(home, form, {"api_key": KEY})
    assert result["reason"] == "already_configured"
    assert added["result"].data["api_key"] == "second-key"


async def test_an_account_moves_to_another_address_only_with_its_key(home: HomeAssistant, emulator: Emulator) -> None:
    """A key is never sent to a new address on its own; the voices stay."""
    entry = await set_up(home, account("asyncflow", emulator))
    form = await changing(home, entry, SOURCE_RECONFIGURE)
    assert suggested(form)["connection"] == {"base_url": emulator.asyncflow.url}
    async with AsyncFlow(Settings()) as elsewhere:
        result = await answer(home, form, {"connection": {"base_url": elsewhere.url}})
        assert result["errors"] == {"api_key": "key_missing"}
        assert not elsewhere.asked()
        result = await answer(home, result, with_key(KEY, NOWHERE))
        assert result["errors"] == {"base": "cannot_connect"}
        result = await answer(home, result, with_key(KEY, elsewhere.url))
        assert result["reason"] == "reconfigure_successful"
        assert entry.data["base_url"] == elsewhere.url
        await home.async_block_till_done(wait_background_tasks=True)
        assert is_loaded(entry)
        assert home.states.get("tts.anna") is not None


async def test_a_form_that_is_sent_unchanged_tries_the_key_that_is_stored(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """An empty key keeps it. Nothing is reported to be well while the service refuses it."""
    entry = await set_up(home, account("sarvam", emulator))
    before = dict(entry.data)
    unchanged = {"connection": {"base_url": f"{emulator.sarvam.url}/"}}
    form = await changing(home, entry, SOURCE_RECONFIGURE)
    emulator.sarvam.configure(keys=["another-key"])
    form = await answer(home, form, unchanged)
    assert form["errors"] == {"base": "invalid_auth"}
    emulator.sarvam.configure(keys=[KEY])
    result = await answer(home, form, unchanged)
    assert result["reason"] == "reconfigure_successful"
    await home.async_block_till_done(wait_background_tasks=True)
    assert entry.data == before
    assert is_loaded(entry)


async def test_a_session_is_renewed_too_when_an_account_is_changed(home: HomeAssistant, emulator: Emulator) -> None:
    """A trial becomes an account that stays."""
    added = await answer(
        home, await begin(home, "flow_tts"), with_session(emulator.flow.demo_token(), emulator.flow.url)
    )
    entry = added["result"]
    form = await changing(home, entry, SOURCE_RECONFIGURE)
    form = await answer(home, form, with_session(json_of(emulator), emulator.flow.url))
    assert form["step_id"] == "renewal"
    result = await answer(home, form, {"auth_url": f"{emulator.flow.url}/auth/v1", "public_key": PUBLIC_KEY})
    assert result["reason"] == "reconfigure_successful"
    assert entry.data["refresh_token"]
    await home.async_block_till_done()
    assert is_loaded(entry)


async def test_the_default_address_is_not_stored(home: HomeAssistant, emulator: Emulator) -> None:
    """An account at the provider's own address follows it when a new version knows a new one."""
    with patch.object(Sarvam, "default_base_url", emulator.sarvam.url):
        result = await answer(home, await begin(home, "sarvam"), with_key(KEY, emulator.sarvam.url))
        assert result["data"] == {"provider": "sarvam", "api_key": KEY}
        await home.async_block_till_done()
        form = await changing(home, result["result"], SOURCE_RECONFIGURE)
        assert suggested(form)["connection"] == {"base_url": emulator.sarvam.url}


# A key with more than a key to it

ACCESS_KEY = {**DETAILS, "secret_key": SECRET_KEY}


def with_access_key(base_url: str | None, **changes: str) -> dict[str, Any]:
    """Return the answers to a form for a key pair; no address is that of the site."""
    return {**ACCESS_KEY, **changes, "connection": {} if base_url is None else {"base_url": base_url}}


async def added_by_access_key(home: HomeAssistant, emulator: Emulator) -> ConfigEntry:
    """Return an account that was added by a key pair."""
    result = await answer(home, await begin(home, "tencent"), with_access_key(emulator.tencent.url))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await home.async_block_till_done(wait_background_tasks=True)
    entry: ConfigEntry = result["result"]
    return entry


async def test_an_account_is_added_by_a_key_pair(home: HomeAssistant, emulator: Emulator) -> None:
    """The other credentials are saved with the key, and a default voice is added."""
    entry = await added_by_access_key(home, emulator)
    assert entry.title == "Tencent Cloud"
    assert entry.data == {
        "provider": "tencent",
        "api_key": SECRET_KEY,
        "details": DETAILS,
        "base_url": emulator.tencent.url,
    }
    assert is_loaded(entry)
    (voice,) = entry.subentries.values()
    assert (voice.data["voice"], voice.data["model"]) == ("v-female-p9Xy7Q1L", "flow_02_turbo")
    assert voice.title == "Tencent Cloud Qingxi"
    assert not [secret for secret in DETAILS.values() if secret in f"{entry.title} {entry.unique_id}"]


@pytest.mark.parametrize(
    ("changes", "behaviour", "errors"),
    [
        ({"secret_key": "wrong"}, {}, {"base": "invalid_auth"}),
        ({"secret_id": "AKIDnobody"}, {}, {"base": "invalid_auth"}),
        ({"sdk_app_id": "7"}, {}, {"base": "application_unknown"}),
        ({"sdk_app_id": "my-app"}, {}, {"sdk_app_id": "application_unreadable"}),
        ({"secret_id": "two words"}, {}, {"secret_id": "key_unreadable"}),
        ({"secret_key": "two words"}, {}, {"secret_key": "key_unreadable"}),
        ({"secret_id": " "}, {}, {"secret_id": "key_missing"}),
        ({}, {"refused_with": "AuthFailure.UnauthorizedOperation"}, {"base": "permission_missing"}),
        ({}, {"refused_with": "UnsupportedOperation.NotAllowed"}, {"base": "not_activated"}),
        ({}, {"refused_with": "ResourceInsufficient"}, {"base": "in_arrears"}),
        ({}, {"refused_with": "RequestLimitExceeded"}, {"base": "busy"}),
        ({}, {"refused_with": "InternalError"}, {"base": "cannot_connect"}),
        ({}, {"refused_with": "UnsupportedRegion"}, {"base": "unknown"}),
    ],
)
async def test_what_is_wrong_with_a_key_pair_is_said(
    home: HomeAssistant, emulator: Emulator, changes: dict[str, str], behaviour: dict[str, Any], errors: dict[str, str]
) -> None:
    """Each in its own words, and the form takes the right answers afterwards."""
    emulator.tencent.configure(**behaviour)
    form = await begin(home, "tencent")
    form = await answer(home, form, with_access_key(emulator.tencent.url, **changes))
    assert (form["type"], form["errors"]) == (FlowResultType.FORM, errors)
    assert POLICY in (form["description_placeholders"] or {}).values()
    emulator.tencent.configure(refused_with="")
    result = await answer(home, form, with_access_key(emulator.tencent.url))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_clock_that_is_off_is_said(home: HomeAssistant, emulator: Emulator) -> None:
    """It is no wrong key."""
    form = await begin(home, "tencent")
    emulator.clock.advance(6 * 60)
    form = await answer(home, form, with_access_key(emulator.tencent.url))
    assert form["errors"] == {"base": "clock_off"}
    emulator.clock.reset()
    result = await answer(home, form, with_access_key(emulator.tencent.url))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_the_site_tells_the_address(
    home: HomeAssistant, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless another one is entered."""
    site = replace(SITES["international"], base_url=emulator.tencent.url)
    monkeypatch.setitem(cast(dict[str, Site], SITES), "international", site)
    form = await begin(home, "tencent")
    result = await answer(home, form, with_access_key(None, site="international"))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert "base_url" not in result["data"]
    assert result["result"].runtime_data.provider.base_url == emulator.tencent.url
    assert emulator.tencent.requests[-1].headers["X-TC-Region"] == "ap-singapore"


async def test_an_address_that_a_request_must_not_go_to_is_refused(home: HomeAssistant, emulator: Emulator) -> None:
    """Though the key itself never travels."""
    result = await answer(home, await begin(home, "tencent"), with_access_key("http://tts.example.com"))
    assert result["errors"] == {"connection": "invalid_address"}


async def test_a_new_key_pair_is_asked_for_when_the_old_one_is_refused(home: HomeAssistant, emulator: Emulator) -> None:
    """What is no secret is filled in."""
    entry = await added_by_access_key(home, emulator)
    emulator.tencent.configure(secret_key="new-key")
    form = await changing(home, entry, SOURCE_REAUTH)
    assert form["step_id"] == "reauth_access_key"
    assert suggested(form) == DETAILS
    form = await answer(home, form, ACCESS_KEY)
    assert form["errors"] == {"base": "invalid_auth"}
    result = await answer(home, form, {**ACCESS_KEY, "secret_key": "new-key"})
    assert result["reason"] == "reauth_successful"
    assert entry.data["api_key"] == "new-key"


async def test_an_application_is_changed_without_the_key(home: HomeAssistant, emulator: Emulator) -> None:
    """An empty key keeps the stored one, as long as it is used where it was."""
    entry = await added_by_access_key(home, emulator)
    emulator.tencent.configure(sdk_app_ids=(7,))
    form = await changing(home, entry, SOURCE_RECONFIGURE)
    assert form["step_id"] == "reconfigure_access_key"
    connection = {"connection": {"base_url": emulator.tencent.url}}
    assert suggested(form) == {**DETAILS, **connection}
    form = await answer(home, form, {**DETAILS, **connection})
    assert form["errors"] == {"base": "application_unknown"}
    result = await answer(home, form, {**DETAILS, "sdk_app_id": "7", **connection})
    assert result["reason"] == "reconfigure_successful"
    assert entry.data["api_key"] == SECRET_KEY
    assert entry.data["details"] == {**DETAILS, "sdk_app_id": "7"}


async def test_a_key_pair_without_a_package_is_still_a_good_one(home: HomeAssistant, emulator: Emulator) -> None:
    """A form that is sent unchanged says so; that nothing can be spoken is said elsewhere."""
    entry = await added_by_access_key(home, emulator)
    emulator.tencent.configure(refused_with="UnsupportedOperation.NotAllowed")
    form = await changing(home, entry, SOURCE_RECONFIGURE)
    result = await answer(home, form, {**DETAILS, "connection": {"base_url": emulator.tencent.url}})
    assert result["reason"] == "reconfigure_successful"


@pytest.mark.parametrize(
    "elsewhere", [{"site": "international", "connection": {}}, {"connection": {"base_url": NOWHERE}}]
)
async def test_an_account_moves_elsewhere_only_with_its_key_pair(
    home: HomeAssistant, emulator: Emulator, elsewhere: dict[str, Any]
) -> None:
    """To another site as to another address."""
    entry = await added_by_access_key(home, emulator)
    form = await changing(home, entry, SOURCE_RECONFIGURE)
    result = await answer(home, form, {**DETAILS, **elsewhere})
    assert result["errors"] == {"secret_key": "key_missing"}
