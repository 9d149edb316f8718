"""`cors-addon completion bash|zsh|fish`: what a shell needs to complete the command, made from its parser."""

import argparse
import shlex
import sys
from collections.abc import Iterator
from typing import NamedTuple

from cors_addon.cli.parser import sub_parsers
from cors_addon.policy.export import TARGETS
from cors_addon.reasons.findings import FINDINGS
from cors_addon.reasons.registry import REGISTRY
from cors_addon.report.terminal import put

SHELLS = ("bash", "zsh", "fish")


class Words(NamedTuple):
    """What may follow some words of the command line."""

    path: str
    """Sub-commands, as in `policy export`; empty for the command itself."""
    after: str
    """The option whose value is wanted; empty where any argument is."""
    words: tuple[str, ...]


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the sub-command."""
    parser = commands.add_parser(
        "completion",
        help="write what a shell needs to complete this command",
        description='Write what a shell needs to complete cors-addon: eval "$(cors-addon completion bash)", the same '
        "with zsh, or cors-addon completion fish | source.",
    )
    parser.add_argument("shell", choices=SHELLS)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """`completion`, of the whole command line."""
    from cors_addon.cli.main import parser

    put(sys.stdout, script(options.shell, parser()))
    return 0


def words_of(parser: argparse.ArgumentParser, path: tuple[str, ...] = ()) -> Iterator[Words]:
    """All that may follow, of a parser and its sub-commands."""
    subs = sub_parsers(parser)
    named = tuple(option for option in parser._option_string_actions if option.startswith("--"))
    known = (*REGISTRY, *FINDINGS) if path == ("explain",) else ()
    yield Words(" ".join(path), "", (*subs, *map(str, known), *named))
    for action in parser._actions:
        choices = tuple(TARGETS) if action.dest == "to" else tuple(map(str, action.choices or ()))
        if choices and action.option_strings:
            yield Words(" ".join(path), action.option_strings[-1], choices)
        elif choices and not subs:
            yield Words(" ".join(path), "", (*choices, *named))
    for name, each in subs.items():
        yield from words_of(each, (*path, name))


def script(shell: str, parser: argparse.ArgumentParser) -> str:
    """The text for a shell."""
    found = {(each.path, each.after): each.words for each in words_of(parser)}
    return _fish(found) if shell == "fish" else _bash(found, zsh=shell == "zsh")


def _bash(found: dict[tuple[str, str], tuple[str, ...]], *, zsh: bool) -> str:
    """For zsh by its own emulation of bash's completion."""
    lines = ["autoload -Uz +X compinit bashcompinit && compinit && bashcompinit"] if zsh else []
    lines += [
        "_cors_addon() {",
        '  local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" at="" each words=""',
        '  for each in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
        '    case "$at $each" in',
    ]
    paths = sorted({path for path, _ in found if path})
    lines += [
        f"      {shlex.quote(f'{path.rpartition(" ")[0]} {path.rpartition(" ")[2]}')}) at={shlex.quote(path)} ;;"
        for path in paths
    ]
    lines += ["    esac", "  done", '  case "$at:$before" in']
    for (path, after), words in found.items():
        if after:
            lines.append(f"    {shlex.quote(f'{path}:{after}')}) words={shlex.quote(' '.join(words))} ;;")
    lines += ['    *) case "$at" in']
    for (path, after), words in found.items():
        if not after:
            lines.append(f"      {shlex.quote(path)}) words={shlex.quote(' '.join(words))} ;;")
    lines += [
        "    esac ;;",
        "  esac",
        '  COMPREPLY=($(compgen -W "$words" -- "$word"))',
        "}",
        "complete -o default -F _cors_addon cors-addon",
    ]
    return "\n".join(lines) + "\n"


def _fish(found: dict[tuple[str, str], tuple[str, ...]]) -> str:
    lines = []
    for (path, after), words in found.items():
        seen = path.split()
        condition = " && ".join(f"__fish_seen_subcommand_from {each}" for each in seen) or "__fish_use_subcommand"
        plain = [word for word in words if not word.startswith("-")]
        if after:
            lines.append(f"complete -c cors-addon -n '{condition}' -l {after[2:]} -x -a '{' '.join(words)}'")
            continue
        if plain:
            lines.append(f"complete -c cors-addon -n '{condition}' -a '{' '.join(plain)}'")
        lines += [f"complete -c cors-addon -n '{condition}' -l {word[2:]}" for word in words if word.startswith("--")]
    return "\n".join(lines) + "\n"
