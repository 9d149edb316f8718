"""Which browsers there are on this machine, and where.

The places are those where the browsers' own installers and the distributions' packages put them.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path, PureWindowsPath
from typing import NamedTuple


class Family(StrEnum):
    """Browsers that are set up in the same way."""

    CHROMIUM = "chromium"
    FIREFOX = "firefox"


class Program(NamedTuple):
    """A browser that is installed."""

    title: str
    family: Family
    command: tuple[str, ...]
    """How it is started, without arguments."""
    profiles: Path | None = None
    """Where its profile must be: a sandboxed one sees no other folder. None: wherever temporary files go."""
    flatpak: str = ""
    """Its name there, where it is one."""


class _Browser(NamedTuple):
    """Where a browser may be, in each system."""

    title: str
    family: Family
    commands: tuple[str, ...]
    """Its commands, for systems that have a path of them."""
    macos: str
    """Its program in a folder of applications."""
    windows: str
    """Its program in a folder of programs."""
    flatpak: str


_BROWSERS = {
    "chrome": _Browser(
        "Chrome",
        Family.CHROMIUM,
        ("google-chrome", "google-chrome-stable", "chrome", "google-chrome-beta", "google-chrome-unstable"),
        "Google Chrome.app/Contents/MacOS/Google Chrome",
        r"Google\Chrome\Application\chrome.exe",
        "com.google.Chrome",
    ),
    "chromium": _Browser(
        "Chromium",
        Family.CHROMIUM,
        ("chromium", "chromium-browser"),
        "Chromium.app/Contents/MacOS/Chromium",
        r"Chromium\Application\chrome.exe",
        "org.chromium.Chromium",
    ),
    "edge": _Browser(
        "Edge",
        Family.CHROMIUM,
        ("microsoft-edge", "microsoft-edge-stable", "microsoft-edge-beta", "microsoft-edge-dev"),
        "Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
        r"Microsoft\Edge\Application\msedge.exe",
        "com.microsoft.Edge",
    ),
    "brave": _Browser(
        "Brave",
        Family.CHROMIUM,
        ("brave-browser", "brave-browser-stable", "brave"),
        "Brave Browser.app/Contents/MacOS/Brave Browser",
        r"BraveSoftware\Brave-Browser\Application\brave.exe",
        "com.brave.Browser",
    ),
    "firefox": _Browser(
        "Firefox",
        Family.FIREFOX,
        ("firefox", "firefox-esr", "firefox-developer-edition", "firefox-nightly"),
        "Firefox.app/Contents/MacOS/firefox",
        r"Mozilla Firefox\firefox.exe",
        "org.mozilla.firefox",
    ),
}

NAMES = ("auto", *_BROWSERS)
"""What a browser may be called. `auto` is the first that there is, `chromium` if need be another of its family."""

_SNAP = Path("/snap/bin")


def _has_flatpak(name: str) -> bool:
    program = shutil.which("flatpak")
    if program is None:
        return False
    asked = subprocess.run([program, "info", name], capture_output=True, check=False, timeout=20)
    return asked.returncode == 0


class System(NamedTuple):
    """A machine, as far as it tells where browsers are."""

    platform: str
    environ: Mapping[str, str]
    which: Callable[[str], str | None]
    """The path of a command; None where there is none."""
    exists: Callable[[Path], bool]
    has_flatpak: Callable[[str], bool]


HERE = System(sys.platform, os.environ, shutil.which, Path.is_file, _has_flatpak)


def find(name: str, system: System = HERE) -> Program | None:
    """The browser of one of `NAMES`, or at a path; None where it is not there."""
    if name not in NAMES:
        return _at(Path(name).expanduser().absolute(), system)
    for each in _in_order(name):
        for place in _places(_BROWSERS[each], system):
            return place
    if system.platform.startswith("linux"):
        for each in _in_order(name):
            if system.has_flatpak(_BROWSERS[each].flatpak):
                browser = _BROWSERS[each]
                command = ("flatpak", "run", browser.flatpak)
                return Program(browser.title, browser.family, command, flatpak=browser.flatpak)
    return None


def _in_order(name: str) -> tuple[str, ...]:
    if name == "auto":
        return tuple(_BROWSERS)
    if name == "chromium":
        return ("chromium", *(each for each in _BROWSERS if _BROWSERS[each].family == Family.CHROMIUM))
    return (name,)


def _places(browser: _Browser, system: System) -> Iterator[Program]:
    """Where a browser is, the likeliest first."""
    if system.platform == "darwin":
        for folder in (Path("/Applications"), Path(system.environ.get("HOME", "")) / "Applications"):
            if system.exists(folder / browser.macos):
                yield Program(browser.title, browser.family, (str(folder / browser.macos),))
    elif system.platform == "win32":
        for variable in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
            program = PureWindowsPath(system.environ.get(variable, "")) / browser.windows
            if system.environ.get(variable) and system.exists(Path(str(program))):
                yield Program(browser.title, browser.family, (str(program),))
    for command in browser.commands:
        if found := system.which(command):
            yield Program(browser.title, browser.family, (found,), _profiles_of_snap(Path(found), system))


def _at(path: Path, system: System) -> Program | None:
    """The browser whose program this is; its name tells the family."""
    if not system.exists(path):
        return None
    is_firefox = any(word in path.name.lower() for word in ("firefox", "librewolf", "waterfox"))
    family = Family.FIREFOX if is_firefox else Family.CHROMIUM
    return Program(path.name, family, (str(path),), _profiles_of_snap(path, system))


def _profiles_of_snap(program: Path, system: System) -> Path | None:
    """Where a snap may keep a profile, if this is one: it has a /tmp of its own.

    Ubuntu's /usr/bin/firefox and /usr/bin/chromium-browser are scripts that start the snap.
    """
    if not system.platform.startswith("linux"):
        return None
    name = program.name
    if program.parent != _SNAP:
        try:
            with program.open("rb") as file:
                text = file.read(4096)
        except OSError:
            return None
        _, found, rest = text.partition(f"{_SNAP}/".encode()) if text.startswith(b"#!") else (b"", b"", b"")
        if not found:
            return None
        name = rest.split(maxsplit=1)[0].decode("ascii", "replace").strip("\"';")
    return Path(system.environ.get("HOME", "~")).expanduser() / "snap" / name / "common"
