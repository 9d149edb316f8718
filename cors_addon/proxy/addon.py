"""The addon: guard, translate, one call.

Law 1: fail open. Whatever goes wrong here leaves the flow as it was, and is logged once per kind.
Law 2: a hook that need not exist is the cheapest. Requests are judged when their answer is there, so two suffice.
Law 3: flows that CORS has nothing to do with cost next to nothing: names are looked at, nothing is built.
Law 4: time is the flows' own, so that a recording is judged as live traffic was.
"""

import asyncio
import logging
import traceback
import weakref
from collections.abc import Coroutine, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from mitmproxy import ctx, exceptions, http
from mitmproxy.addonmanager import Loader
from mitmproxy.connection import Server
from mitmproxy.hooks import UpdateHook, all_hooks
from mitmproxy.proxy.server_hooks import ServerConnectionHookData
from mitmproxy.tls import TlsData

from cors_addon.audit.auditor import Auditor
from cors_addon.exchange.model import Judgement, Observation
from cors_addon.exchange.tracker import PATIENCE, Tracker
from cors_addon.fetch.checks import REDIRECT_STATUSES
from cors_addon.flows import translate
from cors_addon.policy.suffixes import registrable_domain
from cors_addon.proxy import settings, view
from cors_addon.proxy.annotate import annotate, annotate_probe
from cors_addon.proxy.audit_command import AuditCommand
from cors_addon.proxy.commands import Commands
from cors_addon.proxy.curl_command import CurlCommand
from cors_addon.proxy.keys import Keys
from cors_addon.proxy.policy_commands import PolicyCommands
from cors_addon.proxy.probe_command import ProbeCommand
from cors_addon.proxy.reporting import Reporting
from cors_addon.proxy.rewriting import Policies
from cors_addon.proxy.script_slot import ScriptSlot
from cors_addon.proxy.settings import Settings
from cors_addon.proxy.sink import Sink
from cors_addon.proxy.streams import Streams
from cors_addon.report.explanation import explain, nothing_to_say
from cors_addon.report.text import WIDTH
from cors_addon.session.session import judge_one, judge_replayed

if TYPE_CHECKING:
    from cors_addon.proxy.mitmdump_output import MitmdumpOutput  # what mitmdump alone needs, and not with -q

logger = logging.getLogger(__name__)

_SETTLE_LOADED_AFTER = 1.0
"""Seconds without another flow from a file after which the file counts as read."""
_STARTING_UP = 1.0
"""Seconds in which mitmproxy takes an error in the log for a reason to exit."""
_SHORT_BODY = 16_384
"""Bytes of an answer's body, as sent, that a report looks into."""
_SETTLE_EVERY = 5.0
"""Seconds of flow time between two looks at all clients for what nothing followed."""


NO_USE, STORED, JUDGED = range(3)
"""Of what use a flow is: none; its answer may later serve a CORS request; it is for the tracker to look at."""


def use_of(flow: http.HTTPFlow, tracker: Tracker) -> int:
    """Of what use this flow is: it is judged for an Origin, a redirect, or what may be evidence of credentials.

    Every flow comes by here. Lengths are compared first: most names have one that none of ours has, and that costs a
    sixth of hashing a name.
    """
    has_cookie = navigates = has_validator = False
    for name, _ in flow.request.data.headers.fields:
        if len(name) in {6, 25}:
            lower = name.lower()
            if lower == b"origin":
                return JUDGED
            if lower == b"cookie":
                has_cookie = True
            elif lower == b"upgrade-insecure-requests":
                navigates = True  # and a navigation always includes credentials
    response = flow.response
    if response is not None:
        data = response.data
        if data.status_code in REDIRECT_STATUSES:
            return JUDGED
        for name, _ in data.headers.fields:
            if len(name) in {4, 10, 13}:
                lower = name.lower()
                if lower == b"set-cookie":
                    return JUDGED
                if lower in {b"etag", b"last-modified"}:
                    has_validator = True
    if has_cookie:
        if tracker.is_cookie_news(flow.client_conn.id):
            return JUDGED
    elif navigates and tracker.is_navigation_news(flow.client_conn.id):
        return JUDGED
    return STORED if has_validator else NO_USE


class Seen(weakref.ref[http.HTTPFlow]):
    """A flow that was looked at, as long as mitmproxy keeps it, with the judgement it got."""

    __slots__ = ("flow_id", "judgement")
    flow_id: str
    judgement: Judgement | None


class CorsAddon:
    """Judges CORS traffic as the client's browser does, and writes the verdict where people look."""

    def __init__(self) -> None:
        self._settings = Settings()
        self._tracker = Tracker(site=registrable_domain)
        self._auditor = Auditor(registrable_domain)
        self._sink: Sink | None = None
        self._lines: MitmdumpOutput | None = None
        self._view = view.CorsView(self._explain, self._is_judged)
        self._commands: Commands | None = None
        self._curl: CurlCommand | None = None
        self._keys: Keys | None = None
        self._policies = Policies(vars(self))
        self._place: ScriptSlot | None = None
        self._streams = Streams(self._judge_streaming)
        self._policy_commands: PolicyCommands | None = None
        self._reporting: Reporting | None = None
        self._audit_command: AuditCommand | None = None
        self._probe_command: ProbeCommand | None = None
        self._our_columns: list[str] | None = None
        self._intercepting = False
        self._running = False
        self._has_view = True
        """Flows stay with mitmproxy, and people look at them; mitmdump lets go of each as it is done."""
        self._is_up = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._file_read: asyncio.TimerHandle | None = None
        self._more_came = False
        self._loaded_until = 0.0
        self._settled = 0.0
        self._latest = ""
        self._failures: set[tuple[int, str, str, int | None]] = set()
        self._seen: dict[str, Seen] = {}
        """By flow id. Bounded by mitmproxy's own list: when it forgets a flow, so does this."""

    # ---- hooks ----

    def load(self, loader: Loader) -> None:
        """Declare options, commands and the content view."""
        settings.declare(loader)
        self._commands = Commands(loader.master, self._explain, self._fetch_of)
        self._commands.declare(loader)
        self._policy_commands = PolicyCommands(
            loader.master, self._policies, lambda flow: self._judgement(flow) or self._judgement_of(flow)[0]
        )
        self._policy_commands.declare(loader)
        self._curl = CurlCommand(loader.master, lambda flow: self._judgement_of(flow)[0], self._find)
        self._curl.declare(loader)
        self._reporting = Reporting(loader.master, self._judged, self._short_body_of)
        self._reporting.declare(loader)
        self._audit_command = AuditCommand(loader.master, lambda flow: self._judgement_of(flow)[0])
        self._audit_command.declare(loader)
        self._probe_command = ProbeCommand(loader.master, lambda flow: self._judgement_of(flow)[0])
        self._probe_command.declare(loader)
        view.register(self._view)

    def configure(self, updated: set[str]) -> None:
        """Check the options, and use them from now on."""
        if "intercept_active" in updated or "intercept" in updated:
            self._intercepting = bool(getattr(ctx.options, "intercept_active", False))
        if "flow_detail" in updated:
            self._print_or_not()
        if not settings.NAMES & updated:
            return
        new = settings.parse(ctx.options)
        # what may fail comes first: mitmproxy takes back all that it set together
        sink = self._sink if new.jsonl == self._settings.jsonl else _sink(new.jsonl)
        if new.policy != self._settings.policy:
            try:
                self._policies.use_file(new.policy)
            except exceptions.OptionsError:
                if sink is not None and sink is not self._sink:
                    sink.close()
                raise
        if sink is not self._sink and self._sink is not None:
            self._sink.close()
        self._sink = sink
        if new.report != self._settings.report and self._reporting is not None:
            self._reporting.use(new.report)
        if new.engine != self._settings.engine:
            self._finish()
            self._tracker = Tracker(engine=new.engine, site=registrable_domain)
        self._settings = new
        self._show_comments()

    def configure_script(self, updated: set[str]) -> None:
        """As `configure`; of what a script raises as it is loaded, mitmproxy shows the traceback, and not what it says.

        It ends for either.
        """
        try:
            self.configure(updated)
        except exceptions.OptionsError as error:
            if self._running:
                raise
            logger.error("%s", error)

    def running(self) -> None:
        """Now every option is set, the user's columns too."""
        self._intercepting = bool(getattr(ctx.options, "intercept_active", False))
        self._running = True
        self._policies.running()
        self._streams.start()
        self._has_view = ctx.master.addons.get("view") is not None
        self._print_or_not()
        self._show_comments()
        loop = asyncio.get_running_loop()
        loop.call_later(_STARTING_UP, self._come_up)
        self._keys = Keys(ctx.master)
        loop.call_soon(self._keys.bind)  # the console loads the user's own after this hook
        if self._place is not None:
            self._place.take()

    def response(self, flow: http.HTTPFlow) -> None:
        """Judge an exchange."""
        if self._policies.rewriting:
            self._policies.response(flow)  # answers of other addons get here without passing `responseheaders`
        try:
            if use := use_of(flow, self._tracker):
                if use == JUDGED:
                    self._judge(flow)
                else:
                    self._note_plain(flow)
        except Exception as error:
            self._report(error)

    def error(self, flow: http.HTTPFlow) -> None:
        """Judge an exchange that failed: mitmproxy may have answered in the server's place."""
        try:
            if self._latest == flow.id and flow.response is not None and not flow.live:
                return  # a file's flow with both an answer and an error passes both hooks
            if use_of(flow, self._tracker) == JUDGED and flow.request.data.method != b"CONNECT":
                translate.note_own_page(flow)
                self._judge(flow)
        except Exception as error:
            self._report(error)

    def server_connect_error(self, data: ServerConnectionHookData) -> None:
        """The server cannot be reached: under a policy, the page is to read that."""
        self._policies.unreachable.note(data.server, tls=False)

    def tls_failed_server(self, data: TlsData) -> None:
        """Nor can one whose certificate is not trusted."""
        if isinstance(data.conn, Server):
            self._policies.unreachable.note(data.conn, tls=True)

    def done(self) -> None:
        """Say what only the end shows, and leave no trace in mitmproxy; what fails keeps nothing else from its end."""
        ours = (
            *(self._commands, self._policy_commands, self._curl, self._audit_command, self._probe_command),
            *(self._reporting, self._keys),
        )
        for step in (
            self._finish,
            self._write_report,
            self._close_outputs,
            self._cancel,
            self._policies.close,
            self._streams.stop,
            *(each.withdraw for each in ours if each is not None),
            lambda: view.unregister(self._view),
            self._hide_comments,
            *(() if self._place is None else (self._place.leave,)),
        ):
            try:
                step()
            except Exception as error:
                self._report(error)

    # ---- judging ----

    def _judge(self, flow: http.HTTPFlow) -> bool:
        """False where it was judged before, or is not to be."""
        response, chosen = flow.response, self._settings.filter
        if response is not None and response.stream and self._streams.ended(flow):
            return False
        if chosen is not None and not chosen(flow) and translate.PROBE not in flow.metadata:
            return False
        if flow.is_replay is not None and self._judge_replay(flow):
            return True
        if self._intercepting and flow.live:
            # what the user makes of it counts, and whether it is intercepted is decided after this hook
            self._in_background(self._judge_when_resumed(flow))
        else:
            self._observe(flow, translate.observation(flow))
        return True

    def _note_plain(self, flow: http.HTTPFlow) -> None:
        """Remember what the browser may have stored without CORS, and later use with it."""
        assert flow.response is not None
        request, response = flow.request.data, flow.response.data
        if response.status_code == 200 and request.method == b"GET" and flow.is_replay is None:
            chosen = self._settings.filter
            if chosen is None or chosen(flow):
                seen = (flow.client_conn, flow.server_conn, request, response.headers.fields, response.timestamp_end)
                self._tracker.note_unread(translate.plain, seen)

    def _judge_streaming(self, flow: http.HTTPFlow) -> bool:
        try:
            return use_of(flow, self._tracker) == JUDGED and self._judge(flow)
        except Exception as error:
            self._report(error)
            return False

    def _observe(self, flow: http.HTTPFlow, observation: Observation) -> None:
        self._latest = flow.id
        self._tracker.skew = 0.0 if flow.live else translate.skew(flow)
        judgements = self._tracker.observe(observation)
        if judgements:
            if flow.error is not None and judgements[0].observation is observation and translate.breaks_off(flow):
                judgements[0].assumptions += (translate.BROKE_OFF,)
            self._publish(judgements, flow)
        if self._has_view and (not judgements or judgements[0].observation is not observation):
            self._remember(flow, None)  # it may yet turn out to be part of a fetch
        if abs(observation.started - self._settled) >= _SETTLE_EVERY:
            self._settled = observation.started
            self._publish(self._tracker.settle(observation.started))
        if not flow.live and not translate.is_killed(flow):
            self._expect_end_of_file(observation.ended)

    async def _judge_when_resumed(self, flow: http.HTTPFlow) -> None:
        await asyncio.sleep(0)  # mitmproxy starts tasks at once: let the other addons see this response first
        await flow.wait_for_resume()
        self._observe(flow, translate.observation(flow))
        ctx.master.addons.trigger(UpdateHook([flow]))

    def _judge_replay(self, flow: http.HTTPFlow) -> bool:
        """A request that mitmproxy itself sent: no browser judges the answer, but we can say what one would.

        False where it was a browser that asked, and mitmproxy only answered.
        """
        if translate.PROBE in flow.metadata:
            self._judge_probe(flow)
            return True
        if flow.is_replay != "request":
            return False
        judgement = judge_replayed(translate.observation(flow), self._settings.engine)
        if judgement is None:
            return True
        if self._judgement(flow) is not None:  # replayed in place: the line under this id is the browser's
            self._auditor.audit(judgement)
            self._show(flow, judgement)
        else:
            self._publish([judgement], flow)
        return True

    def _judge_probe(self, flow: http.HTTPFlow) -> None:
        """No traffic of a page: told where findings are told, and learned from by nobody."""
        if self._probe_command is None:
            return
        judgement, comment = self._probe_command.judge(flow, self._settings.engine)
        if judgement is None:
            return
        if self._has_view:
            self._remember(flow, judgement)
        annotate_probe(flow, judgement, comment, self._settings.annotate)
        if self._sink is not None:
            self._sink.write(judgement)
        if self._reporting is not None and self._reporting.gathered is not None:
            self._reporting.gathered.add(judgement)

    def _publish(self, judgements: Iterable[Judgement], current: http.HTTPFlow | None = None) -> None:
        """Write judgements on their flows, and to the file."""
        refresh: list[http.HTTPFlow] = []
        gathered = None if self._reporting is None else self._reporting.gathered
        current_id = None if current is None else current.id
        for judgement in judgements:
            self._auditor.audit(judgement)
            flow_id = judgement.observation.flow_id
            if current is not None and current_id == flow_id:
                self._show(current, judgement)
            elif self._has_view:
                seen = self._seen.get(flow_id)
                flow = None if seen is None else seen()
                if flow is not None and flow.is_replay != "request":
                    self._show(flow, judgement)
                    refresh.append(flow)
            if self._sink is not None:
                self._sink.write(judgement)
            if self._lines is not None:
                self._lines.write(judgement, current if current_id == flow_id else None)
            if gathered is not None:
                gathered.add(judgement)
        if refresh:
            ctx.master.addons.trigger(UpdateHook(refresh))

    def _show(self, flow: http.HTTPFlow, judgement: Judgement) -> None:
        if self._has_view:
            self._remember(flow, judgement)
        if self._policies.tries:
            judgement.shadow = self._policies.in_shadow(flow, judgement)
        annotate(flow, judgement, self._settings.annotate)

    def _remember(self, flow: http.HTTPFlow, judgement: Judgement | None) -> None:
        seen = self._seen.get(flow.id)
        if seen is None or seen() is not flow:
            self._seen[flow.id] = seen = Seen(flow, self._forget)
            seen.flow_id = flow.id
        seen.judgement = judgement

    def _forget(self, seen: weakref.ref[http.HTTPFlow]) -> None:
        assert isinstance(seen, Seen)
        if self._seen.get(seen.flow_id) is seen:
            del self._seen[seen.flow_id]

    def _judgement(self, flow: http.HTTPFlow) -> Judgement | None:
        """What was found for this very flow, not for an older one of the same id."""
        seen = self._seen.get(flow.id)
        return seen.judgement if seen is not None and seen() is flow else None

    def _expect_end_of_file(self, ended: float) -> None:
        """Flows of a file come without a word at its end, which settles what waited for more to follow."""
        self._loaded_until = max(self._loaded_until, ended)
        self._more_came = True
        if self._file_read is None:
            self._await_end_of_file()

    def _await_end_of_file(self) -> None:
        # one timer at a time: mitmproxy does not return to its loop while it reads, and cancelled ones would pile up
        self._more_came = False
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # a script that calls us outside of mitmproxy's loop
            return
        self._file_read = loop.call_later(_SETTLE_LOADED_AFTER, self._end_of_file)

    def _end_of_file(self) -> None:
        self._file_read = None
        if self._more_came:
            self._await_end_of_file()
            return
        try:
            self._publish(self._tracker.settle(self._loaded_until + PATIENCE + 1))
        except Exception as error:
            self._report(error)

    def _finish(self) -> None:
        self._publish(self._tracker.finish())

    def _write_report(self) -> None:
        if self._reporting is not None:
            self._reporting.finish()

    def _close_outputs(self) -> None:
        sink, self._sink = self._sink, None
        lines, self._lines = self._lines, None
        if sink is not None:
            sink.close()
        if lines is not None:
            lines.close()

    def _cancel(self) -> None:
        if self._file_read is not None:
            self._file_read.cancel()
        for task in self._tasks:
            task.cancel()

    def _come_up(self) -> None:
        self._is_up = True

    # ---- what people ask for ----

    def _is_judged(self, flow: http.HTTPFlow) -> bool:
        judgement = self._judgement(flow)
        if judgement is not None:
            return judgement.stage is not None
        return flow.metadata.get("cors.role") in ("preflight", "actual", "redirect")

    def _fetch_of(self, flow: http.HTTPFlow) -> list[str]:
        """Ids of the flows of one fetch, in order, this flow included."""
        judgement = self._judgement(flow)
        if judgement is not None:
            chain = [each.observation.flow_id for each in judgement.chain]
            # a cached preflight belongs to an earlier fetch
            ids = [flow_id for flow_id in judgement.paired_with if flow_id not in chain] + chain
        else:
            ids = str(flow.metadata.get("cors.pair", "")).split()
        return ids if flow.id in ids else [flow.id, *ids]

    def _explain(self, flow: http.HTTPFlow, width: int = WIDTH) -> str:
        """The whole explanation; where the tracker did not see this flow as it now is, the flow is judged afresh."""
        try:
            judgement, note = self._judgement_of(flow)
            if judgement is None:
                return nothing_to_say(note)
            error = "" if flow.error is None else flow.error.msg or ""
            hint = "" if error else self._hint(flow)
            return explain(judgement, note=note, body_of=self._body_of, error=error, hint=hint, width=width)
        except Exception as error:
            self._report(error)
            raise exceptions.CommandError(f"cors_addon failed to explain this flow: {error!r}") from error

    def _hint(self, flow: http.HTTPFlow) -> str:
        if "console.view.flow" in ctx.master.commands.commands:
            return ":cors.allow @focus   (until mitmproxy ends)"
        # mitmweb's @focus is not the flow that one looks at
        return f"cors.allow '~d {flow.request.host}'   (until mitmproxy ends)"

    def _judgement_of(self, flow: http.HTTPFlow) -> tuple[Judgement | None, str]:
        known = self._judgement(flow)
        seen = translate.observation(flow)
        if known is not None:
            if flow.is_replay == "request" or _same(known.observation, seen):
                return known, ""
            chain = [each.observation for each in known.chain]
            note = "edited since the browser saw it: judged as it is now"
            return judge_one(seen, chain, self._settings.engine), note
        others = [self._find(flow_id) for flow_id in self._fetch_of(flow) if flow_id != flow.id]
        rest = [translate.observation(other) for other in others if other is not None]
        note = "not judged when it was loaded: judged now, from " + (
            f"it and {len(rest)} more of its fetch" if rest else "this flow alone"
        )
        if flow.is_replay == "request":
            return judge_replayed(seen, self._settings.engine), note
        return judge_one(seen, rest, self._settings.engine), note

    def _find(self, flow_id: str) -> http.HTTPFlow | None:
        seen = self._seen.get(flow_id)
        flow = None if seen is None else seen()
        if flow is not None:
            return flow
        listed = ctx.master.addons.get("view")
        found = listed.get_by_id(flow_id) if listed is not None else None
        return found if isinstance(found, http.HTTPFlow) else None

    def _body_of(self, flow_id: str) -> bytes:
        """The body of the answer, as far as it is still here."""
        flow = self._find(flow_id)
        if flow is None or flow.response is None:
            return b""
        return flow.response.get_content(strict=False) or b""

    def _short_body_of(self, flow_id: str) -> bytes:
        """For many flows at once: what is long is no message to a developer, and would take long to unpack."""
        flow = self._find(flow_id)
        packed = None if flow is None or flow.response is None else flow.response.raw_content
        return self._body_of(flow_id) if packed and len(packed) <= _SHORT_BODY else b""

    def _judged(self) -> list[Judgement]:
        """The judgements of the flows that mitmproxy still has; what it lists no longer may linger in memory."""
        known = [(seen(), seen.judgement) for seen in self._seen.values() if seen.judgement is not None]
        view = ctx.master.addons.get("view")
        listed = None if view is None else view._store
        return [
            judgement
            for flow, judgement in known
            if flow is not None and (listed is None or listed.get(flow.id) is flow)
        ]

    # ---- mitmproxy around us ----

    def _print_or_not(self) -> None:
        """Have mitmdump tell verdicts, where it tells flows."""
        if not self._running or not getattr(ctx.options, "flow_detail", 0):
            if self._lines is not None:
                self._lines.leave()
                self._lines = None
        elif self._lines is None:
            from cors_addon.proxy import mitmdump_output

            self._lines = mitmdump_output.wanted()

    def _show_comments(self) -> None:
        """Let mitmweb show comments, unless the user chose the columns."""
        options = ctx.options
        if not self._running:
            return  # the user's own choice of columns may not be set yet
        if self._our_columns is not None or not self._settings.annotate.comments or "web_columns" not in options:
            return
        if options.has_changed("web_columns") or "comment" in options.web_columns:
            return
        self._our_columns = [*options.web_columns, "comment"]
        options.update(web_columns=self._our_columns)

    def _hide_comments(self) -> None:
        if self._our_columns is not None and ctx.options.web_columns == self._our_columns:
            ctx.options.update(web_columns=ctx.options.default("web_columns"))

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except Exception as error:
            self._report(error)

    def _report(self, error: Exception) -> None:
        """Log a fault of ours, once per kind: what it is and where it arose."""
        frames = traceback.extract_tb(error.__traceback__)
        place = (frames[-1].filename, frames[-1].lineno) if frames else ("", None)
        # an error in its first moments makes mitmproxy exit
        level = logging.ERROR if self._is_up else logging.WARNING
        kind = (level, type(error).__qualname__, *place)
        if kind not in self._failures:
            self._failures.add(kind)
            logger.log(level, "cors_addon failed, traffic is not affected (said once): %r", error, exc_info=error)


def lend_hooks(addon: CorsAddon, namespace: dict[str, object]) -> None:
    """Have a script bear the addon's hooks itself: those that it has, and those that come and go with policies."""
    namespace.update({name: getattr(addon, name) for name in all_hooks if hasattr(addon, name)})
    namespace["configure"] = addon.configure_script
    addon._policies.hooks.move(namespace)
    addon._place = ScriptSlot(namespace)


def _sink(path: Path | None) -> Sink | None:
    if path is None:
        return None
    try:
        return Sink(path)
    except OSError as error:
        raise exceptions.OptionsError(f"cors_jsonl: cannot open {path}: {error.strerror}") from error


def _same(one: Observation, other: Observation) -> bool:
    """Whether two observations show the same exchange."""
    return (one.status, one.response, one.request, one.method) == (
        other.status,
        other.response,
        other.request,
        other.method,
    )
