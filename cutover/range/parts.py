"""Who plays which part in a rehearsal where the cast does not say: the first person of the programme whose role fits."""

from __future__ import annotations

from cutover.domain.programme import Programme


def first_with(programme: Programme, role: str, otherwise: str) -> str:
    """The id of the first person with that role; `otherwise` where the programme names none."""
    return next((p.id for p in programme.people if role in p.roles), otherwise)


def storekeeper(programme: Programme) -> str:
    """Who issues, returns and gives up sheets of paper."""
    return first_with(programme, "station", "storekeeper")


def manager(programme: Programme) -> str:
    """Who answers stations, raises actions and signs for what is missing."""
    return first_with(programme, "programme_manager", "programme-manager")


def checker(programme: Programme, claimed_by: str) -> str:
    """Who verifies what somebody else claims: a supervisor, and never the one who claimed it."""
    others = (p.id for p in programme.people if "supervisor" in p.roles and p.id != claimed_by)
    return next(others, "checker" if claimed_by == "supervisor" else "supervisor")
