"""Whether a page's requests name it. https://w3c.github.io/webappsec-referrer-policy/"""

from collections.abc import Iterable

from cors_addon.fetch.headers import get
from cors_addon.fetch.origins import Url

_ALWAYS = frozenset({"origin", "origin-when-cross-origin", "unsafe-url"})
_SECURELY = frozenset({"no-referrer-when-downgrade", "strict-origin", "strict-origin-when-cross-origin"})
_KNOWN = _ALWAYS | _SECURELY | {"no-referrer", "same-origin"}
DEFAULT = "strict-origin-when-cross-origin"
_OF_OLD = {
    "never": "no-referrer",
    "default": DEFAULT,
    "always": "unsafe-url",
    "origin-when-crossorigin": "origin-when-cross-origin",
}


def referrer_policy(fields: Iterable[tuple[bytes, bytes]]) -> str:
    """The last value that is one; the default where none is.

    https://w3c.github.io/webappsec-referrer-policy/#parse-referrer-policy-from-header
    """
    value = get(fields, b"referrer-policy")
    if value is None:
        return DEFAULT
    known = [item for item in (each.strip(" \t").lower() for each in value.split(",")) if item in _KNOWN]
    return known[-1] if known else DEFAULT


def of_meta(content: str) -> str | None:
    """What a `<meta name=referrer>` says, in older words, too; None where that is nothing known.

    https://html.spec.whatwg.org/multipage/semantics.html#meta-referrer
    """
    value = content.strip(" \t\n\f\r").lower()
    value = _OF_OLD.get(value, value)
    return value if value in _KNOWN else None


def names_page(policy: str, page: Url, url: Url) -> bool:
    """Whether a request of a page with this policy bears a Referer, be it the origin alone.

    https://w3c.github.io/webappsec-referrer-policy/#determine-requests-referrer, but that all engines go by the schemes
    alone, where the standard has an http URL of this machine be as good as https: `SecurityPolicy::ShouldHideReferrer`
    in Chromium's and WebKit's sources, `ReferrerInfo::HandleSecureToInsecureReferral` in Firefox's.
    """
    if policy in _ALWAYS:
        return True
    if policy == "same-origin":
        return page.origin == url.origin
    downgrade = page.scheme == "https" and url.scheme != "https"
    return policy in _SECURELY and not downgrade
