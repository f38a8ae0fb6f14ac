"""The samples of the provider's page (provider-docs 003) run against the emulator, but for host and token verbatim."""

import asyncio
import base64
from collections.abc import AsyncGenerator
import json
from pathlib import Path
import shutil
import sys

import pytest

from .flow_client import STREAM, SYNTHESIZE, FlowClient, flow_client

PYTHON = """
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

CURL = r"""
curl -X POST https://api.realtime-ai.chat/api/tts/synthesize \
  -H "Authorization: Bearer YOUR_JWT_TOKEN" \
  -H "Content-Type: application/json" \
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

CURL_VOICES = "curl https://api.realtime-ai.chat/api/tts/voices"

JAVASCRIPT = """
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

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="there is no node")


@pytest.fixture
async def portal(socket_enabled: None) -> AsyncGenerator[FlowClient]:
    """Yield a client of the service that the portal page describes."""
    async with flow_client("portal") as client:
        yield client


async def run(client: FlowClient, command: list[str], sample: str, folder: Path) -> bytes:
    """Run a sample with the emulator's address and token; return what it printed."""
    sample = sample.replace("https://api.realtime-ai.chat", client.flow.url).replace("YOUR_JWT_TOKEN", client.token)
    process = await asyncio.create_subprocess_exec(
        *command, sample, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    printed, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    return printed


async def test_the_python_sample_gets_an_answer(portal: FlowClient, tmp_path: Path) -> None:
    """It saves what it gets as a WAV; by the same page that is JSON with the WAV in it."""
    await run(portal, [sys.executable, "-c"], PYTHON, tmp_path)

    saved = json.loads((tmp_path / "output.wav").read_bytes())
    assert base64.b64decode(saved["data"]["audio"]).startswith(b"RIFF")
    assert [entry.status for entry in portal.flow.asked(SYNTHESIZE)] == [200]


@needs_curl
async def test_the_curl_sample_gets_an_answer(portal: FlowClient, tmp_path: Path) -> None:
    """With a volume of 5."""
    printed = json.loads(await run(portal, ["sh", "-c"], CURL, tmp_path))

    assert (printed["code"], printed["data"]["format"]) == ("success", "wav")


@needs_curl
async def test_the_curl_sample_for_voices_gets_them(portal: FlowClient, tmp_path: Path) -> None:
    """Without a token."""
    printed = json.loads(await run(portal, ["sh", "-c"], CURL_VOICES, tmp_path))

    assert len(printed["voices"]) >= 20


@needs_node
async def test_the_javascript_sample_prints_events(portal: FlowClient, tmp_path: Path) -> None:
    """As they come."""
    printed = await run(portal, ["node", "--input-type=module", "-e"], JAVASCRIPT, tmp_path)

    assert printed.startswith(b'data: {"Type":"audio","ChunkId":1,')
    assert printed.count(b'"IsEnd":true') == 1
    assert [entry.ended for entry in portal.flow.asked(STREAM)] == ["complete"]
