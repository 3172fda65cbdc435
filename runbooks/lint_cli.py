"""`cutover runbook lint`: what the plan lacks and how to mend it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from cutover.cli.asked import AsJson
from cutover.cli.asked import Folder as Here
from cutover.cli.border import DONE, NO
from cutover.cli.output import answer, table
from cutover.core.errors import NotFound
from runbooks.cli_words import Open, Order
from runbooks.domain.lint import Finding, Severity, lint, summary
from runbooks.formats.cells import DateOrder
from runbooks.formats.files import read_runbook

if TYPE_CHECKING:
    from cutover.domain.programme import Programme
    from runbooks.domain.plan import Runbook


def add_lint(app: App, folder: Open) -> None:
    @app.command(name="lint")
    def lint_(
        name: Annotated[str, Parameter(help="a runbook of the programme, or a file; default: all")] = "",
        *,
        full: Annotated[
            bool, Parameter(name="--all", negative="", help="every finding, not only the graver")
        ] = False,
        date_order: Order = None,
        programme: Here = Path(),
        json: AsJson = False,
    ) -> int:
        """Say what the plan lacks and how to mend it. Exit 1 when anything would stop or endanger a run."""
        context, books, known = _meant(folder, programme, name, date_order)
        found = {book.id: [*_actions(folder, programme, book), *lint(book, context, known)] for book in books}
        lacks = {book.id: summary(book, found[book.id]) for book in books}
        if json:
            answer(
                [{"runbook": b.id, "lacks": lacks[b.id], "findings": found[b.id]} for b in books],
                as_json=True,
            )
        else:
            for book in books:
                _show_findings(book, found[book.id], lacks[book.id], full=full)
        return NO if any(f.severity is Severity.ERROR for one in found.values() for f in one) else DONE


def _actions(folder: Open, programme: Path, book: Runbook) -> Iterator[Finding]:
    """What `cutover check` would refuse of its actions; without a programme nobody knows which kinds there are."""
    if not (programme / "programme.yaml").exists():
        return
    for fault in folder(programme).action_faults(book):
        fix = f"did you mean '{fault.nearest}'?" if fault.nearest else fault.expected or "correct the action"
        task = book.tasks[fault.index].id
        yield Finding("bad_action", Severity.ERROR, task, fault.message.removeprefix(f"{task}: "), fix)


def _meant(
    folder: Open, programme: Path, name: str, order: DateOrder | None
) -> tuple[Programme | None, list[Runbook], Collection[str] | None]:
    """The runbooks to look at, the programme they belong to and all its runbooks: a file may be looked at without."""
    file = Path(name)
    if name and (file.suffix or file.is_file()) and not _has(programme, name):
        context = folder(programme).programme if (programme / "programme.yaml").exists() else None
        return context, [read_runbook(file, zone=context.zone if context else "UTC", date_order=order)], None
    place = folder(programme)
    books = [place.runbook(name)] if name else list(place.runbooks.values())
    if not books:
        raise NotFound("runbook", "")
    return place.programme, books, place.runbooks


def _has(programme: Path, name: str) -> bool:
    return (programme / "runbooks" / f"{name}.yaml").exists()


def _show_findings(book: Runbook, found: Sequence[Finding], lacks: Sequence[str], *, full: bool) -> None:
    answer(
        None, as_json=False, text=[f"{book.id}: {len(book.tasks)} tasks", *(f"  {line}" for line in lacks)]
    )
    shown = [f for f in found if full or f.severity is Severity.ERROR]
    if shown:
        rows = ((f.severity, f.task, f.message, f.fix) for f in shown)
        table("Findings", ("severity", "task", "what", "fix"), rows)
    if len(shown) < len(found):
        answer(None, as_json=False, text=[f"{len(found) - len(shown)} more findings: --all shows each"])
