"""`cutover runbook import`: read what people have into the programme."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from pydantic import TypeAdapter, ValidationError

from cutover.cli.output import answer
from cutover.core.errors import Invalid, Problem, Refused
from cutover.domain.programme import Id
from runbooks.cli_words import AsJson, Here, Open, Order
from runbooks.domain.lint import lint, summary
from runbooks.formats.cells import DateOrder, slug
from runbooks.formats.files import READ, import_runbook, write_runbook
from runbooks.formats.table import Imported

NewId = Annotated[str, Parameter(name="--id", help="id of the runbook; default: made of the file's name")]
_ID: TypeAdapter[str] = TypeAdapter(Id)


def add_exchange(app: App, folder: Open) -> None:
    @app.command(name="import")
    def import_(
        *files: Annotated[Path, Parameter(help=f"the plans to read: {', '.join(READ)}")],
        id_: NewId = "",
        date_order: Order = None,
        replace: Annotated[bool, Parameter(negative="", help="write over a runbook of the same id")] = False,
        programme: Here = Path(),
        json: AsJson = False,
    ) -> None:
        """Read plans into the programme's runbooks/: all of them, or none when one is faulty."""
        place = folder(programme)
        read = _read_all(files, id_, place.programme.zone, date_order)
        _refuse_existing(place.path, read, replace=replace)
        for one in read:
            write_runbook(_file(place.path, one), one.runbook)
        answer(
            [_imported(one) for one in read], as_json=json, text=(line for one in read for line in _said(one))
        )


def _read_all(files: Sequence[Path], id_: str, zone: str, order: DateOrder | None) -> list[Imported]:
    """Read every file before anything is written; the problems of all of them come together."""
    if not files or (id_ and len(files) > 1):
        raise Invalid(
            Problem("name the files to read" if not files else "--id names one runbook: give one file")
        )
    read: list[Imported] = []
    problems: list[Problem] = []
    for path in files:
        try:
            read.append(_named(import_runbook(path, zone=zone, date_order=order), id_))
        except Invalid as error:
            problems += error.problems
    ids = [one.runbook.id for one in read]
    problems += [
        Problem(f"two files would become runbook '{twice}'") for twice in {i for i in ids if ids.count(i) > 1}
    ]
    if problems:
        raise Invalid(*problems)
    return read


def _named(one: Imported, id_: str) -> Imported:
    if not id_:
        return one
    try:
        _ID.validate_python(id_)
    except ValidationError as error:
        raise Invalid(
            Problem(
                f"'{id_}' is not an id",
                field="--id",
                expected="letters, digits, '.', '_' and '-'",
                nearest=slug(id_),
            )
        ) from error
    return Imported(one.runbook.model_copy(update={"id": id_}), one.kept, one.notes)


def _refuse_existing(path: Path, read: Iterable[Imported], *, replace: bool) -> None:
    there = [one.runbook.id for one in read if _file(path, one).exists()]
    if there and not replace:
        raise Refused(
            *(f"runbook '{name}' exists: import under another --id, or with --replace" for name in there)
        )


def _file(path: Path, one: Imported) -> Path:
    return path / "runbooks" / f"{one.runbook.id}.yaml"


def _imported(one: Imported) -> dict[str, object]:
    tasks = one.runbook.tasks
    return {
        "runbook": one.runbook.id,
        "tasks": len(tasks),
        "links": sum(len(task.after) for task in tasks),
        "columns_kept": one.kept,
        "notes": one.notes,
    }


def _said(one: Imported) -> list[str]:
    tasks, links = _imported(one)["tasks"], _imported(one)["links"]
    kept = [f"  columns kept as they are: {', '.join(one.kept)}"] if one.kept else []
    lacks = [f"  {line}" for line in summary(one.runbook, lint(one.runbook))]
    notes = [f"  note: {note}" for note in one.notes]
    return [f"runbook {one.runbook.id}: {tasks} tasks, {links} links", *kept, *notes, *lacks]
