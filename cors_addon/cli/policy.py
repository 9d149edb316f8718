"""`cors-addon policy check|learn|export`, and `cors-addon check --policy`: policies without a proxy."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from cors_addon.exchange.model import Judgement
from cors_addon.exchange.writing import note_shadow
from cors_addon.fetch.headers import visible
from cors_addon.policy import export, learn, shadow
from cors_addon.policy.faults import count, errors
from cors_addon.policy.model import Mode, Policy
from cors_addon.policy.shadow import Shadow
from cors_addon.proxy import trial
from cors_addon.proxy.policy_file import load
from cors_addon.recordings import judge
from cors_addon.report.atomic_file import overwrites
from cors_addon.report.input import Input
from cors_addon.report.table import damage_line
from cors_addon.report.terminal import put
from cors_addon.session.session import last_of

FINE, FAULTY, UNUSABLE = 0, 1, 2
_NO_GRANT = {
    False: "it grants nothing, there is no CORS to configure",
    True: "it only edits headers, on top of what the others say: write it by itself, with --policy NAME",
}
"""Why a policy is left out of several; the key: it edits headers."""

DESCRIPTION = """\
Work with policy files: check one, learn one from recorded traffic, or write one as configuration for a server.

exit codes: 0 done, 1 the policy has faults or cannot be expressed, 2 a file that cannot be used
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the sub-command `policy`."""
    parser = commands.add_parser(
        "policy",
        help="check, learn and export CORS policies",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(metavar="check|learn|export", required=True)
    check = verbs.add_parser("check", help="say all that is wrong with policy files, each fault with its place")
    check.add_argument("files", nargs="+", type=Path, metavar="FILE")
    check.add_argument("--strict", action="store_true", help="warnings make the exit code 1, too")
    check.set_defaults(run=run_check)
    teach = verbs.add_parser("learn", help="write the least policy under which recorded exchanges pass")
    teach.add_argument("files", nargs="+", metavar="FILE", help="a recording that `check` reads")
    teach.add_argument("--filter", default="", metavar="EXPRESSION", help="learn only from what this filter selects")
    teach.add_argument("--output", type=Path, metavar="PATH", help="write there instead of to standard output")
    teach.set_defaults(run=run_learn)
    write = verbs.add_parser("export", help="write a policy as configuration for a server")
    write.add_argument("file", type=Path, metavar="FILE", help="a policy file")
    targets = f"one of {', '.join(export.TARGETS)}; without it the server that --recording shows"
    write.add_argument("--to", metavar="TARGET", help=targets)
    write.add_argument(
        "--recording",
        action="append",
        default=[],
        metavar="PATH",
        help="a recording that `check` reads, with answers of the server, which is recognised by them",
    )
    write.add_argument("--policy", metavar="NAME", help="only the policy of this name")
    write.add_argument("--output", type=Path, metavar="PATH", help="write there instead of to standard output")
    write.set_defaults(run=run_export)


def run_check(options: argparse.Namespace) -> int:
    """`policy check`."""
    code = FINE
    for path in options.files:
        try:
            loaded = load(path, pipes=True)
        except OSError as error:
            _complain(f"cannot read {path}: {error.strerror}")
            code = UNUSABLE
            continue
        for fault in loaded.faults:
            put(sys.stdout, fault.render(str(path)) + "\n")
        names = [f"{number}. {visible(policy.name)}" for number, policy in enumerate(loaded.policies, 1)]
        found = ", ".join(names) or "no policy"
        put(sys.stdout, f"{visible(str(path))}: {count(loaded.faults)}; in order: {found}\n")
        if (loaded.faults if options.strict else errors(loaded.faults)) and code == FINE:
            code = FAULTY
    return code


def _recorded(names: Sequence[str], how: judge.How) -> dict[str, Judgement] | None:
    """The last judgements of recordings by flow id; None where one cannot be used, which is said on standard error."""
    found: dict[str, Judgement] = {}
    for name in names:
        into = Input(name)
        try:
            found |= last_of(judge.judged(name, into, how))
        except OSError as error:
            _complain(f"cannot read {name}: {error.strerror}")
            return None
        except ValueError as error:
            _complain(f"--filter: {error}")
            return None
        if into.damage:
            _complain(damage_line(into))
            return None
    return found


def run_learn(options: argparse.Namespace) -> int:
    """`policy learn`."""
    if overwrites(options.output, options.files):
        return _lost(options.output)
    found = _recorded(options.files, judge.How(expression=options.filter, trials=(learn.every_load(),)))
    if found is None:
        return UNUSABLE
    lesson = learn.learn(found.values())
    if not lesson.policies:
        lacking = "no CORS exchange in it, and no load that lacks a policy its page demands"
        _complain("; ".join([f"nothing to learn: {lacking}", *lesson.notes]))
        return UNUSABLE
    return _write(lesson.text(), options.output)


def _recognised(recordings: Sequence[str]) -> str | None:
    """The target of the server that answered; None where that is not told, which is said with the targets there are."""
    judged = _recorded(recordings, judge.How())
    if judged is None:
        return None
    servers = {each.server.title: each.server.target for each in judged.values() if each.server is not None}
    targets = sorted({target for target in servers.values() if target in export.TARGETS})
    if len(targets) == 1:
        _complain(f"written for {targets[0]}: the server looks like {' and '.join(sorted(servers))}")
        return targets[0]
    seen = f"; the recording shows {', '.join(sorted(servers))}" if servers else ""
    if recordings and not servers:
        seen = "; the recording does not show which server answered"
    _complain(f"name the server by --to{seen}. The targets are:")
    for name in targets or export.TARGETS:
        put(sys.stderr, f"  {name:12} {export.TARGETS[name].title}\n")
    return None


def run_export(options: argparse.Namespace) -> int:
    """`policy export`."""
    if overwrites(options.output, [options.file, *options.recording]):
        return _lost(options.output)
    policies = load_policies([options.file])
    target = options.to or (_recognised(options.recording) if policies is not None else None)
    if policies is None or target is None:
        return UNUSABLE
    chosen = [policy for policy in policies if options.policy in (None, policy.name)]
    if not chosen:
        _complain(f"no policy is named {options.policy!r}; there are {', '.join(one.name for one in policies)}")
        return UNUSABLE
    code = FINE
    if len(chosen) > 1:
        chosen, code = _that_decide(chosen)
    try:
        snippet = export.export(chosen, target)
    except export.UnknownTarget as error:
        _complain(str(error))
        return UNUSABLE
    except export.Inexpressible as error:
        one_alone = " One is written with --policy NAME." if len(chosen) > 1 else ""
        _complain(f"{error}{one_alone}")
        return FAULTY
    if not snippet.target.comment:
        for remark in snippet.remarks:
            _complain(remark)
    return _write(snippet.text(), options.output) or code


def _that_decide(policies: Sequence[Policy]) -> tuple[list[Policy], int]:
    """Those of several that have a say, and the exit code; the others are named."""
    found = [policy for policy in policies if policy.speaks_of_cors and policy.mode is not Mode.OFF]
    for policy in policies:
        if policy not in found:
            why = "its mode is off" if policy.mode is Mode.OFF else _NO_GRANT[policy.edits]
            _complain(f"the policy {policy.name!r} is left out: {why}")
    return found or list(policies), FINE if len(found) == len(policies) else FAULTY


# ── cors-addon check --policy ─────────────────────────────────────────────────────────────────────────────────────────


class Trial:
    """Recorded exchanges under policies: what would newly fail, newly pass, or fail for another reason."""

    def __init__(self, *files: Sequence[Policy]) -> None:
        """Each file is tried by itself: in one, the first match wins, yet a second may be an alternative."""
        self._files = [trial.ready(file) for file in files]
        self._tried: set[str] = set()
        of_loads = (each for file in self._files for each in trial.load_trials(file))
        self.of_loads = tuple(each._replace(note=self._tried.add) for each in of_loads)
        """For whoever judges the recording: what else than CORS may stop is tried as its page is known."""
        self._changed: dict[str, tuple[shadow.Changed, ...]] = {}
        """By flow id. Of a recording of any length, judgements are not kept."""
        self._kinds: dict[tuple[shadow.Changed, ...], tuple[shadow.Changed, ...]] = {}
        """Each once, for many exchanges change alike."""

    def observe(self, judgement: Judgement) -> tuple[Shadow, ...]:
        """Try an exchange; a later revision of the same flow replaces an earlier. Returns what each policy gives."""
        flow_id = judgement.observation.flow_id
        shadows = [found for file in self._files for found in trial.try_on(file, judgement)]
        note_shadow(judgement, shadows)
        if shadows:
            self._tried.add(flow_id)
        changed = shadow.changes(judgement, shadows)
        if changed:
            self._changed[flow_id] = self._kinds.setdefault(changed, changed)
        else:
            self._changed.pop(flow_id, None)
        return tuple(shadows)

    @property
    def changes(self) -> bool:
        """Whether any verdict or reason changes: for `--fail-on change`."""
        return bool(self._changed)

    def groups(self) -> list[shadow.Group]:
        """What changes, by policy, kind, origin, endpoint and cause."""
        return shadow.group(self._changed.items())

    def text(self) -> str:
        """For people."""
        return shadow.render(self.groups(), len(self._tried))


def load_policies(paths: Sequence[Path]) -> list[Policy] | None:
    """The policies of files, all in one order; None where a file cannot be used, which is said on standard error."""
    policies: list[Policy] = []
    for path in paths:
        try:
            loaded = load(path, pipes=True)
        except OSError as error:
            _complain(f"cannot read {path}: {error.strerror}")
            return None
        for fault in loaded.faults:
            put(sys.stderr, fault.render(str(path)) + "\n")
        if not loaded.usable:
            return None
        policies += loaded.policies
    return policies


def _write(text: str, path: Path | None) -> int:
    if path is None:
        put(sys.stdout, text)
        return FINE
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        _complain(f"cannot write {path}: {error.strerror}")
        return UNUSABLE
    return FINE


def _lost(output: Path) -> int:
    _complain(f"--output: {output} is what is to be read, and would be lost")
    return UNUSABLE


def _complain(words: str) -> None:
    put(sys.stderr, visible(f"cors-addon policy: {words}") + "\n")
