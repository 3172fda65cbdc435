"""What a station tells: each move once however often it is sent, its own sheets only, and a person settles the rest."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from cutover.core.errors import CutoverError, Invalid, Refused
from paper_capture.domain.sheet import Stage
from paper_capture.station import MoveKind, OtherContent, StationMove
from tests.paper_capture.pages_world import PagesWorld
from tests.paper_capture.world import NOON


def move(serial: str, kind: MoveKind = MoveKind.USED, **changes: Any) -> StationMove:
    raw: dict[str, Any] = {"key": f"{serial}.{kind}", "serial": serial, "move": kind, "by": "PC 412", "saved_at": NOON, "sent_at": NOON}  # fmt: skip
    if kind is MoveKind.USED:
        raw |= {"writer": "PC Król", "occurred_at": NOON - timedelta(hours=2), "written_at": NOON - timedelta(hours=1)}  # fmt: skip
    return StationMove.model_validate({**raw, **changes})


def issued(world: PagesWorld, count: int = 1, station: str = "north") -> list[str]:
    return world.paper.issue(station=station, form_type="crime", count=count, by="asha")


def test_the_same_move_again_is_answered_and_recorded_once(world: PagesWorld) -> None:
    serial = issued(world)[0]
    first = world.desk.take("north", move(serial))
    world.clock.advance(timedelta(minutes=5))
    again = world.desk.take("north", move(serial, sent_at=NOON + timedelta(minutes=5)))
    assert (first.again, again.again) == (False, True)
    assert [m.event.kind() for m in world.paper.history(serial)].count("SheetUsed") == 1


def test_other_content_for_a_move_that_was_taken_is_a_conflict_that_says_what_stands(
    world: PagesWorld,
) -> None:
    serial = issued(world)[0]
    world.desk.take("north", move(serial))
    with pytest.raises(OtherContent, match="with another writer") as refused:
        world.desk.take("north", move(serial, writer="PC Other"))
    assert refused.value.there["writer"] == "PC Król"


def test_a_move_is_dated_by_the_time_that_passed_on_a_pc_whose_clock_is_wrong(world: PagesWorld) -> None:
    serial = issued(world)[0]
    world.clock.advance(timedelta(hours=8))
    wrong = timedelta(days=400)
    world.desk.take("north", move(serial, sent_at=NOON + timedelta(hours=8)))
    back = move(serial, MoveKind.RETURNED, saved_at=NOON + wrong, sent_at=NOON + wrong + timedelta(hours=3))
    world.desk.take("north", back)
    assert world.paper.sheet(serial).returned_at == NOON + timedelta(hours=5)


def test_every_kind_of_move_reaches_the_register(world: PagesWorld) -> None:
    used, spoiled, blank = issued(world, 3)
    world.desk.take("north", move(used))
    world.desk.take("north", move(used, MoveKind.HANDED_OVER, receiver="Bo", seal="S1"))
    with pytest.raises(Refused, match="Bo holds it, not Dee"):
        world.desk.take("north", move(used, MoveKind.HANDED_OVER, key="other", receiver="Cy", giver="Dee"))
    world.desk.take("north", move(used, MoveKind.RETURNED))
    world.desk.take("north", move(spoiled, MoveKind.SPOILED, reason="coffee"))
    world.desk.take("north", move(blank, MoveKind.UNUSED))
    stages = [world.paper.sheet(s).stage for s in (used, spoiled, blank)]
    assert stages == [Stage.RETURNED, Stage.SPOILED, Stage.UNUSED]


@pytest.mark.parametrize(
    ("changes", "kind", "said"),
    [
        ({"serial": "CR000000188"}, Invalid, "check digits do not fit"),
        ({"serial": "CR000009984"}, Refused, "was never printed"),
        ({"written_at": NOON + timedelta(hours=3)}, Refused, "written in the future"),
        ({"occurred_at": NOON}, Refused, "before it occurred"),
        ({"writer": ""}, Refused, "nobody is named as its writer"),
        ({"occurred_at": None}, Refused, "are both asked for"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason_and_changes_nothing(
    world: PagesWorld, changes: dict[str, Any], kind: type[CutoverError], said: str
) -> None:
    serial = issued(world)[0]
    before = world.paper.desk.journal.head().position
    with pytest.raises(kind, match=said):
        world.desk.take("north", move(**{"serial": serial, **changes}))
    assert world.paper.desk.journal.head().position == before


def test_a_sheet_of_another_station_or_of_nobody_is_refused_without_saying_whose_it_is(
    world: PagesWorld,
) -> None:
    south = issued(world, 1, "south")[0]
    stock = world.paper.print_block(form_type="crime", count=1, by="asha")[0]
    for serial, said in ((south, "was not issued to north"), (stock, "was never issued")):
        with pytest.raises(Refused, match=said) as refused:
            world.desk.take("north", move(serial))
        assert "south" not in str(refused.value)


def test_a_sheet_used_twice_is_refused(world: PagesWorld) -> None:
    serial = issued(world)[0]
    world.desk.take("north", move(serial, MoveKind.SPOILED, reason="torn"))
    with pytest.raises(Refused, match="spoiled"):
        world.desk.take("north", move(serial))
