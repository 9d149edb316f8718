"""The CORS check, the preflight's check and a redirect's, step by step and in the order of each engine."""

from typing import Any

import pytest

from cors_addon.engines import ENGINES
from cors_addon.fetch.checks import REDIRECT_STATUSES, Answer, Asked
from cors_addon.fetch.headers import cors_lines
from cors_addon.fetch.origins import parse_url, resolve
from cors_addon.fetch.refusals import Reason, Refusal, Stage
from tests.cases.answers import ACTUAL, ORIGIN, PREFLIGHT, REDIRECT, Row, Wanted
from tests.cases.traffic import API, fields

ENGINE_NAMES = tuple(ENGINES)


def answer(row: Row, *, http2: bool) -> Answer:
    """What the server says."""
    lines = cors_lines(fields(row.answer))
    base = parse_url(API)
    assert base is not None
    redirects = row.status in REDIRECT_STATUSES and lines.location
    target = resolve(lines.location[0], base) if redirects else None
    return Answer(row.status, lines, http2, target, row.redirects)


def found(stage: Stage, row: Row) -> dict[str, Any]:
    """What each engine makes of it, over HTTP/1.1 and HTTP/2."""
    asked = Asked(row.origin, row.method, row.headers, row.credentialed)
    checked = {
        (name, http2): engine.rules.check(stage, asked, answer(row, http2=http2))
        for name, engine in ENGINES.items()
        for http2 in (False, True)
    }
    return {
        f"{name}{' over HTTP/2' * http2}": (refusal.reason, refusal.detail) if refusal else None
        for (name, http2), refusal in checked.items()
    }


def expected(row: Row) -> dict[str, Wanted]:
    """What each is to make of it: a row names those that differ from the rest, and HTTP/2 where that differs."""
    wanted: dict[str, Wanted] = {}
    for name in ENGINE_NAMES:
        wanted[name] = row.but.get(name, row.all)
        wanted[f"{name} over HTTP/2"] = row.but.get(f"{name} over HTTP/2", wanted[name])
    assert row.but.keys() <= wanted.keys()
    return wanted


@pytest.mark.parametrize("row", ACTUAL, ids=str)
def test_cors_check(row: Row) -> None:
    """https://fetch.spec.whatwg.org/#concept-cors-check"""
    assert found(Stage.ACTUAL, row) == expected(row)


@pytest.mark.parametrize("row", ACTUAL, ids=str)
def test_the_cors_check_comes_first_at_every_stage(row: Row) -> None:
    """What it refuses is refused of a preflight and of a redirect for the same reason, where all else is well."""
    good = (("Access-Control-Allow-Methods", "PUT"),)
    of_preflight = row._replace(status=200, answer=(*row.answer, *good), method="PUT")
    of_redirect = row._replace(status=302, answer=(*row.answer, ("Location", "/x")))
    assert found(Stage.PREFLIGHT, of_preflight) == expected(row)
    assert found(Stage.REDIRECT, of_redirect) == expected(row)


@pytest.mark.parametrize("row", PREFLIGHT, ids=str)
def test_preflight_check(row: Row) -> None:
    """https://fetch.spec.whatwg.org/#cors-preflight-fetch-0"""
    assert found(Stage.PREFLIGHT, row) == expected(row)


@pytest.mark.parametrize("row", REDIRECT, ids=str)
def test_redirect_check(row: Row) -> None:
    """https://fetch.spec.whatwg.org/#http-redirect-fetch"""
    assert found(Stage.REDIRECT, row) == expected(row)


@pytest.mark.parametrize("status", range(100, 600, 7))
def test_any_status_is_fine_for_an_actual_response(status: int) -> None:
    """Only a preflight's must be ok."""
    row = Row("", (("Access-Control-Allow-Origin", ORIGIN),), status=status)
    assert found(Stage.ACTUAL, row) == expected(row)


def test_only_200_to_299_are_ok_for_a_preflight() -> None:
    """https://fetch.spec.whatwg.org/#ok-status"""
    lines = cors_lines(fields((("Access-Control-Allow-Origin", ORIGIN),)))
    asked = Asked(ORIGIN)
    for engine in ENGINES.values():
        refused = {
            status: refusal
            for status in range(600)
            if (refusal := engine.rules.check(Stage.PREFLIGHT, asked, Answer(status, lines)))
        }
        not_ok = set(range(600)) - set(range(200, 300))
        assert refused == dict.fromkeys(sorted(not_ok), Refusal(Reason.STATUS_NOT_OK, Stage.PREFLIGHT))
