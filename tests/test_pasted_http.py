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
        ("HTTP/1.1 200 OK\nVary: Origin\nAccess-Control-Allow-Origin: *\n\n", "answer-alone", {"status": "200"}),
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
        "curl works, but the browser does not",
        "curl: (6) Could not resolve host: a.example",
    ],
)
def test_what_is_nothing_of_cors(text: str) -> None:
    """Is passed over."""
    assert list(judged(text)) == []


ASKED = f"-H 'Origin: {PAGE}'"
FIRST = f"{ASKED} -H 'Access-Control-Request-Method: PUT'"
PERMITS = f"HTTP/1.1 200 OK\nAccess-Control-Allow-Origin: {PAGE}\n\n"
UPGRADE = f"GET /ws HTTP/1.1\nHost: a.example\nUpgrade: websocket\nOrigin: {PAGE}\n\nHTTP/1.1 "


@pytest.mark.parametrize(
    ("text", "method", "url"),
    [
        (f"curl -i localhost:3000/api {ASKED}\n{PERMITS}", "GET", "http://localhost:3000/api"),
        (f"curl -i 'a.example/x?at=https://b.example/' {ASKED}\n{PERMITS}", "GET", None),
        (f"curl -siX OPTIONS https://a.example/ {FIRST}\n{PERMITS}", "PUT", None),
        (f"curl -X OPTIONS -I https://a.example/ {FIRST}\n{PERMITS}", "PUT", None),
        (f"curl -sIXOPTIONS https://a.example/ {FIRST}\n{PERMITS}", "PUT", None),
        (
            f"curl -i -e https://e.example/ -m 5 https://a.example/ -HOrigin:{PAGE}\n{PERMITS}",
            "GET",
            "https://a.example/",
        ),
        (f"curl -T a.txt https://a.example/ {ASKED}\n{PERMITS}", "PUT", None),
        (f"curl -G -d a=b https://a.example/ {ASKED}\n{PERMITS}", "GET", None),
        (f"curl --json 1 https://a.example/ {ASKED}\n{PERMITS}", "POST", None),
        (f"curl -d 1 -X PATCH https://a.example/ {ASKED}\n{PERMITS}", "PATCH", None),
        (f'curl -i ^"https://a.example/^" ^\n  -H ^"Origin: {PAGE}^"\n{PERMITS}', "GET", "https://a.example/"),
        (f"GET / HTTP/1.1\nHost: [::1]:8000\nOrigin: {PAGE}\n\n{PERMITS}", "GET", "http://[::1]:8000/"),
    ],
)
def test_what_a_command_asks_for(text: str, method: str, url: str | None) -> None:
    """As curl reads it: letters in one word, values in the same word or the next, http where no scheme is written."""
    [meant] = judged(text)
    assert meant.values["method"] == method
    assert meant.values["origin"] == PAGE
    assert url in (None, meant.values["url"])


@pytest.mark.parametrize(
    "before",
    [
        "HTTP/1.1 200 Connection established\n\n",
        "> CONNECT a.example:443 HTTP/1.1\n> Host: a.example:443\n>\n< HTTP/1.1 200 OK\n<\n",
        "HTTP/1.1 100 Continue\n\n",
        "HTTP/2 103\nlink: </a.css>; rel=preload\n\n",
    ],
)
def test_what_comes_before_an_answer_is_none(before: str) -> None:
    """A proxy's tunnel, and what a server says on the way."""
    [meant] = judged(f"curl -iv https://a.example/ {ASKED}\n{before}{PERMITS}")
    assert (meant.means, meant.values["url"]) == ("exchange-allowed", "https://a.example/")


def test_what_curl_follows_is_at_its_own_address() -> None:
    """With `-L` each answer is of another URL than the one before."""
    moved = f"HTTP/1.1 301 Moved\nAccess-Control-Allow-Origin: {PAGE}\nLocation: "
    text = f"curl -iL https://a.example/x {ASKED}\n{moved}/y\n\n{moved}https://b.example/\n\nHTTP/1.1 200 OK\n\n"
    found = [(meant.values["url"], meant.means) for meant in judged(text)]
    allowed = [("https://a.example/x", "exchange-allowed"), ("https://a.example/y", "exchange-allowed")]
    assert found == [*allowed, ("https://b.example/", "allow-origin-missing")]


def test_a_handshake_of_a_web_socket_is_not_held_to_cors() -> None:
    """The server itself decides of it."""
    assert [meant.means for meant in judged(f"{UPGRADE}403 Forbidden\n\n")] == ["websocket-refused"]
    assert list(judged(f"{UPGRADE}101 Switching Protocols\n\n")) == []


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
