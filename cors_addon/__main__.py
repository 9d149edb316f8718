"""``python -m cors_addon`` is the command ``cors-addon``."""

import sys

from cors_addon.cli import main

if __name__ == "__main__":
    sys.exit(main())
