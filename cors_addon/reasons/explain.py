"""`cors-addon explain`: a reason in full, found by its name, a browser's name for it, or what people paste; or a
security finding, by its name.

Law 1: a message is recognised wherever it stands in the text, however it is wrapped or quoted. Of several causes each
is told, once.
Law 2: where a browser has one text for several reasons, all are named and the most frequent is explained.
Law 3: what is no matter of CORS says so first; what tells nothing says what to paste in addition.
Law 4: what is not known is said, with what comes close, and exit code 2.
"""

import json
import textwrap
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from cors_addon.fetch.headers import visible
from cors_addon.fetch.refusals import Reason, Refusal, Stage
from cors_addon.reasons.causes import Cause, Kind
from cors_addon.reasons.entries import Entry, Item, closest, recognise, without_password
from cors_addon.reasons.finding import FindingName
from cors_addon.reasons.findings import FINDINGS
from cors_addon.reasons.model import BROWSERS, UNNAMED, Explanation, Facts, Said, fix, message
from cors_addon.reasons.registry import REGISTRY, NotRevealed

if TYPE_CHECKING:
    from cors_addon.reasons.pasted_remedies import Told
    from cors_addon.remedies.value import Remedy

FOUND = 0
UNKNOWN = 2

_WIDTH = 80


def explain(query: str | None = None) -> tuple[str, int]:
    """The text for `cors-addon explain [QUERY]`, and the exit code: 2 where nothing was found."""
    if query is None or not query.strip():
        return _list(), FOUND
    items = recognise(query)
    if not items:
        return _unknown(query), UNKNOWN
    if len(items) == 1:
        return _render(items[0]), FOUND
    parts = (f"── {number} of {len(items)} ──\n\n{_render(item)}" for number, item in enumerate(items, 1))
    return "\n\n\n".join(parts), FOUND


def explain_json(query: str | None = None) -> tuple[str, int]:
    """The same as JSON, for `cors-addon explain --json`; see `described` for an item's fields."""
    items = recognise(query) if query and query.strip() else [Item((reason,)) for reason in REGISTRY]
    document: dict[str, object] = {"schema": 1, "recognised": [described(item) for item in items]}
    if not items and query:
        document["closest"] = closest(query)
        document["paste"] = list(_PASTE_MORE)
    return json.dumps(document, indent=2, ensure_ascii=False), FOUND if items else UNKNOWN


def _told_by(entry: Reason | Cause, item: Item) -> "Told":
    from cors_addon.reasons import pasted_remedies  # all remedies: of use to a message alone

    if isinstance(entry, Cause):
        return pasted_remedies.of_block(entry.blocked_by, item.values)
    return pasted_remedies.told_by(entry, item.values, preflight=item.preflight)


def described(item: Item) -> dict[str, object]:
    """What one recognised item tells, as JSON has it.

    Fields:
        kind: `reason` (why CORS refused), `finding` (of security), `hidden` (what a browser tells and traffic does not
            show), `cors`, `not-cors`, `server` (its own words) or `untold` (it says only that something failed).
        name: ours; for `hidden` the browser's.
        also: further names that the same message may have; the first is the most frequent.
        blocked_by: as in the JSON lines; null where nothing was blocked, or that is not told.
        engine, by, language: who wrote it: the engine, or the name of a program; the language where it is not English.
        text, values: the message as pasted, and what stood in it (url, origin, status, method, header …).
        title, explanation, notes: what it means, and what these values tell.
        fixes: what to change, the likeliest first.
        remedies: what the message's values tell to change, as in a JSON line of `check`.
        paste: what to paste in addition, to know more.
        spec: a link, or null.
    """
    first = item.first
    by_engine = item.by in BROWSERS
    common: dict[str, object] = {
        "kind": _kind(first),
        "name": _name(first),
        "also": [_name(entry) for entry in item.entries[1:]],
        "blocked_by": _blocked_by(first),
        "engine": item.by if by_engine else None,
        "by": BROWSERS[item.by] if by_engine and item.by else item.by,
        "language": item.language,
        "text": visible(without_password(item.text)) or None,
        "values": {name: visible(value) for name, value in item.values.items()},
    }
    return common | _told(item)


def _told(item: Item) -> dict[str, object]:
    first = item.first
    if isinstance(first, Cause):
        return {
            "title": first.title,
            "explanation": first.why,
            "notes": [],
            "fixes": list(first.fixes),
            "remedies": [remedy.described() for remedy in _told_by(first, item).remedies],
            "paste": list(first.paste),
            "spec": first.spec,
        }
    if isinstance(first, NotRevealed):
        return {
            "title": _name(first),
            "explanation": first.why,
            "notes": [],
            "fixes": [],
            "remedies": [],
            "paste": [],
            "spec": None,
        }
    explanation = FINDINGS[first] if isinstance(first, FindingName) else REGISTRY[first]
    happened, remedies = "", tuple["Remedy", ...]()
    fixes = [fix(explanation, *explanation.example)]
    if isinstance(first, Reason) and isinstance(explanation, Explanation) and item.text:
        told = _told_by(first, item)
        happened, remedies = told.happened, told.remedies
        fixes = [_change(explanation, item)] if told.headers_help else told.in_words()
    return {
        "title": message(explanation, *explanation.example),
        "explanation": explanation.explanation,
        "notes": [happened] if happened else [],
        "fixes": fixes,
        "remedies": [remedy.described() for remedy in remedies],
        "paste": [],
        "spec": explanation.anchor,
    }


def find(query: str) -> Item | None:
    """The first thing that a query means; None where it means nothing."""
    return next(iter(recognise(query)), None)


def _kind(entry: Entry) -> str:
    if isinstance(entry, Cause):
        return entry.kind.value
    if isinstance(entry, NotRevealed):
        return "hidden"
    return "finding" if isinstance(entry, FindingName) else "reason"


def _name(entry: Entry) -> str:
    if isinstance(entry, Cause):
        return entry.name
    return entry.said.names[0] if isinstance(entry, NotRevealed) else entry.value


_LOCAL_NETWORK = frozenset({"InsecureLocalNetwork", "InvalidLocalNetworkAccess", "LocalNetworkAccessPermissionDenied"})
_OWN_NAMES = {("CORSAllowHeaderFromPreflightDeprecation", "chromium"): "AuthorizationCoveredByWildcard"}
"""What an engine calls a thing that stands under another's name: a DeprecationIssue of the DevTools protocol."""
_WARNINGS = frozenset({"CORSAllowHeaderFromPreflightDeprecation"})


def _blocked_by(entry: Entry) -> str | None:
    if isinstance(entry, Cause):
        return entry.blocked_by
    if isinstance(entry, NotRevealed):
        name = entry.said.names[0]
        return "local-network" if name in _LOCAL_NETWORK else None if name in _WARNINGS else "cors"
    if isinstance(entry, FindingName):
        return None
    return _BLOCKED_BY.get(entry, "cors")


_BLOCKED_BY: Mapping[Reason, str | None] = {
    **dict.fromkeys((Reason.HEADER_UNREADABLE, Reason.HEADERS_TOO_LARGE, Reason.NETWORK_ERROR), "network"),
    Reason.REDIRECT_COUNT_EXCEEDED: "network",
    Reason.REDIRECT_MODE_ERROR: "other",
    Reason.REDIRECT_URL_UNUSABLE: "network",
}

# --- rendering --------------------------------------------------------------------------------------------------------


def _list() -> str:
    lines = [f"{name}\n{_indent(message(each, *each.example))}" for name, each in REGISTRY.items()]
    return (
        "The reasons for which a browser refuses an answer, most frequent first, with an\n"
        "example each.\n\n"
        + "\n".join(lines)
        + "\n\nSecurity findings: what a server's answers let others do, the gravest first.\n\n"
        + "\n".join(map(_brief, FINDINGS))
        + "\n\n`cors-addon explain NAME` tells all about one. NAME may also be a browser's own name\n"
        "for an error, or a message pasted from its console."
    )


def _brief(name: FindingName) -> str:
    return f"{name}\n{_indent(message(FINDINGS[name], *FINDINGS[name].example))}"


def _render(item: Item) -> str:
    first, *others = item.entries
    if isinstance(first, Cause):
        return _cause(first, item)
    parts = []
    if isinstance(first, NotRevealed):
        parts.append(_hidden(first, item))
        if first.see is not None:
            parts.append(f"See also: cors-addon explain {first.see}")
    elif isinstance(first, FindingName):
        parts.append(_finding(first))
    else:
        if others:
            same = (
                f"The browser says the same for: {', '.join(map(_name, item.entries))}. The first is the most frequent."
            )
            parts.append(_paragraph(same))
        parts.append(_whole(first, item))
    return "\n\n".join(parts)


_HEADS: Mapping[Kind, str] = {
    Kind.CORS: "CORS",
    Kind.NOT_CORS: "not CORS",
    Kind.SERVER: "refused by the server itself",
    Kind.UNTOLD: "not told",
}


def _cause(cause: Cause, item: Item) -> str:
    parts = [_paragraph(f"{_HEADS[cause.kind]}: {cause.title} ({cause.name})") + _where(item)]
    if len(item.entries) > 1:
        parts.append(_paragraph(f"The same message has: {', '.join(map(_name, item.entries))}."))
    parts.append(_paragraph(cause.why))
    if cause.name == "csp" and (words := _told_by(cause, item).in_words()):
        parts.append("Who must change what\n" + "\n".join(map(_item, map(visible, words))))
    elif cause.fixes:
        parts.append("What to do\n" + "\n".join(map(_item, cause.fixes)))
    if cause.paste:
        parts.append("Paste in addition\n" + "\n".join(map(_item, cause.paste)))
    if cause.spec:
        parts.append(f"Spec\n  {cause.spec}")
    return "\n\n".join(parts)


_SHOWN = "method url first location page origin status header value type directive policy".split()


def _where(item: Item) -> str:
    """The values of a message, a line each."""
    names = {"first": "redirected from", "location": "redirected to"}
    lines = [
        textwrap.shorten(f"  {names.get(name, name)}: {visible(item.values[name])}", 200, placeholder=" …")
        for name in _SHOWN
        if name in item.values
    ]
    language = f"\n  Firefox in another language ({item.language})" if item.language else ""
    return "".join(f"\n  {line}" for line in lines) + language


_NOT_SENT = "\n  at the preflight: the request was never sent"
_UNKNOWN_GRANTS = (
    "In the place of … stand the method and the header names of the page's request, as far as they need permission."
)


def _facts(explanation: Explanation, item: Item) -> Facts:
    """What a pasted message tells of its exchange; what it does not tell of the request stays open."""
    values = item.values
    return Facts(
        status=int(values["status"]) if values.get("status", "").isdigit() else None,
        origin=values.get("origin") or explanation.example[1].origin,
        method=values.get("method") if explanation.name == Reason.METHOD_NOT_ALLOWED else UNNAMED,
        headers=tuple(values["header"].split(", ")) if "header" in values else (UNNAMED,),
        credentialed=explanation.example[1].credentialed,
        location=values.get("location"),
    )


def _change(explanation: Explanation, item: Item) -> str:
    refusal = explanation.example[0]
    if item.preflight:
        refusal = refusal._replace(stage=Stage.PREFLIGHT)
    if "location" in item.values:
        refusal = Refusal(refusal.reason, refusal.stage, item.values["location"])
    facts = _facts(explanation, item)
    if item.preflight and not 200 <= (facts.status or 200) < 300:
        facts = facts._replace(status=204)  # with another, good headers do not count
    change = fix(explanation, refusal, facts._replace(method=facts.method or UNNAMED))
    if explanation.name in (Reason.METHOD_NOT_ALLOWED, Reason.HEADER_NOT_ALLOWED):
        change += "\nbeside what it lists already."
    elif UNNAMED in change:
        change += f"\n{_UNKNOWN_GRANTS}"
    return change


def _whole(reason: Reason, item: Item) -> str:
    explanation = REGISTRY[reason]
    told = None
    change, whose = fix(explanation, *explanation.example), ", for this example"
    example = "" if item.text else f"\n{_indent(f'for example: {message(explanation, *explanation.example)}')}"
    if item.text:
        told = _told_by(reason, item)
        change, whose = _change(explanation, item), ""
        origin = explanation.example[1].origin
        if not item.values.get("origin") and str(origin) in change:
            whose = f", with your page's origin in the place of {origin}"
    parts = [
        f"{reason}{example}{_where(item)}{_NOT_SENT if item.preflight else ''}",
        *([_paragraph(visible(told.happened))] if told and told.happened else []),
        _paragraph(explanation.explanation),
        "Usual causes\n" + "\n".join(_item(cause) for cause in explanation.causes),
    ]
    if told and told.remedies:
        words = map(_item, map(visible, told.in_words()))
        parts.append("Who must change what\n" + "\n".join(words))
    if told is None or told.headers_help:
        parts.append(f"Fix{whose}\n" + _indent(change))
    if explanation.said:
        parts.append("Browsers say\n" + _said(explanation.said))
    parts.append(f"Spec\n  {explanation.anchor}")
    return "\n\n".join(parts)


def _finding(name: FindingName) -> str:
    explanation = FINDINGS[name]
    return "\n\n".join(
        (
            f"{name}: a security finding ({explanation.severity})\n"
            + _indent(f"for example: {message(explanation, *explanation.example)}"),
            _paragraph(explanation.explanation),
            "Usual causes\n" + "\n".join(_item(cause) for cause in explanation.causes),
            "Fix, for this example\n" + _indent(fix(explanation, *explanation.example)),
            f"Spec\n  {explanation.anchor}",
        )
    )


def _hidden(hidden: NotRevealed, item: Item) -> str:
    name = hidden.said.names[0]
    head = f"{name} ({BROWSERS[hidden.said.engine]}): not to be seen in the traffic"
    own = _OWN_NAMES.get((name, item.by or ""))
    if own is not None and item.by is not None:
        head = f"{own} ({BROWSERS[item.by]}), of what {BROWSERS[hidden.said.engine]} warns by {name}"
    if name in _LOCAL_NETWORK:
        head = f"not CORS: Local Network Access\n{head}"
    if name in _WARNINGS:
        head = f"a warning, nothing was refused\n{head}"
    return "\n\n".join((head + _where(item), _paragraph(hidden.why), "Browsers say\n" + _said((hidden.said,))))


def _said(all_said: Iterable[Said]) -> str:
    lines = []
    for said in all_said:
        label = f"  {BROWSERS[said.engine]:10}"
        for text in filter(None, (", ".join(said.names), said.text)):
            lines.extend(
                textwrap.wrap(text, _WIDTH, initial_indent=label, subsequent_indent=" " * 12, break_on_hyphens=False)
            )
            label = " " * 12
    return "\n".join(lines)


def _paragraph(text: str) -> str:
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _item(text: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent="  - ", subsequent_indent="    ", break_on_hyphens=False)


def _indent(text: str) -> str:
    """Sentences wrapped; header lines, which are to be pasted, whole."""
    return "\n".join(
        f"  {line}"
        if line.startswith("  ")
        else textwrap.fill(line, _WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
        for line in text.split("\n")
    )


_PASTE_MORE = (
    "the whole message, as the browser's console has it, and what stands right above it",
    "or the name of the error in the Network panel (net::ERR_…, NS_ERROR_…, CORS …), with the status",
    "of a Firefox in another language: the address of its link «Learn More», too",
    "or a HAR file saved from the Network panel, to `cors-addon check`",
)


def _unknown(query: str) -> str:
    wanted = " ".join(query.split())
    shown = visible(wanted if len(wanted) <= 60 else f"{wanted[:59]}…")
    text = f"neither a reason nor a finding, nor what a browser says: {shown}"
    close = closest(query)
    if close:
        text += f"\nClosest: {', '.join(close)}"
    if " " in wanted:
        text += "\nPaste in addition\n" + "\n".join(map(_item, _PASTE_MORE))
    return text + "\n`cors-addon explain` lists all reasons and findings."
