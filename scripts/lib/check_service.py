"""Check a key at a service without Home Assistant, and print the result as JSON to attach to an issue.

Keys are read from the environment: ASYNCFLOW_API_KEY, SARVAM_API_KEY, FLOW_TTS_TOKEN, and TENCENT_SECRET_KEY with
TENCENT_SECRET_ID, TENCENT_SDK_APP_ID, and TENCENT_SITE (china or international). Each service with a key is asked for
its voices and its quota, which is free, and speaks a short sentence over each transport, which is charged: three
requests of 28 characters with AsyncFlow and Sarvam AI, two requests with Tencent Cloud and Flow TTS. AsyncFlow speaks
it once more with word timestamps. With --clone, a recording is cloned, which some services charge, and the clone is
deleted.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import asdict
import json
import os
from pathlib import Path
import sys
from types import ModuleType
from typing import Any
import wave

import aiohttp

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "custom_components.streaming_tts"
KEYS = {
    "asyncflow": "ASYNCFLOW_API_KEY",
    "sarvam": "SARVAM_API_KEY",
    "tencent": "TENCENT_SECRET_KEY",
    "flow_tts": "FLOW_TTS_TOKEN",
}
DETAILS = {"tencent": {"secret_id": "TENCENT_SECRET_ID", "sdk_app_id": "TENCENT_SDK_APP_ID", "site": "TENCENT_SITE"}}
"""Environment variables of the other credentials, by the field of the form."""


def _without_home_assistant() -> None:
    """Make the folders of the package importable without its top module, which needs Home Assistant."""
    package = ModuleType(PACKAGE)
    package.__path__ = [str(ROOT.joinpath(*PACKAGE.split(".")))]
    sys.modules[PACKAGE] = package
    sys.path.insert(0, str(ROOT))


_without_home_assistant()

from custom_components.streaming_tts.providers import PROVIDERS  # noqa: E402
from custom_components.streaming_tts.providers.capabilities import (  # noqa: E402
    Cloning,
    Previews,
    Recording,
    Timestamps,
    VoiceDeletion,
)
from custom_components.streaming_tts.providers.check import SENTENCE, check_transport, default_voice  # noqa: E402
from custom_components.streaming_tts.providers.provider import Provider, QuotaSource  # noqa: E402
from custom_components.streaming_tts.providers.session import parse_session  # noqa: E402
from custom_components.streaming_tts.providers.types import (  # noqa: E402
    AudioFormat,
    CredentialError,
    Credentials,
    ProviderError,
    Voice,
)


async def check(provider: Provider, voice: Voice, recording: Recording | None) -> dict[str, Any]:
    """Return the results of all checks of a service."""
    calls: dict[str, Any] = {"key": await _outcome(provider.verify(), lambda _account: {})}
    calls["voices"] = await _outcome(provider.voices(), lambda voices: {"count": len(voices)})
    if isinstance(provider, QuotaSource):
        calls["quota"] = await _outcome(provider.quota(), lambda quota: {"told": quota is not None})
    if isinstance(provider, Previews):
        calls["sample"] = await _outcome(_sample(provider, provider), lambda address: {"told": address is not None})
    checks = [await check_transport(provider, transport, voice) for transport in provider.transports_of(voice)]
    if isinstance(provider, Timestamps):
        pcm = AudioFormat(sample_rate=provider.pcm_rates[0])
        spoken = provider.speak_with_timestamps(voice, pcm, SENTENCE)
        calls["timestamps"] = await _outcome(spoken, lambda speech: {"words": len(speech.words)})
    if recording is not None and isinstance(provider, Cloning):
        calls["clone"] = await _outcome(_clone(provider, provider, recording), lambda deleted: {"deleted": deleted})
    return {
        "service": provider.key,
        "model": voice.model,
        "language": voice.language,
        "calls": calls,
        "transports": [each.report(provider.credentials) for each in checks],
    }


async def _outcome[T](call: Awaitable[T], told: Any) -> Mapping[str, Any]:
    """Return whether a call succeeded with its result, or the failure; error messages are never included."""
    try:
        result = await call
    except ProviderError as error:
        return {"succeeded": False, "failure": error.failure.value, "charge": asdict(error.charged)}
    return {"succeeded": True, **told(result)}


async def _sample(provider: Provider, previews: Previews) -> str | None:
    """Return the URL of the first sample, if there is one."""
    for voice in await provider.voices():
        if previews.has_sample(voice):
            return await previews.preview_url(voice)
    return None


async def _clone(provider: Provider, cloning: Cloning, recording: Recording) -> bool:
    """Clone a recording and delete the voice; return whether it was deleted."""
    made = await cloning.clone(recording)
    if not isinstance(provider, VoiceDeletion):
        return False
    try:
        await provider.delete_voice(made.voice_id)
    except ProviderError:
        return False
    return True


def read_recording(path: Path) -> Recording:
    """Return a WAV file as a recording for cloning. Raises wave.Error, OSError."""
    with wave.open(str(path), "rb") as file:
        seconds = file.getnframes() / file.getframerate()
    return Recording(audio=path.read_bytes(), file_type="wav", seconds=seconds, name="Check of the service")


def credentials_of(name: str, secret: str) -> Credentials:
    """Return the credentials from the environment. For Flow TTS, this can be a whole session.

    Raises CredentialError.
    """
    if name == "flow_tts":
        return parse_session(secret)
    details = {field: os.environ.get(variable, "").strip() for field, variable in DETAILS.get(name, {}).items()}
    return Credentials(key=secret, details={field: value for field, value in details.items() if value})


async def run(arguments: argparse.Namespace) -> int:
    """Check all services that have a key; return 0 if all transports succeeded."""
    recording = read_recording(arguments.clone) if arguments.clone else None
    names = [arguments.service] if arguments.service else list(KEYS)
    found = {name: secret for name in names if (secret := os.environ.get(KEYS[name], "").strip())}
    if not found:
        print(f"No key: set {', '.join(KEYS[name] for name in names)}.", file=sys.stderr)
        return 2
    reports = []
    async with aiohttp.ClientSession() as session:
        for name, secret in found.items():
            try:
                credentials = credentials_of(name, secret)
            except CredentialError as error:
                print(f"{KEYS[name]} holds no session: {error.reason}.", file=sys.stderr)
                return 2
            # Renewing would use up the refresh token, and the new one couldn't be stored
            only_key = Credentials(key=credentials.key, details=credentials.details)
            provider = PROVIDERS[name](session, only_key, base_url=arguments.url)
            voice = default_voice(provider)
            if arguments.voice:
                voice = Voice.of(voice_id=arguments.voice, model=voice.model, language=voice.language)
            reports.append(await check(provider, voice, recording))
    print(json.dumps(reports, indent=2))
    answers = [transport for report in reports for transport in report["transports"]]
    return 0 if all(answer["spoken"] and answer["as_expected"] for answer in answers) else 1


def main() -> int:
    """Run from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="scripts/check-service", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("service", nargs="?", choices=list(KEYS), help="only this one")
    parser.add_argument("--voice", help="another voice ID of the service")
    parser.add_argument("--url", help="another URL of the service, such as the emulator")
    parser.add_argument("--clone", type=Path, metavar="WAV", help="clone this recording, and delete the clone")
    arguments = parser.parse_args()
    if (arguments.voice or arguments.url) and not arguments.service:
        parser.error("--voice and --url need a service")
    try:
        return asyncio.run(run(arguments))
    except (OSError, EOFError, wave.Error) as error:
        print(f"The recording cannot be read: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
