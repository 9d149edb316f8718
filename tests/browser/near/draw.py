"""Random cases of one load, stable for a seed: a family's policies and headers, mostly with one or two things wrong."""

from __future__ import annotations

import dataclasses
import random
import re
from collections.abc import Callable, Sequence

from .cases import BODIES, FRAMED, LOADERS, OTHER_WORKERS, SCRIPTS, STYLES, Change, Lines, NearCase
from .values import (
    BODY_WEIGHTS,
    CORP,
    CORP_USUAL,
    CSP_DIRECTIVES,
    CSP_SOURCES,
    EMBEDDER,
    EMBEDDER_USUAL,
    FRAME_ANCESTORS,
    INTEGRITY,
    ISOLATION,
    NOSNIFF,
    PAGES,
    STATUSES,
    TARGETS,
    TYPES,
    XFO,
)

FAMILIES = {
    "corp": 10, "coep": 15, "dip": 5, "orb": 15, "mime": 14, "csp": 9, "mixed": 6, "sri": 6, "frame": 10,
    "near-redirect": 10, "network": 1, "mix": 12,
}  # fmt: skip
"""What is drawn, and how often."""
ALIASES = {"nosniff": "mime"}
METHODS = {"near-redirect": "redirect", "csp-hops": "csp_hops"}
"""Where a family of CORS cases has the name, or a name of Python's cannot be it."""
SUBRESOURCES = tuple(one for one in LOADERS if one not in FRAMED)
NO_CORS = (
    "fetch-no-cors", "img", "script", "css", "video", "audio", "importscripts", "prefetch", "preload", "object",
    "embed",
)  # fmt: skip
REDIRECTS = (301, 302, 303, 307, 308)
ALONE = 0.8
"""The share of cases whose page has an origin of its own: whom of several open pages of an origin a request is of is
not in the traffic, so that the others show what is made of that."""
PORTS = range(20001, 60001, 2)
"""None that browsers refuse."""


class Draw:
    """Draws the case of one index of a seed."""

    families = FAMILIES

    def __init__(self, seed: int, index: int) -> None:
        self.rng = random.Random(f"near {seed} {index}")
        self.index = index
        self.id = f"n{seed}x{index}"

    def one(self, weights: dict[str, int]) -> str:
        """One of these, by weight."""
        return self.rng.choices(list(weights), list(weights.values()))[0]

    def chance(self, share: float) -> bool:
        """True that often."""
        return self.rng.random() < share

    def case(self, family: str | None = None) -> NearCase:
        """The case."""
        family = ALIASES.get(family, family) if family else self.one(self.families)
        draw: Callable[[], NearCase] = getattr(self, METHODS.get(family, family))
        case = dataclasses.replace(draw(), family=family)
        return with_own_page(case, PORTS[self.index % len(PORTS)]) if self.chance(ALONE) else case

    # -- parts --

    def base(self, loaders: Sequence[str], *, secure: bool = True, cross: float = 0.8) -> NearCase:
        """A page and what it loads, all right."""
        loader = self.rng.choice(loaders)
        page = self.rng.choice([one for one in PAGES if not secure or not one.startswith("http://app")])
        case = NearCase(self.id, "", page, loader, (self.target(page, loader, cross) + "/r/{id}/0",))
        changes: dict[str, str] = {}
        if loader.endswith("-cors") and "fetch-" not in loader:
            changes["crossorigin"] = self.rng.choice(("anonymous", "anonymous", "use-credentials"))
        if loader in ("module", "modulepreload") and self.chance(0.15):
            changes["crossorigin"] = self.rng.choice(("anonymous", "use-credentials"))
        if "fetch-" in loader:
            changes["credentials"] = self.rng.choice(("same-origin", "same-origin", "omit", "include"))
        if loader == "preload":
            changes["preload_as"] = self.rng.choice(("script", "style", "image", "font", "fetch"))
            if changes["preload_as"] in ("font", "fetch") or self.chance(0.2):
                changes["crossorigin"] = "anonymous"
        return dataclasses.replace(case, **changes)  # type: ignore[arg-type]

    def target(self, page: str, loader: str, cross: float = 0.8) -> str:
        """Whom the page asks: another origin most often, and nothing that mixes content."""
        if loader in ("worker", "fetch-same-origin") or not self.chance(cross):
            return page
        usable = [one for one in TARGETS if not (page.startswith("https:") and one.startswith("http:"))]
        return self.rng.choice(usable)

    def status(self) -> tuple[Change, ...]:
        """At times another status."""
        return (Change(0, "status", (self.rng.choice(STATUSES),)),) if self.chance(0.15) else ()

    def corp_change(self, hop: int = 0) -> Change:
        """Some value of Cross-Origin-Resource-Policy."""
        value = self.rng.choice(CORP_USUAL if self.chance(0.6) else CORP)
        return Change(hop, "Cross-Origin-Resource-Policy", value)

    def type_change(self, hop: int = 0) -> Change:
        """Some type."""
        return Change(hop, "Content-Type", self.rng.choice(TYPES))

    def nosniff_change(self, hop: int = 0) -> Change:
        """Some value of X-Content-Type-Options."""
        return Change(hop, "X-Content-Type-Options", self.rng.choice(NOSNIFF))

    def with_redirect(self, case: NearCase, share: float) -> NearCase:
        """At times a hop or two before it."""
        if not self.chance(share):
            return case
        hops = self.rng.choice((1, 1, 2))
        origins = [self.target(case.page, "img", 0.7) for _ in range(hops)]
        if case.loader in ("worker", "fetch-same-origin", *OTHER_WORKERS[:-1]):
            origins[0] = case.page
        last = self.target(case.page, "img", 0.8)
        urls = tuple(f"{origin}/r/{{id}}/{hop}" for hop, origin in enumerate([*origins, last]))
        moved = tuple(dataclasses.replace(one, hop=one.hop + hops) for one in case.changes)
        statuses = tuple(self.rng.choice(REDIRECTS) for _ in range(hops))
        return dataclasses.replace(case, urls=urls, redirects=statuses, changes=moved)

    def embedder(self) -> Lines:
        """A document's embedder policy."""
        return self.rng.choice(EMBEDDER_USUAL if self.chance(0.65) else EMBEDDER)

    # -- families --

    def corp(self) -> NearCase:
        """Cross-Origin-Resource-Policy, and no policy of the page's."""
        case = self.base((*NO_CORS, *NO_CORS, *LOADERS), secure=self.chance(0.85))
        changes = (self.corp_change(), *self.status())
        return self.with_redirect(dataclasses.replace(case, changes=changes), 0.15)

    def coep(self) -> NearCase:
        """A page, frame or worker with an embedder policy."""
        case = self.base((*LOADERS, "iframe", "worker", "importscripts", "img", "script"), secure=self.chance(0.9))
        changes: tuple[Change, ...] = (self.corp_change(),) if self.chance(0.6) else ()
        if case.loader in FRAMED or case.loader == "worker" or self.chance(0.1):
            lines = self.embedder()
            if self.chance(0.7) and lines:
                changes += (Change(0, lines[0][0], tuple(value for _, value in lines)),)
        if case.loader in FRAMED and self.chance(0.15):
            changes += (Change(0, "X-Frame-Options", self.rng.choice(XFO)),)
        worker = self.embedder() if case.loader == "importscripts" and self.chance(0.8) else ()
        case = dataclasses.replace(
            case, policy=self.embedder(), worker_policy=worker, changes=(*changes, *self.status())
        )
        return self.with_redirect(case, 0.15)

    def dip(self) -> NearCase:
        """A page with Document-Isolation-Policy."""
        case = self.base((*NO_CORS, *LOADERS))
        policy = self.rng.choice(ISOLATION)
        if self.chance(0.15):
            policy += self.embedder()
        changes = (self.corp_change(),) if self.chance(0.6) else ()
        case = dataclasses.replace(case, policy=policy, changes=changes)
        return self.with_redirect(case, 0.1)

    def orb(self) -> NearCase:
        """Types and bodies of opaque answers."""
        loaders = ("img", "script", "css", "video", "audio", "importscripts", "prefetch", "preload", "fetch-no-cors")
        case = self.base(loaders, cross=0.97)
        changes: list[Change] = []
        if self.chance(0.85):
            changes.append(self.type_change())
        if self.chance(0.75):
            changes.append(Change(0, "body", (self.one(BODY_WEIGHTS),)))
        if self.chance(0.2):
            changes.append(self.nosniff_change())
        changes += self.status()
        if self.chance(0.03):
            changes.append(Change(0, "Content-Range", (self.rng.choice(("bytes 0-5/10", "bytes 5-9/10")),)))
        return self.with_redirect(dataclasses.replace(case, changes=tuple(changes)), 0.08)

    def mime(self) -> NearCase:
        """Types of scripts and style sheets, with and without nosniff, in standards and quirks mode."""
        loaders = (*sorted(SCRIPTS - {"modulepreload"}), *sorted(STYLES), "css", "css", "eventsource", "modulepreload")
        case = self.base(loaders, secure=self.chance(0.95), cross=0.4)
        changes: list[Change] = [self.type_change()] if self.chance(0.9) else []
        if self.chance(0.45):
            changes.append(self.nosniff_change())
        if self.chance(0.1):
            changes.append(Change(0, "body", (self.one(BODY_WEIGHTS),)))
        changes += self.status()
        quirks = case.loader in STYLES and self.chance(0.35)
        return self.with_redirect(dataclasses.replace(case, quirks=quirks, changes=tuple(changes)), 0.06)

    def csp(self) -> NearCase:
        """Content security policies, mostly with a redirect, for what they refuse before is never sent."""
        case = self.base((*LOADERS, *LOADERS, "worker"), secure=self.chance(0.9))
        case = self.with_redirect(case, 0.8)
        policies: list[str] = []
        for _ in range(self.rng.choice((1, 1, 1, 2))):
            names = self.rng.sample(CSP_DIRECTIVES, self.rng.choice((1, 1, 2)))
            parts = []
            for name in names:
                sources = self.rng.sample(CSP_SOURCES, self.rng.choice((1, 2, 2, 3)))
                if self.chance(0.75):  # what is asked first is let through
                    sources.append(self.rng.choice((case.urls[0].partition("/r/")[0], "'self'", "*")))
                parts.append(f"{name} {' '.join(sources)}")
            policies.append("; ".join(parts))
        if self.chance(0.08):
            policies.append(
                self.rng.choice(
                    ("upgrade-insecure-requests", "block-all-mixed-content", "sandbox allow-scripts allow-same-origin")
                )
            )
        kind = self.one({"header": 60, "meta": 20, "both": 10, "report-only": 5})
        name = "Content-Security-Policy" + ("-Report-Only" if kind == "report-only" else "")
        headers = () if kind == "meta" else tuple((name, policy) for policy in policies)
        metas = tuple(policies) if kind in ("meta", "both") else ()
        if self.chance(0.05) and headers:
            headers = ((name, ", ".join(policies)),)
        worker = headers if case.loader == "importscripts" and self.chance(0.5) else ()
        if case.loader == "importscripts" and self.chance(0.3):
            headers = ()
        return dataclasses.replace(case, policy=headers, meta=metas, worker_policy=worker)

    def mixed(self) -> NearCase:
        """Redirects of https pages to http, and to hosts that are trusted all the same."""
        case = self.base(LOADERS)
        case = dataclasses.replace(case, page=self.rng.choice([one for one in PAGES if one.startswith("https:")]))
        first = case.page if case.loader in ("worker", "fetch-same-origin") else self.target(case.page, case.loader)
        hosts = (
            "http://api.other.test", "http://app.example.test", "http://localhost:9000", "http://127.0.0.1:9000",
            "https://api.other.test", "http://cdn.third.test:8080", "http://www.localhost:9000",
        )  # fmt: skip
        origins = [first, self.rng.choice(hosts)]
        if self.chance(0.2):
            origins.append(self.rng.choice(hosts))
        urls = tuple(f"{origin}/r/{{id}}/{hop}" for hop, origin in enumerate(origins))
        statuses = tuple(self.rng.choice(REDIRECTS) for _ in urls[1:])
        policy: Lines = ()
        if self.chance(0.25):
            policy = (
                ("Content-Security-Policy", self.rng.choice(("upgrade-insecure-requests", "block-all-mixed-content"))),
            )
        if self.chance(0.15):
            policy += self.embedder()
        worker = policy if case.loader == "importscripts" and self.chance(0.5) else ()
        return dataclasses.replace(case, urls=urls, redirects=statuses, policy=policy, worker_policy=worker)

    def sri(self) -> NearCase:
        """An element with an integrity attribute."""
        case = self.base(("script", "script-cors", "module", "css", "css-cors", "script-cors", "css-cors"), cross=0.7)
        changes: list[Change] = []
        if self.chance(0.15):
            changes.append(self.corp_change())
        if self.chance(0.2):
            changes.append(self.type_change())
        if self.chance(0.1):
            changes.append(Change(0, "Access-Control-Allow-Origin", self.rng.choice(((), ("https://evil.test",)))))
        changes += self.status()
        case = dataclasses.replace(case, integrity=self.rng.choice(INTEGRITY), changes=tuple(changes))
        return self.with_redirect(case, 0.1)

    def frame(self) -> NearCase:
        """Answers that let themselves be framed, or do not."""
        case = self.base(("iframe", "iframe", "iframe", "object", "embed"), secure=self.chance(0.9), cross=0.7)
        changes: list[Change] = []
        if self.chance(0.7):
            changes.append(Change(0, "X-Frame-Options", self.rng.choice(XFO)))
        if self.chance(0.5):
            name = "Content-Security-Policy" + ("-Report-Only" if self.chance(0.1) else "")
            changes.append(Change(0, name, self.rng.choice(FRAME_ANCESTORS)))
        if self.chance(0.15):
            changes.append(self.corp_change())
        changes += self.status()
        policy = self.embedder() if self.chance(0.15) else ()
        case = dataclasses.replace(case, policy=policy, changes=tuple(changes))
        return self.with_redirect(case, 0.1)

    def redirect(self) -> NearCase:
        """One to three hops, each with headers of its own."""
        case = self.with_redirect(self.base(LOADERS, secure=self.chance(0.9)), 1.0)
        changes: list[Change] = []
        for hop in range(len(case.urls)):
            if self.chance(0.4):
                changes.append(self.corp_change(hop))
            if case.cors and self.chance(0.15):
                changes.append(
                    Change(hop, "Access-Control-Allow-Origin", self.rng.choice(((), ("https://evil.test",))))
                )
            if self.chance(0.1):
                changes.append(self.nosniff_change(hop))
        policy = self.rng.choice((self.embedder(), *ISOLATION)) if self.chance(0.3) else ()
        return dataclasses.replace(case, policy=policy, changes=tuple(changes))

    def network(self) -> NearCase:
        """A connection that is dropped."""
        case = self.base(LOADERS)
        return dataclasses.replace(case, changes=(Change(0, "drop"),))

    def mix(self) -> NearCase:
        """Everything at once."""
        case = self.base(LOADERS, secure=self.chance(0.9), cross=0.7)
        policy: Lines = ()
        if self.chance(0.5):
            policy += self.embedder()
        if self.chance(0.15):
            policy += self.rng.choice(ISOLATION)
        changes: list[Change] = []
        changes += [self.corp_change()] if self.chance(0.5) else []
        changes += [self.type_change()] if self.chance(0.4) else []
        changes += [self.nosniff_change()] if self.chance(0.3) else []
        changes += [Change(0, "body", (self.rng.choice(list(BODIES)),))] if self.chance(0.2) else []
        changes += self.status()
        if case.loader in FRAMED:
            changes.append(Change(0, "X-Frame-Options", self.rng.choice(XFO)))
        if case.cors and self.chance(0.2):
            changes.append(Change(0, "Access-Control-Allow-Origin", self.rng.choice(((), ("https://evil.test",)))))
        worker = self.embedder() if case.loader == "importscripts" and self.chance(0.5) else ()
        quirks = case.loader in STYLES and self.chance(0.3)
        case = dataclasses.replace(case, policy=policy, quirks=quirks, worker_policy=worker, changes=tuple(changes))
        return self.with_redirect(case, 0.15)


def with_own_page(case: NearCase, port: int) -> NearCase:
    """The same case, whose page is alone at its origin: everywhere at this port of the same host.

    So is what stands between them, at the next one.
    """
    scheme, _, rest = case.page.partition("://")
    host = rest.partition(":")[0]
    whole = re.compile(re.escape(case.page) + r"(?![:\w.-])")
    own = f"{scheme}://{host}:{port}"

    middle = case.middle and case.middle != case.page
    if middle:
        scheme, _, rest = case.middle.partition("://")
        other = re.compile(re.escape(case.middle) + r"(?![:\w.-])"), f"{scheme}://{rest.partition(':')[0]}:{port + 1}"

    def moved(text: str) -> str:
        text = whole.sub(own, text)
        return other[0].sub(other[1], text) if middle else text

    def lines(given: Lines) -> Lines:
        return tuple((name, moved(value)) for name, value in given)

    changes = tuple(dataclasses.replace(one, values=tuple(map(moved, one.values))) for one in case.changes)
    return dataclasses.replace(
        case,
        page=own,
        urls=tuple(map(moved, case.urls)),
        middle=moved(case.middle),
        policy=lines(case.policy),
        meta=tuple(map(moved, case.meta)),
        worker_policy=lines(case.worker_policy),
        changes=changes,
    )
