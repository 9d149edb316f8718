"""Known, deliberate differences between browser and addon: each with its reason, and a case that still shows it."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .cases import Case, from_json
from .compare import Check

TABLE = Path(__file__).with_name("known_differences.json")


@dataclasses.dataclass(frozen=True, slots=True)
class Difference:
    """A reviewed difference: a check that matches all of `match` is not counted as a disagreement.

    `match` holds regular expressions, each to be found in the truth line's value of that name.
    """

    name: str
    reason: str
    browser: str
    field: str
    match: Mapping[str, str]
    case: Case

    def covers(self, check: Check) -> bool:
        """Whether a disagreement is this one."""
        return (
            check.truth["browser"] == self.browser
            and check.field == self.field
            and all(re.search(pattern, str(check.truth.get(name))) for name, pattern in self.match.items())
        )


def load(path: Path = TABLE) -> list[Difference]:
    """The reviewed table."""
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return [Difference(**{**row, "case": from_json(row["case"])}) for row in rows]
