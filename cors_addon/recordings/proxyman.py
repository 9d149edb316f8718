"""Proxyman's logs (`.proxymanlogv2`): a zip file with a JSON text for each exchange, as entries of a HAR.

Read in files that people have published: its maker describes them nowhere.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cors_addon.fetch.patterns import pattern
from cors_addon.recordings import har, raw_http
from cors_addon.recordings.exchange import Recorded, Wanted
from cors_addon.recordings.source import Damage, Head, Source

if TYPE_CHECKING:
    from cors_addon.recordings.archive import Archive

CREATOR = "Proxyman"
MAX_MEMBER = 1 << 25
"""Bytes of one exchange; a larger one is left out."""
TOO_LARGE = "an exchange of more than 32 MB"

_ENDS = ("responseEndedAt", "responseStartedAt", "requestEndedAt")
_MEMBER = pattern(r"(?:.*/)?request_(\d+)_[^/]*")


def is_mine(head: Head) -> bool:
    """A zip file with exchanges where Proxyman has them."""
    return head.members is not None and any(_MEMBER.fullmatch(name) for name in head.members)


def read(source: Source, wanted: Wanted) -> Iterator[Recorded | None]:
    """Each exchange; raises Damage after the last good one."""
    archive = source.archive
    assert archive is not None
    return har.read_as(CREATOR, _entries(archive, wanted), source.name, wanted)


def _entries(archive: "Archive", wanted: Wanted) -> Iterator[Mapping[str, Any]]:
    for name in archive.numbered(_MEMBER):
        text = archive.whole(name, MAX_MEMBER + 1)
        if text is None:
            raise archive.damage or Damage(f"{name} cannot be read: the file is damaged")
        if len(text) > MAX_MEMBER:
            wanted.note(TOO_LARGE, 1)
            continue
        try:
            each = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise Damage(f"{name} is no JSON: {error}") from error
        yield entry(each)
    if archive.damage is not None:
        raise archive.damage


def entry(each: Any) -> Mapping[str, Any]:
    """As a HAR has it. Total: one that cannot be read is found to be of no use."""
    try:
        request, response, timing = each["request"], each.get("response") or {}, each.get("timing") or {}
        begun = float(timing.get("requestStartedAt") or 0)
        ended = next((float(timing[name]) for name in _ENDS if timing.get(name)), begun)
        took = max(ended - begun, 0) * 1000
        return {
            "startedDateTime": begun,
            "time": took,
            "timings": {"send": 0, "wait": took, "receive": 0},
            "request": {
                "method": (request.get("method") or {}).get("name"),
                "url": _url(request),
                "httpVersion": _version(request.get("version")),
                "headers": _headers(request),
                "bodySize": len(request.get("bodyData") or ""),
            },
            "response": {
                "status": (response.get("status") or {}).get("code") or 0,
                "headers": _headers(response),
                "content": _content(response.get("bodyData")),
            }
            if response
            else None,
        }
    except (TypeError, ValueError, LookupError, AttributeError):
        return {}


def _url(request: Mapping[str, Any]) -> str:
    full = str(request.get("fullPath") or "")
    if "://" in full:
        return full
    host, scheme = str(request["host"]), str(request["scheme"])
    port = request.get("port")
    path = str(request.get("uri") or request.get("path") or "/")
    return f"{scheme}://{host}{'' if port is None else f':{port}'}{path if path.startswith('/') else '/' + path}"


def _version(version: Any) -> str:
    if isinstance(version, dict) and "major" in version:
        return f"HTTP/{version['major']}.{version.get('minor', 0)}"
    return "HTTP/1.1"


def _headers(message: Mapping[str, Any]) -> list[tuple[str, str]]:
    entries = (message.get("header") or {}).get("entries") or []
    return [
        (str(each["key"]["name"]), str(each.get("value", ""))) for each in entries if each.get("isEnabled") is not False
    ]


def _content(data: Any) -> dict[str, Any]:
    return raw_http.content(base64.b64decode(data)) if isinstance(data, str) and data else {}
