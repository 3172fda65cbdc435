"""Is a number too high or too low: four optional limits, and the words for the one that is passed."""

from __future__ import annotations

import math
from typing import Self

from pydantic import Field, model_validator

from cutover.domain.programme import Part
from monitors.domain.check import Reason, Result, Status, critical, ok, unknown, warning


class Limits(Part):
    """What a number may be. Above or below a limit is outside; the limit itself is inside."""

    warning_above: float | None = Field(default=None, allow_inf_nan=False)
    critical_above: float | None = Field(default=None, allow_inf_nan=False)
    warning_below: float | None = Field(default=None, allow_inf_nan=False)
    critical_below: float | None = Field(default=None, allow_inf_nan=False)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        high, highest = self.warning_above, self.critical_above
        if high is not None and highest is not None and high > highest:
            raise ValueError("warning_above is higher than critical_above: it would never be seen")
        low, lowest = self.warning_below, self.critical_below
        if low is not None and lowest is not None and low < lowest:
            raise ValueError("warning_below is lower than critical_below: it would never be seen")
        return self

    def judge(self, value: float, what: str = "value", latency: float | None = None) -> Result:
        """What `value` means. A number that is none (NaN, infinite) is UNKNOWN(no_data), never inside."""
        if not math.isfinite(value):
            return unknown(Reason.NO_DATA, f"{what} is {value}, which is no number", latency)
        for status, above, below in (
            (Status.CRITICAL, self.critical_above, self.critical_below),
            (Status.WARNING, self.warning_above, self.warning_below),
        ):
            say = critical if status is Status.CRITICAL else warning
            if above is not None and value > above:
                return say(f"{what} is {value:g}, above {above:g}", latency)
            if below is not None and value < below:
                return say(f"{what} is {value:g}, below {below:g}", latency)
        return ok(f"{what} is {value:g}", latency)


ANYTHING = Limits()
