"""What can happen to an outcome flow: its baseline is frozen, days are counted, an alarm is raised and closed."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from cutover.core.event import Command, Event
from cutover.core.machine import Table
from monitors.domain.baseline import Normal

MOST_A_DAY = 1_000_000_000


class Chart(StrEnum):
    """The charts of one flow; each has its own alarm."""

    HALVING = "halving"  # wakes somebody
    FALL = "fall"  # writes a ticket
    RATIO = "ratio"  # the share of another flow's count has halved
    SILENCE = "silence"  # nothing came for too long


class Cause(StrEnum):
    """Why an alarm was closed; only a person can say it."""

    FIXED = "fixed"
    REAL_FALL = "real_fall"  # demand itself has fallen
    RECORDING_MOVED = "recording_moved"  # it is recorded elsewhere now
    BASELINE_WRONG = "baseline_wrong"


class Stage(StrEnum):
    LEARNING = "learning"  # no baseline yet
    FROZEN = "frozen"  # the baseline stands, the go-live is still to come
    WATCHING = "watching"
    ALARMED = "alarmed"  # at least one alarm is open


class BaselineFrozen(Event):
    """What is normal, approved by whoever froze it. It never rolls on."""

    number: int = Field(ge=1)
    normal: Normal


class BaselineRebased(Event):
    """Another normal from here on, with the reason; the charts begin anew."""

    typed = frozenset({"reason"})
    number: int = Field(ge=2)
    normal: Normal
    reason: str


class FlowArmed(Event):
    """The charts begin at `first_day`, half way to the `threshold` at a go-live (head start), else at nought."""

    first_day: date
    threshold: float = Field(gt=0)
    head_start: bool = True


class DayCounted(Event):
    """A day whose late counts have come in. `of` is the count it is a share of, where one is watched."""

    day: date
    count: int = Field(ge=0, le=MOST_A_DAY)
    of: int | None = Field(default=None, ge=0, le=MOST_A_DAY)


class DayMissed(Event):
    """A day of which nothing is known, passed by because a later one is."""

    day: date


class DayRestated(Event):
    """A counted or missed day counts otherwise now; the charts are drawn anew, open alarms stay."""

    day: date
    count: int = Field(ge=0, le=MOST_A_DAY)
    of: int | None = Field(default=None, ge=0, le=MOST_A_DAY)
    was: int | None


class FlowAlarmRaised(Event):
    """The evidence passed the threshold on `day`; the fall began about `since`. Open until a person closes it."""

    chart: Chart
    day: date
    value: float
    threshold: float
    since: date
    detail: str


class FlowAlarmTaken(Event):
    """Somebody has the alarm in hand until a time; it stays open."""

    typed = frozenset({"note"})
    chart: Chart
    until: datetime
    note: str


class FlowAlarmClosed(Event):
    """Closed by a named person with a cause; others of the flow are still open. The chart begins anew at nought."""

    typed = frozenset({"note"})
    chart: Chart
    cause: Cause
    note: str


class FlowCleared(Event):
    """The last open alarm closed by a named person with a cause. The chart begins anew at nought."""

    chart: Chart
    cause: Cause
    note: str


class FreezeBaseline(Command):
    """`owner` is who answers for the flow: a baseline that was frozen is not replaced by them alone."""

    normal: Normal
    reason: str = ""
    owner: str = ""


class ArmFlow(Command):
    first_day: date
    threshold: float = Field(gt=0)
    head_start: bool = True


class Reported(BaseModel):
    """One mature day as its source tells it; `count` None: nothing is known of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    day: date
    count: int | None = Field(ge=0, le=MOST_A_DAY)
    of: int | None = Field(default=None, ge=0, le=MOST_A_DAY)


class TakeDays(Command):
    days: tuple[Reported, ...]


class RaiseSilence(Command):
    """Nothing came since `since`, although `expected` events should have; `limit` is what is tolerated."""

    day: date
    since: date
    expected: float
    limit: float
    detail: str


class TakeAlarm(Command):
    chart: Chart
    until: datetime
    note: str = Field(min_length=1)


class CloseAlarm(Command):
    chart: Chart
    cause: Cause
    note: str = Field(min_length=1)


EVENTS = (
    BaselineFrozen,
    BaselineRebased,
    FlowArmed,
    DayCounted,
    DayMissed,
    DayRestated,
    FlowAlarmRaised,
    FlowAlarmTaken,
    FlowAlarmClosed,
    FlowCleared,
)

_EITHER = (Stage.WATCHING, Stage.ALARMED)
FLOWS = Table(
    name="outcome flow",
    theory="a baseline is frozen, charts are armed at the go-live, an alarm stays until a person closes it with a cause",
    stages=Stage,
    start=Stage.LEARNING,
    terminal=frozenset(),
    moves={
        (Stage.LEARNING, BaselineFrozen): Stage.FROZEN,
        (Stage.FROZEN, BaselineRebased): Stage.FROZEN,
        (Stage.FROZEN, FlowArmed): Stage.WATCHING,
        (Stage.WATCHING, BaselineRebased): Stage.FROZEN,
        **{(stage, kind): stage for stage in _EITHER for kind in (DayCounted, DayMissed, DayRestated)},
        **{(stage, FlowAlarmRaised): Stage.ALARMED for stage in _EITHER},
        (Stage.ALARMED, FlowAlarmTaken): Stage.ALARMED,
        (Stage.ALARMED, FlowAlarmClosed): Stage.ALARMED,
        (Stage.ALARMED, FlowCleared): Stage.WATCHING,
    },
)


def flow_stream(flow_id: str) -> str:
    return f"flow:{flow_id}"
