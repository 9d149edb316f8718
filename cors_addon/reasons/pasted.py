"""Take a pasted text apart: messages, names, JSON and addresses of documentation, each to what it means.

Law 1: each cause is told once, however often and in however many words the paste has it; its values are put together.
Law 2: what tells nothing (`Kind.UNTOLD`) is told only where nothing else in the paste tells more.
Law 3: a name counts only where nobody would write it by chance: alone, in quotes or JSON, with `net::` before it, or as
one of Firefox' CORS… and NS_ERROR_….
"""

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from cors_addon.fetch.patterns import pattern
from cors_addon.fetch.records import replace
from cors_addon.fetch.refusals import Reason
from cors_addon.reasons import languages, pasted_http
from cors_addon.reasons.causes import CAUSES, Cause
from cors_addon.reasons.entries import (
    Entry,
    Item,
    by_browser,
    by_name,
    meant,
    name_means,
    of_preflight,
    sound,
    unnumbered,
)
from cors_addon.reasons.finding import FindingName
from cors_addon.reasons.log_lines import preflights_answered
from cors_addon.reasons.matching import Found, Index, Text, Wording
from cors_addon.reasons.registry import NOT_REVEALED, REGISTRY
from cors_addon.reasons.server_words import SERVER_WORDINGS
from cors_addon.reasons.structured import from_json, from_pages
from cors_addon.reasons.wordings import NAMES, WORDINGS


def recognise(query: str) -> list[Item]:
    """All that a pasted text tells, in its order, what really failed first; empty where nothing is known."""
    named = by_name(query.strip())
    if named is not None and " " not in query.strip():
        return [named]
    strings, items = from_json(query)
    if strings is None:
        items += _from_text(query)
    else:
        for string in strings:
            items += _from_text(string)
    items += from_pages(query)
    if exchanged := list(_exchanged(query)):
        items = [*exchanged, *(item for item in items if item.entries != meant("referrer-policy"))]
    if not items and (foreign := _IN_BRACKETS.search(query[:_MOST_OF_PROSE])):
        items = [Item(meant("gecko-in-another-language"), "gecko", None, {"url": foreign[1].rstrip(".,")}, foreign[0])]
    return _together(items) or ([named] if named is not None else _names_inside(query))


def _exchanged(query: str) -> Iterator[Item]:
    """Requests with their answers, as curl and developer tools show them."""
    for each in pasted_http.judged(query):
        yield Item(meant(each.means), "an exchange", None, each.values, each.text, each.preflight)


# An address, and in brackets a word, a colon and a header's name in quotes: Firefox' message, whatever the language.
_IN_BRACKETS = pattern(
    r"(https?://[^\s()（）。]{1,500})[^()（）\n]{0,60}[(（][^()（）:：\n]{2,20}[:：]"
    r"(?=[^()（）\n]{0,200}['‘’\"“”«]\s?Access-Control-)[^()（）\n]{4,300}[)）]"
)
_MOST_OF_PROSE = 20_000


# --- names within a text ---

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
        means = "status-not-ok" if method == "OPTIONS" else _STATUS_MEANS.get(status, "http-status")
        values = {"url": url, "status": status} | ({} if method == "OPTIONS" else {"method": method})
        yield match.start(), Item(meant(means), "chromium", None, values, match[0], method == "OPTIONS")


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


def _names_inside(query: str) -> list[Item]:
    """Names in the midst of other words, where nothing else is known: Firefox' CORS…, or one in quotes."""
    for match in re.finditer(r"\bCORS[A-Z]\w{4,60}|[\"']([A-Za-z][\w-]{3,80})[\"']", query[:100_000]):
        name = match[1] or match[0]
        if unnumbered(name) in by_browser():
            return [Item(by_browser()[unnumbered(name)])]
        if name in set(FindingName) or name in set(Reason):
            return [Item(meant(name))]
    return []


# --- messages ---------------------------------------------------------------------------------------------------------


@cache
def index() -> Index:
    """All messages that are known, in every language."""
    return Index([*WORDINGS, *SERVER_WORDINGS, *_of_registry(), *languages.wordings(), *languages.beginnings()])


def _of_registry() -> Iterator[Wording]:
    """The texts that the registry has of each reason; … stands for a value."""
    for reason, explanation in REGISTRY.items():
        if reason is Reason.CAUSE_NOT_RECORDED:  # of recordings only
            continue
        for said in explanation.said:
            for text in (said.text, *said.older):
                if "net::" not in text:
                    yield Wording(_slotted(text, reason), reason.value, said.engine)
    for hidden in NOT_REVEALED:
        for text in (hidden.said.text, *hidden.said.older):
            short = len(text) < 16
            yield Wording(_slotted(text, None), hidden.said.names[0], hidden.said.engine, whole=short)


def _slotted(text: str, reason: Reason | None) -> str:
    """The registry's text with a name for each value: one word, unless it stands in quotes."""
    if text.lower().endswith(("status code: …", "status code …")):
        name = "status"
    elif text.startswith("Origin …"):
        name = "origin"
    elif text.endswith(": …"):
        name = "rest"
    elif reason is Reason.METHOD_NOT_ALLOWED:
        name = "method"
    elif reason is Reason.HEADER_NOT_ALLOWED:
        name = "header"
    else:
        name = "value" if "'…'" in text or "‘…’" in text else "word"
    return text.replace("…", f"{{{name}}}")


_STATUS = pattern(r"status(?: code)?:? (\d{3})\b|http status code (\d{3})\b")


def _from_text(query: str) -> list[Item]:
    text = Text(query)
    groups = [list(group) for _, group in itertools.groupby(index().find(text), lambda one: (one.start, one.end))]
    named = (
        (text.place(place), item)
        for place, item in (*_tokens(query), *_answered(query), *_logged(query), *_in_network_panel(query))
    )
    placed = [*_with_context(text, groups), *named]
    return [item for _, item in sorted(placed, key=lambda one: one[0])]


def _with_context(text: Text, groups: list[list[Found]]) -> Iterator[tuple[int, Item]]:
    """Each message with the values of what stands right before it (which URL, which page) and after (which status).

    A group is one text that several causes share.
    """
    gathered: dict[str, str] = {}
    preflight = False
    end = -1
    for group, following in itertools.zip_longest(groups, groups[1:]):
        first = group[0]
        if first.start - end > _NEAR:
            gathered, preflight = {}, False
        values = gathered | {name: value for one in group for name, value in sound(one.values)}
        preflight = preflight or "preflight" in text.plain[first.start : first.end]
        end = first.end
        if first.wording.means in _BEFORE:
            gathered = values
        values = _after(text, end, following) | values
        entries = _entries(group, values, text)
        if entries:
            shown = text.as_written(first.start, end)
            yield first.start, Item(entries, first.wording.by, first.wording.language, values, shown, preflight)


def _entries(group: list[Found], values: Mapping[str, str], text: Text) -> tuple[Entry, ...]:
    """What one text means, of what stands in and after it."""
    first = group[0]
    if first.wording.means == "scheme":
        return _scheme(values)
    if first.wording.means == "csp" and "the policy is report-only" in text.plain[first.end : first.end + 400]:
        return meant("csp-report-only")
    entries = tuple(dict.fromkeys(entry for one in group for entry in meant(one.wording.means)))
    if Reason.STATUS_NOT_OK in entries and Reason.PREFLIGHT_REDIRECTED in entries and "status" in values:
        return (Reason.PREFLIGHT_REDIRECTED if values["status"].startswith("3") else Reason.STATUS_NOT_OK,)
    return entries


def _after(text: Text, end: int, following: list[Found] | None) -> dict[str, str]:
    """What stands right after a message: the status, and which page an older Chromium meant."""
    values: dict[str, str] = {}
    stop = end + 160
    if following is not None:
        if following[0].wording.means == "no-access" and following[0].start - end < _NEAR:
            values = dict(sound(following[0].values))
        else:
            stop = min(stop, following[0].start)
    status = _STATUS.search(text.plain, end, stop)
    if status:
        values["status"] = status[1] or status[2]
    return values


_NEAR = 60  # characters between a message's beginning and its end
_BEFORE = frozenset({"context", "chromium-cut-off", "gecko-cut-off", "redirect-by-webkit"})


def _scheme(values: Mapping[str, str]) -> tuple[Entry, ...]:
    """What «only supported for protocol schemes» means: it depends on the URL."""
    url = values.get("url", "")
    if url.startswith("file:") or (values.get("origin") in ("null", "file://") and not url):
        return (CAUSES["file-page"],)
    if "first" in values and "location" not in values and url:
        return (Reason.REDIRECT_SCHEME_NOT_CORS,)
    if not url:
        return (CAUSES["file-page"], CAUSES["url-scheme"], Reason.REDIRECT_SCHEME_NOT_CORS)
    return (CAUSES["url-scheme"],)


# --- together ---------------------------------------------------------------------------------------------------------


def _together(items: Iterable[Item]) -> list[Item]:
    """Each cause once, and what tells nothing only where nothing tells more."""
    kept: dict[tuple[object, ...], Item] = {}
    for item in items:
        key = _key(item)
        kept[key] = _joined(kept[key], item) if key in kept else item
    untold = sorted((item for item in kept.values() if item.untold), key=_how_telling)
    every = [item for item in kept.values() if not item.untold]
    told = [item for item in every if not _is_an_echo(item, every) and not _is_within(item, every)]
    if not told:
        return untold[-1:]
    told = list(_with_statuses([_with_values(item, untold, alone=len(told) == 1) for item in told]))
    if all(map(_is_status, told)):  # an error's status, and that CORS refused it: the check is still not told
        told += list(filter(_is_of_cors, untold))[-1:]
    return sorted(told, key=lambda item: not _is_status(item))


def _with_statuses(told: list[Item]) -> Iterator[Item]:
    """An error's status that stands on a line of its own is known of the refusal of the same URL, too."""
    statuses = {item.values.get("url"): item.values for item in told if _is_status(item)}
    for item in told:
        first, known = item.first, statuses.get(item.values.get("url"))
        refused = isinstance(first, Reason) and first.value.startswith("allow-") and not item.preflight
        yield replace(item, values={**known, **item.values}) if known and refused else item


def _is_of_cors(item: Item) -> bool:
    return isinstance(item.first, Cause) and item.first.blocked_by == "cors"


def _how_telling(item: Item) -> tuple[bool, bool, int]:
    """Of what tells nothing, the most telling knows that it was CORS, else who says so, else most of the request."""
    first = item.first
    known = isinstance(first, Cause) and first.blocked_by is not None
    return known, isinstance(first, Cause) and first.name != "says-nothing", len(item.values)


def _key(item: Item) -> tuple[object, ...]:
    apart = "method" if item.first is Reason.METHOD_NOT_ALLOWED else "url" if item.untold else ""
    return (item.entries, item.values.get(apart))


def _joined(one: Item, other: Item) -> Item:
    """One cause that was told twice: the values of the first, and what the other knows of the same URL."""
    urls = {item.values["url"] for item in (one, other) if "url" in item.values}
    values = {**other.values, **one.values} if len(urls) < 2 else dict(one.values)
    if one.first is Reason.HEADER_NOT_ALLOWED and "header" in one.values and "header" in other.values:
        names = dict.fromkeys([*one.values["header"].split(", "), other.values["header"]])
        values["header"] = ", ".join(names)
    return replace(one, values=values, preflight=one.preflight or other.preflight)


def _is_an_echo(item: Item, told: list[Item]) -> bool:
    """Whether it only repeats, in a general way, what another item tells."""
    others = [other for other in told if other is not item]
    first = item.first
    if Reason.NETWORK_ERROR in item.entries:  # Firefox says so after each refused preflight, and of each failure
        return any(map(_tells_a_refusal, others))
    if first is Reason.REDIRECT_URL_UNUSABLE:  # Chromium says so of a preflight's redirect, too
        return any(other.first is Reason.PREFLIGHT_REDIRECTED for other in others)
    if isinstance(first, Cause):
        return first.name in _MINOR and any(isinstance(other.first, Reason) for other in others)
    # Safari's one text for three reasons
    of_three = first is Reason.ALLOW_ORIGIN_MISSING and len(item.entries) > 1
    return of_three and any(other.entries == (first,) for other in others)


_MINOR = frozenset({"aborted", "blocked-by-client", "media-denied", "unsafe-attempt"})
"""What browsers also say of a load that CORS refused."""


def _is_within(item: Item, told: list[Item]) -> bool:
    """Whether it is the address of documentation that stands in another's message."""
    return item.text.startswith("https://") and any(
        item is not other and set(item.entries) <= set(other.entries) for other in told
    )


def _tells_a_refusal(item: Item) -> bool:
    if isinstance(item.first, Reason):
        return Reason.NETWORK_ERROR not in item.entries
    return not isinstance(item.first, Cause) or not _is_status(item)


def _is_status(item: Item) -> bool:
    return isinstance(item.first, Cause) and item.first.name.startswith("http-status")


def _with_values(item: Item, untold: list[Item], *, alone: bool) -> Item:
    """With what the lines that tell nothing else know of the same request: its URL, its status."""
    url = item.values.get("url")
    for other in untold:
        its_url = other.values.get("url")
        if (url == its_url and url is not None) or (alone and (url is None or its_url is None)):
            known = {name: value for name, value in other.values.items() if value != "OPTIONS"}  # not what was refused
            item = replace(item, values={**known, **item.values})
    return item
