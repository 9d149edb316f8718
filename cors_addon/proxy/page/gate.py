"""Who may ask the live page for what.

A browser behind the proxy has other pages open, and each can send requests to this one. A request is answered only
where all of this holds:

1. `Host` is the page's own: a name that was made to lead here (DNS rebinding) is another.
2. `Origin`, where there is one, is the page's own; what changes something has one.
3. `Sec-Fetch-Site`, where the browser sends it (to a loopback address it does, to `http://cors.test` it does not), is
   `same-origin`, but for a document that a person opens: that may come from anywhere, to be a tab of its own, not a
   frame.
4. The token is there: for a document in the cookie or the address, for all else in a header of its own, which another
   page could send only after a preflight, and none is ever allowed.
"""

import hmac
import secrets

from cors_addon.fetch import masking
from cors_addon.proxy.page.messages import Asked

HOST = "cors.test"
"""The made-up host: `.test` never leads anywhere. https://www.rfc-editor.org/rfc/rfc6761#section-6.2"""
TOKEN = "x-cors-page"
"""The header with the token."""


class Gate:
    """Holds the token of this run."""

    def __init__(self) -> None:
        self.token = secrets.token_hex(16)
        masking.know(self.token)

    def cookie(self, asked: Asked) -> str:
        """Its name: cookies are shared by all ports of a host."""
        return f"cors_page_{asked.port}"

    def is_ours(self, asked: Asked) -> bool:
        """Whether it was sent here on purpose, by no other page: all but the token."""
        host = asked.header("host").lower()
        if host not in (HOST, f"127.0.0.1:{asked.port}", f"localhost:{asked.port}"):
            return False
        origin = asked.header("origin")
        if origin != f"{asked.scheme}://{host}" and (origin or asked.method != "GET"):
            return False
        site = asked.header("sec-fetch-site")
        if site in ("", "same-origin"):
            return True
        return site in ("none", "same-site", "cross-site") and is_opened(asked)

    def knows(self, asked: Asked, *, document: bool) -> bool:
        """Whether the token is there."""
        given = [asked.header(TOKEN)]
        if document:
            given = [asked.query.get("token", ""), asked.cookie(self.cookie(asked))]
        return any(hmac.compare_digest(each.encode(), self.token.encode()) for each in given)


def is_opened(asked: Asked) -> bool:
    """Whether a person opens it, as a tab; where the browser does not say, it may be."""
    return (
        asked.method == "GET"
        and asked.header("sec-fetch-mode") in ("", "navigate")
        and asked.header("sec-fetch-dest") in ("", "document")
    )
