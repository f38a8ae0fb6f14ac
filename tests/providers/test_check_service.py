"""The command that proves keys from a shell: it needs no Home Assistant, and shows no key."""

import asyncio
import json
import os
from pathlib import Path
import sys
from typing import Any

import pytest

from tests.accounts import DETAILS, KEY, service_of
from tests.emulator.emulator import Emulator
from tests.emulator.tencent_settings import SECRET_KEY

from .recordings import recording

SCRIPT = Path(__file__).parents[2] / "scripts" / "lib" / "check_service.py"
WITHOUT_HOME_ASSISTANT = (
    "import runpy, sys; sys.modules['homeassistant'] = None; del sys.argv[0];"
    " runpy.run_path(sys.argv[0], run_name='__main__')"
)
KEYS = {
    "asyncflow": "ASYNCFLOW_API_KEY",
    "sarvam": "SARVAM_API_KEY",
    "tencent": "TENCENT_SECRET_KEY",
    "flow_tts": "FLOW_TTS_TOKEN",
}
PARTS = {
    "TENCENT_SITE": DETAILS["site"],
    "TENCENT_SECRET_ID": DETAILS["secret_id"],
    "TENCENT_SDK_APP_ID": DETAILS["sdk_app_id"],
}
"""What belongs to a key of Tencent Cloud."""
CLONE_PATHS = {
    "asyncflow": "/voices/clone",
    "sarvam": "/voices/create",
    "tencent": "/VoiceClone",
    "flow_tts": "/api/voice/clone",
}


def key_of(name: str, emulator: Emulator) -> str:
    """Return a key that the emulator accepts."""
    return {"flow_tts": emulator.flow.demo_token(), "tencent": SECRET_KEY}.get(name, KEY)


async def run(*arguments: str, **keys: str) -> tuple[int, str, str]:
    """Run the command with keys in its environment; return its status and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", WITHOUT_HOME_ASSISTANT, str(SCRIPT), *arguments),
        env={name: value for name, value in os.environ.items() if name not in KEYS.values()} | keys,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def call(name: str, emulator: Emulator, key: str) -> tuple[list[str], dict[str, str]]:
    """Return arguments and environment for a service of the emulator."""
    voice = ["--voice", "v-female-R2s4N9qJ"] if name == "flow_tts" else []
    keys = {KEYS[name]: key, **(PARTS if name == "tencent" else {})}
    return [name, "--url", service_of(emulator, name).url, *voice], keys


@pytest.mark.parametrize("name", KEYS)
async def test_each_service_is_proven_with_its_key_alone(emulator: Emulator, name: str) -> None:
    """All transports speak, nothing is cloned, and the key is not shown."""
    key = key_of(name, emulator)
    arguments, keys = call(name, emulator, key)

    status, out, err = await run(*arguments, **keys)

    assert (status, err) == (0, "")
    [report] = json.loads(out)
    assert report["service"] == name
    assert all(each["spoken"] and each["as_expected"] for each in report["transports"])
    assert all(each["succeeded"] for each in report["calls"].values())
    assert key not in out
    assert service_of(emulator, name).asked(CLONE_PATHS[name]) == []


@pytest.mark.parametrize("name", KEYS)
async def test_a_voice_is_cloned_only_where_that_is_asked_for(emulator: Emulator, tmp_path: Path, name: str) -> None:
    """It is deleted again where the service deletes."""
    file = tmp_path / "voice.wav"
    file.write_bytes(recording(8.0).audio)
    arguments, keys = call(name, emulator, key_of(name, emulator))

    status, out, _ = await run(*arguments, "--clone", str(file), **keys)

    clone: dict[str, Any] = json.loads(out)[0]["calls"]["clone"]
    assert (status, clone) == (0, {"succeeded": True, "deleted": name not in ("tencent", "flow_tts")})
    asked = service_of(emulator, name).asked(CLONE_PATHS[name])
    assert [request.method for request in asked].count("POST") == 1


async def test_a_bad_key_is_told(emulator: Emulator) -> None:
    """By the status of the command, too."""
    arguments, keys = call("sarvam", emulator, "sk_another_key")

    status, out, _ = await run(*arguments, **keys)

    [report] = json.loads(out)
    assert status == 1
    assert report["calls"]["key"]["failure"] == "auth"
    assert {each["failure"] for each in report["transports"]} == {"auth"}
    assert "sk_another_key" not in out


async def test_without_a_key_it_says_where_to_put_one() -> None:
    """And sends no request."""
    status, out, err = await run()

    assert (status, out) == (2, "")
    assert all(name in err for name in KEYS.values())
