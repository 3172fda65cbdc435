"""Limits that run on paper and in the register reach a person before they are missed, through the outbox, once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from contingency.domain.backlog import FindItem
from contingency.domain.handover import HANDOVER, HandOver, handover_stream
from contingency.domain.triage import Grade
from contingency.limits import LimitService, limit_messages
from contingency.sheets import sheet_clocks
from cutover.core.clock import FixedClock
from cutover.domain.modes import COMPONENT, Mode, SwitchMode, component_stream
from cutover.store.engine import reading
from cutover.store.metadata import outbox_table as outbox
from tests.conftest import MakeDesk
from tests.contingency.conftest import a_world
from tests.contingency.world import MINUTE, PROGRAMME, World

HOUR = timedelta(hours=1)


@pytest.fixture
def world(make_desk: MakeDesk, clock: FixedClock) -> World:
    return a_world(make_desk, clock, messages=limit_messages)


@pytest.fixture
def limits(world: World) -> LimitService:
    return LimitService(world.desk, world.book, world.paper, PROGRAMME)


def notices(world: World) -> list[tuple[str, str]]:
    query = select(outbox.c.recipient, outbox.c.subject).order_by(outbox.c.created_at, outbox.c.recipient)
    with reading(world.desk.journal.engine) as connection:
        return [(row.recipient, row.subject) for row in connection.execute(query)]


def detained(world: World, count: int = 1) -> list[str]:
    """Detention was authorised a minute ago: the first review is due in five hours and 59 minutes."""
    serials = world.paper.issue(station="central", form_type="custody", count=count, by="bo")
    world.after(1)
    return world.used(serials, occurred_at=world.clock.now() - MINUTE)


@pytest.mark.requirement("R4")
def test_a_detention_clock_warns_and_is_missed_through_blackout_and_paper(world: World, limits: LimitService) -> None:  # fmt: skip
    """R4: custody is dark, then on paper; the review is warned of an hour before, once, and escalated when missed."""
    custody = component_stream("custody")
    world.desk.ask(COMPONENT, custody, SwitchMode(by="chen", to=Mode.DARK, reason="blackout"))
    detained(world)
    world.desk.ask(COMPONENT, custody, SwitchMode(by="chen", to=Mode.PAPER, reason="on paper"))
    world.after(298)
    assert limits.tell() == (0, 0)
    world.after(1)
    assert [limits.tell(), limits.tell()] == [(1, 0), (0, 0)]
    supervisors = [p.id for p in PROGRAMME.people if "supervisor" in p.roles]
    managers = [p.id for p in PROGRAMME.people if "programme_manager" in p.roles]
    assert [who for who, _ in notices(world)] == sorted(supervisors)
    assert notices(world)[0][1].startswith("Falls due by Sat 24 Oct 03:00 UTC: review of detention of CU")
    world.after(60)
    assert [limits.tell(), limits.tell()] == [(0, 1), (0, 0)]
    told = [who for who, subject in notices(world) if subject.startswith("MISSED: review of detention")]
    assert told == sorted([*supervisors, *managers])


def test_a_pile_that_runs_out_at_once_is_one_notice_to_each(world: World, limits: LimitService) -> None:
    detained(world, 25)
    world.after(301)
    assert limits.tell() == (25, 0)
    assert {subject for _, subject in notices(world)} == {"Falls due by Sat 24 Oct 03:00 UTC: 25 time limits"}


def test_a_notice_has_one_line_for_each_clock_at_each_place(world: World, limits: LimitService) -> None:
    serials = detained(world, 25)
    world.after(301)
    limits.tell()
    with reading(world.desk.journal.engine) as connection:
        first, last = connection.execute(select(outbox.c.body)).scalars().first().splitlines()
    assert first == f"central: review of detention: 25, the first {serials[0]}, due Sat 24 Oct 03:00 UTC"
    assert last == "all of them: cutover contingency limits"


def test_a_record_handed_over_live_is_watched_there(world: World, limits: LimitService) -> None:
    (serial,) = detained(world)
    running = sheet_clocks(world.paper.sheet(serial), world.book.clocks)
    clocks = {c.rule: c.due_at for c in running if not c.stopped}
    wish = HandOver(by="bo", play="play:x", signed_by="PS Hill", reference="C-1", paper=clocks, live=clocks)
    world.desk.ask(HANDOVER, handover_stream(serial), wish)
    world.after(400)
    assert limits.tell() == (0, 0)


def test_a_register_item_is_warned_of_until_somebody_claims_it(world: World, limits: LimitService) -> None:
    """One that was found late is told by whoever found it, not as a limit missed just now."""
    now = world.clock.now()
    wish = FindItem(by="jo", item_type="domestic_abuse", tier=Grade.HIGH, occurred_at=now, due_at=now + 5 * HOUR, source="s")  # fmt: skip
    late = wish.model_copy(update={"occurred_at": now - 9 * HOUR, "due_at": now - HOUR})
    world.backlog.find({"A": wish, "B": wish, "LATE": late})
    world.backlog.claim("B", by="jo", done="assessed")
    world.after(60)
    assert limits.tell() == (1, 0)
    assert [(one.record, one.status) for one in limits.running()] == [("A", "warning")]


def test_an_item_whose_claim_did_not_stand_is_warned_of_and_missed(
    world: World, limits: LimitService
) -> None:
    """It keeps who claimed it, and yet nobody has done it."""
    now = world.clock.now()
    wish = FindItem(by="jo", item_type="domestic_abuse", tier=Grade.HIGH, occurred_at=now, due_at=now + 5 * HOUR, source="s")  # fmt: skip
    world.backlog.find({"A": wish})
    world.backlog.claim("A", by="jo", done="assessed")
    world.backlog.reopen("A", by="gwen", reason="another person's assessment")
    world.after(299)
    assert limits.tell() == (1, 0)
    world.after(2)
    assert limits.tell() == (0, 1)
