"""A page for each reason, finding and block, at an address that stays: `/help/NAME` of the live page.

They are static: no script, and nothing but what the registries say.
"""

import html
from collections.abc import Iterator
from functools import cache

from cors_addon.reasons.pages import Form, HelpPage, Kind, Piece, help_page, names
from cors_addon.report.html.page import Page, asset, hash_of

_POLICY = "default-src 'none'; style-src '{}'; base-uri 'none'; form-action {}; frame-ancestors 'none'"
_LOCKED = """\
<h1>The live page of cors_addon</h1>
<p>It shows what pages in this browser ask for, so it opens for whoever has its token only.</p>
<p>Type <code>cors.page</code> in mitmproxy (after <code>:</code>, or in mitmweb's command bar) to open it; mitmproxy's
event log has its whole address, too.</p>
<form action="/" method="get"><label>Token <input name="token" autocomplete="off" required></label>
<button>Open</button></form>
"""


def locked() -> Page:
    """For whoever comes without the token."""
    return _page("CORS", _LOCKED, "'self'")


@cache
def page(name: str) -> Page | None:
    """The page about a reason, finding or block, or with an empty name, the list of them; None for any other."""
    if not name:
        return _page("CORS: all reasons", "".join(_list()))
    found = help_page(name)
    return None if found is None else _page(f"{name} · CORS", "".join(_about(found)))


def _page(title: str, body: str, forms: str = "'none'") -> Page:
    style = asset("report.css")
    text = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="color-scheme" content="light dark">\n<title>{html.escape(title)}</title>\n'
        f'<style>{style}</style>\n</head>\n<body>\n<main class="help">\n{body}</main>\n</body>\n</html>\n'
    )
    return Page(text, _POLICY.format(hash_of(style), forms))


def _list() -> Iterator[str]:
    yield '<p class="brand">CORS</p>\n<h1>All that browsers refuse, and what answers give away</h1>\n'
    for kind in Kind:
        yield f"<h2>{_TITLES[kind]}</h2>\n<dl>\n"
        for name, its in names().items():
            found = help_page(name) if its is kind else None
            if found is not None:
                yield f'<dt><a href="/help/{name}"><code>{name}</code></a></dt><dd>{html.escape(found.short)}</dd>\n'
        yield "</dl>\n"


_TITLES = {Kind.REASON: "Reasons", Kind.FINDING: "Security findings", Kind.BLOCK: "Blocks beyond CORS"}


def _about(found: HelpPage) -> Iterator[str]:
    yield f'<p class="brand"><a href="/">CORS</a> · <a href="/help/">{_TITLES[found.kind]}</a></p>\n'
    yield f"<h1><code>{html.escape(found.name)}</code></h1>\n<p>{html.escape(found.short)}</p>\n"
    yield from map(_piece, found.pieces)


def _piece(piece: Piece) -> str:
    lines = [html.escape(line) for line in piece.lines]
    match piece.form:
        case Form.HEADING:
            return f"<h2>{lines[0]}</h2>\n"
        case Form.ITEMS:
            return "<ul>\n" + "".join(f"<li>{line}</li>\n" for line in lines) + "</ul>\n"
        case Form.CODE:
            return f'<pre class="diff">{lines[0]}</pre>\n'
        case Form.SAID:
            named = f" <code>{lines[1]}</code>" if lines[1] else ""
            return f'<p><b>{lines[0]}</b>{named}</p>\n<pre class="console">{lines[2]}</pre>\n'
        case Form.ANCHOR:
            return f'<p><a href="{lines[0]}" rel="noreferrer noopener">The rule in the standard</a></p>\n'
        case _:
            return "".join(f"<p>{line}</p>\n" for line in lines[0].split("\n"))
