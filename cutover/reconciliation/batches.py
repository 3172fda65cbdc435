"""Rows as a driver hands them over, turned into Arrow batches of the contract's types, and those into one Parquet file.

A batch of a column that holds nothing but values of the contract's type is of that type; another is text, spelled
without loss, as the values of any text file are. A column whose batches differ is text throughout, so nothing is read
twice and nothing is cast that a finding should tell. Binary is no text: it stays binary.
"""

# ruff: noqa: S608  (every identifier and text in the SQL is quoted by rows.name and rows.literal)
from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, Inexact, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import nanoarrow as na
from nanoarrow.c_array_stream import CArrayStream

from cutover.core.errors import Invalid, Problem
from cutover.reconciliation.rows import engine_type, exactly, held, literal, name

FETCHED = 4_000  # rows held as Python objects, fewer where they are long
STRETCH = 122_880  # rows held as Arrow: one row group of the file, fewer where they are long
MOST_BYTES = 32_000_000  # of a stretch
_AT_FIRST = 100  # rows fetched before anything is known of their length
_MICROSECOND = timedelta(microseconds=1)
_EPOCH, _EPOCH_UTC = datetime(1970, 1, 1), datetime(1970, 1, 1, tzinfo=UTC)  # noqa: DTZ001  (a time without a zone is taken as UTC)
_FIRST_DAY = _EPOCH.toordinal()
_BINARY = frozenset({bytes, bytearray, memoryview})
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": "800MB", "threads": 2, "preserve_insertion_order": False,
    "autoinstall_known_extensions": False, "autoload_known_extensions": False,
}  # fmt: skip

Values = Sequence[Any]
Fetch = Callable[[int], Sequence[Values]]


@dataclass(frozen=True, slots=True)
class _Kind:
    """What all values of a column's batch are, how Arrow is given them, and what the engine calls the type."""

    takes: frozenset[type]
    schema: Any
    turned: Callable[[Any], Any]
    engine: str


@dataclass(frozen=True, slots=True)
class _Batch:
    """Rows fetched at once, by column."""

    kinds: tuple[_Kind, ...]
    arrays: tuple[Any, ...]
    rows: int
    bytes: int


def land(fetch: Fetch, columns: Sequence[str], types: Mapping[str, str], to: Path) -> int:
    """Write all rows that `fetch` hands over into the Parquet file `to`, whole or not at all; returns how many.

    `types` are the contract's, by column; a column without one is text. Raises Invalid for a column that holds binary
    values beside others, and whatever `fetch` raises.
    """
    wanted = [types.get(c, "text") for c in columns]
    parts, partial = to.with_name(to.name + ".parts"), to.with_name(to.name + ".partial")
    shutil.rmtree(parts, ignore_errors=True)  # of a process that was killed
    parts.mkdir(parents=True)
    kept: dict[Path, tuple[_Kind, ...]] = {}
    try:
        with duckdb.connect(":memory:", config=_CONFIG | {"temp_directory": str(parts / "spill")}) as engine:
            for stretch in _stretches(_batches(fetch, columns, wanted)):
                part = parts / f"{len(kept):06}.parquet"
                kept[part] = _put(engine, columns, stretch, part)
            _copy(engine, _merged(columns, wanted, kept), partial)
            rows = held(engine, partial)
        partial.replace(to)
    finally:
        partial.unlink(missing_ok=True)
        shutil.rmtree(parts, ignore_errors=True)
    return rows


def spelled(value: Any) -> str:
    """A value as the contract's types are spelled: a decimal never as 0E-7, a float's odd values in full."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return str(value)


def _batches(fetch: Fetch, columns: Sequence[str], wanted: Sequence[str]) -> Iterator[_Batch]:
    """Everything that is fetched; so many rows at a time as keep within the bytes that are held."""
    size = _AT_FIRST
    while rows := fetch(size):
        handed = [_handed(*one) for one in zip(columns, wanted, zip(*rows, strict=True), strict=True)]
        kinds, arrays = zip(*handed, strict=True)
        weight = sum(buffer.size_bytes for array in arrays for buffer in array.view().buffers)
        yield _Batch(kinds, arrays, len(rows), weight)
        size = max(1, min(FETCHED, MOST_BYTES // (1 + weight // len(rows))))


def _stretches(batches: Iterator[_Batch]) -> Iterator[list[_Batch]]:
    """Batches of the same kinds, together as long as one row group or as heavy as is held."""
    held: list[_Batch] = []
    for batch in batches:
        if held and batch.kinds != held[0].kinds:
            yield held
            held = []
        held.append(batch)
        if sum(one.rows for one in held) >= STRETCH or sum(one.bytes for one in held) >= MOST_BYTES:
            yield held
            held = []
    if held:
        yield held


def _handed(column: str, type_: str, values: Values) -> tuple[_Kind, Any]:
    """A batch of one column in Arrow, and of which kind it is. Raises Invalid for binary values beside others."""
    found = frozenset(map(type, values)) - {type(None)}
    if found & _BINARY and not found <= _BINARY:
        raise _mixed(column)
    if not found or found <= _BINARY:
        return (kind := _BLOB if found else _NOTHING), _array(column, kind, values)
    native = _native(type_)
    if found <= native.takes:
        try:
            return native, _array(column, native, values)
        except ArithmeticError:  # a number too large, or of more places, than the type has
            pass
    return _TEXT, _array(column, _TEXT, values)


def _array(column: str, kind: _Kind, values: Values) -> Any:
    turned = kind.turned(values)
    try:
        return na.c_array(turned, kind.schema)
    except ValueError as error:  # half of a surrogate pair
        raise Invalid(Problem(f"column '{column}' holds what is no text: {error}", field=column)) from error


def _put(
    engine: duckdb.DuckDBPyConnection, columns: Sequence[str], stretch: list[_Batch], to: Path
) -> tuple[_Kind, ...]:
    """Keep a stretch as a file; returns the kinds of its columns."""
    kinds = stretch[0].kinds
    schema = na.c_schema(na.struct({c: kind.schema for c, kind in zip(columns, kinds, strict=True)}))
    arrays = [na.c_array_from_buffers(schema, one.rows, [None], children=one.arrays) for one in stretch]
    engine.register("stretch", na.ArrayStream(CArrayStream.from_c_arrays(arrays, schema)))
    typed = (f"CAST({name(c)} AS {kind.engine}) AS {name(c)}" for c, kind in zip(columns, kinds, strict=True))
    _copy(engine, f"SELECT {', '.join(typed)} FROM stretch", to)
    engine.unregister("stretch")
    return kinds


def _merged(columns: Sequence[str], wanted: Sequence[str], kept: Mapping[Path, tuple[_Kind, ...]]) -> str:
    """A SELECT of all parts, each column of one type. Raises Invalid for binary values beside others."""
    shared = [
        _shared(c, type_, {kinds[i] for kinds in kept.values()})
        for i, (c, type_) in enumerate(zip(columns, wanted, strict=True))
    ]
    files: dict[tuple[_Kind, ...], list[Path]] = {}
    for part, kinds in kept.items():
        files.setdefault(kinds, []).append(part)
    selects = [
        f"SELECT {', '.join(map(_cast, columns, kinds, shared))} FROM read_parquet([{', '.join(map(exactly, parts))}])"
        for kinds, parts in files.items()
    ]
    none = ", ".join(f"NULL::{kind.engine} AS {name(c)}" for c, kind in zip(columns, shared, strict=True))
    return " UNION ALL ".join(selects) or f"SELECT {none} LIMIT 0"


def _shared(column: str, type_: str, kinds: set[_Kind]) -> _Kind:
    """The kind that a column has in the whole file."""
    several = kinds - {_NOTHING}
    if len(several) > 1 and _BLOB in several:
        raise _mixed(column)
    return (several or {_native(type_)}).pop() if len(several) < 2 else _TEXT  # noqa: PLR2004


def _cast(column: str, kind: _Kind, to: _Kind) -> str:
    """A column as the whole file has it; of a float no engine's spelling but ours for what is not finite."""
    plain = f"CAST({name(column)} AS {to.engine})"
    if (kind, to) == (_DOUBLE, _TEXT):
        odd = f"CASE WHEN isnan({name(column)}) THEN 'NaN' WHEN isinf({name(column)}) THEN CASE WHEN {name(column)} > 0 THEN 'Infinity' ELSE '-Infinity' END"
        plain = f"{odd} ELSE {plain} END"
    return f"{plain} AS {name(column)}"


def _copy(engine: duckdb.DuckDBPyConnection, select: str, to: Path) -> None:
    engine.execute(f"COPY ({select}) TO {literal(str(to))} (FORMAT parquet, COMPRESSION lz4)")


def _mixed(column: str) -> Invalid:
    return Invalid(
        Problem(
            f"column '{column}' holds binary values beside others: they would be told apart by nothing",
            field=column,
            expected="values of one kind; compare a view that casts them",
        )
    )


@cache
def _native(type_: str) -> _Kind:
    """The kind of the values that a contract type is made of."""
    if not type_.startswith("decimal"):
        return _NATIVE[type_]
    precision, scale = (int(part) for part in type_.removeprefix("decimal(").rstrip(")").split(","))
    exact, step = Context(prec=precision, traps=[Inexact, InvalidOperation]), Decimal(1).scaleb(-scale)

    def told(value: Decimal) -> str:
        if not value.is_finite():
            raise InvalidOperation
        return str(value.quantize(step, context=exact))

    return _Kind(frozenset({Decimal}), na.string(), _each(told), engine_type(type_))


def _each(turned: Callable[[Any], Any]) -> Callable[[Values], Values]:
    return lambda values: [None if value is None else turned(value) for value in values]


def _texts(values: Values) -> Values:
    return [value if value is None or type(value) is str else spelled(value) for value in values]


def _microseconds(value: datetime) -> int:
    return (value - (_EPOCH if value.tzinfo is None else _EPOCH_UTC)) // _MICROSECOND


def _days(value: date) -> int:
    return value.toordinal() - _FIRST_DAY


def _of_64_bits(values: Values) -> Values:
    """Raises OverflowError for a number that is not."""
    some = [value for value in values if value is not None]
    if min(some) < -(1 << 63) or max(some) >= 1 << 63:
        raise OverflowError
    return values


def _as_they_are(values: Values) -> Values:
    return values


_TEXT = _Kind(frozenset({str}), na.string(), _texts, "VARCHAR")
_BLOB = _Kind(_BINARY, na.binary(), _each(bytes), "BLOB")
_NOTHING = _Kind(frozenset(), na.string(), _as_they_are, "VARCHAR")
_DOUBLE = _Kind(frozenset({float}), na.float64(), _as_they_are, "DOUBLE")
_NATIVE = {
    "text": _TEXT,
    "double": _DOUBLE,
    "integer": _Kind(frozenset({int}), na.int64(), _of_64_bits, "BIGINT"),
    "boolean": _Kind(frozenset({bool}), na.bool_(), _as_they_are, "BOOLEAN"),
    "timestamp": _Kind(frozenset({datetime}), na.timestamp("us"), _each(_microseconds), "TIMESTAMP"),
    "date": _Kind(frozenset({date}), na.date32(), _each(_days), "DATE"),
}
