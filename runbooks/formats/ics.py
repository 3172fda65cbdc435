"""A plan as calendars: one for each person, and one for each team whose tasks name nobody. Times are UTC.

Everybody's calendar also holds the gates and the points of no return. The same plan and moment give the same
bytes; a later moment gives a higher SEQUENCE under the same UIDs, so that calendars replace what they had.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from icalendar import Alarm, Calendar, Event

from cutover.core.clock import SystemClock
from cutover.core.duration import show_duration
from cutover.core.errors import NotFound
from cutover.domain.programme import Programme
from cutover.store.whole_file import write_whole
from runbooks.domain.plan import Runbook, Task, TaskType
from runbooks.domain.timing.calendars import calendars_of
from runbooks.domain.timing.network import Schedule, schedule
from runbooks.formats.cells import slug
from runbooks.formats.in_utc import in_utc

PRODUCT = "-//cutover//runbook//EN"
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)  # SEQUENCE counts minutes from here
WARNINGS = {True: (60, 15), False: (15,)}  # minutes before it: gates and points of no return, other tasks


def write_ics(
    folder: Path,
    runbook: Runbook,
    programme: Programme,
    *,
    at: datetime | None = None,
    expected: Expected | None = None,
    only: str = "",
) -> list[Path]:
    """Write `<runbook>-<person or team>.ics` files and return them; `at` is when they are issued (now).

    With `expected` they show a run as it goes and replace the plan's own events; `only` writes one person's or team's.
    Raises Invalid for a plan that cannot be scheduled, NotFound for somebody the plan does not name.
    """
    tasks, writing = _begun(runbook, programme, at, expected)
    everybody = _who(tasks, programme)
    if only and only not in everybody:
        raise NotFound("person or team of this plan", only, everybody)
    made: dict[str, bytes] = {}
    for who, title in everybody.items():
        if only not in ("", who):
            continue
        name = f"{slug(runbook.id)}-{slug(who) or 'nobody'}"
        while f"{name}.ics" in made:
            name += "-2"
        made[f"{name}.ics"] = writing.calendar(tasks, (who,), title)
    return [write_whole(folder / name, content) for name, content in made.items()]


def person_calendar(
    runbook: Runbook, programme: Programme, person: str, *, at: datetime, expected: Expected
) -> bytes:
    """One calendar of all that is a person's: by name, as a decider, and by their team; with every gate.

    Raises NotFound for somebody whom the programme does not know.
    """
    known = programme.somebody(person)
    tasks, writing = _begun(runbook, programme, at, expected)
    return writing.calendar(tasks, (person, known.team), known.name)


def _begun(
    runbook: Runbook, programme: Programme, at: datetime | None, expected: Expected | None
) -> tuple[tuple[Task, ...], _Writing]:
    """The tasks in UTC, and what writes them. Raises Invalid for a wall time that a clock change forbids."""
    tasks = in_utc(runbook.tasks, programme.zone)
    timing = (
        expected.times if expected else schedule(tasks, programme.opens, calendars=calendars_of(programme))
    )
    issued = (at or SystemClock().now()).astimezone(UTC).replace(microsecond=0)
    return tasks, _Writing(runbook, programme, timing, issued, expected.says if expected else {})


@dataclass(frozen=True, slots=True)
class Expected:
    """When each task of a run happened or is now expected, and what is known of it in words."""

    times: Schedule
    says: Mapping[str, str]


def _who(tasks: Sequence[Task], programme: Programme) -> dict[str, str]:
    """Whom a calendar is for, and its title: people first, then teams of tasks without an owner."""
    people = [name for task in tasks for name in (task.owner, task.deputy, *_deciders(task)) if name]
    teams = [task.team for task in tasks if task.team and not task.owner]
    titles = {name: programme.name_of(name) for name in people}
    for name in teams:
        team = programme.team(name)
        titles.setdefault(name, team.title if team else name)
    return titles


def _deciders(task: Task) -> tuple[str, ...]:
    return task.gate.deciders if task.gate else ()


def _is_turning_point(task: Task) -> bool:
    return task.type is TaskType.APPROVAL or task.point_of_no_return


def _part_for(task: Task, names: Sequence[str]) -> str:
    """What a task is to somebody who goes by several names: their own and their team's."""
    return next((part for who in names if who and (part := _part_of(task, who))), "")


def _part_of(task: Task, who: str) -> str:
    """What a task is to somebody: their own, to stand in for, to decide on, their team's; '' for nothing."""
    if who == task.owner:
        return "yours"
    if who in _deciders(task):
        return "you decide"
    if who == task.deputy:
        return "you stand in"
    return "your team" if who == task.team and not task.owner else ""


@dataclass(frozen=True, slots=True)
class _Writing:
    """One plan on its way into calendars."""

    runbook: Runbook
    programme: Programme
    timing: Schedule
    issued: datetime
    known: Mapping[str, str]

    def calendar(self, tasks: Sequence[Task], names: Sequence[str], title: str) -> bytes:
        calendar = Calendar()
        calendar.add("prodid", PRODUCT)
        calendar.add("version", "2.0")
        name = f"{self.runbook.title or self.runbook.id}: {title}"
        calendar.add("x-wr-calname", " ".join(_plain(name).split()))
        shown = (
            t for t in tasks if t.id in self.timing.slots and (_part_for(t, names) or _is_turning_point(t))
        )
        for task in sorted(shown, key=lambda t: (self.timing.slots[t.id].early_start, t.id)):
            calendar.add_component(self._event(task, _part_for(task, names)))
        content: bytes = calendar.to_ical()
        return content

    def _event(self, task: Task, part: str) -> Event:
        slot = self.timing.slots[task.id]
        event = Event()
        place = slug(self.programme.title) or "programme"
        event.add("uid", f"{task.id}.{self.runbook.id}@{place}.cutover")
        event.add("dtstamp", self.issued)
        event.add("sequence", max(0, (self.issued - EPOCH) // timedelta(minutes=1)))
        event.add("dtstart", slot.early_start.replace(microsecond=0))
        if slot.early_finish - slot.early_start >= timedelta(seconds=1):
            event.add("dtend", slot.early_finish.replace(microsecond=0))  # an event without length has no end
        event.add("summary", _plain(f"{_sign(task)}{task.id} {task.title}"))
        event.add("description", _plain("\n".join(self._says(task, part))))
        event.add("categories", [_plain(c) for c in (task.phase, task.stream) if c] or [self.runbook.id])
        event.add("transp", "OPAQUE" if part else "TRANSPARENT")
        for minutes in WARNINGS[_is_turning_point(task)]:
            event.add_component(_alarm(task, minutes))
        return event

    def _says(self, task: Task, part: str) -> Iterator[str]:
        slot = self.timing.slots[task.id]
        lines = {
            "": task.description,
            "Now": self.known.get(task.id, ""),
            "Your part": part,
            "Owner": self.programme.name_of(task.owner),
            "Deputy": self.programme.name_of(task.deputy),
            "Team": task.team,
            "After": ", ".join(map(str, task.after)),
            "Spare time": show_duration(slot.total_float)
            if not slot.critical
            else "none: on the critical path",
            "Verify": task.verify,
            "Rollback": task.rollback,
            "Point of no return": "after this there is no way back" if task.point_of_no_return else "",
            "Decided by": ", ".join(_deciders(task)),
            "Asks": "; ".join(c.title for c in task.gate.criteria) if task.gate else "",
        }
        yield from (f"{name}: {text}" if name else text for name, text in lines.items() if text)


def _sign(task: Task) -> str:
    if task.point_of_no_return:
        return "POINT OF NO RETURN "
    return "GATE " if task.type is TaskType.APPROVAL else ""


def _alarm(task: Task, minutes: int) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", _plain(f"{_sign(task)}{task.id} in {minutes} minutes"))
    alarm.add("trigger", -timedelta(minutes=minutes))
    return alarm


def _plain(text: str) -> str:
    """Text that iCalendar can hold: no control characters but line ends."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join("".join(c for c in line if c == "\t" or c.isprintable()) for line in lines)
