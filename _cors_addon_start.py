"""What Python 3.15 and newer call as they start, as ``cors_addon.start`` says, in place of ``cors_addon.pth``.

https://peps.python.org/pep-0829/. It stands outside of the package, so that nothing of that is loaded: every program
pays that starts in this environment. It asks what the line in the other file asks.
"""

import sys


def main() -> None:
    """Make ``mitmproxy -s cors_addon`` work verbatim, where that is what runs."""
    if "cors_addon" in str(getattr(sys, "argv", "")) and "mitm" in str(sys.argv[0]).lower():
        from cors_addon import start

        start.main()
