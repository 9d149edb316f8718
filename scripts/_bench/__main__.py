"""The command: `scripts/bench`."""

import argparse
import asyncio
import operator
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from _bench import proxied
from _bench.proxied import ROWS, Failed, Row
from _bench.traffic import LARGE, LOADS

ENGINE = "engine"
ABOUT = {
    "bare": "bare mitmdump",
    "hook1": "+ a script with one empty hook",
    "hook4": "+ a script with four empty hooks",
    "modify_headers": "+ modify_headers, two rules",
    "addon": "+ cors_addon",
    "addon+policy": "+ cors_addon, a policy as modify_headers",
    "addon+witness": "+ cors_addon, cors_witness on",
    "addon+jsonl": "+ cors_addon, cors_jsonl on",
    proxied.WEB: "bare mitmweb",
    f"{proxied.WEB}+addon": "+ cors_addon",
    proxied.TAB: "bare mitmweb, shown in a tab",
    f"{proxied.TAB}+addon": "+ cors_addon",
}
TARGETS = {"CORS": 1.019, "other": 1.006, "embedded": 1.01, LARGE: 1.019}
WEB_TARGETS = {f"{proxied.WEB}+addon": 1.025, f"{proxied.TAB}+addon": 1.03}
"""Of mitmweb, for the CORS load."""
POLICY_TARGET = 1.0
WITNESS_TARGET = 1.1
"""For a document."""
MEMORY_TARGET = 1.0
_MEMORY_SETTLED = 40_000
_LIVE_SETTLED = 20_000

HELP = """
The cost per proxied request is counted in instructions: mitmdump runs under valgrind's callgrind, which
counts from after the first 100 requests until all is done; the client and the server run outside. That
repeats to 0.02 % mostly, to 0.1 % always, however busy the machine is; a row takes one to four minutes.
Rows: bare, hook1, hook4, modify_headers, addon, addon+policy (the edits of modify_headers), addon+witness, addon+jsonl,
and engine, which is timed in-process. With addon+policy, what the policy adds to the addon is set against what
modify_headers adds to bare: --only modify_headers addon addon+policy. With addon+witness, what a document costs is set
against one without: --only addon addon+witness --load documents.

--offline counts seconds of CPU, medians of three runs in turns; --quick --offline takes a minute.
"""


def main() -> int:
    """Measure what the command line asks for."""
    names = [row.name for row in ROWS]
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="What cors_addon costs, as ratios to a bare mitmdump.",
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="fewer requests (or flows): less exact, and sooner done")
    parser.add_argument("--only", nargs="+", metavar="ROW", choices=[*names, ENGINE], help="only these rows (and bare)")
    parser.add_argument("--load", nargs="+", metavar="LOAD", choices=list(LOADS), help="only: " + "; ".join(LOADS))
    parser.add_argument(
        "--memory",
        nargs="?",
        choices=["file", "live"],
        const="file",
        help="instead: memory of mitmdump, with the addon and bare, over 200,000 flows of a file, or with live over "
        "80,000 requests of eight clients",
    )
    parser.add_argument(
        "--offline",
        action="store_true",
        help="instead: CPU of `cors-addon check` on a dump of 100,000 flows, as ratios to mitmproxy's reader and to "
        "mitmdump, on other recordings of 100 MB, as ratios to json.load, for two files at a time, and its memory on a "
        "HAR of 2000 MB; with --quick a tenth of all",
    )
    parser.add_argument(
        "--start",
        action="store_true",
        help="instead: instructions of cors-addon's commands and of the library, as multiples of `python -c pass`, and "
        "of mitmdump until it is ready, as a ratio to bare",
    )
    parser.add_argument("--flows", type=int, metavar="N", help="with --offline: so many flows in the dump")
    parser.add_argument("--har", type=int, metavar="MB", help="with --offline: the size of the HAR; 0 for none")
    parser.add_argument("--requests", type=int, metavar="N", help="count so many requests (200)")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="rows measured at a time")
    options = parser.parse_args()
    try:
        if options.memory:
            asyncio.run(_memory(live=options.memory == "live", quick=options.quick))
            return 0
        if options.offline:
            _offline(options)
            return 0
        if options.start:
            return _start()
        rows = [row for row in ROWS if not options.only or row.name in options.only]
        if options.only is None or ENGINE in options.only:
            _engine()
        if rows:
            if missing := proxied.missing():
                print(missing, file=sys.stderr)
                return 2
            needed = {row.name for row in rows} | {row.beside for row in rows}
            rows = [row for row in ROWS if row.name in needed]
            asyncio.run(_proxied(rows, options))
    except Failed as error:
        print(f"scripts/bench: {error}", file=sys.stderr)
        return 1
    except TimeoutError:
        print("scripts/bench: gave up: mitmdump did not answer in time", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


_STARTED = time.monotonic()


def _say(text: str) -> None:
    print(f"[{time.monotonic() - _STARTED:4.0f} s] {text}", file=sys.stderr, flush=True)


def _engine() -> None:
    from _bench.engine import timings

    _say("timing the pure engine")
    fixed, *rest = timings()
    _table(
        ["the pure engine, best of several rounds", "µs", "ratio", "target"],
        [
            [fixed.name, f"{fixed.microseconds:.1f}", "1.000", ""],
            *(
                [
                    each.name,
                    f"{each.microseconds:.2f}",
                    f"{each.microseconds / fixed.microseconds:.3f}",
                    "" if each.target is None else f"< {each.target:g} µs{_verdict(each.microseconds < each.target)}",
                ]
                for each in rest
            ),
        ],
    )


async def _proxied(rows: Sequence[Row], options: argparse.Namespace) -> None:
    loads: list[str] = options.load or list(LOADS)
    warm = 40 if options.quick else 100
    requests: int = options.requests or (40 if options.quick else 200)
    requests = max(10, requests // 10 * 10)  # the loads repeat themselves every ten
    jobs = max(1, options.jobs)
    _say(f"{len(rows)} rows, {len(loads)} loads of {requests} requests each, {jobs} at a time")
    turns = asyncio.Semaphore(jobs)

    async def measure(row: Row) -> dict[str, float]:
        async with turns:
            with tempfile.TemporaryDirectory(prefix="bench-") as folder:
                return await proxied.measure(row, loads, Path(folder), warm_up=warm, most=requests, say=_say)

    found = await asyncio.gather(*map(measure, rows))
    counted = {row.name: counts for row, counts in zip(rows, found, strict=True)}
    lines = [
        [
            ABOUT[row.name],
            *(
                cell
                for load in loads
                for cell in (f"{counts[load]:,.0f}", f"{counts[load] / counted[row.beside][load]:.4f}{_web(row, load)}")
            ),
        ]
        for row, counts in zip(rows, found, strict=True)
    ]
    lines.append(["target for cors_addon", *(cell for load in loads for cell in ("", _target(load)))])
    for row, counts in zip(rows, found, strict=True):
        if row.name == "addon":
            met = [
                counts[load] / counted[row.beside][load] <= TARGETS[load] if load in TARGETS else None for load in loads
            ]
            lines.append(
                ["  met?", *(cell for each in met for cell in ("", "" if each is None else "yes" if each else "NO"))]
            )
    _table(
        ["instructions per proxied request", *(cell for load in loads for cell in (load, "ratio"))],
        lines,
    )
    if {"modify_headers", "addon", "addon+policy"} <= counted.keys():
        _compare(loads, counted)
    if {"addon", "addon+witness"} <= counted.keys():
        ratios = [counted["addon+witness"][load] / counted["addon"][load] for load in loads]
        lines = [
            ["cors_witness on", *(f"{ratio:.4f}" for ratio in ratios)],
            ["target", *(f"{WITNESS_TARGET:g}" if load == "documents" else "-" for load in loads)],
        ]
        _table(["of cors_addon without", *loads], lines)


def _compare(loads: Sequence[str], counted: dict[str, dict[str, float]]) -> None:
    """What a policy adds against what mitmproxy's own `modify_headers` adds for the same edits."""
    yardstick = [counted["modify_headers"][load] - counted["bare"][load] for load in loads]
    ours = [counted["addon+policy"][load] - counted["addon"][load] for load in loads]
    ratios = [one / other for one, other in zip(ours, yardstick, strict=True)]
    _table(
        ["the same edits add", *(cell for load in loads for cell in (load, "ratio"))],
        [
            ["modify_headers, to bare", *(cell for each in yardstick for cell in (f"{each:,.0f}", f"{1:.3f}"))],
            [
                "a policy, to cors_addon",
                *(cell for each, ratio in zip(ours, ratios, strict=True) for cell in (f"{each:,.0f}", f"{ratio:.3f}")),
            ],
            ["target", *(cell for _ in loads for cell in ("", f"{POLICY_TARGET:g}"))],
            ["  met?", *(cell for ratio in ratios for cell in ("", "yes" if ratio <= POLICY_TARGET else "NO"))],
        ],
    )


def _web(row: Row, load: str) -> str:
    return f" (target {WEB_TARGETS[row.name]:g})" if load == "CORS" and row.name in WEB_TARGETS else ""


def _target(load: str) -> str:
    return f"{TARGETS[load]:g}" if load in TARGETS else "-"


def _verdict(met: bool) -> str:
    return "" if met else "  MISSED"


async def _memory(*, live: bool, quick: bool) -> None:
    from _bench import memory

    every, settled = (memory.LIVE_EVERY, _LIVE_SETTLED) if live else (memory.EVERY, _MEMORY_SETTLED)
    flows = settled + every if quick else memory.LIVE_REQUESTS if live else memory.FLOWS
    rows = [row for row in ROWS if row.name in ("bare", "addon")]
    _say(f"{flows:,} {'requests' if live else 'flows'}, {' and '.join(row.name for row in rows)} at a time")

    async def measure(row: Row) -> dict[int, int]:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            if live:
                return await memory.measure_live(row, Path(folder), requests=flows, say=_say)
            return await memory.measure(row, Path(folder), flows=flows, say=_say)

    found = await asyncio.gather(*map(measure, rows))
    lines = [[f"{number:,}", *(f"{each[number] / 1024:.1f} MiB" for each in found)] for number in found[0]]
    ratios = [each[flows] / each[settled] for each in found]
    lines.append([f"{flows:,} / {settled:,}", *(f"{each:.3f}" for each in ratios)])
    lines.append(["target", "", f"{MEMORY_TARGET:.1f}"])
    _table(["requests" if live else "flows read", *(ABOUT[row.name] for row in rows)], lines)


def _start() -> int:
    from _bench import start

    if missing := proxied.missing():
        print(missing, file=sys.stderr)
        return 2
    _table(["a start", "instructions", "ratio", "target", "met?"], start.run(_say))
    return 0


def _offline(options: argparse.Namespace) -> None:
    from _bench import offline

    share = 10 if options.quick else 1
    flows = offline.FLOWS // share if options.flows is None else max(1, options.flows)
    megabytes = offline.HAR_SIZE // share if options.har is None else options.har
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        found = offline.cpu(Path(folder), flows=flows, rounds=offline.ROUNDS, say=_say)
        reader, mitmdump = found[offline.READER], found[offline.MITMDUMP_READS]
        targets = (offline.READER_TARGET, offline.MITMDUMP_TARGET)
        lines = []
        for name, seconds in found.items():
            ratios = (seconds / reader, seconds / mitmdump)
            missed = name in offline.CHECKS and any(map(operator.gt, ratios, targets))
            lines.append(
                [
                    name,
                    f"{seconds:.2f}",
                    f"{seconds / flows * 1e6:.0f}",
                    *(f"{ratio:.3f}" for ratio in ratios),
                    _verdict(not missed).strip(),
                ]
            )
        lines.append(["target for check", "", "", *(f"{target:.2f}" for target in targets), ""])
        _table(
            [f"{flows:,} flows", "CPU s", "µs a flow", f"/ {offline.READER}", f"/ {offline.MITMDUMP_READS}", ""], lines
        )
        _table(*_beside_json(Path(folder), offline.RECORDED // share))
        one, two = offline.jobs(Path(folder), megabytes=offline.RECORDED // share, rounds=offline.ROUNDS, say=_say)
        ratio = two.elapsed / one.elapsed
        _table(
            ["two HARs, least of several", "CPU s", "seconds", "ratio", "target"],
            [
                ["--jobs 1", f"{one.seconds:.2f}", f"{one.elapsed:.2f}", "1.000", ""],
                [
                    "--jobs 2",
                    f"{two.seconds:.2f}",
                    f"{two.elapsed:.2f}",
                    f"{ratio:.3f}",
                    f"{offline.JOBS_TARGET:.2f}{_verdict(ratio <= offline.JOBS_TARGET)}",
                ],
            ],
        )
        if megabytes > 0:
            cost = offline.har(Path(folder), megabytes=megabytes, say=_say)
            met = _verdict(cost.megabytes < offline.MEMORY_TARGET)
            _table(
                [f"a HAR of {megabytes:,} MB", "CPU s", "MB at most", "target"],
                [["check", f"{cost.seconds:.1f}", f"{cost.megabytes:.0f}", f"< {offline.MEMORY_TARGET:.0f}{met}"]],
            )


def _beside_json(folder: Path, megabytes: int) -> tuple[list[str], list[list[str]]]:
    from _bench import offline

    lines = []
    for name, costs in offline.beside_json(folder, megabytes=megabytes, rounds=offline.ROUNDS, say=_say).items():
        ratios = [each.seconds / costs[0].seconds for each in costs]
        target = offline.JSON_TARGETS[name]
        lines.append(
            [
                name,
                *(
                    cell
                    for cost, ratio in zip(costs, ratios, strict=True)
                    for cell in (f"{cost.seconds:.2f}", f"{ratio:.2f}")
                ),
                f"{target:.1f}{_verdict(ratios[1] <= target)}",
                f"{max(cost.megabytes for cost in costs[1:]):.0f}",
            ]
        )
    checks = (cell for each in ("json.load", *offline.CHECKS) for cell in (f"{each}, CPU s", "ratio"))
    return [f"recordings of {megabytes:,} MB", *checks, "target", "MB at most"], lines


def _table(head: list[str], lines: list[list[str]]) -> None:
    widths = [max(len(line[place]) for line in [head, *lines]) for place in range(len(head))]
    print()
    for line in (head, ["-" * width for width in widths], *lines):
        first, *rest = (
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        print("  ".join([first, *rest]).rstrip())
    print(flush=True)


sys.exit(main())
