"""Out to a sheet and back: nothing is lost, nothing becomes a formula, what a cell cannot hold is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from cutover.core.errors import Invalid
from runbooks.domain.plan import Runbook, Task
from runbooks.formats.csv_out import write_csv
from runbooks.formats.exact import COLUMNS, STATUS
from runbooks.formats.files import import_runbook
from runbooks.formats.xlsx_out import LONGEST, write_xlsx
from tests.runbooks.formats.plans import NASTY, books, seeded

ZONE = "Europe/London"
KINDS = pytest.mark.parametrize("name", ["plan.xlsx", "plan.csv", "plan.tsv"])


def write(path: Path, book: Runbook) -> None:
    if path.suffix == ".xlsx":
        write_xlsx(path, book, zone=ZONE)
    else:
        write_csv(path, book)


@KINDS
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(book=books())
def test_any_plan_reads_back_equal(
    name: str, tmp_path_factory: pytest.TempPathFactory, book: Runbook
) -> None:
    path = tmp_path_factory.mktemp("round") / name
    write(path, book)
    read = import_runbook(path, zone=ZONE)
    assert read.runbook == book
    assert read.notes == ()


@pytest.mark.parametrize("name", ["plan.xlsx", "plan.csv"])
def test_a_plan_of_5000_tasks_loses_nothing(name: str, tmp_path: Path) -> None:
    book = seeded(5_000)
    write(tmp_path / name, book)
    read = import_runbook(tmp_path / name, zone=ZONE).runbook
    assert [task.id for task in read.tasks] == [task.id for task in book.tasks]
    assert read == book


def test_the_seeded_plan_uses_every_field_and_every_nasty_text() -> None:
    book = seeded(5_000)
    blank = Task(id="x", title="x")
    used = {f for f in Task.model_fields for task in book.tasks if getattr(task, f) != getattr(blank, f)}
    assert used == set(Task.model_fields) - {"parent", "repairs"}, "those two are drawn by the property test"
    assert {task.title for task in book.tasks} >= set(NASTY)


def test_every_field_of_a_task_has_a_column() -> None:
    assert {column.path.split(".")[0] for column in COLUMNS} == set(Task.model_fields)
    assert len({column.header for column in COLUMNS}) == len(COLUMNS)
    assert f"custom.{STATUS}" in {column.path for column in COLUMNS}


@KINDS
def test_a_second_round_writes_the_same_bytes(name: str, tmp_path: Path) -> None:
    book = seeded(50)
    write(tmp_path / name, book)
    again = tmp_path / f"again{Path(name).suffix}"
    write(again, import_runbook(tmp_path / name, zone=ZONE).runbook)
    assert again.read_bytes() == (tmp_path / name).read_bytes()


@pytest.mark.parametrize(
    "text", ["x" * (LONGEST + 1), "🚓" * (LONGEST // 2 + 1), "_x005F_x0041_", "_x0041_x0042_", "\uffff"]
)
def test_what_no_cell_of_a_workbook_holds_is_refused_by_name(text: str, tmp_path: Path) -> None:
    book = Runbook(id="b", title="b", tasks=(Task(id="A", title="a"), Task(id="B", title="b", verify=text)))
    with pytest.raises(Invalid, match=r"plan\.xlsx:3: B Verify: .*; expected .*\.csv or \.yaml"):
        write_xlsx(tmp_path / "plan.xlsx", book)
    assert not list(tmp_path.iterdir())
    write_csv(tmp_path / "plan.csv", book)
    assert import_runbook(tmp_path / "plan.csv").runbook == book


def test_the_longest_text_that_a_cell_holds_is_kept(tmp_path: Path) -> None:
    book = Runbook(id="b", title="b", tasks=(Task(id="A", title="a", description="é" * LONGEST),))
    write_xlsx(tmp_path / "plan.xlsx", book)
    assert import_runbook(tmp_path / "plan.xlsx").runbook == book


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+1", "-1", "@x", "\t=1", "\r=1", "＝1"])
def test_no_cell_of_a_csv_begins_like_a_formula(text: str, tmp_path: Path) -> None:
    book = Runbook(
        id="b", title=text, tasks=(Task(id="A", title=text, owner=text, custom={text: text, "x": text}),)
    )
    write_csv(tmp_path / "plan.csv", book)
    import csv

    with (tmp_path / "plan.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row if cell]
    assert not [cell for cell in cells if cell[0] in "=+-@\t\r＝"]
    assert sum(text in cell for cell in cells) >= 5, "nothing was left out to get there"
