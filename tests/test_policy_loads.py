"""Policies about what pages embed: Cross-Origin-Resource-Policy and Cross-Origin-Embedder-Policy, tried and learned."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from mitmproxy import http
from mitmproxy.io import FlowWriter

from cors_addon.cli.main import main
from cors_addon.fetch.embedder_policy import EmbedderPolicy
from cors_addon.fetch.resource_policy import ResourcePolicy
from cors_addon.policy.model import OpenerPolicy, Policy
from cors_addon.policy.rewrite import Rewriter, asking
from tests.helpers import CHROMIUM, FIREFOX, PAGE, WEBKIT, Lines, flow, proxy

CDN = "https://cdn.third.test"
ISOLATED = "policies:\n  - name: isolated\n    mode: shadow\n    filter: ~d app.example.test\n    coep: {}\n"
OPEN = ("Cross-Origin-Resource-Policy", "cross-origin")


def page(at: float = 0.0, *answer: tuple[str, str], path: str = "/", dest: str = "document") -> http.HTTPFlow:
    """A document."""
    site = "none" if dest == "document" else "same-origin"
    asked = [
        ("Sec-Fetch-Site", site),
        ("Sec-Fetch-Mode", "navigate"),
        ("Sec-Fetch-Dest", dest),
        ("Accept", "text/html"),
    ]
    if dest != "document":
        asked.append(("Referer", f"{PAGE}/"))
    body = b"<!doctype html>"
    return flow(url=PAGE + path, request=asked, response=[("Content-Type", "text/html"), *answer], at=at, body=body)


def image(at: float, *answer: tuple[str, str], path: str = "/a.png", host: str = CDN) -> http.HTTPFlow:
    """A picture that the page shows."""
    site = "same-site" if host.endswith(".example.test") else "cross-site"
    asked = [("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "image")]
    given = [("Content-Type", "image/png"), *answer]
    body = b"\x89PNG\r\n\x1a\n"
    return flow(url=host + path, request=[*asked, ("Referer", f"{PAGE}/")], response=given, at=at, body=body)


def fetched(at: float, *answer: tuple[str, str]) -> http.HTTPFlow:
    """What its script reads by CORS."""
    asked = [
        ("Origin", PAGE),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Mode", "cors"),
        ("Sec-Fetch-Dest", "empty"),
    ]
    given = [("Access-Control-Allow-Origin", "*"), *answer]
    return flow(url=f"{CDN}/data", request=[*asked, ("Referer", f"{PAGE}/")], response=given, at=at)


def write(path: Path, flows: Sequence[http.HTTPFlow]) -> str:
    """A dump of them."""
    with path.open("wb") as file:
        writer = FlowWriter(file)
        for each in flows:
            writer.add(each)
    return str(path)


TRAFFIC = [page(), image(1), image(2, OPEN, path="/open.png"), page(3, path="/frame", dest="iframe"), fetched(4)]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (
            "require-corp",
            [
                "isolated: 1 of 3 exchanges: newly fails",
                f"        GET {CDN}/a.png  coep: no Cross-Origin-Resource-Policy",
            ],
        ),
        ("credentialless", ["No verdict changes (3 exchanges tried)."]),
        ("unsafe-none", ["No verdict changes (3 exchanges tried)."]),
    ],
)
def test_what_would_break_under_an_embedder_policy(
    value: str, told: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a recording; the frame gets the policy, too, and what CORS let pass needs nothing more."""
    policy, dump = tmp_path / "p.yaml", write(tmp_path / "traffic.mitm", TRAFFIC)
    policy.write_text(ISOLATED.format(value))
    assert main(["check", dump, "--policy", str(policy)]) == 0
    out = capsys.readouterr().out
    assert [line for line in told if line not in out.splitlines()] == []
    assert "open.png" not in out
    assert main(["check", dump, "--policy", str(policy), "--fail-on", "change"]) == (1 if len(told) > 1 else 0)


def test_a_frame_elsewhere_needs_the_policy_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the filter is for one path alone, it has none."""
    policy = tmp_path / "p.yaml"
    policy.write_text(ISOLATED.format("credentialless").replace("~d app.example.test", "~u test/$"))
    assert main(["check", write(tmp_path / "traffic.mitm", TRAFFIC), "--policy", str(policy)]) == 0
    out = capsys.readouterr().out
    assert f"GET {PAGE}/frame  coep: no Cross-Origin-Embedder-Policy" in out
    assert "a.png" not in out


@pytest.mark.parametrize(
    ("corp", "fails"), [("same-origin", {"/a.png", "/b.png"}), ("same-site", {"/a.png"}), ("cross-origin", set())]
)
def test_what_would_break_under_a_resource_policy(
    corp: str, fails: set[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the servers that would send it; a page and what it reads by CORS are asked nothing."""
    policy = tmp_path / "p.yaml"
    policy.write_text(f"policies:\n  - name: mine\n    corp: {corp}\n")
    more = image(5, path="/b.png", host="https://img.example.test")
    main(["check", write(tmp_path / "traffic.mitm", [page(), image(1), fetched(2), more]), "--policy", str(policy)])
    out = capsys.readouterr().out
    assert {path for path in ("/a.png", "/b.png", "/data") if f"{path}  corp: " in out} == fails


def test_a_resource_policy_mends_what_a_page_demands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is blocked as it is newly passes."""
    policy = tmp_path / "p.yaml"
    policy.write_text("policies:\n  - name: open\n    filter: ~d cdn\n    corp: cross-origin\n")
    traffic = [page(0, ("Cross-Origin-Embedder-Policy", "require-corp")), image(1)]
    main(["check", write(tmp_path / "traffic.mitm", traffic), "--policy", str(policy)])
    out = capsys.readouterr().out
    assert "open: 1 of 1 exchanges: newly passes" in out
    assert f"GET {CDN}/a.png  coep: no Cross-Origin-Resource-Policy" in out


def test_live_traffic_is_told_of_the_shadow(tmp_path: Path) -> None:
    """Nothing is changed; the line says what would stop it, and a mode that is set later counts, too."""
    file, lines = tmp_path / "p.yaml", tmp_path / "lines.jsonl"
    file.write_text(ISOLATED.format("require-corp"))
    with proxy(cors_policy=str(file), cors_jsonl=str(lines)) as running:
        flows = [page(), image(1), image(2, OPEN)]
        running.pass_through(*flows)
        assert [each.comment for each in flows] == ["", "✗ under isolated", ""]
        assert flows[1].metadata["cors.flips"] == "isolated"
        assert flows[1].metadata["cors.verdict"] == "not-cors"
        running.command("cors.policy.mode", "isolated", "off")
        off = image(3)
        running.pass_through(off)
        assert off.comment == ""
    text = lines.read_text().splitlines()
    assert len(text) == 1
    assert (
        '"shadow":[{"policy":"isolated","verdict":"not-cors","reason":null,"blocked_by":"coep","blocked_detail":null}]'
        in text[0].replace(": ", ":").replace(", ", ",")
    )


def test_a_rewrite_sets_them_and_is_judged() -> None:
    """As the page then has it."""
    policy = Policy(
        name="p", corp=ResourcePolicy.SAME_SITE, coep=EmbedderPolicy.REQUIRE_CORP, coop=OpenerPolicy.SAME_ORIGIN
    )
    fields = Rewriter(policy).fields(asking(b"GET", ()), ((b"cross-origin-resource-policy", b"x"), (b"A", b"b")))
    assert fields == (
        (b"A", b"b"),
        (b"Cross-Origin-Resource-Policy", b"same-site"),
        (b"Cross-Origin-Embedder-Policy", b"require-corp"),
        (b"Cross-Origin-Opener-Policy", b"same-origin"),
    )


REQUIRE = ("Cross-Origin-Embedder-Policy", "require-corp")


@pytest.mark.parametrize(
    ("traffic", "learned"),
    [
        ([page(0, REQUIRE), image(1)], {"cdn.third.test": "cross-origin"}),
        ([page(0, REQUIRE), image(1, host="https://img.example.test")], {"img.example.test": "same-site"}),
        (
            [page(), image(1, ("Cross-Origin-Resource-Policy", "same-origin"), host="https://img.example.test")],
            {"img.example.test": "same-site"},
        ),
        ([page(0, REQUIRE), image(1, OPEN)], {}),
        ([page(), image(1)], {}),
    ],
)
def test_the_least_resource_policy_is_learned(
    traffic: list[http.HTTPFlow], learned: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And none where all passes as it is."""
    assert main(["policy", "learn", write(tmp_path / "traffic.mitm", traffic)]) == (0 if learned else 2)
    out = capsys.readouterr().out
    lines: Lines = [tuple(line.strip(" -").split("  #")[0].split(": ")) for line in out.splitlines() if ": " in line]  # type: ignore[misc]
    names = [value for name, value in lines if name == "name"]
    assert dict(zip(names, (value for name, value in lines if name == "corp"), strict=True)) == learned


def test_what_is_learned_lets_other_loads_pass_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A picture of the same server that another site shows would break under `same-site`."""
    elsewhere = image(2, path="/c.png", host="https://img.example.test")
    elsewhere.request.headers["Referer"] = "https://shop.test/"
    elsewhere.request.headers["Sec-Fetch-Site"] = "cross-site"
    traffic = [page(0, REQUIRE), image(1, host="https://img.example.test"), elsewhere]
    assert main(["policy", "learn", write(tmp_path / "traffic.mitm", traffic)]) == 0
    assert "corp: cross-origin" in capsys.readouterr().out


@pytest.mark.parametrize("dest", ["document", "iframe"])
def test_a_form_sent_from_elsewhere_widens_nothing(
    dest: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A resource policy has no say on what is navigated to, unless in a frame whose page demands policies."""
    asked = [
        ("Origin", "https://shop.test"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Mode", "navigate"),
        ("Sec-Fetch-Dest", dest),
    ]
    posted = flow(
        "POST",
        "https://img.example.test/f",
        [*asked, ("Referer", "https://shop.test/")],
        response=[("Content-Type", "text/html")],
        at=2,
    )
    traffic = [page(0, REQUIRE), image(1, host="https://img.example.test"), posted]
    assert main(["policy", "learn", write(tmp_path / "traffic.mitm", traffic)]) == 0
    assert "corp: same-site" in capsys.readouterr().out


def framed(host: str, agent: str, *answer: tuple[str | bytes, str | bytes]) -> http.HTTPFlow:
    """A frame in the page."""
    asked = [
        ("Sec-Fetch-Site", "same-origin" if host == PAGE else "cross-site"),
        ("Sec-Fetch-Mode", "navigate"),
        ("Sec-Fetch-Dest", "iframe"),
        ("Accept", "text/html"),
        ("Referer", f"{PAGE}/"),
    ]
    given = [("Content-Type", "text/html"), *answer]
    return flow(url=f"{host}/f", request=asked, response=given, at=1, body=b"<!doctype html>", agent=agent)


@pytest.mark.parametrize(
    ("host", "agent", "answer", "learned"),
    [
        (PAGE, CHROMIUM, (), {"coep": "credentialless"}),
        (PAGE, WEBKIT, (), {"coep": "require-corp"}),
        (CDN, FIREFOX, (), {"coep": "credentialless", "corp": "cross-origin"}),
        (CDN, CHROMIUM, (OPEN,), {"coep": "credentialless"}),
        (CDN, CHROMIUM, (OPEN, REQUIRE), {}),
        (CDN, CHROMIUM, (REQUIRE,), {"corp": "cross-origin"}),
    ],
)
def test_the_least_embedder_policy_of_a_frame_is_learned(
    host: str,
    agent: str,
    answer: Lines,
    learned: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Under it the frame comes in, and there is nothing more to learn."""
    top = page(0, REQUIRE)
    top.request.headers["User-Agent"] = agent
    frame = framed(host, agent, *answer)
    file = write(tmp_path / "traffic.mitm", [top, frame])
    assert main(["policy", "learn", file]) == (0 if learned else 2)
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    told = dict(line.partition("  #")[0].split(": ") for line in lines if line.startswith(("coep: ", "corp: ")))
    assert told == learned
    assert frame.response is not None
    for key, value in told.items():
        names = {"coep": "Cross-Origin-Embedder-Policy", "corp": "Cross-Origin-Resource-Policy"}
        frame.response.headers[names[key]] = value
    Path(file).unlink()
    assert main(["policy", "learn", write(tmp_path / "traffic.mitm", [top, frame])]) == 2
