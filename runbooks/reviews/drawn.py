"""The two pictures of a review: what was planned against what was, and what was expected of the end against the end."""

from __future__ import annotations

from datetime import datetime

from cutover.core.clock import show
from cutover.domain.programme import Programme
from cutover.web.charts import Bar, Gantt, Mark, Trend, gantt, trend
from runbooks.domain.plan import TaskType
from runbooks.domain.reviewing.review import Review, TaskReview
from runbooks.domain.reviewing.stretches import Spent
from runbooks.reviews.cells import lasts, off, worded

_SIGNS = {TaskType.APPROVAL: "◆", TaskType.MILESTONE: "★"}


def bars(seen: Review, programme: Programme) -> Gantt | None:
    """Every task that was planned or began, by stream; the driving chain is marked."""
    lanes: dict[str, list[Bar]] = {}
    for task in seen.tasks:
        if bar := _bar(task, seen, programme.zone):
            lanes.setdefault(task.stream or "no stream", []).append(bar)
    marks = [Mark(seen.closes, "window closes", "closes"), Mark(seen.planned_finish, "planned end", "point")]
    if seen.no_return:
        marks.append(Mark(seen.no_return.at, "point of no return", "backout"))
    marks += [Mark(begin, "paused", "clocks") for begin, _ in seen.pauses]
    says = f"{len(seen.tasks)} tasks by stream: what was planned as a thin line, what was as a bar, in light colour while it waited to be started; what drove the end is framed. The table of tasks says the same in words."
    return gantt("Planned and actual", says, lanes, marks, programme.zone)


def _bar(task: TaskReview, seen: Review, zone: str) -> Bar | None:
    begun = task.started or task.ended
    done = (begun, task.ended or seen.until) if begun else None
    planned = task.planned or done
    if planned is None:
        return None
    words = f"{worded(task.started, zone) or 'never begun'} to {worded(task.ended, zone) or 'not over'}"
    late = f", end off by {off(task.late_end)}" if task.late_end is not None else ""
    return Bar(
        name=task.id,
        title=f"{task.id} {task.title}: {words}{late}; worked {lasts(task.worked)}",
        look=_look(task) + (" driving" if task.driving else ""),
        planned=planned,
        done=done,
        expected=_waited(task) if task.type not in _SIGNS else None,
        critical=task.driving,
        diamond=_SIGNS.get(TaskType(task.type), ""),
    )  # fmt: skip


def _waited(task: TaskReview) -> tuple[datetime, datetime] | None:
    """From when it could start until it first did, as far as nobody else held it."""
    first = task.course.stretches[0] if task.course.stretches else None
    return (first.begins, first.ends) if first and first.spent is Spent.WAITING else None


def _look(task: TaskReview) -> str:
    if task.stage in ("failed", "uncertain", "skipped"):
        return task.stage
    return "complete" if task.ended else "in_progress"


def ends(seen: Review, programme: Programme) -> Trend | None:
    """P50 to P95 as a band and P80 as a line, over the time at which each was said."""
    said: list[tuple[datetime, tuple[datetime, datetime, datetime]]] = [
        (one.at, (one.p50, one.p80, one.p95)) for one in seen.outlooks
    ]
    levels = [Mark(seen.closes, f"window closes {show(seen.closes, programme.zone)}", "closes")]
    if seen.ended:
        levels.append(Mark(seen.ended, f"really ended {show(seen.ended, programme.zone)}", "now"))
    says = f"{len(said)} forecasts of the end over the time at which they were made: from P50 to P95 as a band, P80 as a line, against the real end and the close of the window."
    return trend("Forecasts over time", says, said, seen.until, levels, programme.zone)
