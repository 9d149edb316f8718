"""URLs and origins: hosts, ports, and where a Location leads."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cors_addon.fetch.origins import (
    Target,
    Url,
    host_to_ascii,
    is_loopback,
    is_potentially_trustworthy,
    is_valid_url,
    parse_url,
    resolve,
    serialize_origin,
)
from tests.cases.values import (
    BASE,
    HOSTS,
    LOCATIONS,
    VALID_URLS,
    Location,
)


def rows[Key, Value](table: dict[Key, Value]) -> list[object]:
    """The rows of a table."""
    return [pytest.param(key, value, id=repr(key)[:60]) for key, value in table.items()]


@pytest.mark.parametrize(("location", "expected"), rows(LOCATIONS))
def test_location(location: bytes, expected: Location) -> None:
    """Parsed against the URL that answered with it."""
    base = parse_url(BASE)
    assert base is not None
    target = resolve(location, base)
    found = Location(target.url and str(target.url), target.has_credentials, target.unusable)
    assert found == expected


@pytest.mark.parametrize("location", [key for key, value in LOCATIONS.items() if value.url])
def test_what_a_location_leads_to_leads_to_itself(location: bytes) -> None:
    """Resolving is idempotent, and does not depend on the base then."""
    base = parse_url(BASE)
    assert base is not None
    url = resolve(location, base).url
    assert url is not None
    assert resolve(str(url).encode(), base) == Target(url, None, has_credentials=False, text=str(url))
    assert parse_url(str(url)) == url


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        (b"/x", "https://api.test/x"),
        (b"https://other.test:443/#x", "https://other.test/"),
        (b"https://user:word@other.test:8443/x", "https://user:word@other.test:8443/x"),
        (b"https://user:@other.test/", "https://user@other.test/"),
        (b" https://a^b/ ", "https://a^b/"),
        (b"mailto:a@b.test", "mailto:a@b.test"),
    ],
)
def test_a_target_shows_its_userinfo(location: bytes, shown: str) -> None:
    """As browsers name it in their messages; what is no URL is shown as it stands."""
    base = parse_url(BASE)
    assert base is not None
    assert resolve(location, base).text == shown


@pytest.mark.parametrize(("host", "expected"), rows(HOSTS))
def test_host(host: str, expected: str | None) -> None:
    """In an origin a host is ASCII and lower case."""
    assert host_to_ascii(host) == expected


@pytest.mark.parametrize(
    ("scheme", "host", "port", "expected"),
    [
        ("http", "a.test", 80, "http://a.test"),
        ("http", "a.test", 443, "http://a.test:443"),
        ("https", "a.test", 443, "https://a.test"),
        ("https", "a.test", 80, "https://a.test:80"),
        ("https", "[::1]", 8443, "https://[::1]:8443"),
        ("ws", "a.test", 80, "ws://a.test"),
        ("wss", "a.test", 443, "wss://a.test"),
        ("ftp", "a.test", 21, "ftp://a.test"),
    ],
)
def test_default_ports_are_never_written(scheme: str, host: str, port: int, expected: str) -> None:
    """Nor is any other left out."""
    assert serialize_origin(scheme, host, port) == expected
    assert Url(scheme, host, port, "/").origin == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://a.test", Url("https", "a.test", 443, "/")),
        ("http://user@A.test:8000/b?c#d", Url("http", "a.test", 8000, "/b?c")),
        ("http://[::1]/", Url("http", "[::1]", 80, "/")),
        ("a.test", None),
        ("//a.test", None),
        ("/a", None),
        ("", None),
        ("ws://a.test/", None),
        ("data:,", None),
        ("http://", None),
        ("http:a.test", Url("http", "a.test", 80, "/")),
        ("http://\udcff/", None),
    ],
)
def test_parse_url(text: str, expected: Url | None) -> None:
    """Absolute http(s) URLs only; nothing raises."""
    assert parse_url(text) == expected


@pytest.mark.parametrize(("text", "expected"), rows(VALID_URLS))
def test_is_valid_url(text: str, expected: bool) -> None:
    """Whether browsers call an Access-Control-Allow-Origin invalid."""
    assert is_valid_url(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://a.test/", True),
        ("http://a.test/", False),
        ("http://localhost:3000/", True),
        ("http://x.localhost/", True),
        ("http://LOCALHOST./", True),
        ("http://127.1/", True),
        ("http://notlocalhost/", False),
        ("http://localhost.test/", False),
        ("http://127.0.0.1:8000/", True),
        ("http://127.255.0.9/", True),
        ("http://128.0.0.1/", False),
        ("http://127.a.test/", False),
        ("http://[::1]/", True),
        ("http://[::2]/", False),
        ("http://web-platform.test:8000/", False),
    ],
)
def test_is_potentially_trustworthy(text: str, expected: bool) -> None:
    """Where Fetch metadata is sent to, and Secure cookies are."""
    url = parse_url(text)
    assert url is not None
    assert is_potentially_trustworthy(url) is expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("localhost.", True),
        ("app.localhost", True),
        ("a.b.localhost.", True),
        ("localhost..", False),
        ("notlocalhost", False),
        ("localhost.test", False),
        ("localhost.evil.example", False),
        ("127.0.0.1", True),
        ("127.0.0.1.", True),
        ("127.255.255.254", True),
        ("127.1", True),
        ("0x7f.1", True),
        ("0177.0.0.1", True),
        ("2130706433", True),
        ("126.255.255.255", False),
        ("128.0.0.1", False),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("127.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("127.0.0.256", False),
        ("127.0.0.0.1", False),
        ("127.", False),  # the number 127, which is the address 0.0.0.127
        ("[::1]", True),
        ("[0:0:0:0:0:0:0:1]", True),
        ("[::2]", False),
        ("[::]", False),
        ("[::ffff:127.0.0.1]", False),
        ("[fe80::1]", False),
        ("::1", False),
        ("[localhost]", False),
        ("", False),
    ],
)
def test_is_loopback(host: str, expected: bool) -> None:
    """Names and addresses that no one else can have, in each form that the URL standard reads."""
    assert is_loopback(host) is expected


@given(
    st.tuples(
        st.sampled_from(["http://", "https://", "HTTP://", "http:/", "ws://", ""]),
        st.sampled_from(["a.test", "a.test:80", "A.test", "a..b", "1.2", "a.test:", ":", "a:b", "u@a.test", "a.test."]),
        st.text(st.sampled_from("/.%2eE?#ab'\\ ~[é"), max_size=12),
    )
)
def test_a_url_that_stays_as_it_is(parts: tuple[str, str, str]) -> None:
    """To find that it does gives what parsing gives."""
    text = "".join(parts)
    parsed = resolve(text.encode(), Url("none", "", 0, "/"))
    assert parse_url(text) == (parsed.url if re.match(r"\w+:", text) else None)
