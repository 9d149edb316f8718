"""The loop of assumptions: each is said of some case's traffic, by its name, and in words that stand alone."""

from dataclasses import replace

import pytest

from cors_addon.exchange.exposure import exposure_assumption
from cors_addon.exchange.mode_evidence import FONT
from cors_addon.exchange.model import Judgement, PreflightsSeen
from cors_addon.fetch.load import Destination
from cors_addon.reasons.assumptions import Assumption
from cors_addon.recordings import judge
from cors_addon.report.input import Input
from cors_addon.session.session import ALL, Session, judge_replayed
from tests.cases.traffic import PAGE, Run, Sent, allow, cors, metadata, preflight
from tests.test_emitted import of_answers, of_scenarios
from tests.test_har import entry
from tests.test_loads import REQUIRE, last, load, observed, page
from tests.test_tracker import REQUESTS

LATER = 90_000.0
"""Seconds after which no engine may still use a preflight that was not seen."""


def of_requests() -> list[Judgement]:
    """Single requests of every kind."""
    sent = [Sent(id="a", method=each.method, url=each.url, request=each.lines) for each in REQUESTS]
    extension = cors("a", origin="chrome-extension://abc")
    tool = Sent(id="a", request=(("Origin", PAGE),), agent=b"curl/8.14")
    # either credentials mode reaches the verdict, and they differ in why, or in what script may read
    refused = preflight("p", answer=allow(credentials="True", methods="GET"))
    read = ("Access-Control-Expose-Headers", "*"), ("ETag", "x")
    included = cors("a", answer=allow(PAGE, *read, credentials="true"))
    omitted = cors("a", answer=allow(PAGE, *read, credentials="true", headers="*"))
    led = cors("a", site="same-origin")
    electron = Sent(
        id="a",
        request=(("Origin", PAGE),),
        agent=b"Mozilla/5.0 AppleWebKit/537.36 Chrome/150.0.0.0 Electron/40.0.0 Safari/537.36",
    )
    every = (*sent, extension, tool, electron, led, refused, included, omitted)
    font = replace(cors("a", answer=allow("*")).observation(), destination=Destination.FONT)
    seen = [*(each.observation() for each in every), font]
    return [judgement for each in seen for judgement in Run().feed([each]).last.values()]


def of_a_recording_that_may_lack_preflights() -> list[Judgement]:
    """A request that needed one, long after the first."""
    run = Run()
    run.tracker.sees = PreflightsSeen.SOME
    sent = [cors("a", 0.0), cors("b", LATER, "PUT")]
    return list(run.feed([each.observation() for each in sent]).last.values())


def of_pages() -> list[Judgement]:
    """An image that one of two pages of its origin may not have, and does not say which it is of."""
    pages = (page("p", url=f"{PAGE}/plain"), page("i", 0.5, url=f"{PAGE}/isolated", answer=[REQUIRE]))
    return list(last(Session(keep=ALL), *map(observed, (*pages, load("a")))).values())


def of_a_private_network() -> list[Judgement]:
    """Preflights of older Chromium that ask for it, beside something else and alone, without its permission."""
    asks, run = (("Access-Control-Request-Private-Network", "true"),), Run()
    alone = Sent(
        id="b", method="OPTIONS", request=(*cors("b").request, ("Access-Control-Request-Method", "GET"), *asks)
    )
    run.feed([preflight("p", request=asks).observation(), alone.observation()])
    return list(run.finish().last.values())


def of_mitmproxys_own() -> list[Judgement]:
    """A request that it replayed, and one of a probe."""
    sent, session = cors("a", 0.0).observation(), Session()
    probed = judge_replayed(sent, "auto", Assumption.PROBED)
    assert probed is not None
    return [*session.replayed(sent), probed]


def of_the_browsers_cache() -> list[Judgement]:
    """A request that it answered, in a recording."""
    return list(judge.judged_entries([entry(_fromCache="disk")], Input("x.har")))


@pytest.fixture(scope="module")
def emitted() -> set[str]:
    """What is assumed of the traffic of all tables."""
    judgements = [*of_scenarios(), *of_answers(), *of_requests(), *of_a_recording_that_may_lack_preflights()]
    judgements += [*of_a_private_network(), *of_pages(), *of_mitmproxys_own(), *of_the_browsers_cache()]
    read = {exposure_assumption(judgement) for judgement in judgements} - {None}
    return {each for judgement in judgements for each in judgement.assumptions} | {str(each) for each in read}


@pytest.mark.parametrize("assumption", Assumption, ids=lambda assumption: assumption.name)
def test_every_assumption_is_emitted(assumption: Assumption, emitted: set[str]) -> None:
    """By the tracker, for a case's traffic."""
    assert assumption in emitted


@pytest.mark.parametrize("assumption", Assumption, ids=lambda assumption: assumption.name)
def test_the_words_stand_alone(assumption: Assumption) -> None:
    """One line without an end, as it stands in a list of them."""
    assert assumption.strip() == assumption
    assert not assumption.endswith((".", ";"))
    assert "\n" not in assumption
    assert len(assumption) < 200


@pytest.mark.parametrize("dest", ["font", "empty"])
def test_a_font_is_known_by_what_its_request_is_for(dest: str) -> None:
    """On the wire as in recordings: it is fetched without credentials, most likely."""
    sent = cors("a", answer=allow("*"))
    sent = replace(sent, request=(("Origin", PAGE), *metadata(dest=dest)))
    [judgement] = Run().feed([sent.observation("gecko")]).last.values()
    assert (judgement.credentials_evidence == FONT) == (dest == "font")
