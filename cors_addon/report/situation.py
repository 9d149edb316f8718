"""A judgement as the situation that remedies are decided from, and what is decided."""

from dataclasses import replace
from itertools import islice, pairwise

from cors_addon.engines.local_network import Guard, guard_of
from cors_addon.exchange.fixes import smallest_change
from cors_addon.exchange.model import Credentials, Judgement, Role, Verdict
from cors_addon.exchange.outcomes import judged_fields, location_target, rejudge
from cors_addon.fetch.checks import REDIRECT_STATUSES
from cors_addon.fetch.headers import get_all, split_list
from cors_addon.fetch.load import Block, Destination
from cors_addon.fetch.names import ALLOW_CREDENTIALS, ALLOW_HEADERS, ALLOW_METHODS, ALLOW_ORIGIN
from cors_addon.fetch.origins import OPAQUE, Url
from cors_addon.fetch.patterns import pattern
from cors_addon.fetch.refusals import Reason
from cors_addon.policy.suffixes import registrable_domain
from cors_addon.reasons.assumptions import Assumption
from cors_addon.remedies.situation import Lines, Situation
from cors_addon.remedies.value import Change, Happened, HeaderEdit, InPage, Remedy
from cors_addon.report import local_network
from cors_addon.servers import cause

_VERSION = pattern(r"(?:Chrom(?:e|ium)|Firefox|Version)/(\d+)")
_SWITCHED = 101
_ADD = "the answer is not in the recording: add this to what it has"
_DESTINATIONS = {each.value: each for each in Destination} | {"empty": Destination.EMPTY}


def remedies_of(judgement: Judgement) -> tuple[Remedy, ...]:
    """What would let the page have what it asked for; empty where it has it."""
    return told_of(judgement)[1]


def happened_of(judgement: Judgement) -> Happened | None:
    """What really failed, where the page sees only that its request did; None where nothing else is to be told."""
    return told_of(judgement)[0]


def told_of(judgement: Judgement) -> tuple[Happened | None, tuple[Remedy, ...]]:
    """Both, of a judgement that denies or is blocked, or of what the server itself refused; nothing of any other."""
    if judgement.verdict is not Verdict.DENY and _block_of(judgement) is None:
        return told_of_server(judgement)
    from cors_addon.remedies import decide  # many rules, of which a recording where all is well has no need

    s = situation_of(judgement)
    what = decide.happened(s)
    return what, decide.remedies(s, what)


def told_of_server(judgement: Judgement) -> tuple[Happened | None, tuple[Remedy, ...]]:
    """The same of what no browser stopped, and the server itself refused: a WebSocket, an extension's request."""
    status = judgement.observation.status or 0
    socket = judgement.role is Role.WEBSOCKET
    if socket:
        refused = status not in (0, _SWITCHED) and judgement.observation.method == b"GET"
    else:
        passed = judgement.role is Role.ACTUAL and judgement.verdict is Verdict.ALLOW
        refused = status >= 400 and passed and _is_privileged(judgement)
    if not refused:
        return None, ()
    from cors_addon.remedies import decide

    return decide.refused_by_server(situation_of(judgement), socket=socket)


def _is_privileged(judgement: Judgement) -> bool:
    """Whether it was let through although its headers allow nobody: an extension's permission."""
    return not get_all(judged_fields(judgement), ALLOW_ORIGIN.lower().encode())


def _block_of(judgement: Judgement) -> Block | None:
    """What stopped it beside CORS."""
    denied = judgement.verdict is Verdict.DENY and judgement.refusal is not None
    return None if denied or judgement.fate is None else judgement.fate.block


def situation_of(judgement: Judgement) -> Situation:
    """All that is known around a judgement."""
    observation, refusal = judgement.observation, judgement.refusal
    sent = _lines(observation.request)
    asked = dict(sent)
    fields = judged_fields(judgement)
    location = get_all(fields, b"location")
    target = location_target(observation, tuple(location), judgement.engine)
    hops, tainted_by, page = _way(judgement)
    load = None if judgement.fate is None else judgement.fate.load
    version = _VERSION.search(asked.get("user-agent", ""))
    guard = guard_of(judgement.engine.name, local_network.version_of(judgement))
    destination = None if load is None else load.destination
    known = load.page if load is not None else None
    situation = Situation(
        reason=judgement.reason,
        stage=None if refusal is None else refusal.stage,
        block=_block_of(judgement),
        origin=judgement.origin or (None if load is None else load.origin or None),
        page=page or (None if load is None or load.origin in ("", OPAQUE) else load.origin),
        page_url=None if known is None else str(known.url),
        around=() if load is None else load.ancestors,
        url=observation.url,
        hops=hops,
        tainted_by=tainted_by,
        target=None if target is None else target.url,
        location=location[0].decode("latin-1").strip() if location and observation.status in REDIRECT_STATUSES else "",
        method=judgement.requested_method or observation.method.decode("latin-1"),
        headers=judgement.requested_headers,
        missing=_missing(judgement),
        sent=sent,
        status=observation.status,
        error=observation.proxy_error,
        answer=_lines(fields),
        body=observation.head.decode("utf-8", "replace"),
        engine=judgement.engine.name,
        version=int(version[1]) if version else 0,
        asks_user=guard is None or guard is Guard.PERMISSION,
        inward=guard is not None and local_network.public_page(judgement) is not None,
        destination=destination or _DESTINATIONS.get(asked.get("sec-fetch-dest", "?")),
        mode=load.mode if load is not None else asked.get("sec-fetch-mode", ""),
        credentialed=_credentialed(judgement),
        change_after=lambda dropped: _change_after(judgement, frozenset(dropped)),
        change_asked=lambda page: _change_asked(judgement, page),
        site=registrable_domain,
        replayed_from_cache=Assumption.FROM_CACHE in judgement.assumptions,
        said=judgement.said or "",
        refused=() if judgement.server is None else tuple(map(str, judgement.server.causes)),
        fixed_origin=None if judgement.history is None else judgement.history.fixed_origin,
        setting=cause.setting(judgement),
        server="" if judgement.server is None else judgement.server.title,
    )
    if observation.status is None and judgement.reason not in (None, Reason.NETWORK_ERROR, Reason.CAUSE_NOT_RECORDED):
        return replace(situation, change_after=lambda dropped: None if dropped else _change_of_unseen(judgement))
    return situation


def _lines(fields: tuple[tuple[bytes, bytes], ...]) -> Lines:
    return tuple((name.decode("latin-1").lower(), value.decode("latin-1").strip()) for name, value in fields)


def _credentialed(judgement: Judgement) -> bool | None:
    if judgement.credentials is not Credentials.UNKNOWN:
        return judgement.credentials is Credentials.INCLUDE
    return True if judgement.judged_credentialed and judgement.refusal is not None else None


def _way(judgement: Judgement) -> tuple[tuple[Url, ...], tuple[Url, Url] | None, str | None]:
    """The redirects before this, the one that made its Origin `null`, and the page's own origin."""
    hops: list[Url] = []
    page: str | None = None
    for member in judgement.chain:
        if member.observation is judgement.observation:
            break
        if member.origin not in (None, OPAQUE):
            page = page or member.origin
        elif member.role is Role.SAME_ORIGIN:
            page = page or member.observation.url.origin
        if member.role is not Role.PREFLIGHT and member.observation.status in REDIRECT_STATUSES:
            hops.append(member.observation.url)
    if judgement.origin not in (None, OPAQUE):
        page = judgement.origin
    tainted = None
    if judgement.origin == OPAQUE and page is not None:
        way = [*hops, judgement.observation.url]
        tainted = next((pair for pair in pairwise(way) if pair[0].origin not in (page, pair[1].origin)), None)
    return tuple(hops), tainted, page


_MOST_NAMES = 32
"""Header names that are looked into."""


def _missing(judgement: Judgement) -> tuple[str, ...]:
    """The header names that a preflight's answer does not allow."""
    if judgement.reason is not Reason.HEADER_NOT_ALLOWED:
        return ()
    lines = get_all(judged_fields(judgement), ALLOW_HEADERS.lower().encode())
    listed = {item.lower() for line in lines for item in split_list(line.decode("latin-1"))}
    covered = "*" in listed and not judgement.judged_credentialed
    names = judgement.requested_headers
    missing = (name for name in names if name not in listed and not (covered and name != "authorization"))
    return tuple(islice(missing, _MOST_NAMES))


def _change_of_unseen(judgement: Judgement) -> Change | None:
    """The header that an answer lacked which the recording has not, by what the browser says of it."""
    origin, value = judgement.origin, judgement.detail
    found: dict[Reason, dict[str, str | None]] = {
        Reason.ALLOW_ORIGIN_MISSING: {ALLOW_ORIGIN: origin},
        Reason.ALLOW_ORIGIN_MISMATCH: {ALLOW_ORIGIN: origin},
        Reason.ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS: {ALLOW_ORIGIN: origin, ALLOW_CREDENTIALS: "true"},
        Reason.ALLOW_CREDENTIALS_NOT_TRUE: {ALLOW_CREDENTIALS: "true"},
        Reason.METHOD_NOT_ALLOWED: {ALLOW_METHODS: value},
        Reason.HEADER_NOT_ALLOWED: {ALLOW_HEADERS: value},
    }
    lines = found.get(judgement.reason, {}) if judgement.reason is not None else {}
    edits = tuple(HeaderEdit(name, None, after) for name, after in lines.items() if after not in (None, "", OPAQUE))
    return Change(edits, note=_ADD) if edits else None


def _change_after(judgement: Judgement, dropped: frozenset[str]) -> Change | None:
    if judgement.refusal is None or judgement.verdict is not Verdict.DENY:
        return None
    if not dropped:
        return smallest_change(judgement)
    left = tuple(name for name in judgement.requested_headers if name not in dropped)
    return _change_for(judgement, judgement.altered(requested_headers=left))


def _change_asked(judgement: Judgement, page: InPage) -> Change | None:
    """What the answer lacks for the request that the page is to make; what it says of another URL is not known."""
    if judgement.refusal is None or judgement.verdict is not Verdict.DENY or judgement.observation.status is None:
        return None
    own = _way(judgement)[2]
    if page.url is not None and (own is None or page.url != str(judgement.observation.url)):
        return None
    origin = judgement.origin if page.url is None else own
    change = _change_for(
        judgement, judgement.altered(origin=origin, requested_method=page.method or judgement.requested_method)
    )
    return change if change is not None and change.complete else None


def _change_for(judgement: Judgement, asked: Judgement) -> Change | None:
    """The smallest change to a refused answer for another request; None where it passes."""
    outcome = rejudge(asked, judgement.engine, judged_fields(judgement), judgement.observation.status)
    if outcome.refusal is None:
        return None
    return smallest_change(asked.altered(verdict=outcome.verdict, refusal=outcome.refusal))
