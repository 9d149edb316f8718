"""Policy files: YAML, read and checked, all faults at once, each with its place.

Valid YAML that is wrong CORS is judged as jub0bs/cors judges configurations: what can never work, or would open more
than anybody means to, is an error; what works and is probably not meant is a warning.
https://pkg.go.dev/github.com/jub0bs/cors#Config
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from cors_addon.engines import ENGINES
from cors_addon.fetch.headers import is_token
from cors_addon.fetch.methods import FORBIDDEN as FORBIDDEN_METHODS
from cors_addon.fetch.methods import normalize_method
from cors_addon.fetch.origins import OPAQUE, is_loopback
from cors_addon.fetch.requests import is_forbidden
from cors_addon.fetch.responses import FORBIDDEN, SAFELISTED
from cors_addon.policy import origins as origin_entries
from cors_addon.policy.edits import name_fault, value_fault
from cors_addon.policy.faults import Fault, Severity, errors
from cors_addon.policy.filters import implies
from cors_addon.policy.model import Mode, Names, Others, Policy, Preflights, Preset, preset
from cors_addon.policy.nodes import MERGE, Broken, compose, pairs
from cors_addon.policy.rewrite import CORS_NAMES
from cors_addon.policy.suffixes import is_public_suffix

type CheckFilter = Callable[[str], str | None]
"""Told a filter expression, answers what is wrong with it, or None."""

_DIGITS = 30
"""So many of a number are read: what is longer is too large for anything here."""
_CHROMIUM_MAX_AGE, _FIREFOX_MAX_AGE, _WEBKIT_MAX_AGE = (
    ENGINES[name].cache.cap for name in ("chromium", "gecko", "webkit")
)
"""Seconds that they honour; Firefox the most of all."""

KEYS = (
    "name", "filter", "mode", "preset", "preflight", "preflight-status", "origins", "other-origins", "methods",
    "request-headers", "expose-headers", "credentials", "max-age", "private-network", "local-network", "set", "remove",
)  # fmt: skip
_DECIDING = ("methods", "request-headers", "expose-headers", "credentials", "max-age", "private-network")
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
    reader = _Reader(check_filter)
    policies = reader.document(text)
    return Loaded(tuple(policies), sorted(reader.faults))


@dataclass
class _Reader:
    check_filter: CheckFilter
    faults: list[Fault] = field(default_factory=list)
    current: str | None = None

    # ---- faults ----

    def error(self, node: Node, code: str, message: str) -> None:
        mark = node.start_mark
        self.faults.append(Fault(mark.line + 1, mark.column + 1, Severity.ERROR, code, message, self.current))

    def warning(self, node: Node, code: str, message: str) -> None:
        mark = node.start_mark
        self.faults.append(Fault(mark.line + 1, mark.column + 1, Severity.WARNING, code, message, self.current))

    # ---- the document ----

    def document(self, text: str) -> list[Policy]:
        node = compose(text)
        if isinstance(node, Broken):
            self.faults.append(Fault(node.line, node.column, Severity.ERROR, "yaml", node.message))
            return []
        if node is None:
            self.faults.append(Fault(1, 1, Severity.ERROR, "no-policies", "the file is empty: it needs `policies:`"))
            return []
        listed = self.listed(node)
        found: list[tuple[Node, Policy]] = []
        names: dict[str, int] = {}
        seen: set[int] = set()
        for number, item in enumerate(listed, 1):
            if isinstance(item, MappingNode) and id(item) in seen:
                words = f"an alias repeats the policy in line {item.start_mark.line + 1}: it is never reached"
                self.current = None
                self.warning(item, "unreachable", words)
                continue
            seen.add(id(item))
            policy = self.policy(item, number)
            if policy is None:
                continue
            if policy.name in names:
                text_ = f"the name {policy.name!r} is taken by the policy in line {names[policy.name]}"
                self.current = None
                self.error(item, "name-taken", text_)
            names.setdefault(policy.name, item.start_mark.line + 1)
            found.append((item, policy))
        self.reachability(found)
        return [policy for _, policy in found]

    def listed(self, node: Node) -> list[Node]:
        if isinstance(node, SequenceNode):
            return list(node.value)
        if not isinstance(node, MappingNode):
            self.error(node, "type", f"expected a mapping with the key `policies`, not {_kind(node)}")
            return []
        policies: Node | None = None
        for key, value in self.pairs(node):
            if key.value == "policies":
                policies = value
            elif key.value != "version" and not key.value.startswith("x-"):
                known = "a file has the one key `policies`, and `x-…` for what aliases name"
                self.error(key, "unknown-key", f"unknown key {shown(key.value)}: {known}")
        if policies is None:
            self.error(node, "no-policies", "the key `policies` is missing")
            return []
        if not isinstance(policies, SequenceNode):
            self.error(policies, "type", f"`policies` is a list, not {_kind(policies)}")
            return []
        if not policies.value:
            self.warning(policies, "no-policies", "`policies` is an empty list")
        return list(policies.value)

    def pairs(self, node: MappingNode) -> Iterator[tuple[ScalarNode, Node]]:
        seen: dict[str, int] = {}
        for key, value in pairs(node):
            if not isinstance(key, ScalarNode):
                self.error(key, "type", f"a key is a word, not {_kind(key)}")
                continue
            if key.value == MERGE:
                self.error(value, "type", f"`<<` merges a mapping or a list of mappings, not {_kind(value)}")
                continue
            if key.value in seen:
                self.error(key, "duplicate-key", f"the key {shown(key.value)} stands already in line {seen[key.value]}")
                continue
            seen[key.value] = key.start_mark.line + 1
            yield key, value

    # ---- one policy ----

    def policy(self, node: Node, number: int) -> Policy | None:
        self.current = f"policy {number}"
        if isinstance(node, ScalarNode) and node.value in set(Preset):
            return preset(Preset(node.value))
        if not isinstance(node, MappingNode):
            words = f"a policy is a mapping, or one of the presets {', '.join(Preset)}; not {_kind(node)}"
            self.error(node, "type", words)
            return None
        keys: dict[str, ScalarNode] = {}
        given: dict[str, Node] = {}
        all_pairs = list(self.pairs(node))
        for key, value in all_pairs:
            if key.value == "name" and isinstance(value, ScalarNode) and value.value.strip() and _is_line(value):
                self.current = value.value
        for key, value in all_pairs:
            if key.value in KEYS:
                keys[key.value], given[key.value] = key, value
                continue
            meant = _MEANT.get(key.value.lower().replace("_", "-"), key.value.lower().replace("_", "-"))
            hint = f": `{meant}` is meant?" if meant in KEYS else f"; known are {', '.join(KEYS)}"
            self.error(key, "unknown-key", f"unknown key {shown(key.value)}{hint}")
        return self.fill(node, keys, given, number)

    def fill(self, node: MappingNode, keys: dict[str, ScalarNode], given: dict[str, Node], number: int) -> Policy:
        base = Policy(name=f"policy {number}")
        which = self.choice(given, "preset", Preset)
        if which is not None:
            base = preset(which)
        name = self.text(given, "name")
        if "name" in given and name is not None and not name.strip():
            self.error(given["name"], "name", "a name has letters")
        elif name is not None and not _is_line(given["name"]):
            self.error(given["name"], "name", f"a name is one line of visible text, not {_shown(given['name'])}")
        policy = replace(base, name=name if name and name.strip() else base.name)
        changes: dict[str, Any] = {}
        expression = self.text(given, "filter")
        if expression is not None:
            changes["filter"] = expression.strip()
            wrong = self.check_filter(expression) if expression.strip() else None
            if wrong is not None:
                self.error(given["filter"], "filter", f"no valid mitmproxy filter: {wrong}")
        for key, enumeration in (("mode", Mode), ("preflight", Preflights)):
            value = self.choice(given, key, enumeration)
            if value is not None:
                changes[key] = value
        others = self.choice(given, "other-origins", Others)
        if others is not None:
            changes["others"] = others
        credentials = self.boolean(given, "credentials")
        if credentials is not None:
            changes["credentials"] = credentials
        if "origins" in given:
            changes["origins"] = self.origins(given["origins"])
        for key, attribute, read_names in (
            ("methods", "methods", self.methods),
            ("request-headers", "request_headers", self.request_headers),
            ("expose-headers", "expose_headers", self.expose_headers),
        ):
            if key in given:
                changes[attribute] = read_names(given[key])
        networks = [self.boolean(given, key) for key in ("private-network", "local-network") if key in given]
        if networks:
            changes["private_network"] = any(networks)
        if "max-age" in given:
            changes["max_age"] = self.max_age(given["max-age"])
        status = self.integer(given, "preflight-status")
        if status is not None:
            if not 200 <= status <= 299:
                self.error(
                    given["preflight-status"],
                    "preflight-status",
                    f"browsers refuse a preflight answered {status}: an ok status is 200 to 299",
                )
            changes["preflight_status"] = status
        if "set" in given:
            changes["set"] = MappingProxyType(self.header_edits(given["set"]))
        if "remove" in given:
            changes["remove"] = self.removals(given["remove"])
        policy = replace(policy, **changes)
        self.together(node, keys, given, policy)
        return policy

    def together(self, node: MappingNode, keys: dict[str, ScalarNode], given: dict[str, Node], policy: Policy) -> None:
        """What is right entry by entry, and wrong together."""
        said = [key for key in _DECIDING if key in given]
        if policy.strips:
            for key in ("origins", "other-origins", *said):
                if key in given:
                    self.error(keys[key], "strip-with-grant", f"`preset: strip` takes all away: {key} has no effect")
            if policy.preflight is Preflights.ANSWER:
                words = "`strip` shows what the server does without CORS: rewrite its preflight answer, or forward it"
                self.error(given["preflight"], "strip-answers", words)
        elif policy.origins is None:
            if "preset" in given and policy.preset is None:
                pass  # what it would have said is not known
            elif said:
                self.error(keys[said[0]], "no-origins", f"{said[0]} has no effect without `origins`")
            elif not any(given[key].value for key in ("set", "remove") if key in given):
                self.error(node, "does-nothing", "it says nothing: give it `origins`, a `preset`, `set` or `remove`")
        elif isinstance(given.get("origins"), SequenceNode) and not given["origins"].value:
            self.warning(given["origins"], "no-origins", "an empty list of origins refuses every origin")
        if policy.origins is not None:
            self.with_origins(keys, given, policy)
        if policy.preset is Preset.STRICT:
            self.strictness(given, policy)
        for key in ("set", "remove"):
            for name in policy.set if key == "set" else policy.remove:
                if name.lower().encode() in CORS_NAMES | {b"vary"} and policy.speaks_of_cors:
                    words = f"{key} {name} comes last, and so overrides what this policy says of CORS"
                    self.warning(keys[key], "edit-overrides-policy", words)

    def with_origins(self, keys: dict[str, ScalarNode], given: dict[str, Node], policy: Policy) -> None:
        assert policy.origins is not None
        where = given.get("credentials") or given.get("origins") or given.get("preset")
        if policy.credentials and policy.origins.any and where is not None:
            self.error(
                self.entry(given, "origins", "*") or where,
                "credentials-with-wildcard-origin",
                "browsers refuse `*` where credentials are included: list the origins, or write `reflect` if every "
                "site may act as the user",
            )
        if policy.credentials and policy.origins.reflect and policy.preset is not Preset.ALLOW:
            self.warning(
                self.entry(given, "origins", "reflect") or node_of(given, "credentials"),
                "credentials-for-any-origin",
                "`reflect` with credentials lets every site act as the user: keep it to your own machine",
            )
        if policy.credentials and policy.expose_headers.any:
            self.error(
                self.entry(given, "expose-headers", "*") or node_of(given, "credentials"),
                "credentials-with-wildcard-expose",
                "`*` is a literal name where credentials are included: list the headers, or write `reflect`",
            )
        if policy.credentials or policy.private_network:
            what = "credentials" if policy.credentials else "private-network"
            for entry in policy.origins.listed:
                pattern = origin_entries.parse(entry).pattern if "://" in entry else None
                if pattern is not None and pattern.scheme == "http" and not is_loopback(pattern.host):
                    self.warning(
                        self.entry(given, "origins", entry) or node_of(given, what),
                        "insecure-origin",
                        f"{entry} can be forged by anyone on the network, and gets {what}: use https",
                    )
        if policy.origins.null and policy.credentials:
            self.warning(
                self.entry(given, "origins", OPAQUE) or node_of(given, "credentials"),
                "null-with-credentials",
                "any site can make requests of the origin null (a sandboxed frame), and would act as the user",
            )
        if policy.preflight is Preflights.FORWARD:
            for key in ("methods", "request-headers", "max-age", "private-network", "preflight-status"):
                if key in given:
                    words = f"{key} is said in preflights only, and `preflight: forward` leaves those to the server"
                    self.warning(keys[key], "no-effect", words)
        if policy.others is Others.KEEP and (policy.origins.any or policy.origins.reflect):
            self.warning(node_of(given, "other-origins"), "no-effect", "there are no other origins: all are listed")

    def strictness(self, given: dict[str, Node], policy: Policy) -> None:
        for key, names in (
            ("methods", policy.methods),
            ("request-headers", policy.request_headers),
            ("expose-headers", policy.expose_headers),
        ):
            if names.any or names.reflect:
                self.error(given[key], "strict-with-wildcard", f"`preset: strict` has no wildcards: list {key}")
        if policy.origins is None:
            return
        for entry in policy.origins.listed:
            if "*" in entry or entry in (origin_entries.REFLECT, OPAQUE):
                node = self.entry(given, "origins", entry) or given["origins"]
                self.error(node, "strict-with-wildcard", f"`preset: strict` takes exact origins only, not {entry}")

    def entry(self, given: dict[str, Node], key: str, text: str) -> Node | None:
        """The node of one entry of a list."""
        node = given.get(key)
        if isinstance(node, SequenceNode):
            return next((item for item in node.value if isinstance(item, ScalarNode) and item.value == text), None)
        return node if isinstance(node, ScalarNode) and node.value == text else None

    # ---- values ----

    def text(self, given: dict[str, Node], key: str) -> str | None:
        node = given.get(key)
        if node is None:
            return None
        if not isinstance(node, ScalarNode) or _is_null(node):
            self.error(node, "type", f"{key} is text, not {_kind(node)}")
            return None
        return str(node.value)

    def choice[T: StrEnum](self, given: dict[str, Node], key: str, enumeration: type[T]) -> T | None:
        node = given.get(key)
        if node is None:
            return None
        value = node.value if isinstance(node, ScalarNode) else None
        if value == "false" and key == "mode":
            value = "off"
        if value not in set(enumeration):
            self.error(node, key, f"{key} is {', '.join(enumeration)}; not {_shown(node)}")
            return None
        return enumeration(value)

    def boolean(self, given: dict[str, Node], key: str) -> bool | None:
        node = given.get(key)
        if node is None:
            return None
        if isinstance(node, ScalarNode) and _tag(node) == "bool":
            return str(node.value).lower() in ("true", "yes", "on", "y")
        self.error(node, "type", f"{key} is true or false, not {_shown(node)}")
        return None

    def integer(self, given: dict[str, Node], key: str) -> int | None:
        node = given.get(key)
        if node is None:
            return None
        if isinstance(node, ScalarNode) and _tag(node) == "int":
            try:
                return int(str(node.value).replace("_", "")[:_DIGITS], 0)
            except ValueError:
                pass
        self.error(node, "type", f"{key} is a whole number, not {_shown(node)}")
        return None

    def items(self, node: Node, what: str) -> list[ScalarNode]:
        """The entries of a list; one entry may stand for itself."""
        if isinstance(node, ScalarNode):
            if _is_null(node) and what != "origins":
                return []
            return [node]
        if not isinstance(node, SequenceNode):
            self.error(node, "type", f"{what} is a list, not {_kind(node)}")
            return []
        found = []
        for item in node.value:
            if isinstance(item, ScalarNode):
                found.append(item)
            else:
                self.error(item, "type", f"an entry of {what} is text, not {_kind(item)}")
        return found

    def origins(self, node: Node) -> origin_entries.Origins:
        good: list[ScalarNode] = []
        for item in self.items(node, "origins"):
            entry = str(item.value)
            if _is_null(item) and entry != OPAQUE:  # an empty entry, or ~
                self.error(item, "origin-malformed", 'no origin; for the origin null write "null"')
            elif entry in (origin_entries.ANY, origin_entries.REFLECT):
                good.append(item)
            elif entry == OPAQUE:
                words = (
                    "sandboxed frames, files and redirect chains have the origin null: allow only what anyone may read"
                )
                self.warning(item, "null-origin", words)
                good.append(item)
            elif entry.lower() == OPAQUE:
                self.error(item, "origin-not-lower-case", f'browsers send "null", compared byte for byte, not {entry}')
            else:
                parsed = origin_entries.parse(entry)
                if parsed.pattern is None:
                    hint = f": write {parsed.instead}" if parsed.instead and parsed.instead != entry else ""
                    self.error(item, str(parsed.flaw), f"{shown(entry)}: {parsed.text}{hint}")
                    continue
                if parsed.pattern.subdomains and is_public_suffix(parsed.pattern.host):
                    words = f"{entry}: anyone may register a name under {parsed.pattern.host}, a public suffix"
                    self.error(item, "wildcard-over-public-suffix", words)
                    continue
                good.append(item)
        self.redundant(good)
        return origin_entries.collect(str(item.value) for item in good)

    def redundant(self, items: list[ScalarNode]) -> None:
        """Entries that another one covers."""
        everything = next((item for item in items if item.value in ("*", "reflect")), None)
        seen: dict[str, ScalarNode] = {}
        for item in items:
            entry = str(item.value)
            if entry in seen:
                words = f"{entry} stands already in line {seen[entry].start_mark.line + 1}"
                self.warning(item, "redundant", words)
                continue
            seen[entry] = item
            if everything is not None and item is not everything:
                self.warning(item, "redundant", f"{entry} is covered by {everything.value}")
                continue
            pattern = origin_entries.parse(entry).pattern if "://" in entry else None
            for other in items:
                if other is item or pattern is None or "*" not in str(other.value):
                    continue
                broader = origin_entries.parse(str(other.value)).pattern
                if broader is not None and broader != pattern and broader.covers(pattern):
                    self.warning(item, "redundant", f"{entry} is covered by {other.value}")
                    break

    def methods(self, node: Node) -> Names:
        listed: list[str] = []
        everything = False
        for item in self.items(node, "methods"):
            entry = str(item.value)
            if entry == "*":
                everything = True
            elif not is_token(entry):
                hint = ": one method per entry" if "," in entry or " " in entry else ""
                self.error(item, "method-invalid", f"{shown(entry)} is no method{hint}")
            elif entry.upper() in FORBIDDEN_METHODS:
                self.error(item, "method-forbidden", f"browsers never send {entry.upper()} for a page")
            elif normalize_method(entry) != entry:
                words = f"browsers send {normalize_method(entry)}, compared byte for byte: {entry} never matches"
                self.error(item, "method-case", words)
            else:
                if entry in listed:
                    self.warning(item, "redundant", f"{entry} is listed twice")
                    continue
                if entry != entry.upper():
                    words = f"methods are case-sensitive: {entry} allows just that, not {entry.upper()}"
                    self.warning(item, "method-case", words)
                listed.append(entry)
        self.beside_wildcard(node, listed, everything=everything)
        return Names(tuple(listed), everything)

    def beside_wildcard(self, node: Node, listed: list[str], *, everything: bool) -> None:
        if everything:
            for item in self.items(node, ""):
                if item.value in listed and item.value != "authorization":
                    self.warning(item, "redundant", f"{item.value} is covered by *")

    def request_headers(self, node: Node) -> Names:
        listed: list[str] = []
        everything = False
        for item in self.items(node, "request-headers"):
            entry = str(item.value)
            lower = entry.lower()
            if entry == "*":
                everything = True
            elif not is_token(entry):
                hint = ": one name per entry" if "," in entry or " " in entry else ""
                self.error(item, "header-invalid", f"{shown(entry)} is no header name{hint}")
            elif is_forbidden(lower):
                self.error(item, "header-forbidden", f"no script may set {entry}: browsers never ask for it")
            elif lower.startswith("access-control-"):
                self.error(item, "header-prohibited", f"{entry} is no request header that a page sends")
            elif lower in listed:
                self.warning(item, "redundant", f"{entry} is listed twice")
            else:
                listed.append(lower)
        self.beside_wildcard(node, listed, everything=everything)
        return Names(tuple(listed), everything)

    def expose_headers(self, node: Node) -> Names:
        listed: list[str] = []
        everything = reflect = False
        for item in self.items(node, "expose-headers"):
            entry = str(item.value)
            lower = entry.lower()
            if entry == "*":
                everything = True
            elif entry == "reflect":
                reflect = True
            elif not is_token(entry):
                hint = ": one name per entry" if "," in entry or " " in entry else ""
                self.error(item, "header-invalid", f"{shown(entry)} is no header name{hint}")
            elif lower in FORBIDDEN:
                self.error(item, "header-forbidden", f"no script ever sees {entry}, exposed or not")
            elif lower == "origin" or lower.startswith(("access-control-request-", "access-control-allow-")):
                self.error(item, "header-prohibited", f"{entry} tells a page nothing: it is the browser's business")
            elif lower in SAFELISTED:
                self.warning(item, "redundant", f"every page may read {entry} anyway")
            elif lower in listed:
                self.warning(item, "redundant", f"{entry} is listed twice")
            else:
                listed.append(lower)
        if everything or reflect:
            for item in self.items(node, ""):
                if str(item.value).lower() in listed:
                    self.warning(item, "redundant", f"{item.value} is covered by {'*' if everything else 'reflect'}")
        return Names(tuple(listed), everything, reflect)

    def max_age(self, node: Node) -> int | None:
        seconds = self.integer({"max-age": node}, "max-age")
        if seconds is None:
            return None
        if seconds < 0:
            self.error(node, "max-age", "engines disagree about negative numbers: write 0 for no caching")
        elif seconds > _FIREFOX_MAX_AGE:
            many = seconds if seconds < 10**12 else "so many"
            words = (
                f"no engine keeps a preflight for {many} s: Chromium {_CHROMIUM_MAX_AGE}, "
                f"Firefox {_FIREFOX_MAX_AGE}, Safari {_WEBKIT_MAX_AGE} at most"
            )
            self.error(node, "max-age", words)
        elif seconds > _CHROMIUM_MAX_AGE:
            caps = f"Chromium {_CHROMIUM_MAX_AGE}, Safari {_WEBKIT_MAX_AGE}"
            words = f"only Firefox keeps a preflight for {seconds} s: {caps}"
            self.warning(node, "max-age", words)
        return seconds

    def header_edits(self, node: Node) -> dict[str, str]:
        if not isinstance(node, MappingNode):
            self.error(node, "type", f"set maps header names to values; it is {_kind(node)}")
            return {}
        edits: dict[str, str] = {}
        for key, value in self.pairs(node):
            if not isinstance(value, ScalarNode):
                self.error(value, "type", f"the value of a header is text, not {_kind(value)}")
            elif (fault := name_fault(key.value)) is not None:
                self.error(key, "header-invalid", fault)
            elif (fault := value_fault(value.value)) is not None:
                self.error(value, "header-invalid", fault)
            elif key.value.lower() in (name.lower() for name in edits):
                self.error(key, "duplicate-key", f"{key.value} is set twice: header names are case-insensitive")
            else:
                edits[key.value] = str(value.value).strip()
        return edits

    def removals(self, node: Node) -> tuple[str, ...]:
        names = []
        for item in self.items(node, "remove"):
            fault = name_fault(item.value)
            if fault is None:
                names.append(str(item.value))
            else:
                self.error(item, "header-invalid", fault)
        return tuple(names)

    # ---- all policies together ----

    def reachability(self, found: list[tuple[Node, Policy]]) -> None:
        """Policies behind a broader one, which takes all that they would match."""
        for index, (node, policy) in enumerate(found):
            if policy.mode is not Mode.REWRITE or not policy.speaks_of_cors:
                continue  # each policy in shadow is tried on its own, and mere edits come on top
            for earlier_node, earlier in found[:index]:
                if earlier.mode is Mode.REWRITE and earlier.speaks_of_cors and implies(policy.filter, earlier.filter):
                    self.current = policy.name
                    words = (
                        f"it is never reached: {earlier.name!r} in line {earlier_node.start_mark.line + 1} matches all "
                        f"that it matches ({earlier.filter or 'no filter'}), and the first match wins"
                    )
                    self.warning(node, "unreachable", words)
                    break


def shown(text: str) -> str:
    """A value in quotation marks, a long one cut."""
    return repr(text if len(text) <= 60 else f"{text[:59]}…")


def node_of(given: dict[str, Node], key: str) -> Node:
    """The node of a key; of the preset or whatever stands first, where the key itself is not written."""
    return given.get(key) or given.get("preset") or next(iter(given.values()))


def _tag(node: Node) -> str:
    return str(node.tag).rpartition(":")[2]


def _is_null(node: Node) -> bool:
    return isinstance(node, ScalarNode) and _tag(node) == "null"


def _is_line(node: Node) -> bool:
    return str(node.value).isprintable()


def _shown(node: Node) -> str:
    """What is written there, in short."""
    if not isinstance(node, ScalarNode):
        return _kind(node)
    return shown(str(node.value))


def _kind(node: Node) -> str:
    if isinstance(node, MappingNode):
        return "a mapping"
    if isinstance(node, SequenceNode):
        return "a list"
    return {"null": "nothing", "bool": "true or false", "int": "a number", "float": "a number"}.get(_tag(node), "text")
