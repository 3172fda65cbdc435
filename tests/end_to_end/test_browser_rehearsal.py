"""A whole small rehearsal in a real browser: three roles, three sizes, no scripts but for who only watches."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from runbooks.domain.run_events import RunStage
from tests.chromium import chromium
from tests.end_to_end.rehearsed import COLOURS, Hands, faults_of, performed, served

pytestmark = pytest.mark.real
RUN = "small-1"
FIRST = ("/board", "/board?mine=1", "/board/tasks", "/board/tasks/A1", "/board/tasks/G1", "/board/wall")
# Further pages: each must fit every screen, and is looked at by axe once, on the smallest.
MORE = (
    "/health", "/health?at=" + f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}", "/report", f"/board/review?run={RUN}", "/plan", "/journal", "/backlog", "/feedback", "/conversions", "/plays",
    "/board/edits", "/board/edits?preview=1&task=A2&duration=50m&reason=slow", "/board/backout", "/board/backout?component=records",
    "/board/calendar",
)  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def test_three_roles_click_a_small_rehearsal_to_its_end_while_a_wall_watches(
    browser: Browser, tmp_path: Path
) -> None:
    with performed(tmp_path / "go") as world, served(world) as address:
        asha = Hands(browser, address, "desktop").sign_in("asha")
        wall = Hands(browser, address, "desktop", scripts=True)
        wall.page.goto(world.links.public(timedelta(hours=1)))
        wall.page.goto("/board/wall")
        open_pages = [
            Hands(browser, address, size, scripts=True).sign_in("chen").watches_for_jumps()
            for size in ("desktop", "phone")
        ]
        for hands, path in zip(open_pages, ("/board", "/health"), strict=True):
            hands.page.goto(path)
        asha.waits_for("A1 Open the call")
        _prepare(world, browser, address, asha)
        _decide(browser, address)
        _open(asha)
        expect(wall.page.locator("main")).to_contain_text("7 of 7 tasks over", timeout=20_000)
        assert wall.complaints == []
        for hands in open_pages:
            jumps = hands.jumped()
            assert sum(value for value, _ in jumps) < 0.1, jumps  # what browsers call good
        state = world.runs.state(RUN)
        assert state.stage is RunStage.COMPLETE
        by = {name: at.by for name, at in state.tasks.items()}
        assert by == {
            "A1": "asha",
            "A2": "sam",
            "A3": "sam",
            "A4": "lewis",
            "G1": "performer",
            "P1": "asha",
            "O1": "performer",
        }
        assert world.journal.verify().holds


def _prepare(world, browser: Browser, address: str, asha: Hands) -> None:
    asha.press("Claim")
    asha.says("A1 is yours.")
    asha.press("Done")
    asha.says("A1 is done.")
    sam = Hands(browser, address, "small phone").sign_in("sam")
    sam.page.goto("/board?mine=1")
    sam.waits_for("A2 Tell the stations")
    sam.page.get_by_role("link", name="A2 Tell the stations").click()
    sam.press("Claim: I take it up")
    sam.page.get_by_label("What shows that it is done").fill("all nine answered")
    sam.press("Done")
    sam.says("Sam Adeyemi says: all nine answered")
    sam.page.goto("/board/tasks/A3")
    sam.press("Claim: I take it up")
    sam.page.get_by_text("There is a problem").click()
    sam.page.get_by_label("What went wrong").fill("the tape is of Tuesday")
    sam.press("It failed: hold what follows")
    sam.says("A3 is marked as failed")
    asha.page.goto("/board/tasks/A3")
    asha.page.get_by_label("Why it will go well now").fill("tonight's tape is in")
    asha.press("Try again")
    asha.page.goto("/board")
    asha.page.get_by_text("Run controls").click()
    asha.page.get_by_label("Tell everybody").fill("Soup in room 2")
    asha.press("Announce")
    sam.page.goto("/board/tasks/A3")
    sam.press("Done")
    lewis = Hands(browser, address, "phone")
    lewis.page.goto(world.links.task("lewis", RUN, "A4", timedelta(hours=1)))
    lewis.says("for Lewis Okafor")
    lewis.press("Done")
    lewis.says("This task is over")


def _decide(browser: Browser, address: str) -> None:
    chen = Hands(browser, address, "phone").sign_in("chen")
    chen.page.goto("/board/tasks/G1")
    chen.waits_for("Decide")
    assert _ballot_faults(browser, chen) == []
    chen.press("GO")
    chen.says("Not done.")
    chen.says("The backup was seen: no evidence")
    chen.page.get_by_text("Give evidence that only a person can give").click()
    chen.page.get_by_label("How you know").fill("seen with my own eyes")
    chen.press("Give evidence")
    chen.press("GO")
    chen.says("The gate says go.")


def _ballot_faults(browser: Browser, chen: Hands) -> list[str]:
    """The open ballot with everything unfolded, as axe sees it: in the same session, with scripts."""
    eyes = Hands(browser, chen.address, "phone", scripts=True)
    eyes.context.add_cookies(chen.context.cookies())  # type: ignore[arg-type]
    eyes.page.goto("/board/tasks/G1")
    eyes.unfold()
    eyes.fits()
    return [*faults_of(eyes.page), *eyes.complaints]


def _open(asha: Hands) -> None:
    asha.page.goto("/board")
    asha.waits_for("P1 Switch the writes over")
    asha.says("Soup in room 2")
    asha.waits_to_press("Done")
    asha.waits_for("Run ended")


@pytest.mark.parametrize("size", ["desktop", "small phone"])
def test_every_page_is_clean_to_axe_and_fits_its_screen(browser: Browser, tmp_path: Path, size: str) -> None:
    with performed(tmp_path / "go") as world, served(world) as address:
        hands = Hands(browser, address, size, scripts=True)
        hands.page.goto("/sign-in")
        found = faults_of(hands.page)
        hands.sign_in("asha")
        hands.waits_for("A1 Open the call")
        task = world.links.task("lewis", RUN, "A4", timedelta(hours=1))
        for path in (*FIRST, task):
            hands.page.goto(path)
            found += faults_of(hands.page)
            hands.page.emulate_media(color_scheme="dark")
            found += [f"dark: {fault}" for fault in faults_of(hands.page, COLOURS)]
            hands.page.emulate_media(color_scheme="light")
            hands.fits()
        for path in MORE:
            hands.page.goto(path)
            hands.unfold()
            found += faults_of(hands.page) if size != "desktop" else []
            hands.fits()
        hands.page.goto("/board/tasks/A1")
        hands.unfold()
        hands.page.get_by_label("Why it is left out").fill(" ")
        hands.press("Skip: release what follows")
        hands.says("this may not be empty")
        found += faults_of(hands.page)
        assert found == []
        assert hands.complaints == []
