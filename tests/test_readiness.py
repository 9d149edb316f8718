"""Ready for cross-origin isolation? What of a page's loads is not, by `check` and by `cors.audit`."""

import logging
from pathlib import Path

import pytest
from mitmproxy import http

from cors_addon.cli.main import main
from cors_addon.report import readiness
from cors_addon.report.terminal import Terminal
from tests.helpers import PAGE, proxy
from tests.test_policy_loads import CDN, OPEN, image, page, write

WISH = ("Cross-Origin-Embedder-Policy-Report-Only", "require-corp")
TRAFFIC = [
    page(0, WISH),
    image(1),
    image(2),
    image(3, path="/b.png"),
    image(4, OPEN),
    page(5, path="/f", dest="iframe"),
]


def test_check_tells_what_is_not_ready(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each load once, with what it lacks; it fails where findings do."""
    dump = write(tmp_path / "traffic.mitm", TRAFFIC)
    assert main(["check", dump]) == 0
    out = capsys.readouterr().out
    assert out[out.index("Ready for") :].split("\n\n")[0].splitlines() == [
        "Ready for cross-origin isolation?",
        f"✗ {PAGE}/ (require-corp, report-only): these 3 loads are not",
        f"    image {CDN}/a.png  no Cross-Origin-Resource-Policy",
        f"    image {CDN}/b.png  no Cross-Origin-Resource-Policy",
        f"    iframe {PAGE}/f  no Cross-Origin-Embedder-Policy",
    ]
    assert "! 4 security findings" not in out
    assert main(["check", dump, "--fail-on", "finding"]) == 1


def test_an_enforced_policy_is_told_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What it blocks is not ready."""
    main(["check", write(tmp_path / "traffic.mitm", [page(0, (WISH[0][:-12], WISH[1])), image(1)])])
    assert f"✗ {PAGE}/ (require-corp): 1 load is not\n    image {CDN}/a.png" in capsys.readouterr().out


def test_pages_that_want_nothing_are_not_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor is one whose loads are all ready."""
    for traffic in ([page(), image(1)], [page(0, WISH), image(1, OPEN)]):
        main(["check", write(tmp_path / "traffic.mitm", traffic)])
        assert "Ready" not in capsys.readouterr().out


def test_the_audit_tells_it_live(caplog: pytest.LogCaptureFixture) -> None:
    """Of the flows that are chosen."""
    flows: list[http.HTTPFlow] = [page(0, WISH), image(1), image(2, OPEN)]
    with proxy() as running:
        running.pass_through(*flows)
        caplog.set_level(logging.INFO)
        running.command("cors.audit", flows)
        assert f"    image {CDN}/a.png  no Cross-Origin-Resource-Policy" in caplog.text
        assert flows[1].comment == "! not-ready-for-isolation"
        assert flows[2].comment == ""
        caplog.clear()
        assert running.command("cors.audit", flows[2:]) == "✓ no security finding in 0 CORS exchanges"
        assert "1 load is not" not in caplog.text


def test_what_is_kept_is_bounded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And said to be more."""
    flows = [page(0, WISH), *(image(1 + n / 100, path=f"/{n}.png") for n in range(readiness.MAX_SHOWN + 2))]
    main(["check", write(tmp_path / "traffic.mitm", flows)])
    assert "    … and 2 more\n" in capsys.readouterr().out
    assert not list(readiness.Readiness().section(Terminal()))
