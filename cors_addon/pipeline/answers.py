"""Questions answered: as a table for people, or as a file."""

from pathlib import Path
from typing import Any

from cors_addon.fetch.headers import visible
from cors_addon.pipeline.parts import Parts

FORMATS = {".csv": "FORMAT csv, HEADER", ".json": "FORMAT json, ARRAY true", ".parquet": "FORMAT parquet"}
WIDEST = 70
"""Characters of a cell; a file has all of it."""


def answer(out: str, sql: str, output: Path | None = None, *, only_sql: bool = False) -> str:
    """A question's answer over the rows at an address: a table; nothing where it is written to a file instead.

    `only_sql`: what DuckDB is to be given, instead. Raises OSError, and ValueError for what DuckDB does not understand.
    """
    import duckdb

    parts = Parts(out)
    if only_sql:
        return f"{parts.views()}\n{sql.rstrip().removesuffix(';')};\n"
    if output is not None and output.suffix not in FORMATS:
        raise ValueError(f"{output}: its name must end in {', '.join(FORMATS)}")
    connection = parts.connect()
    try:
        if output is not None:
            found = sql.rstrip().removesuffix(";")
            connection.execute(f"COPY ({found}) TO '{str(output).replace("'", "''")}' ({FORMATS[output.suffix]})")
            return ""
        found = connection.execute(sql)
        names = [each[0] for each in found.description]
        return _table(names, found.fetchall())
    except duckdb.Error as error:
        raise ValueError(str(error)) from error
    finally:
        connection.close()


def _table(names: list[str], rows: list[tuple[Any, ...]]) -> str:
    """Columns as wide as they need; numbers to the right."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    right = [all(isinstance(row[index], (int, float, type(None))) for row in rows) for index in range(len(names))]

    def line(values: list[str]) -> str:
        placed = zip(values, widths, right, strict=True)
        return "  ".join(
            each.rjust(width) if to_right else each.ljust(width) for each, width, to_right in placed
        ).rstrip()

    return "\n".join([line(names), line(["-" * width for width in widths]), *map(line, cells)]) + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    text = visible(str(value))
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"
