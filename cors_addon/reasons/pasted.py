"""Take a pasted text apart: messages, names, JSON and addresses of documentation, each to what it means.

Law 1: each cause is told once, however often and in however many words the paste has it; its values are put together.
Law 2: what tells nothing (`Kind.UNTOLD`) is told only where nothing else in the paste tells more.
Law 3: a name counts only where nobody would write it by chance: alone, in quotes or JSON, with `net::` before it, or as
one of Firefox' CORS… and NS_ERROR_….
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache

from cors_addon.fetch.patterns import pattern
from cors_addon.fetch.refusals import Reason
from cors_addon.reasons import languages, pasted_http
from cors_addon.reasons.causes import CAUSES, Cause
from cors_addon.reasons.entries import (
    Entry,
    Item,
    by_name,
    meant,
    sound,
)
from cors_addon.reasons.matching import Found, Index, Text, Wording
from cors_addon.reasons.names_inside import by_status, named_in, names_inside
from cors_addon.reasons.registry import NOT_REVEALED, REGISTRY
from cors_addon.reasons.server_words import SERVER_WORDINGS
from cors_addon.reasons.structured import from_json, from_pages, out_of_html
from cors_addon.reasons.wordings import WORDINGS


def recognise(pasted: str) -> list[Item]:
    """All that a pasted text tells, in its order, what really failed first; empty where nothing is known."""
    named = by_name(pasted.strip())
    if named is not None and " " not in pasted.strip():
        return [named]
    query = out_of_html(pasted)
    items = _said(pasted, query)
    items += from_pages(query)
    if exchanged := list(_exchanged(query)):
        items = [*exchanged, *(item for item in items if item.entries != meant("referrer-policy"))]
    if not items and (foreign := _IN_BRACKETS.search(query[:_MOST_OF_PROSE])):
        items = [Item(meant("gecko-in-another-language"), "gecko", None, {"url": foreign[1].rstrip(".,")}, foreign[0])]
    return _together(items) or ([named] if named is not None else names_inside(query))


def _said(pasted: str, query: str) -> list[Item]:
    """What JSON tells, and its texts; or the text itself: as it was pasted, and as a page shows it."""
    strings, items = from_json(pasted)
    if strings is None and query != pasted:
        strings, items = from_json(query)
    for text in (query,) if strings is None else map(out_of_html, strings):
        items += _from_text(text)
    return items


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
    named = ((text.place(place), item) for place, item in named_in(query))
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
        if first.wording.means == "csp":
            values |= _asked(text, end, following)
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


_ASKED = pattern(r"note that ([a-z-]{1,40}) was not explicitly set")


def _asked(text: Text, end: int, following: list[Found] | None) -> dict[str, str]:
    """Which directive a request asks for, where another stands for it, as Chromium says after the policy."""
    stop = end + 2000 if following is None else min(end + 2000, following[0].start)
    asked = _ASKED.search(text.plain, end, stop)
    return {} if asked is None else {"directive": asked[1]}


_NEAR = 60  # characters between a message's beginning and its end
_BEFORE = frozenset({"context", "chromium-cut-off", "gecko-cut-off", "redirect-by-webkit"})


def _scheme(values: Mapping[str, str]) -> tuple[Entry, ...]:
    """What «only supported for protocol schemes» means: it depends on the URL."""
    url = values.get("url", "")
    if url.startswith("file:") or (values.get("origin") in ("null", "file://") and not url):
        return (CAUSES["file-page"],)
    if "first" in values and "location" not in values and url:
        return (Reason.REDIRECT_SCHEME_NOT_CORS,)
    if not url and values.get("scheme", "file") != "file":
        return (CAUSES["url-scheme"],)
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
        return [*(by_status(item.values, item.text) for item in untold[-1:] if _has_failed(item)), *untold[-1:]]
    told = list(_with_statuses([_with_values(item, untold, alone=len(told) == 1) for item in told]))
    if all(map(_is_status, told)):  # an error's status, and that CORS refused it: the check is still not told
        told += list(filter(_is_of_cors, untold))[-1:]
    return sorted(told, key=lambda item: not _is_status(item))


def _has_failed(item: Item) -> bool:
    """Whether a name that tells nothing stands beside a request and the status of an error."""
    return "url" in item.values and "method" in item.values and item.values.get("status", "")[:1] in ("4", "5")


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
