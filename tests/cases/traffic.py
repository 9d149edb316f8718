"""Traffic of browsers as observations, without mitmproxy: what tests of the floors 0 to 2 send, and ways to run it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cors_addon.exchange.model import Fields, Judgement, Observation
from cors_addon.fetch.origins import Url, parse_url
from cors_addon.session import session

AGENTS = {
    "chromium": b"Mozilla/5.0 (X11; Linux) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
    "gecko": b"Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0",
    "webkit": b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
}
"""A User-Agent of each engine."""

ALL = tuple(AGENTS)
PAGE = "https://app.example.test"
API = "https://api.example.test/items/1"
"""Cross-origin to PAGE, same-site."""
SHOP = "https://www.shop.test/items/1"
"""Cross-origin to PAGE, cross-site."""
START = 1_800_000_000.0

type Lines = Sequence[tuple[str | bytes, str | bytes]]


def encode(text: str | bytes) -> bytes:
    """Bytes as they are, text as latin-1."""
    return text if isinstance(text, bytes) else text.encode("latin-1")


def fields(lines: Lines) -> Fields:
    """A header list."""
    return tuple((encode(name), encode(value)) for name, value in lines)


def url(text: str) -> Url:
    """A URL, parsed."""
    parsed = parse_url(text)
    assert parsed is not None, text
    return parsed


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One exchange of a scenario; `id` is its flow's."""

    id: str
    method: str | bytes = "GET"
    url: str = API
    request: Lines = ()
    status: int | None = 200
    answer: Lines = ()
    at: float = 0.0
    """Seconds after START."""
    took: float = 0.01
    client: str = "192.0.2.7"
    connection: str | None = None
    agent: bytes | None = None
    """None: of the scenario's engine."""
    http2: bool = False

    def observation(self, engine: str = "chromium") -> Observation:
        """What the wire shows of it, sent by a browser of this engine."""
        agent = AGENTS[engine] if self.agent is None else self.agent
        lines: Lines = [("Host", "host"), *([("User-Agent", agent)] if agent else []), *self.request]
        return Observation(
            flow_id=self.id,
            client=self.client,
            connection=self.connection,
            started=START + self.at,
            ended=START + self.at + self.took,
            method=encode(self.method),
            url=url(self.url),
            request=fields(lines),
            status=self.status,
            response=fields(self.answer),
            http2=self.http2,
        )


def allow(
    origin: str = PAGE,
    *more: tuple[str | bytes, str | bytes],
    credentials: str | None = None,
    methods: str | None = None,
    headers: str | None = None,
    max_age: str | None = None,
) -> Lines:
    """CORS response headers."""
    named = {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Credentials": credentials,
        "Access-Control-Allow-Methods": methods,
        "Access-Control-Allow-Headers": headers,
        "Access-Control-Max-Age": max_age,
    }
    return (*((name, value) for name, value in named.items() if value is not None), *more)


ALLOW = allow()
ALLOW_PUT = allow(methods="PUT")


def metadata(site: str = "same-site", mode: str = "cors", dest: str = "empty") -> Lines:
    """Fetch metadata headers."""
    return (("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", mode), ("Sec-Fetch-Dest", dest))


def preflight(
    flow_id: str,
    at: float = 0.0,
    *,
    method: str = "PUT",
    headers: str | None = None,
    origin: str = PAGE,
    answer: Lines = ALLOW_PUT,
    status: int | None = 204,
    site: str = "same-site",
    request: Lines = (),
    **more: Any,
) -> Sent:
    """A preflight of PAGE to API; by default it allows PUT without credentials, and is cached for five seconds."""
    asked: list[tuple[str | bytes, str | bytes]] = [("Origin", origin), ("Access-Control-Request-Method", method)]
    if headers is not None:
        asked.append(("Access-Control-Request-Headers", headers))
    lines = (*asked, *metadata(site), *request)
    return Sent(id=flow_id, method="OPTIONS", at=at, request=lines, status=status, answer=answer, **more)


def cors(
    flow_id: str,
    at: float = 0.0,
    method: str | bytes = "GET",
    *,
    origin: str = PAGE,
    answer: Lines = ALLOW,
    site: str = "same-site",
    request: Lines = (),
    **more: Any,
) -> Sent:
    """A cors request of PAGE to API; by default it is allowed without credentials."""
    lines = (("Origin", origin), *metadata(site), *request)
    return Sent(id=flow_id, method=method, at=at, request=lines, answer=answer, **more)


def redirect(
    flow_id: str,
    at: float = 0.0,
    method: str = "GET",
    *,
    to: str,
    status: int = 302,
    answer: Lines = ALLOW,
    **more: Any,
) -> Sent:
    """A cors request whose answer redirects; by default the hop is allowed without credentials."""
    return cors(flow_id, at, method, status=status, answer=(*answer, ("Location", to)), **more)


type Expected = dict[str, dict[str, Any]]
"""By flow id: fields of the judgement, or of its refusal (`reason`, `detail`)."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Traffic of one client, and what it must be judged to be, engine by engine."""

    name: str
    traffic: tuple[Sent, ...]
    expected: Expected
    engines: tuple[str, ...] = ALL
    finish: bool = False
    """The recording ends after it."""
    options: dict[str, Any] = field(default_factory=dict)
    """Of the tracker."""
    fault: str | None = None
    """Why the addon fails it as yet."""

    def __str__(self) -> str:
        return self.name.replace(" ", "-")


class Run:
    """A session fed with observations: each flow's last judgement, and the order of all reports."""

    def __init__(self, **options: Any) -> None:
        self.session = session.Session(keep=session.ALL, **options)
        self.tracker = self.session.tracker
        self.last: dict[str, Judgement] = self.session.last
        self.reported: list[tuple[str, int]] = []
        """(flow id, revision), in order."""

    def feed(self, observations: Iterable[Observation]) -> "Run":
        """Observe them."""
        for observation in observations:
            self._take(self.session.observe(observation))
        return self

    def finish(self) -> "Run":
        """The recording ends."""
        self._take(self.session.finish())
        return self

    def _take(self, judgements: list[Judgement]) -> None:
        for judgement in judgements:
            self.reported.append((judgement.observation.flow_id, judgement.revision))

    def seen(self, expected: Expected) -> Expected:
        """Of each judged flow those fields that `expected` names of it."""
        return {
            flow_id: {name: getattr(judgement, name) for name in expected.get(flow_id, {"verdict": ...})}
            for flow_id, judgement in self.last.items()
        }


def as_it_is(scenario: Scenario, engine: str) -> Run:
    """The traffic as written."""
    return _finished(scenario, Run(**scenario.options).feed(sent.observation(engine) for sent in scenario.traffic))


def with_names_in_capitals(scenario: Scenario, engine: str) -> Run:
    """Header names in capitals: they mean the same."""
    return _finished(
        scenario, Run(**scenario.options).feed(capitals(sent.observation(engine)) for sent in scenario.traffic)
    )


def amid_another_client(scenario: Scenario, engine: str) -> Run:
    """Another client does the same at the same time, and its flows are complete just before."""
    run = Run(**scenario.options)
    for sent in scenario.traffic:
        seen = sent.observation(engine)
        run.feed([stranger(seen), seen])
    run = _finished(scenario, run)
    run.last = {flow_id: found for flow_id, found in run.last.items() if not flow_id.startswith(STRANGER)}
    run.reported = [each for each in run.reported if not each[0].startswith(STRANGER)]
    return run


def each_on_its_own_connection(scenario: Scenario, engine: str) -> Run:
    """Where the scenario does not say otherwise, no two flows share a connection."""
    seen = [sent.observation(engine) for sent in scenario.traffic]
    for each in seen:
        each.connection = each.connection or f"connection of {each.flow_id}"
    return _finished(scenario, Run(**scenario.options).feed(seen))


WAYS: tuple[Callable[[Scenario, str], Run], ...] = (
    as_it_is,
    with_names_in_capitals,
    amid_another_client,
    each_on_its_own_connection,
)

STRANGER = "stranger's "


def stranger(observation: Observation) -> Observation:
    """The same from another client."""
    connection = None if observation.connection is None else f"{STRANGER}{observation.connection}"
    return replace(
        observation,
        flow_id=STRANGER + observation.flow_id,
        client=f"{STRANGER}{observation.client}",
        connection=connection,
    )


def capitals(observation: Observation) -> Observation:
    """The same with header names in capitals."""
    return replace(
        observation,
        request=tuple((name.upper(), value) for name, value in observation.request),
        response=tuple((name.upper(), value) for name, value in observation.response),
    )


def _finished(scenario: Scenario, run: Run) -> Run:
    return run.finish() if scenario.finish else run
