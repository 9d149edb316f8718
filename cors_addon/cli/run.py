"""Starting mitmproxy with the addon, in this very process: no shell script is needed, and no path of a file."""

import argparse
import os
import sys
from collections.abc import Sequence

from cors_addon.browser import wanted
from cors_addon.demo import ports
from cors_addon.fetch.patterns import pattern
from cors_addon.report.terminal import put
from cors_addon.start import SCRIPT

FINE, UNUSABLE = 0, 2
FRONT_ENDS = ("mitmweb", "mitmproxy", "mitmdump")
PROXY, MITMWEB = 8080, 8081
"""The ports that mitmproxy takes by itself."""

_ABOUT_PORTS = pattern(r"-[pm]|--(listen-port|web-port|mode)|(--set=)?(listen_port|web_port|mode)=")

DESCRIPTION = f"""\
Start {FRONT_ENDS[0]} with cors_addon, or the front end named; further arguments are passed on to it.

  cors-addon run                                    mitmweb, which opens in your browser
  cors-addon run --browser http://localhost:8000    and a browser that is set up, with this page
  cors-addon run --browser firefox                  the same in Firefox
  cors-addon run mitmdump --browser http://localhost:8000 --headless
  cors-addon run --browser=--window-size=800,600    an argument for the browser
  cors-addon run --mode reverse:http://localhost:3000
  cors-addon run mitmweb --help                     the options of mitmweb

exit codes: 0 mitmproxy has ended, 2 the browser's words are not understood; others are mitmproxy's
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the sub-command `run`. Its arguments are read by `main`: those that are mitmproxy's pass unseen."""
    parser = commands.add_parser(
        "run",
        help="start mitmproxy with cors_addon, and a browser that is set up for it",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "front_end", nargs="?", metavar="|".join(FRONT_ENDS), help="which of mitmproxy's programs; mitmweb if left out"
    )
    parser.add_argument("arguments", nargs="*", metavar="ARGUMENT", help="for mitmproxy")
    parser.add_argument(
        "--browser",
        nargs="*",
        metavar="WORD",
        help="start a browser that uses this proxy, for localhost too, trusts its certificate, and ends with it; which "
        "one (chrome, chromium, edge, brave, firefox, or the path of one), and the address to open, in any order",
    )
    parser.add_argument("--headless", action="store_true", help="start it without a window, for CI")


def main(given: Sequence[str]) -> int:
    """`run`, with these arguments."""
    front_end, arguments = (given[0], given[1:]) if given and given[0] in FRONT_ENDS else (FRONT_ENDS[0], given)
    words, headless, arguments = split(arguments)
    if words is None:
        if headless:
            put(sys.stderr, "cors-addon run: --headless goes with --browser.\n")
            return UNUSABLE
    else:
        try:
            wanted.read(words)
        except wanted.Fault as fault:
            put(sys.stderr, f"cors-addon run --browser: {fault}.\n")
            return UNUSABLE
        arguments = [*_settings(front_end, arguments, [*words, *([wanted.HEADLESS] if headless else [])]), *arguments]
    sys.argv[:] = [front_end, "-s", SCRIPT, *arguments]
    # here, for it takes its time, which no other command should
    from mitmproxy.tools import main as mitmproxy

    getattr(mitmproxy, front_end)()
    return FINE


def split(given: Sequence[str]) -> tuple[list[str] | None, bool, list[str]]:
    """The words of `--browser` (None: there is none), whether `--headless` is among the arguments, and all others."""
    words: list[str] | None = None
    others: list[str] = []
    headless = taking = False
    for place, argument in enumerate(given):
        if argument == "--":
            return words, headless, [*others, *given[place:]]
        if argument == "--headless":
            headless = True
        elif argument == "--browser" or argument.startswith("--browser="):
            words, taking = words or [], True
            if "=" in argument:
                words.append(argument.partition("=")[2])
        elif taking and words is not None and not argument.startswith("-"):
            words.append(argument)
        else:
            taking = False
            others.append(argument)
    return words, headless, others


def _settings(front_end: str, arguments: Sequence[str], words: Sequence[str]) -> list[str]:
    """Arguments by which mitmproxy starts the browser, at ports that are free."""
    settings = {"cors_browser": wanted.join(words) or "auto"}
    if front_end == "mitmweb" and wanted.HEADLESS in words:
        settings["web_open_browser"] = "false"
    wanted_ports = {"listen_port": PROXY} | ({"web_port": MITMWEB} if front_end == "mitmweb" else {})
    if not _names_ports(arguments):
        for (name, port), free in zip(wanted_ports.items(), ports.choose([*wanted_ports.values()]), strict=True):
            if free != port:
                settings[name] = str(free)
                put(sys.stderr, f"Port {port} is taken, so {free} is used.\n")
    return [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]


def _names_ports(arguments: Sequence[str]) -> bool:
    """Whether the user has a say in the ports, by an argument or in mitmproxy's own settings."""
    if any(_ABOUT_PORTS.match(argument) for argument in arguments):
        return True
    from mitmproxy import exceptions, optmanager
    from mitmproxy.options import Options

    options = Options()
    folder = os.path.expanduser(options.confdir)
    try:
        optmanager.load_paths(options, *(os.path.join(folder, name) for name in ("config.yaml", "config.yml")))
    except exceptions.OptionsError:
        return True  # mitmproxy says what is wrong with them
    return options.listen_port is not None or options.mode != ["regular"] or "web_port" in options.deferred
