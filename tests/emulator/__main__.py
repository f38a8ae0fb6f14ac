"""The emulator alone, in the foreground, until it is interrupted."""

import argparse
import asyncio
import signal
import sys
from typing import get_args

from .emulator import running_emulator
from .settings import FlowContract, Settings, VoiceMode


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/emulator",
        description="Stands in for AsyncFlow, Sarvam and Flow TTS. Ports: 0 takes a free one.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--asyncflow-port", type=int, default=8501, help="port of AsyncFlow")
    parser.add_argument("--sarvam-port", type=int, default=8502, help="port of Sarvam")
    parser.add_argument("--flow-port", type=int, default=8503, help="port of Flow TTS")
    parser.add_argument("--flow-contract", choices=get_args(FlowContract), default="portal", help="dialect of Flow TTS")
    parser.add_argument(
        "--voice", type=VoiceMode, choices=list(VoiceMode), default=VoiceMode.SPEECH, help="what is heard"
    )
    parser.add_argument("--ttfb-ms", type=float, default=250.0, help="from a request to its first byte of audio")
    parser.add_argument(
        "--realtime-factor", type=float, default=4.0, help="how much faster than it plays audio comes; 0: at once"
    )
    parser.add_argument("--connect-ms", type=float, default=0.0, help="what a new connection costs, once")
    return parser.parse_args()


def _settings(arguments: argparse.Namespace) -> Settings:
    return Settings(
        host=arguments.host,
        asyncflow_port=arguments.asyncflow_port,
        sarvam_port=arguments.sarvam_port,
        flow_port=arguments.flow_port,
        flow_contract=arguments.flow_contract,
        voice=arguments.voice,
        ttfb=arguments.ttfb_ms / 1000,
        realtime_factor=arguments.realtime_factor,
        connect_delay=arguments.connect_ms / 1000,
    )


async def _run(settings: Settings) -> None:
    interrupted = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupted.set)
    async with running_emulator(settings) as emulator:
        for service in (emulator.asyncflow, emulator.sarvam, emulator.flow):
            print(f"{service.name:<10} {service.url}")
        print("key        demo-key (AsyncFlow, Sarvam)")
        print(f"token      {emulator.flow.demo_token()} (Flow TTS)", flush=True)
        await interrupted.wait()


def main() -> int:
    """Run the emulator; returns the exit status."""
    try:
        asyncio.run(_run(_settings(_arguments())))
    except OSError as err:
        print(f"The emulator can't listen: {err}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
