"""`cutover runbook backout`: the way back as a plan of its own, made of what the plan says of undoing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from cutover.cli.asked import AsJson
from cutover.cli.asked import Folder as Here
from cutover.cli.border import DONE, NO
from cutover.cli.output import answer
from cutover.core.duration import show_duration
from cutover.core.errors import Invalid, Problem, Refused
from runbooks.cli_words import Name, Open

if TYPE_CHECKING:
    from cutover.domain.programme import Programme
    from runbooks.cli_words import Folder
    from runbooks.domain.backout_plan import WayBack
    from runbooks.domain.plan import Runbook
    from runbooks.domain.plan_diff import PlanDiff


def add_backout(app: App, folder: Open) -> None:
    @app.command
    def backout(
        name: Name = "",
        *,
        accept: Annotated[
            bool, Parameter(negative="", help="write what changed into a backout plan that is there already")
        ] = False,
        programme: Here = Path(),
        json: AsJson = False,
    ) -> int:
        """Make the plan of the way back, or show what changed since it was made; edits of it are kept. Exit 1 while it lacks a change."""
        place = folder(programme)
        book = place.runbook(name)
        there, made = _made(place, book)
        changes = _changes(there, made) if there else None
        is_due = changes is None or not _is_empty(changes)
        writes = is_due and (there is None or accept)
        answer(_plain(made, changes, place.programme, written=writes), as_json=json,
               text=_lines(made, changes, place.programme, written=writes))  # fmt: skip
        if writes:
            _write(place, book, made.runbook)
        return DONE if writes or not is_due else NO


def _made(place: Folder, book: Runbook) -> tuple[Runbook | None, WayBack]:
    from runbooks.domain.backout_plan import backout_id, make_backout

    if any(task.undoes for task in book.tasks):
        raise Invalid(
            Problem(f"'{book.id}' is a way back itself", expected="the plan that it leads back from")
        )
    there = place.runbooks.get(backout_id(book))
    if there is not None and not any(task.undoes for task in there.tasks):
        raise Refused(
            f"runbook '{there.id}' exists and undoes nothing: name another in `backout` of {book.id}"
        )
    made = make_backout(book, there)
    if not made.runbook.tasks:
        raise Refused(
            f"no task of {book.id} says how it is undone: fill `rollback`, `undo` or `undo_duration`"
        )
    return there, made


def _changes(there: Runbook, made: WayBack) -> PlanDiff:
    from runbooks.domain.plan_diff import diff

    return diff(there, made.runbook)


def _is_empty(changes: PlanDiff) -> bool:
    return not (changes.added or changes.removed or changes.changes)


def _write(place: Folder, book: Runbook, made: Runbook) -> None:
    """The way back into its file, and its name into the plan's."""
    from runbooks.formats.files import write_runbook
    from runbooks.runbook_file import file_of, link_backout

    zone = place.programme.zone
    write_runbook(file_of(place.path, made.id, zone), made)
    if book.backout != made.id:
        link_backout(file_of(place.path, book.id, zone), book, made.id, zone)


# --- in words -------------------------------------------------------------------------------------------


def _plain(
    made: WayBack, changes: PlanDiff | None, programme: Programme, *, written: bool
) -> dict[str, object]:
    return {
        "runbook": made.runbook.id,
        "tasks": len(made.runbook.tasks),
        "lasts": _lasts(made.runbook, programme),
        "added": changes.added if changes else [task.id for task in made.runbook.tasks],
        "removed": changes.removed if changes else [],
        "changes": _told(changes) if changes else [],
        "notes": made.notes,
        "written": written,
    }


def _lines(made: WayBack, changes: PlanDiff | None, programme: Programme, *, written: bool) -> Iterator[str]:
    book = made.runbook
    yield f"{book.id}: {len(book.tasks)} tasks, {show_duration(_lasts(book, programme))} if all of the plan is to be undone and all goes well"
    if changes is not None and _is_empty(changes):
        yield "nothing changed in the plan that it has not taken over"
    elif changes is not None:
        yield from (f"  new: {name}" for name in changes.added)
        yield from (f"  gone: {name}" for name in changes.removed)
        yield from (
            f"  {change['task']}.{change['field']}: {change['before'] or 'nothing'} -> {change['after'] or 'nothing'}"
            for change in _told(changes)
        )
    yield from (f"  note: {note}" for note in made.notes)
    if written:
        yield f"written to runbooks/{book.id}.yaml: it is yours to edit"
    elif changes is not None and not _is_empty(changes):
        yield "--accept takes this over"


def _told(changes: PlanDiff) -> list[dict[str, str]]:
    """The marks that remember what was made change with what they mark: nobody needs to read them."""
    from runbooks.domain.backout_plan import MARK

    return [
        {"task": c.task, "field": c.field, "before": c.before, "after": c.after}
        for c in changes.changes
        if MARK not in c.field
    ]


def _lasts(book: Runbook, programme: Programme) -> timedelta:
    from runbooks.domain.timing.calendars import calendars_of
    from runbooks.domain.timing.network import schedule

    timing = schedule(book.tasks, programme.opens, calendars=calendars_of(programme))
    return timing.finish - programme.opens
