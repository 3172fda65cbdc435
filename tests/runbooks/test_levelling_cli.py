"""`cutover runbook level`, `whatif` and `replan`: said to people, to programs, and by exit code."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from cutover.app.programme_folder import ProgrammeFolder
from cutover.core.errors import Invalid, NotFound
from runbooks import leveller
from runbooks.domain import run_events as ev
from runbooks.formats.files import read_runbook
from runbooks.plan_cli import plan_commands
from tests.runbooks.conftest import Room
from tests.runbooks.folders import write_programme
from tests.runbooks.plans import HOUR, task

PROGRAMME = """\
title: Records
zone: Europe/London
window: {opens: 2026-10-23T22:00, closes: 2026-10-24T08:30, backout: 9h}
teams: [{id: data, title: Data}, {id: ops, title: Operations, capacity: 2}, {id: idle, title: Idle}]
people: [{id: bo, name: Bo}, {id: chen, name: Chen}]
"""
PLAN = """\
id: small
title: A small plan
tasks:
  - {id: S, title: Sweep, team: data, duration: 1h}
  - {id: L1, title: Load, team: data, duration: 1h}
  - {id: L2, title: Let it settle, after: L1, duration: 9h}
  - {id: C, title: Call partners, owner: bo, deputy: chen, duration: 1h}
  - {id: D, title: Call stations, owner: bo, deputy: chen, team: comms, duration: 1h}
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small plans need no long search: what is proven stops at once, the rest soon."""
    monkeypatch.setattr(leveller, "STEADY", 0.5)


@pytest.fixture(params=["with the extra", "without it"])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both with OR-Tools (where it is installed) and as if it were not."""
    if request.param == "without it":
        monkeypatch.setitem(sys.modules, "ortools.sat.python", None)


@pytest.fixture
def programme(tmp_path: Path) -> Path:
    return write_programme(tmp_path / "go-live", PLAN, PROGRAMME)


def ask(*tokens: object, programme: Path, room: Room | None = None) -> int:
    app = plan_commands(ProgrammeFolder, (lambda _: room.service) if room else None)
    where = ["--programme", str(programme)]
    return (
        app([*map(str, tokens), *where], exit_on_error=False, print_error=False, result_action="return_value")
        or 0
    )


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().out.split())


def test_level_says_who_does_what_when_and_what_it_gains(
    programme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask("level", programme=programme)
    out = said(capsys)
    assert "ends Sat 24 Oct 08:00 BST, 1h sooner than in the order in which the plan is written" in out
    assert "proven: no order ends sooner" in out
    assert "30m before the window closes" in out
    assert "not in programme.yaml, so taken to be large enough: comms" in out
    assert "1 handovers hold this order: --write keeps them" in out


@pytest.mark.parametrize("how", [(), ("--optimise",)])
def test_level_answers_in_json(
    how: tuple[str, ...], programme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if how:
        pytest.importorskip("ortools", reason="the extra `optimise` is not installed")
    ask("level", *how, "--json", programme=programme)
    told = json.loads(capsys.readouterr().out)
    assert (told["finish"], told["finish_in_written_order"]) == (
        "2026-10-24T07:00:00Z",
        "2026-10-24T08:00:00Z",
    )
    assert (told["proven"], told["within"], told["handovers"]) == (True, 0.0, [["L1", "S"]])
    by = {one["task"]: one["by"] for one in told["tasks"]}
    assert {by["C"], by["D"]} == {"bo", "chen"}


def test_level_writes_its_order_and_levels_from_the_plan_s_own_links_again(
    programme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask("level", "--write", programme=programme)
    assert "small: 1 handovers kept as predecessors" in said(capsys)
    sweep = read_runbook(programme / "runbooks" / "small.yaml").by_id()["S"]
    assert ([str(link) for link in sweep.after], sweep.custom) == (["L1"], {"levelled": "L1"})
    ask("level", "--json", programme=programme)
    assert json.loads(capsys.readouterr().out)["handovers"] == [["L1", "S"]]


@pytest.mark.usefixtures("either")
def test_whatif_ranks_the_teams_that_have_work(programme: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = PLAN.replace("duration: 9h", "duration: 1h").replace("after: L1, ", "team: data, ")
    (programme / "runbooks" / "small.yaml").write_text(more, encoding="utf-8")
    ask("whatif", "--json", programme=programme)
    told = json.loads(capsys.readouterr().out)
    assert told["savings"] == [
        {"team": "data", "more": 1, "saves": "PT1H", "finish": "2026-10-23T23:00:00Z", "proven": True}
    ]


def test_whatif_answers_for_the_change_asked_for(programme: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask("whatif", "--team", "data=+1", "--team", "ops=-1", programme=programme)
    out = said(capsys)
    assert "as it is: ends Sat 24 Oct 08:00 BST; proven" in out
    assert "data" in out
    assert "-1" in out


@pytest.mark.parametrize("change", ["data", "data=+x", "=+1", "data=+0"])
def test_whatif_refuses_what_is_no_change(change: str, programme: Path) -> None:
    with pytest.raises(Invalid, match="is not a change"):
        ask("whatif", "--team", change, programme=programme)


def test_whatif_names_the_nearest_team(programme: Path) -> None:
    with pytest.raises(NotFound, match="did you mean 'data'"):
        ask("whatif", "--team", "date=+1", programme=programme)


def late_run(room: Room) -> None:
    """The sweep, planned for an hour, still runs after two."""
    name = room.start(
        task("S", team="data"),
        task("M", team="data"),
        task("L1", team="data"),
        task("L2", "L1", duration="9h"),
    )
    room.service.ask(name, ev.ClaimTask(by="bo", task="S"))
    room.pace.set(room.pace.now() + 2 * HOUR)


@pytest.mark.usefixtures("either")
def test_replan_proposes_an_order_that_recovers_a_delay(
    room: Room, programme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    late_run(room)
    assert ask("replan", programme=programme, room=room) == 0
    out = said(capsys)
    assert "1h later than planned" in out
    assert "1h sooner; proven: no order ends sooner" in out
    assert "Proposal: tasks that move by 15m or more" in out


def test_replan_answers_in_json_and_changes_nothing(
    room: Room, programme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    late_run(room)
    before = room.desk.journal.head().position
    ask("replan", "--json", programme=programme, room=room)
    told = json.loads(capsys.readouterr().out)
    assert (told["delay"], told["gain"], told["proven"]) == ("PT1H", "PT1H", True)
    assert {move["task"] for move in told["moves"]} == {"M", "L1", "L2"}
    assert room.desk.journal.head().position == before


@pytest.mark.usefixtures("either")
def test_replan_proves_that_no_order_recovers_a_delay(
    room: Room, programme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = room.start(task("A", team="data"), task("B", "A", team="data"))
    room.service.ask(name, ev.ClaimTask(by="bo", task="A"))
    room.pace.set(room.pace.now() + 2 * HOUR)
    assert ask("replan", programme=programme, room=room) == 1
    out = said(capsys)
    assert "1h later than planned" in out
    assert "proven: no other order ends sooner" in out
