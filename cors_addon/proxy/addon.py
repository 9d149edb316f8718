"""The addon: its hooks and options. Each hook is a guard and one call.

Law 1: fail open. Whatever goes wrong here leaves the flow as it was, and is logged once per kind.
Law 2: a hook that need not exist is the cheapest. Requests are judged when their answer is there, so two suffice.
"""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mitmproxy import ctx, exceptions, http
from mitmproxy.addonmanager import Loader
from mitmproxy.connection import Server
from mitmproxy.master import Master
from mitmproxy.proxy.server_hooks import ServerConnectionHookData
from mitmproxy.tls import TlsData

from cors_addon.fetch import masking
from cors_addon.flows import translate
from cors_addon.flows.use import JUDGED, use_of
from cors_addon.proxy import internals, settings, view
from cors_addon.proxy.ahead import Ahead
from cors_addon.proxy.audit_command import AuditCommand
from cors_addon.proxy.browser_command import BrowserCommand
from cors_addon.proxy.command_group import CommandGroup
from cors_addon.proxy.commands import Commands
from cors_addon.proxy.curl_command import CurlCommand
from cors_addon.proxy.explaining import Explaining
from cors_addon.proxy.faults import Faults
from cors_addon.proxy.hooks import Hook
from cors_addon.proxy.judged_flows import JudgedFlows
from cors_addon.proxy.judging import Judging
from cors_addon.proxy.keys import Keys
from cors_addon.proxy.logs import logger_of
from cors_addon.proxy.page.actions import Actions
from cors_addon.proxy.page.group import PageGroup
from cors_addon.proxy.policy_commands import PolicyCommands
from cors_addon.proxy.probe_command import ProbeCommand
from cors_addon.proxy.publishing import Annotations, Publisher, Sink
from cors_addon.proxy.reporting import Reporting
from cors_addon.proxy.rewriting import Policies
from cors_addon.proxy.script_slot import ScriptSlot
from cors_addon.proxy.settings import Settings
from cors_addon.proxy.silence import Silence
from cors_addon.proxy.witness.command import WitnessCommand

if TYPE_CHECKING:
    from cors_addon.proxy.json_lines import JsonLines
    from cors_addon.proxy.mitmdump_output import MitmdumpOutput  # what mitmdump alone needs, and not with -q

logger = logger_of(__name__)

_STARTING_UP = 1.0
"""Seconds in which mitmproxy takes an error in the log for a reason to exit."""

GROUPS: tuple[type[CommandGroup], ...] = (
    *(Commands, PolicyCommands, CurlCommand, Reporting, AuditCommand, ProbeCommand),
    *(WitnessCommand, BrowserCommand, PageGroup),
)
"""All commands, for a reference."""


HOOKS = (
    *("configure", "running", "response", "error"),
    *("server_connect", "server_connect_error", "tls_failed_server", "done"),
)
"""Those that the addon always has, but `load`."""


class CorsAddon:
    """Judges CORS traffic as the client's browser does, and writes the verdict where people look."""

    def __init__(self) -> None:
        self._settings = Settings()
        self._faults = Faults("cors_addon failed, traffic is not affected (said once)")
        self._policies = Policies(vars(self), self._see_first)
        self._flows = JudgedFlows()
        self._publisher = Publisher(Annotations(self._flows, self._policies))
        self._judging = Judging(self._flows, self._publisher, self._faults)
        self._session = self._judging.session
        self._session.also_kept = self._weigh_shown
        self._policies.on_trials = self._session.try_on_loads
        self._explaining = Explaining(self._flows, lambda: self._settings.engine, self._faults)
        self._explaining.of_page = self._judging.lines_of_page
        self._view = view.CorsView(self._explaining.explain, self._opens)
        self._groups: list[CommandGroup] = []
        self._response, self._error = self.response, self.error
        self._json_lines: JsonLines | None = None
        self._printed: MitmdumpOutput | None = None
        self._reporting: Reporting | None = None
        self._browser: BrowserCommand | None = None
        self.page: PageGroup | None = None
        self._silence: Silence | None = None
        self._first: tuple[Callable[[http.HTTPFlow], None], ...] = ()
        """Those who see an answer before it is judged."""
        self._keys: Keys | None = None
        self._our_columns: list[str] | None = None
        self._running = False
        self._ahead = Ahead()

    # ---- mitmproxy starts ----

    def load(self, loader: Loader) -> None:
        """Declare options, commands and the content view."""
        internals.check(loader.master)
        settings.declare(loader)
        self._groups = self._commands(loader.master)
        for group in self._groups:
            group.declare(loader)
        view.register(self._view)

    def _commands(self, master: Master) -> list[CommandGroup]:
        flows, explaining = self._flows, self._explaining
        self._reporting = Reporting(master, flows.judgements, flows.short_body_of)
        probe = ProbeCommand(master, explaining.judgement_of)
        self._judging.judge_probe = probe.judge
        self._browser = BrowserCommand(master)
        policies = PolicyCommands(master, self._policies, explaining.known_or_made)
        curl = CurlCommand(master, explaining.judgement_of, flows.find)
        self.page = PageGroup(master, self._publisher, self._faults)
        page = self.page
        explaining.page = lambda: page.origin
        actions = Actions(self._policies, policies, curl, flows.find)
        self._browser.live_page = page.proxied_address
        self.page.show(actions, flows.judgements, flows.short_body_of, self._keep)
        return [
            Commands(master, explaining.explain, flows.fetch_of),
            policies,
            curl,
            self._reporting,
            AuditCommand(master, explaining.judgement_of),
            probe,
            WitnessCommand(master, self._judging.coverage),
            self._browser,
            self.page,
        ]

    def configure(self, updated: set[str]) -> None:
        """Check the options, and use them from now on."""
        if "intercept_active" in updated or "intercept" in updated:
            self._note_intercepting()
        if "flow_detail" in updated:
            self._print_or_not()
        if "map_remote" in updated:
            mapped = getattr(ctx.options, "map_remote", None)
            self._policies.hooks.note("requestheaders", translate.note_asked if mapped else None)
        if not settings.NAMES & updated:
            return
        new = settings.parse(ctx.options)
        self._use_files(new)
        self._judging.use(new)
        if (new.witness, new.witness_log) != (self._settings.witness, self._settings.witness_log):
            self._use_witness(new)
        self._publisher.annotations.what = new.annotate
        masking.show(secrets=new.secrets == "show")
        self._settings = new
        if self.page is not None:
            self.page.use(new.page, new.memory)
        self._show_comments()

    def _use_files(self, new: Settings) -> None:
        """Policies, lines and report; what may fail comes first: mitmproxy takes back all that it set together."""
        lines = self._json_lines if new.jsonl == self._settings.jsonl else _json_lines(new.jsonl)
        if new.policy != self._settings.policy:
            try:
                self._policies.file.use(new.policy)
            except exceptions.OptionsError:
                if lines is not None and lines is not self._json_lines:
                    lines.close()
                raise
        if lines is not self._json_lines:
            self._replace(self._json_lines, lines)
            self._json_lines = lines
        if new.report != self._settings.report and self._reporting is not None:
            self._reporting.use(new.report)
            self._publisher.remove(self._reporting)
            if new.report is not None:
                self._publisher.add(self._reporting)

    def _use_witness(self, new: Settings) -> None:
        """Have the witness from now on, or no more; once there, it stays to hear what pages still say."""
        witness = self._judging.use_witness(new.witness, new.witness_log)
        if witness is not None:
            first = {name: getattr(witness, name) for name in witness.HOOKS}
            self._policies.hooks.lead(first, {"response": self._response, "error": self._error})

    def _replace(self, old: Sink | None, new: Sink | None) -> None:
        """Give judgements to another sink than so far."""
        if old is not None:
            self._publisher.remove(old)
            old.close()
        if new is not None:
            self._publisher.add(new)

    def running(self) -> None:
        """Now every option is set, the user's columns too."""
        self._note_intercepting()
        self._running = True
        for words in settings.unknown(ctx.options):
            logger.warning("%s", words)
        self._policies.file.running()
        self._judging.streams.start()
        self._publisher.annotations.has_view = ctx.master.addons.get("view") is not None
        if self.page is not None:
            self.page.running()
        self._print_or_not()
        self._show_comments()
        self._listen()
        loop = asyncio.get_running_loop()
        loop.call_later(_STARTING_UP, self._come_up)
        self._keys = Keys(ctx.master)
        loop.call_soon(self._keys.bind)  # the console loads the user's own after this hook
        if self._settings.browser and self._browser is not None:
            loop.call_soon(self._browser.start, self._settings.browser)  # mitmproxy makes its certificate in this hook

    def _opens(self, flow: http.HTTPFlow, has_body: bool) -> bool:
        """Whether a flow is shown by its explanation, with nobody asking for it."""
        wanted = self._settings.view
        if wanted == "refused" and self._flows.is_refused(flow):
            return True
        return wanted != "never" and not has_body and self._flows.is_judged(flow)

    def _listen(self) -> None:
        """Wait for the first CORS exchange."""

        def stop() -> None:
            if self._silence is not None:
                self._publisher.remove(self._silence)
                self._silence.close()
                self._silence = None
                self._see_first()

        browser = self._browser
        self._silence = Silence(lambda: browser is not None and browser.has_started, stop)
        self._publisher.add(self._silence)
        self._see_first()

    def _keep(self, name: str, hook: Hook | None) -> None:
        """Have a hook for the live page, or no longer."""
        self._policies.hooks.keep(name, hook)
        self._see_first()

    def _see_first(self) -> None:
        """Note who is to see an answer before it is judged: most of the time nobody, which costs nothing."""
        page, first = self.page, list[Callable[[http.HTTPFlow], None]]()
        if page is not None and page.through is not None and page.through.is_open:
            first.append(page.through.response)  # raises AddonHalt for what is none of the user's traffic
        if self._policies.rewriting:
            first.append(self._policies.response)  # answers of other addons get here without passing `responseheaders`
        if self._silence is not None:
            first.append(self._silence.note)
        self._first = tuple(first)

    def _weigh_shown(self) -> int:
        return 0 if self.page is None else self.page.weigh()

    def _come_up(self) -> None:
        self._faults.level = logging.ERROR

    # ---- traffic ----

    def response(self, flow: http.HTTPFlow) -> None:
        """Judge an exchange."""
        try:
            for look in self._first:
                look(flow)
            if use := use_of(flow, self._session):
                if use & JUDGED:
                    self._judging.judge(flow)
                else:
                    self._judging.look_at(flow, use)
        except exceptions.AddonHalt:
            raise
        except Exception as error:
            self._faults.report(error)

    def error(self, flow: http.HTTPFlow) -> None:
        """Judge an exchange that failed."""
        try:
            self._judging.judge_failed(flow)
        except Exception as error:
            self._faults.report(error)

    def server_connect(self, data: ServerConnectionHookData) -> None:
        """The live page's made-up host leads to us; and while a server is awaited, there is time."""
        if not self._ahead.begun:
            self._ahead.begin()
        if self.page is not None:
            self.page.connecting(data.server)

    def server_connect_error(self, data: ServerConnectionHookData) -> None:
        """The server cannot be reached: under a policy, the page is to read that."""
        self._policies.unreachable.note(data.server, tls=False)

    def tls_failed_server(self, data: TlsData) -> None:
        """Nor can one whose certificate is not trusted."""
        if isinstance(data.conn, Server):
            self._policies.unreachable.note(data.conn, tls=True)

    # ---- mitmproxy ends ----

    def done(self) -> None:
        """Say what only the end shows, and leave no trace in mitmproxy; what fails keeps nothing else from its end."""
        for step in (
            self._judging.finish,
            self._publisher.close,
            self._judging.cancel,
            self._policies.close,
            self._judging.streams.stop,
            *(() if self.page is None else (self.page.close,)),
            *(group.withdraw for group in self._groups),
            *(() if self._keys is None else (self._keys.withdraw,)),
            lambda: view.unregister(self._view),
            self._hide_comments,
        ):
            try:
                step()
            except Exception as error:
                self._faults.report(error)
        self._json_lines = self._printed = None

    # ---- mitmproxy around us ----

    def _note_intercepting(self) -> None:
        self._judging.intercepting = bool(getattr(ctx.options, "intercept_active", False))

    def _print_or_not(self) -> None:
        """Have mitmdump tell verdicts, where it tells flows."""
        if not self._running or not getattr(ctx.options, "flow_detail", 0):
            if self._printed is not None:
                self._publisher.remove(self._printed)
                self._printed.leave()
                self._printed = None
        elif self._printed is None:
            from cors_addon.proxy import mitmdump_output

            self._printed = mitmdump_output.wanted()
            if self._printed is not None:
                self._publisher.add(self._printed)

    def _show_comments(self) -> None:
        """Let mitmweb show comments, unless the user chose the columns."""
        if not self._running or self._our_columns is not None or not self._settings.annotate.comments:
            return  # the user's own choice of columns may not be set yet
        columns = internals.own_value(ctx.options, "web_columns")
        if columns is None or "comment" in columns:
            return
        self._our_columns = [*columns, "comment"]
        ctx.options.update(web_columns=self._our_columns)

    def _hide_comments(self) -> None:
        if self._our_columns is not None and ctx.options.web_columns == self._our_columns:
            ctx.options.update(web_columns=self._our_columns[:-1])


class ScriptAddon(CorsAddon):
    """The addon of a script."""

    def __init__(self, file: str) -> None:
        """`file` is the script's: mitmproxy tells addons by name, and several copies may be loaded."""
        super().__init__()
        self.name = f"cors_addon in {file}"
        self._slot = ScriptSlot(self, HOOKS, self._policies.hooks.move)

    def configure(self, updated: set[str]) -> None:
        """Of what a script raises as it is loaded, mitmproxy shows the traceback, and not what it says.

        It ends for either.
        """
        try:
            super().configure(updated)
        except exceptions.OptionsError as error:
            if self._running:
                raise
            logger.error("%s", error)

    def running(self) -> None:
        """Now the script is loaded, too."""
        super().running()
        self._slot.take()

    def done(self) -> None:
        """The script is taken out, or mitmproxy ends."""
        super().done()
        self._slot.leave()


def _json_lines(path: Path | None) -> "JsonLines | None":
    if path is None:
        return None
    from cors_addon.proxy import json_lines  # what few ask for takes a while to import

    return json_lines.opened(path)
