"""Traffic of one client, and what it must be judged to be: pairing, redirects, the preflight cache, contradictions."""

from dataclasses import replace
from typing import Any

from cors_addon.engines import ENGINES
from cors_addon.exchange.mode_evidence import FOLLOWED, NOT_FOLLOWED
from cors_addon.exchange.model import Credentials, PreflightState, Role, Verdict
from cors_addon.exchange.permission import UPLOAD
from cors_addon.fetch.refusals import Reason
from cors_addon.reasons.assumptions import Assumption
from tests.cases.traffic import (
    AGENTS,
    ALLOW_PUT,
    API,
    PAGE,
    SHOP,
    Lines,
    Scenario,
    Sent,
    allow,
    cors,
    metadata,
    preflight,
    redirect,
)

ALLOW, DENY, NOT_CORS = Verdict.ALLOW, Verdict.DENY, Verdict.NOT_CORS
SENT, CACHED, NOT_NEEDED, UNSEEN = PreflightState
INCLUDE, OMIT, UNKNOWN = Credentials

PLAIN_PAGE = "http://app.example.test"
THIRD = "https://third.test/x"
OTHER = "https://api.example.test/other"
JSON: Lines = (("Content-Type", "application/json"),)
TEXT: Lines = (("Content-Type", "text/plain;charset=UTF-8"),)
COOKIE: Lines = (("Cookie", "a=1"),)
STAR = allow("*")
NULL = allow("null")
STAR_PUT = allow("*", methods="PUT")
PUT_60 = allow(methods="PUT", max_age="60")
PUT_0 = allow(methods="PUT", max_age="0")
STAR_PUT_60 = allow("*", methods="PUT", max_age="60")
NULL_PUT = allow("null", credentials="true", methods="PUT", max_age="0")
STORAGE_ACCESS: Lines = (("Sec-Fetch-Storage-Access", "active"),)
GRANTED = allow(credentials="true", methods="PUT", max_age="600")


def passed(*paired: str, **more: Any) -> dict[str, Any]:
    """An allowed flow."""
    return {"verdict": ALLOW, "reason": None, "paired_with": paired, "contradicted": False, **more}


def refused(reason: Reason, *paired: str, **more: Any) -> dict[str, Any]:
    """A denied one."""
    return {"verdict": DENY, "reason": reason, "paired_with": paired, "contradicted": False, **more}


def contradicted(*paired: str, **more: Any) -> dict[str, Any]:
    """One that the browser decided otherwise."""
    return {"contradicted": True, "paired_with": paired, **more}


NOTHING_CAME = refused(Reason.ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS, credentials=INCLUDE)
GECKOS = {"Referer": f"{PLAIN_PAGE}/", "Priority": "u=6"}
WEBKITS = {"Accept": "*/*", "Referer": f"{PLAIN_PAGE}/", "Cache-Control": "max-age=0"}
A_BEACON = {"verdict": NOT_CORS, "role": Role.NO_CORS, "assumptions": (Assumption.BEACON,)}
NO_BEACON = {"verdict": DENY, "role": Role.ACTUAL, "assumptions": (Assumption.CORS_MODE,)}


def post(flow_id: str, url: str, origin: str, at: float = 0.0, **more: Any) -> Sent:
    """A POST to plain http that may be cors, no-cors or a form."""
    return Sent(id=flow_id, method="POST", url=url, at=at, request=(("Origin", origin), *TEXT), **more)


def over(connection: str, sent: Sent) -> Sent:
    """The same over this HTTP/2 connection."""
    return replace(sent, connection=connection, http2=True)


PAIRING: tuple[Scenario, ...] = (
    Scenario(
        name="a preflight and its request",
        traffic=(preflight("p"), cors("a", 0.1, "PUT")),
        expected={
            "p": passed("a", role=Role.PREFLIGHT, revision=2, origin=PAGE, requested_method="PUT", preflight=None),
            "a": passed("p", role=Role.ACTUAL, revision=1, preflight=SENT, preflight_because=("method PUT",)),
        },
    ),
    Scenario(
        name="over two connections and two protocols",
        traffic=(
            preflight("p", connection="one", http2=True),
            cors("a", 0.1, "PUT", connection="two"),
        ),
        expected={"p": passed("a"), "a": passed("p", preflight=SENT)},
    ),
    Scenario(
        name="DELETE becomes GET at another origin in WebKit",
        traffic=(
            preflight("p", method="DELETE", answer=allow(methods="DELETE")),
            redirect("h", 0.1, "DELETE", to=THIRD, status=308),
            cors("a", 0.2, url=THIRD, origin="null", site="cross-site", answer=NULL),
        ),
        expected={"p": passed("h", "a"), "h": passed("p", "a"), "a": passed("p", "h")},
        engines=("webkit",),
    ),
    Scenario(
        name="DELETE stays DELETE within an origin, in WebKit too",
        traffic=(
            preflight("p", method="DELETE", answer=allow(methods="DELETE")),
            redirect("h", 0.1, "DELETE", to=OTHER, status=308),
            preflight("q", 0.2, method="DELETE", url=OTHER, answer=allow(methods="DELETE")),
            cors("a", 0.3, "DELETE", url=OTHER),
        ),
        expected={
            "p": passed("h", "q", "a"),
            "h": passed("p", "q", "a"),
            "q": passed("p", "h", "a"),
            "a": passed("p", "h", "q"),
        },
    ),
    *(
        Scenario(
            name=f"answered {status}, and sent once more",
            traffic=(
                preflight("p", answer=PUT_60),
                cors("a", 0.1, "PUT", status=status),
                cors("b", 0.2, "PUT"),
                cors("c", 0.3, "PUT"),
            ),
            expected={
                "p": passed("a", "b", "c"),
                "a": passed("p", "b", preflight=SENT),
                "b": passed("p", "a", preflight=SENT),
                "c": passed("p", preflight=CACHED),
            },
            engines=engines,
        )
        for status, engines in ((408, ("chromium", "gecko")), (421, ("chromium", "gecko", "webkit")))
    ),
    *(
        Scenario(
            name=f"a preflight answered {status} is sent once more",
            traffic=(
                redirect("h", to=THIRD, method="PUT", status=307),
                preflight("p1", 0.1, url=THIRD, origin="null", status=status, answer=()),
                preflight("p2", 0.2, url=THIRD, origin="null", answer=allow("null", methods="PUT")),
                cors("a", 0.3, "PUT", url=THIRD, origin="null", answer=NULL),
            ),
            expected={
                "h": {"verdict": ALLOW, "paired_with": ("p1", "p2", "a")},
                "p1": {"verdict": DENY, "paired_with": ("h", "p2", "a"), "contradicted": False},
                "p2": passed("h", "p1", "a"),
                "a": passed("h", "p1", "p2", preflight=SENT),
            },
            engines=("chromium", "gecko"),
        )
        for status in (421, None)
    ),
    *(
        Scenario(
            name=f"XMLHttpRequest sets the charset once {method}'s preflight has asked for another",
            traffic=(
                preflight("p", method=method, headers="content-type", answer=granting),
                cors("a", 0.1, method, request=(("Content-Type", "text/plain;charset=UTF-8"),), answer=answer),
            ),
            expected={"p": passed("a"), "a": passed("p", preflight=SENT)},
            engines=("gecko",),
        )
        for method, granting, answer in (
            ("PUT", allow(headers="content-type", methods="PUT"), allow()),
            ("POST", allow(headers="content-type", credentials="true"), allow(credentials="true")),
        )
    ),
    Scenario(
        name="XMLHttpRequest sets the charset once POST's preflight has asked for another header, too",
        traffic=(
            preflight(
                "p",
                method="POST",
                headers="authorization,content-type",
                answer=allow("*", headers="authorization, content-type"),
            ),
            cors("a", 0.1, "POST", request=(*TEXT, ("Authorization", "Bearer x"))),
        ),
        expected={"p": passed("a"), "a": passed("p", preflight=SENT)},
        engines=("gecko",),
    ),
    Scenario(
        name="Firefox asks for a JSON body in vain, then sends it as text",
        traffic=(
            preflight("p", method="POST", headers="content-type", answer=allow("*", headers="content-type")),
            cors("a", 0.1, "POST", request=(("Content-Type", "text/plain;charset=UTF-8"),)),
        ),
        expected={"p": refused(Reason.ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS), "a": passed(preflight=NOT_NEEDED)},
        engines=("gecko",),
        finish=True,
    ),
    *(
        Scenario(
            name=f"a preflight dropped {1 + retries} times, then asked for once more, by {engine}",
            traffic=(
                *(preflight(f"p{n}", n / 10, status=None, answer=()) for n in range(1 + retries)),
                preflight("p", 0.1 + retries / 10),
                cors("a", 0.2 + retries / 10, "PUT"),
            ),
            expected={
                **{
                    f"p{n}": {"verdict": DENY, "paired_with": tuple(f"p{m}" for m in range(1 + retries) if m != n)}
                    for n in range(1 + retries)
                },
                "p": passed("a"),
                "a": passed("p", preflight=SENT),
            },
            engines=(engine,),
        )
        for engine, retries in (("chromium", 3), ("gecko", 9))
    ),
    *(
        Scenario(
            name=f"XMLHttpRequest sets the charset of {value!r} in its place",
            traffic=(
                preflight(
                    "p", method="PUT", headers="content-type", answer=allow(headers="content-type", methods="PUT")
                ),
                cors("a", 0.1, "PUT", request=(("Content-Type", value),)),
            ),
            expected={"p": passed("a"), "a": passed("p", preflight=SENT)},
            engines=("gecko",),
        )
        for value in ("text/plain; charset=UTF-8", "text/plain;charset=UTF-8;x=y", "Text/plain; Charset=UTF-8")
    ),
    Scenario(
        name="a script's own User-Agent, seen before without a preflight or Fetch metadata",
        traffic=(
            Sent(id="s", url="http://app.example.test/x", agent=b"mine/1.0", connection="one"),
            preflight("p", 1.0, method="GET", headers="user-agent", answer=allow(headers="user-agent")),
            cors("a", 1.1, agent=b"mine/1.0", connection="two"),
        ),
        expected={"p": passed("a"), "a": passed("p", preflight=SENT)},
    ),
    Scenario(
        name="a script's own User-Agent, allowed by a preflight for another header",
        traffic=(
            preflight("p", method="GET", headers="x-a", answer=allow(headers="x-a, user-agent", max_age="60")),
            cors("a", 0.1, request=(("X-A", "1"),)),
            cors("b", 1.0, agent=b"mine/1.0"),
        ),
        expected={
            "p": passed("a", "b"),
            "a": passed("p", preflight=SENT),
            "b": passed("p", preflight=CACHED, preflight_because=("header user-agent",)),
        },
    ),
    Scenario(
        name="the browser's own User-Agent, after one that a script set",
        traffic=(
            preflight("p", method="GET", headers="user-agent", answer=allow(headers="user-agent", max_age="60")),
            cors("a", 0.1, agent=b"mine/1.0"),
            cors("b", 1.0),
        ),
        expected={"p": passed("a"), "a": passed("p", preflight=SENT), "b": passed(preflight=NOT_NEEDED)},
    ),
    Scenario(
        name="a script's own User-Agent, seen before without a preflight",
        traffic=(
            Sent(id="s", url=f"{PAGE}/x", request=metadata("same-origin"), agent=b"mine/1.0", connection="one"),
            preflight("p", 1.0, method="GET", headers="user-agent", answer=allow(headers="user-agent")),
            cors("a", 1.1, agent=b"mine/1.0", connection="two"),
        ),
        expected={"p": passed("a"), "a": passed("p", preflight=SENT)},
    ),
    Scenario(
        name="a script's own User-Agent, seen before without a preflight, in the preflight too",
        traffic=(
            cors("b"),
            Sent(id="s", at=0.5, url=f"{PAGE}/x", request=metadata("same-origin"), agent=b"mine/1.0", connection="one"),
            preflight(
                "p",
                1.0,
                method="GET",
                headers="user-agent",
                answer=allow("HTTPS://app.example.test", headers="user-agent"),
                agent=b"mine/1.0",
                connection="two",
            ),
        ),
        expected={"b": passed(), "p": refused(Reason.ALLOW_ORIGIN_MISMATCH, engine=ENGINES["webkit"])},
        engines=("webkit",),
    ),
    Scenario(
        name="each header that needed it",
        traffic=(
            preflight("p", method="POST", headers="content-type,x-a", answer=allow(headers="content-type, X-A")),
            cors("a", 0.1, "POST", request=(*JSON, ("X-A", "1"))),
        ),
        expected={
            "p": passed("a", requested_headers=("content-type", "x-a")),
            "a": passed("p", preflight=SENT, preflight_because=("header content-type: application/json", "header x-a")),
        },
    ),
    Scenario(
        name="an upload listener",
        traffic=(preflight("p", method="POST", answer=allow()), cors("a", 0.1, "POST", request=TEXT)),
        expected={
            "p": passed("a"),
            "a": passed("p", preflight=SENT, preflight_because=("an upload listener or a stream as body",)),
        },
    ),
    Scenario(
        name="answers out of order",
        traffic=(
            preflight("p2", 0.001, method="DELETE", answer=allow(methods="DELETE")),
            cors("a2", 0.1, "DELETE"),
            preflight("p1", 0.0, took=1.0),
            cors("a1", 1.1, "PUT"),
        ),
        expected={
            "p2": passed("a2"),
            "a2": passed("p2", preflight=SENT),
            "p1": passed("a1"),
            "a1": passed("p1", preflight=SENT),
        },
    ),
    Scenario(
        name="in flight together, told apart by their headers",
        traffic=(
            preflight("p1", headers="x-a", method="GET", answer=allow(headers="*")),
            preflight("p2", 0.001, headers="x-b", method="GET", answer=allow(headers="*")),
            cors("a1", 0.1, request=(("X-A", "1"),)),
            cors("a2", 0.1, request=(("X-B", "1"),)),
        ),
        expected={
            "p1": passed("a1"),
            "p2": passed("a2"),
            "a1": passed("p1", preflight=SENT),
            "a2": passed("p2", preflight=SENT),
        },
    ),
    Scenario(
        name="in flight together, told apart by their pages",
        traffic=(
            preflight("p1"),
            preflight("p2", 0.001, origin="https://b.test", answer=allow("https://b.test", methods="PUT")),
            cors("a1", 0.1, "PUT"),
            cors("a2", 0.1, "PUT", origin="https://b.test", answer=allow("https://b.test")),
        ),
        expected={
            "p1": passed("a1"),
            "p2": passed("a2"),
            "a1": passed("p1", preflight=SENT),
            "a2": passed("p2", preflight=SENT),
        },
    ),
    Scenario(
        name="a slow answer",
        traffic=(preflight("p"), cors("a", 0.1, "PUT", took=50.0)),
        expected={"p": passed("a"), "a": passed("p", preflight=SENT)},
    ),
    Scenario(
        name="a very slow answer, others meanwhile",
        traffic=(
            preflight("p", answer=allow("*", methods="PUT", max_age="0")),
            cors("b", 80.0, url=OTHER),
            cors("a", 0.1, "PUT", answer=STAR, took=90.0),
        ),
        expected={"p": passed("a"), "b": passed(preflight=NOT_NEEDED), "a": passed("p", preflight=SENT)},
    ),
    Scenario(
        name="a very slow answer, others meanwhile, whichever the mode",
        traffic=(
            preflight("p", answer=allow(credentials="true", methods="PUT", max_age="0")),
            cors("b", 80.0, url=OTHER),
            cors("a", 0.1, "PUT", took=90.0),
        ),
        expected={
            "p": passed("a", credentials=UNKNOWN, revision=2),
            "b": passed(preflight=NOT_NEEDED),
            "a": passed("p", preflight=SENT),
        },
    ),
    Scenario(
        name="a very slow answer after a redirect, others meanwhile",
        traffic=(
            redirect("h", to="/other", answer=STAR),
            cors("b", 80.0),
            cors("a", 0.1, url=OTHER, answer=STAR, took=90.0),
        ),
        expected={
            "h": passed(
                "a", credentials=OMIT, credentials_evidence=FOLLOWED, assumptions=(Assumption.MAYBE_APART,), revision=3
            ),
            "b": passed(),
            "a": passed("h", credentials=OMIT),
        },
    ),
    Scenario(
        name="a slow answer, many others meanwhile",
        traffic=(
            preflight("p", answer=allow("*", methods="PUT", max_age="0")),
            *(
                sent
                for n in range(300)
                for sent in (
                    preflight(f"p{n}", 1.0 + n / 100, url=f"{API}/{n}"),
                    cors(f"a{n}", 1.05 + n / 100, "PUT", url=f"{API}/{n}"),
                )
            ),
            cors("a", 0.1, "PUT", answer=STAR, took=20.0),
        ),
        expected={
            "p": passed("a"),
            **{f"p{n}": passed(f"a{n}") for n in range(300)},
            **{f"a{n}": passed(f"p{n}", preflight=SENT) for n in range(300)},
            "a": passed("p", preflight=SENT),
        },
    ),
    Scenario(
        name="a simple POST before the JSON one",
        traffic=(
            preflight("p", method="POST", headers="content-type", answer=allow(headers="content-type")),
            cors("s", 0.05, "POST", request=TEXT),
            cors("a", 0.1, "POST", request=JSON),
        ),
        expected={"p": passed("a"), "s": passed(preflight=NOT_NEEDED), "a": passed("p", preflight=SENT)},
    ),
    Scenario(
        name="a beacon before the JSON POST",
        traffic=(
            preflight("p", method="POST", headers="content-type", answer=allow(headers="content-type", max_age="0")),
            Sent(
                id="b",
                at=0.05,
                method="POST",
                request=(("Origin", PAGE), *metadata(mode="no-cors"), *TEXT),
                status=204,
            ),
            cors("a", 0.1, "POST", request=JSON),
        ),
        expected={
            "p": passed("a"),
            "b": {"verdict": NOT_CORS, "role": Role.NO_CORS, "paired_with": ()},
            "a": passed("p", preflight=SENT),
        },
    ),
    Scenario(
        name="Authorization of the script",
        traffic=(
            preflight("p", method="GET", headers="authorization", answer=allow(headers="authorization")),
            cors("a", 0.1, request=(("Authorization", "Bearer x"),)),
        ),
        expected={
            "p": passed("a"),
            "a": passed("p", preflight=SENT, preflight_because=("header authorization",), credentials=OMIT),
        },
    ),
    Scenario(
        name="lower-case patch",
        traffic=(
            preflight("p1", method="patch", answer=allow(methods="PATCH")),
            preflight("p2", 1.0, method="PATCH", answer=allow(methods="PATCH")),
            cors("a2", 1.1, "PATCH"),
        ),
        expected={
            "p1": refused(Reason.METHOD_NOT_ALLOWED, detail="patch"),
            "p2": passed("a2"),
            "a2": passed("p2", preflight=SENT, preflight_because=("method PATCH",)),
        },
    ),
)

DENIED: tuple[Scenario, ...] = (
    Scenario(
        name="a denied preflight whose request never came",
        traffic=(preflight("p", answer=()), cors("b", 100.0, url=OTHER)),
        expected={
            "p": refused(Reason.ALLOW_ORIGIN_MISSING, revision=1),
            "b": passed(preflight=NOT_NEEDED),
        },
        finish=True,
    ),
    Scenario(
        name="denied, then put right",
        traffic=(preflight("p1", answer=()), preflight("p2", 5.0), cors("a", 5.1, "PUT")),
        expected={
            "p1": refused(Reason.ALLOW_ORIGIN_MISSING),
            "p2": passed("a"),
            "a": passed("p2", preflight=SENT),
        },
    ),
    Scenario(
        name="a preflight that got no answer",
        traffic=(preflight("p", status=None, answer=()),),
        expected={"p": refused(Reason.NETWORK_ERROR, role=Role.PREFLIGHT, assumptions=())},
        finish=True,
    ),
    Scenario(
        name="an answer with a NUL in some header",
        traffic=(cors("a", answer=allow(PAGE, ("X-Odd", "a\0b"))),),
        expected={"a": refused(Reason.HEADER_UNREADABLE, role=Role.ACTUAL, preflight=NOT_NEEDED)},
    ),
    Scenario(
        name="an answer with more headers than a browser takes",
        traffic=(cors("a", answer=allow(PAGE, ("X-Long", "a" * 400_000))),),
        expected={"a": refused(Reason.HEADERS_TOO_LARGE, role=Role.ACTUAL, preflight=NOT_NEEDED)},
    ),
    Scenario(
        name="a request that got no answer",
        traffic=(cors("a", status=None, answer=()),),
        expected={"a": refused(Reason.NETWORK_ERROR, role=Role.ACTUAL, preflight=NOT_NEEDED)},
    ),
    Scenario(
        name="a gateway's 502",
        traffic=(preflight("p", status=502, answer=()), cors("a", 1.0, status=502, answer=())),
        expected={
            "p": refused(Reason.ALLOW_ORIGIN_MISSING),
            "a": refused(Reason.ALLOW_ORIGIN_MISSING, preflight=NOT_NEEDED),
        },
        engines=("chromium", "gecko"),
    ),
    Scenario(
        name="a gateway's 502 in WebKit",
        traffic=(preflight("p", status=502, answer=()), cors("a", 1.0, status=502, answer=())),
        expected={"p": refused(Reason.STATUS_NOT_OK), "a": refused(Reason.ALLOW_ORIGIN_MISSING)},
        engines=("webkit",),
    ),
    Scenario(
        name="an allowed preflight, a denied request",
        traffic=(preflight("p"), cors("a", 0.1, "PUT", answer=())),
        expected={"p": passed("a"), "a": refused(Reason.ALLOW_ORIGIN_MISSING, "p", preflight=SENT)},
    ),
)

REDIRECTS: tuple[Scenario, ...] = (
    Scenario(
        name="within the other origin",
        traffic=(redirect("h", to="/other"), cors("a", 0.1, url=OTHER)),
        expected={
            "h": passed("a", role=Role.REDIRECT, origin=PAGE, revision=2),
            "a": passed("h", role=Role.ACTUAL, origin=PAGE),
        },
    ),
    Scenario(
        name="to a third origin, which taints",
        traffic=(redirect("h", to=THIRD), cors("a", 0.1, url=THIRD, origin="null", answer=NULL)),
        expected={"h": passed("a", role=Role.REDIRECT), "a": passed("h", role=Role.ACTUAL, origin="null")},
    ),
    Scenario(
        name="to a third origin, which names the page",
        traffic=(redirect("h", to=THIRD), cors("a", 0.1, url=THIRD, origin="null")),
        expected={"h": passed("a"), "a": refused(Reason.ALLOW_ORIGIN_MISMATCH, "h", detail=PAGE)},
    ),
    Scenario(
        name="back to the page's own origin",
        traffic=(redirect("h", to=f"{PAGE}/x"), cors("a", 0.1, url=f"{PAGE}/x", origin="null", answer=STAR)),
        expected={"h": passed("a"), "a": passed("h", role=Role.ACTUAL, origin="null")},
    ),
    Scenario(
        name="refused",
        traffic=(redirect("h", to="/other", answer=()),),
        expected={"h": refused(Reason.ALLOW_ORIGIN_MISSING, role=Role.REDIRECT)},
        finish=True,
    ),
    Scenario(
        name="with userinfo",
        traffic=(redirect("h", to="https://user:word@third.test/x"),),
        expected={"h": refused(Reason.REDIRECT_HAS_CREDENTIALS, role=Role.REDIRECT)},
        finish=True,
    ),
    *(
        Scenario(
            name=f"to {where!r}, as {engine} reads it",
            traffic=(redirect("h", to=where), cors("a", 0.1, url=leads_to)),
            expected={"h": passed("a"), "a": passed("h")},
            engines=(engine,),
        )
        for engine, where, leads_to in (
            ("gecko", f"{API}?a\tb\x01", f"{API}?a%09b%01"),
            ("chromium", f"{API}?a\tb\x01", f"{API}?ab"),
            ("webkit", f"{API}?a\tb\x01", f"{API}?ab"),
            ("gecko", f"{API}?\xe4\xc3\xa4", f"{API}?%E4%C3%A4"),
            ("chromium", f"{API}?\xe4\xc3\xa4", f"{API}?%E4%C3%A4"),
            ("webkit", f"{API}?\xe4\xc3\xa4", f"{API}?%C3%AF%C2%BF%C2%BD%C3%83%C2%A4"),
        )
    ),
    Scenario(
        name="with a tab in the host, which is part of it",
        traffic=(redirect("h", to="https://thi\trd.test/x"),),
        expected={"h": refused(Reason.REDIRECT_URL_UNUSABLE, role=Role.REDIRECT)},
        engines=("gecko",),
        finish=True,
    ),
    Scenario(
        name="with a tab in the host, which is none",
        traffic=(
            redirect("h", to="https://thi\trd.test/x"),
            cors("a", 0.1, url="https://third.test/x", origin="null", answer=STAR),
        ),
        expected={"h": passed("a"), "a": passed("h")},
        engines=("chromium", "webkit"),
    ),
    Scenario(
        name="without Location, which is none",
        traffic=(cors("a", status=302),),
        expected={"a": passed(role=Role.ACTUAL)},
    ),
    Scenario(
        name="POST becomes GET",
        traffic=(redirect("h", 0.0, "POST", to="/other"), cors("a", 0.1, url=OTHER)),
        expected={"h": passed("a"), "a": passed("h", preflight=NOT_NEEDED)},
    ),
    Scenario(
        name="POST stays POST",
        traffic=(
            redirect("h", 0.0, "POST", to="/other", status=307, request=TEXT),
            cors("b", 0.05, url=OTHER),
            cors("a", 0.1, "POST", url=OTHER, request=TEXT),
        ),
        expected={"h": passed("a"), "b": passed(), "a": passed("h", preflight=NOT_NEEDED)},
    ),
    Scenario(
        name="another preflight after it",
        traffic=(
            preflight("p1"),
            redirect("h", 0.1, "PUT", to=THIRD, status=307),
            preflight("p2", 0.2, url=THIRD, origin="null", answer=STAR_PUT),
            cors("a", 0.3, "PUT", url=THIRD, origin="null", answer=STAR),
        ),
        expected={
            "p1": passed("h", "p2", "a"),
            "h": passed("p1", "p2", "a", role=Role.REDIRECT, preflight=SENT),
            "p2": passed("p1", "h", "a", role=Role.PREFLIGHT, origin="null"),
            "a": passed("p1", "h", "p2", preflight=SENT),
        },
    ),
    Scenario(
        name="a preflight after a simple request's redirect",
        traffic=(
            redirect("h", to="/other", status=307, method="POST", request=TEXT),
            preflight("p", 0.1, method="POST", url=OTHER, answer=allow()),
            cors("a", 0.2, "POST", url=OTHER, request=TEXT),
        ),
        expected={"h": passed("p", "a"), "p": passed("h", "a"), "a": passed("h", "p", preflight=SENT)},
    ),
    Scenario(
        name="a redirected preflight",
        traffic=(preflight("p", status=307, answer=(*allow(methods="PUT"), ("Location", "/other"))),),
        expected={"p": refused(Reason.PREFLIGHT_REDIRECTED, role=Role.PREFLIGHT)},
        engines=("chromium", "gecko"),
    ),
    Scenario(
        name="out of the page's own origin",
        traffic=(
            Sent(id="h", url=f"{PAGE}/go", request=metadata("same-origin"), status=302, answer=(("Location", API),)),
            cors("a", 0.1),
        ),
        expected={
            "h": {"verdict": NOT_CORS, "role": Role.SAME_ORIGIN, "origin": None, "paired_with": ("a",), "revision": 1},
            "a": passed("h", role=Role.ACTUAL, origin=PAGE),
        },
    ),
    Scenario(
        name="round the page's own origin, then out of it",
        traffic=(
            Sent(id="h1", url=f"{PAGE}/go", request=metadata("same-origin"), status=302, answer=(("Location", "/on"),)),
            Sent(
                id="h2",
                at=0.1,
                url=f"{PAGE}/on",
                request=metadata("same-origin"),
                status=302,
                answer=(("Location", API),),
            ),
            cors("a", 0.2),
        ),
        expected={
            "h1": {"verdict": NOT_CORS, "role": Role.SAME_ORIGIN, "paired_with": ("h2", "a"), "revision": 1},
            "h2": {"verdict": NOT_CORS, "role": Role.SAME_ORIGIN, "paired_with": ("h1", "a"), "revision": 1},
            "a": passed("h1", "h2", role=Role.ACTUAL, origin=PAGE),
        },
    ),
    *(
        Scenario(
            name=f"a DELETE out of the page's own origin goes on as GET, {engines[0]}",
            traffic=(
                Sent(
                    id="h",
                    method="DELETE",
                    url=f"{PAGE}/go",
                    request=(("Origin", PAGE), *metadata("same-origin")),
                    status=307,
                    answer=(("Location", API),),
                ),
                redirect("a", 0.1, to="https://b.test/"),
            ),
            expected={"h": {"verdict": NOT_CORS}, "a": found},
            engines=engines,
            finish=True,
        )
        for engines, found in (
            (("webkit",), {"verdict": DENY, "reason": Reason.ALLOW_CREDENTIALS_NOT_TRUE, "paired_with": ("h",)}),
            (("chromium", "gecko"), {"paired_with": ()}),
        )
    ),
    Scenario(
        name="the same-origin redirect that nothing follows",
        traffic=(
            Sent(id="h", url=f"{PAGE}/go", request=metadata("same-origin"), status=302, answer=(("Location", API),)),
        ),
        expected={},
        finish=True,
    ),
    Scenario(
        name="twenty are followed",
        traffic=(
            *(redirect(f"h{n}", n / 10, url=f"{API}/{n}", to=f"{API}/{n + 1}") for n in range(20)),
            cors("a", 2.1, url=f"{API}/20"),
        ),
        expected={**{f"h{n}": {"verdict": ALLOW} for n in range(20)}, "a": {"verdict": ALLOW, "role": Role.ACTUAL}},
    ),
    Scenario(
        name="one more is too many",
        traffic=tuple(redirect(f"h{n}", n / 10, url=f"{API}/{n}", to=f"{API}/{n + 1}") for n in range(21)),
        expected={
            **{f"h{n}": {"verdict": ALLOW, "reason": None} for n in range(20)},
            "h20": {"verdict": DENY, "reason": Reason.REDIRECT_COUNT_EXCEEDED},
        },
        finish=True,
    ),
    Scenario(
        name="round in circles, and tried again",
        traffic=tuple(redirect(f"h{n}", n / 10 + 5 * (n // 21), to=API) for n in range(42)),
        expected={
            f"h{n}": {
                "verdict": DENY if n % 21 == 20 else ALLOW,
                "contradicted": False,
                "paired_with": tuple(f"h{m}" for m in range(n // 21 * 21, n // 21 * 21 + 21) if m != n),
            }
            for n in range(42)
        },
    ),
    Scenario(
        name="refused, and its target asked for later",
        traffic=(redirect("h", to="/other", answer=()), cors("a", 20.0, url=OTHER)),
        expected={
            "h": refused(Reason.ALLOW_ORIGIN_MISSING, role=Role.REDIRECT),
            "a": passed(role=Role.ACTUAL),
        },
    ),
    Scenario(
        name="refused, and its target asked for at once, which a redirect would have tainted",
        traffic=(redirect("h", to=THIRD, answer=()), cors("a", 0.1, url=THIRD)),
        expected={
            "h": refused(Reason.ALLOW_ORIGIN_MISSING, role=Role.REDIRECT, contradicted=False),
            "a": passed(role=Role.ACTUAL),
        },
    ),
    Scenario(
        name="refused if credentials were included, and tried again with success",
        traffic=(
            redirect("h1", to="/other", answer=STAR),
            redirect("h2", 0.1, to="/other", answer=allow(credentials="true")),
            cors("a", 0.2, url=OTHER, answer=allow(credentials="true")),
        ),
        expected={
            "h1": refused(Reason.ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS, role=Role.REDIRECT, credentials=INCLUDE),
            "h2": passed("a"),
            "a": passed("h2"),
        },
        finish=True,
    ),
    *(
        Scenario(
            name=f"with two Locations, as {engine} reads them",
            traffic=(
                redirect("h", to="/other", answer=(*allow(), ("Location", "/first"))),
                cors("a", 0.1, url=f"https://api.example.test/{leads_to}"),
            ),
            expected={"h": passed("a"), "a": passed("h")},
            engines=(engine,),
        )
        for engine, leads_to in (("gecko", "first"), ("webkit", "first,%20/other"))
    ),
    Scenario(
        name="a PUT becomes GET without the header that its preflight still asks for",
        traffic=(
            redirect("h", 0.0, "PUT", to=THIRD, status=303, request=(("Content-Encoding", "gzip"),)),
            preflight(
                "p",
                0.1,
                method="GET",
                headers="content-encoding",
                url=THIRD,
                origin="null",
                answer=allow("null", headers="content-encoding"),
            ),
            cors("a", 0.2, url=THIRD, origin="null", answer=NULL),
        ),
        expected={"h": {"verdict": ALLOW}, "p": passed("h", "a"), "a": passed("h", "p", preflight=SENT)},
        engines=("webkit",),
    ),
    Scenario(
        name="refused, and tried again with success",
        traffic=(
            redirect("h1", to="/other", answer=()),
            redirect("h2", 0.1, to="/other"),
            cors("a", 0.2, url=OTHER),
        ),
        expected={
            "h1": refused(Reason.ALLOW_ORIGIN_MISSING, role=Role.REDIRECT, contradicted=False),
            "h2": passed("a"),
            "a": passed("h2"),
        },
    ),
    Scenario(
        name="an image of its target meanwhile",
        traffic=(
            redirect("h", to="/other"),
            Sent(id="i", at=0.05, url=OTHER, request=metadata(mode="no-cors", dest="image")),
            cors("a", 0.1, url=OTHER),
        ),
        expected={"h": passed("a"), "a": passed("h")},
    ),
    Scenario(
        name="another page asks for its target meanwhile",
        traffic=(
            redirect("h", to="/other"),
            cors("b", 0.05, url=OTHER, origin="https://b.test", answer=STAR),
            cors("a", 0.1, url=OTHER),
        ),
        expected={"h": passed("a"), "b": passed(), "a": passed("h")},
    ),
    Scenario(
        name="WebKit's Sec-Fetch headers are lost on it",
        traffic=(
            redirect("h", 0.0, "POST", to=THIRD, status=307, request=TEXT),
            Sent(
                id="a",
                at=0.1,
                method="POST",
                url=THIRD,
                request=(("Origin", "null"), *TEXT, ("Accept", "*/*")),
                answer=NULL,
            ),
        ),
        expected={"h": passed("a"), "a": passed("h", role=Role.ACTUAL, assumptions=())},
        engines=("webkit",),
    ),
    Scenario(
        name="WebKit asks for content-type after POST became GET",
        traffic=(
            preflight("p1", method="POST", headers="content-type", answer=allow(headers="content-type")),
            redirect("h", 0.1, "POST", to="/other", request=JSON),
            preflight("p2", 0.2, method="GET", headers="content-type", url=OTHER, answer=allow(headers="content-type")),
            cors("a", 0.3, url=OTHER),
        ),
        expected={
            "p1": passed("h", "p2", "a"),
            "h": passed("p1", "p2", "a"),
            "p2": passed("p1", "h", "a"),
            "a": passed("p1", "h", "p2", preflight=SENT),
        },
        engines=("webkit",),
    ),
    Scenario(
        name="Firefox names the page in a preflight after a tainting redirect",
        traffic=(
            preflight("p1"),
            redirect("h", 0.1, "PUT", to=THIRD, status=307),
            preflight("p2", 0.2, url=THIRD, site="cross-site"),
            cors("a", 0.3, "PUT", url=THIRD, origin="null", answer=NULL, site="cross-site"),
        ),
        expected={
            "p1": passed("h", "p2", "a"),
            "h": passed("p1", "p2", "a"),
            "p2": passed("p1", "h", "a", origin=PAGE),
            "a": passed("p1", "h", "p2", preflight=SENT, origin="null"),
        },
        engines=("gecko",),
    ),
    *(
        Scenario(
            name=f"Firefox does not check the origin in a preflight to the page itself, {name}",
            traffic=(
                preflight("p1"),
                redirect("h", 0.1, "PUT", to=f"{PAGE}/x", status=307),
                preflight("p2", 0.2, url=f"{PAGE}/x", answer=answer),
                cors("a", 0.3, "PUT", url=f"{PAGE}/x", origin="null", answer=NULL),
            ),
            expected={
                "p1": passed("h", "p2", "a"),
                "h": passed("p1", "p2", "a"),
                "p2": passed("p1", "h", "a", origin=PAGE),
                "a": passed("p1", "h", "p2", preflight=SENT, origin="null"),
            },
            engines=("gecko",),
        )
        for name, answer in {
            "null": allow("null", methods="PUT"),
            "itself": ALLOW_PUT,
            "another": allow("https://b.test", credentials="no", methods="PUT"),
            "none": (("Access-Control-Allow-Methods", "PUT"),),
        }.items()
    ),
    Scenario(
        name="Firefox does check the method in a preflight to the page itself",
        traffic=(
            preflight("p1"),
            redirect("h", 0.1, "PUT", to=f"{PAGE}/x", status=307),
            preflight("p2", 0.2, url=f"{PAGE}/x", answer=allow("null", methods="DELETE")),
        ),
        expected={
            "p1": passed("h", "p2"),
            "h": passed("p1", "p2"),
            "p2": refused(Reason.METHOD_NOT_ALLOWED, "p1", "h", detail="PUT", origin=PAGE),
        },
        engines=("gecko",),
    ),
    Scenario(
        name="Firefox does check the origin of what follows it",
        traffic=(
            preflight("p1"),
            redirect("h", 0.1, "PUT", to=f"{PAGE}/x", status=307),
            preflight("p2", 0.2, url=f"{PAGE}/x"),
            cors("a", 0.3, "PUT", url=f"{PAGE}/x", origin="null"),
        ),
        expected={
            "p1": passed("h", "p2", "a"),
            "h": passed("p1", "p2", "a"),
            "p2": passed("p1", "h", "a", origin=PAGE),
            "a": refused(Reason.ALLOW_ORIGIN_MISMATCH, "p1", "h", "p2", detail=PAGE, origin="null"),
        },
        engines=("gecko",),
    ),
)

ELSEWHERE = (Assumption.OTHER_FRAGMENT, Assumption.MODE_LIKELY_OMIT)
"""What was dropped may have stayed under the same URL with another fragment."""

LATE = (Assumption.QUEUED, Assumption.MODE_LIKELY_OMIT)

EITHER = allow(credentials="true")
X_A, X_B = (("X-A", "1"),), (("X-B", "1"),)
GRANT_A, GRANT_B = allow(headers="X-A", max_age="60"), allow(headers="X-B", max_age="30")

CACHE: tuple[Scenario, ...] = (
    Scenario(
        name="header names of several preflights add up",
        traffic=(
            preflight("p1", method="GET", headers="x-a", answer=GRANT_A),
            cors("a", 0.1, request=X_A),
            preflight("p2", 1.0, method="GET", headers="x-b", answer=GRANT_B),
            cors("b", 1.1, request=X_B),
            cors("c", 2.0, request=(*X_A, *X_B)),
            cors("d", 50.0, request=X_A),
        ),
        expected={
            "p1": passed("a", "c", "d"),
            "p2": passed("b", "c"),
            "a": passed("p1", preflight=SENT),
            "b": passed("p2", preflight=SENT),
            "c": passed("p2", "p1", preflight=CACHED, preflight_cached_until=1800000031.01),
            "d": passed("p1", preflight=CACHED, preflight_cached_until=1800000060.01),
        },
        engines=("gecko",),
    ),
    Scenario(
        name="header names of several preflights add up, where the credentials mode of one shows",
        traffic=(
            preflight("p1", method="GET", headers="x-a", answer=allow(headers="X-A", max_age="60", credentials="true")),
            cors("a", 0.1, request=(*X_A, *COOKIE), answer=allow(credentials="true")),
            preflight(
                "p2", 1.0, method="GET", headers="x-b", answer=allow(headers="X-B", max_age="30", credentials="true")
            ),
            cors("b", 1.1, request=X_B, answer=allow(credentials="true")),
            cors("c", 2.0, request=(*X_A, *X_B, *COOKIE), answer=allow(credentials="true")),
        ),
        expected={
            "p1": passed("a", "c"),
            "p2": passed("b", "c"),
            "a": passed("p1", preflight=SENT),
            "b": passed("p2", preflight=SENT),
            "c": passed("p2", "p1", preflight=CACHED, assumptions=()),
        },
        engines=("gecko",),
    ),
    Scenario(
        name="a method of one preflight, and a header name of another",
        traffic=(
            preflight("p1", answer=PUT_60),
            cors("a", 0.1, "PUT"),
            preflight("p2", 1.0, method="GET", headers="x-b", answer=GRANT_B),
            cors("b", 1.1, request=X_B),
            cors("c", 2.0, "PUT", request=X_B),
        ),
        expected={
            "p1": passed("a", "c"),
            "p2": passed("b", "c"),
            "a": passed("p1", preflight=SENT),
            "b": passed("p2", preflight=SENT),
            "c": passed("p2", "p1", preflight=CACHED, preflight_because=("method PUT", "header x-b")),
        },
        engines=("gecko",),
    ),
    Scenario(
        name="header names of several preflights do not add up",
        traffic=(
            preflight("p1", method="GET", headers="x-a", answer=GRANT_A),
            cors("a", 0.1, request=X_A),
            preflight("p2", 1.0, method="GET", headers="x-b", answer=GRANT_B),
            cors("b", 1.1, request=X_B),
            cors("c", 2.0, request=(*X_A, *X_B)),
        ),
        expected={
            "p1": passed("a"),
            "a": passed("p1"),
            "p2": passed("b"),
            "b": passed("p2"),
            "c": contradicted(preflight=UNSEEN),
        },
        engines=("chromium", "webkit"),
    ),
    Scenario(
        name="an upload listener, and again",
        traffic=(
            preflight("p", method="POST", answer=allow(max_age="60", credentials="true")),
            cors("a", 0.1, "POST", request=TEXT, answer=EITHER),
            cors("b", 1.0, "POST", request=TEXT, answer=EITHER),
            cors("c", 2.0, "GET", answer=EITHER),
            cors("d", 100.0, "POST", request=TEXT, answer=EITHER),
        ),
        expected={
            "p": passed("a", "b"),
            "a": passed("p", preflight=SENT, preflight_because=(UPLOAD,)),
            "b": passed(
                "p",
                preflight=CACHED,
                preflight_because=(UPLOAD,),
                preflight_cached_until=1800000060.01,
                assumptions=(Assumption.UPLOAD_LISTENED_TO,),
            ),
            "c": passed(preflight=NOT_NEEDED, assumptions=()),
            "d": passed(preflight=NOT_NEEDED, assumptions=()),
        },
    ),
    Scenario(
        name="a preflight for nothing after a redirect is not for an upload",
        traffic=(
            preflight("p", answer=allow(methods="PUT", credentials="true")),
            redirect("h", 0.1, to=f"{API}/2", method="PUT", status=303, answer=EITHER),
            preflight("p2", 0.2, method="GET", url=f"{API}/2", answer=allow(credentials="true", max_age="60")),
            cors("a", 0.3, url=f"{API}/2", answer=EITHER),
            cors("b", 1.0, url=f"{API}/2", answer=EITHER),
        ),
        expected={
            "p": passed("h", "p2", "a"),
            "h": passed("p", "p2", "a"),
            "p2": passed("p", "h", "a"),
            "a": passed("p", "h", "p2", preflight=SENT),
            "b": passed(preflight=NOT_NEEDED),
        },
        engines=("webkit",),
    ),
    Scenario(
        name="an upload listener, and another header",
        traffic=(
            preflight("p", method="POST", headers="x-a", answer=allow(headers="X-A", max_age="60", credentials="true")),
            cors("a", 0.1, "POST", request=(*TEXT, *X_A), answer=EITHER),
            cors("b", 1.0, "POST", request=TEXT, answer=EITHER),
        ),
        expected={"p": passed("a"), "a": passed("p"), "b": passed(preflight=NOT_NEEDED, assumptions=())},
    ),
    Scenario(
        name="a hit",
        traffic=(preflight("p", answer=PUT_60), cors("a", 0.1, "PUT"), cors("b", 30.0, "PUT")),
        expected={
            "p": passed("a", "b", cache_lifetime=60.0),
            "a": passed("p", preflight=SENT),
            "b": passed("p", preflight=CACHED, preflight_because=("method PUT",), preflight_cached_at=1800000000.01),
        },
    ),
    Scenario(
        name="five seconds by default",
        traffic=(
            preflight("p"),
            *(cors(name, at, "PUT") for name, at in zip("abcd", (0.1, 4.0, 7.0, 20.0), strict=True)),
        ),
        expected={
            "p": passed("a", "b", "c", cache_lifetime=5.0),
            "a": passed("p"),
            "b": passed("p", preflight=CACHED),
            "c": passed("p", preflight=CACHED, assumptions=LATE),
            "d": contradicted(preflight=UNSEEN, verdict=ALLOW),
        },
        engines=("chromium", "webkit"),
    ),
    Scenario(
        name="five seconds by default, beside what Firefox may have from before",
        traffic=(
            preflight("p"),
            *(cors(name, at, "PUT") for name, at in zip("abcd", (0.1, 4.0, 7.0, 20.0), strict=True)),
        ),
        expected={
            "p": passed("a", "b", "c", cache_lifetime=5.0),
            "a": passed("p"),
            "b": passed("p", preflight=CACHED),
            "c": passed("p", preflight=CACHED, assumptions=LATE),
            "d": passed(preflight=UNSEEN),
        },
        engines=("gecko",),
    ),
    Scenario(
        name="renewed after its end",
        traffic=(
            preflight("p", answer=PUT_60),
            cors("a", 0.1, "PUT"),
            preflight("p2", 70.0, answer=PUT_60),
            cors("b", 70.1, "PUT"),
            cors("c", 100.0, "PUT"),
        ),
        expected={
            "p": passed("a"),
            "a": passed("p"),
            "p2": passed("b", "c"),
            "b": passed("p2", preflight=SENT),
            "c": passed("p2", preflight=CACHED),
        },
    ),
    Scenario(
        name="a header in a hit",
        traffic=(
            preflight("p", method="GET", headers="x-a", answer=allow(headers="X-A, X-B", max_age="60")),
            cors("a", 0.1, request=(("X-A", "1"),)),
            cors("b", 1.0, request=(("X-B", "1"),)),
            cors("c", 2.0, "POST", request=(("x-a", "1"),)),
            cors("d", 3.0),
        ),
        expected={
            "p": passed("a", "b", "c"),
            "a": passed("p", preflight=SENT),
            "b": passed("p", preflight=CACHED, preflight_because=("header x-b",)),
            "c": passed("p", preflight=CACHED),
            "d": passed(preflight=NOT_NEEDED),
        },
    ),
    Scenario(
        name="another method replaces it",
        traffic=(
            preflight("p", answer=PUT_60),
            cors("a", 0.1, "PUT"),
            preflight("p2", 1.0, method="DELETE", answer=allow(methods="DELETE", max_age="60")),
            cors("b", 1.1, "DELETE"),
            cors("c", 2.0, "PUT"),
        ),
        expected={
            "p": passed("a", "c"),
            "a": passed("p"),
            "p2": passed("b"),
            "b": passed("p2"),
            "c": passed("p", preflight=CACHED, assumptions=ELSEWHERE),
        },
        engines=("chromium", "webkit"),
    ),
    Scenario(
        name="another method adds to it",
        traffic=(
            preflight("p", answer=PUT_60),
            cors("a", 0.1, "PUT"),
            preflight("p2", 1.0, method="DELETE", answer=allow(methods="DELETE", max_age="60")),
            cors("b", 1.1, "DELETE"),
            cors("c", 2.0, "PUT"),
        ),
        expected={
            "p": passed("a", "c"),
            "a": passed("p"),
            "p2": passed("b"),
            "b": passed("p2"),
            "c": {"preflight": CACHED, "contradicted": False},
        },
        engines=("gecko",),
    ),
    Scenario(
        name="a failing request leaves it",
        traffic=(
            preflight("p", answer=PUT_60),
            cors("a", 0.1, "PUT", answer=()),
            cors("b", 1.0, "PUT"),
        ),
        expected={
            "p": passed("a", "b"),
            "a": refused(Reason.ALLOW_ORIGIN_MISSING, "p"),
            "b": passed("p", preflight=CACHED),
        },
        engines=("chromium", "webkit"),
    ),
    Scenario(
        name="a failing request clears it",
        traffic=(
            preflight("p", answer=PUT_60),
            cors("a", 0.1, "PUT", answer=()),
            cors("b", 1.0, "PUT"),
        ),
        expected={
            "p": passed("a", "b"),
            "a": refused(Reason.ALLOW_ORIGIN_MISSING, "p"),
            "b": passed("p", preflight=CACHED, assumptions=ELSEWHERE),
        },
        engines=("gecko",),
    ),
    Scenario(
        name="a failed preflight removes it",
        traffic=(
            preflight("p", answer=PUT_60),
            cors("a", 0.1, "PUT"),
            preflight("p2", 1.0, method="DELETE", answer=()),
            cors("b", 2.0, "PUT"),
        ),
        expected={
            "p": passed("a", "b"),
            "a": passed("p"),
            "p2": refused(Reason.ALLOW_ORIGIN_MISSING),
            "b": passed("p", preflight=CACHED, assumptions=ELSEWHERE),
        },
        engines=("chromium", "webkit"),
    ),
    Scenario(
        name="a preflight refused for its method is stored",
        traffic=(
            preflight("p", answer=allow(methods="DELETE", max_age="60")),
            cors("a", 1.0, "DELETE"),
        ),
        expected={
            "p": refused(Reason.METHOD_NOT_ALLOWED, "a", detail="PUT"),
            "a": passed("p", preflight=CACHED),
        },
        engines=("webkit",),
    ),
    Scenario(
        name="a preflight refused for its method is not stored",
        traffic=(
            preflight("p", answer=allow(methods="DELETE", max_age="60")),
            cors("a", 1.0, "DELETE"),
        ),
        expected={
            "p": refused(Reason.METHOD_NOT_ALLOWED, detail="PUT"),
            "a": contradicted(preflight=UNSEEN),
        },
        engines=("chromium",),
    ),
    Scenario(
        name="a preflight refused for its method with credentials alone is stored",
        traffic=(
            preflight("p", answer=allow(credentials="true", methods="*", headers="x-a", max_age="60")),
            cors("a", 1.0, request=(*COOKIE, ("X-A", "1")), answer=allow(credentials="true")),
        ),
        expected={
            "p": refused(Reason.METHOD_NOT_ALLOWED, "a", credentials=INCLUDE, assumptions=(Assumption.NOT_FOLLOWED,)),
            "a": passed("p", preflight=CACHED),
        },
        engines=("webkit",),
        finish=True,
    ),
    Scenario(
        name="a preflight that would pass without credentials is followed by nothing",
        traffic=(preflight("p", answer=allow(methods="PUT", max_age="60")),),
        expected={
            "p": refused(
                Reason.ALLOW_CREDENTIALS_NOT_TRUE, credentials=INCLUDE, assumptions=(Assumption.NOT_FOLLOWED,)
            ),
        },
        finish=True,
    ),
    Scenario(
        name="a refused preflight that is stored explains a request better than an older one that may have passed",
        traffic=(
            preflight("p", answer=allow("*", credentials="true", methods="PUT", max_age="60")),
            preflight("p2", 0.1, method="PATCH", answer=GRANTED),
            cors("a", 0.2, "PUT", request=COOKIE, answer=allow(credentials="true")),
            cors("b", 0.8, "PUT"),
        ),
        expected={
            "p": refused(
                Reason.ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS,
                credentials=INCLUDE,
                assumptions=(Assumption.NOT_FOLLOWED,),
            ),
            "p2": refused(Reason.METHOD_NOT_ALLOWED, "a", "b"),
            "a": passed("p2", preflight=CACHED),
            "b": passed("p2", preflight=CACHED),
        },
        engines=("webkit",),
        finish=True,
    ),
    *(
        Scenario(
            name="a wildcard got with credentials serves those without" + suffix,
            traffic=(
                preflight("p", answer=allow(credentials="true", methods="PUT", headers="*", max_age="60")),
                cors("a", 0.1, "PUT", answer=allow(credentials="true"), request=COOKIE),
                cors("b", 1.0, "PUT", request=(("X-A", "1"),)),
            ),
            expected={"p": passed(*permitted), "a": passed("p"), "b": expected},
            engines=(engine,),
        )
        for engine, suffix, permitted, expected in (
            ("webkit", "", "ab", passed("p", preflight=CACHED)),
            ("chromium", " not", "a", contradicted(preflight=UNSEEN)),
        )
    ),
    Scenario(
        name="wildcards are cached",
        traffic=(
            preflight("p", answer=allow("*", methods="*", max_age="60")),
            cors("a", 0.1, "PUT", answer=STAR),
            cors("b", 1.0, "DELETE", answer=STAR),
        ),
        expected={"p": passed("a", "b"), "a": passed("p"), "b": passed("p", preflight=CACHED)},
        engines=("chromium", "webkit"),
    ),
    Scenario(
        name="wildcards are not cached",
        traffic=(
            preflight("p", answer=allow("*", methods="*", max_age="60")),
            cors("a", 0.1, "PUT", answer=STAR),
            cors("b", 1.0, "PUT", answer=STAR),
        ),
        expected={"p": passed("a"), "a": passed("p"), "b": passed(preflight=UNSEEN)},
        engines=("gecko",),
    ),
    Scenario(
        name="opaque origins do not share",
        traffic=(
            preflight("p", origin="null", answer=allow("null", methods="PUT", max_age="60")),
            cors("a", 0.1, "PUT", origin="null", answer=NULL),
            preflight("p2", 1.0, origin="null", answer=allow("null", methods="PUT", max_age="60")),
            cors("b", 1.1, "PUT", origin="null", answer=NULL),
        ),
        expected={"p": passed("a"), "a": passed("p"), "p2": passed("b"), "b": passed("p2", preflight=SENT)},
    ),
    Scenario(
        name="opaque origins share",
        traffic=(
            preflight("p", origin="null", answer=allow("null", methods="PUT", max_age="60")),
            cors("a", 0.1, "PUT", origin="null", answer=NULL),
            cors("b", 1.0, "PUT", origin="null", answer=NULL),
        ),
        expected={"p": passed("a", "b"), "a": passed("p"), "b": passed("p", preflight=CACHED)},
        engines=("gecko", "webkit"),
    ),
    Scenario(
        name="an answer with credentials serves those without",
        traffic=(
            preflight("p", answer=allow(credentials="true", methods="PUT", max_age="60")),
            cors("a", 0.1, "PUT", answer=allow(credentials="true"), request=COOKIE),
            cors("b", 1.0, "PUT"),
        ),
        expected={
            "p": passed("a", "b", credentials=INCLUDE),
            "a": passed("p", credentials=INCLUDE),
            "b": passed("p", preflight=CACHED),
        },
        engines=("chromium", "webkit"),
    ),
    Scenario(
        name="a load that bypasses the cache",
        traffic=(
            preflight("p", answer=PUT_60),
            cors("a", 0.1, "PUT"),
            preflight("p2", 1.0, answer=PUT_60, request=(("Cache-Control", "no-cache"), ("Pragma", "no-cache"))),
            cors("b", 1.1, "PUT", request=(("Cache-Control", "no-cache"), ("Pragma", "no-cache"))),
            cors("c", 2.0, "PUT"),
        ),
        expected={
            "p": passed("a"),
            "a": passed("p"),
            "p2": passed("b", "c"),
            "b": passed("p2", preflight=SENT),
            "c": {"preflight": CACHED, "contradicted": False},
        },
        engines=("chromium",),
    ),
)

CONTRADICTIONS: tuple[Scenario, ...] = (
    Scenario(
        name="a request although its preflight was refused",
        traffic=(preflight("p", answer=()), cors("a", 0.1, "PUT")),
        expected={
            "p": contradicted("a", verdict=DENY, revision=2),
            "a": contradicted("p", verdict=ALLOW, preflight=UNSEEN, revision=1),
        },
    ),
    *(
        Scenario(
            name="a request long after its preflight was refused",
            traffic=(preflight("p", answer=()), cors("a", 5.5, "PUT")),
            expected={"p": refused(Reason.ALLOW_ORIGIN_MISSING, revision=1), "a": alone},
            engines=engines,
        )
        for engines, alone in {
            ("chromium", "webkit"): contradicted(verdict=ALLOW, preflight=UNSEEN),
            ("gecko",): passed(preflight=UNSEEN),
        }.items()
    ),
    Scenario(
        name="a redirect followed although refused",
        traffic=(redirect("h", to=THIRD, answer=()), cors("a", 0.1, url=THIRD, origin="null", answer=NULL)),
        expected={"h": contradicted("a", verdict=DENY, revision=2), "a": passed("h")},
    ),
    *(
        Scenario(
            name=f"a POST to plain http that {name}",
            traffic=(
                Sent(
                    id="a",
                    method="POST",
                    url="http://api.example.test/",
                    request=tuple((line, {"Origin": PLAIN_PAGE, **values}[line]) for line in order),
                ),
            ),
            expected={"a": found},
            engines=engines,
        )
        for name, engines, values, order, found in (
            ("is a beacon of Gecko's", ("gecko",), GECKOS, ("Origin", "Referer", "Priority"), A_BEACON),
            (
                "is a beacon of Gecko's from another",
                ("chromium", "webkit"),
                GECKOS,
                ("Origin", "Referer", "Priority"),
                NO_BEACON,
            ),
            ("has Gecko's order of fetch", ("gecko",), GECKOS, ("Referer", "Origin", "Priority"), NO_BEACON),
            ("has Gecko's priority and no Referer", ("gecko",), GECKOS, ("Origin", "Priority"), NO_BEACON),
            ("has Gecko's order of XMLHttpRequest", ("gecko",), GECKOS, ("Origin", "Referer"), NO_BEACON),
            (
                "is a beacon of WebKit's",
                ("webkit",),
                WEBKITS,
                ("Accept", "Referer", "Origin", "Cache-Control"),
                A_BEACON,
            ),
            (
                "has WebKit's order of XMLHttpRequest",
                ("webkit",),
                WEBKITS,
                ("Accept", "Origin", "Referer", "Cache-Control"),
                NO_BEACON,
            ),
            ("has WebKit's order of beacons alone", ("webkit",), WEBKITS, ("Accept", "Referer", "Origin"), NO_BEACON),
        )
    ),
    *(
        Scenario(
            name=f"a POST of unknown mode, redirected, {name}",
            traffic=(
                post("h", "http://api.example.test/go", PLAIN_PAGE, status=307, answer=(("Location", to), *answer)),
                post("a", to, origin, 0.1),
            ),
            expected={"h": found, "a": found_next},
        )
        for name, to, origin, answer, found, found_next in (
            (
                "went on though a cors request would not have",
                "http://www.shop.test/",
                "null",
                (),
                {"verdict": NOT_CORS, "role": Role.NO_CORS, "contradicted": False, "revision": 2},
                {"verdict": NOT_CORS, "role": Role.NO_CORS},
            ),
            (
                "may have passed a check or not",
                "http://api.example.test/on",
                PLAIN_PAGE,
                allow("*"),
                {
                    "verdict": ALLOW,
                    "credentials": UNKNOWN,
                    "assumptions": (Assumption.CORS_MODE, Assumption.MODE_LIKELY_OMIT),
                },
                {"verdict": DENY, "assumptions": (Assumption.CORS_MODE,)},
            ),
        )
    ),
    *(
        Scenario(
            name=f"a redirect {name} that nothing followed",
            traffic=(
                redirect("h", to=to, origin=page, answer=STAR),
                cors("late", 70.0, origin=page, answer=allow(page)),
            ),
            expected={"h": found, "late": passed()},
        )
        for name, page, to, found in (
            ("to mixed content", PAGE, "http://third.test/x", passed(credentials=UNKNOWN)),
            ("to plain http from a page of plain http", PLAIN_PAGE, "http://third.test/x", NOTHING_CAME),
            ("to https", PAGE, THIRD, NOTHING_CAME),
            ("to this machine", PAGE, "http://localhost:3000/x", NOTHING_CAME),
        )
    ),
    Scenario(
        name="a redirect of two that lead to one URL, the other refused",
        traffic=(
            redirect("h1", to=THIRD, answer=()),
            redirect("h2", 0.1, to=THIRD),
            cors("a", 0.2, url=THIRD, origin="null", answer=NULL),
        ),
        expected={"h1": refused(Reason.ALLOW_ORIGIN_MISSING), "h2": passed("a"), "a": passed("h2")},
    ),
    Scenario(
        name="a preflight after a redirect, and a request without the header that it asks for",
        traffic=(
            redirect("h", to=OTHER),
            preflight("p", 0.1, method="GET", headers="content-type", url=OTHER, answer=allow(headers="content-type")),
            cors("a", 0.2, url=OTHER),
            cors("b", 0.3, url=OTHER, request=(("Content-Type", "application/json"),)),
        ),
        expected={
            "h": passed("p", "b"),
            "p": passed("h", "b"),
            "a": passed(preflight=NOT_NEEDED),
            "b": passed("h", "p", preflight=SENT),
        },
        engines=("chromium", "gecko"),
    ),
    Scenario(
        name="a preflight that still asks for what a redirect took away",
        traffic=(
            redirect("h", method="POST", status=303, to=OTHER, request=(("Content-Type", "text/plain"),)),
            preflight("p", 0.1, method="GET", headers="content-type", url=OTHER, answer=allow(headers="content-type")),
            cors("a", 0.2, url=OTHER),
        ),
        expected={"h": passed("p", "a"), "p": passed("h", "a"), "a": passed("h", "p", preflight=SENT)},
        engines=("gecko", "webkit"),
    ),
    Scenario(
        name="a request whose cached preflight is added to before it ends",
        traffic=(
            preflight("p", answer=PUT_60),
            cors("a", 0.1, "PUT"),
            preflight("q", 0.2, headers="x-a", answer=allow(methods="PUT", headers="x-a", max_age="60"), took=0.2),
            cors("b", 0.3, "PUT", took=0.3),
            cors("c", 0.7, "PUT", request=(("X-A", "1"),)),
        ),
        expected={
            "p": passed("a"),
            "a": passed("p", preflight=SENT),
            "q": passed("b", "c"),
            "b": {"verdict": ALLOW, "preflight": CACHED, "contradicted": False},
            "c": passed("q", preflight=SENT),
        },
        engines=("gecko",),
    ),
    Scenario(
        name="recording began later",
        traffic=(cors("a", 0.0, "PUT"), cors("b", 3.0, url=OTHER, request=(("X-A", "1"),))),
        expected={
            "a": passed(preflight=UNSEEN, preflight_because=("method PUT",)),
            "b": passed(preflight=UNSEEN, preflight_because=("header x-a",)),
        },
    ),
    Scenario(
        name="no entry can be so old",
        traffic=(cors("b", 0.0), cors("a", 90000.0, "PUT")),
        expected={"b": passed(), "a": contradicted(preflight=UNSEEN, verdict=ALLOW)},
    ),
    Scenario(
        name="what is not cached is missing",
        traffic=(preflight("p", answer=PUT_0), cors("a", 0.1, "PUT"), cors("b", 1.0, "PUT")),
        expected={"p": passed("a"), "a": passed("p"), "b": contradicted(preflight=UNSEEN)},
        engines=("chromium", "webkit"),
    ),
    Scenario(
        name="Firefox may have the same entry from before the recording",
        traffic=(preflight("p", answer=PUT_0), cors("a", 0.1, "PUT"), cors("b", 1.0, "PUT")),
        expected={"p": passed("a"), "a": passed("p"), "b": passed(preflight=UNSEEN)},
        engines=("gecko",),
    ),
    Scenario(
        name="Firefox may have another method's entry from before the recording",
        traffic=(preflight("p", answer=PUT_0), cors("a", 0.1, "PUT"), cors("b", 1.0, "DELETE")),
        expected={"p": passed("a"), "a": passed("p"), "b": passed(preflight=UNSEEN)},
        engines=("gecko",),
    ),
    Scenario(
        name="a dropped connection is tried again",
        traffic=(
            preflight("p", answer=PUT_0),
            cors("a", 0.1, "PUT", status=None, answer=()),
            cors("b", 0.2, "PUT"),
        ),
        expected={
            "p": {"verdict": ALLOW, "contradicted": False},
            "a": {"verdict": DENY, "reason": Reason.NETWORK_ERROR, "contradicted": False},
            "b": {"verdict": ALLOW, "contradicted": False},
        },
        engines=("chromium", "gecko"),
    ),
    Scenario(
        name="more URLs than are remembered",
        traffic=(
            cors("first", 0.0),
            *(preflight(f"p{n}", 650.0 + n / 10, url=f"{API}/{n}", answer=GRANTED) for n in range(300)),
            cors("a", 700.0, "PUT", url=f"{API}/0"),
        ),
        expected={
            "first": {"verdict": ALLOW},
            **{f"p{n}": {"verdict": ALLOW} for n in range(300)},
            "a": {"verdict": ALLOW, "contradicted": False},
        },
        engines=("webkit",),
    ),
    Scenario(
        name="a browser with many languages",
        traffic=(
            cors("b", 0.0, request=(("Accept-Language", "en-US,en;q=0.9" + ",de;q=0.8" * 20),)),
            cors("a", 90000.0, request=(("Accept-Language", "en-US,en;q=0.9" + ",de;q=0.8" * 20),)),
        ),
        expected={"b": passed(preflight=NOT_NEEDED), "a": passed(preflight=NOT_NEEDED)},
    ),
)

ETAG: Lines = (("ETag", '"1"'),)
NOON = "Wed, 21 Oct 2015 12:00:00 GMT"
DATED: Lines = (("Last-Modified", NOON),)
IF_NONE_MATCH: Lines = (("If-None-Match", '"1"'),)

TOGETHER: tuple[Scenario, ...] = (
    Scenario(
        name="asked for before a refused redirect led there",
        traffic=(redirect("h", 0.01, to=OTHER, answer=(), took=0.02), cors("b", url=OTHER, took=0.05)),
        expected={"h": refused(Reason.ALLOW_ORIGIN_MISSING), "b": passed()},
    ),
    Scenario(
        name="asked for right after a refused redirect led there",
        traffic=(redirect("h", to=OTHER, answer=()), cors("b", 0.02, url=OTHER)),
        expected={"h": refused(Reason.ALLOW_ORIGIN_MISSING), "b": passed()},
    ),
    Scenario(
        name="asked for long after a redirect led there that only one credentials mode lets pass",
        traffic=(redirect("h", to=OTHER, answer=STAR), cors("b", 7.0, url=OTHER)),
        expected={"h": passed(credentials=UNKNOWN), "b": passed()},
    ),
    Scenario(
        name="the latest of several redirects is followed",
        traffic=(
            redirect("refused", 0.03, to=THIRD, answer=()),
            redirect("h1", 0.03, to=THIRD, took=0.1),
            redirect("h2", 0.2, to=THIRD, took=0.04),
            cors("a2", 0.25, url=THIRD, origin="null", answer=NULL),
            cors("a1", 0.14, url=THIRD, origin="null", answer=NULL, took=0.5),
        ),
        expected={
            "refused": refused(Reason.ALLOW_ORIGIN_MISSING),
            "h1": passed("a1"),
            "h2": passed("a2"),
            "a1": passed("h1"),
            "a2": passed("h2"),
        },
    ),
    Scenario(
        name="a preflight answered after a request began is not its own",
        traffic=(
            preflight("p", answer=PUT_60),
            cors("a", 0.02, "PUT"),
            preflight("p2", 0.045, answer=PUT_60, took=0.02),
            cors("b", 0.05, "PUT", took=0.1),
        ),
        expected={
            "p": passed("a", "b"),
            "a": passed("p", preflight=SENT),
            "p2": passed(),
            "b": passed("p", preflight=CACHED),
        },
        engines=("chromium", "webkit"),
    ),
    Scenario(
        name="the clocks of a recording differ",
        traffic=(preflight("p", took=0.05), cors("a", 0.03, "PUT", took=0.1)),
        expected={"p": passed("a"), "a": passed("p", preflight=SENT)},
        options={"skew": 0.05},
    ),
    Scenario(
        name="redirects of both credentials modes",
        traffic=(
            redirect("h1", to=THIRD, connection="one", request=COOKIE, answer=allow(credentials="true")),
            redirect("h2", 0.05, to=THIRD, connection="two", answer=allow(credentials="true")),
            preflight("p", 0.05, url=OTHER, connection="two"),
            cors("a", 0.1, url=THIRD, origin="null", answer=NULL),
        ),
        expected={
            "h1": passed(credentials=INCLUDE),
            "h2": passed("a", credentials=OMIT),
            "p": passed(),
            "a": passed("h2", assumptions=(Assumption.MAYBE_ANOTHER,)),
        },
        engines=("chromium",),
    ),
    Scenario(
        name="a preflight asks for what the redirect's request bore",
        traffic=(
            preflight("p1", headers="x-a", answer=allow(methods="PUT", headers="x-a")),
            redirect("h", 0.05, "PUT", to=OTHER, status=307, request=(("X-A", "1"),)),
            preflight("q", 0.08, url=OTHER),
            preflight("p2", 0.1, url=OTHER, headers="x-a", answer=allow(methods="PUT", headers="x-a")),
        ),
        expected={
            "p1": passed("h", "p2"),
            "h": passed("p1", "p2"),
            "q": passed(),
            "p2": passed("p1", "h"),
        },
    ),
    Scenario(
        name="the preflight that asks for all that the request bears",
        traffic=(
            preflight("p1", headers="authorization", answer=allow(methods="PUT", headers="authorization")),
            preflight("p2", 0.001, answer=allow(methods="PUT", headers="authorization")),
            cors("a1", 0.1, "PUT", request=(("Authorization", "Bearer x"),)),
            cors("a2", 0.1, "PUT"),
        ),
        expected={
            "p1": passed("a1"),
            "p2": passed("a2"),
            "a1": passed("p1", preflight=SENT),
            "a2": passed("p2", preflight=SENT),
        },
    ),
    Scenario(
        name="every request has a User-Agent, and few have the script's",
        traffic=(
            preflight("p1", headers="x-a", method="GET", answer=allow(headers="x-a, user-agent")),
            preflight("p2", 0.001, headers="user-agent", method="GET", answer=allow(headers="x-a, user-agent")),
            cors("a1", 0.1, request=(("X-A", "1"),)),
            cors("a2", 0.1, agent=b"mine/1.0"),
        ),
        expected={
            "p1": passed("a1"),
            "p2": passed("a2"),
            "a1": passed("p1", preflight=SENT),
            "a2": passed("p2", preflight=SENT),
        },
        engines=("gecko", "webkit"),
    ),
    Scenario(
        name="rather the preflight that asks for what the request bears than for what a redirect took",
        traffic=(
            preflight("p1", 0.0, method="GET", headers="authorization", answer=allow(headers="authorization")),
            redirect("h", 0.1, to=SHOP, request=(("Authorization", "Bearer x"),)),
            preflight("q2", 0.2, method="GET", url=SHOP, headers="x-a", answer=allow(headers="x-a")),
            preflight("q1", 0.21, method="GET", url=SHOP, headers="authorization", answer=allow(headers="*")),
            cors("a", 0.3, url=SHOP, request=(("X-A", "1"),)),
        ),
        expected={
            "p1": {"verdict": ALLOW},
            "h": {"verdict": ALLOW},
            "q1": {"origin": PAGE},
            "q2": passed("a"),
            "a": passed("q2", preflight=SENT),
        },
        engines=("gecko",),
    ),
    Scenario(
        name="the preflight of a known credentials mode",
        traffic=(
            preflight("p1", url=SHOP, site="cross-site", request=STORAGE_ACCESS, answer=GRANTED),
            preflight("p2", 0.001, url=SHOP, site="cross-site", answer=GRANTED),
            cors("a1", 0.1, "PUT", url=SHOP, site="cross-site", request=(*COOKIE, *STORAGE_ACCESS), answer=STAR),
            cors("a2", 0.1, "PUT", url=SHOP, site="cross-site", answer=STAR),
        ),
        expected={
            "p1": passed("a1", credentials=INCLUDE),
            "p2": passed("a2"),
            "a1": refused(Reason.ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS, "p1"),
            "a2": passed("p2"),
        },
        engines=("gecko",),
    ),
    Scenario(
        name="the request of a preflight is late, and that of a later one was answered",
        traffic=(
            preflight("p1", answer=STAR_PUT_60),
            preflight("p2", 0.02, answer=STAR_PUT_60),
            cors("a2", 0.04, "PUT", answer=STAR),
            cors("a1", 0.07, "PUT", answer=STAR),
        ),
        expected={
            "p1": passed("a1", credentials=OMIT, assumptions=(Assumption.MAYBE_CACHED, Assumption.MAYBE_ANOTHERS)),
            "p2": passed("a2", credentials=OMIT, assumptions=(Assumption.MAYBE_CACHED, Assumption.MAYBE_ANOTHERS)),
            "a1": passed("p1", preflight=SENT),
            "a2": passed("p2", preflight=SENT),
        },
        engines=("chromium", "webkit"),
    ),
    Scenario(
        name="too late for a preflight before the last",
        traffic=(
            preflight("p1", answer=STAR_PUT_60),
            preflight("p2", 0.02, answer=STAR_PUT_60),
            cors("a2", 0.04, "PUT", answer=STAR),
            cors("b", 3.0, "PUT", answer=STAR),
        ),
        expected={
            "p1": refused(
                Reason.ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS,
                credentials=INCLUDE,
                assumptions=(Assumption.NOT_FOLLOWED,),
            ),
            "p2": passed("a2", "b", credentials=OMIT),
            "a2": passed("p2", preflight=SENT),
            "b": passed("p2", preflight=CACHED),
        },
        engines=("chromium", "webkit"),
        finish=True,
    ),
    Scenario(
        name="a request that had to wait for the answer to another has a preflight of its own",
        traffic=(
            preflight("p1", answer=STAR_PUT_60),
            preflight("p2", 0.02, answer=STAR_PUT_60),
            cors("a2", 0.04, "PUT", answer=STAR, took=1.0),
            cors("b", 1.05, "PUT", answer=STAR),
        ),
        expected={
            "p1": passed("b", credentials=OMIT),
            "p2": passed("a2", credentials=OMIT),
            "a2": passed("p2", preflight=SENT),
            "b": passed("p1", preflight=SENT),
        },
        engines=("chromium", "webkit"),
        finish=True,
    ),
    Scenario(
        name="a later preflight that asks for less than the request bears is another's",
        traffic=(
            preflight("p2", method="GET", headers="x-a, x-b", answer=allow("*", headers="x-a, x-b", max_age="60")),
            preflight("p1", 0.3, method="GET", headers="x-a", answer=allow("*", headers="x-a, x-b", max_age="60")),
            cors("b", 0.5, request=(("X-A", "1"), ("X-B", "1")), answer=STAR),
            cors("a", 0.6, request=(("X-A", "1"),), answer=STAR),
        ),
        expected={
            "p1": passed("a"),
            "p2": passed("b"),
            "b": passed("p2", preflight=SENT),
            "a": passed("p1", preflight=SENT),
        },
        engines=("chromium", "webkit"),
    ),
    Scenario(
        name="a redirect of a request with another header did not lead to this preflight",
        traffic=(
            preflight("p1", method="GET", headers="x-a", answer=allow(headers="x-a")),
            preflight("p2", 0.001, method="GET", headers="authorization", answer=allow(headers="authorization")),
            redirect("h1", 0.02, to=OTHER, request=(("X-A", "1"),)),
            redirect("h2", 0.04, to=OTHER, request=(("Authorization", "Bearer x"),)),
            preflight(
                "q2", 0.06, method="GET", url=OTHER, headers="authorization", answer=allow(headers="authorization")
            ),
            preflight("q1", 0.08, method="GET", url=OTHER, headers="x-a", answer=allow(headers="x-a")),
        ),
        expected={
            **{key: {"verdict": ALLOW} for key in ("p1", "p2", "h1", "h2")},
            "q1": {"paired_with": ("p1", "h1")},
            "q2": {"paired_with": ("p2", "h2")},
        },
    ),
    Scenario(
        name="requests in both credentials modes under one preflight",
        traffic=(
            preflight("p", connection="one", answer=GRANTED),
            cors("a", 0.02, "PUT", connection="one", answer=GRANTED),
            cors("b", 0.02, "PUT", connection="two", request=COOKIE, answer=GRANTED, took=0.1),
            cors("c", 10.0, "PUT", connection="two", request=COOKIE, answer=GRANTED),
        ),
        expected={
            "p": passed("a", "b"),
            "a": passed("p", preflight=SENT, credentials=OMIT),
            "b": passed("p", preflight=CACHED, credentials=INCLUDE),
            "c": contradicted(preflight=UNSEEN),
        },
        engines=("chromium",),
    ),
    Scenario(
        name="a later request took the preflight of an earlier one",
        traffic=(
            preflight("p0", connection="one", answer=PUT_0),
            redirect("h", 0.02, "PUT", to=OTHER, status=307, connection="one"),
            preflight("q1", 0.1, url=OTHER, connection="one", answer=PUT_0),
            preflight("q2", 0.0, url=OTHER, connection="one", answer=PUT_0, took=0.3),
            cors("b", 0.35, "PUT", url=OTHER, connection="one"),
            cors("a", 0.12, "PUT", url=OTHER, connection="one", took=0.5),
        ),
        expected={
            "p0": {"verdict": ALLOW},
            "h": {"verdict": ALLOW},
            "q1": passed("p0", "h", "a"),
            "q2": passed("b"),
            "b": passed("q2", preflight=SENT),
            "a": passed("p0", "h", "q1", preflight=SENT),
        },
        engines=("chromium",),
    ),
    Scenario(
        name="a request that used the cache took the preflight of an earlier one",
        traffic=(
            preflight("p1", answer=PUT_60),
            preflight("x", 0.02, method="DELETE", answer=()),
            preflight("p2", 0.04, answer=PUT_60),
            preflight("y", 0.06, method="DELETE", answer=()),
            cors("b", 0.08, "PUT"),
            cors("c", 0.1, "PUT"),
            cors("a", 0.035, "PUT", took=0.2),
        ),
        expected={
            "p1": passed("c", "a"),
            "p2": passed("b"),
            "x": {"contradicted": False},
            "y": {"contradicted": False},
            "b": passed("p2", preflight=SENT),
            "c": passed("p1", preflight=SENT),
            "a": passed("p1", preflight=CACHED, assumptions=(Assumption.QUEUED, Assumption.MODE_LIKELY_OMIT)),
        },
        engines=("chromium",),
    ),
    Scenario(
        name="asked for without credentials, where a redirect with them led",
        traffic=(
            redirect("h", to=OTHER, request=COOKIE, answer=allow(credentials="true")),
            preflight("p", 0.02, connection="one", url=SHOP),
            cors("b", 0.05, url=OTHER, connection="one", answer=STAR),
        ),
        expected={"h": passed(credentials=INCLUDE), "p": passed(), "b": passed(credentials=OMIT)},
        engines=("chromium",),
    ),
    Scenario(
        name="the credentials mode of a request tells which redirect its preflight followed",
        traffic=(
            preflight("p1", connection="one", answer=GRANTED),
            preflight("p2", 0.01, connection="one", answer=GRANTED),
            redirect("h2", 0.03, "PUT", to=THIRD, status=307, connection="two", request=COOKIE, answer=GRANTED),
            redirect("h1", 0.04, "PUT", to=THIRD, status=307, connection="one", answer=GRANTED),
            preflight("q2", 0.06, url=THIRD, origin="null", answer=NULL_PUT),
            cors("a2", 0.08, "PUT", url=THIRD, origin="null", request=COOKIE, answer=NULL),
            preflight("q1", 0.1, url=THIRD, origin="null", answer=NULL_PUT),
            cors("a1", 0.12, "PUT", url=THIRD, origin="null", answer=NULL),
        ),
        expected={
            "p1": passed("h2", "q2", "a2"),
            "p2": passed("h1", "q1", "a1"),
            "h1": passed("p2", "q1", "a1", credentials=OMIT),
            "h2": passed("p1", "q2", "a2", credentials=INCLUDE),
            "q1": passed("p2", "h1", "a1", credentials=OMIT),
            "q2": passed("p1", "h2", "a2", credentials=INCLUDE),
            "a1": passed("p2", "h1", "q1", credentials=OMIT),
            "a2": refused(Reason.ALLOW_CREDENTIALS_NOT_TRUE, "p1", "h2", "q2", credentials=INCLUDE),
        },
        engines=("chromium",),
    ),
    Scenario(
        name="equal requests of two windows at once: each goes with the preflights on its connection, in their order",
        traffic=(
            *(
                over(window, preflight(f"p{number}{window}", at, took=0.05, answer=allow(methods="PUT", max_age="0")))
                for number in (1, 2)
                for window, at in (("one", 0.02 * number), ("two", 0.02 * number + 0.01))
            ),
            *(
                over(window, cors(f"a{number}{window}", at, "PUT", answer=allow()))
                for number in (1, 2)
                for window, at in (("two", 0.1 + 0.02 * number), ("one", 0.11 + 0.02 * number))
            ),
        ),
        expected={
            f"{kind}{number}{window}": passed(
                f"{'a' if kind == 'p' else 'p'}{number}{window}", assumptions=(Assumption.MAYBE_ANOTHERS,)
            )
            for kind in "pa"
            for number in (1, 2)
            for window in ("one", "two")
        },
        engines=("chromium",),
    ),
)

REVALIDATION: tuple[Scenario, ...] = (
    Scenario(
        name="a 304 without CORS headers",
        traffic=(
            cors("a", answer=(*STAR, *ETAG, ("X-A", "1"))),
            cors("b", 1.0, status=304, request=IF_NONE_MATCH, answer=ETAG),
        ),
        expected={
            "a": passed(),
            "b": passed(assumptions=(Assumption.MAYBE_ANOTHERS_COPY, Assumption.MODE_LIKELY_OMIT)),
        },
    ),
    Scenario(
        name="a 304 to what came over the same connection",
        traffic=(
            cors("a", answer=(*STAR, *ETAG, ("X-A", "1")), connection="one"),
            cors("b", 1.0, status=304, request=IF_NONE_MATCH, answer=ETAG, connection="one"),
        ),
        expected={"a": passed(), "b": passed(assumptions=(Assumption.MODE_LIKELY_OMIT,))},
    ),
    Scenario(
        name="a 304 with all that was stored",
        traffic=(
            cors("a", answer=(*allow(), *ETAG, ("X-A", "1"))),
            cors("b", 1.0, status=304, request=IF_NONE_MATCH, answer=(*allow(), *ETAG)),
        ),
        expected={"a": passed(), "b": passed(assumptions=(Assumption.MODE_LIKELY_OMIT,))},
    ),
    Scenario(
        name="a 304 with a foreign origin",
        traffic=(
            cors("a", answer=(*allow(), *ETAG)),
            cors("b", 1.0, status=304, request=IF_NONE_MATCH, answer=allow("https://b.test")),
        ),
        expected={"a": passed(), "b": refused(Reason.ALLOW_ORIGIN_MISMATCH, detail="https://b.test")},
    ),
    Scenario(
        name="a 304 that makes good what was stored",
        traffic=(
            cors("a", answer=ETAG),
            cors("b", 1.0, status=304, request=IF_NONE_MATCH, answer=allow()),
        ),
        expected={"a": refused(Reason.ALLOW_ORIGIN_MISSING), "b": passed()},
    ),
    Scenario(
        name="two 304 in turn",
        traffic=(
            cors("a", answer=(*allow(), *ETAG)),
            cors("b", 1.0, status=304, request=IF_NONE_MATCH, answer=ETAG),
            cors("c", 2.0, status=304, request=IF_NONE_MATCH, answer=()),
        ),
        expected={"a": passed(), "b": passed(), "c": passed()},
    ),
    Scenario(
        name="a 304 for what was stored before the recording",
        traffic=(cors("b", status=304, request=IF_NONE_MATCH, answer=ETAG),),
        expected={"b": passed(assumptions=(Assumption.STORED_RESPONSE_PASSES,))},
    ),
    Scenario(
        name="a 304 for what was stored before the recording, with a cookie",
        traffic=(cors("b", status=304, request=(*IF_NONE_MATCH, *COOKIE), answer=ETAG),),
        expected={"b": passed(assumptions=(Assumption.STORED_RESPONSE_PASSES,), credentials=INCLUDE)},
    ),
    Scenario(
        name="a 304 for what was stored before the recording, after its preflight",
        traffic=(
            preflight("p", method="GET", headers="x-a", answer=allow("*", headers="x-a")),
            cors("b", 0.1, status=304, request=(*IF_NONE_MATCH, ("X-A", "1")), answer=ETAG),
        ),
        expected={
            "p": passed("b", credentials=OMIT, assumptions=()),
            "b": passed("p", preflight=SENT, credentials=OMIT, assumptions=(Assumption.STORED_RESPONSE_PASSES,)),
        },
    ),
    Scenario(
        name="a 304 to the script's own condition",
        traffic=(
            preflight("p", method="GET", headers="if-none-match", answer=allow(headers="if-none-match")),
            cors("b", 0.1, status=304, request=IF_NONE_MATCH, answer=()),
        ),
        expected={"p": passed("b"), "b": refused(Reason.ALLOW_ORIGIN_MISSING, "p", preflight=SENT)},
    ),
    Scenario(
        name="an image stored without CORS, then asked for with it",
        traffic=(
            Sent(id="i", request=(*metadata(mode="no-cors", dest="image"), *COOKIE), answer=ETAG),
            cors("b", 1.0, status=304, request=IF_NONE_MATCH, answer=()),
        ),
        expected={"b": refused(Reason.ALLOW_ORIGIN_MISSING)},
    ),
    Scenario(
        name="an image stored without CORS, whose 304 allows",
        traffic=(
            Sent(id="i", request=metadata(mode="no-cors", dest="image"), answer=ETAG),
            cors("b", 1.0, status=304, request=IF_NONE_MATCH, answer=allow()),
        ),
        expected={"b": passed()},
    ),
    Scenario(
        name="an image that allowed when it was stored without CORS",
        traffic=(
            Sent(id="i", request=metadata(mode="no-cors", dest="image"), answer=(*ETAG, *allow())),
            cors("b", 1.0, status=304, request=IF_NONE_MATCH, answer=ETAG),
        ),
        expected={"b": passed(assumptions=(Assumption.MAYBE_ANOTHERS_COPY, Assumption.MODE_LIKELY_OMIT))},
    ),
    Scenario(
        name="an image stored without CORS, revalidated after the script's own condition",
        traffic=(
            Sent(id="i", request=metadata(mode="no-cors", dest="image"), answer=ETAG),
            preflight("p", 1.0, method="GET", headers="if-none-match", answer=allow(headers="if-none-match")),
            cors("a", 1.1, status=304, request=IF_NONE_MATCH, answer=()),
            cors("b", 2.0, status=304, request=IF_NONE_MATCH, answer=allow("https://b.test")),
        ),
        expected={
            "p": passed("a"),
            "a": refused(Reason.ALLOW_ORIGIN_MISSING, "p", preflight=SENT),
            "b": refused(Reason.ALLOW_ORIGIN_MISMATCH, detail="https://b.test", preflight=NOT_NEEDED),
        },
    ),
    *(
        Scenario(
            name=f"an image stored without CORS, updated by a 304 to the script's own condition, {engines[0]}",
            traffic=(
                Sent(id="i", request=metadata(mode="no-cors", dest="image"), answer=ETAG),
                preflight("p", 1.0, method="GET", headers="if-none-match", answer=allow(headers="if-none-match")),
                cors("a", 1.1, status=304, request=IF_NONE_MATCH, answer=allow()),
                cors("b", 2.0, status=304, request=IF_NONE_MATCH, answer=()),
            ),
            expected={"p": passed("a"), "a": passed("p", preflight=SENT), "b": found},
            engines=engines,
        )
        for engines, found in (
            (("chromium",), passed(preflight=NOT_NEEDED)),
            (("gecko", "webkit"), refused(Reason.ALLOW_ORIGIN_MISSING, preflight=NOT_NEEDED)),
        )
    ),
    Scenario(
        name="an image stored without CORS, and dated",
        traffic=(
            Sent(id="i", request=metadata(mode="no-cors", dest="image"), answer=DATED),
            cors("b", 1.0, status=304, request=(("If-Modified-Since", NOON),), answer=()),
        ),
        expected={"b": refused(Reason.ALLOW_ORIGIN_MISSING)},
    ),
    Scenario(
        name="an image stored without CORS, and a script's own condition",
        traffic=(
            Sent(id="i", request=metadata(mode="no-cors", dest="image"), answer=ETAG),
            preflight("p", 1.0, method="GET", headers="if-none-match", answer=allow(headers="if-none-match")),
            cors(
                "b",
                1.1,
                status=304,
                request=IF_NONE_MATCH,
                answer=(*allow(), ("Access-Control-Expose-Headers", "ETag")),
            ),
            cors("c", 2.0, status=304, request=IF_NONE_MATCH, answer=()),
        ),
        expected={
            "p": passed("b"),
            "b": passed("p", preflight=SENT),
            "c": passed(preflight=NOT_NEEDED),  # Chromium has updated what it stored
        },
        engines=("chromium",),
    ),
    Scenario(
        name="another image than the one that is confirmed",
        traffic=(
            Sent(id="i", request=metadata(mode="no-cors", dest="image"), answer=(("ETag", '"0"'),)),
            cors("b", 1.0, status=304, request=IF_NONE_MATCH, answer=()),
        ),
        expected={"b": passed(assumptions=(Assumption.STORED_RESPONSE_PASSES,))},
    ),
    Scenario(
        name="an image stored by another browser",
        traffic=(
            Sent(id="i", request=metadata(mode="no-cors", dest="image"), answer=ETAG, agent=b"another"),
            cors("b", 1.0, status=304, request=IF_NONE_MATCH, answer=()),
        ),
        expected={"b": passed(assumptions=(Assumption.STORED_RESPONSE_PASSES,))},
    ),
    *(
        Scenario(
            name=f"stored with CORS, then as an image, {engines[0]}",
            traffic=(
                cors("a", answer=(*STAR, *ETAG)),
                Sent(id="i", at=1.0, request=metadata(mode="no-cors", dest="image"), answer=ETAG),
                cors("b", 2.0, status=304, request=IF_NONE_MATCH, answer=()),
            ),
            expected={"a": passed(), "b": found},
            engines=engines,
        )
        for engines, found in (
            (("chromium", "webkit"), refused(Reason.ALLOW_ORIGIN_MISSING)),
            (("gecko",), passed()),  # without credentials it has a response of its own
        )
    ),
    *(
        Scenario(
            name=f"nothing follows a preflight where the answer is at hand, {name}",
            traffic=(
                first,
                preflight("p", 2.0, method="GET", headers="x-a", answer=allow("*", headers="x-a")),
            ),
            expected={
                **({"a": passed()} if first.id == "a" else {}),
                "p": {"verdict": verdict, "credentials": INCLUDE if verdict is DENY else UNKNOWN},
            },
            finish=True,
        )
        for name, verdict, first in (
            ("fresh", ALLOW, cors("a", answer=(*STAR, ("Cache-Control", "max-age=60")))),
            ("dated", ALLOW, cors("a", answer=(*STAR, *DATED))),
            ("as an image", ALLOW, Sent(id="i", request=metadata(mode="no-cors", dest="image"), answer=DATED)),
            ("stale", DENY, cors("a", answer=(*STAR, *ETAG, ("Cache-Control", "max-age=1")))),
            ("to be confirmed", DENY, cors("a", answer=(*STAR, *ETAG, ("Cache-Control", "no-cache")))),
            ("not kept", DENY, cors("a", answer=(*STAR, *ETAG, ("Cache-Control", "max-age=60, no-store")))),
            ("of another method", DENY, cors("a", method="POST", answer=(*STAR, *DATED), request=TEXT)),
        )
    ),
)

STORAGE: Lines = (("Sec-Fetch-Storage-Access", "active"),)
CROSS: dict[str, Any] = {"url": SHOP, "site": "cross-site"}


def told(mode: Credentials, evidence: str | None, verdict: Verdict = ALLOW, **more: Any) -> dict[str, Any]:
    """What is known of the credentials mode, and what follows from it."""
    return {"credentials": mode, "credentials_evidence": evidence, "verdict": verdict, **more}


COOKIE_SENT = "a Cookie header was sent"
AUTHORIZATION_SENT = "an Authorization header that the script did not set"
AUTHORIZATION_UNASKED = "an Authorization header that no preflight asked for"
STORAGE_SENT = "Sec-Fetch-Storage-Access was sent"
STORAGE_ABSENT = "no Sec-Fetch-Storage-Access on a cross-site request"
WITHHELD = "a cookie for this URL is known and was not sent"
SAME_INCLUDE = "its connection carries requests with credentials"
SAME_OMIT = "its connection carries requests without credentials"
APART_INCLUDE = "its connection carries requests with credentials, another one those without"
APART_OMIT = "its connection carries requests without credentials, another one those with"

OTHER_SITE = "https://www.shop.test"
OLD_CHROME = AGENTS["chromium"].replace(b"156", b"132")
SET_COOKIE = Sent(
    id="login",
    url="https://api.example.test/login",
    request=(("Sec-Fetch-Mode", "navigate"),),
    answer=(("Set-Cookie", "a=1; Path=/; SameSite=None; Secure"),),
)
GIVES_COOKIE = cors("login", answer=allow(PAGE, ("Set-Cookie", "a=1; Path=/")))

EVIDENCE: tuple[Scenario, ...] = (
    Scenario(
        name="none",
        traffic=(cors("a", answer=STAR),),
        expected={"a": told(UNKNOWN, None, assumptions=(Assumption.MODE_LIKELY_OMIT,))},
    ),
    # 1: Cookie, Authorization
    Scenario(
        name="a cookie",
        traffic=(cors("a", answer=STAR, request=COOKIE),),
        expected={
            "a": told(INCLUDE, COOKIE_SENT, DENY, reason=Reason.ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS, assumptions=())
        },
    ),
    Scenario(
        name="a cookie revises its preflight",
        traffic=(
            preflight("p", answer=allow("*", credentials="true", methods="PUT")),
            cors("a", 0.1, "PUT", request=COOKIE, answer=allow(credentials="true")),
        ),
        expected={
            "p": told(INCLUDE, COOKIE_SENT, DENY, contradicted=True, revision=2),
            "a": told(INCLUDE, COOKIE_SENT, preflight=UNSEEN, contradicted=True, paired_with=("p",)),
        },
    ),
    Scenario(
        name="a cookie confirms its preflight",
        traffic=(
            preflight("p", answer=allow(credentials="true", methods="PUT")),
            cors("a", 0.1, "PUT", request=COOKIE, answer=allow(credentials="true")),
        ),
        expected={
            "p": told(INCLUDE, COOKIE_SENT, contradicted=False, revision=2, assumptions=()),
            "a": told(INCLUDE, COOKIE_SENT, assumptions=()),
        },
    ),
    Scenario(
        name="a cookie after a redirect tells of the hop",
        traffic=(
            redirect("h", to="/other", answer=allow(credentials="true")),
            cors("a", 0.1, url=OTHER, request=COOKIE, answer=allow(credentials="true")),
        ),
        expected={"h": told(INCLUDE, COOKIE_SENT), "a": told(INCLUDE, COOKIE_SENT)},
    ),
    *(
        Scenario(
            name=f"Authorization of the browser, {value.partition(' ')[0]}",
            traffic=(cors("a", answer=STAR, request=(("Authorization", value),)),),
            expected={
                "a": told(
                    UNKNOWN,
                    AUTHORIZATION_UNASKED,
                    DENY,
                    preflight=NOT_NEEDED,
                    assumptions=(Assumption.AUTHORIZED_BY_BROWSER,),
                )
            },
        )
        for value in ("Basic x", "basic x", 'Digest username="x"', "Negotiate x", "NTLM x")
    ),
    Scenario(
        name="Authorization of the browser, for which its preflight does not ask",
        traffic=(
            preflight("p", answer=allow(credentials="true", methods="PUT")),
            cors("a", 0.1, "PUT", answer=STAR, request=(("Authorization", "Basic x"),)),
        ),
        expected={"p": told(INCLUDE, AUTHORIZATION_SENT), "a": told(INCLUDE, AUTHORIZATION_SENT, DENY, assumptions=())},
    ),
    Scenario(
        name="Basic authorization of a script, by leave of a preflight of another window, which was cached",
        traffic=(
            preflight("p", method="GET", headers="authorization", answer=allow("*", headers="authorization")),
            cors("a", 0.1, answer=STAR, request=(("Authorization", "Basic x"),)),
        ),
        expected={"p": told(OMIT, FOLLOWED), "a": told(OMIT, FOLLOWED)},
    ),
    Scenario(
        name="Authorization of the script says nothing",
        traffic=(
            preflight(
                "p", method="GET", headers="authorization", answer=allow(credentials="true", headers="authorization")
            ),
            cors("a", 0.1, request=(("Authorization", "Bearer x"),), answer=allow(credentials="true")),
        ),
        expected={"p": told(UNKNOWN, None), "a": told(UNKNOWN, None, preflight=SENT)},
    ),
    Scenario(
        name="Authorization of the script in a cached preflight says nothing",
        traffic=(
            preflight(
                "p",
                method="GET",
                headers="authorization",
                answer=allow(credentials="true", headers="authorization", max_age="60"),
            ),
            cors("a", 0.1, request=(("Authorization", "Bearer x"),), answer=allow(credentials="true")),
            cors("b", 1.0, request=(("Authorization", "Bearer x"),), answer=allow(credentials="true")),
        ),
        expected={
            "p": told(UNKNOWN, None),
            "a": told(UNKNOWN, None, preflight=SENT),
            "b": told(UNKNOWN, None, preflight=CACHED),
        },
    ),
    *(
        Scenario(
            name=f"a token whose preflight was cached before the recording, {value}",
            traffic=(cors("a", answer=STAR, request=(("Authorization", value),)),),
            expected={"a": told(UNKNOWN, None, preflight=UNSEEN, preflight_because=("header authorization",))},
        )
        for value in ("Bearer x", "token x", "Basicx", "x")
    ),
    # 2: Sec-Fetch-Storage-Access
    Scenario(
        name="storage access",
        traffic=(cors("a", answer=STAR, request=STORAGE, **CROSS),),
        expected={"a": told(INCLUDE, STORAGE_SENT, DENY)},
        engines=("chromium",),
    ),
    Scenario(
        name="no storage access across sites",
        traffic=(cors("a", answer=STAR, **CROSS),),
        expected={"a": told(OMIT, STORAGE_ABSENT, assumptions=())},
        engines=("chromium",),
    ),
    Scenario(
        name="no storage access in the same site",
        traffic=(cors("a", answer=STAR),),
        expected={"a": told(UNKNOWN, None)},
        engines=("chromium",),
    ),
    Scenario(
        name="no storage access in an older Chromium",
        traffic=(cors("a", answer=STAR, agent=OLD_CHROME, **CROSS),),
        expected={"a": told(UNKNOWN, None)},
        engines=("chromium",),
    ),
    Scenario(
        name="no storage access elsewhere",
        traffic=(cors("a", answer=STAR, **CROSS),),
        expected={"a": told(UNKNOWN, None)},
        engines=("gecko", "webkit"),
    ),
    Scenario(
        name="no storage access from an opaque origin",
        traffic=(cors("a", answer=STAR, origin="null", **CROSS),),
        expected={"a": told(UNKNOWN, None)},
        engines=("chromium",),
    ),
    Scenario(
        name="no storage access on http",
        traffic=(cors("a", answer=STAR, url="http://localhost:3000/x", site="cross-site"),),
        expected={"a": told(UNKNOWN, None)},
        engines=("chromium",),
    ),
    Scenario(
        name="judged as Chromium, sent by Firefox",
        traffic=(cors("a", answer=STAR, agent=AGENTS["gecko"], **CROSS),),
        expected={"a": told(UNKNOWN, None, engine=ENGINES["chromium"])},
        engines=("chromium",),
        options={"engine": "chromium"},
    ),
    Scenario(
        name="a preflight never tells",
        traffic=(preflight("p", answer=STAR_PUT, url=SHOP, site="cross-site"),),
        expected={"p": told(UNKNOWN, None)},
    ),
    # 3: a cookie withheld
    Scenario(
        name="a cookie withheld",
        traffic=(SET_COOKIE, cors("a", 1.0, answer=STAR)),
        expected={"a": told(UNKNOWN, WITHHELD, assumptions=(Assumption.COOKIE_HELD,))},
    ),
    Scenario(
        name="a cookie withheld, which does not tell of others on the connection",
        traffic=(
            SET_COOKIE,
            cors("a", 1.0, answer=STAR, connection="one"),
            cors("b", 2.0, answer=allow(credentials="true"), connection="one", request=COOKIE),
        ),
        expected={"a": told(INCLUDE, SAME_INCLUDE, DENY, revision=2), "b": told(INCLUDE, COOKIE_SENT)},
        engines=("chromium", "gecko"),
    ),
    Scenario(
        name="a cookie of one window, and a preflight of another that nothing follows",
        traffic=(SET_COOKIE, cors("a", 1.0, answer=STAR), preflight("p", 2.0, answer=STAR_PUT)),
        expected={"a": told(UNKNOWN, WITHHELD), "p": told(INCLUDE, NOT_FOLLOWED, DENY)},
        finish=True,
    ),
    Scenario(
        name="a cookie given to a sandboxed frame",
        traffic=(
            post("login", "http://api.example.test/login", "null", answer=(("Set-Cookie", "a=1; Path=/"),)),
            cors("n", 0.5, url="http://api.example.test/", origin="null", answer=NULL, request=COOKIE),
            cors("a", 1.0, url="http://api.example.test/", origin=PLAIN_PAGE, answer=STAR),
        ),
        expected={"login": {"verdict": DENY}, "n": told(INCLUDE, COOKIE_SENT, DENY), "a": told(UNKNOWN, None)},
    ),
    Scenario(
        name="a cookie given to a request of unknown mode",
        traffic=(GIVES_COOKIE, cors("a", 1.0, answer=STAR)),
        expected={"login": told(UNKNOWN, None), "a": told(UNKNOWN, None)},
    ),
    Scenario(
        name="a cookie given to a request of unknown mode, sent once and then withheld",
        traffic=(
            GIVES_COOKIE,
            cors("b", 1.0, answer=allow(credentials="true"), request=COOKIE),
            cors("a", 2.0, answer=STAR),
        ),
        expected={"login": told(UNKNOWN, None), "b": told(INCLUDE, COOKIE_SENT), "a": told(UNKNOWN, WITHHELD)},
    ),
    Scenario(
        name="a cookie given to a request of unknown mode, and another one sent",
        traffic=(
            GIVES_COOKIE,
            cors("b", 1.0, answer=allow(credentials="true"), request=(("Cookie", "other=1"),)),
            cors("a", 2.0, answer=STAR),
        ),
        expected={"login": told(UNKNOWN, None), "b": told(INCLUDE, COOKIE_SENT), "a": told(UNKNOWN, None)},
    ),
    Scenario(
        name="a cookie given to a request whose mode hindsight tells",
        traffic=(
            cors(
                "r",
                status=302,
                answer=(
                    *allow(credentials="true"),
                    ("Location", "/other"),
                    ("Set-Cookie", "session=1; Path=/items"),
                ),
            ),
            cors("s", 1.0, url="https://api.example.test/other", answer=allow(credentials="true"), request=COOKIE),
            cors("a", 2.0, answer=STAR),
        ),
        expected={"r": told(INCLUDE, COOKIE_SENT), "s": told(INCLUDE, COOKIE_SENT), "a": told(UNKNOWN, WITHHELD)},
    ),
    Scenario(
        name="a cookie of another path",
        traffic=(
            Sent(id="login", url="https://api.example.test/login", answer=(("Set-Cookie", "a=1; Path=/login"),)),
            cors("a", 1.0, answer=STAR),
        ),
        expected={"a": told(UNKNOWN, None)},
    ),
    Scenario(
        name="a cookie for https",
        traffic=(
            SET_COOKIE,
            cors("a", 1.0, url="http://api.example.test/items", origin="http://app.example.test", answer=STAR),
        ),
        expected={"a": told(UNKNOWN, None)},
    ),
    *(
        Scenario(
            name=f"a cookie that {name}",
            traffic=(
                Sent(
                    id="login",
                    url="https://api.example.test/login",
                    request=(("Referer", f"{page}/"), *metadata(site, mode, dest)),
                    answer=(("Set-Cookie", "a=1; Path=/; SameSite=Lax; Secure"),),
                ),
                cors("a", 1.0, answer=STAR),
            ),
            expected={"a": told(*found)},
        )
        for name, page, site, mode, dest, found in (
            ("an image set in its own site", PAGE, "same-site", "no-cors", "image", (UNKNOWN, WITHHELD)),
            ("an image set under another site's page", OTHER_SITE, "cross-site", "no-cors", "image", (UNKNOWN, None)),
            ("a frame set under another site's page", OTHER_SITE, "cross-site", "navigate", "iframe", (UNKNOWN, None)),
            ("a page set when a link led to it", OTHER_SITE, "cross-site", "navigate", "document", (UNKNOWN, WITHHELD)),
        )
    ),
    Scenario(
        name="a cookie of the same site, asked for across sites",
        traffic=(SET_COOKIE, cors("a", 1.0, origin="https://www.shop.test", site="cross-site", answer=STAR)),
        expected={"a": told(UNKNOWN, None)},
        engines=("gecko", "webkit"),
    ),
    # 4: hindsight
    Scenario(
        name="something followed",
        traffic=(preflight("p", answer=STAR_PUT), cors("a", 0.1, "PUT", answer=STAR)),
        expected={
            "p": told(OMIT, FOLLOWED, revision=2, assumptions=()),
            "a": told(OMIT, FOLLOWED, revision=1, assumptions=()),
        },
    ),
    Scenario(
        name="nothing followed",
        traffic=(preflight("p", answer=STAR_PUT),),
        expected={
            "p": told(
                INCLUDE,
                NOT_FOLLOWED,
                DENY,
                reason=Reason.ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS,
                revision=2,
                assumptions=(Assumption.NOT_FOLLOWED,),
            )
        },
        finish=True,
    ),
    Scenario(
        name="nothing followed a preflight that was sent to plain http, and so was no mixed content",
        traffic=(preflight("p", url="http://third.test/x", origin="null", answer=STAR_PUT),),
        expected={"p": told(INCLUDE, NOT_FOLLOWED, DENY)},
        finish=True,
    ),
    Scenario(
        name="nothing followed for a minute",
        traffic=(preflight("p", answer=STAR_PUT), cors("b", 62.0, url=OTHER)),
        expected={"p": told(INCLUDE, NOT_FOLLOWED, DENY, revision=2), "b": told(UNKNOWN, None)},
    ),
    Scenario(
        name="nothing followed, whichever the mode",
        traffic=(preflight("p", answer=allow(credentials="true", methods="PUT")),),
        expected={"p": told(UNKNOWN, None, revision=1)},
        finish=True,
    ),
    Scenario(
        name="a redirect was followed",
        traffic=(redirect("h", to="/other", answer=STAR), cors("a", 0.1, url=OTHER, answer=STAR)),
        expected={"h": told(OMIT, FOLLOWED), "a": told(OMIT, FOLLOWED)},
    ),
    Scenario(
        name="a redirect was not followed, whichever the mode",
        traffic=(redirect("h", to="/other", answer=allow(credentials="true")),),
        expected={"h": told(UNKNOWN, None, assumptions=(Assumption.STOPPED_HERE,), revision=2)},
        finish=True,
    ),
    Scenario(
        name="a redirect was followed at last",
        traffic=(
            redirect("h", to="/other", answer=allow(credentials="true")),
            cors("b", 62.0, url=SHOP),
            cors("a", 59.0, url=OTHER, took=5.0, answer=allow(credentials="true")),
        ),
        expected={"h": told(UNKNOWN, None, assumptions=()), "b": {}, "a": told(UNKNOWN, None)},
    ),
    Scenario(
        name="a redirect was not followed",
        traffic=(redirect("h", to="/other", answer=STAR),),
        expected={"h": told(INCLUDE, NOT_FOLLOWED, DENY)},
        finish=True,
    ),
    *(
        Scenario(
            name=f"where third-party cookies may be blocked: a cookie {name}",
            traffic=(
                Sent(
                    id="prime",
                    url="https://api.example.test/login",
                    request=(("Referer", f"{OTHER_SITE}/"), *metadata("cross-site", "no-cors", "image")),
                    answer=SET_COOKIE.answer,
                ),
                Sent(id="i", at=1.0, url=f"{PAGE}/i", request=(*COOKIE, *request), status=200),
                cors("a", 2.0, answer=STAR),
            ),
            expected={**expected, "a": told(*found)},
        )
        for name, request, expected, found in (
            (
                "after a redirect home",
                (("Origin", "null"), *metadata("cross-site")),
                {"i": {"credentials": INCLUDE}},
                (UNKNOWN, None),
            ),
            (
                "for a style sheet",
                (("Referer", f"{OTHER_SITE}/a.css"), *metadata("same-site", "no-cors", "image")),
                {},
                (UNKNOWN, None),
            ),
            (
                "for another site's page",
                (("Origin", OTHER_SITE), *metadata("cross-site")),
                {"i": {"credentials": INCLUDE}},
                (UNKNOWN, WITHHELD),
            ),
        )
    ),
    # connections
    Scenario(
        name="HTTP/2 connections of either kind, both open",
        traffic=(
            over("two", cors("c1", url=OTHER, request=COOKIE, answer=STAR)),
            over("one", preflight("p", 1.0, url=OTHER, answer=allow(credentials="true", methods="PUT"))),
            over("two", cors("c2", 2.0, url=OTHER, request=COOKIE, answer=STAR)),
            over("one", cors("a", 3.0, answer=STAR)),
            over("two", cors("b", 4.0, answer=STAR)),
            over("one", cors("d", 80.0, answer=STAR)),
        ),
        expected={
            "c1": told(INCLUDE, COOKIE_SENT, DENY),
            "p": told(UNKNOWN, None),
            "c2": told(INCLUDE, COOKIE_SENT, DENY),
            "a": told(UNKNOWN, APART_OMIT, assumptions=(Assumption.RIVAL_SAYS_OMIT,)),
            "b": told(UNKNOWN, APART_INCLUDE, DENY, assumptions=(Assumption.RIVAL_SAYS_INCLUDE,)),
            "d": told(UNKNOWN, None),  # the other may be closed by now
        },
        engines=("gecko",),
    ),
    Scenario(
        name="HTTP/2 connections of either kind, as shows later",
        traffic=(
            over("two", cors("c1", url=OTHER, request=COOKIE, answer=STAR)),
            over("one", cors("a", 1.0, answer=STAR)),
            over("one", preflight("p", 2.0, url=OTHER, answer=allow(credentials="true", methods="PUT"))),
            over("two", cors("c2", 3.0, url=OTHER, request=COOKIE, answer=STAR)),
        ),
        expected={
            "c1": told(INCLUDE, COOKIE_SENT, DENY),
            "a": told(UNKNOWN, APART_OMIT, revision=2),
            "p": told(UNKNOWN, None),
            "c2": told(INCLUDE, COOKIE_SENT, DENY),
        },
        engines=("gecko",),
    ),
    *(
        Scenario(
            name=f"HTTP/2 connections of either kind, {name}",
            traffic=(
                *(over("two", each) for each in two),
                over("one", preflight("p", 1.0, url=OTHER, answer=allow(credentials="true", methods="PUT"))),
                *(over("two", replace(each, id="z", at=1.5)) for each in two[:after]),
                over("one", cors("a", 3.0, answer=STAR)),
            ),
            expected={
                **{each.id: {} for each in two},
                **({"z": {}} if after else {}),
                "p": told(UNKNOWN, None),
                "a": told(UNKNOWN, None),
            },
            engines=("gecko",),
        )
        for name, after, two in (
            ("only one of them seen", 0, ()),
            ("one of them closed, it seems", 0, (cors("c", url=OTHER, request=COOKIE),)),
            ("but for pages of different sites", 1, (cors("c", url=OTHER, request=COOKIE, origin=OTHER_SITE),)),
            (
                "one of which has carried both",
                1,
                (cors("c", url=OTHER, request=COOKIE), preflight("q", 0.5, url=OTHER)),
            ),
        )
    ),
    Scenario(
        name="a connection that carries cookies",
        traffic=(
            cors("a", connection="one", answer=STAR),
            cors("b", 1.0, connection="one", url=OTHER, request=COOKIE, answer=STAR),
            cors("c", 2.0, connection="one", answer=STAR),
            cors("d", 3.0, connection="two", answer=STAR),
        ),
        expected={
            "a": told(INCLUDE, SAME_INCLUDE, DENY, revision=2),
            "b": told(INCLUDE, COOKIE_SENT, DENY),
            "c": told(INCLUDE, SAME_INCLUDE, DENY),
            "d": told(UNKNOWN, None),
        },
        engines=("chromium", "gecko"),
    ),
    Scenario(
        name="a connection that carries preflights",
        traffic=(
            preflight("p", connection="one", answer=allow(credentials="true", methods="PUT")),
            cors("a", 1.0, connection="one", url=OTHER, answer=STAR),
        ),
        expected={"p": told(UNKNOWN, None), "a": told(OMIT, SAME_OMIT)},
        engines=("chromium", "gecko"),
    ),
    Scenario(
        name="WebKit's connections carry anything",
        traffic=(
            cors("a", connection="one", answer=STAR),
            cors("b", 1.0, connection="one", url=OTHER, request=COOKIE, answer=STAR),
        ),
        expected={"a": told(UNKNOWN, None), "b": told(INCLUDE, COOKIE_SENT, DENY)},
        engines=("webkit",),
    ),
)
