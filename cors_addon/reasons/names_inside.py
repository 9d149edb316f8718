"""Names of errors in the midst of a text, the statuses beside them, and the lines of a server's log."""

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

from cors_addon.fetch.patterns import pattern
from cors_addon.fetch.refusals import Reason
from cors_addon.reasons.entries import Item, by_browser, by_name, meant, name_means, of_preflight, unnumbered
from cors_addon.reasons.finding import FindingName
from cors_addon.reasons.log_lines import preflights_answered
from cors_addon.reasons.wordings import NAMES

_TOKEN = pattern(
    r"net::ERR_[A-Z][A-Z0-9_]+(?:\.[A-Za-z_]+)?|\bNS_(?:ERROR|BINDING)_[A-Z0-9_]+|\bERR_BLOCKED_BY_[A-Z_]+(?:\.[A-Za-z]+)?"
    r"|\b(?:SEC|SSL|MOZILLA_PKIX)_ERROR_[A-Z0-9_]+|\bERR_(?:CONNECTION|NAME|CERT|SSL|TIMED|FAILED)[A-Z0-9_]*"
)
_REQUEST = pattern(r"\b(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) ((?:https?|wss?)://\S{1,2000})")
_STATUS_AFTER = pattern(r"\s*\(?([1-5]\d\d)\b")
_MOST_TOKENS = 400
_GECKO_NAMES = ("NS_", "SEC_", "SSL_", "MOZ")


def _tokens(text: str) -> Iterator[tuple[int, Item]]:
    """Errors' names within a text, with the request on their line."""
    seen: Counter[str] = Counter()
    for match in itertools.islice(_TOKEN.finditer(text), _MOST_TOKENS):
        name = match[0].removeprefix("net::")
        seen[name] += 1
        if name.startswith("ERR_BLOCKED_BY_RESPONSE.") and name not in NAMES:
            name = "ERR_BLOCKED_BY_RESPONSE"
        means = name_means(name) or ("no-answer" if match[0].startswith("net::") else None)
        if means is not None and seen[name] <= 20:
            by = "gecko" if name.startswith(_GECKO_NAMES) else "chromium"
            values = _around(text, match)
            yield match.start(), Item(meant(of_preflight(means, values)), by, None, values, match[0])


_ANSWERED = pattern(
    r"\b(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (https?://\S{1,2000}) ([45]\d\d)(?= \(|\s*$| [A-Z])", re.MULTILINE
)


def _answered(text: str) -> Iterator[tuple[int, Item]]:
    """Requests that a console shows with an error's status."""
    for match in itertools.islice(_ANSWERED.finditer(text), _MOST_TOKENS):
        method, url, status = match.groups()
        yield match.start(), by_status({"method": method, "url": url, "status": status}, match[0])


def by_status(values: Mapping[str, str], text: str) -> Item:
    """A request that was answered with an error's status."""
    if values["method"] == "OPTIONS":
        rest = {name: value for name, value in values.items() if name != "method"}
        return Item(meant("status-not-ok"), "chromium", None, rest, text, preflight=True)
    means = _STATUS_MEANS.get(values["status"], "http-status")
    return Item(meant(means), "chromium", None, dict(values), text)


_STATUS_MEANS = dict.fromkeys(("401", "403"), "http-status-auth")


def _logged(text: str) -> Iterator[tuple[int, Item]]:
    """Preflights that a server's log shows as answered with a status that no browser accepts."""
    for line in preflights_answered(text):
        if line.status >= 300:
            means = "status-not-ok" if line.status >= 400 else "preflight-redirected"
            values = {"url": line.url, "status": str(line.status)}
            yield line.start, Item(meant(means), "a server's log", None, values, line.line, True)


_NETWORK_PANEL = pattern(r"Cross-Origin Resource Sharing error: ([A-Z]\w{4,60})")


def _in_network_panel(text: str) -> Iterator[tuple[int, Item]]:
    """The tooltip of Chromium's network panel, which has the error's name."""
    for match in itertools.islice(_NETWORK_PANEL.finditer(text), _MOST_TOKENS):
        if (named := by_name(match[1])) is not None:
            yield match.start(), replace(named, by="chromium", text=match[0])


def _around(text: str, token: re.Match[str]) -> dict[str, str]:
    """The request before an error's name, on its line, and the status after it."""
    start = max(text.rfind("\n", 0, token.start()) + 1, token.start() - 2100)
    values = {}
    requests = _REQUEST.findall(text[start : token.start()])
    if requests:
        values = {"method": requests[-1][0], "url": requests[-1][1]}
    status = _STATUS_AFTER.match(text, token.end(), token.end() + 20)
    if status:
        values["status"] = status[1]
    return values


def names_inside(query: str) -> list[Item]:
    """Names in the midst of other words, where nothing else is known: Firefox' CORS…, or one in quotes."""
    for match in re.finditer(r"\bCORS[A-Z]\w{4,60}|[\"']([A-Za-z][\w-]{3,80})[\"']", query[:100_000]):
        name = match[1] or match[0]
        if unnumbered(name) in by_browser():
            return [Item(by_browser()[unnumbered(name)])]
        if name in set(FindingName) or name in set(Reason):
            return [Item(meant(name))]
    return []


def named_in(text: str) -> Iterator[tuple[int, Item]]:
    """All errors' names, statuses and log lines in a text, with their places."""
    yield from _tokens(text)
    yield from _answered(text)
    yield from _logged(text)
    yield from _in_network_panel(text)
