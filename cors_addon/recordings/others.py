"""Files that people have, and that tell nothing of CORS: each is named, with what to record in its place."""

from collections.abc import Callable

from cors_addon.recordings.source import Head

HAR = "record a HAR instead (the network panel of the browser's developer tools: export HAR)"
PROXY = "record with mitmdump -w, or export a HAR from the browser"

_CAPTURES = (b"\x0a\x0d\x0d\x0a", b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d")


def _has(*paths: str) -> Callable[[Head], bool]:
    return lambda head: any(path in head.shape for path in paths)


def _is_failed_requests(head: Head) -> bool:
    shape = head.shape
    failed = "[].errorText" in shape or "[].failure" in shape
    return failed and "[].url" in shape and "[].request" not in shape


_KINDS: tuple[tuple[Callable[[Head], bool], str], ...] = (
    (
        lambda head: head.start.startswith(_CAPTURES),
        f"a packet capture: most of it is encrypted, and nothing in it is a browser's decision; {PROXY}",
    ),
    (
        _has("[]._source", "index._index", "layers.frame"),
        f"packets that tshark wrote as JSON, not a recording of requests; {PROXY}",
    ),
    (
        _has("traceEvents", "[].ph"),
        f"a DevTools performance trace: it has no preflights and no request headers; {HAR}",
    ),
    (
        _is_failed_requests,
        "a list of failed requests, without headers and without what the browser says of them; record a HAR instead, or"
        " the events of the DevTools protocol",
    ),
    (
        _has("info._postman_id", "info.schema", "collection.info"),
        "a collection of Postman, whose requests come from no browser: CORS is not asked there; record the page's own "
        "requests",
    ),
    (
        _has("__export_format", "resources[]._type"),
        "an export of Insomnia, whose requests come from no browser: CORS is not asked there; record the page's own "
        "requests",
    ),
    (
        _has("root_group", "metrics.http_reqs"),
        "a summary of k6, which is no browser: CORS is not asked there; record the page's own requests",
    ),
    (
        _has("[].info.browsertime"),
        "a summary of browsertime, without requests; the browsertime.har beside it has those that passed: to have"
        " what was refused, and why, record with --chrome.collectPerfLog, and check chromePerflog-1.json.gz",
    ),
    (
        _has("openapi", "swagger"),
        "a description of an API, not a recording of requests to it; " + HAR,
    ),
)


def what_it_is(head: Head) -> str | None:
    """What a file is that no format claims, and what to record in its place; None where it is not known."""
    return next((words for known, words in _KINDS if known(head)), None)
