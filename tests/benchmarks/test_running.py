"""A run keeps what a benchmark told and leaves what it did not tell; a small one is no result."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from benchmarks import running
from benchmarks.records import Measured, Result, read, write
from benchmarks.registry import Benchmark

TELLS = "from benchmarks.telling import figure; import sys; figure('toy.cost', len(sys.argv[1]), 'told'); sys.exit({code})"


def toy(*, code: int = 0, runs: tuple[str, ...] = ("x",), **more: object) -> Benchmark:
    command = f"{shlex.quote(sys.executable)} -c {shlex.quote(TELLS.format(code=code))}".replace("{", "{{")
    figures = {
        "toy.cost": {"says": "it", "issue": 1, "unit": "s", "most": 2},
        "toy.other": {"says": "the other", "issue": 1, "unit": "s"},
        "toy.wall": {"says": "the whole", "issue": 1, "unit": "s"},
    }
    fields = {"name": "toy", "shows": "a toy", "minutes": 1, "command": command, "runs": runs, "quick": runs}
    return Benchmark.model_validate(fields | {"figures": figures, "whole": {"wall": "toy.wall"}} | more)


def test_a_run_is_kept_with_its_command_versions_machine_and_cost(tmp_path: Path):
    assert running.run(toy(packages=("pydantic",), peers=("nobody",)), place=tmp_path)
    (done,) = read("toy", tmp_path).runs
    assert set(done.versions) == {"cutover", "pydantic"}
    assert set(done.machine) == {"python", "cores", "processor", "memory", "system"}
    assert (done.code, done.peers, done.cpu > 0, done.wall > 0) == (0, ("nobody",), True, True)


def test_figures_are_what_the_benchmark_told_and_what_the_harness_saw(tmp_path: Path):
    running.run(toy(), place=tmp_path)
    figures = read("toy", tmp_path).figures
    assert (figures["toy.cost"].value, figures["toy.cost"].note) == (1, "told")
    assert figures["toy.wall"].value > 0


def test_a_figure_that_was_not_taken_again_stands_with_its_own_date(tmp_path: Path):
    old = Measured(value=7, date="2026-01-01", command="once")
    write(Result(name="toy", figures={"toy.other": old, "toy.cost": old}), tmp_path)
    running.run(toy(), place=tmp_path)
    figures = read("toy", tmp_path).figures
    assert figures["toy.other"] == old
    assert figures["toy.cost"].value == 1


def test_the_last_run_of_each_command_is_kept(tmp_path: Path):
    for _ in range(2):
        running.run(toy(runs=("x", "xx")), place=tmp_path)
    result = read("toy", tmp_path)
    assert len(result.runs) == 2
    assert result.figures["toy.cost"].value == 2


def test_a_benchmark_that_fails_is_told_as_failed(tmp_path: Path):
    assert not running.run(toy(code=1), place=tmp_path)
    assert read("toy", tmp_path).runs[0].code == 1


def test_a_small_run_is_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(running, "SMALL", tmp_path / "small")
    monkeypatch.setattr("benchmarks.records.PLACE", tmp_path / "results")
    running.run(toy(), quick=True)
    assert (tmp_path / "small" / "toy.json").exists()
    assert not (tmp_path / "results").exists()


def test_growth_is_one_run_for_each_size(tmp_path: Path):
    sizes = {"axis": "letters", "option": "", "at": [1, 10, 100], "leading": "toy.cost"}
    assert running.grow(toy(sizes=sizes), place=tmp_path)
    growth = read("toy", tmp_path).growth
    assert growth is not None
    assert [(p.size, p.figures["toy.cost"]) for p in growth.points] == [(1, 1), (10, 2), (100, 3)]


def test_a_program_that_is_not_there_is_named():
    assert running.missing(toy(needs="no-such-program-at-all")) == "no-such-program-at-all"
    assert running.missing(toy(needs="sh")) == ""
