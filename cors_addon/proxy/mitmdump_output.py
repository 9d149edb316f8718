"""What mitmdump prints of CORS: a line for each judgement, and a table at the end.

Law 1: loaded, and asked, only where mitmdump prints flows at all: with `-q` it does not exist.
Law 2: a flow is told once, and again only where the verdict changed; then the line says so.
Law 3: what goes wrong with the output ends the output, not the traffic.
"""

import asyncio
import os
from collections import OrderedDict
from typing import TextIO

from mitmproxy import ctx, http

from cors_addon.exchange.model import Judgement
from cors_addon.proxy import internals
from cors_addon.proxy.annotate import comment_of
from cors_addon.proxy.logs import logger_of
from cors_addon.report import table, terminal
from cors_addon.report.summary import Summary
from cors_addon.report.text import WIDTH, depends_on_credentials
from cors_addon.report.verdict_line import line, related

logger = logger_of(__name__)

REMEMBERED = 10_000
"""Flows that a later revision may still change; the tracker revises nothing older."""
_NARROWEST = 40


def wanted() -> "MitmdumpOutput | None":
    """Where mitmdump prints flows: an addon `dumper` is there, and its option asks for at least a line each."""
    out = internals.mitmdump_output(ctx.master)
    if out is None or ctx.options.flow_detail < 1 or ctx.master.addons.get(MitmdumpOutput.name) is not None:
        return None  # another copy of this addon may print them
    lines = MitmdumpOutput(out)
    ctx.master.addons.add(lines)
    return lines


class MitmdumpOutput:
    """Prints to where mitmdump prints.

    It is an addon of its own, called after mitmdump's printing one, so that a verdict stands below its flow.
    """

    name = "cors_addon_lines"
    takes_probes = False

    def __init__(self, out: TextIO) -> None:
        """Colours, and a width to keep, only where this is a terminal."""
        self._out: TextIO | None = out
        self._is_terminal = internals.has_colours(out)
        self._colour = self._is_terminal and "NO_COLOR" not in os.environ
        self._summary = Summary()
        self._waiting: list[tuple[Judgement, str, str, bool]] = []
        """For below the flow that mitmdump is about to print: judgement, comment, mark told earlier, is its own."""
        self._told: OrderedDict[str, tuple[str, str | None, bool]] = OrderedDict()

    def write(self, judgement: Judgement, flow: http.HTTPFlow | None) -> None:
        """Tell a judgement; `flow` is there when it is the flow's first."""
        if self._out is None:
            return
        flow_id = judgement.observation.flow_id
        earlier = self._told.pop(flow_id, None)
        if earlier is None and not internals.is_dumped(ctx.master, flow):
            return
        self._summary.add(judgement)
        turns = depends_on_credentials(judgement)
        comment = comment_of(judgement, turns, flow)
        # that a question is settled is no news: the first line named both verdicts
        now = (comment[:1], judgement.reason, judgement.contradicted)
        self._told[flow_id] = now
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        if flow is not None:
            self._flush()
        if comment and now != earlier:
            was = "" if earlier is None else "revised" if earlier[0] == now[0] else f"was {earlier[0]}"
            self._waiting.append((judgement, comment, was, flow is not None))
            self._flush_soon()

    def _flush_soon(self) -> None:
        """After all hooks of this moment; where a file is read, the loop gets its turn only at the end."""
        try:
            asyncio.get_running_loop().call_soon(self._flush)
        except RuntimeError:
            self._flush()

    def response(self, _flow: http.HTTPFlow) -> None:
        """The flow has been printed."""
        self._flush()

    def error(self, _flow: http.HTTPFlow) -> None:
        """The flow has been printed."""
        self._flush()

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        for judgement, comment, was, is_below in waiting:
            comment = related(comment, was)
            self._print(line(judgement, comment, below=is_below, width=self._width(), colour=self._colour))

    def leave(self) -> None:
        """Print no more; what waits is still told."""
        self._flush()
        if ctx.master.addons.get(self.name) is self:
            ctx.master.addons.remove(self)

    def close(self) -> None:
        """Print the table, and no more."""
        self.leave()
        if self._out is not None:
            width = min(max(self._width() or WIDTH, 60), 120)
            self._print("\n" + table.closing(self._summary, colour=self._colour, width=width).rstrip("\n"))
        self._out = None

    def _width(self) -> int | None:
        if not self._is_terminal or self._out is None:
            return None
        try:
            return max(os.get_terminal_size(self._out.fileno()).columns, _NARROWEST)
        except (OSError, ValueError):
            return None

    def _print(self, text: str) -> None:
        if self._out is None:
            return
        try:
            terminal.put(self._out, f"{text}\n", colour=self._colour)
        except (OSError, ValueError) as error:  # a closed pipe, a closed file
            self._out = None
            logger.debug("cors_addon prints no more: %s", error)
