"""jsdom and happy-dom: judged by their own rules, and what a browser would have made of the same is told beside."""

import pickle

import pytest

from cors_addon.engines import ALL, detect
from cors_addon.exchange.model import Judgement
from cors_addon.report import explanation, jsonl, text
from cors_addon.session.session import ALL as EVERY
from cors_addon.session.session import Session
from tests.cases.traffic import PAGE, Lines, Sent, allow

JSDOM = b"Mozilla/5.0 (linux) AppleWebKit/537.36 (KHTML, like Gecko) jsdom/29.1.1"
HAPPY = b"Mozilla/5.0 (X11; Linux x64) AppleWebKit/537.36 (KHTML, like Gecko) HappyDOM/21.0.4"
ORIGIN = ("Origin", PAGE)
COOKIE = ("Cookie", "sid=1")
SHOP = "https://www.shop.test/x"


def asks(agent: bytes, answer: Lines, method: str = "PUT", headers: str | None = None, **more: object) -> Sent:
    """A preflight; they send no Fetch metadata."""
    asked: list[tuple[str | bytes, str | bytes]] = [ORIGIN, ("Access-Control-Request-Method", method)]
    if headers is not None:
        asked.append(("Access-Control-Request-Headers", headers))
    return Sent(id="p", method="OPTIONS", request=asked, status=204, answer=answer, agent=agent, **more)  # type: ignore[arg-type]


def sent(agent: bytes, answer: Lines, method: str = "GET", request: Lines = (), **more: object) -> Sent:
    """A request to another origin."""
    return Sent(id="a", method=method, at=0.1, request=(ORIGIN, *request), answer=answer, agent=agent, **more)  # type: ignore[arg-type]


def judged(*flows: Sent) -> dict[str, Judgement]:
    """The last word on each."""
    session = Session(keep=EVERY)
    for each in flows:
        session.observe(each.observation())
    session.finish()
    return dict(session.last)


JSON_BODY: Lines = (("Content-Type", "application/json"),)
NO_ANSWER: Lines = ()
JSDOM_ROWS: dict[str, tuple[tuple[Sent, ...], str, str]] = {
    "Allow-Methods is not looked at": (
        (asks(JSDOM, allow()), sent(JSDOM, allow(), "PUT")),
        "p",
        "✓ CORS for PUT; a browser would refuse it: PUT is not in Allow-Methods (absent)",
    ),
    "* with credentials": (
        (sent(JSDOM, allow("*", credentials="true"), request=(COOKIE,)),),
        "a",
        '✓ CORS with credentials; a browser would refuse it: Allow-Origin is "*", but the request includes credentials',
    ),
    "no preflight for JSON": (
        (sent(JSDOM, allow(), "POST", JSON_BODY),),
        "a",
        '✓ CORS, but ✗ if credentials: "include"; a browser would send a preflight first, for header content-type',
    ),
    "refused by both": ((sent(JSDOM, NO_ANSWER),), "a", "✗ no header · CORS: no Allow-Origin"),
    "passes in both": ((sent(JSDOM, allow("*")),), "a", '✓ CORS, but ✗ if credentials: "include"'),
}
HAPPY_ROWS: dict[str, tuple[tuple[Sent, ...], str, str]] = {
    "the answer is not looked at": (
        (asks(HAPPY, allow(), "GET"), sent(HAPPY, NO_ANSWER)),
        "a",
        "✓ CORS (after its preflight); a browser would refuse it: no Allow-Origin",
    ),
    "a preflight that no browser sends": (
        (asks(HAPPY, NO_ANSWER, "GET"),),
        "p",
        "✗ no header · CORS: no Allow-Origin; a browser would send no preflight",
    ),
    "GET has to be listed": (
        (asks(HAPPY, allow(methods="PUT"), "GET", "x-one"),),
        "p",
        '✗ GET · CORS: GET is not in Allow-Methods "PUT"',
    ),
}


@pytest.mark.parametrize(("flows", "which", "comment"), [*JSDOM_ROWS.values(), *HAPPY_ROWS.values()])
def test_the_reader_is_told(flows: tuple[Sent, ...], which: str, comment: str) -> None:
    """In the line of the list."""
    assert text.comment(judged(*flows)[which]) == comment


def test_an_explanation_tells_it_first() -> None:
    """Right below the verdict."""
    found = explanation.explain(judged(*JSDOM_ROWS["* with credentials"][0])["a"]).splitlines()
    assert found[0].startswith("✓ ALLOWED")
    assert found[0].endswith("jsdom 29.1.1")
    assert found[2].split() == "but it passes in jsdom; a browser would refuse it:".split()


def test_the_json_line_says_what_the_standard_would_decide() -> None:
    """As for whatever else is no browser."""
    line = jsonl.line(judged(*HAPPY_ROWS["the answer is not looked at"][0])["a"])
    wanted = ("happy-dom", "allow", "deny", "allow-origin-missing")
    assert (line["engine"], line["verdict"], line["hypothetical"], line["hypothetical_reason"]) == wanted


def test_a_redirect_to_a_third_server() -> None:
    """happy-dom goes on with the page's origin, a browser with null."""
    first = (asks(HAPPY, allow("*"), "GET"), sent(HAPPY, (("Location", SHOP),), status=302))
    permit = Sent(
        id="p2",
        method="OPTIONS",
        url=SHOP,
        at=0.2,
        request=(ORIGIN, ("Access-Control-Request-Method", "GET")),
        answer=allow(),
        agent=HAPPY,
    )
    last = Sent(id="a2", url=SHOP, at=0.3, request=(ORIGIN,), answer=allow(), agent=HAPPY)
    found = judged(*first, permit, last)
    assert {each.verdict for each in found.values()} == {"allow"}
    assert found["a2"].preflight == "sent"
    assert "a browser would refuse it" in text.in_a_browser(found["a2"])


@pytest.mark.parametrize(("answer", "verdict"), [(allow(), "allow"), (NO_ANSWER, "deny")])
def test_the_redirect_of_a_preflight_is_followed(answer: Lines, verdict: str) -> None:
    """By happy-dom: what answers last counts."""
    led = asks(HAPPY, (("Location", SHOP),))
    rest = Sent(id="a", method="OPTIONS", url=SHOP, at=0.1, request=(ORIGIN,), answer=answer, agent=HAPPY)
    found = judged(Sent(**{**vars(led), "status": 302}), rest)
    assert [(found[each].role, found[each].verdict) for each in ("p", "a")] == [
        ("preflight", "allow"),
        ("preflight", verdict),
    ]


def test_what_happy_dom_loads_for_elements() -> None:
    """Bears an Origin, and nobody asks for permission: it is no cors request."""
    assert judged(sent(HAPPY, NO_ANSWER))["a"].role == "no-cors"


def test_engines_that_play_a_browser() -> None:
    """By the User-Agent, and pickled by name."""
    for agent, name in ((JSDOM, "jsdom"), (HAPPY, "happy-dom")):
        engine = detect(agent)
        assert engine is ALL[name]
        assert engine.plays_browser
        assert pickle.loads(pickle.dumps(engine)) is engine


def test_a_method_that_node_itself_writes_in_capitals() -> None:
    """jsdom before 28 asks for `patch`, and sends PATCH; several lines of one header are one to it."""
    old = JSDOM.replace(b"29.1.1", b"27.4.0")
    names = (("Access-Control-Allow-Headers", "x-a"), ("Access-Control-Allow-Headers", "x-b"))
    permit = asks(old, (*allow(), *names), "patch", "x-a, x-b")
    found = judged(permit, sent(old, allow(), "PATCH", (("X-A", "1"), ("X-B", "2"))))
    assert [(each.verdict, each.contradicted) for each in found.values()] == [("allow", False)] * 2
    assert found["a"].preflight == "sent"
    assert found["a"].paired_with == ("p",)
