"""Remedies for what stopped a load beside CORS: the cheapest change on the cheapest side first.

Law: a change opens no more than is needed; none takes a protection away that another load relies on.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from cors_addon.fetch.csp import effective_directive
from cors_addon.fetch.load import Destination, Gate
from cors_addon.fetch.names import INTEGRITY_POLICY, PRIVATE_NETWORK
from cors_addon.fetch.origins import OPAQUE, Url, is_loopback, parse_url
from cors_addon.remedies import by_status
from cors_addon.remedies.rule import Headers, Ruling
from cors_addon.remedies.situation import Situation, host_of
from cors_addon.remedies.value import Change, HeaderEdit, InPage, Remedy, Sure, Who

_ANCESTORS, _CSP = "frame-ancestors", "Content-Security-Policy"
_CORP = "Cross-Origin-Resource-Policy"
_COEP = "Cross-Origin-Embedder-Policy"
FRAMES = frozenset({Destination.EMBED, Destination.FRAME, Destination.IFRAME, Destination.OBJECT})


def header(s: Situation, name: str, value: str) -> Change:
    """One header of an answer, set."""
    return Change((HeaderEdit(name, s.value(name.lower()), value),))


def _framed(s: Situation) -> bool:
    return s.destination in FRAMES


def _same_site(s: Situation) -> bool:
    """Whether page and server are of one site, scheme included."""
    page = parse_url(s.own or "")
    return page is not None and s.url is not None and page.scheme == s.url.scheme and s.same_site(s.url)


def _any_page(s: Situation) -> Remedy:
    return Remedy(
        Who.SERVER,
        "Let any page load it, where it is public",
        header(s, _CORP, "cross-origin"),
        "The header of the answer decides; often a security middleware sets it that nobody chose for this path "
        "(helmet: crossOriginResourcePolicy).",
        "every page may show or run it (not read it)",
        Sure.SURE,
    )


def _corp(s: Situation) -> Ruling:
    found = []
    if _same_site(s):
        found.append(
            Remedy(Who.SERVER, "Let pages of the same site load it", header(s, _CORP, "same-site"),
                   opens="pages of the same site may show or run it", sure=Sure.SURE)
        )  # fmt: skip
    found.append(_any_page(s))
    if not _framed(s):
        found.append(_with_cors(s))
    return Ruling(tuple(found))


def _with_cors(s: Situation) -> Remedy:
    return Remedy(
        Who.PAGE,
        "Load it with CORS (crossorigin on the element), where the server allows the page",
        InPage(crossorigin="anonymous"),
        f"Of a load with CORS, {_CORP} is not asked.",
        sure=Sure.LIKELY if s.value("access-control-allow-origin") else Sure.POSSIBLE,
    )


def _coep(s: Situation) -> Ruling:
    if s.block is not None and s.block.header == _COEP:
        what = "Have the framed document isolate itself, too" if _framed(s) else "Have the worker's script come with "
        if not _framed(s):
            what += "the policy, too"
        return Ruling((Remedy(Who.SERVER, what, header(s, _COEP, "require-corp"), sure=Sure.SURE),))
    found = [_any_page(s)]
    if not _framed(s):
        found.append(_with_cors(s))
    found.append(
        Remedy(
            Who.PAGE_SERVER,
            "Ask for less: what comes without cookies then needs no header (Chromium and Firefox)",
            Change((HeaderEdit(_COEP, None, "credentialless"),), complete=False),
            sure=Sure.LIKELY if s.engine != "webkit" else Sure.POSSIBLE,
            at=host_of(s.own or ""),
        )
    )
    return Ruling(tuple(found))


def _orb(s: Situation) -> Ruling:
    status = s.status or 0
    found = []
    if status >= 400:
        what = f"Answer with what was asked for: this is a {status}, mostly an error page"
    else:
        what = "Answer with what was asked for: look at what the body is"
    found.append(Remedy(Who.SERVER, what, why="An element can use no JSON, HTML or error page."))
    found.append(Remedy(Who.SERVER, "Send the Content-Type of what it is", sure=Sure.POSSIBLE))
    what = "To read JSON or text from elsewhere, fetch it with CORS in place of a script or image"
    found.append(Remedy(Who.PAGE, what, sure=Sure.POSSIBLE))
    return Ruling(tuple(found))


_TYPES = {
    Destination.STYLE: "text/css",
    Destination.EVENT_SOURCE: "text/event-stream",
    Destination.JSON: "application/json",
    Destination.MANIFEST: "application/manifest+json",
}


def _kind(s: Situation) -> Ruling:
    wanted = _TYPES.get(s.destination, "text/javascript") if s.destination is not None else "text/javascript"
    told = s.block.detail if s.block is not None else None  # by a console alone, say
    came = (s.value("content-type") or told or "").lower()
    is_page = "html" in came or s.body.lstrip().lower().startswith(("<!doctype", "<html"))
    kind = "a page (HTML)" if is_page else came.partition(";")[0].strip() or "nothing in particular"
    page = Remedy(
        Who.PAGE,
        f"See whether the URL is right: {s.url} came as {kind}, not as the file",
        why="A server that answers any unknown path with index.html, or with a login or error page, leads to this.",
    )
    server = Remedy(
        Who.SERVER, f"Send the right Content-Type: {wanted}", header(s, "Content-Type", wanted), sure=Sure.LIKELY
    )
    return Ruling((page, server) if is_page else (server, page))


def _csp(s: Situation) -> Ruling:
    block = s.block
    redirected = block is not None and s.target is not None
    asked = s.target or s.url
    directive = (block.detail or "").split(" ")[0] if block is not None and block.detail else ""
    named = f" to {directive}"
    if not re.fullmatch(r"[a-z-]+", directive):
        likely = "connect-src for fetch" if s.destination is None else effective_directive(s.destination)
        named = f" to the directive for it ({likely or 'connect-src'}, or default-src where that stands alone)"
    origin = _source(s, asked)
    own = None if s.destination is None or directive != "default-src" else effective_directive(s.destination)
    own = own and own.removesuffix("-elem")
    what = f"Add {origin}{named} in the page's Content-Security-Policy, in each policy that has it (header and meta)"
    if own is not None:
        what = f"Add {own} to the page's Content-Security-Policy, with what default-src lists and {origin}, in each "
        what += "policy that lacks it (header and meta): in default-src it would be allowed for everything"
    found = [
        Remedy(
            Who.PAGE_SERVER,
            what,
            _csp_change(block.detail if block is not None else None, origin, own),
            "The page's own policy stopped it; nothing at the other server helps."
            + (" For a redirect, its target must be listed, too." if redirected else ""),
            f"the page's scripts may reach {origin}",
            Sure.SURE,
            host_of(s.own or s.page_url or ""),
        )
    ]
    if redirected and s.target is not None:
        found.append(
            Remedy(
                Who.PAGE,
                f"Ask for {s.target} at once, where the policy lists that",
                InPage(url=str(s.target)),
                sure=Sure.POSSIBLE,
            )
        )
    return Ruling(tuple(found))


def _source(s: Situation, asked: Url | None) -> str:
    """What to list: the origin, of a WebSocket with its own scheme, which https does not stand for."""
    if asked is None:
        return "the origin"
    if s.mode == "websocket" or (s.asked("upgrade") or "").lower() == "websocket":
        return asked.origin.replace("http", "ws", 1)
    return asked.origin


def _csp_change(detail: str | None, origin: str, own: str | None) -> Change | None:
    """The directive before and after; the rest of the policy stays. `own`: what is to stand beside default-src."""
    words = (detail or "").split()
    if len(words) < 1 or not re.fullmatch(r"[a-z-]+", words[0]):
        return None
    kept = [word for word in words[1:] if word.lower() != "'none'"]
    after = " ".join((own or words[0], *kept, origin))
    if own is not None:
        after = f"{detail}; {after}"
    return Change((HeaderEdit(_CSP, f"… {detail} …", f"… {after} …"),), complete=False)


def _sri(s: Situation) -> Ruling:
    if s.block is not None and s.block.header == INTEGRITY_POLICY:
        what = "Give the element integrity with the file's digest, and crossorigin where the file is from elsewhere"
        return Ruling((Remedy(Who.PAGE, what, why="The page's own policy lets nothing in without.", sure=Sure.SURE),))
    found = []
    if s.mode == "no-cors" and not (s.url is not None and s.own == s.url.origin):
        what = "Add crossorigin to the element, and have the server allow the page's origin"
        why = "Without CORS a page must not learn what a file elsewhere holds, and so cannot compare it."
        found.append(Remedy(Who.PAGE, what, InPage(crossorigin="anonymous"), why, sure=Sure.SURE))
    what = "If the file is meant to have changed, write its new digest; else find out who changed it"
    found.append(Remedy(Who.PAGE, what, why="The file is another than the one that the element names."))
    return Ruling(tuple(found))


def _framing(s: Situation) -> Ruling:
    pages = dict.fromkeys((s.own or s.origin or "https://app.example", *s.around))
    others = [each for each in pages if each not in (OPAQUE, s.url.origin if s.url is not None else None)]
    asker = " and ".join(others) or s.own or s.asker
    what = "Name the pages that may frame it"
    if s.value("x-frame-options") is not None:
        what += "; where this is sent, X-Frame-Options no longer counts"
    return Ruling(
        (
            Remedy(
                Who.SERVER,
                what,
                header(s, _CSP, _letting(s.value(_CSP.lower()) or "", others)),
                "The answer itself says who may show it in a frame.",
                f"pages of {asker} may show it in a frame, and lure users into clicking in it",
            ),
        )
    )


def _letting(policies: str, others: Sequence[str]) -> str:
    """The policies of an answer, such that these origins, and its own, may frame it; what else they say stays."""
    changed, asks = [], False
    for policy in policies.split(","):
        directives = [directive for each in policy.split(";") if (directive := each.strip())]
        for place, directive in enumerate(directives):
            name, *sources = directive.split()
            if name.lower() == _ANCESTORS:
                asks, directives[place] = True, _naming(sources, others)
        changed.append(directives)
    if not asks:
        changed[0].append(_naming((), others))
    return ", ".join("; ".join(directives) for directives in changed)


def _naming(sources: Sequence[str], others: Sequence[str]) -> str:
    kept = [each for each in sources if each.lower() != "'none'"] or ["'self'"]
    return " ".join((_ANCESTORS, *kept, *(each for each in others if each not in kept)))


def _local(s: Situation) -> Ruling:
    if (asks := private_network(s)) is not None:
        return asks
    if not s.asks_user:
        return _before_permissions(s)
    asked = s.url.host if s.url is not None else "the device"
    found = []
    if (s.own or "").startswith("http://"):
        what = "Serve the page over https: without that the browser does not even ask the user"
        found.append(Remedy(Who.PAGE_SERVER, what, sure=Sure.SURE, at=host_of(s.own or "")))
    found.append(
        Remedy(
            Who.USER,
            f"Allow the page «Local network access» (the icon before the address, or the browser's site settings), and "
            f"load it again: it asks for {asked}",
            why="Local Network Access: Chromium (from 142) sends a public page's requests to local addresses only with "
            "the user's permission.",
            opens="the page may reach devices in the user's network",
        )
    )
    what = 'In an iframe, delegate it: allow="local-network-access" on the element'
    found.append(Remedy(Who.PAGE, what, sure=Sure.POSSIBLE))
    if s.url is not None and s.url.scheme == "http" and (s.own or "").startswith("https://"):
        found.append(_hint_of_space(s.url))
    return Ruling(tuple(found))


def _before_permissions(s: Situation) -> Ruling:
    """Chromium 94 to 141: the page has no TLS, or the server's answer to a preflight was insisted on."""
    if (s.own or "").startswith("http://"):
        what = "Serve the page over https: Chromium 94 to 141 let no other page reach a local address"
        return Ruling((Remedy(Who.PAGE_SERVER, what, sure=Sure.SURE, at=host_of(s.own or "")),))
    remedy = Remedy(
        Who.SERVER,
        f"Answer OPTIONS with {PRIVATE_NETWORK}: true, beside the usual headers, and only to origins on a list",
        why="Private Network Access: Chromium 104 to 141 ask in a preflight, and a flag or a policy has them insist.",
        opens=f"pages of {s.asker} may reach this server in the user's network",
    )
    return Ruling((remedy,))


def _hint_of_space(url: Url) -> Remedy:
    space = "loopback" if is_loopback(url.host) else "local"
    what = f"Say in the request that it goes there: fetch(url, {{targetAddressSpace: '{space}'}})"
    why = "A page that came over https may then ask by http, which else is mixed content."
    return Remedy(Who.PAGE, what, why=why, sure=Sure.POSSIBLE)


def _other(s: Situation) -> Ruling:
    detail = s.block.detail if s.block is not None else None
    if s.destination is Destination.SERVICE_WORKER and s.target is not None:
        what = "Answer with the service worker's script itself, or register the URL that it leads to"
        return Ruling((Remedy(Who.PAGE_SERVER, what, why="A service worker's script may not be redirected at all."),))
    if s.target is not None or (detail and "://" in detail):
        what = "Answer from the page's own origin, without a redirect to another"
        server = Remedy(
            Who.PAGE_SERVER, what, why="This load stays with the page's origin; the redirect leads elsewhere."
        )
        page = "Ask for it with CORS (mode: 'cors'); a worker may import from elsewhere instead"
        return Ruling((server, Remedy(Who.PAGE, page, sure=Sure.POSSIBLE)))
    return Ruling((_of_unknown(answered=s.status is not None),))


def _of_unknown(*, answered: bool) -> Remedy:
    if answered:
        why = (
            "The answer's headers allow it, and the browser says only that it failed. Likely causes: an extension that "
            "blocks or changes requests; Local Network Access, for an address of the local network; a page that asked "
            'with redirect: "error", or gave the request up.'
        )
    else:
        why = (
            "The browser says only that it was stopped. Likely causes: the page's Content-Security-Policy; mixed "
            "content; an extension or tracking protection; Local Network Access, for an address of the local network."
        )
    return Remedy(
        Who.USER,
        "Look into the browser's console and its Issues panel, which name what stopped it; and try without extensions "
        "(a private window)",
        why=why,
        sure=Sure.POSSIBLE,
    )


def _cors(_s: Situation) -> Ruling:
    what = "Allow the page's origin; the browser's message says which header is missing or wrong"
    return Ruling((Remedy(Who.SERVER, what, sure=Sure.POSSIBLE),))


BY_GATE: Mapping[Gate, Callable[[Situation], Ruling]] = {
    Gate.CORS: _cors,
    Gate.CORP: _corp,
    Gate.COEP: _coep,
    Gate.ORB: _orb,
    Gate.NOSNIFF: _kind,
    Gate.MIME: _kind,
    Gate.CSP: _csp,
    Gate.SRI: _sri,
    Gate.FRAME_OPTIONS: _framing,
    Gate.FRAME_ANCESTORS: _framing,
    Gate.LOCAL_NETWORK: _local,
    Gate.NETWORK: by_status.no_answer,
    Gate.OTHER: _other,
}
"""Mixed content has rules of its own, in `by_redirect`."""


def private_network(s: Situation) -> Ruling | None:
    """A preflight that asks for access to the local network, as those of Chromium 104 to 141 do."""
    wanted = s.asked("access-control-request-private-network") or s.asked("access-control-request-local-network")
    if not wanted or s.value(PRIVATE_NETWORK.lower()) == "true":
        return None
    before = s.value(PRIVATE_NETWORK.lower())
    change = s.change_after(())
    edits = change.edits if change is not None and change.complete else ()
    remedy = Remedy(
        Who.SERVER,
        f"Answer the preflight with {PRIVATE_NETWORK}: true, and the exact origin",
        Change((*edits, HeaderEdit(PRIVATE_NETWORK, before, "true")), change.status if change else None),
        "The page is public and this address is local: Chromium 104 to 141 ask in the preflight "
        "(Access-Control-Request-Private-Network), and where a flag or a policy has them insist on that header, send "
        "nothing more without it. From 142 on the user is asked for permission instead (Local Network Access).",
        f"pages of {s.asker} may reach this server in the user's network",
        Sure.SURE,
    )
    return Ruling((remedy,), Headers.NEVER)
