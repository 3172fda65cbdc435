"""The table of benchmarks and what the benchmarks themselves tell: neither may name what the other does not."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from benchmarks.measuring import ROOT
from benchmarks.registry import Benchmark, ByTest, Figure, benchmarks, by_tests, groups, module_of

KNOWN = benchmarks()
FIGURES = {name: figure for one in KNOWN.values() for name, figure in one.figures.items()}


def told() -> set[str]:
    """The name of every figure that a benchmark tells, as a pattern: what is worked out in it stands as .+"""
    found = set()
    for file in (ROOT / "benchmarks").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "figure":
                found.add(pattern(node.args[0]))
    return found


def pattern(name: ast.expr) -> str:
    if isinstance(name, ast.Constant):
        return re.escape(str(name.value))
    assert isinstance(name, ast.JoinedStr)
    return "".join(pattern(part) if isinstance(part, ast.Constant) else ".+" for part in name.values)


def test_no_benchmark_and_no_figure_has_the_name_of_another():
    names = [one.name for group in groups() for one in group.benchmarks]
    figures = [name for one in KNOWN.values() for name in one.figures]
    assert sorted(names) == sorted(set(names))
    assert sorted(figures) == sorted(set(figures))


@pytest.mark.parametrize("one", tuple(KNOWN.values()), ids=tuple(KNOWN))
def test_what_a_benchmark_runs_is_there_and_says_what_it_grows_by(one: Benchmark):
    assert module_of(one).exists() if one.module else one.command
    assert one.sizes is None or any(name.startswith(one.sizes.leading) for name in one.figures)


def test_every_figure_of_the_table_is_told_by_a_benchmark():
    by_harness = {name for one in KNOWN.values() for name in one.whole.values()} | {
        "bare.seconds",
        "bare.size",
    }
    patterns = told()
    assert [f for f in FIGURES if f not in by_harness and not any(re.fullmatch(p, f) for p in patterns)] == []


def test_every_figure_that_a_benchmark_tells_is_in_the_table():
    assert [p for p in told() if not any(re.fullmatch(p, name) for name in FIGURES)] == []


@pytest.mark.parametrize("one", tuple(by_tests()), ids=lambda one: one.where)
def test_a_figure_that_a_test_asserts_names_a_test_that_is_there(one: ByTest):
    assert Path(ROOT, one.where).exists()


@pytest.mark.parametrize(
    ("budget", "value", "kept"),
    [({"most": 1.0}, 1.0, True), ({"most": 1.0}, 1.1, False), ({"least": 0.6}, 0.54, False), ({"least": 0.6}, 0.6, True), ({}, 9.0, None)],
)  # fmt: skip
def test_a_budget_is_kept_up_to_its_limit(budget: dict[str, float], value: float, kept: bool | None):
    assert Figure(says="it", issue=1, unit="s", **budget).kept(value) is kept
