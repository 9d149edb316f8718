"""What people ask of the rows: SQL for DuckDB, over the views `judgements` and `recordings`, a file each."""

from pathlib import Path
from typing import NamedTuple


class Question(NamedTuple):
    """A question."""

    name: str
    about: str
    """What it asks: the comment at the head of its file, on one line."""
    sql: str

    @property
    def body(self) -> str:
        """The SQL without the comment at its head."""
        lines = self.sql.splitlines(keepends=True)
        return "".join(lines[next(number for number, line in enumerate(lines) if not line.startswith("--")) :])


def questions() -> dict[str, Question]:
    """All of them, by name."""
    return {each.name: each for each in map(read, sorted(Path(__file__).parent.glob("*.sql")))}


def read(file: Path) -> Question:
    """One, of a file. Raises OSError."""
    text = file.read_text(encoding="utf-8")
    lines = text.splitlines()
    head = next((number for number, line in enumerate(lines) if not line.startswith("--")), len(lines))
    return Question(file.stem, " ".join(line.removeprefix("--").strip() for line in lines[:head]), text)
