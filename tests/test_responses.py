"""What of a response the page's script may read."""

import pytest

from cors_addon.exchange.exposure import exposed_headers, hidden_headers
from cors_addon.fetch.responses import readable_names
from tests.cases.traffic import ALL, PAGE, Lines, Run, Sent, allow, cors, encode

SAFELISTED = "cache-control content-language content-length content-type expires last-modified pragma"

ROWS: tuple[tuple[str, str | None, str, str], ...] = (
    # names in the answer, Access-Control-Expose-Headers, then what is readable without credentials and with them
    (SAFELISTED, None, SAFELISTED, SAFELISTED),
    ("content-type x-a", None, "content-type", "content-type"),
    ("content-type x-a", "", "content-type", "content-type"),
    ("x-a x-b", "x-a", "x-a", "x-a"),
    ("x-a x-b", "X-A, x-B", "x-a x-b", "x-a x-b"),
    ("x-a", "x-a, x-missing", "x-a", "x-a"),
    ("x-a x-b", "*", "x-a x-b", ""),
    ("x-a x-b", "*, x-b", "x-a x-b", "x-b"),
    ("*", "*", "*", "*"),
    ("x-a authorization", "*", "authorization x-a", ""),
    ("set-cookie set-cookie2 x-a", "*", "x-a", ""),
    ("set-cookie x-a", "set-cookie, x-a", "x-a", "x-a"),
    ("x-a x-b", "x-a, x b", "", ""),
    ("x-a expires", "x-a;", "expires", "expires"),
    ("x-a", ",, x-a ,", "x-a", "x-a"),
    ("", "*", "", ""),
)


@pytest.mark.parametrize(("names", "exposed", "omitted", "included"), ROWS)
def test_readable_names(names: str, exposed: str | None, omitted: str, included: str) -> None:
    """https://fetch.spec.whatwg.org/#concept-filtered-response-cors"""
    present = names.split()
    found = [readable_names(present, exposed, credentialed=mode) for mode in (False, True)]
    assert found == [omitted.split(), included.split()]


def judged(sent: Sent, engine: str) -> tuple[list[str], list[str]]:
    """Names that script may read, and may not."""
    judgement = Run().feed([sent.observation(engine)]).last[sent.id]
    return exposed_headers(judgement), hidden_headers(judgement)


@pytest.mark.parametrize("engine", ALL)
@pytest.mark.parametrize(
    ("answer", "request_lines", "exposed", "hidden"),
    [
        (allow("*"), (), "", "access-control-allow-origin"),
        (
            allow("*", ("Content-Type", "a/b"), ("X-A", "1"), ("x-a", "2"), ("X-B", "3")),
            (),
            "content-type",
            "access-control-allow-origin x-a x-b",
        ),
        (
            allow("*", ("X-A", "1"), ("X-B", "2"), ("Access-Control-Expose-Headers", "x-a")),
            (),
            "x-a",
            "access-control-allow-origin access-control-expose-headers x-b",
        ),
        (
            allow(
                "*", ("X-A", "1"), ("X-B", "2"), *[("Access-Control-Expose-Headers", name) for name in ("X-A", "X-B")]
            ),
            (),
            "x-a x-b",
            "access-control-allow-origin access-control-expose-headers",
        ),
        (
            allow("*", ("X-A", "1"), ("Access-Control-Expose-Headers", "*")),
            (),
            "access-control-allow-origin access-control-expose-headers x-a",
            "",
        ),
        (
            allow(PAGE, ("X-A", "1"), ("Access-Control-Expose-Headers", "*"), credentials="true"),
            (("Cookie", "a=1"),),
            "",
            "access-control-allow-credentials access-control-allow-origin access-control-expose-headers x-a",
        ),
        ((("X-A", "1"), ("Access-Control-Expose-Headers", "*")), (), "", ""),
    ],
)
def test_exposed_and_hidden(answer: Lines, request_lines: Lines, exposed: str, hidden: str, engine: str) -> None:
    """Together they are all names of an allowed response; of a refused one script reads nothing."""
    assert judged(cors("a", answer=answer, request=request_lines), engine) == (exposed.split(), hidden.split())


@pytest.mark.parametrize("engine", ALL)
@pytest.mark.parametrize(
    ("stored", "update", "expected"),
    [
        ("x-a", None, ["x-a"]),
        ("x-a", "x-b", ["x-b"]),
        ("x-a", "x-a, x-b", ["x-a", "x-b"]),
        (None, "x-b", ["x-b"]),
        ("x-a", "", []),
    ],
)
def test_a_304_changes_what_is_exposed(
    stored: str | None, update: str | None, expected: list[str], engine: str
) -> None:
    """Its headers replace the stored ones of the same name, the others stay."""

    def exposing(value: str | None) -> Lines:
        return () if value is None else (("Access-Control-Expose-Headers", value),)

    first = cors("a", answer=allow("*", ("ETag", "x"), ("X-A", "1"), ("X-B", "2"), *exposing(stored)))
    again = cors("b", 1.0, status=304, request=(("If-None-Match", "x"),), answer=exposing(update))
    run = Run().feed(sent.observation(engine) for sent in (first, again))
    assert exposed_headers(run.last["b"]) == expected


@pytest.mark.parametrize("engine", ALL)
def test_odd_names(engine: str) -> None:
    """Names that are no tokens, not even ASCII, are names all the same."""
    answer = allow("*", ("Access-Control-Expose-Headers", "*"))
    odd = Sent(id="a", request=(("Origin", PAGE),), answer=(*answer, (b"X\xe9 :", b"\x01"), (b"", b"")))
    exposed, hidden = judged(odd, engine)
    assert set(exposed) >= {encode("x\xe9 :").decode("latin-1"), ""}
    assert hidden == []
