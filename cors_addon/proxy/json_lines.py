"""A sink of judgements: the file of JSON lines. What goes wrong with it is said once, and never reaches the traffic."""

from pathlib import Path

from mitmproxy import exceptions, http

from cors_addon.exchange.model import Judgement
from cors_addon.proxy.line_file import LineFile
from cors_addon.report import jsonl


class JsonLines:
    """Appends a line per judgement, so soon that `tail -f` shows it at once."""

    takes_probes = True

    def __init__(self, path: Path) -> None:
        """Open `path` for appending; raises OSError."""
        self._lines = LineFile(path, "cors_jsonl")
        self._lines.open()

    def write(self, judgement: Judgement, _flow: http.HTTPFlow | None = None) -> None:
        """Append one line."""
        self._lines.write(jsonl.dumps(judgement))

    def close(self) -> None:
        """Write what waits; later lines are dropped."""
        self._lines.close()


def opened(path: Path) -> JsonLines:
    """The file that the option names, as a sink; raises OptionsError."""
    try:
        return JsonLines(path)
    except OSError as error:
        raise exceptions.OptionsError(f"cors_jsonl: cannot open {path}: {error.strerror}") from error
