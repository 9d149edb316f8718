"""The console's keys, in mitmproxy's own keymap."""

import asyncio
from pathlib import Path

import pytest
from mitmproxy import command, options
from mitmproxy.tools.console import defaultkeys
from mitmproxy.tools.console.keymap import Contexts, KeymapConfig
from mitmproxy.tools.console.master import ConsoleMaster

from cors_addon.proxy.addon import CorsAddon
from cors_addon.proxy.keys import CONTEXTS, KEYS, Keys


def console() -> ConsoleMaster:
    """The console without a terminal, to be made in a running loop."""
    return ConsoleMaster(options.Options())


def bound(master: ConsoleMaster, context: str = "flowlist") -> dict[str, str]:
    """Keys of a context, and what they do."""
    return {each.key: each.command for each in master.keymap.list(context)}


def test_free_in_mitmproxys_own() -> None:
    """Of the version at hand; the oldest supported has the same keys."""

    async def look() -> None:
        keymap = console().keymap
        taken = {each.key for context in (*CONTEXTS, "global", "commonkey") for each in keymap.list(context)}
        assert taken.isdisjoint(key for key, _, _ in KEYS)
        assert {"/", "n", "N"}.isdisjoint(key for key, _, _ in KEYS)  # searching in a flow, in no keymap
        assert set(CONTEXTS) <= Contexts

    asyncio.run(look())


def test_bound_and_withdrawn() -> None:
    """In both views, with words for the help; nothing is left behind."""

    async def play() -> None:
        master = console()
        before = {context: bound(master, context) for context in CONTEXTS}
        keys = Keys(master)
        keys.bind()
        for context in CONTEXTS:
            assert bound(master, context) == before[context] | {key: does for key, does, _ in KEYS}
        for _, does, words in KEYS:
            binding = master.keymap.binding_for_help(words)
            assert binding is not None
            assert binding.command == does
        keys.withdraw()
        assert {context: bound(master, context) for context in CONTEXTS} == before
        keys.bind()  # the loop's turn came after `done`
        assert {context: bound(master, context) for context in CONTEXTS} == before

    asyncio.run(play())


def test_the_users_keys_stay(tmp_path: Path) -> None:
    """Whether bound in one of the views, or everywhere, and also where the user took ours later."""
    file = tmp_path / "keys.yaml"
    file.write_text("- {key: c, cmd: view.focus.next, ctx: [flowlist]}\n- {key: t, cmd: console.exit}\n")

    async def play() -> None:
        master = console()
        KeymapConfig(master).load_path(master.keymap, str(file))
        keys = Keys(master)
        keys.bind()
        assert bound(master)["c"] == "view.focus.next"
        assert bound(master, "flowview")["c"] == "cors.explain @focus"
        assert "t" not in bound(master)
        assert bound(master, "global")["t"] == "console.exit"
        master.keymap.add("Y", "view.focus.prev", ["flowview"])
        keys.withdraw()
        assert bound(master)["c"] == "view.focus.next"
        assert bound(master, "flowview")["Y"] == "view.focus.prev"
        assert "Y" not in bound(master)
        assert "c" not in bound(master, "flowview")

    asyncio.run(play())


def test_after_the_users_own(tmp_path: Path) -> None:
    """The console reads keys.yaml in the same event as we start in: ours come after it. And they go with the addon."""
    (tmp_path / "keys.yaml").write_text("- {key: c, cmd: view.focus.next, ctx: [flowlist]}\n")

    async def play() -> None:
        master = console()
        master.options.update(confdir=str(tmp_path))
        addon = CorsAddon()
        master.addons.get("scriptloader").addons.append(addon)  # where mitmproxy puts scripts: before the keys' file
        master.addons.register(addon)
        addon.running()
        master.addons.get("keymapconfig").running()
        await asyncio.sleep(0)
        assert bound(master)["c"] == "view.focus.next"
        assert bound(master, "flowview")["c"] == "cors.explain @focus"
        addon.done()
        assert "Y" not in bound(master)
        assert bound(master)["c"] == "view.focus.next"

    asyncio.run(play())


@pytest.mark.parametrize("does", [does for _, does, _ in KEYS])
def test_each_runs_a_command_of_ours(does: str) -> None:
    async def look() -> None:
        master = console()
        master.addons.add(CorsAddon())
        name = does.split()[0]
        assert isinstance(master.commands.commands[name], command.Command)

    asyncio.run(look())


def test_front_ends_without_keys() -> None:
    class Master:
        pass

    keys = Keys(Master())  # type: ignore[arg-type]
    keys.bind()
    keys.withdraw()


def test_defaults_are_a_map() -> None:
    """What the first test rests on: mitmproxy's own keys are there before any addon."""

    async def look() -> None:
        assert bound(console())["m"] == "flow.mark.toggle @focus"
        assert callable(defaultkeys.map)

    asyncio.run(look())
