"""The life of one sheet on a page: every time kept apart, every move, and nothing that was written on it."""

from __future__ import annotations

from datetime import timedelta

from paper_capture.keeping import PaperKeeping
from tests.paper_capture.pages_world import PagesWorld
from tests.paper_capture.test_web_convert import PNG
from tests.paper_capture.world import CRIME, entry, used


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


def test_a_keyer_keeps_a_sheet_back_and_the_answer_brings_it_on(world: PagesWorld) -> None:
    serial = world.returned("crime")[0]
    app = world.app()
    nils = world.enter(app, "nils")
    assert serial in nils.post("/convert/next").text
    said = nils.post(f"/convert/{serial}/hold", owner="PC Okoro 412", reason="which address?").text
    assert "kept back for PC Okoro 412" in said
    assert "nothing waits" in nils.post("/convert/next").text
    page = world.enter(app, "viktor")
    assert "which address?" in page.get("/stations").text
    assert "which address?" in page.get("/sheet", serial=serial).text
    assert "freed without the answer" in page.post(f"/sheet/{serial}/free", answer=" ").text
    page.post(f"/sheet/{serial}/free", answer="the first")
    assert world.paper.sheet(serial).held is None
    assert serial in nils.post("/convert/next").text


def test_a_supervisor_says_that_a_record_goes_on_live_and_others_do_not(world: PagesWorld) -> None:
    serial = world.paper.issue(station="north", form_type="custody", count=1, by="asha")[0]
    world.paper.log_used([used(serial)], by="sam")
    app = world.app()
    nils, viktor = world.enter(app, "nils"), world.enter(app, "viktor")
    assert "stays the master until" not in nils.get("/sheet", serial=serial).text
    nils.post(f"/sheet/{serial}/live", reason="still detained")
    assert world.paper.sheet(serial).stage == "used"
    viktor.get("/sheet", serial=serial)
    assert "this paper is the master" in viktor.post(f"/sheet/{serial}/live", reason="still detained").text
    assert "Records still open" in viktor.get("/stations").text
    assert world.paper.account().live == 1
    PaperKeeping(world.paper).sign_over(serial, signed_by="PS Hill", reference="CU-77", by="viktor")
    assert "anded over live as CU-77, signed by PS Hill" in viktor.get("/sheet", serial=serial).text
