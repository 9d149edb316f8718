"""MIME types, as far as CORS and the other checks of an answer depend on them.

Anchors: https://mimesniff.spec.whatwg.org/, https://fetch.spec.whatwg.org/#x-content-type-options-header
"""

from collections.abc import Iterable

from cors_addon.fetch.headers import get, get_all, is_token, normalize

JAVASCRIPT = frozenset(
    """application/ecmascript application/javascript application/x-ecmascript application/x-javascript text/ecmascript
    text/javascript text/javascript1.0 text/javascript1.1 text/javascript1.2 text/javascript1.3 text/javascript1.4
    text/javascript1.5 text/jscript text/livescript text/x-ecmascript text/x-javascript""".split()
)
"""https://mimesniff.spec.whatwg.org/#javascript-mime-type-essence-match"""

_NEVER_A_SCRIPT = ("audio/", "image/", "video/")


def essence(value: str) -> str | None:
    """`type/subtype` in lower case, parameters left out; None where `value` is no MIME type.

    https://mimesniff.spec.whatwg.org/#parse-a-mime-type
    """
    head = value.partition(";")[0].strip("\t\n\r ")
    kind, slash, subtype = head.partition("/")
    subtype = subtype.rstrip("\t\n\r ")
    if not slash or not is_token(kind) or not is_token(subtype):
        return None
    return f"{kind}/{subtype}".lower()


def extract(fields: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The essence of a message's MIME type: the last valid one, `*/*` apart; None where there is none.

    https://fetch.spec.whatwg.org/#concept-header-extract-mime-type
    """
    found = None
    for line in get_all(fields, b"content-type"):
        for item in normalize(line).split(","):
            kind = essence(item)
            if kind is not None and kind != "*/*":
                found = kind
    return found


def declared(fields: Iterable[tuple[bytes, bytes]]) -> str:
    """What Content-Type says before its parameters, lower case, were it no MIME type; empty where it says nothing."""
    return (get(fields, b"content-type") or "").partition(";")[0].strip("\t\n\r ").lower()


def is_javascript(kind: str | None) -> bool:
    """Whether an essence is that of a JavaScript MIME type."""
    return kind in JAVASCRIPT


def is_json(kind: str) -> bool:
    """https://mimesniff.spec.whatwg.org/#json-mime-type"""
    return kind.endswith("+json") or kind in {"application/json", "text/json"}


def is_xml(kind: str) -> bool:
    """https://mimesniff.spec.whatwg.org/#xml-mime-type"""
    return kind.endswith("+xml") or kind in {"application/xml", "text/xml"}


def is_never_a_script(kind: str) -> bool:
    """Whether even a classic script is refused for this type.

    https://fetch.spec.whatwg.org/#ref-for-should-response-to-request-be-blocked-due-to-mime-type?
    """
    return kind.startswith(_NEVER_A_SCRIPT) or kind == "text/csv"


def is_nosniff(fields: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether the first value of X-Content-Type-Options is `nosniff`, in any case.

    https://fetch.spec.whatwg.org/#determine-nosniff
    """
    value = get(fields, b"x-content-type-options")
    return value is not None and value.partition(",")[0].strip("\t\n\r ").lower() == "nosniff"
