"""From the monitor's breach to the stand-down, through the journal, with crashes in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from contingency.domain.metrics import Comparator, Metric
from contingency.domain.triggers import PlayStage
from contingency.notices import play_notices
from contingency.service import ContingencyService
from cutover.core.errors import NotFound, Refused
from cutover.domain.modes import COMPONENT, Mode, SwitchMode, component_stream
from cutover.store.engine import reading
from cutover.store.metadata import outbox_table as outbox
from cutover.store.projections import rebuild
from monitors.domain.check import Reason, Status, ok, unknown
from tests.contingency.world import World

PLAY = "custody-on-paper"
LINES = ["open-records", "both-clocks", "sheets-back", "partners-told"]


def mode(world: World) -> Mode:
    return world.desk.state(COMPONENT, component_stream("custody")).mode


def breached(world: World) -> World:
    world.custody_is(Status.CRITICAL)
    world.after(15)
    world.plays.watch()
    return world


def test_fourteen_minutes_do_nothing_fifteen_propose_once(world: World) -> None:
    """The watch proposes at the fifteenth minute, and asked again proposes nothing more."""
    world.custody_is(Status.CRITICAL)
    world.after(14)
    assert world.plays.watch() == []
    world.after(1)
    (proposed,) = world.plays.watch()
    assert (proposed.stage, proposed.deciders) == (PlayStage.PROPOSED, ("chen",))
    world.after(30)
    assert world.plays.watch() == []
    assert len(world.plays.plays()) == 1
    assert mode(world) is Mode.LIVE


def test_a_breach_that_ends_lapses_the_proposal_and_a_new_one_proposes_anew(world: World) -> None:
    """The proposal is over with its breach; the next breach has a life of its own."""
    breached(world).custody_is(Status.OK)
    world.after(1)
    (lapsed,) = world.plays.watch()
    assert lapsed.stage is PlayStage.LAPSED
    world.custody_is(Status.CRITICAL)
    world.after(15)
    (again,) = world.plays.watch()
    assert (again.stage, again.id != lapsed.id) == (PlayStage.PROPOSED, True)


def test_not_knowing_does_not_end_a_breach(world: World) -> None:
    """A monitor gone blind withdraws nothing."""
    breached(world)
    world.monitors.record("custody-health", unknown(Reason.ERROR, "the probe failed"), world.after(1))
    assert world.plays.watch() == []
    assert world.plays.plays()[0].stage is PlayStage.PROPOSED


def test_the_decider_enacts_and_everything_follows(world: World) -> None:
    """One decision: the play, the mode with its cause, and each station's serial blocks."""
    view = breached(world).plays.enact(PLAY, by="chen", reason="no sign of recovery")
    assert (view.stage, view.decided_by, view.sheets) == (PlayStage.ENACTED, "chen", 2 * (2 + 3))
    assert mode(world) is Mode.PAPER
    issued = world.paper.sheets(["issued"])
    assert {(row.station, row.form_type) for row in issued} == {
        (s, f) for s in ("central", "bolton") for f in ("custody", "crime")
    }
    switched = world.desk.journal.read(component_stream("custody"))[-1]
    assert (switched.cause, switched.actor) == (view.id, "chen")


def test_a_stranger_enacts_nothing(world: World) -> None:
    """Refused with the reason, and neither play nor mode nor paper has moved."""
    breached(world)
    head = world.desk.journal.head()
    with pytest.raises(Refused, match="dev is not a decider of this play"):
        world.plays.enact(PLAY, by="dev", reason="somebody must")
    assert world.desk.journal.head() == head


def test_the_alternate_steps_in_after_twenty_minutes(world: World) -> None:
    """Asha is told from when; then she may."""
    breached(world)
    with pytest.raises(Refused, match="asha may decide from"):
        world.plays.enact(PLAY, by="asha", reason="chen cannot be reached")
    world.after(20)
    assert world.plays.enact(PLAY, by="asha", reason="chen cannot be reached").decided_by == "asha"


def test_two_deciders_do_not_both_believe_they_did_it(world: World) -> None:
    """The second one is refused; the first may ask again and hears the same refusal once all is done."""
    breached(world).plays.enact(PLAY, by="chen", reason="down")
    world.after(20)
    for person in ("asha", "chen"):
        with pytest.raises(Refused, match="enacted"):
            world.plays.enact(PLAY, by=person, reason="down")


class Crash(Exception):
    """The process dies here."""


class DyingPaper:
    """The real paper, in a process that dies at the n-th hand-out, before or after it is recorded."""

    def __init__(self, paper: Any, survives: int, *, after: bool) -> None:
        self.paper, self.left, self.after = paper, survives, after

    def issue(self, **asked: Any) -> list[str]:
        if self.left == 0 and not self.after:
            raise Crash
        given: list[str] = self.paper.issue(**asked)
        if self.left == 0:
            raise Crash
        self.left -= 1
        return given


@pytest.mark.parametrize("survives", range(4))
@pytest.mark.parametrize("after", [False, True])
def test_a_crash_between_enacting_and_supplying_is_finished_without_double_issue(
    world: World, survives: int, *, after: bool
) -> None:
    """Killed at any hand-out, settle gives each station what is missing, and nothing twice."""
    breached(world)
    paper: Any = DyingPaper(world.paper, survives, after=after)
    dying = ContingencyService(world.desk, world.book, paper, world.monitors)
    with pytest.raises(Crash):
        dying.enact(PLAY, by="chen", reason="down")
    assert mode(world) is Mode.PAPER
    (settled,) = world.plays.settle()
    assert settled.sheets == 10
    assert len(world.paper.sheets(["issued"])) == 10
    assert world.plays.settle() == []


def test_enacting_again_after_a_crash_finishes_it(world: World) -> None:
    """The decider who saw an error simply asks again."""
    breached(world)
    paper: Any = DyingPaper(world.paper, 1, after=True)
    dying = ContingencyService(world.desk, world.book, paper, world.monitors)
    with pytest.raises(Crash):
        dying.enact(PLAY, by="chen", reason="down")
    assert world.plays.enact(PLAY, by="chen", reason="down").sheets == 10
    assert len(world.paper.sheets(["issued"])) == 10


def test_a_component_somebody_has_switched_already_is_no_obstacle(world: World) -> None:
    """The mode was changed by hand; the play is enacted all the same."""
    breached(world).desk.ask(
        COMPONENT, component_stream("custody"), SwitchMode(by="asha", to=Mode.PAPER, reason="by hand")
    )
    assert world.plays.enact(PLAY, by="chen", reason="down").stage is PlayStage.ENACTED


def test_declining_needs_a_reason_and_holds_for_this_breach(world: World) -> None:
    """Declined once, the same breach proposes nothing more."""
    breached(world)
    with pytest.raises(Refused, match="reason"):
        world.plays.decline(PLAY, by="chen", reason=" ")
    assert world.plays.decline(PLAY, by="chen", reason="a planned restart").stage is PlayStage.DECLINED
    world.after(60)
    assert world.plays.watch() == []


def test_stand_down_needs_each_line_done_by_name(world: World) -> None:
    """Bo does three lines; Chen is told of the fourth, does it, and custody is live again."""
    breached(world).plays.enact(PLAY, by="chen", reason="down")
    half = world.plays.do_lines(PLAY, by="bo", lines=LINES[:3])
    assert (half.stage, half.open_lines) == (PlayStage.STANDING_DOWN, ("partners-told",))
    with pytest.raises(Refused, match="Partners told"):
        world.plays.stand_down(PLAY, by="chen")
    assert mode(world) is Mode.PAPER
    done = world.plays.stand_down(PLAY, by="chen", checklist=LINES[3:])
    assert (done.stage, mode(world)) == (PlayStage.STOOD_DOWN, Mode.LIVE)
    assert done.done_lines == {**dict.fromkeys(LINES[:3], "bo"), "partners-told": "chen"}


def test_a_play_under_way_is_not_proposed_a_second_time(world: World) -> None:
    """Custody flaps while it is on paper: the play is already running."""
    breached(world).plays.enact(PLAY, by="chen", reason="down")
    world.custody_is(Status.OK)
    world.after(5)
    world.custody_is(Status.CRITICAL)
    world.after(15)
    assert world.plays.watch() == []


def test_status_says_who_has_to_decide_what(world: World) -> None:
    """The breach, the proposal, and the mode once it has changed."""
    status = breached(world).plays.status()
    (trigger,) = status.triggers
    assert trigger.proposes_at == trigger.bad_since + timedelta(minutes=15)  # type: ignore[operator]
    assert ([p.stage for p in status.plays], status.modes) == ([PlayStage.PROPOSED], {})
    world.plays.enact(PLAY, by="chen", reason="down")
    assert world.plays.status().modes == {"custody": Mode.PAPER}


def test_unknown_and_unproposed_plays_are_told_apart(world: World) -> None:
    """A slip of the finger names the nearest; an armed play says that nothing proposed it."""
    with pytest.raises(NotFound, match="custody-on-paper"):
        world.plays.enact("custody-on-papr", by="chen", reason="down")
    with pytest.raises(Refused, match="nothing has proposed it"):
        world.plays.enact(PLAY, by="chen", reason="down")


def test_the_same_story_on_either_database_and_its_views_rebuild(any_world: World) -> None:
    """SQLite and PostgreSQL tell the same; thrown-away views come back the same."""
    breached(any_world).plays.enact(PLAY, by="chen", reason="down")
    before = any_world.plays.plays()
    rebuild(any_world.desk.journal)
    assert any_world.plays.plays() == before
    assert any_world.desk.journal.verify().holds


def test_the_decider_is_called_and_the_partners_are_told(world: World) -> None:
    """Each notice stands once, under an id that a second delivery would meet again."""
    view = breached(world).plays.enact(PLAY, by="chen", reason="down")
    facts = world.desk.journal.read(view.id)
    told = play_notices(facts, view.id)
    assert [message.recipient for message in told] == ["chen", "prosecutor", "victim-support"]
    assert len({message.id for message in told}) == 3


def test_a_number_past_its_threshold_proposes_at_the_fifteenth_minute(world: World) -> None:
    """R3 on a metric: fourteen minutes above do nothing, fifteen propose; silence in between ends nothing."""
    slow = Metric(figure="latency", comparator=Comparator.ABOVE, threshold=8)
    trigger = next(iter(world.book.triggers.values())).model_copy(update={"metric": slow})
    plays = ContingencyService(world.desk, replace(world.book, triggers={trigger.id: trigger}), world.paper, world.monitors)  # fmt: skip
    answer(world, 8.0)
    assert plays.watch() == []
    world.after(1)
    answer(world, 9.0)
    assert plays.watch() == []
    began = world.clock.now()
    world.after(7)
    world.monitors.record("custody-health", unknown(Reason.NO_DATA, "silent"), world.clock.now())
    assert plays.watch() == []
    world.after(7)
    answer(world, 30.0)
    assert plays.watch() == []
    world.after(1)
    (proposed,) = plays.watch()
    assert (proposed.stage, proposed.bad_since) == (PlayStage.PROPOSED, began)
    (view,) = plays.status().triggers
    assert (view.monitor, view.breach, view.bad_since) == ("latency of custody-health", "above 8", began)
    answer(world, 2.0)
    (over,) = plays.watch()
    assert over.stage is PlayStage.LAPSED


def test_a_number_that_recovers_in_the_fourteenth_minute_begins_anew(world: World) -> None:
    slow = Metric(figure="latency", comparator=Comparator.ABOVE, threshold=8)
    trigger = next(iter(world.book.triggers.values())).model_copy(update={"metric": slow})
    plays = ContingencyService(world.desk, replace(world.book, triggers={trigger.id: trigger}), world.paper, world.monitors)  # fmt: skip
    for latency in (9.0, 1.0, 9.0):
        answer(world, latency)
        plays.watch()
        world.after(14)
    assert plays.watch() == []
    assert rebuild(world.desk.journal)
    world.after(1)
    assert len(plays.watch()) == 1


def answer(world: World, latency: float) -> None:
    world.monitors.record("custody-health", ok("answers", latency), world.clock.now())


def test_the_decider_is_called_and_each_alternate_when_their_time_has_come(world: World) -> None:
    """Asha may decide after twenty minutes; then she is called, once, unless somebody has decided."""
    breached(world)
    world.after(19)
    world.plays.watch()
    assert called(world, "alternate") == []
    world.after(1)
    world.plays.watch()
    world.plays.watch()
    assert called(world, "alternate") == ["asha"]


def test_who_need_not_decide_any_more_is_not_called(world: World) -> None:
    breached(world)
    world.plays.enact(PLAY, by="chen", reason="no sign of recovery")
    world.after(60)
    world.plays.watch()
    assert called(world, "alternate") == []


def called(world: World, what: str) -> list[str]:
    query = select(outbox.c.recipient).where(outbox.c.id.contains(what)).order_by(outbox.c.id)
    with reading(world.desk.journal.engine) as connection:
        return list(connection.execute(query).scalars())


def test_a_play_that_is_over_says_so_and_nobody_proposes_in_no_name(world: World) -> None:
    with pytest.raises(Refused, match="in somebody's name"):
        world.plays.propose(PLAY, by=" ", reason="it fails")
    breached(world).plays.decline(PLAY, by="chen", reason="planned restart")
    with pytest.raises(Refused, match=r"this play is over \(declined\): it must be proposed anew"):
        world.plays.enact(PLAY, by="chen", reason="after all")
