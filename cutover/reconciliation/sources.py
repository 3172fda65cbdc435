"""Where the rows of one side come from: a file, a fetched file, or a table of a database streamed whole into one.

Nothing is guessed and nothing is half: a fetched file appears complete or not at all, a table is read in one
transaction and its high-water mark must be the same before and after.
"""

# ruff: noqa: S608  (every identifier and text in the SQL is quoted by rows.name and rows.literal)
from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb
import httpx

from cutover.core.errors import Invalid, Problem, Unavailable, nearest
from cutover.core.reach import HOUSE, Reach
from cutover.reconciliation import rows
from cutover.reconciliation.contract import Contract, Place
from cutover.reconciliation.databases import is_database_url, stream
from cutover.reconciliation.rows import exactly, literal, name, parquet
from cutover.reconciliation.sides import Side
from cutover.web import outbound

PATIENCE = 30.0  # seconds without a byte after which a system counts as silent
_FOOTER_END = 8  # bytes: the footer's length and four letters
CHUNK = 10 * 122_880  # rows read in one stretch: whole row groups of a Parquet file as most writers make them


@dataclass(frozen=True, slots=True)
class Raw:
    """The rows of one side as they came: a relation, its columns, the stretches it is read in, and its high-water mark."""

    relation: str
    has: Mapping[str, str]
    chunks: tuple[str, ...]
    types: Mapping[str, str]
    mark: str


def brought(
    contract: Contract, side: Side, folder: Path, systems: Mapping[str, str], reach: Reach
) -> tuple[Path, str]:
    """The file of one side, fetched into `folder` where it has to be, and the high-water mark. Raises Unavailable."""
    place = contract.place(side)
    if not place.system:
        raw = Path(place.path)
        if not raw.exists():
            raise Unavailable(f"the {side} of {contract.id} is not there: no file {raw}")
        return raw, mark(raw)
    to = folder / f"{side}.{place.kind}"
    url = url_of(place, systems)
    if place.is_database or is_database_url(url):
        return to, stream(place, url, to, _plain_types(contract, side))
    fetch(place, systems, to, reach)
    return to, mark(to)


def _plain_types(contract: Contract, side: Side) -> dict[str, str]:
    """The contract's types by the side's own columns, but for those that an expression reads as the text they are."""
    used = rows.read_by_sql(contract, side)
    named = {column.named(side, n): column.type for n, column in contract.columns.items() if not column.sql(side)}  # fmt: skip
    return {c: type_ for c, type_ in named.items() if c.casefold() not in used}


def mark(path: Path) -> str:
    """What moves when a file does: its name, size, times of change, and the digest of a Parquet file's footer.

    A time of writing can be set back and a size kept; the time at which the file system last touched the file cannot,
    and the footer has the place, size and bounds of every column of every row group.
    """
    files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    return "; ".join(map(_mark_of, files))


def _mark_of(file: Path) -> str:
    stat = file.stat()
    return f"{file.name} {stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns}{_footer(file, stat.st_size)}"


def _footer(file: Path, size: int) -> str:
    """The digest of a Parquet file's footer; '' where it is none, which the engine will say."""
    with file.open("rb") as content:
        content.seek(max(0, size - _FOOTER_END))
        length, magic = content.read(4), content.read(4)
        if magic != b"PAR1":
            return ""
        content.seek(max(0, size - _FOOTER_END - int.from_bytes(length, "little")))
        return " " + hashlib.sha256(content.read()).hexdigest()[:16]


class Writable(Protocol):
    """A table of a library that writes itself: an ibis table (in Arrow batches), a DuckDB relation, a pandas frame."""

    def to_parquet(self, path: str) -> object: ...


def keep_table(table: Writable, to: Path) -> Path:
    """Write a table into a Parquet file that a contract names, whole or not at all, with its own types. Raises what the library does."""
    to.parent.mkdir(parents=True, exist_ok=True)
    partial = to.with_name(to.name + ".partial")
    try:
        table.to_parquet(str(partial))
        return partial.replace(to)
    finally:
        partial.unlink(missing_ok=True)


def mixed_line_ends(path: Path) -> str:
    """Which line of a CSV file ends otherwise than the first; '' where all end alike. The engine takes one line end a file.

    A line end within quotes is a part of its value, and may be either.
    """
    ends = {True: "CRLF", False: "LF"}
    first, other, within = None, 0, False
    with path.open("rb") as lines:
        for n, line in enumerate(lines, 1):
            within ^= bool(line.count(b'"') % 2)
            if within or not line.endswith(b"\n"):
                continue
            first = line.endswith(b"\r\n") if first is None else first
            if line.endswith(b"\r\n") is not first:
                other = n
                break
    if first is None or not other:
        return ""
    return f"line {other} ends in {ends[not first]}, the first in {ends[first]}: write {path} with one line end throughout"


def opened(engine: duckdb.DuckDBPyConnection, contract: Contract, side: Side, path: Path, moved: str) -> Raw:
    """The rows of a file. Raises Invalid for a file without columns and for a column the contract names in vain."""
    place = contract.place(side)
    has, relation = relation_of(engine, place, side, path)
    rows.gaps(contract, side, has)
    described = engine.execute(f"DESCRIBE SELECT {rows.asked(contract, side)} FROM {relation}").fetchall()
    types = {row[0].removeprefix("raw:"): row[1] for row in described}
    return Raw(relation, has, _chunks(engine, place, path, relation, has), types, moved)


def relation_of(
    engine: duckdb.DuckDBPyConnection, place: Place, side: Side, path: Path
) -> tuple[dict[str, str], str]:
    """The columns of a file with their types, and the relation that reads it."""
    has = _header(engine, place, side, path)
    return has, _reader(place, side, path, has)


def unmapped(engine: duckdb.DuckDBPyConnection, contract: Contract, raw: Raw) -> tuple[str, ...]:
    """The codes of the source that no map names, with how often they stand there."""
    asked = rows.unmapped(contract, raw.relation)
    return tuple(no_code(n, *one) for n, query in asked.items() for one in engine.execute(query).fetchall())


def no_code(column: str, code: str, times: int) -> str:
    """How a code that no map names is told."""
    return f"code '{code}' of '{column}' is not in its map ({times:,} rows)"


def one_place(contract: Contract, systems: Mapping[str, str]) -> str:
    """Why both sides are the same rows, which always agree with themselves; '' when they are not."""
    source, target = contract.source, contract.target
    for n, column in contract.columns.items():  # two columns of one table may be held against each other
        if (
            column.named(Side.SOURCE, n) != column.named(Side.TARGET, n)
            or column.source_sql != column.target_sql
        ):
            return ""
    if not (_one_file(source, target) or _one_table(source, target, systems)):
        return ""
    return f"source and target are the same place ({source}): nothing was compared"


def _one_file(a: Place, b: Place) -> bool:
    if a.system or b.system or a.table != b.table:
        return False
    there = Path(a.path), Path(b.path)
    return all(path.exists() for path in there) and there[0].samefile(there[1])


def _one_table(a: Place, b: Place, systems: Mapping[str, str]) -> bool:
    """Also under two names of one system."""
    return bool(a.system and b.system) and all(
        (url_of(a, systems) == url_of(b, systems), a.path == b.path, a.table == b.table)
    )


def fetch(place: Place, systems: Mapping[str, str], to: Path, reach: Reach = HOUSE) -> Path:
    """Stream a path of a system into a file that appears whole or not at all. Raises Unavailable."""
    url = url_of(place, systems).rstrip("/") + "/" + place.path.lstrip("/")
    partial = to.with_name(to.name + ".partial")
    try:
        with (
            outbound.client(reach, timeout=PATIENCE, follow_redirects=True) as client,
            client.stream("GET", url) as answer,
            partial.open("wb") as out,
        ):
            answer.raise_for_status()
            if not {"content-length", "transfer-encoding"} & set(answer.headers):
                raise Unavailable(
                    f"{url} does not say how long its answer is: a cut one could not be told from a whole one"
                )
            for chunk in answer.iter_bytes():
                out.write(chunk)
    except (httpx.HTTPError, httpx.InvalidURL, outbound.Forbidden) as error:
        raise Unavailable(f"{url} could not be read: {error or type(error).__name__}") from error
    return partial.replace(to)


def url_of(place: Place, systems: Mapping[str, str]) -> str:
    """The address of a place's system. Raises Invalid for a name that the programme does not have."""
    if place.system not in systems:
        raise Invalid(
            Problem(
                f"no system named '{place.system}'", field="system", nearest=nearest(place.system, systems)
            )
        )
    return systems[place.system]


def _header(engine: duckdb.DuckDBPyConnection, place: Place, side: Side, path: Path) -> dict[str, str]:
    """The columns a file has and their types there; text throughout for CSV."""
    if place.kind != "csv":
        if place.kind == "duckdb":
            engine.execute(f"ATTACH IF NOT EXISTS {literal(str(path))} AS {name(f'{side}_file')} (READ_ONLY)")
        if place.kind == "parquet" and path.is_dir():
            return _columns_of_all(engine, path)
        return _columns(engine, _reader(place, side, path, {}))
    with path.open(encoding="utf-8-sig", newline="") as lines:
        columns = next(csv.reader(lines), [])
    if not columns:
        raise Invalid(Problem("the file is empty", file=str(path), expected="a CSV file with a header"))
    if len(set(columns)) < len(columns):
        raise Invalid(Problem("the header names a column twice", file=str(path), line=1))
    return dict.fromkeys(columns, "VARCHAR")


def _columns(engine: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    return {row[0]: row[1] for row in engine.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()}


def _columns_of_all(engine: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, str]:
    """The columns that every file of a folder has. Raises Invalid for a file with others.

    The engine would read them as the first file has them: 7.6 as 8, and a column of later files not at all.
    """
    first, *others = _files(folder)
    has = _columns(engine, parquet(first))
    for other in others:
        if apart := sorted(set(has.items()) ^ set(_columns(engine, parquet(other)).items())):
            column = apart[0][0]
            raise Invalid(
                Problem(
                    f"the files of the folder do not agree: '{column}' of {other.name} is not as in {first.name}",
                    file=str(other),
                    expected=f"{column} {has[column]}" if column in has else f"no column {column}",
                )
            )
    return has


def _reader(place: Place, side: Side, path: Path, has: Mapping[str, str]) -> str:
    """The relation of a file: nothing is guessed, a broken line is an error, '' and NULL stay apart."""
    if place.kind == "duckdb":
        return f"{name(f'{side}_file')}.{'.'.join(name(part) for part in place.table.split('.'))}"
    if place.kind == "parquet":
        return _folder(path) if path.is_dir() else parquet(path)
    columns = ", ".join(f"{literal(c)}: 'VARCHAR'" for c in has)
    return (
        f"read_csv({exactly(path)}, hive_partitioning=false, auto_detect=false, header=true, columns={{{columns}}}, delim=',', "
        "quote='\"', escape='\"', nullstr='', allow_quoted_nulls=false, strict_mode=true)"
    )


def _folder(path: Path) -> str:
    return f"read_parquet([{', '.join(map(exactly, _files(path)))}], hive_partitioning=false)"


def _files(folder: Path) -> list[Path]:
    if files := sorted(folder.rglob("*.parquet")):
        return files
    raise Unavailable(f"no Parquet file in {folder}")


def _chunks(
    engine: duckdb.DuckDBPyConnection, place: Place, path: Path, relation: str, has: Mapping[str, str]
) -> tuple[str, ...]:
    """The stretches a side is read in; a killed run goes on at the next. Only Parquet can be entered in the middle."""
    if place.kind != "parquet" or "file_row_number" in has:
        return (relation,)
    if path.is_dir():
        return tuple(parquet(file) for file in sorted(path.rglob("*.parquet")))
    if (held := rows.held(engine, path)) <= CHUNK:
        return (relation,)
    numbered = f"read_parquet({exactly(path)}, hive_partitioning=false, file_row_number=true)"
    return tuple(
        f"(SELECT * FROM {numbered} WHERE file_row_number BETWEEN {first} AND {first + CHUNK - 1})"
        for first in range(0, held, CHUNK)
    )
