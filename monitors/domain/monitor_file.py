"""What one file of `monitors/` may hold."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from cutover.domain.programme import Part
from monitors.domain.declared import AnyCheck
from monitors.domain.downtime import Downtime
from monitors.domain.flow import Flow, Hypercare
from monitors.domain.register import Expectation
from monitors.domain.telling import Notify


class MonitorFile(Part):
    """Checks, outcome flows, what is expected to be watched, the watch as it was agreed, and who is told."""

    checks: tuple[AnyCheck, ...] = ()
    flows: tuple[Flow, ...] = ()
    expected: tuple[Expectation, ...] = Field(
        default=(), description="every flow, return and consumer that existed before the go-live"
    )
    hypercare: Hypercare | None = Field(default=None, description="one file of the folder says it")
    downtimes: tuple[Downtime, ...] = Field(
        default=(), description="when trouble is expected and nobody is told"
    )
    notify: Notify | None = Field(default=None, description="who is told; one file of the folder says it")

    @model_validator(mode="after")
    def _has_some(self) -> Self:
        if not any(getattr(self, name) for name in type(self).model_fields):
            raise ValueError("the file declares nothing: give it checks, flows, expected or hypercare")
        return self
