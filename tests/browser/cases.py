"""Cases: what a page asks for, and what the servers answer, as data that JSON can hold.

A case is a page, a context in it and some steps run in strict order. A step is one request of the page with the hops
it may be redirected through. What the servers answer is not stored but rendered: the right answer by the standard,
then the step's mutations. So a case that disagrees is shrunk by dropping mutations, and reads as what is wrong in it.

Laws of this module
  1. Nothing here knows a browser.
  2. `{id}` in a URL stands for the case's id: a case can be run again under a fresh id, with fresh URLs.
  3. A mutation holds the literal header values, so that a stored case outlives the tables it was drawn from.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from . import standard

Side = Literal["p", "a"]

HEADER_OF_FIELD = {
    "acao": "Access-Control-Allow-Origin",
    "acac": "Access-Control-Allow-Credentials",
    "acam": "Access-Control-Allow-Methods",
    "acah": "Access-Control-Allow-Headers",
    "expose": "Access-Control-Expose-Headers",
    "maxage": "Access-Control-Max-Age",
    "location": "Location",
    "ctype": "Content-Type",
    "cookie": "Set-Cookie",
    "cache": "Cache-Control",
    "etag": "ETag",
    "vary": "Vary",
    "total": "X-Total",
    "reqid": "X-Req-Id",
}

MODULES = frozenset({"module", "import", "modulepreload"})
"""Who asks for a JavaScript module."""
RAW = "raw-"
"""Before the name of a field: the mutation's values are whole lines, in place of that field's."""
REDIRECTS = (301, 302, 303, 307, 308)
GIF = (
    "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00"
    ",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
BODIES = {
    "img": ("image/gif", GIF),
    "script": ("text/javascript", "1;"),
    "module": ("text/javascript", "1;"),
    "import": ("text/javascript", "1;"),
    "modulepreload": ("text/javascript", "1;"),
    "worklet": ("text/javascript", "1;"),
    "track": ("text/vtt", "WEBVTT\n"),
    "css": ("text/css", "a{}"),
    "eventsource": ("text/event-stream", "data: x\n\n"),
    "nav": ("text/html", "ok"),
    "form": ("text/html", "ok"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Mutation:
    """One deviation of one answer from the right one: `p.acao=null` on hop 0."""

    hop: int
    side: Side
    field: str
    name: str
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        prefix = f"hop{self.hop}: " if self.hop else ""
        return f"{prefix}{self.side}.{self.field}={self.name}"


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """A rendered answer: what the case server sends. Text stands for latin-1 bytes."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str = ""
    fail: str = ""
    delays: tuple[float, ...] = ()
    """Seconds after which the first, the second … request is answered, and from the first again."""
    raw: bool = False
    """It comes from a server of sockets: a header without a name is a line that is sent as it is."""

    def values(self, name: str) -> list[str]:
        """The values of each line of one header, as sent."""
        named: list[tuple[str, str]] = []
        for key, value in self.headers:
            if named and not key and value.startswith((" ", "\t")):  # a fold of the line before
                named[-1] = (named[-1][0], f"{named[-1][1]} {value.strip()}")
            else:
                named.append((key, value) if key else _named(value))
        return [value for key, value in named if key.lower() == name.lower()]


def _named(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name, value.strip()


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """One request that the page makes. `urls` are its hops; `redirects` the status of each but the last.

    `ctx` is the context it is made in, where that is not the case's.
    """

    urls: tuple[str, ...]
    api: str = "fetch"
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    body_type: str = ""
    credentials: str = "same-origin"
    mode: str = "cors"
    redirect: str = "follow"
    redirects: tuple[int, ...] = ()
    end_location: str | None = None
    cache: str = "default"
    crossorigin: str | None = None
    preload_as: str = "fetch"
    upload_listener: bool = False
    keepalive: bool = False
    sync: bool = False
    referrer_policy: str = ""
    ctx: str = ""
    wait: float = 0.0
    mutations: tuple[Mutation, ...] = ()
    note: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """A page, a context in it (page, worker, sandbox, data) and the steps it takes, over HTTP/1.1 or HTTP/2.

    `parallel`: the page takes all steps together, each after its `wait`; whoever asks for a URL gets the same answer.
    """

    id: str
    page: str
    steps: tuple[Step, ...]
    ctx: str = "page"
    http: str = "1.1"
    title: str = ""
    parallel: bool = False
    alone: bool = False
    """Its answer may end the connection, which no other case then uses."""

    def context(self, step: Step) -> str:
        """Where a step's request is made."""
        return step.ctx or self.ctx

    def origin(self, step: Step) -> str:
        """What a step's request bears as Origin before any redirect."""
        return "null" if self.context(step) in ("sandbox", "data") else self.page

    def owners(self) -> dict[str, list[int]]:
        """Which steps ask for each path of the case."""
        found: dict[str, list[int]] = {}
        for index, step in enumerate(self.steps):
            for url in step.urls:
                found.setdefault(urlsplit(case_url(self, url)).path, []).append(index)
        return found

    @property
    def note(self) -> str:
        """The case in a line: what is asked, then what is wrong with the answers."""
        if self.title:
            return self.title
        step = self.steps[0]
        parts = [step.api, step.method, step.credentials]
        if self.ctx != "page":
            parts.insert(0, f"{self.ctx}:")
        if step.crossorigin:
            parts.append(f"crossorigin={step.crossorigin}")
        if len(step.urls) > 1 or step.end_location is not None:
            parts.insert(0, "redirect")
        if self.parallel:
            parts.insert(0, "together:")
        parts += [step.mode] if step.mode != "cors" else []
        parts += ["cookie"] if "/k/" in step.urls[0] else []
        common = [one for one in step.mutations if all(one in other.mutations for other in self.steps)]
        wrong = [str(mutation) for mutation in common]
        for index, other in enumerate(self.steps):
            mine = [str(mutation) for mutation in other.mutations if mutation not in common]
            if len(self.steps) > 1:
                names = "".join(f" {name}" for name, _ in other.headers)
                wait = f" after {other.wait} s" if other.wait else ""
                ctx = f"{other.ctx}: " if other.ctx else ""
                mine.insert(0, f"step{index}: {ctx}{other.api} {other.method}{names} {other.credentials}{wait}")
            wrong += mine
        return f"{' '.join(parts)}; {', '.join(wrong) or 'all right'}"

    def url(self, step: int, hop: int) -> str:
        """The URL of one hop, with this case's id in it."""
        return case_url(self, self.steps[step].urls[hop])


def to_json(case: Case) -> dict[str, Any]:
    """A case as JSON data; fields that say nothing are left out."""
    data = dataclasses.asdict(case)
    defaults = {field.name: field.default for field in dataclasses.fields(Step)}
    data["steps"] = [{key: value for key, value in step.items() if value != defaults[key]} for step in data["steps"]]
    data["title"] = case.note
    return data


def from_json(data: Mapping[str, Any]) -> Case:
    """The case that `to_json` wrote."""

    def step(raw: Mapping[str, Any]) -> Step:
        values = dict(raw)
        values["urls"] = tuple(values["urls"])
        values["redirects"] = tuple(values.get("redirects", ()))
        values["headers"] = tuple((name, value) for name, value in values.get("headers", ()))
        values["mutations"] = tuple(
            Mutation(**{**one, "values": tuple(one.get("values", ()))}) for one in values.get("mutations", ())
        )
        return Step(**values)

    return Case(**{**data, "steps": tuple(step(raw) for raw in data["steps"])})


def loads(text: str) -> Case:
    """A case from its JSON text."""
    return from_json(json.loads(text))


def hop_number(url: str) -> int:
    """The number in a case URL's path, which tells the case server which hop this is."""
    return int(urlsplit(url).path.split("/")[3])


def case_url(case: Case, url: str) -> str:
    """A URL with the case's id in it."""
    return url.replace("{id}", case.id)


def right_answer(case: Case, step: Step, hop: int, side: Side) -> Answer:
    """What a server that knows the standard would answer to this hop's preflight or request."""
    hops = standard.hops(case, step)
    here = hops[hop]
    headers: list[tuple[str, str]] = [("Cache-Control", "no-store")]
    if side == "p":
        headers.append(("Access-Control-Allow-Origin", here.origin))
        if step.credentials == "include":
            headers.append(("Access-Control-Allow-Credentials", "true"))
        if here.method not in ("GET", "HEAD", "POST"):
            headers.append(("Access-Control-Allow-Methods", here.method))
        names = standard.author_header_names(step)
        if names:
            headers.append(("Access-Control-Allow-Headers", ", ".join(names)))
        return Answer(204, tuple(headers))
    last = hop == len(step.urls) - 1
    status = step.redirects[hop] if hop < len(step.redirects) else 200
    if here.cors:
        headers.append(("Access-Control-Allow-Origin", here.origin))
        if step.credentials == "include":
            headers.append(("Access-Control-Allow-Credentials", "true"))
    headers += [("X-Total", "7"), ("X-Req-Id", "abc")]
    if not last or step.end_location is not None:
        target = step.end_location if last else step.urls[hop + 1]
        assert target is not None
        headers.append(("Location", case_url(case, target)))
        return Answer(status, tuple(headers))
    content_type, body = BODIES.get(step.preload_as if step.api == "preload" else step.api, ("application/json", "{}"))
    headers.append(("Content-Type", content_type))
    return Answer(status, tuple(headers), body)


def answer(case: Case, step: Step, hop: int, side: Side) -> Answer:
    """What the case's server answers: the right answer with the step's mutations applied."""
    base = right_answer(case, step, hop, side)
    status, fail, delays, headers = base.status, base.fail, base.delays, list(base.headers)
    raw = False
    for mutation in step.mutations:
        if (mutation.hop, mutation.side) != (hop, side):
            continue
        if mutation.field == "status":
            status = int(mutation.values[0])
            if side == "p" and status in REDIRECTS and not mutation.name.endswith("bare"):
                headers.append(("Location", case_url(case, step.urls[hop])))
        elif mutation.field == "fail":
            fail = mutation.name
        elif mutation.field == "delay":
            delays = tuple(float(value) for value in mutation.values)
        elif mutation.field.startswith(RAW):
            raw, name = True, HEADER_OF_FIELD.get(mutation.field.removeprefix(RAW), "")
            headers = [header for header in headers if not name or header[0].lower() != name.lower()]
            headers += [("", line) for line in mutation.values]
        else:
            name = HEADER_OF_FIELD[mutation.field]
            headers = [header for header in headers if header[0].lower() != name.lower()]
            headers += [(name, value.replace("{id}", case.id)) for value in mutation.values]
    empty = side == "p" or status in (204, 205, 304) or 300 <= status < 400
    return Answer(status, tuple(headers), "" if empty else base.body, fail, delays, raw)


def answer_table(case: Case) -> dict[str, dict[str, Any]]:
    """All answers of a case for the case server, by `step/hop number/side`; step -1 where no request tells its own."""
    table: dict[str, dict[str, Any]] = {}
    for index, step in enumerate(case.steps):
        for hop, url in enumerate(step.urls):
            for side in ("p", "a"):
                made = dataclasses.asdict(answer(case, step, hop, side))
                table[f"{index}/{hop_number(url)}/{side}"] = made
                if case.parallel:
                    table.setdefault(f"-1/{hop_number(url)}/{side}", made)
    return table
