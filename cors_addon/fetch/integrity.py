"""Subresource Integrity: whether a body has the digest that an element's `integrity` names.

Anchor: https://w3c.github.io/webappsec-subresource-integrity/
"""

import base64
import binascii
from typing import NamedTuple

from cors_addon.fetch.patterns import pattern

_STRENGTH = ("sha256", "sha384", "sha512")
"""Weakest first. https://w3c.github.io/webappsec-subresource-integrity/#get-the-strongest-metadata"""
_BASE64 = pattern(r"[A-Za-z0-9+/_-]+={0,2}")


class Digest(NamedTuple):
    """One hash of an integrity attribute."""

    algorithm: str
    value: str
    """Base64, as written."""


def parse(attribute: str) -> list[Digest]:
    """The hashes that count: known algorithms with a value that can be one.

    https://w3c.github.io/webappsec-subresource-integrity/#parse-metadata
    """
    found = []
    for item in attribute.split():
        algorithm, dash, value = item.partition("?")[0].partition("-")
        if dash and algorithm.lower() in _STRENGTH and _BASE64.fullmatch(value):
            found.append(Digest(algorithm.lower(), value))
    return found


def strongest(digests: list[Digest]) -> list[Digest]:
    """https://w3c.github.io/webappsec-subresource-integrity/#get-the-strongest-metadata"""
    best = max((_STRENGTH.index(digest.algorithm) for digest in digests), default=-1)
    return [digest for digest in digests if _STRENGTH.index(digest.algorithm) == best]


def computed(algorithm: str, body: bytes) -> str:
    """The digest of a body, as an integrity attribute writes it, without the algorithm."""
    import hashlib  # of use to few loads, and takes a while to import

    return base64.b64encode(hashlib.new(algorithm, body).digest()).decode()


def matches(attribute: str, body: bytes) -> bool:
    """Whether the body has one of the strongest digests; true where none counts.

    https://w3c.github.io/webappsec-subresource-integrity/#does-response-match-metadatalist
    """
    digests = strongest(parse(attribute))
    if not digests:
        return True
    import hashlib

    return any(_bytes(digest.value) == hashlib.new(digest.algorithm, body).digest() for digest in digests)


def _bytes(value: str) -> bytes | None:
    try:
        text = value.rstrip("=").replace("-", "+").replace("_", "/")
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
