"""What the ageing watch suspects, in the words of the backlog register."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitors.ageing_service import AgeingService
from monitors.domain.suspicion import Stage


@dataclass(frozen=True, slots=True)
class BrokenBalance:
    """A list whose sum does not come out, since when, by how many, and the oldest that are in no list."""

    check_id: str
    since: datetime
    missing: int
    named: tuple[str, ...]


def suspected(ageing: AgeingService) -> list[BrokenBalance]:
    """Every suspicion that nobody has settled."""
    return [
        BrokenBalance(view.check.id, view.suspicion.since, view.suspicion.missing, view.suspicion.named)
        for view in ageing.all()
        if view.suspicion.stage is Stage.SUSPECTED and view.suspicion.since is not None
    ]
