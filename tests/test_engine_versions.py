"""An engine's versions: what earlier ones did otherwise, each row measured in real ones, and how they are asked for."""

import pickle
from typing import NamedTuple

import pytest

import cors_addon
from cors_addon.engines import ALL, ENGINES, Choices, named, of_version
from cors_addon.exchange.model import Judgement
from cors_addon.report import explanation
from cors_addon.report.console import console_message
from cors_addon.session.session import ALL as EVERY
from cors_addon.session.session import Session
from tests.cases.traffic import AGENTS, Lines, Sent, allow, cors, preflight


def judged(*sent: Sent, engine: str = "auto") -> dict[str, Judgement]:
    """The last word on each."""
    session = Session(engine=engine, keep=EVERY)
    for each in sent:
        session.observe(each.observation())
    return dict(session.last)


def agent(version: int) -> bytes:
    """A Chromium's."""
    return AGENTS["chromium"].replace(b"Chrome/156", f"Chrome/{version}".encode())


class Row(NamedTuple):
    """What QtWebEngine's Chromium made of a preflight for `patch`, in lower case."""

    version: int
    methods: str
    verdict: str


PATCH = (
    Row(102, "PATCH", "allow"),
    Row(102, "patch", "deny"),
    Row(108, "PATCH", "allow"),
    Row(108, "patch", "deny"),
    Row(112, "PATCH", "deny"),
    Row(112, "patch", "allow"),
    Row(118, "PATCH", "deny"),
    Row(118, "patch", "allow"),
    Row(134, "PATCH", "deny"),
    Row(134, "patch", "allow"),
    Row(102, "*", "allow"),
    Row(102, "GET", "deny"),
)


@pytest.mark.parametrize("row", PATCH)
@pytest.mark.parametrize("told", ["by its User-Agent", "by the user"])
def test_a_method_in_lower_case(row: Row, told: str) -> None:
    """Up to 108 it was compared in capitals, though sent as it is."""
    by_itself = told == "by its User-Agent"
    sent = preflight(
        "p", method="patch", answer=allow(methods=row.methods), agent=agent(row.version if by_itself else 156)
    )
    found = judged(sent, engine="auto" if by_itself else f"chromium@{row.version}")["p"]
    assert found.verdict == row.verdict
    assert found.engine.name == "chromium"
    assert found.refusal is None or found.refusal.detail == "patch"


@pytest.mark.parametrize("name", ["downlink", "ect", "rtt"])
@pytest.mark.parametrize(("version", "safelisted"), [(102, False), (108, False), (112, True), (134, True)])
def test_hints_that_a_script_sets(name: str, version: int, safelisted: bool) -> None:
    """Three of them have been safelisted since 109."""
    assert (name in named(f"chromium@{version}").rules.safelist) is safelisted


ADVICE = "set the request's mode to 'no-cors' to fetch the resource with CORS disabled."


@pytest.mark.parametrize(
    ("version", "answer", "end"),
    [
        (102, (), f"on the requested resource. If an opaque response serves your needs, {ADVICE}"),
        (134, (), f"on the requested resource. If an opaque response serves your needs, {ADVICE}"),
        (137, (), "on the requested resource."),
        (138, (), "on the requested resource."),
        (156, (), "on the requested resource."),
        (
            134,
            allow("null"),
            "Have the server send the header with a valid value, or, if an opaque response serves your needs, "
            + ADVICE,
        ),
        (156, allow("null"), "Have the server send the header with a valid value."),
    ],
)
def test_the_console_of_a_version(version: int, answer: Lines, end: str) -> None:
    """The advice on no-cors came away."""
    message = console_message(judged(cors("a", answer=answer, agent=agent(version)))["a"])
    assert message is not None
    assert message.endswith(f" {end}")


@pytest.mark.parametrize(
    ("version", "shown"), [(103, "b\xfccher"), (131, "b\xfccher"), (132, r"b\u00FCcher"), (156, r"b\u00FCcher")]
)
def test_the_consoles_other_characters(version: int, shown: str) -> None:
    """What is not ASCII in a header's value is escaped since 132."""
    answer = allow("https://b\xfccher.test")
    message = console_message(judged(cors("a", answer=answer, agent=agent(version)))["a"])
    assert message is not None
    assert f"'https://{shown}.test'" in message


def test_the_preflight_cache_before_76() -> None:
    """Ten minutes."""
    answer = allow(methods="PUT", max_age="86400")
    for version, seconds in ((75, 600), (76, 7200)):
        assert judged(preflight("p", answer=answer, agent=agent(version)))["p"].cache_lifetime == seconds


def test_the_users_word_outranks_the_clients_version() -> None:
    """Without a version, the client's own is judged by."""
    sent = preflight("p", method="patch", answer=allow(methods="PATCH"), agent=agent(102))
    assert judged(sent, engine="chromium")["p"].verdict == "allow"
    newest = judged(sent, engine="chromium@156")["p"]
    assert newest.verdict == "deny"
    assert explanation.explain(newest).splitlines()[0].endswith("Chromium 156")


@pytest.mark.parametrize("name", ["chromium@109", "gecko@128", "webkit@18", "jsdom@26", "happy-dom@20"])
def test_one_value_for_each_version(name: str) -> None:
    """Also out of a pickle."""
    engine = named(name)
    assert engine is named(name) is pickle.loads(pickle.dumps(engine))
    assert (engine.full_name, engine.version) == (name, int(name.partition("@")[2]))
    assert repr(engine) == f"<engine {name}>"


def test_what_is_as_today_is_the_engine_itself() -> None:
    """And so is a client that does not tell its version."""
    for engine in ALL.values():
        assert of_version(engine, 0) is engine is of_version(engine, 10_000)


def test_names() -> None:
    """A browser's stands for its engine's."""
    assert [named(name).full_name for name in ("firefox@128", "safari@18", "chrome@109", "firefox")] == [
        "gecko@128",
        "webkit@18",
        "chromium@109",
        "gecko",
    ]
    choices = Choices(("auto", *ENGINES))
    assert {"auto", "chromium", "chromium@109", "firefox@128"} <= {name for name in CANDIDATES if name in choices}
    assert not {name for name in CANDIDATES[4:] if name in choices}


CANDIDATES = (
    *("auto", "chromium", "chromium@109", "firefox@128"),
    *("auto@1", "chromium@", "chromium@x", "chromium@0", "chromium@109.1", "fetch@1", "trident@7", "jsdom@29", ""),
)


def test_the_library_takes_a_version() -> None:
    """As the option and the command do."""
    assert list(cors_addon.judge([], engine="chromium@109")) == []
    with pytest.raises(ValueError, match="chromium@x"):
        cors_addon.judge([], engine="chromium@x")


def test_every_older_version_has_its_source() -> None:
    """And they are in order."""
    for engine in ALL.values():
        before = [older.before for older in engine.older]
        assert before == sorted(before)
        assert all(older.source for older in engine.older)
