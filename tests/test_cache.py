"""The preflight cache of each engine: for how long, and what a cached answer serves."""

from typing import NamedTuple

import pytest

from cors_addon.engines import ENGINES
from cors_addon.exchange.browser_cache import MAX_DROPPED, MAX_ENTRIES, Answered, BrowserCache
from cors_addon.fetch.cache import MAX_GRANTS, Entry, Grant, Granted, add, goes_with, used_of
from cors_addon.fetch.checks import Asked
from tests.cases.traffic import API, PAGE, url

NAMES = ("fetch", "chromium", "gecko", "webkit")

MAX_AGES: dict[str | None, tuple[int | None, ...]] = {
    # by engine in the order of NAMES; None: not cached
    None: (5, 5, 5, 5),
    "": (5, 5, 5, 5),
    "0": (0, 0, 0, 0),
    "00": (0, 0, 0, 0),
    "5": (5, 5, 5, 5),
    "0600": (600, 600, 600, 600),
    "7200": (7200, 7200, 7200, 600),
    "86400": (86400, 7200, 86400, 600),
    "99999999999": (99999999999, 7200, 86400, 600),
    "-1": (5, 0, None, 0),
    "-0": (5, 0, None, 0),
    "+600": (5, 600, None, 600),
    "1.5": (5, 5, None, 5),
    "600s": (5, 5, None, 5),
    "abc": (5, 5, None, 5),
    "600, 600": (5, 5, None, 5),
    "6 0": (5, 5, None, 5),
    "\xb2": (5, 5, None, 5),
    "\u0663": (5, 5, None, 5),
    "-" + "9" * 30: (5, 5, None, 5),
}


@pytest.mark.parametrize(
    ("engine", "value", "expected"),
    [(name, value, expected) for value, row in MAX_AGES.items() for name, expected in zip(NAMES, row, strict=True)],
)
def test_max_age(engine: str, value: str | None, expected: int | None) -> None:
    """Seconds for which an answer is kept, the engine's own limit applied."""
    rules = ENGINES[engine].cache
    seconds = rules.max_age(value)
    assert (None if seconds is None else min(seconds, rules.cap)) == expected


class Stored(NamedTuple):
    """One answer, `at` seconds."""

    at: float = 0.0
    methods: str = ""
    headers: str = ""
    credentialed: bool | None = False
    lifetime: float = 60.0


class Row(NamedTuple):
    """What was stored, and which engines need no preflight for the request that comes."""

    name: str
    stored: tuple[Stored, ...]
    at: float
    method: str
    headers: tuple[str, ...]
    credentialed: bool | None
    serves: str

    def __str__(self) -> str:
        return self.name.replace(" ", "-")


PUT = Stored(methods="PUT")
EVERYONE = "fetch chromium gecko webkit"

NO_A, NO_B = Stored(headers="x-a", credentialed=None), Stored(1, headers="x-b", credentialed=None)
OMIT_A, INCLUDE_B = Stored(headers="x-a"), Stored(1, headers="x-b", credentialed=True)

ROWS = (
    Row("the same method", (PUT,), 1, "PUT", (), False, EVERYONE),
    Row("another method", (PUT,), 1, "DELETE", (), False, ""),
    Row("the method in another case", (Stored(methods="patch"),), 1, "PATCH", (), False, ""),
    Row("the same header", (Stored(headers="x-a"),), 1, "GET", ("x-a",), False, EVERYONE),
    Row("the header in another case", (Stored(headers="X-A"),), 1, "GET", ("x-a",), False, EVERYONE),
    Row("another header", (Stored(headers="x-a"),), 1, "GET", ("x-b",), False, ""),
    Row("one header more", (Stored(headers="x-a"),), 1, "GET", ("x-a", "x-b"), False, ""),
    Row("one header less", (Stored(methods="PUT", headers="x-a x-b"),), 1, "PUT", ("x-a",), False, EVERYONE),
    Row("a GET's entry for POST", (Stored(headers="x-a"),), 1, "POST", ("x-a",), False, EVERYONE),
    Row("a GET's entry for HEAD", (Stored(headers="x-a"),), 1, "HEAD", ("x-a",), False, "fetch chromium webkit"),
    Row("HEAD listed", (Stored(methods="HEAD", headers="x-a"),), 1, "HEAD", ("x-a",), False, EVERYONE),
    # expiry
    Row("just in time", (PUT,), 59, "PUT", (), False, EVERYONE),
    Row("too late", (PUT,), 62, "PUT", (), False, ""),
    Row("nothing lives for no time", (Stored(methods="PUT", lifetime=0),), 0.5, "PUT", (), False, ""),
    Row("before it was stored", (Stored(10, "PUT"),), 5, "PUT", (), False, ""),
    Row("renewed", (PUT, Stored(50, "PUT")), 100, "PUT", (), False, EVERYONE),
    # one entry or many
    Row("two methods in turn", (PUT, Stored(1, "DELETE")), 2, "PUT", (), False, "fetch gecko"),
    Row(
        "two headers in turn",
        (Stored(headers="x-a"), Stored(1, headers="x-b")),
        2,
        "GET",
        ("x-a", "x-b"),
        False,
        "fetch gecko",
    ),
    Row("method and header in turn", (PUT, Stored(1, headers="x-a")), 2, "PUT", ("x-a",), False, "fetch gecko"),
    Row("the latter of two", (PUT, Stored(1, "DELETE")), 2, "DELETE", (), False, EVERYONE),
    Row("each with its own end", (PUT, Stored(50, "DELETE")), 70, "PUT", (), False, ""),
    Row("the other's end", (PUT, Stored(50, "DELETE", lifetime=5)), 57, "PUT", (), False, "fetch gecko"),
    Row("its own end", (PUT, Stored(50, "DELETE", lifetime=5)), 57, "DELETE", (), False, ""),
    Row("in turn, of whatever mode", (NO_A, NO_B), 2, "GET", ("x-a", "x-b"), None, "fetch gecko"),
    Row("in turn, the modes not known", (NO_A, NO_B), 2, "GET", ("x-a", "x-b"), True, "fetch gecko"),
    Row("in turn, one mode known", (OMIT_A, NO_B), 2, "GET", ("x-a", "x-b"), False, "fetch gecko"),
    Row("in turn, one mode known, asked in none", (OMIT_A, NO_B), 2, "GET", ("x-a", "x-b"), None, "fetch gecko"),
    Row("in turn, one for another mode", (OMIT_A, NO_B), 2, "GET", ("x-a", "x-b"), True, ""),
    Row("method and header, one mode known", (PUT, NO_B), 2, "PUT", ("x-b",), False, "fetch gecko"),
    Row("in turn, of two modes", (OMIT_A, INCLUDE_B), 2, "GET", ("x-a", "x-b"), False, "fetch"),
    Row("in turn, of two modes, asked in none", (OMIT_A, INCLUDE_B), 2, "GET", ("x-a", "x-b"), None, "fetch"),
    Row("in turn, of two modes, asked in one", (OMIT_A, INCLUDE_B), 2, "GET", ("x-a", "x-b"), True, ""),
    Row("in turn, one run out", (OMIT_A, NO_B), 62.5, "GET", ("x-a", "x-b"), False, ""),
    Row("replaced by what is not kept", (PUT, Stored(1, "PUT", lifetime=0)), 2, "PUT", (), False, "fetch gecko"),
    # wildcards
    Row("a star for a method", (Stored(methods="*"),), 1, "PUT", (), False, "fetch chromium webkit"),
    Row("a star for a header", (Stored(headers="*"),), 1, "GET", ("x-a",), False, "fetch chromium webkit"),
    Row("a star for Authorization", (Stored(headers="*"),), 1, "GET", ("authorization",), False, "webkit"),
    Row(
        "a star and Authorization", (Stored(headers="* Authorization"),), 1, "GET", ("authorization",), False, EVERYONE
    ),
    Row("a star beside the method", (Stored(methods="* PUT"),), 1, "PUT", (), False, EVERYONE),
    Row("a star, with credentials", (Stored(methods="*", credentialed=True),), 1, "PUT", (), True, ""),
    # credentials
    Row("include for include", (Stored(methods="PUT", credentialed=True),), 1, "PUT", (), True, EVERYONE),
    Row("omit for include", (PUT,), 1, "PUT", (), True, ""),
    Row("include for omit", (Stored(methods="PUT", credentialed=True),), 1, "PUT", (), False, "fetch chromium webkit"),
    Row("omit for nobody knows", (PUT,), 1, "PUT", (), None, EVERYONE),
    Row("nobody knows for include", (Stored(methods="PUT", credentialed=None),), 1, "PUT", (), True, EVERYONE),
    Row("both for include", (PUT, Stored(1, "PUT", credentialed=True)), 2, "PUT", (), True, EVERYONE),
    Row("both for omit", (PUT, Stored(1, "PUT", credentialed=True)), 2, "PUT", (), False, EVERYONE),
)

KEY = (PAGE, url(API))


def fill(cache: BrowserCache, stored: Stored, number: int = 0) -> None:
    """Store one answer."""
    preflight = Answered(f"p{number}", stored.at, stored.at, stored.credentialed)
    granted = Granted(tuple(stored.methods.split()), tuple(stored.headers.split()), stored.lifetime)
    cache.store(KEY, preflight, granted)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_what_serves(row: Row) -> None:
    """Each engine needs a preflight where nothing that it keeps allows the request."""
    served = []
    for name in NAMES:
        cache = BrowserCache(ENGINES[name].cache)
        for number, stored in enumerate(row.stored):
            fill(cache, stored, number)
        asked = Asked(PAGE, row.method, row.headers, bool(row.credentialed))
        if cache.permits(KEY, asked, row.credentialed, row.at):
            served.append(name)
    assert served == row.serves.split()


MODES_KNOWN = [
    row for row in ROWS if row.credentialed is not None and all(each.credentialed is not None for each in row.stored)
]


@pytest.mark.parametrize("row", MODES_KNOWN, ids=str)
def test_what_the_standard_matches(row: Row) -> None:
    """The same without any guess, where the time is the browser's own, and the modes are known."""
    rules = ENGINES["fetch"].cache
    entries: dict[bool | None, Entry] = {}
    for number, stored in enumerate(row.stored):
        granted = Granted(tuple(stored.methods.split()), tuple(stored.headers.split()), stored.lifetime)
        grant = Grant(stored.at + stored.lifetime, stored.at, f"p{number}", None)
        entry = entries.setdefault(stored.credentialed, Entry({}, {}, stored.credentialed, grant, grant.end))
        if stored.lifetime > 0 and stored.at <= row.at:
            add(entry, grant, granted, rules)
    matching = [entry for entry in entries.values() if goes_with(entry, row.credentialed, rules)]
    asked = Asked(PAGE, row.method, row.headers, bool(row.credentialed))
    found = bool(matching) and bool(used_of(matching, asked, row.credentialed, row.at, rules))
    assert found is ("fetch" in row.serves.split())


@pytest.mark.parametrize("name", NAMES)
def test_other_keys_are_not_served(name: str) -> None:
    """Origin and whole URL, its query too, are the key."""
    cache = BrowserCache(ENGINES[name].cache)
    fill(cache, PUT)
    others = [("https://other.test", url(API)), (PAGE, url(f"{API}?q")), (PAGE, url(API.replace("https", "http")))]
    asked = Asked(PAGE, "PUT")
    assert [cache.find(key, asked, False, 1.0) for key in others] == [None] * 3
    assert [cache.knows(key) for key in (KEY, *others)] == [True, False, False, False]


@pytest.mark.parametrize("name", NAMES)
def test_drop_forgets_and_remembers_that(name: str) -> None:
    """Nothing is cached then, and that is known."""
    cache = BrowserCache(ENGINES[name].cache)
    fill(cache, PUT)
    cache.drop(KEY, 0.5)
    assert (cache.find(KEY, Asked(PAGE, "PUT"), False, 1.0), cache.knows(KEY)) == (None, True)


@pytest.mark.parametrize("name", NAMES)
def test_what_was_dropped_served_what_was_under_way(name: str) -> None:
    """Requests in flight together end after the preflights that replaced, one after the other, what they used."""
    cache = BrowserCache(ENGINES[name].cache)
    for number in range(20):
        fill(cache, Stored(at=float(number), methods=f"PUT{number}"), number)
        cache.drop(KEY, number + 0.5)
    found = [cache.find(KEY, Asked(PAGE, f"PUT{number}"), False, number + 0.25) for number in range(20)]
    assert [entry is not None for entry in found] == [False] * (20 - MAX_DROPPED) + [True] * MAX_DROPPED
    late = [cache.find(KEY, Asked(PAGE, "PUT19"), False, at) for at in (18.9, 19.75)]
    assert late == [None, None]


@pytest.mark.parametrize("name", NAMES)
def test_learned_credentials_count(name: str) -> None:
    """An answer whose credentials mode becomes known serves by that mode from then on."""
    cache = BrowserCache(ENGINES[name].cache)
    fill(cache, Stored(methods="PUT", credentialed=None), 7)
    cache.set_credentials(KEY, "p7", credentialed=False, until=0.2)
    assert cache.find(KEY, Asked(PAGE, "PUT", (), True), True, 1.0) is None
    # what began together with the request that told the mode may be what the preflight was sent for
    assert cache.find(KEY, Asked(PAGE, "PUT", (), True), True, 0.1) is not None


@pytest.mark.parametrize("name", NAMES)
def test_keys_are_bounded(name: str) -> None:
    """The least recently used are forgotten first."""
    cache = BrowserCache(ENGINES[name].cache, size=10)
    keys = [(PAGE, url(f"{API}/{number}")) for number in range(30)]
    for key in keys:
        cache.drop(key, 1.0)
        cache.drop(keys[0], 1.0)
    assert [key for key in keys if cache.knows(key)] == [keys[0], *keys[-9:]]


@pytest.mark.parametrize("credentialed", [False, None])
def test_an_entry_is_bounded(credentialed: bool | None) -> None:
    """A server that grants another header name each time (an echo) does not fill the memory."""
    cache = BrowserCache(ENGINES["gecko"].cache)
    for number in range(2000):
        name, at = f"x-{number}", number * 10.0
        cache.store(KEY, Answered(str(number), at, at, credentialed, (name,)), Granted((f"M{number}",), (name,), 1.0))
    entries = cache._entries[KEY]
    sizes = [len(entry.methods) + len(entry.headers) + len(entry.requested) for entry in entries]
    assert len(sizes) <= MAX_ENTRIES
    assert max(sizes) <= 3 * MAX_GRANTS + 3


def test_entries_are_bounded() -> None:
    """Answers that last are kept apart while their credentials mode is not known, the oldest forgotten first."""
    cache = BrowserCache(ENGINES["gecko"].cache)
    for number in range(100):
        fill(cache, Stored(at=number / 10, methods=f"M{number}", credentialed=None), number)
    found = [bool(cache.permits(KEY, Asked(PAGE, f"M{number}"), False, 11.0)) for number in range(100)]
    assert found == [False] * (100 - MAX_ENTRIES) + [True] * MAX_ENTRIES


@pytest.mark.parametrize("name", ["fetch", "gecko"])
def test_every_answer_that_is_used_is_named(name: str) -> None:
    """The one that runs out first comes first; one whose grants are not used is not among them."""
    cache = BrowserCache(ENGINES[name].cache)
    for number, stored in enumerate(
        (
            Stored(headers="x-a", credentialed=None),
            Stored(1, headers="x-b", lifetime=20.0),
            Stored(2, headers="x-c", credentialed=None),
            Stored(3, "PUT", credentialed=None),
        )
    ):
        fill(cache, stored, number)
    used = cache.permits(KEY, Asked(PAGE, "PUT", ("x-a", "x-b")), False, 4.0)
    assert [(grant.flow_id, grant.end) for grant in used] == [("p1", 21.0), ("p0", 60.0), ("p3", 63.0)]


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_ends_for_a_simple_request_too(name: str) -> None:
    """A request with an upload listener asks for nothing by name, yet not for ever."""
    cache = BrowserCache(ENGINES[name].cache)
    fill(cache, PUT)
    assert cache.find(KEY, Asked(PAGE, "POST"), False, 1e6) is None


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_knows_its_latest_answer(name: str) -> None:
    """Its flow, and its end."""
    cache = BrowserCache(ENGINES[name].cache)
    for asked, now in ((1.0, 2.0), (3.0, 7.0)):
        cache.store(KEY, Answered(f"p{asked}", asked, now, credentialed=False), Granted(("PUT",), (), 60.0))
    entry = cache.find(KEY, Asked(PAGE, "PUT"), False, 8.0)
    assert entry is not None
    assert (entry.latest.stored, entry.latest.flow_id) == (7.0, "p3.0")
