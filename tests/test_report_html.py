"""The HTML report as a file: whole, locked in, and inert whatever the traffic held.

tests/browser/test_report.py opens it.
"""

import base64
import hashlib
import html
import json
import os
import re
import stat
from collections.abc import Iterable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy import http

from cors_addon.exchange.model import Judgement
from cors_addon.flows import translate
from cors_addon.reasons.registry import REGISTRY
from cors_addon.recordings import judge
from cors_addon.report import json_report, table
from cors_addon.report.atomic_file import replacing
from cors_addon.report.html import details, page
from cors_addon.report.html.exchanges import Exchanges
from cors_addon.report.summary import Input, Summary
from cors_addon.session.session import Session
from tests.cases.traffic import Sent, metadata
from tests.helpers import ALLOW, ALLOW_PUT, PAGE, START, actual, flow, observe, preflight
from tests.test_dump_reader import TRUTH
from tests.test_loads import HINTS, last, load, observed

HOSTILE = (
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]><img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "{{data}} {{text}}",
    "\u2028\u2029\u202e\ufeff",
    "\x00\x1b[31m\x9b",
    "'\"><svg onload=alert(1)>",
)


class Parsed(HTMLParser):
    """What a browser's parser makes of the file: its elements, and the text in them."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.texts.append("")
        self.open = True

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts[-1] += data

    def handle_endtag(self, tag: str) -> None:
        self.open = False

    def all(self, tag: str, **attributes: str) -> list[str]:
        """The texts of these elements."""
        return [
            text
            for (name, has), text in zip(self.elements, self.texts, strict=True)
            if name == tag and attributes.items() <= has.items()
        ]

    @property
    def data(self) -> Any:
        [text] = self.all("script", id="data")
        return unpacked(json.loads(text))

    @property
    def policy(self) -> str:
        [policy] = [has["content"] for tag, has in self.elements if "http-equiv" in has]
        return policy or ""


def unpacked(data: Any) -> Any:
    """As packed.js has it."""
    values, rows = data.pop("values"), data.pop("rows")

    def named(row: list[Any], names: list[str]) -> dict[str, Any]:
        found = zip(names, row, strict=False)  # what is not there is left out at the end
        return {name: values[each] if name in rows["pooled"] else each for name, each in found if each is not None}

    details: list[Any] = []
    fetches = []
    for row in data["fetches"]:
        fetch = named(row, rows["fetch"])
        fetch["members"] = [named(each, rows["member"]) for each in fetch["members"]]
        for member in fetch["members"]:
            pairs = [values[each] for each in data["details"][member["detail"]]]
            detail = dict(zip(pairs[::2], pairs[1::2], strict=True))
            url = member.get("url", fetch["url"])
            if "console" in detail:
                detail["console"] = [line if isinstance(line, str) else url.join(line) for line in detail["console"]]
            if detail not in details:
                details.append(detail)
            member["detail"] = details.index(detail)
        fetches.append(fetch)
    return data | {"fetches": fetches, "details": details}


def gather(judgements: Iterable[Judgement], **options: Any) -> tuple[Summary, Exchanges]:
    """As `check` does."""
    summary, exchanges = Summary(**options), Exchanges()
    summary.inputs = [Input("x.mitm", "mitmproxy dump", 1)]
    for judgement in judgements:
        summary.add(judgement)
        exchanges.add(judgement)
    return summary, exchanges


def report(*flows: http.HTTPFlow, **options: Any) -> Parsed:
    """The report on these flows, parsed."""
    return Parsed(page.render(*gather(observe(*flows)), **options))


# ── the file ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_policy_admits_our_script_and_style_alone() -> None:
    """By the hash of what stands in the file, and nothing else."""
    text = page.render(*gather(observe(preflight(ALLOW))))
    parsed = Parsed(text)
    directives = {name: values for name, *values in (each.split() for each in parsed.policy.split(";"))}

    def hashed(source: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"

    [style], [data, script] = parsed.all("style"), parsed.all("script")
    assert directives == {
        "default-src": ["'none'"],
        "script-src": [hashed(script)],
        "style-src": [hashed(style)],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["'none'"],
    }
    assert data != script
    # the policy comes before all that it is about
    assert text.index("Content-Security-Policy") < min(text.index("<style"), text.index("<script"))


def test_the_file_is_whole() -> None:
    """No address in it is one that a browser would load."""
    parsed = report(preflight(ALLOW))
    assert [has for _, has in parsed.elements if {"src", "href", "srcset", "style"} & has.keys()] == []
    assert [name for _, has in parsed.elements for name in has if name.startswith("on")] == []
    [style], [_, script] = parsed.all("style"), parsed.all("script")
    assert not re.search(r"url\(|@import|@font-face|image-set", style)
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function|fetch\(|XMLHttp|new WebSocket"
        r"|sendBeacon|import\(|\.src\b|createContextualFragment|setHTML|DOMParser",
        script,
    )


def test_the_file_is_ascii() -> None:
    """So that no encoding of a terminal or a pipe changes what was hashed."""
    text = page.render(*gather(observe(actual([("Access-Control-Allow-Origin", "ü€😀")]))))
    assert text.isascii()
    assert "\\u2713" in text


def test_without_script() -> None:
    """Where scripts are switched off there is the text report."""
    summary, exchanges = gather(observe(actual([("Access-Control-Allow-Origin", "<b>ü")])))
    [text] = Parsed(page.render(summary, exchanges)).all("pre")
    assert text == table.render(summary)


def test_scripts_escapes_stay_in_strings() -> None:
    r"""An escape beyond `\uffff` would be another one in JavaScript, and none may stand in a comment's place."""
    files = sorted((Path(page.__file__).parent / "script").iterdir())
    assert sorted({*page.SCRIPTS, *page.LIVE_SCRIPTS}) == [file.stem for file in files]
    for file in files:
        source = file.read_text("utf-8")
        assert max(map(ord, source)) <= 0xFFFF
        comments = [line for line in source.splitlines() if line.lstrip().startswith("//")]
        assert "\n".join(comments).isascii()


# ── hostile traffic ───────────────────────────────────────────────────────────────────────────────────────────────────


def strings(value: Any) -> Iterable[str]:
    """Every string in the data, names of fields included."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield name
            yield from strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from strings(each)
    elif isinstance(value, str):
        yield value


def harmless(parsed: Parsed) -> bool:
    """Whether the file has the elements that an empty report has."""
    return [tag for tag, _ in parsed.elements] == [tag for tag, _ in report().elements]


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_values_are_data(value: str) -> None:
    """In every place that traffic may fill, and each is there to be read."""
    flows = [
        preflight([("Access-Control-Allow-Origin", value)], method=f"P{value}", headers=f"x-{value}"),
        actual([*ALLOW, (f"x-{value}", value)], url=f"https://api.example.test/{value}?{value}#{value}", at=1),
        actual([("Location", f"https://u:p@{value}/")], status=302, at=2),
        flow(request=[("Origin", value), ("Sec-Fetch-Mode", value), ("Sec-Fetch-Site", value)], at=3),
        preflight([("Access-Control-Allow-Methods", value)], status=403, at=4, agent=f"Chrome/150 {value}"),
    ]
    parsed = report(*flows, body_of=lambda _flow_id: value.encode())
    assert harmless(parsed)
    assert [text for text in strings(parsed.data) if not text.isprintable()] == []
    if value.isprintable():
        assert value in "\n".join(strings(parsed.data))
    [raw] = parsed.all("script", id="data")
    assert not set("<>&\u2028\u2029") & set(raw)


@given(st.lists(st.binary(max_size=30), min_size=4, max_size=4))
def test_any_bytes(values: list[bytes]) -> None:
    """Never a fault, never a foreign element, never a character that is not to be seen."""
    parsed = report(
        actual([("Access-Control-Allow-Origin", values[0])], method=values[1] or b"GET", url="https://a.test/x"),
        preflight([("Access-Control-Allow-Headers", values[2])], headers="x-a", at=1),
        body_of=lambda _flow_id: values[3],
    )
    assert harmless(parsed)
    assert [text for text in strings(parsed.data) if not text.isprintable()] == []


def test_no_secrets() -> None:
    """Cookies, tokens and the passwords of URLs stay where they were."""
    secrets = [("Cookie", "sid=c00kie"), ("Authorization", "Bearer t0ken"), ("Proxy-Authorization", "Basic pr0xy")]
    flows = [
        actual([*ALLOW, ("Set-Cookie", "sid=0ther")], request=secrets),
        actual([*ALLOW, ("Location", "https://user:passw0rd@x.test/")], status=302, request=secrets, at=1),
        preflight([*ALLOW, ("Location", "//user:passw0rd@x.test/")], status=302, at=2),
        actual(url="https://api.example.test/x?page=7&access_token=qu3ry", at=3),
        preflight([*ALLOW, ("Location", "/login?code=g1ven&next=/x#id_token=fr4gment")], status=302, at=4),
    ]
    text = page.render(*gather(observe(*flows)))
    assert "redirect-has-credentials" in text
    for secret in ("c00kie", "t0ken", "pr0xy", "0ther", "passw0rd", "qu3ry", "g1ven", "fr4gment"):
        assert secret not in text
    assert "page=7" in text
    assert "access_token=REDACTED" in text


def test_long_values_are_cut() -> None:
    """A header of a megabyte does not make a report of many."""
    huge = "x" * 1_000_000
    text = page.render(*gather(observe(actual([("Access-Control-Allow-Origin", huge)], url=f"https://a.test/{huge}"))))
    assert len(text) < len(page.render(*gather(()))) + 120_000


def test_times_that_no_clock_shows() -> None:
    """A recording may say anything."""
    judgements = observe(actual(ALLOW), actual(ALLOW, at=1))
    judgements[0].observation.started = float("inf")
    judgements[1].observation.ended = float("nan")
    [first, second] = Parsed(page.render(*gather(judgements))).data["fetches"]
    assert "ms" not in first["members"][0]
    assert "at" not in second


def test_a_name_in_braces_is_not_filled_in() -> None:
    """What was put into the template is not taken for template."""
    assert (
        report(actual(ALLOW, url="https://a.test/{{policy}}")).data["fetches"][0]["url"] == "https://a.test/{{policy}}"
    )


# ── what is in it ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_one_request_of_a_page() -> None:
    """A preflight and what it allowed are one; what the two came to, why, and how to mend it."""
    asked = preflight([*ALLOW, ("Access-Control-Allow-Methods", "GET, POST")], headers="content-type")
    data = report(preflight(ALLOW_PUT, at=10), actual(ALLOW, method="PUT", at=10.1), asked).data
    denied, allowed = data["fetches"]
    assert (denied["state"], denied["method"], denied["origin"]) == ("deny", "PUT", PAGE)
    assert (len(denied["members"]), len(allowed["members"])) == (1, 2)
    [detail] = [data["details"][member["detail"]] for member in denied["members"]]
    assert detail["reason"] == "method-not-allowed"
    assert detail["phrase"] == 'PUT is not in Access-Control-Allow-Methods "GET, POST"'
    assert detail["fix"]["headers"][0] == ["Access-Control-Allow-Methods", "GET, POST", "GET, POST, PUT"]
    assert detail["asks"] == ["PUT", "content-type"]
    assert detail["console"][0].startswith("Access to fetch at")
    assert ["failed", "Access-Control-Allow-Methods: GET, POST", "PUT is missing"] in detail["steps"]
    [cause] = data["causes"]
    assert (cause["reason"], cause["count"]) == ("method-not-allowed", 1)
    assert data["reasons"]["method-not-allowed"]["explanation"] == REGISTRY["method-not-allowed"].explanation  # type: ignore[index]


def test_what_something_else_stopped_is_not_green() -> None:
    """CORS allows a script whose type no browser runs, and has no say in another's image: the page got neither."""
    session = Session(keep=10)
    script = (*metadata("cross-site", "cors", "script"), ("Origin", PAGE), ("Referer", f"{PAGE}/"), HINTS)
    html = (*ALLOW, ("Content-Type", "text/html"), ("X-Content-Type-Options", "nosniff"))
    sent = [
        Sent(id="script", url="https://cdn.third.test/m.js", request=script, answer=html),
        load("image", 2, answer=[("Cross-Origin-Resource-Policy", "same-origin")]),
        load("shown", 3, answer=[("Content-Type", "image/png")]),
    ]
    last(session, *(observed(each, b"<!doctype html>") for each in sent[:2]), observed(sent[2], b"\x89PNG\r\n\x1a\n"))
    summary, exchanges = gather(session.last.values())
    data = Parsed(page.render(summary, exchanges)).data
    found = {fetch["members"][0]["id"]: fetch for fetch in data["fetches"]}
    assert {name: fetch["state"] for name, fetch in found.items()} == {"script": "stopped", "image": "stopped"}
    detail = data["details"][found["script"]["members"][0]["detail"]]
    assert (detail["gate"], detail["comment"]) == ("nosniff", "✗ nosniff: text/html for a script")
    assert detail["remedies"][0]["what"].startswith("in the page: see whether the URL is right")
    assert data["totals"]["states"]["stopped"] == 1
    [[_, _, counts, _]] = data["matrix"]["cells"]
    assert dict(zip(data["matrix"]["states"], counts, strict=True))["stopped"] == 1
    assert [each["remedies"][0]["lines"] for each in data["blocked"] if each["gate"] == "corp"] == [
        [["-", "Cross-Origin-Resource-Policy: same-origin"], ["+", "Cross-Origin-Resource-Policy: cross-origin"]]
    ]
    assert "allowed, but blocked by nosniff" in table.render(summary)


def test_a_cached_preflight_is_pointed_to() -> None:
    """It belongs to an earlier request, which the report can open."""
    first = preflight([*ALLOW_PUT, ("Access-Control-Max-Age", "600")])
    again = actual(ALLOW, method="PUT", at=30)
    fetches = report(first, actual(ALLOW, method="PUT", at=0.1), again).data["fetches"]
    [member] = fetches[1]["members"]
    assert member["id"] == again.id
    assert first.id in member["pair"]
    assert member["age"] == pytest.approx(30, abs=1)


def test_what_is_alike_is_written_once() -> None:
    """A thousand requests for items are a thousand lines, not a thousand stories."""
    data = report(*(actual(ALLOW, url=f"https://a.test/{number}", at=number) for number in range(50))).data
    assert (len(data["fetches"]), len(data["details"])) == (50, 1)


@pytest.mark.parametrize("name", ["chromium", "firefox", "sequences-webkit"])
def test_recorded_traffic(name: str) -> None:
    """Each exchange is listed once, in its last revision, and the counts are those of the summary."""
    last: dict[str, Judgement] = {}
    every = []
    for judgement in judge.judged(str(TRUTH / f"{name}.mitm.xz"), Input(name)):
        every.append(judgement)
        last[judgement.observation.flow_id] = judgement
    summary, exchanges = gather(every)
    data = Parsed(page.render(summary, exchanges)).data
    members = [member for fetch in data["fetches"] for member in fetch["members"]]
    listed = [member["id"] for member in members]
    assert sorted(listed) == sorted(last)
    for member in members:
        assert data["details"][member["detail"]]["state"] == details.exchange_state(last[member["id"]])
    states = dict(
        zip(
            data["matrix"]["states"],
            map(sum, zip(*(cell[2] for cell in data["matrix"]["cells"]), strict=True)),
            strict=True,
        )
    )
    assert {state: count for state, count in states.items() if state != "none"} == {
        state: count for state, count in data["totals"]["states"].items() if state != "none"
    }
    assert sum(data["totals"]["states"].values()) == summary.judged
    assert data["reasons"].keys() >= {cause["reason"] for cause in data["causes"]}


def test_revisions() -> None:
    """The last one counts: that the request was sent all the same contradicts the preflight's verdict."""
    session = Session()
    asked, sent = preflight([], method="PUT"), actual(ALLOW, method="PUT", at=0.1)
    summary, exchanges = Summary(), Exchanges()
    for each in (asked, sent):
        for judgement in session.observe(translate.observation(each)):
            summary.add(judgement)
            exchanges.add(judgement)
    data = Parsed(page.render(summary, exchanges)).data
    members = [member for fetch in data["fetches"] for member in fetch["members"]]
    assert [member["id"] for member in members] == [asked.id, sent.id]
    assert members[0]["pair"] == [sent.id]
    assert "although its preflight was refused" in data["details"][members[0]["detail"]]["contradiction"]
    assert len(exchanges) == 2


def test_all_engines() -> None:
    """Each exchange counts once, by the browser that likes it least, and it is said which do."""
    judgements = observe(
        actual([("Access-Control-Allow-Origin", ""), *ALLOW], http_version=b"HTTP/2.0"), actual(ALLOW, at=1)
    )
    data = Parsed(page.render(*gather(judgements, all_engines=True))).data
    assert sum(data["totals"]["states"].values()) == 2
    [cell] = [cell for cell in data["matrix"]["cells"] if cell[2][0]]
    assert cell[2][0] == 1
    assert cell[3] == ["Chromium", "Safari"]


def test_known_causes() -> None:
    """With a baseline, what it knows is marked."""
    judgements = observe(actual([]))
    baseline = json_report.load_baseline(json_report.render(gather(judgements)[0]))
    [cause] = Parsed(page.render(*gather(judgements, baseline=baseline))).data["causes"]
    assert cause["known"]


def test_findings_and_their_explanations() -> None:
    """Those of the JSON line, each with what is known of it."""
    allow = [("Access-Control-Allow-Origin", "null"), ("Access-Control-Allow-Credentials", "true")]
    judgements = observe(flow(request=[("Origin", "null"), ("Sec-Fetch-Mode", "cors")], response=allow))
    data = Parsed(page.render(*gather(judgements))).data
    [finding] = [each for each in data["findings"] if each["name"] == "null-origin-with-credentials"]
    assert finding["phrase"] == "the origin null is allowed with credentials"
    assert finding["fix"][0] == "Have the server answer Origin: null without both of these:"
    assert finding["severity"] == "warning"
    assert "null-origin-with-credentials" in data["details"][0]["findings"]
    assert data["reasons"]["null-origin-with-credentials"]["said"] == []


def test_bodies() -> None:
    """The first words of a refusing answer's body, as text."""
    denied, allowed = preflight([], status=403), actual([*ALLOW, ("Access-Control-Allow-Credentials", "true")], at=1)
    bodies = {denied.id: b"<html><head><title>x</title></head><p>Disallowed\n<b>CORS</b> origin"}
    parsed = report(denied, allowed, body_of=lambda flow_id: bodies.get(flow_id, b"not asked for"))
    assert [detail["body"] for detail in parsed.data["details"] if "body" in detail] == ["Disallowed"]


# ── bounds, and what is not whole ─────────────────────────────────────────────────────────────────────────────────────


def listed(exchanges: Exchanges) -> list[float]:
    """When the exchanges that are kept began."""
    return [judgement.observation.started - START for judgement in exchanges]


def test_denied_exchanges_are_kept_first() -> None:
    """Beyond the limit the latest stay, and of the rest those without a CORS verdict go first."""
    summary, exchanges = Summary(), Exchanges(most=10)
    flows = [actual([] if number < 4 else [("Access-Control-Allow-Origin", "*")], at=number) for number in range(40)]
    flows += [flow("POST", request=[("Origin", PAGE), ("Sec-Fetch-Mode", "navigate")], at=50)]
    for judgement in observe(*flows):
        summary.add(judgement)
        judgement.if_credentialed = judgement.if_omitted  # nothing depends on it here
        exchanges.add(judgement)
    assert listed(exchanges) == [0, 1, 2, 3, 34, 35, 36, 37, 38, 39]
    data = Parsed(page.render(summary, exchanges)).data
    assert (data["listed"], data["totals"]["seen"]) == (10, 41)
    assert data["totals"]["states"]["deny"] == 4
    assert sum(sum(cell[2]) for cell in data["matrix"]["cells"]) == 40


def test_a_revised_exchange_counts_once() -> None:
    """And moves to where it belongs now."""
    exchanges = Exchanges(most=3)
    [judgement] = observe(actual([]))
    for _ in range(5):
        exchanges.add(judgement)
    assert len(exchanges) == 1


def test_bytes_are_bounded() -> None:
    """Few exchanges may weigh much."""
    exchanges = Exchanges(most_bytes=100_000)
    for judgement in observe(*(actual([("x", "y" * 15_000), ("z", "y" * 15_000)], at=number) for number in range(10))):
        exchanges.add(judgement)
    assert listed(exchanges) == [7, 8, 9]


def test_what_is_not_whole_is_said() -> None:
    """Damage with its place, notes, interruption, endpoints that were folded."""
    summary, exchanges = gather(observe(actual(ALLOW)))
    summary.inputs = [Input("a<b>.har", "HAR", 3, damage="cut off", offset=77, notes={"no preflights": 2})]
    summary.interrupted = summary.overflowed = True
    data = Parsed(page.render(summary, exchanges)).data
    assert data["interrupted"]
    assert data["overflowed"]
    [each] = data["inputs"]
    assert each["damage"] == "a<b>.har: cut off, at byte 77: 3 exchanges before it were read"
    assert each["notes"] == [["no preflights", 2]]


def test_nothing_at_all() -> None:
    """An empty report is a report."""
    data = Parsed(page.render(Summary(), Exchanges(), now=0.0)).data
    assert (data["fetches"], data["causes"], data["made"]) == ([], [], 0.0)
    assert html.escape("no CORS exchange found") in page.render(Summary(), Exchanges())


# ── files that are whole or untouched ─────────────────────────────────────────────────────────────────────────────────


def test_a_file_is_replaced_when_it_is_done(tmp_path: Path) -> None:
    """Its mode stays, a link goes on leading to it, and nothing is left beside it."""
    file, link = tmp_path / "report.html", tmp_path / "link"
    file.write_text("old")
    file.chmod(0o640)
    link.symlink_to(file)
    with replacing(link) as out:
        out.write("new")
        out.flush()
        assert file.read_text() == "old"
    assert file.read_text() == "new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert sorted(tmp_path.iterdir()) == [link, file]


def test_a_file_is_left_as_it_was_on_an_error(tmp_path: Path) -> None:
    """Whatever the error."""
    file = tmp_path / "report.html"
    file.write_text("old")

    def interrupted() -> None:
        with replacing(file) as out:
            out.write("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_device_is_written_to(tmp_path: Path) -> None:
    """It cannot be replaced."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with replacing(pipe) as out:
        out.write("all of it")
    assert os.read(reader, 100) == b"all of it"
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_folder_that_takes_no_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file in it may be writable all the same."""
    file = tmp_path / "report.html"
    file.write_text("old")
    opened = os.open

    def refusing(path: Any, flags: int, *more: Any) -> int:
        if flags & os.O_EXCL:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, flags, *more)

    monkeypatch.setattr(os, "open", refusing)
    with replacing(file) as out:
        out.write("new")
    assert file.read_text() == "new"
    with pytest.raises(PermissionError), replacing(tmp_path / "none.html"):
        pass
