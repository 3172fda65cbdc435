"""Does a check flap: the last 20 results, newer ones weighing more, and how many of them changed the status.

Theory (Nagios's and Icinga's): each of 20 slots says whether a result differed from the one before. Weights rise
evenly from 0.80 for the oldest to 1.18 for the newest. A check begins to flap above 30 % and ends below 25 %, so the
border itself cannot flap. The window is a fold over the result log; it never touches what is believed.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitors.domain.check import Status

SLOTS = 20
BEGINS, ENDS = 0.30, 0.25
WEIGHTS = tuple(0.80 + 0.02 * (SLOTS - 1 - age) for age in range(SLOTS))  # by age, newest first
_MASK = (1 << SLOTS) - 1


@dataclass(frozen=True, slots=True)
class Window:
    """`bits`: the newest result is bit 0, set where it differed; `last` is its status."""

    bits: int = 0
    last: Status | None = None
    flapping: bool = False

    @property
    def share(self) -> float:
        """The weighted share of results that changed the status: 0 never, about 1 always."""
        return sum(weight for age, weight in enumerate(WEIGHTS) if self.bits >> age & 1) / SLOTS


def push(window: Window, status: Status) -> Window:
    """The window after one more result."""
    changed = window.last is not None and status is not window.last
    bits = (window.bits << 1 | changed) & _MASK
    share = Window(bits).share
    return Window(bits, status, share > BEGINS or (window.flapping and share >= ENDS))
