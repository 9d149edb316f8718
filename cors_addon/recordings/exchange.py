"""What a recording gives: one exchange at a time, and what the recording cannot tell of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from cors_addon.exchange.model import Observation, PreflightsSeen, Word


class Recorded(NamedTuple):
    """One exchange of a recording."""

    observation: Observation
    notes: tuple[str, ...] = ()
    """What had to be assumed because the recording does not tell."""
    evidence_only: bool = False
    """It has no Origin and leads nowhere: of use at most for the credentials that it carries, and as stored."""
    replayed: bool = False
    """mitmproxy sent the request itself: no browser judged the answer."""
    sees: PreflightsSeen = PreflightsSeen.ALL
    """How many of the preflights the recording holds, as far as it was read."""
    follows: bool = True
    """What follows an exchange is in the recording as well, whatever came of it: its absence tells."""
    word: Word | None = None
    """What the browser itself says of it. Where `observation.status` is None, there is nothing else to judge by."""
    load: bool = False
    """It is a page, or something beside CORS may keep it from one."""
    chosen: bool = True
    """The user's filter selects it. What is not selected still tells of what is: its preflight, its cookies."""
    one_window: bool = False
    """The browser itself recorded one window of its own: all cookies are in one jar."""
    word_alone: bool = False
    """The recording does not have the headers of the answer: there is nothing but the word to judge by."""
    report: bytes = b""
    """The request's body, where a browser reports by it what it did not send."""


type Note = Callable[[str, int], None]
"""Takes what a file does not tell, and of how many exchanges."""


@dataclass
class Learned:
    """What was found out of a recording's pages so far, for its reader: it is read while it is judged."""

    integrity_seen: bool = False
    """Some page has an element that names a digest: then its own scripts and style sheets are loads to be looked at."""


class Wanted(NamedTuple):
    """What is wanted of a reader."""

    note: Note
    expression: str = ""
    """A mitmproxy filter: only what it selects is `chosen`."""
    whole_name: bool = False
    """Ids of exchanges that have none in the file begin with its whole name, for another file has the same last name.
    """
    learned: Learned = Learned()  # of a reader whom nobody tells
