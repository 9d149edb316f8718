"""What stops a load beyond CORS, step by step and in the order of each engine."""

import hashlib
import itertools
from base64 import b64encode
from typing import Any

import pytest

from cors_addon.engines import ENGINES
from cors_addon.engines.block_names import block_error
from cors_addon.engines.gates import GATES
from cors_addon.fetch import markup
from cors_addon.fetch.gates import page_from
from cors_addon.fetch.headers import get
from cors_addon.fetch.load import Arrival, Block, Destination, Gate, Load
from cors_addon.fetch.origins import Url, parse_url, resolve
from cors_addon.policy.suffixes import registrable_domain
from cors_addon.recordings import words
from tests.cases.gates import ALL, JS, OTHER, OWN, PAGE, Row, script, typed
from tests.cases.traffic import fields

FRAME_MODES = {"document", "embed", "frame", "iframe", "object"}


def url(text: str) -> Url:
    """A URL that is one."""
    parsed = parse_url(text)
    assert parsed is not None
    return parsed


def stopped(row: Row) -> dict[str, str | None]:
    """What stops the load in each engine."""
    _, blocks = blocks_of(row)
    return {name: None if block is None else block.gate.value for name, block in blocks.items()}


def blocks_of(row: Row) -> tuple[Load, dict[str, Block | None]]:
    """The load, and what stops it in each engine, whole."""
    page_url = url(row.page_url)
    found = markup.read(row.markup, page_url)
    page = page_from(page_url, fields(row.page))
    page = page._replace(policies=(*page.policies, *found.policies), quirks=found.quirks)
    mode = row.mode or ("navigate" if row.destination in FRAME_MODES else "no-cors")
    address = url(row.url)
    load = Load(
        address,
        page.origin,
        Destination(row.destination),
        mode,
        registrable_domain,
        page,
        found.elements.get(address),
        tainted=address.origin != page.origin,
        redirected=row.redirected,
        ancestors=row.ancestors,
    )
    location = get(fields(row.lines), b"location")
    target = resolve(location.encode(), address) if location and 300 < row.status < 399 else None
    arrival = Arrival(row.status, fields(row.lines), lambda _limit: row.body, target)
    return load, {name: rules.check(load, arrival) for name, rules in GATES.items()}


@pytest.mark.parametrize(
    "row",
    [pytest.param(row, id=f"{family}-{number}") for family, rows in ALL.items() for number, row in enumerate(rows)],
)
def test_what_stops_a_load(row: Row) -> None:
    """In each engine: a row names those that differ from the rest."""
    assert row.but.keys() <= GATES.keys()
    assert stopped(row) == {name: row.but.get(name, row.all) for name in GATES}


def test_every_engine_has_gates() -> None:
    """Else its judgement would fail."""
    assert GATES.keys() == ENGINES.keys()


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_the_right_digest_passes(algorithm: str) -> None:
    """For a script of the page's own origin, and with CORS; never without."""
    digest = f"{algorithm}-{b64encode(hashlib.new(algorithm, JS).digest()).decode()}"
    javascript = typed("text/javascript")
    own = stopped(Row("script", OWN, javascript, None, JS, markup=script(digest, OWN)))
    cors = stopped(Row("script", OTHER, javascript, None, JS, mode="cors", markup=script(digest)))
    opaque = stopped(Row("script", OTHER, javascript, None, JS, markup=script(digest)))
    assert set(own.values()) == set(cors.values()) == {None}
    assert set(opaque.values()) == {"sri"}


def test_a_worker_upgrades_as_its_page_does() -> None:
    """In WebKit, what a worker imports is upgraded where the page that made the worker asks for that."""
    page = page_from(url(PAGE), ())._replace(worker=True, owner_upgrades=True)
    load = Load(url(OTHER), page.url.origin, Destination.IMPORT_SCRIPTS, "no-cors", registrable_domain, page)
    arrival = Arrival(302, (), lambda _limit: b"", resolve(b"http://api.other.test/2", load.url))
    assert {name for name, rules in GATES.items() if rules.check(load, arrival) is None} == {"webkit"}


def test_details_are_the_offending_values() -> None:
    """The header as sent, the type, the directive, the target."""
    rules = GATES["fetch"]
    page = page_from(url(PAGE), fields([("Content-Security-Policy", "img-src https://api.other.test")]))
    load = Load(url(OTHER), page.url.origin, Destination.IMAGE, "no-cors", registrable_domain, page)

    def detail(status: int, lines: list[tuple[str, str]], body: bytes = b"", **changes: Any) -> str | None:
        target = resolve(lines[0][1].encode(), load.url) if status == 302 else None
        block = rules.check(load._replace(**changes), Arrival(status, fields(lines), lambda _limit: body, target))
        return None if block is None else block.detail

    assert detail(200, [("Cross-Origin-Resource-Policy", "same-site")]) == "same-site"
    assert detail(302, [("Location", "https://cdn.test/")]) == "img-src https://api.other.test"
    insecure = [("Location", "http://api.other.test/")]
    assert detail(302, insecure, page=None, destination=Destination.FONT) == "http://api.other.test/"
    assert detail(200, [("Content-Type", "application/pdf")]) == "type: application/pdf"
    assert detail(200, [("Content-Type", "image/png")], destination=Destination.SCRIPT) == "type-lies: image/png"


RESPONSE = "net::ERR_BLOCKED_BY_RESPONSE"
CHROMIUM_NAMES = {
    "net::ERR_BLOCKED_BY_ORB",
    RESPONSE,
    f"{RESPONSE}.NotSameOrigin",
    f"{RESPONSE}.NotSameSite",
    f"{RESPONSE}.NotSameOriginAfterDefaultedToSameOriginByCoep",
    f"{RESPONSE}.NotSameOriginAfterDefaultedToSameOriginByDip",
    f"{RESPONSE}.NotSameOriginAfterDefaultedToSameOriginByCoepAndDip",
}
GECKO_NAMES = {
    "NS_ERROR_CSP_FRAME_ANCESTOR_VIOLATION",
    "NS_ERROR_DOM_COEP_FAILED",
    "NS_ERROR_DOM_CORP_FAILED",
    "NS_ERROR_XFO_VIOLATION",
}


@pytest.mark.parametrize(("engine", "names"), [("chromium", CHROMIUM_NAMES), ("gecko", GECKO_NAMES), ("webkit", set())])
def test_each_name_of_a_block_is_emitted(engine: str, names: set[str]) -> None:
    """By a row of the tables; and read back, it means that gate where a name is of one alone."""
    found: dict[str, set[Gate]] = {}
    for row in itertools.chain.from_iterable(ALL.values()):
        load, blocks = blocks_of(row)
        block = blocks[engine]
        name = None if block is None else block_error(engine, block, load)
        if block is not None and name is not None:
            found.setdefault(name, set()).add(block.gate)
    assert found.keys() == names
    for name, gates in found.items() if engine == "chromium" else ():
        meant = words.block_of(name)
        assert name == RESPONSE or (meant is not None and gates == {meant.gate})
