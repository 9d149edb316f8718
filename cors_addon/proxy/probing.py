"""Asking servers which origins they let in: the sending, and the judging of the answers. Loaded with the first probe.

Law 1: what is sent is told before, and can be stopped: a request that is killed in the list is the last to any server.
Law 2: one request at a time to each server.
Law 3: a probe is no traffic of a page: the judgement of others learns nothing from it, and no policy touches it.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from mitmproxy import exceptions, http
from mitmproxy.connection import Server
from mitmproxy.flow import Flow
from mitmproxy.master import Master

from cors_addon.audit.auditor import Auditor
from cors_addon.audit.probe import Plan, Probe, ProbeAnswer, Request, Unfit, access, plan, shows
from cors_addon.audit.questions import Asks, Question
from cors_addon.exchange.model import Judgement, Role
from cors_addon.exchange.writing import note_findings, note_sender
from cors_addon.flows import translate
from cors_addon.flows.translate import PROBE
from cors_addon.policy.suffixes import registrable_domain
from cors_addon.proxy import internals
from cors_addon.proxy.logs import logger_of
from cors_addon.reasons.assumptions import Assumption
from cors_addon.report import probe as words
from cors_addon.session.session import judge_replayed

logger = logger_of(__name__)

MAX_ENDPOINTS = 50
"""Of one command."""

_SERVERS_AT_A_TIME = 4

type JudgementOf = Callable[[http.HTTPFlow], Judgement | None]


class _Asked(NamedTuple):
    """A request that is under way, or was."""

    probe: Probe
    request: Request


class Probing:
    """One probe at a time, and what is known of the last."""

    def __init__(self, master: Master, judgement_of: JudgementOf) -> None:
        """`judgement_of` gives the judgement on a flow, made now where there is none."""
        self._master = master
        self._judgement_of = judgement_of
        self._asked: dict[str, _Asked] = {}
        """By flow id, while a probe runs."""
        self._probes: list[Probe] = []
        self._running: asyncio.Task[None] | None = None
        self._was_killed = False

    @property
    def probes(self) -> tuple[Probe, ...]:
        """Those of the last command."""
        return tuple(self._probes)

    def stop(self) -> None:
        """Ask no more."""
        if self._running is not None:
            self._running.cancel()

    # ---- asking ----

    def start(self, flows: Sequence[Flow]) -> str:
        """Begin to ask the servers of these flows, and say what is sent; raises CommandError."""
        if self._running is not None and not self._running.done():
            sent = sum(len(probe.answers) for probe in self._probes)
            raise exceptions.CommandError(
                f"cors.probe is under way: {sent} answers so far. To stop it, kill its latest request in the list."
            )
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError as error:
            raise exceptions.CommandError("cors.probe: mitmproxy does not run yet.") from error
        if not internals.client_replay.works:
            fault = internals.client_replay.fault
            raise exceptions.CommandError(f"cors.probe does not suit this mitmproxy: {fault}")
        chosen, unfit = self._plans(flows)
        passed_over = "".join(f" Passed over: {count} × {why}." for why, count in unfit.items())
        if not chosen:
            raise exceptions.CommandError(f"cors.probe: there is nothing to ask.{passed_over}")
        if len(chosen) > MAX_ENDPOINTS:
            passed_over += (
                f" These are the first {MAX_ENDPOINTS} of {len(chosen)} endpoints: choose fewer for the rest."
            )
            chosen = chosen[:MAX_ENDPOINTS]
        said = words.announcement([made for made, _ in chosen], passed_over)
        self._asked.clear()
        self._was_killed = False
        pairs = [(Probe(made, registrable_domain), source) for made, source in chosen]
        self._probes = [each for each, _ in pairs]
        self._running = loop.create_task(self._run(pairs))
        return said

    def _plans(self, flows: Iterable[Flow]) -> tuple[list[tuple[Plan, http.HTTPFlow]], Counter[str]]:
        """What to ask each endpoint, and by which of its flows: the last that bears credentials, else the last."""
        found: dict[tuple[str, str, str], tuple[Plan, http.HTTPFlow]] = {}
        unfit: Counter[str] = Counter()
        for flow in flows:
            made = self._plan(flow)
            if isinstance(made, Unfit):
                unfit[made.value] += 1
                continue
            assert isinstance(flow, http.HTTPFlow)
            known = found.get(made.endpoint)
            if known is None or made.bears_credentials or not known[0].bears_credentials:
                found[made.endpoint] = made, flow
        return list(found.values()), unfit

    def _plan(self, flow: Flow) -> Plan | Unfit:
        if not isinstance(flow, http.HTTPFlow):
            return Unfit.NOT_HTTP
        if PROBE in flow.metadata:
            return Unfit.PROBE
        if flow.websocket is not None:
            return Unfit.WEBSOCKET
        judgement = self._judgement_of(flow)
        names = judgement.requested_headers if judgement is not None and judgement.role is Role.ACTUAL else ()
        return plan(translate.observation(flow), registrable_domain, names) if _is_clean(flow) else Unfit.MALFORMED

    async def _run(self, pairs: Sequence[tuple[Probe, http.HTTPFlow]]) -> None:
        servers: dict[str, list[tuple[Probe, http.HTTPFlow]]] = {}
        for probe, source in pairs:
            servers.setdefault(probe.plan.url.origin, []).append((probe, source))
        at_a_time = asyncio.Semaphore(_SERVERS_AT_A_TIME)

        async def ask_all(of_server: Sequence[tuple[Probe, http.HTTPFlow]]) -> None:
            async with at_a_time:
                for probe, source in of_server:
                    await self._ask(probe, source)

        await asyncio.gather(*map(ask_all, servers.values()))
        told = [words.headline(self._probes), *words.lines(self._probes)]
        findings = any(answer.findings for probe in self._probes for answer in probe.answers)
        if findings:
            told += ["", "What to change: cors.audit '~meta cors.probe', or the explanation of each flow"]
        logger.info("%s", "\n".join(told))
        if internals.in_console(self._master):  # whose event log is behind a key
            logger.log(internals.alert_level(), "%s", f"{told[0]} · more in the event log")

    async def _ask(self, probe: Probe, source: http.HTTPFlow) -> None:
        while not self._was_killed and (request := probe.next()) is not None:
            why = "mitmproxy dropped the request"
            try:
                flow = _made(request, source)
                self._asked[flow.id] = _Asked(probe, request)
                from cors_addon.proxy.asking import Asking  # a part of mitmproxy's client replay, which may change

                await Asking(flow, self._master.options).ask()
                why = _why_unanswered(flow) or why
                self._was_killed |= translate.is_killed(flow)
            except Exception as error:  # of mitmproxy's, or ours: the other endpoints are asked all the same
                logger.warning("cors.probe failed to send a request: %r", error, exc_info=error)
                why = f"it could not be sent: {error!r}"
            if not any(answer.question == request.question for answer in probe.answers):
                probe.failed(request.question, why)

    # ---- the answers ----

    def judge(self, flow: http.HTTPFlow, engine: str) -> tuple[Judgement | None, str]:
        """The judgement on a probe, of this run or of a recording, and a line on what its answer shows."""
        asked = self._asked.get(flow.id)
        if asked is not None and flow.response is not None and flow.response.stream:
            return None, ""  # it is not done
        observation = translate.observation(flow)
        if asked is not None:
            observation.url = asked.probe.plan.url  # in reverse mode the name goes by what Origin says
        judgement = judge_replayed(observation, engine, Assumption.PROBED)
        if judgement is None:
            return None, ""
        if Assumption.PROBED not in judgement.assumptions:
            note_sender(judgement, Assumption.PROBED)
        note_findings(judgement, ())
        why = _why_unanswered(flow)
        if asked is None:
            answer = None if why else _alone(flow, judgement)
            return judgement, "" if answer is None else words.comment(answer)
        if why:
            asked.probe.failed(asked.request.question, why)
        else:
            note_findings(judgement, asked.probe.answered(asked.request.question, judgement))
        return judgement, words.comment(asked.probe.answers[-1])


def _alone(flow: http.HTTPFlow, judgement: Judgement) -> ProbeAnswer | None:
    """What a probe of a recording shows, without the others."""
    asks = next((each for each in Asks if each == flow.metadata[PROBE]), None)
    if asks is None or judgement.origin is None:
        return None
    audited = Auditor(registrable_domain).findings(judgement)
    note_findings(judgement, shows(asks, judgement.origin, judgement, audited))
    return ProbeAnswer(
        Question(asks, judgement.origin),
        access(judgement, judgement.origin),
        judgement.observation.status,
        judgement.findings,
    )


def _why_unanswered(flow: http.HTTPFlow) -> str:
    """Why there is no answer of the server; empty where there is one."""
    if flow.error is not None:
        return "killed" if translate.is_killed(flow) else flow.error.msg or "an error"
    if flow.response is None:
        return "none came"
    if flow.server_conn.timestamp_start is None:
        return "mitmproxy answered itself (server replay, map_local, block_list or a script)"
    return ""


def _is_clean(flow: http.HTTPFlow) -> bool:
    """Whether the request's first line is one line of three words; that of a recording may be anything."""
    data = flow.request.data
    parts = (data.http_version, data.scheme, data.authority, data.host.encode("utf-8", "replace"), data.path)
    return not any(byte <= 0x20 or byte == 0x7F for part in parts for byte in part)


def _made(request: Request, source: http.HTTPFlow) -> http.HTTPFlow:
    """The flow of a probe, as client replay wants it."""
    flow = http.HTTPFlow(source.client_conn.copy(), Server(address=source.server_conn.address))
    flow.request = source.request.copy()
    data = flow.request.data
    data.method, data.headers.fields = request.method, request.fields
    data.content, data.trailers = b"", None
    flow.is_replay = "request"
    flow.metadata[PROBE] = request.question.asks.value
    return flow
