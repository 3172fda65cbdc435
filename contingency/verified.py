"""Which verified sheets are still to be brought back, and how far each has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from contingency.domain.conversion import CONVERSIONS, Progress
from contingency.likeness import Learnt
from contingency.rooms import SheetSeen
from contingency.tables import ConversionRow


@dataclass(frozen=True, slots=True)
class Pile:
    """The verified sheets not yet disposed of, and how far each has come."""

    sheets: Mapping[str, SheetSeen]
    rows: Mapping[str, ConversionRow]

    @property
    def ready(self) -> dict[str, SheetSeen]:
        """Those that nobody has begun, matched or concluded."""
        free = self.dismissed | (self.sheets.keys() - self.rows.keys())
        return {serial: sheet for serial, sheet in self.sheets.items() if serial in free}

    @property
    def dismissed(self) -> set[str]:
        """Those of which a person has said that they are another event."""
        return {serial for serial, row in self.rows.items() if row.progress is Progress.DISTINCT}

    @property
    def undisposed(self) -> list[ConversionRow]:
        """Those with an outcome that their sheet does not say yet."""
        return [row for row in self.rows.values() if row.progress in CONVERSIONS.terminal]


@dataclass
class Share:
    """What one hand takes of the pile, the next one first; shrinks as batches are taken."""

    pile: Pile
    sheets: list[SheetSeen]
    read_at: datetime
    learnt: Learnt | None = None  # what a model says of them, once it was asked
