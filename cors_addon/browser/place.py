"""Where a browser is to live, and which proxy it is to use."""

from pathlib import Path
from typing import NamedTuple

from cors_addon.browser.authority import Authority


class Place(NamedTuple):
    """What a browser's profile is made for."""

    profile: Path
    """A folder, which is there and empty."""
    proxy: str
    """HOST:PORT, with brackets around an address of IPv6."""
    authority: Authority | None
    """To be trusted; None where it could not be read."""
