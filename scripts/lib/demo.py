"""Starts a real Home Assistant, adds an account at each provider as a person would, and lets each speak a sentence.

The emulator stands for the services, except for those whose key is in the environment. The folder `demo` takes everything:
the sound, and Home Assistant's own folder, which is made anew each time.
"""

import argparse
import asyncio
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
import fcntl
import json
import os
from pathlib import Path
import shutil
import signal
import sys

import aiohttp

from homeassistant.const import RESTART_EXIT_CODE, __version__
from tests.e2e.house import Account, ApiError, Client, FlowError, House, HouseError, add_account
from tests.e2e.house.onboarding import PASSWORD, USERNAME
from tests.e2e.house.process import port_or_free_one
from tests.emulator.codec import decode
from tests.emulator.emulator import running_emulator
from tests.emulator.flow import PUBLIC_KEY
from tests.emulator.settings import Settings, VoiceMode

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "demo"
USUAL_PORT = 8123
EMULATED_KEY = "demo-key"
QUOTA_SECONDS = 5.0
SERVICES = Settings(voice=VoiceMode.SPEECH, ttfb=0.25, realtime_factor=4.0, connect_delay=0.05)
"""As soon and as fast as services far away usually are."""


class DemoError(Exception):
    """What went wrong, in a sentence that says what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """What one provider does here: its account, and a sentence in one of its languages."""

    provider: str
    variable: str
    """The environment variable with the key of a real account."""
    language: str
    sentence: str


PARTS = (
    Part(
        provider="asyncflow",
        variable="ASYNCFLOW_API_KEY",
        language="en",
        sentence="Welcome home. The washing machine has finished, and the front door is locked.",
    ),
    Part(
        provider="sarvam",
        variable="SARVAM_API_KEY",
        language="hi-IN",
        sentence="नमस्ते। कपड़े धुल गए हैं, और सामने का दरवाज़ा बंद है।",
    ),
    Part(
        provider="flow_tts",
        variable="FLOW_TTS_TOKEN",
        language="zh",
        sentence="欢迎回家。衣服已经洗好了，大门也锁好了。",
    ),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class StandIn:
    """Where the emulator has a service, and the key that it accepts."""

    url: str
    key: str
    public_key: str | None = None


async def run(*, once: bool) -> int:
    """Run the demo; returns the exit status. Raises DemoError."""
    with _only_one() as lock:
        for sound in FOLDER.glob("*.mp3"):
            sound.unlink()
        folder = FOLDER / "home-assistant"
        shutil.rmtree(folder, ignore_errors=True)
        async with running_emulator(SERVICES) as emulator:
            stand_ins = {
                "asyncflow": StandIn(url=emulator.asyncflow.url, key=EMULATED_KEY),
                "sarvam": StandIn(url=emulator.sarvam.url, key=EMULATED_KEY),
                "flow_tts": StandIn(
                    url=emulator.flow.url, key=json.dumps(emulator.flow.new_session()), public_key=PUBLIC_KEY
                ),
            }
            print(f"Starting Home Assistant {__version__}", flush=True)
            async with House(folder, port=port_or_free_one(USUAL_PORT), inherited=[lock]) as house:
                for part in PARTS:
                    await _perform(house, part, stand_ins[part.provider])
                if once:
                    return 0
                _invite(house)
                return await _stay(house)


async def _perform(house: House, part: Part, stand_in: StandIn) -> None:
    """Add the account and a voice, speak, and tell what a person wants to know. Raises DemoError."""
    key = os.environ.get(part.variable, "").strip()
    try:
        account = await add_account(
            house.client,
            part.provider,
            key or stand_in.key,
            base_url=None if key else stand_in.url,
            public_key=None if key else stand_in.public_key,
            language=part.language,
        )
    except (FlowError, ApiError) as error:
        raise DemoError(f"{part.provider} could not be added: {error}\n{_last_error(house)}".rstrip()) from error
    await _speak(house, account, part.sentence)
    await _tell_quota(house.client, account)


async def _speak(house: House, account: Account, sentence: str) -> None:
    """Speak as the media browser does, and keep the sound. Raises DemoError."""
    heard = await house.client.play(account.speaker, sentence)
    if heard.status != 200 or not heard.chunks:
        raise DemoError(f"{account.provider} did not speak; Home Assistant says:\n{_last_error(house)}")
    file = FOLDER / f"{account.provider}.mp3"
    file.write_bytes(heard.audio)
    try:
        sound = await asyncio.to_thread(decode, heard.audio, 24000)
    except ValueError as error:
        raise DemoError(f"What {account.provider} spoke is no sound: {error}") from error
    print(
        f"{account.provider}  first sound {heard.first * 1000:.0f} ms  {sound.duration:.1f} s  {file.relative_to(ROOT)}",
        flush=True,
    )


async def _tell_quota(client: Client, account: Account) -> None:
    """Tell what is left, where the provider has a quota that is known."""
    if "quota_remaining" not in account.sensors:
        return
    with suppress(TimeoutError):
        left = await client.state_when(
            account.sensors["quota_remaining"], lambda state: state["state"].isdigit(), seconds=QUOTA_SECONDS
        )
        limit = await client.state(account.sensors["quota_limit"])
        print(f"{account.provider}  quota {left['state']} of {limit and limit['state']}", flush=True)


def _invite(house: House) -> None:
    """Tell how to get in."""
    print(f"\nLog in at {house.url} with user {USERNAME} and password {PASSWORD}.")
    print("Media > Text-to-speech speaks what you write. Ctrl-C ends the demo.", flush=True)


async def _stay(house: House) -> int:
    """Stay up until interrupted; a restart that is asked for in the browser is one. Returns the exit status."""
    while (status := await house.ended()) == RESTART_EXIT_CODE:
        await house.start()
    print(f"Home Assistant ended with status {status}; its log is in {house.folder}.", file=sys.stderr)
    return 1


@contextmanager
def _only_one() -> Generator[int]:
    """Make sure that no other demo uses the folder; yields the open file that says so. Raises DemoError.

    Home Assistant inherits the file: should this process be killed, the folder is taken until that has ended too.
    """
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / ".lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DemoError(
                "A demo is running already. End it first, or the Home Assistant that it left behind."
            ) from None
        yield lock.fileno()


def _last_error(house: House) -> str:
    """Return the last line that Home Assistant logged as an error of speech, nothing where there is none."""
    errors = [error.splitlines()[0] for error in house.errors()]
    return next((error for error in reversed(errors) if "streaming_tts" in error or "components.tts" in error), "")


async def _until_interrupted(*, once: bool) -> int:
    """Run the demo; SIGTERM ends it as Ctrl-C does."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await run(once=once)


def main() -> int:
    """Run the demo from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after speaking")
    arguments = parser.parse_args()
    try:
        return asyncio.run(_until_interrupted(once=arguments.once))
    except (DemoError, HouseError) as error:
        print(error, file=sys.stderr)
        return 1
    except (aiohttp.ClientError, ConnectionError, TimeoutError) as error:
        print(f"The connection to Home Assistant broke off ({type(error).__name__}); see {FOLDER}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt, asyncio.CancelledError:
        print("Ended.")
        return 0


if __name__ == "__main__":
    sys.exit(main())
