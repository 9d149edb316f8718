"""The cross-origin resource policy check: whether a server lets pages elsewhere load a resource without CORS.

Anchor: https://fetch.spec.whatwg.org/#cross-origin-resource-policy-header
"""

from collections.abc import Callable, Iterable
from enum import StrEnum

from cors_addon.fetch.headers import get
from cors_addon.fetch.origins import Url, known_url


class ResourcePolicy(StrEnum):
    """https://fetch.spec.whatwg.org/#http-cross-origin-resource-policy"""

    SAME_ORIGIN = "same-origin"
    SAME_SITE = "same-site"
    CROSS_ORIGIN = "cross-origin"


_POLICIES = {policy.value: policy for policy in ResourcePolicy}


def resource_policy(fields: Iterable[tuple[bytes, bytes]]) -> ResourcePolicy | None:
    """The policy, None where there is none: upper case, a list, a second line even of the same value void it."""
    value = get(fields, b"cross-origin-resource-policy")
    return None if value is None else _POLICIES.get(value)


def permits(policy: ResourcePolicy | None, origin: str, url: Url, site: Callable[[str], str]) -> bool:
    """Whether a document of `origin` may have the resource at `url`; `site` maps a host to its registrable domain.

    https://fetch.spec.whatwg.org/#cross-origin-resource-policy-internal-check
    """
    if policy is None or policy is ResourcePolicy.CROSS_ORIGIN or origin == url.origin:
        return True
    if policy is ResourcePolicy.SAME_ORIGIN:
        return False
    page = known_url(origin)
    if page is None or site(page.host) != site(url.host):
        return False
    return page.scheme == "https" or url.scheme != "https"
