"""What a recording gives: one exchange at a time, and what the recording cannot tell of it."""

from typing import NamedTuple

from cors_addon.exchange.model import Observation


class Recorded(NamedTuple):
    """One exchange of a recording."""

    observation: Observation
    notes: tuple[str, ...] = ()
    """What had to be assumed because the recording does not tell."""
    evidence_only: bool = False
    """It has no Origin and leads nowhere: of use at most for the credentials that it carries, and as stored."""
    replayed: bool = False
    """mitmproxy sent the request itself: no browser judged the answer."""
    complete: bool = True
    """The recording shows all that the browser sent: no preflight is absent from it."""
    keeps_preflights: bool = True
    """It has shown some preflights so far. One that has none may lack any: then not even a request that followed
    nothing proves that it was refused."""
