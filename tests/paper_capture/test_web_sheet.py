"""The life of one sheet on a page: every time kept apart, every move, and nothing that was written on it."""

from __future__ import annotations

from datetime import timedelta

from tests.paper_capture.pages_world import PagesWorld
from tests.paper_capture.test_web_convert import PNG
from tests.paper_capture.world import CRIME, entry


def test_every_time_of_a_sheet_stands_apart_and_no_answer_is_shown(world: PagesWorld) -> None:
    serial = world.returned("crime")[0]
    world.images.file(serial, 1, 1, PNG, by="scanner")
    world.clock.advance(timedelta(minutes=30))
    world.paper.enter([entry(serial, CRIME, keyer="nils", minutes=20)])
    world.clock.advance(timedelta(minutes=30))
    world.paper.dispose(serial, disposition="converted", reference="NR-1", by="convert")
    farid = world.enter(world.app(), "farid")
    page = farid.get("/sheet", serial=serial).text
    for said in ("happened", "written", "logged", "returned", "page 1 scanned", "pass 1 keyed", "20 min", "converted NR-1"):  # fmt: skip
        assert said in page, said
    assert "bicycle" not in page
    assert "Łukasz" not in page
    assert "is not a serial" in farid.get("/sheet", serial="nonsense").text


def test_the_life_of_a_restricted_form_is_for_its_keyers(world: PagesWorld) -> None:
    form = world.paper.forms["domestic_abuse"].model_copy(update={"restricted": True})
    world.paper.by_prefix = {**world.paper.by_prefix, form.prefix: form}
    serial = world.returned("domestic_abuse")[0]
    app = world.app()
    assert "restricted form" in world.enter(app, "nils").get("/sheet", serial=serial).text
    assert serial in world.enter(app, "tova").get("/sheet", serial=serial).text
