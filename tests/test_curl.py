"""The commands of `cors.curl`, run by a real shell with a real curl, or a stand-in that shows its arguments."""

import json
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mitmproxy import exceptions, http
from mitmproxy.test import tflow

from cors_addon.exchange.model import Observation
from cors_addon.fetch.origins import Url
from cors_addon.report import curl
from tests.helpers import ALLOW, ALLOW_PUT, PAGE, actual, client, flow, observe, preflight, proxy

CURL = shutil.which("curl")
needs_curl = pytest.mark.skipif(CURL is None, reason="there is no curl")
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


class Server:
    """Answers each connection once, and keeps the bytes that came."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.got: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(10)
                got = b""
                while b"\r\n\r\n" not in got and (more := connection.recv(65536)):
                    got += more
                length = 0
                for line in got.partition(b"\r\n\r\n")[0].lower().split(b"\r\n"):
                    if line.startswith(b"content-length:"):
                        length = int(line.partition(b":")[2])
                while len(got.partition(b"\r\n\r\n")[2]) < length and (more := connection.recv(65536)):
                    got += more
                self.got.append(got)
                connection.sendall(ANSWER)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


def shell(script: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Run the commands as a person would who pastes them."""
    return subprocess.run(
        ["sh"],
        input=script.encode(),
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **variables},
        capture_output=True,
        timeout=30,
        check=False,
    )


def observation(
    port: int = 80,
    path: str = "/",
    method: bytes = b"GET",
    *lines: tuple[bytes, bytes],
    has_body: bool = False,
    http2: bool = False,
) -> Observation:
    url = Url("http", "127.0.0.1", port, path)
    authority = url.origin.removeprefix("http://").encode()
    given = ((b"Host", authority), (b"User-Agent", b"x"), (b"Accept", b"*/*"), *lines)
    return Observation("id", None, None, 0.0, 0.0, method, url, given, 200, (), http2, has_body)


def script(of: Observation, body: bytes | None = b"", *, secrets: bool = True) -> str:
    return curl.script([curl.Request(of, "the request")], lambda _: body, secrets=secrets)


def sent(server: Server, folder: Path, of: Observation, body: bytes | None = b"") -> tuple[bytes, list[bytes], bytes]:
    """Request line, header lines and body as a server gets them."""
    server.got.clear()
    text = script(of, body)
    assert text.replace("\n", "").isprintable(), text
    done = shell(text, folder)
    assert done.returncode == 0, (text, done.stderr)
    assert done.stdout.endswith(b"ok") or b"-I" in text.encode()
    [got] = server.got
    head, _, content = got.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    return first, lines, content


# ── what the server gets ──────────────────────────────────────────────────────────────────────────────────────────────

HOSTILE = [
    b"plain",
    b"it's",
    b"'; echo broken; '",
    b'"$(touch broken)"',
    b"`touch broken` $HOME !! \\ \\n %s %% ~ * ?",
    b"@/etc/passwd",
    b"-K /etc/passwd",
    b"# no comment",
    b"caf\xc3\xa9 \xe2\x9c\x93",
    b"caf\xe9",
    b"\xff\xfe!\x01\x1b[31m\x7f\xc2\x9b\xe2\x80\xae%s\\x",
    b"\ta\tb",
    b"a\\\nb".replace(b"\n", b" "),
]


@needs_curl
@pytest.mark.parametrize("value", HOSTILE)
def test_header_values(value: bytes, server: Server, tmp_path: Path) -> None:
    of = observation(server.port, "/a", b"GET", (b"X-Odd", b"1" + value), (b"X-Odd", b"2"), (b"X-Empty", b""))
    first, lines, _ = sent(server, tmp_path, of)
    assert first == b"GET /a HTTP/1.1"
    assert lines[1:] == [b"User-Agent: x", b"Accept: */*", b"X-Odd: 1" + value, b"X-Odd: 2", b"X-Empty:"]
    assert list(tmp_path.iterdir()) == []


@needs_curl
@pytest.mark.parametrize(
    "body", [*HOSTILE, b"a\0b", b"\n\nx\n\n", b"-n", b"%d\\c", b"\r\n", b"{}", bytes(range(256)) * 8]
)
def test_bodies(body: bytes, server: Server, tmp_path: Path) -> None:
    of = observation(server.port, "/", b"POST", (b"Content-Type", b"text/plain"), has_body=True)
    first, lines, content = sent(server, tmp_path, of, body)
    assert first == b"POST / HTTP/1.1"
    assert lines[1:] == [
        b"User-Agent: x", b"Accept: */*", b"Content-Type: text/plain", b"Content-Length: %d" % len(body)
    ]  # fmt: skip
    assert content == body
    assert list(tmp_path.iterdir()) == []


@needs_curl
@pytest.mark.parametrize(
    "path",
    [
        "/a?b=c&d",
        "/%20'\"$x",
        "/../a/./b//c",
        "/{a,b}[1-3]",
        "/a b",
        "/#x",
        "/a?#b",
        "*",
        "/-o",
        "/$(touch x)`y`",
        "//x",
    ],
)
def test_targets(path: str, server: Server, tmp_path: Path) -> None:
    """Nothing squashed, globbed, cut off or taken for a fragment."""
    first, lines, _ = sent(server, tmp_path, observation(server.port, path, b"OPTIONS"))
    assert first == b"OPTIONS " + path.encode() + b" HTTP/1.1"
    assert lines[0] == b"Host: 127.0.0.1:%d" % server.port


@needs_curl
@pytest.mark.parametrize("method", [b"PUT", b"patch", b"-x", b"!", b"it's", b"*", b"HEAD", b"DELETE"])
def test_methods(method: bytes, server: Server, tmp_path: Path) -> None:
    """As sent, not as curl would write them."""
    first, lines, content = sent(server, tmp_path, observation(server.port, "/", method))
    assert first == method + b" / HTTP/1.1"
    assert lines[1:] == [b"User-Agent: x", b"Accept: */*"]
    assert content == b""


@needs_curl
def test_nothing_is_added(server: Server, tmp_path: Path) -> None:
    """What curl sends of itself, a browser need not have sent."""
    of = observation(server.port, "/", b"POST", has_body=True)
    of.request = ((b"Host", b"api.example.test"),)
    _, lines, _ = sent(server, tmp_path, of, b"x" * 3000)
    assert lines == [b"Host: api.example.test", b"Content-Length: 3000"]


@needs_curl
def test_an_empty_body_keeps_its_length(server: Server, tmp_path: Path) -> None:
    _, lines, _ = sent(server, tmp_path, observation(server.port, "/", b"POST", (b"Content-Length", b"0")))
    assert lines[-1] == b"Content-Length: 0"


@needs_curl
@given(
    st.binary(max_size=40).filter(lambda value: value.strip() == value and not set(value) & {0, 10, 13}),
    st.binary(max_size=300),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes(server: Server, tmp_path: Path, value: bytes, body: bytes) -> None:
    of = observation(server.port, "/", b"PUT", (b"Content-Type", b"a/b"), (b"X-Any", value), has_body=bool(body))
    _, lines, content = sent(server, tmp_path, of, body)
    assert (b"X-Any: " + value).rstrip() in lines
    assert content == body


@pytest.mark.parametrize(
    ("scheme", "http2", "wanted"),
    [
        ("http", False, " --http1.1 "),
        ("https", False, " --http1.1 "),
        ("http", True, " --http2-prior-knowledge "),
        ("https", True, " --http2 "),
    ],
)
def test_http_version(scheme: str, http2: bool, wanted: str) -> None:
    of = observation(http2=http2)
    of.url = of.url._replace(scheme=scheme)
    assert wanted in script(of)


def test_what_cannot_be_sent_is_said() -> None:
    odd = observation(80, "/a\0b", b"G\0T", (b"X", b"a\r\nY: b"), (b"@f", b"1"), (b"Z", b"\0"))
    text = script(odd)
    assert "# Left out: the method G\\x00T, which curl cannot send" in text
    assert "# Left out: the header X, which curl cannot send" in text
    assert "# Left out: the header @f, which curl cannot send" in text
    assert "# Left out: the header Z, which curl cannot send" in text
    assert "# Left out: NUL in the URL: escaped" in text
    assert "Y: b" not in text
    posted = observation(80, "/", b"POST", has_body=True)
    assert "# Left out: the body, which was not kept" in script(posted, None)
    long = script(posted, b"x" * 5000)
    assert "# Left out: the body of 5,000 bytes, read from body.bin" in long
    assert "--data-binary @body.bin" in long
    assert "xxxx" not in long


# ── the same without curl ─────────────────────────────────────────────────────────────────────────────────────────────

STAND_IN = '#!/bin/sh\n{ printf "%s\\0" "$@"; } > "$SEEN"\ncase "$*" in *@-*) cat > "$SEEN.body";; esac\n'


@contextmanager
def stand_in(folder: Path) -> Iterator[dict[str, str]]:
    """A `curl` that writes down how it was called."""
    (folder / "bin").mkdir(exist_ok=True)
    program = folder / "bin" / "curl"
    program.write_text(STAND_IN)
    program.chmod(0o755)
    yield {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "SEEN": str(folder / "seen")}


@pytest.mark.parametrize("value", HOSTILE)
def test_arguments(value: bytes, tmp_path: Path) -> None:
    """Each is one word to the shell, whatever it holds."""
    of = observation(80, "/p", b"POST", (b"X-Odd", value), has_body=True)
    with stand_in(tmp_path) as variables:
        done = shell(script(of, value), tmp_path, **variables)
        assert (done.returncode, done.stderr) == (0, b"")
    words = (tmp_path / "seen").read_bytes().split(b"\0")[:-1]
    assert words[:7] == [b"-i", b"-X", b"POST", b"--http1.1", b"--path-as-is", b"-g", b"http://127.0.0.1/p"]
    assert b"X-Odd: " + value in words
    piped = tmp_path / "seen.body"
    assert (piped.read_bytes() if piped.exists() else words[-1]) == value


@pytest.mark.parametrize("width", [20, 60, 79, 80, 200])
@pytest.mark.parametrize("value", [b"y" * 500, b"a\\" * 90, b"x'" * 60, b"short", b"\xff" * 90])
def test_broken_lines_mean_the_same(width: int, value: bytes, tmp_path: Path) -> None:
    """In a terminal, lines are broken where the shell joins them again."""
    of = observation(80, "/" + "p" * 100, b"POST", (b"X-Long", value), has_body=True)
    texts = [curl.script([curl.Request(of, "it")], lambda _: value, secrets=True, width=each) for each in (None, width)]
    words = []
    for text in texts:
        with stand_in(tmp_path) as variables:
            done = shell(text, tmp_path, **variables)
            assert (done.returncode, done.stderr) == (0, b"")
        words.append((tmp_path / "seen").read_bytes())
    assert words[0] == words[1]
    if b"'" not in value and value.isascii() and width >= 60:
        assert all(len(line) <= width for line in texts[1].splitlines())


# ── secrets ───────────────────────────────────────────────────────────────────────────────────────────────────────────

SECRET = b"s3cr3t"


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        (b"Cookie", b"a=s3cr3t; b=s3cr3t", "-H 'Cookie: a=REDACTED; b=REDACTED'"),
        (b"cookie", b"s3cr3t", "-H 'cookie: REDACTED'"),
        (b"Authorization", b"Bearer s3cr3t", "-H 'Authorization: Bearer REDACTED'"),
        (b"Authorization", b"s3cr3t", "-H 'Authorization: REDACTED'"),
        (b"Proxy-Authorization", b"Basic s3cr3t", "-H 'Proxy-Authorization: Basic REDACTED'"),
        (b"X-Api-Key", b"s3cr3t", "-H 'X-Api-Key: REDACTED'"),
        (b"Ocp-Apim-Subscription-Key", b"s3cr3t", "-H 'Ocp-Apim-Subscription-Key: REDACTED'"),
        (b"apikey", b"s3cr3t", "-H 'apikey: REDACTED'"),
        (b"X-Auth-Token", b"s3cr3t", "-H 'X-Auth-Token: REDACTED'"),
        (b"X-XSRF-TOKEN", b"s3cr3t", "-H 'X-XSRF-TOKEN: REDACTED'"),
        (b"PRIVATE-TOKEN", b"s3cr3t", "-H 'PRIVATE-TOKEN: REDACTED'"),
        (b"X-Amz-Security-Token", b"s3cr3t", "-H 'X-Amz-Security-Token: REDACTED'"),
        (b"X-Goog-Api-Key", b"s3cr3t", "-H 'X-Goog-Api-Key: REDACTED'"),
        (
            b"Referer",
            b"https://a.test/?access_token=s3cr3t&b=1",
            "'Referer: https://a.test/?access_token=REDACTED&b=1'",
        ),
        (
            b"Referer",
            b"https://a.test/?code=s3cr3t&key=s3cr3t&zip_code=1",
            "'Referer: https://a.test/?code=REDACTED&key=REDACTED&zip_code=1'",
        ),
    ],
)
def test_secret_headers(name: bytes, value: bytes, wanted: str) -> None:
    of = observation(80, "/", b"GET", (name, value))
    hidden = script(of, secrets=False)
    assert wanted in hidden
    assert "s3cr3t" not in hidden
    assert "# Replaced by REDACTED: " in hidden
    assert "s3cr3t" in script(of, secrets=True)
    assert "REDACTED" not in script(of, secrets=True)


@pytest.mark.parametrize(
    "name",
    [
        b"Content-Type",
        b"Sec-Fetch-Mode",
        b"X-Requested-With",
        b"Author",
        b"Access-Control-Request-Headers",
        b"Passport",
    ],
)
def test_other_headers_stay(name: bytes) -> None:
    assert f"'{name.decode()}: x-token'" in script(observation(80, "/", b"GET", (name, b"x-token")), secrets=False)


def test_secrets_in_a_multipart_body() -> None:
    """Its lines end as the wire has them, so it is piped."""
    parts = [("user", b"ann"), ("password", b"s3cr3t\r\ns3cr3t"), ("note", b"x")]
    body = b"".join(
        b'--B\r\nContent-Disposition: form-data; name="%b"\r\nX: y\r\n\r\n%b\r\n' % (name.encode(), value)
        for name, value in parts
    )
    text = script(observation(80, "/", b"POST", has_body=True), body + b"--B--\r\n", secrets=False)
    assert "s3cr3t" not in text
    assert "\\015\\012REDACTED\\015\\012" in text
    assert "ann" in text
    assert '# Replaced by REDACTED: "password" in the body' in text


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b"user=ann&password=s3cr3t&x=1", "user=ann&password=REDACTED&x=1"),
        (b'{"user": "ann", "password": "s3cr3t\\" s3cr3t"}', '{"user": "ann", "password": "REDACTED"}'),
        (b'[{"accessToken":"s3cr3t"},{"pin": 53}]', '[{"accessToken":"REDACTED"},{"pin": "REDACTED"}]'),
        (b'{"token": ["a"], "name": "b"}', '{"token": ["a"], "name": "b"}'),
    ],
)
def test_secrets_in_the_body_and_the_url(body: bytes, wanted: str) -> None:
    of = observation(80, "/x?api_key=s3cr3t&page=2", b"POST", has_body=True)
    text = script(of, body, secrets=False)
    assert wanted in text
    assert "/x?api_key=REDACTED&page=2'" in text
    assert "s3cr3t" not in text


# ── which requests ────────────────────────────────────────────────────────────────────────────────────────────────────

GRANTED = (*ALLOW_PUT, ("Access-Control-Allow-Credentials", "true"), ("Access-Control-Max-Age", "600"))


def told(*flows: http.HTTPFlow, of: int = -1) -> list[str]:
    """The comment and the method of each command."""
    judgements = observe(*flows)
    known = {each.observation.flow_id: each.observation for each in judgements}
    requests, remarks = curl.requests_of(judgements[of], known.get)
    return [f"{each.about}: {each.observation.method.decode()}" for each in requests] + remarks


def test_a_pair_whichever_was_asked_for() -> None:
    pair = (preflight(GRANTED), actual(ALLOW, method="PUT", at=0.1))
    assert told(*pair, of=0) == ["the preflight, answered 204: OPTIONS", "the request it is for, answered 200: PUT"]
    assert told(*pair, of=1) == ["the preflight, answered 204: OPTIONS", "the request, answered 200: PUT"]


def test_a_refused_preflight() -> None:
    assert told(preflight(ALLOW)) == [
        "the preflight, answered 204: OPTIONS",
        "The PUT itself was not seen: the preflight was refused.",
    ]


def test_a_cached_preflight() -> None:
    flows = [preflight(GRANTED), actual(ALLOW, method="PUT", at=0.1), actual(ALLOW, method="PUT", at=9)]
    assert told(*flows) == [
        "the preflight whose cached answer served, answered 204: OPTIONS",
        "the request, answered 200: PUT",
    ]


def test_no_preflight_is_needed() -> None:
    assert told(actual(ALLOW)) == ["the request, answered 200: GET"]
    assert told(actual(ALLOW, status=None)) == ["the request, no answer came: GET"]


def test_an_unseen_preflight_is_put_together() -> None:
    given_flow = actual(ALLOW, method="PUT", request=[("X-B", "1"), ("Content-Type", "application/json"), ("X-A", "2")])
    [judgement] = observe(given_flow)
    requests, _ = curl.requests_of(judgement, lambda _: None)
    assert [each.about for each in requests] == [
        "the preflight, not seen: put together from the request",
        "the request, answered 200",
    ]
    made = requests[0].observation
    assert made.method == b"OPTIONS"
    lines = dict(made.request)
    assert lines[b"Access-Control-Request-Method"] == b"PUT"
    assert lines[b"Access-Control-Request-Headers"] == b"content-type,x-a,x-b"
    assert lines[b"Origin"] == PAGE.encode()
    assert b"X-A" not in lines


# ── the command ───────────────────────────────────────────────────────────────────────────────────────────────────────


def lines_of(running: Any, *arguments: Any, caplog: pytest.LogCaptureFixture) -> str:
    caplog.clear()
    with caplog.at_level("INFO"):
        assert running.command("cors.curl", *arguments) == "The commands are in the event log."
    return caplog.messages[-1]


def test_command(caplog: pytest.LogCaptureFixture) -> None:
    """With bodies, and secrets only where asked for."""
    asked = preflight(GRANTED)
    put = actual(ALLOW, method="PUT", at=0.1, request=[("Cookie", "sid=s3cr3t")])
    put.request.content = json.dumps({"a": 1}).encode()
    with proxy() as running:
        running.pass_through(asked, put)
        for each in (asked, put):
            text = lines_of(running, each, caplog=caplog)
            assert text.count("curl -i -X") == 2
            assert "-H 'Access-Control-Request-Method: PUT'" in text
            assert "-H 'Cookie: sid=REDACTED'" in text
            assert "--data-raw '{\"a\": 1}'" in text
        assert "sid=s3cr3t" in lines_of(running, put, True, caplog=caplog)
        with pytest.raises(exceptions.CommandError, match="HTTP exchanges only"):
            running.command("cors.curl", tflow.ttcpflow())


def test_command_for_any_flow(caplog: pytest.LogCaptureFixture) -> None:
    """Also one that CORS does not concern; in reverse mode, mitmproxy has put another name into Host."""
    plain = flow(url="http://127.0.0.1:9000/x", connection=client(mode="reverse:http://127.0.0.1:9000", tls=False))
    with proxy() as running:
        text = lines_of(running, plain, caplog=caplog)
    assert text.startswith("# The request\ncurl -i -X GET --http1.1 --path-as-is -g \\\n  'http://127.0.0.1:8080/x'")
    assert "Host" not in text


def test_a_host_that_is_none() -> None:
    """A damaged recording may have any text there: it is quoted like the rest."""
    [judgement] = observe(actual(ALLOW))
    odd = replace(judgement.observation, url=judgement.observation.url._replace(host="h\u4e16\ud800.test"))
    told = curl.script([curl.Request(odd, "the request itself")], lambda _flow_id: None)
    assert '"$(printf ' in told
    assert told.isascii()
