"""One recording as rows: a step that any engine can map over the names of files.

Law 1: nothing is raised for what is wrong with a recording: its last row says it.
Law 2: rows hold what Parquet and JSON can: no lone surrogates, no numbers that are none.
"""

import dataclasses
import math
import types
import typing
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

import cors_addon
from cors_addon import api


class Kind(StrEnum):
    """What a row tells of."""

    JUDGEMENT = "judgement"
    RECORDING = "recording"


class State(StrEnum):
    """How the reading of a recording went."""

    WHOLE = "whole"
    DAMAGED = "damaged"
    """It is no recording, or not to its end; what came before that was judged."""
    UNREADABLE = "unreadable"
    """It could not be read: it is gone, or may not be opened. The next run tries again."""
    FAILED = "failed"
    """This program failed on it, or its worker ended. The next run tries again."""


class Column(NamedTuple):
    """A column of the rows."""

    type: str
    """As DuckDB names it; JSON is text in the file."""
    meaning: str


OWN = {
    "kind": Column("VARCHAR", "`judgement`, or `recording`: one for each, which says how its reading went"),
    "recording": Column("VARCHAR", "its path below the folder"),
    "version": Column(
        "VARCHAR", "tells this state of the file from others: its size, and when or as what it was stored"
    ),
    "number": Column("BIGINT", "of a judgement: which one of the recording it is, from 0 on"),
    "program": Column("VARCHAR", "what judged it, as `cors_addon 0.1.0`"),
    "asked_engine": Column("VARCHAR", "the engine that was asked for, `auto` by default"),
    "state": Column(
        "VARCHAR",
        "of a recording: `whole`; `damaged`: no recording, or not to its end, and what came before it was judged; "
        "`unreadable`: gone, or not to be opened; `failed`: this program failed, or its worker ended",
    ),
    "fault": Column("VARCHAR", "of a recording: what is wrong with it; null where nothing is"),
    "fault_byte": Column("BIGINT", "of a damaged recording: where, unpacked; null where that is not known"),
    "bytes": Column("BIGINT", "of a recording: its size as stored"),
    "judgements": Column("BIGINT", "of a recording: how many rows of judgements it has"),
    "notes": Column("JSON", "of a recording: what it does not tell, each with the number of exchanges concerned"),
}
"""The columns that the JSON line lacks."""


def _type(annotation: Any) -> str:
    """The type of a column for a field of a judgement."""
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is types.UnionType:
        [annotation] = [each for each in parts if each is not types.NoneType]
        return _type(annotation)
    if origin is tuple:
        return "VARCHAR[]" if parts[0] is str else "JSON"
    if annotation in (float, int, bool):
        return {float: "DOUBLE", int: "INTEGER", bool: "BOOLEAN"}[annotation]
    if isinstance(annotation, type) and issubclass(annotation, str):
        return "VARCHAR"
    return "JSON"


OF_JUDGEMENTS = {
    each.name: _type(each.type) for each in dataclasses.fields(api.Judgement) if not each.name.startswith("_")
}
"""The type of each column that is a field of the JSON line."""

TYPES = {name: column.type for name, column in OWN.items()} | OF_JUDGEMENTS
"""Of all columns, in their order."""

EMPTY: Mapping[str, Any] = dict.fromkeys(TYPES)


class Recording(NamedTuple):
    """A recording of the archive."""

    name: str
    """Its path below the folder."""
    version: str
    """See the column."""
    size: int


def rows(path: str, recording: Recording, engine: str = "auto") -> Iterator[dict[str, Any]]:
    """Judge the file at `path`: a row for each judgement, and one for the recording, which comes last.

    Where later traffic changed a judgement, its row comes again, with the same `number` and a higher `revision`.
    Raises nothing.
    """
    common = head(recording, engine)
    count = 0
    numbers: dict[str, int] = {}
    notes: dict[str, int] = {}
    state, fault, byte = State.WHOLE, None, None
    try:
        for judgement in api.judge(path, engine=engine, on_note=notes.__setitem__):
            told = judgement.to_dict()
            flow = told["flow_id"]
            number = numbers.get(flow) if flow is not None and judgement.revision > 1 else None
            if number is None:
                number, count = count, count + 1
                if flow is not None:
                    numbers[flow] = number
            yield common | sound(told) | {"kind": Kind.JUDGEMENT, "number": number}
    except api.RecordingError as error:
        state = State.UNREADABLE if isinstance(error.__cause__, OSError) else State.DAMAGED
        fault, byte = error.fault, error.offset
    except Exception as error:  # law 1
        state, fault = State.FAILED, f"{type(error).__name__}: {error}"
    yield common | about(recording, state, fault, byte) | {"judgements": count, "notes": notes}


def head(recording: Recording, engine: str) -> dict[str, Any]:
    """What each row of a recording says."""
    return {
        **EMPTY,
        "recording": told_name(recording),
        "version": recording.version,
        "program": f"cors_addon {cors_addon.__version__}",
        "asked_engine": engine,
    }


def told_name(recording: Recording) -> str:
    """Its name as rows have it: what is no UTF-8 in it is written out, so that each stays apart."""
    return recording.name.encode("utf-8", "backslashreplace").decode()


def about(recording: Recording, state: State, fault: str | None, byte: int | None = None) -> dict[str, Any]:
    """What a recording's own row says, beside its head."""
    found = {"kind": Kind.RECORDING, "state": state, "fault": sound(fault), "fault_byte": byte}
    return found | {"bytes": recording.size, "judgements": 0, "notes": {}}


def sound(value: Any) -> Any:
    """The same, without what neither Parquet nor JSON can hold."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {sound(name): sound(each) for name, each in value.items()}
    return [sound(each) for each in value] if isinstance(value, (list, tuple)) else value
