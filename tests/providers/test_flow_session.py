"""An account at Flow TTS stays signed in: tokens that end, renewals that race, sign-in services that are away."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import timedelta
import hashlib
import logging
from typing import Any, override

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
import pytest

from custom_components.streaming_tts.providers.flow_tts import FlowTTS
from custom_components.streaming_tts.providers.types import (
    Charge,
    Credentials,
    Failure,
    ProviderError,
    Timeouts,
    Transport,
)
from tests.emulator.flow import USERS, Flow
from tests.emulator.flow_settings import Contract, Release
from tests.emulator.settings import Settings

from .flow_help import SPEECH, STREAM_PATH, Notebook, answering, credentials_of, spoken, trial_of

HOUR = 3600
TOKEN_PATH = "/auth/v1/token"
HEAD = {"contract": Contract.BACKEND, "release": Release.HEAD}
JUNE = {"contract": Contract.BACKEND, "release": Release.JUNE}
CONTRACTS = [
    pytest.param({"contract": Contract.PORTAL}, id="portal"),
    pytest.param(JUNE, id="backend-june"),
    pytest.param(HEAD, id="backend-head"),
]

type Account = Callable[..., FlowTTS]


@pytest.fixture
async def service(socket_enabled: None) -> AsyncGenerator[Flow]:
    """Run the emulator."""
    async with Flow(Settings()) as flow:
        yield flow


@pytest.fixture
def account(service: Flow, session: aiohttp.ClientSession, notebook: Notebook) -> Account:
    """Return what makes accounts at the emulator, on its clock."""

    def make(credentials: Credentials, timeouts: Timeouts | None = None, slow: timedelta = timedelta()) -> FlowTTS:
        return FlowTTS(
            session,
            credentials,
            base_url=service.url,
            observer=notebook,
            timeouts=timeouts,
            now=lambda: service.clock.now() - slow,
        )

    return make


@pytest.fixture
def flow(service: Flow, account: Account) -> FlowTTS:
    """Return an account that was set up with a session."""
    return account(credentials_of(service.new_session()))


async def failed(flow: FlowTTS) -> ProviderError:
    """Return how speaking fails, without any secret in what is printed."""
    secrets = [flow.credentials.key, flow.credentials.refresh_token or flow.credentials.key]
    with pytest.raises(ProviderError) as caught:
        await spoken(flow, Transport.STREAM)
    shown = f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
    assert not any(secret in shown for secret in secrets)
    return caught.value


# Who it is


@pytest.mark.parametrize("behaviour", CONTRACTS)
async def test_a_token_is_tried_for_free(service: Flow, account: Account, behaviour: dict[str, Any]) -> None:
    """With an endpoint of the deployment; the account name doesn't identify its owner."""
    service.configure(**behaviour)
    flow = account(trial_of(service))

    info = await flow.verify()

    user = USERS[0].user_id
    assert info.expires_at is not None
    assert timedelta(minutes=59) < info.expires_at - service.clock.now() <= timedelta(hours=1)
    assert user not in info.account_id
    assert info.account_id != hashlib.sha256(user.encode()).hexdigest()[: len(info.account_id)]
    assert service.asked("/api/tts") == []
    assert (await account(trial_of(service)).verify()).account_id == info.account_id


async def test_another_person_is_another_account(service: Flow, account: Account) -> None:
    """Two accounts of different users can be added."""
    first = await account(credentials_of(service.new_session(USERS[0]))).verify()
    second = await account(credentials_of(service.new_session(USERS[1]))).verify()

    assert first.account_id != second.account_id
    assert first.expires_at is second.expires_at is None


@pytest.mark.parametrize("behaviour", CONTRACTS)
@pytest.mark.parametrize("key", ["wrong", "a.b.c", "line\nbreak", "ключ", ""])
async def test_what_is_no_token_is_refused(
    service: Flow, account: Account, behaviour: dict[str, Any], key: str
) -> None:
    """Also where the service has nothing to try it on."""
    service.configure(**behaviour)

    with pytest.raises(ProviderError) as caught:
        await account(Credentials(key=key)).verify()

    assert caught.value.failure is Failure.AUTH
    assert caught.value.__context__ is None


async def test_a_token_that_has_ended_is_not_even_tried(service: Flow, account: Account) -> None:
    """Its end is written in it."""
    flow = account(trial_of(service))
    service.clock.advance(HOUR)

    with pytest.raises(ProviderError) as caught:
        await flow.verify()

    assert (caught.value.failure, caught.value.code) == (Failure.AUTH, "token_expired")
    assert not service.requests


@pytest.mark.parametrize("behaviour", [JUNE, HEAD])
async def test_a_token_of_someone_who_signed_out_is_refused(
    service: Flow, account: Account, behaviour: dict[str, Any]
) -> None:
    """The service asks its sign-in service about each token."""
    service.configure(**behaviour)
    flow = account(trial_of(service))
    service.sign_out()

    with pytest.raises(ProviderError) as caught:
        await flow.verify()

    assert caught.value.failure is Failure.AUTH


@pytest.mark.parametrize(
    ("fault", "options", "failure"),
    [
        ("status", {"status": 500}, Failure.SERVER),
        ("status", {"status": 429, "code": "quota_exceeded"}, Failure.QUOTA),
        ("reset", {"times": -1}, Failure.UNREACHABLE),
        ("content_type", {}, Failure.BROKEN),
    ],
)
async def test_what_is_no_fault_of_the_token_is_not_blamed_on_it(
    service: Flow, account: Account, fault: str, options: dict[str, Any], failure: Failure
) -> None:
    """A form can say what it is."""
    service.configure(**HEAD)
    service.add_fault(fault, "/api/user/quota", **options)

    with pytest.raises(ProviderError) as caught:
        await account(trial_of(service)).verify()

    assert (caught.value.failure, caught.value.charged) == (failure, Charge())


async def test_a_session_whose_token_has_ended_is_renewed_to_be_tried(
    service: Flow, flow: FlowTTS, notebook: Notebook
) -> None:
    """The renewed session is stored with the account."""
    service.clock.advance(HOUR)

    assert (await flow.verify()).expires_at is None
    assert [flow.credentials] == notebook.credentials


# How it stays


@pytest.mark.parametrize("transport", SPEECH)
async def test_it_speaks_for_hours(service: Flow, flow: FlowTTS, notebook: Notebook, transport: Transport) -> None:
    """Every ten minutes for three hours, with one renewal an hour, and never a refusal."""
    for _ in range(18):
        assert await spoken(flow, transport)
        service.clock.advance(HOUR / 6)

    assert len(notebook.credentials) == len(service.asked(TOKEN_PATH)) == 2
    assert len({credentials.refresh_token for credentials in notebook.credentials}) == 2
    assert {request.status for request in service.requests} == {200}


async def test_a_token_is_renewed_before_it_ends(service: Flow, flow: FlowTTS, notebook: Notebook) -> None:
    """A minute before it expires, when a connection is opened; not much earlier, and without a delay."""
    service.clock.advance(HOUR - 180)
    await flow.touch()

    service.clock.advance(120)
    service.add_fault("stall", TOKEN_PATH, seconds=0.05)
    assert await spoken(flow, Transport.STREAM)
    assert not notebook.credentials

    await notebook.stored.wait()
    assert await spoken(flow, Transport.STREAM)
    assert [request.path for request in service.requests].count(TOKEN_PATH) == 1
    assert flow.credentials == notebook.credentials[0]
    assert service.requests[-1].headers["Authorization"] == f"Bearer {flow.credentials.key}"


async def test_a_token_of_a_short_life_is_not_renewed_all_the_time(service: Flow, account: Account) -> None:
    """Only in its second half."""
    service.configure(access_token_seconds=60)
    flow = account(credentials_of(service.new_session()))

    for _ in range(3):
        await spoken(flow, Transport.STREAM)
    assert not service.asked(TOKEN_PATH)

    service.clock.advance(45)
    await flow.verify()
    for _ in range(3):
        await spoken(flow, Transport.STREAM)
    assert len(service.asked(TOKEN_PATH)) == 1


async def test_renewed_credentials_are_stored_before_they_are_used(
    service: Flow, session: aiohttp.ClientSession
) -> None:
    """A crash in between loses nothing."""

    class Store(Notebook):
        @override
        async def credentials_renewed(self, credentials: Credentials) -> None:
            await asyncio.sleep(0)
            assert flow.credentials == first
            assert not service.asked(STREAM_PATH)
            await super().credentials_renewed(credentials)

    store = Store()
    first = credentials_of(service.new_session())
    flow = FlowTTS(session, first, base_url=service.url, observer=store, now=service.clock.now)
    service.clock.advance(HOUR)

    await spoken(flow, Transport.STREAM)

    assert store.credentials == [flow.credentials]
    assert flow.credentials.auth_url == first.auth_url
    assert flow.credentials.public_key == first.public_key
    assert service.asked(STREAM_PATH)[0].headers["Authorization"] == f"Bearer {flow.credentials.key}"


async def test_credentials_that_cannot_be_stored_are_used_all_the_same(
    service: Flow, session: aiohttp.ClientSession
) -> None:
    """The old ones are gone; the failure to store is not hidden."""

    class Full(Notebook):
        @override
        async def credentials_renewed(self, credentials: Credentials) -> None:
            raise OSError("No space left")

    flow = FlowTTS(
        session, credentials_of(service.new_session()), base_url=service.url, observer=Full(), now=service.clock.now
    )
    service.clock.advance(HOUR)

    with pytest.raises(OSError, match="No space left"):
        await spoken(flow, Transport.STREAM)

    assert await spoken(flow, Transport.STREAM)
    assert len(service.asked(TOKEN_PATH)) == 1


async def test_renewals_do_not_race(service: Flow, flow: FlowTTS, notebook: Notebook) -> None:
    """Twenty texts at once when the token has ended: one renewal, twenty answers."""
    service.clock.advance(HOUR)

    sounds = await asyncio.gather(*(spoken(flow, SPEECH[number % 2]) for number in range(20)))

    assert len(set(sounds)) == 1
    assert len(notebook.credentials) == len(service.asked(TOKEN_PATH)) == 1


async def test_refused_tokens_do_not_race_either(service: Flow, account: Account, notebook: Notebook) -> None:
    """Our clock is slow: the service finds that the token has ended, twenty times."""
    flow = account(credentials_of(service.new_session()), slow=timedelta(hours=2))
    service.clock.advance(HOUR)

    sounds = await asyncio.gather(*(spoken(flow, SPEECH[number % 2]) for number in range(20)))

    assert len(set(sounds)) == 1
    assert len(notebook.credentials) == len(service.asked(TOKEN_PATH)) == 1


@pytest.mark.parametrize("transport", SPEECH)
async def test_a_refused_token_is_renewed_once_and_tried_once_more(
    service: Flow, flow: FlowTTS, transport: Transport
) -> None:
    """A refusal costs nothing."""
    service.add_fault("status", "/api/tts", status=401)

    assert await spoken(flow, transport)

    assert [request.status for request in service.requests] == [401, 200, 200]


async def test_a_token_that_is_refused_twice_is_refused(service: Flow, flow: FlowTTS) -> None:
    """There is no third time."""
    service.add_fault("status", "/api/tts", status=401, times=-1)

    error = await failed(flow)

    assert (error.failure, error.code, error.charged) == (Failure.AUTH, "unauthorized", Charge())
    assert [request.status for request in service.requests] == [401, 200, 401]


async def test_a_token_that_is_no_longer_used_is_not_renewed(service: Flow, flow: FlowTTS) -> None:
    """The rejected session was replaced by a new one."""
    assert await flow.http.tokens.renew("an older one") == flow.credentials
    assert not service.requests


async def test_a_token_alone_is_not_renewed(service: Flow, account: Account) -> None:
    """A trial ends within the hour."""
    flow = account(trial_of(service))
    service.clock.advance(HOUR)

    error = await failed(flow)

    assert (error.failure, error.code) == (Failure.AUTH, "unauthorized")
    assert not service.asked(TOKEN_PATH)


# When it cannot


@pytest.mark.parametrize(("older", "code"), [(False, "refresh_token_not_found"), (True, "invalid_grant")])
async def test_who_signed_out_has_to_sign_in_again(service: Flow, flow: FlowTTS, older: bool, code: str) -> None:
    """In both shapes of the answer."""
    service.configure(older_sign_in_errors=older)
    service.sign_out()
    service.clock.advance(HOUR)

    error = await failed(flow)

    assert (error.failure, error.code, error.charged) == (Failure.AUTH, code, Charge())
    assert not service.asked("/api/tts")


async def test_a_refresh_token_that_two_share_is_lost(service: Flow, account: Account) -> None:
    """As soon as the other has used it."""
    session = service.new_session()
    ours, theirs = account(credentials_of(session)), account(credentials_of(session))
    service.clock.advance(HOUR)
    await spoken(theirs, Transport.STREAM)
    service.clock.advance(60)

    error = await failed(ours)

    assert (error.failure, error.code) == (Failure.AUTH, "refresh_token_already_used")


async def test_who_comes_second_takes_what_the_first_has_stored(service: Flow, session: aiohttp.ClientSession) -> None:
    """The account may have been given newer credentials while ours were being refused."""
    newest = credentials_of(service.new_session())
    accounts: list[FlowTTS] = []

    async def already_used(request: web.Request) -> web.Response:
        await request.read()
        accounts[0].credentials = newest
        return web.json_response({"error_code": "refresh_token_already_used", "msg": "Already Used"}, status=400)

    application = web.Application()
    application.router.add_post("/token", already_used)
    async with TestServer(application, host="127.0.0.1") as server:
        used = Credentials(
            key=newest.key[:-4] + "AAAA", refresh_token="used", auth_url=str(server.make_url("/")).rstrip("/")
        )
        flow = FlowTTS(session, used, base_url=service.url, now=service.clock.now)
        accounts.append(flow)

        assert await spoken(flow, Transport.STREAM)

    assert flow.credentials == newest


async def test_a_wrong_public_key_is_a_matter_of_signing_in(service: Flow, account: Account) -> None:
    """The gateway before the sign-in service refuses it."""
    flow = account(credentials_of(service.new_session(), public_key="wrong"))
    service.clock.advance(HOUR)

    assert (await failed(flow)).failure is Failure.AUTH


@pytest.mark.parametrize(
    ("fault", "options", "failure"),
    [
        ("reset", {}, Failure.UNREACHABLE),
        ("stall", {}, Failure.UNREACHABLE),
        ("status", {"status": 500}, Failure.SERVER),
        ("status", {"status": 429}, Failure.RATE),
        ("content_type", {}, Failure.BROKEN),
    ],
)
async def test_a_sign_in_service_that_is_away_takes_nothing_with_it(
    service: Flow, account: Account, fault: str, options: dict[str, Any], failure: Failure
) -> None:
    """While the token is good it speaks; then it says what is wrong; when the service is back, it is as before."""
    session = credentials_of(service.new_session())
    flow = account(session, Timeouts(connect=0.5, first_byte=0.5, between=0.5))
    service.add_fault(fault, TOKEN_PATH, times=-1, **options)
    service.clock.advance(HOUR - 60)

    assert await spoken(flow, Transport.STREAM)
    with pytest.raises(ProviderError):
        await flow.verify()

    service.clock.advance(60)
    error = await failed(flow)
    assert (error.failure, error.charged) == (failure, Charge())

    service.faults.clear()
    assert flow.credentials == session
    assert await spoken(flow, Transport.STREAM)


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        ("reset", {}),
        ("reset", {"after_bytes": 10}),
        ("truncate", {"after_bytes": 10}),
        ("malformed_json", {}),
        ("garbage", {}),
        ("stall", {"after_bytes": 10}),
    ],
)
async def test_an_answer_that_was_lost_is_asked_for_again(
    service: Flow, account: Account, notebook: Notebook, fault: str, options: dict[str, Any]
) -> None:
    """The refresh token may have been used: its successor is given again for a few seconds only."""
    flow = account(credentials_of(service.new_session()), Timeouts(connect=0.5, first_byte=0.5, between=0.5))
    service.clock.advance(HOUR)
    service.add_fault(fault, TOKEN_PATH, **options)

    assert await spoken(flow, Transport.STREAM)
    assert len(service.asked(TOKEN_PATH)) == 2

    service.clock.advance(HOUR)
    assert await spoken(flow, Transport.STREAM)
    assert len(notebook.credentials) == 2


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b'{"access_token": 7}',
        b'{"access_token": "a b"}',
        b'{"access_token": "a", "refresh_token": "b\\n"}',
    ],
)
async def test_an_answer_without_tokens_changes_nothing(
    service: Flow, session: aiohttp.ClientSession, body: bytes
) -> None:
    """What is no token is not stored as one."""
    notebook = Notebook()
    issued = service.new_session()
    service.clock.advance(HOUR)
    async with answering(body, "application/json") as url:
        credentials = Credentials(key=issued["access_token"], refresh_token="refresh-4711", auth_url=url)
        flow = FlowTTS(session, credentials, base_url=service.url, observer=notebook, now=service.clock.now)
        error = await failed(flow)

    assert error.failure is Failure.BROKEN
    assert (flow.credentials, notebook.credentials) == (credentials, [])


async def test_a_renewal_is_finished_also_when_nobody_listens_any_more(
    service: Flow, flow: FlowTTS, notebook: Notebook
) -> None:
    """The refresh token was used: its successor must not be lost."""
    service.clock.advance(HOUR)
    service.add_fault("stall", TOKEN_PATH, seconds=0.05)
    speaking = asyncio.create_task(spoken(flow, Transport.STREAM))
    while not service.asked(TOKEN_PATH):
        await asyncio.sleep(0)

    speaking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await speaking
    await notebook.stored.wait()

    assert await spoken(flow, Transport.STREAM)
    assert len(service.asked(TOKEN_PATH)) == 1
    assert len(service.asked(STREAM_PATH)) == 1


async def test_a_renewal_that_fails_when_nobody_listens_any_more_is_no_error_of_the_house(
    service: Flow, flow: FlowTTS, caplog: pytest.LogCaptureFixture
) -> None:
    """Home Assistant would log it with its traceback."""
    service.clock.advance(HOUR)
    service.add_fault("status", TOKEN_PATH, status=500)
    service.add_fault("stall", TOKEN_PATH, seconds=0.05)
    speaking = asyncio.create_task(spoken(flow, Transport.STREAM))
    renewals: list[asyncio.Task[object]] = []
    while not renewals:
        await asyncio.sleep(0)
        renewals = [task for task in asyncio.all_tasks() if "Renew" in task.get_name()]

    speaking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await speaking
    await asyncio.wait(renewals)
    await asyncio.sleep(0)

    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_a_redirect_is_not_followed_with_a_token(session: aiohttp.ClientSession) -> None:
    """Wherever it leads."""
    async with answering(b"", "text/plain", status=307, headers={"Location": "/elsewhere"}) as url:
        flow = FlowTTS(session, Credentials(key="token"), base_url=url)
        error = await failed(flow)

    assert (error.failure, error.code) == (Failure.BROKEN, "http_307")


# The public key


async def test_the_public_key_is_told_where_the_service_tells_it(service: Flow, session: aiohttp.ClientSession) -> None:
    """Elsewhere it has to be known."""
    assert await FlowTTS.public_key(session, service.url) is None

    service.configure(**HEAD)
    assert await FlowTTS.public_key(session, service.url + "/") == "demo-public-key"


async def test_a_public_key_that_could_not_be_asked_for_is_not_none(
    service: Flow, session: aiohttp.ClientSession
) -> None:
    """A form can offer to try again."""
    service.configure(**HEAD)
    service.add_fault("status", "/api/config", status=503)

    with pytest.raises(ProviderError) as caught:
        await FlowTTS.public_key(session, service.url)

    assert caught.value.failure is Failure.SERVER


@pytest.mark.parametrize("body", [b"{}", b'{"supabasePublishableKey": 7}', b'{"supabasePublishableKey": ""}'])
async def test_a_public_key_that_is_none_is_unknown(session: aiohttp.ClientSession, body: bytes) -> None:
    """Not every deployment has one."""
    async with answering(body, "application/json") as url:
        assert await FlowTTS.public_key(session, url) is None
