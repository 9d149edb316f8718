"""What a document's own markup says to the checks: its policies in `<meta>`, its quirks, and elements with `integrity`.

No HTML parser: tags are found as a browser's tokenizer finds them in plain documents. What a script adds is not here.
Anchors: https://html.spec.whatwg.org/multipage/semantics.html#attr-meta-http-equiv-content-security-policy,
https://html.spec.whatwg.org/multipage/parsing.html#the-initial-insertion-mode
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from cors_addon.fetch import csp
from cors_addon.fetch.origins import Url, resolve
from cors_addon.fetch.patterns import pattern
from cors_addon.fetch.referrer_policy import of_meta

LOOKED_AT = 1 << 18
"""Bytes of a document that are read."""
PRESCANNED = 1024
"""Bytes in which a browser looks for the encoding before it begins."""

_CHARSET = pattern(r"charset\s*=\s*[\"']?([^\s\"';]+)", re.IGNORECASE)
_MEANT = {"utf-16": "utf-8", "utf-16le": "utf-8", "utf-16be": "utf-8", "x-user-defined": "windows-1252"}
"""Encodings that a document cannot be in, if these bytes were read as they were."""
_MARK = pattern(r"<(?:(!--)|(meta|link|script|base)\b)", re.IGNORECASE)
_REST = pattern(r"((?:[^>\"']++|\"[^\"]*+\"|'[^']*+')*+)>")
_END_OF_SCRIPT = pattern(r"</script", re.IGNORECASE)
MAX_MARKS = 8192
"""Openings of tags up to which a document is read."""
MAX_TAG = 16_384
"""Characters of one tag that are looked at."""
MAX_TAGS = 256
"""Tags that are looked at; of all of them so many attributes, and beside them so many comments."""
MAX_ATTRIBUTES, MAX_COMMENTS = 1024, 1024
_ATTRIBUTE = pattern(r"([^\s\"'>/=]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'=<>`]+)))?")
_DOCTYPE = pattern(r"(?:\s++|<!--[\s\S]*?-->)*+<!doctype\s+html([^>]*)>", re.IGNORECASE)
_QUIRKY_PUBLIC = pattern(
    r"public\s+[\"'](?:-//W3C//DTD HTML 3\.2|-//W3C//DTD HTML 4\.0 (?:Transitional|Frameset)//|-//IETF//DTD HTML"
    r"|-//W3C//DTD HTML 4\.01 (?:Transitional|Frameset)//[^\"']*[\"']\s*$|HTML[\"'])",
    re.IGNORECASE,
)


class Element(NamedTuple):
    """An element that loads a script or a style sheet."""

    name: str
    attributes: dict[str, str]

    @property
    def integrity(self) -> str:
        """Empty where it has none."""
        return self.attributes.get("integrity", "")

    @property
    def is_module(self) -> bool:
        """Whether it is a module script, or loads one beforehand."""
        if self.name == "link":
            return "modulepreload" in self.attributes.get("rel", "").lower().split()
        return self.attributes.get("type", "").strip().lower() == "module"


class Markup(NamedTuple):
    """What was found."""

    quirks: bool
    policies: list[csp.Policy]
    elements: dict[Url, Element]
    """By the URL they load; of several with the same URL the first with an integrity, or the first."""
    referrer_policy: str | None = None
    """What the last `<meta name=referrer>` says that says something known."""


def read(body: bytes, url: Url) -> Markup:
    """Look through a document that came from `url`."""
    text = body[:LOOKED_AT].decode("utf-8", "replace").lstrip("\ufeff")
    policies: list[csp.Policy] = []
    elements: dict[Url, Element] = {}
    base, named = url, None
    for element in _elements(text):
        attributes = element.attributes
        if element.name == "meta":
            if attributes.get("http-equiv", "").strip().lower() == "content-security-policy":
                policies += [policy for item in attributes.get("content", "").split(",") if (policy := csp.parse(item))]
            elif attributes.get("name", "").strip().lower() == "referrer":
                named = of_meta(attributes.get("content", "")) or named
            continue
        link = attributes.get("src" if element.name == "script" else "href", "")
        target = resolve(link.encode("utf-8", "replace"), base).url if link else None
        if target is None:
            continue
        if element.name == "base":
            base = target if base is url else base
        elif target not in elements or (element.integrity and not elements[target].integrity):
            elements[target] = element
    return Markup(_is_quirky(text), policies, elements, named)


def declared_charset(body: bytes) -> str | None:
    """The encoding that a document names in its first bytes; None where it names none.

    https://html.spec.whatwg.org/multipage/parsing.html#prescan-a-byte-stream-to-determine-its-encoding
    """
    for element in _elements(body[:PRESCANNED].decode("latin-1")):
        if element.name != "meta":
            continue
        named = element.attributes.get("charset", "").strip()
        if not named and element.attributes.get("http-equiv", "").strip().lower() == "content-type":
            match = _CHARSET.search(element.attributes.get("content", ""))
            named = match[1] if match else ""
        if named:
            return _MEANT.get(named.lower(), named)
    return None


def _elements(text: str) -> Iterator[Element]:
    """Goes through a document once, whatever is in it."""
    import html  # takes a while to import

    if text.count("<") > MAX_MARKS:
        text = "<".join(text.split("<", MAX_MARKS)[:MAX_MARKS])
    left = MAX_ATTRIBUTES
    for name_of_tag, rest in islice(_tags(text), MAX_TAGS):
        attributes: dict[str, str] = {}
        for found in islice(_ATTRIBUTE.finditer(rest), left):
            name, double, single, bare = found.groups()
            attributes.setdefault(name.lower(), html.unescape(double or single or bare or ""))
        left -= len(attributes)
        yield Element(name_of_tag, attributes)


def _tags(text: str) -> Iterator[tuple[str, str]]:
    """The name of each tag that is looked for, in lower case, and what follows it up to its end."""
    place = 0
    for _ in range(MAX_COMMENTS):
        mark = _MARK.search(text, place)
        if mark is None:
            return
        rest = None if mark[1] else _REST.match(text, mark.end(), mark.end() + MAX_TAG)
        if rest is not None:
            place, name = rest.end(), mark[2].lower()
            yield name, rest[1]
            if name == "script":
                end = _END_OF_SCRIPT.search(text, place)
                place = len(text) if end is None else end.end()
        elif mark[1]:
            end_of_comment = text.find("-->", mark.end())
            place = len(text) if end_of_comment < 0 else end_of_comment + 3
        else:
            place = mark.end() + MAX_TAG  # its end, if it has one, is farther away


def _is_quirky(text: str) -> bool:
    match = _DOCTYPE.match(text)
    return match is None or _QUIRKY_PUBLIC.search(match[1]) is not None
