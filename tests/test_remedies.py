"""What is to be changed, and by whom: the first remedy of each kind, and what holds for all."""

import pytest

from cors_addon.exchange.model import Judgement
from cors_addon.remedies.near import closest, distance, fault_of_origin, misspelt
from cors_addon.remedies.value import Remedy, Who
from cors_addon.report import remedied
from cors_addon.report.situation import told_of
from tests.cases.remedies import ROWS, Row
from tests.helpers import PAGE, observe


def refused(row: Row) -> Judgement:
    """The exchange that the row is about."""
    return observe(*row.flows)[-1]


def text(remedy: Remedy, status: int | None) -> str:
    """All that is told of it, on one line."""
    return " ".join(
        [remedied.headline(remedy), *(line for _, line in remedied.change_lines(remedy, status)), remedy.why]
    )


@pytest.mark.parametrize("row", ROWS, ids=[row.title for row in ROWS])
def test_the_first_remedy(row: Row) -> None:
    """It is for whom it helps to ask, and says what to do."""
    judgement = refused(row)
    _, remedies = told_of(judgement)
    status = judgement.observation.status
    assert remedies[0].who is row.who
    assert row.words.lower() in text(remedies[0], status).lower()
    for each in remedies:
        assert not row.never or row.never not in text(each, status)
        assert each.what


def test_what_is_allowed_needs_none() -> None:
    """Nothing is to be changed, and nothing failed."""
    row = Row("", [ROWS[0].flows[0]], Who.PAGE, "")
    judgement = refused(row).altered(verdict="allow", refusal=None)
    assert told_of(judgement) == (None, ())


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("Access-Control-Allow-Origins", "Access-Control-Allow-Origin"),
        ("Acess-Control-Allow-Origin", "Access-Control-Allow-Origin"),
        ("Access_Control_Allow_Headers", "Access-Control-Allow-Headers"),
        ("X-Access-Control-Allow-Methods", "Access-Control-Allow-Methods"),
        ("Allow-Origin", "Access-Control-Allow-Origin"),
        ("Access-Control-Origin", "Access-Control-Allow-Origin"),
        ("Access-Control-Allow-Origin", None),
        ("Access-Control-Request-Method", None),
        ("Timing-Allow-Origin", None),
        ("Content-Type", None),
        ("X-Frame-Options", None),
        ("Allow", None),
    ],
)
def test_misspelt_names(name: str, wanted: str | None) -> None:
    """Near misses are found, and what is right or something else is not."""
    assert misspelt(name) == wanted


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (f"{PAGE}/", "slash"),
        (PAGE.upper(), "case"),
        (f'"{PAGE}"', "quotes"),
        (PAGE.replace("https", "http"), "scheme"),
        (f"{PAGE}:8443", "port"),
        (f"{PAGE}:443", "leave out"),
        (PAGE.removeprefix("https://"), "lacks the scheme"),
        ("https://*.example.test", "no patterns"),
        ("${ORIGIN}", "variable"),
        ("", "empty"),
        (f"{PAGE} https://b.test", "2 origins"),
        (PAGE.replace("app.", "www.app."), "www."),
        ("https://elsewhere.test", ""),
        ("*", ""),
    ],
)
def test_values_that_are_nearly_right(value: str, words: str) -> None:
    """The fault is named; another origin is none."""
    fault = fault_of_origin(value, PAGE)
    assert (fault is None) if not words else (fault is not None and words in fault)


def test_distance_counts_a_swap_once() -> None:
    """And gives up beyond its limit."""
    assert distance("allow-orgiin", "allow-origin", 3) == 1
    assert distance("abc", "abcdefgh", 2) == 3
    assert closest("authorisation", ["authorization", "accept"]) == "authorization"
    assert closest("accept", ["accept"]) is None
