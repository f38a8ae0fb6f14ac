"""The configuration folder of a Home Assistant."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
import json
from pathlib import Path
import shlex
from typing import Any

import imageio_ffmpeg

ROOT = Path(__file__).parents[3]
INTEGRATION = ROOT / "custom_components" / "streaming_tts"
HOST = "127.0.0.1"

_CONFIGURATION = """\
homeassistant:
  name: House
  time_zone: UTC
  country: DE
  currency: EUR
  internal_url: http://{host}:{port}
  external_url: http://{host}:{port}
  media_dirs:
    local: {media}

assist_pipeline:
automation: !include automations.yaml
ffmpeg:
  ffmpeg_bin: {ffmpeg}
frontend:
logger:
  default: warning
  logs:
    custom_components.streaming_tts: {level}
media_source:
script: !include scripts.yaml
"""


def furnish(
    folder: Path, *, port: int, components: Iterable[Path] = (), level: str = "info", configuration: str = ""
) -> None:
    """Create a configuration folder for a Home Assistant that listens on a local port.

    The integration and the components are linked into it; `configuration` is added to the YAML. The YAML has no
    `http:`, because Home Assistant reverts it after five minutes. The onboarding step `core_config` is marked as done,
    because it would set up more integrations. The media folder is in the configuration folder, because a container
    would have a shared one.
    """
    storage = folder / ".storage"
    storage.mkdir(parents=True, exist_ok=True)
    media = folder / "media"
    media.mkdir(exist_ok=True)
    yaml = _CONFIGURATION.format(
        host=HOST, port=port, media=json.dumps(str(media)), ffmpeg=json.dumps(str(_ffmpeg(folder))), level=level
    )
    (folder / "configuration.yaml").write_text(f"{yaml}{configuration}", encoding="utf-8")
    for name in ("automations", "scripts"):
        (folder / f"{name}.yaml").touch()
    _store(storage, "http", version=3, data={"stable": _http(port), "pending": None, "yaml_migration_done": True})
    _store(storage, "onboarding", version=4, data={"done": ["core_config"]})
    custom = folder / "custom_components"
    custom.mkdir(exist_ok=True)
    for component in (INTEGRATION, *components):
        (custom / component.name).symlink_to(component)


def _ffmpeg(folder: Path) -> Path:
    """Return an ffmpeg that logs its arguments into `ffmpeg.log` in the folder."""
    script = folder / "ffmpeg"
    log, program = shlex.quote(str(folder / "ffmpeg.log")), shlex.quote(imageio_ffmpeg.get_ffmpeg_exe())
    script.write_text(f'#!/bin/sh\necho "$@" >> {log}\nexec {program} "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return script


def _http(port: int) -> dict[str, Any]:
    """Return the stored configuration of the HTTP server."""
    return {
        "server_host": [HOST],
        "server_port": port,
        "cors_allowed_origins": ["https://cast.home-assistant.io"],
        "ip_ban_enabled": True,
        "login_attempts_threshold": -1,
        "ssl_profile": "intermediate_v6",
        "use_x_frame_options": True,
        "created_at": datetime.now(UTC).isoformat(),
        "error": None,
        "error_message": None,
    }


def _store(storage: Path, key: str, *, version: int, data: Mapping[str, Any]) -> None:
    """Write a file of Home Assistant's storage."""
    content = {"version": version, "minor_version": 1, "key": key, "data": data}
    (storage / key).write_text(json.dumps(content, indent=2), encoding="utf-8")
