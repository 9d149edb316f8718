"""Preflights that ask for the local network, as those of Chromium 104 to 141 do.

Law 1: Chromium only warns of what such an answer lacks: https://developer.chrome.com/blog/pna-on-hold. A flag, a policy
or the permission for mixed content (from 120) has it enforced, and then nothing follows.
Law 2: where CORS alone would have needed no preflight, nothing in its answer counts, and no answer at all is as good:
services/network/cors/cors_url_loader.cc, `sending_pna_only_warning_preflight_`.
https://wicg.github.io/private-network-access/#cors-preflight
"""

from cors_addon.exchange.model import Judgement, Role, Verdict
from cors_addon.exchange.request_headers import read_request
from cors_addon.fetch.headers import get
from cors_addon.fetch.methods import CORS_SAFELISTED
from cors_addon.fetch.names import LOCAL_NETWORK, PRIVATE_NETWORK, REQUEST_LOCAL_NETWORK, REQUEST_PRIVATE_NETWORK

_ASKED = ((REQUEST_PRIVATE_NETWORK, PRIVATE_NETWORK), (REQUEST_LOCAL_NETWORK, LOCAL_NETWORK))

_NAMES_ASKED = frozenset(name for name, _ in _ASKED)


def is_only_warned_of(judgement: Judgement) -> bool:
    """Whether what its answer lacks does not count: it asks for the local network, and for nothing beside that."""
    both = judgement.if_omitted, judgement.if_credentialed
    return (
        not judgement.requested_headers
        and judgement.requested_method in CORS_SAFELISTED
        and any(each is None or each.verdict is Verdict.DENY for each in both)
        and any(get(judgement.observation.request, question) == "true" for question, _ in _ASKED)
    )


def is_insisted_on(judgement: Judgement) -> bool:
    """Whether it may be for want of this permission that nothing followed; what needs no preflight bears no Origin."""
    needed = bool(judgement.requested_headers) or judgement.requested_method not in CORS_SAFELISTED
    return needed and is_lacking(judgement)


def is_lacking(judgement: Judgement) -> bool:
    """Whether it asks for the local network, and its answer does not permit that."""
    if judgement.role is not Role.PREFLIGHT:
        return False
    asked, answered = judgement.observation.request, judgement.observation.response
    if _NAMES_ASKED.isdisjoint(read_request(asked)):
        return False  # asked of every preflight, and hardly any asks
    return any(
        get(asked, question) == "true" and get(answered, answer.lower().encode()) != "true"
        for question, answer in _ASKED
    )
