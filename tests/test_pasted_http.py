"""Exchanges that people paste: what curl prints, raw messages, the Headers tab of developer tools."""

import json

import pytest

from cors_addon.reasons.explain import explain, explain_json
from cors_addon.reasons.pasted import recognise
from cors_addon.reasons.pasted_http import MOST_LINES, judged

PAGE = "https://app.example.com"
VERBOSE = f"""$ curl -v -X OPTIONS https://api.example.com/v1 -H 'Origin: {PAGE}' \\
    -H 'Access-Control-Request-Method: PUT' -H 'Access-Control-Request-Headers: x-token, content-type'
* Connected to api.example.com (192.0.2.10) port 443
* [HTTP/2] [1] [:path: /v1]
> OPTIONS /v1 HTTP/2
> Host: api.example.com
> Origin: {PAGE}
> Access-Control-Request-Method: PUT
> Access-Control-Request-Headers: x-token, content-type
>
* Request completely sent off
< HTTP/2 204
< access-control-allow-origin: {PAGE}
< access-control-allow-methods: GET, PUT
< access-control-allow-headers: content-type
<
* Connection #0 to host api.example.com left intact
"""
PANEL = f"""General
Request URL: https://api.example.com/me
Request Method: GET
Status Code: 200 OK
Referrer Policy: strict-origin-when-cross-origin
Response Headers
access-control-allow-origin: *
content-type: application/json
Request Headers
:authority: api.example.com
cookie: sid=1
origin: {PAGE}
"""
ON_LINES_OF_THEIR_OWN = f"""Request URL
https://api.example.com/me
Request Method
GET
Status Code
200 OK
Response Headers
access-control-allow-origin
https://www.example.com
Request Headers
origin
{PAGE}
"""
RAW = """GET /me HTTP/1.1
Host: localhost:8000
Origin: http://localhost:5173

HTTP/1.1 302 Found
Location: https://login.example.net/
Access-Control-Allow-Origin: http://localhost:5173

"""
GOOD = f"""curl -i -H "Origin: {PAGE}" https://api.example.com/me
HTTP/1.1 200 OK
Access-Control-Allow-Origin: {PAGE}

{{"me": 1}}
"""
BARE = """$ curl -I https://api.example.com/me
HTTP/2 200
content-type: application/json
"""


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        (VERBOSE, "header-not-allowed", {"header": "x-token", "method": "PUT", "url": "https://api.example.com/v1"}),
        (VERBOSE.replace("\n", "\r\n"), "header-not-allowed", {"header": "x-token"}),
        (VERBOSE.replace("204", "401"), "status-not-ok", {"status": "401"}),
        (VERBOSE.replace("GET, PUT", "GET"), "method-not-allowed", {"method": "PUT"}),
        (PANEL, "allow-origin-wildcard-with-credentials", {"origin": PAGE}),
        (PANEL.replace("cookie: sid=1\n", ""), "exchange-allowed", {"origin": PAGE}),
        (ON_LINES_OF_THEIR_OWN, "allow-origin-mismatch", {"value": "https://www.example.com", "origin": PAGE}),
        (RAW, "exchange-allowed", {"url": "http://localhost:8000/me"}),
        (RAW.replace("https://login.example.net/", "mailto:a@b.example"), "redirect-scheme-not-cors", {}),
        (GOOD, "exchange-allowed", {"method": "GET", "url": "https://api.example.com/me"}),
        (GOOD.replace("200 OK", "500 Oh"), "http-status", {"status": "500"}),
        (GOOD.replace(f"Access-Control-Allow-Origin: {PAGE}\n", ""), "allow-origin-missing", {"origin": PAGE}),
        (BARE, "request-without-origin", {"method": "HEAD"}),
        ("curl 'https://api.example.com/x' -X 'PUT' --data-raw '{}'", "request-alone", {"method": "PUT"}),
        ('fetch("https://api.example.com/x", {\n  "method": "PUT"\n});', "request-alone", {}),
        ("    add_header Access-Control-Allow-Origin $http_origin;", "server-config", {}),
    ],
)
def test_what_an_exchange_means(text: str, name: str, values: dict[str, str]) -> None:
    """It is judged as a browser does, by what is pasted."""
    [meant] = judged(text)
    assert meant.means == name
    assert values.items() <= dict(meant.values).items()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "GET /me HTTP/1.1\nHost: a.example\n\nHTTP/1.1 200 OK\n\n",  # of no browser, and nobody asked
        f"GET /me HTTP/1.1\nHost: app.example.com\nOrigin: {PAGE}\n\nHTTP/1.1 200 OK\n\n",  # of the page's own server
        "Status Code: 200",
        "The request URL: is wrong. Response Headers are many.",
        "HTTP/1.1 200 OK",
    ],
)
def test_what_is_nothing_of_cors(text: str) -> None:
    """Is passed over."""
    assert list(judged(text)) == []


def test_an_exchange_beside_a_message() -> None:
    """What a console says counts for more than an answer that would do."""
    said = f"Access to fetch at 'https://api.example.com/me' from origin '{PAGE}' has been blocked by CORS policy: "
    text = f"{said}No 'Access-Control-Allow-Origin' header is present on the requested resource.\n\n{GOOD}"
    assert [str(item.first) for item in recognise(text)] == ["allow-origin-missing"]


def test_the_first_remedy_has_the_lines() -> None:
    """As of any other refusal."""
    text, code = explain_json(PANEL)
    assert code == 0
    [item] = json.loads(text)["recognised"]
    assert item["by"] == "an exchange"
    assert item["remedies"][0]["who"] == "server"
    shown, _ = explain(VERBOSE.replace("204", "401"))
    assert "for example" not in shown
    assert "401" in shown


def test_a_policy_has_remedies() -> None:
    """Of a policy that its message names, with the directive's lines before and after."""
    text, _ = explain_json(
        "Refused to connect to 'https://api.example.com/v1' because it violates the following Content Security Policy"
        " directive: \"connect-src 'self'\"."
    )
    [item] = json.loads(text)["recognised"]
    [remedy] = item["remedies"]
    assert remedy["who"] == "page-server"
    assert "connect-src 'self' https://api.example.com" in json.dumps(remedy["change"])


def test_long_pastes_take_linear_time() -> None:
    """No more than so many lines are looked at, whatever they are."""
    for line in ("> " * 500, "GET / HTTP/1.1", "HTTP/1.1 200 OK", "Request URL:", "curl \\", "a: b", "curl -H '"):
        assert len(list(judged(f"{line}\n" * (MOST_LINES * 3)))) <= 20
