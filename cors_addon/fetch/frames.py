"""Whether an answer lets itself be put into a frame: X-Frame-Options, and frame-ancestors, which overrules it.

Anchor: https://html.spec.whatwg.org/multipage/browsing-the-web.html#the-x-frame-options-header
"""

from collections.abc import Iterable, Sequence

from cors_addon.fetch.csp import STANDARD, Matching, Policy, matches_source_list
from cors_addon.fetch.headers import get
from cors_addon.fetch.origins import Url, known_url

_KNOWN = frozenset({"deny", "allowall", "sameorigin"})


def frame_options_refuse(fields: Iterable[tuple[bytes, bytes]], url: Url, embedders: Iterable[str]) -> str | None:
    """The value that keeps the answer from a frame in pages of the origins `embedders`, from the inside out; None where
    it may be shown.

    https://html.spec.whatwg.org/multipage/document-lifecycle.html#check-a-navigation-response's-adherence-to-x-frame-options
    """
    value = get(fields, b"x-frame-options")
    if value is None:
        return None
    options = {item.strip("\t\n\r ").lower() for item in value.split(",")}
    if len(options) > 1:
        return value if _KNOWN & options else None
    option = next(iter(options))
    if option == "deny" or (option == "sameorigin" and any(each != url.origin for each in embedders)):
        return value
    return None


def frame_ancestors_refuse(
    policies: Sequence[Policy], url: Url, embedders: Iterable[str], *, paths: bool, how: Matching = STANDARD
) -> str | None:
    """The directive that keeps the answer from a frame in pages of the origins `embedders`, or None.

    `paths`: that of a source counts, so that it allows nobody, for of an ancestor no more than its origin is asked.
    https://w3c.github.io/webappsec-csp/#frame-ancestors-navigation-response
    """
    ancestors = [known_url(each) for each in embedders]
    for policy in policies:
        sources = policy.get("frame-ancestors")
        if sources is None:
            continue
        for each in ancestors:
            if each is None or not matches_source_list(each, sources, url, redirected=not paths, how=how):
                return " ".join(("frame-ancestors", *sources))
    return None


def has_frame_ancestors(policies: Sequence[Policy]) -> bool:
    """Whether X-Frame-Options is to be ignored. https://w3c.github.io/webappsec-csp/#frame-ancestors-and-frame-options"""
    return any("frame-ancestors" in policy for policy in policies)
