"""The script in its manager's place: mitmproxy's own loader reads it, reads it again, and takes it out."""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mitmproxy import hooks
from mitmproxy.addons import script as mitmproxy_script
from mitmproxy.addons.script import Script, ScriptLoader
from mitmproxy.proxy.layers.http._hooks import HttpResponseHook
from mitmproxy.test import taddons, tflow

from cors_addon.proxy.script_slot import ScriptSlot
from tests import waits

ENTRY = Path(__file__).parents[1] / "cors_addon" / "__init__.py"

SCRIPT = """\
from cors_addon.proxy.script_slot import ScriptSlot

class Addon:
    name = "script"

    def __init__(self):
        self.calls = []
        self.hooks = None
        self.place = ScriptSlot(self, ["running", "response", "done"], self.move)

    def move(self, namespace):
        self.hooks = namespace

    def running(self):
        self.calls.append("running")
        self.place.take()

    def response(self, flow):
        self.calls.append("response")

    def done(self):
        self.calls.append("done")
        self.place.leave()

addons = [Addon()]
"""
OTHER = "name = 'other'\ncalls = []\ndef response(flow):\n    calls.append('response')\n"


class Loaded:
    """A mitmproxy that runs, with scripts."""

    def __init__(self, context: taddons.context, loader: ScriptLoader) -> None:
        self.context, self.loader = context, loader

    @property
    def lookup(self) -> dict[str, Any]:
        """Every addon that mitmproxy knows, by name."""
        return self.context.master.addons.lookup

    def set(self, *scripts: Path) -> None:
        """As a user would."""
        self.context.options.update(scripts=[str(path) for path in scripts])

    async def respond(self) -> None:
        """An exchange passes."""
        await self.context.master.addons.handle_lifecycle(HttpResponseHook(tflow.tflow(resp=True)))


async def until(condition: Callable[[], object]) -> None:
    """Wait for it."""
    await waits.until(condition)


@asynccontextmanager
async def running(*scripts: Path) -> AsyncIterator[Loaded]:
    """Start with these scripts; at the end no watcher is left."""
    loader = ScriptLoader()
    with taddons.context(loader) as context:
        loaded = Loaded(context, loader)
        loaded.set(*scripts)
        await until(lambda: all(script.ns for script in loader.addons))
        managers = list(loader.addons)
        context.master.addons.trigger(hooks.RunningHook())
        yield loaded
        context.master.addons.trigger(hooks.DoneHook())
        await asyncio.sleep(0)
        assert all(manager.reloadtask.done() for manager in managers)


async def change(loaded: Loaded, path: Path, source: str, seconds: int) -> None:
    """Save another script, so much later, and wait until it is read."""
    before = loaded.lookup.get("script")
    path.write_text(source)
    os.utime(path, (time.time() + seconds,) * 2)
    await until(lambda: loaded.lookup.get("script") is not before)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """The script, and another."""
    found = tmp_path / "script.py", tmp_path / "other.py"
    for path, source in zip(found, (SCRIPT, OTHER), strict=True):
        path.write_text(source)
    return found


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mitmproxy_script, "ReloadInterval", 0.01)


def test_it_stands_in_its_managers_place(files: tuple[Path, Path]) -> None:
    """In the same order, called once for each event; the other script is as it was."""

    async def check() -> None:
        ours, other = files
        async with running(other, ours) as loaded:
            manager, script = loaded.loader.addons
            assert isinstance(manager, Script)
            addon = loaded.lookup["script"]
            assert script.response == addon.response
            assert addon.hooks is vars(script)
            await loaded.respond()
            assert addon.calls == ["running", "response"]
            assert loaded.lookup["other"].calls == ["response"]
        assert addon.calls == ["running", "response", "done"]
        assert addon.hooks is vars(addon)

    asyncio.run(check())


def test_it_is_read_again(files: tuple[Path, Path], caplog: pytest.LogCaptureFixture) -> None:
    """Where the file changes, twice, once with a fault in it."""

    async def check() -> None:
        path = files[0]
        async with running(path) as loaded:
            first = loaded.lookup["script"]
            for number, source in enumerate((SCRIPT, "raise ValueError('a fault')\n", SCRIPT)):
                await change(loaded, path, source, 10 * (number + 1))
                await until(lambda: not isinstance(loaded.loader.addons[0], Script) or "a fault" in caplog.text)
                await loaded.respond()
            await until(lambda: not isinstance(loaded.loader.addons[0], Script))
            again = loaded.lookup["script"]
            assert loaded.loader.addons[0].response == again.response
            await loaded.respond()
            assert again.calls[0] == "running"
            assert again.calls.count("response") >= 1
            assert first.calls == ["running", "done"]
        assert again.calls[-1] == "done"

    asyncio.run(check())
    assert caplog.text.count("Traceback") == 1


def test_it_is_taken_out_and_put_back(files: tuple[Path, Path], caplog: pytest.LogCaptureFixture) -> None:
    """By the option, while others come and go; by its file's end."""

    async def check() -> None:
        ours, other = files
        async with running(ours) as loaded:
            script = loaded.lookup["script"]
            loaded.set(ours, other)
            await until(lambda: "other" in loaded.lookup)
            assert loaded.loader.addons[0].response == script.response
            loaded.set(other)
            assert [each.path for each in loaded.loader.addons] == [str(other)]
            assert script.calls == ["running", "done"]
            assert {"script", str(ours), f"scriptmanager:{ours}"}.isdisjoint(loaded.lookup)
            await loaded.respond()
            assert script.calls == ["running", "done"]
            loaded.set(other, ours)
            await until(lambda: not isinstance(loaded.loader.addons[1], Script))
            again = loaded.lookup["script"]
            await loaded.respond()
            assert again.calls == ["running", "response"]
            ours.unlink()
            await until(lambda: "script" not in loaded.lookup)
            assert again.calls[-1] == "done"
            assert [each.path for each in loaded.loader.addons] == [str(other)]

    asyncio.run(check())
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING], caplog.text


def test_without_a_manager_it_stays(files: tuple[Path, Path]) -> None:
    """Loaded in another way than by `-s`, there is no place to take."""

    async def check() -> None:
        async with running(files[1]) as loaded:
            before = list(loaded.loader.addons)
            place = ScriptSlot(object(), [], lambda _: None)
            place.take()
            place.leave()
            assert loaded.loader.addons == before
        with taddons.context():
            place.take()
            place.leave()

    asyncio.run(check())


def test_the_addons_own_script_does_so() -> None:
    """The file that `-s` names."""

    async def check() -> None:
        async with running(ENTRY) as loaded:
            (script,) = loaded.loader.addons
            assert type(script).__name__ == "_Stand"
            assert script.path == str(ENTRY)
            loaded.set()
            assert loaded.loader.addons == []
            assert [name for name in loaded.lookup if "cors" in name] == []

    asyncio.run(check())
