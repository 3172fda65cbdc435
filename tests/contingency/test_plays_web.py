"""The plays as a page: only who is named decides there, what is open is said, and the way back is ticked off by name."""

from __future__ import annotations

import threading
from dataclasses import replace
from html import unescape

from contingency.domain.triggers import PlayStage
from contingency.plays_web import PlayPages
from cutover.store.accounts import Accounts
from cutover.web.kit import build_app
from cutover.web.links import Links
from cutover.web.sign_in import SignIn
from tests.contingency.test_pages import Here
from tests.contingency.test_service import LINES, breached
from tests.contingency.world import PROGRAMME, World, with_play
from tests.cutover.web.browser import Signed


def site(world: World, person: str) -> Signed:
    accounts = Accounts(world.desk.journal.engine)
    guard = SignIn(accounts, Links(accounts, world.clock), PROGRAMME, world.clock, person)
    plays = PlayPages(world.plays, PROGRAMME, world.clock)
    pages, acts = [*plays.pages(), *guard.pages()], [*plays.acts(), *guard.acts()]
    return Here(build_app("A go-live", pages, world.desk.journal, threading.Event(), acts=acts, guard=guard))


def address(world: World, act: str) -> str:
    return f"/plays/{act}?play={world.plays.plays()[0].id}"


def test_before_anything_is_proposed_the_page_says_what_waits_on_what(world: World) -> None:
    text = site(world, "chen").get("/plays").text
    assert "No play is proposed" in text
    assert "custody-health" in text
    assert 'data-th="Who decides">Chen' in text
    assert "<button" not in text.partition("<main")[2].partition("</main>")[0]


def test_the_decider_enacts_on_the_page_with_a_reason_and_in_their_name(world: World) -> None:
    chen = site(breached(world), "chen")
    assert "Enact " in chen.get("/plays").text
    refused = chen.post(address(world, "enact"), reason=" ")
    assert (refused.status_code, "needs a reason" in refused.text) == (409, True)
    assert "is in force in your name" in chen.post(address(world, "enact"), reason="no sign of recovery").text
    (view,) = world.plays.plays()
    assert (view.stage, view.decided_by) == (PlayStage.ENACTED, "chen")


def test_nobody_else_is_offered_the_decision_and_one_who_sends_it_all_the_same_is_refused(
    world: World,
) -> None:
    bo = site(breached(world), "bo")
    text = bo.get("/plays").text
    assert "Nothing happens until" in text
    assert "Enact " not in text
    assert bo.post(address(world, "enact"), reason="I think so").status_code == 409
    assert world.plays.plays()[0].stage is PlayStage.PROPOSED


def test_the_way_back_is_ticked_off_by_name_and_ends_only_when_nothing_is_open(world: World) -> None:
    chen = site(breached(world), "chen")
    chen.get("/plays")
    chen.post(address(world, "enact"), reason="no sign of recovery")
    assert 'action="/plays/stand-down' not in chen.get("/plays").text
    early = chen.post(address(world, "stand-down"))
    assert (early.status_code, "not done" in early.text) == (409, True)
    for line in LINES:
        assert chen.post(address(world, "line"), one=line).status_code == 200
    assert 'action="/plays/stand-down' in chen.get("/plays").text
    assert "is stood down" in chen.post(address(world, "stand-down")).text
    assert world.plays.plays()[0].stage is PlayStage.STOOD_DOWN


def test_what_was_proposed_stands_on_the_page_whatever_the_file_says_by_now(world: World) -> None:
    chen = site(breached(world), "chen")
    chen.get("/plays")
    chen.post(address(world, "enact"), reason="no sign of recovery")
    before = chen.get("/plays").text
    play = world.book.plays[world.plays.plays()[0].play]
    world.plays.book = with_play(world.book, stand_down=play.stand_down[:1])
    after = unescape(chen.get("/plays").text)
    assert ("Its file has changed" in before, "Its file has changed" in after) == (False, True)
    assert all(line.title in after for line in play.stand_down)
    world.plays.book = replace(world.book, plays={})
    gone = unescape(chen.get("/plays").text)
    assert all(line.title in gone for line in play.stand_down)


def test_a_play_is_declined_with_a_reason_and_stands_among_those_that_are_over(world: World) -> None:
    chen = site(breached(world), "chen")
    chen.get("/plays")
    text = chen.post(address(world, "decline"), reason="back in a minute").text
    assert "back in a minute" in text.partition('id="over"')[2]
