"""Real plans as people have them: imported as they are, told what they lack, rehearsed to their end."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cutover.app.programme_folder import ProgrammeFolder
from runbooks.domain.plan import TaskType
from tests.end_to_end.conftest import Type

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "runbooks"
PROGRAMME = """
title: Plans that others wrote
zone: Europe/London
window: {opens: 2026-10-24T23:00, closes: 2026-10-25T12:00}
"""
# Shaped like what is really handed over: dates without times, roles instead of names, two gates' worth of free
# text, minutes in one row and hours in the next, columns that mean something to nobody else.
OWN = """\
Ref,Phase,Planned Start,TZ,Responsible,Task Name,Depends On,Kind,Est. Duration (mins),Backout Step,Success criteria,Site,Notes
U01,Before,2026-10-20,Europe/London,release manager,Publish the status page,,comms,10,,,HQ,
U02,Before,2026-10-21,Europe/London,DBA lead,Prove that the backup restores,,validation,,none needed,Counts agree,HQ,Ask for the host
U03,Night,2026-10-25 01:30+00:00,,DBA lead,Stop the writers,"U01, U02",technical,20,Start the writers,No new rows,DC1,
U04,Night,,,DBA lead,Upgrade the database,U03,technical,1h 30m,Restore from backup,Version is 16,DC1,Only once U05 is ready
U05,Night,,,app lead,Deploy the new release,U03,technical,45,Deploy the old release,,DC1,"After the upgrade, depends on U04"
U06,Night,,,product owner,Go or no-go to open,"U04; U05",go/no-go,15,,,HQ,
U07,Night,,,app lead,Open to users,U06,technical,5,Close again,First user signs in,DC1,
U08,Morning,,,release manager,Tell everybody,U07,comms,10,,,HQ,
U09,Morning,,,,Done,U08,milestone,,,,,
"""


@dataclass(frozen=True)
class Plan:
    """What is to be read in a plan, and how many of its tasks lack what."""

    name: str
    tasks: int
    links: int
    lacks: Mapping[str, int]
    kept: tuple[str, ...] = ()
    types: Mapping[TaskType, int] = field(default_factory=dict)
    file: str = ""


PLANS = (
    Plan(
        "upgrade-night", 9, 9,
        {
            "no_duration": 1, "no_criteria": 1, "no_audience": 2, "unknown_name": 8, "clock_only": 1,
            "hidden_dependency": 2, "outside_window": 2,
        },
        kept=("Site",),
        types={TaskType.NORMAL: 4, TaskType.COMMS: 2, TaskType.VALIDATION: 1, TaskType.APPROVAL: 1, TaskType.MILESTONE: 1},
    ),
    Plan(
        "vagov-2018-launch-tasks", 31, 21,
        {
            "no_duration": 31, "no_rollback": 18, "no_verify": 14, "no_criteria": 7, "no_audience": 4,
            "unknown_name": 31, "clock_only": 9, "outside_window": 31,
        },
        kept=("checked_in_source",),
        types={TaskType.APPROVAL: 7, TaskType.COMMS: 4},
        file="vagov_2018_launch_tasks.csv",
    ),
    Plan(
        "gitlab-migration-wave-tasks", 144, 143,
        {"no_duration": 144, "no_owner": 144, "no_rollback": 144, "no_verify": 144, "way_back": 6},
        file="gitlab_migration_wave_tasks.csv",
    ),
    Plan(
        "wikimedia-switchover", 13, 12,
        {"no_duration": 13, "no_owner": 13, "no_rollback": 13, "no_verify": 13},
        kept=("exclusive", "read_only_window", "rehearsal_behaviour"),
        file="wikimedia_switchover.csv",
    ),
)  # fmt: skip


@pytest.fixture(params=PLANS, ids=lambda plan: plan.name)
def plan(request: pytest.FixtureRequest) -> Plan:
    wanted: Plan = request.param
    if wanted.file and not (SHARED / wanted.file).exists():
        pytest.skip(f"SHARED PLAN MISSING: {SHARED / wanted.file}")
    return wanted


@pytest.fixture
def programme(tmp_path: Path) -> Path:
    """A folder that knows no team, no person, no component: only its window."""
    folder = tmp_path / "programme"
    folder.mkdir()
    (folder / "programme.yaml").write_text(PROGRAMME, encoding="utf-8")
    return folder


@pytest.fixture
def file(plan: Plan, tmp_path: Path) -> Path:
    """The plan as it is: the shared ones read in place."""
    if plan.file:
        return SHARED / plan.file
    own = tmp_path / "upgrade-night.csv"
    own.write_text(OWN, encoding="utf-8")
    return own


def test_it_is_imported_as_it_is(plan: Plan, file: Path, programme: Path, say: Type) -> None:
    said = say("runbook", "import", file, "--json", "--programme", programme)
    assert said.code == 0, said.err
    (read,) = json.loads(said.out)
    assert (read["runbook"], read["tasks"], read["links"], tuple(read["columns_kept"])) == (
        plan.name,
        plan.tasks,
        plan.links,
        plan.kept,
    )
    types = Counter(task.type for task in ProgrammeFolder(programme).runbook(plan.name).tasks)
    assert {kind: types[kind] for kind in plan.types} == plan.types


def test_lint_says_what_it_lacks(plan: Plan, file: Path, programme: Path, say: Type) -> None:
    say("runbook", "import", file, "--programme", programme)
    said = say("runbook", "lint", "--json", "--programme", programme)
    (lint,) = json.loads(said.out)
    tasks_by_lack = Counter(code for code, _task in {(f["code"], f["task"]) for f in lint["findings"]})
    assert tasks_by_lack == plan.lacks
    assert said.code == 0, "nothing in it would stop a run"


def test_names_that_the_programme_does_not_know_are_notes_and_no_error(
    plan: Plan, file: Path, programme: Path, say: Type
) -> None:
    say("runbook", "import", file, "--programme", programme)
    said = say("check", programme, "--json")
    checked = json.loads(said.out)
    assert (said.code, checked["problems"]) == (0, [])
    tasks = {note.split(": tasks.")[1].split(".")[0] for note in checked["unknown_names"]}
    assert len(tasks) == plan.lacks.get("unknown_name", 0)
    assert all(f"{plan.name}.yaml:" in note for note in checked["unknown_names"])


@pytest.mark.real
def test_it_is_rehearsed_to_its_end(plan: Plan, file: Path, programme: Path, say: Type, types: Type) -> None:
    say("runbook", "import", file, "--programme", programme)
    ran = types("run", "start", "--type", "rehearsal", "--auto", "--programme", programme)
    assert ran.code == 0, ran.err
    assert f"{plan.name}-1 is complete: {plan.tasks} tasks" in ran.out
    seen = types("run", "status", "--json", "--programme", programme)
    assert json.loads(seen.out)["tasks"] == {"complete": plan.tasks}
    assert types("journal", "verify", "--programme", programme).code == 0


def test_an_import_of_several_plans_writes_all_or_none(programme: Path, tmp_path: Path, say: Type) -> None:
    (tmp_path / "upgrade-night.csv").write_text(OWN, encoding="utf-8")
    (tmp_path / "upgrade-day.csv").write_text(OWN.replace("U04; U05", "U04; U5"), encoding="utf-8")
    both = (tmp_path / "upgrade-night.csv", tmp_path / "upgrade-day.csv")
    assert say("runbook", "import", *both, "--programme", programme).code == 2
    assert not (programme / "runbooks").exists()
    both[1].write_text(OWN, encoding="utf-8")
    assert say("runbook", "import", *both, "--programme", programme).code == 0
    assert sorted(p.name for p in (programme / "runbooks").iterdir()) == [
        "upgrade-day.yaml",
        "upgrade-night.yaml",
    ]
