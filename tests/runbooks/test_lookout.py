"""Live forecasts: looked up once a moment, the second figure beside, words for the board and the terminal."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from cutover.core.clock import FixedClock
from runbooks.board_ahead import ahead_lines
from runbooks.domain.plan import Runbook
from runbooks.domain.run_events import EVENTS
from runbooks.domain.run_state import RunState
from runbooks.forecaster import Background, forecast_of, refined
from runbooks.lookout import Lookout
from runbooks.service import RunService
from runbooks.web import BoardPage, pages
from tests.conftest import START, MakeDesk
from tests.cutover.web.world import PROGRAMME, World, open_world
from tests.runbooks.plans import HOUR, Bench, book, task

WAY_BACK = Runbook(id="small-backout", title="Back", tasks=(task("U1", undoes="A"), task("U2", "U1")))


@pytest.fixture
def service(make_desk: MakeDesk) -> RunService:
    return RunService(make_desk(EVENTS), PROGRAMME, plans={"small-backout": WAY_BACK}.get)


def test_the_way_back_of_a_run_is_the_plan_of_that_name(service: RunService) -> None:
    run = service.start(book(task("A"), task("B", "A")), by="asha")
    assert service.background(run).backout == WAY_BACK.tasks
    assert service.background(run).programme is PROGRAMME
    assert service.background(run) is service.background(run)


def test_who_aborts_now_is_told_when_they_are_back() -> None:
    bench = Bench.of(task("A"), task("B", "A"))
    background = Background(None, WAY_BACK.tasks)
    before = forecast_of(bench.state, bench.now, background=background).backout
    bench.claim("A")
    after = forecast_of(bench.state, bench.now, background=background).backout
    assert before is not None
    assert after is not None
    assert before.back_by is None
    assert after.back_by is not None
    assert START + 2 * HOUR <= after.back_by <= START + 3.2 * HOUR
    assert after.latest == START + 72 * HOUR - after.length


def test_a_crew_that_can_never_do_it_does_not_silence_the_forecast() -> None:
    bench = Bench.of(task("A", team="data", units=99))
    background = Background(PROGRAMME)
    seen = forecast_of(bench.state, bench.now, background=background)
    assert not seen.capacity_aware
    assert "every team is taken to be large enough: the end may be later" in seen.assumptions
    assert refined(bench.state, bench.now, background, samples=5) is None


def test_the_same_moment_is_looked_at_once(service: RunService) -> None:
    state = service.state(service.start(book(task("A")), by="asha"))
    lookout = Lookout(service)
    first = lookout.seen(state, START)
    assert lookout.seen(state, START + timedelta(seconds=20)) is first
    assert lookout.seen(state, START + timedelta(minutes=2)) is not first
    assert lookout.second(state, START) is None


def test_a_run_that_is_over_has_no_outlook(service: RunService) -> None:
    assert Lookout(service).seen(RunState(), START) is None
    assert list(ahead_lines(RunState(), None, "UTC")) == []


def test_the_second_figure_is_worked_out_beside(service: RunService) -> None:
    state = service.state(service.start(book(task("A"), task("B", "A")), by="asha"))
    lookout = Lookout(service, refine=True)
    assert lookout.second(state, START) is None
    for thread in threading.enumerate():
        if (
            thread.daemon
            and thread is not threading.current_thread()
            and thread.name.startswith("second figure")
        ):
            thread.join()
    second = lookout.second(state, START)
    assert second is not None
    assert (second.at, second.seen.samples) == (START, 2_000)


def test_the_outlook_reads_as_lines_of_a_terminal() -> None:
    bench = Bench.of(task("A"), task("B", "A", point_of_no_return=True))
    bench.claim("A")
    seen = forecast_of(bench.state, bench.now, background=Background(None, WAY_BACK.tasks))
    lines = list(ahead_lines(bench.state, seen, "UTC"))
    assert lines[0].startswith("ends by ")
    assert any(
        line.startswith("If we turn back now: back by ") and line.endswith("with a chance of 95%.")
        for line in lines
    )
    assert any(
        line.startswith("Chance that gate B and the way back from it pass the window: under 1 %")
        for line in lines
    )
    assert any(line.startswith("What drives the end: ") for line in lines)


def test_the_board_says_when_one_would_be_back_and_what_drives_the_end(
    make_desk: MakeDesk, clock: FixedClock
) -> None:
    world: World = open_world(make_desk, clock)
    world.start()
    world.load()
    page = pages(world.runs, world.desk, PROGRAMME, world.clock)[0].build({})
    assert isinstance(page, BoardPage)
    assert page.backout is not None
    assert page.forecast is not None
    assert page.backout.ahead[0].startswith("If we turn back now: back by ")
    assert page.forecast.drivers[0].startswith("What drives the end: ")
    assert page.forecast.anew == ""
