"""How a plan reads on paper before it is split into packs: times with their zone, people with their telephones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cutover.core.clock import show
from cutover.core.duration import show_duration
from cutover.domain.programme import Person, Programme
from runbooks.domain.plan import Runbook, Task, TaskType

Times = Mapping[str, tuple[datetime, datetime]]
DAY = "%a %d %b"


@dataclass(frozen=True, slots=True)
class Laid:
    """A runbook with its planned times; a task without a time (a repair) is not in the plan until a gate says no."""

    runbook: Runbook
    programme: Programme
    times: Times
    critical: frozenset[str]
    latest_backout: datetime | None = None
    way_back: timedelta = timedelta(0)

    def in_order(self, wanted: frozenset[str] | None = None) -> list[Task]:
        """The tasks by their planned start, then in the plan's order; repairs stand after their gate."""
        tasks = [task for task in self.runbook.tasks if wanted is None or task.id in wanted]
        return sorted(tasks, key=self._begins)

    def _begins(self, task: Task) -> datetime:
        if task.id in self.times:
            return self.times[task.id][0]
        gate = self.times.get(task.repairs)
        return gate[1] if gate else self.programme.closes

    def moment(self, at: datetime) -> str:
        return show(at, self.programme.zone)

    def day(self, task: Task) -> str:
        return show(self._begins(task), self.programme.zone, "%A %d %B %Y")

    def when(self, task: Task) -> str:
        """`23:10 - 01:20 BST`; an end on another day or in another zone says so."""
        if task.id not in self.times:
            return f"only after a no at {task.repairs}" if task.repairs else "not in the plan"
        zone = self.programme.zone
        begin, end = self.times[task.id]
        clock, abbreviation, day = show(begin, zone, "%H:%M"), show(begin, zone, "%Z"), show(begin, zone, DAY)
        if end == begin:
            return f"{clock} {abbreviation}"
        same = show(end, zone, DAY) == day and show(end, zone, "%Z") == abbreviation
        first = clock if same else f"{clock} {abbreviation}"
        last = (
            show(end, zone, "%H:%M %Z") if show(end, zone, DAY) == day else show(end, zone, f"{DAY} %H:%M %Z")
        )
        return f"{first} – {last}"

    def length(self, task: Task) -> str:
        return show_duration(task.expected) if task.expected else ""

    def name(self, who: str) -> str:
        """A person's name, or the id where the programme knows none."""
        return self.programme.name_of(who)

    def person(self, who: str) -> str:
        """Name and telephone, as somebody in a hurry needs them."""
        person = self.programme.person(who)
        return f"{person.name}, {person.phone}" if person and person.phone else self.name(who)

    def team(self, team: str) -> str:
        known = self.programme.team(team)
        return known.title if known else team

    def who(self, task: Task) -> str:
        """Who does it: the owner with deputy and team, else the team, else the software."""
        if task.gate is not None:
            return "decided by " + ", ".join(map(self.name, task.gate.deciders))
        named = ", deputy ".join(self.name(who) for who in (task.owner, task.deputy) if who)
        team = self.team(task.team) if task.team else ""
        people = " · ".join(part for part in (named, team) if part)
        if task.type is TaskType.AUTOMATED:
            return f"software, watched by {people}" if people else "software"
        return people or "nobody named"

    def stream(self, task: Task) -> str:
        return next((s.title for s in self.runbook.streams if s.id == task.stream), task.stream)

    def before(self, task: Task) -> str:
        """What must be over first, each with its title: on paper nobody can click."""
        tasks = self.runbook.by_id()
        return "; ".join(f"{link} {tasks[link.task].title}" for link in task.after)

    def following(self) -> Mapping[str, list[Task]]:
        """Every task with the tasks that wait for it."""
        found: dict[str, list[Task]] = {task.id: [] for task in self.runbook.tasks}
        for task in self.runbook.tasks:
            for link in task.after:
                found[link.task].append(task)
        return found

    def members(self, team: str) -> list[Person]:
        return [person for person in self.programme.people if person.team == team]

    def decide_by(self, task: Task) -> datetime | None:
        if task.gate is None or task.gate.decide_within is None or task.id not in self.times:
            return None
        return self.times[task.id][0] + task.gate.decide_within

    def gates(self) -> Iterator[Task]:
        return (task for task in self.in_order() if task.gate is not None)
