"""Which program wrote a request, by how it spells and orders the names of headers."""

from collections.abc import Mapping, Sequence

from cors_addon.fetch.patterns import pattern

WORKERS, UNDICI, NODE_HTTP, HTTP_PROXY = "Cloudflare Workers", "undici", "Node's http", "http-proxy"

BY_NAME = pattern(
    rb"(?i)(?:axios|bun|curl|dart|deno|go-http-client|got|httpie|insomnia|java|node|node-fetch|node-superagent|okhttp|"
    rb"postmanruntime|python-(?:requests|httpx|urllib)|undici|wget|\S+ CFNetwork)(?:[/ ]|$)"
)
"""How programs that read every answer call themselves, also on a connection that a proxy shares with a browser."""


def program(names: Sequence[bytes], places: Mapping[bytes, int], *, mode_alone: bool) -> str:
    """What wrote these names, where no browser spells, or orders, its own so; else empty.

    `places`: theirs by lower-case name; `mode_alone`: of Fetch metadata, Sec-Fetch-Mode alone is there.

    Measured in requests that programs made, with a browser's headers passed on, or without. Node's http (axios, got,
    node-fetch, superagent) writes Host and Connection after the others, where every browser begins with Host, or
    (WebKitGTK) has it after Connection; undici (Node's fetch) begins with `host` and `connection` in lower case,
    whatever case the others have; npm's http-proxy turns a browser's order round, and counts only where that does not
    say which origin it asked. DevTools sort the names in their HAR files, User-Agent after all these.
    """
    if b"cf-worker" in places:
        return WORKERS
    if tuple(names[:2]) == (b"host", b"connection"):
        odd = mode_alone or b"accept" not in places or any(name != name.lower() for name in names)
        return UNDICI if odd else ""
    host, connection, origin, agent = (
        places.get(name, -1) for name in (b"host", b"connection", b"origin", b"user-agent")
    )
    if max(origin, agent, 0) < host < connection:
        return NODE_HTTP
    return HTTP_PROXY if b"sec-fetch-site" not in places and tuple(names[-2:]) == (b"connection", b"host") else ""
