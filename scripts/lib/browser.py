"""Sees to it that the browser tests have a Chromium, where that may be installed.

    python3 scripts/lib/browser.py [--fonts]

On Debian, as root, its package is installed where the machine has none. Where that is
not possible the tests that need a browser leave themselves out; it is no failure.
With --fonts, those that pictures of all languages need are installed as well.

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
FONTS = ("fonts-droid-fallback", "fonts-lohit-deva")
"""Chinese and Hindi."""
APT = ["apt-get", "--quiet", "-oAcquire::Retries=0", "-oAcquire::http::Timeout=20"]


def main() -> int:
    """Install a Chromium where there is none and the machine is Debian's."""
    toolchain.CACHE.mkdir(parents=True, exist_ok=True)
    if "--fonts" in sys.argv[1:] and may_install():
        with suppress(SetupError), step("Fonts from Debian's packages"):
            install(*FONTS)
    if any(map(shutil.which, NAMES)):
        return 0
    if may_install():
        with suppress(SetupError), step("Chromium from Debian's packages"):
            install("chromium")
            return 0
    print("There is no Chromium: the browser tests are left out.", file=sys.stderr)
    return 0


def may_install() -> bool:
    """Whether Debian's packages may be installed here."""
    release = Path("/etc/os-release")
    is_debian = release.exists() and "\nID=debian\n" in f"\n{release.read_text()}"
    return os.geteuid() == 0 and is_debian and bool(shutil.which("apt-get"))


def install(*packages: str) -> None:
    """Install packages of Debian that are not there yet. Raises SetupError."""
    if all(map(is_installed, packages)):
        return
    variables = {"DEBIAN_FRONTEND": "noninteractive"}
    with suppress(SetupError):  # Another source of the machine may be out of order
        run([*APT, "update"], "The lists of packages are old", variables=variables)
    run([*APT, "install", "--yes", "--no-install-recommends", *packages], "Install them", variables=variables)


def is_installed(package: str) -> bool:
    """Whether a package of Debian is there."""
    return Path(f"/var/lib/dpkg/info/{package}.list").exists()


if __name__ == "__main__":
    sys.exit(main())
