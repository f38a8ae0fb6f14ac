"""Sees to it that the browser tests have a Chromium, where that may be installed.

    python3 scripts/lib/browser.py

On Debian, as root, its package is installed where the machine has none. Where that is
not possible the tests that need a browser leave themselves out; it is no failure.

Runs on the machine's own Python: standard library only, Python 3.9 or newer.
"""

from contextlib import suppress
import os
from pathlib import Path
import shutil
import sys

from setup import step
import toolchain
from toolchain import SetupError, run

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
APT = ["apt-get", "--quiet", "-oAcquire::Retries=0", "-oAcquire::http::Timeout=20"]


def main() -> int:
    """Install a Chromium where there is none and the machine is Debian's."""
    if any(map(shutil.which, NAMES)):
        return 0
    if may_install():
        toolchain.CACHE.mkdir(parents=True, exist_ok=True)
        with suppress(SetupError), step("Chromium from Debian's packages"):
            install()
            return 0
    print("There is no Chromium: the browser tests are left out.", file=sys.stderr)
    return 0


def may_install() -> bool:
    """Whether Debian's packages may be installed here."""
    release = Path("/etc/os-release")
    is_debian = release.exists() and "\nID=debian\n" in f"\n{release.read_text()}"
    return os.geteuid() == 0 and is_debian and bool(shutil.which("apt-get"))


def install() -> None:
    """Install Debian's package. Raises SetupError."""
    variables = {"DEBIAN_FRONTEND": "noninteractive"}
    with suppress(SetupError):  # Another source of the machine may be out of order
        run([*APT, "update"], "The lists of packages are old", variables=variables)
    package = ["install", "--yes", "--no-install-recommends", "chromium"]
    run([*APT, *package], "Install Chromium", variables=variables)


if __name__ == "__main__":
    sys.exit(main())
