"""The one table and the drawings: what they say is what was measured, and what stands in the pages is that."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from benchmarks import drawings, records, table
from benchmarks.records import Growth, Measured, Point, Result, write
from benchmarks.registry import benchmarks

GROWTH = Growth(
    axis="tasks", leading="edit.slowest", date="2026-11-29", load=(0.5, 0.6),
    points=tuple(Point(size=n, cpu=1, together=10 * n, figures={"edit.slowest": 2.0 * n + 1}) for n in (1, 2, 10)),
)  # fmt: skip


@pytest.mark.parametrize("page", tuple(table.PAGES), ids=lambda page: page.name)
def test_a_page_says_what_was_measured_last(page: Path):
    """`python -m benchmarks table` writes them; a result without it would not be seen."""
    assert table.numbers(table.PAGES[page]) in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [name for name in benchmarks() if records.read(name).growth is not None])
def test_every_growth_that_was_taken_is_drawn(name: str):
    growth = records.read(name).growth
    assert growth is not None
    assert (drawings.PLACE / f"{name}.svg").read_text(encoding="utf-8") == drawings.drawn(
        benchmarks()[name], growth
    )


def test_a_missed_figure_says_missed_and_one_never_taken_says_so(tmp_path: Path):
    seen = {
        "edit.slowest": Measured(value=68.3, date="2026-11-22", command="python -m benchmarks.bench_network")
    }
    write(Result(name="edit", figures=seen), tmp_path)
    text = table.numbers("plots", tmp_path)
    (missed,) = [line for line in text.splitlines() if "`edit.slowest`" in line and line.startswith("| ")]
    assert "<= 60 ms | 68.3 ms | **missed** | 2026-11-22 | `benchmarks.bench_network`" in missed
    assert "Missed: `edit.slowest`." in text
    (never,) = [line for line in text.splitlines() if "`once.throughput`" in line]
    assert "| **not run** |  | `benchmarks run throughput` |" in never


def test_the_text_between_the_marks_is_replaced_and_all_else_stands(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{table.BEGINS}\nold\n{table.ENDS}\nafter\n")
    assert table.put(page, "new")
    assert page.read_text() == f"before\n{table.BEGINS}\n\nnew\n\n{table.ENDS}\nafter\n"
    assert not table.put(page, "new")


def test_a_page_without_marks_is_named(tmp_path: Path):
    (tmp_path / "page.md").write_text("nothing\n")
    with pytest.raises(ValueError, match=r"page\.md"):
        table.put(tmp_path / "page.md", "new")


def test_points_on_a_straight_line_are_off_it_by_nothing():
    points = [(float(n), 3.0 * n + 2) for n in (1, 5, 50)]
    assert drawings.line(points) == pytest.approx((2.0, 3.0))
    assert drawings.off_the_line(points) == pytest.approx([0, 0, 0], abs=1e-12)


def test_a_drawing_is_an_svg_with_a_point_for_each_size_in_both_panels():
    root = ET.fromstring(drawings.drawn(benchmarks()["edit"], GROWTH))
    assert len(list(root.iter("{http://www.w3.org/2000/svg}circle"))) == 6
    assert "number of tasks" in str(root.get("aria-label"))


def test_labels_of_sizes_that_lie_close_do_not_cover_each_other():
    root = ET.fromstring(drawings.drawn(benchmarks()["edit"], GROWTH))
    said = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert said.count("1") == 0 or said.count("2") == 0
