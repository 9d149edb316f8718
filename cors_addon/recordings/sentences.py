"""What a browser's console says of one request: why it was refused, and which it was.

A console has a sentence for each refusal, and Firefox one more for what came of it; a second, "Failed to load
resource", has the error alone. See `cors_addon.reasons` for what each means.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from cors_addon.exchange.model import Credentials, PreflightState, Word
from cors_addon.fetch.load import Block, Destination, Gate
from cors_addon.fetch.patterns import pattern
from cors_addon.fetch.refusals import Reason, Refusal, Stage, stage_of
from cors_addon.recordings import words
from cors_addon.recordings.logged import DESTINATIONS

LONGEST = 20_000
"""Characters of a message that are read."""

_CHROMIUM = pattern(
    r"Access to (?P<kind>[\w ]{1,40}?) at '(?P<url>[^']{1,16000})' (?:\(redirected from '(?P<first>[^']{1,16000})'\) )?"
    r"from origin '(?P<origin>[^']{1,2000})' has been blocked by CORS policy: ",
)
_PLAIN = "Access to fetch at 'https://a.test/' from origin 'https://b.test' has been blocked by CORS policy: "
_FAILED = pattern(r"Failed to load resource: (?P<error>net::ERR_[A-Z0-9_]+(?:\.\w+)?)")
_REQUEST = pattern(
    r"\b(?P<method>GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (?P<url>https?://\S{1,16000}) "
    r"(?P<error>net::ERR_[A-Z0-9_]+(?:\.\w+)?)"
)
"""The same in a console that was saved as a file by Chromium's developer tools."""
_TELLING = pattern(
    r"net::ERR_|CORS|[Cc]ross-[Oo]rigin|Access-Control-|Failed to load resource: net::|due to access control"
    r"|Content.Security.Policy|Mixed Content|mixed |'integrity' attribute|MIME type|X-Frame-Options|^Framing "
)
_HEADERS = {
    Gate.CSP: "Content-Security-Policy",
    Gate.MIXED_CONTENT: None,
    Gate.SRI: None,
    Gate.FRAME_OPTIONS: "X-Frame-Options",
    Gate.FRAME_ANCESTORS: "Content-Security-Policy",
    Gate.NOSNIFF: "Content-Type",
    Gate.MIME: "Content-Type",
}
"""What beside CORS a sentence tells that stopped a request, or its answer; and the header that did."""
_DETAIL_OF = {Gate.CSP: "policy", Gate.FRAME_OPTIONS: "value", Gate.NOSNIFF: "type", Gate.MIME: "type"}
"""The name of the offending value."""
_FOR = {
    Gate.FRAME_OPTIONS: Destination.IFRAME,
    Gate.FRAME_ANCESTORS: Destination.IFRAME,
    Gate.SRI: Destination.SCRIPT,
}
_TYPED = frozenset({Gate.NOSNIFF, Gate.MIME})
_TYPED_FOR = {"style": Destination.STYLE, "module": Destination.MODULE, "orker": Destination.WORKER}
"""What the answer was for, by a word of the sentence."""
_INSECURE = pattern(r"requested an insecure (\w+)")
"""What Chromium says that mixed content was for; it calls a fetch a resource."""
_FALLBACK = pattern(r"Note that '([a-z-]+)' was not explicitly set|\((?!default-)([a-z]+-src(?:-elem)?)\)")
"""The directive that was asked for, where another stands for it: Chromium's, and Firefox's."""
_BY_DIRECTIVE = {
    "connect-src": Destination.EMPTY,
    "font-src": Destination.FONT,
    "frame-src": Destination.IFRAME,
    "img-src": Destination.IMAGE,
    "manifest-src": Destination.MANIFEST,
    "media-src": Destination.VIDEO,
    "style-src": Destination.STYLE,
}
"""Of those that are for one kind of requests."""
_AGAIN = pattern(
    r" cannot load \S+ Refused to connect because it violates the document's Content Security Policy"
    r"|Refused to connect to '[^']{1,2000}' because it violates the document's Content Security Policy"
)
"""What Chromium says of a fetch beside its sentence of the policy."""
_CREDENTIALED = frozenset({Reason.ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS, Reason.ALLOW_CREDENTIALS_NOT_TRUE})
_DETAILS = ("value", "method", "header", "location")


class Sentence(NamedTuple):
    """A refusal or a failure, as a console tells it."""

    word: Word
    url: str
    """Of the request, the last hop of its fetch."""
    origin: str | None = None
    method: str | None = None
    destination: Destination | None = None
    page: str | None = None
    """URL of the page, where only that is told."""
    consequence: bool = False
    """It tells no more than that something failed: another sentence may tell why."""

    @property
    def reason(self) -> Reason | None:
        """Why CORS refused it."""
        return None if self.word.refusal is None else self.word.refusal.reason


def read(text: str, url: str = "") -> Sentence | None:
    """What a message of a console tells; `url` is where the console says that it happened. None for any other."""
    text = text[:LONGEST]
    if not _TELLING.search(text):
        return None
    match = _CHROMIUM.search(text)
    if match is not None:
        return _of_chromium(match, text[match.end() :])
    if (asked := _REQUEST.search(text)) is not None:
        word = words.of_error(asked["error"], answered=False)
        return None if word is None else Sentence(word, asked["url"], method=asked["method"], consequence=True)
    if (failed := _FAILED.search(text)) is not None:
        word = words.of_error(failed["error"], answered=False)
        return None if word is None or not url else Sentence(word, url, consequence=True)
    meaning = _meaning(text)
    if meaning is None:
        return None
    reasons, values, preflight, gate = meaning
    found = values.get("url") or url
    if gate is not None:
        return _stopped(gate, {"url": found, **values}, text)
    if not found or not reasons:
        return None
    gone = Reason.NETWORK_ERROR in reasons
    made = Word(passed=False, text=text) if len(reasons) > 1 else _word(reasons[0], values, preflight, text)
    return Sentence(made, found, values.get("origin"), values.get("method"), consequence=gone)


def _stopped(gate: Gate, values: dict[str, str], text: str) -> Sentence | None:
    """Of what something beside CORS stopped; None where that was no request, but a script within the page, say."""
    url = values.get("url", "")
    if not url.startswith(("http:", "https:")):
        return None
    detail = values.get(_DETAIL_OF.get(gate, ""))
    block = Block(gate, detail, _HEADERS[gate])
    destination = _destination(gate, values, text)
    made = Word(passed=False, block=block, text=text)
    return Sentence(
        made, url, destination=destination, page=values.get("page"), consequence=_AGAIN.search(text) is not None
    )


def _destination(gate: Gate, values: dict[str, str], text: str) -> Destination | None:
    """What the request was for; None where the sentence does not say."""
    if gate in _FOR:
        return _FOR[gate]
    if gate in _TYPED:
        return next((kind for word, kind in _TYPED_FOR.items() if word in text), Destination.SCRIPT)
    if gate is Gate.MIXED_CONTENT:
        named = _INSECURE.search(text)
        return None if named is None else DESTINATIONS.get(named[1].lower().replace("resource", "fetch"))
    fallback = _FALLBACK.search(text)
    directive = fallback[1] or fallback[2] if fallback else (values.get("policy") or "").partition(" ")[0]
    return DESTINATIONS.get(values.get("kind", "").lower()) or destination_by(directive)


def destination_by(directive: str) -> Destination | None:
    """What a request was for, by the directive of the policy that stopped it; None where that is for several."""
    return _BY_DIRECTIVE.get(directive.removesuffix("-elem"))


def is_consequence(text: str) -> bool:
    """Whether a message tells no more than that a resource failed to load."""
    return _FAILED.search(text[:LONGEST]) is not None or _REQUEST.search(text[:LONGEST]) is not None


def _of_chromium(match: re.Match[str], rest: str) -> Sentence | None:
    rest = rest.partition("\n")[0]
    meaning = _meaning(_PLAIN + rest)
    kind = match["kind"].strip().lower()
    if meaning is None:
        return None
    reasons, values, preflight, _ = meaning
    if not reasons:
        block = words.block_of("net::ERR_BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS") if "address space" in rest else None
        word = Word(passed=False, block=block, text=rest)
    else:
        word = _word(reasons[0], values, preflight, rest)
    return Sentence(word, match["url"], match["origin"], values.get("method"), DESTINATIONS.get(kind))


def _word(reason: Reason, values: dict[str, str], preflight: bool, text: str) -> Word:
    stage = stage_of(reason, preflight=preflight)
    detail = next((values[name] for name in _DETAILS if name in values), None)
    return Word(
        passed=False,
        refusal=Refusal(reason, stage, detail),
        credentials=Credentials.INCLUDE if reason in _CREDENTIALED else Credentials.UNKNOWN,
        preflight=PreflightState.SENT if stage is Stage.PREFLIGHT else None,
        text=text,
    )


@lru_cache(maxsize=1024)
def _meaning(text: str) -> tuple[list[Reason], dict[str, str], bool, Gate | None] | None:
    """Reasons that a text may mean, the values in it, whether it is of a preflight, and what stopped the request.

    None where it means nothing.
    """
    from cors_addon.reasons import explain  # takes a while to import
    from cors_addon.reasons.causes import Cause

    item = explain.find(text)
    if item is None:
        return None
    reasons = [each for each in item.entries if isinstance(each, Reason)]
    gates = (Gate(each.blocked_by) for each in item.entries if isinstance(each, Cause) and each.blocked_by in _HEADERS)
    return reasons, dict(item.values), item.preflight, next(gates, None)


def without_consequences(sentences: Iterable[Sentence]) -> Iterator[Sentence]:
    """Those that tell why: of what a browser says of one request after another, the first."""
    last: Sentence | None = None
    for each in sentences:
        if not follows(last, each):
            last = each
            yield each


def follows(last: Sentence | None, each: Sentence) -> bool:
    """Whether a sentence is no more than a consequence of what the one before says of the same request.

    Firefox says of a redirected preflight that its status is no good, too.
    """
    if last is None or last.url != each.url:
        return False
    redirected = last.reason is Reason.PREFLIGHT_REDIRECTED and each.reason is Reason.STATUS_NOT_OK
    return each.consequence or redirected
