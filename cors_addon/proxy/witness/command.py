"""The command `cors.witness`."""

from collections.abc import Callable
from typing import ClassVar

from mitmproxy import ctx, exceptions
from mitmproxy.master import Master

from cors_addon.proxy.command_group import Command, CommandGroup


class WitnessCommand(CommandGroup):
    """Puts the witness into pages from now on, or no more."""

    COMMANDS: ClassVar = (Command("cors.witness", "witness"),)

    def __init__(self, master: Master, summary: Callable[[], str]) -> None:
        """`summary` says what was observed so far, in a line."""
        super().__init__(master)
        self._summary = summary

    def witness(self, state: str = "") -> str:
        """Put the witness into documents and workers that pass from now on (on), or no more (off); tell what it saw."""
        if state not in ("", "on", "off"):
            raise exceptions.CommandError(f"cors.witness: on or off, not {state!r}.")
        if state:
            ctx.options.update(cors_witness="true" if state == "on" else "")
        on = bool(ctx.options.cors_witness)
        how = "The witness is on: reload the page." if state == "on" else f"The witness is {'on' if on else 'off'}."
        return f"{how} {self._summary()}" if on or not state else how
