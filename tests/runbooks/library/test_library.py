"""The shipped programmes: complete, clean, inside their windows, with a way back; and made one's own by text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.app.programme_folder import ProgrammeFolder
from cutover.core.errors import NotFound
from cutover.domain.programme import Programme
from cutover.store.documents import read_yaml
from runbooks.domain.backout_plan import make_backout
from runbooks.domain.lint import Finding, lint
from runbooks.library import TEMPLATES, Wanted, made_own, next_window, template, window_of
from runbooks.planned import planned_in

SMALL = (template("small-upgrade") / "programme.yaml").read_text(encoding="utf-8")
NAMES = sorted(TEMPLATES)


@pytest.fixture(params=NAMES)
def folder(request: pytest.FixtureRequest) -> ProgrammeFolder:
    return ProgrammeFolder(template(request.param))


def test_every_file_is_in_order_and_names_nothing_unknown(folder: ProgrammeFolder):
    assert [str(p) for p in (*folder.problems(), *folder.unknown_names())] == []


def test_nothing_is_found_wanting_in_the_plan_or_its_way_back(folder: ProgrammeFolder):
    assert [f.message for book in folder.runbooks.values() for f in _lint(folder, book.id)] == []


def _lint(folder: ProgrammeFolder, name: str) -> list[Finding]:
    return lint(folder.runbooks[name], folder.programme)


def test_the_plan_ends_inside_its_window_and_says_until_when_one_can_turn_back(folder: ProgrammeFolder):
    """With room: a template that is late before anybody changed it teaches the wrong thing."""
    plan = planned_in(folder, "")
    assert plan.seen.p95 < folder.programme.closes
    assert plan.latest_backout is not None
    (no_return,) = [task.id for task in plan.runbook.tasks if task.point_of_no_return]
    assert plan.bands[no_return][1] < plan.latest_backout


def test_the_plan_has_gates_estimates_and_a_way_back(folder: ProgrammeFolder):
    book = folder.runbook()
    assert sum(1 for task in book.tasks if task.gate) >= 2
    assert sum(1 for task in book.tasks if task.estimate) >= 8
    assert book.backout in folder.runbooks


def test_the_shipped_way_back_is_the_one_the_plan_asks_for(folder: ProgrammeFolder):
    """Whoever edits a template runs `cutover runbook backout` on it."""
    book = folder.runbook()
    shipped = folder.runbooks[book.backout]
    assert make_backout(book, shipped).runbook == shipped


def test_the_stated_way_back_is_not_shorter_than_the_planned_one(folder: ProgrammeFolder):
    plan = planned_in(folder, "")
    assert folder.programme.window.backout >= plan.way_back


def test_people_are_roles_and_carry_no_telephone(folder: ProgrammeFolder):
    for person in folder.programme.people:
        assert person.phone == ""
        assert person.id == person.name.lower().replace(" ", "-")


def test_an_unknown_template_is_refused_with_the_nearest():
    with pytest.raises(NotFound, match="did you mean 'big-bang'"):
        template("bigbang")


@given(title=st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1).filter(str.strip))
def test_any_title_reads_back_as_it_was_given(title: str, tmp_path_factory: pytest.TempPathFactory):
    file = tmp_path_factory.mktemp("made") / "programme.yaml"
    file.write_text(made_own(SMALL, Wanted(title=title)), encoding="utf-8")
    assert read_yaml(file, Programme).title == title


def test_another_window_is_as_long_as_the_shipped_one_and_comments_stay(tmp_path: Path):
    text = made_own(SMALL, Wanted(opens=datetime(2027, 2, 5, 21, 30)))
    opens, closes = window_of(text)
    before = window_of(SMALL)
    assert opens == datetime(2027, 2, 5, 21, 30)
    assert closes - opens == before[1] - before[0]
    assert text.count("#") == SMALL.count("#")


@given(now=st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))
def test_the_next_window_leaves_a_fortnight_and_keeps_weekday_and_hour(now: datetime):
    opens = next_window(SMALL, now)
    shipped, ahead = window_of(SMALL)[0], opens - now.replace(tzinfo=None)
    assert (opens.weekday(), opens.hour, opens.minute) == (shipped.weekday(), shipped.hour, shipped.minute)
    assert timedelta(days=14) <= ahead <= timedelta(days=21)
