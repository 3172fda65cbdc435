"""Rows out of a database or a file of the programme: bounded, and no secret in what is said when it fails."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from cutover.core.errors import Invalid, Problem, Unavailable

_LARGEST_FILE = 64_000_000
Rows = list[tuple[Any, ...]]


def sql_rows(url: str, name: str, query: str, asked: Mapping[str, date], most: int) -> Rows:
    """What a query answers, one row more than `most` at the most; `name` stands for the database in messages.

    Of `asked` the query is given what it mentions. Raises Unavailable when the database does not answer.
    """
    given = {word: value for word, value in asked.items() if f":{word}" in query}
    try:
        engine = create_engine(url, poolclass=NullPool)
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query), given).fetchmany(most + 1)]
    except (SQLAlchemyError, ImportError) as error:
        why = str(getattr(error, "orig", None) or type(error).__name__).strip().splitlines()
        raise Unavailable(f"the database '{name}' does not answer: {why[0] if why else ''}") from None


def csv_rows(folder: Path, name: str, columns: Sequence[str], optional: Sequence[str] = ()) -> Rows:
    """The named columns of a CSV file of the programme folder; an optional one that is not there gives None.

    Raises Unavailable for a file that is not there, Invalid for one outside the folder, too large, or without a column.
    """
    lines = csv.DictReader(_content(_path(folder, name), name).splitlines())
    heads = lines.fieldnames or ()
    wanted = [*columns, *(column for column in optional if column)]
    if lost := [column for column in columns if column not in heads]:
        raise Invalid(Problem(f"no column {', '.join(lost)}", name, 1, expected=f"one of {', '.join(heads)}"))
    if twice := [column for column in wanted if list(heads).count(column) > 1]:
        raise Invalid(Problem(f"the column {', '.join(twice)} is there twice", name, 1))
    try:
        return [_cells(line, wanted, name, lines.line_num) for line in lines]
    except csv.Error as error:
        raise Invalid(Problem(str(error), name, lines.line_num)) from None


def _cells(line: dict[str, Any], wanted: Sequence[str], name: str, number: int) -> tuple[Any, ...]:
    """A comma inside a number makes a cell too many: 1,234 would be read as 1."""
    if None in line:
        raise Invalid(Problem("more cells than the heading has", name, number))
    return tuple(line.get(column) for column in wanted)


def _path(folder: Path, name: str) -> Path:
    try:
        path = (folder / name).resolve()
    except (OSError, RuntimeError):  # a link that leads to itself
        raise Unavailable(f"'{name}' cannot be read: its links lead nowhere") from None
    if not path.is_relative_to(folder.resolve()):
        raise Invalid(Problem("the file is not in the programme folder", file=name))
    return path


def _content(path: Path, name: str) -> str:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise Invalid(Problem(f"larger than {_LARGEST_FILE} bytes", file=name))
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise Unavailable(f"there is no file '{name}'") from None
    except UnicodeDecodeError:
        raise Invalid(Problem("not UTF-8", file=name, expected="the file saved as UTF-8")) from None
    except OSError as error:
        raise Unavailable(f"'{name}' cannot be read: {error.strerror}") from None
