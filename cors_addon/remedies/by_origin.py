"""Remedies for whose page it is: an Origin of `null`, an app, an extension, a file; and for values nearly right."""

import re
from collections.abc import Iterator
from string import ascii_lowercase, digits

from cors_addon.fetch.origins import is_loopback, known_url
from cors_addon.fetch.patterns import pattern
from cors_addon.fetch.refusals import OF_ORIGIN, Reason
from cors_addon.remedies.by_redirect import any_origin
from cors_addon.remedies.near import fault_of_origin, misspelt
from cors_addon.remedies.rule import Headers, Ruling
from cors_addon.remedies.situation import Situation
from cors_addon.remedies.value import Change, HeaderEdit, InPage, Remedy, Settings, Sure, Who

# ---- null ----


def opaque(s: Situation) -> Ruling | None:
    """An Origin that is `null` for what the page is."""
    if not s.opaque or s.tainted_by is not None or s.reason not in OF_ORIGIN:
        return None
    return Ruling((*_of_opaque(s), *(() if s.credentialed else (any_origin(s),))), Headers.NEVER)


def _of_opaque(s: Situation) -> tuple[Remedy, ...]:
    """By why the origin is null."""
    page = s.page_url or ""
    agent = s.asked("user-agent") or ""
    if page.startswith("file:"):
        return (_from_disk("The page was opened from disk, and files have no origin but null."),)
    if "Electron/" in agent:
        return (_electron(),)
    if re.search(r"; wv\)", agent):
        return (_web_view(),)
    if page.startswith(("data:", "blob:", "about:")):
        return (_no_origin(f"The page is a {page.partition(':')[0]}: URL, which has no origin of its own."),)
    if referrer := s.asked("referer"):
        return (_sandboxed(referrer),)
    why = "The Origin is null, and no Referer is sent: the page is a file or a data: URL, most likely."
    if not s.sent:
        why = "The Origin is null: the page is a file or a data: URL, or stands in a sandboxed frame."
    return _from_disk(why), _sandboxed("")


_ALLOW_IT = "and have the server allow that origin, if it does not yet"
"""What a page with an origin of its own needs all the same; whom the server's list has is not known."""


def _from_disk(why: str) -> Remedy:
    return Remedy(
        Who.USER,
        "Open the page from a web server, not from disk: run npx serve or python3 -m http.server in its folder, and "
        f"open http://localhost; {_ALLOW_IT}",
        why=f"{why} From a server it has an origin that can be allowed.",
        sure=Sure.LIKELY,
    )


def _sandboxed(page: str) -> Remedy:
    where = f" ({page})" if page else ""
    return Remedy(
        Who.PAGE,
        'Give the frame its origin: sandbox="allow-scripts allow-same-origin" on the iframe (or no sandbox in its '
        f"Content-Security-Policy); {_ALLOW_IT}",
        why=f"The Origin is null: a sandboxed frame without allow-same-origin has no origin of its own{where}.",
        opens="the frame can reach its own site's storage and cookies: only where its content is yours or trusted, and "
        "never for content of the page's own origin that is not",
        sure=Sure.LIKELY if page else Sure.POSSIBLE,
    )


def _no_origin(why: str) -> Remedy:
    what = "Give the page an origin: serve it by a URL of its own, or have the page that made it send the request"
    what += f"; {_ALLOW_IT}"
    return Remedy(Who.PAGE, what, why=why)


def _electron() -> Remedy:
    return Remedy(
        Who.PAGE,
        "Load the app's pages by a scheme of its own, not from file: (Electron: protocol.registerSchemesAsPrivileged "
        "and protocol.handle), or send the request in the main process (net.fetch)",
        why="The page is one of Electron's that was loaded from disk: its origin is null, which nobody should allow. "
        "The main process is not held to CORS.",
    )


def _web_view() -> Remedy:
    return Remedy(
        Who.PAGE,
        "Load the app's files by WebViewAssetLoader (https://appassets.androidplatform.net), not from file:",
        why="The page was loaded from a file in an Android WebView: its origin is null.",
    )


# ---- apps and extensions ----

_EXTENSION = pattern(r"(?:chrome|moz|safari-web|ms-browser|edge|safari)-extension")
_PLATFORMS = Settings(
    (
        ("Capacitor", "iOS: capacitor://localhost; Android: https://localhost (before 6: http://localhost)"),
        ("Ionic, before Capacitor", "iOS: ionic://localhost; Android: http://localhost"),
        ("Cordova", "iOS: app://localhost (or null, from file:); Android: https://localhost"),
        ("Tauri", "macOS, Linux, iOS: tauri://localhost; Windows, Android: http://tauri.localhost or https://…"),
        ("Electron", "the scheme that the app registers, as app://…; from file: null"),
    )
)
_NATIVE = {
    "capacitor": "CapacitorHttp (plugins.CapacitorHttp.enabled in capacitor.config)",
    "ionic": "the native HTTP plug-in",
    "tauri": "Tauri's http plug-in (@tauri-apps/plugin-http)",
    "app": "the app's native side (Electron: net.fetch in the main process)",
    "file": "the app's native side",
    "cordova": "cordova-plugin-advanced-http",
}


def app_of(s: Situation) -> str | None:
    """Which kind of app a page belongs to, by its origin; None where it is a site's."""
    origin = s.origin or ""
    scheme, _, host = origin.partition("://")
    if host == "tauri.localhost":
        return "tauri"
    if re.fullmatch(r"https?", scheme):
        is_app = is_loopback(host) and re.search(r"; wv\)|Capacitor|Cordova", s.asked("user-agent") or "")
        return "capacitor" if is_app else None
    return scheme if scheme in _NATIVE else "app" if scheme and host and not _EXTENSION.fullmatch(scheme) else None


def extension(s: Situation) -> Ruling | None:
    """A page of a browser extension: what its manifest says, and what no server can allow for good."""
    scheme, _, name = (s.origin or "").partition("://")
    if not _EXTENSION.fullmatch(scheme) or s.url is None or s.block is not None or s.reason is None:
        return None
    pattern = f"{s.url.scheme}://{s.url.host}/*"
    if s.status == 403 and not s.preflight and s.reason is Reason.ALLOW_ORIGIN_MISSING:
        return None  # the server refused it: `failed` tells
    opened = "the extension may ask that host for anything, with the user's cookies"
    found = [
        Remedy(
            Who.PAGE,
            f'List the host in the extension\'s manifest: "host_permissions": ["{pattern}"], and send the request from '
            "its background page or popup",
            Settings((("manifest.json, version 3", f'"host_permissions": ["{pattern}"]'),
                      ("manifest.json, version 2", f'"permissions": ["{pattern}"]'))),
            "With that permission an extension's own pages are not held to CORS. A content script is, as the page that "
            "it runs in: it asks by a message to the background page.",
            opened,
        )
    ]  # fmt: skip
    if scheme == "moz-extension":
        found[0] = Remedy(
            found[0].who, found[0].what, found[0].change,
            f"{found[0].why} To allow {name[:8]}… at the server helps one user only: Firefox makes up that name anew "
            "for each installation.", opened,
        )  # fmt: skip
        return Ruling(tuple(found), Headers.NEVER)
    return Ruling(tuple(found), Headers.LAST)


def app(s: Situation) -> Ruling | None:
    """A page of an app: its scheme and host are its origin, and each platform has its own."""
    kind = app_of(s)
    if kind is None or s.reason not in OF_ORIGIN or s.block is not None:
        return None
    native = Remedy(
        Who.PAGE,
        f"Send the request natively, by {_NATIVE.get(kind, _NATIVE['app'])}",
        why="What the app sends by itself is not held to CORS, and bears no Origin.",
    )
    said = "Allow the app's origin"
    if kind == "file":
        return Ruling((native,), Headers.NEVER)
    allow = Remedy(
        Who.SERVER,
        f"{said}, {s.origin}, exactly so; and those of its other platforms" if kind != "app" else f"{said}, {s.origin}",
        s.whole_change,
        f"The page is an app's: its origin is this scheme and host. {_all_platforms()}",
        "every installation of any app with this origin may read these answers: it tells an app from a site, not one "
        "app from another",
        Sure.SURE,
    )
    return Ruling((allow, native), Headers.NEVER)


def _all_platforms() -> str:
    return " ".join(f"{name}: {origins}." for name, origins in _PLATFORMS.lines)


def from_disk(s: Situation) -> Ruling | None:
    """What was asked for is itself a file, or the page is one by its URL."""
    if s.reason in OF_ORIGIN and (s.page_url or "").startswith("file:") and not s.opaque:
        return Ruling((_from_disk("The page was opened from disk."),), Headers.NEVER)
    return None


# ---- values ----


def misspelt_names(s: Situation) -> Ruling | None:
    """A header that the answer has under a name nearly right."""
    wanted = _WANTED.get(s.reason) if s.reason is not None else None
    if wanted is None or s.value(wanted.lower()) is not None:
        return None
    for name, value in s.answer:
        if misspelt(name) == wanted:
            return Ruling((_renamed(s, name, wanted, value),), Headers.NEVER)
    return None


_WANTED = {
    Reason.ALLOW_ORIGIN_MISSING: "Access-Control-Allow-Origin",
    Reason.ALLOW_CREDENTIALS_NOT_TRUE: "Access-Control-Allow-Credentials",
    Reason.METHOD_NOT_ALLOWED: "Access-Control-Allow-Methods",
    Reason.HEADER_NOT_ALLOWED: "Access-Control-Allow-Headers",
}


def _renamed(s: Situation, name: str, wanted: str, value: str) -> Remedy:
    change = s.change_after(())
    edits = change.edits if change is not None and change.complete else (HeaderEdit(wanted, None, value),)
    shown = "-".join(word.capitalize() for word in name.split("-"))
    others = [each for each, _ in s.answer if each != name and misspelt(each)]
    more = f" So are: {', '.join(others)}." if others else ""
    return Remedy(
        Who.SERVER,
        f"Write {wanted}: the answer has {shown}, which is misspelt, and means nothing to a browser",
        Change((HeaderEdit(shown, value, None), *edits), change.status if change else None),
        f"The name must be exactly {wanted}.{more}",
        sure=Sure.SURE,
    )


def near_value(s: Situation) -> Ruling | None:
    """A value that is nearly the page's origin, or nearly `true`: pointed at."""
    if s.reason is Reason.ALLOW_CREDENTIALS_NOT_TRUE:
        value = s.value("access-control-allow-credentials")
        if value is None:
            return None
        why = f'It is "{value}", and must be true: those four letters, in lower case, once.'
        return Ruling(tuple(_with_change(s, "Write true in Access-Control-Allow-Credentials", why)), Headers.NEVER)
    if s.reason not in (Reason.ALLOW_ORIGIN_MISMATCH, Reason.ALLOW_ORIGIN_INVALID, Reason.ALLOW_ORIGIN_MULTIPLE):
        return None
    lines = s.values("access-control-allow-origin")
    if s.origin is None or not lines or s.opaque:
        return None
    if len(sent := _each_sent(lines, s.origin)) > 1:
        how = "it came in several lines" if len(lines) > 1 else "several lines were joined to one"
        why = f"It came {len(sent)} times: {' and '.join(sent)}. The application and a proxy before it (or two "
        why += "middlewares) each add one: take it out of one of the two."
        return Ruling(tuple(_with_change(s, f"Send Access-Control-Allow-Origin once: {how}", why)), Headers.NEVER)
    fault = fault_of_origin(lines[0], s.origin)
    if fault is None:
        return None
    why = f'The header says "{lines[0]}": {fault}. It is compared letter by letter with the page\'s origin.'
    several = fault.startswith("it lists")
    what = f"Answer with the page's origin as the browser writes it, {s.origin}"
    if several:
        what = f"Keep the list in the server, and answer with the one origin that asked, {s.origin}, and Vary: Origin"
    found = list(_with_change(s, what, why))
    if not several and (page := _page_elsewhere(s, lines[0])) is not None:
        found.append(page)
    return Ruling(tuple(found), Headers.NEVER)


def _each_sent(lines: list[str], origin: str) -> list[str]:
    """The header's lines, also where somebody joined them: who writes a list writes nothing twice, nor * beside it."""
    if len(lines) > 1:
        return lines
    parts = [part.strip() for part in lines[0].split(",")]
    return parts if len(set(parts)) == 1 or {"*", origin}.issuperset(parts) else lines


_OF_HOSTS = frozenset(f"{ascii_lowercase}{digits}-._:[]")


def _page_elsewhere(s: Situation, value: str) -> Remedy | None:
    """A page that can as well be opened by the name that is allowed."""
    url, own = known_url(value), known_url(s.origin or "")
    if url is None or own is None or url.scheme != own.scheme or url.host == own.host or url.port != own.port:
        return None
    if not _OF_HOSTS.issuperset(url.host):  # a pattern, a list or a variable that was sent as it is, and no name
        return None
    return Remedy(Who.USER, f"Open the page at {url.origin}, which is allowed", why="", sure=Sure.POSSIBLE)


def _with_change(s: Situation, what: str, why: str) -> Iterator[Remedy]:
    if (change := s.whole_change) is not None:
        yield Remedy(Who.SERVER, what, change, f"{why} {_sentence(change.note)}".strip(), _opened(s), Sure.SURE)


def _sentence(note: str) -> str:
    return f"{note[0].upper()}{note[1:]}." if note else ""


def _opened(s: Situation) -> str:
    with_login = ", with the user's cookies" if s.credentialed else ""
    return f"pages of {s.asker} may read this answer{with_login}"


def without_credentials(s: Situation) -> Ruling | None:
    """What includes credentials may not have `*`; a page that needs none need not include them."""
    if s.reason not in (Reason.ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS, Reason.ALLOW_CREDENTIALS_NOT_TRUE):
        return None
    element = s.destination not in (None, s.destination.EMPTY) if s.destination is not None else False
    what = "Leave credentials out, where the server needs no cookie: drop credentials: 'include' (axios, "
    what += "XMLHttpRequest: withCredentials)"
    if element:
        what = 'Leave credentials out, where the server needs no cookie: crossorigin="anonymous" on the element'
    change = InPage(crossorigin="anonymous") if element else InPage(credentials="omit")
    why = "Without credentials * is enough."
    if s.value("access-control-allow-origin") != "*":
        why = "Without credentials the header is not asked for."
    return Ruling((Remedy(Who.PAGE, what, change, why),), Headers.FIRST)
