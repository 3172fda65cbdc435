"""Calendars: each person's own tasks in UTC, gates and points of no return for all, issued again without doubles."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from icalendar import Calendar

from cutover.core.errors import Invalid
from cutover.domain.gates import Criterion
from runbooks.domain.plan import Link, Runbook, Task, TaskGate, TaskType
from runbooks.formats.ics import write_ics
from tests.runbooks.formats.books import PROGRAMME, books

HOUR = timedelta(hours=1)
ISSUED = datetime(2026, 10, 1, 12, tzinfo=UTC)
READY = Criterion(id="ready", title="All is ready", source="person:chen")
PLAN = Runbook(
    id="night",
    title="The night",
    tasks=(
        Task(id="A", title="Freeze", owner="bo", deputy="asha", duration=27 * HOUR, verify="No writes", rollback="Unfreeze"),
        Task(id="B", title="Load, then count", team="data", after=(Link(task="A"),), duration=HOUR),
        Task(
            id="G", title="Go?", type=TaskType.APPROVAL, after=(Link(task="B"),), duration=HOUR / 2,
            gate=TaskGate(deciders=("chen",), criteria=(READY,)),
        ),
        Task(id="O", title="Open", owner="asha", after=(Link(task="G"),), point_of_no_return=True),
    ),
)  # fmt: skip


@pytest.fixture
def calendars(tmp_path: Path) -> dict[str, Calendar]:
    paths = write_ics(tmp_path, PLAN, PROGRAMME, at=ISSUED)
    return {path.stem: Calendar.from_ical(path.read_bytes()) for path in paths}


def events(calendar: Calendar) -> dict[str, object]:
    return {str(e["summary"]): e for e in calendar.walk("VEVENT")}


def test_there_is_a_calendar_for_each_person_and_each_team_whose_tasks_name_nobody(calendars) -> None:
    assert sorted(calendars) == ["night-asha", "night-bo", "night-chen", "night-data"]


def test_a_calendar_holds_its_owners_tasks_and_everybodys_turning_points(calendars) -> None:
    turning = ["GATE G Go?", "POINT OF NO RETURN O Open"]
    assert list(events(calendars["night-bo"])) == ["A Freeze", *turning]
    assert list(events(calendars["night-data"])) == ["B Load, then count", *turning]
    assert list(events(calendars["night-chen"])) == turning


def test_times_are_utc_and_cross_the_clock_change(calendars) -> None:
    event = events(calendars["night-data"])["B Load, then count"]
    assert event["dtstart"].dt == datetime(2026, 10, 25, 0, 0, tzinfo=UTC)  # 22:00 BST and 27 hours
    assert event["dtend"].dt == datetime(2026, 10, 25, 1, 0, tzinfo=UTC)
    assert b"DTSTART:20261025T000000Z" in calendars["night-data"].to_ical()


def test_a_moment_has_a_start_and_no_end(calendars) -> None:
    assert "dtend" not in events(calendars["night-asha"])["POINT OF NO RETURN O Open"]


def test_the_description_says_how_to_verify_and_how_to_go_back(calendars) -> None:
    said = str(events(calendars["night-asha"])["A Freeze"]["description"]).split("\n")
    assert {"Your part: you stand in", "Owner: Bo", "Verify: No writes", "Rollback: Unfreeze"} <= set(said)
    gate = str(events(calendars["night-chen"])["GATE G Go?"]["description"])
    assert "Your part: you decide" in gate
    assert "Asks: All is ready" in gate


def test_turning_points_warn_twice_and_tasks_once(calendars) -> None:
    found = events(calendars["night-bo"])
    warnings = {name: [a["trigger"].dt for a in e.walk("VALARM")] for name, e in found.items()}
    assert warnings["A Freeze"] == [-HOUR / 4]
    assert warnings["GATE G Go?"] == [-HOUR, -HOUR / 4]
    assert warnings["POINT OF NO RETURN O Open"] == [-HOUR, -HOUR / 4]


def test_the_same_plan_and_moment_give_the_same_bytes(tmp_path: Path) -> None:
    one, two = (
        [p.read_bytes() for p in write_ics(tmp_path / n, PLAN, PROGRAMME, at=ISSUED)] for n in ("1", "2")
    )
    assert one == two


def test_issued_again_the_events_keep_their_uids_and_rise_in_sequence(tmp_path: Path) -> None:
    def issued(at: datetime) -> dict[str, int]:
        found = [Calendar.from_ical(p.read_bytes()) for p in write_ics(tmp_path, PLAN, PROGRAMME, at=at)]
        return {str(e["uid"]): e["sequence"] for c in found for e in c.walk("VEVENT")}

    before, later = issued(ISSUED), issued(ISSUED + HOUR)
    assert before.keys() == later.keys() == {f"{n}.night@a-small-change.cutover" for n in "ABGO"}
    assert all(later[uid] == number + 60 for uid, number in before.items())


def test_a_plan_that_cannot_be_scheduled_writes_nothing(tmp_path: Path) -> None:
    circle = Task(id="a", title="a", owner="bo", after=(Link(task="a"),))
    with pytest.raises(Invalid):
        write_ics(tmp_path / "out", Runbook(id="p", title="P", tasks=(circle,)), PROGRAMME)
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(books())
def test_any_plan_gives_calendars_that_read_back(
    tmp_path_factory: pytest.TempPathFactory, book: Runbook
) -> None:
    paths = write_ics(tmp_path_factory.mktemp("any"), book, PROGRAMME, at=ISSUED)
    assert len(set(paths)) == len(paths)
    for path in paths:
        for event in Calendar.from_ical(path.read_bytes()).walk("VEVENT"):
            assert event["dtstart"].dt.tzinfo is not None
