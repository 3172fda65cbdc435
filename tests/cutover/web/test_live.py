"""An open board in a real browser: it follows the journal by itself, and comes back by itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from cutover.domain.modes import Mode
from cutover.web.serving import Server, listen
from runbooks.domain import run_events as ev
from runbooks.domain.notes import CommentOnTask
from tests.chromium import chromium
from tests.cutover.web.conftest import Serve
from tests.cutover.web.world import World

pytestmark = pytest.mark.real


@pytest.fixture
def page() -> Iterator[Page]:
    """A page of the system's Chromium that fails on any script error or breach of the content policy."""
    complaints: list[str] = []
    with chromium() as browser:
        page = browser.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None
        )
        yield page
    assert complaints == []


def test_the_board_updates_by_itself_when_a_fact_is_appended(world: World, serve: Serve, page: Page) -> None:
    world.start()
    stop = threading.Event()
    address = serve(world.app(stop), stop)
    page.goto(f"{address}/board")
    expect(page.locator("#live")).to_have_text("live")
    page.locator("#gantt").focus()
    page.evaluate("window.untouched = true")
    world.switch("custody", Mode.PAPER, "asha", "custody does not answer")
    world.ask(ev.ClaimTask(by="asha", task="F2"))
    expect(page.locator(".modes li.warn .mode")).to_contain_text("On paper")
    expect(page.locator("main")).to_contain_text("claimed by Asha Rahman")
    assert page.evaluate("window.untouched") is True
    assert page.evaluate("document.activeElement.id") == "gantt"
    stop.set()
    expect(page.locator("#live")).to_have_text("stopped")


def test_the_board_comes_back_by_itself_after_the_server_was_away(world: World, page: Page) -> None:
    world.start()
    servers = []
    port = 0
    for turn in range(2):
        stop = threading.Event()
        sock = listen("127.0.0.1", port)
        port = sock.getsockname()[1]
        thread = threading.Thread(target=Server(world.app(stop), stop).run, kwargs={"sockets": [sock]})
        thread.start()
        servers.append(thread)
        if turn == 0:
            page.goto(f"http://127.0.0.1:{port}/board")
        expect(page.locator("#live")).to_have_text("live", timeout=20_000)
        if turn == 1:
            expect(page.locator("main")).to_contain_text("taken down")
        stop.set()
        thread.join(10)
        assert not thread.is_alive()
        expect(page.locator("#live")).to_have_text("stopped")
        if turn == 0:
            world.switch("control", Mode.DARK, "asha", "taken down")


def test_without_javascript_the_pages_say_the_same(world: World, serve: Serve, page: Page) -> None:
    world.start()
    stop = threading.Event()
    address = serve(world.app(stop), stop)
    browser = page.context.browser
    assert browser is not None
    plain = browser.new_context(java_script_enabled=False).new_page()
    plain.goto(f"{address}/board/tasks")
    plain.locator("select[name=stream]").select_option("gates")
    plain.get_by_role("button", name="Show").click()
    expect(plain.locator("tbody tr")).to_have_count(2)
    plain.get_by_role("link", name="Reload").click()
    expect(plain.locator("tbody tr")).to_have_count(2)


def test_a_fact_named_in_the_address_is_found_on_whichever_page_it_stands(
    world: World, serve: Serve, page: Page
) -> None:
    for i in range(260):
        world.switch("records", (Mode.PAPER, Mode.LIVE)[i % 2], "asha", f"turn {i}")
    stop = threading.Event()
    address = serve(world.app(stop), stop)
    page.goto(f"{address}/journal#p12")
    expect(page.locator("tr#p12")).to_be_in_viewport()


def test_what_somebody_types_and_why_it_was_refused_outlive_a_page_that_renews_itself(
    world: World, serve: Serve, page: Page
) -> None:
    world.start()
    world.ask(ev.ClaimTask(by="asha", task="F2"))
    stop = threading.Event()
    address = serve(world.guarded(as_person="asha", stop=stop), stop)
    page.goto(f"{address}/board/tasks/F2")
    expect(page.locator("#live")).to_have_text("live")
    page.get_by_text("There is a problem").click()
    page.get_by_label("What went wrong").fill(" ")
    page.get_by_role("button", name="It failed: hold what follows").click()
    expect(page.locator("#live")).to_have_text("live")
    world.ask(CommentOnTask(by="bo", task="F2", text="the call is open"))
    expect(page.locator("#live")).to_contain_text("changed meanwhile")
    expect(page.locator("main")).to_contain_text("this may not be empty")  # a refusal keeps its reason
    page.goto(f"{address}/board/tasks/F2")
    expect(page.locator("#live")).to_have_text("live")
    evidence = page.get_by_label("What shows that it is done")
    evidence.fill("half a sen")
    world.ask(CommentOnTask(by="bo", task="F2", text="the print is out"))
    expect(page.locator("main")).to_contain_text("the print is out")
    expect(evidence).to_have_value("half a sen")
    expect(evidence).to_be_focused()
    world.done("F2", "asha", "told by telephone")  # now there is no such form any more
    expect(page.locator("#live")).to_contain_text("what you typed is kept")
    expect(evidence).to_have_value("half a sen")
    page.get_by_role("button", name="Done", exact=True).click()
    expect(page.locator("main")).to_contain_text("Meanwhile")


def test_a_key_leads_to_a_button_and_presses_nothing(world: World, serve: Serve, page: Page) -> None:
    world.start()
    stop = threading.Event()
    address = serve(world.guarded(as_person="asha", stop=stop), stop)
    page.goto(f"{address}/board/tasks/F2")
    page.keyboard.press("c")
    expect(page.get_by_role("button", name="Claim: I take it up")).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("all tasks")
    assert world.runs.state(world.run_id).tasks["F2"].by == ""


def test_a_button_held_down_while_news_arrives_is_still_pressed_when_let_go(
    world: World, serve: Serve, page: Page
) -> None:
    world.start()
    stop = threading.Event()
    address = serve(world.guarded(as_person="asha", stop=stop), stop)
    page.goto(f"{address}/board/tasks/F2")
    expect(page.locator("#live")).to_have_text("live")
    page.get_by_role("button", name="Claim").hover()
    page.mouse.down()
    with page.expect_response(lambda answer: "fragment=" in answer.url) as read:
        world.ask(CommentOnTask(by="bo", task="F2", text="the call is open"))
    assert "the call is open" in read.value.text()
    page.evaluate("async () => { for (let i = 0; i < 60; i++) await new Promise(requestAnimationFrame); }")
    page.mouse.up()
    expect(page.locator("main")).not_to_contain_text("Nothing has happened to it yet")
    expect(page.locator("main")).to_contain_text("the call is open")
