"""What the overview says of each station: every issued sheet in one place, and what does not hold by name."""

from __future__ import annotations

from datetime import timedelta

import pytest

from paper_capture.keeping import PaperKeeping
from tests.paper_capture.pages_world import PagesWorld
from tests.paper_capture.world import used


def test_every_sheet_of_a_station_is_counted_in_one_place(world: PagesWorld) -> None:
    serials = world.paper.issue(station="north", form_type="crime", count=6, by="asha")
    world.paper.log_used([used(s) for s in serials[:2]], by="sam")
    world.paper.return_sheets(serials[:1], by="sam")
    world.paper.spoil(serials[2], by="sam", reason="torn")
    world.paper.return_unused(serials[3:4], by="sam")
    world.paper.declare_missing(serials[4], by="sam", decided_by="Insp. Nowak", reason="not found")
    counts = world.views.counts()["north"]
    assert (counts.issued, counts.outstanding, counts.used, counts.returned) == (6, 1, 2, 1)
    assert (counts.spoiled, counts.unused, counts.missing) == (1, 1, 1)
    assert world.views.counts()["south"].issued == 0
    assert [line.stage for line in world.views.lines("north")].count("used") == 1


def test_a_destroyed_sheet_is_counted_where_it_was_before(world: PagesWorld) -> None:
    torn, blank = world.paper.issue(station="north", form_type="crime", count=2, by="asha")
    world.paper.spoil(torn, by="sam", reason="torn")
    world.paper.return_unused([blank], by="sam")
    keeping = PaperKeeping(world.paper)
    keeping.retain([torn, blank], place="archive", by="sam", until=world.clock.now().date())
    world.clock.advance(timedelta(days=1))
    keeping.destroy([torn, blank], witness="asha", by="sam", reason="its date has passed")
    counts = world.views.counts()["north"]
    assert (counts.used, counts.returned, counts.spoiled, counts.unused) == (0, 0, 1, 1)


def test_a_missing_sheet_is_named_with_its_station_and_whose_word_it_is(world: PagesWorld) -> None:
    (serial,) = world.paper.issue(station="north", form_type="crime", count=1, by="asha")
    world.paper.declare_missing(serial, by="sam", decided_by="Insp. Nowak", reason="not found")
    page = world.enter(world.app(), "asha").get("/stations").text.partition('id="missing"')[2]
    assert f'<a href="/sheet?serial={serial}">' in page
    assert "not found, on the word of Insp. Nowak" in page


def test_what_does_not_hold_is_named_with_its_station_and_shown_to_that_station(world: PagesWorld) -> None:
    serial = world.paper.issue(station="north", form_type="crime", count=1, by="asha")[0]
    with world.paper.desk.journal.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE paper_sheets SET station = 'south' WHERE serial = '{serial}'")
    said = world.views.all_breaches()
    assert any(serial in line for line in said)
    page = world.enter(world.app(), "asha").get("/stations").text
    assert serial in page
    assert "What does not hold" in page


def test_what_holds_is_as_fresh_as_its_share_allows_and_the_page_says_how_old_it_is(
    world: PagesWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = world.views.checked()
    assert (first.account.printed, world.views.is_whole(first)) == (0, True)
    world.paper.issue(station="north", form_type="crime", count=1, by="asha")
    monkeypatch.setattr(world.views, "_again_from", float("inf"))
    app = world.app()
    assert not world.views.is_whole(world.views.checked())
    asha = world.enter(app, "asha")
    assert "What holds was worked out" in asha.get("/stations").text
    monkeypatch.setattr(world.views, "_again_from", 0.0)
    assert world.views.checked().account.printed == 1
    assert "everything recorded until now" in asha.get("/stations").text


def test_a_station_sees_all_of_its_own_breaches_however_many_others_have(world: PagesWorld) -> None:
    world.paper.issue(station="north", form_type="crime", count=30, by="asha")
    world.paper.issue(station="south", form_type="crime", count=30, by="asha")
    with world.paper.desk.journal.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE paper_sheets SET stage = 'used'")
    assert len([said for said in world.views.breaches("south") if said.startswith("I2b")]) == 30
