"""Secrets are hidden in every output, by one rule, and shown in all where the user wants them."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from mitmproxy.io import FlowWriter

from cors_addon import api, cli
from cors_addon.cli.check import FORMATS
from cors_addon.fetch import masking
from cors_addon.fetch.masking import masked
from cors_addon.proxy.annotate import comment_of
from cors_addon.report.verdict_line import line
from tests.helpers import ALLOW, actual, observe, proxy, written

JWT = "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
ROWS = (
    ("https://a.test/?access_token=s3cr3t&x=1", "https://a.test/?access_token=REDACTED&x=1"),
    ("https://a.test/b;jsessionid=s3cr3t/c?x=1", "https://a.test/b;jsessionid=REDACTED/c?x=1"),
    ("https://a.test/;v=1;JSESSIONID=s3cr3t?sid=s3cr3t", "https://a.test/;v=1;JSESSIONID=REDACTED?sid=REDACTED"),
    ("?PHPSESSID=s3cr3t#id_token=s3cr3t", "?PHPSESSID=REDACTED#id_token=REDACTED"),
    ("?SAMLResponse=s3cr3t&RelayState=1&SAMLart=s3cr3t", "?SAMLResponse=REDACTED&RelayState=1&SAMLart=REDACTED"),
    ("?ticket=ST-s3cr3t&code=s3cr3t", "?ticket=REDACTED&code=REDACTED"),
    ("?user[password]=s3cr3t&user%5Bpassword%5D=s3cr3t", "?user[password]=REDACTED&user%5Bpassword%5D=REDACTED"),
    (f"https://a.test/{JWT}/x", "https://a.test/REDACTED/x"),
    (f"a {JWT} b", "a REDACTED b"),
    ("https://ann:s3cr3t@a.test/", "https://…@a.test/"),
    ("?X-Amz-Signature=s3cr3t&X-Amz-Date=1", "?X-Amz-Signature=REDACTED&X-Amz-Date=1"),
    ('<a href="?token=s3cr3t">b</a>', '<a href="?token=REDACTED">b</a>'),
    ('{"url": "?token=s3cr3t"}', '{"url": "?token=REDACTED"}'),
    ("?a=1&amp;token=s3cr3t", "?a=1&amp;token=REDACTED"),
    *(
        (text, text)
        for text in (
            *(
                "",
                "=",
                "a=b",
                "?monkey=1&keyboard=2&compass=3&zip_code=4&sidebar=5",
                "https://a.test/?next=%2Fb%3Fc%3D1",
            ),
            *("text/html; charset=utf-8", "ann@a.test", "?=x&&=", "script-src 'nonce-a='; img-src x", "eyJ.a.b"),
        )
    ),
)


@pytest.fixture(autouse=True)
def hidden_again() -> Iterator[None]:
    """For whatever comes next."""
    yield
    masking.show(secrets=False)


def test_what_is_hidden() -> None:
    """And what only looks like it; nothing is hidden where the user says so."""
    for given, wanted in ROWS:
        assert masked(given) == wanted
        assert masked(wanted) == wanted
    masking.show(secrets=True)
    for given, _ in ROWS:
        assert masked(given) == given


def test_a_url_within_a_url() -> None:
    """Encoded once for each."""
    url, wanted = "https://c.test/?access_token=s3cr3t&x=1", "https://c.test/?access_token=REDACTED&x=1"
    for _ in range(3):
        url = f"https://b.test/?next={quote(url, safe='')}&y=1"
        wanted = f"https://b.test/?next={quote(wanted, safe='')}&y=1"
        assert masked(url) == wanted


URL = (
    f"https://api.example.test/;jsessionid=s3cr3t?access_token=s3cr3t&{'a' * 90}=1&next=%2F%3Fsid%3Ds3cr3t"
    f"&jwt={JWT.replace('c2ln', 's3cr3t')}&{'b' * 90}=1&token={'s3cr3t' * 30}"
)


def test_no_output_tells_a_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Comments, metadata, JSON lines, reports of each kind, explanations, curl and the log; all of them where asked."""
    one = actual([("Access-Control-Allow-Origin", "https://x.test/?sid=s3cr3t")], url=URL)
    one.request.headers["Referer"] = URL
    moved = actual([*ALLOW, ("Location", URL)], status=302, url=URL, at=1)
    dump = tmp_path / "dump"
    with dump.open("wb") as out:
        for each in (one, moved):
            FlowWriter(out).add(each)
    for shown in (False, True):
        said: dict[str, str] = {}
        lines, report = tmp_path / f"lines{shown}", tmp_path / f"report{shown}"
        with proxy(cors_jsonl=str(lines), cors_report=str(report), cors_secrets="show" if shown else "hide") as running:
            flows = [one.copy(), moved.copy()]
            running.pass_through(*flows)
            written()
            said["comments"] = "".join(each.comment for each in flows)
            said["metadata"] = "".join(f"{value}" for each in flows for key, value in each.metadata.items())
            said["explanation"] = running.addon._explaining.explain(flows[0])
            said["curl"] = running.addon._groups[2].brief(flows[0])  # type: ignore[attr-defined]
        said["lines"], said["report"] = lines.read_text(), report.read_text()
        for form in FORMATS:
            cli.main(["check", str(dump), "--format", form, *(["--show-secrets"] if shown else [])])
            said[form] = "".join(capsys.readouterr())
        masking.show(secrets=shown)
        for judgement in observe(one, moved):
            said["comments"] += comment_of(judgement, False, None)
            for width in (None, 40, 90, 120, 300):
                said["line"] = said.get("line", "") + line(judgement, "✗", width=width)
        judged = list(api.judge(dump))
        said["api"] = json.dumps([each.to_dict() for each in judged])
        said["api.explain"] = "".join(map(api.explain, judged))
        if shown:
            assert all("s3cr3t" in said[name] for name in ("lines", "jsonl", "api", "curl"))
        else:
            assert [name for name, text in said.items() if "s3cr3t" in text] == []
            assert [name for name, text in said.items() if name in ("lines", "jsonl") and "REDACTED" not in text] == []
