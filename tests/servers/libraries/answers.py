"""A mitmproxy script that answers each request itself: by path, and apart for preflights."""

import json
import os
from pathlib import Path

from mitmproxy import http

TABLE = json.loads(Path(os.environ["ANSWERS"]).read_text())


def request(flow: http.HTTPFlow) -> None:
    """Answer as the table says."""
    preflight = "access-control-request-method" in flow.request.headers
    status, lines = TABLE.get(flow.request.path, {}).get("preflight" if preflight else "actual", (404, []))
    body = b"" if status in (204, 304) else b"{}"
    flow.response = http.Response.make(status, body)
    length = [] if status in (204, 304) else [(b"Content-Length", b"%d" % len(body))]
    fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in lines]
    flow.response.headers = http.Headers([*fields, *length])
