"""`cutover runbook print`: the plan on paper, whole or a pack for each stream, station and person."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from cutover.cli.asked import AsJson
from cutover.cli.asked import Folder as Here
from cutover.cli.output import answer
from cutover.core.clock import SystemClock, to_utc
from cutover.core.errors import Invalid, Problem
from cutover.store.whole_file import write_whole
from runbooks.cli_words import Name, Open
from runbooks.options import Runs

if TYPE_CHECKING:
    from runbooks.cli_words import Folder
    from runbooks.printing.laid import Laid
    from runbooks.printing.packs import Pack
    from runbooks.printing.press import Sheet

StreamId = Annotated[str, Parameter(help="only the pack of this stream")]
PersonId = Annotated[str, Parameter(help="only the pack of this person")]
StationId = Annotated[str, Parameter(help="only the pack of this station")]
Every = Annotated[bool, Parameter(name="--all", negative="", help="the whole plan and every pack there is")]
To = Annotated[
    Path | None, Parameter(help="a file for one pack, or a folder; default: state/packs of the programme")
]
Code = Annotated[str, Parameter(help="what the scanner read out of the square code")]
At = Annotated[
    datetime | None,
    Parameter(help="print time to put on the pages, so that two prints are equal; default: now"),
]


def add_print(app: App, folder: Open, runs: Runs | None = None) -> None:
    @app.command(name="print")
    def print_(
        name: Name = "",
        *,
        stream: StreamId = "",
        person: PersonId = "",
        station: StationId = "",
        all_: Every = False,
        to: To = None,
        at: At = None,
        programme: Here = Path(),
        json: AsJson = False,
    ) -> None:
        """Print the plan as PDF (PDF/A-2a): tasks to tick, square codes for late entry, decision rules, who calls whom."""
        from cutover.store.print_key import print_key
        from runbooks.printing.press import Print, typeset

        place = folder(programme)
        laid = laid_out(place, name, runs)
        packs = _packs(laid, {"stream": stream, "person": person, "station": station}, every=all_)
        target = to or place.path / "state" / "packs" / laid.runbook.id
        _check_target(target, packs)
        printed = to_utc(at, place.programme.zone) if at else SystemClock().now()
        how = Print(printed, print_key(place.path / "state"))
        written = [(_write(target, sheet), sheet) for sheet in typeset(laid, packs, how)]
        answer(
            [{"file": str(file), "tasks": len(s.pack.tasks), "notes": s.notes} for file, s in written],
            as_json=json,
            text=_said(written),
        )

    @app.command
    def code(text: Code, *, programme: Here = Path(), json: AsJson = False) -> None:
        """Which task a square code of a printed pack stands for, and whether the plan has changed since."""
        _code(folder(programme), text, as_json=json)


def laid_out(place: Folder, name: str, runs: Runs | None = None) -> Laid:
    """A runbook of the programme with its planned times: those of the teams there are."""
    from runbooks.planned import planned_in
    from runbooks.printing.laid import Laid

    plan = planned_in(place, name, runs)
    critical = frozenset(task for task in plan.times if plan.is_critical(task))
    return Laid(plan.runbook, plan.programme, plan.times, critical, plan.latest_backout, plan.way_back)


def _packs(laid: Laid, asked: dict[str, str], *, every: bool) -> list[Pack]:
    from runbooks.printing.packs import Kind, pack_of, packs_of

    named = [(Kind(kind), name) for kind, name in asked.items() if name]
    if every and named:
        raise Invalid(Problem("--all is every pack", field="--all", expected="--all, or one pack by name"))
    if every:
        return list(packs_of(laid))
    packs = [pack_of(laid, kind, name) for kind, name in named or [(Kind.WHOLE, "")]]
    if empty := next((pack for pack in packs if not pack.tasks), None):
        raise Invalid(
            Problem(
                f"nothing in {laid.runbook.id} concerns {empty.kind} '{empty.id}'",
                field=f"--{empty.kind}",
                expected="one with tasks of its own; --all prints each of them",
            )
        )
    return packs


def _check_target(target: Path, packs: list[Pack]) -> None:
    if target.suffix == ".pdf" and len(packs) > 1:
        what = f"{len(packs)} packs do not go into one file"
        raise Invalid(Problem(what, file=str(target), field="--to", expected="a folder"))
    if target.suffix != ".pdf" and target.is_file():
        raise Invalid(
            Problem("is a file", file=str(target), field="--to", expected="a folder, or a .pdf file")
        )


def _write(target: Path, sheet: Sheet) -> Path:
    """The whole file or nothing: a half-written pack must never reach a printer."""
    file = target if target.suffix == ".pdf" else target / sheet.pack.file_name
    return write_whole(file, sheet.pdf)


def _said(written: Iterable[tuple[Path, Sheet]]) -> Iterable[str]:
    for file, sheet in written:
        yield f"{file}: {len(sheet.pack.tasks)} tasks"
        yield from (f"  note: {note}" for note in sheet.notes)


def _code(place: Folder, text: str, *, as_json: bool) -> None:
    from cutover.store.print_key import print_key
    from runbooks.printing.codes import plan_version, read_code

    read = read_code(text, print_key(place.path / "state"))
    book = place.runbook(read.runbook)
    task = book.by_id().get(read.task)
    same = plan_version(book) == read.version
    title = task.title if task else "no longer in the plan"
    answer(
        {"runbook": read.runbook, "task": read.task, "title": title, "line": read.sheet, "same_plan": same},
        as_json=as_json,
        text=[
            f"{read.task} {title} ({book.id}, line {read.sheet})",
            "the plan is the one that was printed" if same else "the plan has changed since this was printed",
        ],
    )
