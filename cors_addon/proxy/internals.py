"""What this addon uses of mitmproxy beyond its documented interface: all of it, with a check of each at start.

Law 1: no other module names a private or undocumented part of mitmproxy (a test looks). What is documented, or what
cannot be done without (hooks, options, commands, flows and the `data` of their messages), is no matter of this module.
Law 2: each part belongs to a `Feature`, which checks that it is there and has the shape that is used.
Law 3: a feature whose check fails is off: what it serves is left out or done in a slower way, said once, and all else
works as ever.
"""

import logging
import os
from collections.abc import Callable, Coroutine, Sequence
from importlib import import_module
from types import SimpleNamespace
from typing import Any, TextIO

from mitmproxy import flow, flowfilter, http, version
from mitmproxy.connection import Client, Server

from cors_addon.proxy.feature import Feature, Lack, must_take, part
from cors_addon.proxy.logs import logger_of

logger = logger_of(__name__)

FEATURES: list[Feature] = []
"""Those that are looked at when mitmproxy starts."""


def _feature(look: Callable[[Any], None]) -> Feature:
    FEATURES.append(Feature(look))
    return FEATURES[-1]


def check(master: Any) -> None:
    """Look at every feature, in this mitmproxy; what is off is logged, in one line."""
    off = [f"{each.fault}. {each.without}" for each in FEATURES if not each.look(master)]
    if off:
        name = getattr(version, "MITMPROXY", "this mitmproxy")
        logger.warning("cors_addon does without some of %s, and judges traffic as ever: %s", name, " ".join(off))


def _addon(master: Any, name: str) -> Any:
    return None if master is None else master.addons.get(name)


def _rehearse(*, late: bool) -> list[str]:
    """The hooks that mitmproxy calls for an event: with `late`, they come to be once it has called others before."""
    called: list[str] = []
    manager, addon = object.__new__(import_module("mitmproxy.addonmanager").AddonManager), SimpleNamespace()
    manager.chain, manager.lookup, manager.master = [addon], {}, None
    if late:
        _finish(manager.handle_lifecycle(http_hooks().HttpResponseHook(_a_flow())))
    addon.response = lambda _flow: called.append("response")
    addon.update = lambda _flows: called.append("update")
    _finish(manager.handle_lifecycle(http_hooks().HttpResponseHook(_a_flow())))
    return called


def _finish(work: Coroutine[Any, Any, object]) -> None:
    """Run a coroutine that waits for nothing."""
    try:
        work.send(None)
    except StopIteration:
        return
    work.close()
    raise Lack("AddonManager.handle_lifecycle waits for something")


@_feature
def late_hooks(_master: Any) -> None:
    """Without it, hooks for policies are called where there is no policy, too."""
    if "response" not in _rehearse(late=True):
        raise Lack("mitmproxy does not call hooks that an addon has only later")


@_feature
def update_hook(_master: Any) -> None:
    """Without it, what other addons edit of an answer is edited after policies, not before."""
    if _rehearse(late=False) != ["response", "update"]:
        raise Lack("mitmproxy does not call `update` after each hook of a flow")


def refresh(master: Any, flows: Sequence[flow.Flow]) -> None:
    """Have the front end show these flows anew."""
    if refreshing.works:
        master.addons.trigger(import_module("mitmproxy.hooks").UpdateHook(flows))


@_feature
def refreshing(master: Any) -> None:
    """Without it, lists show a verdict that was revised only when they are next drawn."""
    hook = part(import_module("mitmproxy.hooks"), "UpdateHook")
    hook([])
    if master is not None:
        must_take(master.addons, "trigger", hook([]))


def script_loader(master: Any) -> Any | None:
    """What loads the scripts of the option `scripts`: `addons` is the list of their managers, in order."""
    return _addon(master, "scriptloader")


def is_manager_of(manager: Any, addon: object) -> bool:
    """Whether this manages the script whose only addon this is."""
    return hasattr(manager, "reloadtask") and getattr(manager.ns, "addons", None) == [addon]


@_feature
def script_place(master: Any) -> None:
    """Without it, mitmproxy asks the script's manager at each event, for some CPU time."""
    script = part(import_module("mitmproxy.addons.script"), "Script", type)
    must_take(script, "done", None)
    loader = script_loader(master)
    if loader is None:
        return
    must_take(loader, "configure", set())
    for manager in part(loader, "addons", list):
        if isinstance(manager, script):
            part(manager, "ns")
            must_take(part(manager, "reloadtask"), "cancel")


def listed(master: Any) -> dict[str, flow.Flow] | None:
    """All flows that mitmproxy keeps, shown or hidden, by id, the newest last; None where it keeps none."""
    view = master.addons.get("view")
    if view is None:
        return None
    if not flow_store.works:
        return {each.id: each for each in master.commands.call("view.flows.resolve", "@all")}
    store: dict[str, flow.Flow] = view._store
    return store


@_feature
def flow_store(master: Any) -> None:
    """Without it, the list of flows is asked for by a command, for some CPU time."""
    view = _addon(master, "view")
    store = {} if view is None else part(view, "_store", dict)
    if any(not isinstance(each, flow.Flow) or each.id != key for key, each in (*store.items(),)[:1]):
        raise Lack("View._store holds something else than flows by id")


def go_to(master: Any, one: flow.Flow) -> bool:
    """Select a flow in the list; False where the list does not show it, or there is no way."""
    view = _addon(master, "view")
    if not flow_focus.works or one not in view:
        return False
    view.focus.flow = one
    return True


@_feature
def flow_focus(master: Any) -> None:
    """Without it, cors.pair names the counterpart, and does not go there."""
    view = _addon(master, "view")
    if view is None:
        return
    focus = type(part(view, "focus"))
    must_take(view, "__contains__", None)
    if part(focus, "flow", property).fset is None:
        raise Lack("Focus.flow cannot be set")


def has_backup(one: flow.Flow) -> bool:
    """Whether revert has something to restore; True where that is not to be touched."""
    return not reverting.works or one._backup is not None


def set_backup(one: flow.Flow, state: dict[str, Any] | None) -> None:
    """Have revert restore this state of the flow."""
    one._backup = state  # type: ignore[assignment]


def _a_flow() -> http.HTTPFlow:
    """A flow that is nobody's."""
    made = http.HTTPFlow(Client(peername=("", 0), sockname=("", 0), timestamp_start=0.0), Server(address=None))
    made.request = http.Request.make("GET", "http://localhost/")
    made.response = http.Response.make(200)
    return made


@_feature
def reverting(_master: Any) -> None:
    """Without it, mitmproxy's revert does not undo what a policy changed."""
    one = _a_flow()
    if part(one, "_backup") is not None:
        raise Lack("Flow._backup is there before it is made")
    one.backup()
    state = part(one, "_backup", dict)
    answer = state.get("response")
    if "metadata" not in state or not isinstance(answer, dict) or not {"headers", "status_code"} <= answer.keys():
        raise Lack("a flow's state has another form")
    answer["status_code"] = 404
    set_backup(one, state)
    one.revert()
    if one.response is None or one.response.status_code != 404 or one._backup is not None:
        raise Lack("revert does not restore Flow._backup")


def forget_content_view(name: str) -> None:
    """Take a content view away; mitmproxy has no public way."""
    if content_views.works:
        import_module("mitmproxy.contentviews").registry._by_name.pop(name.lower(), None)


@_feature
def content_views(_master: Any) -> None:
    """Without it, the content view stays when the addon is taken out."""
    views = part(part(import_module("mitmproxy.contentviews"), "registry"), "_by_name", dict)
    if "raw" not in views:
        raise Lack("ContentviewRegistry._by_name has other keys")


def in_console(master: Any) -> bool:
    """Whether this front end is the console."""
    return _is_console(master) or (command_table.works and "console.view.flow" in master.commands.commands)


def withdraw_command(master: Any, name: str) -> None:
    """Take a command away; mitmproxy has no public way."""
    if command_table.works:
        master.commands.commands.pop(name, None)


@_feature
def command_table(master: Any) -> None:
    """Without it, commands stay when the addon is taken out."""
    if master is not None and not all(isinstance(name, str) for name in part(master.commands, "commands", dict)):
        raise Lack("CommandManager.commands has other keys")


def own_value(options: Any, name: str) -> Any:
    """The value of an option that nobody has set; None where somebody has, or there is no such option."""
    if not option_defaults.works or name not in options or options.has_changed(name):
        return None
    return options.default(name)


@_feature
def option_defaults(master: Any) -> None:
    """Without it, mitmweb shows comments only where web_columns names them."""
    for name in () if master is None else ("has_changed", "default", "__contains__"):
        must_take(master.options, name, "anticache")


def key_map(master: Any) -> Any | None:
    """The console's keys: `add`, `get` and `remove`; None for other front ends."""
    return getattr(master, "keymap", None) if console_keys.works else None


@_feature
def console_keys(master: Any) -> None:
    """Without it, the keys c, t and Y are not bound; the commands are there."""
    if not _is_console(master):
        return
    keys = part(master, "keymap")
    must_take(keys, "add", "c", "cors.explain @focus", ["flowlist"], "what it does")
    must_take(keys, "remove", "c", ["flowlist"])
    must_take(keys, "get", "flowlist", "c")
    known = keys.get("flowlist", "m")
    if known is not None:
        part(known, "command", str)


def _is_console(master: Any) -> bool:
    return type(master).__module__.startswith("mitmproxy.tools.console.")


def has_viewer(master: Any) -> bool:
    """Whether a viewer of our own can be opened in this front end."""
    return hasattr(master, "overlay") and console_viewer.works


def terminal_size(master: Any) -> tuple[int, int]:
    """Columns and rows; of a terminal that does not say, the usual ones."""
    try:
        columns, rows = master.ui.get_cols_rows()
        return int(columns), int(rows)
    except (AttributeError, TypeError, ValueError):
        return 80, 24


def open_over(master: Any, widget: Any) -> None:
    """Open a widget over the console's window."""
    master.overlay(widget, valign="top")


def console_class(module: str, name: str) -> Any:
    """A class that the console's widgets are made of."""
    return getattr(import_module(f"mitmproxy.tools.console.{module}"), name)


@_feature
def console_viewer(master: Any) -> None:
    """Without it, explanations open in mitmproxy's own viewer, without colours."""
    if not _is_console(master):
        return
    must_take(master, "overlay", None, valign="top")
    for module, name in (("layoutwidget", "LayoutWidget"), ("searchable", "Searchable")):
        part(import_module(f"mitmproxy.tools.console.{module}"), name, type)
    for name in ("WidgetWrap", "Text", "Columns", "Pile", "AttrMap", "BoxAdapter"):
        part(import_module("urwid"), name, type)
    must_take(console_class("searchable", "Searchable"), "__init__", None, [])


def mitmdump_output(master: Any) -> Any | None:
    """The stream to which mitmdump prints flows; None for the other front ends."""
    dumper = _addon(master, "dumper") if mitmdump_printing.works else None
    return None if dumper is None else dumper.outfp


def is_dumped(master: Any, one: flow.Flow | None) -> bool:
    """Whether mitmdump's own filter lets this flow be shown; of one that is gone that is not known."""
    chosen = getattr(master.addons.get("dumper"), "filter", None)
    return not callable(chosen) or (one is not None and bool(chosen(one)))


def has_colours(out: TextIO) -> bool:
    """Whether this is a terminal that knows colours."""
    try:
        return bool(import_module("mitmproxy.utils.vt_codes").ensure_supported(out))
    except (ImportError, AttributeError):
        return os.name != "nt" and out.isatty()


@_feature
def mitmdump_printing(master: Any) -> None:
    """Without it, mitmdump prints neither verdicts nor the table at the end."""
    dumper = _addon(master, "dumper")
    if dumper is None:
        return
    must_take(part(dumper, "outfp"), "write", "words")
    chosen = part(dumper, "filter")
    if chosen is not None and not callable(chosen):
        raise Lack("Dumper.filter is no filter")


def filter_shape(match: object) -> tuple[str, Sequence[object]]:
    """The name of a filter's class, and the filters in it (and, or, not); an empty name where that tells nothing."""
    kind = type(match)
    if not filter_reading.works or kind.__module__ != "mitmproxy.flowfilter":
        return "", ()
    if isinstance(match, flowfilter.FAnd | flowfilter.FOr):
        return kind.__name__, match.lst
    return kind.__name__, (match.itm,) if isinstance(match, flowfilter.FNot) else ()


@_feature
def filter_reading(_master: Any) -> None:
    """Without it, the filters of policies are asked for each request, for some CPU time."""
    one = part(flowfilter, "FDomain", type)
    for expression, name, attribute in (("~d a & ~d b", "FAnd", "lst"), ("~d a | ~d b", "FOr", "lst")):
        parsed = flowfilter.parse(expression)
        if type(parsed) is not part(flowfilter, name) or [*map(type, part(parsed, attribute))] != [one, one]:
            raise Lack(f"flowfilter.{name} has another form")
    negated = flowfilter.parse("!~d a")
    if not isinstance(negated, part(flowfilter, "FNot", type)) or type(part(negated, "itm")) is not one:
        raise Lack("flowfilter.FNot has another form")


def http_hooks() -> Any:
    """The module that has the hooks of HTTP flows: `HttpResponseHook` and others."""
    return import_module("mitmproxy.proxy.layers.http")


@_feature
def client_replay(_master: Any) -> None:
    """Without it, cors.probe sends nothing."""
    handler = part(import_module("mitmproxy.addons.clientplayback"), "ReplayHandler", type)
    must_take(handler, "__init__", None, None, None)
    must_take(handler, "replay", None, waits=True)
    must_take(handler, "handle_hook", None, None, waits=True)
    must_take(handler, "log", None, "words", logging.INFO, None)
    layer = http_hooks()
    for name in ("HttpErrorHook", "HttpResponseHeadersHook", "HttpResponseHook"):
        part(layer, name, type)
    part(import_module("mitmproxy.proxy.commands"), "StartHook", type)


def alert_level() -> int:
    """The level of messages that the console shows at once."""
    return int(import_module("mitmproxy.log").ALERT) if alerts.works else logging.INFO


@_feature
def alerts(_master: Any) -> None:
    """Without it, what cors.probe says stands in the event log only."""
    level = part(import_module("mitmproxy.log"), "ALERT", int)
    if not logging.INFO <= level < logging.WARNING:
        raise Lack(f"mitmproxy.log.ALERT is {level}")


@Feature
def mitmweb(_master: Any) -> None:
    """Without it, cors-addon demo does not start."""
    must_take(import_module("mitmproxy.tools.main"), "run", None, None, [])
    must_take(import_module("mitmproxy.tools.cmdline"), "mitmweb", None)
    master = part(import_module("mitmproxy.tools.web.master"), "WebMaster", type)
    must_take(master, "running", None, waits=True)
    part(master, "web_url")
