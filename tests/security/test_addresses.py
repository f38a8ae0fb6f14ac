"""URLs: which may get a key, how they're parsed, and where samples may be."""

import asyncio
from collections.abc import AsyncGenerator
import socket

from aiohttp import ClientSession, web
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import HealthCheck, assume, given, reject, settings, strategies as st
import pytest
from yarl import URL

from custom_components.streaming_tts.providers.flow_tts import FlowTTS
from custom_components.streaming_tts.providers.flow_tts.client import refresh
from custom_components.streaming_tts.providers.session import is_allowed_address
from custom_components.streaming_tts.providers.types import Credentials, Failure, ProviderError, Timeouts
from custom_components.streaming_tts.providers.uploads import SampleError, fetch_sample, sample_address
from homeassistant.helpers.aiohttp_client import HomeAssistantTCPConnector
from tests.providers.tools import serving
from tests.tables import each_row

BROKEN_KEY = "anon\r\nX-Injected: yes"

SIGNED = "https://files.example/a.mp3?signature="


@each_row(
    "address",
    [
        "http://localhost\\@evil.example",
        "http://localhost@evil.example",
        "http://127.0.0.1:80@evil.example",
        "http://evil.example#.local",
        "http://evil.example?.local",
        "http://evil.example/.local",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "http://127。0。0。1",
        "http://①②⑦.0.0.1",
        "http://2130706433",
        "http://0x7f.0.0.1",
        "http://[::ffff:8.8.8.8]",
        "http://0.0.0.0",
        "http://[::]",
        "http://xn--lcalhost-r4a",
        "http://lоcalhost",
        "https://user:password@api.example.com",
        "https://:@api.example.com",
        "https://api.example.com?",
        "https://api.example.com/#",
        "https://api.example.com/?key=1",
        "https://api.example.com\r\nX-Injected: yes",
        "https://api.exam\tple.com",
        "https://api.example.com/a b",
        "https://api.example.com\x00.local",
        "https:///api.example.com",
        "https://",
        "//api.example.com",
        "file:///etc/passwd",
        "gopher://localhost",
        "wss://localhost",
        "javascript:alert(1)",
        "data:audio/wav;base64,UklGRg==",
        "unix:///run/docker.sock",
        "https://" + "a" * 3000,
    ],
)
def test_an_address_that_two_readers_may_read_differently_gets_no_key(address: str) -> None:
    """Users before the host, other schemes, other dots, numbers as hosts, lines and tabs, queries, length."""
    assert not is_allowed_address(address)


_SCHEMES = st.sampled_from(["http://", "https://"])
_HOSTS = st.sampled_from(["localhost", "127.0.0.1", "[::1]", "192.168.1.7", "proxy.local", "evil.example"])
_ODD = st.sampled_from(
    [*".:@/\\?#;&\t\n 。①ßİé\u200b\x00", "%2f", "%40", "%5c", "evil.example", "localhost", ".local", ":80"]
)
_ADDRESSES = st.tuples(
    _SCHEMES, st.lists(_ODD, max_size=2).map("".join), _HOSTS, st.lists(_ODD, max_size=3).map("".join)
)


@settings(suppress_health_check=[HealthCheck.filter_too_much])  # most are refused, which is the point
@given(address=_ADDRESSES.map("".join))
def test_what_sends_a_key_reads_an_address_as_it_was_checked(address: str) -> None:
    """The reader that checks is not the one that connects: both see the same host, or nothing is sent."""
    assume(is_allowed_address(address))
    try:
        connected = URL(f"{address}/voices")
    except ValueError:
        reject()  # and so does who connects
    assert connected.user is None
    assert connected.path.endswith("/voices")
    assert not connected.query_string
    near = is_allowed_address(f"http://{connected.host_subcomponent}")
    assert connected.scheme == "https" or near


@each_row(
    "address",
    [
        "https://192.168.1.1/reboot",
        "https://127.0.0.1:8123/api/",
        "https://localhost/",
        "https://router.local/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "https://[fd00::1]/",
        "http://192.168.1.1/reboot",
        "//192.168.1.1/reboot",
        "file:///etc/passwd",
        "https://user:password@files.example/",
        "https://files.example\\@192.168.1.1/",
        "https://0.0.0.0/",
        "https://[::]/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://100.64.0.1/",
        "https://198.18.0.1/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
        "https://nas.lan/",
        "https://NAS.LAN./",
        "https://nas/",
        "https://router.home.arpa/",
        "https://metadata.google.internal/",
        "https://[::ffff:192.168.1.1]/",
        "https://[::ffff:c0a8:101]/",
        "https://[::192.168.1.1]/",
        "https://[64:ff9b::192.168.1.1]/",
        "https://[2002:c0a8:101::]/",
        "https://[fe80::1%25eth0]/",
    ],
)
def test_a_public_service_has_no_samples_in_a_private_network(address: str) -> None:
    """Home Assistant would send requests there on its behalf."""
    assert sample_address(address, "https://api.example.com") is None


def test_a_sample_has_no_address_of_more_than_4096_characters() -> None:
    """Signed ones are long, but not as long as that."""
    assert sample_address(f"{SIGNED}{'a' * (4097 - len(SIGNED))}", "https://api.example.com") is None


@each_row(
    ("address", "base_url"),
    [
        ("https://files.example/a.mp3?signature=1", "https://api.example.com"),
        ("/previews/a.mp3", "https://api.example.com"),
        ("http://192.168.1.7:8501/a.mp3", "http://192.168.1.7:8501"),
        ("https://192.168.1.8/a.mp3", "https://192.168.1.7"),
        ("https://nas.lan/a.mp3", "https://proxy.lan"),
        ("https://8.8.8.8/a.mp3", "https://api.example.com"),
        ("https://[2001:4860:4860::8888]/a.mp3", "https://api.example.com"),
        (f"{SIGNED}{'a' * (4096 - len(SIGNED))}", "https://api.example.com"),
    ],
)
def test_a_sample_may_lie_in_the_world_or_as_near_as_its_service(address: str, base_url: str) -> None:
    """Signed addresses have a query, and a service of one's own is near."""
    assert sample_address(address, base_url) is not None


class Names(AbstractResolver):
    """A resolver that knows a few names."""

    def __init__(self, **addresses: str) -> None:
        """Take addresses by the first part of each name."""
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the address of a name; raises OSError for an unknown one."""
        if (address := self._addresses.get(host.partition(".")[0])) is None:
            raise OSError("unknown name")
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)
        ]

    async def close(self) -> None:
        """Do nothing."""


@pytest.fixture
async def resolving(socket_enabled: None) -> AsyncGenerator[ClientSession]:
    """Return a session with Home Assistant's connector and a few names."""
    resolver = Names(api="8.8.8.8", samples="127.0.0.1", mapped="::ffff:127.0.0.1", near="127.0.0.1")
    async with ClientSession(connector=HomeAssistantTCPConnector(resolver=resolver)) as session:
        yield session


@pytest.fixture
async def callers(socket_enabled: None) -> AsyncGenerator[tuple[int, list[object]]]:
    """Return the port of a local server, and its requests."""
    called: list[object] = []

    def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        called.append(writer)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1") as server:
        yield server.sockets[0].getsockname()[1], called


@pytest.mark.parametrize(
    ("host", "service", "reason", "reached"),
    [
        pytest.param("samples", "api", "insecure_address", False, id="resolves to a private address"),
        pytest.param("mapped", "api", "insecure_address", False, id="resolves to a private address, written as IPv6"),
        pytest.param("unknown", "api", "unreachable", False, id="does not resolve"),
        pytest.param("samples", "near", "unreachable", True, id="a local service with a public name"),
    ],
)
async def test_where_a_public_name_leads_is_looked_up_before_anything_is_asked_there(
    resolving: ClientSession,
    callers: tuple[int, list[object]],
    *,
    host: str,
    service: str,
    reason: str,
    reached: bool,
) -> None:
    """A public service has no samples in a private network; a local one may."""
    port, called = callers
    address, base_url = f"https://{host}.example.com:{port}/a.mp3", f"https://{service}.example.com"
    with pytest.raises(SampleError) as refused:
        await fetch_sample(resolving, address, base_url=base_url, timeouts=Timeouts())
    assert str(refused.value) == reason
    assert bool(called) is reached


async def test_a_public_key_that_would_add_a_header_is_none(session: ClientSession) -> None:
    """The service provides it, and it's sent as a header with a session."""

    async def configuration(_request: web.Request) -> web.Response:
        return web.json_response({"supabasePublishableKey": BROKEN_KEY})

    async with serving(configuration) as url:
        assert await FlowTTS.public_key(session, url) is None
        credentials = Credentials(key="k", refresh_token="r", auth_url=url, public_key=BROKEN_KEY)
        with pytest.raises(ProviderError) as refused:
            await refresh(session, credentials, Timeouts())
    assert refused.value.failure is Failure.AUTH
