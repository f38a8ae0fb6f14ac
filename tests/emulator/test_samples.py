"""The samples that stand on the providers' pages, run as they stand there but for host and key."""

import asyncio
import base64
from collections.abc import AsyncGenerator, Callable
import json
from pathlib import Path
import shlex
import shutil
import sys

from aiohttp import ClientSession
import pytest

from . import Emulator, running_emulator
from .asyncflow_client import VOICE
from .codec import Encoding, decode, samples
from .sound import tone

# Text to Speech (Stream), provider page 000
ASYNCFLOW_CURL = """
curl --location --request POST 'https://api.async.ai/text_to_speech/streaming' \\
--header 'x-api-key: <api-key>' \\
--header 'version: v1' \\
--header 'Content-Type: application/json' \\
--data-raw '{
    "model_id": "asyncflow_v2.0",
    "transcript": "Welcome to Async",
    "voice": {
        "mode": "id",
        "id": "e0f39dc4-f691-4e78-bba5-5c636692cc04"
    },
    "output_format": {
        "container": "raw",
        "encoding": "pcm_f32le",
        "sample_rate": 44100
    }
}'
"""

# Quick start, provider page 003; the page lost the indentation
FLOW_PYTHON = """
import requests
url = "https://api.realtime-ai.chat/api/tts/synthesize"
headers = {
"Authorization": "Bearer YOUR_JWT_TOKEN",
"Content-Type": "application/json"
}
data = {
"text": "你好,世界!这是 Flow TTS。",
"ttsConfig": {
"TTSType": "flow",
"VoiceId": "v-female-R2s4N9qJ",
"Model": "flow_01_turbo",
"Language": "zh"
}
}
response = requests.post(url, headers=headers, json=data)
audio = response.content
with open("output.wav", "wb") as f:
    f.write(audio)
"""

# Text to speech, provider page 003
FLOW_CURL = """
curl -X POST https://api.realtime-ai.chat/api/tts/synthesize \\
-H "Authorization: Bearer YOUR_JWT_TOKEN" \\
-H "Content-Type: application/json" \\
-d '{
"text": "Hello, this is a test.",
"ttsConfig": {
"TTSType": "flow",
"VoiceId": "v-female-R2s4N9qJ",
"Model": "flow_01_turbo",
"Speed": 1.0,
"Volume": 5.0,
"Language": "en"
}
}'
"""

# List voices, provider page 003
FLOW_VOICES_CURL = "curl https://api.realtime-ai.chat/api/tts/voices"

# Streaming, provider page 003
FLOW_JAVASCRIPT = """
const response = await fetch('https://api.realtime-ai.chat/api/tts/synthesize-stream', {
method: 'POST',
headers: {
'Authorization': 'Bearer YOUR_JWT_TOKEN',
'Content-Type': 'application/json'
},
body: JSON.stringify({
text: 'Hello, this is streaming TTS.',
ttsConfig: {
TTSType: 'flow',
VoiceId: 'v-female-R2s4N9qJ',
Model: 'flow_01_turbo',
Language: 'en'
}
})
});
const reader = response.body.getReader();
const decoder = new TextDecoder();
while (true) {
const { done, value } = await reader.read();
if (done) break;
const chunk = decoder.decode(value);
// Process SSE events
console.log(chunk);
}
"""

needs_curl = pytest.mark.skipif(
    shutil.which("curl") is None, reason="there is no curl; its request is sent by aiohttp too"
)
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js")


@pytest.fixture
async def emulator(socket_enabled: None) -> AsyncGenerator[Emulator]:
    """Run the three services, and AsyncFlow with the models of the time of its page."""
    async with running_emulator() as running:
        running.asyncflow.configure(retired_models=())
        yield running


def adapted(sample: str, emulator: Emulator) -> str:
    """Return the sample with the emulator's hosts and keys."""
    return (
        sample.replace("https://api.async.ai", emulator.asyncflow.url)
        .replace("https://api.realtime-ai.chat", emulator.flow.url)
        .replace("<api-key>", "demo-key")
        .replace("YOUR_JWT_TOKEN", emulator.flow.demo_token())
    )


async def run(*command: str, cwd: Path) -> bytes:
    """Run a program that has to end well; return what it printed."""
    process = await asyncio.create_subprocess_exec(*command, cwd=cwd, stdout=asyncio.subprocess.PIPE)
    printed, _ = await process.communicate()
    assert process.returncode == 0
    return printed


async def as_curl(command: str, session: ClientSession) -> bytes:
    """Send what curl would send for the command, where there is no curl; understands what the samples use."""
    words = iter(shlex.split(command.replace("\\\n", " "))[1:])
    method, url, data, headers = "GET", "", None, {}
    for word in words:
        match word:
            case "-X" | "--request":
                method = next(words)
            case "-H" | "--header":
                name, _, value = next(words).partition(":")
                headers[name] = value.strip()
            case "-d" | "--data-raw":
                data = next(words)
            case "--location":
                pass
            case _:
                url = word
    async with session.request(method, url, headers=headers, data=data) as response:
        assert response.status == 200
        return await response.read()


def check_asyncflow(printed: bytes) -> None:
    """Expect the audio as 32-bit floats."""
    assert printed == samples(tone("Welcome to Async", 44100, voice=VOICE), Encoding.F32LE)


def check_flow(printed: bytes) -> None:
    """Expect a WAV in JSON, and the quota."""
    answer = json.loads(printed)
    assert (answer["code"], answer["quota"]) == ("success", {"daily": 100, "used": 1, "remaining": 99})
    assert decode(base64.b64decode(answer["data"]["audio"]), 24000).duration == pytest.approx(
        answer["data"]["duration"]
    )


def check_flow_voices(printed: bytes) -> None:
    """Expect the voices that the page names."""
    voices = {voice["id"] for voice in json.loads(printed)["voices"]}
    assert voices >= {"v-female-R2s4N9qJ", "male-qn-qingse", "v-en-female-amy", "v-en-male-brian"}


CURL_SAMPLES = [
    pytest.param(ASYNCFLOW_CURL, check_asyncflow, id="asyncflow"),
    pytest.param(FLOW_CURL, check_flow, id="flow"),
    pytest.param(FLOW_VOICES_CURL, check_flow_voices, id="flow voices"),
]


@pytest.mark.parametrize(("sample", "check"), CURL_SAMPLES)
async def test_curl_samples_are_requests_that_are_answered(
    emulator: Emulator, session: ClientSession, sample: str, check: Callable[[bytes], None]
) -> None:
    """Also where there is no curl."""
    check(await as_curl(adapted(sample, emulator), session))


@needs_curl
@pytest.mark.parametrize(("sample", "check"), CURL_SAMPLES)
async def test_curl_samples_run(
    emulator: Emulator, tmp_path: Path, sample: str, check: Callable[[bytes], None]
) -> None:
    """In a shell, as a person pastes them."""
    check(await run("sh", "-c", adapted(sample, emulator).strip() + " --silent --fail", cwd=tmp_path))


async def test_python_sample_runs(emulator: Emulator, tmp_path: Path) -> None:
    """It writes what was answered into its file, which is the JSON."""
    await run(sys.executable, "-c", adapted(FLOW_PYTHON, emulator), cwd=tmp_path)

    check_flow((tmp_path / "output.wav").read_bytes())


@needs_node
async def test_javascript_sample_runs(emulator: Emulator, tmp_path: Path) -> None:
    """It prints the events as they arrive, one per line; the last one is marked."""
    printed = await run("node", "--input-type=module", "-e", adapted(FLOW_JAVASCRIPT, emulator), cwd=tmp_path)

    events = [json.loads(event) for event in printed.decode().replace("\n", "").split("data: ")[1:]]
    assert b"".join(base64.b64decode(event["Audio"]) for event in events) == tone(
        "Hello, this is streaming TTS.", 24000, voice="v-female-R2s4N9qJ"
    )
    assert [event["IsEnd"] for event in events] == [False] * (len(events) - 1) + [True]
