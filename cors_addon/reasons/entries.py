"""What a name means, ours or a browser's, and the shape of what is recognised."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from cors_addon.fetch.patterns import pattern
from cors_addon.fetch.refusals import Reason
from cors_addon.reasons.causes import CAUSES, Cause, Kind
from cors_addon.reasons.finding import FindingName
from cors_addon.reasons.registry import NOT_REVEALED, REGISTRY, NotRevealed
from cors_addon.reasons.server_words import SERVER_CAUSES
from cors_addon.reasons.wordings import NAMES

type Entry = Reason | FindingName | NotRevealed | Cause


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a pasted text tells."""

    entries: tuple[Entry, ...]
    """What it may mean, most frequent first: a browser has one text for several causes."""
    by: str | None = None
    """Who wrote it: an engine or the name of a program."""
    language: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    """What stood in it: `url`, `origin`, `status`, `header` …"""
    text: str = ""
    """The message as it was pasted; empty for a name."""
    preflight: bool = False
    """Whether it says that a preflight was refused."""

    @property
    def first(self) -> Entry:
        """The most frequent of what it may mean."""
        return self.entries[0]

    @property
    def untold(self) -> bool:
        """Whether it says only that something failed."""
        return isinstance(self.first, Cause) and self.first.kind is Kind.UNTOLD


# --- names ------------------------------------------------------------------------------------------------------------

# Several reasons under one name of our own.
_ALIASES: Mapping[str, tuple[str, ...]] = {
    "allow-origin-of-webkit": ("allow-origin-missing", "allow-origin-mismatch", "allow-origin-invalid"),
    "redirect-by-webkit": ("redirect-refused",),
    "preflight-of-webkit": ("status-not-ok", "preflight-redirected"),
    "cors-headers-issue": (
        *("allow-origin-missing", "allow-origin-invalid", "allow-origin-multiple"),
        *("allow-headers-invalid", "allow-methods-invalid"),
    ),
    "corp-or-coep": ("corp", "coep"),
    "scheme": ("url-scheme",),
}


@cache
def by_browser() -> Mapping[str, tuple[Entry, ...]]:
    """What browsers' names mean, lower case and without their number."""
    found: dict[str, list[Entry]] = {}
    for reason, explanation in REGISTRY.items():
        for said in explanation.said:
            for name in said.names:
                found.setdefault(unnumbered(name), []).append(reason)
    for hidden in NOT_REVEALED:
        for name in hidden.said.names:
            found.setdefault(unnumbered(name), []).append(hidden)
    return {name: tuple(dict.fromkeys(entries)) for name, entries in found.items()}


def browser_names() -> Mapping[str, str]:
    """Every browser's name that is known, by its plain form."""
    said = [each for explanation in REGISTRY.values() for each in explanation.said]
    said += [hidden.said for hidden in NOT_REVEALED]
    return {unnumbered(name): name for each in said for name in each.names}


def closest(query: str) -> list[str]:
    """Names that come close, three at most."""
    import difflib

    wanted = unnumbered(query.strip()[:200].replace("_", "-").replace(" ", "-"))
    names = dict(browser_names()) | {name: name for name in (*map(str, Reason), *map(str, FindingName))}
    return [names[name] for name in difflib.get_close_matches(wanted, names, n=3, cutoff=0.5)]


def unnumbered(name: str) -> str:
    """A browser's name, lower case, without the number that Firefox adds where a wording changes."""
    return name.rstrip("0123456789").lower()


def meant(name: str) -> tuple[Entry, ...]:
    """The entries of one of our names, or of a browser's."""
    if name in _ALIASES:
        return tuple(entry for each in _ALIASES[name] for entry in meant(each))
    if name in set(Reason):
        return (Reason(name),)
    if name in set(FindingName):
        return (FindingName(name),)
    cause = CAUSES.get(name) or SERVER_CAUSES.get(name)
    return (cause,) if cause else by_browser().get(unnumbered(name), ())


def by_name(name: str) -> Item | None:
    """What one name means, ours or a browser's: the whole query is nothing else."""
    if len(name) > 200:
        return None
    ours = re.sub(r"[\s_]+", "-", name.lower())
    if ours in set(FindingName) or ours in set(Reason):
        return Item(meant(ours))
    if re.fullmatch(r"[\w.:-]+\*?", name):
        if ours in CAUSES or ours in SERVER_CAUSES:
            return Item(meant(ours))
        if unnumbered(name) in by_browser():
            return Item(by_browser()[unnumbered(name)])
        means = name_means(name.removeprefix("net::"))
        if means:
            return Item(meant(means))
    return None


def recognise(query: str) -> list[Item]:
    """All that is meant. For a name alone, what takes pasted texts apart is not loaded."""
    if len(query.split()) == 1 and (named := by_name(query.strip())) is not None:
        return [named]
    from cors_addon.reasons import pasted

    return pasted.recognise(query)


def name_means(name: str) -> str | None:
    """The name of ours for an error's name that is no CORS error: of net::, of Firefox, of DevTools' protocol."""
    if name in NAMES:
        return NAMES[name]
    best = max((each for each in NAMES if each.endswith("*") and name.startswith(each[:-1])), key=len, default=None)
    return NAMES[best] if best else None


# What a value of this name looks like; another is no such value.
_SHAPES: Mapping[str, re.Pattern[str]] = {
    "url": re.compile(r"[/:.]"),
    "status": re.compile(r"^[1-5]\d\d$"),
    "method": re.compile(r"^[A-Za-z][A-Za-z-]{0,30}$"),  # and none of a protocol's, such as Network.loadingFailed
}
_NO_VALUES = frozenset({"rest", "text", "word"})


def sound(values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The values that are what their name says, without passwords."""
    for name, value in values.items():
        shape, value = _SHAPES.get("url" if name in _URLS else name), _trimmed(name, value)
        if 0 < len(value) <= 2000 and name not in _NO_VALUES and (shape is None or shape.search(value)):
            yield ("url" if name in _URLS else name), without_password(value)


_URLS = frozenset({"at", "kind_url"})


def _trimmed(name: str, value: str) -> str:
    if name == "kind_url":  # script 'https://…'
        return value.rpartition(" ")[2].strip("'`\"’‘")
    if name == "origin" and re.fullmatch(r"[a-z][a-z0-9+.-]*://[^/]+/", value):  # DevTools' protocol adds a slash
        return value[:-1]
    if name == "url" and value.endswith("."):  # of the sentence
        return value[:-1]
    return _QUOTE.split(value, maxsplit=1)[0] if name == "origin" else value


_QUOTE = pattern(r"[\"'`<>\\]")
"""Ends an origin in the midst of JSON or markup."""


def of_preflight(means: str, values: Mapping[str, str]) -> str:
    """What a name means of this request: Chromium calls a preflight that was redirected net::ERR_INVALID_REDIRECT."""
    redirected = means == Reason.REDIRECT_URL_UNUSABLE and values.get("method") == "OPTIONS"
    return Reason.PREFLIGHT_REDIRECTED.value if redirected else means


def without_password(text: str) -> str:
    """The text with user names and passwords in its URLs left out: no password is repeated."""
    return re.sub(r"([A-Za-z][A-Za-z0-9+.-]{0,30}://)[^\s/\\?#@]{0,200}@", r"\1…@", text)
