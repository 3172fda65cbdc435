"""Which files hold a runbook, in and out, by their suffix; what is wrong is named by file, line and field."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from cutover.core.errors import Invalid, Problem
from cutover.store.documents import line_of, nodes_of, read_yaml, write_yaml
from runbooks.domain.plan import Fault, Runbook, faults, in_zone
from runbooks.formats.cells import DateOrder, slug, title_of
from runbooks.formats.csv_in import csv_rows
from runbooks.formats.exact import Place
from runbooks.formats.exact_in import about_sheet, is_ours, read_exact_rows, read_exact_workbook
from runbooks.formats.guards import without_guard
from runbooks.formats.sheet import Row, Sheet, has_titles, is_plan
from runbooks.formats.spoken import spoken_of
from runbooks.formats.table import Imported, compile_sheets
from runbooks.formats.workbook_in import WORKBOOKS, read_sheets


def read_runbook(path: Path, *, zone: str = "UTC", date_order: DateOrder | None = None) -> Runbook:
    """Read a runbook; its fixed starts are UTC afterwards. Raises Invalid with one problem per fault."""
    return import_runbook(path, zone=zone, date_order=date_order).runbook


def import_runbook(
    path: Path, *, zone: str = "UTC", date_order: DateOrder | None = None, known: Collection[str] = ()
) -> Imported:
    """Read a runbook, and say which columns were kept and what was decided on the way.

    Wall times are those of `zone` unless they or their row say otherwise; `date_order` settles dates such as
    03/04/2026, which are refused without it. A sheet may name the tasks that are `known`, those of the plan it goes
    into. Raises Invalid with one problem per fault.
    """
    suffix = path.suffix.lower()
    if suffix not in _READERS:
        hint = "; in MS Project, File > Save As > XML Format" if suffix in (".mpp", ".mpt") else ""
        expected = f"one of {', '.join(READ)}{hint}"
        raise Invalid(Problem(f"'{suffix or path.name}' files are not read", str(path), expected=expected))
    return _READERS[suffix](path, Place(zone, date_order), known)


def write_runbook(path: Path, runbook: Runbook) -> None:
    """Write YAML that `read_runbook` reads back equal: the whole file at once, or nothing."""
    write_yaml(path, runbook)


# --- YAML -----------------------------------------------------------------------------------------------


def _yaml(path: Path, place: Place, known: Collection[str]) -> Imported:
    del known
    return Imported(_read_yaml(path, place.zone))


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
    node = nodes_of(path)
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


# --- sheets ---------------------------------------------------------------------------------------------


def _csv(path: Path, place: Place, known: Collection[str]) -> Imported:
    rows = csv_rows(path)
    if is_ours(rows):
        return read_exact_rows(rows, str(path), name=path.stem, place=place, known=known)
    bare = [Row(row.line, tuple(map(without_guard, row.cells))) for row in rows]
    return compile_sheets(
        [Sheet(bare, str(path))], **_named(path), zone=place.zone, order=place.order, known=known
    )


def _workbook(path: Path, place: Place, known: Collection[str]) -> Imported:
    sheets, notes = read_sheets(path)
    about = about_sheet(sheets)
    if about is not None:
        return read_exact_workbook(sheets, about, name=path.stem, place=place, known=known)
    plans, left = _plans(sheets, str(path))
    notes += [f"sheet '{sheet.name}' is no plan: skipped" for sheet in left]
    read = compile_sheets(plans, **_named(path), zone=place.zone, order=place.order, known=known)
    return replace(read, notes=(*notes, *read.notes))


def _plans(sheets: list[Sheet], file: str) -> tuple[list[Sheet], list[Sheet]]:
    """The sheets that are plans, and the others that say anything. Where none is for certain, any with titles will do."""
    said = [sheet for sheet in sheets if any(any(row.cells) for row in sheet.rows)]
    plans = [sheet for sheet in said if is_plan(sheet)] or [sheet for sheet in said if has_titles(sheet)]
    if not plans and len(said) == 1:
        return said, []  # its own message says what it lacks
    if not plans:
        names = ", ".join(sheet.name for sheet in said)
        message = f"no sheet is a plan ({names})" if said else "the workbook is empty"
        raise Invalid(Problem(message, file, expected="a sheet with a column named Task or Title"))
    return plans, [sheet for sheet in said if sheet not in plans]


def _named(path: Path) -> dict[str, str]:
    return {"runbook_id": slug(path.stem) or "runbook", "title": title_of(path.stem)}


# --- what others write ------------------------------------------------------------------------------------


def _mspdi(path: Path, place: Place, known: Collection[str]) -> Imported:
    from runbooks.formats.mspdi import read_mspdi

    del known
    return _speaking(read_mspdi(path, zone=place.zone))


def _markdown(path: Path, place: Place, known: Collection[str]) -> Imported:
    from runbooks.formats.markdown import read_markdown

    del known
    return _speaking(read_markdown(path, zone=place.zone, order=place.order))


def _speaking(read: Imported) -> Imported:
    """A form that has no place for every field speaks of those that any of its tasks has: the others are unchanged."""
    if read.given is not None:
        return read
    said = frozenset({"after"}).union(*map(spoken_of, read.runbook.tasks))
    return replace(
        read, given=dict.fromkeys(read.runbook.by_id(), said), given_of_runbook=frozenset({"title"})
    )


_READERS: Mapping[str, Callable[[Path, Place, Collection[str]], Imported]] = {
    ".csv": _csv,
    ".tsv": _csv,
    **dict.fromkeys(WORKBOOKS, _workbook),
    ".yaml": _yaml,
    ".yml": _yaml,
    ".md": _markdown,
    ".xml": _mspdi,
}
READ = tuple(_READERS)
