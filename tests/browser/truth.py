"""Truth lines: from what the case server saw and what the browser decided to a decision for every flow.

The verdict is the browser's alone: a request that was followed by the next one of its step passed its check, the last
one fared as the driver's `Outcome` says. What the traffic cannot reveal is said in `ambiguous`, `ambiguous_why` and
`resolvable_by`, worked out from the case, which knows the credentials mode.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

from . import parallel, standard
from .cases import MODULES, REDIRECTS, Answer, Case, Step, answer, hop_number
from .drivers import Driver, Outcome
from .proxy import Seen

Line = dict[str, Any]

MAYBE_NO_CORS = (
    "no Sec-Fetch-Mode header (plain http URL): a cross-origin POST with Origin may be cors, no-cors or a form"
)
MISTAKABLE = "a later request that uses this refused preflight from the cache looks like the one it was sent for"
MISTAKABLE_TOGETHER = "another request that was taken together with this one looks like what would have followed"
FOLLOWS_WITHIN = 5.0
"""Seconds within which something may seem to follow a redirect."""
UNSETTLED = "a request taken together with this one did not come to an end, or is nobody's"
GAVE_UP = "over HTTP/2 Firefox takes a 408 for a dropped connection, asks ten times, and fails without a CORS decision"
NEXT_FOLLOWS = "the next request of the chain follows in the dump => passed"
NOTHING_FOLLOWS = "nothing of the chain follows in the dump => failed"
STORAGE_ACCESS = "Sec-Fetch-Storage-Access present => include"
NO_STORAGE_ACCESS = "Sec-Fetch-Storage-Access absent on a cross-site request => not include"
COOKIE_NOT_SENT = "a cookie for this URL was set earlier in the dump and was not sent => not include"


def truth_lines(
    case: Case,
    seen: Sequence[Seen],
    outcomes: Sequence[Outcome | None],
    driver: type[Driver],
    *,
    blocked_3pc: bool = False,
) -> list[Line]:
    """The truth line of each flow of one case, in the order of the flows."""
    lines: list[Line] = []
    preflighted: set[str] = set()
    if case.parallel:
        dealt = parallel.deal_out(case, seen, driver.unpreflighted)
        preflighted = {flow.url for flow in seen if flow.preflight}
    for index, step in enumerate(case.steps):
        flows = dealt[index] if case.parallel else [one for one in seen if one.step == index]
        outcome = outcomes[index] if index < len(outcomes) else None
        if outcome is None:
            continue
        judge = StepJudge(case, index, step, flows, outcome, driver, blocked_3pc, frozenset(preflighted))
        for number, flow in enumerate(flows):
            if judge.hop(flow) is None:
                continue
            lines.append({"case": case.id, "seq": len(lines), **judge.line(number)})
        preflighted |= {flow.url for flow in flows if flow.preflight}
    by_id = {flow.flow_id: flow for flow in seen}
    if case.parallel:
        lines.sort(key=lambda line: by_id[line["flow_id"]].time)
        note_alike(case, lines, by_id)
        note_mistakable_together(case, lines, by_id, driver.unpreflighted)
    note_mistakable(lines, by_id)
    return lines


def note_alike(case: Case, lines: Sequence[Line], flows: Mapping[str, Seen]) -> None:
    """Put what is alike on the wire into groups: of steps taken together, either may be either's."""
    for line in lines:
        flow = flows[line["flow_id"]]
        if flow.preflight:
            line["group"] = parallel.looks(flow)
        elif line["preflight"] in ("sent", "cached"):
            step = case.steps[line["step"]]
            hop = next(hop for hop, url in enumerate(step.urls) if hop_number(url) == flow.hop)
            names = standard.unsafe_names(case, step, hop)
            line["group"] = " ".join((flow.url, flow.header("origin") or "", flow.method, *sorted(names)))
        if pair := line.get("paired_with"):
            wanted = parallel.looks(flows[pair[0]])
            line["paired_among"] = [one for one, other in flows.items() if parallel.looks(other) == wanted]
    if len(flows) != len(lines) or any(line["js"] == "timeout" for line in lines):
        for line in lines:
            add_cause(line, UNSETTLED)


def note_mistakable_together(
    case: Case, lines: Sequence[Line], flows: Mapping[str, Seen], ignoring: frozenset[str]
) -> None:
    """Mark what of steps taken together no traffic tells: which of like preflights were refused, where the request of
    one of them may have been another's that used the cache, and whether a redirect was followed, where the page asked
    for what it leads to.
    """
    for line in lines:
        flow, step = flows[line["flow_id"]], case.steps[line["step"]]
        hop = next(hop for hop, url in enumerate(step.urls) if hop_number(url) == flow.hop)
        if line.get("preflight") == "cached":
            like = [
                one
                for one in lines
                if one["kind"] == "preflight" and parallel.asks_for(case, step, hop, flows[one["flow_id"]], ignoring)
            ]
            if any(one["verdict"] == "deny" and one["ambiguous"] for one in like):
                like_ids = {one["flow_id"] for one in like}
                for one in lines:
                    if one["flow_id"] in like_ids or one is line or like_ids & set(one.get("paired_with", ())):
                        add_cause(one, MISTAKABLE_TOGETHER)
        if hop and line["ambiguous"] and several_modes(case, step, hop):
            add_cause(line, MISTAKABLE_TOGETHER)
        if line["kind"] == "redirect-hop" and line["verdict"] == "deny" and hop + 1 < len(step.urls):
            for other in lines:
                there = flows[other["flow_id"]]
                if (
                    other["step"] != line["step"]
                    and there.hop == hop_number(step.urls[hop + 1])
                    and 0 <= there.time - flow.time - flow.delay <= FOLLOWS_WITHIN
                ):
                    for one in lines:
                        if one["step"] in (line["step"], other["step"]) and one["ambiguous"]:
                            add_cause(one, MISTAKABLE_TOGETHER)


def several_modes(case: Case, step: Step, hop: int) -> bool:
    """Whether redirects lead to this hop's URL with credentials, and others without."""
    url = step.urls[hop]
    return len({one.credentials == "include" for one in case.steps if url in one.urls[1:]}) > 1


def add_cause(line: Line, cause: str) -> None:
    """A line is ambiguous for this, too."""
    if cause not in line.get("ambiguous_why", ""):
        line["ambiguous"] = True
        line["ambiguous_why"] = "; ".join(filter(None, (line.get("ambiguous_why"), cause)))


def note_mistakable(lines: Sequence[Line], flows: Mapping[str, Seen]) -> None:
    """Mark refused preflights that a later request used from the cache: WebKit stores them too."""
    for index, line in enumerate(lines):
        if line["kind"] != "preflight" or line["verdict"] != "deny":
            continue
        later = next((other for other in lines[index + 1 :] if other["url"] == line["url"]), None)
        if later is None or later.get("preflight") != "cached":
            continue
        asked, request = flows[line["flow_id"]], flows[later["flow_id"]]
        names = [name.strip() for name in (asked.header("access-control-request-headers") or "").split(",")]
        if asked.header("access-control-request-method") != request.method:
            continue
        if all(request.header(name) is not None for name in names if name):
            for one in (line, later):
                add_cause(one, MISTAKABLE)


class StepJudge:
    """The flows of one step, and what became of each."""

    def __init__(
        self,
        case: Case,
        index: int,
        step: Step,
        flows: Sequence[Seen],
        outcome: Outcome,
        driver: type[Driver],
        blocked_3pc: bool,
        preflighted: frozenset[str],
    ) -> None:
        self.case = case
        self.index = index
        self.step = step
        self.flows = flows
        self.outcome = outcome
        self.driver = driver
        self.blocked_3pc = blocked_3pc
        self.preflighted = preflighted
        self.hops = standard.hops(case, step)

    def line(self, number: int) -> Line:
        """The truth line of one flow of the step."""
        flow, step, outcome = self.flows[number], self.step, self.outcome
        kind, verdict, last = self.kind(flow), self.verdict(number), number == len(self.flows) - 1
        line: Line = {
            "url": flow.url,
            "method": flow.method,
            "kind": kind,
            "flow_id": flow.flow_id,
            "browser": self.driver.name,
            "verdict": verdict,
            "error": outcome.error if last else None,
            "failed_parameter": outcome.failed_parameter if last else None,
            "credentials": step.credentials,
            "exposed": outcome.exposed if last and kind != "preflight" else None,
            "note": self.case.note + (f" | step: {step.note}" if step.note else ""),
            "api": step.api,
            "ctx": self.case.context(step),
            "mode": step.mode,
            "redirect": step.redirect,
            "page": self.case.page,
            "step": self.index,
            "js": outcome.js,
        }
        if kind != "preflight":
            line["preflight"] = self.preflight(number)
            pair = self.preflight_flow(number)
            line["paired_with"] = [] if pair is None else [pair.flow_id]
        if self.is_revalidation(flow):
            line["revalidation"] = True
        if last:
            extra = {
                "response_type": outcome.response_type if kind != "preflight" else None,
                "js_status": outcome.js_status if kind != "preflight" else None,
                "net_error": outcome.net_error if verdict != "allow" else None,
                "console": "\n".join(outcome.console) or None,
            }
            line |= {key: value for key, value in extra.items() if value is not None}
        elif not flow.answered:
            line["net_error"] = outcome.net_error
        return line | self.ambiguity(number, line)

    def answer(self, flow: Seen) -> Answer:
        """What the case server answered to a flow, `{origin}` filled in as it does."""
        given = answer(self.case, self.step, self.known_hop(flow), "p" if flow.preflight else "a")
        origin = flow.header("origin") or ""
        headers = tuple((name, value.replace("{origin}", origin)) for name, value in given.headers)
        return dataclasses.replace(given, headers=headers)

    def hop(self, flow: Seen) -> int | None:
        """Which of the step's hops a flow is; None for one beyond the last, where `end_location` led after all."""
        return next((hop for hop, url in enumerate(self.step.urls) if hop_number(url) == flow.hop), None)

    def known_hop(self, flow: Seen) -> int:
        """Which of the step's hops a flow is, for one that has a line."""
        hop = self.hop(flow)
        assert hop is not None
        return hop

    def kind(self, flow: Seen) -> str:
        """preflight, actual, or redirect-hop."""
        if flow.preflight:
            return "preflight"
        return "redirect-hop" if self.redirects(flow) else "actual"

    def redirects(self, flow: Seen) -> bool:
        """Whether the answer to a flow leads elsewhere."""
        given = self.answer(flow)
        return given.status in REDIRECTS and any(value.strip(" \t") for value in given.values("location"))

    def is_cors(self, flow: Seen) -> bool:
        """Whether the browser applies the CORS protocol to a flow at all."""
        return flow.preflight or (self.hops[self.known_hop(flow)].cors and self.step.api not in self.driver.opaque_apis)

    def verdict(self, number: int) -> str:
        """allow, deny or not-cors: what the browser decided for one flow."""
        flow, outcome = self.flows[number], self.outcome
        if not self.is_cors(flow):
            return "not-cors"
        if number < len(self.flows) - 1:
            return "allow" if flow.answered else "deny"
        passed = outcome.passed if outcome.passed is not None else outcome.js == "resolved"
        if self.kind(flow) == "preflight":  # what it was sent for may have been at hand in the HTTP cache
            return "allow" if passed and outcome.js == "resolved" and flow.answered else "deny"
        if self.kind(flow) == "redirect-hop":
            passed = self.step.redirect == "manual" and outcome.error is None and outcome.js == "resolved"
        return "allow" if passed and flow.answered else "deny"

    def preflight_flow(self, number: int) -> Seen | None:
        """The preflight that was sent for a flow."""
        hop = self.flows[number].hop
        return next((one for one in self.flows[:number] if one.preflight and one.answered and one.hop == hop), None)

    def preflight(self, number: int) -> str:
        """sent, cached, none-needed, or skipped: needed by the standard, and this browser never sends it."""
        flow = self.flows[number]
        if self.preflight_flow(number) is not None:
            return "sent"
        if not self.is_cors(flow) or not standard.needs_preflight(self.case, self.step, self.known_hop(flow)):
            return "none-needed"
        asked = standard.needs_preflight(self.case, self.step, self.known_hop(flow), self.driver.unpreflighted)
        return "cached" if asked and flow.url in self.preflighted else "skipped"

    def empty_line(self, flow: Seen) -> bool:
        """Whether one of several lines of Access-Control-Allow-Origin is empty."""
        lines = self.answer(flow).values("access-control-allow-origin")
        return len(lines) > 1 and "" in lines

    def asks_again(self, number: int) -> bool:
        """Whether the next flow only repeats this one."""
        flow, following = self.flows[number : number + 2]
        return (flow.hop, flow.preflight) == (following.hop, following.preflight)

    def may_be_at_hand(self, flow: Seen) -> bool:
        """Whether an earlier step got an answer that the browser may have stored."""
        before = self.case.steps[: self.index]
        return any(
            one.field == "cache" and "max-age" in one.name for step in before for one in step.mutations
        ) and flow.url.startswith("http:")

    def gives_up(self, flow: Seen) -> bool:
        """Whether Firefox never judges an answer, however often it asks (nsHttpTransaction::HandleContentStart)."""
        return self.driver.name == "firefox" and flow.http == "HTTP/2.0" and self.answer(flow).status == 408

    def is_revalidation(self, flow: Seen) -> bool:
        """Whether this is a 304 to a condition that the browser, not the author, put into the request."""
        conditions = {"if-none-match", "if-modified-since"}
        own = conditions & {name.lower() for name, _ in flow.headers}
        return self.answer(flow).status == 304 and bool(own - {name.lower() for name, _ in self.step.headers})

    def ambiguity(self, number: int, line: Line) -> Line:
        """What this flow alone does not settle, why, and what else settles it."""
        flow, last = self.flows[number], number == len(self.flows) - 1
        causes: list[str] = []
        resolvers: list[str] = []
        cors = line["verdict"] != "not-cors"
        if cors and not flow.answered:
            causes.append("connection failed before an answer: the browser made no CORS decision")
        elif cors and self.case.http == "2" and self.driver.name == "firefox" and self.empty_line(flow):
            causes.append("credentials may decide: Firefox drops an empty line over HTTP/2, other than the standard")
        elif cors and last and self.driver.name == "firefox" and self.answer(flow).status == 408:
            causes.append("Firefox takes a 408 for a connection that was closed, if the connection was used before")
        elif cors and not last and self.asks_again(number):
            causes.append("the browser asked again before it judged this answer, as Chromium does after a 408")
        elif cors and self.gives_up(flow):
            causes.append(GAVE_UP)
        elif cors and self.credentials_decide(flow, line) == "verdict":
            causes.append(
                "credentials mode decides and is not visible in a preflight"
                if flow.preflight
                else "credentials mode decides and no Cookie shows it"
            )
            resolvers = self.evidence(flow, line, last)
        if last and flow.preflight and line["verdict"] == "deny" and self.may_be_at_hand(flow):
            causes.append("its request may have been answered from the HTTP cache, and that have been refused")
        cross_origin = flow.header("origin") not in (None, standard.origin_of(flow.url))
        if (
            flow.method == "POST"
            and cross_origin
            and flow.header("sec-fetch-mode") is None
            and line["preflight"] not in ("sent", "cached")
        ):
            causes.append(MAYBE_NO_CORS)
        if last and line["kind"] == "redirect-hop" and cors and line["error"] in (None, "RedirectNotAllowed"):
            if self.step.redirect == "manual":
                causes.append("redirect mode 'manual': the browser stops at this hop by request, not for CORS")
            elif self.step.redirect == "error":
                causes.append("redirect mode 'error' rejects any redirect; the mode is not visible in traffic")
        if last and cors and "insecure content" in (self.outcome.net_error or ""):
            causes.append("the URL redirected to is mixed content to this browser, which is no matter of CORS")
        if (
            last
            and cors
            and self.driver.name == "firefox"
            and self.step.api in MODULES
            and self.answer(flow).values("content-type") != ["text/javascript"]
        ):
            causes.append(
                "Firefox calls a module of the wrong type a failed CORS request; a classic script looks alike"
            )
        if "#" in "".join(url for step in self.case.steps for url in step.urls):
            causes.append("fragments are not on the wire, and the preflight cache keys on them")
        if last and cors and self.driver.name == "webkit" and len(self.answer(flow).values("location")) > 1:
            causes.append("WebKit joins several Locations, and asks for a URL that no case knows")
        if last and cors and self.step.keepalive and "TOO_MANY_REDIRECTS" in (self.outcome.net_error or ""):
            causes.append("Chromium follows one redirect less where keepalive is set, which is not visible in traffic")
        own_condition = any(name.lower() == "if-none-match" for name, _ in self.step.headers)
        if own_condition and line.get("preflight") == "cached" and self.may_be_at_hand(flow):
            causes.append("the script's own condition looks like the browser's, since its preflight is cached")
        if last and self.outcome.js == "timeout":
            causes.append("the browser did not come to an end in time")
        made: Line = {"ambiguous": bool(causes)}
        if causes:
            made["ambiguous_why"] = "; ".join(causes)
        if resolvers:
            made["resolvable_by"] = "; ".join(resolvers)
        if cors and flow.answered and self.credentials_decide(flow, line) == "details":
            made["ambiguous_details"] = "the credentials mode decides the reason or what is exposed, not the verdict"
        elif cors and self.driver.name == "firefox" and self.step.redirect != "follow" and self.redirects(flow):
            made["ambiguous_details"] = "the redirect mode decides the reason, and whether the console tells twice"
        return made

    def credentials_decide(self, flow: Seen, line: Line) -> str | None:
        """What the other credentials mode would have changed, where the flow does not show which mode it was."""
        if flow.header("cookie") is not None and not flow.preflight:
            return None
        with_, without = self.both_outcomes(flow, line)
        if with_ == without:
            return None
        return "verdict" if standard.passes(with_) != standard.passes(without) else "details"

    def both_outcomes(self, flow: Seen, line: Line) -> tuple[str, str]:
        """The standard's outcome with credentials included and without; only compared with each other."""
        given, asked = self.answer(flow), None
        if line.get("revalidation"):
            given = self.freshened(flow, given)
        if flow.preflight:
            names = [name.strip() for name in (flow.header("access-control-request-headers") or "").split(",")]
            asked = (flow.header("access-control-request-method") or "", [name for name in names if name])
        origin = flow.header("origin") or ""
        with_, without = (standard.outcome(given, origin, included, asked) for included in (True, False))
        if line["kind"] == "redirect-hop":
            without = without.removesuffix(standard.EXPOSES_ALL)
            last = self.known_hop(flow) == len(self.step.urls) - 1
            if last and self.step.end_location is not None and self.step.redirect == "follow":
                with_, without = ("location" if standard.passes(word) else word for word in (with_, without))
        return with_, without

    def freshened(self, flow: Seen, given: Answer) -> Answer:
        """The stored answer as https://www.rfc-editor.org/rfc/rfc9111#name-freshening-stored-responses updates it.

        A 304 that an earlier step got has updated it before, even one to a condition of the author's own.
        """
        hop = self.known_hop(flow)
        earlier = [answer(self.case, step, hop, "a") for step in self.case.steps[: self.index]]
        stored = earlier[0] if earlier else given
        for fresh in [*earlier[1:], given]:
            names = {name.lower() for name, _ in fresh.headers}
            kept = tuple(header for header in stored.headers if header[0].lower() not in names)
            stored = Answer(stored.status, kept + fresh.headers)
        return stored

    def evidence(self, flow: Seen, line: Line, last: bool) -> list[str]:
        """What else in the dump settles the credentials mode, or what came of the flow."""
        found: list[str] = []
        included = self.step.credentials == "include"
        here, page = standard.site_of(flow.url), standard.site_of(self.case.page)
        secure = flow.url.startswith("https:")
        if not flow.preflight:
            if flow.header("sec-fetch-storage-access") is not None:
                found.append(STORAGE_ACCESS)
            elif (
                self.driver.name == "chromium"
                and secure
                and not included
                and here != page
                and flow.header("sec-fetch-site") == "cross-site"
            ):
                found.append(NO_STORAGE_ACCESS)
            if secure and not included and re.search(r"^https://[^/]+/k/", flow.url) and not self.blocked_3pc:
                found.append(COOKIE_NOT_SENT)
        with_, without = self.both_outcomes(flow, line)
        if line["kind"] != "actual" and standard.passes(with_) != standard.passes(without):
            if not last:
                found.append(NEXT_FOLLOWS)
            elif line["verdict"] == "deny":
                found.append(NOTHING_FOLLOWS)
        return found
