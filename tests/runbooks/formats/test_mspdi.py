"""MS Project XML: what a planner fixed there is what we plan with, and nothing of ours is lost on the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cutover.core.errors import Invalid
from runbooks.domain.plan import Link, LinkKind, Task, TaskType
from runbooks.domain.plan_diff import merged_task
from runbooks.formats.mspdi import read_mspdi
from runbooks.formats.table import Imported
from tests.runbooks.formats.mspdi_documents import after, document, row

ZONE = "Europe/London"
HOUR = timedelta(hours=1)


@pytest.fixture
def read(tmp_path: Path):
    def reading(*rows: str, head: str = "", tail: str = "") -> Imported:
        path = tmp_path / "plan.xml"
        path.write_text(document(*rows, head=head, tail=tail), encoding="utf-8")
        return read_mspdi(path, zone=ZONE)

    return reading


def problem(error: pytest.ExceptionInfo[Invalid]) -> tuple[int | None, str, str]:
    (found,) = error.value.problems
    return found.line, found.field, found.message


# --- what rows mean ---


def test_summary_rows_are_phases_and_streams_and_take_no_time(read) -> None:
    plan = read(row(1, "Freeze", 1), row(2, "Records", 2), row(3, "Lock", 3), row(4, "Open", 1)).runbook
    assert [(t.id, t.phase, t.stream) for t in plan.tasks] == [("3", "Freeze", "records"), ("4", "", "")]
    assert plan.phases == ("Freeze",)
    assert [s.title for s in plan.streams] == ["Records"]


def test_one_row_around_everything_is_the_projects_name_and_no_phase(read) -> None:
    plan = read(row(1, "The project", 1), row(2, "Freeze", 2), row(3, "Lock", 3)).runbook
    assert [(t.id, t.phase) for t in plan.tasks] == [("3", "Freeze")]


def test_a_summary_below_the_stream_is_a_milestone_and_the_parent_of_its_tasks(read) -> None:
    plan = read(
        row(1, "P"), row(2, "S", 2), row(3, "Part", 3), row(4, "a", 4), row(5, "b", 4, after(4)), row(6, "Q")
    ).runbook
    end = plan.by_id()["3"]
    assert [t.id for t in plan.tasks] == ["4", "5", "3", "6"]
    assert (end.type, end.duration, end.after) == (TaskType.MILESTONE, None, (Link(task="5"),))
    assert plan.by_id()["4"].parent == "3"


def test_the_row_of_the_whole_project_and_blank_rows_are_no_tasks(read) -> None:
    plan = read(row(0, "All", 0), "<Task><UID>9</UID><IsNull>1</IsNull></Task>", row(1, "a")).runbook
    assert [t.id for t in plan.tasks] == ["1"]


@pytest.mark.parametrize(
    ("kind", "meant"), [(0, LinkKind.FF), (1, LinkKind.FS), (2, LinkKind.SF), (3, LinkKind.SS)]
)
def test_the_four_types_of_link(read, kind: int, meant: LinkKind) -> None:
    plan = read(row(1, "a"), row(2, "b", inside=after(1, kind, "-300"))).runbook
    assert plan.tasks[1].after == (Link(task="1", kind=meant, lag=-HOUR / 2),)


def test_a_lag_counts_tenths_of_minutes_whatever_its_format(read) -> None:
    said = read(row(1, "a"), row(2, "b", inside=after(1, 1, "4800", 7)))
    assert said.runbook.tasks[1].after[0].lag == 8 * HOUR
    assert said.notes == ("lags of working time are taken as time of the clock: 1",)


def test_a_lag_in_percent_is_a_share_of_the_predecessors_length(read) -> None:
    said = read(row(1, "a", length="PT4H0M0S"), row(2, "b", inside=after(1, 1, "50", 19)))
    assert said.runbook.tasks[1].after[0].lag == 2 * HOUR
    assert "percent" in said.notes[0]


def test_a_lag_in_percent_of_an_unknown_length_is_refused(read) -> None:
    with pytest.raises(Invalid) as error:
        read(row(1, "a", length=""), row(2, "b", inside=after(1, 1, "50", 20)))
    assert problem(error) == (5, "LinkLag", "a lag of 50 % of 'a', whose length is not known")


def test_who_waits_for_a_summary_waits_for_a_milestone_after_its_tasks(read) -> None:
    said = read(row(1, "Freeze"), row(2, "a", 2), row(3, "b", 2), row(4, "c", 1, after(1)))
    plan = said.runbook.by_id()
    assert plan["4"].after == (Link(task="1"),)
    assert plan["1"].after == (Link(task="2"), Link(task="3"))
    assert (plan["1"].title, plan["1"].phase) == ("Freeze: complete", "Freeze")
    assert said.notes == ("summary rows that others wait for, or with a deadline, are milestones: 1",)


def test_what_a_summary_waits_for_its_first_tasks_wait_for(read) -> None:
    rows = row(1, "a"), row(2, "Load", 1, after(1)), row(3, "b", 2), row(4, "c", 2, after(3))
    plan = read(*rows).runbook.by_id()
    assert plan["3"].after == (Link(task="1"),)
    assert plan["4"].after == (Link(task="3"),)


def test_the_start_of_a_summary_is_that_of_its_one_first_task(read) -> None:
    rows = row(1, "Load"), row(2, "b", 2), row(3, "c", 2, after(2)), row(4, "d", 1, after(1, 3))
    assert read(*rows).runbook.by_id()["4"].after == (Link(task="2", kind=LinkKind.SS),)


def test_the_start_of_a_summary_with_two_first_tasks_is_refused(read) -> None:
    with pytest.raises(Invalid) as error:
        read(row(1, "Load"), row(2, "b", 2), row(3, "c", 2), row(4, "d", 1, after(1, 3)))
    assert problem(error)[:2] == (7, "PredecessorUID")


@pytest.mark.parametrize(
    ("length", "form", "hours"),
    [
        ("PT8H0M0S", 7, 8),
        ("P1D", 7, 8),
        ("P1D", 8, 24),
        ("PT0H90M0S", 5, 1.5),
        ("", 7, None),
        ("PT8H0M0S", 53, None),
    ],
)
def test_a_length_is_hours_and_a_day_is_the_calendars_unless_elapsed(read, length, form, hours) -> None:
    text = row(1, "a", length=length).replace("<DurationFormat>5<", f"<DurationFormat>{form}<")
    assert read(text).runbook.tasks[0].duration == (None if hours is None else hours * HOUR)


def test_constraints_become_fixed_times_or_are_kept(read) -> None:
    def fixed(kind: int, more: str = "") -> str:
        date = "<ConstraintDate>2026-10-24T09:00:00</ConstraintDate>"
        return f"<ConstraintType>{kind}</ConstraintType>{date}{more}"

    late = "<Deadline>2026-10-24T08:00:00</Deadline>"
    rows = [row(i + 1, "x", inside=fixed(i)) for i in range(8)]
    said = read(*rows, row(9, "y", inside=fixed(7, late)))
    at = datetime(2026, 10, 24, 8, tzinfo=UTC)
    tasks = said.runbook.tasks
    assert [t.not_before for t in tasks] == [None, None, at, None, at, None, None, None, None]
    assert [t.deadline for t in tasks] == [None, None, None, at, None, None, None, at, at - HOUR]
    assert [t.custom.get("Constraint", "").split(" 2026")[0] for t in tasks] == [
        "", "as late as possible", "must start on", "must finish on", "", "start no later than",
        "finish no earlier than", "", "",
    ]  # fmt: skip
    assert said.notes == ("constraints that have no equal here are kept in the column Constraint: 5",)


def test_an_hour_that_happens_twice_is_refused_with_both_candidates(read) -> None:
    with pytest.raises(Invalid) as error:
        read(row(1, "a", inside="<Deadline>2026-10-25T01:30:00</Deadline>"))
    assert problem(error)[:2] == (4, "Deadline")
    assert error.value.problems[0].expected == "2026-10-25T00:30Z or 2026-10-25T01:30Z"


def test_the_starts_that_ms_project_works_out_are_left_to_us_and_those_set_by_hand_hold(read) -> None:
    start = "<Start>2026-10-24T09:00:00</Start>"
    said = read(row(1, "a", inside=start), row(2, "b", inside=f"<Manual>1</Manual>{start}"))
    assert [t.not_before and t.not_before.hour for t in said.runbook.tasks] == [None, 8]
    assert "by hand" in said.notes[0]


def test_people_columns_notes_and_progress_are_kept(read) -> None:
    head = (
        "<ExtendedAttributes><ExtendedAttribute><FieldID>188743731</FieldID><FieldName>Text1</FieldName>"
        "<Alias>Risk</Alias></ExtendedAttribute><ExtendedAttribute><FieldID>188743734</FieldID>"
        "<FieldName>Text2</FieldName><Alias>Verify</Alias></ExtendedAttribute></ExtendedAttributes>"
    )
    inside = (
        "<WBS>A.1</WBS><OutlineNumber>1</OutlineNumber><PercentComplete>100</PercentComplete><Notes>Call first.</Notes>"
        "<ExtendedAttribute><FieldID>188743731</FieldID><Value>high</Value></ExtendedAttribute>"
        "<ExtendedAttribute><FieldID>188743734</FieldID><Value>A test write</Value></ExtendedAttribute>"
    )
    who = "".join(
        f"<Resource><UID>{i}</UID><Name>{n}</Name><Type>1</Type><Group>Data</Group></Resource>"
        for i, n in enumerate(["Asha", "Bo", "Chen"], 1)
    )
    work = "".join(
        f"<Assignment><TaskUID>1</TaskUID><ResourceUID>{i}</ResourceUID></Assignment>" for i in (1, 2, 3)
    )
    tail = f"<Resources>{who}</Resources><Assignments>{work}</Assignments>"
    said = read(row(1, "a", inside=inside), head=head, tail=tail)
    task = said.runbook.tasks[0]
    assert (task.owner, task.deputy, task.team) == ("Asha", "Bo", "Data")
    assert (task.description, task.verify) == ("Call first.", "A test write")
    assert task.custom == {
        "WBS": "A.1", "Resources": "Asha, Bo, Chen", "Risk": "high", "Percent complete": "100", "Status": "complete",
    }  # fmt: skip
    assert said.kept == tuple(task.custom)


def test_calendars_are_named_and_told_with_their_hours(read) -> None:
    days = "".join(
        f"<WeekDay><DayType>{d}</DayType><DayWorking>1</DayWorking><WorkingTimes><WorkingTime><FromTime>08:00:00"
        f"</FromTime><ToTime>17:00:00</ToTime></WorkingTime></WorkingTimes></WeekDay>"
        for d in range(2, 7)
    )
    head = "<CalendarUID>1</CalendarUID><Calendars>" + "".join(
        f"<Calendar><UID>{i}</UID><Name>{n}</Name><WeekDays>{days}</WeekDays></Calendar>"
        for i, n in ((1, "Standard"), (2, "Day Shift"))
    )
    said = read(row(1, "a", inside="<CalendarUID>2</CalendarUID>"), row(2, "b"), head=head + "</Calendars>")
    assert [t.calendar for t in said.runbook.tasks] == ["day-shift", ""]
    assert "'Standard' (mon-fri 08:00-17:00) is not taken over" in said.notes[0]
    assert said.notes[1] == "calendar 'day-shift' must be in programme.yaml: mon-fri 08:00-17:00"


def test_milestones_and_inactive_tasks(read) -> None:
    plan = read(
        row(1, "a", inside="<Milestone>1</Milestone>", length="PT0H0M0S"),
        row(2, "b", inside="<Active>0</Active>"),
    ).runbook
    assert plan.tasks[0].type is TaskType.MILESTONE
    assert (plan.tasks[1].conditional, plan.tasks[1].custom["Active"]) == (True, "no")


# --- what is refused ---


@pytest.mark.parametrize(
    ("inside", "field", "message"),
    [
        ("<Duration>8 hours</Duration>", "Duration", "'8 hours' is not a duration"),
        ("<Duration>P1M</Duration>", "Duration", "'P1M' counts in months or years"),
        ("<Deadline>tomorrow</Deadline>", "Deadline", "'tomorrow' is not a date and time"),
        ("<ConstraintType>9</ConstraintType>", "ConstraintType", "'9' is no constraint"),
        (after(77), "PredecessorUID", "unknown task '77'"),
        (after(1, 7), "Type", "'7' is no type of link"),
        (after(1, 1, "soon"), "LinkLag", "'soon' is not a lag"),
        ("<Notes>[cutover] {</Notes>", "Notes", "the line of the notes that begins [cutover] was changed"),
    ],
)
def test_what_is_wrong_is_named_by_line_and_element(read, inside: str, field: str, message: str) -> None:
    text = row(2, "b", inside=inside)
    if "<Duration>" in inside:
        text = text.replace("<Duration>PT1H0M0S</Duration>", "", 1)
    with pytest.raises(Invalid) as error:
        read(row(1, "a"), text)
    assert problem(error) == (5, field, message)


def test_all_problems_come_together(read) -> None:
    with pytest.raises(Invalid) as error:
        read(row(1, ""), row(1, "b", inside=after(9)), row(3, "c", inside=after(3)))
    assert [(p.line, p.field) for p in error.value.problems] == [
        (4, "Name"), (5, "UID"), (5, "PredecessorUID"), (5, "id"),
    ]  # fmt: skip


def test_a_circle_is_shown_as_a_path(read) -> None:
    with pytest.raises(Invalid, match="the tasks wait for each other: 1 -> 2 -> 1"):
        read(row(1, "a", inside=after(2)), row(2, "b", inside=after(1)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest",
            "this is a binary file of MS Project or Office (MPP), not XML",
        ),
        (b"PK\x03\x04rest", "this is a ZIP archive (XLSX, POD or the like), not XML"),
        (b"id,title\n1,x\n", "not XML: syntax error"),
        (b"<html/>", "a web page <html> is not a project"),
        (b"<APIBusinessObjects/>", "Primavera P6 XML <APIBusinessObjects> is not a project"),
        (b"<Project xmlns='urn:x'/>", "<Project> of urn:x is not a project"),
        (b"<Project/>", "the project has no tasks"),
        (b"", "the file is empty"),
        (b"<?xml version='1.0' encoding='utf-99'?><Project/>", "not XML: unknown encoding: utf-99"),
    ],
)
def test_another_kind_of_file_is_refused_with_a_hint(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "plan.xml"
    path.write_bytes(content)
    with pytest.raises(Invalid) as error:
        read_mspdi(path)
    assert error.value.problems[0].message == message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_doctype_is_refused_before_its_entities_are_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "plan.xml"
    bomb = '<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">'
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n<!DOCTYPE Project [{bomb}]><Project>&b;</Project>'
    path.write_bytes(text.encode(encoding))
    with pytest.raises(Invalid) as error:
        read_mspdi(path)
    assert problem(error)[:2] == (2, "DOCTYPE")


def test_a_missing_file_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "plan.xml").write_text("<Project/>", encoding="utf-8")
    with pytest.raises(Invalid, match=r"no such file; did you mean 'plan\.xml'"):
        read_mspdi(tmp_path / "plam.xml")


# --- over an older plan ---


def test_a_document_of_ms_projects_own_leaves_our_fields_as_they_were(read) -> None:
    said = read(row(1, "a"))
    assert said.given is not None
    ours = Task(
        id="1",
        title="old",
        verify="a test write",
        description="old",
        effect="probe",
        custom={"Site": "North"},
    )
    new = merged_task(ours, said.runbook.tasks[0], said.given["1"])
    assert (new.title, new.description, new.duration) == ("a", "", HOUR)
    assert (new.verify, new.effect, new.custom) == ("a test write", "probe", {"Site": "North"})
