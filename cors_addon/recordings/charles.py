"""Charles' JSON sessions (`.chlsj`): an array of what passed the proxy, each as an entry of a HAR.

Law 1: a tunnel is no exchange; what passed through it has entries of its own, where Charles could read it.
Read in files that people have published: its maker describes them nowhere.
"""

import base64
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from cors_addon.recordings import har, json_stream
from cors_addon.recordings.exchange import Recorded, Wanted
from cors_addon.recordings.source import Head, Source

CREATOR = "Charles"


def is_mine(head: Head) -> bool:
    """An array of objects with Charles' names."""
    shape = head.shape
    return shape.opens == "[" and "[].actualPort" in shape and "[].times" in shape and "[].request" in shape


def read(source: Source, wanted: Wanted) -> Iterator[Recorded | None]:
    """Each exchange; raises Damage after the last good one."""
    return har.read_as(CREATOR, _entries(source), source.name, wanted)


def _entries(source: Source) -> Iterator[Any]:
    text = json_stream.Text(source)
    for each in json_stream.items(text):
        if isinstance(each, dict) and each.get("tunnel") is not True and each.get("method") != "CONNECT":
            yield entry(each)
    if text.peek():
        raise text.damage("something follows the session")


def entry(each: Mapping[str, Any]) -> Mapping[str, Any]:
    """As a HAR has it. Total: what is not as it should be is left out, and the entry is found to be of no use."""
    try:
        request, response = each.get("request") or {}, each.get("response") or {}
        begun, ended = _moment(each, "start", "requestBegin"), _moment(each, "end", "responseEnd", "responseBegin")
        took = (datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds() * 1000
        status = response.get("status")
        return {
            "startedDateTime": begun,
            "time": max(took, 0),
            "timings": {"send": 0, "wait": max(took, 0), "receive": 0},
            "connection": f"ClientPort:{each.get('clientPort')}",
            "request": {
                "method": each.get("method"),
                "url": _url(each),
                "httpVersion": each.get("protocolVersion") or "HTTP/1.1",
                "headers": _headers(request),
                "bodySize": (request.get("sizes") or {}).get("body", 0),
            },
            "response": {
                "status": status if isinstance(status, int) else 0,
                "headers": _headers(response),
                "content": _content(response.get("body")),
            },
        }
    except (TypeError, ValueError, LookupError, AttributeError):
        return {}


def _moment(each: Mapping[str, Any], *names: str) -> str:
    times = each["times"]
    return str(next((times[name] for name in names if times.get(name)), times.get("start")))


def _url(each: Mapping[str, Any]) -> str:
    host, scheme = str(each["host"]), str(each["scheme"])
    port = each.get("actualPort") if each.get("port") is None else each["port"]
    at = f"[{host}]" if ":" in host and not host.startswith("[") else host
    query = each.get("query")
    end = "" if query is None else f"?{query}"
    return f"{scheme}://{at}:{port}{each.get('path') or '/'}{end}"


def _headers(message: Mapping[str, Any]) -> Any:
    return (message.get("header") or {}).get("headers") or []


def _content(body: Any) -> dict[str, Any]:
    """Text, or base64 under `encoded`."""
    if not isinstance(body, dict):
        return {}
    if isinstance(body.get("text"), str):
        return {"text": body["text"]}
    encoded = body.get("encoded")
    if isinstance(encoded, str):
        return {"text": base64.b64encode(base64.b64decode(encoded)).decode("ascii"), "encoding": "base64"}
    return {}
