"""The plan as data: a runbook's tasks, how they follow each other, who does them, how they are undone.

The plan is journalled whole when a run starts and edited by events while it runs, so it never lives in code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer

from cutover.core.clock import to_utc
from cutover.core.duration import parse_duration, spell_duration
from cutover.core.errors import Invalid, Problem, nearest
from cutover.domain.gates import Criterion, OnTimeout
from cutover.domain.programme import Id, Part, Span
from runbooks.domain.attempts import InRehearsal, RetryPolicy


class TaskType(StrEnum):
    NORMAL = "normal"
    MILESTONE = "milestone"
    VALIDATION = "validation"
    APPROVAL = "approval"
    COMMS = "comms"
    AUTOMATED = "automated"
    WAIT = "wait"


class LinkKind(StrEnum):
    """Finish-to-start and its three rarer kin."""

    FS = "FS"
    SS = "SS"
    FF = "FF"
    SF = "SF"


FROM_END = frozenset({LinkKind.FS, LinkKind.FF})  # waits for the end of the task that it names
TO_END = frozenset({LinkKind.FF, LinkKind.SF})  # holds the end of its own task


class Effect(StrEnum):
    """What to do when an automated task may or may not have happened: repeat it, ask the world, or ask a person."""

    IDEMPOTENT = "idempotent"
    PROBE = "probe"
    MANUAL_VERIFY = "manual_verify"


class Link(Part):
    """One predecessor: which task, which ends are tied, and the lag between them (may be negative: a lead)."""

    task: str
    kind: LinkKind = LinkKind.FS
    lag: timedelta = timedelta(0)

    def __str__(self) -> str:
        """The spelling that `parse_link` reads back: T1, T1SS, T1FS+2h, freeze FS-30m."""
        ends_like_a_kind = re.search(r"\d(FS|SS|FF|SF)$", self.task, re.IGNORECASE)
        if self.kind is LinkKind.FS and not self.lag:
            return f"{self.task} FS" if ends_like_a_kind else self.task
        apart = "" if self.task[-1:].isdigit() else " "
        sign = "-" if self.lag < timedelta(0) else "+"
        lag = sign + spell_duration(abs(self.lag)).replace(" ", "") if self.lag else ""
        return f"{self.task}{apart}{self.kind}{lag}"


# An id may contain a hyphen and a digit (`TRE-5`) or end like a kind (`ACCESS`): so a minus is a lag only after
# a kind, and a kind is one only after a space or a digit.
_END = r"(?=[\s,;]|$)"
_ID = r"[A-Za-z0-9][A-Za-z0-9_.\-]*"
_UNIT = r"(?:days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)"
_LAG = rf"\d[\d.:]*(?:\s*{_UNIT}(?:\s*\d[\d.]*\s*{_UNIT})*)?"
_KIND = r"(?P<kind{n}>FS|SS|FF|SF)(?:\s*(?P<sign{n}>[+-])\s*(?P<lag{n}>" + _LAG + r"))?"
_LINK = re.compile(
    rf"#?(?:(?P<task1>{_ID})\s+{_KIND.format(n=1)}{_END}"
    rf"|(?P<task2>{_ID}?\d|\d){_KIND.format(n=2)}{_END}"
    rf"|(?P<task3>{_ID})(?:\s*(?P<sign3>\+)\s*(?P<lag3>{_LAG}))?{_END})",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"[\s,;]*")


def parse_links(text: str) -> tuple[Link, ...]:
    """Read predecessors parted by commas, semicolons or spaces; a bare lag is minutes.

    Raises Invalid at the first piece that is none: `T1 T2`, `14FS+2h; #12`, `TRE-5 FS+30, T7 SS-1h 30m`.
    """
    links, at, end = [], _start(text, 0), len(text)
    while at < end:
        match = _LINK.match(text, at)
        if match is None:
            raise Invalid(Problem(f"'{text[at:].strip()}' is not a predecessor", expected=_EXPECTED))
        links.append(_link(match))
        at = _start(text, match.end())
    return tuple(links)


_EXPECTED = "an id with an optional FS/SS/FF/SF and lag, such as T1 or T1FS+2h"


def parse_link(text: str) -> Link:
    """Read one predecessor: `T1`, `T1+30m`, `14FS+2h`, `TRE-5 SS`, `#12`. Raises Invalid for anything else."""
    links = parse_links(text)
    if len(links) != 1:
        raise Invalid(Problem(f"'{text}' is not one predecessor", expected=_EXPECTED))
    return links[0]


def _start(text: str, at: int) -> int:
    between = _BETWEEN.match(text, at)
    return between.end() if between else at


def _link(match: re.Match[str]) -> Link:
    form = next(n for n in "123" if match[f"task{n}"])
    kind = LinkKind((match[f"kind{form}"] or "FS").upper()) if form != "3" else LinkKind.FS
    lag = parse_duration(match[f"lag{form}"]) if match[f"lag{form}"] else timedelta(0)
    return Link(task=match[f"task{form}"], kind=kind, lag=-lag if match[f"sign{form}"] == "-" else lag)


def _links(value: Any) -> Any:
    try:
        if isinstance(value, str):
            return parse_links(value)
        parts = [] if value is None else value if isinstance(value, list | tuple) else [value]
        return [parse_link(str(p)) if isinstance(p, str | int) else p for p in parts if p != ""]
    except Invalid as error:
        raise ValueError(str(error)) from error


Links = Annotated[
    tuple[Link, ...],
    BeforeValidator(_links),
    PlainSerializer(lambda links: [str(link) for link in links], when_used="json"),
]


class Estimate(Part):
    """Three-point duration: optimistic, most likely, pessimistic."""

    low: Span
    likely: Span
    high: Span


class Action(Part):
    """What an automated task does: a kind known to the performer, and its arguments."""

    kind: Id
    arguments: dict[str, Any] = Field(default_factory=dict, alias="with", serialization_alias="with")
    model_config = Part.model_config | {"populate_by_name": True, "serialize_by_alias": True}


class TaskGate(Part):
    """The gate an approval task asks: its criteria, who decides, how many of them, by when, and what silence means."""

    criteria: tuple[Criterion, ...] = ()
    deciders: tuple[str, ...]
    deputies: dict[str, str] = Field(
        default_factory=dict, description="decider: who may vote in their place, once for the seat"
    )
    quorum: int = Field(default=1, ge=1)
    decide_within: Span | None = None
    on_timeout: OnTimeout = Field(
        default=OnTimeout.HOLD,
        description="no decision in time: escalate to more people, count it as no_go, or hold what is behind",
    )
    escalate_to: tuple[str, ...] = Field(
        default=(), description="who may decide as well after the time; none given: the programme managers"
    )
    escalate_within: Span | None = Field(
        default=None, description="how long they have; none given: as long as the deciders had"
    )


class Task(Part):
    """One line of the runbook."""

    id: Id
    title: str = Field(min_length=1)
    description: str = ""
    stream: str = ""
    phase: str = ""
    type: TaskType = TaskType.NORMAL
    component: str = ""
    team: str = ""
    units: int = Field(default=1, ge=1, description="how much of the team's capacity it takes")
    skill: str = Field(default="", description="what whoever does it must be able to do")
    locks: tuple[str, ...] = Field(
        default=(), description="resources that no other task may hold while it goes on, such as a database"
    )
    owner: str = ""
    deputy: str = ""
    after: Links = ()
    parent: str = ""
    duration: Span | None = None
    estimate: Estimate | None = None
    not_before: datetime | None = Field(
        default=None, description="fixed start: wall time of the programme's zone, or with offset"
    )
    start_offset: Span | None = Field(default=None, description="fixed start, as time after the window opens")
    deadline: datetime | None = Field(
        default=None, description="must have ended by: wall time of the programme's zone, or with offset"
    )
    calendar: str = Field(default="", description="a calendar of the programme: it goes on in its hours only")
    action: Action | None = None
    effect: Effect | None = None
    timeout: Span | None = Field(default=None, description="how long one try of the action may take")
    retry: RetryPolicy | None = Field(
        default=None, description="how a try that did nothing is made again; default: never"
    )
    in_rehearsal: InRehearsal | None = Field(
        default=None, description="what a rehearsal against real systems does with it; default: perform"
    )
    inverse: Action | None = Field(
        default=None, description="what `in_rehearsal: invert` performs; default: `undo`"
    )
    verify: str = ""
    rollback: str = Field(default="", description="how it is undone, in words")
    undo: Action | None = Field(default=None, description="how software undoes it")
    undo_duration: Span | None = None
    undo_estimate: Estimate | None = None
    undoes: str = Field(
        default="", description="in a backout plan: the task of the plan that this one undoes"
    )
    gate: TaskGate | None = None
    repairs: str = Field(
        default="",
        description="gate task: this task runs only when that gate says no_go, then the gate is asked again",
    )
    optional: bool = False
    conditional: bool = False
    point_of_no_return: bool = False
    audience: str = Field(default="", description="who a comms task speaks to")
    custom: dict[str, str] = Field(
        default_factory=dict, description="columns of an imported plan that have no field here"
    )

    @property
    def expected(self) -> timedelta:
        """The planned working time: as given, else the estimate's likely value, else nothing."""
        return (
            self.duration
            if self.duration is not None
            else self.estimate.likely
            if self.estimate
            else timedelta(0)
        )


class Distribution(StrEnum):
    """How a three-point estimate spreads: PERT trusts the likely value more than the triangle does."""

    PERT = "pert"
    TRIANGULAR = "triangular"


class Stream(Part):
    id: Id
    title: str
    component: str = ""


class Runbook(Part):
    """runbooks/*.yaml: a plan with an id and a title."""

    id: Id
    title: str
    streams: tuple[Stream, ...] = ()
    phases: tuple[str, ...] = ()
    distribution: Distribution = Distribution.PERT
    backout: str = Field(default="", description="id of the runbook that is the way back from this one")
    tasks: tuple[Task, ...] = ()

    def by_id(self) -> Mapping[str, Task]:
        return {task.id: task for task in self.tasks}


@dataclass(frozen=True, slots=True)
class Fault:
    """What makes a plan unusable, and where: the task (by index) and field."""

    index: int
    field: str
    message: str
    expected: str = ""
    nearest: str = ""


def faults(tasks: Sequence[Task]) -> list[Fault]:
    """Every reason why the plan cannot be run, in the order of the tasks.

    Duplicate ids, unknown predecessors, parents and gates to repair, estimates that do not rise; when there
    are none, the first cycle as a path.
    """
    first = {task.id: i for i, task in reversed(list(enumerate(tasks)))}
    types = {task.id: task.type for task in tasks}
    found = [fault for i, task in enumerate(tasks) for fault in _faults(i, task, first, types)]
    if found:
        return found
    for field, path in (("after", cycle(tasks)), ("parent", _parents_cycle(tasks))):
        if path:
            words = "wait for each other" if field == "after" else "are each other's parents"
            found.append(Fault(first[path[0]], field, f"the tasks {words}: " + " -> ".join(path)))
    return found


def _faults(i: int, task: Task, first: Mapping[str, int], types: Mapping[str, TaskType]) -> Iterator[Fault]:
    if first[task.id] < i:
        yield Fault(
            i, "id", f"id '{task.id}' is given twice (first at task {first[task.id] + 1})", "an id of its own"
        )
    named = [
        *(("after", link.task) for link in task.after),
        ("parent", task.parent),
        ("repairs", task.repairs),
    ]
    for field, name in named:
        if name and name not in first:
            yield Fault(
                i,
                field,
                f"unknown task '{name}'",
                "the id of a task in this runbook",
                nearest(name, first.keys() - {task.id}),
            )
    if types.get(task.repairs, TaskType.APPROVAL) is not TaskType.APPROVAL:
        yield Fault(i, "repairs", f"'{task.repairs}' is not a gate", "the id of a task of type approval")
    if (guess := task.estimate) and not guess.low <= guess.likely <= guess.high:
        yield Fault(i, "estimate", "the estimate does not rise", "low <= likely <= high")


def cycle(tasks: Sequence[Task]) -> list[str]:
    """The first cycle of waiting as a path that ends where it began, first task first, or [].

    A gate is asked again after its repair, so a repair that waits for its own gate waits for ever.
    """
    after = {task.id: [link.task for link in task.after] for task in tasks}
    for task in tasks:
        if task.repairs in after:
            after[task.repairs].append(task.id)
    return _cycle(after)


def _parents_cycle(tasks: Sequence[Task]) -> list[str]:
    return _cycle({task.id: [task.parent] if task.parent else [] for task in tasks})


def _cycle(after: Mapping[str, Sequence[str]]) -> list[str]:
    """Depth first without recursion: each task and each link is looked at once."""
    done: set[str] = set()
    for root in after:
        path = {} if root in done else {root: iter(after[root])}
        while path:
            name, names = next(reversed(path.items()))
            step = next((n for n in names if n not in done), None)
            if step is None:
                del path[name]
                done.add(name)
            elif step in path:
                names_on_path = list(path)
                return [step, *reversed(names_on_path[names_on_path.index(step) :])]
            else:
                path[step] = iter(after.get(step, ()))
    return []


def in_zone(tasks: Sequence[Task], zone: str) -> tuple[tuple[Task, ...], list[Fault]]:
    """The tasks with their fixed starts and deadlines in UTC; and those wall times a clock change forbids."""
    fixed, found = [], []
    for i, task in enumerate(tasks):
        moved: dict[str, datetime] = {}
        for field, wall in (("not_before", task.not_before), ("deadline", task.deadline)):
            try:
                if wall is not None and (at := to_utc(wall, zone)) != wall:
                    moved[field] = at
            except Invalid as error:
                found += [Fault(i, field, p.message, p.expected) for p in error.problems]
        fixed.append(task.model_copy(update=moved) if moved else task)
    return tuple(fixed), found
