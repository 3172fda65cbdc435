"""`cutover reconcile` at the keyboard: exit 1 until it passes, every key on request."""

from __future__ import annotations

import csv
import json
from typing import Any

import pytest

from cutover.reconciliation.cli import commands
from tests.cutover.reconciliation.world import World, crime

HUNDRED = [crime(n) for n in range(100)]


def _ask(world: World, *words: str) -> Any:
    return commands(lambda _: world.service)(words, result_action="return_value")


def test_run_answers_no_until_everything_arrived(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.write(HUNDRED, HUNDRED[1:])
    assert _ask(world, "run", "crimes", "--by", "Asha") == 1
    assert "FAIL: 1 missing (1 closed)" in capsys.readouterr().out
    world.write(HUNDRED, HUNDRED)
    assert _ask(world, "run", "crimes", "--by", "Asha", "--json") == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "PASS"


def test_show_names_the_first_few_and_all_of_them_on_request(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _ask(world, "show", "crimes") == 1
    assert "not been reconciled" in capsys.readouterr().out
    world.write([*HUNDRED, crime(200)], [*HUNDRED[60:], crime(200, surname="Muller")])
    world.run()
    assert _ask(world, "show", "crimes", "--class", "missing") == 1
    short = capsys.readouterr().out
    assert ("C00019" in short, "C00020" in short, "--all names every one" in short) == (True, False, True)
    _ask(world, "show", "crimes", "--class", "missing", "--all", "--json")
    assert len(json.loads(capsys.readouterr().out)["findings"]) == 60
    _ask(world, "show", "crimes", "--class", "changed")
    assert "Muller" in capsys.readouterr().out


def test_export_writes_a_line_for_each_finding_and_differing_cell(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.write(HUNDRED, [crime(0, surname="A", value_gbp="9"), *HUNDRED[3:]])
    world.run()
    file = world.folder / "findings.csv"
    assert _ask(world, "export", "crimes", str(file)) is None
    lines = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    assert [(line["class"], line["crime_id"], line["column"], line["target_value"]) for line in lines] == [
        ("changed", "C00000", "surname", "A"),
        ("changed", "C00000", "value_gbp", "9.00"),
        ("missing", "C00001", "", ""),
        ("missing", "C00002", "", ""),
    ]
    assert "4 findings written" in capsys.readouterr().out


def test_an_earlier_run_can_still_be_shown_and_written(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.write(HUNDRED, HUNDRED[2:])
    world.run()
    world.write(HUNDRED, HUNDRED)
    world.run()
    assert _ask(world, "show", "crimes") == 0
    assert _ask(world, "show", "crimes", "--run", "1") == 1
    assert "C00001" in capsys.readouterr().out
    _ask(world, "export", "crimes", str(world.folder / "first.csv"), "--run", "1")
    with (world.folder / "first.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.reader(file))) == 3
