"""Whether one mitmproxy filter expression matches everything that another does, as far as their text shows."""

import contextlib
import re
from collections.abc import Iterator

from cors_addon.fetch.origins import Url
from cors_addon.fetch.patterns import pattern

EVERYTHING = frozenset({"", "~all", "~http", ".", ".*", "~u .", "~u .*"})
_LITERAL = pattern(r"[\w./:@%=&-]*(?:\\.[\w./:@%=&\\-]*)*")

_HOST = pattern(r"(?:[\w:-]|\\?\.|\\[\[\]:-])+")
"""A host in a regular expression, of the characters that hosts have; a dot that is not escaped is meant as one."""


def literal(text: str) -> str:
    """A regular expression of any dialect that matches just this text."""
    return re.sub(r"([.^$*+?{}\[\]\\|()])", r"\\\1", text)


def of_server(url: Url) -> str:
    """A filter for all of one origin of servers, whichever way mitmproxy writes its host: it decodes IDNA, and leaves
    the brackets of an IPv6 address out.
    """
    hosts = [literal(url.host)]
    if url.host.startswith("["):
        hosts.append(literal(url.host[1:-1]))
    elif "xn--" in url.host:
        with contextlib.suppress(UnicodeError):
            hosts.append(literal(url.host.encode().decode("idna")))
    host = hosts[0] if len(hosts) == 1 else f"({'|'.join(hosts)})"
    port = "" if url.origin.endswith(url.host) else f":{url.port}"
    return "~u " + quoted(f"^{url.scheme}://{host}{port}/")


def quoted(expression: str) -> str:
    """One argument of a filter operator."""
    if re.search(r"""[\s()&|!"'~]""", expression) is None:
        return expression
    return '"' + expression.replace("\\", "\\\\").replace('"', '\\"') + '"'


def implies(narrow: str, broad: str) -> bool:
    """Whether all that `narrow` matches is surely matched by `broad`; False where that cannot be told."""
    narrow, broad = narrow.strip(), broad.strip()
    if broad in EVERYTHING or narrow == broad:
        return True
    options = _split(broad, "|")
    if len(options) > 1:
        return any(implies(narrow, option) for option in options)
    cases = _split(narrow, "|")
    if len(cases) > 1:
        return all(implies(case, broad) for case in cases)
    wanted, given = _split(broad, "&"), _split(narrow, "&")
    if len(wanted) == 1 and len(given) == 1:
        return _term_implies(given[0], wanted[0])
    return all(any(implies(have, want) for have in given) for want in wanted)


class Filters:
    """Filters in their order, each known by one term that all which implies it must have: few are to be compared."""

    def __init__(self) -> None:
        self._all: list[str] = []
        self._by_term: dict[str, list[int]] = {}
        self._by_literal: dict[tuple[str, str], list[int]] = {}
        """Where the term is an operator and a literal text, which another implies whose text contains it."""
        self._lengths: set[int] = set()
        self._others: list[int] = []
        """Those that have no such term."""

    def append(self, expression: str) -> None:
        """Add one."""
        place = len(self._all)
        self._all.append(expression)
        for option in _options(expression.strip()):
            leaves = map(_leaves, _split(option, "&"))
            terms = [leaf[0] for leaf in leaves if len(leaf) == 1 and leaf[0] not in EVERYTHING]
            if not terms:
                self._others.append(place)
                continue
            term = max(terms, key=len)
            literal_term = _term(term)
            if literal_term is None:
                self._by_term.setdefault(term, []).append(place)
            else:
                self._by_literal.setdefault(literal_term, []).append(place)
                self._lengths.add(len(literal_term[1]))

    def first_implied_by(self, narrow: str) -> int | None:
        """The place of the first that surely matches all that `narrow` matches."""
        near = set(self._others)
        for leaf in _leaves(narrow.strip()):
            near.update(self._by_term.get(leaf, ()))
            if (literal_term := _term(leaf)) is not None:
                near.update(self._containing(*literal_term))
        return next((place for place in sorted(near) if implies(narrow, self._all[place])), None)

    def _containing(self, operator: str, text: str) -> Iterator[int]:
        """Places of those whose text is part of this one."""
        for size in self._lengths:
            for start in range(len(text) - size + 1):
                yield from self._by_literal.get((operator, text[start : start + size]), ())


def _options(expression: str) -> list[str]:
    options = _split(expression, "|")
    return options if options == [expression] else [each for option in options for each in _options(option)]


def _leaves(expression: str) -> list[str]:
    """The terms of an expression, however nested."""
    options = _split(expression, "|")
    parts = options if len(options) > 1 else _split(expression, "&")
    if parts == [expression]:
        return parts
    return [leaf for part in parts for leaf in _leaves(part)]


def _term_implies(narrow: str, broad: str) -> bool:
    if narrow == broad:
        return True
    first, second = _term(narrow), _term(broad)
    if first is None or second is None or first[0] != second[0]:
        return False
    return second[1] in first[1]


def _term(text: str) -> tuple[str, str] | None:
    """Operator and literal text of a term such as `~d api.example.com`."""
    match = re.fullmatch(r"(~[du]\s+)?(\S+|\"[^\"]*\")", text)
    if match is None:
        return None
    body = match[2].strip('"')
    if not body or not _LITERAL.fullmatch(body):
        return None
    return (match[1] or "~u").strip(), re.sub(r"\\(.)", r"\1", body)


def of_host(expression: str) -> str | None:
    """A regular expression, whatever case letters have, for the Host headers of just the requests that a filter
    matches; None where it is about more than servers, or that cannot be told.
    """
    text = expression.strip()
    if text in EVERYTHING:
        return "."
    options = _split(text, "|")
    if len(options) > 1:
        found = [of_host(option) for option in options]
        return None if None in found else "(" + "|".join(filter(None, found)) + ")"
    match = re.fullmatch(r"(~[du])\s+(\S+|\"(?:[^\"\\]|\\.)*\")", options[0])
    if match is None:
        return None
    body = re.sub(r"\\(.)", r"\1", match[2][1:-1]) if match[2].startswith('"') else match[2]
    return _of_domain(body) if match[1] == "~d" else _of_url(body)


def _of_domain(regex: str) -> str | None:
    """For `~d`, which looks at the host without its port."""
    start, end = regex.startswith("^"), regex.endswith("$") and not regex.endswith("\\$")
    hosts = _literals(regex.removeprefix("^")[: -1 if end else None])
    if not hosts or any(":" in host or "/" in host for host in hosts):
        return None
    return ("^" if start else "^[^:]*") + _one_of(hosts) + ("(:[0-9]+)?$" if end else "")


def _of_url(regex: str) -> str | None:
    """For `~u`, where it is an origin of servers with its slash: as `of_server` writes it."""
    match = re.fullmatch(r"\^(https?\??)://(\(.+\)|[^/()]+?)(?::([0-9]+))?/", regex)
    if match is None:
        return None
    hosts = [host for host in _literals(match[2]) if host.isascii() and (":" not in host or host.startswith("["))]
    if not hosts:
        return None
    default = {"http": "80", "https": "443", "https?": "(80|443)"}[match[1]]
    port = f"(:{default})?" if match[3] in (None, default) else f":{match[3]}"
    return f"^{_one_of(hosts)}{port}$"


def _literals(regex: str) -> list[str]:
    """The texts that a regular expression stands for, with one choice in it at most; none where it is another kind."""
    match = re.fullmatch(r"([^()]*)\(([^()]*)\)([^()]*)", regex)
    before, inner, after = match.groups() if match else ("", regex, "")
    found = [f"{before}{part}{after}" for part in (inner.split("|") if match else [inner])]
    return [re.sub(r"\\(.)", r"\1", text) for text in found] if all(map(_HOST.fullmatch, found)) else []


def _one_of(hosts: list[str]) -> str:
    return literal(hosts[0]) if len(hosts) == 1 else "(" + "|".join(map(literal, hosts)) + ")"


def _split(text: str, operator: str) -> list[str]:
    """Parts of an expression between operators that stand outside of parentheses and quotes."""
    while text.startswith("(") and _closes_at(text) == len(text) - 1:
        text = text[1:-1].strip()
    parts, start, depth = [], 0, 0
    for index, char in _unquoted(text):
        if char in "()":
            depth += 1 if char == "(" else -1
        elif char == operator and depth == 0:
            parts.append(text[start:index].strip())
            start = index + 1
    parts.append(text[start:].strip())
    return [part for part in parts if part] or [text]


def _unquoted(text: str) -> Iterator[tuple[int, str]]:
    """The characters outside of quotes, and their places; neither a backslash nor what follows it."""
    quote, escaped = "", False
    for index, char in enumerate(text):
        if escaped or char == "\\":
            escaped = not escaped
        elif quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        else:
            yield index, char


def _closes_at(text: str) -> int:
    depth = 0
    for index, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth == 0:
            return index
    return -1
