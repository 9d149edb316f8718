"""Mixed content: what a page that came over TLS does not load without TLS.

Anchor: https://w3c.github.io/webappsec-mixed-content/
"""

from collections.abc import Callable
from typing import NamedTuple

from cors_addon.fetch.origins import Url, is_ip, is_potentially_trustworthy

UPGRADABLE = frozenset({"audio", "image", "video"})
"""Destinations whose URL is upgraded in place of being blocked, at every redirect again.

https://w3c.github.io/webappsec-mixed-content/#upgrade-algorithm
"""


def is_ip_or_trustworthy(url: Url) -> bool:
    """What an upgradable load is sent to as it is: it then passes, or is blocked.

    https://w3c.github.io/webappsec-mixed-content/#upgrade-algorithm
    """
    return is_ip(url.host) or is_potentially_trustworthy(url)


class Upgrades(NamedTuple):
    """What an engine (by default the standards) makes of http URLs that redirects of an https page's loads lead to."""

    kept_for_media: Callable[[Url], bool] = is_ip_or_trustworthy
    """Not upgraded for loads that are upgradable."""
    kept_for_asked: Callable[[Url], bool] = is_potentially_trustworthy
    """Not upgraded where the page has `upgrade-insecure-requests`."""
    passes: Callable[[Url], bool] = is_potentially_trustworthy
    """No mixed content."""
    frames: bool = True
    """`upgrade-insecure-requests` holds for the redirects of frames."""
    import_scripts: bool = True
    """It holds for what a worker imports."""
    from_owner: bool = False
    """A worker has it from its page, too."""


def as_https(url: Url) -> Url:
    """The same over https."""
    return url._replace(scheme="https", port=443 if url.port == 80 else url.port)
