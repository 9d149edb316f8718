"""The content view `cors`: the explanation of a flow, shown where its body would be."""

from collections.abc import Callable

from mitmproxy import contentviews, http
from mitmproxy.contentviews import Contentview, Metadata

from cors_addon.proxy import internals

PRIORITY = 100.0
"""Above every view of mitmproxy's own (the highest is 2), where there is no body that they could show."""

WIDTH = 76
"""Columns: what mitmweb shows beside its list on a screen of 1280 pixels, and the console in 80 columns."""


class CorsView(Contentview):
    """Explains a flow. Chosen automatically for CORS flows without a body, such as most preflights, and where the page
    never got the body.
    """

    def __init__(
        self, explain: Callable[[http.HTTPFlow, int], str], opens: Callable[[http.HTTPFlow, bool], bool]
    ) -> None:
        """`explain` gives the text of a flow, so and so many columns wide.

        `opens` says, at once, whether a flow is shown so by itself; its second argument is whether there is a body.
        """
        self._explain = explain
        self._opens = opens

    @property
    def name(self) -> str:
        """As it stands in the menus."""
        return "CORS"

    def prettify(self, data: bytes, metadata: Metadata) -> str:
        """The explanation, whatever the body is."""
        if not isinstance(metadata.flow, http.HTTPFlow):
            raise ValueError("CORS concerns HTTP exchanges only.")
        # mitmweb gives an empty line no height
        return self._explain(metadata.flow, WIDTH).replace("\n\n", "\n \n")

    def render_priority(self, data: bytes, metadata: Metadata) -> float:
        """High for a refused or empty answer of a CORS exchange (or its request, where no answer came), else none."""
        flow = metadata.flow
        if not isinstance(flow, http.HTTPFlow):
            return -1
        if metadata.websocket_message is not None:
            return 0
        shown = flow.request if flow.response is None else flow.response
        return PRIORITY if metadata.http_message is shown and self._opens(flow, bool(data)) else 0


def register(view: CorsView) -> None:
    """Add the view, quietly replacing the one of an earlier load of this script."""
    internals.forget_content_view(view.name)
    contentviews.add(view)


def unregister(view: CorsView) -> None:
    """Take the view away, if it is still this one."""
    if contentviews.registry.get(view.name.lower()) is view:
        internals.forget_content_view(view.name)
