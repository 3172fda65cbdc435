"""Where a stand-in lives: its name, its database file, its clock, and the population it starts with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cutover.store.clock_file import programme_clock

SYSTEMS = ("command_and_control", "legacy_records", "new_records", "custody", "case_transfer")
CRIMES = 25_000
BEFORE = datetime(
    2026, 10, 23, 21, tzinfo=UTC
)  # the seeded crimes were reported in the year before this moment


@dataclass(frozen=True, slots=True)
class Place:
    """One stand-in's place. The same seed, crimes and `before` give the same population everywhere."""

    system: str
    state: Path
    clock: Path
    seed: int = 1
    crimes: int = CRIMES
    before: datetime = BEFORE

    @property
    def database(self) -> Path:
        return self.state / f"{self.system}.db"

    def now(self) -> datetime:
        """Simulated time while a rehearsal's clock file stands, otherwise the machine's."""
        return programme_clock(self.clock).now()
