"""One way to answer: sentences and tables for people, JSON for programs, the same content in both."""

import json
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from cutover.cli.output import answer, table
from cutover.domain.modes import Mode
from cutover.domain.programme import Team
from tests.conftest import START


@dataclass(frozen=True, slots=True)
class Row:
    at: object
    parts: object


def test_json_holds_whatever_the_domain_returns(capsys):
    row = Row(
        START,
        MappingProxyType({"mode": Mode.PAPER, "names": frozenset({"Łukasz"}), "took": timedelta(minutes=90)}),
    )
    answer([row, Team(id="a", title="A")], as_json=True, text=["not shown"])
    assert json.loads(capsys.readouterr().out) == [
        {"at": "2026-10-23T21:00:00Z", "parts": {"mode": "paper", "names": ["Łukasz"], "took": "PT1H30M"}},
        {"id": "a", "title": "A", "capacity": 1, "shifts": []},
    ]


def test_people_read_lines_as_they_were_written(capsys):
    answer({}, as_json=False, text=["[red]604[/red] missing", "see /records"])
    assert capsys.readouterr().out.splitlines() == ["[red]604[/red] missing", "see /records"]


def test_a_table_shows_brackets_times_and_blanks_as_they_are(capsys):
    table(
        "Runs [live]", ("id", "at", "note"), [("r1", START, "[/x] done"), ("r2", None, timedelta(minutes=45))]
    )
    shown = capsys.readouterr().out
    for wanted in ("Runs [live]", "2026-10-23T21:00:00Z", "[/x] done", "45m"):
        assert wanted in shown
    assert "None" not in shown
