"""One order of risk, whoever asks: the command, the page, the keyer who is handed a sheet, and what reaches the target first."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import pytest

from contingency.backlog_cli import BacklogDoors, backlog_commands
from contingency.conversions import ConversionService
from contingency.domain.staffing import Staff
from contingency.domain.terms import Terms
from contingency.targets import HttpTarget
from paper_capture.claims import Claims
from paper_capture.domain.moves import Entry, Grade
from paper_capture.keying import Keyer, Keying
from tests.contingency.test_cli import answered
from tests.contingency.test_pages import site
from tests.contingency.test_senseless_targets import good, target
from tests.contingency.world import World, somebody

pytestmark = pytest.mark.real
KINDS = ("crime", "domestic_abuse", "custody")
GRADES = (Grade.STANDARD, Grade.HIGH, Grade.MEDIUM)


def a_pile(world: World) -> list[str]:
    """Two sheets of each kind and grade; some have waited past the floor."""
    serials: list[str] = []
    for number, (kind, grade) in enumerate([(kind, grade) for kind in KINDS for grade in GRADES] * 2):
        at = world.clock.now() - timedelta(hours=3 + 11 * (number * 7 % 18))
        issued = world.paper.issue(station="central", form_type=kind, count=1, by="bo")
        serials += world.used(issued, person=somebody(number), grade=grade, occurred_at=at)
    world.paper.return_sheets(serials, by="bo")
    return serials


def key(world: World, serials: list[str]) -> None:
    """Both passes of each."""
    for pass_no, keyer in ((1, "tova"), (2, "uma")):
        due = [row for row in map(world.paper.sheet, serials) if row.passes >= pass_no]
        world.paper.enter(
            [
                Entry(serial=r.serial, pass_no=pass_no, keyer=keyer, values=dict(r.values), minutes=25)
                for r in due
            ]
        )


@pytest.mark.requirement("R7")
def test_command_page_keyer_and_target_see_the_same_order(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """R7: and it is neither that of the serials nor that of the clock."""
    serials = a_pile(world)
    world.clock.advance(timedelta(hours=1))

    def doors_only(_: object, __: object) -> Staff:
        raise AssertionError("nobody asks who keys")

    app = backlog_commands(BacklogDoors(lambda _: world.backlog, lambda _: world.discoveries, doors_only))
    by_command = [row["item"]["id"] for row in answered(app, capsys, "next", "--limit", "50")]
    assert sorted(by_command) == sorted(serials)
    assert by_command != serials

    listed = re.findall(r"<strong>([A-Z]{2}[0-9]{9})</strong>", site(world, "asha").get("/backlog").text)
    assert listed == by_command[: len(listed)]
    assert len(listed) >= 10

    order = lambda: [(r.item.id, r.why) for r in world.backlog.next(50)]  # noqa: E731  as the application hands it in
    keying = Keying(world.paper, Claims(world.desk.journal.engine), order)
    keyers = [Keyer(f"keyer-{number}", frozenset(KINDS)) for number in range(len(serials))]
    assert [keying.next(keyer) for keyer in keyers] == by_command

    key(world, serials)
    with target(good, lambda _: True) as there:
        service = ConversionService(
            world.desk, world.book, world.paper, HttpTarget(there.url), terms=Terms(at_once=1)
        )
        asyncio.run(service.convert_batch(by="tova"))
        assert there.posts == by_command
