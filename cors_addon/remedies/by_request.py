"""Remedies for what the page asks for: a method in lower case, a header that it should not send or does not know of."""

from collections.abc import Iterator, Sequence

from cors_addon.fetch.refusals import Reason
from cors_addon.remedies.near import closest
from cors_addon.remedies.request_headers import Sender, belongs_on_answers, is_forbidden, may_be_meant, sender_of
from cors_addon.remedies.rule import Headers, Ruling
from cors_addon.remedies.situation import Situation
from cors_addon.remedies.value import Change, HeaderEdit, InPage, Remedy, Sure, Who

_KNOWN_METHODS = frozenset(
    "GET HEAD POST PUT PATCH DELETE OPTIONS QUERY PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK REPORT SEARCH LINK "
    "UNLINK PURGE".split()
)


def method(s: Situation) -> Ruling | None:
    """A method whose letters are the right ones, in the wrong case."""
    if s.reason not in (Reason.METHOD_NOT_ALLOWED, Reason.ALLOW_METHODS_INVALID) or not s.method:
        return None
    capitals = s.method.upper()
    listed = s.items("access-control-allow-methods")
    if s.method != capitals and (capitals in listed or capitals in _KNOWN_METHODS):
        return Ruling(tuple(_in_capitals(s, capitals, listed)), Headers.NEVER)
    same = [item for item in listed if item.upper() == capitals]
    if same:
        why = f"The list has {same[0]}: methods are compared with case, and browsers send {s.method}."
        what = f"Write {s.method} in the list, in capitals"
        return Ruling((Remedy(Who.SERVER, what, s.change_after(()), why),), Headers.NEVER)
    return None


def _in_capitals(s: Situation, capitals: str, listed: Sequence[str]) -> Iterator[Remedy]:
    asked = InPage(method=capitals)
    yield Remedy(
        Who.PAGE,
        f"Write the method in capitals: method: '{capitals}'",
        asked,
        f"The page writes {s.method}, and methods are compared with case. fetch turns get, head, post, put, delete and "
        f"options into capitals, but not {s.method}.",
        sure=Sure.SURE,
        also=s.change_asked(asked),
    )
    if capitals not in listed and "*" not in listed:
        before = s.value("access-control-allow-methods")
        edit = HeaderEdit("Access-Control-Allow-Methods", before, ", ".join([*listed, capitals]))
        sure = Sure.LIKELY if listed else Sure.POSSIBLE
        what = f"Allow the method {capitals}, where the list lacks it"
        yield Remedy(Who.SERVER, what, Change((edit,), complete=False), sure=sure)


def headers(s: Situation) -> Ruling | None:
    """Header names that the page should not send, or that a library of its own adds."""
    if not s.preflight:
        return None
    about_headers = s.reason is Reason.HEADER_NOT_ALLOWED
    refused = s.missing if about_headers else s.headers
    misplaced = tuple(name for name in refused if _is_misplaced(s, name))
    page = list(_misplaced(misplaced))
    if not about_headers:
        # refused for something else: what belongs on answers is not to be allowed all the same
        return Ruling((*_at_server(s, misplaced), *page), Headers.NEVER) if misplaced else None
    rest = [name for name in refused if name not in misplaced]
    serving = [name for name in rest if (sender := sender_of(name)) and _server_first(s, sender)]
    page += _added(s, [name for name in rest if name not in serving])
    page += _needless_content_type(s, rest)
    near, later = list(_near(s, rest)), list(_added(s, serving))
    if not (near or page or later):
        return None
    server = list(_at_server(s, misplaced, serving)) if rest else []
    return Ruling((*near, *page, *server, *later), Headers.NEVER)


def _is_misplaced(s: Situation, name: str) -> bool:
    if not belongs_on_answers(name):
        return is_forbidden(name)
    return not may_be_meant(name) or s.method in ("GET", "HEAD")


def _misplaced(names: Sequence[str]) -> Iterator[Remedy]:
    answers = tuple(name for name in names if belongs_on_answers(name))
    if answers:
        listed = ", ".join(answers)
        yield Remedy(
            Who.PAGE,
            f"Do not send {listed}: take {'it' if len(answers) == 1 else 'them'} out of the request's headers",
            InPage(drop=answers),
            f"{'It belongs' if len(answers) == 1 else 'They belong'} on the server's answer. On a request "
            f"{'it has' if len(answers) == 1 else 'they have'} no effect but to make a preflight necessary, which the "
            "server then refuses. Never list a response header in Access-Control-Allow-Headers.",
            sure=Sure.SURE,
        )
    forbidden = tuple(name for name in names if name not in answers)
    if forbidden:
        yield Remedy(
            Who.PAGE,
            f"Do not set {', '.join(forbidden)}: a page's script may not, and the browser sets what belongs there",
            InPage(drop=forbidden),
            "It is a forbidden request-header name: browsers ignore a script that sets it.",
        )


def _server_first(s: Situation, sender: Sender) -> bool:
    """Whether the server is the place: the client needs the header, or both are of one site."""
    own_token = "csrf" in sender.pattern and s.url is not None and s.same_site(s.url)
    return sender.server_first or own_token


def _added(s: Situation, names: Sequence[str]) -> Iterator[Remedy]:
    """One remedy for each who adds some of these headers."""
    for sender in dict.fromkeys(sender for name in names if (sender := sender_of(name))):
        own = tuple(name for name in names if sender_of(name) is sender)
        yield Remedy(
            Who.PAGE,
            sender.how,
            InPage(drop=own),
            f"{', '.join(own)}: {sender.whence}",
            sure=Sure.LIKELY if set(own) >= set(s.missing) else Sure.POSSIBLE,
        )


def _needless_content_type(s: Situation, refused: Sequence[str]) -> Iterator[Remedy]:
    if "content-type" in refused and s.method in ("GET", "HEAD"):
        yield Remedy(
            Who.PAGE,
            f"Leave Content-Type out: a {s.method} has no body, and so no type",
            InPage(drop=("content-type",)),
            "Without it the request needs no permission for this header.",
            sure=Sure.SURE if set(refused) == {"content-type"} else Sure.LIKELY,
        )


def _at_server(s: Situation, dropped: Sequence[str], serving: Sequence[str] = ()) -> Iterator[Remedy]:
    """The change at the server, for what is left to allow."""
    change = s.change_after(dropped)
    if change is None or not change.complete or not (change.edits or change.status):
        return
    names = [name for name in s.missing if name not in dropped]
    what = "Answer the preflight with what the request needs"
    if names:
        what = f"Allow the header{'s' if len(names) > 1 else ''} {', '.join(names)}"
    why = " ".join(filter(None, (_why_needed(serving), change.note)))
    yield Remedy(Who.SERVER, what, change, why, sure=Sure.SURE)


def _why_needed(serving: Sequence[str]) -> str:
    """Who sends these, and what else the same client sends."""
    senders = {name: sender for name in serving if (sender := sender_of(name))}
    words = [f"{name}: {sender.whence}" for name, sender in senders.items()]
    needs = dict.fromkeys(name for sender in senders.values() for name in sender.needs)
    if needs:
        words.append(f"Such a client sends, in all: {', '.join(needs)}.")
    if any(name.startswith("mcp-") for name in serving):
        words.append("Expose Mcp-Session-Id in its other answers, too (Access-Control-Expose-Headers).")
    return " ".join(words)


def _near(s: Situation, names: Sequence[str]) -> Iterator[Remedy]:
    """A name that differs by a letter from one that is allowed."""
    listed = {item.lower(): item for item in s.items("access-control-allow-headers")}
    for name in names:
        near = closest(name, listed)
        if near is not None:
            yield Remedy(
                Who.PAGE,
                f"Send {listed[near]}, if that is what is meant, in the place of {name}",
                why=f"The server allows {listed[near]}, not {name}: one of the two is misspelt.",
                sure=Sure.POSSIBLE,
            )
