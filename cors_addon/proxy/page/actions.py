"""What the live page's buttons do: what the commands do, for exactly the page and the server that are shown.

Law: each says in a sentence what it did, or why it did not; whatever it changed, `undo` takes back.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mitmproxy import exceptions, http

from cors_addon.exchange.model import Judgement
from cors_addon.fetch.headers import visible
from cors_addon.flows import made, translate
from cors_addon.policy import shadow
from cors_addon.policy.filters import literal, quoted
from cors_addon.policy.model import Mode, Others, Policy, Preset, preset
from cors_addon.policy.origins import collect
from cors_addon.policy.rewrite import asking
from cors_addon.policy.write import summary, write
from cors_addon.proxy import trial
from cors_addon.proxy.curl_command import CurlCommand
from cors_addon.proxy.in_force import matching_filter
from cors_addon.proxy.policy_commands import PolicyCommands
from cors_addon.proxy.policy_file import check_filter
from cors_addon.proxy.rewriting import Policies

if TYPE_CHECKING:
    from cors_addon.proxy.page.live import Live

MOST_TRIED = 2_000
"""Exchanges that a policy is tried on: the newest."""
MOST_FLOWS = 200
_MOST_UNDONE = 50

type Given = Mapping[str, Any]
type Told = dict[str, Any]


class Refused(Exception):
    """It cannot be done; says why."""


class Actions:
    """By the names under which the page asks for them."""

    def __init__(
        self,
        policies: Policies,
        commands: PolicyCommands,
        curl: CurlCommand,
        find: Callable[[str], http.HTTPFlow | None],
    ) -> None:
        """`find` gives the flow of an id, as long as mitmproxy keeps it."""
        self._policies = policies
        self._commands = commands
        self._curl = curl
        self._find = find
        self._undone: deque[tuple[str, list[Policy], dict[str, Mode], set[str]]] = deque(maxlen=_MOST_UNDONE)

    def do(self, name: str, given: Given, live: "Live") -> Told | None:
        """Do it, and tell what was done; None where there is no such thing. Raises Refused."""
        doing: dict[str, Callable[[Given, Live], Told]] = {
            "allow": self._allow,
            "strip": self._strip,
            "inject": self._inject,
            "undo": self._undo,
            "mode": self._mode,
            "fix": self._fix,
            "curl": self._copy_curl,
            "try": self._try,
            "use": self._use,
            "save": self._save,
        }
        found = doing.get(name)
        if found is None:
            return None
        try:
            return found(given, live)
        except (exceptions.CommandError, exceptions.OptionsError) as error:
            raise Refused(str(error)) from error

    def rules(self) -> list[Told]:
        """The rules of this session and the policies of the file, in the order in which they are tried."""
        session, now = len(self._policies.session), time.time()
        return [
            {
                "name": visible(policy.name),
                "key": policy.name,
                "what": summary(policy),
                "from": "session" if number < session else "file",
                "mode": policy.mode.value,
                "age": max(now - self._policies.since.get(policy.name, now), 0.0),
            }
            for number, policy in enumerate(self._policies.all)
        ]

    @property
    def undoes(self) -> str:
        """What `undo` would take back; empty where there is nothing."""
        return self._undone[-1][0] if self._undone else ""

    # ---- what changes answers ----

    def _remember(self, what: str) -> None:
        policies = self._policies
        self._undone.append((what, list(policies.session), dict(policies.modes), set(policies.follows)))

    def _allow(self, given: Given, live: "Live") -> Told:
        """Exactly this page and this server: another port of the same host is another server."""
        rules: dict[str, Policy] = {}
        for each in self._flows(given, live):
            asked, url = asking(each.request.data.method, each.request.data.headers.fields), translate.url(each)
            if asked.origin is None:
                continue
            name = f"allow {visible(asked.origin)} at {visible(url.origin)}"
            where = matching_filter("~u " + quoted(f"^{literal(url.origin)}/"), each)
            base = replace(preset(Preset.ALLOW), name=name, filter=where)
            rules[name] = replace(base, origins=collect((asked.origin,)), others=Others.KEEP)
        if not rules:
            raise Refused("This request names no page (it has no Origin): there is nobody to allow.")
        self._remember("; ".join(rules))
        for rule in rules.values():
            self._policies.add(rule)
        whom = "; ".join(name.removeprefix("allow ") for name in rules)
        return self._told(f"All is allowed for {whom}.", rules.values())

    def _strip(self, given: Given, live: "Live") -> Told:
        self._remember("Strip")
        return {"said": self._commands.strip(self._flows(given, live))}

    def _inject(self, given: Given, live: "Live") -> Told:
        name, value = _text(given, "name").strip(), _text(given, "value")
        flows = self._flows(given, live)
        self._remember(f"{name}: {value}")
        try:
            return {"said": self._commands.inject(flows, name, value)}
        except exceptions.CommandError:
            self._undone.pop()
            raise

    def _mode(self, given: Given, _live: "Live") -> Told:
        name, mode = _text(given, "name"), _text(given, "mode")
        self._remember(f"{name}: {mode}")
        try:
            return {"said": self._commands.mode(name, mode)}
        except exceptions.CommandError:
            self._undone.pop()
            raise

    def _undo(self, _given: Given, _live: "Live") -> Told:
        if not self._undone:
            raise Refused("There is nothing to take back.")
        before = self._policies.all
        what, session, modes, follows = self._undone.pop()
        self._policies.session, self._policies.modes, self._policies.follows = session, modes, follows
        self._policies.refresh()
        changed = [policy for policy in before if policy not in self._policies.all]
        return self._told(f"Taken back: {visible(what)}.", changed)

    def _use(self, given: Given, _live: "Live") -> Told:
        from cors_addon.policy.read import read  # what only some buttons need takes a while to import

        loaded = read(_text(given, "text"), check_filter)
        if not loaded.usable or not loaded.policies:
            raise Refused("The policies have faults: try them first.")
        self._remember(", ".join(policy.name for policy in loaded.policies))
        for policy in reversed(loaded.policies):  # each comes first, and so the first of them at last
            self._policies.add(policy)
        names = ", ".join(visible(policy.name) for policy in loaded.policies)
        return self._told(f"Switched on: {names}.", loaded.policies)

    def _told(self, said: str, changed: Sequence[Policy] | Any) -> Told:
        advice = self._policies.file.advise(list(changed))
        return {"said": f"{said} {advice}".strip()}

    # ---- what is only told ----

    def _fix(self, given: Given, live: "Live") -> Told:
        return {"text": "\n".join(self._commands.snippet(self._flows(given, live), _text(given, "target"))) + "\n"}

    def _copy_curl(self, given: Given, live: "Live") -> Told:
        return {"text": self._curl.brief(self._flows(given, live)[0])}

    def _save(self, _given: Given, _live: "Live") -> Told:
        session = {policy.name for policy in self._policies.session}
        rules = [policy for policy in self._policies.all if policy.name in session]
        if not rules:
            raise Refused("There are no rules in this session.")
        return {"text": write(rules, ["Rules of a debugging session, made by cors_addon.", "The first match wins."])}

    def _try(self, given: Given, live: "Live") -> Told:
        """What policies would change of what was seen; nothing is switched on."""
        from cors_addon.policy.read import read

        loaded = read(_text(given, "text"), check_filter)
        told: Told = {
            "usable": loaded.usable and bool(loaded.policies),
            "faults": [
                [fault.line, fault.column, fault.severity.value, visible(fault.message), fault.code]
                for fault in loaded.faults
            ],
        }
        if not told["usable"]:
            return told
        file, tried = trial.ready(loaded.policies), 0
        changed = []
        for judgement in live.judgements()[-MOST_TRIED:]:
            shadows = trial.try_on(file, judgement)
            tried += bool(shadows)
            changed.append((judgement.observation.flow_id, shadow.changes(judgement, shadows)))
        groups = [
            [one.change, one.policy, one.origin, one.endpoint, one.cause, len(one.flow_ids), one.flow_ids[0]]
            for one in shadow.group(changed)
        ]
        return {**told, "tried": tried, "groups": groups}

    def _flows(self, given: Given, live: "Live") -> list[http.HTTPFlow]:
        """The flows that are meant, or ones made of what is kept of them. Raises Refused where there are none."""
        ids = given.get("ids")
        found = []
        for flow_id in ids[:MOST_FLOWS] if isinstance(ids, list) else ():
            flow = self._find(str(flow_id)) or _made(live.judgement(str(flow_id)))
            if flow is not None:
                found.append(flow)
        if not found:
            raise Refused("The request is no longer here.")
        return found


def _made(judgement: Judgement | None) -> http.HTTPFlow | None:
    return None if judgement is None else made.flow(judgement.observation)


def _text(given: Given, name: str) -> str:
    found = given.get(name, "")
    if not isinstance(found, str):
        raise Refused(f"{name}: text is wanted.")
    return found
