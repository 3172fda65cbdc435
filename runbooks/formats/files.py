"""Which files hold a runbook, in and out: YAML and CSV; what is wrong is named by file, line and field."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable
from pathlib import Path

import yaml

from cutover.core.errors import Invalid, Problem
from cutover.store.documents import line_of, read_text, read_yaml
from runbooks.domain.plan import Fault, Runbook, faults, in_zone
from runbooks.formats.cells import DateOrder, slug
from runbooks.formats.table import Imported, Row, to_runbook

READ = (".csv", ".yaml", ".yml")
DELIMITERS = ",;\t|"


class _Dumper(yaml.SafeDumper):
    """Puts quotes around every text that our reader of documents would take for a number: PyYAML lets 1.5e3 pass."""


_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$"),
    list("-+.0123456789"),
)


def read_runbook(path: Path, *, zone: str = "UTC", date_order: DateOrder | None = None) -> Runbook:
    """Read a runbook; its fixed starts are UTC afterwards. Raises Invalid with one problem per fault."""
    return import_runbook(path, zone=zone, date_order=date_order).runbook


def import_runbook(path: Path, *, zone: str = "UTC", date_order: DateOrder | None = None) -> Imported:
    """Read a runbook, and say which columns were kept and what was decided on the way.

    Wall times are those of `zone` unless they or their row say otherwise; `date_order` settles dates such as
    03/04/2026, which are refused without it. Raises Invalid with one problem per fault.
    """
    suffix = path.suffix.lower()
    if suffix not in READ:
        hint = "; save the sheet as CSV" if suffix in (".xlsx", ".xls", ".xlsm", ".ods") else ""
        raise Invalid(
            Problem(
                f"'{suffix or path.name}' files are not read",
                str(path),
                expected=f"one of {', '.join(READ)}{hint}",
            )
        )
    if suffix != ".csv":
        return Imported(_read_yaml(path, zone))
    title = " ".join(path.stem.replace("_", " ").replace("-", " ").split())
    return to_runbook(
        _rows(path),
        runbook_id=slug(path.stem) or "runbook",
        title=title,
        file=str(path),
        zone=zone,
        order=date_order,
    )


def write_runbook(path: Path, runbook: Runbook) -> None:
    """Write YAML that `read_runbook` reads back equal: the whole file at once, or nothing."""
    plain = runbook.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    text = yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


# --- YAML -----------------------------------------------------------------------------------------------


def _read_yaml(path: Path, zone: str) -> Runbook:
    runbook = read_yaml(path, Runbook)
    if not runbook.tasks:
        raise Invalid(
            Problem("the runbook has no tasks", str(path), field="tasks", expected="at least one task")
        )
    tasks, forbidden = in_zone(runbook.tasks, zone)
    if found := [*forbidden, *faults(runbook.tasks)]:
        raise Invalid(*located(path, found))
    return runbook.model_copy(update={"tasks": tasks})


def located(path: Path, found: Iterable[Fault]) -> list[Problem]:
    """Faults of a YAML runbook as problems of its file, each on its line."""
    node = yaml.compose(read_text(path), Loader=yaml.SafeLoader)
    problems = [
        Problem(
            f.message,
            str(path),
            line_of(node, ("tasks", f.index, f.field)),
            f"tasks.{f.index + 1}.{f.field}",
            f.expected,
            f.nearest,
        )
        for f in found
    ]
    return sorted(problems, key=lambda problem: problem.line or 0)


# --- CSV ------------------------------------------------------------------------------------------------


def _rows(path: Path) -> list[Row]:
    """The rows of a CSV file with the line each begins on; the separator is the one its first lines use most."""
    text = read_text(path)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    rows, line = [], 1
    try:
        for cells in reader:
            rows.append(Row(line, tuple(cells)))
            line = reader.line_num + 1
    except csv.Error as error:
        raise Invalid(
            Problem(f"not CSV: {error}", str(path), line, expected="quotes closed and doubled within a text")
        ) from error
    return rows


def _delimiter(text: str) -> str:
    """The separator that parts the header into the most cells; a comma when none parts it."""
    header = next((line for line in text.splitlines() if any(d in line for d in DELIMITERS)), "")
    return max(DELIMITERS, key=lambda d: len(next(csv.reader([header], delimiter=d), [])))
