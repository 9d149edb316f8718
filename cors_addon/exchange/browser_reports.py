"""What browsers report of pages by themselves: policies that refused a load, and connections that failed.

Law 1: a report is another's word: whatever it holds, reading it raises nothing, and what is made of it is bounded.
Law 2: only what was stopped before it was sent is taken: what a policy merely watches, and an answer that came, is not.
Anchors: https://w3c.github.io/reporting/#serialize-reports, https://w3c.github.io/webappsec-csp/#deprecated-serialize-violation,
https://w3c.github.io/network-error-logging/#generate-a-network-error-report,
https://w3c.github.io/webappsec-subresource-integrity/#integrity-policy-section
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from cors_addon.fetch import csp
from cors_addon.fetch.load import Block, Destination, Gate
from cors_addon.fetch.names import INTEGRITY_POLICY
from cors_addon.fetch.origins import Url, parse_url

type Fields = tuple[tuple[bytes, bytes], ...]

CSP_REPORT, REPORTS = b"application/csp-report", b"application/reports+json"
MAX_BYTES = 1 << 18
"""Of a body; a longer one is not read."""
MAX_REPORTS = 100
_LONGEST = 2000
_POLICY = "Content-Security-Policy"
_UNREACHED = ("dns.", "tcp.", "tls.")
"""Types of network errors of requests that no server got."""
DESTINATIONS = {
    "child-src": Destination.IFRAME,
    "font-src": Destination.FONT,
    "frame-src": Destination.IFRAME,
    "img-src": Destination.IMAGE,
    "manifest-src": Destination.MANIFEST,
    "media-src": Destination.VIDEO,
    "object-src": Destination.OBJECT,
    "script-src": Destination.SCRIPT,
    "script-src-elem": Destination.SCRIPT,
    "style-src": Destination.STYLE,
    "style-src-elem": Destination.STYLE,
    "worker-src": Destination.WORKER,
}
"""By effective directive; what script asks for itself has none."""


class Reported(NamedTuple):
    """A request that the browser says never left it."""

    page: Url
    """The document or worker."""
    url: Url
    """As far as the browser tells it."""
    block: Block
    destination: Destination
    age: float
    """Seconds between the failure and the report; 0 where that is not said."""
    text: str
    """What it said, as people read it."""


def is_report(method: bytes, fields: Fields) -> bool:
    """Whether a browser reports something by this request."""
    return method == b"POST" and any(name.lower() == b"content-type" and kind_of(value) for name, value in fields)


def kind_of(content_type: bytes) -> bytes | None:
    """Which kind of reports a request's body holds; None for anything else."""
    kind = content_type.partition(b";")[0].strip().lower()
    return kind if kind in (CSP_REPORT, REPORTS) else None


def read(kind: bytes, body: bytes) -> list[Reported]:
    """The requests that a body's reports tell of."""
    if len(body) > MAX_BYTES:
        return []
    try:
        whole = json.loads(body)
    except (ValueError, RecursionError):
        return []
    if kind == CSP_REPORT:
        reports: list[Any] = [whole.get("csp-report")] if isinstance(whole, dict) else []
        found = (_violation(each, "document-uri", "blocked-uri", _in_words(each)) for each in _mappings(reports))
    else:
        found = (_of_report(each) for each in _mappings(whole if isinstance(whole, list) else [whole]))
    return [each for each in found if each is not None]


def _mappings(items: list[Any]) -> Iterator[Mapping[str, Any]]:
    return (each for each in items[:MAX_REPORTS] if isinstance(each, dict))


def _of_report(report: Mapping[str, Any]) -> Reported | None:
    body = report.get("body")
    if not isinstance(body, dict):
        return None
    age = report.get("age")
    seconds = age / 1000 if isinstance(age, int | float) and 0 <= age < 1e9 else 0.0
    if report.get("type") == "csp-violation":
        words = {name: _text(body, key) for name, key in _MODERN.items()}
        found = _violation({"document": _text(report, "url"), **body, **words}, "documentURL", "blockedURL", words)
        return None if found is None else found._replace(age=seconds)
    if report.get("type") == "integrity-violation" and body.get("reportOnly") is False:
        return _without_integrity(report, body, seconds)
    if report.get("type") == "network-error":
        return _failure(report, body, seconds)
    return None


_MODERN = {"directive": "effectiveDirective", "policy": "originalPolicy", "disposition": "disposition"}
_OLD = {"directive": "effective-directive", "policy": "original-policy", "disposition": "disposition"}


def _in_words(report: Mapping[str, Any]) -> dict[str, str]:
    words = {name: _text(report, key) for name, key in _OLD.items()}
    words["directive"] = words["directive"] or _text(report, "violated-directive").partition(" ")[0]
    return words


def _violation(report: Mapping[str, Any], page: str, blocked: str, words: Mapping[str, str]) -> Reported | None:
    """A load that a policy refused. Inline script names no URL, and whoever frames a page is no load of its."""
    document = _url(_text(report, page)) or _url(_text(report, "document"))
    url, directive = _url(_text(report, blocked)), words["directive"]
    if document is None or url is None or words["disposition"] == "report" or directive == "frame-ancestors":
        return None
    block = Block(Gate.CSP, _whole(directive, words["policy"]), _POLICY)
    destination = DESTINATIONS.get(directive, Destination.EMPTY)
    return Reported(document, url, block, destination, 0.0, f"{directive} (a report of the browser's)")


def _whole(directive: str, policy: str) -> str:
    """The directive with its sources, or that which stands for it."""
    said = csp.parse(policy)
    name = csp.directive_for(said, directive)
    return directive if name is None else " ".join((name, *said[name]))


def _without_integrity(report: Mapping[str, Any], body: Mapping[str, Any], age: float) -> Reported | None:
    """A script, or style sheet, of an element without a digest, or without CORS, where the page demands both.

    https://w3c.github.io/webappsec-subresource-integrity/#report-violations
    """
    page, url = _url(_text(body, "documentURL")) or _url(_text(report, "url")), _url(_text(body, "blockedURL"))
    if page is None or url is None:
        return None
    destination = Destination.STYLE if _text(body, "destination") == "style" else Destination.SCRIPT
    block = Block(Gate.SRI, None, INTEGRITY_POLICY)
    return Reported(page, url, block, destination, age, f"{INTEGRITY_POLICY} (a report of the browser's)")


def _failure(report: Mapping[str, Any], body: Mapping[str, Any], age: float) -> Reported | None:
    url, kind = _url(_text(report, "url")), _text(body, "type")
    if url is None or not kind.startswith(_UNREACHED):
        return None
    return Reported(url, url, Block(Gate.NETWORK, kind), Destination.EMPTY, age, f"{kind} (a report of the browser's)")


def _text(report: Mapping[str, Any], name: str) -> str:
    value = report.get(name)
    return value[:_LONGEST] if isinstance(value, str) else ""


def _url(text: str) -> Url | None:
    return parse_url(text.partition("#")[0]) if text else None
