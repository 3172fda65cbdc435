"""Its page /plan: a runbook before any run, as a picture and as figures. Presentation only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cutover.core.clock import Clock, show
from cutover.core.errors import Invalid, NotFound, Refused
from cutover.domain.programme import Programme
from cutover.web.charts import Gantt
from cutover.web.kit import Page, Query
from cutover.web.words import lasting, moment, share
from runbooks import pictures
from runbooks.board import Look
from runbooks.domain.lint import Severity, lint, summary
from runbooks.domain.plan import Runbook, Task
from runbooks.leveller import staffed
from runbooks.planned import Planned, past_of, planned
from runbooks.service import RunService

SHOWN = 40  # findings on the page; `cutover runbook lint` has all
LOOKS: Mapping[Severity, Look] = {
    Severity.ERROR: ("bad", "✗", "error"),
    Severity.WARNING: ("warn", "!", "warning"),
    Severity.INFO: ("idle", "·", "worth knowing"),
}


@dataclass(frozen=True, slots=True)
class Lack:
    """One finding: how grave, in which task, and what mends it."""

    look: Look
    task: str
    text: str
    fix: str


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One task of the table that says in words what the Gantt draws."""

    id: str
    title: str
    stream: str
    who: str
    starts: str
    ends: str
    between: str
    critical: str
    is_critical: bool


@dataclass(frozen=True, slots=True)
class PlanPage:
    """What `plan.html` reads; `others` are the other runbooks of the programme."""

    now: str
    id: str
    title: str
    others: tuple[tuple[str, str], ...]
    verdict: Look
    figures: tuple[tuple[str, str], ...]
    levelled: tuple[str, ...]
    assumptions: tuple[str, ...]
    chart: Gantt | None
    finish: pictures.Finish
    tornado: pictures.Tornado
    summary: tuple[str, ...]
    lacks: tuple[Lack, ...]
    more: int
    rows: tuple[TaskRow, ...]


def pages(
    service: RunService, runbooks: Mapping[str, Runbook], programme: Programme, clock: Clock
) -> list[Page]:
    """The page of the plan; none for a programme without runbooks."""
    if not runbooks:
        return []
    plan = _Plan(service, runbooks, programme, clock)
    return [Page("/plan", "runbooks", "plan.html", PlanPage, plan.show, label="Plan")]


@dataclass(slots=True)
class _Plan:
    """Builds the page; what the forecast says is kept until the journal says something new."""

    service: RunService
    runbooks: Mapping[str, Runbook]
    programme: Programme
    clock: Clock
    _kept: dict[str, tuple[int, Planned]] = field(default_factory=dict)

    def show(self, query: Query) -> PlanPage:
        name = query.get("runbook") or self._first()
        if name not in self.runbooks:
            raise NotFound("runbook", name, self.runbooks)
        book, zone, now = self.runbooks[name], self.programme.zone, self.clock.now()
        plan, found = self._planned(book), lint(book, self.programme)
        return PlanPage(
            now=moment(now, zone),
            id=book.id,
            title=book.title,
            others=tuple((one.id, one.title) for one in self.runbooks.values() if one.id != book.id),
            verdict=_verdict(plan),
            figures=tuple(_figures(plan)),
            levelled=_levelled(plan),
            assumptions=plan.seen.assumptions,
            chart=pictures.gantt(plan, now),
            finish=pictures.finish(plan),
            tornado=pictures.tornado(plan),
            summary=tuple(summary(book, found)),
            lacks=tuple(Lack(LOOKS[f.severity], f.task, f.message, f.fix) for f in found[:SHOWN]),
            more=max(0, len(found) - SHOWN),
            rows=_rows(plan),
        )

    def _first(self) -> str:
        """The first runbook that is nobody's way back."""
        ways_back = {book.backout for book in self.runbooks.values()}
        return next((name for name in self.runbooks if name not in ways_back), next(iter(self.runbooks)))

    def _planned(self, book: Runbook) -> Planned:
        position = self.service.desk.journal.head().position
        kept = self._kept.get(book.id)
        if kept is None or kept[0] != position:
            back = self.runbooks.get(book.backout)
            past = past_of(book, self.service)
            kept = position, planned(book, self.programme, back.tasks if back else (), past)
            self._kept[book.id] = kept
        return kept[1]


def _verdict(plan: Planned) -> Look:
    seen, closes = plan.seen, plan.programme.closes
    if seen.p80 > closes:
        return "bad", "✗", "passes the window"
    return ("warn", "!", "may pass the window") if seen.p95 > closes else ("ok", "✓", "inside the window")


def _figures(plan: Planned) -> list[tuple[str, str]]:
    seen, programme = plan.seen, plan.programme

    def at(when: datetime) -> str:
        return moment(when, programme.zone)

    critical = sum(1 for task in plan.times if plan.is_critical(task))
    latest = [("Latest safe backout", at(plan.latest_backout))] if plan.latest_backout else []
    return [
        ("Tasks", f"{len(plan.times)}, {critical} critical"),
        ("Window", f"{at(programme.opens)} to {at(programme.closes)}"),
        ("Ends as planned", at(plan.finish)),
        ("Even chance (P50)", at(seen.p50)),
        ("Four in five (P80)", at(seen.p80)),
        ("19 in 20 (P95)", at(seen.p95)),
        ("Chance to miss the window", share(seen.chance_to_miss(programme.closes))),
        *latest,
    ]


def _levelled(plan: Planned) -> tuple[str, ...]:
    """What the order of the tasks is worth, by one quick pass; a longer search is a command."""
    try:
        own = staffed(plan.runbook.tasks, plan.programme).in_written_order()
    except (Invalid, Refused) as error:
        return (str(error),)
    written = plan.programme.opens + timedelta(microseconds=own.finish)
    gain = written - plan.finish
    zone = plan.programme.zone
    if gain > timedelta(0):
        words = f"{lasting(gain)} sooner than in the order in which it is written ({moment(written, zone)})"
    elif gain < timedelta(0):
        words = f"{lasting(gain)} later than in the order in which it is written ({moment(written, zone)})"
    else:
        words = "as soon as in the order in which it is written"
    return (f"Nobody is asked to do two things at once; with the most urgent task first it ends {words}.",)


def _rows(plan: Planned) -> tuple[TaskRow, ...]:
    tasks = [task for task in plan.runbook.tasks if task.id in plan.times]
    return tuple(_row(plan, task) for task in sorted(tasks, key=lambda task: plan.times[task.id]))


def _row(plan: Planned, task: Task) -> TaskRow:
    (begin, end), zone = plan.times[task.id], plan.programme.zone
    titles = {stream.id: stream.title for stream in plan.runbook.streams}
    band, team = plan.bands.get(task.id), plan.programme.team(task.team)
    return TaskRow(
        task.id,
        task.title,
        titles.get(task.stream, task.stream),
        task.owner or (team.title if team else task.team),
        moment(begin, zone),
        moment(end, zone),
        f"{show(band[0], zone, '%a %H:%M')} – {show(band[1], zone, '%a %H:%M')}" if band else "",
        share(plan.seen.criticality.get(task.id, 0.0)),
        plan.is_critical(task.id),
    )
