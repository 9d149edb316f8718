"""Running the demo: the servers in threads, and before them mitmweb, in this very process.

Reverse proxy mode, one listener per origin: so the reader's browser needs neither proxy settings nor a certificate.
mitmproxy's settings of the user's own stay out of it, and its files (a certificate) go into a temporary folder.
"""

import argparse
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import FrameType
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from cors_addon.demo import ports, servers
from cors_addon.demo.blocks import BLOCKED
from cors_addon.demo.scenarios import SCENARIOS, Origins
from cors_addon.fetch import masking
from cors_addon.report.terminal import put

if TYPE_CHECKING:
    from mitmproxy.proxy.server_hooks import ServerConnectionHookData

FINE, UNUSABLE = 0, 2
BUTTONS = len(SCENARIOS) + len(BLOCKED)
PAGE, API, OTHER, MITMWEB = 8000, 9000, 9001, 8081

DESCRIPTION = f"""\
Learn to read mitmweb by the classic CORS faults, and by what other checks block: a page with {BUTTONS} buttons, servers
that answer wrongly (or rightly), and mitmweb with cors_addon between them. All of it runs on this machine alone, needs
neither proxy settings nor a certificate, and ends with Ctrl-C. Nothing is opened by itself; the addresses to open are
printed.

exit codes: 0 ended by Ctrl-C, 2 it could not start
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the sub-command `demo`."""
    parser = commands.add_parser(
        "demo",
        help="a page with the classic faults behind mitmweb, to try and to learn with",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--port",
        type=_first_port,
        metavar="N",
        help="use the ports N to N+3, for page, API, another server and mitmweb; by default "
        f"{PAGE}, {API}, {OTHER} and {MITMWEB}, or others where these are taken",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="settings",
        metavar="OPTION=VALUE",
        help="set an option of mitmweb or cors_addon, such as cors_jsonl=lines.jsonl; may be repeated",
    )
    parser.set_defaults(run=run)


def _first_port(text: str) -> int:
    last = 65535 - 3
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= last:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 to {last}")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """`demo`."""
    with orderly_end():
        return _run(options)
    return FINE


def _run(options: argparse.Namespace) -> int:
    wanted = [PAGE, API, OTHER, MITMWEB]
    if options.port is None:
        chosen = ports.choose(wanted)
    else:
        wanted = chosen = [options.port + index for index in range(4)]
        taken = [str(port) for port in chosen if not ports.is_free(port)]
        if taken:
            put(sys.stderr, f"cors-addon demo: taken: port {', '.join(taken)}. Choose another --port.\n")
            return UNUSABLE
    *shown, mitmweb = chosen
    origins = Origins(*(f"http://localhost:{port}" for port in shown))
    moved = [f"Port {old} is taken, so {new} is used." for old, new in zip(wanted, chosen, strict=True) if old != new]
    with (
        tempfile.TemporaryDirectory(prefix="cors-addon-demo-") as folder,
        servers.running(origins, f"http://127.0.0.1:{mitmweb}/") as upstream,
    ):
        names = {f"{name}.demo": port for name, port in zip(("page", "api", "other"), upstream, strict=True)}
        arguments = [*_modes(names, shown), *_settings(folder, mitmweb, options.settings)]
        return _mitmweb(arguments, origins, names, moved)


def _modes(names: Iterable[str], shown: Sequence[int]) -> list[str]:
    """Arguments by which mitmweb listens on the ports that the browser is shown, for the servers of these names."""
    listen = "localhost" if ports.has_ipv6() else "127.0.0.1"  # some asyncio insists on both addresses
    modes = [f"reverse:http://{name}:{port}@{listen}:{port}" for name, port in zip(names, shown, strict=True)]
    return [argument for mode in modes for argument in ("--mode", mode)]


def _settings(folder: str, mitmweb: int, given: Sequence[str]) -> list[str]:
    """Arguments by which mitmweb gets its options: the demo's, and those that the user gave, which win."""
    settings = {
        "confdir": folder,
        "web_port": str(mitmweb),
        "web_open_browser": "false",
        "keep_host_header": "true",  # see Upstream
        "connection_strategy": "lazy",
        "termlog_verbosity": "warn",
    }
    names = {setting.partition("=")[0] for setting in given}
    ours = [f"{name}={value}" for name, value in settings.items() if name not in names]
    return [argument for setting in (*ours, *given) for argument in ("--set", setting)]


class Upstream:
    """Connects mitmproxy with the servers.

    mitmweb's list shows the host that the browser asked for (where its header is kept) with the port that mitmproxy
    goes to. So mitmproxy is told the browser's own port, at a name that does not exist, and is led to the real one.
    """

    def __init__(self, ports_by_name: Mapping[str, int]) -> None:
        self._ports = ports_by_name

    def server_connect(self, data: "ServerConnectionHookData") -> None:
        """Lead a connection to a name of ours to its port."""
        if data.server.address is not None and data.server.address[0] in self._ports:
            data.server.address = ("127.0.0.1", self._ports[data.server.address[0]])


def _mitmweb(arguments: Sequence[str], origins: Origins, names: Mapping[str, int], notes: Sequence[str]) -> int:
    """Run mitmweb until it is told to end."""
    # here, for it takes its time, which no other command should
    from cors_addon.proxy import internals

    if not internals.mitmweb.works:
        put(sys.stderr, f"cors-addon demo does not suit this mitmproxy: {internals.mitmweb.fault}\n")
        return UNUSABLE

    from mitmproxy.options import Options
    from mitmproxy.tools import cmdline, main
    from mitmproxy.tools.web.master import WebMaster

    from cors_addon.proxy.addon import CorsAddon

    class Master(WebMaster):
        """mitmweb with the addon, which says what to open once it can be opened."""

        def __init__(self, options: Options) -> None:
            super().__init__(options)
            self._cors_addon = CorsAddon()
            self.addons.add(self._cors_addon, Upstream(names))

        async def running(self) -> None:
            await super().running()  # type: ignore[no-untyped-call]
            page = self._cors_addon.page
            live = "" if page is None else await page.listening()
            for name in self.options.deferred:  # mitmproxy keeps them without a word
                put(sys.stderr, f"cors-addon demo: there is no option {name}: nothing comes of --set {name}=…\n")
            # what follows # opens the list of flows
            for token in parse_qs(urlsplit(self.web_url).query).get("token", ()):
                masking.know(token)
            put(sys.stdout, welcome(origins, f"{self.web_url}#/flows", live, notes))
            sys.stdout.flush()

    try:
        main.run(Master, cmdline.mitmweb, arguments)
    except SystemExit as error:  # it has said why
        return UNUSABLE if error.code else FINE
    except OSError as error:
        put(sys.stderr, f"cors-addon demo: {error.strerror or error}\n")
        return UNUSABLE
    return FINE


@contextlib.contextmanager
def orderly_end() -> Iterator[None]:
    """Let every signal that ends the demo end it as Ctrl-C does; mitmproxy sees to that only while its loop runs."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    def terminate(number: int, frame: FrameType | None) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    before = {signal.SIGTERM: signal.signal(signal.SIGTERM, interrupt)}
    with contextlib.suppress(AttributeError):  # a terminal that is closed; Windows has no such signal
        before[signal.SIGHUP] = signal.signal(signal.SIGHUP, terminate)
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def welcome(origins: Origins, mitmweb: str, live: str, notes: Sequence[str]) -> str:
    """What to open, and what to do there; `live` is the live page's address, if there is one."""
    noted = "".join(f"{note}\n" for note in notes)
    shown = f"""
What fails, why, and what to change stands on one page, too, with buttons that make it work:

  live page  {live}
"""
    return f"""\
{noted}
Open both of these, side by side:

  the page   {origins.page}/
  mitmweb    {mitmweb}

Press a button on the page and see what its script gets. Then look in mitmweb why.
{shown if live else ""}
Ctrl-C ends the demo.
"""
