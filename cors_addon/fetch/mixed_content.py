"""Mixed content: what a page that came over TLS does not load without TLS.

Anchor: https://w3c.github.io/webappsec-mixed-content/
"""

from cors_addon.fetch.origins import Url, is_potentially_trustworthy

UPGRADABLE = frozenset({"audio", "image", "video"})
"""Destinations whose URL is upgraded in place of being blocked, redirects apart.

https://w3c.github.io/webappsec-mixed-content/#upgrade-algorithm
"""


def prohibits(page: Url) -> bool:
    """Whether a page of this URL loads no mixed content.

    https://w3c.github.io/webappsec-mixed-content/#categorize-settings-object
    """
    return page.scheme == "https"


def blocks_redirect(page: Url, target: Url) -> bool:
    """Whether a redirect to `target` ends the fetch; what is upgradable is not upgraded by then.

    https://w3c.github.io/webappsec-mixed-content/#should-block-fetch
    """
    return prohibits(page) and not is_potentially_trustworthy(target)


def upgraded(url: Url) -> Url:
    """An http URL under `upgrade-insecure-requests`. https://w3c.github.io/webappsec-upgrade-insecure-requests/#upgrade-request"""
    return url if url.scheme != "http" or is_potentially_trustworthy(url) else as_https(url)


def as_https(url: Url) -> Url:
    """The same over https."""
    return url._replace(scheme="https", port=443 if url.port == 80 else url.port)
