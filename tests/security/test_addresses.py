"""Addresses: which may be given a key, what is read into them, and where samples may lie."""

from aiohttp import ClientSession, web
from hypothesis import HealthCheck, assume, given, reject, settings, strategies as st
import pytest
from yarl import URL

from custom_components.streaming_tts.providers.flow_tts import fetch_public_key
from custom_components.streaming_tts.providers.flow_tts.refresh import refresh
from custom_components.streaming_tts.providers.session import is_allowed_address
from custom_components.streaming_tts.providers.types import Credentials, Failure, ProviderError, Timeouts
from custom_components.streaming_tts.providers.uploads import sample_address
from tests.providers.tools import serving

BROKEN_KEY = "anon\r\nX-Injected: yes"


@pytest.mark.parametrize(
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
    """Users in front of the host, other schemes, other dots, numbers that are hosts, lines and tabs, queries, length."""
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


@pytest.mark.parametrize(
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
    ],
)
def test_a_service_in_the_world_has_no_samples_within_the_house(address: str) -> None:
    """It would have the house ask there in its place."""
    assert sample_address(address, "https://api.example.com") is None


@pytest.mark.parametrize(
    ("address", "base_url"),
    [
        ("https://files.example/a.mp3?signature=1", "https://api.example.com"),
        ("/previews/a.mp3", "https://api.example.com"),
        ("http://192.168.1.7:8501/a.mp3", "http://192.168.1.7:8501"),
        ("https://192.168.1.8/a.mp3", "https://192.168.1.7"),
    ],
)
def test_a_sample_may_lie_in_the_world_or_as_near_as_its_service(address: str, base_url: str) -> None:
    """Signed addresses have a query, and a service of one's own is near."""
    assert sample_address(address, base_url) is not None


async def test_a_public_key_that_would_add_a_header_is_none(session: ClientSession) -> None:
    """It is told by the service, and sent as a header with a session's secret."""

    async def configuration(_request: web.Request) -> web.Response:
        return web.json_response({"supabasePublishableKey": BROKEN_KEY})

    async with serving(configuration) as url:
        assert await fetch_public_key(session, url) is None
        credentials = Credentials(key="k", refresh_token="r", auth_url=url, public_key=BROKEN_KEY)
        with pytest.raises(ProviderError) as refused:
            await refresh(session, credentials, Timeouts())
    assert refused.value.failure is Failure.AUTH
