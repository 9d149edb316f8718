"""Names and values that are nearly right: misspelt headers, an origin with a slash at the end."""

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import islice
from urllib.parse import urlsplit

from cors_addon.fetch.origins import is_loopback

FAMILY = {
    name.lower(): name
    for name in (
        "Access-Control-Allow-Origin",
        "Access-Control-Allow-Credentials",
        "Access-Control-Allow-Methods",
        "Access-Control-Allow-Headers",
        "Access-Control-Expose-Headers",
        "Access-Control-Max-Age",
        "Access-Control-Allow-Private-Network",
        "Access-Control-Request-Method",
        "Access-Control-Request-Headers",
        "Timing-Allow-Origin",
    )
}
"""Header names of CORS, and those that are no misspelling of one, by lower case."""
_LONGEST = 60


def distance(one: str, other: str, limit: int) -> int:
    """Edits between two names, a swap of neighbours counted as one; `limit` + 1 where there are more than that."""
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, previous, row = row, before, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, previous[j - 2] + 1)
            row.append(cost)
    return min(row[-1], limit + 1)


_MOST_NAMES = 128
"""Names that one is compared with."""


def closest(name: str, names: Iterable[str]) -> str | None:
    """The one name that another is a misspelling of; None where none is near, or it is one itself."""
    if len(name) < 5 or len(name) > _LONGEST:
        return None
    limit = 1 if len(name) < 9 else 2
    plain = re.sub(r"[-_]", "", name)
    best: tuple[int, str] | None = None
    for each in islice(names, _MOST_NAMES):
        if each == name:
            return None
        edits = 0 if plain == re.sub(r"[-_]", "", each) else distance(name, each, limit)
        if edits <= limit and (best is None or edits < best[0]):
            best = edits, each
    return None if best is None else best[1]


_WORDS = ("access", "control", "allow", "expose", "max", "origin", "credentials", "methods", "headers", "age")
_SPELLINGS = {*_WORDS, *(word.removesuffix("s") for word in _WORDS)}


@lru_cache(maxsize=256)
def misspelt(name: str) -> str | None:
    """The header of CORS that a header's name, as sent, is a misspelling of; None where it is none.

    By edits, by what stands for the hyphens, by an `x-` before it, and by a word left out or out of order.
    """
    lower = name.lower().strip()
    if lower in FAMILY or len(lower) > _LONGEST or len(lower) < 8:
        return None
    plain = re.sub(r"[^a-z]", "", lower.removeprefix("x-"))
    best: tuple[int, str] | None = None
    for each, right in FAMILY.items():
        wanted = each.replace("-", "")
        edits = distance(plain, wanted, 3)
        if edits <= 3 and (best is None or edits < best[0]):
            best = edits, right
    if best is not None:
        return None if best[1].lower() in ("timing-allow-origin",) else best[1]
    return _by_words(lower)


def _by_words(lower: str) -> str | None:
    """`Allow-Origin`, `Cors-Allow-Origin`, `Access-Control-Origin`, `Access-Allow-Control-Origin`."""
    words = [word for word in re.split(r"[^a-z]+", lower) if word not in ("x", "cors", "http", "header")]
    if not words or not {*words} <= _SPELLINGS:
        return None
    last = words[-1] if words[-1] in _WORDS else f"{words[-1]}s"
    guarded = not {"allow", "control"}.isdisjoint(words)
    if guarded and last in ("origin", "credentials", "methods"):
        return FAMILY[f"access-control-allow-{last}"]
    if guarded and last == "headers":
        return FAMILY["access-control-expose-headers" if "expose" in words else "access-control-allow-headers"]
    return FAMILY["access-control-max-age"] if words[-2:] == ["max", "age"] and len(words) > 2 else None


# ---- values of Access-Control-Allow-Origin ----


def fault_of_origin(value: str, origin: str) -> str | None:
    """What is nearly right in an Access-Control-Allow-Origin, as a clause; None where nothing is."""
    stripped = value.strip().strip("\"'`")
    for test, words in (
        (value.strip() == "", "it is empty"),
        (stripped != value.strip() and bool(stripped), "it stands in quotes, which count as part of it"),
        (re.search(r"\$\{?\w|\{\{|%\{|<[\w-]+>", value), "it is a variable that nobody replaced by its value"),
        (value.strip().lower() in ("true", "false", "all", "any", "origin", "undefined", "none"), "it is no origin"),
        (re.fullmatch(r"\[.*\]", value.strip()), "it is a list in brackets, and only one origin may stand there"),
    ):
        if test:
            return words
    several = [part for part in re.split(r"[,;\s]+", stripped) if part]
    if len(several) > 1:
        among = ", although the page's is among them" if origin in several else ""
        return f"it lists {len(several)} origins, and only one may stand there{among}"
    if "*" in stripped and stripped != "*":
        return "it has a * in it: there are no patterns, only * alone or one whole origin"
    return _near_origin(stripped, origin)


def _near_origin(value: str, origin: str) -> str | None:
    if value == origin or value in ("*", "null") or origin == "null":
        return None
    if "://" not in value:
        return _without_scheme(value, origin)
    if value.rstrip("/") == origin:
        return "it has a slash at its end, which no origin has"
    if value.lower().rstrip("/") == origin.lower():
        return "it differs by the case of letters: browsers write origins in lower case"
    return _as_urls(value, origin)


def _without_scheme(value: str, origin: str) -> str | None:
    scheme, _, bare = origin.partition("://")
    if value.rstrip("/").lower() in (bare.lower(), bare.partition(":")[0].lower()):
        return f"it lacks the scheme: {scheme}://"
    return "it has no scheme, and so is no origin" if re.fullmatch(r"[\w.-]+\.[a-z]{2,}(:\d+)?/?", value) else None


def _as_urls(value: str, origin: str) -> str | None:
    try:
        ours, theirs = urlsplit(origin), urlsplit(value.lower())
        ports = (ours.port, theirs.port)
    except ValueError:
        return None
    if theirs.path.strip("/") or theirs.query:
        if theirs.netloc == ours.netloc and theirs.scheme == ours.scheme:
            return "it has a path, which no origin has"
        return None
    return _near_parts((ours.scheme, ours.hostname or "", ports[0]), (theirs.scheme, theirs.hostname or "", ports[1]))


def _other_port(ours: int | None, theirs: int | None, default: int | None) -> str:
    if theirs == default and ours is None:
        return f"it names the port {theirs}, which browsers leave out: it is the scheme's own"
    shown = [f"port {port}" if port else "no port" for port in (ours, theirs)]
    return f"it differs by the port: the page has {shown[0]}, the header {shown[1]}"


type _Parts = tuple[str, str, int | None]


def _near_parts(ours: _Parts, theirs: _Parts) -> str | None:
    """By what one origin differs from the other, where that is but one of its parts."""
    if ours[:2] == theirs[:2]:
        return _other_port(ours[2], theirs[2], {"http": 80, "https": 443}.get(theirs[0]))
    if ours[1:] == theirs[1:]:
        return f"it differs by the scheme: the page has {ours[0]}, the header {theirs[0]}"
    if ours[0] == theirs[0] and ours[1].removeprefix("www.") == theirs[1].removeprefix("www."):
        if ours[2] == theirs[2]:
            return "it differs by the www. before the name, which makes it another origin"
        return None
    if ours[0] == theirs[0] and ours[2] == theirs[2] and is_loopback(ours[1]) and is_loopback(theirs[1]):
        return f"the page is at {ours[1]}, the header says {theirs[1]}: these are two origins"
    return None
