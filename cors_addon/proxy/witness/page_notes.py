"""What is written on the flow of a page: how far it was observed, and what never left the browser."""

from collections import OrderedDict
from collections.abc import Callable, Iterable

from mitmproxy import http

from cors_addon.exchange.model import Judgement
from cors_addon.flows import translate
from cors_addon.proxy.annotate import DENIED, note_on_page
from cors_addon.proxy.settings import Annotate
from cors_addon.proxy.witness.coverage import Coverage
from cors_addon.report import never_sent
from cors_addon.report.layout import paragraph

MAX_PAGES = 200
MAX_REQUESTS = 100
"""Requests that are kept of one page."""


class PageNotes:
    """Of the latest pages."""

    def __init__(self, find: Callable[[str], http.HTTPFlow | None], coverage: Coverage) -> None:
        """`find` gives the flow of an id, if it is still there."""
        self._find = find
        self._coverage = coverage
        self._requests: OrderedDict[str, list[Judgement]] = OrderedDict()
        """Those that never left the browser, by the flow id of their page: so many of each are kept."""
        self._more: set[str] = set()
        """Pages that had more of them."""

    def add(self, judgements: Iterable[Judgement], what: Annotate) -> list[http.HTTPFlow]:
        """Take in requests that were never sent. Returns the flows of pages on which something new is written."""
        changed: dict[str, None] = {}
        for each in judgements:
            page = None if each.fate is None else each.fate.document
            if each.unsent and page is not None:
                kept = self._requests.setdefault(page, [])
                if len(kept) < MAX_REQUESTS:
                    kept.append(each)
                    changed[page] = None
                elif page not in self._more:
                    self._more.add(page)
                    changed[page] = None
        while len(self._requests) > MAX_PAGES:
            self._more.discard(self._requests.popitem(last=False)[0])
        flows = [flow for page in changed if (flow := self._find(page)) is not None]
        for flow in flows:
            comment = never_sent.comment(self._requests[flow.id], more=flow.id in self._more)
            note_on_page(flow, comment, DENIED, what)
        return flows

    def lines(self, flow: http.HTTPFlow, width: int) -> list[str]:
        """For the explanation of a flow; none where nothing is known of it as a page."""
        state, requests = flow.metadata.get(translate.WITNESS), self._requests.get(flow.id, ())
        if state is None:
            return never_sent.section(requests, width)
        observed = self._coverage.scenes.get(flow.id)
        words = f"not observed: {state}" if observed is None else observed.state
        if observed is not None and observed.calls:
            words += f"; it told {observed.calls} of its calls"
        return [*paragraph("witness", words, width), *never_sent.section(requests, width)]
