"""Policies in force: which policy a flow gets, and rewriting it.

Law 1: where no policy rewrites, no hook of this module exists, and nothing here runs.
Law 2: fail open: what goes wrong leaves the flow as the server meant it, and is logged once per kind.
Law 3: a flow is rewritten once, and what the server said is kept: for mitmproxy's revert, and in the metadata.
Law 4: a broken policy file never replaces a good one.
Law 5: a policy costs less than mitmproxy's own `modify_headers` that makes the same edits (scripts/bench).
"""

import asyncio
import copy
import http.client
import logging
import re
import time
import traceback
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from weakref import ref

from mitmproxy import exceptions, flowfilter
from mitmproxy import http as mitm

from cors_addon.exchange.model import Fields, Judgement
from cors_addon.fetch.checks import REDIRECT_STATUSES
from cors_addon.fetch.headers import LOWER, get_all, normalize
from cors_addon.fetch.origins import OPAQUE, Url, resolve
from cors_addon.flows import translate
from cors_addon.policy import rewrite_record
from cors_addon.policy.faults import Fault, Severity, count
from cors_addon.policy.filters import literal, quoted
from cors_addon.policy.model import Mode, Policy, with_mode
from cors_addon.policy.origins import collect
from cors_addon.policy.read import Loaded, read
from cors_addon.policy.rewrite import NOTHING, Asking, Rewriter, asking
from cors_addon.policy.rewrite_record import KEPT, REWRITTEN, SERVER, Rewritten
from cors_addon.policy.shadow import Shadow, try_on
from cors_addon.proxy import matching
from cors_addon.proxy.hooks import Hooks, Work
from cors_addon.proxy.matching import Reads
from cors_addon.proxy.unreachable import Unreachable

logger = logging.getLogger(__name__)

_CONDITIONS = frozenset({b"if-none-match", b"if-modified-since"})
_unconditional = matching.Absent(_CONDITIONS)
_LOOK_EVERY = 1.0
"""Seconds between two looks at the policy file."""

_LOWER_CASE = (b"HTTP/2", b"HTTP/3")
_MAX_FOLLOWED = 64
"""Servers to which a rule extends because redirects lead there."""
_MAX_CHOICES = 1024
_MAX_LEFT = 1024

type Match = Callable[[mitm.HTTPFlow], bool]


@dataclass(frozen=True, slots=True)
class InForce:
    """A policy, ready to use."""

    policy: Policy
    rewriter: Rewriter
    match: Match | None
    """None: every flow."""

    def matches(self, flow: mitm.HTTPFlow) -> bool:
        """Whether the policy's filter matches."""
        return self.match is None or bool(self.match(flow))


class Choice(NamedTuple):
    """The policies that a flow gets."""

    deciding: InForce | None
    """The first that speaks of CORS and matches."""
    editing: tuple[InForce, ...]
    """Those that match and only edit."""


NO_CHOICE = Choice(None, ())


def check_filter(expression: str) -> str | None:
    """What is wrong with a filter expression, or None."""
    try:
        flowfilter.parse(expression)
    except ValueError as error:
        return str(error)
    return None


def in_force(policy: Policy) -> InForce:
    """Compile a policy's filter."""
    return InForce(policy, Rewriter(policy), flowfilter.parse(policy.filter) if policy.filter else None)


def load(path: Path) -> Loaded:
    """Read a policy file; raises OSError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        line, column = before.count(b"\n") + 1, len(before.rpartition(b"\n")[2].decode()) + 1
        words = f"the file is not UTF-8: {error.reason}"
        return Loaded((), [Fault(line, column, Severity.ERROR, "encoding", words)])
    return read(text, check_filter)


# ── the file, the session, and what follows from both ─────────────────────────────────────────────────────────────────


class Policies:
    """All policies: the session's rules first, then the file's."""

    def __init__(self, namespace: dict[str, Any] | None = None) -> None:
        """`namespace` is that of the addon which mitmproxy calls: hooks come to be in it, and go."""
        self.session: list[Policy] = []
        self.file: tuple[Policy, ...] = ()
        self.path: Path | None = None
        self.modes: dict[str, Mode] = {}
        """As set by command, by name."""
        self.follows: set[str] = set()
        """Names of session rules that extend to where their redirects lead."""
        self.deciding: tuple[InForce, ...] = ()
        self.editing: tuple[InForce, ...] = ()
        self.shadows: tuple[InForce, ...] = ()
        self.rewriting = False
        """Whether any answer may be rewritten."""
        self.tries = False
        """Whether any flow may have verdicts under other policies."""
        self.unreachable = Unreachable()
        self.advise: Callable[[Iterable[Policy]], str] = lambda _changed: ""
        """What to do so that a change of these policies is seen; set by whoever knows the flows."""
        self.hooks = Hooks(self, {} if namespace is None else namespace)
        self._reads = Reads.NOTHING
        """How much all filters in force read of a flow."""
        self._always = NO_CHOICE
        self._choices: dict[tuple[object, ...], Choice] = {}
        """Where the filters read no more than a request's target: by that."""
        self._may_want_fresh = False
        self._left: dict[str, tuple[int, Fields]] = {}
        """Status and header list of answers that stayed as they were when their heads were there, by flow id."""
        self._stamp: tuple[int, int] | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._failures: set[tuple[str, str, int | None]] = set()

    # ---- contents ----

    @property
    def all(self) -> list[Policy]:
        """Every policy in order, each in its present mode."""
        return [
            with_mode(policy, self.modes[policy.name]) if policy.name in self.modes else policy
            for policy in (*self.session, *self.file)
        ]

    def refresh(self) -> None:
        """After any change: sort out what is in force, and hook in or out."""
        ready = [in_force(policy) for policy in self.all if policy.mode is not Mode.OFF]
        rewriting = [each for each in ready if each.policy.mode is Mode.REWRITE]
        self.deciding = tuple(each for each in rewriting if each.policy.speaks_of_cors)
        self.editing = tuple(each for each in rewriting if not each.policy.speaks_of_cors)
        self.shadows = tuple(each for each in ready if each.policy.mode is Mode.SHADOW)
        self.rewriting = bool(rewriting)
        self.tries = bool(self.shadows or self.deciding)
        self._reads = max((matching.reads(each.match) for each in rewriting), default=Reads.NOTHING)
        self._choices.clear()
        self._left.clear()
        self._always = Choice(self.deciding[0], self.editing) if self.deciding else Choice(None, self.editing)
        self._may_want_fresh = any(each.rewriter.may_want_fresh for each in self.deciding)
        self.hooks.refresh(rewriting=self.rewriting, deciding=bool(self.deciding))

    def close(self) -> None:
        """Let go of mitmproxy."""
        self._unwatch()
        self.session, self.file, self.modes = [], (), {}
        self.refresh()

    # ---- the file ----

    def use_file(self, path: Path | None) -> None:
        """Take the policies of a file from now on; raises OptionsError with every fault."""
        if path is None:
            self._unwatch()
            self.path, self.file, self._stamp = None, (), None
            self.refresh()
            return
        try:
            stamp = _stamp(path)
            loaded = load(path)
        except OSError as error:
            raise exceptions.OptionsError(f"cors_policy: cannot read {path}: {error.strerror}") from error
        if not loaded.usable:
            faults = "\n".join(fault.render(str(path)) for fault in loaded.faults)
            raise exceptions.OptionsError(f"cors_policy: {path} is not used, {count(loaded.faults)}:\n{faults}")
        self._log(path, loaded.faults)
        self.path, self._stamp = path, stamp
        self._take(loaded.policies)
        self._watch()

    def look(self) -> bool:
        """Read the file again where it changed; a broken one changes nothing. True where the policies are new."""
        path = self.path
        if path is None:
            return False
        try:
            stamp = _stamp(path)
            if stamp == self._stamp:
                return False
            self._stamp = stamp
            loaded = load(path)
        except OSError as error:
            if self._stamp is not None:
                self._stamp = None
                logger.error("cors_policy: cannot read %s: %s. The last good policies stay.", path, error.strerror)
            return False
        self._log(path, loaded.faults)
        if not loaded.usable:
            logger.error("cors_policy: %s has %s. The last good policies stay.", path, count(loaded.faults))
            return False
        before = self.file
        self._take(loaded.policies)
        names = ", ".join(policy.name for policy in loaded.policies)
        changed = [policy for policy in (*before, *loaded.policies) if policy not in before or policy not in self.file]
        logger.info("cors_policy: %s read again: %s. %s", path, names, self.advise(changed))
        return True

    def _take(self, policies: Sequence[Policy]) -> None:
        self.file = tuple(policies)
        self.refresh()

    @staticmethod
    def _log(path: Path, faults: Sequence[Fault]) -> None:
        for fault in faults:
            level = logging.ERROR if fault.severity is Severity.ERROR else logging.WARNING
            logger.log(level, "%s", fault.render(str(path)))

    def _watch(self) -> None:
        if self._watcher is not None:
            return
        try:
            self._watcher = asyncio.get_running_loop().create_task(self._keep_looking())
        except RuntimeError:  # options are set before mitmproxy's loop runs: `running` begins to watch
            self._watcher = None

    def running(self) -> None:
        """The loop of mitmproxy runs."""
        if self.path is not None:
            self._watch()

    def _unwatch(self) -> None:
        if self._watcher is not None:
            self._watcher.cancel()
            self._watcher = None

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            try:
                self.look()
            except Exception as error:
                self._report(error)

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

    def decide(self, flow: mitm.HTTPFlow) -> InForce | None:
        """The first policy that speaks of CORS and matches."""
        return next((each for each in self.deciding if each.matches(flow)), None)

    def choose(self, flow: mitm.HTTPFlow) -> Choice:
        """The policies that match. Where their filters read only the request's target, known for each target."""
        read = self._reads
        if read is Reads.NOTHING:
            return self._always
        if read > Reads.TARGET:
            return self._choose(flow)
        key = matching.target(flow, read)
        choice = self._choices.get(key)
        if choice is None:
            if len(self._choices) >= _MAX_CHOICES:
                self._choices.clear()
            choice = self._choices[key] = self._choose(flow)
        return choice

    def _choose(self, flow: mitm.HTTPFlow) -> Choice:
        deciding = self.decide(flow)
        editing = tuple(each for each in self.editing if each.matches(flow))
        return NO_CHOICE if deciding is None and not editing else Choice(deciding, editing)

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
            self._report(error)
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
            kept = tuple(pair for pair in fields if LOWER[pair[0]] not in _CONDITIONS)
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
        flow.response = mitm.Response(b"HTTP/1.1", status, _phrase(status), mitm.Headers(fields), b"", None, now, now)
        rewrite_record.keep(flow.metadata, Rewritten(names, None, ()))

    def on_head(self, flow: mitm.HTTPFlow) -> Work | None:
        """What to do with an answer whose head is there."""
        if self._reads is Reads.NOTHING or self._reads > Reads.TARGET:
            return self._head
        try:
            choice = self.choose(flow)
        except Exception as error:
            self._report(error)
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
            self._report(error)

    def _leave(self, flow: mitm.HTTPFlow) -> None:
        """Nothing to do with this head; nor will there be when the body is there, unless somebody changes the head."""
        if flow.response is not None and self._reads <= Reads.HEADS:
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
            data.status_code, data.reason = status, _phrase(status)
        if status in REDIRECT_STATUSES and chosen is not None and chosen.policy.name in self.follows:
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
            self._report(error)

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
        if not location or asked.origin is None:
            return
        target = resolve(normalize(location[0]).encode("latin-1"), base).url
        current = next((each for each in self.session if each.name == rule.name), None)
        if target is None or current is None or current.origins is None:
            return
        term = scope(target)
        # https://fetch.spec.whatwg.org/#concept-request-tainted-origin
        tainted = target.origin != base.origin and asked.origin != base.origin
        origins = collect((*current.origins.listed, *((OPAQUE,) if tainted else ())))
        widened = current.filter if term in current.filter.split(" | ") else f"{current.filter} | {term}"
        if (widened, origins) == (current.filter, current.origins):
            return
        if widened.count(" | ") > _MAX_FOLLOWED:
            self.follows.discard(rule.name)
            logger.warning("The rule %s is not extended further: redirects lead to too many servers.", rule.name)
            return
        changed = replace(current, filter=widened, origins=origins)
        self.session = [changed if each is current else each for each in self.session]
        self.refresh()

    # ---- shadows ----

    def in_shadow(self, flow: mitm.HTTPFlow, judgement: Judgement) -> tuple[Shadow, ...]:
        """The verdicts under each policy in shadow; of a recording also under the one that would have rewritten it."""
        tried = [each for each in self.shadows if each.matches(flow)]
        if self.deciding and not flow.live and SERVER not in flow.metadata:
            chosen = self.decide(flow)
            if chosen is not None:
                tried.insert(0, chosen)
        if not tried:
            return ()
        rewritten = rewrite_record.of(flow.metadata)
        found = (try_on(each.rewriter, judgement, rewritten) for each in tried)
        return tuple(each for each in found if each is not None)

    def _report(self, error: Exception) -> None:
        frames = traceback.extract_tb(error.__traceback__)
        kind = (type(error).__qualname__, *((frames[-1].filename, frames[-1].lineno) if frames else ("", None)))
        if kind not in self._failures:
            self._failures.add(kind)
            logger.warning("cors_addon failed to apply a policy, the answer stays as it is: %r", error, exc_info=error)


# ── mitmproxy's revert ────────────────────────────────────────────────────────────────────────────────────────────────


class _Original(dict[str, Any]):
    """A flow's state before it was rewritten, made when it is first asked for: it costs more than the rewriting.

    mitmproxy asks in `flow.backup()`, `flow.modified()`, `flow.revert()` and when it saves a flow, each time for its
    truth or its difference from another state first.
    """

    _filled = False

    def __init__(self, flow: mitm.HTTPFlow) -> None:
        self._flow = ref(flow)

    def _fill(self) -> None:
        flow = self._flow()
        if self._filled or flow is None or flow.response is None:
            return
        self._filled = True
        known = rewrite_record.of(flow.metadata)
        flow._backup = None
        try:
            state = flow.get_state()
        finally:
            flow._backup = self  # type: ignore[assignment]
        state.pop("backup", None)
        state["metadata"] = {key: value for key, value in flow.metadata.items() if key not in KEPT}
        if known is not None and known.status is not None:
            state["response"]["headers"] = known.fields
            state["response"]["status_code"] = known.status
            state["response"]["reason"] = _phrase(known.status)
        elif known is not None:
            state["response"] = None
        self.update(state)

    def __bool__(self) -> bool:
        self._fill()
        return True

    def __eq__(self, other: object) -> bool:
        self._fill()
        return dict.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, Any]:
        self._fill()
        return copy.deepcopy(dict(self), memo)


def keep_original(flow: mitm.HTTPFlow) -> None:
    """Let mitmproxy's revert restore what the server answered."""
    if getattr(flow, "_backup", False) is None:
        flow._backup = _Original(flow)  # type: ignore[assignment]


# ── small things ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _lower(flow: mitm.HTTPFlow) -> bool:
    return flow.request.data.http_version.startswith(_LOWER_CASE)


def _phrase(status: int) -> bytes:
    return http.client.responses.get(status, "").encode()


def _stamp(path: Path) -> tuple[int, int]:
    seen = path.stat()
    return seen.st_mtime_ns, seen.st_size


def scope(url: Url) -> str:
    """A filter for a server: for its host; where its port is not the scheme's own, for that origin alone."""
    if url.origin.endswith(url.host):  # the port is the scheme's own
        return "~d " + quoted(f"^{literal(url.host)}$")
    return "~u " + quoted(f"^{literal(url.origin)}/")


def scope_of(flow: mitm.HTTPFlow) -> str:
    """A filter for all of the server that this flow went to; it matches the flow itself, by whatever name it goes."""
    return matching_filter(scope(translate.url(flow)), flow)


def matching_filter(wanted: str, flow: mitm.HTTPFlow) -> str:
    """The filter that is wanted for the server of this flow, if it matches; else one for it as mitmproxy calls it."""
    if flowfilter.parse(wanted)(flow):
        return wanted
    # reverse mode knows the server by another address, and mitmproxy decodes international names
    origin = re.match(r"[a-z]+://[^/]*", flow.request.pretty_url)
    return "~u " + quoted(f"^{literal(origin[0] if origin else flow.request.pretty_url)}/")
