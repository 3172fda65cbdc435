"""Who a task takes, and how many of them are there at each moment: teams, named people, shifts, skills, deputies.

A crew is laid beside a network: `needs` and `anyone` by the network's positions, everybody by one numbering in
which teams come first and people after. People do one thing at a time. What software does, waiting and
milestones take nobody; a team that the programme does not list is taken to be large enough, and named.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cutover.core.errors import Invalid, Problem
from cutover.domain.programme import Programme
from runbooks.domain.plan import Task, TaskType
from runbooks.domain.timing.network import Network

Need = tuple[int, int]  # who, by number, and how many units of it

LONGEST_DUTY = 12 * 3_600_000_000  # microseconds that a person is on duty at most ...
REST = 11 * 3_600_000_000  # ... before so much rest (Working Time Directive 2003/88/EC, article 3)
TAKES_NOBODY = frozenset({TaskType.MILESTONE, TaskType.WAIT, TaskType.AUTOMATED})
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Profile:
    """How many tasks at once, over time: steps of (from this microsecond, capacity); the last one holds for ever."""

    steps: tuple[tuple[int, int], ...]

    @property
    def most(self) -> int:
        return max(capacity for _, capacity in self.steps)

    @property
    def is_level(self) -> bool:
        return len(self.steps) == 1

    def at(self, moment: int) -> int:
        """The capacity at a moment; before the first step, that of the first."""
        return self.steps[max(0, bisect_right(self.steps, moment, key=lambda s: s[0]) - 1)][1]


@dataclass(frozen=True, slots=True)
class Crew:
    """Everybody a plan needs. `needs` are all taken at once; of `anyone` one is, the first that is free soonest."""

    names: tuple[str, ...]
    team_count: int
    capacity: tuple[Profile, ...]
    needs: tuple[tuple[Need, ...], ...]
    anyone: tuple[tuple[int, ...], ...]
    rests: frozenset[int] = frozenset()
    unlisted: tuple[str, ...] = ()

    @property
    def teams(self) -> tuple[str, ...]:
        return self.names[: self.team_count]

    @property
    def team_of(self) -> tuple[int, ...]:
        """The team of each task, by number; -1 for none."""
        return tuple(needs[0][0] if needs else -1 for needs in self.needs)

    @property
    def units(self) -> tuple[int, ...]:
        """How many units of its team each task takes."""
        return tuple(needs[0][1] if needs else 0 for needs in self.needs)


def crew(net: Network, tasks: Sequence[Task], programme: Programme | None) -> Crew:
    """Who does each task of the network. Raises Invalid, for all tasks at once, when nobody ever could."""
    by_id = {task.id: task for task in tasks}
    return _Roll(net, programme).called([by_id[name] for name in net.ids])


class _Roll:
    """The roll being called: numbers are given to teams first, then to people as the plan names them."""

    def __init__(self, net: Network, programme: Programme | None) -> None:
        self.net = net
        self.programme = programme
        self.teams = {team.id: i for i, team in enumerate(programme.teams if programme else ())}
        self.people: dict[str, int] = {}
        self.unlisted: dict[str, None] = {}
        self.problems: list[Problem] = []

    def called(self, tasks: Sequence[Task]) -> Crew:
        needs = [self._needs(task) for task in tasks]
        anyone = [self._anyone(task) for task in tasks]
        if self.problems:
            raise Invalid(*self.problems)
        people = {i: self.programme and self.programme.person(name) for name, i in self.people.items()}
        return Crew(
            (*self.teams, *self.people),
            len(self.teams),
            (*self._team_profiles(), *self._people_profiles()),
            tuple(needs),
            tuple(anyone),
            frozenset(i for i, person in people.items() if person),
            tuple(self.unlisted),
        )

    def _needs(self, task: Task) -> tuple[Need, ...]:
        team = task.team or (task.owner if task.owner in self.teams else "")
        if not team or task.type in TAKES_NOBODY:
            return ()
        if team not in self.teams:
            self.unlisted[team] = None
            return ()
        return ((self.teams[team], task.units),)

    def _anyone(self, task: Task) -> tuple[int, ...]:
        """Whom the task may be given to, the owner first; nobody in particular: ()."""
        if task.type in TAKES_NOBODY or not (task.owner or task.skill) or task.owner in self.teams:
            return ()
        named = tuple(name for name in (task.owner, task.deputy) if name)
        able = tuple(self._able(named or self._members(task.team), task.skill))
        if not able:
            who = f"none of {', '.join(named)}" if named else f"nobody in {task.team or 'the programme'}"
            words = f"{task.id}: {who} has the skill '{task.skill}'"
            self.problems.append(
                Problem(words, field="skill", expected="a skill of a person in programme.yaml")
            )
        return tuple(self._number(name) for name in able)

    def _members(self, team: str) -> tuple[str, ...]:
        people = self.programme.people if self.programme else ()
        return tuple(p.id for p in people if not team or p.team == team)

    def _able(self, names: Iterable[str], skill: str) -> Iterable[str]:
        """Those who have the skill; of somebody the programme does not list nothing is known, so nothing is denied."""
        for name in dict.fromkeys(names):
            person = self.programme.person(name) if self.programme else None
            if not skill or person is None or skill in person.skills:
                yield name

    def _number(self, name: str) -> int:
        return self.people.setdefault(name, len(self.teams) + len(self.people))

    def _team_profiles(self) -> Iterable[Profile]:
        for team in self.programme.teams if self.programme else ():
            yield _profile(self._duty(team.id, self._team_shifts), team.capacity)

    def _people_profiles(self) -> Iterable[Profile]:
        for name in self.people:
            yield _profile(self._duty(name, self._person_shifts), 1, most=1)

    def _team_shifts(self, name: str) -> Sequence[tuple[datetime, datetime, int]]:
        team = self.programme and self.programme.team(name)
        return self.programme.on_duty(team) if self.programme and team else ()

    def _person_shifts(self, name: str) -> Sequence[tuple[datetime, datetime, int]]:
        person = self.programme and self.programme.person(name)
        return self.programme.on_duty(person) if self.programme and person else ()

    def _duty(
        self, name: str, shifts: Callable[[str], Sequence[tuple[datetime, datetime, int]]]
    ) -> list[tuple[int, int, int]]:
        opens = self.net.opens
        return [((a - opens) // _MICROSECOND, (b - opens) // _MICROSECOND, n) for a, b, n in shifts(name)]


def _profile(duty: Sequence[tuple[int, int, int]], always: int, most: int | None = None) -> Profile:
    """Stretches of duty laid over each other; outside all of them nobody is there."""
    if not duty:
        return Profile(((0, always),))
    change: dict[int, int] = {}
    for begin, end, count in duty:
        change[begin] = change.get(begin, 0) + count
        change[end] = change.get(end, 0) - count
    steps, there = [(min(0, *change) - 1, 0)], 0
    for moment in sorted(change):
        there += change[moment]
        steps.append((moment, there if most is None else min(most, there)))
    now = max(i for i, (moment, _) in enumerate(steps) if moment <= 0)
    first = (0, steps[now][1])
    return Profile((first, *steps[now + 1 :]))
