"""What an old system is still worth decays from the moment the new one took over, and everybody who decides sees it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from contingency.domain.fallback import Fallback, Worth
from contingency.fallbacks import FallbackService, FallbackView
from contingency.files import load_plays
from cutover.core.clock import FixedClock
from cutover.core.event import Event, Fact
from cutover.domain.modes import COMPONENT, Mode, SwitchMode, component_stream
from cutover.store.pen import Batch
from paper_capture.forms import load_forms
from paper_capture.service import PaperService
from runbooks.domain.run_events import BackoutBegan
from runbooks.domain.turning_back import ComponentBackoutBegan
from tests.conftest import MakeDesk
from tests.contingency.world import ALL_EVENTS, PROGRAMME, SCENARIO, World, all_projections

HOUR = timedelta(hours=1)
CUSTODY = Fallback(component="custody", good_for=2 * HOUR, gone_after=6 * HOUR)


@pytest.fixture
def world(make_desk: MakeDesk, clock: FixedClock) -> World:
    """Its journal can hold that a run turned back."""
    desk = make_desk((*ALL_EVENTS, BackoutBegan, ComponentBackoutBegan), all_projections())
    return World(desk, clock, load_plays(SCENARIO / "contingency"), PaperService(desk, load_forms(SCENARIO / "forms")))  # fmt: skip


@pytest.fixture
def ways(world: World) -> FallbackService:
    return FallbackService(world.desk.journal, replace(world.book, fallbacks={"custody": CUSTODY}), PROGRAMME)


def switched(world: World, to: Mode) -> None:
    world.desk.ask(COMPONENT, component_stream("custody"), SwitchMode(by="chen", to=to, reason="planned"))


def custody(world: World, ways: FallbackService) -> FallbackView:
    (view,) = ways.all(world.clock.now())
    return view


@pytest.mark.requirement("R23")
def test_it_is_full_then_decays_then_is_gone(world: World, ways: FallbackService) -> None:
    """R23: counted from the take-over; before it going back loses nothing."""
    switched(world, Mode.READ_ONLY)
    world.after(600)
    assert (custody(world, ways).worth, custody(world, ways).since) == (Worth.GOOD, None)
    switched(world, Mode.LIVE)
    for hours, worth, left in ((2, Worth.GOOD, 1.0), (2, Worth.DECAYING, 0.5), (2, Worth.GONE, 0.0)):
        world.after(60 * hours)
        assert (custody(world, ways).worth, custody(world, ways).left) == (worth, left)
    assert custody(world, ways).says == "no way back since Sat 24 Oct 14:00 BST: the new system has been in use for 6h"  # fmt: skip


def test_an_outage_of_the_new_system_makes_the_old_one_no_younger(world: World, ways: FallbackService) -> None:  # fmt: skip
    """On paper and live again: what was keyed before is still only in the new system."""
    switched(world, Mode.READ_ONLY)
    switched(world, Mode.LIVE)
    since = world.clock.now()
    world.after(180)
    switched(world, Mode.PAPER)
    world.after(60)
    switched(world, Mode.LIVE)
    assert custody(world, ways).since == since
    assert "decaying, 50% left: 4h of work" in custody(world, ways).says


@pytest.mark.parametrize(
    "event", [BackoutBegan(reason="x"), ComponentBackoutBegan(reason="x", components=("custody",), tasks=())]
)
def test_turning_back_begins_it_anew(world: World, ways: FallbackService, event: Event) -> None:
    switched(world, Mode.READ_ONLY)
    switched(world, Mode.LIVE)
    world.after(180)
    fact = Fact(at=world.clock.now(), actor="asha", event=event)
    world.desk.journal.append(Batch("run:r1", 0, [fact]))
    assert custody(world, ways).since is None


def test_what_nobody_declared_is_not_said(world: World, ways: FallbackService) -> None:
    assert ways.says("records", world.clock.now()) == ""
    assert ways.says("custody", world.clock.now()).startswith("the new system has not taken over")
