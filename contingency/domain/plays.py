"""What is declared before the window, when heads are cool: which breach proposes which play, and who decides it."""

from __future__ import annotations

from typing import Self

from pydantic import ConfigDict, Field, model_validator

from contingency.domain.metrics import Metric
from cutover.domain.modes import Mode
from cutover.domain.programme import Id, Part, Span


class Alternate(Part):
    """Who may decide instead, once the proposal has waited for `after`."""

    person: Id
    after: Span


class Trigger(Part):
    """Which monitor, in which status or with which number past a threshold, for how long, proposes which play to whom."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True)

    id: Id
    monitor: Id
    status: str = Field(default="CRITICAL", pattern="^(WARNING|CRITICAL|UNKNOWN)$")
    metric: Metric | None = Field(
        default=None, description="a number that the monitor measures, instead of its status"
    )
    sustained: Span = Field(
        validation_alias="for", description="how long the status must last before the play is proposed"
    )
    play: Id
    decider: Id
    alternates: tuple[Alternate, ...] = ()
    quorum: int = Field(default=1, ge=1, description="how many different people must say so to enact it")
    others: tuple[Id, ...] = Field(
        default=(), description="who decides beside the decider, where a quorum is set"
    )

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        people = {self.decider, *self.others, *(a.person for a in self.alternates)}
        if len(people) < self.quorum:
            raise ValueError(f"quorum: {self.quorum} must agree, and only {len(people)} may decide")
        if self.metric is not None and self.status != "CRITICAL":  # which a kept trigger says of itself
            raise ValueError("status: a trigger waits on a status or on a metric, not on both")
        return self

    @property
    def watched(self) -> str:
        """What it waits on, in words."""
        return self.monitor if self.metric is None else f"{self.metric.figure} of {self.monitor}"

    @property
    def bad(self) -> str:
        """What is a breach, in words."""
        return self.status if self.metric is None else str(self.metric)


class Step(Part):
    """One thing that somebody does when the play is enacted."""

    id: Id
    title: str
    owner: str = ""


class ChecklistLine(Part):
    """One thing that must be true before normal working comes back."""

    id: Id
    title: str


class Notice(Part):
    """Who is told when the play is enacted, and what."""

    to: str
    text: str
    channel: str = "file"


class Play(Part):
    """What is done when the play is enacted, and what must be done to end it."""

    id: Id
    title: str
    component: Id
    switch_to: Mode
    return_to: Mode = Mode.LIVE
    stations: tuple[Id, ...] = Field(default=(), description="who gets serial blocks")
    blocks: dict[str, int] = Field(
        default_factory=dict, description="form type -> blank sheets for each station"
    )
    notices: tuple[Notice, ...] = ()
    steps: tuple[Step, ...] = Field(default=(), description="what is done by hand when it is enacted")
    packs: tuple[str, ...] = Field(
        default=(), description="printed packs that the stations take out of the cupboard"
    )
    hands_over: str = Field(
        default="",
        description="form type whose open records go back live one by one, signed, with their clocks",
    )
    stand_down: tuple[ChecklistLine, ...] = ()
