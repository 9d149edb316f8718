"""Tables of single values, from the Fetch, URL and HTTP standards. They seed the strategies of test_properties.py."""

from typing import NamedTuple

from cors_addon.fetch.origins import Unusable

SEPARATORS = '"(),/:;<=>?@[\\]{} \t'
"""ASCII that no token holds, controls aside. https://httpwg.org/specs/rfc9110.html#rule.token.separators"""

LISTS: dict[str, tuple[str, ...] | None] = {
    "": (),
    "PUT": ("PUT",),
    "GET,PUT": ("GET", "PUT"),
    "GET, PUT": ("GET", "PUT"),
    " GET\t,\tPUT ": ("GET", "PUT"),
    ",": (),
    ",, PUT ,,": ("PUT",),
    "PUT, PUT": ("PUT", "PUT"),
    "*": ("*",),
    "*, PUT": ("*", "PUT"),
    "x-a, X-A": ("x-a", "X-A"),
    "PUT;": None,
    "GET PUT": None,
    "GET; q=1, PUT": None,
    '"PUT"': None,
    "PUT, (GET)": None,
    "x-tokén": None,
    "@": None,
    "x:y": None,
    "PUT\x00": None,
    "\xa0PUT": None,
    "[]": None,
}
"""A combined value, and the tokens in it; None where an item is none."""

ESSENCES: dict[str, str | None] = {
    "text/plain": "text/plain",
    "TEXT/Plain": "text/plain",
    " text/plain ": "text/plain",
    "text/plain;charset=UTF-8": "text/plain",
    "text/plain ; charset=UTF-8": "text/plain",
    "text/plain;": "text/plain",
    "text/plain;;;": "text/plain",
    "multipart/form-data; boundary=x": "multipart/form-data",
    "application/x-www-form-urlencoded": "application/x-www-form-urlencoded",
    "application/json": "application/json",
    "application/vnd.api+json": "application/vnd.api+json",
    "text": None,
    "text/": None,
    "/plain": None,
    "": None,
    "text /plain": None,
    "text/ plain": None,
    "text/plain, text/html": None,
    "te(xt/plain": None,
    "text/pl@in": None,
    "text;/plain": None,
    "text/plain/x": None,
}
"""https://mimesniff.spec.whatwg.org/#parse-a-mime-type"""

UNSAFE_BYTES = bytes(range(0x09)) + bytes(range(0x0A, 0x20)) + b'"():<>?@[\\]{}\x7f'
"""https://fetch.spec.whatwg.org/#cors-unsafe-request-header-byte"""

SAFELISTED_VALUES: dict[tuple[str, str], bool] = {
    ("accept", "*/*"): True,
    ("accept", ""): True,
    ("accept", "text/html;q=0.9, */*"): True,
    ("accept", "text/html\t"): True,
    ("accept", "\xe9"): True,
    ("accept", 'text/html;v="b3"'): False,
    ("accept", "a:b"): False,
    ("accept", "a" * 128): True,
    ("accept", "a" * 129): False,
    ("accept-language", "en-GB,en;q=0.5, *"): True,
    ("accept-language", ""): True,
    ("accept-language", "en_GB"): False,
    ("accept-language", "en\tde"): False,
    ("accept-language", "de(AT)"): False,
    ("accept-language", "\xe9"): False,
    ("content-language", "de-AT"): True,
    ("content-language", "de/AT"): False,
    ("content-language", "a" * 129): False,
    ("content-type", "text/plain"): True,
    ("content-type", "Text/Plain;charset=utf-8"): True,
    ("content-type", "multipart/form-data; boundary=----WebKitFormBoundaryA1b2C3"): True,
    ("content-type", "application/x-www-form-urlencoded;charset=UTF-8"): True,
    ("content-type", "text/plain; x=" + "a" * 114): True,
    ("content-type", "text/plain; x=" + "a" * 115): False,
    ("content-type", 'text/plain; charset="utf-8"'): False,
    ("content-type", "text/plain, text/plain"): False,
    ("content-type", "application/json"): False,
    ("content-type", "text/html"): False,
    ("content-type", "text"): False,
    ("content-type", ""): False,
    ("range", "bytes=0-"): True,
    ("range", "bytes=0-0"): True,
    ("range", "bytes=100-200"): True,
    ("range", "bytes=00-01"): True,
    ("range", "bytes=200-100"): False,
    ("range", "bytes=-100"): False,
    ("range", "bytes=-"): False,
    ("range", "bytes=0-1,3-4"): False,
    ("range", "bytes=0 - 1"): False,
    ("range", "bytes = 0-1"): False,
    ("range", "Bytes=0-"): False,
    ("range", "BYTES=0-1"): False,
    ("range", "items=0-"): False,
    ("range", "bytes=a-"): False,
    ("range", "bytes=0-9223372036854775806"): True,
    ("range", "bytes=9223372036854775806-"): True,
    ("range", "bytes=0-9223372036854775807"): True,
    ("range", "bytes=0-9223372036854775808"): True,
    ("range", "bytes=9223372036854775807-"): True,
    ("range", "bytes=9223372036854775808-"): True,
    ("range", "bytes=0-18446744073709551615"): True,
    ("range", "bytes=18446744073709551615-"): True,
    ("range", "bytes=0-18446744073709551616"): True,
    ("range", "bytes=18446744073709551616-"): True,
    ("range", "bytes=0-" + "0" * 100 + "5"): True,
    ("range", "bytes=+1-2"): False,
    ("range", "bytes=1-+2"): False,
    ("range", "bytes=++1-"): False,
    ("range", "bytes=0-" + "9" * 119): True,
    ("range", "bytes=0-" + "9" * 121): False,
    ("range", ""): False,
}
"""Whether a value of a safelisted name is safelisted. https://fetch.spec.whatwg.org/#cors-safelisted-request-header"""

SAFELISTED_ELSEWHERE: dict[tuple[str, str], dict[str, bool]] = {
    ("range", "Bytes=0-"): {"webkit": True},
    ("range", "BYTES=0-1"): {"webkit": True},
    ("range", "bytes=+1-2"): {"webkit": True},
    ("range", "bytes=1-+2"): {"webkit": True},
    **{
        ("range", value): {"chromium": False}
        for number in (2**63 - 1, 2**63, 2**64 - 1)
        for value in (f"bytes=0-{number}", f"bytes={number}-")
    },
    **{
        ("range", value): dict.fromkeys(("chromium", "gecko", "webkit"), False)
        for value in ("bytes=0-18446744073709551616", "bytes=18446744073709551616-", "bytes=0-" + "9" * 119)
    },
}
"""Where engines differ: they keep the numbers of a Range in 64 bits, Chromium with a sign and one less;
WebKit minds neither case nor a leading +."""

BASE = "https://api.test/dir/file?q=1"


class Location(NamedTuple):
    """Where a Location leads from BASE."""

    url: str | None = None
    credentials: bool = False
    unusable: Unusable | None = None


UNPARSABLE = Location(unusable=Unusable.UNPARSABLE)
UNSAFE = Location(unusable=Unusable.UNSAFE_SCHEME)
OTHER = Location(unusable=Unusable.OTHER_SCHEME)

LOCATIONS: dict[bytes, Location] = {
    # absolute
    b"https://other.test/x": Location("https://other.test/x"),
    b"HTTPS://OTHER.Test/X?Y": Location("https://other.test/X?Y"),
    b"http://other.test": Location("http://other.test/"),
    b"https://other.test?x": Location("https://other.test/?x"),
    b"https://other.test#x": Location("https://other.test/"),
    b"https:other": Location("https://api.test/dir/other"),
    b"https:/other": Location("https://api.test/other"),
    b"https:\\other": Location("https://api.test/other"),
    b"https:?r": Location("https://api.test/dir/file?r"),
    b"http:other/x": Location("http://other/x"),
    b"http:/other/x": Location("http://other/x"),
    b"http:///other/x": Location("http://other/x"),
    # relative
    b"other": Location("https://api.test/dir/other"),
    b"other/": Location("https://api.test/dir/other/"),
    b"./other": Location("https://api.test/dir/other"),
    b"../other": Location("https://api.test/other"),
    b"../../../other": Location("https://api.test/other"),
    b"/root": Location("https://api.test/root"),
    b"/": Location("https://api.test/"),
    b"?r=2": Location("https://api.test/dir/file?r=2"),
    b"?": Location("https://api.test/dir/file?"),
    b"#part": Location("https://api.test/dir/file?q=1"),
    b"other?a#b?c": Location("https://api.test/dir/other?a"),
    b"1http://other.test/": Location("https://api.test/dir/1http://other.test/"),
    b"x/https://other.test/": Location("https://api.test/dir/x/https://other.test/"),
    # of the same scheme
    b"//other.test/x": Location("https://other.test/x"),
    b"///other.test/x": Location("https://other.test/x"),
    b"//other.test:8443": Location("https://other.test:8443/"),
    # backslashes
    b"\\\\other.test\\x": Location("https://other.test/x"),
    b"/\\other.test/x": Location("https://other.test/x"),
    b"https:\\\\other.test\\a\\b?c\\d": Location("https://other.test/a/b?c\\d"),
    b"\\root": Location("https://api.test/root"),
    b"https://other.test\\@evil.test/": Location("https://other.test/@evil.test/"),
    # dot segments
    b"/a/b/../c": Location("https://api.test/a/c"),
    b"/a/./b": Location("https://api.test/a/b"),
    b"/a/..": Location("https://api.test/"),
    b"/a/.": Location("https://api.test/a/"),
    b"/a/%2e%2E/b": Location("https://api.test/b"),
    b"/a/.%2e/b": Location("https://api.test/b"),
    b"/a/%2e/b": Location("https://api.test/a/b"),
    b"/a//b": Location("https://api.test/a//b"),
    b"/a//../b": Location("https://api.test/a/b"),
    b"/..": Location("https://api.test/"),
    b"/.a/..b/...": Location("https://api.test/.a/..b/..."),
    b"/a?../b": Location("https://api.test/a?../b"),
    # tabs, newlines, spaces
    b"/a\tb\r\nc": Location("https://api.test/abc"),
    b"ht\ntps://oth\ter.test/": Location("https://other.test/"),
    b" \x00\x1fhttps://other.test/ \x0c": Location("https://other.test/"),
    b"/a b?c d": Location("https://api.test/a%20b?c%20d"),
    b"https://oth er.test/": UNPARSABLE,
    # bytes that are no UTF-8, in a host
    b"https://b\xfccher.test/": UNPARSABLE,
    b"https://b%FCcher.test/": UNPARSABLE,
    "https://b\ufffdcher.test/".encode(): UNPARSABLE,
    # percent-encoding
    "/é?é".encode(): Location("https://api.test/%C3%A9?%C3%A9"),
    b"/\xfe": Location("https://api.test/%FE"),
    b"/\xc3\xa9\xfe": Location("https://api.test/%C3%A9%FE"),
    b"/%e9%2F%zz%": Location("https://api.test/%e9%2F%zz%"),
    b'/"<>`{}': Location("https://api.test/%22%3C%3E%60%7B%7D"),
    b"/^": Location("https://api.test/%5E"),
    b"/|'[]!$&()*+,;=:@~": Location("https://api.test/|'[]!$&()*+,;=:@~"),
    b"?\"<>'": Location("https://api.test/dir/file?%22%3C%3E%27"),
    b"?`{|}^[]\\?/": Location("https://api.test/dir/file?`{|}^[]\\?/"),
    b"/\x01\x7f": Location("https://api.test/%01%7F"),
    # userinfo
    b"https://user@other.test/": Location("https://other.test/", credentials=True),
    b"https://user:word@other.test/": Location("https://other.test/", credentials=True),
    b"https://:word@other.test/": Location("https://other.test/", credentials=True),
    b"https://user:@other.test/": Location("https://other.test/", credentials=True),
    b"https://@other.test/": Location("https://other.test/"),
    b"https://:@other.test/": Location("https://other.test/"),
    b"https://a@b@other.test/": Location("https://other.test/", credentials=True),
    b"//user@other.test/": Location("https://other.test/", credentials=True),
    b"https://user@api.test/": Location("https://api.test/", credentials=True),
    b"/user@other.test": Location("https://api.test/user@other.test"),
    b"https://other.test/?user@x": Location("https://other.test/?user@x"),
    b"https://user@/": UNPARSABLE,
    # ports
    b"https://other.test:443/": Location("https://other.test/"),
    b"http://other.test:80/": Location("http://other.test/"),
    b"http://other.test:443/": Location("http://other.test:443/"),
    b"https://other.test:/": Location("https://other.test/"),
    b"https://other.test:0008443/": Location("https://other.test:8443/"),
    b"https://other.test:0/": Location("https://other.test:0/"),
    b"https://other.test:65535/": Location("https://other.test:65535/"),
    b"https://other.test:65536/": UNPARSABLE,
    b"https://other.test:99999999999/": UNPARSABLE,
    b"https://other.test:000000099999/": UNPARSABLE,
    b"https://other.test:" + b"0" * 5000 + b"/": Location("https://other.test:0/"),
    b"https://other.test:8443x/": UNPARSABLE,
    b"https://other.test:-1/": UNPARSABLE,
    b"https://other.test:+1/": UNPARSABLE,
    "https://other.test:٣/".encode(): UNPARSABLE,
    b"https://other.test: 1/": UNPARSABLE,
    b"https://other.test:1:2/": UNPARSABLE,
    # hosts
    "https://bücher.test/".encode(): Location("https://xn--bcher-kva.test/"),
    "https://BÜCHER.test/".encode(): Location("https://xn--bcher-kva.test/"),
    b"https://b%C3%BCcher.test/": Location("https://xn--bcher-kva.test/"),
    b"https://%6fther.test/": Location("https://other.test/"),
    b"https://other.test./": Location("https://other.test./"),
    b"https://": UNPARSABLE,
    b"https:///": UNPARSABLE,
    b"//": UNPARSABLE,
    b"https://a^b/": UNPARSABLE,
    b"https://a|b/": UNPARSABLE,
    b"https://a<b/": UNPARSABLE,
    b"https://a%00b/": UNPARSABLE,
    b"https://a%2fb/": UNPARSABLE,
    b"https://a%ffb/": UNPARSABLE,
    b"https://[2001:DB8:0:0:0:0:0:1]/": Location("https://[2001:db8::1]/"),
    b"https://[::1]:8443/": Location("https://[::1]:8443/"),
    b"https://[1:0:0:2:0:0:0:3]/": Location("https://[1:0:0:2::3]/"),
    b"https://[1:0:2:3:4:5:6:7]/": Location("https://[1:0:2:3:4:5:6:7]/"),
    b"https://[::ffff:1.2.3.4]/": Location("https://[::ffff:102:304]/"),
    b"https://[fe80::1%25en0]/": UNPARSABLE,
    b"https://[fe80::1%en0]/": UNPARSABLE,
    b"https://[::1/": UNPARSABLE,
    b"https://[::1]x/": UNPARSABLE,
    b"https://[]/": UNPARSABLE,
    b"https://[1.2.3.4]/": UNPARSABLE,
    b"https://1.2.3.4/": Location("https://1.2.3.4/"),
    b"https://127.1/": Location("https://127.0.0.1/"),
    b"https://0x7f.0.0.1/": Location("https://127.0.0.1/"),
    b"https://2130706433/": Location("https://127.0.0.1/"),
    b"https://1.2.3.4./": Location("https://1.2.3.4/"),
    b"https://256.0.0.1/": UNPARSABLE,
    b"https://1.2.3.4.5/": UNPARSABLE,
    b"https://a.9/": UNPARSABLE,
    b"https://1.2.3.4a/": Location("https://1.2.3.4a/"),
    # other schemes
    b"data:text/plain,x": UNSAFE,
    b"file:///etc/passwd": UNSAFE,
    b"about:blank": UNSAFE,
    b"blob:https://other.test/x": UNSAFE,
    b"filesystem:https://other.test/x": UNSAFE,
    b"mailto:a@b.test": OTHER,
    b"ftp://other.test/": OTHER,
    b"wss://other.test/": OTHER,
    b"javascript:1": OTHER,
    b"x+y-z.1:": OTHER,
}

HOSTS: dict[str, str | None] = {
    "example.test": "example.test",
    "EXAMPLE.Test": "example.test",
    "example.test.": "example.test.",
    "a_b.test": "a_b.test",
    "*.test": "*.test",
    "faß.test": "xn--fa-hia.test",
    "FASS.test": "fass.test",
    "日本語。test": "xn--wgv71a119e.test",
    "a．b｡test": "a.b.test",
    "ＡＢＣ.test": "abc.test",
    "ℂ.test": "c.test",
    "𝐀.test": "a.test",
    "ΒΌΛΟΣ.test": "xn--nxasmq6b.test",
    "βόλος.test": "xn--nxasmm1c.test",
    "a\u00adb.test": "ab.test",
    "☃.test": "xn--n3h.test",
    "xn--n3h.test": "xn--n3h.test",
    "%41.test": "a.test",
    "%C3%9F.test": "xn--zca.test",
    "": None,
    "a b": None,
    "a%20b": None,
    "a%": None,
    "a@b": None,
    "a#b": None,
    "a\x7fb": None,
    "a\x01b": None,
    "℀.test": None,
    "%ff": None,
}
"""https://url.spec.whatwg.org/#concept-host-parser, domains only"""

VALID_URLS: dict[str, bool] = {
    "https://app.test": True,
    "https://app.test/": True,
    "https://app.test:8443": True,
    "http://*.app.test": True,
    "https:app.test": True,
    "HTTPS:\\\\app.test": True,
    "ws://app.test": True,
    "ftp://app.test": True,
    "https://[::1]": True,
    "https://user@app.test": True,
    "x:": True,
    "data:,": True,
    "chrome-extension://abcdef": True,
    "file:///x": True,
    "https://b\xc3\xbccher.test": True,
    "": False,
    "null": False,
    "*": False,
    "app.test": False,
    "//app.test": False,
    "true": False,
    "https://": False,
    "https:": False,
    "https://app.test:65536": False,
    "https://app.test:" + "0" * 5000: True,
    "https://app test": False,
    "https://a^b": False,
    "https://[::1": False,
    "1https://app.test": False,
    "\xff": False,
}
"""Whether a header value, isomorphic-decoded, is a URL by itself. https://url.spec.whatwg.org/#concept-url-parser"""

SET_COOKIES: dict[bytes, dict[str, object] | None] = {
    b"a=1": {},
    b"a=1; Path=/x": {"path": "/x"},
    b"a=1; path=x": {},
    b"a=1; PATH=/x; path=/y": {"path": "/y"},
    b"a=1; Domain=example.test": {"host": "example.test", "host_only": False},
    b"a=1; domain=.EXAMPLE.test": {"host": "example.test", "host_only": False},
    b"a=1; Domain=api.example.test": {"host_only": False},
    b"a=1; Domain=": {},
    b"a=1; Domain=other.test": None,
    b"a=1; Domain=x.api.example.test": None,
    b"a=1; Domain=xample.test": None,
    b"a=1; Secure": {"secure": True},
    b"a=1; SECURE; HttpOnly": {"secure": True},
    b"a=1; SameSite=Strict": {"same_site": "strict"},
    b"a=1; samesite=lax": {"same_site": "lax"},
    b"a=1; SameSite=None; Secure": {"same_site": "none", "secure": True},
    b"a=1; SameSite=other": {},
    b"a=1; Max-Age=60": {"expires": 1060.0},
    b"a=1; Max-Age=0": {"expires": 1000.0},
    b"a=1; Max-Age=-1": {"expires": 999.0},
    b"a=1; Max-Age=x": {},
    b"a=1; Max-Age=": {},
    b"a=1; Max-Age=--1": {},
    b"a=1; Max-Age=1-": {},
    b"a=1; Max-Age=-": {},
    b"a=1; Max-Age=\xb2": {},
    b"a=1; Expires=Thu, 01 Jan 1970 00:33:20 GMT": {"expires": 2000.0},
    b"a=1; Expires=Thu, 01-Jan-1970 00:33:20 GMT": {"expires": 2000.0},
    b"a=1; Expires=Thu, 01 Jan 1970 00:33:20": {"expires": 2000.0},
    b"a=1; Expires=never": {},
    b"a=1; Expires=": {},
    b"a=1; Expires=Thu, 01 Jan 1970 00:33:20 GMT; Max-Age=60": {"expires": 1060.0},
    b"a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:33:20 GMT": {"expires": 1060.0},
}
"""A Set-Cookie line of https://api.example.test/dir/file at 1000 s: what differs from a bare `a=1`; None: refused."""

HEADER_SEEDS: tuple[bytes, ...] = tuple(
    dict.fromkeys(
        [
            *(
                value.encode("latin-1")
                for value in (*LISTS, *ESSENCES, *(value for _, value in SAFELISTED_VALUES), *VALID_URLS)
            ),
            *LOCATIONS,
            *SET_COOKIES,
        ]
    )
)
"""Values of any header."""
