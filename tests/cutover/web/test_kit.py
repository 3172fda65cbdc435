"""Pages: their contexts are what their templates read, errors are pages too, nothing comes from elsewhere."""

from __future__ import annotations

import dataclasses
import re
import threading
from dataclasses import dataclass

import pytest

from cutover.core.errors import Conflict, CutoverError, Invalid, NotFound, Problem, Refused, Unavailable
from cutover.web.headers import HEADERS
from cutover.web.kit import KIT, Page, build_app, names_used, templates
from tests.cutover.web.browser import Browser
from tests.cutover.web.world import World

PATHS = ["/board", "/board/tasks", "/health", "/journal"]


@pytest.fixture
def browser(world: World) -> Browser:
    world.start()
    world.load()
    world.decide()
    return Browser(world.app())


def test_every_page_reads_exactly_the_fields_of_its_context(world: World) -> None:
    pages = world.pages()
    environment = templates(pages)
    for page in pages:
        fields = {field.name for field in dataclasses.fields(page.context)}
        assert names_used(environment, page) == fields, page.path


def test_every_context_is_frozen(world: World) -> None:
    assert all(page.context.__dataclass_params__.frozen for page in world.pages())


@pytest.mark.parametrize("path", PATHS)
def test_a_fragment_is_the_same_block_as_in_the_whole_page(browser: Browser, path: str) -> None:
    whole = browser.get(path).text
    names = re.findall(r'data-live="(\w+)"', whole)
    assert names
    for name in names:
        inside = browser.get(path, fragment=name).text
        block = re.sub(rf'^<div data-live="{name}" data-mark="\w+">', "", inside).removesuffix("</div>")
        assert block.strip()
        assert block.strip() in whole


def test_a_fragment_that_the_page_does_not_have_is_not_found(browser: Browser) -> None:
    answer = browser.get("/board?fragment=bord")
    assert answer.status_code == 404
    assert "did you mean &#39;board&#39;" in answer.text


@pytest.mark.parametrize("path", [*PATHS, "/nowhere", "/static/style.css", "/healthz"])
def test_every_answer_has_the_protective_headers(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert answer.headers["Cache-Control"] == ("no-cache" if path.startswith("/static") else "no-store")


@pytest.mark.parametrize("path", PATHS)
def test_no_page_needs_an_inline_script_a_style_or_another_host(browser: Browser, path: str) -> None:
    text = browser.get(path).text
    assert not re.search(
        r"<style|\sstyle=|\son\w+=|javascript:(?!alert\(1\)<)", text.replace("link: javascript:", "")
    )
    assert re.findall(r"<script[^>]*>[^<]", text) == []
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", text)


def test_the_assets_that_a_page_names_are_there(browser: Browser) -> None:
    assets = re.findall(r'(?:src|href)="(/static/[^"]+)"', browser.get("/board").text)
    assert len(assets) == 3
    assert [browser.get(path).status_code for path in assets] == [200] * 3


def test_the_root_leads_to_the_first_page(browser: Browser) -> None:
    answer = browser.get("/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/board")


def test_the_navigation_names_the_page_one_is_on(browser: Browser) -> None:
    assert '<a href="/board" aria-current="page">Board</a>' in browser.get("/board/tasks").text
    assert '<a href="/health">Health</a>' in browser.get("/board/tasks").text


def test_health_of_the_service_says_how_far_the_journal_is(browser: Browser, world: World) -> None:
    assert browser.get("/healthz").json() == {"status": "ok", "position": world.desk.journal.head().position}


def test_health_of_the_service_is_503_when_the_database_is_gone(browser: Browser, world: World) -> None:
    with world.desk.journal.engine.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE journal RENAME TO elsewhere")
    assert browser.get("/healthz").status_code == 503
    assert browser.get("/board").status_code == 503


@dataclass(frozen=True)
class Nothing:
    """A page that shows nothing but its trouble."""

    lines: tuple[str, ...] = ()
    status: int = 200


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (Invalid(Problem("not a date", field="after"), "and not a name"), 400, "after: not a date"),
        (NotFound("run", "goliv-1", ["golive-1"]), 404, "did you mean &#39;golive-1&#39;?"),
        (Refused("not <now>"), 409, "not &lt;now&gt;"),
        (Conflict("somebody was quicker"), 409, "somebody was quicker"),
        (Unavailable("the database does not answer"), 503, "does not answer"),
        (RuntimeError("secret detail"), 500, "A defect in the software"),
    ],
)
def test_an_error_becomes_a_page_that_says_what_to_do(
    world: World, error: Exception, status: int, words: str
) -> None:
    def build(_query: object) -> Nothing:
        raise error

    page = Page("/trouble", KIT, "trouble.html", Nothing, build)
    app = build_app("T", [page], world.desk.journal, threading.Event())
    answer = Browser(app).get("/trouble")
    assert answer.status_code == status
    assert words in answer.text
    assert "secret detail" not in answer.text
    assert answer.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]


def test_every_kind_of_error_has_a_status() -> None:
    from cutover.web.kit import STATUS

    assert set(STATUS) >= set(CutoverError.__subclasses__())


def test_a_long_page_is_sent_compressed_to_who_can_read_it(browser: Browser) -> None:
    assert browser.get("/board").headers["content-encoding"] == "gzip"
    assert "content-encoding" not in browser.get("/healthz").headers
