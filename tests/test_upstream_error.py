"""What mitmproxy's errors mean; the texts are those of mitmproxy, Python and OpenSSL."""

import pytest

from cors_addon.remedies import upstream_error
from cors_addon.report.situation import remedies_of
from tests.helpers import ALLOW, actual, observe, preflight, proxy


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        ("[Errno 111] Connect call failed ('127.0.0.1', 9999)", "Nothing listens at the server's address"),
        ("[Errno 61] Connect call failed ('::1', 1, 0, 0)", "Nothing listens at the server's address"),
        ("[Errno -2] Name or service not known", "The server's name is not known"),
        ("[Errno 11001] getaddrinfo failed", "The server's name is not known"),
        ("Certificate verify failed: self-signed certificate", "The server's certificate does not hold"),
        ("Certificate verify failed: hostname mismatch", "The server's certificate does not hold"),
        ("The remote server does not speak TLS.", "TLS with the server failed"),
        ("TLS handshake failed: OpenSSL Error([('SSL routines', '', 'x')])", "TLS with the server failed"),
        ("[Errno 110] Connect call failed ('192.0.2.1', 443)", "The server did not answer in time"),
        ("server closed connection", "The server hung up"),
        ("HTTP/1 protocol error: invalid header", "The server's answer breaks HTTP's rules"),
        ("[Errno 113] No route to host", "The server's network cannot be reached"),
        ("Connection killed.", "The connection was cut in mitmproxy"),
        (
            "Received invalid header name: b'Access-Control-Allow-Origin ' from server, refusing to prevent request "
            "smuggling attacks. Disable the validate_inbound_headers option to skip this security check.",
            'mitmproxy refused the server\'s answer: invalid header name "Access-Control-Allow-Origin ". ',
        ),
        (
            'Cannot parse HTTP response: Invalid header line: b"it\'s garbage"',
            "mitmproxy refused the server's answer: invalid header line \"it's garbage\". ",
        ),
        ("Cannot parse HTTP response: Invalid headers", "mitmproxy refused the server's answer"),
        ("something new", "The exchange failed (something new)"),
    ],
)
def test_words(error: str, wanted: str) -> None:
    assert upstream_error.sentences(error, 502).startswith(wanted)
    assert error in upstream_error.sentences(error, None)


def test_who_answered() -> None:
    assert ", and mitmproxy answered 502 in its place, without CORS headers." in upstream_error.sentences("x", 502)
    assert ", and no answer reached the browser." in upstream_error.sentences("x", None)


def test_in_the_list() -> None:
    """That CORS is not to blame is to be seen at a glance."""
    refused = actual([], status=None, error="[Errno 111] Connect call failed ('127.0.0.1', 9999)")
    untrusted = actual([], status=None, error="Certificate verify failed: self-signed certificate", at=1)
    killed = actual([], status=None, error="Connection killed.", at=2)
    streamed = actual(ALLOW, error="server closed connection", at=3)
    assert streamed.response is not None
    streamed.response.stream = True
    with proxy() as running:
        running.pass_through(refused, untrusted, killed, streamed)
    assert [each.comment for each in (refused, untrusted, killed, streamed)] == [
        "✗ connection refused, 502 by mitmproxy · CORS",
        "✗ bad certificate of the server, 502 by mitmproxy · CORS",
        "✗ cut in mitmproxy · CORS",
        '✓ CORS, but ✗ if credentials: "include"',
    ]


@pytest.mark.parametrize("made", [actual, preflight])
def test_in_the_explanation(made: object) -> None:
    """The failure, and no header to add: none would help."""
    assert callable(made)
    failed = made([], status=None, error="[Errno 111] Connect call failed ('127.0.0.1', 9999)")
    with proxy() as running:
        running.pass_through(failed)
        story = " ".join(running.addon._explaining.explain(failed).split())
    assert "behind it Nothing listens at the server's address: the connection was refused" in story
    assert "mitmproxy answered 502 in its place" in story
    assert " fix " not in story
    assert " or now " not in story


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        ("Cannot parse HTTP response: Invalid header line: b'garbage'", 'Mend the header "garbage": '),
        (
            "Received invalid header name: b'X Odd' from server, refusing to prevent request smuggling attacks.",
            'Mend the header "X Odd": ',
        ),
        ("[Errno 111] Connect call failed", "See why mitmproxy gets no answer from api.example.test: [Errno 111]"),
    ],
)
def test_the_remedy_is_not_a_header_of_cors(error: str, wanted: str) -> None:
    """mitmproxy's own page is nothing that the server could put CORS headers on."""
    (judgement,) = observe(actual([], status=None, error=error))
    (remedy,) = remedies_of(judgement)
    assert (remedy.who, remedy.change) == ("server", None)
    assert remedy.what.startswith(wanted)


@pytest.mark.parametrize(
    ("line", "alone"),
    [
        (
            r"b'Access-Control-Allow-Origin\t'",
            "Chromium takes it for Access-Control-Allow-Origin, and Firefox and Safari",
        ),
        (r"b'X\x00Odd'", "Chromium and Safari take nothing of such an answer"),
        ("b'X (Odd)'", "browsers pass such a line over"),
        (r"b'X \'Odd\' \x'", "browsers pass such a line over"),
    ],
)
def test_what_browsers_would_do(line: str, alone: str) -> None:
    """Measured without mitmproxy, and told with any bytes that mitmproxy may quote."""
    assert f"Without mitmproxy {alone}" in upstream_error.sentences(
        f"Received invalid header name: {line} from server", 502
    )
