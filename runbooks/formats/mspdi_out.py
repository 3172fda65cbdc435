"""A runbook as MS Project XML: what MS Project has a place for stands there, the rest in columns and notes.

The document is read back before it is given out: whatever its own elements do not say exactly is added to the
notes, so nothing is lost on the way there and back.
"""

from __future__ import annotations

import html
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from cutover.core.errors import Invalid
from cutover.domain.programme import Hours, Programme
from runbooks.domain.plan import LinkKind, Runbook, Task, TaskType
from runbooks.domain.timing.calendars import calendars_of
from runbooks.domain.timing.network import Slot, schedule
from runbooks.formats.mspdi_words import (
    COLUMNS,
    ID_COLUMN,
    LINK_TYPES,
    NAMESPACE,
    ROW_COLUMN,
    TEXT_FIELDS,
    WIDEST,
    clean,
    read_wall,
    spell_length,
    spell_wall,
    with_mark,
)

_TYPE_OF = {kind: number for number, kind in LINK_TYPES.items()}
_OURS = (ID_COLUMN, ROW_COLUMN, *COLUMNS.values())
_LONGEST = 512  # characters of a name
_TENTH = timedelta(seconds=6)
_MOST = 2**31 - 1
_ROUND_THE_CLOCK = (Hours(opens=time(0), closes=time(0)),)


def mspdi(runbook: Runbook, programme: Programme, exact: Mapping[str, Mapping[str, Any]]) -> str:
    """The document; `exact` is what to add to the notes, by task id, '' for the project itself."""
    return "\n".join(_Writing(runbook, programme, exact).lines()) + "\n"


@dataclass
class _Writing:
    """One document while it is written."""

    runbook: Runbook
    programme: Programme
    exact: Mapping[str, Mapping[str, Any]]

    def __post_init__(self) -> None:
        tasks = self.runbook.tasks
        timing = schedule(tasks, self.programme.opens, calendars=calendars_of(self.programme))
        self.slots: Mapping[str, Slot] = timing.slots
        self.finish = timing.finish
        self.uids = _uids(tasks)
        self.columns = dict(zip(_columns(tasks), TEXT_FIELDS, strict=False))
        self.calendars = {name: i for i, name in enumerate(self.programme.calendars, 2)}
        self.resources = {code: i for i, code in enumerate(_codes(tasks), 1)}

    def lines(self) -> Iterator[str]:
        yield '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        yield f'<Project xmlns="{NAMESPACE}">'
        title = clean(self.runbook.title)[:_LONGEST] or self.runbook.id
        yield _few(
            SaveVersion=14, Name=f"{self.runbook.id}.xml", Title=title, ScheduleFromStart=1,
            StartDate=self._wall(self.programme.opens), FinishDate=self._wall(self.finish), CalendarUID=1,
            DefaultStartTime="00:00:00", DefaultFinishTime="00:00:00", MinutesPerDay=1440, MinutesPerWeek=10080,
            DaysPerMonth=30, DefaultTaskType=1, DurationFormat=5, HonorConstraints=0, NewTasksEstimated=1,
            WeekStartDay=1, NewTasksAreManual=0,
        )  # fmt: skip
        yield from _within("ExtendedAttributes", map(self._column, self.columns))
        yield from _within("Calendars", self._calendars())
        yield from _within("Tasks", self._tasks())
        yield from _within("Resources", map(self._resource, self.resources))
        yield from _within("Assignments", self._assignments())
        yield "</Project>"

    def _wall(self, at: datetime) -> str:
        return spell_wall(self.programme.local(at))

    def _column(self, name: str) -> str:
        field = self.columns[name]
        number = f"Text{TEXT_FIELDS.index(field) + 1}"
        return _one("ExtendedAttribute", _few(FieldID=field, FieldName=number, Alias=name))

    def _calendars(self) -> Iterator[str]:
        yield _calendar(1, "24 Hours", _ROUND_THE_CLOCK)
        for name, uid in self.calendars.items():
            yield _calendar(uid, name, self.programme.calendars[name])

    # --- tasks --------------------------------------------------------------------------------------------

    def _tasks(self) -> Iterator[str]:
        title = clean(self.runbook.title)[:_LONGEST] or self.runbook.id
        yield _one(
            "Task",
            _few(UID=0, ID=0, Name=title, Type=1, OutlineNumber=0, OutlineLevel=0, Summary=1,
                 Notes=with_mark("", dict(self.exact.get("", {})))),
        )  # fmt: skip
        top = under = number = 0
        inside, taken = False, set(self.uids.values())
        free = (n for n in itertools.count(1) if n not in taken)
        for row in _rows(self.runbook.tasks):
            if isinstance(row, Task):
                top, under = (top, under + 1) if inside else (top + 1, 0)
                number += 1
                yield self._task(row, number, f"{top}.{under}" if inside else str(top))
            elif inside := bool(clean(row[1])):
                top, under, number = top + 1, 0, number + 1
                yield self._summary(next(free), number, str(top), *row)

    def _summary(self, uid: int, number: int, place: str, kind: str, name: str) -> str:
        titles = {s.id: s.title for s in self.runbook.streams} if kind == "stream" else {}
        head = _few(UID=uid, ID=number, Name=clean(titles.get(name, name))[:_LONGEST] or "-", Active=1, Manual=0, Type=1, IsNull=0, WBS=place,
                    OutlineNumber=place, OutlineLevel=1, Summary=1)  # fmt: skip
        return _one("Task", head + self._text(ROW_COLUMN, kind))

    def _task(self, task: Task, number: int, place: str) -> str:
        slot, exact = self.slots.get(task.id), dict(self.exact.get(task.id, {}))
        starts, ends = (slot.early_start, slot.early_finish) if slot else (self.programme.opens,) * 2
        guess = int(task.duration is None)
        whole_hours = task.expected % timedelta(hours=1) == timedelta(0)
        head = _few(
            UID=self.uids[task.id], ID=number, Name=" ".join(clean(task.title).split())[:_LONGEST] or task.id, Active=1, Manual=0, Type=1,
            IsNull=0, WBS=place, OutlineNumber=place, OutlineLevel=place.count(".") + 1, Priority=500,
            Start=self._wall(starts), Finish=self._wall(ends), Duration=spell_length(task.expected),
            DurationFormat=(5 if whole_hours else 3) + 32 * guess, EffortDriven=0, Estimated=guess,
            Milestone=int(task.type is TaskType.MILESTONE), Summary=0,
        )  # fmt: skip
        held = self._wall_if_plain(self._not_before(task))
        fixed = _few(
            ConstraintType=4 if held else 0, CalendarUID=self.calendars.get(task.calendar, -1), ConstraintDate=held,
            Deadline=self._wall_if_plain(task.deadline), IgnoreResourceCalendar=1,
            Notes=with_mark(clean(task.description), exact),
        )  # fmt: skip
        links = "".join(self._link(link.task, link.kind, link.lag) for link in task.after)
        texts = "".join(self._text(name, text) for name, text in _texts(task).items())
        return _one("Task", head + fixed + links + texts)

    def _wall_if_plain(self, at: datetime | None) -> str:
        """The wall time, or '' where a clock change makes it say two moments: the notes say which."""
        wall = "" if at is None else self._wall(at)
        try:
            read_wall(wall, self.programme.zone)
        except Invalid:
            return ""
        return wall

    def _not_before(self, task: Task) -> datetime | None:
        offset = None if task.start_offset is None else self.programme.opens + task.start_offset
        return max((at for at in (task.not_before, offset) if at), default=None)

    def _link(self, before: str, kind: LinkKind, lag: timedelta) -> str:
        form = 5 if lag % timedelta(hours=1) == timedelta(0) else 3
        return _one(
            "PredecessorLink",
            _few(PredecessorUID=self.uids[before], Type=_TYPE_OF[kind], CrossProject=0,
                 LinkLag=round(lag / _TENTH), LagFormat=form + 1),
        )  # fmt: skip

    def _text(self, column: str, text: str) -> str:
        field = self.columns.get(column)
        return _one("ExtendedAttribute", _few(FieldID=field, Value=text)) if field and text else ""

    # --- people -------------------------------------------------------------------------------------------

    def _resource(self, code: str) -> str:
        kind, _, name = code.partition(":")
        person = self.programme.person(name) if kind == "person" else None
        team = self.programme.team(name) if kind == "team" else None
        shown = person.name if person else team.title if team else name
        return _one(
            "Resource",
            _few(UID=self.resources[code], ID=self.resources[code], Name=clean(shown) or name, Type=1, IsNull=0,
                 Code=code, Group=clean(person.team) if person else "", MaxUnits=float(team.capacity if team else 1),
                 IsGeneric=int(kind == "team")),
        )  # fmt: skip

    def _assignments(self) -> Iterator[str]:
        uid = 0
        for task in self.runbook.tasks:
            for code, units in _work(task).items():
                uid += 1
                yield _one(
                    "Assignment",
                    _few(UID=uid, TaskUID=self.uids[task.id], ResourceUID=self.resources[code], Units=float(units)),
                )  # fmt: skip


# --- rows, numbers and columns --------------------------------------------------------------------------


def _rows(tasks: Sequence[Task]) -> Iterator[Task | tuple[str, str]]:
    """The tasks in order, with a summary row wherever the phase changes (the stream, in a plan without phases)."""
    kind = "phase" if any(task.phase for task in tasks) else "stream"
    last = ""
    for task in tasks:
        name = task.phase if kind == "phase" else task.stream
        if name != last:
            yield kind, name
        last = name
        yield task


def _uids(tasks: Sequence[Task]) -> dict[str, int]:
    """A plan that came from MS Project keeps its UIDs; what has none gets the next free one."""
    numbers = {
        t.id: int(t.id)
        for t in tasks
        if t.id.isdecimal() and str(int(t.id)) == t.id and 0 < int(t.id) < _MOST
    }
    taken, free = set(numbers.values()), 0
    made = {}
    for task in tasks:
        if task.id not in numbers:
            free += 1
            while free in taken:
                free += 1
        made[task.id] = numbers.get(task.id, free)
    return made


def _texts(task: Task) -> dict[str, str]:
    """The text columns of a task, by heading; what a column cannot hold is left to the notes."""
    found = {ID_COLUMN: task.id}
    for field, heading in COLUMNS.items():
        value = getattr(task, field)
        found[heading] = "yes" if value is True else "" if value is False else str(value)
    found |= {name: text for name, text in task.custom.items() if name not in _OURS and clean(name) == name}
    return {
        n: t for n, t in found.items() if n and t and clean(t) == t and len(t) <= WIDEST and len(n) <= WIDEST
    }


def _columns(tasks: Iterable[Task]) -> list[str]:
    """Headings in use: ours, then the columns of the plan, the fullest first: MS Project has thirty."""
    count: dict[str, int] = {}
    for task in tasks:
        for name in _texts(task):
            count[name] = count.get(name, 0) + 1
    own = [name for name in _OURS if name in count or name == ROW_COLUMN]
    return [*own, *sorted((n for n in count if n not in own), key=lambda n: (-count[n], n))]


def _work(task: Task) -> dict[str, float]:
    """Who works on a task and with how many units; a deputy stands in, with none."""
    found: dict[str, float] = {}
    if task.team and clean(task.team) == task.team:
        found[f"team:{task.team}"] = task.units
    for name, units in ((task.owner, 1), (task.deputy, 0)):
        if name and clean(name) == name:
            found.setdefault(f"person:{name}", units)
    return found


def _codes(tasks: Iterable[Task]) -> list[str]:
    return list(dict.fromkeys(code for task in tasks for code in _work(task)))


def _calendar(uid: int, name: str, hours: Iterable[Hours]) -> str:
    days = []
    for number in range(1, 8):  # Sunday is 1
        open_ = [h for h in hours if (number - 2) % 7 in h.weekdays]
        times = "".join(
            _one("WorkingTime", _few(FromTime=f"{h.opens:%H:%M:%S}", ToTime=f"{h.closes:%H:%M:%S}"))
            for h in open_
        )
        working = _one("WorkingTimes", times) if times else ""
        days.append(_one("WeekDay", _few(DayType=number, DayWorking=int(bool(open_))) + working))
    head = _few(UID=uid, Name=clean(name) or f"Calendar {uid}", IsBaseCalendar=1, BaseCalendarUID=-1)
    return _one("Calendar", head + _one("WeekDays", "".join(days)))


# --- elements -------------------------------------------------------------------------------------------


def _few(**values: Any) -> str:
    """One element a value, in the order given, which is the schema's."""
    return "".join(
        _one(name, html.escape(str(v), quote=False)) for name, v in values.items() if v not in ("", None)
    )


def _one(name: str, inside: str) -> str:
    return f"<{name}>{inside}</{name}>"


def _within(name: str, lines: Iterable[str]) -> Iterator[str]:
    yield f"<{name}>"
    yield from (f"  {line}" for line in lines)
    yield f"</{name}>"
