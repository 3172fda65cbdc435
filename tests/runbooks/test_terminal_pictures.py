"""Pictures in letters: the same facts, in any width, without colours."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from runbooks.terminal_pictures import picture
from tests.runbooks.plotted import large, small

PLAN = small()


def plain(kind: str, width: int = 100) -> list[str]:
    return [line.plain for line in picture(PLAN, kind, width, PLAN.programme.opens)]


def test_the_gantt_has_a_line_a_task_with_critical_ones_in_another_letter():
    lines = plain("gantt")
    freeze = next(line for line in lines if line.startswith("  A Freeze"))
    assert "█" in freeze
    assert any(line.startswith("  G Go or no-go") and "?" in line for line in lines)
    assert any("latest safe backout Sun 25 Oct 08:00 GMT" in line for line in lines)


@pytest.mark.parametrize("width", [60, 80, 132])
def test_no_line_of_the_gantt_is_wider_than_the_terminal(width: int):
    assert max(cell_len(line) for line in plain("gantt", width)[1:]) <= width


def test_a_large_plan_has_a_line_a_stream():
    lines = [line.plain for line in picture(large(200), "gantt", 100)]
    assert sum(1 for line in lines if line.startswith("s")) == 10
    assert len(lines) < 20


def test_the_distribution_ends_at_all_samples():
    lines = plain("finish")
    assert any("100.0%" in line for line in lines)
    assert lines[-1].startswith("window closes Sun 25 Oct 12:00 GMT; chance to miss it")


def test_the_tornado_says_both_sides_in_minutes():
    first = plain("tornado")[1]
    assert first.startswith("B Load")
    assert "░" in first
    assert "█" in first
