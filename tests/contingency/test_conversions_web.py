"""The page shows both sources side by side, what could not be sent and why it is paused."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from threading import Event
from typing import Any

import pytest

from contingency.conversions_web import ConversionPages
from cutover.store.accounts import Accounts
from cutover.web.kit import build_app
from cutover.web.links import Links
from cutover.web.sign_in import SignIn
from tests.contingency.conftest import Records
from tests.contingency.test_pages import Here
from tests.contingency.world import PROGRAMME, World, sent_as, somebody

pytestmark = pytest.mark.real


def shown(pages: ConversionPages) -> Any:
    return pages.pages()[0].build({})


def test_what_waits_for_a_person_is_shown_with_both_sources(world: World, records: Records) -> None:
    """The paper's words beside the target's; a pause stands at the head."""
    at = world.clock.now() - timedelta(hours=2)
    reference = records.add(form_type="crime", person=sent_as(somebody(0)), occurred_at=at.isoformat())
    (serial,) = world.verified(1)
    service = world.converting(records.url)
    asyncio.run(service.convert_batch(by="tova"))
    service.pause(by="chen", reason="wrong district")
    page = shown(ConversionPages(service, "Europe/London"))
    ((line),) = page.matches
    assert (line.serial, line.candidates[0].reference) == (serial, reference)
    assert line.candidates[0].shows == line.paper
    assert (page.paused, page.letters, page.may_act) == ("by chen: wrong district", (), False)


def site(world: World, pages: ConversionPages, person: str) -> Here:
    accounts = Accounts(world.desk.journal.engine)
    guard = SignIn(accounts, Links(accounts, world.clock), PROGRAMME, world.clock, person)
    served = [*pages.pages(), *guard.pages()]
    acts = [*pages.acts(), *guard.acts()]
    return Here(build_app("A go-live", served, world.desk.journal, Event(), acts=acts, guard=guard))


def test_a_person_decides_on_the_page_by_name_and_with_a_reason(world: World, records: Records) -> None:
    """Another event needs the reason; with it the sheet goes on, in the name of who decided."""
    at = world.clock.now() - timedelta(hours=2)
    records.add(form_type="crime", person=sent_as(somebody(0)), occurred_at=at.isoformat())
    (serial,) = world.verified(1)
    service = world.converting(records.url)
    asyncio.run(service.convert_batch(by="tova"))
    asha = site(world, ConversionPages(service, "Europe/London"), "asha")
    text = asha.get("/conversions").text
    assert (f"Decide {serial}" in text, text.count(service.paper_shows(serial)) >= 2) == (True, True)
    asha.post(f"/conversions/decide?serial={serial}", verdict="distinct", reason=" ")
    assert service.status()["matched"] == 1
    asha.post(f"/conversions/decide?serial={serial}", verdict="distinct", reason="two in one night")
    assert service.status()["distinct"] == 1
    assert world.desk.journal.read(f"conversion:{serial}")[-1].actor == "asha"
