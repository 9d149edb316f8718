"""mitmproxy's revert: it restores what the server answered before a policy changed it."""

import copy
import http.client
from typing import Any
from weakref import ref

from mitmproxy.http import HTTPFlow

from cors_addon.policy import rewrite_record
from cors_addon.policy.rewrite_record import KEPT
from cors_addon.proxy import internals


class _Original(dict[str, Any]):
    """A flow's state before it was rewritten, made when it is first asked for: it costs more than the rewriting.

    mitmproxy asks in `flow.backup()`, `flow.modified()`, `flow.revert()` and when it saves a flow, each time for its
    truth or its difference from another state first.
    """

    _filled = False

    def __init__(self, flow: HTTPFlow) -> None:
        self._flow = ref(flow)

    def _fill(self) -> None:
        flow = self._flow()
        if self._filled or flow is None or flow.response is None:
            return
        self._filled = True
        known = rewrite_record.of(flow.metadata)
        internals.set_backup(flow, None)
        try:
            state = flow.get_state()
        finally:
            internals.set_backup(flow, self)
        state.pop("backup", None)
        state["metadata"] = {key: value for key, value in flow.metadata.items() if key not in KEPT}
        if known is not None and known.status is not None:
            state["response"]["headers"] = known.fields
            state["response"]["status_code"] = known.status
            state["response"]["reason"] = phrase(known.status)
        elif known is not None:
            state["response"] = None
        self.update(state)

    def __bool__(self) -> bool:
        self._fill()
        return True

    def __eq__(self, other: object) -> bool:
        self._fill()
        return dict.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, Any]:
        self._fill()
        return copy.deepcopy(dict(self), memo)


def keep_original(flow: HTTPFlow) -> None:
    """Let mitmproxy's revert restore what the server answered."""
    if not internals.has_backup(flow):
        internals.set_backup(flow, _Original(flow))


def phrase(status: int) -> bytes:
    """The reason phrase of a status; empty for one that has none."""
    return http.client.responses.get(status, "").encode()
