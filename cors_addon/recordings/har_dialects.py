"""Who writes HAR files, and what each does in its own way; and what is known of a file while it is read.

What each writer does was seen in its files or read in its source:
  - Chrome, Edge: header lists from the wire, or provisional ones without Origin where the request never reached it;
    `_error` net::ERR_FAILED for what was blocked, with the status and headers of the answer, or status 0 in older
    ones; `_fromCache`; `_resourceType` preflight; the request's start is when the page asked, so that `blocked`, `dns`
    and `connect` pass before it is sent; `_connectionId`, for which older ones wrote `connection`, now a port.
  - Firefox: what was blocked has its answer like any other; what was never sent has status 0 and no timings; an answer
    from the cache has no address and no size; a preflight begins after its request, and after a redirect that taints
    the origin it still names the page's.
  - All browsers: one entry, that of the last answer, for what the browser sent again by itself.
  - Safari: only what it let through: what failed, preflights and the hops of redirects are left out; `_fetchType`
    tells caches; `connection` is a connection.
  - Playwright: status -1 and no answer for what failed, provisional headers then, and in `_failureText` what the
    browser says; `_resourceType` from 1.61 on; no preflights, but those of service workers; with Chromium provisional
    headers also for what a cache or a service worker answered, by which alone its minimal mode tells them, and status
    200 with a 304's headers; `_apiRequest`, newer `_apiRequestRef`, for what the test's own client sent,
    `_wasFulfilled` for what the test answered, `_wasAborted` for what it stopped.
  - chrome-har (Puppeteer, browsertime, sitespeed.io): what failed is left out, preflights are not; where it was told
    no more, headers as the page made them, which lack Origin; after a redirect the headers of its first hop stand with
    the last, too; `connection` is a connection.
  - chrome-har-capturer: what failed is left out, preflights are not; headers as the page made them always;
    `_fromDiskCache`; `connection` is a connection, 0 where there was none.
  - bidi-har-export (browsertime with Firefox): the browser's name as its creator, as WebDriver spells it; what got no
    answer, or was never sent, is left out; a body of no characters stands for each; no `_securityState`, no address.
  - WebPageTest: the request's start is when it was sent, though its time has `dns` and `connect` in it.
  - Selenium Wire: mitmproxy 5 inside; preflights are left out, unless it is told not to, and what got no answer.
  - Charles, Fiddler, Proxyman, HTTP Toolkit, mitmproxy: proxies, which saw the wire; status 0 for no answer. mitmproxy
    writes methods in upper case, which preflights name as they are; Proxyman writes whole seconds, and no response for
    what was still open; HTTP Toolkit has status 0 for that and for what the browser gave up; Fiddler names the client's
    port in `connection`; Charles, pseudo-headers.
https://w3c.github.io/web-performance/specs/HAR/Overview.html
"""

from dataclasses import dataclass
from typing import Any

from cors_addon.exchange.model import Observation
from cors_addon.fetch.markup import LOOKED_AT
from cors_addon.fetch.mime import declared
from cors_addon.fetch.origins import Url, parse_url

ORIGIN_FROM_REFERER = "no Origin in this entry: taken from its Referer"
ORIGIN_FROM_REDIRECT = "no Origin in this entry: taken from the redirect that led here"
ORIGIN_FROM_FRAME = "no Origin in this entry: taken from the page in its frame"

MAX_LED_TO = 1000


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """What a writer does that others do not. What one entry shows by itself, whoever wrote it, is not here."""

    creator: str = ""
    """Its name in `log.creator`, in lower case and without spaces."""
    as_written: str = ""
    """That name to the letter, where the same in other letters is another writer."""
    is_proxy: bool = False
    """Whatever is in the file was on the wire. Its name may go on."""
    leaves_out: str | None = None
    """What is missing that matters, in words for people."""
    upper_case_methods: bool = False
    """However they were sent."""
    connects_apart: bool = False
    """`connect` is no part of what passes between an entry's start and its end."""
    numbers_connections: bool = False
    """`connection` is one; with others it is the server's port."""
    answers_itself: bool = False
    """A browser got mitmproxy's own page where the server gave no answer."""
    zero_is_open: bool = False
    """Status 0 stands for what was still open or given up, too."""
    says_errors: bool = False
    """`_error` of an answer is null where nothing went wrong with it."""
    leaves_failures_out: bool = False
    """What has an answer in the file was let through; of what was not sent or not answered nothing can be said."""
    leaves_unanswered_out: bool = False
    """What got no answer, or was never sent; what was refused is in the file."""
    moves_headers: bool = False
    """After redirects, the headers of an earlier answer may stand with the last."""
    tells_by_headers: bool = False
    """With Chromium: provisional headers for what was answered from a cache, or by a service worker."""

    def writes(self, written: str) -> bool:
        """Whether a file whose creator has this name is by this writer."""
        if self.as_written:
            return written == self.as_written
        name = _plain(written)
        return name.startswith(self.creator) if self.is_proxy else name == self.creator


def _plain(name: str) -> str:
    return name.lower().replace(" ", "")


PLAIN = Dialect()
DIALECTS = (
    Dialect(
        creator="webkitwebinspector",
        leaves_out="Safari exports only what it let through: what it refused is not in this file, nor are preflights"
        " and redirects",
        numbers_connections=True,
        leaves_failures_out=True,
    ),
    Dialect(creator="webinspector", says_errors=True),
    Dialect(
        creator="chrome-har",
        leaves_out="chrome-har leaves out what failed: of what the browser refused only preflights are in this file",
        numbers_connections=True,
        leaves_failures_out=True,
        moves_headers=True,
    ),
    Dialect(
        creator="chromeharcapturer",
        leaves_out="chrome-har-capturer leaves out what failed: of what the browser refused only preflights are in this"
        " file",
        numbers_connections=True,
        leaves_failures_out=True,
    ),
    Dialect(
        creator="firefox",
        as_written="firefox",
        leaves_out="bidi-har-export leaves out what got no answer or was never sent: what a preflight refused is not"
        " in this file",
        leaves_unanswered_out=True,
    ),
    Dialect(creator="firefox"),
    Dialect(creator="playwright", tells_by_headers=True),
    Dialect(creator="webpagetest", connects_apart=True),
    Dialect(creator="mitmproxy", is_proxy=True, upper_case_methods=True, connects_apart=True, answers_itself=True),
    Dialect(
        creator="seleniumwire",
        is_proxy=True,
        leaves_out="Selenium Wire leaves out what got no answer; and preflights, unless ignore_http_methods is []",
        upper_case_methods=True,
        connects_apart=True,
        leaves_unanswered_out=True,
    ),
    Dialect(creator="httptoolkit", is_proxy=True, zero_is_open=True),
    Dialect(creator="charles", is_proxy=True),
    Dialect(creator="fiddler", is_proxy=True),
    Dialect(creator="proxyman", is_proxy=True),
    Dialect(creator="burp", is_proxy=True),
)

AGENTS = {
    "chromium": b"AppleWebKit/ Chrome/",
    "gecko": b"Gecko/ rv:",
    "webkit": b"AppleWebKit/",
}
"""A User-Agent for an entry without one, by the engine of the browser that the file names."""
_BROWSERS = (
    ("firefox", "gecko"),
    ("webkit", "webkit"),
    ("safari", "webkit"),
    ("webinspector", "chromium"),
    ("chrom", "chromium"),
    ("edge", "chromium"),
    ("brave", "chromium"),
    ("opera", "chromium"),
    ("puppeteer", "chromium"),
)


def last_name(name: str) -> str:
    """Of a file, what stands after its folders."""
    return "stdin" if name == "-" else name.replace("\\", "/").rpartition("/")[2]


class Context:
    """What is known of the file so far."""

    def __init__(self, name: str) -> None:
        self.name = name
        """Of the file, as in its exchanges' ids."""
        self.dialect = PLAIN
        self.engine: str | None = None
        self.clock = 0.0
        """Start of the last entry that had one."""
        self.sensitive_seen = False
        self.integrity_seen = False
        """Some page has an element that names a digest."""
        self.judged = 0
        self.failures = 0
        """Entries that say of themselves that they failed."""
        self.maybe_sent_again = 0
        """Entries of what browsers send again by themselves."""
        self.frames: dict[str, str] = {}
        """The origin of the page in each frame."""
        self.led_to: dict[Url, bytes] = {}
        """Where redirects of requests with an Origin led, and the Origin from there on: the latest `MAX_LED_TO`."""

    def learn(self, key: str, value: Any) -> None:
        """What the file says of who wrote it: `browser` knows better than `creator`."""
        written = str(value.get("name", "")) if isinstance(value, dict) else ""
        name = _plain(written)
        if key == "creator":
            self.dialect = next((each for each in DIALECTS if each.writes(written)), PLAIN)
        if key == "creator" and self.engine is not None:
            return
        for word, engine in _BROWSERS:
            if word in name:
                self.engine = engine
                return

    def look_for_digests(self, observation: Observation) -> None:
        """Whether this is a page that names digests: from then on, its own scripts are loads to be looked at, too."""
        if self.integrity_seen or observation.read_body is None:
            return
        if declared(observation.response) == "text/html":
            self.integrity_seen = b"integrity" in (observation.read_body(LOOKED_AT) or b"")

    def origin_of(self, raw: dict[str, Any], url: Url, referer: bytes) -> tuple[bytes, str] | None:
        """What Origin a request had that is shown without, and by what that is known."""
        after = self.after_redirect(url)
        if after is not None:
            return after, ORIGIN_FROM_REDIRECT
        page = parse_url(referer.decode("latin-1"))
        if page is not None:
            return page.origin.encode("latin-1"), ORIGIN_FROM_REFERER
        frame = self.page_in_frame(raw)
        return None if frame is None else (frame.encode("latin-1"), ORIGIN_FROM_FRAME)

    def page_in_frame(self, raw: dict[str, Any]) -> str | None:
        """The origin of the page in whose frame a request was made; None where that is not told."""
        return self.frames.get(str(raw.get("_frameref")))

    def after_redirect(self, url: Url) -> bytes | None:
        """The Origin of a request that a redirect may have led to, perhaps upgraded to https on the way."""
        plain = url._replace(scheme="http", port=80 if url.port == 443 else url.port)
        return self.led_to.get(url) or self.led_to.get(plain)

    def loaded(self, raw: dict[str, Any], url: Url, *, asks_for_page: bool) -> None:
        """A page was loaded into a frame; Playwright names frames, and since 1.61 what each request is for.

        `asks_for_page`: the request has the header by which browsers ask for pages alone.
        """
        if "_frameref" in raw and raw.get("_resourceType", "document" if asks_for_page else "") == "document":
            self.frames[str(raw["_frameref"])] = url.origin
            if len(self.frames) > MAX_LED_TO:
                del self.frames[next(iter(self.frames))]

    def redirected(self, url: Url, target: Url, origin: bytes) -> None:
        """A request with this Origin is redirected. From a cross-origin URL to a third origin, it becomes null."""
        tainted = url.origin.encode("latin-1") not in (origin, target.origin.encode("latin-1"))
        self.led_to.pop(target, None)
        self.led_to[target] = b"null" if tainted else origin
        if len(self.led_to) > MAX_LED_TO:
            del self.led_to[next(iter(self.led_to))]

    @property
    def tells_by_headers(self) -> bool:
        """Whether headers alone tell what was on the wire: Playwright's are Chromium's provisional ones, else."""
        return self.dialect.tells_by_headers and self.engine == "chromium"

    @property
    def of_one_window(self) -> bool:
        """Whether a browser's own tools wrote it, who look at one window: no proxy or driver, nor who is not known."""
        by_a_proxy_or_driver = self.dialect.is_proxy or self.dialect.leaves_unanswered_out
        return self.dialect is not PLAIN and not by_a_proxy_or_driver

    @property
    def keeps_failures(self) -> bool:
        """Whether what failed is in the file: else that a request is missing tells nothing.

        Who writes in a way that is not known has to show that. Of what Playwright has no answer to, it is not told
        whether that or its preflight was refused.
        """
        left_out = self.dialect.leaves_failures_out or self.dialect.leaves_unanswered_out
        if left_out or self.dialect.tells_by_headers:
            return False
        return self.dialect is not PLAIN or self.failures > 0

    @property
    def firefox(self) -> bool:
        """Whether Firefox's own developer tools wrote it."""
        return self.dialect.creator == "firefox"

    def note_sensitive(self, names: frozenset[bytes], answer: frozenset[bytes]) -> None:
        """Whether anything was seen that an export without sensitive data leaves out: by names in lower case."""
        if not self.sensitive_seen:
            self.sensitive_seen = bool(names & {b"cookie", b"authorization"}) or b"set-cookie" in answer
