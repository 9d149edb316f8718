"""The pure engine, timed in this process: microseconds, and ratios to a fixed loop timed in the same run."""

import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from _bench.traffic import SAME_SITE_PAGE, Exchange, cors
from cors_addon.engines import ENGINES
from cors_addon.exchange.model import Observation
from cors_addon.exchange.outcomes import answer_of, both_outcomes
from cors_addon.exchange.response_headers import read_response
from cors_addon.exchange.tracker import Tracker
from cors_addon.fetch.checks import Asked
from cors_addon.fetch.origins import Url
from cors_addon.fetch.refusals import Stage

ROUNDS = 300
CALLS = 100
VERDICT_TARGET = 10.0


class Timing(NamedTuple):
    """One row: what, how long at best, and how long it may take."""

    name: str
    microseconds: float
    target: float | None = None


class Case(NamedTuple):
    """What is timed: a function that does the same thing `times` times, and what one of them may take."""

    name: str
    run: Callable[[], object]
    times: int
    target: float | None = None


def timings() -> list[Timing]:
    """The fixed loop first, then everything else; rounds alternate, so that a busy machine slows them all alike."""
    cases = _cases()
    quickest = [float("inf")] * len(cases)
    for _ in range(ROUNDS):
        for place, case in enumerate(cases):
            start = time.perf_counter()
            case.run()
            quickest[place] = min(quickest[place], time.perf_counter() - start)
    return [
        Timing(case.name, seconds / case.times * 1e6, case.target)
        for case, seconds in zip(cases, quickest, strict=True)
    ]


def _cases() -> list[Case]:
    exchanges = cors(400)
    simple = observations(each for each in exchanges if each.method == "GET" and not each.connection)
    pairs = observations(each for each in exchanges if each.method != "GET")
    preflight, get = pairs[0], simple[0]
    engine = ENGINES["chromium"]
    check = engine.rules.check
    put = Asked(SAME_SITE_PAGE, "PUT", ("content-type",))
    known = (put, (204, read_response(preflight.response), False, None, 0))
    refused = Asked(SAME_SITE_PAGE, "PUT", ("content-type", "x-unheard-of"))
    to_get, to_put = answer_of(get, get.response), answer_of(preflight, preflight.response)

    def from_headers() -> None:
        check(Stage.PREFLIGHT, put, answer_of(preflight, preflight.response))

    def track(flows: list[Observation]) -> None:
        observe = Tracker().observe
        for each in flows:
            observe(each)

    def case(name: str, function: Callable[..., object], *arguments: object) -> Case:
        def run() -> None:
            for _ in range(CALLS):
                function(*arguments)

        return Case(name, run, CALLS, VERDICT_TARGET)

    return [
        Case("the fixed loop: 1000 additions", _fixed_loop, 1),
        case("verdict, simple request", check, Stage.ACTUAL, Asked(SAME_SITE_PAGE), to_get),
        case("verdict, preflight", check, Stage.PREFLIGHT, put, to_put),
        case("verdict, preflight refused", check, Stage.PREFLIGHT, refused, to_put),
        case("verdict, preflight, from raw headers", from_headers),
        case("verdict, preflight, seen before", both_outcomes, engine, Stage.PREFLIGHT, *known),
        Case("Tracker.observe, simple requests, per flow", lambda: track(simple), len(simple)),
        Case("Tracker.observe, preflights and PUTs, per flow", lambda: track(pairs), len(pairs)),
    ]


def _fixed_loop() -> int:
    total = 0
    for number in range(1000):
        total += number & 7
    return total


def observations(exchanges: Iterable[Exchange]) -> list[Observation]:
    """What the tracker gets of them."""
    found: list[Observation] = []
    for number, each in enumerate(exchanges):
        now = 1_700_000_000 + number / 50
        found.append(
            Observation(
                flow_id=f"flow {number}",
                client="127.0.0.1",
                connection=f"connection {each.connection}",
                started=now,
                ended=now + 0.01,
                method=each.method.encode(),
                url=Url("http", "127.0.0.1", 8000, each.path),
                request=_fields(each.request),
                status=each.status,
                response=_fields(each.response),
                has_body=bool(each.request_body),
            )
        )
    return found


def _fields(headers: dict[str, str]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((name.encode(), value.encode()) for name, value in headers.items())
