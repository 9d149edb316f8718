"""Public suffixes: domains under which anyone may register a name. https://publicsuffix.org/

The list is publicsuffix2's file, a rule a line. It is read here, in 3 ms: that package makes a tree of it, which takes
300 ms, and in which a rule's parents (`amazonaws.com`, of `s3.amazonaws.com`) count as rules.
"""

import os
from functools import lru_cache
from typing import NamedTuple, Protocol, cast

from cors_addon.fetch import origins

_PACKAGE, _FILE = "publicsuffix2", "public_suffix_list.dat"


class _Loader(Protocol):
    def get_data(self, path: str) -> bytes:
        """The bytes of a file."""


class _List(NamedTuple):
    """The list, its names in UTF-8."""

    data: bytes
    """As in the file."""
    rules: frozenset[bytes]
    """Its lines; comments are among them, and match no name."""

    def has_top(self, name: bytes) -> bool:
        """Whether some rule ends with this top-level domain: not each is a rule itself."""
        if name in self.rules:
            return True
        at = self.data.find(b".%b\n" % name)
        while at >= 0:
            if not self.data.startswith(b"//", self.data.rfind(b"\n", 0, at) + 1):
                return True
            at = self.data.find(b".%b\n" % name, at + 1)
        return False


@lru_cache(maxsize=1)
def _list() -> _List:
    """Read the list; raises ModuleNotFoundError."""
    import importlib.util

    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"No module named {_PACKAGE!r}", name=_PACKAGE)
    # not imported, for it imports all of urllib; its loader reads packed files, too
    loader = cast(_Loader, found.loader)
    data = loader.get_data(os.path.join(os.path.dirname(found.origin), _FILE))
    return _List(data, frozenset(data.splitlines()))


def make_ready() -> None:
    """Read the list now, where there is one; what comes then need not wait for it."""
    import contextlib

    with contextlib.suppress(ModuleNotFoundError):
        _list()


@lru_cache(maxsize=256)
def _has_top(name: bytes) -> bool:
    # of one that is not there, as `test` and `internal`, all of the list is looked through
    return _list().has_top(name)


def _labels(host: str) -> list[bytes]:
    """Its labels as the list writes them: in UTF-8, not in punycode."""
    return [_unicode(label).encode() for label in host.strip(".").split(".")]


def _unicode(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        decoded = label[4:].encode("ascii").decode("punycode")
        return label if decoded.isascii() else decoded.encode().decode()
    except UnicodeError:
        return label


def _length(labels: list[bytes]) -> int:
    """How many of the labels, from the end, are the public suffix; 0 where the list knows no such top-level domain.

    https://github.com/publicsuffix/list/wiki/Format#formal-algorithm
    """
    known = _list()
    if not labels[-1] or not _has_top(labels[-1]):
        return 0
    rules = known.rules
    for start in range(len(labels) - 1):
        name, parent = b".".join(labels[start:]), b".".join(labels[start + 1 :])
        if b"!" + name in rules:
            return len(labels) - start - 1
        if name in rules or b"*." + parent in rules:
            return len(labels) - start
    return 1


@lru_cache(maxsize=256)
def is_public_suffix(host: str) -> bool:
    """Whether a host (ASCII, lower case) is on the list of public suffixes."""
    if not host or host[0] in "[." or host[-1] == "." or host.replace(".", "").isdigit():
        return False
    labels = _labels(host)
    return _length(labels) == len(labels)


@lru_cache(maxsize=1024)
def registrable_domain(host: str) -> str:
    """The part of a host (ASCII, lower case) that somebody registered; the last two labels where no suffix is listed.

    A public suffix itself has none, and is returned as it is.
    https://url.spec.whatwg.org/#host-registrable-domain
    """
    if host.startswith("[") or host.replace(".", "").isdigit():
        return host
    length = _length(_labels(host))
    return ".".join(host.strip(".").split(".")[-length - 1 :]) if length else origins.last_two_labels(host)
