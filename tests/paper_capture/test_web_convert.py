"""Entry and double entry on the page: blind, one keyer a pass, nothing lost, differences decided by a third person."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cutover.core.errors import Conflict, Refused
from paper_capture.domain.sheet import Stage
from paper_capture.entry_fields import MARK
from paper_capture.keying import Keyer
from tests.cutover.web.browser import Signed
from tests.paper_capture.pages_world import PagesWorld
from tests.paper_capture.world import ABUSE, NOON

TYPED = {MARK + name: str(value) for name, value in ABUSE.items()}
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000" "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)  # fmt: skip
NAMED = frozenset({"domestic_abuse"})


def key(browser: Signed, typed: dict[str, str]) -> str:
    """Take the next sheet, key it, and record the pass; the page that answers."""
    page = browser.post("/convert/next")
    serial = str(page.url).rpartition("/")[2]
    return browser.post(f"/convert/{serial}/done", **typed).text


def test_two_blind_passes_that_agree_verify_a_sheet(world: PagesWorld) -> None:
    serial = world.returned("domestic_abuse")[0]
    app = world.app()
    tova, uma = world.enter(app, "tova"), world.enter(app, "uma")
    assert "another person keys it" in key(tova, TYPED)
    assert "nothing waits that you may key" in tova.post("/convert/next").text
    second = uma.post("/convert/next")
    assert "Ewa" not in second.text
    assert "pass 2 of 2" in second.text
    assert "verified" in uma.post(f"/convert/{serial}/done", **TYPED).text
    assert world.paper.sheet(serial).keyers == ("tova", "uma")


@pytest.mark.requirement("R10")
def test_a_difference_is_decided_by_a_third_person_beside_the_image(world: PagesWorld) -> None:
    serial = world.returned("domestic_abuse")[0]
    world.images.file(serial, 1, 1, PNG, by="scanner")
    app = world.app()
    tova, uma, viktor = (world.enter(app, name) for name in ("tova", "uma", "viktor"))
    key(tova, TYPED)
    assert "the two passes differ" in key(uma, {**TYPED, MARK + "account": "<b>other</b>"})
    assert "you keyed this sheet" in tova.get(f"/convert/{serial}/decide").text
    page = viktor.get(f"/convert/{serial}/decide").text
    assert "waited at the door, shouted" in page
    assert "&lt;b&gt;other&lt;/b&gt;" in page
    assert viktor.get(f"/convert/{serial}/image/1").content == PNG
    assert "is verified" in viktor.post(f"/convert/{serial}/decide", **{MARK + "account": "second"}).text
    row = world.paper.sheet(serial)
    assert (row.stage, row.adjudicator, row.values["account"]) == (Stage.VERIFIED, "viktor", "<b>other</b>")


def test_what_is_half_keyed_is_there_again_after_the_claim_has_ended(world: PagesWorld) -> None:
    serial = world.returned("domestic_abuse")[0]
    tova = world.enter(world.app(), "tova")
    tova.post("/convert/next")
    world.clock.advance(timedelta(minutes=4))
    assert "Kept." in tova.post(f"/convert/{serial}/keep", **{MARK + "victim": "Ewa Łukasz"}).text
    world.clock.advance(timedelta(hours=2))
    assert "not yours to key now" in tova.get(f"/convert/{serial}").text
    assert "Go on with" in tova.get("/convert").text
    page = tova.post(f"/convert/{serial}/take").text
    assert 'value="Ewa Łukasz"' in page
    assert "4 min so far" in page
    world.clock.advance(timedelta(minutes=6))
    tova.post(f"/convert/{serial}/done", **TYPED)
    assert world.paper.sheet(serial).minutes == 10


def test_two_keyers_never_hold_the_same_sheet(world: PagesWorld) -> None:
    serials = world.returned("domestic_abuse", 2)
    keyers = [Keyer(name, NAMED) for name in ("a", "b", "c")]
    assert {world.keying.next(keyers[0]), world.keying.next(keyers[1])} == set(serials)
    assert world.keying.next(keyers[0]) in serials
    with pytest.raises(Refused, match="others' hands"):
        world.keying.next(keyers[2])
    with pytest.raises(Conflict, match="another keyer has it now"):
        world.keying.take(keyers[2], serials[0])
    world.clock.advance(timedelta(minutes=31))
    assert world.keying.next(keyers[2]) in serials


def test_a_wrong_answer_comes_back_at_its_field_and_nothing_typed_is_lost(world: PagesWorld) -> None:
    serial = world.returned("crime")[0]
    nils = world.enter(world.app(), "nils")
    nils.post("/convert/next")
    typed = {
        MARK + "reported_at": "2026-10-25 01:30",
        MARK + "offence": "bicycle",
        MARK + "place": "Mill Lane",
    }
    page = nils.post(f"/convert/{serial}/done", **typed).text
    assert "happens twice" in page
    assert "Which of the two?" in page
    assert 'value="bicycle"' in page
    assert world.paper.sheet(serial).stage is Stage.RETURNED
    draft = world.keying.claims.draft(serial, "nils")
    assert draft is not None
    assert draft.answers[MARK + "offence"] == "bicycle"
    empty = nils.post(f"/convert/{serial}/done", **{**typed, MARK + "reported_at": "2026-10-24 09:10", MARK + "offence": ""})  # fmt: skip
    assert "is empty" in empty.text
    assert "Which of the two?" not in empty.text
    nils.post(f"/convert/{serial}/done", **{**typed, MARK + "reported_at.which": "2026-10-25T01:30:00+00:00"})
    assert world.paper.sheet(serial).values["reported_at"] == "2026-10-25T01:30:00+00:00"


def test_answers_and_images_are_for_keyers_and_supervisors_alone(world: PagesWorld) -> None:
    serial = world.returned("crime")[0]
    world.images.file(serial, 1, 1, PNG, by="scanner")
    app = world.app()
    nils = world.enter(app, "nils")
    nils.post("/convert/next")
    assert nils.get(f"/convert/{serial}/image/1").content == PNG
    for person in ("asha", "farid", "sam", "tova"):
        other = world.enter(app, person)
        assert other.get(f"/convert/{serial}").status_code == 409, person
        assert other.get(f"/convert/{serial}/image/1").status_code == 409, person
        assert "Łukasz" not in other.get("/journal").text, person
    assert "takes the role keyer or supervisor" in world.enter(app, "asha").get(f"/convert/{serial}").text


def test_a_restricted_form_is_for_its_named_keyers_and_each_look_is_journalled(world: PagesWorld) -> None:
    form = world.paper.forms["domestic_abuse"].model_copy(update={"restricted": True})
    world.paper.forms = {**world.paper.forms, "domestic_abuse": form}
    world.paper.by_prefix = {f.prefix: f for f in world.paper.forms.values()}
    serial = world.returned("domestic_abuse")[0]
    world.images.file(serial, 1, 1, PNG, by="scanner")
    app = world.app()
    nils, tova = world.enter(app, "nils"), world.enter(app, "tova")
    assert "nothing waits that you may key" in nils.post("/convert/next").text
    assert "Domestic-abuse" not in nils.get("/convert").text
    tova.post("/convert/next")
    tova.get(f"/convert/{serial}/image/1")
    looks = [
        (m.actor, m.event.model_dump()["what"]) for m in world.paper.desk.journal.read(f"looks:{serial}")
    ]
    assert looks == [("tova", "entry of pass 1"), ("tova", "image of page 1")]


def test_sheets_come_in_the_order_that_is_handed_in(world: PagesWorld) -> None:
    serials = world.returned("crime", 3)
    keying = type(world.keying)(world.paper, world.keying.claims, lambda: [(serials[2], "why")])
    assert keying.next(Keyer("nils")) == serials[2]
    assert world.clock.now() > NOON
