"""The script that is put into pages and workers, in one line."""

import json
from functools import cache
from pathlib import Path

from cors_addon.proxy.witness.tokens import PREFIX


@cache
def _source() -> str:
    """`witness.js` in one line, for the lines of what follows are to keep their numbers."""
    lines = Path(__file__).with_name("witness.js").read_text(encoding="ascii").splitlines()
    return " ".join(line.strip() for line in lines if not line.lstrip().startswith("//"))


def text(report: str, realm: str) -> bytes:
    """The script that reports to this path; `realm`: `document`, `frame`, `worker`, `sharedworker`, `serviceworker`."""
    settings = json.dumps({"report": report, "realm": realm, "prefix": PREFIX})
    return f"{_source()}({settings});".encode("ascii")


def element(script: bytes, nonce: str | None) -> bytes:
    """The script as an element of a document."""
    attribute = "" if nonce is None else f' nonce="{nonce}"'
    return b"<script%s>%s</script>" % (attribute.encode("ascii"), script)
