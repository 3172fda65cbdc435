"""The health page: failures first, silence never green, what is in hand named."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cutover.core.clock import FixedClock
from cutover.domain.modes import Mode
from cutover.store.metadata import utc_text
from monitors.domain.check import Reason, critical, ok, unknown
from monitors.web import HealthPage, pages
from tests.conftest import MakeDesk
from tests.cutover.web.browser import Browser
from tests.cutover.web.world import PROGRAMME, World, open_world


@pytest.fixture
def world(make_desk: MakeDesk, clock: FixedClock) -> World:
    return open_world(make_desk, clock)


def health(world: World) -> HealthPage:
    (page,) = pages(world.monitors, world.ledger, world.desk, PROGRAMME, world.clock)
    shown = page.build({})
    assert isinstance(shown, HealthPage)
    return shown


def test_before_any_result_nothing_is_green(world: World) -> None:
    page = health(world)
    assert {c.look[2] for c in page.checks} == {"UNKNOWN: no result ever came"}
    assert page.headline[2] == "4 need somebody"


def test_what_needs_somebody_stands_first_and_what_is_well_last(world: World) -> None:
    world.watch()
    page = health(world)
    assert [c.id for c in page.checks] == ["transfer", "cells", "custody", "control"]
    assert [c.is_loud for c in page.checks] == [True, False, False, False]
    assert page.headline == ("odd", "?", "1 needs somebody")


def test_an_acknowledged_and_a_suppressed_failure_stay_red_and_say_in_whose_hands_they_are(
    world: World,
) -> None:
    world.watch()
    found = {c.id: c for c in health(world).checks}
    assert (found["custody"].look[2], found["custody"].firm) == ("CRITICAL", "HARD: confirmed")
    assert found["custody"].hands == (
        "acknowledged by Bo Lindqvist until Sat 24 Oct 00:04 BST: supplier called, ticket 4711"
    )
    assert found["cells"].hands == "asks for nobody: custody is down"


def test_a_suspicion_says_how_far_it_is_from_being_believed(world: World) -> None:
    world.monitors.record("control", ok(), world.clock.now())
    world.monitors.record("control", critical("answered 500"), world.after(minutes=5))
    (line,) = [c for c in health(world).checks if c.id == "control"]
    assert (line.look[2], line.firm, line.is_loud) == ("CRITICAL", "SOFT: suspected, 1 of 3", False)


def test_a_check_that_falls_silent_is_unknown_since_its_last_result(world: World) -> None:
    world.monitors.record("control", ok("answered 200", 0.03), world.clock.now())
    world.after(minutes=16)
    (line,) = [c for c in health(world).checks if c.id == "control"]
    assert line.look[2] == "UNKNOWN: silent"
    assert line.since == "Fri 23 Oct 22:00 BST, 16m"
    assert line.heard == "16m ago, in 0.03\N{NO-BREAK SPACE}s"


def test_only_when_every_check_is_ok_the_headline_is_green(world: World) -> None:
    for name in ("custody", "cells", "control"):
        world.monitors.record(name, ok(), world.clock.now())
    assert health(world).headline[0] != "ok"
    world.monitors.record("transfer", ok(), world.clock.now())
    assert health(world).headline == ("ok", "✓", "all 4 checks OK")


def test_the_ledger_shows_the_identity_and_the_age_of_the_oldest_unacknowledged(world: World) -> None:
    world.watch()
    world.after(hours=3)
    ledger = health(world).ledger
    assert ledger.sentence == "1 sent = 0 acknowledged + 0 rejected + 1 in flight."
    assert dict(ledger.figures)["Unacknowledged"] == "1, oldest 3h 4m"


def test_modes_say_what_they_allow_and_on_whose_word(world: World) -> None:
    world.switch("custody", Mode.PAPER, "asha", "custody does not answer")
    world.after(minutes=90)
    (custody,) = [m for m in health(world).modes if m.id == "custody"]
    assert (custody.mode, custody.allows) == ("On paper", "not in use; staff write on issued forms")
    assert custody.word == "since Fri 23 Oct 22:00 BST (1h 30m ago), by Asha Rahman: custody does not answer"


def test_what_needs_somebody_comes_before_the_modes_and_the_ledger(world: World) -> None:
    world.watch()
    text = Browser(world.app()).get("/health").text
    assert text.index("Custody answers") < text.index("Components") < text.index("Case transfer ledger")


def test_health_of_a_past_minute_is_as_it_stood_then_and_plainly_not_live(world: World) -> None:
    """Custody fails hard and recovers: in between, looked back to, it is believed to fail."""
    world.watch()
    failing = world.clock.now()
    for _ in range(3):
        world.monitors.record("custody", ok("answered 200", 0.1), world.after(minutes=2))
    world.ledger.acknowledge("file-1", "CT")
    browser = Browser(world.app())
    now, then = browser.get("/health").text, browser.get("/health", at=utc_text(failing)).text
    assert "As it was at" in then
    assert 'data-live="health"' in now
    assert 'data-live="health"' not in then
    (page,) = pages(world.monitors, world.ledger, world.desk, PROGRAMME, world.clock)
    before, after = page.build({"at": utc_text(failing)}), page.build({})
    status = [next(c.look[2] for c in shown.checks if c.id == "custody") for shown in (before, after)]
    assert status == ["CRITICAL", "OK"]
    sums = [shown.ledger.sentence for shown in (before, after)]
    assert sums[0] == "1 sent = 0 acknowledged + 0 rejected + 1 in flight."
    assert sums[1] == "1 sent = 1 acknowledged + 0 rejected + 0 in flight."


def test_before_a_check_was_ever_asked_it_was_unknown_and_the_future_is_refused(world: World) -> None:
    began = world.clock.now()
    world.after(hours=1)
    world.watch()
    (page,) = pages(world.monitors, world.ledger, world.desk, PROGRAMME, world.clock)
    assert {c.look[2] for c in page.build({"at": utc_text(began)}).checks} == {"UNKNOWN: no result ever came"}
    answer = Browser(world.app()).get("/health", at="2026-12-24T10:00")
    assert answer.status_code == 400
    assert "is still to come" in answer.text


def test_a_check_that_was_unknown_then_is_shown_so_with_its_reason(world: World) -> None:
    """Suspected, believed, and one of whose hour a result is known and no fact: none of them breaks the page."""
    seen, lost = [], unknown(Reason.ERROR, "the query failed")
    world.monitors.record("custody", ok("answered 200"), world.clock.now())
    for _ in range(3):
        seen.append(world.after(minutes=2))
        world.monitors.record("custody", lost, seen[-1])
    world.after(hours=1)
    world.monitors.record("custody", ok(), world.clock.now())
    (page,) = pages(world.monitors, world.ledger, world.desk, PROGRAMME, world.clock)
    for at in (*seen, world.clock.now() - timedelta(minutes=50)):
        (custody,) = [c for c in page.build({"at": utc_text(at)}).checks if c.id == "custody"]
        assert custody.look[2].startswith("UNKNOWN: ")
    page.build({"at": utc_text(seen[0] - timedelta(minutes=30))})
