"""How much the old system is still worth as a way back: it decays from the moment the new one takes over.

At first going back loses nothing; then each hour of work in the new system would have to be carried back; at some
hour it is no way back any more, and past the point of no return a run refuses it unless it is forced and two others
sign (`runbooks`). What is said here is only what the age says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Self

from pydantic import model_validator

from cutover.domain.programme import Id, Part, Span


class Worth(StrEnum):
    """Whether one would go back to it."""

    GOOD = "good"
    DECAYING = "decaying"
    GONE = "gone"


class Fallback(Part):
    """The old system of one component: for how long it is as good as new, and from when it is no way back."""

    component: Id
    good_for: Span
    gone_after: Span

    @model_validator(mode="after")
    def _decays(self) -> Self:
        if self.gone_after <= self.good_for:
            raise ValueError(f"{self.component}: gone_after must be longer than good_for")
        return self


@dataclass(frozen=True, slots=True)
class Standing:
    """What is left of it, 1 to 0, and until when there is anything."""

    worth: Worth
    left: float


def worth(fallback: Fallback, age: timedelta) -> Worth:
    """What the old system is worth `age` after the new one took over."""
    return standing(fallback, age).worth


def standing(fallback: Fallback, age: timedelta) -> Standing:
    """Full while it is good, then falling evenly to nothing."""
    if age <= fallback.good_for:
        return Standing(Worth.GOOD, 1.0)
    if age >= fallback.gone_after:
        return Standing(Worth.GONE, 0.0)
    return Standing(
        Worth.DECAYING, round((fallback.gone_after - age) / (fallback.gone_after - fallback.good_for), 2)
    )
