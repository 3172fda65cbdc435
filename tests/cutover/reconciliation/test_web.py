"""The reconciliation page: every missing record by name, and nothing green that was not compared."""

from __future__ import annotations

import threading

import pytest

from cutover.core.errors import Invalid, NotFound
from cutover.reconciliation.web import ReconciliationPage, Shown, reconciliation_page
from cutover.web.kit import build_app, names_used, templates
from tests.cutover.reconciliation.world import World, crime
from tests.cutover.web.browser import Browser

HUNDRED = [crime(n) for n in range(100)]


def page(world: World, **query: str) -> ReconciliationPage:
    built = reconciliation_page(world.service, "Europe/London").build(query)
    assert isinstance(built, ReconciliationPage)
    return built


def shown(world: World, **query: str) -> Shown:
    found = page(world, contract="crimes", **query).shown
    assert found is not None
    return found


def test_what_was_never_compared_is_not_green(world: World) -> None:
    before = page(world)
    assert [c.look[2] for c in before.contracts] == ["not compared yet"]
    assert before.shown is None


def test_every_missing_record_is_named_and_an_earlier_run_stays_in_reach(world: World) -> None:
    world.write(HUNDRED, HUNDRED[2:])
    world.run()
    world.write(HUNDRED, HUNDRED)
    world.run()
    last, first = shown(world), shown(world, run="1")
    assert (last.look[2], last.findings) == ("PASS", ())
    assert [f.key for f in first.findings] == ["C00000", "C00001"]
    assert (first.look[2], first.run) == ("FAIL", "run 1, not the last one")
    assert [(r.run, r.is_shown) for r in first.runs] == [("run 2", False), ("run 1", True)]


def test_more_findings_than_a_page_holds_are_counted(world: World) -> None:
    world.write([crime(n) for n in range(300)], [])
    world.run()
    found = shown(world, **{"class": "missing"})
    assert (len(found.findings), found.more) == (200, "200 of 300 are shown")


def test_a_run_that_is_none_is_refused(world: World) -> None:
    world.write(HUNDRED, HUNDRED)
    world.run()
    with pytest.raises(NotFound):
        shown(world, run="7")
    with pytest.raises(Invalid):
        shown(world, run="last")


def test_the_page_reads_exactly_its_context_and_escapes_what_it_shows(world: World) -> None:
    world.write([crime(1, offence="<b>theft</b>")], [])
    world.run()
    one = reconciliation_page(world.service, "Europe/London")
    assert names_used(templates([one]), one) == {"contracts", "shown"}
    text = (
        Browser(build_app("Police", [one], world.desk.journal, threading.Event())).get("/reconciliation").text
    )
    assert "&lt;b&gt;theft" in text
    assert "<b>theft" not in text
