"""HAR files of pages whose elements name digests."""

import json
from pathlib import Path
from typing import Any

import pytest

from cors_addon.cli.main import main
from tests.helpers import CHROMIUM, PAGE

CDN = "https://cdn.third.test"
MARKUP = """<!doctype html><script src="/own.js" integrity="sha256-AAAA"></script>
<script src="https://cdn.third.test/cors.js" integrity="sha256-AAAA" crossorigin></script>
<script src="https://cdn.third.test/plain.js" integrity="sha256-AAAA"></script>"""


def entry(at: int, url: str, dest: str, mode: str, *more: tuple[str, str], body: str = "1", **answer: str) -> Any:
    """One exchange."""
    site = "none" if dest == "document" else "same-origin" if url.startswith(PAGE) else "cross-site"
    named = [("User-Agent", CHROMIUM), ("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", mode), ("Sec-Fetch-Dest", dest)]
    named += [("Accept", "text/html" if dest == "document" else "*/*"), *more]
    kind = "text/html" if dest == "document" else "text/javascript"
    given = [("Content-Type", kind), *((name.replace("_", "-"), value) for name, value in answer.items())]
    return {
        "startedDateTime": f"2026-11-30T10:00:0{at}.000Z",
        "time": 10,
        "request": {"method": "GET", "url": url, "headers": [{"name": n, "value": v} for n, v in named]},
        "response": {
            "status": 200,
            "headers": [{"name": n, "value": v} for n, v in given],
            "content": {"mimeType": kind, "text": body},
        },
    }


@pytest.mark.parametrize("names_digests", [True, False])
def test_what_does_not_match_its_digest_is_told(
    names_digests: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the page's own origin, too; each with what is at fault."""
    referer = ("Referer", f"{PAGE}/")
    markup = MARKUP if names_digests else MARKUP.replace("integrity", "data-x")
    entries = [
        entry(0, f"{PAGE}/", "document", "navigate", body=markup),
        entry(1, f"{PAGE}/own.js", "script", "no-cors", referer),
        entry(2, f"{CDN}/cors.js", "script", "cors", ("Origin", PAGE), referer, Access_Control_Allow_Origin="*"),
        entry(3, f"{CDN}/plain.js", "script", "no-cors", referer),
    ]
    file = tmp_path / "a.har"
    file.write_text(json.dumps({"log": {"version": "1.2", "creator": {"name": "WebInspector"}, "entries": entries}}))
    assert main(["check", "--fail-on", "blocked", str(file)]) == int(names_digests)
    told = capsys.readouterr().out
    parts = told.split("✗ SRI: ")[1:]
    assert [part.split("\n")[0] for part in parts] == (
        ["another digest", "another digest", "no CORS, so it cannot be checked"] if names_digests else []
    )
    for part, name in zip(parts, ("own", "cors", "plain"), strict=bool(parts)):
        assert f"/{name}.js" in part
        assert ("add crossorigin" in part) == (name == "plain")
