"""What all tests share."""

import signal
from typing import Any

import hypothesis
import pytest

# a machine under load makes any test slow: what is too slow shows in the benchmark
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

# a shell has what it starts in the background ignore Ctrl-C, and so all that is started from there
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

FIRST = ("tests/test_start.py", "tests/servers/test_outside_browsers.py", "tests/browser/test_browser_")
BROWSERS = ("chromium", "firefox", "webkit")


def shared(nodeid: str) -> str:
    """What tests share that is dear stays on one worker: a file's browser, what its fixtures make, what it has read."""
    file, _, name = nodeid.partition("::")
    if file.startswith("tests/browser/"):
        return f"{file}::{next((browser for browser in BROWSERS if browser in name), '')}"
    return file


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what installs and starts programs; then by name."""
    items.sort(key=lambda item: not item.nodeid.startswith(FIRST))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep those together that share something dear; spread all others."""
    # The mark xdist_group would do, but pytest 9.2 silently ignores it: https://github.com/pytest-dev/pytest-xdist/issues/1386
    from xdist.scheduler.loadscope import LoadScopeScheduling  # type: ignore[import-untyped]

    class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return shared(nodeid)

    # what takes longest comes first, see below: else one worker is left with it while the others have nothing to do
    config.option.loadscopereorder = False
    return Scheduling(config, log)
