"""What is fuzzed: each target takes bytes, and raises for what nobody may be able to cause.

Law 1: a target raises no exception that its input explains: damage is told, never thrown.
Law 2: what is said of an input is text for a terminal, and JSON lines are ASCII.
Law 3: an input makes the same run each time: nothing is drawn in here, and each is a client of its own.
"""

import atexit
import contextlib
import functools
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from mitmproxy import http
from mitmproxy.connection import Client

from cors_addon.audit.auditor import Auditor
from cors_addon.cli.check import RENDERERS
from cors_addon.engines import ENGINES
from cors_addon.exchange import page_call
from cors_addon.exchange.model import Judgement
from cors_addon.flows import translate
from cors_addon.policy import read as policies
from cors_addon.policy import write
from cors_addon.policy.export import TARGETS as SERVERS
from cors_addon.policy.export import Inexpressible, export
from cors_addon.policy.suffixes import registrable_domain
from cors_addon.proxy.faults import Faults
from cors_addon.proxy.policy_file import check_filter
from cors_addon.reasons import explain as pasted
from cors_addon.recordings import judge
from cors_addon.report import curl, explanation, jsonl, table, terminal, text
from cors_addon.report.html import page
from cors_addon.report.html.exchanges import Exchanges
from cors_addon.report.input import Input
from cors_addon.report.summary import Summary
from cors_addon.session.pages import Pages
from cors_addon.session.session import ALL, Session
from tests import helpers

CORPUS = Path(__file__).parent / "corpus"
"""A folder for each target, with a few inputs to begin with."""
NETWORK = b"\n=== network\n"
"""Between the two files of a trace."""
ANSWER = b"\n=== answer "
NEXT = b"\n=== next\n"
"""Between the exchanges of one input."""
SEVERAL = 8
"""Exchanges that are read of an input."""


class Target(NamedTuple):
    """Something that takes what others wrote."""

    run: Callable[[bytes], None]
    form: str
    """What an input is made of, for what changes it: `json`, `lines`, `tnetstring` or `text`."""


def is_for_a_terminal(told: str) -> None:
    """Raise AssertionError for text that a terminal would obey."""
    safe = terminal.safe(told)
    assert "\x1b" not in safe
    assert "\x9b" not in safe


def _pick[T](data: bytes, choices: Iterable[T]) -> T:
    """One of them, always the same for an input: all of them at a time would take too long."""
    listed = list(choices)
    return listed[zlib.crc32(data) % len(listed)]


def told(data: bytes, judgements: list[Judgement], into: Input) -> None:
    """Say what there is to say of judgements: each as a line and a comment, and all in one of the other ways."""
    for each in judgements:
        json.loads(jsonl.dumps(each).encode("ascii"))
        is_for_a_terminal(text.comment(each))
    _pick(data, _TELLING)(judgements, into)


def _explained(judgements: list[Judgement], _into: Input) -> None:
    for each in judgements[:3]:
        is_for_a_terminal(explanation.explain(each))


def _as_commands(judgements: list[Judgement], _into: Input) -> None:
    for each in judgements[:3]:
        requests, remarks = curl.requests_of(each, lambda _: None)
        curl.script(requests, lambda _: None, remarks=remarks)


def _reported(kind: str) -> Callable[[list[Judgement], Input], None]:
    def report(judgements: list[Judgement], into: Input) -> None:
        summary, listed = Summary(), Exchanges()
        summary.inputs.append(into)
        for each in judgements:
            summary.add(each, source=into.name)
            listed.add(each)
        if kind == "html":
            page.render(summary, listed)
        elif kind == "text":
            is_for_a_terminal(table.render(summary))
        else:
            import_module(RENDERERS[kind]).render(summary)

    return report


_TELLING = (_explained, _as_commands, *map(_reported, (*RENDERERS, "html", "text")))
"""Ways to tell of which each input goes one, always the same: all of them take five times as long as judging."""


# ---- what passes a proxy ----


def exchanges(data: bytes, connection: Client) -> list[http.HTTPFlow]:
    """Exchanges as an input writes them: method, URL and headers, and after `=== answer STATUS` those of the answer."""
    found = []
    for number, part in enumerate(data.split(NEXT)[:SEVERAL]):
        asked, answers, answered = part.partition(ANSWER)
        first, *lines = asked.split(b"\n")
        method, _, url = first.partition(b" ")
        status, *more = answered.split(b"\n")
        flow = helpers.flow(
            method or b"GET",
            "https://api.example.test/",
            _headers(lines),
            status=int(status[:3]) if status[:3].isdigit() else 200 if answers else None,
            response=_headers(more),
            error=None if answers else "it failed",
            at=number / 50,
            body=b"\n".join(more).partition(b"\n\n")[2],
            connection=connection,
        )
        scheme, separator, rest = url.partition(b"://")
        if separator and scheme in (b"http", b"https"):
            host, slash, path = rest.partition(b"/")
            flow.request.data.scheme, flow.request.data.path = scheme, slash + path
            flow.request.data.host = host.decode("utf-8", "surrogateescape")
        else:
            flow.request.data.path = url
        found.append(flow)
    return found


def _headers(lines: list[bytes]) -> list[tuple[str | bytes, str | bytes]]:
    found: list[tuple[str | bytes, str | bytes]] = []
    for line in lines:
        if not line:
            break  # the body follows
        name, _, value = line.partition(b":")
        found.append((name, value.strip(b" ")))
    return found


def _raise(_faults: Faults, error: Exception) -> None:
    raise error


POLICY = """
policies:
- {name: rewritten, filter: "~d rewritten.test", mode: rewrite, preset: allow}
- {name: tried, mode: shadow, origins: ["https://*.example.test"], methods: [PUT], credentials: true}
"""


class _Traffic:
    """A proxy, with a policy that rewrites and one in the shadow, for many inputs: starting it takes much longer."""

    def __init__(self) -> None:
        self._opened = contextlib.ExitStack()
        self.close = self._opened.close
        self._running = self._opened.enter_context(helpers.proxy(cors_memory="4"))
        for each in policies.read(POLICY).policies:
            self._running.addon._policies.add(each)
        self._passed = 0

    def run(self, data: bytes) -> None:
        """Let traffic pass, from a client that was not there before."""
        self._passed += 1
        address = f"10.{self._passed >> 16 & 255}.{self._passed >> 8 & 255}.{self._passed & 255}"
        passing = exchanges(data, helpers.client(sni="api.example.test", peername=(address, 50000)))
        with patch.object(Faults, "report", _raise):
            self._running.pass_through(*passing)
        flows = self._running.addon._flows
        judgements = [made for each in passing if (made := flows.judgement(each)) is not None]
        told(data, judgements, Input("flows"))


@functools.cache
def _traffic() -> _Traffic:
    traffic = _Traffic()
    atexit.register(traffic.close)
    return traffic


def flows(data: bytes) -> None:
    """Traffic through the addon."""
    _traffic().run(data)


def close() -> None:
    """Let go of what targets share."""
    if _traffic.cache_info().currsize:
        _traffic().close()
        atexit.unregister(_traffic().close)
        _traffic.cache_clear()


# ---- files ----


def recording(name: str, data: bytes) -> None:
    """A recording of whatever format."""
    into = Input(name)
    witness = judge.How(engine=_pick(data, ("auto", *ENGINES)), auditor=Auditor(registrable_domain))
    told(data, list(judge.judged(name, into, witness, io.BytesIO(data))), into)
    assert into.damage is None or (into.damage and into.damage.isprintable()), into.damage


def trace(data: bytes) -> None:
    """A trace of Playwright; its files are packed here, so that their content is what changes."""
    happened, _, network = data.partition(NETWORK)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("trace.trace", happened)
        archive.writestr("trace.network", network)
    recording("trace.zip", packed.getvalue())


def policy(data: bytes) -> None:
    """A policy file, exported and written anew where it is good."""
    loaded = policies.read(data.decode("utf-8", "replace"), check_filter)
    for each in loaded.faults:
        is_for_a_terminal(each.render("policy.yaml"))
        assert "\n" not in each.render("policy.yaml")
    if not loaded.usable:
        return
    again = policies.read(write.write(loaded.policies), check_filter)
    assert again.usable, again.faults
    assert [each.name for each in again.policies] == [each.name for each in loaded.policies]
    for name in SERVERS:
        try:
            export(loaded.policies, name).text()
        except Inexpressible as refused:
            is_for_a_terminal(str(refused))


def explain(data: bytes) -> None:
    """Text that somebody pasted."""
    query = data.decode("utf-8", "replace")
    told_of, _ = pasted.explain(query)
    is_for_a_terminal(told_of)
    json.loads(pasted.explain_json(query)[0])


PAGE = b"""GET https://app.example.test/
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36
Sec-Fetch-Dest: document
=== answer 200
Content-Type: text/html
=== next
GET https://api.example.test/items/1
Origin: https://app.example.test
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36
Sec-Fetch-Mode: cors
=== answer 200
Access-Control-Allow-Origin: *
"""


def witness(data: bytes) -> None:
    """What a page says of itself, of what passed."""
    session, into = Session(keep=ALL), Input("page")
    session.pages = Pages()
    client = ("192.0.2.7", helpers.CHROMIUM)
    passed = exchanges(PAGE, helpers.client())
    for each in passed:
        session.pages.note_sent(client, translate.url(each), each.request.timestamp_start)
        session.observe(translate.observation(each))
    heard = page_call.read(data, helpers.START + 1, opaque=_pick(data, (False, True)))
    session.hear_page(page_call.Scene(client, "https://app.example.test", passed[0].id), heard)
    session.finish()
    told(data, list(session.last.values()), into)


TARGETS: dict[str, Target] = {
    "flows": Target(flows, "text"),
    "har": Target(lambda data: recording("a.har", data), "json"),
    "trace": Target(trace, "lines"),
    "netlog": Target(lambda data: recording("netlog.json", data), "json"),
    "cdp": Target(lambda data: recording("cdp.json", data), "json"),
    "bidi": Target(lambda data: recording("bidi.json", data), "json"),
    "dump": Target(lambda data: recording("dump", data), "tnetstring"),
    "others": Target(lambda data: recording("other", data), "json"),
    "policy": Target(policy, "text"),
    "explain": Target(explain, "text"),
    "witness": Target(witness, "lines"),
}
