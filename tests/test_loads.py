"""Loads in traffic: which page each belongs to, what it is for, and what is told of it."""

from dataclasses import replace

import pytest

from cors_addon.exchange import documents
from cors_addon.exchange.fate import Usable
from cors_addon.exchange.model import Judgement, Observation, Role, Verdict
from cors_addon.exchange.telling import SCRIPT, STYLE, from_elsewhere, is_load, right_for
from cors_addon.fetch.load import Destination, Gate
from cors_addon.fetch.referrer_policy import names_page, referrer_policy
from cors_addon.reasons.assumptions import Assumption
from cors_addon.report import jsonl
from cors_addon.session.session import ALL, Session
from tests.cases.traffic import PAGE, Lines, Sent, cors, metadata, redirect, url

REQUIRE = ("Cross-Origin-Embedder-Policy", "require-corp")
SHARED = ("Cross-Origin-Resource-Policy", "cross-origin")
OTHER = "https://cdn.third.test/it"
HINTS = ("sec-ch-ua", '"Chromium";v="156"')


def observed(sent: Sent, body: bytes = b"", engine: str = "chromium") -> Observation:
    """With its answer's body."""
    return replace(sent.observation(engine), read_body=lambda _limit: body)


def page(flow_id: str, at: float = 0.0, *, url: str = f"{PAGE}/", answer: Lines = (), dest: str = "document") -> Sent:
    """A navigation."""
    request = (*metadata("none", "navigate", dest), ("Accept", "text/html"))
    return Sent(id=flow_id, url=url, at=at, request=request, answer=(("Content-Type", "text/html"), *answer))


def load(
    flow_id: str,
    at: float = 1.0,
    *,
    url: str = OTHER,
    dest: str = "image",
    mode: str = "no-cors",
    site: str = "cross-site",
    referrer: str = f"{PAGE}/",
    answer: Lines = (),
    **more: object,
) -> Sent:
    """What a page loads."""
    request = (*metadata(site, mode, dest), ("Referer", referrer), HINTS)
    return Sent(id=flow_id, url=url, at=at, request=request, answer=answer, **more)  # type: ignore[arg-type]


def last(session: Session, *flows: Observation) -> dict[str, Judgement]:
    """The last judgement of each flow, loads looked at as the proxy does."""
    for each in flows:
        named = {name.lower() for name, _ in each.request}
        if b"origin" in named or each.status in (301, 302, 303, 307, 308):
            session.observe(each)
        else:
            session.observe_load(each)
    return dict(session.last)


def test_what_is_blocked_is_told() -> None:
    """With the page it belongs to; what is not, is not."""
    found = last(
        Session(keep=ALL),
        observed(page("d", answer=[REQUIRE])),
        observed(load("blocked")),
        observed(load("fine", answer=[("Cross-Origin-Resource-Policy", "cross-origin")])),
    )
    assert found.keys() == {"blocked"}
    judgement = found["blocked"]
    assert (judgement.role, judgement.verdict, judgement.usable) == (Role.NO_CORS, Verdict.NOT_CORS, Usable.BLOCKED)
    assert judgement.block is not None
    assert judgement.block.gate is Gate.COEP
    assert judgement.fate is not None
    assert (judgement.fate.document, judgement.fate.load.destination) == ("d", Destination.IMAGE)
    assert dict(judgement.fate.others)["webkit"] == judgement.block


def test_cors_comes_first() -> None:
    """A refused request blames neither CORP nor its type; an allowed one may still be blocked."""
    corp = ("Cross-Origin-Resource-Policy", "same-origin")
    wrong = ("Content-Type", "text/html")
    module = (*metadata(dest="script"), ("Priority", "u=1"))
    found = last(
        Session(keep=ALL),
        observed(page("d")),
        observed(replace(cors("refused", 1, answer=[corp, wrong]), request=(("Origin", PAGE), *module))),
        observed(
            replace(cors("module", 2, answer=[*cors("x").answer, corp, wrong]), request=(("Origin", PAGE), *module))
        ),
        observed(cors("fetched", 3, answer=[*cors("x").answer, corp, wrong])),
    )
    gates = {name: None if each.block is None else each.block.gate for name, each in found.items()}
    assert gates == {"refused": Gate.CORS, "module": Gate.MIME, "fetched": None}
    assert found["module"].verdict is Verdict.ALLOW
    assert found["fetched"].usable is Usable.USABLE


@pytest.mark.parametrize(
    ("dest", "answer", "gates"),
    [
        ("script", [("Content-Type", "text/html")], ("mime", "cors")),
        ("script", [("Content-Type", "text/html"), ("X-Content-Type-Options", "nosniff")], ("mime", "cors")),
        ("style", [("Content-Type", "text/html")], ("cors", "cors")),
        ("style", [("Content-Type", "text/html"), ("X-Content-Type-Options", "nosniff")], ("nosniff", "cors")),
        ("empty", [("Content-Type", "text/html"), ("X-Content-Type-Options", "nosniff")], ("cors", "cors")),
    ],
)
def test_gecko_asks_for_types_before_cors(dest: str, answer: list[tuple[str, str]], gates: tuple[str, str]) -> None:
    """Of scripts, and wherever `nosniff` asks for one; its console then says nothing of a CORS header."""
    request = (("Origin", PAGE), *metadata(dest=dest))
    told = []
    for engine in ("gecko", "webkit"):
        flow = observed(replace(cors("x", 2, answer=answer), request=request), engine=engine)
        found = last(Session(engine=engine, keep=ALL), observed(page("d"), engine=engine), flow)["x"]
        line = jsonl.line(found)
        assert line["verdict"] == "deny"
        assert (line["console_message"] is None) == (line["blocked_by"] != "cors")
        told.append(line["blocked_by"])
    assert tuple(told) == gates


def test_a_redirect_to_http_ends_the_fetch() -> None:
    """Also on the page's own origin; that nothing followed contradicts no verdict."""
    session = Session(keep=ALL)
    own = Sent(
        id="own",
        url=f"{PAGE}/a",
        at=2,
        status=302,
        request=(*metadata("same-origin"), ("Referer", f"{PAGE}/")),
        answer=(("Location", "http://app.example.test/b"),),
    )
    found = last(
        session, observed(page("d")), observed(redirect("hop", 1, to="http://api.example.test/")), observed(own)
    )
    session.finish()
    assert {name: each.block and each.block.gate for name, each in found.items()} == {
        "hop": Gate.MIXED_CONTENT,
        "own": Gate.MIXED_CONTENT,
    }
    assert (found["hop"].verdict, found["hop"].contradicted) == (Verdict.ALLOW, False)
    assert (found["own"].role, found["own"].verdict) == (Role.SAME_ORIGIN, Verdict.NOT_CORS)


def test_a_redirect_that_the_pages_policy_forbids_is_not_missed() -> None:
    """Nothing follows, and nothing is concluded from that."""
    session = Session(keep=ALL)
    policy = ("Content-Security-Policy", "connect-src https://api.example.test")
    hop = redirect("hop", 1, to="https://cdn.third.test/", answer=(("Access-Control-Allow-Origin", "*"),))
    found = last(session, observed(page("d", answer=[policy])), observed(hop))
    session.finish()
    assert found["hop"].block is not None
    assert found["hop"].block.gate is Gate.CSP
    assert (found["hop"].verdict, found["hop"].contradicted) == (Verdict.ALLOW, False)


def test_the_page_is_the_one_named() -> None:
    """In full to its own origin; elsewhere the latest of its origin, which is inferred where two differ."""
    isolated, plain = f"{PAGE}/isolated", f"{PAGE}/plain"
    pages = (observed(page("i", url=isolated, answer=[REQUIRE])), observed(page("p", 0.5, url=plain)))
    worker = {"url": f"{PAGE}/w.js", "dest": "worker", "mode": "same-origin", "site": "same-origin"}
    javascript = [("Content-Type", "text/javascript")]
    found = last(
        Session(keep=ALL),
        *pages,
        observed(load("named", 1, referrer=isolated, answer=javascript, **worker)),
        observed(load("plain", 2, referrer=plain, answer=javascript, **worker)),
    )
    assert found.keys() == {"named"}
    assert Assumption.LATEST_PAGE not in found["named"].assumptions
    guessed = last(Session(keep=ALL), *reversed(pages), observed(load("guess")))
    assert guessed["guess"].fate is not None
    assert guessed["guess"].fate.document == "i"
    assert guessed["guess"].assumptions == (Assumption.LATEST_PAGE,)


def test_clients_do_not_mix() -> None:
    """Another address, or another browser there, has its own pages."""
    isolated = observed(page("d", answer=[REQUIRE]))
    for stranger in (observed(load("a", client="192.0.2.8")), observed(load("b"), engine="gecko")):
        assert not last(Session(keep=ALL), isolated, stranger)


def test_plain_http_has_no_page_over_tls() -> None:
    """It would have been mixed content."""
    hop = Sent(
        id="hop",
        url="http://api.example.test/a",
        at=1,
        status=302,
        request=(("Origin", "null"),),
        answer=(("Location", "/b"), ("Access-Control-Allow-Origin", "*")),
    )
    found = last(Session(keep=ALL), observed(page("d")), observed(hop))
    assert found["hop"].block is None


IMPORTED = {"chromium": (), "gecko": (("Priority", "u=4"),), "webkit": ()}


@pytest.mark.parametrize("engine", IMPORTED)
def test_what_a_worker_imports_obeys_the_worker(engine: str) -> None:
    """It looks like a script but for small marks; a type that a page's script may have fails it."""
    script = [("Content-Type", "text/html")]
    own = (*metadata("same-origin", "same-origin", "worker"), ("Referer", f"{PAGE}/"), *IMPORTED[engine])
    worker = Sent(id="w", url=f"{PAGE}/w.js", at=0.5, request=own, answer=(("Content-Type", "text/javascript"),))
    lines = (("Referer", f"{PAGE}/"), ("Accept", "*/*"), *metadata("cross-site", "no-cors", "script"))
    imported = Sent(id="i", url=OTHER, at=1, request=(*lines, *IMPORTED[engine]), answer=script)
    asked = (("Accept", "*/*"), ("Referer", f"{PAGE}/"), *metadata("cross-site", "no-cors", "script"), HINTS)
    plain = Sent(id="s", url=OTHER, at=2, request=asked, answer=script)
    found = last(
        Session(keep=ALL), *(observed(each, b"run()", engine) for each in (page("d"), worker, imported, plain))
    )
    assert found.keys() == {"i"}
    assert found["i"].fate is not None
    assert (found["i"].fate.load.destination, found["i"].fate.document) == (Destination.IMPORT_SCRIPTS, "w")


def test_where_an_import_is_led_it_is_its_workers() -> None:
    """A redirect to http names no page, and another page's worker, started since, has nothing to do with it."""
    marks = IMPORTED["gecko"]
    javascript = ("Content-Type", "text/javascript")

    def worker(flow_id: str, at: float, page_url: str, answer: Lines = ()) -> Sent:
        request = (*metadata("same-origin", "same-origin", "worker"), ("Referer", page_url), *marks)
        return Sent(id=flow_id, url=f"{page_url}w.js", at=at, request=request, answer=(javascript, *answer))

    asked = (("Accept", "*/*"), *metadata("cross-site", "no-cors", "script"), *marks)
    hop = Sent(
        id="hop",
        url=OTHER,
        at=3,
        status=302,
        request=(("Referer", f"{PAGE}/"), *asked),
        answer=(("Location", "http://127.0.0.1:9000/x"),),
    )
    led = Sent(id="led", url="http://127.0.0.1:9000/x", at=4, request=asked, answer=(javascript,))
    elsewhere = "http://localhost:3000/"
    sent = (
        page("d"),
        worker("w", 1, f"{PAGE}/"),
        page("other", 1.5, url=elsewhere, answer=[REQUIRE]),
        worker("isolated", 2, elsewhere, [REQUIRE]),
        hop,
        led,
    )
    found = last(Session(keep=ALL), *(observed(each, b"", "gecko") for each in sent))
    assert "led" not in found


def test_what_a_style_sheet_loads_belongs_to_its_page() -> None:
    """Its requests name the sheet."""
    sheet = load(
        "css",
        0.5,
        dest="style",
        answer=[("Content-Type", "text/css"), ("Cross-Origin-Resource-Policy", "cross-origin")],
    )
    image = load("image", 1, url="https://cdn.third.test/i", referrer=OTHER)
    found = last(Session(keep=ALL), observed(page("d", answer=[REQUIRE])), observed(sheet), observed(image))
    assert found["image"].fate is not None
    assert found["image"].fate.document == "d"


def test_no_answer_is_a_block() -> None:
    """Of whatever kind the load is."""
    found = last(Session(keep=ALL), observed(page("d")), observed(load("x", status=None)))
    assert found["x"].block is not None
    assert found["x"].block.gate is Gate.NETWORK


def test_a_304_is_not_looked_at() -> None:
    """The page gets what was stored, which is not seen."""
    assert not last(Session(keep=ALL), observed(page("d", answer=[REQUIRE])), observed(load("x", status=304)))


def test_pages_are_forgotten() -> None:
    """The oldest first."""
    session = Session(keep=ALL)
    for number in range(documents.MAX_PAGES + 1):
        session.observe_load(observed(page(f"d{number}", number / 1000, url=f"{PAGE}/{number}", answer=[REQUIRE])))
    worker = {"url": f"{PAGE}/w.js", "dest": "worker", "mode": "same-origin", "site": "same-origin"}
    kind = [("Content-Type", "text/javascript")]
    found = last(
        session,
        observed(load("a", 2, referrer=f"{PAGE}/0", answer=kind, **worker)),
        observed(load("b", 3, referrer=f"{PAGE}/9", answer=kind, **worker)),
    )
    assert found["a"].fate is not None
    assert found["b"].fate is not None
    assert (found["a"].fate.document, found["b"].fate.document) == (f"d{documents.MAX_PAGES}", "d9")


@pytest.mark.parametrize(
    ("referrer", "port", "told"),
    [
        (b"http://a.test/x", 80, False),
        (b"http://a.test:8080/x", 8080, False),
        (b"http://a.test:8080/x", 80, True),
        (b"http://b.test/", 80, True),
        (b"https://a.test/", 80, True),
    ],
)
def test_over_plain_http_the_referrer_tells(referrer: bytes, port: int, told: bool) -> None:
    """Whether the page is of another origin."""
    assert bool(from_elsewhere(referrer, "a.test", port)) is told


def test_right_types() -> None:
    """Of scripts and style sheets; any other is looked at."""
    assert right_for(b" Text/CSS ; charset=x") == STYLE
    assert right_for(b"text/javascript") == SCRIPT
    assert right_for(b"text/html") == 0


def test_where_a_redirect_leads_is_its_pages() -> None:
    """Though that request names no page, as one to plain http does not."""
    found = last(
        Session(keep=ALL),
        observed(page("d", answer=[REQUIRE])),
        observed(page("later", 0.5, url="https://www.shop.test/")),
        observed(load("hop", status=302, answer=[("Location", "http://localhost:9000/x"), SHARED])),
        observed(load("led", 2.0, url="http://localhost:9000/x", referrer="")),
    )
    assert found["led"].fate is not None
    assert found["led"].fate.document == "d"


@pytest.mark.parametrize(("engine", "refused"), [("chromium", "direct"), ("webkit", "direct led"), ("gecko", "")])
def test_whether_a_path_in_frame_ancestors_counts(engine: str, refused: str) -> None:
    """In Chromium not where the frame was redirected; in Firefox never."""
    listed = ("Content-Security-Policy", f"frame-ancestors {PAGE}/d/")
    frame = {"dest": "iframe", "mode": "navigate"}
    there = "https://cdn.third.test/there"
    found = last(
        Session(engine=engine, keep=ALL),
        observed(page("d"), engine=engine),
        observed(load("direct", 1.0, answer=[listed], **frame), engine=engine),
        observed(load("hop", 2.0, status=302, answer=[("Location", there)], **frame), engine=engine),
        observed(load("led", 3.0, url=there, answer=[listed], **frame), engine=engine),
    )
    stopped = [name for name, each in found.items() if each.block is not None]
    assert stopped == refused.split()


def test_a_style_sheet_of_a_scripts_type_is_looked_at() -> None:
    """Of the page's own origin, where all else of a right type is passed over."""
    script = observed(load("a", dest="style", site="same-origin", answer=[("Content-Type", "text/javascript")]))
    style = observed(load("b", dest="style", site="same-origin", answer=[("Content-Type", "text/css")]))
    assert (is_load(script), is_load(style)) == (True, False)


@pytest.mark.parametrize(
    ("policy", "engine", "answer", "lacks"),
    [
        ("require-corp", "chromium", (), (Gate.COEP, None)),
        ("require-corp", "chromium", [("Cross-Origin-Resource-Policy", "all")], (Gate.COEP, "all")),
        ("require-corp", "gecko", [("Cross-Origin-Resource-Policy", "all")], None),
        ("credentialless", "chromium", (), None),
        ("credentialless", "webkit", (), None),
        ("require-corp", "webkit", [SHARED], None),
    ],
)
def test_a_report_only_policy_is_tried(
    policy: str, engine: str, answer: Lines, lacks: tuple[Gate, str | None] | None
) -> None:
    """It stops nothing, and what it would stop is told; as each engine has it."""
    wish = ("Cross-Origin-Embedder-Policy-Report-Only", policy)
    found = last(
        Session(keep=ALL, engine=engine),
        observed(page("d", answer=[wish]), engine=engine),
        observed(load("a", answer=answer), engine=engine),
    )
    told = None if "a" not in found else found["a"].fate
    assert (told and told.reported and told.reported[:2]) == lacks
    assert told is None or told.usable is Usable.USABLE


def test_an_enforced_policy_is_not_told_twice() -> None:
    """What it stops, the same policy in Report-Only does not tell again."""
    wish = ("Cross-Origin-Embedder-Policy-Report-Only", "require-corp")
    found = last(Session(keep=ALL), observed(page("d", answer=[wish, REQUIRE])), observed(load("a")))
    fate = found["a"].fate
    assert fate is not None
    assert (fate.block is not None, fate.reported, found["a"].findings) == (True, None, ())


HIDDEN = ("Referrer-Policy", "no-referrer")


def test_what_names_no_page_is_of_one_that_is_not_named() -> None:
    """Not of the latest, whose own requests would name it."""
    hiding, other = page("hiding", answer=[HIDDEN]), page("other", 0.5, url="https://www.shop.test/", answer=[REQUIRE])
    silent = load("a")
    silent = replace(silent, request=[line for line in silent.request if line[0] != "Referer"])
    assert not last(Session(keep=ALL), observed(hiding), observed(other), observed(silent))
    found = last(
        Session(keep=ALL), observed(other), observed(page("d", 0.7, answer=[HIDDEN, REQUIRE])), observed(silent)
    )
    assert found["a"].fate is not None
    assert found["a"].fate.document == "d"
    # where no page hides itself, an element does
    assert last(Session(keep=ALL), observed(other), observed(silent))["a"].block is not None


@pytest.mark.parametrize(
    ("value", "own", "elsewhere", "insecure"),
    [
        (None, True, True, False),
        ("no-referrer", False, False, False),
        ("same-origin", True, False, False),
        ("foo, unsafe-url", True, True, True),
        ("no-referrer, strict-origin", True, True, False),
        ("no-referrer, foo", False, False, False),
        ("", True, True, False),
    ],
)
def test_whether_a_page_is_named(value: str | None, own: bool, elsewhere: bool, insecure: bool) -> None:
    """By its referrer policy: to itself, to another origin, and to one without TLS."""
    policy = referrer_policy(() if value is None else ((b"Referrer-Policy", value.encode()),))
    at = url(f"{PAGE}/")
    targets = (url(f"{PAGE}/x"), url(OTHER), url("http://cdn.third.test/"), url("http://localhost:9000/"))
    assert tuple(names_page(policy, at, target) for target in targets) == (own, elsewhere, insecure, insecure)


@pytest.mark.parametrize(("engine", "gate"), [("gecko", Gate.MIME), ("chromium", None)])
def test_a_style_sheet_that_a_redirect_led_to_needs_a_type_in_firefox(engine: str, gate: Gate | None) -> None:
    """Which sniffs what has none."""
    hop = load("a", dest="style", answer=[("Location", f"{OTHER}2")], status=302)
    sheet = load("b", 1.1, dest="style", url=f"{OTHER}2")
    flows = (observed(each, b"#a{}", engine) for each in (page("d"), hop, sheet))
    found = last(Session(keep=ALL, engine=engine), *flows).get("b")
    assert (None if found is None or found.block is None else found.block.gate) is gate


@pytest.mark.parametrize(
    ("change", "gate"),
    [({}, None), ({"at": 9.0}, Gate.CSP), ({"dest": "script"}, Gate.CSP), ({"url": f"{OTHER}3"}, Gate.CSP)],
)
def test_a_redirect_was_not_stopped_where_what_it_leads_to_comes(change: dict[str, object], gate: Gate | None) -> None:
    """Soon, and for the same: by its policy the page could not have asked for that itself."""
    demanding = page("d", answer=[("Content-Security-Policy", "img-src https://api.example.test")])
    hop = load("a", url="https://api.example.test/", answer=[("Location", f"{OTHER}2")], status=302)
    target = load("b", **{"at": 1.1, "url": f"{OTHER}2", **change})  # type: ignore[arg-type]
    found = last(Session(keep=ALL), *map(observed, (demanding, hop, target)))["a"]
    assert (None if found.block is None else found.block.gate) is gate


def test_an_event_source_is_always_a_cors_request() -> None:
    """Also where a recording shows it as the page made it, without Origin and Sec-Fetch headers."""
    session = Session()
    asked = load("e", answer=[("Content-Type", "text/event-stream"), ("Access-Control-Allow-Origin", "*")])
    bare = replace(asked, request=(("Referer", f"{PAGE}/"), ("Accept", "text/event-stream")))
    assert session.observe_load(observed(bare)) == []
