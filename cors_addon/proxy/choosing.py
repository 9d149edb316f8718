"""Which flows a command is about, in the words that a person types; and where its answer is shown.

Law 1: a command that takes one flow takes what matches several, too: the newest exchange is meant.
Law 2: mitmweb tells nobody which row is looked at. Its `@focus` is another flow, and is refused with what to type.
"""

import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any

from mitmproxy import exceptions, http
from mitmproxy.flow import Flow
from mitmproxy.master import Master

from cors_addon.fetch.masking import masked
from cors_addon.proxy import internals
from cors_addon.proxy.logs import logger_of
from cors_addon.report.terminal import safe

logger = logger_of(__name__)

_FLOWS: dict[Any, bool] = {Flow: True, Sequence[Flow]: False}
"""Kinds of parameters, and whether they are for one flow."""
FOCUS = "@focus"
_NOTHING = "No flow in the list matches."


def form(command: Callable[..., Any], master: Master) -> Callable[..., Any]:
    """A command as this front end is to have it: flows by a filter, and a sentence in the status line."""
    console = internals.in_console(master)
    signature = inspect.signature(command)
    parameters = list(signature.parameters.values())
    wanted = {each.name: _FLOWS[each.annotation] for each in parameters if each.annotation in _FLOWS}
    # the console completes @focus and the like for parameters that are flows; elsewhere the text is needed
    kind: Any = Sequence[Flow] if console else str
    speaks = console and signature.return_annotation is str
    told = signature.replace(
        parameters=[each.replace(annotation=kind) if each.name in wanted else each for each in parameters],
        return_annotation=None if speaks else signature.return_annotation,
    )

    def run(*given: Any, **named: Any) -> Any:
        bound = signature.bind(*given, **named)
        for name, one in wanted.items():
            if name not in bound.arguments:  # it may be left out
                continue
            found = _found(bound.arguments[name], master)
            bound.arguments[name] = _newest(found) if one else found
        answer = _shown(command, bound)
        if not speaks or answer is None:
            return answer
        logger.log(internals.alert_level(), "%s", answer)
        return None

    run.__doc__ = command.__doc__
    run.__signature__ = told  # type: ignore[attr-defined]
    return run


def _shown(command: Callable[..., Any], given: inspect.BoundArguments) -> Any:
    """What a command answers, or complains of: both are shown in a terminal."""
    try:
        answer = command(*given.args, **given.kwargs)
    except exceptions.CommandError as error:
        raise exceptions.CommandError(safe(masked(str(error)))) from error
    hide = str if given.arguments.get("secrets") else masked
    if isinstance(answer, str):
        return safe(hide(answer))
    if isinstance(answer, list):
        return [safe(hide(each)) if isinstance(each, str) else each for each in answer]
    return answer


def _found(given: Any, master: Master) -> list[Flow]:
    """The flows that were named; objects are what they are."""
    if isinstance(given, Flow):
        return [given]
    if not isinstance(given, str):
        found = list(given)
    elif given.strip() == FOCUS:
        raise exceptions.CommandError(_no_focus(master))
    else:
        found = list(master.commands.call("view.flows.resolve", given))
    if not found and isinstance(given, str):
        raise exceptions.CommandError(_NOTHING)
    return found


def _newest(flows: Sequence[Flow]) -> Flow:
    """The one whose request began last; HTTP exchanges before others."""
    if not flows:
        raise exceptions.CommandError(_NOTHING)
    return max(flows, key=lambda each: (isinstance(each, http.HTTPFlow), each.timestamp_start))


def _no_focus(master: Master) -> str:
    words = "mitmweb does not tell which row you look at: name flows by a filter, as in '~u items/1'."
    listed = internals.listed(master) or {}
    refused = [
        each
        for each in listed.values()
        if isinstance(each, http.HTTPFlow) and each.metadata.get("cors.verdict") == "deny"
    ]
    if not refused:
        return words
    last = _newest(refused)
    assert isinstance(last, http.HTTPFlow)
    return f"{words} The last refused one is {filter_for(last)}"


def filter_for(flow: http.HTTPFlow) -> str:
    """A filter, in quotes, for this page's requests to this server: by the host and port that people see."""
    server = re.match(r"[a-z]+://[^/]*", flow.request.pretty_url)
    terms = [f"~u ^{_plain(server[0] if server else flow.request.pretty_url)}/"]
    origin = flow.request.headers.get("Origin", "")
    if origin:
        value = origin[origin.find("//") :] if "//" in origin else f" {origin}"
        terms.append(f"~hq {_plain(value)}.$")  # a header's line ends in CR LF
    return f"'{' & '.join(terms)}'"


def _plain(text: str) -> str:
    """A regular expression that is read with ease, and needs no quotes: what means something becomes any character."""
    return re.sub(r"[^\w:/.-]", ".", text, flags=re.ASCII)
