"""Does the count agree with the flow: opening + in - out = counted, and by how much it does not.

A balance that breaks means work that is somewhere and in no queue, or in a queue and from nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Balance:
    """One stream over one period; `counted` was counted at the end, independently of the flow."""

    opening: int
    arrived: int
    done: int
    counted: int

    @property
    def expected(self) -> int:
        return self.opening + self.arrived - self.done

    @property
    def breaks_by(self) -> int:
        """Items unaccounted for: positive when fewer were counted than the flow leaves."""
        return self.expected - self.counted

    @property
    def holds(self) -> bool:
        return self.breaks_by == 0
