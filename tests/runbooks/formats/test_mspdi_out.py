"""MS Project XML, written: nothing of ours is lost on the way there and back, and an edit made there counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cutover.core.errors import Invalid
from runbooks.domain.plan import Link, Runbook, Task
from runbooks.domain.plan_diff import merged_task
from runbooks.formats.mspdi import read_mspdi, write_mspdi
from tests.runbooks.formats.books import PROGRAMME, books
from tests.runbooks.formats.mspdi_documents import after, document, row

ZONE = "Europe/London"
HOUR = timedelta(hours=1)
NS = "{http://schemas.microsoft.com/project}"


# --- out and back ---


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(books())
def test_any_runbook_that_is_written_reads_back_equal(
    tmp_path_factory: pytest.TempPathFactory, book: Runbook
) -> None:
    path = tmp_path_factory.mktemp("round") / "plan.xml"
    write_mspdi(path, book, PROGRAMME)
    assert read_mspdi(path, zone=PROGRAMME.zone).runbook == book


def written(tmp_path: Path, *tasks: Task) -> ET.Element:
    write_mspdi(tmp_path / "p.xml", Runbook(id="p", title="P", tasks=tasks), PROGRAMME)
    return ET.fromstring((tmp_path / "p.xml").read_bytes())


ORDER = [
    "UID", "ID", "Name", "Active", "Manual", "Type", "IsNull", "WBS", "OutlineNumber", "OutlineLevel", "Priority",
    "Start", "Finish", "Duration", "DurationFormat", "EffortDriven", "Estimated", "Milestone", "Summary",
    "ConstraintType", "CalendarUID", "ConstraintDate", "Deadline", "IgnoreResourceCalendar", "Notes",
    "PredecessorLink", "ExtendedAttribute",
]  # fmt: skip


def test_the_elements_of_a_task_come_in_the_order_of_the_schema(tmp_path: Path) -> None:
    at = datetime(2026, 10, 24, 9, tzinfo=UTC)
    full = Task(
        id="b",
        title="b",
        description="n",
        after=(Link(task="a"),),
        not_before=at,
        deadline=at,
        phase="P",
        calendar="office",
    )
    root = written(tmp_path, Task(id="a", title="a", duration=HOUR), full)
    for node in root.iter(f"{NS}Task"):
        places = [ORDER.index(child.tag.removeprefix(NS)) for child in node]
        assert places == sorted(places)


def test_the_times_in_the_document_are_the_schedules_wall_times(tmp_path: Path) -> None:
    root = written(
        tmp_path,
        Task(id="a", title="a", duration=30 * HOUR),
        Task(id="b", title="b", duration=HOUR, after=(Link(task="a", lag=HOUR),), team="data", owner="bo"),
    )
    second = root.findall(f"{NS}Tasks/{NS}Task")[2]
    # 22:00 on Friday and 31 hours, one of which the clock gives back
    assert second.findtext(f"{NS}Start") == "2026-10-25T04:00:00"
    assert second.findtext(f"{NS}PredecessorLink/{NS}LinkLag") == "600"
    assert [r.findtext(f"{NS}Name") for r in root.iter(f"{NS}Resource")] == ["Data migration", "Bo"]


def test_an_edit_made_in_ms_project_wins_over_what_was_exported(tmp_path: Path) -> None:
    path = tmp_path / "p.xml"
    task = Task(id="a", title=" Freeze ", duration=timedelta(seconds=1, microseconds=5), rollback="x" * 300)
    write_mspdi(path, Runbook(id="p", title="P", tasks=(task,)), PROGRAMME)
    text = path.read_text(encoding="utf-8")
    edited = text.replace("<Name>Freeze</Name>", "<Name>Freeze it</Name>").replace("PT0H0M1S", "PT2H0M0S")
    path.write_text(edited, encoding="utf-8")
    seen = read_mspdi(path, zone=ZONE).runbook.tasks[0]
    assert (seen.title, seen.duration, seen.rollback) == ("Freeze it", 2 * HOUR, "x" * 300)


def test_a_plan_that_came_from_ms_project_keeps_its_uids(tmp_path: Path) -> None:
    root = written(tmp_path, Task(id="x", title="x"), Task(id="1", title="a"), Task(id="40", title="b"))
    assert [t.findtext(f"{NS}UID") for t in root.iter(f"{NS}Task")][1:] == ["2", "1", "40"]


def test_a_plan_that_cannot_be_scheduled_writes_nothing(tmp_path: Path) -> None:
    tasks = (
        Task(id="a", title="a", after=(Link(task="b"),)),
        Task(id="b", title="b", after=(Link(task="a"),)),
    )
    with pytest.raises(Invalid):
        write_mspdi(tmp_path / "p.xml", Runbook(id="p", title="P", tasks=tasks), PROGRAMME)
    assert list(tmp_path.iterdir()) == []


# --- anything at all ---


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "plan.xml"
    path.write_bytes(content)
    with pytest.raises(Invalid):
        read_mspdi(path)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(0, 10_000),
    st.integers(0, 40),
    st.sampled_from(
        ["", "-1", "9" * 30, "NA", "PT9999999H", "99", "é", "<x>", "</Task>", "0", "2", "9999-12-31T23:59:59"]
    ),
)
def test_a_mutated_document_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, at: int, cut: int, put: str
) -> None:
    text = document(
        row(1, "P", 1, after(4, 1, "600", 7)),
        row(
            2,
            "a",
            2,
            "<ConstraintType>4</ConstraintType><ConstraintDate>2026-10-24T09:00:00</ConstraintDate>",
        ),
        row(3, "b", 2, after(2, 3, "50", 19) + '<Notes>[cutover] {"title":["b","c"]}</Notes>'),
        row(4, "c", 1, after(5)),
        row(5, "d", 1, "<CalendarUID>1</CalendarUID>"),
        head="<Calendars><Calendar><UID>1</UID><Name>x</Name></Calendar></Calendars>",
    )
    at %= len(text)
    path = tmp_path_factory.mktemp("mutant") / "plan.xml"
    path.write_text(text[:at] + put + text[at + cut :], encoding="utf-8")
    assert refused_or_read(path)


def refused_or_read(path: Path) -> bool:
    """Whether it was read, or refused by words that name the file."""
    try:
        return bool(read_mspdi(path, zone=ZONE).runbook.tasks)
    except Invalid as error:
        return all(p.file and p.message for p in error.problems)


def test_a_document_that_we_wrote_speaks_of_everything(tmp_path: Path) -> None:
    path = tmp_path / "p.xml"
    book = Runbook(id="p", title="P", tasks=(Task(id="a", title="a"),))
    write_mspdi(path, book, PROGRAMME)
    said = read_mspdi(path)
    older = Task(id="a", title="a", verify="x", team="data", optional=True)
    assert said.given is not None
    assert merged_task(older, said.runbook.tasks[0], said.given["a"]) == book.tasks[0]
