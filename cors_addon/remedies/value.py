"""A remedy as a value: who must act, what changes, why it helps, what it opens, and how sure that is.

Law 1: a remedy can be done by who it is told to, and makes nothing worse.
Law 2: a change is data, so that a program can make it; words are for people. Where a change is none of the kinds here,
it is None, and the words tell all.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Who(StrEnum):
    """Whose the change is."""

    PAGE = "page"
    """The page's code: its script or markup; of an extension or app, its manifest, too."""
    PAGE_SERVER = "page-server"
    """The server that the page itself came from."""
    SERVER = "server"
    """The server that answered, or should have: `Remedy.at` names it where it is another."""
    PROXY = "proxy"
    """A proxy, gateway or CDN before that server."""
    IDENTITY_PROVIDER = "identity-provider"
    """Who keeps the login."""
    USER = "user"
    """Who sits before the browser."""


WHOSE = {
    Who.PAGE: "in the page",
    Who.PAGE_SERVER: "at the page's server",
    Who.SERVER: "at the server",
    Who.PROXY: "at the proxy or CDN before the server",
    Who.IDENTITY_PROVIDER: "at the identity provider",
    Who.USER: "by the user",
}
"""Where each acts."""


class Sure(StrEnum):
    """How sure it is that this helps."""

    SURE = "sure"
    """What was seen leaves no other cause, or the checks pass after it."""
    LIKELY = "likely"
    """What was seen mostly has this cause."""
    POSSIBLE = "possible"
    """One of several causes."""


@dataclass(frozen=True, slots=True)
class HeaderEdit:
    """One header before and after; None where it is absent. `before` joins what were several lines."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """Edits that together make the answer pass."""

    edits: tuple[HeaderEdit, ...] = ()
    status: int | None = None
    """The status to answer with, None where it may stay."""
    note: str = ""
    """What to mind, or why no header can help."""
    complete: bool = True
    """Nothing fails after it."""
    flow_id: str | None = None
    """Flow whose answer is to change; None where it is the judged flow's own."""


@dataclass(frozen=True, slots=True)
class InPage:
    """What the page is to ask otherwise; what is None or empty stays as it is."""

    method: str | None = None
    url: str | None = None
    drop: tuple[str, ...] = ()
    """Names of request headers, lower case, that are not to be sent."""
    crossorigin: str | None = None
    """Value of the element's attribute."""
    credentials: str | None = None
    """The credentials mode, as `fetch` takes it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What to write, by whose configuration it is: a framework, a proxy, a manifest."""

    lines: tuple[tuple[str, str], ...]


type Alteration = Change | InPage | Settings


@dataclass(frozen=True, slots=True)
class Remedy:
    """One way to have the page get what it asked for."""

    who: Who
    what: str
    """In the imperative, one or two sentences, without a full stop where a change follows."""
    change: Alteration | None = None
    why: str = ""
    """Why it helps; empty where `what` tells."""
    opens: str = ""
    """What it opens, and to whom; empty where it opens nothing."""
    sure: Sure = Sure.LIKELY
    at: str | None = None
    """Host at which the change is made, where that is not the server of the refused answer."""
    also: Change | None = None
    """What the refused answer needs beside a change in the page; None where it then passes, or that is not known."""

    @property
    def headline(self) -> str:
        """Who, and what, as people read it."""
        told = f"{WHOSE[self.who]}: {self.what[:1].lower()}{self.what[1:]}"
        return told if self.also is None else f"{told}; and at the server, whose answer fails for that, too"

    def described(self) -> dict[str, Any]:
        """As JSON has it."""
        found = {
            "who": self.who.value,
            "what": self.what,
            "change": None if self.change is None else described(self.change),
            "sure": self.sure.value,
            "why": self.why,
            "opens": self.opens,
            "at": self.at,
        }
        return found if self.also is None else found | {"also": described(self.also)}


@dataclass(frozen=True, slots=True)
class Happened:
    """What really happened, where the page sees only that its request failed."""

    kind: str
    text: str
    """Whole sentences."""


def described(change: Alteration) -> dict[str, Any]:
    """A change as JSON has it; `kind` tells which: `answer`, `page` or `setting`."""
    match change:
        case Change():
            edits = [{"name": edit.name, "before": edit.before, "after": edit.after} for edit in change.edits]
            told = {"kind": "answer", "status": change.status, "headers": edits}
            return told | {"note": change.note, "complete": change.complete, "flow_id": change.flow_id}
        case InPage():
            found: dict[str, Any] = {"method": change.method, "url": change.url, "drop": list(change.drop)}
            found |= {"crossorigin": change.crossorigin, "credentials": change.credentials}
            return {"kind": "page"} | {name: value for name, value in found.items() if value}
        case Settings():
            return {"kind": "setting", "settings": dict(change.lines)}
