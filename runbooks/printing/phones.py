"""Who calls whom: the command calls every team's lead, every lead calls the team."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cutover.domain.programme import Person
from runbooks.printing.laid import Laid

COMMAND = "programme_manager"
LEADING = ("lead", "manager", "supervisor")  # words in a role that make somebody the one to call first


@dataclass(frozen=True, slots=True)
class Line:
    """One telephone: whose, as what, the number; '' leaves a line to write it on."""

    name: str
    role: str
    phone: str


@dataclass(frozen=True, slots=True)
class Calls:
    """One caller with everybody to be called."""

    title: str
    caller: Line
    calls: tuple[Line, ...]


def phone_tree(laid: Laid, teams: Collection[str] | None = None) -> tuple[Calls, ...]:
    """The command's calls first, then each team's; members are named only for `teams` (None: for all of them)."""
    top = _command(laid)
    if top is None:
        return ()
    leads = {
        team.id: lead for team in laid.programme.teams if (lead := lead_of(laid, team.id)) not in (None, top)
    }
    deciders = {who for task in laid.gates() if task.gate for who in task.gate.deciders}
    first = [
        person
        for person in laid.programme.people
        if person != top and (person.id in deciders or person.team == top.team or person in leads.values())
    ]
    command = Calls("Command", _line(laid, top), tuple(_line(laid, person) for person in first))
    return (command, *_teams(laid, leads, first, teams))


def lead_of(laid: Laid, team: str) -> Person | None:
    """Whoever of the team has a leading role, else the first that has a telephone, else the first."""
    members = laid.members(team)
    leading = [p for p in members if any(word in role for role in p.roles for word in LEADING)]
    with_phone = [p for p in members if p.phone]
    return next(iter(leading or with_phone or members), None)


def _command(laid: Laid) -> Person | None:
    people = laid.programme.people
    managers = [p for p in people if COMMAND in p.roles]
    return next(iter(managers or people), None)


def _teams(
    laid: Laid, leads: Mapping[str, Person | None], called: Sequence[Person], teams: Collection[str] | None
) -> Iterator[Calls]:
    for team, lead in leads.items():
        members = tuple(_line(laid, p) for p in laid.members(team) if p != lead and p not in called)
        if lead and members and (teams is None or team in teams):
            yield Calls(laid.team(team), _line(laid, lead), members)


def _line(laid: Laid, person: Person) -> Line:
    roles = ", ".join(role.replace("_", " ") for role in person.roles)
    team = laid.team(person.team) if person.team else ""
    return Line(person.name, ", ".join(part for part in (roles, team) if part), person.phone)
