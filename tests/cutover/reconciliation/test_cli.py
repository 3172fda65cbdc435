"""`cutover reconcile` at the keyboard: exit 1 until it passes, every key on request."""

from __future__ import annotations

import csv
import json
from datetime import timedelta
from typing import Any

import pytest

from cutover.core.clock import FixedClock
from cutover.core.errors import Invalid
from cutover.reconciliation.cli import commands
from tests.conftest import START
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


@pytest.mark.parametrize("repair", [(), ("--repair",)])
def test_a_file_where_no_folder_is_is_bad_input(world: World, repair: tuple[str, ...]) -> None:
    world.write(HUNDRED, HUNDRED[1:])
    world.run()
    with pytest.raises(Invalid, match="no file can be written there; expected a file name in a folder"):
        _ask(world, "export", "crimes", str(world.folder / "nowhere" / "findings.csv"), *repair)


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


def test_due_lists_the_re_runs_and_makes_those_that_are_due(
    world: World, clock: FixedClock, capsys: pytest.CaptureFixture[str]
) -> None:
    world.write(HUNDRED, HUNDRED)
    assert _ask(world, "due") == 0
    assert "nothing is due before its first whole run" in capsys.readouterr().out
    world.run()
    clock.set(START + timedelta(days=1))
    assert _ask(world, "due") == 1
    said = (
        "crimes: one day after the first run: due (Sat 24 Oct 21:00 UTC), 7 days after the first run: waiting"
    )
    assert said in " ".join(capsys.readouterr().out.split())
    assert _ask(world, "due", "--run", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["outcomes"][0]["verdict"], told["rechecks"]["crimes"][0]["run"]) == ("PASS", 2)
    assert _ask(world, "due", "--run") == 0
    assert len(world.service.history("crimes")) == 2


def test_the_causes_stand_before_the_findings_in_one_order(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.write(HUNDRED, [*HUNDRED[:90], *(crime(n, surname="Muller") for n in range(90, 95))])
    world.run()
    _ask(world, "show", "crimes")
    told = capsys.readouterr().out
    causes, findings = told.split("Findings")
    for part, words in ((causes, ("5 changed, surname: value", "4 missing, open", "1 missing, closed")), (findings, ("C00090", "C00096", "C00095"))):  # fmt: skip
        places = [part.index(word) for word in words]
        assert places == sorted(places)


def test_the_statements_for_an_engine_that_is_not_run_are_printed(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _ask(world, "sql", "crimes", "--engine", "snowflake") is None
    assert "HASH(" in capsys.readouterr().out
