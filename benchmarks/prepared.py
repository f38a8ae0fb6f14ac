"""Time to first audio of prepared messages without their service, compared with cached files of another engine.

Run `python -m benchmarks.prepared`; it exits with 1 if a limit is exceeded. Home Assistant is restarted first, so that
each file is read from disk, once. The measurement does what `tts.speak` and a player do: request the speech, and fetch
it.
"""

import asyncio
from pathlib import Path
from statistics import median
import sys
from tempfile import TemporaryDirectory
from typing import Any

from tests.e2e.device import Device
from tests.e2e.instance import Client, HomeAssistantProcess, add_account
from tests.emulator.emulator import running_emulator
from tests.emulator.faults import FaultKind
from tests.emulator.settings import Settings

MESSAGES = 20
MAX_SECONDS = 0.02
MAX_RATIO = 1.25
"""Maximum ratio to the other engine, if slower than `MAX_SECONDS`: the machine is busy."""

COMPONENT = Path(__file__).parents[1] / "tests" / "e2e" / "components" / "test_devices"
OTHER = "tts.stranger"
FORMATS: dict[str, dict[str, Any]] = {
    "mp3": {},
    "wav_22050": {
        "preferred_format": "wav",
        "preferred_sample_rate": 22050,
        "preferred_sample_channels": 1,
        "preferred_sample_bytes": 2,
    },
}


def _message(audio_format: str, number: int) -> str:
    return f"This is message {number} of those that are prepared as {audio_format}."


async def _first_audio(client: Client, engine: str, audio_format: str, number: int) -> float:
    """Return the seconds from the request for a message to its first audio."""
    loop = asyncio.get_running_loop()
    since = loop.time()
    path = await client.speech_path(engine, _message(audio_format, number), options=FORMATS[audio_format])
    heard = await client.listen(path, since=since)
    if heard.status != 200:
        raise RuntimeError(f"{engine} is not heard: {heard.status}")
    return heard.first


async def _measure(folder: Path) -> bool:
    """Print a line per format; return True if all are within the limits."""
    async with (
        running_emulator(Settings()) as emulator,
        Device() as device,
        HomeAssistantProcess(folder, components=[COMPONENT]) as instance,
    ):
        await (await instance.client.add("test_devices")).finish(url=device.url)
        service = emulator.asyncflow
        account = await add_account(instance.client, "asyncflow", "demo-key", base_url=service.url, fallback=None)
        for audio_format, options in FORMATS.items():
            messages = [_message(audio_format, number) for number in range(MESSAGES)]
            await instance.client.act(
                "streaming_tts.prepare", target=account.speaker, message=messages, formats=[audio_format]
            )
            for message in messages:
                await instance.client.speech(OTHER, message, options=options)
        await instance.stop()
        service.add_fault(FaultKind.RESET, "/", times=-1)
        await instance.start()
        return all([await _is_fast(instance.client, account.speaker, audio_format) for audio_format in FORMATS])


async def _is_fast(client: Client, engine: str, audio_format: str) -> bool:
    """Print the times of both engines, which alternate for each message."""
    seconds: dict[str, list[float]] = {engine: [], OTHER: []}
    for number in range(MESSAGES):
        for each in (engine, OTHER) if number % 2 else (OTHER, engine):
            seconds[each].append(await _first_audio(client, each, audio_format, number))
    ours, other = median(seconds[engine]), median(seconds[OTHER])
    print(
        f"{audio_format}: {1000 * ours:.1f} ms (max. {1000 * max(seconds[engine]):.1f}), "
        f"another engine, cached {1000 * other:.1f} ms, ratio {ours / other:.2f}"
    )
    return ours <= max(MAX_SECONDS, MAX_RATIO * other)


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        sys.exit(not asyncio.run(_measure(Path(folder) / "config")))
