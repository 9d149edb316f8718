"""Keys of mitmproxy's console for what people do most with a flow.

Law: a key that mitmproxy or the user has bound stays theirs, in the view at hand or everywhere; ours go when we go.
"""

from typing import Any

from mitmproxy.master import Master

from cors_addon.proxy import internals

CONTEXTS = ("flowlist", "flowview")
KEYS = (
    ("c", "cors.explain @focus", "CORS: explain the verdict on this flow"),
    ("t", "cors.pair @focus", "CORS: go to the counterpart, preflight or request"),
    ("Y", "cors.allow @focus", "CORS: allow this flow's page everything at its server"),
)
"""Key, command, and what mitmproxy's help says of it."""


class Keys:
    """What is bound, and by whom."""

    def __init__(self, master: Master) -> None:
        self._keymap: Any = internals.key_map(master)  # the console's only
        self._bound: list[tuple[str, str, str]] = []

    def bind(self) -> None:
        """Bind what is free. To be called once the user's own keys are loaded, which `running` of the console does."""
        for key, command, words in KEYS if self._keymap is not None else ():
            free = [context for context in CONTEXTS if not self._taken(key, context)]
            if free:
                self._keymap.add(key, command, free, words)
                self._bound += [(context, key, command) for context in free]

    def withdraw(self) -> None:
        """Unbind what is still ours, and bind nothing from now on."""
        for context, key, command in self._bound:
            binding = self._keymap.get(context, key)
            if binding is not None and binding.command == command:
                self._keymap.remove(key, [context])
        self._bound.clear()
        self._keymap = None

    def _taken(self, key: str, context: str) -> bool:
        return any(self._keymap.get(where, key) is not None for where in (context, "global"))
