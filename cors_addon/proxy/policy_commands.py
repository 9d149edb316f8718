"""The commands that change answers: each says in one line what it did, and what to do next.

Law: a rule of the session names the server it is for and is listed by `cors.rules`; nothing is widened silently.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

import mitmproxy.types
from mitmproxy import ctx, exceptions, flow, http
from mitmproxy.master import Master

from cors_addon.exchange.model import Judgement
from cors_addon.fetch.headers import LOWER, visible
from cors_addon.flows import translate
from cors_addon.policy.edits import name_fault, value_fault
from cors_addon.policy.filters import literal, of_server, quoted
from cors_addon.policy.model import Mode, Others, Policy, Preset, preset
from cors_addon.policy.origins import collect
from cors_addon.policy.rewrite import asking
from cors_addon.policy.write import summary, write
from cors_addon.proxy import internals
from cors_addon.proxy.command_group import Command, CommandGroup, write_text
from cors_addon.proxy.in_force import InForce, in_force, matching_filter, scope_of
from cors_addon.proxy.logs import logger_of
from cors_addon.proxy.policy_file import names
from cors_addon.proxy.rewriting import Policies

if TYPE_CHECKING:
    from cors_addon.policy.learn import Lesson
    from cors_addon.policy.stale_preflights import Preflight

logger = logger_of(__name__)

type JudgementOf = Callable[[http.HTTPFlow], Judgement | None]


class PolicyCommands(CommandGroup):
    """What a person may type to have answers changed."""

    COMMANDS: ClassVar = (
        Command("cors.allow", "allow"),
        Command("cors.strip", "strip"),
        Command("cors.inject", "inject"),
        Command("cors.rules", "rules", in_viewer="rules_in_viewer", elsewhere="rules_in_log"),
        Command("cors.rules.clear", "clear"),
        Command("cors.policy.load", "load_file"),
        Command("cors.policy.save", "save"),
        Command("cors.policy.mode", "mode"),
        Command("cors.learn", "learn"),
        Command("cors.snippet", "snippet", in_viewer="snippet_in_viewer", elsewhere="snippet_in_log"),
    )

    def __init__(self, master: Master, policies: Policies, judgement_of: JudgementOf) -> None:
        super().__init__(master)
        self._policies = policies
        self._judgement_of = judgement_of
        policies.file.advise = self._advice

    # ---- rules of the session ----

    def allow(self, flows: Sequence[flow.Flow]) -> str:
        """Let the pages of these flows do anything with their servers: origin, methods, headers, credentials."""
        chosen = [
            (each, _server(each), asking(each.request.data.method, each.request.data.headers.fields).origin)
            for each in _http(flows)
        ]
        named = {server for _, server, origin in chosen if origin is not None}
        done: dict[str, Policy] = {}
        for each, server, origin in chosen:
            if origin is None and server in named:
                continue  # it tells of no page, and others do
            name = f"allow {server}"
            done[name] = _allowing(name, scope_of(each), origin, done.get(name) or self._rule(name))
            self._policies.drop(f"strip {server}")
        for name, rule in done.items():
            self._policies.add(rule)
            self._policies.follows.add(name)
        whom = "; ".join(f"{_origins(rule)} at {name.removeprefix('allow ')}" for name, rule in done.items())
        said = f"All is allowed for {whom}. {self._advice(done.values())}"
        return " ".join(filter(None, (said, self._hides(flows))))

    def _hides(self, flows: Iterable[flow.Flow]) -> str:
        """What is still to be mended while these are let through, and the way back; empty where nothing was refused."""
        asked = (self._judgement_of(each) for each in flows if isinstance(each, http.HTTPFlow))
        from cors_addon.report.text import in_question

        found = [in_question(judgement) for judgement in asked if judgement is not None]
        reasons = dict.fromkeys(str(judgement.reason) for judgement in found if judgement.reason is not None)
        if not reasons:
            return ""
        return f"It hides what is still to be mended: {', '.join(reasons)}; cors.rules.clear brings it back."

    def strip(self, flows: Sequence[flow.Flow]) -> str:
        """Take every CORS header away from the answers of these flows' servers, as if they knew nothing of CORS."""
        done: dict[str, Policy] = {}
        for each in _http(flows):
            server = _server(each)
            name = f"strip {server}"
            done[name] = replace(preset(Preset.STRIP), name=name, filter=scope_of(each))
            self._policies.drop(f"allow {server}")
        for rule in done.values():
            self._policies.add(rule)
        whom = ", ".join(name.removeprefix("strip ") for name in done)
        return f"Answers of {whom} lose their CORS headers. {self._advice(done.values())}"

    def inject(self, flows: Sequence[flow.Flow], name: str, value: str) -> str:
        """Set a header in the answers of these flows' endpoints; with an empty value, remove it."""
        fault = name_fault(name) or value_fault(value.strip())
        if fault is not None:
            raise exceptions.CommandError(f"{fault[0].upper()}{fault[1:]}.")
        done: dict[str, Policy] = {}
        for each in _http(flows):
            preflight = asking(each.request.data.method, each.request.data.headers.fields).method is not None
            endpoint = each.request.pretty_url.partition("?")[0]
            key = f"inject {'OPTIONS ' if preflight else ''}{visible(endpoint)}"
            url = quoted(f"^{literal(endpoint)}(\\?|$)")
            known = done.get(key) or self._rule(key) or Policy(name=key)
            known = replace(known, filter=f"~u {url} & {'' if preflight else '! '}~m ^OPTIONS$")
            done[key] = _injecting(known, name, value.strip())
        for rule in done.values():
            self._policies.add(rule)
        what = f"set to {value.strip()!r}" if value.strip() else "removed"
        whom = ", ".join(key.removeprefix("inject ") for key in done)
        return f"{name} is {what} in answers of {whom}. {self._advice(done.values())}"

    def rules(self) -> Sequence[str]:
        """List the rules of this session and the policies of the file, in the order in which they are tried."""
        policies = self._policies.all
        if not policies:
            return ["No rules. cors.allow @focus makes one; the option cors_policy names a file of policies."]
        lines = []
        for number, policy in enumerate(policies, 1):
            origin = "session" if number <= len(self._policies.session) else "file"
            lines.append(f"{number}. [{origin}] {policy.name}: {summary(policy)}")
        return lines

    def rules_in_viewer(self) -> None:
        """List the rules of this session and the policies of the file, in the order in which they are tried."""
        from cors_addon.proxy import viewer

        viewer.show(self._master, "CORS · rules", self.rules())

    def rules_in_log(self) -> str:
        """List the rules of this session and the policies of the file, in the order in which they are tried."""
        return _log(self.rules(), "first of them")

    def clear(self) -> str:
        """Remove the rules of this session. The policies of the file stay."""
        gone = list(self._policies.session)
        if not gone:
            return "There were no rules in this session."
        words = self._advice(gone)
        self._policies.session.clear()
        self._policies.follows.clear()
        self._policies.refresh()
        return f"{_count(len(gone), 'rule')} removed. {words}"

    # ---- policies ----

    def load_file(self, path: mitmproxy.types.Path) -> str:
        """Use the policies of a file, which is read again whenever it changes; an empty path uses none."""
        before = self._policies.all
        try:
            if path and Path(path).expanduser() == self._policies.file.path:
                self._policies.file.use(self._policies.file.path)  # the option does not change, the file may have
            ctx.options.update(cors_policy=str(path))
        except exceptions.OptionsError as error:
            raise exceptions.CommandError(str(error)) from error
        if self._policies.file.reads:
            return f"{path} is being read: the log says when its policies are in force, or what is wrong with them."
        found = self._policies.file.policies
        what = f"{_count(len(found), 'policy')} from {path}: {names(found)}." if found else "No policy file is used."
        return f"{what} {self._advice([*before, *found])}"

    def save(self, path: mitmproxy.types.Path) -> str:
        """Write the rules of this session as a policy file."""
        session = {policy.name for policy in self._policies.session}
        rules = [policy for policy in self._policies.all if policy.name in session]
        if not rules:
            raise exceptions.CommandError("There are no rules in this session: cors.allow @focus makes one.")
        write_text(path, write(rules, ["Rules of a debugging session, made by cors_addon.", "The first match wins."]))
        return f"{_count(len(rules), 'rule')} written to {path}. Use it with --set cors_policy={path}"

    def mode(self, name: str, mode: str) -> str:
        """Set a policy's mode: rewrite, shadow (only judge what it would do) or off."""
        if mode not in set(Mode):
            raise exceptions.CommandError(f"A mode is {', '.join(Mode)}; not {mode!r}.")
        found = next((policy for policy in self._policies.all if policy.name == name), None)
        if found is None:
            known = ", ".join(policy.name for policy in self._policies.all) or "none"
            raise exceptions.CommandError(f"No policy is named {name!r}; known: {known}.")
        if found.mode is Mode(mode):
            return f"{name} is in mode {mode} already."
        rewrites = Mode.REWRITE in (found.mode, Mode(mode))
        self._policies.modes[name] = Mode(mode)
        self._policies.refresh()
        said = {
            Mode.REWRITE: "rewrites answers",
            Mode.SHADOW: "only shows what it would decide",
            Mode.OFF: "does nothing",
        }[Mode(mode)]
        return f"{name} now {said}. " + (self._advice([found]) if rewrites else "Reload the page.")

    def learn(self, flows: Sequence[flow.Flow], path: mitmproxy.types.Path) -> str:
        """Write the least policy under which every one of these flows passes."""
        lesson = self._lesson(_http(flows))
        if not lesson.policies:
            raise exceptions.CommandError(
                "There is nothing to learn: " + "; ".join(lesson.notes or ("no CORS traffic",))
            )
        write_text(path, lesson.text())
        notes = f" Not learned: {'; '.join(lesson.notes)}." if lesson.notes else ""
        what = _count(lesson.learned, "exchange")
        return f"Learned from {what}: {names(lesson.policies)}, in {path}. Try it with cors.policy.load.{notes}"

    def snippet_in_viewer(self, flows: Sequence[flow.Flow], target: str = "") -> None:
        """Show configuration for a server (nginx …), else for the one recognised, under which these flows pass."""
        from cors_addon.proxy import viewer

        target = target or self._recognised(flows)
        viewer.show(self._master, f"CORS · {target}", self.snippet(flows, target))

    def snippet_in_log(self, flows: Sequence[flow.Flow], target: str = "") -> str:
        """Show in the log configuration for a server, else for the one recognised, under which these flows pass."""
        target = target or self._recognised(flows)
        return _log(self.snippet(flows, target), f"configuration for {target}")

    def snippet(self, flows: Sequence[flow.Flow], target: str = "") -> Sequence[str]:
        """Show configuration for a server (nginx …), else for the one recognised, under which these flows pass."""
        from cors_addon.policy import export  # what only a command needs takes a while to import

        target = target or self._recognised(flows)
        chosen = _http(flows)
        policies: Sequence[Policy] = self._policies_of(chosen)
        remarks: list[str] = []
        if not policies:
            policies, remarks = self._mended(chosen)
        if not policies:
            raise exceptions.CommandError("These flows need no CORS configuration.")
        try:
            snippet = export.export(policies, target, remarks)
        except export.UnknownTarget as error:
            raise exceptions.CommandError(str(error)) from error
        except export.Inexpressible as error:
            alone = " Choose flows of one server." if len(policies) > 1 else ""
            raise exceptions.CommandError(f"{error}{alone}") from error
        beside = [] if snippet.target.comment else ["", *snippet.remarks]  # JSON takes none
        return [*snippet.text().splitlines(), *beside]

    # ---- helpers ----

    def _recognised(self, flows: Sequence[flow.Flow]) -> str:
        """The target for who answered these flows."""
        from cors_addon.policy import export

        judged = (self._judgement_of(each) for each in _http(flows))
        servers = {found.server.title: found.server.target for found in judged if found and found.server}
        targets = {target for target in servers.values() if target in export.TARGETS}
        if len(targets) == 1:
            return targets.pop()
        seen = f" It looks like {' and '.join(servers)}." if servers else ""
        known = ", ".join(export.TARGETS)
        raise exceptions.CommandError(f"Who answered does not tell the target.{seen} Name one of: {known}.")

    def _lesson(self, flows: Sequence[http.HTTPFlow]) -> "Lesson":
        """What these flows teach, of servers by the names that mitmproxy has for them."""
        from cors_addon.policy import learn

        by_id = {each.id: each for each in flows}
        judged = [found for each in flows if (found := self._judgement_of(each)) is not None]
        return learn.learn(judged, lambda seen: matching_filter(of_server(seen.url), by_id[seen.flow_id]))

    def _mended(self, flows: Sequence[http.HTTPFlow]) -> tuple[list[Policy], list[str]]:
        """Policies that add what these flows need to what their servers grant, and what is to be said of them."""
        from cors_addon.policy import granted

        judged = [found for each in flows if (found := self._judgement_of(each)) is not None]
        # a preflight tells of methods, its request of what is exposed
        seen = {id(one): one for each in judged for one in (*each.chain, each)}
        policies, remarks = [], dict[str, None]()
        for policy in self._lesson(flows).policies:
            own = [one for one in seen.values() if policy.name in _names(one.observation.url.origin)]
            added, notes = granted.adding(policy, own)
            policies.append(added)
            remarks |= dict.fromkeys(notes)
        return policies, list(remarks)

    def _policies_of(self, flows: Sequence[http.HTTPFlow]) -> list[Policy]:
        """Written policies that decide on these flows; the session's generous rules are nothing to hand over."""
        found: dict[str, Policy] = {}
        for each in flows:
            chosen = self._policies.chooser.decide(each)
            if chosen is None:
                chosen = next((one for one in self._policies.shadows if one.matches(each)), None)
            if chosen is not None and chosen.policy.preset is not Preset.ALLOW and not chosen.policy.strips:
                found[chosen.policy.name] = chosen.policy
        return list(found.values())

    def _rule(self, name: str) -> Policy | None:
        return next((policy for policy in self._policies.session if policy.name == name), None)

    def _advice(self, policies: Iterable[Policy]) -> str:
        """What to do next, seeing which preflights the browser may hold for the servers that these policies match."""
        from cors_addon.policy.stale_preflights import advice

        matchers: list[InForce] = [in_force(policy) for policy in policies if policy.mode is not Mode.OFF]
        held: list[Preflight] = []
        for each in (internals.listed(self._master) or {}).values():
            if not isinstance(each, http.HTTPFlow) or not _is_preflight(each):
                continue
            if any(one.matches(each) for one in matchers):
                held.append(_preflight(each))
        return advice(held, time.time())


def _http(flows: Sequence[flow.Flow]) -> list[http.HTTPFlow]:
    found = [each for each in flows if isinstance(each, http.HTTPFlow)]
    if not found:
        raise exceptions.CommandError("Choose HTTP flows: @focus, @marked, @shown, or a filter.")
    return found


def _server(each: http.HTTPFlow) -> str:
    return visible(translate.url(each).origin.partition("://")[2])


def _allowing(name: str, where: str, origin: str | None, known: Policy | None) -> Policy:
    """The rule by which a server allows one more page; `origin` None: every page."""
    rule = replace(preset(Preset.ALLOW), name=name, filter=known.filter if known else where)
    if origin is None or (known is not None and known.others is not Others.KEEP):
        return rule
    listed = known.origins.listed if known is not None and known.origins is not None else ()
    return replace(rule, origins=collect((*listed, origin)), others=Others.KEEP)


def _injecting(known: Policy, name: str, value: str) -> Policy:
    """The rule that sets one more header, or where the value is empty removes it."""
    kept = {old: text for old, text in known.set.items() if old.lower() != name.lower()}
    gone = tuple(old for old in known.remove if old.lower() != name.lower())
    if value:
        return replace(known, set=MappingProxyType({**kept, name: value}), remove=gone)
    return replace(known, set=MappingProxyType(kept), remove=(*gone, name))


def _names(origin: str) -> tuple[str, str]:
    """What learning may call the policy of a server."""
    from cors_addon.policy import learn

    return origin, learn.host_of(origin)


def _origins(rule: Policy) -> str:
    if rule.origins is None or rule.origins.reflect:
        return "every page"
    return " and ".join(origin for origin in rule.origins.listed)


def _is_preflight(each: http.HTTPFlow) -> bool:
    request = each.request.data
    if request.method != b"OPTIONS" or each.response is None:
        return False
    return asking(b"OPTIONS", request.headers.fields).method is not None


def _preflight(each: http.HTTPFlow) -> "Preflight":
    from cors_addon.policy.stale_preflights import Preflight

    assert each.response is not None
    agent = next((value for name, value in each.request.data.headers.fields if LOWER[name] == b"user-agent"), b"")
    data = each.response.data
    return Preflight(data.timestamp_end or data.timestamp_start, agent, data.status_code, data.headers.fields)


def _log(lines: Sequence[str], what: str) -> str:
    """Where the answer to a command is one line, several go to the event log."""
    if len(lines) == 1:
        return lines[0]
    logger.info("%s", "\n".join(lines))
    return f"{lines[0]} … ({what}; all {len(lines)} lines are in the event log)"


def _count(number: int, noun: str) -> str:
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{number} {noun if number == 1 else plural}"
