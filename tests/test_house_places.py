"""The house's rules, continued: what stands, or is done, in one place alone."""

import ast
import re
from collections.abc import Callable, Iterator

import pytest

from tests.test_house import PACKAGE, modules, part_of, tree_of


def places(found_in: Callable[[ast.AST], Iterator[str]], *, but: str = "") -> set[str]:
    """Return the modules in which a rule finds something, but for those of one part."""
    files = [file for file in modules() if part_of(file) != but]
    found = {file: list(found_in(tree_of(file))) for file in files}
    return {file.relative_to(PACKAGE).as_posix() for file, words in found.items() if words}


# ── judgements are written ────────────────────────────────────────────────────────────────────────────────────────────


def fields_of_a_judgement() -> set[str]:
    """Return the names of all that a judgement says."""
    tree = tree_of(PACKAGE / "exchange" / "model.py")
    (judgement,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Judgement")
    targets = (node.target for node in ast.walk(judgement) if isinstance(node, ast.AnnAssign))
    begun = {
        node.attr for node in ast.walk(judgement) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }
    return {node.id for node in targets if isinstance(node, ast.Name)} | begun


FIELDS = fields_of_a_judgement() - {"observation", "origin"}
"""But for what it begins with, as entries of a recording do."""
NO_JUDGEMENTS = {"self", "fetch", "manager", "seen", "logged"}
"""Names of what has attributes of the same names."""


def assigned(function: ast.AST) -> Iterator[tuple[int, str, bool]]:
    """Return each name that a function assigns: the line, the name, and whether to a judgement that it makes."""
    for node in ast.walk(function):
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            makes = isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "Judgement"
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                for name in ast.walk(target):
                    if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store):
                        yield node.lineno, name.id, makes


def written_judgements(tree: ast.AST) -> Iterator[str]:
    """Return where a module writes on a judgement that it has not just made, in the same function."""
    for function in ast.walk(tree):
        if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        names = sorted(assigned(function))
        for node in ast.walk(function):
            if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load) and node.attr in FIELDS:
                owner = ast.unparse(node.value)
                made = [makes for line, name, makes in names if name == owner and line < node.lineno]
                if owner not in NO_JUDGEMENTS and made[-1:] != [True]:
                    yield f"line {node.lineno}: {owner}.{node.attr}"


def test_judgements_are_written_in_two_places() -> None:
    """Who else has something to say of one calls it."""
    assert {"verdict", "assumptions", "revision", "role", "fate"} <= FIELDS
    assert places(written_judgements) == {"exchange/ledger.py", "exchange/writing.py"}


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("judgement.verdict = x", 1),
        ("own.assumptions += (x,)", 1),
        ("a.verdict, b.refusal = x, y", 2),
        ("for each in y:\n    each.revision = 1", 1),
        ("made = Judgement(x)\n  made.verdict = x\n  made.fate = y", 0),
        ("made = Judgement(x)\n  made.verdict = x\n  made = kept(made)\n  made.fate = y", 1),
        ("fetch.credentials = x", 0),
        ("print(judgement.verdict)\n  judgement.other = x", 0),
    ],
)
def test_a_write_elsewhere_is_found(source: str, count: int) -> None:
    """The rule itself works; what has just been made may be filled in."""
    assert len(list(written_judgements(ast.parse(f"def f():\n  {source}")))) == count


# ── hosts ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

# Pieces of a test for hosts of the machine itself, which a prefix or a short list gets wrong: 127.evil.example
LOOPBACK = re.compile(r"\.?localhost\.?|127(\.0){0,3}\.?(/8)?|\[?::1\]?(/128)?")


def hosts_of_its_own(tree: ast.AST) -> Iterator[str]:
    """Return what a module would tell the machine's own hosts by."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and LOOPBACK.fullmatch(node.value):
            yield f"line {node.lineno}: {node.value!r}"
        elif isinstance(node, ast.Attribute) and node.attr == "is_loopback":
            yield f"line {node.lineno}: .is_loopback"


def test_only_one_place_tells_the_machines_own_hosts() -> None:
    """That is ``is_loopback`` of fetch/origins; the demo names them to listen there."""
    assert places(hosts_of_its_own, but="demo") == {"fetch/origins.py"}


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("host.startswith('127.')", 1),
        ("host in ('localhost', '::1', '[::1]') or host.endswith('.localhost')", 4),
        ("ip_network('127.0.0.0/8'), ip_address(host).is_loopback", 2),
        ("socket.bind(('127.0.0.1', 0)), 'http://localhost:3000', is_loopback(host)", 0),
    ],
)
def test_a_place_of_its_own_is_found(source: str, count: int) -> None:
    """The rule itself works; an address to listen at, and an example, are none."""
    assert len(list(hosts_of_its_own(ast.parse(source)))) == count


# ── header names and what caches are told ─────────────────────────────────────────────────────────────────────────────

CORS_NAME = re.compile(r"access-control-(?!checks)[a-z-]*[a-z]", re.IGNORECASE)
CONDITIONAL_NAMES = {"if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since"}
CACHE_DIRECTIVES = {"no-store", "s-maxage", "immutable", "stale-while-revalidate"}
OTHERS_WORDS = {"demo", "reasons", "export", "remedies"}
"""Folders that hold sentences, and configurations and programs of others, with header names in them."""


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Return each piece of text in a module, bytes too, with its line; docstrings are none."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)) and id(node) not in docstrings:
            yield node.lineno, node.value if isinstance(node.value, str) else node.value.decode("latin-1")


def names_of_cors(tree: ast.AST) -> Iterator[str]:
    """Return where a module spells the name of a CORS header."""
    return (f"line {line}: {text}" for line, text in texts(tree) if CORS_NAME.fullmatch(text))


def names_of_conditions(tree: ast.AST) -> Iterator[str]:
    """Return where a module names a conditional request header, be it in a list of words."""
    return (f"line {line}: {text}" for line, text in texts(tree) if CONDITIONAL_NAMES & set(text.lower().split()))


def directives(tree: ast.AST) -> Iterator[str]:
    """Return where a module names a directive of Cache-Control."""
    return (f"line {line}: {text}" for line, text in texts(tree) if text in CACHE_DIRECTIVES)


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        (names_of_cors, "fetch/names.py"),
        (names_of_conditions, "fetch/names.py"),
        (directives, "fetch/freshness.py"),
    ],
)
def test_names_stand_in_one_place(rule: Callable[[ast.AST], Iterator[str]], place: str) -> None:
    """Whoever looks for such a header, or for how long an answer is fresh, asks there."""
    assert {name for name in places(rule) if not OTHERS_WORDS & set(name.split("/"))} == {place}


@pytest.mark.parametrize(
    ("rule", "source", "count"),
    [
        (names_of_cors, "get(fields, b'access-control-max-age'), 'Access-Control-Allow-Origin'", 2),
        (names_of_cors, "'access-control-allow-', 'no Access-Control-Allow-Origin', 'origin'", 0),
        (names_of_conditions, "(b'if-none-match', 'a If-Range b')", 2),
        (names_of_conditions, "'etag', 'if-then'", 0),
        (directives, "x = 'no-store' in said", 1),
        (directives, "x = 'Cache-Control: no-store'", 0),
        (directives, "'no-store'", 0),
    ],
)
def test_a_name_of_its_own_is_found(rule: Callable[[ast.AST], Iterator[str]], source: str, count: int) -> None:
    """The rule itself works."""
    assert len(list(rule(ast.parse(source)))) == count


# ── spans of time ─────────────────────────────────────────────────────────────────────────────────────────────────────

JUDGING = ("fetch/", "engines/", "exchange/", "audit/", "session/", "recordings/", "flows/")


def spans(tree: ast.AST) -> Iterator[str]:
    """Return the seconds that a module names: what is counted is whole, and what is said of an engine has a field."""
    assert isinstance(tree, ast.Module)
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and type(node.value.value) is float:
            yield ast.unparse(node)


def test_spans_of_time_stand_in_one_place() -> None:
    """Where each says what it rests on."""
    assert {name for name in places(spans) if name.startswith(JUDGING)} == {"exchange/timing.py"}


def test_each_span_says_what_it_rests_on() -> None:
    """Measured somewhere, taken from a source, or chosen."""
    body = tree_of(PACKAGE / "exchange" / "timing.py").body[1:]
    for name, words in zip(body[::2], body[1::2], strict=True):
        assert isinstance(name, ast.Assign)
        assert isinstance(words, ast.Expr)
        assert re.search(r"Measured|Chosen|network[.]|twice `QUEUED`", ast.unparse(words)), ast.unparse(name)
