"""Where the addon of a script stands among mitmproxy's addons.

mitmproxy keeps a manager for each script (`Script`), which reads the file again when it changes; in it the script's
module, and in that the addon. At each of the eight events of a request, and once more for `update`, it asks each of the
three for the hook and for addons within. Manager and module have nothing to do with requests. So once mitmproxy runs,
the addon itself stands in the list of scripts (`ScriptLoader.addons`), and before the script is read again or taken
out, its manager does again.

Measured with scripts/bench, mitmproxy 12.3.1 on Python 3.13, as ratios to bare mitmdump for the loads CORS and other:
1.0256 and 1.0101 for an addon in a module in its manager, 1.0178 to 1.0215 and 1.0030 to 1.0072 in this place. How the
parts of a program happen to lie in memory makes up to 0.3 %: mitmproxy looks up attributes that are not there, and
Python's cache of those has few places.
"""

import asyncio
from typing import Any

from mitmproxy import ctx

from cors_addon.proxy import internals


class ScriptSlot:
    """The place of one addon."""

    def __init__(self, addon: Any) -> None:
        """`addon` is one that a script names in its `addons`."""
        self._addon = addon
        self._manager: Any = None

    def take(self) -> None:
        """Stand in the place of the manager; whoever is loaded in another way than by `-s` has none, and stays."""
        if not internals.script_place.works:
            return
        scripts = internals.script_managers(ctx.master)
        for number, manager in enumerate(scripts):
            if internals.is_manager_of(manager, self._addon):
                self._addon.path = manager.path  # the loader tells its scripts by that
                self._manager = manager
                scripts[number] = self._addon
                return

    def leave(self) -> None:
        """Give it back: mitmproxy is about to read the script again, to take it out, or to end."""
        manager, self._manager = self._manager, None
        if manager is None:
            return
        if manager.path not in ctx.options.scripts:
            # mitmproxy takes out what stands in the list, and manager and module are not in it
            manager.ns.addons = []
            ctx.master.addons.remove(manager)
            return
        scripts = internals.script_managers(ctx.master)
        for number, script in enumerate(scripts):
            if script is self._addon:
                scripts[number] = manager
        if asyncio.current_task() is not manager.reloadtask:
            manager.done()  # as mitmproxy would call it at the end, had it found it in the list
