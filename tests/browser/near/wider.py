"""Families that draw what recorded sets hold little of: other workers, what style sheets and frames load, modules of
other types, pages that hide their name, sandboxed pages, parts of media, upgraded requests.
"""

from __future__ import annotations

import dataclasses
from urllib.parse import urlsplit

from . import draw as base
from .cases import IN_FRAME, IN_SHEETS, IN_WORKERS, LOADERS, OTHER_WORKERS, Change, Lines, NearCase
from .values import CSP_SOURCES, DIRECTIVE_OF, FRAME_ANCESTORS, ISOLATION, MORE_EXACT, PAGES, TARGETS, XFO

FAMILIES = base.FAMILIES | {
    "workers": 6, "sheets": 6, "modules": 4, "nested": 6, "referrer": 6, "sandbox": 3, "elements": 4, "ranges": 2,
    "upgrades": 3, "csp-hops": 6,
}  # fmt: skip
"""What is drawn, and how often."""
ALIASES = base.ALIASES
REFERRER_POLICIES = (
    "no-referrer", "no-referrer", "origin", "same-origin", "unsafe-url", "strict-origin", "origin-when-cross-origin",
    "no-referrer-when-downgrade", "foo", "foo, no-referrer", "no-referrer, strict-origin-when-cross-origin",
)  # fmt: skip
MEDIA = ("video", "audio", "video-cors", "audio-cors")
LENGTH = 844
"""Bytes of the media that is answered."""


class Wider(base.Draw):
    """Draws of all families."""

    families = FAMILIES

    def policy_for(self, names: tuple[str, ...]) -> Lines:
        """An embedder policy, a content security policy of these directives, or none."""
        kind = self.one({"none": 30, "coep": 40, "csp": 20, "dip": 10})
        if kind == "coep":
            return self.embedder()
        if kind == "dip":
            return self.rng.choice(ISOLATION)
        if kind == "none":
            return ()
        sources = [*self.rng.sample(CSP_SOURCES, 2), self.rng.choice(("'self'", "*", "https://api.other.test"))]
        return (("Content-Security-Policy", f"{self.rng.choice(names)} {' '.join(sources)}"),)

    def some(self, *, cors: bool) -> tuple[Change, ...]:
        """Changes of the last answer."""
        changes: list[Change] = []
        changes += [self.corp_change()] if self.chance(0.5) else []
        changes += [self.type_change()] if self.chance(0.3) else []
        changes += [self.nosniff_change()] if self.chance(0.2) else []
        if cors and self.chance(0.15):
            changes.append(Change(0, "Access-Control-Allow-Origin", self.rng.choice(((), ("https://evil.test",)))))
        return (*changes, *self.status())

    def workers(self) -> NearCase:
        """Workers of other kinds, worklets, and what a worker asks for itself."""
        case = self.base((*OTHER_WORKERS, *IN_WORKERS, *IN_WORKERS, "worker", "importscripts"), secure=True)
        if case.loader in OTHER_WORKERS[:-1]:
            case = dataclasses.replace(case, urls=(f"{case.page}/r/{{id}}/0",))
        policy = self.policy_for(("worker-src", "script-src", "connect-src", "default-src", "child-src"))
        own = self.policy_for(("connect-src", "default-src", "script-src"))
        changes = self.some(cors=case.cors)
        if case.loader not in (*IN_WORKERS, "importscripts") and self.chance(0.6):
            changes += (Change(0, "Cross-Origin-Embedder-Policy", ("require-corp",)),)
        if any(name == "Cross-Origin-Embedder-Policy" for name, _ in policy) and self.chance(0.8):
            own = policy
        case = dataclasses.replace(case, policy=policy, worker_policy=own, changes=changes)
        return self.with_redirect(case, 0.2)

    def sheets(self) -> NearCase:
        """What a style sheet, or a style, loads."""
        case = self.base((*IN_SHEETS, *IN_SHEETS, "css-import", "css-image", "css-mask"), secure=self.chance(0.9))
        middle = self.target(case.page, case.loader, 0.5) if case.loader in IN_SHEETS else ""
        policy = self.policy_for(("style-src", "img-src", "font-src", "default-src"))
        policy = tuple((name, f"{value} {middle}" if "src" in value else value) for name, value in policy)
        case = dataclasses.replace(case, middle=middle, policy=policy, changes=self.some(cors=case.cors))
        return self.with_redirect(case, 0.2)

    def modules(self) -> NearCase:
        """Modules that are imported, of scripts and of other types."""
        case = self.base(("import", "json-module", "css-module", "import", "module"), cross=0.5)
        policy = self.policy_for(("script-src", "style-src", "connect-src", "default-src"))
        case = dataclasses.replace(case, policy=policy, changes=self.some(cors=True))
        return self.with_redirect(case, 0.2)

    def nested(self) -> NearCase:
        """What a frame in the page loads."""
        case = self.base((*IN_FRAME, "iframe", "iframe", "iframe"), cross=0.7)
        middles = [one for one in (*PAGES, *TARGETS) if one.startswith("https:")]
        middle = case.page if self.chance(0.3) else self.rng.choice(middles)
        policy = self.embedder() if self.chance(0.3) else ()
        own: Lines = (*policy, ("Cross-Origin-Resource-Policy", "cross-origin")) if policy else ()
        if not policy and self.chance(0.3):
            own = self.embedder()
        changes = [self.corp_change()] if self.chance(0.4) else []
        if case.loader == "iframe":
            changes += [Change(0, "X-Frame-Options", self.rng.choice(XFO))] if self.chance(0.6) else []
            changes += [Change(0, "Content-Security-Policy", self.rng.choice(FRAME_ANCESTORS))] * self.chance(0.4)
            changes += [Change(0, "Cross-Origin-Embedder-Policy", ("require-corp",))] * self.chance(0.4)
        case = dataclasses.replace(case, middle=middle, policy=policy, worker_policy=own, changes=tuple(changes))
        return self.with_redirect(case, 0.1)

    def any_of(self, *families: str) -> NearCase:
        """A case of one of these families."""
        name = self.rng.choice(families)
        made: NearCase = getattr(self, base.METHODS.get(name, name))()
        return made

    def referrer(self) -> NearCase:
        """A page with a referrer policy, in a header or in its markup."""
        case = self.any_of("coep", "csp", "corp", "sri", "near-redirect", "mix", "mime")
        value = self.rng.choice(REFERRER_POLICIES)
        if self.chance(0.5):
            return dataclasses.replace(case, meta=(*case.meta, f"referrer={value}"))
        return dataclasses.replace(case, policy=(*case.policy, ("Referrer-Policy", value)))

    def sandbox(self) -> NearCase:
        """A page of an opaque origin, or one that could be."""
        case = self.any_of("coep", "corp", "mime", "near-redirect", "frame", "mix")
        value = self.rng.choice(
            ("sandbox allow-scripts", "sandbox allow-scripts", "sandbox allow-scripts allow-same-origin")
        )
        return dataclasses.replace(case, policy=(*case.policy, ("Content-Security-Policy", value)))

    def elements(self) -> NearCase:
        """Elements that other families leave out."""
        case = self.base(("track", "track-cors", "poster", "input-image", "svg-image"), cross=0.7)
        policy = self.policy_for(("img-src", "media-src", "default-src"))
        case = dataclasses.replace(case, policy=policy, changes=self.some(cors=case.cors))
        return self.with_redirect(case, 0.2)

    def ranges(self) -> NearCase:
        """Media in parts."""
        case = self.base(MEDIA, cross=0.8)
        value = self.rng.choice(
            (f"bytes 0-{LENGTH - 1}/{LENGTH}", f"bytes 0-{LENGTH - 1}/*", f"bytes 10-{LENGTH - 1}/{LENGTH}")
        )
        changes: tuple[Change, ...] = (Change(0, "status", ("206",)), Change(0, "Content-Range", (value,)))
        changes += (self.type_change(),) if self.chance(0.4) else ()
        changes += (self.corp_change(),) if self.chance(0.3) else ()
        return self.with_redirect(dataclasses.replace(case, changes=changes), 0.1)

    def upgrades(self) -> NearCase:
        """A page that has its insecure requests upgraded, or not, and insecure requests."""
        case = self.base(LOADERS)
        page = self.rng.choice([one for one in PAGES if one.startswith("https:")])
        hosts = ("http://api.other.test", "http://app.example.test", "http://localhost:9000", "http://api.example.test")
        first = page if case.loader in ("worker", "fetch-same-origin") else self.rng.choice(hosts)
        policy: Lines = (("Content-Security-Policy", "upgrade-insecure-requests"),) if self.chance(0.7) else ()
        policy += self.embedder() if self.chance(0.3) else ()
        worker = policy if case.loader == "importscripts" and self.chance(0.5) else ()
        changes = (self.corp_change(),) if self.chance(0.4) else ()
        case = dataclasses.replace(
            case, page=page, urls=(f"{first}/r/{{id}}/0",), policy=policy, worker_policy=worker, changes=changes
        )
        return self.with_redirect(case, 0.2)

    def csp_hops(self) -> NearCase:
        """A policy that lets a load begin, and is about where its redirects lead."""
        case = self.with_redirect(self.base(tuple(DIRECTIVE_OF), secure=self.chance(0.9)), 1.0)
        name = DIRECTIVE_OF[case.loader]
        name = MORE_EXACT.get(name, name) if self.chance(0.3) else name
        if self.chance(0.3):
            name = "default-src"
        first = case.urls[0].partition("/r/")[0]
        policies: list[str] = []
        for _ in range(self.rng.choice((1, 1, 1, 2))):
            asked = [first, *(self.source_near(self.rng.choice(case.urls[1:])) for _ in range(self.rng.choice((1, 2))))]
            policies.append(f"{name} {' '.join(self.rng.sample(asked, len(asked)))}")
        if self.chance(0.25):
            return dataclasses.replace(case, meta=tuple(policies))
        name = "Content-Security-Policy" + ("-Report-Only" if self.chance(0.05) else "")
        return dataclasses.replace(case, policy=tuple((name, policy) for policy in policies))

    def source_near(self, target: str) -> str:
        """A source expression that matches a URL, or nearly."""
        url = urlsplit(target.replace("{id}", self.id))
        host, parent = url.hostname or "", (url.hostname or "").partition(".")[2]
        origin = f"{url.scheme}://{url.netloc}"
        return self.rng.choice(
            (
                origin, origin, f"{origin}/", f"{origin}/r/", f"{origin}/other/", f"{origin}{url.path}",
                f"{origin}{url.path.upper()}", f"{origin}{url.path}?x=y", host, url.netloc, f"*.{parent or host}",
                f"*.{host}", f"{url.scheme}://*.{parent or host}", f"{url.scheme}:", "https:", "http:", "*", "'self'",
                f"{host}:*", f"{host}:443", f"{host}:80", f"http://{host}", f"http://{host}:80", f"ws://{host}",
                f"wss://{host}", f"{url.scheme}://*", "*:8443", "*:*", "*/r/", "*:443/r/", f"http://{url.netloc}",
                f"{url.scheme.upper()}://{host.upper()}", f"{host}.", f".{host}", f"{origin};", "'none'", "'SELF'",
                f"//{host}", f"{origin}/%72/", f"{origin}//r/",
            )
        )  # fmt: skip


def draw(seed: int, index: int, family: str | None = None) -> NearCase:
    """The case of one index of a seed: the same whenever asked. `family` None or "near": any."""
    return Wider(seed, index).case(None if family == "near" else family)
