"""The addon's options: declared, then parsed once per change into a typed value.

A bad one raises OptionsError, which names the option and its fault.
"""

import os
from collections.abc import Iterator, Set
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from mitmproxy import exceptions, flowfilter
from mitmproxy.addonmanager import Loader
from mitmproxy.options import Options

from cors_addon import engines
from cors_addon.browser import wanted
from cors_addon.exchange.weight import BUDGET
from cors_addon.report import bounded_file

ENGINES = engines.Choices(("auto", *engines.ENGINES))


class Annotate(StrEnum):
    """What a judged flow shows in mitmproxy's lists. Its metadata it gets in any case: filters use them."""

    COMMENT = "comment"
    MARKER = "marker"
    ALL = "all"
    NONE = "none"

    @property
    def comments(self) -> bool:
        """Whether flows get a comment."""
        return self in (Annotate.COMMENT, Annotate.ALL)


SECRETS = ("hide", "show")
VIEW = ("refused", "empty", "never")
ANNOTATE = tuple(choice.value for choice in Annotate)


@dataclass(frozen=True, slots=True)
class Settings:
    """All options, checked."""

    filter: flowfilter.TFilter | None = None
    engine: str = "auto"
    annotate: Annotate = Annotate.ALL
    view: str = "refused"
    jsonl: Path | None = None
    policy: Path | None = None
    report: Path | None = None
    witness: str = ""
    """`true`, or a filter for what gets the witness; empty: nothing does."""
    browser: str = ""
    page: str = "auto"
    memory: int = BUDGET
    """Bytes that may be kept of browsers."""
    witness_log: Path | None = None
    secrets: str = "hide"


class Option(NamedTuple):
    """An option as mitmproxy is told it; all are strings."""

    name: str
    default: str
    help: str
    choices: tuple[str, ...] | None = None
    """mitmproxy shows them, but does not enforce them."""


OPTIONS = (
    Option("cors_filter", "", "Inspect only flows that match this mitmproxy filter expression. Empty: all."),
    Option(
        "cors_engine",
        "auto",
        "Browser engine to judge as: auto (told by the client's own headers), chromium, gecko, webkit, or fetch, which "
        "is the standard itself. With a version, as chromium@109, as that one was.",
        ENGINES,
    ),
    Option(
        "cors_annotate",
        "all",
        "What judged flows show in the flow list: comment, marker, all or none. A comment or marker of your own is "
        "never overwritten.",
        ANNOTATE,
    ),
    Option(
        "cors_view",
        "refused",
        "Which CORS flows open on their explanation by themselves: refused (those whose body the page never got, and "
        "those without a body), empty (those without a body) or never.",
        VIEW,
    ),
    Option("cors_jsonl", "", "File to which one JSON line per judged flow is appended. Empty: none."),
    Option(
        "cors_policy",
        "",
        "File of CORS policies (YAML) by which answers are rewritten or judged in the shadow. It is read again when it "
        "changes. Empty: none.",
    ),
    Option(
        "cors_report",
        "",
        "File for an HTML report, written at the end and by cors.report. Until then up to 5,000 exchanges are kept for "
        "it, and up to 64 MB of their headers, besides cors_memory. Empty: none.",
    ),
    Option(
        "cors_witness",
        "",
        "Put a script into the documents and workers that pass, which tells what only the page sees: true, or a "
        "mitmproxy filter expression for those that get it. Empty or false: none.",
    ),
    Option(
        "cors_browser",
        "",
        "Browser to start with mitmproxy, in words as cors.browser takes them: auto, chrome, chromium, edge, brave or "
        "firefox, headless, and the address to open. Empty: none.",
    ),
    Option(
        "cors_page",
        "auto",
        "The live page: auto (at http://cors.test/ through the proxy, and at a free port of this machine), off, or a "
        "port.",
    ),
    Option(
        "cors_memory",
        "64",
        "Megabytes that may be kept of browsers (cached preflights, what waits for its request): one that takes up far "
        "more than others loses what is older first, else the one not seen for the longest is forgotten.",
    ),
    Option(
        "cors_witness_log",
        "",
        "File to which each report of a witness is appended, for cors-addon check --witness. Empty: none.",
    ),
    Option(
        "cors_secrets",
        "hide",
        "Whether outputs (comments, explanations, JSON lines, reports, the log) show tokens, tickets, session ids "
        "and passwords in URLs: hide or show.",
        SECRETS,
    ),
)
NAMES = frozenset(option.name for option in OPTIONS)


def declare(loader: Loader) -> None:
    """Tell mitmproxy the options."""
    for option in OPTIONS:
        loader.add_option(option.name, str, option.default, option.help, choices=option.choices)


def parse(options: Options) -> Settings:
    """Check every option; raises OptionsError for the first that is bad."""
    return Settings(
        filter=_filter(options.cors_filter),
        engine=_choice("cors_engine", options.cors_engine, ENGINES),
        view=_choice("cors_view", options.cors_view, VIEW),
        annotate=Annotate(_choice("cors_annotate", options.cors_annotate, ANNOTATE)),
        jsonl=_file("cors_jsonl", options.cors_jsonl, _LINES_GO_TO),
        policy=Path(options.cors_policy).expanduser() if options.cors_policy else None,
        report=_file("cors_report", options.cors_report),
        witness=_witness(options.cors_witness),
        browser=_browser(options.cors_browser),
        page=_page(options.cors_page),
        memory=_memory(options.cors_memory),
        witness_log=_file("cors_witness_log", options.cors_witness_log, _LINES_GO_TO),
        secrets=_choice("cors_secrets", options.cors_secrets, SECRETS),
    )


def _witness(value: str) -> str:
    value = value.strip()
    if value.lower() in ("", "false", "off", "no"):
        return ""
    if value.lower() in ("true", "on", "yes"):
        return "true"
    try:
        flowfilter.parse(value)
    except ValueError as error:
        raise exceptions.OptionsError(f"cors_witness: {error}; it is true, false or a filter expression") from error
    return value


def _memory(value: str) -> int:
    if value.isascii() and value.isdecimal() and 1 <= int(value[:7]) <= 1_000_000:
        return int(value[:7]) << 20
    raise exceptions.OptionsError(f"cors_memory: {value!r} is no number of megabytes from 1 to 1000000")


def _page(value: str) -> str:
    if value in ("auto", "off") or (value.isascii() and value.isdigit() and 0 < int(value) < 65536):
        return value
    raise exceptions.OptionsError(f"cors_page: {value!r} is none of auto, off, or a port from 1 to 65535")


def _choice(name: str, value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise exceptions.OptionsError(f"{name}: {value!r} is none of {', '.join(choices)}")
    return value


def _filter(expression: str) -> flowfilter.TFilter | None:
    if not expression.strip():
        return None
    try:
        return flowfilter.parse(expression)
    except ValueError as error:
        raise exceptions.OptionsError(f"cors_filter: {error}") from error


def _browser(words: str) -> str:
    try:
        wanted.read(wanted.split(words))
    except wanted.Fault as fault:
        raise exceptions.OptionsError(f"cors_browser: {fault}") from fault
    return words


_LINES_GO_TO = frozenset({"a pipe", "a device"})
"""What takes lines besides files."""


def _file(name: str, value: str, others: Set[str] = frozenset()) -> Path | None:
    """A file that can be written; `others` are kinds of things that do as well."""
    if not value:
        return None
    path = Path(value).expanduser()
    folder = path.parent
    what = bounded_file.kind(path.stat().st_mode) if path.exists() else ""
    if what and what not in others:
        raise exceptions.OptionsError(f"{name}: {path} is {what}, not a file")
    if not folder.is_dir():
        raise exceptions.OptionsError(f"{name}: the folder {folder} does not exist")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise exceptions.OptionsError(f"{name}: {path} is not writable")
    return path


def unknown(options: Options) -> Iterator[str]:
    """What to say of options that nobody knows, and that are meant for this addon by their names.

    mitmproxy keeps them without a word, in case that an addon still declares them.
    """
    for name in getattr(options, "deferred", ()):
        if name.startswith("cors"):
            near = get_close_matches(name, NAMES, n=1)
            meant = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(NAMES))}."
            yield f"There is no option {name}, and nothing came of it; {meant}"
