"""Where traffic comes, and CORS has no say in any of it: that is said once, with what to try.

Law: it costs next to nothing. It ends with the first CORS exchange, and with what it says, after a minute of traffic.
"""

import asyncio
from collections.abc import Callable

from mitmproxy import ctx, http

from cors_addon.browser.wanted import Fault
from cors_addon.exchange.model import Judgement, Role
from cors_addon.fetch.origins import is_loopback
from cors_addon.proxy.browser_command import proxy_of
from cors_addon.proxy.logs import logger_of

logger = logger_of(__name__)

_SECONDS = 60.0
"""From the first flow on, until something is said."""
_MOST_HOSTS = 64
"""Remembered; more tell no more."""
_CORS = {Role.PREFLIGHT, Role.ACTUAL, Role.REDIRECT}

_MORE = 'More causes and cures are in README, under "I see no flows".'
_TO_LOCALHOST = (
    "Browsers send nothing that is on localhost to a proxy, unless they are told to: cors.browser starts one that is."
)
_NONE_BUT_ONBOARDING = (
    "A browser has reached mitmproxy (it asked for {}), and nothing else has come for a minute. Install the "
    "certificate from there, and open the page again. {} {}"
)
_NO_CORS = (
    "Traffic has come for a minute, and no page has asked another origin for anything that CORS has a say in. {} {}"
)
_AT_HOME = (
    "Where a page should have: its development server may ask the API itself (the proxy of Vite, webpack or Next), "
    "which makes it one origin; or a service worker or the HTTP cache answers, and nothing is sent."
)


class Silence:
    """A sink of judgements that waits for the first of a CORS exchange."""

    takes_probes = False

    def __init__(self, has_browser: Callable[[], bool], stop: Callable[[], None]) -> None:
        """`has_browser`: whether one of ours runs; `stop` is called when there is no more to wait for."""
        self._has_browser = has_browser
        self._stop = stop
        self._hosts: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None

    def note(self, flow: http.HTTPFlow) -> None:
        """An answer has come."""
        if not flow.live:
            return
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_SECONDS, self._say)
        if len(self._hosts) < _MOST_HOSTS:
            self._hosts.add(flow.request.data.host)

    def write(self, judgement: Judgement, _flow: http.HTTPFlow | None) -> None:
        """Take a judgement."""
        if judgement.role in _CORS:
            self._stop()

    def close(self) -> None:
        """Wait no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _say(self) -> None:
        text = _words(self._hosts, getattr(ctx.options, "onboarding_host", ""), has_browser=self._has_browser())
        self._stop()
        try:
            proxy_of(ctx.options)
        except Fault:  # in the other modes browsers are not set up for a proxy
            return
        logger.warning("%s", text)


def _words(hosts: set[str], onboarding: str, *, has_browser: bool) -> str:
    """What to say of traffic with these hosts; at `onboarding` mitmproxy gives its certificate."""
    if hosts == {onboarding}:
        return _NONE_BUT_ONBOARDING.format(onboarding, _TO_LOCALHOST, _MORE)
    is_told = has_browser or any(is_loopback(host) for host in hosts)
    return _NO_CORS.format(_AT_HOME if is_told else _TO_LOCALHOST, _MORE)
