"""`cutover runbook import`: read what people have into the programme; into a plan that is there, as a reviewed diff."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from pydantic import TypeAdapter, ValidationError

from cutover.cli.asked import AsJson
from cutover.cli.asked import Folder as Here
from cutover.cli.border import DONE, NO
from cutover.cli.output import answer
from cutover.core.errors import Invalid, Problem, Refused
from cutover.domain.programme import Id
from runbooks.cli_words import Open, Order
from runbooks.domain.plan import Runbook, faults
from runbooks.domain.plan_diff import PlanDiff, diff, merged
from runbooks.export_cli import add_export
from runbooks.formats.cells import slug
from runbooks.formats.exact import Place
from runbooks.formats.files import READ, import_runbook, read_runbook, write_runbook
from runbooks.formats.table import Imported
from runbooks.import_words import facts, facts_of_diff, said_of_diff, said_of_new

NewId = Annotated[
    str, Parameter(name="--id", help="id of the runbook; default: the file's own, or made of its name")
]
Replace = Annotated[
    bool, Parameter(negative="", help="write over a runbook of the same id, whatever it says")
]
Accept = Annotated[
    bool, Parameter(negative="", help="take over what the file changes in a plan that is there")
]
Reviewed = Annotated[
    str,
    Parameter(help="with --accept: the code that the review showed; refused when the plan has changed since"),
]
RemoveAbsent = Annotated[
    bool, Parameter(negative="", help="with --accept: remove tasks that are not in the file")
]
_ID: TypeAdapter[str] = TypeAdapter(Id)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What may be done to plans that are there."""

    replace: bool
    accept: bool
    remove_absent: bool


@dataclass(frozen=True, slots=True)
class _Outcome:
    """A file read, what it does to the plan that is there (None: there is none), and the plan to write."""

    read: Imported
    found: PlanDiff | None
    book: Runbook

    @property
    def waits(self) -> bool:
        return self.found is not None and not (self.found.is_empty and not self.found.removed)


def add_exchange(app: App, folder: Open) -> None:
    """`import` and `export`."""
    _add_import(app, folder)
    add_export(app, folder)


def _add_import(app: App, folder: Open) -> None:
    @app.command(name="import")
    def import_(
        *files: Annotated[Path, Parameter(help=f"the plans to read: {', '.join(READ)}")],
        id_: NewId = "",
        date_order: Order = None,
        replace: Replace = False,
        accept: Accept = False,
        reviewed: Reviewed = "",
        remove_absent: RemoveAbsent = False,
        programme: Here = Path(),
        json: AsJson = False,
    ) -> int:
        """Read plans into the programme's runbooks/: all of them, or none when one is faulty.

        A plan that is there is not written over: what the file would change is shown, and exit is 1, until
        --accept. An absent column is unchanged, an empty cell clears. Comments of the YAML file are lost.
        """
        wish = _wish(replace=replace, accept=accept, remove_absent=remove_absent)
        place = folder(programme)
        there = _tasks_there(place.path, id_, place.programme.zone)
        read = _read_all(files, id_, Place(place.programme.zone, date_order), there)
        outcomes = [_outcome(place.path, one, place.programme.zone, wish) for one in read]
        waits = not accept and any(one.waits for one in outcomes)
        code = _code(outcomes)
        if reviewed and reviewed != code:
            raise Refused(
                f"the plan or the file has changed since review {reviewed}: look again without --accept"
            )
        for one in () if waits else outcomes:
            if one.found is None or one.waits:
                write_runbook(_file(place.path, one.read), one.book)
        answer(
            [_facts(one) for one in outcomes],
            as_json=json,
            text=[
                *(line for one in outcomes for line in _said(one, wish)),
                *([f"to take over this and nothing else: --accept --reviewed {code}"] if waits else []),
            ],
        )
        return NO if waits else DONE


def _code(outcomes: Iterable[_Outcome]) -> str:
    """Stands for the differences shown, old values and new: another plan or another file has another code."""
    shown = [
        (facts_of_diff(one.found), one.read.runbook.model_dump_json())
        for one in outcomes
        if one.found is not None
    ]
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:8]


def _wish(*, replace: bool, accept: bool, remove_absent: bool) -> _Wish:
    if replace and (accept or remove_absent):
        raise Invalid(
            Problem("--replace writes over the whole plan: there is nothing to accept", field="--replace")
        )
    return _Wish(replace, accept, remove_absent)


def _outcome(path: Path, read: Imported, zone: str, wish: _Wish) -> _Outcome:
    file = _file(path, read)
    if wish.replace or not file.exists():
        _refuse_faults(file, read.runbook)
        return _Outcome(read, None, read.runbook)
    current = read_runbook(file, zone=zone)
    asked = (current, read.runbook, read.given, read.given_of_runbook)
    book = merged(*asked, remove_absent=wish.remove_absent)
    _refuse_faults(file, book)
    return _Outcome(read, diff(*asked), book)


def _refuse_faults(file: Path, book: Runbook) -> None:
    """A file may be sound, and the plan it would make not: a link to what is removed, a cycle through both."""
    problems = [
        Problem(f.message, str(file), None, f"{book.tasks[f.index].id} {f.field}", f.expected, f.nearest)
        for f in faults(book.tasks)
    ]
    if problems:
        raise Invalid(*problems)


def _tasks_there(path: Path, id_: str, zone: str) -> Collection[str]:
    """The tasks of the plan that --id names: a part of it may come back and name the others."""
    file = path / "runbooks" / f"{id_}.yaml"
    return read_runbook(file, zone=zone).by_id().keys() if id_ and slug(id_) and file.is_file() else ()


def _read_all(files: Sequence[Path], id_: str, place: Place, there: Collection[str] = ()) -> list[Imported]:
    """Read every file before anything is written; the problems of all of them come together."""
    if not files or (id_ and len(files) > 1):
        raise Invalid(
            Problem("name the files to read" if not files else "--id names one runbook: give one file")
        )
    read: list[Imported] = []
    problems: list[Problem] = []
    for path in files:
        try:
            one = import_runbook(path, zone=place.zone, date_order=place.order, known=there)
            read.append(_named(one, id_))
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
    return replace(one, runbook=one.runbook.model_copy(update={"id": id_}))


def _file(path: Path, one: Imported) -> Path:
    return path / "runbooks" / f"{one.runbook.id}.yaml"


def _facts(one: _Outcome) -> dict[str, object]:
    return facts(one.read) | ({} if one.found is None else {"diff": facts_of_diff(one.found)})


def _said(one: _Outcome, wish: _Wish) -> list[str]:
    if one.found is None:
        return list(said_of_new(one.read))
    return list(said_of_diff(one.read, one.found, removes=wish.remove_absent, accepted=wish.accept))
