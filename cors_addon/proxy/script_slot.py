"""Where the addon of a script stands among mitmproxy's addons.

mitmproxy keeps a manager for each script (`Script`), which reads the file again when it changes; in it the script's
module, and in that the addon. At each of the eight events of a request it asks each of the three for the hook and for
addons within. None but the addon has to do with requests, and nothing is found, or not found, as soon as an attribute
of a plain object. So once mitmproxy runs, such an object with the addon's hooks stands in the list of scripts
(`ScriptLoader.addons`), and before the script is read again or taken out, its manager does again.

Measured on mitmproxy 12.3.1 and Python 3.13: scripts/bench counts 1.0256 (load CORS) and 1.0101 (other) of bare
mitmdump for the addon in its module in its manager, above the budget of 1.0190 and 1.0060. Of the calls of hooks alone,
for the four hooks of a request, averages of three runs with other things in memory: 5.393 million instructions without
a script, 5.430 with a module in the list, 5.436 with the addon itself, 5.415 with a plain object.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from mitmproxy import ctx

from cors_addon.proxy import internals


class _Stand:
    """What stands in the list: hooks are attributes of the object, and its class has none."""


class ScriptSlot:
    """The place of one addon."""

    def __init__(self, addon: Any, hooks: Sequence[str], move: Callable[[dict[str, Any]], None]) -> None:
        """`addon` is one that a script names in its `addons`, `hooks` are those that it always has.

        `move` is given a namespace in which its other hooks are to come and go from now on.
        """
        self._addon = addon
        self._hooks = hooks
        self._move = move
        self._manager: Any = None
        self._stand: _Stand | None = None

    def take(self) -> None:
        """Stand in the place of the manager; whoever is loaded in another way than by `-s` has none, and stays."""
        if not internals.script_place.works:
            return
        scripts = internals.script_managers(ctx.master)
        for number, manager in enumerate(scripts):
            if internals.is_manager_of(manager, self._addon):
                stand = self._stand = _Stand()
                # mitmproxy tells addons by their names, and its loader tells scripts by their paths
                vars(stand).update(name=self._addon.name, path=manager.path)
                vars(stand).update({name: getattr(self._addon, name) for name in self._hooks})
                self._move(vars(stand))
                self._manager = manager
                scripts[number] = stand
                return

    def leave(self) -> None:
        """Give it back: mitmproxy is about to read the script again, to take it out, or to end."""
        manager, self._manager = self._manager, None
        if manager is None:
            return
        self._move(vars(self._addon))
        if manager.path not in ctx.options.scripts:
            # mitmproxy takes out what stands in the list, and manager and module are not in it
            manager.ns.addons = []
            ctx.master.addons.remove(manager)
            return
        scripts = internals.script_managers(ctx.master)
        for number, script in enumerate(scripts):
            if script is self._stand:
                scripts[number] = manager
        if asyncio.current_task() is not manager.reloadtask:
            manager.done()  # as mitmproxy would call it at the end, had it found it in the list
