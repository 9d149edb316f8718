"""The session: wherever its traffic comes from, it is judged, audited, settled and kept in one way."""

import pytest

from cors_addon.audit.auditor import Auditor
from cors_addon.exchange.model import PreflightState, Role, Verdict
from cors_addon.exchange.timing import PATIENCE, SETTLE_EVERY
from cors_addon.policy.suffixes import registrable_domain
from cors_addon.reasons.assumptions import Assumption
from cors_addon.reasons.finding import FindingName
from cors_addon.session.session import ALL, Session, judge_one
from tests.cases.findings import GAMES, NEWS, asked
from tests.cases.traffic import ALLOW, START, allow, cors, preflight

NULL = (("Access-Control-Allow-Origin", "null"), ("Access-Control-Allow-Credentials", "true"))
"""Shows a finding."""
CONTRADICTED = (preflight("p", answer=()), cors("a", 0.1, "PUT"))
"""The request was sent although its preflight was refused: a revision of the preflight."""


def test_each_judgement_is_audited() -> None:
    """Of what was observed, of what was told, of a replay."""
    session = Session()
    seen = cors("a", answer=NULL).observation()
    [judgement] = session.observe(seen)
    [replay] = session.replayed(cors("b", answer=NULL).observation())
    judgement.findings = ()
    [told] = session.told([judgement])
    for each in (replay, told):
        assert [finding.name for finding in each.findings] == [FindingName.NULL_ORIGIN_WITH_CREDENTIALS]


def test_sessions_may_share_an_auditor() -> None:
    """What takes several exchanges shows, whichever file each is in."""
    first, second = (asked(origin, origin).observation() for origin in (NEWS, GAMES))
    auditor = Auditor(registrable_domain)
    Session(auditor=auditor).observe(first)
    [judgement] = Session(auditor=auditor).observe(second)
    assert judgement.findings
    Session().observe(first)
    [alone] = Session().observe(second)
    assert not alone.findings


def test_notes_are_for_the_flow_itself() -> None:
    """What it revises was assumed of nothing; nor is what CORS says nothing of noted anywhere."""
    session = Session()
    preflighted, sent = (each.observation() for each in CONTRADICTED)
    [first] = session.observe(preflighted, ("said in the file",))
    judgement, revised = session.observe(sent, ("a guess",))
    assert first.assumptions == ("said in the file",)
    assert revised is first
    assert "a guess" in judgement.assumptions
    assert "a guess" not in revised.assumptions


@pytest.mark.parametrize("wait", [PATIENCE - 1, PATIENCE + SETTLE_EVERY])
def test_another_clients_clock_settles(wait: float) -> None:
    """What nothing followed is given up when any traffic shows that its time has passed."""
    session = Session(keep=ALL)
    session.observe(preflight("p", answer=allow("*", methods="PUT")).observation())
    found = session.observe(cors("other", wait, client="198.51.100.1").observation())
    revised = [(each.observation.flow_id, each.revision) for each in found if each.observation.flow_id == "p"]
    assert revised == ([("p", 2)] if wait > PATIENCE else [])
    assert session.last["p"].verdict is (Verdict.DENY if wait > PATIENCE else Verdict.ALLOW)


def test_what_is_told_anyway_is_not_told_twice() -> None:
    """Its cached answer permitted more than was told, and has run out; at the same moment its time has passed."""
    session = Session(keep=ALL)
    answer = allow("*", methods="PUT, DELETE", max_age="50")
    session.observe(preflight("p", answer=answer).observation())
    for number in range(1, 4):
        session.observe(cors(f"a{number}", float(number), "DELETE", answer=allow("*")).observation())
    told = session.last["p"].revision
    found = session.observe(cors("other", 2 * PATIENCE, client="198.51.100.1").observation())
    assert [each.revision for each in found if each.observation.flow_id == "p"] == [told + 1]
    assert session.last["p"].verdict is Verdict.DENY
    assert session.last["p"].permitted == 3


def test_the_end_settles() -> None:
    """The same where the traffic ends; and once."""
    session = Session()
    session.observe(preflight("p", answer=allow("*", methods="PUT")).observation())
    assert [each.verdict for each in session.finish()] == [Verdict.DENY]
    assert session.finish() == session.settle(START + 1e9) == []


def test_the_last_revision_is_kept() -> None:
    """In the order of the flows, as many as were asked for, the oldest forgotten first."""
    session = Session(keep=ALL)
    for sent in CONTRADICTED:
        session.observe(sent.observation())
    assert [(name, each.revision) for name, each in session.last.items()] == [("p", 2), ("a", 1)]
    few = Session(keep=2)
    for number in range(5):
        few.observe(cors(f"{number}", number).observation())
    assert list(few.last) == ["3", "4"]
    none = Session()
    none.observe(cors("a").observation())
    assert not none.last


def test_another_engine_begins_anew() -> None:
    """What it knew of its clients is gone, and what was left to say of them is said."""
    session = Session(engine="chromium")
    session.observe(preflight("p", answer=allow("*", methods="PUT")).observation())
    left = session.change_engine("gecko")
    assert [(each.observation.flow_id, each.engine.name, each.revision) for each in left] == [("p", "chromium", 2)]
    [judgement] = session.observe(cors("a", 1, "PUT").observation())
    assert (judgement.engine.name, judgement.preflight) == ("gecko", PreflightState.UNSEEN)


def test_a_stored_answer_serves_a_later_request() -> None:
    """An image without CORS, revalidated by a script: the answer stored then is judged."""
    validator = ("ETag", '"1"')
    plain = cors("image", answer=[validator]).observation()
    plain.request = tuple(line for line in plain.request if line[0] not in (b"Origin", b"Sec-Fetch-Mode"))
    again = cors("again", 1, status=304, request=[("If-None-Match", '"1"')], answer=[validator, *ALLOW]).observation()
    session = Session()
    session.note_answer(plain)
    [judgement] = session.observe(again)
    assert judgement.stored is not None
    [without] = Session().observe(again)
    assert without.stored is None


def test_one_with_the_rest_of_its_fetch() -> None:
    """In whatever order they are given; the rest is context, and not what is asked for."""
    asked, sent = (each.observation() for each in (preflight("p"), cors("a", 0.1, "PUT")))
    alone = judge_one(sent, (), "auto")
    together = judge_one(sent, [sent, asked], "auto")
    assert alone is not None
    assert together is not None
    assert alone.preflight is PreflightState.UNSEEN
    assert (together.preflight, together.paired_with) == (PreflightState.SENT, ("p",))


def test_a_replay_teaches_nothing() -> None:
    """No browser judges it, and nothing of it is kept for what a browser sends."""
    session = Session(keep=ALL)
    [replay] = session.replayed(preflight("p").observation())
    assert (replay.role, replay.verdict) == (Role.NON_BROWSER, Verdict.NOT_CORS)
    assert replay.hypothetical is not None
    assert replay.hypothetical.verdict is Verdict.ALLOW
    assert replay.assumptions[0] is Assumption.REPLAYED
    [sent] = session.observe(cors("a", 0.1, "PUT").observation())
    assert sent.preflight is PreflightState.UNSEEN
