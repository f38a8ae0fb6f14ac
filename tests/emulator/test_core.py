"""What the services share: faults, delays, the log, the control endpoints, start and stop. Shown on AsyncFlow."""

import asyncio
from collections.abc import Callable
import io
import json
from pathlib import Path
import signal
import sys
from typing import Any

from aiohttp import ClientError, ClientSession, ClientWebSocketResponse, WSMsgType, WSServerHandshakeError
import pytest

from tests.manual_clock import ManualClock

from . import Settings, running_emulator
from .asyncflow import AsyncFlow
from .asyncflow_client import HEADERS, SOCKET, STREAMING, TEXT, VOICE, WHOLE, ask, speech, talk
from .faults import SENTINEL, FaultKind
from .sound import tone

SPOKEN = tone(TEXT, 24000, voice=VOICE)
ROOT = Path(__file__).parents[2]
NAMES = ("asyncflow", "sarvam", "flow", "tencent")


# Faults of an HTTP answer


@pytest.mark.parametrize(
    ("fault", "options", "expected"),
    [
        ("truncate", {}, b""),
        ("truncate", {"after_bytes": 5000}, SPOKEN[:5000]),
        ("truncate", {"after_bytes": 10**9}, SPOKEN),
        ("stall", {"seconds": 0}, SPOKEN),
        ("stall", {"seconds": 0, "after_bytes": 5001}, SPOKEN),
        ("sentinel", {}, SENTINEL),
        ("sentinel", {"after_bytes": 5001}, SPOKEN[:5001] + SENTINEL),
        ("sentinel", {"after_bytes": len(SPOKEN)}, SPOKEN + SENTINEL),
    ],
)
@pytest.mark.parametrize("endpoint", [WHOLE, STREAMING])
async def test_body_is_distorted(
    *,
    asyncflow: AsyncFlow,
    session: ClientSession,
    endpoint: str,
    fault: str,
    options: dict[str, Any],
    expected: bytes,
) -> None:
    """At the byte that was named, with a clean end."""
    asyncflow.add_fault(fault, endpoint, **options)

    assert (await ask(session, asyncflow.url + endpoint, speech())).body == expected


@pytest.mark.parametrize("after_bytes", [None, 0, 1, 4800, 5000, len(SPOKEN) - 1])
@pytest.mark.parametrize("endpoint", [WHOLE, STREAMING])
async def test_connection_is_reset(
    asyncflow: AsyncFlow, session: ClientSession, endpoint: str, after_bytes: int | None
) -> None:
    """Before the response, after its headers, or in its body: never a clean end."""
    asyncflow.add_fault("reset", endpoint, after_bytes=after_bytes)
    received: list[bytes] = []

    with pytest.raises(ClientError):
        await _listen(session, asyncflow.url + endpoint, received)

    assert bool(received) is (after_bytes is not None)
    assert b"".join(received) == SPOKEN[: after_bytes or 0]
    assert asyncflow.requests[-1].ended == "reset"


@pytest.mark.parametrize("split", range(1, 24))
async def test_sentinel_is_split_anywhere(asyncflow: AsyncFlow, session: ClientSession, split: int) -> None:
    """Its first part in one chunk with the audio before it, the rest in the next."""
    asyncflow.add_fault("sentinel", STREAMING, after_bytes=1001, split=split)

    async with session.post(asyncflow.url + STREAMING, json=speech(), headers=HEADERS) as response:
        chunks = [data async for data, _ in response.content.iter_chunks()]

    assert chunks == [SPOKEN[:1001] + SENTINEL[:split], SENTINEL[split:]]


async def test_garbage_comes_instead_of_the_rest(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """With the content type of the real thing."""
    asyncflow.add_fault("garbage", STREAMING, after_bytes=4)

    reply = await ask(session, asyncflow.url + STREAMING, speech())

    assert reply.content_type == "application/octet-stream"
    assert reply.body.startswith(SPOKEN[:4])
    assert len(set(reply.body[4:])) == 256


async def test_flood_comes_instead_of_the_rest(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """For the requested time."""
    asyncflow.add_fault("flood", STREAMING, after_bytes=4, size=3_000_000)

    reply = await ask(session, asyncflow.url + STREAMING, speech())

    assert reply.body == SPOKEN[:4] + b"A" * 3_000_000


async def test_status_that_is_no_error_has_no_body(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """It is not the service that says it, but what stands before."""
    asyncflow.add_fault("status", STREAMING, status=307, headers={"Location": "/elsewhere"})

    async with session.post(asyncflow.url + STREAMING, headers=HEADERS, json={}, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (307, "/elsewhere")
        assert await response.read() == b""


@pytest.mark.parametrize(("options", "expected"), [({}, "text/html"), ({"content_type": "text/plain"}, "text/plain")])
async def test_other_content_comes_instead(
    asyncflow: AsyncFlow, session: ClientSession, options: dict[str, str], expected: str
) -> None:
    """As from a portal of a network in which one has to sign in."""
    asyncflow.add_fault("content_type", STREAMING, **options)

    reply = await ask(session, asyncflow.url + STREAMING, speech())

    assert (reply.status, reply.content_type) == (200, expected)
    assert reply.body.startswith(b"<!doctype html>")


@pytest.mark.parametrize("fault", ["malformed_json", "truncate"])
async def test_json_can_be_malformed(asyncflow: AsyncFlow, session: ClientSession, fault: str) -> None:
    """It has an end, but not the right one."""
    asyncflow.add_fault(fault, "/voices", after_bytes=100 if fault == "truncate" else None)

    reply = await ask(session, asyncflow.url + "/voices", {})

    with pytest.raises(json.JSONDecodeError):
        json.loads(reply.body)


@pytest.mark.parametrize("after_bytes", [None, 0, 4800, 5000])
async def test_answer_stalls_until_the_client_gives_up(
    asyncflow: AsyncFlow, session: ClientSession, after_bytes: int | None
) -> None:
    """For ever where no time is named; the service sees that the client is gone."""
    asyncflow.add_fault("stall", STREAMING, after_bytes=after_bytes)
    received: list[bytes] = []
    task = asyncio.create_task(_listen(session, asyncflow.url + STREAMING, received))
    await _until(lambda: bool(asyncflow.requests) and asyncflow.requests[-1].fault == "stall")
    await _until(lambda: len(b"".join(received)) == (after_bytes or 0))
    task.cancel()
    await asyncio.wait([task])
    await _until(lambda: asyncflow.requests[-1].ended == "abandoned")

    assert b"".join(received) == SPOKEN[: after_bytes or 0]


async def test_kept_connection_closes_when_idle(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """The answer is complete, and the next request needs a new connection."""
    asyncflow.add_fault("idle_close", "/voices")

    first = await ask(session, asyncflow.url + "/voices", {})
    await _until(lambda: asyncflow.open_connections == 0)
    second = await ask(session, asyncflow.url + "/voices", {})

    assert (first.status, second.status) == (200, 200)
    assert asyncflow.connections_made == 2


async def test_idle_connections_are_closed_on_demand_and_busy_ones_are_not(
    asyncflow: AsyncFlow, session: ClientSession
) -> None:
    """What is being answered keeps its connection."""
    await ask(session, asyncflow.url + "/voices", {})
    asyncflow.add_fault("stall", STREAMING, after_bytes=0)
    async with ClientSession() as other:
        task = asyncio.create_task(_listen(other, asyncflow.url + STREAMING, []))
        await _until(lambda: asyncflow.requests[-1].fault == "stall")
        assert asyncflow.open_connections == 2

        asyncflow.close_idle_connections()

        await _until(lambda: asyncflow.open_connections == 1)
        assert not task.done()
        task.cancel()
        await asyncio.wait([task])


# Which requests they strike


async def test_fault_strikes_the_paths_and_times_it_was_told(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """Others pass; what was added first goes first."""
    asyncflow.add_fault("status", WHOLE, status=503, times=2, skip=1)
    asyncflow.add_fault("status", STREAMING, status=401)
    asyncflow.add_fault("status", "/voices", status=429, method="PUT")

    speech_statuses = [(await ask(session, asyncflow.url + STREAMING, speech())).status for _ in range(5)]
    voices = await ask(session, asyncflow.url + "/voices", {})

    assert speech_statuses == [401, 503, 503, 200, 200]
    assert voices.status == 200
    assert len(asyncflow.faults.pending()) == 1


async def test_fault_strikes_for_ever_until_the_reset(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """Of anything, where no path is named; the control endpoints are never struck."""
    asyncflow.add_fault("status", status=500, times=-1)

    struck = [(await ask(session, asyncflow.url + path, {})).status for path in ("/voices", STREAMING, "/nowhere")]
    reset = await ask(session, f"{asyncflow.url}/_emulator/reset")
    voices = await ask(session, asyncflow.url + "/voices", {})

    assert (*struck, reset.status, voices.status) == (500, 500, 500, 200, 200)


# Faults of a WebSocket


async def test_upgrade_is_refused(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """With the status and the service's own envelope."""
    asyncflow.add_fault("status", SOCKET, status=429)

    with pytest.raises(WSServerHandshakeError) as refusal:
        async with talk(session, asyncflow.url):
            pytest.fail("It was accepted")

    assert refusal.value.status == 429


async def test_upgrade_is_reset(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """Before it was answered; twice, as aiohttp's client tries an upgrade again."""
    asyncflow.add_fault("reset", SOCKET, times=2)

    with pytest.raises(ClientError):
        async with talk(session, asyncflow.url):
            pytest.fail("It was accepted")


@pytest.mark.parametrize("frames", [0, 1, 3])
@pytest.mark.parametrize(
    ("fault", "options", "expected"),
    [
        ("close", {"close_code": 1013}, [(WSMsgType.CLOSE, 1013)]),
        ("close", {}, [(WSMsgType.CLOSE, 1011)]),
        ("truncate", {}, [(WSMsgType.CLOSE, 1000)]),
        ("reset", {}, [(WSMsgType.CLOSED, None)]),
        ("garbage", {}, [(WSMsgType.BINARY, None), (WSMsgType.CLOSE, 1000)]),
        ("sentinel", {}, [(WSMsgType.TEXT, SENTINEL.decode()), (WSMsgType.CLOSE, 1000)]),
        (
            "status",
            {"status": 429, "code": "USAGE_LIMIT_EXCEEDED"},
            [(WSMsgType.TEXT, "USAGE_LIMIT_EXCEEDED"), (WSMsgType.CLOSE, 1011)],
        ),
    ],
)
async def test_socket_ends_in_other_ways(
    *,
    asyncflow: AsyncFlow,
    session: ClientSession,
    frames: int,
    fault: str,
    options: dict[str, Any],
    expected: list[tuple[WSMsgType, Any]],
) -> None:
    """In the place of the frame that comes next."""
    asyncflow.add_fault(fault, SOCKET, after_frames=frames, **options)
    async with talk(session, asyncflow.url) as conversation:
        await conversation.acknowledged()
        await conversation.say(transcript=TEXT, context_id="a", force=True)
        for _ in range(frames):
            assert (await conversation.next())["audio"]

        for kind, content in expected:
            await _expect(conversation.socket, kind, content)


@pytest.mark.parametrize("fault", ["malformed_base64", "malformed_json"])
async def test_frame_is_malformed(asyncflow: AsyncFlow, session: ClientSession, fault: str) -> None:
    """One of them; the others are as they should be."""
    asyncflow.add_fault(fault, SOCKET, after_frames=1)
    async with talk(session, asyncflow.url) as conversation:
        await conversation.acknowledged()
        await conversation.say(transcript=TEXT, context_id="a", force=True)
        frames = [(await conversation.socket.receive()).data for _ in range(3)]

    assert [frame.endswith("}") and '"audio": "!' not in frame for frame in frames] == [True, False, True]


async def test_frame_is_flooded(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """It is a frame all the same, only too long."""
    asyncflow.add_fault("flood", SOCKET, after_frames=1, size=100_000)
    async with talk(session, asyncflow.url) as conversation:
        await conversation.acknowledged()
        await conversation.say(transcript=TEXT, context_id="a", force=True)
        frames = [json.loads((await conversation.socket.receive()).data) for _ in range(3)]

    assert [len(frame.get("more", "")) for frame in frames] == [0, 100_000, 0]


async def test_socket_stalls(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """In every context, but a disconnect of the client is noticed."""
    asyncflow.add_fault("stall", SOCKET, after_frames=1)
    async with talk(session, asyncflow.url) as conversation:
        await conversation.acknowledged()
        for context_id in "ab":
            await conversation.say(transcript=TEXT, context_id=context_id, force=True)
        await conversation.next()
        await _until(lambda: len(asyncflow.requests[-1].frames) == 5)
    await _until(lambda: bool(asyncflow.requests[-1].ended))

    senders = [frame.sender for frame in asyncflow.requests[-1].frames]
    assert senders == ["client", "service", "client", "client", "service"]


# Delays


async def test_sound_is_delivered_at_its_pace(asyncflow: AsyncFlow, session: ClientSession, clock: ManualClock) -> None:
    """The first chunk after the time to first byte, the others paced; the delays follow the loop's clock."""
    asyncflow.configure(ttfb=30.0, realtime_factor=0.01, chunk_duration=0.1)
    received: list[bytes] = []
    task = asyncio.create_task(_listen(session, asyncflow.url + STREAMING, received))
    await _until(lambda: bool(asyncflow.requests) and asyncflow.requests[-1].status == 200)
    heard = []
    for seconds in (31.0, 10.5, 10.5):
        await _settle()
        heard.append(len(b"".join(received)))
        clock.advance(seconds)
        await _until(lambda: len(b"".join(received)) > heard[-1])
    task.cancel()
    await asyncio.wait([task])

    assert heard == [0, 4800, 9600]
    assert b"".join(received) == SPOKEN[:14400]


async def test_whole_file_comes_when_it_is_made(
    asyncflow: AsyncFlow, session: ClientSession, clock: ManualClock
) -> None:
    """All audio has to be generated first."""
    asyncflow.configure(ttfb=20.0, realtime_factor=0.05)
    task = asyncio.create_task(ask(session, asyncflow.url + WHOLE, speech()))
    await _until(lambda: bool(asyncflow.requests))
    clock.advance(25.0)
    await _settle()
    early = task.done()
    clock.advance(20.0)

    assert (await task).body == SPOKEN
    assert not early


async def test_new_connection_costs_time_once(asyncflow: AsyncFlow, session: ClientSession, clock: ManualClock) -> None:
    """Requests on a connection that is there already don't wait."""
    asyncflow.configure(connect_delay=30.0)
    first = asyncio.create_task(ask(session, asyncflow.url + "/voices", {}))
    await _until(lambda: bool(asyncflow.requests))
    await _settle()
    early = first.done()
    clock.advance(31.0)
    await first

    async with asyncio.timeout(10):
        second = await ask(session, asyncflow.url + "/voices", {})

    assert not early
    assert second.status == 200
    assert asyncflow.connections_made == 1


# The log and the control endpoints


async def test_requests_are_logged(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """With all that was asked, and what became of it."""
    await ask(session, f"{asyncflow.url}{STREAMING}?trace=1", speech())
    async with talk(session, asyncflow.url) as conversation:
        await conversation.say(transcript=TEXT, context_id="a")
        await conversation.say(transcript="", context_id="a")
        await conversation.heard("a")

    async with session.get(f"{asyncflow.url}/_emulator/requests") as response:
        http, socket = (await response.json())["requests"]

    assert (http["method"], http["path"], http["query"]) == ("POST", STREAMING, {"trace": "1"})
    assert http["headers"]["x-api-key"] == "demo-key"
    assert http["body"] == speech()
    assert (http["status"], http["sent"], http["ended"], http["fault"]) == (200, len(SPOKEN), "complete", None)
    assert (socket["method"], socket["path"], socket["status"]) == ("GET", SOCKET, 101)
    sent = [json.loads(frame["text"]) for frame in socket["frames"] if frame["sender"] == "client"]
    assert sent == asyncflow.asked(SOCKET)[0].frames_of_client()
    assert sent[1:] == [{"transcript": TEXT, "context_id": "a"}, {"transcript": "", "context_id": "a"}]
    assert [frame["sender"] for frame in socket["frames"][-2:]] == ["service", "service"]


@pytest.mark.parametrize(("query", "expected"), [("path=/voices", ["/voices"]), ("after=1", ["/voices", "/nowhere"])])
async def test_log_can_be_filtered(
    asyncflow: AsyncFlow, session: ClientSession, query: str, expected: list[str]
) -> None:
    """By path and by number."""
    for path in (STREAMING, "/voices", "/nowhere"):
        await ask(session, asyncflow.url + path, {})

    async with session.get(f"{asyncflow.url}/_emulator/requests?{query}") as response:
        assert [entry["path"] for entry in (await response.json())["requests"]] == expected


async def test_body_that_is_no_text_is_logged_by_its_length(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """It is not kept."""
    async with session.post(f"{asyncflow.url}/nowhere", data=io.BytesIO(b"\xff" * 100)) as response:
        assert response.status == 404

    assert asyncflow.requests[-1].body == "100 bytes"


async def test_faults_come_over_http(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """One or several at once."""
    url = f"{asyncflow.url}/_emulator/faults"
    one = await ask(session, url, {"match": STREAMING, "fault": "truncate", "after_bytes": 10})
    several = await ask(session, url, [{"fault": "reset", "times": -1}, {"fault": "stall"}])

    assert (one.json, several.json) == ({"faults": 1}, {"faults": 3})
    assert [fault.fault for fault in asyncflow.faults.pending()] == [
        FaultKind.TRUNCATE,
        FaultKind.RESET,
        FaultKind.STALL,
    ]
    assert (await ask(session, asyncflow.url + STREAMING, speech())).body == SPOKEN[:10]


@pytest.mark.parametrize(
    ("endpoint", "payload"),
    [
        ("faults", {"fault": "explosion"}),
        ("faults", {"fault": "stall", "colour": "red"}),
        ("faults", {}),
        ("clock", {}),
        ("clock", {"to": "soon"}),
        ("quota", {"spend": "much"}),
        ("quota", {"give": 5}),
        ("settings", {"colour": "red"}),
        ("settings", {"voice": "song"}),
    ],
)
async def test_control_refuses_what_makes_no_sense(
    asyncflow: AsyncFlow, session: ClientSession, endpoint: str, payload: dict[str, Any]
) -> None:
    """And says why."""
    reply = await ask(session, f"{asyncflow.url}/_emulator/{endpoint}", payload)

    assert reply.status == 400
    assert reply.json["error"]


async def test_clock_moves(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """By seconds or to a moment, until it is reset."""
    url = f"{asyncflow.url}/_emulator/clock"
    at = await ask(session, url, {"to": "2030-01-01T00:00:00Z"})
    later = await ask(session, url, {"advance": 86400})

    assert at.json["time"].startswith("2030-01-01T00:00:0")
    assert later.json["time"].startswith("2030-01-02T00:00:0")
    asyncflow.reset()
    assert asyncflow.clock.offset == 0


async def test_quota_and_settings_change_over_http(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """Another client spends; what was set is back after a reset."""
    spent = await ask(session, f"{asyncflow.url}/_emulator/quota", {"spend": 12.5, "limit": 60})
    settings = await ask(session, f"{asyncflow.url}/_emulator/settings", {"voice": "speech", "keys": ["another"]})
    changed = asyncflow.behaviour
    await ask(session, f"{asyncflow.url}/_emulator/reset")

    assert spent.json == {"limit": 60, "used": 12.5}
    assert (settings.json["voice"], changed.keys) == ("speech", ("another",))
    assert (asyncflow.behaviour.keys, asyncflow.behaviour.usage_limit) == (("demo-key",), None)
    assert not asyncflow.requests


async def test_state_tells_connections_and_faults(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """For tests in another process."""
    asyncflow.add_fault("stall", STREAMING)
    await ask(session, asyncflow.url + "/voices", {})

    async with session.get(f"{asyncflow.url}/_emulator/state") as response:
        state = await response.json()

    assert state["connections"] == {"open": 1, "made": 1}
    assert [fault["fault"] for fault in state["faults"]] == ["stall"]


async def test_speech_is_spoken_when_it_is_asked_for(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """Instead of the tone, at the same rate."""
    asyncflow.configure(voice="speech")

    reply = await ask(session, asyncflow.url + STREAMING, speech())

    assert reply.status == 200
    assert len(reply.body) > 24000
    assert reply.body != SPOKEN


# Start and stop


async def test_services_run_together_and_share_the_clock(socket_enabled: None, session: ClientSession) -> None:
    """Each on a port of its own."""
    async with running_emulator(Settings(ttfb=0.001)) as emulator:
        services = [getattr(emulator, name) for name in NAMES]
        urls = {service.url for service in services}
        emulator.clock.advance(100)
        clocks = {service.clock for service in services}
        reply = await ask(session, emulator.asyncflow.url + STREAMING, speech())

    assert len(urls) == len(NAMES)
    assert clocks == {emulator.clock}
    assert reply.body == SPOKEN


async def test_stop_ends_whatever_runs(socket_enabled: None, session: ClientSession) -> None:
    """Requests that stall, open sockets, idle connections: nothing keeps it up."""
    async with AsyncFlow(Settings()) as service:
        service.add_fault("stall", STREAMING)
        stalled = asyncio.create_task(ask(session, service.url + STREAMING, speech()))
        async with talk(session, service.url) as conversation:
            await conversation.say(transcript=TEXT, context_id="a", force=True)
            await conversation.next()
            await _until(lambda: len(service.requests) == 2)
            async with asyncio.timeout(10):
                await service.__aexit__(None, None, None)
    await asyncio.wait([stalled])

    assert isinstance(stalled.exception(), ClientError)
    assert all(entry.ended for entry in service.requests)


async def test_taken_port_is_told(asyncflow: AsyncFlow) -> None:
    """It doesn't start, and leaves nothing open."""
    port = int(asyncflow.url.rpartition(":")[2])

    with pytest.raises(OSError, match=str(port)):
        await AsyncFlow(Settings(asyncflow_port=port)).__aenter__()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_command_runs_until_it_is_interrupted(session: ClientSession, number: signal.Signals) -> None:
    """It prints its addresses and a token, answers, and leaves with status 0."""
    ports = [word for name in NAMES for word in (f"--{name}-port", "0")]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.emulator", *ports, "--voice", "tone", "--ttfb-ms", "0",
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    lines = [(await process.stdout.readline()).decode().split() for _ in range(7)]
    told = {words[0]: words[1] for words in lines}

    reply = await ask(session, told["asyncflow"] + STREAMING, speech())
    process.send_signal(number)

    assert await process.wait() == 0
    assert reply.body == SPOKEN
    assert told.keys() == {*NAMES, "key", "token", "secret"}
    assert told["key"] == "demo-key"
    assert told["token"].count(".") == 2


async def test_command_is_told_how_services_behave(session: ClientSession) -> None:
    """Each by the names of its settings, the values as JSON or as they are."""
    ports = [word for name in NAMES for word in (f"--{name}-port", "0")]
    switches = ["asyncflow.early_close=finish", "asyncflow.init_ack=false", "sarvam.completion_events=false"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.emulator", *ports, *(word for switch in switches for word in ("--set", switch)),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    lines = [(await process.stdout.readline()).decode().split() for _ in range(7)]
    told = {words[0]: words[1] for words in lines}

    states = {
        name: (await ask(session, f"{told[name]}/_emulator/state", method="GET")).json["settings"]
        for name in ("asyncflow", "sarvam")
    }
    process.send_signal(signal.SIGINT)

    assert await process.wait() == 0
    assert (states["asyncflow"]["early_close"], states["asyncflow"]["init_ack"]) == ("finish", False)
    assert states["sarvam"]["completion_events"] is False


@pytest.mark.parametrize("switch", ["asyncflow.nothing=3", "nobody.early_close=finish", "asyncflow.early_close=never"])
async def test_command_refuses_a_switch_that_is_none(switch: str) -> None:
    """It ends with status 2 and says which."""
    ports = [word for name in NAMES for word in (f"--{name}-port", "0")]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.emulator", *ports, "--set", switch, cwd=ROOT, stderr=asyncio.subprocess.PIPE
    )
    _, told = await process.communicate()

    assert process.returncode == 2
    assert any(word in told.decode() for word in ("nothing", "nobody", "never"))


async def test_service_goes_away_and_comes_back(asyncflow: AsyncFlow, session: ClientSession) -> None:
    """What is being answered breaks off, nothing is accepted meanwhile, and what was used before is still known."""
    asyncflow.add_fault("stall", STREAMING, after_bytes=5000)
    received: list[bytes] = []
    listening = asyncio.create_task(_listen(session, asyncflow.url + STREAMING, received))
    await _until(lambda: len(received) > 1)
    used = asyncflow.limits.used

    async with asyncflow.away():
        with pytest.raises(ClientError):
            await listening
        with pytest.raises(ClientError):
            await ask(session, asyncflow.url + WHOLE, speech())

    assert (await ask(session, asyncflow.url + STREAMING, speech())).body == SPOKEN
    assert asyncflow.limits.used > used > 0


async def _listen(session: ClientSession, url: str, received: list[bytes]) -> None:
    """Ask for speech and keep what is received: first an empty piece for the headers, then what comes."""
    async with session.post(url, json=speech(), headers=HEADERS) as response:
        received.append(b"")
        async for chunk in response.content.iter_any():
            received.append(chunk)  # noqa: PERF401  kept also when it breaks


async def _expect(socket: ClientWebSocketResponse, kind: WSMsgType, content: Any) -> None:
    """Expect a message: a text by a part of it, the end by its code."""
    message = await socket.receive()
    assert message.type is kind
    assert content is None or str(content) in str(message.data)


async def _until(condition: Callable[[], bool]) -> None:
    """Let the other side go on until something is so."""
    async with asyncio.timeout(10_000):
        while not condition():
            await asyncio.sleep(0)


async def _settle() -> None:
    """Let both sides do what they can do now."""
    for _ in range(200):
        await asyncio.sleep(0)
