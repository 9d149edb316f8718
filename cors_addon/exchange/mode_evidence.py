"""What a credentials mode is told by, as people read it in `credentials_evidence`.

Law 1: what tells it for certain follows from bytes: of the request, of its preflight, or of its own connection, which
is one browser's and one window's. The rest is likely: it rests on what is known of a client, that is, of an address and
a User-Agent, behind which there may be several, each with cookies, caches and connections of its own: private windows,
the contexts of a test, colleagues behind one address.
"""

from cors_addon.reasons.assumptions import Assumption

COOKIE_SENT = "a Cookie header was sent"
AUTHORIZATION_SENT = "an Authorization header that the script did not set"
STORAGE_ACCESS_SENT = "Sec-Fetch-Storage-Access was sent"
STORAGE_ACCESS_ABSENT = "no Sec-Fetch-Storage-Access on a cross-site request"
COOKIE_WITHHELD = "a cookie for this URL is known and was not sent"
AUTHORIZATION_SENT_UNASKED = "an Authorization header that no preflight asked for"
FONT = "fonts from another origin are fetched without credentials"
SAME_CONNECTION_INCLUDE = "its connection carries requests with credentials"
SAME_CONNECTION_OMIT = "its connection carries requests without credentials"
RIVAL_INCLUDE = "its connection carries requests with credentials, another one those without"
RIVAL_OMIT = "its connection carries requests without credentials, another one those with"
FOLLOWED = "the next request of the fetch followed"
NOT_FOLLOWED = "nothing followed"
SHOWN = "the recording shows the credentials mode"
PAGES_CALL = "the page's own call"

BY_THE_REQUEST = frozenset({COOKIE_SENT, AUTHORIZATION_SENT, STORAGE_ACCESS_SENT, SHOWN, PAGES_CALL})
"""What no other evidence outweighs: the request itself bears it."""

LIKELY: dict[str | None, Assumption] = {
    AUTHORIZATION_SENT_UNASKED: Assumption.AUTHORIZED_BY_BROWSER,
    COOKIE_WITHHELD: Assumption.COOKIE_HELD,
    FONT: Assumption.FONT_WITHOUT,
    RIVAL_INCLUDE: Assumption.RIVAL_SAYS_INCLUDE,
    RIVAL_OMIT: Assumption.RIVAL_SAYS_OMIT,
}
"""What makes a mode likely, and what is assumed where it is believed."""


def set_by_browsers(authorization: bytes) -> bool:
    """Whether browsers send Authorization of this scheme by themselves; any other is a script's."""
    return authorization.split(b" ", 1)[0].lower() in (b"basic", b"digest", b"negotiate", b"ntlm")
