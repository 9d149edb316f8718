"""Where this script stands among mitmproxy's addons.

mitmproxy keeps a manager for each script (`Script`), which reads the file again when it changes. At each of the eight
events of a request it asks the manager, too, whether it has the hook, and for its only addon, twice: half of what a
script costs that has one hook. A manager has nothing to do with requests. So once mitmproxy runs, the script stands in
the list of scripts (`ScriptLoader.addons`) itself, and before it is read again or taken out, its manager does again.
"""

import asyncio
from typing import Any

from mitmproxy import ctx
from mitmproxy.addons.script import Script, ScriptLoader


class ScriptSlot:
    """The place of one script."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        """`namespace` is that of the script's module."""
        self._namespace = namespace
        self._manager: Script | None = None

    def take(self) -> None:
        """Stand in the place of the manager; whoever is loaded in another way than by `-s` has none, and stays."""
        scripts = _scripts()
        for number, manager in enumerate(scripts):
            if isinstance(manager, Script) and manager.ns is not None and vars(manager.ns) is self._namespace:
                self._namespace["path"] = manager.path  # the loader tells its scripts by that
                self._manager = manager
                scripts[number] = manager.ns
                return

    def leave(self) -> None:
        """Give it back: mitmproxy is about to read the script again, to take it out, or to end."""
        manager, self._manager = self._manager, None
        if manager is None:
            return
        if manager.path not in ctx.options.scripts:
            manager.ns = None  # mitmproxy takes out what stands in the list, and the manager is not in it
            ctx.master.addons.remove(manager)
            return
        scripts = _scripts()
        for number, script in enumerate(scripts):
            if script is manager.ns:
                scripts[number] = manager
        if asyncio.current_task() is not manager.reloadtask:
            manager.done()  # as mitmproxy would call it at the end, had it found it in the list


def _scripts() -> list[Any]:
    loader = ctx.master.addons.get("scriptloader")
    return loader.addons if isinstance(loader, ScriptLoader) else []
