"""Markdown checklists as a runbook, and back: what people keep in GitLab and GitHub, readable as it stands.

Written out, a task is `- [ ] [T1] Freeze @asha (30m) after: T0` with its other fields under it. The document
is read back before it is given out: what a line cannot say exactly goes into a fence of YAML under the task.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cutover.core.errors import Invalid, Problem
from cutover.store.documents import read_text
from cutover.store.whole_file import write_whole
from runbooks.domain.plan import Runbook, faults, in_zone
from runbooks.formats.cells import DateOrder, slug, title_of
from runbooks.formats.in_utc import refuse
from runbooks.formats.markdown_fences import fenced_fields, with_fences
from runbooks.formats.markdown_in import Document, read_document, sheet_of
from runbooks.formats.markdown_out import markdown
from runbooks.formats.sheet import Sheet
from runbooks.formats.spoken import OF_RUNBOOK, everything
from runbooks.formats.table import Imported, compile_sheets

NAMED = 10  # lines in a note; more are an ellipsis
EXPECTED = "lines such as `- [ ] [T1] Freeze @asha (30m) after: T0`, or a table with a column Task"


def read_markdown(path: Path, *, zone: str = "UTC", order: DateOrder | None = None) -> Imported:
    """Read checklists and tables. Raises Invalid with one problem per fault, each on its line."""
    return _read(read_text(path).replace("\r\n", "\n"), path, zone, order)


def write_markdown(path: Path, runbook: Runbook) -> None:
    """Write a checklist that reads back to the same runbook. Raises Invalid for a faulty one."""
    tasks, forbidden = in_zone(runbook.tasks, "UTC")
    refuse(tasks, [*forbidden, *faults(tasks)])
    plan = runbook.model_copy(update={"tasks": tasks})
    seen = _read(markdown(plan, {}), path, "UTC", None).runbook
    unsaid = {}
    for meant, read in zip(plan.tasks, seen.tasks, strict=True):
        says, reads = (t.model_dump(mode="json", by_alias=True) for t in (meant, read))
        unsaid[meant.id] = {name: value for name, value in says.items() if reads[name] != value}
    write_whole(path, markdown(plan, unsaid).encode())


def _read(text: str, path: Path, zone: str, order: DateOrder | None) -> Imported:
    document = read_document(text, str(path))
    sheets = (
        [Sheet(sheet_of(document.entries, is_own=document.is_own), str(path))] if document.entries else []
    )
    sheets += [Sheet(table, str(path)) for table in document.tables]
    if not sheets:
        raise Invalid(Problem("there are no tasks in this document", str(path), 1, expected=EXPECTED))
    made = compile_sheets(
        sheets,
        runbook_id=slug(path.stem) or "runbook",
        title=document.title or title_of(path.stem),
        zone=zone,
        order=order,
    )
    runbook = with_fences(document, made.runbook, str(path), zone)
    notes = [*made.notes, *_left_out(document)]
    if not document.is_own:
        given = made.given and {
            name: fields | fenced_fields(document, runbook, name) for name, fields in made.given.items()
        }
        return Imported(runbook, made.kept, tuple(notes), given, made.given_of_runbook)
    # Written by us: it speaks of everything, and what its fences say is not decided by the words of a heading.
    kept = tuple(dict.fromkeys(name for task in runbook.tasks for name in task.custom))
    said = tuple(note for note in notes if "way back" not in note)
    return Imported(runbook, kept, said, dict.fromkeys(runbook.by_id(), everything(kept)), OF_RUNBOOK)


def _left_out(document: Document) -> Iterator[str]:
    if document.left_out and not document.is_own:
        lines = ", ".join(map(str, document.left_out[:NAMED])) + (
            ", ..." if len(document.left_out) > NAMED else ""
        )
        yield f"text that belongs to no task is left out: line {lines}"
