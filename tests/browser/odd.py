"""Odd header shapes: lines of the grammar of Access-Control headers and of its neighbours, sent byte for byte.

`SHAPES` is the table: for each header, each way in which its lines may be odd. A drawn case puts one of them, or two,
into right answers, and has another spelling, value or line here and there.

Laws of this module
  1. Lines are text that stands for latin-1 bytes; a server of sockets sends them as they are.
  2. Cookies show the credentials mode, so that a browser's verdict is never a matter of it.
"""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections.abc import Callable, Iterator, Mapping

from .cases import HEADER_OF_FIELD, RAW, Case, Mutation, Side, Step

PAGE = "https://app.example.test"
URL = "https://api.other.test/k/{id}/0"
OTHER = "https://evil.test"
SPELLINGS: tuple[Callable[[str], str], ...] = (str, str.lower, str.upper, str.swapcase)
CONTROLS = {
    "nul": "\0", "soh": "\x01", "bell": "\x07", "backspace": "\b", "vertical-tab": "\v", "form-feed": "\f",
    "return": "\r", "escape": "\x1b", "separator": "\x1f", "delete": "\x7f", "c1": "\x80", "next-line": "\x85",
    "no-break-space": "\xa0", "latin": "\xe9", "y-diaeresis": "\xff", "utf-8": "\xc3\xa9", "wide-space": "\xe3\x80\x80",
    "tab": "\t", "space": " ", "line-feed": "\n",
}  # fmt: skip
FOLDS = {"space": "\r\n ", "tab": "\r\n\t", "spaces": "\r\n   ", "bare": "\n ", "twice": "\r\n \r\n "}
SEPARATORS = {
    "none": ":", "tab": ":\t", "spaces": ":   ", "tabs": ":\t \t", "vertical-tab": ":\v", "form-feed": ": \f",
    "return": ":\r", "no-break-space": ": \xa0", "nul": ":\0", "two-colons": "::", "colon-apart": ": : ",
    "space-before": " : ", "tab-before": "\t: ", "equals": "=", "blank": " ", "semicolon": "; ",
}  # fmt: skip
ENDS = {
    "space": " ", "tab": "\t", "blanks": " \t ", "comma": ",", "comma-blank": ", ", "commas": ",,", "semicolon": ";",
    "dot": ".", "slash": "/", "quote": '"', "vertical-tab": "\v", "form-feed": "\f", "return": "\r", "returns": "\r\r",
    "nul": "\0", "parameter": ";q=1", "comment": " (x)", "no-break-space": "\xa0", "hash": "#", "query": "?",
}  # fmt: skip
STARTS = {
    "comma": ",", "comma-blank": ", ", "commas": ",,", "quote": '"', "single-quote": "'", "angle": "<", "equals": "=",
    "vertical-tab": "\v", "form-feed": "\f", "return": "\r", "nul": "\0", "no-break-space": "\xa0",
    "bom": "\xef\xbb\xbf",
}  # fmt: skip
NEAR_NAMES = (
    "{0}s", "X-{0}", "{0}-X", "{0}_", "{0}.", " {0}", "\t{0}", "{0} ", "{0}\t", "{0}\0", "{0}\x01", "{0}\xe9", "{0}\v",
    "\xa0{0}", "{0}\r", '"{0}"', "{0}@", "{0}/", "{0}{{}}",
)  # fmt: skip
LINES = {
    "garbage": "garbage", "colon": ":", "colon-value": ": x", "nothing": "X-Odd:", "nul": "X-Odd: a\0b",
    "nul-name": "X\0Odd: a", "control": "X-Odd: a\x01b", "return": "X-Odd: a\rb", "return-line": "X-Odd: a\rX-In: 1",
    "return-origin": "X-Odd: a\rAccess-Control-Allow-Origin: *", "blank-name": "X Odd: a", "latin": "X-Odd: \xe9\xff",
    "latin-name": "X-\xd6dd: a", "fold": "X-Odd: a\r\n b", "fold-only": "X-Odd:\r\n b", "fold-end": "X-Odd: a\r\n ",
    "colon-name": "X-Odd:a:b: c", "long": "X-Odd: " + "a" * 20000, "long-name": "X-" + "o" * 500 + ": a",
    "line-feed": "X-Odd: a\nX-In: 1", "delete": "X-Odd: \x7f", "form-feed": "X-Odd: a\fb", "tab-name": "X-Odd\t: a",
    "parens": "X-(Odd): a", "quoted-name": '"X-Odd": a', "number": "1: a", "punctuation": "!#$%&'*+-.^_`|~: a",
    "return-end": "X-Odd: a\r", "two-returns": "X-Odd: a\r\r", "status": "HTTP/1.1 200 OK",
    "return-colon": "X-Odd\r: a",
    "return-empty": "X-Odd: a\r\rX-In: 1", "return-fold": "X-Odd: a\r b", "return-token": "X-Odd: a\r:b",
}  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class Shape:
    """What is odd about one header of one answer: its lines, in place of the right ones."""

    field: str
    name: str
    lines: tuple[str, ...]

    def mutation(self, side: Side) -> Mutation:
        """It as a mutation of the answer to a preflight, or of the other."""
        return Mutation(0, side, RAW + self.field, self.name, self.lines)


def good_values(field: str) -> tuple[str, ...]:
    """Values that do what is asked of a header, the plainest first."""
    return {
        "acao": (PAGE,),
        "acac": ("true",),
        "acam": ("PUT", "GET, PUT"),
        "acah": ("x-custom", "X-Custom, X-More"),
        "expose": ("X-Total", "X-Total, X-Req-Id"),
        "maxage": ("600",),
    }[field]


def bad_values(field: str) -> tuple[str, ...]:
    """Values that do not, or that do something else."""
    special: Mapping[str, tuple[str, ...]] = {
        "acao": ("*", "null", "NULL", OTHER, f"{PAGE}, {OTHER}", f"{OTHER},{PAGE}", f"{PAGE} {PAGE}", f"{PAGE}, {PAGE}",
                 f"{PAGE},*", "*, *", f"{PAGE}/", f"{PAGE}:443", PAGE.upper(), "https://", "//app.example.test", "**",
                 "https://*.test", f"{PAGE}{'a' * 3000}", f"{PAGE},{' ' * 3000}", f'"{PAGE}"', f"<{PAGE}>", ",",
                 "$origin", f"{PAGE}%20", "https://app.example.test.", "https://app.example.test@", "undefined", "\xff",
                 "*;", "* *"),
        "acac": ("True", "TRUE", "tRUE", "1", "yes", "false", "true, true", "true,false", "true true", '"true"', "?1",
                 "true=1", "t rue", "tru", "truee", "*", "on", "null", "\xff", "true\xa0x", "true" * 2000, ",true",
                 ","),
        "acam": ("*", "put", "PUT;GET", "PUT GET", '"PUT"', "PUT, @", "(PUT)", "PUT/1", "PUT, ", ",", ",,PUT", "GET",
                 "*, PUT", "PUT,*", "**", "P\xdcT", "PUT, G\xcbT", "GET,\tPUT", "GET ,PUT", "A" * 9000 + ", PUT",
                 "PUT=1", "PUT:", "[PUT]", "{PUT}", "GET, PUT, ,", "PUT\\", "GET,PUT,PUT", "pUT", "'PUT'", "!, PUT"),
        "acah": ("*", "X-CUSTOM", "x-custom;", "x custom", '"x-custom"', "x-custom, @", "(x-custom)", "x-custom:", ",",
                 ",,x-custom", "x-other", "*, x-custom", "x-*", "**", "x-custom\xe9", "x-custom, \xe9", "x-custom\t,y",
                 "y" * 9000 + ", x-custom", "x-custom=1", "x_custom", "[x-custom]", "x-custom/1", "'x-custom'",
                 "x-custom y"),
        "expose": ("*", "x-total", "X-TOTAL", "X-Total;X-Req-Id", "X-Total X-Req-Id", '"X-Total"', "X-Total, @", "@",
                   "(X-Total)", "X-Total:", ",", ",,X-Total", "*, X-Total", "X-*", "**", "X-Total, \xe9", "X-T\xf6tal",
                   "y" * 9000 + ", X-Total", "X-Total=1", "Set-Cookie, X-Total", "X-Total, Set-Cookie",
                   "X-Total, X-Total", "[X-Total]", "X-Total, a b", "X-Total,", "X-Total ,X-Req-Id", "'X-Total'", '"*"',
                   "X-Absent", "!, X-Total"),
        "maxage": ("0", "-1", "-0", "+600", "600.0", "6e2", "0x258", "600s", "600, 600", "600,0", '"600"', "600;x",
                   "00600", "abc", "", "9" * 30, "-", "1 0", "\xb2", "600\xa0", "6_00", " ", "0600", "2147483648",
                   "18446744073709551616", "-600", "600=1", "max-age=600", "\xd9\xa1\xd9\xa2", "600 600", "1,", ",1"),
    }  # fmt: skip
    return special[field]


def of_field(field: str) -> Iterator[Shape]:
    """Every odd shape of one header."""
    name = HEADER_OF_FIELD[field]
    good = good_values(field)[0]
    half = len(good) // 2
    listed = good_values(field)[-1]

    def shape(what: str, *lines: str) -> Shape:
        return Shape(field, what, lines)

    for spelling in SPELLINGS:
        yield shape(f"spelt {spelling(name)[:7]}", f"{spelling(name)}: {good}")
    for value in (*good_values(field), *bad_values(field)):
        yield shape(f"value {value[:40]}", f"{name}: {value}")
    for first, second in itertools.product(SPELLINGS, SPELLINGS):
        for one, two in ((good, good), ("", good), (good, ""), (good, bad_values(field)[0])):
            yield shape(
                f"two: {first(name)[7]}{second(name)[7]} {one}|{two}", f"{first(name)}: {one}", f"{second(name)}: {two}"
            )
    for values in (("", "", good), (good, "", ""), (good, good, good), ("", ""), (",", good), (good, ","), (" ", good)):
        yield shape(f"lines {values}", *(f"{name}: {value}" for value in values))
    for what, char in CONTROLS.items():
        yield shape(f"{what} within", f"{name}: {good[:half]}{char}{good[half:]}")
        yield shape(f"{what} first", f"{name}: {char}{good}")
        yield shape(f"{what} last", f"{name}: {good}{char}")
        yield shape(f"{what} apart", f"{name}: {good} {char}")
        yield shape(f"{what} alone", f"{name}: {char}")
        yield shape(f"{what} in list", f"{name}: {listed.replace(', ', ',' + char)}")
        yield shape(f"{what} beside", f"{name}: {char}", f"{name}: {good}")
    for what, fold in FOLDS.items():
        yield shape(f"fold {what} within", f"{name}: {good[:half]}{fold}{good[half:]}")
        yield shape(f"fold {what} first", f"{name}:{fold}{good}")
        yield shape(f"fold {what} last", f"{name}: {good}{fold}")
        yield shape(f"fold {what} in list", f"{name}: {listed.replace(', ', ',' + fold)}")
        yield shape(f"fold {what} after", f"{name}: {good}{fold}{good}")
        yield shape(f"fold {what} comma", f"{name}: {good}{fold},{good}")
    for what, between in SEPARATORS.items():
        yield shape(f"separator {what}", f"{name}{between}{good}")
    for what, end in ENDS.items():
        yield shape(f"end {what}", f"{name}: {good}{end}")
    for what, start in STARTS.items():
        yield shape(f"start {what}", f"{name}: {start}{good}")
    for near in NEAR_NAMES:
        yield shape(f"name {near!r}", f"{near.format(name)}: {good}")
        yield shape(f"name {near!r} beside", f"{near.format(name)}: {good}", f"{name}: {good}")
    yield shape("name with blanks", f"{name.replace('-', ' ')}: {good}")
    yield shape("name with underscores", f"{name.replace('-', '_')}: {good}")
    yield shape("return, then the line", f"X-Odd: a\r{name}: {good}")
    yield shape("return, then a line", f"{name}: {good}\rX-In: 1")
    yield shape("return, then it again", f"{name}: {good}\r{name}: {good}")
    yield shape("line feed between", f"{name}: {good}\n{name}: {good}")


BREAKS = frozenset("\0\r\n")
"""For these (and for a line that begins with a blank, which is a fold) Firefox may end a connection of HTTP/2."""
FIELDS = ("acao", "acac", "acam", "acah", "expose", "maxage")
BY_FIELD = {field: tuple({shape.lines: shape for shape in of_field(field)}.values()) for field in FIELDS}
OTHERS = tuple(Shape("other", what, (line,)) for what, line in LINES.items())
SHAPES: tuple[Shape, ...] = (*itertools.chain.from_iterable(BY_FIELD.values()), *OTHERS)
"""Every shape that is odd by itself."""
WEIGHTS = {"acao": 34, "acac": 14, "acam": 12, "acah": 12, "expose": 14, "maxage": 5, "other": 9}
OF_PREFLIGHTS = ("acam", "acah", "maxage")


def table_case(index: int, case_id: str) -> Case:
    """The case of one shape of the table: all of them over HTTP/1.1, then over HTTP/2, and so on."""
    round_, place = divmod(index, len(SHAPES))
    return _case(case_id, ("1.1", "2")[round_ % 2], [SHAPES[place]], random.Random(f"odd:{index}"))


def odd_case(rng: random.Random, case_id: str, http: str) -> Case:
    """A case with one shape or two."""
    shapes: dict[str, Shape] = {}
    for _ in range(rng.choice((1, 1, 2))):
        field = rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        shapes.setdefault(field, rng.choice(BY_FIELD.get(field, OTHERS)))
    return _case(case_id, http, list(shapes.values()), rng)


def _case(case_id: str, http: str, shapes: list[Shape], rng: random.Random) -> Case:
    """Right answers but for the shapes; with a preflight where a shape is of one, or by chance."""
    preflighted = any(shape.field in OF_PREFLIGHTS for shape in shapes) or rng.random() < 0.25
    included = any(shape.field == "acac" for shape in shapes) or rng.random() < 0.4
    mutations: list[Mutation] = []
    for shape in shapes:
        side: Side = "a"
        if shape.field in OF_PREFLIGHTS or (preflighted and shape.field != "expose" and rng.random() < 0.4):
            side = "p"
        mutations.append(shape.mutation(side))
    if not any(one.side == "a" for one in mutations):  # so that it comes from the same server
        mutations.append(Mutation(0, "a", f"{RAW}other", "right", ("X-Fine: 1",)))
    step = Step(
        (URL,),
        method="PUT" if preflighted else "GET",
        headers=(("X-Custom", "1"),) if preflighted else (),
        credentials="include" if included else "omit",
        mutations=tuple(mutations),
    )
    steps = [step]
    if any(shape.field == "maxage" for shape in shapes):
        steps.append(dataclasses.replace(step, wait=rng.choice((0.0, 5.7))))
    lines = [line for one in mutations for line in one.values]
    alone = http == "2" and any(line[0] in " \t" or not BREAKS.isdisjoint(line) for line in lines)
    return Case(case_id, PAGE, tuple(steps), http=http, alone=alone)
