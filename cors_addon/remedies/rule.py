"""What a rule of remedies gives: its remedies, and whether the answer's headers are to be changed beside them."""

from enum import Enum
from typing import NamedTuple

from cors_addon.remedies.value import Remedy


class Headers(Enum):
    """Where the smallest change to the answer's headers stands among the remedies."""

    FIRST = "first"
    LAST = "last"
    NEVER = "never"
    """It cannot be had, or would make matters worse."""


class Ruling(NamedTuple):
    """What one rule finds."""

    remedies: tuple[Remedy, ...] = ()
    headers: Headers = Headers.LAST
