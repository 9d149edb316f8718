"""MIME types, as far as a preflight depends on them. https://mimesniff.spec.whatwg.org/#parse-a-mime-type"""

from cors_addon.fetch.headers import is_token


def essence(value: str) -> str | None:
    """`type/subtype` in lower case, parameters left out; None where `value` is no MIME type."""
    head = value.partition(";")[0].strip("\t\n\r ")
    kind, slash, subtype = head.partition("/")
    subtype = subtype.rstrip("\t\n\r ")
    if not slash or not is_token(kind) or not is_token(subtype):
        return None
    return f"{kind}/{subtype}".lower()
