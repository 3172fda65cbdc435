"""Every page that is served, as a browser paints it: nothing that axe-core finds at WCAG 2.2 AA, nothing wider than a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page

from cutover.app.bootstrap import World, build_world
from cutover.app.web import assembled
from cutover.web.sign_in import SESSION_COOKIE
from tests.chromium import chromium
from tests.end_to_end.rehearsed import faults_in_every_sight, faults_of, served
from tests.runbooks.folders import PROGRAMME, write_programme

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

MINE = PROGRAMME.replace("people:\n", "people:\n  - {id: ruth, name: Ruth Okoye, station: central, badge: '4711', roles: [programme_manager, decider, hypercare, station, keyer, supervisor, admin]}\n")  # fmt: skip
# What stands in an address for its braces. Pages that hand out a file, or that open by a link sent to one person, are
# read by their own tests; of a sheet there is none here.
FILLED = {"{task}": "A", "{station}": "central", "{tier}": "high", "{kind}": "crime"}
FILES = (
    "/board/evidence/", "/convert/{serial}", "/calendar/{link}", "/task/{link}", "/open/", "/reconciliation/",
    "/stations/{station}/import/",
)  # fmt: skip
NONE_OF_IT = {
    "/backlog/item": 404
}  # an address that asks for an item: what is shown without one is a page too
SCREENS = {
    "a wide screen": (1280, 900),
    "a small phone": (320, 640),
}  # the phone is also a wide screen at 400 %


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = write_programme(tmp_path_factory.mktemp("every") / "prog", programme=MINE)
    made = build_world(folder)
    made.accounts.add("ruth", "no password: signed in by the test", datetime.now(UTC))
    made.runs.start(next(iter(made.folder.runbooks.values())), by="ruth")
    yield made
    made.engine.dispose()


@pytest.fixture(scope="module")
def address(world: World) -> Iterator[str]:
    with served(world) as where:
        yield where


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def paths(world: World) -> list[str]:
    """Each page's address, from the list of what is served: a new page is looked at without a word here."""
    found = [page.path for page in assembled(world).pages if not page.path.startswith(FILES)]
    for name, value in FILLED.items():
        found = [path.replace(name, value) for path in found]
    assert not [path for path in found if "{" in path], "a page whose address nothing fills: add it to FILLED"
    return [*found, "/station/central", "/no-such-page"]


@contextmanager
def signed_in(browser: Browser, world: World, address: str, screen: str) -> Iterator[Page]:
    width, height = SCREENS[screen]
    context = browser.new_context(base_url=address, viewport={"width": width, "height": height})
    session = world.accounts.sessions.open("ruth", datetime.now(UTC))
    context.add_cookies([{"name": SESSION_COOKIE, "value": session, "url": address}])
    page = context.new_page()
    page.set_default_timeout(60_000)
    yield page
    context.close()


@pytest.mark.parametrize("screen", SCREENS)
def test_every_page_is_free_of_faults_and_fits_the_screen(
    browser: Browser, world: World, address: str, screen: str
) -> None:
    """On both screens, and on the phone in the dark, with more contrast and in forced colours too."""
    look = faults_in_every_sight if screen == "a small phone" else faults_of
    found = []
    with signed_in(browser, world, address, screen) as page:
        for path in paths(world):
            answer = page.goto(path)
            assert answer is not None
            assert answer.status in (200, NONE_OF_IT.get(path, 404 if path == "/no-such-page" else 200)), path
            page.evaluate(
                "document.querySelectorAll('details:not(.more)').forEach(d => d.open = true)"
            )  # an open menu lies over the page
            wide = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            found += [f"{path} is {wide} px too wide"] if wide > 0 else []
            found += look(page)
    assert found == []


def test_by_keyboard_alone_the_board_is_reached_and_where_one_stands_is_seen(
    browser: Browser, world: World, address: str
) -> None:
    """The first key leads to "Skip to the content"; each place that takes the keyboard shows an outline."""
    with signed_in(browser, world, address, "a wide screen") as page:
        page.goto("/board")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
        unseen = []
        for _ in range(40):
            page.keyboard.press("Tab")
            style = page.evaluate(
                "(e => [e.tagName, e.textContent.trim().slice(0, 40), getComputedStyle(e).outlineWidth])(document.activeElement)"
            )
            if style[0] != "BODY" and not re.match(r"[1-9]", style[2]):
                unseen.append(style)
        assert unseen == []
