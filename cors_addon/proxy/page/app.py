"""The live page's answers to requests, however they came: no I/O here."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cors_addon.proxy.faults import Faults
from cors_addon.proxy.page.actions import Actions, Refused
from cors_addon.proxy.page.gate import HOST, Gate, is_opened
from cors_addon.proxy.page.messages import Answered, Asked, as_json

_SHARE = 50
"""For each second that an answer took, seconds until the next: looking costs the proxy two in a hundred at most."""
_SOONEST, _LATEST = 0.25, 10.0
"""Seconds between two looks."""
_QUIET = 20.0
"""Seconds after which an event is sent though nothing happened: so a browser that left is noticed."""

_APART = ("Cross-Origin-Opener-Policy", "same-origin")
"""Whoever opened the page has no hold on its window."""

if TYPE_CHECKING:
    from cors_addon.proxy.page.live import Live
    from cors_addon.report.html.page import Page

type LiveNow = Callable[[], Live]


class App:
    """Answers requests."""

    def __init__(self, gate: Gate, actions: Actions, live: LiveNow, faults: Faults) -> None:
        """`live` gives what is shown, and begins to gather where nobody has looked so far."""
        self._gate = gate
        self._actions = actions
        self._live = live
        self._faults = faults
        self._news: set[asyncio.Event] = set()
        self.mitmweb = ""
        """Where mitmweb's own pages are; empty where this is another front end."""

    def changed(self) -> None:
        """There is something new."""
        for each in self._news:
            each.set()

    def __call__(self, asked: Asked) -> Answered:
        """The answer to a request."""
        if not self._gate.is_ours(asked):
            return Answered(403, b"Not for other pages.\n")
        try:
            if not is_document(asked):
                return self._data(asked)
            answer = self._document(asked)
            # browsers take it from secure contexts alone, and grumble elsewhere
            return answer if asked.header("host") == HOST else replace(answer, more=(*answer.more, _APART))
        except Exception as error:
            self._faults.report(error)
            return Answered(500, b"cors_addon failed: see mitmproxy's event log.\n")

    # ---- documents ----

    def _document(self, asked: Asked) -> Answered:
        if not is_opened(asked):
            return Answered(403, b"This page is in no frame.\n")
        from cors_addon.report.html import help_pages  # what only who looks needs takes a while to import

        if not self._gate.knows(asked, document=True):
            return _html(401, help_pages.locked())
        if "token" in asked.query:  # out of the address, which people show to each other
            cookie = f"{self._gate.cookie(asked)}={self._gate.token}; Path=/; HttpOnly; SameSite=Lax"
            return Answered(303, more=(("Location", asked.path), ("Set-Cookie", cookie)))
        if asked.path == "/":
            from cors_addon.policy.export import TARGETS
            from cors_addon.proxy.page.live import empty
            from cors_addon.report.html import page

            state = {"token": self._gate.token, "mitmweb": self.mitmweb, "targets": list(TARGETS)}
            return _html(200, page.live({**empty(), "live": state}))
        found = help_pages.page(asked.path.removeprefix("/help/"))
        return Answered(404, b"There is no such page.\n") if found is None else _html(200, found)

    # ---- data ----

    def _data(self, asked: Asked) -> Answered:
        if asked.path == "/events" and asked.method == "GET" and self._gate.knows(asked, document=True):
            self._live()
            return Answered(200, kind="text/event-stream", events=self._events())
        if not self._gate.knows(asked, document=False):
            return Answered(403, b"The token is missing.\n")
        if asked.method == "POST" and asked.path.startswith("/do/"):
            return self._do(asked.path.removeprefix("/do/"), asked)
        if asked.method == "GET" and asked.path == "/changes":
            return self._changes(asked)
        if asked.method == "GET" and asked.path == "/detail":
            found = self._live().detail(asked.query.get("id", ""))
            return as_json({}, 404) if found is None else as_json(found)
        return Answered(404, b"There is no such page.\n")

    def _changes(self, asked: Asked) -> Answered:
        began = time.process_time()
        query = asked.query
        changes = self._live().changes(_number(query.get("generation")), _number(query.get("since")))
        changes.update(rules=self._actions.rules(), undoes=self._actions.undoes)
        answer = as_json(changes)
        took = time.process_time() - began
        wait = 0.0 if changes["more"] else min(max(took * _SHARE, _SOONEST), _LATEST)
        return replace(answer, body=answer.body[:-1] + b',"wait":%.3f}' % wait)

    def _do(self, name: str, asked: Asked) -> Answered:
        try:
            given = json.loads(asked.body or b"{}")
        except ValueError:
            return as_json({"fault": "This is no JSON."}, 400)
        if not isinstance(given, dict):
            return as_json({"fault": "An object is wanted."}, 400)
        try:
            told = self._actions.do(name, given, self._live())
        except Refused as error:
            return as_json({"fault": str(error)}, 409)
        if told is None:
            return as_json({"fault": "There is no such button."}, 404)
        self.changed()
        return as_json({**told, "rules": self._actions.rules(), "undoes": self._actions.undoes})

    async def _events(self) -> AsyncIterator[bytes]:
        """A line for each time that something is new; what, the page asks for."""
        news = asyncio.Event()
        self._news.add(news)
        try:
            yield b": here\n\n"
            while True:
                try:
                    async with asyncio.timeout(_QUIET):
                        await news.wait()
                except TimeoutError:
                    self._live()  # somebody looks
                    yield b": still here\n\n"
                    continue
                news.clear()
                yield b"data: new\n\n"
                await asyncio.sleep(_SOONEST)
        finally:
            self._news.discard(news)


def is_document(asked: Asked) -> bool:
    """Whether a page is asked for, not data for one."""
    return asked.method == "GET" and (asked.path == "/" or asked.path.startswith("/help/"))


def address(host: str, token: str, flow_id: str = "") -> str:
    """What to open: the page's address with its token, at a flow's place."""
    return f"http://{host or HOST}/?token={token}" + (f"#flow={flow_id}" if flow_id else "")


def _html(status: int, made: "Page") -> Answered:
    return Answered(status, made.text.encode(), "text/html; charset=utf-8", made.policy)


def _number(text: Any) -> int:
    return int(text) if isinstance(text, str) and text.isascii() and text.isdigit() else 0
