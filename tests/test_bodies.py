"""What bodies, headers and markup say: sniffing, scripts, structured fields, policies, integrity."""

import struct

import pytest

from cors_addon.engines import orb_chromium
from cors_addon.fetch import csp, integrity, markup, sniff
from cors_addon.fetch.javascript import is_json_text, may_be_javascript
from cors_addon.fetch.mixed_content import as_https, is_ip_or_trustworthy
from cors_addon.fetch.orb import Opaque
from cors_addon.fetch.structured import token_item
from tests.cases.traffic import url

SCRIPTS = [
    "",
    "a",
    "self.ran=(self.ran||0)+1;if(!self.document)postMessage('ran');\n",
    "<!-- old comment\nrun()",
    "#!/usr/bin/env node\nrun()",
    "/* a */ 'use strict'; // b\nvar a = /[/]x/g, b = `${a} c`;",
    'let a = {"b": 1}\nclass C { #d = 1; get e() { return this.#d } static async *f() {} }',
    "for (const x of y) z(x)\nif (a) b(); else c()",
    "x => y\nasync function f() { await g(); }",
    "a ? b : c, d++ / 2, new Map([[1, 2]])",
    "import x from 'y'; export default x; export { x as z }",
    "retry: 60000\ndata: x\n\n",
    "label: while (1) { break label }",
    "tag`text`; 0x1F + 1_000n + .5e-3",
    '({"a": 1})',
    'var πδ = "\\"";',
    "do x(); while (y)\nif (a) /re/.test(b)",
]
NO_SCRIPTS = [
    "<!doctype html><html>",
    '<?xml version="1.0"?><a/>',
    "<svg xmlns='x'/>",
    '{"a": 1, "b": [1, 2]}',
    '{ "a-b" : {',
    ')]}\'\n{"a": 1}',
    "#probe{z-index:7}\n",
    "hello world, this is text",
    "%PDF-1.4\n1 0 obj<</Type/Catalog>>",
    "function f( {",
    "var a = 'unfinished",
    "\x00\x01\x00\x00",
    "Error: no such thing",
]


@pytest.mark.parametrize("text", SCRIPTS)
def test_scripts_may_be_scripts(text: str) -> None:
    """Whatever a script may hold."""
    assert may_be_javascript(text.encode())


@pytest.mark.parametrize("text", NO_SCRIPTS)
def test_what_is_no_script(text: str) -> None:
    """Markup, JSON, text, style sheets, binaries."""
    assert not may_be_javascript(text.encode())


def test_a_long_script_is_cut() -> None:
    """In the midst of a token, too."""
    assert may_be_javascript(b"var a = 'b';\n" * 10_000)
    assert may_be_javascript(b"var a = [" + b"1, " * 40_000 + b"];")


@pytest.mark.parametrize(("body", "wanted"), [(b"[1]", True), (b' "a" ', True), (b"a", False), (b"", False)])
def test_json(body: bytes, wanted: bool) -> None:
    """The whole of it."""
    assert is_json_text(body) is wanted


MP3_FRAME = b"\xff\xfb\x90\x00" + b"\x00" * 413


@pytest.mark.parametrize(
    ("body", "image", "media"),
    [
        (b"GIF89a", True, False),
        (b"\x89PNG\r\n\x1a\n", True, False),
        (b"\xff\xd8\xff\xe0", True, False),
        (b"RIFF\0\0\0\0WEBPVP8 ", True, False),
        (b"<svg", False, False),
        (b"RIFF\0\0\0\0WAVEfmt ", False, True),
        (b"OggS\0", False, True),
        (struct.pack(">I", 16) + b"ftypmp42\0\0\0\0", False, True),
        (struct.pack(">I", 20) + b"ftypisom\0\0\0\0mp41", False, True),
        (struct.pack(">I", 20) + b"ftypisom\0\0\0\0abcd", False, False),
        (b"\x1a\x45\xdf\xa3\x42\x82\x84webm", False, True),
        (MP3_FRAME * 2, False, True),
        (MP3_FRAME, False, False),
        (b"\xff\xf1\x90\x00" * 400, False, False),
        (b"", False, False),
    ],
)
def test_sniffing(body: bytes, image: bool, media: bool) -> None:
    """The standard's patterns."""
    assert (sniff.is_image(body), sniff.is_audio_or_video(body)) == (image, media)


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        (b"<!-- a -->\n<html>", True),
        (b"<!-- a --> <html>\nrun()", False),
        (b"<!-- a\nrun()", False),
        (b"  <TITLE>", True),
        (b"<?xml version='1.0'?>", True),
        (b"for(;;);{}", True),
        (b'{"a" : 1}', True),
        (b"{a: 1}", False),
        (b'{"a"}', False),
        (b"[1]", False),
        (b"hello world", False),
    ],
)
def test_chromium_looks_for_what_is_surely_no_script(body: bytes, refused: bool) -> None:
    """Under a type that says nothing."""
    answer = Opaque(200, "application/octet-stream", nosniff=False, read=lambda _limit: body, media=False)
    assert (orb_chromium.check(answer) is not None) is refused


@pytest.mark.parametrize(
    ("value", "token"),
    [
        ("require-corp", "require-corp"),
        ('require-corp; report-to="x"', "require-corp"),
        ("require-corp;a;b=1;c=?1;d=:YQ==:", "require-corp"),
        ("  require-corp  ", "require-corp"),
        ("require-corp, require-corp", None),
        ('"require-corp"', None),
        ("require-corp;", None),
        ("require-corp; A=1", None),
        ("1", None),
        ("", None),
    ],
)
def test_token_items(value: str, token: str | None) -> None:
    """Parameters pass, if they are any; lists and strings do not."""
    assert token_item(value) == token


PAGE = url("https://app.example.test/")


@pytest.mark.parametrize(
    ("source", "address", "wanted"),
    [
        ("*", "https://a.test/", True),
        ("'self'", "https://app.example.test/x", True),
        ("'self'", "https://app.example.test:8443/x", False),
        ("https:", "https://a.test/", True),
        ("http:", "https://a.test/", True),
        ("https:", "http://a.test/", False),
        ("a.test", "https://a.test/", True),
        ("a.test", "http://a.test/", False),
        ("http://a.test", "https://a.test/", True),
        ("*.a.test", "https://b.a.test/", True),
        ("*.a.test", "https://a.test/", False),
        ("a.test:444", "https://a.test:444/", True),
        ("a.test:444", "https://a.test/", False),
        ("a.test:*", "https://a.test:9/", True),
        ("http://a.test:80", "https://a.test/", True),
        ("https://a.test/b/", "https://a.test/b/c", True),
        ("https://a.test/b", "https://a.test/b/c", False),
        ("https://a.test/b", "https://a.test/b?c", True),
        ("https://A.TEST/", "https://a.test/x", True),
        ("'none'", "https://a.test/", False),
        ("'nonce-a'", "https://a.test/", False),
        ("data:", "https://a.test/", False),
    ],
)
def test_sources(source: str, address: str, wanted: bool) -> None:
    """A source expression against a URL."""
    assert csp.matches_source(url(address), source, PAGE, redirected=False) is wanted


def test_a_redirects_path_does_not_matter() -> None:
    """It would tell the page where the redirect leads."""
    target = url("https://a.test/c")
    assert csp.matches_source(target, "https://a.test/b", PAGE, redirected=True)
    assert not csp.matches_source(target, "https://a.test/b", PAGE, redirected=False)


def test_policies() -> None:
    """Names in any case, the first of each counts, and each item of a list is a policy."""
    assert csp.parse("Img-Src a b; img-src c;; script-src 'self' ") == {
        "img-src": ("a", "b"),
        "script-src": ("'self'",),
    }
    lines = ((b"Content-Security-Policy", b"img-src a, font-src b"), (b"content-security-policy", b" "))
    assert csp.enforced(lines) == [{"img-src": ("a",)}, {"font-src": ("b",)}]


def test_integrity_strongest() -> None:
    """Of several algorithms the strongest counts, of several digests of it any."""
    digests = integrity.parse("sha256-AAAA sha512-BBBB sha512-CCCC?x md5-DDDD sha384-@@")
    assert [digest.value for digest in integrity.strongest(digests)] == ["BBBB", "CCCC"]
    body = b"x"
    right, wrong = integrity.computed("sha384", body), "A" * 64
    assert integrity.matches(f"sha384-{wrong} sha384-{right}", body)
    assert not integrity.matches(f"sha384-{wrong} sha256-{integrity.computed('sha256', body)}", body)
    assert integrity.matches("md5-x", body)


def test_markup() -> None:
    """Policies and elements with their base, comments and scripts passed over."""
    read = markup.read(
        b"""<!-- <script src=no></script> --><!DOCTYPE html><base href="/b/">
        <meta http-equiv=content-security-policy content="img-src 'self'">
        <script>"<script src=no>"</script><SCRIPT src='a?x&amp;y' type=module integrity=sha256-x></SCRIPT>
        <link rel=stylesheet href=//cdn.test/s.css crossorigin>""",
        url("https://a.test/p/q"),
    )
    assert not read.quirks
    assert read.policies == [{"img-src": ("'self'",)}]
    assert {str(address): (each.is_module, each.integrity) for address, each in read.elements.items()} == {
        "https://a.test/b/a?x&y": (True, "sha256-x"),
        "https://cdn.test/s.css": (False, ""),
    }


@pytest.mark.parametrize(
    ("text", "quirks"),
    [
        ("<!doctype html>", False),
        ("\ufeff<!-- a --> <!DOCTYPE HTML >", False),
        ("<html>", True),
        ("", True),
        ('<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">', True),
        ('<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD">', False),
        ('<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN">', True),
        (
            '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN" "http://www.w3.org/TR/html4/loose.dtd">',
            False,
        ),
    ],
)
def test_quirks(text: str, quirks: bool) -> None:
    """As the doctype says, or as its absence does."""
    assert markup.read(text.encode(), PAGE).quirks is quirks


def test_upgrades() -> None:
    """To https, the port too where it is http's own; what is trustworthy, or an address, stays."""
    assert str(as_https(url("http://a.test/b"))) == "https://a.test/b"
    assert str(as_https(url("http://a.test:8080/b"))) == "https://a.test:8080/b"
    kept = ("http://localhost/b", "http://192.168.1.10/b", "http://[2001:db8::1]/b", "https://a.test/b")
    assert all(is_ip_or_trustworthy(url(one)) for one in kept)
    assert not is_ip_or_trustworthy(url("http://a.test/b"))
