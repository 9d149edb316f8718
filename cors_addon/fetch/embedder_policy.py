"""What a document or worker demands of all it loads: Cross-Origin-Embedder-Policy and Document-Isolation-Policy.

Law 1: both are structured tokens: parameters do not matter, a list or a second line makes the whole of no effect.
Law 2: both count in secure contexts only. Who asks for them knows the URL.
Anchors: https://html.spec.whatwg.org/multipage/browsers.html#coep,
https://wicg.github.io/document-isolation-policy/
"""

from collections.abc import Iterable
from enum import StrEnum

from cors_addon.fetch.headers import get
from cors_addon.fetch.structured import token_item


class EmbedderPolicy(StrEnum):
    """https://html.spec.whatwg.org/multipage/browsers.html#embedder-policy-value"""

    UNSAFE_NONE = "unsafe-none"
    CREDENTIALLESS = "credentialless"
    REQUIRE_CORP = "require-corp"

    @property
    def isolates(self) -> bool:
        """Whether it is compatible with cross-origin isolation, which is what frames and workers are asked for."""
        return self is not EmbedderPolicy.UNSAFE_NONE


class IsolationPolicy(StrEnum):
    """https://wicg.github.io/document-isolation-policy/#document-isolation-policy-value"""

    NONE = "none"
    ISOLATE_AND_CREDENTIALLESS = "isolate-and-credentialless"
    ISOLATE_AND_REQUIRE_CORP = "isolate-and-require-corp"

    @property
    def isolates(self) -> bool:
        """Whether it asks anything of what is loaded."""
        return self is not IsolationPolicy.NONE


_EMBEDDER = {policy.value: policy for policy in EmbedderPolicy}
_ISOLATION = {policy.value: policy for policy in IsolationPolicy}


def embedder_policy(fields: Iterable[tuple[bytes, bytes]]) -> EmbedderPolicy:
    """What is enforced. https://html.spec.whatwg.org/multipage/browsers.html#obtain-an-embedder-policy"""
    return _read(fields, b"cross-origin-embedder-policy")


def reported_embedder_policy(fields: Iterable[tuple[bytes, bytes]]) -> EmbedderPolicy:
    """What is not enforced, but told of.

    https://html.spec.whatwg.org/multipage/browsers.html#embedder-policy-report-only-value
    """
    return _read(fields, b"cross-origin-embedder-policy-report-only")


def _read(fields: Iterable[tuple[bytes, bytes]], name: bytes) -> EmbedderPolicy:
    value = get(fields, name)
    token = None if value is None else token_item(value)
    return _EMBEDDER.get(token or "", EmbedderPolicy.UNSAFE_NONE)


def isolation_policy(fields: Iterable[tuple[bytes, bytes]]) -> IsolationPolicy:
    """What is enforced; the report-only header is not read."""
    value = get(fields, b"document-isolation-policy")
    token = None if value is None else token_item(value)
    return _ISOLATION.get(token or "", IsolationPolicy.NONE)
