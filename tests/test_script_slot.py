"""The script in the loader's place: mitmproxy's own loader reads it, reads it again, and takes it out."""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mitmproxy import exceptions, hooks
from mitmproxy.addons import script as mitmproxy_script
from mitmproxy.addons.script import ScriptLoader
from mitmproxy.proxy.layers.http._hooks import HttpResponseHook
from mitmproxy.test import taddons, tflow

from cors_addon.proxy.script_slot import ScriptSlot
from tests import waits

ENTRY = Path(__file__).parents[1] / "cors_addon" / "__init__.py"

SCRIPT = """\
from mitmproxy import ctx, exceptions
from cors_addon.proxy.script_slot import ScriptSlot

class Addon:
    name = "script"

    def __init__(self):
        self.calls = []
        self.hooks = None
        self.place = ScriptSlot(self, ["configure", "running", "response", "done"], self.move)

    def move(self, namespace):
        self.hooks = namespace

    def configure(self, updated):
        if "cert_passphrase" in updated and ctx.options.cert_passphrase == "refused":
            raise exceptions.OptionsError("not so")
        self.calls.append("configure")

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
OTHER = """\
name = "other"
calls = []

def configure(updated):
    calls.append("configure")

def running():
    calls.append("running")

def response(flow):
    calls.append("response")
"""


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


def stands(loaded: Loaded, addon: Any) -> bool:
    """Whether the loader bears the hooks of this addon, all of them, and its list has nothing of it."""
    own = vars(loaded.loader)
    assert ("response" in own) == ("done" in own) == ("configure" in own)
    return bool(own.get("response") == addon.response and addon.hooks is own)


def untouched(loaded: Loaded) -> bool:
    """Whether the loader is as mitmproxy made it."""
    return vars(loaded.loader).keys() == vars(ScriptLoader()).keys()


def test_it_stands_in_the_loaders_place(files: tuple[Path, Path]) -> None:
    """Called once for each event, before the script that follows, which is as it was."""

    async def check() -> None:
        ours, other = files
        async with running(ours, other) as loaded:
            (follows,) = loaded.loader.addons
            assert follows.path == str(other)
            addon = loaded.lookup["script"]
            assert stands(loaded, addon)
            await loaded.respond()
            loaded.context.options.update(showhost=True)
            assert addon.calls == ["configure", "running", "response", "configure"]
            assert loaded.lookup["other"].calls == ["configure", "running", "response", "configure"]
        assert addon.calls[-1] == "done"
        assert addon.calls.count("done") == 1
        assert addon.hooks is vars(addon)
        assert untouched(loaded)

    asyncio.run(check())


def test_after_another_script_it_stays(files: tuple[Path, Path]) -> None:
    """The order is the user's; where the user changes it, the place is taken, or given back."""

    async def check() -> None:
        ours, other = files
        async with running(other, ours) as loaded:
            addon = loaded.lookup["script"]
            assert untouched(loaded)
            assert [each.path for each in loaded.loader.addons] == [str(other), str(ours)]
            loaded.set(ours, other)
            assert untouched(loaded)  # it was not told: it stays where it is, and is called as ever
            await loaded.respond()
            assert addon.calls.count("response") == 1
        async with running(ours, other) as loaded:
            addon = loaded.lookup["script"]
            assert stands(loaded, addon)
            loaded.set(other, ours)
            assert untouched(loaded)
            assert [each.path for each in loaded.loader.addons] == [str(other), str(ours)]
            await loaded.respond()
            assert addon.calls == ["configure", "running", "configure", "response"]

    asyncio.run(check())


def test_of_two_copies_one_takes_the_place(files: tuple[Path, Path]) -> None:
    """The other stays with its manager."""

    async def check() -> None:
        ours, other = files
        other.write_text(SCRIPT.replace('"script"', '"other"'))
        async with running(ours, other) as loaded:
            first, second = loaded.lookup["script"], loaded.lookup["other"]
            assert stands(loaded, first)
            assert [each.path for each in loaded.loader.addons] == [str(other)]
            await loaded.respond()
            assert first.calls.count("response") == second.calls.count("response") == 1
        assert first.calls.count("done") == second.calls.count("done") == 1
        assert untouched(loaded)

    asyncio.run(check())


def test_a_fault_in_an_option_is_told(files: tuple[Path, Path]) -> None:
    """What the loader refuses is refused as ever, and what the addon does, too."""

    async def check() -> None:
        ours, _ = files
        async with running(ours) as loaded:
            addon = loaded.lookup["script"]
            with pytest.raises(exceptions.OptionsError, match="Duplicate script"):
                loaded.set(ours, ours)
            assert stands(loaded, addon)
            with pytest.raises(exceptions.OptionsError, match="not so"):
                loaded.context.options.update(cert_passphrase="refused")
            await loaded.respond()
            assert addon.calls.count("response") == 1

    asyncio.run(check())


def test_it_is_read_again(files: tuple[Path, Path], caplog: pytest.LogCaptureFixture) -> None:
    """Where the file changes, twice, once with a fault in it."""

    async def check() -> None:
        path = files[0]
        async with running(path) as loaded:
            first = loaded.lookup["script"]
            for number, source in enumerate((SCRIPT, "raise ValueError('a fault')\n", SCRIPT)):
                await change(loaded, path, source, 10 * (number + 1))
                await until(lambda: not loaded.loader.addons or "a fault" in caplog.text)
                await loaded.respond()
            await until(lambda: not loaded.loader.addons)
            again = loaded.lookup["script"]
            assert stands(loaded, again)
            await loaded.respond()
            assert again.calls[:2] == ["configure", "running"]
            assert again.calls.count("response") >= 1
            assert first.calls == ["configure", "running", "done"]
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
            assert stands(loaded, script)
            loaded.set(other)
            assert [each.path for each in loaded.loader.addons] == [str(other)]
            assert script.calls == ["configure", "running", "configure", "done"]
            assert {"script", str(ours), f"scriptmanager:{ours}"}.isdisjoint(loaded.lookup)
            await loaded.respond()
            assert script.calls[-1] == "done"
            loaded.set(ours, other)
            await until(lambda: "script" in loaded.lookup and stands(loaded, loaded.lookup["script"]))
            again = loaded.lookup["script"]
            await loaded.respond()
            assert again.calls == ["configure", "running", "response"]
            ours.unlink()
            await until(lambda: "script" not in loaded.lookup)
            assert again.calls[-1] == "done"
            assert [each.path for each in loaded.loader.addons] == [str(other)]
            assert untouched(loaded)

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
            assert loaded.loader.addons == []
            assert {"response", "error", "done", "configure"} < vars(loaded.loader).keys()
            loaded.set()
            assert loaded.loader.addons == []
            assert untouched(loaded)
            assert [name for name in loaded.lookup if "cors" in name] == []

    asyncio.run(check())
