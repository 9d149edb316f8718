"""Commands as tables: every form is there, says the same, and takes the same; and what a reference has of them."""

import inspect

import pytest

from cors_addon.proxy.addon import GROUPS
from cors_addon.proxy.command_group import Command, CommandGroup
from tests.helpers import proxy

TABLE = [(group, command) for group in GROUPS for command in group.COMMANDS]
DESCRIBED = {each.name: each for group in GROUPS for each in group.described()}


@pytest.mark.parametrize(("group", "command"), TABLE, ids=[command.name for _, command in TABLE])
def test_every_form_takes_the_same(group: type[CommandGroup], command: Command) -> None:
    """Whichever front end it is for; each has a help."""
    forms = [getattr(group, name) for name in command[1:] if name]
    assert all(inspect.getdoc(form) for form in forms)
    taken = [
        [(each.name, each.annotation, each.default) for each in inspect.signature(form).parameters.values()]
        for form in forms
    ]
    assert taken == [taken[0]] * len(forms)


def test_mitmproxy_is_told_all_and_forgets_all() -> None:
    """By name."""
    with proxy() as running:
        known = running.master.commands.commands
        assert {name for name in known if name.startswith("cors.")} == set(DESCRIBED)
        running.addon.done()
        assert not {name for name in known if name.startswith("cors.")}


def test_what_a_reference_says() -> None:
    """Types are named as mitmproxy names them."""
    curl = DESCRIBED["cors.curl"]
    assert curl.usage() == "cors.curl FLOW [SECRETS]"
    assert curl.arguments == (("flow", "flow", False), ("secrets", "bool", True))
    assert curl.help.startswith("Show curl commands that send this flow's preflight")
    assert DESCRIBED["cors.learn"].arguments == (("flows", "flow[]", False), ("path", "path", False))
    assert DESCRIBED["cors.report"].arguments == (("path", "path", True),)
    assert DESCRIBED["cors.policy.mode"].usage() == "cors.policy.mode NAME MODE"
