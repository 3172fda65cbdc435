"""What the pictures show: every fact once, in words as well, and readable at a thousand tasks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from runbooks import pictures
from runbooks.planned import Planned
from tests.conftest import START
from tests.runbooks.plotted import large, small

PLAN = small()
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def thousand() -> Planned:
    return large()


def test_streams_are_lanes_in_the_order_of_the_runbook():
    lanes = pictures.lanes(PLAN, collapsed=False)
    assert {title: [bar.name for bar in bars] for title, bars in lanes.items()} == {
        "Freeze": ["A"],
        "Load": ["B", "C"],
        "decide": ["G", "O"],
    }


def test_critical_tasks_gates_and_bands_are_told_in_words_too():
    (bar,) = pictures.lanes(PLAN, collapsed=False)["Freeze"]
    assert bar.title == (
        "A Freeze: Sat 24 Oct 22:00 BST to Sat 24 Oct 23:00 BST; "
        "ends between Sat 24 Oct 23:00 BST and Sat 24 Oct 23:00 BST four times in five; critical"
    )
    gate, opened = pictures.lanes(PLAN, collapsed=False)["decide"]
    assert (gate.diamond, opened.diamond) == ("?", "!")


def test_the_marks_are_the_window_the_latest_backout_and_now():
    chart = pictures.gantt(PLAN, PLAN.programme.opens + HOUR)
    assert chart is not None
    labels = {placed.mark.label for placed in chart.marks}
    assert {"window opens", "window closes", "latest safe backout", "now", "clocks change to GMT"} == labels


def test_now_is_left_out_when_it_is_far_from_the_window():
    chart = pictures.gantt(PLAN, PLAN.programme.opens - 90 * HOUR)
    assert chart is not None
    assert "now" not in {placed.mark.label for placed in chart.marks}


def test_a_thousand_tasks_collapse_to_what_matters(thousand: Planned):
    """Critical tasks and gates one by one, the rest as busy stretches that count them; no taller than a few screens."""
    chart = pictures.gantt(thousand)
    assert chart is not None
    bars = [bar.bar for lane in chart.lanes for bar in lane.bars]
    shown = {bar.name for bar in bars}
    assert {t.id for t in thousand.runbook.tasks if t.gate or thousand.is_critical(t.id)} <= shown
    counted = sum(int(bar.name.split()[0]) for bar in bars if "task" in bar.name)
    assert counted + sum(1 for bar in bars if "task" not in bar.name) == len(thousand.times)
    assert chart.height < 4_000


def test_touching_stretches_are_one():
    at = [START + n * HOUR for n in range(6)]
    spans = [(at[0], at[2]), (at[1], at[3]), (at[3], at[4]), (at[5], at[5])]
    assert pictures.merged(spans) == [((at[0], at[4]), 3), ((at[5], at[5]), 1)]


def test_every_sample_stands_in_one_column_of_the_histogram():
    counted = pictures.histogram(PLAN.seen.finishes)
    assert sum(count for _, _, count in counted) == len(PLAN.seen.finishes)
    assert counted[0][0] == PLAN.seen.finishes[0]
    assert counted[-1][1] >= PLAN.seen.finishes[-1]


def test_the_line_rises_from_none_to_all():
    points = [tuple(map(float, point.split(","))) for point in pictures.finish(PLAN).line.split()]
    assert points == sorted(points, key=lambda p: (p[0], -p[1]))
    assert points[0][1] > points[-1][1]


def test_columns_after_the_close_are_marked_late():
    late = small(window={"opens": "2026-10-24T22:00", "closes": "2026-10-25T00:45", "backout": "1h"})
    drawn = pictures.finish(late)
    assert any(column.late for column in drawn.columns)
    assert "chance to miss it" in drawn.says


def test_a_window_that_closes_far_away_is_told_and_not_drawn():
    far = small(window={"opens": "2026-10-24T22:00", "closes": "2026-11-24T12:00"})
    drawn = pictures.finish(far)
    assert "window closes" not in {m.mark.label for m in drawn.marks}
    assert "The window closes Tue 24 Nov 12:00 GMT" in drawn.says


def test_the_tornado_has_the_largest_driver_first_and_says_by_how_much():
    drawn = pictures.tornado(PLAN)
    widths = [blade.earlier.width + blade.later.width for blade in drawn.blades]
    assert widths == sorted(widths, reverse=True)
    assert drawn.blades[0].name == "B Load"
    assert "later at its worst" in drawn.blades[0].says


def test_drivers_are_named_as_people_know_them():
    names = {pictures.driver_name(PLAN, driver) for driver in PLAN.seen.drivers}
    assert {"the pace of all work", "the pace of team Data migration", "B Load"} <= names
