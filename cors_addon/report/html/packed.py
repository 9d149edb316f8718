"""The report's data as they stand in the file: the same values, most of them written once. `packed.js` undoes it.

What two exchanges have in common is most of what is said of either, down to the browser's message, which differs in the
URL alone: values stand in one list, `values`, and everything else is numbers of them.
"""

import json
from collections.abc import Mapping
from typing import Any

FETCH = ("origin", "method", "url", "state", "at", "key", "members")
MEMBER = ("id", "at", "ms", "url", "endpoint", "outcome", "detail", "age", "pair")
_POOLED = frozenset({"origin", "method", "url", "state"})


class _Values:
    """All values, each once."""

    def __init__(self) -> None:
        self.listed: list[Any] = []
        self._numbers: dict[str, int] = {}

    def number(self, value: Any) -> int:
        """Where a value stands."""
        if isinstance(value, str):
            known_by = value
        else:
            known_by = "\0" + json.dumps(value)  # no text that is shown has a control character
        number = self._numbers.get(known_by)
        if number is None:
            number = self._numbers[known_by] = len(self.listed)
            self.listed.append(value)
        return number

    def row(self, fields: Mapping[str, Any], names: tuple[str, ...]) -> list[Any]:
        """Fields in this order; what is not there is None, and left out at the end."""
        row = [
            self.number(value) if name in _POOLED and value is not None else value
            for name, value in ((name, fields.get(name)) for name in names)
        ]
        while row and row[-1] is None:
            row.pop()
        return row


def packed(whole: Mapping[str, Any]) -> dict[str, Any]:
    """`document.document` with `details` and `fetches` packed, `values`, and what stands where in `rows`.

    A detail is a list of numbers, that of a field's name before that of its value. Lines of its `console` with the URL
    of its exchange are lists of what stands between.
    """
    values, details = _Values(), _Values()
    fetches = []
    for each in whole["fetches"]:
        members = []
        for member in each["members"]:
            detail = whole["details"][member.get("detail", 0)]
            pairs = [values.number(part) for pair in _without(member.get("url", each["url"]), detail) for part in pair]
            members.append(values.row({**member, "detail": details.number(pairs)}, MEMBER))
        fetches.append(values.row({**each, "members": members}, FETCH))
    rows = {"fetch": FETCH, "member": MEMBER, "pooled": sorted(_POOLED)}
    return {**whole, "fetches": fetches, "details": details.listed, "values": values.listed, "rows": rows}


def _without(url: str, detail: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The fields of a detail, without the URL in what the console says."""
    return [
        (name, [line.split(url) if url and url in line else line for line in value] if name == "console" else value)
        for name, value in detail.items()
    ]
