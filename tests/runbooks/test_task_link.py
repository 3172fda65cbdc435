"""One task for one person without an account: the link opens that and nothing else, until it no longer counts."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from starlette.applications import Starlette

from runbooks.domain.run_events import TaskStage
from tests.cutover.web.browser import Signed
from tests.cutover.web.conftest import world as world  # noqa: PLC0414  the fixture
from tests.cutover.web.world import World


@pytest.fixture
def app(world: World) -> Starlette:
    world.start()
    app = world.guarded()
    world.account("chen")
    return app


def link(world: World, task: str = "F2", person: str = "asha") -> str:
    return world.sign_in.links.task(person, world.run_id, task, timedelta(hours=4))


def fields(browser: Signed, path: str) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="(seen|run)" value="([^"]*)"', browser.get(path).text))


def test_reading_a_link_does_nothing_and_its_forms_do(world: World, app: Starlette) -> None:
    path, browser = link(world), Signed(app)
    page = browser.get(path)
    assert "for Asha Rahman" in page.text
    assert world.runs.state(world.run_id).tasks["F2"].stage is TaskStage.STARTABLE
    assert "F2 is yours." in browser.send(f"{path}/claim", fields(browser, path)).text
    answer = browser.send(f"{path}/done", {**fields(browser, path), "evidence": "frozen"})
    assert "F2 is done." in answer.text
    assert "This task is over" in answer.text
    assert world.runs.state(world.run_id).tasks["F2"].by == "asha"


def test_a_link_opens_no_other_task_and_no_page(world: World, app: Starlette) -> None:
    path, browser = link(world), Signed(app)
    browser.get(path)
    assert "<h1>Sign in</h1>" in browser.get("/board").text
    answer = browser.send(f"{path}/skip", {"reason": "no"})
    assert answer.status_code in (404, 405)


def test_a_person_who_may_not_is_refused_as_on_the_board(world: World, app: Starlette) -> None:
    path, browser = link(world, person="bo"), Signed(app)
    answer = browser.send(f"{path}/claim", fields(browser, path))
    assert "F2 is for asha, not for bo" in answer.text


def test_a_used_link_does_nothing_more(world: World, app: Starlette) -> None:
    path, browser = link(world), Signed(app)
    old = fields(browser, path)
    world.done("F2", "asha", "frozen")
    answer = browser.send(f"{path}/done", {**old, "evidence": "again"})
    assert answer.status_code == 409
    assert "Meanwhile" in answer.text
    assert "This task is over" in browser.get(path).text


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ("expired", "this link expired at"),
        ("revoked", "was revoked"),
        ("person", "was revoked"),
        ("cut", "this link is broken"),
    ],
)
def test_a_link_that_no_longer_counts_says_why_to_readers_and_to_forms(
    world: World, app: Starlette, end: str, words: str
) -> None:
    path, browser = link(world), Signed(app)
    world.wall.advance(timedelta(hours=4) if end == "expired" else timedelta(seconds=1))
    if end in ("revoked", "person"):
        world.sign_in.links.revoke(path if end == "revoked" else "person:asha")
    path = path[:-2] if end == "cut" else path
    for answer in (browser.get(path), browser.send(f"{path}/claim", {"seen": "1"})):
        assert answer.status_code == 409
        assert words in answer.text
    assert world.runs.state(world.run_id).tasks["F2"].stage is TaskStage.STARTABLE


def test_a_link_for_reading_opens_no_task(world: World, app: Starlette) -> None:
    public = world.sign_in.links.public(timedelta(hours=1)).rpartition("/")[2]
    assert "this link is broken" in Signed(app).get(f"/task/{public}").text
