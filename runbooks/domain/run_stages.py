"""The words for where a run and its tasks stand, of what type a run is, and how it was started."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class RunStage(StrEnum):
    PLANNING = "planning"
    ACTIVE = "active"
    PAUSED = "paused"
    BACKING_OUT = "backing_out"
    BACKED_OUT = "backed_out"
    CANCELED = "canceled"
    COMPLETE = "complete"


class TaskStage(StrEnum):
    NOT_STARTABLE = "not_startable"
    STARTABLE = "startable"
    IN_PROGRESS = "in_progress"
    COMPLETE = "complete"
    FAILED = "failed"
    UNCERTAIN = "uncertain"


class Completion(StrEnum):
    NORMAL = "normal"
    SKIPPED = "skipped"
    ABANDONED = "abandoned"
    AUTO = "auto"


PERFORMER = "performer"  # the actor of everything the software does by itself
WORKED = frozenset({Completion.NORMAL, Completion.AUTO})  # somebody, or software, did it


class RunType(StrEnum):
    REHEARSAL = "rehearsal"
    LIVE = "live"


class Comms(StrEnum):
    OFF = "off"
    TEST = "test"
    ON = "on"


class RunSetup(BaseModel):
    """How a run was started, so that `resume` starts it the same way."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
    auto: bool = Field(default=False, description="people's tasks are played at their planned durations")
    scenario: bool = Field(default=False, description="against the range, with its fault plan and cast")
    speed: float | None = Field(
        default=None, description="simulated seconds a second; None: real clock; 0: step from event to event"
    )
    prefect: bool = True
