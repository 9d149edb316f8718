"""What a proxy on this machine hides: that Chromium asks the user before a public page reaches into the local network.

Behind such a proxy a page's address, and the server's, are not known to the browser: it asks nobody.
https://wicg.github.io/local-network-access/
"""

from cors_addon.audit import hosts
from cors_addon.exchange.model import Judgement, Role
from cors_addon.fetch.origins import known_url

_ASKED_OF = frozenset({Role.ACTUAL, Role.NAVIGATION, Role.NO_CORS, Role.PREFLIGHT, Role.REDIRECT})


def hint(judgement: Judgement) -> str:
    """What Chromium does with such a request without the proxy, in words; empty where it does nothing else."""
    if judgement.engine.name != "chromium" or judgement.role not in _ASKED_OF:
        return ""
    fate = judgement.fate
    page = known_url(judgement.origin or ("" if fate is None else fate.load.origin))
    host = judgement.observation.url.host
    if page is None or hosts.is_local(page.host) or hosts.is_for_tests(page.host) or not hosts.is_local(host):
        return ""
    where = "on this machine" if hosts.is_own_machine(host) else "in the local network"
    does = "only if the user permits it" if page.scheme == "https" else "never, for the page has no TLS"
    return (
        f"{page.origin} is a public page, and {host} is {where}: without this proxy Chromium (from 142) lets it "
        f"through {does} (Local Network Access). Through a proxy on the same machine it is not asked."
    )
