"""A plan as one HTML page to print and to work from: no script, nothing from outside, boxes to tick by hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from cutover.core.clock import SystemClock, show
from cutover.core.duration import show_duration, show_minutes
from cutover.domain.gates import OnTimeout
from cutover.domain.programme import Programme
from cutover.store.whole_file import write_whole
from runbooks.domain.plan import Runbook, Task, TaskType
from runbooks.domain.timing.calendars import calendars_of
from runbooks.domain.timing.network import Schedule, Slot, schedule
from runbooks.formats.in_utc import in_utc

_SILENCE = {
    OnTimeout.ESCALATE: "without a decision it goes to the next level",
    OnTimeout.NO_GO: "without a decision it is a no-go",
    OnTimeout.HOLD: "without a decision everything behind it keeps waiting",
}
_NO_SECTION = "Tasks"


@dataclass(frozen=True, slots=True)
class Line:
    """One task as the page shows it; `marks` are words for what is special about it."""

    id: str
    title: str
    text: str
    who: str
    starts: str
    ends: str
    lasts: str
    spare: str
    after: str
    verify: str
    rollback: str
    marks: tuple[str, ...]
    is_gate: bool
    is_ponr: bool


@dataclass(frozen=True, slots=True)
class Section:
    phase: str
    stream: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A gate: what it asks, who decides, by when, and what silence and a no mean."""

    id: str
    title: str
    when: str
    asks: tuple[tuple[str, str], ...]
    deciders: str
    silence: str
    repairs: tuple[str, ...]
    holds: str


@dataclass(frozen=True, slots=True)
class Contact:
    name: str
    team: str
    roles: str
    phone: str


@dataclass(frozen=True, slots=True)
class Paper:
    """What the template reads."""

    title: str
    programme: str
    zone: str
    issued: str
    opens: str
    closes: str
    ends: str
    spare: str
    is_late: bool
    backout: str
    total: int
    sections: tuple[Section, ...]
    rules: tuple[Rule, ...]
    contacts: tuple[Contact, ...]


def write_html(path: Path, runbook: Runbook, programme: Programme, *, at: datetime | None = None) -> None:
    """Write the page; `at` is when it is issued (now). Raises Invalid for a plan that cannot be scheduled."""
    tasks = in_utc(runbook.tasks, programme.zone)
    timing = schedule(tasks, programme.opens, calendars=calendars_of(programme))
    plan = runbook.model_copy(update={"tasks": tasks})
    paper = paper_of(plan, programme, timing, at or SystemClock().now())
    write_whole(path, render(paper).encode("utf-8", "replace"))


def render(paper: Paper) -> str:
    environment = Environment(
        loader=PackageLoader("runbooks.formats", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    values = {f.name: getattr(paper, f.name) for f in dataclasses.fields(paper)}
    return environment.get_template("plan.html").render(values)


def paper_of(runbook: Runbook, programme: Programme, timing: Schedule, issued: datetime) -> Paper:
    """Everything the page says, in words."""
    spare = programme.closes - timing.finish
    return Paper(
        title=runbook.title or runbook.id,
        programme=programme.title,
        zone=programme.zone,
        issued=show(issued, programme.zone),
        opens=show(programme.opens, programme.zone),
        closes=show(programme.closes, programme.zone),
        ends=show(timing.finish, programme.zone),
        spare=show_minutes(abs(spare)),
        is_late=spare < timedelta(0),
        backout=_backout(programme),
        total=len(timing.slots),
        sections=tuple(_sections(runbook, programme, timing)),
        rules=tuple(_rule(runbook, programme, t, timing.slots.get(t.id)) for t in runbook.tasks if t.gate),
        contacts=tuple(_contacts(programme)),
    )


def _backout(programme: Programme) -> str:
    """Until when one can turn back; '' when the programme does not say how long that takes."""
    way_back = programme.window.backout
    if not way_back:
        return ""
    return (
        f"{show(programme.closes - way_back, programme.zone)} (the way back takes {show_duration(way_back)})"
    )


def _sections(runbook: Runbook, programme: Programme, timing: Schedule) -> Iterator[Section]:
    """Phase by phase and stream by stream in the plan's order; within one, by when tasks begin."""
    titles = {s.id: s.title for s in runbook.streams}
    groups: dict[tuple[str, str], list[Task]] = {}
    for task in runbook.tasks:
        groups.setdefault((task.phase, task.stream), []).append(task)
    phases = {phase: i for i, phase in reversed(list(enumerate(p for p, _ in groups)))}
    for (phase, stream), tasks in sorted(groups.items(), key=lambda group: phases[group[0][0]]):
        last = programme.closes + timedelta(days=3650)
        starts = {t.id: timing.slots[t.id].early_start if t.id in timing.slots else last for t in tasks}
        lines = tuple(_line(t, programme, timing) for t in sorted(tasks, key=lambda t: starts[t.id]))
        name = titles.get(stream) or stream
        yield Section(phase, name or ("" if phase else _NO_SECTION), lines)


def _line(task: Task, programme: Programme, timing: Schedule) -> Line:
    slot = timing.slots.get(task.id)
    begins, ends = _planned(slot, programme)
    return Line(
        id=task.id,
        title=task.title,
        text=task.description,
        who=_who(task, programme),
        starts=begins,
        ends=ends,
        lasts=show_minutes(task.expected) if task.expected else "",
        spare="critical" if slot and slot.critical else show_minutes(slot.total_float) if slot else "",
        after=", ".join(map(str, task.after)),
        verify=task.verify,
        rollback=task.rollback,
        marks=tuple(_marks(task, programme)),
        is_gate=task.type is TaskType.APPROVAL,
        is_ponr=task.point_of_no_return,
    )


def _planned(slot: Slot | None, programme: Programme) -> tuple[str, str]:
    """When it begins and ends; the end is the hour alone while the day is the same and no clock is changed."""
    if slot is None:
        return "if needed", ""
    begins, ends = (programme.local(at) for at in (slot.early_start, slot.early_finish))
    if slot.early_finish - slot.early_start < timedelta(minutes=1):
        return f"{begins:%a %H:%M}", ""
    if begins.tzname() != ends.tzname():
        return f"{begins:%a %H:%M %Z}", f"{ends:%a %H:%M %Z}"
    return f"{begins:%a %H:%M}", f"{ends:%H:%M}" if begins.date() == ends.date() else f"{ends:%a %H:%M}"


def _marks(task: Task, programme: Programme) -> Iterator[str]:
    if task.type not in (TaskType.NORMAL, TaskType.APPROVAL):
        yield str(task.type)
    if task.optional:
        yield "optional"
    if task.conditional:
        yield "only if needed"
    if task.repairs:
        yield f"only if {task.repairs} says no"
    if task.not_before:
        yield f"not before {show(task.not_before, programme.zone)}"
    if task.deadline:
        yield f"done by {show(task.deadline, programme.zone)}"
    if task.audience:
        yield f"to {task.audience}"


def _who(task: Task, programme: Programme) -> str:
    team, stands_in = programme.team(task.team), programme.name_of(task.deputy)
    owner = programme.name_of(task.owner) or (team.title if team else task.team)
    return owner + (f" (or {stands_in})" if stands_in else "")


def _rule(runbook: Runbook, programme: Programme, task: Task, slot: Slot | None) -> Rule:
    gate = task.gate
    assert gate is not None  # the caller asked
    names = [programme.name_of(decider) for decider in gate.deciders]
    within = f"within {show_duration(gate.decide_within)}; " if gate.decide_within else ""
    need = f"{gate.quorum} of " if gate.quorum < len(names) else ""
    return Rule(
        id=task.id,
        title=task.title,
        when=show(slot.early_start, programme.zone) if slot else "",
        asks=tuple((c.title, c.source) for c in gate.criteria),
        deciders=need + ", ".join(names),
        silence=within + _SILENCE[gate.on_timeout],
        repairs=tuple(f"{t.id} {t.title}" for t in runbook.tasks if t.repairs == task.id),
        holds=", ".join(t.id for t in runbook.tasks if any(link.task == task.id for link in t.after)),
    )


def _contacts(programme: Programme) -> Iterator[Contact]:
    """The people of the programme by team."""
    teams = {team.id: team.title for team in programme.teams}
    order: Sequence[str] = [*teams, ""]
    people = sorted(programme.people, key=lambda p: order.index(p.team) if p.team in order else len(order))
    for p in people:
        yield Contact(p.name, teams.get(p.team, p.team), ", ".join(p.roles).replace("_", " "), p.phone)
