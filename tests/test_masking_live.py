"""Secrets on the live page, in what its buttons tell, and in what is made of traffic for servers: none by default."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from mitmproxy import exceptions, http

from cors_addon.fetch import masking
from cors_addon.policy.export import TARGETS
from tests.helpers import ALLOW, actual, flow, preflight
from tests.test_masking import JWT
from tests.test_page import Opened, in_mitmproxy

SECRET = "s3cr3t"
TOKEN = JWT.replace("c2ln", SECRET)
PLACES = (
    f"/?access_token={SECRET}",
    f"/?next={quote(f'https://b.test/?next={quote(f"https://c.test/?id_token={SECRET}", safe="")}', safe='')}",
    f"/a?PHPSESSID={SECRET}",
    f"/a;jsessionid={SECRET}/b",
    f"/?SAMLResponse={SECRET}&RelayState=1",
    f"/?ticket=ST-{SECRET}",
    f"/{TOKEN}/x",
    f"/?state={TOKEN}",
    f"/?user[password]={SECRET}",
    f"/?user%5Bpassword%5D={SECRET}",
)


@pytest.fixture(autouse=True)
def hidden_again() -> Iterator[None]:
    """For whatever comes next."""
    yield
    masking.show(secrets=False)


def traffic() -> list[http.HTTPFlow]:
    """Secrets in URLs, Locations, Referers, policies, and what a server says of a failure."""
    flows: list[http.HTTPFlow] = []
    for number, place in enumerate(PLACES):
        url, referer = f"https://api.example.test{place}", f"https://app.example.test{place}"
        more = [("Referer", referer)]
        policy = ("Content-Security-Policy", f"connect-src 'self'; report-uri {referer}")
        dest = [("Sec-Fetch-Dest", "image"), ("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Site", "cross-site"), *more]
        shown = [("Sec-Fetch-Dest", "document"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Site", "none")]
        flows += [
            flow(url=referer, request=shown, response=[("Content-Type", "text/html"), policy], at=number),
            actual(url=url, request=more, at=number + 0.1),
            preflight(url=url, headers="x-a", at=number + 0.2),
            actual([*ALLOW, ("Location", url)], url=url, request=more, status=302, at=number + 0.3),
            actual(url=url, request=more, status=500, body=f"no such page: {url}".encode(), at=number + 0.5),
            flow(url=url, request=dest, response=[("Cross-Origin-Resource-Policy", "same-origin")], at=number + 0.6),
            actual([("Access-Control-Allow-Origin", url)], url=url, request=more, at=number + 0.7),
        ]
    return flows


@pytest.mark.parametrize("shows", [False, True])
def test_the_live_page(shows: bool) -> None:
    """What it asks for, and what each of its buttons tells."""

    def steps(page: Opened) -> None:
        flows = traffic()
        page.ask("/changes")
        page.proxy.pass_through(*flows)
        changes, generation, since, more = "", 0, 0, True
        while more:
            part = page.changes(generation, since)
            generation, since, more = part["generation"], part["version"], part["more"]
            changes += json.dumps(part)
        said = {"changes": changes, "page": page.ask("/", cookie=f"cors_page_8123={page.token}").body.decode()}
        said["details"] = "".join(page.ask(f"/detail?id={each.id}").body.decode() for each in flows)
        assert "allow-origin-missing" in said["details"]
        for each in flows:
            for do in ("curl", "allow", "strip", "undo"):
                said[do] = said.get(do, "") + json.dumps(page.press(do, ids=[each.id]))
            for target in ("", *TARGETS):
                told = page.press("fix", ids=[each.id], **({"target": target} if target else {}))
                said["fix"] = said.get("fix", "") + json.dumps(told)
        told_by = [name for name, text in said.items() if SECRET in text]
        assert ("details" in told_by) if shows else told_by == [], [
            text[max(0, text.find(SECRET) - 300) : text.find(SECRET) + 20] for text in said.values() if SECRET in text
        ]

    in_mitmproxy(steps, cors_secrets="show" if shows else "hide")


def test_what_is_made_for_servers(tmp_path: Path) -> None:
    """Snippets for each target, learned policies and rules of a session."""

    def steps(page: Opened) -> None:
        flows, said = traffic(), {}
        page.proxy.pass_through(*flows)
        judged = [each for each in flows if "cors.verdict" in each.metadata and "Origin" in each.request.headers]
        for target in TARGETS:
            try:
                said[target] = page.proxy.command("cors.snippet", judged, target)
            except exceptions.CommandError as error:  # that server cannot say it
                said[target] = str(error)
            assert said[target]
        learned, saved = tmp_path / "learned.yaml", tmp_path / "saved.yaml"
        said["learn"] = page.proxy.command("cors.learn", judged, str(learned)) + learned.read_text()
        said["allow"] = page.proxy.command("cors.allow", judged)
        said["rules"] = page.proxy.command("cors.rules")
        said["save"] = page.proxy.command("cors.policy.save", str(saved)) + saved.read_text()
        said["audit"] = page.proxy.command("cors.audit", judged)
        assert [name for name, text in said.items() if SECRET in text] == []

    in_mitmproxy(steps)
