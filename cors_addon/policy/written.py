"""A policy as it stands in a file: its keys and values as nodes, each read as what it must be, or told as a fault."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from cors_addon.policy import nodes
from cors_addon.policy.faults import FaultList

_DIGITS = 30
"""So many of a number are read: what is longer is too large for anything here."""


@dataclass
class Written:
    """The mapping of one policy. A value that is no such thing is a fault, and read as None."""

    node: MappingNode
    faults: FaultList
    keys: dict[str, ScalarNode] = field(default_factory=dict)
    """By key, the node of the key itself."""
    values: dict[str, Node] = field(default_factory=dict)
    """By key, the node of its value."""

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def place(self, key: str) -> Node:
        """The node of a value; of the preset or whatever stands first, where the key is not written."""
        return self.values.get(key) or self.values.get("preset") or next(iter(self.values.values()))

    def entry(self, key: str, text: str) -> Node | None:
        """The node of one entry of a list."""
        node = self.values.get(key)
        if isinstance(node, SequenceNode):
            return next((item for item in node.value if isinstance(item, ScalarNode) and item.value == text), None)
        return node if isinstance(node, ScalarNode) and node.value == text else None

    # -- values --------------------------------------------------------------------------------------------------------

    def text(self, key: str) -> str | None:
        """Any scalar but null."""
        node = self.values.get(key)
        if node is None:
            return None
        if not isinstance(node, ScalarNode) or is_null(node):
            self.faults.error(node, "type", f"{key} is text, not {kind(node)}")
            return None
        return str(node.value)

    def choice[T: StrEnum](self, key: str, enumeration: type[T]) -> T | None:
        """One word of several."""
        node = self.values.get(key)
        if node is None:
            return None
        value = node.value if isinstance(node, ScalarNode) else None
        if value == "false" and key == "mode":
            value = "off"
        if value not in set(enumeration):
            self.faults.error(node, key, f"{key} is {', '.join(enumeration)}; not {in_short(node)}")
            return None
        return enumeration(value)

    def boolean(self, key: str) -> bool | None:
        """True or false, in any spelling that YAML has."""
        node = self.values.get(key)
        if node is None:
            return None
        if isinstance(node, ScalarNode) and _tag(node) == "bool":
            return str(node.value).lower() in ("true", "yes", "on", "y")
        self.faults.error(node, "type", f"{key} is true or false, not {in_short(node)}")
        return None

    def integer(self, key: str) -> int | None:
        """A whole number, in any base that YAML has."""
        node = self.values.get(key)
        if node is None:
            return None
        if isinstance(node, ScalarNode) and _tag(node) == "int":
            try:
                return int(str(node.value).replace("_", "")[:_DIGITS], 0)
            except ValueError:
                pass
        self.faults.error(node, "type", f"{key} is a whole number, not {in_short(node)}")
        return None

    def items(self, key: str) -> list[ScalarNode]:
        """The entries of a list; one entry may stand for itself."""
        node = self.values[key]
        if isinstance(node, ScalarNode):
            return [] if is_null(node) and key != "origins" else [node]
        if not isinstance(node, SequenceNode):
            self.faults.error(node, "type", f"{key} is a list, not {kind(node)}")
            return []
        found = []
        for item in node.value:
            if isinstance(item, ScalarNode):
                found.append(item)
            else:
                self.faults.error(item, "type", f"an entry of {key} is text, not {kind(item)}")
        return found


def pairs(node: MappingNode, faults: FaultList) -> Iterator[tuple[ScalarNode, Node]]:
    """Keys and values of a mapping; a key that is no word, or stands twice, is a fault and left out."""
    seen: dict[str, int] = {}
    for key, value in nodes.pairs(node):
        if not isinstance(key, ScalarNode):
            faults.error(key, "type", f"a key is a word, not {kind(key)}")
        elif key.value == nodes.MERGE:
            faults.error(value, "type", f"`<<` merges a mapping or a list of mappings, not {kind(value)}")
        elif key.value in seen:
            faults.error(key, "duplicate-key", f"the key {quoted(key.value)} stands already in line {seen[key.value]}")
        else:
            seen[key.value] = key.start_mark.line + 1
            yield key, value


# -- what stands there -------------------------------------------------------------------------------------------------


def quoted(text: str) -> str:
    """A value in quotation marks, a long one cut."""
    return repr(text if len(text) <= 60 else f"{text[:59]}…")


def is_null(node: Node) -> bool:
    """Whether it is YAML's null: `null`, `~` or nothing."""
    return isinstance(node, ScalarNode) and _tag(node) == "null"


def in_short(node: Node) -> str:
    """What is written there."""
    return quoted(str(node.value)) if isinstance(node, ScalarNode) else kind(node)


def kind(node: Node) -> str:
    """What kind of thing stands there, as a fault calls it."""
    if isinstance(node, MappingNode):
        return "a mapping"
    if isinstance(node, SequenceNode):
        return "a list"
    return {"null": "nothing", "bool": "true or false", "int": "a number", "float": "a number"}.get(_tag(node), "text")


def _tag(node: Node) -> str:
    return str(node.tag).rpartition(":")[2]
