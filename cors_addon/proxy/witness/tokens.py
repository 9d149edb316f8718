"""Paths to which witnesses report: each names the document or worker that it was given to, and nobody can make one.

Law: a path is good for one client, one origin and one document, in one run. To another page it is of no use.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Hashable

from cors_addon.exchange.page_call import Scene
from cors_addon.fetch.patterns import pattern

PREFIX = "/.cors-addon-witness/"
"""With which the path of every report begins, of this run or of another: no server is to see one."""
_PATH = pattern(re.escape(PREFIX) + r"(?P<scene>[A-Za-z0-9-]{1,64})\.(?P<mark>[0-9a-f]{32})")


class Tokens:
    """Those of one run."""

    def __init__(self) -> None:
        """Draw a secret."""
        self._secret = secrets.token_bytes(32)

    def path_for(self, scene: Scene) -> str:
        """Where it reports to."""
        return f"{PREFIX}{scene.flow_id}.{self._mark(scene)}"

    def scene_of(self, path: str, client: Hashable, origin: str) -> Scene | None:
        """What reports there; None where this client or origin was never given that path."""
        match = _PATH.fullmatch(path)
        if match is None:
            return None
        scene = Scene(client, origin, match["scene"])
        return scene if hmac.compare_digest(self._mark(scene), match["mark"]) else None

    def _mark(self, scene: Scene) -> str:
        message = "\n".join(map(repr, scene)).encode()
        return hmac.new(self._secret, message, hashlib.sha256).hexdigest()[:32]
