"""`cutover run review`, also `cutover report review`: a run told afterwards, in the terminal and as files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from cutover.cli.asked import AsJson, Run
from cutover.cli.asked import Folder as Here
from cutover.cli.border import DONE
from cutover.cli.output import answer, table
from cutover.core.errors import Invalid, Problem, Refused
from runbooks.options import Runs

if TYPE_CHECKING:
    from cutover.domain.programme import Programme
    from runbooks.domain.reviewing.review import Review
    from runbooks.reviews.around import Around
    from runbooks.reviews.cells import Cell, Sheet

Others = Callable[[Path, "Review"], "Around"]
Html = Annotated[Path | None, Parameter(help="write a page that needs no server")]
Pdf = Annotated[Path | None, Parameter(help="write a PDF/A")]
Xlsx = Annotated[Path | None, Parameter(help="write a workbook: a sheet a table, spans in minutes")]
Over = Annotated[bool, Parameter(name="--replace", negative="", help="write over files that are there")]
Every = Annotated[bool, Parameter(name="--all", negative="", help="every table with every row")]
FEW = 12  # rows of a table in the terminal
SHOWN: Mapping[str, tuple[str, ...]] = {  # which columns a terminal has room for; files have all
    "tasks": ("Task", "Title", "Ended as", "Planned end", "Ended", "End off by", "Planned length", "Worked", "Waiting", "Drove the end"),
    "chain": ("Task", "Title", "Released by", "Until", "Waiting", "Working", "Being decided", "Stuck", "Paused", "Share of the chain"),
    "decisions": ("Gate", "Round", "Verdict", "Asked", "Due", "Decided", "Waited", "Late by", "By"),
    "incidents": (),
    "edits": (),
    "suggestions": (),
}  # fmt: skip


def add_review(app: App, runs: Runs, others: Others | None = None) -> None:
    """`others` tells what went on around the run; without it the review is of the run alone."""

    @app.command
    def review(
        *,
        run: Run = "",
        html: Html = None,
        pdf: Pdf = None,
        xlsx: Xlsx = None,
        replace: Over = False,
        all_: Every = False,
        programme: Here = Path(),
        json: AsJson = False,
    ) -> int:
        """How a run really went: planned and actual, where the time went, what drove the end, late decisions, what to plan instead."""
        from runbooks.reviews.around import NOTHING

        service = runs(programme)
        targets = _checked({".html": html, ".pdf": pdf, ".xlsx": xlsx}, replace=replace)
        seen = service.review(run)
        told = _Told(seen, service.programme, others(programme, seen) if others else NOTHING)
        written, notes = _write(targets, told, service.desk.clock.now())
        if json:
            answer({**told.as_json(), "files": written, "notes": notes}, as_json=True)
        else:
            told.show(every=all_)
            lines = [*(f"written: {file}" for file in written), *(f"note: {note}" for note in notes)]
            answer(None, as_json=False, text=lines)
        return DONE


@dataclass(frozen=True, slots=True)
class _Told:
    """A review with what went on around it, ready to be said."""

    seen: Review
    programme: Programme
    around: Around

    @property
    def caveats(self) -> tuple[str, ...]:
        return (*self.seen.caveats, *self.around.caveats)

    @property
    def head(self) -> tuple[tuple[str, str], ...]:
        from runbooks.reviews.sheets import head

        return (*head(self.seen, self.programme), *self.around.head)

    @property
    def sheets(self) -> tuple[Sheet, ...]:
        from runbooks.reviews.sheets import sheets

        return (*sheets(self.seen, self.programme), *self.around.sheets)

    def as_json(self) -> dict[str, Any]:
        return {
            "run": self.seen.run_id, "title": self.seen.title, "caveats": self.caveats, "head": [{"label": label, "words": words} for label, words in self.head],
            "sheets": {sheet.key: list(_records(sheet)) for sheet in self.sheets},
        }  # fmt: skip

    def show(self, *, every: bool) -> None:
        """Caveats first, then the figures, then what is worth a look."""
        answer(None, as_json=False, text=[f"! {words}" for words in self.caveats])
        width = max(len(label) for label, _ in self.head)
        answer(None, as_json=False, text=[f"{label:{width}}  {words}" for label, words in self.head])
        for sheet in self.sheets:
            if every or sheet.key in SHOWN or sheet in self.around.sheets:
                _table(sheet, self.programme.zone, every=every)


def _checked(asked: Mapping[str, Path | None], *, replace: bool) -> dict[str, Path]:
    """The files asked for. Raises Invalid for a name of another kind, Refused for a file that is there."""
    targets = {suffix: path for suffix, path in asked.items() if path is not None}
    for suffix, path in targets.items():
        if path.suffix.lower() != suffix or path.is_dir():
            raise Invalid(
                Problem(f"{path} is no {suffix} file", field=f"--{suffix[1:]}", expected=f"NAME{suffix}")
            )
    if there := [str(path) for path in targets.values() if path.exists() and not replace]:
        raise Refused(*(f"{name} exists: choose another name, or --replace" for name in there))
    return targets


def _write(targets: Mapping[str, Path], told: _Told, at: datetime) -> tuple[list[str], list[str]]:
    """All that was asked for is made before the first file is written."""
    made: dict[Path, bytes] = {}
    notes: list[str] = []
    if file := targets.get(".html"):
        from runbooks.reviews.files import as_html

        made[file] = as_html(told.seen, told.programme, at, told.around)
    if file := targets.get(".pdf"):
        from runbooks.reviews.files import as_pdf

        made[file], said = as_pdf(told.seen, told.programme, at, told.around)
        notes += said
    if file := targets.get(".xlsx"):
        from runbooks.reviews.workbook import as_xlsx

        made[file] = as_xlsx(told.seen, told.programme, told.around)
    from cutover.store.whole_file import write_whole

    return [str(write_whole(file, content)) for file, content in made.items()], notes


def _records(sheet: Sheet) -> Iterator[dict[str, Any]]:
    """The rows of a sheet for a program: names of columns as keys, moments in UTC, shares as numbers."""
    keys = [re.sub(r"\W+", "_", column.lower()).strip("_") for column in sheet.columns]
    for row in sheet.rows:
        yield dict(zip(keys, map(_value, row), strict=True))


def _value(cell: Cell) -> Any:
    from runbooks.reviews.cells import Off, Share, off

    if isinstance(cell, Off):
        return off(cell.by)
    if isinstance(cell, Share):
        return round(cell.of, 4)
    return cell


def _table(sheet: Sheet, zone: str, *, every: bool) -> None:
    from runbooks.reviews.cells import worded

    rows = list(sheet.rows) if every or sheet.key != "tasks" else _most_off(sheet)
    wanted = (SHOWN.get(sheet.key) or sheet.terse or sheet.columns) if not every else sheet.columns
    places = [sheet.columns.index(name) for name in wanted]
    shown = rows if every else rows[:FEW]
    more = len(sheet.rows) - len(shown)
    title = sheet.title + (f" ({more} more rows: --all)" if more else "")
    table(title, wanted, ([worded(row[at], zone) for at in places] for row in shown))


def _most_off(sheet: Sheet) -> list[tuple[Cell, ...]]:
    """The tasks that ended furthest from their plan, in the order of the plan."""
    from runbooks.reviews.cells import Off

    at = sheet.columns.index("End off by")

    def distance(row: tuple[Cell, ...]) -> timedelta:
        cell = row[at]
        return abs(cell.by) if isinstance(cell, Off) else timedelta(0)

    chosen = sorted(sheet.rows, key=distance, reverse=True)[:FEW]
    return [row for row in sheet.rows if row in chosen][:FEW]
