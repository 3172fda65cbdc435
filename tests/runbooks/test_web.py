"""The board: what a tired inspector must see, at every stage of a run."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest

from cutover.core.clock import FixedClock
from cutover.domain.gates import Criterion, Finding, RecordEvidence, Verdict
from cutover.web.kit import Alert, Panel, build_app
from runbooks.board import read_run
from runbooks.board_gates import _evidence
from runbooks.domain import run_events as ev
from runbooks.tasks_page import TasksPage
from runbooks.web import BoardPage, pages
from tests.conftest import MakeDesk
from tests.cutover.web.browser import Browser
from tests.cutover.web.world import PROGRAMME, World, open_world


@pytest.fixture
def world(make_desk: MakeDesk, clock: FixedClock) -> World:
    return open_world(make_desk, clock)


def board(world: World, **query: str) -> BoardPage:
    page = pages(world.runs, world.desk, PROGRAMME, world.clock)[0].build(query)
    assert isinstance(page, BoardPage)
    return page


def tasks(world: World, **query: str) -> TasksPage:
    page = pages(world.runs, world.desk, PROGRAMME, world.clock)[1].build(query)
    assert isinstance(page, TasksPage)
    return page


def words(world: World, path: str = "/board", **query: str) -> str:
    """The page as text, one space between words."""
    answer = Browser(world.app()).get(path, **query)
    assert answer.status_code == 200, answer.text
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def test_before_a_run_the_board_counts_down_and_says_how_to_begin(world: World) -> None:
    world.clock.at -= timedelta(hours=5)
    text = words(world)
    assert "Window opens in 5h closes Mon 26 Oct 21:00 GMT" in text
    assert "No run has been started" in text


def test_an_active_run_shows_type_window_and_forecast_in_the_programmes_zone(world: World) -> None:
    world.start()
    text = words(world)
    assert "▶ active rehearsal · notices off" in text
    assert "Window closes in 2d 23h 35m closes Mon 26 Oct 21:00 GMT; 1 % is gone" in text
    assert "Forecast of the end ✓ inside the window" in text
    assert "Latest safe backout 1d 23h 35m left ↶ way back open until Sun 25 Oct 21:00 GMT" in text


def test_an_overrun_is_told_before_it_happens_with_from_when_to_when_the_end_moves(world: World) -> None:
    world.start()
    world.load()
    page = board(world)
    assert "L4 Load crimes is expected to take 1.8 times its plan: until Sun 25 Oct 07:37 GMT instead of Sat 24 Oct 21:25 BST." in [a.text for a in page.alerts]  # fmt: skip
    assert page.forecast is not None
    assert re.match(r"End \(P80\) moves from .+ to .+, seen Sat 24 Oct 08:25 BST: .+ later: L4 Load crimes", page.forecast.moved)  # fmt: skip


@pytest.mark.parametrize(
    ("hours", "style", "words_"),
    [
        ((80, 90, 95), "bad", "more likely than not"),
        ((60, 80, 90), "bad", "one time in five"),
        ((60, 70, 74), "warn", "worst twentieth"),
        ((60, 65, 71), "", ""),
    ],
)
def test_a_forecast_beyond_the_window_is_a_plain_sentence(
    world: World, hours: tuple[int, int, int], style: str, words_: str
) -> None:
    world.start()
    p50, p80, p95 = (PROGRAMME.opens + timedelta(hours=h) for h in hours)
    world.ask(ev.MoveForecast(by="performer", p50=p50, p80=p80, p95=p95, chance_to_miss=0.5, cause="test"))
    found = [(a.look, a.text) for a in board(world).alerts]
    assert [look for look, _ in found] == ([style] if style else [])
    assert all(words_ in text for _, text in found)


def test_a_latest_backout_that_comes_near_or_passes_is_an_alert(world: World) -> None:
    world.start()
    world.clock.set(PROGRAMME.closes - timedelta(hours=25))
    assert "1h until the latest safe backout time (Sun 25 Oct 21:00 GMT)" in board(world).alerts[0].text
    world.after(hours=2)
    page = board(world)
    assert page.alerts[0].look == "bad"
    assert "has passed 1h ago" in page.alerts[0].text
    assert page.backout is not None
    assert page.backout.look[2] == "too late"


def test_a_window_that_closed_on_an_open_run_is_the_first_alert(world: World) -> None:
    world.start()
    world.clock.set(PROGRAMME.closes + timedelta(minutes=30))
    assert board(world).alerts[0].text == "The window closed 30m ago and the run has not ended."


def test_a_pause_says_why_nothing_starts(world: World) -> None:
    world.start()
    world.ask(ev.PauseRun(by="asha", message="power at the data centre"))
    assert "paused, nothing new starts: power at the data centre" in words(world)


def test_what_speaks_against_a_gate_stands_before_what_speaks_for_it(world: World) -> None:
    world.start()
    world.load()
    world.decide()
    text = words(world)
    against = text.index("Cell list checked by a sergeant: inconclusive (two cells disagree")
    caveat = text.index("Condition of Asha Rahman: only if the cell list is checked")
    evidence = text.index("✓ met Smoke test passed")
    assert against < caveat < evidence
    assert "Asha Rahman: go on a condition, which is not a yes" in text


def test_evidence_of_a_person_is_shown_as_that_persons_claim_with_its_age(world: World) -> None:
    world.start()
    world.load()
    world.decide()
    gate = next(g for g in board(world).gates if g.id == "G1")
    (claim,) = [e for e in gate.evidence if e.title.startswith("Cell list")]
    assert claim.source == "person, claimed by Dev <b>Outsider</b>"
    assert claim.age == "Sat 24 Oct 11:05 BST, 4m old"
    assert claim.link == ""  # it was no link to a page


def test_nothing_that_was_recorded_becomes_markup(world: World) -> None:
    world.start()
    world.load()
    world.decide()
    text = Browser(world.app()).get("/board").text
    assert "<b>Outsider" not in text
    assert "&lt;list&gt;" in text
    assert 'href="javascript' not in text


def test_a_no_go_and_a_failed_repair_come_first_with_their_reasons(world: World) -> None:
    world.start()
    world.load()
    world.decide()
    world.refuse()
    page = board(world)
    assert page.gates[0].verdict == Verdict.NO_GO
    assert page.gates[0].reason == "604 crimes are not in the target"
    assert page.gates[0].against[0] == (
        "Every crime is in the target: not met (604 missing, all of one status)"
    )
    assert [(group.stage, [t.id for t in group.tasks]) for group in page.groups] == [
        ("failed", ["FIX", "G2"])
    ]


def test_a_gate_asked_anew_shows_its_new_round(world: World) -> None:
    world.start()
    world.load()
    world.decide()
    world.refuse()
    world.finish()
    gate = next(g for g in board(world).gates if g.id == "G2")
    assert (gate.verdict, gate.journal) == (Verdict.GO, "gate:go-live-1:G2:2")


def test_a_complete_run_says_when_it_ended_and_who_passed_the_point_of_no_return(world: World) -> None:
    world.start()
    world.load()
    world.decide()
    world.refuse()
    world.finish()
    text = words(world)
    assert "✓ complete" in text
    assert "Run ended Sun 25 Oct 15:09 GMT 1d 5h 51m before the close" in text
    assert "Point of no return passed Sun 25 Oct 13:09 GMT, decided by Asha Rahman" in text
    assert words(world, "/board/wall").count("no way back") == 1
    assert board(world).alerts == ()


def test_stale_evidence_is_not_shown_as_met(world: World) -> None:
    world.start()
    world.load()
    world.decide()
    world.runs.give_evidence(world.run_id, "G1", RecordEvidence(by="bo", criterion="cells", finding=Finding.MET, detail="seen", source="person"))  # fmt: skip
    run = read_run(world.runs.state(world.run_id), PROGRAMME, world.clock.now())
    found = world.runs.gate(world.run_id, "G1").evidence["cells"]
    criterion = Criterion(id="cells", title="Cells", source="person", max_age=timedelta(minutes=10))
    now = world.clock.now()
    assert _evidence(run, criterion, found, now).look[2] == "met"
    assert _evidence(run, criterion, found, now + timedelta(minutes=11)).look[2] == "stale"


def test_a_person_says_and_the_performer_records(world: World) -> None:
    world.start()
    world.load()
    said = {line.id: line.word for line in tasks(world).tasks}
    assert said["F2"] == "Asha Rahman says: old systems are read-only"
    assert said["L1"] == "recorded by the performer: 25,000 crimes extracted"


def test_the_table_shows_all_tasks_or_those_of_a_stream_and_stage(world: World) -> None:
    world.start()
    world.load()
    assert len(tasks(world).tasks) == tasks(world).total == 15
    assert [t.id for t in tasks(world, stream="data", stage="in_progress").tasks] == ["L4", "S1"]


@pytest.mark.parametrize("query", [{"stage": "strtable"}, {"stream": "dta"}, {"run": "golive-1"}])
def test_a_name_that_does_not_exist_is_not_found_and_the_nearest_is_named(
    world: World, query: dict[str, str]
) -> None:
    world.start()
    answer = Browser(world.app()).get("/board/tasks", **query)
    assert answer.status_code == 404
    assert "did you mean" in answer.text


def test_an_earlier_run_is_still_there(world: World) -> None:
    world.start()
    first = world.run_id
    world.start()
    page = board(world)
    assert page.run is not None
    assert (page.run.id, page.run.others) == ("go-live-2", (first,))
    earlier = board(world, run=first).run
    assert earlier is not None
    assert earlier.id == first


def test_a_skipped_task_holds_nobody_and_takes_no_time_on_the_chart(world: World) -> None:
    world.start()
    world.ask(ev.SkipTask(by="asha", task="F2", reason="done before the window"))
    line = next(t for t in tasks(world).tasks if t.id == "F2")
    assert line.look[2] == "skipped"
    chart = board(world).chart
    assert chart is not None
    placed = {b.bar.name: b.bar for lane in chart.lanes for b in lane.bars}
    assert placed["F2"].look == "skipped"
    assert placed["F3"].expected is not None
    assert placed["F3"].expected[0] == world.clock.now()


def test_the_chart_has_every_task_but_an_unneeded_repair_and_its_lines(world: World) -> None:
    world.start()
    chart = board(world).chart
    assert chart is not None
    names = {b.bar.name for lane in chart.lanes for b in lane.bars}
    assert names == {t.id for t in tasks(world).tasks} - {"FIX"}
    assert {m.mark.look for m in chart.marks} == {"now", "closes", "backout", "clocks"}
    assert '<desc id="plan-says">15 tasks by stream, 14 not over' in Browser(world.app()).get("/board").text


def test_panels_of_other_rooms_are_shown_on_the_board(world: World) -> None:
    panel = Panel("Paper", (("Sheets out", "3,214"),), "/board/backout")
    shown = pages(world.runs, world.desk, PROGRAMME, world.clock, extras=lambda: [panel])
    app = build_app("T", shown, world.desk.journal, threading.Event())
    text = Browser(app).get("/board").text
    assert "<dd>3,214</dd>" in text
    assert '<a href="/board/backout">Paper</a>' in text


def test_what_finds_no_room_on_the_wall_is_counted_there(world: World) -> None:
    told = tuple(Alert("warn", f"Thing {n}.", "/health") for n in range(5))
    panel = Panel("Health", (), "/health", told)
    shown = pages(world.runs, world.desk, PROGRAMME, world.clock, extras=lambda: [panel])
    text = Browser(build_app("T", shown, world.desk.journal, threading.Event())).get("/board/wall").text
    assert (text.count("△ Thing"), "and 2 more on the board" in text) == (3, True)


def test_what_other_rooms_must_tell_stands_at_the_head_of_board_and_wall_the_grave_first(
    world: World,
) -> None:
    told = (Alert("warn", "1 sheet is missing.", "/stations"), Alert("bad", "Custody: failing.", "/health"))
    panel = Panel("Health", (("Custody", "failing"),), "/health", told)
    shown = pages(world.runs, world.desk, PROGRAMME, world.clock, extras=lambda: [panel])
    browser = Browser(build_app("T", shown, world.desk.journal, threading.Event()))
    for path in ("/board", "/board/wall"):
        text = browser.get(path).text
        assert text.index("▲ Custody: failing.") < text.index("△ 1 sheet is missing.") < text.index("closes")
    assert 'href="/health"' not in browser.get("/board").text, (
        "a link to a page that is not served leads nowhere"
    )
