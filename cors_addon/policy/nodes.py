"""YAML as nodes that know their place: composed, its faults told, and merge keys resolved.

https://yaml.org/type/merge.html
"""

from collections.abc import Iterator
from io import StringIO
from typing import NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

MERGE = "<<"
_MAX_MERGES = 1000
_HINTS = {
    "'\\t'": (": indent with spaces", False),
    "quoted scalar; found unexpected end": (": the quotation that begins here never ends", True),
    "scanning an alias": (": a text that begins with `*` stands in quotation marks", True),
    "cannot start any token": (": a text that begins with it stands in quotation marks", False),
    "mapping values are not allowed": (": a text with `: ` in it stands in quotation marks", False),
}
"""By what the parser says: what to do, and whether that is where the construct begins."""


class Broken(NamedTuple):
    """Why a text is no YAML, and where; both count from 1."""

    line: int
    column: int
    message: str


def compose(text: str) -> Node | Broken | None:
    """The root node; None of an empty document."""
    found = _composed(text, "safe")
    # the other loader, which reads comments as well, takes a third longer, and names the place of a fault better
    return _composed(text, "rt") if isinstance(found, Broken) else found


def _composed(text: str, loader: str) -> Node | Broken | None:
    yaml = YAML(typ=loader, pure=True)
    yaml.composer.warn_double_anchors = False  # YAML permits them, and that warning goes straight to the terminal
    try:
        node: Node | None = yaml.compose(StringIO(text))
    except MarkedYAMLError as error:
        return _broken(error)
    except ReaderError as error:
        before = text[: error.position]
        line = before.count("\n") + 1
        column = len(before) - (before.rfind("\n") + 1) + 1
        return Broken(line, column, f"no valid YAML: the character {text[error.position]!r} may not stand there")
    except YAMLError as error:
        return Broken(1, 1, f"no valid YAML: {' '.join(str(error).split())}")
    except AssertionError:  # so says ruamel.yaml that it knows no such version
        return Broken(
            text[: text.find("%YAML")].count("\n") + 1, 1, "no YAML of a version that is read: it is 1.1 or 1.2"
        )
    except RecursionError:
        return Broken(1, 1, "no valid YAML for this: it is nested too deeply")
    return node


def _broken(error: MarkedYAMLError) -> Broken:
    words = "; ".join(part for part in (error.context, error.problem) if part)
    hint, begins = next((known for part, known in _HINTS.items() if part in words), ("", False))
    mark = (error.context_mark if begins else error.problem_mark) or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return Broken(line, column, f"no valid YAML: {words}{hint}")


def pairs(node: MappingNode) -> Iterator[tuple[Node, Node]]:
    """Keys and values as written, then what `<<` brings in besides; one that merges no mappings stays a key."""
    own: set[str] = set()
    merged: list[MappingNode] = []
    for key, value in node.value:
        sources = _sources(value) if isinstance(key, ScalarNode) and key.value == MERGE else None
        if sources is not None:
            merged += sources
            continue
        if isinstance(key, ScalarNode):
            own.add(key.value)
            if isinstance(value, ScalarNode) and not value.value and value.start_mark.index == value.end_mark.index:
                value.start_mark = key.end_mark  # nothing is written: YAML places it at whatever comes next
        yield key, value
    yield from _merged(merged, own, {id(node)})


def _merged(sources: list[MappingNode], known: set[str], seen: set[int]) -> Iterator[tuple[Node, Node]]:
    """Keys and values that mappings bring in, the first before the others; `known` keys win, `seen` are done with."""
    while sources and len(seen) < _MAX_MERGES:
        source = sources.pop(0)
        if id(source) in seen:
            continue
        seen.add(id(source))
        further: list[MappingNode] = []
        for key, value in source.value:
            if isinstance(key, ScalarNode) and key.value == MERGE:
                further += _sources(value) or []
            elif isinstance(key, ScalarNode) and key.value not in known:
                known.add(key.value)
                yield key, value
        sources[:0] = further


def _sources(value: Node) -> list[MappingNode] | None:
    """The mappings that a `<<` names, the first before the others; None where it names something else."""
    listed = value.value if isinstance(value, SequenceNode) else [value]
    mappings = [one for one in listed if isinstance(one, MappingNode)]
    return mappings if len(mappings) == len(listed) else None
