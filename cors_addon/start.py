"""Makes ``mitmproxy -s cors_addon`` work verbatim: stock mitmproxy wants the path of a file there.

``cors_addon.pth``, which is installed beside the package, is a line that Python runs whenever it starts in that
environment. It imports this module only where the command line contains ``cors_addon``, which no other program pays
for with more than a look at its ``sys.argv``. Python 3.15 and newer read ``cors_addon.start`` in its place, which names
``_cors_addon_start.main``; Python 3.18 is to ignore the line.
"""

import os
import re
import sys
from collections.abc import Sequence

from cors_addon.fetch.patterns import pattern

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "__init__.py")

PROGRAM = pattern(r"mitm(?:proxy|web|dump)(?:\.exe|(?:-script)?\.pyw?)?", re.IGNORECASE)
# argparse lets flags that take no value (of mitmproxy's: -h -k -n -q -v) share the dash with -s, and long options be
# abbreviated while they stay unambiguous (--s is not).
OPTION = pattern(r"-[hknqv]*s|--sc(?:r(?:i(?:p(?:ts?)?)?)?)?")
OPTION_AND_VALUE = pattern(rf"((?:{OPTION.pattern})=|-[hknqv]*s)cors_addon")


def rewrite(argv: list[str]) -> None:
    """Replace the script ``cors_addon`` in ``argv``, in place, by the path of the installed file, if mitmproxy runs.

    A file of that name in the current folder is the user's own script and stays; a folder can be none.
    """
    if not PROGRAM.fullmatch(os.path.basename(argv[0])) or os.path.isfile("cors_addon"):
        return
    for index, argument in enumerate(options(argv[1:]), start=1):
        if argument == "cors_addon" and OPTION.fullmatch(argv[index - 1]):
            argv[index] = SCRIPT
        elif match := OPTION_AND_VALUE.fullmatch(argument):
            argv[index] = match[1] + SCRIPT


def options(arguments: Sequence[str]) -> Sequence[str]:
    """Return the arguments before ``--``, after which there are no options."""
    return arguments[: arguments.index("--")] if "--" in arguments else arguments


def main() -> None:
    """Rewrite the command line of this process; called by ``cors_addon.pth``."""
    rewrite(sys.argv)
