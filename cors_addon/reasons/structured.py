"""The parts of a paste that are no prose: JSON (of DevTools' protocol, of our own lines, of logs), and addresses of
documentation.
"""

import html
import itertools
import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from cors_addon.fetch.patterns import pattern
from cors_addon.fetch.refusals import Reason
from cors_addon.reasons.entries import Entry, Item, by_browser, by_name, meant, of_preflight, sound, unnumbered
from cors_addon.reasons.wordings import BLOCKED_REASONS, NAMES, PAGES

# --- JSON -------------------------------------------------------------------------------------------------------------

# Keys under which DevTools' protocol, our own JSON lines and others have an error's name.
_NAME_KEYS = frozenset(
    {"corsError", "blockedReason", "errorText", "reason", "browser_error", "error", "blocked_by", "code", "netError"}
    | {"failureText", "findings", "_error", "_blocked_queueing_reason", "errorCode"}
)
_VALUE_KEYS: Mapping[str, str] = {
    "url": "url",
    "blockedURL": "url",
    "blockedUrl": "url",
    "insecureURL": "url",
    "initiatorOrigin": "origin",
    "origin": "origin",
    "method": "method",
    "violatedDirective": "directive",
    "failedParameter": "value",
    "status": "status",
    "requestURL": "url",
    "mainResourceURL": "page",
}
# Issues of DevTools' protocol that have no name of the error within.
_ISSUES: Mapping[str, str] = {
    "mixedContentIssueDetails": "mixed-content",
    "contentSecurityPolicyIssueDetails": "csp",
    "corsIssueDetails": "cors-unnamed",
    "blockedByResponseIssueDetails": "blocked-by-response",
    "sharedArrayBufferIssueDetails": "coep",
}

_ENTITY = pattern(r"&(?:amp;)?(?:#\d{1,5}|#[xX][0-9a-fA-F]{1,4}|amp|lt|gt|quot|apos|nbsp|[lr][sd]quo|hellip);")


def out_of_html(text: str) -> str:
    """A text as a page shows it, where it was copied from the page's source, once or twice escaped."""
    return _ENTITY.sub(lambda match: html.unescape(html.unescape(match[0])), text) if "&" in text else text


def from_json(query: str) -> tuple[list[str] | None, list[Item]]:
    """The texts in a JSON document and what its names tell; None where the paste is no JSON."""
    documents = list(_documents(query))
    if not documents:
        return None, []
    strings: list[str] = []
    items: list[Item] = []
    for document in documents:
        if _is_har(document):
            return [], [Item(meant("har-file"), None, None, {}, "log.entries")]
        _walk(document, strings, items)
    return strings, items


def _is_har(document: object) -> bool:
    log = document.get("log") if isinstance(document, dict) else None
    return isinstance(log, dict) and isinstance(log.get("entries"), list)


def _documents(query: str) -> Iterator[object]:
    text = query.strip()
    if text[:1] not in ("{", "["):
        return
    try:
        yield json.loads(text)
        return
    except (ValueError, RecursionError):
        pass
    for line in text.splitlines():
        if line.lstrip()[:1] in ("{", "["):
            try:
                yield json.loads(line)
            except (ValueError, RecursionError):
                continue


def _walk(document: object, strings: list[str], items: list[Item]) -> None:
    """Go through a document without recursion, each object with the values of those around it."""
    waiting: list[_Node] = [_Node(document, {}, "")]
    while waiting:
        node = waiting.pop()
        if isinstance(node.value, dict):
            waiting.extend(reversed(_members(node, node.value, items)))
        elif isinstance(node.value, list):
            waiting.extend(node._replace(value=each) for each in reversed(node.value))
        elif isinstance(node.value, str) and len(node.value) > 2:
            item = _json_name(node.key, node.value, node.around)
            within = [] if item else _inner(node.value)
            items.extend([item] if item else [])
            waiting.extend(_Node(each, node.around, "") for each in within)
            strings.extend([] if item or within else [node.value])


class _Node(NamedTuple):
    value: object
    around: Mapping[str, str]
    """The values of the objects that it stands in."""
    key: str


def _members(node: _Node, members: Mapping[str, object], items: list[Item]) -> list[_Node]:
    request = members.get("request")
    inner = _json_values(request) if isinstance(request, dict) else {}
    values = {**node.around, **inner, **_json_values(members)}
    if node.key in _ISSUES and not _names_its_error(members):
        shown = json.dumps(members)[:200]
        items.append(Item(meant(_ISSUES[node.key]), "chromium", None, dict(sound(values)), shown))
    return [_Node(value, values, str(name)) for name, value in members.items()]


def _inner(text: str) -> list[object]:
    """JSON within a string of JSON, as Selenium's logs have it."""
    return list(_documents(text)) if text[:1] in ("{", "[") and len(text) > 20 else []


def _json_values(node: Mapping[str, object]) -> dict[str, str]:
    return {
        _VALUE_KEYS[key]: str(value)
        for key, value in node.items()
        if key in _VALUE_KEYS and isinstance(value, (str, int)) and not isinstance(value, bool) and str(value)
    }


def _names_its_error(node: Mapping[str, object]) -> bool:
    inner = node.get("corsErrorStatus", node)
    return isinstance(inner, dict) and any(key in inner for key in ("corsError", "reason"))


def _json_name(key: str, value: str, values: Mapping[str, str]) -> Item | None:
    if key not in _NAME_KEYS or len(value) > 120:
        return None
    entries = _json_entries(key, value)
    if not entries:
        return None
    kept = dict(sound(values))
    if entries == (Reason.REDIRECT_URL_UNUSABLE,):
        entries = meant(of_preflight(entries[0], kept))
    refused = {Reason.METHOD_NOT_ALLOWED: "method", Reason.HEADER_NOT_ALLOWED: "header"}
    name = refused.get(entries[0]) if isinstance(entries[0], Reason) else None
    if name and "value" in kept:
        kept[name] = kept.pop("value")
    return Item(entries, None, None, kept, value, "reflight" in value)


def _json_entries(key: str, value: str) -> tuple[Entry, ...]:
    """What a value under one of the keys for names means: free words are no name there."""
    name = value.removeprefix("net::")
    if key in ("blocked_by", "blockedReason"):
        means = "cors-unnamed" if name in ("origin", "cors") else BLOCKED_REASONS.get(name)
        if means is not None:
            return meant(means)
    if not _is_a_name(key, name):
        return ()
    found = by_name(name)
    if found is None and value.startswith("net::"):
        return meant("no-answer")
    return found.entries if found else ()


def _is_a_name(key: str, value: str) -> bool:
    if key == "reason":
        return value in set(Reason) or value in NAMES or unnumbered(value) in by_browser()
    return key not in _FREE_KEYS or _LIKE_A_NAME.fullmatch(value) is not None


_FREE_KEYS = frozenset({"code", "error", "errorCode"})
_LIKE_A_NAME = pattern(r"(?:ERR|NS|CORS)_?\w+|\w*(?:Response|Header|Origin)\w*")


# --- documentation ----------------------------------------------------------------------------------------------------


def from_pages(query: str) -> list[Item]:
    """The addresses of browsers' documentation, Firefox' «Learn More» above all."""
    found = dict.fromkeys(match[0] for match in _PAGE.finditer(query))
    return [item for each in itertools.islice(found, 50) if (item := _page(each)) is not None]


_PAGE = pattern(
    r"https?://(?:www\.)?(?:developer\.mozilla\.org|developer\.chrome\.com|web\.dev|chromestatus\.com|chromium\.org)/[^\s\"'<>)\]]{1,500}"
)


def _page(address: str) -> Item | None:
    try:
        url = urlsplit(address)
    except ValueError:
        return None
    host, path = (url.hostname or "").removeprefix("www."), url.path.rstrip("/").lower()
    if host == "developer.mozilla.org" and "/cors/errors/" in path:
        entries = by_browser().get(unnumbered(path.rpartition("/")[2]), ())
        return Item(entries, "gecko", None, {}, address) if entries else None
    for of, part, means in PAGES:
        if host == of and part in path:
            return Item(meant(means), None, None, {}, address)
    return None
