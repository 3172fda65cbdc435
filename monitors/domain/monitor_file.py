"""What one file of `monitors/` may hold."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from cutover.domain.programme import Part
from monitors.domain.check import AnyCheck
from monitors.domain.flow import Flow, Hypercare
from monitors.domain.register import Expectation


class MonitorFile(Part):
    """Checks, outcome flows, what is expected to be watched, and the watch as it was agreed."""

    checks: tuple[AnyCheck, ...] = ()
    flows: tuple[Flow, ...] = ()
    expected: tuple[Expectation, ...] = Field(
        default=(), description="every flow, return and consumer that existed before the go-live"
    )
    hypercare: Hypercare | None = Field(default=None, description="one file of the folder says it")

    @model_validator(mode="after")
    def _has_some(self) -> Self:
        if not (self.checks or self.flows or self.expected or self.hypercare):
            raise ValueError("the file declares nothing: give it checks, flows, expected or hypercare")
        return self
