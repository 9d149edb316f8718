"""Policy files: YAML, read and checked, all faults at once, each with its place.

Valid YAML that is wrong CORS is judged as jub0bs/cors judges configurations: what can never work, or would open more
than anybody means to, is an error; what works and is probably not meant is a warning.
https://pkg.go.dev/github.com/jub0bs/cors#Config
"""

from collections.abc import Callable
from dataclasses import replace
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, NamedTuple

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from cors_addon.fetch.embedder_policy import EmbedderPolicy
from cors_addon.fetch.resource_policy import ResourcePolicy
from cors_addon.policy import consistency, fields
from cors_addon.policy.faults import Fault, FaultList, Severity, errors
from cors_addon.policy.model import Mode, OpenerPolicy, Others, Policy, Preflights, Preset, preset
from cors_addon.policy.nodes import Broken, compose
from cors_addon.policy.written import Written, in_short, kind, pairs, quoted

type CheckFilter = Callable[[str], str | None]
"""Told a filter expression, answers what is wrong with it, or None."""

KEYS = (
    "name", "filter", "mode", "preset", "preflight", "preflight-status", "origins", "other-origins", "methods",
    "request-headers", "expose-headers", "credentials", "max-age", "private-network", "local-network", "corp", "coep",
    "coop", "set", "remove",
)  # fmt: skip
_MEANT = {
    "allow-headers": "request-headers",
    "allowed-headers": "request-headers",
    "headers": "request-headers",
    "allow-methods": "methods",
    "allowed-methods": "methods",
    "method": "methods",
    "allow-origin": "origins",
    "allow-origins": "origins",
    "allowed-origins": "origins",
    "origin": "origins",
    "allow-credentials": "credentials",
    "exposed-headers": "expose-headers",
    "response-headers": "expose-headers",
    "maxage": "max-age",
    "ttl": "max-age",
    "cross-origin-resource-policy": "corp",
    "cross-origin-embedder-policy": "coep",
    "cross-origin-opener-policy": "coop",
}


class Loaded(NamedTuple):
    """What a file holds. Where a fault is an error, the policies are not to be used."""

    policies: tuple[Policy, ...]
    faults: list[Fault]

    @property
    def usable(self) -> bool:
        """Whether no fault is an error."""
        return not errors(self.faults)


def read(text: str, check_filter: CheckFilter = lambda _expression: None) -> Loaded:
    """Read a policy file's text."""
    faults = FaultList()
    policies = _policies(text, faults, check_filter)
    return Loaded(tuple(policies), sorted(faults.found))


# -- the file ----------------------------------------------------------------------------------------------------------


def _policies(text: str, faults: FaultList, check_filter: CheckFilter) -> list[Policy]:
    node = compose(text)
    if isinstance(node, Broken):
        faults.found.append(Fault(node.line, node.column, Severity.ERROR, "yaml", node.message))
        return []
    if node is None:
        faults.found.append(Fault(1, 1, Severity.ERROR, "no-policies", "the file is empty: it needs `policies:`"))
        return []
    found: list[tuple[Node, Policy]] = []
    names: dict[str, int] = {}
    seen: set[int] = set()
    for number, item in enumerate(_listed(node, faults), 1):
        line = item.start_mark.line + 1
        if isinstance(item, MappingNode) and id(item) in seen:
            faults.policy = None
            faults.warning(item, "unreachable", f"an alias repeats the policy in line {line}: it is never reached")
            continue
        seen.add(id(item))
        policy = _policy(item, number, faults, check_filter)
        if policy is None:
            continue
        if policy.name in names:
            faults.policy = None
            words = f"the name {policy.name!r} is taken by the policy in line {names[policy.name]}"
            faults.error(item, "name-taken", words)
        names.setdefault(policy.name, line)
        found.append((item, policy))
    consistency.check_order(found, faults)
    return [policy for _, policy in found]


def _listed(node: Node, faults: FaultList) -> list[Node]:
    """The nodes of all policies."""
    if isinstance(node, SequenceNode):
        if not node.value:
            faults.warning(node, "no-policies", "the list of policies is empty")
        return list(node.value)
    if not isinstance(node, MappingNode):
        faults.error(node, "type", f"expected a mapping with the key `policies`, not {kind(node)}")
        return []
    policies: Node | None = None
    misspelt = False
    for key, value in pairs(node, faults):
        if key.value == "policies":
            policies = value
        elif key.value != "version" and not key.value.startswith("x-"):
            near = bool(get_close_matches(key.value.lower(), ["policies"], n=1))
            misspelt = misspelt or near
            known = "a file has the one key `policies`, and `x-…` for what aliases name"
            known = "`policies` is meant?" if near else known
            faults.error(key, "unknown-key", f"unknown key {quoted(key.value)}: {known}")
    if policies is None:
        if not misspelt:  # that is told already
            faults.error(node, "no-policies", "the key `policies` is missing")
        return []
    if not isinstance(policies, SequenceNode):
        faults.error(policies, "type", f"`policies` is a list, not {kind(policies)}")
        return []
    if not policies.value:
        faults.warning(policies, "no-policies", "`policies` is an empty list")
    return list(policies.value)


# -- one policy --------------------------------------------------------------------------------------------------------


def _policy(node: Node, number: int, faults: FaultList, check_filter: CheckFilter) -> Policy | None:
    faults.policy = f"policy {number}"
    if isinstance(node, ScalarNode) and node.value in set(Preset):
        return preset(Preset(node.value))
    if not isinstance(node, MappingNode):
        words = f"a policy is a mapping, or one of the presets {', '.join(Preset)}; not {kind(node)}"
        faults.error(node, "type", words)
        return None
    written = _written(node, faults)
    base = _base(written, number)
    policy = replace(base, **_words(written, check_filter), **_lists(written))
    consistency.check(written, policy)
    return policy


def _written(node: MappingNode, faults: FaultList) -> Written:
    """The keys that a policy may have; faults bear its name, wherever in it that stands."""
    written = Written(node, faults)
    all_pairs = list(pairs(node, faults))
    for key, value in all_pairs:
        if key.value == "name" and isinstance(value, ScalarNode) and value.value.strip() and _is_line(value):
            faults.policy = value.value
    for key, value in all_pairs:
        if key.value in KEYS:
            written.keys[key.value], written.values[key.value] = key, value
            continue
        meant = _MEANT.get(key.value.lower().replace("_", "-"), key.value.lower().replace("_", "-"))
        hint = f": `{meant}` is meant?" if meant in KEYS else f"; known are {', '.join(KEYS)}"
        faults.error(key, "unknown-key", f"unknown key {quoted(key.value)}{hint}")
    return written


def _base(written: Written, number: int) -> Policy:
    """The preset, or a policy that says nothing yet, with its name."""
    which = written.choice("preset", Preset)
    base = Policy(name=f"policy {number}") if which is None else preset(which)
    name = written.text("name")
    if name is None:
        return base
    node = written.values["name"]
    if not name.strip():
        written.faults.error(node, "name", "a name has letters")
        return base
    if not _is_line(node):
        written.faults.error(node, "name", f"a name is one line of visible text, not {in_short(node)}")
    return replace(base, name=name)


def _words(written: Written, check_filter: CheckFilter) -> dict[str, Any]:
    """What keys say that hold a single word; by the attribute of `Policy`."""
    expression = written.text("filter")
    wrong = check_filter(expression) if expression is not None and expression.strip() else None
    if wrong is not None:
        written.faults.error(written.values["filter"], "filter", f"no valid mitmproxy filter: {wrong}")
    networks = [written.boolean(key) for key in ("private-network", "local-network") if key in written]
    said = {
        "filter": None if expression is None else expression.strip(),
        "mode": written.choice("mode", Mode),
        "preflight": written.choice("preflight", Preflights),
        "others": written.choice("other-origins", Others),
        "credentials": written.boolean("credentials"),
        "private_network": any(networks) if networks else None,
        "preflight_status": fields.preflight_status(written),
        "corp": written.choice("corp", ResourcePolicy),
        "coep": written.choice("coep", EmbedderPolicy),
        "coop": written.choice("coop", OpenerPolicy),
    }
    return {attribute: value for attribute, value in said.items() if value is not None}


def _lists(written: Written) -> dict[str, Any]:
    """What the other keys say that are written; by the attribute of `Policy`."""
    readers: dict[str, tuple[str, Callable[[Written], Any]]] = {
        "origins": ("origins", fields.origins),
        "methods": ("methods", fields.methods),
        "request-headers": ("request_headers", fields.request_headers),
        "expose-headers": ("expose_headers", fields.expose_headers),
        "max-age": ("max_age", fields.max_age),
        "set": ("set", lambda given: MappingProxyType(fields.header_edits(given))),
        "remove": ("remove", fields.removals),
    }
    return {attribute: reader(written) for key, (attribute, reader) in readers.items() if key in written}


def _is_line(node: Node) -> bool:
    return str(node.value).isprintable()
