"""`cors-addon explain`: a reason in full, found by its name, a browser's name for it, or a pasted console message; or a
security finding, by its name.

Law 1: a console message is recognised wherever it stands in the text, however it is wrapped or quoted. Of several,
the first counts: browsers log the cause first.
Law 2: where a browser has one text for several reasons, all are named and the most frequent is explained.
Law 3: what is not known is said, with what comes close, and exit code 2.
"""

import difflib
import itertools
import re
import textwrap
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from cors_addon.fetch.refusals import Reason, Stage
from cors_addon.reasons.finding import FindingName
from cors_addon.reasons.findings import FINDINGS
from cors_addon.reasons.model import BROWSERS, UNNAMED, Facts, Said, fix, message, printable
from cors_addon.reasons.registry import NOT_REVEALED, REGISTRY, NotRevealed

FOUND = 0
UNKNOWN = 2

_WIDTH = 80

type Entry = Reason | FindingName | NotRevealed


class Match(NamedTuple):
    """What a query means: one reason or several, or a finding, and the values that stood in it."""

    entries: tuple[Entry, ...]
    facts: Facts
    """What a pasted message tells of its exchange; all unknown for a name."""
    pasted: str = ""
    """The message."""


def explain(query: str | None = None) -> tuple[str, int]:
    """The text for `cors-addon explain [QUERY]`, and the exit code: 2 where nothing was found."""
    if query is None or not query.strip():
        return _list(), FOUND
    match = find(query)
    if match is not None:
        return _render(match), FOUND
    if any(phrase in _plain(query) for phrase in _SAYS_NOTHING):
        return _paragraph(_SILENCE), FOUND
    return _unknown(query), UNKNOWN


def find(query: str) -> Match | None:
    """The reasons that a query means, most frequent first; None where it means none."""
    reason = _reason(query.strip())
    if reason is not None:
        return Match((reason,), Facts())
    return _by_text(query) or _by_name(query) or _by_reason_inside(query)


# --- finding ----------------------------------------------------------------------------------------------------------

_SAYS_NOTHING = ("failed to fetch", "networkerror when attempting", "load failed", "network error", "net::err_failed")
_SILENCE = (
    "This is all that script is told, whatever the cause, on purpose: a page must not learn what other sites answer. "
    "The cause stands in the browser's console, in a message of its own (Chromium: has been blocked by CORS policy; "
    "Firefox: Cross-Origin Request Blocked; Safari: due to access control checks). Paste that one."
)


def _entries() -> Iterator[tuple[Entry, Said]]:
    for reason, explanation in REGISTRY.items():
        for said in explanation.said:
            yield reason, said
    for hidden in NOT_REVEALED:
        yield hidden, hidden.said


def _reason(text: str) -> Reason | FindingName | None:
    """The reason or finding of this name."""
    name = re.sub(r"[\s_]+", "-", text.lower())
    if name in set(FindingName):
        return FindingName(name)
    return Reason(name) if name in set(Reason) else None


def _by_text(query: str) -> Match | None:
    text = _plain(query)
    # the earliest match, and of those that begin together the longest
    best: tuple[int, int] | None = None
    entries: list[Entry] = []
    detail = None
    for entry, pattern in _patterns():
        found = pattern.search(text)
        if found is None:
            continue
        rank = (found.start(), -len(found[0]))
        if best is None or rank < best:
            best, entries, detail = rank, [], found[1] if pattern.groups else None
        if rank == best and entry not in entries:
            entries.append(entry)
    if not entries:
        return None
    # the values as they were written: the plain text is lower case
    return Match(tuple(entries), _facts(query, entries[0], _as_pasted(query, detail)), text)


def _by_name(query: str) -> Match | None:
    """By a browser's name for it, Firefox's with or without its number."""
    words = {_unnumbered(word) for word in re.findall(r"[A-Za-z]+\d*", query)}
    entries = [entry for entry, said in _entries() if words & {_unnumbered(name) for name in said.names}]
    return Match(tuple(dict.fromkeys(entries)), Facts()) if entries else None


def _by_reason_inside(query: str) -> Match | None:
    found = (_reason(word) for word in re.findall(r"[a-z]+(?:-[a-z]+)+", query.lower()))
    reasons = [reason for reason in found if reason is not None]
    return Match((reasons[0],), Facts()) if reasons else None


def _unnumbered(name: str) -> str:
    return name.rstrip("0123456789").lower()


def _plain(text: str) -> str:
    """Lower case, one kind of quote, one kind of space: as messages survive mail, chats and trackers."""
    text = re.sub("[‘’‚‛`´′]", "'", text)
    text = re.sub("[“”„‟″]", '"', text)
    return re.sub(r"\s+", " ", text).lower()


@cache
def _patterns() -> tuple[tuple[Entry, re.Pattern[str]], ...]:
    return tuple((entry, re.compile(_pattern(text))) for entry, said in _entries() for text in (said.text, *said.older))


def _pattern(text: str) -> str:
    """A console's words as a pattern: each … stands for a value, in quotes for any, else for one word."""
    parts = _plain(text).rstrip(".").split("…")
    result = re.escape(parts[0])
    for before, after in itertools.pairwise(parts):
        value = "(.{0,2000}?)" if before.endswith("'") else r"(\S{1,2000}?)" if after else r"(\S*)"
        result += value + re.escape(after)
    return result


def _as_pasted(query: str, detail: str | None) -> str | None:
    if not detail:
        return None
    found = re.search(re.escape(detail), query, re.IGNORECASE)
    return found[0] if found else detail


def _facts(query: str, entry: Entry, detail: str | None) -> Facts:
    """What a pasted message tells of its exchange."""
    origin = re.search(r"from origin ['‘’](\S+?)['‘’]|\bOrigin (\S+) is not allowed", query)
    status = re.search(r"\b[Ss]tatus code: (\d{3})\b|HTTP status code (\d{3})\b", query)
    return Facts(
        status=int(next(filter(None, status.groups()))) if status else None,
        origin=next(filter(None, origin.groups()), None) if origin else None,
        method=detail if entry is Reason.METHOD_NOT_ALLOWED else None,
        headers=(detail,) if detail and entry is Reason.HEADER_NOT_ALLOWED else (),
    )


# --- rendering --------------------------------------------------------------------------------------------------------


def _list() -> str:
    lines = [
        f"{reason}\n{_indent(message(explanation, *explanation.example))}" for reason, explanation in REGISTRY.items()
    ]
    found = [_brief(name) for name in FINDINGS]
    return (
        "The reasons for which a browser refuses an answer, most frequent first, with an\n"
        "example each.\n\n"
        + "\n".join(lines)
        + "\n\nSecurity findings: what a server's answers let others do, the gravest first.\n\n"
        + "\n".join(found)
        + "\n\n`cors-addon explain NAME` tells all about one. NAME may also be a browser's own name\n"
        "for an error, or a message pasted from its console."
    )


def _brief(name: FindingName) -> str:
    explanation = FINDINGS[name]
    return f"{name}\n{_indent(message(explanation, *explanation.example))}"


def _render(match: Match) -> str:
    first, *others = match.entries
    parts = []
    if isinstance(first, NotRevealed):
        parts.append(_hidden(first))
        if first.see is not None:
            parts.append(f"See also: cors-addon explain {first.see}")
    elif isinstance(first, FindingName):
        parts.append(_finding(first))
    else:
        if others:
            names = [first.value, *(entry.value for entry in others if isinstance(entry, Reason))]
            same = f"The browser says the same for: {', '.join(names)}. The first is the most frequent."
            parts.append(_paragraph(same))
        parts.append(_whole(first, match))
    return "\n\n".join(parts)


_UNKNOWN_GRANTS = (
    "In the place of … stand the method and the header names of the page's request, as far as they need permission."
)


def _whole(reason: Reason, match: Match) -> str:
    explanation = REGISTRY[reason]
    refusal, facts = explanation.example
    pasted = bool(match.pasted)
    if pasted:
        known = match.facts
        if "preflight" in match.pasted:
            refusal = refusal._replace(stage=Stage.PREFLIGHT)
        facts = Facts(
            origin=known.origin or facts.origin,
            method=known.method or UNNAMED,
            headers=known.headers or (UNNAMED,),
            status=known.status,
            credentialed=facts.credentialed,
        )
    change = fix(explanation, refusal, facts)
    if pasted and reason in (Reason.METHOD_NOT_ALLOWED, Reason.HEADER_NOT_ALLOWED):
        change += "\nbeside what it lists already."
    elif pasted and UNNAMED in change:
        change += f"\n{_UNKNOWN_GRANTS}"
    whose = "" if pasted else ", for this example"
    if pasted and not match.facts.origin and str(facts.origin) in change:
        whose = f", with your page's origin in the place of {facts.origin}"
    parts = [
        f"{reason}\n{_indent(f'for example: {message(explanation, *explanation.example)}')}",
        _paragraph(explanation.explanation),
        "Usual causes\n" + "\n".join(_item(cause) for cause in explanation.causes),
        f"Fix{whose}\n" + _indent(change),
    ]
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


def _hidden(hidden: NotRevealed) -> str:
    return "\n\n".join(
        (
            f"{hidden.said.names[0]} ({BROWSERS[hidden.said.engine]}): not to be seen in the traffic",
            _paragraph(hidden.why),
            "Browsers say\n" + _said((hidden.said,)),
        )
    )


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


def _unknown(query: str) -> str:
    wanted = query.strip()
    names = {_unnumbered(name): name for _, said in _entries() for name in said.names}
    names |= {name: name for name in (*map(str, Reason), *map(str, FindingName))}
    close = difflib.get_close_matches(_unnumbered(wanted.replace("_", "-").replace(" ", "-")), names, n=3, cutoff=0.5)
    shown = printable(wanted if len(wanted) <= 60 else f"{wanted[:59]}…")
    text = f"neither a reason nor a finding, nor what a browser says: {shown}"
    if close:
        text += f"\nClosest: {', '.join(names[name] for name in close)}"
    return text + "\n`cors-addon explain` lists all reasons and findings."
