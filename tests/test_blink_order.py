"""blink_order against what Chromium 156 did: tests/cases/blink_header_order.json.

`orders` are requests that were sent: the names that the page set, in its order (the type of a body last), and the order
in which these, the client hints and User-Agent came on the wire. None of them bears Cache-Control, Pragma or Range,
which the network service moves. `reports` are refused preflights, with the name in Chromium's corsErrorStatus. Both
were drawn at random from some 20 000 fetches and XMLHttpRequests of pages and workers, some after a redirect.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from cors_addon.engines.blink_order import HINTS, USER_AGENT, first_reported, map_order, reportable


def cases(kind: str) -> list[dict[str, Any]]:
    """The cases of a kind; in the file their lists are joined by commas."""
    table = json.loads(
        Path(__file__).with_name("cases").joinpath("blink_header_order.json").read_text(encoding="utf-8")
    )
    lists = ("page", "wire", "requested", "refused")
    return [{key: value.split(",") if key in lists else value for key, value in case.items()} for case in table[kind]]


ORDERS = cases("orders")
REPORTS = cases("reports")


def put_in(case: dict[str, Any]) -> list[str]:
    """The names of a case's request in the order in which Blink puts them into its map."""
    page: Iterable[str] = sorted(case["page"]) if case["api"] == "fetch" else map_order(case["page"])
    return [*page, *(HINTS if case["hints"] else ()), USER_AGENT]


def is_as_assumed(case: dict[str, Any]) -> bool:
    """Whether nothing of the case's request is other than `first_reported` takes for likeliest."""
    typed = case["method"] not in ("GET", "HEAD") or "content-type" in case["requested"]
    return (
        case["api"] == "fetch"
        and case["hints"] == case["secure"]
        and set(case["page"]) == {*case["requested"], *(["content-type"] if typed else [])}
    )


@pytest.mark.parametrize("case", ORDERS)
def test_the_order_is_that_of_the_wire(case: dict[str, Any]) -> None:
    """Every request's header names came in the order of the map."""
    assert case["wire"] == map_order(put_in(case))


@pytest.mark.parametrize("case", REPORTS)
def test_the_first_refused_is_reported(case: dict[str, Any]) -> None:
    """Where all that the page set is known, so is what Chromium reports."""
    assert case["reported"] == next(name for name in map_order(put_in(case)) if name in case["refused"])


@pytest.mark.parametrize("case", [case for case in REPORTS if is_as_assumed(case)])
def test_a_preflight_alone_tells_where_nothing_unlikely_is_hidden(case: dict[str, Any]) -> None:
    """A fetch of a page, with a body unless it is a GET or HEAD: the preflight is enough."""
    foretold = first_reported(case["requested"], case["refused"], secure=case["secure"], method=case["method"])
    assert case["reported"] == foretold


def test_reportable_names_what_was_reported() -> None:
    """From the preflight alone: nearly always among the reportable ones, and they are few."""
    found = [
        (case["reported"], reportable(case["requested"], case["refused"], secure=case["secure"], method=case["method"]))
        for case in REPORTS
    ]
    assert [reported for reported, names in found if len(names) == 1 and reported != names[0]] == []
    assert len([reported for reported, names in found if reported not in names]) <= 0.01 * len(found)
    assert sum(len(names) for _, names in found) < 1.5 * len(found)


def test_unseen_names_are_part_of_the_request() -> None:
    """What the page is known to have set besides moves the others, as it does in Blink."""
    told = [
        case
        for case in REPORTS
        if case["api"] == "fetch" and case["hints"] == case["secure"] and "content-type" in case["page"]
    ]
    assert len(told) > 50
    for case in told:
        assert case["reported"] == first_reported(
            case["requested"], case["refused"], secure=case["secure"], method=case["method"], unseen=case["page"]
        )


@pytest.mark.parametrize("secure", [True, False])
@pytest.mark.parametrize(
    ("requested", "reported"),
    [("x-a,x-b,x-c,x-d", "x-d"), ("authorization,x-custom", "x-custom"), ("authorization", "authorization")],
)
def test_neither_the_alphabet_nor_the_page_decides(requested: str, reported: str, secure: bool) -> None:
    """The cases by which it was found."""
    names = requested.split(",")
    assert reported == first_reported(names, names, secure=secure)
    assert reported == first_reported(names[::-1], set(names), secure=secure)


def test_case_does_not_matter() -> None:
    """A map holds one spelling of a name, the first, in the place of all."""
    assert map_order(["X-Custom", "Authorization", "x-custom"]) == ["X-Custom", "Authorization"]


def test_an_empty_map() -> None:
    """No names, no order."""
    assert map_order([]) == []
