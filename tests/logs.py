"""Event logs made by hand, and what is judged of them."""

import io
import json
import re
from collections.abc import Iterable
from typing import Any

from cors_addon.exchange.model import Judgement
from cors_addon.recordings import judge
from cors_addon.report.input import Input
from cors_addon.session.session import last_of

APP = "https://app.test"
API = "https://api.test"
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
START = 1_795_000_000.0

type Event = dict[str, Any]


def judged(text: str | bytes, name: str = "x.json") -> tuple[list[Judgement], Input]:
    """The last revision of each judgement, in their order, and how the reading went."""
    into = Input(name)
    data = text.encode() if isinstance(text, str) else text
    return list(last_of(judge.judged(name, into, opened=io.BytesIO(data))).values()), into


def told(text: str | bytes | Iterable[Event], name: str = "x.json") -> list[str]:
    """Each judgement in a line: role, method, path, verdict, reason, detail, who told it."""
    whole = text if isinstance(text, str | bytes) else json.dumps(list(text))
    return [line(each) for each in judged(whole, name)[0]]


def line(made: Judgement) -> str:
    """A judgement in short."""
    parts = [made.role.value, made.observation.method.decode(), made.observation.url.path, made.verdict.value]
    if made.refusal is not None:
        parts.append(made.refusal.reason.value)
        parts += [made.refusal.detail] if made.refusal.detail is not None else []
    elif made.block is not None:
        parts.append(f"blocked by {made.block.gate.value}")
    return " ".join([*parts, f"({made.told_by.value})"])


class Cdp:
    """One request in the DevTools protocol's events."""

    def __init__(self, key: str = "1.1", path: str = "/a", **request: Any) -> None:
        """A fetch of a page of `APP` to `API`."""
        self.key, self.url = key, path if ":" in path else API + path
        self.method = request.pop("method", "GET")
        self.kind = request.pop("kind", "Fetch")
        self.at = request.pop("at", 0.0)
        self.more = request
        self.origin = request.pop("origin", APP)

    def event(self, name: str, **params: Any) -> Event:
        """An event of it."""
        return {"method": f"Network.{name}", "params": {"requestId": self.key, **params}}

    def begin(self, **more: Any) -> Event:
        """It will be sent."""
        headers = {"User-Agent": AGENT, "Referer": f"{APP}/"} | self.more.get("headers", {})
        request = {"url": self.url, "method": self.method, "headers": headers}
        initiator = self.more.get("initiator", {"type": "script"})
        times = {"timestamp": 100 + self.at, "wallTime": START + self.at}
        return self.event(
            "requestWillBeSent",
            request=request, documentURL=f"{APP}/page", initiator=initiator, type=self.kind, **times, **more,
        )  # fmt: skip

    def sent(self, *, at: float | None = None, cookies: Iterable[str] = (), **headers: str) -> Event:
        """Its headers, as sent; `_` stands for `-` in their names, and for `:` at the beginning."""
        lines = {"Host": "api.test", "User-Agent": AGENT, "Origin": self.origin, "Sec-Fetch-Mode": "cors"}
        lines |= {"Sec-Fetch-Dest": "empty", "Sec-Fetch-Site": "same-site"} | self.more.get("headers", {})
        lines |= named(headers)
        return self.event(
            "requestWillBeSentExtraInfo",
            headers=lines,
            associatedCookies=[{"cookie": {"name": each}, "blockedReasons": []} for each in cookies],
            connectTiming={"requestTime": 100 + (self.at if at is None else at)},
        )

    def answered(self, status: int = 200, **headers: str) -> Event:
        """The answer's headers, as they came."""
        return self.event("responseReceivedExtraInfo", statusCode=status, headers=named(headers), blockedCookies=[])

    def received(self, status: int = 200, **more: Any) -> Event:
        """The page has the answer."""
        response = {"url": self.url, "status": status, "headers": {}, "protocol": "http/1.1", "connectionId": 7}
        response |= more.pop("response", {})
        times = {"timestamp": 100.2 + self.at, "type": self.kind}
        return self.event("responseReceived", response=response, hasExtraInfo=more.pop("extra", True), **times)

    def finished(self) -> Event:
        """All of it has come."""
        return self.event("loadingFinished", timestamp=100.3 + self.at)

    def failed(self, error: str = "net::ERR_FAILED", cors: str = "", parameter: str = "", **more: Any) -> Event:
        """It failed."""
        status = {"corsErrorStatus": {"corsError": cors, "failedParameter": parameter}} if cors else {}
        return self.event("loadingFailed", timestamp=100.3 + self.at, errorText=error, type=self.kind, **status, **more)

    def redirected(self, path: str, status: int = 302, *, extra: bool = True, **headers: str) -> Event:
        """It goes on at another URL."""
        answer = {"url": self.url, "status": status, "headers": named(headers), "protocol": "http/1.1"}
        self.url, self.at = path if ":" in path else API + path, self.at + 0.1
        return self.begin(redirectResponse=answer, redirectHasExtraInfo=extra)

    def preflight(self, key: str = "PF", **asked: str) -> "Cdp":
        """Its preflight."""
        headers = {"Access-Control-Request-Method": self.method} | named(asked)
        initiator = {"type": "preflight", "requestId": self.key}
        return Cdp(key, self.url, method="OPTIONS", kind="Other", headers=headers, initiator=initiator, at=self.at)


def named(headers: dict[str, str]) -> dict[str, str]:
    """Headers by their names, in which `_` stands for `-`, and at the beginning for `:`; the longest are in short."""
    short = {"acao": "access-control-allow-origin", "acam": "access-control-allow-methods"}
    return {short.get(name) or re.sub("^_", ":", name).replace("_", "-"): each for name, each in headers.items()}
