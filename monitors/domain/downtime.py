"""When nobody is told because somebody said so beforehand: fixed and recurring downtimes, judged when one looks.

A downtime silences; it never stops an evaluation. Recurring ones are wall-clock hours of a zone, so they keep their
hours when the clocks change; the night that is an hour longer is silent for the hours on the wall.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Self

from pydantic import Field, model_validator

from cutover.core.clock import read_moment
from cutover.core.errors import Invalid
from cutover.domain.programme import Hours, Part
from monitors.domain.check import Check
from monitors.domain.telling import is_quiet


class Downtime(Part):
    """Expected trouble of some checks or components: `from` and `until`, or `hours` that come round each week."""

    checks: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    begins: str = Field(default="", description="a moment: wall time of the programme's zone, or with Z")
    ends: str = ""
    hours: tuple[Hours, ...] = Field(
        default=(), description="recurring: `days: sun`, `opens: 02:00`, `closes: 04:00`"
    )
    note: str = Field(min_length=1, description="why")

    @model_validator(mode="after")
    def _make_sense(self) -> Self:
        if not self.checks and not self.components:
            raise ValueError("a downtime names checks or components")
        if bool(self.begins) != bool(self.ends) or bool(self.begins) == bool(self.hours):
            raise ValueError("give either `begins` and `ends`, or `hours`")
        for text in filter(None, (self.begins, self.ends)):
            try:
                read_moment(text, "UTC")
            except Invalid as error:
                raise ValueError(str(error)) from error
        return self

    def covers(self, check: Check) -> bool:
        return check.id in self.checks or (bool(check.component) and check.component in self.components)

    def holds(self, now: datetime, zone: str) -> bool:
        """Whether it is on at `now`; `zone` is the programme's."""
        if self.hours:
            return is_quiet(self.hours, now, zone)
        return read_moment(self.begins, zone) <= now < read_moment(self.ends, zone)


def silenced_by(check: Check, downtimes: Iterable[Downtime], now: datetime, zone: str) -> tuple[str, ...]:
    """The notes of every downtime that silences a check at `now`."""
    return tuple(one.note for one in downtimes if one.covers(check) and one.holds(now, zone))
