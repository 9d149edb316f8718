"""What is wrong with a policy file: each fault with its place, errors told from warnings."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from ruamel.yaml.nodes import Node

from cors_addon.fetch.headers import visible


class Severity(StrEnum):
    """Whether the file can be used."""

    ERROR = "error"
    WARNING = "warning"


class Fault(NamedTuple):
    """One fault. Lines and columns count from 1."""

    line: int
    column: int
    severity: Severity
    code: str
    """What is wrong, as one word: `credentials-with-wildcard-origin`."""
    message: str
    policy: str | None = None

    def render(self, file: str) -> str:
        """`file:line:column: error: message [code]`, as editors and people know it."""
        where = f"{self.policy}: " if self.policy else ""
        return visible(f"{file}:{self.line}:{self.column}: {self.severity}: {where}{self.message} [{self.code}]")


@dataclass
class FaultList:
    """The faults of one file as they are found; each names the policy that is being read, where one is."""

    found: list[Fault] = field(default_factory=list)
    policy: str | None = None

    def error(self, node: Node, code: str, message: str) -> None:
        """Because of this the file cannot be used."""
        self.add(node, Severity.ERROR, code, message)

    def warning(self, node: Node, code: str, message: str) -> None:
        """It works, and is probably not meant."""
        self.add(node, Severity.WARNING, code, message)

    def add(self, node: Node, severity: Severity, code: str, message: str) -> None:
        """A fault at the place where a node begins."""
        mark = node.start_mark
        self.found.append(Fault(mark.line + 1, mark.column + 1, severity, code, message, self.policy))


def errors(faults: list[Fault]) -> list[Fault]:
    """The faults that make a file unusable."""
    return [fault for fault in faults if fault.severity is Severity.ERROR]


def count(faults: list[Fault]) -> str:
    """`2 errors, 1 warning`."""
    wrong = len(errors(faults))
    doubtful = len(faults) - wrong
    numbers = ((wrong, "error"), (doubtful, "warning"))
    return ", ".join(f"{number} {word}{'s'[: number > 1]}" for number, word in numbers if number) or "no fault"
