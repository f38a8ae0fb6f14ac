"""The emulator alone, in the foreground, until it is interrupted."""

import argparse
import asyncio
import json
import signal
import sys
from typing import Any, get_args

from .emulator import Emulator, running_emulator
from .service import Service
from .settings import FlowContract, Settings, VoiceMode
from .tencent_settings import SDK_APP_ID, SECRET_ID, SECRET_KEY


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/emulator",
        description="Stands in for AsyncFlow, Sarvam, Flow TTS and Tencent's API. Ports: 0 takes a free one.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--asyncflow-port", type=int, default=8501, help="port of AsyncFlow")
    parser.add_argument("--sarvam-port", type=int, default=8502, help="port of Sarvam")
    parser.add_argument("--flow-port", type=int, default=8503, help="port of Flow TTS")
    parser.add_argument("--tencent-port", type=int, default=8504, help="port of Tencent's API")
    parser.add_argument("--flow-contract", choices=get_args(FlowContract), default="portal", help="dialect of Flow TTS")
    parser.add_argument(
        "--voice", type=VoiceMode, choices=list(VoiceMode), default=VoiceMode.SPEECH, help="what is heard"
    )
    parser.add_argument("--ttfb-ms", type=float, default=250.0, help="from a request to its first byte of audio")
    parser.add_argument(
        "--realtime-factor", type=float, default=4.0, help="how much faster than it plays audio comes; 0: at once"
    )
    parser.add_argument("--connect-ms", type=float, default=0.0, help="what a new connection costs, once")
    parser.add_argument(
        "--set",
        type=_switch,
        action="append",
        default=[],
        metavar="SERVICE.NAME=VALUE",
        help="behaviour of one service, until it is reset: names as in its *_settings.py, values as JSON or text, "
        "asyncflow.early_close=finish, sarvam.completion_events=false",
    )
    return parser.parse_args()


def _switch(text: str) -> tuple[str, str, Any]:
    """Return the service, the name and the value of a switch. Raises ValueError for what is none."""
    where, _, value = text.partition("=")
    service, _, name = where.partition(".")
    if service not in ("asyncflow", "sarvam", "flow", "tencent") or not name:
        raise ValueError(text)
    try:
        return service, name, json.loads(value)
    except ValueError:
        return service, name, value


def _settings(arguments: argparse.Namespace) -> Settings:
    return Settings(
        host=arguments.host,
        asyncflow_port=arguments.asyncflow_port,
        sarvam_port=arguments.sarvam_port,
        flow_port=arguments.flow_port,
        tencent_port=arguments.tencent_port,
        flow_contract=arguments.flow_contract,
        voice=arguments.voice,
        ttfb=arguments.ttfb_ms / 1000,
        realtime_factor=arguments.realtime_factor,
        connect_delay=arguments.connect_ms / 1000,
    )


def _services(emulator: Emulator) -> tuple[Service[Any], ...]:
    return emulator.asyncflow, emulator.sarvam, emulator.flow, emulator.tencent


def _configure(emulator: Emulator, switches: list[tuple[str, str, Any]]) -> None:
    """Change what the services do from their start on. Raises ValueError for a switch that they don't have."""
    services = {service.name: service for service in _services(emulator)}
    for service, name, value in switches:
        services[service].configure(**{name: value})


async def _run(settings: Settings, switches: list[tuple[str, str, Any]]) -> None:
    interrupted = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupted.set)
    async with running_emulator(settings) as emulator:
        _configure(emulator, switches)
        for service in _services(emulator):
            print(f"{service.name:<10} {service.url}")
        print("key        demo-key (AsyncFlow, Sarvam)")
        print(f"token      {emulator.flow.demo_token()} (Flow TTS)")
        print(f"secret     {SECRET_ID} {SECRET_KEY}, SdkAppId {SDK_APP_ID} (Tencent)", flush=True)
        await interrupted.wait()


def main() -> int:
    """Run the emulator; returns the exit status."""
    arguments = _arguments()
    try:
        asyncio.run(_run(_settings(arguments), arguments.set))
    except ValueError as err:
        print(f"The emulator can't do that: {err}", file=sys.stderr)
        return 2
    except OSError as err:
        print(f"The emulator can't listen: {err}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
