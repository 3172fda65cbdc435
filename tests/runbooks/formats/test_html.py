"""The printable page: everything a person needs on paper, nothing from outside, nothing that runs."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from jinja2 import Environment, PackageLoader, meta

from cutover.core.errors import Invalid
from cutover.domain.gates import Criterion
from cutover.domain.programme import Window
from runbooks.domain.plan import Link, Runbook, Stream, Task, TaskGate, TaskType
from runbooks.formats.html import Paper, write_html
from tests.runbooks.formats.books import PROGRAMME, books

HOUR = timedelta(hours=1)
ISSUED = datetime(2026, 10, 1, 12, tzinfo=UTC)
READY = Criterion(id="ready", title="All is ready", source="person:chen")
PLAN = Runbook(
    id="night",
    title="The <night>",
    streams=(Stream(id="data", title="Data"),),
    tasks=(
        Task(id="A", title="Freeze <b>", phase="Prepare", owner="bo", deputy="asha", duration=26.5 * HOUR, verify="No writes", rollback="Unfreeze"),
        Task(id="B", title="Load", phase="Move", stream="data", team="data", after=(Link(task="A"),), duration=HOUR),
        Task(
            id="G", title="Go?", phase="Move", type=TaskType.APPROVAL, after=(Link(task="B"),), duration=HOUR / 2,
            gate=TaskGate(deciders=("chen", "asha"), criteria=(READY,), decide_within=2 * HOUR),
        ),
        Task(id="F", title="Mend", phase="Move", repairs="G", duration=HOUR),
        Task(id="O", title="Open", phase="Move", owner="asha", after=(Link(task="G"),), point_of_no_return=True),
    ),
)  # fmt: skip


class Reader(HTMLParser):
    """The words of a page, its elements, and where it points."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[str] = []
        self.points: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.points += [
            value or "" for name, value in attrs if name in ("src", "href") or name.startswith("on")
        ]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture
def page(tmp_path: Path) -> str:
    write_html(tmp_path / "plan.html", PLAN, PROGRAMME, at=ISSUED)
    return (tmp_path / "plan.html").read_text(encoding="utf-8")


def words(page: str) -> str:
    return re.sub(r"\s+", " ", " ".join(Reader(page).words))


def test_the_page_stands_alone_and_nothing_in_it_runs(page: str) -> None:
    read = Reader(page)
    assert "script" not in read.tags
    assert "link" not in read.tags
    assert read.points == []
    assert "url(" not in page
    assert "@import" not in page


def test_what_a_planner_writes_is_text_and_no_markup(page: str) -> None:
    assert "The &lt;night&gt;" in page
    assert "Freeze &lt;b&gt;" in page


def test_each_task_has_a_box_its_times_who_does_it_and_the_way_back(page: str) -> None:
    assert page.count('<td><span class="box"></span></td>') == 5
    said = words(page)
    assert "Fri 22:00 to Sun 00:30 1d 2h 30m critical A Freeze <b> No writes Unfreeze Bo (or Asha)" in said
    assert "Data migration A" in said


def test_the_clock_change_is_named_where_a_task_goes_across_it(page: str) -> None:
    assert "Sun 00:30 BST to Sun 01:30 BST" not in words(page)
    assert "Sun 01:30 BST to Sun 01:00 GMT" in words(page)


def test_turning_points_are_words_and_not_only_colour(page: str) -> None:
    assert "■ POINT OF NO RETURN O Open" in words(page)
    assert "◆ GATE G Go?" in words(page)


def test_a_gate_has_its_rule(page: str) -> None:
    said = words(page)
    assert "All is ready (person:chen)" in said
    assert (
        "Decided by 1 of Chen, Asha; within 2h; without a decision everything behind it keeps waiting."
        in said
    )
    assert "When it says no: F Mend, then it is asked again." in said
    assert "if needed 1h F Mend only if G says no" in said


def test_the_head_says_when_it_ends_and_when_it_is_too_late(page: str, tmp_path: Path) -> None:
    assert "Planned end Sun 25 Oct 01:00 GMT" in words(page)
    window = Window(opens=PROGRAMME.window.opens, closes=datetime(2026, 10, 24, 12), backout=2 * HOUR)
    write_html(tmp_path / "late.html", PLAN, PROGRAMME.model_copy(update={"window": window}), at=ISSUED)
    said = words((tmp_path / "late.html").read_text(encoding="utf-8"))
    assert "14h TOO LATE" in said
    assert "Latest moment to turn back Sat 24 Oct 10:00 BST (the way back takes 2h)" in said


def test_people_stand_by_team_with_their_telephone(page: str) -> None:
    said = words(page)
    assert said.index("Bo Data migration") < said.index("Asha 0700 1")


def test_the_template_reads_exactly_what_the_paper_says() -> None:
    environment = Environment(loader=PackageLoader("runbooks.formats", "pages"), autoescape=True)
    assert environment.loader is not None
    source = environment.loader.get_source(environment, "plan.html")[0]
    assert meta.find_undeclared_variables(environment.parse(source)) == {
        f.name for f in dataclasses.fields(Paper)
    }


def test_a_plan_that_cannot_be_scheduled_writes_nothing(tmp_path: Path) -> None:
    circle = Task(id="a", title="a", after=(Link(task="a"),))
    with pytest.raises(Invalid):
        write_html(tmp_path / "p.html", Runbook(id="p", title="P", tasks=(circle,)), PROGRAMME)
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(books())
def test_any_plan_gives_a_page_with_a_box_for_each_task(
    tmp_path_factory: pytest.TempPathFactory, book: Runbook
) -> None:
    path = tmp_path_factory.mktemp("any") / "plan.html"
    write_html(path, book, PROGRAMME, at=ISSUED)
    text = path.read_text(encoding="utf-8")
    assert text.count('<td><span class="box"></span></td>') == len(book.tasks)
    assert Reader(text).points == []
