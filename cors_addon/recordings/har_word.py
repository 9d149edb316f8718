"""What a HAR entry says, in the browser's own words, of how its request ended.

Chrome's developer tools: `_error` beside the status and the headers of an answer says that the page did not get it; a
preflight has none, whatever came of it. Without an error, what was received says that the page got it: of a refused
answer nothing is. What leaves failures out tells by having an entry at all.
"""

from cors_addon.exchange.model import BLOCKED_BY_RESPONSE, Word
from cors_addon.fetch.checks import REDIRECT_STATUSES
from cors_addon.fetch.load import Block, Destination, Gate
from cors_addon.recordings import har_fields, words
from cors_addon.recordings.har_dialects import Context
from cors_addon.recordings.har_wire import GIVEN_UP, STILL_OPEN, Given, not_even_begun
from cors_addon.recordings.logged import DESTINATIONS

NO_ANSWER_KEPT = (
    "failed, and the file has no answer: whether the browser refused it or the network failed is not to be told"
)
NEVER_SENT = "never sent, for its preflight or the redirect before it was refused, or something else blocked it"
REFUSED = "the browser's own word for how it failed:"

_NO_ANSWER = "no answer"
_HELD_BACK = Word(
    passed=False,
    block=Block(Gate.OTHER, "blocked before it was sent; Firefox's console tells by what"),
    text="blocked before it was sent",
)
"""By Content-Security-Policy, mixed content, tracking protection or an extension: the file does not say."""


def word_of(entry: Given, context: Context) -> Word | None:
    """What the browser says of an entry; None where it says nothing, or the file is no browser's."""
    if context.dialect.is_proxy:
        return None
    if isinstance(elsewhere := entry.raw.get("_word"), Word):  # from the console that was recorded with it
        return elsewhere
    said = None
    for reason in (entry.blocked_reason, entry.error):
        if reason and said is None:
            said = words.of_error(reason, answered=entry.answered)
    if entry.is_preflight:
        # why is not said of preflights; an error of a redirect is that they were redirected
        plainly = said is not None and said.passed is False and said.block is None
        return Word(passed=False, text=entry.error) if plainly else said
    if said is not None or entry.error:
        return said
    if entry.answered:
        return words.PASSED if _was_received(entry, context) else None
    if not context.firefox or entry.status != 0:
        return None
    if not not_even_begun(entry):
        return Word(passed=False, block=Block(Gate.NETWORK), text=_NO_ANSWER)
    if entry.response.get("bodySize") != -1 or context.after_redirect(entry.url) is not None:
        return None  # what its preflight stopped has 0; of where a refused redirect led, that tells
    return _HELD_BACK


def _was_received(entry: Given, context: Context) -> bool:
    """Whether the page got what was answered."""
    if entry.status in REDIRECT_STATUSES:
        return False  # it is in the file before anything is made of it
    if context.dialect.leaves_failures_out or context.tells_by_headers:
        return True
    if not context.dialect.says_errors or "_error" not in entry.response:
        return False
    content = entry.response.get("content")
    size = har_fields.number(content.get("size")) if isinstance(content, dict) else None
    received = har_fields.number(entry.response.get("_transferSize"))
    return (size or 0) > 0 or (received or 0) > 0


def is_refused_elsewhere(entry: Given, context: Context, word: Word | None) -> bool:
    """Whether the browser refused it in the way of CORS, of which the file does not say who sent it.

    So are those of Playwright before 1.61: the page's origin is told by the Referer alone.
    """
    if "_resourceType" in entry.raw or word is None or word.refusal is None:
        return False
    known = context.origin_of(entry.raw, entry.url, entry.lines().get(b"referer", b""))
    return known is not None and known[0] != entry.url.origin.encode("latin-1")


def why_unanswered(entry: Given, word: Word | None) -> str:
    """Why nothing is judged where the file has no answer."""
    if not entry.response:
        return STILL_OPEN
    if not_even_begun(entry):
        return NEVER_SENT
    if entry.raw.get("_wasAborted") is True or (word is not None and word.given_up):
        return GIVEN_UP
    return NO_ANSWER_KEPT


def destination_of(entry: Given, word: Word | None, *, answered: bool = False) -> Destination | None:
    """What the answer is for, as the entry itself says: of a document, whether it is in a frame only its end tells."""
    kind = str(
        entry.raw.get("_resourceType", "document" if b"upgrade-insecure-requests" in entry.names else "")
    ).lower()
    framed = word is not None and word.block is not None and word.block.detail == BLOCKED_BY_RESPONSE
    return None if kind == "document" and answered and not framed else DESTINATIONS.get(kind)
