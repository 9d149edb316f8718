"""Configuration for a refused request adds to what the server grants already, as its own answers say."""

from dataclasses import replace

import pytest

from cors_addon.exchange.model import Fields, Judgement
from cors_addon.policy.granted import adding, own_answer
from cors_addon.policy.learn import learn
from cors_addon.policy.model import Policy
from cors_addon.policy.write import summary
from tests.helpers import PAGE, actual, fields, observe, preflight

ORIGIN = ("Access-Control-Allow-Origin", PAGE)
COOKIE = ("Access-Control-Allow-Credentials", "true")


def learned(*judgements: Judgement) -> tuple[Policy, list[str]]:
    """What these need, added to what their server grants."""
    (policy,) = learn(judgements).policies
    return adding(policy, judgements)


@pytest.mark.parametrize(
    ("allow", "credentials", "expected"),
    [
        ([], False, "O · methods PUT · request headers x-token"),
        ([("Origin", PAGE), ("Methods", "POST, PATCH")], False, "O · methods POST PATCH PUT · request headers x-token"),
        ([("Origin", "https://b.test")], False, "O https://b.test · methods PUT · request headers x-token"),
        ([("Origin", "https://b.test, x/, <x>")], False, "O https://b.test · methods PUT · request headers x-token"),
        (
            [("Origin", "*"), ("Methods", "*"), ("Headers", "X-A")],
            False,
            "* · methods * PUT · request headers x-a x-token",
        ),
        ([("Origin", "*"), ("Credentials", "true")], False, "* · methods PUT · request headers x-token"),
        ([("Origin", PAGE), ("Credentials", "true")], False, "O · methods PUT · request headers x-token · credentials"),
        ([("Origin", "*"), ("Methods", "*")], True, "O · methods PUT · request headers x-token · credentials"),
        ([("Origin", PAGE), ("Headers", "*")], True, "O · methods PUT · request headers x-token · credentials"),
        ([("Origin", PAGE), ("Methods", "TRACE, put, b d")], False, "O · methods PUT · request headers x-token"),
    ],
)
def test_what_the_server_grants_is_kept(allow: list[tuple[str, str]], credentials: bool, expected: str) -> None:
    """What no policy may name is not, nor `*` where credentials are included."""
    sent = observe(preflight([(f"Access-Control-Allow-{name}", value) for name, value in allow], headers="x-token"))
    (needed,) = learn(sent).policies
    policy, _ = adding(replace(needed, credentials=credentials), sent)
    said = summary(policy).partition(" · origins ")[2].replace(" · preflights: answer", "")
    assert said == expected.replace("O", PAGE, 1)


def test_the_time_that_preflights_are_kept_stays() -> None:
    """As far as it is a number."""
    for value, expected in (("600", 600), ("-1", None), ("x", None)):
        policy, _ = learned(*observe(preflight([ORIGIN, ("Access-Control-Max-Age", value)])))
        assert policy.max_age == expected


def test_what_is_lost_is_told() -> None:
    """A `*` cannot stay where credentials are included."""
    sent = observe(preflight([("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Methods", "*")]))
    (policy,) = learn(sent).policies
    _, notes = adding(replace(policy, credentials=True), sent)
    assert [note.partition("`*`")[2][:14] for note in notes] == [" for methods m", " for origins e"]


OWN: Fields = fields([ORIGIN, ("X-Own", "1"), ("Access-Control-Expose-Headers", "X-Own")])


@pytest.mark.parametrize(("status", "exposed"), [(200, ("x-own",)), (None, ())])
def test_a_rewritten_answer_teaches_nothing_but_what_the_server_said(status: int | None, exposed: object) -> None:
    """A rule of the session exposes all that is there, and allows whatever is asked."""
    (judgement,) = observe(actual([ORIGIN, COOKIE, ("X-Total", "1"), ("Access-Control-Expose-Headers", "X-Total")]))
    judgement.observation = replace(judgement.observation, rewritten=("allow", status, OWN))
    assert own_answer(judgement) == (OWN if status else ())
    policy, _ = learned(judgement)
    assert policy.expose_headers.listed == exposed
    assert not policy.credentials
