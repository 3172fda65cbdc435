"""`cutover runbook learn`: what finished rehearsals teach about the lengths of the plan's tasks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from cutover.cli.asked import AsJson
from cutover.cli.asked import Folder as Here
from cutover.cli.border import DONE, NO
from cutover.cli.output import answer, table
from cutover.core.duration import show_duration
from cutover.core.errors import Refused
from runbooks.cli_words import Name, Open
from runbooks.options import Runs

if TYPE_CHECKING:
    from runbooks.cli_words import Folder
    from runbooks.domain.learning import Learned
    from runbooks.domain.plan import Runbook
    from runbooks.service import RunService


def add_learn(app: App, folder: Open, runs: Runs) -> None:
    @app.command
    def learn(
        name: Name = "",
        *,
        full: Annotated[
            bool,
            Parameter(
                name="--all",
                negative="",
                help="every task rehearsed, not only those off their plan by more than 15 %",
            ),
        ] = False,
        accept: Annotated[
            bool,
            Parameter(
                negative="",
                help="write the suggested estimates of the tasks shown; comments in the file are lost",
            ),
        ] = False,
        programme: Here = Path(),
        json: AsJson = False,
    ) -> int:
        """Planned against worked time over the finished rehearsals, and what to plan instead. Exit 1 when tasks need revision."""
        place = folder(programme)
        book = place.runbook(name)
        count, lessons = _lessons(place, book, runs(programme))
        shown = [one for one in lessons if full or one.needs_revision]
        answer([_plain(one) for one in shown], as_json=json, text=[_head(book, count, lessons)])
        if shown and not json:
            _show(book, shown)
        if accept and shown:
            _accept(place, book, shown)
        return NO if any(one.needs_revision for one in shown) and not accept else DONE


def _lessons(place: Folder, book: Runbook, runs: RunService) -> tuple[int, list[Learned]]:
    from runbooks.domain.learning import learned
    from runbooks.domain.rehearsals import complete_rehearsals

    states = complete_rehearsals(runs.state(run_id) for run_id in runs.run_ids(book.id))
    if not states:
        raise Refused(
            f"no rehearsal of {book.id} was worked to its end: walk-throughs (--auto) keep to the plan and teach nothing"
        )
    return len(states), learned(book, states, place.programme)


def _accept(place: Folder, book: Runbook, lessons: Sequence[Learned]) -> None:
    from runbooks.domain.learning import taken_over
    from runbooks.formats.files import write_runbook
    from runbooks.runbook_file import file_of

    write_runbook(file_of(place.path, book.id, place.programme.zone), taken_over(book, lessons))


def _head(book: Runbook, count: int, lessons: Sequence[Learned]) -> str:
    off = sum(one.needs_revision for one in lessons)
    return f"{book.id}: {count} complete rehearsals, {len(lessons)} tasks worked, {off} need revision (off by more than 15 %)"


def _plain(one: Learned) -> dict[str, object]:
    return {
        "task": one.task,
        "planned": one.planned,
        "worked": list(one.worked),
        "waited": list(one.waited),
        "variance": None if one.variance == float("inf") else round(one.variance, 3),
        "needs_revision": one.needs_revision,
        "suggested": one.suggested,
    }


def _show(book: Runbook, lessons: Sequence[Learned]) -> None:
    titles = {task.id: task.title for task in book.tasks}
    rows = (
        (
            one.task,
            titles[one.task],
            show_duration(one.planned),
            ", ".join(map(show_duration, one.worked)),
            "no plan" if one.variance == float("inf") else f"{one.variance:+.0%}",
            ", ".join(map(show_duration, one.waited)),
            " / ".join(map(show_duration, (one.suggested.low, one.suggested.likely, one.suggested.high))),
        )
        for one in lessons
    )
    columns = ("task", "title", "planned", "worked", "off by", "waited", "suggested: low / likely / high")
    table("Rehearsed", columns, rows)
