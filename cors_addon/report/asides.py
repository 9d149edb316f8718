"""What `check` tells beside denials and blocks: what the server itself refused, and headers hidden from script.

Law: what is kept is bounded; of a place that comes again, the first example counts.
"""

from collections.abc import Iterator
from functools import lru_cache

from cors_addon.exchange.exposure import hidden_headers
from cors_addon.exchange.model import Judgement, Role
from cors_addon.fetch.patterns import pattern
from cors_addon.report import answered, local_network, remedied
from cors_addon.report.situation import told_of_server
from cors_addon.report.terminal import BOLD, Terminal
from cors_addon.report.text import FAILED, request_header, shortened, visible

MAX_PLACES = 200
MAX_SHOWN = 12
MAX_NAMES = 24
_NEVER_WANTED = pattern(
    r"access-control-.*|date|server|connection|keep-alive|transfer-encoding|vary|strict-transport-security|alt-svc|via|"
    r"age|x-cache.*|cf-.*|x-amz-cf-.*|x-powered-by|x-frame-options|x-xss-protection|x-content-type-options|"
    r"referrer-policy|permissions-policy|content-security-policy.*|cross-origin-.*|nel|report-to|reporting-endpoints|"
    r"server-timing|timing-allow-origin|accept-ranges|content-encoding|x-served-by|x-timer|origin-agent-cluster|p3p|"
    r"allow|x-download-options|x-permitted-cross-domain-policies|x-dns-prefetch-control|upgrade|proxy-.*|trailer|"
    r"accept-ch|critical-ch|content-security-.*|x-robots-tag|speculation-rules|x-ua-compatible|x-aspnet.*"
)
"""What no script asks for: of the connection, of caches, and what tells the browser what to do."""

type _Place = tuple[str, str]


class Asides:
    """Of all inputs."""

    def __init__(self) -> None:
        """Begin with none."""
        self._refused: dict[_Place, Judgement] = {}
        self._hidden: dict[_Place, dict[str, None]] = {}
        self._local: dict[_Place, str] = {}

    def add(self, judgement: Judgement) -> None:
        """Take in what there is to tell of an exchange."""
        place = judgement.origin or "", judgement.observation.url.origin
        if (place in self._local or len(self._local) < MAX_PLACES) and (words := local_network.hint(judgement)):
            self._local[place] = words
        if judgement.role not in (Role.ACTUAL, Role.WEBSOCKET):
            return
        if told_of_server(judgement)[0] is not None and (place in self._refused or len(self._refused) < MAX_PLACES):
            self._refused.setdefault(place, judgement)
        names = wanted(judgement)
        if names and (place in self._hidden or len(self._hidden) < MAX_PLACES):
            known = self._hidden.setdefault(place, {})
            known.update(dict.fromkeys(names[: MAX_NAMES - len(known)]))

    def may_join(self, later: "Asides") -> bool:
        """Whether what was taken in apart is what this would have taken in: no bound comes near."""
        tables = ((self._refused, later._refused), (self._hidden, later._hidden), (self._local, later._local))
        return all(len({*own, *theirs}) <= MAX_PLACES for own, theirs in tables) and all(
            len({*self._hidden[place], *names}) + len(names) <= MAX_NAMES
            for place, names in later._hidden.items()
            if place in self._hidden
        )

    def join(self, later: "Asides") -> None:
        """Take in what came later, and `may_join`."""
        for place, judgement in later._refused.items():
            self._refused.setdefault(place, judgement)
        self._local |= later._local
        for place, names in later._hidden.items():
            self._hidden.setdefault(place, {}).update(names)

    def sections(self, terminal: Terminal) -> Iterator[list[str]]:
        """For the report in text."""
        if self._refused:
            yield list(self._of_servers(terminal))
        if self._local:
            yield list(self._of_local_networks(terminal))
        if self._hidden:
            yield list(self._of_hidden(terminal))

    def _of_local_networks(self, terminal: Terminal) -> Iterator[str]:
        yield terminal.paint(BOLD, "Needs the user's permission without this proxy")
        for words in list(self._local.values())[:MAX_SHOWN]:
            yield from terminal.wrapped(words, "    ", first="  ")

    def _of_servers(self, terminal: Terminal) -> Iterator[str]:
        yield terminal.paint(BOLD, "Refused by the server itself, not by the browser")
        for judgement in list(self._refused.values())[:MAX_SHOWN]:
            happened, remedies = told_of_server(judgement)
            status, url = judgement.observation.status, str(judgement.observation.url)
            if judgement.role is Role.WEBSOCKET:
                url = url.replace("http", "ws", 1)  # its handshake is a request of http
            yield f"{terminal.mark(FAILED)} {status} {visible(shortened(url, 68))}"
            for words in (happened.text if happened else "", *answered.lines(judgement)):
                yield from terminal.wrapped(words, "    ") if words else ()
            for line in remedied.lines(remedies, status, 1):
                yield from terminal.wrapped(line.plain, " " * 11, first=f"    {line.label:<5}")

    def _of_hidden(self, terminal: Terminal) -> Iterator[str]:
        yield terminal.paint(BOLD, "Headers that the page's script may not read")
        for (origin, server), names in list(self._hidden.items())[:MAX_SHOWN]:
            place = f"{shortened(origin)} → {shortened(server)}"
            yield from terminal.wrapped(f"{place}: {', '.join(names)}", "    ", first="  ")
            yield from terminal.wrapped(exposing(list(names)), "    ")
        if len(self._hidden) > MAX_SHOWN:
            yield f"  … and {len(self._hidden) - MAX_SHOWN} more: see hidden_headers in --format jsonl"


def wanted(judgement: Judgement) -> tuple[str, ...]:
    """The hidden headers that a script may want, of an answer that a script reads."""
    names = _wanted(tuple(hidden_headers(judgement)))
    if not names or request_header(judgement, "sec-fetch-dest") not in (None, "empty"):
        return ()
    return names if judgement.observation.destination in (None, "") else ()


@lru_cache(maxsize=256)
def _wanted(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if _NEVER_WANTED.fullmatch(name) is None)


def exposing(names: list[str]) -> str:
    """How to have script read them; Set-Cookie no script ever may."""
    exposed = [name for name in names if name not in ("set-cookie", "set-cookie2")]
    never = "No script may read Set-Cookie, whatever is exposed." if len(exposed) < len(names) else ""
    if not exposed:
        return never
    listed = ", ".join(exposed)
    what = f"To have script read them, at the server: add to Access-Control-Expose-Headers: {listed}"
    return f"{what} (by name: with credentials * is a name like any other). {never}".strip()
