"""Paper into a real records system over HTTP: highest risk first, each once, whatever breaks."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from contingency.conversions import BatchReport, ConversionService
from contingency.domain.conversion import Progress
from cutover.core.errors import NotFound, Refused, Unavailable
from cutover.store.projections import rebuild
from paper_capture.domain.moves import Grade
from tests.contingency.conftest import Records
from tests.contingency.dying import Crash, DyingTarget
from tests.contingency.world import World, somebody

pytestmark = pytest.mark.real


def run(service: ConversionService, limit: int = 100) -> BatchReport:
    return asyncio.run(service.convert_batch(limit, by="tova"))


@pytest.mark.requirement("R11")
def test_each_record_is_converted_once_and_its_sheet_disposed_of(world: World, records: Records) -> None:
    """Twelve sheets, twelve records, twelve references on the paper; a second run creates none."""
    serials = world.verified(12)
    service = world.converting(records.url)
    report = run(service)
    assert (sorted(report.converted), report.left) == (sorted(serials), 0)
    assert sorted(records.serials()) == sorted(serials)
    rows = {row.serial: row for row in world.paper.sheets(["disposed"])}
    assert {s: (r.disposition, r.reference[:2]) for s, r in rows.items()} == dict.fromkeys(
        serials, ("converted", "R-")
    )
    assert run(service) == BatchReport()
    assert asyncio.run(service.one_to_one()).holds


def test_the_highest_risk_goes_first(world: World, records: Records) -> None:
    """Two places in the batch: the high-risk abuse form and the next gravest, not the oldest."""
    world.verified(3, "crime", occurred_at=world.clock.now() - timedelta(hours=40))
    (abuse,) = world.verified(1, "domestic_abuse", grade=Grade.HIGH)
    service = world.converting(records.url)
    first = service.queue()[0]
    assert (first.item.id, "high risk domestic abuse" in first.why) == (abuse, True)
    report = run(service, limit=2)
    assert (report.converted[0], len(report.converted), report.left) == (abuse, 2, 2)


def test_a_lost_acknowledgement_is_settled_by_asking_not_by_sending_again(
    world: World, records: Records
) -> None:
    """Two answers are cut after the work was done: five records, five requests; the target was asked for the two."""
    serials = world.verified(5)
    records.fault(drop_acknowledgements=2)
    assert len(run(world.converting(records.url)).converted) == 5
    assert sorted(records.serials()) == sorted(serials)
    assert sum(records.requests().values()) == 5


def electronic(world: World, records: Records, i: int, **change: Any) -> str:
    who = somebody(i)
    person = {"surname": who.surname.upper(), "forename": who.forename, "dob": str(who.dob)}
    at = world.clock.now() - timedelta(hours=2, minutes=-20)
    return records.add(form_type="crime", person=person, occurred_at=at.isoformat(), **change)


def test_a_record_that_is_there_already_waits_for_a_person(world: World, records: Records) -> None:
    """The officer keyed it in as well: nothing is created, Chen merges, both sources are known."""
    reference = electronic(world, records, 1)
    serials = world.verified(3)
    service = world.converting(records.url)
    report = run(service)
    assert (report.matched, len(report.converted), report.left) == ((serials[1],), 2, 0)
    ((serial, (seen,)),) = service.matches()
    assert (serial, seen.reference, seen.score > 0.95) == (serials[1], reference, True)
    with pytest.raises(Refused, match="reason"):
        service.confirm_match(serial, merge_into=reference, by="chen", reason=" ")
    service.confirm_match(serial, merge_into=reference, by="chen", reason="same victim, same door")
    row = world.paper.sheet(serial)
    assert (row.disposition, row.reference) == ("merged", reference)
    assert (len(records.serials()), asyncio.run(service.one_to_one()).holds) == (2, True)


@pytest.mark.requirement("R11")
def test_a_repeat_victims_second_event_is_converted(world: World, records: Records) -> None:
    """The same person three hours later, and the same person on another kind of form: other events."""
    electronic(world, records, 0)
    world.verified(1, occurred_at=world.clock.now() - timedelta(hours=5), person=somebody(0))
    world.verified(1, "domestic_abuse", person=somebody(0))
    assert len(run(world.converting(records.url)).converted) == 2


def test_a_dismissed_match_is_converted_after_all(world: World, records: Records) -> None:
    """A person says another event, with the reason; the next batch creates it."""
    electronic(world, records, 0)
    (serial,) = world.verified(1)
    service = world.converting(records.url)
    assert run(service).matched == (serial,)
    with pytest.raises(Refused, match="reason"):
        service.dismiss_match(serial, by="chen", reason="")
    service.dismiss_match(serial, by="chen", reason="two burglaries in one night")
    assert run(service).converted == (serial,)


def test_a_linked_record_creates_nothing(world: World, records: Records) -> None:
    """Linked to what is there; the sheet has its disposition."""
    reference = electronic(world, records, 0)
    (serial,) = world.verified(1)
    service = world.converting(records.url)
    run(service)
    service.link(serial, to=reference, by="chen", reason="the same night, another victim")
    assert (world.paper.sheet(serial).disposition, records.serials()) == ("linked", [])


def test_two_sheets_of_one_event_are_not_both_created(world: World, records: Records) -> None:
    """Two officers wrote the same burglary down: the second waits for the first, then for a person."""
    serials = world.verified(2, person=somebody(7))
    service = world.converting(records.url)
    first = run(service)
    assert (first.converted, first.held_back, first.left) == (tuple(serials[:1]), tuple(serials[1:]), 1)
    assert run(service).matched == tuple(serials[1:])


def test_an_unknown_serial_is_not_found(world: World, records: Records) -> None:
    """Merging what was never matched is a slip."""
    with pytest.raises(NotFound):
        world.converting(records.url).confirm_match(
            "CR-0000001-00", merge_into="R-1", by="chen", reason="same"
        )


def crash(service: ConversionService) -> None:
    with pytest.raises(BaseExceptionGroup) as died:
        run(service)
    assert died.group_contains(Crash)


@pytest.mark.parametrize("survives", [0, 4])
@pytest.mark.parametrize("arrived", [False, True])
def test_a_crash_in_the_middle_is_settled_by_asking_the_target(
    world: World, records: Records, survives: int, *, arrived: bool
) -> None:
    """Begun without outcome: those that arrived are recognised, the others sent under their own key; none twice."""
    serials = world.verified(6)
    service = world.converting(records.url)
    service.target, target = DyingTarget(service.target, survives, arrived=arrived), service.target
    crash(service)
    service.target = target
    there = len(records.serials())
    assert service.status()["begun"] == 6
    assert sorted(asyncio.run(service.settle())) == sorted(serials)
    assert sorted(records.serials()) == sorted(serials)
    assert service.status()["converted"] == 6
    assert sum(records.requests().values()) == 6, f"{there} had arrived and none of them was sent again"
    assert asyncio.run(service.settle()) == ()
    assert len(world.paper.sheets(["disposed"])) == 6


def test_another_hand_settles_with_the_first_hands_name(world: World, records: Records) -> None:
    """The content sent again is the content sent first, or the target would refuse the key."""
    (serial,) = world.verified(1)
    service = world.converting(records.url)
    service.target, target = DyingTarget(service.target, 0, arrived=False), service.target
    crash(service)
    service.target = target
    assert asyncio.run(service.convert_batch(by="uma")) == BatchReport()
    assert (records.serials(), service.desk.journal.read(f"conversion:{serial}")[-1].actor) == (
        [serial],
        "tova",
    )


class HastyPaper:
    """The real paper, of which somebody disposes of one sheet by hand while it is under way."""

    def __init__(self, paper: Any, serial: str) -> None:
        self.paper, self.serial = paper, serial

    def disposing(self, disposals: Any) -> Any:
        if self.serial in {d.serial for d in disposals}:
            self.paper.dispose(self.serial, disposition="converted", reference="by hand", by="chen")
        return self.paper.disposing(disposals)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.paper, name)


class DyingPaper:
    """The real paper, in a process that dies before the dispositions."""

    def __init__(self, paper: Any) -> None:
        self.paper = paper

    def disposing(self, disposals: Any) -> None:
        raise Crash

    def __getattr__(self, name: str) -> Any:
        return getattr(self.paper, name)


def test_a_crash_before_the_dispositions_is_made_good(world: World, records: Records) -> None:
    """Outcome and disposition stand together or not at all: settle asks the target and sends nothing."""
    world.verified(3)
    service = world.converting(records.url)
    service.paper = DyingPaper(world.paper)
    with pytest.raises(Crash):
        run(service)
    service.paper = world.paper
    assert (len(world.paper.sheets(["verified"])), service.status()["converted"]) == (3, 0)
    asyncio.run(service.settle())
    assert (len(world.paper.sheets(["disposed"])), service.status()["converted"]) == (3, 3)
    assert sum(records.requests().values()) == 3


def test_a_sheet_disposed_of_by_hand_meanwhile_holds_up_no_outcome(world: World, records: Records) -> None:
    """Its own disposition stands, the outcomes of the whole batch are on record, the next batch does the other sheets."""
    serials = world.verified(3)
    service = world.converting(records.url)
    service.paper = HastyPaper(world.paper, serials[1])
    assert run(service).converted == tuple(serials)
    assert service.status()["converted"] == 3
    service.paper = world.paper
    run(service)
    assert {s.serial: s.reference == "by hand" for s in world.paper.sheets(["disposed"])} == {
        serials[0]: False,
        serials[1]: True,
        serials[2]: False,
    }


def test_a_silent_target_loses_nothing(world: World, records: Records) -> None:
    """Down in the middle: what was begun waits for its answer, and gets it when the target is back."""
    serials = world.verified(3)
    service = world.converting(records.url)
    line = service.target
    line._attempts = 2  # type: ignore[attr-defined]
    records.fault(down=True)
    with pytest.raises(Unavailable, match="no answer in 2 attempts"):
        run(service)
    assert service.status()["begun"] == 0
    records.fault(down=False)
    service.target = DyingTarget(line, 0, arrived=True)
    crash(service)
    service.target = line
    records.fault(down=True)
    with pytest.raises(Unavailable):
        asyncio.run(service.settle())
    records.fault(down=False)
    asyncio.run(service.settle())
    assert sorted(records.serials()) == sorted(serials)


def test_a_refused_record_is_rejected_with_the_targets_reason(world: World, records: Records) -> None:
    """The key was used for something else: nothing is forced, the reason is on the sheet."""
    (serial,) = world.verified(1)
    other: dict[str, Any] = {
        "form_type": "crime",
        "serial": None,
        "person": {},
        "occurred_at": "2026-01-01T00:00:00Z",
        "values": {},
        "entered_by": "dev",
    }
    httpx.post(f"{records.url}/records", json=other, headers={"Idempotency-Key": serial}).raise_for_status()
    service = world.converting(records.url)
    assert run(service).rejected == (serial,)
    row = world.paper.sheet(serial)
    assert (row.disposition, "409" in row.reason) == ("rejected", True)
    assert service.status()["rejected"] == 1


def test_one_to_one_sees_both_directions(world: World, records: Records) -> None:
    """A record nobody converted and one that is there twice are both found."""
    world.verified(2)
    service = world.converting(records.url)
    run(service)
    taken = records.serials()[0]
    records.add(form_type="crime", person={}, occurred_at="2026-01-01T00:00:00Z", serial="CR-stray")
    records.add(form_type="crime", person={}, occurred_at="2026-01-02T00:00:00Z", serial=taken)
    found = asyncio.run(service.one_to_one())
    assert (found.holds, found.not_converted, found.twice_in_target) == (False, ("CR-stray",), (taken,))


def test_the_views_rebuild_to_the_same(world: World, records: Records) -> None:
    """Thrown away and folded again, the conversions stand where they stood."""
    electronic(world, records, 0)
    world.verified(4)
    service = world.converting(records.url)
    run(service)
    before = service.status()
    rebuild(world.desk.journal)
    assert service.status() == before
    assert before[Progress.CONVERTED] == 3
