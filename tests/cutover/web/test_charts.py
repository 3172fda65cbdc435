"""Charts: everything stands where its moment is, labels do not stand on one another, wall times are right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from cutover.web.charts import LETTER, WIDTH, Bar, Mark, Scale, band, clock_changes, gantt, trend

OPENS = datetime(2026, 10, 23, 21, tzinfo=UTC)
HOUR = timedelta(hours=1)
ZONE = "Europe/London"


def at(hours: float) -> datetime:
    return OPENS + hours * HOUR


def bar(name: str, begins: float, ends: float) -> Bar:
    return Bar(name, name, "not_startable", (at(begins), at(ends)))


def test_a_scale_is_straight_and_keeps_inside_its_ends() -> None:
    scale = Scale(at(0), at(10), 100, 200)
    assert [scale.x(at(h)) for h in (-5, 0, 5, 10, 20)] == [100, 100, 150, 200, 200]


def test_nothing_to_draw_is_no_chart() -> None:
    assert gantt("t", "s", {}, [], ZONE) is None


@given(st.lists(st.tuples(st.integers(0, 70), st.integers(0, 9)), min_size=1, max_size=40))
def test_bars_and_labels_of_one_row_never_overlap(spans: list[tuple[int, int]]) -> None:
    bars = [bar(f"T{i}", begins, begins + length) for i, (begins, length) in enumerate(spans)]
    chart = gantt("t", "s", {"lane": bars}, [], ZONE)
    assert chart is not None
    placed = sorted(chart.lanes[0].bars, key=lambda b: (b.y, b.planned.x))
    for left, right in pairwise(placed):
        assert left.y < right.y or left.label_x + LETTER * len(left.bar.name) <= right.planned.x
    assert len(placed) == len(spans)
    assert max(b.y for b in placed) < chart.height


def test_marks_that_stand_close_have_their_labels_on_two_rows() -> None:
    marks = [Mark(at(30), "now", "now"), Mark(at(30.5), "latest safe backout", "backout")]
    chart = gantt("t", "s", {"lane": [bar("T", 0, 71)]}, marks, "UTC")
    assert chart is not None
    assert len({mark.y for mark in chart.marks}) == 2


def test_a_mark_at_the_right_edge_has_its_label_to_the_left() -> None:
    chart = gantt("t", "s", {"lane": [bar("T", 0, 71)]}, [Mark(at(72), "window closes", "closes")], "UTC")
    assert chart is not None
    assert [mark.anchor for mark in chart.marks] == ["end"]
    assert chart.marks[0].x <= WIDTH


def test_the_night_the_clocks_go_back_is_marked_where_it_happens() -> None:
    assert clock_changes(at(0), at(72), ZONE) == [
        Mark(datetime(2026, 10, 25, 1, tzinfo=UTC), "clocks change to GMT", "clocks")
    ]
    assert clock_changes(at(0), at(24), ZONE) == []


def test_ticks_stand_at_full_hours_of_the_wall_clock_on_both_sides_of_a_clock_change() -> None:
    chart = gantt("t", "s", {"lane": [bar("T", 0, 72)]}, [], ZONE)
    assert chart is not None
    scale = Scale(at(0), at(72), chart.left, chart.right)
    noon = {tick.x for tick in chart.ticks if tick.label == "12:00"}
    assert noon == {scale.x(at(14)), scale.x(at(39)), scale.x(at(63))}  # 11:00Z, then 12:00Z twice
    assert [tick.label for tick in chart.ticks if tick.strong] == ["Sat 24 Oct", "Sun 25 Oct", "Mon 26 Oct"]


def test_a_forecast_that_passes_its_limit_shows_by_how_much() -> None:
    points = [Mark(at(h), name, "point") for h, name in ((60, "P50"), (70, "P80"), (80, "P95"))]
    late = band("t", "s", points, at(72), ZONE)
    assert late.late is not None
    assert late.late.x == late.limit
    assert round(late.late.x + late.late.width) == round(late.bar.x + late.bar.width)
    assert band("t", "s", points, at(90), ZONE).late is None


def said(*hours: float) -> tuple[datetime, datetime, datetime]:
    low, middle, high = (OPENS + hour * HOUR for hour in hours)
    return low, middle, high


def test_each_forecast_stands_until_the_next_and_the_last_until_the_end() -> None:
    seen = [(OPENS, said(10, 12, 14)), (OPENS + 4 * HOUR, said(11, 12, 13))]
    chart = trend(
        "Ends", "two forecasts", seen, OPENS + 12 * HOUR, [Mark(OPENS + 20 * HOUR, "closes", "closes")], ZONE
    )
    assert chart is not None
    points = [tuple(map(float, point.split(","))) for point in chart.line.split()]
    assert [x for x, _ in points] == [chart.left, points[1][0], points[1][0], chart.right]
    assert len({y for _, y in points}) == 1  # P80 did not move
    assert len(chart.band.split()) == 8
    (closes,) = chart.levels
    assert chart.top <= closes.y < points[0][1]  # later stands higher


def test_levels_at_nearly_the_same_moment_keep_their_labels_apart() -> None:
    marks = [Mark(OPENS + minutes * HOUR / 60, f"m{minutes}", "now") for minutes in (0, 1, 2)]
    chart = trend("Ends", "one", [(OPENS, said(1, 50, 70))], OPENS + HOUR, marks, ZONE)
    assert chart is not None
    places = sorted(level.label_y for level in chart.levels)
    assert all(b - a >= 13 for a, b in pairwise(places))


def test_nothing_said_is_nothing_drawn() -> None:
    assert trend("Ends", "none", [], OPENS, [], ZONE) is None
