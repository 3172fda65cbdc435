"""The backlog and the feedback as pages: the same order as the command, acts by the rules, no sign-in to be heard."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import httpx
import pytest

from contingency.backlog_acts import BacklogActs
from contingency.backlog_web import backlog_pages, item_link
from contingency.domain.backlog import FindItem
from contingency.domain.improvements import ReportStage
from contingency.domain.staffing import Staffing
from contingency.domain.triage import Grade
from contingency.feedback_web import MOST, FeedbackPages
from contingency.improvements import FeedbackService
from contingency.incidents import IssueService
from cutover.store.accounts import Accounts
from cutover.web.kit import build_app
from cutover.web.links import Links
from cutover.web.sign_in import SignIn
from tests.contingency.world import PROGRAMME, World
from tests.cutover.web.browser import Signed

HOUR = timedelta(hours=1)


class Here(Signed):
    """A browser on the machine itself: where one acts as somebody, no other host is served."""

    async def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        return await super()._send(method, path, **{**more, "headers": {"Host": "localhost"}})


def site(world: World, person: str) -> Signed:
    """The pages as `person` opens them; '' is somebody who has not signed in."""
    accounts = Accounts(world.desk.journal.engine)
    guard = SignIn(accounts, Links(accounts, world.clock), PROGRAMME, world.clock, person)
    feedback = FeedbackPages(
        FeedbackService(world.desk, PROGRAMME), IssueService(world.desk), "Europe/London", world.clock
    )
    pages = [
        *backlog_pages(world.backlog, "Europe/London", world.clock, lambda: Staffing(4)),
        *feedback.pages(),
        *guard.pages(),
    ]
    acts = [*BacklogActs(world.backlog).acts(), *feedback.acts(), *guard.acts()]
    return Here(build_app("A go-live", pages, world.desk.journal, threading.Event(), acts=acts, guard=guard))


@pytest.fixture
def full(world: World) -> World:
    now = world.clock.now()
    tiers = [Grade.STANDARD, Grade.HIGH, Grade.MEDIUM] * 5
    world.backlog.find(
        {
            f"da/{n}": FindItem(by="asha", item_type="da_assessment", tier=tier, occurred_at=now - (n + 1) * HOUR, source="seed", due_at=now + (5 - n) * HOUR)
            for n, tier in enumerate(tiers)
        }
    )  # fmt: skip
    world.used(world.paper.issue(station="central", form_type="crime", count=3, by="bo"))
    return world


def test_the_page_shows_the_order_of_the_command_and_is_headed_by_the_oldest(full: World) -> None:
    text = site(full, "asha").get("/backlog").text
    places = [text.index(f"<strong>{r.item.id}</strong>") for r in full.backlog.next(15)]
    assert places == sorted(places)
    assert text.index("15h <small>the oldest: da/14") < places[0]
    assert "clerk-days" in text


@pytest.mark.requirement("R12")
def test_somebody_asks_what_if_and_is_told_beside_what_is(full: World) -> None:
    """R12: other keyers, other minutes a form; what is no number is refused with its range."""
    reader = site(full, "asha")
    asked = reader.get("/backlog?keyers=1&minutes=40").text
    assert "What if: 1 keyer, 40 minutes a form" in asked
    assert asked.count('class="chart clearing"') == 2
    assert reader.get("/backlog").text.count('class="chart clearing"') == 1
    refused = reader.get("/backlog?keyers=many")
    assert (refused.status_code, "is no number of keyers" in refused.text) == (400, True)


def test_a_kind_leads_to_its_items_and_an_item_says_why_it_is_not_next(full: World) -> None:
    reader = site(full, "asha")
    assert reader.get("/backlog/high/da_assessment").text.count("/backlog/item?key=") == 5
    assert reader.get("/backlog/grave/da_assessment").status_code == 404
    last = full.backlog.items(Grade.STANDARD, "da_assessment")[-1].key
    assert "of higher risk" in reader.get(item_link(last)).text


def test_an_item_is_claimed_by_one_and_closed_by_another_with_its_reference(full: World) -> None:
    """Without a reference, and by whoever claimed it, the page says why not."""
    key = full.backlog.next(1)[0].item.id
    bo, chen = site(full, "asha"), site(full, "chen")
    bo.get(item_link(key))
    assert (
        "somebody else verifies it"
        in bo.send(
            item_link(key).replace("item?", "item/claim?"), {"token": bo.token, "done": "assessed"}
        ).text
    )
    again = bo.send(item_link(key).replace("item?", "item/verify?"), {"token": bo.token, "reference": ""})
    assert (again.status_code, "asha claimed it" in again.text, "needs the reference" in again.text) == (
        409,
        True,
        True,
    )
    chen.get(item_link(key))
    assert (
        "Closed in your name with RA-1"
        in chen.send(
            item_link(key).replace("item?", "item/verify?"), {"token": chen.token, "reference": "RA-1"}
        ).text
    )
    assert key not in [r.item.id for r in full.backlog.next()]


def test_a_station_is_heard_without_a_sign_in_and_its_words_are_no_markup(world: World) -> None:
    """What is typed is shown as typed; the state is there at once."""
    text = (
        site(world, "")
        .send(
            "/feedback", {"station": "central", "text": "<script>alert(1)</script> list empty", "pulse": "2"}
        )
        .text
    )
    assert "Thank you: your report is F1" in text
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "not answered yet" in text


def test_two_hundred_reports_have_each_a_state_and_an_answer(world: World) -> None:
    """R15: answered, or tied to a known issue with what to do meanwhile."""
    feedback, issues = FeedbackService(world.desk, PROGRAMME), IssueService(world.desk)
    issues.know(
        "search",
        "Search needs exact names",
        by="bo",
        owner="asha",
        meanwhile="by number",
        expires_at=world.clock.now() + 24 * HOUR,
    )
    for n in range(200):
        name = feedback.report("central", f"report {n}", n % 5 + 1)
        if n % 3:
            feedback.answer(name, f"answer {n}", by="bo")
        else:
            feedback.known_issue(name, "search", "search by number", by="bo")
    reports = feedback.reports()
    assert all(r.answer and r.stage in (ReportStage.ANSWERED, ReportStage.KNOWN_ISSUE) for r in reports)
    text = site(world, "").get("/feedback").text
    assert "Reports: 200, of them 0 not answered yet" in text
    assert "Meanwhile: by number" in text


def test_whoever_sends_too_much_is_asked_to_wait_and_others_are_not(world: World) -> None:
    sender = site(world, "")
    said = {"station": "central", "text": "again", "pulse": "3"}
    codes = [sender.send("/feedback", said).status_code for _ in range(MOST + 1)]
    assert codes == [200] * MOST + [409]
    world.after(11)
    assert sender.send("/feedback", said).status_code == 200


def test_an_answer_takes_a_role_and_words(world: World) -> None:
    FeedbackService(world.desk, PROGRAMME).report("central", "slow", 3)
    outsider, asha = site(world, ""), site(world, "asha")
    assert outsider.send("/feedback/F1/answer", {"answer": "x"}).status_code == 409
    asha.get("/feedback")
    assert asha.post("/feedback/F1/answer", answer=" ").status_code == 409
    assert "Answer:" in asha.post("/feedback/F1/answer", answer="A new line comes on Monday.").text
