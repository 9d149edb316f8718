"""Search for an input that a target does not bear: `python -m tests.fuzz TARGET`, by scripts/fuzz.

Guided by coverage where atheris is installed: what reaches new code is kept, and changed further. Without it inputs are
drawn from the corpus blindly, and it says so.
"""

import argparse
import importlib
import os
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any

LARGEST = 1 << 16
"""Bytes of an input."""
SLOWEST = 20
"""Seconds after which an input counts as one that hangs."""
LARGEST_PROCESS = 2048
"""Megabytes."""


def _atheris() -> Any:
    """The fuzzer, or None."""
    try:
        return importlib.import_module("atheris")
    except ImportError:
        return None


def guided(atheris: Any, name: str, work: Path, limits: list[str]) -> None:
    """Run one target; what is found stands in `work`. Never returns."""
    with atheris.instrument_imports(include=["cors_addon"], enable_loader_override=False):
        from tests.fuzz import targets
    from tests.fuzz.mutate import mutate

    target = targets.TARGETS[name]

    def changed(data: bytes, most: int, seed: int) -> bytes:
        if seed % 3 == 0:
            return bytes(atheris.Mutate(data, most))
        return mutate(bytes(data), target.form, Random(seed))[:most]

    found = work / name
    found.mkdir(parents=True, exist_ok=True)
    options = [f"-max_len={LARGEST}", f"-timeout={SLOWEST}", f"-rss_limit_mb={LARGEST_PROCESS}", "-print_final_stats=1"]
    places = [f"-artifact_prefix={work / name}-", str(found), str(targets.CORPUS / name)]
    atheris.Setup(
        [sys.argv[0], *options, *limits, *places], lambda data: target.run(bytes(data)), custom_mutator=changed
    )
    atheris.Fuzz()


def blind(name: str, work: Path, seconds: float, runs: int) -> int:
    """The same without guidance; how many inputs were run."""
    from tests.fuzz import targets
    from tests.fuzz.mutate import mutate

    target = targets.TARGETS[name]
    known = [file.read_bytes() for file in sorted((targets.CORPUS / name).iterdir())]
    until, count, draw = time.monotonic() + seconds, 0, Random()
    while time.monotonic() < until and not (runs and count >= runs):
        data = mutate(draw.choice(known), target.form, draw)[:LARGEST]
        count += 1
        try:
            target.run(data)
        except BaseException:
            work.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("wb", dir=work, prefix=f"{name}-crash-", delete=False) as file:
                file.write(data)
            _say(f"the input stands in {file.name}")
            raise
        if len(known) < 10_000 and draw.randrange(50) == 0:
            known.append(data)  # a few changes further away
    return count


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def main() -> None:
    """Run a target for some time, or the inputs that are given, once."""
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("target", help="which")
    parser.add_argument("inputs", nargs="*", type=Path, metavar="FILE", help="run these alone, as one that failed")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--runs", type=int, default=0, help="inputs at most")
    parser.add_argument("--work", type=Path, default=Path(".fuzz"), help="where what is found is kept (.fuzz)")
    options = parser.parse_args()
    if options.inputs:
        from tests.fuzz import targets

        for file in options.inputs:
            targets.TARGETS[options.target].run(file.read_bytes())
        return
    seconds = int(options.minutes * 60)
    atheris = _atheris()
    if atheris is None:
        _say("atheris is not installed: inputs are drawn blindly, not guided by coverage")
        _say(f"{options.target}: {blind(options.target, options.work, seconds, options.runs):,} executions")
        return
    os.environ.setdefault("PYTHONHASHSEED", "0")
    guided(atheris, options.target, options.work, [f"-max_total_time={seconds}", f"-runs={options.runs or -1}"])


if __name__ == "__main__":
    main()
