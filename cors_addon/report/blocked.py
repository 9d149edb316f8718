"""What stopped a load beyond CORS, in words: one line for a list, and the whole story with the cheapest cure.

Law: those of `text` hold here too.
"""

from collections.abc import Iterator, Sequence

from cors_addon.exchange.fate import Fate
from cors_addon.exchange.model import Judgement, ToldBy
from cors_addon.fetch.load import Block, Destination, Gate, Load
from cors_addon.fetch.names import INTEGRITY_POLICY
from cors_addon.fetch.origins import OPAQUE
from cors_addon.reasons.blocks import BLOCKS
from cors_addon.reasons.model import BROWSERS
from cors_addon.remedies.value import Remedy
from cors_addon.report import remedied
from cors_addon.report.layout import paragraph
from cors_addon.report.situation import told_of
from cors_addon.report.text import FAILED, PASSED, quoted, relation, shortened, visible

_ORB = {
    "type": "type {}, which no element uses",
    "nosniff": "nosniff with type {}",
    "partial": "a range from within the file",
    "status": "status {}",
    "media": "neither audio nor video (type {})",
    "type-lies": "type {}, and the body is something else",
    "body": "the body is {}",
}
"""By `fetch.orb.Because`."""
_KINDS = {
    Destination.AUDIO_WORKLET: "audio worklet",
    Destination.PAINT_WORKLET: "paint worklet",
    Destination.EMPTY: "fetch",
    Destination.EVENT_SOURCE: "EventSource",
    Destination.IMPORT_SCRIPTS: "importScripts()",
    Destination.STYLE: "style sheet",
    Destination.SERVICE_WORKER: "service worker",
    Destination.SHARED_WORKER: "shared worker",
    Destination.JSON: "JSON module",
    Destination.MODULE: "module",
}
BLOCKED_BY_CLIENT = "net::ERR_BLOCKED_BY_CLIENT"
READ_BY_SCRIPT = frozenset({Destination.EMPTY, Destination.EVENT_SOURCE})
"""Loads whose answer the page's script asked to read."""


def beyond_cors(judgement: Judgement) -> Fate | None:
    """What became of a load that something else than CORS stopped, or stopped first."""
    fate, block = judgement.fate, judgement.block
    return fate if fate is not None and block is not None and block is fate.block else None


def was_to_be_read(judgement: Judgement) -> bool:
    """Whether the page's script asked for the answer, to read it: what counts as denied for an exit code.

    What a browser tells of a failing connection, or of the user's own ad blocker, is no refusal.
    """
    fate = judgement.fate
    if (
        judgement.told_by is ToldBy.RECORDING
        and fate is not None
        and (block := fate.block) is not None
        and (block.gate is Gate.NETWORK or block.detail == BLOCKED_BY_CLIENT)
    ):
        return False
    return judgement.stage is not None or (fate is not None and fate.load.destination in READ_BY_SCRIPT)


def kind_of(load: Load) -> str:
    """What the load is for."""
    if load.destination is None:
        return "load"
    return _KINDS.get(load.destination, load.destination.value)


def _named(load: Load) -> str:
    kind = kind_of(load)
    if kind.endswith("()"):
        return kind
    return f"{'an' if kind[0] in 'aeiouE' else 'a'} {kind}"


def page_of(load: Load) -> str:
    """The page that wanted it, and those around that; empty where it is not known."""
    if not load.origin:
        return ""
    page = f"a page of {load.origin}"
    if load.origin == OPAQUE and load.page is not None:
        page = f"a page of {load.page.url.origin}, whose origin is null, for it is in a sandbox"
    around = [each for each in dict.fromkeys(load.ancestors) if each != load.origin]
    return f"{page}, framed by {' and '.join(around)}" if around and load.frame else page


def _user(load: Load) -> str:
    return "an element" if load.destination is None else _named(load)


def phrase(block: Block, load: Load) -> str:
    """What stopped it, with the offending value, in half a line."""
    entry = BLOCKS[block.gate]
    detail = "" if block.detail is None else shortened(block.detail)
    match block.gate:
        case Gate.COEP:
            return f"{entry.label}: " + (f"{block.header} {quoted(detail)}" if detail else f"no {block.header}")
        case Gate.ORB:
            return (
                f"{entry.label}: {_opaque(detail)}"
                if detail
                else f"{entry.label}: no answer that {_user(load)} can use"
            )
        case Gate.NOSNIFF | Gate.MIME:
            return f"{entry.label}: {detail or 'no Content-Type'} for {_named(load)}"
        case Gate.MIXED_CONTENT if detail and block.detail != str(load.url):
            return f"{entry.label}: it leads to {detail}"
        case Gate.OTHER if block.header is not None:
            return f"redirect: it leads to {detail}"
        case Gate.OTHER:
            return f"the browser says {detail}" if detail else "refused by the browser itself"
        case Gate.SRI if block.header == INTEGRITY_POLICY:
            return f"{entry.label}: the page's {INTEGRITY_POLICY} wants a digest, and CORS"
        case Gate.SRI:
            return f"{entry.label}: " + ("no CORS, so it cannot be checked" if load.opaque else "another digest")
        case Gate.FRAME_ANCESTORS:
            return detail or entry.label
        case Gate.FRAME_OPTIONS if not detail:
            return f"{entry.label} or frame-ancestors"
        case _:
            return f"{entry.label} {detail}".rstrip()


def _opaque(detail: str) -> str:
    because, _, value = detail.partition(": ")
    words = _ORB.get(because)
    return detail if words is None else words.format(value)


def comment(judgement: Judgement) -> str:
    """One line for a list of flows; empty where nothing but CORS has a say."""
    fate = beyond_cors(judgement)
    return "" if fate is None or fate.block is None else f"{FAILED} {phrase(fate.block, fate.load)}"


def explanation(judgement: Judgement, fate: Fate, block: Block, width: int) -> Iterator[list[str]]:
    """The sections after the headline: what was asked, the gate, what it compared, the cure."""
    entry, load = BLOCKS[block.gate], fate.load
    is_known = block.gate is not Gate.OTHER or block.header is not None  # else the browser says only that it stopped it
    yield [
        *paragraph("page", _page(fate), width),
        *paragraph("request", f"{judgement.observation.method.decode('latin-1')} {load.named}", width),
        *paragraph("", relation(judgement) or f"mode {load.mode}", width),
        *(paragraph("CORS", f"{PASSED} allowed: this is not about CORS", width) if judgement.stage else ()),
        *(paragraph("inferred", "; ".join(judgement.assumptions), width) if judgement.assumptions else ()),
    ]
    happened, remedies = told_of(judgement)
    yield [
        *(paragraph("behind it", happened.text, width) if happened is not None else ()),
        *paragraph("stopped by", f"{FAILED} {phrase(block, load)}", width),
        *paragraph("compared", _compared(judgement, block, load), width),
        *(paragraph("why", entry.why, width) if is_known else ()),
    ]
    yield list(_remedies(remedies, width))
    spec = paragraph("spec", entry.anchor, width) if is_known else ()
    yield [*paragraph("elsewhere", _elsewhere(judgement, fate), width), *spec]


def _page(fate: Fate) -> str:
    page = fate.load.page
    if page is None:
        return f"{fate.load.origin}  (its document was not seen)" if fate.load.origin else "not told"
    return f"{page.url}{'  (a worker)' if page.worker else ''}"


def _compared(judgement: Judgement, block: Block, load: Load) -> str:
    """The header that decided, as sent, and what it was held against."""
    if block.gate is Gate.NETWORK:
        return "nothing: no answer came"
    sent = "absent" if block.detail is None else visible(block.detail)
    status = judgement.observation.status
    named = f"{block.header}: {sent}" if block.header else sent
    against = f"a page of {load.origin}" if load.origin else "the page's"
    if block.gate in {Gate.MIME, Gate.NOSNIFF, Gate.ORB}:
        against = f"what {_named(load)} may be (status {status})"
        named = (
            _opaque(visible(block.detail or "the answer, which is not in the recording"))
            if block.gate is Gate.ORB
            else named
        )
    elif block.gate is Gate.CSP:
        against = "where the redirect leads"
    elif block.gate is Gate.SRI:
        named, against = f"integrity {sent}", "the body that came"
    return f"{named}   against {against}"


def _remedies(remedies: Sequence[Remedy], width: int) -> Iterator[str]:
    for line in remedied.lines(remedies):
        yield from paragraph(line.label, line.plain, width, hang="  ")


def _elsewhere(judgement: Judgement, fate: Fate) -> str:
    """What the other engines would do with the same answer."""
    words = []
    for engine, block in fate.others:
        if engine != judgement.engine.name and block is None:
            words.append(f"{BROWSERS[engine]} loads it")
        elif engine != judgement.engine.name and block is not None:
            alike = block == fate.block
            words.append(f"{BROWSERS[engine]} " + ("stops it alike" if alike else f"says: {phrase(block, fate.load)}"))
    return "; ".join(words)
