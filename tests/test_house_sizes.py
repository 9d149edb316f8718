"""The house's measures: what a reader can hold in mind at once, for each function, module and folder of the package.

They are those of the code that we look up to (h11, mitmproxy's own addons), whose functions take five parameters at
most, and whose 95th percentile of complexity is 10.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.test_house import tree_of

PACKAGE = Path(__file__).parent.parent / "cors_addon"

MOST_PARAMETERS = 5
MOST_LINES_OF_A_FUNCTION = 60
MOST_LINES_OF_A_MODULE = 400
MOST_COMPLEXITY = 12
"""Of 95 in 100 functions of a folder."""

# Their functions write out a text, piece by piece: cut up, they would be harder to compare with what they print.
EXPORTERS_OF_TEXT = ("policy/export/",)
# Longer for what they tell, not for what they do.
PROSE_AND_DATA = {
    *("reasons/causes.py", "reasons/registry.py", "reasons/server_words.py", "reasons/wordings.py"),
    *("servers/implementations.py", "servers/signatures.py"),
}

# What is still over a measure. The list must be exact: whoever mends a place strikes it out, and nothing may be added.
STILL_OVER: dict[str, set[str]] = {}


class Function(NamedTuple):
    """A function or method, with what is measured."""

    name: str
    parameters: int
    lines: int
    complexity: int


def functions(tree: ast.AST, prefix: str = "", in_class: bool = False) -> Iterator[Function]:
    """Return every function of a module, nested ones too; each counts without those that stand in it."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            lines = node.end_lineno - node.lineno + 1
            yield Function(prefix + node.name, parameters(node, in_class), lines, 1 + sum(map(complexity, node.body)))
            yield from functions(node, f"{prefix}{node.name}.")
        elif isinstance(node, ast.ClassDef):
            yield from functions(node, f"{prefix}{node.name}.", in_class=True)
        else:
            yield from functions(node, prefix, in_class)


def parameters(node: ast.FunctionDef | ast.AsyncFunctionDef, is_method: bool) -> int:
    """Return how many arguments a caller passes; `*args` and `**kwargs` are one each, `self` and `cls` none."""
    given = node.args.posonlyargs + node.args.args
    bound = is_method and given and given[0].arg in ("self", "cls")
    stars = (node.args.vararg is not None) + (node.args.kwarg is not None)
    return len(given) + len(node.args.kwonlyargs) + stars - bool(bound)


def complexity(node: ast.AST) -> int:
    """Return the branches of a piece of code, as radon counts them: each `and` and each comprehension is one, too."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return 0
        case ast.If() | ast.IfExp() | ast.Assert():
            own = 1
        case ast.For() | ast.AsyncFor() | ast.While():
            own = 1 + bool(node.orelse)
        case ast.Try() | ast.TryStar():
            own = len(node.handlers) + bool(node.orelse)
        case ast.BoolOp():
            own = len(node.values) - 1
        case ast.comprehension():
            own = 1 + len(node.ifs)
        case ast.Match():
            otherwise = any(
                isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None for case in node.cases
            )
            own = len(node.cases) - otherwise
        case _:
            own = 0
    return own + sum(map(complexity, ast.iter_child_nodes(node)))


def percentile_95(values: list[int]) -> int:
    """Return the smallest value that 95 in 100 do not exceed."""
    return sorted(values)[(95 * len(values) + 99) // 100 - 1]


def over() -> Iterator[tuple[str, str]]:
    """Return each place that is over a measure, by folder."""
    complexities: dict[str, list[int]] = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        source = file.read_text(encoding="utf-8")
        name = file.relative_to(PACKAGE).as_posix()
        folder = name.partition("/")[0].removesuffix(".py")
        if len(source.splitlines()) > MOST_LINES_OF_A_MODULE and name not in PROSE_AND_DATA:
            yield folder, f"{name}: lines"
        for function in functions(tree_of(file)):
            complexities.setdefault(folder, []).append(function.complexity)
            if function.parameters > MOST_PARAMETERS:
                yield folder, f"{name}: parameters of {function.name}"
            if function.lines > MOST_LINES_OF_A_FUNCTION and not name.startswith(EXPORTERS_OF_TEXT):
                yield folder, f"{name}: lines of {function.name}"
    for folder, values in complexities.items():
        if percentile_95(values) > MOST_COMPLEXITY:
            yield folder, "complexity"


def test_everything_is_within_the_measures() -> None:
    """But for what STILL_OVER names, exactly: a place that was mended leaves the list, so that it stays so."""
    found: dict[str, set[str]] = {}
    for folder, place in over():
        found.setdefault(folder, set()).add(place)
    assert found == STILL_OVER


def test_prose_and_data_are_still_there() -> None:
    """A name that has gone would let the next module of that name grow."""
    assert {name for name in PROSE_AND_DATA if not (PACKAGE / name).is_file()} == set()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f(a, /, b, *c, d=1, **e): pass", [("f", 5, 1, 1)]),
        (
            "class C:\n  def m(self, a):\n    pass\n  @staticmethod\n  def s(a): pass",
            [("C.m", 1, 2, 1), ("C.s", 1, 1, 1)],
        ),
        ("def f(self): pass", [("f", 1, 1, 1)]),
        ("def f():\n  if a and b or c: pass\n  else: pass", [("f", 0, 3, 4)]),
        ("async def f():\n  for a in b:\n    pass\n  else: pass", [("f", 0, 4, 3)]),
        ("def f():\n  return [a for a in b if c if d]", [("f", 0, 2, 4)]),
        ("def f():\n  def g():\n    if a: pass", [("f", 0, 3, 1), ("f.g", 0, 2, 2)]),
        ("def f():\n  try: pass\n  except A: pass\n  except B: pass\n  else: pass", [("f", 0, 5, 4)]),
        ("def f():\n  match a:\n    case 1: pass\n    case 2: pass\n    case _: pass", [("f", 0, 5, 3)]),
        ("if a:\n  def f(x):\n    return lambda: 1 if x else 2", [("f", 1, 2, 2)]),
    ],
)
def test_a_function_is_measured(source: str, expected: list[tuple[str, int, int, int]]) -> None:
    """The measuring itself works."""
    assert list(functions(ast.parse(source))) == expected


def test_a_percentile_is_the_value_at_its_rank() -> None:
    """Not a mean of two."""
    assert percentile_95([1]) == 1
    assert percentile_95(list(range(1, 21))) == 19
    assert percentile_95([3, 1, 2] * 100 + [99]) == 3
