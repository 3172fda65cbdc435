"""`cutover runbook impact`: what an edit would do, before it is accepted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from cutover.cli.asked import AsJson
from cutover.cli.asked import Folder as Here
from cutover.cli.border import DONE, NO
from cutover.cli.output import answer, table
from cutover.core.clock import show
from cutover.core.duration import parse_duration, show_duration
from cutover.core.errors import Invalid, Problem, Refused
from runbooks.cli_words import Name, Open, Order

if TYPE_CHECKING:
    from cutover.domain.programme import Programme
    from runbooks.cli_words import Folder
    from runbooks.domain.plan import Runbook
    from runbooks.domain.timing.impact import Impact, Moved
    from runbooks.domain.timing.laid_out import Edit, LaidOut
    from runbooks.formats.cells import DateOrder

SHOWN = 20  # tasks moved, in the table; --json has all


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Asked:
    """The edit, in words or as a file."""

    set_: Annotated[
        tuple[str, ...],
        Parameter(name="--set", negative="", help='TASK.FIELD=VALUE, such as T12.duration=3h or T14.after="T12 FS+1h"; nothing after = clears'),
    ] = ()  # fmt: skip
    add: Annotated[tuple[str, ...], Parameter(negative="", help="id of a new task; --set fills it")] = ()
    remove: Annotated[
        tuple[str, ...],
        Parameter(negative="", help="id of a task; who waited for it waits for what it waited for"),
    ] = ()
    file: Annotated[Path | None, Parameter(help="a plan to import again: what taking it over would do")] = (
        None
    )
    date_order: Order = None


def add_impact(app: App, folder: Open) -> None:
    @app.command
    def impact(
        name: Name = "",
        *,
        asked: Asked | None = None,
        more_than: Annotated[str, Parameter(help="list the tasks that move by more than this")] = "15m",
        accept: Annotated[
            bool,
            Parameter(negative="", help="write the edit into the runbook; comments in its file are lost"),
        ] = False,
        anyway: Annotated[
            bool, Parameter(negative="", help="accept it even when the window or a deadline is newly missed")
        ] = False,
        programme: Here = Path(),
        json: AsJson = False,
    ) -> int:
        """What an edit would do to the end, the window, the deadlines and other tasks. Exit 1 when one is newly missed."""
        place = folder(programme)
        book = place.runbook(name)
        after = _after(place, book, asked or Asked())
        seen = _seen(book, after, place.programme, parse_duration(more_than))
        answer(_plain(seen, place.programme), as_json=json, text=_lines(seen, place.programme))
        if not json:
            _show_moved(seen.impact, place.programme)
        if accept:
            _accept(place, after, seen, anyway=anyway)
        return NO if seen.breaks else DONE


@dataclass(frozen=True, slots=True)
class Seen:
    """The impact on the plan, and on its end when every team does only what it can at once (None: nobody can)."""

    impact: Impact
    levelled_before: datetime | None
    levelled_after: datetime | None
    unstaffed: tuple[str, ...]

    @property
    def misses_window(self) -> bool:
        """The levelled plan kept its window before the edit and would not after it."""
        before, after, closes = self.levelled_before, self.levelled_after, self.impact.closes
        return before is not None and before <= closes and (after is None or after > closes)

    @property
    def breaks(self) -> bool:
        return self.impact.breaks or self.misses_window


def _after(place: Folder, book: Runbook, asked: Asked) -> Runbook:
    """The runbook as the edit would leave it. Raises Invalid for an edit that is none, or that leaves a faulty plan."""
    from runbooks.domain.timing.edit_words import read_edit

    in_words = asked.set_ or asked.add or asked.remove
    if bool(in_words) == bool(asked.file):
        what = "name one edit" if not in_words else "an edit is said in words or given as a file, not both"
        raise Invalid(Problem(what, expected="--set, --add or --remove, or else --file"))
    if asked.file:
        return _imported_again(book, asked.file, place.programme.zone, asked.date_order)
    edit = read_edit(book.tasks, place.programme.zone, sets=asked.set_, adds=asked.add, removes=asked.remove)
    changed = {task.id: task for task in edit.changed}
    kept = [changed.pop(task.id, task) for task in book.tasks if task.id not in edit.removed]
    return book.model_copy(update={"tasks": (*kept, *changed.values())})


def _imported_again(book: Runbook, file: Path, zone: str, order: DateOrder | None) -> Runbook:
    from runbooks.domain.plan_diff import merged
    from runbooks.formats.files import import_runbook

    read = import_runbook(file, zone=zone, date_order=order)
    return merged(book, read.runbook, read.given, read.given_of_runbook)


def _seen(book: Runbook, after: Runbook, programme: Programme, more_than: timedelta) -> Seen:
    from runbooks.domain.timing.calendars import calendars_of
    from runbooks.domain.timing.impact import edit_between, impact
    from runbooks.domain.timing.laid_out import edited, lay_out

    laid = lay_out(book.tasks, programme.opens, calendars=calendars_of(programme))
    edit: Edit = edit_between(book.tasks, after.tasks)
    seen = impact(laid, edit, programme.closes, more_than)
    ends = [_levelled(plan, programme) for plan in (laid, edited(laid, edit)[0])]
    return Seen(seen, ends[0][0], ends[1][0], ends[1][1])


def _levelled(laid: LaidOut, programme: Programme) -> tuple[datetime | None, tuple[str, ...]]:
    """When the plan ends with the teams as they are; or why it cannot be done."""
    from runbooks.domain.capacity.crew import crew
    from runbooks.domain.capacity.levelling import dispatch
    from runbooks.domain.timing.network import network

    tasks = tuple(laid.tasks.values())
    net = network(tasks, laid.net.opens, calendars=laid.happened.calendars)
    try:
        finish = dispatch(net, crew(net, tasks, programme)).finish
    except Invalid as error:
        return None, tuple(str(problem) for problem in error.problems)
    return laid.net.opens + timedelta(microseconds=finish), ()


def _accept(place: Folder, after: Runbook, seen: Seen, *, anyway: bool) -> None:
    from runbooks.formats.files import write_runbook
    from runbooks.runbook_file import file_of

    if seen.breaks and not anyway:
        raise Refused(
            "not accepted: the window or a deadline is newly missed; --anyway accepts it all the same"
        )
    write_runbook(file_of(place.path, after.id, place.programme.zone), after)


# --- in words -------------------------------------------------------------------------------------------


def _plain(seen: Seen, programme: Programme) -> dict[str, object]:
    did = seen.impact
    return {
        "finish": {"before": did.finish_before, "after": did.finish_after},
        "levelled_finish": {"before": seen.levelled_before, "after": seen.levelled_after},
        "closes": programme.closes,
        "margin": {"before": did.margin_before, "after": did.margin_after},
        "window_newly_missed": did.misses_window or seen.misses_window,
        "deadlines_newly_missed": did.deadlines_missed,
        "deadlines_newly_kept": did.deadlines_kept,
        "critical_joined": did.critical_joined,
        "critical_left": did.critical_left,
        "moved": [
            {"task": m.task, "by": m.by, "start": m.start_after, "end": m.end_after} for m in did.moved
        ],
        "cannot_be_done": seen.unstaffed,
    }


def _lines(seen: Seen, programme: Programme) -> Iterator[str]:
    did, zone = seen.impact, programme.zone
    yield f"ends {_change(did.finish_before, did.finish_after, zone)}"
    if seen.levelled_before or seen.levelled_after:
        yield f"with the teams as they are {_change(seen.levelled_before, seen.levelled_after, zone)}"
    yield from (f"nobody can do it: {why}" for why in seen.unstaffed)
    last = max(did.finish_after, seen.levelled_after or did.finish_after)
    spare = did.closes - last
    word = "before" if spare >= timedelta(0) else "AFTER"
    missed = ": newly missed" if did.misses_window or seen.misses_window else ""
    yield f"that is {show_duration(abs(spare))} {word} the window closes{missed}"
    for label, names in (
        ("deadlines newly missed", did.deadlines_missed),
        ("deadlines newly kept", did.deadlines_kept),
        ("now critical", did.critical_joined),
        ("no longer critical", did.critical_left),
    ):
        if names:
            yield f"{label}: {', '.join(names)}"


def _change(before: datetime | None, after: datetime | None, zone: str) -> str:
    if before is None or after is None:
        return f"{show(before, zone) if before else 'never'}, then {show(after, zone) if after else 'never'}"
    if before == after:
        return f"{show(after, zone)}, as before"
    way = "later" if after > before else "earlier"
    return f"{show(after, zone)}, {show_duration(abs(after - before))} {way} than {show(before, zone)}"


def _show_moved(did: Impact, programme: Programme) -> None:
    if not did.moved:
        answer(None, as_json=False, text=["no other task moves by more than was asked for"])
        return
    rows = (_row(moved, programme.zone) for moved in did.moved[:SHOWN])
    table(f"{len(did.moved)} tasks move", ("task", "starts", "ends", "by"), rows)


def _row(moved: Moved, zone: str) -> tuple[str, str, str, str]:
    return moved.task, show(moved.start_after, zone), show(moved.end_after, zone), show_duration(moved.by)
