"""mitmproxy without each part that is private or undocumented: that is said once, and all else works."""

import ast
import asyncio
import io
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from mitmproxy import flow as mitmproxy_flow
from mitmproxy import flowfilter, hooks, http, options
from mitmproxy.addonmanager import AddonManager, traverse
from mitmproxy.addons.dumper import Dumper
from mitmproxy.addons.script import Script, ScriptLoader
from mitmproxy.addons.view import View
from mitmproxy.command import CommandManager
from mitmproxy.contentviews import registry
from mitmproxy.optmanager import OptManager
from mitmproxy.proxy.layers.http._hooks import HttpRequestHook, HttpResponseHeadersHook, HttpResponseHook
from mitmproxy.test import taddons
from mitmproxy.tools.console.keymap import Keymap
from mitmproxy.tools.console.master import ConsoleMaster

from cors_addon import cli
from cors_addon.proxy import internals
from cors_addon.proxy.addon import CorsAddon
from cors_addon.proxy.feature import Feature
from tests.helpers import ALLOW, ALLOW_PUT, COLUMNS, PAGE, actual, preflight, response
from tests.ports import free_ports
from tests.test_check import write

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "cors_addon"
ENTRY = PACKAGE / "__init__.py"
SCRIPT = "from cors_addon.proxy.addon import ScriptAddon\naddons = [ScriptAddon(__file__)]\n"

type Break = Callable[[pytest.MonkeyPatch], None]

ABSENT = object()


# ── a mitmproxy that lacks something, for us alone ────────────────────────────────────────────────────────────────────


def attribute(owner: type, name: str, instead: Any = ABSENT) -> Break:
    """An attribute of a class's objects is absent, or another, when this addon asks; mitmproxy itself has it."""

    def change(patch: pytest.MonkeyPatch) -> None:
        found: Any = owner.__getattribute__

        def get(self: object, wanted: str) -> Any:
            if wanted == name and sys._getframe(1).f_globals["__name__"].startswith("cors_addon."):
                if instead is ABSENT:
                    raise AttributeError(wanted)
                return instead
            return found(self, wanted)

        patch.setattr(owner, "__getattribute__", get, raising=False)

    return change


def member(module: str, name: str, instead: Any = ABSENT) -> Break:
    """A member of a module is absent, or another, for whoever imports the module from now on."""

    def change(patch: pytest.MonkeyPatch) -> None:
        fake = ModuleType(module)
        vars(fake).update(vars(import_module(module)))
        if instead is ABSENT:
            del vars(fake)[name]
        else:
            setattr(fake, name, instead)
        patch.setitem(sys.modules, module, fake)
        if module == "mitmproxy.flowfilter":
            patch.setattr(internals, "flowfilter", fake)

    return change


def replaced(owner: type, name: str, instead: Any) -> Break:
    """mitmproxy itself does otherwise."""
    return lambda patch: patch.setattr(owner, name, instead)


async def _no_update(self: AddonManager, event: hooks.Hook) -> None:
    await self.trigger_event(event)


_FIRST_SEEN: dict[int, tuple[object, frozenset[str]]] = {}
_ITER_HOOKS = AddonManager._iter_hooks


def _remembered(self: AddonManager, addon: object, event: hooks.Hook) -> Iterator[Any]:
    """Hooks as they were when mitmproxy first called the addon."""
    for each in traverse([addon]):
        names = frozenset(name for name in hooks.all_hooks if hasattr(each, name))
        _FIRST_SEEN.setdefault(id(each), (each, names))
    for each, function in _ITER_HOOKS(self, addon, event):
        if event.name in _FIRST_SEEN[id(each)][1]:
            yield each, function


class OfAnotherShape:
    """Neither what is expected, nor a function."""


OTHER = OfAnotherShape()


def no_filter_parts(patch: pytest.MonkeyPatch) -> None:
    """Combined filters name their parts otherwise."""
    for kind in (flowfilter.FAnd, flowfilter.FOr):
        attribute(kind, "lst")(patch)


@dataclass(frozen=True)
class Case:
    """One feature, in a mitmproxy that lacks what it needs."""

    feature: Feature
    how: str
    change: Break
    also: tuple[Feature, ...] = ()
    """Others that rest on the same."""

    def __str__(self) -> str:
        return f"{self.feature.name}-{self.how}".replace(" ", "-")


def cases(
    feature: Feature, make: Callable[..., Break], owner: Any, name: str, *shapes: Any, also: Sequence[Feature] = ()
) -> list[Case]:
    """Without this part, and with it in other shapes."""
    named = f"{getattr(owner, '__name__', owner)}.{name}"
    return [
        Case(feature, f"without {named}", make(owner, name), tuple(also)),
        *(
            Case(feature, f"another {named} {n}", make(owner, name, shape), tuple(also))
            for n, shape in enumerate(shapes)
        ),
    ]


async def waits(*_given: object) -> None:
    """A function that has become a coroutine function."""


def takes_nothing() -> None:
    """A function that has lost its parameters."""


BOTH_OF_HOOKS = (internals.late_hooks, internals.update_hook)
SCRIPT_CASES = [
    Case(internals.late_hooks, "hooks are looked for once", replaced(AddonManager, "_iter_hooks", _remembered)),
    *cases(internals.late_hooks, attribute, AddonManager, "handle_lifecycle", OTHER, also=BOTH_OF_HOOKS),
    Case(internals.update_hook, "no update follows", replaced(AddonManager, "handle_lifecycle", _no_update)),
    *cases(internals.refreshing, member, "mitmproxy.hooks", "UpdateHook", OTHER),
    *cases(internals.refreshing, attribute, AddonManager, "trigger", OTHER, waits, takes_nothing),
    *cases(internals.script_place, attribute, ScriptLoader, "addons", OTHER),
    *cases(internals.script_place, attribute, Script, "reloadtask", OTHER),
    *cases(internals.script_place, attribute, Script, "ns"),
    *cases(internals.script_place, attribute, ScriptLoader, "configure", OTHER, takes_nothing),
    *cases(internals.script_place, member, "mitmproxy.addons.script", "Script", OTHER),
    *cases(internals.flow_store, attribute, View, "_store", OTHER, [], {"id": OTHER}),
    *cases(internals.flow_focus, attribute, View, "focus", OTHER),
    *cases(internals.reverting, attribute, mitmproxy_flow.Flow, "_backup", OTHER),
    *cases(internals.content_views, member, "mitmproxy.contentviews", "registry", OTHER),
    *cases(internals.content_views, attribute, type(registry), "_by_name", OTHER, {}),
    *cases(internals.command_table, attribute, CommandManager, "commands", OTHER, {1: OTHER}),
    *cases(internals.option_defaults, attribute, OptManager, "has_changed", OTHER, takes_nothing),
    *cases(internals.option_defaults, attribute, OptManager, "default", OTHER, waits),
    *cases(internals.mitmdump_printing, attribute, Dumper, "outfp", OTHER),
    *cases(internals.mitmdump_printing, attribute, Dumper, "filter", OTHER),
    *cases(internals.filter_reading, member, "mitmproxy.flowfilter", "FNot", OTHER),
    *cases(internals.filter_reading, member, "mitmproxy.flowfilter", "FDomain", OTHER),
    Case(internals.filter_reading, "other parts", no_filter_parts),
    *cases(internals.client_replay, member, "mitmproxy.addons.clientplayback", "ReplayHandler", OTHER, Dumper),
    *cases(internals.alerts, member, "mitmproxy.log", "ALERT", "alert", logging.ERROR),
]
CONSOLE_CASES = [
    *cases(internals.console_keys, attribute, ConsoleMaster, "keymap", OTHER),
    *cases(internals.console_keys, attribute, Keymap, "add", OTHER, takes_nothing),
    *cases(internals.console_keys, attribute, Keymap, "get", OTHER, waits),
    *cases(internals.console_keys, attribute, Keymap, "remove", OTHER, takes_nothing),
    *cases(internals.console_viewer, attribute, ConsoleMaster, "overlay", OTHER, takes_nothing),
    *cases(internals.console_viewer, member, "mitmproxy.tools.console.layoutwidget", "LayoutWidget", OTHER),
    *cases(internals.console_viewer, member, "mitmproxy.tools.console.searchable", "Searchable", OTHER),
    *cases(internals.console_viewer, member, "urwid", "BoxAdapter", OTHER),
]


def test_every_feature_has_cases() -> None:
    """Without a part, and with a part of another shape."""
    assert {case.feature for case in (*SCRIPT_CASES, *CONSOLE_CASES)} == set(internals.FEATURES)


@pytest.fixture(autouse=True)
def _as_it_is_again() -> Iterator[None]:
    """Features are looked at again when the next mitmproxy starts; some tests start none."""
    yield
    _FIRST_SEEN.clear()
    for feature in internals.FEATURES:
        feature._fault = None


def off() -> set[Feature]:
    """Features that this mitmproxy lacks."""
    return {feature for feature in internals.FEATURES if not feature.works}


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What is logged of features, and of faults of our own."""
    return [message for message in caplog.messages if "cors_addon does without" in message or "failed" in message]


# ── real hooks and traffic ────────────────────────────────────────────────────────────────────────────────────────────


class Mitmproxy:
    """mitmproxy's surroundings, where the addon is a script, and where flows are listed and printed."""

    def __init__(self, context: taddons.context, loader: ScriptLoader) -> None:
        self.context, self.loader = context, loader
        self.addons: AddonManager = context.master.addons

    def call(self, name: str, *arguments: Any) -> Any:
        """Run a command."""
        return self.context.master.commands.call(name, *arguments)

    async def live(self, one: http.HTTPFlow) -> http.HTTPFlow:
        """An exchange of a browser passes."""
        server, one.response = one.response, None
        self.addons.get("view").add([one])
        await self.addons.handle_lifecycle(HttpRequestHook(one))
        one.response = one.response or server
        await self.addons.handle_lifecycle(HttpResponseHeadersHook(one))
        await self.addons.handle_lifecycle(HttpResponseHook(one))
        return one


@contextmanager
def taken_apart() -> Iterator[tuple[taddons.context, ScriptLoader]]:
    """mitmproxy's surroundings without a network; hooks that are there at the end run."""
    loader = ScriptLoader()
    with taddons.context(loader, View(), Dumper(io.StringIO())) as context:
        context.options.add_option("web_columns", COLUMNS, ["path"], "")
        yield context, loader
        context.master.addons.trigger(hooks.DoneHook())


async def use(tmp_path: Path, check: Callable[[Mitmproxy], Any]) -> None:
    """Start with the script, and do this."""
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    with taken_apart() as (context, loader):
        context.options.update(scripts=[str(path)])
        async with asyncio.timeout(20):
            while context.master.addons.get(str(path)) is None:
                await asyncio.sleep(0)
        context.master.addons.trigger(hooks.RunningHook())
        await asyncio.sleep(0)
        await check(Mitmproxy(context, loader))
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()


async def check_traffic(running: Mitmproxy) -> None:
    """Verdicts, comments, revisions, rewriting, and commands."""
    asked = await running.live(preflight(ALLOW_PUT))
    sent = await running.live(actual(ALLOW, method="PUT", at=0.1))
    denied = await running.live(actual(at=1))
    assert [each.metadata["cors.verdict"] for each in (asked, sent, denied)] == ["allow", "allow", "deny"]
    assert asked.metadata["cors.pair"] == sent.id
    assert [each.comment[:1] for each in (asked, sent, denied)] == ["✓", "✓", "✗"]
    assert "allow-origin-missing" in running.call("cors.explain", denied)
    assert running.call("cors.pair", asked).startswith("PUT ")
    assert running.call("cors.allow", [denied]).startswith("All is allowed for https://app.example.test")
    for _ in range(2):  # what is known of a filter, and of hooks, is known the second time
        again = await running.live(actual(at=2))
        assert again.metadata["cors.verdict"] == "allow"
        assert response(again).headers["Access-Control-Allow-Origin"] == PAGE
        assert again.metadata["cors.server_verdict"] == "deny"
        answered = await running.live(preflight(method="PATCH", at=3))
        assert response(answered).headers["Access-Control-Allow-Methods"] == "PATCH"
    assert running.call("cors.rules.clear").startswith("1 rule removed.")
    assert (await running.live(actual(at=4))).metadata["cors.verdict"] == "deny"


@pytest.mark.parametrize("case", SCRIPT_CASES, ids=str)
def test_a_mitmproxy_without_it(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What is off is said in one line, and traffic is judged and rewritten as ever."""
    case.change(monkeypatch)
    asyncio.run(use(tmp_path, check_traffic))
    assert off() == {case.feature, *case.also}
    [line] = said(caplog)
    assert case.feature.without in line
    assert case.feature.fault in line


def test_a_mitmproxy_that_has_all(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is off or said; the script stands in the loader's place, and revert knows what was there."""

    async def check(running: Mitmproxy) -> None:
        await check_traffic(running)
        assert running.loader.addons == []
        running.call("cors.allow", [actual()])
        one = await running.live(actual())
        one.revert()
        assert "Access-Control-Allow-Origin" not in response(one).headers
        running.call("cors.rules.clear")

    asyncio.run(use(tmp_path, check))
    assert off() == set()
    assert said(caplog) == []


@pytest.mark.parametrize("case", CONSOLE_CASES, ids=str)
def test_a_console_without_it(case: Case, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Keys and viewer are niceties: without them, traffic is judged and explained all the same."""

    async def play() -> None:
        case.change(monkeypatch)
        master = ConsoleMaster(options.Options())
        addon = CorsAddon()
        master.addons.add(addon)
        addon.running()
        await asyncio.sleep(0)
        one = actual()
        await master.addons.handle_lifecycle(HttpResponseHook(one))
        assert one.comment.startswith("✗")
        if case.feature is internals.console_viewer:  # mitmproxy's own viewer shows the lines
            assert "allow-origin-missing" in "\n".join(master.commands.call("cors.explain", one))
        addon.done()

    asyncio.run(play())
    assert off() == {case.feature}
    [line] = said(caplog)
    assert case.feature.without in line


@pytest.mark.parametrize(
    "change", [member("mitmproxy.tools.main", "run"), member("mitmproxy.tools.web.master", "WebMaster", OTHER)]
)
def test_the_demo_without_mitmweb(
    change: Break, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says why it does not start."""
    change(monkeypatch)
    internals.mitmweb.look(None)
    assert cli.main(["demo", "--port", str(free_ports())]) == 2
    told = capsys.readouterr().err
    internals.mitmweb._fault = None
    assert "does not suit this mitmproxy: mitmproxy.tools." in told


# ── the real mitmdump, without anything ───────────────────────────────────────────────────────────────────────────────

WITHOUT_ANYTHING = """\
import sys
import pytest
from mitmproxy.tools.main import mitmdump
from tests.test_internals import SCRIPT_CASES
patch = pytest.MonkeyPatch()
for case in {case.feature: case for case in reversed(SCRIPT_CASES)}.values():
    case.change(patch)
mitmdump()
"""
AS_IT_IS = "from mitmproxy.tools.main import mitmdump; mitmdump()"


def test_mitmdump_without_anything(tmp_path: Path) -> None:
    """All that is off is said once, and the JSON lines are those of the mitmproxy that we know."""
    dump = write(tmp_path / "flows.mitm", preflight(ALLOW_PUT), actual(ALLOW, method="PUT", at=0.1), actual(at=1))
    told, lines = [], []
    for name, program in (("it", AS_IT_IS), ("other", WITHOUT_ANYTHING)):
        out = tmp_path / f"{name}.jsonl"
        command = [sys.executable, "-c", program, "-n", "-r", str(dump), "-s", str(ENTRY)]
        command += ["--set", f"cors_jsonl={out}", "--set", f"confdir={tmp_path}"]
        environment = {"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(tmp_path)}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        told.append(done.stdout + done.stderr)
        lines.append(out.read_text())
    assert lines[0] == lines[1]
    assert "does without" not in told[0]
    assert told[1].count("cors_addon does without some of mitmproxy") == 1
    assert "failed" not in told[1]


# ── nothing outside the module ────────────────────────────────────────────────────────────────────────────────────────

DOCUMENTED = {
    *("mitmproxy", "mitmproxy.addonmanager", "mitmproxy.connection", "mitmproxy.contentviews", "mitmproxy.flow"),
    *("mitmproxy.http", "mitmproxy.master", "mitmproxy.options", "mitmproxy.proxy.server_hooks", "mitmproxy.tls"),
    *("mitmproxy.types",),
}
"""Modules that an addon may import: their reference is on mitmproxy's site, or they are named there."""
BEHIND_A_CHECK = {"proxy/asking.py": internals.client_replay, "demo/run.py": internals.mitmweb}
"""Files that subclass what is not documented, and are imported once the feature was looked at."""
FILES = [path for part in ("proxy", "demo") for path in sorted((PACKAGE / part).glob("*.py"))]
FILES += [ENTRY, PACKAGE / "start.py", PACKAGE / "pytest_plugin.py"]


def foreign(path: Path) -> Iterator[str]:
    """What a file uses of mitmproxy that is private or undocumented."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        yield from (name for name in names if name.partition(".")[0] == "mitmproxy" and name not in DOCUMENTED)
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
            of = ast.unparse(node.value)
            if of not in ("self", "cls", "argparse", "addon") and node.attr not in ("_value_", "_replace"):
                yield f"{of}.{node.attr}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_private_is_named_outside(path: Path) -> None:
    """Private attributes, and modules that are not documented; `self._x` and the addon's own are ours."""
    name = str(path.relative_to(PACKAGE))
    if name != "proxy/internals.py" and name not in BEHIND_A_CHECK:
        assert list(foreign(path)) == []
