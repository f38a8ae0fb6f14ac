"""Signing in to the emulated Flow service, and what an account may use of it."""

import asyncio
import base64
from datetime import UTC, datetime
import json
from typing import Any

import pytest

from .flow import USERS
from .flow_client import STREAM, SYNTHESIZE, TEXT, Contract, FlowClient, flow_client, portal_body
from .flow_jwt import sign

HOUR = 3600
PASSWORD = {"email": "demo@example.com", "password": "demo-password"}
NOT_FOUND = ("refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found")
ALREADY_USED = ("refresh_token_already_used", "Invalid Refresh Token: Already Used")
VERIFICATION = "JWT verification error: JWT verification failed: "
MALFORMED = f"{VERIFICATION}invalid JWT: unable to parse or verify signature, token is malformed"


@pytest.fixture
def portal(portal: FlowClient) -> FlowClient:
    """Return a client of the service that the portal page describes, at noon of a winter day."""
    return at_noon(portal)


@pytest.fixture
def backend(backend: FlowClient) -> FlowClient:
    """Return a client of the open-sourced backend, at the same time."""
    return at_noon(backend)


def at_noon(client: FlowClient) -> FlowClient:
    """Move a service to noon of a winter day, and sign in then."""
    client.flow.clock.move_to(datetime(2027, 1, 15, 12, tzinfo=UTC))
    client.token = client.flow.demo_token()
    return client


def claims(token: str) -> dict[str, Any]:
    """Read a token without checking it, as a client may."""
    payload = token.split(".")[1]
    read: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return read


# Signing in


async def test_a_password_gives_a_session(portal: FlowClient) -> None:
    """As supabase-js keeps it, with a token that speaks."""
    session = (await portal.grant("password", PASSWORD)).json
    portal.token = session["access_token"]

    now = int(portal.flow.clock.time())
    assert {key: session[key] for key in ("token_type", "expires_in")} == {"token_type": "bearer", "expires_in": HOUR}
    assert session["expires_at"] == pytest.approx(now + HOUR, abs=5)
    assert session["user"]["email"] == "demo@example.com"
    assert claims(session["access_token"]) | {"jti": "", "session_id": ""} == {
        "iss": f"{portal.flow.url}/auth/v1",
        "sub": USERS[0].user_id,
        "aud": "authenticated",
        "role": "authenticated",
        "email": "demo@example.com",
        "exp": session["expires_at"],
        "iat": session["expires_at"] - HOUR,
        "jti": "",
        "session_id": "",
    }
    assert (await portal.post(SYNTHESIZE, portal_body())).status == 200


async def test_a_session_made_directly_is_like_any_other(portal: FlowClient) -> None:
    """Its refresh token is good for the next one."""
    session = portal.flow.new_session(USERS[1])

    assert set(session) == {"access_token", "token_type", "expires_in", "expires_at", "refresh_token", "user"}
    assert (await portal.refresh(session["refresh_token"])).json["user"]["email"] == "other@example.com"


@pytest.mark.parametrize(
    ("kind", "payload", "code", "message"),
    [
        ("password", PASSWORD | {"password": "wrong"}, "invalid_credentials", "Invalid login credentials"),
        ("password", PASSWORD | {"email": "nobody@example.com"}, "invalid_credentials", "Invalid login credentials"),
        ("password", {}, "invalid_credentials", "Invalid login credentials"),
        ("refresh_token", {"refresh_token": "made-up"}, *NOT_FOUND),
        ("refresh_token", {"refresh_token": 5}, *NOT_FOUND),
        ("refresh_token", {}, *NOT_FOUND),
        ("magic", {}, "invalid_credentials", "unsupported_grant_type"),
    ],
)
async def test_wrong_grants_are_refused_in_both_shapes(
    portal: FlowClient, kind: str, payload: dict[str, object], code: str, message: str
) -> None:
    """Today's names a code, the older one is that of OAuth."""
    today = await portal.grant(kind, payload)
    portal.flow.configure(older_sign_in_errors=True)
    older = await portal.grant(kind, payload)

    assert (today.status, today.json) == (400, {"code": 400, "error_code": code, "msg": message})
    assert (older.status, older.json) == (400, {"error": "invalid_grant", "error_description": message})


@pytest.mark.parametrize(
    ("key", "message"), [(None, "No API key found in request"), ("another-key", "Invalid API key")]
)
async def test_the_sign_in_service_wants_its_public_key(portal: FlowClient, key: str | None, message: str) -> None:
    """Before it looks at anything else."""
    reply = await portal.grant("password", PASSWORD, key)

    assert (reply.status, reply.json["message"]) == (401, message)


async def test_refresh_tokens_rotate(portal: FlowClient) -> None:
    """Each answer has the next one, for as long as one likes."""
    tokens = [portal.flow.new_session()["refresh_token"]]
    for _ in range(5):
        portal.flow.clock.advance(HOUR)
        session = (await portal.refresh(tokens[-1])).json
        tokens.append(session["refresh_token"])
    portal.token = session["access_token"]

    assert len(set(tokens)) == 6
    assert (await portal.post(SYNTHESIZE, portal_body())).status == 200


async def test_a_refresh_token_may_be_used_again_within_ten_seconds(portal: FlowClient) -> None:
    """The answer that was lost is given again, with the same successor."""
    first = portal.flow.new_session()["refresh_token"]
    successor = (await portal.refresh(first)).json["refresh_token"]
    portal.flow.clock.advance(9)

    assert (await portal.refresh(first)).json["refresh_token"] == successor


async def test_a_refresh_token_that_is_used_again_later_costs_the_session(portal: FlowClient) -> None:
    """Also the successor is worth nothing then; the access token lives out its hour."""
    session = portal.flow.new_session()
    successor = (await portal.refresh(session["refresh_token"])).json["refresh_token"]
    portal.flow.clock.advance(10)

    for token in (session["refresh_token"], successor):
        reply = await portal.refresh(token)
        assert (reply.status, reply.json["error_code"], reply.json["msg"]) == (400, *ALREADY_USED)
    portal.token = session["access_token"]
    assert (await portal.post(SYNTHESIZE, portal_body())).status == 200


async def test_refreshes_that_race_get_the_same_successor(portal: FlowClient) -> None:
    """There is one successor, however many ask at once."""
    first = portal.flow.new_session()["refresh_token"]
    replies = await asyncio.gather(*(portal.refresh(first) for _ in range(8)))

    assert {reply.status for reply in replies} == {200}
    assert len({reply.json["refresh_token"] for reply in replies}) == 1
    assert len({reply.json["access_token"] for reply in replies}) == 8


async def test_logging_out_ends_all_sessions_of_the_user(portal: FlowClient) -> None:
    """Access and refresh tokens both, but not those of others."""
    session, other = portal.flow.new_session(), portal.flow.new_session(USERS[1])
    headers = {"Authorization": f"Bearer {session['access_token']}", "apikey": "demo-public-key"}

    assert (await portal.request("POST", "/auth/v1/logout", headers=headers)).status == 204

    portal.token = session["access_token"]
    reply = await portal.post(SYNTHESIZE, portal_body())
    assert (reply.status, reply.json["message"]) == (
        401,
        f"{VERIFICATION}Session from session_id claim in JWT does not exist",
    )
    assert (await portal.refresh(session["refresh_token"])).json["error_code"] == NOT_FOUND[0]
    assert (await portal.refresh(other["refresh_token"])).status == 200


async def test_a_reset_leaves_those_signed_in_who_were(portal: FlowClient) -> None:
    """And gives back what was used."""
    await portal.post(SYNTHESIZE, portal_body())
    portal.flow.sign_out()
    await portal.control("reset", {})
    portal.token = portal.flow.demo_token()

    assert (await portal.post(SYNTHESIZE, portal_body())).json["quota"]["used"] == 1


# Tokens


@pytest.mark.parametrize("contract", ["portal", "backend"])
@pytest.mark.parametrize("path", [SYNTHESIZE, STREAM])
@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, "Missing Authorization header"),
        ({"Authorization": "Basic abc"}, "Missing or invalid Authorization header"),
        ({"Authorization": "Bearer "}, "Missing or invalid Authorization header"),
        (
            {"Authorization": "Bearer nonsense"},
            f"{MALFORMED}: token contains an invalid number of segments",
        ),
        (
            {"Authorization": "Bearer !.!.!"},
            MALFORMED,
        ),
        (
            {"Authorization": f"Bearer {sign({'exp': 2**40}, b'another secret')}"},
            f"{VERIFICATION}invalid JWT: unable to parse or verify signature, token signature is invalid",
        ),
    ],
)
async def test_who_has_no_good_token_is_told_why(
    socket_enabled: None, contract: Contract, path: str, headers: dict[str, str], message: str
) -> None:
    """In the words of the service; nothing is charged."""
    async with flow_client(contract) as client:
        reply = await client.request("POST", path, json={"text": TEXT}, headers=headers)

        assert (reply.status, reply.json) == (401, {"code": "unauthorized", "message": message})
        assert not [name for name in reply.headers if name.startswith("X-Quota")]


async def test_access_tokens_live_an_hour_of_the_emulators_clock(portal: FlowClient) -> None:
    """To the second."""
    portal.flow.clock.advance(HOUR - 5)
    before = await portal.post(SYNTHESIZE, portal_body())
    portal.flow.clock.advance(5)
    after = await portal.post(SYNTHESIZE, portal_body())

    assert before.status == 200
    assert after.error == (401, "unauthorized")
    assert after.json["message"].endswith("token has invalid claims: token is expired")


async def test_tokens_of_another_lifetime_can_be_had(portal: FlowClient) -> None:
    """For tests of those who renew them."""
    portal.flow.configure(access_token_seconds=60)
    session = portal.flow.new_session()

    assert (
        session["expires_in"] == claims(session["access_token"])["exp"] - claims(session["access_token"])["iat"] == 60
    )


# Points


@pytest.mark.parametrize("path", [SYNTHESIZE, STREAM])
async def test_portal_says_when_the_points_come_back(portal: FlowClient, path: str) -> None:
    """The only answer that has the time of the reset."""
    await portal.control("quota", {"spend": 99})
    last = await portal.post(path, portal_body())
    refused = await portal.post(path, portal_body())

    assert last.status == 200
    assert (refused.status, refused.json) == (
        429,
        {
            "code": "quota_exceeded",
            "message": "Daily quota limit reached. Resets at 00:00 UTC.",
            "quota": {"daily": 100, "used": 100, "remaining": 0, "resetAt": "2027-01-16T00:00:00Z"},
        },
    )


@pytest.mark.parametrize("path", [SYNTHESIZE, STREAM])
async def test_backend_only_says_that_there_are_too_few_points(backend: FlowClient, path: str) -> None:
    """No numbers but in words, no headers."""
    await backend.control("quota", {"remaining": 0})
    refused = await backend.post(path, {"text": TEXT})

    message = "Insufficient credits. You have 0 credits remaining, but this operation requires 100 credits."
    assert (refused.status, refused.json) == (429, {"code": "quota_exceeded", "message": message})
    assert not [name for name in refused.headers if name.startswith("X-Quota")]


async def test_backend_of_june_says_so_in_other_words(backend: FlowClient) -> None:
    """And asks for one point."""
    backend.flow.configure(release="june")
    await backend.control("quota", {"remaining": 0})
    refused = await backend.post(SYNTHESIZE, {"text": TEXT})

    assert refused.json["message"] == "Insufficient quota. You have 0 remaining, but this operation requires 1."


@pytest.mark.parametrize(("settings", "used"), [({}, 200), ({"pool_resets": True}, 100), ({"release": "june"}, 1)])
async def test_a_pool_outlives_midnight(backend: FlowClient, settings: dict[str, Any], used: int) -> None:
    """What was used of it stays so; that of June came back each day."""
    backend.flow.configure(**settings)
    await backend.post(SYNTHESIZE, {"text": TEXT})
    await backend.control("clock", {"advance": 86400})
    backend.token = backend.flow.demo_token()

    assert (await backend.post(SYNTHESIZE, {"text": TEXT})).json["quota"]["used"] == used


async def test_only_email_accounts_are_served(backend: FlowClient) -> None:
    """Users who signed up with Google are told so, and use the backend of June."""
    backend.token = backend.flow.new_session(USERS[2])["access_token"]
    refused = await backend.post(SYNTHESIZE, {"text": TEXT})
    backend.flow.configure(release="june")

    assert refused.error == (401, "unauthorized")
    assert refused.json["message"] == "JWT verification error: Only email accounts are supported"
    assert (await backend.post(SYNTHESIZE, {"text": TEXT})).status == 200


async def test_points_come_back_at_midnight_utc(portal: FlowClient) -> None:
    """Not a second before it, however the clock gets there."""
    await portal.control("quota", {"spend": 100})
    await portal.control("clock", {"to": "2027-01-15T23:59:58Z"})
    portal.token = portal.flow.demo_token()
    before = await portal.post(SYNTHESIZE, portal_body())
    await portal.control("clock", {"to": "2027-01-16T00:00:00Z"})
    after = await portal.post(SYNTHESIZE, portal_body())

    assert before.error == (429, "quota_exceeded")
    assert after.json["quota"] == {"daily": 100, "used": 1, "remaining": 99}


async def test_everyone_has_points_of_their_own(portal: FlowClient) -> None:
    """Sessions of one user share them."""
    await portal.post(SYNTHESIZE, portal_body())
    portal.token = portal.flow.demo_token()
    same = await portal.post(SYNTHESIZE, portal_body())
    portal.token = portal.flow.new_session(USERS[1])["access_token"]
    other = await portal.post(SYNTHESIZE, portal_body())

    assert (same.json["quota"]["used"], other.json["quota"]["used"]) == (2, 1)


async def test_another_client_spends(backend: FlowClient) -> None:
    """Up to the remaining points, for any user."""
    assert (await backend.control("quota", {"spend": 30})).json == {"daily": 10_000, "used": 30, "remaining": 9970}
    assert (await backend.control("quota", {"spend": 30_000})).json["remaining"] == 0
    assert (await backend.control("quota", {"remaining": 3})).json == {"daily": 10_000, "used": 9997, "remaining": 3}
    other = {"spend": 1, "email": "other@example.com"}
    assert (await backend.control("quota", other)).json["used"] == 1


@pytest.mark.parametrize(
    "change", [{}, {"spend": -1}, {"spend": "x"}, {"remaining": 10_001}, {"spend": 1, "email": "x"}]
)
async def test_senseless_spending_is_refused(backend: FlowClient, change: dict[str, object]) -> None:
    """And says so."""
    assert (await backend.control("quota", change)).status == 400


@pytest.mark.parametrize(
    ("settings", "daily"), [({"tier": "pro"}, 300), ({"tier": "max"}, 1000), ({"daily_points": 300}, 300), ({}, 10_000)]
)
async def test_limits_go_by_tier_or_as_they_are_set(
    backend: FlowClient, settings: dict[str, object], daily: int
) -> None:
    """From the next request on."""
    backend.flow.configure(**settings)
    reply = await backend.post(SYNTHESIZE, {"text": TEXT})

    assert reply.json["quota"]["daily"] == int(reply.headers["X-Quota-Daily"]) == daily


@pytest.mark.parametrize("contract", ["portal", "backend"])
async def test_the_last_point_is_given_once(socket_enabled: None, contract: Contract) -> None:
    """However many ask for it at the same time."""
    async with flow_client(contract) as client:
        client.flow.configure(ttfb=0.01)
        await client.control("quota", {"remaining": 1 if contract == "portal" else 100})
        body = portal_body() if contract == "portal" else {"text": TEXT}
        replies = await asyncio.gather(*(client.post(STREAM, body) for _ in range(8)))

    assert sorted(reply.status for reply in replies) == [200] + [429] * 7


async def test_backend_tells_the_quota_to_who_asks(backend: FlowClient) -> None:
    """Without spending any, and without a body to who knows it already."""
    await backend.post(SYNTHESIZE, {"text": TEXT})
    reply = await backend.get("/api/user/quota")
    again = await backend.get("/api/user/quota", **{"If-None-Match": reply.headers["ETag"]})
    await backend.post(SYNTHESIZE, {"text": TEXT})
    later = await backend.get("/api/user/quota", **{"If-None-Match": reply.headers["ETag"]})

    assert reply.json["quota"] == {
        "daily": 10_000,
        "used": 100,
        "remaining": 9900,
        "subscription_tier": "free",
        "subscription_start": None,
        "subscription_end": None,
        "auto_renew": False,
    }
    assert reply.json["user"]["email"] == "demo@example.com"
    assert (again.status, again.body) == (304, b"")
    assert later.json["quota"]["used"] == 200


@pytest.mark.parametrize("path", ["/api/user/quota", "/api/voice/list"])
async def test_free_calls_of_the_backend_want_a_token(backend: FlowClient, path: str) -> None:
    """They are a way to check one."""
    assert (await backend.request("GET", path)).error == (401, "unauthorized")
    assert (await backend.get(path)).json["code"] == "success"


# Rate


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (SYNTHESIZE, portal_body(), 200),
        (STREAM, portal_body(), 200),
        (SYNTHESIZE, {}, 400),
    ],
)
async def test_every_answer_of_the_portal_tells_the_rate(
    portal: FlowClient, path: str, body: dict[str, object], status: int
) -> None:
    """Also of errors; the reset is a time in whole seconds."""
    now = portal.flow.clock.time()
    replies = [await portal.post(path, body), await portal.post(path, body)]

    assert [reply.status for reply in replies] == [status, status]
    assert [reply.headers["X-RateLimit-Limit"] for reply in replies] == ["60", "60"]
    assert [reply.headers["X-RateLimit-Remaining"] for reply in replies] == ["59", "58"]
    assert now + 60 <= int(replies[1].headers["X-RateLimit-Reset"]) <= now + 66


async def test_portal_tells_the_rate_also_to_strangers(portal: FlowClient) -> None:
    """In the list of voices and in refusals, and counts them apart."""
    listed = await portal.request("GET", "/api/tts/voices")
    refused = await portal.request("POST", SYNTHESIZE, json=portal_body())
    known = await portal.post(SYNTHESIZE, portal_body())

    remaining = [reply.headers["X-RateLimit-Remaining"] for reply in (listed, refused, known)]
    assert (refused.status, remaining) == (401, ["59", "58", "59"])


@pytest.mark.parametrize(("text", "form"), [(False, "application/json"), (True, "text/plain; charset=utf-8")])
async def test_the_rate_limit_limits_and_costs_no_point(portal: FlowClient, text: bool, form: str) -> None:
    """Until the window that it names is over."""
    portal.flow.configure(rate_limit=2, rate_text=text)
    *_, refused = [await portal.post(SYNTHESIZE, portal_body()) for _ in range(3)]
    portal.flow.clock.move_to(datetime.fromtimestamp(int(refused.headers["X-RateLimit-Reset"]), UTC))
    after = await portal.post(SYNTHESIZE, portal_body())

    assert (refused.status, refused.headers["Content-Type"]) == (429, form)
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert b"quota" not in refused.body
    assert (after.status, after.json["quota"]["used"]) == (200, 3)


async def test_backend_knows_no_rate(backend: FlowClient) -> None:
    """No limit, no headers."""
    backend.flow.configure(rate_limit=1)
    replies = [await backend.post(SYNTHESIZE, {"text": TEXT}) for _ in range(3)]

    assert [reply.status for reply in replies] == [200, 200, 200]
    assert not [name for name in replies[0].headers if name.startswith("X-RateLimit")]


@pytest.mark.parametrize(
    ("status", "code", "points"),
    [(500, "internal_error", 1), (400, "invalid_request", 1), (401, "unauthorized", 0), (429, "quota_exceeded", 0)],
)
async def test_failures_at_will_look_and_cost_like_real_ones(
    portal: FlowClient, status: int, code: str, points: int
) -> None:
    """With the headers that all answers have."""
    portal.flow.add_fault("status", STREAM, status=status)
    failed = await portal.post(STREAM, portal_body())

    assert failed.error == (status, code)
    assert failed.headers["X-RateLimit-Remaining"] == "59"
    assert (await portal.post(SYNTHESIZE, portal_body())).json["quota"]["used"] == points + 1


@pytest.mark.parametrize(("status", "code"), [(403, "cors_error"), (413, "payload_too_large"), (404, "not_found")])
async def test_errors_of_the_server_before_the_service_can_be_had(backend: FlowClient, status: int, code: str) -> None:
    """They cost nothing."""
    backend.flow.add_fault("status", STREAM, status=status, code=code)

    assert (await backend.post(STREAM, {"text": "Hello."})).error == (status, code)
    assert (await backend.post(SYNTHESIZE, {"text": "Hello."})).json["quota"]["used"] == 100


async def test_the_rate_limit_strikes_at_will(portal: FlowClient) -> None:
    """Its headers distinguish it from the quota's, whatever the body says."""
    portal.flow.add_fault("status", STREAM, status=429, code="rate_limit_exceeded")
    refused = await portal.post(STREAM, portal_body())

    assert refused.error == (429, "rate_limit_exceeded")
    assert refused.headers["X-RateLimit-Remaining"] == "0"


async def test_the_sign_in_service_fails_at_will(portal: FlowClient) -> None:
    """With any status, in its own shape."""
    session = portal.flow.new_session()
    portal.flow.add_fault("status", "/auth/v1/token", status=503, code="unexpected_failure", message="down")
    failed = await portal.refresh(session["refresh_token"])

    assert (failed.status, failed.json["error_code"], failed.json["msg"]) == (503, "unexpected_failure", "down")
    assert (await portal.refresh(session["refresh_token"])).status == 200
