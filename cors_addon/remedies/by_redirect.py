"""Remedies where a redirect is in the way: the wrong URL, a session that ended, an Origin that became `null`."""

import re
from typing import Literal

from cors_addon.fetch.origins import Url, parse_url
from cors_addon.fetch.patterns import pattern
from cors_addon.fetch.refusals import OF_ORIGIN, Reason
from cors_addon.remedies.rule import Headers, Ruling
from cors_addon.remedies.situation import Situation, host_of, is_login
from cors_addon.remedies.value import Change, HeaderEdit, InPage, Remedy, Settings, Sure, Who

TRUST_THE_PROXY = Settings(
    (
        ("FastAPI, Starlette (Uvicorn)", "uvicorn --proxy-headers --forwarded-allow-ips=ADDRESS_OF_THE_PROXY"),
        ("Gunicorn", "--forwarded-allow-ips=ADDRESS_OF_THE_PROXY"),
        ("Django", 'SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")'),
        ("Flask", "app.wsgi_app = ProxyFix(app.wsgi_app, x_proto=1, x_host=1)"),
        ("Express", "app.set('trust proxy', 1)"),
        ("Rails", "config.assume_ssl = true"),
        ("Spring Boot", "server.forward-headers-strategy=framework"),
        ("ASP.NET Core", "app.UseForwardedHeaders() with ForwardedHeaders.XForwardedProto"),
        ("Laravel", "$middleware->trustProxies(at: 'ADDRESS_OF_THE_PROXY')"),
        ("Symfony", "framework.trusted_proxies and trusted_headers: [x-forwarded-proto]"),
        ("Tomcat", "RemoteIpValve with protocolHeader=x-forwarded-proto"),
        ("nginx, before it", "proxy_set_header X-Forwarded-Proto $scheme;"),
        ("Apache, before it", 'RequestHeader set X-Forwarded-Proto "https"'),
    )
)
"""Where frameworks are told to believe a proxy that the client came by https, and proxies to say so."""

type Kind = Literal["scheme", "slash", "www", "path", "elsewhere", "same"]


def difference(asked: Url, target: Url) -> Kind:
    """By what a redirect's target differs from what was asked for."""
    if asked == target:
        return "same"
    plain = asked._replace(scheme=target.scheme, port=target.port)
    if (asked.scheme, asked.port) != (target.scheme, target.port) and plain == target:
        return "scheme"
    (path, _, query), (other, _, rest) = asked.path.partition("?"), target.path.partition("?")
    if plain.host == target.host:
        slash = path.rstrip("/") == other.rstrip("/") and query == rest
        return "slash" if slash else "path"
    www = plain.host.removeprefix("www.") == target.host.removeprefix("www.")
    return "www" if www and path.rstrip("/") == other.rstrip("/") else "elsewhere"


def secured(s: Situation, target: Url) -> Url:
    """The URL to ask for: of an http one on the same host, as a proxy's application writes it, the https one."""
    asked = s.url
    if asked is None or (asked.scheme, target.scheme) != ("https", "http") or asked.host != target.host:
        return target
    # another port is the application's own, behind the proxy, where all else is what was asked for
    likewise = asked.path.partition("?")[0].rstrip("/") == target.path.partition("?")[0].rstrip("/")
    if likewise or target.port in (80, asked.port):
        return target._replace(scheme="https", port=asked.port)
    return target


_DIFFERS = {
    "scheme": "only the scheme differs",
    "slash": "only the slash at the end of the path differs",
    "www": "only the www. before the name differs",
    "path": "another path of the same server",
    "elsewhere": "another server",
    "same": "the very same URL: it redirects in a circle",
}


def wrong_url(s: Situation) -> Ruling | None:
    """The answer redirects, and the page may as well ask for where that leads."""
    if s.url is None:
        return None
    if (endpoint := _endpoint_of_storage(s)) is not None:
        return endpoint
    if s.target is None or s.reason not in _OF_ITS_ANSWER | {Reason.PREFLIGHT_REDIRECTED}:
        return None
    if is_login(str(s.target)) and not is_login(str(s.url)):  # nothing to be had there
        return None
    target = secured(s, s.target)
    kind = difference(s.url, target)
    if kind == "same":
        return _only_downgraded(s)
    preflight = s.reason is Reason.PREFLIGHT_REDIRECTED
    first = preflight or kind in ("scheme", "slash", "www")
    remedy = Remedy(
        Who.PAGE,
        f"Ask for {target} at once{_how_to_name(kind)}",
        InPage(url=str(target)),
        _why_asked(s, kind, downgraded=target != s.target),
        sure=Sure.LIKELY if first else Sure.POSSIBLE,
    )
    found = (remedy,) if target == s.target else (remedy, _trust_the_proxy(s))
    return Ruling(found, Headers.LAST if first else Headers.FIRST)


def _why_asked(s: Situation, kind: Kind, *, downgraded: bool) -> str:
    why = f"The server redirects {s.url} to {s.location or s.target}: {_DIFFERS[kind]}. "
    if s.reason is Reason.PREFLIGHT_REDIRECTED:
        why += "A preflight is never redirected."
    else:
        why += "This redirect's own answer is refused."
    if downgraded:
        why += " Its Location has http, for the server does not know that the client came by https."
    return why


def _how_to_name(kind: Kind) -> str:
    return {
        "slash": ": write the path as the server has it, with the slash at its end or without",
        "scheme": ": write the scheme as the server has it",
        "www": ": write the name as the server has it",
    }.get(kind, "")


_OF_ITS_ANSWER = OF_ORIGIN | {Reason.ALLOW_CREDENTIALS_NOT_TRUE, Reason.REDIRECT_HAS_CREDENTIALS}


def _only_downgraded(s: Situation) -> Ruling | None:
    """The Location is what was asked for, by http."""
    if s.target is None or s.url is None or s.target == s.url:
        return None
    return Ruling((_trust_the_proxy(s),), Headers.LAST)


_REGION = pattern(r"x-(?:amz|oss|obs)-(?:bucket-)?region")


_ENDPOINT = pattern(r"(?:[\w.-]+\.)?(?:s3|oss|obs)[.-](?:dualstack\.)?([a-z]{2}-[a-z0-9-]{3,30})\.[\w.]+")


def _region_of(s: Situation) -> str | None:
    """The region in the name of the host that a store's redirect leads to, where another was asked."""
    if s.target is None or s.url is None or s.target.host == s.url.host:
        return None
    named = _ENDPOINT.fullmatch(s.target.host)
    same = s.target.host.rpartition(".")[0].rpartition(".")[2] == s.url.host.rpartition(".")[0].rpartition(".")[2]
    return named[1] if named is not None and same else None


def _endpoint_of_storage(s: Situation) -> Ruling | None:
    """A bucket of object storage is asked at another region's endpoint."""
    region = next((value for name, value in s.answer if _REGION.fullmatch(name)), None) or _region_of(s)
    named = re.search(r"<Endpoint>\s*([\w.-]+)\s*</Endpoint>", s.body)
    if s.url is None or s.status is None or not 300 <= s.status <= 399 or not (region or named):
        return None
    target = s.target
    if target is None and named is not None:
        target = parse_url(f"{s.url.scheme}://{named[1]}{s.url.path}")
    if target is None:
        what = f"Ask the bucket's own region, {region}: set the region in the storage's client"
        remedy = Remedy(Who.PAGE, what, why="The storage answers that the bucket is kept in another region.")
        return Ruling((remedy,), Headers.NEVER)
    target = secured(s, target)
    signed = re.search(r"[?&](?:X-Amz-Signature|Signature|X-Goog-Signature)=", s.url.path, re.IGNORECASE)
    how = f"set the region{f' {region}' if region else ''} where the storage's client is made"
    if signed:
        how += ", and have the URL signed for that host: a signature holds for one host only"
    return Ruling(
        (
            Remedy(
                Who.PAGE,
                f"Ask for {target} at once: {how}",
                InPage(url=str(target)),
                "The bucket is kept in another region, whose endpoint this one redirects to; a preflight is never "
                "redirected.",
            ),
        ),
        Headers.NEVER,
    )


def _trust_the_proxy(s: Situation) -> Remedy:
    return Remedy(
        Who.SERVER,
        "Have the server's framework trust X-Forwarded-Proto of the proxy before it, so that its redirects say https",
        TRUST_THE_PROXY,
        f"The client came by https, and the server redirects to {s.target or s.location}: behind a proxy that ends TLS "
        "it sees http, and builds its URLs by that.",
        at=None if s.url is None else s.url.host,
    )


def downgraded(s: Situation) -> Ruling | None:
    """A redirect that leads from https to http, which is mixed content."""
    target, asked = s.target or parse_url((s.block and s.block.detail) or ""), s.url
    if target is None or asked is None or (asked.scheme, target.scheme) != ("https", "http"):
        return None
    better = secured(s, target)
    found: list[Remedy] = []
    if better != target:
        found.append(_trust_the_proxy(s))
        if better != asked:
            what = f"Ask for {better} at once{_how_to_name(difference(asked, better))}"
            found.append(Remedy(Who.PAGE, what, InPage(url=str(better)), "Then nothing is redirected."))
    else:
        what = f"Redirect to https: {target._replace(scheme='https', port=443 if target.port == 80 else target.port)}"
        found.append(Remedy(Who.SERVER, what, why="A page that came over https may not load plain http."))
    found.append(_upgrade())
    return Ruling(tuple(found), Headers.NEVER)


def _upgrade() -> Remedy:
    value = "upgrade-insecure-requests"
    return Remedy(
        Who.PAGE_SERVER,
        "Have the browser ask for https in place of http",
        Change((HeaderEdit("Content-Security-Policy", None, value),), complete=False),
        "It holds for redirects, too, where the server listens on https.",
        sure=Sure.POSSIBLE,
    )


def mixed(s: Situation) -> Ruling | None:
    """The page itself, which came over https, asked for http."""
    target = parse_url((s.block and s.block.detail) or "") or s.url
    if target is None:
        what = "Write https in the page, or a URL without a scheme"
        return Ruling((Remedy(Who.PAGE, what), _upgrade()), Headers.NEVER)
    better = target._replace(scheme="https", port=443 if target.port == 80 else target.port)
    found = [
        Remedy(
            Who.PAGE,
            f"Ask for {better}: write https in the page, or a URL without a scheme",
            InPage(url=str(better)),
            "A page that came over https may not load plain http.",
        ),
        _upgrade(),
    ]
    return Ruling(tuple(found), Headers.NEVER)


_WHOEVER_ASKS = frozenset(
    {
        Reason.ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS,
        Reason.ALLOW_ORIGIN_MULTIPLE,
        Reason.ALLOW_CREDENTIALS_NOT_TRUE,
    }
)
"""What an answer does not say to `null` alone: a list that lacks `null` may well have the page's origin."""


def null_by_redirect(s: Situation) -> Ruling | None:
    """The Origin is `null` because the request was redirected from one foreign origin to another."""
    if s.tainted_by is None or s.reason not in _OF_ITS_ANSWER or s.url is None or is_login(str(s.url)):
        return None
    if s.reason is Reason.REDIRECT_HAS_CREDENTIALS:  # that is refused of whatever origin
        return None
    before, after = s.tainted_by
    final = s.target or s.url
    asked = InPage(url=str(final))
    why = (
        f"The Origin is null because the request was redirected from {before.origin} to {after.origin}, both foreign "
        f"to the page{f' ({s.own})' if s.own else ''}: browsers then no longer say whose it is."
    )
    found = [
        Remedy(
            Who.PAGE,
            f"Ask for the final URL at once: {final}",
            asked,
            f"{why} Asked directly, it bears the page's origin.",
            also=s.change_asked(asked) if s.reason in _WHOEVER_ASKS and s.target is None else None,
        ),
        Remedy(
            Who.SERVER,
            f"At {host_of(before.origin)}, answer with the address in the body (200, as JSON) in place of a redirect",
            why="Where the address is made for each request (a signed URL), the page asks for it, then for that.",
            sure=Sure.POSSIBLE,
            at=host_of(before.origin),
        ),
    ]
    if not s.credentialed:
        found.insert(1, any_origin(s))
    return Ruling(tuple(found), Headers.NEVER)


def any_origin(s: Situation) -> Remedy:
    """`*`, which an opaque origin passes as well, for what anyone may read."""
    before = s.value("access-control-allow-origin")
    return Remedy(
        Who.SERVER,
        "Where anyone may read this, answer with * for every origin",
        Change((HeaderEdit("Access-Control-Allow-Origin", before, "*"),)),
        "* matches the origin null as well, where no credentials are included. Do not answer null itself: every "
        "sandboxed frame of any site has that origin.",
        "every page may read this answer, as everybody can who asks without a login",
        Sure.LIKELY,
    )


def unwanted(s: Situation) -> Ruling | None:
    """A redirect that the page itself forbade."""
    if s.reason is not Reason.REDIRECT_MODE_ERROR:
        return None
    where = f" {s.location}" if s.location else " that the redirect leads to"
    what = f'Ask for the URL{where} itself, or leave redirect: "error" out'
    why = 'With redirect: "error" a fetch fails at its first redirect, whatever the headers say.'
    return Ruling((Remedy(Who.PAGE, what, why=why, sure=Sure.SURE),), Headers.NEVER)


def circle(s: Situation) -> Ruling | None:
    """Redirects that lead nowhere."""
    if s.reason is Reason.REDIRECT_COUNT_EXCEEDED:
        what = "Mend the circle of redirects: the server sends the request from one URL to the next without end"
        why = "Mostly a cookie that is not sent (credentials), or two redirects that undo each other (www, slash)."
        return Ruling((Remedy(Who.SERVER, what, why=why),), Headers.NEVER)
    if s.reason in (Reason.REDIRECT_URL_UNUSABLE, Reason.REDIRECT_SCHEME_NOT_CORS):
        where = f" {s.location}" if s.location else ""
        what = f"Redirect to an http(s) URL: the Location{where} leads where no fetch may go"
        if s.reason is Reason.REDIRECT_URL_UNUSABLE:
            what = f"Redirect to an http(s) URL: the Location{where} is no valid one"
        app = "Where it is meant to open an app, go there as a whole page (location.href) in place of a fetch."
        return Ruling((Remedy(Who.SERVER, what, why=app, sure=Sure.SURE),), Headers.NEVER)
    return None
