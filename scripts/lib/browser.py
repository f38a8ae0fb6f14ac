"""Install Chromium for the browser tests where possible.

    python3 scripts/lib/browser.py [--fonts]

Installs the package on Debian as root if there is no Chromium. Elsewhere, the tests that need a browser are skipped;
this isn't an error. --fonts also installs the fonts for pictures in all languages.

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
"""Fonts for Chinese and Hindi."""
APT = ["apt-get", "--quiet", "-oAcquire::Retries=0", "-oAcquire::http::Timeout=20"]


def main() -> int:
    """Install Chromium on Debian if there is none."""
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
    """Return True if Debian packages can be installed."""
    release = Path("/etc/os-release")
    is_debian = release.exists() and "\nID=debian\n" in f"\n{release.read_text()}"
    return os.geteuid() == 0 and is_debian and bool(shutil.which("apt-get"))


def install(*packages: str) -> None:
    """Install missing Debian packages. Raises SetupError."""
    if all(map(is_installed, packages)):
        return
    variables = {"DEBIAN_FRONTEND": "noninteractive"}
    with suppress(SetupError):  # Another package source of the machine may be out of date
        run([*APT, "update"], "The lists of packages are old", variables=variables)
    run([*APT, "install", "--yes", "--no-install-recommends", *packages], "Install them", variables=variables)


def is_installed(package: str) -> bool:
    """Return True if a Debian package is installed."""
    return Path(f"/var/lib/dpkg/info/{package}.list").exists()


if __name__ == "__main__":
    sys.exit(main())
