"""What a plan must be before a file is written of it: its moments are UTC, and what is wrong is named by task and field."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cutover.core.errors import Invalid, Problem
from runbooks.domain.plan import Fault, Task, in_zone


def in_utc(tasks: Sequence[Task], zone: str) -> tuple[Task, ...]:
    """The tasks with their fixed times in UTC. Raises Invalid for a wall time that a clock change forbids."""
    fixed, forbidden = in_zone(tasks, zone)
    refuse(fixed, forbidden)
    return fixed


def refuse(tasks: Sequence[Task], found: Iterable[Fault]) -> None:
    """Raises Invalid with one problem per fault, if there is any."""
    if problems := [
        Problem(f.message, field=f"{tasks[f.index].id}.{f.field}", expected=f.expected) for f in found
    ]:
        raise Invalid(*problems)
