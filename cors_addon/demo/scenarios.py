"""The scenarios of the demo: what the page asks, what the servers answer, and what comes of it.

Law: one table. The page shows it, the servers answer by it, and the tests hold browsers and verdicts against it.

In header values and texts, `{page}`, `{api}` and `{other}` stand for the three origins. What a story or a hint has
between backticks the page shows as code.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cors_addon.exchange.model import Verdict
from cors_addon.fetch.refusals import Reason, Stage

COOKIE = "cors_addon_demo"
"""The cookie that the page's server sets; cookies know no ports, so the other servers get it where it is included."""


@dataclass(frozen=True, slots=True)
class Origins:
    """Where the browser reaches the three servers."""

    page: str
    api: str
    other: str

    def fill(self, text: str) -> str:
        """A text of the table with the origins in it."""
        return text.replace("{page}", self.page).replace("{api}", self.api).replace("{other}", self.other)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answers; the headers as lines, for one may come twice."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One button of the page."""

    name: str
    """The path of its URL, too."""
    title: str
    story: str
    answer: Answer
    """What the API answers to the request proper."""
    look: str
    """What to look for in mitmweb."""
    method: str = "GET"
    credentials: str = "same-origin"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    reads: str | None = None
    """A response header that the script wants to read."""
    preflight: Answer | None = None
    """What the API answers to the preflight; None where the request needs none."""
    onward: Answer | None = None
    """What the third server answers, where the API redirects to it."""
    reason: Reason | None = None
    """Why a browser refuses; None where it allows."""
    reason_in_gecko: Reason | None = None
    """Why Firefox refuses, where it finds another fault first."""
    stage: Stage = Stage.ACTUAL
    hides: bool = False
    """Whether the header that the script wants to read is kept from it."""

    @property
    def verdict(self) -> Verdict:
        """What a browser decides about the whole."""
        return Verdict.ALLOW if self.reason is None else Verdict.DENY

    def as_json(self, origins: Origins) -> dict[str, Any]:
        """What the page needs to know."""
        init: dict[str, Any] = {}
        if self.method != "GET":
            init["method"] = self.method
        if self.credentials != "same-origin":
            init["credentials"] = self.credentials
        if self.headers:
            init["headers"] = dict(self.headers)
        if self.body is not None:
            init["body"] = self.body
        return {
            "name": self.name,
            "title": origins.fill(self.title),
            "story": origins.fill(self.story),
            "url": f"{origins.api}/{self.name}",
            "init": init,
            "reads": self.reads,
            "reason": self.reason,
            "hides": self.hides,
            "look": origins.fill(self.look),
        }


@dataclass(frozen=True, slots=True)
class Group:
    """Scenarios that end alike."""

    title: str
    text: str
    scenarios: tuple[Scenario, ...]


JSON = ("Content-Type", "application/json")
ALLOW_PAGE = ("Access-Control-Allow-Origin", "{page}")
ALLOW_ALL = ("Access-Control-Allow-Origin", "*")
ALLOW_COOKIES = ("Access-Control-Allow-Credentials", "true")
ALLOW_JSON = ("Access-Control-Allow-Headers", "content-type")


def _ok(*headers: tuple[str, str], body: str = '{"items": ["tea", "milk"]}') -> Answer:
    return Answer(200, (JSON, *headers), body)


def _permit(*headers: tuple[str, str]) -> Answer:
    return Answer(204, headers)


AT_THE_ANSWER = Group(
    "Refused when the answer came",
    "The request reached the server, which did what it was asked and answered. The browser kept the answer from the "
    "script.",
    (
        Scenario(
            name="no-headers",
            title="The classic: no CORS headers",
            story="This page comes from `{page}`, the API is at `{api}`. Another port is another origin, and the API "
            "has never heard of CORS.",
            answer=_ok(),
            reason=Reason.ALLOW_ORIGIN_MISSING,
            look="The status is 200 and the answer is there: only the browser held it back. The fix is one header, and "
            "the view CORS has it ready, with this page's origin in it.",
        ),
        Scenario(
            name="wrong-origin",
            title="Another page is allowed",
            story="The API allows the page of its production site, `https://app.example.com`, and no other.",
            answer=_ok(("Access-Control-Allow-Origin", "https://app.example.com")),
            reason=Reason.ALLOW_ORIGIN_MISMATCH,
            look="The comment in the list names the origin that was allowed. Origins are compared byte for byte: "
            "scheme, host and port.",
        ),
        Scenario(
            name="twice",
            title="The right header, twice",
            story="The application allows this page, and the gateway in front of it adds a header of its own. Each "
            "would do; together they do not.",
            answer=_ok(ALLOW_PAGE, ALLOW_ALL),
            reason=Reason.ALLOW_ORIGIN_MULTIPLE,
            look="The browser joins both lines with a comma and compares the whole. Under Response you see the two "
            "lines as they were sent.",
        ),
        Scenario(
            name="star-and-cookies",
            title="* with cookies",
            story='The script asks with `credentials: "include"`, so that its cookie goes along. The API answers with '
            "`Access-Control-Allow-Origin: *`.",
            answer=_ok(ALLOW_ALL, ALLOW_COOKIES),
            credentials="include",
            reason=Reason.ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS,
            look="With credentials, `*` is no wildcard but an origin of that name. The view CORS says how it is "
            "known that credentials were included: the cookie in the request.",
        ),
        Scenario(
            name="server-error",
            title="The crash that looks like CORS",
            story="The preflight passes. Then the API crashes, and its error page comes from a layer that adds no CORS "
            "headers.",
            answer=Answer(500, (("Content-Type", "text/plain"),), "KeyError: 'price' in /srv/api/orders.py, line 41\n"),
            method="POST",
            headers={"Content-Type": "application/json"},
            body='{"item": "tea"}',
            preflight=_permit(ALLOW_PAGE, ALLOW_JSON),
            reason=Reason.ALLOW_ORIGIN_MISSING,
            look="The browser's console speaks of CORS alone. The status in the list is 500, and the view CORS shows "
            "the first lines of what really went wrong.",
        ),
        Scenario(
            name="redirected",
            title="A redirect to a third origin",
            story="The API has moved and redirects to `{other}`, which allows this page by name, and is still refused.",
            answer=Answer(302, (ALLOW_PAGE, ("Location", "{other}/redirected"))),
            onward=_ok(ALLOW_PAGE),
            reason=Reason.ALLOW_ORIGIN_MISMATCH,
            look="Two rows: the redirect, which is allowed, and where it leads. There the request's `Origin` is "
            "`null`: an origin that was redirected across two others is no longer told.",
        ),
    ),
)

AT_THE_PREFLIGHT = Group(
    "Refused at the preflight",
    "The browser first asked whether it may (`OPTIONS`). It did not like the answer, and the request itself was never "
    "sent.",
    (
        Scenario(
            name="unauthorized",
            title="The preflight must log in",
            story="The script sends a token. The API checks tokens before anything else, and a preflight never has "
            "one: `401`.",
            answer=_ok(ALLOW_PAGE),
            headers={"Authorization": "Bearer demo"},
            preflight=Answer(401, (JSON, ("WWW-Authenticate", "Bearer")), '{"error": "token missing"}'),
            reason=Reason.ALLOW_ORIGIN_MISSING,
            stage=Stage.PREFLIGHT,
            look="The console says that a header is missing. The view CORS says more: 401, that preflights carry no "
            "credentials, and the body, in which the API gives its reason.",
        ),
        Scenario(
            name="login-page",
            title="The preflight is redirected",
            story="Whoever has no session is sent to the login page, preflights too.",
            answer=_ok(ALLOW_PAGE),
            method="PUT",
            headers={"Content-Type": "application/json"},
            body='{"item": "tea"}',
            preflight=Answer(302, (("Location", "{api}/login"),)),
            reason=Reason.PREFLIGHT_REDIRECTED,
            reason_in_gecko=Reason.ALLOW_ORIGIN_MISSING,
            stage=Stage.PREFLIGHT,
            look="A single row, `OPTIONS`: no browser follows a redirect here. The `Location` shows where it would "
            "have led.",
        ),
        Scenario(
            name="method",
            title="DELETE is not in the list",
            story="The API allows this page, and the methods `GET` and `POST`.",
            answer=_ok(ALLOW_PAGE, body='{"deleted": "tea"}'),
            method="DELETE",
            preflight=_permit(ALLOW_PAGE, ("Access-Control-Allow-Methods", "GET, POST")),
            reason=Reason.METHOD_NOT_ALLOWED,
            stage=Stage.PREFLIGHT,
            look="The checks in the order in which the browser makes them: the origin passed, the status passed, the "
            "method failed. The fix is the whole header, to copy.",
        ),
        Scenario(
            name="request-header",
            title="A request header is not allowed",
            story="The script sends `X-Api-Version`; the API allows `Content-Type` only.",
            answer=_ok(ALLOW_PAGE),
            headers={"X-Api-Version": "2"},
            preflight=_permit(ALLOW_PAGE, ALLOW_JSON),
            reason=Reason.HEADER_NOT_ALLOWED,
            stage=Stage.PREFLIGHT,
            look="Why there was a preflight at all: because of this one header. The comment names it.",
        ),
    ),
)

ALLOWED_AND_YET = Group(
    "Allowed, and yet something is missing",
    "No error anywhere, neither in the script nor in the console.",
    (
        Scenario(
            name="hidden-header",
            title="A response header reads as null",
            story="The API answers with `X-Total-Count: 42`. The script gets the answer, but not this header.",
            answer=_ok(ALLOW_PAGE, ("X-Total-Count", "42")),
            reads="X-Total-Count",
            hides=True,
            look="The verdict is ✓. The view CORS lists what the script can read and what is hidden from it, for want "
            "of `Access-Control-Expose-Headers`.",
        ),
    ),
)

WORKS = Group(
    "How it looks when it works",
    "Compare these with the ones above.",
    (
        Scenario(
            name="preflighted",
            title="PUT with JSON, preflighted",
            story="Origin, method and header are all allowed, and for a minute the browser remembers that.",
            answer=_ok(ALLOW_PAGE, body='{"saved": "tea"}'),
            method="PUT",
            headers={"Content-Type": "application/json"},
            body='{"item": "tea"}',
            preflight=_permit(
                ALLOW_PAGE, ("Access-Control-Allow-Methods", "PUT"), ALLOW_JSON, ("Access-Control-Max-Age", "60")
            ),
            look="Two rows, `OPTIONS` and `PUT`, tied to each other. Press twice: the second time there is no "
            "`OPTIONS`, and the comment says how old the remembered one is.",
        ),
        Scenario(
            name="with-cookies",
            title="GET with cookies",
            story="Credentials are included. The API names this page's origin and says "
            "`Access-Control-Allow-Credentials: true`.",
            answer=_ok(ALLOW_PAGE, ALLOW_COOKIES, body='{"welcome": "back"}'),
            credentials="include",
            look="Both headers are checked, since the request has the cookie; without one of them it would have "
            "failed.",
        ),
    ),
)

GROUPS = (AT_THE_ANSWER, AT_THE_PREFLIGHT, ALLOWED_AND_YET, WORKS)
SCENARIOS = tuple(scenario for group in GROUPS for scenario in group.scenarios)
