"""What the keys of a policy hold beyond single words: origins, methods, header names, header edits and max-age.

Each entry is judged by itself here; what is wrong together, `consistency` tells.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from ruamel.yaml.nodes import MappingNode, ScalarNode

from cors_addon.engines import ENGINES
from cors_addon.fetch.checks import AUTHORIZATION
from cors_addon.fetch.headers import is_token
from cors_addon.fetch.methods import FORBIDDEN as FORBIDDEN_METHODS
from cors_addon.fetch.methods import normalize_method
from cors_addon.fetch.origins import OPAQUE
from cors_addon.fetch.requests import is_forbidden
from cors_addon.fetch.responses import FORBIDDEN, SAFELISTED
from cors_addon.policy import origins as origin_entries
from cors_addon.policy.edits import name_fault, value_fault
from cors_addon.policy.faults import FaultList, Severity
from cors_addon.policy.model import Names
from cors_addon.policy.suffixes import is_public_suffix
from cors_addon.policy.written import Written, is_null, kind, pairs, quoted

_CHROMIUM_MAX_AGE, _FIREFOX_MAX_AGE, _WEBKIT_MAX_AGE = (
    ENGINES[name].cache.cap for name in ("chromium", "gecko", "webkit")
)
"""Seconds that they honour; Firefox the most of all."""


class _Wrong(NamedTuple):
    """Why an entry is not taken."""

    code: str
    message: str
    severity: Severity = Severity.ERROR


# -- origins -----------------------------------------------------------------------------------------------------------


def origins(written: Written) -> origin_entries.Origins:
    """`origins`."""
    good: list[ScalarNode] = []
    for item in written.items("origins"):
        wrong = _origin_fault(item)
        if wrong is not None:
            written.faults.error(item, wrong.code, wrong.message)
            continue
        if item.value == OPAQUE:
            words = "sandboxed frames, files and redirect chains have the origin null: allow only what anyone may read"
            written.faults.warning(item, "null-origin", words)
        good.append(item)
    _tell_redundant_origins(good, written.faults)
    return origin_entries.collect(str(item.value) for item in good)


def _origin_fault(item: ScalarNode) -> _Wrong | None:
    entry = str(item.value)
    if is_null(item) and entry != OPAQUE:  # an empty entry, or ~
        return _Wrong("origin-malformed", 'no origin; for the origin null write "null"')
    if entry in (origin_entries.ANY, origin_entries.REFLECT, OPAQUE):
        return None
    if entry.lower() == OPAQUE:
        return _Wrong("origin-not-lower-case", f'browsers send "null", compared byte for byte, not {entry}')
    parsed = origin_entries.parse(entry)
    if parsed.pattern is None:
        hint = f": write {parsed.instead}" if parsed.instead and parsed.instead != entry else ""
        return _Wrong(str(parsed.flaw), f"{quoted(entry)}: {parsed.text}{hint}")
    if parsed.pattern.subdomains and is_public_suffix(parsed.pattern.host):
        words = f"{entry}: anyone may register a name under {parsed.pattern.host}, a public suffix"
        return _Wrong("wildcard-over-public-suffix", words)
    return None


def _tell_redundant_origins(items: list[ScalarNode], faults: FaultList) -> None:
    """Entries that another one covers."""
    everything = next((item for item in items if item.value in ("*", "reflect")), None)
    seen: dict[str, ScalarNode] = {}
    for item in items:
        entry = str(item.value)
        if entry in seen:
            words = f"{entry} stands already in line {seen[entry].start_mark.line + 1}"
            faults.warning(item, "redundant", words)
            continue
        seen[entry] = item
        covering = everything if everything is not None else _broader(item, items)
        if covering is not None and covering is not item:
            faults.warning(item, "redundant", f"{entry} is covered by {covering.value}")


def _broader(item: ScalarNode, items: Iterable[ScalarNode]) -> ScalarNode | None:
    """The first pattern among the others that covers an origin or pattern."""
    pattern = origin_entries.parse(str(item.value)).pattern if "://" in str(item.value) else None
    if pattern is None:
        return None
    for other in items:
        broader = origin_entries.parse(str(other.value)).pattern if "*" in str(other.value) else None
        if other is not item and broader is not None and broader != pattern and broader.covers(pattern):
            return other
    return None


# -- methods and header names ------------------------------------------------------------------------------------------


def methods(written: Written) -> Names:
    """`methods`."""
    items = written.items("methods")
    taken = _without_faults(items, _method_fault, str, written.faults)
    for item in taken.values():
        entry = str(item.value)
        if entry != entry.upper():
            words = f"methods are case-sensitive: {entry} allows just that, not {entry.upper()}"
            written.faults.warning(item, "method-case", words)
    everything = any(item.value == "*" for item in items)
    if everything:
        _tell_covered((item for item in items if item.value in taken), "*", written.faults)
    return Names(tuple(taken), everything)


def _method_fault(entry: str) -> _Wrong | None:
    if not is_token(entry):
        hint = ": one method per entry" if _is_several(entry) else ""
        return _Wrong("method-invalid", f"{quoted(entry)} is no method{hint}")
    if entry.upper() in FORBIDDEN_METHODS:
        return _Wrong("method-forbidden", f"browsers never send {entry.upper()} for a page")
    if normalize_method(entry) != entry:
        words = f"browsers send {normalize_method(entry)}, compared byte for byte: {entry} never matches"
        return _Wrong("method-case", words)
    return None


def request_headers(written: Written) -> Names:
    """`request-headers`."""
    items = written.items("request-headers")
    taken = _without_faults(items, _request_header_fault, str.lower, written.faults)
    everything = any(item.value == "*" for item in items)
    if everything:
        beside = (item for item in items if item.value in taken and item.value != AUTHORIZATION)
        _tell_covered(beside, "*", written.faults)
    return Names(tuple(taken), everything)


def _request_header_fault(entry: str) -> _Wrong | None:
    if not is_token(entry):
        return _no_name(entry)
    if is_forbidden(entry.lower()):
        return _Wrong("header-forbidden", f"no script may set {entry}: browsers never ask for it")
    if entry.lower().startswith("access-control-"):
        return _Wrong("header-prohibited", f"{entry} is no request header that a page sends")
    return None


def expose_headers(written: Written) -> Names:
    """`expose-headers`."""
    items = written.items("expose-headers")
    named = [item for item in items if item.value != origin_entries.REFLECT]
    taken = _without_faults(named, _exposed_header_fault, str.lower, written.faults)
    everything = any(item.value == "*" for item in items)
    reflect = len(named) < len(items)
    if everything or reflect:
        beside = (item for item in named if str(item.value).lower() in taken)
        _tell_covered(beside, "*" if everything else "reflect", written.faults)
    return Names(tuple(taken), everything, reflect)


def _exposed_header_fault(entry: str) -> _Wrong | None:
    lower = entry.lower()
    if not is_token(entry):
        return _no_name(entry)
    if lower in FORBIDDEN:
        return _Wrong("header-forbidden", f"no script ever sees {entry}, exposed or not")
    if lower == "origin" or lower.startswith(("access-control-request-", "access-control-allow-")):
        return _Wrong("header-prohibited", f"{entry} tells a page nothing: it is the browser's business")
    if lower in SAFELISTED:
        return _Wrong("redundant", f"every page may read {entry} anyway", Severity.WARNING)
    return None


def _without_faults(
    items: Iterable[ScalarNode], fault_of: Callable[[str], _Wrong | None], fold: Callable[[str], str], faults: FaultList
) -> dict[str, ScalarNode]:
    """The valid entries by their meaning (header names in lower case), each once; `*` is left out."""
    taken: dict[str, ScalarNode] = {}
    for item in items:
        entry = str(item.value)
        if entry == "*":
            continue
        wrong = fault_of(entry)
        if wrong is None and fold(entry) in taken:
            wrong = _Wrong("redundant", f"{entry} is listed twice", Severity.WARNING)
        if wrong is None:
            taken[fold(entry)] = item
        else:
            faults.add(item, wrong.severity, wrong.code, wrong.message)
    return taken


def _tell_covered(items: Iterable[ScalarNode], by: str, faults: FaultList) -> None:
    for item in items:
        faults.warning(item, "redundant", f"{item.value} is covered by {by}")


def _no_name(entry: str) -> _Wrong:
    hint = ": one name per entry" if _is_several(entry) else ""
    return _Wrong("header-invalid", f"{quoted(entry)} is no header name{hint}")


def _is_several(entry: str) -> bool:
    return "," in entry or " " in entry


# -- header edits ------------------------------------------------------------------------------------------------------


def header_edits(written: Written) -> dict[str, str]:
    """`set`."""
    node, faults = written.values["set"], written.faults
    if not isinstance(node, MappingNode):
        faults.error(node, "type", f"set maps header names to values; it is {kind(node)}")
        return {}
    edits: dict[str, str] = {}
    for key, value in pairs(node, faults):
        if not isinstance(value, ScalarNode):
            faults.error(value, "type", f"the value of a header is text, not {kind(value)}")
        elif (fault := name_fault(key.value)) is not None:
            faults.error(key, "header-invalid", fault)
        elif (fault := value_fault(value.value)) is not None:
            faults.error(value, "header-invalid", fault)
        elif key.value.lower() in (name.lower() for name in edits):
            faults.error(key, "duplicate-key", f"{key.value} is set twice: header names are case-insensitive")
        else:
            edits[key.value] = str(value.value).strip()
    return edits


def removals(written: Written) -> tuple[str, ...]:
    """`remove`."""
    names = []
    for item in written.items("remove"):
        fault = name_fault(item.value)
        if fault is None:
            names.append(str(item.value))
        else:
            written.faults.error(item, "header-invalid", fault)
    return tuple(names)


# -- numbers -----------------------------------------------------------------------------------------------------------


def max_age(written: Written) -> int | None:
    """`max-age`, in seconds."""
    seconds, node = written.integer("max-age"), written.values["max-age"]
    if seconds is None:
        return None
    if seconds < 0:
        written.faults.error(node, "max-age", "engines disagree about negative numbers: write 0 for no caching")
    elif seconds > _FIREFOX_MAX_AGE:
        many = seconds if seconds < 10**12 else "so many"
        words = (
            f"no engine keeps a preflight for {many} s: Chromium {_CHROMIUM_MAX_AGE}, "
            f"Firefox {_FIREFOX_MAX_AGE}, Safari {_WEBKIT_MAX_AGE} at most"
        )
        written.faults.error(node, "max-age", words)
    elif seconds > _CHROMIUM_MAX_AGE:
        caps = f"Chromium {_CHROMIUM_MAX_AGE}, Safari {_WEBKIT_MAX_AGE}"
        written.faults.warning(node, "max-age", f"only Firefox keeps a preflight for {seconds} s: {caps}")
    return seconds


def preflight_status(written: Written) -> int | None:
    """`preflight-status`."""
    status = written.integer("preflight-status")
    if status is not None and not 200 <= status <= 299:
        words = f"browsers refuse a preflight answered {status}: an ok status is 200 to 299"
        written.faults.error(written.values["preflight-status"], "preflight-status", words)
    return status
