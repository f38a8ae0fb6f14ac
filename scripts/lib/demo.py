"""Start a real Home Assistant, add an account for each provider, and speak a sentence with each.

Services without a key in the environment are emulated. Everything is written to the folder `demo`: the audio, and the
configuration folder, which is created anew each time.
"""

import argparse
import asyncio
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
import fcntl
from pathlib import Path
import signal
import sys

import aiohttp
from showroom import PARTS, ROBOTIC, ROOT, DemoError, Part, Showroom, last_error, progress

from homeassistant.const import RESTART_EXIT_CODE, __version__
from tests.e2e.instance import Account, Client, HomeAssistantProcess, ProcessError
from tests.e2e.instance.onboarding import PASSWORD, USERNAME
from tests.emulator.codec import decode
from tests.emulator.emulator import running_emulator
from tests.emulator.settings import Settings, VoiceMode

USUAL_FOLDER = ROOT / "demo"
USUAL_PORT = 8123
QUOTA_SECONDS = 5.0
TOLD_SECONDS = 1.0
"""Seconds to wait for the quota after a sentence that may have reported it."""
QUOTA_SENTENCE = "Now I know what is left."
SERVICES = Settings(voice=VoiceMode.SPEECH, ttfb=0.25, realtime_factor=4.0, connect_delay=0.05)
"""Latency and speed of a typical remote service."""


async def run(folder: Path, *, once: bool) -> int:
    """Run the demo; returns the exit status. Raises DemoError."""
    with _only_one(folder) as lock:
        async with running_emulator(SERVICES) as emulator:
            progress(f"Starting Home Assistant {__version__}")
            showroom = Showroom(emulator, folder / "home-assistant", port=USUAL_PORT, inherited=[lock])
            async with showroom.instance as instance:
                accounts = await showroom.add_all()
                if not once:
                    accounts = await showroom.furnish(accounts)
                for part, account in zip(PARTS, accounts, strict=True):
                    progress(f"Speaking with {part.title}")
                    await _perform(instance, part, account, folder)
                if once:
                    return 0
                _invite(instance, showroom.services())
                return await _stay(instance)


async def _perform(instance: HomeAssistantProcess, part: Part, account: Account, folder: Path) -> None:
    """Speak, and print the latency and the quota. Raises DemoError."""
    print(await _speak(instance, account, part.sentence, folder / f"{part.provider}.mp3"), flush=True)
    if "quota_remaining" not in account.sensors:
        return
    if not await _tell_quota(instance.client, account, seconds=TOLD_SECONDS):
        # A stream doesn't always report the quota. The next short text is requested in a way that does.
        await _speak(instance, account, QUOTA_SENTENCE, folder / f"{part.provider}-quota.mp3")
        await _tell_quota(instance.client, account, seconds=QUOTA_SECONDS)


async def _speak(instance: HomeAssistantProcess, account: Account, sentence: str, file: Path) -> str:
    """Speak like the media browser, save the audio, and return it. Raises DemoError."""
    heard = await instance.client.play(account.speaker, sentence)
    if heard.status != 200 or not heard.chunks:
        raise DemoError(f"{account.provider} did not speak; Home Assistant says:\n{last_error(instance)}")
    await asyncio.to_thread(file.write_bytes, heard.audio)
    try:
        sound = await asyncio.to_thread(decode, heard.audio, 24000)
    except ValueError as error:
        raise DemoError(f"What {account.provider} spoke is no sound: {error}") from error
    return f"{account.provider}  first sound {heard.first * 1000:.0f} ms  {sound.duration:.1f} s  {_shown(file)}"


async def _tell_quota(client: Client, account: Account, *, seconds: float) -> bool:
    """Print the remaining quota, and return True, if it's known within so many seconds."""
    with suppress(TimeoutError):
        left = await client.state_when(
            account.sensors["quota_remaining"], lambda state: state["state"].isdigit(), seconds=seconds
        )
        limit = await client.state(account.sensors["quota_limit"])
        print(f"{account.provider}  quota {left['state']} of {limit and limit['state']}", flush=True)
        return True
    return False


def _shown(file: Path) -> Path:
    """Return a path, relative if possible."""
    return file.relative_to(ROOT) if file.is_relative_to(ROOT) else file


def _invite(instance: HomeAssistantProcess, services: Sequence[str]) -> None:
    """Print how to log in, and how to add the emulated services by hand."""
    print(f"\nLog in at {instance.url} with user {USERNAME} and password {PASSWORD}.")
    print("The first page plays each voice in your browser. Press Ctrl+C to end the demo.")
    if services:
        print(f"\n{ROBOTIC} To add an account by hand, enter one of these URLs and keys:")
        print("\n".join(f"  {service}" for service in services))
    print(flush=True)


async def _stay(instance: HomeAssistantProcess) -> int:
    """Run until interrupted; restart if the user restarts it in the browser. Returns the exit status."""
    while (status := await instance.ended()) == RESTART_EXIT_CODE:
        await instance.start()
    print(f"Home Assistant ended with status {status}; its log is in {instance.folder}.", file=sys.stderr)
    return 1


@contextmanager
def _only_one(folder: Path) -> Generator[int]:
    """Lock the folder against other demos; yield the lock file. Raises DemoError.

    Home Assistant inherits the file, so that the folder stays locked until it has ended, even if this process is
    killed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DemoError(
                "A demo is running already. End it first, or the Home Assistant that it left behind."
            ) from None
        yield lock.fileno()


async def _until_interrupted(folder: Path, *, once: bool) -> int:
    """Run the demo; Ctrl+C and SIGTERM end it, even if the parent process ignores them."""
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    return await run(folder, once=once)


def main() -> int:
    """Run the demo from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after speaking")
    parser.add_argument("--folder", type=Path, default=USUAL_FOLDER, help="where everything is kept")
    arguments = parser.parse_args()
    try:
        return asyncio.run(_until_interrupted(arguments.folder.resolve(), once=arguments.once))
    except (DemoError, ProcessError) as error:
        print(error, file=sys.stderr)
        return 1
    except (aiohttp.ClientError, ConnectionError, TimeoutError) as error:
        print(
            f"The connection to Home Assistant broke off ({type(error).__name__}); see {arguments.folder}.",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt, asyncio.CancelledError:
        print("Ended.")
        return 0


if __name__ == "__main__":
    sys.exit(main())
