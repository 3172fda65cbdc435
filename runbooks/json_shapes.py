"""What the commands on plans and runs answer with --json: a shape for each, by the words that are typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NotRequired

from typing_extensions import TypedDict

from cutover.cli.output import Fact
from cutover.domain.gates import Verdict
from runbooks.domain.colours import Colour
from runbooks.domain.edits import AddedTask, EditStage, FieldEdit
from runbooks.domain.forecasting.backout_time import WayBack
from runbooks.domain.forecasting.calibration import Calibration
from runbooks.domain.forecasting.drivers import Driver
from runbooks.domain.lint.findings import Finding
from runbooks.domain.plan import Estimate
from runbooks.domain.run_events import ForecastMoved, RunStage, RunType
from runbooks.domain.timing.network import Slot


class FieldChange(TypedDict):
    task: str
    field: str
    before: str
    after: str


class PlanChanges(TypedDict):
    added: Sequence[str]
    changed: Sequence[FieldChange]
    absent: Sequence[str]
    reordered: bool
    alike: Mapping[str, str]
    changed_tasks: int


class ImportedPlan(TypedDict):
    runbook: str
    tasks: int
    links: int
    columns_kept: Sequence[str]
    notes: Sequence[str]
    diff: NotRequired[PlanChanges]


class ExportedPlan(TypedDict):
    runbook: str
    tasks: int
    file: str
    without_names: bool


class LintedPlan(TypedDict):
    runbook: str
    lacks: Sequence[str]
    findings: Sequence[Finding]


class Before(TypedDict):
    before: datetime | None
    after: datetime | None


class Margin(TypedDict):
    before: timedelta
    after: timedelta


class MovedTask(TypedDict):
    task: str
    by: timedelta
    start: datetime
    end: datetime


class EditImpact(TypedDict):
    finish: Before
    levelled_finish: Before
    closes: datetime
    margin: Margin
    window_newly_missed: bool
    deadlines_newly_missed: Sequence[str]
    deadlines_newly_kept: Sequence[str]
    critical_joined: Sequence[str]
    critical_left: Sequence[str]
    moved: Sequence[MovedTask]
    cannot_be_done: Sequence[str]


class BackoutPlan(TypedDict):
    runbook: str
    tasks: int
    lasts: timedelta
    added: Sequence[str]
    removed: Sequence[str]
    changes: Sequence[FieldChange]
    notes: Sequence[str]
    written: bool


class Lesson(TypedDict):
    task: str
    planned: timedelta
    worked: Sequence[timedelta]
    waited: Sequence[timedelta]
    variance: float | None
    needs_revision: bool
    suggested: Estimate


class StaffedTask(TypedDict):
    task: str
    start: datetime
    end: datetime
    team: str
    by: str


class LevelledPlan(TypedDict):
    runbook: str
    finish: datetime
    finish_in_written_order: datetime
    no_order_ends_before: datetime
    proven: bool
    within: float
    closes: datetime
    handovers: Sequence[tuple[str, str]]
    not_limited: Sequence[str]
    tasks: Sequence[StaffedTask]


class TeamSaving(TypedDict):
    team: str
    more: int
    saves: timedelta
    finish: datetime
    proven: bool


class Savings(TypedDict):
    runbook: str
    finish: datetime
    savings: Sequence[TeamSaving]


class ProposedMove(TypedDict):
    task: str
    was: datetime
    becomes: datetime
    was_by: str
    by: str


class Replanned(TypedDict):
    run: str
    planned: datetime
    finish_in_planned_order: datetime
    finish: datetime
    no_order_ends_before: datetime
    proven: bool
    delay: timedelta
    gain: timedelta
    moves: Sequence[ProposedMove]


class PrintedPack(TypedDict):
    file: str
    tasks: int
    notes: Sequence[str]


class ReadCode(TypedDict):
    runbook: str
    task: str
    title: str
    line: str
    same_plan: bool


class Picture(TypedDict):
    kind: str
    file: NotRequired[str]
    lines: NotRequired[Sequence[str]]


class Percentiles(TypedDict):
    p50: datetime
    p80: datetime
    p95: datetime


class Redispatched(Percentiles):
    chance_to_miss: float
    samples: int


class VaryingTogether(Percentiles):
    programme: float
    team: float


class PlanForecast(Percentiles):
    runbook: str
    closes: datetime
    chance_to_miss: float
    capacity_aware: bool
    redispatched: Redispatched | None
    correlation: Sequence[VaryingTogether]
    latest_backout_start: datetime | None
    backout: WayBack | None
    drivers: Sequence[Driver]
    criticality: Mapping[str, float]
    calibration: Calibration
    samples: int
    distribution: str
    assumed: str
    without_duration: Sequence[str]
    assumptions: Sequence[str]


class PlanTimes(TypedDict):
    runbook: str
    opens: datetime
    finish: datetime
    closes: datetime
    critical_path: Sequence[str]
    tasks: Sequence[Slot]
    forecast: PlanForecast


class ShownColour(TypedDict):
    shown: Colour
    computed: Colour
    reasons: Sequence[str]


class RunForecast(Percentiles):
    backout: WayBack | None
    assumptions: Sequence[str]
    chance_to_miss: float | None
    drivers: Sequence[Driver]
    criticality: Mapping[str, float]
    capacity_aware: bool


class RunStanding(TypedDict):
    run: str
    stage: RunStage
    type: RunType
    tasks: Mapping[str, int]
    closes: datetime | None
    colours: Mapping[str, ShownColour]
    latest_backout: datetime | None
    point_of_no_return: datetime | None
    forecast: ForecastMoved | None
    now: RunForecast | None
    as_of: datetime


class Labelled(TypedDict):
    label: str
    words: str


class RunReview(TypedDict):
    """The tables of the review as its files have them: a row is its columns by name, in snake case."""

    run: str
    title: str
    caveats: Sequence[str]
    head: Sequence[Labelled]
    sheets: Mapping[str, Sequence[Mapping[str, str | int | float | datetime | timedelta | None]]]
    files: Sequence[str]
    notes: Sequence[str]


class PlanEdit(TypedDict):
    edit: int
    number: int
    base: int
    reason: str
    changes: Sequence[FieldEdit]
    added: Sequence[AddedTask]
    removed: Sequence[str]
    impact: str


class ProposedEdit(PlanEdit):
    run: str


class KeptEdit(PlanEdit):
    stage: EditStage
    by: str


class PlanEdits(TypedDict):
    version: int
    edits: Sequence[KeptEdit]


class GateStanding(TypedDict):
    gate: str
    verdict: Verdict
    unmet: Sequence[str]
    votes: Mapping[str, Verdict]
    conditions: Mapping[str, str]
    decide_by: datetime | None


ANSWERS: Mapping[str, Any] = {
    "runbook import": list[ImportedPlan],
    "runbook export": ExportedPlan,
    "runbook lint": list[LintedPlan],
    "runbook impact": EditImpact,
    "runbook backout": BackoutPlan,
    "runbook learn": list[Lesson],
    "runbook level": LevelledPlan,
    "runbook whatif": Savings,
    "runbook replan": Replanned,
    "runbook print": list[PrintedPack],
    "runbook code": ReadCode,
    "runbook picture": Picture,
    "runbook plan": PlanTimes,
    "runbook forecast": PlanForecast,
    "run status": RunStanding,
    "run review": RunReview,
    "report review": RunReview,
    "run ics": list[str],
    "run edit propose": ProposedEdit,
    "run edit show": PlanEdits,
    "run backout show": list[Mapping[str, Any]],
    "gate show": GateStanding,
    **dict.fromkeys(
        (
            "run claim", "run done", "run skip", "run fail", "run retry", "run allow", "run settle", "run pause",
            "run unpause", "run cancel", "run comment", "run attach", "run announce", "run quiet", "run colour",
            "run edit approve", "run edit reject", "run edit withdraw", "run backout", "run backout arm",
            "run backout disarm", "run backout sign", "run backout unsign", "run backout begin", "run backout confirm",
        ),
        list[Fact],
    ),
    **dict.fromkeys(
        (
            "gate vote", "gate withdraw", "gate waive", "gate evidence", "gate condition raise", "gate condition read",
            "gate condition met", "gate condition withdraw",
        ),
        GateStanding,
    ),
}  # fmt: skip
