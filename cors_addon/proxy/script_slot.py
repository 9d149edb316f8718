"""Where the addon of a script stands among mitmproxy's addons.

mitmproxy keeps a manager for each script (`Script`), which reads the file again when it changes; in it the script's
module, and in that the addon. At each of the eight events of a request it asks each of the three for the hook and for
addons within, and none but the addon has to do with requests. It asks the loader of scripts (`ScriptLoader`) as well,
right before the first script, script or no script. So once mitmproxy runs, the loader bears the addon's hooks, and the
manager of the first script is out of its list; before the loader looks at its list, and before the script is read
again or taken out, all is as mitmproxy made it.

Measured on mitmproxy 12.3.1 and Python 3.13: scripts/bench counts 1.0256 (load CORS) and 1.0101 (other) of bare
mitmdump for the addon in its module in its manager, and 28,000 instructions of a request less, 0.3 % of all, for hooks
of the loader. The budget is 1.0190 and 1.0060.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from mitmproxy import ctx

from cors_addon.proxy import internals

_LOADERS_OWN = frozenset({"load", "running", "configure"})


class ScriptSlot:
    """The place of one addon."""

    def __init__(self, addon: Any, hooks: Sequence[str], move: Callable[[dict[str, Any]], None]) -> None:
        """`addon` is one that a script names in its `addons`, `hooks` are those that it always has.

        `move` is given a namespace in which its other hooks are to come and go from now on.
        """
        self._addon = addon
        self._hooks = [name for name in hooks if name not in _LOADERS_OWN]
        self._move = move
        self._manager: Any = None
        self._loader: Any = None
        self._loaders_configure: Callable[[Iterable[str]], None] | None = None

    def take(self) -> None:
        """Stand in the loader's place; whoever is loaded in another way than by `-s`, or after others, stays."""
        if not internals.script_place.works or not internals.late_hooks.works:
            return
        loader = internals.script_loader(ctx.master)
        if loader is None or not loader.addons or not internals.is_manager_of(loader.addons[0], self._addon):
            return
        if any(hasattr(loader, name) for name in self._hooks):  # another copy of ours stands there
            return
        self._manager, self._loader, self._loaders_configure = loader.addons[0], loader, loader.configure
        loader.addons = loader.addons[1:]  # in place, mitmproxy would pass over the next: it is going through the list
        vars(loader).update({name: getattr(self._addon, name) for name in self._hooks}, configure=self._configure)
        self._move(vars(loader))

    def leave(self) -> None:
        """Give it back: mitmproxy is about to read the script again, or to end."""
        manager = self._manager
        if manager is None:
            return
        is_read_again = asyncio.current_task() is manager.reloadtask
        self._give_back(listed=is_read_again)
        if not is_read_again:
            manager.done()  # as mitmproxy would call it at the end, had it found it in the list

    def _give_back(self, *, listed: bool) -> None:
        """All is as mitmproxy made it, but for the list, if it is not to be."""
        loader, manager = self._loader, self._manager
        self._loader = self._manager = None
        self._move(vars(self._addon))
        for name in (*self._hooks, "configure"):
            vars(loader).pop(name, None)
        if listed:
            loader.addons = [manager, *loader.addons]

    def _configure(self, updated: Iterable[str]) -> None:
        """Options were set: in the loader's place the loader's own hook, and then the addon's."""
        assert self._loaders_configure is not None
        if "scripts" in updated:
            self._give_back(listed=True)
        try:
            self._loaders_configure(updated)
        finally:
            if self._loader is None:
                self.take()
        if self._loader is not None:
            self._addon.configure(updated)
