"""What goes to mitmproxy's log, and so to a terminal: text and ends of lines alone, and no secrets."""

import logging
import traceback

from cors_addon.fetch.masking import masked
from cors_addon.report.terminal import safe

AS_IT_IS = "cors_as_it_is"
"""An attribute of records in which the user asked for secrets."""


def logger_of(module: str) -> logging.Logger:
    """The logger of a module of ours; it takes the place of `logging.getLogger`."""
    found = logging.getLogger(module)
    for earlier in [each for each in found.filters if getattr(each, "__module__", "") == __name__]:
        found.removeFilter(earlier)  # of a script that was loaded anew: it knows nothing of what is shown now
    found.addFilter(_safe)
    return found


def _safe(record: logging.LogRecord) -> bool:
    text = record.getMessage()
    if record.exc_info and record.exc_info[1] is not None:  # its message may hold anything, too
        text = f"{text}\n{''.join(traceback.format_exception(record.exc_info[1])).rstrip()}"
        record.exc_info = record.exc_text = None
    record.msg, record.args = safe(text if getattr(record, AS_IT_IS, False) else masked(text)), ()
    return True
