"""Flows judged: which of them, when, and where their judgements go.

Law 1: flows that CORS has nothing to do with cost next to nothing: names are looked at, nothing is built.
Law 2: time is the flows' own, so that a recording is judged as live traffic was.
"""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING

from mitmproxy import ctx, http

from cors_addon.exchange.http_cache import MAX_UNREAD
from cors_addon.exchange.model import Judgement, Observation
from cors_addon.exchange.page_call import Report, Scene
from cors_addon.exchange.response_headers import head_size
from cors_addon.exchange.timing import PATIENCE
from cors_addon.fetch.bounds import SHORT, size_of
from cors_addon.flows import translate
from cors_addon.flows.use import JUDGED, LOADED, PAGE, STORED, use_of
from cors_addon.proxy import internals
from cors_addon.proxy.faults import Faults
from cors_addon.proxy.judged_flows import JudgedFlows
from cors_addon.proxy.publishing import Publisher
from cors_addon.proxy.settings import Settings
from cors_addon.proxy.streams import Streams
from cors_addon.session.session import Session

if TYPE_CHECKING:
    from cors_addon.proxy.witness.page_notes import PageNotes  # what few need
    from cors_addon.proxy.witness.witness import Witness

_SETTLE_LOADED_AFTER = 1.0
"""Seconds without another flow from a file after which the file counts as read."""

type JudgeProbe = Callable[[http.HTTPFlow, str], tuple[Judgement | None, str]]


class Judging:
    """Feeds the session with flows, and publishes what comes out."""

    def __init__(self, flows: JudgedFlows, publisher: Publisher, faults: Faults) -> None:
        self.session = Session()
        self.settings = Settings()
        self.intercepting = False
        """The user may hold flows back, and change them."""
        self.judge_probe: JudgeProbe = lambda _flow, _engine: (None, "")
        """Judges a request of `cors.probe`, and says what its answer shows."""
        self.streams = Streams(self._judge_streaming)
        self._flows = flows
        self._publisher = publisher
        self._faults = faults
        self._latest = ""
        self._tasks: set[asyncio.Task[None]] = set()
        self._file = _File(self._settle)
        self._witness: Witness | None = None
        self.page_notes: PageNotes | None = None
        """What is known of pages that the witness was put into, or that the browser reports of; None without any."""

    # ---- one flow ----

    def look_at(self, flow: http.HTTPFlow, use: int) -> None:
        """Take in a flow that CORS has nothing to do with, and that is of this use all the same."""
        if use & STORED:
            self._note_plain(flow)
        if use & LOADED and not (use & PAGE and self._note_page(flow)):
            self.judge(flow, load=True)

    def _note_page(self, flow: http.HTTPFlow) -> bool:
        """Remember a page that is in no frame, and so stopped by nothing; False where there is more to it."""
        response = flow.response
        if response is None or response.stream or flow.error is not None or flow.is_replay is not None:
            return False
        if self.intercepting or self.settings.filter is not None or not flow.live or self.session.loads.trials:
            return False
        document = translate.page(flow)
        if document is None:
            return False
        client, agent = flow.client_conn.peername, translate.user_agent(flow)
        self._latest = flow.id
        self.session.note_page(client[0] if client else None, agent, document)
        if self._publisher.annotations.has_view:
            self._flows.remember(flow, None)
        return True

    def judge(self, flow: http.HTTPFlow, *, load: bool = False) -> bool:
        """Judge a flow; False where it was judged before, or is not to be. `load`: CORS has nothing to do with it."""
        response, chosen = flow.response, self.settings.filter
        if response is not None and response.stream and self.streams.ended(flow):
            return False
        if chosen is not None and not chosen(flow) and translate.PROBE not in flow.metadata:
            return False
        if flow.is_replay is not None and (load or self._judge_replay(flow)):
            return True
        if self.intercepting and flow.live:
            # what the user makes of it counts, and whether it is intercepted is decided after this hook
            self._in_background(self._judge_when_resumed(flow, load=load))
        else:
            self._observe(flow, translate.observation(flow), load)
        return True

    def _note_plain(self, flow: http.HTTPFlow) -> None:
        """Remember what the browser may have stored without CORS, and later use with it."""
        request, response = flow.request.data, flow.response.data  # type: ignore[union-attr]  # use_of has seen it
        if response.status_code == 200 and request.method == b"GET" and flow.is_replay is None:
            chosen = self.settings.filter
            fields = response.headers.fields
            length = len(request.path) + head_size(fields)
            if (chosen is None or chosen(flow)) and length <= SHORT:
                seen = (flow.client_conn, flow.server_conn, request, fields, response.timestamp_end)
                if length + size_of(request.headers.fields) <= MAX_UNREAD and not request.content:
                    self.session.note_unread((translate.plain, seen))
                else:
                    self.session.tracker.note_plain(*translate.plain(seen))

    def judge_failed(self, flow: http.HTTPFlow) -> None:
        """Judge an exchange that failed: mitmproxy may have answered in the server's place."""
        if self._latest == flow.id and flow.response is not None and not flow.live:
            return  # a file's flow with both an answer and an error passes both hooks
        if flow.request.data.method == b"CONNECT":
            return
        judged = use_of(flow, self.session) & JUDGED
        if judged or not translate.client_left(flow):
            translate.note_own_page(flow)
            self.judge(flow, load=not judged)

    def _judge_streaming(self, flow: http.HTTPFlow) -> bool:
        try:
            use = use_of(flow, self.session)
            return bool(use & (JUDGED | LOADED)) and self.judge(flow, load=not use & JUDGED)
        except Exception as error:
            self._faults.report(error)
            return False

    def _observe(self, flow: http.HTTPFlow, observation: Observation, load: bool) -> None:
        self._latest = flow.id
        session, live = self.session, flow.live
        session.tracker.skew = 0.0 if live else translate.skew(flow)
        notes = () if flow.error is None or not translate.breaks_off(flow) else (translate.BROKE_OFF,)
        judgements = session.observe_load(observation) if load else session.observe(observation, notes)
        if judgements:
            self._publisher.publish(judgements, flow)
        if observation.has_body and observation.method == b"POST":
            self._hear_reports(flow, observation)
        if self._publisher.annotations.has_view and (not judgements or judgements[0].observation is not observation):
            self._flows.remember(flow, None)  # it may yet turn out to be part of a fetch
        if not live and not translate.is_killed(flow):
            self._file.read(observation.ended)

    async def _judge_when_resumed(self, flow: http.HTTPFlow, *, load: bool) -> None:
        await asyncio.sleep(0)  # mitmproxy starts tasks at once: let the other addons see this response first
        await flow.wait_for_resume()
        self._observe(flow, translate.observation(flow), load)
        internals.refresh(ctx.master, [flow])

    def _judge_replay(self, flow: http.HTTPFlow) -> bool:
        """A request that mitmproxy itself sent: no browser judges the answer, but we can say what one would.

        False where it was a browser that asked, and mitmproxy only answered.
        """
        if translate.PROBE in flow.metadata:
            judgement, comment = self.judge_probe(flow, self.settings.engine)
            if judgement is not None:
                # no traffic of a page: told where findings are told, and learned from by nobody
                self._publisher.probed(judgement, flow, comment)
            return True
        if flow.is_replay != "request":
            return False
        replayed = self.session.replayed(translate.observation(flow))
        if self._flows.judgement(flow) is None:
            self._publisher.publish(replayed, flow)
        else:  # replayed in place: the line under this id is the browser's
            for judgement in replayed:
                self._publisher.annotations.write(judgement, flow)
        return True

    # ---- the witness ----

    def use_witness(self, chosen: str, log: Path | None) -> "Witness | None":
        """Put the witness into what `chosen` selects; `log` gets its reports. Returns it where it is new."""
        if self._witness is not None or not chosen:
            if self._witness is not None:
                self._witness.use(chosen, log)
            return None
        from cors_addon.proxy.witness.page_notes import PageNotes
        from cors_addon.proxy.witness.witness import Witness

        pages = self.session.listen()
        self._witness = Witness(self._hear, pages.note_sent)
        self._witness.use(chosen, log)
        self.page_notes = PageNotes(self._flows.find, self._witness.coverage)
        return self._witness

    def _hear_reports(self, flow: http.HTTPFlow, observation: Observation) -> None:
        """Take in what a browser reports of pages by itself, if this is that."""
        judgements = self.session.hear_reports(observation, flow.request.data.content or b"")
        if not judgements:
            return
        if self.page_notes is None:
            from cors_addon.proxy.witness.coverage import Coverage
            from cors_addon.proxy.witness.page_notes import PageNotes

            self.page_notes = PageNotes(self._flows.find, Coverage())
        self._publish_unsent(judgements)

    def _publish_unsent(self, judgements: list[Judgement]) -> None:
        self._publisher.publish(judgements)
        if self.page_notes is not None:
            stale = self.page_notes.add(judgements, self._publisher.annotations.what)
            internals.refresh(ctx.master, stale)

    def lines_of_page(self, flow: http.HTTPFlow, width: int) -> list[str]:
        """For the explanation of a page: what of it was observed, and what it never sent."""
        return [] if self.page_notes is None else self.page_notes.lines(flow, width)

    def _hear(self, scene: Scene, report: Report) -> None:
        self._publish_unsent(self.session.hear_page(scene, report))

    def coverage(self) -> str:
        """What the witness observed so far, in a line."""
        return "No document has passed yet." if self._witness is None else self._witness.coverage.summary()

    # ---- all flows ----

    def use(self, settings: Settings) -> None:
        """Judge by these settings from now on; another engine begins anew."""
        if settings.engine != self.settings.engine:
            self._publisher.publish(self.session.change_engine(settings.engine))
        self.session.keep_within(settings.memory)
        self.settings = settings

    def finish(self) -> None:
        """The traffic ends."""
        if self._witness is not None:
            self._witness.finish()
        self._publisher.publish(self.session.finish())

    def cancel(self) -> None:
        """Wait for nothing any more, and write no more."""
        if self._witness is not None:
            self._witness.close()
        self._file.cancel()
        for task in self._tasks:
            task.cancel()

    def _settle(self, until: float) -> None:
        try:
            self._publisher.publish(self.session.settle(until + PATIENCE + 1))
        except Exception as error:
            self._faults.report(error)

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except Exception as error:
            self._faults.report(error)


class _File:
    """Flows of a file come without a word at its end, which settles what waited for more to follow."""

    def __init__(self, ended: Callable[[float], None]) -> None:
        """`ended` is told when the last exchange of a file had ended, once no more have come for a while."""
        self._ended = ended
        self._until = 0.0
        self._more_came = False
        self._timer: asyncio.TimerHandle | None = None

    def read(self, ended: float) -> None:
        """An exchange of a file was read."""
        self._until = max(self._until, ended)
        self._more_came = True
        if self._timer is None:
            self._wait()

    def _wait(self) -> None:
        # one timer at a time: mitmproxy does not return to its loop while it reads, and cancelled ones would pile up
        self._more_came = False
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # a script that calls us outside of mitmproxy's loop
            return
        self._timer = loop.call_later(_SETTLE_LOADED_AFTER, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._more_came:
            self._wait()
        else:
            self._ended(self._until)

    def cancel(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
