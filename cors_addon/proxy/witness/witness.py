"""The witness, as mitmproxy has it: documents and workers get it, and its reports come here and go nowhere else.

Law 1: off, none of its hooks exist.
Law 2: a report is seen by no addon after ours, is in no list, and is sent to no server; not even one of an earlier run.
Law 3: fail open: what goes wrong leaves the answer as it was, and is logged once per kind.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import ClassVar

from mitmproxy import exceptions, flowfilter, http

from cors_addon.exchange.page_call import Report, Scene, read
from cors_addon.fetch.headers import get
from cors_addon.fetch.origins import OPAQUE, Url
from cors_addon.fetch.script_admission import NoWay
from cors_addon.flows import translate
from cors_addon.proxy.faults import Faults
from cors_addon.proxy.line_file import LineFile
from cors_addon.proxy.witness import putting
from cors_addon.proxy.witness.coverage import Coverage
from cors_addon.proxy.witness.putting import Slot
from cors_addon.proxy.witness.sequence import Sequence
from cors_addon.proxy.witness.tokens import PREFIX, Tokens
from cors_addon.session import page_log

LONGEST_REPORT = 1 << 18
"""Bytes; a witness sends less, and what is longer is not even waited for."""
MOST_BYTES = 1 << 22
"""Bytes of reports that are read of one document within `PER` seconds."""
PER = 10.0

_PREFIX = PREFIX.encode()
_REPORT = "cors.witness.report"
"""Metadata of a report, which is in no list and in no file."""
_MAX_METERS = 1000

type Hear = Callable[[Scene, Report], None]


class Witness:
    """Puts witnesses into what runs scripts, and hears them."""

    HOOKS: ClassVar = ("requestheaders", "request", "responseheaders", "response", "error")

    def __init__(self, hear: Hear, note_sent: Callable[[tuple[object, object], Url, float], None]) -> None:
        """`hear` is given what a document or worker reports; `note_sent` each request of a client, with its time."""
        self.on = False
        self.filter: flowfilter.TFilter | None = None
        """Put it only into what this selects; None: into all."""
        self.coverage = Coverage()
        self._hear, self._note_sent = hear, note_sent
        self._log: LineFile | None = None
        self._sequence = Sequence()
        self._tokens = Tokens()
        self._faults = Faults("cors_addon failed to put the witness into a page, which stays as it is")
        self._meters: OrderedDict[Scene, tuple[float, int]] = OrderedDict()

    def use(self, chosen: str, log: Path | None = None) -> None:
        """`true`, a filter for what gets the witness, or empty: nothing does any more. `log`: gets each report."""
        if log != (None if self._log is None else self._log.path):
            self.close()
            self._log = None if log is None else LineFile(log, "cors_witness_log")
        self.on = bool(chosen)
        self.filter = None if chosen in ("", "true") else flowfilter.parse(chosen)

    def finish(self) -> None:
        """Hear what waits for what came before it: no more comes."""
        self._sequence.release()

    def close(self) -> None:
        """Let go of the file of reports; what waits is written."""
        self.finish()
        log, self._log = self._log, None
        if log is not None:
            log.close()

    # ---- hooks ----

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """A report goes no further; what is too long is not waited for."""
        if not flow.request.data.path.startswith(_PREFIX):
            return
        flow.metadata[_REPORT] = True
        length = flow.request.headers.get("content-length", "" if flow.request.method == "POST" else "0")
        if not length.isdecimal() or int(length) > LONGEST_REPORT:
            flow.kill()
        else:
            flow.request.stream = False
        raise exceptions.AddonHalt

    def request(self, flow: http.HTTPFlow) -> None:
        """Answer a report, and hear it; note any other request."""
        if _REPORT not in flow.metadata:
            if flow.live and self.on:
                self._note_sent(_client(flow), translate.url(flow), flow.request.timestamp_start)
            return
        # a witness that is not answered so says no more
        flow.response = http.Response.make(204 if self.on else 410, b"")
        try:
            if self.on:
                self._read(flow)
        except Exception as error:
            self._faults.report(error)
        raise exceptions.AddonHalt

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """The answer to a report is nobody else's; a document that streams gets its witness on the way."""
        self._halt(flow)
        response = flow.response
        if response is not None and response.stream and flow.live:
            self._put_where_due(flow, response, streams=True)

    def response(self, flow: http.HTTPFlow) -> None:
        """The answer is whole, and nobody else's where it is to a report."""
        self._halt(flow)
        response = flow.response
        if response is not None and flow.live and translate.WITNESS not in flow.metadata:
            self._put_where_due(flow, response, streams=False)

    def error(self, flow: http.HTTPFlow) -> None:
        """A report failed: nobody else is to hear of it."""
        self._halt(flow)

    def _halt(self, flow: http.HTTPFlow) -> None:
        if _REPORT in flow.metadata:
            raise exceptions.AddonHalt

    # ---- putting it in ----

    def _put_where_due(self, flow: http.HTTPFlow, response: http.Response, *, streams: bool) -> None:
        try:
            realm = self._realm_of(flow, response)
            if realm is not None:
                self._put(flow, realm, streams=streams)
        except Exception as error:
            self._faults.report(error)

    def _realm_of(self, flow: http.HTTPFlow, response: http.Response) -> str | None:
        if not self.on:
            return None
        realm = putting.realm_of(flow)
        if realm is None or flow.request.data.method == b"HEAD" or putting.becomes_none(realm, response):
            return None
        return realm if self.filter is None or self.filter(flow) else None

    def _put(self, flow: http.HTTPFlow, realm: str, *, streams: bool) -> None:
        url = translate.url(flow)
        name = flow.id if realm != "serviceworker" else "sw"  # whose script must not change from one load to the next
        scene = Scene(_client(flow), url.origin, name)
        tell = partial(self._tell, flow, scene, realm)
        why = putting.hindrance(flow, realm)
        if why is not None:
            tell(NoWay(why))
            return
        slot = Slot(realm, url, url._replace(path=self._tokens.path_for(scene)))
        if streams:
            putting.put_into_stream(flow, slot, tell)
        elif not (flow.response is not None and flow.response.stream):
            tell(putting.put(flow, slot))
        else:
            tell(NoWay("it streams, as another addon told it to"))

    def _tell(self, flow: http.HTTPFlow, scene: Scene, realm: str, no_way: NoWay | None) -> None:
        why = "" if no_way is None else no_way.why
        flow.metadata[translate.WITNESS] = why or "put in"
        self.coverage.note(scene, realm, str(translate.url(flow)), why)

    # ---- hearing it ----

    def _read(self, flow: http.HTTPFlow) -> None:
        body = flow.request.data.content or b""
        path = flow.request.data.path.decode("latin-1")
        scene = self._tokens.scene_of(path, _client(flow), translate.url(flow).origin)
        now = time.time()
        if scene is None or not body or not self._has_room(scene, len(body), now):
            return
        report = read(body, now, opaque=flow.request.headers.get("origin") == OPAQUE)
        self.coverage.heard(scene, len(report.calls), report.unseen)
        text = "" if self._log is None else page_log.line(scene, now, body, opaque=report.opaque)
        self._sequence.put(scene, report.number, partial(self._heed, scene, report, text))

    def _heed(self, scene: Scene, report: Report, text: str) -> None:
        """It is this report's turn; `text`: its line in the log."""
        try:
            if text and self._log is not None:
                self._log.write(text)
            self._hear(scene, report)
        except Exception as error:
            self._faults.report(error)

    def _has_room(self, scene: Scene, size: int, now: float) -> bool:
        """Whether a document may say so much more."""
        since, sofar = self._meters.get(scene, (now, 0))
        if now - since > PER:
            since, sofar = now, 0
        self._meters[scene] = since, sofar + size
        self._meters.move_to_end(scene)
        if len(self._meters) > _MAX_METERS:
            self._meters.popitem(last=False)
        return sofar + size <= MOST_BYTES


def _client(flow: http.HTTPFlow) -> tuple[object, object]:
    """Address and User-Agent of whoever asks."""
    peer = flow.client_conn.peername
    return (peer[0] if peer else None), get(flow.request.data.headers.fields, b"user-agent")
