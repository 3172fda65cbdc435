"""Looking back: the board, the tasks and the status as they were at a past minute, plainly not live."""

from __future__ import annotations

import itertools
import re
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings

from cutover.core.clock import FixedClock
from cutover.core.errors import Invalid, NotFound
from cutover.store.as_of import desk_as_of
from cutover.store.journal import Batch
from cutover.store.metadata import utc_text
from runbooks.domain import run_events as ev
from runbooks.domain.execution import RUN_MACHINE, run_stream
from runbooks.replay import neighbours, past
from tests.conftest import START, MakeDesk
from tests.cutover.web.browser import Browser
from tests.cutover.web.world import World, open_world
from tests.runbooks.conftest import EVENTS
from tests.runbooks.domain.reviewing.stepping import histories
from tests.runbooks.plans import Bench

HOUR = timedelta(hours=1)


@pytest.fixture
def world(make_desk: MakeDesk, clock: FixedClock) -> World:
    """The whole story, at its end."""
    world = open_world(make_desk, clock)
    for step in (world.start, world.load, world.decide, world.refuse, world.finish):
        step()
    return world


def page(world: World, path: str = "/board", **query: str) -> str:
    answer = Browser(world.app()).get(path, **query)
    assert answer.status_code == 200, answer.text
    return answer.text


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_the_board_of_a_past_minute_says_so_and_shows_only_what_had_happened(world: World) -> None:
    text = words(page(world, at="2026-10-24T08:30"))
    assert "As it was at Sat 24 Oct 08:30 BST; not live." in text
    assert "▶ active rehearsal" in text
    assert "L4 Load crimes is expected to take 1.8 times its plan" in text
    assert "604" not in text
    assert "Point of no return passed" not in text


def test_a_past_board_does_not_renew_itself_and_offers_nothing_to_do(world: World) -> None:
    for path in ("/board", "/board/tasks"):
        html = page(world, path, at="2026-10-24T08:30")
        assert "data-live" not in html
        assert 'method="post"' not in html


def test_links_lead_to_the_fact_before_and_after_without_a_script(world: World) -> None:
    html = page(world, at="2026-10-24T08:30")
    before, after = neighbours(world.desk.journal, world.run_id, START + timedelta(hours=10, minutes=30))
    assert before == START + timedelta(hours=10, minutes=25)
    assert after == START + timedelta(hours=12, minutes=25)
    for moment in (before, after):
        assert utc_text(moment).replace(":", "%3A") in html
    assert f'<a href="/board?run={world.run_id}">Back to now</a>' in html


def test_the_tasks_of_a_past_minute_keep_their_filter(world: World) -> None:
    html = page(world, "/board/tasks", at="2026-10-24T08:30", stream="data")
    assert "As it was at Sat 24 Oct 08:30 BST" in html
    assert 'name="at" value="2026-10-24T07:30:00.000000Z"' in html
    assert "stream=data" in html


def test_at_the_end_the_past_is_the_present(world: World) -> None:
    then = world.runs.as_of(world.clock.now())
    assert then.state(world.run_id) == world.runs.state(world.run_id)
    for gate in ("G1", "G2"):
        assert then.gate(world.run_id, gate) == world.runs.gate(world.run_id, gate)


def test_at_the_time_of_each_fact_the_past_is_the_prefix_up_to_it(world: World) -> None:
    facts = world.desk.journal.read(run_stream(world.run_id))
    for fact in facts:
        prefix = [one for one in facts if one.at <= fact.at]
        assert world.runs.state_at(world.run_id, fact.at) == RUN_MACHINE.fold(prefix)


def test_a_fact_that_was_learnt_late_is_flagged(world: World) -> None:
    """Told on Monday of Saturday: after the last fact of the run nothing may be told, so a flow is linked earlier."""
    run = world.runs.start(
        world.runs.state(world.run_id).runbook, by="manager", opens=START, closes=START + 72 * HOUR
    )
    told = ev.LinkFlow(by="performer", flow_run_id="late")
    world.desk.ask(RUN_MACHINE, run_stream(run), told, at=world.clock.now() + HOUR)
    world.after(hours=5)
    at = (world.clock.now() - 4 * HOUR).isoformat()
    world.desk.ask(RUN_MACHINE, run_stream(run), told, at=world.clock.now() - 4 * HOUR)
    assert "Learnt only afterwards: FlowLinked" in words(page(world, run=run, at=at))


def test_what_cannot_be_looked_back_to_is_refused_with_the_remedy(world: World) -> None:
    began = "a moment from Fri 23 Oct 22:00 BST on"
    for text, said in (
        ("2026-10-25T01:30", "happens twice"),
        ("2026-11-24T08:30", "still to come"),
        ("2026-10-23T08:30", began),
        ("noon", "is no moment"),
    ):
        answer = Browser(world.app()).get("/board", at=text)
        assert answer.status_code == 400
        assert said in words(answer.text).replace("&#39;", "'")
    with pytest.raises(NotFound, match="no run named 'go-live-9'"):
        past(world.runs, "2026-10-24T08:30", "go-live-9")
    with pytest.raises(Invalid):
        past(world.runs, "2026-10-23T08:30", world.run_id)


@given(bench=histories())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=25)
def test_of_any_legal_history_the_past_is_the_prefix_and_its_end_the_present(
    make_desk: MakeDesk, bench: Bench
) -> None:
    desk = make_desk(EVENTS)
    stream = f"run:any-{next(_numbers)}"
    desk.journal.append(Batch(stream, 0, bench.facts))
    assert (
        desk_as_of(desk, bench.now).state(RUN_MACHINE, stream)
        == desk.state(RUN_MACHINE, stream)
        == bench.state
    )
    for at in {fact.at for fact in bench.facts}:
        prefix = [fact for fact in bench.facts if fact.at <= at]
        assert desk_as_of(desk, at).state(RUN_MACHINE, stream) == RUN_MACHINE.fold(prefix)


_numbers = itertools.count(1)


def test_a_task_of_a_past_minute_stands_as_it_stood_and_offers_nothing_to_do(world: World) -> None:
    """G2 said no on Sunday and go on Monday: between them it reads as it did then."""
    said_no = next(
        f.at for f in world.desk.journal.read(run_stream(world.run_id)) if isinstance(f.event, ev.GateSaidNo)
    )
    then = page(world, "/board/tasks/G2", at=utc_text(said_no))
    assert "As it was at" in then
    assert "604 crimes are not in the target" in then
    assert "TaskDone" not in then
    assert 'data-live="task"' not in then
    assert f"?run={world.run_id}&amp;at=" in then, "its neighbours are of the same minute"
    assert "data-live" in page(world, "/board/tasks/G2")
    browser = world.enter(world.guarded(), "asha")
    assert "Write a comment" not in browser.get("/board/tasks/G2", at=utc_text(said_no)).text
