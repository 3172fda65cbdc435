"""Everybody's own calendar by a signed link: what is theirs, as it is expected now, until it no longer counts."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from icalendar import Calendar
from starlette.applications import Starlette

from tests.cutover.web.browser import Signed
from tests.cutover.web.conftest import world as world  # noqa: PLC0414  the fixture
from tests.cutover.web.world import World


@pytest.fixture
def app(world: World) -> Starlette:
    world.start()
    return world.guarded()


def address(world: World, app: Starlette, person: str) -> str:
    page = world.enter(app, person).get("/board/calendar").text
    return re.findall(r'href="(/calendar/[^"]+\.ics)"', page)[0]


def events(app: Starlette, path: str) -> dict[str, str]:
    """What a calendar program without any sign-in gets: event by task, with its part in words."""
    answer = Signed(app).get(path)
    assert answer.headers["content-type"].startswith("text/calendar")
    found = Calendar.from_ical(answer.content).walk("VEVENT")
    return {str(event["uid"]).partition(".")[0]: str(event["description"]) for event in found}


def test_it_holds_what_is_mine_by_name_and_team_and_every_gate(world: World, app: Starlette) -> None:
    found = events(app, address(world, app, "bo"))
    assert "Your part: your team" in found["F3"]
    assert "Your part" not in found["G2"]
    assert {"G1", "G2", "P1"} <= found.keys(), "gates and the point of no return are everybody's"
    assert "F2" not in found, "that is Asha's"
    assert "Your part: you decide" in events(app, address(world, app, "chen"))["G1"]


def test_it_moves_with_the_run(world: World, app: Starlette) -> None:
    path = address(world, app, "bo")
    before = Signed(app).get(path).content
    world.after(hours=9)
    starts = [
        next(
            e["dtstart"].dt for e in Calendar.from_ical(raw).walk("VEVENT") if str(e["uid"]).startswith("F3.")
        )
        for raw in (before, Signed(app).get(path).content)
    ]
    assert starts[1] - starts[0] > timedelta(hours=8)


def test_it_opens_nothing_else_and_ends_when_it_is_revoked_or_over(world: World, app: Starlette) -> None:
    path = address(world, app, "bo")
    token = path.removesuffix(".ics").rpartition("/")[2]
    assert "this link is broken" in Signed(app).get(f"/task/{token}").text
    assert "this link is broken" in Signed(app).get(f"/calendar/{token[:-3]}abc.ics").text
    assert "<h1>Sign in</h1>" in Signed(app).get("/board").text
    world.wall.advance(timedelta(days=14))
    assert "this link expired" in Signed(app).get(path).text
    fresh = world.sign_in.links.calendar("bo", world.run_id, timedelta(hours=1))
    world.wall.advance(timedelta(seconds=1))
    world.sign_in.links.revoke("person:bo")
    assert "this link was revoked" in Signed(app).get(fresh).text


def test_nobody_in_particular_has_no_calendar(world: World, app: Starlette) -> None:
    assert "a calendar is somebody&#39;s: sign in first" in Signed(app).get("/board/calendar").text
    world.account("asha")
    assert "<h1>Sign in</h1>" in Signed(app).get("/board/calendar").text


def test_the_board_leads_to_it(world: World, app: Starlette) -> None:
    assert "/board/calendar?run=" in world.enter(app, "asha").get("/board").text
