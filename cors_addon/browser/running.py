"""A browser that runs: its start, its end, and the folder with its profile, which goes with it."""

import atexit
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cors_addon.browser import authority, chromium, firefox
from cors_addon.browser.installed import NAMES, Family, Program, find
from cors_addon.browser.place import Place
from cors_addon.browser.wanted import Fault, Wanted

_SECONDS_TO_END = 3.0
"""After which a browser that was told to end is killed."""
_LONGEST_FOLDER = 60
"""Characters; with what Chromium adds for a socket, a path of one must stay below 108."""
_LAST_WORDS = 400
"""Characters of what a browser printed last, where its start fails."""


class Browser:
    """A browser that was started."""

    def __init__(self, program: Program, folder: Path, process: "subprocess.Popen[bytes]", notes: list[str]) -> None:
        self.title = program.title
        self.notes = notes
        """What a person should know of it, in sentences."""
        self._folder = folder
        self._process = process
        atexit.register(self.end)  # mitmproxy may end in disorder, as its console does where its terminal is gone

    @property
    def has_ended(self) -> bool:
        """Whether it was closed, or could not start."""
        return self._process.poll() is not None

    @property
    def failed(self) -> bool:
        """Whether it ended by itself, and not as a browser does that is closed."""
        return self._process.returncode not in (0, None)

    def last_words(self) -> str:
        """The end of what it printed."""
        with contextlib.suppress(OSError):
            text = (self._folder / "output").read_text("utf-8", "replace")
            return "\n".join(text.strip()[-_LAST_WORDS:].splitlines()[-3:])
        return ""

    def end(self) -> None:
        """End it, and remove its profile. That takes some seconds at most."""
        atexit.unregister(self.end)
        if os.name == "nt":
            if not self.has_ended:
                number = str(self._process.pid)
                subprocess.run(["taskkill", "/T", "/F", "/PID", number], capture_output=True, check=False)
        else:
            self._signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_SECONDS_TO_END)
            self._signal(signal.SIGKILL)  # what it left behind, too
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_SECONDS_TO_END)
        _remove(self._folder)

    def _signal(self, number: int) -> None:
        """Signal all of its processes; they are a group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


def _remove(folder: Path) -> None:
    """Remove a folder in which the last of a browser's processes may still write."""
    for _ in range(10):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.05)


def start(wanted: Wanted, proxy: str, confdir: str) -> Browser:
    """Start a browser; `proxy` as HOST:PORT, `confdir` mitmproxy's own. Raises Fault."""
    program = find(wanted.name)
    if program is None:
        raise Fault(_missing(wanted.name))
    notes: list[str] = []
    known: authority.Authority | None = None
    try:
        known = authority.read(confdir)
    except (OSError, ValueError) as error:
        notes.append(f"mitmproxy's certificate is not trusted in it: {error}.")
    try:
        if program.profiles is not None:
            program.profiles.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="cors-addon-browser-", dir=program.profiles))
    except OSError as error:
        raise Fault(f"{program.title} cannot be given a profile: {error}") from error
    try:
        place = Place(folder / "profile", proxy, known)
        place.profile.mkdir()
        if program.family == Family.FIREFOX:
            arguments = firefox.set_up(place, wanted, notes)
        else:
            arguments = chromium.set_up(place, wanted, notes)
        return Browser(program, folder, _run(program, folder, arguments), notes)
    except OSError as error:
        _remove(folder)
        raise Fault(f"{program.title} cannot be started: {error}") from error


def _missing(name: str) -> str:
    if name not in NAMES:
        return f"There is no program {name}."
    if name == "auto":
        return "There is no Chrome, Chromium, Edge, Brave or Firefox here. One elsewhere is started by its path."
    return f"There is no {name.capitalize()} here. Another browser, or one elsewhere, is started by its name or path."


def _run(program: Program, folder: Path, arguments: list[str]) -> "subprocess.Popen[bytes]":
    """Start it apart from the terminal: Ctrl-C there is for mitmproxy, which ends it then."""
    command = list(program.command)
    if program.flatpak:  # which is let see the folder of its profile
        command = ["flatpak", "run", f"--filesystem={folder}", program.flatpak]
    own = dict(firefox.ENVIRONMENT)
    if sys.platform.startswith("linux") and program.profiles is None and len(str(folder)) <= _LONGEST_FOLDER:
        own["TMPDIR"] = str(folder)  # Chromium leaves something there where it is ended
    with open(folder / "output", "wb") as output:
        return subprocess.Popen(
            [*command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=os.environ | own,
            start_new_session=os.name != "nt",
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # Windows' way of the same
        )
