"""Judge CORS traffic in mitmproxy as the browser does.

This file is two things:

- the package ``cors_addon``, a library: ``judge`` and what belongs to it. Importing it loads nothing else: what is
  asked for is loaded then, and mitmproxy only for what needs it;
- the script of ``mitmproxy -s …/cors_addon/__init__.py``. Then it runs under another name, with its own folder on
  ``sys.path``, and perhaps not installed at all.
"""

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cors_addon.api import Engine, Judgement, Reason, RecordingError, Verdict, explain, judge

__all__ = ["Engine", "Judgement", "Reason", "RecordingError", "Verdict", "explain", "judge"]
__version__ = "0.1.0"

if __name__ == "cors_addon":

    def __getattr__(name: str) -> Any:
        """Load the library, or the addon, on first use."""
        if name in __all__:
            from cors_addon import api

            globals().update({each: getattr(api, each) for each in __all__})
        elif name in ("CorsAddon", "addons"):
            from cors_addon.proxy.addon import CorsAddon

            globals().update(CorsAddon=CorsAddon, addons=[CorsAddon()])
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return globals()[name]

    def __dir__() -> list[str]:
        """What there is, loaded or not."""
        return sorted({*globals(), *__all__, "CorsAddon", "addons"})

else:
    # mitmproxy looks up every hook in this module for every event: a __getattr__ here would slow them all down.

    def _import_package_beside_this_file() -> None:
        """Make ``cors_addon`` the package that this file belongs to, whatever copy of it is installed or loaded."""
        import importlib.util
        import os

        folder = os.path.dirname(os.path.abspath(__file__))
        # mitmproxy puts the script's folder on sys.path and leaves it there: cors_addon/proxy would become `proxy`.
        sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != folder]

        package = sys.modules.get("cors_addon")
        if package is None or package.__file__ != __file__ or "_is_script" in vars(package):
            # None, another copy, or a reload, which is to read the files again.
            for name in [name for name in sys.modules if name.partition(".")[0] == "cors_addon"]:
                del sys.modules[name]
            spec = importlib.util.spec_from_file_location("cors_addon", __file__, submodule_search_locations=[folder])
            assert spec is not None
            assert spec.loader is not None
            package = importlib.util.module_from_spec(spec)
            sys.modules["cors_addon"] = package
            spec.loader.exec_module(package)
        vars(package)["_is_script"] = True

    _import_package_beside_this_file()

    from cors_addon.proxy.addon import ScriptAddon

    addons = [ScriptAddon(__file__)]
