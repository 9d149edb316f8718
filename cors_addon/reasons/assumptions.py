"""What had to be assumed for a verdict, because the traffic does not show it; each makes the verdict an inferred one.

Law 1: code tells assumptions apart by their names, never by their words.
Law 2: each is said of some case's traffic; a test closes that loop.
"""

from enum import StrEnum


class Assumption(StrEnum):
    """Its value is what people read, and what stands in the JSON line."""

    NO_BROWSER = "the client is no browser: it does not enforce CORS"
    LED_ELSEWHERE = (
        "the browser, or a proxy's X-Forwarded-Host, says that it asked its page's own origin: a dev server's proxy, or"
        " a mapping in mitmproxy, led the request here"
    )
    ELECTRON = (
        "assumed: a page in Electron asked; its net module, which is held to no CORS, would write the same over"
        " plain http"
    )
    PRIVATE_NETWORK_WARNS = (
        "assumed: Chromium only warns of this answer, for the preflight asked for the local network alone (Private"
        " Network Access), unless a flag or a policy has it insist"
    )
    PRIVATE_NETWORK_ENFORCED = (
        "assumed: nothing followed for want of Access-Control-Allow-Private-Network, on which a flag or a policy has"
        " Chromium insist; by default it only warns of that"
    )
    CORS_MODE = (
        "assumed: a cors request; there is no Sec-Fetch-Mode header, and a no-cors request (a beacon) or a"
        " form would look the same"
    )
    FORM = "assumed: a form was sent, as its Accept header suggests; there is no Sec-Fetch-Mode header"
    BEACON = (
        "assumed: a beacon, which asks for no CORS; it has a beacon's headers in their order, and no"
        " Sec-Fetch-Mode header"
    )
    EXTENSION = "sent by a browser extension, which is not held to CORS where it has permission for this host"
    WENT_ON = (
        "assumed: a no-cors request or a form; the browser followed its redirect, as it would not have done"
        " for a cors request"
    )
    MODE_LIKELY_OMIT = "assumed: credentials were not included; nothing shows the credentials mode"
    MODE_LIKELY_INCLUDE = (
        "assumed: credentials were included, because the answer allows them; nothing shows the credentials mode"
    )
    COOKIE_HELD = (
        "assumed: credentials were not included; a cookie for this URL is known and was not sent. It may have been"
        " deleted, or belong to another window or browser that looks the same"
    )
    AUTHORIZED_BY_BROWSER = (
        "assumed: credentials were included, since the browser itself added Authorization; a script may have set it, if"
        " a preflight that was not seen is cached"
    )
    FONT_WITHOUT = "assumed: credentials were not included, as for nearly all fonts; a preload may ask for them"
    RIVAL_SAYS_INCLUDE = (
        "assumed: credentials were included, as on the rest of its connection; another window that looks the same may"
        " have opened the other connection"
    )
    RIVAL_SAYS_OMIT = (
        "assumed: credentials were not included, as on the rest of its connection; another window that looks the same"
        " may have opened the other connection"
    )
    READ_AS_INCLUDE = "assumed: credentials were included; if they were not, scripts can read all headers"
    READ_AS_OMIT = "assumed: credentials were not included; if they were, * lets scripts read none"
    NOT_FOLLOWED = "assumed: the browser refused it, because nothing followed"
    STOPPED_HERE = (
        "assumed: CORS let the redirect pass, though nothing followed; the page asked with redirect: error or manual,"
        " or gave it up"
    )
    MAYBE_APART = "assumed: this request follows the redirect; the page may have made it separately"
    MAYBE_ANOTHER = (
        "assumed: this request follows the latest redirect to its URL; one of another credentials mode leads there too"
    )
    MAYBE_CACHED = (
        "assumed: this preflight was followed by its request; a cached preflight could have allowed that"
        " request as well"
    )
    MAYBE_ANOTHERS = (
        "assumed: this preflight and this request belong together; others like them were in flight, or another window"
        " that looks the same sent one of them"
    )
    QUEUED = "assumed: the request had to wait for a connection; its cached preflight expired meanwhile"
    OTHER_FRAGMENT = (
        "assumed: its preflight was cached for this URL with another fragment, which is not sent to servers, or by"
        " another window that looks the same"
    )
    UPLOAD_LISTENED_TO = (
        "assumed: the page listens to this upload as to an earlier one, whose preflight is still cached;"
        " otherwise it needs none"
    )
    PREFLIGHTS_MAY_BE_MISSING = "assumed: a preflight was sent; this file may leave out preflights"
    MAYBE_ANOTHERS_COPY = (
        "assumed: this 304 confirms the response to this URL that was seen last; another window that looks the same may"
        " have stored it, and this one another"
    )
    STORED_RESPONSE_PASSES = (
        "assumed: the stored response, which was not seen, passes; this 304 answers the browser's own"
        " conditional request"
    )
    LATEST_PAGE = "several pages of this origin were open, with different policies: taken for the latest of them"
    REPLAYED = "mitmproxy sent this request itself: no browser saw the answer"
    PROBED = "cors.probe sent this request, with an Origin of its own: no browser saw the answer"
    FROM_CACHE = "answered from the browser's cache: judged by the answer as it was stored"


TOLD_BY_PAGES = frozenset(
    {
        Assumption.CORS_MODE,
        Assumption.NOT_FOLLOWED,
        Assumption.STOPPED_HERE,
        Assumption.MAYBE_APART,
        Assumption.MAYBE_ANOTHER,
        Assumption.UPLOAD_LISTENED_TO,
        Assumption.STORED_RESPONSE_PASSES,
    }
)
"""What need not be assumed of a request whose page tells of it itself."""
