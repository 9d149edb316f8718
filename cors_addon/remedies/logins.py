"""A request that was redirected to a login, and what to change."""

from cors_addon.fetch.load import Destination
from cors_addon.fetch.origins import Url
from cors_addon.remedies.rule import Headers, Ruling
from cors_addon.remedies.situation import Situation, host_of, is_login
from cors_addon.remedies.value import InPage, Remedy, Sure, Who


def ended_session(s: Situation) -> Ruling | None:
    """The page asked a server that redirected the request to a login."""
    login, asked = _login(s)
    if login is None or asked is None:
        return None
    own = s.is_own(asked)
    where = host_of(str(asked))
    if s.preflight and not s.hops:
        return _preflight_to_login(s, login, where)
    found: list[Remedy] = []
    if s.destination in (Destination.MANIFEST, Destination.MODULE, Destination.SCRIPT) and s.destination is not None:
        found.append(_with_credentials(s.destination))
    found.append(
        Remedy(
            Who.PAGE_SERVER if own else Who.SERVER,
            f"At {where}, answer requests of scripts with 401 in place of a redirect to the login",
            why=f"{asked} was redirected to the login at {login.host}. No login page can be read by another site's "
            "script, and none should. After a 401 the page can go to the login as a whole page (location.href), and "
            "come back.",
            at=where,
        )
    )
    if s.destination is Destination.FONT:
        why = "Fonts are fetched without credentials across origins, and no attribute of a style sheet changes that."
        found.insert(0, Remedy(found[0].who, f"At {where}, serve fonts without a login", why=why, at=where))
    found.append(
        Remedy(
            Who.USER,
            f"Log in again at {where}: the session has ended, most likely",
            why="A request with a valid session is not redirected to the login.",
            at=where,
            sure=Sure.POSSIBLE,
        )
    )
    if not own and s.destination in (None, Destination.EMPTY):
        found.append(
            Remedy(
                Who.PAGE,
                "Send the request with its session: credentials: 'include' (XMLHttpRequest: withCredentials = true)",
                InPage(credentials="include"),
                "Across origins no cookie is sent without that, and the server takes the page for a stranger.",
                sure=Sure.POSSIBLE,
            )
        )
    return Ruling(tuple(found), Headers.NEVER)


def _with_credentials(destination: Destination) -> Remedy:
    element = {
        Destination.MANIFEST: '<link rel="manifest" crossorigin="use-credentials" href=…>',
        Destination.MODULE: '<script type="module" crossorigin="use-credentials" src=…>',
    }.get(destination, '<script crossorigin="use-credentials" src=…>')
    own = " (of the page's own origin, too)" if destination is Destination.MANIFEST else " across origins"
    return Remedy(
        Who.PAGE,
        f'Write crossorigin="use-credentials" on the element: {element}',
        InPage(crossorigin="use-credentials"),
        f"A {destination.value} is fetched without cookies{own} unless the element says so: the server takes the "
        "request for one without a session, and redirects it to the login.",
    )


def login_by_script(s: Situation) -> Ruling | None:
    """A script asked for a login, which leads to the login of another site."""
    first, last = (s.hops[0] if s.hops else s.url), (s.target or s.url)
    if first is None or last is None or first.host == last.host or not (is_login(str(first)) and is_login(str(last))):
        return None
    what = f"Open it as a page, not by fetch or XMLHttpRequest: location.href = '{first}', or a link to it"
    why = (
        f"{first} leads to the login at {last.host}, which is a page for the user: it can be seen and typed into in a "
        "window alone, and answers no other site's script, whatever that site's server says."
    )
    return Ruling((Remedy(Who.PAGE, what, why=why, sure=Sure.SURE),), Headers.NEVER)


def _login(s: Situation) -> tuple[Url | None, Url | None]:
    """The login that a request was redirected to, and what was asked for."""
    way = [url for url in (*s.hops, s.url, s.target) if url is not None]
    kinds = [is_login(str(url)) for url in way]
    if not kinds or not kinds[-1] or all(kinds):
        return None, None
    return way[-1], way[kinds.index(False)]


def _preflight_to_login(s: Situation, login: Url, where: str) -> Ruling:
    """A preflight carries neither cookie nor token: whoever keeps the door must let it in."""
    keeper = "an authenticating proxy" if login.host != (s.url.host if s.url else "") else "the login check"
    who = Who.PROXY if login.host != (s.url.host if s.url else "") else Who.SERVER
    return Ruling(
        (
            Remedy(
                who,
                f"Let OPTIONS requests pass to {where} without a login ({keeper} redirected this one to {login.host})",
                s.whole_change,
                "A preflight never carries cookies or Authorization, so no login can be asked of it: oauth2-proxy "
                "--skip-auth-preflight, Cloudflare Access «Bypass options requests to origin», nginx auth_request off "
                "for OPTIONS, in frameworks the CORS middleware before the authentication.",
            ),
        ),
        Headers.NEVER,
    )
