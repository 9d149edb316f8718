"""The command ``cors-addon``: what needs no proxy."""

from cors_addon.cli.main import main, parser

__all__ = ["main", "parser"]
