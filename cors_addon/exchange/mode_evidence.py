"""What a credentials mode is told by, as people read it in `credentials_evidence`."""

COOKIE_SENT = "a Cookie header was sent"
AUTHORIZATION_SENT = "an Authorization header that the script did not set"
STORAGE_ACCESS_SENT = "Sec-Fetch-Storage-Access was sent"
STORAGE_ACCESS_ABSENT = "no Sec-Fetch-Storage-Access on a cross-site request"
COOKIE_WITHHELD = "a cookie for this URL is known and was not sent"
FONT = "fonts from another origin are fetched without credentials"
SAME_CONNECTION_INCLUDE = "its connection carries requests with credentials"
SAME_CONNECTION_OMIT = "its connection carries requests without credentials"
SHOWN = "the recording shows the credentials mode"

BY_THE_REQUEST = frozenset({COOKIE_SENT, AUTHORIZATION_SENT, STORAGE_ACCESS_SENT, FONT, SHOWN})
"""What no other evidence outweighs: the request itself bears it."""
