"""The summary as JUnit XML: a suite for each page and server, a test case for each endpoint.

Valid by the schema that Jenkins' xUnit plugin and most readers go by (junit-10.xsd). Names hold no ids or times, so
that a CI server can follow a case from run to run.
"""

import time
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from cors_addon.fetch.patterns import pattern
from cors_addon.report import answered, remedied
from cors_addon.report.blocked_loads import Blocked, Group, cured, headline
from cors_addon.report.counted import CountedOutcome, Endpoint, as_counted
from cors_addon.report.findings import finding_phrase
from cors_addon.report.situation import told_of
from cors_addon.report.summary import Summary, Tally
from cors_addon.report.table import damage_line, names
from cors_addon.report.text import phrase, visible

_NOT_XML = pattern("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(summary: Summary, *, now: float | None = None) -> str:
    """The XML text."""
    suites: dict[str, dict[Endpoint, dict[CountedOutcome, Tally]]] = {}
    for endpoint, outcomes in summary.rows.items():
        suites.setdefault(f"{endpoint.origin or 'any page'} → {endpoint.server}", {})[endpoint] = outcomes
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
    texts = [_suite(summary, name, rows, stamp) for name, rows in suites.items()]
    if blocked := summary.blocked.groups():
        texts.append(_blocked(blocked, stamp))
    texts.append(_inputs(summary, stamp))
    tests = sum(tests for tests, *_ in texts)
    failures = sum(failures for _, failures, *_ in texts)
    errors = sum(errors for _, _, errors, _ in texts)
    body = "\n".join(text for *_, text in texts)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuites name="cors-addon" tests="{tests}" failures="{failures}" errors="{errors}">\n'
        f"{body}\n</testsuites>\n"
    )


type _Suite = tuple[int, int, int, str]


def _suite(summary: Summary, name: str, rows: dict[Endpoint, dict[CountedOutcome, Tally]], stamp: str) -> _Suite:
    cases, failures = [], 0
    for endpoint, outcomes in rows.items():
        failed = list(_failures(summary, endpoint, outcomes))
        found = list(_findings(outcomes))
        if summary.findings_fail and any(summary.warns(endpoint, outcome) for outcome in outcomes):
            failed += found
            found = []
        failures += bool(failed)
        count = sum(tally.count for tally in outcomes.values())
        case = f"    <testcase name={_attribute(f'{endpoint.method} {endpoint.path}')} classname={_attribute(name)}"
        said = "\n\n".join((f"{count} judged", *found))
        out = f"<system-out>{_text(said)}</system-out>"
        if failed:
            message = failed[0].partition("\n")[0]
            body = _text("\n\n".join(failed))
            failure = f'<failure type="cors" message={_attribute(message)}>{body}</failure>'
            cases.append(f'{case} time="0">\n      {failure}\n      {out}\n    </testcase>')
        else:
            cases.append(f'{case} time="0">\n      {out}\n    </testcase>')
    return len(cases), failures, 0, _suite_text(name, cases, failures, 0, stamp)


def _failures(summary: Summary, endpoint: Endpoint, outcomes: dict[CountedOutcome, Tally]) -> Iterator[str]:
    for outcome, tally in outcomes.items():
        if not outcome.denied or not summary.is_fresh(endpoint, outcome):
            continue
        lines = [f"{outcome.reason} ({names([outcome.engine])}, {outcome.role})"]
        if tally.example is not None and outcome.refusal is not None:
            example = as_counted(tally.example, outcome)
            happened, remedies = told_of(example)
            lines += [] if happened is None else [happened.text]
            lines.append(phrase(example, outcome.refusal))
            lines += answered.lines(example)
            lines += [f"  {line}" for line in remedied.told(remedies)]
        lines.append(f"{tally.count} ×, flows {', '.join(tally.flow_ids)}")
        lines.append(f"cors-addon explain {outcome.reason}")
        yield "\n".join(map(visible, lines))


def _findings(outcomes: dict[CountedOutcome, Tally]) -> Iterator[str]:
    """Security findings, each once; a failure only where they are asked to be."""
    told = set()
    for outcome, tally in outcomes.items():
        for finding in tally.example.findings if tally.example is not None else ():
            if finding.name.value in outcome.findings and finding not in told:
                assert tally.example is not None
                told.add(finding)
                lines = (finding.name, finding_phrase(tally.example, finding), f"cors-addon explain {finding.name}")
                yield "\n".join(map(visible, lines))


def _blocked(groups: list[tuple[Group, Blocked]], stamp: str) -> _Suite:
    """A case for each block that is not of CORS; it fails where the page's script was to read the answer."""
    cases, failures = [], 0
    for group, each in groups:
        failures += bool(each.to_be_read)
        text = "\n".join(map(visible, (headline(each), f"{each.count} ×", *cured(each))))
        name = visible(" ".join(filter(None, (group.gate, group.server, group.detail))))
        case = f'    <testcase name={_attribute(name)} classname="blocked, not by CORS" time="0">'
        said = f"<system-out>{_text(text)}</system-out>"
        if each.to_be_read:
            message = _attribute(visible(headline(each)))
            said = f"<failure type={_attribute(group.gate)} message={message}>{_text(text)}</failure>"
        cases.append(f"{case}\n      {said}\n    </testcase>")
    return len(cases), failures, 0, _suite_text("blocked, not by CORS", cases, failures, 0, stamp)


def _inputs(summary: Summary, stamp: str) -> _Suite:
    """A case for each file: damage is an error of the run, not a failure of a server."""
    cases, errors = [], 0
    for each in summary.inputs:
        head = f'    <testcase name={_attribute(visible(each.name))} classname="inputs" time="0"'
        if each.damage is not None or summary.interrupted:
            errors += 1
            line = damage_line(each) if each.damage is not None else "interrupted: partial results"
            cases.append(
                f'{head}>\n      <error type="input" message={_attribute(line)}>{_text(line)}</error>\n    </testcase>'
            )
        else:
            notes = "\n".join(f"{count} × {note}" for note, count in each.notes.items())
            said = f"{each.flows} exchanges read" + (f"\n{notes}" if notes else "")
            cases.append(f"{head}>\n      <system-out>{_text(said)}</system-out>\n    </testcase>")
    return len(cases), 0, errors, _suite_text("inputs", cases, 0, errors, stamp)


def _suite_text(name: str, cases: list[str], failures: int, errors: int, stamp: str) -> str:
    return "\n".join(
        (
            f'  <testsuite name={_attribute(name)} tests="{len(cases)}" failures="{failures}" errors="{errors}"'
            f' time="0" timestamp="{stamp}">',
            *cases,
            "  </testsuite>",
        )
    )


def _attribute(text: str) -> str:
    return quoteattr(_NOT_XML.sub("�", text))


def _text(text: str) -> str:
    return escape(_NOT_XML.sub("�", text))
