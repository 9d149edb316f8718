"""Exchanges of a recording as flows that a mitmproxy filter can look at, and selecting them by one."""

import base64
from collections.abc import Callable
from typing import Any

from mitmproxy import flowfilter, http

from cors_addon.exchange.model import Observation
from cors_addon.flows.made import flow as flow

type Choose = Callable[[http.HTTPFlow], object]


def parse(expression: str) -> Choose:
    """A filter; raises ValueError with what is wrong with the expression."""
    chosen: Choose = flowfilter.parse(expression)
    return chosen


def flow_of_entry(raw: Any, observation: Observation) -> http.HTTPFlow:
    """A flow made of a HAR entry, bodies included."""
    return flow(observation, _text(raw.get("request"), "postData"), _text(raw.get("response"), "content"))


def _text(message: Any, key: str) -> bytes:
    """The body of a message, as far as the file has it."""
    part = message.get(key) if isinstance(message, dict) else None
    text = part.get("text") if isinstance(part, dict) else None
    if not isinstance(text, str):
        return b""
    if isinstance(part, dict) and part.get("encoding") == "base64":
        try:
            return base64.b64decode(text)
        except ValueError:
            return b""
    return text.encode("utf-8", "replace")
