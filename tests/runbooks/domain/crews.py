"""Small plans with a crew, their optimum by trying everything, and strategies for hypothesis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

from hypothesis import strategies as st

from cutover.domain.programme import Programme
from runbooks.domain.capacity.crew import Crew, crew
from runbooks.domain.capacity.levelling import in_order
from runbooks.domain.capacity.placing import Levelled
from runbooks.domain.plan import LinkKind, Task
from runbooks.domain.timing.calendars import calendars_of
from runbooks.domain.timing.network import Actuals, Network, network
from tests.runbooks.plans import task

OPENS = datetime(2026, 10, 23, 21, tzinfo=UTC)
MINUTE = 60_000_000
HOUR = 60 * MINUTE


def programme(**more: Any) -> Programme:
    """Team data of one, team ops of two; Bo and Chen, who can both restore."""
    plain = {
        "title": "Records",
        "window": {"opens": "2026-10-23T21:00Z", "closes": "2026-10-26T21:00Z"},
        "teams": [{"id": "data", "title": "Data"}, {"id": "ops", "title": "Operations", "capacity": 2}],
        "people": [
            {"id": "bo", "name": "Bo", "team": "data", "skills": ["restore"]},
            {"id": "chen", "name": "Chen", "team": "ops", "skills": ["restore"]},
        ],
    }
    return Programme.model_validate({**plain, **more})


def on_shift(begins: str = "2026-10-24T06:00", ends: str = "2026-10-24T18:00") -> Programme:
    """Team data comes nine hours after the opening and stays for twelve."""
    data = {"id": "data", "title": "Data", "shifts": [{"begins": begins, "ends": ends}]}
    return programme(teams=[data, {"id": "ops", "title": "Operations", "capacity": 2}])


@dataclass(frozen=True)
class Staffed:
    tasks: tuple[Task, ...]
    net: Network
    crew: Crew

    def at(self, name: str) -> int:
        return self.net.ids.index(name)


def staffed(
    *tasks: Task,
    among: Programme | None = None,
    actuals: Actuals | None = None,
    now: datetime | None = None,
) -> Staffed:
    people = among or programme()
    net = network(tasks, people.opens, actuals=actuals or {}, now=now, calendars=calendars_of(people))
    return Staffed(tasks, net, crew(net, tasks, people))


def after(hours: float) -> datetime:
    return OPENS + timedelta(hours=hours)


def needless_moves() -> tuple[Staffed, Levelled, Levelled]:
    """A plan as it was told, and a better one that begins with the long chain, but swaps two others for nothing."""
    plan = staffed(
        task("S", team="data", duration="30m"),
        task("L1", team="data"),
        task("L2", "L1", duration="9h"),
        task("O1", team="ops", units=2),
        task("O2", team="ops", units=2),
    )
    told, better = {"S": 0, "L1": 1, "O1": 0, "O2": 1}, {"S": 1, "L1": 0, "O1": 1, "O2": 0}
    keep, goal = (in_order(plan.net, plan.crew, [o.get(n, 2) for n in plan.net.ids]) for o in (told, better))
    return plan, keep, goal


def times(count: int) -> Any:
    """To be asked whether to go on: yes, so many times."""
    left = iter(range(count))
    return lambda: next(left, None) is not None


# --- the optimum of a tiny plan, by trying every order minute by minute -------------------------------------


def shortest(plan: Staffed) -> int:
    """The earliest end of any order of the tasks; knows links, units and owners, whole minutes, nothing else."""
    n = len(plan.net.ids)
    ends = (_naive(plan, order) for order in permutations(range(n)) if _is_topological(plan.net, order))
    return min(ends) * MINUTE


def _is_topological(net: Network, order: Sequence[int]) -> bool:
    place = {i: k for k, i in enumerate(order)}
    return all(place[before] < place[i] for i in order for before, _, _ in net.ties[i])


def _naive(plan: Staffed, order: Iterable[int]) -> int:
    net, crew = plan.net, plan.crew
    start: dict[int, int] = {}
    busy: dict[tuple[int, int], int] = {}
    long = [length // MINUTE for length in net.lengths]
    for i in order:
        at = 0
        for before, kind, lag in net.ties[i]:
            point = (
                start[before] + (long[before] if kind in (LinkKind.FS, LinkKind.FF) else 0) + lag // MINUTE
            )
            at = max(at, point - (long[i] if kind in (LinkKind.FF, LinkKind.SF) else 0))
        needs = [*crew.needs[i], *((person, 1) for person in crew.anyone[i])]
        while any(
            busy.get((who, minute), 0) + units > crew.capacity[who].most
            for who, units in needs
            for minute in range(at, at + long[i])
        ):
            at += 1
        for who, units in needs:
            for minute in range(at, at + long[i]):
                busy[who, minute] = busy.get((who, minute), 0) + units
        start[i] = at
    return max((start[i] + long[i] for i in start), default=0)


# --- strategies -----------------------------------------------------------------------------------------


@st.composite
def plain_plans(draw: st.DrawFn, most: int = 5) -> Staffed:
    """Up to five tasks of some minutes, all kinds of links, teams, units and single owners."""
    tasks = []
    for n in range(draw(st.integers(1, most))):
        team = draw(st.sampled_from(["", "data", "ops"]))
        tasks.append(
            task(
                f"T{n}",
                *draw(links_to(n)),
                duration=draw(st.integers(0, 5)),
                team=team,
                units=draw(st.integers(1, 2)) if team == "ops" else 1,
                owner=draw(st.sampled_from(["", "", "bo", "chen"])),
            )
        )
    return staffed(*tasks)


@st.composite
def links_to(draw: st.DrawFn, n: int) -> list[str]:
    names = draw(st.lists(st.integers(0, n - 1), max_size=2, unique=True)) if n else []
    kinds = [draw(st.sampled_from(["FS", "FS", "SS", "FF", "SF"])) for _ in names]
    lags = [draw(st.sampled_from(["", "", "+1m", "-1m", "+2m"])) for _ in names]
    return [f"T{i} {kind}{lag}" for i, kind, lag in zip(names, kinds, lags, strict=True)]


@st.composite
def hard_plans(draw: st.DrawFn) -> Staffed:
    """Everything at once: shifts, calendars, rest, deputies, skills, fixed starts, and what has happened already."""
    people = programme(
        zone="Europe/London",
        window={"opens": "2026-10-23T21:00Z", "closes": "2026-10-26T21:00Z"},
        calendars={"office": [{"days": "mon-sun", "opens": "08:00", "closes": "18:00"}]},
        teams=[{"id": "data", "title": "Data"}, draw(_ops())],
    )
    tasks = [draw(_hard_task(n)) for n in range(draw(st.integers(1, 8)))]
    begun = draw(st.integers(0, 2))
    now = after(draw(st.integers(1, 3))) if begun else None
    actuals: dict[str, tuple[datetime, datetime | None]] = {}
    for one in tasks[:begun]:
        began = after(draw(st.sampled_from([0.0, 0.25])))
        actuals[one.id] = began, draw(st.sampled_from([None, began + timedelta(minutes=30)]))
    return staffed(*tasks, among=people, actuals=actuals, now=now)


@st.composite
def _ops(draw: st.DrawFn) -> dict[str, Any]:
    day = {"begins": "2026-10-24T06:00", "ends": "2026-10-24T18:00", "capacity": 2}
    night = {"begins": "2026-10-24T18:00", "ends": "2027-10-24T18:00", "capacity": 2}
    shifts = draw(st.sampled_from([[], [day, night]]))
    return {"id": "ops", "title": "Operations", "capacity": 2, "shifts": shifts}


@st.composite
def _hard_task(draw: st.DrawFn, n: int) -> Task:
    owner = draw(st.sampled_from(["", "bo", "chen", "vendor"]))
    team = draw(st.sampled_from(["", "data", "ops"]))
    return task(
        f"T{n}",
        *draw(links_to(n)),
        duration=f"{draw(st.sampled_from([0, 20, 60, 240, 420]))}m",
        team=team,
        units=draw(st.integers(1, 2)) if team == "ops" else 1,
        owner=owner,
        deputy=draw(st.sampled_from(["", "chen"])) if owner == "bo" else "",
        skill=draw(st.sampled_from(["", "restore"])) if team == "" else "",
        calendar=draw(st.sampled_from(["", "", "office"])),
        start_offset=draw(st.sampled_from([None, "90m"])),
    )
