"""What speaks for and against pairs of requests, see `matching`."""

from typing import NamedTuple


class Costs(NamedTuple):
    """What speaks against a hypothesis; only how the sums compare matters.

    Set by hand on what three browsers did in 3,500 cases each of `scripts/browser-truth --family parallel`, and held
    against others that had not been looked at.
    """

    unfollowed: float = 6.0
    """Nothing follows what passed its check under every credentials mode that is possible."""
    maybe_unfollowed: float = 1.0
    """Nothing follows what passes its check under one of two possible modes."""
    conflict: float = 8.0
    """Two requests of one fetch show different credentials modes."""
    half_known: float = 0.3
    """One of two shows its credentials mode, the other does not."""
    storage_access: float = 2.0
    """A preflight bears Sec-Fetch-Storage-Access, its request does not: Gecko gives it to both, or to neither."""
    conditional: float = 0.5
    """The pair makes one of two modes certain."""
    idle: float = 4.0
    """A second before a request in which nothing like it was answered, from its preflight on: browsers go on at once,
    but for want of a connection, which an answer makes free."""
    delay: float = 0.6
    """A second between a redirect and what follows."""
    most_delay: float = 2.0
    """Seconds from which on it makes no difference."""
    dropped: float = 1.0
    """A name that the preflight asks for, which a redirect took from the request."""
    borne: float = -1.0
    """A name that the preflight asks for, and the request bears: one that asks for less is another's."""
    order: float = 0.1
    """A second between a preflight and its request, squared: of those that are alike, the first is for the first."""
    kept: float = -1e-9
    """The pair is that of before: of those that are as good, none need be judged anew."""
    same: float = 1e-9
    """Sums that differ by no more are the same."""
    names: float = 2.0
    """A redirected preflight asks for other header names than the one before: where redirects drop some."""
    same_connection: float = -0.5
    """What follows a redirect or a preflight comes on a connection that has just become free, and is of its window."""
    own_connection: float = -3.0
    """Over HTTP/2, what goes with a preflight is on its connection, unless it includes credentials."""
    cached: float = 1.5
    """The preflight is in the cache."""
    queued: float = 4.0
    """It was, and the request may have waited for a connection since."""
    repeated: float = 2.0
    """A preflight has had its request, which came to nothing and may be sent again."""
    unseen: float = 12.0
    """A preflight was needed, and none was seen."""
    apart: float = 1.0
    """The page sent a preflight by itself that looks like a redirected one's."""
    simple: float = 0.5
    """The page sent a request by itself that looks like a redirected one."""
    refused: float = 9.0
    """A refused redirect is followed all the same."""
    tainted: float = 10.0
    """The page sent a request by itself that bears the mark of a redirect to a third origin."""
    went_on: float = -2.0
    """A refused redirect is followed that may have been no cors request's, or not be refused after all."""


COSTS = Costs()
