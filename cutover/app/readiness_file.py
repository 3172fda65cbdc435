"""readiness.csv of a programme folder, read whole: every fault with its line, times in the programme's zone."""

from __future__ import annotations

import csv
from pathlib import Path

from pydantic import ValidationError

from cutover.core.clock import to_utc
from cutover.core.errors import Invalid, Problem, nearest
from cutover.domain.readiness import COLUMNS, Cell

FILE = "readiness.csv"


def load_readiness(path: Path, zone: str) -> tuple[Cell, ...]:
    """The cells; none when there is no such file. Raises Invalid with the problems of all lines at once."""
    if not path.exists():
        return ()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            _check_columns(path, list(rows.fieldnames or ()))
            lines = [(rows.line_num, row) for row in rows]
    except (OSError, UnicodeError, csv.Error) as error:
        raise Invalid(Problem(f"cannot be read: {error}", str(path))) from error
    cells, problems, seen = list[Cell](), list[Problem](), dict[str, int]()
    for number, row in lines:
        try:
            cell = Cell.model_validate({name: (row.get(name) or "").strip() for name in COLUMNS})
            cell = cell.model_copy(update={"counted": to_utc(cell.counted, zone)})
        except ValidationError as error:
            problems += [
                Problem(e["msg"], str(path), number, field=".".join(map(str, e["loc"])))
                for e in error.errors()
            ]
            continue
        except Invalid as error:
            problems += [Problem(p.message, str(path), number, "counted", p.expected) for p in error.problems]
            continue
        if (first := seen.setdefault(cell.name, number)) != number:
            problems.append(Problem(f"{cell.name} is counted in line {first} already", str(path), number))
        cells.append(cell)
    if problems:
        raise Invalid(*problems)
    return tuple(cells)


def _check_columns(path: Path, found: list[str]) -> None:
    missing = [name for name in COLUMNS if name not in found]
    if missing:
        near = nearest(missing[0], found)
        raise Invalid(
            Problem(
                f"no column {', '.join(missing)}", str(path), 1, expected=", ".join(COLUMNS), nearest=near
            )
        )
