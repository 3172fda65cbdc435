"""The plan page: the plan before any run, in pictures and in words."""

from __future__ import annotations

import re
import threading

import pytest

from cutover.core.clock import FixedClock
from cutover.core.errors import NotFound
from cutover.domain.programme import Programme
from cutover.web.kit import build_app, names_used, templates
from runbooks.domain.plan import Runbook
from runbooks.plan_web import PlanPage, pages
from tests.conftest import MakeDesk
from tests.cutover.web.browser import Browser
from tests.cutover.web.world import World, open_world
from tests.runbooks.plotted import PROGRAMME, TASKS

SMALL = Runbook.model_validate({"id": "small", "title": "A small plan", "backout": "back", "tasks": TASKS})
BACK = Runbook.model_validate(
    {
        "id": "back",
        "title": "The way back",
        "tasks": [{"id": "U", "title": "Unload", "duration": "2h", "undoes": "B"}],
    }
)
BOOKS = {"back": BACK, "small": SMALL}


@pytest.fixture
def world(make_desk: MakeDesk, clock: FixedClock) -> World:
    return open_world(make_desk, clock)


def browser(world: World) -> Browser:
    made = pages(world.runs, BOOKS, Programme.model_validate(PROGRAMME), world.clock)
    return Browser(build_app("Records", made, world.desk.journal, threading.Event()))


def words(world: World, **query: str) -> str:
    answer = browser(world).get("/plan", **query)
    assert answer.status_code == 200, answer.text
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def test_it_shows_the_plan_that_is_nobodys_way_back(world: World):
    text = words(world)
    assert "A small plan ✓ inside the window the plan, before any run" in text
    assert "Ends as planned" in text
    assert "Chance to miss the window under 1 %" in text


def test_the_way_back_it_names_decides_the_latest_moment(world: World):
    """Two hours by its plan, not the four that the programme states."""
    assert re.search(r"Latest safe backout Sun 25 Oct (09|10):", words(world))


def test_it_has_three_pictures_each_with_title_and_words(world: World):
    text = browser(world).get("/plan").text
    assert text.count('<svg class="chart') == 3
    assert text.count("<desc ") == 3
    assert " style=" not in text  # the page's own rules forbid it


def test_the_table_says_what_the_gantt_draws(world: World):
    text = words(world)
    assert "B Load ◆ critical" in text
    assert "Sat 24 Oct 23:00 BST" in text
    assert "over 99 %" in text


def test_what_the_plan_lacks_stands_with_what_mends_it(world: World):
    text = words(world)
    assert "bind criteria to evidence under `gate`" in text


def test_levelling_says_what_the_order_is_worth(world: World):
    assert "Nobody is asked to do two things at once" in words(world)


def test_another_runbook_is_asked_for_by_name(world: World):
    assert "The way back" in words(world, runbook="back")
    assert browser(world).get("/plan", runbook="smal").status_code == 404


def test_the_forecast_is_kept_until_the_journal_says_something_new(world: World):
    (page,) = pages(world.runs, BOOKS, Programme.model_validate(PROGRAMME), world.clock)
    first, second = page.build({}), page.build({})
    assert isinstance(first, PlanPage)
    assert first.finish == second.finish
    with pytest.raises(NotFound):
        page.build({"runbook": "none"})


def test_a_programme_without_runbooks_has_no_such_page(world: World):
    assert pages(world.runs, {}, Programme.model_validate(PROGRAMME), world.clock) == []


def test_the_template_reads_the_fields_of_its_context(world: World):
    made = pages(world.runs, BOOKS, Programme.model_validate(PROGRAMME), world.clock)
    assert names_used(templates(made), made[0]) == frozenset(PlanPage.__dataclass_fields__)
