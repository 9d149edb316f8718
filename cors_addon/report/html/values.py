"""Plain values of the report's document: visible, of a bounded length, and without what nobody may see."""

import math
from collections.abc import Mapping
from typing import Any

from cors_addon.fetch.masking import masked as masked
from cors_addon.report import text

LONGEST = 2000
"""Characters of one value."""


def shown(value: Any) -> Any:
    """The value with every string in it made visible and cut."""
    if isinstance(value, str):
        return text.shortened(masked(value), LONGEST)
    if isinstance(value, dict):
        return {name: shown(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [shown(each) for each in value]
    return value


def number(value: float | None) -> float | None:
    """A moment or a duration that a browser can show: recordings hold anything."""
    return round(value, 4) if value is not None and math.isfinite(value) and abs(value) < 1e11 else None


def full(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that hold something: None, False and empty values are left out."""
    return {name: value for name, value in fields.items() if value is not False and value not in (None, "", [], {})}
