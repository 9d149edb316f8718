"""Policies in force: rewriting the flows that they match.

Law 1: where no policy rewrites, no hook of this module exists, and nothing here runs.
Law 2: fail open: what goes wrong leaves the flow as the server meant it, and is logged once per kind.
Law 3: a flow is rewritten once, and what the server said is kept: for mitmproxy's revert, and in the metadata.
Law 4: a policy costs less than mitmproxy's own `modify_headers` that makes the same edits (scripts/bench).
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any

from mitmproxy import http as mitm

from cors_addon.exchange.load_trials import LoadTrial
from cors_addon.exchange.model import Fields, Judgement
from cors_addon.fetch.checks import REDIRECT_STATUSES
from cors_addon.fetch.headers import LOWER, get_all, normalize
from cors_addon.fetch.names import VALIDATING
from cors_addon.fetch.origins import OPAQUE, resolve
from cors_addon.flows import translate
from cors_addon.policy import rewrite_record
from cors_addon.policy.model import Mode, Policy, with_mode
from cors_addon.policy.origins import collect
from cors_addon.policy.rewrite import NOTHING, Asking, asking
from cors_addon.policy.rewrite_record import REWRITTEN, SERVER, Rewritten
from cors_addon.policy.shadow import Shadow, tried_by, try_on
from cors_addon.proxy import matching
from cors_addon.proxy.faults import Faults
from cors_addon.proxy.hooks import Hooks, Work
from cors_addon.proxy.in_force import NO_CHOICE, Choice, Chooser, InForce, in_force, scope
from cors_addon.proxy.logs import logger_of
from cors_addon.proxy.matching import Reads
from cors_addon.proxy.policy_file import PolicyFile
from cors_addon.proxy.revert import keep_original, phrase
from cors_addon.proxy.trial import load_trials
from cors_addon.proxy.unreachable import Unreachable

logger = logger_of(__name__)

_unconditional = matching.Absent(VALIDATING)

_LOWER_CASE = (b"HTTP/2", b"HTTP/3")
_MAX_FOLLOWED = 64
"""Servers to which a rule extends because redirects lead there."""
_MAX_LEFT = 1024


class Policies:
    """All policies: the session's rules first, then the file's."""

    def __init__(self, namespace: dict[str, Any] | None = None, changed: Callable[[], None] = lambda: None) -> None:
        """`namespace` is that of the addon which mitmproxy calls: hooks come to be in it, and go.

        `changed` is called after each change of what is in force.
        """
        self._changed = changed
        self._faults = Faults("cors_addon failed to apply a policy, the answer stays as it is")
        self.session: list[Policy] = []
        self.file = PolicyFile(self.refresh, self._faults)
        self.modes: dict[str, Mode] = {}
        """As set by command, by name."""
        self.follows: set[str] = set()
        """Names of session rules that extend to where their redirects lead."""
        self.since: dict[str, float] = {}
        """When each policy that is not off came to be so, by name, in Unix seconds."""
        self.shadows: tuple[InForce, ...] = ()
        self.rewriting = False
        """Whether any answer may be rewritten."""
        self.tries = False
        """Whether any flow may have verdicts under other policies."""
        self.unreachable = Unreachable()
        self.on_trials: Callable[[tuple[LoadTrial, ...]], None] = lambda _trials: None
        """Told which policies are to be tried on loads, as that changes."""
        self.hooks = Hooks(self, {} if namespace is None else namespace)
        self.chooser = Chooser()
        self.choose = self.chooser.choose
        self._may_want_fresh = False
        self._left: dict[str, tuple[int, Fields]] = {}
        """Status and header list of answers that stayed as they were when their heads were there, by flow id."""

    # ---- contents ----

    @property
    def all(self) -> list[Policy]:
        """Every policy in order, each in its present mode."""
        return [
            with_mode(policy, self.modes[policy.name]) if policy.name in self.modes else policy
            for policy in (*self.session, *self.file.policies)
        ]

    def refresh(self) -> None:
        """After any change: sort out what is in force, and hook in or out."""
        ready = [in_force(policy) for policy in self.all if policy.mode is not Mode.OFF]
        now = time.time()
        self.since = {each.policy.name: self.since.get(each.policy.name, now) for each in ready}
        rewriting = [each for each in ready if each.policy.mode is Mode.REWRITE]
        self.chooser.among(rewriting)
        self.shadows = tuple(each for each in ready if each.policy.mode is Mode.SHADOW)
        deciding = self.chooser.deciding
        self.rewriting = bool(rewriting)
        self.tries = bool(self.shadows or deciding)
        self.on_trials(tuple(load_trials(self.shadows)))
        self._left.clear()
        self._may_want_fresh = any(each.rewriter.may_want_fresh for each in deciding)
        self.hooks.refresh(rewriting=self.rewriting, deciding=bool(deciding))
        self._changed()

    def close(self) -> None:
        """Let go of mitmproxy."""
        self.file.close()
        self.session, self.modes = [], {}
        self.refresh()

    # ---- the session ----

    def add(self, policy: Policy) -> None:
        """Put a rule first, in place of the one of the same name."""
        self.session = [policy, *(each for each in self.session if each.name != policy.name)]
        self.modes.pop(policy.name, None)
        self.refresh()

    def drop(self, name: str) -> bool:
        """Remove a rule of the session."""
        left = [each for each in self.session if each.name != name]
        found = len(left) < len(self.session)
        self.session = left
        self.follows.discard(name)
        if found:
            self.refresh()
        return found

    # ---- a flow ----

    def on_connect(self, _flow: mitm.HTTPFlow) -> Work | None:
        """What to do with a tunnel that a client asks for."""
        return self._connect if self.unreachable else None

    def _connect(self, flow: mitm.HTTPFlow) -> None:
        """To a server that was not reached: let the client in, so that its request can be answered."""
        if flow.response is None and (flow.request.host, flow.request.port) in self.unreachable:
            flow.response = mitm.Response.make(200)

    def on_request(self, flow: mitm.HTTPFlow) -> Work | None:
        """What to do with a request before it is sent on: preflights, and those that ask whether a copy still holds."""
        request = flow.request.data
        if (
            request.method == b"OPTIONS"
            or self.unreachable
            or (self._may_want_fresh and not _unconditional(request.headers.fields))
        ):
            return self._request
        return None

    def _request(self, flow: mitm.HTTPFlow) -> Awaitable[None] | None:
        try:
            self._prepare(flow)
            if self.unreachable:
                return self._answer_unreachable(flow)
        except Exception as error:
            self._faults.report(error)
        return None

    def _prepare(self, flow: mitm.HTTPFlow) -> None:
        """Answer a preflight; else see to it that a stored answer is not merely confirmed."""
        request = flow.request.data
        fields = request.headers.fields
        asked = asking(request.method, fields)
        if request.method == b"OPTIONS":
            if asked.method is None:
                return
            chosen = self.choose(flow)
            if chosen.deciding is not None and chosen.deciding.rewriter.answers(asked):
                self._answer(flow, chosen.deciding, chosen.editing, asked)
            return
        deciding = self.choose(flow).deciding
        if deciding is not None and deciding.rewriter.must_be_fresh(asked):
            kept = tuple(pair for pair in fields if LOWER[pair[0]] not in VALIDATING)
            if len(kept) < len(fields):
                request.headers.fields = kept

    def _answer(self, flow: mitm.HTTPFlow, chosen: InForce, editing: tuple[InForce, ...], asked: Asking) -> None:
        lower = _lower(flow)
        status, fields = chosen.rewriter.answer(asked, lower=lower)
        names = chosen.policy.name
        for each in editing:
            fields = each.rewriter.fields(asked, fields, lower=lower)
            names = f"{names}, {each.policy.name}"
        if status != 204:
            fields += ((b"content-length" if lower else b"Content-Length", b"0"),)
        now = time.time()
        flow.response = mitm.Response(b"HTTP/1.1", status, phrase(status), mitm.Headers(fields), b"", None, now, now)
        rewrite_record.keep(flow.metadata, Rewritten(names, None, ()))

    def on_head(self, flow: mitm.HTTPFlow) -> Work | None:
        """What to do with an answer whose head is there."""
        if self.chooser.reads is Reads.NOTHING or self.chooser.reads > Reads.TARGET:
            return self._head
        try:
            choice = self.choose(flow)
        except Exception as error:
            self._faults.report(error)
            return None
        if choice is NO_CHOICE:
            self._leave(flow)
            return None
        return partial(self._head, choice=choice)

    def _head(self, flow: mitm.HTTPFlow, choice: Choice | None = None) -> None:
        try:
            if not self._rewrite(flow, self.choose(flow) if choice is None else choice):
                self._leave(flow)
        except Exception as error:
            self._faults.report(error)

    def _leave(self, flow: mitm.HTTPFlow) -> None:
        """Nothing to do with this head; nor will there be when the body is there, unless somebody changes the head."""
        if flow.response is not None and self.chooser.reads <= Reads.HEADS:
            if len(self._left) >= _MAX_LEFT:
                self._left.clear()
            self._left[flow.id] = flow.response.data.status_code, flow.response.data.headers.fields

    def _was_left(self, flow: mitm.HTTPFlow, response: mitm.Response) -> bool:
        left = self._left.pop(flow.id, None)
        data = response.data
        return left is not None and left[1] is data.headers.fields and left[0] == data.status_code

    def _rewrite(self, flow: mitm.HTTPFlow, choice: Choice) -> bool:
        """Rewrite an answer, once; False where it stays as it is."""
        response = flow.response
        if response is None or choice is NO_CHOICE or REWRITTEN in flow.metadata:
            return False
        chosen, editing = choice
        data, request = response.data, flow.request.data
        old = data.headers.fields
        names = ""
        status, fields = data.status_code, old
        asked = NOTHING
        lower = request.http_version.startswith(_LOWER_CASE)
        if chosen is not None:
            asked = asking(request.method, request.headers.fields)
            status, fields = chosen.rewriter.rewrite(asked, status, old, lower=lower)
            if fields is not old or status != data.status_code:
                names = chosen.policy.name
        for each in editing:
            before = fields
            fields = each.rewriter.fields(asked, fields, lower=lower)
            if fields is not before:
                names = f"{names}, {each.policy.name}" if names else each.policy.name
        if not names:
            return False
        rewrite_record.keep(flow.metadata, Rewritten(names, data.status_code, old))
        data.headers.fields = fields
        if status != data.status_code:
            data.status_code, data.reason = status, phrase(status)
        if chosen is not None and chosen.policy.name in self.follows and status in REDIRECT_STATUSES:
            self._follow(flow, chosen.policy, asked, fields)
        if response.stream:
            keep_original(flow)
        return True

    def response(self, flow: mitm.HTTPFlow) -> None:
        """Before a whole answer is judged: rewrite one that came from another addon, and keep what it was."""
        try:
            response = flow.response
            if not flow.live or response is None or translate.PROBE in flow.metadata:
                return
            if SERVER in flow.metadata or (
                not self._was_left(flow, response) and self._rewrite(flow, self.choose(flow))
            ):
                keep_original(flow)
        except Exception as error:
            self._faults.report(error)

    def _answer_unreachable(self, flow: mitm.HTTPFlow) -> Awaitable[None] | None:
        """Where a policy grants something and the server was not reached last time: see whether it is now."""
        if flow.response is not None or (flow.request.host, flow.request.port) not in self.unreachable:
            return None
        chosen = self.choose(flow).deciding
        return None if chosen is None or chosen.policy.strips else self.unreachable.answer(flow)

    def _follow(self, flow: mitm.HTTPFlow, rule: Policy, asked: Asking, fields: Fields) -> None:
        """A fetch does not end at its first redirect: let the rule go with it."""
        base = translate.url(flow)
        location = get_all(fields, b"location")
        target = resolve(normalize(location[0]).encode("latin-1"), base).url if location else None
        current = next((each for each in self.session if each.name == rule.name), None)
        if target is None or current is None or asked.origin is None:
            return
        # https://fetch.spec.whatwg.org/#concept-request-tainted-origin
        tainted = target.origin != base.origin and asked.origin != base.origin
        changed = _extended(current, scope(target), tainted=tainted)
        if changed == current:
            return
        if changed.filter.count(" | ") > _MAX_FOLLOWED:
            self.follows.discard(rule.name)
            logger.warning("The rule %s is not extended further: redirects lead to too many servers.", rule.name)
            return
        self.session = [changed if each is current else each for each in self.session]
        self.refresh()

    # ---- shadows ----

    def in_shadow(self, flow: mitm.HTTPFlow, judgement: Judgement) -> tuple[Shadow, ...]:
        """The verdicts under each policy in shadow; of a recording also under the one that would have rewritten it."""
        tried = [each for each in self.shadows if each.matches(flow) or tried_by(each.rewriter, judgement) is not None]
        if self.chooser.deciding and not flow.live and SERVER not in flow.metadata:
            chosen = self.chooser.decide(flow)
            if chosen is not None:
                tried.insert(0, chosen)
        if not tried:
            return ()
        rewritten = rewrite_record.of(flow.metadata)
        found = (try_on(each.rewriter, judgement, rewritten) for each in tried)
        return tuple(each for each in found if each is not None)


def _extended(rule: Policy, term: str, *, tainted: bool) -> Policy:
    """The rule for one more server; `tainted`: requests come to it with an opaque origin."""
    if rule.origins is None:
        return rule
    origins = collect((*rule.origins.listed, *((OPAQUE,) if tainted else ())))
    widened = rule.filter if term in rule.filter.split(" | ") else f"{rule.filter} | {term}"
    return replace(rule, filter=widened, origins=origins)


def _lower(flow: mitm.HTTPFlow) -> bool:
    return flow.request.data.http_version.startswith(_LOWER_CASE)
