"""Exchanges, and exactly which security findings each must show.

In each table the first rows show the finding, the rest are near misses.
"""

from dataclasses import dataclass
from typing import Any

from cors_addon.reasons.finding import FindingName
from tests.cases.traffic import PAGE, Lines, Sent, allow, cors, metadata, preflight, redirect

NULL = FindingName.NULL_ORIGIN_WITH_CREDENTIALS
UNRELATED = FindingName.UNRELATED_ORIGINS_WITH_CREDENTIALS
LOOKALIKE = FindingName.LOOKALIKE_ORIGIN_WITH_CREDENTIALS
INSECURE = FindingName.INSECURE_ORIGIN_WITH_CREDENTIALS
VARY = FindingName.VARY_ORIGIN_MISSING
LOCAL = FindingName.LOCAL_ORIGIN_WITH_CREDENTIALS
PRIVATE = FindingName.PRIVATE_SERVER_OPEN_TO_ALL
ACCEPTED = FindingName.DENIED_YET_ACCEPTED
OPEN = FindingName.PRIVATE_ANSWER_OPEN_TO_ALL
NOT_READY = FindingName.NOT_READY_FOR_ISOLATION

BANK = "https://api.bank.com/me"
NEWS, GAMES, MAIL = "https://www.news.net", "https://play.games.org", "https://mail.post.de"
OWN, OTHER = "https://app.bank.com", "https://www.bank.com"
CACHED: Lines = (("Cache-Control", "public, max-age=60"),)
COOKIE: Lines = (("Cookie", "session=1"),)


@dataclass(frozen=True, kw_only=True)
class Case:
    """Traffic of one client, and the findings of each of its flows that has any."""

    name: str
    traffic: tuple[Sent, ...]
    expected: dict[str, tuple[FindingName, ...]]
    details: tuple[str | None, ...] = ()
    """Of the findings, in order, where the table names them."""

    def __str__(self) -> str:
        return self.name.replace(" ", "-")


def one(name: str, *found: FindingName, detail: str | None = None, **sent: Any) -> Case:
    """A single request to BANK; by default its Origin is allowed with credentials."""
    origin = sent.setdefault("origin", PAGE)
    sent.setdefault("answer", allow(origin, credentials="true"))
    send = asked_by_no_browser if "agent" in sent else cors
    traffic = (send("a", url=sent.pop("url", BANK), **sent),)
    return Case(name=name, traffic=traffic, expected={"a": found} if found else {}, details=(detail,) if found else ())


def several(name: str, *sent: Sent, details: tuple[str | None, ...] = (), **expected: FindingName) -> Case:
    """Several exchanges, each with no finding or one."""
    found: dict[str, tuple[FindingName, ...]] = {flow_id: (finding,) for flow_id, finding in expected.items()}
    return Case(name=name, traffic=sent, expected=found, details=details)


def document(*answer: tuple[str, str]) -> Sent:
    """The page itself."""
    request = (*metadata("none", "navigate", "document"), ("Accept", "text/html"))
    return Sent(id="d", url=f"{PAGE}/", request=request, answer=(("Content-Type", "text/html"), *answer))


def shown(flow_id: str, *, request: Lines = (), answer: Lines = ()) -> Sent:
    """An image of BANK's in the page."""
    asked_for = (*metadata("cross-site", "no-cors", "image"), ("Referer", f"{PAGE}/"), *request)
    return Sent(id=flow_id, at=1, url=BANK, request=asked_for, answer=answer)


def framed(flow_id: str, *, answer: Lines = ()) -> Sent:
    """Another document of the page's origin, in a frame of it."""
    request = (*metadata("same-origin", "navigate", "iframe"), ("Referer", f"{PAGE}/"), ("Accept", "text/html"))
    return Sent(id=flow_id, at=1, url=f"{PAGE}/frame", request=request, answer=(("Content-Type", "text/html"), *answer))


def asked(flow_id: str, origin: str, *more: tuple[str | bytes, str | bytes], url: str = BANK, **sent: Any) -> Sent:
    """A request whose Origin is allowed with credentials, unless its `answer` is given."""
    sent.setdefault("answer", (*allow(origin, credentials="true"), *more))
    return cors(flow_id, origin=origin, url=url, site="cross-site", **sent)


def asked_by_no_browser(flow_id: str, *, origin: str, agent: bytes = b"curl/8", **sent: Any) -> Sent:
    """The same with what a tester's tool sends."""
    sent.setdefault("answer", allow(origin, credentials="true"))
    request = (("Origin", origin), *sent.pop("request", ()))
    return Sent(id=flow_id, url=sent.pop("url", BANK), request=request, agent=agent, **sent)


NULL_ORIGIN = (
    one("null", NULL, origin="null"),
    one("null whoever asks", NULL, origin=PAGE, answer=allow("null", credentials="true")),
    one("null with spaces around", NULL, origin="null", answer=allow(" null ", credentials="true ")),
    one("null on an error", NULL, origin="null", status=401),
    one("null asked with no browser", NULL, origin="null", agent=b"curl/8"),
    Case(
        name="null at the preflight",
        traffic=(preflight("p", origin="null", url=BANK, answer=allow("null", credentials="true", methods="PUT")),),
        expected={"p": (NULL,)},
    ),
    Case(
        name="null on a redirect",
        traffic=(redirect("h", url=BANK, to="https://b.test/", answer=allow("null", credentials="true")),),
        expected={"h": (NULL,)},
    ),
    Case(
        name="null on an answer to the own page",
        traffic=(
            Sent(
                id="a",
                method="POST",
                url=BANK,
                request=(("Origin", "https://api.bank.com"), ("Sec-Fetch-Mode", "cors")),
                answer=allow("null", credentials="true"),
            ),
        ),
        expected={"a": (NULL,)},
    ),
    one("null without credentials", origin="null", answer=allow("null")),
    one("null with no true credentials", origin="null", answer=allow("null", credentials="True")),
    one("null with credentials said twice", origin="null", answer=(*allow("null", credentials="true"), *allow("null"))),
    one("null in capitals", origin="null", answer=allow("NULL", credentials="true")),
    one("null in a list", origin="null", answer=allow("null, https://a.test", credentials="true")),
    one("null on a refusal", origin="null", status=403),
    one("all, with credentials that it cannot have", origin="null", answer=allow("*", credentials="true")),
    Case(
        name="null at a failed preflight",
        traffic=(preflight("p", origin="null", url=BANK, status=401, answer=allow("null", credentials="true")),),
        expected={},
    ),
)

UNRELATED_ORIGINS = (
    several("two strangers", asked("a", NEWS), asked("b", GAMES), b=UNRELATED, details=(f"{NEWS}, {GAMES}",)),
    several("two strangers, other queries", asked("a", NEWS, url=f"{BANK}?a"), asked("b", GAMES), b=UNRELATED),
    several(
        "two strangers and one again", asked("a", NEWS), asked("b", GAMES), asked("c", NEWS), b=UNRELATED, c=UNRELATED
    ),
    several(
        "at a preflight, and then at a request",
        preflight("a", origin=NEWS, url=BANK, answer=allow(NEWS, credentials="true", methods="PUT")),
        asked("b", GAMES),
        b=UNRELATED,
    ),
    several(
        "by no browser", asked_by_no_browser("a", origin=NEWS), asked_by_no_browser("b", origin=GAMES), b=UNRELATED
    ),
    several("by two clients", asked("a", NEWS, client="one"), asked("b", GAMES, client="two"), b=UNRELATED),
    one("what a tester asks with", UNRELATED, origin="https://evil.com", detail="https://evil.com"),
    one(
        "what a tester asks with, by no browser",
        UNRELATED,
        origin="https://attacker.net",
        detail="https://attacker.net",
        agent=b"curl",
    ),
    one("a name kept for examples", UNRELATED, origin="https://x.invalid", detail="https://x.invalid"),
    one("the standard's name for examples", UNRELATED, origin="https://example.com", detail="https://example.com"),
    one("one stranger", origin=NEWS),
    one("the tester's, without credentials", origin="https://evil.com", answer=allow("https://evil.com")),
    one("the tester's, refused", origin="https://evil.com", answer=allow("https://bank.com", credentials="true")),
    one("a name kept for examples on both sides", origin=PAGE, url="https://api.pay.test/"),
    several("one stranger twice", asked("a", NEWS), asked("b", "https://m.news.net")),
    several("two strangers, one without credentials", asked("a", NEWS), asked("b", GAMES, answer=allow(GAMES))),
    several("a sister site", asked("a", NEWS), asked("b", "https://www.bank.co.uk")),
    several("previews of the own page", asked("a", NEWS), asked("b", "https://bank-git-main.vercel.app")),
    several(
        "previews where the list of suffixes is older", asked("a", NEWS), asked("b", "https://news-git.vercel.app")
    ),
    several("sisters of each other", asked("a", NEWS), asked("b", "https://news.de")),
    several("the own site", asked("a", NEWS), asked("b", "https://www.bank.com")),
    several("on two URLs", asked("a", NEWS), asked("b", GAMES, url="https://api.bank.com/public")),
    several("on two servers", asked("a", NEWS), asked("b", GAMES, url="https://api2.bank.com/me")),
    several("to all", asked("a", NEWS, answer=allow("*")), asked("b", GAMES, answer=allow("*"))),
    several("one hard-wired", asked("a", NEWS), asked("b", GAMES, answer=allow(NEWS, credentials="true"))),
    several("a third was refused", asked("c", MAIL, answer=()), asked("a", NEWS), asked("b", GAMES)),
    several(
        "a third was refused with 403", asked("c", MAIL, answer=(), status=403), asked("a", NEWS), asked("b", GAMES)
    ),
    several(
        "a developer's page",
        asked("a", NEWS, url="https://localhost:8443/"),
        asked("b", GAMES, url="https://localhost:8443/"),
    ),
    several(
        "a redirect tells of no list",
        asked("c", MAIL, answer=(), status=302),
        asked("a", NEWS),
        asked("b", GAMES),
        b=UNRELATED,
    ),
    several(
        "a name kept for examples asks one for tests", asked("a", "https://app.example", url="https://api.shop.test/")
    ),
    several(
        "an error tells of no list",
        asked("c", MAIL, answer=(), status=502),
        asked("a", NEWS),
        asked("b", GAMES),
        b=UNRELATED,
    ),
)

LOOKALIKES = (
    *(
        one(f"lookalike {origin}", LOOKALIKE, origin=origin, detail=origin)
        for origin in (
            "https://evilbank.com",
            "https://bank.com.attacker-site.net",
            "https://api.bank.com.phish.org",
            "https://wwwxbank.com",
            "https://bank.com.phish.com.au",
            "https://a-bank.com",
        )
    ),
    one(
        "lookalike whoever asks",
        LOOKALIKE,
        origin=PAGE,
        answer=allow("https://notbank.com", credentials="true"),
        detail="https://notbank.com",
    ),
    one(
        "a suffix that goes on", LOOKALIKE, origin="https://x.bank.community.net", detail="https://x.bank.community.net"
    ),
    one("the own domain", origin="https://bank.com"),
    one("a subdomain", origin="https://a.b.bank.com"),
    one("another port", origin="https://bank.com:8443"),
    one("a short name within another", origin="https://www.netflix.com", url="https://api.x.com/"),
    one(
        "a short name at the beginning",
        LOOKALIKE,
        origin="https://x.com.phish.net",
        url="https://api.x.com/",
        detail="https://x.com.phish.net",
    ),
    one("the own name in another country", origin="https://www.bank.com.au"),
    one("the own name under a longer suffix", origin="https://bank.community"),
    one("the own name under a shorter suffix", origin="https://www.bank.co"),
    one("a lookalike without credentials", origin="https://evilbank.com", answer=allow("https://evilbank.com")),
    one("a lookalike, refused", origin="https://evilbank.com", answer=()),
    one("of an address", origin="https://a192.0.2.1.net", url="https://192.0.2.1/"),
    one("of a host of one label", origin="https://mybank.com", url="https://bank/"),
)

INSECURE_ORIGINS = (
    one("no TLS", INSECURE, origin="http://www.bank.com", detail="http://www.bank.com"),
    one(
        "no TLS whoever asks",
        INSECURE,
        answer=allow("http://bank.com:8080", credentials="true"),
        detail="http://bank.com:8080",
    ),
    one("no TLS and no credentials", origin="http://www.bank.com", answer=allow("http://www.bank.com")),
    one("the server has none either", origin="http://www.bank.com", url="http://api.bank.com/"),
    one(
        "no origin: a slash at its end",
        origin="http://www.bank.com",
        answer=allow("http://www.bank.com/", credentials="true"),
    ),
    one(
        "no origin: its default port",
        origin="http://www.bank.com",
        answer=allow("http://www.bank.com:80", credentials="true"),
    ),
    one("no origin: a pattern", origin="http://www.bank.com", answer=allow("http://*.bank.com", credentials="true")),
    one("TLS", origin="https://www.bank.com"),
)

LOCAL_ORIGINS = (
    *(
        one(f"at {origin}", LOCAL, origin=origin, detail=origin)
        for origin in (
            "http://localhost:3000",
            "https://localhost",
            "http://app.localhost:8080",
            "http://127.0.0.1:5173",
            "http://[::1]:3000",
            "http://192.168.1.5:3000",
            "http://nas.local",
            "http://intranet",
        )
    ),
    one("of a server at home", origin="http://localhost:3000", url="http://192.168.1.5/"),
    one("of a server here", origin="http://localhost:3000", url="https://localhost:8443/"),
    one("of a server on the intranet", origin="http://localhost:3000", url="https://wiki/"),
    one("localhost without credentials", origin="http://localhost:3000", answer=allow("http://localhost:3000")),
    one("a name that only begins so", INSECURE, origin="http://localhost.bank.com", detail="http://localhost.bank.com"),
)

PRIVATE_SERVERS = (
    *(
        one(f"to all at {url}", PRIVATE, url=url, answer=allow("*"))
        for url in ("http://192.168.0.1/", "https://10.1.2.3/", "http://[fd00::1]/", "http://printer.local/status")
    ),
    one("to one", url="http://192.168.0.1/", answer=allow()),
    one("to all on the web", url="http://193.168.0.1/", answer=allow("*")),
    one("to all, here", url="http://127.0.0.1:3000/", answer=allow("*")),
    one("to all, refused", url="http://192.168.0.1/", answer=allow("*"), status=403),
)

CACHES = (
    several("kept by caches", asked("a", OTHER, *CACHED), asked("b", OWN, *CACHED), b=VARY, details=(OWN,)),
    several(
        "kept without the header", asked("a", OTHER, *CACHED), asked("b", OWN, answer=CACHED), b=VARY, details=(None,)
    ),
    several("kept without credentials", asked("a", OTHER), asked("b", OWN, answer=(*allow(OWN), *CACHED)), b=VARY),
    several(
        "kept by the browser alone", asked("a", OTHER), asked("b", OWN, ("Cache-Control", "private, max-age=9")), b=VARY
    ),
    several(
        "kept by its age",
        asked("a", OTHER),
        asked("b", OWN, ("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT")),
        b=VARY,
    ),
    several(
        "kept until a date",
        asked("a", OTHER),
        asked("b", OWN, ("Date", "Sun, 06 Nov 2022 08:49:37 GMT"), ("Expires", "Mon, 07 Nov 2022 08:49:37 GMT")),
        b=VARY,
    ),
    several("Vary names another", asked("a", OTHER), asked("b", OWN, *CACHED, ("Vary", "Accept-Encoding")), b=VARY),
    several(
        "to a page on the own site", asked("a", "https://a.bank.com"), asked("b", "https://b.bank.com", *CACHED), b=VARY
    ),
    several("Vary names it", asked("a", OTHER), asked("b", OWN, *CACHED, ("Vary", "Accept, ORIGIN"))),
    several("Vary in two lines", asked("a", OTHER), asked("b", OWN, *CACHED, ("Vary", "Accept"), ("Vary", "origin"))),
    several("Vary is all", asked("a", OTHER), asked("b", OWN, *CACHED, ("Vary", "*"))),
    several("not kept", asked("a", OTHER), asked("b", OWN)),
    several("not to be kept", asked("a", OTHER), asked("b", OWN, ("Cache-Control", "no-store, max-age=9"))),
    several(
        "asked again each time",
        asked("a", OTHER),
        asked("b", OWN, ("Cache-Control", "no-cache"), ("Last-Modified", "x")),
    ),
    several(
        "kept for no time", asked("a", OTHER), asked("b", OWN, ("Cache-Control", "max-age=00"), ("Last-Modified", "x"))
    ),
    several("expired", asked("a", OTHER), asked("b", OWN, ("Expires", "0"), ("Last-Modified", "x"))),
    several("one page twice", asked("a", OWN, *CACHED), asked("b", OWN, *CACHED)),
    several("one page, changed", asked("a", OWN, answer=CACHED), asked("b", OWN, *CACHED)),
    several(
        "the same for all", asked("a", OTHER, answer=allow("*", *CACHED)), asked("b", OWN, answer=allow("*", *CACHED))
    ),
    several(
        "one hard-wired and kept",
        asked("a", OTHER, answer=allow(OWN, *CACHED)),
        asked("b", OWN, answer=allow(OWN, *CACHED)),
    ),
    several("none for all", asked("a", OTHER, answer=CACHED), asked("b", OWN, answer=CACHED)),
    several("an error has none", asked("a", OTHER, answer=(), status=500), asked("b", OWN, *CACHED)),
    several("a POST is not kept", asked("a", OTHER), asked("b", OWN, *CACHED, method="POST")),
    several(
        "only preflights differ", preflight("a", origin=OTHER, url=BANK, answer=allow(OTHER)), asked("b", OWN, *CACHED)
    ),
)

FORM: Lines = (("Content-Type", "text/plain"),)
ACCEPTED_REQUESTS = (
    one("a POST", ACCEPTED, method="POST", request=FORM, answer=(), status=201, detail="POST was answered 201"),
    one(
        "a POST with the user's cookies",
        ACCEPTED,
        method="POST",
        request=(*FORM, *COOKIE),
        answer=allow(PAGE),
        detail="POST was answered 200",
    ),
    one("a POST, allowed", method="POST", request=FORM, status=201),
    one("a POST, refused by the server", method="POST", request=FORM, answer=(), status=403),
    one("a POST that failed", method="POST", request=FORM, answer=(), status=500),
    one("a POST of another mode", method="POST", request=(("Sec-Fetch-Mode", "no-cors"),), answer=()),
    one("a POST whose mode decides", method="POST", request=FORM, answer=allow(PAGE)),
    one("a GET", answer=()),
    one("a POST by no browser", method="POST", request=FORM, answer=(), agent=b"curl/8"),
    Case(
        name="a POST that may be a beacon",
        traffic=(Sent(id="a", method="POST", url="http://api.bank.com/", request=(("Origin", PAGE), *FORM)),),
        expected={},
    ),
    Case(
        name="a POST after its preflight",
        traffic=(
            preflight("p", url=BANK, method="POST", headers="x-a", answer=allow(headers="x-a")),
            cors("a", 0.1, "POST", url=BANK, request=(("X-A", "1"),), answer=()),
        ),
        expected={},
    ),
)

IMAGE, JSON = ("Content-Type", "image/png"), ("Content-Type", "application/json; charset=utf-8")
OWN_USE = ("Cache-Control", "private, max-age=60")


def private(name: str, *answer: tuple[str, str], detail: str | None = None, **sent: Any) -> Case:
    """A GET of BANK by a page of another site, by CORS, with the user's cookies unless its `request` is given."""
    sent.setdefault("request", COOKIE)
    found = () if detail is None else (OPEN,)
    return one(name, *found, detail=detail, origin="https://shop.test", answer=allow("*", *answer), **sent)


BY_COOKIE = "Cookie, and Cache-Control: private, max-age=60"
PRIVATE_ANSWERS = (
    private("JSON for one user", JSON, OWN_USE, detail=BY_COOKIE),
    private("an image for one user", IMAGE, OWN_USE, detail=BY_COOKIE),
    private("a resource policy that is none", JSON, OWN_USE, ("Cross-Origin-Resource-Policy", "x"), detail=BY_COOKIE),
    private(
        "private, not to be kept", JSON, ("Cache-Control", "No-Store"), detail="Cookie, and Cache-Control: No-Store"
    ),
    private("by its cookies", JSON, ("Vary", "Accept, cookie"), detail="Cookie, and Vary: Accept, cookie"),
    private(
        "by the browser's own login", JSON, request=(("Authorization", "Basic eDp5"),), detail="Authorization: Basic"
    ),
    private("a token that no page elsewhere has", JSON, OWN_USE, request=(("Authorization", "Bearer x"),)),
    private("for everybody", JSON, ("Cache-Control", "public, max-age=60")),
    private("private, without cookies", JSON, OWN_USE, request=()),
    private("a page", ("Content-Type", "text/html"), OWN_USE),
    private("what failed", JSON, OWN_USE, status=401),
    private("what has no content", JSON, OWN_USE, method="HEAD"),
    private("kept to its site", JSON, OWN_USE, ("Cross-Origin-Resource-Policy", "same-site")),
    one(
        "to one page only",
        origin="https://shop.test",
        request=COOKIE,
        answer=allow("https://shop.test", JSON, OWN_USE),
    ),
    one("within its site", origin=OWN, request=COOKIE, answer=allow("*", JSON, OWN_USE)),
    Case(
        name="an image that a page shows",
        traffic=(shown("a", request=COOKIE, answer=allow("*", IMAGE, OWN_USE)),),
        expected={"a": (OPEN,)},
        details=(BY_COOKIE,),
    ),
    Case(
        name="an image that a page shows, for everybody",
        traffic=(shown("a", answer=allow("*", IMAGE)),),
        expected={},
    ),
)

REPORTED = ("Cross-Origin-Embedder-Policy-Report-Only", 'require-corp; report-to="x"')
EMBEDDABLE = ("Cross-Origin-Resource-Policy", "cross-origin")
FRAME = ("Cross-Origin-Embedder-Policy", "require-corp")


def wanting(name: str, *loads: Sent, policy: tuple[str, str] = REPORTED, detail: str | None = None) -> Case:
    """A page that wants isolation, and a load of it."""
    expected: dict[str, tuple[FindingName, ...]] = {} if detail is None else {"a": (NOT_READY,)}
    return Case(name=name, traffic=(document(policy), *loads), expected=expected, details=(detail,) if detail else ())


NO_POLICY = "Cross-Origin-Resource-Policy: absent"
ISOLATION = (
    wanting("an image that says nothing", shown("a", answer=(IMAGE,)), detail=NO_POLICY),
    wanting("a frame of its own", framed("a"), detail="Cross-Origin-Embedder-Policy: absent"),
    wanting("an image for all", shown("a", answer=(IMAGE, EMBEDDABLE))),
    wanting("a frame that isolates, too", framed("a", answer=(FRAME,))),
    wanting("an image, credentialless", shown("a", answer=(IMAGE,)), policy=(REPORTED[0], "credentialless")),
    wanting("a policy that is none", shown("a", answer=(IMAGE,)), policy=(REPORTED[0], "require")),
    wanting("a policy in force", shown("a", answer=(IMAGE,)), policy=FRAME),
    wanting("what CORS lets it have", cors("a", 1, url=BANK, answer=allow())),
)

TOGETHER = (
    Case(
        name="several at once, the gravest first",
        traffic=(
            cors("a", origin="http://evilbank.com", url=BANK, answer=allow("http://evilbank.com", credentials="true")),
        ),
        expected={"a": (LOOKALIKE, INSECURE)},
        details=("http://evilbank.com", "http://evilbank.com"),
    ),
)

CASES = (
    *NULL_ORIGIN,
    *UNRELATED_ORIGINS,
    *LOOKALIKES,
    *INSECURE_ORIGINS,
    *LOCAL_ORIGINS,
    *PRIVATE_SERVERS,
    *CACHES,
    *ACCEPTED_REQUESTS,
    *PRIVATE_ANSWERS,
    *ISOLATION,
    *TOGETHER,
)
