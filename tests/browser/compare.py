"""Truth lines against the addon's JSON lines: agreement by tier and field, and each disagreement.

Tiers, by truth line:
  strict      the flow and what precedes it determine the verdict: every field must agree
  resolvable  ambiguous, yet settled by evidence named in `resolvable_by`
  open        only the credentials mode is unknown: the true verdict must be among `verdict` and `if_credentialed`
  unscored    something else is invisible (no answer, a redirect mode that is not on the wire): counted, not judged
Where the credentials mode decides only the reason or what is exposed (`ambiguous_details`), those fields are open.
"""

from __future__ import annotations

import collections
import dataclasses
import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .cases import MODULES

Line = Mapping[str, Any]

TIERS = ("strict", "witnessed", "resolvable", "open", "unscored")
JUDGED = {"strict": 1.0, "witnessed": 1.0, "resolvable": 0.98, "open": 1.0}
FIELDS = ("verdict", "role", "error", "parameter", "preflight", "pair", "exposed", "console", "contradicted")
ROLE = {"preflight": "preflight", "actual": "actual", "redirect-hop": "redirect"}
PREFLIGHT = {"sent": "sent", "cached": "cached", "none-needed": "not-needed", "skipped": "not-needed"}
_NO_CORS = (
    "f an opaque response serves your needs, set the request's mode to 'no-cors' to fetch the resource with CORS"
    " disabled."
)
HINTS = (
    " The credentials mode of requests initiated by the XMLHttpRequest is controlled by the withCredentials attribute.",
    f" I{_NO_CORS}",
    f" Have the server send the header with a valid value, or, i{_NO_CORS}",
    " Have the server send the header with a valid value.",
)
"""Of fetch or XMLHttpRequest alone; those that name no-cors are older Chromium's."""
WEBKIT_LEVEL = re.compile(r"^CONSOLE (?:[A-Z-]+ )?(?:ERROR|WARNING) ")
ABOUT_CORS = re.compile(
    "^Cross-Origin Request Blocked: |Access-Control-Allow-|Cross-Origin Resource Sharing policy"
    "|^Preflight response is not successful|^Beacon API cannot load|due to access control checks"
)
NOT_HTTP = "(Reason: CORS request not http)."
PERMISSION = ("preflight", "paired_with", "paired_among")
UNREADABLE = {
    "net::ERR_INVALID_HTTP_RESPONSE",
    "net::ERR_HTTP2_PROTOCOL_ERROR",
    "Could not parse HTTP response",
}
"""What Chromium and WebKit say of an answer whose headers they do not take."""
NO_ANSWER = ("header-unreadable", "network-error")
"""What we do."""
SYNTHETIC_HEADERS = {"x-firefox-spdy"}


@dataclasses.dataclass(frozen=True, slots=True)
class Check:
    """One field of one flow, as the browser has it and as the addon has it."""

    tier: str
    field: str
    hit: bool
    wanted: Any
    got: Any
    truth: Line

    @property
    def signature(self) -> tuple[str, ...]:
        """What this disagreement is about, whatever the case: two of one signature are likely one fault."""
        if self.field in ("pair", "console"):
            return (self.field, str(self.truth["error"]))
        return (self.field, self.truth["kind"], json.dumps(self.wanted), json.dumps(self.got))


def load_lines(path: Path) -> dict[str, Line]:
    """JSON lines by flow id; the last revision of a flow wins."""
    if not path.exists():
        return {}
    rows = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    return {row["flow_id"]: row for row in rows}


def base_name(error: str | None) -> str | None:
    """Firefox numbers its message keys when their wording changes: CORSDidNotSucceed2."""
    return re.sub(r"\d+$", "", error) if error else None


def tier_of(truth: Line) -> str:
    """How strictly a truth line can be judged."""
    if not truth["ambiguous"]:
        return "strict"
    if not all(cause.startswith("credentials") for cause in truth["ambiguous_why"].split("; ")):
        return "unscored"
    return "resolvable" if truth.get("resolvable_by") else "open"


def about_redirect_mode(truth: Line) -> bool:
    """Whether nothing but the redirect mode, which a page knows, makes a line ambiguous."""
    causes = truth.get("ambiguous_why", "").split("; ")
    return all(cause.startswith(("redirect mode", "credentials")) for cause in causes)


def compare(truth: Line, ours: Line | None) -> Iterator[Check]:
    """A check for each field that this truth line can judge."""
    ours = ours if ours is not None else {"verdict": "not-cors"}
    tier = tier_of(truth)
    if ours.get("told_by") == "page" and (tier in ("resolvable", "open") or about_redirect_mode(truth)):
        tier = "witnessed"
    yield Check("strict", "contradicted", not ours.get("contradicted"), False, ours.get("contradicted"), truth)
    want, got = truth["verdict"], ours.get("verdict")
    hit = got == want or (tier == "open" and ours.get("if_credentialed") == want)
    yield Check(tier, "verdict", hit, want, got, truth)
    if want == "not-cors" or tier in ("open", "unscored"):
        return
    wanted: Any = ROLE[truth["kind"]]
    yield Check(tier, "role", ours.get("role") == wanted, wanted, ours.get("role"), truth)
    details = "unscored" if truth.get("ambiguous_details") else tier
    if want == "deny" and (error := truth["error"]):
        given = ours.get("browser_error")
        yield Check(details, "error", base_name(given) == base_name(error), error, given, truth)
        if truth["browser"] == "chromium" and (parameter := truth["failed_parameter"]):
            yield Check(details, "parameter", ours.get("detail") == parameter, parameter, ours.get("detail"), truth)
        if (text := console_text(truth)) is not None:
            said = ours.get("console_message")
            yield Check(
                details,
                "console",
                without_the_invisible(said, truth) == without_the_invisible(text, truth),
                text,
                said,
                truth,
            )
    elif want == "deny" and truth.get("net_error") in UNREADABLE:
        given = ours.get("reason")
        yield Check(details, "error", given in NO_ANSWER, truth["net_error"], given, truth)
    if truth["kind"] == "actual" and truth["preflight"] in PREFLIGHT:
        wanted = PREFLIGHT[truth["preflight"]]
        yield Check(tier, "preflight", ours.get("preflight") == wanted, wanted, ours.get("preflight"), truth)
    if truth["kind"] != "preflight" and (pair := truth.get("paired_with")):
        given = ours.get("paired_with") or []
        alike = truth.get("paired_among") or pair
        yield Check(tier, "pair", not set(alike).isdisjoint(given), pair, given, truth)
    if truth["kind"] == "actual" and want == "allow" and truth["exposed"] is not None:
        wanted = sorted(set(truth["exposed"]) - SYNTHETIC_HEADERS)
        given = sorted({name.lower() for name in ours.get("exposed_headers") or []})
        yield Check(details, "exposed", given == wanted, wanted, given, truth)


def console_text(truth: Line) -> str | None:
    """What the console says of CORS: one line in Chromium, elsewhere all of them, the cause first."""
    lines = (truth.get("console") or "").split("\n")
    if truth["browser"] == "chromium":
        return next((line for line in lines if "blocked by CORS policy" in line), None)
    if truth["browser"] == "webkit":
        lines = [WEBKIT_LEVEL.sub("", line) for line in lines]
    return "\n".join(line for line in lines if ABOUT_CORS.search(line)) or None


def without_the_invisible(text: str | None, truth: Line) -> str | None:
    """A console text without what is not on the wire: fragments everywhere, else what its browser's table says."""
    if text is None:
        return None
    text = INVISIBLE[truth.get("browser", "chromium")](text, truth)
    return re.sub(r"#[^' \n]*?(?=\.?(?:[' \n]|$))", "", text)


def _chromium_visible(text: str, truth: Line) -> str:
    """Who asked: fetch, XMLHttpRequest, beacons (a resource) and preloads as fetch look alike.

    Where there is no Sec-Fetch-Dest, all do.
    """
    for hint in HINTS:
        text = text.removesuffix(hint)
    plain = truth["url"].startswith("http://") and "localhost" not in truth["url"]
    initiator = r"[\w ]+?" if plain else "fetch|XMLHttpRequest|resource|link element resource"
    return re.sub(rf"^Access to (?:{initiator}) at ", "Access to fetch at ", text)


def _gecko_visible(text: str, truth: Line) -> str:
    """How often a target was said not to be http, and a redirect mode.

    The former line names no case, so the driver gives it to every step under way that leads to the same target. After
    a refused redirect a second line follows in mode `follow` only.
    """
    first, *others = dict.fromkeys(text.split("\n")) if NOT_HTTP in text else text.split("\n")
    if base_name(truth["error"]) != "CORSDidNotSucceed":
        others = [line for line in others if not line.endswith(NOT_HTTP)]
    if truth["kind"] == "redirect-hop" and truth["redirect"] != "follow":
        others = []
    return "\n".join([first, *others])


def _webkit_visible(text: str, truth: Line) -> str:
    """Who asked, and the case in which script wrote a header's name.

    fetch, XMLHttpRequest and beacons look alike; classic scripts, unlike modules, say more than the cause; workers
    (those of blob: URLs too), preloads and modules, unlike fetch, say no more. Scripts and modules look like fetch
    where there is no Sec-Fetch-Dest: over plain http, and after redirects.
    """
    cause, *others = text.split("\n")
    cause = re.sub(r"^Request header field \S+", lambda match: match[0].lower(), cause)
    plain = truth["url"].startswith("http:") or truth["note"].startswith("redirect ")
    if (
        truth["ctx"] in ("worker", "blob")
        or truth["api"] == "preload"
        or (truth["api"] in (*MODULES, "script") and plain)
    ):
        others = []
    others = [line for line in others if not line.startswith("Cross-origin script load denied by ")]
    if truth["api"] == "beacon":  # which repeats the cause
        others = [re.sub(r"^\w+ API cannot load (\S+?)(?:\. | due to ).*", r"\1", line) for line in others]
    others = [line.replace("XMLHttpRequest cannot load ", "Fetch API cannot load ", 1) for line in others]
    return "\n".join([cause, *others])


INVISIBLE = {"chromium": _chromium_visible, "firefox": _gecko_visible, "webkit": _webkit_visible}


@dataclasses.dataclass(slots=True)
class Agreement:
    """All checks of a run, counted."""

    totals: collections.Counter[tuple[str, str]] = dataclasses.field(default_factory=collections.Counter)
    hits: collections.Counter[tuple[str, str]] = dataclasses.field(default_factory=collections.Counter)
    misses: list[Check] = dataclasses.field(default_factory=list)
    undecided: list[Check] = dataclasses.field(default_factory=list)
    """Other verdicts where traffic does not tell: not judged, and yet looked at."""

    def add(self, checks: Iterable[Check]) -> None:
        """Count some checks."""
        for check in checks:
            key = (check.tier, check.field)
            self.totals[key] += 1
            self.hits[key] += check.hit
            if not check.hit and check.tier in JUDGED:
                self.misses.append(check)
            elif not check.hit and check.field == "verdict":
                self.undecided.append(check)

    def set_aside(self, covers: Callable[[Check], bool]) -> list[Check]:
        """Take out the misses that `covers` says are known, as if they had not been compared."""
        known = [check for check in self.misses if covers(check)]
        for check in known:
            self.misses.remove(check)
            self.totals[check.tier, check.field] -= 1
        return known

    @property
    def agrees(self) -> bool:
        """Whether every judged field of every tier reaches what its tier asks for."""
        for (tier, field), total in self.totals.items():
            if tier not in JUDGED:
                continue
            # a share of few says little: one in a small sample is no more than one
            excused = max(1, (1 - JUDGED[tier]) * total) if JUDGED[tier] < 1 else 0
            if total - self.hits[tier, field] > excused:
                return False
        return True

    def table(self) -> str:
        """The table of agreement, a line per tier and field."""
        lines = [f"{'tier':<12}{'field':<11}{'agree':>7} {'of':<7}{'share':>9}"]
        judged = [key for key, total in self.totals.items() if total]
        for tier, field in sorted(judged, key=lambda key: (TIERS.index(key[0]), FIELDS.index(key[1]))):
            hits, total = self.hits[tier, field], self.totals[tier, field]
            below = "" if hits / total >= JUDGED.get(tier, 0.0) else f"   below {JUDGED[tier]:.0%}"
            lines.append(f"{tier:<12}{field:<11}{hits:>7}/{total:<7}{hits / total:>9.2%}{below}")
        whys = collections.Counter(
            f"{check.truth['kind']}, the browser {check.wanted}, the addon {check.got}: {check.truth['ambiguous_why']}"
            for check in self.undecided
        )
        lines += [f"  {count:>5} unscored {why}" for why, count in whys.most_common()]
        return "\n".join(lines)


def agreement(truths: Iterable[Line], ours: Mapping[str, Line]) -> Agreement:
    """All truth lines of a run against all lines of ours."""
    made = Agreement()
    groups: dict[tuple[str, str], list[Line]] = {}
    for truth in truths:
        if "group" in truth:
            groups.setdefault((truth["case"], truth["group"]), []).append(truth)
        else:
            made.add(compare(truth, ours.get(truth["flow_id"])))
    for group in groups.values():
        made.add(itertools.chain.from_iterable(compare_alike(group, ours)))
    return made


def compare_alike(group: Sequence[Line], ours: Mapping[str, Line]) -> Iterator[Iterable[Check]]:
    """Lines of flows that are alike on the wire: which of them fared how is not told, only how many did.

    Preflights are the same but for what became of them, requests but for where their permission was from.
    """
    whole = group[0]["kind"] == "preflight"
    left = list(group)
    for truth in group:
        here = ours.get(truth["flow_id"])
        fates = [fate if whole else {**truth, **{name: fate.get(name) for name in PERMISSION}} for fate in left]
        checks = [list(compare(fate, here)) for fate in fates]
        best = min(range(len(left)), key=lambda number: sum(not check.hit for check in checks[number]))
        del left[best]
        yield checks[best]
