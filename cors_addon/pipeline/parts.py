"""Where rows are kept: Parquet files, here or in a bucket, each of which tells some recordings whole.

Law 1: a file has its name only once it is whole. It is written beside the others, in `_incoming`, and moved.
Law 2: what was told twice, since a worker that was thought dead was not, is told once after `tidy`.
"""

import glob
import json
import os
import tempfile
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cors_addon.pipeline.plan import TRIED_AGAIN, Done, is_local, opened
from cors_addon.pipeline.rows import TYPES, State

INCOMING = "_incoming"
LARGEST_ROW = 64 << 20
"""Bytes of a row, as JSON."""


class Parts:
    """A folder of parts: whatever fsspec can write to."""

    def __init__(self, url: str) -> None:
        """Raises ValueError for an address that fsspec knows nothing of, ImportError for what it needs for this one."""
        self._fs, root, self.url = opened(url)
        self._root = root.rstrip("/")

    # -- asking ----------------------------------------------------------------------------------------------------

    def connect(self) -> Any:
        """A connection of DuckDB's that has the views `told`, `judgements` and `recordings`.

        Raises FileNotFoundError where nothing was told.
        """
        if not self.names():
            raise FileNotFoundError(2, "no rows are there", self.url)
        connection = _connect()
        if not is_local(self._fs):
            connection.register_filesystem(self._fs)
        connection.execute(self.views())
        return connection

    def views(self) -> str:
        """SQL that makes those views."""
        return _views(self._address("*.parquet"))

    def names(self) -> list[str]:
        """Names of all parts."""
        self._fs.invalidate_cache()
        try:
            listed = self._fs.ls(self._root, detail=False)
        except FileNotFoundError:
            return []
        return sorted(path.rpartition("/")[2] for path in listed if path.endswith(".parquet"))

    def done(self) -> dict[str, Done]:
        """What is told of each recording."""
        return {name: told[0] for name, told in self._told().items()}

    def _told(self) -> dict[str, list[Done]]:
        if not self.names():
            return {}
        found: dict[str, list[Done]] = {}
        with self._asked() as connection:
            asked = "SELECT recording, version, state, parse_filename(filename) AS part FROM recordings ORDER BY 1, 4"
            for recording, version, state, part in connection.execute(asked).fetchall():
                found.setdefault(recording, []).append(Done(version, State(state), part))
        return found

    def made_by(self) -> set[tuple[str, str]]:
        """The programs that wrote what is here, and the engine they were asked for."""
        if not self.names():
            return set()
        with self._asked() as connection:
            return set(connection.execute("SELECT DISTINCT program, asked_engine FROM recordings").fetchall())

    @contextmanager
    def _asked(self) -> Iterator[Any]:
        connection = self.connect()
        try:
            yield connection
        finally:
            connection.close()

    def _address(self, name: str) -> str:
        """Of a part, or of all, as DuckDB reads it."""
        folder = glob.escape(self._root)
        return f"{folder}/{name}" if is_local(self._fs) else f"{self._fs.unstrip_protocol(folder)}/{name}"

    # -- telling ---------------------------------------------------------------------------------------------------

    def write(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write a part, or the same part anew. Of rows of the same recording and number the last revision is kept.

        Raises OSError where that cannot be written, and DuckDB's errors for rows that cannot be told.
        """
        with tempfile.TemporaryDirectory(prefix="cors-addon-") as folder:
            file = os.path.join(folder, "rows.jsonl")
            with open(file, "w", encoding="utf-8") as lines:
                for row in rows:
                    lines.write(json.dumps(row, ensure_ascii=False) + "\n")
            found = (
                f"SELECT * FROM read_json({_text(file)}, columns = {_columns()}, format = 'newline_delimited', "
                f"maximum_object_size = {LARGEST_ROW}) QUALIFY row_number() OVER "
                "(PARTITION BY recording, kind, number ORDER BY revision DESC) = 1 ORDER BY recording, kind, number"
            )
            self._put(name, found, folder)

    def _put(self, name: str, found: str, folder: str) -> None:
        made = str(Path(folder, "made.parquet"))
        connection = _connect()
        try:
            if not is_local(self._fs):
                connection.register_filesystem(self._fs)
            connection.execute(f"SET temp_directory = {_text(folder)}")
            connection.execute(f"COPY ({found}) TO {_text(made)} (FORMAT parquet, COMPRESSION zstd)")
        finally:
            connection.close()
        incoming = f"{self._root}/{INCOMING}"
        self._fs.makedirs(incoming, exist_ok=True)
        there = f"{incoming}/{name}.{uuid.uuid4().hex}"
        self._fs.put_file(made, there)
        self._fs.mv(there, f"{self._root}/{name}")

    def leave_out(self, part: str, recordings: Collection[str]) -> None:
        """Tell some recordings no more in this part."""
        if not recordings:
            return
        listed = ", ".join(map(_text, sorted(recordings)))
        source = f"read_parquet({_text(self._address(part))})"
        with self._asked() as connection:
            rest = f"SELECT count(*) FROM {source} WHERE recording NOT IN ({listed})"
            [left] = connection.execute(rest).fetchone()
        if not left:
            self._fs.rm_file(f"{self._root}/{part}")
            return
        with tempfile.TemporaryDirectory(prefix="cors-addon-") as folder:
            found = f"SELECT * FROM {source} WHERE recording NOT IN ({listed}) ORDER BY recording, kind, number"
            self._put(part, found, folder)

    def tidy(self) -> int:
        """Have each recording told once, and nothing left of what was never whole; return how many were told twice."""
        incoming = f"{self._root}/{INCOMING}"
        if self._fs.exists(incoming):
            self._fs.rm(incoming, recursive=True)
        twice = {name: told for name, told in self._told().items() if len(told) > 1}
        surplus: dict[str, set[str]] = {}
        for name, told in twice.items():
            for each in sorted(told, key=lambda each: (each.state in TRIED_AGAIN, each.part))[1:]:
                surplus.setdefault(each.part, set()).add(name)
        for part, names in surplus.items():
            self.leave_out(part, names)
        return len(twice)


def _views(address: str) -> str:
    """SQL: what the questions are asked of, over the parts at an address."""
    columns = ",\n  ".join(
        f'"{name}"' + ("::JSON AS " + f'"{name}"') * (kind == "JSON") for name, kind in TYPES.items()
    )
    return (
        f"CREATE OR REPLACE VIEW told AS SELECT\n  {columns},\n  filename\n"
        f"FROM read_parquet({_text(address)}, filename = true, union_by_name = true);\n"
        "CREATE OR REPLACE VIEW judgements AS SELECT * FROM told WHERE kind = 'judgement';\n"
        "CREATE OR REPLACE VIEW recordings AS SELECT * FROM told WHERE kind = 'recording';\n"
    )


def _connect() -> Any:
    import duckdb

    # what it needs comes with it: nothing is fetched
    return duckdb.connect(config={"threads": 1, "autoinstall_known_extensions": False})


def _columns() -> str:
    return "{" + ", ".join(f"{_text(name)}: {_text(kind)}" for name, kind in TYPES.items()) + "}"


def _text(value: str) -> str:
    """A string in SQL."""
    return "'" + value.replace("'", "''") + "'"
