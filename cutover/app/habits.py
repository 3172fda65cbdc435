"""Which pages each role opens most, and where each begins: a keyer at the next sheet, station staff at their own station."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from cutover.domain.programme import Programme
from cutover.web.menu import Habit, Habits
from cutover.web.visitor import Role, Visitor

USED: Mapping[Role, tuple[str, ...]] = {
    Role.PROGRAMME_MANAGER: ("/board", "/plan", "/health", "/reconciliation", "/backlog", "/report"),
    Role.DECIDER: ("/board", "/plays", "/health", "/reconciliation", "/report"),
    Role.HYPERCARE: ("/health", "/plays", "/board", "/reconciliation", "/backlog", "/feedback"),
    Role.SUPERVISOR: ("/convert", "/conversions", "/backlog", "/stations", "/board"),
    Role.KEYER: ("/convert", "/conversions", "/backlog", "/board"),
    Role.STATION: ("/stations", "/board", "/feedback"),
    Role.AUDITOR: ("/report", "/journal", "/reconciliation", "/board"),
    Role.ADMIN: ("/board", "/health", "/journal"),
}
ANYBODY = ("/board", "/health", "/stations", "/backlog", "/report", "/feedback")


def habits(programme: Programme) -> Habits:
    """What each visitor of this programme uses, by the roles they have; the first of their roles comes first."""
    titles = {station.id: station.title for station in programme.stations}

    def habit(visitor: Visitor) -> Habit:
        used = chain.from_iterable(paths for role, paths in USED.items() if visitor.has(role))
        person = programme.person(visitor.person)
        station = person.station if person is not None and visitor.has(Role.STATION) else ""
        own = ((titles[station], f"/station/{station}"),) if station in titles else ()
        return Habit(own, tuple(dict.fromkeys(used)) or ANYBODY)

    return habit
