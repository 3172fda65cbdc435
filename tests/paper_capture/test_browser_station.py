"""A station with its network down, in a real browser; and each paper page as axe and a small screen see it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, Playwright, expect, sync_playwright

import paper_capture.web_station as web
from cutover.app.bootstrap import World
from paper_capture.web_station import FILES
from tests.end_to_end.rehearsed import faults_of
from tests.paper_capture.offline import PASSWORD, LossyLine, Pc, link, log_order, programme, served
from tests.paper_capture.world import entry, used
from tests.real_parts import require_real

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.mark.requirement("R24")
def test_twenty_sheets_logged_without_a_network_arrive_once_and_in_order_whatever_is_lost_or_deployed(
    playwright: Playwright, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = programme(tmp_path / "go")
    serials = world.paper.issue(station="north", form_type="crime", count=20, by="asha")
    now = datetime.now(ZoneInfo("Europe/London")) - timedelta(minutes=5)
    with served(world) as address:
        pc = Pc(playwright, tmp_path / "profile", address)
        pc.open(link(world, "north"))
        pc.page.wait_for_selector("#link.on")
        pc.page.wait_for_selector("body[data-kept=true]")
        pc.page.fill("#by", "PC 412")
        pc.context.set_offline(True)
        for serial in serials[:12]:
            pc.log(serial, now)
        pc.close()
        pc.open("/station/north", offline=True)
        expect(pc.waiting).to_have_count(12)
        pc.page.fill("#by", "PC 412")
        for serial in serials[12:]:
            pc.log(serial, now)
        expect(pc.waiting).to_have_count(20)
        assert log_order(world) == []
    _deploy(tmp_path, monkeypatch)
    with served(world, int(address.rpartition(":")[2])):
        line = LossyLine(frozenset({4, 11}))
        pc.context.route("**/moves/*", line)
        pc.context.set_offline(False)
        pc.all_sent()
        assert (line.lost, line.seen) == (2, 22)
        assert log_order(world) == list(serials)
        assert {world.paper.sheet(s).writer for s in serials} == {"PC Król <b>7</b>"}
        pc.newest_worker()
        pc.page.click("#take-over")
        pc.page.wait_for_selector("h1:has-text('North Quay')")
        expect(pc.page.locator("#by")).to_have_attribute("placeholder", "after the deploy", timeout=30_000)
        assert pc.complaints == []
        pc.close()
    world.engine.dispose()


def _deploy(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version of the page's files."""
    after = place / "after"
    shutil.copytree(FILES, after)
    shell = (after / "shell.html").read_text("utf-8")
    (after / "shell.html").write_text(shell.replace("name or number", "after the deploy"), "utf-8")
    monkeypatch.setattr(web, "FILES", after)


def test_what_is_wrong_is_said_at_once_and_two_accounts_are_settled_by_a_person(
    playwright: Playwright, tmp_path: Path
) -> None:
    world = programme(tmp_path / "go")
    mine, other = world.paper.issue(station="north", form_type="crime", count=2, by="asha")
    theirs = world.paper.issue(station="south", form_type="crime", count=1, by="asha")[0]
    now = datetime.now(ZoneInfo("Europe/London")) - timedelta(minutes=5)
    with served(world) as address:
        pc = Pc(playwright, tmp_path / "profile", address)
        pc.open(link(world, "north"))
        pc.page.wait_for_selector("#link.on")
        pc.page.fill("#serial", mine[:-1] + str((int(mine[-1]) + 1) % 10))
        expect(pc.page.locator("#serial-says")).to_contain_text("check digits do not fit")
        pc.page.fill("#serial", f"CF1:{mine}:1:1/2:7K3F9QXW")
        pc.page.press("#serial", "Enter")
        expect(pc.page.locator("#serial")).to_have_value(mine)
        expect(pc.page.locator("#serial-says")).to_contain_text("✓ Crime report")
        pc.page.fill("#serial", theirs)
        expect(pc.page.locator("#serial-says")).to_contain_text("Not in this station's list")
        pc.page.click("#save")
        expect(pc.page.locator("#saved")).to_contain_text("who you are")
        pc.page.fill("#by", "PC 412")
        assert pc.page.input_value("#occurred_at") == ""
        pc.page.fill("#occurred_at", "2026-10-25T01:30")
        expect(pc.page.locator(".twice label").first).to_contain_text("BST")
        pc.page.fill("#occurred_at", "2026-10-25T03:30")
        expect(pc.page.locator(".twice label")).to_have_count(0)
        world.paper.log_used(
            [used(mine, written_at=now, occurred_at=now, writer="PC Other", grade="high")], by="sam"
        )
        pc.log(mine, now)
        pc.log(theirs, now)
        conflict = pc.page.locator("li[data-state=conflict]")
        expect(conflict).to_contain_text("PC Other", timeout=20_000)
        expect(conflict).to_contain_text("PC Król <b>7</b>")
        expect(pc.page.locator("li[data-state=refused]")).to_contain_text("was not issued to north")
        assert faults_of(pc.page) == []
        conflict.get_by_role("button").click()
        expect(conflict).to_have_count(0)
        pc.page.locator("li[data-state=refused]").get_by_role("button", name="Change").click()
        expect(pc.page.locator("#serial")).to_have_value(theirs)
        pc.page.fill("#serial", other)
        pc.page.click("#save")
        row = pc.page.locator("#sheets tr").filter(has_text=other)
        expect(row).to_contain_text("written, here", timeout=20_000)
        assert world.paper.sheet(other).writer == "PC Król <b>7</b>"
        assert pc.complaints == []
        pc.close()
    world.engine.dispose()


def test_a_time_of_the_hour_that_comes_twice_is_asked_for_once_and_kept(
    playwright: Playwright, tmp_path: Path
) -> None:
    """Taken back for a change it is not asked again; what is written just now needs no question."""
    world = programme(tmp_path / "go")
    serial = world.paper.issue(station="north", form_type="crime", count=1, by="asha")[0]
    with served(world) as address:
        pc = Pc(playwright, tmp_path / "profile", address)
        pc.open(link(world, "north"))
        pc.page.wait_for_selector("#link.on")
        pc.context.set_offline(True)
        for field, text in (("by", "PC 412"), ("serial", serial), ("writer", "PC 412")):
            pc.page.fill(f"#{field}", text)
        pc.page.fill("#occurred_at", "2025-10-26T01:30")
        pc.page.fill("#written_at", "2025-10-26T03:00")
        pc.page.click("#save")
        expect(pc.page.locator("#occurred_at-says")).to_contain_text("Say which of the two")
        pc.page.locator(".twice label").nth(1).click()
        pc.page.click("#save")
        expect(pc.waiting).to_have_count(1)
        pc.waiting.get_by_role("button", name="Change").click()
        expect(pc.page.locator(".twice input").nth(1)).to_be_checked()
        expect(pc.page.locator("#occurred_at-says")).to_contain_text("01:30 GMT")
        pc.page.click("#save")
        expect(pc.waiting).to_have_count(1)
        pc.context.set_offline(False)
        pc.all_sent()
        assert world.paper.sheet(serial).occurred_at == datetime(2025, 10, 26, 1, 30, tzinfo=UTC)
        pc.page.wait_for_selector("#link.on")
        pc.context.set_offline(True)  # a page that hears its server goes by that one's clock
        pc.page.wait_for_selector("#link:not(.on)", timeout=60_000)
        pc.page.clock.set_fixed_time(datetime(2025, 10, 26, 0, 40, 20, tzinfo=UTC))
        pc.page.click("#now")
        expect(pc.page.locator("#written_at-says")).to_contain_text("01:40 BST")
        assert pc.complaints == []
        pc.close()
    world.engine.dispose()


def test_every_paper_page_is_clean_to_axe_and_fits_the_smallest_screen_in_the_dark(
    playwright: Playwright, tmp_path: Path
) -> None:
    world = programme(tmp_path / "go")
    keyed, differs = _sheets(world)
    with served(world) as address:
        browser = playwright.chromium.launch(
            executable_path=str(require_real("chromium")), args=["--no-sandbox", "--disable-gpu"]
        )
        context = browser.new_context(
            viewport={"width": 320, "height": 640}, color_scheme="dark", base_url=address
        )
        page = context.new_page()
        page.goto("/sign-in")
        page.fill("#person", "viktor")
        page.fill("#password", PASSWORD)
        page.click("button.main")
        page.wait_for_url("**/convert")
        page.goto("/convert")
        _clean(page)
        page.click("button.main")
        assert keyed in page.url
        page.fill("#f-offence", "bicycle")
        expect(page.locator("#kept")).to_contain_text("Kept at", timeout=30_000)
        _clean(page)
        for path in (
            f"/convert/{differs}/decide",
            "/stations",
            f"/sheet?serial={differs}",
            "/stations/north/import",
            "/station/north",
        ):
            page.goto(path)
            page.wait_for_load_state("networkidle")
            _clean(page)
        page.goto(f"/convert/{keyed}")
        assert page.input_value("#f-offence") == "bicycle"
        browser.close()
    world.engine.dispose()


def _sheets(world: World) -> tuple[str, str]:
    """One sheet to key, and one on which two passes differ."""
    keyed = world.paper.issue(station="north", form_type="crime", count=1, by="asha")[0]
    differs = world.paper.issue(station="north", form_type="domestic_abuse", count=1, by="asha")[0]
    now = datetime.now(ZoneInfo("Europe/London")) - timedelta(minutes=5)
    world.paper.log_used([used(s, written_at=now, occurred_at=now) for s in (keyed, differs)], by="sam")
    world.paper.return_sheets([keyed, differs], by="sam")
    answers = {
        "victim": "Ewa",
        "other_party": "Jan",
        "relation": "partner",
        "account": "shouted",
        "indicators": 6,
    }
    world.paper.enter([entry(differs, answers, keyer="tova")])
    world.paper.enter([entry(differs, {**answers, "indicators": 7}, pass_no=2, keyer="uma")])
    return keyed, differs


def _clean(page: Page) -> None:
    assert faults_of(page) == []
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{page.url} is {wide} px too wide"
