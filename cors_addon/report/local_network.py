"""What a proxy on this machine hides: what browsers do before a public page reaches into the local network.

Behind such a proxy a page's address, and the server's, are not known to the browser: it asks nobody.
https://wicg.github.io/local-network-access/
"""

from cors_addon.audit import hosts
from cors_addon.engines import detect
from cors_addon.engines.local_network import GUARDS, Guard, guard_of
from cors_addon.exchange import private_network
from cors_addon.exchange.model import Judgement, Role
from cors_addon.fetch.headers import get
from cors_addon.fetch.origins import Url, known_url
from cors_addon.fetch.patterns import pattern

_ASKED_OF = frozenset({Role.ACTUAL, Role.NAVIGATION, Role.NO_CORS, Role.PREFLIGHT, Role.REDIRECT, Role.WEBSOCKET})
_VERSION = pattern(r"(?:Chrome|Chromium|Firefox)/(\d{1,5})")
_NAMES = {"chromium": "Chromium", "gecko": "Firefox"}


def hint(judgement: Judgement) -> str:
    """What its browser does with such a request without the proxy, in words; empty where it does nothing else."""
    if private_network.is_lacking(judgement):
        return (
            "The preflight asks for the local network (Access-Control-Request-Private-Network), which its answer does "
            "not permit: Chromium 104 to 141 only warn of that, unless a flag or a policy has them insist on it; from "
            "142 on the user is asked instead (Local Network Access)."
        )
    engine, page, host = judgement.engine, public_page(judgement), judgement.observation.url.host
    if engine.name not in GUARDS or judgement.role not in _ASKED_OF or page is None:
        return ""
    guard = guard_of(engine.name, version_of(judgement), socket=judgement.role is Role.WEBSOCKET)
    does = "" if guard is None else _does(engine.name, guard, secure=page.scheme == "https")
    if not does:
        return ""
    where = "on this machine" if hosts.is_own_machine(host) else "in the local network"
    return f"{page.origin} is a public page, and {host} is {where}: {does}"


def public_page(judgement: Judgement) -> Url | None:
    """The public page that asks an address which is not; None where it is another case."""
    fate = judgement.fate
    page = known_url(judgement.origin or ("" if fate is None else fate.load.origin))
    if page is None or hosts.is_local(page.host) or hosts.is_for_tests(page.host):
        return None
    return page if hosts.is_local(judgement.observation.url.host) else None


def version_of(judgement: Judgement) -> int:
    """Major version of the browser, as what is judged, or as its User-Agent says; 0 where neither tells."""
    engine, agent = judgement.engine, get(judgement.observation.request, b"user-agent") or ""
    if engine.version:
        return engine.version
    told = _VERSION.search(agent)
    own = detect(agent.encode("latin-1"))
    return int(told[1]) if told is not None and own is not None and own.name == engine.name else 0


def _does(engine: str, guard: Guard, *, secure: bool) -> str:
    name = _NAMES[engine]
    since = next(each.version for each in GUARDS[engine] if each.guard is guard)
    what = "Local Network Access" if guard is Guard.PERMISSION else "Private Network Access"
    if not secure and engine == "chromium":
        does = f"lets it through never, for the page has no TLS ({what})"
    elif guard is Guard.PREFLIGHT:
        does = (
            "asks that server by a preflight first, and warns where the answer lacks "
            f"Access-Control-Allow-Private-Network ({what}; from 142 on it asks the user, see Local Network Access)"
        )
    elif guard is Guard.PERMISSION:
        does = f"lets it through only if the user permits it ({what})"
    else:
        return ""
    asked = "Through a proxy on the same machine it is not asked."
    return f"without this proxy {name} (from {since}) {does}. {asked}"
