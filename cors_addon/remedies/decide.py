"""Which remedies there are, and in which order: the one place that decides.

Law 1: what really failed comes first, then the page's own doing, then the answer's headers.
Law 2: where one rule says that headers do not help, none are proposed.
Law 3: every refusal and every block has a remedy.
"""

from collections.abc import Callable, Iterator

from cors_addon.fetch.load import Gate
from cors_addon.fetch.refusals import Reason
from cors_addon.remedies import by_block, by_origin, by_redirect, by_request, by_status, copies, failed, logins, sockets
from cors_addon.remedies.rule import Headers, Ruling
from cors_addon.remedies.situation import Situation
from cors_addon.remedies.value import Happened, Remedy, Sure, Who

happened = failed.happened


def remedies(s: Situation, what: Happened | None = None) -> tuple[Remedy, ...]:
    """The remedies, the one that helps most first. `what` really failed, where that is known already."""
    what = what or happened(s)
    if s.block is not None and (s.block.gate is not Gate.CORS or s.reason is None):
        return _of_block(s)
    rulings = _rulings(s, what)
    found = [remedy for ruling in rulings for remedy in ruling.remedies]
    places = {ruling.headers for ruling in rulings}
    if Headers.NEVER not in places and (change := by_headers(s)) is not None:
        found.insert(0 if Headers.FIRST in places else len(found), change)
    return tuple(_each_once(found))


def _rulings(s: Situation, what: Happened | None) -> list[Ruling]:
    return [ruling for rule in _rules(what) if (ruling := rule(s)) is not None]


def headers_help(s: Situation) -> bool:
    """Whether the answer's headers are to be changed: by no rule against it, or by the remedy that comes first."""
    rulings = _rulings(s, happened(s))
    first = next((remedy for ruling in rulings for remedy in ruling.remedies), None)
    never = any(ruling.headers is Headers.NEVER for ruling in rulings)
    return not never or (first is not None and first.who is Who.SERVER and first.at is None)


def _each_once(found: list[Remedy]) -> Iterator[Remedy]:
    """Of several that make the same change at the same place, the first."""
    made: list[tuple[Who, object]] = []
    for remedy in found:
        key = (remedy.who, remedy.change if remedy.change is not None else remedy.what)
        if key not in made:
            made.append(key)
            yield remedy


def _of_block(s: Situation) -> tuple[Remedy, ...]:
    assert s.block is not None
    if s.block.gate is Gate.MIXED_CONTENT:
        ruling = by_redirect.downgraded(s) or by_redirect.mixed(s)
        return ruling.remedies if ruling is not None else ()
    if s.target is not None and (login := logins.ended_session(s)) is not None and s.block.gate is Gate.OTHER:
        return login.remedies
    return by_block.BY_GATE[s.block.gate](s).remedies


def refused_by_server(s: Situation, *, socket: bool) -> tuple[Happened | None, tuple[Remedy, ...]]:
    """What no browser stopped: the server itself refused it, by whatever it looks at."""
    if socket:
        return sockets.refused(s), sockets.socket(s).remedies
    what = happened(s)
    ruling = by_status.failed(s, what)
    return what, () if ruling is None else ruling.remedies


def _rules(what: Happened | None) -> tuple[Callable[[Situation], Ruling | None], ...]:
    return (
        by_redirect.unwanted,
        by_redirect.circle,
        lambda s: None if s.status in _NOTHING_THERE else by_block.private_network(s),
        logins.ended_session,
        logins.login_by_script,
        by_redirect.wrong_url,
        by_redirect.null_by_redirect,
        lambda s: by_status.failed(s, what),
        by_block.private_network,
        by_origin.misspelt_names,
        copies.stored,
        by_origin.opaque,
        by_origin.extension,
        by_origin.app,
        by_origin.from_disk,
        by_origin.near_value,
        by_request.method,
        by_request.headers,
        by_origin.without_credentials,
    )


def told_without_change(s: Situation) -> Remedy | None:
    """What the answer is to say, where its headers are not known; None where no header helps."""
    if s.reason not in _WHAT or not headers_help(s):
        return None
    what, opens = _WHAT[s.reason](s)
    return Remedy(Who.SERVER, what, opens=opens)


_NOTHING_THERE = frozenset({404, 405, 410, 500, 501, 502, 503, 504})
"""Of a preflight: what failed comes before what its answer lacks for the local network."""


_OF_EACH_ANSWER = ("Access-Control-Allow-Origin", "Access-Control-Allow-Credentials")
"""What the preflight's answer and the request's own must both say; the others are read of the preflight's alone."""


def by_headers(s: Situation) -> Remedy | None:
    """The smallest change to the answer, as a remedy; None where there is none that helps."""
    change = s.whole_change
    if change is None or not (change.edits or change.status):
        return None
    what, opens = _WHAT[s.reason](s) if s.reason in _WHAT else ("Answer so", "")
    if (s.status or 0) >= 400 and not s.preflight and s.reason is Reason.ALLOW_ORIGIN_MISSING:
        what = "Send the CORS headers with errors, too, so that the page can read the answer"
    if s.setting:
        what += f". This looks like {s.server}: {s.setting}"
    why = [f"{change.note[0].upper()}{change.note[1:]}."] if change.note else []
    if s.preflight and (names := [edit.name for edit in change.edits if edit.name in _OF_EACH_ANSWER]):
        itself = f"The answer to the {s.method} itself" if s.method else "The answer to the request itself"
        why.append(f"{itself} needs {' and '.join(names)}, too.")
    return Remedy(Who.SERVER, what, change, " ".join(why), opens, Sure.SURE)


def _origin(s: Situation) -> tuple[str, str]:
    cookies = ", with the user's cookies" if s.credentialed else ""
    named = f", {s.origin}" if s.origin else ""
    if s.reason is Reason.ALLOW_ORIGIN_MULTIPLE and not s.origin:
        return "Send Access-Control-Allow-Origin once, with the one origin that asked, or * alone", ""
    if s.reason is Reason.ALLOW_ORIGIN_MISMATCH and s.fixed_origin not in (None, s.origin):
        what = (
            f"Make a list of the one origin that this server sends to everybody, {s.fixed_origin}, and answer with the "
        )
        return f"{what}one of it that asked{named}", f"pages of {s.asker} may read this answer{cookies}"
    return f"Allow the page's origin{named}", f"pages of {s.asker} may read this answer{cookies}"


def _wildcard(s: Situation) -> tuple[str, str]:
    named = f", {s.origin}," if s.origin else ""
    what = f"Name the page's origin{named} in place of *, and allow credentials"
    return what, f"pages of {s.asker} may read this answer, with the user's cookies"


def _credentials(s: Situation) -> tuple[str, str]:
    return "Allow credentials", f"pages of {s.asker} may read this answer, with the user's cookies"


def _method(s: Situation) -> tuple[str, str]:
    if not s.method:
        return "Allow the request's method", ""
    return f"Allow the method {s.method}", f"pages of {s.asker} may send {s.method} here"


def _headers(s: Situation) -> tuple[str, str]:
    names = s.missing or s.headers
    if not names:
        return "Allow the headers that the page sets", ""
    return f"Allow the header{'s' if len(names) > 1 else ''} {', '.join(names)}", ""


_WHAT: dict[Reason | None, Callable[[Situation], tuple[str, str]]] = {
    **dict.fromkeys(
        (
            Reason.ALLOW_ORIGIN_MISSING,
            Reason.ALLOW_ORIGIN_MISMATCH,
            Reason.ALLOW_ORIGIN_INVALID,
            Reason.ALLOW_ORIGIN_MULTIPLE,
        ),
        _origin,
    ),
    Reason.ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS: _wildcard,
    Reason.ALLOW_CREDENTIALS_NOT_TRUE: _credentials,
    Reason.METHOD_NOT_ALLOWED: _method,
    Reason.ALLOW_METHODS_INVALID: _method,
    Reason.HEADER_NOT_ALLOWED: _headers,
    Reason.ALLOW_HEADERS_INVALID: _headers,
    Reason.STATUS_NOT_OK: lambda _s: ("Answer OPTIONS with an ok status", ""),
    Reason.PREFLIGHT_REDIRECTED: lambda _s: ("Answer OPTIONS itself, without a redirect", ""),
    Reason.REDIRECT_HAS_CREDENTIALS: lambda _s: ("Redirect to a URL without user name and password in it", ""),
}
